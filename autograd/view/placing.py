"""Where everything stands in a room."""
from __future__ import annotations
from .rendering import GraphvizMissing, render
from .rooms import ALIKE, Room
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any
    Layout = dict[str, Any]
LABELLED = 48
"""Rooms with at most so many edges have space for the numbers on them."""
LAID_OUT = 12_000
"""So many items Graphviz lays out; the page itself does the rest, more simply."""

# Sizes in points, which are the page's pixels: of a scalar's card, and of a room's.
SCALAR, ROOM = (104, 72), (156, 80)
LABEL = (62, 34)


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
