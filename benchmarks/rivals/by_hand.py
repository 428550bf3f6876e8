"""Forward and backward passes derived by hand, in NumPy: a rival, and the reference that all others are held to.

A delta is the derivative of the loss with respect to what it is named after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import scalars
from ..problems import Problem, flat
from ..scalars import Program

Array: TypeAlias = NDArray[np.float64]
Step: TypeAlias = Callable[[], tuple[Any, Any]]  # the loss, and all gradients in one array


class Library(scalars.Library):
    def program(self, task: str, problem: Problem) -> Program:
        return Program(STEPS[task](problem), lambda made: (float(made[0]), np.asarray(made[1]).tolist()))


# --- scalars ------------------------------------------------------------------------------------------------------


def expression(problem: Problem) -> Step:
    """c = 4 a + 4 b + 3 - a ... written out: g = e**2 / 2 + 10 / e**2, so that dg/de = e - 20 / e**3."""
    a, b = flat(problem["parameters"])

    def step() -> tuple[float, list[float]]:
        plus, minus = b + a, b - a
        up, down = max(plus, 0.0), max(minus, 0.0)
        # c + (c + 1) = 2 (a + b) + 1, and twice that plus 1 - a is c; d is tripled, then quadrupled.
        c = 2.0 * (2.0 * plus + 1.0) + 1.0 - a
        d = 4.0 * (3.0 * (a * b + b**3) + up) + down
        e = c - d
        delta = e - 20.0 / e**3
        rising, falling = 4.0 * (plus > 0.0), 1.0 * (minus > 0.0)
        by_a = 3.0 - (12.0 * b + rising - falling)
        by_b = 4.0 - (12.0 * (a + 3.0 * b * b) + rising + falling)
        return e * e / 2.0 + 10.0 / (e * e), [delta * by_a, delta * by_b]

    return step


def chain(problem: Problem) -> Step:
    """x**n has the derivative n x**(n - 1)."""
    x, n = scalars.CHAIN_FACTOR, problem["nodes"] + 1
    return lambda: (x**n, [n * x ** (n - 1)])


def wide(problem: Problem) -> Step:
    """A sum has slope 1 everywhere."""
    return lambda: (sum(scalars.wide_numbers(problem["nodes"])), np.ones(problem["nodes"]))


# --- networks -----------------------------------------------------------------------------------------------------


class Network:
    """Layers as matrix products, with every array made once.

    The activations end in a column of ones, so that a bias is one more weight. All parameters, and all gradients,
    are parts of one array.
    """

    def __init__(self, problem: Problem) -> None:
        inputs = np.array(problem["inputs"])
        self.parameters = np.array(flat(problem["parameters"]))
        self.gradient = np.empty_like(self.parameters)
        self.matrices, self.slopes, self.activations = [], [], [with_ones(inputs)]
        start = 0
        for rows in problem["parameters"]:
            shape = len(rows), len(rows[0])
            part = slice(start, start + shape[0] * shape[1])
            self.matrices.append(self.parameters[part].reshape(shape))
            self.slopes.append(self.gradient[part].reshape(shape))
            self.activations.append(with_ones(np.empty((len(inputs), shape[0]))))
            start = part.stop
        self.activations.pop()  # the last layer's are the outputs

    def forward(self) -> Array:
        for matrix, x, y in zip(self.matrices, self.activations, self.activations[1:]):
            np.maximum(x @ matrix.T, 0.0, out=y[:, :-1])
        outputs: Array = self.activations[-1] @ self.matrices[-1].T
        return outputs

    def backward(self, delta: Array) -> Array:
        """All gradients, from the loss's derivative with respect to the outputs."""
        for i in range(len(self.matrices) - 1, -1, -1):
            x = self.activations[i]
            np.matmul(delta.T, x, out=self.slopes[i])
            if i > 0:
                delta = (delta @ self.matrices[i][:, :-1]) * (x[:, :-1] > 0.0)
        return self.gradient


def with_ones(x: Array) -> Array:
    return np.hstack([x, np.ones((len(x), 1))])


def moons(problem: Problem) -> Step:
    network = Network(problem)
    labels, alpha = np.array(problem["labels"])[:, None], problem["penalty"]
    slope = -labels / len(labels)

    def step() -> tuple[Any, Any]:
        margins = 1.0 - labels * network.forward()
        wrong = margins > 0.0
        loss = margins[wrong].sum() / len(labels) + alpha * np.vdot(network.parameters, network.parameters)
        gradient = network.backward(slope * wrong)
        gradient += (2.0 * alpha) * network.parameters
        return loss, gradient

    return step


def digits(problem: Problem) -> Step:
    network = Network(problem)
    targets = np.array(problem["targets"])

    def step() -> tuple[Any, Any]:
        loss, delta = cross_entropy(network.forward(), targets)
        return loss, network.backward(delta)

    return step


def cross_entropy(logits: Array, targets: NDArray[np.int_]) -> tuple[Any, Array]:
    """The loss, and its derivative (softmax(z) - onehot(t)) / n."""
    rows = np.arange(len(targets))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    delta: Array = powers / powers.sum(axis=1, keepdims=True)
    loss = -np.log(delta[rows, targets]).sum() / len(targets)
    delta[rows, targets] -= 1.0
    delta /= len(targets)
    return loss, delta


# --- the character model ------------------------------------------------------------------------------------------


def gpt(problem: Problem) -> Step:
    matrices = [np.array(matrix) for matrix in problem["parameters"]]
    letters, places, query, key, value, out, up, down, head = matrices
    tokens, heads = np.array(problem["tokens"]), problem["heads"]
    inputs, targets = tokens[:-1], tokens[1:]
    length, width = len(inputs), len(query)
    size = width // heads
    scale = size**-0.5
    future = np.triu(np.full((length, length), -np.inf), 1)

    def norm(x: Array) -> tuple[Array, Array]:
        """x / sqrt(mean(x^2) + 1e-5) for each row, and that factor."""
        factor = 1.0 / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-5)
        return x * factor, factor

    def norm_delta(x: Array, factor: Array, delta: Array) -> Array:
        """factor * delta - x factor^3 mean(x * delta)."""
        back: Array = factor * delta - x * factor**3 * (x * delta).mean(axis=1, keepdims=True)
        return back

    def by_head(x: Array) -> Array:
        return x.reshape(length, heads, size).swapaxes(0, 1)

    def together(x: Array) -> Array:
        return x.swapaxes(0, 1).reshape(length, width)

    def step() -> tuple[Any, Any]:
        x0 = letters[inputs] + places[:length]
        n0, f0 = norm(x0)
        q, k, v = by_head(n0 @ query.T), by_head(n0 @ key.T), by_head(n0 @ value.T)
        scores = q @ k.swapaxes(1, 2) * scale + future
        powers = np.exp(scores - scores.max(axis=2, keepdims=True))
        attention = powers / powers.sum(axis=2, keepdims=True)
        mixed = together(attention @ v)
        x1 = x0 + mixed @ out.T
        n1, f1 = norm(x1)
        hidden = np.maximum(n1 @ up.T, 0.0)
        x2 = x1 + hidden @ down.T
        n2, f2 = norm(x2)
        loss, d_logits = cross_entropy(n2 @ head.T, targets)

        d_x2 = norm_delta(x2, f2, d_logits @ head)
        d_hidden = (d_x2 @ down) * (hidden > 0.0)
        d_x1 = d_x2 + norm_delta(x1, f1, d_hidden @ up)
        d_mixed = by_head(d_x1 @ out)
        d_attention = d_mixed @ v.swapaxes(1, 2)
        # softmax: each score moves its own probability up and all of them down
        d_scores = attention * (d_attention - (d_attention * attention).sum(axis=2, keepdims=True)) * scale
        d_q, d_k = together(d_scores @ k), together(d_scores.swapaxes(1, 2) @ q)
        d_v = together(attention.swapaxes(1, 2) @ d_mixed)
        d_x0 = d_x1 + norm_delta(x0, f0, d_q @ query + d_k @ key + d_v @ value)

        d_letters, d_places = np.zeros_like(letters), np.zeros_like(places)
        np.add.at(d_letters, inputs, d_x0)
        d_places[:length] = d_x0
        gradients = [d_letters, d_places, d_q.T @ n0, d_k.T @ n0, d_v.T @ n0, d_x1.T @ mixed]
        gradients += [d_hidden.T @ n1, d_x2.T @ hidden, d_logits.T @ n2]
        return loss, np.concatenate([gradient.ravel() for gradient in gradients])

    return step


STEPS: dict[str, Callable[[Problem], Step]] = {
    "expression": expression,
    "chain": chain,
    "wide": wide,
    "moons": moons,
    "digits": digits,
    "gpt": gpt,
}
