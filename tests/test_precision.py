"""Rounded arithmetic, compared with NumPy, ml_dtypes and exact fractions; and programs, with loops that round."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import (
    AnomalyError,
    CompileError,
    Value,
    checkpoint,
    detect_anomaly,
    dot,
    enable_grad,
    grad,
    gradcheck,
    hessian,
    jacfwd,
    jvp,
    no_grad,
    precision,
    rounded,
    set_data,
    value_and_grad,
)
from autograd.formats import FORMATS, Format

inf, nan = math.inf, math.nan


def bits(x: float) -> bytes:
    """The bits of the number; all nan count as the same."""
    return b"nan" if x != x else struct.pack("d", x)


# --- numbers ------------------------------------------------------------------------------------------------------


def all_of_16_bits(name: str) -> list[float]:
    """Every number of a format of 16 bits, from its bits; nan left out."""
    if name == "float16":
        numbers = [struct.unpack("<e", struct.pack("<H", i))[0] for i in range(1 << 16)]
    else:  # the upper half of a float32
        numbers = [struct.unpack("<f", struct.pack("<HH", 0, i))[0] for i in range(1 << 16)]
    return [x for x in numbers if x == x]


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_every_number_of_the_format_its_midpoints_and_their_neighbours(name: str) -> None:
    """A number between two neighbours is rounded to the nearer one, and from the middle to the even one."""
    form = FORMATS[name]
    positive = sorted(x for x in all_of_16_bits(name) if math.copysign(1.0, x) > 0.0)
    for i, (low, high) in enumerate(itertools.pairwise(positive)):
        even = low if i % 2 == 0 else high  # sorted numbers have consecutive bit patterns, so the last bit alternates
        above = high if high < inf else 2.0 * low - positive[i - 1]
        middle = (low + above) / 2.0
        for x, expected in (
            (low, low),
            (math.nextafter(low, inf), low),
            (math.nextafter(middle, 0.0), low),
            (middle, even),
            (math.nextafter(middle, inf), high),
        ):
            assert bits(form(x)) == bits(expected)
            assert bits(form(-x)) == bits(-expected)
    assert [form(x) for x in (inf, -inf, 1.7e308, -1.7e308)] == [inf, -inf, inf, -inf]
    assert math.isnan(form(nan))


def exactly(x: float, form: Format) -> float:
    """Rounding by fractions: the multiple of the step that is nearest."""
    step = Fraction(2) ** max(math.floor(math.log2(abs(x))) - form.digits + 1 if x else 0, form.smallest)
    if x and abs(Fraction(x)) < step * 2 ** (form.digits - 1) and step > Fraction(2) ** form.smallest:
        step /= 2  # the logarithm was rounded up
    number = round(Fraction(x) / step) * step
    return math.copysign(inf if abs(number) > form.largest else float(abs(number)), x)


floats = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1e6, 1e6) | st.floats(-1e-4, 1e-4)


@given(floats)
@pytest.mark.parametrize("name", FORMATS)
def test_rounding_is_that_of_exact_fractions(name: str, x: float) -> None:
    assert bits(rounded(x, name)) == bits(exactly(x, FORMATS[name]))


@given(st.floats())
@pytest.mark.parametrize("name", ["float16", "float32"])
def test_numpy_rounds_alike(name: str, x: float) -> None:
    np = pytest.importorskip("numpy")
    with np.errstate(all="ignore"):
        assert bits(rounded(x, name)) == bits(float(np.float64(x).astype(name)))


@given(st.floats(width=32))
def test_ml_dtypes_rounds_alike(x: float) -> None:
    """From float32, because ml_dtypes rounds a float64 twice, first to float32."""
    np = pytest.importorskip("numpy")
    theirs = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed").bfloat16
    assert bits(rounded(x, "bfloat16")) == bits(float(np.float32(x).astype(theirs)))


@given(st.floats())
@pytest.mark.parametrize("name", [*FORMATS, "float64"])
def test_rounding_twice_is_rounding_once(name: str, x: float) -> None:
    assert bits(rounded(rounded(x, name), name)) == bits(rounded(x, name))


@pytest.mark.parametrize(
    ("call", "error", "why"),
    [
        (lambda: rounded(1.0, "float8"), ValueError, "dtype must be one of .*float64, not 'float8'"),
        (lambda: rounded(1.0, float), TypeError, "as a str, not type"),  # type: ignore[arg-type]
        (lambda: rounded("1", "float16"), TypeError, "rounded takes real numbers, not str"),  # type: ignore[arg-type]
        (lambda: precision("half"), ValueError, "a precision must be one of"),
        (lambda: precision("float16", accumulate="int"), ValueError, "accumulate must be one of"),
        (lambda: precision(16), TypeError, "not int: 16"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments(call: Callable[[], Any], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        call()


# --- nodes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_results_leaves_and_gradients_are_numbers_of_the_format(name: str) -> None:
    outside = Value(0.1)
    model = nn.MLP(3, [4, 2], activation="gelu", seed=1)
    with precision(name):
        x = [Value(0.1), Value(-0.7)]
        outside_too = outside * 3
        y = nn.cross_entropy(model([*x, 0.3]), 1) / 3 + dot(x, x, outside_too).exp() ** 1.5 - outside.tanh() % 0.7
        y.backward(0.123)
        y.backward()
        kept = Value(0.1)
        kept.data = 1 / 3
        kept.grad = 1 / 7
        set_data([x[0]], [1 / 3])
    assert outside.data == 0.1
    graph = autograd.Graph(y)
    for node in graph:
        if node.op is not None or isinstance(node, autograd.value.Constant):
            assert node.data == rounded(node.data, name)
        assert node.grad == rounded(node.grad, name)
    assert (kept.data, x[0].data) == (rounded(1 / 3, name),) * 2
    assert kept.grad == rounded(1 / 7, name)
    assert (Value(0.1).data, (outside * 3).data) == (0.1, 0.1 * 3)


def numpys(name: str) -> Any:
    np = pytest.importorskip("numpy")
    if name == "bfloat16":
        return pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed").bfloat16
    return getattr(np, name)


@pytest.mark.parametrize("name", FORMATS)
def test_a_program_is_that_of_numpys_numbers(name: str) -> None:
    """f = (a b + c) / d with its gradient, by hand in NumPy's scalars of that type, operation by operation."""
    kind = numpys(name)
    np = pytest.importorskip("numpy")
    dice = np.random.default_rng(3)
    for _ in range(200):
        a, b, c, d = (kind(x) for x in dice.normal(size=4) * [10.0, 1.0, 0.01, 3.0])
        f = (a * b + c) / d
        with precision(name):
            va, vb, vc, vd = (Value(float(x)) for x in (a, b, c, d))
            y = (va * vb + vc) / vd
            y.backward()
        assert y.data == float(f)
        inverse = rounded(1.0 / float(d), name)  # 1/d is a slope, and the product with the gradient 1 is rounded
        assert vc.grad == inverse
        assert va.grad == float(kind(inverse) * b)
        assert vb.grad == float(kind(inverse) * a)
        assert vd.grad == rounded(-(y.data / float(d)), name)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("accumulate", ["float64", "float32", "bfloat16", "float16"])
@pytest.mark.parametrize("bias", [None, 0.25])
def test_how_a_dot_product_accumulates(name: str, accumulate: str, bias: float | None) -> None:
    """Expected: a loop that rounds each product and sum to the accumulator's format, and the result to its own."""
    ws, xs = [[rounded(x, name) for x in numbers] for numbers in ([0.1, 3.7, -1.1, 0.01], [7.3, 1.1, 2.7, 300.1])]
    terms = [rounded(w * x, accumulate) for w, x in zip(ws, xs)]
    total = terms.pop(0) if bias is None else bias
    for term in terms:
        total = rounded(total + term, accumulate)
    with precision(name, accumulate=accumulate):
        assert dot([Value(w) for w in ws], [Value(x) for x in xs], None if bias is None else Value(bias)).data == (
            rounded(total, name)
        )
    terms, total = ws[1:], ws[0]
    for term in terms:
        total = rounded(total + rounded(term, accumulate), accumulate)
    with precision(name, accumulate=accumulate):
        assert autograd.sum([Value(w) for w in ws]).data == rounded(total, name)


def test_the_slopes_are_those_at_the_number_that_is_kept() -> None:
    with precision("bfloat16"):
        x = Value(1.0)
        y = x.exp()
        y.backward()
        z = x**3.0
        q = Value(1.0) / Value(3.0)
    e = rounded(math.e, "bfloat16")
    assert (y.data, y.partials, x.grad) == (e, (e,), e)
    assert z.partials == (3.0,)
    assert q.partials == (1 / 3, -rounded(1 / 3, "bfloat16") / 3)


def test_gradients_are_summed_with_each_step_rounded() -> None:
    """256 + 1 is 256 in bfloat16, so a sum of ones stops at 256."""
    with precision("bfloat16"):
        w = Value(1.0)
        autograd.sum([w] * 300).backward()
        assert w.grad == 256.0
        w.grad = 256.0
        (w * 1.0).backward()
        assert w.grad == 256.0
        (w * 1.0).backward(4.0)
    assert w.grad == 260.0


def test_small_gradients_are_lost_and_large_ones_overflow() -> None:
    w = Value(1.0)
    with precision("float16"):
        y = (w * 1e-4) * 1e-4
        y.backward()
        assert (y.data, w.grad) == (0.0, 0.0)
        y.backward(65536.0)
        assert w.grad == inf
    w.grad = 0.0
    y.backward()  # outside of the block the same graph has all digits
    assert w.grad == rounded(1e-4, "float16") ** 2


def test_blocks_in_blocks() -> None:
    with precision("float16"):
        half = Value(0.1).data
        with precision("float64"):
            assert Value(0.1).data == 0.1
            with precision("bfloat16"), no_grad():
                y = Value(0.1) * 1
                assert (y.data, y.operands) == (rounded(0.1, "bfloat16"), ())
                with enable_grad():
                    assert len((Value(0.1) * 3).operands) == 2
        assert Value(0.1).data == half == rounded(0.1, "float16")

    @precision("float32")
    def function() -> float:
        return Value(0.1).data

    assert function() == rounded(0.1, "float32")
    assert repr(precision("float32")) == "precision('float32')"


def test_a_leaf_from_outside_keeps_its_digits_and_a_copy_is_rounded() -> None:
    w = Value(0.1)
    with precision("bfloat16"):
        assert (w + 0.0).data == rounded(0.1, "bfloat16")
        assert w.data == 0.1
        assert w.detach().data == rounded(0.1, "bfloat16")
        w.backward(0.1)
    assert w.grad == rounded(0.1, "bfloat16")


@pytest.mark.parametrize("name", FORMATS)
def test_backward_at_an_old_point_and_twice(name: str) -> None:
    w, x = Value(0.3), Value(0.7)
    with precision(name):
        y = dot([w, x], [x, w])
        w.data = 5.0
        y.backward()
        once = (w.grad, x.grad)
        y.backward()
    assert once == (rounded(2 * rounded(0.7, name), name), rounded(2 * rounded(0.3, name), name))
    assert (w.grad, x.grad) == (2 * once[0], 2 * once[1])


# --- derivatives of functions ---------------------------------------------------------------------------------------


def f(x: list[Any]) -> Any:
    return (x[0] * x[1]).tanh() * 3 + x[1] ** 3.0 / x[0] + dot(x, x).exp() * 0.1


@pytest.mark.parametrize("name", FORMATS)
def test_functions_that_differentiate_round_as_backward_does(name: str) -> None:
    point = [0.3, 0.7]
    with precision(name):
        leaves = [Value(x) for x in point]
        y = f(leaves)
        y.backward()
        value, gradient = value_and_grad(f)(point)
        nested = grad(lambda x: f(x) * 1.0)([Value(x) for x in point])  # Values in, Values out
        tangent = jvp(f, (point,), ([1.0, 0.0],))[1]
        forward = jacfwd(f)(point)
    assert value == y.data
    assert gradient == [x.grad for x in leaves]
    assert [x.data for x in nested] == gradient
    for number in (*gradient, tangent, *forward):
        assert number == rounded(number, name)
    unit = 2.0 ** -FORMATS[name].digits
    for found in (gradient, forward):  # terms of up to 6 cancel
        assert found == pytest.approx(grad(f)(point), rel=8 * unit, abs=24 * unit)


@pytest.mark.parametrize("name", FORMATS)
def test_second_derivatives_are_numbers_of_the_format(name: str) -> None:
    with precision(name):
        rows = hessian(f)([0.3, 0.7])
        third = grad(grad(grad(lambda x: x**4.0)))(0.3)
    unit = 2.0 ** -FORMATS[name].digits
    for row, exact in zip(rows, hessian(f)([0.3, 0.7])):
        assert row == [rounded(x, name) for x in row]
        assert row == pytest.approx(exact, rel=30 * unit, abs=30 * unit)
    assert third == pytest.approx(24 * 0.3, rel=8 * unit)


# --- other modes --------------------------------------------------------------------------------------------------


def test_a_checkpointed_function_is_run_again_with_the_precision_of_the_first_time() -> None:
    def program(call: Any, inside: bool) -> list[float]:
        w = Value(0.3)
        with precision("bfloat16"):
            y = call(lambda x: (x * w).tanh() * w, Value(0.7))
            if inside:
                y.backward()
        if not inside:
            with precision("float16"):
                y.backward()
        y.backward()
        return [y.data, w.grad]

    for inside in (True, False):
        assert program(checkpoint, inside) == program(lambda function, *args: function(*args), inside)


def test_overflow_is_an_anomaly() -> None:
    with precision("float16"), detect_anomaly():
        with pytest.raises(AnomalyError, match="mul gave inf"):
            Value(300.0) * 300.0
        w = Value(200.0)
        y = w * 300.0
        with pytest.raises(AnomalyError, match="became inf"):
            y.backward(300.0)
    assert w.grad == 0.0


def test_what_makes_no_sense_inside_is_refused() -> None:
    with precision("float16"):
        with pytest.raises(ValueError, match="which are lost where numbers are rounded to float16"):
            gradcheck(lambda x: x * x, (1.0,))
        with pytest.raises(CompileError, match="compile outside the block, with dtype='float16'"):
            autograd.compile(lambda x: x * Value(1.0), like=(0.0,))


# --- compiled programs ----------------------------------------------------------------------------------------------


def test_a_compiled_program_computes_in_float16() -> None:
    np = pytest.importorskip("numpy")
    xs, ys = np.random.default_rng(0).normal(size=(6, 2)), np.linspace(-1.0, 1.0, 6)
    for activation in nn.ACTIVATIONS:
        model = nn.MLP(2, [4, 1], activation=activation, seed=1)

        def loss(x: Any, y: Any, model: Any = model) -> Any:
            return nn.mse(model(x), y)

        half, double = autograd.compile(loss, dtype="float16"), autograd.compile(loss)
        (value, gradient), (exact_value, exact) = half(xs, ys), double(xs, ys)
        assert {gradient.dtype, half.parameters.data.dtype, half.outputs(xs, ys).dtype} == {np.dtype("float16")}
        assert value == pytest.approx(exact_value, rel=1e-2)
        assert gradient == pytest.approx(exact, rel=2e-2, abs=2e-3)


def test_float16_and_bfloat16_in_jax() -> None:
    np = pytest.importorskip("numpy")
    pytest.importorskip("jax", reason="JAX is not installed")
    model = nn.MLP(2, [4, 1], activation="tanh", seed=1)
    xs, ys = np.random.default_rng(0).normal(size=(6, 2)), np.linspace(-1.0, 1.0, 6)
    exact = autograd.compile(lambda x, y: nn.mse(model(x), y))(xs, ys)
    for name, tolerance in (("float16", 1e-2), ("bfloat16", 1e-1)):
        program = autograd.compile(lambda x, y: nn.mse(model(x), y), dtype=name, backend="jax")
        value, gradient = program(xs, ys)
        assert gradient.dtype.name == name
        assert value == pytest.approx(exact[0], rel=tolerance)
        assert gradient.astype(float) == pytest.approx(exact[1], rel=tolerance, abs=tolerance / 4)


def test_numbers_that_float16_does_not_have_are_refused() -> None:
    np = pytest.importorskip("numpy")
    w = Value(1.0, "w")
    with pytest.raises(CompileError, match=r"the constant 1000000\.0, but float16 ends at 65504"):
        autograd.compile(lambda x: w * x * 1e6, like=(0.0,), dtype="float16")
    table = [Value(1.0 + 1e5 * i) for i in range(40)]
    with pytest.raises(CompileError, match="float16 ends at 65504"):
        autograd.compile(lambda x: dot(table, x) * w, [w], like=([0.0] * 40,), dtype="float16")
    program = autograd.compile(lambda x: autograd.minimum(w * x, inf), dtype="float16")
    assert program([2.0])[0] == 2.0
    for _ in range(2):
        with pytest.raises(ValueError, match="70000 examples, more than float16 can count"):
            program(np.ones(70_000))
        assert program(np.ones(3000))[0] == 1.0
