"""Layers that drop some of their inputs at random in training: single numbers, or whole channels.

A compiled program draws new random numbers at every call, for each example (see `autograd.ask`).
"""

from __future__ import annotations

from functools import partial

from autograd import ask

from .batches import each, flat, over
from .grids import channels_in
from .module import Module
from .settings import number, seeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .layers import Seed


class _Dropout(Module):
    """A dropout layer; subclasses define what is dropped together, and what takes its place."""

    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        self.p = p
        # None stands for the global generator: if it were stored here, a copy of the module would copy it.
        self._random = None if seed is None else seeded(seed)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "p":
            value = self._probability(value)
        super().__setattr__(name, value)

    def _probability(self, x: object) -> float:
        wanted = f"{type(self).__name__} takes a probability between 0 and 1, not {x!r:.60}"
        try:
            p = number("p", x)
        except (TypeError, ValueError) as error:
            raise type(error)(wanted) from None
        if not 0.0 <= p <= 1.0:
            raise ValueError(wanted)
        return p

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0.0:
            return x
        return self._dropped(x)

    def _dropped(self, x: Any) -> Any:
        raise NotImplementedError

    def _factors(self, count: int) -> list[float]:
        """A random factor for each of `count` numbers: 0 with probability p, else `_kept_factor()`."""
        generator = seeded(self._random)
        return [0.0 if generator.random() < self.p else self._kept_factor() for _ in range(count)]

    def _kept_factor(self) -> float:
        return 1.0 / (1.0 - self.p)

    def _times(self, x: Any, factor: Any) -> Any:
        try:
            return x * factor
        except TypeError:
            name = type(self).__name__
            raise TypeError(f"{name} takes numbers, not {type(x).__name__}: {x!r:.60}") from None

    def extra_repr(self) -> str:
        return f"{self.p}"


class Dropout(_Dropout):
    """In training each number is set to 0 with probability p, and the others are divided by 1 - p.

    So the mean stays as it is. After ``eval()`` nothing is changed (Srivastava et al. 2014).

    Parameters
    ----------
    p : float
        Probability, from 0 to 1.
    seed : int or random.Random, optional
        Where the random numbers come from; if not given, from Python's ``random`` module.

    Returns
    -------
    Value or number, or (nested) list of them
        From a call: of the shape of what it is given.

    Raises
    ------
    ValueError
        If p is not a probability, also when it is set later.
    TypeError
        If p, or what is given in a call, is not a number, or the seed is not a seed.

    Examples
    --------
    >>> sorted(set(Dropout(0.5, seed=0)([1.0] * 100)))
    [0.0, 2.0]
    >>> Dropout(0.5).eval()([1.0, 2.0])
    [1.0, 2.0]
    """

    def _dropped(self, x: Any) -> Any:
        factors = iter(ask(self._factors, len(flat(x))))
        return each(lambda item: self._times(item, next(factors)), x)


class _ChannelDropout(_Dropout):
    _levels: int

    def _dropped(self, x: Any) -> Any:
        def of_one(x: Any) -> Any:
            channels = channels_in(self, x, self._levels)
            factors = ask(self._factors, len(channels))
            return [each(partial(self._times, factor=factor), c) for c, factor in zip(channels, factors)]

        return over(of_one, x, self._levels)


class Dropout1d(_ChannelDropout):
    """In training whole channels are set to 0, each with probability p, and the others divided by 1 - p.

    Neighbouring numbers are nearly the same, so dropping one of them removes little (Tompson et al. 2015). An example
    is a list of channels, which are lists of numbers.

    Parameters
    ----------
    p, seed
        As for `Dropout`.

    Returns
    -------
    nested lists
        From a call with channels x length, or a batch of such: of the same shape.

    Raises
    ------
    ValueError, TypeError
        As for `Dropout`.

    Examples
    --------
    >>> Dropout1d(0.5, seed=1)([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    [[0.0, 0.0], [2.0, 2.0], [2.0, 2.0]]
    """

    _levels = 2


class Dropout2d(_ChannelDropout):
    """In training whole channels of an image are set to 0; see `Dropout1d`.

    Parameters
    ----------
    p, seed
        As for `Dropout`.

    Returns
    -------
    nested lists
        From a call with channels x rows x columns, or a batch of such: of the same shape.

    Examples
    --------
    >>> Dropout2d(0.5, seed=1)([[[1.0]], [[1.0]], [[1.0]]])
    [[[0.0]], [[2.0]], [[2.0]]]
    """

    _levels = 3


class AlphaDropout(_Dropout):
    """Dropout for networks of `SELU`: mean 0 and variance 1 stay as they are (Klambauer et al. 2017).

    In training each number becomes -1.758, SELU's value far below 0, with probability p. Then all are multiplied by
    a = 1 / sqrt((1 - p) (1 + p * 1.758**2)), and a * p * 1.758 is added.

    Parameters
    ----------
    p, seed
        As for `Dropout`. With p = 1 everything becomes 0.

    Returns
    -------
    Value or number, or (nested) list of them
        From a call: of the shape of what it is given.

    Raises
    ------
    ValueError, TypeError
        As for `Dropout`.

    Examples
    --------
    >>> ys = AlphaDropout(0.5, seed=0)([1.0, 1.0, 1.0])
    >>> [round(y, 3) for y in ys]
    [1.666, 1.666, -0.779]
    """

    def _kept_factor(self) -> float:
        return 1.0

    def _dropped(self, x: Any) -> Any:
        bottom, p = -1.0507009873554805 * 1.6732632423543772, self.p  # the limit of selu(x) as x goes to -infinity
        scale = ((1.0 - p) * (1.0 + p * bottom * bottom)) ** -0.5 if p < 1.0 else 0.0
        shift = -scale * p * bottom
        factors = iter(ask(self._factors, len(flat(x))))

        def changed(item: Any) -> Any:
            kept = next(factors)
            return self._times(item, scale * kept) + (scale * bottom * (1.0 - kept) + shift)

        return each(changed, x)
