"""The exercises of the lesson on optimisers."""

from __future__ import annotations

import math
from typing import Any

from ..checking import Wrong, call, close, expect, number

State = tuple[float, float, float]


def length(answer: object) -> None:
    """The answer is 1: the velocity tends to 1 / (1 - 0.9) = 10, and a step is the rate, 0.1, times that."""
    got = number(answer)
    if close(got, 1, rel=1e-3):
        return
    if close(got, 0.1):
        raise Wrong("That is the first step. The next velocity is 0.9 · 1 + 1.")
    if close(got, 0.19):
        raise Wrong("That is the second step. Go on: the velocity is 1, 1.9, 2.71, ... Where does it stop to grow?")
    if close(got, 10, rel=1e-3):
        raise Wrong("That is the velocity in the end. The step is the rate times the velocity.")
    if math.isinf(got):
        raise Wrong("It does not grow for ever: the larger v is, the more of it 0.9 v takes away.")
    raise Wrong(f"{got:g} is not it. In the end v no longer changes, so v = 0.9 v + 1; and the step is 0.1 v.")


def adam(answer: object) -> None:
    """The answer is a function; checks a first step, a later one, and one with other settings."""
    what = "adam(1.0, 2.0, 0.0, 0.0, 1)"
    p, m, s = _three(call(answer, what, 1.0, 2.0, 0.0, 0.0, 1))
    if close(m, 2.0) and close(s, 4.0):
        raise Wrong("Return m and s as they are remembered. The corrected ones are for this step only.")
    if close(m, 2.0):
        raise Wrong("m came out as 2.0: the new gradient counts 1 - beta1 times, here 0.1.")
    expect(m, 0.1 * 2.0, "m of " + what)
    if close(s, (1 - 0.999) * 2.0):
        raise Wrong("s is the mean of the squared gradients: the gradient is to be squared.")
    expect(s, 0.001 * 4.0, "s of " + what)
    if close(p, 1.1):
        raise Wrong("The parameter went up the slope: subtract the step.")
    if close(p, 1 - 0.1 * 0.2 / (math.sqrt(0.004) + 1e-8)):
        raise Wrong("The corrections are missing: divide m by 1 - beta1**step and s by 1 - beta2**step.")
    if close(p, 1 - 0.1 * 2.0 / (4.0 + 1e-8)):
        raise Wrong("The root is missing: divide by the square root of the corrected s, plus eps.")
    if close(p, 1 - 0.1 * 2.0 / (math.sqrt(0.004) + 1e-8)):
        raise Wrong("m is corrected, and s is not: divide s by 1 - beta2**step.")
    if close(p, 1 - 0.1 * 0.2 / (2.0 + 1e-8)):
        raise Wrong("s is corrected, and m is not: divide m by 1 - beta1**step.")
    expect(p, 0.9, "p of " + what, rel=1e-7)

    what, before = "adam(0.5, -3.0, 0.4, 0.05, 7)", (0.5, -3.0, 0.4, 0.05, 7)
    right = _adam(*before)
    got = _three(call(answer, what, *before))
    for name, mine, theirs in zip("pms", got, right):
        if name == "p" and close(mine, 0.5 + 0.1 * 3 / (math.sqrt(right[2] / (1 - 0.999**7)) + 1e-8)):
            raise Wrong("The step uses the gradient. Use m, the mean of the gradients, corrected.")
        if name == "p" and close(mine, 0.5 - 0.1 * (right[1] / 0.1) / (math.sqrt(right[2] / 0.001) + 1e-8)):
            raise Wrong("The corrections are right in step 1 only: beta is raised to the power of the step.")
        expect(mine, theirs, f"{name} of {what}")
    for name, mine, theirs in zip(
        "pms",
        _three(call(answer, "adam(0, 1, 0, 0, 2, 0.5, 0.5, 0.25, 1.0)", 0.0, 1.0, 0.0, 0.0, 2, 0.5, 0.5, 0.25, 1.0)),
        _adam(0.0, 1.0, 0.0, 0.0, 2, 0.5, 0.5, 0.25, 1.0),
    ):
        expect(mine, theirs, f"With rate 0.5, betas 0.5 and 0.25 and eps 1: {name} of adam(0, 1, 0, 0, 2, ...)")


def _three(returned: Any) -> State:
    """What the reader's function returned, as three numbers."""
    try:
        p, m, s = returned
    except (TypeError, ValueError):
        raise Wrong("Return three numbers: p, m and s.") from None
    return number(p), number(m), number(s)


def _adam(
    p: float,
    g: float,
    m: float,
    s: float,
    step: int,
    rate: float = 0.1,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> State:
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * g**2
    m_hat, s_hat = m / (1 - beta1**step), s / (1 - beta2**step)
    return p - rate * m_hat / (math.sqrt(s_hat) + eps), m, s


ANSWERS = {"length": 1.0, "adam": _adam}
