"""The compiler's passes one by one, on small tables made by hand; what is expected is written by hand as well."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import CompileError, Op, Place, Value, ops
from autograd.symbols import Symbol

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

from autograd.compiler.blocks import blocks  # noqa: E402
from autograd.compiler.emit import Module  # noqa: E402
from autograd.compiler.fold import fold  # noqa: E402
from autograd.compiler.forward import Writer, forward  # noqa: E402
from autograd.compiler.fuse import WIDEST, fuse  # noqa: E402
from autograd.compiler.group import Grouping  # noqa: E402
from autograd.compiler.inputs import Inputs, Slot, argument_names  # noqa: E402
from autograd.compiler.layout import Layout  # noqa: E402
from autograd.compiler.levels import levels  # noqa: E402
from autograd.compiler.lines import Invoke, Line, Mask, N, NumPy, Postfix, added, names_in, replaced, times  # noqa: E402
from autograd.compiler.live import live  # noqa: E402
from autograd.compiler.naming import name  # noqa: E402
from autograd.compiler.record import RELATIONS, Recording  # noqa: E402
from autograd.compiler.reverse import Reverse  # noqa: E402
from autograd.compiler.scalars import CONSTANT, DETACH, INPUT, PARAMETER, TOTAL, Scalars  # noqa: E402
from autograd.compiler.share import share  # noqa: E402
from autograd.compiler.split import split  # noqa: E402
from autograd.compiler.sums import sums  # noqa: E402
from autograd.compiler.views import aligned, view  # noqa: E402

FLOAT = np.dtype("float64")


def table(rows: Sequence[Any], *outputs: int) -> Scalars:
    """A table of rows like ``(ops.add, 0, 1)``, ``(INPUT,)`` or ``(TOTAL, 0, 1, 2, {"pairs": 1})``.

    Inputs, parameters and constants are counted by themselves; a float is a constant.
    """
    made = Scalars()
    counts = {INPUT: 0, PARAMETER: 0}
    for row in rows:
        if isinstance(row, float):
            made.add(CONSTANT, (), row)
        elif row in (INPUT, PARAMETER):
            made.add(row, (), counts[row])
            counts[row] += 1
        else:
            head, *operands = row
            data = operands.pop()["pairs"] if head is TOTAL else None
            made.add(head, tuple(operands), data)
    made.outputs = list(outputs or [len(made) - 1])
    return made


def text(made: Scalars) -> list[str]:
    return str(made).splitlines()


# --- record -------------------------------------------------------------------------------------------------------


def record(f: Callable[..., Any], *like: Any, parameters: Any = None) -> Recording:
    return Recording(f, Inputs(f, like, False, FLOAT), parameters)


def test_record_takes_down_inputs_parameters_and_constants() -> None:
    """Placeholders first, then what the function makes, operands before their users."""
    w = Value(2.0, "w")
    recording = record(lambda x: w * x[1] + 3.0, [0.0, 0.0])
    assert text(recording.scalars) == [
        "0 input 0",
        "1 input 1",
        "2 parameter 0",
        "3 mul(2, 1)",
        "4 constant 3.0",
        "5 add(3, 4)  <- output",
    ]
    assert recording.parameters == [w]
    assert recording.single


def test_record_tells_parameters_from_leaves_made_inside() -> None:
    w = Value(2.0)
    recording = record(lambda: w * Value(3.0))
    assert text(recording.scalars) == ["0 parameter 0", "1 constant 3.0", "2 mul(0, 1)  <- output"]


def test_record_takes_chosen_parameters_alone_and_in_their_order() -> None:
    w, v, u = Value(2.0), Value(3.0), Value(4.0)
    recording = record(lambda: w * v, parameters=[u, v])
    assert recording.parameters == [u, v]
    assert text(recording.scalars) == ["0 constant 2.0", "1 parameter 1", "2 mul(0, 1)  <- output"]


def test_record_keeps_the_shape_of_what_is_returned() -> None:
    w = Value(2.0)
    recording = record(lambda x: {"a": (w, [x, 1.5]), "b": [w, w]}, 0.0)
    assert recording.returned == {"a": (0, [1, 2]), "b": [3, 4]}
    assert not recording.single
    heads = [recording.scalars.heads[i] for i in recording.scalars.outputs]
    assert heads == [PARAMETER, INPUT, CONSTANT, PARAMETER, PARAMETER]


def test_record_keeps_conditions() -> None:
    recording = record(lambda x: autograd.where(ops.equal(x, 1.0) | (x < 0.0), x, 2.0), 0.0)
    heads = [head.name for head in recording.scalars.heads]
    assert heads == ["input", "constant", "==", "constant", "<", "|", "constant", "where"]


def test_record_keeps_places() -> None:
    before = autograd.enter(Place("net.layer2"))
    w = Value(2.0, "w")
    autograd.enter(before)
    place = record(lambda x: w * x, 0.0).scalars.places[1]
    assert place is not None
    assert (place.scope, place.label) == ("net.layer2", "w")


def test_record_does_not_touch_the_parameters() -> None:
    w = Value(2.0)
    w.grad = 7.0
    record(lambda x: autograd.grad(lambda t: t * t * w)(x), 0.0)
    assert (w.data, w.grad) == (2.0, 7.0)


# --- fold ---------------------------------------------------------------------------------------------------------


def test_fold_computes_what_depends_on_constants_alone() -> None:
    made = fold(table([2.0, 3.0, (ops.mul, 0, 1), INPUT, (ops.exp, 2), (ops.add, 3, 4)]))
    assert made.heads[-1] is ops.add
    one, other = made.operands[-1]
    assert made.heads[one] is INPUT
    assert (made.heads[other], made.data[other]) == (CONSTANT, math.exp(6.0))


def test_fold_leaves_out_what_changes_nothing() -> None:
    assert text(live(fold(table([INPUT, (ops.positive, 0), (ops.sin, 1)])))) == ["0 input 0", "1 sin(0)  <- output"]


@pytest.mark.parametrize(("condition", "kept"), [(1.0, 1), (0.0, 2), (-3.0, 1), (math.nan, 1)])
def test_fold_takes_the_branch_that_is_known(condition: float, kept: int) -> None:
    made = fold(table([condition, INPUT, INPUT, (ops.where, 0, 1, 2)]))
    assert made.outputs == [kept]


def test_fold_keeps_what_may_be_nan_or_infinite() -> None:
    """0 * x, x - x, x / x and x**0 are no numbers for every x."""
    rows = [INPUT, 0.0, (ops.mul, 1, 0), (ops.sub, 0, 0), (ops.div, 0, 0), (ops.pow, 0, 1)]
    made = fold(table(rows, 2, 3, 4, 5))
    assert [made.heads[i] for i in made.outputs] == [ops.mul, ops.sub, ops.div, ops.pow]


def test_fold_follows_ieee_754() -> None:
    made = fold(table([0.0, 1.0, (ops.div, 1, 0), (ops.log, 0), -0.0, (ops.div, 1, 4)], 2, 3, 5))
    assert [made.data[i] for i in made.outputs] == [math.inf, -math.inf, -math.inf]


# --- sums ---------------------------------------------------------------------------------------------------------


def total(made: Scalars, row: int = -1) -> tuple[list[tuple[int, int]], list[int]]:
    """The products and the terms of a total."""
    row = made.outputs[0] if row < 0 else row
    assert made.heads[row] is TOTAL
    operands, pairs = made.operands[row], made.data[row]
    return list(zip(operands[:pairs], operands[pairs : 2 * pairs])), list(operands[2 * pairs :])


LEAVES = [PARAMETER, PARAMETER, PARAMETER, INPUT, INPUT]  # w1, w2, b, x1, x2


@pytest.mark.parametrize(
    "rows",
    [
        [(ops.dot, 0, 1, 3, 4, 2)],
        [(ops.dot, 0, 1, 3, 4), (ops.add, 5, 2)],
        [(ops.mul, 0, 3), (ops.mul, 1, 4), (ops.add, 5, 6), (ops.add, 7, 2)],
        [0.0, (ops.mul, 0, 3), (ops.mul, 1, 4), (ops.add, 5, 6), (ops.add, 8, 7), (ops.add, 9, 2)],
        [(ops.mul, 0, 3), (ops.mul, 1, 4), (ops.sum, 5, 6, 2)],
        [(ops.mul, 0, 3), (ops.mul, 1, 4), (ops.sum, 5, 6), (ops.sum, 7, 2)],
        [(ops.mul, 0, 3), (ops.dot, 1, 4, 2), (ops.add, 5, 6)],
    ],
)
def test_sums_makes_one_total_of_all_ways_to_write_a_neuron(rows: list[Any]) -> None:
    made = live(sums(table([*LEAVES, *rows])))
    products, terms = total(made)
    assert products == [(0, 3), (1, 4)]
    assert terms == [2]


def test_sums_leaves_what_is_used_twice_by_itself() -> None:
    """The product is an operand of sin as well."""
    made = live(sums(table([INPUT, PARAMETER, (ops.mul, 0, 1), (ops.add, 2, 1), (ops.sin, 2), (ops.add, 3, 4)])))
    assert ops.mul in made.heads
    products, terms = total(made)
    assert products == []
    assert [made.heads[i] for i in terms] == [ops.mul, PARAMETER, ops.sin]


def test_sums_adds_up_constants() -> None:
    made = live(sums(table([INPUT, 2.0, 3.0, (ops.add, 0, 1), (ops.add, 3, 2)])))
    products, terms = total(made)
    assert products == []
    assert [made.data[i] for i in terms] == [0, 5.0]


def test_sums_leaves_out_zero_and_keeps_what_is_left() -> None:
    assert text(live(sums(table([INPUT, 0.0, (ops.add, 1, 0)])))) == ["0 input 0  <- output"]
    assert text(live(sums(table([INPUT, PARAMETER, 0.0, (ops.mul, 1, 0), (ops.add, 2, 3)]))))[-1].startswith(
        "2 mul(1, 0)"
    )
    assert live(sums(table([0.0, (ops.sum, 0, 0)]))).data == [0.0]


def test_sums_of_a_long_chain() -> None:
    """A chain of 10^5 additions becomes one row, without recursion."""
    count = 100_000
    rows = [INPUT, *[(ops.add, i, 0) for i in range(count)]]
    products, terms = total(live(sums(table(rows))))
    assert products == []
    assert terms == [0] * (count + 1)


# --- split --------------------------------------------------------------------------------------------------------


def halves(made: Scalars) -> tuple[str, str]:
    """Both outputs as formulas."""

    def formula(i: int) -> str:
        head, operands = made.heads[i], made.operands[i]
        if head is INPUT:
            return f"x{made.data[i]}"
        if head is PARAMETER:
            return f"w{made.data[i]}"
        if head is CONSTANT:
            return f"{made.data[i]:g}"
        inside = [formula(k) for k in operands]
        if head is TOTAL:
            pairs = made.data[i]
            products = [f"{a}*{b}" for a, b in zip(inside[:pairs], inside[pairs : 2 * pairs])]
            return f"({' + '.join([*products, *inside[2 * pairs :]])})"
        return f"{head.name}({', '.join(inside)})"

    one, other = made.outputs
    return formula(one), formula(other)


SPLITS: list[tuple[list[Any], tuple[str, str]]] = [
    # Rows after x0 and w0, and the halves.
    ([(TOTAL, 0, 1, {"pairs": 0})], ("x0", "w0")),
    ([(TOTAL, 0, 1, 1, 1, {"pairs": 2})], ("mul(x0, w0)", "mul(w0, w0)")),
    ([(ops.sub, 0, 1)], ("x0", "neg(w0)")),
    ([(ops.sub, 1, 0)], ("neg(x0)", "w0")),
    ([(ops.sub, 0, 1), (ops.neg, 2)], ("neg(x0)", "neg(neg(w0))")),
    ([(TOTAL, 0, 1, {"pairs": 0}), 2.0, (ops.mul, 2, 3)], ("mul(x0, 2)", "mul(w0, 2)")),
    ([(TOTAL, 0, 1, {"pairs": 0}), 2.0, (ops.div, 2, 3)], ("div(x0, 2)", "div(w0, 2)")),
    ([(ops.sin, 0)], ("sin(x0)", "0")),
    ([(ops.sin, 1)], ("0", "sin(w0)")),
    ([(TOTAL, 0, 1, {"pairs": 0}), (ops.sin, 2)], ("sin((x0 + w0))", "0")),
    ([(TOTAL, 0, 1, {"pairs": 0}), (ops.mul, 2, 0)], ("mul((x0 + w0), x0)", "0")),
    ([(TOTAL, 0, 1, {"pairs": 0}), (ops.div, 1, 2)], ("div(w0, (x0 + w0))", "0")),
]


@pytest.mark.parametrize(("rows", "expected"), SPLITS)
def test_split_takes_apart_what_is_linear(rows: list[Any], expected: tuple[str, str]) -> None:
    assert halves(split(table([INPUT, PARAMETER, *rows]))) == expected


def test_split_goes_down_through_several_rows() -> None:
    """((x + w) - w*w) / 2, where the sum is by itself: x / 2 and (w - w*w) / 2."""
    rows = [INPUT, PARAMETER, (TOTAL, 0, 1, {"pairs": 0}), (ops.mul, 1, 1), (ops.sub, 2, 3), 2.0, (ops.div, 4, 5)]
    assert halves(split(table(rows))) == ("div(x0, 2)", "div(sub(w0, mul(w0, w0)), 2)")


# --- share --------------------------------------------------------------------------------------------------------


def test_share_computes_once() -> None:
    rows = [INPUT, PARAMETER, (ops.sub, 0, 1), (ops.sub, 0, 1), (ops.sin, 2), (ops.sin, 3), (ops.div, 4, 5)]
    assert text(share(table(rows))) == [
        "0 input 0",
        "1 parameter 0",
        "2 sub(0, 1)",
        "3 sin(2)",
        "4 div(3, 3)  <- output",
    ]


def test_share_tells_constants_apart_by_their_bits() -> None:
    made = share(table([0.0, -0.0, 0.0, 1.0, math.nan, math.nan], 0, 1, 2, 3, 4, 5))
    assert made.outputs == [0, 1, 0, 2, 3, 3]


def test_share_knows_which_operands_can_be_exchanged() -> None:
    rows = [INPUT, PARAMETER, (ops.mul, 0, 1), (ops.mul, 1, 0), (ops.sub, 0, 1), (ops.sub, 1, 0),
            (TOTAL, 0, 1, {"pairs": 0}), (TOTAL, 1, 0, {"pairs": 0}),
            (TOTAL, 0, 1, 1, 0, 0, {"pairs": 2}), (TOTAL, 0, 1, 1, 0, 1, {"pairs": 2}),
            (TOTAL, 1, 0, 0, 1, 0, {"pairs": 2})]  # fmt: skip
    made = share(table(rows, *range(2, 11)))
    a, b, c, d, e, f, g, h, i = made.outputs
    assert a == b and e == f and g == i
    assert len({a, c, d, e, g, h}) == 6


def test_share_tells_totals_with_other_products_apart() -> None:
    """x*w + w and x + w*w have the same operands."""
    made = share(table([INPUT, PARAMETER, (TOTAL, 0, 1, 1, {"pairs": 1}), (TOTAL, 1, 1, 0, {"pairs": 1})], 2, 3))
    assert len(set(made.outputs)) == 2


# --- live ---------------------------------------------------------------------------------------------------------


def test_live_drops_what_no_output_needs() -> None:
    rows = [INPUT, PARAMETER, (ops.sin, 0), (ops.cos, 1), (ops.mul, 0, 3), (ops.exp, 2)]
    assert text(live(table(rows, 4))) == ["0 input 0", "1 parameter 0", "2 cos(1)", "3 mul(0, 2)  <- output"]


def test_live_keeps_all_outputs_in_their_order() -> None:
    made = live(table([INPUT, (ops.sin, 0), (ops.cos, 0), (ops.tan, 0)], 3, 1, 3))
    assert [made.heads[i].name for i in made.outputs] == ["tan", "sin", "tan"]
    assert len(made) == 3


# --- levels -------------------------------------------------------------------------------------------------------


def test_levels_are_the_longest_ways() -> None:
    rows = [INPUT, 1.0, (ops.sin, 0), (ops.add, 0, 2), (ops.add, 0, 1), (ops.mul, 3, 4), PARAMETER]
    assert levels(table(rows)) == [[0, 1, 6], [2, 4], [3], [5]]
    assert levels(Scalars()) == []


# --- blocks -------------------------------------------------------------------------------------------------------


def found(left: Sequence[Any], right: Sequence[Any]) -> list[tuple[list[Any], list[Any], list[int]]]:
    return [(block.rows, block.columns, block.members) for block in blocks(left, right)]


def test_blocks_of_a_layer() -> None:
    """Three rows of weights, each with the one vector of inputs."""
    rows = [(0, 1), (2, 3), (4, 5)]
    assert found(rows, [(6, 7)] * 3) == [(rows, [(6, 7)], [0, 1, 2])]


def test_blocks_of_a_layer_on_several_examples_in_any_order() -> None:
    """The entries are numbered row by row."""
    pairs = [(a, b) for b in ("x", "y") for a in ("u", "v", "w")]
    assert found(*zip(*[((a,), (b,)) for a, b in pairs])) == [
        ([("u",), ("v",), ("w",)], [("x",), ("y",)], [0, 3, 1, 4, 2, 5])
    ]
    assert found(*zip(*[((a,), (b,)) for a, b in reversed(pairs)])) == [
        ([("w",), ("v",), ("u",)], [("y",), ("x",)], [0, 3, 1, 4, 2, 5])
    ]


def test_blocks_of_what_is_no_rectangle() -> None:
    """Causal attention: query i meets the keys up to i. Every product is in one block, and all in a block meet."""
    pairs = [((i,), (10 + j,)) for i in range(4) for j in range(i + 1)]
    left, right = zip(*pairs)
    members = []
    for rows, columns, numbers in found(left, right):
        assert [pairs[k] for k in numbers] == list(itertools.product(rows, columns))
        members += numbers
    assert sorted(members) == list(range(len(pairs)))


# --- views --------------------------------------------------------------------------------------------------------


def picked(shape: tuple[int, ...], index: Any) -> str:
    return view("A", shape, np.array(index), False, lambda positions: "I").text(False)


@pytest.mark.parametrize(
    ("shape", "index", "expected"),
    [
        ((4,), [0, 1, 2, 3], "A"),
        ((4,), [1, 2], "A[1:3]"),
        ((4,), [0, 2], "A[::2]"),
        ((4,), [3, 2, 1, 0], "A[::-1]"),
        ((4,), 2, "A[2]"),
        ((2, 3), [[0, 1, 2], [3, 4, 5]], "A"),
        ((2, 3), [3, 4, 5], "A[1]"),
        ((2, 3), [1, 4], "A[:, 1]"),
        ((2, 3), [[0, 3], [1, 4], [2, 5]], "A.T"),
        ((2, 3), [[1, 2], [4, 5]], "A[:, 1:]"),
        ((2, 3), [[1, 4], [2, 5]], "A[:, 1:].T"),
        ((2, 3), [0, 1, 2, 3, 4, 5], "A.reshape(6)"),
        ((2, 3), [[0, 1], [2, 3], [4, 5]], "A.reshape(3, 2)"),
        ((6,), [[0, 1, 2], [3, 4, 5]], "A.reshape(2, 3)"),
        ((4,), [0, 2, 3], "A[I]"),
        ((4,), [1, 1, 1], "A[I]"),
        ((2, 3), [0, 4], "A.reshape(6)[I]"),
    ],
)  # fmt: skip
def test_views_are_the_shortest_text(shape: tuple[int, ...], index: Any, expected: str) -> None:
    assert picked(shape, index) == expected


def test_views_of_batched_arrays_leave_the_examples_alone() -> None:
    def batched(shape: tuple[int, ...], index: Any) -> str:
        return view("A", shape, np.array(index), True, lambda positions: "I").text(True)

    assert batched((2, 3), [[0, 3], [1, 4], [2, 5]]) == "A.swapaxes(0, 1)"
    assert batched((2, 3), [0, 1, 2, 3, 4, 5]) == "A.reshape(6, -1)"
    assert batched((2, 3), [0, 4]) == "A.reshape(6, -1)[I]"


@st.composite
def indices(draw: Any) -> tuple[tuple[int, ...], Any]:
    """The shape of an array, and positions in it: a part cut out, transposed, reversed or reshaped, or at random."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    index = np.arange(int(np.prod(shape))).reshape(shape)
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.integers(0, 4))
        if kind == 0:
            axis = draw(st.integers(0, index.ndim - 1))
            start = draw(st.integers(0, index.shape[axis] - 1))
            step = draw(st.sampled_from([-2, -1, 1, 2]))
            index = np.moveaxis(np.moveaxis(index, axis, 0)[start::step], 0, axis)
        elif kind == 1:
            index = index.transpose(draw(st.permutations(range(index.ndim))))
        elif kind == 2:
            index = index.reshape(-1)
        elif kind == 3 and index.ndim > 1:
            index = index[draw(st.integers(0, index.shape[0] - 1))]
        else:
            flat = index.ravel()
            index = flat[draw(st.lists(st.integers(0, flat.size - 1), min_size=1, max_size=6))]
    return shape, index


@settings(max_examples=400, deadline=None)
@given(indices(), st.booleans())
def test_views_pick_what_they_are_to_pick(drawn: tuple[tuple[int, ...], Any], batched: bool) -> None:
    """And writing to them writes there: base and axes together are the target of a gradient."""
    shape, index = drawn
    constants: dict[str, Any] = {}

    def constant(positions: Any) -> str:
        constants[f"I{len(constants)}"] = positions
        return f"I{len(constants) - 1}"

    made = view("A", shape, index, batched, constant)
    tail = (2,) * batched
    array = np.arange(int(np.prod(shape)) * 2**batched).reshape(*shape, *tail)
    scope = {"A": array, **constants}
    expected = array.reshape(-1, *tail)[index]
    assert np.array_equal(eval(made.text(batched), scope), expected)
    base = eval(made.name + made.selection, scope)
    assert base.shape == (*made.shape, *tail)
    if made.ordered:
        assert np.array_equal(base.ravel(), array.ravel())
    assert made.repeated == (len(np.unique(index)) < index.size)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_aligned_parts_broadcast(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(0, 3))
    shape = tuple(data.draw(st.lists(st.integers(2, 4), min_size=ndim, max_size=ndim)))
    kept = tuple(axis for axis in range(ndim) if data.draw(st.booleans()))
    among = data.draw(st.booleans())
    batched = among and data.draw(st.booleans())
    part = np.random.default_rng(0).normal(size=(*[shape[axis] for axis in kept], *[5] * batched))
    made = eval(aligned("P", kept, ndim, batched, among), {"P": part, "None": None})
    whole = np.broadcast_to(made, (*shape, *[5] * among))
    full = part.reshape([shape[axis] if axis in kept else 1 for axis in range(ndim)] + [5 if batched else 1] * among)
    assert np.array_equal(whole, np.broadcast_to(full, whole.shape))


# --- lines --------------------------------------------------------------------------------------------------------

A, B = Symbol("a"), Symbol("b")
show = NumPy().text


def test_lines_print_numpy() -> None:
    assert show((A + B) * A) == "(a + b) * a"
    assert show(A**2.0) == "a ** 2.0"
    assert show(Postfix(A * B, ".sum()")) == "(a * b).sum()"
    assert show(Postfix(-A, "[0]")) == "(-a)[0]"
    assert show(Invoke("where", [A > 0.0, A, B])) == "where(a > 0.0, a, b)"
    assert show(autograd.symbols.Expression("&", (A > 0.0, B > 0.0))) == "(a > 0.0) & (b > 0.0)"
    assert show(Mask(A > 0.0)) == "where(a > 0.0, 1.0, 0.0)"
    assert show(B * Mask(A > 0.0)) == "b * (a > 0.0)"
    assert show(Mask(A > 0.0) + Mask(B > 0.0)) == "where(a > 0.0, 1.0, 0.0) + where(b > 0.0, 1.0, 0.0)"
    assert show(autograd.exp(A)) == "exp(a)"


def test_lines_multiply_numbers_out() -> None:
    assert show(times(2.0, times(3.0, A))) == "6.0 * a"
    assert show(times(-1.0, times(-1.0, A))) == "a"
    assert times(1.0, A) is A
    assert show(times(1.0 / N, times(A, B))) == "a * b / n"
    assert times(1.0 / N, N) == 1.0
    assert show(times(0.0, A)) == "0.0 * a"  # not 0, for a may be infinite


def test_lines_gather_terms() -> None:
    assert show(added([A, B, A])) == "2.0 * a + b"
    assert show(added([-A, B])) == "b - a"
    assert show(added([-A, -B])).replace(" ", "") in ("-a-b", "-(a+b)")
    assert show(added([A / N, B / N])) == "(a + b) / n"
    assert show(added([A, 0.0])) in ("a", "a + 0.0")
    assert added([]) == 0.0


def test_lines_find_names() -> None:
    assert names_in("W1 @ X.T + 2.0e3 * exp(b1[:, None])") == ["W1", "X", "T", "exp", "b1", "None"]
    assert names_in("aβ * 1e5 + 1.5e-3") == ["aβ"]


def test_lines_replace_from_the_inside_out() -> None:
    made = replaced(A * (A + B), lambda x: Symbol("c") if x is A else x)
    assert show(made) == "c * (c + b)"


# --- fuse ---------------------------------------------------------------------------------------------------------


def fused(*lines: Line, outputs: Sequence[str] = ("out",)) -> list[str]:
    return [line.text() for line in fuse(lines, outputs)]


def test_fuse_merges_what_one_line_needs() -> None:
    assert fused(Line("t", A * B, temporary=True), Line("out", Symbol("t") + 1.0)) == ["out = a * b + 1.0"]


def test_fuse_puts_parentheses() -> None:
    assert fused(Line("t", A + B, temporary=True), Line("out", Symbol("t") * A)) == ["out = (a + b) * a"]


def test_fuse_keeps_what_two_need_or_what_is_no_temporary() -> None:
    twice = [Line("t", A * B, temporary=True), Line("u", Symbol("t") + 1.0), Line("out", Symbol("t") + Symbol("u"))]
    assert fused(*twice) == ["t = a * b", "u = t + 1.0", "out = t + u"]
    assert fused(Line("Z1", A * B), Line("out", Symbol("Z1") + 1.0)) == ["Z1 = a * b", "out = Z1 + 1.0"]
    assert fused(Line("t", A, temporary=True), Line("u", Symbol("t") + A), outputs=["t"])[0] == "t = a"


def test_fuse_leaves_additions_where_they_are() -> None:
    """Between the array of zeros and the lines that read it."""
    lines = [
        Line("d", Invoke("zeros_like", [A])),
        Line("d[0]", B, adds=True),
        Line("d[1]", B, adds=True),
        Line("t", Symbol("d") * 2.0, temporary=True),
        Line("out", Symbol("t") + Symbol("d")),
    ]
    assert fused(*lines) == ["d = zeros_like(a)", "d[0] += b", "d[1] += b", "out = d * 2.0 + d"]


def test_fuse_makes_no_line_too_wide() -> None:
    names = [Symbol("a_rather_long_name_" * 2 + str(i)) for i in range(4)]
    lines = [
        Line("t", names[0] * names[1], temporary=True),
        Line("out", Symbol("t") + names[2] * names[3]),
    ]
    assert len(fused(*lines)) == 2
    assert all(len(line) <= max(WIDEST, len(lines[1].text())) for line in fused(*lines))


# --- group, layout and naming -------------------------------------------------------------------------------------


def grouped(made: Scalars, *shapes: tuple[int, ...], batched: bool = True) -> Grouping:
    slots = [Slot(letter, shape) for letter, shape in zip("xyz", shapes)]
    parameters = sum(head is PARAMETER for head in made.heads)
    return Grouping(made, slots, batched, parameters)


def arrays(grouping: Grouping) -> list[tuple[str, tuple[int, ...]]]:
    """What each computed array is, and its shape."""
    return [(a.head.name, a.shape) for a in grouping.arrays if a.operands]


def layer_rows(nin: int, nout: int) -> list[Any]:
    """tanh(w x + b) for inputs x first, then the weights of each neuron and its bias."""
    rows: list[Any] = [INPUT] * nin
    outs = []
    for _ in range(nout):
        start = len(rows)
        rows += [PARAMETER] * (nin + 1)
        rows.append((TOTAL, *range(start, start + nin), *range(nin), start + nin, {"pairs": nin}))
        rows.append((ops.tanh, len(rows) - 1))
        outs.append(len(rows) - 1)
    return [*rows, (TOTAL, *outs, {"pairs": 0})]


def test_group_finds_a_layer() -> None:
    """Product, sum with the biases, activation; then the total of the neurons, along the axis."""
    grouping = grouped(table(layer_rows(2, 3)), (2,))
    assert arrays(grouping) == [("matmul", (3,)), ("sum_of", (3,)), ("tanh", (3,)), ("reduce", ())]
    product = grouping.arrays[-4]
    assert product.operands[0].index.tolist() == [[0, 1], [3, 4], [6, 7]]
    assert product.operands[1].index.tolist() == [[0], [1]]


def test_group_keeps_different_operations_apart() -> None:
    rows = [INPUT, PARAMETER, (ops.sin, 0), (ops.cos, 0), (ops.sin, 1), (TOTAL, 2, 3, 4, {"pairs": 0})]
    names = [head for head, _ in arrays(grouped(table(rows), ()))]
    assert sorted(names) == ["cos", "sin", "sin", "sum_of"]


def test_group_finds_a_grid() -> None:
    """Each of two parameters with each of three inputs."""
    rows: list[Any] = [INPUT] * 3 + [PARAMETER] * 2
    rows += [(ops.maximum, p, x) for p in (3, 4) for x in (0, 1, 2)]
    grouping = grouped(table([*rows, (TOTAL, *range(5, 11), {"pairs": 0})]), (3,))
    assert arrays(grouping)[0] == ("maximum", (2, 3))


def test_layout_gives_each_parameter_one_place() -> None:
    made = table(layer_rows(2, 3))
    grouping = grouped(made, (2,))
    values = [Value(float(i), "wvb"[i % 3]) for i in range(9)]
    layout = Layout(grouping, values)
    assert sorted(layout.where.tolist()) == list(range(9))
    matrix, vector = layout.parts
    assert (matrix.shape, vector.shape) == ((3, 2), (3,))
    assert matrix.numbers.tolist() == [0, 1, 3, 4, 6, 7]
    assert vector.numbers.tolist() == [2, 5, 8]
    assert layout.part_of(np.array([0, 5])) is matrix
    assert layout.part_of(np.array([6, 8])) is vector
    assert layout.part_of(np.array([5, 6])) is None


def test_layout_places_parameters_that_nothing_uses() -> None:
    made = table([INPUT, PARAMETER, PARAMETER, (ops.mul, 0, 1)])
    layout = Layout(grouped(made, ()), [Value(1.0, "a"), Value(2.0, "b")])
    assert sorted(layout.where.tolist()) == [0, 1]


# --- forward and reverse ------------------------------------------------------------------------------------------


def written(made: Scalars, *shapes: tuple[int, ...], labels: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """The lines forward, and those back from the only output."""
    grouping = grouped(made, *shapes)
    count = sum(head is PARAMETER for head in made.heads)
    layout = Layout(grouping, [Value(0.0, label) for label in [*labels, *["p"] * count][:count]])
    name(grouping, layout)
    writer = Writer(grouping, layout)
    there = [line.text() for line in forward(writer)]
    reverse = Reverse(writer)
    reverse.run([(grouping.outputs[0], 1.0)])
    return there, [line.text() for line in reverse.lines]


def test_forward_and_reverse_of_a_product() -> None:
    """w x for one parameter: dw is the sum of x over the examples."""
    there, back = written(table([INPUT, PARAMETER, (ops.mul, 1, 0), (ops.sin, 2)]), (), labels=["w"])
    assert there == ["mul1 = w * x", "sin1 = sin(mul1)"]
    assert back[-1] == "gradient = dw.reshape(-1)" or back[-1].startswith("gradient =")
    scope: dict[str, Any] = {"x": np.array([0.5, 2.0]), "w": np.array(3.0), "theta": np.array([3.0]), **vars(np)}
    exec("\n".join([*there, *back]), scope)
    assert np.ravel(scope["gradient"]) == pytest.approx([(0.5 * np.cos(1.5) + 2.0 * np.cos(6.0))])


def test_reverse_sums_where_an_operand_was_broadcast() -> None:
    rows: list[Any] = [INPUT, INPUT, INPUT, PARAMETER, *[(ops.mul, 3, i) for i in range(3)]]
    rows += [(ops.sin, i) for i in (4, 5, 6)]
    there, back = written(table([*rows, (TOTAL, 7, 8, 9, {"pairs": 0})]), (3,), labels=["w"])
    x = np.array([[0.5, 2.0], [1.0, 0.25], [-1.0, 3.0]])
    scope: dict[str, Any] = {"X": x, "w": np.array(3.0), "theta": np.array([3.0]), "n": 2, **vars(np)}
    exec("\n".join([*there, *back]), scope)
    assert np.ravel(scope["gradient"]) == pytest.approx([(x * np.cos(3.0 * x)).sum()])


def test_reverse_leaves_conditions_and_detached_arrays_alone() -> None:
    rows = [INPUT, PARAMETER, (RELATIONS["<"], 0, 1), (DETACH, 1), (ops.where, 2, 3, 1)]
    there, back = written(table(rows), (), labels=["w"])
    scope: dict[str, Any] = {
        "x": np.array([0.5, 4.0]),
        "w": np.array(3.0),
        "theta": np.array([3.0]),
        "n": 2,
        **vars(np),
    }
    exec("\n".join([*there, *back]), scope)
    assert np.ravel(scope["gradient"]).tolist() == [1.0]  # of the second example alone


# --- emit ---------------------------------------------------------------------------------------------------------


def test_emit_imports_what_the_lines_use_and_no_more() -> None:
    module = Module("a title", {})
    module.define("f", "a", "Doc.", [Line("b", autograd.exp(A), "a comment")], "b")
    source = module.source()
    assert source.splitlines()[0] == '"""a title"""'
    assert "from numpy import exp\n" in source
    scope: dict[str, Any] = {}
    exec(source, scope)
    assert scope["f"](0.0) == 1.0


def test_emit_defines_what_numpy_lacks_from_the_rule() -> None:
    module = Module("", {})
    module.define("f", "a", "Doc.", [Line("b", autograd.softplus(A))], "b")
    scope: dict[str, Any] = {}
    exec(module.source(), scope)
    points = np.array([-800.0, -1.0, 0.0, 30.0, 800.0])
    assert scope["f"](points) == pytest.approx(autograd.softplus(points), rel=1e-15)


def test_emit_takes_the_normal_distribution_from_autograd() -> None:
    module = Module("", {})
    module.define("f", "a", "Doc.", [Line("b", autograd.ndtr(A) + autograd.erf(A))], "b")
    assert "from autograd.arrays import erf, ndtr" in module.source()


def test_emit_writes_small_constants_out_and_names_large_ones() -> None:
    small, large = np.array([0.1, math.inf, math.nan, -2.0]), np.arange(1000.0)
    source = Module("", {"C1": small, "C2": large}).source()
    scope: dict[str, Any] = {}
    exec(source, scope)
    assert np.array_equal(scope["C1"], small, equal_nan=True)
    assert "C2" not in scope
    assert "C2: a constant of shape (1000,)" in source


# --- inputs -------------------------------------------------------------------------------------------------------


def test_inputs_know_arrays_from_lists_of_arrays() -> None:
    inputs = Inputs(lambda a, b, c: 0, ([1.0, 2.0], {"u": 1.0, "v": [[1.0], [2.0]]}, [[1.0], [1.0, 2.0]]), False, FLOAT)
    assert [(slot.name, slot.shape) for slot in inputs.slots] == [
        ("a", (2,)),
        ("b_u", ()),
        ("b_v", (2, 1)),
        ("c1", (1,)),
        ("c2", (2,)),
    ]
    assert inputs.filled("ABCDE") == ["A", {"u": "B", "v": "C"}, ["D", "E"]]


@pytest.mark.parametrize(
    ("f", "count", "expected"),
    [
        (lambda x, y: 0, 2, ["x", "y"]),
        (lambda x, *xs: 0, 3, ["x", "xs1", "xs2"]),
        (lambda x, y=1, *, z=2: 0, 1, ["x"]),
        (lambda **options: 0, 2, ["x1", "x2"]),
        (max, 2, ["x1", "x2"]),
    ],
)
def test_inputs_are_called_as_in_the_function(f: Callable[..., Any], count: int, expected: list[str]) -> None:
    assert argument_names(f, count) == expected


def test_inputs_come_back_as_arrays_of_the_program_s_type() -> None:
    inputs = Inputs(lambda x: 0, ([0.0, 0.0],), False, FLOAT).with_batch(True)
    rows = [[1, 2], [3, 4]]
    for given_ in (rows, ((1, 2), (3, 4)), np.array(rows), np.array(rows, "float32"), np.array(rows, ">f8")):
        (array,) = inputs.arrays([given_])
        assert array.dtype == FLOAT
        assert array.tolist() == [[1.0, 2.0], [3.0, 4.0]]


# --- all passes on random tables ----------------------------------------------------------------------------------


def evaluate(made: Scalars, inputs: Sequence[float], parameters: Sequence[float]) -> list[float]:
    """The outputs, row by row."""
    numbers: list[float] = []
    for head, operands, data, _ in made.rows():
        xs = [numbers[i] for i in operands]
        if head is INPUT:
            numbers.append(inputs[data])
        elif head is PARAMETER:
            numbers.append(parameters[data])
        elif head is CONSTANT:
            numbers.append(data)
        elif head is TOTAL:
            pairs = zip(xs[:data], xs[data : 2 * data])
            numbers.append(math.fsum([*[a * b for a, b in pairs], *xs[2 * data :]]))
        else:
            numbers.append(head.value(*xs))
    return [numbers[i] for i in made.outputs]


HEADS: list[Op] = [ops.add, ops.mul, ops.sub, ops.neg, ops.sin, ops.positive, ops.sum, ops.dot, ops.where, ops.maximum]


def random_table(seed: int) -> Scalars:
    rng = random.Random(seed)
    rows: list[Any] = [INPUT, INPUT, PARAMETER, PARAMETER, rng.uniform(-1.0, 1.0), 0.0]
    for _ in range(rng.randint(1, 40)):
        head = rng.choice(HEADS)
        arity = head.arity or rng.randint(1, 5)
        rows.append((head, *[max(rng.randrange(len(rows)), rng.randrange(len(rows))) for _ in range(arity)]))
    return table(rows, len(rows) - 1)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**40))
def test_no_pass_changes_what_is_computed(seed: int) -> None:
    made = random_table(seed)
    rng = random.Random(seed)
    inputs, parameters = [rng.uniform(-1.0, 1.0) for _ in range(2)], [rng.uniform(-1.0, 1.0) for _ in range(2)]
    (expected,) = evaluate(made, inputs, parameters)
    for step in (fold, sums, share, live):
        made = step(made)
        assert evaluate(made, inputs, parameters) == pytest.approx([expected], rel=1e-11, abs=1e-11), step.__name__
        assert all(i < k for k, operands in enumerate(made.operands) for i in operands)
    elsewhere = [x + 0.5 for x in inputs]
    (expected_elsewhere,) = evaluate(made, elsewhere, parameters)
    apart = split(made)
    one, other = evaluate(apart, inputs, parameters)
    moved, still = evaluate(apart, elsewhere, parameters)
    assert still == other
    assert one + other == pytest.approx(expected, rel=1e-11, abs=1e-11)
    assert moved + still == pytest.approx(expected_elsewhere, rel=1e-11, abs=1e-11)


def test_a_refusal_is_a_value_error() -> None:
    assert issubclass(CompileError, ValueError)
