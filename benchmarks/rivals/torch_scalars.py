"""PyTorch with a 0-d tensor for every scalar: its eager engine on the graphs of the scalar libraries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from ..scalars import Engine


class Library(Engine):
    def leaves(self, numbers: Iterable[float]) -> list[Any]:
        return [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]

    def zero(self, leaves: Sequence[Any]) -> None:
        for leaf in leaves:
            leaf.grad = None

    def backward(self, root: Any) -> None:
        root.backward()

    def data(self, root: Any) -> float:
        return float(root.item())

    def grad(self, leaf: Any) -> float:
        return 0.0 if leaf.grad is None else float(leaf.grad.item())

    relu = staticmethod(torch.relu)
    exp = staticmethod(torch.exp)
    log = staticmethod(torch.log)
