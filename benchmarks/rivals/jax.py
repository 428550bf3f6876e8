"""JAX: loss and gradient of whole arrays in float64, compiled by ``jit`` at the first call."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..problems import Problem
from ..scalars import Program
from ..tensors import LOSSES, Tensors, join, split

jax.config.update("jax_enable_x64", True)


class Library(Tensors):
    def array(self, numbers: Any) -> Any:
        return jnp.array(np.array(numbers))

    relu = staticmethod(jax.nn.relu)
    tanh = staticmethod(jnp.tanh)
    sigmoid = staticmethod(jax.nn.sigmoid)

    def softmax(self, logits: Any) -> Any:
        return jax.nn.softmax(logits)

    def cross_entropy(self, logits: Any, targets: Any) -> Any:
        return -jax.nn.log_softmax(logits)[jnp.arange(len(targets)), targets].mean()

    def convolution(self, images: Any, kernels: Any) -> Any:
        return jax.lax.conv(images, kernels, (1, 1), "VALID")

    def program(self, task: str, problem: Problem) -> Program:
        parameters = [self.array(numbers) for numbers in split(problem)]
        data = self.data(problem)
        compiled = jax.jit(jax.value_and_grad(LOSSES[task](self, problem)))

        def step() -> Any:
            return jax.block_until_ready(compiled(parameters, *data))

        return Program(step, lambda made: (float(made[0]), join(problem, made[1])))
