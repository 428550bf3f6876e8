"""The operation table: accuracy against mpmath, agreement of its readings, and PyTorch's conventions at the edges.

The mathematics and the points are ``tests.accuracy``'s. The operators and methods that ``value.py`` writes out for
speed, and a user's own operations, are held to the table in ``test_rules``.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from mpmath import mp, mpf

import autograd.ops as ops
from autograd import Op, Value, grad, hessian

from . import accuracy
from .accuracy import HUGE, TINY, TRUTHS, Point, call

inf, nan = math.inf, math.nan

every_operation = pytest.mark.parametrize("name", sorted(ops.BUILTIN))


def identical(x: float, y: float) -> bool:
    """Equal to the last bit, sign of zero included; nan is nan."""
    return (x == y and math.copysign(1.0, x) == math.copysign(1.0, y)) or (x != x and y != y)


def agree(x: float, y: float, size: float = 0.0) -> bool:
    """Equal but for rounding, of numbers as large as `size`; zeros of either sign are equal, and nan is nan."""
    return x == y or (x != x and y != y) or math.isclose(x, y, rel_tol=1e-12, abs_tol=max(1e-300, 1e-12 * size))


# --- the edges: where conventions decide --------------------------------------------------------------------------

_LINE = (0.0, inf, 1.0, 0.5, 2.0, 5.0, 9.0, 22.0, 30.0, 38.4, 40.0, 750.0, 1e300, HUGE, TINY, 1e-300)
_PLANE = (0.0, -0.0, inf, -inf, nan, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 1e300, -1e300, TINY, -TINY)
_SPACE = (0.0, -0.0, inf, -inf, nan, 1.0, -2.0, 1e300)


def edges(op: Op) -> list[Point]:
    """The whole grid of edge operands: for sequences, of every length up to that of all corners in space."""
    if op.arity == 1:
        return [*((sign * a,) for a in _LINE for sign in (1.0, -1.0)), (nan,)]
    if op.arity == 2:
        return list(itertools.product(_PLANE, repeat=2))
    lengths = [3] if op.arity == 3 else [1, 2, 3, 4] if op is ops.dot else [1, 2, 3]
    return [point for n in lengths for point in itertools.product(_SPACE, repeat=n)]


def test_every_operation_has_its_truth() -> None:
    assert TRUTHS.keys() == ops.BUILTIN


# --- accuracy -----------------------------------------------------------------------------------------------------


@every_operation
def test_errors_are_within_the_targets(name: str) -> None:
    misses = accuracy.misses(name)
    assert misses.keys() == TRUTHS[name].missed.keys(), misses


def _some(points: list[Point], count: int, inside: Callable[[float], bool]) -> list[Point]:
    chosen = [p for p in points if 0 < len(p) <= 3 and all(map(inside, p))]
    return random.Random(0).sample(chosen, min(count, len(chosen)))


@every_operation
def test_the_truth_differentiates_itself(name: str) -> None:
    """The jets have the derivatives of the formula: mpmath's numeric differentiation says so."""
    truth = TRUTHS[name]
    with mp.workdps(60):
        for point in _some(truth.points, 3, lambda x: 1e-2 < abs(x) < 30.0):
            at = tuple(map(mpf, point))
            for row in accuracy.exact_derivatives(truth, point, 4 if len(point) == 1 else 3):
                for index, (exact, _) in row.items():
                    if not mp.isnan(exact):
                        numeric = mp.diff(truth.formula, at, index)
                        assert abs(exact - numeric) <= 1e-20 * max(1, abs(numeric)), (point, index)


@every_operation
def test_the_truth_has_its_digits(name: str) -> None:
    """With twice as many digits the same comes out."""
    truth = TRUTHS[name]
    for point in _some(truth.points, 20, lambda x: True):
        enough = accuracy.digits(point)
        rows = []
        for digits in (enough, 2 * enough):
            with mp.workdps(digits):
                value = truth.formula(*map(mpf, point))
                derivatives = accuracy.exact_derivatives(truth, point, 2)
                rows.append([value, *(d for row in derivatives for pair in row.values() for d in pair)])
        for x, y in zip(*rows, strict=True):
            assert abs(x - y) <= mpf(10) ** -accuracy.DIGITS * max(abs(y), accuracy.FLOOR) or mp.isnan(y), point


def test_measures_of_error() -> None:
    ulp = 2.0**-52
    assert accuracy.value_error(1.0 + 3 * ulp, mpf(1)) == 3.0
    assert accuracy.value_error(0.0, mpf(TINY)) == 1.0
    assert accuracy.value_error(inf, mpf(2) ** 1024) == 0.0
    assert accuracy.value_error(HUGE, mpf(2) ** 1030) > 1e15
    assert accuracy.value_error(-inf, mpf(2) ** 1024) > 1e15
    assert accuracy.value_error(inf, mpf(HUGE)) == 1.0
    assert accuracy.value_error(nan, mpf(1)) == inf
    assert accuracy.value_error(4 * ulp, mpf(0), [mpf(1), mpf(-1)]) == 2.0  # the terms' magnitudes add up to 2
    assert accuracy.derivative_error(1.5, mpf(1)) == 0.5
    assert accuracy.derivative_error(0.0, mpf("1e-8")) == 1.0
    assert accuracy.derivative_error(0.0, mpf(1), swing=mpf(accuracy.ROOT) / 2) == 1.0
    assert accuracy.derivative_error(0.0, mpf(1), swing=mpf(accuracy.ROOT) * 4) == 0.25
    assert accuracy.derivative_error(0.0, mpf(1e-289)) == 1.0
    assert accuracy.derivative_error(0.0, mpf(accuracy.FLOOR) / 2) == 0.5
    assert accuracy.derivative_error(nan, mpf(0)) == inf


@every_operation
def test_the_page_shows_this_table(name: str) -> None:
    row = accuracy.measure(name)
    lines = [line for line in accuracy.PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` ")]
    assert len(lines) == 1, "run python -m tests.accuracy --write"
    assert lines[0].startswith(f"| `{name}` | {row.points} |"), "run python -m tests.accuracy --write"
    assert ("**" in lines[0]) == bool(accuracy.misses(name)), "run python -m tests.accuracy --write"


def test_wrong_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert accuracy.main(["--wirte"]) == 2
    assert capsys.readouterr().err == "usage: python -m tests.accuracy [--write], not --wirte\n"


# --- readings -----------------------------------------------------------------------------------------------------


@every_operation
def test_floats_and_values_read_alike(name: str) -> None:
    op = ops.OPS[name]
    for point in TRUTHS[name].points + edges(op):
        if not point:
            continue
        leaves = [Value(x) for x in point]
        node = call(op, leaves)
        slopes = op.slopes(*point, node.data)
        assert identical(call(op, point), node.data), point
        assert all(map(identical, node.partials, slopes)), point
        node.backward()
        assert all(leaf.grad == slope or leaf.grad != leaf.grad for leaf, slope in zip(leaves, slopes)), point
        read = [getattr(partial, "data", partial) for partial in op.partials(*leaves, node)]
        assert all(map(identical, read, slopes)), point


def test_no_operands() -> None:
    assert ops.sum([]) == 0.0
    assert ops.prod([]) == 1.0
    assert ops.dot([], []) == 0.0
    assert ops.dot([], [], 3.0) == 3.0
    assert ops.logsumexp([]) == -inf


@every_operation
def test_floats_and_arrays_read_alike(name: str) -> None:
    numpy = pytest.importorskip("numpy")
    op = ops.OPS[name]
    points = TRUTHS[name].points + edges(op)
    for n in {len(point) for point in points if point}:
        same_length = [point for point in points if len(point) == n]
        arrays = [numpy.array(column) for column in zip(*same_length)]
        values = [call(op, point) for point in same_length]
        # Where terms cancel, readings may differ by the rounding of the terms.
        sizes = [max(map(abs, point)) if op is ops.logsumexp else 0.0 for point in same_length]
        for point, mine, theirs, size in zip(same_length, values, call(op, arrays), sizes):
            assert agree(mine, theirs, size), (point, mine, theirs)
        with numpy.errstate(all="ignore"):
            slopes = op.partials(*arrays, numpy.array(values))
        columns = [numpy.broadcast_to(slope, len(same_length)) for slope in slopes]
        for point, value, read in zip(same_length, values, zip(*columns)):
            expected = op.slopes(*point, value)
            assert all(map(agree, expected, read)), (point, expected, read)


# --- conventions --------------------------------------------------------------------------------------------------


def torch_functions(torch: Any) -> dict[str, Callable[..., Any]]:
    functional = torch.nn.functional

    def over_sequence(function: Callable[[Any], Any]) -> Callable[..., Any]:
        return lambda *xs: function(torch.stack(xs))

    def dot(*operands: Any) -> Any:
        n = len(operands) // 2
        if n == 0:
            return operands[0] + 0.0
        product = torch.dot(torch.stack(operands[:n]), torch.stack(operands[n : 2 * n]))
        return product + operands[-1] if len(operands) % 2 else product

    return {
        **{name: getattr(torch, name) for name in ops.BUILTIN if hasattr(torch, name)},
        "cbrt": lambda a: torch.sign(a) * torch.abs(a) ** (1.0 / 3.0),
        "clip": torch.clamp,
        "floor_divide": lambda a, b: torch.div(a, b, rounding_mode="floor"),  # floor_divide itself has no gradient
        "one_minus_square": lambda a: 1.0 - a * a,
        "unit": lambda a, b: a / torch.hypot(a, b),
        "where": lambda condition, a, b: torch.where(condition != 0.0, a, b),
        "ndtr": torch.special.ndtr,
        "relu": functional.relu,
        "leaky_relu": lambda a, slope: functional.prelu(a.reshape(1), slope.reshape(1)).reshape(()),
        "elu": lambda a, alpha: functional.elu(a, alpha.item()),  # alpha is a constant there
        "sech": lambda a: 1.0 / torch.cosh(a),
        "selu": functional.selu,
        "softplus": functional.softplus,
        "silu": functional.silu,
        "gelu": functional.gelu,
        "sum": over_sequence(torch.sum),
        "prod": over_sequence(torch.prod),
        "logsumexp": over_sequence(lambda xs: torch.logsumexp(xs, 0)),
        "dot": dot,
    }


ACCEPTED: dict[tuple[str, str], tuple[Callable[..., bool], str]] = {
    ("acosh", "slope"): (
        lambda a: a <= -1.0 or a > 1e154,
        "PyTorch takes (a*a - 1)**-0.5, which is a number where acosh is nan, and where a*a overflows 0",
    ),
    ("asinh", "slope"): (lambda a: abs(a) > 1e154, "PyTorch's a*a + 1 overflows"),
    ("cbrt", "slope"): (lambda a: a == 0.0, "PyTorch has no cbrt, and for sign * abs**(1/3) takes 0 * inf"),
    ("fmod", "slope"): (lambda a, b: math.isinf(a), "PyTorch's quotient is infinite where fmod is nan"),
    ("unit", "slope"): (
        lambda a, b: math.isinf(math.hypot(a, b)) or 0.0 < math.hypot(a, b) < 1e-308,
        "PyTorch has no unit, and for a / hypot(a, b) takes inf * 0 elsewhere than we do",
    ),
    ("expm1", "slope"): (lambda a: a < -4.0, "PyTorch takes out + 1, whose digits are lost below"),
    ("tanh", "slope"): (lambda a: abs(a) > 4.0, "PyTorch takes 1 - out**2, whose digits are lost in the tails"),
    ("sigmoid", "slope"): (lambda a: a > 8.0, "PyTorch takes out * (1 - out), whose digits are lost above"),
    ("softplus", "value"): (lambda a: 20.0 < a < 36.0, "PyTorch takes a itself above 20"),
    ("softplus", "slope"): (lambda a: 20.0 < a < 36.0, "PyTorch takes 1 above 20"),
    ("ndtr", "value"): (lambda a: a < -4.0, "PyTorch's loses its digits in the tail"),
    ("gelu", "value"): (lambda a: a < -4.0, "PyTorch takes a * (1 + erf) / 2, whose digits are lost in the tail"),
    ("gelu", "slope"): (lambda a: a < -4.0, "PyTorch takes (1 + erf) / 2, whose digits are lost in the tail"),
    ("atan2", "slope"): (lambda y, x: 0.0 < math.hypot(y, x) < 1e-154, "PyTorch's x**2 + y**2 underflows"),
    ("sech", "slope"): (
        lambda a: abs(a) > 711.0,
        "PyTorch has no sech, and for 1/cosh takes 0 * inf where cosh overflows",
    ),
    ("logsumexp", "slope"): (
        lambda *xs: xs.count(1e300) > 1 and max(xs) == 1e300,
        "PyTorch takes exp(x - out), and out has no digits left for the logarithm of 2",
    ),
    ("prod", "slope"): (
        lambda *xs: not all(map(math.isfinite, xs)) or math.isinf(math.prod(xs)),
        "PyTorch divides the product by the operand where we multiply the others: inf/inf and nan/nan are nan",
    ),
}
"""Where we differ from PyTorch on purpose, and why: by operation, and by what differs."""


def _torch_differences(torch: Any, name: str) -> Iterator[tuple[str, Point, float, float]]:
    op, function = ops.OPS[name], torch_functions(torch)[name]
    for point in edges(op):
        node = call(op, [Value(x) for x in point])
        tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
        result = function(*tensors)
        if not agree(node.data, result.item()):
            yield "value", point, node.data, result.item()
        slopes = torch.autograd.grad(result, tensors, allow_unused=True)
        for mine, theirs in zip(node.partials, slopes):
            if theirs is not None and not agree(mine, theirs.item()):
                yield "slope", point, mine, theirs.item()


@every_operation
def test_conventions_are_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch", reason="the conventions at edges are PyTorch's")
    unknown = []
    used = set()
    for what, point, mine, theirs in _torch_differences(torch, name):
        covers, _ = ACCEPTED.get((name, what), (lambda *xs: False, ""))
        if covers(*point):
            used.add(what)
        else:
            unknown.append(f"{what} at {point}: {mine} here, {theirs} in PyTorch")
    assert unknown == []
    assert used == {what for other, what in ACCEPTED if other == name}, "an accepted difference is no more"


CURVATURES: dict[str, tuple[Callable[..., bool], str]] = {
    "softplus": (lambda a: a > 20.0, "PyTorch takes a itself above 20"),
    "sigmoid": (lambda a: a > 8.0, "PyTorch takes out * (1 - out), whose digits are lost above"),
    "tanh": (lambda a: abs(a) > 4.0, "PyTorch takes 1 - out**2, whose digits are lost in the tails"),
    "gelu": (lambda a: a < -4.0, "PyTorch's normal distribution loses its digits in the tail"),
    "silu": (lambda a: abs(a) > 8.0, "PyTorch takes sigmoid * (1 - sigmoid), whose digits are lost in the tails"),
}
"""Where our second derivatives differ from PyTorch's, and why."""

ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh", "softplus", "silu", "gelu", "abs")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_second_derivatives_of_activations_are_pytorchs(name: str) -> None:
    """At kinks too: on the kink they are 0."""
    torch = pytest.importorskip("torch", reason="the conventions at kinks are PyTorch's")
    op, function = ops.OPS[name], torch_functions(torch)[name]
    known = CURVATURES.get(name, (lambda a: False, ""))[0]
    for rest in [()] if op.arity == 1 else [(0.3,), (1.0,), (2.0,)]:
        for (a,) in edges(ops.relu):
            if not abs(a) < 1e3 or known(a):
                continue
            x = torch.tensor(a, dtype=torch.float64, requires_grad=True)
            (slope,) = torch.autograd.grad(
                function(x, *[torch.tensor(b, dtype=torch.float64) for b in rest]), x, create_graph=True
            )
            theirs = torch.autograd.grad(slope, x)[0].item() if slope.requires_grad else 0.0
            mine = grad(grad(lambda a, rest=rest: op(a, *rest)))(a)
            assert agree(mine, theirs), (a, rest, mine, theirs)


@pytest.mark.parametrize("exponent", [0.0, -0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, -0.5, inf, -inf, nan])
def test_a_number_in_the_exponent_as_in_pytorch(exponent: float) -> None:
    torch = pytest.importorskip("torch", reason="the conventions at edges are PyTorch's")
    for base in _PLANE:
        if abs(exponent) == 0.5 and str(base) in ("-0.0", "-inf"):
            continue  # there PyTorch takes sqrt for the number 0.5, but C's pow, as we do, for a tensor
        x = Value(base)
        y = x**exponent
        y.backward()
        tensor = torch.tensor(base, dtype=torch.float64, requires_grad=True)
        result = tensor**exponent
        result.backward()
        assert agree(y.data, result.item()), (base, y.data, result.item())
        assert agree(x.grad, tensor.grad.item()), (base, x.grad, tensor.grad.item())


@pytest.mark.parametrize(
    ("name", "at", "curvature"),
    [
        # Limits from the inside, of x (1 - x*x)**-1.5 and the like.
        ("asin", 1.0, inf), ("asin", -1.0, -inf), ("acos", 1.0, -inf), ("acos", -1.0, inf), ("acosh", 1.0, -inf),
        ("atanh", 1.0, inf), ("atanh", -1.0, -inf), ("sqrt", 0.0, -inf), ("log", 0.0, -inf), ("log1p", -1.0, -inf),
        ("reciprocal", 0.0, inf), ("reciprocal", -0.0, -inf),
        # Limits at infinity.
        *((name, sign * inf, 0.0) for sign in (1.0, -1.0) for name in (
            "atan", "asinh", "cbrt", "erf", "erfc", "ndtr", "reciprocal", "sech", "sigmoid", "softplus", "tanh",
        )),
        *((name, inf, 0.0) for name in ("acosh", "log", "log1p", "log2", "log10", "sqrt", "elu", "selu", "relu")),
        *((name, -inf, 0.0) for name in ("exp", "expm1", "exp2", "elu", "selu", "relu")),
        *((name, inf, inf) for name in ("exp", "expm1", "exp2", "sinh", "cosh")),
        # Next to 0, where the terms of a careless rule cancel: derived by hand.
        ("asin", 1e-20, 1e-20), ("acos", 1e-20, -1e-20), ("atanh", 1e-20, 2e-20), ("asinh", 1e-20, -1e-20),
        ("sigmoid", 1e-20, -1.25e-21), ("tanh", 1e-20, -2e-20), ("atan", 1e-20, -2e-20),
    ],
)  # fmt: skip
def test_second_derivatives_at_the_edges(name: str, at: float, curvature: float) -> None:
    op = ops.OPS[name]
    assert agree(grad(grad(lambda a: op(a)))(at), curvature)


def test_the_hessian_of_hypot_far_from_the_diagonal() -> None:
    """(b*b, -a*b, a*a) / r**3."""
    (aa, ab), (ba, bb) = hessian(lambda p: ops.hypot(*p))([3e-9, 1.0])
    assert all(map(agree, (aa, ab, ba, bb), (1.0, -3e-9, -3e-9, 9e-18)))


# --- edges without PyTorch ----------------------------------------------------------------------------------------


def _limits() -> Sequence[tuple[str, Point, float, tuple[float, ...]]]:
    ln2 = math.log(2.0)
    return [
        # The definition's own limits, from a table of limits; slopes at kinks are the subgradient that is named.
        ("relu", (0.0,), 0.0, (0.0,)),
        ("abs", (0.0,), 0.0, (0.0,)),
        ("abs", (-inf,), inf, (-1.0,)),
        ("maximum", (1.0, 1.0), 1.0, (0.5, 0.5)),
        ("minimum", (inf, inf), inf, (0.5, 0.5)),
        ("clip", (1.0, 0.0, 1.0), 1.0, (1.0, 0.0, 0.0)),
        ("leaky_relu", (0.0, 0.3), 0.0, (0.3, 0.0)),
        ("pow", (0.0, 0.0), 1.0, (0.0, 0.0)),
        ("pow", (0.0, -1.0), inf, (-inf, -inf)),
        ("sqrt", (0.0,), 0.0, (inf,)),
        ("log", (0.0,), -inf, (inf,)),
        ("log", (-1.0,), nan, (-1.0,)),
        ("div", (1.0, -0.0), -inf, (-inf, -inf)),
        ("exp", (inf,), inf, (inf,)),
        ("exp", (-inf,), 0.0, (0.0,)),
        ("sigmoid", (inf,), 1.0, (0.0,)),
        ("sigmoid", (-inf,), 0.0, (0.0,)),
        ("tanh", (-inf,), -1.0, (0.0,)),
        ("softplus", (-inf,), 0.0, (0.0,)),
        ("softplus", (0.0,), ln2, (0.5,)),
        ("erfc", (inf,), 0.0, (-0.0,)),
        ("sin", (inf,), nan, (nan,)),
        ("prod", (0.0, 2.0, 3.0), 0.0, (6.0, 0.0, 0.0)),
        ("logsumexp", (-inf, 1.0), 1.0, (0.0, 1.0)),
    ]


@pytest.mark.parametrize(("name", "point", "value", "slopes"), _limits())
def test_edges(name: str, point: Point, value: float, slopes: tuple[float, ...]) -> None:
    node = call(ops.OPS[name], [Value(x) for x in point])
    assert agree(node.data, value)
    assert len(node.partials) == len(slopes)
    assert all(map(agree, node.partials, slopes)), node.partials
