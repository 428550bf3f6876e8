"""Containers, and `Bilinear`, the layer of two inputs, beside PyTorch's."""

from __future__ import annotations

from typing import Any

import nn

from .training import layer


def torch_nn() -> Any:
    import torch

    return torch.nn


def blocks(lib: Any, linear: Any) -> Any:
    """A module that holds others in a list and a dict."""

    class Blocks(lib.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.body = lib.Sequential(linear(3, 4), lib.Tanh())
            self.layers = lib.ModuleList([linear(4, 4), linear(4, 4)])
            self.heads = lib.ModuleDict({"one": linear(4, 1), "two": linear(4, 2)})

        def forward(self, x: Any) -> Any:
            x = self.body(x)
            for part in self.layers:
                x = part(x)
            return self.heads["two"](x)

    return Blocks()


def squared(lib: Any, layer: Any) -> Any:
    """A layer of two inputs that gets the same one twice."""

    class Squared(lib.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: Any) -> Any:
            return self.layer(x, x)

    return Squared()


def mixed(lib: Any) -> Any:
    return lib.Sequential(lib.Linear(3, 4), lib.Sequential(lib.Tanh(), lib.Linear(4, 2, bias=False)))


CASES = [
    layer("Sequential", "Linear, Sequential", lambda: mixed(nn), lambda: mixed(torch_nn()), (3,)),
    layer(
        "ModuleList", "and ModuleDict", lambda: blocks(nn, nn.Linear),
        lambda: blocks(torch_nn(), torch_nn().Linear), (3,),
    ),
    layer(
        "Bilinear", "3, 3, 2", lambda: squared(nn, nn.Bilinear(3, 3, 2, seed=1)),
        lambda: squared(torch_nn(), torch_nn().Bilinear(3, 3, 2)), (3,),
    ),
    layer(
        "Bilinear", "3, 3, 2, bias=False", lambda: squared(nn, nn.Bilinear(3, 3, 2, bias=False, seed=1)),
        lambda: squared(torch_nn(), torch_nn().Bilinear(3, 3, 2, bias=False)), (3,),
    ),
]  # fmt: skip
