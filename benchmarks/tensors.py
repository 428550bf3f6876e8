"""The programs of the libraries that differentiate functions of whole arrays: PyTorch's tensors and JAX.

Each loss is written once, with the operators and methods that both have; a `Tensors` gives the functions that they name
differently. A loss takes the parameters, and the data if there are any: a batch, or a single example without the first
axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .problems import Problem, data
from .scalars import Library, readme

Arrays: TypeAlias = list[Any]
Loss: TypeAlias = Callable[..., Any]  # of the `split` parameters, and of the data


class Tensors(Library):
    """A library of arrays; subclasses name its functions."""

    def array(self, numbers: Any) -> Any:
        """Nested lists of floats as an array of float64, and of whole numbers as one of indices."""
        raise NotImplementedError

    relu: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]

    def softmax(self, logits: Any) -> Any:
        """Along the last axis."""
        raise NotImplementedError

    def cross_entropy(self, logits: Any, targets: Any) -> Any:
        """Mean over the rows of logits."""
        raise NotImplementedError

    def convolution(self, images: Any, kernels: Any) -> Any:
        """Of images (count, channels, rows, columns) with kernels (new channels, channels, rows, columns), unpadded."""
        raise NotImplementedError

    def data(self, problem: Problem) -> Arrays:
        """The arrays that a loss takes after the parameters."""
        return [self.array(numbers) for numbers in data(problem)]


def split(problem: Problem) -> list[Any]:
    """The problem's parameters as a library of arrays wants them: biases are arrays of their own."""
    if not problem["biased"]:
        return list(problem["parameters"])
    arrays: list[Any] = []
    for matrix in problem["parameters"]:
        arrays += [[row[:-1] for row in matrix], [row[-1] for row in matrix]]
    return arrays


def join(problem: Problem, arrays: Arrays) -> list[float]:
    """The reverse of `split`: the numbers of the arrays, in the problem's order."""
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


def moons(tools: Tensors, problem: Problem) -> Loss:
    def loss(parameters: Arrays, points: Any, labels: Any) -> Any:
        scores = mlp(tools, parameters, points)[:, 0]
        penalty = sum((p * p).sum() for p in parameters)
        return tools.relu(1.0 - labels * scores).mean() + problem["penalty"] * penalty

    return loss


def digits(tools: Tensors, problem: Problem) -> Loss:
    return lambda parameters, images, targets: tools.cross_entropy(mlp(tools, parameters, images), targets)


def attention(tools: Tensors, problem: Problem) -> Loss:
    steps, width = len(problem["inputs"][0]), len(problem["parameters"][0])
    mask = tools.array(causal_mask(steps)) if problem["causal"] else 0.0
    heads, size = problem["heads"], width // problem["heads"]

    def loss(parameters: Arrays, x: Any, y: Any) -> Any:
        query, key, value, out = parameters
        queries, keys, values = (split_heads(x @ matrix.T, heads, size) for matrix in (query, key, value))
        weights = tools.softmax(queries @ keys.swapaxes(-1, -2) * size**-0.5 + mask)
        return ((join_heads(weights @ values) @ out.T - y) ** 2).mean()

    return loss


def split_heads(x: Any, heads: int, size: int) -> Any:
    """(..., steps, width) as (..., heads, steps, size)."""
    return x.reshape(*x.shape[:-1], heads, size).swapaxes(-3, -2)


def join_heads(x: Any) -> Any:
    """The reverse of `split_heads`."""
    swapped = x.swapaxes(-3, -2)
    return swapped.reshape(*swapped.shape[:-2], -1)


def causal_mask(steps: int) -> list[list[float]]:
    """The mask that is added to the scores, so that no step attends to a later one."""
    return [[0.0 if j <= i else float("-inf") for j in range(steps)] for i in range(steps)]


def rnn(tools: Tensors, problem: Problem) -> Loss:
    def loss(parameters: Arrays, x: Any, y: Any) -> Any:
        from_input, from_state, biases, weights, bias = parameters
        sums = x @ from_input.T + biases
        state = tools.tanh(sums[..., 0, :])
        for t in range(1, x.shape[-2]):
            state = tools.tanh(sums[..., t, :] + state @ from_state.T)
        return squared_error(state, weights, bias, y)

    return loss


def lstm(tools: Tensors, problem: Problem) -> Loss:
    units = len(problem["parameters"][3][0])

    def loss(parameters: Arrays, x: Any, y: Any) -> Any:
        from_input, from_state, biases, weights, bias = parameters
        sums, state, memory = x @ from_input.T + biases, None, 0.0
        for t in range(x.shape[-2]):
            gates = sums[..., t, :] if state is None else sums[..., t, :] + state @ from_state.T
            write, keep, show = (tools.sigmoid(gates[..., k * units : (k + 1) * units]) for k in range(3))
            memory = keep * memory + write * tools.tanh(gates[..., 3 * units :])
            state = show * tools.tanh(memory)
        return squared_error(state, weights, bias, y)

    return loss


def squared_error(x: Any, weights: Any, bias: Any, y: Any) -> Any:
    return (((x @ weights.T + bias)[..., 0] - y) ** 2).mean()


def norm(x: Any, gains: Any, shifts: Any) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    return gains * (centred * ((centred * centred).mean(-1, keepdims=True) + 1e-5) ** -0.5) + shifts


def layer_norm(tools: Tensors, problem: Problem) -> Loss:
    def loss(parameters: Arrays, x: Any, y: Any) -> Any:
        *hidden, weights, bias = parameters
        for matrix, biases, gains, shifts in zip(*(hidden[k::4] for k in range(4))):
            x = tools.relu(norm(x @ matrix.T + biases, gains, shifts))
        return squared_error(x, weights, bias, y)

    return loss


def residual(tools: Tensors, problem: Problem) -> Loss:
    def loss(parameters: Arrays, x: Any, y: Any) -> Any:
        gains, shifts, up, up_biases, down, down_biases, weights, bias = parameters
        x = x + tools.relu(norm(x, gains, shifts) @ up.T + up_biases) @ down.T + down_biases
        return squared_error(x, weights, bias, y)

    return loss


def convolution(tools: Tensors, problem: Problem) -> Loss:
    def loss(parameters: Arrays, images: Any, targets: Any) -> Any:
        kernels, kernel_biases, weights, biases = parameters
        maps = tools.convolution(images[:, None], kernels.reshape(-1, 1, 3, 3)) + kernel_biases.reshape(-1, 1, 1)
        count, channels, size, _ = maps.shape
        pools = tools.relu(maps).reshape(count, channels, size // 2, 2, size // 2, 2).mean((3, 5))
        return tools.cross_entropy(pools.reshape(count, -1) @ weights.T + biases, targets)

    return loss


def gpt(tools: Tensors, problem: Problem) -> Loss:
    heads, length = problem["heads"], len(problem["inputs"][0])
    size = len(problem["parameters"][2]) // heads
    mask = tools.array(causal_mask(length))
    weights = [weight for word in problem["weights"] for weight in word]
    real = tools.array([i for i, weight in enumerate(weights) if weight])  # positions that are not padding

    def norm(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5

    def loss(parameters: Arrays, inputs: Any, targets: Any, _: Any) -> Any:
        letters, places, query, key, value, out, up, down, head = parameters
        x = letters[inputs] + places[:length]
        normed = norm(x)
        queries, keys, values = (split_heads(normed @ matrix.T, heads, size) for matrix in (query, key, value))
        shares = tools.softmax(queries @ keys.swapaxes(-1, -2) * size**-0.5 + mask)
        x = x + join_heads(shares @ values) @ out.T
        x = x + tools.relu(norm(x) @ up.T) @ down.T
        logits = norm(x) @ head.T
        return tools.cross_entropy(logits.reshape(-1, len(head))[real], targets.reshape(-1)[real])

    return loss


def expression(tools: Tensors, problem: Problem) -> Loss:
    return lambda parameters: readme(parameters[0][0, 0], parameters[0][0, 1], tools.relu)


LOSSES: dict[str, Callable[[Tensors, Problem], Loss]] = {
    "expression": expression,
    "moons": moons,
    "digits": digits,
    "attention": attention,
    "rnn": rnn,
    "lstm": lstm,
    "layer-norm": layer_norm,
    "residual": residual,
    "convolution": convolution,
    "gpt": gpt,
}
