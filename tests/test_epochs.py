"""Train, then look: a graph belongs to the point at which it was computed, whatever leaves are set to afterwards.

The gradients are those of f(w, x) = (w0 x0 + w1 x1 + b)**2 and the like, derived by hand, or those of the same program
run again at the old point.
"""

from __future__ import annotations

import copy
import gc
import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Graph, Value, dot
from autograd.origins import epochs_remembered, places_remembered
from autograd.value import Dot, data_then

WAYS_TO_COPY: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "old pickle": lambda x: pickle.loads(pickle.dumps(x, 0)),
}


def set_all(leaves: list[Value], numbers: list[float]) -> None:
    for leaf, number in zip(leaves, numbers):
        leaf.data = number


def line_squared() -> tuple[list[Value], Value]:
    """(w0 x0 + w1 x1 + b)**2 at w = (2, 3), x = (5, 7), b = 11, where the line is 42."""
    w, x, b = [Value(2.0), Value(3.0)], [Value(5.0), Value(7.0)], Value(11.0)
    return [*w, *x, b], dot(w, x, b) ** 2


SLOPES = [2 * 42 * 5.0, 2 * 42 * 7.0, 2 * 42 * 2.0, 2 * 42 * 3.0, 2 * 42.0]


def test_backward_after_many_steps_gives_the_gradient_of_the_old_point() -> None:
    leaves, y = line_squared()
    for step in range(5):
        set_all(leaves, [0.5 * step, -1.0, step, 4.0, 2.0])
        dot(leaves, leaves).backward(0.0)  # other graphs, computed after other writes to the leaves
    for times in (1.0, 2.0):
        y.backward()
        assert [leaf.grad for leaf in leaves] == [times * slope for slope in SLOPES]


def test_several_graphs_of_several_epochs_are_alive_at_once() -> None:
    w = Value(1.0)
    graphs = []
    for k in range(1, 8):
        w.data = float(k)
        graphs.append(dot([w], [w]) * 3.0)  # 3 w**2, of slope 6 w
    random.Random(0).shuffle(graphs)
    for graph in graphs:
        w.grad = 0.0
        graph.backward()
        assert w.grad == 6.0 * (graph.data / 3.0) ** 0.5


def test_partials_and_point_are_those_of_the_forward_pass() -> None:
    leaves, y = line_squared()
    node = y.operands[0]
    before = node.partials, data_then(node, node.operands)
    set_all(leaves, [0.0] * 5)
    assert (
        (node.partials, data_then(node, node.operands))
        == before
        == ((5.0, 7.0, 2.0, 3.0, 1.0), [2.0, 3.0, 5.0, 7.0, 11.0])
    )


def test_a_graph_shows_its_point_and_marks_what_was_set_since() -> None:
    leaves, y = line_squared()
    old = Graph(y)
    assert old.written == []
    leaves[1].data = -4.0
    new = Graph(y)
    assert new.data == old.data == [2.0, 3.0, 5.0, 7.0, 11.0, 42.0, 1764.0]
    assert [new.nodes[i] for i in new.written] == [leaves[1]]
    assert new.gradients() == old.gradients()
    assert sorted(new.expand().data) == sorted([2.0, 3.0, 5.0, 7.0, 10.0, 11.0, 21.0, 42.0, 1764.0])
    assert Graph.from_json(new.to_json()).data == old.data


def test_operators_alone_have_a_point_as_well() -> None:
    w, x = Value(2.0), Value(3.0)
    y = (w * x + w).tanh()
    before = Graph(y).data
    w.data = x.data = 100.0
    assert Graph(y).data == before
    assert [leaf.data for leaf in (w, x)] == [100.0, 100.0]


def test_after_an_optimisers_step_everything_can_be_looked_at() -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    optimiser = nn.SGD(model.parameters(), lr=0.1)
    loss = (model([0.5, -1.0]) - 1.0) ** 2
    loss.backward()
    before = Graph(loss).data, Graph(loss).gradients()
    gradients = [p.grad for p in model.parameters()]
    optimiser.step()
    optimiser.step()
    assert (Graph(loss).data, Graph(loss).gradients()) == before
    optimiser.zero_grad()
    loss.backward()
    assert [p.grad for p in model.parameters()] == gradients


@pytest.mark.parametrize("way", WAYS_TO_COPY)
def test_a_copy_has_the_old_point_over_leaves_that_are_where_they_are_now(way: str) -> None:
    leaves, y = line_squared()
    set_all(leaves[:2], [-1.0, -2.0])
    for numbers, twins in (([], []), (leaves[:2], leaves[:2])):
        (twin, new_leaves) = WAYS_TO_COPY[way]((y, numbers))
        graph = Graph(twin)
        assert graph.data == Graph(y).data
        assert sorted(x.data for x in graph.leaves) == sorted([-1.0, -2.0, 5.0, 7.0, 11.0])
        assert [x.data for x in new_leaves] == [x.data for x in twins]
        twin.backward()
        assert [x.grad for x in Graph(twin.operands[0]).leaves] == SLOPES


Script = list[tuple[str, int, float]]
scripts = st.lists(
    st.tuples(st.sampled_from(["write", "dot", "operators", "sum", "forget"]), st.integers(0, 5), st.floats(-3, 3)),
    max_size=40,
)


@given(scripts)
def test_random_programs_that_write_compute_and_forget(script: Script) -> None:
    """Each result keeps the gradient that `Graph.gradients` gave when it was made, whatever its leaves are set to."""
    leaves = [Value(float(i + 1)) for i in range(4)]
    kept: list[tuple[Value, list[float]]] = []
    nodes: list[Value] = list(leaves)
    for action, k, number in script:
        a, b = nodes[k % len(nodes)], nodes[(k * 7 + 3) % len(nodes)]
        if action == "write":
            leaves[k % 4].data = number
        elif action == "forget" and kept:
            kept.pop(k % len(kept))
            nodes = [*leaves, *(y for y, _ in kept)]
        else:
            if action == "dot":
                y = dot([a, *leaves], [b, *leaves[::-1]], b)
            elif action == "sum":
                y = autograd.sum([a, b, a])
            else:
                y = (a * b - a) * number
            slopes = Graph(y).gradients()
            kept.append((y, [slopes[Graph(y).position(x)] if x in Graph(y) else 0.0 for x in leaves]))
            nodes.append(y)
    for y, slopes in kept:
        for leaf in leaves:
            leaf.grad = 0.0
        y.backward()
        assert [leaf.grad for leaf in leaves] == pytest.approx(slopes, rel=1e-12, abs=1e-12)


def test_what_nobody_refers_to_is_forgotten() -> None:
    """Earlier numbers of leaves are kept for graphs that are alive, and for no others."""
    gc.collect()
    before = epochs_remembered()  # for graphs that other tests keep alive
    w = [Value(1.0), Value(2.0)]
    first = dot(w, w)
    for step in range(200):
        loss = dot(w, w) * 2.0
        loss.backward()
        for p in w:
            p.data = p.data - 0.001 * step
    del loss
    gc.collect()
    w[0].data = 0.0
    dot(w, w)
    w[0].data = 1.0
    assert epochs_remembered() < before + 10
    assert isinstance(first, Dot)
    assert first.partials == (1.0, 2.0, 1.0, 2.0)


def test_places_are_forgotten_though_nothing_is_written() -> None:
    """A program that enters a place for each step, and writes to no leaf, does not keep all of the places."""
    before = autograd.current_place()
    for step in range(25_000):
        autograd.enter(autograd.Place(f"step{step}"))
        node = Value(1.0) * 2.0
        assert node.scope == f"step{step}"
    autograd.enter(before)
    gc.collect()
    assert places_remembered() <= 10_000


def test_several_leaves_are_set_at_once_or_not_at_all() -> None:
    a, b = Value(1.0), Value(2.0)
    y = dot([a], [b])
    autograd.set_data([a, b], [3, 4.5])
    assert (a.data, b.data, y.partials) == (3.0, 4.5, (2.0, 1.0))
    wrongs: list[tuple[list[Any], list[Any], type[Exception]]] = [
        ([a, b], [5.0, "6"], TypeError),
        ([a, b], [5.0], ValueError),
        ([a, y], [5.0, 6.0], AttributeError),
        ([a, 7.0], [5.0, 6.0], AttributeError),
    ]
    for leaves, numbers, error in wrongs:
        with pytest.raises(error):
            autograd.set_data(leaves, numbers)
        assert (a.data, b.data) == (3.0, 4.5)
