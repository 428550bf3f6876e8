"""Pass: the lines that compute every array, from the operations' own rules, read with arrays' names for symbols."""

from __future__ import annotations

from copy import copy

import numpy as np

from .. import ops
from ..errors import CompileError
from ..symbols import Expression, Symbol
from .arrays import MATMUL, REDUCE, STACK, SUM, Access, Array
from .lines import (
    HALF_POWER,
    Invoke,
    Line,
    Mask,
    NumPy,
    Postfix,
    cut,
    extents,
    measure,
    nodes,
    replaced,
    with_operands,
)
from .record import RELATIONS
from .scalars import CONSTANT, DETACH, INPUT, PARAMETER
from .views import View, aligned, view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from ..ops import Op
    from .group import Grouping
    from .layout import Layout, Part

    Axes = tuple[bool, ...]  # for each axis, that of examples last, whether a text varies along it

SEVERAL = 8
"""So many terms are added up in a line at the most."""


INLINE = 4
"""A rule of at most so many operations is written out; a longer one becomes a function."""

CONDITIONS = frozenset(RELATIONS.values())
_JOINING_SIGNS = frozenset({"&", "|", "~"})
_CONDITION_SIGNS = frozenset({op.name for op in CONDITIONS} | _JOINING_SIGNS | {"!="})
_JOINS = frozenset({RELATIONS["&"], RELATIONS["|"]})
_PLAIN = frozenset({*CONDITIONS, ops.add, ops.sub, ops.mul, ops.div, ops.neg, ops.pow})


class Operand:
    """An operand as a line writes it.

    Attributes
    ----------
    code : Symbol or float
        What NumPy broadcasts to the array that is computed. It has every axis from the first on that it varies along,
        with an extent of 1 where it does not vary, and none before: so `axes` tell its shape.
    axes : tuple of bool
        For each axis of the array that is computed, the one of examples last, whether the operand varies along it.
    view : View or None
        How it is picked from its array; None for a constant.
    part : Part or None
        The parameters that it is a part of; None for other arrays, and for the whole vector.
    kept : tuple of int
        The axes that it varies along, but for that of examples.
    """

    def __init__(
        self, code: Any, axes: Axes, picked: View | None = None, part: Part | None = None, kept: tuple[int, ...] = ()
    ) -> None:
        self.code, self.axes, self.view, self.part, self.kept = code, axes, picked, part, kept


class Writer:
    """What all lines of one program share: where the arrays are, and the constants that they need.

    Attributes
    ----------
    constants : dict
        Arrays of numbers and of positions, by name.
    largest : float
        The largest finite number that the program computes with.
    """

    def __init__(self, grouping: Grouping, layout: Layout, dtype: Any = float) -> None:
        self.grouping, self.layout = grouping, layout
        self.largest = float(np.finfo(dtype).max)
        self.constants: dict[str, NDArray[Any]] = {}
        self._known: dict[tuple[Any, ...], str] = {}

    def constant(self, values: NDArray[Any], letter: str) -> str:
        """The name of a constant array; equal ones share it."""
        key = (values.shape, values.dtype.str, values.tobytes())
        if key not in self._known:
            self._known[key] = self.layout.names.counted(letter)
            self.constants[self._known[key]] = values
        return self._known[key]

    def located(self, array: Array, index: NDArray[Any]) -> tuple[View, Part | None]:
        """How the positions `index` of an array are picked."""
        part, name, shape = None, array.name, array.shape
        if array.head is PARAMETER:
            index = self.layout.where[index]
            part = self.layout.part_of(index)
            if part is None:
                name, shape = self.layout.vector, (len(self.layout.where),)
            else:
                name, shape, index = part.text, part.shape, index - part.start
        return view(name, shape, index, array.batched, lambda positions: self.constant(positions, "I")), part

    def operand(self, x: Access, shape: tuple[int, ...], among: bool) -> Operand:
        """An operand for an elementwise line on arrays of the given shape, which have examples if `among`."""
        array, index = x.array, x.index
        if array.head is CONSTANT:
            values = array.data[index]
            bits = values.ravel().view(np.int64)
            if (bits == bits[0]).all():
                return Operand(float(values.flat[0]), (False,) * (len(shape) + 1))
            kept = tuple([axis for axis, extent in enumerate(index.shape) if extent > 1])
            name = self.constant(values.reshape([index.shape[axis] for axis in kept]), "C")
            code = Symbol(aligned(name, kept, len(shape), False, among))
            return Operand(code, (*[axis in kept for axis in range(len(shape))], False), None, None, kept)
        if index.shape == array.shape == shape and array.head is not PARAMETER:
            picked, part = self.located(array, index)
            kept = tuple(range(len(shape)))
        else:
            kept = tuple([axis for axis, extent in enumerate(index.shape) if extent > 1])
            picked, part = self.located(array, index.reshape([index.shape[axis] for axis in kept]))
        text = aligned(picked.text(array.batched), kept, len(shape), array.batched, among)
        if part is not None and part.column and text == f"{part.text}[:, None]":
            text = part.name
        code = Symbol(text)
        axes = (*[axis in kept for axis in range(len(shape))], array.batched)
        return Operand(code, axes, picked, part, kept)

    def operands(self, array: Array) -> list[Operand]:
        """The operands of an elementwise array."""
        operands = [self.operand(x, array.shape, array.batched) for x in array.operands]
        for i, (x, operand) in enumerate(zip(array.operands, operands)):
            if x.array.head in CONDITIONS and not (array.head in _JOINS or (array.head is ops.where and i == 0)):
                operand.code = Symbol(f"where({operand.code.name}, 1.0, 0.0)")  # NumPy's True + True is no 2
        return operands

    def symbols(self, array: Array, operands: list[Operand]) -> dict[str, Axes]:
        """The axes along which each symbol varies that stands in a rule of the array, read with its operands."""
        axes = {x.code.name: x.axes for x in operands if isinstance(x.code, Symbol)}
        return axes | {array.name: every_axis(array)}

    def pieces(self, codes: Sequence[Any], axes: dict[str, Axes]) -> tuple[list[Line], list[Any]]:
        """Code in lines of a readable length: those before it, and what is left; their names join the `axes`."""
        pieces, left = cut(codes, lambda: self.layout.names.counted("part"))
        for symbol, value in pieces:
            axes[symbol.name] = along(value, axes)
        return [Line(symbol.name, value) for symbol, value in pieces], left

    def matrix(self, x: Access, index: NDArray[Any]) -> Symbol:
        """An operand of a matrix product, in full."""
        array = x.array
        if array.head is CONSTANT:
            return Symbol(self.constant(array.data[index], "C"))
        core = index if index.shape == self._shape(array, index) else index.reshape([e for e in index.shape if e > 1])
        text = self.located(array, core)[0].text(array.batched)
        if core.shape != index.shape:
            text += f".reshape({', '.join(map(str, index.shape))}{', -1' * array.batched})"
        return Symbol(text)

    def _shape(self, array: Array, index: NDArray[Any]) -> tuple[int, ...]:
        if array.head is PARAMETER:
            part = self.layout.part_of(self.layout.where[index])
            return (0,) if part is None else part.shape
        return array.shape

    def along(self, array: Array) -> tuple[int, Access]:
        """The axis that an operation on a sequence works along, where its operand's array has it.

        In the operand itself it is the first axis; returned is the operand with the axis in the other place.
        """
        x = array.operands[0]
        moved = [Access(x.array, np.moveaxis(x.index, 0, axis)) for axis in range(x.index.ndim)]
        axis = min(range(len(moved)), key=lambda axis: len(self.matrix(x, moved[axis].index).name))
        return axis, moved[axis]


def forward(writer: Writer) -> list[Line]:
    """The lines that compute all arrays."""
    lines: list[Line] = []
    for array in writer.grouping.arrays:
        if array.head not in (INPUT, PARAMETER, CONSTANT):
            lines += _lines(writer, array)
            lines[-1].comment = extents(array.shape, array.batched) if array.shape or array.batched else ""
            lines[-1].temporary = array.name[0] not in "ZA" and (len(lines) == 1 or lines[-2].target != array.name)
    return lines


def _lines(writer: Writer, array: Array) -> list[Line]:
    head = array.head
    if head is MATMUL:
        return [Line(array.name, _product(writer, array))]
    if head is REDUCE:
        axis, x = writer.along(array)
        every = not array.batched and not array.shape
        return [Line(array.name, Postfix(writer.matrix(x, x.index), ".sum()" if every else f".sum(axis={axis})"))]
    if head is STACK:
        parts = []
        for x in array.operands:
            shape = (len(x.index), *array.shape[1:])
            code = writer.operand(x, shape, array.batched).code
            parts.append(Invoke("broadcast_to", [code], f"({', '.join(map(str, shape))},{' n' * array.batched})"))
        return [Line(array.name, Postfix(Symbol("concatenate"), f"([{', '.join(map(NumPy().text, parts))}])"))]
    if head is ops.logsumexp:
        return _logsumexp(writer, array)
    if head is ops.prod:
        axis, x = writer.along(array)
        return [Line(array.name, Postfix(writer.matrix(x, x.index), f".prod(axis={axis})"))]
    operands = writer.operands(array)
    codes = [x.code for x in operands]
    if head is ops.sub and any(x.array.head is ops.logsumexp for x in array.operands):
        return [Line(array.name, _around_logsumexp(writer, array, codes))]
    if head is SUM and len(codes) > SEVERAL:
        first = Line(array.name, applied(head, codes[:SEVERAL]))
        rest = [codes[i : i + SEVERAL] for i in range(SEVERAL, len(codes), SEVERAL)]
        return [first, *[Line(array.name, applied(head, [Symbol(array.name), *part])) for part in rest]]
    axes = writer.symbols(array, operands)
    before, (code,) = writer.pieces([applied(head, codes)], axes)
    if not isinstance(code, Expression) or along(code, axes) != every_axis(array):  # a rule leaves an operand aside
        code = Invoke("broadcast_to", [code], extents(array.shape, array.batched))
    return [*before, Line(array.name, code)]


def _product(writer: Writer, array: Array) -> Expression:
    x, y = array.operands
    if array.shape == ():
        return Expression(MATMUL, (writer.matrix(x, x.index[0]), writer.matrix(y, y.index[:, 0])))
    if y.index.shape[1] == 1:
        return Expression(MATMUL, (writer.matrix(x, x.index), writer.matrix(y, y.index[:, 0])))
    right: Expression = writer.matrix(y, y.index)
    if array.batched:
        right = Postfix(right, f".reshape({len(y.index)}, -1)")
        product = Expression(MATMUL, (writer.matrix(x, x.index), right))
        return Postfix(product, f".reshape({', '.join(map(str, array.shape))}, -1)")
    return Expression(MATMUL, (writer.matrix(x, x.index), right))


def every_axis(array: Array | Part) -> Axes:
    return (*[True] * len(array.shape), isinstance(array, Array) and array.batched)


def along(code: Any, axes: dict[str, Axes]) -> Axes:
    """The axes along which code varies, given those of its symbols."""
    nowhere = (False,) * len(next(iter(axes.values())))
    return tuple(map(any, zip(nowhere, *[axes[x.name] for x in nodes(code) if isinstance(x, Symbol)])))


def expanded(axis: int) -> str:
    """The text that gives an array a new axis at this place; at the first NumPy does so by itself.

    >>> expanded(0), expanded(1)
    ('', '[:, None]')
    """
    return f"[{':, ' * axis}None]" if axis else ""


def _logsumexp(writer: Writer, array: Array) -> list[Line]:
    """log(sum(exp(x))) in its stable form: the largest is taken out first; of an infinite one, as much as is finite."""
    axis, x = writer.along(array)
    code: Expression = writer.matrix(x, x.index)
    top, powers, total = array.data

    largest = Postfix(code, f".max(axis={axis})")
    return [
        Line(top, Invoke("minimum", [Invoke("maximum", [largest, -writer.largest]), writer.largest])),
        Line(powers, Expression(ops.exp, (code - Symbol(top + expanded(axis)),)), "(softmax, before it is divided)"),
        Line(total, Postfix(Symbol(powers), f".sum(axis={axis})")),
        Line(array.name, Symbol(top) + Expression(ops.log, (Symbol(total),))),
    ]


def _around_logsumexp(writer: Writer, array: Array, codes: list[Any]) -> Any:
    """A difference of a log-sum-exp, top + log(total), and something: what may be large goes first, and cancels."""
    (x, y), among = array.operands, array.batched

    def parts(x: Access) -> list[Any]:
        found = []
        for name in (x.array.data[0], x.array.data[2]):
            twin = copy(x.array)
            twin.name = name
            found.append(writer.operand(Access(twin, x.index), array.shape, among).code)
        return [found[0], Expression(ops.log, (found[1],))]

    if y.array.head is ops.logsumexp:
        top, log = parts(y)
        return codes[0] - top - log
    top, log = parts(x)
    return top - codes[1] + log


# --- rules ----------------------------------------------------------------------------------------------------


def applied(head: Op, operands: list[Any]) -> Any:
    """What an operation is on these operands, as code."""
    if head is SUM:
        return Expression(SUM, tuple(operands))
    if head is DETACH:
        return operands[0]
    if isinstance(head, ops.Power):
        return applied(ops.pow, [*operands, head.exponent])
    if head is ops.pow and operands[1] == 0.5:
        return Invoke(HALF_POWER, [operands[0]])
    if head in _PLAIN or head.elementary:
        return Expression(head.name if head in CONDITIONS else head, tuple(operands))
    if head is ops.relu:
        return Invoke("maximum", [operands[0], 0.0])  # the same but for the sign of zero, in a third of the time
    rule = read(head, head.forward, operands)
    return rule if measure([rule])[0] <= INLINE or head.arity is None else Expression(head, tuple(operands))


def read(head: Op, rule: Any, operands: list[Any]) -> Any:
    """A rule of an operation, read with symbols; a condition that it computes with is 1 or 0, as with floats.

    Raises
    ------
    CompileError
        If it is written with functions that take numbers only.
    """
    try:
        made = rule(*operands)
    except CompileError:
        raise
    except (TypeError, AttributeError, ValueError) as error:
        raise CompileError(
            f"the rule of {head.name!r} cannot be read with arrays ({error}); write it with operators and autograd's "
            "functions instead of those of math"
        ) from None
    return tuple(map(_as_number, made)) if isinstance(made, tuple) else _as_number(made)


def _as_number(x: Any) -> Any:
    """The expression with every condition as a number that does not stand where a condition belongs."""

    def number(y: Any) -> Any:
        return Mask(y) if isinstance(y, Expression) and y.head in _CONDITION_SIGNS else y

    def change(part: Expression) -> Expression:
        if part.head in _JOINING_SIGNS:
            return part
        first = 1 if part.head is ops.where else 0
        return with_operands(part, [*part.operands[:first], *map(number, part.operands[first:])])

    return number(replaced(x, change))
