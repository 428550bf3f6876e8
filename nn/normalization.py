"""Normalisation: numbers are shifted to mean 0 and scaled to variance 1, then scaled and shifted by learnt parameters.

The layers differ in the numbers whose mean and variance are taken: those of one channel in the whole batch
(`BatchNorm1d`, `BatchNorm2d`), of one channel of one example (`InstanceNorm1d`, `InstanceNorm2d`), of several channels
of one example (`GroupNorm`), or of all that an example holds (`LayerNorm`, and `RMSNorm`, which shifts nothing).
"""

from __future__ import annotations

from functools import partial
from math import prod

from autograd import Value, ask, concrete, dot, pow, sum, tell

from .batches import Batch, called, depth, flat, is_batch, is_list, listed, over
from .grids import grid_of, nested, shape_of
from .module import Module
from .scopes import inside
from .settings import flag, number, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from .grids import Shape

    Grid: TypeAlias = tuple[list[tuple[Value, ...]], Shape]  # an example: its channels, and the shape of each


# --- what they share --------------------------------------------------------------------------------------------


def _moments(xs: Sequence[Any]) -> tuple[Any, Any, list[Any]]:
    """The mean, the variance (the mean of the squared deviations), and the numbers minus the mean."""
    mean = sum(xs) / float(len(xs))
    centred = [x - mean for x in xs]
    return mean, dot(centred, centred) / float(len(xs)), centred


def _scaled(centred: Sequence[Any], variance: Any, eps: float, weight: Any, bias: Any) -> list[Any]:
    """weight * x / sqrt(variance + eps) + bias for every x; None means no weight, or no bias."""
    scale = pow(variance + eps, -0.5)
    if weight is not None:
        scale = scale * weight
    if bias is None:
        return [x * scale for x in centred]
    return [dot((scale,), (x,), bias) for x in centred]


def _parameters_of(shape: Shape, start: float, wanted: bool) -> Any:
    """Parameters in nested lists of this shape, all with the same initial number; None if they are not wanted."""
    return nested([Value(start) for _ in range(prod(shape))], shape) if wanted else None


def _holds_examples(module: Module, x: Any, channels: int) -> bool:
    """Whether x is a batch, for a module whose channels may be single numbers or nested lists of any shape.

    A `Batch` is one, and so is a list of lists whose length is not the number of channels. Two levels of lists, such as
    `Linear` returns for a batch, are ambiguous if both have that length. With more levels a list of that length is one
    example, because convolutions return a batch as a `Batch`.

    Raises
    ------
    ValueError
        If x may be a list of examples or a list of channels.
    """
    if isinstance(x, Batch) or depth(x) < 2:
        return isinstance(x, Batch)
    if depth(x) == 2 and len(x) == channels == len(x[0]):
        raise ValueError(
            f"{called(module)} takes {channels} channels, but {channels} lists of {channels} may be a batch or one "
            "example; give it nn.Batch(x) for a batch, or nn.Batch([x]) for one example"
        )
    return bool(len(x) != channels)


def _check_shapes(module: Module, grids: list[Grid]) -> None:
    """Raise a ValueError if there are no examples, or if their channels have different shapes."""
    if not grids:
        raise ValueError(f"{called(module)} takes a batch of at least one example, got none")
    for i, (_, shape) in enumerate(grids):
        if shape != grids[0][1]:
            raise ValueError(
                f"{called(module)} takes examples of one shape, but the channels of the first have {grids[0][1]}, "
                f"those of number {i + 1} {shape}"
            )


# --- with running statistics ------------------------------------------------------------------------------------


_COMPILE_BATCH = 'compile a function that takes the whole batch with batch=False; nn.fit does so with compiled="batch"'


class _Tracking(Module):
    """A layer that can keep a running mean and variance for each channel."""

    running_mean: list[float] | None
    running_var: list[float] | None
    num_batches_tracked: int | None

    def __init__(
        self, num_features: int, eps: float, momentum: float | None, affine: bool, track_running_stats: bool
    ) -> None:
        self.num_features = size("num_features", num_features)
        self.eps = number("eps", eps, positive=True)
        self.momentum = None if momentum is None else number("momentum", momentum)
        self.affine, self.track_running_stats = (
            flag("affine", affine),
            flag("track_running_stats", track_running_stats),
        )
        channels = self.num_features
        self.weight = _parameters_of((channels,), 1.0, self.affine)
        self.bias = _parameters_of((channels,), 0.0, self.affine)
        tracked = self.track_running_stats
        self.register_buffer("running_mean", [0.0] * channels if tracked else None)
        self.register_buffer("running_var", [1.0] * channels if tracked else None)
        self.register_buffer("num_batches_tracked", 0 if tracked else None)

    def _track(self, means: list[Any], variances: list[Any], count: int) -> None:
        """Update the running statistics with those of a batch, each computed from `count` numbers.

        In a compiled program, this happens at each call of the program.
        """
        tell(partial(self._move, count), [*means, *variances])

    def _move(self, count: int, statistics: Sequence[float]) -> None:
        """Update the running statistics with a batch's means and then its variances, as floats."""
        raise NotImplementedError

    def _mix(self, share: float, statistics: Sequence[float], count: int) -> None:
        """Mix a batch's statistics into the running ones with weight `share`, its variances as unbiased estimates."""
        n = self.num_features
        assert self.running_mean is not None and self.running_var is not None
        unbiased = [x * (count / (count - 1.0)) for x in statistics[n:]]
        self.running_mean, self.running_var = (
            [(1.0 - share) * old + share * new for old, new in zip(before, now)]
            for before, now in ((self.running_mean, statistics[:n]), (self.running_var, unbiased))
        )

    def _running_statistics(self) -> tuple[list[Any], list[Any]] | None:
        """The running means and variances, or None if the batch's own are used; a program reads them at each call."""
        if self.training or self.running_mean is None:
            return None
        n = self.num_features
        statistics = ask(self._statistics, 2 * n, each=False)
        return statistics[:n], statistics[n:]

    def _statistics(self, count: int) -> list[float]:
        assert self.running_mean is not None and self.running_var is not None
        return [*self.running_mean, *self.running_var]

    def _normalised(
        self, c: int, xs: Sequence[Any], running: tuple[list[Any], list[Any]] | None
    ) -> tuple[Any, Any, list[Any]]:
        """The mean, the variance and the normalised numbers of a channel, by its own statistics or the running ones."""
        if running is None:
            mean, variance, centred = _moments(xs)
        else:
            mean, variance = running[0][c], running[1][c]
            centred = [x - mean for x in xs]
        weight, bias = (self.weight[c], self.bias[c]) if self.affine else (None, None)
        return mean, variance, _scaled(centred, variance, self.eps, weight, bias)

    def extra_repr(self) -> str:
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}"
        return f"{text}, track_running_stats={self.track_running_stats}"


class _BatchNorm(_Tracking):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats)

    def _is_batch(self, x: Any) -> bool:
        raise NotImplementedError

    def _grid(self, x: Any) -> Grid:
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        x = listed(self, x)
        running = self._running_statistics()
        own = running is None  # whether the batch's own statistics are used
        batch = self._is_batch(x)
        if own and not batch:
            raise ValueError(
                f"{called(self)} takes a batch{' in training' if self.training else ''}, because it normalises by the "
                f"mean of a batch; got one example: {x!r:.60}" + ("" if concrete(Value(0.0)) else f"; {_COMPILE_BATCH}")
            )
        grids = [self._grid(example) for example in (x if batch else [x])]
        _check_shapes(self, grids)
        shape = grids[0][1]
        each = prod(shape)  # numbers of one channel in one example
        count = each * len(grids)
        if own and count == 1:
            raise ValueError(
                f"{called(self)} normalises by the variance of a channel and takes more than 1 number of it"
                f"{' in training' if self.training else ''}, so that a batch of 1 example is too small"
            )
        made: list[list[Any]] = [[] for _ in grids]
        means, variances = [], []
        for c in range(self.num_features):
            xs = [x for channels, _ in grids for x in channels[c]]
            mean, variance, ys = inside(f"channel{c + 1}", self._normalised, c, xs, running)
            for i, outputs in enumerate(made):
                outputs.append(nested(ys[i * each : (i + 1) * each], shape))
            means.append(mean)
            variances.append(variance)
        if self.training and self.track_running_stats:
            self._track(means, variances, count)
        if not batch:
            return made[0]
        return Batch(made) if isinstance(x, Batch) or shape else made

    def _move(self, count: int, statistics: Sequence[float]) -> None:
        batches = (self.num_batches_tracked or 0) + 1
        self._mix(1.0 / batches if self.momentum is None else self.momentum, statistics, count)
        self.num_batches_tracked = batches


class BatchNorm1d(_BatchNorm):
    """Each channel is normalised by its mean and variance in the batch (Ioffe and Szegedy 2015).

    y = weight * (x - mean) / sqrt(variance + eps) + bias, with the mean and the variance, the mean of the squares, over
    all examples and all places. After ``eval()`` they are the running ones: then an example's result depends on that
    example alone.

    In training each batch moves the running ones, running = (1 - momentum) * running + momentum * batch's, where
    the variance is the unbiased one, divided by m - 1 for m numbers. A compiled program does so as
    well, at every call; it has to be compiled for whole batches, ``batch=False``. In evaluation it asks for the running
    ones at every call.

    Parameters
    ----------
    num_features : int
        How many channels an example has.
    eps : float
        What keeps the divisor away from 0.
    momentum : float, optional
        The share of the newest batch; with None all batches have the same.
    affine : bool
        Whether there are weight and bias.
    track_running_stats : bool
        If False there are no running statistics, and the batch's are used in evaluation, too.

    Attributes
    ----------
    weight, bias : list of Value, or None
        They start at 1 and at 0.
    running_mean, running_var : list of float, or None
        Buffers; they start at 0 and at 1.
    num_batches_tracked : int, or None

    Returns
    -------
    list
        From a call with a batch, as in training it must be: a list of examples, each a list of numbers, or of channels
        of numbers. In evaluation one example will do. What is both, a list of as many examples as there are channels,
        is refused in evaluation unless it is a `Batch`.

    Raises
    ------
    ValueError
        If a setting is out of range, or, in a call, if the number of channels is different, if the examples have
        different shapes, if one example is given where a batch is needed, or a batch in which a channel has one number
        only.
    TypeError
        If, in a call, there is anything but numbers.
    CompileError
        While a program for single examples is recorded in training.

    Examples
    --------
    >>> norm = BatchNorm1d(2)
    >>> [[round(y.data, 3) for y in example] for example in norm([[1.0, 10.0], [3.0, 30.0]])]
    [[-1.0, -1.0], [1.0, 1.0]]
    >>> norm.running_mean, norm.num_batches_tracked
    ([0.2, 2.0], 1)
    """

    def _is_batch(self, x: Any) -> bool:
        levels = depth(x)
        if isinstance(x, Batch) or levels > 2:
            return True
        if self.training and levels == 2 and is_list(x[0]) and len(x[0]) == self.num_features:
            return True  # examples of channels, as PyTorch reads it, even if there are as many examples as channels
        return _holds_examples(self, x, self.num_features)

    def _grid(self, x: Any) -> Grid:
        return grid_of(self, x, 2 if depth(x) > 1 else 1, self.num_features)


class BatchNorm2d(_BatchNorm):
    """Each channel of images is normalised by its mean and variance in the batch; see `BatchNorm1d`.

    One example is a list of channels, which are lists of rows.

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats
        As for `BatchNorm1d`.

    Returns
    -------
    nested lists of Value
        From a call with a batch of channels x rows x columns: of the same shape. In evaluation one example will do.

    Raises
    ------
    ValueError, TypeError, CompileError
        As for `BatchNorm1d`.

    Examples
    --------
    >>> [[[[a], [b]]]] = BatchNorm2d(1)([[[[1.0], [3.0]]]])
    >>> round(a.data, 3), round(b.data, 3)
    (-1.0, 1.0)
    """

    def _is_batch(self, x: Any) -> bool:
        return is_batch(x, 3)

    def _grid(self, x: Any) -> Grid:
        return grid_of(self, x, 3, self.num_features)


class _InstanceNorm(_Tracking):
    _levels: int

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
    ) -> None:
        super().__init__(num_features, eps, number("momentum", momentum), affine, track_running_stats)

    def forward(self, x: Any) -> Any:
        running = self._running_statistics()
        own = running is None
        statistics: list[tuple[list[Any], list[Any], int]] = []

        def normalised(x: Any) -> Any:
            channels, shape = grid_of(self, x, self._levels, self.num_features)
            if own and prod(shape) == 1:
                raise ValueError(
                    f"{called(self)} normalises by the variance of a channel of one example and takes more than 1 "
                    f"number of it, got {x!r:.60}"
                )
            made = [inside(f"channel{c + 1}", self._normalised, c, xs, running) for c, xs in enumerate(channels)]
            means, variances, ys = zip(*made)
            statistics.append((list(means), list(variances), prod(shape)))
            return [nested(channel, shape) for channel in ys]

        made = over(normalised, x, self._levels)
        if self.training and self.track_running_stats:
            counts = {count for _, _, count in statistics}
            if len(counts) != 1:
                raise ValueError(
                    f"{called(self)} keeps running statistics and takes examples of one shape, but the channels here "
                    f"have {' and '.join(map(str, sorted(counts)))} numbers"
                )
            means, variances = (
                [sum(xs) / float(len(statistics)) for xs in zip(*[both[i] for both in statistics])] for i in (0, 1)
            )
            self._track(means, variances, counts.pop())
        return made

    def _move(self, count: int, statistics: Sequence[float]) -> None:
        assert self.momentum is not None
        self._mix(self.momentum, statistics, count)  # batches are not counted, as in PyTorch


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each example is normalised by its own mean and variance (Ulyanov et al. 2016).

    Parameters
    ----------
    num_features, eps, affine
        As for `BatchNorm1d`.
    momentum : float
        The share of the newest batch in the running statistics.
    track_running_stats : bool
        If True means over the examples of a batch move running ones, which are used in evaluation.

    Returns
    -------
    nested lists of Value
        From a call with channels x length, or a batch of such: of the same shape.

    Raises
    ------
    ValueError
        As for `BatchNorm1d`; one example will do, but a channel must have more than one number.
    TypeError, CompileError
        As for `BatchNorm1d`.

    Examples
    --------
    >>> [[a, b]] = InstanceNorm1d(1)([[1.0, 3.0]])
    >>> round(a.data, 3), round(b.data, 3)
    (-1.0, 1.0)
    """

    _levels = 2


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each image is normalised by its own mean and variance; see `InstanceNorm1d`.

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats
        As for `InstanceNorm1d`.

    Returns
    -------
    nested lists of Value
        From a call with channels x rows x columns, or a batch of such: of the same shape.

    Examples
    --------
    >>> [[[a, b]]] = InstanceNorm2d(1)([[[1.0, 3.0]]])
    >>> round(a.data, 3), round(b.data, 3)
    (-1.0, 1.0)
    """

    _levels = 3


# --- of one example ---------------------------------------------------------------------------------------------


class GroupNorm(Module):
    """The channels of an example are split into groups, and each group is normalised (Wu and He 2018).

    y = weight * (x - mean) / sqrt(variance + eps) + bias, with the mean and the variance of the group, and a weight
    and a bias for each channel. No example has an influence on another one.

    Parameters
    ----------
    num_groups, num_channels : int
        The second is a multiple of the first.
    eps : float
        What keeps the divisor away from 0.
    affine : bool
        Whether there are weight and bias.

    Attributes
    ----------
    weight, bias : list of Value, or None
        One for each channel; they start at 1 and at 0.

    Returns
    -------
    nested lists of Value
        From a call with num_channels channels of any shape, or a batch of such: of the same shape.

    Raises
    ------
    ValueError
        If a setting is out of range, or, in a call, if the number of channels is different. Channels may have any
        shape, so that what has as many items as there are channels is one example unless it is a `Batch`. A list of so
        many lists of so many numbers is refused, because that is what `Linear` makes of a batch.
    TypeError
        If, in a call, there is anything but numbers.

    Examples
    --------
    >>> [round(y.data, 3) for y in GroupNorm(2, 4)([1.0, 3.0, 10.0, 30.0])]
    [-1.0, 1.0, -1.0, 1.0]
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        self.num_groups, self.num_channels = size("num_groups", num_groups), size("num_channels", num_channels)
        if num_channels % num_groups:
            raise ValueError(f"num_channels must be a multiple of num_groups, {num_groups}, not {num_channels}")
        self.eps, self.affine = number("eps", eps, positive=True), flag("affine", affine)
        self.weight = _parameters_of((self.num_channels,), 1.0, self.affine)
        self.bias = _parameters_of((self.num_channels,), 0.0, self.affine)

    def forward(self, x: Any) -> Any:
        x = listed(self, x)
        if _holds_examples(self, x, self.num_channels):
            made = [self._of_one(example) for example in x]
            return Batch(made) if isinstance(x, Batch) or depth(x) > 2 else made
        return self._of_one(x)

    def _of_one(self, x: Any) -> Any:
        channels, shape = grid_of(self, x, max(1, depth(x)), self.num_channels)
        size = self.num_channels // self.num_groups
        made: list[Any] = []
        for g in range(self.num_groups):
            group = range(g * size, (g + 1) * size)
            made += inside(f"group{g + 1}", self._of_group, [channels[c] for c in group], group)
        return [nested(channel, shape) for channel in made]

    def _of_group(self, channels: list[tuple[Value, ...]], numbers: range) -> list[list[Any]]:
        _, variance, centred = _moments([x for channel in channels for x in channel])
        each = len(channels[0])
        made = []
        for i, c in enumerate(numbers):
            weight, bias = (self.weight[c], self.bias[c]) if self.affine else (None, None)
            made.append(_scaled(centred[i * each : (i + 1) * each], variance, self.eps, weight, bias))
        return made

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class _WholeNorm(Module):
    """A layer that normalises all numbers of an example together, with a weight for each of them."""

    def __init__(self, normalized_shape: Any, eps: float | None, elementwise_affine: bool) -> None:
        given = tuple(normalized_shape) if isinstance(normalized_shape, (list, tuple)) else (normalized_shape,)
        if not given:
            raise ValueError("normalized_shape must have at least one number, but it is empty")
        self.normalized_shape = tuple([size("normalized_shape", n) for n in given])
        self.eps = None if eps is None else number("eps", eps, positive=True)
        self.elementwise_affine = flag("elementwise_affine", elementwise_affine)
        self.weight = _parameters_of(self.normalized_shape, 1.0, self.elementwise_affine)

    def forward(self, x: Any) -> Any:
        return over(self._of_one, x, len(self.normalized_shape))

    def _of_one(self, x: Any) -> Any:
        x = listed(self, x)
        shape = shape_of(self, x)
        if shape != self.normalized_shape:
            raise ValueError(
                f"{called(self)} takes {' x '.join(map(str, self.normalized_shape))} numbers, got "
                f"{' x '.join(map(str, shape))}: {x!r:.60}"
            )
        [xs], _ = grid_of(self, [x], len(shape) + 1)
        return nested(self._normalised(xs), shape)

    def _normalised(self, xs: Sequence[Value]) -> list[Any]:
        raise NotImplementedError

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LayerNorm(_WholeNorm):
    """The numbers of an example are normalised by their own mean and variance (Ba et al. 2016).

    y = weight * (x - mean) / sqrt(variance + eps) + bias, with a weight and a bias for each number.

    Parameters
    ----------
    normalized_shape : int or tuple of int
        The shape of an example; what is nested deeper is a batch, or a sequence, and each part is one example.
    eps : float
        What keeps the divisor away from 0.
    elementwise_affine : bool
        Whether there are weight and bias.
    bias : bool
        Whether there is a bias, if there is a weight.

    Attributes
    ----------
    weight, bias : (nested) lists of Value, or None
        Of shape normalized_shape; they start at 1 and at 0.

    Returns
    -------
    (nested) list of Value
        From a call with normalized_shape numbers, or with nested lists of such: of the same shape.

    Raises
    ------
    ValueError
        If a setting is out of range, or, in a call, if the shape is another one.
    TypeError
        If, in a call, there is anything but numbers.

    Examples
    --------
    >>> [round(y.data, 3) for y in LayerNorm(2)([1.0, 3.0])]
    [-1.0, 1.0]
    >>> LayerNorm(2)
    LayerNorm((2,), eps=1e-05, elementwise_affine=True)  # 4 parameters
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__(normalized_shape, number("eps", eps), elementwise_affine)
        self.bias = _parameters_of(self.normalized_shape, 0.0, flag("bias", bias) and self.elementwise_affine)

    def _normalised(self, xs: Sequence[Value]) -> list[Any]:
        _, variance, centred = _moments(xs)
        scale = pow(variance + self.eps, -0.5)
        made = [x * scale for x in centred]
        if self.weight is None:
            return made
        weights = flat(self.weight)
        if self.bias is None:
            return [w * y for w, y in zip(weights, made)]
        return [dot((w,), (y,), b) for w, y, b in zip(weights, made, flat(self.bias))]


class RMSNorm(_WholeNorm):
    """The numbers of an example are divided by the root of the mean of their squares (Zhang and Sennrich 2019).

    y = weight * x / sqrt(mean of the squares + eps), with a weight for each number.

    Parameters
    ----------
    normalized_shape, elementwise_affine
        As for `LayerNorm`.
    eps : float, optional
        What keeps the divisor away from 0; if not given, 2.2e-16, the distance from 1 to the next number.

    Attributes
    ----------
    weight : (nested) list of Value, or None
        Of shape normalized_shape; it starts at 1.

    Returns
    -------
    (nested) list of Value
        As for `LayerNorm`.

    Raises
    ------
    ValueError, TypeError
        As for `LayerNorm`.

    Examples
    --------
    >>> [round(y.data, 3) for y in RMSNorm(2)([1.0, 7.0])]
    [0.2, 1.4]
    """

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        super().__init__(normalized_shape, eps, elementwise_affine)

    def _normalised(self, xs: Sequence[Value]) -> list[Any]:
        eps = 2.0**-52 if self.eps is None else self.eps
        scale = pow(dot(xs, xs) / float(len(xs)) + eps, -0.5)
        made = [x * scale for x in xs]
        return made if self.weight is None else [w * y for w, y in zip(flat(self.weight), made)]
