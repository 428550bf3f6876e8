"""The exercises of the lesson on normalisation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..checking import Wrong, call, close, matrix, number


def of_five(answer: object) -> None:
    """The answer is (5 - 3) / 2 = 1."""
    got = number(answer)
    for wrong, words in (
        (2, "5 - 3 = 2 is the distance from the mean. It is divided by the spread."),
        (0.5, "You divided by the variance, 4. The divisor is its root."),
        (2 / math.sqrt(8), "The variance is divided by m = 2, not by m - 1: it is (4 + 4) / 2."),
        (5 / 2, "The mean, 3, is subtracted first."),
        (-1, "That is what becomes of the 1."),
    ):
        if close(got, wrong, rel=1e-3):
            raise Wrong(words)
    if not close(got, 1, rel=1e-4):
        raise Wrong(f"{got:g} is not it: the mean is 3, the variance is ((1 - 3)² + (5 - 3)²) / 2 = 4.")


def rms_backward(answer: object) -> None:
    """The answer is a function: g/r - x (sum of g x) / (m r³)."""
    # The first x has r = 2, so that the numbers in messages are easy to follow.
    for x, g in (
        ([2.0, -2.0, 2.0, -2.0], [1.0, 0.0, 0.0, 0.0]),
        ([1.0, -3.0, 2.0], [0.5, 1.0, -2.0]),
        ([3.0], [1.0]),
    ):
        _check(answer, x, g)


def _check(answer: object, x: list[float], g: list[float]) -> None:
    m = len(x)
    r = math.sqrt(sum(x_i * x_i for x_i in x) / m)
    along = sum(g_i * x_i for g_i, x_i in zip(g, x))
    what = f"rms_backward({x}, {g})"
    got = matrix([call(answer, what, list(x), list(g))], f"The list of {what}", 1, m)[0]
    right = _rms_backward(x, g)
    if _alike(got, right):
        return
    for wrong, words in (
        ([g_i / r for g_i in g], "Only the direct way is there. Each x also moves r, and r moves every y."),
        (
            [g_i / r + x_i * along / (m * r**3) for g_i, x_i in zip(g, x)],
            "The way through r has the wrong sign: a larger r makes each y smaller.",
        ),
        (
            [g_i / r - x_i * along / r**3 for g_i, x_i in zip(g, x)],
            "A factor 1/m is missing in the way through r: its slope by x is x / (m r).",
        ),
        (
            [g_i / r - x_i * along / (m * r**2) for g_i, x_i in zip(g, x)],
            "A factor 1/r is missing in the way through r: the slope of x/r by r is -x/r², and r has x / (m r).",
        ),
        (
            [g_i / r - x_i * g_i * x_i / (m * r**3) for g_i, x_i in zip(g, x)],
            "Through r each x reaches every y: add up g_j x_j over all j.",
        ),
    ):
        if _alike(got, wrong):
            raise Wrong(words)
    raise Wrong(f"{what} should be {_shown(right)}, and is {_shown(got)}.")


def _alike(got: Sequence[float], wanted: Sequence[float]) -> bool:
    return all(close(x, y) for x, y in zip(got, wanted))


def _shown(numbers: Sequence[float]) -> str:
    return f"[{', '.join(f'{x:.6g}' for x in numbers)}]"


def _rms_backward(x: Sequence[float], g: Sequence[float]) -> list[float]:
    m = len(x)
    r = math.sqrt(sum(x_i * x_i for x_i in x) / m)
    by_r = sum(g_i * -x_i / r**2 for g_i, x_i in zip(g, x))
    return [g_i / r + by_r * x_i / (m * r) for g_i, x_i in zip(g, x)]


ANSWERS = {"of_five": 1.0, "rms_backward": _rms_backward}
