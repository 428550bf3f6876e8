"""The page on every screen: a laptop, a phone, a phone on its side, a page at twice and four times its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd
from autograd import Value
from demos.classroom.networks import credit_network

from .browser import chromium
from .test_explore import moons_like
from .test_page import Reader
from .test_page import visit as visit

SIZES = {
    "laptop": {"width": 1280, "height": 720},
    "phone": {"width": 390, "height": 844},
    "on its side": {"width": 844, "height": 390},
    "at twice its size": {"width": 640, "height": 360},
    "at four times its size": {"width": 320, "height": 256},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def long() -> Value:
    """A graph with long labels, long numbers, long formulas and many terms."""
    a = Value(-1.2345678901e-7, "the_rate_of_the_second_layer_" * 5)
    b = Value(123456.78901234, "Donaudampfschifffahrtsgesellschaft" * 4)
    c = Value(0.3, "a label of many words, with spaces and commas, going on and on and on and on")
    d = autograd.logsumexp([a, b * 1e-5, c, a * c]) / autograd.sigmoid(a)
    d.label = "a_result_" * 20
    terms: Value = autograd.sum([d * a, d * b, d * c, c**2, c**3, c * b, c.tanh(), c.gelu()])
    terms.label = "L" * 200
    return terms


# Visible elements that reach beyond the sides of the screen, unless they are in a box that scrolls by itself.
BEYOND = """() => [...document.querySelectorAll("body *")].filter((element) => {
  if (!element.checkVisibility() || element.closest("#drawing, #minimap, .unseen")) return false;
  const { left, right, width } = element.getBoundingClientRect();
  if (width === 0 || (left > -1 && right < innerWidth + 1)) return false;
  for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
    const within = box.getBoundingClientRect().right < innerWidth + 1;
    if (within && getComputedStyle(box).overflowX !== "visible") return false;
  }
  return true;
}).map((element) => element.id || element.className || element.localName)"""

# Panels that scroll sideways as a whole, which hides a part of their text.
SIDEWAYS = """() => [...document.querySelectorAll("[role=tabpanel], dialog[open]")]
  .filter((panel) => panel.checkVisibility() && panel.scrollWidth > panel.clientWidth + 1)
  .map((panel) => `${panel.id} ${panel.scrollWidth} > ${panel.clientWidth}`)"""

SMALL = """() => [...document.querySelectorAll("button, input, select, summary, textarea, [role=tab]")]
  .filter((element) => element.checkVisibility() && !element.disabled)
  .map((element) => [element.id || element.className || element.textContent, element.getBoundingClientRect()])
  .filter(([, { width, height }]) => width < 23.9 || height < 23.9)
  .map(([name, { width, height }]) => `${name} ${width} x ${height}`)"""


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
@pytest.mark.parametrize(
    ("make", "address"),
    [(long, ""), (lambda: credit_network().error, ""), (lambda: moons_like(1), "#room=mlp.layer1.neuron2")],
    ids=["long labels", "worked example", "neuron"],
)
def test_nothing_is_wider_than_the_screen_or_too_small_to_hit(
    visit: Callable[..., Reader], make: Callable[[], Value], address: str, size: dict[str, int]
) -> None:
    reader = visit(make(), address, size=size, reduced_motion="reduce")
    page = reader.page
    wrong: list[str] = []

    def look(state: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], state
        found = page.evaluate(BEYOND) + page.evaluate(SIDEWAYS) + page.evaluate(SMALL)
        wrong.extend(f"{state}: {what}" for what in found)

    look("first")
    for i in page.evaluate("page.view.items.flatMap((item) => (item.kind === 'node' ? [item.node] : []))"):
        page.evaluate("(i) => page.goTo(i, 'why')", i)
        look(f"why {i}")
    for tab in ("change", "table", "quiz"):
        page.evaluate("(tab) => page.openTab(tab)", tab)
        look(tab)
    page.evaluate("document.getElementById('quiz-start').click()")
    look("asked")
    page.evaluate("document.getElementById('quiz-show').click()")
    look("answered")
    page.evaluate("page.player.to(3)")
    look("step")
    page.evaluate("document.getElementById('help-open').click()")
    look("help")
    assert wrong == []


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
def test_everything_can_be_reached(visit: Callable[..., Reader], size: dict[str, int]) -> None:
    reader = visit(credit_network().error, size=size)
    page = reader.page
    for button in ("to-start", "forward", "back", "to-end", "of", "zoom-out", "zoom-in", "fit"):
        page.click(f"#{button}")
    page.select_option("#pace", "fast")
    for tab in ("change", "quiz", "table", "why"):
        page.click(f"#tab-{tab}")
        assert page.is_visible(f"#panel-{tab}")
    page.click("#keep summary")
    for button in ("copy-link", "copy-python", "save-svg", "save-png"):
        page.click(f"#{button}", trial=True)
    page.click("#keep summary")
    page.fill("#search", "w1")
    page.click("#result1")
    assert page.evaluate("page.model.selectedNode") >= 0
    page.click("#help-open")
    page.click("#help-close")
    page.click("#grip")
    page.click("#grip")
    assert page.is_visible("#panel-why")


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
@pytest.mark.parametrize("make", [lambda: credit_network().error, long], ids=["worked example", "long labels"])
def test_fit_leaves_numbers_to_be_read(
    visit: Callable[..., Reader], make: Callable[[], Value], size: dict[str, int]
) -> None:
    reader = visit(make(), size=size)
    for _ in range(5):
        reader.page.click("#zoom-out")
    reader.page.click("#fit")
    # Of the cards that are wholly in view, at least one; their values have 7 pixels, or 11 where not all is in view.
    heights = reader.page.evaluate(
        """() => {
          const stage = document.getElementById("stage").getBoundingClientRect();
          return [...document.querySelectorAll("#drawing .item")].filter((item) => {
            const box = item.querySelector(".body").getBoundingClientRect();
            return box.left >= stage.left && box.right <= stage.right && box.top >= stage.top
              && box.bottom <= stage.bottom;
          }).map((item) => {
            const value = item.querySelector(".value");
            const size = parseFloat(getComputedStyle(value).fontSize) * page.drawing.camera.scale;
            return value.checkVisibility() ? size : 0;
          });
        }"""
    )
    whole = len(heights) == reader.page.evaluate("page.view.items.length")
    assert heights and min(heights) >= (7 if whole else 10.9)


def test_the_page_has_one_heading_of_its_own(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    [heading] = reader.page.locator("h1").all_text_contents()
    assert heading.strip()
