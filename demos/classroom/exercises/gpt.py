"""The exercises of the lesson on a GPT that invents names."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..checking import Wrong, call, close, expect, number


def choices(answer: object) -> None:
    """The answer is e**2.3, the number whose natural logarithm is 2.3."""
    n = number(answer)
    if close(n, math.exp(2.3), rel=5e-3):
        return
    if close(n, 2**2.3, rel=5e-3):
        raise Wrong("That would be right for bits. Nats count with the natural logarithm: use e instead of 2.")
    if close(n, 2.3):
        raise Wrong("2.3 is the loss. The second model's loss is -ln(1/n) = ln(n); for which n is that 2.3?")
    if close(n, math.log(2.3), rel=5e-3):
        raise Wrong("That is ln(2.3), the wrong way round: you want the n for which ln(n) is 2.3.")
    if close(n, math.exp(-2.3), rel=5e-3):
        raise Wrong("That is the probability which the second model gives to each character: 1/n. The question is n.")
    if n > 0:
        raise Wrong(f"Among {n:.6g} characters the loss is ln({n:.6g}) = {math.log(n):.4g}, and it should be 2.3.")
    raise Wrong("It is a number of characters, so it is positive.")


def cool(answer: object) -> None:
    """The answer is a function: the softmax of the logits divided by the temperature, without overflow."""
    logits, what = [2.0, 1.0, 0.0], "cool([2, 1, 0], 0.5)"
    right = _cool(logits, 0.5)
    got = _list(call(answer, what, logits, 0.5), 3, what)
    if _same(got, _cool(logits, 1.0)):
        raise Wrong("The temperature changes nothing. Divide each logit by T before you take exp of it.")
    if _same(got, _cool(logits, 2.0)):
        raise Wrong("The logits are multiplied by T. Divide: a low temperature makes the likely likelier.")
    if _same(got, [math.exp(z / 0.5) for z in logits]):
        raise Wrong("These are the powers. Divide each of them by their sum, so that the probabilities add up to 1.")
    if _same(got, [p / 0.5 for p in _cool(logits, 1.0)]):
        raise Wrong(
            "You divide the probabilities by T, and they no longer add up to 1. Divide the logits, before the exp."
        )
    if not close(sum(got), 1.0, rel=1e-6):
        raise Wrong(f"Probabilities add up to 1, and {what} adds up to {sum(got):.6g}.")
    for k, (p, wanted) in enumerate(zip(got, right)):
        expect(p, wanted, f"{what}[{k}]")
    _large(answer)
    if logits != [2.0, 1.0, 0.0]:
        raise Wrong("cool should leave the list of logits as it is, and return a new one.")


def _large(answer: object) -> None:
    """Check logits whose exponentials overflow, or are all rounded to 0."""
    for large in ([1000.0, 999.0], [-1000.0, -1001.0]):
        what = f"cool({[int(z) for z in large]}, 1)"
        try:
            got = _list(call(answer, what, large, 1.0), 2, what)
        except Wrong as wrong:
            raise Wrong(f"{wrong} Subtract the largest logit from all before exp: that changes nothing else.") from None
        if any(math.isnan(p) for p in got):
            raise Wrong(f"{what} has nan in it. Subtract the largest logit from all before exp: nothing else changes.")
        expect(got[0], 1 / (1 + math.exp(-1)), f"{what}[0]")


def _list(got: object, length: int, what: str) -> list[float]:
    """What the reader's function returned, as a list of numbers."""
    try:
        made = [number(p) for p in got]  # type: ignore[attr-defined]
    except TypeError:
        raise Wrong(f"{what} should return a list of probabilities, not {type(got).__name__}.") from None
    if len(made) != length:
        raise Wrong(f"{what} should return {length} probabilities, one for each logit, and returned {len(made)}.")
    return made


def _same(got: Sequence[float], wanted: Sequence[float]) -> bool:
    return all(close(a, b) for a, b in zip(got, wanted))


def _cool(logits: Sequence[float], T: float) -> list[float]:
    top = max(logits)
    powers = [math.exp((z - top) / T) for z in logits]
    return [power / sum(powers) for power in powers]


ANSWERS = {"choices": math.exp(2.3), "cool": _cool}
