"""Convolutions, pools, dropout, and layers that rearrange numbers, beside PyTorch's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nn

from . import Case
from .training import Shape, layer


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


@dataclass(frozen=True)
class Setting:
    """A layer with some arguments, the same here and in PyTorch.

    Attributes
    ----------
    name : str
    example : tuple of int
        The shape of one example.
    settings, options : tuple, dict
        The positional and the keyword arguments.
    weighted : bool
        Whether it draws weights of its own. If not, it stands behind a layer with weights, which mixes the channels
        place by place, so that there is something to train.
    prepare : callable
        Applied to the layer, here and in PyTorch, when it has been made.
    """

    name: str
    example: Shape
    settings: tuple[Any, ...]
    options: dict[str, Any]
    weighted: bool = False
    prepare: Callable[[Any], Any] = lambda module: module

    def __str__(self) -> str:
        arguments = [*map(repr, self.settings), *(f"{name}={x!r}" for name, x in self.options.items())]
        return ", ".join(arguments) + ("" if self.prepare(nn.Module()).training else ", in evaluation")

    def ours(self) -> nn.Module:
        """The layer here, behind a layer with weights if it needs one."""
        kind, first = getattr(nn, self.name), self._first()
        if self.weighted:
            made: nn.Module = kind(*self.settings, **self.options, seed=1)
            return self.prepare(made)  # type: ignore[no-any-return]
        return Pair(getattr(nn, first[0])(*first[1], seed=1), self.prepare(kind(*self.settings, **self.options)))

    def theirs(self) -> Any:
        """The layer in PyTorch, behind a layer with weights if it needs one."""
        import torch

        made, first = self.prepare(getattr(torch.nn, self.name)(*self.settings, **self.options)), self._first()
        return made if self.weighted else torch_pair(getattr(torch.nn, first[0])(*first[1]), made)

    def _first(self) -> tuple[str, tuple[int, ...]]:
        channels, *places = self.example
        return (f"Conv{len(places)}d", (channels, channels, 1)) if places else ("Linear", (channels, channels))

    def case(self, **more: Any) -> Case:
        """The case that trains the layer."""
        return layer(self.name, str(self), self.ours, self.theirs, self.example, **more)


def weighted(name: str, example: Shape, *settings: Any, **options: Any) -> Setting:
    """A layer that draws weights of its own."""
    return Setting(name, example, settings, options, weighted=True)


def behind(
    name: str, example: Shape, *settings: Any, prepare: Callable[[Any], Any] = lambda module: module, **options: Any
) -> Setting:
    """A layer that draws no weights, behind one that does."""
    return Setting(name, example, settings, options, prepare=prepare)


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


SETTINGS = [
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
]
CASES = [
    *[setting.case() for setting in SETTINGS],
    layer(
        "Residual", "Conv2d(2, 2, 3, padding=1)", lambda: nn.Residual(nn.Conv2d(2, 2, 3, padding=1, seed=1)),
        torch_residual, (2, 4, 3),
    ),
]  # fmt: skip
