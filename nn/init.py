"""How weights start: each function here makes an initialiser, which draws one weight at a time.

An initialiser is a function ``(random, nin, nout) -> float`` of a random number generator and of the numbers of
inputs and outputs of the layer. Layers take one as ``init=``, or the name of a function here.

A sum of nin products has nin times the variance of one of them. The Xavier and Kaiming initialisers choose the
weights' variance so that activations, and on the way back gradients, neither vanish nor explode from layer to
layer: Var(w) = gain**2 / fan.

An argument that is not a finite number raises a TypeError or a ValueError, and so does a negative standard deviation.
"""

from __future__ import annotations

import math

from autograd import Value

from .settings import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    Initialiser: TypeAlias = Callable[[random.Random, int, int], float]
    Init: TypeAlias = str | Initialiser | Callable[[], Initialiser]

__all__ = [
    "calculate_gain",
    "constant",
    "kaiming_normal",
    "kaiming_uniform",
    "normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that makes up for how much an activation shrinks the standard deviation of its input.

    It is 1 for ``"linear"``, ``"identity"`` and ``"sigmoid"``, 5/3 for ``"tanh"``, sqrt(2) for ``"relu"``,
    sqrt(2 / (1 + slope**2)) for ``"leaky_relu"`` and 3/4 for ``"selu"``: PyTorch's table. relu's follows from
    halving E[x**2] (He et al. 2015, equation 10), those of tanh and selu were found by experiment.

    Parameters
    ----------
    nonlinearity : str
        The activation's name.
    param : float, optional
        The slope of leaky_relu, 0.01 if not given.

    Raises
    ------
    ValueError
        If no gain is known for the activation.
    TypeError
        If param is not a number.

    Examples
    --------
    >>> calculate_gain("leaky_relu", 1.0)
    1.0
    """
    slope = 0.01 if param is None else number("param", param)
    gains = {
        "linear": 1.0,
        "identity": 1.0,
        "sigmoid": 1.0,
        "tanh": 5.0 / 3.0,
        "relu": math.sqrt(2.0),
        "leaky_relu": math.sqrt(2.0 / (1.0 + slope * slope)),
        "selu": 0.75,
    }
    if not isinstance(nonlinearity, str) or nonlinearity not in gains:
        raise ValueError(
            f"no gain is known for {nonlinearity!r}, only for {', '.join(gains)}; give an init of your own"
        )
    return gains[nonlinearity]


def uniform(low: float = -1.0, high: float = 1.0) -> Initialiser:
    """Uniform in [low, high]; with its defaults, micrograd's.

    Parameters
    ----------
    low, high : float

    Examples
    --------
    >>> import random
    >>> -0.1 <= uniform(-0.1, 0.1)(random.Random(0), 3, 4) <= 0.1
    True
    """
    low, high = number("low", low), number("high", high)
    return lambda random, nin, nout: random.uniform(low, high)


def normal(mean: float = 0.0, std: float = 1.0) -> Initialiser:
    """Normal with the given mean and standard deviation.

    Parameters
    ----------
    mean, std : float

    Examples
    --------
    >>> import random
    >>> normal(5.0, 0.0)(random.Random(0), 3, 4)
    5.0
    """
    mean, std = number("mean", mean), number("std", std, positive=True)
    return lambda random, nin, nout: random.gauss(mean, std)


def constant(value: float) -> Initialiser:
    """Always `value`. Neurons that start equal and have equal inputs stay equal: good for a test, not for learning.

    Parameters
    ----------
    value : float

    Examples
    --------
    >>> import random
    >>> constant(0.5)(random.Random(0), 3, 4)
    0.5
    """
    value = number("value", value)
    return lambda random, nin, nout: value


def zeros() -> Initialiser:
    """Always 0; see `constant`.

    Examples
    --------
    >>> import random
    >>> zeros()(random.Random(0), 3, 4)
    0.0
    """
    return constant(0.0)


def xavier_uniform(gain: float = 1.0) -> Initialiser:
    """Uniform in ±gain sqrt(6 / (nin + nout)) (Glorot and Bengio 2010, equation 16).

    Parameters
    ----------
    gain : float
        What the activation makes up for; see `calculate_gain`.

    Examples
    --------
    >>> import random
    >>> abs(xavier_uniform()(random.Random(0), 3, 3)) <= 1.0
    True
    """
    gain = number("gain", gain)
    return lambda random, nin, nout: _uniform(random, gain, (nin + nout) / 2)


def xavier_normal(gain: float = 1.0) -> Initialiser:
    """Normal with standard deviation gain sqrt(2 / (nin + nout)) (Glorot and Bengio 2010, equation 12).

    Parameters
    ----------
    gain : float
        What the activation makes up for; see `calculate_gain`.

    Examples
    --------
    >>> import random
    >>> xavier_normal(gain=0.0)(random.Random(0), 3, 4)
    0.0
    """
    gain = number("gain", gain)
    return lambda random, nin, nout: _normal(random, gain, (nin + nout) / 2)


def kaiming_uniform(nonlinearity: str = "relu", *, param: float | None = None, mode: str = "fan_in") -> Initialiser:
    """Uniform in ±gain sqrt(3 / fan) (He et al. 2015, equation 10).

    Parameters
    ----------
    nonlinearity, param
        The activation, for `calculate_gain`.
    mode : {"fan_in", "fan_out"}
        Whether fan is nin, which keeps the activations' variance, or nout, which keeps the gradients'.

    Raises
    ------
    ValueError
        If the activation's gain is not known, or the mode is neither.

    Examples
    --------
    >>> import random
    >>> abs(kaiming_uniform("linear")(random.Random(0), 3, 4)) <= 1.0
    True
    """
    gain, fan = calculate_gain(nonlinearity, param), _fan(mode)
    return lambda random, nin, nout: _uniform(random, gain, fan(nin, nout))


def kaiming_normal(nonlinearity: str = "relu", *, param: float | None = None, mode: str = "fan_in") -> Initialiser:
    """Normal with standard deviation gain / sqrt(fan) (He et al. 2015, equation 10); see `kaiming_uniform`.

    Parameters
    ----------
    nonlinearity, param, mode
        As for `kaiming_uniform`.

    Examples
    --------
    >>> import random
    >>> isinstance(kaiming_normal("tanh")(random.Random(0), 3, 4), float)
    True
    """
    gain, fan = calculate_gain(nonlinearity, param), _fan(mode)
    return lambda random, nin, nout: _normal(random, gain, fan(nin, nout))


def _uniform(random: random.Random, gain: float, fan: float) -> float:
    bound = gain * math.sqrt(3.0 / fan)  # of the uniform distribution whose variance is gain**2 / fan
    return random.uniform(-bound, bound)


def _normal(random: random.Random, gain: float, fan: float) -> float:
    return random.gauss(0.0, gain / math.sqrt(fan))


def _fan(mode: str) -> Callable[[int, int], int]:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', not {mode!r}")
    return (lambda nin, nout: nin) if mode == "fan_in" else (lambda nin, nout: nout)


_NAMED: dict[str, Callable[[], Initialiser]] = {
    function.__name__: function
    for function in (uniform, normal, zeros, xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal)
}


def find(init: Init) -> Initialiser:
    """The initialiser that `init` stands for: a name, a function of this module, or an initialiser itself.

    Raises
    ------
    ValueError
        If there is none of that name.
    TypeError
        If `init` is neither a name nor a function.

    Examples
    --------
    >>> import random
    >>> find("zeros")(random.Random(0), 3, 4)
    0.0
    """
    if isinstance(init, str):
        if init not in _NAMED:
            raise ValueError(
                f"there is no initialisation {init!r}; choose one of {', '.join(_NAMED)}, or give a function "
                "(random, nin, nout) -> float"
            )
        return _NAMED[init]()
    if not callable(init):
        raise TypeError(f"init must be a name or a function (random, nin, nout) -> float, not {init!r:.60}")
    return init() if init in _NAMED.values() else init  # type: ignore[call-arg, return-value]


def drawn(shape: Sequence[int], draw: Initialiser, generator: random.Random, fan_in: int, fan_out: int) -> Any:
    """Parameters in nested lists of a shape, drawn by an initialiser in the order in which the last index runs fastest.

    Raises
    ------
    TypeError
        If the initialiser cannot be called as initialisers are, or gives no number.

    Examples
    --------
    >>> import random
    >>> drawn((2, 3), zeros(), random.Random(0), 3, 2)[1][2]
    Value(data=0.0, grad=0.0)
    """
    if shape:
        return [drawn(shape[1:], draw, generator, fan_in, fan_out) for _ in range(shape[0])]
    try:
        number = draw(generator, fan_in, fan_out)
    except TypeError as error:
        raise _signature_error(draw) or error from None
    try:
        return Value(number)
    except (TypeError, OverflowError):
        raise TypeError(f"init must give a number for each weight, not {number!r:.60}") from None


def _signature_error(draw: Callable[..., Any]) -> TypeError | None:
    """A TypeError if `draw` does not take the arguments of an initialiser, else None."""
    from inspect import signature

    try:
        signature(draw).bind(None, 1, 1)
    except TypeError:
        name = getattr(draw, "__name__", type(draw).__name__)
        return TypeError(f"init must be a function (random, nin, nout) -> float, but {name} takes other arguments")
    except ValueError:  # a function of C whose signature is not known
        pass
    return None
