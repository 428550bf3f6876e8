"""The lesson on vanishing and exploding gradients: W7 of the curriculum, and wrong answers to its exercises."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from .running import ran, transcript


def by_value(gradient: list[float], limit: float) -> list[float]:
    return [max(-limit, min(limit, g)) for g in gradient]


def always(gradient: list[float], limit: float) -> list[float]:
    length = math.hypot(*gradient) or 1.0
    return [g * limit / length for g in gradient]


def by_sum(gradient: list[float], limit: float) -> list[float]:
    total = sum(abs(g) for g in gradient)
    return [g * limit / total for g in gradient] if total > limit else list(gradient)


def by_squares(gradient: list[float], limit: float) -> list[float]:
    total = sum(g * g for g in gradient)
    return [g * limit / total for g in gradient] if total > limit else list(gradient)


def to_one(gradient: list[float], limit: float) -> list[float]:
    length = math.hypot(*gradient)
    return [g / length for g in gradient] if length > limit else list(gradient)


def in_place(gradient: list[float], limit: float) -> list[float]:
    gradient[:] = [g / 50 for g in gradient]
    return gradient


WRONG = {
    "weight": [(0.25, "the slope"), (1, "still multiplies"), (4.0**10, "all ten"), (2, "It should be 1")],
    "clip": [
        (by_value, "by value"),
        (always, "less than the limit"),
        (by_sum, "sum of the sizes"),
        (by_squares, "sum of the squares"),
        (to_one, "has the length 1"),
        (in_place, "Make a new one"),
    ],
}


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def test_ten_sigmoids() -> None:
    """With weights 1 the delta of layer l is the product of the slopes from l to 10, each at most 0.25."""
    lesson = ran("vanishing")
    assert lesson.bound == 0.25**10 == pytest.approx(9.5e-07, rel=0.01)
    z, zs, activations = 1.0, [], [1.0]
    for _ in range(10):
        zs.append(z)
        z = sigma(z)
        activations.append(z)
    delta = 1.0
    for k in range(9, -1, -1):
        delta *= sigma(zs[k]) * (1 - sigma(zs[k]))
        assert lesson.sums[k].grad == pytest.approx(delta, rel=1e-13)
        assert lesson.weights[k].grad == pytest.approx(delta * activations[k], rel=1e-13)
    assert delta < lesson.bound
    assert lesson.weights[0].grad / lesson.weights[9].grad == pytest.approx(2e-6, rel=0.1)


FORMULAS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "sigmoid": (sigma, lambda z: sigma(z) * (1 - sigma(z))),
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "ReLU": (lambda z: max(z, 0.0), lambda z: float(z > 0)),
    "leaky ReLU": (lambda z: z if z > 0 else 0.01 * z, lambda z: 1.0 if z > 0 else 0.01),
    "GELU": (
        lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
        lambda z: math.erfc(-z / math.sqrt(2)) / 2 + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_deltas_follow_the_four_equations(name: str) -> None:
    """delta^l = (W^(l+1))^T delta^(l+1) * f'(z^l), from the last layer to the first."""
    lesson = ran("vanishing")
    f, slope = FORMULAS[name]
    matrices = [[[w.data for w in row] for row in matrix] for matrix in lesson.matrices]
    squares = [0.0] * len(matrices)
    for x in lesson.examples:
        a, zs = x, []
        for matrix in matrices:
            zs.append([math.fsum(w * a_j for w, a_j in zip(row, a)) for row in matrix])
            a = [f(z) for z in zs[-1]]
        blame = [1.0] * len(a)
        for k in range(len(matrices) - 1, -1, -1):
            delta = [b * slope(z) for b, z in zip(blame, zs[k])]
            squares[k] += math.fsum(d * d for d in delta)
            blame = [math.fsum(row[j] * d for row, d in zip(matrices[k], delta)) for j in range(len(matrices[k][0]))]
    count = len(lesson.examples) * lesson.WIDTH
    assert lesson.deltas[name] == pytest.approx([math.sqrt(s / count) for s in squares], rel=1e-9)


def test_doubled_weights() -> None:
    """relu(2z) = 2 relu(z): each of the matrices above a layer doubles its deltas, exactly."""
    lesson = ran("vanishing")
    for layer, (once, twice) in enumerate(zip(lesson.relu, lesson.relu_doubled), 1):
        assert twice == once * 2 ** (lesson.DEPTH - layer)
    assert "Answer: 524288." in transcript("vanishing")


def test_the_order_that_the_text_tells() -> None:
    lesson = ran("vanishing")
    first = {name: curve[0] for name, curve in lesson.deltas.items()}
    assert sorted(first, key=lambda name: first[name])[:2] == ["sigmoid", "GELU"]
    assert lesson.sizes["GELU"][-1] < 1e-5


def test_clipping_at_the_cliff() -> None:
    lesson = ran("vanishing")
    before, raw = lesson.length(lesson.free[lesson.worst - 1][3]), lesson.raw
    assert lesson.length(raw) > 100 * before
    assert lesson.length(lesson.free[lesson.worst + 1][3]) < 1e-4
    assert raw[0] < -1 and raw[1] < -1
    assert lesson.cut_by_value == (-1.0, -1.0)
    assert lesson.cut_by_norm == pytest.approx([g / (math.hypot(*raw) + 1e-6) for g in raw], rel=1e-12)
    w, b, loss, slopes, _ = lesson.free[10]
    # The slopes by hand: dh_t/dw = s (h + w dh/dw), dh_t/db = s (1 + w dh/db), with s = h_t (1 - h_t).
    h, by_w, by_b = 0.5, 0.0, 0.0
    for _ in range(50):
        after = sigma(w * h + b)
        s = after * (1 - after)
        h, by_w, by_b = after, s * (h + w * by_w), s * (1 + w * by_b)
    assert loss == pytest.approx((h - 0.7) ** 2, rel=1e-12)
    assert slopes == pytest.approx((2 * (h - 0.7) * by_w, 2 * (h - 0.7) * by_b), rel=1e-9)
    ends = [path[-1][2] for path in (lesson.free, lesson.by_value, lesson.by_norm)]
    assert ends[0] > 0.08 and max(ends[1:]) < 0.03
