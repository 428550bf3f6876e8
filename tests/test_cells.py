"""A layer's forward pass in one call: it makes the nodes that calling its neurons makes, also after changes to them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Graph, Value, identical, zero_grads

X = autograd.values([0.5, -1.5, 2.0])


def one_by_one(layer: nn.Layer) -> list[Value]:
    return [neuron(X) for neuron in layer.neurons]


def look(outputs: list[Value]) -> list[Any]:
    """Everything that can be seen of some outputs' graphs."""
    return [
        (node.op, node.data, node.scope, node.label, graph.operands[i], graph.gradients()[i])
        for graph in map(Graph, outputs)
        for i, node in enumerate(graph)
    ]


def set_weight(layer: nn.Layer) -> None:
    layer.neurons[1].w[2] = Value(9.0)


def set_weights(layer: nn.Layer) -> None:
    layer.neurons[1].w = [Value(1.0), Value(2.0), Value(3.0)]


def set_bias(layer: nn.Layer) -> None:
    layer.neurons[1].b = Value(5.0)


def take_bias(layer: nn.Layer) -> None:
    layer.neurons[1].b = None


def make_linear(layer: nn.Layer) -> None:
    layer.neurons[1].nonlin = False


def set_forward(layer: nn.Layer) -> None:
    layer.neurons[1].forward = lambda x: x[0] * 2.0  # type: ignore[method-assign]


class Doubled(nn.Neuron):
    def forward(self, x: Any) -> Any:
        return super().forward(x) * 2.0


def set_subclass(layer: nn.Layer) -> None:
    layer.neurons[1] = Doubled(3, seed=1)


def write(layer: nn.Layer) -> None:
    layer.neurons[1].w[0].data = -7.0


CHANGES = [set_weight, set_weights, set_bias, take_bias, make_linear, set_forward, set_subclass, write]


@pytest.mark.parametrize("activation", ["relu", "tanh", None, abs, "leaky_relu"])
@pytest.mark.parametrize("change", [lambda layer: None, *CHANGES])
def test_a_layer_is_its_neurons(change: Callable[[nn.Layer], None], activation: Any) -> None:
    layer = nn.Layer(3, 4, activation=activation, seed=0)
    layer(X)
    change(layer)
    assert look(layer(X)) == look(one_by_one(layer))
    assert look(copy.deepcopy(layer)(X)) == look(layer(X))


def test_nodes_share_weights_and_inputs() -> None:
    layer = nn.Layer(3, 2, activation=None, seed=0)
    a, b = layer(X)
    c, _ = layer(a.operands[3:6])
    assert a.operands[3:6] == b.operands[3:6] == c.operands[3:6]
    assert all(x is y for x, y in zip(a.operands[:3], c.operands[:3]))


def test_a_layer_of_changed_neurons_is_pickled_and_copied() -> None:
    layer = nn.Layer(3, 2, seed=0)
    layer(X)
    for twin in (copy.deepcopy(layer), copy.copy(layer)):
        set_bias(twin)
        assert twin(X)[1].data != layer(X)[1].data or twin.neurons[1] is layer.neurons[1]
    saved = pickle.loads(pickle.dumps(nn.Layer(3, 2, activation=None, seed=0)))
    assert len(saved(X)) == 2


def test_a_class_that_was_given_another_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = nn.Layer(3, 2, seed=0)
    layer(X)
    monkeypatch.setattr(nn.Neuron, "forward", lambda self, x: x[0] * 3.0)
    assert [y.data for y in layer(X)] == [1.5, 1.5]  # three times the first input


def test_the_wrong_number_of_inputs_is_told() -> None:
    layer = nn.Layer(3, 2, seed=0)
    with pytest.raises(ValueError, match="takes 3 inputs, got 2"):
        layer([1.0, 2.0])
    layer(X)
    with pytest.raises(ValueError, match=r"'layer\.neuron1' takes 3 inputs, got 4"):
        layer([1.0, 2.0, 3.0, 4.0])
    assert autograd.current_place() is None


@pytest.mark.parametrize(
    ("items", "before", "expected"),
    [
        ("ab", "ab", True),
        ("ab", "ba", False),
        ("ab", "a", False),
        ("", "", True),
        ("aa", "aa", True),
        ("b", "c", False),
    ],
)
def test_identical_asks_for_the_very_objects(items: str, before: str, expected: bool) -> None:
    objects = {"a": Value(1.0), "b": [1.0], "c": [1.0]}
    assert identical([objects[x] for x in items], tuple([objects[x] for x in before])) is expected


def test_zero_grads_leaves_it_to_a_class_of_ones_own() -> None:
    class Counted(Value):
        zeroed = 0

        @property
        def grad(self) -> float:
            return self._grad

        @grad.setter
        def grad(self, grad: object) -> None:
            self.zeroed += 1

    leaves = [Value(1.0), Counted(2.0), Value(3.0)]
    y = leaves[0] * leaves[2]
    y.backward()
    zero_grads(iter([*leaves, y]))
    assert [x.grad for x in (*leaves, y)] == [0.0] * 4 and leaves[1].zeroed == 1
