"""Looking into a compiled program: what every pass made of it, and which scalars a line of it came from.

A compiled program does not keep its stages. The first time that they are asked for, the function is recorded and
compiled once more, and the stages are kept from then on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .. import ops
from .arrays import EXPAND, LOOP, OUTPUT, PART, PICK, Array, ArrayProgram
from .pipeline import PIPELINE, Task, stages, write
from .scalars import CONSTANT, INPUT, PARAMETER, TOTAL, Scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from ..origins import Place

__all__ = ["Explanation", "Stage", "Stages"]

ENTRIES_SHOWN = 8
"""How many entries of an array are printed; `Explanation.entries` has them all."""

TERMS_SHOWN = 4
"""How many terms of a sum, or operands of an operation, are printed."""

_SIGNS = {ops.add: " + ", ops.sub: " - ", ops.mul: "*", ops.div: " / "}


# --- stages -----------------------------------------------------------------------------------------------------------


class Stage:
    """What a pass has made, to be printed; ``program.stages`` has one for each pass.

    Attributes
    ----------
    name : str
        The name of the pass.
    does : str
        What the pass does, in a few words.
    program : Scalars or ArrayProgram
        What it has made, of `step` if there is a gradient, or else of `outputs`.
    programs : dict
        What it has made of each function. Before the backward pass, both functions share one program.

    Examples
    --------
    >>> import autograd
    >>> w = autograd.Value(2.0, "w")
    >>> program = autograd.compile(lambda x: w * x, like=[0.0])
    >>> print(program.stages["record"])
    0 input 0
    1 parameter 0
    2 mul(1, 0)  <- output
    """

    def __init__(
        self,
        name: str,
        does: str,
        program: Scalars | ArrayProgram,
        programs: Mapping[str, Scalars | ArrayProgram],
        text: str = "",
    ) -> None:
        self.name, self.does, self._text = name, does, text
        self.program: Any = program
        self.programs: Mapping[str, Any] = programs

    @property
    def text(self) -> str:
        """The program, row by row, or line by line."""
        return self._text or str(self.program)

    @property
    def size(self) -> str:
        """How large it is."""
        if self._text:
            return f"{self._text.count(chr(10))} lines"
        if isinstance(self.program, Scalars):
            return f"{len(self.program)} scalars"
        return f"{len(self.program.arrays([*self.program.inputs, *self.program.outputs]))} arrays"

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


class Stages(Mapping[str, Stage]):
    """What every pass made, in order, by the name of the pass: ``program.stages``. Printing it lists the passes.

    Examples
    --------
    >>> import autograd
    >>> w = autograd.Value(2.0, "w")
    >>> program = autograd.compile(lambda x: w * x, like=[0.0])
    >>> list(program.stages)[:3]
    ['record', 'fold', 'sums']
    """

    def __init__(self, task: Task) -> None:
        does = {step.name: (step.does, step.only) for step in PIPELINE}
        does["record"] = ("what the function computes, one number at a time", "")
        self._found: dict[str, Stage] = {}
        programs: dict[str, Any] = {}
        for name, programs in stages(task):
            says, only = does[name]
            self._found[name] = Stage(name, says, programs[only or next(iter(programs))], programs)
        self.batched = task.batch and bool(task.inputs.slots)
        self.written = write(programs, task)
        last = next(iter(programs.values()))
        self._found["text"] = Stage("text", "the program as it is run", last, programs, self.written.source)

    def __getitem__(self, name: str) -> Stage:
        if name not in self._found:
            raise KeyError(f"there is no stage {name!r:.60} here, only {', '.join(self._found)}")
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __str__(self) -> str:
        rows = [(stage.name, stage.size, stage.does) for stage in self._found.values()]
        widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
        return "\n".join([f"{name:<{widths[0]}}  {size:>{widths[1]}}  {does}" for name, size, does in rows])

    __repr__ = __str__


# --- explanations -----------------------------------------------------------------------------------------------------


class Entry:
    """One entry of an array, and the scalar that it is.

    Attributes
    ----------
    index : tuple of int
        Where it stands in the array, without the axis of examples; in the body of a loop the step is in front.
    row : int
        The scalar's row in the table that was grouped, ``program.stages["live"].program``; -1 for a parameter that is
        used nowhere.
    scope : str
        The module that made the scalar, such as ``"mlp.layer1.neuron3"``; empty outside modules.
    label : str
        What the user calls it.
    formula : str
        The formula that computes it, from scalars and arrays that have names.
    """

    def __init__(self, index: tuple[int, ...], row: int, scope: str, label: str, formula: str) -> None:
        self.index, self.row, self.scope, self.label, self.formula = index, row, scope, label, formula

    def __str__(self) -> str:
        where = [self.scope] * bool(self.scope) + [self.label] * bool(self.label)
        if self.formula and self.formula != self.label:
            return f"{'.'.join(where)}: {self.formula}" if where else self.formula
        return ".".join(where)


class Explanation:
    """Where a line of a compiled program comes from; ``program.explain`` makes one, to be printed.

    Attributes
    ----------
    line : int or None
        Its number in ``program.source``, from 1 on; None for an array that has no line, such as a parameter.
    function : str
        The function that it is in: ``step`` or ``outputs``.
    text : str
        The line.
    name : str
        The array's name; "it", if it has none.
    shape : tuple of int
        Without the axis of examples.
    batched : bool
        Whether there is an axis of examples.
    operation : str
        What the array is computed by.
    of : str
        The array that it is the loss's derivative by; empty if it is no derivative, or that array has no name.
    derivative : bool
        Whether it is the loss's derivative by something.
    back : bool
        Whether it belongs to the backward pass.
    leads_to : tuple of str
        The arrays with a name that are computed from it next.
    entries : list of Entry
        The scalars that its entries are; for a derivative, the scalars that it is the derivative by; for the loss, the
        loss of one example. Empty for an array whose entries are no scalars of the function.
    says : str
        What else there is to say about it.

    Examples
    --------
    >>> import autograd
    >>> w = autograd.Value(2.0, "w")
    >>> program = autograd.compile(lambda x: w * x, like=[0.0])
    >>> told = program.explain("dw")
    >>> told.derivative, told.of
    (True, 'w')
    """

    def __init__(self, sources: _Sources, x: Array, line: int | None, function: str) -> None:
        self.line, self.function, self.name = line, function, x.name or "it"
        self.text = sources.lines[line - 1].partition("  #")[0].strip() if line is not None else ""
        self.shape, self.batched = x.shape, x.batched
        self.operation = "a parameter" if x.head is PART else "an argument" if x.head is INPUT else x.head.name
        self.derivative = x.gradient_of is not None
        self.of = "" if x.gradient_of is None else x.gradient_of.name
        self.leads_to = tuple(dict.fromkeys(map(repr, sources.named_users(x))))
        self._extents = x.extents
        self.back = id(x) in sources.back
        self.entries = sources.entries(x)
        self.says = self._remark(sources, x)
        of_part = x.gradient_of is not None and x.gradient_of.head is PART
        self._others = [
            f"{self.of}{_index(entry.index, len(x.shape))}" if of_part else sources.entry_name(entry.row)
            for entry in self.entries
        ]

    def _remark(self, sources: _Sources, x: Array) -> str:
        if x is sources.loss:
            self.entries = sources.example()
            return "the loss of the batch, from that of an example:" if sources.batched else "the loss:"
        if x is sources.gradient:
            return "all derivatives, in the order of the vector of parameters"
        if x.gradient_of is not None:
            return f"the derivative of the loss with respect to {self.of or 'what follows'}"
        if x.head is OUTPUT:
            return f"made by the {x.operands[0].data.count} steps of a loop"
        if self.entries:
            return ""
        ends = f", for {' and '.join(self.leads_to)}" if self.leads_to else ""
        return f"a step of the {'backward' if self.back else 'forward'} pass{ends}; it is not a scalar of the function"

    def __str__(self) -> str:
        where = f"line {self.line}, in {self.function}" if self.line is not None else self.operation
        shape = f", of shape {self._extents}" if self.shape or self.batched else ""
        lines = [self.text or self.name, f"    {where}{shape}"]
        if self.says:
            lines.append(f"    {self.says}")
        shown = list(range(len(self.entries)))
        if len(shown) > ENTRIES_SHOWN:
            shown[ENTRIES_SHOWN - 1 : -1] = [-1]
        for i in shown:
            if i < 0:
                lines.append(f"    ... and {len(self.entries) - ENTRIES_SHOWN} more ...")
                continue
            entry, other = self.entries[i], self._others[i]
            own = f"{self.name}{_index(entry.index, len(self.shape))}"
            if self.name == "loss":
                lines.append(f"        {entry}")
            elif self.derivative and str(entry) != other:
                lines.append(f"    {own} belongs to {f'{other}, ' * bool(other)}{entry}")
            elif str(entry) != own and not self.derivative:
                lines.append(f"    {own} is {entry}")
        return "\n".join(lines)

    __repr__ = __str__


def explain(found: Stages, asked: int | str) -> Explanation:
    """What a line of the source, or the array of that name, comes from.

    Raises
    ------
    ValueError
        If there is nothing to be said about that line, or no array of that name.
    """
    line_arrays, lines = found.written.line_arrays, found.written.source.splitlines()
    if isinstance(asked, str):
        for line, (function, x) in line_arrays.items():
            if x.name == asked and x.head is not INPUT:
                return Explanation(_Sources(found, function), x, line, function)
        all_sources = [_Sources(found, function) for function in found["text"].programs]
        for sources in all_sources:
            for x in sources.arrays:
                if x.name == asked and not x.operands:
                    return Explanation(sources, x, None, "")
        names = dict.fromkeys([x.name for sources in all_sources for x in sources.arrays if x.name])
        raise ValueError(f"there is no array {asked!r:.60} in the program, only {', '.join(names)}")
    if asked not in line_arrays:
        there = f"{asked!r:.20} is not one of its {len(lines)} lines"
        if isinstance(asked, int) and 0 < asked <= len(lines):
            there = f"line {asked} computes no array: {lines[asked - 1].strip()!r:.60}"
        numbers = f"the lines {min(line_arrays)} to {max(line_arrays)}" if line_arrays else "no lines"
        raise ValueError(f"{there}; those that do are among {numbers} of program.source")
    function, x = line_arrays[asked]
    return Explanation(_Sources(found, function), x, asked, function)


class _Sources:
    """The final arrays of one function of the program, and the table of scalars that they were made from."""

    def __init__(self, found: Stages, function: str) -> None:
        table, program = found["live"].program, found["text"].programs[function]
        assert isinstance(table, Scalars) and isinstance(program, ArrayProgram)
        self.table, self.lines = table, found.written.source.splitlines()
        self.layout = program.layout
        self.arrays = _with_bodies(program.arrays([*program.inputs, *program.outputs]))
        self.batched = found.batched
        self.loss: Any = None
        self.gradient: Any = None
        if function == "step":
            self.loss, self.gradient = program.outputs
        forward = _with_bodies(program.arrays([*program.inputs, program.outputs[0]]))
        self.back = set(map(id, self.arrays)) - set(map(id, forward)) if function == "step" else set()
        self._spots: dict[int, tuple[Array, int]] = {}  # row of a scalar -> first named array with it, position
        self._users: dict[int, list[Array]] = {}
        for x in self.arrays:
            for y in x.operands:
                if isinstance(y, Array):
                    self._users.setdefault(id(y), []).append(x)
            rows = self.rows(x)
            if x.name and x.gradient_of is None and rows is not None and rows.shape == x.shape:
                for position, row in enumerate(rows.ravel().tolist()):
                    self._spots.setdefault(row, (x, position))
        self._parameters = {
            data: row for row, (head, data) in enumerate(zip(table.heads, table.data)) if head is PARAMETER
        }

    def rows(self, x: Array) -> NDArray[Any] | None:
        """The rows of the scalars that an array's entries are, or None if they are no scalars."""
        if x.rows is not None or not x.operands:
            return x.rows
        source = x.operands[0]
        if x.head is PICK and isinstance(source, Array) and source.rows is not None:
            return np.asarray(source.rows.ravel()[x.data])
        if x.head is EXPAND and isinstance(source, Array) and source.rows is not None and source.shape == x.shape:
            return source.rows
        return None

    def named_users(self, x: Array) -> list[Array]:
        """The nearest arrays with a name that are computed from this one."""
        found: list[Array] = []
        stack, seen = list(reversed(self._users.get(id(x), []))), set()
        while stack:
            y = stack.pop()
            if id(y) not in seen:
                seen.add(id(y))
                if y.name:
                    found.append(y)
                else:
                    stack += reversed(self._users.get(id(y), []))
        return sorted(found, key=lambda y: y.number)

    def entries(self, x: Array) -> list[Entry]:
        if x.gradient_of is not None and (x.gradient_of.head is PART or x.rows is None):
            return self.entries(x.gradient_of) if x.gradient_of.shape == x.shape else []
        if x.head is PART:
            numbers = x.data.numbers if x.data is not None else np.argsort(self.layout.where)
            return [self._parameter(i, at) for i, at in zip(numbers.tolist(), np.ndindex(x.shape))]
        rows = self.rows(x)
        if rows is None:
            return []
        # In the body of a loop `rows` has an axis more than x, for the steps; the step is then in front in the index.
        return [self._entry(row, at) for row, at in zip(rows.ravel().tolist(), np.ndindex(rows.shape)) if row >= 0]

    def example(self) -> list[Entry]:
        """The two parts of the loss: of one example, and what does not depend on the example, such as a penalty."""
        rows = [row for row in self.table.outputs[:2] if self.table.data[row] != 0.0]
        return [self._entry(row, ()) for row in rows]

    def _parameter(self, number: int, at: tuple[int, ...]) -> Entry:
        value = self.layout.values[number]
        return Entry(at, self._parameters.get(number, -1), value.scope, value.label or f"parameter {number}", "")

    def _entry(self, row: int, at: tuple[int, ...]) -> Entry:
        place = self.table.places[row]
        scope, label = ("", "") if place is None else (place.scope, place.label)
        return Entry(at, row, scope, label, self._formula(row, scope, 0))

    # --- formulas -----------------------------------------------------------------------------------------------------

    def _formula(self, row: int, scope: str, depth: int) -> str:
        """The formula of a scalar, from operands by their names; names in the module `scope` are written without it."""
        head, operands, data = self.table.heads[row], self.table.operands[row], self.table.data[row]
        if head is CONSTANT:
            return f"{data:g}"
        if head in (INPUT, PARAMETER):
            return self._qualified_label(row, scope)
        if head is TOTAL:
            return self._total(operands, data, scope, depth)
        if head is ops.neg:
            return f"-{self._operand(operands[0], scope, depth, True)}"
        exponent = getattr(head, "exponent", None)
        if exponent is not None:
            return f"{self._operand(operands[0], scope, depth, True)}**{exponent:g}"
        texts = ["..." if k is None else self._operand(k, scope, depth, head in _SIGNS) for k in _few(operands)]
        return _SIGNS[head].join(texts) if head in _SIGNS else f"{head.name}({', '.join(texts)})"

    def _total(self, operands: tuple[int, ...], pairs: int, scope: str, depth: int) -> str:
        products = _few(list(zip(operands[:pairs], operands[pairs : 2 * pairs])))
        texts = [
            "..." if pair is None else "*".join([self._operand(k, scope, depth, True) for k in pair])
            for pair in products
        ]
        texts += ["..." if k is None else self._operand(k, scope, depth, False) for k in _few(operands[2 * pairs :])]
        return " + ".join(texts)

    def _operand(self, row: int, scope: str, depth: int, factor: bool) -> str:
        """The text of an operand: its label, its place in a named array, or its formula."""
        head, place = self.table.heads[row], self.table.places[row]
        if head in (INPUT, PARAMETER) or (place is not None and place.label):
            return self._qualified_label(row, scope)
        if row in self._spots:
            return self.entry_name(row)
        if head is CONSTANT:
            return self._formula(row, scope, depth)
        if depth > 1 or (depth and head is TOTAL):
            return "(...)" if factor else "..."
        text = self._formula(row, scope, depth + 1)
        return f"({text})" if factor and (head is TOTAL or head in _SIGNS or head is ops.neg) else text

    def entry_name(self, row: int) -> str:
        """A scalar as an entry of a named array, such as ``Z1[0]``; empty if it is in none."""
        if row not in self._spots:
            return ""
        x, position = self._spots[row]
        return f"{x.name}{_index([int(i) for i in np.unravel_index(position, x.shape)], len(x.shape))}"

    def _qualified_label(self, row: int, scope: str) -> str:
        """The label of a scalar, with the module that made it in front unless that is `scope`."""
        head, data = self.table.heads[row], self.table.data[row]
        place: Place | None = self.table.places[row]
        label = place.label if place is not None and place.label else f"{head.name} {data}"
        return f"{place.scope}.{label}" if place is not None and place.scope not in ("", scope) else label


def _index(at: Sequence[int], rank: int) -> str:
    """The text of an entry's index in an array of this rank; one more number in front is the step of a loop."""
    text = f"[{', '.join(map(str, at[len(at) - rank :]))}]" if rank else ""
    return f"{text} of step {at[0]}" if len(at) > rank else text


def _with_bodies(arrays: Sequence[Array]) -> list[Array]:
    """The arrays, and those in the bodies of loops among them."""
    found: list[Array] = []
    for x in arrays:
        if x.head is LOOP:
            found += x.data.program().arrays()
        found.append(x)
    return found


def _few(items: Sequence[Any]) -> list[Any]:
    """The items; if they are more than `TERMS_SHOWN`, the first ones, None for those left out, and the last one."""
    return list(items) if len(items) <= TERMS_SHOWN else [*items[: TERMS_SHOWN - 1], None, items[-1]]
