"""Checkpointed functions: they give the same numbers to the bit, and keep none of their nodes.

Programs with `checkpoint` are compared with the same programs without it, whose gradients other files compare with
formulas and with PyTorch.
"""

from __future__ import annotations

import copy
import functools
import gc
import pickle
import random
import signal
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import (
    AnomalyError,
    CompileError,
    Graph,
    Value,
    checkpoint,
    checkpoint_sequential,
    checkpoints,
    detect_anomaly,
    dot,
    grad,
    gradcheck,
    hessian,
    hvp,
    jvp,
    no_grad,
)
from autograd.modes import Watch
from autograd.value import write
from autograd.view import explain, explore
from tests.test_interrupts import run

Call = Callable[..., Any]


def plainly(function: Call, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


# --- the same numbers ---------------------------------------------------------------------------------------------


def chain(call: Call, w: list[Value]) -> Any:
    def segment(h: Value) -> Value:
        for _ in range(7):
            h = (w[0] * h + w[1]).tanh() + 0.3
        return h

    h = w[2]
    for _ in range(5):
        h = call(segment, h)
    return h * w[0]


def recurrent(call: Call, w: list[Value]) -> Any:
    """Each segment returns the next state and an output for each of its steps; the loss uses the outputs."""

    def segment(state: list[Any], xs: list[float]) -> tuple[list[Any], list[Value]]:
        outs = []
        for x in xs:
            state = [dot(w[2 * i : 2 * i + 2], [*state[:1], x], w[4 + i]).tanh() for i in range(2)]
            outs.append(dot(w[6:8], state))
        return state, outs

    state: Any = [Value(0.1), Value(-0.2)]
    outs: list[Value] = []
    for k in range(4):
        state, found = call(segment, state, [0.3 * k, -0.5, 0.7])
        outs += found
    return autograd.sum([(out - 0.25 * i) ** 2 for i, out in enumerate(outs)])


def by_closure(call: Call, w: list[Value]) -> Any:
    hidden = (w[0] * w[1]).exp()
    made = call(lambda: {"a": hidden * w[2] + w[3], "b": [hidden.sin(), 3.0, None, "text", w[4]]})
    return made["a"] * made["b"][0] + made["b"][4] * made["b"][1]


def nested(call: Call, w: list[Value]) -> Any:
    def inner(x: Value) -> Value:
        return (x * w[1]).sin() + w[2]

    def outer(x: Value) -> Value:
        for _ in range(3):
            x = call(inner, x) * w[0]
        return x.exp()

    return call(outer, call(outer, w[3]))


def some_are_not_used(call: Call, w: list[Value]) -> Any:
    # The root of 0 has an infinite slope; an unused result must not multiply its gradient of 0 with it.
    a, unused, c, again = call(lambda x: [x * w[1], (x - x).sqrt() * w[2], x.exp(), w[3]], w[0])
    del unused
    return a * c + again


def the_same_twice(call: Call, w: list[Value]) -> Any:
    def both(x: Value) -> tuple[Value, Value]:
        y = x * w[1]
        return y, y

    a, b = call(both, w[0])
    assert (a is b) is True
    return a * b + a


def a_module(call: Call, w: list[Value]) -> Any:
    model = nn.MLP(2, [3, 3, 1], activation="tanh", seed=1)
    for p, x in zip(model.parameters(), w * 10):
        p.data = x.data
    w[:] = model.parameters()
    total = call(model, [0.5, -1.0]) + call(model, nn.Batch([[1.0, 2.0], [0.0, 1.0]]))[1]
    assert total.op is autograd.add
    return total


def in_rows(call: Call, w: list[Value]) -> Any:
    """Leaves in rows that overlap, begin with the same leaves, repeat, or contain results and new leaves."""
    outside = [w[6] * w[7], w[6] + 1.0]

    def function(x: Value) -> Any:
        fresh = [Value(0.5), Value(-0.25), Value(2.0)]
        y = dot(w[:3], fresh) + dot(w[:3], fresh) * dot(w[:2], [x, w[5]], w[4])
        z = dot(w[1:4], w[2:5]) * dot([w[1], y], [x, w[1]]) + dot(fresh, fresh) * dot(w[:3], w[1:4])
        return dot([], []) + z * dot(outside, w[:2]) + dot([*outside, fresh[0]], [w[5], y, x])

    return call(function, w[3]) * w[0]


PROGRAMS = [chain, in_rows, recurrent, by_closure, nested, some_are_not_used, the_same_twice, a_module]


def numbers(program: Callable[[Call, list[Any]], Any], call: Call, times: int = 1) -> list[str]:
    """The result and the gradients of all leaves, to the bit."""
    w = [Value(0.9 - 0.17 * i, f"w{i}") for i in range(8)]
    y = program(call, w)
    for _ in range(times):
        y.backward()
    return [x.hex() for x in (y.data, *[x.grad for x in w])]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_data_and_gradients_are_the_same_to_the_bit(program: Callable[[Call, list[Value]], Any], times: int) -> None:
    assert numbers(program, checkpoint, times) == numbers(program, plainly, times)


OPERATIONS: list[Callable[[list[Value]], Value]] = [
    lambda xs: xs[0] * xs[1],
    lambda xs: xs[0] + xs[-1] * 0.5,
    lambda xs: dot(xs, xs[::-1], xs[0]),
    lambda xs: autograd.sum([*xs, *xs]),
    lambda xs: xs[0].tanh(),
    lambda xs: xs[0] / (xs[1] * xs[1] + 1),
    lambda xs: autograd.maximum(xs[0], xs[1]),
]


@given(st.randoms(use_true_random=False))
def test_random_programs_with_random_segments(dice: random.Random) -> None:
    """Operands are older and newer nodes, inside and outside of segments, so the order of gradient sums matters."""
    plan = [
        [
            (dice.choice(OPERATIONS), [dice.random() for _ in range(dice.randint(2, 4))])
            for _ in range(dice.randint(1, 5))
        ]
        for _ in range(5)
    ]
    returned = [dice.randint(1, len(segment)) for segment in plan]

    def value(call: Call) -> tuple[float, list[float]]:
        leaves = [Value(0.3 * i - 0.5) for i in range(4)]
        known = list(leaves)

        def segment(number: int, here: list[Value]) -> list[Value]:
            here = list(here)
            for operation, picks in plan[number]:
                here.append(operation([here[int(p * len(here))] for p in picks]).tanh())
            return here[-returned[number] :]

        for number in range(len(plan)):
            known += call(segment, number, list(known))
            known.append(known[-1] * known[0])
        y = autograd.sum(known)
        y.backward()
        return y.data, [x.grad for x in leaves]

    (y, gradients), (expected, those) = value(checkpoint), value(plainly)
    assert y == expected
    assert gradients == pytest.approx(those, rel=1e-12, abs=1e-12)


def test_what_is_returned_keeps_its_kinds() -> None:
    np = pytest.importorskip("numpy")
    x = Value(2.0)
    made = checkpoint(
        lambda: (
            nn.Batch([x * 1.0, x]),
            OrderedDict(a=x * 2.0),
            np.array([x * 3.0, 4.0]),
            np.array([1.0, 2.0]),
            {"b": (x * 5.0, [None, 7])},
        )
    )
    assert [type(item) for item in made] == [nn.Batch, OrderedDict, np.ndarray, np.ndarray, dict]
    parts = [made[0][0], made[1]["a"], made[2][0], made[4]["b"][0]]
    assert [part.data for part in parts] == [2.0, 4.0, 6.0, 10.0]
    assert {part.op.name for part in parts} == {"checkpoint"}
    assert made[0][1] is x
    assert made[4]["b"][1] == [None, 7]
    autograd.sum(parts).backward()
    assert x.grad == 11.0


@pytest.mark.parametrize("function", [lambda: 3.0, lambda: None, lambda: Value(2.0), lambda: [Value(2.0) * 3.0]])
def test_what_uses_nothing_from_outside_is_just_called(function: Call) -> None:
    made = checkpoint(function)
    assert repr(made) == repr(function())


def test_pytorch_gives_the_same_gradients() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from torch.utils.checkpoint import checkpoint as theirs

    w, x = torch.tensor(0.7, dtype=torch.float64, requires_grad=True), torch.tensor(1.3, dtype=torch.float64)
    y = theirs(lambda h, scale: (w * h).tanh() * scale, x, scale=2.0, use_reentrant=False)
    y.backward()
    v = Value(0.7)
    z = checkpoint(lambda h, scale: (v * h).tanh() * scale, 1.3, scale=2.0, use_reentrant=False)
    z.backward()
    assert (z.data, v.grad) == pytest.approx((y.item(), w.grad.item()), rel=1e-15)


# --- memory -------------------------------------------------------------------------------------------------------


class Counting(Watch):
    """Counts the results that are alive."""

    def __init__(self) -> None:
        self.alive: set[Any] = set()
        self.most = 0

    def made(self, node: Value) -> None:
        self.alive.add(weakref.ref(node, self.alive.discard))
        self.most = max(self.most, len(self.alive))


@pytest.mark.parametrize("root", [10, 20, 40])
def test_memory_is_as_the_square_root_of_the_depth(root: int) -> None:
    """n steps of three nodes, in sqrt(n) segments: at a time, one segment's nodes are alive, and one per segment."""
    w, b = Value(0.5), Value(0.1)

    def segment(h: Value) -> Value:
        for _ in range(root):
            h = (w * h + b).tanh()
        return h

    def alive(call: Call) -> int:
        gc.collect()
        with Counting() as _, (counting := Counting()):
            h = Value(1.0)
            for _ in range(root):
                h = call(segment, h)
            h.backward()
        return counting.most

    assert alive(plainly) == 3 * root * root
    assert alive(checkpoint) <= 3 * root + 2


def test_nothing_of_the_function_is_kept_and_its_end_is_the_end_of_all() -> None:
    w = Value(0.5)
    seen: list[weakref.ref[Value]] = []

    def function(x: Value) -> Value:
        y = x * 3 + Value(2.0)
        seen.extend(map(weakref.ref, (y, *y.operands)))
        return y.sin()

    made = checkpoint(function, w)
    assert [ref() for ref in seen] == [None, None, None]
    made.backward()
    assert [ref() for ref in seen] == [None] * 6
    end = weakref.ref(made)
    del made
    assert end() is None


def test_a_function_that_holds_its_own_result_is_found_by_the_garbage_collector() -> None:
    def make() -> weakref.ref[Value]:
        states = [Value(0.5)]
        states.append(checkpoint(lambda known: known[0] * known[0], states))
        return weakref.ref(states[1])

    end = make()
    gc.collect()
    assert end() is None


def test_a_chain_of_many_segments_ends_without_recursion() -> None:
    h = w = Value(1.0)
    for _ in range(30_000):
        h = checkpoint(lambda x: x * w, h)
    h.backward()
    assert w.grad == 30_001.0
    del h


def test_what_the_function_hands_out_by_other_ways_is_an_ordinary_graph() -> None:
    w, kept = Value(0.5), []

    def function(x: Value) -> Value:
        kept.append(x * w)
        return kept[-1].sin() + Value(1.0)

    y = checkpoint(function, Value(2.0))
    kept[0].backward()
    assert w.grad == 2.0
    y.backward()
    assert w.grad == 2.0 + 2.0 * Value(1.0).cos().data


# --- it must do the same again --------------------------------------------------------------------------------------


def changing(*results: Callable[[], Any]) -> Call:
    remaining = iter(results)
    return lambda: next(remaining)()


W, V, U, T = Value(2.0, "w"), Value(2.0, "v"), Value(3.0) * 1.0, Value(3.0) * 1.0
OTHERS: dict[str, tuple[Call, str]] = {
    "another number": (changing(lambda: W * 2.0, lambda: W * 3.0), "result 0 was 4.0, and is 6.0"),
    "another leaf of the same data": (
        changing(lambda: W * 2.0, lambda: V * 2.0),
        "it used 'w' .* only the first time",
    ),
    "one leaf more": (changing(lambda: W * 2.0, lambda: W * 2.0 + V * 0.0), "it uses 'v' .* only this time"),
    "another result": (
        changing(lambda: W * U, lambda: W * T),
        "it used a result of mul \\(data 3\\) only the first time",
    ),
    "fewer results": (changing(lambda: [W * 2.0, W * 3.0], lambda: [W * 2.0]), "returned 2 results"),
    "a result elsewhere": (changing(lambda: [W * 2.0, 3.0], lambda: [3.0, W * 2.0]), "or in other places"),
    "a number for a Value": (changing(lambda: W * 2.0, lambda: 4.0), "returned 1 results"),
    "an old node": (functools.lru_cache(lambda: W * 2.0), "returned 1 results"),
    "random numbers of its own": (
        (lambda dice: lambda: W * dice.random())(random.Random(1)),
        "computes something different when it runs again",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_function_that_does_something_else_is_refused(name: str) -> None:
    function, why = OTHERS[name]
    before, other = [W.grad, V.grad], Value(1.5)
    made = checkpoint(function)
    y = other * autograd.sum(made if isinstance(made, list) else [made])
    with pytest.raises(RuntimeError, match=why):
        y.backward()
    assert [W.grad, V.grad, other.grad] == [*before, 0.0]
    assert (made[0] if isinstance(made, list) else made).grad == 0.0


def test_an_error_of_the_function_comes_through_and_no_gradient_changes() -> None:
    w, calls = Value(0.5), []

    def function(x: Value) -> Value:
        calls.append(1)
        if len(calls) == 3:
            raise KeyError("gone")
        return (x * w).sin()

    y = checkpoint(function, checkpoint(function, w)) * w
    with pytest.raises(KeyError, match="gone"):
        y.backward()
    assert w.grad == 0.0
    y.backward()
    expected = Value(0.5)
    ((expected * expected).sin() * expected).sin().__mul__(expected).backward()
    assert w.grad == expected.grad


@pytest.mark.parametrize("preserve", [True, False])
def test_random_numbers_are_the_same_again(preserve: bool) -> None:
    w = Value(0.5)
    random.seed(1)
    y = checkpoint(lambda: w * random.random(), preserve_rng_state=preserve)
    ahead = random.getstate()
    if preserve:
        y.backward()
        assert w.grad == random.Random(1).random()
        assert random.getstate() == ahead
    else:
        with pytest.raises(RuntimeError, match="something different"):
            y.backward()


def test_dropout_drops_the_same_again() -> None:
    model = nn.Sequential(nn.Linear(3, 8, seed=1), nn.Dropout(0.5), nn.Linear(8, 1, seed=2))
    found = []
    for call in (checkpoint, plainly):
        random.seed(3)
        model.zero_grad()
        for _ in range(3):
            y = call(model, [1.0, 2.0, 3.0])[0] * 2
            random.random()
            y.backward()
        found.append([p.grad for p in model.parameters()])
    assert found[0] == found[1]


def test_backward_inside_is_refused_when_it_runs_again() -> None:
    w = Value(0.5)

    def function(x: Value) -> Value:
        (w * 1.0).backward()
        return x * w

    y = checkpoint(function, 3.0)
    assert w.grad == 1.0
    with pytest.raises(RuntimeError, match="inside a checkpointed function while another"):
        y.backward()
    assert w.grad == 1.0
    (w * 2.0).backward()
    assert w.grad == 3.0


def test_derivatives_inside_of_the_function() -> None:
    """The function contains a gradient, as a force is that of an energy, and is differentiated itself."""

    def program(call: Call) -> list[float]:
        w = Value(0.7)
        y = call(lambda x: grad(lambda q: (q * w).sin() * q)(x) * w, Value(1.1) * w)
        y.backward()
        return [y.data, w.grad]

    assert program(checkpoint) == program(plainly)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "why"),
    [
        ((3.0,), {}, TypeError, "checkpoint takes a function and its arguments, not float: 3.0"),
        ((abs, 1.0), {"use_reentrant": True}, ValueError, "use_reentrant must be False"),
        ((abs, 1.0), {"use_reentrant": None}, TypeError, "use_reentrant must be True or False, not None"),
        ((abs, 1.0), {"preserve_rng_state": 1}, TypeError, "preserve_rng_state must be True or False, not 1"),
    ],
)
def test_wrong_arguments(arguments: Any, options: Any, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        checkpoint(*arguments, **options)


# --- the point ----------------------------------------------------------------------------------------------------


def test_the_gradient_belongs_to_the_point_where_it_was_computed() -> None:
    """y = (w x)**2 has the slope 2 w x**2, whatever w is set to afterwards."""
    w, x = Value(3.0, "w"), Value(2.0, "x")
    y = checkpoint(lambda: dot([w], [x]) ** 2) * 1.0
    for number in (10.0, float("nan"), 5.0, 3.0):
        w.data = number
        w.grad = x.grad = 0.0
        y.backward()
        assert (w.grad, x.grad) == (24.0, 36.0)
        assert repr(w.data) == repr(number)
    w.data = 7.0
    assert y.operands[0].partials == (24.0, 36.0)
    assert Graph(y).gradients()[:2] == [24.0, 36.0]
    later = checkpoint(lambda: w * x) + y
    w.data, x.data = 0.0, 1.0
    w.grad = x.grad = 0.0
    later.backward()
    assert (w.grad, x.grad) == (26.0, 43.0)
    assert (w.data, x.data) == (0.0, 1.0)


def test_leaves_are_as_they_were_after_an_error_at_the_old_point() -> None:
    w, calls = Value(3.0), []

    def function() -> Value:
        calls.append(w.data)
        if len(calls) > 1:
            raise KeyError
        return w * w

    y = checkpoint(function)
    w.data = 4.0
    with pytest.raises(KeyError):
        y.backward()
    assert calls == [3.0, 3.0]
    assert (w.data, w.grad) == (4.0, 0.0)


def test_a_number_that_is_read_besides_and_has_been_set_is_refused() -> None:
    w, x = Value(3.0), Value(2.0)
    y = checkpoint(lambda: x * w.data)
    w.data = 4.0
    with pytest.raises(RuntimeError, match=r"its result 0 was 6\.0, and is 8\.0"):
        y.backward()


def test_a_function_that_sets_leaves_keeps_its_nodes() -> None:
    w, count = Value(3.0), Value(0.0)

    def function() -> Value:
        y = w * 2.0
        count.data += 1.0
        return y * w

    y = checkpoint(function)
    y.backward()
    assert (w.grad, count.data, y.op) == (12.0, 1.0, autograd.mul)


# --- other modes --------------------------------------------------------------------------------------------------


def test_under_no_grad_there_is_nothing_to_keep_and_backward_may_be_called_there() -> None:
    w = Value(3.0)
    with no_grad():
        assert checkpoint(lambda: w * 2.0).op is None
    y = checkpoint(lambda: w * w)
    with no_grad():
        y.backward()
    assert w.grad == 6.0


def test_higher_derivatives_are_exact() -> None:
    def program(call: Call) -> Callable[[list[Any]], Any]:
        def f(x: list[Any]) -> Any:
            a = call(lambda p, q: (p * q).sin() + q**3, x[0], x[1])
            return call(lambda p: p.exp(), a) * x[0]

        return f

    point, direction = [0.3, 0.7], [1.0, -2.0]
    f, g = program(checkpoint), program(plainly)
    assert grad(f)(point) == grad(g)(point)
    assert hessian(f)(point) == hessian(g)(point)
    assert hvp(f, (point,), (direction,)) == hvp(g, (point,), (direction,))
    assert jvp(f, (point,), (direction,)) == jvp(g, (point,), (direction,))
    assert grad(grad(lambda x: checkpoint(lambda y: y**4, x)))(2.0) == 48.0
    assert gradcheck(f, (point,))
    leaves = [Value(0.3), Value(0.7)]
    assert gradcheck(lambda: f(leaves), leaves)


def test_a_gradient_of_what_was_checkpointed_outside() -> None:
    """`grad` at a checkpointed result: the derivative is a Value, and its backward goes into the function."""
    w = Value(0.5)
    y = checkpoint(lambda: w * w)
    slope = grad(lambda x: x**3)(y)  # 3 w**4, whose slope is 12 w**3
    slope.backward()
    assert (slope.data, w.grad) == (3 * 0.5**4, 12 * 0.5**3)


def test_a_program_that_is_compiled_has_all_the_nodes() -> None:
    pytest.importorskip("numpy")
    w = Value(0.5, "w")
    program = autograd.compile(lambda x: checkpoint(lambda h: (w * h).tanh(), x) ** 2, like=(0.0,))
    plain = autograd.compile(lambda x: (w * x).tanh() ** 2, like=(0.0,))
    assert program.source == plain.source
    outside = checkpoint(lambda: w * w)
    with pytest.raises(CompileError, match="checkpoint"):
        autograd.compile(lambda x: outside * x, like=(0.0,))


def test_anomalies_are_found_when_it_is_run_again() -> None:
    w = Value(0.0, "w")
    y = checkpoint(lambda: w.sqrt() * 2.0)
    with detect_anomaly(), pytest.raises(AnomalyError, match="'w'"):
        y.backward()
    assert w.grad == 0.0
    with detect_anomaly(), pytest.raises(AnomalyError, match="log gave -inf"):
        checkpoint(lambda: w.log())
    v = Value(2.0)
    with detect_anomaly():
        checkpoint(lambda: v * v).backward()
    assert v.grad == 4.0


def test_a_graph_shows_one_node() -> None:
    w, x = Value(3.0, "w"), Value(2.0, "x")
    a, b = checkpoint(lambda: (w * x, w + x))
    y = a * b
    graph = Graph(y)
    assert graph.counts == {"checkpoint": 2, "mul": 1}
    assert [node.label for node in graph.leaves] == ["w", "x"]
    assert a.partials == (2.0, 3.0)
    assert b.partials == (1.0, 1.0)
    assert graph.gradients()[:2] == [2.0 * 5.0 + 6.0, 3.0 * 5.0 + 6.0]
    assert (w.grad, x.grad) == (0.0, 0.0)
    assert "checkpoint" in explain(w, of=y)
    assert a.op.aloud(["w", "x"]) == "a function of w and x that is run again when its slopes are needed"
    explore(y, open=False)
    with pytest.raises(TypeError, match="call the functions without checkpoint"):
        graph.to_json()
    a._backward()
    assert (w.grad, x.grad) == (0.0, 0.0)  # the gradient of a is still 0


def test_a_drawing_has_its_name() -> None:
    pytest.importorskip("graphviz")
    w = Value(3.0, "w")
    assert "checkpoint" in autograd.view.draw_dot(checkpoint(lambda: w * w)).source


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), lambda x: Graph(x).expand().root]
)
def test_copies_have_the_slopes_of_the_point(again: Callable[[Value], Value]) -> None:
    w = Value(3.0, "w")
    y = checkpoint(lambda: [w * w, w**3])[1]
    w.data = 100.0
    twin = again(y)
    twin.backward()
    assert (twin.data, twin.operands[0].grad, twin.op) == (27.0, 27.0, y.op)


def test_scopes_are_those_of_the_first_call() -> None:
    model = nn.MLP(2, [2, 1], activation="tanh", seed=1)
    scopes: list[str] = []

    def function(x: list[float]) -> Any:
        y = model(x)
        scopes.append(y.scope)
        return y

    y = checkpoint(function, [1.0, 2.0])
    y.backward()
    assert [y.scope, *scopes] == [scopes[0]] * 3
    assert autograd.current_place() is None


# --- threads, interrupts --------------------------------------------------------------------------------------------


def test_threads_share_leaves() -> None:
    w, wrong = Value(0.5), []

    def work() -> None:
        try:
            for _ in range(50):
                checkpoint(lambda x: (x * w) * 2.0, checkpoint(lambda: w * 2.0)).backward()
        except BaseException as error:  # the main thread asserts that there was none
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert w.grad == 4 * 50 * 8 * 0.5


if hasattr(signal, "setitimer"):

    def test_ctrl_c_leaves_every_gradient_and_every_leaf_as_it_was() -> None:
        came = run(
            """
        import time
        w, b = Value(0.5), Value(0.1)
        def segment(h):
            for _ in range(30):
                h = (w * h + b).tanh()
            return h
        h = Value(1.0)
        for _ in range(30):
            h = checkpoint(segment, h)
        h.backward()
        once = w.grad, b.grad
        begun = time.perf_counter()
        h.backward()
        length = time.perf_counter() - begun
        w.data = 0.75  # so that it is set back and forth
        came = 0
        for attempt in range(60):
            w.grad = b.grad = 0.0
            try:
                soon(interrupt, 1.5 * length)
                h.backward()
                never()
            except KeyboardInterrupt:
                never()
                came += 1
                assert (w.grad, b.grad) in [(0.0, 0.0), once]
            assert w.data == 0.75, attempt
            (w * 1.0).backward()  # and everything goes on
        w.grad = b.grad = 0.0
        h.backward()
        assert (w.grad, b.grad) == once
        print(came)
        """
        )
        assert int(came) >= 5


def test_ctrl_c_while_leaves_get_their_data_back_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    w = Value(0.5)
    y = checkpoint(lambda: w * w)
    w.data = 3.0
    calls: list[list[float]] = []

    def interrupted(leaves: list[Value], data: list[float]) -> None:
        calls.append(data)
        if len(calls) == 2:
            raise KeyboardInterrupt
        write(leaves, data)

    monkeypatch.setattr(checkpoints, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        y.backward()
    assert calls == [[0.5], [3.0], [3.0]]  # to the old point, and back in two attempts
    assert (w.data, w.grad) == (3.0, 0.0)
    y.backward()
    assert w.grad == 1.0  # 2 w where y was computed


# --- functions one after the other ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("segments", "kept"), [(1, 0), (2, 1), (3, 2), (5, 4), (7, 6)])
def test_a_sequence_is_cut_into_segments(segments: int, kept: int) -> None:
    layers = [nn.Linear(2, 2, seed=i) for i in range(7)]
    parameters = [p for layer in layers for p in layer.parameters()]
    y = checkpoint_sequential(layers, segments, [0.5, -1.0])
    autograd.sum(y).backward()
    found = [p.grad for p in parameters]
    assert Graph(y[0]).counts.get("checkpoint", 0) == 2 * kept
    x: Any = [0.5, -1.0]
    for layer in layers:
        x = layer(x)
    for p in parameters:
        p.grad = 0.0
    autograd.sum(x).backward()
    assert found == [p.grad for p in parameters]
    assert [out.data for out in y] == [out.data for out in x]


@pytest.mark.parametrize("segments", [0, -1, 4, 2.0, None])
def test_there_are_as_many_segments_as_functions_at_most(segments: Any) -> None:
    with pytest.raises(ValueError, match="between 1 and the number of functions, 3"):
        checkpoint_sequential([abs] * 3, segments, 1.0)
