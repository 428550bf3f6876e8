"""The exercises of the lesson on overfitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..checking import Wrong, call, close, number


def weight(answer: object) -> None:
    """The answer is -0.01, after 0.05, 0.03 and 0.01: a step is 0.02 long, also across 0."""
    got = number(answer)
    if close(got, -0.01):
        return
    if close(got, 0.01):
        raise Wrong("That is it after two steps, or a step across 0 was cut short. The third one is 0.02 long as well.")
    if close(got, 0.0):
        raise Wrong("Plain gradient descent does not stop at 0: the step is 0.02 long, and 0.01 were left.")
    if close(got, 0.11) or close(got, 0.07):
        raise Wrong("The penalty pulls towards 0: the slope of |w| is 1 for a positive w, and is subtracted.")
    if close(got, -0.25):
        raise Wrong("A step is rate · alpha = 0.2 · 0.1 long; the rate is missing.")
    if close(got, 0.05 * 0.96**3, rel=1e-3) or close(got, 0.05 * 0.98**3, rel=1e-3):
        raise Wrong("That is L2, which takes a share of the weight. L1 takes the same length each time.")
    raise Wrong(f"{got:g} is not it. Each step is rate · alpha = 0.02 long, towards 0 or across it.")


def stop(answer: object) -> None:
    """The answer is a function; checks runs that are stopped, end by themselves, repeat a loss, or never get better."""
    losses = [5.0, 3.0, 4.0, 2.0, 2.5, 2.6, 2.4, 1.0]
    end, best = _pair(answer, losses, 3)
    if (end, best) == (7, 7):
        raise Wrong(
            "It did not stop. After 2.0 come three epochs without a new lowest loss, so it ends with 2.4, which is "
            "lower than the one before, but not than 2.0."
        )
    if (best, end) == (6, 3):
        raise Wrong("The other way around: first the epoch after which training ends, then the best one.")
    if end == 7 and best == 3:
        raise Wrong("It waited one epoch too long: with patience 3 the third epoch without a new lowest loss ends it.")
    if end == 5:
        raise Wrong(
            "It stopped one epoch too early, or still counted the epoch with 4.0. Count from 0 again after each new "
            "lowest loss."
        )
    if end == 6 and best != 3:
        raise Wrong(f"The weights kept should be those of the lowest loss so far, epoch 3, not {best}.")
    _expect((end, best), (6, 3), losses, 3)

    losses = [3.0, 2.0, 2.1, 1.0, 1.5]
    end, best = _pair(answer, losses, 2)
    if (end, best) == (4, 4):
        raise Wrong("The best epoch is the one with the lowest loss, also if training ends with another.")
    _expect((end, best), (4, 3), losses, 2)

    losses = [2.0, 1.0, 1.0, 1.0, 0.5]
    end, best = _pair(answer, losses, 2)
    if (end, best) == (4, 4) or best in (2, 3):
        raise Wrong("An equal loss is no new lowest one: [2, 1, 1, 1] with patience 2 ends at epoch 3 and keeps 1.")
    _expect((end, best), (3, 1), losses, 2)

    losses = [1.0, 1.2, 1.1, 1.05, 1.01]
    _expect(_pair(answer, losses, 3), (3, 0), losses, 3)
    _expect(_pair(answer, [1.0], 1), (0, 0), [1.0], 1)


def _pair(answer: object, losses: list[float], patience: int) -> tuple[float, float]:
    """What the reader's function returned, as two numbers."""
    what = _call(losses, patience)
    returned: Any = call(answer, what, list(losses), patience)
    try:
        end, best = returned
    except (TypeError, ValueError):
        raise Wrong(f"Return a pair: the epoch after which training ends, and the best one. {what} did not.") from None
    return number(end), number(best)


def _expect(got: tuple[float, float], wanted: tuple[int, int], losses: list[float], patience: int) -> None:
    if got != wanted:
        raise Wrong(f"{_call(losses, patience)} should be {wanted}, and is ({got[0]:g}, {got[1]:g}).")


def _call(losses: list[float], patience: int) -> str:
    return f"stop([{', '.join(f'{loss:g}' for loss in losses)}], {patience})"


def _stop(losses: Sequence[float], patience: int) -> tuple[int, int]:
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch, best
    return len(losses) - 1, best


ANSWERS = {"weight": -0.01, "stop": _stop}
