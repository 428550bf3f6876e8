"""The lesson on a neuron: the lecture's numbers, and wrong answers to its exercises."""

from __future__ import annotations

import math
from typing import Any

import pytest

from .running import exactly, ran, transcript


def by_hand(w: list[float], x: list[float], b: float) -> tuple[float, float, float]:
    """The sum, the output, and the slope."""
    n = sum(w_i * x_i for w_i, x_i in zip(w, x)) + b
    return n, math.tanh(n), 1 - math.tanh(n) ** 2


def not_squashed(w: list[float], x: list[float], b: float) -> Any:
    n, _, slope = by_hand(w, x, b)
    return n, [slope * x_i for x_i in x], [slope * w_i for w_i in w], slope


def without_bias(w: list[float], x: list[float], b: float) -> Any:
    _, o, slope = by_hand(w, x, 0.0)
    return o, [slope * x_i for x_i in x], [slope * w_i for w_i in w], slope


def wrong_way_round(w: list[float], x: list[float], b: float) -> Any:
    _, o, slope = by_hand(w, x, b)
    return o, [slope * w_i for w_i in w], [slope * x_i for x_i in x], slope


def without_slope(w: list[float], x: list[float], b: float) -> Any:
    _, o, slope = by_hand(w, x, b)
    return o, x, w, slope


def slope_from_the_sum(w: list[float], x: list[float], b: float) -> Any:
    n, o, _ = by_hand(w, x, b)
    slope = 1 - n * n
    return o, [slope * x_i for x_i in x], [slope * w_i for w_i in w], slope


def bias_as_it_is(w: list[float], x: list[float], b: float) -> Any:
    _, o, slope = by_hand(w, x, b)
    return o, [slope * x_i for x_i in x], [slope * w_i for w_i in w], 1.0


def two_inputs_only(w: list[float], x: list[float], b: float) -> Any:
    _, o, slope = by_hand(w, x, b)
    return o, [slope * x[0], slope * x[1]], [slope * w[0], slope * w[1]], slope


WRONG = {
    "at_zero": [
        (1, "multiplied by the input"),
        (6, "6 is the bias"),
        (0, "steepest"),
        (-3, "do/dx1"),
        (0.5, "not 0.5"),
    ],
    "neuron_by_hand": [
        (not_squashed, "not squashed"),
        (without_bias, "lacks the bias"),
        (wrong_way_round, "wrong way round"),
        (without_slope, "is missing"),
        (slope_from_the_sum, "not with the sum"),
        (bias_as_it_is, "do/db is not 1"),
        (two_inputs_only, "has 3 inputs"),
        (lambda w, x, b: math.tanh(b), "four things"),
    ],
}


def test_the_lectures_numbers() -> None:
    """The bias makes n = arsinh(1), the n at which tanh(n) is the root of one half and its slope one half."""
    lesson = ran("neuron")
    n = math.log(1 + math.sqrt(2))
    assert lesson.n.data == pytest.approx(n, rel=1e-14)
    assert lesson.o.data == pytest.approx(math.sqrt(0.5), rel=1e-14)
    assert lesson.n.grad == pytest.approx(0.5, rel=1e-14)
    leaves = [lesson.x1, lesson.w1, lesson.x2, lesson.w2, lesson.b]
    # The lecture prints -1.5, 1.0, 0.5, 0.0 and 0.5.
    assert [leaf.grad for leaf in leaves] == pytest.approx([0.5 * -3, 0.5 * 2, 0.5 * 1, 0.5 * 0, 0.5], rel=1e-14)


def test_from_parts_and_from_the_library() -> None:
    lesson = ran("neuron")
    assert lesson.o_parts.data == exactly(lesson.o.data)
    assert [v.grad for v in (*lesson.x, *lesson.w, lesson.bias)] == pytest.approx([-1.5, 0.5, 1, 0, 0.5], rel=1e-14)
    assert lesson.out.data == exactly(lesson.o.data)
    assert [p.grad for p in lesson.neuron.parameters()] == pytest.approx([1, 0, 0.5], rel=1e-14)
    assert "gradients: [1.0, 0.0, 0.5]" in transcript("neuron")
