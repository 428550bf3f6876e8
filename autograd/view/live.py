"""The notebook widget, an anywidget whose traits carry the messages between page and program.

This module needs anywidget, so `widget` imports it only when it is called.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from ..graph import Graph
from ..value import Value
from .explore import bundle, title_of
from .widget import Link, Throttle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Widget(anywidget.AnyWidget):
    """What `autograd.view.widget` returns; see there.

    Attributes
    ----------
    selected : Value or None
        The node that is selected in the page; ``widget.observe(f, "selected")`` calls f when another one is selected.
    """

    _esm = f"{bundle({}, 'notebook')}\nexport default {{ render: notebook_js.render }};\n"

    selected = traitlets.Instance(Value, allow_none=True, read_only=True)

    _title = traitlets.Unicode().tag(sync=True)
    _page = traitlets.Unicode().tag(sync=True)
    _numbers = traitlets.Dict().tag(sync=True)
    _leaves = traitlets.Dict().tag(sync=True)
    _selected = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        v: Value | Graph,
        parameters: Iterable[Value] | None = None,
        inputs: Iterable[Value] | None = None,
        room: int = 60,
    ) -> None:
        self._link = Link(v, parameters, inputs, room)
        self._next: Value | Graph | None = None
        self._throttle = Throttle(self._follow, _later())
        super().__init__(**self._state())

    def __repr__(self) -> str:
        return f"<widget of {self._title}>"

    def update(self, loss: Value | Graph | None = None) -> None:
        """Update the page: show the graph of `loss`, or else the present graph with the data that its leaves have now.

        An update less than a twentieth of a second after the one before is put off. The latest of these is sent by a
        later call, or when the cell is done.

        Parameters
        ----------
        loss : Value or Graph, optional

        Raises
        ------
        TypeError
            If `loss` is neither a Value nor a Graph.
        ValueError, RuntimeError
            As `autograd.view.explore` does.
        """
        if loss is not None and not isinstance(loss, (Value, Graph)):
            raise TypeError(f"the page shows the graph of a Value, not of {type(loss).__name__}: {loss!r:.60}")
        self._next = loss
        self._throttle()

    def _follow(self) -> None:
        self._link.show(self._next)
        self._next = None
        with self.hold_sync():  # page and numbers arrive together
            for name, message in self._state().items():
                setattr(self, name, message)
        self._select()

    def _state(self) -> dict[str, Any]:
        link = self._link
        return {
            "_title": title_of(link.graph),
            "_page": link.page,
            "_numbers": link.numbers(),
            "_leaves": {"basis": link.basis, "changed": []},
        }

    @traitlets.observe("_leaves")
    def _hear_leaves(self, change: dict[str, Any]) -> None:
        self._link.hear_leaves(change["new"])

    @traitlets.observe("_selected")
    def _hear_selected(self, change: dict[str, Any]) -> None:
        self._select()

    def _select(self) -> None:
        self.set_trait("selected", self._link.hear_selected(self._selected) if self._selected else None)


def _later() -> Callable[[float, Callable[[], None]], None] | None:
    """A function that lets the event loop of a notebook call another one later; None where no event loop runs.

    The loop makes such calls when the cell is done. Any thread may ask for one.
    """
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None

    def later(seconds: float, f: Callable[[], None]) -> None:
        loop.call_soon_threadsafe(loop.call_later, seconds, f)

    return later
