"""The lesson that traces a whole network: W3 of the curriculum, and wrong answers to its exercises."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from .running import exactly, ran, transcript

X1, X2, Y, RATE = 0.05, 0.10, 0.01, 0.5


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


Z = (0.15 * X1 + 0.20 * X2 + 0.35, 0.25 * X1 + 0.30 * X2 + 0.35)
H = (sigma(Z[0]), sigma(Z[1]))
Z_OUT = 0.40 * H[0] + 0.45 * H[1] + 0.60
O = sigma(Z_OUT)  # noqa: E741
DELTA_OUT = (O - Y) * O * (1 - O)
DELTA = (0.40 * DELTA_OUT * H[0] * (1 - H[0]), 0.45 * DELTA_OUT * H[1] * (1 - H[1]))
GRADIENTS = {
    "w11": DELTA[0] * X1, "w12": DELTA[0] * X2, "b1": DELTA[0],
    "w21": DELTA[1] * X1, "w22": DELTA[1] * X2, "b2": DELTA[1],
    "v1": DELTA_OUT * H[0], "v2": DELTA_OUT * H[1], "c": DELTA_OUT,
}  # fmt: skip
SQUARES = sum(g * g for g in GRADIENTS.values())

Rows = Sequence[Sequence[float]]
Row = Sequence[float]


def one_output(v: Rows, delta_out: Row, h: Row) -> list[float]:
    return [v[0][i] * delta_out[0] * h[i] * (1 - h[i]) for i in range(len(h))]


def last_output(v: Rows, delta_out: Row, h: Row) -> list[float]:
    return [v[-1][i] * delta_out[-1] * h[i] * (1 - h[i]) for i in range(len(h))]


def without_slopes(v: Rows, delta_out: Row, h: Row) -> list[float]:
    return [sum(v[k][i] * delta_out[k] for k in range(len(v))) for i in range(len(h))]


def other_way_round(v: Rows, delta_out: Row, h: Row) -> list[float]:
    return [sum(v[i][k] * delta_out[k] for k in range(len(v))) * h[i] * (1 - h[i]) for i in range(len(h))]


def averaged(v: Rows, delta_out: Row, h: Row) -> list[float]:
    return [each / len(v) * h_i * (1 - h_i) for each, h_i in zip(without_slopes(v, delta_out, h), h)]


def two_outputs_only(v: Rows, delta_out: Row, h: Row) -> list[float]:
    return [(v[0][i] * delta_out[0] + v[1][i] * delta_out[1]) * h[i] * (1 - h[i]) for i in range(len(h))]


def a_delta_for_each_output(v: Rows, delta_out: Row, h: Row) -> list[float]:
    return [0.0] * 7


WRONG = {
    "promised": [
        (-RATE * SQUARES, "positive"),
        (0.2748110832 - 0.2580148964, "really fell"),
        (SQUARES, "rate"),
        (RATE * sum(GRADIENTS.values()), "Square each"),
        (RATE * sum(g * g for name, g in GRADIENTS.items() if name[0] in "wv"), "nine parameters"),
        (1.0, "not 1"),
    ],
    "hidden_deltas": [
        (one_output, "first output only"),
        (last_output, "last output's share"),
        (without_slopes, "h (1 - h), is missing"),
        (other_way_round, "wrong way round"),
        (averaged, "not averaged"),
        (two_outputs_only, "with three outputs"),
        (a_delta_for_each_output, "yours has 7"),
        (lambda v, delta_out, h: 0.5, "a list of deltas"),
    ],
}


def test_forward_and_backward() -> None:
    """The lesson's numbers by hand and by the engine agree with the equations written out here, and the known ones."""
    lesson = ran("full_trace")
    forward = {"z1": Z[0], "h1": H[0], "z2": Z[1], "h2": H[1], "zo": Z_OUT, "o": O, "C": (O - Y) ** 2 / 2}
    assert lesson.by_hand == exactly(forward)
    assert {name: node.data for name, node in lesson.made.items()} == exactly(forward)
    assert lesson.gradients == exactly(GRADIENTS)
    assert {name: leaf.grad for name, leaf in lesson.leaves.items()} == exactly(GRADIENTS)
    deltas = {"zo": DELTA_OUT, "z1": DELTA[0], "z2": DELTA[1]}
    assert lesson.deltas == exactly(deltas)
    assert {name: lesson.made[name].grad for name in deltas} == exactly(deltas)

    figures = {
        "z1": 0.3775, "z2": 0.3925, "h1": 0.5932699921, "h2": 0.5968843783,
        "zo": 1.1059059671, "o": 0.7513650696, "C": 0.2748110832,
    }  # fmt: skip
    assert forward == pytest.approx(figures, abs=5.1e-11)
    figures = {
        "v1": 0.0821670406, "v2": 0.0826676278, "c": 0.1384985616, "b1": 0.0133679204, "b2": 0.0149960755,
        "w11": 0.0006683960, "w12": 0.0013367920, "w21": 0.0007498038, "w22": 0.0014996075,
    }  # fmt: skip
    assert pytest.approx(figures, abs=5.1e-11) == GRADIENTS


def test_the_update() -> None:
    lesson = ran("full_trace")
    old = {
        "w11": 0.15, "w12": 0.20, "b1": 0.35, "w21": 0.25, "w22": 0.30, "b2": 0.35, "v1": 0.40, "v2": 0.45, "c": 0.60,
    }  # fmt: skip
    new = {name: old[name] - RATE * GRADIENTS[name] for name in old}
    assert {name: leaf.data for name, leaf in lesson.new_leaves.items()} == exactly(new)
    assert (new["v1"], new["v2"], new["c"]) == pytest.approx((0.3589164797, 0.4086661861, 0.5307507192), abs=5.1e-11)
    o = output(new)
    assert lesson.new_made["o"].data == exactly(o) == pytest.approx(0.7283521371, abs=5.1e-11)
    assert lesson.new_made["C"].data == exactly((o - Y) ** 2 / 2) == pytest.approx(0.2580148964, abs=5.1e-11)


def output(p: dict[str, float]) -> float:
    h1 = sigma(p["w11"] * X1 + p["w12"] * X2 + p["b1"])
    h2 = sigma(p["w21"] * X1 + p["w22"] * X2 + p["b2"])
    return sigma(p["v1"] * h1 + p["v2"] * h2 + p["c"])


def test_no_reading_gives_what_is_printed() -> None:
    lesson = ran("full_trace")
    after = {reading: made["o"].data for reading, (_, made) in lesson.readings.items()}
    assert len(after) == 7
    assert after["every parameter"] == pytest.approx(0.72835, abs=5e-6)
    assert after["weights, but no biases"] == pytest.approx(0.74209, abs=5e-6)
    assert not any(f"{o:.3f}" == "0.718" for o in after.values())
    old = {name: leaf.data for name, leaf in lesson.leaves.items()}

    def moved(p: dict[str, float], g: dict[str, float], rate: float, names: str) -> dict[str, float]:
        return {name: p[name] - rate * g[name] if name[0] in names else p[name] for name in p}

    assert after["the output unit only"] == exactly(output(moved(old, GRADIENTS, RATE, "vc")))
    assert after["C without the half"] == exactly(output(moved(old, GRADIENTS, 2 * RATE, "vcwb")))
    without_slope = {name: g / (O * (1 - O)) for name, g in GRADIENTS.items()}
    assert after["slope of the output left out"] == pytest.approx(
        output(moved(old, without_slope, RATE, "vcwb")), rel=1e-13
    )
    first = moved(old, GRADIENTS, RATE, "vc")
    second = moved(first, gradients(first), RATE, "wb")
    assert after["first the output, then the hidden units"] == exactly(output(second))
    first = moved(old, GRADIENTS, RATE, "vcwb")
    assert after["two steps"] == exactly(output(moved(first, gradients(first), RATE, "vcwb")))

    # A rate of 0.7 comes near; both numbers come out between 0.721 and 0.726.
    o = output(moved(old, GRADIENTS, 0.7, "vcwb"))
    assert (round(o, 4), round((o - Y) ** 2 / 2, 4)) == (0.7188, 0.2512)
    for rate, fits in ((0.720, False), (0.721, True), (0.726, True), (0.727, False)):
        o = output(moved(old, GRADIENTS, rate, "vcwb"))
        assert ((f"{o:.3f}", f"{(o - Y) ** 2 / 2:.3f}") == ("0.718", "0.250")) == fits
    assert "both as printed: from 0.721 to 0.726" in transcript("full_trace")


def gradients(p: dict[str, float]) -> dict[str, float]:
    h = [sigma(p[f"w{i}1"] * X1 + p[f"w{i}2"] * X2 + p[f"b{i}"]) for i in "12"]
    o = output(p)
    delta_out = (o - Y) * o * (1 - o)
    delta = [p[f"v{i + 1}"] * delta_out * h[i] * (1 - h[i]) for i in (0, 1)]
    return {
        "w11": delta[0] * X1, "w12": delta[0] * X2, "b1": delta[0],
        "w21": delta[1] * X1, "w22": delta[1] * X2, "b2": delta[1],
        "v1": delta_out * h[0], "v2": delta_out * h[1], "c": delta_out,
    }  # fmt: skip


def test_mazurs_second_output() -> None:
    """The answer to the second exercise on his network: dE/dw1 is 0.000438568, and the new w1 0.149780716."""
    from demos.classroom.exercises.full_trace import ANSWERS

    second = sigma(0.50 * H[0] + 0.55 * H[1] + 0.60)
    delta_out = [DELTA_OUT, (second - 0.99) * second * (1 - second)]
    deltas = ANSWERS["hidden_deltas"]([[0.40, 0.45], [0.50, 0.55]], delta_out, H)
    assert deltas[0] * X1 == pytest.approx(0.000438568, abs=5e-10)
    assert 0.15 - 0.5 * deltas[0] * X1 == pytest.approx(0.149780716, abs=5e-10)
    assert 0.30 - 0.5 * deltas[1] * X2 == pytest.approx(0.299502287, abs=5e-10)
