"""How exact the operations are: every row of ``autograd.ops`` against mpmath, at some hundred points each.

Here are the mathematics of every operation once more, written independently of the engine: the textbook value
with its first and second derivatives at 50 digits, and the points at which they are compared. ``test_ops``
asserts the targets. As a program, ``python -m tests.accuracy`` prints the table of worst errors, and with
``--write`` it rewrites ``docs/accuracy.md``. What happens at kinks, at infinities and with nan is not a matter of
accuracy: conventions are held to PyTorch in ``test_ops``.
"""

from __future__ import annotations

import math
import platform
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mpmath import mp, mpf

import autograd.ops as ops
from autograd import Op, Value, write_text

VALUE_TARGET = 8.0
"""Largest error of a value, in ulp."""
DERIVATIVE_TARGET = 1e-12
"""Largest relative error of a first or second derivative."""
FLOOR = 1e-290
"""Derivatives smaller than this are measured absolutely, as if they were this large."""
DIGITS = 50
"""Decimal digits of the truth."""

Point = tuple[float, ...]
Formula = Any
"""An mpf; or a list of them, the terms of a sum that has a root; or None where the derivative does not exist."""


@dataclass(frozen=True)
class Truth:
    """What an operation should compute.

    Attributes
    ----------
    value : callable
        ``value(*operands)``, as a Formula.
    partials : callable
        ``partials(*operands)``, one Formula for each operand.
    seconds : callable
        ``seconds(*operands)``, the Hessian: a row of Formulas for each operand.
    points : list of tuple
        Operands to compare at.
    """

    value: Callable[..., Formula]
    partials: Callable[..., Sequence[Formula]]
    seconds: Callable[..., Sequence[Sequence[Formula]]]
    points: list[Point]


# --- where to compare -----------------------------------------------------------------------------------------

TINY = 5e-324
NORMAL = sys.float_info.min
HUGE = sys.float_info.max

_CORNERS = (0.0, TINY, 1e-310, NORMAL, 1e-300, 1e-8, 0.5, 1.0, 2.0, 1e8, 1e300, HUGE)
_TAILS = (5.0, 8.3, 20.0, 26.5, 27.2, 30.0, 37.4, 38.4, 40.0, 200.0, 300.0, 354.9, 700.0, 709.7, 715.0, 744.4, 746.0)
CORNERS = tuple(sign * x for x in _CORNERS for sign in (1.0, -1.0))
EDGES = CORNERS + tuple(sign * x for x in _TAILS for sign in (1.0, -1.0))


def power_of_ten(rng: random.Random, low: float, high: float) -> float:
    """A number of either sign whose magnitude is log-uniform between 10**low and 10**high."""
    return math.copysign(math.pow(10.0, rng.uniform(low, high)), rng.random() - 0.5)


def near(rng: random.Random, x: float) -> float:
    """A number near x, at any relative distance from one ulp to a tenth."""
    return x * (1.0 + power_of_ten(rng, -16.0, -1.0))


def line(seed: str, inside: Callable[[float], bool] = lambda a: True) -> list[Point]:
    """Points on the real line, as far as they lie inside the domain."""
    rng = random.Random(seed)
    points = list(EDGES)
    points += [power_of_ten(rng, -300.0, 300.0) for _ in range(150)]
    points += [power_of_ten(rng, -9.0, 3.0) for _ in range(150)]
    points += [rng.uniform(-45.0, 45.0) for _ in range(100)]
    points += [near(rng, rng.choice((1.0, -1.0))) for _ in range(80)]
    return [(a,) for a in points if inside(a)]


def interval(seed: str) -> list[Point]:
    """Points in [-1, 1], crowded at its ends and its middle."""
    rng = random.Random(seed)
    points = [a for a in EDGES if abs(a) <= 1.0]
    points += [power_of_ten(rng, -300.0, 0.0) for _ in range(100)]
    points += [rng.uniform(-1.0, 1.0) for _ in range(150)]
    points += [rng.choice((1.0, -1.0)) * (1.0 - 10.0 ** rng.uniform(-15.9, -1.0)) for _ in range(150)]
    return [(a,) for a in points]


def plane(seed: str, inside: Callable[[float, float], bool] = lambda a, b: True) -> list[Point]:
    """Points in the plane: any two magnitudes, like magnitudes, near ties, and pairs of corners."""
    rng = random.Random(seed)
    points = [(a, b) for a in CORNERS for b in CORNERS]
    points += [(power_of_ten(rng, -300.0, 300.0), power_of_ten(rng, -300.0, 300.0)) for _ in range(150)]
    points += [(power_of_ten(rng, -150.0, 150.0), power_of_ten(rng, -150.0, 150.0)) for _ in range(100)]
    points += [(power_of_ten(rng, -4.0, 4.0), power_of_ten(rng, -4.0, 4.0)) for _ in range(200)]
    for _ in range(100):
        a = power_of_ten(rng, -300.0, 300.0)
        points.append((a, rng.choice((1.0, -1.0)) * near(rng, a)))
    return [(a, b) for a, b in points if inside(a, b)]


def powers(seed: str) -> list[Point]:
    """Bases and exponents: any exponent on a positive base, whole ones on a negative, results in range or not."""
    rng = random.Random(seed)
    points = plane(seed, lambda a, b: a > 0.0)
    for _ in range(300):
        a = abs(power_of_ten(rng, -300.0, 300.0))
        points.append((a, rng.uniform(-745.0, 710.0) / math.log(a)))
    for _ in range(100):
        points.append((abs(near(rng, 1.0)), power_of_ten(rng, -3.0, 5.0)))
        points.append((power_of_ten(rng, -20.0, 20.0), float(rng.randint(-15, 15))))
    points += [(a, b) for a in (0.0, -0.0) for b in (1.0, 2.0, 3.0, 7.0)]
    return points


def sequences(seed: str, low: float, high: float, lengths: Sequence[int] = range(9)) -> list[Point]:
    """Sequences of the given lengths, of numbers between 10**low and 10**high, of one magnitude, or with zeros."""
    rng = random.Random(seed)
    points: list[Point] = []
    for n in lengths:
        for _ in range(20 if n else 1):
            middle = rng.uniform(low, high)
            points.append(tuple(power_of_ten(rng, low, high) for _ in range(n)))
            points.append(tuple(power_of_ten(rng, middle, middle + 0.1) for _ in range(n)))
            points.append(tuple(rng.uniform(-3.0, 3.0) for _ in range(n)))
            points.append(tuple(rng.choice((0.0, -0.0, 1.0, -1.0, rng.random(), TINY)) for _ in range(n)))
    return points


def exponents(seed: str) -> list[Point]:
    """Sequences for logsumexp: near and far from each other and from 0, with ties."""
    rng = random.Random(seed)
    points: list[Point] = sequences(seed, -300.0, 300.0, range(1, 9))
    for n in range(1, 9):
        for _ in range(10):
            middle = power_of_ten(rng, -2.0, 12.0)
            points.append(tuple(middle + rng.uniform(-40.0, 40.0) for _ in range(n)))
            points.append((*(rng.uniform(-700.0, 0.0) for _ in range(n - 1)), 0.0))
            points.append((middle,) * n)
            points.append(tuple(near(rng, -math.log(n)) for _ in range(n)))
    return points


def triples(seed: str, first: Sequence[float]) -> list[Point]:
    """Points in space, the first coordinate one of the given ones or any."""
    rng = random.Random(seed)
    corners = (0.0, -0.0, 1.0, -1.0, 0.5, TINY, -NORMAL, 1e300, -HUGE)
    points: list[Point] = [(a, b, c) for a in first for b in corners for c in corners]
    points += [
        (power_of_ten(rng, -3.0, 3.0), power_of_ten(rng, -3.0, 3.0), power_of_ten(rng, -3.0, 3.0)) for _ in range(200)
    ]
    return points


# --- the mathematics ------------------------------------------------------------------------------------------


def one(value: Formula, slope: Formula, curvature: Formula, points: list[Point]) -> Truth:
    """The truth about an operation of one operand, from f, f' and f''."""
    return Truth(value, lambda a: (slope(a),), lambda a: ((curvature(a),),), points)


def two(value: Formula, slopes: Formula, curvatures: Formula, points: list[Point]) -> Truth:
    """The truth about an operation of two operands, from f, (f_a, f_b) and (f_aa, f_ab, f_bb)."""

    def hessian(a: mpf, b: mpf) -> Sequence[Sequence[Formula]]:
        aa, ab, bb = curvatures(a, b)
        return (aa, ab), (ab, bb)

    return Truth(value, slopes, hessian, points)


def _flat(*operands: mpf) -> list[list[mpf]]:
    return [[mpf(0)] * len(operands) for _ in operands]


def _normal(a: mpf) -> mpf:
    return mp.exp(-a * a / 2) / mp.sqrt(2 * mp.pi)


def _clamped(a: mpf) -> mpf:
    # mpmath's erf and erfc fail for very large arguments; from 10**4 on they are 0, 1 or 2 as floats.
    return max(min(a, mpf(10**4)), mpf(-(10**4)))


def _erfc(a: mpf) -> mpf:
    return mp.erfc(_clamped(a))


def _sigmoid(a: mpf) -> mpf:
    return 1 / (1 + mp.exp(-a))


def _asin_curvature(a: mpf) -> list[mpf]:
    return [(1 + a) / mp.sqrt(1 - a * a) ** 3 / 2, -(1 - a) / mp.sqrt(1 - a * a) ** 3 / 2]


def _pow_slopes(a: mpf, b: mpf) -> Sequence[Formula]:
    if a == 0:
        return b * mp.power(a, b - 1), mpf(0)
    factor = mp.power(a, b - 1)
    return b * factor if abs(factor) < _OVERFLOW else None, mp.power(a, b) * mp.log(a) if a > 0 else None


def _pow_curvatures(a: mpf, b: mpf) -> Sequence[Formula]:
    if a == 0:
        return (b * (b - 1) * mp.power(a, b - 2) if b >= 2 else mpf(0)), None, None
    value, slope, factor = mp.power(a, b), mp.power(a, b - 1), mp.power(a, b - 2)
    if not (abs(value) >= NORMAL and abs(factor) < _OVERFLOW):
        return None, None, None
    if a < 0:
        return b * (b - 1) * factor, None, None
    return b * (b - 1) * factor, [slope, slope * b * mp.log(a)], value * mp.log(a) ** 2


def _clip_partials(a: mpf, low: mpf, high: mpf) -> Sequence[Formula]:
    if a in (low, high) or low == high:
        return None, None, None
    if low > high:
        return mpf(0), mpf(0), mpf(1)
    return mpf(low < a < high), mpf(a < low), mpf(a > high)


def _others(xs: Sequence[mpf], *left_out: int) -> mpf:
    return mp.fprod(x for i, x in enumerate(xs) if i not in left_out)


def _logsumexp(*xs: mpf) -> list[mpf]:
    with mp.workdps(350):  # for e**0 + e**-700
        return [max(xs), mp.log(mp.fsum(map(mp.exp, xs))) - max(xs)]


def _softmax(xs: Sequence[mpf]) -> list[mpf]:
    total = mp.fsum(map(mp.exp, xs))
    return [mp.exp(x) / total for x in xs]


def _softmax_slopes(*xs: mpf) -> list[list[Formula]]:
    ps = _softmax(xs)
    return [[[p, -p * p] if i == j else -p * q for j, q in enumerate(ps)] for i, p in enumerate(ps)]


def _dot_terms(*operands: mpf) -> list[mpf]:
    n = len(operands) // 2
    return [w * x for w, x in zip(operands, operands[n : 2 * n])] + list(operands[2 * n :])


def _dot_partials(*operands: mpf) -> list[mpf]:
    n = len(operands) // 2
    return [*operands[n : 2 * n], *operands[:n], *[mpf(1)] * (len(operands) % 2)]


def _dot_seconds(*operands: mpf) -> list[list[mpf]]:
    n, places = len(operands) // 2, range(len(operands))
    return [[mpf(abs(i - j) == n and max(i, j) < 2 * n) for j in places] for i in places]


def _kinked(below: Formula, above: Formula) -> Formula:
    """One formula below 0 and another above; none at 0."""
    return lambda a, *rest: None if a == 0 else below(a, *rest) if a < 0 else above(a, *rest)


_ZERO = lambda *operands: mpf(0)  # noqa: E731
_ONE = lambda *operands: mpf(1)  # noqa: E731

with mp.workdps(DIGITS):
    # The fixed point of mean 0 and variance 1 (Klambauer et al. 2017).
    _TAIL = mp.erfc(1 / mp.sqrt(2)) * mp.sqrt(mp.e)
    _SELU_ALPHA = mp.sqrt(2 / mp.pi) / (1 - _TAIL)
    _SELU_SCALE = (
        (1 - _TAIL)
        * mp.sqrt(2 * mp.pi)
        / mp.sqrt(2 * mp.erfc(mp.sqrt(2)) * mp.e**2 + mp.pi * _TAIL**2 - 2 * (2 + mp.pi) * _TAIL + mp.pi + 2)
    )

# fmt: off
TRUTHS: dict[str, Truth] = {
    "add": Truth(lambda a, b: a + b, lambda a, b: (mpf(1), mpf(1)), _flat, plane("add")),
    "sub": Truth(lambda a, b: a - b, lambda a, b: (mpf(1), mpf(-1)), _flat, plane("sub")),
    "mul": two(lambda a, b: a * b, lambda a, b: (b, a), lambda a, b: (mpf(0), mpf(1), mpf(0)), plane("mul")),
    "div": two(
        lambda a, b: a / b, lambda a, b: (1 / b, -a / b**2), lambda a, b: (mpf(0), -1 / b**2, 2 * a / b**3),
        plane("div", lambda a, b: b != 0.0),
    ),
    "neg": one(lambda a: -a, lambda a: mpf(-1), _ZERO, line("neg")),
    "pow": two(mp.power, _pow_slopes, _pow_curvatures, powers("pow")),
    "positive": one(lambda a: a, _ONE, _ZERO, line("positive")),
    "square": one(lambda a: a**2, lambda a: 2 * a, lambda a: mpf(2), line("square")),
    "reciprocal": one(
        lambda a: 1 / a, lambda a: -1 / a**2, lambda a: 2 / a**3, line("reciprocal", lambda a: a != 0.0)
    ),
    "sqrt": one(
        mp.sqrt, lambda a: 1 / (2 * mp.sqrt(a)), lambda a: -1 / (4 * a * mp.sqrt(a)), line("sqrt", lambda a: a >= 0.0)
    ),
    "exp": one(mp.exp, mp.exp, mp.exp, line("exp")),
    "expm1": one(mp.expm1, mp.exp, mp.exp, line("expm1")),
    "log": one(mp.log, lambda a: 1 / a, lambda a: -1 / a**2, line("log", lambda a: a > 0.0)),
    "log1p": one(mp.log1p, lambda a: 1 / (1 + a), lambda a: -1 / (1 + a) ** 2, line("log1p", lambda a: a > -1.0)),
    "log2": one(
        lambda a: mp.log(a) / mp.log(2), lambda a: 1 / (a * mp.log(2)), lambda a: -1 / (a**2 * mp.log(2)),
        line("log2", lambda a: a > 0.0),
    ),
    "log10": one(
        mp.log10, lambda a: 1 / (a * mp.log(10)), lambda a: -1 / (a**2 * mp.log(10)), line("log10", lambda a: a > 0.0)
    ),
    "abs": one(abs, _kinked(lambda a: mpf(-1), _ONE), _kinked(_ZERO, _ZERO), line("abs")),
    "maximum": Truth(
        max, lambda a, b: (None, None) if a == b else (mpf(a > b), mpf(b > a)),
        lambda a, b: [[None] * 2] * 2 if a == b else _flat(a, b), plane("maximum"),
    ),
    "minimum": Truth(
        min, lambda a, b: (None, None) if a == b else (mpf(a < b), mpf(b < a)),
        lambda a, b: [[None] * 2] * 2 if a == b else _flat(a, b), plane("minimum"),
    ),
    "clip": Truth(
        lambda a, low, high: min(max(a, low), high), _clip_partials,
        lambda *operands: [[None] * 3] * 3 if None in _clip_partials(*operands) else _flat(*operands),
        triples("clip", CORNERS),
    ),
    "where": Truth(
        lambda condition, a, b: a if condition else b,
        lambda condition, a, b: (mpf(0), mpf(condition != 0), mpf(condition == 0)), _flat,
        triples("where", (0.0, -0.0, 1.0, -1.0, TINY, HUGE)),
    ),
    "sin": one(mp.sin, mp.cos, lambda a: -mp.sin(a), line("sin")),
    "cos": one(mp.cos, lambda a: -mp.sin(a), lambda a: -mp.cos(a), line("cos")),
    "tan": one(mp.tan, lambda a: mp.sec(a) ** 2, lambda a: 2 * mp.tan(a) * mp.sec(a) ** 2, line("tan")),
    "asin": one(
        mp.asin, lambda a: 1 / mp.sqrt(1 - a * a), _asin_curvature, interval("asin")
    ),
    "acos": one(
        mp.acos, lambda a: -1 / mp.sqrt(1 - a * a), lambda a: _asin_curvature(-a), interval("acos")
    ),
    "atan": one(mp.atan, lambda a: 1 / (1 + a * a), lambda a: -2 * a / (1 + a * a) ** 2, line("atan")),
    "atan2": two(
        mp.atan2, lambda y, x: (x / (x**2 + y**2), -y / (x**2 + y**2)),
        lambda y, x: (
            -2 * x * y / (x**2 + y**2) ** 2,
            [y**2 / (x**2 + y**2) ** 2, -(x**2) / (x**2 + y**2) ** 2],
            2 * x * y / (x**2 + y**2) ** 2,
        ),
        plane("atan2", lambda y, x: y != 0.0 or x > 0.0),
    ),
    "hypot": two(
        mp.hypot, lambda a, b: (a / mp.hypot(a, b), b / mp.hypot(a, b)),
        lambda a, b: (
            [1 / mp.hypot(a, b), -(a**2) / mp.hypot(a, b) ** 3],
            -a * b / mp.hypot(a, b) ** 3,
            [1 / mp.hypot(a, b), -(b**2) / mp.hypot(a, b) ** 3],
        ),
        plane("hypot", lambda a, b: NORMAL <= math.hypot(a, b) <= HUGE),
    ),
    "sinh": one(mp.sinh, mp.cosh, mp.sinh, line("sinh")),
    "cosh": one(mp.cosh, mp.sinh, mp.cosh, line("cosh")),
    "tanh": one(mp.tanh, lambda a: mp.sech(a) ** 2, lambda a: -2 * mp.tanh(a) * mp.sech(a) ** 2, line("tanh")),
    "sech": one(
        mp.sech, lambda a: -mp.sech(a) * mp.tanh(a), lambda a: [mp.sech(a) * mp.tanh(a) ** 2, -(mp.sech(a) ** 3)],
        line("sech"),
    ),
    "erf": one(
        lambda a: mp.erf(_clamped(a)),
        lambda a: 2 / mp.sqrt(mp.pi) * mp.exp(-a * a), lambda a: -4 * a / mp.sqrt(mp.pi) * mp.exp(-a * a),
        line("erf"),
    ),
    "erfc": one(
        _erfc, lambda a: -2 / mp.sqrt(mp.pi) * mp.exp(-a * a), lambda a: 4 * a / mp.sqrt(mp.pi) * mp.exp(-a * a),
        line("erfc"),
    ),
    "ndtr": one(lambda a: _erfc(-a / mp.sqrt(2)) / 2, _normal, lambda a: -a * _normal(a), line("ndtr")),
    "relu": one(lambda a: max(a, mpf(0)), _kinked(_ZERO, _ONE), _kinked(_ZERO, _ZERO), line("relu")),
    "leaky_relu": two(
        lambda a, slope: a if a > 0 else slope * a,
        lambda a, slope: (None, mpf(0)) if a == 0 else (mpf(1), mpf(0)) if a > 0 else (slope, a),
        lambda a, slope: (None, None, mpf(0)) if a == 0 else (mpf(0), mpf(a < 0), mpf(0)),
        plane("leaky_relu"),
    ),
    "elu": two(
        lambda a, alpha: a if a > 0 else alpha * mp.expm1(a),
        lambda a, alpha: (None, mpf(0)) if a == 0 else (mpf(1), mpf(0)) if a > 0
        else (alpha * mp.exp(a), mp.expm1(a)),
        lambda a, alpha: (None, None, mpf(0)) if a == 0 else (mpf(0), mpf(0), mpf(0)) if a > 0
        else (alpha * mp.exp(a), mp.exp(a), mpf(0)),
        plane("elu"),
    ),
    "selu": one(
        lambda a: _SELU_SCALE * (a if a > 0 else _SELU_ALPHA * mp.expm1(a)),
        _kinked(lambda a: _SELU_SCALE * _SELU_ALPHA * mp.exp(a), lambda a: _SELU_SCALE),
        _kinked(lambda a: _SELU_SCALE * _SELU_ALPHA * mp.exp(a), _ZERO),
        line("selu"),
    ),
    "sigmoid": one(
        _sigmoid, lambda a: _sigmoid(a) * _sigmoid(-a),
        lambda a: [_sigmoid(a) * _sigmoid(-a) ** 2, -_sigmoid(a) ** 2 * _sigmoid(-a)],
        line("sigmoid"),
    ),
    "softplus": one(
        lambda a: mp.log1p(mp.exp(a)), _sigmoid, lambda a: _sigmoid(a) * _sigmoid(-a), line("softplus")
    ),
    "silu": one(
        lambda a: a * _sigmoid(a),
        lambda a: [_sigmoid(a), a * _sigmoid(a) * _sigmoid(-a)],
        lambda a: [2 * _sigmoid(a) * _sigmoid(-a), -a * mp.tanh(a / 2) * _sigmoid(a) * _sigmoid(-a)],
        line("silu"),
    ),
    "gelu": one(
        lambda a: a * _erfc(-a / mp.sqrt(2)) / 2,
        lambda a: [_erfc(-a / mp.sqrt(2)) / 2, a * _normal(a)],
        lambda a: [2 * _normal(a), -a * a * _normal(a)],
        line("gelu"),
    ),
    "sum": Truth(lambda *xs: list(xs), lambda *xs: [mpf(1)] * len(xs), _flat, sequences("sum", -300.0, 300.0)),
    "prod": Truth(
        lambda *xs: mp.fprod(xs),
        lambda *xs: [_others(xs, i) for i in range(len(xs))],
        lambda *xs: [[mpf(0) if i == j else _others(xs, i, j) for j in range(len(xs))] for i in range(len(xs))],
        [p for n in range(9) for p in sequences(f"prod {n}", -280.0 / max(n, 1), 280.0 / max(n, 1), [n])],
    ),
    "logsumexp": Truth(_logsumexp, lambda *xs: _softmax(xs), _softmax_slopes, exponents("logsumexp")),
    "dot": Truth(
        _dot_terms, _dot_partials, _dot_seconds, sequences("dot", -140.0, 140.0, range(17)),
    ),
}
# fmt: on


# --- how errors are measured ----------------------------------------------------------------------------------

_LIMIT = mpf(2) ** 1024  # what an overflow is taken for
_OVERFLOW = _LIMIT * (1 - mpf(2) ** -54)  # numbers from here on are rounded to infinity


def _rounded(x: mpf) -> float:
    return math.copysign(math.inf, x) if abs(x) >= _OVERFLOW else float(x)


def _distance(got: float, exact: mpf) -> mpf:
    """abs(got - exact), where an infinity is right for a number beyond the largest float."""
    if got != got:
        return mp.inf
    if math.isinf(got):
        return mpf(0) if _rounded(exact) == got else abs(math.copysign(1.0, got) * _LIMIT - exact)
    return abs(got - exact)


def _terms(formula: Formula) -> list[mpf]:
    return formula if isinstance(formula, list) else [formula]


def value_error(got: float, formula: Formula) -> float:
    """The error of a value in units in the last place of the exact one.

    A sum is measured in the last place of the sum of its terms' magnitudes: rounding the terms alone makes an error
    of that size.
    """
    terms = _terms(formula)
    size = _rounded(mp.fsum(terms, absolute=True))
    return float(_distance(got, mp.fsum(terms)) / math.ulp(min(size, HUGE)))


def derivative_error(got: float, formula: Formula) -> float:
    """The relative error of a derivative: relative to its formula's largest term, and to FLOOR at least.

    A formula has one term, and the error is relative to the derivative itself, unless the derivative has a root
    between terms that cancel.
    """
    terms = _terms(formula)
    return float(_distance(got, mp.fsum(terms)) / max(FLOOR, *map(abs, terms)))


# --- readings -------------------------------------------------------------------------------------------------


def call(op: Op, operands: Sequence[Any]) -> Any:
    """`op` called as its users do, with numbers, Values or arrays."""
    if op is ops.dot:
        n = len(operands) // 2
        return op(operands[:n], operands[n : 2 * n], *operands[2 * n :])
    return op(operands) if op.arity is None else op(*operands)


def seconds(op: Op, point: Point) -> Iterator[tuple[float, ...]]:
    """For each partial of `op` its gradient: the rule read with Values, and differentiated backward."""
    for i in range(len(point)):
        operands = [Value(x) for x in point]
        partial = op.partials(*operands, call(op, operands))[i]
        if isinstance(partial, Value):
            partial.backward()
        yield tuple(x.grad for x in operands)


# --- the table ------------------------------------------------------------------------------------------------


@dataclass
class Worst:
    """The largest error seen, and where.

    Attributes
    ----------
    error : float
        The largest error.
    point : tuple of float
        The operands there.
    got, exact : float
        What was computed and what is right.
    summed : bool
        True if some formulas were sums of terms.
    """

    error: float = 0.0
    point: Point = ()
    got: float = 0.0
    exact: float = 0.0
    summed: bool = False

    def see(self, error: Callable[[float, Formula], float], got: float, formula: Formula, point: Point) -> None:
        """Compare one number with its formula."""
        if formula is None:
            return
        self.summed |= isinstance(formula, list)
        found = error(got, formula)
        if found > self.error:
            self.error, self.point, self.got = found, point, got
            self.exact = _rounded(mp.fsum(_terms(formula)))

    def __str__(self) -> str:
        return f"error {self.error:.3g} at {self.point}: got {self.got!r}, expected {self.exact!r}"


@dataclass(frozen=True)
class Row:
    """The worst errors of one operation over its points."""

    points: int
    value: Worst
    partials: Worst
    seconds: Worst


def _defined(formulas: Callable[..., Any], operands: Sequence[mpf]) -> Any:
    """The formulas at a point; none at a singularity, which is where they divide by zero."""
    try:
        return formulas(*operands)
    except ZeroDivisionError:
        return ()


def _finite(hessian: Sequence[Sequence[Formula]]) -> Sequence[Sequence[Formula]]:
    """A Hessian; none if a term of it is beyond the range of a float, for that is next to a singularity."""
    terms = [term for row in hessian for formula in row if formula is not None for term in _terms(formula)]
    return () if any(abs(term) >= _OVERFLOW for term in terms) else hessian


@cache
def measure(name: str) -> Row:
    """Compare one operation with its truth at all points.

    Examples
    --------
    >>> measure("neg").value.error
    0.0
    """
    op, truth = ops.OPS[name], TRUTHS[name]
    row = Row(len(truth.points), Worst(), Worst(), Worst())
    with mp.workdps(DIGITS):
        for point in truth.points:
            exact = [mpf(x) for x in point]
            row.value.see(value_error, call(op, point), truth.value(*exact), point)
            if not point:
                continue  # without operands there is nothing to record
            result = call(op, [Value(x) for x in point])
            for got, formula in zip(result.partials, _defined(truth.partials, exact)):
                row.partials.see(derivative_error, got, formula, point)
            for gots, formulas in zip(seconds(op, point), _finite(_defined(truth.seconds, exact))):
                for got, formula in zip(gots, formulas):
                    row.seconds.see(derivative_error, got, formula, point)
    return row


def _where(point: Point) -> str:
    shown = ", ".join(repr(x) if len(point) < 3 else f"{x:.4g}" for x in point[:3])
    return f"{shown}, ... ({len(point)} operands)" if len(point) > 3 else shown


def _cells(worst: Worst, target: float) -> str:
    if worst.error == 0.0:
        return "exact | "
    error = f"{worst.error:.2g}" + "†" * worst.summed
    return f"{error if worst.error <= target else f'**{error}**'} | {_where(worst.point)}"


def table() -> Iterator[str]:
    """The lines of the table of worst errors, in Markdown."""
    yield "| operation | points | value, ulp | at | first derivatives | at | second derivatives | at |"
    yield "|---|--:|--:|---|--:|---|--:|---|"
    for name in TRUTHS:
        row = measure(name)
        yield (
            f"| `{name}` | {row.points} | {_cells(row.value, VALUE_TARGET)} "
            f"| {_cells(row.partials, DERIVATIVE_TARGET)} | {_cells(row.seconds, DERIVATIVE_TARGET)} |"
        )


PAGE = Path(__file__).resolve().parent.parent / "docs" / "accuracy.md"

_HEADER = f"""# How exact the operations are

The worst error found of every operation's value, of its first derivatives (the partials, as a recorded node keeps
them) and of its second derivatives (each partial's rule read with Values and differentiated backward; all of the
Hessian). The truth is each operation's textbook formula with hand-derived derivatives, computed by mpmath with
{DIGITS} digits and more where a formula loses some. The points are random, of all magnitudes from 1e-300 to 1e300, near
zeros, ones, ties and roots and in the tails, and edges: zeros, subnormals, 1e±300, the largest float.

The targets are {VALUE_TARGET:g} ulp for values and {DERIVATIVE_TARGET:g} for derivatives.
Numbers that miss their target are in bold.

- A value's error is in units in the last place of the exact result. For sums (marked †), which cannot be better than
  their rounded terms, it is in the last place of the sum of the terms' magnitudes.
- A derivative's error is relative to the exact derivative. Where the derivative has a root between terms that cancel
  (marked †), it is relative to the largest term of the textbook formula. Derivatives below {FLOOR:g} are measured as if
  they were {FLOOR:g}.
- Not measured, for there is nothing to be exact about, or no float to say it with: derivatives at kinks and poles;
  a Hessian with a term beyond 1.8e308; `hypot` where its result is subnormal or overflows; derivatives of `pow`
  next to its pole, where `a**(b - 1)` (for second derivatives `a**(b - 2)`) overflows, and second derivatives where
  `a**b` underflows.

What the operations do at kinks, at infinities and with nan is PyTorch's convention, and tested as such.

This page is written by `python -m tests.accuracy --write`; without `--write` the table is printed.
"""


def page() -> str:
    """The page for the docs: how errors are measured, and the table."""
    libc = " ".join(platform.libc_ver()).strip() or platform.platform(terse=True)
    here = f"Measured with Python {platform.python_version()} on {platform.system()} {platform.machine()}, {libc}."
    return "\n".join([_HEADER + here + "\n", *table(), ""])


def main(arguments: Sequence[str]) -> int:
    """Print the table, or write the page; 1 if a target is missed."""
    if arguments not in ([], ["--write"]):
        print(f"usage: python -m tests.accuracy [--write], not {' '.join(arguments)}", file=sys.stderr)
        return 2
    if arguments:
        write_text(PAGE, page())
    else:
        for text in table():
            print(text, flush=True)
    rows = [measure(name) for name in TRUTHS]
    return int(any(missed for row in rows for missed in misses(row)))


def misses(row: Row) -> list[str]:
    """What of a row misses its target, in words."""
    targets = {"value": VALUE_TARGET, "partials": DERIVATIVE_TARGET, "seconds": DERIVATIVE_TARGET}
    return [f"{what}: {getattr(row, what)}" for what, target in targets.items() if getattr(row, what).error > target]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
