"""The page checked by axe-core, for the rules of accessibility that a program can check.

axe-core comes from npm: what ``package.json`` names, in ``node_modules`` at the root of the repository, or the file
that the environment variable ``AXE_CORE`` names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demos.classroom.networks import credit_network

from .browser import chromium
from .test_explore import moons_like
from .test_page import Reader
from .test_page import visit as visit

AXE = Path(os.environ.get("AXE_CORE") or Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js")
# WCAG 2.2's levels A and AA with the targets' size, and what axe's authors recommend beyond.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {"laptop": {"width": 1280, "height": 720}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not AXE.is_file():
        pytest.skip(f"axe-core is not installed: npm install, or set AXE_CORE ({AXE} is not there)")
    with chromium() as started:
        yield started


def select(reader: Reader, name: str) -> None:
    """Select a node by the search, because on a phone its card may be too small to tap."""
    reader.look()
    reader.press("/")
    reader.page.keyboard.type(name)
    reader.press("Enter")
    assert reader.text("#panel-why h2") == name


def first(reader: Reader) -> None:
    pass


def node_selected(reader: Reader) -> None:
    select(reader, "z1")


def leaf_selected(reader: Reader) -> None:
    select(reader, "w11")


def stepping_forward(reader: Reader) -> None:
    reader.look()
    reader.press("Home", ".", ".", ".")
    assert "Forward" in reader.text("#phase")


def stepping_backward(reader: Reader) -> None:
    reader.look()
    reader.press("End", ",", ",", ",")
    assert "Backward" in reader.text("#phase")


def change(reader: Reader) -> None:
    select(reader, "w11")
    reader.tab("change")


def asked(reader: Reader) -> None:
    reader.tab("quiz")
    reader.page.click("#quiz-start")


def answered(reader: Reader) -> None:
    asked(reader)
    reader.page.fill("#quiz-answer", "1000")
    reader.press("Enter")
    assert reader.page.is_visible(".verdict")


def table(reader: Reader) -> None:
    reader.tab("table")


def helped(reader: Reader) -> None:
    reader.page.click("#help-open")


def room(reader: Reader) -> None:
    assert len(reader.crumbs) == 2


STATES = [
    first, node_selected, leaf_selected, stepping_forward, stepping_backward, change, asked, answered, table, helped,
    room,
]  # fmt: skip


def violations(page: Any) -> list[str]:
    """The violations that axe finds: the rule, the element, and the reason."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']}).then((result) => result.violations)",
        TAGS,
    )
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(
    visit: Callable[..., Reader], state: Callable[[Reader], None], size: str, scheme: str
) -> None:
    root, address = (moons_like(1), "#room=mlp.layer1") if state is room else (credit_network().error, "")
    # Wait for the end of animations.
    reader = visit(root, address, size=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    state(reader)
    reader.until("document.getAnimations().every((running) => running.playState !== 'running')")
    assert violations(reader.page) == []


def test_axe_would_find_something(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    reader.page.evaluate("document.body.append(document.createElement('button'))")
    assert any(found.startswith("button-name: body > button") for found in violations(reader.page))
