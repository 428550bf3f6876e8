"""The leaves that a program does not train: their numbers stand in its text, as constants.

A program that went on with an old number would be silently wrong. So every call checks whether one of these leaves has
been set to another number since the program was compiled. As long as no leaf at all is set, the check is one comparison
of counters.
"""

from __future__ import annotations

from copy import deepcopy

from ..origins import writes
from ..value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Fixed:
    """Leaves that are constants of a program, with the numbers that they had when it was compiled."""

    __slots__ = ("leaves", "numbers", "title", "writes")

    def __init__(self, leaves: Sequence[Value], numbers: Sequence[float], title: str) -> None:
        self.leaves, self.numbers, self.title = leaves, numbers, title
        self.writes = -1  # the count of writes to any leaf, at the last comparison; -1 before the first

    def check(self) -> None:
        """Raise a RuntimeError if a leaf has another number by now.

        Examples
        --------
        >>> b = Value(1.0, "b")
        >>> fixed = Fixed([b], [1.0], "loss")
        >>> fixed.check()
        >>> b.data = 2.0
        >>> fixed.check()
        Traceback (most recent call last):
        RuntimeError: 'b' (data 2) was 1 when loss was compiled, and is a constant of the program; compile it again
        """
        if not self.leaves:
            return
        until_now = writes()
        if self.writes == until_now:
            return
        for leaf, number in zip(self.leaves, self.numbers):
            if leaf._data != number and (leaf._data == leaf._data or number == number):
                raise RuntimeError(
                    f"{leaf.describe()} was {number:.6g} when {self.title} was compiled, and is a constant of the "
                    "program; compile it again"
                )
        self.writes = until_now

    def __deepcopy__(self, memo: dict[int, Any]) -> Fixed:
        """A copied program compares with the copied leaves, those of the model that is copied with it."""
        return Fixed(deepcopy(self.leaves, memo), self.numbers, self.title)

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickled program has the constants in its text, and no Values to compare them with."""
        return Fixed, ((), (), self.title)
