"""The lesson on activations: slopes by the textbooks' formulas, the collapse, and wrong answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest

from .running import ran

Rows = Sequence[Sequence[float]]


def z_of(row: Sequence[float], b: float, x: Sequence[float]) -> float:
    return b + sum(w * x_j for w, x_j in zip(row, x))


def off_once(W: Rows, b: Sequence[float], inputs: Rows) -> list[int]:
    return [i for i in range(len(W)) if any(z_of(W[i], b[i], x) <= 0 for x in inputs)]


def below(W: Rows, b: Sequence[float], inputs: Rows) -> list[int]:
    return [i for i in range(len(W)) if all(z_of(W[i], b[i], x) < 0 for x in inputs)]


def without_biases(W: Rows, b: Sequence[float], inputs: Rows) -> list[int]:
    return [i for i in range(len(W)) if all(z_of(W[i], 0.0, x) <= 0 for x in inputs)]


def alive(W: Rows, b: Sequence[float], inputs: Rows) -> list[int]:
    return [i for i in range(len(W)) if any(z_of(W[i], b[i], x) > 0 for x in inputs)]


def truths(W: Rows, b: Sequence[float], inputs: Rows) -> list[bool]:
    return [all(z_of(W[i], b[i], x) <= 0 for x in inputs) for i in range(len(W))]


WRONG = {
    "needed": [(2, "bias"), (10_501, "collapse"), (201, "hidden units"), (4, "2 inputs to 1 output")],
    "dead": [
        (off_once, "ALL inputs"),
        (below, "<="),
        (without_biases, "biases were forgotten"),
        (alive, "alive"),
        (truths, "numbers of the dead units"),
    ],
}


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def phi(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def ndtr(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


FORMULAS: dict[str, Callable[[float], tuple[float, float]]] = {
    "sigmoid": lambda z: (sigma(z), sigma(z) * (1 - sigma(z))),
    "tanh": lambda z: (math.tanh(z), 1 - math.tanh(z) ** 2),
    "ReLU": lambda z: (max(z, 0.0), float(z > 0)),
    "leaky ReLU": lambda z: (z if z > 0 else 0.01 * z, 1.0 if z > 0 else 0.01),
    "GELU": lambda z: (z * ndtr(z), ndtr(z) + z * phi(z)),
    "SiLU": lambda z: (z * sigma(z), sigma(z) * (1 + z * (1 - sigma(z)))),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_slopes_are_those_of_the_table(name: str) -> None:
    lesson = ran("activations")
    for z, (height, slope) in zip(lesson.steps, lesson.curves[name]):
        assert (height, slope) == pytest.approx(FORMULAS[name](z), rel=1e-10, abs=1e-15)


def test_the_bounds_of_the_slopes() -> None:
    """0.25 is the sigmoid's. GELU's slope is largest at √2, where its derivative φ(z) (2 - z²) is 0."""
    lesson = ran("activations")
    assert (lesson.steepest["sigmoid"], lesson.steepest["tanh"]) == (0.25, 1.0)
    root = math.sqrt(2)
    assert lesson.steepest["GELU"] == pytest.approx(ndtr(root) + root * phi(root), rel=1e-4)
    assert lesson.flattest["GELU"] == pytest.approx(ndtr(-root) - root * phi(root), rel=1e-3)
    for z in (-3.0, -0.4, 0.0, 1.7):
        assert math.tanh(z) == pytest.approx(2 * sigma(2 * z) - 1, abs=1e-15)


def test_three_layers_are_one_matrix() -> None:
    lesson = ran("activations")
    assert sum(len(layer.parameters()) for layer in lesson.deep) == 25
    for x in lesson.points:
        a = list(x)
        for layer in lesson.deep:
            a = [b.data + sum(w.data * a_j for w, a_j in zip(row, a)) for row, b in zip(layer.weight, layer.bias)]
        assert lesson.M[0][0] * x[0] + lesson.M[0][1] * x[1] + lesson.c[0] == pytest.approx(a[0], rel=1e-12)


def test_gradients_are_the_one_gradient_seen_through_the_other_matrices() -> None:
    lesson = ran("activations")
    for layer, formula in zip(lesson.plain, lesson.formulas):
        for row, wanted in zip(layer.weight, formula):
            assert [w.grad for w in row] == pytest.approx(wanted, rel=1e-12)
    r = lesson.Mv[0].data * 1.0 + lesson.Mv[1].data * -2.0 - 1.0
    assert lesson.G[0] == pytest.approx([2 * r * 1.0, 2 * r * -2.0], rel=1e-12)


def test_linear_networks_stop_at_a_quarter() -> None:
    """The plane with the least squares for 0, 1, 1, 0 is 0.5 everywhere, so the loss is 4 · 0.5² / 4."""
    trained = ran("activations").trained
    for name in ("one linear layer", "three linear layers"):
        assert trained[name][0][-1] == pytest.approx(0.25, abs=1e-5)
        assert trained[name][1] == pytest.approx([0.5] * 4, abs=5e-3)
    assert trained["three with tanh"][0][-1] < 1e-4
