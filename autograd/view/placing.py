"""The layout of rooms: where the items and edges of each stand.

Graphviz lays out all rooms in one call; rooms of the same structure share one layout. Items with the same sources and
targets, such as the neurons of a layer, are arranged in a grid, and steps in a row that goes on in the next line, as
text does. Such a *plate* is one box to Graphviz, and edges to its members, or from them, end at its border, so that no
edge passes behind a card. Every room is laid out from left to right and, unless it has many edges, from top to bottom;
with plates of several shapes; in one line, and folded into several, as suits a long and thin drawing. The most legible
of these layouts is taken, once for a wide stage (the part of the page that shows a room) and once for a narrow one.
"""

from __future__ import annotations

from math import sqrt

from .rendering import GraphvizMissing, render
from .rooms import Room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    Layout = dict[str, Any]
    Pair: TypeAlias = tuple[int, int]
    Point: TypeAlias = tuple[float, float]

LABELLED = 48
"""Rooms with at most this many edges may have space for the numbers on their edges."""
LAID_OUT = 12_000
"""The most boxes that Graphviz lays out in all. The page itself lays out the rooms for which that leaves no space."""
MAX_EDGES_TOP_DOWN = 60
"""Rooms with more edges than this are laid out from left to right only."""
GRID = 5
"""At least this many items with the same sources and targets are arranged in a grid."""

# Sizes in points, which are the page's pixels: of a scalar's card, of a room's card, of the numbers on an edge; then
# the space between the items of a grid, between those of a row, and between a plate's border and its items.
SCALAR, ROOM = (104, 72), (156, 80)
LABEL = (56, 30)
GAP, ROW_GAP, MARGIN = (20, 18), (54, 32), (18, 16)
TURN, LANE = 34, 9
"""In a folded drawing, the space at both sides, where edges turn into the next line, and that between such edges."""
SHAPES = (0.1, 0.6, 1.3, 2.8, 5.0)
"""The ratios of width to height that are tried for plates."""

STAGES = {"wide": ((884, 535), (1218, 535)), "narrow": ((366, 384),)}
"""The space for a room on the page, in pixels and without margins: on a wide screen beside the panel and without it,
and on a phone. In each tuple the larger stage comes last."""
CROSSING = 6
"""The most edges that may go on from one line of a folded drawing to the next."""
LINES = 4
"""The most lines that a drawing is folded into."""
LEGIBLE = 11 / 14.5
"""The scale at which the values on cards are 11 pixels high."""


def layouts(found: Sequence[Room]) -> tuple[list[Layout], list[int], list[int], str]:
    """The layouts of rooms.

    Returns
    -------
    layouts : list
        Each has the ``size`` of the drawing, the centres of the items ``at``, the ``paths`` of the edges as SVG, and
        where their ``labels`` go, if there is space for them. A path is empty, and a label None, where an edge is part
        of a bundle, or not shown before it is asked for. ``plates`` have a ``kind``, ``"grid"`` or ``"row"``, the
        places of their ``items``, and a ``box``: left, top, width and height. ``bundles`` have the ends ``from`` and
        ``to``, which are places or -1, -2, ... for plates, a ``path``, a ``label``, and ``edges``, the positions of
        the edges that they stand for.
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
            fits = items + shape.cost <= LAID_OUT
            known[key] = shape if fits else None
            items += shape.cost * fits
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
        candidates = [layout for k in range(len(shape.sources)) for layout in shape.read(k, next(drawings))]
        picked = [max(candidates, key=lambda layout: _goodness(layout, stages)) for stages in STAGES.values()]
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
    """The scale at which the whole drawing fits on the stage."""
    return min(stage[0] / max(1.0, size[0]), stage[1] / max(1.0, size[1]))


def _goodness(layout: Layout, stages: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """How legible a layout is, as a tuple to compare with others.

    What counts first is the scale on the largest stage, up to `LEGIBLE`; then that on the smallest, less something for
    every further line and for missing labels; then the same two scales up to 1.
    """
    scales = [scale(layout["size"], stage) for stage in stages]
    lines = 0.2 * (layout["lines"] - 1)
    bare = 0.3 if layout["paths"] and not layout["labels"] else 0.0
    return min(scales[-1], LEGIBLE), min(scales[0], LEGIBLE) - lines - bare, min(scales[-1], 1.0), min(scales[0], 1.0)


class _Plate:
    """Items that are arranged in a grid or in a row."""

    def __init__(self, kind: str, places: list[int], item: tuple[int, int]) -> None:
        self.kind = kind
        self.places = places
        self.item = item
        self.gap = GAP if kind == "grid" else ROW_GAP
        side = 44 if kind == "row" else MARGIN[0]  # of a row: space for the turns into the next line
        self.margin = side, MARGIN[1]

    def columns(self, shape: float) -> int:
        (w, h), (dx, dy) = self.item, self.gap
        count = len(self.places)
        columns = min(count, max(1, round(sqrt(shape * count * (h + dy) / (w + dx)))))
        return -(-count // -(-count // columns))  # the fewest that make the same number of lines

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
        """The edge from the k-th item of a row to the next: its path, and the centre of its label."""
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
    """The structure of a room, and the alternative ways to lay it out.

    Nothing here depends on numbers or names, so that rooms of the same structure can share a layout.
    """

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
        directions = ("LR", "TB") if len(self.bundles) <= MAX_EDGES_TOP_DOWN else ("LR",)
        columns = [*dict.fromkeys(tuple([plate.columns(shape) for plate in self.plates]) for shape in SHAPES)]
        spaces = (True, False) if len(self.bundles) <= LABELLED else (False,)
        self.alternatives = [
            (direction, several, labelled) for labelled in spaces for direction in directions for several in columns
        ]
        self.sources = [self._dot(*alternative) for alternative in self.alternatives]
        self.cost = len({*self.box.values()}) * len(self.alternatives)

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

    def _dot(self, direction: str, columns: tuple[int, ...], labelled: bool) -> str:
        """The structure in the DOT language, with a box for each plate."""
        separation = 0.16 if labelled else 0.7 if len(self.bundles) > LABELLED else 0.25
        # With these limits Graphviz takes a third of the time, and the drawing looks as good.
        search_limits = "" if labelled else " nslimit=2 nslimit1=2 mclimit=0.3"
        lines = [
            f"digraph {{ rankdir={direction} nodesep=0.22 ranksep={separation}{search_limits}",
            'node [shape=box fixedsize=true label=""] edge [label="" dir=none]',
        ]
        for box in dict.fromkeys(self.box.values()):
            width, height = self._extent(box, columns)
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

    def read(self, index: int, source: str) -> list[Layout]:
        """The layouts from Graphviz's output for one of the sources: in one line, and folded into several."""
        direction, columns, _ = self.alternatives[index]
        drawing = _read(source)
        extents = {box: self._extent(box, columns) for box in drawing.boxes}
        folded = [_folded(drawing, extents, direction, lines) for lines in range(2, LINES + 1)]
        found = [drawing, *[other for other in folded if other is not None]]
        return [self._expanded(other, index, lines) for lines, other in enumerate(found, 1)]

    def _extent(self, box: int, columns: tuple[int, ...]) -> tuple[int, int]:
        return self.sizes[box] if box >= 0 else self.plates[-1 - box].size(columns[-1 - box])

    def _expanded(self, drawing: _Drawing, index: int, lines: int) -> Layout:
        """The layout of all items, from a drawing in which each plate is a box."""
        direction, columns, labelled = self.alternatives[index]
        size, boxes, curves, labels = drawing.size, drawing.boxes, drawing.paths, drawing.labels
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
            points, label = curves[a, b], labels.get((a, b))
            if a >= 0 and b >= 0:
                paths[edges[0]], where[edges[0]] = _curve(points), label
                continue
            if len(edges) == 1:  # a single edge goes on inside a row, to or from its card
                points = self._through(points, self.edges[edges[0]], (a, b), at, direction)
            bundles.append({"from": a, "to": b, "path": _curve(points), "label": label, "edges": edges})
        return {
            "size": [round(x, 1) for x in size],
            "direction": direction,
            "lines": lines,
            "at": [[round(x, 1) for x in at[place]] for place in range(len(self.sizes))],
            "paths": paths,
            "labels": where if labelled else [],
            "plates": plates,
            "bundles": bundles,
        }

    def _through(
        self, points: list[Point], edge: Pair, ends: Pair, at: dict[int, Point], direction: str
    ) -> list[Point]:
        """The path of a single edge, extended inside a row: from the border to the first item, or from the last."""
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
            if across and not end:  # to the end of the item's line, then through the margin
                side = border[0] - plate.margin[0] + 4
                line = [(card[0] + 1, y), (side - 1, y), (side, y)] if side > card[0] + 2 else []
                near = [*line, (border[0] - 8, y), (border[0] - 30, border[1])]
            points = [*points, *near[::-1], card] if end else [card, *near, *points]
        return points


def _named(box: int) -> str:
    return str(box) if box >= 0 else f"p{-1 - box}"


def _number(name: str) -> int:
    return -1 - int(name[1:]) if name[0] == "p" else int(name)


def _curve(points: Sequence[Point]) -> str:
    start, *bends = [f"{round(x, 1):g},{round(y, 1):g}" for x, y in points]
    return f"M{start}C{' '.join(bends)}"


class _Drawing:
    """A drawing of boxes and edges: its size, the centres of boxes and of the edges' labels, and the edges' paths.

    Each of the `paths` is a chain of Bézier curves: a point, then for each curve two control points and its end point.
    """

    def __init__(
        self, size: Point, boxes: dict[int, Point], paths: dict[Pair, list[Point]], labels: dict[Pair, Point]
    ) -> None:
        self.size = size
        self.boxes = boxes
        self.paths = paths
        self.labels = labels

    def turned(self) -> _Drawing:
        """The drawing with its axes exchanged."""
        return _Drawing(
            self.size[::-1],
            {box: (y, x) for box, (x, y) in self.boxes.items()},
            {pair: [(y, x) for x, y in points] for pair, points in self.paths.items()},
            {pair: (y, x) for pair, (x, y) in self.labels.items()},
        )


def _read(source: str) -> _Drawing:
    """A drawing in Graphviz's plain format, in which y points up and the unit is the inch."""
    size = (0.0, 0.0)
    boxes: dict[int, Point] = {}
    paths: dict[Pair, list[Point]] = {}
    labels: dict[Pair, Point] = {}

    def point(x: str, y: str) -> Point:
        return 72 * float(x), size[1] - 72 * float(y)

    for line in source.splitlines():
        word, *rest = line.split()
        if word == "graph":
            size = 72 * float(rest[1]), 72 * float(rest[2])
        elif word == "node":
            boxes[_number(rest[0])] = point(rest[1], rest[2])
        elif word == "edge":
            pair, count = (_number(rest[0]), _number(rest[1])), int(rest[2])
            numbers = rest[3 : 3 + 2 * count]
            paths[pair] = [point(x, y) for x, y in zip(numbers[::2], numbers[1::2])]
            after = rest[3 + 2 * count :]
            if len(after) > 3:  # a label's text, if Graphviz writes any, then its centre, then style and colour
                labels[pair] = point(after[-4], after[-3])
    return _Drawing(size, boxes, paths, labels)


# --- folding ------------------------------------------------------------------------------------------------------


def _folded(drawing: _Drawing, extents: dict[int, Pair], direction: str, lines: int) -> _Drawing | None:
    """A drawing cut into several lines, or columns if it runs from top to bottom; None if it cannot be cut so often.

    An edge that crosses a cut is led round to the beginning of the next line, and goes on there at its height.
    """
    if direction == "TB":
        turned = {box: (h, w) for box, (w, h) in extents.items()}
        folded = _folded(drawing.turned(), turned, "LR", lines)
        return None if folded is None else folded.turned()
    cuts = _cuts(drawing, extents, lines)
    if cuts is None:
        return None
    bounds = [0.0, *cuts, drawing.size[0]]

    def line_of(x: float) -> int:
        return sum(x > cut for cut in cuts)

    pieces = {pair: _cut_path(points, cuts) for pair, points in drawing.paths.items()}
    top, low = [float("inf")] * lines, [float("-inf")] * lines
    for box, (x, y) in drawing.boxes.items():
        k, half = line_of(x), extents[box][1] / 2
        top[k], low[k] = min(top[k], y - half), max(low[k], y + half)
    for several in pieces.values():
        for k, points in several.items():
            top[k], low[k] = min(top[k], *[y for _, y in points]), max(low[k], *[y for _, y in points])
    for x, y in drawing.labels.values():
        k = line_of(x)
        top[k], low[k] = min(top[k], y - LABEL[1] / 2), max(low[k], y + LABEL[1] / 2)
    crossing = [[pair for pair, several in pieces.items() if k in several and k + 1 in several] for k in range(lines)]
    down, y = [], 0.0  # how far each line is moved down
    for k in range(lines):
        down.append(y - top[k])
        y += low[k] - top[k] + LANE * (len(crossing[k]) + 3)
    height = y - LANE * 3

    def moved(point: Point, k: int) -> Point:
        return point[0] - bounds[k] + TURN, point[1] + down[k]

    paths: dict[Pair, list[Point]] = {}
    for pair, several in pieces.items():
        path: list[Point] = []
        for k in sorted(several):
            points = [moved(point, k) for point in several[k]]
            if path:
                lane = crossing[k - 1].index(pair)
                across = low[k - 1] + down[k - 1] + LANE * (lane + 1.5)
                (x1, y1), (x2, y2), turn = path[-1], points[0], TURN - 4 - 3 * min(lane, 6)
                path += [(x1 + turn, y1), (x1 + turn, across), (x1, across)]
                path += [(x1 - 1, across), (x2 + 1, across), (x2, across)]
                path += [(x2 - turn, across), (x2 - turn, y2), (x2, y2), *points[1:]]
            else:
                path = points
        paths[pair] = path
    widths = [bounds[k + 1] - bounds[k] for k in range(lines)]
    return _Drawing(
        (max(widths) + 2 * TURN, height),
        {box: moved(point, line_of(point[0])) for box, point in drawing.boxes.items()},
        paths,
        {pair: moved(point, line_of(point[0])) for pair, point in drawing.labels.items()},
    )


def _cuts(drawing: _Drawing, extents: dict[int, Pair], lines: int) -> list[float] | None:
    """Where to cut a drawing into lines of about the same width: between boxes, and where few edges cross.

    None if there are not enough such places, or if more than `CROSSING` edges cross a cut.
    """
    sides = sorted((x - extents[box][0] / 2, x + extents[box][0] / 2) for box, (x, _) in drawing.boxes.items())
    free: list[float] = []
    right = sides[0][1]
    for left, other in sides:
        if left > right:
            free.append((left + right) / 2)
        right = max(right, other)
    crossed = {x: sum(min(points)[0] < x < max(points)[0] for points in drawing.paths.values()) for x in free}
    cuts: list[float] = []
    width = drawing.size[0]
    for k in range(1, lines):
        later = [x for x in free if not cuts or x > cuts[-1]]
        if not later:
            return None
        cuts.append(min(later, key=lambda x: abs(x - width * k / lines) / width + 0.02 * crossed[x]))
    return cuts if max(crossed[x] for x in cuts) <= CROSSING else None


def _cut_path(points: list[Point], cuts: Sequence[float]) -> dict[int, list[Point]]:
    """The parts of an edge's path, by the numbers of the lines that they are in."""
    pieces: dict[int, list[Point]] = {}
    k = sum(points[0][0] > cut for cut in cuts)
    pieces[k] = [points[0]]
    for j in range(0, len(points) - 1, 3):
        curve = points[j : j + 4]
        while k < len(cuts) and curve[3][0] > cuts[k]:
            before, curve = _split(curve, cuts[k])
            pieces[k] += before[1:]
            k += 1
            pieces[k] = [curve[0]]
        pieces[k] += curve[1:]
    return pieces


def _split(curve: list[Point], x: float) -> tuple[list[Point], list[Point]]:
    """Split a Bézier curve in two, where it reaches x."""

    def halves(t: float) -> tuple[list[Point], list[Point]]:
        def between(a: Point, b: Point) -> Point:
            return a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])

        a, b, c, d = curve
        ab, bc, cd = between(a, b), between(b, c), between(c, d)
        abc, bcd = between(ab, bc), between(bc, cd)
        middle = between(abc, bcd)
        return [a, ab, abc, middle], [middle, bcd, cd, d]

    low, high = 0.0, 1.0
    for _ in range(40):
        t = (low + high) / 2
        if halves(t)[0][3][0] < x:
            low = t
        else:
            high = t
    return halves(high)
