"""Activations: functions of one number as modules, and softmax; which of them layers know by name.

A module here is applied to a Value, or to every number in nested lists. The functions themselves are operations of
``autograd``, or written in `functional`; those that need all numbers of a list at once, such as softmax, are in
`logits`. Nothing is changed in place, so there is no ``inplace``.
"""

from __future__ import annotations

import autograd
from autograd import Op, Value

from . import functional
from .batches import each
from .functional import coefficient
from .logits import by_row
from .module import Module, is_module_class
from .settings import meant, number, seeded, size, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from .functional import Seed

    Activation: TypeAlias = str | Callable[[Any], Any]


class Elementwise(Module):
    """A function of one number as a module: it is applied to a Value, or to each in a (nested) list.

    Subclasses set ``function``, or define ``each`` if the function has parameters.

    Parameters
    ----------
    *settings
        None are taken: the error says what to do if you call the class instead of a module made from it.

    Raises
    ------
    TypeError
        If there are any.

    Examples
    --------
    An activation of your own:

    >>> class Square(Elementwise):
    ...     function = autograd.square
    >>> Square()([1.0, -3.0])
    [1.0, 9.0]
    """

    function: Any = autograd.positive

    def __init__(self, *settings: Any) -> None:
        if settings:
            name = type(self).__name__
            raise TypeError(
                f"{name} takes no settings; make it first, then call it: {name}()(x); got {settings[0]!r:.60}"
            )

    def each(self, x: Any) -> Any:
        """Apply the function to one Value or number."""
        return self.function(x)

    def forward(self, x: Any) -> Any:
        return each(self.each, x)


class Identity(Elementwise):
    """x itself.

    Examples
    --------
    >>> Identity()([1.0, 2.0])
    [1.0, 2.0]
    """

    def each(self, x: Any) -> Any:
        return x


class ReLU(Elementwise):
    """max(x, 0).

    Examples
    --------
    >>> ReLU()([-1.0, 2.0])
    [0.0, 2.0]
    """

    function = autograd.relu


class LeakyReLU(Elementwise):
    """x above 0, else negative_slope * x. The slope may be a Value: then it is learnt, as in PyTorch's PReLU.

    Parameters
    ----------
    negative_slope : float or Value

    Raises
    ------
    TypeError, ValueError
        If negative_slope is not a finite number.

    Examples
    --------
    >>> LeakyReLU(0.5)([-1.0, 2.0])
    [-0.5, 2.0]
    """

    function = autograd.leaky_relu

    def __init__(self, negative_slope: Any = 0.01) -> None:
        self.negative_slope = coefficient("negative_slope", negative_slope)

    def each(self, x: Any) -> Any:
        return self.function(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"{self.negative_slope}"


class ELU(Elementwise):
    """x above 0, else alpha * (e**x - 1) (Clevert et al. 2015).

    Parameters
    ----------
    alpha : float or Value
        How far below 0 it goes: its limit is -alpha.

    Raises
    ------
    TypeError, ValueError
        If alpha is not a finite number.

    Examples
    --------
    >>> ELU()([0.0, 2.0])
    [0.0, 2.0]
    """

    function = autograd.elu

    def __init__(self, alpha: Any = 1.0) -> None:
        self.alpha = coefficient("alpha", alpha)

    def each(self, x: Any) -> Any:
        return self.function(x, self.alpha)

    def extra_repr(self) -> str:
        return f"{self.alpha}"


class SELU(Elementwise):
    """Scaled ELU (Klambauer et al. 2017).

    Examples
    --------
    >>> SELU()(0.0)
    0.0
    """

    function = autograd.selu


class Sigmoid(Elementwise):
    """1 / (1 + e**-x).

    Examples
    --------
    >>> Sigmoid()(0.0)
    0.5
    """

    function = autograd.sigmoid


class Tanh(Elementwise):
    """Hyperbolic tangent.

    Examples
    --------
    >>> Tanh()(0.0)
    0.0
    """

    function = autograd.tanh


class Softplus(Elementwise):
    """log(1 + e**(beta x)) / beta, and x itself where beta x is above the threshold; see `functional.softplus`.

    The activation that layers know as "softplus" has no threshold.

    Parameters
    ----------
    beta : float
        How sharp the bend is; above 0.
    threshold : float

    Raises
    ------
    TypeError, ValueError
        As for `functional.softplus`.

    Examples
    --------
    >>> Softplus()(1000.0)
    1000.0
    """

    function = autograd.softplus

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        functional.softplus([], beta, threshold)  # raises if they are not numbers, or beta is not positive
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Any:
        return functional.softplus(x, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class SiLU(Elementwise):
    """x * sigmoid(x), also called swish (Elfwing et al. 2017).

    Examples
    --------
    >>> SiLU()(0.0)
    0.0
    """

    function = autograd.silu


class GELU(Elementwise):
    """x * ndtr(x), the exact form, or its approximation by "tanh"; see `functional.gelu`.

    Parameters
    ----------
    approximate : {"none", "tanh"}

    Raises
    ------
    ValueError
        If there is no such approximation.

    Examples
    --------
    >>> GELU()(0.0), round(GELU("tanh")(1.0), 4)
    (0.0, 0.8412)
    """

    function = autograd.gelu

    def __init__(self, approximate: str = "none") -> None:
        functional.gelu([], approximate)  # raises if there is no such form
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        return functional.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class ReLU6(Elementwise):
    """min(max(x, 0), 6); see `functional.relu6`.

    Examples
    --------
    >>> ReLU6()([-1.0, 2.0, 8.0])
    [0.0, 2.0, 6.0]
    """

    def forward(self, x: Any) -> Any:
        return functional.relu6(x)


class CELU(Elementwise):
    """x above 0, else alpha * (e**(x/alpha) - 1); see `functional.celu`.

    Parameters
    ----------
    alpha : float
        How far below 0 it goes; not 0.

    Raises
    ------
    TypeError, ValueError
        As for `functional.celu`.

    Examples
    --------
    >>> CELU()([0.0, 2.0])
    [0.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        functional.celu([], alpha)  # raises if it is 0, or no number
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return functional.celu(x, self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class PReLU(Elementwise):
    """x above 0, else w * x, with a slope w that is learnt; see `functional.prelu`.

    Parameters
    ----------
    num_parameters : int
        1, or the number of channels.
    init : float
        What the slopes begin with.

    Attributes
    ----------
    weight : list of Value

    Examples
    --------
    >>> PReLU()([-1.0, 2.0])[0].data
    -0.25
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        n, start = size("num_parameters", num_parameters), number("init", init)
        self.weight = [Value(start) for _ in range(n)]

    def forward(self, x: Any) -> Any:
        return functional.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={len(self.weight)}"


class RReLU(Elementwise):
    """x above 0, else r * x, with r drawn from lower to upper; after ``eval()`` their mean; see `functional.rrelu`.

    A compiled program draws anew at every call.

    Parameters
    ----------
    lower, upper : float
    seed : int or random.Random, optional
        Where the random numbers come from; if not given, from Python's ``random`` module.

    Examples
    --------
    >>> RReLU(0.25, 0.75).eval()([-1.0, 2.0])
    [-0.5, 2.0]
    """

    def __init__(self, lower: float = 1.0 / 8.0, upper: float = 1.0 / 3.0, *, seed: Seed = None) -> None:
        functional.rrelu([], lower, upper)  # raises if they are not bounds
        self.lower, self.upper = lower, upper
        # None stands for the global generator: if it were stored here, a copy of the module would copy it.
        self._random = None if seed is None else seeded(seed)

    def forward(self, x: Any) -> Any:
        return functional.rrelu(x, self.lower, self.upper, self.training, seed=self._random)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}"


class Mish(Elementwise):
    """x * tanh(softplus(x)); see `functional.mish`.

    Examples
    --------
    >>> Mish()(0.0)
    0.0
    """

    function = staticmethod(functional.mish)


class Softsign(Elementwise):
    """x / (1 + abs(x)); see `functional.softsign`.

    Examples
    --------
    >>> Softsign()([-1.0, 3.0])
    [-0.5, 0.75]
    """

    function = staticmethod(functional.softsign)


class Hardtanh(Elementwise):
    """x, held between min_val and max_val; see `functional.hardtanh`.

    Parameters
    ----------
    min_val, max_val : float

    Raises
    ------
    TypeError, ValueError
        As for `functional.hardtanh`.

    Examples
    --------
    >>> Hardtanh()([-2.0, 0.5, 2.0])
    [-1.0, 0.5, 1.0]
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        functional.hardtanh([], min_val, max_val)  # raises if they are not bounds
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Any:
        return functional.hardtanh(x, self.min_val, self.max_val)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}"


class Hardsigmoid(Elementwise):
    """(x + 3) / 6, held between 0 and 1; see `functional.hardsigmoid`.

    Examples
    --------
    >>> Hardsigmoid()([-4.0, 0.0, 4.0])
    [0.0, 0.5, 1.0]
    """

    function = staticmethod(functional.hardsigmoid)


class Hardswish(Elementwise):
    """x * hardsigmoid(x); see `functional.hardswish`.

    Examples
    --------
    >>> Hardswish()([-4.0, 0.0, 4.0])
    [0.0, 0.0, 4.0]
    """

    function = staticmethod(functional.hardswish)


class LogSigmoid(Elementwise):
    """log(sigmoid(x)); see `functional.logsigmoid`.

    Examples
    --------
    >>> LogSigmoid()([-1000.0, 40.0])
    [-1000.0, -4.248354255291589e-18]
    """

    function = staticmethod(functional.logsigmoid)


class Tanhshrink(Elementwise):
    """x - tanh(x); see `functional.tanhshrink`.

    Examples
    --------
    >>> Tanhshrink()([0.0, 1000.0])
    [0.0, 999.0]
    """

    function = staticmethod(functional.tanhshrink)


class Softshrink(Elementwise):
    """x, moved towards 0 by lambd, and 0 between -lambd and lambd; see `functional.softshrink`.

    Parameters
    ----------
    lambd : float
        Not negative.

    Raises
    ------
    TypeError, ValueError
        If lambd is negative, or not a number.

    Examples
    --------
    >>> Softshrink()([-2.0, 0.25, 2.0])
    [-1.5, 0.0, 1.5]
    """

    def __init__(self, lambd: float = 0.5) -> None:
        functional.softshrink([], lambd)  # raises if it is negative, or no number
        self.lambd = lambd

    def forward(self, x: Any) -> Any:
        return functional.softshrink(x, self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Hardshrink(Elementwise):
    """x, but 0 between -lambd and lambd; see `functional.hardshrink`.

    Parameters
    ----------
    lambd : float
        Not negative.

    Raises
    ------
    TypeError, ValueError
        If lambd is negative, or not a number.

    Examples
    --------
    >>> Hardshrink()([-2.0, 0.25, 2.0])
    [-2.0, 0.0, 2.0]
    """

    def __init__(self, lambd: float = 0.5) -> None:
        functional.hardshrink([], lambd)  # raises if it is negative, or no number
        self.lambd = lambd

    def forward(self, x: Any) -> Any:
        return functional.hardshrink(x, self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Threshold(Elementwise):
    """x above the threshold, else the value; see `functional.threshold`.

    Parameters
    ----------
    threshold, value : float

    Raises
    ------
    TypeError, ValueError
        If one is not a finite number.

    Examples
    --------
    >>> Threshold(1.0, -1.0)([0.5, 2.0])
    [-1.0, 2.0]
    """

    def __init__(self, threshold: float, value: float) -> None:
        functional.threshold([], threshold, value)  # raises if they are not numbers
        self.threshold, self.value = threshold, value

    def forward(self, x: Any) -> Any:
        return functional.threshold(x, self.threshold, self.value)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}"


ACTIVATIONS: dict[str, type[Elementwise]] = {
    kind.function.name: kind for kind in (ReLU, LeakyReLU, ELU, SELU, Sigmoid, Tanh, Softplus, SiLU, GELU)
}
"""The activations that layers know by name: the operations whose row in `autograd.ops` names an activation."""

for _op in vars(autograd).values():
    if isinstance(_op, Op) and _op.activation and _op.name not in ACTIVATIONS:
        ACTIVATIONS[_op.name] = type(
            _op.activation, (Elementwise,), {"function": _op, "__doc__": _op.__doc__, "__module__": "nn"}
        )
        globals()[_op.activation] = ACTIVATIONS[_op.name]  # replaces a class of that name above, if there is one


class Rows(Module):
    """A function of a whole list as a module: it is applied to a list, or to each of the innermost lists in it.

    Subclasses set ``function``.

    Parameters
    ----------
    dim : int
        PyTorch's name for a level of lists: -1, the innermost ones, or their number from 0.
    """

    function: Any = functional.softmax

    def __init__(self, dim: int = -1) -> None:
        self.dim = whole("dim", dim)

    def forward(self, x: Any) -> Any:
        return by_row(type(self).__name__, self.function, x, self.dim)

    def extra_repr(self) -> str:
        return "" if self.dim == -1 else f"dim={self.dim}"


class Softmax(Rows):
    """`functional.softmax` of a list, or of the innermost lists in it.

    Parameters
    ----------
    dim : int
        A level of lists: -1, the innermost ones, or their number from 0. There is no other choice.

    Returns
    -------
    list of Value or number, or nested lists
        From a call with a list, or nested lists: of the same shape.

    Raises
    ------
    ValueError, TypeError
        In a call, as for `functional.softmax`.

    Examples
    --------
    >>> Softmax()([[0.0, 0.0], [1.0, 1.0]])
    [[0.5, 0.5], [0.5, 0.5]]
    """

    function = staticmethod(functional.softmax)


class LogSoftmax(Rows):
    """`functional.log_softmax` of a list, or of the innermost lists in it.

    Parameters
    ----------
    dim : int
        A level of lists: -1, the innermost ones, or their number from 0. There is no other choice.

    Returns
    -------
    list of Value or number, or nested lists
        From a call with a list, or nested lists: of the same shape.

    Raises
    ------
    ValueError, TypeError
        In a call, as for `functional.log_softmax`.

    Examples
    --------
    >>> LogSoftmax()([40.0, 0.0])
    [-4.248354255291589e-18, -40.0]
    """

    function = staticmethod(functional.log_softmax)


class Softmin(Rows):
    """`functional.softmin` of a list, or of the innermost lists in it.

    Parameters
    ----------
    dim : int
        A level of lists: -1, the innermost ones, or their number from 0. There is no other choice.

    Returns
    -------
    list of Value or number, or nested lists
        From a call with a list, or nested lists: of the same shape.

    Raises
    ------
    ValueError, TypeError
        In a call, as for `functional.softmin`.

    Examples
    --------
    >>> Softmin()([0.0, 1000.0])
    [1.0, 0.0]
    """

    function = staticmethod(functional.softmin)


class GLU(Rows):
    """`functional.glu` of a list, or of the innermost lists in it: its first half, gated by the second.

    Parameters
    ----------
    dim : int
        A level of lists: -1, the innermost ones, or their number from 0. There is no other choice.

    Returns
    -------
    list of Value or number, or nested lists
        From a call with a list of an even length, or nested lists: half as many.

    Raises
    ------
    ValueError, TypeError
        In a call, as for `functional.glu`.

    Examples
    --------
    >>> GLU()([3.0, 4.0, 0.0, 1000.0])
    [1.5, 4.0]
    """

    function = staticmethod(functional.glu)


def activation_function(activation: Activation | None) -> tuple[str, Callable[[Any], Any]]:
    """The name of an activation in a neuron's repr, and the function; a method of Value, if there is one, is faster."""
    if activation is None:
        return "Linear", Value.__pos__
    name = activation.name if isinstance(activation, Op) else activation
    if isinstance(name, str) and name in ACTIVATIONS:
        return ACTIVATIONS[name].__name__, getattr(Value, name)
    if isinstance(activation, str):
        raise ValueError(
            f"there is no activation {activation!r}{meant(activation, ACTIVATIONS)}; choose one of "
            f"{', '.join(ACTIVATIONS)}, or give a function"
        )
    if is_module_class(activation):
        kind = activation.__name__
        raise TypeError(f"activation must be a name or a function of a Value, but {kind} is a class; write {kind}()")
    if not callable(activation):
        raise TypeError(f"activation must be a name or a function of a Value, not {activation!r:.60}")
    return getattr(activation, "__name__", type(activation).__name__), activation
