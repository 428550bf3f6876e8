"""The style of the lessons' pictures, and their form in a page: an SVG, or an interactive page in a frame.

Pictures follow the reader's choice of light or dark: text and lines have the colour of the surrounding text, and the
colours of curves can be told apart on either background, also by readers who are colour-blind.
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

_INK = "#010203"  # nothing else has this colour; `_figure` replaces it by that of the text around the picture


@dataclass(frozen=True)
class Picture:
    """A picture to show: its kind (figure, drawing or page), its HTML, and the text of a file with it alone."""

    kind: str
    html: str
    file: str
    suffix: str


def axes(
    columns: int = 1, rows: int = 1, *, width: float = 7.0, height: float = 3.2, **settings: Any
) -> tuple[Figure, Any]:
    """A figure of matplotlib and its axes, in the style of the lessons; the rest is matplotlib.

    The style is set in matplotlib's global settings and stays there, because legends, annotations and colours such as
    "C1" look it up only when they are made or drawn.

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
    """Make a `Picture` of a figure, a graph, a drawing or a page.

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
        if "image/svg+xml" not in drawn:  # without Graphviz; the interactive page does its own layout
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
    # Text stays text, instead of outlines; without date and random ids the same figure gives the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "glassgrad"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return _svg("figure", file.getvalue().replace(_INK, "currentColor"), caption)


def _svg(kind: str, text: str, caption: str) -> Picture:
    """An SVG to be put into HTML: without its XML prologue, and with the caption as a label for screen readers."""
    svg = text[text.index("<svg") :]
    label = html.escape(caption.replace("`", ""), quote=True)
    named = re.sub(r"<svg", f'<svg role="img" aria-label="{label}"', svg, count=1)
    return Picture(kind, named, text, "svg")
