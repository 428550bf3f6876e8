"""The exercises of the lesson on two moons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import autograd
from autograd import Value

from ..checking import Wrong, call, close, expect, number


def hinge_loss(answer: object) -> None:
    """The answer is max(0, 1 + 0.4) = 1.4."""
    loss = number(answer)
    if close(loss, 1.4):
        return
    if close(loss, 0.6):
        raise Wrong("That is 1 - s, for the label 1. With the label -1 it is 1 - (-1) · 0.4.")
    if close(loss, 0.4):
        raise Wrong("0.4 is how far it is on the wrong side. The loss wants a margin of 1 on the right side.")
    if close(loss, 0):
        raise Wrong("A score above 0 says 1, and the label is -1: the point is on the wrong side, so there is a loss.")
    raise Wrong(f"{loss:g} is not it. Put y = -1 and s = 0.4 into max(0, 1 - y s).")


def hinge(answer: object) -> None:
    """The answer is a function: the mean of max(0, 1 - y s), with the slope -y / n within the margin and 0 beyond."""
    scores, labels = [2.0, 0.5, -1.0, -3.0], [1, 1, 1, -1]  # losses 0, 0.5, 2, 0
    what = "hinge([2, 0.5, -1, -3], [1, 1, 1, -1])"
    got = call(answer, what, list(scores), list(labels))
    if close(got, 2.5):
        raise Wrong("That is the sum over the points. Divide it by their number.")
    if close(got, sum(max(0.0, 1 + y * s) for s, y in zip(scores, labels)) / 4):
        raise Wrong("The sign is wrong: the loss is small if the score has the label's sign, so it is 1 - y s.")
    if close(got, sum(1 - y * s for s, y in zip(scores, labels)) / 4):
        raise Wrong("Points beyond the margin count below 0. Their loss is 0: max(0, ...), or relu.")
    if close(got, sum(max(0.0, -y * s) for s, y in zip(scores, labels)) / 4):
        raise Wrong("The margin is missing: a score of 0.1 on the right side still has the loss 0.9.")
    expect(got, 0.625, what)

    values = [Value(s) for s in scores]
    loss = call(answer, "hinge of Values", values, list(labels))
    if not isinstance(loss, Value):
        raise Wrong(f"Given Values, hinge should return a Value, so that backward() works, not {type(loss).__name__}.")
    loss.backward()
    for k, (value, slope) in enumerate(zip(values, [0.0, -0.25, -0.25, 0.0])):
        expect(value.grad, slope, f"The slope of {what} by score {k}")


def _hinge(scores: Sequence[Any], labels: Sequence[float]) -> Any:
    return autograd.sum([autograd.relu(1 - y * s) for s, y in zip(scores, labels)]) / len(scores)


ANSWERS = {"hinge_loss": 1.4, "hinge": _hinge}
