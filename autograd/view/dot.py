"""A graph as a drawing, in micrograd's look: a card for each node, a round one for the operation that made it.

This module decides what is drawn, and in which direction; `digraph` and `rendering` make pictures of it.
"""

from __future__ import annotations

import math
import re

from .. import ops
from ..graph import Graph
from ..symbols import Printer
from ..value import Constant
from .text import data_set_since, formula, names, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..value import Value
    from .digraph import Digraph

LIMIT = 400  # nodes; a larger drawing is illegible, and slow to lay out

# Okabe and Ito's blue and vermilion, which colour-blind people can tell apart, lightened so that text stays legible.
PAPER, POSITIVE, NEGATIVE = (255, 255, 255), (134, 190, 231), (245, 170, 120)
INK, LINE, FAINT, ALARM = "#1f2933", "#7b8794", "#9aa5b1", "#cc79a7"
FONT = "Helvetica,Arial,sans-serif"
GRAPH = {"fontname": FONT, "fontsize": "10", "fontcolor": LINE, "nodesep": "0.14", "ranksep": "0.15", "pad": "0.15"}
NODE = {"fontname": FONT, "fontsize": "11", "fontcolor": INK, "color": LINE, "fillcolor": "white", "height": "0.36"}
ROUND = {"style": "filled", "fillcolor": "#e4e7eb", "width": "0.32", "height": "0.32", "margin": "0.04,0.02"}
FRAME = {"style": "rounded,filled", "color": "#cbd2d9", "labeljust": "l", "margin": "10"}
EDGE = {"color": LINE, "arrowsize": "0.55", "penwidth": "0.9"}

# Worded so that it also holds where the root's gradient is 0 for another reason, such as `zero_grads` after backward():
# the graph does not show which it is.
UNDIFFERENTIATED = "the root's gradient is 0, as it is before backward()"

_SCREEN = (960.0, 540.0)  # points: the space that a laptop's screen has for a picture
_LETTER, _LINE, _AIR = 5.9, 18.0, 16.0  # points: width of a letter, height of a line, padding of a text
_BETWEEN = {"LR": 56.0, "TB": 46.0}  # points: from a card to the next one, with the operation in between
_BESIDE, _MARGIN = 10.0, 20.0  # points: between cards side by side, and around the nodes of a frame
_INSCRIPTION = 60  # letters that an operation's node has room for
_EXIT = {"LR": "e", "RL": "w", "TB": "s", "BT": "n"}  # the side on which edges leave a node
_DECADES = 4.0  # gradients that are this many powers of ten below the largest have hardly any colour
_NESTING = 8  # modules deeper than this are drawn in one frame


def draw_dot(
    root: Value | Graph,
    format: str = "svg",
    rankdir: str | None = None,
    *,
    constants: bool = False,
    clusters: bool = True,
    colour: bool = True,
    digits: int = 4,
    limit: int = LIMIT,
) -> Digraph:
    """Draw the graph that `root` was made from, with the numbers that its nodes had when it was computed.

    A leaf that has been set since then shows in parentheses what it is now. Gradients are those that the nodes have,
    the ``grad`` of each. Where that of the root is 0, as it is before ``backward()``, a line below the drawing says so.
    A plain number is written in the operation that it is part of, as in ``+ 1`` or ``2 /``.

    Parameters
    ----------
    root : Value or Graph
    format : str
        Of the picture: ``"svg"``, ``"png"``, ``"pdf"``, ...
    rankdir : str, optional
        ``"LR"`` draws from left to right, ``"TB"`` from top to bottom; also ``"RL"`` and ``"BT"``. If not given, the
        drawing runs from left to right or from top to bottom, with the numbers of a card side by side or one below
        the other, whichever of the four shows the graph largest on a screen.
    constants : bool
        Give plain numbers cards of their own. Without it they have one only where an operation has no room for its
        numbers, and where a number is nan or inf, has a label, has been set since, or is the root itself.
    clusters : bool
        Draw a frame around what each module made.
    colour : bool
        Fill each node by its gradient: blue where it is positive, orange where negative, the stronger the larger
        (on a logarithmic scale). Nodes with nan or inf have a thick frame.
    digits : int
        Digits after the point.
    limit : int
        The largest number of nodes to draw.

    Returns
    -------
    graphviz.Digraph
        It shows itself in a notebook; ``.render("name")`` writes a file, ``.pipe()`` gives bytes, ``.source`` is the
        DOT text. Needs Graphviz (see `rendering`) only when it is rendered.

    Raises
    ------
    ValueError
        If the graph has more nodes than `limit`, or if `rankdir` is not one of these.
    ModuleNotFoundError
        If the library graphviz is missing.

    Examples
    --------
    >>> from autograd import Value
    >>> y = Value(0.5, "w") * Value(2.0, "x")
    >>> y.backward()
    >>> picture = draw_dot(y, rankdir="TB")
    >>> "{ w | data 0.5000 | grad 2.0000 }" in picture.source
    True
    >>> "2 /" in draw_dot(2 / y).source
    True
    >>> "the root's gradient is 0, as it is before backward()" in draw_dot(Value(2.0)).source
    True
    """
    graph = root if isinstance(root, Graph) else Graph(root)
    if rankdir is not None and rankdir not in _EXIT:
        raise ValueError(f"rankdir must be 'LR', 'RL', 'TB' or 'BT', or None for the best, not {rankdir!r}")
    if len(graph) > limit:
        raise ValueError(
            f"the graph has {len(graph):,} nodes, and a drawing stays legible up to about {LIMIT:,}: draw a part of it "
            f"(any node may be the root), look at all of it with autograd.view.explore(), or pass limit={len(graph)}"
        )
    try:
        from .digraph import Digraph
    except ModuleNotFoundError as missing:
        if missing.name != "graphviz":
            raise
        raise ModuleNotFoundError(
            "drawing needs the library graphviz: pip install 'glassgrad[view]'", name=missing.name
        ) from None

    called = names(graph)
    now = data_set_since(graph)
    inscribed = set() if constants else _inscribed(graph, now, digits)
    fields = {i: _fields(node, graph.data[i], now.get(i), digits) for i, node in enumerate(graph) if i not in inscribed}
    stacked = rankdir in ("TB", "BT")
    if rankdir is None:
        rankdir, stacked = _arrangement(graph, inscribed, clusters, digits)
    # Graphviz sets the fields of a record side by side in a drawing from top to bottom, and one below the other in one
    # from left to right; braces around the fields swap the two.
    record = "{{ {} }}" if stacked == (rankdir in ("TB", "BT")) else "{}"

    page = GRAPH | {"rankdir": rankdir} | ({"label": UNDIFFERENTIATED} if graph.root.grad == 0.0 else {})
    picture = Digraph(format=format, graph_attr=page, node_attr=NODE, edge_attr=EDGE)
    largest = max([abs(x.grad) for x in graph if math.isfinite(x.grad)], default=0.0) if colour else 0.0
    frames: dict[tuple[str, ...], Digraph] = {(): picture}
    for position, texts in fields.items():
        node, data = graph.nodes[position], graph.data[position]
        within = _frame(frames, node.scope if clusters else "")
        mark = f" (now {now[position]!r})" if position in now else ""
        exactly = text(f"{shown(node.label, 200)}  data {data!r}{mark}  grad {node.grad!r}")
        style = _style(node, data, largest, node is graph.root)
        within.node(f"n{position}", record.format(" | ".join(map(field, texts))), tooltip=exactly, **style)
        if node.op is not None:
            operands, sign = graph.operands[position], _inscription(graph, position, inscribed, digits)
            rule = text(shown(f"{called[position]} = {formula(node, [called[k] for k in operands])}", 200))
            look = ROUND | ({"shape": "circle", "fontsize": "15"} if len(sign) == 1 else {"shape": "ellipse"})
            within.node(f"o{position}", text(sign), tooltip=rule, **look)
            picture.edge(f"o{position}", f"n{position}")
            for k in operands:
                if k in fields:
                    picture.edge(f"n{k}:{_EXIT[rankdir]}", f"o{position}")
    for path in sorted(frames, key=len, reverse=True)[:-1]:  # the innermost first
        frames[path[:-1]].subgraph(frames[path])
    return picture


def _fields(node: Value, data: float, now: float | None, digits: int) -> list[str]:
    """The fields of a card: the label if there is one, the data and the gradient."""
    mark = f" (now {number(now, digits)})" if now is not None else ""
    numbers = [f"data {number(data, digits)}{mark}", f"grad {number(node.grad, digits)}"]
    return [shown(node.label), *numbers] if node.label else numbers


# --- plain numbers ----------------------------------------------------------------------------------------------


def _inscribed(graph: Graph, now: dict[int, float], digits: int) -> set[int]:
    """The positions of constants that are written inside the operations on them, and have no cards.

    A constant is inscribed if its card would show nothing but a number, and if every operation on it has room for all
    of its constants.
    """
    plain = {
        i
        for i, (node, data) in enumerate(zip(graph, graph.data))
        if isinstance(node, Constant) and math.isfinite(data) and not node.label and i not in now
    } - {len(graph) - 1}
    concerned = {consumer for i in plain for consumer in graph.consumers[i]}
    crowded = [i for i in concerned if len(_inscription(graph, i, plain, digits)) > _INSCRIPTION]
    return plain.difference(*[graph.operands[i] for i in crowded])


def _inscription(graph: Graph, i: int, inscribed: set[int], digits: int) -> str:
    """An operation's sign with its inscribed constants: ``+``, ``2 /``, ``max(□, 0)``, ``w1 * 0.5 + w2 * 3``."""
    node, operands = graph.nodes[i], graph.operands[i]
    assert node.op is not None
    sign = shown(node._op, 20)
    numbers = [short(graph.data[k], digits) if k in inscribed else "" for k in operands]
    if not any(numbers):
        return sign
    if len(operands) == 2 and node.op.name in Printer.signs:  # an operand that has a card needs no mention
        left, right = numbers
        return Printer.signs[node.op.name][0].format(left, f"({right})" if right.startswith("-") else right).strip()
    written = [said or _mention(graph.nodes[k]) for said, k in zip(numbers, operands)]
    if node.op is ops.dot:  # only written as pairs do they show which number multiplies which weight
        return formula(node, written)
    listed: list[str] = []
    for k, before, said in zip(operands, (None, *operands), written):
        if k in inscribed or before is None or before in inscribed:
            listed.append(said)
        else:
            listed[-1] = "…"  # stands for several successive operands that have cards
    return f"{sign}({', '.join(listed)})"


def _mention(node: Value) -> str:
    """How an operation's inscription mentions an operand that has a card: by its label, or as □."""
    return shown(node.label, 12).replace("\n", " ") or "□"


def short(x: float, digits: int) -> str:
    """A number with at most `digits` digits after the point, and without trailing zeros.

    Examples
    --------
    >>> short(2.0, 4), short(1 / 3, 4), short(1e-9, 4), short(6.02e23, 4)
    ('2', '0.3333', '1e-09', '6.02e+23')
    """
    return f"{float(number(x, digits)):.10g}"


# --- which way a drawing runs -----------------------------------------------------------------------------------


def _arrangement(graph: Graph, inscribed: set[int], clusters: bool, digits: int) -> tuple[str, bool]:
    """The direction, and whether the fields of a card are stacked, that show the graph largest on a screen.

    The sizes of the four possible drawings are estimated from the cards on each level, which is a distance from the
    leaves. Frames that have levels in common lie side by side. Data and gradients have no influence, so that a graph is
    drawn in the same way before and after `backward()`, and at every point.
    """
    level = [0] * len(graph)
    for i, operands in enumerate(graph.operands):
        level[i] = max([1 + level[k] for k in operands], default=0)
    for i, consumers in enumerate(graph.consumers):
        if consumers and not graph.operands[i]:  # a leaf stands one level before its first consumer
            level[i] = min([level[c] for c in consumers]) - 1
    boxes: dict[str | int, dict[int, list[list[int]]]] = {}  # by scope of a frame, or by level for nodes in no frame
    usual = [len("data -12.") + digits] * 2
    for i, node in enumerate(graph):
        if i not in inscribed:
            card = [len(shown(node.label)), *usual] if node.label else usual
            box = boxes.setdefault((clusters and node.scope) or level[i], {})
            box.setdefault(level[i], []).append(card)

    def scale(rankdir: str, stacked: bool) -> float:
        lengths = [0.0] * (max(level) + 1)
        breadths = [0.0] * len(lengths)
        for box, cards_at in boxes.items():
            breadth = 0.0
            for at, cards in cards_at.items():
                sizes = [_size(card, stacked) for card in cards]
                along, across = zip(*(sizes if rankdir == "LR" else [size[::-1] for size in sizes]))
                lengths[at] = max(lengths[at], *along)
                breadth = max(breadth, sum(across) + _BESIDE * len(across))
            for at in range(min(cards_at), max(cards_at) + 1):
                breadths[at] += breadth + (_MARGIN if isinstance(box, str) else 0.0)
        size = sum(lengths) + _BETWEEN[rankdir] * len(lengths), max(breadths)
        width, height = size if rankdir == "LR" else size[::-1]
        return min(1.0, _SCREEN[0] / width, _SCREEN[1] / height)

    # If several are equally good, the first is taken: micrograd's, from left to right with the numbers side by side.
    ways = [("LR", False), ("LR", True), ("TB", True), ("TB", False)]
    return max(ways, key=lambda way: scale(*way))


def _size(card: list[int], stacked: bool) -> tuple[float, float]:
    """Width and height of a card with texts of these lengths, in points."""
    if stacked:
        return _LETTER * max(card) + _AIR, _LINE * len(card) + 6.0
    return _LETTER * sum(card) + _AIR * len(card), _LINE + 8.0


# --- frames and looks -------------------------------------------------------------------------------------------


def _frame(frames: dict[tuple[str, ...], Digraph], scope: str) -> Digraph:
    """The subgraph for a module's scope; it and the frames around it are made if they do not exist yet."""
    *parts, rest = scope.split(".", _NESTING)
    path = (*parts, rest) if scope else ()
    for depth in range(1, len(path) + 1):
        inner = path[:depth]
        if inner not in frames:
            fill = "#f4f6f8" if depth % 2 else "white"
            title = {"label": text(shown(inner[-1])), "tooltip": text(shown(".".join(inner), 200)), "fillcolor": fill}
            frames[inner] = type(frames[()])(name=f"cluster_{len(frames)}", graph_attr=FRAME | title)
    return frames[path]


def _style(node: Value, data: float, largest: float, is_root: bool) -> dict[str, str]:
    """A node's attributes for Graphviz; `largest` is the largest absolute gradient of any node, or 0 for no colours."""
    style = {"shape": "record", "style": "rounded,filled"}
    if not (math.isfinite(data) and math.isfinite(node.grad)):
        return style | {"color": ALARM, "fillcolor": "#fbeef5", "penwidth": "3"}
    if isinstance(node, Constant):
        return style | {"style": "rounded,dashed", "fontcolor": LINE, "color": FAINT}
    if is_root:
        style |= {"color": INK, "penwidth": "1.8"}
    if node.grad and largest:
        strength = max(0.1, 1.0 + (math.log10(abs(node.grad)) - math.log10(largest)) / _DECADES)
        full = POSITIVE if node.grad > 0 else NEGATIVE
        mixed = [round(paper + strength * (ink - paper)) for paper, ink in zip(PAPER, full)]
        style["fillcolor"] = "#{:02x}{:02x}{:02x}".format(*mixed)
    return style


# --- text in a drawing ------------------------------------------------------------------------------------------


def number(x: float, digits: int) -> str:
    """A number with `digits` digits after the point, or with an exponent if it is too small or too large for that.

    Examples
    --------
    >>> number(0.5, 4), number(-0.0, 4), number(1.25e-9, 4), number(6.02e23, 4)
    ('0.5000', '0.0000', '1.25e-09', '6.02e+23')
    """
    if x == 0.0 or (10.0**-digits <= abs(x) < 1e7):
        return f"{x + 0.0:.{digits}f}"
    return f"{x:.{digits}g}"


def text(label: str) -> str:
    """A text escaped so that Graphviz shows it as it is: without escape sequences, entities or HTML.

    Examples
    --------
    >>> print(text("a\\n & <b>"))
    a\\n &amp; <b>
    """
    import graphviz

    escaped: str = graphviz.nohtml(label.replace("&", "&amp;").replace("\\", "\\\\").replace("\n", "\\n"))
    return escaped


def field(label: str) -> str:
    """A text escaped as a field of a record, where braces, bars and angle brackets are syntax, too.

    Examples
    --------
    >>> print(field("{a|b}"))
    \\{a\\|b\\}
    """
    return re.sub(r"[{}|<>]", r"\\\g<0>", text(label))
