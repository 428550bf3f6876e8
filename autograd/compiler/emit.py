"""Pass: the lines as the source of a Python module.

The module imports NumPy's functions, defines those operations that NumPy does not have, from their own rules, and then
the program: `forward`, which returns the outputs or the loss, and `step`, which returns the loss and its gradient as
one vector. Constants too large to be written out are named in a comment; the module gets them when it is run.
"""

from __future__ import annotations

import numpy as np

from .. import arrays as numpy_reading
from .. import ops
from ..ops import BUILTIN, OPS, Op
from ..symbols import Expression, Symbol, postorder
from .arrays import SUM
from .forward import read
from .lines import HALF_POWER, VECTOR, Invoke, Line, N, NumPy, Postfix, names_in, nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

LITERAL = 16
"""Constants of at most so many numbers are written out."""

OF_ARRAYS = frozenset({"products_of_others", "require"})
"""Functions besides the operations that `autograd.arrays` has."""

RESERVED = frozenset({VECTOR, N.name, "loss", "gradient", "step", "outputs", "parameters", HALF_POWER, *OF_ARRAYS})
"""Names that a module has for something of its own."""

_HALF_POWER = '''\
def half_power(a):
    """a ** 0.5 as C has it; NumPy's is the square root, which is nan at -inf and -0.0 at -0.0."""
    return where(a == -inf, inf, sqrt(a + 0.0))'''

FUNCTIONS = {
    "where",
    "sqrt",
    "maximum",
    "minimum",
    "broadcast_arrays",
    "broadcast_to",
    "concatenate",
    "zeros",
    "add",
    "array",
    "inf",
    "nan",
}


class Module:
    """The source of a module, as it grows.

    Parameters
    ----------
    title : str
        Its docstring.
    constants : mapping of str to array
    """

    def __init__(self, title: str, constants: Mapping[str, NDArray[Any]]) -> None:
        self.title = title
        self.constants = constants
        self.bodies: list[str] = []
        self.functions: dict[Op, tuple[str, str]] = {}  # those that NumPy lacks, with their name and text
        self.helpers: dict[str, str] = {}
        self.imported: set[str] = set()
        self.missing: set[str] = set()  # those that neither NumPy nor a rule gives

    def define(self, name: str, signature: str, doc: str, lines: Iterable[Line], returned: str) -> None:
        """Append a function."""
        body = [(self._text(line), line.comment) for line in lines]
        width = min(max([len(text) for text, comment in body if comment], default=0), 60)
        rows = [f"    {text:<{width}}  # {comment}" if comment else f"    {text}" for text, comment in body]
        self._use(returned)
        self.bodies.append(
            "\n".join(
                [*_wrapped(f"def {name}({signature}):", "("), f'    """{doc}"""', *rows, f"    return {returned}"]
            )
        )

    def parameters(self, parts: Sequence[Any], vector: str) -> None:
        """Append the function that names the parts of the vector."""
        lines = []
        for part in parts:
            piece = f"{vector}[{part.start}:{part.stop}]"
            shape = (*part.shape, 1) if part.column else part.shape
            if len(shape) != 1:
                piece += f".reshape({', '.join(map(str, shape)) or '()'})"
            lines.append(f"    {part.name} = {piece}")
        names = ", ".join([part.name for part in parts])
        head = [f"def parameters({vector}):", '    """The named parts of the vector of all parameters."""']
        returned = f"{names}{',' * (len(parts) == 1)}" if parts else "()"
        self.bodies.append("\n".join([*head, *lines, f"    return {returned}"]))

    def _text(self, line: Line) -> str:
        for x in nodes(line.value):
            if _is_call(x):
                self._require(x.head)
        value = _Named(self).text(line.value)
        text = f"{line.target} {'+=' if line.adds else '='} {value}" if line.target else value
        self._use(text)
        return text

    def _use(self, text: str) -> None:
        names = names_in(text)
        self.imported.update(FUNCTIONS.intersection(names))
        self.missing.update(OF_ARRAYS.intersection(names))
        if HALF_POWER in names and HALF_POWER not in self.helpers:
            self.helpers[HALF_POWER] = _HALF_POWER
            self._use(_HALF_POWER)

    def called(self, op: Any) -> str:
        """The name of an operation's function in the module."""
        if op in self.functions:
            return self.functions[op][0]
        return "abs" if op is ops.abs else str(op.numpy)  # Python's own is the shorter word

    def _require(self, op: Any) -> None:
        """See to it that a function for the operation is there."""
        if op in self.functions:
            return
        if op.name in BUILTIN and (op.elementary or op.name in ("square", "reciprocal", "positive")):
            if op.name in numpy_reading.LACKING:
                self.missing.add(op.name)
            elif op is not ops.abs:
                self.imported.add(self.called(op))
            return
        name = op.name
        while name in self._names_of_others():
            name += "_"
        self.functions[op] = name, ""  # first, for rules that mention each other
        self.functions[op] = name, self._defined(op, name)

    def _names_of_others(self) -> set[str]:
        taken = {name for name, _ in self.functions.values()}
        return taken.union(FUNCTIONS, RESERVED, [op.numpy for op in OPS.values() if op.numpy != op.name])

    def _defined(self, op: Op, called: str) -> str:
        """An operation as a function, from its rule; what its expression has twice gets a name."""
        code = getattr(op.forward, "__code__", None)
        count = op.arity or 0
        names = code.co_varnames[:count] if code is not None and code.co_argcount == count else ()
        if not names or not self._names_of_others().union(OPS).isdisjoint(names):
            names = tuple([f"x{i + 1}" for i in range(count)])
        rule = read(op, op.forward, [Symbol(name) for name in names])
        for x in postorder([rule]):
            if _is_call(x):
                self._require(x.head)
        if not {x.name for x in nodes(rule) if isinstance(x, Symbol)}.issuperset(names):  # one is left aside
            rule = Postfix(Invoke("broadcast_arrays", [rule, *[Symbol(name) for name in names]]), "[0]")
        free = "z" if "z" not in {name[0] for name in names} else "_"
        lines, (result,) = _Named(self).unfolded([rule], lambda i: f"{free}{i}", "    {} = {}")
        self._use("\n".join([*lines, result]))
        return "\n".join([f"def {called}({', '.join(names)}):", *lines, f"    return {result}"])

    def source(self) -> str:
        """The text."""
        constants = []
        for name, values in self.constants.items():
            if values.size <= LITERAL:
                self.imported.add("array")
                text = np.array2string(values, separator=", ", floatmode="unique", max_line_width=10**6)
                for word in ("inf", "nan"):
                    if word in text:
                        self.imported.add(word)
                constants.append(f"{name} = array({' '.join(text.split())})")
            else:
                constants.append(f"# {name}: a constant of shape {values.shape}")
        head = [f'"""{self.title}"""', ""]
        if self.imported:
            head += _wrapped(f"from numpy import {', '.join(sorted(self.imported))}", "import ")
        if self.missing:
            head.append(f"from autograd.arrays import {', '.join(sorted(self.missing))}  # NumPy has none")
        parts = ["\n".join(head)]
        if constants:
            parts.append("\n".join(constants))
        functions = [text for _, text in self.functions.values()]
        parts += [f"\n{text}" for text in (*self.helpers.values(), *functions, *self.bodies)]
        return "\n\n".join(parts) + "\n"


class _Named(NumPy):
    """Calls operations by the names that they have in a module."""

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.module = module

    def call(self, name: str, x: Expression) -> str:
        return super().call(self.module.called(x.head) if isinstance(x.head, Op) else name, x)


def _wrapped(line: str, opening: str) -> list[str]:
    """A line with a list of names in it, over several lines if it is long; they begin behind `opening`."""
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


def _is_call(x: Expression) -> bool:
    return isinstance(x.head, Op) and x.head is not SUM and x.head.name not in NumPy.signs
