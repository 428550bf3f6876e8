"""A graph as a drawing, in micrograd's look: a record for each node, a round one for the operation that made it.

What is drawn is decided here; `digraph` and `rendering` turn it into pictures.
"""

from __future__ import annotations

import math
import re

from ..graph import Graph
from ..value import Constant
from .text import formula, names, shown, since

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..value import Value
    from .digraph import Digraph

LIMIT = 400  # beyond, neither people nor Graphviz make much of a drawing

# Okabe and Ito's blue and vermilion, which colour-blind people can tell apart, lightened so that text stays legible.
PAPER, POSITIVE, NEGATIVE = (255, 255, 255), (134, 190, 231), (245, 170, 120)
INK, LINE, FAINT, ALARM = "#1f2933", "#7b8794", "#9aa5b1", "#cc79a7"
FONT = "Helvetica,Arial,sans-serif"
GRAPH = {"fontname": FONT, "fontsize": "10", "fontcolor": LINE, "nodesep": "0.14", "ranksep": "0.28", "pad": "0.15"}
NODE = {"fontname": FONT, "fontsize": "11", "fontcolor": INK, "color": LINE, "fillcolor": "white", "height": "0.36"}
ROUND = {"style": "filled", "fillcolor": "#e4e7eb", "width": "0.32", "height": "0.32", "margin": "0.04,0.02"}
FRAME = {"style": "rounded,filled", "color": "#cbd2d9", "labeljust": "l", "margin": "10"}
EDGE = {"color": LINE, "arrowsize": "0.55", "penwidth": "0.9"}

# True as well where the root's gradient is 0 for another reason, which nothing tells from the usual one.
UNDIFFERENTIATED = "the root's gradient is 0, as it is before backward()"

_EXIT = {"LR": "e", "RL": "w", "TB": "s", "BT": "n"}  # the side of a node that edges leave it on
_DECADES = 4.0  # gradients that are this many powers of ten below the largest have hardly any colour
_NESTING = 8  # modules deeper than this are drawn in one frame


def draw_dot(
    root: Value | Graph,
    format: str = "svg",
    rankdir: str = "LR",
    *,
    clusters: bool = True,
    colour: bool = True,
    digits: int = 4,
    limit: int = LIMIT,
) -> Digraph:
    """Draw the graph that `root` was made from, with the numbers that its nodes had when it was computed.

    A leaf that has been set since then shows in parentheses what it is now. Gradients are those that the nodes have,
    the ``grad`` of each. Where that of the root is 0, as it is before ``backward()``, a line below the drawing says so.

    Parameters
    ----------
    root : Value or Graph
    format : str
        Of the picture: ``"svg"``, ``"png"``, ``"pdf"``, ...
    rankdir : str
        ``"LR"`` draws from left to right, ``"TB"`` from top to bottom; also ``"RL"`` and ``"BT"``.
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
        If the graph has more nodes than `limit`, or if `rankdir` is none.
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
    >>> "the root's gradient is 0, as it is before backward()" in draw_dot(Value(2.0)).source
    True
    """
    graph = root if isinstance(root, Graph) else Graph(root)
    if rankdir not in _EXIT:
        raise ValueError(f"rankdir must be 'LR', 'RL', 'TB' or 'BT', not {rankdir!r}")
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

    page = GRAPH | {"rankdir": rankdir} | ({"label": UNDIFFERENTIATED} if graph.root.grad == 0.0 else {})
    picture = Digraph(format=format, graph_attr=page, node_attr=NODE, edge_attr=EDGE)
    called = names(graph)
    largest = max([abs(x.grad) for x in graph if math.isfinite(x.grad)], default=0.0) if colour else 0.0
    frames: dict[tuple[str, ...], Digraph] = {(): picture}
    now = since(graph)
    for position, (node, data) in enumerate(zip(graph, graph.data)):
        within = _frame(frames, node.scope if clusters else "")
        mark = f" (now {number(now[position], digits)})" if position in now else ""
        numbers = f"data {number(data, digits)}{mark} | grad {number(node.grad, digits)}"
        label = f"{field(shown(node.label))} | {numbers}" if node.label else numbers
        mark = f" (now {now[position]!r})" if position in now else ""
        exactly = text(f"{shown(node.label, 200)}  data {data!r}{mark}  grad {node.grad!r}")
        style = _style(node, data, largest, node is graph.root)
        within.node(f"n{position}", f"{{ {label} }}", tooltip=exactly, **style)
        if node.op is not None:
            operands, sign = graph.operands[position], node._op
            rule = text(shown(f"{called[position]} = {formula(node, [called[k] for k in operands])}", 200))
            look = ROUND | ({"shape": "circle", "fontsize": "15"} if len(sign) == 1 else {"shape": "ellipse"})
            within.node(f"o{position}", text(shown(sign, 20)), tooltip=rule, **look)
            picture.edge(f"o{position}", f"n{position}")
            for k in operands:
                picture.edge(f"n{k}:{_EXIT[rankdir]}", f"o{position}")
    for path in sorted(frames, key=len, reverse=True)[:-1]:  # the innermost first
        frames[path[:-1]].subgraph(frames[path])
    return picture


def _frame(frames: dict[tuple[str, ...], Digraph], scope: str) -> Digraph:
    """The subgraph for a module scope; it and those around it are made if they are new."""
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
    """How a node is drawn, given its number and the size of the largest gradient (0 for no colours)."""
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
    """A number with so many digits after the point, or in powers of ten where that would show nothing of it.

    Examples
    --------
    >>> number(0.5, 4), number(-0.0, 4), number(1.25e-9, 4), number(6.02e23, 4)
    ('0.5000', '0.0000', '1.25e-09', '6.02e+23')
    """
    if x == 0.0 or (10.0**-digits <= abs(x) < 1e7):
        return f"{x + 0.0:.{digits}f}"
    return f"{x:.{digits}g}"


def text(label: str) -> str:
    """A text for Graphviz, in which nothing has a meaning of its own: no escapes, no entities, no HTML.

    Examples
    --------
    >>> print(text("a\\n & <b>"))
    a\\n &amp; <b>
    """
    import graphviz

    escaped: str = graphviz.nohtml(label.replace("&", "&amp;").replace("\\", "\\\\").replace("\n", "\\n"))
    return escaped


def field(label: str) -> str:
    """A text as a field of a record, where braces, bars and angle brackets have a meaning too.

    Examples
    --------
    >>> print(field("{a|b}"))
    \\{a\\|b\\}
    """
    return re.sub(r"[{}|<>]", r"\\\g<0>", text(label))
