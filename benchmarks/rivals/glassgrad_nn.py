"""glassgrad as its README uses it: layers and losses from ``nn``, and ``dot`` and ``sum`` as single nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import autograd
import nn

from ..problems import Matrix, flat
from . import glassgrad


class Library(glassgrad.Library):
    def total(self, xs: Sequence[Any]) -> Any:
        return autograd.sum(xs)

    def dot(self, ws: Sequence[Any], xs: Sequence[Any]) -> Any:
        return autograd.dot(ws, xs)

    def sigmoid(self, x: Any) -> Any:
        return x.sigmoid()

    def softmax(self, logits: Sequence[Any]) -> list[Any]:
        made: list[Any] = nn.softmax(logits)
        return made

    def cross_entropy(self, examples: Sequence[Sequence[Any]], targets: Sequence[int]) -> Any:
        return nn.cross_entropy(examples, targets)

    def mlp(self, matrices: list[Matrix]) -> tuple[Sequence[Any], Callable[[list[float]], list[Any]]]:
        model = nn.MLP(len(matrices[0][0]) - 1, [len(matrix) for matrix in matrices], activation="relu")
        parameters = model.parameters()
        for parameter, x in zip(parameters, flat(matrices)):
            parameter.data = x

        def network(inputs: list[float]) -> list[Any]:
            outputs = model(inputs)
            return outputs if isinstance(outputs, list) else [outputs]

        return parameters, network
