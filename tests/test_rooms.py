"""The rooms of a graph: which nodes are shown together, repeated copies, titles, and the layout."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example as always
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Graph, Value, dot
from autograd.value import Constant
from autograd.view import placing, repetition
from autograd.view import rooms as rooms_module
from autograd.view.explore import data
from autograd.view.placing import LEGIBLE, STAGES, layouts, scale
from autograd.view.rooms import Room, rooms
from demos.classroom.networks import credit_network

from .test_explore import GRAPHS, chain, moons_like
from .test_value import micrograd_readme

# --- graphs -------------------------------------------------------------------------------------------------------


def numbers(seed: int, *shape: int) -> Any:
    """Values at random, in lists of lists."""
    rng = random.Random(seed)

    def made(*shape: int) -> Any:
        return [made(*shape[1:]) for _ in range(shape[0])] if shape else Value(rng.uniform(-1.0, 1.0))

    return made(*shape)


def module_batch(examples: int) -> Value:
    """nn.MLP(2, [4, 1]) and its mean squared error."""
    model = nn.MLP(2, [4, 1], activation="tanh", seed=0)
    loss: Value = nn.mse([model([0.1 * k, 0.5]) for k in range(examples)], [1.0] * examples)
    return loss


def plain_batch(examples: int, fused: bool = False) -> Value:
    """The same network written in loops, without modules or labels; the data are plain numbers."""
    w, b, v, c = numbers(0, 4, 2), numbers(1, 4), numbers(2, 4), Value(0.1)
    total: Any = 0.0
    for k in range(examples):
        x = [0.1 * k, 0.5]
        if fused:
            h = [(dot(row, x) + b_i).tanh() for row, b_i in zip(w, b)]
            out: Any = dot(v, h) + c
        else:
            h = [(sum(a * x_j for a, x_j in zip(row, x)) + b_i).tanh() for row, b_i in zip(w, b)]
            out = sum(a * h_i for a, h_i in zip(v, h)) + c
        total = total + (out - 1.0) ** 2
    loss: Value = total / examples
    return loss


def recurrent(steps: int, size: int = 3, fused: bool = False, every: bool = False) -> Value:
    """h = tanh(U x + W h + b), and a squared error at the end or at every step."""
    u, w, b, out = numbers(0, size, 2), numbers(1, size, size), numbers(2, size), numbers(3, size)
    h: Any = [Value(0.0) for _ in range(size)]
    total: Any = 0.0
    for t in range(steps):
        x = [0.1 * t, 0.3]
        if fused:
            h = [(dot(u[i], x) + dot(w[i], h) + b[i]).tanh() for i in range(size)]
        else:
            h = [
                (sum(a * c for a, c in zip(u[i], x)) + sum(a * c for a, c in zip(w[i], h)) + b[i]).tanh()
                for i in range(size)
            ]
        if every:
            total = total + (dot(out, h) - 0.1 * t) ** 2
    loss: Value = total / steps if every else (dot(out, h) - 1.0) ** 2
    return loss


class Recurrent(nn.Module):
    """A recurrent network as a module, which calls its layers at every step."""

    def __init__(self) -> None:
        self.hidden, self.out = nn.Linear(5, 3, seed=0), nn.Linear(3, 1, seed=1)

    def forward(self, xs: Any) -> Any:
        h, total = [Value(0.0)] * 3, Value(0.0)
        for x in xs:
            h = [z.tanh() for z in self.hidden([*x, *h])]
            total = total + (self.out(h)[0] - 0.5) ** 2
        return total


def gated(steps: int) -> Value:
    """A gated recurrent unit with two states."""
    gates = [(numbers(k, 2, 2), numbers(k + 3, 2, 2), numbers(k + 6, 2)) for k in range(3)]
    h: Any = [Value(0.0) for _ in range(2)]
    for t in range(steps):
        x = [0.1 * t, 0.3]

        def gate(k: int, function: Any, x: Any, h: Any) -> Any:
            ws, us, bs = gates[k]
            return [function(dot(w, x) + dot(u, h) + b) for w, u, b in zip(ws, us, bs)]

        update, reset = gate(0, autograd.sigmoid, x, h), gate(1, autograd.sigmoid, x, h)
        new = gate(2, autograd.tanh, x, [r * a for r, a in zip(reset, h)])
        h = [(1.0 - z) * a + z * n for z, a, n in zip(update, h, new)]
    loss: Value = (dot(numbers(9, 2), h) - 1.0) ** 2
    return loss


def normalised(examples: int, builtin: bool = False) -> Value:
    """Batch normalisation by hand, and a squared error of its outputs."""
    xs = [Value(0.1 * k * k, f"x{k + 1}") for k in range(examples)]
    gamma, beta = Value(1.0, "γ"), Value(0.0, "β")
    add: Any = sum if builtin else autograd.sum
    mean = add(xs) / examples
    centred = [x - mean for x in xs]
    variance = add([c**2 for c in centred]) / examples
    deviation = (variance + 1e-5).sqrt()
    ys = [gamma * (c / deviation) + beta for c in centred]
    loss: Value = add([(y - 0.3) ** 2 for y in ys]) / examples
    return loss


def readme() -> Value:
    """micrograd's example."""
    g: Value = micrograd_readme(Value(-4.0, "a"), Value(2.0, "b"))
    return g


def digits(examples: int) -> Value:
    model = nn.MLP(64, [32, 16, 10], seed=0)
    scores = [model([0.01 * (k + 7 * i) % 1.0 for k in range(64)]) for i in range(examples)]
    classes = [(3 * i) % 10 for i in range(examples)]
    classes[0] = scores[0].index(max(scores[0]))  # where the prediction is right, the loss has another graph
    loss: Value = nn.cross_entropy(scores, classes)
    return loss


ALL: dict[str, Callable[[], Value]] = {
    **GRAPHS,
    "batch of a module": lambda: module_batch(20),
    "batch in loops": lambda: plain_batch(20),
    "batch of dots": lambda: plain_batch(20, fused=True),
    "recurrent": lambda: recurrent(20),
    "recurrent with losses": lambda: recurrent(20, fused=True, every=True),
    "recurrent module": lambda: Recurrent()([[0.1 * t, 0.2] for t in range(20)]),
    "gated": lambda: gated(20),
    "normalised": lambda: normalised(16),
    "normalised in loops": lambda: normalised(16, builtin=True),
    "readme": readme,
    "batch of digits": lambda: digits(8),
    "star": lambda: autograd.sum([(Value(0.5, "x") * k).tanh() for k in range(300)]),
}

SHOWN = ["worked example", "readme", "batch of a module", "batch in loops", "digits", "recurrent", "normalised"]
"""The graphs whose first view has to be legible."""


def tree(room: Room) -> Any:
    """What a room shows: titles of rooms, and the operations of nodes."""
    return [item.title if isinstance(item, Room) else item for item in room.items]


def titles(found: list[Room], kind: str) -> list[str]:
    return [item.title for item in found[0].items if isinstance(item, Room) and item.kind == kind]


def operations(graph: Graph, room: Room) -> list[str]:
    """The operations in a room and in those inside it, in alphabetical order."""
    return sorted(node.op.name for node in (graph.nodes[i] for i in room.nodes()) if node.op is not None)


# --- what holds for all of them -----------------------------------------------------------------------------------


def check(graph: Graph, size: int = 60) -> list[Room]:
    """Check that every node is in one room, or in a copy of it, or a constant, and that every edge is shown."""
    found = rooms(graph, size)
    assert len({room.name for room in found}) == len(found)
    shown = [item for room in found for item in room.items]
    assert {item for item in shown if isinstance(item, Room)} == set(found[1:])
    stand_in: dict[int, int] = {}
    for room in found:
        for batch in room.copies:
            for several in zip(*batch.members):
                present = [i for i in several if i >= 0]
                stand_in.update(dict.fromkeys(present, present[0]))
    for i in range(len(graph)):
        stand_in.setdefault(i, i)
    kept = [i for i, node in enumerate(graph) if not isinstance(node, Constant) or node is graph.root]
    assert sorted(i for i in shown if isinstance(i, int)) == sorted({stand_in[i] for i in kept})

    place = {room: k for k, room in enumerate(found)}
    home = {item: room for room in found for item in room.items}
    for room in found:
        assert len(room.items) <= size
        assert len(room.neighbours) <= 3 * rooms_module.NEIGHBOURS
        for item in room.items:
            if isinstance(item, Room):
                assert item.parent is room
                assert place[item] > place[room]
        everything = [*room.items, *room.neighbours]
        assert len(set(everything)) == len(everything)
        assert all(0 <= a < len(everything) and 0 <= b < len(everything) and a != b for a, b in room.edges)

    def around(item: Any) -> set[Any]:
        holders = {item}
        while item in home:
            item = home[item]
            holders.add(item)
        return holders

    edges = {room: set(room.edges) for room in found}
    scalar: dict[Room, set[tuple[int, int]]] = {room: set() for room in found}
    for position, operands in enumerate(graph.operands):
        for operand in operands:
            if isinstance(graph.nodes[operand], Constant):
                continue
            a, b = stand_in[operand], stand_in[position]
            for room in around(a) | around(b):
                if not isinstance(room, Room):
                    continue
                everything = [*room.items, *room.neighbours]
                ends = [{k for k, item in enumerate(everything) if item in around(end)} for end in (a, b)]
                scalar[room] |= {(p, q) for p in ends[0] for q in ends[1] if p != q}
                if home[b] is room:
                    target = room.items.index(b)
                    assert any((p, target) in edges[room] for p in ends[0]), "an operand is in sight of its consumer"
    for room in found:
        if len(room.neighbours) < 3 * rooms_module.NEIGHBOURS:
            assert edges[room] <= scalar[room], "an edge of a room stands for edges of the graph"
    return found


@pytest.mark.parametrize("name", ALL)
def test_every_node_has_one_room_and_every_edge_is_somewhere(name: str) -> None:
    check(Graph(ALL[name]()))


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(40, 120), st.integers(8, 30))
@always(712, 59, 8)  # a sum of many terms is added to itself
@always(100, 60, 20)  # a product of a weighted sum is in a step
@always(664, 64, 12)  # a product is a term of a weighted sum twice
@always(408, 48, 20)  # one example has a leaf where others have a number
def test_the_rooms_of_any_graph(seed: int, nodes: int, size: int) -> None:
    rng = random.Random(seed)
    values: list[Any] = [Value(rng.random(), rng.choice(["", "w", "x"])) for _ in range(rng.randint(1, 8))]
    while len(values) < nodes:
        a, b = rng.choice(values[-30:]), rng.choice(values[-30:])
        values.append(rng.choice([a * b, a + b, a.tanh() + 2.0]))
    check(Graph(autograd.sum(values[-20:])), size)


@pytest.mark.parametrize("name", ALL)
def test_no_title_is_that_of_a_part(name: str) -> None:
    for room in rooms(Graph(ALL[name]()), 60):
        assert not re.match(r"part\b|block\b", room.title), room.title
        assert room.title


# --- examples -----------------------------------------------------------------------------------------------------


def test_a_batch_opens_as_its_network_once() -> None:
    graph = Graph(module_batch(20))
    found = rooms(graph, 60)
    assert titles(found, "module") == ["layer1", "layer2.neuron1"]
    (batch,) = found[0].copies
    # 2 inputs and the target, 4 weighted sums with their functions, 1 more for the output, the difference, its square.
    assert [len(copy) for copy in batch.members] == [2 + 1 + 4 * 2 + 1 + 1 + 1] * 20
    assert [graph.nodes[i].op.name for i in batch.gather] == ["sum"]  # type: ignore[union-attr]
    layer = next(room for room in found if room.name == "mlp.layer1")
    assert [item.title for item in layer.items if isinstance(item, Room)] == [f"neuron{k}" for k in range(1, 5)]
    # The outermost room keeps two inputs, a difference and a square, and the nodes that gather the examples.
    names = [graph.nodes[i].op for i in found[0].items if isinstance(i, int)]
    assert [op.name for op in names if op is not None] == ["sub", "square", "sum", "div"]
    assert names.count(None) == 2


@pytest.mark.parametrize("fused", [False, True])
def test_a_batch_in_loops_opens_as_its_network_once(fused: bool) -> None:
    found = rooms(Graph(plain_batch(20, fused)), 60)
    assert [item.title for item in found[0].items if isinstance(item, Room)][:2] == ["layer 1", "layer 2"]
    assert [len(batch.members) for batch in found[0].copies] == [20]
    layer = next(room for room in found if room.title == "layer 1")
    assert tree(layer) == ["neuron 1", "neuron 2", "neuron 3", "neuron 4"]


@pytest.mark.parametrize("name", ["batch of a module", "batch in loops", "batch of dots", "batch of digits"])
def test_copies_are_the_same_but_for_their_leaves(name: str) -> None:
    graph = Graph(ALL[name]())
    batches = [batch for room in rooms(graph, 60) for batch in room.copies]
    assert batches
    for batch in batches:
        place = {i: k for copy in batch.members for k, i in enumerate(copy) if i >= 0}
        for several in zip(*batch.members):
            nodes = [graph.nodes[i] for i in several if i >= 0]
            assert len({(node.op, node.scope) if node.op else isinstance(node, Constant) for node in nodes}) == 1
            wired = {tuple(place.get(j, ("shared", j)) for j in graph.operands[i]) for i in several if i >= 0}
            if name != "batch of digits":  # where the loss of an example uses the logit of its class
                assert len(wired) == 1
        sets = [{i for i in copy if i >= 0} for copy in batch.members]
        assert sum(map(len, sets)) == len(set().union(*sets))


def test_examples_whose_loss_is_computed_in_another_way_are_of_the_same_batch() -> None:
    graph = Graph(digits(8))
    (batch,) = rooms(graph, 60)[0].copies
    assert len(batch.members) == 8
    assert any(-1 in copy for copy in batch.members)
    layer = [i for i, node in enumerate(graph) if node.scope == "mlp.layer1.neuron1" and node.op]
    places = {copy.index(i) for copy in batch.members for i in copy if i in layer}
    assert len(places) == 2  # the weighted sum and its function


def test_the_neurons_of_a_layer_are_no_examples() -> None:
    """Neurons share their inputs as examples share parameters, but each neuron has more leaves of its own."""
    x, v = numbers(0, 2), numbers(1, 16)
    h = [sum((a * x_j for a, x_j in zip(row, x)), b).tanh() for row, b in zip(numbers(2, 16, 2), numbers(3, 16))]
    found = rooms(Graph(autograd.sum([a * h_i for a, h_i in zip(v, h)])), 60)
    assert [room.copies for room in found if room.copies] == []
    assert len([room for room in found if room.kind == "neuron"]) >= 16


def test_squares_of_parameters_are_no_examples() -> None:
    found = rooms(Graph(moons_like(1)), 60)
    assert [item.title for item in found[0].items if isinstance(item, Room) and item.kind == "alike"] == ["337 × w·w"]
    assert not any(room.copies for room in found)


@given(st.integers(0, 10**6), st.integers(3, 9), st.integers(1, 4), st.integers(1, 3))
def test_a_batch_of_any_network_is_found(seed: int, examples: int, width: int, depth: int) -> None:
    rng = random.Random(seed)
    sizes = [2, *[width] * depth, 1]
    layers = [(numbers(seed + k, b, a), numbers(seed - k, b)) for k, (a, b) in enumerate(pairwise(sizes))]
    function = rng.choice([Value.tanh, Value.relu, Value.exp])
    losses, owners = [], {}
    for example in range(examples):
        x: Any = [rng.random(), rng.random()]
        for weights, biases in layers:
            x = [function(dot(row, x) + b) for row, b in zip(weights, biases)]
        losses.append((x[0] - 0.5) ** 2)
        owners[losses[-1]] = example
    loss = autograd.sum(losses) / examples
    graph = Graph(loss)
    (batch,) = repetition.copies(graph, [""] * len(graph))
    results = sum(node.op is not None for node in graph)
    assert len(batch.members) == examples
    assert sum(graph.nodes[i].op is not None for copy in batch.members for i in copy) == results - 2
    for copy in batch.members:
        assert len({owners[graph.nodes[i]] for i in copy if graph.nodes[i] in owners}) == 1


# --- steps --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("size", [1, 3])
def test_a_recurrent_network_opens_as_its_steps(size: int, fused: bool, every: bool) -> None:
    graph = Graph(recurrent(20, size, fused, every))
    found = rooms(graph, 60)
    steps = [item for item in found[0].items if isinstance(item, Room) and item.kind == "step"]
    assert [step.title for step in steps] == [f"step {k}" for k in range(1, 21)]
    made = {tuple(operations(graph, step)) for step in steps}
    assert len(made) == 1, "all steps do the same"
    assert made.pop().count("tanh") == size
    place = {item: k for k, item in enumerate(found[0].items)}
    for one, other in pairwise(steps):
        assert (place[one], place[other]) in found[0].edges
    forward = [(a, b) for a, b in found[0].edges if {a, b} <= {place[step] for step in steps}]
    assert len(forward) == 19, "the state goes from each step to the next, and nothing else does"


def test_a_recurrent_module_opens_as_its_steps_too() -> None:
    graph = Graph(Recurrent()([[0.1 * t, 0.2] for t in range(20)]))
    found = rooms(graph, 60)
    steps = [item for item in found[0].items if isinstance(item, Room) and item.kind == "step"]
    # 3 neurons and one for the output, 3 functions, the difference, its square, and the sum so far.
    assert {tuple(operations(graph, step)) for step in steps} == {
        ("**2", "add", "dot", "dot", "dot", "dot", "sub", "tanh", "tanh", "tanh")
    }
    assert titles(found, "module") == ["hidden", "out"]  # their parameters


def test_a_gated_unit_opens_as_its_steps() -> None:
    graph = Graph(gated(12))
    steps = repetition.steps(graph, range(len(graph)))
    made = [sorted(graph.nodes[i].op.name for i in step if graph.nodes[i].op) for step in steps]  # type: ignore[union-attr]
    assert len(steps) == 12
    assert all(step == made[0] for step in made)


@given(st.integers(4, 9), st.integers(1, 4), st.booleans(), st.booleans(), st.sampled_from([Value.tanh, Value.sigmoid]))
def test_steps_are_those_of_the_loop(count: int, size: int, fused: bool, every: bool, function: Any) -> None:
    """Each room of a step has the states that this step of the loop made."""
    w, u, out = numbers(0, size, size), numbers(1, size), numbers(2, size)
    h: Any = [Value(0.0) for _ in range(size)]
    states, losses = [], []
    for t in range(count):
        sums = [dot(w[i], h) if fused else sum(a * c for a, c in zip(w[i], h)) for i in range(size)]
        h = [function(sums[i] + u[i] * (0.1 * t)) for i in range(size)]
        states.append(h)
        losses.append((dot(out, h) - 1.0) ** 2)
    graph = Graph(autograd.sum(losses) if every else losses[-1])
    steps = repetition.steps(graph, range(len(graph)))
    assert [{graph.position(x) for x in h} <= {*step} for h, step in zip(states, steps)] == [True] * count
    if every:
        assert [graph.position(loss) in step for loss, step in zip(losses, steps)] == [True] * count


def test_a_chain_can_be_entered() -> None:
    graph = Graph(chain(5000))
    found = rooms(graph, 60)
    assert titles(found, "steps")[:2] == ["steps 1–306", "steps 307–612"]
    assert all(len(room.items) <= rooms_module.IN_A_ROW + 1 for room in found)
    assert max(sum(1 for _ in _way(room)) for room in found) == 3, "no step is further than two rooms away"


def _way(room: Room | None) -> Any:
    while room is not None:
        yield room
        room = room.parent


def test_a_long_sum_is_no_series_of_steps() -> None:
    total: Any = 0.0
    for w in numbers(0, 200):
        total = total + w * w.exp()
    graph = Graph(total)
    assert repetition.steps(graph, range(len(graph))) == []
    found = rooms(graph, 60)
    assert titles(found, "sum") == ["Σ x·exp(x)"]


def test_a_flat_graph_stays_flat() -> None:
    for graph in (Graph(readme()), Graph(credit_network().error)):
        (room,) = rooms(graph, 60)
        constants = [i for i, node in enumerate(graph) if isinstance(node, Constant)]
        assert room.items == [i for i in range(len(graph)) if i not in constants]
        assert constants


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("builtin", [False, True])
def test_a_normalised_batch_opens_as_the_parts_of_its_formula(builtin: bool) -> None:
    graph = Graph(normalised(16, builtin))
    found = rooms(graph, 60)
    parts = ["x", "x − mean", "(x − mean)²", "normalised", "γ·normalised", "γ·normalised + β"]
    assert sorted(titles(found, "alike")) == sorted(
        f"16 × {part}" for part in [*parts, "γ·normalised + β − 0.3", "square"]
    )
    known = data(graph, [""] * len(graph), 60)["known"]
    assert [name for name in known.values() if name != "normalised"] == ["mean", "variance", "deviation"]


def test_a_network_opens_as_its_layers_and_each_layer_as_its_neurons() -> None:
    found = rooms(Graph(moons_like(1)), 60)
    layers = [item.title for item in found[0].items if isinstance(item, Room) and item.kind == "module"]
    assert layers == ["layer1", "layer2", "layer3.neuron1"]
    layer = next(room for room in found if room.name == "mlp.layer1")
    assert [item.title for item in layer.items if isinstance(item, Room)] == [f"neuron{k}" for k in range(1, 17)]


def test_scopes_of_any_depth_and_shape_are_rooms() -> None:
    before = autograd.enter(autograd.Place(".".join("ab" * 5000)))
    deep = Value(1.0, "w") * 2
    autograd.enter(autograd.Place("..odd. .names<b>"))
    odd = deep * 3
    autograd.enter(before)
    assert len(check(Graph(odd + 1))) < 40


# --- places -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[*SHOWN, "one moon", "chain", "gated", "recurrent with losses"])
def placed(request: pytest.FixtureRequest) -> Any:
    found = rooms(Graph(ALL[request.param]()), 60)
    made, wide, narrow, trouble = layouts(found)
    if trouble:
        pytest.skip(trouble)
    return request.param, found, made, wide, narrow


def boxes(room: Room, layout: Any) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of the cards."""
    found = []
    for item, (x, y) in zip([*room.items, *room.neighbours], layout["at"]):
        width, height = placing.ROOM if isinstance(item, Room) else placing.SCALAR
        found.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    return found


def points(path: str) -> list[tuple[float, float]]:
    """Points on a path of Bézier curves, close to one another."""
    numbers = [float(x) for x in re.findall(r"-?[\d.]+(?:e-?\d+)?", path)]
    given = [*zip(numbers[::2], numbers[1::2])]
    found = [given[0]]
    for j in range(0, len(given) - 1, 3):
        a, b, c, d = given[j : j + 4]
        for k in range(1, 25):
            t = k / 24
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            found.append(
                (
                    sum(w * p[0] for w, p in zip(weights, (a, b, c, d))),
                    sum(w * p[1] for w, p in zip(weights, (a, b, c, d))),
                )
            )
    return found


def test_layouts_have_a_place_for_everything(placed: Any) -> None:
    _, found, made, wide, narrow = placed
    for room, several in zip(found, zip(wide, narrow)):
        for k in several:
            layout = made[k]
            assert len(layout["at"]) == len(room.items) + len(room.neighbours)
            assert len(layout["paths"]) == len(room.edges)
            assert layout["labels"] == [] or len(layout["labels"]) == len(room.edges)
            width, height = layout["size"]
            cards = boxes(room, layout)
            assert all(min(a, b) >= -1 and c <= width + 1 and d <= height + 1 for a, b, c, d in cards)
            for j, (a, b, c, d) in enumerate(cards):
                assert not any(a < g and e < c and b < h and f < d for e, f, g, h in cards[:j]), "cards do not overlap"
            bundled = [edge for bundle in layout["bundles"] for edge in bundle["edges"]]
            assert len(bundled) == len(set(bundled))
            for edge, path in enumerate(layout["paths"]):
                inner = any({*room.edges[edge]} <= {*plate["items"]} for plate in layout["plates"])
                assert (path == "") == (edge in bundled) or inner
                assert not path or re.fullmatch(r"M[-\d.e]+,[-\d.e]+C[-\d.e, ]+", path)


def test_no_edge_passes_behind_a_card(placed: Any) -> None:
    name, found, made, wide, narrow = placed
    for room, several in zip(found, zip(wide, narrow)):
        for k in several:
            layout = made[k]
            cards = boxes(room, layout)
            ways = [(path, {*room.edges[edge]}) for edge, path in enumerate(layout["paths"]) if path]
            for bundle in layout["bundles"]:
                ends = {end for edge in bundle["edges"] for end in room.edges[edge]}
                ways.append((bundle["path"], ends))
            for path, ends in ways:
                for place, (a, b, c, d) in enumerate(cards):
                    if place not in ends:
                        behind = [(x, y) for x, y in points(path) if a + 3 < x < c - 3 and b + 3 < y < d - 3]
                        assert not behind, (name, room.name, place, path)


def test_rooms_of_one_structure_share_a_layout() -> None:
    found = rooms(Graph(moons_like(1)), 60)
    made, _, _, trouble = layouts(found)
    if trouble:
        pytest.skip(trouble)
    assert len(made) < len(found)


def test_a_layer_of_neurons_is_a_grid_and_steps_are_a_row() -> None:
    found = rooms(Graph(moons_like(1)), 60)
    made, wide, _, trouble = layouts(found)
    if trouble:
        pytest.skip(trouble)
    layer = next(k for k, room in enumerate(found) if room.name == "mlp.layer1")
    (plate,) = made[wide[layer]]["plates"]
    assert plate["kind"] == "grid"
    assert len(plate["items"]) == 16
    found = rooms(Graph(recurrent(20)), 60)
    made, wide, _, _ = layouts(found)
    layout = made[wide[0]]
    (plate,) = [plate for plate in layout["plates"] if plate["kind"] == "row"]
    assert [found[0].items[place].title for place in plate["items"]] == [f"step {k}" for k in range(1, 21)]
    at = [layout["at"][place] for place in plate["items"]]
    assert all(y2 > y1 or x2 > x1 for (x1, y1), (x2, y2) in pairwise(at)), "they are read as text is"


@pytest.mark.parametrize("name", SHOWN)
def test_the_first_view_can_be_read(name: str) -> None:
    found = rooms(Graph(ALL[name]()), 60)
    made, wide, _, trouble = layouts(found)
    if trouble:
        pytest.skip(trouble)
    layout = made[wide[0]]
    size = max(scale(layout["size"], stage) for stage in STAGES["wide"])
    assert size >= LEGIBLE
    assert not layout["labels"] or 12.5 * size >= 9
