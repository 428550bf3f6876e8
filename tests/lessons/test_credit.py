"""The lesson on credit assignment: W2 of the curriculum, and wrong answers to its exercises."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from .running import exactly, ran


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


O = sigma(0.7 * sigma(0.5) + 0.8 * sigma(0.3))  # noqa: E741
Deltas = tuple[float, list[float]]


def without_slope_of_output(v: Sequence[float], h: Sequence[float], o: float, y: float) -> Deltas:
    return o - y, [v_i * (o - y) * h_i * (1 - h_i) for v_i, h_i in zip(v, h)]


def other_sign(v: Sequence[float], h: Sequence[float], o: float, y: float) -> Deltas:
    delta = (y - o) * o * (1 - o)
    return delta, [v_i * delta * h_i * (1 - h_i) for v_i, h_i in zip(v, h)]


def without_hidden_slopes(v: Sequence[float], h: Sequence[float], o: float, y: float) -> Deltas:
    delta = (o - y) * o * (1 - o)
    return delta, [v_i * delta for v_i in v]


def without_weights(v: Sequence[float], h: Sequence[float], o: float, y: float) -> Deltas:
    delta = (o - y) * o * (1 - o)
    return delta, [delta * h_i * (1 - h_i) for h_i in h]


def three_numbers(v: Sequence[float], h: Sequence[float], o: float, y: float) -> tuple[float, float, float]:
    return 1.0, 2.0, 3.0


WRONG = {
    "delta_o": [((O - 1) * O * (1 - O), "target 1"), (O, "slope of the sigmoid"), (-0.1, "sign"), (0.3, "not it")],
    "deltas": [
        (without_slope_of_output, "output's sigmoid"),
        (other_sign, "wrong sign"),
        (without_hidden_slopes, "hidden sigmoids"),
        (without_weights, "lack the weights"),
        (three_numbers, "a pair"),
    ],
}


def test_figures() -> None:
    """x = (1, 0), y = 1: the four equations written out."""
    lesson = ran("credit")
    w, v, x = [[0.5, 0.4], [0.3, 0.6]], [0.7, 0.8], [1.0, 0.0]
    h = [sigma(0.5), sigma(0.3)]
    delta_o = (O - 1) * O * (1 - O)
    delta = [v[i] * delta_o * h[i] * (1 - h[i]) for i in (0, 1)]
    assert [node.data for node in lesson.h] == exactly(h)
    assert lesson.o.data == exactly(O) == pytest.approx(0.7099776590, abs=5e-11)
    assert lesson.E.data == exactly((1 - O) ** 2 / 2)
    assert lesson.z_o.grad == exactly(delta_o) == pytest.approx(-0.0597183212, abs=5e-11)
    assert [node.grad for node in lesson.z] == exactly(delta)
    assert [p.grad for p in lesson.v] == exactly([delta_o * h[0], delta_o * h[1]])
    v_new = [v[i] - 0.5 * delta_o * h[i] for i in (0, 1)]
    w_new = [[w[i][j] - 0.5 * delta[i] * x[j] for j in (0, 1)] for i in (0, 1)]
    for i in (0, 1):
        assert [p.grad for p in lesson.w[i]] == exactly([delta[i] * x[0], delta[i] * x[1]])
        assert [p.data for p in lesson.w_new[i]] == exactly(w_new[i])
    h_new = [sigma(w_new[0][0]), sigma(w_new[1][0])]
    o_new = sigma(v_new[0] * h_new[0] + v_new[1] * h_new[1])
    assert lesson.o_new.data == exactly(o_new) == pytest.approx(0.7147756492, abs=5e-11)
