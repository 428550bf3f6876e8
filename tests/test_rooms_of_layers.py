"""The rooms of the layers of nn: which parts of a layer have rooms, in which order, and which nodes are in them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, TypeAlias

import pytest

import autograd
import nn
from autograd import Graph, Value
from autograd.view import rooms as rooms_module
from autograd.view.rooms import Room, rooms
from autograd.view.titles import Titles

Parts: TypeAlias = "dict[str, Parts]"
"""Titles of rooms, with the rooms inside."""


def leaves(x: Any) -> Iterator[Value]:
    """The Values in nested lists, in their order."""
    if isinstance(x, Value):
        yield x
    else:
        for item in x:
            yield from leaves(item)


def inputs(*shape: int) -> Any:
    """Labelled Values in nested lists: x1, x2, ..."""
    rng = random.Random(0)
    count = iter(range(1, math.prod(shape) + 1))

    def made(*shape: int) -> Any:
        return [made(*shape[1:]) for _ in range(shape[0])] if shape else Value(rng.uniform(-1, 1), f"x{next(count)}")

    return made(*shape)


def loss(made: Any) -> Value:
    """The sum of the squares of everything in a result."""
    total: Value = autograd.sum([y * y for y in leaves(made)])
    return total


# --- what each layer consists of ----------------------------------------------------------------------------------


def numbered(part: str, count: int, inside: Parts | None = None) -> Parts:
    return {f"{part}{k}": inside or {} for k in range(1, count + 1)}


def steps(count: int, inside: Parts | None = None) -> Parts:
    return numbered("step ", count, inside)


LSTM: Parts = {"input_gate": {}, "forget_gate": {}, "cell_gate": {}, "output_gate": {}}
GRU: Parts = {"reset_gate": {}, "update_gate": {}, "new_gate": {}}


def both_ways(step: Parts) -> Parts:
    return {"forward": steps(3, step), "reverse": steps(3, step)}


HEAD: Parts = {"queries": {}, "keys": {}, "values": {}, **steps(3)}
ATTENTION: Parts = {**numbered("head", 2, HEAD), "out_proj": {}}
ENCODER: Parts = {"self_attn": ATTENTION, **numbered("norm", 2), **numbered("linear", 2)}


class Heads(nn.Module):
    """A list of layers, and a dict of layers on top of it."""

    def __init__(self) -> None:
        self.layers = nn.ModuleList([nn.Linear(2, 2, seed=k) for k in range(3)])
        self.heads = nn.ModuleDict({"left": nn.Linear(2, 1, seed=3), "right": nn.Linear(2, 1, seed=4)})

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = [z.tanh() for z in layer(x)]
        return self.heads["left"](x) + self.heads["right"](x)


def attended(*args: Any) -> Callable[[Any], Any]:
    layer = nn.MultiheadAttention(*args, seed=0)
    return lambda x: layer(x, x, x, is_causal=True)[0]


def encoder(layers: int) -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, dim_feedforward=3, dropout=0.0, seed=0), layers)


def first(layer: Any) -> Callable[[Any], Any]:
    """The outputs of a recurrent layer without its last states."""
    return lambda x: layer(x)[0]


# The layer, the shape of its input, and the rooms that it consists of.
LAYERS: dict[str, tuple[Callable[[], Callable[[Any], Any]], tuple[int, ...], Parts]] = {
    "Linear": (lambda: nn.Linear(2, 2, seed=0), (2,), {}),
    "Conv1d": (lambda: nn.Conv1d(1, 3, 2, seed=0), (1, 4), numbered("channel", 3)),
    "Conv2d": (lambda: nn.Conv2d(2, 2, 2, padding=1, seed=0), (2, 2, 2), numbered("channel", 2)),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(2, 2, 2, seed=0), (2, 3), numbered("channel", 2)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), (2, 4, 4), numbered("channel", 2)),
    "AvgPool2d": (lambda: nn.AvgPool2d(2), (2, 4, 4), numbered("channel", 2)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(2), (3, 2), numbered("channel", 2)),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3), (2, 3, 2, 1), numbered("channel", 3)),
    "InstanceNorm1d": (lambda: nn.InstanceNorm1d(2), (2, 3), numbered("channel", 2)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (4, 3), numbered("group", 2)),
    "LayerNorm": (lambda: nn.LayerNorm(5), (5,), {}),
    "RNN": (lambda: first(nn.RNN(2, 2, seed=0)), (3, 2), steps(3)),
    "RNN of 12 steps": (lambda: first(nn.RNN(1, 1, seed=0)), (12, 1), steps(12)),
    "LSTM": (lambda: first(nn.LSTM(2, 2, seed=0)), (3, 2), steps(3, LSTM)),
    "GRU": (lambda: first(nn.GRU(2, 2, seed=0)), (3, 2), steps(3, GRU)),
    "GRU of 2 layers": (
        lambda: first(nn.GRU(2, 2, num_layers=2, seed=0)),
        (3, 2),
        numbered("layer", 2, steps(3, GRU)),
    ),
    "RNN both ways": (lambda: first(nn.RNN(2, 2, bidirectional=True, seed=0)), (3, 2), both_ways({})),
    "LSTM of 2 layers both ways": (
        lambda: first(nn.LSTM(2, 2, num_layers=2, bidirectional=True, seed=0)),
        (3, 2),
        numbered("layer", 2, both_ways(LSTM)),
    ),
    "LSTMCell": (lambda: nn.LSTMCell(2, 2, seed=0), (2,), LSTM),
    "MultiheadAttention": (lambda: attended(4, 2), (3, 4), ATTENTION),
    "TransformerEncoder": (lambda: encoder(2), (3, 4), numbered("layer", 2, ENCODER)),
    "Sequential": (
        lambda: nn.Sequential(nn.Linear(2, 4, seed=0), nn.Dropout(0.5, seed=0), nn.Linear(4, 2, seed=1)),
        (2,),
        numbered("layer", 3),
    ),
    "Residual": (
        lambda: nn.Sequential(nn.Residual(nn.Linear(2, 2, seed=0)), nn.Linear(2, 2, seed=1)),
        (2,),
        {"layer1": {"module": {}}, "layer2": {}},
    ),
    "ModuleList and ModuleDict": (
        Heads,
        (2,),
        {"layers": numbered("layer", 3), "heads": {"left": {}, "right": {}}},
    ),
}


def looked_at(name: str) -> tuple[Graph, list[Room]]:
    make, shape, _ = LAYERS[name]
    graph = Graph(loss(make()(inputs(*shape))))
    return graph, rooms(graph, 60)


def parts(room: Room) -> Parts:
    """The inner rooms that are named by scopes."""
    return {item.title: parts(item) for item in room.items if isinstance(item, Room) and item.kind == "module"}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_opens_as_its_parts(name: str) -> None:
    graph, found = looked_at(name)
    assert parts(found[0]) == LAYERS[name][2]
    assert max(len(room.items) for room in found) <= 60
    # No node is shown twice, and none is missing except constants, which have no rooms.
    shown = [item for room in found for item in room.items if isinstance(item, int)]
    assert len(shown) == len({*shown})
    assert {i for i, node in enumerate(graph) if node.op is not None or node.label} <= {*shown}


# --- steps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in LAYERS if "step 1" in str(LAYERS[name][2])])
def test_steps_are_a_row_in_the_order_in_which_they_are_computed(name: str) -> None:
    _, found = looked_at(name)
    rows = [room for room in found if room.row]
    expected = [f"step {k}" for k in range(1, LAYERS[name][1][0] + 1)]
    assert rows
    for room in rows:
        backwards = room.title == "reverse"
        assert [item.title for item in room.row if isinstance(item, Room)] == (
            expected[::-1] if backwards else expected
        )
        place = {item: k for k, item in enumerate(room.items)}
        handed_on = [(place[a], place[b]) in room.edges for a, b in pairwise(room.row)]
        assert handed_on == [not room.title.startswith("head")] * (len(expected) - 1)


def test_many_steps_are_stretches_of_steps() -> None:
    count = 70
    found = rooms(Graph(loss(nn.RNN(1, 2, seed=0)(inputs(count, 1))[0][-1])), 60)
    stretches = found[0].row
    assert 1 < len(stretches) <= rooms_module.IN_A_ROW
    ends = []
    for stretch in stretches:
        assert isinstance(stretch, Room) and 1 < len(stretch.row) <= rooms_module.IN_A_ROW
        titles = [item.title for item in stretch.row if isinstance(item, Room)]
        numbers = [int(title.removeprefix("step ")) for title in titles]
        assert stretch.title == f"steps {numbers[0]}–{numbers[-1]}"
        ends += numbers
    assert ends == [*range(1, count + 1)]


# --- what is where -------------------------------------------------------------------------------------------------


def inside(found: list[Room], name: str) -> set[int]:
    """The nodes of the room with this name, with those of the rooms inside."""
    (room,) = (room for room in found if room.name == name)
    return {*room.nodes()}


def test_a_channel_has_its_own_kernel() -> None:
    layer = nn.Conv2d(2, 3, 2, seed=0)
    graph = Graph(loss(layer(inputs(2, 3, 3))))
    found = rooms(graph, 60)
    assert layer.bias is not None
    for o in range(3):
        kernel = {graph.position(w) for w in [*leaves(layer.weight[o]), layer.bias[o]]}
        own = inside(found, f"conv2d.channel{o + 1}")
        assert kernel == {i for i in own if graph.nodes[i].op is None}


def test_a_head_has_its_own_rows() -> None:
    layer = nn.MultiheadAttention(4, 2, seed=0)
    x = inputs(3, 4)
    graph = Graph(loss(layer(x, x, x)[0]))
    found = rooms(graph, 60)
    assert layer.in_proj_weight is not None and layer.in_proj_bias is not None
    for part, name in enumerate(("queries", "keys", "values")):
        for head in range(2):
            rows = slice(4 * part + 2 * head, 4 * part + 2 * head + 2)
            own = inside(found, f"multiheadattention.head{head + 1}.{name}")
            expected = [*leaves(layer.in_proj_weight[rows]), *layer.in_proj_bias[rows]]
            assert {graph.position(w) for w in expected} == {i for i in own if graph.nodes[i].op is None}


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_what_all_steps_share_is_gathered_in_their_layer(kind: Any) -> None:
    layer = kind(2, 2, num_layers=2, seed=0)
    graph = Graph(loss(layer(inputs(3, 2))[0]))
    found = rooms(graph, 60)
    for k in range(2):
        own = [w for name, w in layer.named_parameters() if f"_l{k}" in name]
        (shared,) = (
            room
            for room in found
            if room.kind == "parameters" and str(room.name).startswith(f"{kind.__name__.lower()}.layer{k + 1}/")
        )
        assert shared.title == f"{len(own)} parameters"
        assert {graph.position(w) for w in own} == {i for i in shared.nodes() if graph.nodes[i].op is None}


def test_a_parameter_that_several_parts_use_stays_with_the_module() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            self.scale = Value(2.0)
            self.one, self.two = nn.Linear(1, 1, seed=0), nn.Linear(1, 1, seed=1)

        def forward(self, x: Any) -> Any:
            return self.two([self.scale * z for z in self.one([self.scale * x])])

    model = Twice()
    graph = Graph(loss(model(Value(1.0, "x"))))
    assert graph.position(model.scale) in rooms(graph, 60)[0].items


def test_pixels_stand_in_their_order() -> None:
    image = inputs(1, 4, 4)
    graph = Graph(loss(nn.Conv2d(1, 1, 2, padding=1, seed=0)(image)))
    pixels = {graph.position(x) for x in leaves(image)}
    shown = [item for room in rooms(graph, 60) for item in room.items if item in pixels]
    assert shown == [graph.position(x) for x in leaves(image)]


# --- names ---------------------------------------------------------------------------------------------------------


def named(graph: Graph, name: str) -> list[float]:
    """The numbers of the nodes with this name, the smallest first."""
    return sorted(graph.data[i] for i, known in Titles(graph).usual_names().items() if known == name)


@pytest.mark.parametrize("affine", [False, True])
def test_the_parts_of_layer_normalisation_have_their_names(affine: bool) -> None:
    xs = inputs(5)
    graph = Graph(loss(nn.LayerNorm(5, elementwise_affine=affine)(xs)))
    data = [x.data for x in xs]
    mean = math.fsum(data) / 5
    variance = math.fsum((x - mean) ** 2 for x in data) / 5
    deviation = math.sqrt(variance + 1e-5)
    for name, expected in {
        "mean": [mean],
        "variance": [variance],
        "1/deviation": [1 / deviation],
        "normalised": sorted((x - mean) / deviation for x in data),
    }.items():
        assert named(graph, name) == pytest.approx(expected, rel=1e-12)


def test_the_weights_of_attention_are_called_softmax() -> None:
    layer = nn.MultiheadAttention(2, 1, seed=0)
    x = inputs(3, 2)
    output, weights = layer(x, x, x, is_causal=True)
    graph = Graph(loss(output))
    # The first position attends only to itself: its weight is 1, and not computed by a softmax.
    expected = [w.data for i, row in enumerate(weights) for w in row[: i + 1] if i > 0]
    assert [x for x in named(graph, "softmax") if x != 1.0] == sorted(expected)


def test_a_share_of_a_sum_is_no_softmax_unless_all_are_exponentials() -> None:
    a, b = Value(1.0, "a"), Value(2.0, "b")
    for total in (a.exp() + b, b.exp() + b.exp()):
        assert named(Graph(a.exp() / total), "softmax") == []
    both = a.exp(), b.exp()
    assert named(Graph(both[0] / (both[0] + both[1])), "softmax") == [pytest.approx(1 / (1 + math.e))]


def test_a_number_that_is_scaled_and_shifted_is_no_neuron() -> None:
    _, found = looked_at("LayerNorm")
    assert [room.kind for room in found] == ["graph"]
