"""Ways to look at a graph: as text, as a drawing, as an interactive page. All of them start from `autograd.Graph`."""

from .. import _namesake
from .dot import draw_dot
from .explore import Page, explore
from .text import explain, trace
from .text import forward as forward  # the older name of trace
from .widget import widget

__all__ = ["Page", "draw_dot", "explain", "explore", "trace", "widget"]

_namesake.check()
