"""The exercises of the lesson on sigmoid with cross entropy."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..checking import Wrong, call, close, expect, number


def slope(answer: object) -> None:
    """The answer is o - y, also for a target between 0 and 1."""
    o, y = 0.8, 1 / 3
    got = number(answer)
    if close(got, o - y, rel=2e-3):
        return
    if close(got, y - o, rel=2e-3):
        raise Wrong("The sign is wrong: it is the prediction minus the target.")
    if close(got, (o - y) * o * (1 - o), rel=1e-2):
        raise Wrong("The slope of the sigmoid, o (1 - o), has cancelled: with BCE it is no factor any more.")
    if close(got, (o - y) / (o * (1 - o)), rel=1e-2):
        raise Wrong("That is the slope by o. The sigmoid's slope, o (1 - o), comes on top and cancels the denominator.")
    if close(got, o - 1, rel=1e-2) or close(got, o, rel=1e-2):
        raise Wrong("That is o - y for a target of 1 or 0. Here y is 1/3, and the formula is the same.")
    raise Wrong(f"{got:.6g} is not it. For every target from 0 to 1 the slope is o - y.")


def class_slopes(answer: object) -> None:
    """The answer is a function: softmax minus the one-hot target, without overflow for large logits."""
    what = "class_slopes([2.0, -1.0, 0.5], 0)"
    zs, right = [2.0, -1.0, 0.5], _class_slopes([2.0, -1.0, 0.5], 0)
    got = _numbers(answer, what, zs, 0)
    probabilities = [right[0] + 1, *right[1:]]
    if all(map(close, got, probabilities)):
        raise Wrong("Those are the probabilities. The target is missing: subtract 1 for the right class.")
    if all(close(g, -r) for g, r in zip(got, right)):
        raise Wrong("The signs are wrong: it is p - y, prediction minus target.")
    if all(close(g, p - 1) for g, p in zip(got, probabilities)):
        raise Wrong("1 was subtracted in every class. It is the target of the right class only; the others have 0.")
    if close(got[0], math.exp(2.0) - 1):
        raise Wrong("The powers must be divided by their sum, so that they add up to 1.")
    for k, (g, r) in enumerate(zip(got, right)):
        expect(g, r, f"entry {k} of {what}")
    what, zs = "class_slopes([0.0, 1.0, 2.0], 2)", [0.0, 1.0, 2.0]
    got, right = _numbers(answer, what, zs, 2), _class_slopes([0.0, 1.0, 2.0], 2)
    if zs != [0.0, 1.0, 2.0]:
        raise Wrong("class_slopes changed the list that it was given. Make a new one.")
    for k, (g, r) in enumerate(zip(got, right)):
        expect(g, r, f"entry {k} of {what}")
    what = "class_slopes([1000.0, 0.0], 1)"
    try:
        got = _numbers(answer, what, [1000.0, 0.0], 1)
    except Wrong as wrong:
        if "OverflowError" not in str(wrong):
            raise
        raise Wrong(f"{what} overflowed: e^1000 is too large for a float. Subtract the largest logit first.") from None
    if any(math.isnan(g) for g in got):
        raise Wrong(f"{what} has a nan: inf / inf. Subtract the largest logit first.")
    expect(got[0], 1.0, "entry 0 of " + what)
    expect(got[1], -1.0, "entry 1 of " + what)


def _numbers(answer: object, what: str, zs: Sequence[float], right: int) -> list[float]:
    """What the reader's function returns, if it is a list of as many numbers as there are classes."""
    got = call(answer, what, zs, right)
    try:
        numbers = [number(g) for g in got]
    except TypeError:
        raise Wrong(f"{what} should return a list, one number for each class.") from None
    if len(numbers) != len(zs):
        raise Wrong(f"{what} should return {len(zs)} numbers, one for each class, and returned {len(numbers)}.")
    return numbers


def _class_slopes(zs: Sequence[float], right: int) -> list[float]:
    top = max(zs)
    powers = [math.exp(z - top) for z in zs]
    return [power / sum(powers) - (k == right) for k, power in enumerate(powers)]


ANSWERS = {"slope": 0.8 - 1 / 3, "class_slopes": _class_slopes}
