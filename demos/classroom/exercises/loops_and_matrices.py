"""The exercises of the lesson on loops and matrices."""

from __future__ import annotations

from collections.abc import Sequence

from ..checking import Wrong, call, close, expect, letter, matrix

Rows = Sequence[Sequence[float]]

_WHY_NOT = {
    "a": "D has as many columns as units, and X.T as many rows as inputs: D @ X.T does not fit.",
    "c": "D.T @ X has a row for each unit. It is the gradient of W in Z = W X + b; here W has a row for each input.",
    "d": "X has as many columns as inputs, and D.T as many rows as units: X @ D.T does not fit.",
}


def product_of_rows(answer: object) -> None:
    """The answer is b, X.T @ D: inputs by examples, times examples by units."""
    chosen = letter(answer, "abcd")
    if chosen in _WHY_NOT:
        raise Wrong(_WHY_NOT[chosen])


def back(answer: object) -> None:
    """The answer is a function: the transposed matrix of weights, times the deltas."""
    what = "back([[1, 2], [3, 4]], [[1], [10]])"
    got = call(answer, what, [[1.0, 2.0], [3.0, 4.0]], [[1.0], [10.0]])
    if _is(got, [[31.0, 42.0]]):
        raise Wrong("Rows and columns of the result are swapped: it has a row for each input, as W has columns.")
    found = matrix(got, what, 2, 1)
    if _is(found, [[21.0], [43.0]]):
        raise Wrong("That is W @ D. Input j is reached by the column j of W: use W[i][j] and add up over i.")
    if _is(found, [[30.0], [40.0]]):
        raise Wrong("Only the last unit counts in your result: add with +=.")
    if _is(found, [[73.0], [73.0]]):
        raise Wrong("All rows of your result are one and the same list. [[0.0] * m] * n repeats it; make n lists.")
    expect(found[0][0], 31.0, "the first number of " + what)
    expect(found[1][0], 42.0, "the second number of " + what)
    what = "back([[1, 2, 3], [4, 5, 6]], [[1, 0], [10, -1]])"
    found = matrix(call(answer, what, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[1.0, 0.0], [10.0, -1.0]]), what, 3, 2)
    for j, row in enumerate([[41.0, -4.0], [52.0, -5.0], [63.0, -6.0]]):
        for k, wanted in enumerate(row):
            expect(found[j][k], wanted, f"row {j}, column {k} of {what}")


def _is(got: object, wanted: Rows) -> bool:
    """Whether these are the wanted rows of numbers."""
    try:
        found = matrix(got, "", len(wanted), len(wanted[0]))
    except Wrong:
        return False
    return all(close(x, y) for row, right in zip(found, wanted) for x, y in zip(row, right))


def _back(W: Rows, D: Rows) -> list[list[float]]:
    slopes = [[0.0] * len(D[0]) for _ in W[0]]
    for row, deltas in zip(W, D):
        for j, w in enumerate(row):
            for k, delta in enumerate(deltas):
                slopes[j][k] += w * delta
    return slopes


ANSWERS = {"product_of_rows": "b", "back": _back}
