"""glassgrad without ``nn``: the loops of a network are written out. Both engines run this code."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from typing import Any

import autograd
from autograd import Graph, Value

from ..scalars import ValueEngine


class Library(ValueEngine):
    value = Value
    relu = staticmethod(Value.relu)
    exp = staticmethod(Value.exp)
    log = staticmethod(Value.log)
    tanh = staticmethod(Value.tanh)

    def adam_step(self, leaves: Sequence[Any], lr: float, betas: Sequence[float], eps: float) -> Callable[[], None]:
        import nn  # only tasks with a step of Adam need it

        return nn.Adam(leaves, lr, (betas[0], betas[1]), eps).step

    def nodes(self, root: Any) -> int:
        return len(Graph(root))

    def object_bytes(self, root: Any) -> float:
        nodes = 0
        owned: dict[int, Any] = {}
        while root.operands:
            nodes += 1
            # A native node keeps its floats inside itself; an interpreted one refers to them.
            floats = [x for x in gc.get_referents(root) if isinstance(x, float)]
            owned.update((id(x), x) for x in (root, *floats))
            root = root.operands[0]
        return sum(map(sys.getsizeof, owned.values())) / nodes


def engine() -> str:
    """Which engine is running."""
    return autograd.engine
