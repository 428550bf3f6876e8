"""The lesson on nudging: its slopes, and wrong answers to its exercises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .running import ran

Function = Callable[[float], float]


def one_sided(f: Function, x: float, h: float = 1e-5) -> float:
    return (f(x + h) - f(x)) / h


def by_h(f: Function, x: float, h: float = 1e-5) -> float:
    return (f(x + h) - f(x - h)) / h


def without_parentheses(f: Function, x: float, h: float = 1e-5) -> float:
    return (f(x + h) - f(x - h)) / 2 * h


WRONG = {
    "lowest": [(-2 / 3, "sign"), (1.5, "6x = 4"), (0.0, "the slope is")],
    "central": [
        (one_sided, "right side only"),
        (by_h, "twice"),
        (without_parentheses, "parentheses"),
        (3.0, "function"),
    ],
}


def test_slopes() -> None:
    lesson = ran("nudging")
    assert lesson.slope == pytest.approx(6 * 3 - 4 + 3 * 0.001, rel=1e-9)  # 3 (x + h)² has the slope 6x + 3h
    assert (lesson.by_a, lesson.by_b, lesson.by_c) == pytest.approx((-3, 2, 1), rel=1e-9)
    assert [v.grad for v in (lesson.a, lesson.b, lesson.c)] == [-3, 2, 1]
