"""glassgrad's compiler as its README uses it: the loss of one example, compiled for a batch.

The example's loss is made of layers and losses from ``nn``, or, where there is no such layer, in loops over vectors.
A single example is compiled without a batch.
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
        inputs, targets = arguments
        return Program(
            lambda: compiled(inputs, targets), lambda made: read(made, compiled, leaves), source=compiled.source
        )

    def example(self, task: str, problem: Problem) -> tuple[Sequence[Any], Loss]:
        """The leaves, and the loss of one example."""
        if task in EXAMPLES:
            leaves = self.leaves(flat(problem["parameters"]))
            return leaves, EXAMPLES[task](self, problem, nested(leaves, problem["parameters"]))
        parameters, network = self.mlp(problem["parameters"])
        return parameters, LOSSES[task](problem, parameters, network)


def read(made: tuple[Any, Any], compiled: Compiled, leaves: Sequence[Any]) -> tuple[float, list[float]]:
    """The loss that a compiled program returned, and the gradient of its last call in the order of the leaves."""
    loss, _ = made
    compiled.write_back()  # leaves that the loss does not depend on keep their 0
    return float(loss), [leaf.grad for leaf in leaves]


# --- the tasks that are done in layers: the loss of one example ----------------------------------------------------


def moons(problem: Problem, parameters: Any, network: Any) -> Loss:
    def loss(x: Any, y: Any) -> Any:
        return nn.hinge(network(x)[0], y) + problem["penalty"] * nn.l2(parameters)

    return loss


def digits(problem: Problem, parameters: Any, network: Any) -> Loss:
    return lambda x, t: nn.cross_entropy(network(x), t)


LOSSES: dict[str, Callable[[Problem, Any, Any], Loss]] = {"moons": moons, "digits": digits}
