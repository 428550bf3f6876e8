"""The lesson on sigmoid with BCE: W4 of the curriculum, and wrong answers to its exercises."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from .running import exactly, ran, transcript


def sigma(z: float) -> float:
    """The sigmoid, without overflow, and with all digits near 0."""
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def softmax(zs: Sequence[float]) -> list[float]:
    powers = [math.exp(z - max(zs)) for z in zs]
    return [power / math.fsum(powers) for power in powers]


def probabilities(zs: Sequence[float], right: int) -> list[float]:
    return softmax(zs)


def other_sign(zs: Sequence[float], right: int) -> list[float]:
    return [(k == right) - p for k, p in enumerate(softmax(zs))]


def one_everywhere(zs: Sequence[float], right: int) -> list[float]:
    return [p - 1 for p in softmax(zs)]


def not_divided(zs: Sequence[float], right: int) -> list[float]:
    return [math.exp(z) - (k == right) for k, z in enumerate(zs)]


def always_the_first(zs: Sequence[float], right: int) -> list[float]:
    return [p - (k == 0) for k, p in enumerate(softmax(zs))]


def overflows(zs: Sequence[float], right: int) -> list[float]:
    powers = [math.exp(z) for z in zs]
    return [power / sum(powers) - (k == right) for k, power in enumerate(powers)]


def inf_by_inf(zs: Sequence[float], right: int) -> list[float]:
    powers = [math.exp(z) if z < 700 else math.inf for z in zs]
    return [power / sum(powers) - (k == right) for k, power in enumerate(powers)]


def changes_its_list(zs: list[float], right: int) -> list[float]:
    zs[:] = softmax(zs)
    zs[right] -= 1
    return zs


def one_number(zs: Sequence[float], right: int) -> float:
    return softmax(zs)[right] - 1


def too_short(zs: Sequence[float], right: int) -> list[float]:
    return [softmax(zs)[right] - 1]


WRONG = {
    "slope": [
        (1 / 3 - 0.8, "minus the target"),
        ((0.8 - 1 / 3) * 0.8 * 0.2, "cancelled"),
        ((0.8 - 1 / 3) / 0.8 / 0.2, "slope by o"),
        (-0.2, "1 or 0"),
        (2.0, "not it"),
    ],
    "class_slopes": [
        (probabilities, "target is missing"),
        (other_sign, "signs"),
        (one_everywhere, "right class only"),
        (not_divided, "divided by their sum"),
        (always_the_first, "should be"),
        (overflows, "overflowed"),
        (inf_by_inf, "nan"),
        (changes_its_list, "changed the list"),
        (one_number, "a list"),
        (too_short, "3 numbers"),
    ],
}


def test_the_two_factors() -> None:
    """C = -ln o for y = 1: -1/o · o (1 - o) = o - 1; the squared error keeps o (1 - o)."""
    lesson = ran("collapse")
    o = sigma(-5.0)
    assert lesson.by_bce == exactly(o - 1)
    assert lesson.by_square == exactly((o - 1) * o * (1 - o))
    assert lesson.ratio == pytest.approx(1 / (o * (1 - o)), rel=1e-13)
    assert f"o - y = {sigma(1.5) - 1:.10f}" in transcript("collapse")


@pytest.mark.parametrize("logit", [-690.0, -300.5, -40.0, -3.0, -1e-9, 0.0, 0.7, 5.0, 20.0, 36.7, 40.0])
def test_from_the_logit_the_slope_is_exact(logit: float) -> None:
    """o from 1e-300 to 1 - 1e-16; o - 1 is -sigma(-z), which has digits where the subtraction has none left."""
    lesson = ran("collapse")
    assert lesson.from_logit(logit, 0) == pytest.approx(sigma(logit), rel=2e-15, abs=0)
    assert lesson.from_logit(logit, 1) == pytest.approx(-sigma(-logit), rel=2e-15, abs=0)
    assert lesson.from_logit(logit, 0.25) == pytest.approx(0.75 * sigma(logit) - 0.25 * sigma(-logit), rel=2e-15)


def test_the_long_way_ends_where_the_lesson_says() -> None:
    slopes = ran("collapse").slopes
    assert slopes(36.7, 0)[0] == pytest.approx(sigma(36.7) * sigma(-36.7) / (1 - sigma(36.7)), rel=1e-14)
    assert 0.4 < slopes(36.7, 0)[0] < 0.6
    assert slopes(40.0, 0)[0] == math.inf
    assert 1e-9 < abs(slopes(20.0, 0)[0] - sigma(20.0)) < 1e-7  # "its eighth digit is off"


def test_softmax_with_cross_entropy() -> None:
    lesson = ran("collapse")
    expected = [p - (k == 0) for k, p in enumerate(softmax([2.0, -1.0, 0.5]))]
    assert [z.grad for z in lesson.zs] == pytest.approx(expected, rel=1e-13)
    assert [z.grad for z in lesson.short] == exactly(expected)
    assert math.fsum(z.grad for z in lesson.zs) == pytest.approx(0, abs=1e-15)


def test_the_four_equations_for_every_weight() -> None:
    """With matrices: delta = o - y; W^T delta where z > 0; outer products for the weights."""
    np = pytest.importorskip("numpy")
    lesson = ran("collapse")
    layers = lesson.net.layers
    W = [np.array([[w.data for w in unit.w] for unit in layer.neurons]) for layer in layers]
    a, zs = [np.array([0.5, -1.2])], []
    for w in W:  # the biases are 0
        zs.append(w @ a[-1])
        a.append(np.maximum(zs[-1], 0))
    delta = np.array([sigma(float(zs[2][0])) - 1])
    for l in (2, 1, 0):  # noqa: E741
        assert [z.grad for z in lesson.sums[l]] == pytest.approx(delta.tolist(), rel=1e-12, abs=1e-15)
        assert lesson.delta[l] == pytest.approx(delta.tolist(), rel=1e-12, abs=1e-15)
        for j, unit in enumerate(layers[l].neurons):
            assert unit.b.grad == pytest.approx(delta[j], rel=1e-12, abs=1e-15)
            assert [w.grad for w in unit.w] == pytest.approx((delta[j] * a[l]).tolist(), rel=1e-12, abs=1e-15)
        if l:
            delta = W[l].T @ delta * (zs[l - 1] > 0)
    assert len(lesson.off) == 2 and len(lesson.hidden) == 7
    assert lesson.count == 4 * 3 + 3 * 5 + 4 and lesson.worst < 1e-15
