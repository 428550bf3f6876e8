"""The lesson on initialisation: its sizes by the formulas, written out here, and wrong answers to its exercises."""

from __future__ import annotations

import math
import random

import pytest

from .running import ran

Matrix = list[list[float]]


def _drawn(rows: int, columns: int, deviation: float, source: random.Random) -> Matrix:
    return [[source.gauss(0, deviation) for _ in range(columns)] for _ in range(rows)]


def on_its_side(nin: int, nout: int, source: random.Random) -> Matrix:
    return _drawn(nin, nout, math.sqrt(2 / (nin + nout)), source)


def by_variance(nin: int, nout: int, source: random.Random) -> Matrix:
    return _drawn(nout, nin, 2 / (nin + nout), source)


def inputs_only(nin: int, nout: int, source: random.Random) -> Matrix:
    return _drawn(nout, nin, math.sqrt(1 / nin), source)


def kaiming(nin: int, nout: int, source: random.Random) -> Matrix:
    return _drawn(nout, nin, math.sqrt(2 / nin), source)


def one_row(nin: int, nout: int, source: random.Random) -> Matrix:
    return _drawn(1, nin, math.sqrt(2 / (nin + nout)), source) * nout


def others_numbers(nin: int, nout: int, source: random.Random) -> Matrix:
    return _drawn(nout, nin, math.sqrt(2 / (nin + nout)), random.Random())


def own_seed(nin: int, nout: int, source: random.Random) -> Matrix:
    return _drawn(nout, nin, math.sqrt(2 / (nin + nout)), random.Random(0))


WRONG = {
    "deviation": [
        (0.04, "variance"),
        (math.sqrt(1 / 50), "factor 2"),
        (math.sqrt(0.1), "counts the inputs"),
        (math.sqrt(2 / 70), "Xavier"),
        (50, "not it"),
    ],
    "xavier": [
        (on_its_side, "lies on its side"),
        (by_variance, "the standard deviation"),
        (inputs_only, "inputs only"),
        (kaiming, "Kaiming"),
        (one_row, "copies"),
        (others_numbers, "the same seed"),
        (own_seed, "different seeds"),
    ],
}


def test_what_starts_alike_stays_alike() -> None:
    lesson = ran("initialisation")
    units = [[p.data for p in neuron.parameters()] for neuron in lesson.alike.layers[0].neurons]
    assert units[0] == units[1] == units[2]
    assert lesson.losses["all 0.5"] > 0.1 > 1e-3 > lesson.losses["drawn"]


def test_zeros_move_a_bias_only() -> None:
    """The mean of 2 (0 - y) over the targets 0, 1, 1, 0 is -1."""
    lesson = ran("initialisation")
    (bias,) = lesson.moving
    assert bias is lesson.zeros.layers[-1].neurons[0].b
    assert bias.grad == -1.0


def test_the_size_of_a_sum() -> None:
    """500 units of 64 products: the relative error of a size is about 1/sqrt(2 · 500)."""
    assert ran("initialisation").of_500 == pytest.approx(math.sqrt(64), rel=4 / math.sqrt(1000))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("name", ["standard normal", "normal, 0.01", "Xavier", "Kaiming"])
def test_sizes_by_hand(activation: str, name: str) -> None:
    """Forward and backward through the same weights, drawn here by the formulas, in NumPy."""
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    lesson = ran("initialisation")
    n, depth = lesson.WIDTH, lesson.DEPTH
    deviation = {
        "standard normal": 1.0,
        "normal, 0.01": 0.01,
        "Xavier": math.sqrt(2 / (n + n)),
        "Kaiming": math.sqrt(2 / n),
    }[name]
    source = random.Random(1)
    matrices = [np.array(_drawn(n, n, deviation, source)) for _ in range(depth)]
    a = np.array(lesson.examples).T
    zs, forward = [], []
    for W in matrices:
        zs.append(W @ a)
        a = np.tanh(zs[-1]) if activation == "tanh" else np.maximum(zs[-1], 0)
        forward.append(np.sqrt((a**2).mean()))
    blame = np.array(lesson.signs)[:, None] * np.ones_like(a)
    backward: list[float] = []
    for W, z in zip(reversed(matrices), reversed(zs)):
        backward.insert(0, np.sqrt((blame**2).mean()))
        blame = W.T @ (blame * (1 - np.tanh(z) ** 2 if activation == "tanh" else z > 0))
    measured = lesson.measured[activation, name]
    # 1 - tanh² loses digits where tanh is near 1.
    assert measured[0] == pytest.approx(forward, rel=1e-9)
    assert measured[1] == pytest.approx(backward, rel=1e-6)


def test_the_rules_keep_the_sizes() -> None:
    lesson = ran("initialisation")
    forward, backward = lesson.measured["relu", "Kaiming"]
    assert 0.3 < forward[-1] / forward[0] < 3 and 0.3 < backward[0] < 3
    forward, backward = lesson.measured["relu", "standard normal"]
    assert (forward[-1] / forward[0]) ** (1 / 9) == pytest.approx(4, rel=0.15)
    assert lesson.measured["tanh", "standard normal"][1][0] > 10


def test_the_race() -> None:
    curves = ran("initialisation").curves
    assert math.isnan(curves["standard normal"][-1]) and len(curves["standard normal"]) < 20
    assert curves["normal, 0.01"][-1] == pytest.approx(math.log(2), abs=1e-3)
    assert curves["Kaiming"][-1] < 0.01 and curves["Kaiming"][200] < curves["Xavier"][200] - 0.2
