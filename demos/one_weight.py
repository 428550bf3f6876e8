"""One weight, one example: predict, measure the error, find the slope, take a step."""

from __future__ import annotations

from autograd import Value
from autograd.view import explain, forward

from .lesson import heading, no_options, say, show
from .networks import named

RATE = 0.1


def example(weight: float) -> tuple[Value, Value]:
    """The weight and the loss of the prediction w * x for x = 2, y = 4."""
    x, w, y = Value(2.0, "x"), Value(weight, "w"), Value(4.0, "y")
    prediction = named(w * x, "p")
    return w, named((y - prediction) ** 2, "L")


def main(arguments: list[str]) -> None:
    """Tell the lesson."""
    no_options(arguments, __doc__)
    w, loss = example(0.5)
    heading("Forward: what does the network say, and how wrong is it?")
    show(forward(loss))

    loss.backward()
    heading("Backward: how does the loss change with the weight?")
    say("From the loss back to the weight, one local derivative at a time; the chain rule multiplies them.")
    show(explain(w, of=loss))

    heading("Step: move the weight against the slope")
    stepped = w.data - RATE * w.grad
    show(f"w - {RATE} · dL/dw = {w.data:g} - {RATE} · ({w.grad:g}) = {stepped:.10g}")
    show(f"loss before {loss.data:.10g}, after {example(stepped)[1].data:.10g}")
