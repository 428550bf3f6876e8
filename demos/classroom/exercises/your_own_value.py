"""The exercises of the lesson in which readers build a Value of their own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import autograd

from ..checking import Wrong, call, close, expect, number


def third(answer: object) -> None:
    """The answer is 144: m.grad holds 12, 24 and 36 in the three calls, and x.grad grows by twice that each time."""
    x = number(answer)
    if close(x, 24 * (1 + 2 + 3)):
        return
    if close(x, 72):
        raise Wrong("72 is there after the second call. (The engine has 3 · 24 = 72 after the third.)")
    if close(x, 96):
        raise Wrong("The third call adds more than 24: m still holds what the first two have left in it.")
    if close(x, 120):
        raise Wrong("The second call adds 48. In the third m has one more 12 to hand on.")
    raise Wrong(f"It is not {x:g}. What does m.grad hold after each call? Twice that goes to x, each time.")


def tanh(answer: object) -> None:
    """The answer is a function; checks one call of `_backward`, and then whole graphs of the reader's own class."""
    what = "tanh(Value(0.5))"
    v = _Value(0.5)
    out = call(answer, what, v)
    _expect_a_node(out, what)
    t = math.tanh(0.5)
    expect(out.data, t, f"{what}.data")
    if out.operands is v:
        raise Wrong("The operands are a tuple. A tuple of one thing has a comma: Value(t, (v,)).")
    try:
        operands = list(out.operands)
    except TypeError:
        operands = []
    if len(operands) != 1 or operands[0] is not v:
        raise Wrong("The new Value must know that it was made from v, in one step: its operands are (v,).")
    if not callable(out._backward):
        raise Wrong("_backward holds no function. Write out._backward = _backward, without () at the end.")

    # As in the middle of a backward pass: the result has its gradient, and v has a part of its own.
    out.grad, v.grad = 3.0, 1.0
    call(lambda: out._backward() or True, f"The _backward of {what}")
    got, slope = v.grad, 1 - t * t
    if close(got, 1.0):
        raise Wrong("_backward leaves v.grad as it was. Did you write out._backward = _backward?")
    if close(got, 3 * slope):
        raise Wrong("_backward writes v.grad = ..., and what was in it is lost. Write +=.")
    if close(got, 1 + slope):
        raise Wrong("_backward adds the slope alone. The chain rule multiplies it by out.grad.")
    if close(got, 1 + 3 * (1 - 0.5**2)):
        raise Wrong("In the slope 1 - t² the t is the result, tanh(v), not v itself.")
    if close(got, 1 + 3 * (1 - t)):
        raise Wrong("The slope is 1 - t². The square is missing.")
    expect(got, 1 + 3 * slope, "With out.grad = 3 and v.grad = 1, v.grad after out._backward()")

    own = type(out)

    def slope_of(f: Callable[[Any], Any]) -> float:
        leaf = own(0.7)
        f(leaf).backward()
        return float(leaf.grad)

    t = math.tanh(0.7)
    expect(
        call(slope_of, "tanh(x) * x", lambda x: call(answer, "tanh(x)", x) * x),
        t + 0.7 * (1 - t * t),
        "The slope of tanh(x) * x at 0.7",
    )
    expect(
        call(slope_of, "tanh(tanh(x))", lambda x: call(answer, "tanh(tanh(x))", call(answer, "tanh(x)", x))),
        (1 - math.tanh(t) ** 2) * (1 - t * t),
        "The slope of tanh(tanh(x)) at 0.7",
    )


def _expect_a_node(out: Any, what: str) -> None:
    if isinstance(out, autograd.Value):
        raise Wrong(f"{what} is a Value of the engine. Make one of the class that you have built here.")
    if isinstance(out, (int, float)):
        raise Wrong(f"{what} is a plain number, which remembers nothing. Return a Value with that number.")
    for name in ("data", "grad", "operands", "_backward"):
        if not hasattr(out, name):
            raise Wrong(f"{what} returned a {type(out).__name__} without {name}. It should be a Value of your class.")


class _Value:
    """As much of the lesson's class as is needed here."""

    def __init__(self, data: float, operands: tuple[_Value, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.operands = operands
        self._backward: Callable[[], None] = lambda: None

    def __mul__(self, other: _Value) -> _Value:
        out = _Value(self.data * other.data, (self, other))

        def _backward() -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def backward(self) -> None:
        order: list[_Value] = []
        seen: set[_Value] = set()

        def list_nodes(node: _Value) -> None:
            if node not in seen:
                seen.add(node)
                for operand in node.operands:
                    list_nodes(operand)
                order.append(node)

        list_nodes(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()


def _tanh(v: _Value) -> _Value:
    out = _Value(math.tanh(v.data), (v,))

    def _backward() -> None:
        v.grad += (1 - out.data**2) * out.grad

    out._backward = _backward
    return out


ANSWERS = {"third": 144, "tanh": _tanh}
