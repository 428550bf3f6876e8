"""Gradient checking: nudge a weight, watch the error, and find out why the nudge has a best size."""

from __future__ import annotations

import math

import autograd
from autograd import GradcheckError, Op, Value, gradcheck, op

from .lesson import heading, no_options, say, show, table
from .networks import biases_network, two_two_one


def error_at(weight: float) -> float:
    """E of the network with biases as a function of its weight w11 alone."""
    return two_two_one(
        x=[0.05, 0.10], y=0.01, w=[[weight, 0.20], [0.25, 0.30]], b=[0.35, 0.35], v=[0.40, 0.45], c=0.60
    ).error.data


def differences(exponents: range) -> list[tuple[float, float, float]]:
    """(eps, numeric derivative, relative error against the engine) for eps = 10**exponent."""
    net = biases_network()
    net.error.backward()
    w = net.w[0][0]
    rows = []
    for exponent in exponents:
        eps = 10.0**exponent
        numeric = (error_at(w.data + eps) - error_at(w.data - eps)) / (2 * eps)
        rows.append((eps, numeric, abs(numeric - w.grad) / abs(w.grad)))
    return rows


def sine_with_a_slip() -> Op:
    """sin, with the sign of its derivative lost."""
    return op("slipped_sin", lambda a: autograd.sin(a), lambda a, out: (-autograd.cos(a),), doc="A wrong rule.")


def main(arguments: list[str]) -> None:
    """Tell the lesson."""
    no_options(arguments, __doc__)
    heading("(E(w + eps) - E(w - eps)) / 2 eps against the engine's dE/dw11")
    rows = differences(range(-1, -16, -1))
    table(
        ["eps", "numeric", "relative error", ""],
        [
            (f"1e{round(math.log10(eps))}", numeric, f"{error:.1e}", "#" * round(16 + math.log10(max(error, 1e-16))))
            for eps, numeric, error in rows
        ],
    )
    best = min(rows, key=lambda row: row[2])
    say(
        "The bars are the digits lost, and they make a V. In its upper arm eps is large and the difference quotient "
        "is a secant: its error falls with eps squared (truncation). In its lower arm eps is small and the two values "
        "of E agree in nearly all their digits: what is left of the difference is rounding, which grows like "
        f"1/eps. Here the best eps is {best[0]:.0e}, with a relative error of {best[2]:.1e}."
    )

    heading("What a wrong backward rule looks like")
    slipped = sine_with_a_slip()
    try:
        gradcheck(lambda x, y: slipped(x * y) + x, (0.5, 2.0))
    except GradcheckError as report:
        show(str(report))
    say("The report names the input that fails and the operation whose own rule disagrees with itself.")

    heading("And a right one")
    show(f"gradcheck(lambda x, y: (x * y).sin() + x, (0.5, 2.0)) is {gradcheck(_right, (0.5, 2.0))}")


def _right(x: Value, y: Value) -> Value:
    return autograd.sin(x * y) + x  # type: ignore[no-any-return]
