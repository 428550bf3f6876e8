"""Credit assignment: which weight of a 2-2-1 sigmoid network is to blame, and by how much."""

from __future__ import annotations

from autograd.view import explain, forward

from .lesson import heading, no_options, say, show, table
from .networks import credit_network

RATE = 0.5


def main(arguments: list[str]) -> None:
    """Tell the lesson."""
    no_options(arguments, __doc__)
    net = credit_network()
    heading("Forward")
    show(forward(net.error))

    net.error.backward()
    heading("Backward, to a weight of the output layer")
    show(explain(net.v[0], of=net.error))
    heading("Backward, to a weight of the hidden layer")
    say(
        "The way is longer: the blame of the output, delta out = dE/dzo, is handed on through v1 to the hidden "
        "unit, and from there to the weight."
    )
    show(explain(net.w[0][0], of=net.error))

    heading("The deltas and the gradients")
    table(
        ["quantity", "gradient"],
        [
            ("delta out = dE/dzo", net.z_out.grad),
            *((f"delta hidden {i} = dE/dz{i}", z.grad) for i, z in enumerate(net.z, 1)),
            *((f"dE/d{p.label}", p.grad) for p in net.parameters),
        ],
    )
    say("Weights that saw the input 0 get no blame: dE/dw12 = dE/dw22 = 0.")

    after = net.after_step(RATE)
    heading(f"One step with learning rate {RATE}")
    table(
        ["quantity", "before", "after"],
        [
            *((p.label, p.data, q.data) for p, q in zip(net.parameters, after.parameters)),
            ("o", net.o.data, after.o.data),
            ("E", net.error.data, after.error.data),
        ],
    )
