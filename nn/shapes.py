"""Modules that arrange the numbers of an example in another way and compute nothing: flattening, padding, repeating."""

from __future__ import annotations

from math import prod

from .batches import Batch, called, flat, listed, over
from .grids import channels_in, nested, shape_of, whole_numbers
from .module import Module
from .settings import is_bool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .grids import Shape


class Flatten(Module):
    """One list of all numbers of an example, or, with other arguments, of some of its levels of lists.

    An example may have any shape, so only a `Batch` is taken as a batch: each of its examples is flattened by itself.
    `Conv2d` and `MaxPool2d` return a `Batch` for a batch.

    Parameters
    ----------
    start_dim, end_dim : int
        The first and last of the levels that become one, counted as in PyTorch: the batch's level is 0, the outermost
        of an example 1, the innermost -1.

    Returns
    -------
    list
        From a call with nested lists: with one level in place of those that became one. For a `Batch` a `Batch`.

    Raises
    ------
    ValueError
        If start_dim is 0 (the examples of a batch are not joined), or, in a call, if there is no such level, or if
        lists have different lengths.

    Examples
    --------
    >>> Flatten()([[[1.0, 2.0], [3.0, 4.0]]])
    [1.0, 2.0, 3.0, 4.0]
    >>> import nn
    >>> Flatten()(nn.Batch([[[1.0, 2.0]], [[3.0, 4.0]]]))
    Batch([[1.0, 2.0], [3.0, 4.0]])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = _level("start_dim", start_dim), _level("end_dim", end_dim)

    def forward(self, x: Any) -> Any:
        return _of_each(self._of_one, x)

    def _of_one(self, x: Any) -> Any:
        x = listed(self, x)
        shape = shape_of(self, x)
        first, last = _place(self, self.start_dim, shape), _place(self, self.end_dim, shape)
        if first > last:
            raise ValueError(
                f"{called(self)} takes lists with start_dim={self.start_dim} before end_dim={self.end_dim}, got "
                f"{len(shape)} levels: {x!r:.60}"
            )
        return nested(flat(x), (*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :]))

    def extra_repr(self) -> str:
        return (
            "" if (self.start_dim, self.end_dim) == (1, -1) else f"start_dim={self.start_dim}, end_dim={self.end_dim}"
        )


class Unflatten(Module):
    """A list becomes lists in lists, of the shape that you give: the inverse of `Flatten`.

    Parameters
    ----------
    dim : int
        Which level of lists, counted as in `Flatten`: 1 is an example's outermost, -1 its innermost.
    unflattened_size : tuple of int
        What it becomes; one of the numbers may be -1, and is computed from the others.

    Returns
    -------
    nested lists
        From a call with nested lists: with the levels of unflattened_size in place of one. For a `Batch` a `Batch`.

    Raises
    ------
    ValueError
        If an argument is out of range, or, in a call, if the sizes do not match.

    Examples
    --------
    >>> Unflatten(1, (2, 2))([1.0, 2.0, 3.0, 4.0])
    [[1.0, 2.0], [3.0, 4.0]]
    """

    def __init__(self, dim: int, unflattened_size: Shape) -> None:
        self.dim = _level("dim", dim)
        if not isinstance(unflattened_size, (list, tuple)) or not unflattened_size:
            raise ValueError(f"unflattened_size must be a tuple of whole numbers, not {unflattened_size!r:.60}")
        known = tuple([size for size in unflattened_size if size != -1])
        sizes = iter(whole_numbers("unflattened_size", known, len(known)))
        self.unflattened_size = tuple([-1 if size == -1 else next(sizes) for size in unflattened_size])
        if len(unflattened_size) - len(known) > 1:
            raise ValueError(f"unflattened_size may hold -1 once, not {unflattened_size!r:.60}")

    def forward(self, x: Any) -> Any:
        return _of_each(self._of_one, x)

    def _of_one(self, x: Any) -> Any:
        x = listed(self, x)
        shape = shape_of(self, x)
        place, sizes = _place(self, self.dim, shape), self.unflattened_size
        rest = prod([size for size in sizes if size != -1])
        if shape[place] % rest if -1 in sizes else shape[place] != rest:
            batch = "; if they are a batch, make it an nn.Batch" if len(shape) > 1 else ""
            raise ValueError(f"{called(self)} makes {sizes} of a list, which {shape[place]} items do not fill{batch}")
        sizes = tuple([shape[place] // rest if size == -1 else size for size in sizes])
        return nested(flat(x), (*shape[:place], *sizes, *shape[place + 1 :]))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class ZeroPad2d(Module):
    """Zeros around every channel of an image.

    Parameters
    ----------
    padding : int, or (left, right, top, bottom)
        How many, in PyTorch's order.

    Returns
    -------
    nested lists
        From a call with channels x rows x columns: the same with more rows and columns. For a batch, which is nested
        deeper, a `Batch`.

    Raises
    ------
    ValueError
        If padding is out of range, or, in a call, if the levels of lists are not three (or four, in a batch).

    Examples
    --------
    >>> ZeroPad2d((1, 0, 0, 1))([[[5.0]]])
    [[[0.0, 5.0], [0.0, 0.0]]]
    """

    def __init__(self, padding: int | Shape) -> None:
        self.padding = whole_numbers("padding", padding, 4, least=0)

    def forward(self, x: Any) -> Any:
        return over(self._of_one, x, 3)

    def _of_one(self, x: Any) -> Any:
        columns = _image(self, x)[1]
        left, right, top, bottom = self.padding
        wide = left + columns + right

        def zeros(count: int) -> list[float]:
            return [0.0] * count

        return [
            [zeros(wide) for _ in range(top)]
            + [zeros(left) + list(row) + zeros(right) for row in channel]
            + [zeros(wide) for _ in range(bottom)]
            for channel in x
        ]

    def extra_repr(self) -> str:
        return f"{self.padding}"


class Upsample(Module):
    """Every number of an image becomes a block of equal numbers: a larger image, by nearest neighbours.

    Parameters
    ----------
    size : int or (int, int), optional
        Of the result: rows and columns.
    scale_factor : int or (int, int), optional
        How many times as many; a whole number. One of the two must be given.
    mode : {"nearest"}

    Returns
    -------
    nested lists
        From a call with channels x rows x columns: the same with more rows and columns. For a batch, which is nested
        deeper, a `Batch`.

    Raises
    ------
    ValueError
        If an argument is out of range, or, in a call, if the levels of lists are not three (or four, in a batch).

    Examples
    --------
    >>> Upsample(scale_factor=2)([[[1.0, 2.0]]])
    [[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]
    """

    def __init__(
        self, size: int | Shape | None = None, scale_factor: int | Shape | None = None, mode: str = "nearest"
    ) -> None:
        if (size is None) == (scale_factor is None):
            raise ValueError(f"give one of size and scale_factor, not size={size!r}, scale_factor={scale_factor!r}")
        if mode != "nearest":
            raise ValueError(f"mode must be 'nearest', the only mode so far, not {mode!r:.60}")
        self.size = None if size is None else whole_numbers("size", size, 2)
        self.scale_factor = None if scale_factor is None else whole_numbers("scale_factor", scale_factor, 2)
        self.mode = mode

    def forward(self, x: Any) -> Any:
        return over(self._of_one, x, 3)

    def _of_one(self, x: Any) -> Any:
        rows, columns = _image(self, x)
        if self.size is not None:
            height, width = self.size
        else:
            by = self.scale_factor or (1, 1)
            height, width = rows * by[0], columns * by[1]
        return [
            [[channel[i * rows // height][j * columns // width] for j in range(width)] for i in range(height)]
            for channel in x
        ]

    def extra_repr(self) -> str:
        name = "size" if self.scale_factor is None else "scale_factor"
        return f"{name}={getattr(self, name)}, mode={self.mode!r}"


def _of_each(function: Any, x: Any) -> Any:
    """`function` of one example, or of each example of a `Batch`; any other nested list is one example."""
    return Batch([_of_each(function, item) for item in x]) if isinstance(x, Batch) else function(x)


def _level(name: str, x: Any) -> int:
    if is_bool(x) or not hasattr(x, "__index__") or x.__index__() == 0:
        raise ValueError(
            f"{name} must be a whole number other than 0, which is the batch and stays as it is, not {x!r:.60}"
        )
    return int(x.__index__())


def _place(module: Module, level: int, shape: Shape) -> int:
    """The index in an example's shape of a level, which is counted from 1, or as -1, -2, ... from the end."""
    place = level - 1 if level > 0 else len(shape) + level
    if not 0 <= place < len(shape):
        raise ValueError(f"{called(module)} takes lists with a level {level}, got the shape {shape}")
    return place


def _image(module: Module, x: Any) -> tuple[int, int]:
    """How many rows and columns the channels of one image have."""
    shape = shape_of(module, channels_in(module, x, 3))
    if 0 in shape:
        raise ValueError(f"{called(module)} takes numbers, but there are none in {x!r:.60}")
    return shape[1], shape[2]
