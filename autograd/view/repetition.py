"""Finding what repeats in a graph: the examples of a batch, the steps of a recurrence, the neurons of a layer.

Scopes tell which nodes belong together if modules made them. This module finds it out where no module made them, or
where one module was called many times. It compares structure: the same operations, in the same scopes, on other
operands. Numbers and positions play no part; roles do, which say whether a leaf is a parameter. `rooms` turns what is
found into rooms.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from .. import ops
from ..value import Constant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..graph import Graph

FEWEST_STEPS = 4
"""At least this many similar stretches in a row are taken for steps."""
LONGEST_STEP = 96
"""The most operations that a step may have on the longest path; fewer on long paths, to limit the search."""


# --- sums ---------------------------------------------------------------------------------------------------------


def is_link(graph: Graph, position: int) -> bool:
    """Whether a node is a partial sum in a chain of additions: ``a + b`` in ``a + b + c``."""
    node, consumers = graph.nodes[position], graph.consumers[position]
    if node.op is not ops.add or len(consumers) != 1:
        return False
    consumer = consumers[0]
    return graph.nodes[consumer].op is ops.add and graph.operands[consumer].count(position) == 1  # s + s uses s twice


def chain(graph: Graph, position: int) -> tuple[list[int], list[int]]:
    """The additions that make up a sum, and its terms, in order; for any other node, itself and its operands.

    Examples
    --------
    >>> from autograd import Graph, Value
    >>> a, b, c = Value(1.0), Value(2.0), Value(3.0)
    >>> chain(Graph(a + b + c), 4)
    ([4, 2], [0, 1, 3])
    """
    if graph.nodes[position].op is not ops.add:
        return [position], list(graph.operands[position])
    links, terms, stack = [position], [], [*reversed(graph.operands[position])]
    while stack:
        operand = stack.pop()
        if is_link(graph, operand):
            links.append(operand)
            stack.extend(reversed(graph.operands[operand]))
        else:
            terms.append(operand)
    return links, terms


# --- ownership ----------------------------------------------------------------------------------------------------


class Ownership:
    """For every node its owner, the first node that all its paths to the root pass: its immediate dominator.

    The dominators are those of the graph walked from the root to the leaves. A node owns what it dominates: the nodes
    that affect the root only through it.

    Examples
    --------
    >>> from autograd import Graph, Value
    >>> w, x = Value(2.0), Value(3.0)
    >>> graph = Graph((w * x).tanh() + w)
    >>> owned = Ownership(graph)
    >>> [owned.owns(3, position) for position in range(5)]  # the tanh owns x and the product, but not w
    [False, True, True, True, False]
    """

    def __init__(self, graph: Graph) -> None:
        count = len(graph)
        owner = [count - 1] * count
        jump, depth = [count - 1] * count, [0] * count  # jump skips many owners: searches stay short
        for v in range(count - 2, -1, -1):
            meet = -1
            for a in graph.consumers[v]:
                if meet < 0:
                    meet = a
                    continue
                b = meet
                if depth[a] < depth[b]:
                    a, b = b, a
                while depth[a] > depth[b]:
                    a = jump[a] if depth[jump[a]] >= depth[b] else owner[a]
                while a != b:
                    a, b = (jump[a], jump[b]) if jump[a] != jump[b] else (owner[a], owner[b])
                meet = a
            owner[v], depth[v] = meet, depth[meet] + 1
            far = jump[meet]
            jump[v] = jump[far] if depth[meet] - depth[far] == depth[far] - depth[jump[far]] else meet
        size = [1] * count
        for v in range(count - 1):  # an owner comes after what it owns, so size[v] is complete
            size[owner[v]] += size[v]
        # Positions in a preorder of the tree of owners: what a node owns comes directly after it.
        first, free = [0] * count, [1] * count
        for v in range(count - 2, -1, -1):
            first[v] = free[owner[v]]
            free[owner[v]] += size[v]
            free[v] = first[v] + 1
        self.size, self.first = size, first

    def owns(self, owner: int, position: int) -> bool:
        """Whether all paths from a node to the root pass `owner`; a node owns itself, too."""
        return self.first[owner] <= self.first[position] < self.first[owner] + self.size[owner]


# --- side by side -------------------------------------------------------------------------------------------------


class Copies:
    """Parts of a graph that are the same but for their leaves: the examples of a batch.

    Attributes
    ----------
    gather : list of int
        The nodes that join them: one operation with many operands, such as a sum, or the additions of a chain.
    members : list of list of int
        For each copy its nodes; nodes at the same place of these lists play the same part. Where a copy lacks a node
        that others have, -1 stands in its place.
    """

    def __init__(self, gather: list[int], members: list[list[int]]) -> None:
        self.gather = gather
        self.members = members


def copies(graph: Graph, roles: Sequence[str]) -> list[Copies]:
    """The batches of a graph: terms of a sum that share parameters and differ in their inputs.

    Parameters
    ----------
    graph : Graph
    roles : sequence of str
        For each node, ``"parameter"`` for a leaf that is known to be one.

    Examples
    --------
    >>> from autograd import Graph, Value
    >>> w, b = Value(2.0, "w"), Value(1.0, "b")
    >>> graph = Graph(sum([(w * x + b - y) ** 2 for x, y in [(1.0, 2.0), (2.0, 4.0), (3.0, 7.0)]]))
    >>> (batch,) = copies(graph, ["parameter" if node.label else "" for node in graph])
    >>> len(batch.members), [graph.nodes[i].op.name for i in batch.members[0] if graph.nodes[i].op]
    (3, ['**2', 'sub', 'add', 'mul'])
    """
    owned = Ownership(graph)
    found: list[Copies] = []
    inside = bytearray(len(graph))
    budget = 8 * len(graph)  # limits the search where sums are nested, whose terms are compared again and again
    for position in range(len(graph) - 1, -1, -1):
        op = graph.nodes[position].op
        if op is None or inside[position] or not (op.arity is None or op is ops.add) or is_link(graph, position):
            continue
        gather, terms = chain(graph, position)
        single = Counter(terms)
        shapes: dict[tuple[Any, ...], list[list[int]]] = {}
        for term in terms:
            size = owned.size[term]
            if size > 2 and single[term] == 1 and len(graph.consumers[term]) == 1 and budget > 0:
                budget -= size
                shape, nodes = _term_shape(graph, owned, term)
                shapes.setdefault(shape, []).append(nodes)
        alike = sorted(shapes.items(), key=lambda item: -len(item[1]) * len(item[0]))
        if alike and len(alike[0][1]) > 1 and _is_batch(graph, *alike[0], roles):
            batch = _joined(graph, alike)
            found.append(Copies(gather, batch))
            for nodes in batch:
                for i in nodes:
                    inside[i] = 1
    for one in found:
        one.members.sort(key=max)
    return found


def _joined(graph: Graph, alike: list[tuple[tuple[Any, ...], list[list[int]]]]) -> list[list[int]]:
    """The copies of the first shape, then those of shapes that have at least half of their nodes in common with it.

    The examples of a batch may differ in shape: a loss may use one of two formulas, whichever keeps more digits.
    """
    places: dict[Any, int] = {}
    joined: list[list[int]] = []
    for shape, several in alike:
        keys = _keys(graph, shape, several[0])
        common = sum(1 for key in keys if key in places)
        if joined and 2 * common < max(len(keys), len(joined[0])):
            continue
        at = [places.setdefault(key, len(places)) for key in keys]
        for nodes in several:
            copy = [-1] * len(places)
            for place, i in zip(at, nodes):
                copy[place] = i
            joined.append(copy)
    return [copy + [-1] * (len(places) - len(copy)) for copy in joined]


def _keys(graph: Graph, shape: tuple[Any, ...], nodes: list[int]) -> list[Any]:
    """A key for each node of a copy, by which nodes in copies of different shapes are matched.

    For a result it says the operation and its shared operands, for a leaf the first node that uses it.
    """
    keys: list[Any] = []
    count: Counter[Any] = Counter()
    place: dict[int, Any] = {}
    for (*kind, shared), i in zip(shape, nodes):
        # kind[0] keeps constants from being matched with other leaves: they have no cards.
        key = (*kind, shared) if graph.nodes[i].op is not None else (kind[0], place[i])
        count[key] += 1
        keys.append((key, count[key]))
        for k, operand in enumerate(graph.operands[i]):
            if shared[k] < 0:
                place.setdefault(operand, (*keys[-1], k))
    return keys


def _term_shape(graph: Graph, owned: Ownership, term: int) -> tuple[tuple[Any, ...], list[int]]:
    """The shape of a term, which is equal for copies, and its nodes in the same order.

    For each node the shape has its kind and its operands: the position of one that is shared with the rest of the
    graph, or -1 for any that the term owns. Which of these it is must not matter: the loss of a class uses another
    logit in each example.
    """
    shape: list[Any] = []
    nodes: list[int] = []
    seen: set[int] = set()
    stack = [term]
    while stack:
        position = stack.pop()
        if position in seen:
            continue
        seen.add(position)
        nodes.append(position)
        operands = graph.operands[position]
        own = [owned.owns(term, i) for i in operands]
        shape.append((*_kind(graph, position), tuple([-1 if mine else i for i, mine in zip(operands, own)])))
        stack.extend([i for i, mine in zip(operands, own) if mine][::-1])
    return tuple(shape), nodes


def _kind(graph: Graph, position: int) -> tuple[str, str]:
    """A node's operation (or whether it is a constant or another leaf), and its scope."""
    node = graph.nodes[position]
    if node.op is not None:
        return node.op.name, node.scope
    return ("constant" if isinstance(node, Constant) else "leaf"), node.scope


def _is_batch(graph: Graph, shape: tuple[Any, ...], members: list[list[int]], roles: Sequence[str]) -> bool:
    """Whether copies are examples: they share parameters, and what each has of its own are inputs.

    The neurons of a layer are copies, too, but they share inputs, and each has parameters of its own.
    """
    shared = {i for _, _, operands in shape for i in operands if i >= 0 and not isinstance(graph.nodes[i], Constant)}
    results = sum(1 for i in members[0] if graph.nodes[i].op is not None)
    own = [i for i in members[0] if graph.nodes[i].op is None and not isinstance(graph.nodes[i], Constant)]
    if results < 2 or not shared or any(roles[i] == "parameter" for i in own):
        return False
    return any(roles[i] == "parameter" for i in shared) or len(shared) >= len(own)


# --- one after another --------------------------------------------------------------------------------------------


def steps(graph: Graph, members: Sequence[int]) -> list[list[int]]:
    """The steps of a recurrence: stretches of the graph that are alike and follow one another.

    They are found along the longest way through the graph, where the operations of a recurrence come again and again.
    Other nodes are assigned to a step by what they are computed from, and where they are used.

    Parameters
    ----------
    graph : Graph
    members : sequence of int
        The nodes to look at, in order.

    Returns
    -------
    list of list of int
        The nodes of each step; empty if there are no steps. What all steps use, and what comes before and after
        them, is in none.

    Examples
    --------
    >>> from autograd import Graph, Value
    >>> w, h = Value(0.5, "w"), Value(0.0)
    >>> for x in [1.0, 2.0, 3.0, 4.0]:
    ...     h = (w * h + x).tanh()
    >>> graph = Graph(h)
    >>> [[graph.nodes[i].op.name for i in step if graph.nodes[i].op] for step in steps(graph, range(len(graph)))]
    [['mul', 'add', 'tanh'], ['mul', 'add', 'tanh'], ['mul', 'add', 'tanh'], ['mul', 'add', 'tanh']]
    """
    inside = bytearray(len(graph))
    for i in members:
        inside[i] = 1
    depth = _depths(graph, members, inside)
    path = _longest(graph, members, inside, depth)
    bounds = _bounds(graph, inside, path)
    if not bounds:
        return []
    found = _Steps(graph, members, inside, depth, path, bounds)
    results = sum(1 for i in members if graph.nodes[i].op is not None)
    inner = sum(1 for i in members if found.step[i] and graph.nodes[i].op is not None)
    if 3 * inner < results:
        return []
    made: list[list[int]] = [[] for _ in bounds[1:]]
    for i in members:
        if found.step[i]:
            made[found.step[i] - 1].append(i)
    return made


def _depths(graph: Graph, members: Sequence[int], inside: bytearray) -> list[int]:
    """For every member the number of operations on the longest path to it; a chain of additions counts as one."""
    depth = [0] * len(graph)
    for i in members:
        operands = graph.operands[i]
        if operands:
            deepest = 0
            for j in operands:
                if inside[j]:
                    deepest = max(deepest, depth[j] - 1 if depth[j] and is_link(graph, j) else depth[j])
            depth[i] = deepest + 1
    return depth


def _longest(graph: Graph, members: Sequence[int], inside: bytearray, depth: list[int]) -> list[int]:
    """The longest path, from its beginning; only the last addition of a chain is on it."""
    position = max(members, key=depth.__getitem__, default=-1)
    path: list[int] = []
    while position >= 0 and depth[position]:
        path.append(position)
        operands = [j for j in chain(graph, position)[1] if inside[j]]
        position = max(operands, key=depth.__getitem__, default=-1)
    return path[::-1]


def _bounds(graph: Graph, inside: bytearray, path: list[int]) -> list[int]:
    """The place in the path right before the first step, and those at which steps end; empty if there are no steps."""
    # Among operations of one kind, a leaf that is used again and again tells its users from the others.
    again = Counter(j for i in path for j in {*graph.operands[i]} if graph.nodes[j].op is None)
    tokens = [
        (*_kind(graph, i), len(graph.operands[i]), *[j for j in graph.operands[i] if again[j] >= FEWEST_STEPS - 1])
        for i in path
    ]
    numbers: dict[Any, int] = {}
    codes = [numbers.setdefault(token, len(numbers)) for token in tokens]
    best, start, period = 0, 0, 0
    longest = min(len(codes) // FEWEST_STEPS, LONGEST_STEP, max(8, 4_000_000 // max(1, len(codes))))
    for p in range(1, longest + 1):
        runs = bytes(map(int.__eq__, codes, codes[p:])).split(b"\0")
        run = max(runs, key=len)
        if len(run) + p > best and len(run) >= (FEWEST_STEPS - 1) * p:
            best, period = len(run) + p, p
            start = sum(len(other) + 1 for other in runs[: runs.index(run)])
    if not best:
        return []
    # A step ends at the node with the most consumers: that is taken for the state.
    last = start + best - 1

    def uses(trimmed: int) -> float:
        ends = range(last - trimmed - period, start - 1, -period)  # without the last, whose result need not be used
        return sum(sum(inside[j] for j in graph.consumers[path[k]]) for k in ends) / len(ends)

    trimmed = max(range(period), key=lambda t: (uses(t), -t))
    ends = [*range(last - trimmed, start - 1, -period)][::-1]
    before = ends[0] - period
    if before < -1 and ends[0] < period:  # the path begins in the middle of a step: the first one is incomplete
        before = -1
    if before < start - 1 and before >= 0 and codes[before] != codes[ends[0]]:
        ends, before = ends[1:], ends[0]
    bounds = [before, *ends]
    return bounds if len(bounds) > FEWEST_STEPS else []


class _Steps:
    """Assigns nodes to steps: `step` has for each node the number of its step, from 1, or 0 for none."""

    def __init__(
        self,
        graph: Graph,
        members: Sequence[int],
        inside: bytearray,
        depth: list[int],
        path: list[int],
        bounds: list[int],
    ) -> None:
        self.graph, self.inside = graph, inside
        self.count = len(bounds) - 1
        self.step = [0] * len(graph)
        first, last = bounds[0] + 1, path[bounds[-1]]
        floors = [depth[path[k]] if k >= 0 else 0 for k in bounds]

        # Nodes that depend on a state and that the last state is computed from: their depth tells the step.
        reaches_last = bytearray(len(graph))
        reaches_last[last] = 1
        for i in reversed(members):
            if reaches_last[i]:
                for j in graph.operands[i]:
                    reaches_last[j] = 1
        depends = bytearray(len(graph))
        for i in path[first:]:
            depends[i] = 1
        for i in members:
            if not depends[i] and any(depends[j] for j in graph.operands[i]):
                depends[i] = 1
            if depends[i] and reaches_last[i]:
                self.step[i] = min(self.count, max(1, bisect_left(floors, depth[i])))
        # Nodes that depend on no state, such as those computed from a step's input alone: their users tell the step.
        stateless = [i for i in members if not depends[i]]
        self._assign_by_users(stateless)
        self.shared = bytearray(len(graph))  # leaves that the steps share
        for i in stateless:
            if graph.nodes[i].op is None:
                self.shared[i] = len({self.step[j] for j in graph.consumers[i] if inside[j]}) > 2
        after = [i for i in members if depends[i] and not reaches_last[i]]
        if self.count > 2:
            self._complete(1, [i for i in stateless if self.step[i] == 2])
            self._complete(self.count, [i for i in after if depth[i] > floors[-2]])
        self._assign_outcomes([i for i in after if not self.step[i]])
        self._assign_by_users([i for i in stateless if graph.nodes[i].op is None or not self.step[i]])
        self._drop_initial_state([i for i in stateless if graph.nodes[i].op is None])

    def _drop_initial_state(self, leaves: list[int]) -> None:
        """Take leaves out of the first step that are its initial state: the second step uses no leaf in that way."""

        def users(leaf: int) -> Any:
            return tuple(sorted({repr(self._part(j)) for j in self.graph.consumers[leaf] if self.inside[j]}))

        later = {users(i) for i in leaves if self.step[i] == 2}
        for i in leaves:
            if self.step[i] == 1 and users(i) not in later:
                self.step[i] = 0

    def _assign_by_users(self, stateless: list[int]) -> None:
        """Assign nodes that only one step uses to that step, and the others to none."""
        for i in reversed(stateless):
            users = {self.step[j] for j in self.graph.consumers[i] if self.inside[j]} - {0}
            self.step[i] = users.pop() if len(users) == 1 else 0

    def _complete(self, step: int, candidates: list[int]) -> None:
        """Put into the first or the last step what it lacks, compared with one in the middle.

        A recurrence may have several states side by side, as an LSTM has. At its ends only the one on the path is found
        by dependence: the first step depends on no earlier state, and no later step uses the results of the last.
        """
        middle = 1 + self.count // 2
        lacks: Counter[Any] = Counter()
        for i, node in enumerate(self.graph.nodes):
            if node.op is not None and self.inside[i] and self.step[i] in (step, middle):
                lacks[self._part(i)] += 1 if self.step[i] == middle else -1
        candidates = [i for i in candidates if self.graph.nodes[i].op is not None]
        there = Counter(self._part(i) for i in candidates)
        sure = {part for part, count in there.items() if count == lacks[part]}
        for i in reversed(candidates):  # consumers before their operands
            part = self._part(i)
            users = {self.step[j] for j in self.graph.consumers[i] if self.inside[j]}
            if lacks[part] > 0 and (part in sure or users == {step}):
                lacks[part] -= 1
                self.step[i] = step

    def _assign_outcomes(self, members: list[int]) -> None:
        """Assign nodes made from a state, such as a loss at each step, to its step, if nearly all steps have some."""
        graph = self.graph
        latest: dict[int, int] = {}
        kind: dict[int, Any] = {}
        numbers: dict[Any, int] = {}
        having: dict[int, set[int]] = {}
        for i in members:
            at = {j: latest.get(j, self.step[j]) for j in graph.operands[i] if self.inside[j]}
            latest[i] = step = max(at.values(), default=0)
            now = sorted(kind.get(j, -1) for j, other in at.items() if other == step)
            kind[i] = numbers.setdefault((*_kind(graph, i), *now), len(numbers))
            having.setdefault(kind[i], set()).add(step)
        size = Counter(kind.values())
        for i in members:
            regular = len(having[kind[i]]) >= max(2, self.count - 1) and size[kind[i]] % len(having[kind[i]]) == 0
            if regular and all(self.step[j] or not latest.get(j) for j in graph.operands[i] if self.inside[j]):
                self.step[i] = latest[i]

    def _part(self, position: int) -> Any:
        """A node's kind, with those of its operands that are shared leaves, or else with the kinds of its operands."""
        graph = self.graph
        operands = [j for j in graph.operands[position] if self.inside[j]]
        before = tuple([j for j in operands if self.shared[j]])
        return _kind(graph, position), before, () if before else tuple(sorted([_kind(graph, j) for j in operands]))


# --- neurons ------------------------------------------------------------------------------------------------------


class Neuron:
    """A weighted sum, with its weights and the function applied to it.

    Attributes
    ----------
    nodes : list of int
    inputs : tuple
        The nodes that are weighted, the same for all neurons of a layer, and the number of products.
    """

    def __init__(self, nodes: list[int], inputs: Any) -> None:
        self.nodes = nodes
        self.inputs = inputs


def neurons_by_layer(graph: Graph, members: Sequence[int], roles: Sequence[str]) -> list[list[Neuron]]:
    """The layers of a network without modules: weighted sums of the same inputs, each with weights of its own.

    Parameters
    ----------
    graph : Graph
    members : sequence of int
        The nodes to look at, in order.
    roles : sequence of str
        As for `copies`.

    Examples
    --------
    >>> from autograd import Graph, Value
    >>> x, v = [Value(1.0), Value(2.0)], [Value(0.5), Value(0.6), Value(0.7)]
    >>> h = [(Value(0.1) * x[0] + Value(0.2) * x[1] + Value(0.3)).tanh() for _ in v]
    >>> graph = Graph(sum(w * a for w, a in zip(v, h)).sigmoid())
    >>> [len(layer) for layer in neurons_by_layer(graph, range(len(graph)), [""] * len(graph))]
    [3, 1]
    """
    inside = set(members)
    uses = {i: [j for j in graph.consumers[i] if j in inside] for i in members}
    found: dict[Any, list[Neuron]] = {}
    for position in members:
        neuron = _neuron(graph, position, inside, uses, roles)
        if neuron is not None:
            found.setdefault(neuron.inputs, []).append(neuron)
    # A single product with a bias is not a neuron, but several of the same input are a layer.
    return [layer for (_, products), layer in found.items() if len(layer) > 1 or products > 1]


def _neuron(
    graph: Graph, position: int, inside: set[int], uses: dict[int, list[int]], roles: Sequence[str]
) -> Neuron | None:
    node = graph.nodes[position]
    if node.op not in (ops.add, ops.sum, ops.dot) or is_link(graph, position):
        return None
    if node.op is ops.dot and len(uses[position]) == 1 and graph.nodes[uses[position][0]].op is ops.add:
        return None  # a term of the neuron's sum, which is considered instead

    def is_weight(i: int, product: int) -> bool:
        node = graph.nodes[i]  # a leaf without a label may be a weight, whatever its role
        return node.op is None and uses.get(i, [product]) == [product] and not (node.label and roles[i] == "input")

    if node.op is ops.dot:
        nodes, terms = [], [position]
    elif node.op is ops.sum:
        nodes, terms = [position], list(graph.operands[position])
    else:
        nodes, terms = chain(graph, position)
    weights: list[int] = []
    inputs: list[int] = []
    count = 0
    for term in terms:
        op, operands = graph.nodes[term].op, graph.operands[term]
        if op is None:  # a bias
            weights.append(term)
            continue
        if op not in (ops.mul, ops.dot) or (term != position and uses.get(term) and len(uses[term]) > 1):
            return None
        half = len(operands) // 2
        pairs = [(operands[k], operands[half + k]) for k in range(half)]
        if not all(is_weight(w, term) for w, _ in pairs):
            pairs = [(x, w) for w, x in pairs]
            if not all(is_weight(w, term) for w, _ in pairs):
                return None
        if any(w == x for w, x in pairs):  # a square
            return None
        nodes.append(term)
        weights += [w for w, _ in pairs] + list(operands[2 * half :])
        inputs += [x for _, x in pairs if not isinstance(graph.nodes[x], Constant)]
        count += half
    if not inside.issuperset(nodes) or len(set(nodes)) < len(nodes):
        return None  # a node is in a step or in another room, or occurs twice
    if not count or len(weights) < 2 or all(isinstance(graph.nodes[w], Constant) for w in weights):
        return None  # no products, a single weight, or only constants as weights
    consumers = uses[position]
    if len(consumers) == 1 and len(graph.operands[consumers[0]]) == 1:
        nodes.append(consumers[0])
    nodes += [w for w in weights if w in inside and not isinstance(graph.nodes[w], Constant) and len(uses[w]) == 1]
    return Neuron(sorted(nodes), (frozenset(inputs), count))
