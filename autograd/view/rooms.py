"""The division of a graph into rooms, which are nested: the page shows one room at a time.

A room is a part of the graph that fits on a screen. Modules are rooms, nested as their scopes are, and so are the parts
of a module that have scopes of their own, such as heads, channels and time steps. What repeats is found first (see
`repetition`): of the examples of a batch only one is in rooms, and the page can show any other in its place; the steps
of a recurrence are rooms, one after another; and where there are no modules, neurons are found by what they compute.
Within a room nodes that play the same part (the squares under one sum, the pixels that enter one layer) are gathered in
a room of their own if there are many of them, and a room that is still too large is cut by the nodes' depth in the
graph. Constants are in no room: they are shown with the operations that use them. `placing` lays out the rooms,
`titles` names them; how they look is up to the page.
"""

from __future__ import annotations

import re
from itertools import takewhile

from .. import ops
from ..value import Constant
from . import repetition
from .titles import Titles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from ..graph import Graph
    from ..value import Value

ALIKE = 9
"""At least this many nodes that play the same part are gathered in a room of their own."""
NEIGHBOURS = 8
"""At most this many sources, and as many targets, of a room are shown one by one; of more, the rooms are shown."""
DEEPEST = 12
"""At most this many levels of nested scopes are rooms of their own; deeper levels share the innermost room."""
FLAT = 30
"""A graph with at most this many nodes, or half a room's `size` if that is more, is divided into modules only."""
IN_A_ROW = 30
"""At most this many steps are shown in one room; more are grouped into stretches of steps."""
LABEL = 40
"""Numbers in a label are searched for in this many letters at its end."""
SHARED = 4
"""If steps share more leaves than this, the leaves are gathered in a room of their own."""


_STEP = re.compile(r"step([0-9]+)")


class Room:
    """A part of the graph that is shown together.

    Attributes
    ----------
    name : str
        Unique; the module's scope for a module.
    title : str
        What the page calls it.
    kind : str
        ``"graph"`` for the outermost; ``"module"``; ``"layer"`` and ``"neuron"``, where no module says so; ``"step"``,
        ``"steps"`` for a stretch of them; ``"alike"``, ``"sum"``, ``"parameters"``; or ``"block"``.
    parent : Room or None
    items : list of int and Room
        Positions of nodes, and the rooms inside.
    neighbours : list of int and Room
        Nodes and rooms elsewhere that this room has operands from, or gives operands to.
    edges : list of tuple of int
        Pairs of places in `items` + `neighbours`.
    row : list of int and Room
        The items that are steps, one after another.
    copies : list of Copies
        Batches of which one example is shown here or in the rooms inside; no smaller room contains all of that.
    """

    def __init__(self, name: str, title: str, kind: str, parent: Room | None) -> None:
        self.name = name
        self.title = title
        self.kind = kind
        self.parent = parent
        self.items: list[int | Room] = []
        self.neighbours: list[int | Room] = []
        self.edges: list[tuple[int, int]] = []
        self.row: list[int | Room] = []
        self.copies: list[repetition.Copies] = []

    def nodes(self) -> Iterable[int]:
        """Positions of all nodes in the room and in the rooms inside."""
        stack: list[int | Room] = [self]
        while stack:
            item = stack.pop()
            if isinstance(item, Room):
                stack.extend(reversed(item.items))
            else:
                yield item


def rooms(graph: Graph, size: int, roles: Sequence[str] | None = None) -> list[Room]:
    """The rooms of a graph, the outermost first, each before the rooms inside it.

    Parameters
    ----------
    graph : Graph
    size : int
        The most items that a room should have.
    roles : sequence of str, optional
        For each node, ``"parameter"`` for a leaf that is learnt. If not given, these are modules' labelled leaves.

    Examples
    --------
    >>> import nn
    >>> from autograd import Graph
    >>> [room.name for room in rooms(Graph(nn.MLP(2, [2, 1])([1.0, 2.0])), 60)]
    ['', 'mlp.layer1', 'mlp.layer1.neuron1', 'mlp.layer1.neuron2', 'mlp.layer2.neuron1']
    """
    return _Builder(graph, size, roles).found


class _Builder:
    """Builds the rooms of a graph; the finished list is `found`."""

    def __init__(self, graph: Graph, size: int, roles: Sequence[str] | None) -> None:
        self.graph, self.size = graph, size
        self.roles = [_role(node) for node in graph] if roles is None else roles
        if "parameter" not in self.roles:  # then roles do not tell parameters from other leaves
            self.roles = [""] * len(graph)
        flat = min(size, max(FLAT, size // 2))
        shown = [i for i, node in enumerate(graph) if not isinstance(node, Constant) or node is graph.root]
        batches = repetition.copies(graph, self.roles) if len(shown) > flat else []
        # For every node of a batch the node that is shown in its place; every other node stands for itself.
        self.stand_in = [*range(len(graph))]
        for batch in batches:
            for place in zip(*batch.members):
                first = next(i for i in place if i >= 0)
                for i in place:
                    if i >= 0:
                        self.stand_in[i] = first
        self.nodes_in_rooms = [i for i in shown if self.stand_in[i] == i]
        self.uses: list[list[int]] = [[] for _ in graph.nodes]
        for i in shown:
            self.uses[self.stand_in[i]] += [self.stand_in[j] for j in graph.consumers[i]]
        self.uses = [[*dict.fromkeys(uses)] for uses in self.uses]
        self.titles = Titles(graph)

        steps = repetition.steps(graph, self.nodes_in_rooms) if len(self.nodes_in_rooms) > flat else []
        stepping = {i for step in steps for i in step}
        outermost = _modules(graph, [i for i in self.nodes_in_rooms if i not in stepping])
        if steps:
            self._add_steps(outermost, steps)
        self.found: list[Room] = []
        stack = [outermost]
        while stack:
            room = stack.pop()
            self.found.append(room)
            self._sort_leaves(room)
            if room.kind in ("graph", "module", "step"):
                self._line_up_own_steps(room)
                if len(room.items) > flat or (batches and room is outermost):
                    self._gather_sums(room)
                if len(room.items) > flat or (steps and room is outermost):
                    self._gather_layers(room)
                if len(room.items) > size:
                    self._gather_alike(room)
            elif room.kind == "parameters" and len(room.items) > size:
                self._gather_alike(room)
            self._cut(room)
            stack.extend(item for item in reversed(room.items) if isinstance(item, Room))
        self._make_names_unique()
        self._connect()
        self._place_batches(batches)

    def _make_names_unique(self) -> None:
        """Give each room a name of its own."""
        taken: dict[str, int] = {}
        for room in self.found:
            name = room.name
            while room.name in taken:
                taken[name] += 1
                room.name = f"{name}'{taken[name]}"
            taken[room.name] = 1

    def _sort_leaves(self, room: Room) -> None:
        """Sort leaves by the numbers in their labels; in the graph they stand in the order of their first use."""
        places: dict[str, list[int]] = {}
        for place, item in enumerate(room.items):
            if isinstance(item, int) and self.graph.nodes[item].op is None and self.graph.nodes[item].label:
                places.setdefault(self.titles.kind(item), []).append(place)
        for several in places.values():
            ordered = sorted([room.items[place] for place in several], key=self._number)
            for place, item in zip(several, ordered):
                room.items[place] = item

    def _number(self, item: int | Room) -> tuple[int, ...]:
        """The numbers in a leaf's label."""
        label = "" if isinstance(item, Room) else self.graph.nodes[item].label
        return tuple(map(int, re.findall("[0-9]+", label[-LABEL:])))

    # --- repetition -----------------------------------------------------------------------------------------------

    def _add_steps(self, outermost: Room, steps: list[list[int]]) -> None:
        """Make a room of each step, and put these into the outermost room, in stretches if there are many."""
        prefix = f"{outermost.name}/" if outermost.name else "/"
        row: list[tuple[int, int, int | Room]] = []  # an item, after the numbers of its first and its last step
        for number, step in enumerate(steps, 1):
            if len(step) == 1:
                row.append((number, number, step[0]))
                continue
            inner = _modules(self.graph, step, f"{prefix}step {number}")
            room = Room(f"{prefix}step {number}", f"step {number}", "step", outermost)
            room.items = [_unwrap(item) for item in inner.items]
            _set_parents(room)
            row.append((number, number, room))
        here = [item for item in outermost.items if isinstance(item, int)]
        place = {i: number for number, step in enumerate(steps) for i in step}
        shared = [
            i
            for i in here
            if self.graph.nodes[i].op is None and len({place[j] for j in self.uses[i] if j in place}) > 2
        ]
        self._line_up(outermost, row, shared)

    def _line_up_own_steps(self, room: Room) -> None:
        """Line up the steps of a module whose scopes say which nodes belong to which step; see `nn.scopes`."""
        named = [(_STEP.fullmatch(item.title), item) for item in room.items if isinstance(item, Room)]
        found = sorted(((int(match[1]), item) for match, item in named if match), key=lambda step: step[0])
        if len(found) < 2:
            return
        first, second = ({*item.nodes()} for _, item in found[:2])
        if any(j in second for i in first for j in self.graph.operands[i]):  # the recurrence runs backwards
            found.reverse()
        for number, item in found:
            item.title = f"step {number}"
        learnt: dict[int, None] = {}  # parameters, and nodes computed from them alone, such as the sum of two biases
        for i in sorted(item for item in room.items if isinstance(item, int)):
            operands = self.graph.operands[i]
            if self.roles[i] == "parameter" or (operands and all(j in learnt for j in operands)):
                learnt[i] = None
        steps = {item for _, item in found}
        room.items = [item for item in room.items if item not in steps]
        self._line_up(room, [(number, number, item) for number, item in found], [*learnt])

    def _line_up(self, room: Room, row: list[tuple[int, int, int | Room]], shared: list[int]) -> None:
        """Put a row of steps into a room, in stretches if there are many, and gather the leaves that they share.

        Each item of the row comes after the numbers of its first and its last step.
        """
        prefix = f"{room.name}/" if room.name else "/"
        height = 1
        while IN_A_ROW**height < len(row):
            height += 1
        while height > 1:  # as evenly as can be: 5,000 steps are 17 stretches of 17 stretches of 18
            width = -(-len(row) // round(len(row) ** (1 - 1 / height)))
            pieces = [row[k : k + width] for k in range(0, len(row), width)]
            row = []
            for piece in pieces:
                (first, _, _), (_, last, _) = piece[0], piece[-1]
                stretch = Room(f"{prefix}steps {first}-{last}", f"steps {first:,}–{last:,}", "steps", room)
                stretch.items = [item for _, _, item in piece]
                stretch.row = [*stretch.items]
                _set_parents(stretch)
                row.append((first, last, stretch))
            height -= 1
        if len(shared) > SHARED:
            leaves = sum(self.graph.nodes[i].op is None for i in shared)
            _move_into(Room(f"{prefix}parameters", f"{leaves} parameters", "parameters", room), shared)
        before = [item for item in room.items if isinstance(item, Room) or self.graph.nodes[item].op is None]
        room.row = [item for _, _, item in row]
        room.items = [*before, *room.row, *[item for item in room.items if item not in before]]

    def _gather_layers(self, room: Room) -> None:
        """Find neurons among the nodes of a room, and put each layer of them into a room."""
        here = sorted(item for item in room.items if isinstance(item, int))
        prefix = f"{room.name}/" if room.name else "/"
        layers = repetition.neurons_by_layer(self.graph, here, self.roles)
        for number, layer in enumerate(layers, 1):
            title = f"layer {number}" if len(layers) > 1 or len(layer) > 1 else "neuron"
            made = Room(prefix + title, title, "layer", room)
            _move_into(made, [i for neuron in layer for i in neuron.nodes])
            if len(layer) == 1:
                made.kind = "neuron"
                continue
            made.items = []
            for k, neuron in enumerate(layer, 1):
                inner = Room(f"{made.name}.neuron {k}", f"neuron {k}", "neuron", made)
                inner.items.extend(neuron.nodes)
                made.items.append(inner)
            if len(layers) == 1:  # the only layer of a room needs no room of its own
                place = room.items.index(made)
                room.items[place : place + 1] = made.items
                _set_parents(room)

    def _place_batches(self, batches: list[repetition.Copies]) -> None:
        """Add each batch to the `copies` of the smallest room that contains all of it."""
        home = {item: room for room in self.found for item in room.items if isinstance(item, int)}
        for batch in batches:
            paths = []
            for i in {self.stand_in[j] for j in (*batch.members[0], *batch.gather)}:
                path: list[Room] = []
                room = home.get(i)
                while room is not None:
                    path.append(room)
                    room = room.parent
                if path:
                    paths.append(path[::-1])
            common = [several[0] for several in zip(*paths) if all(room is several[0] for room in several)]
            common[-1].copies.append(batch)

    # --- too much for one room ------------------------------------------------------------------------------------

    def _gather_sums(self, room: Room) -> None:
        """Put the additions of each long sum into a room of their own."""
        for position in [item for item in room.items if isinstance(item, int)]:
            if self.graph.nodes[position].op is not ops.add or repetition.is_link(self.graph, position):
                continue
            links, terms = repetition.chain(self.graph, position)
            terms = [i for i in terms if not isinstance(self.graph.nodes[i], Constant)]
            here = {item for item in room.items if isinstance(item, int)}
            links = sorted(i for i in links if i in here)
            if len(links) >= ALIKE and len(links) < len(room.items):
                _move_into(Room(f"{room.name}/sum", self.titles.total(position, len(terms)), "sum", room), links)

    def _gather_alike(self, room: Room) -> None:
        """Put nodes that the same operation made, and whose consumers are alike, into rooms of their own."""
        inside = {node: item for item in room.items for node in (item.nodes() if isinstance(item, Room) else (item,))}
        kinds: dict[Any, int] = {}
        kind_of: dict[int | Room, int] = {}
        members: dict[int, list[int]] = {}
        for position in sorted((item for item in room.items if isinstance(item, int)), reverse=True):
            consumers = set()
            for consumer in self.uses[position]:
                item = inside.get(consumer)
                # Consumers come later in the order, which is walked backwards, so that each has its kind already. A
                # room is a kind by itself; all consumers outside are of one kind.
                consumers.add("outside" if item is None else kind_of.get(item, item))
            what = self.titles.kind(position)
            kind = kinds.setdefault((what, frozenset(consumers)), len(kinds))
            kind_of[position] = kind
            members.setdefault(kind, []).append(position)

        for (what, _), kind in kinds.items():
            alike = members[kind][::-1]
            if len(alike) < ALIKE or len(alike) == len(room.items):
                continue
            title = f"{len(alike)} × {self.titles.of_alike(alike)}"
            _move_into(Room(f"{room.name}/{what}", title, "alike", room), alike)

    def _cut(self, room: Room) -> None:
        """Divide a room's items, if there are too many, into successive blocks, and group these likewise."""
        size, level = self.size, room.items
        if len(level) <= size:
            return
        depths = self.graph.depths
        if room.kind not in ("alike", "parameters"):
            depth: Callable[[int | Room], int] = lambda item: (  # noqa: E731
                max(depths[i] for i in item.nodes()) if isinstance(item, Room) else depths[item]
            )
            level = sorted(level, key=depth)
        height = 0
        while len(level) > size:
            height += 1
            blocks = -(-len(level) // size)
            bounds = [i * len(level) // blocks for i in range(blocks + 1)]
            made: list[int | Room] = []
            for number in range(blocks):
                block = Room(f"{room.name}/{height}.{number + 1}", "", "block", room)
                block.items = level[bounds[number] : bounds[number + 1]]
                if room.kind in ("alike", "parameters"):
                    block.title = self.titles.stretch([*room.nodes()], [*block.nodes()])
                else:
                    block.title = self.titles.block([*block.nodes()])
                _set_parents(block)
                made.append(block)
            level = made
        room.items = level
        _set_parents(room)

    # --- neighbours and edges -------------------------------------------------------------------------------------

    def _connect(self) -> None:
        """Find every room's neighbours and edges."""
        graph, found, stand_in = self.graph, self.found, self.stand_in
        home: list[Room] = [found[0]] * len(graph)
        for room in found:
            for item in room.items:
                if isinstance(item, int):
                    home[item] = room
        depth: dict[Room, int] = {}
        for room in found:
            depth[room] = 0 if room.parent is None else depth[room.parent] + 1

        # For each room the edges between its items; the edges that enter and leave it, as a node outside and the item
        # inside; and `other`, for each node outside the largest room that contains it but not this room, or itself.
        inside: dict[Room, set[tuple[int | Room, int | Room]]] = {room: set() for room in found}
        entering: dict[Room, dict[tuple[int, int | Room], None]] = {room: {} for room in found}
        leaving: dict[Room, dict[tuple[int | Room, int], None]] = {room: {} for room in found}
        other: dict[Room, dict[int, int | Room]] = {room: {} for room in found}
        shown = bytearray(len(graph))
        for i in self.nodes_in_rooms:
            shown[i] = 1
        known: set[tuple[int, int]] = set()
        for position, operands in enumerate(graph.operands):
            consumer = stand_in[position]
            for operand in dict.fromkeys([stand_in[i] for i in operands]):
                if not shown[operand] or (operand, consumer) in known:
                    continue
                known.add((operand, consumer))
                a: int | Room = operand
                b: int | Room = consumer
                room_a, room_b = home[operand], home[consumer]
                crossed_a, crossed_b = [], []
                while room_a is not room_b:
                    if depth[room_a] >= depth[room_b]:
                        crossed_a.append((room_a, a))
                        a, room_a = room_a, room_a.parent
                    else:
                        crossed_b.append((room_b, b))
                        b, room_b = room_b, room_b.parent
                if a is not b:
                    inside[room_a].add((a, b))
                for room, item in crossed_b:
                    entering[room][operand, item] = None
                    other[room][operand] = a
                for room, item in crossed_a:
                    leaving[room][item, consumer] = None
                    other[room][consumer] = b

        for room in found:
            sources = dict.fromkeys(operand for operand, _ in entering[room])
            targets = dict.fromkeys(consumer for _, consumer in leaving[room])
            seen_as: dict[int, int | Room] = {}
            for ends in (sources, targets):
                few = len(ends) <= NEIGHBOURS
                for node in ends:
                    seen_as[node] = node if few and node not in seen_as else seen_as.get(node, other[room][node])
            if len(set(seen_as.values())) > 3 * NEIGHBOURS:
                seen_as = dict.fromkeys(seen_as, found[0])
            room.neighbours = list(dict.fromkeys(seen_as.values()))
            place = {item: k for k, item in enumerate([*room.items, *room.neighbours])}
            pairs = {(place[a], place[b]) for a, b in inside[room]}
            pairs |= {(place[seen_as[operand]], place[item]) for operand, item in entering[room]}
            pairs |= {(place[item], place[seen_as[consumer]]) for item, consumer in leaving[room]}
            room.edges = sorted(pairs)


def _role(node: Value) -> str:
    return "parameter" if node.op is None and node.scope and node.label else ""


def _scope(graph: Graph, position: int) -> str:
    """The scope of a node; for a parameter that only one part of its module uses, the scope of that part.

    So a head has its rows of the matrix of all heads, and a channel its kernel.
    """
    scope, consumers = graph.nodes[position].scope, graph.consumers[position]
    if not _role(graph.nodes[position]) or not consumers:
        return scope
    above = scope.split(".")
    parts = [other.split(".") for other in {graph.nodes[i].scope for i in consumers}]
    # A prefix that the least and the greatest of these lists share is shared by all.
    common = [part for part, _ in takewhile(lambda both: both[0] == both[1], zip(min(parts), max(parts)))]
    return ".".join(common) if len(common) > len(above) and common[: len(above)] == above else scope


def _modules(graph: Graph, members: Iterable[int], prefix: str = "") -> Room:
    """A room for some nodes, with a room inside for each of their modules."""
    outermost = Room("", "graph", "graph", None)
    known: dict[str, Room] = {"": outermost}

    def module(scope: str) -> Room:
        path, room = "", outermost
        for part in scope.split(".", DEEPEST - 1) if scope else ():
            path = f"{path}.{part}" if path else part
            if path not in known:
                known[path] = Room(f"{prefix}.{path}" if prefix else path, part or "module", "module", room)
                room.items.append(known[path])
            room = known[path]
        return room

    home: dict[str, Room] = {}
    for position in members:
        scope = _scope(graph, position)
        room = home.get(scope)
        if room is None:
            room = home[scope] = module(scope)
        room.items.append(position)

    for room in [*known.values()][:0:-1]:  # merge a module with its only item, if that is a module
        inner = room.items[0]
        if len(room.items) == 1 and isinstance(inner, Room):
            room.name, room.title, room.items = inner.name, f"{room.title}.{inner.title}", inner.items
            _set_parents(room)
    while True:  # replace the only module by its contents: a network is shown as its layers
        inside = [item for item in outermost.items if isinstance(item, Room)]
        if len(inside) != 1:
            return outermost
        place = outermost.items.index(inside[0])
        outermost.items[place : place + 1] = inside[0].items
        outermost.title = inside[0].title
        _set_parents(outermost)


def _set_parents(room: Room) -> None:
    for item in room.items:
        if isinstance(item, Room):
            item.parent = room


def _unwrap(item: int | Room) -> int | Room:
    """The item, or what it contains if it is a room of a single item."""
    while isinstance(item, Room) and len(item.items) == 1:
        item = item.items[0]
    return item


def _move_into(room: Room, positions: list[int]) -> None:
    """Move nodes from the room's parent into the room, and put it where the first of them stood."""
    parent = room.parent
    assert parent is not None
    room.items.extend(positions)
    moved = set(positions)
    first = next(k for k, item in enumerate(parent.items) if isinstance(item, int) and item in moved)
    parent.items = [
        room if place == first else item
        for place, item in enumerate(parent.items)
        if place == first or not (isinstance(item, int) and item in moved)
    ]
