"""glassgrad's compiler on the program that all libraries of scalars run: the graph of all examples, compiled whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import autograd

from ..problems import Problem
from ..scalars import PROGRAMS, Program
from . import glassgrad
from .glassgrad_compiled import read


class Library(glassgrad.Library):
    def __init__(self) -> None:
        self.made: list[Any] = []

    def program(self, task: str, problem: Problem) -> Program:
        self.made = []
        forward = PROGRAMS[task](self, problem)
        compiled = autograd.compile(lambda: forward()[0])
        leaves = self.made
        return Program(compiled, lambda made: read(made, compiled, leaves), source=compiled.source)

    def leaves(self, numbers: Iterable[float]) -> list[Any]:
        """A program's leaves, made once: leaves made inside the compiled function would be constants."""
        self.made = self.made or super().leaves(numbers)
        return self.made
