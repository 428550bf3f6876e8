"""JAX: loss and gradient of whole arrays in float64, compiled by ``jit`` at the first call."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..problems import Problem
from ..scalars import Program
from ..tensors import LOSSES, Tensors, join, split

jax.config.update("jax_enable_x64", True)


class Library(Tensors):
    def array(self, numbers: Any) -> Any:
        return jnp.array(numbers, dtype=jnp.float64)

    def indices(self, numbers: list[int]) -> Any:
        return jnp.array(numbers)

    relu = staticmethod(jax.nn.relu)

    def softmax(self, logits: Any) -> Any:
        return jax.nn.softmax(logits)

    def cross_entropy(self, logits: Any, targets: Any) -> Any:
        return -jax.nn.log_softmax(logits)[jnp.arange(len(targets)), targets].mean()

    def program(self, task: str, problem: Problem) -> Program:
        parameters = [self.array(numbers) for numbers in split(problem)]
        compiled = jax.jit(jax.value_and_grad(LOSSES[task](self, problem)))

        def step() -> Any:
            return jax.block_until_ready(compiled(parameters))

        return Program(step, lambda made: (float(made[0]), join(problem, made[1])))
