"""The same with biases: a bias is a weight whose input is 1, and its gradient is the delta itself."""

from __future__ import annotations

from autograd.view import explain, forward

from .lesson import heading, no_options, say, show, table
from .networks import biases_network

RATE = 0.5


def main(arguments: list[str]) -> None:
    """Tell the lesson."""
    no_options(arguments, __doc__)
    net = biases_network()
    heading("Forward")
    show(forward(net.error))

    net.error.backward()
    assert net.b is not None and net.c is not None
    heading("Backward, to a hidden bias")
    show(explain(net.b[0], of=net.error))
    say(f"So dE/db1 = {net.b[0].grad:.10g} is delta hidden 1 = dE/dz1 = {net.z[0].grad:.10g}.")
    heading("All gradients")
    table(["quantity", "gradient"], [(f"dE/d{p.label}", p.grad) for p in net.parameters])

    everything = net.after_step(RATE)
    heading(f"One step with learning rate {RATE}")
    net.c.grad = 0.0
    for b in net.b:
        b.grad = 0.0
    weights_only = net.after_step(RATE)
    table(
        ["what is updated", "o after", "E after"],
        [
            ("nothing", net.o.data, net.error.data),
            ("weights only", weights_only.o.data, weights_only.error.data),
            ("every parameter", everything.o.data, everything.error.data),
        ],
    )
    say(
        "A teaching text that uses this network prints o = 0.718 and E = 0.250 after the step. Neither way of "
        "reading the update gives that; the figures above are what the equations say."
    )
