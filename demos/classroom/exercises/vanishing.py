"""The exercises of the lesson on vanishing and exploding gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..checking import Wrong, call, close, matrix, number


def weight(answer: object) -> None:
    """The answer is 4, the weight for which w σ'(0) = 1."""
    got = number(answer)
    if close(got, 4):
        return
    if close(got, 0.25):
        raise Wrong("0.25 is the slope. The weight has to make up for it.")
    if close(got, 1):
        raise Wrong("With the weight 1 each layer still multiplies the blame by the slope, 0.25.")
    if close(got, 4**10) or close(got, 0.25**10, abs=1e-9):
        raise Wrong("That is for all ten layers together. Each layer has a weight of its own.")
    raise Wrong(f"Then each layer multiplies by {got:g} · 0.25 = {got * 0.25:g}. It should be 1.")


def clip(answer: object) -> None:
    """The answer is a function that scales the gradient down to the length `limit`, if it is longer."""
    given = [30.0, -40.0]
    got = _list(answer, given, 1.0)
    if given != [30.0, -40.0]:
        raise Wrong("Your function changed the list that it was given. Make a new one.")
    if _is(got, [1.0, -1.0]):
        raise Wrong("That is clipping by value: each number by itself. By norm all are multiplied by one factor.")
    if _is(got, [30 / 70, -40 / 70]):
        raise Wrong("You divided by the sum of the sizes. The length is the root of the sum of the squares: 50.")
    if _is(got, [30 / 2500, -40 / 2500]):
        raise Wrong("You divided by the sum of the squares, 2500. The length is its root, 50.")
    _expect(got, given, 1.0)
    small = _list(answer, [0.3, 0.4], 1.0)
    if _is(small, [0.6, 0.8]):
        raise Wrong("(0.3, 0.4) has the length 0.5, which is less than the limit 1. It should stay as it is.")
    _expect(small, [0.3, 0.4], 1.0)
    half = _list(answer, given, 10.0)
    if _is(half, [0.6, -0.8]):
        raise Wrong("With the limit 10 the result should have the length 10, and has the length 1.")
    _expect(half, given, 10.0)
    for gradient, limit in (([0.0, 0.0], 1.0), ([-3.0], 2.0), ([1.0, 2.0, 2.0, 4.0], 2.5)):
        _expect(_list(answer, gradient, limit), gradient, limit)


def _list(answer: object, gradient: list[float], limit: float) -> list[float]:
    what = f"clip({gradient}, {limit:g})"
    return matrix([call(answer, what, gradient, limit)], f"The list of {what}", 1, len(gradient))[0]


def _is(got: Sequence[float], wanted: Sequence[float]) -> bool:
    # Not exact, because an answer may follow PyTorch's rule, which divides by the length + 1e-6.
    return all(close(x, y, rel=1e-5) for x, y in zip(got, wanted))


def _expect(got: Sequence[float], gradient: list[float], limit: float) -> None:
    right = _clip(gradient, limit)
    if not _is(got, right):
        shown = ", ".join(f"{x:.6g}" for x in right)
        raise Wrong(f"clip({gradient}, {limit:g}) should be [{shown}], and is [{', '.join(f'{x:.6g}' for x in got)}].")


def _clip(gradient: Sequence[float], limit: float) -> list[float]:
    length = math.hypot(*gradient)
    factor = limit / length if length > limit else 1.0
    return [g * factor for g in gradient]


ANSWERS = {"weight": 4.0, "clip": _clip}
