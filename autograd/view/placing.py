"""Where everything stands in a room.

Graphviz lays rooms out, all of them in one call; rooms of the same structure share one layout. What is alike does not
go through Graphviz one by one: items with the same sources and targets, such as the neurons of a layer, stand in a
grid, and steps stand in a row that goes on in the next line, as text does. Such a *plate* is one box to Graphviz, and
what goes to all its members, or comes from them, ends at its border, so that no edge passes behind a card. Every room
is tried from left to right and from top to bottom, and with plates of several shapes; the one that is largest on the
screen is taken, once for a wide stage and once for a narrow one.
"""

from __future__ import annotations

from math import sqrt

from .rendering import GraphvizMissing, render
from .rooms import Room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias

    Layout = dict[str, Any]
    Pair: TypeAlias = tuple[int, int]
    Point: TypeAlias = tuple[float, float]

LABELLED = 48
"""Rooms with at most so many edges have space for the numbers on them."""
LAID_OUT = 12_000
"""So many items Graphviz lays out; the page itself does the rest, more simply."""
ALTERNATIVES = 60
"""Rooms with more edges than this are laid out from left to right only."""
GRID = 5
"""So many items with the same sources and targets stand in a grid."""

# Sizes in points, which are the page's pixels: of a scalar's card, of a room's, of the numbers on an edge, and what is
# free between the items of a plate and around them.
SCALAR, ROOM = (104, 72), (156, 80)
LABEL = (62, 34)
GAP, ROW_GAP, MARGIN = (20, 18), (66, 36), (18, 16)
SHAPES = (0.1, 0.6, 1.3, 2.8)
"""The shapes of plates that are tried, as width by height."""

STAGES = {"wide": ((860, 520), (1240, 520)), "narrow": ((390, 400),)}
"""What a page has to show a room on, in pixels: beside the panel and without it, and on a phone."""
LEGIBLE = 11 / 14.5
"""The scale at which the values on cards are 11 pixels high."""


def layouts(found: Sequence[Room]) -> tuple[list[Layout], list[int], list[int], str]:
    """Where the items of rooms stand.

    Returns
    -------
    layouts : list
        Each has the ``size`` of the drawing, the centres of the items ``at``, the ``paths`` of the edges as SVG, and
        where their ``labels`` go, if there is space for them. A path is empty, and a label None, where an edge is part
        of a bundle, or not shown before it is asked for. ``plates`` have a ``kind``, ``"grid"`` or ``"row"``, the
        places of their ``items``, and a ``box``: left, top, width and height. ``bundles`` have the ends ``from`` and
        ``to``, which are places or -1, -2, ... for plates, a ``path``, a ``label``, and ``edges``, the positions of
        what they stand for.
    wide, narrow : list of int
        For each room the position of its layout on a wide stage and on a narrow one; -1 where the page is to find one.
    trouble : str
        Why Graphviz laid nothing out, or an empty string.
    """
    known: dict[Any, _Shape | None] = {}
    shapes: list[_Shape | None] = []
    items = 0
    for room in found:
        everything = [*room.items, *room.neighbours]
        key = tuple(isinstance(item, Room) for item in everything), tuple(room.edges), len(room.items), len(room.row)
        if key not in known:
            shape = _Shape(room)
            items += shape.cost
            known[key] = shape if items <= LAID_OUT else None
        shapes.append(known[key])
    distinct = [*dict.fromkeys(shape for shape in shapes if shape is not None)]
    sources = [source for shape in distinct for source in shape.sources]
    try:
        drawings = iter(render("\n".join(sources), "plain").decode().split("\nstop\n")) if sources else iter(())
    except (GraphvizMissing, ValueError, OSError) as error:
        return [], [-1] * len(found), [-1] * len(found), str(error)
    made: list[Layout] = []
    chosen: dict[_Shape, tuple[int, int]] = {}
    for shape in distinct:
        candidates = [shape.read(k, next(drawings)) for k in range(len(shape.sources))]
        picked = [max(candidates, key=lambda layout: _largeness(layout["size"], stage)) for stage in STAGES.values()]
        places = []
        for layout in picked:
            place = next((k for k, other in enumerate(made) if other is layout), len(made))
            if place == len(made):
                made.append(layout)
            places.append(place)
        chosen[shape] = places[0], places[1]
    which = [(-1, -1) if shape is None else chosen[shape] for shape in shapes]
    return made, [wide for wide, _ in which], [narrow for _, narrow in which], ""


def scale(size: Sequence[float], stage: Sequence[float]) -> float:
    """How large a drawing is when all of it is on the stage."""
    return min(stage[0] / max(1.0, size[0]), stage[1] / max(1.0, size[1]))


def _largeness(size: Sequence[float], stages: Iterable[Sequence[float]]) -> tuple[float, ...]:
    """Better is what can be read on the first stage, or else on a larger one, and is largest there."""
    scales = [scale(size, stage) for stage in stages]
    return max(min(x, LEGIBLE) for x in scales[:1]), max(min(x, LEGIBLE) for x in scales), sum(scales)


class _Plate:
    """Items that stand in a grid or in a row, and how."""

    def __init__(self, kind: str, places: list[int], item: tuple[int, int]) -> None:
        self.kind = kind
        self.places = places
        self.item = item
        self.gap = GAP if kind == "grid" else ROW_GAP
        side = 44 if kind == "row" else MARGIN[0]  # where a row goes on in the next line
        self.margin = side, MARGIN[1]

    def columns(self, shape: float) -> int:
        (w, h), (dx, dy) = self.item, self.gap
        count = len(self.places)
        columns = min(count, max(1, round(sqrt(shape * count * (h + dy) / (w + dx)))))
        return -(-count // -(-count // columns))  # as many as make the same number of lines

    def size(self, columns: int) -> tuple[int, int]:
        lines = -(-len(self.places) // columns)
        (w, h), (dx, dy), (x, y) = self.item, self.gap, self.margin
        return columns * (w + dx) - dx + 2 * x, lines * (h + dy) - dy + 2 * y

    def at(self, columns: int, left: float, top: float) -> dict[int, Point]:
        """The centres of the items."""
        (w, h), (dx, dy), (x, y) = self.item, self.gap, self.margin
        return {
            place: (left + x + w / 2 + k % columns * (w + dx), top + y + h / 2 + k // columns * (h + dy))
            for k, place in enumerate(self.places)
        }

    def link(self, k: int, columns: int, at: dict[int, Point]) -> tuple[str, Point]:
        """The way from an item of a row to the next one, and the place of its label."""
        (x1, y1), (x2, y2) = at[self.places[k]], at[self.places[k + 1]]
        half, (_, dy) = self.item[0] / 2, self.gap
        x1, x2 = x1 + half, x2 - half
        if (k + 1) % columns:
            return _curve([(x1, y1), (x1 + 8, y1), (x2 - 8, y2), (x2, y2)]), ((x1 + x2) / 2, y1)
        middle, bend = y1 + self.item[1] / 2 + dy / 2, 38
        turns = [(x1, y1), (x1 + bend, y1), (x1 + bend, middle), (x1, middle)]
        turns += [(x1 - 8, middle), (x2 + 8, middle), (x2, middle), (x2 - bend, middle), (x2 - bend, y2), (x2, y2)]
        return _curve(turns), ((x1 + x2) / 2, middle)


class _Shape:
    """A room's structure: what has to be laid out, in several ways; nothing in it depends on numbers or names."""

    def __init__(self, room: Room) -> None:
        everything = [*room.items, *room.neighbours]
        self.sizes = [ROOM if isinstance(item, Room) else SCALAR for item in everything]
        self.edges = room.edges
        self.plates = self._plates(room, everything)
        self.box: dict[int, int] = {place: place for place in range(len(everything))}
        for j, plate in enumerate(self.plates):
            for place in plate.places:
                self.box[place] = -1 - j
        self.bundles: dict[Pair, list[int]] = {}
        for k, (a, b) in enumerate(self.edges):
            pair = self.box[a], self.box[b]
            if pair[0] != pair[1]:
                self.bundles.setdefault(pair, []).append(k)
        directions = ("LR", "TB") if len(self.bundles) <= ALTERNATIVES else ("LR",)
        columns = [*dict.fromkeys(tuple([plate.columns(shape) for plate in self.plates]) for shape in SHAPES)]
        self.ways = [(direction, several) for direction in directions for several in columns]
        self.sources = [self._dot(direction, several) for direction, several in self.ways]
        self.cost = len({*self.box.values()}) * len(self.ways)

    def _plates(self, room: Room, everything: list[int | Room]) -> list[_Plate]:
        places = {item: place for place, item in enumerate(everything)}
        made = []
        row = [places[item] for item in room.row if item in places]
        if len(row) > 2 and len({self.sizes[place] for place in row}) == 1:
            made.append(_Plate("row", row, self.sizes[row[0]]))
        ends: list[tuple[set[int], set[int]]] = [(set(), set()) for _ in everything]
        for a, b in room.edges:
            ends[b][0].add(a)
            ends[a][1].add(b)
        alike: dict[Any, list[int]] = {}
        for place in range(len(room.items)):
            if place not in row or not made:
                sources, targets = ends[place]
                alike.setdefault((self.sizes[place], frozenset(sources), frozenset(targets)), []).append(place)
        made += [_Plate("grid", places, item) for (item, _, _), places in alike.items() if len(places) >= GRID]
        return made

    def _dot(self, direction: str, columns: tuple[int, ...]) -> str:
        """The structure in the DOT language, with a box for each plate."""
        labelled = len(self.bundles) <= LABELLED
        separation = 0.16 if labelled else 0.7
        hurry = "" if labelled else " nslimit=2 nslimit1=2 mclimit=0.3"  # a third of the time, as good to the eye
        lines = [
            f"digraph {{ rankdir={direction} nodesep=0.22 ranksep={separation}{hurry}",
            'node [shape=box fixedsize=true label=""] edge [label="" dir=none]',
        ]
        for box in dict.fromkeys(self.box.values()):
            width, height = self.sizes[box] if box >= 0 else self.plates[-1 - box].size(columns[-1 - box])
            lines.append(f"{_named(box)} [width={width / 72:.4f} height={height / 72:.4f}]")
        space = ""
        if labelled:
            width, height = LABEL
            space = (
                f' [label=<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" FIXEDSIZE="TRUE" WIDTH="{width}" '
                f'HEIGHT="{height}"><TR><TD></TD></TR></TABLE>>]'
            )
        lines.extend(f"{_named(a)} -> {_named(b)}{space}" for a, b in self.bundles)
        return "\n".join([*lines, "}"])

    def read(self, way: int, drawing: str) -> Layout:
        """The layout from what Graphviz made of one of the sources."""
        direction, columns = self.ways[way]
        size, boxes, ways, labels = _read(drawing)
        at = {box: point for box, point in boxes.items() if box >= 0}
        plates = []
        paths = [""] * len(self.edges)
        where: list[Point | None] = [None] * len(self.edges)
        number = {edge: k for k, edge in enumerate(self.edges)}
        for j, plate in enumerate(self.plates):
            width, height = plate.size(columns[j])
            left, top = boxes[-1 - j][0] - width / 2, boxes[-1 - j][1] - height / 2
            at.update(plate.at(columns[j], left, top))
            plates.append(
                {"kind": plate.kind, "items": plate.places, "box": [round(left, 1), round(top, 1), width, height]}
            )
            if plate.kind == "row":
                for k in range(len(plate.places) - 1):
                    edge = number.get((plate.places[k], plate.places[k + 1]))
                    if edge is not None:
                        paths[edge], where[edge] = plate.link(k, columns[j], at)
        bundles = []
        for (a, b), edges in self.bundles.items():
            points, label = ways[a, b], labels.get((a, b))
            if a >= 0 and b >= 0:
                paths[edges[0]], where[edges[0]] = _curve(points), label
                continue
            if len(edges) == 1:  # to one card, or from one: all the way
                points = self._through(points, self.edges[edges[0]], (a, b), at, direction)
            bundles.append({"from": a, "to": b, "path": _curve(points), "label": label, "edges": edges})
        labelled = len(self.bundles) <= LABELLED
        return {
            "size": size,
            "direction": direction,
            "at": [[round(x, 1) for x in at[place]] for place in range(len(self.sizes))],
            "paths": paths,
            "labels": where if labelled else [],
            "plates": plates,
            "bundles": bundles,
        }

    def _through(self, points: list[Point], edge: Pair, ends: Pair, at: dict[int, Point], direction: str) -> list[Point]:
        """A way that goes on from the border of a row to the first item, or begins at the last."""
        across = direction == "LR"
        for end, (place, box) in enumerate(zip(edge, ends)):
            if box >= 0 or self.plates[-1 - box].kind != "row":
                continue
            plate = self.plates[-1 - box]
            if place != plate.places[0 if end else -1]:
                continue
            (x, y), (w, h) = at[place], plate.item
            sign = -1 if end else 1
            card = (x + sign * w / 2, y) if across else (x, y + sign * h / 2)
            border = points[-1 if end else 0]
            near = [((card[0] + border[0]) / 2, card[1]), ((card[0] + border[0]) / 2, border[1])]
            if not across:
                near = [(card[0], (card[1] + border[1]) / 2), (border[0], (card[1] + border[1]) / 2)]
            points = [*points, *near[::-1], card] if end else [card, *near, *points]
        return points


def _named(box: int) -> str:
    return str(box) if box >= 0 else f"p{-1 - box}"


def _number(name: str) -> int:
    return -1 - int(name[1:]) if name[0] == "p" else int(name)


def _curve(points: Sequence[Point]) -> str:
    start, *bends = [f"{round(x, 1):g},{round(y, 1):g}" for x, y in points]
    return f"M{start}C{' '.join(bends)}"


def _read(drawing: str) -> tuple[list[float], dict[int, Point], dict[Pair, list[Point]], dict[Pair, Point]]:
    """A drawing in Graphviz's plain format, in which y points up and the unit is the inch.

    Its size, the centres of the boxes, the ways of the edges and the places of their labels.
    """
    size = [0.0, 0.0]
    boxes: dict[int, Point] = {}
    ways: dict[Pair, list[Point]] = {}
    labels: dict[Pair, Point] = {}

    def point(x: str, y: str) -> Point:
        return round(72 * float(x), 1), round(size[1] - 72 * float(y), 1)

    for line in drawing.splitlines():
        word, *rest = line.split()
        if word == "graph":
            size = [round(72 * float(rest[1]), 1), round(72 * float(rest[2]), 1)]
        elif word == "node":
            boxes[_number(rest[0])] = point(rest[1], rest[2])
        elif word == "edge":
            pair, count = (_number(rest[0]), _number(rest[1])), int(rest[2])
            numbers = rest[3 : 3 + 2 * count]
            ways[pair] = [point(x, y) for x, y in zip(numbers[::2], numbers[1::2])]
            after = rest[3 + 2 * count :]
            if len(after) > 3:  # what is there of the label, then its place, then style and colour
                labels[pair] = point(after[-4], after[-3])
    return size, boxes, ways, labels
