"""The lesson on learning rates: its limits and schedules by their formulas, and wrong answers to its exercises."""

from __future__ import annotations

import math

import pytest

from .running import ran


def from_nothing(step: int, warm: int, total: int, high: float) -> float:
    if step < warm:
        return high * step / warm
    return high * (1 + math.cos(math.pi * (step - warm) / (total - warm))) / 2


def without_warm_up(step: int, warm: int, total: int, high: float) -> float:
    return high * (1 + math.cos(math.pi * step / total)) / 2


def cosine_from_step_0(step: int, warm: int, total: int, high: float) -> float:
    return high * (step + 1) / warm if step < warm else without_warm_up(step, warm, total, high)


def ends_too_late(step: int, warm: int, total: int, high: float) -> float:
    return high * (step + 1) / warm if step < warm else without_warm_up(step - warm, warm, total, high)


def shaped(step: int, warm: int, total: int, high: float, cosine: float) -> float:
    return high * (step + 1) / warm if step < warm else high * cosine


def degrees(step: int, warm: int, total: int, high: float) -> float:
    return shaped(step, warm, total, high, (1 + math.cos(180 * (step - warm) / (total - warm))) / 2)


def whole_cosine(step: int, warm: int, total: int, high: float) -> float:
    return shaped(step, warm, total, high, (1 + math.cos(2 * math.pi * (step - warm) / (total - warm))) / 2)


def quarter_cosine(step: int, warm: int, total: int, high: float) -> float:
    return shaped(step, warm, total, high, math.cos(math.pi / 2 * (step - warm) / (total - warm)))


def not_halved(step: int, warm: int, total: int, high: float) -> float:
    return shaped(step, warm, total, high, 1 + math.cos(math.pi * (step - warm) / (total - warm)))


def straight(step: int, warm: int, total: int, high: float) -> float:
    return shaped(step, warm, total, high, 1 - (step - warm) / (total - warm))


WRONG = {
    "limit": [(2 / 3, "second derivative"), (1 / 6, "twice as large"), (6, "divided by"), (0.5, "multiplies w by")],
    "rate": [
        (from_nothing, "that step is lost"),
        (without_warm_up, "There the warm-up begins"),
        (cosine_from_step_0, "count from step warm on"),
        (ends_too_late, "total - warm"),
        (degrees, "radians"),
        (whole_cosine, "not to 2 pi"),
        (quarter_cosine, "a quarter"),
        (not_halved, "divide by 2"),
        (straight, "straight line"),
    ],
}


def test_one_weight() -> None:
    """Each step multiplies by 1 - 4 rate; at 2 / 4 by -1."""
    lesson = ran("schedules")
    assert lesson.curvature == 4
    for rate, path in lesson.paths.items():
        for step, w in enumerate(path):
            assert w == pytest.approx((1 - 4 * rate) ** step, rel=1e-12)
    assert lesson.paths[0.5] == [(-1.0) ** step for step in range(30)]


def test_two_weights() -> None:
    for rate, x, y in ran("schedules").rows:
        assert (x, y) == pytest.approx(((1 - rate) ** 200, (1 - 50 * rate) ** 200), rel=1e-9)


def test_largest_curvature_is_an_eigenvalue() -> None:
    """Against the whole Hessian, of the formulas of a small network."""
    np = pytest.importorskip("numpy", reason="the lesson's networks are compiled to NumPy")
    lesson = ran("schedules")
    model, program = lesson.compiled([3, 1])
    lesson.begin(model, program, seed=4)
    w, b = (np.array([getattr(n, name) for n in model.layers[0].neurons]) for name in "wb")
    v, c = model.layers[1].neurons[0].w, model.layers[1].neurons[0].b
    w, b = np.array([x.data for x in w[:, 0]]), np.array([x.data for x in b])
    theta = np.concatenate([w, b, [x.data for x in v], [c.data]])

    def gradient(t: object) -> object:
        w, b, v, c = np.split(t, [3, 6, 9])
        h = np.tanh(lesson.X * w + b)
        e = 2 * (h @ v + c - lesson.TARGETS) / 40
        d = e[:, None] * v * (1 - h**2)
        return np.concatenate([(d * lesson.X).sum(axis=0), d.sum(axis=0), e @ h, [e.sum()]])

    steps = 1e-5 * np.eye(10)
    hessian = np.array([(gradient(theta + step) - gradient(theta - step)) / 2e-5 for step in steps])  # type: ignore[operator]
    before = program.parameters.data.copy()
    assert lesson.steepest(program, rounds=300) == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-5)
    assert (program.parameters.data == before).all()


def test_networks_end_at_the_edge() -> None:
    lesson = ran("schedules")
    for rate, late in lesson.late.items():
        assert late == pytest.approx(2 / rate, rel=0.1)
        assert lesson.curvatures[rate][0] == pytest.approx(16, abs=0.5)
        assert lesson.network_losses[rate][-1] < lesson.network_losses[rate][0] / 50


def test_schedules_by_their_formulas() -> None:
    curves = ran("schedules").rate_curves
    for t in range(800):
        assert curves["StepLR"][t] == pytest.approx(0.2 * 0.25 ** (t // 200), rel=1e-12)
        assert curves["ExponentialLR"][t] == pytest.approx(0.2 * 0.01 ** (t / 800), rel=1e-10)
        assert curves["CosineAnnealingLR"][t] == pytest.approx(0.2 * (1 + math.cos(math.pi * t / 800)) / 2, rel=1e-9)


def test_the_line_by_one_point_at_a_time() -> None:
    """The gradient of (wx + b - y)² is 2 (wx + b - y) x, and 2 (wx + b - y)."""
    import random

    lesson = ran("schedules")
    order, w, b = random.Random(7), -3.0, 2.0
    rates, excess = lesson.fit_line(0.2, lesson.SCHEDULES["StepLR"][1], 7)
    for rate, more in zip(rates, excess):
        k = order.randrange(20)
        error = w * lesson.xs[k] + b - lesson.ys[k]
        w, b = w - rate * 2 * error * lesson.xs[k], b - rate * 2 * error
        # The loss is a parabola around the best line.
        u, v = w - lesson.best_w, b - lesson.best_b
        assert more == pytest.approx(sum((u * x + v) ** 2 for x in lesson.xs) / 20, rel=1e-6, abs=1e-12)


def test_who_hovers_where() -> None:
    lesson = ran("schedules")
    ends = {name: curve[-1] for name, curve in lesson.excess_curves.items()}
    constant = [ends[f"constant {rate}"] for rate in (0.2, 0.05, 0.01)]
    assert constant == sorted(constant, reverse=True)
    assert max(ends[name] for name in ("StepLR", "ExponentialLR", "CosineAnnealingLR")) < min(constant)
    assert (lesson.closest_after(25), lesson.closest_after(800)) == (0.2, 0.01)


@pytest.mark.parametrize("rate, shrinks", [(0.379, True), (0.381, False)])
def test_limit_with_momentum(rate: float, shrinks: bool) -> None:
    """2 (1 + 0.9) / c is 0.38 for c = 10."""
    w, v = 1.0, 0.0
    for _ in range(20000):
        v = 0.9 * v + 10 * w
        w -= rate * v
        if not abs(w) < 1e6:
            break
    assert (abs(w) < 1e-3) == shrinks


def test_warm_up() -> None:
    lesson = ran("schedules")
    assert lesson.starts[0] > 38
    assert lesson.diverged["constant 0.1"] >= 5
    assert lesson.diverged["constant 0.03"] == lesson.diverged["0.1, warm-up"] == 0
    safe, warmed, fallen = (lesson.finals[f"{name}"] for name in list(lesson.PLANS)[::2] + list(lesson.PLANS)[3:])
    assert warmed[5] < safe[5] and warmed[9] > safe[9]
    assert fallen[5] > warmed[5]
