"""A graph in words: the forward pass line by line, and the chain rule for one gradient with its numbers.

Formulas come from the rules of the operations, called with symbols that bear the nodes' names; numbers are those of the
point at which the graph was computed. Drawings and the page take the nodes' names from here.
"""

from __future__ import annotations

import re
from itertools import count

from .. import ops
from ..graph import Graph
from ..ops import Op, Power
from ..symbols import Expression, Latex, Plain, Printer, Rule, Symbol
from ..value import Constant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from ..value import Value


NOTED = 6  # at most this many leaves that have been set since are noted one by one

# Control characters become the signs that Unicode has for them, tabs become spaces, line breaks newlines.
_UNSEEN = {code: 0x2400 + code for code in range(32)} | {127: 0x2421, 9: 32, 10: 10, 13: 10}
_UNFIT = re.compile("[\x80-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def shown(label: str, longest: int = 40) -> str:
    """A label made fit to be shown: shortened, and without characters that would disturb the text around it.

    Examples
    --------
    >>> shown("w"), shown("a" * 10_000, 4), shown("a\\0b")
    ('w', 'aaa…', 'a␀b')
    """
    if len(label) > longest:
        label = label[: longest - 1] + "…"
    lines = _UNFIT.sub("\ufffd", label.translate(_UNSEEN)).splitlines()
    return "\n".join([line for line in lines if line.strip()])  # Graphviz 14 crashes at some empty lines


class Subgraph(Graph):
    """The graph of one node of a larger graph, whose nodes have the names that they have in the larger one.

    Parameters
    ----------
    root : Value
        One of the nodes of `whole`.
    whole : Graph

    Examples
    --------
    >>> from autograd import Value
    >>> x = Value(2.0, "x")
    >>> whole = Graph(-x * x.exp())
    >>> names(whole), names(Subgraph(whole.nodes[2], whole))
    (['x', '@1', '@2', '@3'], ['x', '@2'])
    """

    def __init__(self, root: Value, whole: Graph) -> None:
        super().__init__(root)
        self.whole = whole


def names(graph: Graph) -> list[str]:
    """A name for each node: its label, with its scope where labels repeat; a leaf's number; or @1, @2, ...

    A name with ``@`` is a name neither in Python nor in an expression, so that it does not look like a label. If a node
    has such a label all the same, no other node gets this name.

    Examples
    --------
    >>> from autograd import Value
    >>> names(Graph(Value(2.0, "x") * 3 + 1))
    ['x', '3', '@1', '1', '@2']
    """
    if isinstance(graph, Subgraph):
        known = dict(zip(graph.whole, names(graph.whole)))
        return [known[node] for node in graph]
    labels: set[str] = set()
    repeated: set[str] = set()
    for node in graph:
        (repeated if node.label in labels else labels).add(node.label)

    def named(node: Value, data: float) -> str:
        scope = node.scope.partition(".")[2] or node.scope
        name = f"{scope}.{node.label}" if node.label in repeated and scope else node.label
        name = shown(name).replace("\n", " ") if node.label else ""
        return name or ("" if node.op is not None else f"{data:.10g}")

    given = [named(node, data) for node, data in zip(graph, graph.data)]
    taken = labels.union(given)
    fresh = (name for name in map("@{}".format, count(1)) if name not in taken)
    return [name or next(fresh) for name in given]


def data_set_since(graph: Graph) -> dict[int, float]:
    """The present data, by position, of leaves that have been set since the root was computed.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0, "w")
    >>> y = w * 2
    >>> w.data = 5.0
    >>> graph = Graph(y)
    >>> graph.data, data_set_since(graph)
    ([3.0, 2.0, 6.0], {0: 5.0})
    """
    return {i: graph.nodes[i].data for i in graph.written}


def trace(root: Value | Graph, digits: int = 10) -> str:
    """The forward pass, a line for each operation: the node's name, its formula and its value.

    Leaves that have been set since then are noted at the end.

    Parameters
    ----------
    root : Value or Graph
    digits : int
        Significant digits of the numbers.

    Examples
    --------
    >>> from autograd import Value
    >>> print(trace((Value(0.5, "w") * Value(2.0, "x")).tanh()))
    @1 = w * x     = 1
    @2 = tanh(@1)  = 0.761594156
    """
    graph = root if isinstance(root, Graph) else Graph(root)
    called = names(graph)
    rows = [
        (called[i], formula(node, [called[k] for k in graph.operands[i]]), f"{graph.data[i]:.{digits}g}")
        for i, node in enumerate(graph)
        if node.op is not None
    ]
    name_width = max([len(row[0]) for row in rows], default=0)
    formula_width = max([len(row[1]) for row in rows], default=0)
    write = _InText(digits)
    write.lines += [f"{name:<{name_width}} = {rule:<{formula_width}}  = {data}" for name, rule, data in rows]
    _note_since(write, graph, called)
    return write.end()


forward = trace  # the older name, which reads as if it computed something


def explain(node: Value, of: Value | Graph, digits: int = 10, form: str = "text", *, computed: bool = False) -> str:
    """The chain rule for d(of)/d(node), step by step from `of` back to `node`, with the numbers.

    A node's gradient is the sum over its consumers of the consumer's gradient times the local derivative; there
    is a paragraph for each node on the way. The rules are those of the textbook. The numbers are those of the point at
    which `of` was computed; leaves that have been set since then are noted at the end.

    Parameters
    ----------
    node : Value
        The node whose gradient is explained.
    of : Value or Graph
        What is differentiated, usually a loss.
    digits : int
        Significant digits of the numbers.
    form : str
        ``"text"``, or ``"latex"`` for an ``aligned`` environment to stand in a formula.
    computed : bool
        Whether to show the rules as the engine computes them, which keeps all digits.

    Raises
    ------
    LookupError
        If `of` was not made from `node`.
    ValueError
        If there is no such `form`.

    Examples
    --------
    >>> from autograd import Value
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> y = (w * x).tanh()
    >>> y.label = "y"
    >>> print(explain(w, of=y))
    dy/dy = 1
    dy/d@1 = dy/dy · ∂y/∂@1
           = 1 · 0.4199743416          ∂y/∂@1 = 1 - y ** 2
           = 0.4199743416
    dy/dw = dy/d@1 · ∂@1/∂w
          = 0.4199743416 · 2          ∂@1/∂w = x
          = 0.8399486832
    >>> print(explain(w, of=y, computed=True).splitlines()[2])
           = 1 · 0.4199743416          ∂y/∂@1 = square(sech(@1))
    >>> print(explain(w, of=y, form="latex"))
    \\begin{aligned}
    \\frac{\\mathrm{d} y}{\\mathrm{d} y} &= 1 \\\\
    ...
    &= 0.4199743416 \\cdot 2 && \\frac{\\partial \\mathrm{@1}}{\\partial w} = x \\\\
    &= 0.8399486832
    \\end{aligned}
    """
    if form not in ("text", "latex"):
        raise ValueError(f"form must be 'text' or 'latex', not {form!r}")
    write = _InText(digits) if form == "text" else _InLatex(digits)
    graph = of if isinstance(of, Graph) else Graph(of)
    target = graph.position(node)
    called, gradients = names(graph), graph.gradients()
    root = called[-1]

    write.paragraph(write.total(root, root), "1")
    for i in _nodes_between(graph, target):
        terms, numbers, rules = [], [], []
        for consumer in graph.consumers[i]:
            partials = graph.nodes[consumer].partials
            slope = ops.sum.forward(*[p for k, p in zip(graph.operands[consumer], partials) if k == i])
            local = write.partial(called[consumer], called[i])
            terms.append(write.product(write.total(root, called[consumer]), local))
            numbers.append(write.product(write.number(gradients[consumer]), write.factor(slope)))
            rules.append(f"{local} = {write.slope(_slope(graph, consumer, i, called, computed))}")
        write.paragraph(
            write.total(root, called[i]), " + ".join(terms), " + ".join(numbers), rules, write.number(gradients[i])
        )
    _note_since(write, graph, called, first=target)
    return write.end()


def _note_since(write: _InText, graph: Graph, called: list[str], first: int = 0) -> None:
    """Note the leaves that have been set since the graph was computed, `first` before the others; at most `NOTED`."""
    now = data_set_since(graph)
    for i in sorted(now, key=lambda i: i != first)[:NOTED]:
        write.note(called[i], now[i])
    if len(now) > NOTED:
        write.more(len(now) - NOTED)


def _nodes_between(graph: Graph, target: int) -> Iterator[int]:
    """The nodes on the paths from the root back to `target`, without the root and with `target` last."""
    reaches = [False] * len(graph)
    reaches[target] = True
    for i, operands in enumerate(graph.operands):
        reaches[i] = reaches[i] or any(reaches[k] for k in operands)
    return (i for i in range(len(graph) - 2, target - 1, -1) if reaches[i])


class _InText:
    """Writes the lines of `explain` and `trace` as plain text."""

    printer: Printer = Plain()

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.lines: list[str] = []

    def number(self, x: float) -> str:
        return f"{x:.{self.digits}g}"

    def factor(self, x: float) -> str:
        return self.printer.parenthesised(self.number(x)) if x < 0 else self.number(x)

    def product(self, x: str, y: str) -> str:
        return f"{x} · {y}"

    def total(self, y: str, x: str) -> str:
        return f"d{y}/d{x}"

    def partial(self, y: str, x: str) -> str:
        return f"∂{y}/∂{x}"

    def slope(self, slope: Any) -> str:
        """The rule for a local derivative, or the name of the operation whose rule cannot be read."""
        return f"the partial of {slope.name}" if isinstance(slope, Op) else self.printer.text(slope)

    def paragraph(self, head: str, terms: str, numbers: str = "", rules: Sequence[str] = (), total: str = "") -> None:
        indent = " " * len(head)
        self.lines.append(f"{head} = {terms}")
        if numbers:
            self.lines.append(f"{indent} = {numbers}          {',  '.join(rules)}")
            self.lines.append(f"{indent} = {total}")

    def note(self, name: str, now: float) -> None:
        self.lines.append(f"{name} has been set since; it is {self.number(now)} now")

    def more(self, count: int) -> None:
        self.lines.append(f"and {count:,} more")

    def end(self) -> str:
        return "\n".join(self.lines)


class _InLatex(_InText):
    """Writes the lines of `explain` as LaTeX: a row for each sum, its numbers, and their value."""

    printer = Latex()

    def number(self, x: float) -> str:
        return Latex().decimal(super().number(x))

    def product(self, x: str, y: str) -> str:
        return rf"{x} \cdot {y}"

    def total(self, y: str, x: str) -> str:
        return rf"\frac{{\mathrm{{d}} {self._name(y)}}}{{\mathrm{{d}} {self._name(x)}}}"

    def partial(self, y: str, x: str) -> str:
        return rf"\frac{{\partial {self._name(y)}}}{{\partial {self._name(x)}}}"

    def _name(self, name: str) -> str:
        return self.printer.name(Symbol(name))

    def slope(self, slope: Any) -> str:
        return (
            rf"\text{{{super().slope(slope)}}}".replace("_", r"\_") if isinstance(slope, Op) else super().slope(slope)
        )

    def paragraph(self, head: str, terms: str, numbers: str = "", rules: Sequence[str] = (), total: str = "") -> None:
        self.lines.append(f"{head} &= {terms}")
        if numbers:
            self.lines.append(rf"&= {numbers} && " + r",\quad ".join(rules))
            self.lines.append(f"&= {total}")

    def note(self, name: str, now: float) -> None:
        number = self.number(now)
        self.lines.append(rf"& {self._name(name)} \text{{ has been set since; it is }} {number} \text{{ now}}")

    def more(self, count: int) -> None:
        self.lines.append(rf"& \text{{and {count:,} more}}")

    def end(self) -> str:
        rows = " \\\\\n".join(self.lines)
        return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"


def formula(node: Value, operands: list[str]) -> str:
    """An operation applied to named operands: its rule where that is written with signs, else a call."""
    assert node.op is not None
    try:
        rule = Rule(node.op, operands)
    except TypeError:  # a user's rule calls functions such as math.exp, which take no symbols: write a call
        return f"{node.op.name}({', '.join(operands)})"
    signs = node.op.infix or node.op in (ops.sum, ops.dot) or isinstance(node.op, Power)
    return Plain().text(rule.forward if signs and len(operands) <= 12 else Expression(node.op, rule.operands))


def _slope(graph: Graph, consumer: int, i: int, called: list[str], computed: bool) -> Any:
    """The rule for d(consumer)/d(i), or the operation if its rule cannot be read.

    If node i is an operand twice, the rule is the sum of both local derivatives.
    """
    operands, op = graph.operands[consumer], graph.nodes[consumer].op
    assert op is not None
    # Constants are given as numbers, so that a rule with several cases shows the one that applies to them.
    constant = [isinstance(graph.nodes[k], Constant) and k != i for k in operands]
    try:
        named = [graph.data[k] if fixed else called[k] for k, fixed in zip(operands, constant)]
        partials = Rule(op, named, called[consumer], textbook=not computed).partials
    except TypeError:
        return op
    return ops.sum.forward(*[p for k, p in zip(operands, partials) if k == i])
