"""Layers of sequences beside PyTorch's: recurrence and attention, of a whole batch and of one example.

Everything that a call returns is compared, outputs, states and weights of attention alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nn
from autograd.functional import leaves

from . import Case
from .training import layer, random_numbers

Make = Callable[[Any], Any]  # with nn or torch.nn
Call = Callable[[Any, Any], Any]


def torch_nn() -> Any:
    import torch

    return torch.nn


def everything(made: Any) -> Any:
    """All that a call returned, in one row: PyTorch's tensors in tuples, or our nested lists."""
    import torch

    if isinstance(made, torch.Tensor):
        return made.flatten()
    if isinstance(made, tuple) and isinstance(made[0], torch.Tensor):
        return torch.cat([everything(part) for part in made])
    return leaves(made)


def around(inner: Make, call: Call) -> tuple[Callable[[], nn.Module], Callable[[], Any]]:
    """Modules of both kinds, here and in PyTorch, with one inside that is called in a way of its own.

    Parameters
    ----------
    inner : callable
        ``inner(library)`` makes it with ``nn`` or with ``torch.nn``.
    call : callable
        ``call(module, x)``, where x is the batch.
    """

    class Ours(nn.Module):
        def __init__(self) -> None:
            self.inner = inner(nn)

        def forward(self, x: Any) -> Any:
            return call(self.inner, x)

    def theirs() -> Any:
        class Theirs(torch_nn().Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.inner = inner(torch_nn())

            def forward(self, x: Any) -> Any:
                return call(self.inner, x)

        return Theirs()

    return Ours, theirs


def case(
    name: str,
    options: str,
    settings: dict[str, Any],
    example: tuple[int, ...],
    *,
    arguments: tuple[Any, ...],
    call: Call = lambda module, x: module(x),
    note: str = "",
    batch: int = 2,
) -> Case:
    """One of both libraries' modules, made of the same arguments and called in the same way."""
    ours, theirs = around(lambda library: getattr(library, name)(*arguments, **settings), call)
    return layer(name, options + note, ours, theirs, example, batch=batch, output=everything)


def like(x: Any, numbers: Any) -> Any:
    """Numbers as what goes with x: lists, or a tensor."""
    import torch

    return torch.tensor(numbers, dtype=torch.float64) if isinstance(x, torch.Tensor) else numbers


def first(module: Any, x: Any) -> Any:
    """Of one example."""
    return module(x[0])


def begun(*shapes: tuple[int, ...]) -> Call:
    """With an initial state."""

    def call(module: Any, x: Any) -> Any:
        states = tuple(like(x, random_numbers(shape, seed=k)) for k, shape in enumerate(shapes, 3))
        return module(x, states[0] if len(states) == 1 else states)

    return call


def twice(module: Any, x: Any) -> Any:
    """A cell's two steps, each of which takes the inputs."""
    return module(x, module(x))


SETTINGS: list[dict[str, Any]] = [
    {},
    {"bias": False},
    {"num_layers": 2},
    {"bidirectional": True},
    {"num_layers": 2, "bidirectional": True, "bias": False},
]
EXTRA: dict[str, list[dict[str, Any]]] = {
    "RNN": [{"nonlinearity": "relu"}],
    "LSTM": [{"proj_size": 2}, {"proj_size": 1, "num_layers": 2, "bidirectional": True}],
    "GRU": [],
}


def written(arguments: tuple[Any, ...], settings: dict[str, Any]) -> str:
    return ", ".join([*map(repr, arguments), *[f"{name}={x!r}" for name, x in settings.items()]])


def recurrent() -> list[Case]:
    made = []
    for name in ("RNN", "LSTM", "GRU"):
        sizes = (2, 3)
        for settings in SETTINGS + EXTRA[name]:
            full = {**settings, "batch_first": True}
            made.append(case(name, written(sizes, settings), full, (3, 2), arguments=sizes))
        made.append(case(name, written(sizes, {}), {}, (4, 2), arguments=sizes, call=first, note=", of one example"))
        states: list[tuple[int, ...]] = [(2, 2, 3)] * (2 if name == "LSTM" else 1)
        made.append(
            case(
                name, written(sizes, {"num_layers": 2}), {"num_layers": 2, "batch_first": True}, (3, 2),
                arguments=sizes, call=begun(*states), note=", with states",
            )
        )  # fmt: skip
        cell = f"{name}Cell"
        for settings in [*SETTINGS[:2], *(EXTRA[name] if name == "RNN" else [])]:
            made.append(case(cell, written(sizes, settings), settings, (2,), arguments=sizes))
        made.append(case(cell, written(sizes, {}), {}, (2,), arguments=sizes, call=twice, note=", two steps"))
        made.append(
            case(
                cell, written(sizes, {}), {}, (2,), arguments=sizes, note=", two steps of one example",
                call=lambda module, x: twice(module, x[0]),
            )
        )  # fmt: skip
    return made


CASES = recurrent()
