"""An interpreter for the compiler's programs, of scalars and of arrays: computes one row or one node after the other.

It defines each node a second time, with NumPy's clearest functions even where they are slow, and generates no code.
Tests run a program by it after each pass, to tell which pass was wrong. The axis of examples is always the last here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import arrays as by_numpy
from autograd import ops
from autograd.compiler.arrays import (
    ACCUMULATE,
    CARRY,
    CONTRACT,
    COUNT,
    EXPAND,
    ITEM,
    JOIN,
    LARGEST,
    LOOP,
    NUMBER,
    OTHERS,
    OUTER,
    OUTPUT,
    PART,
    PICK,
    REDUCE,
    REQUIRE,
    SUM,
    Array,
    ArrayProgram,
)
from autograd.compiler.scalars import CONSTANT, DETACH, INPUT, PARAMETER, TOTAL, Scalars

RELATIONS: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "&": np.logical_and,
    "|": np.logical_or,
    "~": np.logical_not,
}
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "neg": np.negative,
    "pow": np.power,
}


def of_scalars(table: Scalars, inputs: Sequence[float], parameters: Sequence[float]) -> list[float]:
    """The outputs of a table of scalars, computed row by row."""
    numbers: list[float] = []
    for head, operands, data, _ in table.rows():
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
    return [numbers[i] for i in table.outputs]


def of_arrays(
    program: ArrayProgram, inputs: Sequence[Any], parameters: Sequence[float], examples: int = 1
) -> list[Any]:
    """The outputs of a program of arrays.

    Parameters
    ----------
    inputs : sequence of array
        As a call takes them: the axis of examples is the first, if there is one.
    parameters : sequence of float
        In the order in which the recording numbers them.
    """
    return _run(program, inputs, parameters, examples).outputs


def all_arrays(
    program: ArrayProgram, inputs: Sequence[Any], parameters: Sequence[float], examples: int = 1
) -> dict[int, Any]:
    """The numbers of all arrays, by the arrays' own numbers; see `of_arrays`."""
    return _run(program, inputs, parameters, examples).found


def _run(program: ArrayProgram, inputs: Sequence[Any], parameters: Sequence[float], examples: int) -> _Run:
    theta = np.array(parameters, float)
    if program.placed is not None:
        theta = np.empty(len(parameters))
        theta[program.placed.where] = parameters
    with np.errstate(all="ignore"):
        return _Run(program, list(map(np.asarray, inputs)), theta, examples)


class _Run:
    """The numbers of all arrays of a program."""

    def __init__(
        self, program: ArrayProgram, inputs: list[Any], theta: Any, examples: int, leaves: dict[int, Any] | None = None
    ) -> None:
        self.inputs, self.theta, self.n = inputs, theta, examples
        self.found: dict[int, Any] = dict(leaves or {})
        for x in program.arrays([*program.inputs, *program.outputs]):
            if x.number not in self.found and x.head is not REQUIRE:
                made: Any = self.loop(x) if x.head is LOOP else np.asarray(self.numbers(x))
                assert x.head is LOOP or made.shape == self.extents(x), (str(x), made.shape)
                self.found[x.number] = made
        self.outputs = list(map(self.of, program.outputs))

    def extents(self, x: Array) -> tuple[int, ...]:
        return (*x.shape, *[self.n] * x.batched)

    def of(self, x: Any) -> Any:
        return self.found[x.number] if isinstance(x, Array) else np.asarray(float(x))

    def beside(self, y: Any, shape: Sequence[int], batched: bool) -> Any:
        """The numbers of an operand, reshaped so that NumPy broadcasts them to this shape."""
        numbers = self.of(y)
        if isinstance(y, Array):
            if not y.shape:
                numbers = numbers.reshape((*[1] * len(shape), *[-1] * batched))
            elif batched and not y.batched:
                numbers = numbers[..., None]
        return numbers

    def numbers(self, x: Array) -> Any:
        head, data = x.head, x.data
        if head is INPUT:
            given = np.asarray(self.inputs[data], float)
            return np.moveaxis(given, 0, -1) if x.batched else given
        if head is PARAMETER:
            return self.theta
        if head is PART:
            return self.theta if data is None else self.theta[data.start : data.stop].reshape(data.shape)
        if head is CONSTANT:
            return data
        if head is COUNT:
            return float(self.n)
        if head is ACCUMULATE:
            return self.accumulated(x)
        if head is EXPAND:
            return np.broadcast_to(self.beside(x.operands[0], x.shape, x.batched), self.extents(x))
        if head is JOIN:
            if data is None:
                return np.concatenate([np.ravel(self.of(y)) for y in x.operands])
            return np.concatenate(list(map(self.of, x.operands)), axis=data)
        if head is CONTRACT:
            (left, right, out), _ = data
            a, b = x.operands
            spec = f"{left}{'n' * a.batched},{right}{'n' * b.batched}->{out}{'n' * x.batched}"
            return np.einsum(spec, self.of(a), self.of(b))
        if x.elementwise:
            return self.elementwise(x)
        (y,) = x.operands
        if head is OUTPUT:
            return self.found[y.number][data]
        numbers = self.of(y)
        if head is PICK:
            return numbers.reshape((y.size, *[self.n] * y.batched))[data]
        if head is REDUCE:
            axes, over_examples = data
            return numbers.sum(axis=(*axes, *[len(y.shape)] * over_examples))
        if head is LARGEST:
            largest = x.builder.largest
            return np.clip(numbers.max(axis=data), -largest, largest)
        if head is ops.prod:
            return numbers.prod(axis=data)
        if head is ops.logsumexp:
            return np.logaddexp.reduce(numbers, axis=data)
        assert head is OTHERS, head.name
        return by_numpy.products_of_others(numbers, data)

    def elementwise(self, x: Array) -> Any:
        head = x.head
        xs = [self.beside(y, x.shape, x.batched) for y in x.operands]
        if head is SUM:
            return sum(xs[1:], xs[0])
        if head is NUMBER:
            return xs[0].astype(float)
        if head is DETACH:
            return xs[0]
        if head is ops.where:
            return np.where(*xs)
        if isinstance(head, ops.Power):
            return np.power(xs[0], head.exponent)
        named = RELATIONS.get(head.name) or ARITHMETIC.get(head.name)
        made = named(*xs) if named else by_numpy.apply(head, tuple(xs))
        return np.broadcast_to(made, self.extents(x))  # a rule may ignore an operand, so that its result is smaller

    def accumulated(self, x: Array) -> Any:
        made = np.zeros((x.size, *[self.n] * x.batched))
        for y, index in zip(x.operands, x.data):
            positions = np.arange(x.size).reshape(x.shape) if index is None else index
            whole = (*positions.shape, *[self.n] * x.batched)
            np.add.at(made, positions, np.broadcast_to(self.beside(y, positions.shape, x.batched), whole))
        return made.reshape(self.extents(x))

    def loop(self, x: Array) -> list[Any]:
        """The outputs of a loop: the arrays kept at every step, stacked, and then those of the last step."""
        loop = x.data
        given = [self.of(y) for y in x.operands[: loop.read_count]]
        carried = [self.of(y) for y in x.operands[loop.read_count :]]
        kept: list[list[Any]] = [[] if trail is None else [carried[trail]] for trail in loop.carried_as]
        last: list[Any] = []
        body = loop.program()
        for step in range(loop.count):
            leaves = {}
            for y in body.arrays():
                if y.head in (ITEM, OUTER, CARRY):
                    source = carried[y.data] if y.head is CARRY else given[y.data]
                    leaves[y.number] = source[step] if y.head is ITEM else source
            made = _Run(body, self.inputs, self.theta, self.n, leaves).outputs
            carried, rest = made[: len(loop.carried)], made[len(loop.carried) :]
            for trail, one in zip(kept, rest):
                trail.append(one)
            last = rest[len(kept) :]
        return [*map(np.stack, kept), *last]
