"""glassgrad's compiler with JAX as its backend: the same program as in `glassgrad_compiled`, run by XLA.

It is measured like the rival that is written in JAX by hand: a jitted function, whose parameters, data and gradient are
JAX's arrays. So the time leaves out what a call of the program adds, the conversion from and to NumPy's arrays and the
check for nan.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import autograd
from autograd.compiler.jax import JaxProgram

from ..problems import Problem, data
from ..scalars import Program
from . import glassgrad_compiled

jax.config.update("jax_enable_x64", True)


class Library(glassgrad_compiled.Library):
    def program(self, task: str, problem: Problem) -> Program:
        leaves, loss = self.example(task, problem)
        batch = [jnp.array(np.array(numbers)) for numbers in data(problem)]
        compiled = autograd.compile(loss, like=[np.array(array)[0] for array in batch], backend="jax")
        assert isinstance(compiled, JaxProgram)
        held = compiled.parameters
        parameters = {name: jnp.array(held[name]) for name in held.names}
        jitted = jax.jit(compiled.step)

        def step() -> Any:
            return jax.block_until_ready(jitted(parameters, *batch))

        def read(made: Any) -> tuple[float, list[float]]:
            for name, slopes in made[1].items():
                held.view(held.grad, name)[...] = slopes
            compiled.write_back()
            return float(made[0]), [leaf.grad for leaf in leaves]

        return Program(step, read, source=compiled.source)
