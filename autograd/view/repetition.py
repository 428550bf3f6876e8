"""What repeats in a graph: examples beside each other, steps after each other, and neurons that share their inputs.

Scopes say what belongs together where modules made the nodes; this says it where they did not, or where one module made
them many times. Everything is told by structure: the same operations on other operands. Names, numbers and positions
play no part, but for roles, which say whether a leaf is a parameter. What becomes of the finds is in `rooms`.
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
"""So many stretches of one kind in a row are steps."""
LONGEST_STEP = 96
"""So many operations in a row a step may have; in long chains fewer, so that the search stays short."""


# --- sums ---------------------------------------------------------------------------------------------------------


def is_link(graph: Graph, position: int) -> bool:
    """Whether a node is a sum so far, in a chain of additions: ``a + b`` in ``a + b + c``."""
    node, consumers = graph.nodes[position], graph.consumers[position]
    if node.op is not ops.add or len(consumers) != 1:
        return False
    consumer = consumers[0]
    return graph.nodes[consumer].op is ops.add and graph.operands[consumer].count(position) == 1  # in s + s it is twice


def chain(graph: Graph, position: int) -> tuple[list[int], list[int]]:
    """The additions that make up a sum, and its terms, in order; a node that is not an addition has its operands.

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


# --- who is whose -------------------------------------------------------------------------------------------------


class Ownership:
    """For every node the first one that all its ways to the root pass: its immediate dominator, seen from the root.

    A node owns what it dominates: what goes into it and nowhere else.

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
        jump, depth = [count - 1] * count, [0] * count  # jump goes up by more and more, so that any way up is short
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
        for v in range(count - 1):  # an owner stands after what it owns
            size[owner[v]] += size[v]
        # Owners before what they own, in one row: what a node owns follows it there.
        first, free = [0] * count, [1] * count
        for v in range(count - 2, -1, -1):
            first[v] = free[owner[v]]
            free[owner[v]] += size[v]
            free[v] = first[v] + 1
        self.size, self.first = size, first

    def owns(self, owner: int, position: int) -> bool:
        """Whether everything that becomes of a node becomes part of `owner`; of itself, too."""
        return self.first[owner] <= self.first[position] < self.first[owner] + self.size[owner]


# --- side by side -------------------------------------------------------------------------------------------------


class Copies:
    """Parts of a graph that are the same but for their leaves: the examples of a batch.

    Attributes
    ----------
    gather : list of int
        The nodes that join them: a sum, or the additions of one.
    members : list of list of int
        For each copy its nodes; what stands at one place in all of them plays one part. Where a copy lacks what others
        have stands -1.
    """

    def __init__(self, gather: list[int], members: list[list[int]]) -> None:
        self.gather = gather
        self.members = members


def copies(graph: Graph, roles: Sequence[str]) -> list[Copies]:
    """The batches of a graph: terms of a sum that share parameters and differ in what they are given.

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
    budget = 8 * len(graph)  # a graph of sums inside sums is looked through only so far
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
                shape, nodes = _shape(graph, owned, term)
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
    """Copies of one shape, and after them those of others that have most of their nodes in common with them.

    A loss may be computed in one way or in another, whichever keeps more digits.
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
    """What tells the nodes of a copy apart: what they do with what is shared, and for leaves who uses them."""
    keys: list[Any] = []
    count: Counter[Any] = Counter()
    place: dict[int, Any] = {}
    for (*kind, shared), i in zip(shape, nodes):
        # A number never stands for a leaf: it has no card.
        key = (*kind, shared) if graph.nodes[i].op is not None else (kind[0], place[i])
        count[key] += 1
        keys.append((key, count[key]))
        for k, operand in enumerate(graph.operands[i]):
            if shared[k] < 0:
                place.setdefault(operand, (*keys[-1], k))
    return keys


def _shape(graph: Graph, owned: Ownership, term: int) -> tuple[tuple[Any, ...], list[int]]:
    """What a term is made of, told without its own leaves, and its nodes in the same order.

    Which of its own results an operand is stands open: the loss of a class looks at another logit in each example.
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
    """What a node is by itself."""
    node = graph.nodes[position]
    if node.op is not None:
        return node.op.name, node.scope
    return ("constant" if isinstance(node, Constant) else "leaf"), node.scope


def _is_batch(graph: Graph, shape: tuple[Any, ...], members: list[list[int]], roles: Sequence[str]) -> bool:
    """Whether copies are examples: what they share is learnt, and what each has of its own is given.

    The neurons of a layer are copies, too, but share what is given.
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
    What else belongs to a step is told by what it is computed from, and what it is used in.

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
    """For every member the operations on the longest way to it; a chain of additions counts as one."""
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
    """The longest way, from its beginning; of a chain of additions its last."""
    position = max(members, key=depth.__getitem__, default=-1)
    path: list[int] = []
    while position >= 0 and depth[position]:
        path.append(position)
        operands = [j for j in chain(graph, position)[1] if inside[j]]
        position = max(operands, key=depth.__getitem__, default=-1)
    return path[::-1]


def _bounds(graph: Graph, inside: bytearray, path: list[int]) -> list[int]:
    """The places in the path at which a step ends, and before them the one at which the first begins."""
    # A weight that is used again and again tells its users apart.
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
    # A step ends where its result is used most: that is the state.
    last = start + best - 1

    def uses(trimmed: int) -> float:
        ends = range(last - trimmed - period, start - 1, -period)  # of the last one nothing need be made
        return sum(sum(inside[j] for j in graph.consumers[path[k]]) for k in ends) / len(ends)

    trimmed = max(range(period), key=lambda t: (uses(t), -t))
    ends = [*range(last - trimmed, start - 1, -period)][::-1]
    before = ends[0] - period
    if before < -1 and ends[0] < period:  # the path begins in the middle of a step, which lacks what went before
        before = -1
    if before < start - 1 and before >= 0 and codes[before] != codes[ends[0]]:
        ends, before = ends[1:], ends[0]
    bounds = [before, *ends]
    return bounds if len(bounds) > FEWEST_STEPS else []


class _Steps:
    """Which step every node belongs to, from 1; 0 for none."""

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

        # What the last state is made from, and from there what depends on an earlier state: by its depth.
        leads = bytearray(len(graph))
        leads[last] = 1
        for i in reversed(members):
            if leads[i]:
                for j in graph.operands[i]:
                    leads[j] = 1
        depends = bytearray(len(graph))
        for i in path[first:]:
            depends[i] = 1
        for i in members:
            if not depends[i] and any(depends[j] for j in graph.operands[i]):
                depends[i] = 1
            if depends[i] and leads[i]:
                self.step[i] = min(self.count, max(1, bisect_left(floors, depth[i])))
        # What depends on no state, such as what is made of a step's input: by who uses it.
        given = [i for i in members if not depends[i]]
        self._used(given)
        self.shared = bytearray(len(graph))  # leaves that the steps share
        for i in given:
            if graph.nodes[i].op is None:
                self.shared[i] = len({self.step[j] for j in graph.consumers[i] if inside[j]}) > 2
        after = [i for i in members if depends[i] and not leads[i]]
        if self.count > 2:
            self._complete(1, [i for i in given if self.step[i] == 2])
            self._complete(self.count, [i for i in after if depth[i] > floors[-2]])
        self._outcomes([i for i in after if not self.step[i]])
        self._used([i for i in given if graph.nodes[i].op is None or not self.step[i]])
        self._begin([i for i in given if graph.nodes[i].op is None])

    def _begin(self, leaves: list[int]) -> None:
        """Take out of the first step what is there instead of an earlier state, and in no other step."""

        def users(leaf: int) -> Any:
            return tuple(sorted({repr(self._part(j)) for j in self.graph.consumers[leaf] if self.inside[j]}))

        later = {users(i) for i in leaves if self.step[i] == 2}
        for i in leaves:
            if self.step[i] == 1 and users(i) not in later:
                self.step[i] = 0

    def _used(self, given: list[int]) -> None:
        """What only one step uses is a part of it."""
        for i in reversed(given):
            users = {self.step[j] for j in self.graph.consumers[i] if self.inside[j]} - {0}
            self.step[i] = users.pop() if len(users) == 1 else 0

    def _complete(self, step: int, candidates: list[int]) -> None:
        """Put into the first or the last step what it lacks, compared with one in the middle.

        Nothing before the first step is a state, and nothing after the last one uses it, so that of several states
        side by side only one is known there.
        """
        middle = 1 + self.count // 2
        lacks: Counter[Any] = Counter()
        for i, node in enumerate(self.graph.nodes):
            if node.op is not None and self.inside[i] and self.step[i] in (step, middle):
                lacks[self._part(i)] += 1 if self.step[i] == middle else -1
        candidates = [i for i in candidates if self.graph.nodes[i].op is not None]
        there = Counter(self._part(i) for i in candidates)
        sure = {part for part, count in there.items() if count == lacks[part]}
        for i in reversed(candidates):  # what is used before what it is made of
            part = self._part(i)
            users = {self.step[j] for j in self.graph.consumers[i] if self.inside[j]}
            if lacks[part] > 0 and (part in sure or users == {step}):
                lacks[part] -= 1
                self.step[i] = step

    def _outcomes(self, members: list[int]) -> None:
        """What is made of the states, such as a loss at each step: it is part of them if each step has the like."""
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
        """What a node does, told by its operation and the leaves that the steps share, or else by those before it."""
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
        What is weighted, the same for all neurons of a layer, and how many products there are.
    """

    def __init__(self, nodes: list[int], inputs: Any) -> None:
        self.nodes = nodes
        self.inputs = inputs


def layers(graph: Graph, members: Sequence[int], roles: Sequence[str]) -> list[list[Neuron]]:
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
    >>> [len(layer) for layer in layers(graph, range(len(graph)), [""] * len(graph))]
    [3, 1]
    """
    inside = set(members)
    uses = {i: [j for j in graph.consumers[i] if j in inside] for i in members}
    found: dict[Any, list[Neuron]] = {}
    for position in members:
        neuron = _neuron(graph, position, inside, uses, roles)
        if neuron is not None:
            found.setdefault(neuron.inputs, []).append(neuron)
    # One number that is multiplied and shifted is not a neuron, but with others of its kind it may be a layer's.
    return [layer for (_, products), layer in found.items() if len(layer) > 1 or products > 1]


def _neuron(
    graph: Graph, position: int, inside: set[int], uses: dict[int, list[int]], roles: Sequence[str]
) -> Neuron | None:
    node = graph.nodes[position]
    if node.op not in (ops.add, ops.sum, ops.dot) or is_link(graph, position):
        return None
    if node.op is ops.dot and len(uses[position]) == 1 and graph.nodes[uses[position][0]].op is ops.add:
        return None  # a part of a sum

    def is_weight(i: int, product: int) -> bool:
        node = graph.nodes[i]  # a leaf without a label may be anything
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
        return None  # a part of it is in a step, or in another room; or it is a part twice
    if not count or len(weights) < 2 or all(isinstance(graph.nodes[w], Constant) for w in weights):
        return None  # nothing is weighed, as in 1 - yz
    consumers = uses[position]
    if len(consumers) == 1 and len(graph.operands[consumers[0]]) == 1:
        nodes.append(consumers[0])
    nodes += [w for w in weights if w in inside and not isinstance(graph.nodes[w], Constant) and len(uses[w]) == 1]
    return Neuron(sorted(nodes), (frozenset(inputs), count))
