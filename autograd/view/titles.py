"""What the parts of a graph are called that no module and no label names: by what they compute.

A formula is made of the operations' signs and of what is before them, and it is short: what would be long is called by
the name that the field has for it, such as the mean of what is summed and divided by its count, or by its operation.
"""

from __future__ import annotations

from ..value import Constant
from .repetition import chain
from .text import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..graph import Graph

SIGNS = {"+": " + ", "-": " − ", "*": "·", "/": " / "}
LONGEST = 22
"""So many letters a formula may have."""
NOUNS = {"**2": "square", "mul": "product", "div": "quotient", "sub": "difference", "add": "sum", "dot": "w·x"}
KNOWN = {"mean", "variance", "deviation", "normalised"}
SUPERSCRIPTS = str.maketrans("0123456789.-", "⁰¹²³⁴⁵⁶⁷⁸⁹·⁻")


class Titles:
    """The titles of a graph's parts.

    Parameters
    ----------
    graph : Graph

    Examples
    --------
    >>> import autograd
    >>> from autograd import Graph, Value
    >>> xs = [Value(1.0, "x1"), Value(2.0, "x2"), Value(4.0, "x3")]
    >>> mean = autograd.sum(xs) / 3
    >>> variance = autograd.sum([(x - mean) ** 2 for x in xs]) / 3
    >>> graph = Graph((xs[0] - mean) / (variance + 1e-5).sqrt())
    >>> titles = Titles(graph)
    >>> [titles.short(i) for i, node in enumerate(graph) if node.op is not None][-6:]
    ['(x − mean)²', 'Σ (x − mean)²', 'variance', 'variance + 1e-05', 'deviation', 'normalised']
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._short: dict[int, str] = {}

    def part(self, position: int) -> str:
        """What a node is by itself: its operation, or what a leaf's label says without its number."""
        node = self.graph.nodes[position]
        if node.op is not None:
            return node.op.name
        return node.label.rstrip("0123456789_")[:20] or ("constant" if isinstance(node, Constant) else "leaf")

    def of(self, alike: Sequence[int]) -> str:
        """What nodes are called that play the same part."""
        return self.short(alike[0])

    def known(self) -> dict[int, str]:
        """The results without a label for which the field has a name: a mean, a variance, ..."""
        found = {}
        for position, node in enumerate(self.graph):
            if node.op is not None and not node.label and node.op.name in ("div", "mul", "sqrt", "**0.5"):
                title = self.short(position)
                if title in KNOWN:
                    found[position] = title
        return found

    def total(self, position: int, terms: int) -> str:
        """What a long sum is called."""
        found = self.short(position)
        return found if found != NOUNS["add"] else f"sum of {terms}"

    def stretch(self, all_of_them: Sequence[int], some: Sequence[int]) -> str:
        """What some of several nodes are called that are alike: the first and the last of them."""
        names = [shown(self.graph.nodes[i].label, 10) for i in (some[0], some[-1])]
        if all(names) and names[0] != names[1]:
            return f"{names[0]} … {names[1]}"
        first = all_of_them.index(some[0]) + 1
        return f"{self.short(some[0])}, {first:,}–{first + len(some) - 1:,}"

    def block(self, positions: Sequence[int]) -> str:
        """What nodes are called that have only their depth in common: what most of them do."""
        depths = [self.graph.depths[i] for i in positions]
        low, high = min(depths), max(depths)
        count: dict[str, int] = {}
        for i in positions:
            op = self.graph.nodes[i].op
            what = "leaves" if op is None else NOUNS.get(op.name, op.name)
            count[what] = count.get(what, 0) + 1
        most = sorted(count, key=lambda what: -count[what])[:2]
        return f"{', '.join(most)} · depth {low}" + (f"–{high}" if high > low else "")

    def short(self, position: int) -> str:
        """What a node is called in a formula.

        The formulas of what it is made from come first, without recursion, as deep as formulas go.
        """
        known = self._short
        stack = [(position, 0)]
        while stack:
            i, depth = stack[-1]
            if i in known:
                stack.pop()
                continue
            node = self.graph.nodes[i]
            before: list[int] = []
            if node.op is not None and not node.label and depth < 12:
                before = [j for j in self._before(i) if j not in known]
            if before:
                stack += [(j, depth + 1) for j in before]
            else:
                stack.pop()
                known[i] = self._formula(i) if depth < 12 else self.part(i)
        return known[position]

    def _before(self, position: int) -> list[int]:
        """What the formula of a node is made of: its operands, but of a sum its first term."""
        terms = self._terms(position)
        return terms[:1] if terms else list(self.graph.operands[position][:3])

    def _terms(self, position: int) -> list[int]:
        """The terms of a sum of more than two; none if a node is no sum."""
        op = self.graph.nodes[position].op
        if op is None or op.name not in ("add", "sum"):
            return []
        terms = chain(self.graph, position)[1] if op.name == "add" else list(self.graph.operands[position])
        terms = [i for i in terms if not (isinstance(self.graph.nodes[i], Constant) and self.graph.data[i] == 0.0)]
        return terms if len(terms) > 2 else []

    def _formula(self, position: int) -> str:
        graph = self.graph
        node = graph.nodes[position]
        if node.label:
            return self.part(position) if node.op is None else shown(node.label.rstrip("0123456789_"), 12) or "result"
        if node.op is None:
            return f"{graph.data[position]:.6g}" if isinstance(node, Constant) else "x"
        operands = graph.operands[position]
        terms = self._terms(position)
        if terms:
            formula = f"Σ {self._short.get(terms[0], '…')}"
        elif self._count(position) > 2:
            term = self._terms(operands[0])[0]
            squares = graph.nodes[term].op
            of = self._short.get(term, "")
            mean = "mean" if squares is None or squares.name not in ("**2", "square") else "variance"
            formula = mean if mean == "mean" or of.endswith("mean)²") else f"mean {of}"
        else:
            formula = self._of_operands(position, [self._short.get(i, "…") for i in operands])
        return formula if len(formula) <= LONGEST else NOUNS.get(node.op.name, node.op.name)

    def _count(self, position: int) -> int:
        """The number of terms of a mean; 0 if a node is none."""
        graph = self.graph
        op, operands = graph.nodes[position].op, graph.operands[position]
        if op is None or op.name not in ("div", "mul") or not isinstance(graph.nodes[operands[1]], Constant):
            return 0
        count = len(self._terms(operands[0]))
        share = graph.data[operands[1]]
        return count if count and (share == count if op.name == "div" else share == 1.0 / count) else 0

    def _of_operands(self, position: int, names: list[str]) -> str:
        op = self.graph.nodes[position].op
        assert op is not None
        if op.name in ("square", "**2") or op.name.startswith("**"):
            exponent = op.name[2:] if op.name.startswith("**") else "2"
            if exponent == "0.5":
                return self._root(names[0])
            base = names[0] if names[0].isalnum() else f"({names[0]})"
            return base + exponent.translate(SUPERSCRIPTS)
        if op.name == "sqrt":
            return self._root(names[0])
        if len(names) == 2 and op.symbol in SIGNS:
            a, b = names
            if op.name == "div" and b == "deviation" and "x − mean" in a:
                return "normalised" if a == "x − mean" else a.replace("(x − mean)", "normalised")
            if op.name in ("mul", "div"):
                a, b = (f"({name})" if " + " in name or " − " in name else name for name in names)
            elif op.name == "sub" and (" + " in b or " − " in b):
                b = f"({b})"
            return f"{a}{SIGNS[op.symbol]}{b}"
        if len(names) == 1:
            return f"{op.symbol}{names[0]}" if op.name == "neg" else f"{op.symbol}({names[0]})"
        return NOUNS.get(op.name, op.name)

    def _root(self, name: str) -> str:
        return "deviation" if name.startswith("variance") else f"√({name})"
