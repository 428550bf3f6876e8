"""Compiled programs against the engine, operation by operation: at the edges, in random graphs, and the user's own.

``test_ops`` and ``test_dags`` test the engine; here the compiled program must give the engine's values and gradients,
whichever of the numbers are parameters, constants or inputs of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
import autograd.ops as ops
from autograd import Value
from autograd.compiler import CompileError

from .accuracy import Point, call
from .test_dags import Program, programs, sizes, well_conditioned, with_values
from .test_ops import agree, edges, every_operation

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

inf, nan = math.inf, math.nan


@pytest.fixture(autouse=True)
def no_operation_stays() -> Iterator[None]:
    before = dict(ops.OPS)
    yield
    ops.OPS.clear()
    ops.OPS.update(before)


def gradients(root: Value, leaves: Sequence[Value]) -> list[float]:
    """The gradients of the leaves, which start from 0."""
    for leaf in leaves:
        leaf.grad = 0.0
    root.backward()
    return [leaf.grad for leaf in leaves]


# --- every operation, at its edges --------------------------------------------------------------------------------


def points(name: str) -> list[Point]:
    """The edge points of an operation, at most a few hundred of them."""
    every = [point for point in edges(ops.OPS[name]) if point]
    return every[:: 1 + len(every) // 300]


def near(mine: float, theirs: float, point: Sequence[float], name: str) -> bool:
    size = max([abs(x) for x in point if math.isfinite(x)], default=0.0) if name in ("logsumexp", "sum", "dot") else 0.0
    return agree(mine, theirs, max(size, 1e-3) if name == "logsumexp" else size)


@every_operation
def test_all_operands_are_parameters(name: str) -> None:
    """One program computes the operation at all points, as elements of its arrays."""
    op = ops.OPS[name]
    leaves = [[Value(x) for x in point] for point in points(name)]
    program = autograd.compile(lambda: autograd.sum([call(op, xs) for xs in leaves]))
    program()
    program.write_back()
    outputs = autograd.compile(lambda: [call(op, xs) for xs in leaves])()
    for xs, value in zip(leaves, outputs.tolist()):
        node, point = call(op, xs), [x.data for x in xs]
        assert near(value, node.data, point, name), (point, value, node.data)
        mine = [x.grad for x in xs]
        theirs = gradients(node, xs)
        assert all(near(*pair, point, name) for pair in zip(mine, theirs)), (point, mine, theirs)


@every_operation
def test_all_operands_are_of_a_batch(name: str) -> None:
    """The points are the batch; each operand is an input, moved by a parameter of its own, which is 0."""
    op = ops.OPS[name]
    for length in {len(point) for point in points(name)}:
        batch = [point for point in points(name) if len(point) == length]
        moves = [Value(0.0) for _ in range(length)]

        def f(xs: list[Any], moves: list[Value] = moves) -> Any:
            return call(op, [x + move for x, move in zip(xs, moves)])

        program = autograd.compile(f, moves, reduction="sum", allow_nan=True)
        outputs = program.outputs(np.array(batch)).tolist()
        for point, value in zip(batch, outputs):
            node = f([Value(x) for x in point])
            assert near(value, node.data, point, name), (point, value, node.data)
            _, gradient = program(np.array([point]))
            program.write_back()
            mine = [move.grad for move in moves]
            assert gradient.shape == (length,)
            theirs = gradients(node, moves)
            assert all(near(*pair, point, name) for pair in zip(mine, theirs)), (point, mine, theirs)


@every_operation
def test_one_operand_is_a_parameter(name: str) -> None:
    """At ordinary points: one operand is the parameter, the others are inputs, or constants."""
    op = ops.OPS[name]
    arity = op.arity or 4
    ordinary = [0.5, 0.25, 0.75, 0.375][:arity]
    if op is ops.where:
        ordinary = [0.0, 0.25, 0.75]
    batch = np.array([[0.5 * x + 0.0625 * i for x in ordinary] for i in range(6)])
    for chosen in [2] if op is ops.where else range(arity):  # the branch that is taken
        parameter = Value(1.4375 if op is ops.acosh else 0.4375)  # in its domain

        def with_inputs(xs: Any, chosen: int = chosen, parameter: Value = parameter) -> Any:
            return call(op, [parameter if i == chosen else x for i, x in enumerate(xs)])

        def with_constants(x: Any, chosen: int = chosen, parameter: Value = parameter) -> Any:
            return call(op, [parameter + x if i == chosen else ordinary[i] for i in range(arity)])

        for f, inputs in ((with_inputs, batch), (with_constants, batch[:, 0])):
            loss, gradient = autograd.compile(f, [parameter])(inputs)
            each = [f(row.tolist() if inputs.ndim > 1 else float(row)) for row in inputs]
            mean = autograd.sum(each) / len(inputs)
            assert loss == pytest.approx(mean.data, rel=1e-12, abs=1e-15)
            assert gradient.tolist() == pytest.approx(gradients(mean, [parameter]), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("exponent", [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 2.5])
def test_powers_with_a_number_in_the_exponent(exponent: float) -> None:
    grid = [-inf, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, 1e200, inf, nan]
    leaves = [Value(x) for x in grid]
    program = autograd.compile(lambda: autograd.sum([x**exponent for x in leaves]))
    program()
    program.write_back()
    for x in leaves:
        mine = x.grad
        assert agree(mine, gradients(x**exponent, [x])[0]), (x.data, mine)
    values = autograd.compile(lambda: [x**exponent for x in leaves])()
    for x, value in zip(leaves, values.tolist()):
        assert agree(value, (x**exponent).data), (x.data, value)


@pytest.mark.parametrize("sequence", [autograd.prod, autograd.sum, autograd.logsumexp])
def test_a_rule_that_chooses_a_constant_still_makes_an_array(sequence: Any) -> None:
    """leaky_relu(0.5, w) is 0.5 whatever w is, so a reduction of a sequence of it alone has a constant operand."""
    w = Value(3.0)
    loss, gradient = autograd.compile(lambda: sequence([1.5 * autograd.leaky_relu(0.5, w)]) * w)()
    assert (loss, gradient.tolist()) == (pytest.approx(2.25), [pytest.approx(0.75)])


# --- random graphs ------------------------------------------------------------------------------------------------

ROLES = ("parameter", "input", "constant")


@settings(max_examples=80, deadline=None)
@given(programs, st.data())
def test_random_graphs_with_leaves_of_all_roles(program: Program, data: st.DataObject) -> None:
    """Leaves are parameters, or inputs that differ from example to example, or constants."""
    roles = data.draw(st.lists(st.sampled_from(ROLES), min_size=len(program.leaves), max_size=len(program.leaves)))
    roles[0] = "parameter"
    columns = [i for i, role in enumerate(roles) if role == "input"]
    examples = [
        Program(tuple([x * (1.0 + k / 64) if i in columns else x for i, x in enumerate(program.leaves)]), program.steps)
        for k in range(3 if columns else 1)
    ]
    assume(all(map(well_conditioned, examples)))
    leaves = [Value(x) for x in program.leaves]
    parameters = [leaf for leaf, role in zip(leaves, roles) if role == "parameter"]

    def f(*inputs: Any) -> Any:
        given = iter(inputs)
        mine = [next(given) if role == "input" else leaf for leaf, role in zip(leaves, roles)]
        return program.run(mine, with_values)[-1]

    compiled = autograd.compile(f, parameters, batch=bool(columns))
    try:
        loss, _ = compiled(*[np.array([example.leaves[i] for example in examples]) for i in columns])
    except autograd.CompileError as error:  # a choice by a constant may leave no parameter
        assume("does not depend on any parameter" not in str(error))
        raise
    compiled.write_back()
    mine = [parameter.grad for parameter in parameters]
    values, theirs, largest = [], [0.0] * len(parameters), [1.0] * (1 + len(parameters))
    for example in examples:
        own = [Value(x) for x in example.leaves]
        numbers = example.run(own, with_values)
        numbers[-1].backward()
        values.append(numbers[-1].data / len(examples))
        by = sizes(own, numbers)
        chosen = [i for i, role in enumerate(roles) if role == "parameter"]
        theirs = [total + own[i].grad / len(examples) for total, i in zip(theirs, chosen)]
        largest = [*map(max, largest, [by.value, *[by.gradients[i] for i in chosen]])]
    assert abs(loss - sum(values)) <= 1e-12 * largest[0]
    for gradient, expected, size in zip(mine, theirs, largest[1:]):
        assert abs(gradient - expected) <= 1e-12 * size, (roles, gradient, expected)


# --- conditions ---------------------------------------------------------------------------------------------------

CONDITIONS: dict[str, Callable[[Any, Any], Any]] = {
    "less": lambda a, b: a < b,
    "less or equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater or equal": lambda a, b: a >= b,
    "equal": ops.equal,
    "both": lambda a, b: (a > -0.5) & (b > -0.5),
    "either": lambda a, b: (a > 0.5) | (b > 0.5),
    "both of three": lambda a, b: ((a > -0.5) & (b > -0.5)) & (a < 2.0),
    "the same twice": lambda a, b: (a > b) & (a > b),
    "not the same operands": lambda a, b: (a >= b) & (b <= a),
}
PLANE = [(a, b) for a in (-inf, -1.0, -0.0, 0.0, 1.0, inf, nan) for b in (-1.0, 0.0, 1.0, nan)]


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_choose_as_comparisons_do(name: str) -> None:
    holds = CONDITIONS[name]
    w, v = Value(2.0), Value(3.0)

    def f(x: Any, y: Any) -> Any:
        return autograd.where(holds(x, y), w, v)

    program = autograd.compile(f, [w, v], reduction="sum", allow_nan=True)
    for a, b in PLANE:
        chosen = bool(holds(a, b))
        loss, _ = program([a], [b])
        assert loss == (2.0 if chosen else 3.0), (a, b)
        program.write_back()
        assert (w.grad, v.grad) == (float(chosen), float(not chosen)), (a, b)
    columns = [np.array(column) for column in zip(*PLANE)]
    assert program.outputs(*columns).tolist() == [2.0 if holds(a, b) else 3.0 for a, b in PLANE]


@pytest.mark.parametrize(
    "g",
    [
        lambda c, d, w: c * w + d * w,
        lambda c, d, w: w * c - d,
        lambda c, d, w: 1.0 - c + w,
        lambda c, d, w: (c + d) * w,
        lambda c, d, w: sum([c, d]) * w,
        lambda c, d, w: autograd.sum([c, d, c]) * w,
        lambda c, d, w: autograd.dot([c, d], [w, 2.0 * w]),
        lambda c, d, w: autograd.maximum(c, d) * w,
        lambda c, d, w: autograd.exp(c) * w + autograd.square(d),
        lambda c, d, w: autograd.where(c, w, -w) * d,
        lambda c, d, w: autograd.where((c & d), w, 3.0 * w),
        lambda c, d, w: autograd.where((c | d), w, 3.0 * w),
        lambda c, d, w: w**c,
        lambda c, d, w: w / (c + 1),
    ],
)
def test_conditions_count_as_one_and_zero(g: Callable[[Any, Any, Any], Any]) -> None:
    """Like True and False, in sums, in products and as operands; NumPy's own True + True would be 1."""
    w = Value(0.75)
    xs = np.array([-1.0, 0.0, 0.5, 2.0])
    program = autograd.compile(lambda x: g(x * w > 0.0, x * w < 1.0, w))
    loss, gradient = program(xs)
    mean = autograd.sum([g(x * 0.75 > 0.0, x * 0.75 < 1.0, w) for x in xs.tolist()]) / len(xs)
    assert loss == pytest.approx(mean.data, rel=1e-14)
    assert gradient.tolist() == pytest.approx(gradients(mean, [w]), rel=1e-14)


def test_a_condition_is_an_output_of_one_and_zero() -> None:
    w = Value(1.0)
    program = autograd.compile(lambda x: {"positive": x * w > 0.0, "numbers": [x > w, x + w]})
    outputs = program(np.array([-1.0, 2.0]))
    assert outputs["positive"].tolist() == [0.0, 1.0]
    assert outputs["numbers"].tolist() == [[0.0, 0.0], [1.0, 3.0]]


# --- detach, and derivatives inside -------------------------------------------------------------------------------


def test_detached_values_are_computed_and_not_differentiated() -> None:
    """d/dw of w x detach(w x) is x (w x), by hand: half of that of (w x)**2."""
    w = Value(3.0)
    xs = np.array([1.0, 2.0])
    loss, gradient = autograd.compile(lambda x: (w * x) * (w * x).detach())(xs)
    assert loss == (9.0 + 36.0) / 2
    assert gradient.tolist() == [(3.0 + 12.0) / 2]
    w.data = 4.0
    program = autograd.compile(lambda x: w.detach() * x * w + x.detach())
    assert program(xs)[1].tolist() == [(4.0 + 8.0) / 2]
    program.parameters.data = 5.0
    loss, gradient = program(xs)
    assert (loss, gradient.tolist()) == ((25.0 + 50.0 + 3.0) / 2, [7.5])


def test_gradients_inside_the_function() -> None:
    """The slope of t -> v tanh(w t) at x, squared: v**2 w**2 (1 - tanh(wx)**2)**2; its derivatives by the engine."""
    w, v = Value(0.5), Value(1.5)

    def f(x: Any) -> Any:
        return autograd.grad(lambda t: v * autograd.tanh(w * t))(x) ** 2

    xs = np.array([-1.0, 0.25, 2.0])
    program = autograd.compile(f)
    loss, _ = program(xs)
    program.write_back()
    expected = np.mean((1.5 * 0.5 * (1.0 - np.tanh(0.5 * xs) ** 2)) ** 2)
    assert loss == pytest.approx(expected, rel=1e-14)
    mine = [w.grad, v.grad]
    mean = autograd.sum([f(Value(x)) for x in xs.tolist()]) / 3
    assert mine == pytest.approx(gradients(mean, [w, v]), rel=1e-13)
    assert v.grad == pytest.approx(2.0 * expected / 1.5, rel=1e-13)


def test_a_penalty_on_the_gradient() -> None:
    """The norm of the gradient with respect to several inputs, of a small network."""
    rows = [[Value(0.1 * (i - j)) for j in range(3)] for i in range(4)]
    flat = [w for row in rows for w in row]

    def network(x: Any) -> Any:
        return autograd.sum([autograd.tanh(autograd.dot(row, x)) for row in rows])

    def f(x: Any) -> Any:
        slopes = autograd.grad(network)(x)
        return autograd.dot(slopes, slopes)

    inputs = np.array([[0.5, -1.0, 2.0], [1.0, 0.25, -0.5]])
    program = autograd.compile(f)
    loss, _ = program(inputs)
    program.write_back()
    mine = [w.grad for w in flat]
    mean = autograd.sum([f([Value(x) for x in row]) for row in inputs.tolist()]) / 2
    assert loss == pytest.approx(mean.data, rel=1e-13)
    assert mine == pytest.approx(gradients(mean, flat), rel=1e-12, abs=1e-15)


# --- a user's own operations --------------------------------------------------------------------------------------


def own(name: str, forward: Callable[..., Any], partials: Callable[..., Any], arity: int | None = 1) -> Any:
    return autograd.op(name, forward, partials, arity=arity)


def agrees_with_the_engine(f: Callable[[Any], Any], parameters: list[Value]) -> None:
    """On a batch of numbers."""
    xs = np.array([-2.0, -0.5, 0.25, 1.5])
    program = autograd.compile(f, parameters)
    loss, _ = program(xs)
    program.write_back()
    mine = [parameter.grad for parameter in parameters]
    mean = autograd.sum([f(Value(x)) for x in xs.tolist()]) / len(xs)
    assert loss == pytest.approx(mean.data, rel=1e-13)
    assert mine == pytest.approx(gradients(mean, parameters), rel=1e-13, abs=1e-15)


def test_own_operations_of_every_size() -> None:
    w, v = Value(0.5), Value(-0.75)
    cube = own("cube", lambda a: a * a * a, lambda a, out: (3.0 * a * a,))
    swish = own(
        "swish",
        lambda a, beta: a * autograd.sigmoid(beta * a),
        lambda a, beta, out: (
            autograd.sigmoid(beta * a) + out * beta * autograd.sigmoid(-beta * a),
            a * out * autograd.sigmoid(-beta * a),
        ),
        arity=2,
    )
    kink = own(
        "kink",
        lambda a: autograd.where(a > 0.25, a * a, autograd.where(a < -0.25, -a, 0.0)),
        lambda a, out: (autograd.where(a > 0.25, 2.0 * a, autograd.where(a < -0.25, -1.0, 0.0)),),
    )
    agrees_with_the_engine(lambda x: cube(w * x) + v, [w, v])
    agrees_with_the_engine(lambda x: swish(w * x, v) + swish(v, w), [w, v])
    agrees_with_the_engine(lambda x: kink(w * x) * kink(v) + cube(kink(x + w)), [w, v])


def test_an_own_operation_on_a_sequence() -> None:
    w, v = Value(0.5), Value(-0.75)
    norm = own(
        "norm",
        lambda *xs: autograd.sqrt(sum([x * x for x in xs])),
        lambda *xs_and_out: tuple([x / xs_and_out[-1] for x in xs_and_out[:-1]]),
        arity=None,
    )
    agrees_with_the_engine(lambda x: norm(w * x, v, x) * w + norm(w, v), [w, v])


LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("letter", [*LETTERS, "n", "theta", "exp", "where", "loss", "out"])
def test_operands_of_own_operations_may_have_any_name(letter: str) -> None:
    """A repeated part of the rule gets a name in the source, which must not be that of the operand."""
    scope: dict[str, Any] = {"autograd": autograd}
    rule = (
        f"lambda {letter}: (lambda small: autograd.where({letter} >= 0.0, 1.0, small) / (1.0 + small) + {letter})"
        f"(autograd.exp(-autograd.abs({letter})))"
    )
    slope = f"lambda {letter}, result: (autograd.sigmoid({letter}) * autograd.sigmoid(-{letter}) + 1.0,)"
    bent = own("bent", eval(rule, scope), eval(slope, scope))
    w = Value(0.5)
    agrees_with_the_engine(lambda x: bent(w * x), [w])


def test_an_own_operation_with_many_shared_parts() -> None:
    """Twelve numbers, each used twice: sum of tanh(a + k)**2."""

    def forward(a: Any) -> Any:
        halves = [autograd.tanh(a + float(k)) for k in range(12)]
        return sum([half * half for half in halves])

    def partials(a: Any, out: Any) -> tuple[Any]:
        halves = [autograd.tanh(a + float(k)) for k in range(12)]
        return (sum([2.0 * half * (1.0 - half * half) for half in halves]),)

    w = Value(0.5)
    squares = own("squares", forward, partials)
    agrees_with_the_engine(lambda x: squares(w * x), [w])


@pytest.mark.parametrize(
    "name", ["array", "concatenate", "where_", "n", "theta", "step", "outputs", "Z1", "zeros_like"]
)
def test_own_operations_may_have_any_name(name: str) -> None:
    long = own(name, lambda a: a * a * a * a * a * a, lambda a, out: (6.0 * a * a * a * a * a,))
    w, v = Value(0.5), Value(-0.75)
    agrees_with_the_engine(lambda x: long(w * x) + autograd.sum([autograd.maximum(w, x), v * x, v]), [w, v])


def test_own_operations_and_parameters_may_share_a_name() -> None:
    long = own("long", lambda a: a * a * a * a * a * a, lambda a, out: (6.0 * a * a * a * a * a,))
    w = Value(0.5, "long")
    agrees_with_the_engine(lambda long_: long(w * long_), [w])

    def with_argument(long: Any, apply: Any = long) -> Any:
        return apply(w * long)

    loss, gradient = autograd.compile(with_argument)(np.array([1.0]))
    assert loss == 0.5**6
    assert gradient.tolist() == [6.0 * 0.5**5]


def test_an_own_operation_may_be_constant() -> None:
    w, v = Value(0.5), Value(-0.75)
    three = own("three", lambda a: 3.0, lambda a, out: (0.0,))
    agrees_with_the_engine(lambda x: three(w * x) * v, [w, v])


def test_a_new_definition_of_a_name_is_a_new_operation() -> None:
    """Both are in one graph: each keeps its own rule."""
    w = Value(0.5)
    first = own("mine", lambda a: a * a * a * a * a * a, lambda a, out: (6.0 * a * a * a * a * a,))
    second = own("mine", lambda a: a + a + a + a + a + a, lambda a, out: (6.0,))
    agrees_with_the_engine(lambda x: first(w * x) * second(w * x), [w])


@pytest.mark.parametrize(
    ("forward", "partials"),
    [
        (lambda a: math.sin(a), lambda a, out: (autograd.cos(a),)),
        (lambda a: autograd.sin(a), lambda a, out: (math.cos(a),)),
        (lambda a: a if a > 0.0 else -a, lambda a, out: (autograd.where(a > 0.0, 1.0, -1.0),)),
    ],
)
def test_rules_that_take_numbers_only_are_named(forward: Callable[..., Any], partials: Callable[..., Any]) -> None:
    odd = own("odd_one", forward, partials)
    w = Value(0.5)
    with pytest.raises(CompileError, match="'odd_one'"):
        autograd.compile(lambda x: odd(w * x))(np.array([1.0]))


# --- many operands, and long ways ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sum", "prod", "logsumexp", "dot"])
@pytest.mark.parametrize("count", [1, 2, 3, 20, 500])
def test_sequences_of_any_length(name: str, count: int) -> None:
    leaves = [Value(1.0 + 0.5 * math.sin(i)) for i in range(count if name != "dot" else 2 * count)]
    op = ops.OPS[name]
    program = autograd.compile(lambda: call(op, leaves))
    loss, _ = program()
    program.write_back()
    mine = [leaf.grad for leaf in leaves]
    node = call(op, leaves)
    assert loss == pytest.approx(node.data, rel=1e-12)
    assert mine == pytest.approx(gradients(node, leaves), rel=1e-12)


def test_a_sum_of_what_a_long_chain_passes() -> None:
    """A sum of terms from thousands of arrays, as in the loss of a long sequence."""
    w, b = Value(0.9), Value(0.1)

    def f() -> Any:
        state, states = w, []
        for _ in range(2000):
            state = autograd.sin(state) + b
            states.append(state)
        return autograd.sum(states)

    program = autograd.compile(f)
    loss, _ = program()
    program.write_back()
    mine = [w.grad, b.grad]
    node = f()
    assert loss == pytest.approx(node.data, rel=1e-12)
    assert mine == pytest.approx(gradients(node, [w, b]), rel=1e-10)


def test_a_long_chain() -> None:
    """Deeper than Python's recursion goes."""
    w, b = Value(0.9), Value(0.1)

    def f() -> Any:
        state = w
        for _ in range(1500):
            state = autograd.sin(state * b)
        return state + w * b

    program = autograd.compile(f)
    loss, _ = program()
    program.write_back()
    mine = [w.grad, b.grad]
    node = f()
    assert loss == pytest.approx(node.data, rel=1e-12)
    assert mine == pytest.approx(gradients(node, [w, b]), rel=1e-12)


def test_numbers_are_not_multiplied_before_their_turn() -> None:
    """1e200 (1e200 x) is 1e100 for x = 1e-300, and 1e200 times 1e200 is infinite."""
    xs = [Value(1e-300), Value(2e-300)]
    for f in (
        lambda: 1e200 * (1e200 * xs[0]),
        lambda: [1e200 * (1e200 * autograd.sum([a, b, a])) for a, b in (xs, xs[::-1])],
        lambda: -(1e200 * (autograd.sum([a * a for a in xs] * 2) ** 0.5 * 1e200)),
    ):
        program = autograd.compile(f, gradient=False)
        expected = f()
        numbers = [x.data for x in expected] if isinstance(expected, list) else expected.data
        assert program() == pytest.approx(numbers, rel=1e-14)
    batch = autograd.compile(lambda x: 1e200 * (1e200 * (x * xs[0])))
    assert batch([1.0, 2.0])[0] == pytest.approx(1.5e100, rel=1e-14)
