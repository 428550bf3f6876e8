"""The programs of the libraries that differentiate functions of whole arrays: PyTorch's tensors and JAX.

The loss is written once, with what the two have in common; a `Tensors` says how their functions are called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .problems import Problem
from .scalars import Library, readme

Arrays: TypeAlias = list[Any]


class Tensors(Library):
    """A library of arrays; subclasses name its functions."""

    def array(self, numbers: Any) -> Any:
        """Nested lists of floats as an array of float64."""
        raise NotImplementedError

    def indices(self, numbers: list[int]) -> Any:
        """A list of whole numbers as an array."""
        raise NotImplementedError

    relu: Callable[[Any], Any]

    def softmax(self, logits: Any) -> Any:
        """Along the last axis."""
        raise NotImplementedError

    def cross_entropy(self, logits: Any, targets: Any) -> Any:
        """Mean over the rows of logits."""
        raise NotImplementedError


def split(problem: Problem) -> list[Any]:
    """The problem's parameters as a library of arrays wants them: biases are arrays of their own."""
    if not problem["biased"]:
        return list(problem["parameters"])
    arrays: list[Any] = []
    for matrix in problem["parameters"]:
        arrays += [[row[:-1] for row in matrix], [row[-1] for row in matrix]]
    return arrays


def join(problem: Problem, arrays: Arrays) -> list[float]:
    """The other way round: the numbers of `split` arrays, in the problem's order."""
    import numpy as np

    arrays = [np.asarray(array) for array in arrays]
    if problem["biased"]:
        arrays = [np.column_stack(pair) for pair in zip(arrays[::2], arrays[1::2])]
    return [float(x) for array in arrays for x in array.ravel()]


def mlp(tools: Tensors, parameters: Arrays, x: Any) -> Any:
    *hidden, weights, bias = parameters
    for w, b in zip(hidden[::2], hidden[1::2]):
        x = tools.relu(x @ w.T + b)
    return x @ weights.T + bias


def moons(tools: Tensors, problem: Problem) -> Callable[[Arrays], Any]:
    points, labels = tools.array(problem["inputs"]), tools.array(problem["labels"])

    def loss(parameters: Arrays) -> Any:
        scores = mlp(tools, parameters, points)[:, 0]
        penalty = sum((p * p).sum() for p in parameters)
        return tools.relu(1.0 - labels * scores).mean() + problem["penalty"] * penalty

    return loss


def digits(tools: Tensors, problem: Problem) -> Callable[[Arrays], Any]:
    images, targets = tools.array(problem["inputs"]), tools.indices(problem["targets"])
    return lambda parameters: tools.cross_entropy(mlp(tools, parameters, images), targets)


def gpt(tools: Tensors, problem: Problem) -> Callable[[Arrays], Any]:
    tokens, heads = problem["tokens"], problem["heads"]
    length, width = len(tokens) - 1, len(problem["parameters"][2])
    size = width // heads
    blocked = tools.array([[0.0 if j <= i else float("-inf") for j in range(length)] for i in range(length)])
    inputs, targets = tools.indices(tokens[:-1]), tools.indices(tokens[1:])

    def norm(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5

    def split_heads(x: Any) -> Any:
        return x.reshape(length, heads, size).swapaxes(0, 1)

    def loss(parameters: Arrays) -> Any:
        letters, places, query, key, value, out, up, down, head = parameters
        x = letters[inputs] + places[:length]
        normed = norm(x)
        queries, keys, values = (split_heads(normed @ matrix.T) for matrix in (query, key, value))
        weights = tools.softmax(queries @ keys.swapaxes(1, 2) * size**-0.5 + blocked)
        x = x + (weights @ values).swapaxes(0, 1).reshape(length, width) @ out.T
        x = x + tools.relu(norm(x) @ up.T) @ down.T
        return tools.cross_entropy(norm(x) @ head.T, targets)

    return loss


def expression(tools: Tensors, problem: Problem) -> Callable[[Arrays], Any]:
    return lambda parameters: readme(parameters[0][0, 0], parameters[0][0, 1], tools.relu)


# The tasks' losses as functions of the `split` parameters.
LOSSES: dict[str, Callable[[Tensors, Problem], Callable[[Arrays], Any]]] = {
    "expression": expression,
    "moons": moons,
    "digits": digits,
    "gpt": gpt,
}
