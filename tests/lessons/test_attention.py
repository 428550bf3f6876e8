"""The lesson on convolution and attention: its gradients by their formulas, and wrong answers to its exercises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

import nn
from autograd import dot

from .running import exactly, ran

Rows = Sequence[Sequence[float]]


def shares(scores: Sequence[float]) -> list[float]:
    powers = [math.exp(s - max(scores)) for s in scores]
    return [power / sum(powers) for power in powers]


def taken(weights: Sequence[float], values: Rows) -> list[float]:
    return [sum(a * v for a, v in zip(weights, column)) for column in zip(*values)]


def product(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b))


def without_root(query: Any, keys: Any, values: Any) -> list[float]:
    return taken(shares([product(query, key) for key in keys]), values)


def by_d(query: Any, keys: Any, values: Any) -> list[float]:
    return taken(shares([product(query, key) / len(query) for key in keys]), values)


def without_softmax(query: Any, keys: Any, values: Any) -> list[float]:
    return taken([product(query, key) / math.sqrt(len(query)) for key in keys], values)


def of_the_keys(query: Any, keys: Any, values: Any) -> list[float]:
    return taken(shares([product(query, key) / math.sqrt(len(query)) for key in keys]), keys)


def the_shares(query: Any, keys: Any, values: Any) -> list[float]:
    return shares([product(query, key) / math.sqrt(len(query)) for key in keys])


def naive(query: Any, keys: Any, values: Any) -> list[Any]:
    from autograd import exp

    powers = [exp(dot(query, key) / math.sqrt(len(query))) for key in keys]
    total = sum(powers[1:], powers[0])
    return [dot([power / total for power in powers], column) for column in zip(*values)]


def only_two(query: Any, keys: Any, values: Any) -> list[Any]:
    weights = nn.softmax([dot(query, key) / math.sqrt(2) for key in keys])
    return [dot(weights, column) for column in zip(*values)]


def floats(query: Any, keys: Any, values: Any) -> list[float]:
    query = [getattr(q, "data", q) for q in query]
    return taken(shares([product(query, key) / math.sqrt(len(query)) for key in keys]), values)


WRONG = {
    "terms_of_a_weight": [
        (64, "borders"),
        (9, "how many weights"),
        (6, "one dimension"),
        (25, "8 - 3 + 1"),
        (324, "in all"),
        (10, "not it"),
    ],
    "attend": [
        (without_root, "root of d"),
        (by_d, "Divide by its root"),
        (without_softmax, "softmax is missing"),
        (of_the_keys, "mean of the keys"),
        (the_shares, "a number for each key"),
        (naive, "nan"),
        (only_two, "length of the key"),
        (floats, "should be Values"),
    ],
}


def test_the_gradient_of_a_shared_weight_is_a_sum_over_its_places() -> None:
    lesson = ran("attention")
    signal, wanted, w = [0.0, 0.0, 0.5, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, -1.0], [-0.5, 0.2, 0.4]
    y = [sum(w[k] * signal[t + k] for k in range(3)) for t in range(4)]
    assert [v.data for v in lesson.y] == exactly(y)
    right = [sum((y[t] - wanted[t]) * signal[t + k] for t in range(4)) for k in range(3)]
    assert [v.grad for v in lesson.w] == exactly(right)
    assert [math.fsum(terms) for terms in lesson.terms] == exactly(right)
    assert lesson.learnt == pytest.approx([-1, 0, 1], abs=1e-6)


def test_the_image() -> None:
    lesson = ran("attention")
    image, kernel = lesson.image, [[-1.0, 1.0], [-1.0, 1.0]]
    out = [
        [sum(kernel[k][m] * image[i + k][j + m] for k in (0, 1) for m in (0, 1)) for j in range(4)] for i in range(3)
    ]
    assert [[v.data for v in row] for row in lesson.edges] == out
    assert [[v.data for v in row] for row in lesson.conv([image])[0]] == out
    for k in (0, 1):
        for m in (0, 1):
            right = sum(out[i][j] * image[i + k][j + m] for i in range(3) for j in range(4))
            assert lesson.kernel[k][m].grad == lesson.conv.weight[0][0][k][m].grad == right


def test_one_query() -> None:
    lesson = ran("attention")
    q, keys, v = [2.0, 1.0], [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.5]], [10.0, 20.0, 30.0]
    a = shares([product(q, key) / math.sqrt(2) for key in keys])
    o = product(a, v)
    assert [x.data for x in lesson.a] == exactly(a) and lesson.o.data == exactly(o)
    assert [x.grad for x in lesson.v] == exactly(a)
    slopes = [a_j * (v_j - o) for a_j, v_j in zip(a, v)]
    assert [x.grad for x in lesson.s] == pytest.approx(slopes, rel=1e-13)
    # Through the scores to the query and the keys: s_j = q · k_j / sqrt(2).
    for i in (0, 1):
        right = sum(slope * key[i] for slope, key in zip(slopes, keys)) / math.sqrt(2)
        assert lesson.q[i].grad == pytest.approx(right, rel=1e-13)
        for j in range(3):
            assert lesson.keys[j][i].grad == pytest.approx(slopes[j] * q[i] / math.sqrt(2), rel=1e-13)
    assert lesson.total == pytest.approx(0, abs=1e-14)


def test_masks_and_the_layer() -> None:
    lesson = ran("attention")
    assert lesson.leak("before") == 0.0
    assert lesson.leak("after") > 1e-3 and lesson.leak(None) > 1e-3
    for i, row in enumerate(lesson.masked):
        assert math.fsum(row) == pytest.approx(1, rel=1e-14)
        assert all(row[j] == 0.0 for j in range(i + 1, 3))
    assert lesson.largest < 1e-14
    for ours, theirs in zip(lesson.outputs, lesson.theirs):
        assert [v.data for v in ours] == pytest.approx([v.data for v in theirs], rel=1e-14)


def test_pytorch_says_the_same_of_the_head() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    lesson = ran("attention")
    layer = torch.nn.MultiheadAttention(2, 1, bias=False, dtype=torch.float64)
    with torch.no_grad():
        weights = [[v.data for v in row] for row in lesson.Wq + lesson.Wk + lesson.Wv]
        layer.in_proj_weight.copy_(torch.tensor(weights, dtype=torch.float64))
        layer.out_proj.weight.copy_(torch.eye(2, dtype=torch.float64))
    x = torch.tensor(lesson.inputs, dtype=torch.float64)
    made, _ = layer(x, x, x, attn_mask=torch.triu(torch.ones(3, 3, dtype=torch.bool), 1))
    ((made**2).sum() / 2).backward()
    right = layer.in_proj_weight.grad.tolist()
    for row, theirs in zip(lesson.attention.in_proj_weight, right):
        assert [v.grad for v in row] == pytest.approx(theirs, rel=1e-12, abs=1e-15)
