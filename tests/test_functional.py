"""Derivatives of functions, compared with hand-derived formulas, mpmath and ``torch.func``."""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    Value,
    cos,
    dot,
    elementwise_grad,
    exp,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    log,
    no_grad,
    sin,
    tanh,
    value_and_grad,
    vjp,
)

Point = namedtuple("Point", "x y")

coordinate = st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3)


def quadratic(x: Any) -> Any:
    """x0^2 x1 + x1^3: gradient (2 x0 x1, x0^2 + 3 x1^2), Hessian ((2 x1, 2 x0), (2 x0, 6 x1))."""
    return x[0] ** 2 * x[1] + x[1] ** 3


# --- hand-derived formulas ----------------------------------------------------------------------------------------


@given(coordinate, coordinate)
@settings(deadline=None)
def test_gradient_and_hessian_by_hand(a: float, b: float) -> None:
    value, gradient = value_and_grad(quadratic)([a, b])
    assert value == pytest.approx(a * a * b + b**3, rel=1e-12, abs=1e-12)
    assert gradient == pytest.approx([2 * a * b, a * a + 3 * b * b], rel=1e-12, abs=1e-12)
    assert hessian(quadratic)([a, b]) == [
        pytest.approx([2 * b, 2 * a], rel=1e-12, abs=1e-12),
        pytest.approx([2 * a, 6 * b], rel=1e-12, abs=1e-12),
    ]


def test_jacobian_by_hand() -> None:
    r, phi = 2.0, 0.5  # polar coordinates
    rows = jacobian(lambda p: [p[0] * cos(p[1]), p[0] * sin(p[1])])([r, phi])
    assert rows == [
        pytest.approx([math.cos(phi), -r * math.sin(phi)], rel=1e-15),
        pytest.approx([math.sin(phi), r * math.cos(phi)], rel=1e-15),
    ]


@given(coordinate, coordinate, coordinate, coordinate)
@settings(deadline=None)
def test_jvp_and_hvp_are_products_with_the_jacobian_and_the_hessian(a: float, b: float, u: float, v: float) -> None:
    def f(x: Any) -> Any:
        return [sin(x[0]) * x[1], x[0] * x[0], quadratic(x)]

    value, tangent = jvp(f, ([a, b],), ([u, v],))
    assert value == f([a, b])
    by_hand = [math.cos(a) * b * u + math.sin(a) * v, 2 * a * u, 2 * a * b * u + (a * a + 3 * b * b) * v]
    assert tangent == pytest.approx(by_hand, rel=1e-12, abs=1e-9)
    product = hvp(quadratic, ([a, b],), ([u, v],))
    assert product == pytest.approx([2 * b * u + 2 * a * v, 2 * a * u + 6 * b * v], rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("x", [-1.3, 0.4, 2.0])
def test_higher_derivatives_against_mpmath(order: int, x: float) -> None:
    mpmath = pytest.importorskip("mpmath")

    def f(x: Any) -> Any:
        return exp(sin(x)) * x**3

    derivative: Callable[..., Any] = f
    for _ in range(order):
        derivative = grad(derivative)
    with mpmath.workdps(50):
        truth = mpmath.diff(lambda t: mpmath.exp(mpmath.sin(t)) * t**3, mpmath.mpf(x), order)
    assert derivative(x) == pytest.approx(float(truth), rel=1e-12)


@pytest.mark.parametrize("x", [-2.0, 0.0, 3.0])
def test_powers_are_differentiated_down_to_zero(x: float) -> None:
    derivatives: list[Callable[..., Any]] = [
        lambda x: x**3,
        lambda x: 3 * x**2,
        lambda x: 6 * x,
        lambda x: 6.0,
        lambda x: 0.0,
    ]
    f = derivatives[0]
    for expected in derivatives[1:]:
        f = grad(f)
        assert f(x) == expected(x)


def test_the_directions_agree() -> None:
    """Forward over reverse, reverse over forward, and reverse over reverse give the same second derivative."""

    def f(x: Any) -> Any:
        return tanh(x) * exp(x)

    x = 0.7
    reverse_reverse = grad(grad(f))(x)
    assert hvp(f, (x,), (1.0,)) == pytest.approx(reverse_reverse, rel=1e-14)
    assert grad(lambda y: jvp(f, (y,), (1.0,))[1])(x) == pytest.approx(reverse_reverse, rel=1e-14)
    assert jvp(lambda y: jvp(f, (y,), (1.0,))[1], (x,), (1.0,))[1] == pytest.approx(reverse_reverse, rel=1e-14)


# --- torch.func ---------------------------------------------------------------------------------------------------

# Expressions over x[0], x[1], x[2] and smooth functions that both libraries call by the same name.
expressions = st.recursive(
    st.sampled_from(["x[0]", "x[1]", "x[2]", "half", "two"]),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner)
        | st.builds("{}({})".format, st.sampled_from(["sin", "cos", "tanh", "sigmoid"]), inner)
        | st.builds("({} / (1.0 + {} * {}))".format, inner, inner, inner)
        | st.builds("({})**{}".format, inner, st.sampled_from([2, 3]))
    ),
    max_leaves=10,
)


@given(expressions, st.lists(st.floats(-2, 2), min_size=3, max_size=3), st.integers(0, 2))
@settings(deadline=None, max_examples=60)
def test_random_functions_against_torch(source: str, point: list[float], direction: int) -> None:
    torch = pytest.importorskip("torch")
    names = ("sin", "cos", "tanh", "sigmoid")
    scope = {"half": 0.5, "two": 2.0} | {name: getattr(autograd, name) for name in names}
    ours = eval(f"lambda x: {source}", scope)
    at = torch.tensor(point, dtype=torch.float64)
    scope = {"half": at.new_tensor(0.5), "two": at.new_tensor(2.0)} | {name: getattr(torch, name) for name in names}
    theirs = eval(f"lambda x: ({source}) + 0.0 * x[0]", scope)  # torch.func refuses a function that does not use x
    unit = [float(i == direction) for i in range(3)]

    expected_gradient = torch.func.grad(theirs)(at).tolist()
    expected_hessian = torch.func.jacrev(torch.func.jacrev(theirs))(at).tolist()
    numbers = [*expected_gradient, *(x for row in expected_hessian for x in row)]
    assume(all(map(math.isfinite, numbers)))  # poles have their conventions in test_ops
    size = max(1.0, *map(abs, numbers))

    def close(x: Any) -> Any:
        return pytest.approx(x, rel=1e-9, abs=1e-12 * size)

    value, gradient = value_and_grad(ours)(point)
    assert value == pytest.approx(theirs(at).item(), rel=1e-12, abs=1e-12)
    assert gradient == close(expected_gradient)
    assert jacobian(ours)(point) == close(expected_gradient)
    assert hessian(ours)(point) == [close(row) for row in expected_hessian]
    assert jvp(ours, (point,), (unit,))[1] == close(expected_gradient[direction])
    assert hvp(ours, (point,), (unit,)) == close([row[direction] for row in expected_hessian])


# --- arguments ----------------------------------------------------------------------------------------------------


def three(x: Any, y: Any, z: Any) -> Any:
    return x * y * y * z  # partials y^2 z, 2 x y z, x y^2


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 45.0),
        (1, 60.0),
        (-1, 18.0),
        (-3, 45.0),
        ((0,), (45.0,)),
        ((2, 0), (18.0, 45.0)),
        ([0, -2, 2], (45.0, 60.0, 18.0)),
        ((), ()),
    ],
)
def test_argnums(argnums: Any, expected: Any) -> None:
    assert grad(three, argnums)(2.0, 3.0, 5.0) == expected
    assert value_and_grad(three, argnums)(2.0, 3.0, 5.0) == (90.0, expected)
    assert jacobian(three, argnums)(2.0, 3.0, 5.0) == expected


def test_hessian_by_blocks() -> None:
    blocks = hessian(three, (0, 1))(2.0, 3.0, 5.0)
    assert blocks == ((0.0, 30.0), (30.0, 20.0))
    assert hessian(three, 1)(2.0, 3.0, 5.0) == 20.0


@pytest.mark.parametrize("argnums", [(0, 0), (0, -3), (1, 2, 1)])
def test_an_argument_named_twice_is_no_silent_zero(argnums: tuple[int, ...]) -> None:
    """Each place gets the derivative of its argument, or the call is refused."""
    partials = (45.0, 60.0, 18.0)
    try:
        result = grad(three, argnums)(2.0, 3.0, 5.0)
    except (TypeError, ValueError) as error:
        assert "argument" in str(error)
    else:
        assert result == tuple(partials[n] for n in argnums)


def test_keyword_arguments_are_passed_on_and_not_differentiated() -> None:
    def scaled(x: Any, *, by: float, options: dict[str, Any]) -> Any:
        return x * x * by + options["shift"]

    assert value_and_grad(scaled)(3.0, by=2.0, options={"shift": 1.0}) == (19.0, 12.0)


def test_nested_arguments_keep_their_shape() -> None:
    def f(tree: Any) -> Any:
        (a, [b]), point = tree["pair"], tree["point"]
        return a * b * point.x + point.y * 2.0

    tree = {"pair": (2.0, [3.0]), "point": Point(5.0, 7.0)}
    gradient = grad(f)(tree)
    assert gradient == {"pair": (15.0, [10.0]), "point": Point(6.0, 2.0)}
    assert type(gradient["point"]) is Point
    assert tree == {"pair": (2.0, [3.0]), "point": Point(5.0, 7.0)}


def test_outputs_keep_their_shape_in_jacobians() -> None:
    rows = jacobian(lambda x: {"p": Point(x[0] * x[1], 3), "q": (x[0], [x[1] * x[1]])})([2.0, 5.0])
    assert rows == {"p": Point([5.0, 2.0], [0.0, 0.0]), "q": ([1.0, 0.0], [[0.0, 10.0]])}
    assert jacobian(lambda x: x * x)(3.0) == 6.0


def test_empty_arguments() -> None:
    assert grad(lambda x: 1.0)([]) == []
    assert jacobian(lambda x: [])([1.0]) == []


def test_arrays() -> None:
    np = pytest.importorskip("numpy")
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    value, gradient = value_and_grad(lambda x: (x * x * x).sum())(x)
    assert (value, gradient.dtype) == (100.0, float)
    assert np.array_equal(gradient, 3 * x * x)
    assert np.array_equal(grad(lambda w, v: (w @ v).sum(), 1)(x, np.array([5, 6])), [4.0, 6.0])
    rows = jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    assert rows.dtype == float
    assert np.array_equal(rows, [[2.0, 0.0], [0.0, 4.0]])
    assert jacobian(lambda x: np.stack([x, x]))(x).shape == (2, 2, 2, 2, 2)
    assert np.array_equal(hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0])), [[6.0, 0.0], [0.0, 12.0]])
    assert np.array_equal(hvp(lambda x: (x**3).sum(), (x,), (np.ones((2, 2)),)), 6 * x)
    out, tangent = jvp(lambda x: x * x, (x,), (x,))
    assert np.array_equal(out, x * x)
    assert np.array_equal(tangent, 2 * x * x)
    assert grad(lambda x: 1.0)(np.array([])).shape == (0,)


def test_numpy_functions_are_differentiated() -> None:
    np = pytest.importorskip("numpy")
    x = np.array([0.3, 0.7])
    gradient = grad(lambda x: (np.exp(x) * np.sin(x) + np.sqrt(x)).sum())(x)
    assert gradient == pytest.approx(np.exp(x) * (np.sin(x) + np.cos(x)) + 0.5 / np.sqrt(x), rel=1e-14)


@pytest.mark.parametrize("kind", ["int", "float", "float64", "0-d array", "Fraction"])
def test_numbers_of_any_kind(kind: str) -> None:
    np = pytest.importorskip("numpy")
    from fractions import Fraction

    number = {"int": 3, "float": 3.0, "float64": np.float64(3), "0-d array": np.array(3), "Fraction": Fraction(3)}[kind]
    value, gradient = value_and_grad(lambda x: x * x)(number)
    assert (value, gradient, type(value), type(gradient)) == (9.0, 6.0, float, float)


def test_jvp_matches_tangents_to_dicts_by_key() -> None:
    def f(d: Any) -> Any:
        return 10.0 * d["a"] + d["b"]

    assert jvp(f, ({"a": 1.0, "b": 2.0},), ({"b": 0.0, "a": 1.0},)) == (12.0, 10.0)


# --- functions that are constant, or are not what they seem --------------------------------------------------------


def test_constants_have_gradient_zero() -> None:
    outside = Value(4.0)
    for constant in (7, 7.0, Value(7.0), outside * 1.75):
        assert value_and_grad(lambda x, constant=constant: constant)(3.0) == (7.0, 0.0)
        assert jacobian(lambda x, constant=constant: [constant, x])([3.0, 1.0])[0] == [0.0, 0.0]
        assert jvp(lambda x, constant=constant: constant, (3.0,), (1.0,)) == (7.0, 0.0)
    assert outside.grad == 0.0
    assert grad(grad(lambda x: 7.0))(3.0) == 0.0


def test_the_input_itself_as_output() -> None:
    assert value_and_grad(lambda x: x)(3.0) == (3.0, 1.0)
    assert jacobian(lambda x: [x[1], x[0]])([3.0, 4.0]) == [[0.0, 1.0], [1.0, 0.0]]
    assert jvp(lambda x: x, (3.0,), (5.0,)) == (3.0, 5.0)


@pytest.mark.parametrize("transform", [grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]], ids=["grad", "jvp"])
def test_perturbations_are_not_confused(transform: Callable[..., Any]) -> None:
    """Inner and outer derivatives at the same point, each of its own variable only."""
    assert transform(lambda x: x * transform(lambda y: x + y)(x))(3.0) == 1.0  # d/dx (x * 1)
    assert transform(lambda x: x * transform(lambda y: x * y)(x))(3.0) == 6.0  # d/dx (x * x)
    assert transform(lambda x: transform(lambda y: x * y * y)(x))(3.0) == 12.0  # d/dx (2 x x)


@pytest.mark.parametrize("inner", [grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]], ids=["grad", "jvp"])
def test_an_inner_derivative_at_a_constant_depends_on_the_outer_variable(inner: Callable[..., Any]) -> None:
    """d/dy (x y) at y = 2 is x, so that x times it is x^2, with derivative 2 x."""
    assert grad(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6.0
    # d/dy sin(x y) at y = 1 is x cos(x)
    assert grad(lambda x: inner(lambda y: sin(x * y))(1.0) + x)(0.5) == pytest.approx(
        math.cos(0.5) - 0.5 * math.sin(0.5) + 1.0, rel=1e-14
    )


def test_an_inner_value_depends_on_the_outer_variable() -> None:
    """Also where the inner function returns the outer variable itself."""
    assert grad(lambda x: x * value_and_grad(lambda y: x * y)(2.0)[0])(3.0) == 12.0  # d/dx 2 x^2
    assert grad(lambda x: value_and_grad(lambda y: x)(2.0)[0])(3.0) == 1.0
    assert grad(lambda x: jvp(lambda y: [x, y], (2.0,), (1.0,))[0][0])(3.0) == 1.0


def test_closures_over_values_are_left_alone() -> None:
    w, b = Value(2.0, "w"), Value(1.0, "b")
    w.grad, b.grad = 10.0, 20.0

    def model(x: Any) -> Any:
        return dot([w], [x], b) ** 2 + (w * b)

    # d/dx (w x + b)^2 = 2 w (w x + b) = 28 at x = 3, and d2/dx2 = 2 w^2
    assert grad(model)(3.0) == 28.0
    assert grad(grad(model))(3.0) == 8.0
    assert hessian(model)(3.0) == 8.0
    assert jvp(model, (3.0,), (1.0,)) == (51.0, 28.0)
    assert (w.data, w.grad, b.data, b.grad) == (2.0, 10.0, 1.0, 20.0)


def test_values_as_arguments_give_values_to_be_differentiated_further() -> None:
    x = Value(3.0, "x")
    value, slope = value_and_grad(lambda x: x**3)(x)
    assert (value.data, slope.data, x.grad) == (27.0, 27.0, 0.0)
    slope.backward()
    assert x.grad == 18.0


def test_a_gradient_penalty() -> None:
    """d/dw of (d/dx w x^2)^2 = 8 w x^2: the inner derivative is taken at a Value, and is a node itself."""
    w, x = Value(3.0), Value(0.5)
    (grad(lambda x: w * x * x)(x) ** 2).backward()
    assert w.grad == pytest.approx(8 * 3.0 * 0.25, rel=1e-15)


def test_derivatives_inside_no_grad() -> None:
    with no_grad():
        assert value_and_grad(quadratic)([2.0, 3.0]) == (39.0, [12.0, 31.0])
        assert hessian(quadratic)([2.0, 3.0]) == [[6.0, 4.0], [4.0, 18.0]]
        assert jvp(quadratic, ([2.0, 3.0],), ([1.0, 0.0],)) == (39.0, 12.0)
        assert hvp(quadratic, ([2.0, 3.0],), ([1.0, 0.0],)) == [6.0, 4.0]
        at_a_value = grad(lambda x: x * x)(Value(3.0))
    assert getattr(at_a_value, "data", at_a_value) == 6.0


def test_no_grad_inside_makes_constants() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            frozen = x * x
        return frozen * x  # derivative x^2, not 3 x^2

    assert grad(f)(3.0) == 9.0


def test_a_function_that_raises_leaves_recording_as_it_was() -> None:
    def f(x: Any) -> Any:
        raise KeyError("mine")

    with no_grad():
        with pytest.raises(KeyError, match="mine"):
            grad(f)(1.0)
        assert (Value(1.0) * 2.0).operands == ()
    assert (Value(1.0) * 2.0).operands != ()


@pytest.mark.parametrize("derivative", [lambda f: grad(grad(f))(3.0), lambda f: hessian(f)(3.0)])
def test_setting_a_leaf_inside_the_function_gives_no_mixture(derivative: Callable[..., Any]) -> None:
    """The second derivative is that of the forward point, where w is 2, or an error that names w."""
    w = Value(2.0, "w")

    def f(x: Any) -> Any:
        w.data = 2.0
        y = x * x * w
        w.data = 5.0
        return y

    try:
        assert derivative(f) == 4.0
    except RuntimeError as error:
        assert "'w'" in str(error)


# --- the structures of JAX ---


def test_blocks_of_arrays_in_nestings() -> None:
    """y = {"p": W x (2), "q": a}, with W (2, 3), x (3,) and a number a: each block by hand, in JAX's shapes."""
    np = pytest.importorskip("numpy")
    W, x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([0.5, -1.0, 2.0])

    def f(parts: Any, a: Any) -> Any:
        return {"p": parts["W"] @ parts["x"][0] * a, "q": [a * a, None]}

    point = {"W": W, "x": (x,)}
    eye = np.eye(2)
    for derivative in (jacobian, jacfwd, jacrev):
        first, second = derivative(f, argnums=(0, 1))(point, 3.0)["p"]
        assert np.array_equal(first["W"], 3.0 * eye[:, :, None] * x)
        assert np.array_equal(first["x"][0], 3.0 * W)
        assert np.array_equal(second, W @ x)
        (first, second), none = derivative(f, argnums=(0, 1))(point, 3.0)["q"]
        assert (first["W"].tolist(), first["x"][0].tolist(), second, none) == ([[0.0] * 3] * 2, [0.0] * 3, 6.0, None)
    value, back = vjp(f, point, 3.0)
    assert np.array_equal(value["p"], 3.0 * W @ x) and value["q"] == [9.0, None]
    ahead, slope = back({"p": np.array([1.0, 10.0]), "q": [100.0, None]})
    assert np.array_equal(ahead["W"], 3.0 * np.outer([1.0, 10.0], x))
    assert np.array_equal(ahead["x"][0], 3.0 * np.array([1.0, 10.0]) @ W)
    assert slope == pytest.approx([1.0, 10.0] @ (W @ x) + 600.0, rel=1e-15)


def test_hessians_of_nestings_have_a_block_for_each_pair() -> None:
    """f = sum(u**2) v[0] + v[1] s: H_uu = 2 v0 I, H_uv = (2u, 0), H_vs = (0, 1)."""
    np = pytest.importorskip("numpy")
    u, v = np.array([1.0, 2.0]), [3.0, 4.0]
    h = hessian(lambda d: (d["u"] ** 2).sum() * d["v"][0] + d["v"][1] * d["s"])({"u": u, "v": v, "s": 5.0})
    assert np.array_equal(h["u"]["u"], 6.0 * np.eye(2))
    assert [np.asarray(x).tolist() for x in h["u"]["v"]] == [[2.0, 4.0], [0.0, 0.0]]
    assert [x.tolist() for x in (h["v"][0]["u"], h["v"][1]["u"], h["u"]["s"])] == [[2.0, 4.0], [0.0, 0.0], [0.0, 0.0]]
    assert (h["v"][1]["s"], h["s"]["v"], h["s"]["s"]) == (1.0, [0.0, 1.0], 0.0)
    across = hessian(lambda a, b: (a * b).sum(), argnums=(0, 1))(u, u)
    assert [[block.tolist() for block in row] for row in across] == [
        [np.zeros((2, 2)).tolist(), np.eye(2).tolist()],
        [np.eye(2).tolist(), np.zeros((2, 2)).tolist()],
    ]


@given(st.lists(coordinate, min_size=2, max_size=3), st.lists(coordinate, min_size=1, max_size=3))
@settings(deadline=None)
def test_forward_and_reverse_jacobians_agree(xs: list[float], cs: list[float]) -> None:
    def f(x: Any) -> Any:
        return [sin(c * x[0]) * exp(-x[-1]) + x[0] ** 2 for c in cs]

    rows = [[c * math.cos(c * xs[0]) * math.exp(-xs[-1]) + 2 * xs[0], *[0.0] * (len(xs) - 2)] for c in cs]
    for row, c in zip(rows, cs):
        row.append(-math.sin(c * xs[0]) * math.exp(-xs[-1]))
    for found in (jacobian(f)(xs), jacfwd(f)(xs)):
        assert all(a == pytest.approx(b, rel=1e-12, abs=1e-12) for a, b in zip(found, rows))


def test_none_is_no_argument() -> None:
    """As in JAX: None is passed on as it is, and keeps its place in the result."""
    seen = []

    def f(x: Any, y: Any) -> Any:
        seen.append((x["b"], y))
        return x["a"] * x["a"]

    assert grad(f)({"a": 3.0, "b": None}, None) == {"a": 6.0, "b": None}
    assert grad(f, (0, 1))({"a": 3.0, "b": None}, None) == ({"a": 6.0, "b": None}, None)
    assert jvp(f, ({"a": 3.0, "b": None}, None), ({"a": 1.0, "b": None}, None)) == (9.0, 6.0)
    assert hessian(f)({"a": 3.0, "b": None}, None) == {"a": {"a": 2.0, "b": None}, "b": None}
    assert seen[0] == (None, None)
    assert jvp(lambda x: (x, None), (1.0,), (2.0,)) == ((1.0, None), (2.0, None))


def test_something_besides() -> None:
    np = pytest.importorskip("numpy")

    def f(x: Any) -> Any:
        y = x * x
        return y, {"half": y / 2.0, "name": "f", "rows": [np.array([y, 1.0]), x], "none": None}

    def f2(x: Any) -> Any:
        return [x * x], x

    for aux in (
        value_and_grad(f, has_aux=True)(3.0)[0][1],
        grad(f, has_aux=True)(3.0)[1],
        jacobian(f, has_aux=True)(3.0)[1],
        hessian(f, has_aux=True)(3.0)[1],
        jvp(f, (3.0,), (1.0,), has_aux=True)[2],
        vjp(f, 3.0, has_aux=True)[2],
    ):
        assert (aux["half"], aux["name"], aux["rows"][0].tolist(), aux["rows"][1]) == (4.5, "f", [9.0, 1.0], 3.0)
    assert value_and_grad(f, has_aux=True)(3.0)[0][0] == 9.0
    assert value_and_grad(f, has_aux=True)(3.0)[1] == grad(f, has_aux=True)(3.0)[0] == 6.0
    assert (jacfwd(f2, has_aux=True)(3.0), hessian(f, has_aux=True)(3.0)[0]) == (([6.0], 3.0), 2.0)
    assert (jvp(f, (3.0,), (1.0,), has_aux=True)[:2], vjp(f, 3.0, has_aux=True)[1](1.0)) == ((9.0, 6.0), (6.0,))


def test_vjp_can_be_differentiated_and_called_again() -> None:
    """back(c) = c cos(x): with respect to x it is -c sin(x), with respect to c it is cos(x)."""
    assert grad(lambda x: vjp(sin, x)[1](2.0)[0])(0.5) == pytest.approx(-2.0 * math.sin(0.5), rel=1e-15)
    _, back = vjp(sin, 0.5)
    assert grad(lambda c: back(c)[0])(3.0) == pytest.approx(math.cos(0.5), rel=1e-15)
    assert back(2.0) == (2.0 * math.cos(0.5),)
    with no_grad():
        assert vjp(lambda x: [x * x, x, 7.0], 3.0)[1]([1.0, 10.0, 100.0]) == (16.0,)
    x = Value(2.0)
    y = vjp(lambda v: [v, v], x * x)[1]([1.0, 2.0])[0]
    assert y.data == 3.0


def test_names_that_users_of_others_type_first() -> None:
    np = pytest.importorskip("numpy")
    assert grad(lambda x, y: x * y, argnum=1)(2.0, 3.0) == 2.0
    assert value_and_grad(lambda x, y: x * y, argnum=(0, 1))(2.0, 3.0) == (6.0, (3.0, 2.0))
    assert elementwise_grad(np.tanh)(np.array([0.0, 1.0])).tolist() == pytest.approx([1.0, 1.0 / math.cosh(1.0) ** 2])
    assert elementwise_grad(lambda x, y: x * y, argnum=1)(np.array([1.0, 2.0]), np.array([5.0, 6.0])).tolist() == [1, 2]
    assert elementwise_grad(elementwise_grad(sin))(np.array([0.5])).tolist() == pytest.approx([-math.sin(0.5)])
    assert elementwise_grad(sin)(0.5) == math.cos(0.5)
    assert np.vectorize(grad(sin))(np.array([0.0, 0.5])).tolist() == [1.0, math.cos(0.5)]


def test_what_numpy_wraps_is_unwrapped() -> None:
    """`np.where` of single numbers gives an array of no dimensions."""
    np = pytest.importorskip("numpy")
    assert grad(lambda x: np.where(x > 0, x * x, -x))(3.0) == 6.0
    assert jacobian(lambda x: [np.where(x > 0, x * x, -x)])(-3.0) == [-1.0]
    assert jvp(lambda x: np.where(x > 0, x * x, -x) * 2.0, (3.0,), (1.0,)) == (18.0, 12.0)


# --- what is refused ----------------------------------------------------------------------------------------------

CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "no function": (lambda: grad(3.0)(1.0), "grad takes a function, not float: 3.0"),  # type: ignore[arg-type]
    "jacobian of no function": (lambda: jacobian(None)(1.0), "jacobian takes a function, not NoneType"),  # type: ignore[arg-type]
    "argnums too large": (lambda: grad(quadratic, 2)([1.0]), "argument 2 of a call with 1 arguments"),
    "argnums too small": (lambda: grad(quadratic, -2)([1.0]), "argument -2 of a call with 1 arguments"),
    "argnums no number": (lambda: grad(quadratic, ("a",))([1.0]), "argument 'a' of a call"),  # type: ignore[arg-type]
    "argument by keyword": (lambda: grad(lambda x: x)(x=1.0), "argument 0 of a call with 0 arguments"),
    "a str": (lambda: grad(quadratic)("ab"), "grad takes real numbers.* not str: 'ab'"),
    "a str inside": (lambda: grad(quadratic)([1.0, "b"]), "grad takes real numbers.* not str: 'b'"),
    "a complex number": (lambda: jacobian(quadratic)([1.0, 1j]), "jacobian takes real numbers.* not complex"),
    "a set": (lambda: grad(quadratic)({1.0}), "not set"),
    "list output": (lambda: grad(lambda x: [x])(1.0), "returns one number, but <lambda> returned list; use jacobian"),
    "no output": (lambda: value_and_grad(lambda x: None)(1.0), "<lambda> returned NoneType; use jacobian"),
    "list output of hvp": (lambda: hvp(lambda x: [x], (1.0,), (1.0,)), "<lambda> returned list"),
    "str output of jacobian": (lambda: jacobian(lambda x: [x, "a"])(1.0), "jacobian takes .* not str: 'a'"),
    "str output of jvp": (lambda: jvp(lambda x: "a", (1.0,), (1.0,)), "jvp takes .* not str: 'a'"),
    "too few tangents": (
        lambda: jvp(quadratic, ([1.0, 2.0],), ([1.0],)),
        r"\[1.0\] does not have the shape of \[1.0, 2.0\]",
    ),
    "tangents of another shape": (
        lambda: jvp(lambda x, y: x * y[0] * y[1], (1.0, [2.0, 3.0]), ([1.0, 2.0], 3.0)),
        "tangent",
    ),
    "jvp of numbers": (lambda: jvp(sin, 2.0, 1.0), r"as a tuple.*as in jvp\(f, \(2\.0,\), \(1\.0,\)\); 2\.0 is float"),  # type: ignore[arg-type]
    "hvp of a number": (lambda: hvp(sin, (2.0,), 1.0), r"as in jvp\(f, \(2\.0,\), \(1\.0,\)\); 1\.0 is float"),  # type: ignore[arg-type]
    "a tangent for None": (lambda: jvp(lambda x, y: x, (1.0, None), (1.0, 2.0)), "2.0 does not have the shape of None"),
    "None for a tangent": (lambda: jvp(lambda x: x, (1.0,), (None,)), "None does not have the shape of 1.0"),
    "cotangents of another shape": (lambda: vjp(lambda x: [x, x], 1.0)[1](1.0), r"cotangent"),
    "no pair": (lambda: grad(lambda x: x, has_aux=True)(1.0), "<lambda> must return a pair, its result and anything"),
    "a tangent that is no number": (lambda: jvp(quadratic, ([1.0, 2.0],), ([1.0, "b"],)), "jvp takes .* not str: 'b'"),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls_are_refused_in_a_sentence(name: str) -> None:
    call, message = CALLS[name]
    with pytest.raises((TypeError, ValueError), match=message):
        call()


# --- together with others -----------------------------------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    """Its minimum, 0, is at (1, 1, ..., 1), at the end of a narrow curved valley."""
    return sum(100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2 for i in range(len(x) - 1))


def test_scipy_minimises_with_our_gradient() -> None:
    np = pytest.importorskip("numpy")
    minimize = pytest.importorskip("scipy.optimize").minimize
    found = minimize(value_and_grad(rosenbrock), np.array([-1.2, 1.0, 0.5, -0.3]), jac=True, method="BFGS")
    assert found.fun < 1e-10
    assert found.x == pytest.approx(np.ones(4), abs=1e-4)


def test_newton_s_method_with_our_hessian() -> None:
    np = pytest.importorskip("numpy")
    x = np.array([0.8, 0.6])
    for _ in range(8):
        x = x - np.linalg.solve(hessian(rosenbrock)(x), grad(rosenbrock)(x))
    assert x == pytest.approx([1.0, 1.0], abs=1e-12)


def test_generators_of_values_are_consumed_once() -> None:
    def terms(x: Any) -> Iterator[Any]:
        yield from (log(x[i]) for i in range(len(x)))

    assert grad(lambda x: autograd.sum(terms(x)))([2.0, 4.0]) == [0.5, 0.25]
