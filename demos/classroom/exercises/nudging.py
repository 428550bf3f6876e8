"""The exercises of the lesson on nudging."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..checking import Wrong, call, close, expect, number


def lowest(answer: object) -> None:
    """The answer is 2/3, where the slope 6x - 4 is 0."""
    x = number(answer)
    if close(x, 4 / 6, rel=1e-3):
        return
    if close(x, -4 / 6, rel=1e-3):
        raise Wrong("The sign is wrong: 6x - 4 = 0 means 6x = 4.")
    if close(x, 1.5):
        raise Wrong("6x = 4 gives x = 4/6, not 6/4.")
    raise Wrong(f"At x = {x:g} the slope is 6x - 4 = {6 * x - 4:g}. You want the x at which it is 0.")


def central(answer: object) -> None:
    """The answer is a function: the difference quotient to both sides."""
    seen: list[float] = []

    def square(x: float) -> float:
        seen.append(x)
        return x * x

    slope = call(answer, "central(square, 3.0, 0.1)", square, 3.0, 0.1)
    if close(slope, 6.1):
        raise Wrong("That is the difference to the right side only. Use f(x - h) instead of f(x), and 2h below.")
    if close(slope, 12):
        raise Wrong("The slope of x² at 3 came out as 12, twice too large: the two points are 2h apart, not h.")
    if close(slope, 0.06):
        raise Wrong("(f(x+h) - f(x-h)) / 2 * h multiplies by h. Write parentheses: / (2 * h).")
    expect(slope, 6.0, "central(square, 3.0, 0.1)")
    if not (any(close(x, 2.9) for x in seen) and any(close(x, 3.1) for x in seen)):
        raise Wrong("The function should be asked at x + h and at x - h.")
    expect(call(answer, "central(math.sin, 1.0)", math.sin, 1.0), math.cos(1.0), "central(math.sin, 1.0)", rel=1e-8)


def _central(f: Callable[[float], float], x: float, h: float = 1e-5) -> float:
    return (f(x + h) - f(x - h)) / (2 * h)


ANSWERS = {"lowest": 2 / 3, "central": _central}
