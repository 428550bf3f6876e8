"""`gradcheck` and `detect_anomaly`: they pass correct gradients, catch wrong ones, and say where the error is."""

from __future__ import annotations

import itertools
import math
import re
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    AnomalyError,
    GradcheckError,
    Graph,
    Value,
    detect_anomaly,
    dot,
    enable_grad,
    exp,
    grad,
    gradcheck,
    log,
    maximum,
    no_grad,
    sin,
    sqrt,
    tanh,
)

# Operations with a wrong rule: a slope 1.5 times too steep; a slope with the wrong sign in its second operand.
steep = autograd.op("steep", lambda a: a * a, lambda a, out: (3.0 * a,))
crossed = autograd.op("crossed", lambda a, b: a * b, lambda a, b, out: (b, -a), arity=2)


# --- gradcheck: what is right -------------------------------------------------------------------------------------

GOOD: dict[str, tuple[Callable[..., Any], Any]] = {
    "one number": (lambda x: sin(x) * exp(x), 0.7),
    "several numbers": (lambda x, y, z: x * y / z + tanh(x * z), (2.0, -3.0, 1.5)),
    "a list": (lambda x: sum(v * v for v in x), [1.0, 2.0, 3.0]),
    "a nesting": (lambda d, t: d["a"] * d["b"][0] * t[0][1], ({"a": 2.0, "b": [3.0]}, ((1.0, 5.0),))),
    "large and small inputs": (lambda x, y: log(x) * y, (1e12, 1e-9)),
    "large values": (lambda x: 1e9 + sin(x), 0.5),
    "no dependence": (lambda x: 5.0, 2.0),
    "no inputs": (lambda: 5.0, ()),
    "fused nodes": (lambda x: dot(x, [x[1], 2.0], x[0]) + autograd.logsumexp(x) + autograd.prod(x), [0.5, -1.5]),
    "a derivative": (grad(lambda x: sin(x) * x), 0.4),
    "a method": (lambda x: x.tanh(), 0.5),
    "a pole in a branch not taken": (lambda y: (y * 2.0, 1.0 / maximum(y, 0.0))[y > 0.0], -1.0),
    "a negative base": (lambda x: (-x) ** 0.5, -2.0),
    "a small input": (log, 1e-3),
    "a smaller input": (log, 1e-9),
    "an input of a large function": (lambda x: log(x) + 1e6, 1e-3),
    "a fast wave": (lambda x: sin(1e4 * x), 0.3),
    "a large input": (lambda x: exp(x / 1e9), 1e9),
    "beside a kink": (lambda x: autograd.relu(x) + 0.5 * x, 1e-7),
    "a choice by a number": (lambda x: x * 0.0 if x == 0 else sin(x) / x, 1e-9),
    "None among the arguments": (lambda x, y: x[0] * x[1] if y is None else y, ([2.0, 3.0], None)),
}


@pytest.mark.parametrize("name", GOOD)
def test_gradcheck_passes_good_functions(name: str) -> None:
    f, inputs = GOOD[name]
    assert gradcheck(f, inputs) is True


@pytest.mark.parametrize(
    ("forward", "slope", "point"),
    [
        (log, lambda a: 1.0 / a, 1e-3),
        (lambda a: exp(1e3 * a), lambda a: 1e3 * exp(1e3 * a), 1e-3),
        (lambda a: 1.0 / a, lambda a: -1.0 / (a * a), -1e-5),
        (lambda a: 1e6 + a, lambda a: 1.0, 1e-6),
        (math.acos, lambda a: -1.0 / math.sqrt(1.0 - a * a), 0.999),
    ],
)
def test_right_rules_are_accepted_and_the_same_off_by_a_thousandth_are_not(
    forward: Any, slope: Any, point: float
) -> None:
    autograd.op("tried", forward, lambda a, out: (slope(a),), check=[(point,)])
    with pytest.raises(ValueError, match="partial 0 of 'tried'"):
        autograd.op("tried", forward, lambda a, out: (1.001 * slope(a),), check=[(point,)])


def test_the_report_has_the_best_estimate_and_its_error() -> None:
    """d/dx x**-2 is -2e6 at 0.01; a difference with a step of 6e-6 is off by 7e-7 of it."""
    wrong = autograd.op("wrong", lambda a: a**-2, lambda a, out: (-2.001 * a**-3,))
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x: wrong(x), 0.01)
    (row,) = report(caught.value)
    assert row[4] == pytest.approx(-2e6, rel=1e-9)
    found = re.search(r"± (\S+)", str(caught.value))
    assert found is not None and float(found[1]) < 1e-3


@pytest.mark.parametrize("slope", [math.inf, -math.inf, math.nan])
def test_a_gradient_that_is_not_finite_fails(slope: float) -> None:
    endless = autograd.op("endless", lambda a: a * 1.0, lambda a, out: (slope,))
    for eps in (None, 1e-6):
        with pytest.raises(GradcheckError, match="WRONG"):
            gradcheck(lambda x: endless(x), 2.0, eps=eps)
        w = Value(2.0)
        with pytest.raises(GradcheckError, match="WRONG"):
            gradcheck(lambda: endless(w), [w], eps=eps)  # noqa: B023
    with pytest.raises(ValueError, match="partial 0 of 'endless'"):
        autograd.op("endless", lambda a: a * 1.0, lambda a, out: (slope,), check=[(2.0,)])


def test_gradcheck_of_arrays() -> None:
    np = pytest.importorskip("numpy")
    weights = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert gradcheck(lambda w, x: (np.tanh(w) @ x).sum(), (weights, np.array([0.5, -0.5])))


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3), st.floats(1.1, 3.0))
@settings(deadline=None)
def test_gradcheck_catches_every_wrong_factor(point: list[float], factor: float) -> None:
    """The same function passes with its own rule and fails with one that is wrong by a factor, at any input."""
    name = "scaled_square"
    good = autograd.op(name, lambda a: a * a, lambda a, out: (2.0 * a,))
    assert gradcheck(lambda x: good(x[0]) + good(x[1] * x[2]), point)
    bad = autograd.op(name, lambda a: a * a, lambda a, out: (2.0 * factor * a,))
    if abs(point[0]) > 0.01:
        with pytest.raises(GradcheckError, match="WRONG  input 0"):
            gradcheck(lambda x: bad(x[0]) + good(x[1] * x[2]), point)


def test_gradcheck_of_leaf_values_leaves_them_as_they_were() -> None:
    w, b = Value(2.0, "w"), Value(-1.0, "b")
    w.grad, b.grad = 10.0, 20.0
    x = Value(3.0)
    assert gradcheck(lambda: (w * x + b).tanh() * w, [w, b])
    assert [(v.data, v.grad) for v in (w, b, x)] == [(2.0, 10.0), (-1.0, 20.0), (3.0, 0.0)]
    with pytest.raises(GradcheckError):
        gradcheck(lambda: steep(w) + b, [w, b])
    assert [(v.data, v.grad) for v in (w, b)] == [(2.0, 10.0), (-1.0, 20.0)]


def test_gradcheck_puts_leaf_values_back_when_the_function_raises() -> None:
    w = Value(2.0)
    calls = []

    def f() -> Value:
        calls.append(w.data)
        if len(calls) > 2:
            raise KeyError("mine")
        return w * w

    with pytest.raises(KeyError, match="mine"):
        gradcheck(f, [w])
    assert w.data == 2.0
    assert len(set(calls)) == 3


def test_gradcheck_leaves_earlier_graphs_usable() -> None:
    """`gradcheck` restores every number, so an earlier dot product still has its gradient."""
    w, x = Value(2.0, "w"), Value(3.0, "x")
    loss = dot([w], [x])
    assert gradcheck(lambda: w * x, [w, x])
    loss.backward()
    assert (w.grad, x.grad) == (3.0, 2.0)


def test_gradcheck_takes_the_step_given() -> None:
    """(f(x + h) - f(x - h)) / 2h of x^3 is 3 x^2 + h^2, so that a large h fails, and by exactly that."""
    points = []

    def cube(x: Any) -> Any:
        points.append(getattr(x, "data", x))
        return x * x * x

    assert gradcheck(cube, 2.0)
    assert gradcheck(cube, 2.0, eps=1e-4)
    points.clear()
    with pytest.raises(GradcheckError, match=r"analytic 12 +numeric 12\.25 "):
        gradcheck(cube, 2.0, eps=0.5)
    assert {1.5, 2.5} <= set(points)
    assert gradcheck(cube, 2.0, eps=0.5, rtol=0.03)
    assert gradcheck(cube, 2.0, eps=0.5, atol=0.26)


@pytest.mark.parametrize("eps", [0.0, -1e-6, math.nan])
def test_gradcheck_refuses_a_step_that_is_none(eps: float) -> None:
    with pytest.raises(ValueError, match=f"eps must be a positive step, not {eps!r}"):
        gradcheck(lambda x: x, 2.0, eps=eps)


@pytest.mark.parametrize(
    ("f", "inputs", "message"),
    [
        (3.0, 1.0, "gradcheck takes a function, not float"),
        (lambda x: x, "a", "gradcheck takes real numbers.* not str: 'a'"),
        (lambda x: [x], 1.0, "gradcheck needs a function that returns one number, but <lambda> returned list"),
        (lambda: None, [Value(1.0)], "gradcheck takes real numbers.* not NoneType"),
    ],
    ids=["no function", "no number", "list output", "no output"],
)
def test_gradcheck_refuses_what_it_cannot_check(f: Any, inputs: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        gradcheck(f, inputs)


def test_gradcheck_of_results_instead_of_leaves() -> None:
    result = Value(2.0) * 3.0
    with pytest.raises(ValueError, match=r"varies leaves, but a result of mul \(data 6\) is a result"):
        gradcheck(lambda: result * 2.0, [result])
    assert result.data == 6.0


# --- gradcheck: what is wrong -------------------------------------------------------------------------------------

ROW = re.compile(r"(ok|WRONG) +input (\d+) at (\S+) +analytic (\S+) +numeric (\S+) +± \S+ +relative error (\S+)")


def report(error: BaseException) -> list[tuple[str, int, float, float, float, float]]:
    return [(ok, int(i), float(at), float(a), float(n), float(r)) for ok, i, at, a, n, r in ROW.findall(str(error))]


@pytest.mark.parametrize("form", ["numbers", "leaf values"])
def test_the_report_names_inputs_numbers_and_the_suspect(form: str) -> None:
    """f = steep(x) y + sin(y):  df/dx is 2 x y in truth and 3 x y by the wrong rule; df/dy is right."""

    def f(x: Any, y: Any) -> Any:
        return steep(x) * y + sin(y)

    x, y = Value(2.0, "x"), Value(5.0, "y")
    with pytest.raises(GradcheckError) as caught:
        if form == "numbers":
            gradcheck(f, (2.0, 5.0))
        else:
            gradcheck(lambda: f(x, y), (x, y))
    wrong, right = report(caught.value)
    assert wrong[:3] == ("WRONG", 0, 2.0)
    assert wrong[3:5] == pytest.approx((30.0, 20.0), rel=1e-8)
    assert wrong[5] == pytest.approx(1 / 3, rel=0.05)  # printed to two digits
    assert right[:3] == ("ok", 1, 5.0)
    assert right[3:5] == pytest.approx((4.0 + math.cos(5.0),) * 2, rel=1e-8)
    assert caught.match(r"suspect: steep, whose partial 0 at \(2\.0,\) is 6 by its rule and 4(\.0\d*)? numerically")


def test_the_suspect_is_the_worst_of_several() -> None:
    with pytest.raises(GradcheckError, match=r"suspect: crossed, whose partial 1 at \(3\.0, 4\.0\) is -3 by its rule"):
        gradcheck(lambda x, y: tanh(sin(x)) + crossed(x, y) + x * y, (3.0, 4.0))


def test_a_wrong_rule_beside_a_dot_of_leaf_values_is_reported() -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x")
    with pytest.raises(GradcheckError, match="suspect: steep"):
        gradcheck(lambda: steep(dot([w], [x])), [w, x])


def test_a_function_that_changes_from_call_to_call_is_no_operation_s_fault() -> None:
    calls = itertools.count()
    with pytest.raises(GradcheckError, match=r"every operation's partials agree.*is f the same at every call\?"):
        gradcheck(lambda x: x * x + 0.1 * next(calls), 2.0)


def test_a_kink_is_reported_with_that_possibility() -> None:
    with pytest.raises(GradcheckError, match=r"suspect: relu.*a kink there would explain it too"):
        gradcheck(lambda x: autograd.relu(x), 0.0)


@pytest.mark.parametrize("x", [0.0, -1.0])
def test_nan_and_infinity_do_not_pass(x: float) -> None:
    with pytest.raises(GradcheckError, match="WRONG"):
        gradcheck(lambda x: sqrt(x), x)


# --- detect_anomaly: forward --------------------------------------------------------------------------------------


def here() -> int:
    """The line of the caller."""
    return sys._getframe(1).f_lineno


def test_the_first_infinity_names_operation_operands_and_this_line() -> None:
    x = Value(0.0, "x")
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        line = here() + 1
        log(x * 1.0)
    assert str(caught.value) == f"log gave -inf from a result of mul (data 0), at {__file__}:{line}"


FORWARD: dict[str, tuple[Callable[[Value, Value], Any], str]] = {
    "operator": (lambda big, zero: big * big, r"mul gave inf from 'big' \(data 1e\+200\), 'big' \(data 1e\+200\)"),
    "division": (lambda big, zero: big / zero, r"div gave inf from 'big' \(data 1e\+200\), 'zero' \(data 0\)"),
    "nan": (lambda big, zero: zero / zero, r"div gave nan from 'zero'"),
    "function": (lambda big, zero: exp(big), "exp gave inf from 'big'"),
    "constant power": (lambda big, zero: zero**-1, r"\*\*-1 gave inf from 'zero' \(data 0\)"),
    "dot": (lambda big, zero: dot([big, zero], [big, 2.0]), r"dot gave inf from 'big' .*'zero'.* a leaf \(data 2\)"),
    "sum": (lambda big, zero: autograd.sum([big] * 9 + [math.inf]), r"sum gave inf .* and 2 more"),
}


@pytest.mark.parametrize("name", FORWARD)
def test_forward_anomalies_of_every_kind_of_node(name: str) -> None:
    build, message = FORWARD[name]
    with detect_anomaly(), pytest.raises(AnomalyError, match=message) as caught:
        build(Value(1e200, "big"), Value(0.0, "zero"))
    assert caught.match(re.escape(__file__) + r":\d+$")


def test_what_is_finite_passes_and_remembers_its_line() -> None:
    x = Value(2.0, "x")
    with detect_anomaly():
        y = x.tanh()
        line = here() - 1
        y.label = "y"
        y.backward()
    assert x.grad == pytest.approx(1 / math.cosh(2.0) ** 2, rel=1e-14)
    assert y.place is not None
    assert (y.label, y.place.site) == ("y", f"{__file__}:{line}")
    assert (Value(2.0) * x).place is None


def test_the_line_is_that_of_the_user_s_code_even_below_the_functional_transforms() -> None:
    with detect_anomaly(), pytest.raises(AnomalyError, match="log gave nan") as caught:
        line = here() + 1
        grad(lambda x: log(x))(-1.0)
    assert caught.match(f"{re.escape(__file__)}:{line}$")


def test_a_derivative_of_a_power_is_no_anomaly() -> None:
    """x**3 is smooth at -2, with the derivatives 12 and -12; the exponent's derivative, with log(x), is not needed."""
    with detect_anomaly():
        assert grad(lambda x: x**3)(-2.0) == 12.0
        assert grad(grad(lambda x: x**3))(-2.0) == -12.0


def test_anomalies_are_seen_under_no_grad_too() -> None:
    with detect_anomaly(), no_grad(), pytest.raises(AnomalyError, match="log gave -inf"):
        log(Value(0.0))


# --- detect_anomaly: backward -------------------------------------------------------------------------------------


def test_a_backward_anomaly_names_where_it_arose_and_changes_nothing() -> None:
    """sqrt has slope inf at 0 although its value is 0: nothing is wrong until the gradient flows."""
    x, scale = Value(0.0, "x"), Value(3.0, "scale")
    with detect_anomaly():
        line = here() + 1
        root = sqrt(x) * scale
        root.label = "root"
        nodes = Graph(root).nodes
        for node, gradient in zip(nodes, (1.0, 2.0, 3.0, 4.0)):
            node.grad = gradient
        with pytest.raises(AnomalyError) as caught:
            root.backward()
    assert [node.grad for node in nodes] == [1.0, 2.0, 3.0, 4.0]
    message = str(caught.value)
    assert message.startswith("the gradient of 'x' (data 0) became inf going back through sqrt of 'x' (data 0), made ")
    assert f"at {__file__}:{line}: " in message
    assert message.endswith("local slope inf times 3.0")


def test_an_anomaly_of_a_graph_made_outside() -> None:
    root = sqrt(Value(0.0, "x"))
    with pytest.raises(AnomalyError, match="made at a line outside detect_anomaly"), detect_anomaly():
        root.backward()


def test_a_gradient_that_overflows_only_in_the_sum() -> None:
    x = Value(1.0, "x")
    big = Value(1e308)
    root = x * big + x * big
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"gradient of 'x' \(data 1\) became inf") as caught:
        root.backward()
    assert caught.match(r"1e\+308 \+ local slope 1e\+308 times 1\.0")
    assert (x.grad, big.grad) == (0.0, 0.0)


def test_a_gradient_that_was_nan_before() -> None:
    x = Value(1.0, "x")
    x.grad = math.nan
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"gradient of 'x'.* became nan"):
        (x * 2.0).backward()


def test_good_gradients_are_the_same_inside() -> None:
    def gradients() -> list[float]:
        leaves = [Value(0.5), Value(-1.5), Value(2.0)]
        hidden = dot(leaves, leaves[::-1], leaves[0]).tanh()
        (hidden * leaves[1] + autograd.sum([hidden, *leaves]) ** 2).backward()
        return [leaf.grad for leaf in leaves]

    with detect_anomaly():
        inside = gradients()
    assert inside == gradients()


def test_infinite_gradients_of_the_functional_transforms_are_anomalies_too() -> None:
    with detect_anomaly(), pytest.raises(AnomalyError, match="sqrt"):
        grad(lambda x: sqrt(x))(0.0)


# --- detect_anomaly as a block ------------------------------------------------------------------------------------


def watched() -> bool:
    try:
        log(Value(0.0))
    except AnomalyError:
        return True
    return False


def test_blocks_nest_and_end_with_exceptions() -> None:
    assert not watched()
    block = detect_anomaly()
    with block:
        with block:
            assert watched()
        assert watched()
        with pytest.raises(KeyError), detect_anomaly():
            raise KeyError
        assert watched()
        with no_grad(), enable_grad():
            assert watched()
    assert not watched()


def test_as_a_decorator() -> None:
    @detect_anomaly()
    def careful(x: float) -> bool:
        """Look."""
        return watched() and x == 1.0

    assert careful(x=1.0)
    assert (careful.__name__, careful.__doc__) == ("careful", "Look.")
    assert not watched()


def test_it_holds_for_the_thread_that_asked_only() -> None:
    seen: list[bool] = []
    with detect_anomaly():
        thread = threading.Thread(target=lambda: seen.append(watched()))
        thread.start()
        thread.join()
        assert watched()
    assert seen == [False]


def test_errors_are_arithmetic_errors() -> None:
    assert issubclass(AnomalyError, ArithmeticError)
    assert issubclass(GradcheckError, ArithmeticError)


# --- corners -------------------------------------------------------------------------------------------------------


def test_a_derivative_along_a_direction_is_watched() -> None:
    with detect_anomaly(), pytest.raises(AnomalyError, match="sqrt"):
        autograd.jvp(autograd.sqrt, (0.0,), (1.0,))


def test_partials_that_nobody_needs_are_not_watched() -> None:
    w = Value(3.0)
    with detect_anomaly():
        assert grad(grad(lambda x: x**w))(-2.0) == pytest.approx(-12.0)  # 6x


def test_gradcheck_inside_no_grad_and_with_a_leaf_named_twice() -> None:
    w = Value(2.0, "w")
    with no_grad():
        assert gradcheck(lambda: w * w, [w, w])
    assert w.data == 2.0
