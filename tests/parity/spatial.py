"""Convolutions, pools, dropout and what arranges numbers anew, beside PyTorch's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import nn

from . import Case
from .training import Shape, layer


def text(*settings: Any, **options: Any) -> str:
    """Arguments as they are written in a call.

    >>> text(2, (3, 1), padding="same")
    "2, (3, 1), padding='same'"
    """
    return ", ".join([*map(repr, settings), *(f"{name}={x!r}" for name, x in options.items())])


def weighted(name: str, example: Shape, *settings: Any, **options: Any) -> Case:
    """A layer with weights that are drawn, here and there with the same arguments."""

    def theirs() -> Any:
        import torch

        return getattr(torch.nn, name)(*settings, **options)

    def ours() -> nn.Module:
        made: nn.Module = getattr(nn, name)(*settings, **options, seed=1)
        return made

    return layer(name, text(*settings, **options), ours, theirs, example)


class Pair(nn.Module):
    """Two modules, one after the other, under the same names as those of `torch_pair`."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        self.first, self.second = first, second

    def forward(self, x: Any) -> Any:
        return self.second(self.first(x))


def torch_pair(first: Any, second: Any) -> Any:
    """PyTorch's two modules, one after the other."""
    import torch

    return torch.nn.Sequential(OrderedDict(first=first, second=second))


def behind(
    name: str,
    example: Shape,
    *settings: Any,
    prepare: Callable[[Any], Any] = lambda module: module,
    **options: Any,
) -> Case:
    """A layer behind one with weights, which mixes the channels place by place, so that there is something to train."""
    channels, places = example[0], len(example) - 1

    def ours() -> nn.Module:
        first = (
            getattr(nn, f"Conv{places}d")(channels, channels, 1, seed=1) if places else nn.Linear(channels, channels)
        )
        return Pair(first, prepare(getattr(nn, name)(*settings, **options)))

    def theirs() -> Any:
        import torch

        first = (
            getattr(torch.nn, f"Conv{places}d")(channels, channels, 1)
            if places
            else torch.nn.Linear(channels, channels)
        )
        return torch_pair(first, prepare(getattr(torch.nn, name)(*settings, **options)))

    mode = "" if prepare(nn.Module()).training else ", in evaluation"
    return layer(name, text(*settings, **options) + mode, ours, theirs, example)


def evaluated(module: Any) -> Any:
    """The module in evaluation mode."""
    return module.eval()


def torch_residual() -> Any:
    """x + module(x), as one writes it in PyTorch."""
    import torch

    kind = type("Residual", (torch.nn.Module,), {"forward": lambda self, x: x + self.module(x)})
    made = kind()
    made.module = torch.nn.Conv2d(2, 2, 3, padding=1)
    return made


CASES = [
    weighted("Conv1d", (2, 6), 2, 3, 3),
    weighted("Conv1d", (2, 6), 2, 3, 3, padding="same", bias=False),
    weighted("Conv1d", (4, 7), 4, 2, 3, stride=2, padding=1, dilation=2, groups=2),
    weighted("Conv2d", (2, 5, 4), 2, 3, 3),
    weighted("Conv2d", (1, 5, 4), 1, 2, (3, 2), stride=(2, 1), padding=(1, 0), bias=False),
    weighted("Conv2d", (2, 5, 4), 2, 2, 3, padding="same", dilation=(2, 1)),
    weighted("Conv2d", (2, 5, 4), 2, 2, 3, padding="valid"),
    weighted("Conv2d", (4, 4, 4), 4, 4, 3, padding=1, groups=4),
    weighted("Conv2d", (4, 3, 3), 4, 6, 2, padding=2, groups=2),
    weighted("ConvTranspose1d", (2, 3), 2, 3, 3, stride=2, padding=1, output_padding=1),
    weighted("ConvTranspose1d", (4, 3), 4, 2, 2, stride=3, groups=2, bias=False),
    weighted("ConvTranspose2d", (2, 3, 2), 2, 3, 3),
    weighted("ConvTranspose2d", (2, 3, 2), 2, 2, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
    behind("MaxPool1d", (2, 6), 2),
    behind("MaxPool1d", (2, 7), 3, stride=2, padding=1, dilation=2, ceil_mode=True),
    behind("MaxPool2d", (2, 4, 4), 2),
    behind("MaxPool2d", (1, 5, 5), (3, 2), stride=2, padding=1),
    behind("AvgPool1d", (2, 6), 2),
    behind("AvgPool1d", (2, 6), 3, stride=2, padding=1, ceil_mode=True),
    behind("AvgPool2d", (2, 4, 4), 2),
    behind("AvgPool2d", (1, 6, 5), 3, stride=2, padding=1, ceil_mode=True),
    behind("AvgPool2d", (1, 6, 5), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
    behind("AvgPool2d", (1, 4, 4), 2, divisor_override=3),
    behind("AdaptiveAvgPool1d", (2, 7), 3),
    behind("AdaptiveAvgPool2d", (2, 5, 4), (3, None)),
    behind("AdaptiveAvgPool2d", (2, 3, 3), 1),
    behind("AdaptiveMaxPool1d", (2, 5), 2),
    behind("AdaptiveMaxPool2d", (2, 5, 4), 2),
    behind("Flatten", (2, 2, 3)),
    behind("Flatten", (2, 2, 3), 2, -1),
    behind("Unflatten", (4,), 1, (2, 2)),
    behind("ZeroPad2d", (2, 2, 3), (1, 0, 2, 1)),
    behind("Upsample", (2, 2, 3), scale_factor=2),
    behind("Upsample", (1, 4, 3), size=(3, 5)),
    behind("Dropout", (3,), 0.5, prepare=evaluated),
    behind("Dropout1d", (2, 3), 0.5, prepare=evaluated),
    behind("Dropout2d", (2, 3, 2), 0.5, prepare=evaluated),
    behind("AlphaDropout", (3,), 0.5, prepare=evaluated),
    layer(
        "Residual", "Conv2d(2, 2, 3, padding=1)", lambda: nn.Residual(nn.Conv2d(2, 2, 3, padding=1, seed=1)),
        torch_residual, (2, 4, 3),
    ),
]  # fmt: skip
