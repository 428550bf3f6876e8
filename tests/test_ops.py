"""The operation table: accuracy against mpmath, the same rules for floats, Values and arrays, and edge cases.

The mathematics and the points are those of ``tests.accuracy``; at the edges PyTorch's conventions hold. ``test_rules``
compares the table with operators and methods that ``value.py`` writes out for speed, and with users' operations.
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
from .accuracy import HUGE, TINY, TRUTHS, Point, call, twin

inf, nan = math.inf, math.nan

every_operation = pytest.mark.parametrize("name", sorted(ops.BUILTIN))


def identical(x: float, y: float) -> bool:
    """Equal to the last bit, sign of zero included; nan is nan."""
    return (x == y and math.copysign(1.0, x) == math.copysign(1.0, y)) or (x != x and y != y)


def agree(x: float, y: float, size: float = 0.0) -> bool:
    """Equal up to rounding of numbers as large as `size`; zeros of either sign are equal, and nan equals nan."""
    return x == y or (x != x and y != y) or math.isclose(x, y, rel_tol=1e-12, abs_tol=max(1e-300, 1e-12 * size))


# --- the edges: where conventions decide --------------------------------------------------------------------------

_LINE = (0.0, inf, 1.0, 0.5, 2.0, 5.0, 9.0, 22.0, 30.0, 38.4, 40.0, 750.0, 1e300, HUGE, TINY, 1e-300)
_PLANE = (0.0, -0.0, inf, -inf, nan, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 1e300, -1e300, TINY, -TINY)
_SPACE = (0.0, -0.0, inf, -inf, nan, 1.0, -2.0, 1e300)


def edges(op: Op) -> list[Point]:
    """The whole grid of edge operands: for sequences, of several lengths."""
    if op.arity == 1:
        return [*((sign * a,) for a in _LINE for sign in (1.0, -1.0)), (nan,)]
    if op.arity == 2:
        return list(itertools.product(_PLANE, repeat=2))
    lengths = [3] if op.arity == 3 else [1, 2, 3, 4] if op is ops.dot else [1, 2, 3]
    return [point for n in lengths for point in itertools.product(_SPACE, repeat=n)]


@every_operation
def test_every_operation_has_its_truth(name: str) -> None:
    assert TRUTHS[name].points  # a missing truth's error says what to add


def test_every_truth_has_its_operation() -> None:
    assert TRUTHS.keys() <= ops.BUILTIN, "tests/accuracy.py has a truth for what is no row of autograd/ops.py"


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
    """The jets' derivatives of the formula agree with mpmath's numeric differentiation."""
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
    """With twice as many digits the results are the same."""
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
    assert accuracy.derivative_error(0.0, mpf(1), swing=mpf(accuracy.NEAR_ROOT) / 2) == 1.0
    assert accuracy.derivative_error(0.0, mpf(1), swing=mpf(accuracy.NEAR_ROOT) * 4) == 0.25
    assert accuracy.derivative_error(0.0, mpf(1e-289)) == 1.0
    assert accuracy.derivative_error(0.0, mpf(accuracy.FLOOR) / 2) == 0.5
    assert accuracy.derivative_error(nan, mpf(0)) == inf


@every_operation
def test_the_page_shows_this_table(name: str) -> None:
    row = accuracy.measure(name)
    line = accuracy.written(name)
    advice = f"run python -m tests.accuracy --write {name}"
    assert line is not None, advice
    assert line.startswith(f"| `{name}` | {row.points} |"), advice
    assert ("**" in line) == bool(accuracy.misses(name)), advice


def test_wrong_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["--wirte"], ["tanh"], ["--write", "tahn"]):
        assert accuracy.main(wrong) == 2
        usage = "usage: python -m tests.accuracy [--write [operation ...]]"
        assert capsys.readouterr().err == f"{usage}, not {' '.join(wrong)}\n"


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
        # Where terms cancel, floats and arrays may differ by the rounding of the terms.
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


def _torch_differences(torch: Any, name: str) -> Iterator[tuple[str, Point, float, float]]:
    op, function = ops.OPS[name], twin(torch, name)
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


def _curvature_differences(torch: Any, name: str) -> Iterator[tuple[str, Point, float, float]]:
    op, function = ops.OPS[name], twin(torch, name)
    assert op.arity is not None
    line = [a for (a,) in edges(ops.relu) if abs(a) < 1e3]
    for a, *rest in itertools.product(line, *[(0.3, 1.0, 2.0)] * (op.arity - 1)):
        x = torch.tensor(a, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(
            function(x, *[torch.tensor(b, dtype=torch.float64) for b in rest]), x, create_graph=True
        )
        theirs = torch.autograd.grad(slope, x)[0].item() if slope.requires_grad else 0.0
        mine = grad(grad(lambda a, rest=rest: op(a, *rest)))(a)
        if not agree(mine, theirs):
            yield "curvature", (a, *rest), mine, theirs


def _assert_accepted(name: str, found: Iterator[tuple[str, Point, float, float]], kinds: set[str]) -> None:
    """Assert that the truth's `accepted` covers the points where we differ from PyTorch, and no others."""
    accepted = {what: covers for what, (covers, _) in TRUTHS[name].accepted.items() if what in kinds}
    unknown = []
    used = set()
    for what, point, mine, theirs in found:
        if what in accepted and accepted[what](*point):
            used.add(what)
        else:
            unknown.append(f"{what} at {point}: {mine} here, {theirs} in PyTorch")
    where = f'"accepted" of its truth in tests/accuracy.py, {name!r}'
    assert unknown == [], f"a difference from PyTorch is a mistake, or has its reason in {where}"
    assert used == accepted.keys(), f"an accepted difference is no more: take it out of {where}"


@every_operation
def test_conventions_are_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch", reason="the conventions at edges are PyTorch's")
    _assert_accepted(name, _torch_differences(torch, name), {"value", "slope"})


@pytest.mark.parametrize("name", [op.name for op in ops.OPS.values() if op.activation or op is ops.abs])
def test_second_derivatives_of_activations_are_pytorchs(name: str) -> None:
    """Also at kinks, where they are 0."""
    torch = pytest.importorskip("torch", reason="the conventions at kinks are PyTorch's")
    _assert_accepted(name, _curvature_differences(torch, name), {"curvature"})


def test_what_is_accepted_is_looked_for() -> None:
    for name, truth in TRUTHS.items():
        looked_for = {"value", "slope"} | ({"curvature"} if ops.OPS[name].activation else set())
        assert truth.accepted.keys() <= looked_for, name


@pytest.mark.parametrize("exponent", [0.0, -0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, -0.5, inf, -inf, nan])
def test_a_number_in_the_exponent_as_in_pytorch(exponent: float) -> None:
    torch = pytest.importorskip("torch", reason="the conventions at edges are PyTorch's")
    for base in _PLANE:
        if abs(exponent) == 0.5 and str(base) in ("-0.0", "-inf"):
            continue  # PyTorch uses sqrt for the number 0.5, but C's pow for a tensor, as we do
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
        # Near 0, where the terms of a careless rule cancel: derived by hand.
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
        # Limits of the definition; at kinks, the slope is the subgradient that the docstring names.
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
