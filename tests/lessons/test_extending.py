"""The lesson on operations, layers and losses of one's own, and wrong answers to its exercises."""

from __future__ import annotations

import math
from typing import Any

import pytest

import autograd
from autograd import Value, exp, grad
from autograd.functional import hessian

from .running import exactly, ran, transcript


def other_sign(a: Any, out: Any) -> tuple[Any, ...]:
    return (2 * a * out,)


def without_inner_derivative(a: Any, out: Any) -> tuple[Any, ...]:
    return (-out,)


def inner_derivative_alone(a: Any, out: Any) -> tuple[Any, ...]:
    return (-2 * a,)


def no_tuple(a: Any, out: Any) -> Any:
    return -2 * a * out


def one_too_many(a: Any, out: Any) -> tuple[Any, ...]:
    return -2 * a * out, 1.0


def floats_alone(a: Any, out: Any) -> tuple[Any, ...]:
    return (-2 * a * math.exp(-a * a),)


def no_graph(a: Any, out: Any) -> tuple[Any, ...]:
    number = getattr(a, "data", a)
    return (-2 * number * exp(-number * number),)


WRONG = {
    "point": [(1.0, "which is right"), (2.0, "cancel"), (math.inf, "finite point")],
    "partials": [
        (other_sign, "sign"),
        (without_inner_derivative, "inner derivative is missing"),
        (inner_derivative_alone, "alone"),
        (no_tuple, "tuple"),
        (one_too_many, "one operand"),
        (floats_alone, "floats alone"),
        (no_graph, ".data"),
    ],
}


def test_the_rule_and_the_wrong_one() -> None:
    lesson = ran("extending")
    for a in (-2.0, 0.0, 0.3, 4.0):
        for f in (0.5, 1.0, 3.0):
            x, w = Value(a), Value(f)
            y = lesson.snake(x, w)
            y.backward()
            sine = math.sin(f * a)
            assert y.data == exactly(a + sine * sine / f)
            assert x.grad == pytest.approx(1 + math.sin(2 * f * a), rel=1e-13)
            assert w.grad == pytest.approx(a * math.sin(2 * f * a) / f - sine**2 / f**2, rel=1e-12, abs=1e-15)
            second = hessian(lambda p: lesson.snake(p[0], p[1]))([a, f])
            assert second[0][0] == pytest.approx(2 * f * math.cos(2 * f * a), rel=1e-13)
            for mixed in (second[0][1], second[1][0]):
                assert mixed == pytest.approx(2 * a * math.cos(2 * f * a), rel=1e-12, abs=1e-14)
    assert "partial 1 of 'snake' at (0.5, 2.0) is" in transcript("extending")


def test_it_works_in_all_readings() -> None:
    numpy = pytest.importorskip("numpy", reason="NumPy is not installed")
    lesson = ran("extending")
    places = numpy.linspace(-3, 3, 7)
    assert lesson.snake(places, 2.0) == pytest.approx(places + numpy.sin(2 * places) ** 2 / 2, rel=1e-14)
    printed: dict[str, Any] = {"sin": math.sin, "pow": pow}
    exec(autograd.symbols.python(lesson.snake), printed)
    out, partials = printed["snake_rule"](0.5, 2.0)
    assert out == exactly(lesson.snake(0.5, 2.0))
    assert partials == exactly(lesson.snake_partials(0.5, 2.0, out))
    program = autograd.compile(lambda x: lesson.snake(lesson.w * x, lesson.f), [lesson.w, lesson.f])
    value, gradient = program([0.8])
    lesson.w.grad = lesson.f.grad = 0.0
    lesson.y.backward()
    assert value == pytest.approx(lesson.y.data, rel=1e-14)
    assert [lesson.w.grad, lesson.f.grad] == pytest.approx(gradient.tolist(), rel=1e-13)
    assert "The rule of snake cannot be read" not in lesson.page.html


def test_a_rule_with_math_is_deaf() -> None:
    lesson = ran("extending")
    assert grad(lesson.deaf)(0.5) == exactly(math.sin(1.0))
    with pytest.raises(TypeError, match="functions of math"):
        grad(grad(lesson.deaf))(0.5)
    with pytest.raises(autograd.CompileError):
        autograd.compile(lambda x: lesson.deaf(lesson.w * x), [lesson.w], like=(1.0,))


def test_the_loss() -> None:
    lesson = ran("extending")
    mpmath = pytest.importorskip("mpmath", reason="mpmath is not installed")
    with mpmath.workdps(60):
        for error in (-1000.0, -3.0, -0.1, 0.1, 3.0, 710.0, 1000.0):
            e = Value(error)
            loss = lesson.log_cosh(e)
            loss.backward()
            assert loss.data == pytest.approx(float(mpmath.log(mpmath.cosh(mpmath.mpf(error)))), rel=1e-12)
            assert e.grad == pytest.approx(float(mpmath.tanh(mpmath.mpf(error))), rel=1e-12)
    with pytest.raises(OverflowError):
        math.cosh(711.0)
    assert math.isfinite(math.cosh(710.0))


def test_the_layer_learns_the_wave() -> None:
    lesson = ran("extending")
    assert len(lesson.Snake(8).parameters()) == 8
    inside = {name: lesson.miss(model, True) for name, (model, _) in lesson.fits.items()}
    outside = {name: lesson.miss(model, False) for name, (model, _) in lesson.fits.items()}
    assert outside["snake, log cosh"] < 0.3 < 1.5 < outside["tanh, log cosh"]
    assert inside["snake, log cosh"] < 0.12 < 0.2 < inside["snake, squared"]
    found = {seed: wrong for seed, _, wrong in lesson.rows}
    assert [seed for seed in found if found[seed] > 1] == [3]
