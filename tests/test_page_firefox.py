"""The page in Debian's Firefox: a smoke test of what another browser engine could do differently.

The page is tested in depth in Chromium, in ``test_page``.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from autograd import Graph, Value
from autograd.view import explore
from demos.classroom.networks import credit_network, two_two_one

from .browser import Firefox, firefox
from .test_page import clean

LAPTOP, PHONE = (1280, 720), (390, 844)


@pytest.fixture(scope="module")
def started() -> Iterator[Firefox]:
    with firefox() as browser:
        yield browser


@pytest.fixture
def visit(started: Firefox, tmp_path: Path) -> Iterator[Callable[..., Firefox]]:
    """Open the page of a Value; at the end there must have been no error, no warning and no request."""
    started.trouble.clear()

    def open_page(v: Value, size: tuple[int, int] = LAPTOP) -> Firefox:
        written = explore(v, tmp_path / "page.html", open=False)
        started.resize(*size)
        started.open(f"{Path(written.path).as_uri()}#begun=1")  # skips the invitation
        started.until("'ready' in document.documentElement.dataset")
        return started

    yield open_page
    assert started.trouble == []
    assert [url for url in started.requests if not url.startswith(("file:", "blob:", "data:"))] == []


def shown(page: Firefox, name: str, part: str) -> str:
    """What a card shows: "value", "gradient", ..."""
    return clean(page.evaluate(f"{card(name)}.querySelector('.{part}').textContent"))


def card(name: str) -> str:
    """The JavaScript expression for a node's card."""
    title = f"t.textContent === '\\u2068{name}\\u2069'"
    cards = "[...document.querySelectorAll('#drawing .item')]"
    return f"{cards}.find((g) => [...g.querySelectorAll('text')].some((t) => {title}))"


def select(page: Firefox, name: str) -> None:
    box = f"{card(name)}.querySelector('.body').getBoundingClientRect()"
    page.click_at(*page.evaluate(f"((r) => [r.x + 8, r.y + 8])({box})"))


def fact(page: Firefox, term: str) -> str:
    """What the open panel says of a term."""
    all_terms = "[...document.querySelectorAll('[role=tabpanel]:not([hidden]) dt')]"
    found = f"{all_terms}.find((t) => t.textContent.includes('{term}'))"
    return clean(page.evaluate(f"{found}.nextElementSibling.innerText"))


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_it_opens_and_every_card_has_its_numbers(visit: Callable[..., Firefox], size: tuple[int, int]) -> None:
    error = credit_network().error
    page = visit(error, size)
    assert page.evaluate("[innerWidth, innerHeight]") == list(size)
    for node in Graph(error):
        if node.label:
            assert float(shown(page, node.label, "value")) == pytest.approx(node.data, rel=1e-4)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_it_steps_to_and_fro(visit: Callable[..., Firefox]) -> None:
    page = visit(credit_network().error)
    said = [page.text("#sentence")]
    page.click("#to-start")
    for _ in range(2):
        said.append(page.text("#sentence"))
        page.click("#forward")
    said.append(page.text("#sentence"))
    assert len(set(said)) == 4
    page.evaluate("document.querySelector('#drawing').focus()")
    page.press(",")
    assert page.text("#sentence") == said[2]
    page.press("End")
    assert page.text("#sentence") == said[0]


def test_a_selected_node_is_explained(visit: Callable[..., Firefox]) -> None:
    network = credit_network()
    page = visit(network.error)
    network.error.backward()
    select(page, "z1")
    assert float(fact(page, "value")) == pytest.approx(network.z[0].data, rel=1e-9)
    assert float(fact(page, "dE/dz1")) == pytest.approx(network.z[0].grad, rel=1e-9)


def test_formulas_stand_on_lines_of_their_own(visit: Callable[..., Firefox]) -> None:
    page = visit(credit_network().error)
    select(page, "z1")
    page.until("!document.body.classList.contains('folded')")  # the panel appears only when no second click follows
    boxes = page.evaluate(
        "[...document.querySelectorAll('#panel-why section > .formula')].map((m) => m.getBoundingClientRect())"
        ".map((r) => [r.top, r.bottom, r.width])"
    )
    assert len(boxes) > 4
    assert all(above[1] <= below[0] for above, below in pairwise(boxes))
    assert all(bottom - top > 15 and width > 100 for top, bottom, width in boxes)
    panel = page.evaluate(
        "(({ left, right }) => [left, right])(document.querySelector('#panel').getBoundingClientRect())"
    )
    pieces = page.evaluate(
        "[...document.querySelectorAll('#panel-why .piece math')].map((m) => m.getBoundingClientRect())"
        ".map((r) => [r.left, r.right])"
    )
    assert all(panel[0] <= left < right <= panel[1] for left, right in pieces)


def test_a_leaf_is_changed(visit: Callable[..., Firefox]) -> None:
    page = visit(credit_network().error)
    select(page, "x2")
    page.press("e", *"-1.5", "Enter")
    leaves = credit_network()
    moved = two_two_one(
        x=[1.0, -1.5],
        y=leaves.y.data,
        w=[[w.data for w in row] for row in leaves.w],
        v=[v.data for v in leaves.v],
    ).error
    assert page.evaluate("page.engine.data.at(-1)") == pytest.approx(moved.data, rel=1e-13)
    assert float(shown(page, "E", "value")) == pytest.approx(moved.data, rel=1e-4)
    page.evaluate("document.querySelector('#drawing').focus()")
    page.press("u")
    assert page.evaluate("page.engine.data.at(-1)") == credit_network().error.data


def test_whatever_goes_wrong_in_a_page_is_noted(started: Firefox, tmp_path: Path) -> None:
    """Otherwise the tests above could not fail."""
    path = tmp_path / "bad.html"
    unheard = socket.create_server(("127.0.0.1", 0))
    image = f"http://127.0.0.1:{unheard.getsockname()[1]}/image.png"
    unheard.close()  # nothing answers there
    script = "console.error('said'); console.log('quiet'); throw Error('thrown')"
    path.write_text(f"<img src='{image}'><script>{script}</script>", "utf-8")
    started.trouble.clear()
    started.open(path.as_uri())
    assert [text.removeprefix("Error: ") for text in started.trouble] == ["said", "thrown"]
    assert started.requests == [image]
    with pytest.raises(RuntimeError, match="nowhere"):
        started.evaluate("nowhere.to.be.found")
    with pytest.raises(RuntimeError, match="browsingContext"):
        started.open("file:///nowhere/at/all")
    started.trouble.clear()
