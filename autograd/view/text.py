"""A graph in words: the forward pass line by line, and the chain rule for one gradient with its numbers.

Every formula comes from the operations' own rules, read with symbols that bear the nodes' names; every number
comes from the nodes. Pictures and pages are elsewhere.
"""

from __future__ import annotations

from .. import ops
from ..graph import Graph
from ..symbols import Expression, Printer, Rule
from ..value import Constant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..value import Value


class _Plain(Printer):
    """Formulas for people: short numbers."""

    def number(self, x: float) -> str:
        return f"{x:.10g}"


def names(graph: Graph) -> list[str]:
    """A name for each node: its label, with its scope where labels repeat; a constant's number; or v1, v2, ...

    Examples
    --------
    >>> from autograd import Value
    >>> names(Graph(Value(2.0, "x") * 3 + 1))
    ['x', '3', 'v1', '1', 'v2']
    """
    taken: set[str] = set()
    repeated: set[str] = set()
    for node in graph:
        (repeated if node.label in taken else taken).add(node.label)
    found: list[str] = []
    count = 0
    for node in graph:
        if node.label:
            scope = node.scope.partition(".")[2] or node.scope
            found.append(f"{scope}.{node.label}" if node.label in repeated and scope else node.label)
        elif node.op is None:
            found.append(f"{node.data:.10g}")
        else:
            count += 1
            while f"v{count}" in taken:
                count += 1
            found.append(f"v{count}")
    return found


def forward(root: Value, digits: int = 10) -> str:
    """The forward pass, a line for each operation: the node's name, its formula and its value.

    Parameters
    ----------
    root : Value
    digits : int
        Significant digits of the numbers.

    Examples
    --------
    >>> from autograd import Value
    >>> print(forward((Value(0.5, "w") * Value(2.0, "x")).tanh()))
    v1 = w * x     = 1
    v2 = tanh(v1)  = 0.761594156
    """
    graph = Graph(root)
    called = names(graph)
    rows = [
        (called[i], formula(node, [called[k] for k in graph.operands[i]]), f"{node.data:.{digits}g}")
        for i, node in enumerate(graph)
        if node.op is not None
    ]
    name_width = max([len(row[0]) for row in rows], default=0)
    formula_width = max([len(row[1]) for row in rows], default=0)
    return "\n".join(f"{name:<{name_width}} = {formula:<{formula_width}}  = {data}" for name, formula, data in rows)


def explain(node: Value, of: Value, digits: int = 10) -> str:
    """The chain rule for d(of)/d(node), step by step from `of` back to `node`, with the numbers.

    A node's gradient is the sum over its consumers of the consumer's gradient times the local derivative; there
    is a paragraph for each node on the way.

    Parameters
    ----------
    node : Value
        The node whose gradient is explained.
    of : Value
        What is differentiated, usually a loss.
    digits : int
        Significant digits of the numbers.

    Raises
    ------
    LookupError
        If `of` was not made from `node`.

    Examples
    --------
    >>> from autograd import Value
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> y = (w * x).tanh()
    >>> y.label = "y"
    >>> print(explain(w, of=y))
    dy/dy = 1
    dy/dv1 = dy/dy · ∂y/∂v1
           = 1 · 0.4199743416          ∂y/∂v1 = square(sech(v1))
           = 0.4199743416
    dy/dw = dy/dv1 · ∂v1/∂w
          = 0.4199743416 · 2          ∂v1/∂w = x
          = 0.8399486832
    """
    graph = Graph(of)
    target = graph.position(node)
    called, gradients = names(graph), graph.gradients()
    root = called[-1]

    reaches = [False] * len(graph)  # which nodes lie on a way from `node` to the root
    reaches[target] = True
    for i, operands in enumerate(graph.operands):
        reaches[i] = reaches[i] or any(reaches[k] for k in operands)

    lines = [f"d{root}/d{root} = 1"]
    for i in range(len(graph) - 2, target - 1, -1):
        if not reaches[i]:
            continue
        terms, numbers, rules = [], [], []
        for consumer in graph.consumers[i]:
            operands = graph.operands[consumer]
            partials = graph.nodes[consumer].partials
            slope = ops.sum.forward(*[p for k, p in zip(operands, partials) if k == i])
            local = f"∂{called[consumer]}/∂{called[i]}"
            terms.append(f"d{root}/d{called[consumer]} · {local}")
            numbers.append(f"{gradients[consumer]:.{digits}g} · {_signed(slope, digits)}")
            rules.append(f"{local} = {_slope(graph, consumer, i, called)}")
        head = f"d{root}/d{called[i]}"
        indent = " " * len(head)
        lines.append(f"{head} = {' + '.join(terms)}")
        lines.append(f"{indent} = {' + '.join(numbers)}          {',  '.join(rules)}")
        lines.append(f"{indent} = {gradients[i]:.{digits}g}")
    return "\n".join(lines)


def _signed(x: float, digits: int) -> str:
    return f"({x:.{digits}g})" if x < 0 else f"{x:.{digits}g}"


def formula(node: Value, operands: list[str]) -> str:
    """An operation applied to named operands: its rule where that is written with signs, else a call."""
    assert node.op is not None
    try:
        rule = Rule(node.op, operands)
    except TypeError:  # a user's operation written with math: its name must do
        return f"{node.op.name}({', '.join(operands)})"
    spelled_out = node.op.symbol in "+-*/·Σ" and len(operands) <= 12
    return _Plain().text(rule.forward if spelled_out else Expression(node.op, rule.operands))


def _slope(graph: Graph, consumer: int, i: int, called: list[str]) -> str:
    """The text of d(consumer)/d(i); a node that is an operand twice has the sum of both."""
    operands, op = graph.operands[consumer], graph.nodes[consumer].op
    assert op is not None
    # Constants are given as numbers, so that a rule shows the one case that applies to them.
    constant = [isinstance(graph.nodes[k], Constant) and k != i for k in operands]
    try:
        named = [graph.nodes[k].data if fixed else called[k] for k, fixed in zip(operands, constant)]
        partials = Rule(op, named, called[consumer]).partials
    except TypeError:
        return f"the partial of {op.name}"
    return _Plain().text(ops.sum.forward(*[p for k, p in zip(operands, partials) if k == i]))
