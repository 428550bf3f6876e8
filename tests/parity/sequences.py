"""Layers of sequences beside PyTorch's: recurrence and attention, of a whole batch and of one example.

Everything that a call returns is compared, outputs, states and weights of attention alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import nn
from autograd.functional import leaves

from . import Case
from .training import layer, random_numbers

Make = Callable[..., Any]
Call = Callable[[Any, Any], Any]
SEED = 1


def torch_nn() -> Any:
    import torch

    return torch.nn


def everything(made: Any) -> Any:
    """All numbers that a call returned, flattened: from PyTorch's tensors, also in tuples, or from our nested lists."""
    import torch

    if isinstance(made, torch.Tensor):
        return made.flatten()
    if isinstance(made, tuple):
        made = tuple(part for part in made if part is not None)
        if isinstance(made[0], torch.Tensor):
            return torch.cat([everything(part) for part in made])
    return leaves(made)


def wrapped(inner: Make, call: Call) -> tuple[Callable[[], nn.Module], Callable[[], Any]]:
    """Functions that make a module here and in PyTorch, with a module inside that is called in a way of its own.

    Parameters
    ----------
    inner : callable
        ``inner(library, seed)`` makes the inner module with ``nn`` or ``torch.nn``; `seed` is a dict of keyword
        arguments, empty for ``torch.nn``, which takes no seed.
    call : callable
        ``call(module, x)``, where x is the batch.
    """

    class Ours(nn.Module):
        def __init__(self) -> None:
            self.inner = inner(nn, {"seed": SEED})

        def forward(self, x: Any) -> Any:
            return call(self.inner, x)

    def theirs() -> Any:
        class Theirs(torch_nn().Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.inner = inner(torch_nn(), {})

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
    """A case for a module made with the same arguments, and called in the same way, in both libraries."""
    ours, theirs = wrapped(lambda library, seed: getattr(library, name)(*arguments, **settings, **seed), call)
    return layer(name, options + note, ours, theirs, example, batch=batch, output=everything)


def like(x: Any, numbers: Any) -> Any:
    """Numbers or booleans in the form of x: as lists, or as a tensor."""
    import torch

    if not isinstance(x, torch.Tensor):
        return numbers
    return torch.tensor(numbers, dtype=torch.bool if isinstance(leaves(numbers)[0], bool) else torch.float64)


def first(module: Any, x: Any) -> Any:
    """Call the module with the first example alone."""
    return module(x[0])


def with_initial_states(*shapes: tuple[int, ...]) -> Call:
    """A call with random initial states of these shapes."""

    def call(module: Any, x: Any) -> Any:
        states = tuple(like(x, random_numbers(shape, seed=k)) for k, shape in enumerate(shapes, 3))
        return module(x, states[0] if len(states) == 1 else states)

    return call


def twice(module: Any, x: Any) -> Any:
    """Two steps of a cell, both with x as the input."""
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


# --- recurrence -----------------------------------------------------------------------------------------------


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
                arguments=sizes, call=with_initial_states(*states), note=", with states",
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


# --- attention ------------------------------------------------------------------------------------------------


def attention_to(at: Callable[[Any], Any] = lambda x: x, **options: Any) -> Call:
    """Attention of x to what ``at`` makes of it, with masks and other options."""

    def call(module: Any, x: Any) -> Any:
        given = {name: option if isinstance(option, bool) else like(x, option) for name, option in options.items()}
        return module(x, at(x), at(x), **given)

    return call


def narrow(x: Any) -> Any:
    """The first two of the three steps, with the first three numbers of each."""
    return nn.Batch([[step[:3] for step in xs[:2]] for xs in x]) if isinstance(x, list) else x[:, :2, :3]


AHEAD = [[j > i for j in range(3)] for i in range(3)]
SOME = [[[(i + j + k) % 3 == 0 and i != j for j in range(3)] for i in range(3)] for k in range(4)]
BIAS = [[-0.5 * abs(i - j) if j <= i + 1 else -math.inf for j in range(3)] for i in range(3)]
PADDED = [[False, False, True], [False, True, True]]


def attention() -> list[Case]:
    """Cases for `MultiheadAttention`: two examples of three steps, two heads."""
    sizes, made = (4, 2), []

    def add(note: str, call: Call, **settings: Any) -> None:
        full = {"batch_first": True, **settings}
        made.append(
            case("MultiheadAttention", written(sizes, settings), full, (3, 4), arguments=sizes, call=call, note=note)
        )

    add("", attention_to())
    add("", attention_to(), bias=False)
    add("", attention_to(narrow), kdim=3, vdim=3)
    add(", of one example", lambda module, x: module(x[0], x[0], x[0]))
    add(", average_attn_weights=False", attention_to(average_attn_weights=False))
    add(", need_weights=False", attention_to(need_weights=False))
    add(", causal", attention_to(attn_mask=AHEAD, is_causal=True, need_weights=False))
    add(", attn_mask of booleans", attention_to(attn_mask=AHEAD))
    add(", attn_mask of floats", attention_to(attn_mask=BIAS))
    add(", attn_mask of each head", attention_to(attn_mask=SOME, average_attn_weights=False))
    add(", key_padding_mask", attention_to(key_padding_mask=PADDED))
    add(", both masks", attention_to(key_padding_mask=PADDED, attn_mask=AHEAD))
    return made


def transformers() -> list[Case]:
    sizes, made = (4, 2, 3), []

    def layers(library: Any, kind: str, settings: dict[str, Any], seed: dict[str, int]) -> Any:
        return getattr(library, kind)(*sizes, dropout=0.0, batch_first=True, **settings, **seed)

    def stack(library: Any, kind: str, settings: dict[str, Any], seed: dict[str, int]) -> Any:
        more = {"enable_nested_tensor": False} if kind == "TransformerEncoder" and library is not nn else {}
        return getattr(library, kind)(layers(library, kind + "Layer", settings, seed), 2, library.LayerNorm(4), **more)

    def add(
        kind: str, note: str = "", call: Call = lambda module, x: module(x), make: Any = layers, **settings: Any
    ) -> None:
        ours, theirs = wrapped(lambda library, seed: make(library, kind, settings, seed), call)
        options = written(sizes, settings) if make is layers else f"layer, 2, norm{written((), settings)}"
        made.append(layer(kind, options + note, ours, theirs, (3, 4), batch=2, output=everything))

    def decoded(module: Any, x: Any) -> Any:
        return module(x, like(x, random_numbers((2, 2, 4), seed=3)), tgt_mask=like(x, AHEAD))

    encoder, decoder = "TransformerEncoderLayer", "TransformerDecoderLayer"
    add(encoder)
    add(encoder, norm_first=True)
    add(encoder, bias=False)
    add(encoder, activation="gelu")
    add(encoder, ", of one example", first)
    add(encoder, ", causal", lambda module, x: module(x, like(x, AHEAD), is_causal=True))
    add(encoder, ", padded", lambda module, x: module(x, src_key_padding_mask=like(x, PADDED)))
    add(decoder, "", decoded)
    add(decoder, "", decoded, norm_first=True)
    add("TransformerEncoder", "", lambda module, x: module(x, like(x, AHEAD)), stack)
    add("TransformerDecoder", "", decoded, stack)
    return made


CASES = recurrent() + attention() + transformers()
