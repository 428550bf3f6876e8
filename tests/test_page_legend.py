"""The legend of the page: it has every mark of the drawing, with the same look, and covers nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograd import Value
from demos.classroom.networks import credit_network

from .browser import chromium
from .test_explore import moons_like, tangle
from .test_page import PHONE, Reader
from .test_page import visit as visit


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


# Classes of cards and edges that need no entry: kinds of items, and shades that the legend's scale explains.
PLAIN = {"item", "node", "product", "rest", "given", "computed", "edge", "near", "onpath", "zero", "empty", "aside"}


def marks(reader: Reader, within: str) -> set[str]:
    found: list[str] = reader.page.evaluate(
        """(within) => [...document.querySelectorAll(`${within} .item, ${within} .edge`)]
             .map((element) => element.className.baseVal)""",
        within,
    )
    return {name for names in found for name in names.split() if not name.startswith("level")} - PLAIN


def test_every_mark_that_the_drawing_shows_is_in_the_legend(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    explained = marks(reader, "#panel-why .legend") | {"faded", "negative", "backward", "alarming"}
    assert {"parameter", "room", "elsewhere", "waiting", "unusual", "selected", "active"} <= explained
    seen = marks(reader, "#drawing")
    for address in ("#select=12", "#time=4", "#time=30"):
        seen |= marks(visit(credit_network().error, address), "#drawing")
    for room in ("", "#room=mlp.layer1"):
        seen |= marks(visit(moons_like(1), room), "#drawing")
    x = Value(1e200, "x")
    seen |= marks(visit(x * x), "#drawing")
    assert {"parameter", "selected", "active", "waiting", "room", "elsewhere", "unusual"} <= seen
    assert seen <= explained


def test_the_legend_looks_like_the_drawing_and_is_in_help(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#panel=open")
    style = "(selector) => getComputedStyle(document.querySelector(selector)).stroke"
    drawn, explained = (
        reader.page.evaluate(style, f"{within} .item.parameter .body") for within in ("#drawing", "#panel-why .legend")
    )
    assert drawn == explained
    text = reader.text("#panel-why .legend")
    for word in ("‖∇‖", "×0.5", "Δ", "nan", "outside this room", "corner", "room", "orange", "blue"):
        assert word in text
    reader.press("?")
    assert reader.text("#help-legend") == text


@pytest.mark.parametrize("size", [{"width": 1280, "height": 720}, PHONE, {"width": 844, "height": 390}])
def test_zoom_buttons_and_minimap_cover_no_card(visit: Callable[..., Reader], size: dict[str, int]) -> None:
    reader = visit(tangle(60), size=size)
    for _ in range(3):
        reader.page.click("#zoom-in")
    assert reader.page.is_visible("#minimap")
    covered = reader.page.evaluate(
        """() => {
          const stage = document.getElementById("stage").getBoundingClientRect();
          return ["zoom-in", "zoom-out", "fit", "minimap"].filter((id) => {
            const box = document.getElementById(id).getBoundingClientRect();
            return box.top < stage.bottom && box.bottom > stage.top && box.left < stage.right && box.right > stage.left;
          });
        }"""
    )
    assert covered == []
