"""The lesson on backpropagation through time: W9 of the curriculum, and wrong answers to its exercises."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from .running import exactly, ran

Three = tuple[float, float, float]


def loop(w: float, u: float, b: float, xs: Sequence[float], y: float, factor: float = 1.0) -> Three:
    hs = [0.0]
    for x in xs:
        hs.append(math.tanh(w * x + u * hs[-1] + b))
    dw = du = db = 0.0
    dh = factor * (hs[-1] - y)
    for t in reversed(range(len(xs))):
        dz = (1 - hs[t + 1] ** 2) * dh
        dw, du, db = dw + dz * xs[t], du + dz * hs[t], db + dz
        dh = u * dz
    return dw, du, db


def other_sign(w: float, u: float, b: float, xs: Sequence[float], y: float) -> Three:
    return loop(w, u, b, xs, y, factor=-1.0)


def of_the_whole_square(w: float, u: float, b: float, xs: Sequence[float], y: float) -> Three:
    return loop(w, u, b, xs, y, factor=2.0)


def last_step_only(w: float, u: float, b: float, xs: Sequence[float], y: float) -> Three:
    h = before = 0.0
    for x in xs:
        before, h = h, math.tanh(w * x + u * h + b)
    dz = (1 - h * h) * (h - y)
    return dz * xs[-1], dz * before, dz


def overwritten(w: float, u: float, b: float, xs: Sequence[float], y: float) -> Three:
    hs = [0.0]
    for x in xs:
        hs.append(math.tanh(w * x + u * hs[-1] + b))
    dh, made = hs[-1] - y, (0.0, 0.0, 0.0)
    for t in reversed(range(len(xs))):
        dz = (1 - hs[t + 1] ** 2) * dh
        made = dz * xs[t], dz * hs[t], dz
        dh = u * dz
    return made


def without_slope(w: float, u: float, b: float, xs: Sequence[float], y: float) -> Three:
    hs = [0.0]
    for x in xs:
        hs.append(math.tanh(w * x + u * hs[-1] + b))
    dw = du = db = 0.0
    dz = hs[-1] - y
    for t in reversed(range(len(xs))):
        dw, du, db = dw + dz * xs[t], du + dz * hs[t], db + dz
        dz = u * dz
    return dw, du, db


def own_state(w: float, u: float, b: float, xs: Sequence[float], y: float) -> Three:
    hs = [0.0]
    for x in xs:
        hs.append(math.tanh(w * x + u * hs[-1] + b))
    dw = du = db = 0.0
    dh = hs[-1] - y
    for t in reversed(range(len(xs))):
        dz = (1 - hs[t + 1] ** 2) * dh
        dw, du, db = dw + dz * xs[t], du + dz * hs[t + 1], db + dz
        dh = u * dz
    return dw, du, db


def one_number(w: float, u: float, b: float, xs: Sequence[float], y: float) -> float:
    return loop(w, u, b, xs, y)[0]


WRONG = {
    "steps_back": [
        (9, "1/512"),
        (500, "multiplied"),
        (9.97, "whole"),
        (1000, "sooner"),
        (3, "not it"),
        (-10, "not it"),
    ],
    "bptt": [
        (other_sign, "signs"),
        (of_the_whole_square, "twice"),
        (last_step_only, "Only the last step"),
        (overwritten, "+="),
        (without_slope, "slope of tanh"),
        (own_state, "the state before"),
        (one_number, "three numbers"),
    ],
}


def test_one_unit() -> None:
    lesson = ran("through_time")
    right = loop(0.8, 0.5, 0.1, [1.0, 0.5, -0.5], 1.0)
    assert (lesson.w.grad, lesson.u.grad, lesson.b.grad) == exactly(right)
    assert lesson.terms[0] == 0.0
    assert math.fsum(lesson.terms) == exactly(right[1])


def product(row: Sequence[float], column: Sequence[float]) -> float:
    return sum(p * q for p, q in zip(row, column))


def forward(wx: list[list[float]], wh: list[list[float]], b: list[float], xs: list[list[float]]) -> list[list[float]]:
    hs = [[0.0] * len(b)]
    for x in xs:
        hs.append([math.tanh(product(wx[i], x) + product(wh[i], hs[-1]) + b[i]) for i in range(len(b))])
    return hs


def test_three_units_and_the_loop_of_the_texts() -> None:
    """dh = dh_next + dout, dz = (1 - h²) dh, dWx += dz x', dWh += dz h_before', db += dz, dh_next = Wh' dz."""
    lesson = ran("through_time")
    wx, wh, b, xs, targets = lesson.Wx, lesson.Wh, [v.data for v in lesson.Vb], lesson.sequence, lesson.targets
    hs = forward(wx, wh, b, xs)
    dwx, dwh, db = [[0.0] * 2 for _ in b], [[0.0] * 3 for _ in b], [0.0] * 3
    following = [0.0] * 3
    for t in (3, 2, 1, 0):
        dh = [following[i] + hs[t + 1][i] - targets[t][i] for i in range(3)]
        dz = [(1 - hs[t + 1][i] ** 2) * dh[i] for i in range(3)]
        for i in range(3):
            db[i] += dz[i]
            for j in range(2):
                dwx[i][j] += dz[i] * xs[t][j]
            for j in range(3):
                dwh[i][j] += dz[i] * hs[t][j]
        following = [sum(wh[i][j] * dz[i] for i in range(3)) for j in range(3)]
    near = pytest.approx
    for ours, theirs, hand in ((lesson.Vx, lesson.dWx, dwx), (lesson.Vh, lesson.dWh, dwh)):
        for i in range(3):
            assert [v.grad for v in ours[i]] == near(hand[i], rel=1e-13, abs=1e-15)
            assert theirs[i].tolist() == near(hand[i], rel=1e-13, abs=1e-15)
    assert [v.grad for v in lesson.Vb] == near(db, rel=1e-13)
    assert lesson.db.tolist() == near(db, rel=1e-13)
    assert lesson.largest < 1e-14


def test_reach_is_the_product_of_the_factors() -> None:
    lesson = ran("through_time")
    for u in (0.5, 0.9, 1.0, 1.1, 1.5, 3.0):
        for start in (0.5, 1e-6):
            h, factors = start, 1.0
            for step in range(1, 41):
                h = math.tanh(u * h)
                factors *= u * (1 - h * h)
                if step in (1, 7, 20, 40):
                    assert lesson.reach(u, start, step) == pytest.approx(factors, rel=1e-9)
    assert lesson.reach(1.5, 0.5) < lesson.reach(0.5, 0.5)
    h = 0.86
    for _ in range(100):
        h = math.tanh(1.5 * h)
    assert h == pytest.approx(0.86, abs=0.005) and 1.5 * (1 - h * h) == pytest.approx(0.39, abs=0.006)
    assert lesson.reach(1.5, 1e-6) == pytest.approx(1.5**20, rel=2e-2)
    assert round(1.5**20) == 3325


def test_the_lstm_remembers_and_the_rnn_does_not() -> None:
    lesson = ran("through_time")
    assert lesson.lazy == pytest.approx(1 / 6, rel=0.03)
    assert sum(lesson.rnn_curve[-100:]) / 100 > 0.9 / 6
    assert sum(lesson.lstm_curve[-100:]) / 100 < 0.01
    assert len(lesson.marked) == 2
    for t in range(lesson.LENGTH):
        wanted = 1.0 if t in lesson.marked else 0.0
        assert lesson.lstm_slopes[t] == pytest.approx(wanted, abs=0.3)
        assert abs(lesson.rnn_slopes[t]) < 0.1
    assert abs(lesson.lstm_answer - lesson.total) < 0.15 < abs(lesson.rnn_answer - lesson.total)
