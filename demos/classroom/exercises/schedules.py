"""The exercises of the lesson on learning rates."""

from __future__ import annotations

import math

from ..checking import Wrong, call, close, expect, number


def limit(answer: object) -> None:
    """The answer is 2/6: the curvature of 3w² is 6, and the limit is 2 divided by it."""
    got = number(answer)
    if close(got, 1 / 3, rel=2e-3):
        return
    if close(got, 2 / 3, rel=1e-2):
        raise Wrong("3 is not the curvature. That is the second derivative of 3w².")
    if close(got, 1 / 6, rel=1e-2):
        raise Wrong("With 1/c a single step lands on the lowest point. The limit is twice as large.")
    if close(got, 6) or close(got, 3):
        raise Wrong("The steeper the loss, the smaller the limit: it is 2 divided by the curvature.")
    raise Wrong(
        f"With the rate {got:g} a step multiplies w by 1 - {got:g} · 6 = {1 - 6 * got:g}. "
        "The limit is the rate for which that is -1."
    )


def rate(answer: object) -> None:
    """The answer is a function; checks the first and last step of the warm-up, and places on the cosine."""

    def at(step: int, warm: int = 4, total: int = 12, high: float = 0.8) -> float:
        return number(call(answer, f"rate({step}, {warm}, {total}, {high:g})", step, warm, total, high))

    first = at(0)
    if close(first, 0.0):
        raise Wrong("The rate is 0 in step 0, so that step is lost. Let the first one have high / warm.")
    if close(first, 0.8):
        raise Wrong("The rate is high in step 0 already. There the warm-up begins, with high / warm.")
    expect(first, 0.2, "rate(0, 4, 12, 0.8)")
    expect(at(3), 0.8, "rate(3, 4, 12, 0.8), the last step of the warm-up,")
    begin = at(4)
    if close(begin, 0.8 * (1 + math.cos(math.pi * 4 / 12)) / 2):
        raise Wrong("The cosine began with step 0. It begins when the warm-up is over: count from step warm on.")
    if close(begin, 1.6):
        raise Wrong("Half a cosine goes from 1 to -1. Add 1, and divide by 2.")
    expect(begin, 0.8, "rate(4, 4, 12, 0.8)")
    middle = at(8)
    if close(middle, 0.8 * (1 + math.cos(math.pi * 4 / 12)) / 2):
        raise Wrong("The cosine ends too late: from step warm on there are total - warm steps.")
    if close(middle, 0.8 * (1 + math.cos(180 * 4 / 8)) / 2):
        raise Wrong("math.cos takes radians: half a turn is math.pi, not 180.")
    if close(middle, 0.0, abs=1e-9):
        raise Wrong("In the middle the rate should be half of high. Half a cosine is from 0 to pi, not to 2 pi.")
    if close(middle, 0.8 * math.cos(math.pi / 4)):
        raise Wrong("That is a quarter of a cosine. Take half of one, from 1 to -1; add 1, and divide by 2.")
    expect(middle, 0.4, "rate(8, 4, 12, 0.8), half way down,")
    for step in (5, 6, 10, 11):
        if close(at(step), 0.8 * (12 - step) / 8):
            raise Wrong("It falls along a straight line, which is a schedule, too. Here it is to be a cosine.")
        expect(at(step), _rate(step, 4, 12, 0.8), f"rate({step}, 4, 12, 0.8)")
    for step in (0, 9, 10, 70):
        expect(at(step, 10, 100, 3.0), _rate(step, 10, 100, 3.0), f"rate({step}, 10, 100, 3)")


def _rate(step: int, warm: int, total: int, high: float) -> float:
    if step < warm:
        return high * (step + 1) / warm
    return high * (1 + math.cos(math.pi * (step - warm) / (total - warm))) / 2


ANSWERS = {"limit": 1 / 3, "rate": _rate}
