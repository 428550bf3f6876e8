"""The exercises of the lesson on one weight."""

from __future__ import annotations

from autograd import Value

from ..checking import Wrong, call, close, expect, number


def rate(answer: object) -> None:
    """The answer is 0.125, the rate for which 0.5 + 12 rate = 2."""
    rate = number(answer)
    if close(rate, 0.125):
        return
    if close(rate, -0.125):
        raise Wrong("A step subtracts rate · gradient, and the gradient is negative already: the rate is positive.")
    if close(rate, 1.5):
        raise Wrong("1.5 is how far w has to go. The step is rate · 12.")
    raise Wrong(f"From 0.5 a step with the rate {rate:g} leads to 0.5 + {rate:g} · 12 = {0.5 + 12 * rate:g}, not to 2.")


def train(answer: object) -> None:
    """The answer is a function, in which each step multiplies the distance of w from y / x by 1 - 2 rate x²."""
    one = call(answer, "train(0.5, 2, 4, 0.1, 1)", 0.5, 2.0, 4.0, 0.1, 1)
    if isinstance(one, Value):
        raise Wrong("train should return a plain number: the data of the weight.")
    if close(one, -0.7):
        raise Wrong("The weight went up the slope: subtract rate · gradient.")
    expect(one, 1.7, "train(0.5, 2, 4, 0.1, 1)")
    three = call(answer, "train(0.5, 2, 4, 0.1, 3)", 0.5, 2.0, 4.0, 0.1, 3)
    if close(three, 1.7):
        raise Wrong("Three steps gave what one step gives. Is the return inside the loop, or the loss outside of it?")
    if close(three, _unwiped(3)):
        raise Wrong("The gradients of earlier steps are still in w.grad. Set w.grad = 0.0 before each backward().")
    expect(three, 2 + (0.5 - 2) * (1 - 2 * 0.1 * 2**2) ** 3, "train(0.5, 2, 4, 0.1, 3)")
    expect(call(answer, "train(1, 3, 6, 0.05, 0)", 1.0, 3.0, 6.0, 0.05, 0), 1.0, "train(1, 3, 6, 0.05, 0)")
    expect(
        call(answer, "train(0, 3, 3, 0.01, 5)", 0.0, 3.0, 3.0, 0.01, 5),
        1 - (1 - 2 * 0.01 * 9) ** 5,
        "train(0, 3, 3, 0.01, 5)",
    )


def _unwiped(steps: int) -> float:
    """The weight at which the loop arrives if it never sets the gradient to 0, so that gradients add up."""
    w, total = 0.5, 0.0
    for _ in range(steps):
        total += 2 * (2 * w - 4) * 2
        w -= 0.1 * total
    return w


def _train(w: float, x: float, y: float, rate: float, steps: int) -> float:
    weight = Value(w)
    for _ in range(steps):
        loss = (weight * x - y) ** 2
        weight.grad = 0.0
        loss.backward()
        weight.data -= rate * weight.grad
    return weight.data


ANSWERS = {"rate": 0.125, "train": _train}
