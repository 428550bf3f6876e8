"""The exercises of the lesson on credit assignment."""

from __future__ import annotations

from collections.abc import Sequence

from ..checking import Wrong, call, close, expect, number
from ..networks import credit_network


def delta_o(answer: object) -> None:
    """The answer is (o - y) o (1 - o) for y = 0."""
    o = credit_network().o.data
    got = number(answer)
    if close(got, o * o * (1 - o), rel=1e-3):
        return
    if close(got, (o - 1) * o * (1 - o), rel=1e-2):
        raise Wrong("That is the delta for the target 1. Now the target is 0.")
    if close(got, o, rel=1e-2):
        raise Wrong("That is o - y. Multiply it by the slope of the sigmoid, o (1 - o).")
    if got < 0:
        raise Wrong("The output is too large now, so the error grows with z: the sign is plus.")
    raise Wrong(f"{got:.6g} is not it: with y = 0 the formula (o - y) o (1 - o) is o · o · (1 - o), for o = {o:.6f}.")


def deltas(answer: object) -> None:
    """The answer is a function: the deltas of one output and of two hidden units."""
    what = "deltas([0.7, -0.8], [0.6, 0.5], 0.7, 1)"
    v, h, o, y = [0.7, -0.8], [0.6, 0.5], 0.7, 1.0
    right_o, right = _deltas(v, h, o, y)
    try:
        got_o, got = call(answer, what, v, h, o, y)
        first, second = got
    except (TypeError, ValueError):
        raise Wrong("Return a pair: delta_o, and the list [delta_1, delta_2].") from None
    if close(got_o, o - y):
        raise Wrong("delta_o lacks the slope of the output's sigmoid, o (1 - o).")
    if close(got_o, -right_o):
        raise Wrong("delta_o has the wrong sign: the error is (y - o)²/2, so its slope by o is o - y.")
    expect(got_o, right_o, "delta_o of " + what)
    if close(first, v[0] * right_o) and close(second, v[1] * right_o):
        raise Wrong("The hidden deltas lack the slopes of the hidden sigmoids, h (1 - h).")
    if close(first, right_o * h[0] * (1 - h[0])):
        raise Wrong("The hidden deltas lack the weights v: blame comes back through the weight that sent the signal.")
    expect(first, right[0], "delta_1 of " + what)
    expect(second, right[1], "delta_2 of " + what)


def _deltas(v: Sequence[float], h: Sequence[float], o: float, y: float) -> tuple[float, list[float]]:
    delta = (o - y) * o * (1 - o)
    return delta, [v_i * delta * h_i * (1 - h_i) for v_i, h_i in zip(v, h)]


_O = credit_network().o.data
ANSWERS = {"delta_o": _O * _O * (1 - _O), "deltas": _deltas}
