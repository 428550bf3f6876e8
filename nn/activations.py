"""Activations: functions of one number as modules, and softmax; which of them layers know by name.

A module here is applied to a Value, or to every number in nested lists. The functions themselves are operations of
``autograd``; softmax, which needs all numbers of a list at once, is in `functional`.
"""

from __future__ import annotations

import autograd
from autograd import Op, Value

from .batches import Batch, each, is_list
from .logits import log_softmax, softmax
from .module import Module, is_module_class
from .settings import meant, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Activation: TypeAlias = str | Callable[[Any], Any]


class Elementwise(Module):
    """A function of one number as a module: it is applied to a Value, or to each in a (nested) list.

    Subclasses set ``function``, or define ``each`` if the function has parameters.
    """

    function: Any = autograd.positive

    def each(self, x: Any) -> Any:
        """The function of one Value or number."""
        return self.function(x)

    def forward(self, x: Any) -> Any:
        return each(self.each, x)


class Identity(Elementwise):
    """x itself.

    >>> Identity()([1.0, 2.0])
    [1.0, 2.0]
    """

    def each(self, x: Any) -> Any:
        return x


class ReLU(Elementwise):
    """max(x, 0).

    >>> ReLU()([-1.0, 2.0])
    [0.0, 2.0]
    """

    function = autograd.relu


class LeakyReLU(Elementwise):
    """x above 0, else negative_slope * x. The slope may be a Value: then it is learnt, as in PyTorch's PReLU.

    >>> LeakyReLU(0.5)([-1.0, 2.0])
    [-0.5, 2.0]
    """

    function = autograd.leaky_relu

    def __init__(self, negative_slope: Any = 0.01) -> None:
        self.negative_slope = _coefficient("negative_slope", negative_slope)

    def each(self, x: Any) -> Any:
        return self.function(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"{self.negative_slope}"


class ELU(Elementwise):
    """x above 0, else alpha * (e**x - 1) (Clevert et al. 2015).

    >>> ELU()([0.0, 2.0])
    [0.0, 2.0]
    """

    function = autograd.elu

    def __init__(self, alpha: Any = 1.0) -> None:
        self.alpha = _coefficient("alpha", alpha)

    def each(self, x: Any) -> Any:
        return self.function(x, self.alpha)

    def extra_repr(self) -> str:
        return f"{self.alpha}"


class SELU(Elementwise):
    """Scaled ELU (Klambauer et al. 2017).

    >>> SELU()(0.0)
    0.0
    """

    function = autograd.selu


class Sigmoid(Elementwise):
    """1 / (1 + e**-x).

    >>> Sigmoid()(0.0)
    0.5
    """

    function = autograd.sigmoid


class Tanh(Elementwise):
    """Hyperbolic tangent.

    >>> Tanh()(0.0)
    0.0
    """

    function = autograd.tanh


class Softplus(Elementwise):
    """log(1 + e**x).

    >>> Softplus()(1000.0)
    1000.0
    """

    function = autograd.softplus


class SiLU(Elementwise):
    """x * sigmoid(x), also called swish (Elfwing et al. 2017).

    >>> SiLU()(0.0)
    0.0
    """

    function = autograd.silu


class GELU(Elementwise):
    """x * ndtr(x), the exact form (Hendrycks and Gimpel 2016).

    >>> GELU()(0.0)
    0.0
    """

    function = autograd.gelu


ACTIVATIONS: dict[str, type[Elementwise]] = {
    kind.function.name: kind for kind in (ReLU, LeakyReLU, ELU, SELU, Sigmoid, Tanh, Softplus, SiLU, GELU)
}
"""The activations that layers know by name: every operation that says it is one."""

for _op in vars(autograd).values():
    if isinstance(_op, Op) and _op.activation and _op.name not in ACTIVATIONS:
        ACTIVATIONS[_op.name] = type(
            _op.activation, (Elementwise,), {"function": _op, "__doc__": _op.__doc__, "__module__": "nn"}
        )


class Softmax(Module):
    """`functional.softmax` of a list, or of the innermost lists in it.

    >>> Softmax()([[0.0, 0.0], [1.0, 1.0]])
    [[0.5, 0.5], [0.5, 0.5]]
    """

    def forward(self, x: Any) -> Any:
        return _rows("Softmax", softmax, x)


class LogSoftmax(Module):
    """`functional.log_softmax` of a list, or of the innermost lists in it.

    >>> LogSoftmax()([40.0, 0.0])
    [-4.248354255291589e-18, -40.0]
    """

    def forward(self, x: Any) -> Any:
        return _rows("LogSoftmax", log_softmax, x)


def _coefficient(name: str, x: Any) -> Any:
    return x if isinstance(x, Value) else number(name, x)


def _rows(name: str, function: Callable[[Any], Any], x: Any) -> Any:
    if not is_list(x):
        raise TypeError(f"{name} takes a list of numbers, or nested lists, not {type(x).__name__}: {x!r:.60}")
    if len(x) == 0 or not is_list(x[0]):
        return function(x)
    made = [_rows(name, function, row) for row in x]
    return Batch(made) if isinstance(x, Batch) else made


def activation_function(activation: Activation | None) -> tuple[str, Callable[[Any], Any]]:
    """What a neuron's repr calls it, and what computes it: a Value's own method, where there is one, is faster."""
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
        raise TypeError(f"activation must be a name or a function of a Value, and {kind} is a class; write {kind}()")
    if not callable(activation):
        raise TypeError(f"activation must be a name or a function of a Value, not {activation!r:.60}")
    return getattr(activation, "__name__", type(activation).__name__), activation
