"""The whole program as source: a module of three functions.

``outputs`` computes what the function returns for every example, ``step`` the loss and its gradient, and ``parameters``
names the parts of the vector. The first two make the function's checks (`autograd.require`), each as soon as its
operands are computed. They take the inputs as the user gives them, with the axis of examples first.
"""

from __future__ import annotations

import numpy as np

from ..symbols import _CALL, _LOOSE
from .arrays import CONTRACT, PART, PICK, Array, ArrayProgram
from .module import LITERAL, Module, wrapped
from .names import COUNT
from .scalars import CONSTANT, INPUT
from .text import Body, Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .dialects import Dialect
    from .parameters import Layout


class Assembly:
    """The source of a module, as it grows.

    Parameters
    ----------
    title : str
        What is compiled.
    layout : Layout
    largest : float
        The largest finite number that the program computes with.
    program : ArrayProgram
        Gives the builder and the inputs.
    batched : bool
        Whether inputs have an axis of examples.
    first : bool
        Whether this is the first axis of all arrays inside the functions, and not the last.
    dialect : Dialect
        For the library that the source is written for.
    """

    def __init__(
        self,
        title: str,
        layout: Layout,
        largest: float,
        program: ArrayProgram,
        batched: bool,
        first: bool,
        dialect: Dialect,
    ) -> None:
        self.title, self.layout, self.batched, self.first = title, layout, batched, first
        self.builder, self.inputs = program.builder, program.inputs
        self.module = self._module(largest, dialect)
        self.bodies: list[tuple[str, str, list[Array | None]]] = []  # name, text, and the array that each line computes
        self.row_inputs: frozenset[int] = frozenset()
        self.column_parts: frozenset[str] = frozenset()

    def prepare(self, program: ArrayProgram) -> None:
        """Decide which inputs become arrays of one row, and which parts of the parameters arrays of one column."""
        self.builder, self.inputs = program.builder, program.inputs
        if not self.first:
            arrays = program.arrays()
            self.row_inputs, self.column_parts = _row_inputs(arrays, program.outputs), _column_parts(arrays)

    def define(self, name: str, doc: str, program: ArrayProgram, returned: Sequence[Any], pattern: Any = None) -> None:
        """Append a function.

        Parameters
        ----------
        returned : sequence of Array and float
            What the function computes for its ``return``.
        pattern : nesting of int, optional
            The nesting that it returns, with indices into `returned`; if None, it returns them all, in order.
        """
        body = self._body(program, returned)
        if pattern is None:
            text = ", ".join([body.text(x) for x in returned])
        else:
            text = self._returned(body, returned).text(pattern)
        opening = self._opening(body, text)
        lines = [*opening, *body.lines]
        width = min(max([len(line.text) for line in lines if line.comment], default=0), 60)
        rows = [f"    {line.text:<{width}}  # {line.comment}" if line.comment else f"    {line.text}" for line in lines]
        head = wrapped(f"def {name}({self._signature()}):", "(")
        line_arrays = [*[None] * (len(head) + 1), *[line.array for line in lines], None]
        self.bodies.append((name, "\n".join([*head, f'    """{doc}"""', *rows, f"    return {text}"]), line_arrays))

    def _module(self, largest: float, dialect: Dialect) -> Module:
        return Module(self.layout, largest, dialect)

    def _body(self, program: ArrayProgram, returned: Sequence[Any]) -> Body:
        return Body(self.module, program, returned, self.first, self.row_inputs, self.column_parts)

    def _returned(self, body: Body, returned: Sequence[Any]) -> Returned:
        return Returned(body, returned, self.batched)

    def _signature(self) -> str:
        names = [x.name for x in self.inputs]
        return ", ".join([*names, self.layout.vector, *[part.name for part in self.layout.parts]])

    def _opening(self, body: Body, returned: str) -> list[Line]:
        """The first lines: they move the axis of examples of the inputs to its place, and count the examples."""
        lines = []
        used = {x.number for x in body.arrays}
        for x in self.inputs:
            shape = body.shape(x.shape, x.batched)
            if x.data in self.row_inputs:
                lines.append(Line(f"{x.name} = {x.name}[None]", f"(1, {COUNT})", x))
            elif x.batched and x.shape and not self.first and x.number in used:
                turned = (
                    ".T" if len(x.shape) == 1 else f".transpose({', '.join(map(str, range(1, len(x.shape) + 1)))}, 0)"
                )
                lines.append(Line(f"{x.name} = {x.name}{turned}", shape, x))
        batched = [x for x in self.inputs if x.batched]
        if batched and body.counts:
            x = batched[0]
            turned_already = x.data in self.row_inputs or (x.shape and x.number in used)
            axis = 0 if self.first or not turned_already else -1
            lines.append(Line(f"{COUNT} = {x.name}.shape[{axis}]" if axis else f"{COUNT} = len({x.name})"))
        return lines

    def parameters(self) -> None:
        """Append the function that names the parts of the vector."""
        lines = []
        for part in self.layout.parts:
            piece = f"{self.layout.vector}[{part.start}:{part.stop}]"
            column = part.name in self.column_parts
            shape = (*part.shape, 1) if column else part.shape
            if len(shape) != 1:
                piece += f".reshape({', '.join(map(str, shape)) or '()'})"
            lines.append(f"    {part.name} = {piece}")
        names = ", ".join([part.name for part in self.layout.parts])
        head = [f"def parameters({self.layout.vector}):", '    """The named parts of the vector of all parameters."""']
        returned = f"{names}{',' * (len(self.layout.parts) == 1)}" if self.layout.parts else "()"
        text = "\n".join([*head, *lines, f"    return {returned}"])
        self.bodies.insert(0, ("parameters", text, []))

    def source(self) -> tuple[str, dict[int, tuple[str, Array]]]:
        """The text; and by the numbers, from 1 on, of the lines that compute an array: the function, and the array."""
        self.parameters()
        module = self.module
        constants = []
        for name, values in module.constants.items():
            if values.dtype == bool and values.ndim == 2 and np.array_equal(values, np.tri(*values.shape, dtype=bool)):
                constants.append(f"{name} = {module.use('tri')}({values.shape[0]}, {values.shape[1]}) > 0.0")
            elif values.size <= LITERAL:
                module.use("array")
                text = str(values.tolist())
                for word in ("inf", "nan"):
                    if word in text:
                        module.use(word)
                constants.append(f"{name} = array({text})")
            else:
                constants.append(f"# {name}: a constant of shape {values.shape}")
        parts = ["\n".join([f'"""{self.title}"""', "", *module.imports()]).rstrip()]
        if constants:
            parts.append("\n".join(constants))
        functions = [text for _, text in module.functions.values()]
        parts += [f"\n{text}" for text in (*module.helpers.values(), *functions)]
        line_arrays: dict[int, tuple[str, Array]] = {}
        for name, text, arrays in self.bodies:
            before = sum([part.count("\n") + 2 for part in parts]) + 2
            line_arrays.update({before + i: (name, x) for i, x in enumerate(arrays) if x is not None})
            parts.append(f"\n{text}")
        return "\n\n".join(parts) + "\n", line_arrays


def printable(title: str) -> str:
    """A function's name with nothing in it that could break the docstring which it stands in."""
    return "".join([letter if letter.isprintable() and letter not in '\\"' else "?" for letter in title])[:60]


# --- the axis of examples ---------------------------------------------------------------------------------------------


def examples_first(arrays: Iterable[Array]) -> bool:
    """Whether two arrays with an axis of examples are multiplied: NumPy's stacks of matrices need it in front."""
    for x in arrays:
        if x.head is CONTRACT and x.batched and all(y.batched for y in x.operands if isinstance(y, Array)):
            (left, right, out), _ = x.data
            if any((i in left) != (i in right) for i in out):
                return True
    return False


def _row_inputs(arrays: Iterable[Array], outputs: Sequence[Any]) -> frozenset[int]:
    """The slots of inputs of one number for each example that are used only as arrays of shape (1, n).

    NumPy is faster with arrays of one shape than with arrays that it has to broadcast.
    """
    found: dict[int, bool] = {}
    for x in arrays:
        for y in x.operands:
            if isinstance(y, Array) and y.head is INPUT and y.batched and not y.shape:
                found[y.data] = found.get(y.data, True) and x.head is PICK and x.shape == (1,)
    alone = {x.data for x in outputs if isinstance(x, Array) and x.head is INPUT}
    return frozenset([slot for slot, fits in found.items() if fits and slot not in alone])


def _column_parts(arrays: Iterable[Array]) -> frozenset[str]:
    """The names of parameter vectors that are used beside matrices, one number for each row, such as biases."""
    found: set[str] = set()
    for x in arrays:
        for y in x.operands if x.elementwise else ():
            if not isinstance(y, Array):
                continue
            if _is_vector(y) and x.batched and len(x.shape) == 1:
                found.add(y.data.name)
            source = y.operands[0] if y.head is PICK else None
            if _is_vector(source) and not x.batched and len(x.shape) == 2 and y.shape == (source.size, 1):  # type: ignore[union-attr]
                found.add(source.data.name)  # type: ignore[union-attr]
    return frozenset(found)


def _is_vector(x: Any) -> bool:
    return isinstance(x, Array) and x.head is PART and x.data is not None and len(x.shape) == 1


# --- what is returned -------------------------------------------------------------------------------------------------


class Returned:
    """The text after ``return``: a list becomes an array if it is rectangular, tuples and dicts stay as they are."""

    def __init__(self, body: Body, outputs: Sequence[Any], batched: bool) -> None:
        self.body, self.outputs, self.batched = body, outputs, batched

    def text(self, pattern: Any) -> str:
        if isinstance(pattern, dict):
            items = [(key, self.text(item)) for key, item in pattern.items()]
            if all(type(key) in (str, int) for key in pattern):
                return f"{{{', '.join([f'{key!r}: {text}' for key, text in items])}}}"
            return f"[{', '.join([text for _, text in items])}]"  # `run` puts back keys that have no text
        if isinstance(pattern, tuple):
            inside = ", ".join([self.text(item) for item in pattern])
            return f"({inside}{',' * (len(pattern) == 1)})"
        numbers = rectangle(pattern)
        if numbers is None:
            return f"[{', '.join([self.text(item) for item in pattern])}]"
        return self._array(numbers)

    def _array(self, numbers: Any) -> str:
        body, batched = self.body, self.batched
        chosen = [self.outputs[i] for i in numbers.ravel().tolist()]
        if not chosen:
            body.counts = body.counts or batched
            text = f"{body.module.use('zeros')}({body.shape(numbers.shape, batched)})"
            return text + _examples_to_front(numbers.ndim) if batched and not body.first else text
        whole = one_array(chosen, numbers.shape)
        if whole is not None and whole.batched == batched:
            text = body.text(whole, _CALL if numbers.ndim else _LOOSE)
        elif not numbers.shape:
            text = self.single(chosen[0])
        else:
            texts = [self.single(x) for x in chosen]
            text = f"{body.module.use('array')}([{', '.join(texts)}])"
            if numbers.ndim > 1:
                text += f".reshape({', '.join(map(str, numbers.shape))}{', -1' * batched})"
            if batched:
                return text + _examples_to_front(numbers.ndim)
            return text
        return text + _examples_to_front(numbers.ndim) if batched and numbers.ndim and not body.first else text

    def single(self, x: Any) -> str:
        """One number, for every example."""
        body = self.body
        if not self.batched or (isinstance(x, Array) and x.batched):
            return body.text(x)
        body.counts = True
        return f"{body.module.use('broadcast_to')}({body.text(x)}, ({COUNT},))"


def _examples_to_front(ndim: int) -> str:
    """The text that moves the axis of examples, behind `ndim` others, to the front."""
    if ndim == 1:
        return ".T"
    return f".transpose({', '.join(map(str, (ndim, *range(ndim))))})"


def one_array(chosen: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """One pick that gives all these single numbers, if they are entries of one array; otherwise None."""
    sources = set()
    positions = []
    for x in chosen:
        if not isinstance(x, Array) or x.head is CONSTANT:
            return None
        if x.head is PICK and x.shape == ():
            sources.add(x.operands[0])
            positions.append(int(x.data))
        elif x.shape == ():
            sources.add(x)
            positions.append(0)
        else:
            return None
    if len(sources) != 1:
        return None
    (source,) = sources
    assert isinstance(source, Array)
    return source.builder.pick(source, np.array(positions).reshape(shape))


def rectangle(pattern: Any) -> Any:
    """The numbers as an array, if they are one number or nested lists of equal lengths; otherwise None."""
    if isinstance(pattern, np.ndarray):
        return pattern.astype(int)
    if _holds(pattern, (dict, tuple)):
        return None
    try:
        return np.array(pattern, dtype=int)
    except ValueError:
        return None


def _holds(x: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(x, kinds) or (isinstance(x, list) and any(_holds(item, kinds) for item in x))
