"""Arithmetic written as text, such as ``tanh(w*x + b)``, as a function that makes a graph.

The language is a small part of Python's: numbers, names, ``+ - * / **`` and parentheses, which bind as they do there,
and autograd's operations by name. The text is data, and is never run as Python. It is not given to Python's parser
either, which refuses a sum of 3,000 terms, or 200 nested parentheses, by limits that change from version to version;
the stack of the parser here has no limit but memory.
"""

from __future__ import annotations

import re

from . import ops
from .ops import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

__all__ = ["ExpressionError", "Formula"]

_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<call>[^\W\d]\w*\s*\()|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\*\*|[-+*/()\[\],])|(?P<other>\S)"
)
# How tightly each sign binds, and the operation that it stands for.
_SIGNS = {"+": (1, ops.add), "-": (1, ops.sub), "*": (2, ops.mul), "/": (2, ops.div), "**": (4, ops.pow)}
_MINUS = (3, ops.neg)
_CLOSING = {"(": ")", "call": ")", "[": "]"}
_HINTS = {
    "'": "an expression cannot contain text",
    '"': "an expression cannot contain text",
    ".": "an expression cannot contain attributes; write tanh(x) for x.tanh()",
    "^": "powers are written with **",
    "=": "the values of names are given after the expression, as in w=0.5",
    "<": "an expression cannot contain comparisons; maximum, minimum and relu choose between numbers",
    ">": "an expression cannot contain comparisons; maximum, minimum and relu choose between numbers",
}


class ExpressionError(ValueError):
    """A text is not an expression, or cannot be computed; the message shows the place.

    Parameters
    ----------
    message : str
    text : str
        The expression.
    column : int
        Where in the text, from 0; also an attribute.

    Examples
    --------
    >>> try:
    ...     Formula("2 *")
    ... except ExpressionError as error:
    ...     print(error.column)
    3
    """

    def __init__(self, message: str, text: str, column: int) -> None:
        self.column = column
        start, end = max(0, column - 50), column + 25
        before, after = "…" if start else "", "…" if end < len(text) else ""
        line = "".join([c if c.isprintable() else " " for c in text[start:end]])
        super().__init__(f"{message}\n    {before}{line}{after}\n    {' ' * (len(before) + column - start)}^")


class Formula:
    """An expression that has been read, and can be computed.

    Parameters
    ----------
    text : str
        The expression. Operations are called by their names in `autograd`; those on sequences take lists, as in
        ``sum([a, b])`` and ``dot([w1, w2], [x1, x2], b)``.

    Attributes
    ----------
    text : str
    variables : dict of str to int
        The names in it in the order of appearance, with the column where each stands first.

    Raises
    ------
    ExpressionError
        If the text is no such expression.

    Examples
    --------
    >>> from autograd import Value
    >>> formula = Formula("tanh(w*x + b)")
    >>> list(formula.variables)
    ['w', 'x', 'b']
    >>> formula({"w": Value(0.5), "x": Value(2.0), "b": 1.0})
    Value(data=0.9640275800758169, grad=0.0, op='tanh')
    >>> Formula("2 * (x + * y)")
    Traceback (most recent call last):
        ...
    autograd.expression.ExpressionError: a number, a name or '(' is missing before '*'
        2 * (x + * y)
                 ^
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.variables: dict[str, int] = {}
        reader = _Reader(text)
        self._steps = reader.steps
        for kind, name, column in self._steps:
            if kind == "name":
                self.variables.setdefault(name, column)

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Compute the expression.

        Parameters
        ----------
        values : mapping of str to Value or number
            What the names stand for.

        Returns
        -------
        Value or float
            What the same text gives in a Python program, with floats for numbers; a float if no Value is involved.

        Raises
        ------
        ExpressionError
            If a name has no value, or if an operation is called with operands that it does not take.
        """
        stack: list[Any] = []
        for kind, what, column in self._steps:
            if kind == "number":
                stack.append(what)
            elif kind == "name":
                if what not in values:
                    message = f"the name {what[:40]!r} has no value; give it one, as in {what[:40]}=0.5"
                    raise ExpressionError(message, self.text, column)
                stack.append(values[what])
            else:
                op, count = what
                operands = stack[len(stack) - count :]
                del stack[len(stack) - count :]
                stack.append(operands if op is None else self._apply(op, operands, column))
        return stack[0]

    def _apply(self, op: Op, operands: list[Any], column: int) -> Any:
        lists = [isinstance(x, list) for x in operands]
        if isinstance(op, ops._Dot):
            if lists not in ([True, True], [True, True, False]):
                message = "dot takes two lists, and optionally a bias, as in dot([w1, w2], [x1, x2], b)"
                raise ExpressionError(message, self.text, column)
        elif isinstance(op, ops._Nary):
            if lists != [True]:
                raise ExpressionError(f"{op.name} takes one list, as in {op.name}([a, b])", self.text, column)
        elif any(lists):
            raise ExpressionError(f"{op.name} takes no lists", self.text, column)
        try:
            return op(*operands)
        except (TypeError, ValueError) as error:
            raise ExpressionError(str(error), self.text, column) from None


class _OpenBracket:
    """An open bracket of a parenthesised expression, a list or a call. `items` counts the complete items inside."""

    __slots__ = ("sign", "column", "op", "items")

    def __init__(self, sign: str, column: int, op: Op | None = None) -> None:
        self.sign = sign
        self.column = column
        self.op = op
        self.items = 0


class _Reader:
    """Puts an expression into the order of computing: each operation after its operands.

    This is Dijkstra's shunting-yard algorithm: operations without their right operand, and open brackets, wait on a
    stack.

    Attributes
    ----------
    steps : list of tuple
        A kind, its content and its column in the text. The content of a ``"number"`` is a float, that of a ``"name"`` a
        str, and that of ``"apply"`` an operation, or None to make a list, with the number of operands.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps: list[tuple[str, Any, int]] = []
        self.waiting: list[_OpenBracket | tuple[int, Op, int]] = []
        self.operand_is_next = True
        self.opened: _OpenBracket | None = None  # the bracket that the latest token opened, if it opened one
        for match in _TOKEN.finditer(text):
            kind, token, column = str(match.lastgroup), match.group(), match.start()
            opened, self.opened = self.opened, None
            if not self.operand_is_next:
                self.read_after_operand(token, column)
            elif opened is not None and token == _CLOSING[opened.sign] and opened.sign != "(":
                self.close(token, column)
            else:
                self.read_operand(kind, token, column)
        if not self.steps and not self.waiting:
            self.fail("the expression is empty", 0)
        if self.operand_is_next:
            self.fail("a number, a name or '(' is missing at the end", len(text.rstrip()))
        bracket = self.emit_waiting()
        if bracket is not None:
            self.fail("the bracket that is opened here is never closed", bracket.column)

    def fail(self, message: str, column: int) -> NoReturn:
        raise ExpressionError(message, self.text, column)

    def fail_unexpected(self, missing: str, token: str, column: int) -> NoReturn:
        self.fail(_HINTS.get(token) or f"{missing} is missing before {token[:40]!r}", column)

    def read_operand(self, kind: str, token: str, column: int) -> None:
        """Take a token where an operand must begin."""
        if kind == "number":
            self.steps.append((kind, float(token), column))
            self.operand_is_next = False
        elif kind == "name":
            self.steps.append((kind, token, column))
            self.operand_is_next = False
        elif kind == "call":
            self.open(_OpenBracket("call", column, self.find(token[:-1].rstrip(), column)))
        elif token == "(":
            self.open(_OpenBracket(token, column))
        elif token == "[":
            enclosing = self.waiting[-1] if self.waiting else None
            if not isinstance(enclosing, _OpenBracket) or enclosing.sign != "call":
                self.fail("a list can only be an operand of a function, as in sum([a, b])", column)
            self.open(_OpenBracket(token, column))
        elif token == "-":
            self.waiting.append((*_MINUS, column))
        elif token != "+":
            self.fail_unexpected("a number, a name or '('", token, column)

    def read_after_operand(self, token: str, column: int) -> None:
        """Take a token after a complete operand: a sign, a comma or a closing bracket."""
        if token in _SIGNS:
            binds, op = _SIGNS[token]
            self.emit_waiting(binds if op is not ops.pow else binds + 1)  # powers are computed from right to left
            self.waiting.append((binds, op, column))
            self.operand_is_next = True
        elif token == ",":
            bracket = self.emit_waiting()
            if bracket is None or bracket.sign == "(":
                self.fail("a comma can only stand between the operands of a function or in a list", column)
            bracket.items += 1
            self.operand_is_next = True
        elif token in (")", "]"):
            bracket = self.emit_waiting()
            if bracket is not None:
                bracket.items += 1
            self.close(token, column)
        else:
            self.fail_unexpected("an operator", token, column)

    def open(self, bracket: _OpenBracket) -> None:
        self.waiting.append(bracket)
        self.opened = bracket

    def close(self, token: str, column: int) -> None:
        bracket = self.emit_waiting()
        if bracket is None:
            self.fail(f"this {token!r} closes no bracket", column)
        if token != _CLOSING[bracket.sign]:
            self.fail(f"{_CLOSING[bracket.sign]!r} is missing before {token!r}", column)
        self.waiting.pop()
        if bracket.sign != "(":
            self.steps.append(("apply", (bracket.op, bracket.items), bracket.column))
        self.operand_is_next = False

    def emit_waiting(self, binds: int = 0) -> _OpenBracket | None:
        """Add the steps of the waiting operations that bind at least as tightly as `binds`.

        It ends at the latest open bracket, and returns that; or None, if it ends at another operation or at the bottom.
        """
        while self.waiting:
            top = self.waiting[-1]
            if isinstance(top, _OpenBracket):
                return top
            if top[0] < binds:
                break
            _, op, column = top
            self.waiting.pop()
            self.steps.append(("apply", (op, 1 if op is ops.neg else 2), column))
        return None

    def find(self, name: str, column: int) -> Op:
        """The operation called `name`."""
        if name not in ops.OPS:
            from difflib import get_close_matches

            close = get_close_matches(name, ops.OPS, 1, 0.6)
            hint = f"; do you mean {close[0]!r}?" if close else "; the functions are autograd's operations"
            self.fail(f"there is no function {name[:40]!r}{hint}", column)
        return ops.OPS[name]
