"""The lesson in which readers build a Value of their own: that class, and wrong answers to the exercises."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd

from .running import exactly, ran, transcript


class Node:
    """A stand-in for the reader's class, with what wrong answers need."""

    def __init__(self, data: float, operands: Any = ()) -> None:
        self.data, self.grad, self.operands = data, 0.0, operands
        self._backward: Any = lambda: None


def tanh_with(hand_on: Callable[[Any, Node, float], None]) -> Callable[[Any], Node]:
    """A tanh whose `_backward` calls `hand_on`."""

    def tanh(v: Any) -> Node:
        t = math.tanh(v.data)
        out = Node(t, (v,))
        out._backward = lambda: hand_on(v, out, t)
        return out

    return tanh


def adds(v: Any, amount: float) -> None:
    v.grad += amount


def writes(v: Any, amount: float) -> None:
    v.grad = amount


def without_backward(v: Any) -> Node:
    return Node(math.tanh(v.data), (v,))


def without_operands(v: Any) -> Node:
    return Node(math.tanh(v.data))


def without_comma(v: Any) -> Node:
    return Node(math.tanh(v.data), v)


def called_too_early(v: Any) -> Node:
    out = Node(math.tanh(v.data), (v,))
    out._backward = None
    return out


WRONG = {
    "third": [(72, "second call"), (96, "more than 24"), (120, "one more 12"), (6, "What does m.grad hold")],
    "tanh": [
        (lambda v: math.tanh(v.data), "plain number"),
        (lambda v: autograd.Value(v.data).tanh(), "Value of the engine"),
        (lambda v: "tanh", "without data"),
        (lambda v: Node(math.tan(v.data), (v,)), "should be 0.462117"),
        (without_operands, "its operands are (v,)"),
        (without_comma, "comma"),
        (called_too_early, "without ()"),
        (without_backward, "out._backward = _backward"),
        (tanh_with(lambda v, out, t: writes(v, (1 - t * t) * out.grad)), "Write +="),
        (tanh_with(lambda v, out, t: adds(v, 1 - t * t)), "multiplies it by out.grad"),
        (tanh_with(lambda v, out, t: adds(v, (1 - v.data**2) * out.grad)), "not v itself"),
        (tanh_with(lambda v, out, t: adds(v, (1 - t) * out.grad)), "square is missing"),
        (tanh_with(lambda v, out, t: adds(v, (1 + t * t) * out.grad)), "after out._backward()"),
    ],
}


def test_tanh_of_the_lessons_own_class_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    """The answer that a reader writes, with the class of the lesson."""
    own = ran("your_own_value").Value

    def tanh(v: Any) -> Any:
        out = own(math.tanh(v.data), (v,))

        def _backward() -> None:
            v.grad += (1 - out.data**2) * out.grad

        out._backward = _backward
        return out

    from demos import check

    assert check("your_own_value.tanh", tanh), capsys.readouterr().out


def test_the_class_differentiates() -> None:
    """Against derivatives written by hand."""
    lesson = ran("your_own_value")
    for engine in (lesson.Value, autograd.Value):
        a, b = engine(1.5), engine(-0.25)
        lesson.weight(a, b).backward()
        assert (a.grad, b.grad) == exactly((2 * (2 * 1.5 + 0.25) * 2, -2 * (2 * 1.5 + 0.25)))
        a, b = engine(1.5), engine(-0.25)
        lesson.diamond(a, b).backward()  # 2 m² + 2 m for m = a b
        slope = 4 * 1.5 * -0.25 + 2
        assert (a.grad, b.grad) == exactly((slope * -0.25, slope * 1.5))
        a, b = engine(1.5), engine(-0.25)
        lesson.quotient(a, b).backward()
        assert (a.grad, b.grad) == exactly((-2 * -0.25 / 1.75**2, 2 * 1.5 / 1.75**2))
        a, b = engine(1.5), engine(-0.25)
        lesson.twenty_times(a, b).backward()  # a (1 + b)^20
        assert (a.grad, b.grad) == pytest.approx((0.75**20, 1.5 * 20 * 0.75**19), rel=1e-13)
    assert lesson.largest < 1e-13
    assert "loss 9, dL/dw = -12\n" in transcript("your_own_value")


def test_what_the_class_cannot_do() -> None:
    """The n-th call of backward() adds n times the gradient, 24, because m.grad grows by 12 each time."""
    lesson = ran("your_own_value")
    assert [lesson.after(n, lesson.Value) for n in (1, 2, 3)] == [24, 24 * 3, 24 * 6]
    assert [lesson.after(n, autograd.Value) for n in (1, 2, 3)] == [24, 24 * 2, 24 * 3]
    with pytest.raises(RecursionError):
        lesson.long_sum(10000, lesson.Value)
    assert lesson.long_sum(10000, autograd.Value) == 10001
    assert "your class: RecursionError\nthe engine: 100001.0" in transcript("your_own_value")
    careless = lesson.Careless(3.0)
    (careless * careless).backward()
    assert careless.grad == 3


def test_wide_graphs_and_their_memory() -> None:
    lesson = ran("your_own_value")
    root = lesson.wide(64, autograd.Value)
    assert len(autograd.Graph(root)) == 3 * 64
    assert root.data == exactly(0.5 * math.fsum(1 / k for k in range(1, 65)))
    assert lesson.memory(512, autograd.Value) < lesson.memory(512, lesson.Value)
    assert {len(times) for times in lesson.times.values()} == {len(lesson.sizes)}
