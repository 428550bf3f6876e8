"""The compiler's passes one by one, on small programs made by hand; the expected results are written by hand as well.

At the end random programs go through all passes; `tests.interpreter` computes the program that each pass makes.
"""

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

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

from autograd.compiler import check, parameters  # noqa: E402
from autograd.compiler.arrays import (  # noqa: E402
    ACCUMULATE,
    CONTRACT,
    EXPAND,
    JOIN,
    LOOP,
    NUMBER,
    PICK,
    REDUCE,
    REQUIRE,
    SUM,
    Array,
    ArrayProgram,
    Builder,
)
from autograd.compiler.blocks import HOLE, blocks, extended  # noqa: E402
from autograd.compiler.check import IllegalProgram, check_arrays, check_scalars  # noqa: E402
from autograd.compiler.fold import fold  # noqa: E402
from autograd.compiler.group import group  # noqa: E402
from autograd.compiler.inputs import Inputs, Slot, argument_names  # noqa: E402
from autograd.compiler.levels import levels  # noqa: E402
from autograd.compiler.live import live  # noqa: E402
from autograd.compiler.lower import lower  # noqa: E402
from autograd.compiler.name import name  # noqa: E402
from autograd.compiler.pipeline import PIPELINE, Task, stages, write  # noqa: E402
from autograd.compiler.place import place  # noqa: E402
from autograd.compiler.record import Recording  # noqa: E402
from autograd.compiler.reverse import differentiate  # noqa: E402
from autograd.compiler.scalars import CONSTANT, DETACH, INPUT, PARAMETER, RELATIONS, TOTAL, Scalars  # noqa: E402
from autograd.compiler.share import share  # noqa: E402
from autograd.compiler.split import split  # noqa: E402
from autograd.compiler.sums import sums  # noqa: E402
from autograd.compiler.views import View, view  # noqa: E402
from tests.interpreter import of_arrays, of_scalars  # noqa: E402
from tests.test_compiler_graphs import function  # noqa: E402

FLOAT = np.dtype("float64")


def table(rows: Sequence[Any], *outputs: int) -> Scalars:
    """A table of rows like ``INPUT``, ``(ops.add, 0, 1)`` or ``(TOTAL, 0, 1, 2, {"pairs": 1})``.

    Inputs and parameters are numbered in their order, each kind by itself; a float is a constant.
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
    """Placeholders come first, then the rows of the function, operands before the rows that use them."""
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
    """0 * x, x - x and x / x are nan for some x; x**0 stays as well."""
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
    # The rows after x0 and w0; then the part that depends on the example, and the part that does not.
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
    """((x + w) - w*w) / 2, where the sum is a row of its own: x / 2 and (w - w*w) / 2."""
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
    """Causal attention: query i is multiplied by the keys up to i. One block, with holes for the other pairs."""
    pairs = [((i,), (10 + j,)) for i in range(4) for j in range(i + 1)]
    ((rows, columns, members),) = found(*zip(*pairs))
    assert sorted(k for k in members if k != HOLE) == list(range(len(pairs)))
    for (row, column), k in zip(itertools.product(rows, columns), members):
        assert (row, column) == pairs[k] if k != HOLE else (row, column) not in pairs


def test_blocks_with_too_many_holes_stay_apart() -> None:
    """Every product is in one block, and every block has all products of its rows and columns, without holes."""
    for pairs in (
        [((i,), (10 + i,)) for i in range(5)],
        [((0,), (10,)), ((1,), (10,)), ((1,), (11,))],
        [((i,), (10 + j,)) for i in range(12) for j in (i, i + 1)],
    ):
        members = []
        for rows, columns, numbers in found(*zip(*pairs)):
            assert [pairs[k] for k in numbers] == list(itertools.product(rows, columns))
            members += numbers
        assert sorted(members) == list(range(len(pairs)))


def test_blocks_are_extended_on_one_side() -> None:
    """Sums of one, two and three products: each sum gets all factors of one side, with holes on the other."""
    pairs = [[(0, 5)], [(1, 5), (2, 6)], [(3, 5), (4, 6), (5, 7)]]
    assert extended(pairs, 1) == [
        [(0, 5), (HOLE, 6), (HOLE, 7)],
        [(1, 5), (2, 6), (HOLE, 7)],
        [(3, 5), (4, 6), (5, 7)],
    ]
    assert extended(pairs, 0) == pairs  # no two sums have a factor in common there
    assert extended([[(0, 5), (1, 5)]], 1) is None  # a factor occurs twice in a sum
    assert extended([[(i, j) for j in (0, i)] for i in range(1, 9)], 1) is None  # more holes than numbers


# --- views --------------------------------------------------------------------------------------------------------


def whole(*shape: int) -> Any:
    return np.arange(math.prod(shape)).reshape(shape)


def taken(part: View, array: Any, tail: tuple[int, ...] = ()) -> Any:
    """The part of an array that a view takes out; `tail` is the shape of the last axes, which stay whole."""
    made = array if part.reshaped is None else array.reshape(*part.reshaped, *tail)
    made = made[part.selection] if part.gathered is None else made[part.gathered]
    assert made.shape == (*part.shape, *tail)
    made = made.transpose(*part.axes, *range(len(part.axes), made.ndim))
    return made if part.merged is None else made.reshape(*part.merged, *tail)


@pytest.mark.parametrize(
    ("shape", "index", "way"),
    [
        ((4,), [0, 1, 2, 3], {}),
        ((4,), [1, 2], {"selection": (slice(1, 3),)}),
        ((4,), [0, 2], {"selection": (slice(None, None, 2),)}),
        ((4,), [3, 2, 1, 0], {"selection": (slice(None, None, -1),)}),
        ((4,), 2, {"selection": (2,)}),
        ((2, 3), [[0, 1, 2], [3, 4, 5]], {}),
        ((2, 3), [3, 4, 5], {"selection": (1,)}),
        ((2, 3), [1, 4], {"selection": (slice(None), 1)}),
        ((2, 3), [[0, 3], [1, 4], [2, 5]], {"axes": (1, 0)}),
        ((2, 3), [[1, 2], [4, 5]], {"selection": (slice(None), slice(1, None))}),
        ((2, 3), [[1, 4], [2, 5]], {"selection": (slice(None), slice(1, None)), "axes": (1, 0)}),
        ((2, 3), [0, 1, 2, 3, 4, 5], {"reshaped": (6,)}),
        ((2, 3), [[0, 1], [2, 3], [4, 5]], {"reshaped": (3, 2)}),
        ((6,), [[0, 1, 2], [3, 4, 5]], {"reshaped": (2, 3)}),
        ((6,), [[0, 2, 4], [1, 3, 5]], {"reshaped": (3, 2), "axes": (1, 0)}),
        ((2, 3), [0, 3, 1, 4, 2, 5], {"axes": (1, 0), "merged": (6,)}),
        ((4,), [0, 2, 3], {"gathered": True}),
        ((4,), [1, 1, 1], {"gathered": True}),
        ((2, 3), [0, 4, 5], {"gathered": True, "reshaped": (6,)}),
    ],
)  # fmt: skip
def test_views_are_the_shortest_way(shape: tuple[int, ...], index: Any, way: dict[str, Any]) -> None:
    part = view(shape, np.array(index))
    assert part.reshaped == way.get("reshaped")
    assert part.selection == way.get("selection", ())
    assert (part.gathered is not None) == way.get("gathered", False)
    assert part.axes == way.get("axes", tuple(range(len(part.shape))))
    assert part.merged == way.get("merged")


def test_views_cost_the_more_the_farther_they_are() -> None:
    parts = [[[0, 1, 2], [3, 4, 5]], [3, 4, 5], [[0, 3], [1, 4], [2, 5]], [0, 1, 2, 3, 4, 5], [0, 4, 5]]
    costs = [view((2, 3), np.array(index)).cost for index in parts]
    assert costs == sorted(set(costs))
    assert costs[0] == 0


@st.composite
def indices(draw: Any) -> tuple[tuple[int, ...], Any]:
    """The shape of an array, and positions in it: a part that is sliced, transposed, reversed, reshaped or random."""
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
    """Also with an axis of examples; a view that selects, and does not gather, can be written to as well."""
    shape, index = drawn
    part = view(shape, index)
    tail = (2,) * batched
    array = np.arange(math.prod(shape) * 2**batched).reshape(*shape, *tail)
    assert np.array_equal(taken(part, array, tail), array.reshape(-1, *tail)[index])
    if part.gathered is None and part.merged is None:
        assert np.shares_memory(taken(part, array, tail), array)


# --- group --------------------------------------------------------------------------------------------------------


def grouped(made: Scalars, *shapes: tuple[int, ...], batched: bool = True) -> ArrayProgram:
    slots = [Slot(letter, shape) for letter, shape in zip("xyz", shapes)]
    program = group(made, slots, batched, sum(head is PARAMETER for head in made.heads), (), Builder())
    check_arrays(program, "group")
    return program


def computed(program: ArrayProgram) -> list[tuple[str, tuple[int, ...]]]:
    """The operation and the shape of each computed array, without those that only pick parts of another."""
    return [(x.head.name, x.shape) for x in program.arrays() if x.operands and x.head is not PICK]


def one(program: ArrayProgram, head: Op) -> Array:
    """The only array of that head."""
    (x,) = [x for x in program.arrays() if x.head is head]
    return x


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
    program = grouped(table(layer_rows(2, 3)), (2,))
    assert computed(program) == [("contract", (3,)), ("sum_of", (3,)), ("tanh", (3,)), ("reduce", ())]
    product = one(program, CONTRACT)
    weights, x = product.operands
    assert weights.data.tolist() == [[0, 1], [3, 4], [6, 7]]
    assert x is program.inputs[0]
    assert product.data == (("ij", "j", "i"), False)
    assert (weights.batched, product.batched) == (False, True)


def test_group_remembers_which_scalars_an_array_is() -> None:
    """A neuron's total is an entry of the sum, its activation one of tanh; a product alone stands for no scalar."""
    rows = layer_rows(2, 3)
    totals = [i for i, row in enumerate(rows[:-1]) if isinstance(row, tuple) and row[0] is TOTAL]
    program = grouped(table(rows), (2,))
    named = {x.head: None if x.rows is None else x.rows.tolist() for x in program.arrays()}
    assert named[SUM] == totals
    assert named[ops.tanh] == [i + 1 for i in totals]
    assert named[REDUCE] == len(rows) - 1
    assert named[INPUT] == [0, 1]
    assert named[CONTRACT] is None


def test_group_keeps_different_operations_apart() -> None:
    rows = [INPUT, PARAMETER, (ops.sin, 0), (ops.cos, 0), (ops.sin, 1), (TOTAL, 2, 3, 4, {"pairs": 0})]
    assert sorted(computed(grouped(table(rows), ()))) == [("cos", ()), ("sin", ()), ("sin", ()), ("sum_of", ())]


def test_group_finds_a_grid() -> None:
    """Each of two parameters with each of three inputs: a column and a row, broadcast to a grid."""
    rows: list[Any] = [INPUT] * 3 + [PARAMETER] * 2
    rows += [(ops.maximum, p, x) for p in (3, 4) for x in (0, 1, 2)]
    program = grouped(table([*rows, (TOTAL, *range(5, 11), {"pairs": 0})]), (3,))
    assert computed(program)[0] == ("maximum", (2, 3))
    assert [y.shape for y in one(program, ops.maximum).operands] == [(2, 1), (1, 3)]


def test_group_fills_a_grid_that_has_holes() -> None:
    """Pairs i < j of five numbers: 10 of the 16 entries of a square; the other 6 are marked as holes."""
    rows: list[Any] = [INPUT] * 5
    rows += [(ops.maximum, i, j) for i, j in itertools.combinations(range(5), 2)]
    program = grouped(table([*rows, (TOTAL, *range(5, 15), {"pairs": 0})]), (5,))
    square = one(program, ops.maximum)
    assert square.shape == (4, 4)
    assert square.holes is not None
    assert square.holes.astype(int).tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]]
    assert of_arrays(program, [[[1.0, 2.0, 4.0, 8.0, 16.0]]], [])[0].tolist() == [2.0 + 2 * 4.0 + 3 * 8.0 + 4 * 16.0]


def causal(length: int, width: int) -> Scalars:
    """For each position the log-sum-exp of the products of its vector with the second vectors up to that position."""
    rows: list[Any] = [INPUT] * (2 * length * width)
    tops = []
    for t in range(length):
        first = len(rows)
        for s in range(t + 1):
            query, key = range(t * width, (t + 1) * width), range((length + s) * width, (length + s + 1) * width)
            rows.append((TOTAL, *query, *key, {"pairs": width}))
        rows.append((ops.logsumexp, *range(first, len(rows))))
        tops.append(len(rows) - 1)
    return table([*rows, (TOTAL, *tops, {"pairs": 0})])


def test_group_fills_a_ragged_family_with_the_neutral_number() -> None:
    """Causal attention: one matrix product, with -inf at the entries that log-sum-exp has to ignore."""
    made = causal(4, 2)
    program = grouped(made, (4, 2), (4, 2))
    assert computed(program) == [("contract", (4, 4)), ("where", (4, 4)), ("logsumexp", (4,)), ("reduce", ())]
    mask, _, filler = one(program, ops.where).operands
    assert mask.data.tolist() == np.tri(4, 4, dtype=bool).tolist()
    assert filler == -math.inf
    q, k = np.random.default_rng(0).normal(size=(2, 3, 4, 2))
    (found,) = of_arrays(program, [q, k], [], 3)
    expected = [of_scalars(made, [*a.ravel(), *b.ravel()], [])[0] for a, b in zip(q, k)]
    assert found.tolist() == pytest.approx(expected, rel=1e-13)


def test_group_fills_sums_of_several_lengths() -> None:
    """x1, x1 + x2, ...: a triangle of zeros and of numbers, summed along an axis. A single term is no sum."""
    rows: list[Any] = [INPUT] * 4 + [(TOTAL, *range(t + 1), {"pairs": 0}) for t in range(1, 4)]
    program = grouped(table(rows, 0, 4, 5, 6), (4,))
    assert one(program, REDUCE).shape == (3,)
    found = of_arrays(program, [[[1.0, 10.0, 100.0, 1000.0]]], [])
    assert [float(x) for (x,) in found] == [1.0, 11.0, 111.0, 1111.0]


def test_group_leaves_two_lengths_apart() -> None:
    """Sums are filled up to one length only from three lengths on."""
    rows: list[Any] = [INPUT] * 7 + [(TOTAL, 0, 1, 2, {"pairs": 0}), (TOTAL, 3, 4, 5, 6, {"pairs": 0})]
    names = [head for head, _ in computed(grouped(table(rows, 7, 8), (7,)))]
    assert names == ["reduce", "reduce"]


def test_group_stacks_products_of_one_shape() -> None:
    """Two heads of attention: for each of them, each of two rows with each of two columns."""

    def row(head: int, i: int) -> range:
        return range(6 * head + 3 * i, 6 * head + 3 * i + 3)

    rows: list[Any] = [INPUT] * 24
    rows += [
        (TOTAL, *row(h, i), *[12 + k for k in row(h, j)], {"pairs": 3}) for h in (0, 1) for i in (0, 1) for j in (0, 1)
    ]
    program = grouped(table(rows, *range(24, 32)), (2, 2, 3), (2, 2, 3))
    assert computed(program) == [("contract", (2, 2, 2))]
    (left, right, out), _ = one(program, CONTRACT).data
    assert len(set(left) & set(right) & set(out)) == 1  # the index of the heads
    a, b = drawn(2, 2, 3), drawn(3, 2, 2, 3)[0]
    assert np.ravel(of_arrays(program, [[a], [b]], [])) == pytest.approx(np.einsum("hik,hjk->hij", a, b).ravel())


def test_group_joins_what_comes_from_several_arrays() -> None:
    rows = [INPUT, PARAMETER, (ops.sin, 0), (ops.cos, 0), (ops.logsumexp, 2, 3, 1)]
    program = grouped(table(rows), ())
    assert one(program, JOIN).shape == (3,)
    assert one(program, ops.logsumexp).shape == ()


# --- place --------------------------------------------------------------------------------------------------------


def placed(program: ArrayProgram, values: Sequence[Value]) -> ArrayProgram:
    made = place(program, values)
    check_arrays(made, "place")
    return made


def test_place_gives_each_parameter_one_place() -> None:
    """The weights come first, as the matrix that the product takes; then the biases."""
    program = placed(grouped(table(layer_rows(2, 3)), (2,)), [Value(float(i), "wvb"[i % 3]) for i in range(9)])
    layout = program.layout
    assert sorted(layout.where.tolist()) == list(range(9))
    matrix, vector = layout.parts
    assert (matrix.shape, vector.shape) == ((3, 2), (3,))
    assert matrix.numbers.tolist() == [0, 1, 3, 4, 6, 7]
    assert vector.numbers.tolist() == [2, 5, 8]
    assert (matrix.start, matrix.stop, vector.start, vector.stop) == (0, 6, 6, 9)
    assert layout.part_of(np.array([0, 5])) is matrix
    assert layout.part_of(np.array([6, 8])) is vector
    assert layout.part_of(np.array([5, 6])) is None
    assert one(program, CONTRACT).operands[0].data is matrix  # the matrix itself, without a copy or a view of a part


def test_place_finds_room_for_parameters_that_nothing_uses() -> None:
    made = table([INPUT, PARAMETER, PARAMETER, (ops.mul, 0, 1)])
    layout = placed(grouped(made, ()), [Value(1.0, "a"), Value(2.0, "b")]).layout
    assert sorted(layout.where.tolist()) == [0, 1]
    assert [part.name for part in layout.parts] == ["a", "b"]


def test_place_puts_everything_where_another_program_has_it() -> None:
    values = [Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")]
    first = placed(grouped(table([INPUT, PARAMETER, PARAMETER, PARAMETER, (ops.mul, 0, 3)]), ()), values)
    shared = parameters.Parameters(first.layout, FLOAT)
    again = place(grouped(table([INPUT, PARAMETER, PARAMETER, PARAMETER, (ops.mul, 0, 2)]), ()), values, shared)
    assert again.layout.where.tolist() == first.layout.where.tolist()
    assert again.layout.parts == first.layout.parts


def test_place_brings_what_is_made_of_parameters_alone_into_their_order() -> None:
    """Squares of parameters that a matrix holds in another order: their array is reordered, and so are its picks."""
    rows: list[Any] = [INPUT, INPUT, *[PARAMETER] * 4]
    rows += [(TOTAL, 2, 4, 0, 1, {"pairs": 2}), (TOTAL, 3, 5, 0, 1, {"pairs": 2})]  # W = [[p0, p2], [p1, p3]]
    rows += [(ops.square, i) for i in (2, 3, 4, 5)]
    made = table(rows, 6, 7, 8, 9, 10, 11)
    before = grouped(made, (2,))
    after = placed(before, [Value(0.0, "w") for _ in range(4)])
    numbers, x = [1.0, 2.0, 3.0, 4.0], [[10.0, 100.0]]
    expected = [310.0, 420.0, 1.0, 4.0, 9.0, 16.0]
    assert [float(np.ravel(y)[0]) for y in of_arrays(before, [x], numbers)] == expected
    assert [float(np.ravel(y)[0]) for y in of_arrays(after, [x], numbers)] == expected
    squares = one(after, ops.square)
    assert squares.rows is not None
    where = after.layout.where
    assert [int(where[row - 8]) for row in squares.rows] == sorted(int(where[row - 8]) for row in squares.rows)


# --- name ---------------------------------------------------------------------------------------------------------


def test_name_makes_a_program_of_its_own() -> None:
    before = placed(grouped(table(layer_rows(2, 3)), (2,)), [Value(0.0, "wvb"[i % 3]) for i in range(9)])
    after = name(before)
    check_arrays(after, "name")
    assert [x.name for x in before.inputs] == ["x"]
    assert [x.name for x in after.inputs] == ["X"]
    roles = {x.head: x.role and x.role.word for x in after.arrays()}
    assert (roles[SUM], roles[ops.tanh], roles[CONTRACT]) == ("Z", "A", None)
    assert all(x.role is None for x in before.arrays())


# --- reverse ------------------------------------------------------------------------------------------------------


def gradient(made: Scalars, inputs: Sequence[Any], numbers: Sequence[float], *shapes: tuple[int, ...]) -> list[float]:
    """The gradient of the sum over the examples, in the order of the rows."""
    program = placed(grouped(split(made), *shapes), [Value(x, "p") for x in numbers])
    back = differentiate(program, mean=False)
    check_arrays(back, "differentiate")
    _, vector = of_arrays(back, inputs, numbers, len(inputs[0]))
    return [float(vector[i]) for i in program.layout.where]


def test_reverse_of_a_product() -> None:
    """sin(w x): cos(w x) x, summed over the examples."""
    x = np.array([0.5, 2.0])
    made = table([INPUT, PARAMETER, (ops.mul, 1, 0), (ops.sin, 2)])
    assert gradient(made, [x], [3.0], ()) == pytest.approx([0.5 * math.cos(1.5) + 2.0 * math.cos(6.0)])


def test_reverse_sums_where_an_operand_was_repeated() -> None:
    """One parameter times three inputs."""
    x = np.array([[0.5, 2.0, 1.0], [1.0, 0.25, -1.0]])
    rows: list[Any] = [INPUT, INPUT, INPUT, PARAMETER, *[(ops.mul, 3, i) for i in range(3)]]
    rows += [(ops.sin, i) for i in (4, 5, 6)]
    made = table([*rows, (TOTAL, 7, 8, 9, {"pairs": 0})])
    assert gradient(made, [x], [3.0], (3,)) == pytest.approx([(x * np.cos(3.0 * x)).sum()])


def test_reverse_of_a_layer_is_two_products() -> None:
    """dW = dZ X.T and db = dZ summed, where dZ is 1 - tanh(Z)**2."""
    numbers = [0.5, -0.25, 0.125, 0.75, 0.5, -1.0]  # each neuron's weights, and its bias
    x = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.25]])
    w, b = np.array([[0.5, -0.25], [0.75, 0.5]]), np.array([0.125, -1.0])
    dz = 1.0 - np.tanh(x @ w.T + b) ** 2
    dw, db = dz.T @ x, dz.sum(axis=0)
    expected = [*dw[0], db[0], *dw[1], db[1]]
    assert gradient(table(layer_rows(2, 2)), [x], numbers, (2,)) == pytest.approx(expected, rel=1e-13)


def test_reverse_adds_to_the_parts_that_were_picked() -> None:
    """x (a*a + a*b + sin(c)), where a, b and c are entries of one array."""
    rows = [INPUT, *[PARAMETER] * 3, (ops.mul, 1, 1), (ops.mul, 1, 2), (ops.sin, 3), (TOTAL, 4, 5, 6, {"pairs": 0}),
            (ops.mul, 0, 7)]  # fmt: skip
    found = gradient(table(rows), [np.array([2.0])], [3.0, 5.0, 0.5], ())
    assert found == pytest.approx([2.0 * (6.0 + 5.0), 2.0 * 3.0, 2.0 * math.cos(0.5)])


def test_reverse_leaves_conditions_and_detached_arrays_alone() -> None:
    """where(x < w, detached w, w): only the second example passes the gradient on."""
    rows = [INPUT, PARAMETER, (RELATIONS["<"], 0, 1), (DETACH, 1), (ops.where, 2, 3, 1)]
    assert gradient(table(rows), [np.array([0.5, 4.0])], [3.0], ()) == [1.0]


def test_reverse_lets_nothing_through_a_hole() -> None:
    """A slope may be infinite or nan in a hole: sqrt of x_i - x_j for i > j alone."""
    rows: list[Any] = [INPUT] * 4 + [PARAMETER] * 4 + [(ops.mul, i, i + 4) for i in range(4)]
    pairs = [(i, j) for i in range(4) for j in range(i)]
    rows += [(ops.sub, 8 + i, 8 + j) for i, j in pairs]
    rows += [(ops.sqrt, 12 + k) for k in range(6)]
    made = table([*rows, (TOTAL, *range(18, 24), {"pairs": 0})])
    x, numbers = np.array([[1.0, 2.0, 4.0, 8.0]]), [1.0, 1.0, 1.0, 1.0]
    expected = [0.0] * 4
    for i, j in pairs:
        slope = 0.5 / math.sqrt(x[0, i] - x[0, j])
        expected[i] += slope * x[0, i]
        expected[j] -= slope * x[0, j]
    assert gradient(made, [x], numbers, (4,)) == pytest.approx(expected, rel=1e-13)


def test_reverse_refuses_what_depends_on_no_parameter() -> None:
    program = placed(grouped(split(table([INPUT, PARAMETER, (ops.sin, 0)])), ()), [Value(1.0, "w")])
    with pytest.raises(CompileError, match="what g returns does not depend on any parameter"):
        differentiate(program, function_name="g")


# --- lower --------------------------------------------------------------------------------------------------------


def test_lower_takes_the_largest_out_of_a_log_sum_exp() -> None:
    program = lower(placed(grouped(table([*[INPUT] * 3, (ops.logsumexp, 0, 1, 2)]), (3,)), []))
    check_arrays(program, "lower")
    names = [head for head, _ in computed(program)]
    assert names == ["largest", "sub", "exp", "reduce", "log", "sum_of"]
    (found,) = of_arrays(program, [[[1000.0, 1000.0, -math.inf], [-1000.0, 3.0, 3.0]]], [], 2)
    assert found.tolist() == pytest.approx([1000.0 + math.log(2.0), 3.0 + math.log(2.0)])


def test_lower_computes_softmax_once() -> None:
    """In the loss and in its gradient: the powers are computed once, and divided by their total."""
    rows: list[Any] = [INPUT] * 3 + [PARAMETER] * 3 + [(ops.mul, i, i + 3) for i in range(3)]
    rows += [(ops.logsumexp, 6, 7, 8), (ops.sub, 9, 6)]
    program = lower(differentiate(placed(grouped(split(table(rows)), (3,)), [Value(0.0, "w") for _ in range(3)])))
    check_arrays(program, "lower")
    heads = [x.head for x in program.arrays()]
    assert (heads.count(ops.exp), heads.count(ops.logsumexp), heads.count(ops.log)) == (1, 0, 1)


def test_lower_writes_short_rules_out_and_leaves_long_ones() -> None:
    """A rule of few operations is replaced by them; softplus stays, and becomes a function in the source."""
    rows = [INPUT, INPUT, (ops.softplus, 0), (ops.leaky_relu, 0, 1), (TOTAL, 2, 3, {"pairs": 0})]
    heads = {x.head for x in lower(placed(grouped(table(rows), (2,)), [])).arrays()}
    assert ops.softplus in heads
    assert ops.leaky_relu not in heads
    assert ops.where in heads or NUMBER in heads


# --- text ---------------------------------------------------------------------------------------------------------


def source(f: Callable[..., Any], *like: Any, parameters: Any = None, **options: Any) -> str:
    return autograd.compile(f, parameters, like=like, **options).source


def body(text: str, called: str) -> list[str]:
    """The lines of a function, without their comments."""
    lines = text.split(f"def {called}(")[1].split("\n\n\n")[0].splitlines()[2:]
    return [line.partition("  #")[0].strip() for line in lines]


def test_text_imports_what_the_lines_use_and_no_more() -> None:
    w = Value(0.5, "w")
    text = source(lambda x: autograd.exp(w * x), 0.0)
    (line,) = [line for line in text.splitlines() if line.startswith("from numpy import")]
    names = line.removeprefix("from numpy import ").split(", ")
    rest = text.replace(line, "")
    assert "exp" in names
    assert all(f"{name}(" in rest or f"{name}." in rest for name in names)


def test_text_defines_what_numpy_lacks_from_the_rule() -> None:
    w = Value(1.0, "w")
    scope: dict[str, Any] = {}
    exec(source(lambda x: autograd.softplus(w * x), 0.0), scope)
    points = np.array([-800.0, -1.0, 0.0, 30.0, 800.0])
    assert scope["softplus"](points) == pytest.approx(autograd.softplus(points), rel=1e-15)


def test_text_takes_the_normal_distribution_from_autograd() -> None:
    w = Value(1.0, "w")
    assert "from autograd.arrays import erf, ndtr" in source(lambda x: autograd.ndtr(w * x) + autograd.erf(x), 0.0)


def test_text_writes_small_constants_out_and_names_large_ones() -> None:
    w = Value(1.0, "w")
    small, large = [0.1, math.inf, -2.0], np.arange(1000.0).tolist()
    text = source(lambda xs: autograd.sum([autograd.maximum(w * x, c) for x, c in zip(xs, small)]), [0.0] * 3)
    assert "C1 = array([0.1, inf, -2.0])" in text
    text = source(lambda xs: autograd.sum([autograd.maximum(w * x, c) for x, c in zip(xs, large)]), [0.0] * 1000)
    assert "C1: a constant of shape (1000" in text


def test_text_writes_what_one_line_needs_into_that_line() -> None:
    w, b = Value(2.0, "w"), Value(1.0, "b")
    assert body(source(lambda x: autograd.sin(w * x + b) * 3.0, 0.0), "outputs") == ["return sin(w * x + b) * 3.0"]


def test_text_gives_a_line_to_what_two_need() -> None:
    w = Value(2.0, "w")
    lines = body(source(lambda x: autograd.sin(w * x) / (w * x), 0.0), "outputs")
    assert lines == ["mul1 = w * x", "return sin(mul1) / mul1"]


def test_text_tells_of_each_line_what_it_is_about() -> None:
    w, b = Value(2.0, "w"), Value(1.0, "b")
    task = Task(f := lambda x, y: (autograd.tanh(w * x + b) - y) ** 2, Inputs(f, (0.0, 0.0), False, FLOAT))
    *_, (_, programs) = stages(task)
    written = write({key: made for key, made in programs.items() if isinstance(made, ArrayProgram)}, task)
    lines = written.source.splitlines()
    assert written.line_arrays
    for number, (_, x) in written.line_arrays.items():
        assert lines[number - 1].lstrip().startswith(x.name)
    assert {function for function, _ in written.line_arrays.values()} <= {"step", "outputs"}


# --- check --------------------------------------------------------------------------------------------------------


def broken(rows: Sequence[Any], after: str) -> str:
    with pytest.raises(IllegalProgram) as caught:
        check_scalars(table(rows), after)
    return str(caught.value)


@pytest.mark.parametrize(
    ("rows", "after", "why"),
    [
        ([INPUT, (ops.sin, 1)], "fold", "after fold, row 1, sin(1): its operand 1 is not an earlier row"),
        ([INPUT, (ops.sin, 0, 0)], "record", "it has 2 operands instead of 1"),
        ([INPUT, (TOTAL, 0, {"pairs": 1})], "sums", "it cannot have 1 products with 1 operands"),
        ([2.0, (ops.sin, 0)], "fold", "it depends on constants alone"),
        ([INPUT, (ops.positive, 0)], "fold", "it changes nothing"),
        ([INPUT, (ops.add, 0, 0)], "sums", "sums are totals by now"),
        ([INPUT, (ops.dot, 0, 0)], "split", "sums are totals by now"),
        ([INPUT, (ops.sin, 0), (ops.sin, 0), (ops.mul, 1, 2)], "share", "row 2, sin: it computes what row 1 does"),
        ([INPUT, (ops.cos, 0), (ops.sin, 0)], "live", "row 1, cos: nobody needs it"),
    ],
)
def test_check_finds_illegal_scalars(rows: list[Any], after: str, why: str) -> None:
    assert why in broken(rows, after)


def test_check_accepts_before_a_pass_what_it_forbids_after() -> None:
    """What a pass has to remove is legal after the passes before it."""
    for rows, after in (([2.0, (ops.sin, 0)], "record"), ([INPUT, (ops.add, 0, 0)], "fold"), ([INPUT, INPUT], "share")):
        check_scalars(table(rows), after)


def spoiled(**how: Any) -> tuple[ArrayProgram, Array]:
    """A sum of a batched matrix and a row, with the given mistakes."""
    make = Builder()
    x, row = make.leaf(INPUT, 0, (2, 3), True), make.leaf(CONSTANT, np.array([[1.0, 2.0, 3.0]]), (1, 3))
    if how.pop("late", False):
        how["operands"] = (late := make.leaf(INPUT, 1, (2, 3), True), row)
        late.number = 9
    made = make.node(how.pop("head", SUM), how.pop("operands", (x, row)), how.pop("data", None), (2, 3), True)
    for key, value in how.items():
        setattr(made, key, value)
    return ArrayProgram(make, [x], [made]), made


X = Builder().leaf(INPUT, 0, (2,))


@pytest.mark.parametrize(
    ("how", "after", "why"),
    [
        ({"shape": (3, 2)}, "group", "from its operands its shape is (2, 3)"),
        ({"batched": False}, "group", "from its operands there is an axis of examples"),
        ({"depends": True}, "group", "whether it depends on a parameter is wrong"),
        ({"trained": True}, "group", "whether it is trained is wrong"),
        ({"late": True}, "group", "does not come before it"),
        ({"operands": (2.0, 1.0)}, "group", "an operation on numbers alone should be computed"),
        ({"operands": ("x",)}, "group", "is neither an array nor a number"),
        ({"head": ops.sin}, "group", "it has 2 operands instead of 1"),
        ({"head": RELATIONS["&"]}, "group", "is not a condition"),
        ({"head": JOIN, "data": 2}, "group", "has no axis 2"),
        ({"head": JOIN, "data": 1}, "group", "cannot be put beside"),
        ({"head": CONTRACT, "data": (("ij", "ij", "ij"), False)}, "group", "are of different extents"),
        ({"head": CONTRACT, "data": (("ij", "kj", "jj"), False)}, "group", "is there twice"),
        ({"head": CONTRACT, "data": (("ij", "kj", "j"), False)}, "group", "of one operand is lost"),
        ({"head": CONTRACT, "data": (("ij", "kj", "ik"), True)}, "group", "there are no examples of both to sum over"),
        ({"head": ACCUMULATE, "data": (None, None)}, "differentiate", "should come first"),
        (
            {"head": ACCUMULATE, "data": (None, np.array([6]))},
            "differentiate",
            "the position 6 is beyond the 6 entries",
        ),
        ({"head": REQUIRE, "data": "it holds"}, "group", "is not a condition"),
        ({"holes": np.zeros(2, bool)}, "group", "its holes are of shape (2,)"),
        ({"gradient_of": X}, "differentiate", "which is of another program"),
        ({"name": "x"}, "group", None),
    ],
)
def test_check_finds_illegal_arrays(how: dict[str, Any], after: str, why: str | None) -> None:
    check_arrays(spoiled()[0], after)
    program, made = spoiled(**how)
    if why is None:
        check_arrays(program, after)
        return
    with pytest.raises(IllegalProgram) as caught:
        check_arrays(program, after)
    assert str(caught.value).startswith(f"after {after}, {made!r} = {made.head.name}(")
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("head", "data", "shape", "why"),
    [
        (PICK, np.array([0, 6]), (2,), "the position 6 is beyond the 6 entries"),
        (PICK, np.array([-1]), (1,), "the position -1 is negative"),
        (PICK, np.array([0.0]), (1,), "not an array of whole numbers"),
        (REDUCE, ((), False), (2, 3), "it sums over nothing"),
        (REDUCE, ((2,), False), (2, 3), "it has no such axes"),
        (ops.prod, 2, (2, 3), "has no axis 2"),
        (EXPAND, None, (2, 3), "it repeats nothing"),
        (EXPAND, None, (4, 3), "does not broadcast to (4, 3)"),
        (NUMBER, None, (2, 3), "its operand must be a condition"),
        (ops.logsumexp, 0, (3,), "there is no logsumexp any more"),
    ],
)
def test_check_finds_illegal_arrays_of_one_operand(head: Op, data: Any, shape: tuple[int, ...], why: str) -> None:
    make = Builder()
    x = make.leaf(INPUT, 0, (2, 3), True)
    made = make.node(head, (x,), data, shape, True)
    with pytest.raises(IllegalProgram) as caught:
        check_arrays(ArrayProgram(make, [x], [made]), "lower")
    assert why in str(caught.value)


def test_check_wants_names_once() -> None:
    program, _ = spoiled(name="x")
    program.inputs[0].name = "x"
    check_arrays(program, "place")
    with pytest.raises(IllegalProgram, match="it is called as"):
        check_arrays(program, "name")


def test_check_knows_all_passes() -> None:
    assert ("record", *[step.name for step in PIPELINE]) == check.ORDER


def test_check_is_on_in_these_tests_and_stops_a_wrong_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check.switched_on()
    w = Value(1.0, "w")
    (step,) = [step for step in PIPELINE if step.name == "share"]
    monkeypatch.setattr(step, "run", lambda made: made)
    with pytest.raises(IllegalProgram, match="after share, row 3, mul: it computes what row 2 does"):
        autograd.compile(lambda x: w * x + autograd.sin(w * x), like=[0.0])


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
    inputs = Inputs(lambda x: 0, ([0.0, 0.0],), False, FLOAT).set_batched(True)
    rows = [[1, 2], [3, 4]]
    for given_ in (rows, ((1, 2), (3, 4)), np.array(rows), np.array(rows, "float32"), np.array(rows, ">f8")):
        (array,) = inputs.arrays([given_])
        assert array.dtype == FLOAT
        assert array.tolist() == [[1.0, 2.0], [3.0, 4.0]]


# --- all passes on random tables ----------------------------------------------------------------------------------


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
    (expected,) = of_scalars(made, inputs, parameters)
    for step in (fold, sums, share, live):
        made = step(made)
        assert of_scalars(made, inputs, parameters) == pytest.approx([expected], rel=1e-11, abs=1e-11), step.__name__
        assert all(i < k for k, operands in enumerate(made.operands) for i in operands)
    elsewhere = [x + 0.5 for x in inputs]
    (expected_elsewhere,) = of_scalars(made, elsewhere, parameters)
    apart = split(made)
    one, other = of_scalars(apart, inputs, parameters)
    moved, still = of_scalars(apart, elsewhere, parameters)
    assert still == other
    assert one + other == pytest.approx(expected, rel=1e-11, abs=1e-11)
    assert moved + still == pytest.approx(expected_elsewhere, rel=1e-11, abs=1e-11)


# --- all passes on random functions of arrays ---------------------------------------------------------------------


def every_stage_agrees(f: Callable[..., Any], leaves: list[Value], rows: list[list[float]]) -> set[Op]:
    """Check that after every pass, and as source, the program computes the engine's numbers; returns all heads."""
    examples, numbers = len(rows), [leaf.data for leaf in leaves]
    task = Task(f, Inputs(f, (rows[0],), False, FLOAT).set_batched(True), chosen=leaves)
    losses = [f([Value(x) for x in row]) for row in rows]
    for leaf in leaves:
        leaf.grad = 0.0
    mean = autograd.sum(losses) / examples
    mean.backward()
    each, whole, slopes = [x.data for x in losses], mean.data, [leaf.grad for leaf in leaves]

    def agrees(found: Any, expected: Any) -> Any:
        return np.ravel(found) == pytest.approx(np.ravel(expected), rel=1e-9, abs=1e-9)

    inputs = [np.array(rows)]
    heads: set[Op] = set()
    ends: list[Any] = []
    for called, programs in stages(task):
        for which, program in programs.items():
            if isinstance(program, Scalars):
                made = [math.fsum(of_scalars(program, row, numbers)) for row in rows]
                assert agrees(made, each), called
                continue
            outputs = of_arrays(program, inputs, numbers, examples)
            if not any(called in (step.name, "whole") for step in PIPELINE[-4:]) or (which, called) == (
                "outputs",
                "differentiate",
            ):
                assert agrees(np.broadcast_to(outputs[0] + outputs[1], examples), each), called
            elif which == "outputs":
                assert agrees(np.broadcast_to(outputs[0], examples), each), called
            elif called != "whole":
                loss, vector = outputs
                assert agrees(loss, whole), called
                assert agrees(vector[program.layout.where], slopes), called
            heads |= {x.head for x in program.arrays()}
            ends = [loss, vector] if which == "step" and called == "roll" else ends
    compiled = autograd.compile(f, leaves, like=[rows[0]])
    loss, vector = compiled(*inputs)
    assert loss == pytest.approx(float(ends[0]), rel=1e-11, abs=1e-11)
    assert vector == pytest.approx(ends[1], rel=1e-11, abs=1e-11)
    return heads


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**40), st.integers(1, 4))
def test_no_pass_on_arrays_changes_what_is_computed(seed: int, examples: int) -> None:
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-1.0, 1.0)) for _ in range(rng.choice([1, 2, 5, 6, 8]))]
    width = rng.choice([1, 2, 4, 6])
    every_stage_agrees(
        function(seed, leaves), leaves, [[rng.uniform(-1.0, 1.0) for _ in range(width)] for _ in range(examples)]
    )


def drawn(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).uniform(-1.0, 1.0, shape).tolist()


def test_every_stage_of_a_recurrence_agrees() -> None:
    """The program has a loop forward, and one backward."""
    leaves = [Value(x, "w") for x in drawn(10)]
    w, u, b = leaves[:4], leaves[4:8], leaves[8:]

    def f(xs: Any) -> Any:
        h = [0.0, 0.0]
        for t in range(6):
            x = xs[2 * t : 2 * t + 2]
            h = [
                autograd.tanh(autograd.dot(w[2 * i : 2 * i + 2], h) + autograd.dot(u[2 * i : 2 * i + 2], x) + b[i])
                for i in (0, 1)
            ]
        return (h[0] - h[1]) ** 2

    assert LOOP in every_stage_agrees(f, leaves, drawn(3, 12))


def test_every_stage_of_causal_attention_agrees() -> None:
    """A product with holes that are filled up; softmax; and the backward pass through both."""
    leaves = [Value(x, "w") for x in drawn(12)]

    def f(xs: Any) -> Any:
        tokens = [xs[2 * t : 2 * t + 2] for t in range(4)]

        def projected(which: int) -> list[list[Any]]:
            w = leaves[4 * which : 4 * which + 4]
            return [[autograd.dot(w[:2], x), autograd.dot(w[2:], x)] for x in tokens]

        queries, keys, values = map(projected, range(3))
        total = 0.0
        for t in range(4):
            scores = [autograd.dot(queries[t], key) for key in keys[: t + 1]]
            norm = autograd.logsumexp(scores)
            weights = [autograd.exp(score - norm) for score in scores]
            total = total + autograd.sum([p * v[0] - p * p * v[1] for p, v in zip(weights, values)])
        return total

    heads = every_stage_agrees(f, leaves, drawn(3, 8))
    assert {CONTRACT, ops.where, ops.exp} <= heads


def test_a_refusal_is_a_value_error() -> None:
    assert issubclass(CompileError, ValueError)
