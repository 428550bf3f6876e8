"""The exercises of the lesson on checking gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..checking import Wrong, call, close, number


def best_h(answer: object) -> None:
    """The answer is about 1e-8, where the leftover h/2 · e is as large as the rounding, about 1e-16 · e / h."""
    h = number(answer)
    if h <= 0:
        raise Wrong("The nudge is a positive number, such as 1e-2.")
    if 1e-9 < h < 1e-7:
        return
    if h + 1 == 1:
        raise Wrong(f"1 + {h:g} is 1 as a float: then f(x + h) - f(x) is 0, and so is the quotient.")
    error = abs((math.exp(1 + h) - math.exp(1)) / h - math.e) / math.e if h < 100 else math.inf
    size = f"With h = {h:g} the quotient is off by {error:.0e}, relatively."
    if close(h, 1e-5, rel=0.5):
        raise Wrong(
            f"{size} That is the nudge for both sides. To one side the leftover is larger, so h must be smaller."
        )
    if h >= 1e-7:
        raise Wrong(f"{size} The leftover h/2 · f'' is larger than the rounding there: a smaller h is better.")
    raise Wrong(f"{size} Rounding is larger than the leftover h/2 · f'' there: a larger h is better.")


def wrong_entries(answer: object) -> None:
    """The answer is a function that compares a gradient with central differences, by the relative error."""
    what = "wrong_entries(f, [3, 2, -1], [12, 9, 0])"

    def f(x: Sequence[float]) -> float:
        return x[0] ** 2 * x[1] + 0 * x[2]  # its gradient is (2 x0 x1, x0², 0)

    x = [3.0, 2.0, -1.0]
    try:
        got = _indices(answer, what, f, x, [12.0, 9.0, 0.0])
    except Wrong as wrong:
        if "ZeroDivisionError" in str(wrong):
            raise Wrong(f"{what} divides by 0: where both numbers are 0, their difference is 0, too.") from None
        raise
    if x != [3.0, 2.0, -1.0]:
        raise Wrong("wrong_entries changed the list x and did not put it back. Nudge a copy: list(x).")
    if got == [0, 1] or got == [0]:
        raise Wrong(f"{what} should find nothing: is the quotient divided by 2h, and only one entry nudged at a time?")
    if got == [2]:
        raise Wrong("The third input has no effect on f: both numbers are 0, and so all is well there.")
    _same(got, [], what)

    what = "wrong_entries(f, [3, 2, -1], [12, 18, 0])"
    got = _indices(answer, what, f, [3.0, 2.0, -1.0], [12.0, 18.0, 0.0])
    if got == [9.0] or got == [18.0]:
        raise Wrong("Return the indices of the wrong entries, not the entries.")
    _same(got, [1], what)
    what = "wrong_entries(f, [3, 2, -1], [-12, 9, 0.5])"
    got = _indices(answer, what, f, [3.0, 2.0, -1.0], [-12.0, 9.0, 0.5])
    if got == []:
        raise Wrong(f"{what} found nothing: -12 instead of 12 is wrong. Take the absolute value of the difference.")
    if got == [2]:
        raise Wrong(f"{what} missed the sign: -12 is there instead of 12. Take the absolute value of the difference.")
    _same(got, [0, 2], what)

    what = "wrong_entries(g, [1, 1], [2e-6, 2]), where g has the gradient [1e-6, 2]"
    got = _indices(answer, what, lambda x: 1e-6 * x[0] + x[1] ** 2, [1.0, 1.0], [2e-6, 2.0])
    if got == []:
        raise Wrong(f"{what} found nothing: 2e-6 is twice what it should be. Divide the difference by the size.")
    _same(got, [0], what)
    what = "wrong_entries(g, [1], [1e6 + 1]), where g has the gradient [1e6]"
    got = _indices(answer, what, lambda x: 1e6 * x[0], [1.0], [1e6 + 1])
    if got == [0]:
        raise Wrong(f"{what} complained: 1 in a million is less than 1e-4. Divide the difference by the size.")
    _same(got, [], what)
    what = "wrong_entries(g, [0.01], [4e-6]), where g(x) is x⁴, with the gradient 4x³"
    got = _indices(answer, what, lambda x: x[0] ** 4, [0.01], [4e-6])
    if got == [0]:
        raise Wrong(f"{what} complained. To one side the quotient is not exact enough: nudge to both sides.")
    _same(got, [], what)


def _same(got: list[float], wanted: list[int], what: str) -> None:
    if got != wanted:
        raise Wrong(f"{what} should be {wanted}, and is {[int(x) if x == int(x) else x for x in got]}.")


def _indices(answer: object, what: str, f: Callable[..., float], x: list[float], gradient: list[float]) -> list[float]:
    """What the reader's function returns, if it is a list of numbers."""
    got = call(answer, what, f, x, gradient)
    try:
        if all(isinstance(entry, bool) for entry in got) and len(got):
            raise Wrong(f"{what} should return indices, such as [0, 2], not a truth value for each entry.")
        return [number(entry) for entry in got]
    except TypeError:
        raise Wrong(f"{what} should return a list of indices, such as [0, 2], not {got!r:.40}.") from None


def _wrong_entries(
    f: Callable[[list[float]], float], x: list[float], gradient: list[float], h: float = 1e-5
) -> list[int]:
    wrong = []
    for i, g in enumerate(gradient):
        above, below = list(x), list(x)
        above[i] += h
        below[i] -= h
        numeric = (f(above) - f(below)) / (2 * h)
        if abs(g - numeric) > 1e-4 * max(abs(g), abs(numeric)):
            wrong.append(i)
    return wrong


ANSWERS = {"best_h": 1e-8, "wrong_entries": _wrong_entries}
