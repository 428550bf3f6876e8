"""The program as text: the lines of its functions.

Every array gets a line of its own, or is written into the only line that needs it; a part of an array is written
wherever it is needed. The axis of examples is the last one, so that an example is a column and a layer is
``W @ X + b``; or the first one, if two factors of a product have it, as in attention, because NumPy expects the axes of
a stack of matrices in front. `products` writes sums of products, `module` what the functions share; a `Dialect` says
what differs between NumPy and other libraries.
"""

from __future__ import annotations

import numpy as np

from .. import ops
from ..symbols import (
    _CALL,
    _LOOSE,
    _POWER,
    _SIGN,
    _SUM,
)
from .arrays import (
    ACCUMULATE,
    ASIDES,
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
    SUM,
    TELL,
    Array,
    ArrayProgram,
    Role,
    in_order,
)
from .dialects import Target
from .module import SIGNS, Module, is_number_of, number, power
from .name import word_of
from .names import COUNT as N
from .names import Names
from .products import Product, transposition
from .scalars import CONSTANT, DETACH, INPUT
from .views import View, view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray


WIDEST = 96
"""The longest line, in characters, that may result when one array's text is written into another's."""

SEVERAL = 8
"""The most terms that one line of a long sum adds up."""


class Line:
    """One line of a function: its text, the comment at its end, and the array that it computes."""

    def __init__(self, text: str, comment: str = "", array: Array | None = None) -> None:
        self.text, self.comment, self.array = text, comment, array


# --- the body of a function -------------------------------------------------------------------------------------------


class Body:
    """The lines of one function.

    Parameters
    ----------
    module : Module
    program : ArrayProgram
    outputs : sequence of Array and float
        What is needed at the end.
    first : bool
        Whether the axis of examples is the first one, and not the last.
    row_inputs : set of int
        The slots of inputs that are arrays of one row.
    column_parts : set of str
        The names of parameter parts that are arrays of one column.
    known : dict, optional
        The texts of arrays that are computed elsewhere, by the arrays' numbers.
    enclosing : Body, optional
        The body of the function, if this is the body of a loop in it.
    """

    signs = SIGNS

    def __init__(
        self,
        module: Module,
        program: ArrayProgram,
        outputs: Sequence[Any],
        first: bool,
        row_inputs: frozenset[int] = frozenset(),
        column_parts: frozenset[str] = frozenset(),
        known: dict[int, str] | None = None,
        enclosing: Body | None = None,
    ) -> None:
        self.names: Names = enclosing.names if enclosing else Names(module.layout.names)
        self.gradients: set[str] = (
            enclosing.gradients if enclosing else set()
        )  # names such as dW, reserved together with W, that are in use
        self.suffixes: dict[Role, str] = enclosing.suffixes if enclosing else {}
        self.module, self.first, self.row_inputs, self.column_parts = module, first, row_inputs, column_parts
        self.dialect = module.dialect
        self.arrays = arrays = program.arrays(outputs)
        self.lines: list[Line] = []
        self.step = ""  # the name of the variable that counts the steps of a loop
        self.counts = False  # whether some line mentions the number of examples
        self._texts = {number: (text, _CALL) for number, text in (known or {}).items()}
        self._inlined: set[int] = set()  # arrays without a line, written into the line that needs them
        self._views: dict[int, View] = {}
        self._uses = self._count(outputs)
        asides = list(program.asides)
        for x in _scheduled(arrays):
            if x.head in ASIDES:
                continue
            if x.operands and x.number in self._uses and not self._is_free(x):
                self._write(x)
            while asides and all(y.number <= x.number for y in asides[0].operands if isinstance(y, Array)):
                self.lines.append(Line(self._aside(asides[0]), array=asides.pop(0)))

    # --- which lines there are ----------------------------------------------------------------------------------------

    def _count(self, outputs: Sequence[Any]) -> dict[int, int]:
        """How often each array's text is written; an array that is free to repeat repeats the texts of its operands."""
        uses: dict[int, int] = {}
        for x in outputs:
            if isinstance(x, Array):
                uses[x.number] = uses.get(x.number, 0) + 1
        for x in reversed(self.arrays):
            times = 1 if x.head in ASIDES or not self._is_free(x) else uses.get(x.number, 0)
            if times and (x.number in uses or x.head in ASIDES):
                for y in x.operands:
                    if isinstance(y, Array) and not (x.head is LOOP and _is_zero(y)):
                        # An extra use, so that the operands of a loop have lines of their own.
                        uses[y.number] = uses.get(y.number, 0) + times + (x.head is LOOP)
        return uses

    def _is_free(self, x: Array) -> bool:
        """Whether repeating an array's text wherever it is needed costs nothing."""
        if x.kept:
            return False
        if x.head is PICK:
            return self._view(x).gathered is None
        if x.head in (NUMBER, DETACH, OUTPUT):
            return True
        return x.elementwise and not x.trained and x.shape == () and x.builder.factors(x)[3] is None

    def _write(self, x: Array) -> None:
        """Give an array a line, or keep its text for the line that needs it."""
        if x.head is ACCUMULATE:
            self._accumulate(x)
            return
        if x.head is LOOP:
            self._loop(x)
            return
        if x.head is OUTPUT:
            return
        text, binding = self._text(x)
        if x.head is SUM and len(x.operands) > SEVERAL and len(text) > WIDEST:
            self._long_sum(x)
            return
        alone = x.kept or self._uses[x.number] > 1
        while len(text) + alone * (len(self._name(x)) + 3 if alone else 0) > WIDEST:
            inlined = [y for y in self._written_in(x) if y.number in self._inlined]
            if not inlined:
                break
            self._line(max(inlined, key=lambda y: len(self._texts[y.number][0])))
            text, binding = self._text(x)
        self._texts[x.number] = text, binding
        if alone:
            self._line(x)
        else:
            self._inlined.add(x.number)

    def _long_sum(self, x: Array) -> None:
        """Write a sum of many terms as several lines of readable length."""
        name, comment = self._name(x), self._comment(x)
        row: list[str] = []
        for term in self._broadcast(x, x.operands, [_SUM] * len(x.operands)):
            if len(row) == SEVERAL or (row and len(" + ".join([*row, term])) > WIDEST):
                self.lines.append(Line(f"{name} = {' + '.join(row)}", comment, x))
                row, comment = [name], ""
            row.append(term)
        self.lines.append(Line(f"{name} = {' + '.join(row)}", comment, x))
        self._refer_by_name(x)

    def _written_in(self, x: Array) -> list[Array]:
        """The arrays whose texts are part of the text of x."""
        found = []
        for y in x.operands:
            if isinstance(y, Array):
                found += self._written_in(y) if self._is_free(y) else [y]
        return found

    def _line(self, x: Array) -> None:
        text, _ = self._texts[x.number]
        name = self._name(x)
        self.lines.append(Line(f"{name} = {text}", self._comment(x), x))
        self._refer_by_name(x)

    def _refer_by_name(self, x: Array) -> None:
        self._inlined.discard(x.number)
        self._texts[x.number] = self._name(x), _CALL

    def has_line(self, x: Array) -> bool:
        """Whether an array has a line of its own, and so a name."""
        return x.number in self._texts and x.number not in self._inlined

    def _name(self, x: Array) -> str:
        if not x.name:
            if x.gradient_of is not None:
                part = x.gradient_of.head is PICK
                of = x.gradient_of.operands[0] if part else x.gradient_of
                assert isinstance(of, Array)
                own = f"d{self._name(of)}"
                x.name = self.names.counted(own) if part or own in self.gradients else own
                self.gradients.add(own)
            elif x.role is not None:
                x.name = self._role_name(x.role)
            else:
                x.name = self.names.counted(word_of(x))
        return x.name

    def _role_name(self, role: Role) -> str:
        """The name for a role: with the number of the array that it follows, of its layer, or the next free number."""
        if role.follows is not None and role.follows in self.suffixes:
            return self.names.new(role.word, self.suffixes[role.follows])
        name = self.names.new(role.word, role.layer)
        if role.word == "Z" and not role.layer:
            name = self.names.counted("Z") if name == "Z" else name
        self.suffixes[role] = name.removeprefix(role.word)
        return name

    def _comment(self, x: Array) -> str:
        return self.shape(x.shape, x.batched) if x.gradient_of is None and (x.shape or x.batched) else ""

    # --- axes ---------------------------------------------------------------------------------------------------------

    def shape(self, shape: Sequence[int], batched: bool) -> str:
        """The text of a shape, with the number of examples if there is an axis of examples."""
        parts = self._with_count(list(map(str, shape)), batched, N)
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"

    def _with_count(self, parts: list[str], batched: bool, count: str) -> list[str]:
        if not batched:
            return parts
        return [count, *parts] if self.first else [*parts, count]

    def _axis(self, x: Array, axis: int) -> int:
        """The number that NumPy gives to an axis."""
        return axis + (self.first and x.batched)

    def _examples(self, x: Array) -> int:
        return 0 if self.first else len(x.shape)

    # --- texts --------------------------------------------------------------------------------------------------------

    def text(self, x: Any, within: int = _LOOSE) -> str:
        """The text of x with all its axes, in parentheses if it binds less tightly than its surroundings."""
        text, binding = self._bound(x)
        return text if binding >= within else f"({text})"

    def _bound(self, x: Any) -> tuple[str, int]:
        if not isinstance(x, Array):
            return number(self.module, x), _SIGN if x < 0 else _CALL
        if x.number in self._texts:
            return self._texts[x.number]
        if x.head in (INPUT, PART):
            if self.is_column(x):
                return f"{x.name}[:, 0]", _CALL
            return (f"{x.name}[0]" if self.is_row(x) else x.name), _CALL
        if x.head is CONSTANT:
            return self.module.constant(x.data, "M" if x.data.dtype == bool else "C"), _CALL
        if x.head is COUNT:
            self.counts = True
            return N, _CALL
        return self._text(x)

    def _text(self, x: Array) -> tuple[str, int]:
        head, data = x.head, x.data
        if head is PICK:
            return self._part(x), _CALL
        if head is CONTRACT:
            return self._product(x)
        if head is REDUCE:
            axes, over_examples = data
            return f"{self.text(x.operands[0], _CALL)}{self._sum(x.operands[0], axes, over_examples)}", _CALL
        if head is LARGEST:
            operand = x.operands[0]
            return (
                f"{self.module.help('finite')}({self.text(operand, _CALL)}.max(axis={self._axis(operand, data)}))",
                _CALL,
            )
        if head is ops.prod:
            operand = x.operands[0]
            return f"{self.text(operand, _CALL)}.prod(axis={self._axis(operand, data)})", _CALL
        if head is OTHERS:
            operand = x.operands[0]
            return f"{self.module.help('products_of_others')}({self.text(operand)}, {self._axis(operand, data)})", _CALL
        if head is EXPAND:
            return self._expanded(x), _CALL
        if head is JOIN:
            return self._joined(x), _CALL
        if head is NUMBER:
            return f"{self.module.use('where')}({self.text(x.operands[0])}, 1.0, 0.0)", _CALL
        return self._operation(x)

    def _sum(self, operand: Array, axes: Sequence[int], over_examples: bool) -> str:
        numbers = sorted([*[self._axis(operand, axis) for axis in axes], *[self._examples(operand)] * over_examples])
        if len(numbers) == len(operand.shape) + operand.batched:
            return ".sum()"
        return f".sum(axis={numbers[0] if len(numbers) == 1 else tuple(numbers)})"

    def _expanded(self, x: Array) -> str:
        operand = x.operands[0]
        shape = self.shape(x.shape, x.batched)
        self.counts = self.counts or x.batched
        if operand == 0.0:
            return f"{self.module.use('zeros')}({shape})"
        text = self._aligned(operand, len(x.shape), x.batched)[0] if isinstance(operand, Array) else self.text(operand)
        return f"{self.module.use('broadcast_to')}({text}, {shape})"

    def _joined(self, x: Array) -> str:
        texts = ", ".join(map(self.text, x.operands))
        self.module.use("concatenate")
        if x.data is None:
            return f"concatenate(({texts}{',' * (len(x.operands) == 1)}), axis=None)"
        axis = self._axis(x, x.data)
        return f"concatenate(({texts}){f', axis={axis}' * bool(axis)})"

    def _aside(self, x: Array) -> str:
        if x.head is TELL:
            return f"{self.module.help('tell')}({', '.join([repr(x.data), *map(self.text, x.operands)])})"
        condition, *values = x.operands
        rank = max([len(y.shape) for y in x.operands if isinstance(y, Array)])
        parts = [self._aligned(y, rank, x.batched)[0] for y in (condition, *values)]
        self.module.help("require")
        tail = ", axis=None" if not x.batched else ", axis=0" if self.first and rank else ""
        return f"require({', '.join([parts[0], repr(x.data), *parts[1:]])}{tail})"

    # --- elementwise --------------------------------------------------------------------------------------------------

    def _operation(self, x: Array) -> tuple[str, int]:
        head, operands = x.head, list(x.operands)
        if head is DETACH or (head is SUM and len(operands) == 1):
            return self._bound(operands[0])
        if head in (ops.mul, ops.sub) and is_number_of(operands[0]) != is_number_of(operands[1]):
            operands = [y.operands[0] if is_number_of(y) else y for y in operands]
        if head is SUM:
            name, precedences = "add", [_SUM] * len(operands)
        else:
            name = head.name
            precedences = (
                list(self.signs[name][2:]) if name in self.signs and head is not ops.pow else [_LOOSE] * len(operands)
            )
        exponent = head.exponent if isinstance(head, ops.Power) else 2.0 if head is ops.square else None
        if head is ops.pow:
            exponent = operands[1]
        if isinstance(exponent, Array):
            exponent = None
        if head is ops.pow or exponent is not None:
            precedences = [_LOOSE, _LOOSE] if exponent == 0.5 else [_CALL, _SIGN]
        texts = self._broadcast(x, operands, precedences)
        if head is SUM:
            return " + ".join(texts), _SUM
        if head is ops.relu:
            return f"{self.module.use('maximum')}({texts[0]}, 0.0)", _CALL
        if exponent is not None:
            if exponent == 0.5:
                return f"{self.module.help('half_power')}({texts[0]})", _CALL
            return f"{texts[0]} ** {power(self.module, exponent)}", _POWER
        if name in self.signs:
            return self.signs[name][0].format(*texts), self.signs[name][1]
        return f"{self.module.function_name(head)}({', '.join(texts)})", _CALL

    def _broadcast(self, x: Array, operands: Sequence[Any], precedences: Sequence[int]) -> list[str]:
        """The operands' texts, with the axes that NumPy needs to broadcast them to the shape of x."""
        rank, batched = len(x.shape), x.batched
        found = [self._aligned(y, rank, batched, within) for y, within in zip(operands, precedences)]
        have = max([depth for _, depth in found], default=0)
        need = rank + batched
        if have < need:  # no text has the leading axes, all of extent 1: so one operand gets them
            for i, y in enumerate(operands):
                if isinstance(y, Array) and len(y.shape) == rank:
                    found[i] = self._aligned(y, rank, batched, precedences[i], entire=True)
                    break
        return [text for text, _ in found]

    def _aligned(self, x: Any, rank: int, batched: bool, within: int = _LOOSE, entire: bool = False) -> tuple[str, int]:
        """An operand's text beside operands of the given rank; and how many axes that text has.

        Leading axes of extent 1 are left to broadcasting, unless the text is to be `entire`.
        """
        if not isinstance(x, Array):
            return self.text(x, within), 0
        own = len(x.shape)
        if self.is_column(x) and own == 1 and rank == 1 and batched and not self.first:
            return x.name, 2
        free = x.head is PICK and x.number not in self._texts
        source = x.operands[0] if free else x
        if free:
            assert isinstance(source, Array)
            kept = [axis for axis, extent in enumerate(x.shape) if extent > 1]
            if x.shape == source.shape:
                kept = list(range(own))
            core = [x.shape[axis] for axis in kept]
            if self._is_whole_column(source, x, kept) and rank == 2 and kept == [0] and not batched:
                return source.name, 2
            if self.is_row(source) and x.shape == (1,) and rank == 1 and batched:
                return source.name, 2
            text = self._picked(source, x.data.reshape(core), x.batched)
            binding = _CALL
        else:
            text, binding = self._bound(x)
            kept = list(range(own))
        if own == 0:
            if x.batched and self.first and rank:
                return f"{_grouped(text, binding, _CALL)}[{', '.join([':', *['None'] * rank])}]", rank + 1
            return _grouped(text, binding, within), int(x.batched)
        marks = [":" if axis in kept else "None" for axis in range(own)]
        if self.first:
            marks = [":", *marks] if x.batched else marks
        elif batched:
            marks.append(":" if x.batched else "None")
        if not entire:
            while marks and marks[0] == "None":
                marks.pop(0)
        depth = len(marks)
        if "None" in marks:
            while marks[-1] == ":":
                marks.pop()
            return f"{_grouped(text, binding, _CALL)}[{', '.join(marks)}]", depth
        return _grouped(text, binding, within), depth

    def is_row(self, x: Any) -> bool:
        return isinstance(x, Array) and x.head is INPUT and x.data in self.row_inputs

    def is_column(self, x: Any) -> bool:
        return isinstance(x, Array) and x.head is PART and x.data is not None and x.data.name in self.column_parts

    def _is_whole_column(self, source: Any, x: Array, kept: Sequence[int]) -> bool:
        return self.is_column(source) and in_order(x.data, source.size) and list(kept) == [0]

    # --- parts --------------------------------------------------------------------------------------------------------

    def _view(self, x: Array) -> View:
        if x.number not in self._views:
            source = x.operands[0]
            assert isinstance(source, Array)
            core = x.data.reshape([extent for extent in x.shape if extent > 1])
            self._views[x.number] = view(source.shape, core)
        return self._views[x.number]

    def _part(self, x: Array) -> str:
        """The text of a part of an array, with all its axes."""
        source = x.operands[0]
        assert isinstance(source, Array)
        core = [extent for extent in x.shape if extent > 1]
        if len(core) == len(x.shape) or view(source.shape, x.data).cost == 0:
            return self._picked(source, x.data, x.batched)
        marks = [":" if extent > 1 else "None" for extent in x.shape]
        marks = self._with_count(marks, x.batched, ":")
        while marks[-1] == ":":
            marks.pop()
        if self.is_row(source) and x.shape == (1,):
            return source.name
        if self._is_whole_column(source, x, [0]) and x.shape[1:] == (1,):
            return source.name
        return f"{self._picked(source, x.data.reshape(core), x.batched)}[{', '.join(marks)}]"

    def _picked(self, source: Array, index: NDArray[Any], batched: bool) -> str:
        """The text of the entries of an array at the positions `index`."""
        part = view(source.shape, index)
        text = self.text(source, _CALL) + self.selection(part, batched) + self.permutation(part.axes, batched)
        if part.merged is not None:
            text += f".reshape({', '.join(self._with_count(list(map(str, part.merged)), batched, '-1'))})"
        return text

    def selection(self, part: View, batched: bool) -> str:
        """The text behind an array's name that picks a part: a reshape and an index, without the transposition."""
        extents, index = self._reshaping(part, batched), self._index(part, batched)
        return f".reshape({extents})" * bool(extents) + f"[{', '.join(index)}]" * bool(index)

    def _reshaping(self, part: View, batched: bool) -> str:
        """The shape to which an array is reshaped before a part of it is selected; empty if it is not."""
        if part.reshaped is None:
            return ""
        return ", ".join(self._with_count(list(map(str, part.reshaped)), batched, "-1")) or "()"

    def _index(self, part: View, batched: bool) -> list[str]:
        """The items in the brackets that select a part, axis by axis."""
        if part.gathered is not None:
            marks = [self.module.constant(part.gathered, "I")]
        else:
            marks = list(map(_mark, part.selection))
        return [":", *marks] if self.first and batched and marks else marks

    def permutation(self, axes: Sequence[int], batched: bool) -> str:
        """The text that permutes axes."""
        axes = list(axes)
        if axes == list(range(len(axes))):
            return ""
        if batched:
            axes = [0, *[axis + 1 for axis in axes]] if self.first else [*axes, len(axes)]
        return transposition(axes)

    # --- sums of products ---------------------------------------------------------------------------------------------

    def _product(self, x: Array) -> tuple[str, int]:
        a, b = x.operands
        (left, right, out), _ = x.data
        assert isinstance(a, Array) and isinstance(b, Array)
        spec = [self.lettered(letters, y) for letters, y in ((left, a), (right, b), (out, x))]
        extents: dict[str, int | None] = {"n": None}
        extents.update(zip(left + right, (*a.shape, *b.shape)))
        return Product(self, a, b, extents).text(*spec)

    def lettered(self, letters: str, x: Array) -> str:
        return "".join(self._with_count(list(letters), x.batched, "n"))

    # --- statements ---------------------------------------------------------------------------------------------------

    def _accumulate(self, x: Array) -> None:
        """Write the lines that make an array and add the terms to its parts, one after the other."""
        name = self._name(x)
        terms = list(zip(x.operands, x.data))
        if terms[0][1] is None:
            start, _ = terms.pop(0)
            fresh = isinstance(start, Array) and start.number in self._inlined and start.head is not EXPAND
            # A computed array may not be contiguous; its reshape is then a copy, and adding to the copy has no effect.
            if fresh and all(view(x.shape, _squeezed(index)).reshaped is None for _, index in terms):
                self.lines.append(Line(f"{name} = {self.text(start)}", array=x))
            else:
                if isinstance(start, Array) and start.head is EXPAND:
                    self._inlined.discard(start.number)
                    (start,) = start.operands
                self.lines.append(Line(f"{name} = {self._zeros(x)}", array=x))
                self.lines.append(Line(f"{name} += {self._aligned(start, len(x.shape), x.batched)[0]}", array=x))
        else:
            self.lines.append(Line(f"{name} = {self._zeros(x)}", array=x))
        for code, index in terms:
            self._add(x, name, code, index)
        self._refer_by_name(x)

    def _loop(self, x: Array) -> None:
        """Write a loop: arrays that keep a value of every step are allocated before it, and filled step by step."""
        loop = x.data
        initial_values = x.operands[loop.read_count :]
        outputs = {y.data: y for y in self.arrays if y.head is OUTPUT and y.operands[0] is x}
        kept = {i: y for i, y in outputs.items() if i < len(loop.kept)}
        self.step = step = self.step or self.names.new("t")
        known: dict[int, str] = {}
        for leaf in loop.builder.arrays:
            if leaf.head in (ITEM, OUTER):
                y = x.operands[leaf.data]
                if leaf.head is ITEM and (place := _start_on_first_axis(y)) is not None:
                    known[leaf.number] = self._entry(y.operands[0], f"{step} + {place}" if place else step)
                    continue
                if self._is_free(y) and y.operands and y.head is not OUTPUT:
                    self._texts[y.number] = self._text(y)
                    self._line(y)
                known[leaf.number] = self._entry(y, step) if leaf.head is ITEM else self.text(y)
        for i, y in kept.items():
            self.counts = self.counts or y.batched
            made = f"{self.module.use('empty')}({self.shape(y.shape, y.batched)})"
            self.lines.append(Line(f"{self._name(y)} = {made}", self._comment(y), y))
            self._refer_by_name(y)
            if loop.carried_as[i] is not None and _is_zero(initial_values[loop.carried_as[i]]):
                self.lines.append(Line(self.dialect.assigned(self._target(y, "0"), "0.0"), array=y))
            elif loop.carried_as[i] is not None:
                first = self._aligned(initial_values[loop.carried_as[i]], len(y.shape) - 1, y.batched)[0]
                self.lines.append(Line(self.dialect.assigned(self._target(y, "0"), first), array=y))
        carried_stacks = {loop.carried_as[i]: y for i, y in kept.items() if loop.carried_as[i] is not None}
        carried_names: dict[int, str] = {}  # by index in `carried`: the variable for a value that is not kept
        for leaf in loop.builder.arrays:
            if leaf.head is CARRY and leaf.data in carried_stacks:
                known[leaf.number] = self._entry(carried_stacks[leaf.data], step)
            elif leaf.head is CARRY:
                value = loop.carried[leaf.data]
                carried_names[leaf.data] = known[leaf.number] = (
                    self._role_name(value.role) if value.role else self.names.counted(word_of(value))
                )
                first = self._initial_value(initial_values[leaf.data], leaf)
                self.lines.append(Line(f"{carried_names[leaf.data]} = {first}", array=value))
        for i, y in outputs.items():
            if i not in kept:
                value = loop.last[i - len(loop.kept)]
                carries = [name for c, name in carried_names.items() if loop.carried[c] is value]
                value.kept = value.kept or not carries
                y.name = carries[0] if carries else self._name(value)
                if self.dialect.whole_starts and not carries:
                    self.lines.append(Line(f"{y.name} = {self._zeros(y)}", array=y))
                self._refer_by_name(y)
        wanted = [*[loop.carried[c] for c in carried_names], *[loop.kept[i] for i in kept]]
        wanted += [x for x in loop.last if not any(x is y for y in wanted)]
        program = loop.program()
        program.outputs = wanted
        inner = Body(self.module, program, wanted, self.first, self.row_inputs, self.column_parts, known, self)
        self.counts = self.counts or inner.counts
        for i, y in kept.items():
            target = self._target(y, step if loop.carried_as[i] is None else f"{step} + 1")
            inner.lines.append(Line(self.dialect.assigned(target, inner.text(loop.kept[i])), array=loop.kept[i]))
        if carried_names:  # all at once, because each may need the others' old values
            texts = [inner.text(loop.carried[c]) for c in carried_names]
            first = loop.carried[next(iter(carried_names))]
            inner.lines.append(Line(f"{', '.join(carried_names.values())} = {', '.join(texts)}", array=first))
        names = [*map(self._name, kept.values()), *carried_names.values(), *map(self._name, outputs.values())]
        before, after = self.dialect.loop(step, loop.count, list(dict.fromkeys(names)), self.module.use)
        self.lines += map(Line, before)
        self.lines += [Line(f"    {line.text}", line.comment, line.array) for line in inner.lines]
        self.lines += map(Line, after)

    def _initial_value(self, x: Any, leaf: Array) -> str:
        """The text of the initial value of an array that each step hands to the next."""
        if not self.dialect.whole_starts:
            return self._aligned(x, len(leaf.shape), leaf.batched)[0]
        if isinstance(x, Array) and (x.shape, x.batched) == (leaf.shape, leaf.batched):
            return self.text(x)
        return self._expanded(leaf.builder.node(EXPAND, (x,), None, leaf.shape, leaf.batched))

    def _entry(self, x: Array, place: str) -> str:
        """The text that reads an entry along the first axis."""
        text = self.text(x, _CALL)
        return f"{text}[:, {place}]" if self.first and x.batched else f"{text}[{place}]"

    def _target(self, x: Array, place: str) -> Target:
        """The target for writing to an entry along the first axis."""
        return Target(self._name(x), [":", place] if self.first and x.batched else [place])

    def _zeros(self, x: Array) -> str:
        self.counts = self.counts or x.batched
        return f"{self.module.use('zeros')}({self.shape(x.shape, x.batched)})"

    def _add(self, x: Array, name: str, code: Any, index: NDArray[Any]) -> None:
        squeezed = _squeezed(index)
        part = view(x.shape, squeezed)
        if part.gathered is not None and len(np.unique(index)) < index.size:
            full = x.builder.expand(code, index.shape, x.batched)
            text = self.text(x.builder.reshape(full, squeezed.shape))
            target = Target(name, self._index(part, x.batched), self._reshaping(part, x.batched))
            self.lines.append(Line(self.dialect.added_repeatedly(target, text, self.module.use), array=x))
            return
        if isinstance(code, Array) and code.shape and code.shape != squeezed.shape:
            code = x.builder.reshape(code, tuple([e for e, i in zip(code.shape, index.shape) if i > 1]))
        if part.merged is not None and isinstance(code, Array) and code.shape:
            apart = tuple([part.shape[axis] for axis in part.axes])
            code = x.builder.reshape(x.builder.expand(code, squeezed.shape, x.batched), apart)
        if part.is_permuted and isinstance(code, Array) and code.shape:
            back = np.argsort(part.axes)
            code = x.builder.pick(code, np.arange(code.size).reshape(code.shape).transpose([int(i) for i in back]))
        rank = len(part.shape)
        text = self._aligned(code, rank, x.batched)[0]
        target = Target(name, self._index(part, x.batched), self._reshaping(part, x.batched))
        self.lines.append(Line(self.dialect.added(target, text), array=x))


def _start_on_first_axis(x: Array) -> int | None:
    """The position along its source's first axis at which x begins, if x is a run of consecutive entries."""
    source = x.operands[0] if x.head is PICK else None
    if not isinstance(source, Array) or not source.shape or source.shape[1:] != x.shape[1:] or not x.size:
        return None
    start, size = int(x.data.flat[0]), source.size // source.shape[0]
    return start // size if start % size == 0 and (x.data.ravel() == np.arange(start, start + x.size)).all() else None


def _is_zero(x: Any) -> bool:
    """Whether all entries are 0.0, and none of them -0.0."""
    if isinstance(x, Array) and x.head in (EXPAND, PICK):
        return _is_zero(x.operands[0])
    values = x.data if isinstance(x, Array) and x.head is CONSTANT else None if isinstance(x, Array) else np.array(x)
    return values is not None and not values.any() and not np.signbit(values).any()


def _squeezed(index: NDArray[Any]) -> NDArray[Any]:
    return index.reshape([extent for extent in index.shape if extent > 1])


def _scheduled(arrays: Sequence[Array]) -> list[Array]:
    """The arrays in the order of their lines: a parameter's gradient follows directly after its last operand."""
    keys: dict[int, tuple[int, int, int]] = {}
    for x in arrays:
        keys[x.number] = x.number, 0, 0
        if x.gradient_of is not None and x.gradient_of.head is PART and x.gradient_of.data is not None:
            soonest = max([keys[y.number][0] for y in x.operands if isinstance(y, Array)], default=0)
            keys[x.number] = soonest, 1, x.gradient_of.data.start
    return sorted(arrays, key=lambda x: keys[x.number])


def _grouped(text: str, binding: int, within: int) -> str:
    return text if binding >= within else f"({text})"


def _mark(item: int | slice) -> str:
    if isinstance(item, int):
        return str(item)
    begin, end = ("" if bound is None else str(bound) for bound in (item.start, item.stop))
    return f"{begin}:{end}" if item.step is None else f"{begin}:{end}:{item.step}"
