"""The symbolic reading of the operations: rules as expressions, and expressions as text.

Applied to `Symbol`s, a rule of `ops` builds an `Expression` instead of computing. A printer turns the expression into
Python or JavaScript source, LaTeX or MathML; another language is another `Printer`. So a page computes with the rule
that the engine computes with, never with a second copy of it; and people are shown the textbook's formula from the same
row, or the rule as it is computed. This module simplifies nothing.
"""

from __future__ import annotations

import html
import math

from . import ops
from .ops import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = [
    "Expression",
    "JavaScript",
    "Latex",
    "MathML",
    "Plain",
    "Printer",
    "Python",
    "Rule",
    "Symbol",
    "latex",
    "python",
]


class Operators:
    """Base class of what rules are read with: Python's operators, by means of a subclass's two methods."""

    __slots__ = ()

    @staticmethod
    def __apply_op__(op: Op, operands: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    @staticmethod
    def related(sign: str, operands: tuple[Any, ...]) -> Any:
        """The result of a comparison, or of joining two conditions by ``&`` or ``|``."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return self.__apply_op__(ops.add, (self, other))

    def __radd__(self, other: Any) -> Any:
        return self.__apply_op__(ops.add, (other, self))

    def __sub__(self, other: Any) -> Any:
        return self.__apply_op__(ops.sub, (self, other))

    def __rsub__(self, other: Any) -> Any:
        return self.__apply_op__(ops.sub, (other, self))

    def __mul__(self, other: Any) -> Any:
        return self.__apply_op__(ops.mul, (self, other))

    def __rmul__(self, other: Any) -> Any:
        return self.__apply_op__(ops.mul, (other, self))

    def __truediv__(self, other: Any) -> Any:
        return self.__apply_op__(ops.div, (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return self.__apply_op__(ops.div, (other, self))

    def __floordiv__(self, other: Any) -> Any:
        return self.__apply_op__(ops.floor_divide, (self, other))

    def __rfloordiv__(self, other: Any) -> Any:
        return self.__apply_op__(ops.floor_divide, (other, self))

    def __mod__(self, other: Any) -> Any:
        return self.__apply_op__(ops.remainder, (self, other))

    def __rmod__(self, other: Any) -> Any:
        return self.__apply_op__(ops.remainder, (other, self))

    def __pow__(self, other: Any) -> Any:
        return self.__apply_op__(ops.pow, (self, other))

    def __rpow__(self, other: Any) -> Any:
        return self.__apply_op__(ops.pow, (other, self))

    def __neg__(self) -> Any:
        return self.__apply_op__(ops.neg, (self,))

    def __abs__(self) -> Any:
        return self.__apply_op__(ops.abs, (self,))

    def __lt__(self, other: Any) -> Any:
        return self.related("<", (self, other))

    def __le__(self, other: Any) -> Any:
        return self.related("<=", (self, other))

    def __gt__(self, other: Any) -> Any:
        return self.related(">", (self, other))

    def __ge__(self, other: Any) -> Any:
        return self.related(">=", (self, other))

    def __and__(self, other: Any) -> Any:
        if isinstance(other, bool):
            return self if other else False
        return self.related("&", (self, other))

    def __or__(self, other: Any) -> Any:
        if isinstance(other, bool):
            return True if other else self
        return self.related("|", (self, other))

    __rand__ = __and__
    __ror__ = __or__


class Expression(Operators):
    """An operation, or the sign of a relation, applied to expressions and numbers.

    Parameters
    ----------
    head : Op or str
        The operation, or the sign of a relation such as ``"<"``.
    operands : tuple
        Expressions and numbers.

    Examples
    --------
    >>> a = Symbol("a")
    >>> print(ops.exp(-a) / (1.0 + a))
    exp(-a) / (1.0 + a)
    """

    __slots__ = ("head", "operands")

    def __init__(self, head: Op | str, operands: tuple[Any, ...]) -> None:
        self.head = head
        self.operands = operands

    @staticmethod
    def __apply_op__(op: Op, operands: tuple[Any, ...]) -> Expression:
        return Expression(op, operands)

    @staticmethod
    def related(sign: str, operands: tuple[Any, ...]) -> Expression:
        a, b = operands
        # ops.equal writes x == y as (x >= y) & (x <= y), because == of Values is identity.
        if sign == "&" and (a.head, b.head) == (">=", "<=") and a.operands == b.operands:
            return Expression("==", a.operands)
        return Expression(sign, operands)

    def __bool__(self) -> bool:
        raise TypeError(f"the symbol {self} has no truth value; write conditions in a rule with autograd.where()")

    def __str__(self) -> str:
        return Python().text(self)

    __repr__ = __str__


class Symbol(Expression):
    """A variable in an expression.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> Symbol("x") + 1.0
    x + 1.0
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__("", ())
        self.name = name


class Rule:
    """An operation's rule as expressions.

    Parameters
    ----------
    op : Op
        The operation.
    names : sequence of str and float, optional
        What to call the operands; numbers stand for themselves. If not given they are named as in the rule's own
        text; an operation on any number of operands is shown with three (``dot`` with two pairs and a bias).
    out : str
        What to call the result.
    textbook : bool
        Whether to take the formulas of the textbook, for people, instead of those that are computed.

    Attributes
    ----------
    operands : tuple of Symbol (and float)
    out : Symbol
    forward : expression or number
        What ``out`` is.
    partials : tuple of expressions and numbers
        d(out)/d(operand) for each operand.

    Raises
    ------
    TypeError
        If the operation's rules are written with functions that take numbers only.

    Examples
    --------
    >>> rule = Rule(ops.tanh)
    >>> rule.forward, rule.partials
    (tanh(a), (square(sech(a)),))
    >>> Rule(ops.tanh, textbook=True).partials
    (1.0 - pow(out, 2.0),)
    """

    def __init__(
        self, op: Op, names: Sequence[str | float] | None = None, out: str = "out", textbook: bool = False
    ) -> None:
        self.op = op
        if names is None:
            if op.arity is None:
                names = ("w1", "w2", "x1", "x2", "b") if op is ops.dot else ("x1", "x2", "x3")
            else:
                code = getattr(op.partials, "__code__", None)
                names = code.co_varnames[: code.co_argcount][: op.arity] if code else ()
                if len(names) < op.arity:
                    names = tuple([f"x{i + 1}" for i in range(op.arity)])
        self.operands = tuple([Symbol(name) if isinstance(name, str) else name for name in names])
        self.out = Symbol(out)
        forward, partials = op.textbook if textbook else (None, None)
        if forward is None and not op.elementary:
            forward = op.forward
        try:
            self.forward: Any = Expression(op, self.operands) if forward is None else forward(*self.operands)
            self.partials: tuple[Any, ...] = (partials or op.partials)(*self.operands, self.out)
        except (TypeError, AttributeError) as error:
            raise TypeError(
                f"the rule of {op.name!r} cannot be read with symbols ({error}); write it with operators and "
                "autograd's functions"
            ) from error


# --- printers -------------------------------------------------------------------------------------------------

# Levels of precedence, from the loosest to the tightest, that of function calls and names.
_LOOSE, _RELATION, _SUM, _PRODUCT, _SIGN, _POWER, _CALL = range(7)

# For each of Python's operators the precedence of the whole, and the least that its left and its right operand must
# have to stand without parentheses.
_SUMS, _PRODUCTS = (_SUM, _SUM, _PRODUCT), (_PRODUCT, _PRODUCT, _SIGN)
_OPERATORS = {
    "+": _SUMS, "-": _SUMS, "*": _PRODUCTS, "/": _PRODUCTS, "//": _PRODUCTS, "%": _PRODUCTS,
    "**": (_POWER, _CALL, _SIGN),
}  # fmt: skip


def _infix() -> dict[str, tuple[str, int, int, int]]:
    """The `Printer.signs` of the operations that Python has operators for."""
    return {
        op.name: (f"{{}} {op.symbol} {{}}", *_OPERATORS[op.symbol])
        if op.arity == 2
        else (f"{op.symbol}{{}}", _SIGN, _SIGN, _SIGN)
        for op in ops.OPS.values()
        if op.infix
    }


class Printer:
    """Turns expressions into text. A language overrides what differs in it.

    ``signs`` has for each sign its text, the precedence of the whole, and the least that the left and the right operand
    must have to stand without parentheses.

    Examples
    --------
    >>> class Aloud(Printer):
    ...     signs = Printer.signs | {"*": ("{} times {}", *Printer.signs["mul"][1:])}
    >>> Aloud().text(Symbol("a") + 1.0)
    'a + 1.0'
    """

    signs: dict[str, tuple[str, int, int, int]] = _infix() | {
        "<": ("{} < {}", _RELATION, _SUM, _SUM),
        "<=": ("{} <= {}", _RELATION, _SUM, _SUM),
        ">": ("{} > {}", _RELATION, _SUM, _SUM),
        ">=": ("{} >= {}", _RELATION, _SUM, _SUM),
        "&": ("({}) & ({})", _CALL, _LOOSE, _LOOSE),
        "|": ("({}) | ({})", _CALL, _LOOSE, _LOOSE),
    }

    def text(self, x: Any, within: int = _LOOSE) -> str:
        """`x` as text, in parentheses if it binds less tightly than its surroundings."""
        text, binding = self.bound(x)
        return text if binding >= within else self.parenthesised(text)

    def bound(self, x: Any) -> tuple[str, int]:
        """`x` as text, and how tightly it binds."""
        if isinstance(x, Symbol):
            return self.name(x), _CALL
        if not isinstance(x, Expression):
            return self.number(float(x)), _SIGN if x < 0 else _CALL
        head = x.head if isinstance(x.head, str) else x.head.name
        if head in self.signs:
            text, binding, *around = self.signs[head]
            return text.format(*map(self.text, x.operands, around)), binding
        return self.call("equal" if head == "==" else head, x), _CALL

    def parenthesised(self, text: str) -> str:
        """A text in the language's parentheses."""
        return f"({text})"

    def name(self, symbol: Symbol) -> str:
        """A symbol as text."""
        return symbol.name

    def number(self, x: float) -> str:
        """A number as text."""
        return repr(x)

    def call(self, name: str, x: Expression) -> str:
        """A call of the function `name` with the operands of x, as text."""
        operands = ", ".join(map(self.text, x.operands))
        if isinstance(x.head, Op) and x.head.arity is None:
            operands = f"[{operands}]"
        return f"{name}({operands})"


class Python(Printer):
    """Python source; with autograd's functions in scope it runs on numbers, Values and arrays alike.

    Examples
    --------
    >>> a = Symbol("a")
    >>> Python().text((a + 1.0) * a)
    '(a + 1.0) * a'
    """

    signs = {name: sign for name, sign in Printer.signs.items() if name != "pow"}

    def number(self, x: float) -> str:
        return repr(x) if math.isfinite(x) else f"float('{x}')"


class Plain(Printer):
    """Text for people: short numbers, and -a / b instead of -(a / b).

    Examples
    --------
    >>> a = Symbol("a")
    >>> Plain().text(-(1.0 / a) * math.log(2.0))
    '-1 / a * log(2)'
    """

    signs = Printer.signs | {"neg": ("-{}", _PRODUCT, _PRODUCT, _PRODUCT)}
    constants = {
        math.log(2.0): "log(2)",
        math.log(10.0): "log(10)",
        2.0 / math.sqrt(math.pi): "2/sqrt(pi)",
        math.sqrt(2.0 * math.pi): "sqrt(2*pi)",
    }

    def number(self, x: float) -> str:
        return self.constants.get(x) or f"{x:.10g}"


class Latex(Printer):
    """LaTeX, in mathematicians' notation.

    Examples
    --------
    >>> Latex().text(Rule(ops.sqrt).partials[0])
    '\\\\frac{1}{2 \\\\, \\\\mathrm{out}}'
    """

    signs = Printer.signs | {
        "mul": (r"{} \, {}", _PRODUCT, _PRODUCT, _POWER),
        "neg": ("-{}", _PRODUCT, _PRODUCT, _PRODUCT),
        "div": (r"\frac{{{}}}{{{}}}", _POWER, _LOOSE, _LOOSE),
        "floor_divide": (r"\left\lfloor \frac{{{}}}{{{}}} \right\rfloor", _CALL, _LOOSE, _LOOSE),
        "remainder": (r"{} \bmod {}", _PRODUCT, _PRODUCT, _POWER),
        "reciprocal": (r"\frac{{1}}{{{}}}", _POWER, _LOOSE, _LOOSE),
        "one_minus_square": (r"1 - {}^2", _SUM, _CALL, _CALL),
        "pow": (r"{}^{{{}}}", _POWER, _CALL, _LOOSE),
        "square": (r"{}^2", _POWER, _CALL, _CALL),
        "exp": (r"e^{{{}}}", _POWER, _LOOSE, _LOOSE),
        "exp2": (r"2^{{{}}}", _POWER, _LOOSE, _LOOSE),
        "sqrt": (r"\sqrt{{{}}}", _CALL, _LOOSE, _LOOSE),
        "cbrt": (r"\sqrt[3]{{{}}}", _CALL, _LOOSE, _LOOSE),
        "abs": (r"\left|{}\right|", _CALL, _LOOSE, _LOOSE),
        "<=": (r"{} \le {}", _RELATION, _SUM, _SUM),
        ">=": (r"{} \ge {}", _RELATION, _SUM, _SUM),
        "==": (r"{} = {}", _RELATION, _SUM, _SUM),
        "&": (r"{} \text{{ and }} {}", _LOOSE, _RELATION, _RELATION),
        "|": (r"{} \text{{ or }} {}", _LOOSE, _RELATION, _RELATION),
    }
    functions = {
        "sigmoid": r"\sigma",
        "maximum": r"\max",
        "minimum": r"\min",
        "ndtr": r"\Phi",
        "normal density": r"\varphi",
        "log2": r"\log_2",
        "log10": r"\log_{10}",
        "asin": r"\arcsin",
        "acos": r"\arccos",
        "atan": r"\arctan",
        "asinh": r"\operatorname{arsinh}",
        "acosh": r"\operatorname{arcosh}",
        "atanh": r"\operatorname{artanh}",
    }
    known = {"log", "sin", "cos", "tan", "sinh", "cosh", "tanh"}  # LaTeX has commands of these names
    constants = {
        math.log(2.0): r"\log 2",
        math.log(10.0): r"\log 10",
        2.0 / math.sqrt(math.pi): r"\frac{2}{\sqrt{\pi}}",
        math.sqrt(2.0 * math.pi): r"\sqrt{2 \pi}",
        math.inf: r"\infty",
    }
    escapes = str.maketrans(
        {sign: rf"\{sign}" for sign in "_{}%#&$"}
        | {"\\": r"\backslash ", "^": r"\wedge ", "~": r"\sim ", " ": r"\ ", "\n": r"\ "}
    )

    def parenthesised(self, text: str) -> str:
        return rf"\left({text}\right)"

    def name(self, symbol: Symbol) -> str:
        letters = symbol.name.rstrip("0123456789")
        index = symbol.name[len(letters) :]
        if not letters or not (letters[-1].isalpha() or letters[-1] == "_"):  # only digits, or digits that are no index
            letters, index = symbol.name, ""
        shown = letters if len(letters) == 1 and letters.isalpha() else rf"\mathrm{{{letters.translate(self.escapes)}}}"
        return f"{shown}_{{{index}}}" if index else shown

    def number(self, x: float) -> str:
        if x < 0:
            return "-" + self.number(-x)
        return self.constants.get(x) or self.decimal(f"{x:g}")

    def decimal(self, text: str) -> str:
        """The LaTeX of a number that Python has formatted; an exponent becomes a power of ten."""
        mantissa, e, exponent = text.partition("e")
        if e:
            return rf"{{{mantissa} \cdot 10^{{{int(exponent)}}}}}"
        return text.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")

    def call(self, name: str, x: Expression) -> str:
        if name == "where":
            return self.cases(x)
        if name in self.known:
            function = rf"\{name}"
        else:
            function = self.functions.get(name) or rf"\operatorname{{{name}}}".replace("_", r"\_")
        return function + self.parenthesised(", ".join(map(self.text, x.operands)))

    def cases(self, x: Any) -> str:
        """Nested calls of `where` as one brace, with a line for each case."""
        lines = [
            rf"{self.text(a)} & \text{{otherwise}}"
            if condition is None
            else rf"{self.text(a)} & \text{{if }} {self.text(condition)}"
            for a, condition in branches(x)
        ]
        separator = r" \\ "
        return rf"\begin{{cases}} {separator.join(lines)} \end{{cases}}"


class Unfolding(Printer):
    """A printer that can give a subexpression a name and a line of its own, if it is used twice or nested deeply.

    So the length of the text is proportional to the number of operations, and sums of any length can be printed.
    """

    deepest = 12
    """How many operations are nested in one line; a deeper subexpression gets a line of its own."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[str, int]] = {}  # text and precedence of what is printed already, by id

    def bound(self, x: Any) -> tuple[str, int]:
        return self.known.get(id(x)) or super().bound(x)

    def unfolded(self, results: Sequence[Any], name: Callable[[int], str], line: str) -> tuple[list[str], list[str]]:
        """Lines, of which the i-th gives ``name(i)`` an expression by the template `line`, and the results' texts."""
        order = postorder(results)
        uses: dict[int, int] = {}
        for x in order:
            for operand in x.operands:
                uses[id(operand)] = uses.get(id(operand), 0) + 1
        for x in results:
            uses[id(x)] = uses.get(id(x), 0) + 1
        self.known = {}
        depths: dict[int, int] = {}
        lines: list[str] = []
        for x in order:
            if isinstance(x, Symbol):
                continue
            depth = 1 + max([depths.get(id(operand), 0) for operand in x.operands], default=0)
            text, binding = self.bound(x)
            if uses[id(x)] > 1 or depth > self.deepest:
                given = name(len(lines))
                lines.append(line.format(given, text))
                text, binding, depth = given, _CALL, 0
            self.known[id(x)], depths[id(x)] = (text, binding), depth
        texts = list(map(self.text, results))
        self.known = {}
        return lines, texts


class JavaScript(Unfolding):
    """JavaScript source of functions, with every operation called as ``f.name(...)``.

    Examples
    --------
    >>> a = Symbol("a")
    >>> JavaScript().text(-(-a) / (a**2.0))
    '-(-a) / f.pow(a, 2.0)'
    >>> print(JavaScript().function([a], [ops.exp(a) * ops.exp(a)], "return [{}];"))
    (a) => { return [f.exp(a) * f.exp(a)]; }
    """

    signs = {name: sign for name, sign in Printer.signs.items() if name not in ("pow", "floor_divide", "remainder")} | {
        "neg": ("-{}", _SIGN, _POWER, _POWER),  # two signs in a row would be the operator --
        "==": ("{} === {}", _RELATION, _SUM, _SUM),
        "&": ("({}) && ({})", _LOOSE, _LOOSE, _LOOSE),
        "|": ("({}) || ({})", _LOOSE, _LOOSE, _LOOSE),
    }

    def number(self, x: float) -> str:
        return repr(x) if math.isfinite(x) else "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"

    @staticmethod
    def function_name(x: Expression) -> str:
        """The name of the function for x's operation; ``sum/3`` if it takes any number of operands, and here 3."""
        op = x.head
        assert isinstance(op, Op)
        return op.name if op.arity is not None else f"{op.name}/{len(x.operands)}"

    def call(self, name: str, x: Expression) -> str:
        if isinstance(x.head, Op):
            name = self.function_name(x)
        member = f".{name}" if name.isascii() and name.isidentifier() else f'["{name}"]'
        return f"f{member}({', '.join(map(self.text, x.operands))})"

    def function(self, operands: Sequence[Symbol], results: Sequence[Any], template: str) -> str:
        """An arrow function of `operands`; `template` says what becomes of the results, such as ``return [{}];``."""
        lines, texts = self.unfolded(results, lambda i: f"${i}", "const {} = {};")
        lines.append(template.format(", ".join(texts)))
        return f"({', '.join(map(self.name, operands))}) => {{ {' '.join(lines)} }}"


class MathML(Printer):
    """MathML, in mathematicians' notation.

    Parameters
    ----------
    classes : dict
        For a symbol's name the ``class`` of the element that shows it, so that a page can put another name there.

    Examples
    --------
    >>> MathML().text(Rule(ops.exp).forward)
    '<msup><mi>e</mi><mrow><mi>a</mi></mrow></msup>'
    """

    signs = {
        "add": ("{}<mo>+</mo>{}", _SUM, _SUM, _PRODUCT),
        "sub": ("{}<mo>−</mo>{}", _SUM, _SUM, _PRODUCT),
        "mul": ("{}<mo>·</mo>{}", _PRODUCT, _PRODUCT, _POWER),
        "div": ("<mfrac><mrow>{}</mrow><mrow>{}</mrow></mfrac>", _POWER, _LOOSE, _LOOSE),
        "neg": ("<mo>−</mo>{}", _PRODUCT, _PRODUCT, _PRODUCT),
        "floor_divide": (
            "<mrow><mo>⌊</mo><mfrac><mrow>{}</mrow><mrow>{}</mrow></mfrac><mo>⌋</mo></mrow>",
            _CALL,
            _LOOSE,
            _LOOSE,
        ),
        "remainder": ("{}<mo>mod</mo>{}", _PRODUCT, _PRODUCT, _POWER),
        "reciprocal": ("<mfrac><mn>1</mn><mrow>{}</mrow></mfrac>", _POWER, _LOOSE, _LOOSE),
        "one_minus_square": ("<mn>1</mn><mo>−</mo><msup><mrow>{}</mrow><mn>2</mn></msup>", _SUM, _CALL, _CALL),
        "pow": ("<msup><mrow>{}</mrow><mrow>{}</mrow></msup>", _POWER, _CALL, _LOOSE),
        "square": ("<msup><mrow>{}</mrow><mn>2</mn></msup>", _POWER, _CALL, _CALL),
        "exp": ("<msup><mi>e</mi><mrow>{}</mrow></msup>", _POWER, _LOOSE, _LOOSE),
        "exp2": ("<msup><mn>2</mn><mrow>{}</mrow></msup>", _POWER, _LOOSE, _LOOSE),
        "sqrt": ("<msqrt><mrow>{}</mrow></msqrt>", _CALL, _LOOSE, _LOOSE),
        "cbrt": ("<mroot><mrow>{}</mrow><mn>3</mn></mroot>", _CALL, _LOOSE, _LOOSE),
        "abs": ("<mrow><mo>|</mo>{}<mo>|</mo></mrow>", _CALL, _LOOSE, _LOOSE),
        "<": ("{}<mo>&lt;</mo>{}", _RELATION, _SUM, _SUM),
        "<=": ("{}<mo>≤</mo>{}", _RELATION, _SUM, _SUM),
        ">": ("{}<mo>&gt;</mo>{}", _RELATION, _SUM, _SUM),
        ">=": ("{}<mo>≥</mo>{}", _RELATION, _SUM, _SUM),
        "==": ("{}<mo>=</mo>{}", _RELATION, _SUM, _SUM),
        "&": ("{}<mtext>\u00a0and\u00a0</mtext>{}", _LOOSE, _RELATION, _RELATION),
        "|": ("{}<mtext>\u00a0or\u00a0</mtext>{}", _LOOSE, _RELATION, _RELATION),
    }
    functions = {
        "sigmoid": "<mi>σ</mi>",
        "maximum": "<mi>max</mi>",
        "minimum": "<mi>min</mi>",
        "ndtr": "<mi>Φ</mi>",
        "normal density": "<mi>φ</mi>",
        "log2": "<msub><mi>log</mi><mn>2</mn></msub>",
        "log10": "<msub><mi>log</mi><mn>10</mn></msub>",
        "asin": "<mi>arcsin</mi>",
        "acos": "<mi>arccos</mi>",
        "atan": "<mi>arctan</mi>",
        "asinh": "<mi>arsinh</mi>",
        "acosh": "<mi>arcosh</mi>",
        "atanh": "<mi>artanh</mi>",
    }
    constants = {
        math.log(2.0): "<mrow><mi>log</mi><mn>2</mn></mrow>",
        math.log(10.0): "<mrow><mi>log</mi><mn>10</mn></mrow>",
        2.0 / math.sqrt(math.pi): "<mfrac><mn>2</mn><msqrt><mi>π</mi></msqrt></mfrac>",
        math.sqrt(2.0 * math.pi): "<msqrt><mn>2</mn><mi>π</mi></msqrt>",
        math.inf: "<mi>∞</mi>",
    }

    def __init__(self, classes: dict[str, str] | None = None) -> None:
        self.classes = classes or {}

    def parenthesised(self, text: str) -> str:
        return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"

    def name(self, symbol: Symbol) -> str:
        letters = symbol.name.rstrip("0123456789")
        index = symbol.name[len(letters) :] if letters else ""
        shown = f"<mi>{html.escape(letters or symbol.name)}</mi>"
        if index:
            shown = f"<msub>{shown}<mn>{index}</mn></msub>"
        marked = self.classes.get(symbol.name)
        return shown if marked is None else f'<mrow class="{marked}">{shown}</mrow>'

    def number(self, x: float) -> str:
        if x < 0:
            return f"<mo>−</mo>{self.number(-x)}"
        return self.constants.get(x) or f"<mn>{x:g}</mn>"

    def call(self, name: str, x: Expression) -> str:
        if name == "where":
            rows = "".join(f"<mtr><mtd>{a}</mtd><mtd>{condition}</mtd></mtr>" for a, condition in self.cases(x))
            return f'<mrow class="cases"><mo>{{</mo><mtable columnalign="left left">{rows}</mtable></mrow>'
        function = self.functions.get(name) or f"<mi>{name}</mi>"
        return f"{function}{self.parenthesised('<mo>,</mo>'.join(map(self.text, x.operands)))}"

    def cases(self, x: Any) -> list[tuple[str, str]]:
        """Nested calls of `where` as pairs of a formula and the condition under which it applies."""
        return [
            (
                self.text(a),
                "<mtext>otherwise</mtext>" if condition is None else f"<mtext>if\u00a0</mtext>{self.text(condition)}",
            )
            for a, condition in branches(x)
        ]


def branches(x: Any) -> list[tuple[Any, Any]]:
    """Nested calls of `where` as pairs of an expression and its condition, which is None in the last pair."""
    found = []
    while isinstance(x, Expression) and x.head is ops.where:
        condition, a, x = x.operands
        found.append((a, condition))
    return [*found, (x, None)]


def postorder(expressions: Sequence[Any]) -> list[Any]:
    """Each `Expression` within some expressions, once, operands before the expressions that use them."""
    order: list[Any] = []
    seen: set[int] = set()
    stack = [(x, False) for x in reversed(expressions)]
    while stack:
        x, finished = stack.pop()
        if finished:
            order.append(x)
        elif isinstance(x, Expression) and id(x) not in seen:
            seen.add(id(x))
            stack.append((x, True))
            stack.extend((operand, False) for operand in reversed(x.operands))
    return order


def python(op: Op) -> str:
    """The rule of an operation as the source of a Python function.

    The function takes the operands and returns the value and the tuple of partials.

    Parameters
    ----------
    op : Op

    Examples
    --------
    >>> print(python(ops.tanh))
    def tanh_rule(a):
        out = tanh(a)
        return out, (square(sech(a)),)
    """
    rule, printer = Rule(op), Python()
    operands = ", ".join(map(printer.text, rule.operands))
    partials = "".join(f"{printer.text(partial)}, " for partial in rule.partials)
    return (
        f"def {op.name}_rule({operands}):\n"
        f"    out = {printer.text(rule.forward)}\n"
        f"    return out, ({partials.rstrip() if len(rule.partials) == 1 else partials[:-2]})"
    )


def latex(op: Op, computed: bool = False) -> tuple[str, ...]:
    """The rule of an operation as LaTeX formulas: the forward rule, then one for each partial derivative.

    Parameters
    ----------
    op : Op
    computed : bool
        Whether to give the rule as it is computed, which keeps all digits, instead of the textbook's formulas.

    Examples
    --------
    >>> for formula in latex(ops.sigmoid):
    ...     print(formula)
    \\mathrm{out} = \\frac{1}{1 + e^{-a}}
    \\frac{\\partial \\mathrm{out}}{\\partial a} = \\mathrm{out} \\, \\left(1 - \\mathrm{out}\\right)
    >>> latex(ops.exp, computed=True)[1]
    '\\\\frac{\\\\partial \\\\mathrm{out}}{\\\\partial a} = \\\\mathrm{out}'
    """
    rule, printer = Rule(op, textbook=not computed), Latex()
    out = printer.text(rule.out)
    forward = f"{out} = {printer.text(rule.forward)}"
    return forward, *(
        rf"\frac{{\partial {out}}}{{\partial {printer.text(a)}}} = {printer.text(partial)}"
        for a, partial in zip(rule.operands, rule.partials)
    )
