"""Activations beside PyTorch's: each after a `Linear` layer, on inputs large enough to reach all of its pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nn

from . import Case
from .training import layer, random_numbers


class Activated(nn.Module):
    """A linear layer and an activation."""

    def __init__(self, activation: nn.Module) -> None:
        self.linear, self.activation = nn.Linear(3, 4, seed=1), activation

    def forward(self, x: Any) -> Any:
        return self.activation(self.linear(x))


def pytorchs(activation: Any) -> Any:
    """PyTorch's counterpart of `Activated`, with the same names of parameters."""
    import torch

    class Twin(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.activation = torch.nn.Linear(3, 4), activation

        def forward(self, x: Any) -> Any:
            return self.activation(self.linear(x))

    return Twin()


def large() -> Any:
    return [[5.0 * x for x in row] for row in random_numbers((4, 3), seed=1)]


def hardsigmoid() -> Any:
    """PyTorch's formula for it; its own Hardsigmoid rounds the slope 1/6 to single precision, also for float64."""
    import torch

    class Hardsigmoid(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.nn.functional.relu6(x + 3.0) / 6.0

    return Hardsigmoid()


def activation(name: str, options: str = "", *, training: bool = True, theirs: Callable[[], Any] | None = None) -> Case:
    """A case for the module of that name; `options` is the text of its keyword arguments."""
    given: dict[str, Any] = eval(f"dict({options})")

    def ours() -> nn.Module:
        return Activated(getattr(nn, name)(**given)).train(training)

    def twin() -> Any:
        import torch

        return pytorchs(theirs() if theirs else getattr(torch.nn, name)(**given)).train(training)

    return layer(name, options, ours, twin, (3,), inputs=large)


PLAIN = (
    *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SELU", "CELU", "Sigmoid", "LogSigmoid", "Tanh", "Tanhshrink"),
    *("Hardtanh", "Softplus", "Softsign", "SiLU", "Mish", "Hardswish", "GELU", "GLU", "Softshrink", "Hardshrink"),
)
CASES = [
    *map(activation, PLAIN),
    activation("Hardsigmoid", theirs=hardsigmoid),
    activation("LeakyReLU", "negative_slope=0.2"),
    activation("PReLU", "num_parameters=4, init=0.5"),
    activation("RReLU", "lower=0.1, upper=0.5", training=False),
    activation("ELU", "alpha=0.5"),
    activation("CELU", "alpha=0.5"),
    activation("Hardtanh", "min_val=-0.5, max_val=2.0"),
    activation("Softplus", "beta=2.0, threshold=3.0"),
    activation("GELU", "approximate='tanh'"),
    activation("Softshrink", "lambd=0.25"),
    activation("Hardshrink", "lambd=0.25"),
    activation("Threshold", "threshold=0.5, value=-1.0"),
    activation("Softmax", "dim=-1"),
    activation("LogSoftmax", "dim=-1"),
    activation("Softmin", "dim=-1"),
]
