"""The curve over a leaf, and gradient descent that runs in the page, compared with the engine and `nn.SGD`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Graph, Value
from demos.classroom.networks import TwoTwoOne, credit_network, two_two_one

from .test_page import PHONE, Reader
from .test_page import browser as browser
from .test_page import unreadable as unreadable
from .test_page import visit as visit

Point = tuple[float, float]


def read(text: str) -> float:
    return float(text.replace("Infinity", "inf").replace("NaN", "nan"))


def samples(reader: Reader) -> list[Point]:
    """The points of the curve; the value is not finite in a gap."""
    reader.until("page.change.curve.samples?.complete")
    found = reader.page.evaluate("page.change.curve.samples.line.map((point) => point.map(String))")
    return [(read(x), read(y)) for x, y in found]


def pieces(reader: Reader, selector: str = ".curve .frame .line") -> list[list[Point]]:
    """The pieces of a path in the picture, in the coordinates of its axes."""
    reader.until("page.change.curve.samples?.complete")
    path = reader.page.get_attribute(selector, "d")
    curve = json.loads(
        reader.page.evaluate(
            """JSON.stringify({
                low: page.change.curve.low, high: page.change.curve.high, height: page.change.curve.height,
                frame: ["width", "height"].map((name) => Number(document.querySelector(".curve .frame")
                    .getAttribute(name))),
            })"""
        )
    )
    (width, height), (bottom, top) = curve["frame"], (curve["height"]["low"], curve["height"]["high"])
    found: list[list[Point]] = []
    for pen, x, y in re.findall(r"([ML])(-?[\d.e+-]+) (-?[\d.e+-]+)", path):
        if pen == "M":
            found.append([])
        share = float(x) / width
        found[-1].append(
            (curve["low"] + (curve["high"] - curve["low"]) * share, top - (top - bottom) * float(y) / height)
        )
    return found


def told(reader: Reader) -> str:
    return reader.text("#panel-change .marks").replace("\n", " ")


def number(text: str, after: str) -> float:
    """The number in a text after some words."""
    found = re.search(re.escape(after) + r"\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)", text)
    assert found, (after, text)
    return float(found[1])


def place(graph: Graph, label: str) -> int:
    return next(i for i, node in enumerate(graph) if node.label == label)


def open_curve(visit: Callable[..., Reader], root: Value, leaf: str, **options: Any) -> Reader:
    return visit(root, f"#tab=change&select={place(Graph(root), leaf)}", **options)


def of_one(build: Callable[[Value], Value], x: float) -> Value:
    """A graph whose root is f and whose leaf is x."""
    root = build(Value(x, "x"))
    root.label = "f"
    return root


def computed_anew(net: TwoTwoOne) -> TwoTwoOne:
    """The worked example's network, built again from the present numbers of its leaves."""
    return two_two_one(
        x=[x.data for x in net.x], y=net.y.data, w=[[w.data for w in row] for row in net.w], v=[v.data for v in net.v]
    )


def stepped(net: TwoTwoOne, steps: int, rate: float) -> Graph:
    """The worked example after some steps of `nn.SGD`."""
    for _ in range(steps):
        net.error.backward()
        nn.SGD(net.parameters, lr=rate).step()
        net = computed_anew(net)
    return Graph(net.error)


# --- the curve ----------------------------------------------------------------------------------------------------


def test_the_curve_is_the_engine_s(visit: Callable[..., Reader]) -> None:
    reader = open_curve(visit, credit_network().error, "v1")
    points = samples(reader)
    assert len(points) == 129
    assert points[0][0] == pytest.approx(0.7 - 1.4) and points[-1][0] == pytest.approx(0.7 + 1.4)
    for x, y in points:
        net = credit_network()
        net.v[0].data = x
        assert y == pytest.approx(computed_anew(net).error.data, rel=1e-13)
    drawn = [point for piece in pieces(reader) for point in piece]
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    heights = [y for _, y in drawn]
    assert (min(heights), max(heights)) == pytest.approx(
        (min(y for _, y in points), max(y for _, y in points)), rel=1e-3
    )


def test_the_tangent_has_the_gradient_as_its_slope_and_the_step_is_sgd_s(visit: Callable[..., Reader]) -> None:
    reader = open_curve(visit, credit_network().error, "v1")
    net = credit_network()
    net.error.backward()
    ((begin, end),) = pieces(reader, ".curve .frame .tangent")
    assert (end[1] - begin[1]) / (end[0] - begin[0]) == pytest.approx(net.v[0].grad, rel=1e-3)
    gradient, before = net.v[0].grad, net.v[0].data
    nn.SGD([net.v[0]], lr=0.5).step()
    after = computed_anew(net)
    step = reader.page.evaluate("page.change.curve.step")
    assert step["x"] == pytest.approx(after.v[0].data, rel=1e-14)
    assert step["y"] == pytest.approx(after.error.data, rel=1e-13)
    assert step["predicted"] == pytest.approx(net.error.data + gradient * (after.v[0].data - before), rel=1e-13)
    words = told(reader)
    assert number(words, "its slope is the gradient,") == pytest.approx(gradient, rel=1e-5)
    assert number(words, "at the rate 0.5: v1 =") == pytest.approx(after.v[0].data, rel=1e-5)
    assert number(words, "the tangent predicts") == pytest.approx(step["predicted"], rel=1e-5)
    assert number(words, "Now: v1 =") == 0.7
    label = reader.page.get_attribute(".curve", "aria-label")
    assert label.startswith("E as a curve over v1, from ") and "lowest" in label and "the tangent predicts" in label


def test_the_rate_moves_the_step_and_is_checked(visit: Callable[..., Reader]) -> None:
    reader = open_curve(visit, credit_network().error, "v1")
    near = reader.page.evaluate("page.change.curve.step.x")
    reader.page.fill("#rate", "5")
    reader.press("Enter")
    assert reader.page.evaluate("page.change.curve.step.x") - 0.7 == pytest.approx(10 * (near - 0.7))
    reader.page.fill("#rate", "fast")
    reader.press("Enter")
    assert "the rate must be a number" in told(reader)
    assert reader.page.locator(".curve .after").count() == 0
    reader.page.click("#run")
    assert "The rate must be a number" in reader.text("#live")
    assert reader.page.inner_text("#run") == "Run"


def test_dragging_another_leaf_moves_the_curve(visit: Callable[..., Reader]) -> None:
    reader = open_curve(visit, credit_network().error, "v1")
    first = samples(reader)
    frame = reader.page.evaluate("JSON.stringify(page.change.curve.height)")
    reader.page.evaluate(f"page.preview({place(reader.graph, 'v2')}, 0.2)")
    moved = samples(reader)
    for x, y in moved:
        net = credit_network()
        net.v[0].data, net.v[1].data = x, 0.2
        assert y == pytest.approx(computed_anew(net).error.data, rel=1e-13)
    assert [x for x, _ in moved] == [x for x, _ in first]
    low, high = (json.loads(frame)[name] for name in ("low", "high"))
    now = reader.page.evaluate("page.change.curve.height")
    assert now["low"] <= low and now["high"] >= high, "while it moves the frame stays, or grows"
    assert "before this change" in told(reader)
    assert reader.page.locator(".curve .before").count() == 1
    reader.page.evaluate("page.commit()")
    assert "before this change" not in told(reader)


def test_the_point_is_dragged_along_the_curve(visit: Callable[..., Reader]) -> None:
    reader = open_curve(visit, credit_network().error, "v1")
    samples(reader)
    box = reader.page.locator(".curve .now").bounding_box()
    frame = reader.page.locator(".curve .ground").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    reader.page.mouse.move(x, y)
    reader.page.mouse.down()
    reader.page.mouse.move(x + frame["width"] / 4, y, steps=4)
    assert "before this change" not in told(reader), "the curve over a leaf is the same wherever the leaf is"
    assert reader.page.is_disabled("#undo")
    reader.page.mouse.up()
    moved = reader.engine("data")[place(reader.graph, "v1")]
    assert moved == pytest.approx(0.7 + 0.7, abs=0.03)
    assert moved == round(moved, 2), "no more digits than the hand has"
    assert float(reader.page.input_value("#leaf-number")) == moved
    reader.page.click("#undo")
    assert reader.engine("data") == [node.data for node in reader.graph]


def test_the_range_is_chosen(visit: Callable[..., Reader]) -> None:
    reader = open_curve(visit, credit_network().error, "v1")
    width = samples(reader)[-1][0] - samples(reader)[0][0]
    for button, factor in (("#curve-wider", 2), ("#curve-narrower", 1), ("#curve-narrower", 0.5)):
        reader.page.click(button)
        points = samples(reader)
        assert points[-1][0] - points[0][0] == pytest.approx(factor * width)
    reader.page.click("#curve-step")
    points = samples(reader)
    step = abs(reader.page.evaluate("page.change.curve.step.x") - 0.7)
    assert points[-1][0] - points[0][0] == pytest.approx(3 * step)
    reader.page.fill("#leaf-number", "40")
    reader.press("Enter")
    points = samples(reader)
    assert points[0][0] < 40 < points[-1][0], "the range follows the leaf"


def test_a_kink_is_a_kink(visit: Callable[..., Reader]) -> None:
    reader = open_curve(visit, of_one(lambda x: x.relu(), 0.5), "x")
    assert all(y == max(0.0, x) for x, y in samples(reader))
    (line,) = pieces(reader)
    for x, y in line:
        assert y == pytest.approx(max(0.0, x), abs=0.02)


@pytest.mark.parametrize(
    ("build", "truth", "gap"),
    [
        (lambda x: 1 / x, lambda x: 1 / x, 0.0),
        (lambda x: 1 / (x - 0.1234), lambda x: 1 / (x - 0.1234), 0.1234),
        (lambda x: x.log(), math.log, -1.0),
        (lambda x: x.sqrt(), math.sqrt, -1.0),
    ],
    ids=["pole", "pole between two samples", "log", "sqrt"],
)  # fmt: skip
def test_where_it_is_not_finite_there_is_a_gap(
    build: Callable[[Value], Value], truth: Callable[[float], float], gap: float, visit: Callable[..., Reader]
) -> None:
    reader = open_curve(visit, of_one(build, 0.5), "x")
    for x, y in samples(reader):
        if math.isfinite(y):
            assert y == pytest.approx(truth(x), rel=1e-12)
    assert any(not math.isfinite(y) for _, y in samples(reader))
    found = pieces(reader)
    for piece in found:
        assert not piece[0][0] < gap - 1e-3 < gap + 1e-3 < piece[-1][0], "a line leads across"
    assert "gap where" in reader.page.get_attribute(".curve", "aria-label")
    if gap == -1.0:  # everything left of 0 is missing
        assert min(x for piece in found for x, _ in piece) == pytest.approx(0.0, abs=0.01)
    else:
        assert len(found) == 2
    low, high = (reader.page.evaluate(f"page.change.curve.height.{name}") for name in ("low", "high"))
    assert high - low < 1000, "a pole takes the frame along"


def test_a_jump_is_a_gap_and_what_is_steep_is_none(visit: Callable[..., Reader]) -> None:
    reader = open_curve(visit, of_one(lambda x: abs(x) / x, 0.5), "x")
    assert [round(piece[0][1]) for piece in pieces(reader)] == [-1, 1]
    reader = open_curve(visit, of_one(lambda x: (10000 * x).tanh(), 0.5), "x")
    assert len(pieces(reader)) == 1


def test_why_there_is_no_curve(visit: Callable[..., Reader], unreadable: Value) -> None:
    reader = open_curve(visit, unreadable, "x")
    note = ".curve-section > .quiet"
    assert "total depends on x through by_math, whose rule the page cannot read" in reader.text(note)
    assert not reader.page.is_visible(".curve")
    reader.click("w")
    assert reader.page.is_visible(".curve")
    reader.page.evaluate("page.differentiate(1)")
    assert "m was not made from w" in reader.text(note)
    reader.page.evaluate(f"page.differentiate({len(reader.graph) - 1}); page.setLeaf(0, 1)")
    assert "depends on a number that is unknown now" in reader.text(note)
    reader.page.click("#reset")
    reader.page.fill("#leaf-number", "inf")
    reader.press("Enter")
    assert "nothing to the left and to the right" in reader.text(note)


def test_while_the_player_steps_nothing_is_told_in_advance(visit: Callable[..., Reader]) -> None:
    reader = open_curve(visit, credit_network().error, "v1")
    samples(reader)
    reader.look()
    reader.press("Home", ".")
    assert not reader.page.is_visible(".curve")
    assert "comes when E has been computed" in reader.text(".curve-section > .quiet")
    assert "0.042" not in reader.text("#panel-change .summary")
    reader.page.evaluate("page.state.set({ time: page.model.timeline.count + 1 })")
    assert reader.page.is_visible(".curve")
    assert "The tangent comes with the gradient" in told(reader)
    assert reader.page.locator(".curve .frame .tangent, .curve .frame .after").count() == 0
    assert reader.page.locator(".leaves td:nth-child(3)").all_inner_texts() == [""] * 9
    reader.press("End")
    assert reader.page.locator(".curve .frame .tangent").count() == 1


def test_while_the_quiz_asks_there_is_neither_tangent_nor_step(visit: Callable[..., Reader]) -> None:
    reader = open_curve(visit, credit_network().error, "v1")
    samples(reader)
    reader.page.evaluate("page.model.hide(new Set()); page.state.announce('quiz', 'committed')")
    assert reader.page.locator(".curve .frame .tangent, .curve .frame .after").count() == 0
    assert "hidden while the quiz asks" in told(reader)
    reader.page.click("#run")
    assert "leave the quiz first" in reader.text("#live")
    assert reader.engine("data") == [node.data for node in reader.graph]


def test_the_picture_can_be_read_on_a_phone(visit: Callable[..., Reader]) -> None:
    for size in ({"width": 1280, "height": 720}, PHONE):
        reader = open_curve(visit, credit_network().error, "v1", size=size)
        samples(reader)
        box = reader.page.locator(".curve").bounding_box()
        panel = reader.page.locator("#panel-change").bounding_box()
        assert (
            box["height"] >= 180 and panel["x"] <= box["x"] and box["x"] + box["width"] <= panel["x"] + panel["width"]
        )
        assert reader.page.evaluate("document.getElementById('panel-change').scrollWidth") <= panel["width"]


# --- gradient descent ---------------------------------------------------------------------------------------------


def run(reader: Reader, steps: int) -> int:
    """Run for at least so many steps, and pause; returns how many steps were made."""
    reader.page.click("#run")
    assert reader.page.inner_text("#run") == "Pause"
    reader.until(f"page.model.leaves.losses.length > {steps}")
    reader.page.click("#run")
    assert reader.page.inner_text("#run") == "Run"
    return int(reader.page.evaluate("page.model.leaves.losses.length")) - 1


def test_a_run_is_as_many_steps_of_sgd(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#tab=change")
    reader.page.select_option("#steps-a-look", "10 at a time")
    taken = run(reader, 50)
    assert taken >= 50
    graph = stepped(credit_network(), taken, 0.5)
    assert reader.engine("data") == pytest.approx([node.data for node in graph], rel=1e-12)
    assert reader.engine("grad") == pytest.approx(graph.gradients(), rel=1e-11, abs=1e-300)
    assert f"{taken} steps: E fell from 0.0420565" in reader.text("#steps")
    assert f"{taken} steps of gradient descent" in reader.text("#live")
    assert reader.page.get_attribute(".plot", "aria-label").startswith(f"loss over {taken} steps, from 0.04206 to 0.0")
    assert float(reader.shown("w11", "value")) == pytest.approx(graph.nodes[place(graph, "w11")].data, rel=1e-4)
    reader.page.click("#undo")
    assert reader.engine("data") == [node.data for node in reader.graph], "one undo takes the whole run back"
    assert reader.page.is_disabled("#undo")
    reader.page.click("#redo")
    assert reader.engine("data") == pytest.approx([node.data for node in graph], rel=1e-12)


def test_fifty_steps_are_fifty_steps(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#tab=change")
    for _ in range(5):
        reader.page.click("#descend10")
    graph = stepped(credit_network(), 50, 0.5)
    assert reader.engine("data") == pytest.approx([node.data for node in graph], rel=1e-12)


def test_a_run_is_started_and_paused_by_a_key_and_by_whatever_changes_the_leaves(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#tab=change&select=0")
    going = "page.training.running"
    reader.look()
    reader.press("?")
    assert "let gradient descent run, and pause it" in reader.text("#help")
    reader.press("Escape")
    reader.look()
    for stop in (
        lambda: reader.press("r"),
        lambda: reader.press("Home"),
        lambda: reader.page.evaluate("page.preview(0, 0.25); page.commit()"),
        lambda: reader.page.evaluate(f"page.differentiate({place(reader.graph, 'o')})"),
        lambda: reader.page.evaluate(
            "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });"
            "document.dispatchEvent(new Event('visibilitychange')); delete document.hidden"
        ),
        lambda: reader.page.evaluate("page.model.takeLeaves(new Map([[0, 0.125]]))"),
        lambda: reader.page.click("#tab-quiz"),
    ):
        reader.press("r")
        assert reader.page.evaluate(going)
        reader.until("page.model.leaves.losses.length > 1")
        stop()
        assert not reader.page.evaluate(going)
        after = reader.engine("data")
        reader.page.wait_for_timeout(120)
        assert reader.engine("data") == after
        reader.page.click("#tab-change")
        reader.look()


def test_undo_ends_a_run_and_takes_it_back(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#tab=change")
    reader.page.click("#run")
    reader.until("page.model.leaves.losses.length > 3")
    reader.look()
    reader.press("u")
    assert not reader.page.evaluate("page.training.running")
    assert reader.engine("data") == [node.data for node in reader.graph]


def test_start_again_goes_back_to_where_it_began(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#tab=change")
    assert reader.page.is_disabled("#restart")
    reader.page.evaluate("page.setLeaf(0, 0.25)")
    before = reader.engine("data")
    run(reader, 3)
    reader.page.click("#descend")
    reader.page.click("#restart")
    assert reader.engine("data") == before, "what was changed by hand before stays"
    assert not reader.page.is_visible(".plot")
    reader.page.click("#undo")
    assert reader.engine("data") != before


def test_a_rate_that_is_too_large_ends_a_run_and_says_so(visit: Callable[..., Reader]) -> None:
    w, x, y = Value(0.5, "w"), Value(2.0, "x"), Value(4.0, "y")
    loss = (w * x - y) ** 2
    loss.label = "L"
    reader = visit(loss, "#tab=change&rate=1e6")
    reader.page.select_option("#steps-a-look", "100 at a time")
    reader.page.click("#run")
    reader.until("!page.training.running")
    assert "the rate 1e6 is too large" in reader.text("#live")
    assert re.search(r"L has become (∞|nan)", reader.text("#live"))
    assert reader.page.inner_text("#run") == "Run"
    assert "log scale" in reader.page.text_content(".plot")
    reader.page.click("#run")
    assert "nothing to descend" in reader.text("#live")
    reader.page.click("#undo")
    assert reader.engine("data") == [node.data for node in reader.graph]


def test_a_run_ends_where_nothing_moves(visit: Callable[..., Reader]) -> None:
    w = Value(-2.0, "w")
    loss = w.relu()
    loss.label = "L"
    reader = visit(loss, "#tab=change")
    reader.page.click("#run")
    reader.until("!page.training.running")
    assert "Nothing moves any more" in reader.text("#live")
    w = Value(0.0, "w")
    root = w.sqrt()
    root.label = "L"
    reader = visit(root, "#tab=change")
    reader.page.click("#run")
    assert "the gradient of w is ∞" in reader.text("#live")
    assert reader.page.is_disabled("#undo")


def test_a_run_on_a_batch_moves_what_the_whole_batch_asks_for(visit: Callable[..., Reader]) -> None:
    model = nn.MLP(2, [4, 1], activation="tanh", seed=1)
    xs = [[(k % 5) / 2 - 1.0, (k // 5) / 2 - 1.0] for k in range(20)]
    ys = [1.0 if x[0] * x[1] > 0 else -1.0 for x in xs]

    def loss() -> Value:
        found: Value = nn.mse([model(x) for x in xs], ys)
        return found

    root = loss()
    leaf = next(i for i, node in enumerate(Graph(root)) if node.label and node.op is None)
    reader = visit(root, f"#tab=change&rate=0.1&select={leaf}")
    taken = run(reader, 10)
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    for _ in range(taken):
        model.zero_grad()
        loss().backward()
        optimizer.step()
    assert reader.engine("data") == pytest.approx([node.data for node in Graph(loss())], rel=1e-10)


def test_a_large_graph_s_curve_comes_bit_by_bit(visit: Callable[..., Reader]) -> None:
    x = Value(0.01, "x")
    total = x
    for _ in range(6000):
        total = (total + 0.001).tanh()
    total.label = "f"
    reader = open_curve(visit, total, "x")
    points = samples(reader)
    assert len(points) == 65
    for at, y in points[::16]:
        value = at
        for _ in range(6000):
            value = math.tanh(value + 0.001)
        assert y == pytest.approx(value, rel=1e-9)
