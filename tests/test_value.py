"""The node: what operators record, the order of backward, what is refused, and that depth is no limit.

The rules of the single operations are compared with mathematics in ``test_ops``; NumPy arrays of Values are tested in
``test_arrays``.
"""

from __future__ import annotations

import copy
import gc
import math
import operator
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Graph, Value, dot, enable_grad, gradient_events, no_grad, precision, reached, zero_grads, zeroed
from autograd.ops import BUILTIN, OPS, Op

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
every_operator = pytest.mark.parametrize("sign", OPERATORS)
every_comparison = pytest.mark.parametrize("sign", COMPARISONS)

any_float = st.floats()  # inf, nan, -0.0 and subnormal numbers included
moderate = st.floats(-1e3, 1e3)


def gradients(*values: Value) -> list[float]:
    return [v.grad for v in values]


# --- backward -----------------------------------------------------------------------------------------------------


def micrograd_readme(a: Any, b: Any) -> Any:
    """The expression that micrograd's documentation opens with."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def test_micrograd_readme_expression() -> None:
    a, b = Value(-4.0), Value(2.0)
    g = micrograd_readme(a, b)
    g.backward()
    assert (f"{g.data:.4f}", f"{a.grad:.4f}", f"{b.grad:.4f}") == ("24.7041", "138.8338", "645.5773")
    # By hand, where a + b <= 0 <= b - a:  c = 3a + 4b + 3,  d = 12 (ab + b^3) + b - a,  e = c - d,
    # g = e^2/2 + 10/e^2,  dg/de = e - 20/e^3,  de/da = 4 - 12b,  de/db = 3 - 12 (a + 3 b^2).
    e = (3 * -4 + 4 * 2 + 3) - (12 * (-4 * 2 + 2**3) + 2 + 4)
    slope = e - 20 / e**3
    assert g.data == pytest.approx(e**2 / 2 + 10 / e**2, rel=1e-15)
    assert a.grad == pytest.approx(slope * (4 - 12 * 2), rel=1e-15)
    assert b.grad == pytest.approx(slope * (3 - 12 * (-4 + 3 * 2**2)), rel=1e-15)


def test_shared_subexpressions_and_squares() -> None:
    x = Value(3.0)
    square = x * x
    (square * square + square).backward()  # x^4 + x^2
    assert x.grad == 4 * 27 + 2 * 3
    assert square.grad == 2 * 9 + 1


def test_the_diamond_that_naive_recursion_gets_wrong() -> None:
    """A node passes its gradient on only after all its consumers: if visited early, `top` would pass it on twice."""
    x = Value(2.0)
    top = x * 3.0
    left, right = top + 1.0, top * top
    (left * right).backward()  # f(t) = (t + 1) t^2,  f'(t) = 3 t^2 + 2 t,  dt/dx = 3
    assert top.grad == 3 * 36 + 2 * 6
    assert x.grad == 3 * top.grad


@pytest.mark.parametrize("seed", [1.0, -2.5, 0.0, Fraction(1, 4), True])
def test_backward_starts_from_the_gradient_given(seed: Any) -> None:
    x, y = Value(3.0), Value(5.0)
    product = x * y
    product.backward(seed)
    assert gradients(product, x, y) == [float(seed), 5.0 * float(seed), 3.0 * float(seed)]


def test_backward_on_a_leaf_adds() -> None:
    x = Value(3.0)
    x.backward()
    x.backward(grad=0.5)
    assert x.grad == 1.5


def test_backward_on_a_leaf_is_a_backward_like_any_other() -> None:
    x, untouched = Value(3.0), Value(4.0)
    zero_grads([x])
    gradients_set, sweeps, _ = gradient_events()
    x.backward()
    assert (reached(x), reached(untouched)) == (True, False)
    assert gradient_events() == (gradients_set, sweeps + 1, gradients_set)
    assert not zeroed()
    x.grad = 2048.0
    with precision("float16"):  # which has 11 binary digits, so not 2049
        x.backward()
    assert x.grad == 2048.0


@pytest.mark.parametrize("wrong", ["1", None, 1j, [1.0]])
def test_backward_refuses_what_is_no_number_and_changes_nothing(wrong: Any) -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    with pytest.raises(TypeError, match=type(wrong).__name__):
        y.backward(wrong)
    assert gradients(x, y) == [6.0, 1.0]


@given(st.lists(st.tuples(moderate, moderate), min_size=1, max_size=6))
@settings(deadline=None)
def test_second_backward_doubles_leaves_exactly_and_replaces_the_rest(pairs: list[tuple[float, float]]) -> None:
    """Every leaf is used more than once, so that its gradient is a sum that rounds."""
    shared = Value(0.7)
    leaves = [Value(x) for pair in pairs for x in pair]
    inner = [shared * x + x * x for x in leaves]
    root = autograd.sum([y * shared for y in inner])
    root.backward()
    first, inside = gradients(shared, *leaves), gradients(root, *inner)
    root.backward()
    assert gradients(shared, *leaves) == [2.0 * g for g in first]
    assert gradients(root, *inner) == inside


def test_data_of_a_result_cannot_be_set() -> None:
    result = Value(2.0) * 3.0
    with pytest.raises(AttributeError, match=r"a result of mul \(data 6\) cannot be set.*set the data of leaves"):
        result.data = 7.0
    assert result.data == 6.0


def test_data_of_a_leaf_takes_real_numbers_only() -> None:
    x: Any = Value(2.0)
    x.data = Fraction(1, 4)
    assert x.data == 0.25
    assert type(x.data) is float
    with pytest.raises(TypeError, match="str"):
        x.data = "3"
    assert x.data == 0.25


def operands(rule: Op) -> tuple[float, ...]:
    """Some numbers in the domain of an operation."""
    if rule is OPS["acosh"]:
        return (1.3,)
    return {None: (0.3, 0.6, 1.7, -0.4, 0.9), 1: (0.3,), 2: (0.3, 0.6), 3: (0.3, 0.6, 1.7)}[rule.arity]


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_setting_a_leaf_between_forward_and_backward(name: str) -> None:
    """The gradient is that of the point of the forward pass."""
    rule = OPS[name]
    point = operands(rule)

    def build() -> tuple[list[Value], Value]:
        leaves = [Value(x, f"leaf{i}") for i, x in enumerate(point)]
        return leaves, Value.__apply_op__(rule, tuple(leaves)) * 1.0

    unchanged, root = build()
    root.backward()
    for moved in range(len(point)):
        leaves, root = build()
        leaves[moved].data = 0.55
        root.backward()
        assert gradients(*leaves) == gradients(*unchanged)


@every_operator
def test_setting_a_leaf_of_an_operator_between_forward_and_backward(sign: str) -> None:
    a, b = Value(2.0), Value(3.0)
    root = OPERATORS[sign](a, b)
    a.data, b.data = 7.0, 11.0
    root.backward()
    expected = {
        "+": [1.0, 1.0],
        "-": [1.0, -1.0],
        "*": [3.0, 2.0],
        "/": [1 / 3, -2 / 9],
        "**": [3 * 2.0**2, 2.0**3 * math.log(2.0)],
    }
    assert gradients(a, b) == pytest.approx(expected[sign], rel=1e-15)


# --- what is an operand -------------------------------------------------------------------------------------------

NUMBERS: dict[str, Any] = {
    "int": 3,
    "float": 3.0,
    "bool": True,
    "Fraction": Fraction(7, 4),
    "huge Fraction that fits": Fraction(10**400, 10**399),
}
REFUSED: list[Any] = ["3", None, 1j, [1.0], {}, Decimal(3), object(), b"3", (1.0,), {1.0}]


@every_operator
@pytest.mark.parametrize("kind", NUMBERS)
def test_every_real_number_is_an_operand(sign: str, kind: str) -> None:
    function, number = OPERATORS[sign], NUMBERS[kind]
    v = Value(2.5)
    for result, expected in (
        (function(v, number), function(2.5, float(number))),
        (function(number, v), function(float(number), 2.5)),
    ):
        assert isinstance(result, Value)
        assert result.data == expected
        assert type(result.data) is float


@every_operator
@pytest.mark.parametrize("wrong", REFUSED, ids=lambda x: type(x).__name__)
def test_anything_else_is_refused_by_name(sign: str, wrong: Any) -> None:
    for operands in ((Value(2.0), wrong), (wrong, Value(2.0))):
        with pytest.raises(TypeError, match=type(wrong).__name__):
            OPERATORS[sign](*operands)


@every_comparison
@pytest.mark.parametrize("wrong", REFUSED, ids=lambda x: type(x).__name__)
def test_comparing_with_anything_else_is_refused_by_name(sign: str, wrong: Any) -> None:
    for operands in ((Value(2.0), wrong), (wrong, Value(2.0))):
        with pytest.raises(TypeError, match=type(wrong).__name__):
            COMPARISONS[sign](*operands)


@pytest.mark.parametrize("wrong", REFUSED, ids=lambda x: type(x).__name__)
def test_functions_refuse_anything_else_by_name(wrong: Any) -> None:
    for call in (
        lambda: Value(wrong),
        lambda: autograd.exp(wrong),
        lambda: autograd.maximum(Value(1.0), wrong),
        lambda: autograd.maximum(wrong, Value(1.0)),
        lambda: autograd.sum([Value(1.0), wrong]),
        lambda: dot([Value(1.0)], [wrong]),
        lambda: Value(1.0).clip(wrong),
    ):
        with pytest.raises(TypeError, match=type(wrong).__name__):
            call()


@pytest.mark.parametrize("huge", [10**400, -(10**400), Fraction(10**400)])
def test_numbers_beyond_the_range_of_floats(huge: Any) -> None:
    for call in (
        lambda: Value(huge),
        lambda: Value(1.0) + huge,
        lambda: huge * Value(1.0),
        lambda: autograd.exp(huge),
    ):
        with pytest.raises(OverflowError, match=r"beyond ±1\.8e308, the range of a float"):
            call()


@pytest.mark.parametrize("call", [lambda v: Value(v), lambda v: (v * 2.0).backward(v)], ids=["Value", "backward"])
def test_a_value_where_only_numbers_go_is_refused_without_contradiction(call: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="not Value") as caught:
        call(Value(1.0))
    assert "and Values" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (float, r"use v\.data for the number, and v\.tanh\(\) or autograd\.tanh\(v\)"),
        (math.tanh, r"v\.tanh\(\) or autograd\.tanh\(v\)"),
        (math.floor, r"use math\.floor\(v\.data\)"),
        (math.ceil, r"use math\.ceil\(v\.data\)"),
        (math.trunc, r"use math\.trunc\(v\.data\)"),
        (round, r"use round\(v\.data\)"),
        (lambda v: round(v, 2), r"use round\(v\.data\)"),
        (lambda v: math.fsum([v]), r"use v\.data"),
        (int, r"use int\(v\.data\)"),
        (complex, r"use complex\(v\.data\)"),
    ],
    ids=["float", "tanh", "floor", "ceil", "trunc", "round", "round to digits", "fsum", "int", "complex"],
)
def test_what_would_drop_the_gradient_is_refused_with_advice(call: Callable[[Any], Any], advice: str) -> None:
    with pytest.raises(TypeError, match=advice):
        call(Value(2.0))


def test_equality_of_two_values_and_hash_are_identity() -> None:
    a, b = Value(2.0), Value(2.0)
    assert a == a
    assert a != b
    assert Value(math.nan) != Value(math.nan)
    c = Value(math.nan)
    assert c != c and not c == c  # noqa: SIM201
    assert c in [c] and c in {c}
    assert [a, b].index(b) == 1
    assert b not in [a, c]
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[b] == "b"


@every_comparison
@given(x=any_float, y=any_float)
@settings(deadline=None, max_examples=30)
def test_comparisons_compare_data(sign: str, x: float, y: float) -> None:
    compare = COMPARISONS[sign]
    expected = compare(x, y)
    assert compare(Value(x), Value(y)) is expected
    assert compare(Value(x), y) is expected
    assert compare(x, Value(y)) is expected


def test_truth_is_that_of_the_number() -> None:
    assert Value(-1.0)
    assert Value(math.nan)
    assert not Value(-0.0)


# --- IEEE 754: nothing raises -------------------------------------------------------------------------------------


@every_operator
@given(x=any_float, y=any_float)
@settings(deadline=None, max_examples=200)
def test_operators_never_raise_and_follow_ieee754(sign: str, x: float, y: float) -> None:
    np = pytest.importorskip("numpy")
    function = OPERATORS[sign]
    with np.errstate(all="ignore"):
        expected = float(function(np.float64(x), np.float64(y)))
    for a, b in ((Value(x), Value(y)), (Value(x), y), (x, Value(y))):
        result = function(a, b)
        result.backward()
        if sign == "**":  # the C library's pow and NumPy's differ in the last bit
            assert result.data == pytest.approx(expected, rel=1e-14, abs=1e-320, nan_ok=True)
        else:
            assert result.data.hex() == expected.hex()


UNARY = sorted(name for name in BUILTIN if OPS[name].arity == 1)


@pytest.mark.parametrize("name", UNARY)
@given(x=any_float)
@settings(deadline=None, max_examples=50)
def test_functions_of_one_operand_never_raise(name: str, x: float) -> None:
    v = Value(x)
    result = OPS[name](v)
    result.backward()
    assert isinstance(result, Value)
    assert {type(number) for number in (result.data, v.grad, *result.partials)} == {float}


@pytest.mark.parametrize("name", sorted(name for name in BUILTIN if OPS[name].arity in (2, 3)))
@given(operands=st.lists(any_float, min_size=3, max_size=3))
@settings(deadline=None, max_examples=50)
def test_functions_of_more_operands_never_raise(name: str, operands: list[float]) -> None:
    values = [Value(x) for x in operands[: OPS[name].arity]]
    result = OPS[name](*values)
    result.backward()
    assert {type(number) for number in (result.data, *gradients(*values), *result.partials)} == {float}


@given(st.lists(any_float, min_size=1, max_size=8))
@settings(deadline=None)
def test_operations_on_sequences_never_raise(numbers: list[float]) -> None:
    values = [Value(x) for x in numbers]
    for result in (autograd.sum(values), autograd.prod(values), autograd.logsumexp(values), dot(values, values)):
        result.backward()
        assert {type(number) for number in (result.data, *gradients(*values))} == {float}


# --- dot ----------------------------------------------------------------------------------------------------------


@given(
    pairs=st.lists(st.tuples(any_float, any_float, st.booleans(), st.booleans()), min_size=1, max_size=8),
    bias=st.none() | any_float,
    bias_is_value=st.booleans(),
)
@settings(deadline=None, max_examples=300)
def test_dot_is_the_spelled_out_sum_bit_for_bit(
    pairs: list[tuple[float, float, bool, bool]], bias: float | None, bias_is_value: bool
) -> None:
    """bias + w0*x0 + w1*x1 + ..., for Values and numbers in any mixture, and its gradients."""

    def operands() -> tuple[list[Any], list[Any], Any]:
        ws = [Value(w) if is_value else w for w, _, is_value, _ in pairs]
        xs = [Value(x) if is_value else x for _, x, _, is_value in pairs]
        return ws, xs, Value(bias) if bias is not None and bias_is_value else bias

    ws, xs, b = operands()
    fused = dot(ws, xs, b)
    spelled_ws, spelled_xs, spelled_b = operands()
    terms = [w * x for w, x in zip(spelled_ws, spelled_xs)]
    spelled = terms[0] if spelled_b is None else spelled_b + terms[0]
    for term in terms[1:]:
        spelled = spelled + term
    everything = (*ws, *xs, b)
    if not any(isinstance(x, Value) for x in everything):
        assert type(fused) is float
        assert fused.hex() == spelled.hex()
        return
    assert fused.data.hex() == spelled.data.hex()
    assert len(fused.operands) == 2 * len(pairs) + (b is not None)
    fused.backward()
    spelled.backward()
    for x, y in zip(everything, (*spelled_ws, *spelled_xs, spelled_b)):
        if isinstance(x, Value):
            assert x.grad.hex() == y.grad.hex()


def test_dot_of_nothing() -> None:
    bias = Value(3.0)
    assert dot([], []) == 0.0
    node = dot([], [], bias)
    node.backward()
    assert (node.data, bias.grad) == (3.0, 1.0)


def test_dot_of_iterators_of_different_length() -> None:
    with pytest.raises(ValueError, match="two sequences of one length, got 2 and 1"):
        dot((Value(x) for x in (1.0, 2.0)), iter([Value(3.0)]))


def test_sum_adds_from_left_to_right() -> None:
    numbers = [1e16, 1.0, -1e16, 1.0]  # any other order gives another result
    assert autograd.sum([Value(x) for x in numbers]).data == ((1e16 + 1.0) - 1e16) + 1.0 == 1.0
    assert autograd.sum([]) == 0.0


# --- blocks -------------------------------------------------------------------------------------------------------


def records() -> bool:
    return len((Value(2.0) * 3.0).operands) > 0


def test_no_grad_and_enable_grad_nest() -> None:
    assert records()
    with no_grad():
        assert not records()
        with enable_grad():
            assert records()
            with no_grad():
                assert not records()
            assert records()
        assert not records()
    assert records()


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_no_grad_gives_leaves_of_the_same_data(name: str) -> None:
    rule = OPS[name]
    values = tuple(map(Value, operands(rule)))
    expected = Value.__apply_op__(rule, values)
    with no_grad():
        leaf = Value.__apply_op__(rule, values)
    assert (leaf.data, leaf.op, leaf.operands) == (expected.data, None, ())


def test_no_grad_holds_for_dot_and_every_operator() -> None:
    a, b = Value(2.0), Value(3.0)
    with no_grad():
        results = [function(a, b) for function in OPERATORS.values()]
        results += [dot([a], [b]), -a, abs(a), a.relu(), 2.0**a, a**2]
    assert all(result.operands == () for result in results)


def test_blocks_end_with_an_exception() -> None:
    for block in (no_grad(), enable_grad()):
        with pytest.raises(KeyError), block:
            raise KeyError
    assert records()


def test_one_block_can_be_entered_again() -> None:
    block = no_grad()
    with block, block:
        assert not records()
    with block:
        assert not records()
    assert records()


def test_blocks_as_decorators_keep_name_and_arguments() -> None:
    @no_grad()
    def double(x: Value, *, factor: float = 2.0) -> Value:
        """Twice."""
        return x * factor

    assert (double.__name__, double.__doc__) == ("double", "Twice.")
    assert double(Value(2.0), factor=4.0).operands == ()
    assert enable_grad()(double)(Value(2.0)).data == 4.0
    assert no_grad()(enable_grad()(records))()
    assert records()


def test_detach_cuts_off() -> None:
    x = Value(3.0, "x")
    cut = (x * x).detach()
    (cut * x).backward()
    assert (cut.data, cut.op, x.grad) == (9.0, None, 9.0)


# --- names and looks ----------------------------------------------------------------------------------------------


def test_labels() -> None:
    v: Any = Value(2.0, "weight")
    assert v.label == "weight"
    v.label = ""
    assert v.label == ""
    v.label = "renamed 🙂"
    with pytest.raises(TypeError, match="a label must be a str, not int: 5"):
        v.label = 5
    assert v.label == "renamed 🙂"
    with pytest.raises(TypeError, match="a label must be a str, not float"):
        Value(1.0, label=1.5)  # type: ignore[arg-type]


def test_a_label_stays_with_its_node() -> None:
    before = autograd.enter(autograd.Place("layer1"))
    try:
        a, b = Value(1.0), Value(2.0)
    finally:
        autograd.enter(before)
    a.label = "a"
    assert (a.label, a.scope, b.label, b.scope) == ("a", "layer1", "", "layer1")
    assert Value(1.0).scope == ""


def test_repr_and_format() -> None:
    x = Value(2.0, "x")
    y = x * 3.0
    y.backward()
    assert repr(x) == "Value(data=2.0, grad=3.0, label='x')"
    assert repr(y) == "Value(data=6.0, grad=1.0, op='mul')"
    assert f"{y:.3f}|{y:>8}|{y:e}" == "6.000|     6.0|6.000000e+00"
    assert f"{x}" == repr(x)


def test_attributes_of_a_node() -> None:
    a, b = Value(2.0), Value(5.0)
    quotient = a / b
    assert quotient.op is autograd.div
    assert quotient.operands == (a, b)
    assert quotient.partials == pytest.approx((1 / 5, -2 / 25), rel=1e-15)
    assert (a.op, a.operands, a.partials) == (None, (), ())
    for name in ("op", "operands", "partials"):
        with pytest.raises(AttributeError):
            setattr(quotient, name, None)


@pytest.mark.parametrize(
    "expression",
    ["a + b", "a * b", "a + 1", "1 + a", "a * 2", "2 * a", "a.relu()", "a", "a * a", "a**3", "a**-1", "a**0.5"],
)
def test_prev_and_op_are_those_of_micrograd(expression: str) -> None:
    engine = pytest.importorskip("micrograd.engine")

    def seen(kind: Any) -> tuple[str, list[float]]:
        node = eval(expression, {"a": kind(3.0), "b": kind(4.0)})
        return node._op, sorted(operand.data for operand in node._prev)

    assert seen(Value) == seen(engine.Value)


@given(st.floats(-5, 5), st.floats(-5, 5))
@settings(deadline=None)
def test_the_same_program_gives_the_numbers_of_micrograd(x: float, y: float) -> None:
    engine = pytest.importorskip("micrograd.engine")
    try:
        theirs = engine.Value(x), engine.Value(y)
        root = micrograd_readme(*theirs)
        root.backward()
    except ZeroDivisionError:
        return
    ours = Value(x), Value(y)
    result = micrograd_readme(*ours)
    result.backward()
    assert result.data == pytest.approx(root.data, rel=1e-9)
    # micrograd computes x - y as x + (-1)*y and x / y as x * y**-1, so that roundings differ
    scale = max(abs(theirs[0].grad), abs(theirs[1].grad), 1.0)
    assert gradients(*ours) == pytest.approx([v.grad for v in theirs], rel=1e-6, abs=1e-6 * scale)


# --- copies and pickles -------------------------------------------------------------------------------------------

square_plus = autograd.op(
    "square_plus", lambda a, b: a * a + b, lambda a, b, out: (2.0 * a, 1.0), arity=2, check=[(1.5, 2.0)]
)


def everything() -> tuple[list[Value], Value]:
    """A graph with every kind of node, whose labels, scopes and gradients have been set."""
    before = autograd.enter(autograd.Place("net.layer1"))
    leaves = [Value(0.5, 'w "quoted" 🙂'), Value(-2.0, "x"), Value(3.0)]
    a, b, c = leaves
    pre = dot([a, b], [b, c], c)
    autograd.enter(before)
    pre.label = "pre"
    wide = autograd.sum([pre, a * b, autograd.clip(a, b, c), square_plus(a, b), a])
    root = wide.tanh() ** 3 + dot([pre], [a]) + autograd.where(1.0, wide, c) + b**2
    root.backward()
    return leaves, root


def shape(root: Value) -> list[Any]:
    """Everything that a copy must keep of a graph."""
    graph = Graph(root)
    return [
        (node.op, operands, node.partials, node.data, node.grad, node.label, node.scope, type(node))
        for node, operands in zip(graph.nodes, graph.operands)
    ]


PROTOCOLS = [None, *range(pickle.HIGHEST_PROTOCOL + 1)]


def copied(x: Any, protocol: int | None) -> Any:
    return copy.deepcopy(x) if protocol is None else pickle.loads(pickle.dumps(x, protocol))


every_way_to_copy = pytest.mark.parametrize(
    "protocol", PROTOCOLS, ids=lambda p: "deepcopy" if p is None else f"pickle{p}"
)


@every_way_to_copy
def test_a_copied_graph_keeps_everything_and_is_another_one(protocol: int | None) -> None:
    leaves, root = everything()
    twin = copied(root, protocol)
    assert shape(twin) == shape(root)
    assert not set(Graph(twin)) & set(Graph(root))
    before = gradients(*leaves)
    twin.backward()
    assert gradients(*leaves) == before
    assert [leaf.grad for leaf in Graph(twin).leaves] == pytest.approx([2.0 * x.grad for x in Graph(root).leaves])


@every_way_to_copy
def test_shared_leaves_stay_shared_within_one_copy(protocol: int | None) -> None:
    leaves, root = everything()
    other = leaves[0] * 7.0
    new_leaves, new_root, new_other, again = copied([leaves, root, other, root], protocol)
    assert new_other.operands[0] is new_leaves[0]
    assert set(new_leaves) <= set(Graph(new_root).leaves)
    assert again is new_root


@pytest.mark.parametrize("kind", ["leaf", "operator", "wide", "dot"])
def test_shallow_copy_is_a_node_over_the_same_operands(kind: str) -> None:
    a, b = Value(2.0, "a"), Value(3.0)
    node = {"leaf": a, "operator": a * b, "wide": autograd.sum([a, b, a]), "dot": dot([a], [b], b)}[kind]
    node.grad = 7.0
    twin = copy.copy(node)
    assert twin is not node
    assert (twin.op, twin.operands, twin.partials, twin.data, twin.grad, twin.label, type(twin)) == (
        node.op, node.operands, node.partials, node.data, node.grad, node.label, type(node),
    )  # fmt: skip


def test_a_pickle_names_the_operation_that_is_missing() -> None:
    autograd.op("vanishing", lambda a: a * 2.0, lambda a, out: (2.0,))
    text = pickle.dumps(OPS["vanishing"](Value(1.0)))
    del OPS["vanishing"]
    with pytest.raises(LookupError, match=r"no operation 'vanishing' here.*define it with autograd\.op"):
        pickle.loads(text)


# --- depth, and memory --------------------------------------------------------------------------------------------


def test_a_graph_is_freed_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        _, root = everything()
        root.backward()
        del root, _
        assert gc.collect() == 0
    finally:
        gc.enable()


def run(program: str) -> None:
    """Run a program under a recursion limit that any recursion along the graph would exceed."""
    lines = [
        "import copy, json, pickle, sys, autograd",
        "from autograd import *",
        "sys.setrecursionlimit(120)",  # enough for the imports inside, and far less than any depth below
        program,
        "print('done')",
    ]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    finished = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=root, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert finished.stdout == "done\n"


def test_a_chain_of_a_million_nodes() -> None:
    run("""
n = 10**6
x = one = Value(1.0)
y = x
for _ in range(n):
    y = y + one
y.backward()
assert y.data == n + 1 and x.grad == n + 1
del y
y = x
for _ in range(n):
    y = -y
y.backward(2.0)
assert x.grad == n + 3
del y
""")


def test_the_sum_of_a_million_leaves() -> None:
    run("""
n = 10**6
leaves = [Value(2.0) for _ in range(n)]
for add in (sum, autograd.sum):
    total = add(leaves)
    total.backward()
    assert total.data == 2 * n
    del total
assert all(x.grad == 2.0 for x in leaves)
one = Value(1.0)
total = dot(leaves, [one] * n)
total.backward()
assert total.data == 2 * n and one.grad == 2 * n and leaves[-1].grad == 3.0
""")


def test_deep_graphs_are_pickled_copied_listed_and_written() -> None:
    run("""
n = 10**5
x = Value(1.0, "x")
y = x
for i in range(n):
    y = y * 1.0 if i % 3 else dot([y], [Value(1.0)])
y.backward()
for twin in (pickle.loads(pickle.dumps(y)), copy.deepcopy(y), Graph(y).expand().root):
    graph = Graph(twin)
    leaf = graph.leaves[0]
    assert graph.depth >= n and leaf.label == "x" and leaf.grad == 1.0
    leaf.grad = 0.0
    twin.backward()
    assert leaf.grad == 1.0
    del twin, graph, leaf
assert Graph.from_json(Graph(y).to_json()).depth == n
del y

def f(x):
    for _ in range(n // 4):
        x = x * 1.0
    return x * x
assert grad(f)(3.0) == 6.0
assert grad(grad(f))(3.0) == 2.0
assert jvp(f, (3.0,), (2.0,)) == (9.0, 12.0)
with detect_anomaly():
    f(x).backward()
""")


def test_more_of_numpy_on_arrays_of_values() -> None:
    np = pytest.importorskip("numpy")
    y, x = Value(3.0), Value(4.0)
    objects = np.array([y]), np.array([x])
    assert np.arctan2(*objects)[0].data == math.atan2(3.0, 4.0)
    assert np.hypot(*objects)[0].data == 5.0
    with pytest.raises(TypeError, match="timedelta64"):
        Value(np.timedelta64(5, "ns"))
