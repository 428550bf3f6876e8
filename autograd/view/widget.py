"""A page that is linked to the program: the state that both share, and `widget`, which shows the page in a notebook.

`Link` checks the page's messages and carries them out, and makes those of the program; it does not depend on notebooks.
The widget itself is in ``live``, which needs anywidget; its front end is ``page/notebook.js``, and the page's end is
``page/host.js``. ``page/messages.js`` describes the messages.
"""

from __future__ import annotations

import threading
import time
from array import array
from copy import copy
from typing import cast

from ..graph import Graph
from ..ieee import to_float
from ..value import Constant, Value, set_data
from .explore import Page, build, check, explore, plain, roles_of
from .text import data_set_since, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .live import Widget

PAUSE = 1 / 20
"""The least number of seconds between two points that are sent to a page."""

WITHOUT = (
    "anywidget is not installed, so this page and your program do not follow each other; "
    "pip install 'glassgrad[notebook]' installs it"
)


def widget(
    v: Value | Graph,
    *,
    parameters: Iterable[Value] | None = None,
    inputs: Iterable[Value] | None = None,
    room: int = 60,
) -> Widget:
    """The interactive page in a notebook, joined to the program: each follows the other.

    It is the page of `explore`, for Jupyter, VS Code, Colab and marimo. As the last line of a cell it shows itself; in
    each of several cells, if you like, and all of them show the same.

    **The program follows the page.** Change a leaf there, by dragging or typing, by a step of gradient descent or by
    undoing one, and its Value has that number, as if you had written ``w.data = x``. The page computes everything
    that depends on it by itself. Your results do not change: a graph belongs to the point where it was computed.
    What is selected in the page is ``widget.selected``, a Value or None, which can be observed.

    **The page follows the program** when you say ``widget.update(...)``, also from inside a loop: at most 20 times a
    second, and the last one always arrives.

    - ``update(loss)`` shows a graph at the point where it was computed, as `explore` does, with a mark at leaves that
      were set since. If it has the shape of the one before (the same operations over the same operands, names and
      parameters) only numbers are sent, and the page stays in its room and its step; else it is a new page.
    - ``update()`` computes the graph again with the data that its leaves have now, and shows this. No nodes are made.

    In either case the page starts again at that point: what was changed in it before is part of the past, and cannot be
    undone there. What you do in the page while a cell runs takes effect when the cell is done, unless the program has
    updated the page since.

    Parameters
    ----------
    v : Value or Graph
        What is differentiated, usually a loss.
    parameters, inputs : iterable of Value, optional
        Which leaves gradient descent moves, as for `explore`.
    room : int
        The most items that the page shows together.

    Returns
    -------
    Widget
        Without anywidget, the `Page` of `explore`, with a warning: it shows itself, but follows nothing.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As `explore` does; `update` raises them as well.

    Examples
    --------
    In a notebook::

        w, x = Value(0.5, "w"), Value(2.0, "x")
        page = view.widget((w * x - 4) ** 2)
        page

    And in further cells, after dragging w in the page, or to see what training does::

        print(w.data, page.selected)

        for step in range(100):
            loss = (w * x - 4) ** 2
            loss.backward()
            w.data, w.grad = w.data - 0.01 * w.grad, 0.0
            page.update(loss)
    """
    try:
        from .live import Widget
    except ModuleNotFoundError as missing:
        if missing.name != "anywidget":
            raise
        import warnings

        warnings.warn(WITHOUT, stacklevel=2)
        page = explore(v, open=None, parameters=parameters, inputs=inputs, room=room)
        return cast("Widget", Still(page.path, page.html, page.title))
    return Widget(v, parameters, inputs, room)


class Still(Page):
    """The page where there is no anywidget; the attributes of a widget raise an error that says so."""

    def __getattr__(self, name: str) -> Any:
        if name in ("update", "selected", "observe", "unobserve"):
            raise AttributeError(f"there is no {name!r} here: {WITHOUT}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class Link:
    """A graph that a page and the program share, and the point of it that was last sent to the page.

    Parameters
    ----------
    v : Value or Graph
    parameters, inputs, room
        As in `widget`.

    Attributes
    ----------
    graph : Graph
    page : str
        The page's HTML. Another one is made when a graph of another shape is shown.
    basis : int
        The number of the point; the first is 1.
    changed : dict of int to float
        The data, by position, of the leaves that the page has changed since that point was sent.

    Examples
    --------
    >>> w = Value(0.5, "w")
    >>> link = Link((w * 2.0).tanh())
    >>> link.hear_leaves({"basis": 1, "changed": [[0, 0.75]]})
    >>> w.data
    0.75
    >>> link.hear_leaves({"basis": 1, "changed": []})  # as after undoing it
    >>> w.data
    0.5
    """

    def __init__(
        self,
        v: Value | Graph,
        parameters: Iterable[Value] | None = None,
        inputs: Iterable[Value] | None = None,
        room: int = 60,
    ) -> None:
        self._parameters = None if parameters is None else list(parameters)
        self._inputs = None if inputs is None else list(inputs)
        self._room = room
        self._shape: list[Any] = []
        self.basis = 0
        self.show(v)

    # --- from the program to the page ---

    def show(self, v: Value | Graph | None = None) -> None:
        """Go to another point: the one at which `v` was computed, or without `v` the data that the leaves have now."""
        if v is None:
            graph = copy(self.graph)  # the same nodes, at another point
            graph.data, partials = _computed(graph)
            self._begin(graph, partials, {})
            return
        graph = v if isinstance(v, Graph) else Graph(v)
        check(graph, self._room)
        shape = _shape(graph, roles_of(graph, self._parameters, self._inputs))
        if shape != self._shape:
            page = build(graph, self._parameters, self._inputs, self._room)
            self.page, self._shape, self._first, self._names = page, shape, self.basis + 1, names(graph)
        else:
            graph.require_one_point()
        self._begin(graph, [slope for node in graph for slope in node.partials], data_set_since(graph))

    def _begin(self, graph: Graph, partials: list[float], since: dict[int, float]) -> None:
        self.graph, self._partials, self._since = graph, partials, since
        self.changed: dict[int, float] = {}
        self.basis += 1

    def numbers(self) -> dict[str, Any]:
        """The message that sends the point to the page, with the names that differ from those in its HTML."""
        called = names(self.graph)
        return {
            "basis": self.basis,
            "data": _bytes(self.graph.data),
            "partials": _bytes(self._partials),
            "names": [[i, name] for i, (name, known) in enumerate(zip(called, self._names)) if name != known],
            "since": [[i, plain(x)] for i, x in self._since.items()],
        }

    # --- from the page to the program ---

    def hear_leaves(self, message: object) -> None:
        """Set the leaves that the page has changed, and restore those whose change it has undone.

        Raises
        ------
        ValueError, OverflowError
            If the message has another form, or if it names a node that is not a leaf of the graph, or a value that is
            not a number; no leaf is set then.
        """
        basis, pairs = _read(message, "changed")
        if basis != self.basis:
            return  # the message is about a point that has been replaced meanwhile
        if not isinstance(pairs, list):
            raise ValueError(f"the page's leaves must be a list of pairs, not {pairs!r:.60}")
        changed = dict(map(self._leaf, pairs))
        shown = {i: self.changed.get(i, self.graph.data[i]) for i in self.changed | changed}
        wanted = {i: changed.get(i, self.graph.data[i]) for i in shown}
        written = [i for i in shown if repr(shown[i]) != repr(wanted[i])]  # as text: -0 is not 0, and nan is nan
        set_data([self.graph.nodes[i] for i in written], [wanted[i] for i in written])
        self.changed = changed

    def _leaf(self, pair: object) -> tuple[int, float]:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError(f"the page's leaves must be pairs of a position and a number, not {pair!r:.60}")
        position, x = pair
        if self._node(position).op is not None:
            raise ValueError(f"the page cannot set {self._node(position).describe()}, because it is not a leaf")
        if x in ("inf", "-inf", "nan", "-0"):  # JSON has no other form for these, nor JavaScript's JSON for -0
            return position, float(x)
        if type(x) not in (int, float):
            raise ValueError(f"the page sets a leaf to {x!r:.60}, which is not a number")
        return position, to_float(x)

    def hear_selected(self, message: object) -> Value | None:
        """The node that is selected in the page; None if there is none, or if the message is from an earlier page.

        Raises
        ------
        ValueError
            If the message has another form.
        """
        basis, position = _read(message, "node")
        return None if position is None or basis < self._first else self._node(position)

    def _node(self, position: object) -> Value:
        if type(position) is not int or not 0 <= position < len(self.graph):
            raise ValueError(f"the page refers to node {position!r:.60}, but the graph has {len(self.graph)} nodes")
        return self.graph.nodes[position]


def _read(message: object, what: str) -> tuple[int, object]:
    if not isinstance(message, dict) or type(message.get("basis")) is not int or what not in message:
        raise ValueError(f"this is not a page's message with 'basis' and {what!r}: {message!r:.80}")
    return message["basis"], message[what]


def _computed(graph: Graph) -> tuple[list[float], list[float]]:
    """Data of all nodes, and partials of all their operands, with the leaves as they are now."""
    data: list[float] = []
    partials: list[float] = []
    for node, operands in zip(graph, graph.operands):
        if node.op is None:
            data.append(node.data)
            continue
        point = [data[i] for i in operands]
        data.append(node.op.value(*point))
        partials.extend(node.op.slopes(*point, data[-1]))
    return data, partials


def _shape(graph: Graph, roles: list[str]) -> list[Any]:
    """All that the HTML of a page is made from, except numbers and the names that are made from numbers."""
    return [
        (node.op, operands, node.label, node.scope, isinstance(node, Constant), role)
        for node, operands, role in zip(graph, graph.operands, roles)
    ]


def _bytes(numbers: list[float]) -> bytes:
    """Numbers as little-endian doubles, as the page reads them: each is exact, also nan and the sign of 0."""
    import sys

    packed = array("d", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


class Throttle:
    """Calls `action` whenever it is called, but with pauses; all calls during a pause become a single one after it.

    Parameters
    ----------
    action : callable
    later : callable, optional
        ``later(seconds, f)`` arranges a call of f. Without it no call can be put off, and there are no pauses.
    clock : callable

    Examples
    --------
    >>> now, put_off = 0.0, []
    >>> throttle = Throttle(lambda: print("done at", now), lambda seconds, f: put_off.append(f), lambda: now)
    >>> for now in (1.0, 1.01, 1.02):
    ...     throttle()
    done at 1.0
    >>> now = 1.06
    >>> put_off.pop()()
    done at 1.06
    """

    def __init__(
        self,
        action: Callable[[], None],
        later: Callable[[float, Callable[[], None]], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._action, self._later, self._clock = action, later, clock
        self._lock = threading.RLock()  # training may run in a thread of its own
        self._asked = self._waiting = False
        self._free = float("-inf")  # when the present pause ends

    def __call__(self) -> None:
        with self._lock:
            self._asked = True
            wait = self._free - self._clock()
            if wait <= 0 or self._later is None:
                self._act()
            elif not self._waiting:
                self._waiting = True
                try:
                    self._later(wait, self._due)
                except RuntimeError:  # the event loop is closed
                    self._later = None
                    self._act()

    def _due(self) -> None:
        with self._lock:
            self._waiting = False
            if self._asked:
                self()

    def _act(self) -> None:
        self._asked = False
        try:
            self._action()
        finally:
            self._free = self._clock() + PAUSE
