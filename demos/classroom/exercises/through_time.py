"""The exercises of the lesson on backpropagation through time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..checking import Wrong, call, close, expect, number


def steps_back(answer: object) -> None:
    """The answer is 10: 0.5**10 = 1/1024 is the first power below 0.001."""
    n = number(answer)
    if n == 10:
        return
    if n == 9:
        raise Wrong("After 9 steps 1/512 is left, about 0.002. That is not below a thousandth yet.")
    if n == 500:
        raise Wrong("The factors are multiplied, not subtracted: after 2 steps 0.25 is left.")
    if n > 0 and not n.is_integer():
        raise Wrong("Steps are whole. Round up to the first one that is enough.")
    if n > 10:
        raise Wrong(f"After {n:g} steps 0.5^{n:g} = {0.5 ** min(n, 1000):.2g} is left. It is below 0.001 sooner.")
    raise Wrong(f"{n:g} is not it. After n steps 0.5^n is left; you want the first n with less than 0.001.")


def bptt(answer: object) -> None:
    """The answer is a function: the loop over the steps in reverse."""
    w, u, b, xs, y = 0.8, 0.5, 0.1, [1.0, 0.5, -0.5], 1.0
    right = _bptt(w, u, b, xs, y)
    what = "bptt(0.8, 0.5, 0.1, [1.0, 0.5, -0.5], 1.0)"
    try:
        dw, du, db = (number(x) for x in call(answer, what, w, u, b, xs, y))
    except (TypeError, ValueError):
        raise Wrong("Return three numbers, (dw, du, db).") from None

    def same(other: Sequence[float]) -> bool:
        return all(close(got, x) for got, x in zip((dw, du, db), other))

    if same([-x for x in right]):
        raise Wrong("All signs are wrong: the slope of (h - y)²/2 is h - y.")
    if same([2 * x for x in right]):
        raise Wrong("All three are twice too large: the error is half the square, so its slope is h - y.")
    if same(_bptt(w, u, b, xs, y, last_only=True)):
        raise Wrong("Only the last step is in it. Hand dh back to the step before, dh = u · dz, and add its terms.")
    if same(_bptt(w, u, b, xs, y, overwrite=True)):
        raise Wrong("Only the first step is left. Each weight is used in every step: add the terms with +=.")
    if same(_bptt(w, u, b, xs, y, slope=False)):
        raise Wrong("The slope of tanh, 1 - h², is missing.")
    if same(_bptt(w, u, b, xs, y, own_state=True)):
        raise Wrong("du is wrong: in step t the weight u was multiplied by the state before, h_(t-1), not by h_t.")
    if same(_bptt(w, u, b, xs, y, through_w=True)):
        raise Wrong("Blame goes back to the state before through u, not through w.")
    for name, got, wanted in zip(("dw", "du", "db"), (dw, du, db), right):
        expect(got, wanted, f"{name} of {what}")
    one = call(answer, "bptt(0.3, -0.7, 0.2, [2.0], 0.5)", 0.3, -0.7, 0.2, [2.0], 0.5)
    for name, got, wanted in zip(("dw", "du", "db"), one, _bptt(0.3, -0.7, 0.2, [2.0], 0.5)):
        expect(got, wanted, f"{name} of one step, bptt(0.3, -0.7, 0.2, [2.0], 0.5)")


def _bptt(
    w: float,
    u: float,
    b: float,
    xs: Sequence[float],
    y: float,
    *,
    last_only: bool = False,
    overwrite: bool = False,
    slope: bool = True,
    own_state: bool = False,
    through_w: bool = False,
) -> tuple[float, float, float]:
    """The right loop, or one with a common mistake, which a keyword chooses."""
    hs = [0.0]
    for x in xs:
        hs.append(math.tanh(w * x + u * hs[-1] + b))
    dw = du = db = 0.0
    dh = hs[-1] - y
    for t in range(len(xs), 0, -1):
        dz = dh * (1 - hs[t] ** 2) if slope else dh
        if overwrite:
            dw = du = db = 0.0
        dw += dz * xs[t - 1]
        du += dz * hs[t if own_state else t - 1]
        db += dz
        dh = dz * (w if through_w else u)
        if last_only:
            break
    return dw, du, db


def _right(w: float, u: float, b: float, xs: Sequence[float], y: float) -> tuple[float, float, float]:
    return _bptt(w, u, b, xs, y)


ANSWERS = {"steps_back": 10, "bptt": _right}
