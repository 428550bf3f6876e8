"""Drawings: their contents, arbitrary labels, colours, frames, the limit, files, notebooks, and missing libraries."""

from __future__ import annotations

import math
import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Graph, Value, dot
from autograd.value import Constant
from autograd.view import draw_dot
from autograd.view.dot import LIMIT, number
from autograd.view.text import shown
from demos.classroom.networks import credit_network

from .test_rendering import engine as engine
from .test_rendering import use_neither
from .test_text import Lesson, own_loop
from .test_text import lesson as lesson
from .test_value import micrograd_readme

graphviz = pytest.importorskip("graphviz")

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"


def diamond() -> Value:
    x = Value(0.5, "x")
    y = (x * x + x).tanh()
    y.label = "y"
    y.backward()
    return y


def elements(picture: Any, kind: str) -> dict[str, ElementTree.Element]:
    """The nodes, edges or clusters of the picture's SVG by name; parsing it checks that the SVG is well-formed."""
    tree = ElementTree.fromstring(picture.pipe("svg"))
    found = [group for group in tree.iter(f"{SVG}g") if group.get("class") == kind]
    return {group.findtext(f"{SVG}title") or "": group for group in found}


def texts(element: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()).replace("\xa0", " ").strip() for text in element.iter(f"{SVG}text")]


def fill(picture: Any, name: str) -> tuple[int, ...]:
    colour = re.search(rf'^\s*{name} \[.*?fillcolor="?(#[0-9a-f]{{6}}|white)', picture.source, re.MULTILINE)
    assert colour is not None or f"{name} [" in picture.source
    if colour is None or colour[1] == "white":
        return 255, 255, 255
    return tuple(bytes.fromhex(colour[1][1:]))


# --- what is in a drawing -----------------------------------------------------------------------------------------


def test_micrograd_s_look() -> None:
    picture = draw_dot(diamond())
    assert isinstance(picture, graphviz.Digraph) and picture.format == "svg"
    assert "rankdir=LR" in picture.source
    nodes = elements(picture, "node")
    slope = 1.0 - math.tanh(0.75) ** 2
    assert {name: texts(node) for name, node in nodes.items()} == {
        "n0": ["x", "data 0.5000", f"grad {slope * (2 * 0.5 + 1):.4f}"],
        "n1": ["data 0.2500", f"grad {slope:.4f}"],
        "o1": ["*"],
        "n2": ["data 0.7500", f"grad {slope:.4f}"],
        "o2": ["+"],
        "n3": ["y", f"data {math.tanh(0.75):.4f}", "grad 1.0000"],
        "o3": ["tanh"],
    }
    assert len(nodes["n0"].findall(f".//{SVG}polyline")) == 2  # a record has lines between its fields
    assert len(nodes["o1"].findall(f".//{SVG}ellipse")) == 1
    edges = [line.strip() for line in picture.source.splitlines() if "->" in line]
    assert edges == [
        "o1 -> n1", "n0:e -> o1", "n0:e -> o1", "o2 -> n2", "n1:e -> o2", "n0:e -> o2", "o3 -> n3", "n2:e -> o3",
    ]  # fmt: skip


@pytest.mark.parametrize(("rankdir", "side"), [("LR", "e"), ("RL", "w"), ("TB", "s"), ("BT", "n")])
def test_directions(rankdir: str, side: str) -> None:
    picture = draw_dot(diamond(), format="png", rankdir=rankdir)
    assert f"rankdir={rankdir}" in picture.source and f"n2:{side} -> o3" in picture.source
    assert picture.format == "png" and picture.pipe().startswith(b"\x89PNG")


def test_a_direction_that_is_none() -> None:
    with pytest.raises(ValueError, match="rankdir must be 'LR', 'RL', 'TB' or 'BT', or None for the best, not 'lr'"):
        draw_dot(diamond(), rankdir="lr")


def test_all_numbers_of_the_credit_network_can_be_read() -> None:
    network = credit_network()
    network.error.backward()
    picture = draw_dot(network.error)
    nodes = {tuple(texts(node)) for node in elements(picture, "node").values()}
    named = [
        *network.parameters,
        *network.x,
        network.y,
        *network.z,
        *network.h,
        network.z_out,
        network.o,
        network.error,
    ]
    assert {(x.label, f"data {x.data:.4f}", f"grad {x.grad + 0.0:.4f}") for x in named} <= nodes
    tooltips = [
        (link.get(f"{XLINK}title") or "").replace("\xa0", " ")
        for link in ElementTree.fromstring(picture.pipe("svg")).iter(f"{SVG}a")
    ]
    for x in named:
        assert f"{x.label}  data {x.data!r}  grad {x.grad!r}" in tooltips  # to the last digit
    assert "z1 = w11 * x1 + w12 * x2" in tooltips


def test_a_graph_and_its_root_give_one_drawing() -> None:
    y = diamond()
    assert draw_dot(Graph(y)).source == draw_dot(y).source == draw_dot(y).source
    lone = draw_dot(Value(2.0, "lone"))
    assert [texts(node) for node in elements(lone, "node").values()] == [["lone", "data 2.0000", "grad 0.0000"]]


@pytest.mark.parametrize("steps", [1, 25])
def test_after_training_the_old_loss_is_drawn_as_before_but_for_marks(lesson: Lesson, steps: int) -> None:
    before = draw_dot(lesson.loss).source
    old = Graph(lesson.loss)
    lesson.train(steps)
    after = draw_dot(lesson.loss).source
    unmarked, marks = re.subn(r" \(now [^)]*\)", "", after)
    assert unmarked == before and marks == 2 * sum(x.data != then for x, then in zip(old, old.data))
    assert draw_dot(old).source == after
    svg = Graph(lesson.loss)._repr_mimebundle_()["image/svg+xml"]
    assert svg.count("now") == marks


def test_a_leaf_that_has_been_set_shows_both_numbers() -> None:
    lesson = own_loop()
    lesson.step()  # w = 3 - 0.1 · 8
    picture = draw_dot(lesson.loss)
    assert texts(elements(picture, "node")["n0"]) == ["w", "data 3.0000 (now 2.2000)", "grad 8.0000"]
    assert texts(elements(picture, "node")["n1"]) == ["x", "data 2.0000", "grad 12.0000"]
    assert 'tooltip="w  data 3.0 (now 2.2)  grad 8.0"' in picture.source
    lesson.leaves[0].data = math.nan  # nan is only the leaf's present number, not the graph's: no thick frame
    assert "(now nan)" in draw_dot(lesson.loss).source and "penwidth=3" not in draw_dot(lesson.loss).source
    lesson.leaves[0].data = 3.0
    assert "now" not in draw_dot(lesson.loss).source


def test_a_graph_of_two_points_is_drawn() -> None:
    w = Value(2.0, "w")
    h = w * 3
    w.data = 5.0
    nodes = elements(draw_dot(h * w), "node")
    assert [texts(nodes[name])[-2] for name in ("n0", "n2", "n3")] == ["data 5.0000", "data 6.0000", "data 30.0000"]


def test_what_is_no_graph() -> None:
    with pytest.raises(TypeError, match="a Graph starts from a Value, not float"):
        draw_dot(2.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0.0000"), (-0.0, "0.0000"), (1.0, "1.0000"), (-1234.56789, "-1234.5679"), (1e-4, "0.0001"),
        (9.9e-5, "9.9e-05"), (-3e-300, "-3e-300"), (1e7, "1e+07"), (math.inf, "inf"), (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)  # fmt: skip
def test_numbers(x: float, text: str) -> None:
    assert number(x, 4) == text


@given(st.floats(-1e300, 1e300), st.integers(1, 12))
def test_a_number_other_than_zero_never_shows_as_zero(x: float, digits: int) -> None:
    text = number(x, digits)
    assert (float(text) == 0.0) == (x == 0.0)
    assert math.isclose(float(text), x, abs_tol=0.5 * 10.0**-digits) or math.isclose(
        float(text), x, rel_tol=0.5 * 10.0 ** (1 - digits)
    )


def test_digits() -> None:
    assert texts(elements(draw_dot(Value(1 / 3), digits=7), "node")["n0"]) == ["data 0.3333333", "grad 0.0000000"]


# --- before backward() --------------------------------------------------------------------------------------------

HINT = "the root's gradient is 0, as it is before backward()"


def hint(root: Value) -> bool:
    """Whether the picture, not only its source, says that nothing was differentiated."""
    said = HINT in "".join(ElementTree.fromstring(draw_dot(root).pipe("svg")).itertext()).replace("\xa0", " ")
    assert said == (HINT in draw_dot(root, clusters=False).source)
    return said


def test_a_picture_says_that_nothing_was_differentiated() -> None:
    model = nn.MLP(2, [2, 1], seed=1)
    loss = (model([1.0, 2.0]) - 1) ** 2
    assert hint(loss)
    loss.backward()
    assert not hint(loss)
    again = (model([1.0, 2.0]) - 1) ** 2  # the parameters have the gradients of the first loss
    assert hint(again)


def test_gradients_that_are_really_zero_are_shown_without_a_word() -> None:
    x = Value(-1.0, "x")
    y = x.relu()
    y.backward()
    assert texts(elements(draw_dot(y), "node")["n0"]) == ["x", "data -1.0000", "grad 0.0000"] and not hint(y)


def test_where_zero_flowed_in_the_picture_is_right_as_well() -> None:
    """Such a graph cannot be told from one that was never differentiated, so the hint must be true of both."""
    x = Value(3.0, "x")
    y = x * 2
    y.backward(0.0)
    assert hint(y)
    inner = x * x
    (inner * 0).backward()
    assert inner.grad == 0.0 and hint(inner)
    (inner * -4).backward()
    assert inner.grad == -4.0 and not hint(inner)
    assert texts(elements(draw_dot(inner), "node")["n1"]) == ["data 9.0000", "grad -4.0000"]


@pytest.mark.parametrize(("gradient", "said"), [(0.0, True), (-0.0, True), (5e-324, False), (math.nan, False)])
def test_the_gradient_of_a_leaf_that_is_the_root(gradient: float, said: bool) -> None:
    x = Value(1.0, "x")
    x.grad = gradient
    assert hint(x) == said


# --- labels -------------------------------------------------------------------------------------------------------

HOSTILE = [
    "</script><script>alert(1)</script>", "<b>bold</b>", "<", ">", "{", "}", "|", "{a|b}", "<p> x", "{|}" * 5_000,
    '"', '\\"', "\\", "a\\", "\\{", "\\\\|", "\\N", "\\G \\L \\n \\l \\r", "&lt; &amp; &#65; &", "%s %d {0}", "]; x [",
    "مرحبا بالعالم", "שלום", "😀👩‍👩‍👧", "\u202eevil\u202c", "\ud800", "\ufffe\uffff", "x" * 10_000,
    "nul\0in", "\x1b[31mred", "two\nlines", "\r\n", "\n\nx", "x\n\n", "\n" * 50, "\u2028 \x85", "tab\tbed", " ",
    "//", "/*", "n0", "graph", "--", "->", "-1.5",
]  # fmt: skip


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("text", [str(label) for label in HOSTILE], ids=range(len(HOSTILE)))
def test_hostile_labels_are_shown_as_they_are(text: str, engine: str) -> None:
    node = Value(2.0, text) * 1
    node.label, node.place = text, autograd.Place(text, text)
    picture = draw_dot(node)
    nodes = elements(picture, "node")
    assert set(nodes) == {"n0", "n2", "o2"}
    for name in ("n0", "n2"):
        *label, data, grad = texts(nodes[name])
        assert squeezed("".join(label)) == squeezed(shown(text))
        assert (data, grad) == ("data 2.0000", "grad 0.0000")
    (cluster, *_) = elements(picture, "cluster").values()
    assert squeezed("".join(texts(cluster))) == squeezed(shown(text.split(".")[0]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1), min_size=1, max_size=20))
def test_any_label_is_shown_as_it_is(engine: str, labels: list[str]) -> None:
    total = autograd.sum([Value(0.5, label) for label in labels])
    nodes = elements(draw_dot(total), "node")
    for position, label in enumerate(labels):
        *fields, data, grad = texts(nodes[f"n{position}"])
        assert squeezed("".join(fields)) == squeezed(shown(label))
        assert (data, grad) == ("data 0.5000", "grad 0.0000")


def test_long_labels_are_cut() -> None:
    assert shown("x" * 40) == "x" * 40
    assert shown("x" * 41) == "x" * 39 + "…"
    assert shown("a\0b\x1bc\x7f") == "a␀b␛c␡"
    assert len(draw_dot(Value(1.0, "y" * 10_000)).source) < 2_000


def test_a_symbol_of_one_s_own_operation_may_be_anything(engine: str) -> None:
    before = dict(autograd.ops.OPS)
    try:
        op = autograd.op("odd", lambda a: a, lambda a, out: (1.0,), symbol='<{"|\\N}>')
        nodes = elements(draw_dot(op(Value(1.0))), "node")
        assert texts(nodes["o1"]) == ['<{"|\\N}>']
    finally:
        autograd.ops.OPS.clear()
        autograd.ops.OPS.update(before)


# --- colours ------------------------------------------------------------------------------------------------------


def signs(picture: Any, count: int) -> list[int]:
    """For each node: 1 if it is more blue than red, -1 if less, 0 if it is grey or white."""
    return [(b > r) - (b < r) for r, _, b in (fill(picture, f"n{i}") for i in range(count))]


def test_colours_tell_the_sign_and_the_size_of_the_gradient() -> None:
    weights = [Value(1.0) for _ in range(6)]
    inputs = [Value(x) for x in (1.0, -1.0, 0.01, -0.01, 0.0, 1e-30)]
    total = dot(weights, inputs)
    total.backward()
    picture = draw_dot(total)
    assert signs(picture, 6) == [1, -1, 1, -1, 0, 1]
    lightness = [sum(fill(picture, f"n{i}")) for i in range(6)]
    assert lightness[0] < lightness[2] < lightness[5] < lightness[4] == 3 * 255
    assert lightness[1] < lightness[3]
    assert signs(draw_dot(total, colour=False), 6) == [0] * 6


@given(st.lists(st.floats(), min_size=1, max_size=5))
def test_any_gradients_have_colours(gradients: list[float]) -> None:
    leaves = [Value(1.0) for _ in gradients]
    for leaf, gradient in zip(leaves, gradients):
        leaf.grad = gradient
    picture = draw_dot(autograd.sum(leaves))
    for position, gradient in enumerate(gradients):
        if math.isfinite(gradient):
            assert signs(picture, len(gradients))[position] == (gradient > 0) - (gradient < 0)


def luminance(colour: tuple[int, ...]) -> float:
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("gradient", [1.0, -1.0])
def test_text_is_legible_on_the_strongest_colours(gradient: float) -> None:
    x = Value(2.0)
    (x * gradient).backward()
    background = luminance(fill(draw_dot(x), "n0"))
    text = luminance(tuple(bytes.fromhex(autograd.view.dot.INK[1:])))
    assert (background + 0.05) / (text + 0.05) > 7.0  # WCAG 2, level AAA


@pytest.mark.parametrize(("data", "gradient"), [(math.nan, 1.0), (math.inf, 1.0), (1.0, -math.inf), (1.0, math.nan)])
def test_nan_and_inf_stand_out(data: float, gradient: float) -> None:
    x = Value(data, "odd")
    x.grad = gradient
    other = Value(1.0, "even")
    other.grad = 5.0
    source = draw_dot(x + other).source
    odd, even = (next(line for line in source.splitlines() if f"{{ {label}" in line) for label in ("odd", "even"))
    assert "penwidth=3" in odd and "penwidth=3" not in even
    assert signs(draw_dot(x + other), 2)[1] == 1


def test_before_backward_there_are_no_colours() -> None:
    assert signs(draw_dot(Value(2.0) * Value(3.0)), 3) == [0, 0, 0]


# --- plain numbers ------------------------------------------------------------------------------------------------


def inscriptions(root: Value) -> list[str]:
    """The text in the operations' nodes."""
    return [" ".join(texts(node)) for name, node in elements(draw_dot(root), "node").items() if name[0] == "o"]


def test_constants_with_cards_of_their_own_are_set_apart() -> None:
    source = draw_dot(Value(2.0) * 3, constants=True).source
    assert [line.count("dashed") for line in source.splitlines() if re.match(r"\s*n\d \[", line)] == [0, 1, 0]


X, Y, B = Value(2.0, "x"), Value(3.0, "y"), Value(1.0, "b")


@pytest.mark.parametrize(
    ("root", "said"),
    [
        (X + 1, "+ 1"), (1 + X, "1 +"), (X - 2, "- 2"), (2 - X, "2 -"), (X * 0.5, "* 0.5"), (X / 4, "/ 4"),
        (4 / X, "4 /"), (X // 2, "// 2"), (2 // X, "2 //"), (X % 3, "% 3"), (7 % X, "7 %"), (2**X, "2 **"),
        (X - -2, "- (-2)"), (-2 - X, "-2 -"), (X * (1 / 3), "* 0.3333"), (X + 1e-9, "+ 1e-09"),
        (X**3, "**3"), (-X, "-"), (X * Y, "*"),
        (autograd.maximum(X, 0.0), "max(x, 0)"), (autograd.maximum(0.0, X), "max(0, x)"),
        (autograd.where(X, 1, 0), "where(x, 1, 0)"), (autograd.where(X * 1, Y, 0), "where(…, 0)"),
        (autograd.sum([X, 1, Y, B, 2.5]), "Σ(x, 1, …, 2.5)"), (autograd.prod([3, X * Y]), "Π(3, □)"),
        (dot([X, Y], [0.5, -3]), "x * 0.5 + y * -3"), (dot([X, Y], [0.5, -3], B), "b + x * 0.5 + y * -3"),
        (dot([X * Y], [Y], 4), "4 + □ * y"),
    ],
)  # fmt: skip
def test_an_operation_bears_its_numbers_in_their_places(root: Value, said: str) -> None:
    assert inscriptions(root)[-1] == said
    nodes = elements(draw_dot(root), "node")
    assert len(nodes) == len(Graph(root).nodes) + len(inscriptions(root)) - sum(
        isinstance(x, Constant) for x in Graph(root)
    )


def test_the_tooltip_has_the_formula_with_every_digit() -> None:
    assert 'tooltip="@1 = x * 0.3333333333"' in draw_dot(X * (1 / 3)).source


def test_a_number_that_a_card_says_more_about_has_a_card() -> None:
    product = X * 3
    constant = product.operands[1]
    assert inscriptions(product) == ["* 3"]
    constant.label = "rate"
    assert inscriptions(product) == ["*"] and "rate | data 3.0000" in draw_dot(product).source
    product = X * 3
    product.operands[1].data = 4.0
    assert inscriptions(product) == ["*"] and "data 3.0000 (now 4.0000)" in draw_dot(product).source
    assert inscriptions(X * math.inf) == ["*"] and "penwidth=3" in draw_dot(X * math.inf).source
    assert "data 3.0000" in draw_dot((X * 3).operands[1]).source


def test_numbers_that_an_operation_has_no_room_for_have_cards() -> None:
    few, many = autograd.sum([X, 1, 2, 3]), autograd.sum([X, *range(100, 150)])
    assert inscriptions(few) == ["Σ(x, 1, 2, 3)"] and inscriptions(many) == ["Σ"]
    assert draw_dot(many).source == draw_dot(many, constants=True).source


# --- which way a drawing runs -------------------------------------------------------------------------------------


def micrograd_s_expression() -> Value:
    g: Value = micrograd_readme(Value(-4.0, "a"), Value(2.0, "b"))
    g.label = "g"
    g.backward()
    return g


def chain() -> Value:
    x = Value(0.5, "x")
    for _ in range(30):
        x = x.tanh()
    return x


def extent(picture: Any) -> tuple[float, float]:
    """Width and height in points."""
    tree = ElementTree.fromstring(picture.pipe("svg"))
    return float(str(tree.get("width"))[:-2]), float(str(tree.get("height"))[:-2])


GRAPHS: dict[str, Callable[[], Value]] = {
    "micrograd's expression": micrograd_s_expression,
    "the credit network": lambda: credit_network().error,
    "a perceptron": lambda: (nn.MLP(2, [2, 1], seed=1)([1.0, -2.0]) - 1) ** 2,
    "a sum": lambda: autograd.sum([Value(0.5, f"x{i}") for i in range(12)]),
    "a wide sum": lambda: autograd.sum([Value(0.5, f"x{i}") for i in range(60)]),
    "a chain": chain,
    "a leaf": lambda: Value(2.0),
}


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("clusters", [True, False])
def test_without_a_direction_a_graph_is_shown_larger_than_in_either(graph: str, clusters: bool) -> None:
    """Measured on Graphviz's pictures; the choice is by an estimate, so a few per cent are allowed."""

    def scale(**options: Any) -> float:
        width, height = extent(draw_dot(root, clusters=clusters, **options))
        return min(1.0, 960 / width, 540 / height)

    root = GRAPHS[graph]()
    assert scale() >= 0.97 * max(scale(rankdir="LR"), scale(rankdir="TB"))


def test_micrograd_s_expression_is_legible_on_a_laptop() -> None:
    width, height = extent(draw_dot(micrograd_s_expression()))
    assert width <= 1050 and height <= 1050  # it was 3,577 by 272


def test_the_numbers_have_no_say_in_the_arrangement() -> None:
    network = credit_network()
    before = re.findall("rankdir=..", draw_dot(network.error).source)
    network.error.backward(1e-30)
    for x in network.parameters:
        x.data = 1e-200
    assert re.findall("rankdir=..", draw_dot(network.error).source) == before


# --- frames -------------------------------------------------------------------------------------------------------


def frames(source: str) -> dict[str, list[str]]:
    """For each node the titles of the frames around it, from the DOT text."""
    around: list[str] = []
    found = {}
    for line in map(str.strip, source.splitlines()):
        if line.startswith(("digraph", "subgraph")):
            around.append("")
        elif line == "}":
            around.pop()
        elif line.startswith("graph [") and len(around) > 1:
            title = re.search(r' label="?(\w+)', line)
            assert title is not None
            around[-1] = title[1]
        elif match := re.match(r"([no]\d+) \[", line):
            found[match[1]] = around[1:]
    return found


def test_each_module_has_a_frame() -> None:
    loss = (nn.MLP(2, [2, 1], seed=1)([1.0, 2.0]) - 1) ** 2
    graph = Graph(loss)
    inside = frames(draw_dot(graph, constants=True).source)
    for position, node in enumerate(graph):
        expected = node.scope.split(".") if node.scope else []
        assert inside[f"n{position}"] == expected
        if node.op is not None:
            assert inside[f"o{position}"] == expected
    titles = [texts(frame) for frame in elements(draw_dot(graph), "cluster").values()]
    assert sorted(titles) == [["layer1"], ["layer2"], ["mlp"], ["neuron1"], ["neuron1"], ["neuron2"]]
    assert "subgraph" not in draw_dot(graph, clusters=False).source


def test_scopes_as_deep_as_a_well() -> None:
    x = Value(1.0, "x")
    x.place = autograd.Place(".".join(["a"] * 100_000), "x")
    picture = draw_dot(x)
    assert picture.source.count("subgraph") == 9
    assert texts(elements(picture, "node")["n0"])[0] == "x"


# --- the limit ----------------------------------------------------------------------------------------------------


def test_graphs_that_are_too_large_are_refused_in_a_sentence() -> None:
    x = Value(1.0)
    for _ in range(100_000):
        x = x + 1
    with pytest.raises(ValueError, match=r"200,001 nodes.*up to about 400.*explore\(\).*limit=200001"):
        draw_dot(x)


def test_the_limit_can_be_set() -> None:
    y = diamond()
    with pytest.raises(ValueError, match="the graph has 4 nodes"):
        draw_dot(y, limit=3)
    chain = Value(1.0)
    while len(Graph(chain)) <= LIMIT:
        chain = -chain
    assert len(elements(draw_dot(chain, limit=LIMIT + 1), "node")) == 2 * LIMIT + 1


# --- files and notebooks ------------------------------------------------------------------------------------------


def test_render_writes_as_graphviz_does(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    picture = draw_dot(diamond())
    assert picture.render() == "Digraph.gv.svg" and picture.render("a.gv", format="pdf") == "a.gv.pdf"
    assert picture.render("b.gv", directory="sub", cleanup=True) == os.path.join("sub", "b.gv.svg")
    picture = draw_dot(diamond(), format="png")
    assert picture.render(outfile="c.pdf") == "c.pdf"
    assert picture.render("d", cleanup=True) == "d.png"
    assert picture.render(Path("e"), format="svg", renderer="cairo") == "e.cairo.svg"
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    sub = os.path.join("sub", "b.gv.svg")
    assert files == [
        "Digraph.gv",
        "Digraph.gv.svg",
        "a.gv",
        "a.gv.pdf",
        "c.gv",
        "c.pdf",
        "d.png",
        "e",
        "e.cairo.svg",
        sub,
    ]
    assert Path("a.gv").read_text(encoding="utf-8").strip() == draw_dot(diamond()).source.strip()
    assert Path("c.pdf").read_bytes().startswith(b"%PDF") and Path("d.png").read_bytes().startswith(b"\x89PNG")


def test_render_refuses_to_overwrite(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    picture = draw_dot(diamond())
    picture.render("a")
    with pytest.raises(graphviz.FileExistsError, match=r"a\.svg"):
        picture.render("a", raise_if_result_exists=True)
    with pytest.raises(ValueError, match="replace its own DOT text"):
        picture.render("a.svg", outfile="a.svg")


def test_a_picture_that_fails_leaves_no_file(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="cannot draw this as nonsense"):
        draw_dot(diamond()).render("a", format="nonsense")
    assert os.listdir(tmp_path) == []


def test_pipe_gives_bytes_or_text(engine: str) -> None:
    picture = draw_dot(diamond())
    assert picture.pipe() == picture.pipe("svg") == picture.pipe(encoding="utf-8").encode()
    assert picture.pipe("png", renderer="cairo").startswith(b"\x89PNG")
    assert picture.copy().pipe() == picture.pipe()
    assert picture.pipe("plain", engine="circo") != picture.pipe("plain")
    with pytest.raises(ValueError, match="neato_no_op=2"):
        picture.pipe(neato_no_op=2)


def test_drawings_and_graphs_show_themselves_in_notebooks(engine: str) -> None:
    y = diamond()
    for thing in (draw_dot(y), Graph(y)):
        svg = thing._repr_mimebundle_(include=None, exclude=None)["image/svg+xml"]
        assert ElementTree.fromstring(svg).tag == f"{SVG}svg" and "data 0.5000" in svg.replace("&#160;", " ")
    assert Graph(y)._repr_mimebundle_()["text/plain"] == repr(Graph(y))


def test_a_value_stays_text() -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    shown, _ = formatters.DisplayFormatter().format(diamond())
    assert set(shown) == {"text/plain"}
    shown, _ = formatters.DisplayFormatter().format(Graph(diamond()))
    assert set(shown) == {"text/plain", "image/svg+xml"}


def test_a_large_graph_shows_as_text_and_says_what_to_do() -> None:
    x = Value(1.0)
    for _ in range(LIMIT):
        x = x + x
    bundle = Graph(x)._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert repr(Graph(x)) in bundle["text/plain"] and "explore()" in bundle["text/plain"]


def test_without_graphviz_a_graph_shows_as_text_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    use_neither(monkeypatch)
    graph = Graph(diamond())
    assert draw_dot(graph).source.startswith("digraph")  # the DOT text needs no library
    assert set(graph._repr_mimebundle_()) == {"text/plain"}
    assert repr(graph) in graph._repr_mimebundle_()["text/plain"]
    assert "pip install 'glassgrad[view]'" in graph._repr_mimebundle_()["text/plain"]


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    monkeypatch.delitem(sys.modules, "autograd.view.digraph", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'glassgrad\[view\]'") as caught:
        draw_dot(diamond())
    assert caught.value.name == "graphviz"
    assert "glassgrad[view]" in Graph(diamond())._repr_mimebundle_()["text/plain"]
