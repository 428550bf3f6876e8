"""Trains a module here and its counterpart in PyTorch, side by side."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import nn
from autograd import compile, square, sum
from autograd.functional import leaves

from . import STEPS, Case, difference

Shape = tuple[int, ...]


def random_numbers(shape: Shape, seed: int) -> Any:
    """Lists in lists, of normal random numbers.

    >>> [len(row) for row in random_numbers((2, 3), seed=0)]
    [3, 3]
    """
    generator = random.Random(seed)

    def drawn(shape: Shape) -> Any:
        return [drawn(shape[1:]) for _ in range(shape[0])] if shape else generator.gauss(0.0, 1.0)

    return drawn(shape)


def layer(
    name: str,
    options: str,
    ours: Callable[[], nn.Module],
    theirs: Callable[[], Any],
    example: Shape,
    *,
    batch: int = 4,
    lr: float = 0.05,
    inputs: Callable[[], Any] | None = None,
    output: Callable[[Any], Any] = lambda made: made,
    **more: Any,
) -> Case:
    """A case for a module: squared errors against random targets, by plain gradient descent.

    Parameters
    ----------
    ours, theirs : callable
        They make the module, here and in PyTorch. PyTorch's gets the numbers of ours by ``load_state_dict``, so that
        the names of parameters and buffers must be the same.
    example : tuple of int
        The shape of one example; the modules are called with a batch of them.
    inputs : callable, optional
        Makes the batch, if it is not one of normal random numbers.
    output : callable
        Selects what is compared with the targets from the modules' results, if these have several parts.
    """

    def run(way: str) -> float:
        import torch

        torch.set_num_threads(1)  # with so few numbers several threads are slower
        model, twin = ours(), theirs().double()
        twin.load_state_dict({key: torch.tensor(x, dtype=torch.float64) for key, x in model.state_dict().items()})
        x = inputs() if inputs else random_numbers((batch, *example), seed=1)
        tensor = torch.tensor(x, dtype=None if isinstance(leaves(x)[0], int) else torch.float64)  # indices are int
        count = len(leaves(output(model(nn.Batch(x)))))
        target = torch.tensor(random_numbers((count,), seed=2), dtype=torch.float64)
        losses, expected = [], []

        def loss(x: Any) -> Any:
            made = leaves(output(model(nn.Batch(x))))
            return sum([square(y - t) for y, t in zip(made, target.tolist())]) / float(len(made))

        # Our call above may have changed buffers, such as running statistics: both begin with the present ones.
        twin.load_state_dict({key: torch.tensor(x, dtype=torch.float64) for key, x in model.state_dict().items()})
        program = compile(loss, model, batch=False) if way == "compiled" else None
        trained: Any = model.parameters() if program is None else None
        for _ in range(STEPS):
            if program is None:
                error = loss(x)
                model.zero_grad()
                error.backward()
                losses.append(error.data)
            else:
                losses.append(float(program(x)[0]))
                trained = trained or program.parameters
            nn.SGD(trained, lr=lr).step()
            error = (output(twin(tensor)).flatten() - target).square().mean()
            twin.zero_grad()
            error.backward()
            expected.append(error.item())
            with torch.no_grad():
                for p in twin.parameters():
                    if p.grad is not None:
                        p -= lr * p.grad
        if program is not None:
            program.write_back()
        state = twin.state_dict()
        assert list(state) == list(model.state_dict())
        pairs = [(leaves(x), state[key].double().flatten().tolist()) for key, x in model.state_dict().items()]
        return max(difference(losses, expected), *[difference(a, b) for a, b in pairs])

    return Case(name, options, run, **more)
