"""The lesson on loops and matrices: its gradients against a formula written by hand, and wrong answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from .running import ran, transcript

Rows = Sequence[Sequence[float]]
Matrix = list[list[float]]


def straight(W: Rows, D: Rows) -> Matrix:
    """A wrong answer: W @ D, for sizes that fit."""
    return [[sum(W[i][j] * D[j][k] for j in range(len(D))) for k in range(len(D[0]))] for i in range(len(W))]


def swapped(W: Rows, D: Rows) -> Matrix:
    return [[sum(W[i][j] * D[i][k] for i in range(len(W))) for j in range(len(W[0]))] for k in range(len(D[0]))]


def last_only(W: Rows, D: Rows) -> Matrix:
    return [[W[-1][j] * D[-1][k] for k in range(len(D[0]))] for j in range(len(W[0]))]


def repeated(W: Rows, D: Rows) -> Matrix:
    slopes = [[0.0] * len(D[0])] * len(W[0])
    for i in range(len(W)):
        for j in range(len(W[0])):
            for k in range(len(D[0])):
                slopes[j][k] += W[i][j] * D[i][k]
    return slopes


def summed(W: Rows, D: Rows) -> list[float]:
    return [sum(W[i][j] * sum(D[i]) for i in range(len(W))) for j in range(len(W[0]))]


WRONG = {
    "product_of_rows": [
        ("a", "does not fit"),
        ("c", "Z = W X + b"),
        ("D", "does not fit"),
        ("e", "letters"),
        (2, "letters"),
    ],
    "back": [
        (straight, "W @ D"),
        (swapped, "swapped"),
        (last_only, "+="),
        (repeated, "same list"),
        (summed, "list of rows"),
    ],
}


def test_the_gradient_is_that_of_the_formula() -> None:
    """1/m times the sum of (a - t) a (1 - a) x, for one weight after the other."""
    lesson = ran("loops_and_matrices")
    m = len(lesson.xs)
    deltas = []
    for x, t in zip(lesson.xs, lesson.ts):
        z = [b + math.fsum(w * v for w, v in zip(row, x)) for row, b in zip(lesson.W, lesson.b)]
        a = [1 / (1 + math.exp(-z_i)) for z_i in z]
        deltas.append([(a_i - t_i) * a_i * (1 - a_i) for a_i, t_i in zip(a, t)])
    for i in range(lesson.UNITS):
        for j in range(lesson.INPUTS):
            wanted = math.fsum(delta[i] * x[j] for delta, x in zip(deltas, lesson.xs)) / m
            for dW in (lesson.looped, lesson.scalar, lesson.product, lesson.compiled):
                assert dW[i][j] == pytest.approx(wanted, rel=1e-12, abs=1e-16)


def test_the_compiler_finds_what_the_lesson_says() -> None:
    lesson = ran("loops_and_matrices")
    lines = [line.partition("#")[0].strip() for line in lesson.program.source.splitlines()]
    assert {"Z1 = W @ X + b", "A1 = sigmoid(Z1)", "dW = dZ1 @ X.T"} <= set(lines)
    assert lesson.product.size == 10 * 20
    explained = lesson.program.explain("Z1").entries
    assert len(explained) == 10 and explained[7].formula.startswith("w7_0*x0 + w7_1*x1")


def test_the_formula_that_does_not_fit() -> None:
    """A row times a column is one number: 1 · 0.5 - 2 · 1 + 3 · 2 = 4.5, which is taken from every weight."""
    lesson = ran("loops_and_matrices")
    assert "x.T (1, 20) and delta (10, 1) do not fit" in transcript("loops_and_matrices")
    assert lesson.wrong.tolist() == [[pytest.approx(-0.45)] * 3] * 3
    assert lesson.right.tolist() == [[pytest.approx(-0.1 * d * x) for x in (1, 2, 3)] for d in (0.5, -1, 2)]
