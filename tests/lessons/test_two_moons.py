"""The lesson on two moons: the data's formula, the network's passes in NumPy, and which points have gradients."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("numpy", reason="the lesson draws the plane with NumPy")

import numpy as np

from autograd import Value, relu
from autograd import sum as sum_of

from .running import ran, transcript


def added_up(scores: Sequence[Any], labels: Sequence[float]) -> Any:
    return sum_of([relu(1 - y * s) for s, y in zip(scores, labels)])


def other_sign(scores: Sequence[Any], labels: Sequence[float]) -> Any:
    return sum_of([relu(1 + y * s) for s, y in zip(scores, labels)]) / len(scores)


def not_cut_off(scores: Sequence[Any], labels: Sequence[float]) -> Any:
    return sum_of([1 - y * s for s, y in zip(scores, labels)]) / len(scores)


def without_margin(scores: Sequence[Any], labels: Sequence[float]) -> Any:
    return sum_of([relu(-y * s) for s, y in zip(scores, labels)]) / len(scores)


def only_numbers(scores: Sequence[Any], labels: Sequence[float]) -> float:
    numbers = [s.data if isinstance(s, Value) else s for s in scores]
    return float(added_up(numbers, labels)) / len(scores)


WRONG = {
    "hinge_loss": [(0.6, "for the label 1"), (0.4, "margin of 1"), (0, "wrong side"), (-1.4, "is not it")],
    "hinge": [
        (added_up, "the sum over the points"),
        (other_sign, "sign is wrong"),
        (not_cut_off, "below 0"),
        (without_margin, "margin is missing"),
        (only_numbers, "return a Value"),
    ],
}


@pytest.fixture
def moons() -> ModuleType:
    return ran("two_moons")


def layers(numbers: Sequence[float]) -> list[tuple[Any, Any]]:
    """Weights and biases of 2-16-16-1, neuron by neuron: its weights, then its bias."""
    rest, found = np.array(numbers), []
    for nin, nout in ((2, 16), (16, 16), (16, 1)):
        rows = rest[: nout * (nin + 1)].reshape(nout, nin + 1)
        found.append((rows[:, :-1], rows[:, -1]))
        rest = rest[nout * (nin + 1) :]
    assert not len(rest)
    return found


def forward(numbers: Sequence[float], points: Any) -> list[Any]:
    """The outputs of each layer for all points."""
    made = [np.array(points)]
    for k, (w, b) in enumerate(layers(numbers)):
        z = made[-1] @ w.T + b
        made.append(z if k == 2 else np.maximum(z, 0.0))
    return made


def test_the_moons_are_half_circles_that_were_shaken(moons: ModuleType) -> None:
    draw, expected = random.Random(1), []
    for k in range(50):
        t = math.pi * k / 49
        for x, y in ((math.cos(t), math.sin(t)), (1 - math.cos(t), 0.5 - math.sin(t))):
            expected.append([x + draw.gauss(0, 0.1), y + draw.gauss(0, 0.1)])
    assert moons.points == expected
    assert moons.labels == [-1, 1] * 50


def test_the_line_cannot(moons: ModuleType) -> None:
    w, b = [p.data for p in moons.line.w], moons.line.b.data
    right = sum((w[0] * x + w[1] * y + b > 0) == (label > 0) for (x, y), label in zip(moons.points, moons.labels))
    assert 84 <= right <= 90
    assert f"Answer: {right}." in transcript("two_moons")


def test_the_network_can(moons: ModuleType) -> None:
    y = np.array(moons.labels, dtype=float)
    for step in (0, 5, 20, 50, 100):
        s = forward(moons.snapshots[step], moons.points)[-1][:, 0]
        penalty = 1e-4 * np.square(moons.snapshots[step]).sum()
        assert moons.losses[step] == pytest.approx(np.maximum(0.0, 1.0 - y * s).mean() + penalty, rel=1e-12)
        assert moons.hits[step] == np.mean((s > 0) == (y > 0))
        assert moons.pushing[step] == np.sum(y * s < 1.0)
    assert moons.hits[100] == 1.0
    assert moons.pushing[20] > 100 - 100 * moons.hits[20]
    assert moons.pushing[100] == 0


def test_a_step_is_that_of_the_four_equations(moons: ModuleType) -> None:
    """The first step, with the learning rate 1: delta = -y / n within the margin, and back through the layers."""
    before, after = moons.snapshots[:2]
    made, parts = forward(before, moons.points), layers(before)
    y = np.array(moons.labels, dtype=float)[:, None]
    delta = np.where(1.0 - y * made[-1] > 0.0, -y / len(y), 0.0)
    slopes: list[Any] = []
    for k in (2, 1, 0):
        slopes.insert(0, np.column_stack([delta.T @ made[k], delta.sum(axis=0)]).ravel())
        delta = delta @ parts[k][0] * (made[k] > 0.0)
    gradient = np.concatenate(slopes) + 2e-4 * np.array(before)
    np.testing.assert_allclose(after, np.array(before) - gradient, rtol=1e-11, atol=1e-13)


def test_the_program_takes_the_same_steps(moons: ModuleType) -> None:
    assert moons.compiled == pytest.approx(moons.losses, rel=1e-11)


def test_between_folds_the_score_is_linear(moons: ModuleType) -> None:
    """If a short segment crosses no fold, the score at its middle is the mean of the scores at its ends."""
    draw, numbers = np.random.default_rng(0), moons.snapshots[100]
    ends = draw.uniform(-1.0, 1.0, (400, 2)), draw.uniform(-1.0, 1.0, (400, 2))
    a, b = ends[0], ends[0] + 0.05 * ends[1]
    from_a, from_b, middle = (forward(numbers, points) for points in (a, b, (a + b) / 2))
    same = np.all([((x > 0) == (y > 0)).all(axis=1) for x, y in zip(from_a[1:3], from_b[1:3])], axis=0)
    means = (from_a[3] + from_b[3])[:, 0] / 2
    assert 100 < same.sum() < 400
    np.testing.assert_allclose(middle[3][same, 0], means[same], rtol=1e-10, atol=1e-12)
    assert np.max(np.abs(middle[3][~same, 0] - means[~same])) > 1e-3
