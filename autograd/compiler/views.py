"""How a part of an array is written in NumPy.

An index, the positions in the flattened array that are needed, in the shape in which they are needed, becomes the
shortest text that picks them: the array itself, a slice, a transpose, a reshape, or as a last resort a gather with an
array of positions. The same text is the target to which a gradient is added on the way back.
"""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    Index = NDArray[Any]


class View:
    """A part of an array, as NumPy writes it.

    Attributes
    ----------
    name : str
        The array's.
    selection : str
        What stands behind the name to pick the part, without a transposition: together they can be assigned to.
    axes : tuple of int
        The transposition that brings its axes into the order that is needed.
    ordered : bool
        Whether the part has every entry of the array, in the array's order.
    repeated : bool
        Whether an entry is in it more than once.
    shape : tuple of int
        Without a transposition, and without the axis of examples.
    """

    def __init__(
        self,
        name: str,
        selection: str,
        axes: tuple[int, ...],
        shape: tuple[int, ...],
        ordered: bool,
        repeated: bool = False,
    ) -> None:
        self.name, self.selection, self.axes, self.shape = name, selection, axes, shape
        self.ordered, self.repeated = ordered, repeated

    def text(self, batched: bool) -> str:
        return self.name + self.selection + transposition(self.axes, batched)


def transposition(axes: tuple[int, ...], batched: bool) -> str:
    """The text that permutes axes, of which a batched array has one more at the end.

    >>> transposition((0, 1), False), transposition((1, 0), False), transposition((1, 0), True)
    ('', '.T', '.swapaxes(0, 1)')
    """
    if axes == tuple(range(len(axes))):
        return ""
    if len(axes) == 2:
        return ".swapaxes(0, 1)" if batched else ".T"
    return f".transpose({', '.join(map(str, axes + (len(axes),) * batched))})"


def view(name: str, shape: tuple[int, ...], index: Index, batched: bool, constant: Callable[[Index], str]) -> View:
    """The part of the array `name` at the positions `index`.

    Parameters
    ----------
    shape : tuple of int
        The array's, without the axis of examples.
    batched : bool
        Whether it has such an axis, as its last one.
    constant : callable
        Gives a name to an array of positions.

    Examples
    --------
    >>> def part(index, shape=(3, 4)):
    ...     return view("A", shape, np.array(index), False, lambda positions: "I1").text(False)
    >>> part(5), part([4, 5, 6, 7]), part([0, 4, 8]), part([[0, 1], [4, 5]])
    ('A[1, 1]', 'A[1]', 'A[:, 0]', 'A[:2, :2]')
    >>> part([[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]), part([[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]])
    ('A.T', 'A.reshape(2, 6)')
    >>> part([0, 11, 3])
    'A.reshape(12)[I1]'
    """
    size = int(np.prod(shape))
    straight = tuple(range(index.ndim))
    ordered = _in_order(index, size)
    if index.shape == shape and ordered:
        return View(name, "", straight, shape, True)
    sliced = _sliced(shape, index)
    if sliced is not None:
        text, axes = sliced
        base = index.transpose(axes)
        return View(name, text, tuple(map(int, np.argsort(axes))), base.shape, _in_order(base, size))
    rest = ", -1" if batched else ""
    if ordered:
        return View(name, f".reshape({', '.join(map(str, index.shape))}{rest})", straight, index.shape, True)
    flat = f".reshape({size}{rest})" if len(shape) != 1 else ""
    return View(name, f"{flat}[{constant(index)}]", straight, index.shape, False, len(np.unique(index)) < index.size)


def _in_order(index: Index, size: int) -> bool:
    return index.size == size and bool((index.ravel() == np.arange(size)).all())


def _sliced(shape: tuple[int, ...], index: Index) -> tuple[str, tuple[int, ...]] | None:
    """The index as a slice or number for each axis of the array, and which axis of the index each slice runs along."""
    if not shape:
        return None
    parts, axes = [], []
    for extent, coordinate in zip(shape, np.unravel_index(index, shape)):
        first = int(coordinate.flat[0])
        along = [
            axis
            for axis in range(index.ndim)
            if coordinate.shape[axis] > 1 and (coordinate.take([0], axis) != coordinate.take([1], axis)).any()
        ]
        if not along:
            if not (coordinate == first).all():
                return None
            parts.append(str(first))
            continue
        if len(along) > 1 or along[0] in axes:
            return None
        axis = along[0]
        line = np.moveaxis(coordinate, axis, 0).reshape(index.shape[axis], -1)
        step = int(line[1, 0] - line[0, 0])
        if not (line == (first + step * np.arange(len(line)))[:, None]).all():
            return None
        parts.append(_slice(first, step, len(line), extent))
        axes.append(axis)
    if sorted(axes) != [axis for axis in range(index.ndim) if index.shape[axis] > 1] or 1 in index.shape:
        return None
    while parts and parts[-1] == ":":
        parts.pop()
    return f"[{', '.join(parts)}]" if parts else "", tuple(axes)


def _slice(first: int, step: int, count: int, extent: int) -> str:
    stop = first + step * count
    begin = "" if first == (0 if step > 0 else extent - 1) else str(first)
    end = "" if stop >= extent or stop < 0 else str(stop)
    return f"{begin}:{end}" if step == 1 else f"{begin}:{end}:{step}"


def aligned(text: str, kept: tuple[int, ...], ndim: int, batched: bool, among: bool) -> str:
    """The text of a part whose axes are `kept`, so that NumPy broadcasts it against an array of `ndim` axes.

    Parameters
    ----------
    kept : tuple of int
        The axes of the larger array that the part's axes go along with, in order.
    batched, among : bool
        Whether the part, and whether the larger array, has an axis of examples.

    Examples
    --------
    >>> aligned("b", (0,), 1, False, True), aligned("c", (1,), 2, True, True), aligned("r", (0,), 2, False, False)
    ('b[:, None]', 'c', 'r[:, None]')
    """
    if not kept:
        return text
    parts = [":" if axis in kept else "None" for axis in range(kept[0], ndim)]
    if among:
        parts.append(":" if batched else "None")
    while parts and parts[-1] == ":":
        parts.pop()
    return f"{text}[{', '.join(parts)}]" if "None" in parts else text
