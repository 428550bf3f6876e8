"""micrograd, as its notebook uses it; exp and log, which it lacks, are written like its own operations."""

from __future__ import annotations

import math
import sys
from typing import Any

from micrograd.engine import Value

from ..scalars import ValueEngine


def _function(name: str, value: float, operand: Any, slope: float) -> Any:
    out = Value(value, (operand,), name)

    def backward() -> None:
        operand.grad += slope * out.grad

    out._backward = backward
    return out


class Library(ValueEngine):
    def __init__(self) -> None:
        # backward() recurses once for each node of a chain. This is the largest limit that every platform takes.
        sys.setrecursionlimit(2**31 - 1)

    value = Value
    relu = staticmethod(Value.relu)

    @staticmethod
    def exp(x: Any) -> Any:
        power = math.exp(x.data)
        return _function("exp", power, x, power)

    @staticmethod
    def log(x: Any) -> Any:
        return _function("log", math.log(x.data), x, 1.0 / x.data)
