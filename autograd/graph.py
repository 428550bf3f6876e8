"""A recorded graph as a whole: its nodes in order, which node consumes which, and its flat forms.

`Graph` lists all nodes that a root was made from, operands before consumers, and numbers them; whatever looks at
graphs (drawings, pages, the compiler, JSON) starts from that list. Copying and pickling go through flat rows as well,
so that the depth of a graph is no limit. Values themselves are defined in `value`.
"""

from __future__ import annotations

import math
import threading
from weakref import ref

from . import ops
from .files import write_text
from .ieee import to_float
from .modes import blocks, concrete, current_watch, runs, stands_for_a_number
from .origins import Origin, Place, current_origin, make_former_epoch, origin_of, overwritten_since
from .value import Constant, Dot, Value, attributes, data_then, leaf_of, rebuild, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence
    from typing import Any, TypeAlias

    from .origins import Epoch

    Row: TypeAlias = tuple[Any, ...]

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
    data : list of float
        For each node its number at the point where the root was computed.

    Raises
    ------
    TypeError
        If `root` is not a Value.

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
        self._positions: dict[int, int] = {}  # by id: inside a function that is being differentiated nodes have no hash
        if root.op is not None:
            for result in walk(root):
                operands = result.operands
                for x in operands:
                    if id(x) not in self._positions:
                        self._append(x, ())
                self._append(result, tuple([self._positions[id(x)] for x in operands]))
        else:
            self._append(root, ())
        overwritten = overwritten_since(root._place.epoch) if isinstance(root._place, Origin) else {}
        self.data = [node._data for node in self.nodes]
        if overwritten:
            self.data = [
                overwritten.get(id(node), data) if node.op is None else data
                for node, data in zip(self.nodes, self.data)
            ]
        self.consumers: list[list[int]] = [[] for _ in self.nodes]
        self.depths: list[int] = []
        for position, operand_positions in enumerate(self.operands):
            self.depths.append(max([self.depths[i] + 1 for i in operand_positions], default=0))
            for i in dict.fromkeys(operand_positions):
                self.consumers[i].append(position)

    def _append(self, node: Value, operands: tuple[int, ...]) -> None:
        self._positions[id(node)] = len(self.nodes)
        self.nodes.append(node)
        self.operands.append(operands)

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.nodes)

    def __contains__(self, node: object) -> bool:
        return id(node) in self._positions

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
            return self._positions[id(node)]
        except KeyError:
            raise LookupError(f"{node!r} is not part of the graph of {self.root.describe()}") from None

    @property
    def leaves(self) -> list[Value]:
        """The nodes that no operation made, in order."""
        return [node for node in self.nodes if node.op is None]

    @property
    def written(self) -> list[int]:
        """The positions of the leaves that have been set since the root was computed, and are something else now.

        Examples
        --------
        >>> w = Value(3.0)
        >>> graph = Graph(w * 2)
        >>> w.data = 5.0
        >>> graph.written, graph.data
        ([0], [3.0, 2.0, 6.0])
        """
        pairs = enumerate(zip(self.nodes, self.data))  # compared as text, since nan != nan
        return [i for i, (node, then) in pairs if node.op is None and repr(node.data) != repr(then)]

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
        """Positions of the nodes filed under each module scope; '' has those made outside any module.

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

    def over(self, leaves: Sequence[Value], others: Sequence[Value]) -> Value:
        """The root, computed from other leaves that have the same data.

        So a loss that has been computed from the parameters of a module becomes a function of them, which `grad`,
        `hvp` and their like differentiate.

        Parameters
        ----------
        leaves, others : list of Value
            Leaves of the graph, which need not be all, and what takes the place of each.

        Raises
        ------
        ValueError
            If there are not as many others, or if one has a different number than the leaf had when the root was
            computed.

        Examples
        --------
        >>> from autograd import hvp
        >>> v, w = Value(3.0), Value(4.0)
        >>> graph = Graph(v * v * w)
        >>> hvp(lambda xs: graph.over([v, w], xs), ([3.0, 4.0],), ([1.0, 0.0],))
        [8.0, 6.0]
        """
        if len(leaves) != len(others):
            raise ValueError(f"over() takes another Value for each of the {len(leaves)} leaves, got {len(others)}")
        twins = dict(zip(map(id, leaves), others))
        for node, data, positions in zip(self.nodes, self.data, self.operands):
            if node.op is None:
                twin = twins.setdefault(id(node), node)
                if twin is not node and repr(twin._data) != repr(data) and concrete(twin):
                    raise ValueError(f"{node.describe()} was {data!r} in this graph, and cannot be {twin._data!r}")
            else:
                operands = tuple([twins[id(self.nodes[i])] for i in positions])
                same = all(x is self.nodes[i] for x, i in zip(operands, positions))
                twins[id(node)] = node if same else rebuild(node.op, node._data, operands, node.partials)
        return twins[id(self.root)]

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
        made: list[Value] = []
        for node, positions in zip(self.nodes, self.operands):
            operands = tuple([made[i] for i in positions])
            if isinstance(node, Dot):
                made.append(_products_and_sum(node, operands))
            elif all(x is y for x, y in zip(operands, node.operands)):  # true of every leaf, which has none
                made.append(node)
            else:
                made.append(_over(node, operands))
        return Graph(made[-1])

    def require_one_point(self) -> None:
        """Make sure that all results belong to one point, which `data` has.

        Raises
        ------
        RuntimeError
            If a leaf was set in the middle of the graph, between two of its results.

        Examples
        --------
        >>> w = Value(3.0)
        >>> before = w * 2
        >>> w.data = 5.0
        >>> Graph(before).require_one_point()
        >>> Graph(before + w).require_one_point()
        Traceback (most recent call last):
        ...
        RuntimeError: a leaf was set after a result of mul (data 6) was computed from it, and before the root was, ...
        """
        for node, operands, data in zip(self.nodes, self.operands, self.data):
            if node.op is None or node.op is ops.CHECKPOINT:  # the latter is run again at its own point
                continue
            if repr(node.op.value(*[self.data[i] for i in operands])) != repr(data):
                raise RuntimeError(
                    f"a leaf was set after {node.describe()} was computed from it, and before the root was, so the "
                    "graph belongs to no single point; compute all of it again, then show or write it"
                )

    check_point = require_one_point  # the older name, easily mistaken for `autograd.checkpoint`

    # --- JSON -------------------------------------------------------------------------------------------------

    def to_json(self, indent: int | None = None) -> str:
        """The graph as JSON text; docs/reference/graph-json.md describes the format.

        Raises
        ------
        RuntimeError
            If it has two points; see `require_one_point`.
        TypeError
            If it has a result of a checkpointed function.

        Examples
        --------
        >>> text = Graph(Value(2.0, "x") * 3).to_json()
        >>> Graph.from_json(text).root.data
        6.0
        """
        import json

        if any(node.op is ops.CHECKPOINT for node in self.nodes):
            raise TypeError(
                "a graph with results of checkpointed functions cannot be written, because a reader could not compute "
                "them; call the functions without checkpoint"
            )
        return json.dumps(self.document(), indent=indent, allow_nan=False)

    def document(self) -> dict[str, Any]:
        """The graph as plain lists and dicts, of which `to_json` makes text.

        Raises
        ------
        RuntimeError
            If it has two points; see `require_one_point`.
        """
        self.require_one_point()
        rows = []
        for node, operands, data in zip(self.nodes, self.operands, self.data):
            row: dict[str, Any] = {"op": None if node.op is None else node.op.name}
            if isinstance(node, Constant):
                row["constant"] = True
            if node.op is not None:
                row["operands"] = list(operands)
                row["partials"] = [_plain(slope) for slope in node.partials]
            row["data"], row["grad"] = _plain(data), _plain(node.grad)
            row.update({key: text for key, text in (("label", node.label), ("scope", node.scope)) if text})
            rows.append(row)
        return {"format": FORMAT, "version": VERSION, "root": len(self) - 1, "nodes": rows}

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
            document = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"this is not a graph in JSON, or it is damaged: {error}") from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f'this JSON is not a graph: its "format" must be {FORMAT!r}')
        if document.get("version") != VERSION:
            raise ValueError(f"graph version {document.get('version')!r} cannot be read here, only version {VERSION}")
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


def _over(node: Value, operands: tuple[Value, ...]) -> Value:
    """A copy of the node, over other operands that have the same data."""
    assert node.op is not None
    twin = rebuild(node.op, node.data, operands, node.partials, origin_of(node._place))
    twin.grad = node.grad
    return twin


def _products_and_sum(node: Dot, operands: tuple[Value, ...]) -> Value:
    n, origin = len(operands) // 2, origin_of(node._place)
    terms = list(operands[2 * n :])
    point = data_then(node, node.operands)
    for i in range(n):
        w, x = point[i], point[n + i]
        product = rebuild(ops.mul, w * x, (operands[i], operands[n + i]), (x, w), origin)
        product.grad, product.label = node.grad, ""
        terms.append(product)
    total = rebuild(ops.sum, node.data, tuple(terms), (1.0,) * len(terms), origin)
    total.grad = node.grad
    return total


def _plain(x: float) -> float | str:
    """x, or its text if it is inf or nan, which JSON does not have."""
    return x if math.isfinite(x) else str(x)


def _refuse_constant(name: str) -> float:
    raise ValueError(f'{name} is not JSON; such numbers are written as "inf", "-inf" and "nan"')


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


def _result_from(row: dict[str, Any], data: float, nodes: list[Value]) -> Value:
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
    return rebuild(op, computed, operands, op.slopes(*point, computed))


# --- copying and pickling ---------------------------------------------------------------------------------------
#
# Results become flat rows over their sources: operands that are leaves, or results that have been copied already. One
# copy, or one pickle, has each node once, however many roots lead to it. Pickles name `_give_each`, `_item`,
# `_leaf` and `_restore`, so these names must stay.


def copy(node: Value) -> Value:
    """What `copy.copy` makes of a node: a leaf with the same data, or a result over the same operands."""
    linked = _linked_copy(node)
    if linked is not None:
        return linked
    twin = _leaf(type(node), node.data, node.grad, _texts(node)) if node.op is None else _over(node, node.operands)
    _set_state(twin, _state_of(node))
    return twin


def _watched_copy(node: Value, pickled: bool = False) -> Value | None:
    watch = current_watch() if blocks else None
    return None if watch is None else watch.copied(node, pickled)


def _linked_copy(node: Value) -> Value | None:
    """A copy that has the node as its operand, if gradients must flow through the copy to the node; otherwise None."""
    twin = _watched_copy(node)
    if twin is None:
        if not runs or not stands_for_a_number(node):
            return None
        twin = ops.positive(node)
    twin.label = node.label
    _set_state(twin, _state_of(node))
    return twin


def deepcopy(root: Value, memo: dict[int, Any]) -> Value:
    """What `copy.deepcopy` makes of a node: a copy of its whole graph, except what is in `memo` already."""
    from copy import deepcopy as python_deepcopy

    linked = _linked_copy(root)
    if linked is not None:
        memo[id(root)] = linked
        return linked
    if root.op is None:
        twin: Value = _leaf(type(root), root.data, root.grad, _texts(root))
        memo[id(root)] = twin
        _set_state(twin, python_deepcopy(_state_of(root), memo))
        return twin
    for source in _sources(_results_below(root, memo)):
        python_deepcopy(source, memo)  # its attributes may refer to some of the results, which then are in `memo`
    results = _results_below(root, memo)
    sources = _sources(results)
    twins = _restore([python_deepcopy(x, memo) for x in sources], *_rows(results, sources))
    memo.update(zip(map(id, results), twins))
    for node, twin in zip(results, twins):
        _set_state(twin, python_deepcopy(_state_of(node), memo))
    copied: Value = memo[id(root)]
    return copied


def reduce(node: Value) -> tuple[Any, ...]:
    """What `pickle` writes for a node: for a leaf its contents, for a result its bundle, and its position there.

    Raises
    ------
    TypeError
        If it stands for a number in a function that is being differentiated: the node read back would have no gradient.
    """
    _watched_copy(node, pickled=True)
    if runs and stands_for_a_number(node):
        raise TypeError(
            f"{node.describe()} stands for a number in a function that is being differentiated, and a pickle would "
            "lose its gradient; pickle its data, or do this outside the function"
        )
    if node.op is None:
        return _leaf, (type(node), node.data, node.grad, _texts(node)), _state_of(node)
    latest = getattr(_pickling, "session", None)
    session = None if latest is None else latest()
    if session is None:
        session = _PickleSession()
        _pickling.session = ref(session)
    return _item, session.find(node)


def _state_of(node: Value) -> Any:
    """A node's attributes, and slots of its subclass, in the form of `pickle`'s state; None if there are none."""
    slots = {}
    for kind in type(node).__mro__:
        if kind.__module__ == Value.__module__:
            break
        names = kind.__dict__.get("__slots__", ())
        slots.update(
            {
                name: getattr(node, name)
                for name in ([names] if isinstance(names, str) else names)
                if hasattr(node, name)
            }
        )
    own = attributes(node) or None
    return (own, slots) if slots else own


def _set_state(node: Value, own: Any) -> None:
    """Give a node the attributes and slots that `_state_of` found in another one."""
    own, slots = own if isinstance(own, tuple) else (own, None)
    if own:
        node.__dict__.update(own)
    for name, item in (slots or {}).items():
        setattr(node, name, item)


def _give_each(nodes: list[Value], states: dict[int, Any]) -> None:
    for position, own in states.items():
        _set_state(nodes[position], own)


class _PickleSession:
    """The results that one pickle has so far: for each, by its id, its bundle and its position there.

    A pickler keeps all objects that it has pickled until it is done; among these are bundles, which keep their session.
    """

    def __init__(self) -> None:
        self.places: dict[int, tuple[Callable[[], _Bundle | None], int]] = {}

    def __contains__(self, key: object) -> bool:
        return key in self.places and self.places[key][0]() is not None

    def find(self, node: Value) -> tuple[_Bundle, int]:
        """The bundle that a result is pickled with, and its position there."""
        if id(node) not in self:
            bundle = _Bundle(self, _results_below(node, self))
            for position, result in enumerate(bundle.results):
                self.places[id(result)] = ref(bundle), position
            return bundle, len(bundle.results) - 1
        found, position = self.places[id(node)]
        known = found()
        assert known is not None
        return known, position


_pickling = threading.local()  # its `session` is a weak reference to this thread's `_PickleSession`


class _Bundle:
    """Results that are pickled together, operands first."""

    def __init__(self, session: _PickleSession, results: list[Value]) -> None:
        self.session, self.results = session, results

    def __reduce__(self) -> tuple[Any, ...]:
        sources = _sources(self.results)
        rows = _restore, (sources, *_rows(self.results, sources))
        states = {i: own for i, own in enumerate(map(_state_of, self.results)) if own is not None}
        return (*rows, states, None, None, _give_each) if states else rows


def _item(results: list[Value], position: int) -> Value:
    return results[position]


def _results_below(root: Value, known: Container[int]) -> list[Value]:
    """The results that `root` was made from, root included, operands first; it stops at results in `known`."""
    order: list[Value] = []
    done: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node.op is None or id(node) in done or id(node) in known:
            continue
        waiting = [x for x in node.operands if x.op is not None and id(x) not in done and id(x) not in known]
        if waiting:
            stack.append(node)
            stack.extend(reversed(waiting))
        else:
            done.add(id(node))
            order.append(node)
    return order


def _sources(results: Iterable[Value]) -> list[Value]:
    """The operands of results that are not among these results themselves."""
    own = set(map(id, results))
    return list({id(x): x for node in results for x in node.operands if id(x) not in own}.values())


def _rows(results: list[Value], sources: list[Value]) -> tuple[list[Row], list[dict[int, float]]]:
    """A row for each result, and for each epoch of these the data that sources, by position, had then, if set since."""
    positions = {id(x): i for i, x in enumerate([*sources, *results])}
    epochs: dict[Epoch, int] = {}
    overwritten: list[dict[int, float]] = []
    rows = []
    for node in results:
        origin = origin_of(node._place)
        if origin.epoch not in epochs:
            epochs[origin.epoch] = len(overwritten)
            old = overwritten_since(origin.epoch)
            overwritten.append({i: old[id(x)] for i, x in enumerate(sources) if id(x) in old})
        partials = () if isinstance(node, Dot) else node.partials
        operands = tuple([positions[id(x)] for x in node.operands])
        rows.append((node.op, operands, partials, node.data, node.grad, _texts(node), epochs[origin.epoch]))
    return rows, overwritten


def _restore(sources: list[Value], rows: list[Row], overwritten: list[dict[int, float]]) -> list[Value]:
    """The results that `_rows` describes, over other sources."""
    nodes = list(sources)
    epochs = [
        make_former_epoch({id(sources[i]): x for i, x in old.items()}) if old else current_origin().epoch
        for old in overwritten
    ]
    origins: dict[Any, Origin] = {}
    for op, operands, partials, data, grad, texts, epoch in rows:
        key = texts, epoch
        if key not in origins:
            scope, label, site = texts or ("", "", "")
            origins[key] = Origin(scope, label, site, epochs[epoch])
        node = rebuild(op, data, tuple([nodes[i] for i in operands]), partials, origins[key])
        node.grad = grad
        nodes.append(node)
    return nodes[len(sources) :]


def _texts(node: Value) -> tuple[str, str, str] | None:
    place = node.place
    return None if place is None else (place.scope, place.label, place.site)


def _leaf(kind: type[Value], data: float, grad: float, texts: tuple[str, str, str] | None) -> Value:
    leaf = leaf_of(kind, data)
    leaf.grad = grad
    if texts is not None:
        leaf.place = Place(*texts)
    return leaf
