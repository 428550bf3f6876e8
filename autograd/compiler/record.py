"""Pass 1, record: run the user's function on placeholders, or walk a recorded graph, and write down every operation.

A placeholder is one more reading of the operations (see ``ops``): it computes nothing and appends a row to a
`Scalars`. The Values that it meets are the parameters. Nothing is simplified here.
"""

from __future__ import annotations

import linecache
import sys

from .. import ops
from ..ops import OPS, Op
from ..value import Constant, Result, Value, enable_grad, enter
from .scalars import INPUT, NUMBER, PARAMETER, TRUTHS, Scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, NoReturn

_ALIASES = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2"}
_METHODS = {name: OPS[name] for name in ops.BUILTIN if hasattr(Value, name)}
_METHODS |= {alias: OPS[name] for alias, name in _ALIASES.items()}


def user_line() -> str:
    """The line of the user's program that is at work, as ``file.py:12 (`text`)``."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("autograd", "nn"):
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, line).strip()
    return f"{file.replace(chr(92), '/').rpartition('/')[2]}:{line}" + (f" (`{text}`)" if text else "")


class Placeholder:
    """A number that is not known yet: an element of an input, or what was computed from one."""

    __slots__ = ("recording", "row")

    __hash__ = object.__hash__

    def __init__(self, recording: Recording, row: int) -> None:
        self.recording = recording
        self.row = row

    @staticmethod
    def __apply_op__(op: Op, operands: tuple[Any, ...]) -> Placeholder:
        recording = next(x.recording for x in operands if isinstance(x, Placeholder))
        return recording.record(op, operands)

    def __add__(self, other: Any) -> Placeholder:
        return self._binary(ops.add, self, other)

    def __radd__(self, other: Any) -> Placeholder:
        return self._binary(ops.add, other, self)

    def __sub__(self, other: Any) -> Placeholder:
        return self._binary(ops.sub, self, other)

    def __rsub__(self, other: Any) -> Placeholder:
        return self._binary(ops.sub, other, self)

    def __mul__(self, other: Any) -> Placeholder:
        return self._binary(ops.mul, self, other)

    def __rmul__(self, other: Any) -> Placeholder:
        return self._binary(ops.mul, other, self)

    def __truediv__(self, other: Any) -> Placeholder:
        return self._binary(ops.div, self, other)

    def __rtruediv__(self, other: Any) -> Placeholder:
        return self._binary(ops.div, other, self)

    def __pow__(self, other: Any) -> Placeholder:
        return self._binary(ops.pow, self, other)

    def __rpow__(self, other: Any) -> Placeholder:
        return self._binary(ops.pow, other, self)

    def __neg__(self) -> Placeholder:
        return self.recording.record(ops.neg, (self,))

    def __pos__(self) -> Placeholder:
        return self

    def __abs__(self) -> Placeholder:
        return self.recording.record(ops.abs, (self,))

    def __lt__(self, other: Any) -> Any:
        return self._binary("<", self, other)

    def __le__(self, other: Any) -> Any:
        return self._binary("<=", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._binary(">", self, other)

    def __ge__(self, other: Any) -> Any:
        return self._binary(">=", self, other)

    def _binary(self, head: Op | str, a: Any, b: Any) -> Any:
        if getattr(a, "ndim", 0) > 0 or getattr(b, "ndim", 0) > 0:
            return NotImplemented
        return self.recording.record(head, (a, b))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        op = _METHODS.get(name)
        if op is not None:
            return lambda *operands: op(self, *operands)
        if name in ("data", "grad"):
            raise AttributeError(
                f"a placeholder has no {name}: the number is known only when the compiled program runs; "
                f"{user_line()} asks for it"
            )
        raise AttributeError(f"a placeholder has no attribute {name!r}")

    @property
    def label(self) -> str:
        """The name that the program's source may use."""
        return self.recording.scalars.labels.get(self.row, "")

    @label.setter
    def label(self, label: str) -> None:
        self.recording.scalars.labels[self.row] = label

    def __bool__(self) -> bool:
        raise TypeError(
            f"{user_line()} lets a placeholder steer Python, but it stands for every example at once; "
            "write autograd.where(condition, a, b) instead"
        )

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError(
            f"{user_line()} wants the number of a placeholder, which is known only when the compiled program runs; "
            "compute with placeholders by operators and autograd's functions"
        )

    __float__ = __int__ = __index__ = __complex__ = _refuse

    def __repr__(self) -> str:
        return f"<placeholder {self.label or self.row}>"


class Truth(Placeholder):
    """What a comparison of placeholders gives: true or false, for `where`, ``&`` and ``|``; a number 1 or 0."""

    __slots__ = ()

    def __and__(self, other: Any) -> Any:
        if isinstance(other, bool):
            return self if other else False
        return self.recording.record("&", (self, other))

    def __or__(self, other: Any) -> Any:
        if isinstance(other, bool):
            return True if other else self
        return self.recording.record("|", (self, other))

    __rand__ = __and__
    __ror__ = __or__


class Recording:
    """A scalar program in the making.

    Parameters
    ----------
    parameters : list of Value, optional
        The leaves that are parameters; other leaves are constants. If not given, all are parameters.
    """

    def __init__(self, parameters: Sequence[Value] | None = None) -> None:
        self.scalars = Scalars()
        self.parameters: list[Value] = [] if parameters is None else list(parameters)
        self._declared = parameters is not None
        self._rows: dict[Value, int] = {}
        for number, parameter in enumerate(self.parameters):
            self._rows[parameter] = self.scalars.add(PARAMETER, (number,), parameter.scope)
            self._name(parameter)

    def _name(self, value: Value) -> None:
        if value.label:
            self.scalars.labels[self._rows[value]] = value.label

    def input(self, argument: int, shape: tuple[int, ...]) -> Any:
        """Placeholders for an input: one, or nested lists of them."""
        positions = iter(range(_size(shape)))

        def build(shape: tuple[int, ...]) -> Any:
            if shape:
                return [build(shape[1:]) for _ in range(shape[0])]
            return Placeholder(self, self.scalars.add(INPUT, (argument, next(positions))))

        return build(shape)

    def record(self, head: Op | str, operands: Sequence[Any]) -> Placeholder:
        """Append an operation on placeholders, Values and numbers."""
        rows = tuple([self.row(x, head in TRUTHS or (head is ops.where and i == 0)) for i, x in enumerate(operands)])
        place = enter(None)
        enter(place)
        scope = "" if place is None else place.scope
        heads, made = self.scalars.heads, self.scalars.operands
        if head == "&" and (heads[rows[0]], heads[rows[1]]) == (">=", "<=") and made[rows[0]] == made[rows[1]]:
            head, rows = "==", made[rows[0]]  # as ops.equal spells it
        kind = Truth if head in TRUTHS else Placeholder
        return kind(self, self.scalars.add(head, rows, scope))

    def row(self, x: Any, truth: bool = False) -> int:
        """The row of a placeholder, a Value or a number; a truth value becomes a number unless `truth` will do."""
        if isinstance(x, Placeholder):
            if x.recording is not self:
                raise TypeError(f"{x!r} belongs to another recording; it must not outlive the function it was given to")
            if isinstance(x, Truth) and not truth:
                return self.scalars.add(
                    ops.where, (x.row, self.scalars.number(1.0), self.scalars.number(0.0)), self.scalars.scopes[x.row]
                )
            return x.row
        if isinstance(x, Value):
            return self.value(x)
        return self.scalars.number(Value(x).data)

    def value(self, root: Value) -> int:
        """The row of a Value; its graph is walked as far as it is new."""
        rows, scalars = self._rows, self.scalars
        stack = [root]
        while stack:
            node = stack[-1]
            if node in rows:
                stack.pop()
            elif not isinstance(node, Result):
                stack.pop()
                self._leaf(node)
            else:
                operands = node.operands
                missing = [x for x in operands if x not in rows]
                if missing:
                    stack.extend(reversed(missing))
                else:
                    stack.pop()
                    op = node.op
                    assert op is not None
                    rows[node] = scalars.add(op, tuple([rows[x] for x in operands]), node.scope)
                    self._name(node)
        return rows[root]

    def _leaf(self, leaf: Value) -> None:
        if isinstance(leaf, Constant) or self._declared:
            self._rows[leaf] = self.scalars.number(leaf.data)
        else:
            self._rows[leaf] = self.scalars.add(PARAMETER, (len(self.parameters),), leaf.scope)
            self.parameters.append(leaf)
            self._name(leaf)


def _size(shape: Iterable[int]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def record(f: Callable[..., Any], shapes: Sequence[tuple[int, ...]], parameters: Sequence[Value] | None) -> Any:
    """Run `f` on placeholders of these shapes.

    Returns
    -------
    recording : Recording
        With the rows of everything that `f` returned as roots.
    structure : nested lists of int, or int
        What `f` returned, with the number of a root for each Value.

    Examples
    --------
    >>> w = Value(2.0, "w")
    >>> recording, structure = record(lambda x: (w * x[0] + x[1]).tanh(), [(2,)], None)
    >>> recording.scalars.counts()
    {'input': 2, 'parameter': 1, 'mul': 1, 'add': 1, 'tanh': 1}
    """
    recording = Recording(parameters)
    inputs = [recording.input(argument, shape) for argument, shape in enumerate(shapes)]
    with enable_grad():
        returned = f(*inputs)
    return recording, _structure(recording, returned)


def record_graph(root: Value, parameters: Sequence[Value] | None) -> Any:
    """The same for a graph that is there already."""
    recording = Recording(parameters)
    return recording, _structure(recording, root)


def _structure(recording: Recording, returned: Any) -> Any:
    if isinstance(returned, (list, tuple)) or getattr(returned, "ndim", 0) > 0:
        return [_structure(recording, x) for x in returned]
    if not isinstance(returned, (Placeholder, Value)):
        raise TypeError(
            f"a function to compile must return a Value, or lists of them, not {type(returned).__name__}: "
            f"{returned!r:.60}"
        )
    recording.scalars.roots.append(recording.row(returned))
    return len(recording.scalars.roots) - 1


__all__ = ["NUMBER", "Placeholder", "Recording", "record", "record_graph", "user_line"]
