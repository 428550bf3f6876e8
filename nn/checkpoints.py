"""Checkpoints: the state of a training in files, each written completely or not at all; the last few are kept.

A file is JSON, with a checksum of its content. So a file that was cut off, or in which a bit has flipped, is detected,
and the checkpoint before it is loaded. `fit` decides what belongs in a checkpoint; a training loop of your own can use
`Checkpoint` and `random_states` as well.
"""

from __future__ import annotations

import os

from .data import random_state, set_random_state
from .files import read_document
from .settings import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    import random
    from typing import Any

    from .module import Module

__all__ = ["Checkpoint", "random_states", "set_random_states"]

FORMAT = "glassgrad-checkpoint"
VERSION = 1
_PREFIX, _SUFFIX, _DIGITS = "checkpoint-", ".json", 12
_UNFINISHED = ".glassgrad-"  # how `autograd.write_text` begins the name of a file that is not complete yet


class Checkpoint:
    """A folder of checkpoints, of which the last ones are kept.

    Parameters
    ----------
    folder : path-like
        It is made when the first checkpoint is written.
    every : int, optional
        After how many steps `fit` writes one; it writes one at the end of each epoch in any case.
    keep : int
        How many are kept; at least 2, so that one is left if the last one is damaged.

    Raises
    ------
    TypeError
        If the folder is not a path.
    ValueError
        If `every` or `keep` is not a positive whole number, or `keep` is 1.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = Checkpoint(folder)
    ...     for step in (10, 20, 30):
    ...         _ = checkpoint.save(step, {"weights": [0.1 * step]})
    ...     checkpoint.steps(), checkpoint.load()
    ([20, 30], {'weights': [3.0]})
    """

    def __init__(self, folder: str | os.PathLike[str], every: int | None = None, *, keep: int = 2) -> None:
        if not isinstance(folder, (str, os.PathLike)) or not os.fspath(folder):
            raise TypeError(f"a Checkpoint takes the name of a folder, not {folder!r:.60}")
        self.folder = os.fspath(folder)
        self.every = None if every is None else size("every", every)
        self._tidy = False
        self.keep = size("keep", keep)
        if self.keep < 2:
            raise ValueError("keep must be 2 or more: one checkpoint alone may be the damaged one")

    def path(self, step: int) -> str:
        """The file of a step."""
        return os.path.join(self.folder, f"{_PREFIX}{step:0{_DIGITS}d}{_SUFFIX}")

    def steps(self) -> list[int]:
        """The steps of which there is a file, in rising order."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        except NotADirectoryError:
            raise NotADirectoryError(f"a Checkpoint takes a folder, but {self.folder!r} is a file") from None
        numbers = [
            name[len(_PREFIX) : -len(_SUFFIX)] for name in names if name.startswith(_PREFIX) and name.endswith(_SUFFIX)
        ]
        return sorted(int(number) for number in numbers if number.isdecimal())

    def save(self, step: int, content: dict[str, Any]) -> str:
        """Write a checkpoint, all or nothing, and remove those that are not kept any more.

        Returns
        -------
        str
            The file.

        Raises
        ------
        ValueError
            If the content cannot be written as JSON, or has a number that is not finite. Nothing is written then.
        OSError
            If the file cannot be written.
        """
        from autograd import write_text

        os.makedirs(self.folder, exist_ok=True)
        if not self._tidy:  # a process that was killed while writing has left an incomplete file
            for name in os.listdir(self.folder):
                if name.startswith(_UNFINISHED):
                    os.unlink(os.path.join(self.folder, name))
            self._tidy = True
        path = self.path(step)
        write_text(path, _written(content))
        for old in self.steps()[: -self.keep]:
            if old != step:
                os.unlink(self.path(old))
        return path

    def load(self) -> dict[str, Any] | None:
        """The content of the last checkpoint that is whole; None if there is none.

        Warns
        -----
        RuntimeWarning
            If a later one is damaged.

        Raises
        ------
        ValueError
            If all of them are damaged.
        OSError
            If one cannot be read.
        """
        refused: list[str] = []
        for step in reversed(self.steps()):
            try:
                content = read(self.path(step))
            except ValueError as error:
                refused.append(str(error))
                continue
            if refused:
                import warnings

                warnings.warn(f"{refused[0]}; training goes on from step {step} instead", RuntimeWarning, stacklevel=2)
            return content
        if refused:
            raise ValueError(f"no checkpoint in {self.folder!r} can be loaded: {refused[0]}")
        return None

    def clear(self) -> None:
        """Remove all checkpoints."""
        for step in self.steps():
            os.unlink(self.path(step))

    def __repr__(self) -> str:
        every = "" if self.every is None else f", every={self.every}"
        return f"Checkpoint({self.folder!r}{every})"


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of one file.

    Raises
    ------
    ValueError
        If it is not a checkpoint, or damaged, or of another version.
    OSError
        If it cannot be read.
    """
    document = read_document(path, FORMAT, VERSION, "a checkpoint")
    with open(path, "rb") as file:
        found = file.read()
    content = document.get("content")
    # Writing what was read gives the same text again, so the file is undamaged exactly if it consists of that text.
    if not isinstance(content, dict) or found != _written(content).encode():
        raise ValueError(f"{os.fspath(path)!r} is damaged: its checksum does not match its content")
    return content


def _written(content: dict[str, Any]) -> str:
    """The text of the file for this content."""
    import hashlib
    import json

    try:
        text = json.dumps(content, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"this checkpoint cannot be written as JSON: {error}") from None
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f'{{"format": "{FORMAT}", "version": {VERSION}, "sha256": "{digest}", "content":\n{text}\n}}\n'


# --- random numbers ---------------------------------------------------------------------------------------------------


def random_states(model: Module, *others: object) -> dict[str, Any]:
    """The states of all random numbers that a training may draw, as JSON can hold them.

    These are Python's own, NumPy's own if ``numpy.random`` has been imported, and the generators in attributes of the
    modules, such as that of a `Dropout` with a seed.

    Parameters
    ----------
    model : Module
    *others : object
        Whatever else has generators in attributes: an optimiser, callbacks, ...

    Examples
    --------
    >>> import random, nn
    >>> model = nn.Sequential(nn.Dropout(0.5, seed=1))
    >>> states = random_states(model)
    >>> first = model([1.0] * 9), random.random()
    >>> set_random_states(states, model)
    >>> (model([1.0] * 9), random.random()) == first
    True
    """
    import random
    import sys

    numpy_random: Any = sys.modules.get("numpy.random")
    drawn = None
    if numpy_random is not None:
        drawn = numpy_random.get_state(legacy=False)
        drawn = {**drawn, "state": {**drawn["state"], "key": drawn["state"]["key"].tolist()}}
    own = {name: random_state(generator) for name, generator in _generators(model, others).items()}
    return {"python": random_state(random), "numpy": drawn, "own": own}


def set_random_states(states: dict[str, Any], model: Module, *others: object) -> None:
    """Restore what `random_states` returned.

    Parameters
    ----------
    states : dict
        What `random_states` returned.
    model : Module
    *others : object
        As they were given to `random_states`, in the same order.

    Raises
    ------
    ValueError
        If they are of something else.

    Examples
    --------
    >>> import random, nn
    >>> model = nn.Sequential(nn.Dropout(0.5))
    >>> states = random_states(model)
    >>> drawn = random.random()
    >>> set_random_states(states, model)
    >>> random.random() == drawn
    True
    """
    import random

    generators = _generators(model, others)
    if states["own"].keys() != generators.keys():
        theirs, ours = (", ".join(names) or "none" for names in (states["own"], generators))
        raise ValueError(f"it has the random number generators {theirs}, but here they are {ours}")
    for name, generator in generators.items():
        set_random_state(generator, states["own"][name])
    set_random_state(random, states["python"])
    if states["numpy"] is not None:
        import numpy as np

        np.random.set_state(states["numpy"])  # noqa: NPY002


def _generators(model: Module, others: tuple[object, ...]) -> dict[str, random.Random]:
    """The generators in attributes of the modules and the other objects, each once, by their names."""
    import random

    owners: list[tuple[str, object]] = list(model.named_modules())
    owners += [(f"{type(other).__name__} {i}", other) for i, other in enumerate(others, 1)]
    found: dict[int, tuple[str, random.Random]] = {}
    for path, owner in owners:
        for name, held in getattr(owner, "__dict__", {}).items():
            if isinstance(held, random.Random):
                found.setdefault(id(held), (f"{path}.{name}" if path else name, held))
    return dict(found.values())
