"""CasADi: the scalar program runs once on symbols, and the recorded graph becomes a function with its gradient.

The function is called through its buffers, the way with the least overhead. The graph holds all examples, unrolled.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import casadi

from ..problems import Problem
from ..scalars import PROGRAMS, Engine, Program


class Library(Engine):
    def leaves(self, numbers: Iterable[float]) -> list[Any]:
        self.point = array("d", numbers)
        self.symbols = casadi.SX.sym("x", len(self.point))
        return list(casadi.vertsplit(self.symbols))

    def zero(self, leaves: Sequence[Any]) -> None:
        pass

    @staticmethod
    def relu(x: Any) -> Any:
        return casadi.fmax(x, 0)

    exp = staticmethod(casadi.exp)
    log = staticmethod(casadi.log)

    def program(self, task: str, problem: Problem) -> Program:
        root, _ = PROGRAMS[task](self, problem)()
        gradient = casadi.densify(casadi.gradient(root, self.symbols))
        function: Any = casadi.Function("program", [self.symbols], [root, gradient])
        buffer, evaluate = function.buffer()
        loss, slopes = array("d", [0.0]), array("d", self.point)
        buffer.set_arg(0, memoryview(self.point))
        buffer.set_res(0, memoryview(loss))
        buffer.set_res(1, memoryview(slopes))

        def step() -> tuple[Any, ...]:
            evaluate()
            return loss, slopes, self.point, buffer  # kept alive here: the function has only their addresses

        return Program(step, lambda made: (made[0][0], made[1].tolist()))
