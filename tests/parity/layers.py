"""Layers beside PyTorch's."""

from __future__ import annotations

from typing import Any

import nn

from . import containers, normalization, spatial
from .training import layer


def torch_nn() -> Any:
    import torch

    return torch.nn


CASES = [
    layer("Linear", "3, 2", lambda: nn.Linear(3, 2, seed=1), lambda: torch_nn().Linear(3, 2), (3,)),
    layer(
        "Linear", "3, 2, bias=False", lambda: nn.Linear(3, 2, bias=False, seed=1),
        lambda: torch_nn().Linear(3, 2, bias=False), (3,),
    ),
    *containers.CASES,
    *spatial.CASES,
    *normalization.CASES,
]  # fmt: skip
