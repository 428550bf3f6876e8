"""Programs in which every array is a single number, as text for Python's floats.

For a single number, a call of NumPy costs more than the computation. So where there is nothing but numbers, the same
lines are written for floats: ``exp`` is the engine's own function, ``where(c, a, b)`` is ``a if c else b``. This module
decides which programs these are (`fits`), and what differs in their text; `text` and `assemble` do the rest, as for
arrays.

Python raises at ``1.0 / 0.0`` and at ``1e200 ** 2``, where IEEE 754 has a result. The text keeps the plain operators,
because they are fast and easy to read. If one of them raises, the program is run once more, as `careful` compiles it:
with the functions of `autograd.ieee` in place of these operators. The engine does the same with the rules of its
operations.
"""

from __future__ import annotations

import ast
import math
import textwrap

import numpy as np

from .. import ieee, ops
from ..ops import Op
from ..symbols import _CALL, _LOOSE, _PRODUCT, _RELATION, Expression
from .arrays import EXPAND, JOIN, NUMBER, PART, PICK, REQUIRE, Array, ArrayProgram
from .assemble import Assembly, Returned
from .module import SIGNS, Module, Rule, wrapped
from .scalars import INPUT
from .text import WIDEST, Body, Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from .dialects import Dialect
    from .parameters import Layout

HOMES = {
    function: (module.__name__, name)
    for module in (math, ieee)
    for name, function in vars(module).items()
    if callable(function)
}
"""Where the engine's functions of floats are imported from, and under which name."""

_SIGNS = SIGNS | {
    "&": ("{} and {}", _LOOSE, _RELATION, _RELATION),
    "|": ("{} or {}", _LOOSE, _RELATION, _RELATION),
    "~": ("not {}", _LOOSE, _RELATION, _RELATION),
}

MOST_ASSIGNED_ENTRIES = 5
"""Up to this many numbers, it is faster to put them into an empty array one by one than to make it from a list."""

_NOTE = "Where Python raises at / or **, as at 1.0 / 0.0, the program goes on with what IEEE 754 has there, inf or nan."


def fits(programs: Sequence[ArrayProgram], layout: Layout) -> bool:
    """Whether every array of these programs is a single number, except for the gradient, which is made of them."""
    return all(part.shape == () for part in layout.parts) and all(
        _is_single(x, x in program.outputs) for program in programs for x in program.arrays()
    )


def _is_single(x: Array, returned: bool) -> bool:
    if x.batched:
        return False
    if x.head in (JOIN, EXPAND):  # the gradient: single numbers joined, or one number repeated
        return returned and (len(x.operands) == x.size or not isinstance(x.operands[0], Array))
    if x.head is INPUT:  # an array is a nested list, of which single numbers are used: it cannot be returned
        return not (x.shape and returned)
    if x.head is PICK:
        (source,) = x.operands
        return x.shape == () and not returned and isinstance(source, Array) and source.head is INPUT
    return x.shape == () and (x.elementwise or x.head in (PART, REQUIRE))


# --- the text ---------------------------------------------------------------------------------------------------------


class FloatModule(Module):
    """A module whose functions take floats."""

    def __init__(self, layout: Layout, largest: float, dialect: Dialect) -> None:
        super().__init__(layout, largest, dialect)
        self._homes: dict[str, set[str]] = {}  # for each module, the names imported from it

    def _import_from(self, module: str, name: str) -> str:
        self._homes.setdefault(module, set()).add(name)
        return name

    def use(self, name: str) -> str:
        return self._import_from("math" if name in ("inf", "nan") else "numpy", name)

    def imported_name(self, op: Op) -> str | None:
        if op is ops.abs:
            return "abs"
        return self._import_from(*HOMES[op.forward]) if op.elementary else None

    def help(self, name: str) -> str:
        return self._import_from("autograd.arrays", name)

    def imports(self) -> list[str]:
        order = sorted(self._homes, key=lambda module: ("." in module, module))
        made = [wrapped(f"from {home} import {', '.join(sorted(self._homes[home]))}", "import ") for home in order]
        return [line for lines in made for line in lines]

    def reading(self) -> Rule:
        return FloatRule(self)

    def full(self, result: str, names: Sequence[str]) -> str:
        return result


class FloatRule(Rule):
    """Writes the rules of operations as Python source for floats."""

    signs = _SIGNS

    def bound(self, x: Any) -> tuple[str, int]:
        if isinstance(x, Expression) and x.operands and id(x) not in self.known:
            if x.head in (NUMBER, ops.where):
                return _choice(self, x)
            if x.head is ops.pow and not _is_whole(x.operands[1]):
                return self.call("pow", x), _CALL
        return super().bound(x)


class FloatBody(Body):
    """The lines of one function of floats."""

    signs = _SIGNS

    def __init__(self, module: Module, program: ArrayProgram, outputs: Sequence[Any]) -> None:
        for x in program.arrays(outputs):
            if x.head in (ops.relu, ops.square) and isinstance(x.operands[0], Array) and x.operands[0].elementwise:
                x.operands[0].kept = True  # it needs a name, because x's text contains it twice
        super().__init__(module, program, outputs, False)

    def _write(self, x: Array) -> None:
        if x.head is not JOIN or x.size > MOST_ASSIGNED_ENTRIES:
            super()._write(x)
            return
        name = self._name(x)
        self.lines.append(Line(f"{name} = {self.module.use('empty')}({x.size})"))
        self.lines += [Line(f"{name}[{i}] = {self.text(y)}") for i, y in enumerate(x.operands)]
        self._refer_by_name(x)

    def _text(self, x: Array) -> tuple[str, int]:
        return _choice(self, x) if x.head is NUMBER else super()._text(x)

    def _operation(self, x: Array) -> tuple[str, int]:
        head, operands = x.head, x.operands
        if head is ops.where:
            return _choice(self, x)
        # `Body` computes with the condition itself here; with floats, the number 1.0 or 0.0 is faster than a bool.
        if head in (ops.mul, ops.sub):
            sign, binding, *precedences = self.signs[head.name]
            return sign.format(*map(self.text, operands, precedences)), binding
        if head is ops.relu:
            a = self.text(operands[0])
            return f"0.0 if {a} <= 0.0 else {a}", _LOOSE
        if head is ops.square:
            a = self.text(operands[0])
            return f"{a} * {a}", _PRODUCT
        if isinstance(head, ops.Power) or head is ops.pow:
            exponent = head.exponent if isinstance(head, ops.Power) else operands[1]
            if not _is_whole(exponent):
                return f"{self.module.function_name(ops.pow)}({self.text(operands[0])}, {self.text(exponent)})", _CALL
        return super()._operation(x)

    def _picked(self, source: Array, index: NDArray[Any], batched: bool) -> str:
        places = np.unravel_index(int(index), source.shape)
        return source.name + "".join([f"[{place}]" for place in places])

    def _joined(self, x: Array) -> str:
        return f"{self.module.use('array')}([{', '.join(map(self.text, x.operands))}])"


def _choice(writer: FloatRule | FloatBody, x: Any) -> tuple[str, int]:
    """The text of a `where`, or of a condition as the number 1 or 0: a conditional expression."""
    condition, yes, no = x.operands if x.head is ops.where else (x.operands[0], 1.0, 0.0)
    if _sign(condition) == "~":
        condition, yes, no = condition.operands[0], no, yes
    precedence = _LOOSE if _sign(condition) in ("&", "|", "~") else _RELATION
    texts = [writer.text(yes, _RELATION), writer.text(condition, precedence), writer.text(no, _RELATION)]
    return "{} if {} else {}".format(*texts), _LOOSE


def _sign(x: Any) -> str:
    """The name of the head of an array or an expression, such as ``"&"``; empty for a number."""
    head = getattr(x, "head", "")
    return head if isinstance(head, str) else head.name


def _is_whole(exponent: Any) -> bool:
    """Whether Python's ** can be used: with a fractional exponent, it turns negative numbers into complex ones."""
    return isinstance(exponent, (int, float)) and float(exponent).is_integer()


class FloatReturned(Returned):
    """The text of what the function returns."""

    def _array(self, numbers: Any) -> str:
        text = self._nested(numbers.tolist())
        return f"{self.body.module.use('array')}({text})" if numbers.ndim else text

    def _nested(self, numbers: Any) -> str:
        if isinstance(numbers, list):
            return f"[{', '.join(map(self._nested, numbers))}]"
        return self.single(self.outputs[numbers])


class FloatAssembly(Assembly):
    """The source of a module whose functions take floats."""

    def __init__(self, title: str, *arguments: Any) -> None:
        super().__init__(f"{title}\n\n{_NOTE}\n", *arguments)

    def _module(self, largest: float, dialect: Dialect) -> Module:
        return FloatModule(self.layout, largest, dialect)

    def _body(self, program: ArrayProgram, returned: Sequence[Any]) -> Body:
        return FloatBody(self.module, program, returned)

    def _returned(self, body: Body, returned: Sequence[Any]) -> Returned:
        return FloatReturned(body, returned, self.batched)

    def _signature(self) -> str:
        return ", ".join([*[x.name for x in self.inputs], self.layout.vector])

    def _opening(self, body: Body, returned: str) -> list[Line]:
        """The parameters, by their names."""
        names = [part.name for part in self.layout.parts]
        floats = f"{self.layout.vector}.tolist()"
        if len(names) > 1 and len(", ".join(names)) + len(floats) + 3 <= WIDEST:
            return [Line(f"{', '.join(names)} = {floats}")]
        rows = textwrap.wrap(f"{', '.join(names)},", WIDEST, break_long_words=False, break_on_hyphens=False)
        if len(names) > 1:
            return [Line("("), *[Line(f"    {row}") for row in rows], Line(f") = {floats}")]
        return [Line(f"({names[0]},) = {floats}")] if names else []

    def parameters(self) -> None:
        """Append nothing: the other functions begin with the line that names the parameters."""


# --- the second reading -----------------------------------------------------------------------------------------------


class _Careful(ast.NodeTransformer):
    functions: Mapping[type, Any] = {
        ast.Div: ieee.divide,
        ast.FloorDiv: ieee.floor_divide,
        ast.Mod: ieee.remainder,
        ast.Pow: ieee.power,
    }

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        function = self.functions.get(type(node.op))
        if function is None:
            return node
        return ast.Call(ast.Name(function.__name__, ast.Load()), [node.left, node.right], [])


def careful(source: str, title: str) -> dict[str, Any]:
    """The names that the source defines, with functions of `autograd.ieee` in place of operators that may raise.

    Examples
    --------
    >>> careful("def f(x, y):\\n    return x / y - 1.0", "f")["f"](1.0, 0.0)
    inf
    """
    scope: dict[str, Any] = {function.__name__: function for function in _Careful.functions.values()}
    tree = ast.fix_missing_locations(_Careful().visit(ast.parse(source)))
    exec(compile(tree, f"<compiled {title}>", "exec"), scope)
    return scope
