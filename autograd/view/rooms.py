"""A graph as rooms: what is shown together, what opens into what, and where everything stands.

A room is a part of the graph that fits on a screen. Modules are rooms, nested as their scopes are. Within a room nodes
that play the same part (the squares under one sum, the pixels that enter one layer) are gathered in a room of their own
if there are too many of them, and what is still too much is cut into blocks along the topological order. Graphviz lays
rooms out, all of them in one call; rooms of the same structure share one layout. How they look is the page's affair.
"""

from __future__ import annotations

from ..value import Constant
from .rendering import GraphvizMissing, render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from ..graph import Graph
    from ..value import Value

    Layout = dict[str, Any]

ALIKE = 9
"""So many nodes that play the same part are gathered."""
NEIGHBOURS = 8
"""So many nodes from elsewhere are shown one by one; more of them as the rooms that they are in."""
DEEPEST = 12
"""The parts of a scope that are rooms of their own; what is below stays together."""
LABELLED = 48
"""Rooms with at most so many edges have space for the numbers on them."""
LAID_OUT = 12_000
"""So many items Graphviz lays out; the page itself does the rest, more simply."""

# Sizes in points, which are the page's pixels: of a scalar's card, and of a room's.
SCALAR, ROOM = (104, 72), (156, 80)
LABEL = (62, 34)


class Room:
    """A part of the graph that is shown together.

    Attributes
    ----------
    name : str
        Unique; the module's scope for a module.
    title : str
        What the page calls it.
    kind : str
        ``"module"``, ``"alike"``, ``"block"``, or ``"graph"`` for the outermost.
    parent : Room or None
    items : list of int and Room
        Positions of nodes, and the rooms inside.
    neighbours : list of int and Room
        What is elsewhere and gives to this room or takes from it.
    edges : list of tuple of int
        Pairs of places in `items` + `neighbours`.
    """

    def __init__(self, name: str, title: str, kind: str, parent: Room | None) -> None:
        self.name = name
        self.title = title
        self.kind = kind
        self.parent = parent
        self.items: list[int | Room] = []
        self.neighbours: list[int | Room] = []
        self.edges: list[tuple[int, int]] = []

    def nodes(self) -> Iterable[int]:
        """Positions of all nodes in the room and in the rooms inside."""
        stack: list[int | Room] = [self]
        while stack:
            item = stack.pop()
            if isinstance(item, Room):
                stack.extend(reversed(item.items))
            else:
                yield item


def rooms(graph: Graph, size: int) -> list[Room]:
    """The rooms of a graph, the outermost first, each before the rooms inside it.

    Parameters
    ----------
    graph : Graph
    size : int
        The most items that a room should have.

    Examples
    --------
    >>> import nn
    >>> from autograd import Graph
    >>> [room.name for room in rooms(Graph(nn.MLP(2, [2, 1])([1.0, 2.0])), 60)]
    ['', 'mlp.layer1', 'mlp.layer1.neuron1', 'mlp.layer1.neuron2', 'mlp.layer2.neuron1']
    """
    outermost = _modules(graph)
    found: list[Room] = []
    stack = [outermost]
    while stack:
        room = stack.pop()
        found.append(room)
        if room.kind in ("module", "graph"):
            if len(room.items) > size:
                _gather(graph, room)
            _cut(room, size)
        stack.extend(item for item in reversed(room.items) if isinstance(item, Room))
    taken: set[str] = set()
    for room in found:
        while room.name in taken:
            room.name += "'"
        taken.add(room.name)
    _connect(graph, found)
    return found


def _modules(graph: Graph) -> Room:
    """The outermost room with the modules' rooms inside."""
    outermost = Room("", "graph", "graph", None)
    known: dict[str, Room] = {"": outermost}

    def module(scope: str) -> Room:
        path, room = "", outermost
        for part in scope.split(".", DEEPEST - 1) if scope else ():
            path = f"{path}.{part}" if path else part
            if path not in known:
                known[path] = Room(path, part or "module", "module", room)
                room.items.append(known[path])
            room = known[path]
        return room

    home: dict[str, Room] = {}
    for position, node in enumerate(graph):
        room = home.get(node.scope)
        if room is None:
            room = home[node.scope] = module(node.scope)
        room.items.append(position)

    for room in [*known.values()][:0:-1]:  # a module with nothing but one module inside is that module
        inner = room.items[0]
        if len(room.items) == 1 and isinstance(inner, Room):
            room.name, room.title, room.items = inner.name, f"{room.title}.{inner.title}", inner.items
            _adopt(room)
    while True:  # the only module of a graph is opened from the start: a network is seen as its layers
        inside = [item for item in outermost.items if isinstance(item, Room)]
        if len(inside) != 1:
            return outermost
        place = outermost.items.index(inside[0])
        outermost.items[place : place + 1] = inside[0].items
        outermost.title = inside[0].title
        _adopt(outermost)


def _adopt(room: Room) -> None:
    for item in room.items:
        if isinstance(item, Room):
            item.parent = room


def _gather(graph: Graph, room: Room) -> None:
    """Put nodes that are made by one operation and consumed by nodes alike into rooms of their own."""
    inside = {node: item for item in room.items for node in (item.nodes() if isinstance(item, Room) else (item,))}
    kinds: dict[Any, int] = {}
    kind_of: dict[int | Room, int] = {}
    members: dict[int, list[int]] = {}
    for position in sorted((item for item in room.items if isinstance(item, int)), reverse=True):
        consumers = set()
        for consumer in graph.consumers[position]:
            item = inside.get(consumer)
            # Consumers come later in the order, so that each has its kind already; rooms and what is outside stand
            # for themselves.
            consumers.add("outside" if item is None else kind_of.get(item, item))
        node = graph.nodes[position]
        what = _part(node)
        kind = kinds.setdefault((what, frozenset(consumers)), len(kinds))
        kind_of[position] = kind
        members.setdefault(kind, []).append(position)

    for (what, _), kind in kinds.items():
        alike = members[kind][::-1]
        if len(alike) < ALIKE or len(alike) == len(room.items):
            continue
        group = Room(f"{room.name}/{what}", f"{len(alike)} × {what}", "alike", room)
        group.items.extend(alike)
        gathered = set(alike)
        first = room.items.index(alike[0])
        room.items = [
            group if place == first else item
            for place, item in enumerate(room.items)
            if place == first or not (isinstance(item, int) and item in gathered)
        ]


def _part(node: Value) -> str:
    """What a node is by itself: its operation, or what a leaf's label says without its number."""
    if node.op is not None:
        return node.op.name
    return node.label.rstrip("0123456789")[:20] or ("constant" if isinstance(node, Constant) else "leaf")


def _cut(room: Room, size: int) -> None:
    """Cut a room with too many items into blocks that follow one another, and those again."""
    for item in room.items:
        if isinstance(item, Room) and item.kind == "alike":
            _cut(item, size)
    level = room.items
    if len(level) <= size:
        return
    level = sorted(level, key=lambda item: max(item.nodes()) if isinstance(item, Room) else item)
    height = 0
    while len(level) > size:
        height += 1
        blocks = -(-len(level) // size)
        bounds = [i * len(level) // blocks for i in range(blocks + 1)]
        made: list[int | Room] = []
        for number in range(blocks):
            block = Room(f"{room.name}/{height}.{number + 1}", f"part {number + 1}", "block", room)
            block.items = level[bounds[number] : bounds[number + 1]]
            _adopt(block)
            made.append(block)
        level = made
    room.items = level
    _adopt(room)


def _connect(graph: Graph, found: Sequence[Room]) -> None:
    """Find every room's neighbours and edges."""
    home: list[Room] = [found[0]] * len(graph)
    for room in found:
        for item in room.items:
            if isinstance(item, int):
                home[item] = room
    depth: dict[Room, int] = {}
    for room in found:
        depth[room] = 0 if room.parent is None else depth[room.parent] + 1

    # For each room the scalar edges inside, and those that cross its border with what is on the other side: the node,
    # and the largest room that holds it but not this one.
    inside: dict[Room, set[tuple[int | Room, int | Room]]] = {room: set() for room in found}
    entering: dict[Room, dict[tuple[int, int | Room], None]] = {room: {} for room in found}
    leaving: dict[Room, dict[tuple[int | Room, int], None]] = {room: {} for room in found}
    other: dict[Room, dict[int, int | Room]] = {room: {} for room in found}
    for consumer, operands in enumerate(graph.operands):
        for operand in operands:
            a: int | Room = operand
            b: int | Room = consumer
            room_a, room_b = home[operand], home[consumer]
            crossed_a, crossed_b = [], []
            while room_a is not room_b:
                if depth[room_a] >= depth[room_b]:
                    crossed_a.append((room_a, a))
                    a, room_a = room_a, room_a.parent  # type: ignore[assignment]
                else:
                    crossed_b.append((room_b, b))
                    b, room_b = room_b, room_b.parent  # type: ignore[assignment]
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


# --- layout -----------------------------------------------------------------------------------------------------------


def layouts(found: Sequence[Room]) -> tuple[list[Layout], list[int], str]:
    """Where Graphviz puts the items of rooms.

    Returns
    -------
    layouts : list
        Each has the ``size`` of the drawing, the centres of the items ``at``, the ``paths`` of the edges as SVG, and
        where their labels go, if there is space for them.
    which : list of int
        For each room the position of its layout; -1 where the page is to find one.
    trouble : str
        Why Graphviz laid nothing out, or an empty string.
    """
    texts: dict[str, int] = {}
    shapes: list[Room] = []
    which: list[int] = []
    items = 0
    for room in found:
        if _is_bank(room):
            which.append(-1)
            continue
        source = _dot(room)
        if source not in texts:
            items += len(room.items) + len(room.neighbours)
            if items > LAID_OUT:
                which.append(-1)
                continue
            texts[source] = len(texts)
            shapes.append(room)
        which.append(texts[source])
    try:
        plain = render("\n".join(texts), "plain").decode()
    except (GraphvizMissing, ValueError, OSError) as error:
        return [], [-1] * len(found), str(error)
    drawings = plain.split("\nstop\n")
    return [_read(drawing, room) for drawing, room in zip(drawings, shapes)], which, ""


def _is_bank(room: Room) -> bool:
    """Whether the room is a row of things side by side, such as the neurons of a layer, which the page arranges."""
    inside = len(room.items)
    return inside >= ALIKE and all(a >= inside or b >= inside for a, b in room.edges)


def _dot(room: Room) -> str:
    """The room's structure in the DOT language; nothing in it depends on numbers or names."""
    labelled = len(room.edges) <= LABELLED
    separation = 0.16 if labelled else 0.7
    hurry = "" if labelled else " nslimit=2 nslimit1=2 mclimit=0.3"  # a third of the time, and as good to the eye
    lines = [
        f"digraph {{ rankdir=LR nodesep=0.22 ranksep={separation}{hurry}",
        'node [shape=box fixedsize=true label=""] edge [label="" dir=none]',
    ]
    for place, item in enumerate([*room.items, *room.neighbours]):
        width, height = ROOM if isinstance(item, Room) else SCALAR
        lines.append(f"{place} [width={width / 72:.4f} height={height / 72:.4f}]")
    space = ""
    if labelled:
        width, height = LABEL
        space = (
            f' [label=<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" FIXEDSIZE="TRUE" WIDTH="{width}" '
            f'HEIGHT="{height}"><TR><TD></TD></TR></TABLE>>]'
        )
    lines.extend(f"{a} -> {b}{space}" for a, b in room.edges)
    return "\n".join([*lines, "}"])


def _read(drawing: str, room: Room) -> Layout:
    """A layout from Graphviz's plain format, in which y points up and the unit is the inch."""
    size = [0.0, 0.0]
    at: dict[int, tuple[float, float]] = {}
    paths: dict[tuple[int, int], str] = {}
    labels: dict[tuple[int, int], tuple[float, float]] = {}

    def point(x: str, y: str) -> tuple[float, float]:
        return round(72 * float(x), 1), round(size[1] - 72 * float(y), 1)

    for line in drawing.splitlines():
        word, *rest = line.split()
        if word == "graph":
            size = [round(72 * float(rest[1]), 1), round(72 * float(rest[2]), 1)]
        elif word == "node":
            at[int(rest[0])] = point(rest[1], rest[2])
        elif word == "edge":
            pair, count = (int(rest[0]), int(rest[1])), int(rest[2])
            numbers = rest[3 : 3 + 2 * count]
            points = [point(x, y) for x, y in zip(numbers[::2], numbers[1::2])]
            start, *bends = [f"{x:g},{y:g}" for x, y in points]
            paths[pair] = f"M{start}C{' '.join(bends)}"
            after = rest[3 + 2 * count :]
            if len(after) > 3:  # what is there of the label, then its place, then style and colour
                labels[pair] = point(after[-4], after[-3])
    everything = range(len(room.items) + len(room.neighbours))
    return {
        "size": size,
        "at": [at[place] for place in everything],
        "paths": [paths[pair] for pair in room.edges],
        "labels": [labels[pair] for pair in room.edges] if len(labels) == len(room.edges) else [],
    }
