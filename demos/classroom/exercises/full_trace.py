"""The exercises of the lesson that traces a whole network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..checking import Wrong, call, close, expect, number
from ..networks import biases_network

RATE = 0.5


def promised(answer: object) -> None:
    """The answer is the learning rate times the squared length of the gradient."""
    got = number(answer)
    net = _differentiated()
    gradients = [p.grad for p in net.parameters]
    squares = sum(g * g for g in gradients)
    biases = sum(p.grad**2 for p in net.parameters if p.label[0] in "bc")
    fell = net.error.data - net.after_step(RATE).error.data
    if close(got, RATE * squares, rel=1e-3):
        return
    if close(got, -RATE * squares, rel=1e-3):
        raise Wrong("How much it falls is a positive number.")
    if close(got, fell, rel=1e-3):
        raise Wrong("That is how much C really fell. The promise of the slope is a little less: work out the sum.")
    if close(got, squares, rel=1e-3):
        raise Wrong("That is the sum of the squares. The learning rate, 0.5, is missing.")
    if close(got, RATE * sum(gradients), rel=1e-3):
        raise Wrong(
            "Square each gradient: a step is rate · gradient, and the loss falls by the gradient times the step."
        )
    if close(got, RATE * (squares - biases), rel=1e-3):
        raise Wrong("The biases belong to the sum as well: nine parameters, not six.")
    raise Wrong(f"It is not {got:.6g}. Take the nine gradients of the table, square each, add up, and multiply by 0.5.")


def _differentiated() -> Any:
    net = biases_network()
    net.error.backward()
    return net


def hidden_deltas(answer: object) -> None:
    """The answer is a function: the sum of the outputs' deltas times weights, times the hidden unit's own slope."""
    v, delta_out, h = [[0.40, 0.45], [0.50, 0.55]], [0.138, -0.038], [0.593, 0.597]
    what = "hidden_deltas([[0.4, 0.45], [0.5, 0.55]], [0.138, -0.038], [0.593, 0.597])"
    got = _list(call(answer, what, v, delta_out, h), 2)
    right = _hidden_deltas(v, delta_out, h)
    slopes = [h_i * (1 - h_i) for h_i in h]
    if _same(got, [v[0][i] * delta_out[0] * slopes[i] for i in (0, 1)]):
        raise Wrong("You followed the path through the first output only. Each output sends back a share.")
    if _same(got, [v[1][i] * delta_out[1] * slopes[i] for i in (0, 1)]):
        raise Wrong("Only the last output's share is left. Add the shares up, with += or sum.")
    if _same(got, [sum(v[k][i] * delta_out[k] for k in (0, 1)) for i in (0, 1)]):
        raise Wrong("The slope of the hidden unit's own sigmoid, h (1 - h), is missing.")
    if _same(got, [sum(v[i][k] * delta_out[k] for k in (0, 1)) * slopes[i] for i in (0, 1)]):
        raise Wrong("The weights are the wrong way round: v[k][i] leads from hidden unit i to output k.")
    if _same(got, [each / 2 for each in right]):
        raise Wrong("Shares along different paths are added up, not averaged.")
    for i in (0, 1):
        expect(got[i], right[i], f"The delta {i + 1} of {what}")

    v, delta_out, h = [[0.3, -0.2], [0.1, 0.7], [-0.5, 0.4]], [0.2, -0.1, 0.05], [0.9, 0.4]
    what = "hidden_deltas([[0.3, -0.2], [0.1, 0.7], [-0.5, 0.4]], [0.2, -0.1, 0.05], [0.9, 0.4])"
    got = _list(call(answer, what, v, delta_out, h), 2)
    for i, wanted in enumerate(_hidden_deltas(v, delta_out, h)):
        expect(got[i], wanted, f"The delta {i + 1} of {what}, with three outputs,")
    what = "hidden_deltas([[0.5, -0.4, 0.3]], [0.1], [0.2, 0.5, 0.8])"
    got = _list(call(answer, what, [[0.5, -0.4, 0.3]], [0.1], [0.2, 0.5, 0.8]), 3)
    for i, wanted in enumerate(_hidden_deltas([[0.5, -0.4, 0.3]], [0.1], [0.2, 0.5, 0.8])):
        expect(got[i], wanted, f"The delta {i + 1} of {what}")


def _list(returned: Any, n: int) -> list[Any]:
    try:
        numbers = list(returned)
    except TypeError:
        raise Wrong(f"Return a list of deltas, not {type(returned).__name__}.") from None
    if len(numbers) != n:
        raise Wrong(f"There are {n} hidden units, so return a list of {n} deltas; yours has {len(numbers)}.")
    return numbers


def _same(got: Sequence[Any], wanted: Sequence[float]) -> bool:
    return all(close(a, b) for a, b in zip(got, wanted))


def _hidden_deltas(v: Sequence[Sequence[float]], delta_out: Sequence[float], h: Sequence[float]) -> list[float]:
    shares = [sum(v[k][i] * delta_out[k] for k in range(len(delta_out))) for i in range(len(h))]
    return [share * h_i * (1 - h_i) for share, h_i in zip(shares, h)]


ANSWERS = {
    "promised": RATE * sum(p.grad**2 for p in _differentiated().parameters),
    "hidden_deltas": _hidden_deltas,
}
