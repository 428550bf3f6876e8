"""What a row shows to readers: the textbook's formulas, compared with the computing rule; signs, words and hardness.

Readers see the formulas under ``textbook``. These lose digits in places where the computing rule does not, so both are
compared where neither does: at operands of ordinary size, off kinks, where rounding an operand changes little. On
kinks the two may differ; `AT_KINKS` lists where they do.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

import pytest
from mpmath import mp

import autograd.ops as ops
from autograd import Op, Value
from autograd.symbols import Expression, Latex, MathML, Plain, Rule, postorder

from .accuracy import TRUTHS, Point, exact_derivatives
from .test_ops import edges

OPERATIONS = {name: ops.OPS[name] for name in sorted(ops.BUILTIN)}
POWERS = [ops.power(n) for n in (2.0, 3.0, 0.5, -1.0, 1.0, 0.0)]
every_operation = pytest.mark.parametrize("name", OPERATIONS)
every_formula = pytest.mark.parametrize("op", [*OPERATIONS.values(), *POWERS], ids=lambda op: op.name)

SMALLEST, LARGEST = 0.01, 3.0
FEWEST = 20
"""How many points each operation is compared at, at least."""
NOISE = 2.0**-43
"""The relative change of operands that tests whether a point is well conditioned."""
MAGNIFIED = 1000.0
"""A number that changes by more than this many times NOISE is not well conditioned."""
TOLERANCE = 1e-9


# --- the formulas ---------------------------------------------------------------------------------------------------


def read(op: Op, operands: Sequence[Any], textbook: bool) -> list[Any]:
    """The value and the partials, by the formulas for readers or by the rule that computes."""
    forward, partials = op.textbook if textbook else (None, None)
    out = (forward or op.forward)(*operands) if not isinstance(operands[0], Value) or forward else None
    if out is None:  # elementary rules compute with floats only, so the operation itself is called with Values
        out = Op.__call__(op, *operands)
    return [out, *(partials or op.partials)(*operands, out)]


def well_conditioned(op: Op, point: Point) -> bool:
    """Whether small changes of the operands change the value and the partials little."""
    here = read(op, point, textbook=False)
    for signs in itertools.islice(itertools.product((1.0, -1.0), repeat=len(point)), 16):
        there = read(op, [x * (1.0 + sign * NOISE) for x, sign in zip(point, signs)], textbook=False)
        if not all(abs(a - b) <= MAGNIFIED * NOISE * abs(a) for a, b in zip(here, there)):
            return False
    return True


def ordinary(name: str) -> list[Point]:
    """Points of ordinary size, the truth's and others, in the domain, off kinks, and well conditioned."""
    op, truth = OPERATIONS[name], TRUTHS[name]
    rng = random.Random(name)
    drawn = [tuple(rng.uniform(-LARGEST, LARGEST) for _ in range(op.arity or 5)) for _ in range(200)]
    found = []
    for point in dict.fromkeys(truth.points + drawn):
        if point and all(SMALLEST <= abs(x) <= LARGEST for x in point):
            inside = isinstance(truth.smooth, str) or truth.smooth(*point)
            if inside and well_conditioned(op, point):
                found.append(point)
    assert len(found) >= FEWEST, f"only {len(found)} points: widen `smooth` of its truth in tests/accuracy.py, {name!r}"
    return found


def near(a: float, b: float) -> bool:
    return abs(a - b) <= TOLERANCE * abs(b)


@every_operation
def test_the_readers_formulas_are_the_computing_rules(name: str) -> None:
    op = OPERATIONS[name]
    what = ["the value", *(f"partial {i}" for i in range(100))]
    advice = "mend `textbook` in its row of autograd/ops.py"
    for point in ordinary(name):
        for where, shown, computed in zip(what, read(op, point, True), read(op, point, False), strict=False):
            assert near(shown, computed), f"{where} at {point} is {shown} for readers, {computed} computed: {advice}"


@every_operation
def test_the_readers_formulas_read_with_values(name: str) -> None:
    """Values give the same numbers as floats; the derivative of the formula for the value is the rule's slope."""
    op = OPERATIONS[name]
    for point in ordinary(name)[:40]:
        leaves = [Value(x) for x in point]
        shown = read(op, leaves, True)
        assert [float(getattr(x, "data", x)).hex() for x in shown] == [float(x).hex() for x in read(op, point, True)]
        shown[0].backward()
        slopes = read(op, point, False)[1:]
        assert all(near(leaf.grad, slope) for leaf, slope in zip(leaves, slopes, strict=True)), point


def test_another_function_would_be_noticed() -> None:
    wrong = Op("wrong", ops.tanh.forward, ops.tanh.partials, textbook=(None, lambda a, out: (1.0 - out,)))
    assert not near(read(wrong, (0.5,), True)[1], read(wrong, (0.5,), False)[1])


AT_KINKS = {"clip": "where the bounds are crossed, low > high, `high` wins: no textbook speaks of that"}
"""Operations whose formulas for readers differ from the computing rule at kinks, though both give numbers, and why."""


@every_operation
def test_what_differs_at_kinks_is_said(name: str) -> None:
    op = OPERATIONS[name]
    differs = []
    for point in edges(op):
        if not all(x == 0.0 or SMALLEST <= abs(x) <= LARGEST for x in point):
            continue
        try:
            pairs = [*zip(read(op, point, True), read(op, point, False), strict=True)]
        except (ArithmeticError, ValueError, TypeError):
            continue  # the textbook's formula is not defined there
        numbers = [(a, b) for a, b in pairs if not isinstance(a, complex) and math.isfinite(a) and math.isfinite(b)]
        if not all(near(a, b) for a, b in numbers):
            differs.append((point, pairs))
    assert bool(differs) == (name in AT_KINKS), f"mend its `textbook`, or say why in AT_KINKS: {differs}"


def test_clip_differs_only_where_its_bounds_are_crossed() -> None:
    for a, low, high in itertools.product((-1.0, 0.0, 1.0, 2.0), repeat=3):
        point = (a, low, high)
        if low < high:
            assert read(ops.clip, point, True) == read(ops.clip, point, False), point


# --- as they are printed --------------------------------------------------------------------------------------------

CRUTCHES = {ops.square, ops.one_minus_square, ops.sech, ops.unit, ops.reciprocal}
"""Operations that exist to keep the digits of others; textbooks do not use them."""


def heads(op: Op) -> Iterator[Expression]:
    rule = Rule(op, textbook=True)
    for x in postorder([rule.forward, *rule.partials]):
        if isinstance(x, Expression) and x.head:
            yield x


def constants(op: Op) -> Iterator[float]:
    rule = Rule(op, textbook=True)
    for x in [rule.forward, *rule.partials, *(operand for y in heads(op) for operand in y.operands)]:
        if not isinstance(x, Expression):
            yield float(x)


def has_branches(name: str) -> bool:
    """Whether the operation distinguishes cases: the textbook's formula has a kink somewhere."""
    truth = TRUTHS[name]
    n = len(next(point for point in truth.points if point))
    return any(not exact_derivatives(truth, point, 1) for point in itertools.product((0.0, 1.0), repeat=min(n, 3)))


@every_formula
def test_no_formula_for_readers_has_what_only_computing_needs(op: Op) -> None:
    assert not [x for x in constants(op) if 0.0 < abs(x) < 1e-300], "a guard against underflow"
    used = {x.head for x in heads(op)}
    assert not used & (CRUTCHES - {op}), "give its row a `textbook` formula"
    assert not {"&", "|"} & used or op is ops.clip, "a condition that a textbook would not write"
    with mp.workdps(50):
        cases = op.name in OPERATIONS and op.arity is not None and (op is ops.where or has_branches(op.name))
    assert cases or ops.where not in used, "its mathematics is one formula: give its row a `textbook` without cases"


def balanced(text: str) -> bool:
    return all(text.count(a) == text.count(b) for a, b in [("{", "}"), (r"\left", r"\right"), (r"\begin", r"\end")])


@every_formula
def test_every_formula_for_readers_is_printed(op: Op) -> None:
    rule = Rule(op, textbook=True)
    assert len(rule.partials) == len(rule.operands)
    for x in [rule.forward, *rule.partials]:
        text, latex, mathml = Plain().text(x), Latex().text(x), MathML().text(x)
        assert text
        assert text.count("(") == text.count(")")
        assert balanced(latex)
        ElementTree.fromstring(f"<math>{mathml}</math>")
        for shown in (text, latex, mathml):
            assert not re.search(r"e-\d{2,}|10\^\{-\d{2,}|<operation|<function", shown), shown


# --- signs and words ------------------------------------------------------------------------------------------------


@every_formula
def test_it_is_read_aloud(op: Op) -> None:
    count = op.spoken.count("{}")
    assert count in (1, op.arity), "`spoken` has {} once, or once for each operand"
    names = ["p", "q", "r"][: op.arity or 3]
    text = op.aloud(names)
    words = re.findall(r"[A-Za-z]+", text)
    assert [word for word in words if word in names] == names, text
    assert re.fullmatch(r"[A-Za-z0-9 ,.-]+", text), f"words, no signs: {text}"
    assert "  " not in text
    assert text == text.strip()
    assert len(words) > len(names)


def test_no_two_operations_sound_alike() -> None:
    said: dict[str, str] = {}
    for op in OPERATIONS.values():
        text = op.aloud(["p", "q", "r"][: op.arity or 3])
        assert said.setdefault(text, op.name) == op.name, text


@every_formula
def test_its_mark_fits_a_card_and_its_hardness_the_quiz(op: Op) -> None:
    assert 1 <= len(op.mark) <= 7, "give its row in autograd/ops.py a `mark` of at most 7 characters"
    assert op.mark.isprintable()
    assert op.hardness in range(5)


@pytest.mark.parametrize("op", [op for op in OPERATIONS.values() if op.infix], ids=lambda op: op.name)
def test_an_infix_sign_is_pythons_operator(op: Op) -> None:
    source = f"a {op.symbol} b" if op.arity == 2 else f"{op.symbol}a"
    assert eval(source, {"a": Value(2.0), "b": Value(3.0)}).op is op


@every_operation
def test_a_sign_of_pythons_means_pythons_operator(name: str) -> None:
    """Otherwise a printed formula would be read as another operation."""
    op = OPERATIONS[name]
    if op.symbol in {"+", "-", "*", "/", "//", "%", "**"} and op is not ops.positive:
        assert op.infix, "say infix=True in its row, or choose another symbol"
