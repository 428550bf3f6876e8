"""What `fit` shows while it trains: a bar by rich, plain lines, or nothing."""

from __future__ import annotations

import time
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .training import Training

_LINES = 20  # about the largest number of lines, however many epochs there are
_PAUSE = 0.05  # the least number of seconds between two updates of a bar: drawing may take longer than a step


class Silent:
    """Shows nothing."""

    def step(self, training: Training) -> None:
        """Show what is new after a step."""

    def epoch(self, training: Training) -> None:
        """Show what is new after an epoch."""

    def say(self, sentence: str) -> None:
        """Show a sentence."""


class Lines(Silent):
    """Prints a line for each epoch, or, if there are many, for every n-th, the first and the last."""

    def __init__(self, training: Training) -> None:
        self._begun = time.monotonic()
        self._every = -(-training.epochs // _LINES)

    def epoch(self, training: Training) -> None:
        if training.epoch % self._every == 0 or training.epoch in (1, training.epochs) or training.stopped:
            passed = time.monotonic() - self._begun
            print(f"epoch {training.epoch}/{training.epochs}  {_numbers(training)}  {passed:.1f} s", flush=True)

    def say(self, sentence: str) -> None:
        print(sentence, flush=True)


class Bar(Silent):
    """A bar of rich's, with the loss, the learning rate and the time."""

    def __init__(self, training: Training, bar: Any) -> None:
        self._bar = bar
        self._shown = 0.0
        total = training.epochs * training.steps_in_epoch
        self._task = bar.add_task("training", total=total, completed=training.step, numbers="")

    def step(self, training: Training) -> None:
        now = time.monotonic()
        if now - self._shown > _PAUSE:
            self._shown = now
            told = _numbers(training) if training.epoch else f"loss {training.loss:.4g}"
            self._bar.update(self._task, completed=training.step, numbers=told)

    def epoch(self, training: Training) -> None:
        self._bar.update(self._task, completed=training.step, numbers=_numbers(training))

    def say(self, sentence: str) -> None:
        self._bar.console.print(sentence, markup=False, highlight=False)


@contextmanager
def reporter(progress: bool | str, training: Training) -> Iterator[Silent]:
    """The object that shows the progress of a training.

    With True it is a bar if rich is installed and the output is a terminal, else lines.
    """
    import sys

    if progress is False:
        yield Silent()
        return
    columns: Any = None
    if progress == "rich" or (progress is True and sys.stdout is not None and sys.stdout.isatty()):
        try:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = [
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[numbers]}"),
            ]
        except ModuleNotFoundError as error:  # with True, lines are printed instead
            if progress == "rich":
                raise ModuleNotFoundError(
                    "progress='rich' needs rich, which is not installed: pip install rich, or use progress='lines'",
                    name="rich",
                ) from error
    if columns is None:
        yield Lines(training)
        return
    with Progress(*columns) as bar:
        yield Bar(training, bar)


def _numbers(training: Training) -> str:
    """The last epoch's numbers."""
    history = training.history
    told = [f"loss {history.loss[-1]:.4g}"]
    if history.validation_loss:
        told.append(f"validation loss {history.validation_loss[-1]:.4g}")
    told += [f"{name} {row[-1]:.4g}" for name, row in history.metrics.items() if row]
    if history.lr[-1] is not None:
        told.append(f"lr {history.lr[-1]:.3g}")
    return "  ".join(told)
