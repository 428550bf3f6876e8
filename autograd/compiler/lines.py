"""Lines of NumPy source: expressions over named arrays, and how they are printed.

Expressions are those of `autograd.symbols`, so a rule of the calculus read with symbols is already one; here are the
few things that arrays have besides: a text that follows an expression, such as ``.sum(axis=0)``, and the signs that
NumPy writes differently. Products are kept simple as they are made: no factor 1, no double minus.
"""

from __future__ import annotations

import re
from collections import Counter

from .. import ops
from ..symbols import (
    _CALL,
    _LOOSE,
    _POWER,
    _PRODUCT,
    _RELATION,
    _SIGN,
    _SUM,
    Expression,
    Printer,
    Symbol,
    Unfolding,
    postorder,
)
from .arrays import MATMUL, SUM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    Code: TypeAlias = Expression | float


VECTOR = "theta"
"""The name of the vector that holds all parameters."""

HALF_POWER = "half_power"
"""What the function is called that computes a ** 0.5; NumPy would take the square root."""


class Postfix(Expression):
    """An expression with a text behind it: an index, an attribute, a method call.

    Examples
    --------
    >>> NumPy().text(Postfix(Symbol("A") + Symbol("B"), ".sum(axis=0)"))
    '(A + B).sum(axis=0)'
    """

    __slots__ = ("suffix",)

    def __init__(self, operand: Any, suffix: str) -> None:
        super().__init__("postfix", (operand,))
        self.suffix = suffix


class Invoke(Expression):
    """A call of a NumPy function by name, with a text after the operands.

    Examples
    --------
    >>> NumPy().text(Invoke("broadcast_to", [Symbol("A")], "(3, n)"))
    'broadcast_to(A, (3, n))'
    """

    __slots__ = ("name", "tail")

    def __init__(self, name: str, operands: Sequence[Any], tail: str = "") -> None:
        super().__init__("invoke", tuple(operands))
        self.name, self.tail = name, tail


class Mask(Expression):
    """A condition as the numbers 1 and 0.

    Among other numbers in a product or a difference NumPy takes a condition for these by itself; standing alone it
    would be no array of numbers.

    Examples
    --------
    >>> a = Symbol("a")
    >>> NumPy().text(Mask(a > 0.0)), NumPy().text(a * Mask(a > 0.0))
    ('where(a > 0.0, 1.0, 0.0)', 'a * (a > 0.0)')
    """

    __slots__ = ()

    def __init__(self, condition: Any) -> None:
        super().__init__("mask", (condition,))


class NumPy(Unfolding):
    """NumPy source."""

    signs = Printer.signs | {
        MATMUL.name: ("{} @ {}", _PRODUCT, _PRODUCT, _SIGN),
        "&": ("({}) & ({})", _LOOSE, _LOOSE, _LOOSE),
        "|": ("({}) | ({})", _LOOSE, _LOOSE, _LOOSE),
        "==": ("{} == {}", _RELATION, _SUM, _SUM),
        "!=": ("{} != {}", _RELATION, _SUM, _SUM),
        "~": ("~{}", _POWER, _POWER, _POWER),
    }

    def bound(self, x: Any) -> tuple[str, int]:
        if id(x) in self.known:
            return self.known[id(x)]
        if isinstance(x, Postfix):
            return self.text(x.operands[0], _CALL) + x.suffix, _CALL
        if isinstance(x, Invoke):
            return f"{x.name}({', '.join([*map(self.text, x.operands), *[x.tail] * bool(x.tail)])})", _CALL
        if isinstance(x, Mask):
            return f"where({self.text(x.operands[0])}, 1.0, 0.0)", _CALL
        if isinstance(x, Expression) and x.head in (ops.mul, ops.sub):
            a, b = x.operands
            if isinstance(a, Expression) and isinstance(b, Expression) and isinstance(a, Mask) != isinstance(b, Mask):
                a, b = (y.operands[0] if isinstance(y, Mask) else y for y in (a, b))
                return super().bound(Expression(x.head, (a, b)))
        if isinstance(x, Expression) and x.head is SUM:
            return " + ".join([self.text(operand, _SUM) for operand in x.operands]), _SUM
        return super().bound(x)

    def call(self, name: str, x: Expression) -> str:
        return f"{name}({', '.join(map(self.text, x.operands))})"


class Line:
    """One line of the program.

    Attributes
    ----------
    target : str
        What stands to the left of the sign.
    value : expression
    comment : str
        Shown at the line's end.
    temporary : bool
        Whether the line may be merged into the only one that uses it.
    adds : bool
        Whether the sign is ``+=``.
    """

    def __init__(self, target: str, value: Any, comment: str = "", temporary: bool = False, adds: bool = False) -> None:
        self.target, self.value, self.comment, self.temporary, self.adds = target, value, comment, temporary, adds

    @property
    def written(self) -> str:
        """The name of the array that the line makes or changes."""
        return names_in(self.target or NumPy().text(self.value.operands[0]))[0]

    def text(self) -> str:
        value = NumPy().text(self.value)
        return f"{self.target} {'+=' if self.adds else '='} {value}"


_NAMES = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|((?<![\w.])[^\W\d]\w*|(?<=\.)[^\W\d]\w*)""", re.DOTALL)


def names_in(text: str) -> list[str]:
    """The identifiers in a text, in order; not what is quoted.

    >>> names_in("W1 @ X.T + 2.0e3"), names_in("f(a, 'not b', c)")
    (['W1', 'X', 'T'], ['f', 'a', 'c'])
    """
    return [name for name in _NAMES.findall(text) if name]


def nodes(x: Any) -> list[Expression]:
    """An expression and all those inside it, each once, operands before what is made of them."""
    return postorder([x])


def replaced(x: Any, change: Callable[[Expression], Any]) -> Any:
    """The expression with `change` made to every part of it, from the inside out; what is in it twice is made once."""
    made: dict[int, Any] = {}
    for part in nodes(x):
        made[id(part)] = change(with_operands(part, [made.get(id(y), y) for y in part.operands]))
    return made.get(id(x), x)


def with_operands(x: Expression, operands: Sequence[Any]) -> Expression:
    """The expression on other operands; itself if they are the same."""
    if all(a is b for a, b in zip(operands, x.operands)):
        return x
    if isinstance(x, Postfix):
        return Postfix(operands[0], x.suffix)
    if isinstance(x, Invoke):
        return Invoke(x.name, operands, x.tail)
    if isinstance(x, Mask):
        return Mask(operands[0])
    return Expression(x.head, tuple(operands))


# --- long expressions -----------------------------------------------------------------------------------------

LONGEST = 64
"""An expression of more operations is cut."""


def measure(results: Sequence[Any]) -> tuple[int, int]:
    """How many operations the expressions are when they are written out, counted up to a bound; how deep they are.

    Examples
    --------
    >>> a = Symbol("a")
    >>> double = a + a
    >>> measure([double * double])
    (3, 2)
    """
    sizes: dict[int, int] = {}
    depths: dict[int, int] = {}
    for x in postorder(results):
        if not isinstance(x, Symbol):
            sizes[id(x)] = min(1 + sum([sizes.get(id(y), 0) for y in x.operands]), LONGEST + 1)
            depths[id(x)] = 1 + max([depths.get(id(y), 0) for y in x.operands], default=0)
    return sum([sizes.get(id(x), 0) for x in results]), max([depths.get(id(x), 0) for x in results], default=0)


def cut(results: Sequence[Any], named: Callable[[], str]) -> tuple[list[tuple[Symbol, Expression]], list[Any]]:
    """Expressions that are long or deep in pieces: what they have twice, and what is deep, under names of its own.

    So the text grows with the number of operations, and no line is too nested to be printed, or for Python to read.

    Parameters
    ----------
    results : sequence of expressions and numbers
    named : callable
        Gives a new name at every call.

    Returns
    -------
    pieces : list of (Symbol, expression)
        In the order in which they are computed.
    results : list of expressions and numbers
        What is left of them.

    Examples
    --------
    >>> x = a = Symbol("a")
    >>> for _ in range(8):
    ...     x = x * x + 1.0
    >>> names = iter("bcdefgh")
    >>> pieces, (left,) = cut([x], lambda: next(names))
    >>> pieces[0], pieces[-1], left
    ((b, a * a + 1.0), (h, g * g + 1.0), h * h + 1.0)
    """
    size, depth = measure(results)
    if size <= LONGEST and depth <= Unfolding.deepest:
        return [], list(results)
    order = postorder(results)
    uses = Counter([id(y) for x in order for y in x.operands] + [id(x) for x in results])
    made: dict[int, Any] = {}
    depths: dict[int, int] = {}
    pieces: list[tuple[Symbol, Expression]] = []
    for x in order:
        if isinstance(x, Symbol):
            continue
        part = with_operands(x, [made.get(id(y), y) for y in x.operands])
        depth = 1 + max([depths.get(id(y), 0) for y in x.operands], default=0)
        if uses[id(x)] > 1 or depth > Unfolding.deepest:
            pieces.append((Symbol(named()), part))
            part, depth = pieces[-1][0], 0
        made[id(x)], depths[id(x)] = part, depth
    return pieces, [made.get(id(x), x) for x in results]


# --- simple products ------------------------------------------------------------------------------------------

N = Symbol("n")
"""The number of examples."""


def times(a: Any, b: Any) -> Any:
    """a * b, with numbers multiplied out in front, and a division by the number of examples among them.

    Examples
    --------
    >>> a = Symbol("a")
    >>> times(1.0, a), times(-1.0, -a), times(2.0, 0.5 * a), times(-a, a)
    (a, a, a, -(a * a))
    >>> times(2.0 / N, a), times(1.0 / N, a), times(1.0 / N, N)
    (2.0 / n * a, a / n, 1.0)
    """
    (x, a, by_n), (y, b, by_n_too) = _factors(a), _factors(b)
    number, divided = x * y, by_n or by_n_too
    if divided and (a is N or b is N):
        a, b, divided = (b if a is N else a), None, False
    rest = b if a is None else a if b is None else Expression(ops.mul, (a, b))
    if rest is None:
        return number / N if divided else number
    if divided:
        return rest / N if number == 1.0 else Expression(ops.mul, (number / N, rest))
    return rest if number == 1.0 else -rest if number == -1.0 else number * rest


def applied_to_rest(x: Any, change: Callable[[Any], Any]) -> Any:
    """A linear function of x, with x's number and sign outside of it.

    Examples
    --------
    >>> NumPy().text(applied_to_rest(-2.0 * Symbol("a") / N, lambda rest: Postfix(rest, ".sum()")))
    '-2.0 / n * a.sum()'
    """
    number, rest, divided = _factors(x)
    return times(number / N if divided else number, 1.0 if rest is None else change(rest))


def varies(x: Any) -> bool:
    """Whether x is more than a number, which may be divided by the number of examples."""
    return _factors(x)[1] is not None


def _factors(x: Any) -> tuple[float, Any, bool]:
    """x as a number times a rest, None if there is none, and whether it is divided by the number of examples."""
    number, divided = 1.0, False
    first: Any
    while isinstance(x, Expression):
        first = x.operands[0] if x.operands else None
        if x.head is ops.neg:
            number, x = -number, first
        elif x.head is ops.div and x.operands[1] is N:
            divided, x = True, first
        elif x.head is ops.mul and isinstance(first, Expression) and first.head is ops.div and first.operands[1] is N:
            if isinstance(first.operands[0], Expression):
                return number, x, divided
            number, divided, x = number * first.operands[0], True, x.operands[1]
        elif x.head is ops.mul and not isinstance(first, Expression):
            number, x = number * first, x.operands[1]
        else:
            return number, x, divided
    return number * x, None, divided


def added(terms: Sequence[Any]) -> Any:
    """The sum of the terms, with equal ones gathered.

    Examples
    --------
    >>> a, b = Symbol("a"), Symbol("b")
    >>> NumPy().text(added([-a, b])), NumPy().text(added([a, a, 2.0 * b])), NumPy().text(added([a / N, b / N]))
    ('b - a', '2.0 * a + 2.0 * b', '(a + b) / n')
    """
    parts = [(term, *_factors(term)) for term in terms]
    common = len(terms) > 1 and all(divided for *_, divided in parts)
    gathered: dict[str, list[Any]] = {}
    for term, number, rest, divided in parts:
        if rest is not None and divided and not common:
            rest, number = times(1.0 / N, times(number, rest)), 1.0
        elif rest is None and divided and not common:
            rest, number = term, 1.0
        gathered.setdefault("" if rest is None else NumPy().text(rest), [0.0, rest])[0] += number
    total: Any = None
    for number, rest in sorted(gathered.values(), key=lambda term: term[0] < 0.0):
        if number == 0.0 and rest is None:
            continue
        if total is None:
            total = number if rest is None else times(number, rest)
        elif number < 0.0:
            total = total - (-number if rest is None else times(-number, rest))
        else:
            total = total + (number if rest is None else times(number, rest))
    if total is None:
        return 0.0
    return times(1.0 / N, total) if common else total


def extents(shape: tuple[int | str, ...], batched: bool) -> str:
    """The text of a shape.

    >>> extents((3,), False), extents((3, 4), True), extents((), True)
    ('(3,)', '(3, 4, n)', '(n,)')
    """
    parts = [*map(str, shape), *["n"] * batched]
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
