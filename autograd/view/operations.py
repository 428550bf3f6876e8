"""What the page needs of operations: rules to compute with, and how people and programs write them.

All of it is made from the rows of `ops`, for a given number of operands: the rules as JavaScript; the textbook's
formulas and the computing rules as MathML; a formula in a line of text; and the Python code of one call.
"""

from __future__ import annotations

import json

from .. import ops
from ..symbols import Expression, JavaScript, MathML, Plain, Printer, Python, Rule, Symbol, postorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from ..graph import Graph
    from ..ops import Op

LONGEST = 12
"""The rule of a sum or dot product is shown with all its operands if there are at most this many, else with a few."""
WRITTEN_OUT = 4
"""At most this many terms or operands are written out in a line of text."""


def used(graph: Graph) -> dict[str, tuple[Op, int]]:
    """The operations of a graph with their numbers of operands, by keys such as "tanh/1".

    Examples
    --------
    >>> from autograd import Graph, Value
    >>> used(Graph(Value(0.5).tanh()))
    {'tanh/1': (<operation tanh>, 1)}
    """
    found: dict[str, tuple[Op, int]] = {}
    for node, operands in zip(graph, graph.operands):
        if node.op is not None:
            found[f"{node.op.name}/{len(operands)}"] = node.op, len(operands)
    return found


# --- rules to compute with --------------------------------------------------------------------------------------------


def javascript(operations: Iterable[tuple[Op, int]]) -> str:
    """The source of a module with the rules of operations, each for a number of operands.

    It exports ``operations``: for ``"tanh/1"`` an object with ``forward(x)``, the value for a list of operands, and
    ``partials(x, out)``, a list; or null where the rule cannot be read with symbols.

    Examples
    --------
    >>> print(javascript([(ops.square, 1)]))
    import { elementary } from "./elementary.js";
    const f = { ...elementary };
    export const operations = {
    "square/1": { forward: (x) => { return x[0] * x[0]; }, partials: (x, out) => { return [2.0 * x[0]]; } },
    };
    """
    printer = JavaScript()
    helpers: dict[str, str] = {}
    rows = []
    for op, arity in operations:
        key = f"{op.name}/{arity}"
        rule = _rule(op, arity)
        # The functions that the rules call must be readable with symbols, too.
        if rule is None or not all(_helped(helper, helpers) for helper in _called(rule.forward, *rule.partials)):
            rows.append(f"{json.dumps(key)}: null,")
            continue
        x = Symbol("x")
        forward = printer.function([x], [rule.forward], "return {};")
        partials = printer.function([x, rule.out], rule.partials, "return [{}];")
        rows.append(f"{json.dumps(key)}: {{ forward: {forward}, partials: {partials} }},")
    lines = ['import { elementary } from "./elementary.js";', "const f = { ...elementary };"]
    lines += [f"f[{json.dumps(name)}] = {source};" for name, source in helpers.items()]
    return "\n".join([*lines, "export const operations = {", *rows, "};"])


def _rule(op: Op, arity: int) -> Rule | None:
    """The rule for operands called x[0], x[1], ...; None if it cannot be read with symbols."""
    try:
        return Rule(op, [f"x[{k}]" for k in range(arity)])
    except Exception:  # a user's rule may raise anything when it is given symbols
        return None


def _called(*expressions: Any) -> list[tuple[Op, int]]:
    """The operations that expressions call by name, with their numbers of operands."""
    found = {}
    for x in postorder(expressions):
        if isinstance(x.head, ops.Op) and x.head.name not in JavaScript.signs:
            found[_name(x.head, len(x.operands))] = x.head, len(x.operands)
    return list(found.values())


def _name(op: Op, arity: int) -> str:
    return JavaScript.function_name(Expression(op, (None,) * arity))


def _helped(called: tuple[Op, int], helpers: dict[str, str]) -> bool:
    """Add the JavaScript of a function that a rule calls, and of those that it calls in turn, to `helpers`.

    Return False if the rule of one of them cannot be read with symbols.
    """
    stack = [called]
    while stack:
        op, arity = stack[-1]
        name = _name(op, arity)
        if op.elementary or name in helpers:
            stack.pop()
            continue
        operands = [Symbol(f"x{k}") for k in range(arity)]
        try:
            result: Any = op.forward(*operands)
        except Exception:  # as in _rule
            return False
        missing = [inner for inner in _called(result) if not inner[0].elementary and _name(*inner) not in helpers]
        if missing:
            if any(inner in stack for inner in missing):  # a user's rule that calls itself
                return False
            stack.extend(missing)
            continue
        helpers[name] = JavaScript().function(operands, [result], "return {};")
        stack.pop()
    return True


# --- formulas to show -------------------------------------------------------------------------------------------------


def described(op: Op, arity: int) -> dict[str, Any]:
    """What the page shows of an operation.

    Returns
    -------
    dict
        ``mark``, ``hardness``, ``infix`` as in the row; ``builtin``: whether `autograd` has it; ``readable``: whether
        its rules can be read with symbols; ``line`` and ``code``, see `line` and `code`; ``spoken``: a line read
        aloud; ``slopes``: for each operand the local derivative, where that is a number or another operand (its place
        as a text), else None; ``rule`` and ``computed``: the textbook's formulas and the computing ones as MathML; None
        if they cannot be read with symbols, and ``computed`` also where both are the same.

    Examples
    --------
    >>> shown = described(ops.sigmoid, 1)
    >>> shown["line"], shown["code"]["parts"]
    (['σ(', 0, ')'], ['autograd.sigmoid(', 0, ')'])
    >>> described(ops.square, 1)["rule"]["partials"]
    ['<mn>2</mn><mo>·</mo><mrow class="operand0"><mi>a</mi></mrow>']
    """
    rule = _rule(op, arity)
    readable = rule is not None and all(_helped(helper, {}) for helper in _called(rule.forward, *rule.partials))
    taught = _formulas(op, arity, textbook=True)
    computed = _formulas(op, arity, textbook=False)
    return {
        "mark": op.mark,
        "spoken": _parts(op.aloud(_some([x.name for x in _gaps(arity)], "others"))),
        "hardness": op.hardness,
        "infix": op.infix and arity == 2,
        "builtin": op.name in ops.BUILTIN or isinstance(op, ops.Power),
        "readable": readable,
        "line": line(op, arity),
        "code": code(op, arity),
        "slopes": None if rule is None else _plain_slopes(rule),
        "rule": taught,
        "computed": None if computed == taught else computed,
    }


def _plain_slopes(rule: Rule) -> list[Any]:
    """For each operand the local derivative if it is just a number or an operand (given by its place), else None.

    The page states these for each operand, however many there are.
    """
    places = {id(x): str(k) for k, x in enumerate(rule.operands)}
    return [places.get(id(slope)) if isinstance(slope, Expression) else float(slope) for slope in rule.partials]


def _formulas(op: Op, arity: int, textbook: bool) -> dict[str, Any] | None:
    """A rule as MathML; if it has too many operands, the general rule with a few: x1, x2, x3."""
    try:
        rule = Rule(op, [f"x{k + 1}" for k in range(arity)], textbook=textbook)
        general = arity > (LONGEST if None not in _plain_slopes(rule) else 3)
        shown = Rule(op, textbook=textbook) if general or op.arity is not None else rule
    except Exception:  # as in _rule
        return None
    operands = [symbol.name for symbol in shown.operands if isinstance(symbol, Symbol)]
    classes = {} if general else {name: f"operand{k}" for k, name in enumerate(operands)}
    printer = MathML(classes | {shown.out.name: "out"})
    return {
        "general": general,
        "operands": [printer.text(symbol) for symbol in shown.operands],
        "forward": printer.text(shown.forward),
        "partials": [printer.text(partial) for partial in shown.partials],
    }


# --- in a line --------------------------------------------------------------------------------------------------------

_GAP = "\0"  # stands before and after the number of an operand, which the page replaces by its name


class Line(Plain):
    """A formula in a line of text, in mathematicians' signs.

    Examples
    --------
    >>> a = Symbol("a")
    >>> Line().text(-(a - 1.0) * a)
    '−(a − 1) · a'
    """

    signs = Plain.signs | {
        "sub": ("{} − {}", *Plain.signs["sub"][1:]),
        "neg": ("−{}", *Plain.signs["neg"][1:]),
        "mul": ("{} · {}", *Plain.signs["mul"][1:]),
        "remainder": ("{} mod {}", *Plain.signs["remainder"][1:]),
        "pow": ("{}^{}", *Plain.signs["pow"][1:]),
    }

    def number(self, x: float) -> str:
        return f"(−{-x:.10g})" if x < 0 else super().number(x)

    def call(self, name: str, x: Expression) -> str:
        symbol = x.head.symbol.replace(_GAP, "") if isinstance(x.head, ops.Op) else name
        return f"{symbol}({', '.join(map(self.text, x.operands))})"


class _Code(Python):
    """A printer of Python code that presumes ``import autograd``."""

    signs = Printer.signs

    def call(self, name: str, x: Expression) -> str:
        assert isinstance(x.head, ops.Op)
        function = f"autograd.{name}" if name in ops.BUILTIN else f"autograd.ops.find({json.dumps(name)})"
        operands = list(map(self.text, x.operands))
        if x.head is ops.dot:
            pairs = len(operands) // 2
            ws, xs, bias = operands[:pairs], operands[pairs : 2 * pairs], operands[2 * pairs :]
            operands = [f"[{', '.join(ws)}]", f"[{', '.join(xs)}]", *bias]
        elif name in ops.BUILTIN and x.head.arity is None:
            operands = [f"[{', '.join(operands)}]"]
        return f"{function}({', '.join(operands)})"


def _gaps(arity: int) -> list[Symbol]:
    return [Symbol(f"{_GAP}{k}{_GAP}") for k in range(arity)]


def _parts(text: str) -> list[str | int]:
    """A text with gaps, as a list: the texts, and between them the numbers of the operands."""
    return [int(part) if k % 2 else part for k, part in enumerate(text.split(_GAP)) if part]


def line(op: Op, arity: int) -> list[str | int]:
    """A formula in a line of text, in parts: texts, and the numbers of the operands whose names belong between them.

    Of many operands only the first few are written out.

    Examples
    --------
    >>> line(ops.mul, 2), line(ops.power(2.0), 1), line(ops.dot, 3)
    ([0, ' · ', 1], [0, '^2'], [2, ' + ', 0, '·', 1])
    """
    gaps = _gaps(arity)
    if op in (ops.sum, ops.dot):
        pairs = arity // 2
        terms = [f"{w.name}·{x.name}" for w, x in zip(gaps[:pairs], gaps[pairs:])]
        terms = [x.name for x in gaps] if op is ops.sum else [x.name for x in gaps[2 * pairs :]] + terms
        return _parts(" + ".join(_some(terms)))
    if isinstance(op, ops.Power):
        return _parts(Line().text(Expression(ops.pow, (*gaps, op.exponent))))
    if op.infix:
        return _parts(Line().text(Expression(op, tuple(gaps))))
    return _parts(f"{op.symbol.replace(_GAP, '')}({', '.join(_some([x.name for x in gaps]))})")


def _some(texts: Sequence[str], others: str = "…") -> list[str]:
    return [*texts[:WRITTEN_OUT], *([others] if len(texts) > WRITTEN_OUT else [])]


def code(op: Op, arity: int) -> dict[str, Any]:
    """The Python code of a call, in parts like those of `line`; and whether negative operands need parentheses.

    Examples
    --------
    >>> code(ops.sub, 2)
    {'parts': [0, ' - ', 1], 'signs': True}
    >>> code(ops.dot, 3)["parts"]
    ['autograd.dot([', 0, '], [', 1, '], ', 2, ')']
    """
    gaps = tuple(_gaps(arity))
    made = Expression(ops.pow, (*gaps, op.exponent)) if isinstance(op, ops.Power) else Expression(op, gaps)
    return {"parts": _parts(_Code().text(made)), "signs": op.infix or isinstance(op, ops.Power)}
