"""Compiled programs of sequence layers against the engine: some drawn at random, and all that were once wrong.

`tests.fuzz_programs` draws them; run as a program, it compares any number of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value, cos, dot, exp, logsumexp, prod, sin, tanh

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

from autograd.compiler.arrays import Builder  # noqa: E402
from tests.fuzz_programs import Difference, Program, check, draw, failure, own, shortened  # noqa: E402


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed: int) -> None:
    check(draw(seed))


def test_a_program_is_the_same_every_time() -> None:
    assert Program(5).source == Program(5).source != Program(6).source


def test_a_wrong_gradient_is_found_and_its_program_cut_down(monkeypatch: pytest.MonkeyPatch) -> None:
    added = Builder.added
    monkeypatch.setattr(Builder, "added", lambda make, terms: added(make, terms[:1]))
    program = next(Program(seed) for seed in range(60) if isinstance(failure(Program(seed)), Difference))
    long = len(program.source)
    short = shortened(program)
    assert isinstance(failure(short), Difference)
    assert len(short.source) < long
    monkeypatch.undo()
    assert failure(short) is None


# --- what the drawing once found, and its neighbours --------------------------------------------------------------


def agrees(f: Callable[..., Any], *arrays: Any, ways: tuple[bool, ...] = (True, False)) -> None:
    """Compare the mean over a batch, its gradient and its outputs with the engine's, and the same for one example."""
    rows = [[given(array[i]) for array in arrays] for i in range(len(arrays[0]))]
    for batch in ways:
        program = autograd.compile(f, batch=batch)
        arguments = arrays if batch else [array[0] for array in arrays]
        loss, gradient = program(*arguments)
        found = dict(zip(program.parameters.values, gradient[program.parameters.where].tolist()))
        for p in found:
            p.grad = 0.0
        losses = [f(*row) for row in (rows if batch else rows[:1])]
        mean = autograd.sum(losses) / len(losses)
        mean.backward()
        assert loss == pytest.approx(mean.data, rel=1e-12, abs=1e-14)
        assert list(found.values()) == pytest.approx([p.grad for p in found], rel=1e-12, abs=1e-14)
        assert np.ravel(program.outputs(*arguments)) == pytest.approx([x.data for x in losses], rel=1e-12)


def given(x: Any) -> Any:
    return [given(item) for item in x] if np.ndim(x) else Value(float(x))


def drawn(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).uniform(-1.0, 1.0, shape)


def parameters(*shape: int) -> Any:
    numbers = iter(np.linspace(-0.9, 0.8, int(np.prod(shape))))

    def nested(shape: tuple[int, ...]) -> Any:
        return [nested(shape[1:]) for _ in range(shape[0])] if shape else Value(round(float(next(numbers)), 3))

    return nested(shape)


W, U, b, w = parameters(2, 2), parameters(2), parameters(2), Value(0.5)
M, v, T = parameters(3, 3), parameters(3), parameters(2, 3, 3)
own_first = own("own_first", lambda a, b: a * 1, lambda a, b, out: (1.0, 0.0), arity=2)
own_first_of_many = own(
    "own_first_of_many",
    lambda a, b: sin(a) * exp(-a) + a * a * a,
    lambda a, b, out: ((cos(a) - sin(a)) * exp(-a) + 3 * a * a, 0.0),
    arity=2,
)
own_count = own(
    "own_count", lambda a, b: ((a > 0) * 1 + (b > 0)) * a, lambda a, b, out: ((a > 0) + (b > 0) * 1, 0.0), arity=2
)


def unrolled(xs: Any) -> Any:
    h: list[Any] = [0.0, 0.0]
    for x in xs:
        h = [tanh(U[i] * x + dot(W[i], h) + b[i]) for i in range(2)]
    return h


def hidden(x: Any) -> Any:
    return [tanh(dot(row, x)) for row in M]


def cube(x: Any) -> Any:
    return [[[sin(T[i][j][k] * x[k]) for k in range(3)] for j in range(3)] for i in range(2)]


FAULTS: dict[str, tuple[Callable[..., Any], tuple[int, ...], tuple[int, ...]]] = {
    "ten steps, and a penalty on one bias": (
        lambda x, y: (unrolled(x)[0] - unrolled(x)[1]) ** 2 + 0.1 * b[0] ** 2, (3, 10), (3,)),
    "ten steps, and penalties on all": (
        lambda x, y: sum(unrolled(x)) * y + b[1] ** 2 + sum(p * p for p in U) + W[0][1] ** 2, (3, 10), (3,)),
    "ten steps, and the biases alone besides": (
        lambda x, y: sum(unrolled(x)) * y + sin(b[0]) * U[1] + b[0] * b[1] + sum(W[1]), (3, 10), (3,)),
    "constants that a penalty is made of": (lambda x, y: sum(w * a - 2.0 for a in x), (3, 4), (3,)),
    "constants times constants in a penalty": (
        lambda x, y: (w * x[0] + 2.0) * 3.0 + dot([1.0, w], [2.0, w]), (3, 4), (3,)),
    "constants alone in a dot product": (lambda x, y: sin(dot([1, w, 2.0], [3, 1, 2]) + y), (3, 1), (3,)),
    "a quotient of constants in a penalty": (lambda x, y: (w * y - 1.0) / 4.0 - (2.0 - x[0] * w), (3, 1), (3,)),
    "a weight for each example, and an entry of a layer": (
        lambda x, y: y * (dot(v[:2], hidden(x)[:2]) + hidden(x)[2]), (4, 3), (4,)),
    "a weight for each example, and a layer": (lambda x, y: y * dot(v, hidden(x)) - w, (4, 3), (4,)),
    "a rule that gives a number": (
        lambda x, y: prod([autograd.leaky_relu(2.0, w)] * 2 + [sin(w)] * 2) * y + own_first(3, w), (3, 1), (3,)),
    "an operand that its rule leaves aside": (
        lambda x, y: sum(sin(own_first(p, a)) * own_first(a, p) for p in v for a in x) * y, (4, 3), (4,)),
    "an operand that a long rule leaves aside": (
        lambda x, y: sum(sin(own_first_of_many(p, a)) for p in v for a in x) * y + own_first_of_many(y, w),
        (4, 3), (4,)),
    "a sum of conditions in a rule": (lambda x, y: sum(own_count(p, a) for p in v for a in x) * y, (4, 3), (4,)),
    "a sum along an axis behind one along which nothing varies": (
        lambda x, y: sum(w * sum(row) * c for m in cube(x) for row, c in zip(m, v)), (4, 3), (4,)),
    "log-sum-exp and product along each of three axes": (
        lambda x, y: sum(v[k] * logsumexp([m[j][k] for j in range(3)]) for m in cube(x) for k in range(3))
        + sum(v[j] * prod(m[j]) for m in cube(x) for j in range(3))
        + sum(v[k] * prod([m[j][k] for m in cube(x)]) for j in range(3) for k in range(3)), (4, 3), (4,)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_was_once_wrong(name: str) -> None:
    f, *shapes = FAULTS[name]
    agrees(f, *[drawn(*shape) for shape in shapes])


def test_constants_of_a_penalty_by_hand() -> None:
    """The mean of w * (x1 + x2) over (1, 2) and (3, 5), minus 2 twice."""
    loss, gradient = autograd.compile(lambda x: sum(w * a - 2.0 for a in x))(np.array([[1.0, 2.0], [3.0, 5.0]]))
    assert (loss, gradient.tolist()) == (0.5 * 5.5 - 4.0, [5.5])


def test_one_output_of_one_example_is_a_number() -> None:
    program = autograd.compile(lambda x: tanh(x[0]), batch=False, gradient=False)
    assert program([0.0]) == 0.0
    assert isinstance(program([0.0]), float)


def test_outputs_may_be_empty_lists() -> None:
    program = autograd.compile(lambda x: {"a": [], "b": [[], [w * x]]}, gradient=False)
    made = program(np.array([2.0, 4.0]))
    assert made["a"].shape == (2, 0)
    assert [part.tolist() for part in made["b"]] == [[[], []], [[1.0], [2.0]]]


# --- long ones ----------------------------------------------------------------------------------------------------


def _chained(a: Any) -> Any:
    for _ in range(700):
        a = sin(a) + 0.1
    return a


def _chained_slope(a: Any, out: Any) -> tuple[Any]:
    slope: Any = 1.0
    for _ in range(700):
        slope, a = slope * cos(a), sin(a) + 0.1
    return (slope,)


def _wide(a: Any) -> Any:
    return sum(sin(a * (0.001 * i)) for i in range(700))


own_chain = own("own_chain", _chained, _chained_slope)
own_wide = own("own_wide", _wide, lambda a, out: (sum(0.001 * i * cos(a * (0.001 * i)) for i in range(700)),))
own_share = own(  # each partial uses the sum over all operands
    "own_share",
    lambda *xs: autograd.log(sum(exp(x) for x in xs)),
    lambda *xs: tuple([exp(x) / sum(exp(y) for y in xs[:-1]) for x in xs[:-1]]),
    arity=None,
)
own_shared = own(  # without sharing, its repeated parts would be 2**40 operations
    "own_shared",
    lambda a: functools.reduce(lambda z, _: sin(z) * sin(z), range(40), a),
    lambda a, out: (_slope_of_shared(a),),
)


def _slope_of_shared(a: Any) -> Any:
    slope: Any = 1.0
    for _ in range(40):
        slope, a = slope * 2 * sin(a) * cos(a), sin(a) * sin(a)
    return slope


def _used(x: Any, count: int) -> Any:
    z = x
    for _ in range(count):
        z = sin(z) * 0.5 + w
    return z


def _parts_used(x: Any, count: int) -> Any:
    h = [tanh(p * x) for p in U]
    z = x
    for i in range(count):
        z = sin(z * 0.5 + h[i % 2])
    return z


LONG: dict[str, Callable[[Any], Any]] = {
    "a value with hundreds of uses": lambda x: _used(x, 400),
    "parts of an array with hundreds of uses": lambda x: _parts_used(x, 300),
    "a product of factors of several kinds": lambda x: (
        functools.reduce(lambda a, b: a * b, [1.2 * sin(w + i) * x for i in range(300)]) + w * x
    ),
    "choices one after the other": lambda x: functools.reduce(
        lambda a, b: autograd.where(a > b, 0.9 * a, b), [sin(w + i) * x for i in range(300)]
    ),
    "a sum of terms of all kinds": lambda x: sum(
        [sin(w + i) * x if i % 3 else tanh(U[i % 2] * x + i) * w for i in range(3000)]
    ),
    "a deep rule": lambda x: own_chain(w * x),
    "a rule with a long sum": lambda x: own_wide(w * x),
    "a rule on many operands": lambda x: own_share(*[sin(w * x + 0.1 * i) for i in range(40)]),
    "a rule that shares what it computes": lambda x: own_shared(w * x + 2.0),
}


@pytest.mark.parametrize("name", LONG)
def test_programs_of_any_length(name: str) -> None:
    agrees(LONG[name], np.array([0.75, -0.5]), ways=(True,))


# --- the last look ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "gradient"), [(1.0, np.zeros((2, 2))), (1.0, np.zeros(3)), (1.0, np.zeros(())), (np.ones(1), np.zeros(2))]
)
def test_a_loss_or_gradient_of_another_shape_is_never_returned(loss: Any, gradient: Any) -> None:
    program = autograd.compile(lambda x: b[0] * x + b[1], like=(0.0,))
    program._step = lambda *arrays: (loss, gradient)
    before = program.parameters.grad.copy()
    with pytest.raises(autograd.CompileError, match="a bug in the compiler, not in your function"):
        program(np.ones(4))
    assert program.parameters.grad.tolist() == before.tolist()


@pytest.mark.parametrize("made", [np.zeros(()), np.zeros((4, 1)), np.zeros(3)])
def test_an_output_of_another_shape_is_never_returned(made: Any) -> None:
    program = autograd.compile(lambda x: b[0] * x + b[1], like=(0.0,))
    program._outputs = lambda *arrays: made
    with pytest.raises(autograd.CompileError, match="a bug in the compiler, not in your function"):
        program.outputs(np.ones(4))
