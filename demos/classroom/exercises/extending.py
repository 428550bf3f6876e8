"""The exercises of the lesson on operations of one's own."""

from __future__ import annotations

import math
from typing import Any

from autograd import Value, exp, grad

from ..checking import Wrong, call, close, expect, function, number


def point(answer: object) -> None:
    """The answer is 0, where the rule computes 0/0."""
    a = number(answer)
    if a == 0.0:
        return
    if math.isinf(a) or math.isnan(a):
        raise Wrong("There is a finite point, too, an ordinary number, at which the rule fails. What is 3 * out / a?")
    raise Wrong(f"At a = {a:g} it gives 3 a³ / a = 3 a², which is right. Where may one not cancel the a?")


def partials(answer: object) -> None:
    """The answer is a function that gives the slope -2 a exp(-a²), and that can be differentiated itself."""
    a = 0.7  # not 0.5, at which the factor 2 a is 1
    out = math.exp(-a * a)
    what = f"partials(0.7, {out:.4f})"
    got = call(answer, what, a, out)
    if not isinstance(got, tuple):
        raise Wrong(
            f"{what} should return a tuple with a number for each operand, here one: (slope,), with the comma. It "
            f"returned {type(got).__name__}."
        )
    if len(got) != 1:
        raise Wrong(f"There is one operand, so the tuple should have one number; it has {len(got)}.")
    slope = number(got[0])
    if close(slope, 2 * a * out):
        raise Wrong("The sign is wrong: right of 0 the bump goes down.")
    if close(slope, out) or close(slope, -out):
        raise Wrong("The inner derivative is missing: -(a * a) has the slope -2 a.")
    if close(slope, -2 * a):
        raise Wrong("That is the inner derivative alone. The exponential itself, which is out, is a factor, too.")
    expect(slope, -2 * a * out, "The slope in " + what)
    at_three = call(answer, "partials(-3.0, exp(-9.0))", -3.0, math.exp(-9.0))
    expect(at_three[0], 6 * math.exp(-9.0), "The slope in partials(-3.0, exp(-9.0))")

    partials_of_values: list[object] = []

    def first(a: Any) -> Any:
        slope = function(answer)(a, exp(-(a * a)))[0]
        partials_of_values.append(slope)
        return slope if isinstance(slope, Value) else 0.0 * a

    try:
        second = grad(first)(a)
    except TypeError:
        raise Wrong(
            "It takes floats alone, so it cannot be differentiated again. Is there a function of math in it? Use out, "
            "or the functions of autograd."
        ) from None
    if not isinstance(partials_of_values[-1], Value):
        raise Wrong("Of Values it should give a Value, so that it can be differentiated again. Is there a .data in it?")
    expect(second, (4 * a * a - 2) * out, "The derivative of your partial, which is the second derivative, at 0.7")


def _partials(a: Any, out: Any) -> tuple[Any, ...]:
    return (-2 * a * out,)


ANSWERS = {"point": 0.0, "partials": _partials}
