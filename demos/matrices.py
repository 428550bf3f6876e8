"""From scalars to matrices: the compiler derives the vectorised equations from the graph of one example."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Value, dot, write_text
from autograd.compiler import Program

from .lesson import heading, say, show, table
from .networks import credit_network

EXAMPLES = 20


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
    """Tell the lesson."""
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
