"""The lesson on the engine as a library: derivatives, fits and error bars against formulas and certified numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("scipy", reason="the lesson hands its gradients to SciPy")

import numpy as np

from autograd import Value, grad

from .running import exactly, ran, transcript

Function = Callable[[Any], Any]


def uphill(f: Function, x: float, steps: int) -> float:
    for _ in range(steps):
        x = x + grad(f)(x) / grad(grad(f))(x)
    return x


def root_finding(f: Function, x: float, steps: int) -> float:
    for _ in range(steps):
        x = x - f(x) / grad(f)(x)
    return x


def descent(f: Function, x: float, steps: int) -> float:
    for _ in range(steps):
        x = x - grad(f)(x)
    return x


def returns_early(f: Function, x: float, steps: int) -> float:
    for _ in range(steps):
        return float(x - grad(f)(x) / grad(grad(f))(x))
    return x


def stays(f: Function, x: float, steps: int) -> float:
    return x


def returns_a_value(f: Function, x: float, steps: int) -> Value:
    return Value(5.0)


WRONG = {
    "landed": [
        (4, "subtracted"),
        (3 - 81 / 108, "divided f by f'"),
        (-105, "gradient descent"),
        (0, "is lowest"),
        (1.5, "is not it"),
    ],
    "newton": [
        (uphill, "uphill"),
        (root_finding, "f is 0"),
        (descent, "gradient descent"),
        (returns_early, "inside the loop"),
        (stays, "did not change"),
        (returns_a_value, "plain number"),
    ],
}


@pytest.fixture
def lesson() -> ModuleType:
    return ran("library")


def test_velocity_and_acceleration(lesson: ModuleType) -> None:
    """e^(-γt) (-γ cos ωt - ω sin ωt), and e^(-γt) ((γ² - ω²) cos ωt + 2γω sin ωt)."""
    g, w = 0.2, 2.0
    for t in (0.0, 0.7, 3.0):
        decay, c, s = math.exp(-g * t), math.cos(w * t), math.sin(w * t)
        assert lesson.velocity(t) == exactly(decay * (-g * c - w * s))
        assert lesson.acceleration(t) == pytest.approx(decay * ((g * g - w * w) * c + 2 * g * w * s), rel=1e-13)


def test_keplers_law(lesson: ModuleType) -> None:
    """The line of least squares by its formulas."""
    u = np.log([a for a, _ in lesson.planets.values()])
    v = np.log([36000 / degrees for _, degrees in lesson.planets.values()])
    spread = np.square(u - u.mean()).sum()
    p = ((u - u.mean()) * (v - v.mean())).sum() / spread
    c = v.mean() - p * u.mean()
    for log_c, exponent in ((lesson.log_c, lesson.exponent), lesson.theta, (lesson.height, lesson.slope)):
        assert exponent == pytest.approx(p, abs=1e-10)
        assert log_c == pytest.approx(c, abs=1e-10)
    assert p == pytest.approx(1.5, abs=2e-4)
    assert lesson.taken == 1
    np.testing.assert_allclose(lesson.H, [[16.0, 2 * u.sum()], [2 * u.sum(), 2 * np.square(u).sum()]], rtol=1e-13)
    s2 = np.square(v - c - p * u).sum() / 6
    mean_error = math.sqrt(s2 * (1 / 8 + u.mean() ** 2 / spread))
    assert lesson.errors.tolist() == pytest.approx([mean_error, math.sqrt(s2 / spread)], rel=1e-6)
    assert lesson.closed == pytest.approx(math.sqrt(s2 / spread), rel=1e-6)
    assert lesson.away > 3
    assert max(map(abs, lesson.early[:4])) < 2e-5
    assert lesson.early[4] == pytest.approx(lesson.jupiter, rel=0.15)


def test_orbits_are_those_that_everybody_knows(lesson: ModuleType) -> None:
    """The periods in days, as in NASA's fact sheets, to a thousandth."""
    days = [87.969, 224.701, 365.256, 686.980, 4332.589, 10759.22, 30685.4, 60189.0]
    assert [365.25 * T for T in lesson.periods] == pytest.approx(days, rel=1e-3)


def test_a_curve_with_certified_numbers(lesson: ModuleType) -> None:
    assert lesson.b == pytest.approx([2.3894212918e2, 5.5015643181e-4], rel=1e-9)
    assert lesson.squares(lesson.b) == pytest.approx(1.2455138894e-1, rel=1e-10)
    assert math.sqrt(lesson.s2) == pytest.approx(1.0187876330e-1, rel=1e-10)
    assert lesson.linear.tolist() == pytest.approx([2.7070075241, 7.2668688436e-6], rel=1e-8)
    x = np.array(lesson.pressure)
    b1, b2 = lesson.b
    rows = np.column_stack([1 - np.exp(-b2 * x), b1 * x * np.exp(-b2 * x)])
    np.testing.assert_allclose(lesson.J, rows, rtol=1e-13)


def test_error_bars_from_the_whole_hessian(lesson: ModuleType) -> None:
    """Half the Hessian is J'J plus the sum of the residuals times their second derivatives."""
    x, y = np.array(lesson.pressure), np.array(lesson.volume)
    b1, b2 = lesson.b
    decay = np.exp(-b2 * x)
    missing = b1 * (1 - decay) - y
    bent = np.array([[0.0, (missing * x * decay).sum()], [0.0, (-b1 * missing * x**2 * decay).sum()]])
    bent[1, 0] = bent[0, 1]
    half = lesson.J.T @ lesson.J + bent
    assert lesson.whole.tolist() == pytest.approx(np.sqrt(np.diag(lesson.s2 * np.linalg.inv(half))).tolist(), rel=1e-7)


def test_newtons_method_arrives_or_does_not(lesson: ModuleType) -> None:
    assert lesson.squares(lesson.near[-1]) == pytest.approx(1.2455138894e-1, rel=1e-9)
    assert lesson.squares(lesson.far[1]) < 1.0 < 1e4 < lesson.squares(lesson.far[-1])
    assert min(lesson.curvatures) < 0 < max(lesson.curvatures)
    assert "Answer: one is negative." in transcript("library")
    assert [100 * lesson.safe.x[0], lesson.safe.x[1] / 1e4] == pytest.approx(lesson.certified, rel=1e-7)
