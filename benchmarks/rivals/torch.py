"""PyTorch as it is meant to be used: tensors for layers and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ..problems import Problem
from ..scalars import Program
from ..tensors import LOSSES, Tensors, join, split


class Library(Tensors):
    def array(self, numbers: Any) -> Any:
        return torch.from_numpy(np.array(numbers))

    relu = staticmethod(torch.relu)
    tanh = staticmethod(torch.tanh)
    sigmoid = staticmethod(torch.sigmoid)

    def softmax(self, logits: Any) -> Any:
        return torch.softmax(logits, -1)

    def cross_entropy(self, logits: Any, targets: Any) -> Any:
        return functional.cross_entropy(logits, targets)

    def convolution(self, images: Any, kernels: Any) -> Any:
        return functional.conv2d(images, kernels)

    def program(self, task: str, problem: Problem) -> Program:
        parameters = [self.array(numbers).requires_grad_() for numbers in split(problem)]
        loss_of, data = LOSSES[task](self, problem), self.data(problem)
        optimiser = torch.optim.Adam(parameters, **problem["adam"]) if "adam" in problem else None

        def step() -> Any:
            for parameter in parameters:
                parameter.grad = None
            loss = loss_of(parameters, *data)
            loss.backward()
            if optimiser is not None:
                optimiser.step()
            return loss

        return Program(step, lambda loss: (loss.item(), join(problem, [parameter.grad for parameter in parameters])))
