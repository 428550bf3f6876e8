"""Which modules of the page import which: the model does not know the screen, and its parts not each other."""

from __future__ import annotations

import re

import pytest

from autograd.view.explore import PAGE, STYLES, bundle

MADE = {"operations": "export const operations = {};\n"}
# The modules that show the model on the screen. Only main.js imports them.
PARTS = {
    "address", "changes", "crumbs", "drawing", "invitation", "keep", "keyboard", "panel", "player", "quiz", "search",
    "table", "why",
}  # fmt: skip


def code(text: str) -> str:
    """JavaScript without its comments."""
    return re.sub(r"/\*.*?\*/|^\s*//.*?$", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("start", ["model", "actions"])
def test_the_model_and_the_actions_know_nothing_of_the_screen(start: str) -> None:
    text = code(bundle(MADE, start))
    assert f"const {start}_js" in text
    for word in ("document", "window", "navigator", "byId", "createElement"):
        assert not re.search(rf"\b{word}\b", text), word


def test_parts_are_made_in_one_place_and_know_nothing_of_each_other() -> None:
    users: dict[str, set[str]] = {part: set() for part in PARTS}
    for path in PAGE.glob("*.js"):
        for taken in re.findall(r'^import .* from "\./(\w+)\.js";$', path.read_text(encoding="utf-8"), re.MULTILINE):
            if taken in PARTS:
                users[taken].add(path.stem)
    assert users == {part: {"main"} for part in PARTS}


def test_every_part_of_the_style_sheet_is_in_the_page_once() -> None:
    assert sorted(STYLES) == sorted(path.stem for path in PAGE.glob("*.css"))
