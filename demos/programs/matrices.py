"""From scalars to matrices: the compiler derives the vectorised equations from the graph of one example."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Value, dot, write_text
from autograd.compiler import Program

from ..classroom.lesson import WIDTH, show, table
from ..classroom.networks import credit_network

EXAMPLES = 20


def heading(text: str) -> None:
    """Print a heading, underlined."""
    print(f"\n{text}\n{'-' * len(text)}")


def say(text: str) -> None:
    """Print a paragraph."""
    print(textwrap.fill(text, WIDTH))


def credit() -> tuple[list[Value], Program]:
    """The network 2-2-1 of the lesson on credit assignment: sigmoids, half the squared error, no biases."""
    net = credit_network()

    def loss(x: list[Any], y: Any) -> Any:
        h = [autograd.sigmoid(dot(row, x)) for row in net.w]
        return nn.half_mse(autograd.sigmoid(dot(net.v, h)), y)

    return net.parameters, autograd.compile(loss, like=([0.0, 0.0], 0.0))


def _network(widths: list[int], activation: str, output: str, of: Callable[[Any, Any], Any]) -> Any:
    model = nn.MLP(widths[0], widths[1:], activation=activation, output_activation=output, seed=1)

    def loss(x: Any, y: Any) -> Any:
        return of(model(x), y)

    return model.parameters(), autograd.compile(loss, model, like=([0.0] * widths[0], 0.0))


def xor() -> tuple[list[Value], Program]:
    """XOR by 2-4-1: ReLUs, a sigmoid, binary cross entropy."""
    return _network([2, 4, 1], "relu", "sigmoid", nn.bce)  # type: ignore[no-any-return]


def xor_sigmoid() -> tuple[list[Value], Program]:
    """XOR by 2-4-1: sigmoids everywhere, mean squared error."""
    return _network([2, 4, 1], "sigmoid", "sigmoid", nn.mse)  # type: ignore[no-any-return]


def three_layers() -> tuple[list[Value], Program]:
    """Three layers, 3-4-5-1: ReLU, ReLU, sigmoid, binary cross entropy."""
    return _network([3, 4, 5, 1], "relu", "sigmoid", nn.bce)  # type: ignore[no-any-return]


# --- sequences, for the files alone: they are too long for a terminal ---


def _matrix(name: str, rows: int, columns: int) -> list[list[Value]]:
    return [[Value(0.1 * (i - k) / columns, f"{name}{i}_{k}") for k in range(columns)] for i in range(rows)]


def causal_attention() -> tuple[list[Value], Program]:
    """Self-attention of 8 positions with 4 numbers each: every position looks at itself and at those before it."""
    steps, width = 8, 4
    query, key, value, out = (_matrix(name, width, width) for name in ("Q", "K", "V", "O"))
    parameters = [w for matrix in (query, key, value, out) for row in matrix for w in row]

    def loss(xs: Any, targets: Any) -> Any:
        queries, keys, values = ([[dot(row, x) for row in matrix] for x in xs] for matrix in (query, key, value))
        total: Any = 0.0
        for t, target in enumerate(targets):
            weights = nn.softmax([dot(queries[t], k) / width**0.5 for k in keys[: t + 1]])
            seen = [dot(weights, [v[i] for v in values[: t + 1]]) for i in range(width)]
            total = total + nn.mse([dot(row, seen) for row in out], target)
        return total / steps

    example = [[0.0] * width] * steps
    return parameters, autograd.compile(loss, parameters, like=(example, example), batch=False)


def lstm() -> tuple[list[Value], Program]:
    """An LSTM of 8 units on sequences of 12 steps with 4 numbers each, with a number to predict at the end."""
    units, steps, inputs = 8, 12, 4
    from_input, from_state = _matrix("W", 4 * units, inputs), _matrix("U", 4 * units, units)
    biases, weights = [Value(0.0, f"b{i}") for i in range(4 * units)], [Value(0.1, f"v{i}") for i in range(units)]
    parameters = [*[w for matrix in (from_input, from_state) for row in matrix for w in row], *biases, *weights]

    def loss(xs: Any, target: Any) -> Any:
        state: list[Any] = [0.0] * units
        cell: list[Any] = [0.0] * units
        for x in xs:
            z = [dot(w, x, b) + dot(u, state) for w, u, b in zip(from_input, from_state, biases)]
            write, keep, show = ([autograd.sigmoid(a) for a in z[k * units : (k + 1) * units]] for k in range(3))
            new = [autograd.tanh(a) for a in z[3 * units :]]
            cell = [f * c + i * g for f, c, i, g in zip(keep, cell, write, new)]
            state = [o * autograd.tanh(c) for o, c in zip(show, cell)]
        return (dot(weights, state) - target) ** 2

    return parameters, autograd.compile(loss, parameters, like=([[0.0] * inputs] * steps, 0.0))


def residual() -> tuple[list[Value], Program]:
    """A layer-normed residual block: x + W2 relu(W1 norm(x)), with 6 numbers in and 12 units inside."""
    width, inside = 6, 12
    there, back = _matrix("W", inside, width), _matrix("V", width, inside)
    gain, shift = [Value(1.0, f"g{i}") for i in range(width)], [Value(0.0, f"s{i}") for i in range(width)]
    parameters = [*[w for matrix in (there, back) for row in matrix for w in row], *gain, *shift]

    def loss(x: Any, target: Any) -> Any:
        mean = autograd.sum(x) / width
        spread = (autograd.sum([(a - mean) ** 2 for a in x]) / width + 1e-5) ** 0.5
        normed = [g * (a - mean) / spread + s for g, a, s in zip(gain, x, shift)]
        hidden = [autograd.relu(dot(row, normed)) for row in there]
        return nn.mse([a + dot(row, hidden) for a, row in zip(x, back)], target)

    return parameters, autograd.compile(loss, parameters, like=([0.0] * width, [0.0] * width))


SEQUENCES = {"causal_attention": causal_attention, "lstm": lstm, "residual": residual}
NETWORKS = {"credit": credit, "xor": xor, "xor_sigmoid": xor_sigmoid, "three_layers": three_layers}


def difference(parameters: list[Value], program: Program) -> float:
    """The largest difference between the program's gradient of a batch and the engine's, summed example by example."""
    random = np.random.default_rng(0)
    nin = program.parameters[program.parameters.names[0]].shape[1]
    x, y = random.normal(size=(EXAMPLES, nin)), random.integers(0, 2, EXAMPLES).astype(float)
    program(x, y)
    program.write_back()
    compiled = [p.grad for p in parameters]
    for p in parameters:
        p.grad = 0.0
    for inputs, target in zip(x.tolist(), y.tolist()):
        program.example(inputs, target).backward(1.0 / EXAMPLES)
    return max(abs(p.grad - gradient) for p, gradient in zip(parameters, compiled))


def main(arguments: list[str]) -> None:
    """Print the programs of `NETWORKS`, and compare their gradients with the engine's."""
    parser = argparse.ArgumentParser(prog="python -m demos matrices", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="keep the programs as files, too")
    options = parser.parse_args(arguments)

    say(
        "Scalars are there to understand backpropagation, matrices to run it, and every text derives the second by "
        "hand from the first. Here the compiler does: it records the scalars of ONE example, finds what they have in "
        "common, and writes the program for a whole batch."
    )
    for name, network in NETWORKS.items():
        _, program = network()
        heading(network.__doc__ or name)
        show(program.source)
        if options.write:
            write_text(options.write / f"{name}.py", program.source)

    if options.write:
        for name, network in SEQUENCES.items():
            write_text(options.write / f"{name}.py", network()[1].source)

    heading("The same gradient")
    say("Each program's gradient of a random batch, against the engine's, example by example:")
    table(
        ["network", "parameters", "largest difference"],
        [(name, len(network()[0]), f"{difference(*network()):.1e}") for name, network in NETWORKS.items()],
    )
    say(
        "The four equations are all there. The outer product of one example, dW = dz a^T, has become a product of "
        "matrices, dW = dZ @ A.T, which adds up over the examples; so does dZ.sum(axis=1) for the biases."
    )
