"""Forward and backward passes derived by hand, in NumPy: a rival, and the reference that all others must agree with.

A delta, d_x, is the derivative of the loss with respect to x. Wherever time steps or examples do not depend on each
other, one matrix product computes all of them; the gradients are written into one array, through views of its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count as counted
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import scalars
from ..problems import Problem, data, flat
from ..scalars import Program

Array: TypeAlias = NDArray[np.float64]
Step: TypeAlias = Callable[[], tuple[Any, Any]]  # the loss, and all gradients in one array


class Library(scalars.Library):
    def program(self, task: str, problem: Problem) -> Program:
        return Program(STEPS[task](problem), lambda made: (float(made[0]), np.asarray(made[1]).tolist()))


# --- scalars ------------------------------------------------------------------------------------------------------


def expression(problem: Problem) -> Step:
    """The README's expression, simplified to g = e**2 / 2 + 10 / e**2, so that dg/de = e - 20 / e**3."""
    a, b = flat(problem["parameters"])

    def step() -> tuple[float, list[float]]:
        plus, minus = b + a, b - a
        up, down = max(plus, 0.0), max(minus, 0.0)
        # The README first makes c = 2 (a + b) + 1, then 2 c + 1 - a; and d = 3 d + up, then 4 d + down.
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
    """The partial derivatives of a sum are 1."""
    return lambda: (sum(scalars.wide_numbers(problem["nodes"])), np.ones(problem["nodes"]))


# --- networks -----------------------------------------------------------------------------------------------------


def parts(problem: Problem, vector: Array) -> list[Array]:
    """Views of the vector's parts, in the shapes of the problem's matrices."""
    views, start = [], 0
    for rows in problem["parameters"]:
        stop = start + len(rows) * len(rows[0])
        views.append(vector[start:stop].reshape(len(rows), -1))
        start = stop
    return views


class Network:
    """Layers as matrix products, whose activations and gradients have arrays that are allocated once.

    The activations end in a column of ones, so that a bias is one more weight. All parameters are views of one array,
    and all gradients of another.
    """

    def __init__(self, problem: Problem) -> None:
        inputs = np.array(problem["inputs"])
        self.parameters = np.array(flat(problem["parameters"]))
        self.gradient = np.empty_like(self.parameters)
        self.matrices, self.slopes = parts(problem, self.parameters), parts(problem, self.gradient)
        hidden = [np.empty((len(inputs), len(matrix))) for matrix in self.matrices[:-1]]
        self.activations = [with_ones(x) for x in (inputs, *hidden)]

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
    labels, alpha = np.array(problem["targets"])[:, None], problem["penalty"]
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


def cross_entropy(logits: Array, targets: NDArray[np.int_], row_weights: Array | None = None) -> tuple[Any, Array]:
    """The loss and its delta, (softmax(z) - onehot(t)) times the weight of the row in the loss, 1 / n if not given."""
    rows = np.arange(len(targets))
    delta = softmax(logits)
    losses = -np.log(delta[rows, targets])
    delta[rows, targets] -= 1.0
    if row_weights is None:
        delta /= len(targets)
        return losses.sum() / len(targets), delta
    delta *= row_weights[:, None]
    return np.vdot(losses, row_weights), delta


def softmax(scores: Array) -> Array:
    """Along the last axis."""
    powers: Array = np.exp(scores - scores.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def softmax_delta(shares: Array, delta: Array) -> Array:
    """The delta of the scores from that of their softmax s, where ds_i / dz_j = s_i ((1 if i = j else 0) - s_j)."""
    back: Array = shares * (delta - (delta * shares).sum(axis=-1, keepdims=True))
    return back


def mean(x: Array) -> Array:
    """The mean of each row, as a column. ``x.mean`` takes longer on small arrays."""
    sums: Array = x.sum(axis=-1, keepdims=True)
    sums /= x.shape[-1]
    return sums


def causal_mask(length: int) -> Array:
    """The mask that is added to the scores, so that no step attends to a later one."""
    return np.triu(np.full((length, length), -np.inf), 1)


def squared_error(outputs: Array, targets: Array) -> tuple[Any, Array]:
    """The mean of the squared errors of all numbers, and the delta of the outputs."""
    error = outputs - targets
    return np.vdot(error, error) / error.size, error * (2.0 / error.size)


# --- sequences: of one example, (steps, width), or of many, (examples, steps, width) -------------------------------


def attention(problem: Problem) -> Step:
    parameters = np.array(flat(problem["parameters"]))
    gradient = np.empty_like(parameters)
    query, key, value, out = parts(problem, parameters)
    d_query, d_key, d_value, d_out = parts(problem, gradient)
    inputs, targets = map(np.array, data(problem))
    shape, width, heads = inputs.shape, inputs.shape[-1], problem["heads"]
    x, y = inputs.reshape(-1, width), targets.reshape(-1, width)
    size = width // heads
    scale = size**-0.5
    mask = causal_mask(shape[-2]) if problem["causal"] else None

    def by_head(rows: Array) -> Array:
        """The rows as (..., heads, steps, size); with one head as (..., steps, width), without an axis of heads."""
        return rows.reshape(shape) if heads == 1 else rows.reshape(*shape[:-1], heads, size).swapaxes(-3, -2)

    def together(x: Array) -> Array:
        return (x if heads == 1 else x.swapaxes(-3, -2)).reshape(-1, width)

    def step() -> tuple[Any, Any]:
        q, k, v = by_head(x @ query.T), by_head(x @ key.T), by_head(x @ value.T)
        scores = q @ k.swapaxes(-1, -2)
        scores *= scale
        if mask is not None:
            scores += mask
        shares = softmax(scores)
        mixed = together(shares @ v)
        loss, d_outputs = squared_error(mixed @ out.T, y)

        d_mixed = by_head(d_outputs @ out)
        d_scores = softmax_delta(shares, d_mixed @ v.swapaxes(-1, -2))
        d_scores *= scale
        d_q, d_k, d_v = d_scores @ k, d_scores.swapaxes(-1, -2) @ q, shares.swapaxes(-1, -2) @ d_mixed
        np.matmul(together(d_q).T, x, out=d_query)
        np.matmul(together(d_k).T, x, out=d_key)
        np.matmul(together(d_v).T, x, out=d_value)
        np.matmul(d_outputs.T, mixed, out=d_out)
        return loss, gradient

    return step


def steps_first(inputs: Array) -> Array:
    """The inputs with time as the first axis, so that the rows of a step are contiguous."""
    return np.ascontiguousarray(inputs.swapaxes(0, -2))


def rnn(problem: Problem) -> Step:
    parameters = np.array(flat(problem["parameters"]))
    gradient = np.empty_like(parameters)
    from_input, from_state, biases, weights, bias = parts(problem, parameters)
    d_from_input, d_from_state, d_biases, d_weights, d_bias = parts(problem, gradient)
    inputs, targets = map(np.array, data(problem))
    inputs = steps_first(inputs)
    steps, units = len(inputs), len(from_state)
    x = inputs.reshape(-1, inputs.shape[-1])
    shape = (*inputs.shape[:-1], units)
    states, d_sums = np.empty(shape), np.empty(shape)

    def step() -> tuple[Any, Any]:
        sums = (x @ from_input.T + biases).reshape(shape)
        np.tanh(sums[0], out=states[0])
        for t in range(1, steps):
            sums[t] += states[t - 1] @ from_state.T
            np.tanh(sums[t], out=states[t])
        last = states[-1].reshape(-1, units)
        loss, d_outputs = squared_error(last @ weights[0] + bias[0], targets)

        slopes = 1.0 - states * states
        np.multiply((d_outputs[:, None] * weights).reshape(shape[1:]), slopes[-1], out=d_sums[-1])
        for t in range(steps - 1, 0, -1):
            np.multiply(d_sums[t] @ from_state, slopes[t - 1], out=d_sums[t - 1])
        rows = d_sums.reshape(-1, units)
        np.matmul(rows.T, x, out=d_from_input)
        np.matmul(d_sums[1:].reshape(-1, units).T, states[:-1].reshape(-1, units), out=d_from_state)
        rows.sum(axis=0, out=d_biases[0])
        np.matmul(d_outputs, last, out=d_weights[0])
        d_bias[...] = d_outputs.sum()
        return loss, gradient

    return step


def lstm(problem: Problem) -> Step:
    """Each example is a column, so that each gate is a contiguous block of rows."""
    parameters = np.array(flat(problem["parameters"]))
    gradient = np.empty_like(parameters)
    from_input, from_state, biases, weights, bias = parts(problem, parameters)
    d_from_input, d_from_state, d_biases, d_weights, d_bias = parts(problem, gradient)
    inputs, targets = map(np.array, data(problem))
    x = inputs.reshape(-1, *inputs.shape[-2:]).transpose(1, 2, 0).copy()  # (steps, numbers, examples)
    steps, units, count = len(x), weights.shape[1], x.shape[-1]
    x_columns = columns(x)
    gates = np.empty((steps, 4 * units, count))
    states, memories, shown = (np.empty((steps, units, count)) for _ in range(3))
    d_sums, slopes = np.empty_like(gates), np.empty_like(gates)
    smooth = slice(3 * units)
    write, keep, show, new = (slice(k * units, (k + 1) * units) for k in range(4))

    def step() -> tuple[Any, Any]:
        np.matmul(from_input, x, out=gates)
        np.add(gates, biases.T, out=gates)
        for t in range(steps):
            gate = gates[t]
            if t > 0:
                gate += from_state @ states[t - 1]
            gate[smooth] = 1.0 / (1.0 + np.exp(-gate[smooth]))
            np.tanh(gate[new], out=gate[new])
            np.multiply(gate[write], gate[new], out=memories[t])
            if t > 0:
                memories[t] += gate[keep] * memories[t - 1]
            np.tanh(memories[t], out=shown[t])
            np.multiply(gate[show], shown[t], out=states[t])
        loss, d_outputs = squared_error(weights @ states[-1] + bias, targets)

        np.multiply(gates[:, smooth], 1.0 - gates[:, smooth], out=slopes[:, smooth])
        np.subtract(1.0, gates[:, new] * gates[:, new], out=slopes[:, new])
        state_by_memory = gates[:, show] * (1.0 - shown * shown)  # d state / d memory
        d_state, d_memory = weights.T * d_outputs, np.zeros_like(states[-1])
        for t in range(steps - 1, -1, -1):
            d_memory += d_state * state_by_memory[t]
            d_sum, gate = d_sums[t], gates[t]
            np.multiply(d_memory, gate[new], out=d_sum[write])
            np.multiply(d_memory, memories[t - 1] if t > 0 else 0.0, out=d_sum[keep])
            np.multiply(d_state, shown[t], out=d_sum[show])
            np.multiply(d_memory, gate[write], out=d_sum[new])
            d_sum *= slopes[t]
            if t > 0:
                d_state = from_state.T @ d_sum
                d_memory *= gate[keep]
        d_columns = columns(d_sums)
        np.matmul(d_columns, x_columns.T, out=d_from_input)
        np.matmul(d_columns[:, count:], columns(states[:-1]).T, out=d_from_state)
        d_columns.sum(axis=1, out=d_biases[0])
        np.matmul(d_outputs, states[-1].T, out=d_weights)
        d_bias[...] = d_outputs.sum()
        return loss, gradient

    return step


def columns(x: Array) -> Array:
    """The columns of all steps side by side."""
    return x.swapaxes(0, 1).reshape(x.shape[1], -1)


# --- normed layers ------------------------------------------------------------------------------------------------


def norm(x: Array) -> tuple[Array, Array]:
    """Each row normed to mean 0 and variance 1, and the factor that scaled it."""
    centred = x - mean(x)
    factor = 1.0 / np.sqrt(mean(centred * centred) + 1e-5)
    centred *= factor
    return centred, factor


def norm_delta(normed: Array, factor: Array, delta: Array) -> Array:
    """The delta of the operand of `norm`: factor * (delta - mean(delta) - normed mean(normed * delta))."""
    back: Array = factor * (delta - mean(delta) - normed * mean(normed * delta))
    return back


def layer_norm(problem: Problem) -> Step:
    parameters = np.array(flat(problem["parameters"]))
    gradient = np.empty_like(parameters)
    *hidden, weights, bias = parts(problem, parameters)
    *d_hidden, d_weights, d_bias = parts(problem, gradient)
    layers = [(*hidden[k : k + 4], *d_hidden[k : k + 4]) for k in range(0, len(hidden), 4)]
    inputs, targets = map(np.array, data(problem))

    def step() -> tuple[Any, Any]:
        x, activations = inputs, []
        for matrix, biases, gains, shifts, *_ in layers:
            normed, factor = norm(x @ matrix.T + biases)
            activations.append((x, normed, factor))
            x = np.maximum(normed * gains + shifts, 0.0)
        loss, d_outputs = squared_error(x @ weights[0] + bias[0], targets)

        np.matmul(d_outputs, x, out=d_weights[0])
        d_bias[...] = d_outputs.sum()
        d_x = d_outputs[:, None] * weights
        for (matrix, _, gains, _, d_matrix, d_biases, d_gains, d_shifts), made in zip(layers[::-1], activations[::-1]):
            d_x *= x > 0.0
            x, normed, factor = made
            (d_x * normed).sum(axis=0, out=d_gains[0])
            d_x.sum(axis=0, out=d_shifts[0])
            d_sums = norm_delta(normed, factor, d_x * gains)
            np.matmul(d_sums.T, x, out=d_matrix)
            d_sums.sum(axis=0, out=d_biases[0])
            if matrix is not layers[0][0]:
                d_x = d_sums @ matrix
        return loss, gradient

    return step


def residual(problem: Problem) -> Step:
    parameters = np.array(flat(problem["parameters"]))
    gradient = np.empty_like(parameters)
    gains, shifts, up, up_biases, down, down_biases, weights, bias = parts(problem, parameters)
    d_gains, d_shifts, d_up, d_up_biases, d_down, d_down_biases, d_weights, d_bias = parts(problem, gradient)
    inputs, targets = map(np.array, data(problem))

    def step() -> tuple[Any, Any]:
        normed, _ = norm(inputs)
        scaled = normed * gains + shifts
        wide = np.maximum(scaled @ up.T + up_biases, 0.0)
        x = inputs + wide @ down.T + down_biases
        loss, d_outputs = squared_error(x @ weights[0] + bias[0], targets)

        np.matmul(d_outputs, x, out=d_weights[0])
        d_bias[...] = d_outputs.sum()
        d_x = d_outputs[:, None] * weights
        np.matmul(d_x.T, wide, out=d_down)
        d_x.sum(axis=0, out=d_down_biases[0])
        d_wide = (d_x @ down) * (wide > 0.0)
        np.matmul(d_wide.T, scaled, out=d_up)
        d_wide.sum(axis=0, out=d_up_biases[0])
        d_scaled = d_wide @ up
        (d_scaled * normed).sum(axis=0, out=d_gains[0])
        d_scaled.sum(axis=0, out=d_shifts[0])
        return loss, gradient

    return step


# --- images -------------------------------------------------------------------------------------------------------


def convolution(problem: Problem) -> Step:
    """One matrix product makes all maps: each kernel is a row, and the 9 pixels that it covers at a place are a column.

    The examples are the last axis: NumPy adds long rows faster than the 2 numbers of a pool or a pixel's channels.
    """
    parameters = np.array(flat(problem["parameters"]))
    gradient = np.empty_like(parameters)
    kernels, kernel_biases, weights, biases = parts(problem, parameters)
    d_kernels, d_kernel_biases, d_weights, d_biases = parts(problem, gradient)
    images, targets = map(np.array, data(problem))
    pixels = np.ascontiguousarray(images.transpose(1, 2, 0))
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (3, 3), axis=(0, 1)).transpose(3, 4, 0, 1, 2)
    size, count, channels = windows.shape[2], len(images), len(kernels)
    half = size // 2

    def step() -> tuple[Any, Any]:
        patches = windows.reshape(9, -1)
        maps = kernels @ patches
        maps += kernel_biases.T
        np.maximum(maps, 0.0, out=maps)
        squares = maps.reshape(channels, half, 2, half, 2, count)
        pools = squares[:, :, 0] + squares[:, :, 1]
        features = (pools[:, :, :, 0] + pools[:, :, :, 1]).reshape(-1, count)
        features *= 0.25
        loss, d_logits = cross_entropy((weights @ features).T + biases, targets)

        np.matmul(d_logits.T, features.T, out=d_weights)
        d_logits.sum(axis=0, out=d_biases[0])
        d_features = weights.T @ d_logits.T
        d_features *= 0.25
        d_squares = (squares > 0.0) * d_features.reshape(channels, half, 1, half, 1, count)
        d_maps = d_squares.reshape(channels, -1)
        np.matmul(d_maps, patches.T, out=d_kernels)
        d_maps.sum(axis=1, out=d_kernel_biases[0])
        return loss, gradient

    return step


# --- the character model ------------------------------------------------------------------------------------------


def gpt(problem: Problem) -> Step:
    """All words at once; each place of each word, with its prediction, is a row of the matrices."""
    theta = np.array(flat(problem["parameters"]))
    letters, places, query, key, value, out, up, down, head = parts(problem, theta)
    gradient = np.zeros_like(theta)
    d_letters, d_places, d_query, d_key, d_value, d_out, d_up, d_down, d_head = parts(problem, gradient)
    inputs, targets, weights = (np.array(numbers) for numbers in data(problem))
    count, length = inputs.shape
    heads, width = problem["heads"], len(query)
    size = width // heads
    scale = size**-0.5
    mask = causal_mask(length)
    row_weights = weights.ravel() / count  # the weight of each prediction in the loss
    optimise = adam_step(theta, gradient, **problem["adam"]) if "adam" in problem else None

    def rms_norm(x: Array) -> tuple[Array, Array]:
        """x * factor for each row, where factor = 1 / sqrt(mean(x^2) + 1e-5), and the factor."""
        factor = 1.0 / np.sqrt(mean(x * x) + 1e-5)
        return x * factor, factor

    def rms_norm_delta(x: Array, factor: Array, delta: Array) -> Array:
        """The delta of the operand of `rms_norm`: factor * delta - x factor^3 mean(x * delta)."""
        back: Array = factor * delta - x * (factor**3 * mean(x * delta))
        return back

    def by_head(x: Array) -> Array:
        return x.reshape(count, length, heads, size).swapaxes(1, 2)

    def together(x: Array) -> Array:
        return x.swapaxes(1, 2).reshape(-1, width)

    def step() -> tuple[Any, Any]:
        x0 = (letters[inputs] + places[:length]).reshape(-1, width)
        n0, f0 = rms_norm(x0)
        q, k, v = by_head(n0 @ query.T), by_head(n0 @ key.T), by_head(n0 @ value.T)
        attention = softmax(q @ k.swapaxes(2, 3) * scale + mask)
        mixed = together(attention @ v)
        x1 = x0 + mixed @ out.T
        n1, f1 = rms_norm(x1)
        hidden = np.maximum(n1 @ up.T, 0.0)
        x2 = x1 + hidden @ down.T
        n2, f2 = rms_norm(x2)
        loss, d_logits = cross_entropy(n2 @ head.T, targets.ravel(), row_weights)

        d_x2 = rms_norm_delta(x2, f2, d_logits @ head)
        d_hidden = (d_x2 @ down) * (hidden > 0.0)
        d_x1 = d_x2 + rms_norm_delta(x1, f1, d_hidden @ up)
        d_mixed = by_head(d_x1 @ out)
        d_scores = softmax_delta(attention, d_mixed @ v.swapaxes(2, 3)) * scale
        d_q, d_k = together(d_scores @ k), together(d_scores.swapaxes(2, 3) @ q)
        d_v = together(attention.swapaxes(2, 3) @ d_mixed)
        d_x0 = d_x1 + rms_norm_delta(x0, f0, d_q @ query + d_k @ key + d_v @ value)

        d_letters[...] = 0.0
        np.add.at(d_letters, inputs.ravel(), d_x0)
        d_x0.reshape(count, length, width).sum(axis=0, out=d_places[:length])
        np.matmul(d_q.T, n0, out=d_query)
        np.matmul(d_k.T, n0, out=d_key)
        np.matmul(d_v.T, n0, out=d_value)
        np.matmul(d_x1.T, mixed, out=d_out)
        np.matmul(d_hidden.T, n1, out=d_up)
        np.matmul(d_x2.T, hidden, out=d_down)
        np.matmul(d_logits.T, n2, out=d_head)
        if optimise is not None:
            optimise()
        return loss, gradient

    return step


def adam_step(theta: Array, gradient: Array, lr: float, betas: list[float], eps: float) -> Callable[[], None]:
    """A function that makes one Adam step (Kingma and Ba 2015) on the vector of all parameters."""
    (first, second), steps = betas, counted(1)
    means, squares = np.zeros_like(theta), np.zeros_like(theta)

    def optimise() -> None:
        step = next(steps)
        means[...] = first * means + (1.0 - first) * gradient
        squares[...] = second * squares + (1.0 - second) * gradient**2
        theta[...] -= lr / (1.0 - first**step) * means / (np.sqrt(squares / (1.0 - second**step)) + eps)

    return optimise


STEPS: dict[str, Callable[[Problem], Step]] = {
    "expression": expression,
    "chain": chain,
    "wide": wide,
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
