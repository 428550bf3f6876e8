"""Channels of signals and images, and the windows that slide over them: what convolutions and pools have in common.

An example is a list of channels. A channel is a list of numbers, or a list of rows, and so on, one level for each
dimension. Here a channel becomes one flat row of Values and a shape, and a window becomes the places in that row that
it covers, so the same code serves one dimension and two. Places in the padding are left out, because zeros add nothing
to a sum. What is computed of a window is in `convolution` and `pooling`.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import prod

from .batches import called, depth, flat, is_list, listed, numbers_of
from .settings import is_bool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from autograd import Value

    from .module import Module

    Shape: TypeAlias = tuple[int, ...]
    # Which places of a window lie in the input; where in the input they are; and how many places of the window lie in
    # the input or its padding.
    Window: TypeAlias = tuple[Shape, Shape, int]
    Windows: TypeAlias = tuple[Shape, tuple[Window, ...]]  # the shape of the output, and a window for each place in it


# --- settings ---------------------------------------------------------------------------------------------------


def whole_numbers(name: str, x: Any, dimensions: int, least: int = 1) -> Shape:
    """A setting with a whole number for each dimension; one number stands for all.

    Raises
    ------
    ValueError
        If it is not a whole number, or not as many as there are dimensions, or if one is less than `least`.

    Examples
    --------
    >>> whole_numbers("kernel_size", 3, 2), whole_numbers("padding", (0, 1), 2, least=0)
    ((3, 3), (0, 1))
    """
    given = tuple(x) if isinstance(x, (list, tuple)) else (x,) * dimensions
    if len(given) != dimensions or any(is_bool(n) or not hasattr(n, "__index__") or n < least for n in given):
        kind = "a positive whole number" if least == 1 else f"a whole number of at least {least}"
        several = f", or {dimensions} of them" if dimensions > 1 else ""
        raise ValueError(f"{name} must be {kind}{several}, not {x!r:.60}")
    return tuple([int(n.__index__()) for n in given])


# --- examples ---------------------------------------------------------------------------------------------------


def nested(numbers: Sequence[Any], shape: Shape) -> Any:
    """The numbers in nested lists of a shape.

    Examples
    --------
    >>> nested([1.0, 2.0, 3.0, 4.0], (2, 2))
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if len(shape) <= 1:
        return list(numbers) if shape else numbers[0]
    step = len(numbers) // shape[0]
    return [nested(numbers[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def shape_of(module: Module, x: Any) -> Shape:
    """The shape of nested lists, which must be a rectangle.

    Raises
    ------
    ValueError
        If lists of one level have different lengths.

    Examples
    --------
    >>> import nn
    >>> shape_of(nn.Module(), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    (3, 2)
    """
    if not is_list(x):
        return ()
    if hasattr(x, "shape"):  # an array is a rectangle
        return tuple(x.shape)
    shapes = [shape_of(module, item) for item in x]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(
                f"{called(module)} takes lists that are alike, but of {len(x)} of them the first {_like(shapes[0])}, "
                f"and number {i + 1} {_like(shape)}"
            )
    return (len(x), *(shapes[0] if shapes else ()))


def _like(shape: Shape) -> str:
    return f"holds {' x '.join(map(str, shape))} numbers" if shape else "is a number"


def channels_in(module: Module, x: Any, levels: int) -> Any:
    """The channels of one example, as they are.

    Raises
    ------
    ValueError
        If there are not so many levels of lists, that of the channels included.

    Examples
    --------
    >>> import nn
    >>> channels_in(nn.Module(), [[1.0, 2.0]], 2)
    [[1.0, 2.0]]
    """
    x = listed(module, x)
    if depth(x) != levels:
        what = "channels" + " of rows" * (levels - 2) + " of numbers" * (levels > 1)
        raise ValueError(
            f"{called(module)} takes a list of {what}, which is {levels} level{'s' * (levels > 1)} of lists, got "
            f"{depth(x)}: {x!r:.60}"
        )
    return x


def grid_of(module: Module, x: Any, levels: int, channels: int | None = None) -> tuple[list[tuple[Value, ...]], Shape]:
    """The channels of one example, each a row of Values, and the shape that each of them has.

    Parameters
    ----------
    levels : int
        How many levels of lists an example has, that of the channels included.
    channels : int, optional
        How many channels there must be.

    Raises
    ------
    ValueError
        If the levels or channels are others, if the lists do not form a rectangle, or if there are no numbers in them.
    TypeError
        If there is anything but numbers in them.

    Examples
    --------
    >>> import nn
    >>> [channel], shape = grid_of(nn.Module(), [[[1.0, 2.0], [3.0, 4.0]]], 3)
    >>> len(channel), shape
    (4, (2, 2))
    """
    x = channels_in(module, x, levels)
    count, *rest = shape = shape_of(module, x)
    if channels is not None and count != channels:
        raise ValueError(f"{called(module)} takes {channels} channel{'s' * (channels != 1)}, got {count}")
    if not prod(shape):
        raise ValueError(f"{called(module)} takes numbers, but there are none in {x!r:.60}")
    return [numbers_of(module, flat(channel)) for channel in x], tuple(rest)


# --- windows ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def sliding(
    shape: Shape, kernel: Shape, stride: Shape, before: Shape, after: Shape, dilation: Shape, ceil: bool = False
) -> Windows:
    """The windows of a convolution or a pool.

    Parameters
    ----------
    shape : tuple of int
        Of a channel.
    kernel : tuple of int
        Size of the window in each dimension.
    stride : tuple of int
        The distance from one window to the next.
    before, after : tuple of int
        How far windows may reach beyond the begin and the end of the channel.
    dilation : tuple of int
        How far it is from one place of a window to the next.
    ceil : bool
        Whether a last window may reach further, as long as it begins before the end.

    Raises
    ------
    ValueError
        If not one window fits.

    Examples
    --------
    >>> shape, windows = sliding((3,), (2,), (1,), (0,), (0,), (1,))
    >>> shape, [where for _, where, _ in windows]
    ((2,), [(0, 1), (1, 2)])
    """
    rows: list[list[Window]] = []
    for size, k, s, low, high, d in zip(shape, kernel, stride, before, after, dilation):
        free = size + low + high - d * (k - 1) - 1
        if free < 0:
            padding = f" with padding {low} and {high}" if low or high else ""
            raise ValueError(f"a window of {d * (k - 1) + 1} numbers does not fit into {size}{padding}")
        count = (free + (s - 1 if ceil else 0)) // s + 1
        if ceil and (count - 1) * s >= size + low:
            count -= 1
        row: list[Window] = []
        for i in range(count):
            start = i * s - low
            taps = [(t, start + t * d) for t in range(k) if 0 <= start + t * d < size]
            row.append((*_split(taps), min(k, size + high - start)))
        rows.append(row)
    return _joined(shape, kernel, rows)


@lru_cache(maxsize=256)
def scattered(
    shape: Shape, kernel: Shape, stride: Shape, padding: Shape, output_padding: Shape, dilation: Shape
) -> Windows:
    """The windows of a transposed convolution: for each place of the output where it comes from in the input.

    The input's place i reaches, through the window's place t, the output's place i * stride - padding + t * dilation.

    Raises
    ------
    ValueError
        If nothing is left of the output.

    Examples
    --------
    >>> shape, windows = scattered((2,), (3,), (2,), (0,), (0,), (1,))
    >>> shape, [(taps, where) for taps, where, _ in windows][2]
    ((5,), ((0, 2), (1, 0)))
    """
    rows: list[list[Window]] = []
    for size, k, s, p, more, d in zip(shape, kernel, stride, padding, output_padding, dilation):
        count = (size - 1) * s - 2 * p + d * (k - 1) + more + 1
        if count < 1:
            raise ValueError(f"nothing is left of {size} numbers with padding {p}")
        row: list[Window] = []
        for i in range(count):
            sources = [(t, divmod(i + p - t * d, s)) for t in range(k)]
            row.append((*_split([(t, j) for t, (j, rest) in sources if rest == 0 and 0 <= j < size]), k))
        rows.append(row)
    return _joined(shape, kernel, rows)


@lru_cache(maxsize=256)
def adaptive(shape: Shape, output: Shape) -> Windows:
    """The windows that cover a channel evenly: the i-th of n from floor(i * size / n) to ceil((i + 1) * size / n).

    Examples
    --------
    >>> [where for _, where, _ in adaptive((5,), (2,))[1]]
    [(0, 1, 2), (2, 3, 4)]
    """
    rows: list[list[Window]] = []
    for size, count in zip(shape, output):
        spans = [range(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
        rows.append([(tuple(range(len(span))), tuple(span), len(span)) for span in spans])
    return _joined(shape, shape, rows)


def _split(pairs: list[tuple[int, int]]) -> tuple[Shape, Shape]:
    return tuple([t for t, _ in pairs]), tuple([place for _, place in pairs])


def _joined(shape: Shape, kernel: Shape, rows: list[list[Window]]) -> Windows:
    """Windows in several dimensions, from the windows in each; equal tuples of places become one object."""
    known: dict[Shape, Shape] = {}
    windows: list[Window] = []
    for window in product(*rows):
        taps = _places(kernel, [taps for taps, _, _ in window])
        where = _places(shape, [where for _, where, _ in window])
        windows.append((known.setdefault(taps, taps), where, prod([extent for _, _, extent in window])))
    return tuple(map(len, rows)), tuple(windows)


def _places(shape: Shape, indices: Iterable[Shape]) -> Shape:
    """The places in a flat row of all numbers, from the indices in each dimension."""
    places = [0]
    for size, row in zip(shape, indices):
        places = [place * size + i for place in places for i in row]
    return tuple(places)


def laid(module: Module, windows: Callable[..., Windows], *settings: Any) -> Windows:
    """Return ``windows(*settings)``; if that raises a ValueError, put the module's name before the message."""
    try:
        return windows(*settings)
    except ValueError as error:
        raise ValueError(f"{called(module)}: {error}") from None
