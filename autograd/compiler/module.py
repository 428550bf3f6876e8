"""What the functions of a compiled module share: imports, constants, and functions for operations that NumPy lacks.

The source of such a function comes from the operation's rule, which is applied to symbols. `text` writes the lines of
the program's own functions.
"""

from __future__ import annotations

import math

from .. import arrays as numpy_reading
from .. import ops
from ..ops import BUILTIN, OPS, Op
from ..symbols import _CALL, _LOOSE, _POWER, _RELATION, _SUM, Expression, Printer, Symbol, Unfolding, postorder
from .arrays import NUMBER, Array, read
from .names import FUNCTIONS, RESERVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from .dialects import Dialect
    from .parameters import Layout

LITERAL = 16
"""The most numbers of a constant that is written out in the source."""

SIGNS = Printer.signs | {
    "&": ("{} & {}", _LOOSE, _CALL, _CALL),
    "|": ("{} | {}", _LOOSE, _CALL, _CALL),
    "==": ("{} == {}", _RELATION, _SUM, _SUM),
    "!=": ("{} != {}", _RELATION, _SUM, _SUM),
    "~": ("~{}", _POWER, _POWER, _POWER),
}

_HALF_POWER = '''\
def half_power(a):
    """a ** 0.5 as C has it; NumPy's is the square root, which is nan at -inf and -0.0 at -0.0."""
    return where(a == -inf, inf, sqrt(a + 0.0))'''

_FINITE = '''\
def finite(a):
    """a, or the finite number next to it."""
    return minimum(maximum(a, -{largest!r}), {largest!r})'''


class Module:
    """What the functions of a module share: constants, imports, and functions for operations that NumPy lacks.

    Attributes
    ----------
    constants : dict
        Arrays of numbers, conditions or positions, by name.
    dialect : Dialect
    """

    def __init__(self, layout: Layout, largest: float, dialect: Dialect) -> None:
        self.layout, self.largest, self.dialect = layout, largest, dialect
        self.constants: dict[str, NDArray[Any]] = {}
        self._named: dict[Any, str] = {}
        self.functions: dict[Op, tuple[str, str]] = {}  # for operations that NumPy lacks: name and text
        self.helpers: dict[str, str] = {}
        self.imported: set[str] = set()
        self.missing: set[str] = set()  # functions imported from the dialect's `helpers`

    def constant(self, values: NDArray[Any], letter: str) -> str:
        """The name of a constant array; equal ones share it."""
        key = (values.shape, values.dtype.str, values.tobytes())
        if key not in self._named:
            self._named[key] = self.layout.names.counted(letter)
            self.constants[self._named[key]] = values
        return self._named[key]

    def use(self, name: str) -> str:
        """The name of one of the library's functions; the module imports it."""
        self.imported.add(name)
        return name

    def help(self, name: str) -> str:
        """The name of a function that is no operation; the module defines it, or imports it from autograd."""
        if name == "half_power" and name not in self.helpers:
            self.helpers[name] = _HALF_POWER
            self.imported.update(("where", "inf", "sqrt"))
        elif name == "finite" and name not in self.helpers:
            self.helpers[name] = _FINITE.format(largest=self.largest)
            self.imported.update(("minimum", "maximum"))
        elif name not in self.helpers:
            self.missing.add(name)
        return name

    def function_name(self, op: Op) -> str:
        """The name of an operation's function; the module imports or defines it."""
        if op in self.functions:
            return self.functions[op][0]
        if (imported_name := self.imported_name(op)) is not None:
            return imported_name
        name = op.name
        while name in self._names_of_others():
            name += "_"
        self.functions[op] = name, ""  # before reading its rule, which may lead back to it
        self.functions[op] = name, self._definition(op, name)
        return name

    def imported_name(self, op: Op) -> str | None:
        """The name of an operation's function, if it is built in or can be imported; None if not."""
        if op is ops.where:
            return self.use("where")
        if op.name in BUILTIN and (op.elementary or op.name in ("square", "reciprocal", "positive")):
            if op.name in numpy_reading.SUBSTITUTES:
                self.missing.add(op.name)
                return op.name
            return "abs" if op is ops.abs else self.use(op.numpy)  # Python's `abs` needs no import
        return None

    def imports(self) -> list[str]:
        """The lines that import what the module uses."""
        lines = []
        for home, names, comment in self.dialect.imports(self.imported, self.missing):
            line = f"from {home} import {', '.join(names)}"
            lines += [f"{line}  # {comment}"] if comment else wrapped(line, "import ")
        return lines

    def reading(self) -> Rule:
        """A new printer for operations' rules."""
        return Rule(self)

    def full(self, result: str, names: Sequence[str]) -> str:
        """The text of a function's result, broadcast to the shape of all its operands."""
        return f"{self.use('broadcast_arrays')}({', '.join([result, *names])})[0]"

    def _names_of_others(self) -> set[str]:
        taken = {name for name, _ in self.functions.values()}
        return taken.union(FUNCTIONS, RESERVED, [op.numpy for op in OPS.values() if op.numpy != op.name])

    def _definition(self, op: Op, function_name: str) -> str:
        """The source of an operation's function, from its rule; repeated or deep subexpressions get their own lines."""
        code = getattr(op.forward, "__code__", None)
        count = op.arity or 0
        names = code.co_varnames[:count] if code is not None and code.co_argcount == count else ()
        if not names or not self._names_of_others().union(OPS).isdisjoint(names):
            names = tuple([f"x{i + 1}" for i in range(count)])
        rule = _as_number(read(op, op.forward, [Symbol(name) for name in names]))
        free = "z" if "z" not in {name[0] for name in names} else "_"
        lines, (result,) = self.reading().unfolded([rule], lambda i: f"{free}{i}", "    {} = {}")
        if not {x.name for x in postorder([rule]) if isinstance(x, Symbol)}.issuperset(names):  # one is unused
            result = self.full(result, names)
        return "\n".join([f"def {function_name}({', '.join(names)}):", *lines, f"    return {result}"])


class Rule(Unfolding):
    """Prints the rules of operations as source for NumPy."""

    signs = SIGNS

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.module = module

    def bound(self, x: Any) -> tuple[str, int]:
        if isinstance(x, Expression) and not isinstance(x, Symbol) and id(x) not in self.known:
            if x.head is NUMBER:
                return f"{self.module.use('where')}({self.text(x.operands[0])}, 1.0, 0.0)", _CALL
            if x.head in (ops.mul, ops.sub):
                a, b = x.operands
                if is_number_of(a) != is_number_of(b):
                    a, b = (y.operands[0] if is_number_of(y) else y for y in (a, b))
                    return super().bound(Expression(x.head, (a, b)))
            if x.head is ops.pow and not isinstance(x.operands[1], Expression):
                base, exponent = x.operands
                if exponent == 0.5:
                    return f"{self.module.help('half_power')}({self.text(base)})", _CALL
                return f"{self.text(base, _CALL)} ** {power(self.module, exponent)}", _POWER
        return super().bound(x)

    def number(self, x: float) -> str:
        return number(self.module, x)

    def call(self, name: str, x: Expression) -> str:
        function_name = self.module.function_name(x.head) if isinstance(x.head, Op) else name
        return f"{function_name}({', '.join(map(self.text, x.operands))})"


def _as_number(x: Any) -> Any:
    """The expression with NUMBER around every condition that is used as a number."""
    connectives = {"&", "|", "~"}
    conditions = connectives | {"<", "<=", ">", ">=", "==", "!="}
    made: dict[int, Any] = {}

    def as_number(y: Any) -> Any:
        return Expression(NUMBER, (y,)) if isinstance(y, Expression) and y.head in conditions else y

    for part in postorder([x]):
        if isinstance(part, Symbol):
            continue
        operands = [made.get(id(y), y) for y in part.operands]
        if part.head not in connectives:
            first = 1 if part.head is ops.where else 0
            operands = [*operands[:first], *map(as_number, operands[first:])]
        made[id(part)] = Expression(part.head, tuple(operands))
    return as_number(made.get(id(x), x))


def is_number_of(x: Any) -> bool:
    """Whether x is a condition used as a number; next to a number, NumPy converts the condition by itself."""
    return isinstance(x, (Expression, Array)) and x.head is NUMBER


def number(module: Module, x: float) -> str:
    """A number as Python writes it, with NumPy's names for inf and nan."""
    if math.isfinite(x):
        return repr(x)
    if x != x:
        return module.use("nan")
    module.use("inf")
    return "inf" if x > 0 else "-inf"


def wrapped(line: str, opening: str) -> list[str]:
    """A line with a list of names behind `opening`, broken into several lines if it is long."""
    if len(line) <= 100:
        return [line]
    head, _, names = line.partition(opening)
    tail = "):" if names.endswith("):") else ")"
    rows, row = [f"{head}{opening.rstrip('(')}("], "   "
    for name in names.removesuffix("):").split(", "):
        if len(row) + len(name) > 95:
            rows.append(row)
            row = "   "
        row += f" {name},"
    return [*rows, row, tail]


def power(module: Module, x: float) -> str:
    """The text of an exponent, without a decimal point if it is a whole number."""
    return str(int(x)) if math.isfinite(x) and x == int(x) and abs(x) < 1000 else number(module, x)
