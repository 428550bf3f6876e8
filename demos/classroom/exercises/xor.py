"""The exercises of the lesson on XOR."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..checking import Wrong, call, close, number


def loss_of_and(answer: object) -> None:
    """The answer is the entropy of 1/4, with the natural logarithm."""
    got = number(answer)
    right = _entropy(0.25)
    if close(got, right, rel=2e-3):
        return
    if close(got, math.log(2), rel=2e-3):
        raise Wrong("That is the loss if the output is 0.5. But one target in four is 1: another output is better.")
    if close(got, 0.25):
        raise Wrong("0.25 is the best output. What is the loss with it, on average over the four patterns?")
    if close(got, 4 * right, rel=2e-3):
        raise Wrong("That is the sum over the four patterns. The loss is their mean.")
    if close(got, right / math.log(2), rel=2e-3):
        raise Wrong("That is in bits, with the logarithm to base 2. BCE has the natural logarithm.")
    if close(got, -math.log(0.25), rel=2e-3) or close(got, -math.log(0.75), rel=2e-3):
        raise Wrong("That is the loss of one kind of pattern. Three of the four have the target 0, and one has 1.")
    if got < right:
        raise Wrong(f"So low it cannot get: with one output for all four the loss is above {got:.3g}. Put n = 4 and q.")
    raise Wrong(f"{got:.4g} is too much: a better output makes it smaller. Put n = 4 and the share of ones, q.")


def unseen(answer: object) -> None:
    """The answer is a function that finds the patterns for which the sum of every unit is 0 or less."""
    patterns = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    w, b = [[1.0, 1.0], [2.0, -1.0], [-1.0, -1.0]], [-1.5, -0.5, -0.5]
    what = "unseen([[1, 1], [2, -1], [-1, -1]], [-1.5, -0.5, -0.5], patterns)"
    # Unit 0 is on for (1, 1), unit 1 for (1, 0) and (1, 1), and unit 2 for no pattern.
    got = _numbers(answer, what, w, b, patterns)
    if got == [2]:
        raise Wrong("2 is the unit that is dead. Asked for are patterns: those that no unit sees.")
    if got == [2, 3]:
        raise Wrong("2 and 3 are the patterns that some unit sees. Asked for are the others.")
    if got == [0, 1, 2, 3]:
        raise Wrong("0 to 3 are all patterns. One that a single unit sees is not unseen: all units must be off.")
    if got == [0]:
        raise Wrong(f"{what} should be [0, 1], and is [0]. Is the bias in the sum?")
    _same(got, [0, 1], what)
    what = "unseen([[1, 0], [0, 1]], [0, 0], patterns)"
    got = _numbers(answer, what, [[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], patterns)
    if got == []:
        raise Wrong("For (0, 0) both sums are 0, and a ReLU is on only if its sum is above 0.")
    _same(got, [0], what)
    what = "unseen([[1, 0], [0, 1]], [0.5, 0.5], patterns)"
    _same(_numbers(answer, what, [[1.0, 0.0], [0.0, 1.0]], [0.5, 0.5], patterns), [], what)
    what = "unseen([[1, -1, 1]], [-0.5], [[1, 0, 0], [0, 1, 0], [1, 1, 1]])"
    other = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]]
    _same(_numbers(answer, what, [[1.0, -1.0, 1.0]], [-0.5], other), [1], what)


def _same(got: list[float], wanted: list[int], what: str) -> None:
    if got != wanted:
        raise Wrong(f"{what} should be {wanted}, and is {[int(x) if x == int(x) else x for x in got]}.")


def _numbers(answer: object, what: str, *args: object) -> list[float]:
    """What the reader's function returns, if it is a list of numbers."""
    got = call(answer, what, *args)
    try:
        entries = list(got)
    except TypeError:
        raise Wrong(f"{what} should return a list of pattern numbers, such as [0, 2], not {got!r:.40}.") from None
    if any(hasattr(entry, "__len__") for entry in entries):
        raise Wrong("Return the numbers of the patterns, counted from 0, not the patterns themselves.")
    return [number(entry) for entry in entries]


def _entropy(q: float) -> float:
    return -q * math.log(q) - (1 - q) * math.log(1 - q)


def _unseen(w: Sequence[Sequence[float]], b: Sequence[float], patterns: Sequence[Sequence[float]]) -> list[int]:
    found = []
    for k, x in enumerate(patterns):
        sums = [sum(w_i * x_i for w_i, x_i in zip(unit, x)) + bias for unit, bias in zip(w, b)]
        if max(sums) <= 0:
            found.append(k)
    return found


ANSWERS = {"loss_of_and": _entropy(0.25), "unseen": _unseen}
