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

from __future__ import annotations

import os as _os

from . import _cython

try:
    from . import origins as _origins  # noqa: F401
except ImportError:
    _cython.interpret()  # another interpreter of this process has the native modules

from . import ops as _ops
from . import value as _value
from .cells import Cell, identical, neurons, values
from .checkpoints import checkpoint, checkpoint_sequential
from .checks import AnomalyError, GradcheckError, detect_anomaly, gradcheck, require
from .errors import CompileError
from .files import write_text
from .functional import elementwise_grad, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, value_and_grad, vjp
from .graph import Graph
from .ieee import advice
from .modes import concrete, enable_grad, no_grad, precision, rounded
from .ops import *  # all operations
from .origins import Place, current_place, enter, gradient_events, sit, zeroed
from .outside import ask, tell
from .value import Value, reached, set_data, trains, zero_grads
from .value import dot as dot  # type: ignore[assignment]  # as in `ops`, but faster
from .value import sum as sum  # type: ignore[assignment]
from .vectors import ParameterVector, left_behind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .compiler import Program


engine = "native" if not str(_value.__file__).endswith(".py") else "interpreted"
"""Which engine is running: "native", built by Cython, or "interpreted"; they compute the same, at different speeds."""

native = engine  # the older name, which suggests a bool

if _os.path.exists(_os.path.join(__path__[0], "numpy", "numpy_vjps.py")):  # HIPS Autograd is in the same folder
    from . import _namesake

    _namesake.warn()


def compile(
    f: Callable[..., Any],
    parameters: Any = None,
    *,
    like: Sequence[Any] | None = None,
    batch: bool = True,
    reduction: str = "mean",
    gradient: bool | None = None,
    dtype: Any = "float64",
    allow_nan: bool = False,
    textbook: bool = False,
    backend: str = "numpy",
) -> Program:
    """Turn a function of the Values of ONE example into a NumPy program for a whole batch, forward and backward.

    f is run on placeholders, and the scalar graph that it records becomes a program of matrix products: the one that
    textbooks derive by hand. ``program.source`` shows it.

    Parameters
    ----------
    f : callable
        Takes numbers, or (nested) lists of numbers, and returns one Value, usually the example's loss, or several, in
        lists, tuples or dicts. Leaves that it uses and that are not made inside it are the parameters. A function
        without arguments is compiled as a whole: a graph that joins many examples.
    parameters : Module, list of Value or another program's parameters, optional
        If given, these alone are trained, and other leaves are constants. So is a leaf whose ``requires_grad`` is False
        (see `trains`). The number of a constant is that of the compilation; a call after it was set to another one is
        refused. Two programs can share their parameters: one that trains a network, and one that uses it.
    like : sequence, optional
        Arguments for one example, to compile now; otherwise the first call tells their shapes.
    batch : bool
        If False the arguments of a call are what f takes, without an axis of examples in front.
    reduction : {"mean", "sum"}
        What becomes of the examples' losses. Terms of f's sum that do not depend on the example, such as a penalty on
        the weights, count once.
    gradient : bool, optional
        Whether calling the program gives a gradient; by default it does if f returns one number.
    dtype : {"float64", "float32", "float16", "bfloat16"}
        What the program computes with. bfloat16 is JAX's; NumPy has none. Sums of many float16 numbers end at 65504.
    allow_nan : bool
        Whether there may be nan among the arguments of a call.
    textbook : bool
        Whether slopes are written by the result, as textbooks do: ``1 - A**2`` for tanh, ``A * (1 - A)`` for sigmoid.
        That is shorter and faster. It costs digits of what is small anyway, the slope of a unit that is saturated: of
        1 - tanh(x)**2 half of them at x = 9, all at x = 19.
    backend : {"numpy", "jax"}
        What runs the program. With "jax" it is written for ``jax.numpy`` and compiled by JAX for the CPU, GPU or TPU
        that it finds; the program is then a `JaxProgram`, which can do more.

    Returns
    -------
    Program
        ``loss, gradient = program(X, y)``, where X and y have one more axis than f's arguments, the first.

    Raises
    ------
    CompileError
        Now or at the first call: if the course of f depends on numbers (``if v > 0``), if it computes something else
        each time, if it uses an operation whose rule is written with ``math``, or if nothing depends on a parameter.
        The text names the line, or the operation.
    ModuleNotFoundError
        If the backend is JAX, and it is not installed.
    RuntimeError
        At a call: if a leaf that is a constant of the program has been set since to another number.

    Examples
    --------
    >>> w, b = Value(2.0, "w"), Value(1.0, "b")
    >>> program = compile(lambda x, y: (w * x + b - y) ** 2)
    >>> loss, gradient = program([1.0, 2.0], [3.0, 7.0])
    >>> loss, program.parameters.names, gradient.tolist()
    (2.0, ['w', 'b'], [-4.0, -2.0])
    """
    from .compiler import programs

    return programs(backend)(f, parameters, like, batch, reduction, gradient, dtype, allow_nan, textbook)


# ``from autograd import *`` leaves Python's own abs, compile, pow and sum alone.
__all__ = [
    "Cell",
    "Value",
    "Graph",
    "Op",
    "Place",
    "checkpoint",
    "checkpoint_sequential",
    "precision",
    "rounded",
    "AnomalyError",
    "CompileError",
    "GradcheckError",
    "ParameterVector",
    "detect_anomaly",
    "elementwise_grad",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "value_and_grad",
    "vjp",
    "write_text",
    "advice",
    "ask",
    "concrete",
    "current_place",
    "enable_grad",
    "engine",
    "enter",
    "equal",
    "gradient_events",
    "identical",
    "left_behind",
    "neurons",
    "no_grad",
    "op",
    "reached",
    "require",
    "set_data",
    "sit",
    "tell",
    "trains",
    "zero_grads",
    "zeroed",
    "values",
]
if not TYPE_CHECKING:  # a type checker cannot evaluate this; it reads the names in `ops`
    __all__ += sorted(_ops.BUILTIN - {"abs", "pow", "sum"})
