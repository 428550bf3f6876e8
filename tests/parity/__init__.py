"""Side by side with PyTorch: each layer, activation, loss, optimiser and scheduler, trained for 50 steps.

A `Case` is one of them with some options. Running it trains a model here and in PyTorch, from the same numbers, and
returns the largest difference between the two in all losses, parameters and states of the 50 steps. Each module of
`TABLES` has the cases of one table. ``test_parity`` checks that no difference exceeds `TARGET`, and
``python -m tests.parity --write`` writes the differences to ``docs/parity.md``.

Where PyTorch lacks an optimiser (Lion, schedule-free, Sophia), the reference is the paper's rule, written out here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

STEPS = 50
TARGET = 1e-10
"""The largest difference that passes; see `difference`."""
TABLES = ("layers", "sequences", "activations", "losses", "optimizers", "schedulers")
"""The modules here that have ``CASES``, in the order of the document."""
WAYS = ("eager", "compiled")


@dataclass(frozen=True)
class Case:
    """A class of ``nn`` with some options, and how it is compared with PyTorch's.

    Attributes
    ----------
    name : str
        The class's name in ``nn``.
    options : str
        The arguments, as they are written in a call; empty for none.
    run : callable
        ``run(way)`` trains in one of `WAYS` and returns the largest difference, see `difference`.
    ways : tuple of str
    why_not : str
        If it is not compiled, why not.
    """

    name: str
    options: str
    run: Callable[[str], float]
    ways: tuple[str, ...] = WAYS
    why_not: str = ""

    def __str__(self) -> str:
        return f"{self.name}({self.options})"


def difference(ours: Iterable[float], theirs: Iterable[float]) -> float:
    """The largest difference between two sequences of numbers, relative where a number is larger than 1.

    >>> difference([1.0, 100.0], [1.5, 101.0])
    0.5
    """
    pairs = list(zip(ours, theirs, strict=True))
    assert pairs, "there is nothing to compare"
    largest = 0.0
    for x, y in pairs:
        apart = abs(x - y) / max(1.0, abs(x), abs(y)) if x != y else 0.0
        if not apart <= largest:  # nan is larger than anything
            largest = apart
    return largest


def cases(table: str) -> list[Case]:
    """The cases of one module of `TABLES`."""
    found: list[Case] = importlib.import_module(f".{table}", __name__).CASES
    return found
