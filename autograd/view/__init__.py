"""Looking at a graph. Each way of looking is a module; all start from `autograd.Graph`."""

from .dot import draw_dot
from .text import explain, forward

__all__ = ["draw_dot", "explain", "forward"]
