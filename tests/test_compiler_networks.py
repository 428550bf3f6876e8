"""Compiled networks, layers and losses of all kinds against the engine, formulas by hand, and PyTorch.

Each is compiled for a batch, or as a whole where examples depend on each other, and compared with the engine's loss
and gradients of the same function.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, dot

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

Function = Callable[..., Any]


def rows(x: Any, i: int) -> Any:
    """The i-th example as plain numbers."""
    return x[i].tolist() if hasattr(x[i], "tolist") else x[i]


def check(
    f: Function, parameters: Sequence[Value], *arrays: Any, reduction: str = "mean", penalty: Function | None = None
) -> Any:
    """Compile ``f(example) + penalty()`` and compare loss and gradients with the engine's; returns the program."""
    whole = f if penalty is None else lambda *xs: f(*xs) + penalty()
    program = autograd.compile(whole, reduction=reduction)
    loss, gradient = program(*arrays)
    program.write_back()
    assert set(map(id, program.parameters.values)) == set(map(id, parameters))
    assert len(program.parameters) == len(parameters) == len(gradient)
    mine = [p.grad for p in parameters]
    for p in parameters:
        p.grad = 0.0
    if arrays:
        n = len(arrays[0])
        losses = [f(*[rows(x, i) for x in arrays]) for i in range(n)]
        expected = autograd.sum(losses) / (n if reduction == "mean" else 1)
    else:
        expected = f()
    if penalty is not None:
        expected = expected + penalty()
    expected.backward()
    size = max(1.0, *[abs(p.grad) for p in parameters])
    assert abs(loss - expected.data) <= 1e-12 * max(1.0, abs(loss))
    assert max(abs(a - p.grad) for a, p in zip(mine, parameters)) <= 1e-12 * size
    outputs = program.outputs(*arrays)
    if arrays and penalty is None:
        assert outputs.tolist() == pytest.approx([getattr(x, "data", x) for x in losses], rel=1e-12, abs=1e-14)
    return program


def matrix(rng: random.Random, *shape: int) -> Any:
    """Parameters in nested lists."""
    if not shape:
        return Value(rng.uniform(-1.0, 1.0))
    return [matrix(rng, *shape[1:]) for _ in range(shape[0])]


def flat(*xs: Any) -> list[Any]:
    found: list[Any] = []
    for x in xs:
        found += flat(*x) if isinstance(x, (list, tuple)) else [x]
    return found


def array(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


# --- nn's layers and losses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", nn.ACTIVATIONS)
def test_activations(activation: str) -> None:
    model = nn.MLP(3, [4, 5, 2], activation=activation, seed=1)
    check(lambda x, y: nn.mse(model(x), y), model.parameters(), array(0, 7, 3), array(1, 7, 2))


@pytest.mark.parametrize("sizes", [[1], [2], [1, 1], [4, 1], [1, 4, 1], [3, 3, 3, 3], [2, 1, 2]])
@pytest.mark.parametrize("nin", [1, 2])
@pytest.mark.parametrize("examples", [1, 2, 5])
def test_widths(nin: int, sizes: list[int], examples: int) -> None:
    """With one input, one neuron or one example, axes of length 1 could get lost."""
    model = nn.MLP(nin, sizes, activation="tanh", seed=2)
    y = array(1, examples, sizes[-1]) if sizes[-1] > 1 else array(1, examples)
    check(lambda x, y: nn.mse(model(x), y), model.parameters(), array(0, examples, nin), y)
    if nin == 1:
        check(lambda x, y: nn.mse(model(x), y), model.parameters(), array(0, examples), y)


LOSSES: dict[str, tuple[Function, Function]] = {
    # The loss, and a function that draws its targets, for three outputs.
    "mse": (nn.mse, lambda rng, n: rng.normal(size=(n, 3))),
    "half_mse": (nn.half_mse, lambda rng, n: rng.normal(size=(n, 3))),
    "mae": (nn.mae, lambda rng, n: rng.normal(size=(n, 3))),
    "huber": (nn.huber, lambda rng, n: 3.0 * rng.normal(size=(n, 3))),
    "hinge": (nn.hinge, lambda rng, n: rng.choice([-1.0, 1.0], size=(n, 3))),
    "bce": (lambda z, t: nn.bce([x.sigmoid() for x in z], t), lambda rng, n: rng.choice([0.0, 1.0], size=(n, 3))),
    "bce of shares": (lambda z, t: nn.bce([x.sigmoid() for x in z], t), lambda rng, n: rng.random(size=(n, 3))),
    "bce_with_logits": (nn.bce_with_logits, lambda rng, n: rng.choice([0.0, 1.0], size=(n, 3))),
    "cross_entropy of classes": (nn.cross_entropy, lambda rng, n: rng.integers(0, 3, n)),
    "cross_entropy of probabilities": (nn.cross_entropy, lambda rng, n: rng.dirichlet([1.0, 1.0, 1.0], n)),
    "nll": (lambda z, t: nn.nll(nn.log_softmax(z), t), lambda rng, n: rng.integers(0, 3, n)),
    "multi_margin": (nn.multi_margin, lambda rng, n: rng.integers(0, 3, n)),
    "softmax and mse": (lambda z, t: nn.mse(nn.softmax(z), t), lambda rng, n: rng.dirichlet([1.0, 1.0, 1.0], n)),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("examples", [1, 6])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_losses(name: str, examples: int, reduction: str) -> None:
    loss, targets = LOSSES[name]
    model = nn.Sequential(nn.Linear(2, 4, seed=1), nn.Tanh(), nn.Linear(4, 3, seed=2))
    t = targets(np.random.default_rng(3), examples)
    check(lambda x, t: loss(model(x), t), model.parameters(), array(0, examples, 2), t, reduction=reduction)


def test_modules_with_parameters_of_their_own() -> None:
    model = nn.Sequential(nn.Linear(2, 3, bias=False, seed=1), nn.LeakyReLU(Value(0.2)), nn.ELU(Value(1.5)),
                          nn.Linear(3, 2, seed=2), nn.LogSoftmax())  # fmt: skip
    check(lambda x, t: nn.nll(model(x), t), model.parameters(), array(0, 5, 2), np.array([0, 1, 1, 0, 1]))


def test_dropout_after_training() -> None:
    model = nn.Sequential(nn.Linear(2, 3, seed=1), nn.Dropout(0.5), nn.Linear(3, 1, seed=2)).eval()
    check(lambda x, y: nn.mse(model(x), y), model.parameters(), array(0, 5, 2), array(1, 5, 1))


# --- penalties ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("which", ["all", "weights", "biases", "one"])
@pytest.mark.parametrize("norm", [nn.l1, nn.l2])
def test_penalties_count_once(norm: Function, which: str, reduction: str) -> None:
    model = nn.MLP(3, [4, 2], activation="tanh", seed=1)
    for i, p in enumerate(model.parameters()):
        p.data += 0.01 * (i + 1)
    named = dict(model.named_parameters())
    chosen = {
        "all": model.parameters(),
        "weights": [p for name, p in named.items() if ".w" in name],
        "biases": [p for name, p in named.items() if ".b" in name],
        "one": [next(iter(named.values()))],
    }[which]
    assert chosen
    x, y = array(0, 6, 3), array(1, 6, 2)
    check(
        lambda x, y: nn.mse(model(x), y), model.parameters(), x, y,
        reduction=reduction, penalty=lambda: 0.1 * norm(chosen),
    )  # fmt: skip


w, v = Value(0.5), Value(-0.25)
PENALISED: dict[str, Function] = {
    # Each is 2 loss + 3 w**2 - v**2, with loss = (w x - 1)**2.
    "added": lambda loss: 2.0 * loss + 3.0 * w * w + -v * v,
    "first": lambda loss: 3.0 * w * w + (2.0 * loss - v * v),
    "subtracted": lambda loss: 2.0 * loss - (v * v - 3.0 * w * w),
    "subtracted one by one": lambda loss: 2.0 * loss - -3.0 * w * w - v * v,
    "subtracted from": lambda loss: 3.0 * w * w - (v * v - 2.0 * loss),
    "negated": lambda loss: -(v * v - 3.0 * w * w - 2.0 * loss),
    "negated twice": lambda loss: 0.0 - (-(2.0 * loss + 3.0 * w * w - v * v)),
    "scaled": lambda loss: (loss + 1.5 * w * w - 0.5 * v * v) * 2.0,
    "scaled from the left": lambda loss: 2.0 * (loss + 1.5 * w * w - 0.5 * v * v),
    "divided": lambda loss: (4.0 * loss + 6.0 * w * w - 2.0 * v * v) / 2.0,
    "as a sum": lambda loss: autograd.sum([loss, 3.0 * w * w, loss, -v * v]),
    "as a dot product": lambda loss: dot([2.0, 3.0 * w, -v], [loss, w, v]),
    "with a bias": lambda loss: dot([2.0], [loss], 3.0 * w * w - v * v),
    "deep inside": lambda loss: ((((loss + 3.0 * w * w) - v * v) + loss) * 4.0) / 4.0,
}


@pytest.mark.parametrize("name", PENALISED)
def test_penalties_count_once_wherever_they_are_added(name: str) -> None:
    """Expected by hand: the sum of the examples' losses, and the penalty once."""
    xs = np.array([1.0, -2.0, 0.5, 3.0])
    program = autograd.compile(lambda x: PENALISED[name]((w * x - 1.0) ** 2), reduction="sum")
    loss, _ = program(xs)
    program.write_back()
    assert loss == pytest.approx(2.0 * ((0.5 * xs - 1.0) ** 2).sum() + 3.0 * 0.25 - 0.0625, rel=1e-14)
    assert w.grad == pytest.approx(4.0 * ((0.5 * xs - 1.0) * xs).sum() + 6.0 * 0.5, rel=1e-14)
    assert v.grad == pytest.approx(0.5, rel=1e-14)
    each = program.outputs(xs)
    assert each.tolist() == pytest.approx((2.0 * (0.5 * xs - 1.0) ** 2 + 3.0 * 0.25 - 0.0625).tolist(), rel=1e-14)


def test_a_loss_times_a_parameter_is_not_linear_in_the_penalty() -> None:
    """(loss + w**2) * v has w**2 v, which does not depend on the example either, and counts once in a sum."""
    xs = np.array([1.0, -2.0])
    loss, _ = autograd.compile(lambda x: ((w * x - 1.0) ** 2 + w * w) * v, reduction="mean")(xs)
    assert loss == pytest.approx(-0.25 * (((0.5 * xs - 1.0) ** 2).mean() + 0.25), rel=1e-14)


# --- random networks ----------------------------------------------------------------------------------------------


def layer(style: str, weights: list[list[Value]], biases: list[Value] | None, x: list[Any]) -> list[Any]:
    """One linear layer, written in one of several ways."""
    if style == "dot":
        return [dot(row, x, b) for row, b in zip(weights, biases)] if biases else [dot(row, x) for row in weights]
    if style == "python's sum":
        made = [sum(a * b for a, b in zip(row, x)) for row in weights]
    elif style == "bias first":
        starts: list[Any] = [0.0] * len(weights) if biases is None else list(biases)
        return [sum((a * b for a, b in zip(row, x)), start) for row, start in zip(weights, starts)]
    elif style == "x first":
        made = [autograd.sum([b * a for a, b in zip(row, x)]) for row in weights]
    elif style == "backwards":
        made = [sum(a * b for a, b in reversed(list(zip(row, x)))) for row in weights]
    else:  # a loop
        made = []
        for row in weights:
            total: Any = row[0] * x[0]
            for a, b in zip(row[1:], x[1:]):
                total = total + a * b
            made.append(total)
    return [m + b for m, b in zip(made, biases)] if biases else made


STYLES = ["dot", "python's sum", "bias first", "x first", "backwards", "a loop"]


@st.composite
def networks(draw: Any) -> dict[str, Any]:
    depth = draw(st.integers(1, 3))
    return {
        "widths": draw(st.lists(st.integers(1, 5), min_size=depth + 1, max_size=depth + 1)),
        "styles": draw(st.lists(st.sampled_from(STYLES), min_size=depth, max_size=depth)),
        "activations": draw(st.lists(st.sampled_from(sorted(nn.ACTIVATIONS)), min_size=depth, max_size=depth)),
        "biased": draw(st.lists(st.booleans(), min_size=depth, max_size=depth)),
        "examples": draw(st.integers(1, 4)),
        "residual": draw(st.booleans()),
        "penalty": draw(st.sampled_from([None, "l1", "l2"])),
        "reduction": draw(st.sampled_from(["mean", "sum"])),
        "whole": draw(st.booleans()),
        "seed": draw(st.integers(0, 2**30)),
    }


@settings(max_examples=120, deadline=None)
@given(networks())
def test_random_networks(drawn: dict[str, Any]) -> None:
    rng = random.Random(drawn["seed"])
    widths = drawn["widths"]
    weights = [matrix(rng, m, n) for n, m in itertools.pairwise(widths)]
    biases = [matrix(rng, m) if b else None for m, b in zip(widths[1:], drawn["biased"])]

    def f(x: Any, y: Any) -> Any:
        for matrix_, vector, style, name in zip(weights, biases, drawn["styles"], drawn["activations"]):
            before = x
            x = [autograd.ops.OPS[name](z) for z in layer(style, matrix_, vector, x)]
            if drawn["residual"] and len(x) == len(before):
                x = [a + b for a, b in zip(x, before)]
        return autograd.sum([(a - b) ** 2 for a, b in zip(x, y)])

    parameters = [p for p in flat(weights, biases) if p is not None]
    norm = {None: None, "l1": nn.l1, "l2": nn.l2}[drawn["penalty"]]
    penalty = None if norm is None else lambda: 0.1 * norm(parameters)
    n = drawn["examples"]
    x, y = array(drawn["seed"], n, widths[0]), array(drawn["seed"] + 1, n, widths[-1])
    if drawn["whole"]:
        check(lambda: sum(f(a, b) for a, b in zip(x.tolist(), y.tolist())), parameters, penalty=penalty)
    else:
        check(f, parameters, x, y, reduction=drawn["reduction"], penalty=penalty)


# --- other architectures ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("steps", [1, 2, 6])
def test_a_recurrent_network(steps: int, plain: bool) -> None:
    """Unrolled: the same weights at every step, with a loss at the end (batch) or at each step (as a whole)."""
    rng = random.Random(0)
    inside, across, bias, out = matrix(rng, 4, 3), matrix(rng, 4, 4), matrix(rng, 4), matrix(rng, 4)

    def step(x: Any, h: Any) -> Any:
        if plain:
            return [
                autograd.tanh(
                    sum(a * b for a, b in zip(inside[i], x)) + sum(a * b for a, b in zip(across[i], h)) + bias[i]
                )
                for i in range(4)
            ]
        return [autograd.tanh(dot(inside[i], x) + dot(across[i], h) + bias[i]) for i in range(4)]

    def last(xs: Any, y: Any) -> Any:
        h = [Value(0.0)] * 4
        for x in xs:
            h = step(x, h)
        return (dot(out, h) - y) ** 2

    sequence = array(2, steps, 3).tolist()

    def every() -> Any:
        h, total = [Value(0.0)] * 4, Value(0.0)
        for t, x in enumerate(sequence):
            h = step(x, h)
            total = total + (dot(out, h) - 0.1 * t) ** 2
        return total

    check(last, flat(inside, across, bias, out), array(0, 5, steps, 3), array(1, 5))
    check(every, flat(inside, across, bias, out))


def test_a_gated_recurrent_unit() -> None:
    rng = random.Random(0)
    gates = [(matrix(rng, 3, 2), matrix(rng, 3, 3), matrix(rng, 3)) for _ in range(3)]
    out = matrix(rng, 3)

    def gate(k: int, function: Function, x: Any, h: Any) -> Any:
        ws, us, bs = gates[k]
        return [function(dot(ws[i], x) + dot(us[i], h) + bs[i]) for i in range(3)]

    def f(xs: Any, y: Any) -> Any:
        h = [Value(0.0)] * 3
        for x in xs:
            update, reset = gate(0, autograd.sigmoid, x, h), gate(1, autograd.sigmoid, x, h)
            new = gate(2, autograd.tanh, x, [r * a for r, a in zip(reset, h)])
            h = [(1.0 - z) * a + z * b for z, a, b in zip(update, h, new)]
        return (dot(out, h) - y) ** 2

    check(f, flat(gates, out), array(0, 4, 5, 2), array(1, 4))


@pytest.mark.parametrize("width", [1, 4])
def test_batch_norm_over_examples(width: int) -> None:
    """Every example's output depends on all others, so the graph of all examples is compiled as a whole."""
    rng = random.Random(0)
    weights, biases = matrix(rng, width, 3), matrix(rng, width)
    scale, shift, out = matrix(rng, width), matrix(rng, width), matrix(rng, width)
    x, y = array(0, 12, 3).tolist(), array(1, 12).tolist()

    def f() -> Any:
        zs = [[dot(weights[j], row, biases[j]) for j in range(width)] for row in x]
        made: list[list[Any]] = [[] for _ in x]
        for j in range(width):
            column = [z[j] for z in zs]
            mean = sum(column) / len(x)
            variance = sum((z - mean) ** 2 for z in column) / len(x)
            for i, z in enumerate(column):
                made[i].append(autograd.relu(scale[j] * (z - mean) / (variance + 1e-5).sqrt() + shift[j]))
        return autograd.sum([(dot(out, a) - t) ** 2 for a, t in zip(made, y)]) / len(x)

    check(f, flat(weights, biases, scale, shift, out))


def test_layer_norm() -> None:
    rng = random.Random(0)
    weights, biases, scale, shift, out = (matrix(rng, 6, 3), *[matrix(rng, 6) for _ in range(4)])

    def f(x: Any, y: Any) -> Any:
        z = [dot(row, x, b) for row, b in zip(weights, biases)]
        mean = autograd.sum(z) / 6
        variance = autograd.sum([(a - mean) ** 2 for a in z]) / 6
        made = [autograd.tanh(g * (a - mean) / (variance + 1e-5).sqrt() + s) for g, a, s in zip(scale, z, shift)]
        return (dot(out, made) - y) ** 2

    check(f, flat(weights, biases, scale, shift, out), array(0, 5, 3), array(1, 5))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("heads", [1, 2])
def test_attention(causal: bool, heads: int) -> None:
    rng = random.Random(0)
    tokens, width = 4, 3
    qkv = [[matrix(rng, width, width) for _ in range(3)] for _ in range(heads)]
    out = matrix(rng, heads * width)

    def f(xs: Any, y: Any) -> Any:
        made: list[list[Any]] = [[] for _ in xs]
        for wq, wk, wv in qkv:
            q, k, v = ([[dot(row, x) for row in ws] for x in xs] for ws in (wq, wk, wv))
            for i in range(len(xs)):
                last = i + 1 if causal else len(xs)
                shares = nn.softmax([dot(q[i], k[j]) * width**-0.5 for j in range(last)])
                made[i] += [dot(shares, [v[j][d] for j in range(last)]) for d in range(width)]
        return autograd.sum([(dot(out, a) - y) ** 2 for a in made])

    parameters = flat(qkv, out)
    check(f, parameters, array(0, 3, tokens, width), array(1, 3))
    one = array(2, tokens, width).tolist()
    check(lambda: f(one, 0.5), parameters)


def test_convolutions() -> None:
    rng = random.Random(0)
    kernel, bias = matrix(rng, 3), matrix(rng)

    def line(x: Any, y: Any) -> Any:
        return (autograd.sum([dot(kernel, x[i : i + 3], bias).relu() for i in range(6)]) - y) ** 2

    check(line, flat(kernel, bias), array(0, 5, 8), array(1, 5))
    kernels = matrix(rng, 2, 3, 3)

    def image(x: Any, y: Any) -> Any:
        maps = [
            autograd.tanh(
                sum(kernels[c][a][b] * x[i + a][j + b] for a in range(3) for b in range(3)),
            )
            for c in range(2) for i in range(0, 4, 2) for j in range(4)
        ]  # fmt: skip
        return (autograd.sum(maps) - y) ** 2

    check(image, flat(kernels), array(0, 3, 6, 6), array(1, 3))


def test_pooling_and_flattening() -> None:
    rng = random.Random(0)
    kernel, out = matrix(rng, 2, 2), matrix(rng, 4)

    def f(x: Any, y: Any) -> Any:
        maps = [[sum(kernel[a][b] * x[i + a][j + b] for a in range(2) for b in range(2)) for j in range(4)]
                for i in range(4)]  # fmt: skip
        pooled = [
            autograd.maximum(
                autograd.maximum(maps[i][j], maps[i][j + 1]), autograd.maximum(maps[i + 1][j], maps[i + 1][j + 1])
            )
            for i in (0, 2)
            for j in (0, 2)
        ]
        return (dot(out, pooled) - y) ** 2

    check(f, flat(kernel, out), array(0, 4, 5, 5), array(1, 4))


def test_embeddings_by_lists() -> None:
    rng = random.Random(0)
    table, tokens = matrix(rng, 5, 3), [0, 3, 1, 3, 4]
    used = [table[i] for i in (0, 1, 3, 4)]
    pairs = list(itertools.pairwise(tokens))
    check(lambda: autograd.sum([autograd.tanh(dot(table[a], table[b])) for a, b in pairs]), flat(used))


def test_a_language_model_with_tied_weights() -> None:
    """The table of embeddings is also the matrix of the output layer."""
    rng = random.Random(0)
    table, inner = matrix(rng, 5, 3), matrix(rng, 3, 3)
    text = [0, 3, 1, 3, 4, 2, 0, 0]

    def f() -> Any:
        losses = []
        for now, then in itertools.pairwise(text):
            h = [autograd.tanh(dot(row, table[now])) for row in inner]
            losses.append(nn.cross_entropy([dot(row, h) for row in table], then))
        return autograd.sum(losses) / len(losses)

    check(f, flat(table, inner))


def test_an_autoencoder_with_tied_weights() -> None:
    rng = random.Random(0)
    weights, inner, outer = matrix(rng, 2, 4), matrix(rng, 2), matrix(rng, 4)

    def f(x: Any) -> Any:
        code = [autograd.sigmoid(dot(row, x, b)) for row, b in zip(weights, inner)]
        back = [dot([row[j] for row in weights], code, outer[j]) for j in range(4)]
        return nn.mse(back, x)

    check(f, flat(weights, inner, outer), array(0, 6, 4))


def test_one_layer_used_three_times() -> None:
    layer_ = nn.Linear(3, 3, seed=1)

    def f(x: Any, y: Any) -> Any:
        for _ in range(3):
            x = [a + z.tanh() for a, z in zip(x, layer_(x))]
        return nn.mse(x, y)

    check(f, layer_.parameters(), array(0, 4, 3), array(1, 4, 3))


def test_a_hypernetwork() -> None:
    """One network computes the weights of another, so both factors of the products depend on the example."""
    model = nn.MLP(2, [4, 6], activation="tanh", seed=1)

    def f(z: Any, x: Any, y: Any) -> Any:
        made = model(z)
        hidden = [autograd.tanh(dot(made[2 * i : 2 * i + 2], x)) for i in range(3)]
        return (autograd.sum(hidden) - y) ** 2

    check(f, model.parameters(), array(0, 5, 2), array(1, 5, 2), array(2, 5))


def test_pairs_of_all_parameters() -> None:
    ps, qs = matrix(random.Random(0), 7), matrix(random.Random(1), 3)
    check(lambda: autograd.sum([autograd.tanh(p - q) for i, p in enumerate(ps) for q in ps[:i]]), ps)
    check(lambda: autograd.sum([autograd.tanh(p - q) for p in ps for q in qs]), ps + qs)
    check(lambda: autograd.sum([autograd.exp(-((p - q) ** 2)) * q for q in qs for p in ps]), ps + qs)
    check(lambda: sum(p * q for p in ps for q in qs), ps + qs)


def test_determinants_and_outer_products() -> None:
    """A 3 x 3 determinant by cofactors; the gradient is the matrix of cofactors, by hand."""
    m = matrix(random.Random(0), 3, 3)

    def minor(i: int, j: int) -> Any:
        (a, b), (c, d) = [[m[r][s] for s in range(3) if s != j] for r in range(3) if r != i]
        return a * d - b * c

    program = autograd.compile(lambda: sum((-1) ** j * m[0][j] * minor(0, j) for j in range(3)))
    loss, _ = program()
    program.write_back()
    numbers = np.array([[x.data for x in row] for row in m])
    assert loss == pytest.approx(np.linalg.det(numbers), rel=1e-12)
    gradient = np.array([[x.grad for x in row] for row in m])
    assert gradient == pytest.approx(np.linalg.det(numbers) * np.linalg.inv(numbers).T, rel=1e-11)


def test_weight_normalisation() -> None:
    direction = matrix(random.Random(0), 4)

    def f(x: Any, y: Any) -> Any:
        length = dot(direction, direction).sqrt()
        return (dot([d / length for d in direction], x) - y) ** 2

    check(f, direction, array(0, 5, 4), array(1, 5))


def test_kernels_and_mixtures() -> None:
    """A mixture of Gaussians' log-likelihood, with means, widths and weights to learn."""
    means, widths, logits = (matrix(random.Random(i), 3) for i in range(3))

    def f(x: Any) -> Any:
        parts = [
            z - autograd.log(autograd.exp(s)) - ((x - m) / autograd.exp(s)) ** 2 / 2.0
            for m, s, z in zip(means, widths, nn.log_softmax(logits))
        ]
        return -autograd.logsumexp(parts)

    check(f, flat(means, widths, logits), array(0, 6))


def test_newton_steps_inside() -> None:
    """sqrt(w x) by eight steps of Heron's method: the slope is that of the square root."""
    w = Value(2.0)

    def f(x: Any) -> Any:
        root = 1.0 + w * x
        for _ in range(8):
            root = (root + w * x / root) / 2.0
        return root

    xs = np.array([0.5, 2.0, 4.5])
    loss, gradient = autograd.compile(f)(xs)
    assert loss == pytest.approx(np.sqrt(2.0 * xs).mean(), rel=1e-14)
    assert gradient.tolist() == pytest.approx([(xs / (2.0 * np.sqrt(2.0 * xs))).mean()], rel=1e-12)


# --- what else a function may do -----------------------------------------------------------------------------------

p, q, r = Value(0.3), Value(0.7), Value(0.1)
tanh = autograd.tanh
FUNCTIONS: dict[str, Function] = {
    "an exponent of the batch": lambda x: (1.0 + p * p) ** x[0] + autograd.pow(2.0, x[1] * q) + abs(x[2]) ** r,
    "bounds to learn": lambda x: autograd.clip(x[0] * p, q - 1.0, q) + r,
    "choices in choices": lambda x: autograd.where(x[0] > 0.0, autograd.where(x[1] > p, q, x[2] * p), p * q * r),
    "a Hessian": lambda x: autograd.sum(
        flat(autograd.hessian(lambda v: tanh(p * v[0] * v[1]) + v[0] ** 3 * q + r * v[1] ** 2)([x[0], x[1]]))
    ),
    "a directional derivative": lambda x: autograd.jvp(lambda v: (p * v * v).sin() * q * r, (x[0],), (x[1],))[1],
    "a zero among factors": lambda x: autograd.prod([x[0] * 0.0, p, q, x[1], r]),
    "log-sum-exp of all kinds of numbers": lambda x: autograd.logsumexp([p, x[0] * q, 1.0, x[1], r * 2.0]),
    "arrays of Values": lambda x: np.dot(np.array([p, q, r]), np.array(x, dtype=object)) ** 2,
    "factors that overflow together": lambda x: (p * 1e200) * x[0] * 1e-200 + (q * 1e-200) * 1e200 + r,
    "every pair but those on the diagonal": lambda x: autograd.sum([
        tanh(a + x[0]) * tanh(b + x[1]) for a in (p, q, r) for b in (p, q, r) if a is not b
    ]),
    "sums of growing length": lambda x: sum(tanh(dot([p, q, r][:k], x[:k])) for k in (1, 2, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("examples", [1, 4])
def test_functions_of_all_kinds(name: str, examples: int) -> None:
    """The engine gets Values as inputs, too: some of these functions differentiate with respect to them."""
    f, batch = FUNCTIONS[name], array(0, examples, 3)
    program = autograd.compile(f, [p, q, r])
    loss, _ = program(batch)
    program.write_back()
    mine = [x.grad for x in (p, q, r)]
    for x in (p, q, r):
        x.grad = 0.0
    mean = autograd.sum([f([Value(x) for x in row]) for row in batch.tolist()]) / examples
    mean.backward()
    assert loss == pytest.approx(mean.data, rel=1e-13, abs=1e-15)
    assert mine == pytest.approx([x.grad for x in (p, q, r)], rel=1e-12, abs=1e-14)


# --- by hand ------------------------------------------------------------------------------------------------------


def test_linear_regression_by_hand() -> None:
    """dL/dw = 2 X'(Xw + b - y) / n, dL/db its sum."""
    w, b = [Value(0.5), Value(-1.0), Value(2.0)], Value(0.25)
    x, y = array(0, 8, 3), array(1, 8)
    program = autograd.compile(lambda x, y: (sum(wi * xi for wi, xi in zip(w, x)) + b - y) ** 2)
    loss, _ = program(x, y)
    program.write_back()
    rest = x @ np.array([0.5, -1.0, 2.0]) + 0.25 - y
    assert loss == pytest.approx((rest**2).mean(), rel=1e-14)
    assert [p.grad for p in w] == pytest.approx((2.0 * x.T @ rest / 8).tolist(), rel=1e-13)
    assert b.grad == pytest.approx(2.0 * rest.mean(), rel=1e-13)


def test_softmax_regression_by_hand() -> None:
    """dL/dW = (P - Y) X' / n."""
    model = nn.Linear(4, 3, seed=1)
    x, t = array(0, 9, 4), np.random.default_rng(1).integers(0, 3, 9)
    program = autograd.compile(lambda x, t: nn.cross_entropy(model(x), t))
    loss, _ = program(x, t)
    program.write_back()
    weight = np.array([[p.data for p in row] for row in model.weight])
    z = x @ weight.T + np.array([p.data for p in model.bias or []])
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    assert loss == pytest.approx(-np.log(p[range(9), t]).mean(), rel=1e-13)
    p[range(9), t] -= 1.0
    assert np.array([[q.grad for q in row] for row in model.weight]) == pytest.approx(p.T @ x / 9, abs=1e-15)
    assert np.array([q.grad for q in model.bias or []]) == pytest.approx(p.sum(axis=0) / 9, abs=1e-15)


def test_a_network_by_central_differences() -> None:
    model = nn.MLP(2, [5, 3, 1], activation="silu", seed=4)
    x, y = array(0, 6, 2), array(1, 6)
    program = autograd.compile(lambda x, y: nn.mse(model(x), y) + 0.05 * nn.l2(model.parameters()))
    _, gradient = program(x, y)
    start = program.parameters.data.copy()
    h = 1e-6
    for i in range(len(start)):
        program.parameters.data = start + h * (np.arange(len(start)) == i)
        above = program(x, y)[0]
        program.parameters.data = start - h * (np.arange(len(start)) == i)
        below = program(x, y)[0]
        assert gradient[i] == pytest.approx((above - below) / (2.0 * h), rel=1e-6, abs=1e-8)


def test_training_goes_as_the_engine_s() -> None:
    """Thirty steps of gradient descent, once with the program and once with Values: the same weights."""
    x, y = array(0, 10, 2), array(1, 10)
    one, other = (nn.MLP(2, [4, 1], activation="tanh", seed=3) for _ in range(2))
    program = autograd.compile(lambda x, y: nn.mse(one(x), y))
    for _ in range(30):
        _, gradient = program(x, y)
        program.parameters.data -= 0.1 * gradient
        loss = nn.mse([other(row) for row in x.tolist()], y.tolist())
        other.zero_grad()
        loss.backward()
        for p in other.parameters():
            p.data -= 0.1 * p.grad
    program.write_back()
    mine, theirs = ([p.data for p in m.parameters()] for m in (one, other))
    assert mine == pytest.approx(theirs, rel=1e-10)


# --- PyTorch ------------------------------------------------------------------------------------------------------


def tensors(torch: Any, parameters: Sequence[Value]) -> list[Any]:
    return [torch.tensor(p.data, dtype=torch.float64, requires_grad=True) for p in parameters]


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "silu", "elu", "selu", "sigmoid", "softplus"])
def test_a_classifier_is_pytorchs(activation: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is what the gradients are compared with")
    functional = torch.nn.functional
    first, second = nn.Linear(4, 6, seed=1), nn.Linear(6, 3, seed=2)
    x, t = array(0, 8, 4), np.random.default_rng(1).integers(0, 3, 8)
    function = autograd.ops.OPS[activation]
    program = autograd.compile(lambda x, t: nn.cross_entropy(second([function(z) for z in first(x)]), t))
    loss, _ = program(x, t)
    program.write_back()

    def tensor(values: Any, part: str) -> Any:
        numbers = [[getattr(p, part) for p in row] if isinstance(row, list) else getattr(row, part) for row in values]
        return torch.tensor(numbers, dtype=torch.float64, requires_grad=part == "data")

    every = [first.weight, first.bias, second.weight, second.bias]
    w1, b1, w2, b2 = theirs = [tensor(values, "data") for values in every]
    hidden = getattr(functional, activation)(torch.tensor(x) @ w1.T + b1)
    expected = functional.cross_entropy(hidden @ w2.T + b2, torch.tensor(t))
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-13)
    for values, their in zip(every, theirs):
        assert tensor(values, "grad").numpy() == pytest.approx(their.grad.numpy(), rel=1e-11, abs=1e-15)


def test_causal_attention_is_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is what the gradients are compared with")
    rng = random.Random(0)
    tokens, width = 5, 4
    qkv = [matrix(rng, width, width) for _ in range(3)]
    x = array(0, 3, tokens, width)

    def f(xs: Any) -> Any:
        q, k, v = ([[dot(row, x) for row in ws] for x in xs] for ws in qkv)
        made = []
        for i in range(tokens):
            shares = nn.softmax([dot(q[i], k[j]) / math.sqrt(width) for j in range(i + 1)])
            made += [dot(shares, [v[j][d] for j in range(i + 1)]) for d in range(width)]
        return dot(made, made)

    program = autograd.compile(f, reduction="sum")
    loss, _ = program(x)
    program.write_back()
    theirs = [
        torch.tensor([[p.data for p in row] for row in ws], dtype=torch.float64, requires_grad=True) for ws in qkv
    ]
    q, k, v = (torch.tensor(x) @ ws.T for ws in theirs)
    made = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    expected = (made**2).sum()
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    for ws, their in zip(qkv, theirs):
        assert np.array([[p.grad for p in row] for row in ws]) == pytest.approx(
            their.grad.numpy(), rel=1e-10, abs=1e-13
        )


def test_a_convolution_is_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is what the gradients are compared with")
    kernels = matrix(random.Random(0), 2, 3, 3)
    x = array(0, 4, 6, 7)

    def f(image: Any) -> Any:
        return autograd.sum([
            autograd.relu(dot(flat(kernel), flat([row[j : j + 3] for row in image[i : i + 3]])))
            for kernel in kernels for i in range(4) for j in range(5)
        ])  # fmt: skip

    program = autograd.compile(f)
    loss, _ = program(x)
    program.write_back()
    theirs = torch.tensor([[[p.data for p in row] for row in k] for k in kernels], dtype=torch.float64)
    theirs.requires_grad_()
    made = torch.nn.functional.conv2d(torch.tensor(x)[:, None], theirs[:, None]).relu().sum() / 4
    made.backward()
    assert loss == pytest.approx(made.item(), rel=1e-12)
    mine = np.array([[[p.grad for p in row] for row in k] for k in kernels])
    assert mine == pytest.approx(theirs.grad.numpy(), rel=1e-11)
