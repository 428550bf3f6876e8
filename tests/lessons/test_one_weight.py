"""The lesson on one weight: W1 of the curriculum, and wrong answers to its exercises."""

from __future__ import annotations

import pytest

from autograd import Value

from .running import ran, transcript


def uphill(w: float, x: float, y: float, rate: float, steps: int) -> float:
    for _ in range(steps):
        w += rate * 2 * (w * x - y) * x
    return w


def unwiped(w: float, x: float, y: float, rate: float, steps: int) -> float:
    weight = Value(w)
    for _ in range(steps):
        ((weight * x - y) ** 2).backward()
        weight.data -= rate * weight.grad
    return weight.data


def returns_early(w: float, x: float, y: float, rate: float, steps: int) -> float:
    for _ in range(steps):
        return w - rate * 2 * (w * x - y) * x
    return w


def returns_the_value(w: float, x: float, y: float, rate: float, steps: int) -> Value:
    return Value(w)


WRONG = {
    "rate": [(-0.125, "positive"), (1.5, "how far"), (0.1, "not to 2")],
    "train": [
        (uphill, "up the slope"),
        (unwiped, "w.grad = 0.0"),
        (returns_early, "inside the loop"),
        (returns_the_value, "plain number"),
    ],
}


def test_figures() -> None:
    """x = 2, w = 0.5, y = 4: the loss is (y - wx)², its slope -2x(y - wx)."""
    x, w, y = 2.0, 0.5, 4.0
    lesson = ran("one_weight")
    assert lesson.path[0] == (w, (y - w * x) ** 2) == (0.5, 9)
    assert lesson.stepped == pytest.approx(w - 0.1 * -2 * x * (y - w * x), rel=1e-15) == pytest.approx(1.7)
    for step, (weight, loss) in enumerate(lesson.path):
        # Each step takes w - 2 to (1 - 2 rate x²) of it.
        assert weight == pytest.approx(2 + (w - 2) * (1 - 2 * 0.1 * x**2) ** step, rel=1e-12)
        assert loss == pytest.approx((weight * x - y) ** 2, rel=1e-9, abs=1e-25)
    assert "= -12\n" in transcript("one_weight")
