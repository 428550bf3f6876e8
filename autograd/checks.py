"""Finding mistakes: `gradcheck` compares gradients with numeric ones, `detect_anomaly` stops at the first nan or inf,
`require` refuses wrong arguments.

Their errors say where to look. None of them is needed to compute a gradient.
"""

from __future__ import annotations

import math

from .errors import sentence
from .functional import _Trace, leaves, rebuild
from .graph import Graph
from .ieee import to_float
from .modes import Watch, current_watch, enable_grad, line_outside, rounding
from .ops import CHECKPOINT, central_difference, numeric_derivative
from .origins import Place
from .value import Value, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class GradcheckError(ArithmeticError):
    """A gradient that differs from the numeric one. Its text is the report, with a line for each input.

    Examples
    --------
    >>> from autograd import op
    >>> wrong = op("wrong", lambda a: a * a, lambda a, out: (3.0 * a,))
    >>> try:
    ...     gradcheck(lambda x: wrong(x), 2.0)
    ... except GradcheckError as error:
    ...     print("suspect: wrong" in str(error))
    True
    """


class AnomalyError(ArithmeticError):
    """A nan or inf that appeared inside `detect_anomaly`.

    Examples
    --------
    >>> try:
    ...     with detect_anomaly():
    ...         Value(0.0).log()
    ... except AnomalyError as error:
    ...     print(str(error)[:12])
    log gave -in
    """


# --- gradcheck ----------------------------------------------------------------------------------------------------


def gradcheck(
    f: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-8,
) -> bool:
    """Compare the gradient of f with numeric derivatives for every input.

    Parameters
    ----------
    f : callable
        A function that returns one number. It is given Values, so that it may call their methods.
    inputs : tuple, or a single argument
        The arguments of f: numbers, in any nesting. If they are leaf Values instead, such as
        ``model.parameters()``, f is called without arguments and the Values are moved in place.
    eps : float, optional
        The step h of the central difference, (f(x + h) - f(x - h)) / 2h, which alone decides then. If not given, h is
        about 6e-6, times x if that is larger than 1; and an input that fails is tried again with larger and smaller
        steps, by Ridders' method.
    rtol, atol : float
        Gradients may differ by ``rtol`` times the larger one, plus ``atol``, plus the error of the numeric one.

    Returns
    -------
    bool
        True.

    Raises
    ------
    ValueError
        If `eps` is not a positive number, or inside a `precision` block.
    GradcheckError
        If an input fails: a table with the analytic derivative, the best numeric one with its error, and the relative
        difference for every input, and the operation to suspect, the one whose own partials disagree most with its
        forward rule. An infinite gradient fails.

    Examples
    --------
    >>> gradcheck(lambda x, y: x * y + x.log(), (2.0, 3.0))
    True
    """
    form = rounding()
    if form is not None:
        raise ValueError(
            f"gradcheck compares small differences, which are lost where numbers are rounded to {form.name}; "
            "call it outside the precision block"
        )
    if eps is not None and not eps > 0.0:
        raise ValueError(f"eps must be a positive step, not {eps!r}")
    if not isinstance(inputs, tuple):
        inputs = (inputs,)
    flat = leaves(list(inputs))
    if flat and all(isinstance(x, Value) for x in flat):
        for x in flat:
            if x.op is not None:
                raise ValueError(f"gradcheck varies leaves, but {x.describe()} is a result; give its leaves")
        flat = list({id(x): x for x in flat}.values())
        point = [x.data for x in flat]
        with enable_grad():
            out = f()
        graph = Graph(out) if isinstance(out, Value) else None
        gradients = dict(zip(map(id, graph), graph.gradients())) if graph is not None else {}
        analytic = [gradients.get(id(x), 0.0) for x in flat]

        def value_at(*numbers: float) -> float:
            # Not by setting `data`, which would note that earlier graphs were computed from other numbers: these come
            # back below.
            for x, number in zip(flat, numbers):
                x._data = number
            try:
                return _data(f())
            finally:
                for x, number in zip(flat, point):
                    x._data = number

    else:
        point = [to_float(x, "gradcheck") for x in flat]
        trace = _Trace(f, range(len(inputs)), inputs, {}, "gradcheck")
        out = trace.one_number()
        analytic = [_data(x) for x in trace.gradient([out])]

        def value_at(*numbers: float) -> float:
            moved = tuple(rebuild(list(inputs), iter(numbers)))
            return _data(_Trace(f, range(len(inputs)), moved, {}, "gradcheck").one_number())

    rows, failed = [], False
    for i, ours in enumerate(analytic):
        if eps is None:
            numeric, error, good = numeric_derivative(value_at, point, i, ours, rtol, atol)
        else:
            numeric = central_difference(value_at, point, i, eps)
            error = math.ulp(1.0) * math.fabs(_data(out)) / eps
            size = max(math.fabs(ours), math.fabs(numeric))
            good = math.isfinite(ours) and math.fabs(ours - numeric) <= rtol * size + atol + error
        failed = failed or not good
        size = max(math.fabs(ours), math.fabs(numeric))
        relative = math.fabs(ours - numeric) / size if size else 0.0
        rows.append(
            f"{'ok   ' if good else 'WRONG'}  input {i} at {point[i]:<12.6g} analytic {ours:<18.10g} "
            f"numeric {numeric:<18.10g} ± {error:<8.0e} relative error {relative:.1e}"
        )
    if failed:
        raise GradcheckError("\n".join(["the gradient differs from numeric ones:", *rows, _suspect(out, rtol)]))
    return True


def _data(x: Any) -> float:
    return x.data if isinstance(x, Value) else to_float(x, "gradcheck")


def _suspect(out: Any, rtol: float) -> str:
    """A sentence on the operation whose partials disagree most with its own forward rule."""
    worst, suspect = rtol, "every operation's partials agree with its forward rule: is f the same at every call?"
    for node in walk(out) if isinstance(out, Value) and out.op is not None else ():
        op, operands = node.op, [x.data for x in node.operands]
        assert op is not None
        if op is CHECKPOINT:
            continue  # it has no rule
        for i, slope in enumerate(node.partials):
            numeric, _, agrees = numeric_derivative(op.value, operands, i, slope, rtol, rtol)
            error = math.fabs(slope - numeric) / max(1.0, math.fabs(numeric))
            if not agrees and (error > worst or error != error):
                worst = error
                suspect = (
                    f"suspect: {op.name}, whose partial {i} at {tuple(operands)} is {slope:.10g} by its rule and "
                    f"{numeric:.10g} numerically (a kink there would explain it too)"
                )
    return suspect


# --- detect_anomaly -----------------------------------------------------------------------------------------------


class detect_anomaly(Watch):
    """Make the first nan or inf an error, in the forward pass or in ``backward()``.

    A with-block or a decorator, for the current thread. Nodes made inside remember the source line.

    Raises
    ------
    AnomalyError
        It names the operation, its operands, and the line that made the node. When raised by ``backward()``, no
        gradient has been changed.

    Examples
    --------
    >>> with detect_anomaly():
    ...     Value(0.0, "x").log()
    Traceback (most recent call last):
    autograd.checks.AnomalyError: log gave -inf from 'x' (data 0), ...
    """

    def made(self, node: Value) -> None:
        node.place = Place(node.scope, node.label, line_outside())
        if not math.isfinite(node.data):
            raise AnomalyError(f"{_name(node)} gave {node.data} from {_describe_operands(node)}, at {_site(node)}")

    def before_sweep(self, order: list[Value], seed: float) -> None:
        # Rehearse the backward pass with gradients of its own, so that an error leaves those of the nodes unchanged.
        gradients: dict[int, float] = {id(order[-1]): seed}
        for node in reversed(order):
            gradient = gradients.pop(id(node))
            for x, slope in zip(node.operands, node.partials):
                before = gradients.get(id(x), x.grad if x.op is None else 0.0)
                self.flowed(node, x, before, slope, gradient)
                gradients[id(x)] = _accumulate(before, slope, gradient)

    def flowed(self, node: Value, x: Value, before: float, slope: float, gradient: float) -> None:
        total = _accumulate(before, slope, gradient)
        if not math.isfinite(total):
            raise AnomalyError(
                f"the gradient of {x.describe()} became {total} going back through {_name(node)} of "
                f"{_describe_operands(node)}, made at {_site(node)}: {before} + local slope {slope} times {gradient}"
            )


def _accumulate(before: float, slope: float, gradient: float) -> float:
    """A gradient plus slope * gradient, rounded as the current `precision` block says."""
    form = rounding()
    return before + slope * gradient if form is None else form.round(before + form.round(slope * gradient))


def _name(node: Value) -> str:
    assert node.op is not None
    return node.op.name


def _describe_operands(node: Value) -> str:
    operands = node.operands
    shown = [x.describe() for x in operands[:8]]
    return ", ".join(shown) + (f" and {len(operands) - 8} more" if len(operands) > 8 else "")


def _site(node: Value) -> str:
    return (node.place.site if node.place else "") or "a line outside detect_anomaly"


# --- require ------------------------------------------------------------------------------------------------------


def require(condition: Any, message: str, *values: Any) -> None:
    """Raise a ValueError if a condition does not hold; in a compiled program, when it is called.

    It does what ``if not condition: raise ValueError(...)`` does, but it can be compiled as well: while a function is
    recorded there are no numbers to look at, so the check becomes a line of the program (see `autograd.compile`). The
    message of that ends with the number of the example that fails.

    Parameters
    ----------
    condition : bool, comparison, Value or number
        Holds where it is not 0, as that of `where`. Comparisons are joined by ``&`` and ``|``, in parentheses.
    message : str
        With ``{}`` for each of the values.
    *values : Values or numbers
        What to show in the message.

    Raises
    ------
    ValueError
        If the condition does not hold.

    Examples
    --------
    >>> def entropy(p):
    ...     require((p > 0.0) & (p <= 1.0), "p must be above 0 and at most 1, not {}", p)
    ...     return -p * p.log()
    >>> entropy(Value(0.5)).data
    0.34657359027997264
    >>> entropy(Value(1.5))
    Traceback (most recent call last):
    ValueError: p must be above 0 and at most 1, not 1.5
    """
    if condition is True:
        return
    watch = current_watch()
    if (watch is None or not watch.required(condition, message, values)) and not condition:
        raise ValueError(sentence(message, [x.data if isinstance(x, Value) else x for x in values]))
