"""glassgrad's compiler as its README uses it: one example in layers and losses from ``nn``, compiled for a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd
import nn
from autograd.compiler import Program as Compiled

from ..problems import Problem
from ..scalars import Program
from . import glassgrad_nn


class Library(glassgrad_nn.Library):
    def program(self, task: str, problem: Problem) -> Program:
        parameters, network = self.mlp(problem["parameters"])
        targets, loss = LOSSES[task](problem, parameters, network)
        compiled, inputs = autograd.compile(loss), np.array(problem["inputs"])
        return Program(lambda: compiled(inputs, targets), lambda made: read(made, compiled, parameters))


def read(made: tuple[float, Any], compiled: Compiled, leaves: Sequence[Any]) -> tuple[float, list[float]]:
    """The loss that a compiled program returned, and the gradient of its last call in the order of the leaves."""
    loss, _ = made
    compiled.write_back()  # leaves that the loss does not depend on keep their 0
    return loss, [leaf.grad for leaf in leaves]


# --- the tasks: the targets of all examples, and the loss of one ---------------------------------------------------


def moons(problem: Problem, parameters: Any, network: Any) -> tuple[Any, Callable[..., Any]]:
    def loss(x: Any, y: Any) -> Any:
        return nn.hinge(network(x)[0], y) + problem["penalty"] * nn.l2(parameters)

    return np.array(problem["labels"]), loss


def digits(problem: Problem, parameters: Any, network: Any) -> tuple[Any, Callable[..., Any]]:
    return np.array(problem["targets"]), lambda x, t: nn.cross_entropy(network(x), t)


LOSSES: dict[str, Callable[[Problem, Any, Any], tuple[Any, Callable[..., Any]]]] = {"moons": moons, "digits": digits}
