"""The exercises of the lesson on initialisation."""

from __future__ import annotations

import math
import random

from ..checking import Wrong, call, close, matrix, number


def deviation(answer: object) -> None:
    """The answer is 0.2, the root of 2/50."""
    got = number(answer)
    for wrong, words in (
        (2 / 50, "That is the variance, 2/50. The standard deviation is its root."),
        (math.sqrt(1 / 50), "The factor 2 for the ReLU is missing: the variance is 2/50."),
        (math.sqrt(2 / 20), "The layer has 50 inputs and 20 units. The rule counts the inputs."),
        (math.sqrt(2 / 70), "That is Xavier's rule, 2/(50 + 20). Kaiming's is 2/50."),
    ):
        if close(got, wrong, rel=1e-3):
            raise Wrong(words)
    if not close(got, 0.2, rel=1e-6):
        raise Wrong(f"{got:g} is not it: take the root of the variance, which is 2 divided by the number of inputs.")


def xavier(answer: object) -> None:
    """The answer is a function that draws a matrix of normal random numbers, with the variance 2/(nin + nout)."""
    nin, nout = 200, 50
    what = f"xavier({nin}, {nout}, random.Random(1))"
    got = call(answer, what, nin, nout, random.Random(1))
    _refuse_columns(got, nin, nout)
    W = matrix(got, what, nout, nin)
    weights = [w for row in W for w in row]
    mean = sum(weights) / len(weights)
    spread = math.sqrt(sum((w - mean) ** 2 for w in weights) / len(weights))
    if spread == 0:
        raise Wrong("All weights are equal. Draw each of them anew.")
    if len({tuple(row) for row in W}) == 1 or len(set(weights)) <= nin:
        raise Wrong("Some weights are copies of others. Draw each of them anew: [row] * nout repeats one list.")
    right = math.sqrt(2 / (nin + nout))
    for wrong, words in (
        (2 / (nin + nout), "You drew with the variance, and gauss() takes the standard deviation: its root."),
        (math.sqrt(1 / nin), "That counts the inputs only. Xavier's rule has nin + nout."),
        (math.sqrt(1 / nout), "That counts the units only. Xavier's rule has nin + nout."),
        (math.sqrt(2 / nin), "That is Kaiming's rule, for ReLU. Xavier's has nin + nout."),
        (math.sqrt(1 / (nin + nout)), "The 2 is missing: the variance is 2/(nin + nout)."),
        (math.sqrt(6 / (nin + nout)), "That is the bound for a uniform distribution. gauss() takes √(2/(nin + nout))."),
        (1.0, "These are weights with the standard deviation 1."),
    ):
        if close(spread, wrong, rel=0.03):
            raise Wrong(words)
    if not close(spread, right, rel=0.03):
        raise Wrong(f"The standard deviation of your weights is {spread:.4g}. It should be {right:.4g}.")
    if abs(mean) > 0.05 * right:
        raise Wrong(f"The mean of your weights is {mean:.4g}. It should be near 0.")
    if matrix(call(answer, what, nin, nout, random.Random(1)), what, nout, nin) != W:
        raise Wrong("Two calls with the same seed gave different weights. Draw from source, not from random.")
    if matrix(call(answer, what, nin, nout, random.Random(2)), what, nout, nin) == W:
        raise Wrong("Two calls with different seeds gave the same weights. Draw from source.")


def _refuse_columns(got: object, nin: int, nout: int) -> None:
    """Refuse a matrix that is transposed."""
    try:
        turned = [len(row) for row in got] == [nout] * nin  # type: ignore[attr-defined]
    except TypeError:
        return
    if turned:
        raise Wrong(f"The matrix lies on its side: it should have {nout} rows, one for each unit, of {nin} weights.")


def _xavier(nin: int, nout: int, source: random.Random) -> list[list[float]]:
    deviation = math.sqrt(2 / (nin + nout))
    return [[source.gauss(0, deviation) for _ in range(nin)] for _ in range(nout)]


ANSWERS = {"deviation": 0.2, "xavier": _xavier}
