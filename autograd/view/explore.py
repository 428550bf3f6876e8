"""The interactive page: one HTML file to explore a graph, step through it, change its leaves and be quizzed on it.

The files of the page are in the folder ``page``: plain ES modules, style sheets and a template. Here they are put
together with a graph's data: its JSON form, the rooms and their layouts, and the rules of its operations, printed as
JavaScript to compute with and as MathML to show. The page loads no other file, and its content security policy allows
no other script.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import os
import re
from pathlib import Path

from ..files import write_text
from ..graph import Graph
from ..ops import CHECKPOINT
from ..value import Constant, Value
from . import layers, placing, rooms
from .operations import described, javascript, used
from .story import beginning, story
from .text import data_set_since, names
from .titles import Titles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ..files import AnyPath

PAGE = Path(__file__).parent / "page"

STYLES = ("base", "frame", "drawing", "player", "panels", "story", "dialogs", "media")
"""The parts of the page's style sheet; the order matters, since later rules override earlier ones."""

LIMIT = 200_000
"""A graph with more nodes is refused, because its page is too large for browsers to open with ease."""


class Page:
    """What `explore` returns: the page, ready to be looked at.

    As the value of a notebook's cell it shows itself, in a frame of its own.

    Attributes
    ----------
    path : str
        The file that was written.
    html : str
        Its content.

    title : str
        What it is called.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = explore(Value(2.0, "x") ** 2, os.path.join(folder, "square.html"), open=False)
    ...     print(os.listdir(folder), page.html.startswith("<!doctype html>"))
    ['square.html'] True
    """

    def __init__(self, path: str, html: str, title: str) -> None:
        self.path = path
        self.html = html
        self.title = title

    def __repr__(self) -> str:
        return f"<page of {self.title} in {self.path}>"

    def _repr_html_(self) -> str:
        title, content = html.escape(self.title), html.escape(self.html)
        return (
            f'<iframe title="{title}" sandbox="allow-scripts allow-downloads" srcdoc="{content}" '
            'style="width: 100%; height: 720px; border: 1px solid #8884; border-radius: 8px"></iframe>'
        )


def explore(
    v: Value | Graph,
    path: AnyPath | None = None,
    *,
    open: bool | None = None,
    title: str | None = None,
    text: str | None = None,
    notes: Mapping[Value, str] | None = None,
    selected: Value | None = None,
    step: str | None = None,
    parameters: Iterable[Value] | None = None,
    inputs: Iterable[Value] | None = None,
    room: int = 60,
) -> Page:
    """Write a graph as an interactive page, one HTML file that needs nothing else, and open it.

    The page lets a person go from a network to its layers, neurons and scalars, step through the forward and the
    backward pass, see every gradient as the chain rule's sum, change leaves, check gradients numerically, take steps of
    gradient descent, and be quizzed. It differentiates `v`; ``backward()`` need not have been called. Its numbers are
    those of the point at which `v` was computed; a leaf that has been set since then bears a mark.

    Parameters
    ----------
    v : Value or Graph
        What is differentiated, usually a loss.
    path : str, bytes or path, optional
        Where to write, as `autograd.write_text` does; a temporary file if not given.
    open : bool, optional
        Whether to open the page in a browser. If not given, it is opened where `path` is not given, but not in a
        notebook, whose cell shows it.
    title : str, optional
        What the page opens with; if not given, it is made from the graph: its modules, or its labels.
    text : str, optional
        A sentence or a few about what the graph computes, which stand below the title; made from the graph likewise.
    notes : mapping of Value to str, optional
        Sentences about nodes of the graph: each is shown when the story reaches its node, and where the page explains
        the node.
    selected : Value, optional
        The node that the page opens at, in its room, selected and explained. Without it the page opens with its title.
    step : {"forward", "backward"}, optional
        Where the story stands then: when `selected` has just been computed, or when its gradient is complete. Without
        it all numbers are shown.
    parameters : iterable of Value, optional
        The leaves that gradient descent moves. If not given: with `inputs`, every labelled leaf that is none of them;
        else the labelled leaves that modules own; in a graph without any, the labelled leaves but for those called x, y
        or t, with or without a number. The page has a switch for each leaf.
    inputs : iterable of Value, optional
        Leaves that are not parameters.
    room : int
        The most items that the page shows together.

    Returns
    -------
    Page

    Raises
    ------
    TypeError
        If `v` is neither a Value nor a Graph, if `selected` is not a Value, or if a title, a text or a note is not a
        str.
    ValueError
        If the graph has more than 200,000 nodes, if `parameters` or `inputs` are not leaves of it, if `selected` or
        what a note is for is not a node of it, if `step` is something else or stands alone, or if a text is empty.
    RuntimeError
        If a leaf was set in the middle of it, between two of its results, so that its numbers are not of one point.
    OSError
        If the file cannot be written; a FileNotFoundError if there is no folder for it.

    Examples
    --------
    >>> import tempfile
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = explore((w * x).tanh(), os.path.join(folder, "graph.html"), open=False)
    ...     os.path.basename(page.path)
    'graph.html'

    The page can tell a lesson in its own words:

    >>> u = w * x
    >>> y = u.tanh()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = explore(
    ...         y,
    ...         os.path.join(folder, "neuron.html"),
    ...         open=False,
    ...         title="One neuron",
    ...         text="It weighs its input and squashes the result.",
    ...         notes={u: "The weight decides how much the input counts.", y: "Never beyond 1."},
    ...     )
    ...     page.title
    'One neuron'
    """
    graph = v if isinstance(v, Graph) else Graph(v)
    check(graph, room)
    content = build(graph, parameters, inputs, room, title, text, notes, selected, step)
    if path is None:
        import tempfile

        path = os.path.join(tempfile.mkdtemp(prefix="glassgrad-"), "graph.html")
        if open is None:
            open = not _in_notebook()
    path = os.fsdecode(path)
    write_text(path, content)
    if open:
        import webbrowser

        webbrowser.open(Path(path).resolve().as_uri())
    return Page(path, content, title_of(graph, title))


def check(graph: Graph, room: int) -> None:
    """Refuse a graph that is too large for a page, and rooms that are too small.

    Raises
    ------
    ValueError
        If the graph has more than `LIMIT` nodes, or if a room is to hold fewer than 8 items.
    """
    if len(graph) > LIMIT:
        raise ValueError(
            f"the graph has {len(graph):,} nodes, and a page holds at most {LIMIT:,}; explore a part of it, such as "
            "the loss of one example"
        )
    if room < 8:
        raise ValueError(f"a room must hold at least 8 items, not {room}")


def _in_notebook() -> bool:
    """Whether no browser need be opened: in a notebook, whose cell shows the page, or in Pyodide, inside a browser."""
    import sys

    if sys.platform == "emscripten":
        return True
    for module, name in (("IPython", "get_ipython"), ("marimo", "running_in_notebook")):
        found = getattr(sys.modules.get(module), name, None)
        if found is not None:
            running = found()
            if running is True or hasattr(running, "kernel"):
                return True
    return False


def title_of(graph: Graph, title: str | None = None) -> str:
    """The title of a window or frame that shows the page of a graph: the given one, or else the name of the root.

    Characters that UTF-8 cannot encode (lone surrogates) are replaced.

    Examples
    --------
    >>> title_of(Graph(Value(2.0, "x").exp())), title_of(Graph(Value(1.0, "\\ud800")))
    ('@1', '\ufffd')
    """
    name = title.strip() if title else names(graph)[-1]
    shown = name if len(name) <= 40 else f"{name[:39]}…"
    return shown.encode("utf-8", "replace").decode()


def build(
    graph: Graph,
    parameters: Iterable[Value] | None = None,
    inputs: Iterable[Value] | None = None,
    room: int = 60,
    title: str | None = None,
    text: str | None = None,
    notes: Mapping[Value, str] | None = None,
    selected: Value | None = None,
    step: str | None = None,
) -> str:
    """The page's HTML."""
    roles = roles_of(graph, parameters, inputs)
    introduction = story(graph, roles, title, text, notes) | beginning(graph, selected, step)
    style = "\n".join((PAGE / f"{part}.css").read_text(encoding="utf-8") for part in STYLES)
    script = bundle({"operations": javascript(used(graph).values())})
    parts = {
        "policy": html.escape(
            f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data: blob:; "
            "base-uri 'none'; form-action 'none'"
        ),
        "title": html.escape(f"{title_of(graph, title)} · glassgrad"),
        "style": style,
        "script": script,
        "data": _json(data(graph, roles, room) | {"story": introduction}),
    }
    template = (PAGE / "index.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _digest(text: str) -> str:
    """The hash by which a content security policy allows an inline script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _json(document: Any) -> str:
    """JSON that is safe inside a script element: no string in it can end the element."""
    return json.dumps(document, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def data(graph: Graph, roles: list[str], room: int) -> dict[str, Any]:
    """Everything that the page knows about a graph.

    Nodes are given by their positions, rooms by -1, -2, ... where a node could stand as well, else by 0, 1, ...

    - ``graph``, ``names``, ``since``, ``roles``, ``operations``, ``notes``: the graph in JSON, the names of its nodes,
      the present data of leaves that have been set since, the roles of its leaves, the rules of its operations, and
      what the page cannot do with this graph.
    - ``layers``: see `layers.described`; ``known``: see `Titles.usual_names`.
    - ``rooms``: each with its ``name``, ``title``, ``kind``, ``parent``, ``items``, ``neighbours``, and ``edges`` as
      pairs of places among both; with the ``row`` of places of items that are steps; and with the number of its
      ``layout`` on a wide stage and on a ``narrow`` one. Constants, but for a root that is one, are in no room.
    - ``copies``: batches. The ``members`` are lists of nodes, one for each example; nodes at the same place of these
      lists play the same part, and -1 stands where an example has no such node. The first node at a place, its
      stand-in, is in a room; the others are in none, and the page can show them instead of the stand-in. ``gather`` has
      the nodes that join the examples, and ``room`` is the smallest room that contains all of these.
    - ``layouts``: see `placing.layouts`; ``sizes`` of the cards.
    """
    operations = {key: described(op, arity) for key, (op, arity) in used(graph).items()}
    found = rooms.rooms(graph, room, roles)
    layouts, wide, narrow, trouble = placing.layouts(found)
    number = {place: k for k, place in enumerate(found)}

    def code(item: int | rooms.Room) -> int:
        return item if isinstance(item, int) else -1 - number[item]

    notes = []
    unread = sorted({key.partition("/")[0] for key, known in operations.items() if not known["readable"]})
    if CHECKPOINT.name in unread:
        unread.remove(CHECKPOINT.name)
        notes.append(
            "The graph inside a checkpointed function is not kept. Its results and all gradients are shown, but not "
            "its nodes, and what depends on it cannot be computed again when you change a leaf."
        )
    if unread:
        notes.append(
            f"The rule of {', '.join(unread)} cannot be read with symbols, because it uses functions that take numbers "
            "only. Its results are shown, but what depends on them cannot be computed again when you change a leaf."
        )
    if trouble:
        notes.append(f"Graphviz could not lay out the graph ({trouble}); the page uses a simpler layout of its own.")
    return {
        "graph": graph.document(),
        "names": names(graph),
        "since": {position: plain(x) for position, x in data_set_since(graph).items()},
        "roles": roles,
        "operations": operations,
        "layers": layers.described(graph, layers.layers(graph, roles)),
        "rooms": [
            {
                "name": place.name,
                "title": place.title,
                "kind": place.kind,
                "parent": -1 if place.parent is None else number[place.parent],
                "items": [code(item) for item in place.items],
                "neighbours": [code(item) for item in place.neighbours],
                "edges": place.edges,
                "row": [place.items.index(item) for item in place.row if item in place.items],
                "layout": layout,
                "narrow": slim,
            }
            for place, layout, slim in zip(found, wide, narrow)
        ],
        "copies": [
            {"room": number[place], "gather": batch.gather, "members": batch.members}
            for place in found
            for batch in place.copies
        ],
        "known": Titles(graph).usual_names(),
        "layouts": layouts,
        "sizes": {"scalar": placing.SCALAR, "room": placing.ROOM},
        "notes": notes,
    }


def plain(x: float) -> float | str:
    """A number as JSON can hold it.

    Examples
    --------
    >>> plain(0.5), plain(math.inf)
    (0.5, 'inf')
    """
    return x if math.isfinite(x) else str(x)


# --- roles ------------------------------------------------------------------------------------------------------------

_INPUT_NAME = re.compile(r"(x|y|t)_?\d*", re.IGNORECASE)


def roles_of(graph: Graph, parameters: Iterable[Value] | None, inputs: Iterable[Value] | None) -> list[str]:
    """For each node "parameter", "input" or "constant"; an empty text for results.

    Parameters
    ----------
    graph : Graph
    parameters, inputs : iterable of Value, optional
        As in `explore`.

    Examples
    --------
    >>> roles_of(Graph(Value(0.5, "w") * Value(2.0, "x") * 3), None, None)
    ['parameter', 'input', '', 'constant', '']
    """
    parameter_positions = _positions_of_leaves(graph, parameters, "parameters")
    input_positions = _positions_of_leaves(graph, inputs, "inputs") or set()
    owned = any(_is_owned(node) for node in graph)

    def role(position: int, node: Value) -> str:
        if node.op is not None:
            return ""
        if parameter_positions is not None:
            moves = position in parameter_positions
        elif inputs is not None:
            moves = bool(node.label) and position not in input_positions
        elif owned:
            moves = _is_owned(node)
        else:
            moves = bool(node.label) and not _INPUT_NAME.fullmatch(node.label)
        if moves:
            return "parameter"
        return "constant" if isinstance(node, Constant) else "input"

    return [role(position, node) for position, node in enumerate(graph)]


def _is_owned(node: Value) -> bool:
    return node.op is None and bool(node.scope) and bool(node.label)


def _positions_of_leaves(graph: Graph, values: Iterable[Value] | None, what: str) -> set[int] | None:
    """The positions in the graph of Values, which must be leaves; None if `values` is None."""
    if values is None:
        return None
    found = set()
    for value in values:
        if not isinstance(value, Value):
            raise TypeError(f"{what} must be Values, not {type(value).__name__}: {value!r:.60}")
        if value.op is not None:
            raise ValueError(f"{what} must be leaves, but {value.describe()} is the result of {value.op.name}")
        if value in graph:  # a network may have parameters that this graph does not use
            found.add(graph.position(value))
    return found


# --- the bundle -------------------------------------------------------------------------------------------------------

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)


def bundle(made: dict[str, str], start: str = "main") -> str:
    """The page's modules as one script, each after those that it imports.

    The modules keep to a restricted form: imports are written ``import { a, b } from "./name.js";``, exports are the
    word ``export`` before a declaration, and no two modules import each other. So each becomes a function that is
    called at once: it returns the module's exports, and takes its imports from what other functions returned.

    Parameters
    ----------
    made : dict
        The sources, by name, of modules that are not files.
    start : str
        The module to begin with.

    Examples
    --------
    >>> one, main = "export const one = 1;", 'import { one } from "./one.js"; alert(one);'
    >>> print(bundle({"one": one + chr(10), "main": main.replace("; ", ";" + chr(10)) + chr(10)}))
    const one_js = (() => {
    const one = 1;
    return { one };
    })();
    const main_js = (() => {
    const { one } = one_js;
    alert(one);
    return {  };
    })();
    """
    from graphlib import TopologicalSorter

    sources: dict[str, str] = {}
    imports: dict[str, list[str]] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in sources:
            sources[name] = made[name] if name in made else (PAGE / f"{name}.js").read_text(encoding="utf-8")
            imports[name] = [other for _, other in _IMPORT.findall(sources[name])]
            waiting += imports[name]
    order = TopologicalSorter(imports).static_order()
    return "\n".join(f"const {name}_js = (() => {{\n{_function_body(sources[name])}}})();" for name in order)


def _function_body(source: str) -> str:
    """The source of a module rewritten as the body of a function."""
    exported = _EXPORT.findall(source)
    body = _IMPORT.sub(r"const {\1} = \2_js;", source)
    return f"{_EXPORT.sub('', body)}return {{ {', '.join(exported)} }};\n"
