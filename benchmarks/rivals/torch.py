"""PyTorch as it is meant to be used: tensors for layers and batches."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from ..problems import Problem
from ..scalars import Program
from ..tensors import LOSSES, Tensors, join, split


class Library(Tensors):
    def array(self, numbers: Any) -> Any:
        return torch.tensor(numbers, dtype=torch.float64)

    def indices(self, numbers: list[int]) -> Any:
        return torch.tensor(numbers)

    relu = staticmethod(torch.relu)

    def softmax(self, logits: Any) -> Any:
        return torch.softmax(logits, -1)

    def cross_entropy(self, logits: Any, targets: Any) -> Any:
        return functional.cross_entropy(logits, targets)

    def program(self, task: str, problem: Problem) -> Program:
        parameters = [self.array(numbers).requires_grad_() for numbers in split(problem)]
        loss_of = LOSSES[task](self, problem)

        def step() -> Any:
            for parameter in parameters:
                parameter.grad = None
            loss = loss_of(parameters)
            loss.backward()
            return loss

        return Program(step, lambda loss: (loss.item(), join(problem, [parameter.grad for parameter in parameters])))
