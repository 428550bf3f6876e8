"""The lesson on checking gradients: W10 of the curriculum, the texts' own check, and wrong answers to its exercises."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from autograd import GradcheckError, gradcheck

from .running import exactly, ran, transcript

Function = Callable[[list[float]], float]


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def quotients(f: Function, x: list[float], h: float, above: float = 1, below: float = 1) -> list[float]:
    """Difference quotients of each input, with nudges of `above` and `below` times h."""
    found = []
    for i in range(len(x)):
        right, left = list(x), list(x)
        right[i] += above * h
        left[i] -= below * h
        found.append((f(right) - f(left)) / ((above + below) * h))
    return found


def absolute(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[int]:
    return [i for i, n in enumerate(quotients(f, x, h)) if abs(n - gradient[i]) > 1e-4]


def generous(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[int]:
    """A wrong answer: the error relative only to gradients larger than 1, so a small gradient may be anything."""
    return [i for i, n in enumerate(quotients(f, x, h)) if abs(n - gradient[i]) > 1e-4 * max(1, abs(n))]


def strict(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[int]:
    return [i for i, n in enumerate(quotients(f, x, h)) if abs(n - gradient[i]) > 1e-7]


def one_sided(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[int]:
    numeric = quotients(f, x, h, below=0)
    return [i for i, n in enumerate(numeric) if abs(n - gradient[i]) > 1e-4 * max(abs(n), abs(gradient[i]))]


def by_h(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[int]:
    numeric = [2 * n for n in quotients(f, x, h)]
    return [i for i, n in enumerate(numeric) if abs(n - gradient[i]) > 1e-4 * max(abs(n), abs(gradient[i]))]


def without_absolute_value(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[int]:
    numeric = quotients(f, x, h)
    return [i for i, n in enumerate(numeric) if gradient[i] - n > 1e-4 * max(abs(n), abs(gradient[i]))]


def divides_by_zero(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[int]:
    return [i for i, n in enumerate(quotients(f, x, h)) if abs(n - gradient[i]) / abs(gradient[i]) > 1e-4]


def zero_is_wrong(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[int]:
    numeric = quotients(f, x, h)
    return [i for i, n in enumerate(numeric) if not abs(n - gradient[i]) < 1e-4 * max(abs(n), abs(gradient[i]))]


def the_entries(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[float]:
    numeric = quotients(f, x, h)
    return [gradient[i] for i, n in enumerate(numeric) if abs(n - gradient[i]) > 1e-4 * abs(gradient[i])]


def truth_values(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[bool]:
    return [abs(n - gradient[i]) > 1e-4 * abs(n) for i, n in enumerate(quotients(f, x, h))]


def leaves_nudges(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[int]:
    for i in range(len(x)):
        x[i] += h
    return []


def how_many(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> int:
    return len(absolute(f, x, gradient, h))


def finds_nothing(f: Function, x: list[float], gradient: list[float], h: float = 1e-5) -> list[int]:
    return []


WRONG = {
    "best_h": [
        (1e-5, "both sides"),
        (1e-2, "smaller h"),
        (1e-12, "larger h"),
        (1e-17, "as a float"),
        (-1e-8, "positive"),
    ],
    "wrong_entries": [
        (absolute, "twice what it should be"),
        (generous, "twice what it should be"),
        (strict, "1 in a million"),
        (one_sided, "both sides"),
        (by_h, "divided by 2h"),
        (without_absolute_value, "absolute value"),
        (divides_by_zero, "divides by 0"),
        (zero_is_wrong, "both numbers are 0"),
        (the_entries, "indices of the wrong entries"),
        (truth_values, "truth value"),
        (leaves_nudges, "put it back"),
        (how_many, "a list of indices"),
        (finds_nothing, "should be [1]"),
    ],
}


def slope_by_hand() -> float:
    """dE/dw11 = delta 1 · x1."""
    h = [sigma(0.15 * 0.05 + 0.20 * 0.10 + 0.35), sigma(0.25 * 0.05 + 0.30 * 0.10 + 0.35)]
    o = sigma(0.40 * h[0] + 0.45 * h[1] + 0.60)
    return (o - 0.01) * o * (1 - o) * 0.40 * h[0] * (1 - h[0]) * 0.05


def test_central_differences_agree() -> None:
    lesson = ran("gradient_check")
    assert lesson.p[0].grad == exactly(slope_by_hand()) == pytest.approx(0.0006683960, abs=5e-11)
    printed = [0.0006683960, 0.0013367920, 0.0007498038, 0.0014996075, 0.0133679204, 0.0149960755]
    printed += [0.0821670406, 0.0826676278, 0.1384985616]
    assert [p.grad for p in lesson.p] == pytest.approx(printed, abs=6e-11)
    for k, p in enumerate(lesson.p):
        assert lesson.nudged(k, 1e-5) == pytest.approx(p.grad, rel=1e-7)


def test_the_best_nudge_is_between_truncation_and_rounding() -> None:
    """The V: worse with a larger step (truncation) and with a smaller one (round-off)."""
    lesson = ran("gradient_check")
    errors = {exponent: relative for exponent, (_, relative) in lesson.trials.items()}
    for exponent, error in errors.items():
        n = lesson.nudged(0, 10.0**-exponent)
        assert error == pytest.approx(abs(n - slope_by_hand()) / max(abs(n), slope_by_hand()), rel=1e-3, abs=1e-13)
    assert errors[5] < 1e-6
    assert min(errors.values()) < 1e-8
    assert errors[1] > 10 * errors[3]
    assert errors[11] > 10 * errors[5]
    assert errors[15] == 1  # no digit is left
    assert lesson.best == 3


def test_both_arms_of_the_figure() -> None:
    """Far to the right the error is h²/6 · E'''/E'; to the left it stays below a few times the rounding error."""
    lesson = ran("gradient_check")
    step = 1e-2  # E''' by central differences of the formula for E', which another test checks

    def first(w: float) -> float:
        h = [sigma(w * 0.05 + 0.20 * 0.10 + 0.35), sigma(0.25 * 0.05 + 0.30 * 0.10 + 0.35)]
        o = sigma(0.40 * h[0] + 0.45 * h[1] + 0.60)
        return (o - 0.01) * o * (1 - o) * 0.40 * h[0] * (1 - h[0]) * 0.05

    third = (first(0.15 + step) - 2 * first(0.15) + first(0.15 - step)) / step**2
    assert lesson.third == pytest.approx(third, rel=1e-3)
    for h, measured, truncation, rounding in zip(lesson.hs, lesson.measured, lesson.truncation, lesson.rounding):
        if 3e-3 < h < 0.1:
            assert measured == pytest.approx(truncation, rel=0.02)
        if h < 1e-4:
            assert measured <= 4 * rounding


def test_the_planted_rule_is_named() -> None:
    lesson = ran("gradient_check")
    assert "suspect: slipped_sin" in lesson.report
    # d/dx sin(xy) + x is y cos(xy) + 1, and by the wrong rule -y cos(xy) + 1.
    right, wrong = 2 * math.cos(1.0) + 1, -2 * math.cos(1.0) + 1
    assert f"{right:.8f}" in lesson.report and f"{wrong:.8f}" in lesson.report
    with pytest.raises(GradcheckError):
        gradcheck(lambda a: lesson.slipped(a), 0.3)


def test_the_check_of_the_texts_is_off_by_two() -> None:
    """The gradient of mean (o - y)², by the chain rule with loops; `backward` has half of it in all 8 entries."""
    np = pytest.importorskip("numpy")
    lesson = ran("gradient_check")
    for scale, rows, passing in ((0.01, lesson.small, 8), (1.0, lesson.large, 1)):
        random = np.random.RandomState(0)
        w1, w2 = (random.randn(2, 4) * scale).tolist(), (random.randn(4, 1) * scale).tolist()
        slopes = [[0.0] * 4 for _ in range(2)]
        for x, y in (((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)):
            a = [sigma(w1[0][j] * x[0] + w1[1][j] * x[1]) for j in range(4)]
            o = sigma(sum(a[j] * w2[j][0] for j in range(4)))
            for i in range(2):
                for j in range(4):
                    slopes[i][j] += 2 * (o - y) * o * (1 - o) * w2[j][0] * a[j] * (1 - a[j]) * x[i] / 4
        flat = slopes[0] + slopes[1]
        assert [2 * row[1] for row in rows] == pytest.approx(flat, rel=1e-9, abs=1e-16)
        assert [row[2] for row in rows] == pytest.approx(flat, rel=1e-4)
        assert [row[3] for row in rows].count("ok") == passing
    assert "8 of 8 entries pass" in transcript("gradient_check")
    assert lesson.ratios == pytest.approx([2] * 8, rel=1e-10)
