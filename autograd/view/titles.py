"""Titles for parts of a graph that neither a module nor a label names: they say what the part computes.

A title is a short formula. Where the formula would be long, a node has the usual name for what it computes, such as
"mean" for a sum divided by the number of its terms, or else the name of its operation.
"""

from __future__ import annotations

from .. import ops
from ..ops import Power
from ..symbols import _CALL, _PRODUCT, Expression, Symbol
from ..value import Constant
from .operations import Line
from .repetition import chain
from .text import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..graph import Graph

LONGEST = 22
"""A formula has at most this many letters."""
DEEPEST = 12
"""Operations in a formula are nested at most this deep."""


class _Formula(Line):
    """A printer of formulas for titles: products without spaces, raised exponents, and of a sum only the first term."""

    signs = Line.signs | {
        "mul": ("{}·{}", *Line.signs["mul"][1:]),
        "sum": ("Σ {}", _PRODUCT, _PRODUCT, _PRODUCT),
        "mean": ("mean {}", _PRODUCT, _PRODUCT, _PRODUCT),
        "sqrt": ("√({})", _CALL, 0, 0),
    }

    def bound(self, x: Any) -> tuple[str, int]:
        if isinstance(x, Expression) and isinstance(x.head, Power):
            if x.head.exponent == 0.5:
                return self.bound(Expression(ops.sqrt, x.operands))
            return self.text(x.operands[0], _CALL) + ops.raised(x.head.exponent), _CALL
        if isinstance(x, Expression) and x.head is ops.square:
            return self.bound(Expression(ops.power(2.0), x.operands))
        return super().bound(x)

    def number(self, x: float) -> str:
        return f"{x:.6g}".replace("-", "−", 1) if x < 0 else f"{x:.6g}"


def _stem(labels: Sequence[str]) -> str:
    """What all labels begin with, without an incomplete number at the end.

    Examples
    --------
    >>> _stem(["x10", "x11"]), _stem(["weight_l0_1_1", "weight_l0_1_2", "weight_l0_2_1"]), _stem(["a", "b"])
    ('x', 'weight_l0', '')
    """
    low, high = min(labels), max(labels)
    length = next((k for k, (a, b) in enumerate(zip(low, high)) if a != b), min(len(low), len(high)))
    common = low[:length]
    inside_a_number = any(label[length : length + 1].isdigit() for label in labels)
    return shown((common.rstrip("0123456789") if inside_a_number else common).rstrip("_"), LONGEST)


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
        self._formulas: dict[int, Any] = {}  # expressions, by position
        self._shortened: set[int] = set()  # nodes called by their operation, as a formula would be too long
        self._printer = _Formula()

    def kind(self, position: int) -> str:
        """The name of a node's operation, or a leaf's label without its number."""
        node = self.graph.nodes[position]
        if node.op is not None:
            return node.op.name
        return node.label.rstrip("0123456789_")[:20] or ("constant" if isinstance(node, Constant) else "leaf")

    def of_alike(self, alike: Sequence[int]) -> str:
        """The title of nodes that play the same part; that of leaves is what their labels have in common."""
        labels = [self.graph.nodes[i].label for i in alike if self.graph.nodes[i].op is None]
        return (_stem(labels) if len(labels) == len(alike) else "") or self.short(alike[0])

    def usual_names(self) -> dict[int, str]:
        """The usual names, by position, of results without a label that have one: mean, variance, ..."""
        named = ((i, self.usual_name(i)) for i, node in enumerate(self.graph) if node.op is not None and not node.label)
        return {i: name for i, name in named if name}

    def total(self, position: int, terms: int) -> str:
        """The title of a long sum."""
        found = self.short(position)
        return f"{found} of {terms}" if position in self._shortened else found

    def stretch(self, all_of_them: Sequence[int], some: Sequence[int]) -> str:
        """The title of a stretch of similar nodes: the labels of its first and its last, or else their numbers."""
        names = [shown(self.graph.nodes[i].label, 10) for i in (some[0], some[-1])]
        if all(names) and names[0] != names[1]:
            return f"{names[0]} … {names[1]}"
        first = all_of_them.index(some[0]) + 1
        return f"{self.of_alike(all_of_them)}, {first:,}–{first + len(some) - 1:,}"

    def block(self, positions: Sequence[int]) -> str:
        """The title of nodes that have only their depth in common: their most frequent operations, and the depth."""
        depths = [self.graph.depths[i] for i in positions]
        low, high = min(depths), max(depths)
        count: dict[str, int] = {}
        for i in positions:
            op = self.graph.nodes[i].op
            what = "leaves" if op is None else op.noun
            count[what] = count.get(what, 0) + 1
        most = sorted(count, key=lambda what: -count[what])[:2]
        return f"{', '.join(most)} · depth {low}" + (f"–{high}" if high > low else "")

    def short(self, position: int) -> str:
        """The formula or the name of a node, as a text.

        The formulas of its operands are made first, to a depth of `DEEPEST`, with a stack instead of recursion.
        """
        known = self._formulas
        unfinished: list[int] = []  # nodes that are too deep for this formula, but perhaps not for others
        stack = [(position, 0)]
        while stack:
            i, depth = stack[-1]
            if i in known:
                stack.pop()
                continue
            node = self.graph.nodes[i]
            before: list[int] = []
            if node.op is not None and not node.label and depth < DEEPEST:
                before = [j for j in self._formula_operands(i) if j not in known]
            if before:
                stack += [(j, depth + 1) for j in before]
            elif depth < DEEPEST:
                stack.pop()
                known[i] = self._formula(i)
            else:
                stack.pop()
                known[i] = Symbol(self.kind(i))
                unfinished.append(i)
        for i in unfinished:
            del known[i]
        return self._printer.text(known[position])

    def _formula_operands(self, position: int) -> list[int]:
        """The nodes in the formula of a node: the first term of a sum or a mean, or else the first three operands."""
        terms = self._terms(position) or self._mean(position)
        return terms[:1] if terms else list(self.graph.operands[position][:3])

    def _formula(self, position: int) -> Any:
        """The formula or the name of a node, as an expression."""
        graph, known = self.graph, self._formulas
        node = graph.nodes[position]
        if node.label:
            label = self.kind(position) if node.op is None else shown(node.label.rstrip("0123456789_"), 12) or "result"
            return Symbol(label)
        if node.op is None:
            return graph.data[position] if isinstance(node, Constant) else Symbol("x")
        usual, terms = self.usual_name(position), self._terms(position)
        if usual:
            return Symbol(usual)
        if terms:
            made = Expression("sum", (known.get(terms[0], Symbol("…")),))
        elif self._mean(position):
            made = Expression("mean", (known.get(self._mean(position)[0], Symbol("…")),))
        else:
            made = self._of_operands(position)
        if len(self._printer.text(made)) <= LONGEST:
            return made
        if self._is_centred(position):
            return Expression(ops.sub, (Symbol("x"), Symbol("mean")))
        self._shortened.add(position)
        return Symbol(node.op.noun)

    def _of_operands(self, position: int) -> Any:
        node, operands = self.graph.nodes[position], self.graph.operands[position]
        named = tuple([self._formulas.get(i, Symbol("…")) for i in operands[:3]])
        assert node.op is not None
        scaled = self._scaled(position)
        if scaled is not None:  # gamma * (x - mean) / deviation
            return Expression(ops.mul, (self._formulas.get(scaled, Symbol("…")), Symbol("normalised")))
        if len(operands) <= 2 and (node.op.infix or len(operands) == 1):
            return Expression(node.op, named)
        self._shortened.add(position)
        return Symbol(node.op.noun)

    # --- results that have a usual name, found by what they compute ---

    def usual_name(self, position: int) -> str:
        """The usual name for what a node computes, or an empty text if there is none.

        The names are: mean, variance, deviation, 1/deviation, normalised, softmax.
        """
        if self._is_variance(position):
            return "variance"
        if self._mean(position) and not self._is_square(self._mean(position)[0]):
            return "mean"
        if self._is_deviation(position):
            return "deviation"
        if self._is_deviation(position, ops.power(-0.5)):
            return "1/deviation"
        numerator, denominator = self._operands(position, ops.div)
        if self._is_centred(numerator) and self._is_deviation(denominator):
            return "normalised"
        if self._is_exponential(numerator) and self._is_sum_of_exponentials(denominator, numerator):
            return "softmax"
        first, second = self._operands(position, ops.mul)
        return "normalised" if self._is_centred(first) and self._is_deviation(second, ops.power(-0.5)) else ""

    def _operands(self, position: int, *among: Any) -> tuple[int, int]:
        """The operands of a node, if it is made by one of these operations; else -1 and -1."""
        if position < 0 or self.graph.nodes[position].op not in among:
            return -1, -1
        first, *others = self.graph.operands[position]
        return first, others[0] if others else -1

    def _terms(self, position: int) -> list[int]:
        """The terms of a sum, without a constant 0; none if there are fewer than three, or if a node is no sum."""
        op = self.graph.nodes[position].op
        if op not in (ops.add, ops.sum):
            return []
        terms = chain(self.graph, position)[1] if op is ops.add else list(self.graph.operands[position])
        terms = [i for i in terms if not (isinstance(self.graph.nodes[i], Constant) and self.graph.data[i] == 0.0)]
        return terms if len(terms) > 2 else []

    def _mean(self, position: int) -> list[int]:
        """The terms of a mean, which is their sum, divided by their number; none if a node is no mean.

        A product of the sum and the inverse of the number is a mean, too.
        """
        total, share = self._operands(position, ops.div, ops.mul)
        if total < 0 or not isinstance(self.graph.nodes[share], Constant):
            return []
        terms, divided = self._terms(total), self.graph.nodes[position].op is ops.div
        return terms if terms and self.graph.data[share] == (len(terms) if divided else 1.0 / len(terms)) else []

    def _is_square(self, position: int) -> bool:
        return self.graph.nodes[position].op in (ops.square, ops.power(2.0))

    def _is_centred(self, position: int) -> bool:
        """Whether a node is a difference of a number and a mean."""
        _, mean = self._operands(position, ops.sub)
        return mean >= 0 and bool(self._mean(mean))

    def _is_variance(self, position: int) -> bool:
        terms = self._mean(position)
        if terms:
            return self._is_square(terms[0]) and self._is_centred(self.graph.operands[terms[0]][0])
        squares, count = self._operands(position, ops.div)  # the distances' dot product with themselves
        if squares < 0 or self.graph.nodes[squares].op is not ops.dot:
            return False
        operands = self.graph.operands[squares]
        half = len(operands) // 2
        return (
            operands[:half] == operands[half:]
            and self._is_centred(operands[0])
            and isinstance(self.graph.nodes[count], Constant)
            and self.graph.data[count] == half
        )

    def _is_exponential(self, position: int) -> bool:
        return self._operands(position, ops.exp)[0] >= 0

    def _is_sum_of_exponentials(self, position: int, one: int) -> bool:
        """Whether a node is a sum of exponentials, of which `one` is one."""
        if position < 0 or self.graph.nodes[position].op not in (ops.add, ops.sum):
            return False
        terms = chain(self.graph, position)[1]
        return one in terms and all(self._is_exponential(term) for term in terms)

    def _is_deviation(self, position: int, *roots: Any) -> bool:
        """Whether a node is the square root (or one of `roots`) of a variance, or of a variance plus a constant."""
        variance, _ = self._operands(position, *(roots or (ops.sqrt, ops.power(0.5))))
        if variance < 0:
            return False
        inner, number = self._operands(variance, ops.add)
        return self._is_variance(variance) or (
            inner >= 0 and isinstance(self.graph.nodes[number], Constant) and self._is_variance(inner)
        )

    def _scaled(self, position: int) -> int | None:
        """The position of gamma, if a node is gamma * (x - mean) / deviation."""
        numerator, denominator = self._operands(position, ops.div)
        if not self._is_deviation(denominator):
            return None
        first, second = self._operands(numerator, ops.mul)
        return first if self._is_centred(second) else second if self._is_centred(first) else None
