"""The page's story, as seen by a reader who only has the file: the invitation, the sentence of each step, and
presenter mode. ``test_explore`` tests the arguments of explore() for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import Graph, Value, dot
from autograd.view import explore
from demos.classroom.networks import credit_network

from .browser import chromium
from .test_page import PHONE, Reader, clean
from .test_page import visit as visit
from .test_value import micrograd_readme

SMALL = {"width": 1280, "height": 720}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def mlp() -> Value:
    """Two inputs, two hidden layers, one output; only one example."""
    root: Value = nn.MLP(2, [4, 4, 1], activation="tanh", seed=1)([1.0, -2.0])
    return root


def batch() -> Value:
    network = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    points = [(1.0, -2.0, 1.0), (0.5, 0.25, -1.0), (-1.0, 3.0, 1.0)]
    losses: list[Value] = [(network([x, y]) - t) ** 2 for x, y, t in points]
    return losses[0] + losses[1] + losses[2]


def micrograd() -> Value:
    """The expression of micrograd's README."""
    g: Value = micrograd_readme(Value(-4.0, "a"), Value(2.0, "b"))
    g.label = "g"
    return g


def plain(text: str) -> str:
    """The text without invisible characters that control line breaks and direction."""
    return clean(text).replace("\u2060", "")


def sentences(reader: Reader) -> list[tuple[str, str]]:
    """Phase and sentence of every stop, from the first to the last."""
    reader.press("Home")
    found = []
    for _ in range(reader.page.evaluate("page.model.stops.length")):
        found.append((reader.text("#phase"), plain(reader.page.inner_text("#sentence"))))
        reader.press(".")
    return found


# --- the invitation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, PHONE])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_first_view_is_an_invitation_over_the_start_of_the_story(
    visit: Callable[..., Reader], size: dict[str, int], color_scheme: str
) -> None:
    reader = visit(mlp(), invited=True, size=size, color_scheme=color_scheme)
    page = reader.page
    assert reader.text("#invitation h2") == "mlp: a network of 3 layers"
    assert "Its shape is 2 → 4 → 4 → 1." in reader.text("#invitation-text")
    assert page.evaluate("[...document.querySelectorAll('h1')].map((h) => h.textContent)") == [
        "\u2068mlp: a network of 3 layers\u2069"
    ]
    assert reader.text("#phase") == "Start"
    assert page.is_visible("#drawing .item")
    card, button = page.locator(".invitation").bounding_box(), page.locator("#begin").bounding_box()
    assert card["x"] >= 0 and card["x"] + card["width"] <= size["width"]
    assert card["y"] >= 0 and card["y"] + card["height"] <= size["height"]
    assert button["height"] >= 44 and button["width"] >= 120
    assert page.evaluate("document.activeElement.id") == "begin"


def test_play_plays_from_the_start(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, invited=True)
    reader.page.select_option("#pace", "faster")
    assert reader.page.is_visible("#invitation")
    reader.page.focus("#begin")
    reader.press("Enter")
    assert not reader.page.is_visible("#invitation")
    reader.until("page.model.at === page.model.stops.length - 1 && !page.player.playing")
    assert reader.text("#phase") == "Backward"
    assert reader.page.evaluate("document.activeElement.id") == "drawing"


@pytest.mark.parametrize("way", ["End", "Escape", "#skip", "beside"])
def test_the_end_of_the_story_is_one_key_away(visit: Callable[..., Reader], way: str) -> None:
    reader = visit(credit_network().error, invited=True)
    if way == "beside":
        reader.page.mouse.click(20, 70)
    elif way == "#skip":
        reader.page.click(way)
    else:
        reader.press(way)
    assert not reader.page.is_visible("#invitation")
    assert reader.text("#phase") == "Complete"
    assert reader.shown("w11", "gradient") != ""
    assert reader.fragment.count("begun=1") == 1
    reader.page.reload()
    reader.page.wait_for_selector("html[data-ready]", state="attached")
    assert not reader.page.is_visible("#invitation") and reader.text("#phase") == "Complete"


@pytest.mark.parametrize(
    ("fragment", "phase"),
    [
        ("#time=18", "Forward"),
        ("#time=0", "Start"),
        ("#select=2", "Complete"),
        ("#room=%C2%B712", "Complete"),
        ("#leaves=0:2", "Complete"),
        ("#begun=1", "Complete"),
        ("#tab=table", "Complete"),
    ],
)
def test_a_link_to_a_state_opens_it_without_an_invitation(
    visit: Callable[..., Reader], fragment: str, phase: str
) -> None:
    reader = visit(credit_network().error, fragment, invited=True)
    assert not reader.page.is_visible("#invitation")
    assert reader.text("#phase") == phase


@pytest.mark.parametrize(
    "fragment", ["#theme=dark", "#present=1", "#camera=1,2,0.7", "#nonsense", "#present=1&theme=light"]
)
def test_how_it_is_looked_at_is_no_state_of_the_story(visit: Callable[..., Reader], fragment: str) -> None:
    reader = visit(credit_network().error, fragment, invited=True)
    assert reader.page.is_visible("#invitation")
    assert "time" not in reader.fragment and "begun" not in reader.fragment
    reader.press("d")  # changing the theme does not start the story either
    assert reader.page.is_visible("#invitation")


def test_who_searches_or_opens_a_panel_sees_the_complete_graph(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, invited=True)
    reader.press("/")
    reader.page.keyboard.type("w11")
    reader.press("Enter")
    assert not reader.page.is_visible("#invitation")
    assert reader.text("#phase") == "Complete" and reader.shown("w11", "gradient") != ""
    reader = visit(credit_network().error, invited=True)
    reader.press(".")
    assert not reader.page.is_visible("#invitation")
    assert reader.text("#phase") == "Forward", "stepping goes on from the start"


def test_in_a_frame_it_invites_but_leaves_the_focus_where_it_is(browser: Any, tmp_path: Path) -> None:
    frame = explore(mlp(), tmp_path / "a.html", open=False)._repr_html_()
    host = tmp_path / "host.html"
    host.write_text(f"<!doctype html><input id='cell' autofocus>{frame}", encoding="utf-8")
    page = browser.new_page()
    page.goto(host.as_uri())
    page.focus("#cell")
    inner = page.frame_locator("iframe")
    inner.locator("#begin").wait_for()
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.id") == "cell"
    inner.locator("#skip").click()
    inner.locator("#invitation").wait_for(state="hidden")
    page.close()


# --- title, text and notes --------------------------------------------------------------------------------------------


def test_a_lesson_in_its_own_words(visit: Callable[..., Reader]) -> None:
    w, x = Value(0.5, "w"), Value(2.0, "x")
    u = w * x
    y = u.tanh()
    y.label = "y"
    notes = {u: "The weight counts.", y: "Never beyond <b>1</b>.", w: "We shall learn it."}
    reader = visit(y, invited=True, title="One <i>neuron</i>", text="It weighs.\nIt squashes.", notes=notes)
    assert reader.text("#invitation h2") == "One <i>neuron</i>"
    assert reader.text("#invitation-text") == "It weighs.\nIt squashes."
    assert reader.page.title() == "One <i>neuron</i> · glassgrad"
    seen = []
    reader.press("Home")
    for _ in range(5):
        reader.press(".")
        seen.append(reader.text("#note"))
    both = "The weight counts. We shall learn it."
    assert seen == [both, "Never beyond <b>1</b>.", "Never beyond <b>1</b>.", "Never beyond <b>1</b>.", both]
    reader.press("End")
    assert reader.text("#note") == ""
    reader.click("w")
    assert reader.text("#panel-why .told") == "We shall learn it."
    reader.click("x")
    assert reader.page.locator("#panel-why .told").count() == 0


def test_a_page_opens_where_it_is_told_to(visit: Callable[..., Reader]) -> None:
    """At a node in an inner room, before and after it has its gradient. The address in a link takes precedence."""
    root = mlp()
    hidden = next(node for node in root.operands if node.op is not None)  # a unit of the second layer
    for step, at in (("forward", "forward"), ("backward", "backward"), (None, "")):
        reader = visit(root, invited=True, selected=hidden, step=step)
        assert not reader.page.locator("#invitation").is_visible()
        node = Graph(root).position(hidden)
        assert reader.page.evaluate("page.state.get('selected')") == str(node)
        assert reader.page.evaluate("page.model.selectedPlace") >= 0
        assert reader.page.evaluate("page.model.direction") == at
        assert reader.page.evaluate(f"page.model.knowsGradient({node})") == (step != "forward")
        operand = Graph(root).position(hidden.operands[-1])
        assert reader.page.evaluate(f"page.model.knowsGradient({operand})") == (step is None)
        if step == "forward":  # just computed, and nothing after it
            assert not reader.page.evaluate(f"page.model.knows({len(Graph(root)) - 1})")
    link = reader.page.url.partition("#")[0] + "#begun=1"
    reader.page.goto("about:blank")
    reader.page.goto(link)
    assert reader.page.evaluate("page.state.get('selected')") == ""


def test_a_room_shows_the_notes_of_what_is_in_it(visit: Callable[..., Reader]) -> None:
    root = mlp()
    z = next(node for node in Graph(root) if node.op is not None)
    reader = visit(root, notes={z: "The first sum."})
    reader.press("Home", ".")
    assert reader.text("#note") == "@1: The first sum."
    reader.press(".")
    assert reader.text("#note") == ""


# --- what a step says -------------------------------------------------------------------------------------------------


def test_steps_through_a_network_tell_the_matrix_form(visit: Callable[..., Reader]) -> None:
    reader = visit(mlp())
    assert [sentence for _, sentence in sentences(reader)] == [
        "The leaves have their numbers; nothing is computed yet.",
        "layer1 computes a¹ = tanh(W¹ x + b¹).",
        "layer2 computes a² = tanh(W² a¹ + b²).",
        "layer3.neuron1 computes z³ = W³ a² + b³.",
        "d@17/d@17 = 1. The backward pass starts here.",
        "Back through layer3.neuron1: δ³ = ∂L/∂z³, ∂L/∂W³ = δ³ a²ᵀ, ∂L/∂b³ = δ³.",
        "Back through layer2: δ² = W³ᵀ δ³ ⊙ tanh′(z²), ∂L/∂W² = δ² a¹ᵀ, ∂L/∂b² = δ².",
        "Back through layer1: δ¹ = W²ᵀ δ² ⊙ tanh′(z¹), ∂L/∂W¹ = δ¹ xᵀ, ∂L/∂b¹ = δ¹.",
    ]


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]


def test_a_unit_stands_for_its_layer_with_the_numbers_of_the_engine(visit: Callable[..., Reader]) -> None:
    """δ = (Σ w δ) f'(z) of the first unit of the first layer, and ∂L/∂w = δ x, as the page writes them."""
    reader = visit(mlp())
    graph, gradients = reader.graph, reader.graph.gradients()
    z, a = next((i, i + 1) for i, node in enumerate(graph) if node.op is not None)
    reader.click("layer1")
    lines = [clean(text) for text in reader.page.locator("#panel-why .layer .formula").all_text_contents()]
    assert lines[:2] == ["z1=W1x+b1", "a1=tanh(z1)"]
    text = "\n".join(lines)
    back = text[text.index("δ11=") :]
    shown = numbers(back[back.index("\n") :].replace("∂", "\n").split("\n\n")[0])
    for consumer in list(graph.consumers[a])[:3]:
        weight = graph.nodes[consumer].partials[list(graph.operands[consumer]).index(a)]
        for expected in (weight, gradients[consumer]):
            assert any(number == pytest.approx(expected, rel=1e-3) for number in shown), (expected, lines)
    assert any(number == pytest.approx(gradients[z], rel=1e-3) for number in shown)
    assert numbers(lines[-1])[-1] == pytest.approx(gradients[graph.operands[z][0]], rel=1e-3)
    assert reader.text("#panel-why .layer .quiet").endswith("Here z¹₁ is @1, a¹₁ is @2, L is @17.")


def test_a_shared_layer_adds_up_over_its_uses(visit: Callable[..., Reader]) -> None:
    reader = visit(batch())
    reader.page.evaluate("page.goTo(page.engine.rows.findIndex((row) => row.op === 'tanh'))")
    assert "Used 3 times" in reader.text("#panel-why .layer")
    lines = [clean(text) for text in reader.page.locator("#panel-why .layer .formula").all_text_contents()]
    assert any(line.startswith("∂L∂W1=∑") for line in lines)
    assert any(line.startswith("∂L∂w") and line.endswith("+…") for line in lines)


def test_where_there_is_no_layer_a_plain_sentence_says_what_is_done(visit: Callable[..., Reader]) -> None:
    total = Value(0.0)
    for k in range(70):
        total = total + Value(float(k), f"p{k}").square()
    reader = visit(total, room=20)
    told = sentences(reader)
    forward = [sentence for phase, sentence in told if phase == "Forward"]
    backward = [sentence for phase, sentence in told[:-1] if phase == "Backward"]
    assert any(re.search(r": computes \d+ results? from \d+ numbers: \d+ × (add|square)", text) for text in forward)
    assert any("multiplies its gradient by its local derivatives" in text for text in backward)


@pytest.mark.parametrize("build", [mlp, batch, micrograd, lambda: credit_network().error])
def test_stepping_forward_shows_nothing_of_the_backward_pass(
    visit: Callable[..., Reader], build: Callable[[], Value]
) -> None:
    reader = visit(build())
    reader.press("Home")
    shown = (
        "[...document.querySelectorAll('#drawing .gradient, #drawing .label text')].map((t) => t.textContent)"
        ".filter((text) => text && !/^[\\d,]+$|^values?$/.test(text))"
    )
    while reader.text("#sentence").endswith("backward pass starts here.") is False:
        assert reader.page.evaluate(shown) == [], reader.text("#sentence")
        assert not set("∂δ") & set(reader.text("#sentence"))
        if reader.page.locator("#panel-why .layer").count():
            assert not set("∂δ") & set(reader.text("#panel-why .layer"))
        reader.press(".")
    assert reader.page.evaluate(shown) != [] or build in (mlp, batch, micrograd)  # no space for labels


# --- presenter mode ---------------------------------------------------------------------------------------------------

SMALLEST = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, noscript, style, .unseen, option")) continue;
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const frame = element.closest("#stage, #panel, #player, header").getBoundingClientRect();
    const seen = [...range.getClientRects()].some((box) => box.width > 1 && box.right > Math.max(0, frame.left) &&
      box.left < Math.min(innerWidth, frame.right) && box.bottom > Math.max(0, frame.top) &&
      box.top < Math.min(innerHeight, frame.bottom));
    if (!seen) continue;
    const scale = element instanceof SVGGraphicsElement ? element.getScreenCTM().a : element.currentCSSZoom;
    found.push([parseFloat(getComputedStyle(element).fontSize) * scale, node.data]);
  }
  found.sort((a, b) => a[0] - b[0]);
  return found.slice(0, 5);
}"""


@pytest.mark.parametrize("build", [mlp, micrograd, lambda: credit_network().error])
def test_before_an_audience_no_text_is_under_16_pixels(
    visit: Callable[..., Reader], build: Callable[[], Value]
) -> None:
    reader = visit(build(), "#present=1", size=SMALL, invited=True, reduced_motion="reduce")
    assert min(reader.page.evaluate(SMALLEST))[0] >= 16
    reader.press("Home")
    for _ in range(reader.page.evaluate("page.model.stops.length")):
        smallest = reader.page.evaluate(SMALLEST)
        assert smallest[0][0] >= 16, (reader.text("#sentence"), smallest)
        reader.press("PageDown")
    assert reader.text("#phase") == "Complete"
    reader.press("f")
    assert min(reader.page.evaluate(SMALLEST))[0] < 16, "the measure is one"


def test_the_view_follows_the_step(visit: Callable[..., Reader]) -> None:
    reader = visit(micrograd(), "#present=1&time=0", size=SMALL)
    seen = set()
    for _ in range(reader.page.evaluate("page.model.stops.length") - 1):
        reader.press("PageDown")
        reader.until("!page.drawing.camera.gliding")
        box = reader.page.locator("#drawing .item.active .body").bounding_box()
        stage = reader.page.locator("#stage").bounding_box()
        assert stage["x"] <= box["x"] and box["x"] + box["width"] <= stage["x"] + stage["width"]
        assert stage["y"] <= box["y"] and box["y"] + box["height"] <= stage["y"] + stage["height"]
        seen.add(reader.page.evaluate("Math.round(page.drawing.camera.x)"))
    assert len(seen) > 5


def test_arrows_and_a_clicker_step_before_an_audience_and_walk_otherwise(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, size=SMALL, reduced_motion="reduce")
    reader.look()
    reader.press("ArrowRight")
    assert reader.text("#phase") == "Complete" and reader.page.evaluate("page.state.get('selected')") != ""
    reader.press("PageDown")
    assert reader.text("#phase") == "Complete"
    reader.press("f")
    assert "present=1" in reader.fragment
    assert reader.page.get_attribute("#present", "aria-pressed") == "true"
    for chrome in ("#search", "#keep", "#help-open"):
        assert not reader.page.is_visible(chrome)
    panel = reader.page.locator("#panel").bounding_box()
    assert panel["width"] >= 450
    at = "page.model.at"
    reader.press("Home", "ArrowRight", "PageDown", "PageDown")
    assert reader.page.evaluate(at) == 3
    assert reader.page.evaluate("page.state.get('selected')") == ""
    reader.press("ArrowLeft", "PageUp")
    assert reader.page.evaluate(at) == 1
    reader.page.focus("#play")  # a clicker steps wherever the focus is
    reader.press("PageDown")
    assert reader.page.evaluate(at) == 2
    reader.press("f")
    assert reader.page.is_visible("#search") and "present" not in reader.fragment
    reader.press("?")
    assert "presenter mode" in reader.text("#help")


# --- layers, found by structure ---------------------------------------------------------------------------------------


def test_factors_may_come_in_any_order_and_inputs_need_no_layer_before_them(visit: Callable[..., Reader]) -> None:
    x = [Value(1.0, "x1"), Value(2.0, "x2")]
    w = [[Value(0.1 * (i + j + 1), f"w{i}{j}") for j in range(2)] for i in range(2)]
    hidden = [dot(x, row).sigmoid() for row in w]  # the inputs first, and no bias
    y = dot([Value(0.5, "v1"), Value(-0.5, "v2")], hidden)
    y.label = "y"
    reader = visit(y)
    reader.page.evaluate("page.goTo(page.engine.rows.findIndex((row) => row.op === 'sigmoid'))")
    lines = [clean(text) for text in reader.page.locator("#panel-why .layer .formula").all_text_contents()]
    assert lines[:2] == ["z1=W1x", "a1=σ(z1)"]
    assert "δ1=W2⊤δ2⊙σ′(z1)" in lines
    assert not any("∂b" in line for line in lines)
