"""The exercises of the lesson on stability."""

from __future__ import annotations

import math

from ..checking import Wrong, call, close, expect, function, number


def stuck(answer: object) -> None:
    """The answer is 2048: from 2**11 on the numbers of float16 are 2 apart."""
    n = number(answer)
    if n == 2048:
        return
    if n == 2049:
        raise Wrong("2049 is a number that float16 does not have: 2048 + 1 is rounded to 2048.")
    if n in (65504, 65503, 65535, 65536):
        raise Wrong("So far float16 reaches. But long before, its numbers are more than 1 apart.")
    if n == 1024:
        raise Wrong("From 1024 on the gap is 1, so 1024 + 1 is still a float16. The gap must be larger than 1.")
    if n == 256:
        raise Wrong("That is bfloat16, with 8 digits. float16 has 11.")
    if n == 11:
        raise Wrong("11 is the number of digits. How large is the first number after which the gap is 2?")
    raise Wrong(f"{n:g} is not it. With 8 digits the counter stays at 2^8 = 256. And with 11?")


def log_sigmoid(answer: object) -> None:
    """The answer is a function: min(z, 0) - log(1 + e**-|z|)."""
    f = function(answer)
    if close(call(f, "log_sigmoid(0.0)", 0.0), math.log(2)):
        raise Wrong("At 0 the sigmoid is 1/2, and its logarithm is negative: the sign is wrong.")
    expect(call(f, "log_sigmoid(0.0)", 0.0), -math.log(2), "log_sigmoid(0.0)")
    expect(call(f, "log_sigmoid(2.0)", 2.0), -math.log1p(math.exp(-2.0)), "log_sigmoid(2.0)")
    expect(call(f, "log_sigmoid(-2.0)", -2.0), -2.0 - math.log1p(math.exp(-2.0)), "log_sigmoid(-2.0)")
    for z in (-1000.0, 1000.0):
        what = f"log_sigmoid({z:g})"
        try:
            got = number(f(z))
        except OverflowError:
            raise Wrong(f"{what} overflows: hand exp a number that is never above 0, such as -|z|.") from None
        except (ValueError, ZeroDivisionError):
            raise Wrong(f"{what} takes the logarithm of 0: the sigmoid itself is 0 there. Leave it out.") from None
        if math.isinf(got):
            raise Wrong(f"{what} is infinite: the logarithm of a sigmoid that was rounded to 0. Leave the sigmoid out.")
        if z < 0 and -800 < got < 0:
            raise Wrong(f"{what} came out as {got:.6g}, as if the sigmoid were cut off. It is -1000.")
        expect(got, min(z, 0.0), what)
    got = number(call(f, "log_sigmoid(40.0)", 40.0))
    if got == 0.0:
        raise Wrong("log_sigmoid(40.0) came out as 0, and it is -4.2e-18: 1 + e^-40 is rounded to 1. Use math.log1p.")
    expect(got, -math.exp(-40.0), "log_sigmoid(40.0)", abs=0.0)


def _log_sigmoid(z: float) -> float:
    return min(z, 0.0) - math.log1p(math.exp(-abs(z)))


ANSWERS = {"stuck": 2048, "log_sigmoid": _log_sigmoid}
