"""The exercises of the lesson on the engine as a library."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd import Value, cosh, exp, grad

from ..checking import Wrong, call, close, expect, number


def landed(answer: object) -> None:
    """The answer is 3 - 4 · 27 / (12 · 9) = 2: one step of Newton's method for x⁴, from 3."""
    x = number(answer)
    if close(x, 2):
        return
    if close(x, 4):
        raise Wrong("The step is subtracted: x - f' / f''.")
    if close(x, 3 - 81 / 108):
        raise Wrong("You divided f by f'. That looks for a place where f is 0. Here f' should become 0: f' / f''.")
    if close(x, 3 - 108):
        raise Wrong("That is a step of gradient descent with the rate 1. Divide the slope by the second derivative.")
    if close(x, 0):
        raise Wrong("0 is where it is lowest. One step gets there if f is a parabola, and x⁴ is none.")
    raise Wrong(f"{x:g} is not it. At 3 the slope is 4 · 3³ = 108 and the second derivative 12 · 3² = 108.")


def newton(answer: object) -> None:
    """The answer is a function; checks a parabola, x⁴, whose x falls by a third in each step, and two known minima."""

    def parabola(x: Any) -> Any:
        return (x - 5) ** 2 + 7

    what = "newton(parabola, 0.0, 1)"
    got = call(answer, what, parabola, 0.0, 1)
    if isinstance(got, Value):
        raise Wrong("newton should return a plain number.")
    if close(got, -5):
        raise Wrong("It went uphill: subtract f' / f''.")
    if close(got, 3.2):
        raise Wrong("You divided f by f': that looks for a place where f is 0. Divide f' by f''.")
    if close(got, 10):
        raise Wrong(
            "That is gradient descent with the rate 1. Divide the slope by the second derivative, grad(grad(f))."
        )
    if close(got, 0):
        raise Wrong("The place did not change. Does the loop run, and is x set anew in it?")
    expect(got, 5.0, what + ", for the parabola (x - 5)² + 7,")
    expect(call(answer, "newton(f, 3.0, 1)", _fourth, 3.0, 1), 2.0, "newton(f, 3.0, 1), for f(x) = x⁴,")
    three = call(answer, "newton(f, 3.0, 3)", _fourth, 3.0, 3)
    if close(three, 2.0):
        raise Wrong("Three steps gave what one step gives. Is the return inside the loop?")
    expect(three, 3.0 * (2 / 3) ** 3, "newton(f, 3.0, 3), for f(x) = x⁴,")
    expect(call(answer, "newton(f, 3.0, 0)", _fourth, 3.0, 0), 3.0, "newton(f, 3.0, 0)")
    expect(call(answer, "newton(cosh, 0.5, 6)", cosh, 0.5, 6), 0.0, "newton(cosh, 0.5, 6)", abs=1e-9)

    def uneven(x: Any) -> Any:
        return exp(x) + exp(-2 * x)

    expect(call(answer, "newton(f, 0.0, 8)", uneven, 0.0, 8), math.log(2) / 3, "newton(f, 0.0, 8), for e^x + e^(-2x),")


def _fourth(x: Any) -> Any:
    return x**4


def _newton(f: Callable[[Any], Any], x: float, steps: int) -> float:
    slope, curvature = grad(f), grad(grad(f))
    for _ in range(steps):
        x = x - slope(x) / curvature(x)
    return x


ANSWERS = {"landed": 2.0, "newton": _newton}
