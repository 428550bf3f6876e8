"""The design of Andrej Karpathy's microgpt (2026), written anew: a GPT in plain Python, scalar by scalar.

A node stores its operands and, as numbers, the partial derivatives with respect to them. So there are no closures as in
micrograd, and backward() only multiplies and adds. The loss is made of operations: -log(softmax(logits)[target]).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

from ..scalars import ValueEngine


class Value:
    """A number, its operands, and its partial derivative with respect to each of them."""

    __slots__ = ("data", "grad", "children", "slopes")

    def __init__(self, data: float, children: tuple[Value, ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data, self.grad = data, 0.0
        self.children, self.slopes = children, slopes

    def __add__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, power: float) -> Value:
        return Value(self.data**power, (self,), (power * self.data ** (power - 1),))

    def exp(self) -> Value:
        result = math.exp(self.data)
        return Value(result, (self,), (result,))

    def log(self) -> Value:
        return Value(math.log(self.data), (self,), (1.0 / self.data,))

    def relu(self) -> Value:
        return Value(max(0.0, self.data), (self,), (float(self.data > 0.0),))

    def __neg__(self) -> Value:
        return self * -1.0

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return other + -self

    def __truediv__(self, other: Any) -> Any:
        return self * other**-1

    def __rtruediv__(self, other: Any) -> Any:
        return other * self**-1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        order: list[Value] = []
        seen = set()

        def visit(node: Value) -> None:
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for child, slope in zip(node.children, node.slopes):
                child.grad += slope * node.grad


class Library(ValueEngine):
    def __init__(self) -> None:
        sys.setrecursionlimit(2**31 - 1)  # backward() recurses, and graphs of many examples are deep

    value = Value
    relu = staticmethod(Value.relu)
    exp = staticmethod(Value.exp)
    log = staticmethod(Value.log)

    def softmax(self, logits: Sequence[Any]) -> list[Any]:
        top = max(z.data for z in logits)
        return super().softmax([z - top for z in logits])

    def cross_entropy(self, examples: Sequence[Sequence[Any]], targets: Sequence[int]) -> Any:
        losses = [-self.softmax(logits)[target].log() for logits, target in zip(examples, targets)]
        return sum(losses) * (1.0 / len(losses))
