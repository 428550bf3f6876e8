"""Pass: from the loss back to the gradient with respect to every parameter.

The chain rule on arrays: the gradient that flows into an array, times the local derivatives, flows on into its
operands. Elementwise operations have rules for their derivatives, evaluated here on arrays; the rules for heads that
work along axes or move numbers are here. Where an operand was repeated by broadcasting, its gradient is summed; where
it was a part of an array, its gradient is added to that part. What flows into an array (a "flow" below) is a number, or
has the array's rank, with an extent of 1 along axes on which it is constant.
"""

from __future__ import annotations

import math

import numpy as np

from .. import ops
from ..errors import CompileError
from .arrays import (
    ACCUMULATE,
    CONTRACT,
    EXPAND,
    JOIN,
    OTHERS,
    PICK,
    REDUCE,
    SUM,
    Array,
    ArrayProgram,
    Builder,
    read,
)
from .parameters import Layout
from .place import leaf
from .scalars import CONSTANT, RELATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from .arrays import Code, Index

    Term: TypeAlias = tuple[Code, "Index | None"]  # a flow, and the entries that it goes to; None for all


def reverse(program: ArrayProgram, layout: Layout, seeds: Sequence[Code], textbook: bool = False) -> Code:
    """The gradient, as one vector in the order of the layout.

    Parameters
    ----------
    seeds : sequence of Array and float
        The flow into each output: the derivative of the final result with respect to it.
    textbook : bool
        Whether to write the slopes as textbooks do, in terms of the result, such as 1 - A**2 for tanh.
    """
    return _Reverse(program.builder, textbook).run(program, layout, seeds)


def differentiate(
    program: ArrayProgram, mean: bool = True, function_name: str = "the function", textbook: bool = False
) -> ArrayProgram:
    """The program that computes the loss of a batch, and its gradient.

    Parameters
    ----------
    program : ArrayProgram
        A program with two outputs: the part of the loss that depends on the example, and the rest; see `split`.
    mean : bool
        Whether the loss is the mean over the examples, and not the sum.
    function_name : str
        The name of the function, for the error if nothing depends on a parameter.
    """
    if not any(isinstance(x, Array) and x.depends for x in program.outputs):
        raise CompileError(
            f"what {function_name} returns does not depend on any parameter, so there is nothing to differentiate; "
            "compile with gradient=False to get the numbers only"
        )
    make, (own, rest) = program.builder, program.outputs
    batched = isinstance(own, Array) and own.batched
    seed: Code = make.quotient(1.0, make.count) if mean and batched else 1.0
    total: Code = own
    if isinstance(own, Array) and own.batched:
        (own,) = [own.operands[0]] if own.size == 1 and own.head is PICK and own.operands[0].size == 1 else [own]
        total = make.node(REDUCE, (own,), (tuple(range(len(own.shape))), True), (), False)
    if mean and batched:
        total = make.elementwise(ops.div, (total, make.count))
    loss = make.total([total, rest])
    if isinstance(loss, Array):
        loss = make.alias(loss) if loss.kept or not loss.operands else loss
        loss.name, loss.kept = "loss", True
    return program.returning([loss, reverse(program, program.layout, (seed, 1.0), textbook)])


class _Reverse:
    def __init__(self, make: Builder, textbook: bool) -> None:
        self.make, self.textbook = make, textbook
        self.flows: dict[int, list[Term]] = {}

    def run(self, program: ArrayProgram, layout: Layout, seeds: Sequence[Code]) -> Code:
        make = self.make
        start = len(make.arrays)
        for x, number in zip(program.outputs, seeds):
            self._into(x, number)
        for x in reversed(program.arrays(program.outputs)):
            if x.trained and x.operands and x.number in self.flows:
                flow = self._collected(x)
                if isinstance(flow, Array) and flow.number >= start and (flow.gradient_of is None or x.weighted):
                    flow.gradient_of, flow.kept = x, flow.kept or x.weighted
                    flow.rows = x.rows if flow.shape == x.shape else None
                self._through(x, flow)
        pieces: list[Code] = []
        for part in layout.parts:
            x = leaf(make, layout, part)
            flow = self._collected(x) if x.number in self.flows else 0.0
            if isinstance(flow, Array):
                flow = make.alias(flow) if flow.gradient_of is not None else flow
                flow.kept, flow.gradient_of = True, x
            pieces.append(flow)
        vector = leaf(make, layout, None)
        spread = self.flows.pop(vector.number, [])
        if all(piece == 0.0 for piece in pieces if not isinstance(piece, Array)) and not any(
            isinstance(piece, Array) for piece in pieces
        ):
            whole: Code = 0.0
        else:
            whole = make.flat(
                [make.expand(piece, part.shape, False) for piece, part in zip(pieces, layout.parts)],
                [part.stop - part.start for part in layout.parts],
            )
        terms: list[Term] = [(whole, None)] if isinstance(whole, Array) or not spread else []
        gradient = make.accumulate([*terms, *spread], (len(layout.where),), False)
        gradient = make.expand(gradient, (len(layout.where),), False)
        if isinstance(gradient, Array):
            gradient = make.alias(gradient) if gradient.kept or not gradient.operands else gradient
            gradient.name, gradient.kept = "gradient", True
        return gradient

    # --- what flows in ------------------------------------------------------------------------------------------------

    def _into(self, x: Any, code: Code, index: Index | None = None) -> None:
        """Add a flow into an array, or into its entries at these positions."""
        if not isinstance(x, Array) or not x.trained or (not isinstance(code, Array) and code == 0.0):
            return
        if x.head is PICK and index is None:
            self._into_part(x, code)
        else:
            self.flows.setdefault(x.number, []).append((code, index))

    def _into_part(self, x: Array, code: Code) -> None:
        """Add a flow into a pick: into the picked entries of its operand, summed along axes that repeat entries."""
        index, (source,) = x.data, x.operands
        repeated = [
            axis for axis in range(index.ndim) if index.shape[axis] > 1 and (index == index.take([0], axis)).all()
        ]
        if repeated:
            code = self.make.reduce(self.make.expand(code, x.shape, x.batched), repeated)
            index = (
                index.take(0, repeated[0])
                if len(repeated) == 1
                else index[tuple([0 if axis in repeated else slice(None) for axis in range(index.ndim)])]
            )
        self._into(source, code, index)

    def _collected(self, x: Array) -> Code:
        """The sum of all flows into an array: its gradient."""
        return self.make.accumulate(self.flows.pop(x.number), x.shape, x.batched)

    # --- how it flows on ----------------------------------------------------------------------------------------------

    def _through(self, x: Array, flow: Code) -> None:
        make, data = self.make, x.data
        if x.elementwise:
            self._through_operation(x, flow)
        elif x.head is CONTRACT:
            self._through_product(x, flow)
        elif x.head is REDUCE:
            (operand,), (axes, _) = x.operands, data
            self._into(operand, self._restored(flow, x, operand.shape, axes))
        elif x.head is ops.logsumexp:
            (operand,) = x.operands
            share = ops.exp(operand - self._with_axis(x, operand.shape, data))
            self._into(operand, make.times(self._restored(flow, x, operand.shape, (data,)), share))
        elif x.head is ops.prod:
            (operand,) = x.operands
            others = make.along(OTHERS, operand, data)
            self._into(operand, make.times(self._restored(flow, x, operand.shape, (data,)), others))
        elif x.head is EXPAND:
            (operand,) = x.operands
            self._into_broadcast(operand, flow, x.shape, x.batched)
        elif x.head is JOIN:
            whole, start = make.expand(flow, x.shape, x.batched), 0
            every = np.arange(x.size).reshape(x.shape)
            for operand in x.operands:
                width = operand.shape[data]
                self._into(operand, make.pick(whole, every.take(range(start, start + width), data)))
                start += width
        elif x.head is ACCUMULATE:
            whole = make.expand(flow, x.shape, x.batched)
            for operand, index in zip(x.operands, data):
                self._into(operand, whole if index is None else make.pick(whole, index))
        else:
            raise NotImplementedError(f"no way back through {x}")

    def _with_axis(self, x: Array, shape: tuple[int, ...], axis: int) -> Code:
        """x with the axis along which it was reduced put back, with extent 1."""
        return self.make.reshape(x, (*shape[:axis], 1, *shape[axis + 1 :]))

    def _restored(self, flow: Code, x: Array, shape: tuple[int, ...], axes: Sequence[int]) -> Code:
        """The flow into a reduction, with the reduced axes put back, of extent 1."""
        if not isinstance(flow, Array) or not (flow.shape or x.shape):
            return flow
        if not flow.shape:
            return flow
        extents = iter(flow.shape)
        return self.make.reshape(flow, tuple([1 if axis in axes else next(extents) for axis in range(len(shape))]))

    def _through_operation(self, x: Array, flow: Code) -> None:
        make = self.make
        wanted = [isinstance(operand, Array) and operand.trained for operand in x.operands]
        if x.head is ops.where:
            wanted[0] = False
        for operand, slope, want in zip(x.operands, self._slopes(x, wanted), wanted):
            if want:
                if x.head is ops.where and isinstance(x.operands[0], Array) and x.operands[0].head is CONSTANT:
                    # A constant mask: where it is False, the flow may be infinite, and 0.0 * inf would be nan.
                    code = make.elementwise(ops.where, (x.operands[0], make.expand(flow, x.shape, x.batched), 0.0))
                    code = code if operand is x.operands[1] else make.times(flow, slope)
                elif slope is None:
                    code = make.quotient(flow, x.operands[1])
                else:
                    code = make.times(flow, slope)
                if x.holes is not None and isinstance(x.operands[1] if slope is None else slope, Array):
                    code = self._with_zeros_in_holes(code, x)
                self._into_broadcast(operand, code, x.shape, x.batched)

    def _with_zeros_in_holes(self, code: Code, x: Array) -> Code:
        """The flow, with zeros in the array's holes (unused entries), where a slope may be infinite or nan."""
        assert x.holes is not None
        if isinstance(code, Array) and code.shape == x.shape:
            return self.make.elementwise(ops.where, (self.make.constant(~x.holes), code, 0.0))
        return code

    def _slopes(self, x: Array, wanted: Sequence[bool]) -> Sequence[Any]:
        make, operands = self.make, x.operands
        if x.head is SUM:
            return (1.0,) * len(operands)
        if x.head is ops.where:
            condition = operands[0]
            if isinstance(condition, Array) and condition.truth:
                return 0.0, make.number(condition), make.number(make.inverse(condition))
        if x.head is ops.relu:
            return (make.number(make.elementwise(RELATIONS["!="], (x, 0.0))),)  # 1 where x is nan, unlike x > 0
        if x.head is ops.div and not wanted[1]:
            return None, 0.0
        by_result = x.head.textbook[1] if self.textbook and x.head.arity == 1 else None
        if by_result is not None:
            slopes = list(map(make.number, read(x.head, by_result, [*operands, x])))
            if not any(operand.number in needed(slopes, x) for operand in operands if isinstance(operand, Array)):
                return slopes
        return list(map(make.number, read(x.head, x.head.partials, [*operands, x])))

    def _through_product(self, x: Array, flow: Code) -> None:
        """Back through Z = W @ X: dW = dZ @ X.T and dX = W.T @ dZ, whatever the axes."""
        (a, b), ((left, right, out), _) = x.operands, x.data
        assert isinstance(a, Array) and isinstance(b, Array)
        if a is b and left == right:  # a square: both factors get the same flow
            self._into_factor(x, self.make.times(2.0, flow), a, b, (out, right, left))
            return
        self._into_factor(x, flow, a, b, (out, right, left))
        self._into_factor(x, flow, b, a, (out, left, right))

    def _into_factor(self, x: Array, flow: Code, mine: Array, other: Array, spec: tuple[str, str, str]) -> None:
        if not mine.trained:
            return
        if not x.shape and not x.batched and mine.batched == other.batched:
            self._into(mine, self.make.times(flow, other))
            return
        whole = self.make.expand(flow, x.shape, x.batched)
        assert isinstance(whole, Array)
        summed = x.batched and not mine.batched
        self._into(mine, self.make.flow_contracted(whole, other, spec, summed))

    def _into_broadcast(self, operand: Array, code: Code, shape: tuple[int, ...], batched: bool) -> None:
        """Add a flow of the given shape into an operand that was broadcast to it, summed along the repeated axes."""
        make, axes = self.make, range(len(shape))
        gone = [axis for axis in axes if not operand.shape or operand.shape[axis] < shape[axis]]
        own = code.shape if isinstance(code, Array) else ()
        varies = [axis for axis in gone if own and own[axis] > 1]
        repetitions = float(math.prod([shape[axis] for axis in gone if axis not in varies]))
        if batched and not operand.batched and not (isinstance(code, Array) and code.batched):
            code = make.times(make.count, code)
        code = make.times(repetitions, make.reduce(code, varies, batched and not operand.batched and _batched(code)))
        if isinstance(code, Array) and code.shape != own:
            extents = [1 if axis in varies else own[axis] for axis in axes]
            code = make.reshape(code, tuple(extents))
        if isinstance(code, Array) and code.shape and not operand.shape:
            code = make.reshape(code, ())
        self._into(operand, code)


def needed(codes: Sequence[Code], known: Array) -> set[int]:
    """The numbers of all arrays from which `codes` are computed, stopping at `known`."""
    stack = [x for x in codes if isinstance(x, Array) and x is not known]
    found: set[int] = set()
    while stack:
        x = stack.pop()
        if x.number not in found:
            found.add(x.number)
            stack += [y for y in x.operands if isinstance(y, Array) and y is not known]
    return found


def _batched(code: Code) -> bool:
    return isinstance(code, Array) and code.batched
