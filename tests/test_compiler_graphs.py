"""Compiled programs of many similar scalars, joined in random ways, against the engine.

A program here is made of vectors: each element of a new one is the same operation on elements of earlier ones, which
are picked in rows, backwards, in steps, repeated, all against all, or at random. So all forms of indexing occur,
forward and backward, also for picks without a pattern.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

UNARY: list[Callable[[Any], Any]] = [
    autograd.tanh,
    autograd.sin,
    autograd.sigmoid,
    autograd.relu,
    autograd.square,
    autograd.abs,
    lambda a: -a,
    lambda a: 0.5 * a,
    lambda a: a + 0.25,
    lambda a: 1.0 - a,
    lambda a: a / 3.0,
    lambda a: a**2,
    lambda a: a.detach() * a if isinstance(a, Value) else a * a,
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (1.5 + autograd.square(b)),
    autograd.maximum,
    lambda a, b: autograd.where(a > b, a, 0.5 * b),
    lambda a, b: a * b + a,
    lambda a, b: autograd.leaky_relu(a, b),
]
SEQUENCES: list[Callable[[list[Any], list[Any]], Any]] = [
    lambda xs, ys: autograd.sum(xs),
    lambda xs, ys: sum(xs),
    lambda xs, ys: autograd.logsumexp(xs),
    lambda xs, ys: autograd.dot(xs, ys),
    lambda xs, ys: autograd.dot(xs, ys, ys[0]),
    lambda xs, ys: sum(x * y for x, y in zip(xs, ys)),
    lambda xs, ys: sum(x * y for x, y in zip(xs, ys)) + xs[0] + 0.25,
    lambda xs, ys: autograd.dot(xs, xs),
    lambda xs, ys: autograd.sum([x - y for x, y in zip(xs, ys)]) / len(xs),
    lambda xs, ys: autograd.prod(xs[:3]),
]


def picks(rng: random.Random, size: int, count: int) -> list[int]:
    """`count` positions in a vector of `size`, in one of many patterns."""
    kind = rng.randrange(7)
    if kind == 0:
        start = rng.randrange(size)
        return [(start + i) % size for i in range(count)]
    if kind == 1:
        return [(size - 1 - i) % size for i in range(count)]
    if kind == 2:
        step = rng.choice([2, 3])
        return [(step * i) % size for i in range(count)]
    if kind == 3:
        return [rng.randrange(size)] * count
    if kind == 4:
        each = rng.choice([2, 3])
        return [(i // each) % size for i in range(count)]
    if kind == 5:
        return [rng.randrange(size) for _ in range(count)]
    order = [i % size for i in range(count)]
    rng.shuffle(order)
    return order


def function(seed: int, parameters: list[Value]) -> Callable[[list[Any]], Any]:
    """A random function of a list of numbers and of the parameters; the same for every call."""

    def f(xs: list[Any]) -> Any:
        rng = random.Random(seed)
        # The parameters' own squares are among the vectors, so that the result depends on all of them.
        vectors: list[list[Any]] = [list(parameters), list(xs), [rng.uniform(-1.0, 1.0) for _ in range(4)]]
        vectors.append([p * p for p in parameters])
        for _ in range(rng.randint(2, 7)):
            first = rng.choice(vectors[-2:] if rng.random() < 0.6 else vectors[:2] + vectors[3:])
            second = rng.choice(vectors)
            count = rng.choice([1, 2, 3, 4, 6, 9, 12])
            kind = rng.random()
            if kind < 0.25:
                apply = rng.choice(UNARY)
                made = [apply(first[i] + 0.0 * parameters[0]) for i in picks(rng, len(first), count)]
            elif kind < 0.55:
                join = rng.choice(BINARY)
                pairs = list(zip(picks(rng, len(first), count), picks(rng, len(second), count)))
                if rng.random() < 0.3:  # all against all
                    pairs = [(i, k) for i in range(min(len(first), 4)) for k in range(min(len(second), 4))]
                made = [join(first[i] * parameters[-1], second[k]) for i, k in pairs]
            else:
                gather, length = rng.choice(SEQUENCES), rng.choice([1, 2, 3, 4, 5])
                same = picks(rng, len(second), length)
                made = []
                growing = rng.random() < 0.2  # sums of growing length, as over all steps so far
                for k in range(1, min(count, 6) + 1):
                    left = [first[i] for i in picks(rng, len(first), length)]
                    right = [second[i] for i in (same if rng.random() < 0.7 else picks(rng, len(second), length))]
                    if growing:
                        left, right = [x[: min(k, len(first), len(second))] for x in (first, second)]
                    made.append(gather([a * parameters[0] if not isinstance(a, Value) else a for a in left], right))
            vectors.append([autograd.sin(x) for x in made] if rng.random() < 0.7 else made)
        return autograd.sum([autograd.tanh(x) for vector in vectors[3:] for x in vector])

    return f


def compare(seed: int, examples: int) -> None:
    """The compiled function against the engine's mean; with 0 examples its inputs are constants."""
    rng = random.Random(seed + 1)
    parameters = [Value(rng.uniform(-1.0, 1.0)) for _ in range(rng.choice([1, 2, 5, 6, 8]))]
    pool = rng.choice([1, 2, 4, 6])
    f = function(seed, parameters)
    rows = [[rng.uniform(-1.0, 1.0) for _ in range(pool)] for _ in range(max(examples, 1))]
    if examples:
        program = autograd.compile(f, parameters)
        loss, _ = program(np.array(rows))
    else:
        program = autograd.compile(lambda: f(rows[0]), parameters)
        loss, _ = program()
    program.write_back()
    mine = [p.grad for p in parameters]
    for p in parameters:
        p.grad = 0.0
    mean = autograd.sum([f([Value(x) for x in row] if examples else row) for row in rows]) / len(rows)
    mean.backward()
    size = max(1.0, *[abs(p.grad) for p in parameters])
    assert abs(loss - mean.data) <= 1e-12 * max(1.0, abs(mean.data))
    worst = max(abs(a - p.grad) for a, p in zip(mine, parameters))
    assert worst <= 1e-12 * size, (mine, [p.grad for p in parameters])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**40), st.sampled_from([1, 4]))
@example(0, 1)
@example(5445, 1)  # parameters in a column, and elsewhere in reverse order
def test_a_batch(seed: int, examples: int) -> None:
    compare(seed, examples)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**40))
def test_in_one_piece(seed: int) -> None:
    compare(seed, 0)


# --- what the drawing once found ----------------------------------------------------------------------------------

a, b, c = Value(0.3), Value(0.7), Value(0.1)
sin, cos, tanh, dot = autograd.sin, autograd.cos, autograd.tanh, autograd.dot

FOUND: dict[str, Callable[[Any], Any]] = {
    "a sum and its reverse": lambda x: sin(a + b) * cos(b + a),
    "three terms in two orders": lambda x: sin(a + b + c) * cos(c + b + a),
    "products in two orders": lambda x: sin(a * x[0] + b) * cos(b + x[0] * a),
    "a product and its reverse": lambda x: sin(a * x[0]) * sin(x[0] * a),
    "dot products with pairs exchanged": lambda x: sin(dot([a, b], x)) * cos(dot([b, a], x[::-1])),
    "dot products with sides exchanged": lambda x: sin(dot([a, b], x)) * cos(dot(x, [a, b])),
    "a vector with itself, and reversed": lambda x: dot([a, b], [a, b]) * dot([a, b], [b, a]) + dot([b, a], [b, a]),
    "repeated terms": lambda x: sin(autograd.sum([a, a, a, b])) + sin(autograd.sum([b, b, b, a])),
    "a term repeated in one sum": lambda x: tanh(a + a + x[0]) * tanh(x[0] + x[0] + a),
    "log-sum-exp in two orders": lambda x: sin(autograd.logsumexp([a, b])) * cos(autograd.logsumexp([b, a])),
    "log-sum-exp of the same twice": lambda x: autograd.logsumexp([a, b, a]) * autograd.logsumexp([b, a, b]),
    "a product of the same twice": lambda x: autograd.prod([a, a, b]) * autograd.prod([b, x[0], b]),
    "maxima in two orders": lambda x: autograd.maximum(a, x[0]) * autograd.maximum(x[0], a),
    "a parameter in many places": lambda x: dot([a, a, a], [x[0], x[1], a]) + a * a + sin(a) * a,
    "sequences that repeat a result": lambda x: autograd.prod([sin(a)] * 3) + autograd.logsumexp([cos(b * x[0])] * 2),
    "one dot product with two biases": lambda x: sin(dot([a, b], x) + c) * cos(dot([a, b], x) + 1.0),
    "one product and two other terms": lambda x: sin(a * x[0] + sin(c)) * cos(a * x[0] + cos(b)),
    "one number of each example several times": lambda x: autograd.sum([sin(x[0] * a)] * 3) * b + c,
    "differences of some from all": lambda x: autograd.sum(
        [sin(autograd.sum([u - v for v in (sin(a), sin(b), sin(c))]) / 3.0) for u in (sin(a), sin(b))]
    ) + x[0] * a,
    "one pair alone among several": lambda x: sin(dot([a, b], x)) + sin(dot([a, c], x)) + cos(dot([b, c], [c, x[1]])),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("batch", [True, False])
def test_what_was_once_wrong(name: str, batch: bool) -> None:
    f, parameters = FOUND[name], [a, b, c]
    rows = [[0.5, -1.25], [1.5, 0.75], [-0.25, 2.0]] if batch else [[0.5, -1.25]]
    program = autograd.compile(f if batch else lambda: f(rows[0]), parameters)
    loss, _ = program(np.array(rows)) if batch else program()
    program.write_back()
    mine = [p.grad for p in parameters]
    for p in parameters:
        p.grad = 0.0
    mean = autograd.sum([f(row) for row in rows]) / len(rows)
    mean.backward()
    assert loss == pytest.approx(mean.data, rel=1e-14)
    assert mine == pytest.approx([p.grad for p in parameters], rel=1e-13, abs=1e-15)


def test_one_element_that_gets_more_than_the_others() -> None:
    """log(sum(exp(z))) - z[t] of several examples as a whole: z[t] gets a gradient from both terms."""
    weights = [[Value(0.1 * i - 0.2 * j) for j in range(3)] for i in range(4)]
    biases = [Value(0.05 * i) for i in range(4)]
    rows, classes = [[0.5, -1.0, 2.0], [1.0, 0.25, -0.5], [0.0, 1.0, 0.75]], [2, 0, 3]

    def f() -> Any:
        total: Any = 0.0
        for row, t in zip(rows, classes):
            zs = [sum(w * x for w, x in zip(ws, row)) + bias for ws, bias in zip(weights, biases)]
            total = total + autograd.log(sum(autograd.exp(z) for z in zs)) - zs[t]
        return total / len(rows)

    program = autograd.compile(f)
    loss, _ = program()
    program.write_back()
    w = np.array([[0.1 * i - 0.2 * j for j in range(3)] for i in range(4)])
    logits = w @ np.array(rows).T + 0.05 * np.arange(4)[:, None]
    p = np.exp(logits) / np.exp(logits).sum(axis=0)
    assert loss == pytest.approx(-np.log(p[classes, range(3)]).mean(), rel=1e-14)
    p[classes, range(3)] -= 1.0
    assert np.array([[x.grad for x in row] for row in weights]) == pytest.approx(p @ np.array(rows) / 3, abs=1e-15)
    assert [x.grad for x in biases] == pytest.approx((p.sum(axis=1) / 3).tolist(), abs=1e-15)
