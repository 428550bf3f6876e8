"""The program of arrays: `group` makes it from the scalars, and all later passes work on it.

An `Array` is one node: numbers of one shape, computed by one head from the arrays before it. There are six kinds of
heads: leaves; the operations of `autograd.ops` and relations, applied elementwise as NumPy broadcasts; those that
compute along axes (REDUCE, LARGEST, OTHERS, CONTRACT, and the operations on sequences); those that move numbers (PICK,
EXPAND, JOIN, and ACCUMULATE, which adds them up as well); LOOP, its outputs, and the leaves of its body; and ASIDES,
which check or tell. The axis of examples is no part of a shape: `Array.batched` says whether an array has one, and only
the text decides whether it is the first axis or the last. A `Builder` makes the nodes, no two alike, and simplifies
them; `check` says what a legal program is. How a node is written in NumPy is the business of `text`.
"""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np

from .. import ops
from ..errors import CompileError
from ..ops import Op
from ..symbols import Operators
from .scalars import ALONG, CONSTANT, DETACH, INPUT, PARAMETER, RELATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from ..origins import Place
    from .parameters import Layout

    Shape: TypeAlias = tuple[int, ...]
    Index: TypeAlias = NDArray[Any]
    Code: TypeAlias = "Array | float"


def _head(name: str, doc: str) -> Op:
    return Op(name, lambda *xs: None, lambda *xs: (), arity=None, doc=doc)


COUNT = _head("count", "The number of examples.")
PART = _head("part", "A named array of parameters; the data is its `parameters.Part`, or None for the vector of all.")
SUM = _head("sum_of", "Elementwise sum of all operands.")
NUMBER = _head("number", "A condition as the numbers 1 and 0.")
REDUCE = _head("reduce", "Sum over axes; the data is a tuple of them, and whether over the examples, too.")
LARGEST = _head("largest", "The largest along an axis (the data), or the finite number next to it.")
OTHERS = _head("others", "For each entry the product of all others along an axis, the data.")
CONTRACT = _head(
    "contract",
    "Sums of products. The data are the letters of the axes of both operands and of the result, as in `einsum`, and "
    "whether the examples are summed over, too.",
)
PICK = _head("pick", "Entries of the operand; the data is an array of their positions, in the shape of the result.")
EXPAND = _head("expand", "The operand, repeated along axes of extent 1, or for every example.")
JOIN = _head("join", "The operands one after the other, flat; or along an axis, the data.")
ACCUMULATE = _head(
    "accumulate",
    "Zeros, to which each operand is added at its positions: the data has an array of them for each, or None where "
    "the operand has all entries.",
)
LOOP = _head(
    "loop",
    "The body of the data, a `Loop`, step by step: on operands that are the same in all steps or have one entry for "
    "each along their first axis, and on what stands before the first step.",
)
OUTPUT = _head("output", "What a loop has made in all its steps, along the first axis; the data is which of it.")
ITEM = _head("item", "In a loop: the step's entry of the operand with the number that is the data.")
OUTER = _head("outer", "In a loop: the operand with the number that is the data.")
CARRY = _head("carry", "In a loop: what the step before has made; the data is which of it.")
REQUIRE = _head("require", "Checks the first operand, a condition; the data is the message.")
TELL = _head("tell", "Hands its operands to a function of the user's; the data says which.")
ASIDES = frozenset({REQUIRE, TELL})
"""Heads of nodes that check or tell instead of computing; no array can have them as operands."""

LEAVES = frozenset({INPUT, PARAMETER, PART, CONSTANT, COUNT, ITEM, OUTER, CARRY})
CONDITIONS = frozenset(RELATIONS.values())
_AND_OR = frozenset({RELATIONS["&"], RELATIONS["|"]})
_NOT_ELEMENTWISE = frozenset(
    {REDUCE, LARGEST, OTHERS, *ALONG, CONTRACT, PICK, EXPAND, JOIN, ACCUMULATE, LOOP, OUTPUT} | ASIDES
)
_UNDIFFERENTIATED = frozenset({*CONDITIONS, DETACH, LARGEST})


class Role:
    """What an array is to a reader, such as a layer's output; its name is made from this.

    Attributes
    ----------
    word : str
    layer : str
        The number of its layer, if there is one.
    follows : Role or None
        The role of the array whose number the name takes over: that of Z1 for A1.
    """

    def __init__(self, word: str, layer: str = "", follows: Role | None = None) -> None:
        self.word, self.layer, self.follows = word, layer, follows


class Array(Operators):
    """A node of the program.

    Attributes
    ----------
    builder : Builder
    number : int
        The place in the order in which nodes were made: operands come before their users.
    head : Op
    operands : tuple of Array and float
        Numbers are operands only of elementwise heads, EXPAND, ACCUMULATE, REQUIRE, TELL, and JOIN without an axis.
    data : object
        What else the head needs; each head above says what that is.
    shape : tuple of int
        Without the axis of examples.
    batched : bool
        Whether there is an axis of examples.
    depends : bool
        Whether its numbers depend on a parameter.
    trained : bool
        Whether the backward pass reaches a parameter through it; it stops at conditions, DETACH and LARGEST.
    name : str
        What the program calls it; empty if it has no name yet.
    role : Role or None
        What its name is made from; None if it is nothing special to a reader.
    word : str
        If there is no role, the name is this word with a number; if it is empty, the word follows from the head.
    gradient_of : Array or None
        The array whose gradient it is, and after which it is named: dW for W.
    kept : bool
        Whether it gets a line of its own even if only one other line needs it.
    weighted : bool
        Whether it is what a layer computes before its activation.
    place : Place or None
        The label and module of one of its scalars.
    holes : array of bool or None
        Which entries belong to no scalar of the function, and hold unknown numbers; None if there are none.
    rows : array of int or None
        For each entry the row of its scalar in the table that was grouped, or -1 if it is none; in a gradient, of the
        scalar that it is the derivative by. In the body of a loop there is one more axis, in front: the step.
    """

    __slots__ = (
        "batched", "builder", "data", "depends", "head", "holes", "kept", "name", "number", "gradient_of", "operands",
        "place", "role", "rows", "shape", "trained", "weighted", "word", "_has_noted_holes",
    )  # fmt: skip

    def __init__(
        self, builder: Builder, head: Op, operands: tuple[Code, ...], data: Any, shape: Shape, batched: bool
    ) -> None:
        self.builder, self.head, self.data = builder, head, data
        self.operands: tuple[Any, ...] = operands  # Any: which of them are arrays depends on the head
        self.shape, self.batched = shape, batched
        self.number = len(builder.arrays)
        arrays = [x for x in operands if isinstance(x, Array)]
        own = head in (PARAMETER, PART)
        self.depends: bool = own or any(x.depends for x in arrays)
        self.trained: bool = own or (head not in _UNDIFFERENTIATED and any(x.trained for x in arrays))
        self.name, self.word, self.kept, self.weighted = "", "", False, False
        self.gradient_of: Array | None = None
        self.role: Role | None = None
        self.place: Place | None = None
        self.holes: Index | None = None
        self._has_noted_holes = False
        self.rows: Index | None = None

    def note_holes(self, holes: Index | None) -> None:
        """Note the holes; if several groups of scalars share the array, only what is a hole in each of them is one."""
        if self._has_noted_holes:
            holes = None if self.holes is None or holes is None else self.holes & holes
        self.holes, self._has_noted_holes = holes, True

    def merge_notes(self, x: Array) -> None:
        """Take over the name, role, place and other notes of an array that this one replaces."""
        self.name, self.word, self.role = self.name or x.name, self.word or x.word, self.role or x.role
        self.kept, self.weighted = self.kept or x.kept, self.weighted or x.weighted
        self.place = self.place or x.place
        self.note_holes(x.holes)
        self.rows = x.rows if self.rows is None else self.rows

    @staticmethod
    def __apply_op__(op: Op, operands: tuple[Any, ...]) -> Any:
        builder: Builder = next(x.builder for x in operands if isinstance(x, Array))
        return builder.apply(op, operands)

    @staticmethod
    def related(sign: str, operands: tuple[Any, ...]) -> Any:
        a, b = operands
        if sign == "&" and a.head is RELATIONS[">="] and b.head is RELATIONS["<="] and a.operands == b.operands:
            return Array.related("==", a.operands)  # `ops.equal` is written (a >= b) & (a <= b)
        builder: Builder = next(x.builder for x in operands if isinstance(x, Array))
        return builder.apply(RELATIONS[sign], operands)

    def __bool__(self) -> bool:
        raise TypeError("an array has no truth value while it is compiled; write conditions in a rule with where()")

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def elementwise(self) -> bool:
        """Whether each entry comes from one entry of each operand."""
        return bool(self.operands) and self.head not in _NOT_ELEMENTWISE

    @property
    def truth(self) -> bool:
        """Whether its entries are True and False."""
        return (
            self.head in CONDITIONS
            or (self.head in (PICK, EXPAND) and isinstance(self.operands[0], Array) and self.operands[0].truth)
            or (self.head is CONSTANT and self.data.dtype == bool)
        )

    def __repr__(self) -> str:
        return self.name or f"%{self.number}"

    @property
    def extents(self) -> str:
        """The shape as text, with n for the number of examples."""
        extents = [*map(str, self.shape), *["n"] * self.batched]
        return f"({', '.join(extents)}{',' * (len(extents) == 1)})"

    def __str__(self) -> str:
        operands = f"({', '.join(map(repr, self.operands))})" if self.operands else ""
        data = "" if self.data is None else f" {_shown(self.head, self.data)}"
        return f"{self!r} = {self.head.name}{operands}{data}"


def _shown(head: Op, data: Any) -> str:
    """A node's data as text."""
    if head is CONTRACT:
        (left, right, out), over_examples = data
        return f"{left},{right}->{out}{' over examples' * over_examples}"
    if head is REDUCE:
        axes, over_examples = data
        return ", ".join([*[f"axis {axis}" for axis in axes], *["examples"] * over_examples])
    if isinstance(data, np.ndarray):
        return str(data.tolist()) if data.size <= 8 else f"<{' x '.join(map(str, data.shape))} numbers>"
    if isinstance(data, tuple):
        return ", ".join(["all" if item is None else _shown(head, item) for item in data])
    if type(data) is int and head in _NOT_ELEMENTWISE and head is not OUTPUT:
        return f"axis {data}"
    return repr(data) if isinstance(data, str) else str(data)


class ArrayProgram:
    """Arrays in the order in which they are computed.

    Attributes
    ----------
    builder : Builder
        Made the arrays, and makes more.
    inputs : list of Array
        In the order of the slots.
    outputs : list of Array and float
        What the program computes.
    asides : list of Array
        The nodes whose heads are in `ASIDES`, in order.
    placed : Layout or None
        Where the parameters stand; None before the pass `place`.
    """

    def __init__(
        self,
        builder: Builder,
        inputs: list[Array],
        outputs: list[Code],
        asides: Sequence[Array] = (),
        layout: Layout | None = None,
    ) -> None:
        self.builder, self.inputs, self.outputs, self.asides = builder, inputs, outputs, list(asides)
        self.placed = layout

    @property
    def layout(self) -> Layout:
        """Where the parameters stand; it is known from the pass `place` on."""
        assert self.placed is not None, "the parameters have no places yet"
        return self.placed

    def returning(self, outputs: list[Code]) -> ArrayProgram:
        """The program from the same builder that computes these outputs instead."""
        return ArrayProgram(self.builder, self.inputs, outputs, self.asides, self.placed)

    def arrays(self, outputs: Iterable[Code] | None = None) -> list[Array]:
        """All arrays that the outputs (or the given ones) and the asides need, operands first."""
        asked = [*(self.outputs if outputs is None else outputs), *self.asides]
        stack = [x for x in asked if isinstance(x, Array)]
        found: dict[int, Array] = {}
        while stack:
            x = stack.pop()
            if x.number not in found:
                found[x.number] = x
                stack += [y for y in x.operands if isinstance(y, Array)]
        return [found[number] for number in sorted(found)]

    def __str__(self) -> str:
        arrays = self.arrays([*self.inputs, *self.outputs])
        texts = list(map(str, arrays))
        width = min(max(map(len, texts), default=0), 60)
        lines = [f"{text:<{width}}  # {x.extents}" if x.shape or x.batched else text for x, text in zip(arrays, texts)]
        return "\n".join([*lines, f"returned: {', '.join(map(repr, self.outputs))}"])


class Loop:
    """The body of a loop.

    Attributes
    ----------
    count : int
        The number of steps.
    read_count : int
        How many of the LOOP node's operands the steps read; those behind are the initial values of `carried`.
    carried : list of Array
        What a step hands to the next one.
    kept : list of Array
        What the loop keeps from every step.
    carried_as : list of int and None
        For each array of `kept` its index in `carried`, or None if it is not carried. If it is, its initial value is
        kept, too, in front.
    last : list of Array
        What the loop keeps from the last step only; OUTPUT counts these behind `kept`.
    builder : Builder
        Made the arrays of the body.
    """

    def __init__(
        self,
        count: int,
        read_count: int,
        carried: list[Array],
        kept: list[Array],
        carried_as: list[int | None],
        last: list[Array],
        builder: Builder,
    ) -> None:
        self.count, self.read_count, self.carried, self.kept = count, read_count, carried, kept
        self.carried_as, self.last, self.builder = carried_as, last, builder

    def program(self) -> ArrayProgram:
        """The body, as a program that makes what is carried and what is kept."""
        return ArrayProgram(self.builder, [], [*self.carried, *self.kept, *self.last])

    def __str__(self) -> str:
        lines = "\n".join([f"    {line}" for line in str(self.program()).splitlines()])
        return f"{self.count} times\n{lines}"


def rebuilt(
    program: ArrayProgram,
    change: Callable[[Builder, Array, list[Code]], Code] = lambda make, x, operands: make.like(x, operands),
    layout: Layout | None = None,
) -> ArrayProgram:
    """The program on new nodes: for each array x, ``change(builder, x, operands)`` makes the new one from new operands.

    Parameters
    ----------
    change : callable, optional
        If it is left out, the program is copied as it is.
    layout : Layout, optional
        Where the parameters stand from now on, if that changes.
    """
    make = Builder(program.builder.largest)
    made: dict[int, Code] = {}

    def replacement(x: Code) -> Code:
        return made[x.number] if isinstance(x, Array) else x

    for x in program.arrays([*program.inputs, *program.outputs]):
        operands = list(map(replacement, x.operands))
        if not x.elementwise:
            operands = [make.full(y, old) for y, old in zip(operands, x.operands)]
        new = change(make, x, operands)
        if not isinstance(new, Array) or new.shape != x.shape or new.batched != x.batched:
            new = make.expand(new, x.shape, x.batched)
        made[x.number] = new
        if isinstance(new, Array):
            new.merge_notes(x)
            if x.gradient_of is not None and new.gradient_of is None:
                of = made.get(x.gradient_of.number)
                new.gradient_of = of if isinstance(of, Array) else None
    inputs, outputs, asides = ([replacement(x) for x in xs] for xs in (program.inputs, program.outputs, program.asides))
    return ArrayProgram(make, inputs, outputs, asides, layout or program.placed)  # type: ignore[arg-type]


# --- making -----------------------------------------------------------------------------------------------------------


class Builder:
    """Makes nodes: each once, with its shape, and in its simplest form.

    In the forward pass it simplifies only where this holds for every number, nan and infinities included. For the
    backward pass there is more: factors that are numbers move to the front (`times`), and equal terms are added up
    (`added`).

    Parameters
    ----------
    largest : float
        The largest finite number that the program computes with.

    Examples
    --------
    >>> make = Builder()
    >>> x = make.leaf(INPUT, 0, (2, 3))
    >>> print(make.reduce(ops.exp(x), (0,)))
    %2 = reduce(%1) axis 0
    """

    def __init__(self, largest: float = math.inf) -> None:
        self.largest = largest
        self.arrays: list[Array] = []
        self._known: dict[Any, Array] = {}

    # --- single nodes -------------------------------------------------------------------------------------------------

    def node(
        self, head: Op, operands: tuple[Code, ...], data: Any = None, shape: Shape = (), batched: bool = False
    ) -> Array:
        """The node, a new one if there is none like it."""
        key = (
            head,
            tuple([x.number if isinstance(x, Array) else repr(x) for x in operands]),
            index_key(data),
            shape,
            batched,
        )
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Array(self, head, operands, data, shape, batched)
            self.arrays.append(found)
        return found

    def leaf(self, head: Op, data: Any, shape: Shape, batched: bool = False) -> Array:
        return self.node(head, (), data, shape, batched)

    def constant(self, values: Any) -> Code:
        """An array of numbers, or of conditions; a number if they are all the same, bit for bit."""
        values = np.asarray(values)
        if values.dtype != bool and values.size:
            bits = values.astype(float).ravel().view(np.int64)
            if (bits == bits[0]).all():
                return float(values.flat[0])
        return self.leaf(CONSTANT, values, values.shape)

    @property
    def count(self) -> Array:
        """The number of examples."""
        return self.leaf(COUNT, None, ())

    def like(self, x: Array, operands: Sequence[Code]) -> Code:
        """The same as x, on other operands of the same shapes."""
        if x.head in _AND_OR or x.head is ops.where:
            made: Code = self.apply(x.head, operands)
            return made
        if x.head is NUMBER:
            number: Code = self.number(operands[0])
            return number
        if x.head is RELATIONS["~"]:
            return self.inverse(self.truth(operands[0]))
        if x.elementwise:
            return self.elementwise(x.head, operands)
        if x.head is PICK:
            return self.pick(operands[0], x.data)
        if x.head is EXPAND:
            return self.expand(operands[0], x.shape, x.batched)
        return self.node(x.head, tuple(operands), x.data, x.shape, x.batched)

    # --- elementwise --------------------------------------------------------------------------------------------------

    def elementwise(self, head: Op, operands: Sequence[Code]) -> Code:
        """The operation, not simplified, on numbers and arrays of one rank or of rank 0; numbers alone are computed."""
        arrays = [x for x in operands if isinstance(x, Array)]
        if not arrays:
            return float(sum(operands) if head is SUM else head.value(*operands))  # type: ignore[arg-type]
        operands = self._unexpanded(operands)
        shape = broadcast([x.shape for x in operands if isinstance(x, Array)])
        return self.node(head, tuple(operands), None, shape, any(x.batched for x in arrays))

    def _unexpanded(self, operands: Sequence[Code]) -> Sequence[Code]:
        """The operands, without an EXPAND where NumPy broadcasts to the same shape because of the other operands."""
        made = list(operands)
        for i, x in enumerate(made):
            if isinstance(x, Array) and x.head is EXPAND:
                rest = [y for j, y in enumerate(made) if j != i and isinstance(y, Array)]
                inner = x.operands[0]
                sources = [*rest, *[inner] * isinstance(inner, Array)]
                shape = broadcast([x.shape, *[y.shape for y in rest]])
                batched = x.batched or any(y.batched for y in rest)
                if (
                    rest
                    and broadcast([y.shape for y in sources]) == shape
                    and any(y.batched for y in sources) == batched
                ):
                    made[i] = inner
        return made

    def apply(self, head: Op, operands: Sequence[Any]) -> Any:
        """An operation or a relation; one that changes nothing, such as * 1, is left out."""
        operands = [float(x) if isinstance(x, (bool, int)) else x for x in operands]
        if head in _AND_OR:
            return self._and_or(head, operands)
        if head not in CONDITIONS and head is not ops.where:
            operands = list(map(self.number, operands))
        first, second = (*operands, None, None)[:2]
        if head is ops.mul and isinstance(first, float) and first == 1.0:
            return second
        if head in (ops.mul, ops.div, ops.pow) and isinstance(second, float) and second == 1.0:
            return first
        if head is ops.neg and isinstance(first, Array) and first.head is ops.neg:
            return first.operands[0]
        if head is ops.positive or (head is DETACH and not (isinstance(first, Array) and first.trained)):
            return first
        if head is ops.where:
            condition, *choice = operands
            if isinstance(condition, float):
                return choice[0 if condition else 1]
            operands = [condition, *map(self.number, choice)]
            if condition.truth and all(isinstance(x, float) for x in choice):
                if choice == [1.0, 0.0]:
                    return self.number(condition)
                if choice == [0.0, 1.0]:
                    return self.number(self.inverse(condition))
        return self.elementwise(head, operands)

    def _and_or(self, head: Op, operands: Sequence[Any]) -> Any:
        """The & or | of two conditions, of which one may be known already."""
        for x, other in (operands, operands[::-1]):
            if not isinstance(x, Array):
                return self.truth(other) if bool(x) == (head is RELATIONS["&"]) else float(bool(x))
        return self.elementwise(head, list(map(self.truth, operands)))

    def truth(self, x: Code) -> Code:
        """A number as a condition: whether it is not 0."""
        return x if not isinstance(x, Array) or x.truth else self.elementwise(RELATIONS["!="], (x, 0.0))

    def inverse(self, condition: Code) -> Code:
        """The negation of a condition."""
        if not isinstance(condition, Array):
            return float(not condition)
        if condition.head is RELATIONS["=="]:
            return self.elementwise(RELATIONS["!="], condition.operands)
        return self.elementwise(RELATIONS["~"], (condition,))

    def number(self, x: Any) -> Any:
        """A condition as a number, 1 or 0; a number as it is."""
        if isinstance(x, (bool, int)):
            return float(x)
        if isinstance(x, Array) and x.truth:
            return self.node(NUMBER, (x,), None, x.shape, x.batched)
        return x

    # --- linear combinations, for the backward pass -------------------------------------------------------------------

    def times(self, a: Code, b: Code) -> Code:
        """a * b, with one number in front, and the divisions by numbers and by the number of examples put together.

        Examples
        --------
        >>> make = Builder()
        >>> x = make.leaf(INPUT, 0, (2,))
        >>> make.times(1.0, x) is x, make.times(-1.0, -x) is x, make.times(2.0, make.times(0.5, x)) is x
        (True, True, True)
        """
        (x, by, by_n, a_rest), (y, by_too, by_n_too, b_rest) = self.factors(a), self.factors(b)
        rest: Any = b_rest if a_rest is None else a_rest if b_rest is None else self._product(a_rest, b_rest)
        divided = by_n + by_n_too
        if divided and rest is self.count:
            rest, divided = None, divided - 1
        return self._scaled(x * y, by * by_too, divided, rest)

    def _product(self, a: Array, b: Array) -> Any:
        """a * b; for arrays a quotient, if one of them is a reciprocal, 1 / y, or entries of one."""
        for x, y in ((a, b), (b, a)) if a.shape or b.shape else ():
            whole = x.operands[0] if x.head is PICK else x
            if isinstance(whole, Array) and whole.head is ops.div and not whole.kept:
                numerator, under = whole.operands
                if not isinstance(numerator, Array) and numerator == 1.0:
                    return self.elementwise(ops.div, (y, under if whole is x else self.pick(under, x.data)))
        return self.elementwise(ops.mul, (a, b))

    def quotient(self, a: Code, b: Code) -> Code:
        """a / b, with one number in front as in `times`."""
        number, by, by_n, rest = self.factors(a)
        if isinstance(b, Array):
            return self._scaled(number, by, by_n, self.elementwise(ops.div, (1.0 if rest is None else rest, b)))
        if b == 0.0 or not math.isfinite(b):
            return self.times(a, ops.div(1.0, b))
        return self._scaled(number, by * b, by_n, rest)

    def factors(self, x: Code) -> tuple[float, float, int, Array | None]:
        """The parts of x = number * rest / by / count**by_n, in the order of `_scaled`; the rest is None if it is 1."""
        number, by, by_n = 1.0, 1.0, 0
        while isinstance(x, Array) and not x.kept:
            first, second = (*x.operands, None, None)[:2]
            if x.head is ops.neg:
                number, x = -number, first
            elif x.head is ops.div and isinstance(second, Array) and second.head is COUNT:
                by_n, x = by_n + 1, first
            elif x.head is ops.div and isinstance(second, float) and math.isfinite(second) and second:
                by, x = by * second, first
            elif x.head is ops.mul and isinstance(first, float):
                number, x = number * first, second
            elif x.head is ops.mul and self._is_scale(first):
                inner, inner_by, inner_by_n, _ = self.factors(first)
                number, by, by_n, x = number * inner, by * inner_by, by_n + inner_by_n, second
            else:
                break
        return (number, by, by_n, x) if isinstance(x, Array) else (number * x, by, by_n, None)

    def _is_scale(self, x: Any) -> bool:
        return isinstance(x, Array) and x.head is ops.div and not x.trained and self.factors(x)[3] is None

    def _scaled(self, number: float, by: float, by_n: int, rest: Any) -> Code:
        """number * rest / by / count**by_n, in as few operations as possible: the reverse of `factors`."""
        if by != 1.0 and number not in (0.0, 1.0) and (number / by) * by == number and (by / number) * number == by:
            number, by = (
                (number / by, 1.0) if abs(number) >= abs(by) else (math.copysign(1.0, number / by), abs(by / number))
            )
        if by == 0.5:
            number, by = number * 2.0, 1.0
        if by_n == 0 and by == 1.0:
            if rest is None or number == 1.0:
                return number if rest is None else rest
            return self.elementwise(ops.neg, (rest,)) if number == -1.0 else self.elementwise(ops.mul, (number, rest))
        if rest is not None and number == -1.0:
            rest, number = self.elementwise(ops.neg, (rest,)), 1.0
        made: Code = number if rest is None or number != 1.0 else rest
        if by != 1.0:
            made = self.elementwise(ops.div, (made, by)) if isinstance(made, Array) else made / by
        for _ in range(by_n):
            made = self.elementwise(ops.div, (made, self.count))
        return made if rest is None or number == 1.0 else self.elementwise(ops.mul, (made, rest))

    def _rescaled(self, number: float, by: float, by_n: int, x: Code) -> Code:
        own, own_by, own_by_n, rest = self.factors(x)
        return self._scaled(number * own, by * own_by, by_n + own_by_n, rest)

    def total(self, terms: Sequence[Code]) -> Code:
        """The sum of the terms as they are, without zeros."""
        terms = [x for x in terms if isinstance(x, Array) or x != 0.0]
        return self.elementwise(SUM, terms) if len(terms) > 1 else terms[0] if terms else 0.0

    def added(self, terms: Sequence[Code]) -> Code:
        """The sum of the terms, with equal ones added up: 2x + x is 3x."""
        parts = [self.factors(term) for term in terms]
        common = (parts[0][1], parts[0][2])
        shared = len(terms) > 1 and common != (1.0, 0) and all((by, n) == common for _, by, n, _ in parts)
        gathered: dict[Any, list[Any]] = {}
        for number, by, by_n, rest in parts:
            if not shared and (by, by_n) != (1.0, 0):
                scaled = self._scaled(abs(number), by, by_n, rest)
                number, rest = (
                    (math.copysign(1.0, number), scaled)
                    if isinstance(scaled, Array)
                    else (math.copysign(1.0, number) * scaled, None)
                )
            key = None if rest is None else rest.number
            gathered.setdefault(key, [0.0, rest])[0] += number
        plus: list[Code] = []
        minus: list[Code] = []
        for number, rest in gathered.values():
            if rest is None:
                if number != 0.0 or len(gathered) == 1:
                    (minus if number < 0.0 else plus).append(abs(number))
            else:
                (minus if number < 0.0 else plus).append(self.times(abs(number), rest))
        if not plus:
            plus.append(self.times(-1.0, minus.pop(0)))
        total = plus[0] if len(plus) == 1 else self.elementwise(SUM, plus)
        for term in minus:
            total = self.elementwise(ops.sub, (total, term))
        return self.times(self._scaled(1.0, *common, None), total) if shared else total

    # --- along axes ---------------------------------------------------------------------------------------------------

    def reduce(self, x: Code, axes: Sequence[int], over_examples: bool = False) -> Code:
        """The sum over axes, and over the examples if `over_examples`."""
        axes = tuple(sorted(axes))
        if not axes and not over_examples:
            return x
        number, by, by_n, rest = self.factors(x)
        if isinstance(x, Array) and rest is not None and rest is not x:
            full = self.expand(rest, x.shape, x.batched)
            return self._rescaled(number, by, by_n, self.reduce(full, axes, over_examples))
        if not isinstance(x, Array):
            return self.times(self.count, x) if over_examples else x
        if x.head is EXPAND:
            return self._reduced_expansion(x, axes, over_examples)
        if x.head is REDUCE and not over_examples:
            (source,), (inner, over_too) = x.operands, x.data
            left = [axis for axis in range(len(source.shape)) if axis not in inner]
            return self.reduce(source, [*inner, *[left[axis] for axis in axes]], over_too)
        if (product := self._as_contraction(x, axes, over_examples)) is not None:
            return product
        if x.head is CONTRACT and not x.kept and not over_examples:
            ((left_letters, right, out), over_too), (a, b) = x.data, x.operands
            gone = [out[axis] for axis in axes]
            if all(i in left_letters and i in right for i in gone):
                return self.contract(a, b, (left_letters, right, "".join([i for i in out if i not in gone])), over_too)
        if (
            over_examples
            and x.batched
            and x.head is PICK
            and x.size == 1
            and len(axes) == len(x.shape)
            and x.operands[0].size == 1
        ):
            (source,) = x.operands
            return self.reduce(source, range(len(source.shape)), over_examples)
        gone = [axis for axis in axes if x.shape[axis] == 1]
        if gone and not (over_examples and x.batched and len(axes) == len(x.shape)):
            kept = [extent for axis, extent in enumerate(x.shape) if axis not in gone]
            x = self.pick(x, np.arange(x.size).reshape(kept))
            return self.reduce(x, [a - sum(g < a for g in gone) for a in axes if a not in gone], over_examples)
        if over_examples and not x.batched:
            return self.times(self.count, self.reduce(x, axes))
        if x.head is PICK and len(axes) == len(x.shape) and x.data.ndim > 0:
            sorted_ = self.pick(x.operands[0], np.sort(x.data, axis=None))
            assert isinstance(sorted_, Array)  # not a number, because a PICK is never made from a constant
            x, axes = sorted_, (0,) if sorted_.head is PICK else tuple(range(len(sorted_.shape)))
        shape = tuple([extent for axis, extent in enumerate(x.shape) if axis not in axes])
        return self.node(REDUCE, (x,), (axes, over_examples), shape, x.batched and not over_examples)

    def _as_contraction(self, x: Array, axes: tuple[int, ...], over_examples: bool) -> Code | None:
        """The sum over axes of a * b as one CONTRACT; None unless each factor has an axis that the other lacks."""
        if x.head is not ops.mul or x.kept or over_examples or not all(isinstance(y, Array) for y in x.operands):
            return None
        a, b = x.operands
        if len(a.shape) != len(b.shape):
            return None
        left, right = ("".join([chr(97 + k) for k, extent in enumerate(y.shape) if extent > 1]) for y in (a, b))
        gone = [chr(97 + axis) for axis in axes]
        if not all(i in left and i in right for i in gone) or not (set(left) - set(right) and set(right) - set(left)):
            return None
        out = "".join([chr(97 + k) for k, extent in enumerate(x.shape) if extent > 1 and k not in axes])
        one, other = (self.reshape(y, tuple([extent for extent in y.shape if extent > 1])) for y in (a, b))
        assert isinstance(one, Array) and isinstance(other, Array)
        made = self.contract(one, other, (left, right, out))
        return self.reshape(made, tuple([extent for axis, extent in enumerate(x.shape) if axis not in axes]))

    def _reduced_expansion(self, x: Array, axes: tuple[int, ...], over_examples: bool) -> Code:
        """The sum of an EXPAND: along an axis of repetition it is the operand times the number of repetitions."""
        (inner,) = x.operands
        if not isinstance(inner, Array):
            times = inner * math.prod([x.shape[axis] for axis in axes])
            shape = tuple([extent for axis, extent in enumerate(x.shape) if axis not in axes])
            return self.expand(
                self.times(times, self.count) if over_examples else times, shape, x.batched and not over_examples
            )
        if inner.shape != x.shape and not inner.shape:
            inner = self.pick(inner, np.zeros((1,) * len(x.shape), int))
        repeated = [axis for axis in axes if inner.shape[axis] == 1 and x.shape[axis] > 1]
        scale: Code = float(math.prod([x.shape[axis] for axis in repeated]))
        batched = x.batched and not over_examples
        if over_examples and not inner.batched:
            scale, over_examples = self.times(scale, self.count), False
        summed = self.reduce(inner, axes, over_examples)
        shape = tuple([extent for axis, extent in enumerate(x.shape) if axis not in axes])
        return self.times(scale, self.expand(summed, shape, batched))

    def along(self, head: Op, x: Array, axis: int) -> Array:
        """LARGEST, or an operation on sequences, which removes the axis; or OTHERS, which keeps it."""
        shape = x.shape if head is OTHERS else (*x.shape[:axis], *x.shape[axis + 1 :])
        return self.node(head, (x,), axis, shape, x.batched)

    def flow_contracted(self, a: Array, b: Array, spec: tuple[str, str, str], over_examples: bool = False) -> Code:
        """`contract` for the backward pass: 0 if a factor is a constant of zeros only, through which nothing flows."""
        if any(x.head is CONSTANT and not x.data.any() for x in (a, b)):
            return 0.0
        return self.contract(a, b, spec, over_examples)

    def contract(self, a: Array, b: Array, spec: tuple[str, str, str], over_examples: bool = False) -> Code:
        """Sums of products, ``einsum("ij,jk->ik")`` with ``("ij", "jk", "ik")``."""
        left, right, out = spec
        if not over_examples and all(i in out for i in left + right):
            return self.elementwise(ops.mul, (self._lifted(a, left, out), self._lifted(b, right, out)))
        extents = dict(zip(left + right, (*a.shape, *b.shape)))
        batched = (a.batched or b.batched) and not over_examples
        return self.node(CONTRACT, (a, b), (spec, over_examples), tuple([extents[i] for i in out]), batched)

    def _lifted(self, x: Array, letters: str, out: str) -> Code:
        """x with its axes in the order of `out`, and an axis of extent 1 for each letter that it does not have."""
        axes = [letters.index(i) for i in out if i in letters]
        index = np.arange(x.size).reshape(x.shape).transpose(axes)
        if not letters:
            return x
        return self.pick(x, index.reshape([x.shape[letters.index(i)] if i in letters else 1 for i in out]))

    # --- moving -------------------------------------------------------------------------------------------------------

    def pick(self, x: Code, index: Index) -> Code:
        """The entries at these positions in the flattened array, in the shape of the index."""
        index = np.asarray(index)  # NumPy's arithmetic turns an array of rank 0 into a number
        if not isinstance(x, Array):
            return x
        if x.head is CONSTANT:
            return self.constant(x.data.ravel()[index])
        if x.head is PICK:
            return self.pick(x.operands[0], x.data.ravel()[index])
        if index.shape == x.shape and in_order(index, x.size):
            return x
        if x.head is CONTRACT and not x.kept and sorted(index.shape) == sorted(x.shape) and 1 not in x.shape:
            for axes in permutations(range(len(x.shape))):
                if np.array_equal(index, np.arange(x.size).reshape(x.shape).transpose(axes)):
                    ((left, right, out), over_examples), (a, b) = x.data, x.operands
                    return self.contract(a, b, (left, right, "".join([out[i] for i in axes])), over_examples)
        if x.head is REDUCE and x.size == 1 and index.shape == ():
            (source,) = x.operands
            return self.reduce(source, range(len(source.shape)), x.data[1])
        if self._is_multiple(x):  # then the pick may merge with what is inside
            return self.elementwise(x.head, [self.pick(y, index) if _is_of_shape(y, x) else y for y in x.operands])
        if x.head is EXPAND:
            (inner,) = x.operands
            if isinstance(inner, Array) and inner.shape:
                where = np.broadcast_to(np.arange(inner.size).reshape(inner.shape), x.shape).ravel()
                inner = self.pick(inner, where[index])
            return self.expand(inner, index.shape, x.batched)
        return self.node(PICK, (x,), index, index.shape, x.batched)

    def _is_multiple(self, x: Array) -> bool:
        """Whether x is a PICK, REDUCE or CONTRACT, only negated, multiplied or divided with numbers."""
        scales = [y for y in x.operands if not _is_of_shape(y, x)]
        if x.kept or x.head not in (ops.neg, ops.mul, ops.div) or len(x.operands) != len(scales) + 1:
            return False
        (base,) = [y for y in x.operands if _is_of_shape(y, x)]
        if not all(not isinstance(y, Array) or y.head is COUNT for y in scales):
            return False
        return base.head in (PICK, REDUCE, CONTRACT) or self._is_multiple(base)

    def alias(self, x: Array) -> Array:
        """x once more, as a node that can have a name of its own."""
        return self.node(SUM, (x,), None, x.shape, x.batched)

    def reshape(self, x: Code, shape: Shape) -> Code:
        return self.pick(x, np.arange(math.prod(shape)).reshape(shape))

    def expand(self, x: Code, shape: Shape, batched: bool) -> Code:
        """x, repeated to this shape, and for every example if `batched`."""
        if not isinstance(x, Array) and not shape and not batched:
            return x
        if isinstance(x, Array) and x.shape == shape and x.batched == batched:
            return x
        if isinstance(x, Array) and x.head is EXPAND:
            x = x.operands[0]
        return self.node(EXPAND, (x,), None, shape, batched)

    def full(self, x: Code, like: Code) -> Code:
        """x as an array of the shape of `like`, if it is a number in the place of that array."""
        if isinstance(x, Array) or not isinstance(like, Array):
            return x
        if like.batched:
            return self.expand(x, like.shape, True)
        return self.leaf(CONSTANT, np.full(like.shape, x), like.shape)

    def join(self, operands: Sequence[Array], axis: int) -> Array:
        """The operands one after the other, along an axis."""
        if len(operands) == 1:
            return operands[0]
        first = operands[0]
        shape = (*first.shape[:axis], sum([x.shape[axis] for x in operands]), *first.shape[axis + 1 :])
        return self.node(JOIN, tuple(operands), axis, shape, first.batched)

    def flat(self, operands: Sequence[Code], sizes: Sequence[int]) -> Array:
        """All entries of all operands, in one row."""
        return self.node(JOIN, tuple(operands), None, (sum(sizes),), False)

    def accumulate(self, terms: Sequence[tuple[Code, Index | None]], shape: Shape, batched: bool) -> Code:
        """Zeros, to which each term is added at its positions; None stands for all positions in order."""
        whole = [x for x, index in terms if index is None]
        parts: dict[Any, tuple[Index, list[Code]]] = {}
        for x, index in terms:
            if index is not None:
                x, index = self._with_sorted_axes(x, np.asarray(index))
                parts.setdefault(index_key(index), (index, []))[1].append(x)
        size = math.prod(shape)
        placed: list[tuple[Code, Index]] = []
        for index, xs in parts.values():
            x = self.added(xs)
            if index.size == size and len(np.unique(index)) == size:
                if is_uniform(x):
                    whole.append(x)
                    continue
                back = np.empty(size, int)
                back[index.ravel()] = np.arange(size)
                whole.append(self.pick(self.expand(x, index.shape, batched), back.reshape(shape)))
            else:
                placed.append((x, index))
        if not placed:
            return self.added(whole)
        if not whole and (joined := self._as_join(placed, shape, batched)) is not None:
            return joined
        operands: list[Code] = [self.expand(self.added(whole), shape, batched)] if whole else []
        data = (*[None] * len(operands), *[index for _, index in placed])
        operands += [x for x, _ in placed]
        return self.node(ACCUMULATE, tuple(operands), data, shape, batched)

    def _with_sorted_axes(self, x: Code, index: Index) -> tuple[Code, Index]:
        """A term and its positions, transposed so that positions step farthest along the first axis."""
        first = np.zeros(index.ndim, dtype=int)
        steps = []
        for axis in range(index.ndim):
            after = first.copy()
            after[axis] = index.shape[axis] > 1
            steps.append(int(index[tuple(after)] - index[tuple(first)]) if index.size else 0)
        axes = sorted(range(index.ndim), key=lambda axis: -abs(steps[axis]))
        if axes == list(range(index.ndim)):
            return x, index
        if isinstance(x, Array) and x.shape:
            x = self.pick(x, np.arange(x.size).reshape(x.shape).transpose(axes))
        return x, index.transpose(axes)

    def _as_join(self, placed: list[tuple[Code, Index]], shape: Shape, batched: bool) -> Code | None:
        """The terms joined along an axis, if they are slices that make up the whole; otherwise None."""
        size = math.prod(shape)
        if sum([index.size for _, index in placed]) != size or len(placed) > 64:
            return None
        every = np.arange(size).reshape(shape)
        for axis in range(len(shape)):
            found, start = [], 0
            ranked = sorted(placed, key=lambda part: int(part[1].min()))
            for x, index in ranked:
                across = size // shape[axis]
                if index.size % across:
                    break
                width = index.size // across
                piece = every.take(range(start, start + width), axis) if start + width <= shape[axis] else None
                if piece is None or not np.array_equal(piece.ravel(), index.ravel()):
                    break
                full = self.expand(x, index.shape, batched)
                found.append(self.reshape(full, piece.shape))
                start += width
            else:
                if all(isinstance(x, Array) for x in found):
                    return self.join(found, axis)  # type: ignore[arg-type]
        return None

    def require(self, operands: Sequence[Code], message: str) -> Array:
        arrays = [x for x in operands if isinstance(x, Array)]
        return self.node(REQUIRE, tuple(operands), message, (), any(x.batched for x in arrays))

    def tell(self, operands: Sequence[Code], which: int) -> Array:
        return self.node(TELL, tuple(operands), which, (), False)


def index_key(data: Any) -> Any:
    if isinstance(data, np.ndarray):
        return (data.shape, data.dtype.str, data.tobytes())
    if isinstance(data, tuple):
        return tuple(map(index_key, data))
    return data


def _is_of_shape(y: Code, x: Array) -> bool:
    return isinstance(y, Array) and y.head is not COUNT and y.shape == x.shape


def is_uniform(x: Code) -> bool:
    """Whether x is the same number everywhere and for every example."""
    return not isinstance(x, Array) or (x.shape == () and not x.batched)


def in_order(index: Index, size: int) -> bool:
    """Whether an index has every position once, and in order."""
    return index.size == size and bool((index.ravel() == np.arange(size)).all())


def read(head: Op, rule: Any, operands: Sequence[Any]) -> Any:
    """The result of an operation's rule, called with arrays or symbols.

    Raises
    ------
    CompileError
        If it is written with functions that take numbers only.
    """
    try:
        return rule(*operands)
    except CompileError:
        raise
    except (TypeError, AttributeError, ValueError) as error:
        raise CompileError(
            f"the rule of {head.name!r} cannot be read with arrays ({error}); write it with operators and autograd's "
            "functions instead of those of math"
        ) from None


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape to which NumPy broadcasts arrays that are all of one rank, or of rank 0."""
    rank = max(map(len, shapes))
    if rank == 0:
        return ()
    return tuple(map(max, zip(*[shape for shape in shapes if shape])))
