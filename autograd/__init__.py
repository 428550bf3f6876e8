"""glassgrad's engine: scalar reverse-mode automatic differentiation that you can see through.

`Value` records what is computed with it, and ``backward()`` gives the gradients. The functions below apply to
Values, to numbers, and to NumPy arrays alike. Importing this package loads nothing but the standard library.

>>> from autograd import Value
>>> w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(1.0, "b")
>>> y = (w * x + b).tanh()
>>> y.backward()
>>> round(w.grad, 6)
0.141302
"""

from . import value as _value
from ._mypyc import SourceDocstring
from .checks import AnomalyError, GradcheckError, detect_anomaly, gradcheck
from .files import write_text
from .functional import grad, hessian, hvp, jacobian, jvp, value_and_grad
from .graph import Graph
from .modes import enable_grad, no_grad
from .ops import (
    Op,
    acos,
    add,
    asin,
    atan,
    atan2,
    clip,
    cos,
    cosh,
    div,
    elu,
    equal,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    logsumexp,
    maximum,
    minimum,
    mul,
    ndtr,
    neg,
    op,
    positive,
    prod,
    reciprocal,
    relu,
    sech,
    selu,
    sigmoid,
    silu,
    sin,
    sinh,
    softplus,
    sqrt,
    square,
    sub,
    tan,
    tanh,
    where,
)
from .ops import abs as abs
from .ops import pow as pow
from .value import Place, Value, dot, enter
from .value import sum as sum

native = "native" if not str(_value.__file__).endswith(".py") else "interpreted"
"""Which engine is running: "native", built by mypyc, or "interpreted"; they compute the same, at different speeds."""
if native == "native":
    Value.__doc__ = Place.__doc__ = SourceDocstring()  # type: ignore[assignment]

# ``from autograd import *`` leaves Python's own abs, pow and sum alone.
__all__ = [
    "Value",
    "Graph",
    "Op",
    "Place",
    "AnomalyError",
    "GradcheckError",
    "detect_anomaly",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "write_text",
    "acos",
    "add",
    "asin",
    "atan",
    "atan2",
    "clip",
    "cos",
    "cosh",
    "div",
    "dot",
    "elu",
    "enable_grad",
    "enter",
    "equal",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "gelu",
    "hypot",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "logsumexp",
    "maximum",
    "minimum",
    "mul",
    "ndtr",
    "neg",
    "native",
    "no_grad",
    "op",
    "positive",
    "prod",
    "reciprocal",
    "relu",
    "sech",
    "selu",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "square",
    "sub",
    "tan",
    "tanh",
    "where",
]
