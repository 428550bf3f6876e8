"""The calculus: every primitive operation with its local partial derivatives, each written once.

A row of the table below says everything about an operation. First its name, its forward rule, and its partials: a
function of the operands and of the result ``out`` that returns d(out)/d(operand) for each operand. Rules are written
with plain operators, with other operations, and with ``choose`` for conditions. They do not know what they are applied
to, so the same text is read with floats (the eager engine), with Values (gradients of gradients), with NumPy arrays
(compiled programs) and with symbols (printing). Each type defines in its ``__apply_op__`` what an operation does with
it; this module knows nothing of nodes, graphs, arrays or printing.

The rest of a row is for people: the textbook's formulas, the sign in drawings, how the operation is read aloud, how
hard its slope is in the quiz, and whether it is also a method of Value or an activation in ``nn``. Other modules keep
no facts about operations of their own; they look them up here.

Where a textbook formula loses digits, the rule uses an equivalent one that keeps them: the slope of tanh is computed as
sech**2, because 1 - tanh**2 has no correct digit left at 20. The derivatives of a rule, which are made from it term by
term, must keep their digits too: in those of ``out * sigmoid(-a)`` terms would cancel near 0, in those of
``sech(a / 2.0) ** 2.0 / 4.0`` none do. At kinks and at infinities the conventions are PyTorch's. Readers are shown the
``textbook`` formulas if the row has any, otherwise the rule itself.
"""

from __future__ import annotations

import functools
import keyword
import math

from . import ieee

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Rule = Callable[..., Any]


OPS: dict[str, Op] = {}
"""Every operation by name, the user's own included."""


class Op:
    """A primitive operation: its name, its forward rule, its partial derivatives, and how it is shown to people.

    Calling it applies it: to numbers (the result is a float), to Values (a Value), to NumPy arrays
    (elementwise), to symbols (an expression).

    Parameters
    ----------
    name : str
        The function's name, NumPy's where NumPy has it.
    forward : callable
        ``forward(*operands)``, the value.
    partials : callable
        ``partials(*operands, out)``, a tuple with d(out)/d(operand) for each operand.
    symbol : str, optional
        What drawings write in the node; the name if not given.
    arity : int, optional
        The number of operands; None for any number.
    doc : str
        The docstring.
    elementary : bool
        True if ``forward`` works on floats alone, and other readings bring their own function of that name.
    defaults : tuple of float
        Values for trailing operands that a call leaves out.
    textbook : pair of callables
        The forward rule and the partials as a textbook writes them, equal to those that compute but for rounding, and
        at kinks. None stands for the computing rule, or for the function's name if the operation is elementary.
    infix : bool
        True if the symbol is Python's operator between the two operands, or before the only one.
    mark : str, optional
        What a card of the page shows; the symbol if not given.
    spoken : str, optional
        How it is read aloud, with ``{}`` for the operands: for each of them, or one for all.
    noun : str, optional
        What its result is called, such as the product for mul; the name if not given.
    hardness : int
        How hard the slope is for people, from 0 for a sum to 4; the quiz goes from easy to hard.
    method : bool
        Whether a Value has a method of that name.
    numpy : str, optional
        What NumPy calls it; the name if not given.
    activation : str, optional
        The name of the layer that applies it in ``nn``, PyTorch's, if it is an activation.

    Examples
    --------
    >>> tanh.name, tanh.arity
    ('tanh', 1)
    >>> tanh(0.0)
    0.0
    """

    def __init__(
        self,
        name: str,
        forward: Rule,
        partials: Rule,
        *,
        symbol: str | None = None,
        arity: int | None = 1,
        doc: str = "",
        elementary: bool = False,
        defaults: tuple[float, ...] = (),
        textbook: tuple[Rule | None, Rule | None] = (None, None),
        infix: bool = False,
        mark: str | None = None,
        spoken: str | None = None,
        noun: str | None = None,
        hardness: int = 4,
        method: bool = False,
        numpy: str | None = None,
        activation: str | None = None,
    ) -> None:
        self.name = name
        self.forward = forward
        self.partials = partials
        self.symbol = symbol if symbol is not None else name
        self.arity = arity
        self.elementary = elementary
        self.defaults = defaults
        self.textbook = textbook
        self.infix = infix
        self.mark = mark if mark is not None else self.symbol
        self.spoken = spoken if spoken is not None else f"{name.replace('_', ' ')} of {{}}"
        self.noun = noun if noun is not None else name
        self.hardness = hardness
        self.method = method
        self.numpy = numpy if numpy is not None else name
        self.activation = activation
        self.__name__ = name
        self.__doc__ = doc

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __reduce__(self) -> tuple[Callable[[str], Op], tuple[str]]:
        return find, (self.name,)

    def __call__(self, *operands: Any) -> Any:
        arity = self.arity
        if arity is not None and len(operands) != arity:
            missing = arity - len(operands)
            if not 0 < missing <= len(self.defaults):
                plural = "" if arity == 1 else "s"
                raise TypeError(f"{self.name}() takes {arity} operand{plural}, got {len(operands)}")
            operands += self.defaults[len(self.defaults) - missing :]
        plain = True
        for x in operands:
            if x.__class__ is not float:
                plain = False
                read = getattr(x, "__apply_op__", None)
                if read is not None:
                    made = read(self, operands)
                    if made is not NotImplemented:  # else another operand's type may know what to do
                        return made
        if plain:
            return self.value(*operands)
        for x in operands:
            if getattr(x, "ndim", 0) > 0:
                from . import arrays

                return arrays.apply(self, operands)
        return self.value(*[ieee.to_float(x, self.name) for x in operands])

    def aloud(self, operands: Sequence[str]) -> str:
        """The operation applied to named operands, as one says it.

        >>> add.aloud("ab"), sum.aloud("abc"), tanh.aloud("x")
        ('a plus b', 'the sum of a, b and c', 'the hyperbolic tangent of x')
        """
        if self.spoken.count("{}") == len(operands):
            return self.spoken.format(*operands)
        *others, last = operands or ["nothing"]
        return self.spoken.format(f"{', '.join(others)} and {last}" if others else last)

    def value(self, *operands: float) -> float:
        """The forward rule read with floats, or with Reals if it raises on floats."""
        try:
            return self.forward(*operands)  # type: ignore[no-any-return]
        except ArithmeticError:
            return float(self.forward(*map(ieee.Real, operands)))

    def slopes(self, *operands_and_out: float) -> tuple[float, ...]:
        """The partials read with floats, or with Reals if they raise on floats."""
        try:
            return self.partials(*operands_and_out)  # type: ignore[no-any-return]
        except ArithmeticError:
            return tuple(map(float, self.partials(*map(ieee.Real, operands_and_out))))


class _Nary(Op):
    """An operation on a sequence of any length: its call takes the sequence."""

    def __call__(self, xs: Iterable[Any]) -> Any:
        return super().__call__(*xs)


class _Dot(Op):
    """The dot product: its call takes the two sequences, and optionally a bias."""

    def __call__(self, ws: Iterable[Any], xs: Iterable[Any], bias: Any = None) -> Any:
        ws, xs = tuple(ws), tuple(xs)
        if len(ws) != len(xs):
            raise ValueError(f"dot() takes two sequences of one length, got {len(ws)} and {len(xs)} operands")
        return super().__call__(*ws, *xs, *(() if bias is None else (bias,)))


def find(name: str) -> Op:
    """The operation called `name`.

    Raises
    ------
    LookupError
        If there is none; a user's own operation must be defined before a graph that uses it is loaded.
    """
    try:
        return power(float(name[2:])) if name.startswith("**") else OPS[name]
    except (KeyError, ValueError):
        raise LookupError(
            f"there is no operation {name!r} here; if it is your own, define it with autograd.op({name!r}, ...) first"
        ) from None


_RAISED = str.maketrans("0123456789-+.e", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺·ᵉ")


def raised(n: float) -> str:
    """A number as an exponent.

    >>> raised(2.0), raised(-0.5)
    ('²', '⁻⁰·⁵')
    """
    return f"{n:g}".translate(_RAISED)


class Power(Op):
    """a ** n for a number n that is part of the operation: n is no operand and has no slope; x ** 2 is one node over x.

    Attributes
    ----------
    exponent : float
    """

    def __init__(self, exponent: float) -> None:
        n = self.exponent = exponent
        short = f"{n:g}"
        super().__init__(
            f"**{short if float(short) == n or n != n else repr(n)}",
            lambda a: pow(a, n),
            # For n = 0 the general formula would give 0 * inf = nan at a = 0; for n = 1 and 2 it needs no power.
            lambda a, out: (0.0 if n == 0.0 else 1.0 if n == 1.0 else 2.0 * a if n == 2.0 else n * pow(a, n - 1.0),),
            doc=f"The power a ** {n!r}.",
            mark="x" + raised(n),
            spoken="{} squared" if n == 2.0 else "{} cubed" if n == 3.0 else f"{{}} to the power of {short}",
            noun="square" if n == 2.0 else "cube" if n == 3.0 else "power",
            hardness=2,
        )
        self.__name__ = "pow"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Power) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


@functools.lru_cache(1000)
def power(exponent: float) -> Power:
    """The operation a ** exponent.

    >>> power(2.0)(3.0), power(2.0)
    (9.0, <operation **2>)
    """
    return Power(exponent)


class _Checkpoint(Op):
    """The `op` of the results of checkpointed functions. Only each result knows its function, so there is no rule."""

    def __init__(self) -> None:
        super().__init__(
            "checkpoint",
            self._refuse,
            self._refuse,
            arity=None,
            spoken="a function of {} that is run again when its slopes are needed",
            doc="A result of a function whose nodes are not kept; see `autograd.checkpoint`.",
        )

    def _refuse(self, *operands: Any) -> Any:
        raise TypeError(
            "the result of a checkpointed function cannot be computed from the numbers of its operands alone, because "
            "the function must be run; call it without checkpoint to have each of its nodes"
        )

    def __reduce__(self) -> str:  # type: ignore[override]
        return "CHECKPOINT"


CHECKPOINT: Op = _Checkpoint()
"""The only instance. It is not in `OPS`, because it has no rule to compute with."""


# --- what rules may use besides operators and operations ------------------------------------------------------


def equal(x: Any, y: Any) -> Any:
    """x == y by value, in every reading (for Values ``==`` is identity).

    Parameters
    ----------
    x, y : Values, numbers, arrays or symbols

    Returns
    -------
    bool, comparison or array
        What ``where`` and ``require`` take for a condition.

    Examples
    --------
    >>> equal(2.0, 2)
    True
    """
    return (x >= y) & (x <= y)


def choose(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y; the branch itself where the condition is already known.

    So the branch not taken is not in the graph at all, where it could add 0 * inf = nan to a gradient of a gradient.
    """
    if condition is True or x is y:
        return x
    if condition is False:
        return y
    return where(condition, x, y)


# fmt: off
# --- the table ------------------------------------------------------------------------------------------------


def _row(name: str, forward: Rule, partials: Rule, doc: str, kind: type[Op] = Op, **options: Any) -> Op:
    made = OPS[name] = kind(name, forward, partials, doc=doc, **options)
    return made


def _elementary(name: str, forward: Rule, partials: Rule, doc: str, **options: Any) -> Op:
    return _row(name, forward, partials, doc, elementary=True, **options)


def _vanishing(a: Any, slope: Any) -> Any:
    """A slope that tends to 0 at infinity: where a is infinite the constant 0, whose derivatives are 0, not 0 * inf."""
    return choose(equal(abs(a), math.inf), 0.0, slope)


# Arithmetic

_TINY = 2.2250738585072014e-308  # the smallest normal number


def power_slope(a: Any, b: Any) -> Any:
    """d(a**b)/da for an exponent that is an operand."""
    slope = b * pow(a, b - 1.0)
    # At b = 0 the slope is 0 for every a, but the formula gives 0 * inf = nan where 1/a is infinite. Elsewhere the
    # formula must stay, because its derivative with respect to b is not 0.
    return choose((a > _TINY) | (a < -_TINY), slope, choose(equal(b, 0.0), 0.0, slope))



def _fmod_partials(a: Any, b: Any, out: Any) -> tuple[Any, Any]:
    quotient = floor_divide(abs(a), abs(b))
    return 1.0, choose(a / b < 0.0, quotient, -quotient)


add: Op = _row(
    "add", lambda a, b: a + b, lambda a, b, out: (1.0, 1.0), symbol="+", arity=2,
    infix=True, spoken="{} plus {}", noun="sum", hardness=0,
    doc="Sum, a + b.\n\n>>> add(2.0, 3.0)\n5.0",
)
sub: Op = _row(
    "sub", lambda a, b: a - b, lambda a, b, out: (1.0, -1.0), symbol="-", arity=2,
    infix=True, mark="−", spoken="{} minus {}", noun="difference", hardness=0, numpy="subtract",
    doc="Difference, a - b.\n\n>>> sub(2.0, 3.0)\n-1.0",
)
mul: Op = _row(
    "mul", lambda a, b: a * b, lambda a, b, out: (b, a), symbol="*", arity=2,
    infix=True, mark="×", spoken="{} times {}", noun="product", hardness=1, numpy="multiply",
    doc="Product, a * b.\n\n>>> mul(2.0, 3.0)\n6.0",
)
div: Op = _row(
    "div", lambda a, b: a / b, lambda a, b, out: (1.0 / b, -(out / b)), symbol="/", arity=2,
    infix=True, mark="÷", spoken="{} divided by {}", noun="quotient", hardness=2, numpy="divide",
    textbook=(None, lambda a, b, out: (1.0 / b, -(a / b**2.0))),
    doc="Quotient, a / b; a/0 is a signed infinity and 0/0 is nan.\n\n>>> div(1.0, 0.0)\ninf",
)
neg: Op = _row(
    "neg", lambda a: -a, lambda a, out: (-1.0,), symbol="-",
    infix=True, mark="−", spoken="minus {}", hardness=0, numpy="negative",
    doc="Negative, -a.\n\n>>> neg(2.0)\n-2.0",
)
pow: Op = _elementary(
    "pow", ieee.power,
    lambda a, b, out: (power_slope(a, b), choose(equal(a, 0.0) & (b >= 0.0), 0.0, out * log(a))),
    symbol="**", arity=2,
    infix=True, mark="xⁿ", spoken="{} to the power of {}", hardness=3, numpy="power",
    textbook=(None, lambda a, b, out: (b * pow(a, b - 1.0), out * log(a))),
    doc="Power, a**b; nan for a negative base with a fractional exponent. 0**0 is 1, with slope 0.\n\n"
    ">>> pow(2.0, 3.0)\n8.0",
)
positive: Op = _row(
    "positive", lambda a: a, lambda a, out: (1.0,), symbol="+",
    spoken="plus {}", hardness=0,
    doc="The operand itself, +a, as a node of its own.\n\n>>> positive(2.0)\n2.0",
)
square: Op = _row(
    "square", lambda a: a * a, lambda a, out: (2.0 * a,),
    mark="x²", spoken="{} squared", hardness=2, method=True,
    doc="Square, a * a.\n\n>>> square(3.0)\n9.0",
)
reciprocal: Op = _row(
    "reciprocal", lambda a: 1.0 / a, lambda a, out: (-(out * out),),
    mark="1/x", spoken="1 divided by {}", hardness=3, method=True, textbook=(None, lambda a, out: (-(1.0 / a**2.0),)),
    doc="Reciprocal, 1 / a.\n\n>>> reciprocal(4.0)\n0.25",
)
sqrt: Op = _elementary(
    "sqrt", ieee.sqrt, lambda a, out: (1.0 / (2.0 * out),),
    mark="√", spoken="the square root of {}", hardness=3, method=True,
    doc="Square root; nan below 0, slope inf at 0.\n\n>>> sqrt(9.0)\n3.0",
)
cbrt: Op = _elementary(
    "cbrt", ieee.cbrt, lambda a, out: (_vanishing(a, 1.0 / (3.0 * square(out))),),
    mark="∛", spoken="the cube root of {}", method=True, textbook=(None, lambda a, out: (1.0 / (3.0 * out**2.0),)),
    doc="Cube root, of negative numbers as well; slope inf at 0.\n\n>>> cbrt(-27.0)\n-3.0",
)
one_minus_square: Op = _row(
    "one_minus_square", lambda a: (1.0 - a) * (1.0 + a), lambda a, out: (-2.0 * a,),
    mark="1−x²", spoken="1 minus the square of {}", hardness=3, textbook=(lambda a: 1.0 - a**2.0, None),
    doc="1 - a * a, exact near 1 and -1.\n\n>>> one_minus_square(0.5)\n0.75",
)

# Division with remainder: Python's is floored, C's is truncated

floor_divide: Op = _elementary(
    "floor_divide", ieee.floor_divide, lambda a, b, out: (0.0, 0.0), symbol="//", arity=2,
    infix=True, spoken="{} divided by {}, rounded down",
    doc="a // b, the quotient rounded towards minus infinity. It is flat between its jumps: the slopes are 0.\n\n"
    ">>> floor_divide(-7.0, 2.0)\n-4.0",
)
remainder: Op = _elementary(
    "remainder", ieee.remainder, lambda a, b, out: (1.0, -floor_divide(a, b)), symbol="%", arity=2,
    infix=True, mark="mod", spoken="{} modulo {}",
    textbook=(None, lambda a, b, out: (1.0, -floor_divide(a, b))),
    doc="a % b as Python's, a - b * (a // b), of the sign of b; nan where b is 0.\n\n>>> remainder(-7.0, 2.0)\n1.0",
)
fmod: Op = _elementary(
    "fmod", ieee.fmod, _fmod_partials, arity=2,
    spoken="the rest of {} divided by {}", method=True,
    doc="What is left of a after division by b, as C's fmod, of the sign of a; nan where b is 0.\n\n"
    ">>> fmod(-7.0, 2.0)\n-1.0",
)

# Exponentials and logarithms


def _logaddexp(a: Any, b: Any) -> Any:
    larger = maximum(a, b) + log1p(exp(-abs(a - b)))
    return choose(equal(a, b), a + math.log(2.0), larger)  # a - b of equal infinities would be nan



exp: Op = _elementary(
    "exp", ieee.exp, lambda a, out: (out,),
    mark="eˣ", spoken="e to the power of {}", hardness=2, method=True, textbook=(None, lambda a, out: (exp(a),)),
    doc="Exponential, e**a; inf above 709.78.\n\n>>> exp(0.0)\n1.0",
)
expm1: Op = _elementary(
    "expm1", ieee.expm1, lambda a, out: (exp(a),),
    mark="eˣ−1", spoken="e to the power of {}, minus 1", hardness=3, method=True, textbook=(lambda a: exp(a) - 1.0, None),
    doc="e**a - 1, exact for small a.\n\n>>> expm1(1e-20)\n1e-20",
)
exp2: Op = _elementary(
    "exp2", ieee.exp2, lambda a, out: (out * math.log(2.0),),
    mark="2ˣ", spoken="2 to the power of {}", hardness=3, method=True,
    doc="Power of two, 2**a.\n\n>>> exp2(3.0)\n8.0",
)
log: Op = _elementary(
    "log", ieee.log, lambda a, out: (1.0 / a,),
    spoken="the logarithm of {}", hardness=2, method=True,
    doc="Natural logarithm; -inf at 0, nan below.\n\n>>> log(1.0)\n0.0",
)
log1p: Op = _elementary(
    "log1p", ieee.log1p, lambda a, out: (1.0 / (1.0 + a),),
    spoken="the logarithm of 1 plus {}", hardness=3, method=True, textbook=(lambda a: log(1.0 + a), None),
    doc="log(1 + a), exact for small a; -inf at -1, nan below.\n\n>>> log1p(1e-20)\n1e-20",
)
log2: Op = _elementary(
    "log2", ieee.log2, lambda a, out: (1.0 / (a * math.log(2.0)),),
    spoken="the logarithm of {} to base 2", hardness=3, method=True,
    doc="Logarithm to base 2.\n\n>>> log2(8.0)\n3.0",
)
log10: Op = _elementary(
    "log10", ieee.log10, lambda a, out: (1.0 / (a * math.log(10.0)),),
    spoken="the logarithm of {} to base 10", hardness=3, method=True,
    doc="Logarithm to base 10.\n\n>>> log10(1000.0)\n3.0",
)
logaddexp: Op = _row(
    "logaddexp", _logaddexp, lambda a, b, out: (sigmoid(a - b), sigmoid(b - a)), arity=2,
    mark="LSE", spoken="the logarithm of e to the power of {} plus e to the power of {}", method=True,
    textbook=(
        lambda a, b: log(exp(a) + exp(b)),
        lambda a, b, out: (exp(a) / (exp(a) + exp(b)), exp(b) / (exp(a) + exp(b))),
    ),
    doc="log(e**a + e**b), in its stable form.\n\n>>> logaddexp(1000.0, 1000.0) == 1000.0 + log(2.0)\nTrue",
)

# Kinks and choices

abs: Op = _elementary(
    "abs", math.fabs, lambda a, out: (choose(a > 0.0, 1.0, choose(a < 0.0, -1.0, 0.0)),),
    mark="|x|", spoken="the absolute value of {}", hardness=2, numpy="absolute",
    doc="Absolute value; slope 0 at 0.\n\n>>> abs(-2.0)\n2.0",
)
maximum: Op = _elementary(
    "maximum", ieee.maximum,
    lambda a, b, out: (
        choose(a < b, 0.0, choose(equal(a, b), 0.5, 1.0)),
        choose(b < a, 0.0, choose(equal(a, b), 0.5, 1.0)),
    ),
    symbol="max", arity=2,
    spoken="the larger of {} and {}", hardness=2,
    textbook=(None, lambda a, b, out: (
        choose(a > b, 1.0, choose(equal(a, b), 0.5, 0.0)), choose(b > a, 1.0, choose(equal(a, b), 0.5, 0.0)),
    )),
    doc="The larger operand; nan if either is nan. A tie splits the gradient in half.\n\n>>> maximum(2.0, 3.0)\n3.0",
)
minimum: Op = _elementary(
    "minimum", ieee.minimum,
    lambda a, b, out: (
        choose(a > b, 0.0, choose(equal(a, b), 0.5, 1.0)),
        choose(b > a, 0.0, choose(equal(a, b), 0.5, 1.0)),
    ),
    symbol="min", arity=2,
    spoken="the smaller of {} and {}", hardness=2,
    textbook=(None, lambda a, b, out: (
        choose(a < b, 1.0, choose(equal(a, b), 0.5, 0.0)), choose(b < a, 1.0, choose(equal(a, b), 0.5, 0.0)),
    )),
    doc="The smaller operand; nan if either is nan. A tie splits the gradient in half.\n\n>>> minimum(2.0, 3.0)\n2.0",
)
clip: Op = _row(
    "clip", lambda a, low, high: minimum(maximum(a, low), high),
    lambda a, low, high, out: (
        choose((a >= low) & (a <= high), 1.0, 0.0),
        choose((a < low) & (low < high), 1.0, 0.0),
        choose((a > high) | (high < low), 1.0, 0.0),
    ),
    arity=3, defaults=(-math.inf, math.inf),
    spoken="{} held between {} and {}", hardness=2, method=True,
    textbook=(None, lambda a, low, high, out: (
        choose((a >= low) & (a <= high), 1.0, 0.0), choose(a < low, 1.0, 0.0), choose(a > high, 1.0, 0.0),
    )),
    doc="`a` held between `low` and `high`; `high` where they are crossed. The slope is 1 on the bounds themselves.\n\n"
    ">>> clip(5.0, 0.0, 1.0)\n1.0",
)
where: Op = _elementary(
    "where", ieee.where,
    lambda condition, a, b, out: (
        0.0,
        choose(equal(condition, 0.0), 0.0, 1.0),
        choose(equal(condition, 0.0), 1.0, 0.0),
    ),
    arity=3,
    spoken="where {}, then {}, else {}", hardness=2,
    doc="`a` where the condition holds (is not zero), else `b`. The condition has no gradient.\n\n"
    ">>> where(2.0 > 1.0, 5.0, 6.0)\n5.0",
)

# Trigonometry; angles are in radians

sin: Op = _elementary(
    "sin", ieee.sin, lambda a, out: (cos(a),),
    spoken="the sine of {}", hardness=3, method=True,
    doc="Sine of an angle in radians; nan at infinity.\n\n>>> sin(0.0)\n0.0",
)
cos: Op = _elementary(
    "cos", ieee.cos, lambda a, out: (-sin(a),),
    spoken="the cosine of {}", hardness=3, method=True,
    doc="Cosine of an angle in radians; nan at infinity.\n\n>>> cos(0.0)\n1.0",
)
tan: Op = _elementary(
    "tan", ieee.tan, lambda a, out: (1.0 + out * out,),
    spoken="the tangent of {}", method=True, textbook=(None, lambda a, out: (1.0 + out**2.0,)),
    doc="Tangent of an angle in radians; nan at infinity.\n\n>>> tan(0.0)\n0.0",
)
asin: Op = _elementary(
    "asin", ieee.asin, lambda a, out: (1.0 / sqrt(one_minus_square(a)),),
    spoken="the inverse sine of {}", method=True, numpy="arcsin", textbook=(None, lambda a, out: (1.0 / sqrt(1.0 - a**2.0),)),
    doc="Inverse sine, in radians; nan outside [-1, 1].\n\n>>> asin(0.0)\n0.0",
)
acos: Op = _elementary(
    "acos", ieee.acos, lambda a, out: (-1.0 / sqrt(one_minus_square(a)),),
    spoken="the inverse cosine of {}", method=True, numpy="arccos",
    textbook=(None, lambda a, out: (-(1.0 / sqrt(1.0 - a**2.0)),)),
    doc="Inverse cosine, in radians; nan outside [-1, 1].\n\n>>> acos(1.0)\n0.0",
)
atan: Op = _elementary(
    "atan", math.atan, lambda a, out: (_vanishing(a, square(1.0 / hypot(1.0, a))),),
    spoken="the inverse tangent of {}", method=True, numpy="arctan", textbook=(None, lambda a, out: (1.0 / (1.0 + a**2.0),)),
    doc="Inverse tangent, in radians.\n\n>>> atan(0.0)\n0.0",
)


def _atan2_partials(y: Any, x: Any, out: Any) -> tuple[Any, Any]:
    r = hypot(x, y)  # unit(x, y) / r is x / (x*x + y*y), without squares that may overflow or underflow
    at_origin = equal(r, 0.0)
    return choose(at_origin, 0.0, unit(x, y) / r), choose(at_origin, 0.0, -(unit(y, x) / r))


def _unit_partials(a: Any, b: Any, out: Any) -> tuple[Any, Any]:
    other = unit(b, a)
    turn = other / hypot(a, b)  # -d(angle)/da; divided before it is multiplied, so that nothing underflows
    return other * turn, -(out * turn)


def _sech(a: Any) -> Any:
    z = exp(-abs(a))  # cosh would overflow where 1/cosh is not yet 0
    return 2.0 * z / (1.0 + z * z)


atan2: Op = _elementary(
    "atan2", math.atan2, _atan2_partials, arity=2,
    spoken="the angle of height {} over width {}", method=True, numpy="arctan2",
    textbook=(None, lambda y, x, out: (x / (x**2.0 + y**2.0), -(y / (x**2.0 + y**2.0)))),
    doc="Angle of the point (x, y), given as atan2(y, x), in radians; slopes 0 at the origin.\n\n>>> atan2(0.0, 1.0)\n0.0",
)
hypot: Op = _elementary(
    "hypot", math.hypot, lambda a, b, out: (unit(a, b), unit(b, a)), arity=2,
    spoken="the hypotenuse over {} and {}", method=True,
    textbook=(lambda a, b: sqrt(a**2.0 + b**2.0), lambda a, b, out: (a / out, b / out)),
    doc="sqrt(a*a + b*b) without overflow; slopes nan at the origin.\n\n>>> hypot(3.0, 4.0)\n5.0",
)
unit: Op = _row(
    "unit", lambda a, b: a / hypot(a, b), _unit_partials, arity=2,
    spoken="{} divided by its hypotenuse with {}",
    textbook=(
        lambda a, b: a / sqrt(a**2.0 + b**2.0),
        lambda a, b, out: (b**2.0 / sqrt(a**2.0 + b**2.0) ** 3.0, -(a * b / sqrt(a**2.0 + b**2.0) ** 3.0)),
    ),
    doc="a / hypot(a, b), the cosine of the angle of the point (a, b); nan at the origin.\n\n>>> unit(3.0, 4.0)\n0.6",
)
sinh: Op = _elementary(
    "sinh", ieee.sinh, lambda a, out: (cosh(a),),
    spoken="the hyperbolic sine of {}", method=True,
    doc="Hyperbolic sine, (e**a - e**-a) / 2.\n\n>>> sinh(0.0)\n0.0",
)
cosh: Op = _elementary(
    "cosh", ieee.cosh, lambda a, out: (sinh(a),),
    spoken="the hyperbolic cosine of {}", method=True,
    doc="Hyperbolic cosine, (e**a + e**-a) / 2.\n\n>>> cosh(0.0)\n1.0",
)
tanh: Op = _elementary(
    "tanh", math.tanh, lambda a, out: (square(sech(a)),),
    spoken="the hyperbolic tangent of {}", hardness=3, method=True, activation="Tanh",
    textbook=(None, lambda a, out: (1.0 - out**2.0,)),
    doc="Hyperbolic tangent. Its slope, 1 - out**2, is computed as sech(a)**2, which keeps its digits.\n\n>>> tanh(0.0)\n0.0",
)
sech: Op = _row(
    "sech", _sech, lambda a, out: (-(out * tanh(a)),),
    spoken="the hyperbolic secant of {}", textbook=(lambda a: 1.0 / cosh(a), None),
    doc="Hyperbolic secant, 1 / cosh(a).\n\n>>> sech(0.0)\n1.0",
)

asinh: Op = _elementary(
    "asinh", math.asinh, lambda a, out: (sech(out),),
    spoken="the inverse hyperbolic sine of {}", method=True, numpy="arcsinh",
    textbook=(None, lambda a, out: (1.0 / sqrt(a**2.0 + 1.0),)),
    doc="Inverse hyperbolic sine, log(a + sqrt(a*a + 1)).\n\n>>> asinh(0.0)\n0.0",
)
acosh: Op = _elementary(
    "acosh", ieee.acosh, lambda a, out: (_vanishing(a, 1.0 / sinh(out)),),
    spoken="the inverse hyperbolic cosine of {}", method=True, numpy="arccosh",
    textbook=(None, lambda a, out: (1.0 / sqrt(a**2.0 - 1.0),)),
    doc="Inverse hyperbolic cosine, log(a + sqrt(a*a - 1)); nan below 1, slope inf there.\n\n>>> acosh(1.0)\n0.0",
)
atanh: Op = _elementary(
    "atanh", ieee.atanh, lambda a, out: (1.0 / one_minus_square(a),),
    spoken="the inverse hyperbolic tangent of {}", method=True, numpy="arctanh",
    textbook=(None, lambda a, out: (1.0 / (1.0 - a**2.0),)),
    doc="Inverse hyperbolic tangent, log((1 + a) / (1 - a)) / 2; infinite at 1 and -1, nan beyond.\n\n"
    ">>> atanh(0.0)\n0.0",
)

# The normal distribution (formulas: Abramowitz and Stegun, chapter 7)

# Not in the table: only textbook formulas use the density. No user's operation can have its name, which has a space.
_density = Op(
    "normal density", lambda a: exp(-(a**2.0) / 2.0) / math.sqrt(2.0 * math.pi), lambda a, out: (-a * out,), symbol="φ",
    spoken="the normal density of {}",
)
erf: Op = _elementary(
    "erf", math.erf, lambda a, out: (_vanishing(a, 2.0 / math.sqrt(math.pi) * exp(-(a * a))),),
    spoken="the error function of {}", method=True,
    textbook=(None, lambda a, out: (2.0 / math.sqrt(math.pi) * exp(-(a**2.0)),)),
    doc="Error function, 2/sqrt(pi) times the integral of e**-t**2 from 0 to a.\n\n>>> erf(0.0)\n0.0",
)
erfc: Op = _elementary(
    "erfc", math.erfc, lambda a, out: (_vanishing(a, -2.0 / math.sqrt(math.pi) * exp(-(a * a))),),
    spoken="1 minus the error function of {}", method=True,
    textbook=(lambda a: 1.0 - erf(a), lambda a, out: (-(2.0 / math.sqrt(math.pi) * exp(-(a**2.0))),)),
    doc="1 - erf(a), exact where erf(a) is near 1.\n\n>>> erfc(0.0)\n1.0",
)
ndtr: Op = _elementary(
    "ndtr", ieee.ndtr, lambda a, out: (_vanishing(a, exp(-(a * a) / 2.0) / math.sqrt(2.0 * math.pi)),),
    symbol="Φ", spoken="the normal distribution function of {}", textbook=(None, lambda a, out: (_density(a),)),
    doc="Standard normal distribution function, (1 + erf(a/sqrt(2))) / 2.\n\n>>> ndtr(0.0)\n0.5",
)

# Activations (sources: elu Clevert 2015, selu Klambauer 2017, gelu Hendrycks 2016, silu Elfwing 2017)


def _sigmoid(a: Any) -> Any:
    z = exp(-abs(a))  # at most 1, for either sign of a
    return choose(a >= 0.0, 1.0, z) / (1.0 + z)


def _silu(a: Any) -> Any:
    h = exp(-abs(a) / 2.0)  # (a * h) * h is 0 only where the result is; exp(-abs(a)) is 0 earlier
    return choose(a >= 0.0, a, a * h * h) / (1.0 + h * h)


def _gelu(a: Any) -> Any:
    # a * ndtr(a). Between -40 and -37, where ndtr underflows before the product does, the asymptotic series
    # (Abramowitz and Stegun 26.2.12). It takes a**2 as x2 + rest, because exp magnifies the rounding error of x2.
    x = minimum(maximum(a, -40.0), -37.0)
    high = 134217729.0 * x - (134217729.0 * x - x)
    low = x - high
    x2 = x * x
    rest = ((high * high - x2) + 2.0 * high * low) + low * low
    y = 1.0 / x2
    series = 1.0 - y * (1.0 - y * (3.0 - y * (15.0 - y * (105.0 - y * (945.0 - y * 10395.0)))))
    root = exp(-x2 / 4.0)
    tail = -(series * exp(-rest / 2.0) / math.sqrt(2.0 * math.pi) * root * root)
    return choose((a < -37.0) & (a > -40.0), tail, a * ndtr(a))


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946

relu: Op = _row(
    "relu", lambda a: choose(a <= 0.0, 0.0, a), lambda a, out: (choose(a <= 0.0, 0.0, 1.0),), symbol="ReLU",
    spoken="the rectifier of {}", hardness=2, method=True, activation="ReLU",
    textbook=(lambda a: maximum(0.0, a), lambda a, out: (choose(a > 0.0, 1.0, 0.0),)),
    doc="Rectifier, a above 0, else 0; slope 0 at 0.\n\n>>> relu(-2.0)\n0.0",
)
leaky_relu: Op = _row(
    "leaky_relu", lambda a, slope: choose(a > 0.0, a, slope * a),
    lambda a, slope, out: (choose(a > 0.0, 1.0, slope), choose(a > 0.0, 0.0, a)),
    arity=2, defaults=(0.01,),
    mark="LReLU", spoken="the leaky rectifier of {}, with slope {}", hardness=2, method=True, activation="LeakyReLU",
    textbook=(None, lambda a, slope, out: (choose(a > 0.0, 1.0, slope), choose(a > 0.0, 0.0, a))),
    doc="a above 0, else slope * a; the slope is 0.01 if not given, and may be learnt. At 0 it is `slope`.\n\n"
    ">>> leaky_relu(-2.0, 0.5)\n-1.0",
)
elu: Op = _row(
    "elu", lambda a, alpha: choose(a < 0.0, alpha * expm1(minimum(a, 0.0)), a),
    lambda a, alpha, out: (
        choose(a <= 0.0, alpha * exp(choose(a < 0.0, a, 0.0)), 1.0),
        choose(a <= 0.0, expm1(choose(a <= 0.0, a, 0.0)), 0.0),
    ),
    arity=2, defaults=(1.0,),
    spoken="the exponential linear unit of {}, with alpha {}", method=True, activation="ELU",
    textbook=(
        lambda a, alpha: choose(a > 0.0, a, alpha * (exp(a) - 1.0)),
        lambda a, alpha, out: (choose(a > 0.0, 1.0, alpha * exp(a)), choose(a > 0.0, 0.0, exp(a) - 1.0)),
    ),
    doc="a above 0, else alpha * (e**a - 1); alpha is 1 if not given.\n\n>>> elu(2.0)\n2.0",
)
selu: Op = _row(
    "selu", lambda a: _SELU_SCALE * choose(a < 0.0, _SELU_ALPHA * expm1(minimum(a, 0.0)), a),
    lambda a, out: (_SELU_SCALE * choose(a <= 0.0, _SELU_ALPHA * exp(choose(a < 0.0, a, 0.0)), 1.0),),
    spoken="the scaled exponential linear unit of {}", method=True, activation="SELU",
    textbook=(
        lambda a: _SELU_SCALE * choose(a > 0.0, a, _SELU_ALPHA * (exp(a) - 1.0)),
        lambda a, out: (_SELU_SCALE * choose(a > 0.0, 1.0, _SELU_ALPHA * exp(a)),),
    ),
    doc="Scaled elu, which keeps mean 0 and variance 1 from layer to layer.\n\n>>> selu(0.0)\n0.0",
)
sigmoid: Op = _row(
    "sigmoid", _sigmoid, lambda a, out: (sech(a / 2.0) ** 2.0 / 4.0,), symbol="σ",
    spoken="the sigmoid of {}", hardness=3, method=True, activation="Sigmoid",
    textbook=(lambda a: 1.0 / (1.0 + exp(-a)), lambda a, out: (out * (1.0 - out),)),
    doc="Logistic function, 1 / (1 + e**-a). Its slope, out * (1 - out), is computed as sech(a/2)**2 / 4, "
    "which keeps its digits.\n\n>>> sigmoid(0.0)\n0.5",
)
softplus: Op = _row(
    "softplus", lambda a: maximum(a, 0.0) + log1p(exp(-abs(a))), lambda a, out: (sigmoid(a),),
    mark="soft+", spoken="the softplus of {}", method=True, activation="Softplus",
    textbook=(lambda a: log(1.0 + exp(a)), None),
    doc="log(1 + e**a), a smooth relu, in its stable form.\n\n>>> softplus(1000.0)\n1000.0",
)
silu: Op = _row(
    "silu", _silu, lambda a, out: (sigmoid(a) + a * (sech(a / 2.0) ** 2.0 / 4.0),),
    spoken="the sigmoid linear unit of {}", method=True, activation="SiLU",
    textbook=(lambda a: a * sigmoid(a), lambda a, out: (sigmoid(a) + a * sigmoid(a) * (1.0 - sigmoid(a)),)),
    doc="Sigmoid linear unit (swish), a * sigmoid(a).\n\n>>> silu(0.0)\n0.0",
)
gelu: Op = _row(
    "gelu", _gelu,
    lambda a, out: (ndtr(a) + a * exp(-(a * a) / 2.0) / math.sqrt(2.0 * math.pi),),
    spoken="the Gaussian error linear unit of {}", method=True, activation="GELU",
    textbook=(lambda a: a * ndtr(a), lambda a, out: (ndtr(a) + a * _density(a),)),
    doc="Gaussian error linear unit, a * ndtr(a): the exact form, with erf.\n\n>>> gelu(0.0)\n0.0",
)

# Operations on sequences


def _sum(*xs: Any) -> Any:
    total = xs[0] if xs else 0.0
    for x in xs[1:]:
        total = total + x
    return total


def _products_of_others(xs: Sequence[Any]) -> tuple[Any, ...]:
    """For each x the product of all others, without division, so that a zero among them does no harm."""
    after = [1.0]
    for x in reversed(xs[1:]):
        after.append(x * after[-1])
    before: Any = 1.0
    products = []
    for x in xs:
        products.append(before * after.pop())
        before = before * x
    return tuple(products)


def _prod(*xs: Any) -> Any:
    product = xs[0] if xs else 1.0
    for x in xs[1:]:
        product = product * x
    return product


def _logsumexp(*xs: Any) -> Any:
    if not xs:
        return -math.inf
    top = xs[0]
    for x in xs[1:]:
        top = maximum(top, x)
    # Each of the largest terms is e**0 = 1. log1p adds one of them itself, so that a result near 0 keeps its digits.
    rest, ties = 0.0, 0.0
    for x in xs:
        rest = rest + choose(x < top, exp(x - top), 0.0)
        ties = ties + choose(x < top, 0.0, 1.0)
    return top + log1p(rest + (ties - 1.0))


def _softmax(*xs_and_out: Any) -> tuple[Any, ...]:
    """e**x / sum of e**x. Not e**(x - out), which would magnify the rounding error of a large out."""
    *xs, out = xs_and_out
    top = xs[0] if xs else 0.0
    for x in xs[1:]:
        top = choose(x > top, x, top)
    # The largest x has the power e**0: a constant 1 (nan if x is infinite), because exp(x - x) as an operation would
    # add terms to the second derivatives that cancel.
    one = choose((top > -math.inf) & (top < math.inf), 1.0, math.nan)
    powers = [one if x is top else exp(x - top) for x in xs]
    total = choose(out < math.inf, _sum(*powers), choose(out > 0.0, 1.0, out))  # `out` in the last case is nan
    return tuple([power / total for power in powers])


def _others_multiplied(*xs_and_out: Any) -> tuple[Any, ...]:
    """Textbook partials of prod: for each x the product of the others, written out unless there are too many."""
    xs = xs_and_out[:-1]
    if len(xs) > 12:
        return _products_of_others(xs)
    return tuple([_prod(*xs[:k], *xs[k + 1 :]) for k in range(len(xs))])


def _shares(parts: Sequence[Any]) -> tuple[Any, ...]:
    total = _sum(*parts)
    return tuple([part / total for part in parts])


def _dot(*operands: Any) -> Any:
    n = len(operands) // 2
    terms = [w * x for w, x in zip(operands[:n], operands[n:])]
    return _sum(*operands[2 * n :], *terms)


def _dot_partials(*operands_and_out: Any) -> tuple[Any, ...]:
    operands = operands_and_out[:-1]
    n = len(operands) // 2
    return operands[n : 2 * n] + operands[:n] + (1.0,) * (len(operands) % 2)


sum: Op = _row(
    "sum", _sum, lambda *xs_and_out: (1.0,) * (len(xs_and_out) - 1), symbol="Σ", arity=None, kind=_Nary,
    spoken="the sum of {}", hardness=0,
    doc="Sum of a sequence, from left to right, as one node; 0 if it is empty.\n\n>>> sum([1.0, 2.0, 3.0])\n6.0",
)
prod: Op = _row(
    "prod", _prod, lambda *xs_and_out: _products_of_others(xs_and_out[:-1]), symbol="Π", arity=None, kind=_Nary,
    spoken="the product of {}", hardness=3,
    textbook=(None, _others_multiplied),
    doc="Product of a sequence as one node; 1 if it is empty. Zeros in it do not spoil the gradient.\n\n"
    ">>> prod([2.0, 3.0, 4.0])\n24.0",
)
logsumexp: Op = _row(
    "logsumexp", _logsumexp, _softmax, arity=None, kind=_Nary,
    mark="LSE", spoken="the logarithm of the sum of e to the powers of {}",
    textbook=(
        lambda *xs: log(_sum(*map(exp, xs))),
        lambda *xs_and_out: _shares([exp(x) for x in xs_and_out[:-1]]),
    ),
    doc="log of the sum of e**x over a sequence, in its stable form; -inf if it is empty. Its partials are the softmax.\n\n"
    ">>> logsumexp([1000.0, 1000.0]) == 1000.0 + log(2.0)\nTrue",
)
dot: Op = _row(
    "dot", _dot, _dot_partials, symbol="·", arity=None, kind=_Dot,
    mark="w·x", spoken="the dot product of {}", noun="w·x", hardness=1,
    doc="bias + w0*x0 + w1*x1 + ..., added in that order, as one node: dot(ws, xs, bias=None).\n\n"
    ">>> dot([1.0, 2.0], [3.0, 4.0], 10.0)\n21.0",
)

# fmt: on

BUILTIN = frozenset(OPS)

if not TYPE_CHECKING:  # a type checker cannot evaluate *OPS; it reads the names above
    __all__ = ["Op", "equal", "op", *OPS]


# --- a user's own operations ----------------------------------------------------------------------------------


def op(
    name: str,
    forward: Rule,
    partials: Rule,
    *,
    symbol: str | None = None,
    arity: int | None = 1,
    doc: str = "",
    textbook: tuple[Rule | None, Rule | None] = (None, None),
    spoken: str | None = None,
    check: Iterable[Sequence[float]] = (),
) -> Op:
    """Define an operation, in the same way as the built-in ones.

    Parameters
    ----------
    name : str
        A Python identifier that no built-in operation has. Defining a name of your own again replaces it.
    forward : callable
        ``forward(*operands)``. Written with operators and autograd's functions it is read with arrays and
        symbols too; written with ``math`` it serves the eager engine alone.
    partials : callable
        ``partials(*operands, out)``, a tuple with d(out)/d(operand) for each operand. Written with autograd's
        functions, it can itself be differentiated.
    symbol, arity, doc, textbook, spoken
        As for `Op`.
    check : iterable of operand tuples
        Points at which the partials are compared with numeric derivatives before the operation is accepted.

    Raises
    ------
    ValueError
        If the name is taken or is not an identifier, or if a partial disagrees with the numeric derivative at a point
        of `check`.

    Notes
    -----
    Every node refers to the operation that made it. So an operation that keeps its own results, in a cache perhaps,
    keeps itself. Python's garbage collector cannot find such a ring, because it does not know native nodes: let the cache
    be a `weakref.WeakValueDictionary`, or keep the numbers, ``y.data``.

    Examples
    --------
    >>> cube = op("cube", lambda a: a * a * a, lambda a, out: (3 * a * a,), check=[(2.0,), (-1.5,)])
    >>> cube(2.0)
    8.0
    """
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"an operation's name must be a Python identifier, not {name!r}")
    if name in BUILTIN:
        raise ValueError(f"{name!r} is a built-in operation; choose another name")
    made = _Checked(name, forward, partials, symbol=symbol, arity=arity, doc=doc, textbook=textbook, spoken=spoken)
    for point in check:
        if not isinstance(point, (tuple, list)) or (arity is not None and len(point) != arity):
            raise ValueError(f"a point to check {name!r} at must be a tuple of its operands, not {point!r:.60}")
        check_partials(made, point)
    OPS[name] = made
    return made


class _Checked(Op):
    """A user's operation: what its rules return is checked before the engine uses it."""

    def value(self, *operands: float) -> float:
        out: object = super().value(*operands)
        if isinstance(out, complex):  # a fractional power of a negative float; of a negative Real it is nan
            out = self.forward(*map(ieee.Real, operands))
        try:
            return ieee.to_float(out)
        except TypeError:
            raise TypeError(
                f"the forward rule of {self.name!r} must return a real number, not {type(out).__name__}: {out!r}"
            ) from None

    def slopes(self, *operands_and_out: float) -> tuple[float, ...]:
        slopes = super().slopes(*operands_and_out)
        if isinstance(slopes, tuple) and any(isinstance(slope, complex) for slope in slopes):
            slopes = self.partials(*map(ieee.Real, operands_and_out))
        expected = len(operands_and_out) - 1
        if not isinstance(slopes, tuple) or len(slopes) != expected:
            raise TypeError(
                f"the partials of {self.name!r} must be a tuple with one number for each of its {expected} "
                f"operands, not {slopes!r}"
            )
        return tuple([ieee.to_float(slope, f"partials of {self.name!r}") for slope in slopes])


def central_difference(f: Callable[..., float], point: Sequence[float], index: int, eps: float | None = None) -> float:
    """df/d(point[index]) from two values of f, at a distance that balances truncation against round-off.

    (f(x + h) - f(x - h)) / 2h errs by h**2 f'''/6 for truncation and by about u |f|/h for round-off, where
    u = 2.2e-16. Where f and f''' are about 1 their sum is least near h = u**(1/3); h is this number, about 6e-6, times x if
    that is larger than 1.

    Examples
    --------
    >>> round(central_difference(lambda x: x * x, [3.0], 0), 6)
    6.0
    """
    h = eps if eps is not None else 6.055454452393343e-06 * max(1.0, math.fabs(point[index]))
    return _difference(f, point, index, h)[0]


def _difference(f: Callable[..., float], point: Sequence[float], index: int, h: float) -> tuple[float, float]:
    """A central difference with the step h, and an estimate of its error from rounding the values of f."""
    above, below = list(point), list(point)
    above[index], below[index] = point[index] + h, point[index] - h
    y, z = f(*above), f(*below)
    width = above[index] - below[index]
    if not width > 0.0:  # x + h and x - h round to the same number
        return math.nan, math.inf
    return (y - z) / width, 2.220446049250313e-16 * (math.fabs(y) + math.fabs(z)) / width


def extrapolated_difference(f: Callable[..., float], point: Sequence[float], index: int) -> tuple[float, float]:
    """df/d(point[index]) by Ridders' method, and an estimate of its error.

    The error of a central difference is a series in h**2. From differences with steps h, h/2, h/4, ... one term of it
    after the other is eliminated (Richardson's extrapolation), and the best of all these estimates is the one that
    differs least from those that it was made of (Ridders 1982). This is done for several first steps, large and small,
    because f may be smooth only close to the point.

    Returns
    -------
    derivative, error : float
        nan and inf if f is finite nowhere near the point.

    Examples
    --------
    >>> derivative, error = extrapolated_difference(math.log, [1e-3], 0)
    >>> math.fabs(derivative - 1000.0) < 1e-8, error < 1e-8
    (True, True)
    """
    best, best_error = math.nan, math.inf
    for scale in sorted({math.fabs(point[index]) or 1.0, 1.0}):
        for step in (1e-1, 1e-3, 1e-6):
            before: list[float] = []
            for k in range(7):
                try:
                    estimate, rounding = _difference(f, point, index, step * scale / 2.0**k)
                except (ArithmeticError, ValueError):  # a step out of the domain of a function of ``math``
                    estimate, rounding = math.nan, math.inf
                row = [estimate]
                for j, older in enumerate(before):
                    estimate = row[j] + (row[j] - older) / (4.0 ** (j + 1) - 1.0)
                    error = max(math.fabs(estimate - row[j]), math.fabs(estimate - older)) + rounding
                    if error < best_error:
                        best, best_error = estimate, error
                    row.append(estimate)
                before = row
            if best_error <= 1e-10 * math.fabs(best):
                return best, best_error
    return best, best_error


def numeric_derivative(
    f: Callable[..., float], point: Sequence[float], index: int, analytic: float, rtol: float, atol: float
) -> tuple[float, float, bool]:
    """df/d(point[index]) from values of f alone, an estimate of its error, and whether it agrees with `analytic`.

    A central difference is enough if it agrees, to ``rtol`` times the larger of the two, plus ``atol``; if it does not,
    `extrapolated_difference` decides. A gradient that is not finite agrees with nothing.

    Examples
    --------
    >>> numeric_derivative(lambda x: x * x, [3.0], 0, 6.0, rtol=1e-6, atol=0.0)[2]
    True
    """

    def tolerance(numeric: float) -> float:
        return rtol * max(math.fabs(analytic), math.fabs(numeric)) + atol

    numeric = central_difference(f, point, index)
    if math.isfinite(analytic) and math.fabs(analytic - numeric) <= tolerance(numeric):
        return numeric, tolerance(numeric), True
    numeric, error = extrapolated_difference(f, point, index)
    # A difference within the error of `numeric` is no disagreement; but a large error must not excuse everything.
    agrees = math.fabs(analytic - numeric) <= tolerance(numeric) + min(error, 100.0 * tolerance(numeric))
    return numeric, error, math.isfinite(analytic) and agrees


def check_partials(op: Op, operands: Sequence[float], tolerance: float = 1e-6) -> None:
    """Compare an operation's partials with numeric derivatives at one point.

    Raises
    ------
    ValueError
        If they differ by more than `tolerance`, relative to 1 or to the derivative if that is larger.

    Examples
    --------
    >>> check_partials(tanh, [0.5])
    """
    point = [ieee.to_float(x, op.name) for x in operands]
    for i, analytic in enumerate(op.slopes(*point, op.value(*point))):
        numeric, error, agrees = numeric_derivative(op.value, point, i, analytic, tolerance, tolerance)
        if not agrees:
            raise ValueError(
                f"partial {i} of {op.name!r} at {tuple(point)} is {analytic:.10g} by its rule, but "
                f"{numeric:.10g} ± {error:.0e} by numeric differentiation"
            )
