"""How entries of an array are picked: in the simplest way that NumPy has.

An index holds the needed positions in the flattened array, in the shape in which they are needed. It becomes a `View`:
the array itself, slices, a transposition, a reshape, or as a last resort a gather with an array of positions. A view
only describes these operations; `text` writes them, to read the entries or to add a gradient to them.
"""

from __future__ import annotations

import math

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    Index: TypeAlias = NDArray[Any]
    Shape: TypeAlias = tuple[int, ...]
    Selection: TypeAlias = tuple["int | slice", ...]


class View:
    """A part of an array: the array is reshaped, sliced, transposed, and reshaped again, in this order.

    Attributes
    ----------
    reshaped : tuple of int or None
        The shape to which the array is reshaped first; None if it keeps its own.
    selection : tuple of int and slice
        One for each axis from the first on, as many as are needed.
    gathered : array of int or None
        In place of a selection: positions along the only axis, that of the flat array.
    axes : tuple of int
        The transposition of the selected part, as NumPy's ``transpose`` takes it.
    shape : tuple of int
        The shape of the part before the transposition.
    merged : tuple of int or None
        The final shape, with axes merged; None if there is no final reshape.
    """

    def __init__(
        self,
        shape: Shape,
        reshaped: Shape | None = None,
        selection: Selection = (),
        gathered: Index | None = None,
        axes: tuple[int, ...] | None = None,
        merged: Shape | None = None,
    ) -> None:
        self.shape, self.reshaped, self.selection, self.gathered = shape, reshaped, selection, gathered
        self.axes = tuple(range(len(shape))) if axes is None else axes
        self.merged = merged

    @property
    def is_permuted(self) -> bool:
        return self.axes != tuple(range(len(self.axes)))

    @property
    def cost(self) -> int:
        """A measure of how complicated the view is; 0 for the array itself."""
        if self.gathered is not None:
            return 8
        reshapes = (self.reshaped is not None and self.reshaped != ()) + (self.merged is not None)
        return 4 * reshapes + 2 * self.is_permuted + bool(self.selection)


def view(shape: Shape, index: Index) -> View:
    """The part of an array of this shape at the positions `index`.

    Examples
    --------
    >>> part = view((3, 4), np.array([[0, 4, 8], [1, 5, 9]]))
    >>> part.selection, part.axes
    ((slice(None, None, None), slice(None, 2, None)), (1, 0))
    >>> view((3, 4), np.arange(12).reshape(2, 6)).reshaped
    (2, 6)
    """
    size = math.prod(shape)
    if index.ndim == 0 and shape:
        return View((), None, tuple(map(int, np.unravel_index(int(index), shape))))
    if index.size == size and bool((index.ravel() == np.arange(size)).all()):
        return View(index.shape) if index.shape == shape else View(index.shape, index.shape)
    if 1 not in index.shape and index.size:
        found = _sliced(shape, index) if shape else None
        if found is not None:
            return found
        finer = _finer(size, index)
        if finer is not None and (found := _sliced(finer, index)) is not None:
            found.reshaped = finer
            return found
        apart = _split_axes(index)
        if apart is not None:
            whole = view(shape, apart)
            if whole.gathered is None and whole.merged is None:
                whole.merged = index.shape
                return whole
    elif index.ndim and index.size:
        inner = view(shape, index.reshape([extent for extent in index.shape if extent > 1]))
        if inner.gathered is None and not inner.selection and not inner.is_permuted:
            return View(index.shape, index.shape)
    return View(index.shape, None if len(shape) == 1 else (size,), (), index)


def _sliced(shape: Shape, index: Index) -> View | None:
    """The view with a slice or a number for each axis of the array; None if the index has no such form."""
    selection: list[int | slice] = []
    axes: list[int] = []
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
            selection.append(first)
            continue
        if len(along) > 1 or along[0] in axes:
            return None
        axis = along[0]
        line = np.moveaxis(coordinate, axis, 0).reshape(index.shape[axis], -1)
        step = int(line[1, 0] - line[0, 0])
        if step == 0 or not (line == (first + step * np.arange(len(line)))[:, None]).all():
            return None
        selection.append(_slice(first, step, len(line), extent))
        axes.append(axis)
    if sorted(axes) != list(range(index.ndim)):
        return None
    while selection and selection[-1] == slice(None):
        selection.pop()
    base = tuple([index.shape[axis] for axis in axes])
    return View(base, None, tuple(selection), None, tuple(map(int, np.argsort(axes))))


def _slice(first: int, step: int, count: int, extent: int) -> slice:
    stop = first + step * count
    begin = None if first == (0 if step > 0 else extent - 1) else first
    end = None if stop >= extent or stop < 0 else stop
    return slice(begin, end, None if step == 1 else step)


def _finer(size: int, index: Index) -> Shape | None:
    """A reshape of the array in which the index may be slices: one axis for each step size along the index's axes."""
    if index.ndim == 0:
        return None
    steps = []
    for axis in range(index.ndim):
        line = index[tuple([slice(None) if a == axis else 0 for a in range(index.ndim)])]
        step = int(line[1] - line[0])
        if step <= 0 or line[-1] - line[0] != step * (len(line) - 1):
            return None
        steps.append(step)
    steps.sort(reverse=True)
    shape, rest = [], size
    for step in steps:
        if rest % step:
            return None
        shape.append(rest // step)
        rest = step
    if rest > 1:
        shape.append(rest)
    return tuple(shape) if 1 not in shape else None


def _split_axes(index: Index) -> Index | None:
    """The index with each axis split in two along which runs of even steps repeat; None if there is no such axis."""
    shape: list[int] = []
    for axis in range(index.ndim):
        line = np.moveaxis(index, axis, 0).reshape(index.shape[axis], -1)[:, 0]
        steps = np.diff(line)
        other = np.flatnonzero(steps != steps[0])
        inner = int(other[0]) + 1 if len(other) else len(line)
        if len(line) % inner or (inner == 1 and len(line) > 1):
            return None
        shape += [len(line) // inner, inner] if inner < len(line) else [inner]
    return index.reshape(shape) if len(shape) > index.ndim else None
