"""How lessons' pictures look, and what becomes of them: an SVG, or a page in a frame.

Pictures follow the reader's choice of light or dark: what is text or a line has the colour of the text around it, and
the colours of curves can be told apart on either ground, also by those who see few colours.
"""

from __future__ import annotations

import html
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#3b82c4", "#d9772b", "#2f9e6e", "#b35fb8", "#8a8a8a", "#c9a227")
"""Blue, orange, green, purple, grey, yellow. Blue and orange are also the signs of gradients: positive and negative."""

_INK = "#010203"  # nobody else uses it; it becomes the colour of the text around the picture


@dataclass(frozen=True)
class Picture:
    """What is shown: its kind (figure, drawing or page), as HTML, and as a file of its own."""

    kind: str
    html: str
    file: str
    suffix: str


def axes(
    columns: int = 1, rows: int = 1, *, width: float = 7.0, height: float = 3.2, **settings: Any
) -> tuple[Figure, Any]:
    """A figure of matplotlib and its axes, in the style of the lessons; the rest is matplotlib.

    The style stays matplotlib's from then on, for legends, annotations and colours such as "C1" look it up when they
    are made or drawn.

    Parameters
    ----------
    columns, rows : int
        How many pictures stand side by side, and one below the other.
    width, height : float
        Of the whole, in inches.
    **settings
        For ``matplotlib.figure.Figure.subplots``, such as ``sharey=True``.

    Returns
    -------
    figure, axes
        As ``plt.subplots`` returns them: one axes, or an array of them.
    """
    import matplotlib
    from cycler import cycler
    from matplotlib.figure import Figure

    style: Any = {
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "axes.labelsize": 10,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "legend.fontsize": 9,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "grid.alpha": 0.25,
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "grid.color"), _INK
        ),
        "figure.facecolor": "none",
        "axes.facecolor": "none",
    }
    matplotlib.rcParams.update(style)
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **settings)


def picture(thing: object, caption: str = "") -> Picture:
    """What can be shown of a figure, a drawing or a page.

    Raises
    ------
    TypeError
        If it is none of them.
    """
    from autograd import Graph, Value
    from autograd.view import Page, explore

    if isinstance(thing, Page):
        return Picture("page", str(thing._repr_html_()), thing.html, "html")
    if isinstance(thing, Value):
        thing = Graph(thing)
    if isinstance(thing, Graph):
        drawn = thing._repr_mimebundle_()
        if "image/svg+xml" not in drawn:  # there is no Graphviz; the interactive page has a layout of its own
            return picture(explore(thing, open=False))
        return _svg("drawing", drawn["image/svg+xml"], caption)
    if hasattr(thing, "savefig"):
        return _figure(thing, caption)
    if hasattr(thing, "pipe"):
        return _svg("drawing", thing.pipe(format="svg", encoding="utf-8"), caption)
    raise TypeError(f"show takes a figure, a graph, a page or text, not {type(thing).__name__}: {thing!r:.60}")


def _figure(figure: Any, caption: str) -> Picture:
    import matplotlib

    file = io.StringIO()
    # Text stays text; and the same figure gives the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "glassgrad"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return _svg("figure", file.getvalue().replace(_INK, "currentColor"), caption)


def _svg(kind: str, text: str, caption: str) -> Picture:
    """An SVG that goes into a page: without a prologue, and with what it shows in words."""
    svg = text[text.index("<svg") :]
    label = html.escape(caption.replace("`", ""), quote=True)
    named = re.sub(r"<svg", f'<svg role="img" aria-label="{label}"', svg, count=1)
    return Picture(kind, named, text, "svg")
