"""JAX: loss and gradient of whole arrays in float64, compiled by ``jit`` at the first call."""

from __future__ import annotations

from collections.abc import Callable
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
        loss_and_gradients = jax.value_and_grad(LOSSES[task](self, problem))
        compiled = jax.jit(loss_and_gradients)

        def step() -> Any:
            return jax.block_until_ready(compiled(parameters, *data))

        if "adam" in problem:
            step = self.training(loss_and_gradients, parameters, data, **problem["adam"])
        return Program(step, lambda made: (float(made[0]), join(problem, made[1])))

    def training(
        self, loss_and_gradients: Any, parameters: Any, data: Any, lr: float, betas: list[float], eps: float
    ) -> Callable[[], Any]:
        """A step that also moves the parameters by Adam's rule, compiled as one function."""
        first, second = betas

        def moved(state: Any, *data: Any) -> Any:
            parameters, means, squares, step = state
            loss, gradients = loss_and_gradients(parameters, *data)
            step = step + 1
            means = [first * m + (1.0 - first) * g for m, g in zip(means, gradients)]
            squares = [second * s + (1.0 - second) * g * g for s, g in zip(squares, gradients)]
            rate, share = lr / (1.0 - first**step), 1.0 - second**step
            parameters = [p - rate * m / (jnp.sqrt(s / share) + eps) for p, m, s in zip(parameters, means, squares)]
            return (parameters, means, squares, step), loss, gradients

        compiled = jax.jit(moved)
        zeros = [jnp.zeros_like(p) for p in parameters]
        state = (parameters, zeros, zeros, jnp.zeros((), int))

        def step() -> Any:
            nonlocal state
            state, loss, gradients = jax.block_until_ready(compiled(state, *data))
            return loss, gradients

        return step
