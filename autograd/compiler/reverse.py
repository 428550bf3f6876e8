"""Pass: the lines that go back, from the loss to the gradient of every parameter.

The chain rule on arrays: what flows into an array, times the local derivatives, flows on into its operands. The local
derivatives are the operations' own, read with arrays' names for symbols. Where an operand was broadcast, what flows
back is summed; where it was a part of an array, it is added to that part.
"""

from __future__ import annotations

from itertools import compress

import numpy as np

from .. import ops
from ..symbols import Expression, Symbol
from .arrays import ALONG, MATMUL, REDUCE, STACK, SUM, Access, Array
from .forward import CONDITIONS, SEVERAL, Operand, Writer, along, every_axis, expanded, read
from .layout import Part
from .lines import (
    Invoke,
    Line,
    Mask,
    N,
    Postfix,
    added,
    applied_to_rest,
    extents,
    names_in,
    replaced,
    times,
    varies,
)
from .scalars import DETACH, PARAMETER
from .views import View, transposition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    Axes: TypeAlias = tuple[bool, ...]
    Target: TypeAlias = Array | Part


class Flow:
    """What flows into an array: code that NumPy broadcasts to the array's shape.

    Of a part of the parameters that is `Part.shape`, even if the part is written as a matrix of one column.

    Attributes
    ----------
    code : expression or float
        It has every axis from the first on that it varies along, with an extent of 1 where it does not vary, and none
        before: so `axes` tell its shape, and a sum of flows and a product of a flow and slopes keep to that.
    axes : tuple of bool
        For each axis, that of examples last, whether the code varies along it.
    """

    __slots__ = ("axes", "code")

    def __init__(self, code: Any, axes: Axes) -> None:
        self.code, self.axes = code, axes


class Reverse:
    """Writes the way back.

    Attributes
    ----------
    lines : list of Line
    """

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.lines: list[Line] = []
        self._flows: dict[Target, list[Flow]] = {}
        self._adds: dict[Target, list[Line]] = {}  # what is added to a part of an array
        self._after: list[Line] = []  # what is added to several parts of the gradient at once

    def run(self, seeds: Sequence[tuple[Access, Any]]) -> None:
        """All lines, with a number flowing into each of the seeds."""
        for x, number in seeds:
            picked, part = self.writer.located(x.array, x.index)
            if x.array.size == 1:
                picked = View("", "", (), x.array.shape, True)
            self._arrive(x.array, part, picked, Flow(number, (False,)), ())
        for array in reversed(self.writer.grouping.arrays):
            if array.operands and array.trained and array.head is not DETACH:
                flow = self._collected(array)
                if flow is not None:
                    self._spread(array, flow)
        self._assemble()

    # --- what flows in ------------------------------------------------------------------------------------------

    def _collected(self, target: Target) -> Flow | None:
        """Everything that flows into an array; under its name, if it is more than a number or a name."""
        flows, adds = self._flows.pop(target, []), self._adds.pop(target, [])
        if not flows and not adds:
            return None
        name = f"d{target.name}"
        if adds:
            # Not zeros_like: that may have its axes in another order in memory, and what is added to a reshape be lost.
            self.lines.append(Line(name, Invoke("zeros", [Symbol(f"{target.text}.shape")])))
            self.lines += _gathered([*[Line(name, flow.code, adds=True) for flow in flows], *adds])
            return Flow(Symbol(name), every_axis(target))
        axes = tuple(map(any, zip(*[flow.axes for flow in flows])))
        code, *more = _sums([flow.code for flow in flows])
        if not more and not isinstance(target, Part):
            if not varies(code) or isinstance(code, Symbol):
                return Flow(code, axes)
            self.lines.append(Line(name, code, temporary=target.name[0] != "Z"))
            return Flow(Symbol(name), axes)
        whole = self._full(target, Flow(code, axes)) if isinstance(target, Part) and not more else code
        self.lines.append(Line(name, whole))
        self.lines += [Line(name, added([Symbol(name), code])) for code in more]
        if more and isinstance(target, Part) and axes != every_axis(target):
            self.lines.append(Line(name, self._full(target, Flow(Symbol(name), axes))))
        return Flow(Symbol(name), axes)

    def _full(self, target: Target, flow: Flow) -> Any:
        """What flows into an array, with all its axes."""
        if flow.axes == every_axis(target) and varies(flow.code):
            return flow.code
        return Invoke("broadcast_to", [flow.code], extents(target.shape, _batched(target)))

    # --- how it flows on ------------------------------------------------------------------------------------------

    def _spread(self, array: Array, flow: Flow) -> None:
        if array.head is MATMUL:
            self._through_product(array, flow)
        elif array.head is REDUCE or array.head in ALONG:
            self._through_axis(array, flow)
        elif array.head is STACK:
            self._through_stack(array, flow)
        elif array.head not in CONDITIONS:
            self._through_operation(array, flow)

    def _through_operation(self, array: Array, flow: Flow) -> None:
        operands = self.writer.operands(array)
        axes = self.writer.symbols(array, operands)
        trained = [x.array.trained and not (array.head is ops.where and i == 0) for i, x in enumerate(array.operands)]
        slopes = [slope for slope, wanted in zip(self._slopes(array, operands), trained) if wanted]
        before, slopes = self.writer.pieces(slopes, axes)
        self.lines += before
        for x, operand, slope in zip(compress(array.operands, trained), compress(operands, trained), slopes):
            varying = tuple(map(any, zip(flow.axes, along(slope, axes))))
            self._leave(array, x, operand, Flow(times(flow.code, slope), varying), array.shape)

    def _slopes(self, array: Array, operands: list[Operand]) -> Sequence[Any]:
        codes, out = [x.code for x in operands], Symbol(array.name)
        if array.head is SUM:
            return (1.0,) * len(codes)
        if array.head is ops.relu:
            return (Mask(Expression("!=", (out, 0.0))),)  # the rule's condition, not a <= 0, which nan meets as well
        if array.head is ops.where and array.operands[0].array.head in CONDITIONS:
            return 0.0, Mask(codes[0]), Mask(Expression("~", (codes[0],)))
        return [_simple(slope) for slope in read(array.head, array.head.partials, [*codes, out])]

    def _through_axis(self, array: Array, flow: Flow) -> None:
        """Back through an operation along an axis: through a sum the same to all along it, else to each its share."""
        axis, x = self.writer.along(array)
        code, axes = flow.code, (*flow.axes[:axis], False, *flow.axes[axis:])
        if any(flow.axes[:axis]):
            code = Postfix(code, expanded(axis - flow.axes.index(True)))
        if array.head is ops.logsumexp:
            _, powers, total = array.data
            share = Symbol(powers) / Symbol(total + expanded(axis))
            code, axes = times(code, share), (*[True] * x.index.ndim, array.batched)
        elif array.head is ops.prod:
            others = Invoke("products_of_others", [self.writer.matrix(x, x.index)], str(axis))
            code, axes = times(code, others), (*[True] * x.index.ndim, array.batched)
        operand = Operand(None, axes, *self.writer.located(x.array, x.index), tuple(range(x.index.ndim)))
        self._leave(array, x, operand, Flow(code, axes), x.index.shape)

    def _through_stack(self, array: Array, flow: Flow) -> None:
        code, start = self._full(array, flow), 0
        for x in array.operands:
            shape = (len(x.index), *array.shape[1:])
            if x.array.trained:
                part = Flow(Postfix(code, f"[{start}:{start + shape[0]}]"), every_axis(array))
                self._leave(array, x, self.writer.operand(x, shape, array.batched), part, shape)
            start += shape[0]

    def _through_product(self, array: Array, flow: Flow) -> None:
        """Back through Z = W @ X: dW = dZ @ X.T and dX = W.T @ dZ; the rest is for vectors, and for several axes."""
        (x, y), matrix = array.operands, self.writer.matrix
        columns = y.index.shape[1]
        scalar, wide = array.shape == (), columns > 1 and array.batched
        code = flow.code if scalar and not array.batched else self._full(array, flow)
        if wide:
            code = Postfix(code, f".reshape({len(x.index)}, -1)")
        left_index = x.index[0] if scalar else x.index
        right_index = y.index[:, 0] if columns == 1 else y.index
        if x.array.trained:
            right: Any = matrix(y, right_index)
            if scalar and not array.batched:
                back = times(code, right)
            elif columns == 1 and not array.batched:
                back = times(Postfix(code, "[:, None]"), right)
            else:
                right = Postfix(right, f".reshape({len(y.index)}, -1)") if wide else right
                back = Expression(MATMUL, (code, Postfix(right, ".T")))
            self._into(x.array, left_index, back)
        if y.array.trained:
            left: Any = matrix(x, left_index)
            if scalar:
                back = times(code, Postfix(left, "[:, None]") if array.batched else left)
            else:
                # With one row there is nothing to be summed, and NumPy multiplies faster than it multiplies matrices.
                back = Expression(MATMUL if len(x.index) > 1 else ops.mul, (Postfix(left, ".T"), code))
            if wide:
                back = Postfix(back, f".reshape({len(y.index)}, {columns}, -1)")
            self._into(y.array, right_index, back)

    def _into(self, array: Array, index: Any, code: Any) -> None:
        """Code of exactly the index's shape, and summed over the examples if need be, flows into these positions."""
        picked, part = self.writer.located(array, index)
        if not picked.ordered and 1 in index.shape:
            # a slice has no axes of extent 1 that the array does not have
            index = index.reshape([extent for extent in index.shape if extent > 1])
            code = Postfix(code, f".reshape({', '.join([*map(str, index.shape), *['-1'] * array.batched])})")
            picked, part = self.writer.located(array, index)
        self._arrive(array, part, picked, Flow(code, (*[True] * index.ndim, array.batched)), index.shape)

    # --- where it arrives -----------------------------------------------------------------------------------------

    def _leave(self, user: Array, x: Access, operand: Operand, flow: Flow, shape: tuple[int, ...]) -> None:
        """What flows out of an array, in the shape in which it uses the operand: summed where that was broadcast."""
        gone = [axis for axis in range(len(shape)) if axis not in operand.kept]
        if user.batched and not x.array.batched:
            gone.append(len(shape))
        code = flow.code
        for axis in gone:
            if not flow.axes[axis]:  # the sum of equal terms
                code = times(N if axis == len(shape) else float(shape[axis]), code)
        # Behind an axis along which it varies, the code has every other axis too, with an extent of 1 if it is equal.
        present = [axis for axis in gone if any(flow.axes[: axis + 1])]
        if present and len(gone) == len(flow.axes) - (not user.batched):
            code = applied_to_rest(code, lambda rest: Postfix(rest, ".sum()"))
        elif present:
            # Leading axes along which nothing varies may be missing in NumPy: axes are counted from the end then.
            shift = 0 if flow.axes[0] else len(shape) + user.batched
            numbers = [axis - shift for axis in present]
            text = f".sum(axis={numbers[0] if len(numbers) == 1 else tuple(numbers)})"
            code = applied_to_rest(code, lambda rest: Postfix(rest, text))
        axes = (*[flow.axes[axis] for axis in operand.kept], flow.axes[-1] and x.array.batched)
        assert operand.view is not None
        core = tuple([shape[axis] for axis in operand.kept])
        self._arrive(x.array, operand.part, operand.view, Flow(code, axes), core)

    def _arrive(self, array: Array, part: Part | None, picked: View, flow: Flow, shape: tuple[int, ...]) -> None:
        """What flows into a part of an array: the array itself, all of it in another order, or less than all of it."""
        target: Target = array if part is None else part
        several = array.head is PARAMETER and part is None  # parts of the vector of all parameters
        own = (len(self.writer.layout.where),) if several else target.shape
        code, axes, batched = flow.code, flow.axes, array.batched
        exactly = picked.ordered and picked.shape == own and not _permuted(picked)
        if not varies(code):
            axes = (False,) * (len(own) + 1)
        elif not exactly and (picked.ordered or _permuted(picked)):
            if not all(axes[:-1]) or axes[-1] != batched:
                code = Invoke("broadcast_to", [code], extents(shape, batched))
            if _permuted(picked):
                code = Postfix(code, transposition(tuple(map(int, np.argsort(picked.axes))), batched))
            if picked.ordered and picked.shape != own:
                code = Postfix(code, f".reshape({', '.join([*map(str, own), *['-1'] * batched]) or '()'})")
            axes = (*[True] * len(own), batched)
        if several:
            self._after.append(_addition("gradient" + picked.selection * (not picked.ordered), code, picked, batched))
        elif picked.ordered:
            self._flows.setdefault(target, []).append(Flow(code, axes))
        else:
            self._adds.setdefault(target, []).append(
                _addition(f"d{target.name}{picked.selection}", code, picked, batched)
            )

    # --- the end --------------------------------------------------------------------------------------------------

    def _assemble(self) -> None:
        """The gradient as one vector. Each part's line comes as soon as all that it needs is there."""
        layout = self.writer.layout
        pieces: list[Symbol] = []
        before, arrived = self.lines, {line.written: i for i, line in enumerate(self.lines, 1)}
        made: dict[int, list[Line]] = {}  # after which line to insert what
        for part in layout.parts:
            self.lines = []
            flow = self._collected(part)
            if flow is None:
                pieces.append(Symbol(f"zeros({part.stop - part.start})"))
                continue
            pieces.append(flow.code)
            needed = {name for line in self.lines for name in names_in(line.text())}
            made.setdefault(max([arrived.get(name, 0) for name in needed]), []).extend(self.lines)
        self.lines = made.pop(0, [])
        for i, line in enumerate(before, 1):
            self.lines += [line, *made.pop(i, [])]
        if all(piece.name.startswith("zeros(") for piece in pieces):
            code: Any = Invoke("zeros", [Symbol(f"{layout.vector}.shape")])
        else:
            names = ", ".join([piece.name for piece in pieces]) + "," * (len(pieces) == 1)
            code = Postfix(Symbol("concatenate"), f"(({names}), axis=None)")
        self.lines.append(Line("gradient", code))
        self.lines += _gathered(self._after)


def _batched(target: Target) -> bool:
    return isinstance(target, Array) and target.batched


def _permuted(picked: View) -> bool:
    return picked.axes != tuple(range(len(picked.axes)))


def _addition(name: str, code: Any, picked: View, batched: bool) -> Line:
    """The line that adds to a part of an array; to a position that is named twice, twice."""
    if not picked.repeated:
        return Line(name, code, adds=True)
    array, _, index = name[:-1].rpartition("[")
    # add.at reads beyond its operand where it has to broadcast it (seen in NumPy 2.4).
    code = Invoke("broadcast_to", [code], extents(picked.shape, batched))
    return Line("", Invoke("add.at", [Symbol(array), Symbol(index), code]))


def _gathered(lines: list[Line]) -> list[Line]:
    """The lines, those that add to the same part of an array as one, or as a few if they are many."""
    values: dict[str, list[Any]] = {}
    for i, line in enumerate(lines):
        values.setdefault(line.target or str(i), []).append(line.value)
    made: list[Line] = []
    for line in lines:
        if not line.target:
            made.append(line)
        elif line.target in values:
            made += [Line(line.target, code, adds=True) for code in _sums(values.pop(line.target))]
    return made


def _sums(codes: list[Any]) -> list[Any]:
    """The sum of the codes, as few sums of a readable length."""
    return [added(codes[i : i + SEVERAL]) for i in range(0, len(codes), SEVERAL)]


def _simple(slope: Any) -> Any:
    """A slope without products by 1; one that is a choice of 0 and 1 as the condition itself."""

    def change(x: Expression) -> Any:
        return times(*x.operands) if x.head is ops.mul else x

    slope = replaced(slope, change)
    if isinstance(slope, Expression) and slope.head is ops.where:
        condition, *choice = slope.operands
        if choice == [1.0, 0.0]:
            return Mask(condition)
        if choice == [0.0, 1.0]:
            equal = isinstance(condition, Expression) and condition.head == "=="
            return Mask(Expression("!=", condition.operands) if equal else Expression("~", (condition,)))
    return slope
