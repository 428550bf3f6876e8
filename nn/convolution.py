"""Convolutions of one and two dimensions, and transposed ones.

Each number of the output is one scalar product, of the weights of a filter and the numbers under a window. `grids`
computes where the windows are; windows without weights are in `pooling`.
"""

from __future__ import annotations

from math import prod

from autograd import Value, dot

from .batches import flat, over
from .grids import grid_of, laid, nested, scattered, sliding, whole_numbers
from .init import drawn, find, kaiming_uniform, zeros
from .module import Module
from .scopes import inside
from .settings import flag, seeded, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .grids import Shape, Windows
    from .init import Init
    from .layers import Seed


class _Convolution(Module):
    """A convolution; subclasses define the number of dimensions, the filters, and the windows."""

    _dimensions: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Shape,
        stride: int | Shape,
        padding: int | Shape | str,
        dilation: int | Shape,
        groups: int,
        bias: bool,
        padding_mode: str,
        init: Init | None,
        seed: Seed,
    ) -> None:
        n = self._dimensions
        self.in_channels, self.out_channels = size("in_channels", in_channels), size("out_channels", out_channels)
        self.kernel_size = whole_numbers("kernel_size", kernel_size, n)
        self.stride = whole_numbers("stride", stride, n)
        self.padding = self._padding_of(padding)
        self.dilation = whole_numbers("dilation", dilation, n)
        self.groups = size("groups", groups)
        for name, channels in (("in_channels", self.in_channels), ("out_channels", self.out_channels)):
            if channels % self.groups:
                raise ValueError(f"{name} must be a multiple of groups, {self.groups}, not {channels}")
        if padding_mode != "zeros":
            raise ValueError(
                f"padding_mode must be 'zeros', the only mode so far, not {padding_mode!r:.60}; pad the input "
                "yourself, with padding=0 here"
            )
        self.padding_mode = padding_mode
        # As in `Linear`: with this gain the weights are uniform between plus and minus 1 / sqrt(fan_in).
        draw = find(kaiming_uniform("leaky_relu", param=5.0**0.5) if init is None else init)
        bias, generator = flag("bias", bias), seeded(seed)
        shape = (*self._channels_of_weight(), *self.kernel_size)
        fan_in, fan_out = prod(shape[1:]), shape[0] * prod(self.kernel_size)
        self.weight = drawn(shape, draw, generator, fan_in, fan_out)
        self.bias = None
        if bias:
            self.bias = drawn((out_channels,), draw if init is None else zeros(), generator, fan_in, fan_out)

    def _padding_of(self, padding: Any) -> Shape | str:
        return whole_numbers("padding", padding, self._dimensions, least=0)

    def _channels_of_weight(self) -> tuple[int, int]:
        raise NotImplementedError

    def _filters(self) -> list[tuple[Value, ...]]:
        """The filter of each output channel: its weights for the first input channel, then the second, and so on."""
        raise NotImplementedError

    def _windows(self, shape: Shape) -> Windows:
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        filters = [_Filter(weights, prod(self.kernel_size)) for weights in self._filters()]
        return over(lambda example: self._of_one(example, filters), x, self._dimensions + 1)

    def _of_one(self, x: Any, filters: list[_Filter]) -> Any:
        channels, shape = grid_of(self, x, self._dimensions + 1, self.in_channels)
        shape, windows = self._windows(shape)
        group_size, filters_per_group = self.in_channels // self.groups, self.out_channels // self.groups
        inputs = [
            [
                tuple([channel[i] for channel in channels[g * group_size : (g + 1) * group_size] for i in places])
                for _, places, _ in windows
            ]
            for g in range(self.groups)
        ]  # for each group, the inputs under each window; the filters of a group share these tuples
        made = []
        for o, (weights, bias) in enumerate(zip(filters, self.bias or [None] * self.out_channels)):
            xs = inputs[o // filters_per_group]

            def slide(weights: _Filter = weights, xs: Any = xs, bias: Any = bias) -> list[Any]:
                return [_product(weights.at(taps), x, bias) for (taps, _, _), x in zip(windows, xs)]

            made.append(nested(inside(f"channel{o + 1}", slide), shape))
        return made

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        n = self._dimensions
        for name, usual in (("padding", (0,) * n), ("output_padding", (0,) * n), ("dilation", (1,) * n), ("groups", 1)):
            value = getattr(self, name, usual)
            text += "" if value == usual else f", {name}={value!r}"
        return text + ("" if self.bias else ", bias=False")


class _Filter:
    """The weights of one filter, and the parts of them for windows at the border; nodes share these tuples."""

    def __init__(self, weights: tuple[Value, ...], places: int) -> None:
        self.weights, self.places = weights, places
        self.parts: dict[Shape, tuple[Value, ...]] = {}

    def at(self, taps: Shape) -> tuple[Value, ...]:
        """The weights at some places of the window, in all channels."""
        if len(taps) == self.places:
            return self.weights
        part = self.parts.get(taps)
        if part is None:
            starts = range(0, len(self.weights), self.places)
            part = self.parts[taps] = tuple([self.weights[start + t] for start in starts for t in taps])
        return part


def _product(weights: tuple[Value, ...], xs: tuple[Value, ...], bias: Value | None) -> Any:
    if xs or bias is not None:
        return dot(weights, xs, bias)
    return Value(0.0)  # no inputs: the whole window lies in the padding


class _Direct(_Convolution):
    """A convolution that is not transposed."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Shape,
        stride: int | Shape = 1,
        padding: int | Shape | str = 0,
        dilation: int | Shape = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        init: Init | None = None,
        seed: Seed = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, init, seed
        )

    def _padding_of(self, padding: Any) -> Shape | str:
        if padding == "same" and any(s != 1 for s in self.stride):
            raise ValueError(f"padding='same' is for stride 1, not {self.stride}")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"padding must be a whole number of at least 0, 'same' or 'valid', not {padding!r:.60}"
                )
            return padding
        return super()._padding_of(padding)

    def _channels_of_weight(self) -> tuple[int, int]:
        return self.out_channels, self.in_channels // self.groups

    def _filters(self) -> list[tuple[Value, ...]]:
        return [tuple(flat(weights)) for weights in self.weight]

    def _windows(self, shape: Shape) -> Windows:
        before = after = self.padding
        if self.padding == "valid":
            before = after = (0,) * self._dimensions
        elif self.padding == "same":  # if the total is odd, there is one zero more at the end
            total = [d * (k - 1) for k, d in zip(self.kernel_size, self.dilation)]
            before, after = tuple([t // 2 for t in total]), tuple([t - t // 2 for t in total])
        return laid(self, sliding, shape, self.kernel_size, self.stride, before, after, self.dilation)


class _Transposed(_Convolution):
    """A transposed convolution: its forward pass is the backward pass of a `_Direct` one."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Shape,
        stride: int | Shape = 1,
        padding: int | Shape = 0,
        output_padding: int | Shape = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Shape = 1,
        padding_mode: str = "zeros",
        *,
        init: Init | None = None,
        seed: Seed = None,
    ) -> None:
        n = self._dimensions
        self.output_padding = whole_numbers("output_padding", output_padding, n, least=0)
        reach = zip(whole_numbers("stride", stride, n), whole_numbers("dilation", dilation, n))
        if any(more >= max(pair) for more, pair in zip(self.output_padding, reach)):
            raise ValueError(f"output_padding must be less than the stride or the dilation, not {self.output_padding}")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, init, seed
        )

    def _channels_of_weight(self) -> tuple[int, int]:
        return self.in_channels, self.out_channels // self.groups

    def _filters(self) -> list[tuple[Value, ...]]:
        taken, given = self.in_channels // self.groups, self.out_channels // self.groups
        return [
            tuple([w for c in range(taken) for w in flat(self.weight[o // given * taken + c][o % given])])
            for o in range(self.out_channels)
        ]

    def _windows(self, shape: Shape) -> Windows:
        settings = self.kernel_size, self.stride, self.padding, self.output_padding, self.dilation
        return laid(self, scattered, shape, *settings)


class Conv1d(_Direct):
    """The scalar products of filters with the windows of a signal: a network over time (LeCun et al. 1989).

    y[o][t] = bias[o] + sum over c and k of weight[o][c][k] * x[c][t * stride - padding + k * dilation]

    Outside of the signal there are zeros.

    Parameters
    ----------
    in_channels, out_channels : int
        How many channels there are, and how many filters.
    kernel_size : int
        How many numbers a window has.
    stride : int
        The distance from one window to the next.
    padding : int or {"same", "valid"}
        How many zeros there are at each end; "same" makes the output as long as the input, "valid" means none.
    dilation : int
        The distance from one number of a window to the next (Yu and Koltun 2016).
    groups : int
        Into how many parts the channels are split; a filter sees the channels of its own part only.
    bias : bool
        If False nothing is added.
    padding_mode : {"zeros"}
    init : str or callable, optional
        How the weights start, see `nn.init`; the bias starts at 0 then. If not given, both start as in PyTorch:
        uniform in ±1/sqrt(in_channels / groups * kernel_size).
    seed : int or random.Random, optional
        Where the random numbers come from; if not given, from Python's ``random`` module.

    Attributes
    ----------
    weight : list of list of list of Value
        Of shape out_channels x in_channels / groups x kernel_size.
    bias : list of Value, or None

    Returns
    -------
    list of list of Value
        From a call with channels x length: channels x length. For a batch, which is nested deeper, a `Batch`. The
        length of the output is floor((length + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1.

    Raises
    ------
    ValueError
        If a setting is out of range, or, in a call, if the number of channels is different, or if no window fits.
    TypeError
        If, in a call, there is anything but numbers.

    Examples
    --------
    >>> smooth = Conv1d(1, 1, 3, init=lambda random, nin, nout: 1 / nin)
    >>> [[round(y.data, 3) for y in channel] for channel in smooth([[3.0, 0.0, 0.0, 6.0]])]
    [[1.0, 2.0]]
    >>> smooth
    Conv1d(1, 1, kernel_size=(3,), stride=(1,))  # 4 parameters
    """

    _dimensions = 1


class Conv2d(_Direct):
    """The scalar products of filters with the windows of an image (LeCun et al. 1989).

    y[o][i][j] = bias[o] + sum over c, k, l of weight[o][c][k][l] * x[c][i * stride - padding + k * dilation][...]

    Outside of the image there are zeros. One example is a list of channels, which are lists of rows; what is nested
    deeper is a batch, and its output is a `Batch`, so a `Flatten` that follows knows it for one.

    Parameters
    ----------
    in_channels, out_channels, groups, bias, padding_mode, init, seed
        As for `Conv1d`.
    kernel_size, stride, padding, dilation : int or (int, int)
        As for `Conv1d`; two numbers are for rows and for columns.

    Attributes
    ----------
    weight : nested lists of Value
        Of shape out_channels x in_channels / groups x rows x columns.
    bias : list of Value, or None

    Returns
    -------
    nested lists of Value
        From a call with channels x rows x columns: out_channels x rows x columns, as many as `Conv1d` gives in each
        direction. For a batch, which is nested deeper, a `Batch`.

    Raises
    ------
    ValueError, TypeError
        As for `Conv1d`.

    Examples
    --------
    >>> edges = Conv2d(1, 1, (1, 2), bias=False)
    >>> edges.load_state_dict({"weight": [[[[-1.0, 1.0]]]]})
    ([], [])
    >>> image = [[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]]
    >>> [[y.data for y in row] for row in edges([image])[0]]
    [[0.0, 1.0], [1.0, 0.0]]
    >>> len(edges([[image], [image]]))  # a batch of two
    2
    """

    _dimensions = 2


class ConvTranspose1d(_Transposed):
    """Each number of the input spreads over a window of the output: the backward pass of `Conv1d` (Zeiler et al. 2010).

    y[o][t] = bias[o] + sum over c, s, k with s * stride - padding + k * dilation = t of weight[c][o][k] * x[c][s]

    Parameters
    ----------
    in_channels, out_channels, kernel_size, groups, bias, dilation, padding_mode, init, seed
        As for `Conv1d`. Without ``init`` both start uniform in ±1/sqrt(out_channels / groups * kernel_size).
    stride : int
        The distance from one window of the output to the next.
    padding : int
        How many numbers are cut off at each end of the output.
    output_padding : int
        How many are added at its end; less than the stride or the dilation. With stride 2 both 2n - 1 and 2n numbers
        are made into n by a convolution, and this says which of them come back.

    Attributes
    ----------
    weight : list of list of list of Value
        Of shape in_channels x out_channels / groups x kernel_size.
    bias : list of Value, or None

    Returns
    -------
    list of list of Value
        From a call with in_channels x length: out_channels x ((length - 1) stride - 2 padding + dilation (kernel_size -
        1) + output_padding + 1). For a batch, which is nested deeper, a `Batch`.

    Raises
    ------
    ValueError, TypeError
        As for `Conv1d`.

    Examples
    --------
    >>> spread = ConvTranspose1d(1, 1, 2, stride=2, bias=False, init=lambda random, nin, nout: 1.0)
    >>> [y.data for y in spread([[1.0, 2.0]])[0]]
    [1.0, 1.0, 2.0, 2.0]
    """

    _dimensions = 1


class ConvTranspose2d(_Transposed):
    """Each number of the input spreads over a window of the output: the backward pass of `Conv2d`.

    Parameters
    ----------
    in_channels, out_channels, groups, bias, padding_mode, init, seed
        As for `ConvTranspose1d`.
    kernel_size, stride, padding, output_padding, dilation : int or (int, int)
        As for `ConvTranspose1d`; two numbers are for rows and for columns.

    Returns
    -------
    nested lists of Value
        From a call with in_channels x rows x columns: out_channels x rows x columns, as many as `ConvTranspose1d` gives
        in each direction. For a batch, which is nested deeper, a `Batch`.

    Raises
    ------
    ValueError, TypeError
        As for `Conv1d`.

    Examples
    --------
    >>> spread = ConvTranspose2d(1, 1, 2, stride=2, bias=False, init=lambda random, nin, nout: 1.0)
    >>> [[y.data for y in row] for row in spread([[[1.0, 2.0]]])[0]]
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]
    """

    _dimensions = 2
