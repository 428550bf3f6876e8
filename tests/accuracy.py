"""What tests know of the operations, one entry for each row of ``autograd.ops``; and how exact the operations are.

`TRUTHS` defines every operation a second time, independently of the engine: by the textbook's formula, which ``jets``
differentiates at hundreds of digits, and by points at which to compare. It also has PyTorch's name of the operation,
the points at which we differ from PyTorch on purpose, and those at which it is smooth enough for random graphs. Other
tests take their lists of operations from ``autograd.ops`` and from here: a new operation needs a row there and an entry
in `TRUTHS`.

``test_ops`` asserts the targets. As a program, ``python -m tests.accuracy`` prints the table of worst errors, and with
``--write`` it rewrites ``docs/accuracy.md``; with names after that it measures those alone. Results at kinks, at
infinities and with nan are conventions, not a matter of accuracy: ``test_ops`` compares them with PyTorch's.
"""

from __future__ import annotations

import itertools
import math
import platform
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mpmath import mp, mpf

import autograd.ops as ops
from autograd import Op, Value, jacobian, write_text
from autograd.functional import leaves

from .jets import Index, Jet, Kink, Number, cos, exp, floor, integral, log, power, sin, sqrt, value, variables

VALUE_TARGET = 8.0
"""Largest error of a value, in ulp."""
DERIVATIVE_TARGETS = (1e-12, 1e-12, 1e-11, 1e-11)
"""Largest relative error of a derivative, by its order."""
TARGETS = (VALUE_TARGET, *DERIVATIVE_TARGETS)
ORDERS = len(DERIVATIVE_TARGETS)
"""The highest order of derivatives that is measured."""
FLOOR = 1e-290
"""Derivatives smaller than this are measured absolutely, as if they were this large."""
NEAR_ROOT = 1000
"""A root of a derivative counts as near if changing the operands by one part in NEAR_ROOT would reach it."""
DIGITS = 50
"""The truth has at least this many correct decimal digits."""

Point = tuple[float, ...]
Formula = Callable[..., Number]
"""A function of mpf numbers or of their Jets."""


Where = Callable[..., bool]
"""A condition on the operands."""


def everywhere(*operands: float) -> bool:
    return True


@dataclass(frozen=True)
class Truth:
    """What an operation should compute, and everything else that tests need to know about it.

    Attributes
    ----------
    formula : callable
        The textbook formula; applied to jets of the operands it gives its derivatives, too.
    points : list of tuple
        Operands to compare at.
    error_terms : callable
        The terms of the formula, if the error of its value is measured relative to their size; otherwise none.
    is_measured : callable
        ``is_measured(order, *operands)``: whether derivatives of this order are compared at a point.
    missed : dict
        The orders of derivatives that miss their target because no better rule in a simple form is known, and why.
    torch : callable, optional
        ``torch(torch)`` returns the function of 0-d tensors that does the same in PyTorch. If not given, it is the
        function of the operation's name in ``torch``, ``torch.special`` or ``torch.nn.functional``, the first found.
    accepted : dict
        Where we differ from PyTorch on purpose, and why: by what differs, ``"value"``, ``"slope"`` or ``"curvature"``.
    smooth : callable or str
        ``smooth(*operands)``: whether the operation is smooth at operands up to 3, with slopes that stay moderate: off
        its kinks, and away from its poles. Random graphs apply it only there. A text says why they never do.
    slope_error_scale : float
        If the slope is a difference of terms and has a root: the size of the terms, whose rounding is the slope's
        error near the root.
    """

    formula: Formula
    points: list[Point]
    error_terms: Callable[..., Sequence[mpf]] = lambda *operands: ()
    is_measured: Callable[..., bool] = lambda order, *operands: True
    missed: dict[int, str] = field(default_factory=dict)
    torch: Callable[[Any], Callable[..., Any]] | None = None
    accepted: dict[str, tuple[Where, str]] = field(default_factory=dict)
    smooth: Where | str = everywhere
    slope_error_scale: float = 0.0


class Truths(dict[str, Truth]):
    """The truths by operation's name; the error for a missing name says what to add."""

    def __missing__(self, name: str) -> Truth:
        raise LookupError(
            f"autograd/ops.py has the operation {name!r}, and tests/accuracy.py has no truth for it: add "
            f"\"{name}\": Truth(formula, points) to TRUTHS, with the textbook's formula in mpmath's numbers, such as "
            f'"{name}": Truth(lambda a: a / (1 + abs(a)), line("{name}"))'
        )


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
    """Points on the real line, those inside the domain."""
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
    """Bases and exponents: any exponent for a positive base, whole ones for a negative; results may be out of range."""
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
    """Sequences for logsumexp: numbers near to and far from each other and from 0, and ties."""
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
    """Points in space: some with a first coordinate from `first`, others with any."""
    rng = random.Random(seed)
    corners = (0.0, -0.0, 1.0, -1.0, 0.5, TINY, -NORMAL, 1e300, -HUGE)
    points: list[Point] = [(a, b, c) for a in first for b in corners for c in corners]
    points += [
        (power_of_ten(rng, -3.0, 3.0), power_of_ten(rng, -3.0, 3.0), power_of_ten(rng, -3.0, 3.0)) for _ in range(200)
    ]
    return points


# --- the mathematics ------------------------------------------------------------------------------------------


def digits(point: Point) -> int:
    """How many decimal digits to compute the truth with, so that at least DIGITS are left where its terms cancel.

    400 are enough for sums such as 1 + e**-700; for sums of squares twice the decades between the operands are added.
    """
    decades = [math.log10(abs(x)) for x in point if x]
    return 400 + 2 * math.ceil(max(0.0, *decades) - min(0.0, *decades)) if decades else 400


def _by_hand(at: Callable[[mpf], mpf], slope: Formula, lowest: float, highest: float) -> Formula:
    """A function that mpmath computes, with its derivative; constant outside the bounds, where mpmath fails."""
    return integral(lambda a: at(min(max(a, mpf(lowest)), mpf(highest))), slope)


_erf = _by_hand(mp.erf, lambda t: 2 / mp.sqrt(mp.pi) * exp(-t * t), -1e4, 1e4)
_erfc = _by_hand(mp.erfc, lambda t: -2 / mp.sqrt(mp.pi) * exp(-t * t), -1e4, 1e4)


def _ndtr(a: Number) -> Number:
    return _erfc(-a / mp.sqrt(2)) / 2


def _sigmoid(a: Number) -> Number:
    return 1 / (1 + exp(-a))


def _pow(a: Number, b: Number) -> Number:
    if value(a) > 0:
        return exp(b * log(a))
    if not isinstance(a, Jet):
        return a**b
    # A base of 0 or below has a whole exponent; derivatives with respect to the exponent do not exist and become nan.
    made = power(a, int(value(b))) if value(a) else math.prod([a] * int(value(b)), start=1 + 0 * a)
    unknown = {(i, j): mp.nan for i in range(a.order) for j in range(1, a.order + 1 - i)}
    return Jet(made.terms | unknown, a.order)


def _pow_in_range(order: int, a: mpf, b: mpf) -> bool:
    """Whether a**b and the powers in its derivatives fit into floats; near the pole of a**b they overflow."""
    if a == 0:
        return order <= 2
    return bool((order == 1 or abs(a**b) >= NORMAL) and abs(a ** (b - order)) < _OVERFLOW)


def _cbrt(a: Number) -> Number:
    return -power(-a, mpf(1) / 3) if a < 0 else power(a, mpf(1) / 3) if a > 0 else mpf(0)


def _atan2(y: Number, x: Number) -> Number:
    # All branches of the angle differ by constants, so that any of them gives the derivatives.
    angle = _atan(y / x) if value(x) else -_atan(x / y)
    return angle + (mp.atan2(value(y), value(x)) - value(angle))


_atan = integral(mp.atan, lambda t: 1 / (1 + t * t))


def _logsumexp(*xs: Number) -> Number:
    top = max(map(value, xs))
    return log(sum([exp(x - top) for x in xs])) + top


def _dot_terms(*operands: Number) -> list[Number]:
    n = len(operands) // 2
    return [w * x for w, x in zip(operands, operands[n : 2 * n])] + list(operands[2 * n :])


def _torch_elu(torch: Any) -> Callable[..., Any]:
    # PyTorch's alpha is a plain number without a gradient. Below 0, alpha * elu(a) is the same for a finite alpha.
    elu = torch.nn.functional.elu
    return lambda a, alpha: alpha * elu(a) if a < 0 and torch.isfinite(alpha) else elu(a, alpha.item())


def _torch_dot(torch: Any) -> Callable[..., Any]:
    def dot(*operands: Any) -> Any:
        n = len(operands) // 2
        if n == 0:
            return operands[0] + 0.0
        product = torch.dot(torch.stack(operands[:n]), torch.stack(operands[n : 2 * n]))
        return product + operands[-1] if len(operands) % 2 else product

    return dot


with mp.workdps(2000):
    # The constants for which mean 0 and variance 1 are a fixed point (Klambauer et al. 2017).
    _TAIL = mp.erfc(1 / mp.sqrt(2)) * mp.sqrt(mp.e)
    _SELU_ALPHA = mp.sqrt(2 / mp.pi) / (1 - _TAIL)
    _SELU_SCALE = (
        (1 - _TAIL)
        * mp.sqrt(2 * mp.pi)
        / mp.sqrt(2 * mp.erfc(mp.sqrt(2)) * mp.e**2 + mp.pi * _TAIL**2 - 2 * (2 + mp.pi) * _TAIL + mp.pi + 2)
    )

# fmt: off
TRUTHS = Truths({
    "add": Truth(lambda a, b: a + b, plane("add")),
    "sub": Truth(lambda a, b: a - b, plane("sub")),
    "mul": Truth(lambda a, b: a * b, plane("mul")),
    "div": Truth(
        lambda a, b: a / b, plane("div", lambda a, b: b != 0.0),
        smooth=lambda a, b: abs(b) > 0.3,
    ),
    "neg": Truth(lambda a: -a, line("neg")),
    "pow": Truth(_pow, powers("pow"), is_measured=_pow_in_range, smooth=lambda a, b: a > (0.1 if b > 0.0 else 0.5)),
    "positive": Truth(lambda a: a, line("positive")),
    "square": Truth(lambda a: a * a, line("square")),
    "reciprocal": Truth(
        lambda a: 1 / a, line("reciprocal", lambda a: a != 0.0),
        smooth=lambda a: abs(a) > 0.3,
    ),
    "sqrt": Truth(sqrt, line("sqrt", lambda a: a >= 0.0), smooth=lambda a: a > 0.1),
    "cbrt": Truth(
        _cbrt, line("cbrt"),
        torch=lambda torch: lambda a: torch.sign(a) * torch.abs(a) ** (1.0 / 3.0),
        accepted={
            "slope": (lambda a: a == 0.0, "PyTorch has no cbrt, and for sign * abs**(1/3) takes 0 * inf"),
        },
        smooth=lambda a: abs(a) > 0.1,
    ),
    "one_minus_square": Truth(
        lambda a: 1 - a * a, line("one_minus_square"),
        torch=lambda torch: lambda a: 1.0 - a * a,
    ),
    "floor_divide": Truth(
        lambda a, b: floor(a / b), plane("floor_divide", lambda a, b: b != 0.0),
        torch=lambda torch: lambda a, b: torch.div(a, b, rounding_mode="floor"),  # floor_divide itself has no gradient
        smooth="it is flat: what comes before it would have no gradient",
    ),
    "remainder": Truth(
        lambda a, b: a - b * floor(a / b), plane("remainder", lambda a, b: b != 0.0),
        smooth=lambda a, b: abs(b) > 0.3 and 0.01 < a / b % 1.0 < 0.99,
    ),
    "fmod": Truth(
        lambda a, b: abs(a) - abs(b) * floor(abs(a) / abs(b)) if a > 0 else abs(b) * floor(abs(a) / abs(b)) - abs(a),
        plane("fmod", lambda a, b: b != 0.0),
        accepted={
            "slope": (lambda a, b: math.isinf(a), "PyTorch's quotient is infinite where fmod is nan"),
        },
        smooth=lambda a, b: abs(b) > 0.3 and 0.01 < a / b % 1.0 < 0.99,
    ),
    "exp": Truth(exp, line("exp")),
    "expm1": Truth(
        lambda a: exp(a) - 1, line("expm1"),
        accepted={
            "slope": (lambda a: a < -4.0, "PyTorch takes out + 1, whose digits are lost below"),
        },
    ),
    "exp2": Truth(lambda a: exp(a * mp.log(2)), line("exp2")),
    "log": Truth(log, line("log", lambda a: a > 0.0), smooth=lambda a: a > 0.1),
    "log1p": Truth(lambda a: log(1 + a), line("log1p", lambda a: a > -1.0), smooth=lambda a: a > -0.9),
    "log2": Truth(lambda a: log(a) / mp.log(2), line("log2", lambda a: a > 0.0), smooth=lambda a: a > 0.1),
    "log10": Truth(lambda a: log(a) / mp.log(10), line("log10", lambda a: a > 0.0), smooth=lambda a: a > 0.1),
    "logaddexp": Truth(
        _logsumexp, plane("logaddexp") + [p for p in exponents("logaddexp") if len(p) == 2],
        error_terms=lambda a, b: [max(a, b), _logsumexp(a, b) - max(a, b)],
    ),
    "abs": Truth(abs, line("abs"), smooth=lambda a: abs(a) > 1e-6),
    "maximum": Truth(max, plane("maximum"), smooth=lambda a, b: abs(a - b) > 1e-6),
    "minimum": Truth(min, plane("minimum"), smooth=lambda a, b: abs(a - b) > 1e-6),
    "clip": Truth(
        lambda a, low, high: min(max(a, low), high), triples("clip", CORNERS),
        torch=lambda torch: torch.clamp,
        smooth=lambda a, low, high: min(abs(a - low), abs(a - high), high - low) > 1e-6,
    ),
    "where": Truth(
        lambda condition, a, b: a if condition else b, triples("where", (0.0, -0.0, 1.0, -1.0, TINY, HUGE)),
        torch=lambda torch: lambda condition, a, b: torch.where(condition != 0.0, a, b),
        smooth=lambda condition, a, b: abs(condition) > 1e-6,
    ),
    "sin": Truth(sin, line("sin")),
    "cos": Truth(cos, line("cos")),
    "tan": Truth(lambda a: sin(a) / cos(a), line("tan"), smooth=lambda a: abs(math.cos(a)) > 0.3),
    "asin": Truth(
        integral(mp.asin, lambda t: 1 / sqrt(1 - t * t)), interval("asin"),
        smooth=lambda a: abs(a) < 0.9,
    ),
    "acos": Truth(
        integral(mp.acos, lambda t: -1 / sqrt(1 - t * t)), interval("acos"),
        smooth=lambda a: abs(a) < 0.9,
    ),
    "atan": Truth(_atan, line("atan")),
    "atan2": Truth(
        _atan2, plane("atan2", lambda y, x: y != 0.0 or x > 0.0),
        accepted={
            "slope": (lambda y, x: 0.0 < math.hypot(y, x) < 1e-154, "PyTorch's x**2 + y**2 underflows"),
        },
        smooth=lambda y, x: abs(y) > 0.1 and abs(x) > 0.1,
    ),
    "hypot": Truth(
        lambda a, b: sqrt(a * a + b * b), plane("hypot", lambda a, b: NORMAL <= math.hypot(a, b) <= HUGE),
        smooth=lambda a, b: abs(a) > 0.1 and abs(b) > 0.1,
    ),
    "unit": Truth(
        lambda a, b: a / sqrt(a * a + b * b), plane("unit", lambda a, b: NORMAL <= math.hypot(a, b) <= HUGE),
        torch=lambda torch: lambda a, b: a / torch.hypot(a, b),
        accepted={
            "slope": (
                lambda a, b: math.isinf(math.hypot(a, b)) or 0.0 < math.hypot(a, b) < 1e-308,
                "PyTorch has no unit, and for a / hypot(a, b) takes inf * 0 elsewhere than we do",
            ),
        },
        smooth=lambda a, b: abs(a) > 0.1 and abs(b) > 0.1,
    ),
    "sinh": Truth(lambda a: (exp(a) - exp(-a)) / 2, line("sinh")),
    "cosh": Truth(lambda a: (exp(a) + exp(-a)) / 2, line("cosh")),
    "tanh": Truth(
        lambda a: (exp(a) - exp(-a)) / (exp(a) + exp(-a)), line("tanh"),
        accepted=dict.fromkeys(
            ("slope", "curvature"),
            (lambda a: abs(a) > 4.0, "PyTorch takes 1 - out**2, whose digits are lost in the tails"),
        ),
    ),
    "sech": Truth(
        lambda a: 2 / (exp(a) + exp(-a)), line("sech"),
        torch=lambda torch: lambda a: 1.0 / torch.cosh(a),
        accepted={
            "slope": (
                lambda a: abs(a) > 711.0,
                "PyTorch has no sech, and for 1/cosh takes 0 * inf where cosh overflows",
            ),
        },
    ),
    "asinh": Truth(
        integral(mp.asinh, lambda t: 1 / sqrt(1 + t * t)), line("asinh"),
        accepted={
            "slope": (lambda a: abs(a) > 1e154, "PyTorch's a*a + 1 overflows"),
        },
    ),
    "acosh": Truth(
        integral(mp.acosh, lambda t: 1 / sqrt(t * t - 1)), line("acosh", lambda a: a >= 1.0),
        accepted={
            "slope": (
                lambda a: a <= -1.0 or a > 1e154,
                "PyTorch takes (a*a - 1)**-0.5, which is a number where acosh is nan, and where a*a overflows 0",
            ),
        },
        smooth=lambda a: a > 1.1,
    ),
    "atanh": Truth(
        integral(mp.atanh, lambda t: 1 / (1 - t * t)), [p for p in interval("atanh") if abs(p[0]) < 1.0],
        smooth=lambda a: abs(a) < 0.9,
    ),
    "erf": Truth(_erf, line("erf")),
    "erfc": Truth(_erfc, line("erfc")),
    "ndtr": Truth(
        _ndtr, line("ndtr"),
        accepted={
            "value": (lambda a: a < -4.0, "PyTorch's loses its digits in the tail"),
        },
    ),
    "relu": Truth(lambda a: max(a, mpf(0)), line("relu"), smooth=lambda a: abs(a) > 1e-6),
    "leaky_relu": Truth(
        lambda a, slope: a if a > 0 else slope * a, plane("leaky_relu"),
        torch=lambda torch: lambda a, slope: torch.prelu(a.reshape(1), slope.reshape(1)).reshape(()),
        smooth=lambda a, slope: abs(a) > 1e-6,
    ),
    "elu": Truth(
        lambda a, alpha: a if a > 0 else alpha * (exp(a) - 1), plane("elu"),
        torch=_torch_elu,
        smooth=lambda a, alpha: abs(a) > 1e-6,
    ),
    "selu": Truth(
        lambda a: _SELU_SCALE * (a if a > 0 else _SELU_ALPHA * (exp(a) - 1)), line("selu"),
        smooth=lambda a: abs(a) > 1e-6,
    ),
    "sigmoid": Truth(
        _sigmoid, line("sigmoid"),
        accepted=dict.fromkeys(
            ("slope", "curvature"),
            (lambda a: a > 8.0, "PyTorch takes out * (1 - out), whose digits are lost above"),
        ),
    ),
    "softplus": Truth(
        lambda a: log(1 + exp(a)), line("softplus"),
        accepted={
            "value": (lambda a: 20.0 < a < 36.0, "PyTorch takes a itself above 20"),
            "slope": (lambda a: 20.0 < a < 36.0, "PyTorch takes 1 above 20"),
            "curvature": (lambda a: a > 20.0, "PyTorch takes a itself above 20"),
        },
    ),
    "silu": Truth(
        lambda a: a * _sigmoid(a), line("silu"),
        accepted={
            "curvature": (
                lambda a: abs(a) > 8.0, "PyTorch takes sigmoid * (1 - sigmoid), whose digits are lost in the tails",
            ),
        },
        slope_error_scale=0.25,
    ),
    "gelu": Truth(
        lambda a: a * _ndtr(a), line("gelu"),
        accepted={
            "value": (lambda a: a < -4.0, "PyTorch takes a * (1 + erf) / 2, whose digits are lost in the tail"),
            "slope": (lambda a: a < -4.0, "PyTorch takes (1 + erf) / 2, whose digits are lost in the tail"),
        },
        slope_error_scale=0.25,
    ),
    "sum": Truth(
        lambda *xs: sum(xs, mpf(0)), sequences("sum", -300.0, 300.0), error_terms=lambda *xs: xs,
        torch=lambda torch: lambda *xs: torch.sum(torch.stack(xs)),
    ),
    "prod": Truth(
        lambda *xs: math.prod(xs, start=mpf(1)),
        [p for n in range(9) for p in sequences(f"prod {n}", -280.0 / max(n, 1), 280.0 / max(n, 1), [n])],
        torch=lambda torch: lambda *xs: torch.prod(torch.stack(xs)),
        accepted={
            "slope": (
                lambda *xs: not all(map(math.isfinite, xs)) or math.isinf(math.prod(xs)),
                "PyTorch divides the product by the operand where we multiply the others: inf/inf and nan/nan are nan",
            ),
        },
    ),
    "logsumexp": Truth(
        _logsumexp, exponents("logsumexp"), error_terms=lambda *xs: [max(xs), _logsumexp(*xs) - max(xs)],
        missed=dict.fromkeys(
            (3, 4), "near ties; its derivatives are polynomials in the softmax, and some vanish at 1/2 or 1/3. For "
            "two operands `logaddexp` has all digits",
        ),
        torch=lambda torch: lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        accepted={
            "slope": (
                lambda *xs: xs.count(1e300) > 1 and max(xs) == 1e300,
                "PyTorch takes exp(x - out), and out has no digits left for the logarithm of 2",
            ),
        },
    ),
    "dot": Truth(
        lambda *operands: sum(_dot_terms(*operands), mpf(0)), sequences("dot", -140.0, 140.0, (*range(9), 12, 16)),
        error_terms=_dot_terms,
        torch=_torch_dot,
    ),
})
# fmt: on


def pytorchs(torch: Any, name: str) -> Callable[..., Any] | None:
    """PyTorch's function of that name, if there is one."""
    for place in (torch, torch.special, torch.nn.functional):
        if found := getattr(place, name, None):
            return found  # type: ignore[no-any-return]
    return None


def twin(torch: Any, name: str) -> Callable[..., Any]:
    """The function of 0-d tensors that does in PyTorch what the operation does here."""
    given = TRUTHS[name].torch
    found = pytorchs(torch, name) if given is None else given(torch)
    if found is None:
        raise LookupError(
            f"PyTorch has no function {name!r}: tell its truth in tests/accuracy.py how to compute it there, such as "
            "torch=lambda torch: lambda a: a / (1.0 + torch.abs(a))"
        )
    return found


def slopes(name: str, point: Point) -> list[float]:
    """The derivatives of the formula by each operand, for tests at ordinary points.

    >>> slopes("mul", (2.0, 3.0))
    [3.0, 2.0]
    """
    with mp.workdps(digits(point)):
        (row,) = exact_derivatives(TRUTHS[name], point, 1)
        return [float(row[counts((i,), len(point))][0]) for i in range(len(point))]


# --- how errors are measured ----------------------------------------------------------------------------------

_LIMIT = mpf(2) ** 1024  # stands for an infinite result when its error is computed
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


def value_error(got: float, exact: mpf, terms: Sequence[mpf] = ()) -> float:
    """The error of a value in units in the last place of the exact one.

    A sum is measured in the last place of the sum of its terms' magnitudes: rounding the terms alone makes an error
    of that size.
    """
    size = _rounded(mp.fsum(terms, absolute=True)) if terms else abs(_rounded(exact))
    return float(_distance(got, exact) / math.ulp(min(size, HUGE)))


def derivative_error(got: float, exact: mpf, swing: mpf | int = 0) -> float:
    """The relative error of a derivative: relative to the derivative, and to FLOOR at least.

    `swing` is the sum of abs(x * slope) over the operands x, where slope is the slope of the derivative itself:
    changing the operands by one part in NEAR_ROOT changes the derivative by up to swing / NEAR_ROOT. Near a root, where
    the derivative is smaller than that, the error is relative to that change.
    """
    return float(_distance(got, exact) / max(FLOOR, abs(exact), swing / NEAR_ROOT))


# --- what the engine computes -----------------------------------------------------------------------------------


def call(op: Op, operands: Sequence[Any]) -> Any:
    """`op` called as its users do, with numbers, Values or arrays."""
    if op is ops.dot:
        n = len(operands) // 2
        return op(operands[:n], operands[n : 2 * n], *operands[2 * n :])
    return op(operands) if op.arity is None else op(*operands)


def derivatives(op: Op, point: Point, order: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """All derivatives of an order, as the engine computes them: the operands to differentiate by, and the derivative.

    The first derivatives are the partials that a recorded node keeps. For the second, each partial's rule is applied
    to Values and differentiated backward; the higher ones come from `jacobian` of the rules.
    """
    n = len(point)
    if order == 1:
        yield from (((i,), slope) for i, slope in enumerate(call(op, [Value(x) for x in point]).partials))
    elif order == 2:
        for i in range(n):
            operands = [Value(x) for x in point]
            partial = op.partials(*operands, call(op, operands))[i]
            if isinstance(partial, Value):
                partial.backward()
            yield from (((i, j), x.grad) for j, x in enumerate(operands))
    else:

        def nested(operands: list[Any]) -> list[Any]:
            return list(op.partials(*operands, call(op, operands)))

        for _ in range(order - 1):
            nested = jacobian(nested)
        yield from zip(itertools.product(range(n), repeat=order), leaves(nested(list(point))))


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
        The computed and the exact number there.
    lenient : bool
        True if the error there is relative to more than the exact number itself: to the terms of a sum, or next to a
        root.
    """

    error: float = 0.0
    point: Point = ()
    got: float = 0.0
    exact: float = 0.0
    lenient: bool = False

    def see(self, error: float, got: float, exact: mpf, point: Point, lenient: bool) -> None:
        """Take note of one error."""
        if error > self.error:
            self.error, self.point, self.got, self.exact, self.lenient = error, point, got, _rounded(exact), lenient

    def __str__(self) -> str:
        return f"error {self.error:.3g} at {self.point}: got {self.got!r}, expected {self.exact!r}"


@dataclass(frozen=True)
class Row:
    """The worst errors of one operation over its points: of the value, then of the derivatives, order by order."""

    points: int
    worst: list[Worst]


def _chosen(points: list[Point]) -> set[Point]:
    """The points at which the third and fourth derivatives are compared as well."""
    rng = random.Random(0)
    few = [point for point in points if 0 < len(point) <= 3 and all(x == 0 or 1e-75 < abs(x) < 1e75 for x in point)]
    count = {1: 150, 2: 60, 3: 12}
    chosen: set[Point] = set()
    for n, size in count.items():
        same = [point for point in few if len(point) == n]
        chosen.update(rng.sample(same, min(size, len(same))))
    return chosen


def counts(by: tuple[int, ...], n: int) -> Index:
    """How often each of n operands occurs among those to differentiate by, one after the other.

    >>> counts((0, 2, 0), 3)
    (2, 0, 1)
    """
    return tuple([by.count(i) for i in range(n)])


def exact_derivatives(truth: Truth, point: Point, orders: int) -> list[dict[Index, tuple[mpf, mpf]]]:
    """For each order all derivatives with their swings, up to the last order that exists and fits into floats."""
    exact = [mpf(x) for x in point]
    operands = variables(exact, orders + 1)
    try:
        jet = truth.formula(*operands) + 0 * operands[0]  # a jet, even if it is constant
    except (Kink, ZeroDivisionError):
        return []
    n, found = len(point), []
    for order in range(1, orders + 1):
        row: dict[Index, tuple[mpf, mpf]] = {}
        for by in itertools.combinations_with_replacement(range(n), order):
            above = [x * jet.derivative(counts((*by, k), n)) for k, x in enumerate(exact)]
            row[counts(by, n)] = jet.derivative(counts(by, n)), mp.fsum(above, absolute=True)
        if order > 1 and any(abs(d) >= _OVERFLOW for d, _ in row.values()):
            break
        found.append(row if truth.is_measured(order, *exact) else {})
    return found


@cache
def measure(name: str) -> Row:
    """Compare one operation with its truth at all points.

    Examples
    --------
    >>> measure("neg").worst[0].error
    0.0
    """
    op, truth = ops.OPS[name], TRUTHS[name]
    worst = [Worst() for _ in range(ORDERS + 1)]
    chosen = _chosen(truth.points)
    for point in truth.points:
        with mp.workdps(digits(point)):
            operands = [mpf(x) for x in point]
            exact, terms = truth.formula(*operands), truth.error_terms(*operands)
            got = call(op, point)
            worst[0].see(value_error(got, exact, terms), got, exact, point, bool(terms))
            if not point:
                continue  # without operands there is nothing to differentiate
            rows = exact_derivatives(truth, point, ORDERS if point in chosen else 2)
            for order, row in enumerate(rows, 1):
                for by, got in derivatives(op, point, order):
                    exact, swing = row.get(counts(by, len(point)), (mp.nan, 0))
                    if not mp.isnan(exact):
                        error = derivative_error(got, exact, swing)
                        worst[order].see(error, got, exact, point, swing / NEAR_ROOT > abs(exact))
    return Row(len(truth.points), worst)


def _where(point: Point) -> str:
    shown = ", ".join(repr(x) if len(point) < 3 else f"{x:.4g}" for x in point[:3])
    return f"{shown}, ... ({len(point)} operands)" if len(point) > 3 else shown


def _cells(worst: Worst, target: float) -> str:
    if worst.error == 0.0:
        return "exact | "
    error = f"{worst.error:.2g}" + "†" * worst.lenient
    return f"{error if worst.error <= target else f'**{error}**'} | {_where(worst.point)}"


def table(names: Sequence[str] = ()) -> Iterator[str]:
    """The lines of the table of worst errors, in Markdown; with names, other operations keep their lines."""
    yield "| operation | points | value, ulp | at | first derivatives | at | second | at | third | at | fourth | at |"
    yield "|---|--:" + "|--:|---" * len(TARGETS) + "|"
    for name in TRUTHS:
        line = written(name) if names and name not in names else None
        if line is None:
            row = measure(name)
            line = f"| `{name}` | {row.points} | {' | '.join(map(_cells, row.worst, TARGETS))} |"
        yield line


PAGE = Path(__file__).resolve().parent.parent / "docs" / "accuracy.md"


def written(name: str) -> str | None:
    """An operation's line in the page, if it has one."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return next((line for line in lines if line.startswith(f"| `{name}` ")), None)


def _reasons() -> str:
    """Which targets are missed, and why."""
    reasons: dict[tuple[str, str], list[int]] = {}
    for name, truth in TRUTHS.items():
        for order, reason in truth.missed.items():
            reasons.setdefault((name, reason), []).append(order)
    return "; ".join(
        f"derivatives of `{name}` of order {' and '.join(map(str, orders))} ({reason})"
        for (name, reason), orders in reasons.items()
    )


_HEADER = f"""# How exact the operations are

The worst error found of every operation's value and of its derivatives up to the fourth order, the mixed ones of
several operands included. The first derivatives are the partials, as a recorded node keeps them; higher ones are made
from the rules, as `grad(grad(f))` makes them. The truth is each operation's textbook formula, differentiated as a
Taylor series with so many digits (400 to 1,700, by mpmath) that more than {DIGITS} are right. The points are random, of
all magnitudes from 1e-300 to 1e300, near zeros, ones, ties and roots and in the tails, and edges: zeros, subnormals,
1e±300, the largest float. Third and fourth derivatives are compared at some of the points between 1e-75 and 1e75, whose
fourth powers are floats, and of no more than three operands.

The targets are {VALUE_TARGET:g} ulp for values, {DERIVATIVE_TARGETS[0]:g} for first and second derivatives and \
{DERIVATIVE_TARGETS[2]:g} for third and fourth ones.
Numbers that miss their target are in bold: {_reasons()}.

- A value's error is in units in the last place of the exact result. For sums (marked †), which cannot be better than
  their rounded terms, it is in the last place of the sum of the terms' magnitudes.
- A derivative's error is relative to the exact derivative, also where terms of its formula cancel. Only next to a root
  of the derivative itself, so near that a change of the operands by one part in {NEAR_ROOT} would double it or more \
(marked
  †), or far out where it falls as steeply, it is relative to that change. Derivatives below {FLOOR:g} are measured as
  if they were {FLOOR:g}.
- Not measured, for there is nothing to be exact about, or no float to say it with: derivatives at kinks and poles;
  derivatives from the second order on where one of that order is beyond 1.8e308; `hypot` where its result is subnormal
  or overflows; derivatives of `pow` next to its pole, where `a**(b - n)` overflows, n being the order, and from the
  second on where `a**b` underflows.

What the operations do at kinks, at infinities and with nan is PyTorch's convention, and tested as such.

This page is written by `python -m tests.accuracy --write`, one line of it by `python -m tests.accuracy --write tanh`;
without `--write` the table is printed.
"""


def page(names: Sequence[str] = ()) -> str:
    """The page for the docs: how errors are measured, and the table; with names, other operations keep their lines."""
    libc = " ".join(platform.libc_ver()).strip() or platform.platform(terse=True)
    machine = f"{platform.system()} {platform.machine()}, {libc}"
    measured = [f"Measured with Python {platform.python_version()} on {machine}."]
    if names:
        kept = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("Measured with ")]
        those = ", ".join(f"`{name}`" for name in names)
        measured = kept if measured[0] in kept else [*kept, f"{measured[0][:-1]}: {those}."]
    return "\n".join([_HEADER + "\n".join(measured) + "\n", *table(names), ""])


def main(arguments: Sequence[str]) -> int:
    """Print the table, or write the page; returns 1 if the missed targets are not those in `Truth.missed`."""
    write, names = arguments[:1] == ["--write"], arguments[1:]
    if (arguments and not write) or not TRUTHS.keys() >= {*names}:
        said = " ".join(arguments)
        print(f"usage: python -m tests.accuracy [--write [operation ...]], not {said}", file=sys.stderr)
        return 2
    if write:
        write_text(PAGE, page(names))
    else:
        for text in table():
            print(text, flush=True)
    return int(any(misses(name).keys() != TRUTHS[name].missed.keys() for name in names or TRUTHS))


def misses(name: str) -> dict[int, str]:
    """The orders of derivatives (0 for the value) at which an operation misses its target, with the worst error."""
    found = enumerate(zip(measure(name).worst, TARGETS))
    return {order: str(worst) for order, (worst, target) in found if worst.error > target}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
