"""micrograd, as its notebook uses it; the two functions that it lacks are made like those that it has."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from micrograd.engine import Value

from ..scalars import Engine


def _function(name: str, value: float, operand: Any, slope: float) -> Any:
    out = Value(value, (operand,), name)

    def backward() -> None:
        operand.grad += slope * out.grad

    out._backward = backward
    return out


class Library(Engine):
    def __init__(self) -> None:
        # backward() calls itself for every node of a chain. The limit is the largest that Python takes anywhere.
        sys.setrecursionlimit(2**31 - 1)

    def leaves(self, numbers: Iterable[float]) -> list[Any]:
        return [Value(x) for x in numbers]

    def constant(self, x: float) -> Any:
        return Value(x)

    def zero(self, leaves: Sequence[Any]) -> None:
        for leaf in leaves:
            leaf.grad = 0

    def backward(self, root: Any) -> None:
        root.backward()

    def data(self, root: Any) -> float:
        return float(root.data)

    def grad(self, leaf: Any) -> float:
        return float(leaf.grad)

    relu = staticmethod(Value.relu)

    @staticmethod
    def exp(x: Any) -> Any:
        power = math.exp(x.data)
        return _function("exp", power, x, power)

    @staticmethod
    def log(x: Any) -> Any:
        return _function("log", math.log(x.data), x, 1.0 / x.data)
