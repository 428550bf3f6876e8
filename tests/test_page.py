"""The page in a browser, used as a person uses it: with the mouse, the keyboard, and touch.

``test_page_arithmetic`` compares the page's arithmetic with the engine's; ``test_explore`` tests the file itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

import autograd
import nn
from autograd import Graph, Value
from autograd.ops import OPS
from autograd.view import explore, placing
from autograd.view.rendering import GraphvizMissing
from autograd.view.text import names
from demos.classroom.networks import TwoTwoOne, credit_network

from .browser import chromium
from .test_explore import HOSTILE, hostile_graph, moons_like, tangle
from .test_text import Lesson, own_loop
from .test_text import lesson as lesson

LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


class Reader:
    """A person in front of a page."""

    def __init__(self, page: Any, graph: Graph) -> None:
        self.page = page
        self.graph = graph
        self.names = names(graph)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def look(self) -> None:
        """Put the focus on the drawing."""
        self.page.focus("#drawing")

    def card(self, name: str) -> Any:
        """The card of a node or a room with this title."""
        return (
            self.page.locator("#drawing .item")
            .filter(has=self.page.get_by_text(f"\u2068{name}\u2069", exact=True))
            .first
        )

    def click(self, name: str) -> None:
        self.card(name).locator(".body").click(position={"x": 6, "y": 6})

    def until(self, condition: str) -> None:
        """Wait until a condition is true in the page (its security policy forbids Playwright's `wait_for_function`)."""
        for _ in range(200):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"it never came true that {condition}")

    def text(self, selector: str) -> str:
        return clean(self.page.inner_text(selector))

    def shown(self, name: str, part: str) -> str:
        """What a card shows: "value", "gradient", "delta", ..."""
        return clean(self.card(name).locator(f".{part}").text_content())

    def fact(self, term: str) -> str:
        """The text that the open panel has for a term."""
        return clean(self.page.locator(f"[role=tabpanel]:visible dt:has-text('{term}') + dd").first.inner_text())

    def tab(self, name: str) -> None:
        self.page.click(f"#tab-{name}")

    @property
    def crumbs(self) -> list[str]:
        return [clean(text) for text in self.page.locator("#crumbs li").all_inner_texts()]

    @property
    def fragment(self) -> str:
        self.page.wait_for_timeout(300)  # the address follows a moment later
        return str(self.page.evaluate("location.hash"))

    def classes(self, name: str) -> set[str]:
        return set((self.card(name).get_attribute("class") or "").split())

    def engine(self, what: str) -> list[float]:
        """Numbers of the page's engine, exactly."""
        texts = self.page.evaluate(f"Array.from(page.engine.{what}, (x) => Object.is(x, -0) ? '-0' : String(x))")
        return [float(text.replace("Infinity", "inf")) for text in texts]


def clean(text: str | None) -> str:
    return re.sub(r"[\u2066-\u2069]", "", text or "").replace("−", "-").strip()


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Reader]]:
    """Open the page of a Value; at the end there must have been no error, no request, and no dialog."""
    contexts: list[Any] = []
    trouble: list[str] = []

    def open_page(
        v: Value, fragment: str = "", *, size: dict[str, int] = LAPTOP, invited: bool = False, **options: Any
    ) -> Reader:
        context_options = {
            key: options.pop(key) for key in ("color_scheme", "reduced_motion", "has_touch") if key in options
        }
        written = explore(v, tmp_path / f"{len(contexts)}.html", open=False, **options)
        context = browser.new_context(viewport=size, accept_downloads=True, **context_options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        page.on(
            "console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("dialog", lambda dialog: trouble.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(("file:", "blob:", "data:")) else trouble.append(request.url)
            ),
        )
        page.goto(Path(written.path).as_uri() + fragment)
        page.wait_for_selector("html[data-ready]", state="attached")
        if not invited and page.is_visible("#invitation"):
            page.keyboard.press("End")  # as a reader does who knows the page: shows the complete graph
        return Reader(page, Graph(v))

    yield open_page
    for context in contexts:
        context.close()
    assert trouble == []


def sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


def credit_by_hand() -> dict[str, tuple[float, float]]:
    """Value and gradient of everything in the worked example, from the textbook's formulas."""
    x, w, v, y = (1.0, 0.0), ((0.5, 0.4), (0.3, 0.6)), (0.7, 0.8), 1.0
    z = [row[0] * x[0] + row[1] * x[1] for row in w]
    h = [sigmoid(z_i) for z_i in z]
    zo = v[0] * h[0] + v[1] * h[1]
    o = sigmoid(zo)
    delta = (o - y) * o * (1 - o)
    hidden = [v[i] * delta * h[i] * (1 - h[i]) for i in (0, 1)]
    found = {"zo": (zo, delta), "o": (o, o - y), "E": ((y - o) ** 2 / 2, 1.0)}
    for i in (0, 1):
        found[f"z{i + 1}"] = (z[i], hidden[i])
        found[f"h{i + 1}"] = (h[i], v[i] * delta)
        found[f"v{i + 1}"] = (v[i], delta * h[i])
        for j in (0, 1):
            found[f"w{i + 1}{j + 1}"] = (w[i][j], hidden[i] * x[j])
    return found


def diamond() -> Value:
    """L = p * q with p = u + a, q = u * a, u = 2 a: three paths from a."""
    a = Value(3.0, "a")
    u = a * 2
    p, q = u + a, u * a
    root = p * q
    for node, label in ((u, "u"), (p, "p"), (q, "q"), (root, "L")):
        node.label = label
    return root


# --- look ---------------------------------------------------------------------------------------------------------


def test_every_number_of_the_worked_example_can_be_read_off(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    for name, (value, gradient) in credit_by_hand().items():
        reader.click(name)
        assert float(reader.fact("value")) == pytest.approx(value, rel=1e-9)
        assert float(reader.fact(f"dE/d{name}")) == pytest.approx(gradient, rel=1e-9, abs=1e-300)
        assert float(reader.shown(name, "value")) == pytest.approx(value, rel=1e-4)
        assert float(reader.shown(name, "gradient")) == pytest.approx(gradient, rel=1e-3, abs=1e-300)
    reader.tab("table")
    lines = {
        cells[0]: cells[2:]
        for cells in (line.split("\t") for line in reader.text(".numbers").splitlines())
        if len(cells) == 4
    }
    for name, (value, gradient) in credit_by_hand().items():
        assert [float(cell) for cell in lines[name]] == pytest.approx([value, gradient], rel=1e-9, abs=1e-300)


def test_edges_show_the_local_derivative_and_the_flowing_product(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    labels = [
        tuple(map(clean, texts))
        for texts in reader.page.eval_on_selector_all(
            "#drawing .label", "all => all.map((g) => [...g.children].map((t) => t.textContent))"
        )
    ]
    by_hand = credit_by_hand()
    delta = by_hand["zo"][1]
    for local, flow in ((0.7, delta * 0.7), (by_hand["h1"][0], delta * by_hand["h1"][0])):
        assert (f"×{local:.4g}", f"{flow:.3g}") in labels
    assert len(labels) == 19  # the 2 that halves the error stands in its division


def test_nan_and_infinity_stand_out(visit: Callable[..., Reader]) -> None:
    x = Value(0.0, "x")
    y = x.log()
    z = y * 0
    z.label, y.label = "z", "y"
    reader = visit(z)
    assert reader.shown("y", "value") == "-∞"
    assert reader.shown("z", "value") == "nan"
    assert {"unusual"} <= reader.classes("y") & reader.classes("z")
    assert "unusual" not in reader.classes("x")
    assert "alarming" in (reader.card("x").locator(".strip").get_attribute("class") or "")


@pytest.mark.parametrize("steps", [1, 25])
def test_after_training_the_old_loss_looks_as_before_but_for_marks(
    visit: Callable[..., Reader], lesson: Lesson, steps: int
) -> None:
    def seen(reader: Reader) -> tuple[list[float], list[float], list[str]]:
        cards = reader.page.eval_on_selector_all("#drawing .item", "all => all.map((card) => card.textContent)")
        return reader.engine("data"), reader.engine("grad"), cards

    before = visit(lesson.loss)
    assert before.page.locator("#drawing .since").count() == 0
    lesson.train(steps)
    after = visit(lesson.loss)
    assert seen(after) == seen(before)
    assert "set since the graph was computed" in after.text("#panel-why .note")


def test_a_leaf_that_has_been_set_bears_a_mark_and_says_what_it_is_now(visit: Callable[..., Reader]) -> None:
    lesson = own_loop()
    lesson.step()  # w = 3 - 0.1 · 8
    reader = visit(lesson.loss, size=PHONE)
    assert reader.page.locator("#drawing .since").count() == reader.card("w").locator(".since").count() == 1
    reader.look()
    reader.press("/")
    reader.page.keyboard.type("w")
    reader.press("Enter")
    assert reader.text("#panel-why .note") == "It has been set to 2.2 since the graph was computed."
    assert reader.fact("value") == "3" and reader.fact("dL/dw") == "8"
    said = "w, leaf, parameter: value 3, gradient 8; set to 2.2 since the graph was computed"
    assert reader.text("#live") == said
    assert clean(reader.card("w").get_attribute("aria-label")) == said
    reader.page.click(".check")
    assert float(reader.fact("by the chain rule")) == 8.0 and "They agree" in reader.text(".answer")
    reader.click("x")
    assert reader.page.locator("#panel-why .note").count() == 0 and "since" not in reader.text("#live")
    lesson.leaves[0].data = -math.inf
    assert visit(lesson.loss, "#select=0").text("#panel-why .note").startswith("It has been set to -∞ since")


def test_pan_zoom_and_fit(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)

    def camera() -> list[float]:
        found: list[float] = reader.page.evaluate("((c) => [c.x, c.y, c.scale])(page.drawing.camera)")
        return found

    x, y, scale = camera()
    reader.page.mouse.move(600, 150)
    reader.page.mouse.down()
    reader.page.mouse.move(660, 190, steps=4)
    reader.page.mouse.up()
    assert camera() == pytest.approx([x + 60, y + 40, scale])
    reader.page.mouse.wheel(0, -200)
    reader.until(f"page.drawing.camera.scale > {scale * 1.2}")
    reader.page.click("#fit")
    assert camera() == pytest.approx([x, y, scale], abs=1)
    reader.look()
    reader.press("+", "+")
    assert camera()[2] == pytest.approx(scale * 1.25**2)
    reader.press("0")
    assert camera() == pytest.approx([x, y, scale], abs=1)
    reader.press("Shift+ArrowRight")
    assert camera()[0] == pytest.approx(x - 80, abs=1)


def test_two_fingers_zoom(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, size=PHONE, has_touch=True)
    before = reader.page.evaluate("page.drawing.camera.scale")
    client = reader.page.context.new_cdp_session(reader.page)

    def touch(kind: str, *points: tuple[int, int]) -> None:
        client.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]},
        )

    touch("touchStart", (180, 120), (220, 120))
    for apart in range(0, 80, 10):
        touch("touchMove", (180 - apart, 120), (220 + apart, 120))
    touch("touchEnd")
    assert reader.page.evaluate("page.drawing.camera.scale") > 2 * before


def test_the_minimap_is_there_where_not_all_is_in_view(visit: Callable[..., Reader]) -> None:
    reader = visit(tangle(400), room=1000)
    assert reader.page.is_visible("#minimap")
    before = reader.page.evaluate("page.drawing.camera.x")
    reader.page.locator("#minimap").click(position={"x": 20, "y": 20})
    assert reader.page.evaluate("page.drawing.camera.x") != before
    hidden = "document.querySelectorAll('#drawing .item[style*=none]').length"
    reader.until(f"{hidden} > 0")  # what is out of view is not drawn
    reader = visit(credit_network().error)
    assert not reader.page.is_visible("#minimap")


def test_search_by_label_operation_and_scope(visit: Callable[..., Reader]) -> None:
    reader = visit(moons_like(1))
    reader.look()
    reader.press("/")
    reader.page.keyboard.type("layer2.neuron3.b")
    reader.press("Enter")
    assert reader.crumbs == ["mlp", "layer2", "neuron3"]
    assert reader.text("#panel-why h2") == "layer2.neuron3.b"
    reader.page.fill("#search", "hinge")
    assert reader.text("#results") == "nothing found"
    reader.page.fill("#search", "relu")
    assert reader.page.locator("#results [role=option]").count() == 12
    reader.page.locator("#results [role=option]").nth(1).click()
    assert reader.fact("value")
    reader.page.fill("#search", "x")
    reader.press("Escape")
    assert not reader.page.is_visible("#results")


def test_light_and_dark(visit: Callable[..., Reader]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    reader = visit(diamond(), color_scheme="light")
    light = reader.page.evaluate(ground)
    reader.page.click("#theme")
    dark = reader.page.evaluate(ground)
    assert light != dark
    assert "theme=dark" in reader.fragment
    reader.look()
    reader.press("d")
    assert reader.page.evaluate(ground) == light
    assert visit(diamond(), color_scheme="dark").page.evaluate(ground) == dark
    assert visit(diamond(), "#theme=light", color_scheme="dark").page.evaluate(ground) == light


def test_the_arrow_keys_walk_along_the_edges(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    reader.look()
    seen = []
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight"):
        reader.press(key)
        seen.append(reader.text("#panel-why h2"))
    assert seen[0] == "E"
    assert seen[-1] == seen[-3]
    assert set(seen) <= set(reader.names)
    assert len(set(seen)) == 6
    spoken = reader.page.inner_text("#live")
    assert "value" in spoken and "gradient" in spoken
    active = reader.page.get_attribute("#drawing", "aria-activedescendant")
    assert clean(reader.page.get_attribute(f"#{active}", "aria-label")) == clean(spoken)
    reader.press("Escape")
    assert reader.page.get_attribute("#drawing", "aria-activedescendant") is None


def test_the_panel_makes_way_for_a_lecture(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#panel=open")
    scale = reader.page.evaluate("page.drawing.camera.scale")
    reader.look()
    reader.press("p")
    assert not reader.page.is_visible("#panel-why")
    reader.until(f"page.drawing.camera.scale > {1.2 * scale}")
    reader.page.click("#grip")
    assert reader.page.is_visible("#panel-why")
    reader.press("p")
    reader.press("c")
    assert reader.page.is_visible("#panel-change")


def test_help_lists_the_keys(visit: Callable[..., Reader]) -> None:
    reader = visit(diamond())
    reader.look()
    reader.press("?")
    assert reader.page.is_visible("#help")
    assert "one step forward" in reader.text("#help")
    reader.press("Escape")
    assert not reader.page.is_visible("#help")
    reader.page.click("#help-open")
    reader.page.click("#help-close")
    assert not reader.page.is_visible("#help")


def test_everything_that_can_be_used_has_a_name_and_can_be_reached(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#tab=change&select=0")
    nameless = reader.page.evaluate(
        """[...document.querySelectorAll("button, input, select, summary, [role=tab], [tabindex='0']")]
            .filter((e) => e.checkVisibility())
            .filter((e) => !["aria-label", "aria-labelledby"].some((name) => e.getAttribute(name)))
            .filter((e) => !e.textContent.trim() && !e.labels?.length)
            .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    reader.page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(60):
        reader.press("Tab")
        reached.add(reader.page.evaluate("document.activeElement.id"))
    assert {
        "search",
        "theme",
        "help-open",
        "drawing",
        "fit",
        "play",
        "time",
        "tab-change",
        "undo",
        "rate",
        "descend",
    } - {"undo"} <= reached


def test_less_motion_for_those_who_want_less(visit: Callable[..., Reader]) -> None:
    for motion, animated in (("no-preference", True), ("reduce", False)):
        reader = visit(diamond(), reduced_motion=motion)
        reader.look()
        reader.press(".", ".")
        running = reader.page.evaluate(
            "getComputedStyle(document.querySelector('#drawing .edge.forward')).animationName"
        )
        assert (running != "none") is animated


def test_on_a_phone_nothing_is_cut_off_and_the_panel_folds_away(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, size=PHONE, has_touch=True)
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= 390
    tall = reader.page.evaluate("document.getElementById('stage').clientHeight")
    reader.page.tap("#grip")
    assert reader.page.evaluate("document.getElementById('stage').clientHeight") > tall + 100
    reader.page.tap("#tab-change")
    assert reader.page.is_visible("#descend")
    reader.card("w11").locator(".body").tap(position={"x": 6, "y": 6})
    reader.page.tap("#tab-why")
    assert reader.text("#panel-why h2") == "w11"


# --- rooms --------------------------------------------------------------------------------------------------------


def test_from_the_network_to_a_single_product_and_back(visit: Callable[..., Reader]) -> None:
    reader = visit(moons_like(1))
    assert reader.crumbs == ["mlp"]
    reader.card("layer1").locator(".body").dblclick(position={"x": 6, "y": 6})
    assert reader.crumbs == ["mlp", "layer1"]
    reader.card("neuron3").locator(".opens").dispatch_event("click")
    assert reader.crumbs == ["mlp", "layer1", "neuron3"]
    dot = next(
        i
        for i, node in enumerate(reader.graph)
        if node.op and node.op.name == "dot" and node.scope == "mlp.layer1.neuron3"
    )
    reader.click(reader.names[dot])
    reader.look()
    reader.press("Enter")
    assert reader.crumbs[-1] == reader.names[dot]
    w, x = reader.graph.nodes[dot].operands[0], reader.graph.nodes[dot].operands[2]
    products = reader.page.locator("#drawing .item.product")
    assert products.count() == 2
    assert float(clean(products.first.locator(".value").text_content())) == pytest.approx(w.data * x.data, rel=1e-4)
    gradient = reader.graph.gradients()[dot]
    assert float(clean(products.first.locator(".gradient").text_content())) == pytest.approx(
        gradient, rel=1e-3, abs=1e-300
    )
    reader.press("Backspace", "Backspace")
    assert reader.crumbs == ["mlp", "layer1"]
    reader.page.locator("#crumbs button").first.click()
    assert reader.crumbs == ["mlp"]


def test_a_long_dot_shows_its_products_in_turns(visit: Callable[..., Reader]) -> None:
    ws, xs = [[Value(0.01 * k, f"{name}{k}") for k in range(150)] for name in "wx"]
    root = autograd.dot(ws, xs, Value(1.0, "b")).tanh()
    reader = visit(root, "#room=·301")
    shown = []
    for more in ("86 more", "86 more", "128 more"):
        assert reader.shown(more, "value") == "products"
        shown += [clean(text) for text in reader.page.locator("#drawing .product .title").all_text_contents()]
        reader.look()
        reader.press("Home", *["."] * 5, "End")
        reader.page.evaluate("page.select('p301.149')")
        reader.press("Enter")
    assert shown == [f"w{k}·x{k}" for k in range(150)]
    assert reader.page.locator("#drawing .product").count() == 64


def test_a_room_shows_what_is_around_it_and_leads_there(visit: Callable[..., Reader]) -> None:
    reader = visit(moons_like(1), "#room=mlp.layer1.neuron1")
    assert "elsewhere" in reader.classes("layer2")
    reader.card("layer2").locator(".body").dblclick(position={"x": 6, "y": 6})
    assert reader.crumbs == ["mlp", "layer2"]


def test_a_room_s_gradient_is_the_norm_over_its_leaves(visit: Callable[..., Reader]) -> None:
    root = moons_like(1)
    reader = visit(root)
    gradients = reader.graph.gradients()
    norm = math.hypot(
        *[g for g, node in zip(gradients, reader.graph) if node.scope.startswith("mlp.layer1") and not node.op]
    )
    assert reader.shown("layer1", "gradient") == f"‖∇‖ {norm:.3g}"


def test_every_room_of_a_network_opens(visit: Callable[..., Reader]) -> None:
    reader = visit(moons_like(2))
    keys = reader.page.evaluate("page.house.rooms.map((room) => room.name)")
    assert len(keys) > 40
    for key in keys:
        reader.page.evaluate("(key) => page.openRoom(key)", key)
        problem = reader.page.evaluate(
            "page.view.items.some((i) => !(i.x >= 0 && i.y >= 0)) || page.view.edges.some((e) => !e.members.length)"
        )
        assert not problem, key
        assert reader.page.locator("#drawing .item").count() == reader.page.evaluate("page.view.items.length")


def test_without_graphviz_the_page_finds_a_layout(
    visit: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(source: str, format: str) -> bytes:
        raise GraphvizMissing("there is none")

    monkeypatch.setattr(placing, "render", missing)
    reader = visit(credit_network().error, "#constants=cards")
    assert "the page uses a simpler layout" in reader.text("#panel-why")
    at = {item["node"]: item for item in reader.page.evaluate("page.view.items")}
    for consumer, operands in enumerate(reader.graph.operands):
        for operand in operands:
            assert at[operand]["x"] < at[consumer]["x"]
    boxes = [(item["x"], item["y"]) for item in at.values()]
    assert all(abs(x1 - x2) >= 100 or abs(y1 - y2) >= 70 for k, (x1, y1) in enumerate(boxes) for x2, y2 in boxes[:k])


# --- step ---------------------------------------------------------------------------------------------------------


def test_stepping_computes_forward_and_then_backward_node_by_node(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    reader.look()
    results = [name for name, node in zip(reader.names, reader.graph) if node.op]
    reader.press("Home")
    assert reader.text("#phase") == "Start"
    assert [name for name in results if reader.shown(name, "value")] == []
    done = []
    for _ in results:
        reader.press(".")
        assert reader.text("#phase") == "Forward"
        (new,) = [name for name in results if reader.shown(name, "value") and name not in done]
        assert "active" in reader.classes(new)
        assert reader.text("#sentence").startswith(f"{new} = ")
        done.append(new)
    place = {name: k for k, name in enumerate(reader.names)}
    for name in done:
        operands = [reader.names[i] for i in reader.graph.operands[place[name]]]
        assert all(done.index(operand) < done.index(name) for operand in operands if operand in done)
    assert "zo = v1·h1 + v2·h2 = 0.7·0.6225 + 0.8·0.5744 = 0.8952755" in "".join(
        reader.page.evaluate("page.model.stops.map((_, k) => page.player.say(k)).join(' ')")
        .replace("\u2068", "")
        .replace("\u2069", "")
    )

    reader.press(".")
    assert reader.text("#sentence") == "dE/dE = 1. The backward pass starts here."
    assert reader.shown("E", "gradient") == "1"
    assert reader.shown("o", "gradient") == ""
    handed = []
    for _ in results:
        reader.press(".")
        assert reader.text("#phase") == "Backward"
        handed.append(reader.text("#sentence").split(" ")[0])
    assert handed == done[::-1]
    for name, (_, gradient) in credit_by_hand().items():
        assert float(reader.shown(name, "gradient")) == pytest.approx(gradient, rel=1e-3, abs=1e-300)
    reader.press(",")
    assert [name for name in ("w21", "w22") if reader.shown(name, "gradient")] == [] or [
        name for name in ("w11", "w12") if reader.shown(name, "gradient")
    ] == []
    reader.press("End")
    assert reader.text("#phase") == "Complete"


def test_contributions_add_up_where_paths_meet(visit: Callable[..., Reader]) -> None:
    """dL/da = 3a * 2a + ... : through q, through p, and through u, one after the other."""
    reader = visit(diamond())
    reader.look()
    reader.press("Home", *["."] * 5)  # four results and the start of the backward pass
    seen = []
    for _ in range(4):
        reader.press(".")
        seen.append((reader.shown("u", "gradient"), reader.shown("a", "gradient")))
    # L = p q: dL/dp = q = 18, dL/dq = p = 9. q passes 9 * 3 to u and 9 * 6 to a; p passes 18 to both.
    assert seen == [("", ""), ("27 (1 of 2)", "54 (1 of 3)"), ("45", "72 (2 of 3)"), ("45", "162")]
    assert "in all 162" in reader.text("#sentence")
    reader.press(",", ",")
    assert (reader.shown("u", "gradient"), reader.shown("a", "gradient")) == seen[1]


def test_the_player_plays_pauses_and_goes_where_it_is_dragged(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    reader.page.select_option("#pace", "faster")
    reader.page.click("#play")
    reader.until("page.model.at > 3")
    reader.page.click("#play")
    at = reader.page.evaluate("page.model.at")
    reader.page.wait_for_timeout(250)
    assert reader.page.evaluate("page.model.at") == at
    assert reader.page.get_attribute("#play", "aria-label") == "Play"
    reader.look()
    reader.press(" ")
    reader.until("page.model.at === page.model.stops.length - 1 && !page.player.playing")
    reader.page.fill("#time", "3")
    assert reader.page.evaluate("page.model.at") == 3
    reader.page.click("#back")
    assert reader.page.evaluate("page.model.at") == 2
    reader.page.click("#to-start")
    reader.page.click("#forward")
    assert reader.page.evaluate("page.model.at") == 1
    reader.page.click("#to-end")
    assert reader.text("#phase") == "Complete"


def test_in_a_network_layers_take_their_turns(visit: Callable[..., Reader]) -> None:
    reader = visit(moons_like(1))
    reader.look()
    reader.press("Home", ".")
    assert "layer1 computes" in reader.text("#sentence")
    assert {"active"} <= reader.classes("layer1")
    reader.press(".")
    turns = reader.page.evaluate(
        "page.model.stops.filter((s) => s.place >= 0).map((s) => page.reading.item(page.view.items[s.place]).title)"
    )
    assert turns.count("layer1") == 2, "each layer works once forward and once backward"
    assert turns.index("layer1") < turns.index("layer2") < turns.index("layer3.neuron1")


def test_inside_a_dot_products_come_before_their_sum(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#room=·12")
    reader.look()
    reader.press("Home")
    seen = []
    for _ in range(reader.page.evaluate("page.model.stops.length") - 1):
        reader.press(".")
        seen.append(reader.text("#sentence"))
    text = "\n".join(seen)
    assert text.index("v1 · h1 = 0.7 · 0.62246 = 0.43572") < text.index("v2 · h2 = ") < text.index("zo = ")
    assert text.index("The sum hands its gradient") < text.index("v1 gets (-0.059718) · 0.62246")
    assert reader.shown("v1", "gradient") == "-0.03717"


# --- why ----------------------------------------------------------------------------------------------------------


def test_why_shows_the_rule_and_the_sum_over_the_consumers(visit: Callable[..., Reader]) -> None:
    reader = visit(diamond())
    reader.click("a")
    gradients = dict(zip(reader.names, reader.graph.gradients()))
    rows = reader.page.eval_on_selector_all(
        ".terms tr", "rows => rows.slice(1).map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    terms = {clean(row[0]): (float(clean(row[1])), float(clean(row[3]))) for row in rows}
    assert set(terms) == {"u", "p", "q"}
    for name, local in (("u", 2.0), ("p", 1.0), ("q", 6.0)):
        assert terms[name] == pytest.approx((gradients[name], gradients[name] * local))
    assert sum(product for _, product in terms.values()) == gradients["a"] == float(reader.fact("dL/da"))
    mathematics = clean(reader.page.locator("#panel-why .chain .formula").nth(1).text_content())
    assert re.sub(r"[\s]", "", mathematics) == "=45·2+18·1+9·6"
    reader.page.locator(".terms button").filter(has_text="q").click()
    assert reader.text("#panel-why h2") == "q"
    rule = [clean(text) for text in reader.page.locator("#panel-why .rule .formula").all_text_contents()]
    assert rule == ["q=u·a", "∂q∂u=a", "∂q∂a=u"]


def test_the_way_to_the_loss_is_highlighted(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    reader.click("w11")
    way = {"w11", "z1", "h1", "zo", "o", "E"}
    labelled = [name for name, node in zip(reader.names, reader.graph) if node.label]
    assert {name for name in labelled if "faded" not in reader.classes(name)} == way
    assert reader.page.locator("#drawing .edge.onpath").count() == 7  # with the two unnamed nodes before E
    reader.press("Escape")
    assert reader.page.locator("#drawing .faded").count() == 0


def test_the_numeric_check_agrees_and_shows_the_error(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    for name in ("w11", "h2", "zo"):
        reader.click(name)
        reader.page.click("text=Check numerically")
        assert "They agree." in reader.text(".answer")
        slope, chain = float(reader.fact("(f(x + h)")), float(reader.fact("by the chain rule"))
        assert slope == pytest.approx(chain, rel=1e-6)
        assert re.match(r"[\d.e-]+ \(relative [\d.e-]+\)|0$", reader.fact("error"))
    assert reader.engine("data") == [node.data for node in reader.graph], "checking leaves everything as it was"


def test_the_numeric_check_tells_of_a_kink(visit: Callable[..., Reader]) -> None:
    x = Value(0.0, "x")
    reader = visit(x.relu() * 3)
    reader.click("x")
    reader.page.click("text=Check numerically")
    assert "They differ" in reader.text(".answer")


def test_any_result_can_be_differentiated(visit: Callable[..., Reader]) -> None:
    net = credit_network()
    reader = visit(net.error)
    reader.click("z1")
    reader.page.click("text=Differentiate this node")
    assert reader.text("#of") == "gradients of z1"
    expected = dict(zip(names(Graph(net.z[0])), Graph(net.z[0]).gradients()))
    for name in ("w11", "w12", "x1", "x2", "z1"):
        assert float(reader.shown(name, "gradient")) == expected[name]
    assert reader.shown("v1", "gradient") == "0"
    reader.page.click("text=Back to E")
    assert float(reader.shown("v1", "gradient")) == pytest.approx(credit_by_hand()["v1"][1], rel=1e-3)


# --- touch --------------------------------------------------------------------------------------------------------


def changed(net: TwoTwoOne, **leaves: float) -> Graph:
    """The worked example's graph at other leaves."""
    numbers = {leaf.label: leaves.get(leaf.label, leaf.data) for leaf in Graph(net.error).leaves}
    from demos.classroom.networks import two_two_one

    again = two_two_one(
        x=[numbers["x1"], numbers["x2"]], y=numbers["y"], v=[numbers["v1"], numbers["v2"]],
        w=[[numbers["w11"], numbers["w12"]], [numbers["w21"], numbers["w22"]]],
    )  # fmt: skip
    return Graph(again.error)


def assert_same(reader: Reader, graph: Graph) -> None:
    """Data, partials and gradients of every node, to the last digits."""
    assert reader.engine("data") == pytest.approx([node.data for node in graph], rel=1e-13)
    assert reader.engine("partials") == pytest.approx(
        [slope for node in graph for slope in node.partials], rel=1e-12, abs=1e-300
    )
    assert reader.engine("grad") == pytest.approx(graph.gradients(), rel=1e-12, abs=1e-300)


def test_typing_a_leaf_recomputes_everything_and_can_be_undone(visit: Callable[..., Reader]) -> None:
    net = credit_network()
    reader = visit(net.error)
    first = [reader.engine("data"), reader.engine("grad")]
    reader.click("x2")
    reader.press("e")
    reader.page.keyboard.type("-1.5")
    reader.press("Enter")
    assert_same(reader, changed(net, x2=-1.5))
    assert reader.shown("x2", "delta") == "Δ -1.5"
    assert reader.shown("w11", "delta") == ""
    assert "was 0.04205647915" in reader.text("#panel-change")
    reader.page.locator("[data-leaf='10']").fill("1/4")
    reader.page.locator("[data-leaf='10']").press("Enter")
    assert_same(reader, changed(net, x2=-1.5, v1=0.25))
    reader.page.click("#undo")
    assert_same(reader, changed(net, x2=-1.5))
    reader.page.click("#redo")
    assert_same(reader, changed(net, x2=-1.5, v1=0.25))
    reader.look()
    reader.press("u", "u")
    assert [reader.engine("data"), reader.engine("grad")] == first
    reader.press("U", "U")
    reader.page.click("#reset")
    assert [reader.engine("data"), reader.engine("grad")] == first


def test_what_is_no_number_is_refused(visit: Callable[..., Reader]) -> None:
    reader = visit(diamond(), "#select=0&tab=change")
    reader.page.fill("#leaf-number", "three")
    reader.press("Enter")
    assert reader.page.get_attribute("#leaf-number", "aria-invalid") == "true"
    assert '"three" is not a number' in reader.text("#live")
    assert reader.engine("data") == [node.data for node in reader.graph]


def test_leaves_are_dragged_on_their_cards_and_on_the_slider(visit: Callable[..., Reader]) -> None:
    net = credit_network()
    reader = visit(net.error)
    box = reader.card("w21").locator(".value").bounding_box()
    assert box
    reader.page.mouse.move(box["x"] + 5, box["y"] + 5)
    reader.page.mouse.down()
    reader.page.mouse.move(box["x"] + 45, box["y"] + 5, steps=5)
    reader.page.mouse.up()
    moved = reader.engine("data")[6]
    assert moved == pytest.approx(0.5)
    assert_same(reader, changed(net, w21=moved))
    reader.tab("change")
    reader.page.focus("#leaf-slider")
    reader.press("ArrowRight", "ArrowRight")
    assert reader.engine("data")[6] > moved
    assert_same(reader, changed(net, w21=reader.engine("data")[6]))
    reader.page.click("#reset")
    assert reader.engine("data")[6] == 0.3


def test_one_step_of_gradient_descent_is_the_worked_example_s(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    reader.tab("change")
    assert reader.page.input_value("#rate") == "0.5"
    reader.page.click("#descend")
    by_hand = credit_by_hand()
    new = {name: by_hand[name][0] - 0.5 * by_hand[name][1] for name in ("v1", "v2", "w11", "w21")}
    reader.tab("why")
    for name, value in new.items():
        reader.click(name)
        assert float(reader.fact("value")) == pytest.approx(value, rel=1e-9)
    reader.click("o")
    h = [sigmoid(new["w11"]), sigmoid(new["w21"])]
    o = sigmoid(new["v1"] * h[0] + new["v2"] * h[1])
    assert reader.fact("value") == f"{o:.10f}" == "0.7147756492"
    for name in ("x1", "x2", "y"):
        assert reader.shown(name, "delta") == ""
    reader.tab("change")
    reader.page.click("#descend10")
    assert reader.page.get_attribute(".plot", "aria-label").startswith("loss over 11 steps, from 0.04206 to 0.0")
    reader.page.click("#undo")
    reader.page.click("#undo")
    assert reader.engine("data") == [node.data for node in reader.graph]
    assert not reader.page.is_visible(".plot polyline")


def test_a_switch_says_which_leaves_move(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#tab=change&constants=cards")
    for i, node in enumerate(reader.graph):
        if node.op is None:
            moves = reader.page.is_checked(f"[data-train='{i}']")
            assert moves == (node.label[:1] in ("w", "v") and bool(node.label))
    reader.page.uncheck("[data-train='0']")
    reader.page.check("[data-train='2']")
    reader.page.fill("#rate", "0.25")
    reader.page.click("#descend")
    by_hand = credit_by_hand()
    data, gradients = reader.engine("data"), reader.graph.gradients()
    assert data[0] == 0.5
    assert data[2] == 1.0 - 0.25 * gradients[2]
    assert data[10] == pytest.approx(0.7 - 0.25 * by_hand["v1"][1])


def test_a_base_below_zero_under_a_constant_exponent_has_a_gradient(visit: Callable[..., Reader]) -> None:
    x = Value(2.0, "x")
    reader = visit(x**2 + 2**x)
    reader.click("x")
    reader.press("e")
    reader.page.keyboard.type("-3")
    reader.press("Enter")
    x = Value(-3.0, "x")
    assert_same(reader, Graph(x**2 + 2**x))


def test_a_network_is_recomputed_as_the_engine_computes_it(visit: Callable[..., Reader]) -> None:
    model = nn.MLP(3, [4, 4, 3], activation="tanh", seed=1)

    def loss() -> Value:
        # Not cross_entropy: its graph changes when a prediction becomes right.
        outputs = [model([0.5, -1.0, 2.0]), model([1.5, 1.0, 0.0])]
        found: Value = nn.bce_with_logits(outputs, [[0, 0, 1], [1, 0, 0]])
        return found

    reader = visit(loss(), "#tab=change")
    reader.page.click("#descend10")
    for _ in range(10):
        now = Graph(loss())
        for node, gradient in zip(now.nodes, now.gradients()):
            if node.label:
                node.data = node.data - 0.5 * gradient
    assert_same(reader, Graph(loss()))


@pytest.fixture
def unreadable() -> Iterator[Value]:
    """total = w sin(x), where the sine is a user's operation written with ``math``, which the page cannot read."""
    before = dict(OPS)
    own = autograd.op("by_math", math.sin, lambda a, out: (math.cos(a),))
    x, w = Value(0.5, "x"), Value(2.0, "w")
    m = own(x)
    m.label = "m"
    total = m * w
    total.label = "total"
    yield total
    OPS.clear()
    OPS.update(before)


def test_an_unreadable_operation_is_said_to_be_unknown_once_it_changes(
    visit: Callable[..., Reader], unreadable: Value
) -> None:
    reader = visit(unreadable)
    assert "The rule of by_math cannot be read" in reader.text("#panel-why")
    assert float(reader.shown("x", "gradient")) == pytest.approx(2.0 * math.cos(0.5), rel=1e-3)
    reader.click("m")
    assert "functions that take numbers only" in reader.text("#panel-why")
    reader.click("w")
    reader.press("e")
    reader.page.keyboard.type("3")
    reader.press("Enter")
    assert float(reader.shown("total", "value")) == pytest.approx(3.0 * math.sin(0.5), rel=1e-4)
    reader.click("x")
    reader.page.fill("#leaf-number", "1")
    reader.press("Enter")
    assert reader.shown("m", "value") == reader.shown("total", "value") == "unknown"
    assert "they are unknown now" in reader.text("#panel-change")
    assert reader.shown("x", "gradient") == reader.shown("w", "gradient") == "unknown"
    assert reader.page.locator("#drawing .unusual, #drawing .alarming").count() == 0
    reader.page.click("#descend")
    assert "undo or reset first" in reader.text("#live")
    reader.page.click("#reset")
    assert float(reader.shown("total", "value")) == pytest.approx(2.0 * math.sin(0.5), rel=1e-4)


# --- quiz ---------------------------------------------------------------------------------------------------------


def test_the_quiz_hides_asks_and_explains(visit: Callable[..., Reader]) -> None:
    reader = visit(diamond())
    gradients = dict(zip(reader.names, reader.graph.gradients()))
    reader.look()
    reader.press("q")
    reader.page.click("#quiz-start")
    assert [reader.shown(name, "gradient") for name in ("a", "u", "p", "q")] == ["?"] * 4
    assert "18" not in [clean(text) for text in reader.page.locator("#drawing .label text").all_text_contents()]
    asked = []
    for k in range(4):
        name = re.sub(
            r"What is dLd(\w) \?",
            r"\1",
            re.sub(r"\s+", " ", clean(reader.page.locator("#panel-quiz h2").text_content())),
        )
        asked.append(name)
        answer = gradients[name] if k != 1 else -gradients[name]
        reader.page.keyboard.type(f"{answer}")
        reader.press("Enter")
        if k == 1:
            assert "second try" in reader.text(".verdict")
            assert reader.shown(name, "gradient") == "?"
            reader.page.keyboard.type(f"{answer}")
            reader.press("Enter")
        verdict = reader.text(".verdict")
        assert ("Right." in verdict) == (k != 1)
        assert f"{gradients[name]:.8g}" in re.sub(r"\s", "", verdict)
        if k == 1:
            assert "The size is right, the sign is not." in verdict
        assert reader.shown(name, "gradient") == f"{gradients[name]:.4g}"
        reader.press("Enter")
    assert sorted(asked) == ["a", "p", "q", "u"]
    assert asked[-1] == "a", "three consumers are the hardest"
    assert reader.text("#panel-quiz h2") == "3 of 4 right"
    assert reader.shown("a", "gradient") == "162"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("54", "That is the contribution through q alone"),
        ("2", "That is the local derivative"),
        ("45", "That is the consumer's gradient"),
        ("3", "That is the node's value"),
        ("1000", ""),
    ],
)
def test_a_wrong_answer_is_traced_to_its_mistake(visit: Callable[..., Reader], answer: str, hint: str) -> None:
    reader = visit(diamond(), "#tab=quiz")
    reader.page.click("#quiz-start")
    while "dLda" not in re.sub(r"\s", "", clean(reader.page.locator("#panel-quiz h2").text_content())):
        reader.page.click("#quiz-show")
        reader.page.click("#quiz-next")
    reader.page.fill("#quiz-answer", answer)
    reader.press("Enter")
    assert "Not yet" in reader.text(".verdict")
    assert hint in reader.text("#quiz-hint")
    reader.page.fill("#quiz-answer", answer)
    reader.press("Enter")
    assert "Not quite" in reader.text(".verdict")
    assert hint in reader.text(".verdict")
    assert reader.page.locator(".verdict .hint").count() == (1 if hint else 0)


def test_the_quiz_asks_about_the_room_that_is_open(visit: Callable[..., Reader]) -> None:
    reader = visit(moons_like(1), "#tab=quiz&room=mlp.layer1")
    reader.page.click("#quiz-start")
    assert "nothing to ask about in this room" in reader.text("#live")
    reader.page.evaluate("page.openRoom('mlp.layer1.neuron2')")
    reader.page.click("#quiz-start")
    asked = {reader.names[i] for i in reader.page.evaluate("page.quiz.order")}
    assert {"layer1.neuron2.w1", "layer1.neuron2.w2", "layer1.neuron2.b"} < asked
    assert len(asked) == 5


# --- keep ---------------------------------------------------------------------------------------------------------


def test_the_address_brings_everything_back(visit: Callable[..., Reader]) -> None:
    root = moons_like(1)
    reader = visit(root)
    reader.card("layer1").locator(".body").dblclick(position={"x": 6, "y": 6})
    reader.card("neuron2").locator(".body").dblclick(position={"x": 6, "y": 6})
    reader.tab("change")
    leaf = reader.page.locator("[data-leaf]").first
    leaf.fill("0.123")
    leaf.press("Enter")
    reader.page.locator("[data-train]").first.uncheck()
    reader.click("w2")
    reader.look()
    reader.press("d", "Home", ".", ".", ".", "+")
    values = ", ".join(f"page.state.get('{name}')" for name in ("time", "selected", "room", "tab", "theme", "camera"))
    seen = f"JSON.stringify([{values}, [...page.engine.data], [...page.state.get('trained')]])"
    before = reader.page.evaluate(seen)
    fragment = reader.fragment
    reader.page.reload()
    reader.page.wait_for_selector("html[data-ready]", state="attached")
    assert reader.page.evaluate(seen) == before
    assert reader.crumbs == ["mlp", "layer1", "neuron2"]
    assert reader.fragment == fragment


@pytest.mark.parametrize(
    "fragment",
    [
        "#room=nowhere&select=r999&time=1e9&of=99&tab=none&theme=<b>&camera=a,b,c&leaves=0:x_99:1_5:2&switched=77_x",
        "#room=·0&select=p1.1&time=-5&of=-1&camera=0,0,-1",
        "#room=%C2%B7999&leaves=0:NaN&time=NaN",
        "#select=__proto__&room=constructor&leaves=__proto__:1",
        "#%",
    ],
)
def test_an_address_that_somebody_made_up_does_no_harm(visit: Callable[..., Reader], fragment: str) -> None:
    reader = visit(credit_network().error, fragment)
    reader.look()
    reader.press("Escape", "Home", ".", "End")
    assert reader.page.locator("#drawing .item").count() == 18


def download(reader: Reader, button: str) -> tuple[str, bytes]:
    reader.page.click("#keep summary")
    with reader.page.expect_download() as waiting:
        reader.page.click(button)
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_the_view_is_saved_as_svg_and_as_png(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    reader.click("h1")
    name, content = download(reader, "#save-svg")
    assert name == "graph.svg"
    picture = ElementTree.fromstring(content)
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [clean(element.text) for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"w11", "E", "0.62246"} <= set(texts)
    (label,) = [text for text in picture.iter("{http://www.w3.org/2000/svg}text") if clean(text.text) == "-0.0418"][:1]
    assert "stroke" in (label.get("paint-order") or ""), "the letters are drawn over their outline"
    for element in picture.iter():
        assert not element.tag.endswith("script")
        assert not [key for key in element.attrib if key.startswith("on") or key in ("class", "style")]
    faded = [
        group for group in picture.iter("{http://www.w3.org/2000/svg}g") if group.get("opacity") not in (None, "1")
    ]
    assert faded, "what fades in the page fades in the picture"
    name, content = download(reader, "#save-png")
    assert name == "graph.png"
    assert content.startswith(b"\x89PNG")
    assert len(content) > 20_000


def copied(reader: Reader, what: str = "#copy-python") -> str:
    """What a button of the menu puts on the clipboard."""
    reader.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader.page.click("#keep summary")
    reader.page.click(what)
    reader.until("document.getElementById('live').textContent.includes('copied')")
    return str(reader.page.evaluate("navigator.clipboard.readText()"))


def many_operations() -> Value:
    a, b, c = Value(0.5, "a"), Value(-1.25, "class"), Value(3.0, 'q"uo\\te\n')
    parts = [
        a + 2, 2 - b, a * b, c / 4, a**2, 2**a, -b, a.relu(), autograd.clip(b, -1, 1), autograd.where(a, b, c),
        autograd.prod([a, b, 2.0]), autograd.logsumexp([a, b, c]), autograd.dot([a, b], [c, 2.0], a), a**-2,
        autograd.dot([a], [b]), autograd.maximum(a, b), autograd.leaky_relu(b), c.sqrt().log(), autograd.positive(a),
        abs(b), autograd.atan2(a, c), (-2.5) * a,
    ]  # fmt: skip
    total: Value = autograd.sum(parts) * math.inf * 0 + autograd.sum(parts)
    total.label = "🦊 \ud83d"
    return total


@pytest.mark.parametrize(
    "make",
    [
        lambda: credit_network().error,
        diamond,
        lambda: moons_like(1),
        many_operations,
        hostile_graph,
        lambda: Value(2.0, "x"),
    ],
    ids=["worked example", "diamond", "network", "operations", "hostile", "leaf"],
)
def test_the_python_code_rebuilds_the_graph(visit: Callable[..., Reader], make: Callable[[], Value]) -> None:
    reader = visit(make())
    code = copied(reader)
    scope: dict[str, Any] = {}
    exec(compile(code, "graph.py", "exec"), scope)
    last = [line for line in code.splitlines() if line.endswith(".backward()")][-1]
    rebuilt = Graph(scope[last.removesuffix(".backward()")])
    graph = reader.graph
    graph.root.backward()
    assert exact(rebuilt) == exact(graph)


def exact(graph: Graph) -> list[Any]:
    rows = json.loads(graph.to_json())["nodes"]
    return [
        (row["op"], row.get("operands"), row["data"], row["grad"], row.get("label"), row.get("scope")) for row in rows
    ]


def test_the_python_code_is_about_the_present_numbers(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#tab=change")
    reader.page.click("#descend")
    scope: dict[str, Any] = {}
    exec(copied(reader), scope)
    assert scope["o"].data == pytest.approx(0.7147756492, abs=1e-10)
    assert [scope[name].data for name in ("w11", "v1")] == [reader.engine("data")[0], reader.engine("data")[10]]


# --- harmless -----------------------------------------------------------------------------------------------------


def test_hostile_labels_are_shown_and_never_executed(visit: Callable[..., Reader]) -> None:
    reader = visit(hostile_graph(), "#tab=table")
    assert reader.page.evaluate("document.querySelectorAll('script').length") == 2
    assert reader.page.evaluate("document.querySelectorAll('img').length") == 0
    for i in range(len(HOSTILE)):
        reader.page.evaluate("(i) => page.goTo(i)", i)
        for tab in ("why", "change", "quiz", "table"):
            reader.tab(tab)
    widest = reader.page.evaluate(
        "Math.max(...[...document.querySelectorAll('#drawing .item .title')].map((t) => t.getComputedTextLength()))"
    )
    assert widest < 110
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= 1280
    reader.page.fill("#search", "</script>")
    assert reader.page.locator("#results [role=option]").count() >= 1


def test_the_policy_stops_whatever_gets_into_the_page(browser: Any, tmp_path: Path) -> None:
    written = explore(credit_network().error, tmp_path / "a.html", open=False)
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(Path(written.path).as_uri())
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.broken = true";
            document.body.append(script);
            const image = document.createElement("img");
            image.src = "https://example.org/a.png";
            document.body.append(image);
        }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.broken") is None
    assert len([text for text in refused if "Content Security Policy" in text]) >= 2
    page.close()


def test_in_a_notebook_s_frame_everything_works_that_can(browser: Any, tmp_path: Path) -> None:
    written = explore(credit_network().error, tmp_path / "a.html", open=False)
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(f"<!doctype html><body>{written._repr_html_()}")
    frame = page.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for(state="attached")
    frame.locator("#tab-change").click()
    frame.locator("#descend").click()
    assert "0.0406" in frame.locator(".summary").inner_text()
    frame.locator("#keep summary").click()
    frame.locator("#copy-python").click()
    frame.locator("#offered").wait_for()
    assert "w11 = Value(" in frame.locator("#offered-text").input_value()
    frame.locator("#offered-close").click()
    page.wait_for_timeout(400)
    assert errors == []
    page.close()


def test_labels_can_be_in_the_address_too(visit: Callable[..., Reader]) -> None:
    before = autograd.enter(autograd.Place("a&b=c#d.%é"))
    inner = Value(1.0, "w") * Value(2.0, "x")
    autograd.enter(autograd.Place("other"))
    root = (inner * 2).tanh() * Value(1.0, "v")
    autograd.enter(before)
    reader = visit(root)
    key = next(name for name in reader.page.evaluate("page.house.rooms.map((room) => room.name)") if "%" in name)
    reader.page.evaluate("(key) => page.openRoom(key)", key)
    crumbs = reader.crumbs
    assert quote("%") in reader.fragment
    reader.page.reload()
    reader.page.wait_for_selector("html[data-ready]", state="attached")
    assert reader.crumbs == crumbs
