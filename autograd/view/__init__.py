"""Looking at a graph. Each way of looking is a module; all start from `autograd.Graph`."""

from .text import explain, forward

__all__ = ["explain", "forward"]
