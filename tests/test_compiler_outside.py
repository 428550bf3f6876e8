"""Programs with `ask` and `tell`: every call asks for and tells the same numbers as the function run by the engine."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import CompileError, Value, ask, tell
from autograd.functional import leaves

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

BACKENDS = ["numpy", pytest.param("jax", marks=pytest.mark.filterwarnings("default"))]
backends = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture(autouse=True)
def _needs(request: pytest.FixtureRequest) -> None:
    if "backend" in request.fixturenames and request.getfixturevalue("backend") == "jax":
        pytest.importorskip("jax", reason="JAX is not installed")


class World:
    """Gives new numbers at each request, in a reproducible order, and keeps the numbers that it is told."""

    def __init__(self) -> None:
        self.generator = random.Random(1)
        self.heard: list[list[float]] = []

    def numbers(self, count: int) -> list[float]:
        return [self.generator.random() for _ in range(count)]

    def hear(self, numbers: list[float]) -> None:
        self.heard.append(numbers)


class Given(World):
    """Gives the numbers of a given list."""

    def __init__(self, numbers: list[float]) -> None:
        super().__init__()
        self.left = list(numbers)

    def numbers(self, count: int) -> list[float]:
        return [self.left.pop(0) for _ in range(count)]


def masked(world: World, ws: list[Value], b: Value) -> Callable[[Any], Any]:
    """Two layers in a row, which ask for random factors."""

    def f(x: Any) -> Any:
        first = [(w * xi).tanh() * r for w, xi, r in zip(ws, x, ask(world.numbers, 3))]
        (factor,) = ask(world.numbers, 1)
        return autograd.sum(first) * factor + b

    return f


def parameters() -> tuple[list[Value], Value]:
    return [Value(0.5), Value(-1.0), Value(2.0)], Value(0.25)


@backends
@pytest.mark.parametrize("n", [1, 4])
def test_every_example_asks_for_numbers_of_its_own(backend: str, n: int) -> None:
    ws, b = parameters()
    x = np.random.default_rng(0).normal(size=(n, 3))
    program = autograd.compile(masked(World(), ws, b), [*ws, b], backend=backend)
    drawn = random.Random(1)
    for _ in range(3):
        # First all numbers of one layer, example by example, then all of the other.
        layer = [[drawn.random() for _ in range(3)] for _ in range(n)]
        factors = [drawn.random() for _ in range(n)]
        loss, gradient = program(x)
        t = np.tanh(x * [w.data for w in ws])
        by_hand = (t * layer).sum(axis=1) * factors
        assert loss == pytest.approx(by_hand.mean() + 0.25, rel=1e-14)
        slopes = ((1.0 - t * t) * x * layer * np.array(factors)[:, None]).mean(axis=0)
        assert gradient == pytest.approx([*slopes, 1.0], rel=1e-12)


@backends
def test_what_all_examples_share_is_asked_for_once_a_call(backend: str) -> None:
    scale, w = [10.0], Value(2.0)
    calls = []

    def current(count: int) -> list[float]:
        calls.append(count)
        return scale

    program = autograd.compile(lambda x: x * w * ask(current, 1, each=False)[0], backend=backend)
    assert program(np.array([1.0, 3.0])) == (40.0, [20.0])
    scale[0] = 100.0
    assert program(np.array([1.0, 3.0])) == (400.0, [200.0])
    assert program.outputs(np.array([1.0, 3.0])).tolist() == [200.0, 600.0]
    assert calls == [1, 1, 1]


@backends
def test_a_penalty_with_asked_numbers_counts_once(backend: str) -> None:
    w = Value(3.0)

    def f(x: Any) -> Any:
        (alpha,) = ask(lambda count: [0.5], 1, each=False)
        return x * w + alpha * w * w

    loss, gradient = autograd.compile(f, reduction="sum", backend=backend)(np.array([1.0, 2.0, 4.0]))
    assert (loss, gradient.tolist()) == (7.0 * 3.0 + 0.5 * 9.0, [7.0 + 3.0])


@backends
@pytest.mark.parametrize("count", [1, 2, 5])
def test_what_is_told_is_what_the_function_computes(backend: str, count: int) -> None:
    """Each `tell` happens once a call, in the function's order; single numbers as well as rows."""
    ws = [Value(float(i)) for i in range(1, count + 1)]
    world = World()

    def f(x: Any) -> Any:
        made = [w * autograd.sum(x) for w in ws]
        tell(world.hear, made)
        tell(world.hear, [made[0] * made[-1], ws[0], 7])
        tell(world.hear, [x[0]])
        return autograd.sum(made)

    program = autograd.compile(f, batch=False, backend=backend)
    for x in ([1.0, 2.0], [0.5, -2.0]):
        program(x)
        compiled, world.heard = world.heard, []
        f([Value(number) for number in x])
        eager, world.heard = world.heard, []
        assert compiled == eager
        program.outputs(x)
        assert world.heard == eager
        world.heard = []


def test_whole_batch_statistics_are_told() -> None:
    """The mean and the variance of each column, as batch normalisation keeps them."""
    world, gamma = World(), [Value(1.5), Value(0.5)]

    def f(rows: Any) -> Any:
        n = len(rows)
        means = [autograd.sum([row[k] for row in rows]) / n for k in range(2)]
        variances = [autograd.sum([(row[k] - means[k]) ** 2 for row in rows]) / n for k in range(2)]
        tell(world.hear, [*means, *variances])
        return autograd.sum(
            [g * (row[k] - means[k]) / (variances[k] + 1e-5).sqrt() for row in rows for k, g in enumerate(gamma)]
        )

    x = np.random.default_rng(0).normal(size=(6, 2))
    autograd.compile(f, gamma, batch=False)(x)
    assert world.heard[0] == pytest.approx([*x.mean(axis=0), *x.var(axis=0)], rel=1e-12)


@pytest.mark.parametrize("steps", [3, 12])
def test_each_step_of_a_loop_asks(steps: int) -> None:
    w, u = Value(0.5), Value(-0.75)

    def f(world: World) -> Callable[[Any], Any]:
        def run(xs: Any) -> Any:
            h: Any = 0.0
            for x in xs:
                (factor,) = ask(world.numbers, 1)
                h = (w * x + u * h * factor).tanh()
            return h * h

        return run

    xs = np.random.default_rng(0).normal(size=(5, steps))
    program = autograd.compile(f(World()), [w, u])
    loss, gradient = program(xs)
    # The program asks slot by slot: the numbers of all examples for the first step, then for the second.
    drawn = np.array(World().numbers(5 * steps)).reshape(steps, 5).T
    for p in (w, u):
        p.grad = 0.0
    errors = []
    for row, factors in zip(xs.tolist(), drawn.tolist()):
        error = f(Given(factors))(row)
        error.backward(1.0 / 5)
        errors.append(error.data)
    assert loss == pytest.approx(sum(errors) / 5, rel=1e-13)
    order = program.parameters.where.tolist()  # the place of each parameter in the vector
    assert [gradient[i] for i in order] == pytest.approx([w.grad, u.grad], rel=1e-12)


def test_a_call_that_fails_tells_nothing_and_asks_for_nothing() -> None:
    w, world = Value(2.0), World()

    def f(x: Any) -> Any:
        autograd.require(x > 0.0, "x must be positive, not {}", x)
        tell(world.hear, [w * 3])
        return w * x * ask(world.numbers, 1)[0]

    program = autograd.compile(f)
    program([1.0])
    state, heard = world.generator.getstate(), list(world.heard)
    with pytest.raises(TypeError):
        program("no numbers")
    with pytest.raises(ValueError, match="the batch is empty"):
        program([])
    assert world.generator.getstate() == state
    with pytest.raises(ValueError, match="x must be positive"):
        program([1.0, -1.0])
    assert world.heard == heard


def test_a_call_with_nan_tells_nothing() -> None:
    w, world = Value(2.0), World()

    def f(x: Any) -> Any:
        tell(world.hear, [w * 3])
        return w * x

    with pytest.raises(ValueError, match="has a nan"):
        autograd.compile(f)([float("nan")])
    assert world.heard == []


def test_what_the_function_gives_is_counted() -> None:
    program = autograd.compile(lambda x: x * Value(1.0) * ask(lambda count: [1.0, 2.0], 1)[0], gradient=False)
    with pytest.raises(ValueError, match="the function was asked for 1 numbers, and gave 2"):
        program([1.0])


def test_what_depends_on_the_example_cannot_be_told() -> None:
    w = Value(1.0)

    def f(x: Any) -> Any:
        tell(print, [x * w])
        return x * w

    with pytest.raises(CompileError, match=r"hands out numbers that depend on the example.*batch=False"):
        autograd.compile(f)([1.0])


def test_a_function_that_asks_differently_each_time_is_refused() -> None:
    counts, w = iter([1, 2]), Value(1.0)

    def f(x: Any) -> Any:
        ask(lambda n: [0.0] * n, next(counts))
        return x * w

    with pytest.raises(CompileError, match="two different things"):
        autograd.compile(f)([1.0])


W = Value(2.0)
WORLD = World()


def asks_and_tells(x: Any) -> Any:
    tell(WORLD.hear, [W * W])
    return W * x * ask(WORLD.numbers, 1)[0]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda program: pickle.loads(pickle.dumps(program))])
def test_a_copy_asks_and_tells(copied: Callable[[Any], Any]) -> None:
    program = autograd.compile(asks_and_tells, [W], like=(0.0,))
    twin = copied(program)
    worlds: list[Any] = [vars(x)["_told"][0].__self__ for x in (program, twin)]
    for one in worlds:
        one.generator, one.heard = random.Random(1), []
    expected = 2.0 * random.Random(1).random() * 3.0
    for one, world in zip((program, twin), worlds):
        world.generator = random.Random(1)
        before = len(world.heard)
        assert one([3.0])[0] == expected
        assert world.heard[before:] == [[4.0]]


def test_a_pure_function_neither_asks_nor_tells() -> None:
    pytest.importorskip("jax", reason="JAX is not installed")
    program = autograd.compile(asks_and_tells, [W], like=(0.0,), backend="jax", dtype="float32")
    with pytest.raises(RuntimeError, match="a pure function does neither"):
        _ = program.function  # type: ignore[attr-defined]


def test_stages_and_explanations_know_what_is_asked_for() -> None:
    program = autograd.compile(asks_and_tells, [W], like=(0.0,))
    program.check()
    assert "asked1" in str(program.stages["text"]) and "tell(0, " in program.source
    assert leaves(program.outputs([1.0])) != leaves(program.outputs([1.0]))
