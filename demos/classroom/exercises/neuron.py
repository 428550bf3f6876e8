"""The exercises of the lesson on a neuron."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..checking import Wrong, call, close, expect, number


def at_zero(answer: object) -> None:
    """The answer is 2: tanh has the slope 1 where it is 0, and the input is 2."""
    got = number(answer)
    if close(got, 2, rel=1e-3):
        return
    if close(got, 1, rel=1e-3):
        raise Wrong("1 is the slope of tanh there. For a weight it is multiplied by the input, x1 = 2.")
    if close(got, 6, rel=1e-3):
        raise Wrong("6 is the bias with which n = 0. Now: how large is (1 - o²) · x1 there?")
    if close(got, 0):
        raise Wrong("o is 0, but its slope is not: tanh is steepest there.")
    if close(got, -3, rel=1e-3):
        raise Wrong("That is do/dx1. The weight's gradient has the input in it, not the weight.")
    raise Wrong(f"It is not {got:g}: the formula is do/dw1 = (1 - o²) · x1, with o = 0 and x1 = 2.")


def neuron_by_hand(answer: object) -> None:
    """The answer is a function; checks the output and the lesson's three slopes, for two inputs and for three."""
    w, x, b = [0.5, -1.0], [2.0, 0.25], 0.1
    what = "neuron_by_hand([0.5, -1.0], [2.0, 0.25], 0.1)"
    o, dw, dx, db = _four(call(answer, what, w, x, b), what, 2)
    n = 0.5 * 2.0 - 1.0 * 0.25 + 0.1
    t = math.tanh(n)
    if close(o, n):
        raise Wrong(f"The output of {what} is the sum n. It is not squashed yet: math.tanh.")
    if close(o, math.tanh(n - b)):
        raise Wrong(f"The output of {what} lacks the bias.")
    expect(o, t, f"The output of {what}")
    if close(db, 0):
        raise Wrong("do/db is not 0. The bias moves the sum n as much as it moves itself.")
    if close(db, 1):
        raise Wrong("do/db is not 1. The bias goes through tanh, too, whose slope is 1 - o².")
    if close(db, 1 - n * n):
        raise Wrong("The slope of tanh is 1 - o², with the output o, not with the sum n.")
    if close(db, b * (1 - t * t)):
        raise Wrong("do/db is not multiplied by b. It is like a weight whose input is 1.")
    expect(db, 1 - t * t, f"do/db of {what}")
    _expect_lists(what, 1 - t * t, w, x, dw, dx)

    w, x, b = [1.0, -2.0, 0.5], [0.3, 0.0, -0.8], 0.0
    what = "neuron_by_hand([1.0, -2.0, 0.5], [0.3, 0.0, -0.8], 0.0)"
    o, dw, dx, db = _four(call(answer, what, w, x, b), what, 3)
    t = math.tanh(0.3 - 0.4)
    expect(o, t, f"The output of {what}")
    _expect_lists(what, 1 - t * t, w, x, dw, dx)
    expect(db, 1 - t * t, f"do/db of {what}")


def _four(returned: Any, what: str, n: int) -> tuple[Any, list[Any], list[Any], Any]:
    try:
        o, dw, dx, db = returned
        dw, dx = list(dw), list(dx)
    except (TypeError, ValueError):
        raise Wrong("Return four things: the output, a list of do/dw, a list of do/dx, and do/db.") from None
    for name, numbers in (("do/dw", dw), ("do/dx", dx)):
        if len(numbers) != n:
            raise Wrong(f"{what} has {n} inputs, and your list of {name} has {len(numbers)} numbers.")
    return o, dw, dx, db


def _expect_lists(
    what: str, slope: float, w: Sequence[float], x: Sequence[float], dw: Sequence[Any], dx: Sequence[Any]
) -> None:
    if _all_close(dw, [slope * w_i for w_i in w]) and _all_close(dx, [slope * x_i for x_i in x]):
        raise Wrong("The lists are the wrong way round. A product gives each factor the other one: do/dw has x in it.")
    if _all_close(dw, x) and _all_close(dx, w):
        raise Wrong("The slope of tanh, 1 - o², is missing in do/dw and do/dx.")
    for i in range(len(w)):
        expect(dw[i], slope * x[i], f"do/dw{i + 1} of {what}")
        expect(dx[i], slope * w[i], f"do/dx{i + 1} of {what}")


def _all_close(got: Sequence[Any], wanted: Sequence[float]) -> bool:
    return all(close(a, b) for a, b in zip(got, wanted))


def _neuron_by_hand(w: list[float], x: list[float], b: float) -> tuple[float, list[float], list[float], float]:
    o = math.tanh(sum(w_i * x_i for w_i, x_i in zip(w, x)) + b)
    slope = 1 - o**2
    return o, [slope * x_i for x_i in x], [slope * w_i for w_i in w], slope


ANSWERS = {"at_zero": 2, "neuron_by_hand": _neuron_by_hand}
