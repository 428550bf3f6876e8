"""A recorded graph as a whole: its nodes in order, who consumes whom, and its flat forms.

`Graph` lists everything that a root was made from, operands before consumers, and numbers it; whatever looks at
graphs (drawings, pages, the compiler, JSON) starts from that list. Pickling and deep-copying a Value go through
the same flat form, so that the depth of a graph is no limit. Values themselves are `value`'s affair.
"""

from __future__ import annotations

import copyreg
import math

from . import ops
from .files import write_text
from .ieee import to_float
from .ops import Op
from .value import Constant, Dot, Place, Result, Value, Wide, rebuild, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from typing import Any

FORMAT, VERSION = "glassgrad-graph", 1


class Graph:
    """All the nodes that `root` was made from, in topological order.

    Parameters
    ----------
    root : Value
        The last node; usually a loss.

    Attributes
    ----------
    root : Value
    nodes : list of Value
        Operands before their consumers, root last. Leaves come right before their first consumer.
    operands : list of tuple of int
        For each node the positions of its operands, in order; a node used twice stands twice.
    consumers : list of list of int
        For each node the positions of the nodes that it is an operand of.
    depths : list of int
        For each node the number of operations on the longest way from a leaf to it.

    Raises
    ------
    TypeError
        If `root` is no Value.

    Examples
    --------
    >>> x = Value(3.0, "x")
    >>> graph = Graph(x * x + 1)
    >>> len(graph), graph.depth, graph.counts
    (4, 2, {'mul': 1, 'add': 1})
    """

    def __init__(self, root: Value) -> None:
        if not isinstance(root, Value):
            raise TypeError(f"a Graph starts from a Value, not {type(root).__name__}: {root!r}")
        self.root = root
        self.nodes: list[Value] = []
        self.operands: list[tuple[int, ...]] = []
        self._positions: dict[Value, int] = {}
        if isinstance(root, Result):
            for node in walk(root):
                operands = node.operands
                for x in operands:
                    if x not in self._positions:
                        self._append(x, ())
                self._append(node, tuple([self._positions[x] for x in operands]))
        else:
            self._append(root, ())
        self.consumers: list[list[int]] = [[] for _ in self.nodes]
        self.depths: list[int] = []
        for position, operand_positions in enumerate(self.operands):
            self.depths.append(max([self.depths[i] + 1 for i in operand_positions], default=0))
            for i in dict.fromkeys(operand_positions):
                self.consumers[i].append(position)

    def _append(self, node: Value, operands: tuple[int, ...]) -> None:
        self._positions[node] = len(self.nodes)
        self.nodes.append(node)
        self.operands.append(operands)

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.nodes)

    def __contains__(self, node: object) -> bool:
        return isinstance(node, Value) and node in self._positions

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        return f"Graph({len(self)} nodes, depth {self.depth}: {len(self.leaves)} leaves, {counts or 'no operations'})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """How a notebook shows the graph: as a drawing, or in words that say why there is none."""
        from .view.dot import draw_dot
        from .view.rendering import GraphvizMissing

        try:
            return {"text/plain": repr(self), "image/svg+xml": draw_dot(self).pipe("svg", encoding="utf-8")}
        except (ModuleNotFoundError, GraphvizMissing, ValueError) as reason:
            return {"text/plain": f"{self!r}\n({reason})"}

    def position(self, node: Value) -> int:
        """Where `node` stands in `nodes`.

        Raises
        ------
        LookupError
            If the root was not made from it.
        """
        try:
            return self._positions[node]
        except (KeyError, TypeError):
            raise LookupError(f"{node!r} is not part of the graph of {self.root.describe()}") from None

    @property
    def leaves(self) -> list[Value]:
        """The nodes that no operation made, in order."""
        return [node for node in self.nodes if node.op is None]

    @property
    def depth(self) -> int:
        """The number of operations on the longest way from a leaf to the root."""
        return self.depths[-1]

    @property
    def counts(self) -> dict[str, int]:
        """How many nodes each operation made, in the order of their first appearance."""
        counts: dict[str, int] = {}
        for node in self.nodes:
            if node.op is not None:
                counts[node.op.name] = counts.get(node.op.name, 0) + 1
        return counts

    @property
    def scopes(self) -> dict[str, list[int]]:
        """Positions of the nodes filed under each module scope; '' has those made outside of any module.

        Examples
        --------
        >>> import nn
        >>> sorted(Graph(nn.MLP(1, [1])([2.0])).scopes)
        ['mlp', 'mlp.layer1.neuron1']
        """
        scopes: dict[str, list[int]] = {}
        for position, node in enumerate(self.nodes):
            scopes.setdefault(node.scope, []).append(position)
        return scopes

    def gradients(self) -> list[float]:
        """d(root)/d(node) for every node, in order; the ``grad`` of the nodes is neither used nor changed.

        Examples
        --------
        >>> Graph(Value(3.0) * Value(4.0)).gradients()
        [4.0, 3.0, 1.0]
        """
        gradients = [0.0] * len(self)
        gradients[-1] = 1.0
        for position in range(len(self) - 1, -1, -1):
            for i, slope in zip(self.operands[position], self.nodes[position].partials):
                gradients[i] += slope * gradients[position]
        return gradients

    def expand(self) -> Graph:
        """The same graph with every fused ``dot`` taken apart into its products and their sum.

        Leaves are the very same Values, and so is every node that needs no change; data and gradients are
        exactly those of the fused graph.

        Examples
        --------
        >>> from autograd import dot
        >>> fused = Graph(dot([Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]))
        >>> fused.counts, fused.expand().counts
        ({'dot': 1}, {'mul': 2, 'sum': 1})
        """
        made: dict[Value, Value] = {}
        for node in self.nodes:
            if not isinstance(node, Result):
                made[node] = node
                continue
            operands = tuple([made[x] for x in node.operands])
            if isinstance(node, Dot):
                made[node] = _products_and_sum(node, operands)
            elif all(x is y for x, y in zip(operands, node.operands)):
                made[node] = node
            else:
                made[node] = node.replace(operands)
        return Graph(made[self.root])

    # --- JSON -------------------------------------------------------------------------------------------------

    def to_json(self, indent: int | None = None) -> str:
        """The graph as JSON text; docs/graph-json.md describes the format.

        Examples
        --------
        >>> text = Graph(Value(2.0, "x") * 3).to_json()
        >>> Graph.from_json(text).root.data
        6.0
        """
        import json

        rows = []
        for node, operands in zip(self.nodes, self.operands):
            row: dict[str, Any] = {"op": None if node.op is None else node.op.name}
            if isinstance(node, Constant):
                row["constant"] = True
            if node.op is not None:
                if repr(node.op.value(*[x.data for x in node.operands])) != repr(node.data):
                    raise RuntimeError(
                        f"a leaf was set after {node.describe()} was computed from it, so the graph is of two minds; "
                        "compute it again before writing it"
                    )
                row["operands"] = list(operands)
                row["partials"] = [_plain(slope) for slope in node.partials]
            row["data"], row["grad"] = _plain(node.data), _plain(node.grad)
            row.update({key: text for key, text in (("label", node.label), ("scope", node.scope)) if text})
            rows.append(row)
        document = {"format": FORMAT, "version": VERSION, "root": len(self) - 1, "nodes": rows}
        return json.dumps(document, indent=indent, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Graph:
        """A graph from JSON text; every result is computed again from the leaves.

        Raises
        ------
        ValueError
            If the text is no such graph, or if the data that it states for a node are not what the node's
            operation gives (to 1e-9 relative).
        LookupError
            If it uses an operation that is not defined here.
        """
        import json

        try:
            document = json.loads(text, parse_constant=_refused)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"this is not a graph in JSON, or it is damaged: {error}") from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f'this JSON is not a graph: its "format" must be {FORMAT!r}')
        if document.get("version") != VERSION:
            raise ValueError(f"graph version {document.get('version')!r} is not known here, only version {VERSION} is")
        rows = document.get("nodes")
        if not isinstance(rows, list) or not rows:
            raise ValueError('a graph\'s "nodes" must be a list with at least one node')
        nodes: list[Value] = []
        for position, row in enumerate(rows):
            try:
                nodes.append(_node_from(row, nodes))
            except (ValueError, TypeError, OverflowError) as error:
                raise ValueError(f"node {position} of the graph is wrong: {error}") from None
            except LookupError as error:
                raise LookupError(f"node {position} of the graph cannot be read: {error}") from None
        root = document.get("root")
        if type(root) is not int or not 0 <= root < len(nodes):
            raise ValueError(f'a graph\'s "root" must be the position of one of its {len(nodes)} nodes, not {root!r}')
        return cls(nodes[root])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `to_json` to a file; an existing file is replaced only when all is written."""
        write_text(path, self.to_json())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Graph:
        """Read a graph that `save` wrote; errors are those of `from_json`."""
        with open(path, "rb") as file:
            return cls.from_json(file.read())


def _products_and_sum(node: Dot, operands: tuple[Value, ...]) -> Value:
    node._fresh()
    n = len(operands) // 2
    terms = list(operands[2 * n :])
    for w, x in zip(operands[:n], operands[n : 2 * n]):
        product = rebuild(ops.mul, w.data * x.data, (w, x), (x.data, w.data))
        product.grad, product.place = node.grad, Place(node.scope) if node.scope else None
        terms.append(product)
    total = rebuild(ops.sum, node.data, tuple(terms), (1.0,) * len(terms))
    total.grad, total.place = node.grad, node.place
    return total


def _plain(x: float) -> float | str:
    """A number as JSON can hold it: JSON has no inf and no nan."""
    return x if math.isfinite(x) else str(x)


def _refused(name: str) -> float:
    raise ValueError(f'{name} is no JSON; such numbers are written as "inf", "-inf" and "nan"')


def _number(x: object) -> float:
    return float(x) if x in ("inf", "-inf", "nan") else to_float(x, "a graph")


def _node_from(row: object, nodes: list[Value]) -> Value:
    """The node that a row of JSON describes, over the `nodes` before it."""
    if not isinstance(row, dict):
        raise ValueError(f"a node must be an object, not {row!r:.60}")
    data, grad = _number(row.get("data")), _number(row.get("grad", 0.0))
    label, scope = row.get("label", ""), row.get("scope", "")
    if not isinstance(label, str) or not isinstance(scope, str):
        raise ValueError("label and scope must be text")
    if row.get("op") is None:
        node = Constant(data) if row.get("constant") is True else Value(data)
    else:
        node = _result_from(row, data, nodes)
    node.grad = grad
    node.place = Place(scope, label) if label or scope else None
    return node


def _result_from(row: dict[str, Any], data: float, nodes: list[Value]) -> Result:
    if not isinstance(row["op"], str):
        raise ValueError(f"op must be an operation's name or null, not {row['op']!r:.60}")
    op, positions = ops.find(row["op"]), row.get("operands")
    if not isinstance(positions, list) or not all(type(i) is int and 0 <= i < len(nodes) for i in positions):
        raise ValueError(f"operands must be positions of nodes before it, not {positions!r:.60}")
    if len(positions) != op.arity if op.arity is not None else not positions:
        raise ValueError(f"{op.name} cannot have {len(positions)} operands")
    operands = tuple([nodes[i] for i in positions])
    point = [x.data for x in operands]
    computed = op.value(*point)
    if not (math.isclose(computed, data, rel_tol=1e-9, abs_tol=1e-300) or (computed != computed and data != data)):
        raise ValueError(f"its data is given as {data!r}, but {op.name} of its operands is {computed!r}")
    partials = row.get("partials")
    if not isinstance(partials, list) or len(partials) != len(operands):
        raise ValueError(f"partials must be a list with a number for each operand, not {partials!r:.60}")
    slopes = op.slopes(*point, computed)
    if op is ops.pow and isinstance(operands[1], Constant):
        slopes = (slopes[0], 0.0)
    return rebuild(op, computed, operands, slopes)


# --- pickling and deep-copying ----------------------------------------------------------------------------------


def _row(node: Value) -> tuple[Any, ...]:
    place = node.place
    return node.grad, None if place is None else (place.scope, place.label, place.site)


def _restored(node: Value, grad: float, place: tuple[str, str, str] | None) -> Value:
    node.grad, node.place = grad, None if place is None else Place(*place)
    return node


def _leaf(kind: type[Value], data: float, *rest: Any) -> Value:
    return _restored(kind(data), *rest)


def _reduce_leaf(leaf: Value) -> tuple[Any, ...]:
    return _leaf, (type(leaf), leaf.data, *_row(leaf))


def _reduce_result(root: Result) -> tuple[Any, ...]:
    """The graph of `root` as leaves, which keep their identity within one pickle, and flat rows."""
    graph = Graph(root)
    rows = [
        None if node.op is None else (node.op, operands, node.partials, node.data, *_row(node))
        for node, operands in zip(graph.nodes, graph.operands)
    ]
    return _restore, (graph.leaves, rows)


def _restore(
    leaves: list[Value], rows: list[tuple[Op, tuple[int, ...], tuple[float, ...], float, Any, Any] | None]
) -> Value:
    remaining = iter(leaves)
    nodes: list[Value] = []
    for row in rows:
        if row is None:
            nodes.append(next(remaining))
        else:
            op, operands, partials, data, *rest = row
            nodes.append(_restored(rebuild(op, data, tuple([nodes[i] for i in operands]), partials), *rest))
    return nodes[-1]


copyreg.pickle(Value, _reduce_leaf)
copyreg.pickle(Constant, _reduce_leaf)
copyreg.pickle(Result, _reduce_result)
copyreg.pickle(Wide, _reduce_result)
copyreg.pickle(Dot, _reduce_result)
