"""The graph in words: the numbers of plain text and LaTeX, names, hostile labels, and well-formed LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Graph, Value, dot, where
from autograd.view import explain, trace
from autograd.view.text import NOTED, Subgraph, data_set_since, names, shown
from demos.classroom.networks import biases_network, credit_network


def numbers_of(line: str) -> list[float]:
    return [float(x) for x in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]\d+)?(?![\w.])", line)]


def test_every_step_multiplies_and_adds_up() -> None:
    """The numbers of each paragraph, taken by themselves, are a sum of products that gives the gradient."""
    network = biases_network()
    network.error.backward()
    for parameter in network.parameters:
        text = explain(parameter, of=network.error)
        paragraphs = re.findall(r"^d(\S+)/d(\S+) = .*\n +(= .*?)   .*\n +(= .*)$", text, re.MULTILINE)
        assert paragraphs[-1][1] == parameter.label
        for _, _, products, total in paragraphs:
            terms = [numbers_of(term) for term in products.split(" + ")]
            assert sum(x * y for x, y in terms) == pytest.approx(numbers_of(total)[0], rel=1e-8)
        assert numbers_of(paragraphs[-1][3])[0] == pytest.approx(parameter.grad, rel=1e-9)


def test_a_diamond_has_a_term_for_each_way() -> None:
    x = Value(3.0, "x")
    left, right = x * 2, x * x
    left.label, right.label = "l", "r"
    y = left * right
    y.label = "y"
    assert explain(x, of=y).splitlines()[-3:] == [
        "dy/dx = dy/dl · ∂l/∂x + dy/dr · ∂r/∂x",
        "      = 9 · 2 + 6 · 6          ∂l/∂x = 2,  ∂r/∂x = x + x",
        "      = 54",
    ]
    latex = explain(x, of=y, form="latex").splitlines()
    assert latex[0] == r"\begin{aligned}" and latex[-1] == r"\end{aligned}"
    assert latex[-4:-1] == [
        r"\frac{\mathrm{d} y}{\mathrm{d} x} &= \frac{\mathrm{d} y}{\mathrm{d} l} \cdot \frac{\partial l}{\partial x}"
        r" + \frac{\mathrm{d} y}{\mathrm{d} r} \cdot \frac{\partial r}{\partial x} \\",
        r"&= 9 \cdot 2 + 6 \cdot 6 && \frac{\partial l}{\partial x} = 2,\quad \frac{\partial r}{\partial x} = x + x \\",
        "&= 54",
    ]


def test_both_forms_tell_the_same_story() -> None:
    network = credit_network()
    for node in (network.w[0][0], network.v[1], network.x[0], network.error):
        text = explain(node, of=network.error, digits=6)
        latex = explain(node, of=network.error, digits=6, form="latex")
        assert len(text.splitlines()) == len(latex.splitlines()) - 2
        totals = [line.rsplit("= ", 1)[1] for line in text.splitlines()[3::3]]
        assert [line.removesuffix(r" \\").removeprefix("&= ") for line in latex.splitlines()[4::3]] == totals


def test_numbers_in_latex() -> None:
    x = Value(-2e-7, "x")
    y = x * x * 1e300 * 1e300
    latex = explain(x, of=y, digits=3, form="latex")
    assert r"{-4 \cdot 10^{-7}}" in latex and r"\infty" in latex and "e-07" not in latex
    assert r"\left({-2 \cdot 10^{-7}}\right)" in explain(x, of=x * Value(-2e-7), digits=3, form="latex")
    assert r"\mathrm{nan}" in explain(x, of=(x * float("inf") - float("inf") * x) * x, form="latex")


def test_choices_and_names_in_latex() -> None:
    first, second = Value(1.0, "my_first"), Value(2.0, "b2")
    latex = explain(first, of=autograd.maximum(first, second), form="latex")
    assert r"\mathrm{my\_first}" in latex and "b_{2}" in latex
    assert r"\begin{cases}" in latex and latex.count(r"\begin") == latex.count(r"\end")
    assert r"\mathrm{out}" not in latex
    assert "-2.5" in explain(first, of=where(first, first, Value(-2.5)) * -2.5, form="latex")


def test_an_operation_that_cannot_be_read_is_named() -> None:
    before = dict(autograd.ops.OPS)
    try:
        op = autograd.op("by_math", math.sin, lambda a, out: (math.cos(a),))
        x = Value(0.0, "x")
        assert "the partial of by_math" in explain(x, of=op(x))
        assert r"\text{the partial of by\_math}" in explain(x, of=op(x), form="latex")
        assert trace(op(x)) == "@1 = by_math(x)  = 0"
    finally:
        autograd.ops.OPS.clear()
        autograd.ops.OPS.update(before)


def test_wrong_requests() -> None:
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match="form must be 'text' or 'latex', not 'html'"):
        explain(x, of=x, form="html")
    with pytest.raises(LookupError, match="not part of the graph of 'x'"):
        explain(Value(2.0), of=x)
    assert explain(x, of=x) == "dx/dx = 1"


def test_long_ways_are_told_without_recursion() -> None:
    x = y = Value(1.0, "x")
    for _ in range(5_000):
        y = -y
    assert len(explain(x, of=y).splitlines()) == 15_001


def test_only_what_lies_on_the_way_is_told() -> None:
    weights = [Value(1.0, f"w{i}") for i in range(3)]
    y = dot(weights, [2.0, 3.0, 4.0]) + Value(1.0, "other").exp()
    told = explain(weights[1], of=y)
    assert "dw1" in told and "other" not in told and "dw2" not in told


# --- after the leaves were set --------------------------------------------------------------------------------------


class Lesson:
    """A loss that is computed and differentiated; then training changes its leaves."""

    def __init__(self, compute: Callable[[], Value], leaves: list[Value], step: Callable[[], None]) -> None:
        self.compute, self.leaves, self.step = compute, leaves, step
        self.loss = compute()
        self.loss.label = "L"
        self.loss.backward()

    def train(self, steps: int) -> None:
        """Train for some steps, each but the first on a new graph; then differentiate the old loss once more."""
        self.step()
        for _ in range(steps - 1):
            self._differentiate(self.compute())
            self.step()
        self._differentiate(self.loss)

    def _differentiate(self, loss: Value) -> None:
        for leaf in Graph(loss).leaves:  # constants, too, have gradients that add up
            leaf.grad = 0.0
        loss.backward()


def own_loop() -> Lesson:
    """(w x - 4)² at w = 3 and x = 2: the gradient of w is 8, and each step leaves a fifth of w's distance from 2."""
    w, x = Value(3.0, "w"), Value(2.0, "x")

    def step() -> None:
        w.data -= 0.1 * w.grad

    return Lesson(lambda: (w * x - 4) ** 2, [w, x], step)


def network() -> Lesson:
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    parameters = model.parameters()
    return Lesson(lambda: (model([1.0, -2.0]) - 1) ** 2, parameters, nn.SGD(parameters, lr=0.1).step)


@pytest.fixture(params=[own_loop, network])
def lesson(request: pytest.FixtureRequest) -> Lesson:
    made: Lesson = request.param()
    return made


@pytest.mark.parametrize("steps", [1, 25])
def test_the_story_is_that_of_the_point_where_the_loss_was_computed(lesson: Lesson, steps: int) -> None:
    loss, leaf = lesson.loss, lesson.leaves[0]

    def told() -> list[list[str]]:
        texts = [trace(loss), explain(leaf, of=loss)]
        latex = explain(leaf, of=loss, form="latex").replace(" \\\\\n", "\n").removesuffix("\n\\end{aligned}")
        return [text.splitlines() for text in (*texts, latex)]

    before, grads = told(), [x.grad for x in lesson.leaves]
    assert data_set_since(Graph(loss)) == {}
    lesson.train(steps)
    assert [x.grad for x in lesson.leaves] == grads
    now = data_set_since(Graph(loss))
    notes = min(len(now), NOTED) + (len(now) > NOTED)
    assert notes > 0
    for old, new in zip(before, told()):
        assert new[: len(old)] == old and len(new) == len(old) + notes


def test_the_numbers_after_a_step_are_those_derived_by_hand() -> None:
    lesson = own_loop()
    w = lesson.leaves[0]
    lesson.train(1)  # w = 3 - 0.1 · 8
    assert trace(lesson.loss, digits=4).splitlines() == [
        "@1 = w * x    = 6",
        "@2 = @1 - 4   = 2",
        "L  = @2 ** 2  = 4",
        "w has been set since; it is 2.2 now",
    ]
    assert explain(w, of=lesson.loss, digits=4).splitlines()[-4:] == [
        "dL/dw = dL/d@1 · ∂@1/∂w",
        "      = 4 · 2          ∂@1/∂w = x",
        "      = 8",
        "w has been set since; it is 2.2 now",
    ]
    assert explain(w, of=lesson.loss, digits=4, form="latex").splitlines()[-3:] == [
        r"&= 8 \\",
        r"& w \text{ has been set since; it is } 2.2 \text{ now}",
        r"\end{aligned}",
    ]
    lesson.train(2)  # w = 2.2 - 0.1 · 8 by the old gradient, then 2 - 0.6 / 5
    assert trace(lesson.loss, digits=4).endswith("\nw has been set since; it is 1.88 now")
    w.data = 3.0  # its number in the graph
    assert data_set_since(Graph(lesson.loss)) == {} and "since" not in trace(lesson.loss)


def test_a_fused_dot_keeps_its_slopes() -> None:
    weights, inputs = [Value(1.0, "w1"), Value(2.0, "w2")], [Value(3.0, "x1"), Value(4.0, "x2")]
    y = dot(weights, inputs, Value(0.5, "b"))
    inputs[0].data, weights[1].data = 30.0, math.inf
    assert explain(weights[0], of=y).splitlines()[1:] == [
        "d@1/dw1 = d@1/d@1 · ∂@1/∂w1",
        "        = 1 · 3          ∂@1/∂w1 = x1",
        "        = 3",
        "w2 has been set since; it is inf now",
        "x1 has been set since; it is 30 now",
    ]


def test_the_leaf_that_is_explained_is_noted_first_and_of_many_a_few() -> None:
    leaves = [Value(float(i), f"x{i}") for i in range(NOTED + 3)]
    y = autograd.sum(leaves)
    for leaf in leaves:
        leaf.data = -1.0
    assert explain(leaves[-1], of=y).splitlines()[4:] == [
        *(f"x{i} has been set since; it is -1 now" for i in (NOTED + 2, *range(NOTED - 1))),
        "and 3 more",
    ]
    assert trace(y).endswith("\nand 3 more")
    assert explain(leaves[0], of=y, form="latex").splitlines()[-2] == r"& \text{and 3 more}"


def test_leaves_without_a_label_are_called_by_the_number_that_they_were() -> None:
    a = Value(0.5)
    y = a * a
    a.data = math.nan
    assert trace(y).splitlines() == ["@1 = 0.5 * 0.5  = 0.25", "0.5 has been set since; it is nan now"]
    assert list(data_set_since(Graph(y))) == [0]
    assert data_set_since(Graph(a * a)) == {}


def test_a_graph_of_two_points_is_told_with_the_slopes_that_its_nodes_have() -> None:
    w = Value(2.0, "w")
    h = w * 3  # 6
    w.data = 5.0
    y = h * w  # 30
    h.label, y.label = "h", "y"
    assert trace(y) == "h = w * 3  = 6\ny = h * w  = 30"
    assert explain(w, of=y).splitlines()[-3:] == [
        "dy/dw = dy/dh · ∂h/∂w + dy/dy · ∂y/∂w",
        "      = 5 · 3 + 1 · 6          ∂h/∂w = 3,  ∂y/∂w = h",
        "      = 21",
    ]
    w.data = 7.0
    assert trace(y).splitlines()[2:] == ["w has been set since; it is 7 now"]


def test_a_graph_that_is_older_than_the_writes_shows_them_too() -> None:
    w = Value(3.0, "w")
    graph = Graph(w * 2)
    w.data = 5.0
    assert data_set_since(graph) == data_set_since(Graph(graph.root)) == {0: 5.0}


# --- names --------------------------------------------------------------------------------------------------------


def test_repeated_labels_get_their_scope() -> None:
    called = names(Graph(nn.MLP(1, [1, 1], seed=1)([2.0])))
    assert {"layer1.neuron1.w1", "layer2.neuron1.w1", "layer1.neuron1.b"} <= set(called)


def test_made_up_names_keep_clear_of_labels() -> None:
    assert names(Graph(Value(1.0, "@1") + Value(2.0) + Value(3.0, "@3"))) == ["@1", "2", "@2", "@3", "@4"]


@given(st.lists(st.sampled_from(["", "@1", "@2", "@2\n", " @3", "v1", "a", "@1" * 40]), min_size=6, max_size=6))
def test_made_up_names_are_one_node_s_and_no_label(labels: list[str]) -> None:
    x, y = Value(0.5), Value(0.25)
    x.place, y.place = (autograd.Place(f"scope{i}", labels[i]) for i in range(2))
    nodes = [x, y, x * y, x + y]
    nodes.append(nodes[2] * nodes[3])
    nodes.append(nodes[4] - x)
    for node, label in zip(nodes[2:], labels[2:]):
        node.label = label
    graph = Graph(nodes[-1])
    called = names(graph)
    given = [name for node, name in zip(graph, called) if node.label.strip()]
    made = [name for node, name in zip(graph, called) if node.op is not None and not node.label.strip()]
    assert all(re.fullmatch(r"@\d+", name) for name in made) and len(set(made)) == len(made)
    assert not set(made) & ({*given} | {node.label for node in graph})


def test_the_nodes_of_a_part_are_called_as_in_the_whole() -> None:
    model = nn.MLP(2, [3, 2], activation="tanh", seed=1)
    first, second = model([1.0, -2.0])
    whole = Graph(second.exp() * (first - second))
    called = dict(zip(whole, names(whole)))
    for node in whole:
        part = Subgraph(node, whole)
        assert names(part) == [called[x] for x in part] and list(part) == list(Graph(node))
    part = Subgraph(second, whole)
    assert names(part) != names(Graph(second))
    leaf = model.parameters()[0]
    assert f"d{called[second]}/d{called[second]} = 1" in explain(leaf, of=part)
    assert {line.partition(" =")[0].strip() for line in trace(part).splitlines()} <= set(called.values())


@given(st.text())
def test_names_and_text_never_have_characters_that_steer_a_terminal(label: str) -> None:
    x = Value(2.0, label)
    y = x * x
    for text in (*names(Graph(y)), shown(label).replace("\n", ""), *explain(x, of=y).splitlines()):
        assert text.isprintable() or not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        assert len(text) < 400
    assert all(names(Graph(y)))


def balanced(text: str) -> bool:
    """Whether the braces that are not escaped come in pairs."""
    depth = 0
    for sign in re.findall(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return False
    return depth == 0


@given(st.one_of(st.text(min_size=1), st.text(alphabet="\\{}_^%#&$~ a1\n", min_size=1)))
def test_any_label_gives_latex_that_is_well_formed(label: str) -> None:
    x = Value(2.0, label)
    body = explain(x, of=x * x, form="latex")
    assert balanced(body)
    rows = body.splitlines()[1:-1]
    assert len(rows) == 4 and all(row.endswith(r" \\") for row in rows[:-1])
    signs = re.findall(r"\\.|[%#$~^]|&+", "".join(rows))
    assert [sign for sign in signs if sign in "%#$~^"] == []  # TeX's special characters are escaped
    assert sum(sign in ("&", "&&") for sign in signs) == 5
