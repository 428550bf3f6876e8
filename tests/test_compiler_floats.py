"""Programs of single numbers, which run on Python's floats: what they compute, to the last bit, and what they promise.

They are compared with the engine. Where both compute the operations in the same order, the numbers are equal, also at
the edges, where Python's own operators would raise.
"""

from __future__ import annotations

import copy
import gc
import math
import pickle
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
import autograd.ops as ops
from autograd import Value
from nn import SGD

from .accuracy import call
from .test_compiler_ops import gradients, points
from .test_ops import agree, every_operation, identical

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

from autograd.compiler import floats  # noqa: E402  (it needs NumPy)
from autograd.compiler.run import FloatProgram  # noqa: E402

inf, nan = math.inf, math.nan
EDGES = (0.0, -0.0, inf, -inf, nan, 1.0, -1.0, 0.5, -2.0, 3.0, 1e200, -1e300, 5e-324)


@pytest.fixture(autouse=True)
def no_operation_stays() -> Iterator[None]:
    before = dict(ops.OPS)
    yield
    ops.OPS.clear()
    ops.OPS.update(before)


def same(x: float, y: float) -> bool:
    """Equal to the last bit, except for the sign of zero: the compiler replaces x + 0.0 by x."""
    return x == y or (x != x and y != y)


def compiled(f: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    program = autograd.compile(f, *arguments, **options)
    assert isinstance(program, FloatProgram), program.source
    return program


def at(program: Any, leaves: Sequence[Value], point: Sequence[float]) -> tuple[float, list[float]]:
    """The loss and the gradient where the parameters have these numbers."""
    for leaf, x in zip(leaves, point):
        leaf.data = x
    program.read_in()
    loss, _ = program()
    program.write_back()
    return loss, [leaf.grad for leaf in leaves]


# --- every operation, at its edges --------------------------------------------------------------------------------


def constants(name: str) -> Iterator[tuple[int, list[float]]]:
    """Choices of the operand that is the only parameter, with numbers for all operands."""
    arity = ops.OPS[name].arity or 0
    for chosen in range(arity):
        for x in (0.5, -2.0, 0.0):
            if name != "where" or chosen == (1 if x else 2):  # the compiler knows that nothing else flows back
                yield chosen, [x] * arity


@every_operation
def test_values_are_the_engine_s_bit_for_bit(name: str) -> None:
    """Operations on sequences are left out: they make arrays, which NumPy computes."""
    op = ops.OPS[name]
    if op.arity is None:
        return
    leaves = [Value(0.0) for _ in range(op.arity)]
    program = compiled(lambda: call(op, leaves))
    outputs = compiled(lambda: [call(op, leaves)], leaves, gradient=False)
    for point in points(name):
        loss, mine = at(program, leaves, point)
        node = call(op, leaves)
        theirs = gradients(node, leaves)
        outputs.read_in()
        assert identical(loss, node.data), (point, loss, node.data)
        assert identical(outputs()[0], node.data), point
        assert all(map(agree, mine, theirs)), (point, mine, theirs)


@every_operation
def test_constants_among_the_operands(name: str) -> None:
    op = ops.OPS[name]
    for chosen, numbers in constants(name):
        leaf = Value(0.25)
        operands = [leaf if i == chosen else x for i, x in enumerate(numbers)]
        f = partial(lambda operands, leaf: call(op, operands) * leaf, operands, leaf)
        program = compiled(f)
        for x in EDGES:
            loss, mine = at(program, [leaf], [x])
            node = f()
            assert same(loss, node.data), (numbers, x, loss, node.data)
            theirs = gradients(node, [leaf])
            assert all(map(agree, mine, theirs)), (numbers, x, mine, theirs)


@pytest.mark.parametrize("exponent", [-3.0, -2.0, -1.0, -0.5, 0.5, 1.0 / 3.0, 1.5, 2.0, 3.0, 1e10])
def test_powers(exponent: float) -> None:
    """Python raises an error if a power overflows or 0 has a negative exponent, and makes powers below 0 complex."""
    leaf = Value(0.5)
    program = compiled(lambda: leaf**exponent)
    for x in EDGES:
        loss, mine = at(program, [leaf], [x])
        node = leaf**exponent
        assert identical(loss, node.data), (x, loss, node.data)
        assert all(map(agree, mine, gradients(node, [leaf]))), (x, mine)


CONDITIONS: dict[str, Callable[[Any, Any], Any]] = {
    "less": lambda a, b: a < b,
    "at least": lambda a, b: a >= b,
    "equal": ops.equal,
    "both": lambda a, b: (a > -0.5) & (b > -0.5),
    "either": lambda a, b: (a > 0.5) | (b > 0.5),
    "both of either": lambda a, b: ((a > 0.5) | (b > 0.5)) & ((a < -0.5) | (b < 2.0)),
    "either of both": lambda a, b: ((a > 0.5) & (b > 0.5)) | (a < 0.0),
    "a choice": lambda a, b: autograd.where(autograd.where(a > 0.0, a, b) > 0.5, a, 0.0),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions(name: str) -> None:
    """Conditions in `where` and in arithmetic with numbers; of two compared leaves, one is an argument."""
    holds = CONDITIONS[name]
    w, v = Value(2.0), Value(3.0)

    def f(x: Any, y: Any) -> Any:
        return autograd.where(holds(x, y), w, v * x) * w

    program = compiled(f, [w, v], batch=False, like=(0.0, 0.0), allow_nan=True)
    for a in EDGES:
        for b in (-1.0, 0.0, 1.0, nan):
            loss, gradient = program(a, b)
            node = f(Value(a), Value(b))
            assert identical(loss, node.data), (a, b)
            assert all(map(agree, gradient[program.parameters.where].tolist(), gradients(node, [w, v]))), (a, b)


# --- random graphs ------------------------------------------------------------------------------------------------

# Sums are left out, because the compiler adds in another order; no operation occurs twice, because two make an array.
_TAKING_PART = [name for name in sorted(ops.BUILTIN) if ops.OPS[name].arity in (1, 2, 3) and name not in ("add", "sub")]


@settings(max_examples=150, deadline=None)
@given(
    st.permutations(_TAKING_PART),
    st.integers(1, 25),
    st.lists(st.one_of(st.sampled_from(EDGES), st.floats(-3.0, 3.0)), min_size=3, max_size=3),
    st.data(),
)
def test_random_graphs_at_any_point(order: list[str], size: int, numbers: list[float], data: st.DataObject) -> None:
    leaves = [Value(x) for x in numbers]
    steps: list[tuple[Any, list[int]]] = []
    for name in order[:size]:
        op = ops.OPS[name]
        last = len(leaves) + len(steps) - 1
        steps.append((op, [last, *[data.draw(st.integers(0, last)) for _ in range((op.arity or 1) - 1)]]))

    def f() -> Any:
        values: list[Any] = list(leaves)
        for op, operands in steps:
            values.append(call(op, [values[i] for i in operands]))
        return values[-1]

    program = autograd.compile(f, leaves, gradient=False)
    assume(isinstance(program, FloatProgram))
    node = f()
    value = node.data if isinstance(node, Value) else node
    assert identical(program(), value), (program.source, value)


@settings(max_examples=100, deadline=None)
@given(st.permutations(["exp", "sin", "tanh", "sigmoid", "atan", "relu", "softplus", "div", "mul", "sub"]), st.data())
def test_random_gradients(order: list[str], data: st.DataObject) -> None:
    leaves = [Value(x) for x in (0.75, -1.25, 1.5)]

    def f() -> Any:
        values: list[Any] = list(leaves)
        for name, i, j in steps:
            op = ops.OPS[name]
            other = 1.5 + autograd.cos(values[j]) if name == "div" else values[i]
            values.append(call(op, [values[-1], other][: op.arity]))
        return values[-1] + values[-2] * values[-3]

    places = st.integers(0, 2)
    steps = [(name, data.draw(places), data.draw(places)) for name in order]
    program = autograd.compile(f, leaves)
    assume(isinstance(program, FloatProgram))
    loss, mine = at(program, leaves, [0.75, -1.25, 1.5])
    node = f()
    assert loss == pytest.approx(node.data, rel=1e-12)
    assert mine == pytest.approx(gradients(node, leaves), rel=1e-10, abs=1e-10)


# --- a user's own operations --------------------------------------------------------------------------------------


def test_own_operations_become_functions_of_floats() -> None:
    swish = autograd.op(
        "swish",
        lambda a, beta: a * autograd.sigmoid(beta * a),
        lambda a, beta, out: (
            autograd.sigmoid(beta * a) + out * beta * autograd.sigmoid(-beta * a),
            a * out * autograd.sigmoid(-beta * a),
        ),
        arity=2,
    )
    steep = autograd.op(
        "steep",
        lambda a: autograd.where((a > 0.0) & (a < 1.0), 1.0 / a, abs(a) ** 0.5 + (a > 2.0) * 3.0 + a * a * a * a * a),
        lambda a, out: (autograd.where(a > 0.0, -out / a, 0.0),),
    )
    four = autograd.op("divide", lambda a, b: 4.0, lambda a, b, out: (0.0, 0.0), arity=2)
    w, v = Value(0.5), Value(-0.75)
    program = compiled(lambda: swish(w, v) * steep(w) * four(w, v))
    for point in [(0.5, -0.75), (0.0, 0.0), (1e300, 3.0), (-inf, 2.5), (0.25, nan)]:
        loss, mine = at(program, [w, v], point)
        node = swish(w, v) * steep(w) * four(w, v)
        assert identical(loss, node.data), (point, loss, node.data)
        assert all(map(agree, mine, gradients(node, [w, v]))), (point, mine)


def test_rules_may_choose_by_a_number() -> None:
    def forward(a: Any) -> Any:
        return autograd.where(a, 1.0 / a, 7) + autograd.where(autograd.where(a > 0.0, a, 0.0), 2, a * a * a * a)

    odd = autograd.op("odd", forward, lambda a, out: (autograd.where((a < 0.0) | (a > 1.0), a, out),))
    w = Value(0.5)
    program = compiled(lambda: odd(w) * w)
    for x in EDGES:
        loss, mine = at(program, [w], [x])
        node = odd(w) * w
        assert same(loss, node.data), (x, loss, node.data)
        assert all(map(agree, mine, gradients(node, [w]))), (x, mine)


@pytest.mark.parametrize("name", ["power", "divide", "fabs", "array", "careful", "math", "tanh", "a", "exp1", "loss"])
def test_parameters_may_have_any_name(name: str) -> None:
    a, b = Value(0.0, name), Value(2.0, "b")

    def f() -> Any:
        return autograd.tanh(b) / a * abs(a) ** 0.5 + a**b

    program = compiled(f)
    loss, mine = at(program, [a, b], [0.0, 2.0])
    node = f()
    assert identical(loss, node.data)
    assert all(map(agree, mine, gradients(node, [a, b])))


# --- which programs they are --------------------------------------------------------------------------------------


def pair() -> tuple[Value, Value]:
    return Value(0.5, "w"), Value(0.25, "b")


def test_arrays_stay_numpy_s() -> None:
    w, b = pair()
    many = [Value(0.1 * i, f"v{i}") for i in range(4)]
    for program in (
        autograd.compile(lambda x: w * x + b, like=(1.0,)),
        autograd.compile(lambda x: [w, b], [w, b], gradient=False, like=(1.0,)),
        autograd.compile(lambda: w * b, dtype="float32"),
        autograd.compile(lambda: autograd.sum([v * v for v in many])),
        autograd.compile(lambda: autograd.logsumexp([w, b, w * b])),
        autograd.compile(lambda x: x, gradient=False, batch=False, like=([1.0, 2.0],)),
    ):
        assert not isinstance(program, FloatProgram), program.source


TEXT = '''\
"""<lambda> with floats, from its scalars.

Where Python raises at / or **, as at 1.0 / 0.0, the program goes on with what IEEE 754 has there, inf or nan.
"""

from numpy import empty


def step(theta):
    """The loss and its gradient."""
    w, b = theta.tolist()
    div1 = w / b
    condition1 = w > b
    relu1 = 0.0 if div1 <= 0.0 else div1
    where1 = w if condition1 else 2.0 * b
    loss = relu1 + where1 ** 2
    condition2 = relu1 != 0.0
    dw = 2.0 * (where1 * (1.0 if condition1 else 0.0)) + (1.0 if condition2 else 0.0) * (1.0 / b)
    db = 4.0 * (where1 * (0.0 if condition1 else 1.0)) - (1.0 if condition2 else 0.0) * (div1 / b)
    gradient = empty(2)
    gradient[0] = dw
    gradient[1] = db
    return loss, gradient


def outputs(theta):
    """What is returned for each example."""
    w, b = theta.tolist()
    div1 = w / b
    loss = (0.0 if div1 <= 0.0 else div1) + (w if w > b else 2.0 * b) ** 2
    return loss
'''


def test_the_text_is_plain_python() -> None:
    w, b = pair()
    program = compiled(lambda: autograd.relu(w / b) + autograd.where(w > b, w, 2.0 * b) ** 2)
    assert program.source == TEXT


def test_the_source_runs_by_itself() -> None:
    w, b = pair()
    program = compiled(lambda: autograd.exp(w) * b**0.5)
    scope: dict[str, Any] = {}
    exec(program.source, scope)
    theta = program.parameters.data
    loss, gradient = scope["step"](theta)
    assert (loss, gradient.tolist()) == (program()[0], program()[1].tolist())


@pytest.mark.parametrize("count", [1, 2, 5, 6, 40])
def test_any_number_of_parameters(count: int) -> None:
    """A chain of operations, each on the result of the one before, so that none can be joined into an array."""
    leaves = [Value(0.5 + 0.01 * i, f"a_long_name{i}") for i in range(count)]

    def f() -> Any:
        state: Any = autograd.exp(leaves[0])
        for leaf in leaves[1:]:
            state = autograd.sin(state) * leaf
        return state

    program = compiled(f)
    loss, mine = at(program, leaves, [leaf.data for leaf in leaves])
    node = f()
    assert identical(loss, node.data)
    assert mine == pytest.approx(gradients(node, leaves), rel=1e-12)
    lines = [line for line in program.source.splitlines() if "array([" not in line]
    assert max(map(len, lines)) < 120


# --- what is promised of every program ----------------------------------------------------------------------------


def test_a_division_by_zero_changes_nothing_for_the_next_call() -> None:
    w, b = pair()
    program = compiled(lambda: w / b)
    before = program()
    program.parameters["b"] = -0.0
    loss, gradient = program()
    assert (loss, gradient.tolist()) == (-inf, [-inf, -inf])
    program.parameters["b"] = 0.25
    loss, gradient = program()
    assert (loss, gradient.tolist()) == (before[0], before[1].tolist())


def test_an_overflow_goes_on() -> None:
    w, b = pair()
    program = compiled(lambda: (w * b) ** 2 / b)
    loss, gradient = at(program, [w, b], [1e200, 1.0])
    assert loss == inf
    assert gradient[0] == 2e200


def test_gradients_belong_to_their_caller() -> None:
    w, b = pair()
    program = compiled(lambda: w * b)
    _, first = program()
    _, second = program()
    assert first is not second
    assert second is program.parameters.grad
    first[:] = 7.0
    assert second.tolist() == [0.25, 0.5]
    assert (first.dtype, first.flags.writeable, type(program()[0])) == (np.dtype(float), True, float)


def test_parameters_are_read_in_every_call() -> None:
    w, b = pair()
    program = compiled(lambda: (w - 1.0) ** 2 + (b + 1.0) ** 4)
    optimizer = SGD(program.parameters, lr=0.05)
    for _ in range(400):
        program()
        optimizer.step()
    assert program.parameters["w"] == pytest.approx(1.0)
    assert program.parameters["b"] == pytest.approx(-1.0, abs=0.1)
    assert program() != program.outputs()
    assert program()[0] == program.outputs()


def f_of_arguments(parameters: Sequence[Value]) -> Any:
    w, b = parameters
    return lambda x, y: (w * x) ** 2 - b / y


def test_arguments_are_numbers_of_any_kind() -> None:
    w, b = pair()
    f = f_of_arguments((w, b))
    program = autograd.compile(f, batch=False)
    for x, y in [(3.0, 4.0), (3, 4), (np.float64(3.0), np.float32(4.0)), (np.array(3.0), True + 3)]:
        loss, _ = program(x, y)
        assert isinstance(program, FloatProgram)
        node = f(Value(3.0), Value(4.0))
        assert loss == node.data
        program.write_back()
        mine = [w.grad, b.grad]
        assert mine == gradients(node, [w, b])
        assert program.outputs(x, y) == loss
    assert program(1.0, 0.0)[0] == -inf
    for wrong in (([1.0], 2.0), (np.zeros(2), 1.0)):
        with pytest.raises(ValueError, match="x has the shape"):
            program(*wrong)
    for bad in (("a", 2.0), (None, 1.0), (1j, 1.0), (Value(1.0), 2.0)):
        with pytest.raises(TypeError, match="x "):
            program(*bad)
    with pytest.raises(TypeError, match="takes 2 arguments, got 1"):
        program(1.0)
    with pytest.raises(TypeError, match="takes 2 arguments, got 0"):
        program.outputs()
    with pytest.raises(TypeError, match="takes 0 arguments, got 1"):
        autograd.compile(lambda: w * b)(1.0)


def test_arguments_may_be_arrays_of_which_single_numbers_are_used() -> None:
    w, b = pair()

    def rosenbrock(x: Any, more: Any) -> Any:
        return (w - x[0]) ** 2 + b * (x[1] - x[0] ** 2) ** 2 / more["scale"][1][0]

    program = compiled(rosenbrock, batch=False, like=([1.0, 2.0], {"scale": [[1.0, 2.0], [3.0, 4.0]]}))
    x, scale = [0.5, -1.0], [[1.0, 2.0], [0.25, 4.0]]
    loss, gradient = program(np.array(x), {"scale": np.array(scale)})
    node = rosenbrock(x, {"scale": scale})
    assert identical(loss, node.data)
    assert gradient[program.parameters.where].tolist() == pytest.approx(gradients(node, [w, b]), rel=1e-13)
    assert program(x, {"scale": scale})[0] == loss
    with pytest.raises(ValueError, match=r"x has a nan at \(1,\)"):
        program([0.5, nan], {"scale": scale})


def test_a_nan_that_comes_in_is_refused() -> None:
    w, b = pair()
    program = compiled(f_of_arguments((w, b)), batch=False, like=(1.0, 1.0))
    program(1.0, 2.0)
    before = program.parameters.grad.tolist()
    for run in (program, program.outputs):
        for x in (nan, np.array(nan)):
            with pytest.raises(ValueError, match=r"x has a nan at \(\), which spreads into the result"):
                run(x, 2.0)
    assert program.parameters.grad.tolist() == before
    program.parameters["w"] = nan  # nan in a parameter propagates, as in the engine
    loss, gradient = program(1.0, 2.0)
    assert loss != loss
    assert gradient[0] != gradient[0]
    free = compiled(f_of_arguments((w, b)), batch=False, like=(1.0, 1.0), allow_nan=True)
    assert free(nan, 2.0)[0] != free(nan, 2.0)[0]
    chosen = compiled(lambda x: autograd.where(x > 0.0, w, b), [w, b], batch=False, like=(1.0,))
    assert chosen(nan)[0] == 0.25  # nan in a condition does not propagate


@pytest.mark.parametrize("y", [2.0, 0.0])
def test_requirements_hold_whatever_python_raises_before(y: float) -> None:
    w, b = pair()

    def f(x: Any, y: Any) -> Any:
        quotient = w / y
        autograd.require(x > 0.0, "x must be positive, not {}", x)
        return quotient * b * x

    program = compiled(f, batch=False, like=(1.0, 1.0))
    assert program(1.0, y)[0] == (0.0625 if y else inf)
    for run in (program, program.outputs):
        with pytest.raises(ValueError, match=r"^x must be positive, not -1$"):
            run(-1.0, y)


def test_outputs_of_every_nesting() -> None:
    w, b = pair()
    program = compiled(
        lambda: {"a": (w * b, [w / b, 3.0]), "b": [[w, b, w], [1.0, 2.0, w + b]], "c": w}, [w, b], gradient=False
    )
    made = program()
    assert made["a"][0] == 0.125
    assert made["a"][1].tolist() == [2.0, 3.0]
    assert made["b"].tolist() == [[0.5, 0.25, 0.5], [1.0, 2.0, 0.75]]
    assert type(made["c"]) is float
    assert not isinstance(autograd.compile(lambda: w * b), list)
    assert compiled(lambda: 3.0 * w, [w], gradient=False)() == 1.5


def test_copies_and_pickles() -> None:
    w, b = pair()
    f = f_of_arguments((w, b))
    program = compiled(f, batch=False, like=(1.0, 1.0))
    program(3.0, 0.0)  # runs the careful reading of the program as well
    same, own, loaded = copy.copy(program), copy.deepcopy(program), pickle.loads(pickle.dumps(program))
    for twin in (same, own, loaded):
        assert isinstance(twin, FloatProgram)
        assert twin(3.0, 4.0)[0] == program(3.0, 4.0)[0]
        assert twin(3.0, 0.0)[0] == -inf
    program.parameters["w"] = 7.0
    assert same(3.0, 4.0)[0] == program(3.0, 4.0)[0]
    for twin in (own, loaded):
        assert twin(3.0, 4.0)[0] == f(3.0, 4.0).data
        twin.parameters["w"] = 2.0
        assert twin(3.0, 4.0)[0] == 36.0 - 0.0625
    assert program(3.0, 4.0)[0] == 441.0 - 0.0625


def test_a_copy_made_before_compiling() -> None:
    w, b = pair()
    program = autograd.compile(f_of_arguments((w, b)), batch=False)
    twin = copy.deepcopy(program)
    assert program(3.0, 4.0)[0] == twin(3.0, 4.0)[0]
    twin.parameters["w"] = 7.0
    assert program(3.0, 4.0)[0] != twin(3.0, 4.0)[0]


def test_parameters_may_be_another_program_s() -> None:
    w, b = pair()
    batches = autograd.compile(lambda x: (w * x + b) ** 2, [w, b], like=(1.0,))
    penalty = compiled(lambda: 0.5 * w**2, batches.parameters)
    assert penalty.parameters is batches.parameters
    batches.parameters["w"] = 3.0
    loss, gradient = penalty()
    assert loss == 4.5
    assert gradient[batches.parameters.where].tolist() == [3.0, 0.0]
    batches([1.0, 2.0])
    assert not isinstance(batches, FloatProgram)


def test_shared_parameters_in_an_array_keep_numpy() -> None:
    ws = [Value(0.1 * i, f"w{i}") for i in range(3)]
    model = autograd.compile(lambda x: autograd.dot(ws, x), ws, like=([1.0, 2.0, 3.0],))
    penalty = autograd.compile(lambda: ws[0] * ws[2], model.parameters)
    loss, gradient = penalty()
    assert loss == 0.0
    assert gradient[model.parameters.where].tolist() == [0.2, 0.0, 0.0]


def test_the_second_reading_leaves_nothing_that_raises() -> None:
    made = floats.careful("def f(a, b):\n    return a / b + (a // b) ** -2 + a % b - 1e200 ** 2", "f")
    assert math.isnan(made["f"](1.0, 0.0))
    assert made["f"](5.0, 2.0) == -inf


def test_calls_leave_no_garbage() -> None:
    w, b = pair()
    program = compiled(lambda: w / b)
    program.parameters["b"] = 0.0
    program()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            program()
        assert gc.collect() == 0
    finally:
        gc.enable()
