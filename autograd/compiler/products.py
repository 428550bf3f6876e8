"""How sums of products are written: with NumPy's ``@``, if need be on stacks of matrices or with axes merged.

A sum of products is given by letters for axes, as in `einsum`, with an n for the axis of examples. Of the ways to write
it, the one is chosen that copies the least memory, and then the shortest.
"""

from __future__ import annotations

import math

import numpy as np

from ..symbols import _CALL, _PRODUCT, _SIGN
from .arrays import PICK, Array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    class Writer(Protocol):
        """The part of a function's body that `Product` needs; see `text.Body`."""

        def text(self, x: Any, within: int = ...) -> str: ...

        def has_line(self, x: Array) -> bool: ...

        def lettered(self, letters: str, x: Array) -> str: ...


SMALL = 2**15
"""The most numbers that an intermediate stack of products may hold."""


def transposition(axes: Sequence[int]) -> str:
    if list(axes) == list(range(len(axes))):
        return ""
    if len(axes) == 2:
        return ".T"
    moved = [i for i, axis in enumerate(axes) if i != axis]
    if len(moved) == 2:
        return f".swapaxes({moved[0]}, {moved[1]})"
    return f".transpose({', '.join(map(str, axes))})"


class Product:
    """Writes one sum of products of the arrays a and b; `extents` has the extent of each axis, by its letter."""

    def __init__(self, body: Writer, a: Array, b: Array, extents: dict[str, int | None]) -> None:
        self.body, self.a, self.b, self.extents = body, a, b, extents

    def text(self, left: str, right: str, out: str) -> tuple[str, int]:
        stack = [i for i in out if i in left and i in right]
        along = [i for i in left if i in right and i not in out]
        rows = [i for i in out if i in left and i not in right]
        columns = [i for i in out if i in right and i not in left]
        if not along:
            return self._spread(left, right, out), _PRODUCT
        if stack and not (rows and columns):
            return self._summed(left, right, out, along)
        if not rows and not columns:
            return self._dot(left, right, along)
        if not stack and len(along) == 1 and self.extents[along[0]] == 1 and rows and columns and len(out) == 2:
            # The summed axis has extent 1: NumPy multiplies elementwise faster than it multiplies matrices.
            one = self._arranged(self.a, left, [*rows, *along]), self._arranged(self.b, right, [*along, *columns])
            two = self._arranged(self.b, right, [*columns, *along]), self._arranged(self.a, left, [*along, *rows])
            return " * ".join(one if out == "".join(rows + columns) else two), _PRODUCT
        if (stacked := self._over_stack(left, right, out, stack, along, rows, columns)) is not None:
            return stacked, _PRODUCT
        if (summed := self._summed_stack(left, right, out, stack, along, rows, columns)) is not None:
            return summed, _CALL
        swapped = self._is_swapped(left, right, out, stack, along, rows, columns)
        first = (self.b, right, columns) if swapped else (self.a, left, rows)
        second = (self.a, left, rows) if swapped else (self.b, right, columns)
        left_factor = self._merged(first[0], first[1], stack, [first[2], along])
        right_factor = self._merged(second[0], second[1], stack, [along, second[2]])
        text, binding = f"{left_factor} @ {right_factor}", _PRODUCT
        made = [*stack, *first[2], *second[2]]
        if len(first[2]) > 1 or len(second[2]) > 1:
            text, binding = f"({text}).reshape({', '.join(map(self._extent, made))})", _CALL
        axes = [made.index(i) for i in out]
        if axes != list(range(len(axes))):
            text, binding = f"({text})" if binding < _CALL else text, _CALL
            text += transposition(axes)
        return text, binding

    def _over_stack(
        self, left: str, right: str, out: str, stack: Any, along: Any, rows: Any, columns: Any
    ) -> str | None:
        """The product of one matrix with each matrix of a stack, as ``@`` broadcasts it; or None."""
        if stack or len(along) != 1:
            return None
        (k,) = along
        for one, own, other, their in (
            ((self.a, left), rows, (self.b, right), columns),
            ((self.b, right), columns, (self.a, left), rows),
        ):
            if len(own) == 1 and len(their) > 1 and list(out) == [*their[:-1], *own, their[-1]]:
                return f"{self._arranged(*one, [*own, k])} @ {self._arranged(*other, [*their[:-1], k, their[-1]])}"
            if len(own) == 1 and len(their) > 1 and list(out) == [*their, *own]:
                return f"{self._arranged(*other, [*their, k])} @ {self._arranged(*one, [k, *own])}"
        return None

    def _summed_stack(
        self, left: str, right: str, out: str, stack: Any, along: Any, rows: Any, columns: Any
    ) -> str | None:
        """A sum over steps and examples as the sum of a stack of small products, which copies no operand; or None."""
        if stack or len(rows) != 1 or len(columns) != 1 or len(along) != 2 or "n" not in along:
            return None
        (step,) = [i for i in along if i != "n"]
        if list(left) != [step, *rows, "n"] or list(right) != [step, *columns, "n"]:
            return None
        if math.prod([self.extents[i] or 0 for i in (step, *rows, *columns)]) > SMALL:
            return None
        first, second = ((self.a, left, rows), (self.b, right, columns))
        if list(out) != [*rows, *columns]:
            first, second = second, first
        one = self._arranged(first[0], first[1], [step, *first[2], "n"])
        two = self._arranged(second[0], second[1], [step, "n", *second[2]])
        return f"({one} @ {two}).sum(axis=0)"

    def _extent(self, letter: str) -> str:
        return "-1" if letter == "n" else str(self.extents[letter])

    def _is_swapped(self, left: str, right: str, out: str, stack: Any, along: Any, rows: Any, columns: Any) -> bool:
        """Whether b @ a gives the shorter text."""
        if not rows or not columns:
            one, letters = (left, rows) if rows else (right, columns)
            ends_along = list(one) == [*letters, *along]
            return (not rows and ends_along) or (bool(rows) and not ends_along)
        return list(out) == [*stack, *columns, *rows]

    def _arranged(self, x: Array, letters: str, order: Sequence[str]) -> str:
        """The text of an operand with its axes in this order."""
        axes = [letters.index(i) for i in order]
        if x.head is PICK and not self.body.has_line(x) and [i for i in order if i == "n"] == ["n"] * x.batched:
            core = [letters.replace("n", "").index(i) for i in order if i != "n"]
            turned = x.builder.pick(x, np.arange(x.size).reshape(x.shape).transpose(core))
            assert isinstance(turned, Array)
            moved = self.body.lettered("".join([i for i in order if i != "n"]), turned)
            return self.body.text(turned, _CALL) + transposition([moved.index(i) for i in order])
        return self.body.text(x, _CALL) + transposition(axes)

    def _merged(self, x: Array, letters: str, stack: list[str], groups: list[list[str]]) -> str:
        order = [*stack, *groups[0], *groups[1]]
        if not stack and all(groups) and max(map(len, groups)) > 1 and list(letters) == [*groups[1], *groups[0]]:
            return f"{self._merged(x, letters, stack, groups[::-1])}.T"
        text = self._arranged(x, letters, order)
        if any(len(group) > 1 for group in groups):
            extents = [self._extent(i) for i in stack]
            open_ = "-1" in extents
            for group in groups:
                if not group:
                    continue
                if "n" in group:
                    extents.append("-1")
                else:
                    extents.append(str(math.prod([self.extents[i] or 0 for i in group])))
            text += f".reshape({', '.join(extents)})"
            assert not (open_ and extents.count("-1") > 1)
        return text

    def _dot(self, left: str, right: str, along: list[str]) -> tuple[str, int]:
        if len(along) == 1:
            return f"{self.body.text(self.a, _PRODUCT)} @ {self.body.text(self.b, _SIGN)}", _PRODUCT
        b = self._arranged(self.b, right, list(left))
        return f"({self.body.text(self.a, _PRODUCT)} * {b}).sum()", _CALL

    def _lifted(self, x: Array, letters: str, order: Sequence[str]) -> str:
        """The text of x with its axes in this order, and axes of extent 1 for letters that it lacks."""
        mine = [i for i in order if i in letters]
        text = self._arranged(x, letters, mine)
        marks = [":" if i in letters else "None" for i in order]
        while marks and marks[0] == "None":
            marks.pop(0)
        while marks and marks[-1] == ":":
            marks.pop()
        return f"{text}[{', '.join(marks)}]" if "None" in marks else text

    def _spread(self, left: str, right: str, out: str) -> str:
        return f"{self._lifted(self.a, left, list(out))} * {self._lifted(self.b, right, list(out))}"

    def _summed(self, left: str, right: str, out: str, along: list[str]) -> tuple[str, int]:
        """The sum of an elementwise product, with the axes in the order of the operand that has more of them."""
        longer = left if len(left) >= len(right) else right
        order = [i for i in longer if i in out or i in along]
        order += [i for i in out if i not in order]
        a, b = self._lifted(self.a, left, order), self._lifted(self.b, right, order)
        axes = [order.index(i) for i in along]
        text = f"({a} * {b}).sum(axis={axes[0] if len(axes) == 1 else tuple(axes)})"
        rest = [i for i in order if i not in along]
        return text + transposition([rest.index(i) for i in out]), _CALL
