"""The lesson on several examples at once: W6 of the curriculum, and wrong answers to its exercises."""

from __future__ import annotations

import math
from typing import Any

import pytest

from .running import exactly, ran, transcript

Pair = tuple[Any, Any]


def transposed(D: Any, A: Any) -> Pair:
    return A @ D.T, D.sum(axis=1, keepdims=True)


def mean_of_weights(D: Any, A: Any) -> Pair:
    return D @ A.T / D.shape[1], D.sum(axis=1, keepdims=True)


def mean_of_biases(D: Any, A: Any) -> Pair:
    return D @ A.T, D.mean(axis=1, keepdims=True)


def over_units(D: Any, A: Any) -> Pair:
    return D @ A.T, D.sum(axis=0, keepdims=True)


def not_a_column(D: Any, A: Any) -> Pair:
    return D @ A.T, D.sum(axis=1)


def everything(D: Any, A: Any) -> Pair:
    return D @ A.T, D.sum()


def entry_by_entry(D: Any, A: Any) -> Pair:
    return D * A[:2], D.sum(axis=1, keepdims=True)


def first_example(D: Any, A: Any) -> Pair:
    return D[:, :1] @ A[:, :1].T, D.sum(axis=1, keepdims=True)


def deltas_alone(D: Any, A: Any) -> Any:
    return D @ A.T


WRONG = {
    "rate": [(1.5, "smaller"), (0.5, "3 times as large"), (0.25, "half in front"), (0.2, "0.5 times")],
    "gradients": [
        (transposed, "transposed"),
        (mean_of_weights, "dW is a third"),
        (mean_of_biases, "not the mean"),
        (over_units, "axis=1"),
        (not_a_column, "keepdims"),
        (everything, "the sum of D's columns"),
        (entry_by_entry, "matrix product"),
        (first_example, "over the examples"),
        (deltas_alone, "a pair"),
    ],
}

X = [[0.05, 0.10], [0.10, 0.20], [0.15, 0.30]]
Y = [0.01, 0.02, 0.03]


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def by_loops(epochs: int, rate: float = 0.5) -> tuple[list[float], list[float], list[float]]:
    """The four equations with loops over plain floats: losses, the first gradients in the lesson's order, outputs."""
    np = pytest.importorskip("numpy")
    random = np.random.RandomState(42)
    w, v = (random.randn(3, 2) * 0.1).tolist(), (random.randn(1, 3) * 0.1).tolist()[0]
    b, c = [0.0] * 3, 0.0
    losses: list[float] = []
    first: list[float] = []
    outputs: list[float] = []
    for epoch in range(epochs):
        dw, db, dv, dc, loss, outputs = [[0.0, 0.0] for _ in w], [0.0] * 3, [0.0] * 3, 0.0, 0.0, []
        for x, y in zip(X, Y):
            h = [sigma(w[j][0] * x[0] + w[j][1] * x[1] + b[j]) for j in range(3)]
            o = sigma(v[0] * h[0] + v[1] * h[1] + v[2] * h[2] + c)
            outputs.append(o)
            loss += (o - y) ** 2 / 6
            delta_o = (o - y) * o * (1 - o) / 3
            dc += delta_o
            for j in range(3):
                delta = v[j] * delta_o * h[j] * (1 - h[j])
                dv[j] += delta_o * h[j]
                db[j] += delta
                for k in (0, 1):
                    dw[j][k] += delta * x[k]
        losses.append(loss)
        if epoch == 0:
            first = [g for j in range(3) for g in (*dw[j], db[j])] + [*dv, dc]
        w = [[w[j][k] - rate * dw[j][k] for k in (0, 1)] for j in range(3)]
        b = [b[j] - rate * db[j] for j in range(3)]
        v = [v[j] - rate * dv[j] for j in range(3)]
        c -= rate * dc
    return losses, first, outputs


def test_loss_curves_agree_epoch_by_epoch() -> None:
    """1001 epochs: the engine, the four equations with matrices, and the same with loops."""
    lesson = ran("minibatch")
    losses, first, _ = by_loops(1001)
    assert len(lesson.engine_losses) == len(lesson.matrix_losses) == 1001
    assert lesson.engine_losses == pytest.approx(lesson.matrix_losses, rel=0, abs=1e-12)
    assert lesson.engine_losses == pytest.approx(losses, rel=0, abs=1e-12)
    assert lesson.engine_losses == pytest.approx(losses, rel=1e-10)
    assert lesson.batch == exactly(first)
    assert lesson.by_matrices == exactly(first)


def test_a_batch_is_the_mean_of_its_examples() -> None:
    lesson = ran("minibatch")
    for k, gradient in enumerate(lesson.batch):
        assert sum(single[k] for single in lesson.singles) / 3 == exactly(gradient)
        assert lesson.doubled[k] == exactly(gradient)
    assert "Answer: it stays the same." in transcript("minibatch")


def test_what_it_has_learnt() -> None:
    lesson = ran("minibatch")
    _, _, outputs = by_loops(1002)  # the outputs of the forward pass after 1001 steps
    assert lesson.outputs == pytest.approx(outputs, rel=1e-10)
    assert lesson.outputs[0] > lesson.outputs[1] > lesson.outputs[2]  # "the wrong way"
    assert lesson.constant == exactly((0.01**2 + 0.01**2) / 6)
    assert lesson.engine_losses[-1] > lesson.constant
    assert "Answer: about 0.032, three times." in transcript("minibatch")
    later = by_loops(10_001)[2]
    assert later == pytest.approx([0.02] * 3, abs=3e-4)  # "it is on its way there"
