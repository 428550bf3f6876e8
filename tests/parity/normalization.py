"""Normalisation, and embeddings, beside PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nn

from . import Case
from .spatial import behind
from .training import layer


def evaluated(module: Any) -> Any:
    """The module in evaluation mode; ours with running statistics that differ by channel, which PyTorch's copies."""
    channels = getattr(module, "num_features", 3)
    mean, var = [0.5 - 0.3 * c for c in range(channels)], [0.7 + 0.4 * c for c in range(channels)]
    if isinstance(module, nn.Module):
        module.running_mean, module.running_var = mean, var
    return module.eval()


def embedding(indices: Any, options: str, ours: Callable[[], nn.Module], theirs: Callable[[Any], Any]) -> Case:
    """A table whose rows are trained."""

    def torchs() -> Any:
        import torch

        return theirs(torch.nn.Embedding)

    return layer("Embedding", options, ours, torchs, (), inputs=lambda: indices)


SETTINGS = [
    behind("BatchNorm1d", (3,), 3),
    behind("BatchNorm1d", (3,), 3, momentum=None),
    behind("BatchNorm1d", (2, 5), 2, eps=0.1, affine=False),
    behind("BatchNorm2d", (2, 3, 2), 2, momentum=0.3),
    behind("InstanceNorm1d", (2, 4), 2, affine=True, track_running_stats=True),
    behind("InstanceNorm2d", (2, 3, 2), 2, momentum=0.5, track_running_stats=True),
    behind("BatchNorm1d", (3,), 3, track_running_stats=False),
    behind("BatchNorm1d", (2, 5), 2, track_running_stats=False),
    behind("BatchNorm1d", (3,), 3, prepare=evaluated),
    behind("BatchNorm1d", (3, 5), 3, affine=False, prepare=evaluated),
    behind("BatchNorm2d", (2, 3, 2), 2, track_running_stats=False),
    behind("BatchNorm2d", (2, 3, 2), 2, prepare=evaluated),
    behind("InstanceNorm1d", (2, 4), 2),
    behind("InstanceNorm2d", (2, 3, 2), 2, affine=True),
    behind("InstanceNorm2d", (2, 3, 2), 2, affine=True, track_running_stats=True, prepare=evaluated),
    behind("GroupNorm", (4,), 2, 4),
    behind("GroupNorm", (4, 3), 2, 4, affine=False),
    behind("GroupNorm", (4, 2, 2), 1, 4, eps=0.1),
    behind("LayerNorm", (4,), 4),
    behind("LayerNorm", (2, 3), (2, 3), bias=False),
    behind("LayerNorm", (2, 3, 2), 2, eps=0.1, elementwise_affine=False),
    behind("RMSNorm", (4,), 4),
    behind("RMSNorm", (2, 3), (2, 3), eps=0.01, elementwise_affine=False),
]
CASES = [
    *[setting.case() for setting in SETTINGS],
    embedding([0, 3, 3, 1], "4, 3", lambda: nn.Embedding(4, 3, seed=1), lambda kind: kind(4, 3)),
    embedding(
        [[0, 3], [2, 0], [2, 2]], "4, 3, padding_idx=-2", lambda: nn.Embedding(4, 3, -2, seed=1),
        lambda kind: kind(4, 3, -2),
    ),
]  # fmt: skip
