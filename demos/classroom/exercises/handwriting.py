"""The exercises of the lesson on handwriting."""

from __future__ import annotations

from collections.abc import Sequence

from ..checking import Wrong, call, close, expect, number


def parameters(answer: object) -> None:
    """The answer is 64 · 20 + 20 + 20 · 10 + 10 = 1510: the weights and biases of both layers."""
    n = number(answer)
    if close(n, 1510):
        return
    if close(n, 64 * 20 + 20 * 10):
        raise Wrong("Those are the weights. Each unit has a bias, too: 20 in the hidden layer, and 10 in the output.")
    if close(n, 64 * 20 + 20):
        raise Wrong("That is the hidden layer alone. The 10 outputs have weights and biases as well.")
    if close(n, 64 * 20 + 20 * 10 + 20):
        raise Wrong("The biases of the 10 outputs are missing.")
    if close(n, 64 + 20 + 10):
        raise Wrong("Those are the numbers that flow through. A weight belongs to each pair of an input and a unit.")
    raise Wrong(f"{n:g} is not it. A layer has inputs · units weights and as many biases as units.")


def confusion(answer: object) -> None:
    """The answer is a function: the confusion matrix, with a row for each digit and a column for each guess."""
    digits, guesses = [3, 3, 3, 8, 0], [3, 8, 8, 8, 0]
    what = "confusion([3, 3, 3, 8, 0], [3, 8, 8, 8, 0])"
    got = _counts(call(answer, what, list(digits), list(guesses)), what)
    if got == _confusion(guesses, digits):
        raise Wrong("Rows and columns are swapped: the row is what it is, the column what it was read as.")
    if sum(map(sum, got)) == 0:
        raise Wrong("All counts are 0.")
    if got == [[float(n > 0) for n in row] for row in _confusion(digits, guesses)]:
        raise Wrong("A pair that occurs twice counts twice: add 1 to the entry, do not set it to 1.")
    if all(row == got[0] for row in got):
        raise Wrong("All rows are one and the same list. [[0] * 10] * 10 holds it ten times; make ten lists.")
    for row, wanted in enumerate(_confusion(digits, guesses)):
        for column, n in enumerate(wanted):
            expect(got[row][column], n, f"{what}[{row}][{column}]")


def _counts(got: object, what: str) -> list[list[float]]:
    """What the reader's function returned, as ten lists of ten numbers."""
    try:
        made = [[number(n) for n in row] for row in got]  # type: ignore[attr-defined]
    except TypeError:
        raise Wrong(f"{what} should return a list of lists of numbers, not {type(got).__name__}.") from None
    if len(made) != 10 or any(len(row) != 10 for row in made):
        raise Wrong(f"{what} should return ten lists of ten numbers, one for each pair of digits.")
    return made


def _confusion(digits: Sequence[int], guesses: Sequence[int]) -> list[list[float]]:
    counts = [[0.0] * 10 for _ in range(10)]
    for digit, guess in zip(digits, guesses):
        counts[digit][guess] += 1
    return counts


ANSWERS = {"parameters": 64 * 20 + 20 + 20 * 10 + 10, "confusion": _confusion}
