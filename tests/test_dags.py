"""Random expression graphs, with shared nodes and diamonds, compared with PyTorch; and properties of any graph.

A graph is a program: a list of steps, each naming an operation and the earlier numbers that it takes. It is drawn
at random, then tamed by a first run with floats, so that numbers stay moderate and no step stands on a kink, and is
then built with Values and with PyTorch's tensors.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import autograd.ops as ops
from autograd import Value

from .accuracy import TRUTHS, call, twin

MOST_STEPS = 200
MOST = 3.0
"""Numbers of this size or larger go through atan before other operations use them."""


def _taking_part(*arities: int | None) -> list[str]:
    return [
        name
        for name in sorted(ops.BUILTIN)
        if ops.OPS[name].arity in arities and not isinstance(TRUTHS[name].smooth, str)
    ]


# Every operation takes part, wherever it is smooth, unless its truth says why not.
UNARY, BINARY, SEVERAL = _taking_part(1), _taking_part(2), _taking_part(3, None)


def smooth(name: str, operands: Sequence[float]) -> bool:
    """Whether an operation is smooth there, with slopes that stay moderate."""
    inside = TRUTHS[name].smooth
    return not isinstance(inside, str) and max(map(abs, operands)) < MOST and inside(*operands)


@dataclass(frozen=True)
class Step:
    """One operation, on the numbers made by the steps (or leaves) of these indices; or a constant."""

    name: str
    operands: tuple[int, ...] = ()
    constant: float = 0.0


@dataclass(frozen=True)
class Program:
    """Leaves, and steps that each add a number; the last number is the root."""

    leaves: tuple[float, ...]
    steps: tuple[Step, ...]

    def run(self, leaves: Sequence[Any], apply: Callable[[Step, list[Any]], Any]) -> list[Any]:
        """All numbers, leaves first."""
        numbers = list(leaves)
        for step in self.steps:
            numbers.append(apply(step, [numbers[i] for i in step.operands]))
        return numbers


def with_values(step: Step, operands: list[Any]) -> Any:
    return Value(step.constant) if step.name == "constant" else call(ops.OPS[step.name], operands)


def draw_program(seed: int, size: int) -> Program:
    """A program of about `size` steps, whose numbers all flow into the root."""
    rng = random.Random(seed)
    leaves = tuple(rng.uniform(-2.0, 2.0) for _ in range(rng.randint(1, 6)))
    numbers: list[float] = list(leaves)
    steps: list[Step] = []
    unused = set(range(len(leaves)))

    def pick() -> int:
        # Recent numbers make the graph deep; old ones make it share.
        if unused and rng.random() < 0.4:
            return rng.choice(sorted(unused))
        return max(rng.randrange(len(numbers)), rng.randrange(len(numbers)))

    def add(name: str, operands: tuple[int, ...] = (), constant: float = 0.0) -> None:
        step = Step(name, operands, constant)
        value = with_values(step, [Value(numbers[i]) for i in operands]).data
        steps.append(step)
        unused.difference_update(operands)
        unused.add(len(numbers))
        numbers.append(value)
        if not abs(value) < MOST:
            add("atan", (len(numbers) - 1,))  # not tanh, whose slope loses its digits in PyTorch for such numbers

    while len(steps) < size - 1:
        kind = rng.random()
        if kind < 0.1:
            add("constant", constant=rng.uniform(-2.0, 2.0))
            continue
        name = rng.choice(UNARY if kind < 0.5 else BINARY if kind < 0.85 else SEVERAL)
        arity = ops.OPS[name].arity or rng.randint(1, 7)
        operands = tuple(pick() for _ in range(arity))
        at = [numbers[i] for i in operands]
        if smooth(name, at):
            add(name, operands)
    add("sum", tuple(sorted(unused)))
    return Program(leaves, tuple(steps))


programs = st.builds(draw_program, st.integers(0, 2**40), st.integers(2, MOST_STEPS))


Apply = Callable[[Step, list[Any]], Any]


def backward(program: Program, apply: Apply = with_values) -> tuple[list[Value], list[Value]]:
    """The leaves with their gradients, and all numbers, of a program run with Values."""
    leaves = [Value(x) for x in program.leaves]
    numbers = program.run(leaves, apply)
    numbers[-1].backward()
    return leaves, numbers


@dataclass(frozen=True)
class Sizes:
    """The scales of errors: the largest number, and for each leaf the largest product of slopes along a path."""

    value: float
    gradients: list[float]


def sizes(leaves: list[Value], numbers: list[Value]) -> Sizes:
    """Sizes after a backward pass.

    A gradient is the sum of the products of slopes along all paths from the root. Where these products cancel, the sum
    cannot be more exact than the largest product.
    """
    largest = {number: abs(number.grad) for number in numbers}
    for number in reversed(numbers):
        for operand, partial in zip(number.operands, number.partials):
            largest[operand] = max(largest[operand], abs(partial) * largest[number])
    return Sizes(max(abs(number.data) for number in numbers), [largest[leaf] for leaf in leaves])


def close(
    tolerance: float, by: Sizes, value: float, gradients: Sequence[float], root: Value, leaves: list[Value]
) -> bool:
    """Whether a root and its leaves' gradients are those given, up to `tolerance` times their sizes."""
    return abs(root.data - value) <= tolerance * by.value and all(
        abs(leaf.grad - gradient) <= tolerance * size
        for leaf, gradient, size in zip(leaves, gradients, by.gradients, strict=True)
    )


NOISE = 2.0**-43  # about a thousand times the rounding error


def well_conditioned(program: Program) -> bool:
    """Whether small relative errors, one in each step, are magnified at most a thousand times.

    A long chain can magnify them without bound; then neither engine can be exact.
    """
    rng = random.Random(0)

    def noisily(step: Step, operands: list[Any]) -> Any:
        return with_values(step, operands) * (1.0 + rng.choice((NOISE, -NOISE)))

    leaves, numbers = backward(program)
    noisy_leaves, noisy_numbers = backward(program, noisily)
    gradients = [leaf.grad for leaf in leaves]
    by = sizes(leaves, numbers)
    return close(1000.0 * NOISE, by, numbers[-1].data, gradients, noisy_numbers[-1], noisy_leaves)


@pytest.mark.parametrize("name", [*UNARY, *BINARY, *SEVERAL])
def test_an_operation_is_smooth_where_its_truth_says_so(name: str) -> None:
    rng = random.Random(name)
    op = ops.OPS[name]
    arity = op.arity or 5
    drawn = [tuple(rng.uniform(-MOST, MOST) for _ in range(arity)) for _ in range(1000)]
    points = [point for point in drawn if smooth(name, point)]
    where = f"`smooth` of its truth in tests/accuracy.py, {name!r}"
    assert len(points) >= 100, f"random graphs hardly ever apply it: widen {where}"
    for point in points:
        slopes = op.slopes(*point, op.value(*point))
        assert max(map(abs, slopes)) < 100.0, f"a slope of {slopes} at {point}: narrow {where}"
        ops.check_partials(op, point)


@settings(max_examples=200, deadline=None)
@given(programs)
@example(draw_program(55, 4))  # where the taken branches depend on no leaf
def test_values_and_gradients_are_pytorchs(program: Program) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is what the gradients are compared with")
    functions = {name: twin(torch, name) for name in (*UNARY, *BINARY, *SEVERAL)}

    def with_tensors(step: Step, operands: list[Any]) -> Any:
        if step.name == "constant":
            return torch.tensor(step.constant, dtype=torch.float64)
        return functions[step.name](*operands)

    assume(well_conditioned(program))
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]
    result = program.run(tensors, with_tensors)[-1]
    # A tensor on no branch taken, such as the alpha of an elu above 0, has no gradient in PyTorch; a Value has 0.
    if result.requires_grad:
        result.backward()
    leaves, numbers = backward(program)
    by = sizes(leaves, numbers)
    gradients = [0.0 if tensor.grad is None else tensor.grad.item() for tensor in tensors]
    assert close(1e-12, by, result.item(), gradients, numbers[-1], leaves)


@settings(max_examples=100, deadline=None)
@given(programs)
def test_a_second_backward_doubles_every_gradient(program: Program) -> None:
    leaves, numbers = backward(program)
    once = [leaf.grad for leaf in leaves]
    inner = [number.grad for number in numbers if number.op is not None]
    numbers[-1].backward()
    assert [leaf.grad for leaf in leaves] == [2.0 * gradient for gradient in once]
    assert [number.grad for number in numbers if number.op is not None] == inner
    numbers[-1].backward(-1.0)
    assert [leaf.grad for leaf in leaves] == once


@settings(max_examples=100, deadline=None)
@given(programs, st.randoms(use_true_random=False))
def test_the_order_of_construction_does_not_matter(program: Program, rng: random.Random) -> None:
    """The same graph, with its nodes made in any order that has operands first: gradients are equal bit for bit."""
    leaves = [Value(x) for x in program.leaves]
    made: dict[int, Value] = dict(enumerate(leaves))
    waiting = list(enumerate(program.steps, len(leaves)))
    while waiting:
        ready = [i for i, (_, step) in enumerate(waiting) if all(operand in made for operand in step.operands)]
        place, step = waiting.pop(rng.choice(ready))
        made[place] = with_values(step, [made[i] for i in step.operands])
    root = made[len(made) - 1]
    root.backward()
    expected, numbers = backward(program)
    assert root.data == numbers[-1].data
    assert [leaf.grad for leaf in leaves] == [leaf.grad for leaf in expected]


COMMUTATIVE = {"add", "mul", "maximum", "minimum", "hypot", "sum", "prod", "logsumexp"}


@settings(max_examples=100, deadline=None)
@given(programs)
def test_the_order_of_operands_does_not_matter(program: Program) -> None:
    """With the operands of commutative operations reversed, everything is the same up to rounding."""

    def reversed_(step: Step, operands: list[Any]) -> Any:
        return with_values(step, operands[::-1] if step.name in COMMUTATIVE else operands)

    assume(well_conditioned(program))
    leaves, numbers = backward(program)
    other_leaves, other_numbers = backward(program, reversed_)
    gradients = [leaf.grad for leaf in other_leaves]
    assert close(1e-12, sizes(leaves, numbers), other_numbers[-1].data, gradients, numbers[-1], leaves)


def test_programs_are_what_they_are_meant_to_be() -> None:
    """Every operation occurs; graphs are large and deep with shared nodes, and most are well conditioned."""
    drawn = [draw_program(seed, MOST_STEPS) for seed in range(30)]
    assert {step.name for program in drawn for step in program.steps} >= {*UNARY, *BINARY, *SEVERAL, "constant"}
    assert sum(map(well_conditioned, drawn)) >= 24
    for program in drawn:
        consumers = [operand for step in program.steps for operand in step.operands]
        assert set(consumers) == set(range(len(program.leaves) + len(program.steps) - 1))
        assert len(consumers) > 1.2 * len(set(consumers))
        depths = program.run([0] * len(program.leaves), lambda step, below: 1 + max(below, default=0))
        assert depths[-1] > 10


@pytest.mark.parametrize(
    ("double", "exact"),
    [
        (lambda a: a + a, 2.0**60),
        (lambda a: ops.sum([a, a]), 2.0**60),
        (lambda a: a - -a, 2.0**60),
        (lambda a: a / 0.5, 2.0**60),
        (lambda a: ops.dot([a, Value(1.0)], [Value(1.0), a]), 2.0**60),
        (lambda a: ops.dot([a], [Value(1.0)], a), 2.0**60),
    ],
)
def test_diamonds_upon_diamonds(double: Callable[[Value], Value], exact: float) -> None:
    """2**60 paths lead from the root to the leaf, and each contributes to its gradient."""
    leaf = Value(1.0)
    number = leaf
    for _ in range(60):
        number = double(number)
    number.backward()
    assert number.data == leaf.grad == exact


def test_a_leaf_met_in_every_place() -> None:
    """x is both operands, in sequences, and beside nodes made from x: x*x + (x + x**2*x) + x**x."""
    x = Value(2.0)
    y = ops.sum([x * x, ops.dot([x, x * x], [Value(1.0), x]), x**x])
    y.backward()
    # 2x + 1 + 3x**2 + x**x (log x + 1)
    assert y.data == 4.0 + 2.0 + 8.0 + 4.0
    assert math.isclose(x.grad, 4.0 + 1.0 + 12.0 + 4.0 * (math.log(2.0) + 1.0), rel_tol=1e-15)
