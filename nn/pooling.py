"""Pooling: the largest of the numbers under a window, or their mean, channel by channel.

`grids` computes where the windows are; layers with sliding weights are in `convolution`.
"""

from __future__ import annotations

from math import inf

from autograd import Value, maximum, op, sum, where

from .batches import over
from .grids import adaptive, grid_of, laid, nested, sliding, whole_numbers
from .module import Module
from .scopes import inside
from .settings import flag, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .grids import Shape, Windows

# PyTorch gives the whole gradient to the first of equal numbers, where `maximum` splits it.
_earlier_maximum = op(
    "earlier_maximum",
    maximum,
    lambda a, b, out: (where(b > a, 0.0, 1.0), where(b > a, 1.0, 0.0)),
    arity=2,
    doc="The larger operand; of two equal ones the first, to which the gradient goes; see `nn.MaxPool1d`.",
)


def _largest(xs: Sequence[Any]) -> Any:
    """The largest number, by pairs, then pairs of pairs, so that the graph of n numbers is only log2(n) deep."""
    while len(xs) > 1:
        pairs = [_earlier_maximum(a, b) for a, b in zip(xs[::2], xs[1::2])]
        xs = pairs + list(xs[len(xs) - 1 :]) * (len(xs) % 2)
    return xs[0] if xs else Value(-inf)  # no numbers: the whole window lies in the padding


class _Pool(Module):
    """A pooling layer; subclasses define the windows, and what is computed of the numbers under each."""

    _dimensions: int

    def _windows(self, shape: Shape) -> Windows:
        raise NotImplementedError

    def _pooled(self, xs: list[Value], extent: int) -> Any:
        """The output for the numbers under a window; `extent` is their count with the places in the padding."""
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        return over(self._of_one, x, self._dimensions + 1)

    def _of_one(self, x: Any) -> Any:
        channels, shape = grid_of(self, x, self._dimensions + 1)
        shape, windows = self._windows(shape)

        def slide(channel: tuple[Value, ...]) -> list[Any]:
            return [self._pooled([channel[i] for i in places], extent) for _, places, extent in windows]

        return [nested(inside(f"channel{c}", slide, channel), shape) for c, channel in enumerate(channels, 1)]


class _Sliding(_Pool):
    """A pooling layer whose windows have a given size."""

    dilation: Shape

    def __init__(
        self, kernel_size: int | Shape, stride: int | Shape | None, padding: int | Shape, dilation: Any, ceil_mode: bool
    ) -> None:
        n = self._dimensions
        self.kernel_size = whole_numbers("kernel_size", kernel_size, n)
        self.stride = whole_numbers("stride", kernel_size if stride is None else stride, n)
        self.padding = whole_numbers("padding", padding, n, least=0)
        self.dilation = whole_numbers("dilation", dilation, n)
        self.ceil_mode = flag("ceil_mode", ceil_mode)
        spans = [d * (k - 1) + 1 for k, d in zip(self.kernel_size, self.dilation)]
        if any(p > span // 2 for p, span in zip(self.padding, spans)):
            raise ValueError(f"padding must be at most half the window, {spans}, not {padding!r}")

    def _windows(self, shape: Shape) -> Windows:
        settings = self.kernel_size, self.stride, self.padding, self.padding, self.dilation, self.ceil_mode
        return laid(self, sliding, shape, *settings)

    def extra_repr(self) -> str:
        text = f"kernel_size={self.kernel_size}, stride={self.stride}"
        n = self._dimensions
        for name, usual in (("padding", (0,) * n), ("dilation", (1,) * n), ("ceil_mode", False)):
            value = getattr(self, name)
            text += "" if value == usual else f", {name}={value}"
        return text


class _MaxPool(_Sliding):
    def __init__(
        self,
        kernel_size: int | Shape,
        stride: int | Shape | None = None,
        padding: int | Shape = 0,
        dilation: int | Shape = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)
        _refuse_indices(return_indices)

    def _pooled(self, xs: list[Value], extent: int) -> Any:
        return _largest(xs)


class _AvgPool(_Sliding):
    divisor_override: int | None = None

    def __init__(
        self,
        kernel_size: int | Shape,
        stride: int | Shape | None = None,
        padding: int | Shape = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, 1, ceil_mode)
        self.count_include_pad = flag("count_include_pad", count_include_pad)

    def _pooled(self, xs: list[Value], extent: int) -> Any:
        return sum(xs) / float(self.divisor_override or (extent if self.count_include_pad else len(xs)))

    def extra_repr(self) -> str:
        text = super().extra_repr() + ("" if self.count_include_pad else ", count_include_pad=False")
        return text + (f", divisor_override={self.divisor_override}" if self.divisor_override else "")


class _Adaptive(_Pool):
    """A pooling layer whose output has a given size, whatever the size of the input."""

    def __init__(self, output_size: Any) -> None:
        n = self._dimensions
        given = output_size if isinstance(output_size, (list, tuple)) else (output_size,) * n
        # None keeps a dimension as it is.
        sizes = whole_numbers("output_size", tuple([1 if size is None else size for size in given]), n)
        self.output_size = tuple([None if size is None else made for size, made in zip(given, sizes)])

    def _windows(self, shape: Shape) -> Windows:
        output = tuple([size if wanted is None else wanted for size, wanted in zip(shape, self.output_size)])
        return laid(self, adaptive, shape, output)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _AdaptiveMax(_Adaptive):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        _refuse_indices(return_indices)

    def _pooled(self, xs: list[Value], extent: int) -> Any:
        return _largest(xs)


class _AdaptiveAvg(_Adaptive):
    def _pooled(self, xs: list[Value], extent: int) -> Any:
        return sum(xs) / float(len(xs))


def _refuse_indices(return_indices: bool) -> None:
    if flag("return_indices", return_indices):
        raise ValueError("return_indices must be False: the positions of the largest numbers are not returned here")


class MaxPool1d(_MaxPool):
    """The largest number under each window of each channel.

    The whole gradient goes to that number; if several are equal, to the first of them, as in PyTorch. A nan counts as
    the largest.

    Parameters
    ----------
    kernel_size : int
        How many numbers a window has.
    stride : int, optional
        The distance from one window to the next; if not given, kernel_size, so that they do not overlap.
    padding : int
        How far windows may reach beyond each end; at most half the window. What is there is never the largest.
    dilation : int
        The distance from one number of a window to the next.
    return_indices : {False}
    ceil_mode : bool
        Whether there is one more window at the end that is not full.

    Returns
    -------
    list of list of Value
        From a call with channels x length: channels x windows, as many as `Conv1d` has. For a batch, which is nested
        deeper, a `Batch`.

    Raises
    ------
    ValueError
        If a setting is out of range, or, in a call, if there are no channels of numbers, or if no window fits.
    TypeError
        If, in a call, there is anything but numbers.

    Examples
    --------
    >>> [y.data for y in MaxPool1d(2)([[1.0, 3.0, 2.0, 2.0]])[0]]
    [3.0, 2.0]
    """

    _dimensions = 1


class MaxPool2d(_MaxPool):
    """The largest number under each window of each channel of an image; see `MaxPool1d`.

    One example is a list of channels, which are lists of rows; what is nested deeper is a batch, and what comes out of
    it is a `Batch`.

    Parameters
    ----------
    kernel_size, stride, padding, dilation : int or (int, int)
        As for `MaxPool1d`; two numbers are for rows and for columns.
    return_indices, ceil_mode
        As for `MaxPool1d`.

    Returns
    -------
    nested lists of Value
        From a call with channels x rows x columns: the same with fewer rows and columns; see `MaxPool1d`.

    Raises
    ------
    ValueError, TypeError
        As for `MaxPool1d`.

    Examples
    --------
    >>> MaxPool2d(2)([[[1.0, 3.0], [2.0, 2.0]]])[0][0][0].data
    3.0
    """

    _dimensions = 2


class AvgPool1d(_AvgPool):
    """The mean of the numbers under each window of each channel.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode
        As for `MaxPool1d`; in the padding there are zeros.
    count_include_pad : bool
        Whether the zeros of the padding count.

    Returns
    -------
    list of list of Value
        As for `MaxPool1d`.

    Raises
    ------
    ValueError, TypeError
        As for `MaxPool1d`.

    Examples
    --------
    >>> [y.data for y in AvgPool1d(2)([[1.0, 3.0, 2.0, 2.0]])[0]]
    [2.0, 2.0]
    """

    _dimensions = 1


class AvgPool2d(_AvgPool):
    """The mean of the numbers under each window of each channel of an image; see `AvgPool1d`.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode
        As for `MaxPool2d`; in the padding there are zeros.
    count_include_pad : bool
        Whether the zeros of the padding count.
    divisor_override : int, optional
        What sums are divided by, if not by the count.

    Returns
    -------
    nested lists of Value
        As for `MaxPool2d`.

    Raises
    ------
    ValueError, TypeError
        As for `MaxPool1d`.

    Examples
    --------
    >>> AvgPool2d(2)([[[1.0, 3.0], [2.0, 2.0]]])[0][0][0].data
    2.0
    """

    _dimensions = 2

    def __init__(
        self,
        kernel_size: int | Shape,
        stride: int | Shape | None = None,
        padding: int | Shape = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = None if divisor_override is None else size("divisor_override", divisor_override)


class AdaptiveAvgPool1d(_AdaptiveAvg):
    """The means of output_size windows, which cover each channel evenly.

    The i-th of n windows reaches from floor(i * length / n) to ceil((i + 1) * length / n).

    Parameters
    ----------
    output_size : int or None
        How many; None keeps the length.

    Returns
    -------
    list of list of Value
        From a call with channels x length: channels x output_size. For a batch, which is nested deeper, a `Batch`.

    Raises
    ------
    ValueError
        If output_size is not a positive whole number, or, in a call, if there are no channels of numbers.
    TypeError
        If, in a call, there is anything but numbers.

    Examples
    --------
    >>> [y.data for y in AdaptiveAvgPool1d(2)([[1.0, 3.0, 5.0]])[0]]
    [2.0, 4.0]
    """

    _dimensions = 1


class AdaptiveAvgPool2d(_AdaptiveAvg):
    """The means of output_size windows, which cover each channel of an image evenly; see `AdaptiveAvgPool1d`.

    With output_size 1 each channel becomes its mean (Lin et al. 2014).

    Parameters
    ----------
    output_size : int or None, or two of them, for rows and for columns

    Returns
    -------
    nested lists of Value
        From a call with channels x rows x columns: channels x output_size. For a batch, which is nested deeper, a
        `Batch`.

    Raises
    ------
    ValueError, TypeError
        As for `AdaptiveAvgPool1d`.

    Examples
    --------
    >>> AdaptiveAvgPool2d(1)([[[1.0, 3.0], [2.0, 2.0]]])[0][0][0].data
    2.0
    """

    _dimensions = 2


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest number under each of output_size windows; see `AdaptiveAvgPool1d` and `MaxPool1d`.

    Parameters
    ----------
    output_size, return_indices
        As for `AdaptiveAvgPool1d` and `MaxPool1d`.

    Returns
    -------
    list of list of Value
        As for `AdaptiveAvgPool1d`.

    Examples
    --------
    >>> [y.data for y in AdaptiveMaxPool1d(2)([[1.0, 3.0, 5.0]])[0]]
    [3.0, 5.0]
    """

    _dimensions = 1


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest number under each of output_size windows; see `AdaptiveAvgPool2d` and `MaxPool1d`.

    Parameters
    ----------
    output_size, return_indices
        As for `AdaptiveAvgPool2d` and `MaxPool1d`.

    Returns
    -------
    nested lists of Value
        As for `AdaptiveAvgPool2d`.

    Examples
    --------
    >>> AdaptiveMaxPool2d(1)([[[1.0, 3.0], [2.0, 2.0]]])[0][0][0].data
    3.0
    """

    _dimensions = 2
