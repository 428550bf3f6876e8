"""The page's rooms in a browser: the first view, numbers inside operations, examples, and the routes of edges."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from autograd.value import Constant
from autograd.view import placing
from autograd.view.rendering import GraphvizMissing
from demos.classroom.networks import credit_network

from .browser import chromium
from .test_page import PHONE, Reader, clean, diamond
from .test_page import visit as visit
from .test_rooms import module_batch, normalised, numbers

SCREEN = {"width": 1280, "height": 720}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def expression() -> Value:
    """The expression that micrograd's README begins with."""
    a, b = Value(-4.0, "a"), Value(2.0, "b")
    c, d = a + b, a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + (b + a).relu())
    d = d + (3 * d + (b - a).relu())
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    g.label = "g"
    return g


def moons(examples: int) -> Value:
    """A network of 2, 16, 16 and 1 units, the hinge loss of some examples, and a penalty."""
    model = nn.MLP(2, [16, 16, 1], activation="relu", seed=1)
    rng = random.Random(3)
    terms = []
    for k in range(examples):
        score = model([Value(rng.uniform(-1, 1), f"x{j}") for j in (1, 2)])
        score = score[0] if isinstance(score, list) else score
        terms.append((1 - (2 * (k % 2) - 1) * score).relu())
    loss: Value = autograd.sum(terms) / examples if examples > 1 else terms[0]
    loss = loss + 1e-4 * autograd.sum([p * p for p in model.parameters()])
    loss.label = "loss"
    return loss


def digits() -> Value:
    """A network for images of 8 by 8 pixels, and the cross-entropy of one."""
    rng = random.Random(0)
    out = nn.MLP(64, [16, 10], seed=1)([Value(rng.random(), f"x{j + 1}") for j in range(64)])
    loss: Value = autograd.logsumexp(out) - out[3]
    loss.label = "loss"
    return loss


def unrolled(steps: int = 20, size: int = 4) -> Value:
    """A recurrent network, unrolled."""
    w, u = numbers(0, size, size), numbers(1, size)
    h = [Value(0.0) for _ in range(size)]
    for t in range(steps):
        x = Value(math.sin(t), f"x{t + 1}")
        h = [(autograd.sum([a * c for a, c in zip(row, h)]) + b * x).tanh() for row, b in zip(w, u)]
    loss: Value = autograd.sum([(a - 0.3) ** 2 for a in h])
    loss.label = "loss"
    return loss


GRAPHS: dict[str, Callable[[], Value]] = {
    "credit assignment": lambda: credit_network().error,
    "micrograd": expression,
    "one example": lambda: moons(1),
    "twenty examples": lambda: moons(20),
    "digits": digits,
    "recurrence": unrolled,
    "batch norm": lambda: normalised(16),
}


@pytest.fixture(params=GRAPHS)
def root(request: pytest.FixtureRequest) -> Value:
    return GRAPHS[request.param]()


# --- what is in sight ---------------------------------------------------------------------------------------------


def smallest(reader: Reader, selector: str) -> float:
    """The size in pixels of the smallest visible text among the selected elements."""
    sizes = reader.page.evaluate(
        f"""[...document.querySelectorAll({selector!r})]
        .filter((e) => e.textContent && e.getClientRects().length && getComputedStyle(e).display !== "none")
        .map((e) => parseFloat(getComputedStyle(e).fontSize) * page.drawing.camera.scale)"""
    )
    return min(sizes, default=math.inf)


NUMBERS = ["#drawing .item:not(.room) .value", "#drawing .item .gradient"]


@pytest.mark.parametrize("size", [SCREEN, PHONE], ids=["screen", "phone"])
def test_at_first_every_number_in_view_can_be_read(
    visit: Callable[..., Reader], root: Value, size: dict[str, int]
) -> None:
    reader = visit(root, size=size)
    assert min(smallest(reader, selector) for selector in NUMBERS) >= 10.99
    assert smallest(reader, "#drawing .label text") >= 9.0
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_all_of_it_is_in_view_on_a_screen(visit: Callable[..., Reader], root: Value) -> None:
    reader = visit(root, size=SCREEN)
    stage = reader.page.locator("#drawing").bounding_box()
    for card in reader.page.locator("#drawing .item .body").all():
        box = card.bounding_box()
        assert stage["x"] <= box["x"] and box["x"] + box["width"] <= stage["x"] + stage["width"]
        assert stage["y"] <= box["y"] and box["y"] + box["height"] <= stage["y"] + stage["height"]
    assert not reader.page.is_visible("#minimap")


def test_nothing_lies_on_the_drawing(visit: Callable[..., Reader]) -> None:
    reader = visit(unrolled(), size=PHONE)  # too large for the view, so the map is shown
    stage = reader.page.locator("#drawing").bounding_box()
    for part in (".zoom", "#minimap"):
        box = reader.page.locator(part).bounding_box()
        assert box is not None and stage["y"] + stage["height"] <= box["y"]


def test_the_panel_makes_way_until_something_is_selected_or_a_person_folds_it(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, size=SCREEN)
    assert not reader.page.is_visible("#panel-why")
    assert reader.page.is_visible("#tab-why"), "its tabs stay"
    reader.click("w11")
    reader.page.wait_for_selector("#panel-why h2")
    assert reader.text("#panel-why h2") == "w11"
    reader.press("p")
    assert not reader.page.is_visible("#panel-why")
    reader.click("x1")
    assert not reader.page.is_visible("#panel-why"), "a person folded it"
    assert "panel=folded" in reader.fragment
    reader.page.click("#tab-change")
    assert reader.page.is_visible("#panel-change")
    assert visit(digits(), size=SCREEN).page.is_visible("#panel-why"), "there is space for both"
    assert visit(credit_network().error, "#panel=open", size=SCREEN).page.is_visible("#panel-why")


def test_a_phone_has_layouts_of_its_own(visit: Callable[..., Reader]) -> None:
    wide, narrow = (
        visit(credit_network().error, size=size).page.evaluate("page.view.size") for size in (SCREEN, PHONE)
    )
    assert wide[0] > wide[1] and narrow[0] < narrow[1]
    reader = visit(credit_network().error, size=PHONE)
    reader.page.set_viewport_size(SCREEN)
    reader.until(f"page.view.size[0] === {wide[0]}")


# --- numbers ------------------------------------------------------------------------------------------------------


def test_numbers_stand_in_their_operations(visit: Callable[..., Reader]) -> None:
    x = Value(3.0, "x")
    parts = {
        "a": (x * 2, "× 2"),
        "b": (2 - x, "2 -"),
        "c": (x / 16, "÷ 16"),
        "d": (x - 0.3, "- 0.3"),
        "e": (x + 1e-5, "+ 1e-5"),
        "f": (autograd.maximum(x, 0.0), "max(·, 0)"),
        "g": (x * x, "×"),
    }
    for name, (node, _) in parts.items():
        node.label = name
    root = autograd.sum([node for node, _ in parts.values()])
    reader = visit(root)
    for name, (_, symbol) in parts.items():
        assert reader.shown(name, "symbol") == symbol
    constants = [i for i, node in enumerate(reader.graph) if isinstance(node, Constant)]
    shown = "page.view.items.map((item) => item.node)"
    assert len(constants) == 6 and not set(constants) & set(reader.page.evaluate(shown))

    reader.look()
    reader.press("n")
    assert set(constants) <= set(reader.page.evaluate(shown))
    assert reader.shown("a", "symbol") == "×"
    assert reader.page.get_attribute("#constants", "aria-pressed") == "true"
    assert "constants=cards" in reader.fragment
    reader.page.reload()
    reader.page.wait_for_selector("html[data-ready]", state="attached")
    assert set(constants) <= set(reader.page.evaluate(shown))
    reader.page.click("#constants")
    assert not set(constants) & set(reader.page.evaluate(shown))


def test_going_to_a_number_is_going_to_where_it_is_used(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    two = next(i for i, node in enumerate(reader.graph) if isinstance(node, Constant))
    reader.page.evaluate(f"page.goTo({two})")
    assert reader.page.evaluate("page.state.get('selected')") == str(reader.graph.consumers[two][0])
    assert reader.text("#panel-why h2") == "E"


# --- examples -----------------------------------------------------------------------------------------------------


def test_the_examples_of_a_batch_are_a_choice(visit: Callable[..., Reader]) -> None:
    reader = visit(moons(20))
    assert reader.text("#example") == "example 1 of 20"
    xs = [i for i, node in enumerate(reader.graph) if node.label == "x1"]
    assert len(xs) == 20

    def first() -> str:
        return reader.shown("x1", "value")

    assert first() == f"{reader.graph.data[xs[0]]:.5g}"
    reader.page.click("#example-after")
    reader.look()
    reader.press("]")
    assert reader.text("#example") == "example 3 of 20" and first() == f"{reader.graph.data[xs[2]]:.5g}"
    reader.press("[", "[", "[")
    assert reader.text("#example") == "example 20 of 20" and first() == f"{reader.graph.data[xs[19]]:.5g}"
    assert "example=20" in reader.fragment
    reader.page.reload()
    reader.page.wait_for_selector("html[data-ready]", state="attached")
    assert first() == f"{reader.graph.data[xs[19]]:.5g}"

    reader.click("x1")
    reader.press("]")
    assert reader.page.evaluate("page.state.get('selected')") == str(xs[0]), "what is selected is the same elsewhere"
    reader.page.evaluate(f"page.goTo({xs[6]})")
    assert reader.text("#example") == "example 7 of 20"
    assert reader.page.is_hidden("#example") is False
    assert visit(credit_network().error).page.is_hidden("#examples")


def test_stepping_covers_the_example_and_the_sum_but_no_other(visit: Callable[..., Reader]) -> None:
    reader = visit(module_batch(3), "#example=2")
    stops = reader.page.evaluate("page.model.stops.map(({place, phase}) => [place, phase])")
    shown = reader.page.evaluate("page.view.items.map(({kind, node, nodes}) => kind === 'room' ? nodes : [node])")
    batch = reader.page.evaluate("page.model.data.copies")[0]
    seen = {i for place, _ in stops if place >= 0 for i in shown[place]}
    assert {i for i in batch["members"][1] if reader.graph.nodes[i].op is not None} <= seen
    assert not seen & {*batch["members"][0], *batch["members"][2]}
    assert seen & set(batch["gather"])
    reader.look()
    reader.press("Home", *"." * len(stops))
    assert reader.text("#phase") == "Complete"


def test_a_parameter_s_gradient_is_over_all_examples(visit: Callable[..., Reader]) -> None:
    reader = visit(module_batch(5))
    weight = next(i for i, node in enumerate(reader.graph) if node.op is None and node.label)
    for _ in range(2):
        reader.page.evaluate(f"page.goTo({weight})")
        said = reader.page.evaluate("page.reading.item(page.view.items[page.model.selectedPlace]).gradient")
        assert float(clean(said)) == pytest.approx(reader.graph.gradients()[weight], rel=1e-3)
        reader.press("]")


# --- cards and edges ----------------------------------------------------------------------------------------------


def test_a_room_shows_the_values_inside_in_colour(visit: Callable[..., Reader]) -> None:
    reader = visit(digits())
    cells = reader.card("layer1").locator(".cell")
    assert cells.count() == 16, "one for each neuron"
    signs = {tint.split()[1] for tint in cells.evaluate_all("all => all.map((cell) => cell.getAttribute('class'))")}
    outputs = reader.page.evaluate(
        """page.reading.inside(page.view.items.find(({ room }) => page.house.rooms[room]?.title === "layer1"))
        .map((i) => page.engine.data[i])"""
    )
    assert signs == {"positive" if y > 0 else "negative" if y < 0 else "zero" for y in outputs}
    reader.look()
    reader.press("Home")
    assert set(cells.evaluate_all("all => all.map((cell) => cell.getAttribute('class'))")) == {"cell empty"}


def test_an_edge_of_a_bundle_is_traced_when_it_is_asked_for(visit: Callable[..., Reader]) -> None:
    reader = visit(digits(), "#room=mlp.layer1")
    bundles = reader.page.evaluate("page.view.bundles.map(({edges}) => edges.length)")
    assert sorted(bundles) == [16, 16]
    drawn = "document.querySelectorAll('#drawing .edge:not(.off)').length"
    assert reader.page.evaluate(drawn) == 2
    reader.click("neuron3")
    assert reader.page.evaluate(drawn) == 4, "from the pixels and to the next layer"
    reader.card("neuron5").hover()
    assert reader.page.evaluate(drawn) == 6
    reader.press("Escape")
    reader.card("layer2").hover()
    assert reader.page.evaluate(drawn) == 2, "too many to be traced one by one"
    assert behind(reader) == []


BEHIND = """() => {
  const found = [];
  const { items, edges, bundles } = page.view;
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  [...edges, ...bundles].forEach((edge) => {
    path.setAttribute("d", edge.path);
    const length = path.getTotalLength();
    for (let at = 0; at <= length; at += 3) {
      const point = path.getPointAtLength(at);
      items.forEach((item, place) => {
        const own = "edges" in edge ? edge.edges.flatMap((k) => [edges[k].from, edges[k].to]) : [edge.from, edge.to];
        if (own.includes(place)) return;
        const [dx, dy] = [Math.abs(point.x - item.x), Math.abs(point.y - item.y)];
        if (dx < item.width / 2 - 1 && dy < item.height / 2 - 1) found.push(`${edge.from}-${edge.to} behind ${place}`);
      });
    }
  });
  return [...new Set(found)];
}"""


def behind(reader: Reader) -> list[str]:
    """Edges that pass behind cards other than their ends."""
    found: list[str] = reader.page.evaluate(BEHIND)
    return found


@pytest.mark.parametrize("size", [SCREEN, PHONE], ids=["screen", "phone"])
def test_no_edge_passes_behind_a_card(visit: Callable[..., Reader], root: Value, size: dict[str, int]) -> None:
    reader = visit(root, size=size)
    for name in reader.page.evaluate("page.house.rooms.slice(0, 12).map((room) => room.name)"):
        reader.page.evaluate("(name) => page.openRoom(name)", name)
        assert behind(reader) == [], name


@pytest.mark.parametrize("make", [lambda: credit_network().error, expression, diamond, digits, lambda: moons(4)])
def test_nor_in_the_page_s_own_layout(
    visit: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch, make: Callable[[], Value]
) -> None:
    def missing(source: str, format: str) -> bytes:
        raise GraphvizMissing("there is none")

    monkeypatch.setattr(placing, "render", missing)
    reader = visit(make(), "#constants=cards")
    for name in reader.page.evaluate("page.house.rooms.slice(0, 12).map((room) => room.name)"):
        reader.page.evaluate("(name) => page.openRoom(name)", name)
        if reader.page.evaluate("page.view.items.length") <= 60:
            assert behind(reader) == [], name


# --- opening ------------------------------------------------------------------------------------------------------


def test_a_room_unfolds_from_its_card_and_its_surroundings_stay_in_sight(visit: Callable[..., Reader]) -> None:
    reader = visit(moons(1), reduced_motion="no-preference")
    reader.card("layer2").locator(".body").dblclick(position={"x": 6, "y": 6})
    assert reader.crumbs == ["mlp", "layer2"]
    reader.until("document.querySelectorAll('.leaving, .unfolding').length === 0")
    assert reader.page.locator("#crumbs .around .here").count() == 1
    assert reader.page.locator("#drawing .item.elsewhere").count() > 0
    reader.page.locator("#crumbs button").first.click()
    assert reader.crumbs == ["mlp"] and reader.page.locator("#crumbs .around").count() == 0
    reader.until("document.querySelectorAll('.leaving, .unfolding').length === 0")


def test_nothing_moves_under_a_double_click(visit: Callable[..., Reader]) -> None:
    """The first click selects, and brings the panel back; the second is meant for the same card."""
    reader = visit(unrolled())
    body = reader.card("step 4").locator(".body")
    before = body.bounding_box()
    assert "folded" in (reader.page.get_attribute("body", "class") or "")
    x, y = before["x"] + before["width"] - 12, before["y"] + 12
    reader.page.mouse.click(x, y)
    reader.page.wait_for_timeout(150)
    assert body.bounding_box() == before
    reader.page.mouse.down(click_count=2)
    reader.page.mouse.up(click_count=2)
    reader.until("page.house.path(page.model.view).length === 2")
    assert reader.crumbs[-1] == "step 4"


def test_without_motion_for_those_who_want_none(visit: Callable[..., Reader]) -> None:
    reader = visit(moons(1), reduced_motion="reduce")
    reader.page.evaluate("page.openRoom('mlp.layer2')")
    assert reader.page.evaluate("document.getAnimations().length") == 0
    assert reader.page.locator(".leaving, .unfolding").count() == 0
