"""The lesson on stability: what formulas do at ±1000, what 16 bits do, and wrong answers to its exercises."""

from __future__ import annotations

import math

import pytest

from .running import exactly, ran, transcript


def naive(z: float) -> float:
    return math.log(1 / (1 + math.exp(-z)))


def by_the_sigmoid(z: float) -> float:
    power = math.exp(-abs(z))
    sigmoid = 1 / (1 + power) if z >= 0 else power / (1 + power)
    return math.log(sigmoid) if sigmoid > 0 else -math.inf


def log_of_zero(z: float) -> float:
    power = math.exp(-abs(z))
    return math.log(1 / (1 + power) if z >= 0 else power / (1 + power))


def cut_off(z: float) -> float:
    return max(by_the_sigmoid(z), math.log(1e-15))


def without_log1p(z: float) -> float:
    return min(z, 0.0) - math.log(1 + math.exp(-abs(z)))


def softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


WRONG = {
    "stuck": [
        (2049, "does not have"),
        (65504, "So far float16 reaches"),
        (1024, "larger than 1"),
        (256, "bfloat16"),
        (11, "number of digits"),
        (100, "not it"),
    ],
    "log_sigmoid": [
        (naive, "overflows"),
        (by_the_sigmoid, "rounded to 0"),
        (log_of_zero, "logarithm of 0"),
        (cut_off, "cut off"),
        (without_log1p, "log1p"),
        (softplus, "sign"),
    ],
}


def test_the_sigmoid_by_where_has_right_values_and_four_warnings() -> None:
    lesson = ran("stability")
    messages = [str(warning.message) for warning in lesson.caught]
    assert messages.count("overflow encountered in exp") == 3
    assert messages.count("invalid value encountered in divide") == 1
    assert len(messages) == 4
    assert lesson.values.tolist() == [0.0, 0.5, 1.0]


def test_its_gradient_is_nan_in_every_library() -> None:
    from autograd import Value, exp, where

    z = Value(1000.0)
    p = where(z >= 0, 1 / (1 + exp(-z)), exp(z) / (1 + exp(z)))
    p.backward()
    assert p.data == 1.0 and math.isnan(z.grad)
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    t = torch.tensor(1000.0, dtype=torch.float64, requires_grad=True)
    q = torch.where(t >= 0, 1 / (1 + torch.exp(-t)), torch.exp(t) / (1 + torch.exp(t)))
    q.backward()
    assert q.item() == 1.0 and math.isnan(t.grad.item())


def test_and_in_jax() -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    np = jax.numpy

    def sigmoid(z):  # type: ignore[no-untyped-def]
        return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))

    value, slope = jax.value_and_grad(sigmoid)(1000.0)
    assert value == 1.0 and math.isnan(slope)


def test_sigmoid_softmax_and_their_relatives_at_1000() -> None:
    lesson = ran("stability")
    for _, naive_value, naive_slope, _, by_where, value, slope in lesson.sigmoids:
        assert value == naive_value
        assert math.isnan(naive_slope) == (value == 0.0)
        assert math.isnan(by_where) == (value in (0.0, 1.0) and slope == 0.0)
    total = 1 + math.exp(-1) + math.exp(-2)
    assert lesson.shares == exactly([1 / total, math.exp(-1) / total, math.exp(-2) / total])
    assert lesson.logsumexp(lesson.xs) == exactly(1000 + math.log(total))
    assert all(math.isnan(share) for share in lesson.naive_shares)


def test_bce_at_1000_against_many_digits() -> None:
    mpmath = pytest.importorskip("mpmath", reason="mpmath is not installed")
    lesson = ran("stability")
    with mpmath.workdps(1000):
        for z in (-1000, -40, -1, 0, 2, 37, 40, 1000):
            for y in (0, 1):
                p = 1 / (1 + mpmath.exp(-mpmath.mpf(z)))
                loss, slope = lesson.loss_and_slope(lesson.nn.bce_with_logits, float(z), float(y))
                assert loss == exactly(float(-y * mpmath.log(p) - (1 - y) * mpmath.log(1 - p)))
                assert slope == exactly(float(p - y))
    assert lesson.loss_and_slope(lesson.textbook, 36.0, 0.0)[0] < math.inf
    assert lesson.loss_and_slope(lesson.textbook, 37.0, 0.0)[0] == math.inf
    assert math.isnan(lesson.loss_and_slope(lesson.textbook, -1000.0, 0.0)[0])
    for logit in (40.0, 1000.0):
        assert lesson.loss_and_slope(lesson.cut_off, logit, 0.0) == (-math.log(1 - (1 - 1e-15)), 0.0)


def test_the_limits_of_formats() -> None:
    """A format with `digits` binary digits and exponents up to `top` has these by its definition (IEEE 754)."""
    lesson = ran("stability")
    for form, digits, top in (("float64", 53, 1023), ("float32", 24, 127), ("float16", 11, 15), ("bfloat16", 8, 127)):
        assert lesson.limits(form) == (2.0**top, 2.0 ** (1 - top - digits + 1), 2.0 ** (1 - digits)), form
    assert lesson.w.data == 1.0
    assert 1.0 - 2.0**-8 == 0.99609375  # the next number below 1 in bfloat16; 0.001 is less than half the distance


def test_gradients_that_are_lost_and_kept() -> None:
    lesson = ran("stability")
    # Up to half of the smallest float16, 2**-24, numbers are rounded to 0; earlier roundings move a few across.
    below = sum(abs(g) <= 2.0**-25 for g in lesson.exact)
    assert lesson.zeros(lesson.exact) == 0
    assert below > 200 and abs(lesson.lost - below) < 30
    kept = lesson.gradients("float16", lesson.SCALE)
    assert lesson.zeros(kept) == 0
    # Each gradient is rounded a few times, to 11 binary digits at best, and to 1 at worst.
    assert [g / lesson.SCALE for g in kept] == pytest.approx(lesson.exact, rel=0.01, abs=2.0**-24 / lesson.SCALE * 4)
    told_zeros = [line.split() for line in transcript("stability").splitlines() if line.startswith("    float16  ")]
    assert ["float16", "1", str(lesson.lost), "337"] in told_zeros and ["float16", "32768", "0", "337"] in told_zeros


def test_training_stops_where_gradients_are_0() -> None:
    lesson = ran("stability")
    plain, scaled, exact = (lesson.curves[name] for name in ("float16", "float16, scaled", "float64"))
    # With all four errors below 1/32 no gradient is left: -log(1 - p) is below that of 1/32 then.
    assert plain[-1] == pytest.approx(plain[150], rel=1e-3)
    assert plain[-1] < -math.log(1 - 1 / 32)
    assert scaled[-1] == pytest.approx(exact[-1], rel=0.02)
    assert scaled[-1] < plain[-1] / 20
    assert scaled[0] == scaled[1]  # the first step was left out
    assert lesson.scaler.get_scale() == 32768.0
