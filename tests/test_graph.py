"""Whole graphs: their order, numbering and counts, expanding dot products, and JSON and files, also damaged ones."""

from __future__ import annotations

import json
import math
import os
import random
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Graph, Place, Value, dot, enter, files
from autograd.ops import BUILTIN, OPS

# --- random graphs ------------------------------------------------------------------------------------------------

ARITIES = {"add": 2, "mul": 2, "sub": 2, "neg": 1, "relu": 1, "maximum": 2, "where": 3, "sum": 4, "dot": 5, "prod": 1}
"""Operations that keep integers integers, so that sums are exact in any order, with the operands drawn for each."""


@st.composite
def graphs(draw: st.DrawFn) -> Value:
    """The last node of some random steps on earlier nodes; not every node has to be part of its graph."""
    nodes = [Value(draw(st.integers(-3, 3)), f"leaf{i}") for i in range(draw(st.integers(1, 4)))]
    for name in draw(st.lists(st.sampled_from(sorted(ARITIES)), max_size=12)):
        picks = [nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(ARITIES[name])]
        node = Value.__apply_op__(OPS[name], tuple(picks))
        nodes.append(node if abs(node.data) < 1000 else nodes[0] * 1.0)
    return nodes[-1]


def reachable(root: Value) -> set[Value]:
    found, waiting = {root}, [root]
    while waiting:
        for x in waiting.pop().operands:
            if x not in found:
                found.add(x)
                waiting.append(x)
    return found


@given(graphs())
@settings(deadline=None)
def test_nodes_are_complete_distinct_and_in_topological_order(root: Value) -> None:
    graph = Graph(root)
    assert set(graph) == set(graph.nodes) == reachable(root)
    assert len(set(graph.nodes)) == len(graph) == len(graph.operands)
    assert graph.root is graph.nodes[-1] is root
    for position, (node, operands) in enumerate(zip(graph.nodes, graph.operands)):
        assert all(i < position for i in operands)
        assert tuple(graph.nodes[i] for i in operands) == node.operands
        assert graph.position(node) == position
        assert node in graph


@given(graphs())
@settings(deadline=None)
def test_depths_consumers_counts_and_leaves(root: Value) -> None:
    graph = Graph(root)
    for position, node in enumerate(graph.nodes):
        # By the definitions, with the nodes' own operands.
        assert graph.depths[position] == max([graph.depths[graph.position(x)] + 1 for x in node.operands], default=0)
        assert graph.consumers[position] == [i for i, other in enumerate(graph.nodes) if node in other.operands]
    assert graph.depth == graph.depths[-1] == max(graph.depths)
    assert graph.leaves == [node for node in graph.nodes if not node.operands]
    names = [node.op.name for node in graph.nodes if node.op is not None]
    assert graph.counts == {name: names.count(name) for name in names}
    assert list(graph.counts) == list(dict.fromkeys(names))
    assert sum(graph.counts.values()) + len(graph.leaves) == len(graph)


@given(graphs())
@settings(deadline=None)
def test_leaves_come_right_before_their_first_consumer(root: Value) -> None:
    graph = Graph(root)
    for leaf in graph.leaves[:-1]:
        between = graph.nodes[graph.position(leaf) + 1 : graph.consumers[graph.position(leaf)][0]]
        assert all(node.op is None for node in between)


@given(graphs())
@settings(deadline=None)
def test_gradients_are_those_of_backward_and_change_nothing(root: Value) -> None:
    for node in (graph := Graph(root)):
        node.grad = 7.0
    gradients = graph.gradients()
    assert {node.grad for node in graph} == {7.0}
    for node in graph:
        node.grad = 0.0
    root.backward()
    assert gradients == [node.grad for node in graph]


@given(graphs())
@settings(deadline=None)
def test_expanding_keeps_values_and_gradients_exactly(root: Value) -> None:
    root.backward()
    fused = Graph(root)
    expanded = fused.expand()
    assert "dot" not in expanded.counts
    assert set(fused.leaves) >= set(expanded.leaves)
    assert (expanded.root.data, expanded.root.grad) == (root.data, root.grad)
    if "dot" not in fused.counts:
        assert expanded.nodes == fused.nodes
    # All numbers are integers, so the order in which contributions to a leaf are added does not matter.
    expected = [leaf.grad for leaf in fused.leaves]
    for leaf in fused.leaves:
        leaf.grad = 0.0
    expanded.root.backward()
    assert [leaf.grad for leaf in fused.leaves] == expected


# --- what a Graph says --------------------------------------------------------------------------------------------


def test_a_leaf_alone_is_a_graph() -> None:
    x = Value(3.0)
    graph = Graph(x)
    assert (graph.nodes, graph.operands, graph.consumers, graph.depth, graph.counts) == ([x], [()], [[]], 0, {})
    assert graph.gradients() == [1.0]
    assert repr(graph) == "Graph(1 nodes, depth 0: 1 leaves, no operations)"


def test_an_operand_used_twice_stands_twice() -> None:
    x = Value(3.0)
    graph = Graph(x * x)
    assert (graph.operands, graph.consumers) == ([(), (0, 0)], [[1], []])
    assert repr(graph) == "Graph(2 nodes, depth 1: 1 leaves, 1 mul)"


def test_scopes() -> None:
    outer = enter(Place("net"))
    a = Value(1.0)
    inner = enter(Place("net.layer1"))
    b = a * 2.0
    enter(inner)
    c = b + a
    enter(outer)
    graph = Graph(c * 3.0)
    positions = graph.scopes
    assert sorted(positions) == ["", "net", "net.layer1"]
    assert positions["net"] == [graph.position(a), graph.position(c)]
    assert positions["net.layer1"] == [graph.position(b.operands[1]), graph.position(b)]


def test_what_is_not_in_the_graph() -> None:
    x, other = Value(3.0, "x"), Value(4.0, "other")
    graph = Graph(x * x)
    assert other not in graph
    assert "x" not in graph
    with pytest.raises(LookupError, match=r"label='other'\) is not part of the graph of a result of mul"):
        graph.position(other)


@pytest.mark.parametrize("wrong", [3.0, None, "x", [Value(1.0)]])
def test_a_graph_starts_from_a_value(wrong: Any) -> None:
    with pytest.raises(TypeError, match=f"a Graph starts from a Value, not {type(wrong).__name__}"):
        Graph(wrong)


# --- taking dots apart --------------------------------------------------------------------------------------------

number = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(st.lists(st.tuples(number, number), max_size=5), st.none() | number, st.floats(-2, 2))
@settings(deadline=None)
def test_an_expanded_dot_is_the_same_bit_for_bit(
    pairs: list[tuple[float, float]], bias: float | None, seed: float
) -> None:
    if not pairs and bias is None:
        return
    ws, xs = [Value(w) for w, _ in pairs], [Value(x) for _, x in pairs]
    b = None if bias is None else Value(bias)
    leaves = [*ws, *xs] if b is None else [*ws, *xs, b]
    node = dot(ws, xs, b)
    node.backward(seed)
    expanded = Graph(node).expand()
    assert expanded.root.data.hex() == node.data.hex()
    assert expanded.root.grad == node.grad
    products = [x for x in expanded if x.op is autograd.mul]
    assert sorted(x.data.hex() for x in products) == sorted((w * x).hex() for w, x in pairs)
    assert {x.grad for x in products} <= {node.grad}
    fused = [leaf.grad.hex() for leaf in leaves]
    for leaf in leaves:
        leaf.grad = 0.0
    expanded.root.backward(seed)
    assert [leaf.grad.hex() for leaf in leaves] == fused


def test_expanding_keeps_names_and_untouched_nodes() -> None:
    outer = enter(Place("net.layer1.neuron1"))
    w, x, b = Value(2.0, "w"), Value(3.0, "x"), Value(1.0, "b")
    pre = dot([w], [x], b)
    enter(outer)
    pre.label = "pre"
    before = w * 5.0
    root = pre.relu() + before
    root.label = "root"
    expanded = Graph(root).expand()
    assert before in expanded
    assert pre not in expanded
    assert [leaf in expanded for leaf in (w, x, b)] == [True] * 3
    total = next(node for node in expanded if node.op is OPS["sum"])
    assert (total.label, total.scope) == ("pre", "net.layer1.neuron1")
    product = total.operands[1]
    assert (product.label, product.scope, product.operands) == ("", "net.layer1.neuron1", (w, x))
    assert expanded.root.label == "root"


def test_expanding_after_a_leaf_was_set_gives_no_mixture() -> None:
    """The products are those of the forward point, or an error names the leaf."""
    w, x = Value(2.0, "w"), Value(3.0, "x")
    graph = Graph(dot([w], [x]))
    w.data = 9.0
    try:
        expanded = graph.expand()
        expanded.root.backward()
    except RuntimeError as error:
        assert "'w'" in str(error)
    else:
        assert [node.data for node in expanded if node.op is not None] == [6.0, 6.0]
        assert (w.grad, x.grad) == (3.0, 2.0)


# --- JSON ---------------------------------------------------------------------------------------------------------

autograd.op("cubed", lambda a: a * a * a, lambda a, out: (3.0 * a * a,), check=[(2.0,)])


def seen(graph: Graph) -> list[Any]:
    """What JSON must keep, as repr, because nan is not equal to itself; + 0.0 removes the sign of zero slopes."""
    return [
        repr(
            (
                type(node),
                node.op,
                operands,
                [x + 0.0 for x in node.partials],
                node.data,
                node.grad,
                node.label,
                node.scope,
            )
        )
        for node, operands in zip(graph.nodes, graph.operands)
    ]


@given(graphs())
@settings(deadline=None)
def test_json_round_trip(root: Value) -> None:
    root.backward()
    graph = Graph(root)
    twin = Graph.from_json(graph.to_json())
    assert seen(twin) == seen(graph)
    assert not set(twin) & set(graph)
    assert Graph.from_json(graph.to_json(indent=2)).to_json() == graph.to_json()


@given(st.lists(st.floats(), min_size=3, max_size=3), st.sampled_from(sorted({*BUILTIN, "cubed"})))
@settings(deadline=None, max_examples=300)
def test_json_round_trip_of_any_number_and_any_operation(numbers: list[float], name: str) -> None:
    """Infinities, nan, -0.0 and subnormal numbers, as data, gradients and partials."""
    op = OPS[name]
    leaves = [Value(x) for x in numbers[: op.arity]]
    root = Value.__apply_op__(op, tuple(leaves))
    root.backward(numbers[-1])
    text = Graph(root).to_json()
    json.loads(text, parse_constant=pytest.fail)  # Infinity and NaN are no JSON
    assert seen(Graph.from_json(text)) == seen(Graph(root))


@pytest.mark.parametrize("base", [2.0, 0.0, -2.0, math.inf])
@pytest.mark.parametrize("exponent", [3, -1, 0.5, 0])
def test_json_tells_a_constant_exponent_from_a_value(base: float, exponent: float) -> None:
    for root in (Value(base) ** exponent, Value(base) ** Value(exponent)):
        root.backward()
        assert seen(Graph.from_json(Graph(root).to_json())) == seen(Graph(root))


def test_json_keeps_awkward_names_and_users_operations() -> None:
    outer = enter(Place("net.layer1"))
    x = Value(2.0, 'a "quoted" \\ label\n🙂 </script>')
    root = OPS["cubed"](x)
    enter(outer)
    twin = Graph.from_json(Graph(root).to_json())
    assert twin.root.op is OPS["cubed"]
    assert (twin.leaves[0].label, twin.leaves[0].scope, twin.root.scope) == (x.label, "net.layer1", "net.layer1")
    assert seen(twin) == seen(Graph(root))


def test_a_restored_graph_lives() -> None:
    graph = Graph.from_json(Graph((Value(2.0) * Value(3.0)).tanh()).to_json())
    x, y = graph.leaves
    graph.root.backward()
    assert x.grad == pytest.approx(3.0 / math.cosh(6.0) ** 2, rel=1e-14)
    assert y.grad == pytest.approx(2.0 / math.cosh(6.0) ** 2, rel=1e-14)


LEAF = {"op": None, "data": 2.0, "grad": 0.0}
MUL = {"op": "mul", "operands": [0, 0], "partials": [2.0, 2.0], "data": 4.0, "grad": 1.0}
POW = {"op": "pow", "operands": [0, 0], "partials": [4.0, 0.0], "data": 4.0, "grad": 1.0}
REST = '"version": 1, "root": 0, "nodes": [{"op": null, "data": 1.0}]'


def document(*rows: Any, **changes: Any) -> str:
    return json.dumps({"format": "glassgrad-graph", "version": 1, "root": len(rows) - 1, "nodes": list(rows)} | changes)


def leaf(data: str) -> str:
    """A document of one leaf with `data` as it stands."""
    return document({"op": None, "data": "DATA"}).replace('"DATA"', data)


FORGED: dict[str, tuple[str, str]] = {
    # name: (text, what the message must say)
    "empty": ("", "not a graph in JSON, or it is damaged"),
    "truncated": (document(LEAF, MUL)[:-20], "not a graph in JSON, or it is damaged"),
    "no JSON at all": ("digraph { a -> b }", "not a graph in JSON"),
    "trailing text": (document(LEAF) + "}", "not a graph in JSON"),
    "nested too deeply": ("[" * 100_000, "not a graph in JSON"),
    "objects nested too deeply": ('{"nodes":' * 100_000, "not a graph in JSON"),
    "a list": ("[]", '"format" must be'),
    "null": ("null", '"format" must be'),
    "a number": ("3", '"format" must be'),
    "no format": ("{" + REST + "}", '"format" must be'),
    "another format": (document(LEAF, format="dot"), "\"format\" must be 'glassgrad-graph'"),
    "a format of another type": (document(LEAF, format=["glassgrad-graph"]), '"format" must be'),
    "a later version": (document(LEAF, version=2), "version 2 cannot be read here, only version 1"),
    "no version": ('{"format": "glassgrad-graph", "root": 0, "nodes": []}', "version None cannot be read"),
    "version as text": (document(LEAF, version="1"), "version '1' cannot be read"),
    "no nodes": (document(nodes=[]), "at least one node"),
    "nodes of another type": (document(LEAF, nodes={"0": LEAF}), "must be a list"),
    "nodes missing": ('{"format": "glassgrad-graph", "version": 1, "root": 0}', "must be a list"),
    "root too large": (document(LEAF, root=1), '"root" must be the position of one of its 1 nodes, not 1'),
    "root negative": (document(LEAF, root=-1), "not -1"),
    "root as text": (document(LEAF, root="0"), "not '0'"),
    "root as a fraction": (document(LEAF, root=0.0), r"not 0\.0"),
    "root true": (document(LEAF, LEAF, root=True), "not True"),
    "a node that is no object": (document(LEAF, [1]), r"node 1 .*must be an object, not \[1\]"),
    "a node that is null": (document(None), "node 0 .*must be an object, not None"),
    "an operand of itself": (document(LEAF, MUL | {"operands": [1, 1]}), "node 1 .*positions of nodes before it"),
    "a cycle": (document(LEAF, MUL | {"operands": [2, 0]}, MUL | {"operands": [1, 0]}), "node 1 .*before it"),
    "an operand out of range": (document(LEAF, MUL | {"operands": [0, 7]}), r"before it, not \[0, 7\]"),
    "a negative operand": (document(LEAF, MUL | {"operands": [0, -1]}), "before it"),
    "an operand as text": (document(LEAF, MUL | {"operands": ["0", 0]}), "before it"),
    "an operand that is true": (document(LEAF, LEAF, MUL | {"operands": [True, 0]}), "before it"),
    "operands of another type": (document(LEAF, MUL | {"operands": 0}), "before it, not 0"),
    "operands missing": (document(LEAF, {"op": "mul", "data": 4.0}), "before it, not None"),
    "too few operands": (document(LEAF, MUL | {"operands": [0]}), "mul cannot have 1 operands"),
    "too many operands": (document(LEAF, MUL | {"operands": [0, 0, 0]}), "mul cannot have 3 operands"),
    "a sum of nothing": (document(LEAF, MUL | {"op": "sum", "operands": []}), "sum cannot have 0 operands"),
    "an unknown operation": (document(LEAF, MUL | {"op": "zap"}), "node 1 .*no operation 'zap'"),
    "an empty operation": (document(LEAF, MUL | {"op": ""}), "no operation ''"),
    "an operation of another type": (document(LEAF, MUL | {"op": ["mul"]}), "op must be an operation's name or null"),
    "wrong data": (document(LEAF, MUL | {"data": 5.0}), r"node 1 .*given as 5\.0, but mul of its operands is 4\.0"),
    "slightly wrong data": (document(LEAF, MUL | {"data": 4.0 * (1 + 1e-8)}), "but mul of its operands"),
    "nan instead of a number": (document(LEAF, MUL | {"data": "nan"}), "but mul of its operands"),
    "a number instead of nan": (document(LEAF | {"data": "nan"}, MUL), "given as 4.0, but mul of its operands is nan"),
    "data as text": (document(LEAF | {"data": "two"}), "node 0 .*not str: 'two'"),
    "data as a list": (document(LEAF | {"data": [2.0]}), "node 0 .*not list"),
    "data null": (document(LEAF | {"data": None}), "node 0 .*not NoneType"),
    "data missing": (document({"op": None}), "node 0 .*not NoneType"),
    "gradient as text": (document(LEAF | {"grad": "steep"}), "node 0 .*not str: 'steep'"),
    "data beyond floats": (leaf("1" + "0" * 400), "node 0 .*range of a float"),
    "data with too many digits": (leaf("1" * 10_000), "graph"),
    "a NaN token": (leaf("NaN"), "graph.*NaN"),
    "an Infinity token": (leaf("Infinity"), "graph.*Infinity"),
    "label of another type": (document(LEAF | {"label": 3}), "node 0 .*label and scope must be text"),
    "scope of another type": (document(LEAF | {"scope": ["a"]}), "node 0 .*label and scope must be text"),
    "partials empty": (document(LEAF, POW | {"partials": []}), "node 1 .*partials"),
    "partials of another type": (document(LEAF, POW | {"partials": {}}), "node 1 .*partials"),
    "partials as a number": (document(LEAF, POW | {"partials": 5}), "node 1 .*partials"),
    "partials null": (document(LEAF, POW | {"partials": None}), "node 1 .*partials"),
}


@pytest.mark.parametrize("name", FORGED)
def test_damaged_and_forged_json_is_refused_in_a_sentence(name: str) -> None:
    text, message = FORGED[name]
    with pytest.raises((ValueError, LookupError)) as caught:
        Graph.from_json(text)
    # no KeyError or IndexError: their text would not help a reader
    assert type(caught.value) in (ValueError, LookupError)
    assert caught.match(message)
    assert len(str(caught.value)) < 400


REPLACEMENTS: list[Any] = [
    None, True, 0, 1, -1, 10**400, 0.0, 2.5, math.inf, math.nan, "", "x", "nan", "mul", [], {}, [0], [[]], [None, "x"],
    {"op": None}, {"op": "pow", "operands": [0, 0], "data": 4.0},
]  # fmt: skip


def parts(whole: Any) -> list[tuple[Any, Any]]:
    """Every part of a document, as its container and its key there."""
    found = []
    for key in list(whole) if isinstance(whole, dict) else range(len(whole)):
        found.append((whole, key))
        if isinstance(whole[key], (dict, list)):
            found += parts(whole[key])
    return found


@pytest.mark.parametrize("replacement", REPLACEMENTS, ids=lambda x: repr(x)[:20])
def test_json_with_any_one_part_replaced_is_a_graph_or_an_error(replacement: Any) -> None:
    """Whatever stands in place of any part, the outcome is a good graph, a ValueError or a LookupError."""
    whole = json.loads(document(LEAF, MUL | {"label": "m", "scope": "s"}, POW | {"operands": [1, 0], "data": 16.0}))
    for container, key in parts(whole):
        original, container[key] = container[key], replacement
        try:
            graph = Graph.from_json(json.dumps(whole))
        except (ValueError, LookupError) as error:
            assert type(error) in (ValueError, LookupError), f"{key}: {error!r}"
        else:
            assert seen(Graph.from_json(graph.to_json())) == seen(graph)
        container[key] = original


# --- files --------------------------------------------------------------------------------------------------------


def test_save_and_load(tmp_path: Path) -> None:
    graph = Graph((Value(2.0, "größe 🙂") * 3.0).exp())
    for path in (tmp_path / "graph.json", str(tmp_path / "other.json")):
        graph.save(path)
        assert seen(Graph.load(path)) == seen(graph)
    assert sorted(os.listdir(tmp_path)) == ["graph.json", "other.json"]


def test_save_into_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Graph(Value(2.0)).save("graph.json")
    assert os.listdir(tmp_path) == ["graph.json"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_saved_files_have_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    Graph(Value(2.0)).save(tmp_path / "graph.json")
    (tmp_path / "plain").touch()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("graph.json", "plain")]
    assert modes[0] == modes[1]


def fail(*_: Any, **__: Any) -> Any:
    raise OSError("the disk is full")


FAILURES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "renaming": lambda patch: patch.setattr(os, "replace", fail),
    "opening": lambda patch: patch.setattr(os, "fdopen", fail),
    "permissions": lambda patch: patch.setattr(os, "chmod", fail),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_while_saving_keeps_the_old_file_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "graph.json"
    Graph(Value(2.0, "old")).save(path)
    with monkeypatch.context() as patch:
        FAILURES[name](patch)
        with pytest.raises(OSError, match="the disk is full"):
            Graph(Value(3.0, "new")).save(path)
    assert os.listdir(tmp_path) == ["graph.json"]
    assert Graph.load(path).root.label == "old"


def test_a_failure_while_writing_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "text"
    files.write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        files.write_text(path, "n" * 100_000 + "\ud800")
    assert os.listdir(tmp_path) == ["text"]
    assert path.read_text() == "old"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x80\x04\x95", b"", random.Random(0).randbytes(200)])
def test_loading_a_file_of_another_kind(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a graph"):
        Graph.load(path)


def test_loading_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Graph.load(tmp_path / "missing.json")


def test_a_graph_with_two_points_is_not_written() -> None:
    w = Value(2.0, "w")
    square = w * w
    w.data = 9.0
    with pytest.raises(RuntimeError, match="set after a result of mul"):
        Graph(square + w).to_json()
