"""glassgrad's compiler as its README uses it: the loss of one example, compiled for a batch.

The losses of `LOSSES` are made of layers and losses from ``nn``, all others of the loops over vectors in `EXAMPLES`.
A task with a single example is compiled without an axis of examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd
import nn
from autograd.compiler import Program as Compiled

from ..problems import Problem, data, flat
from ..scalars import EXAMPLES, Loss, Program, nested
from . import glassgrad_nn


class Library(glassgrad_nn.Library):
    def program(self, task: str, problem: Problem) -> Program:
        leaves, loss = self.example(task, problem)
        single, arguments = problem.get("single", False), [np.array(numbers) for numbers in data(problem)]
        one = arguments if single else [array[0] for array in arguments]
        compiled = autograd.compile(loss, like=one, batch=not single)
        optimise = nn.Adam(compiled.parameters, **problem["adam"]).step if "adam" in problem else None

        def step() -> Any:
            made = compiled(*arguments)
            if optimise is not None:
                optimise()
            return made

        return Program(step, lambda made: read(made, compiled, leaves), source=compiled.source)

    def example(self, task: str, problem: Problem) -> tuple[Sequence[Any], Loss]:
        """The leaves, and the loss of one example."""
        if task in EXAMPLES:
            leaves = self.leaves(flat(problem["parameters"]))
            return leaves, EXAMPLES[task](self, problem, nested(leaves, problem["parameters"]))
        return LOSSES[task](self, problem)


def read(made: tuple[Any, Any], compiled: Compiled, leaves: Sequence[Any]) -> tuple[float, list[float]]:
    """The loss that a compiled program returned, and the gradient of its last call in the order of the leaves."""
    loss, _ = made
    compiled.write_back()  # leaves that the loss does not depend on keep their 0
    return float(loss), [leaf.grad for leaf in leaves]


# --- the tasks that are done in layers: the parameters, and the loss of one example --------------------------------


def moons(library: Library, problem: Problem) -> tuple[Sequence[Any], Loss]:
    parameters, network = library.mlp(problem["parameters"])

    def loss(x: Any, y: Any) -> Any:
        return nn.hinge(network(x)[0], y) + problem["penalty"] * nn.l2(parameters)

    return parameters, loss


def digits(library: Library, problem: Problem) -> tuple[Sequence[Any], Loss]:
    parameters, network = library.mlp(problem["parameters"])
    return parameters, lambda x, t: nn.cross_entropy(network(x), t)


class CharacterModel(nn.Module):
    """x += attention(norm(x)), then x += down(relu(up(norm(x)))), and logits = head(norm(x))."""

    def __init__(self, problem: Problem) -> None:
        matrices = problem["parameters"]
        letters, width, context = len(matrices[0]), len(matrices[0][0]), len(matrices[1])
        self.letter, self.place = nn.Embedding(letters, width), nn.Embedding(context, width)
        self.norm = nn.RMSNorm(width, eps=1e-5, elementwise_affine=False)
        self.attention = nn.MultiheadAttention(width, problem["heads"], bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)
        self.head = nn.Linear(width, letters, bias=False)
        for parameter, x in zip(self.parameters(), flat(matrices)):
            parameter.data = x

    def forward(self, tokens: Any) -> Any:
        x = plus(self.letter(tokens), self.place(list(range(len(tokens)))))
        normed = self.norm(x)
        x = plus(x, self.attention(normed, normed, normed, need_weights=False, is_causal=True)[0])
        wide = [[autograd.relu(z) for z in zs] for zs in self.up(self.norm(x))]
        return self.head(self.norm(plus(x, self.down(wide))))


def plus(x: Any, y: Any) -> Any:
    return [[a + b for a, b in zip(*rows)] for rows in zip(x, y)]


def gpt(library: Library, problem: Problem) -> tuple[Sequence[Any], Loss]:
    model = CharacterModel(problem)

    def loss(tokens: Any, targets: Any, weights: Any) -> Any:
        losses = zip(model(tokens), targets, weights)
        return autograd.sum([weight * nn.cross_entropy(logits, target) for logits, target, weight in losses])

    return model.parameters(), loss


LOSSES: dict[str, Callable[[Library, Problem], tuple[Sequence[Any], Loss]]] = {
    "moons": moons,
    "digits": digits,
    "gpt": gpt,
}
