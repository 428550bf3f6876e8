"""The page inside other pages: in frames that have no size at first, without an address, and linked to a program.

The host here is a few lines of HTML; notebooks are in ``test_page_notebooks``.
"""

from __future__ import annotations

import html
import math
import re
import struct
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from autograd import Value
from autograd.view import explore
from autograd.view.explore import bundle
from autograd.view.widget import Link
from demos.classroom.networks import credit_network

from .browser import Firefox, chromium, firefox

STYLE = "width: 900px; height: 640px; border: 0"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


class Host:
    """A page that has the page of a graph in a frame."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.frame = page.frame_locator("iframe")

    def until(self, holds: Callable[[], Any]) -> None:
        for _ in range(250):
            if holds():
                return
            self.page.wait_for_timeout(20)
        raise AssertionError("what was waited for never came true")

    def ready(self) -> None:
        self.frame.locator("html[data-ready]").wait_for(state="attached")

    def transform(self) -> str:
        return str(self.frame.locator("#world").get_attribute("transform"))

    def value(self, name: str) -> str:
        card = self.frame.locator("#drawing .item").filter(
            has=self.frame.get_by_text(f"\u2068{name}\u2069", exact=True)
        )
        return str(card.first.locator(".value").text_content()).replace("−", "-")


@pytest.fixture
def host(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Host]]:
    contexts: list[Any] = []
    trouble: list[str] = []

    def open_host(content: str) -> Host:
        context = browser.new_context(viewport={"width": 1100, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10000)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        page.add_init_script("delete Navigator.prototype.clipboard")  # which in a frame also logs an error
        file = tmp_path / f"host{len(contexts)}.html"
        file.write_text(f"<!doctype html><meta charset=utf-8><body>{content}", encoding="utf-8")
        page.goto(file.as_uri())
        found = Host(page)
        found.ready()
        return found

    yield open_host
    for context in contexts:
        context.close()
    assert trouble == []


# --- a frame without a size -------------------------------------------------------------------------------------------

HIDDEN = {
    "a closed <details>": (
        "<details><summary>Show</summary>{frame}</details>",
        "document.querySelector('details').open = true",
        "document.querySelector('details').open = false",
    ),
    "a hidden tab": (
        "<div style='display: none'>{frame}</div>",
        "document.querySelector('div').style.display = 'block'",
        "document.querySelector('div').style.display = 'none'",
    ),
    "no width and no height": (
        "<div style='width: 0; height: 0; overflow: hidden'>{fluid}</div>",
        "Object.assign(document.querySelector('div').style, {{ width: '900px', height: '640px' }})",
        "Object.assign(document.querySelector('div').style, {{ width: '0', height: '0' }})",
    ),
    "no height": (
        "<div style='width: 900px; height: 0; overflow: hidden'>{fluid}</div>",
        "document.querySelector('div').style.height = '640px'",
        "document.querySelector('div').style.height = '0'",
    ),
}


def frames(source: str, kind: str = "src") -> dict[str, str]:
    given = f'{kind}="{html.escape(source)}"'
    return {
        "frame": f'<iframe {given} style="{STYLE}"></iframe>',
        "fluid": f'<iframe {given} style="width: 100%; height: 100%; border: 0"></iframe>',
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = explore(credit_network().error, tmp_path_factory.mktemp("page") / "a.html", open=False).path
    return f"{Path(path).as_uri()}#begun=1"


@pytest.mark.parametrize("where", HIDDEN)
def test_a_page_that_opens_without_a_size_fits_when_it_has_one(
    host: Callable[..., Host], written: str, where: str
) -> None:
    usual = host(frames(written)["frame"]).transform()
    content, show, hide = (text.format(**frames(written)) for text in HIDDEN[where])
    hidden = host(content)
    hidden.page.evaluate(show)
    hidden.until(lambda: hidden.transform() == usual)
    # Hidden and shown once more, it is as it was left.
    hidden.frame.locator("#zoom-in").click()
    hidden.until(lambda: hidden.transform() != usual)
    left = hidden.transform()
    hidden.page.evaluate(hide)
    hidden.page.wait_for_timeout(100)
    hidden.page.evaluate(show)
    hidden.page.wait_for_timeout(100)
    assert hidden.transform() == left


def test_a_view_from_the_address_stays_when_a_hidden_frame_is_shown(host: Callable[..., Host], written: str) -> None:
    content, show, _ = HIDDEN["a hidden tab"]
    hidden = host(content.format(**frames(f"{written}&camera=12,34,0.75")))
    hidden.page.evaluate(show)
    hidden.page.wait_for_timeout(100)
    assert hidden.transform() == "translate(12 34) scale(0.75)"


def test_a_room_that_was_entered_while_hidden_is_fitted_too(host: Callable[..., Host], written: str) -> None:
    content, show, _ = HIDDEN["a closed <details>"]
    usual = host(frames(f"{written}&select=3")["frame"]).transform()
    hidden = host(content.format(**frames(f"{written}&select=3")))
    hidden.page.evaluate(show)
    hidden.until(lambda: hidden.transform() == usual)


@pytest.fixture(scope="module")
def another() -> Iterator[Firefox]:
    with firefox() as started:
        yield started


@pytest.mark.parametrize("where", ["a hidden tab", "no width and no height"])
def test_in_firefox_too(another: Firefox, tmp_path: Path, where: str) -> None:
    """A node is selected while the page is hidden, which puts labels on edges that are not laid out yet."""
    leaves = [Value(0.1 * i, f"w{i}") for i in range(9)]
    total = sum((a * b for a, b in combinations(leaves, 2)), Value(0.0))  # many edges, labelled on demand
    content = explore(total, tmp_path / "a.html", open=False).html
    around, show, _ = (text.format(**frames(content, "srcdoc")) for text in HIDDEN[where])

    def opened(name: str, body: str) -> None:
        (tmp_path / name).write_text(f"<!doctype html><meta charset=utf-8><body>{body}", encoding="utf-8")
        another.open((tmp_path / name).as_uri())
        another.until("document.querySelector('iframe')")
        another.evaluate("void (window.inside = document.querySelector('iframe').contentWindow)")
        another.until("'ready' in inside.document.documentElement.dataset")
        another.evaluate("void inside.page.goTo(inside.page.engine.of)")

    def seen() -> list[str]:
        placed = "[...inside.document.querySelectorAll('#world, .label')].map((g) => g.getAttribute('transform'))"
        return list(another.evaluate(placed))

    another.trouble.clear()
    another.resize(1100, 900)
    opened("usual.html", frames(content, "srcdoc")["frame"])
    another.until("inside.document.getElementById('world').hasAttribute('transform')")
    usual = seen()
    opened("hidden.html", around)
    assert another.evaluate("inside.page.drawing.lines.some(({ label }) => label?.onDemand)")
    assert seen()[0] is None
    another.evaluate(show)
    another.until("inside.document.getElementById('world').hasAttribute('transform')")
    assert seen() == usual and len(usual) > 1
    assert another.trouble == []


# --- a frame without an address ---------------------------------------------------------------------------------------


def test_in_a_frame_without_an_address_copy_link_says_what_can_be_linked(
    host: Callable[..., Host], browser: Any, tmp_path: Path
) -> None:
    written = explore(credit_network().error, tmp_path / "a.html", open=False)
    framed = host(written._repr_html_())
    framed.frame.locator("#tab-change").click()
    framed.frame.locator("#descend").click()
    framed.frame.locator("#keep summary").click()
    framed.frame.locator("#copy-link").click()
    offered = framed.frame.locator("#offered")
    offered.wait_for()
    assert "has no address" in offered.inner_text() and "explore(" in offered.inner_text()
    rest = framed.frame.locator("#offered-text").input_value()
    assert rest.startswith("#") and "about:" not in rest
    page = browser.new_page()
    page.goto(Path(written.path).as_uri() + rest)
    assert "0.0406" in page.inner_text(".summary")
    page.close()


# --- a page that is joined to a program -------------------------------------------------------------------------------

JOINED = """
{frame}
<script>
const frame = document.querySelector("iframe");
const said = [];
addEventListener("message", (event) => {{
  if (event.source === frame.contentWindow) said.push(event.data);
}});
const tell = (kind, payload) => frame.contentWindow.postMessage({{ glassgrad: 1, kind, payload }}, "*");
const floats = (numbers) => new DataView(Float64Array.from(numbers).buffer);
const point = (basis, data, partials, names = [], since = []) =>
  tell("numbers", {{ basis, data: floats(data), partials: floats(partials), names, since }});
frame.srcdoc = document.getElementById("content").content.textContent;
</script>
"""


class Joined(Host):
    """A host in which the test plays the program: it receives the page's messages."""

    def said(self, kind: str) -> list[Any]:
        return list(self.page.evaluate("(kind) => said.filter((m) => m.kind === kind).map((m) => m.payload)", kind))

    def last(self, kind: str) -> Any:
        return (self.said(kind) or [None])[-1]

    def point(self, link: Link) -> None:
        told = link.numbers()
        data, partials = (list(struct.unpack(f"<{len(told[k]) // 8}d", told[k])) for k in ("data", "partials"))
        self.page.evaluate("(p) => point(...p)", [told["basis"], data, partials, told["names"], told["since"]])

    def type(self, leaf: int, number: str) -> None:
        self.frame.locator("#tab-change").click()
        box = self.frame.locator(f"input[data-leaf='{leaf}']")
        box.fill(number)
        box.press("Enter")


def small() -> tuple[Value, Value, Value]:
    w, x = Value(0.5, "w"), Value(2.0, "x")
    y = (w * x).tanh()
    y.label = "y"
    return w, x, y


@pytest.fixture
def join(host: Callable[..., Host]) -> Callable[[Link], Joined]:
    def open_joined(link: Link) -> Joined:
        frame = (
            f"<template id=content>{html.escape(link.page)}</template>"
            f"<iframe sandbox='allow-scripts allow-downloads' style='{STYLE}'></iframe>"
        )
        joined = Joined(host(JOINED.format(frame=frame)).page)
        joined.until(lambda: joined.said("ready"))
        return joined

    return open_joined


def test_a_page_says_nothing_before_it_knows_a_point_and_then_what_is_changed(join: Callable[[Link], Joined]) -> None:
    w, x, y = small()
    link = Link(y)
    joined = join(link)
    joined.type(0, "0.75")
    joined.page.wait_for_timeout(150)
    assert joined.said("leaves") == []
    joined.point(link)
    joined.until(lambda: joined.value("w") == "0.5")
    joined.type(0, "-inf")
    joined.until(lambda: joined.last("leaves") == {"basis": 1, "changed": [[0, "-inf"]]})
    link.hear_leaves(joined.last("leaves"))
    assert w.data == -math.inf
    joined.frame.locator("#undo").click()
    joined.until(lambda: joined.last("leaves") == {"basis": 1, "changed": []})
    link.hear_leaves(joined.last("leaves"))
    assert w.data == 0.5 and x.data == 2.0


def test_a_page_shows_the_point_that_it_is_told(join: Callable[[Link], Joined]) -> None:
    w, _, y = small()
    link = Link(y)
    joined = join(link)
    w.data = 0.25
    link.show(y)
    joined.point(link)  # the point of y; the page marks w, which has been set since
    joined.until(lambda: joined.frame.locator("#drawing .since:visible").count() == 1)
    assert joined.value("w") == "0.5"
    note = joined.frame.locator("#panel-why .note")
    assert "set since the graph was computed: 1." in note.inner_text()
    link.show()
    joined.point(link)
    joined.until(lambda: joined.value("w") == "0.25")
    assert joined.value("y") == f"{math.tanh(0.5):.5g}"
    assert joined.frame.locator("#drawing .since:visible").count() == note.count() == 0
    joined.type(0, "0.5")  # the page goes on from there
    joined.until(lambda: joined.value("y") == f"{math.tanh(1.0):.5g}")
    joined.until(lambda: joined.last("leaves") == {"basis": 3, "changed": [[0, 0.5]]})


def test_a_page_follows_and_stays_where_the_reader_is(join: Callable[[Link], Joined]) -> None:
    w, _, y = small()
    link = Link(y)
    joined = join(link)
    joined.point(link)
    joined.frame.locator("#back").click()
    joined.frame.locator("#zoom-in").click()
    count, view = joined.frame.locator("#count").inner_text(), joined.transform()
    w.data = 0.25
    link.show()
    joined.point(link)
    joined.until(lambda: joined.value("w") == "0.25")
    assert (joined.frame.locator("#count").inner_text(), joined.transform()) == (count, view)


def test_leaves_that_another_view_has_changed_are_shown_and_not_said_again(join: Callable[[Link], Joined]) -> None:
    _, _, y = small()
    link = Link(y)
    joined = join(link)
    joined.point(link)
    joined.page.evaluate("tell('leaves', { basis: 1, changed: [[0, 0.75]] })")
    joined.until(lambda: joined.value("w") == "0.75")
    joined.page.evaluate("tell('leaves', { basis: 7, changed: [[0, 9]] })")
    joined.page.evaluate("tell('leaves', { basis: 1, changed: [[1, '-0']] })")
    joined.until(lambda: joined.frame.locator("html").evaluate("() => Object.is(page.engine.data[1], -0)"))
    assert (joined.value("w"), joined.value("x")) == ("0.5", "0")
    joined.page.wait_for_timeout(150)
    assert joined.said("leaves") == []


def test_the_selection_is_told_as_a_node(join: Callable[[Link], Joined]) -> None:
    _, _, y = small()
    link = Link(y)
    joined = join(link)
    joined.point(link)
    joined.frame.locator("#drawing .item").filter(has=joined.frame.get_by_text("\u2068w\u2069", exact=True)).locator(
        ".body"
    ).click(position={"x": 6, "y": 6})
    joined.until(lambda: joined.last("selected") == {"basis": 1, "node": 0})
    assert link.hear_selected(joined.last("selected")) is link.graph.nodes[0]
    joined.frame.locator("#drawing").press("Escape")
    joined.until(lambda: joined.last("selected") == {"basis": 1, "node": None})


def test_of_a_quick_succession_the_first_and_the_last_are_said(join: Callable[[Link], Joined]) -> None:
    _, _, y = small()
    link = Link(y)
    joined = join(link)
    joined.point(link)
    joined.until(lambda: joined.frame.locator("#world").count())
    joined.frame.locator("#tab-change").click()
    joined.frame.locator("#drawing .item .body").first.click(position={"x": 6, "y": 6})
    joined.until(lambda: joined.last("selected"))
    numbers = joined.frame.locator("#leaf-slider").evaluate(  # in one task, so that no timer runs in between
        "(slider) => Array.from({ length: 50 }, (_, k) => { slider.value = k + 1;"
        " slider.dispatchEvent(new Event('input')); return page.engine.data[0]; })"
    )
    joined.until(lambda: joined.last("leaves") == {"basis": 1, "changed": [[0, numbers[-1]]]})
    joined.page.wait_for_timeout(150)
    assert [leaves["changed"] for leaves in joined.said("leaves")] == [[[0, numbers[0]]], [[0, numbers[-1]]]]


@pytest.mark.parametrize(
    "message",
    [
        "tell('numbers', null)",
        "tell('numbers', { basis: 1 })",
        "point(1.5, [1, 2, 3, 4], [1, 2, 3])",
        "point(1, [1, 2, 3], [1, 2, 3])",
        "point(1, [1, 2, 3, 4], [1, 2, 3, 4])",
        "point(1, [1, 2, 3, 4], [1, 2, 3], [[4, 'a']])",
        "point(1, [1, 2, 3, 4], [1, 2, 3], [[0, 7]])",
        "point(1, [1, 2, 3, 4], [1, 2, 3], 'ab')",
        "point(1, [1, 2, 3, 4], [1, 2, 3], [], [[2, 1]])",
        "point(1, [1, 2, 3, 4], [1, 2, 3], [], [[0, 'x']])",
        "point(1, [1, 2, 3, 4], [1, 2, 3], [], [[0, [1]]])",
        "(point(1, [0.5, 2, 1, 0.76], [2, 0.5, 1]), tell('leaves', { basis: 1, changed: [[2, 1]] }))",
        "(point(1, [0.5, 2, 1, 0.76], [2, 0.5, 1]), tell('leaves', { basis: 1, changed: {} }))",
        "tell('theme', 'pink')",
    ],
)
def test_a_bad_message_is_refused_in_a_sentence_and_changes_nothing(browser: Any, tmp_path: Path, message: str) -> None:
    _, _, y = small()
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    frame = (
        f"<template id=content>{html.escape(Link(y).page)}</template>"
        f"<iframe sandbox='allow-scripts' style='{STYLE}'></iframe>"
    )
    page.set_content(f"<!doctype html><body>{JOINED.format(frame=frame)}")
    joined = Joined(page)
    joined.until(lambda: joined.said("ready"))
    page.evaluate(message)
    joined.until(lambda: complaints)
    assert re.match("glassgrad: a message of the notebook is refused: [a-z ]+", complaints[0]) and len(complaints) == 1
    assert (joined.value("w"), joined.value("x")) == ("0.5", "2")
    page.close()


def test_a_page_listens_to_the_window_around_it_only(join: Callable[[Link], Joined]) -> None:
    _, _, y = small()
    joined = join(Link(y))
    joined.page.evaluate("tell('other', 1)")
    joined.page.evaluate("frame.contentWindow.postMessage({ glassgrad: 2, kind: 'theme', payload: 'dark' }, '*')")
    joined.page.evaluate("frame.contentWindow.postMessage(null, '*')")
    # Another frame sends what only the host may send.
    joined.page.evaluate(
        "new Promise((done) => { const other = document.body.appendChild(document.createElement('iframe'));"
        " addEventListener('message', (event) => event.source === other.contentWindow && done());"
        " other.srcdoc = `<script>parent.frames[0].postMessage({ glassgrad: 1, kind: 'theme', payload: 'dark' }, '*');"
        " parent.postMessage('done', '*')<` + `/script>`; })"
    )
    joined.page.wait_for_timeout(100)
    root = joined.page.frame_locator("iframe >> nth=0").locator("html")
    assert root.get_attribute("data-theme") is None
    joined.page.evaluate("tell('theme', 'dark')")
    joined.until(lambda: root.get_attribute("data-theme") == "dark")


def test_the_notebook_s_look_counts_where_the_reader_has_chosen_none(join: Callable[[Link], Joined]) -> None:
    joined = join(Link(small()[2]))
    root, button = joined.frame.locator("html"), joined.frame.locator("#theme")

    def looks(theme: str) -> None:
        joined.until(lambda: root.get_attribute("data-theme") == theme)

    joined.page.evaluate("tell('theme', 'dark')")
    looks("dark")
    button.click()  # dark
    button.click()
    looks("light")
    joined.page.evaluate("tell('theme', 'dark')")
    joined.page.wait_for_timeout(100)
    looks("light")
    button.click()  # back to the theme of the host
    looks("dark")
    joined.page.evaluate("tell('theme', 'light')")
    looks("light")


def test_a_leaf_that_is_called_by_its_number_changes_its_name_with_it(join: Callable[[Link], Joined]) -> None:
    w = Value(0.5, "w")
    link = Link(w * Value(2.0))
    joined = join(link)
    joined.point(link)
    joined.frame.locator("#tab-change").click()

    def called(number: str) -> None:
        names = joined.frame.locator(".leaves th button")
        joined.until(lambda: names.all_inner_texts() == ["\u2068w\u2069", f"\u2068{number}\u2069"])
        heading = joined.frame.locator(".editor h3")
        joined.until(lambda: heading.inner_text() == f"\u2068{number}\u2069 input")

    joined.frame.locator(".leaves th button").nth(1).click()
    called("2")
    link.show(w * Value(3.0))
    joined.point(link)
    called("3")


def test_a_page_by_itself_tells_nobody_anything(browser: Any, tmp_path: Path) -> None:
    _, _, y = small()
    page = browser.new_page()
    page.add_init_script("window.heard = []; addEventListener('message', (event) => heard.push(event.data));")
    page.goto(Path(explore(y, tmp_path / "a.html", open=False).path).as_uri())
    page.locator("html[data-ready]").wait_for(state="attached")
    page.wait_for_timeout(100)
    assert page.evaluate("heard") == []
    page.close()


# --- the notebook's end -----------------------------------------------------------------------------------------------

NOTEBOOK = """
<div id=first></div><div id=second></div>
<script type=module>
{script}
// What anywidget hands over, for as many views as there are.
const model = {{
  fields: {{}},
  listeners: {{}},
  saved: 0,
  get: (name) => model.fields[name],
  set: (name, value) => {{ model.fields[name] = value; model.tell(name); }},
  tell: (name) => (model.listeners[`change:${{name}}`] ?? []).slice().forEach((listener) => listener()),
  on: (name, listener) => (model.listeners[name] ??= []).push(listener),
  off: (name, listener) => (model.listeners[name] = model.listeners[name].filter((other) => other !== listener)),
  save_changes: () => model.saved++,
}};
window.model = model;
window.open_views = (fields) => {{
  Object.assign(model.fields, fields);
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  window.numbers = (told) => ({{ ...told, data: bytes(told.data), partials: bytes(told.partials) }});
  model.fields._numbers = numbers(model.fields._numbers);
  window.ends = ["first", "second"].map((id) => notebook_js.render({{ model, el: document.getElementById(id) }}));
}};
</script>
"""


def fields(link: Link) -> dict[str, Any]:
    from base64 import b64encode

    told = link.numbers()
    packed = {key: b64encode(told[key]).decode() for key in ("data", "partials")}
    leaves = {"basis": link.basis, "changed": []}
    return {"_title": "y", "_page": link.page, "_numbers": told | packed, "_leaves": leaves}


def shows(view: Host, name: str, value: str) -> bool:
    return view.value(name) == value


def test_two_views_of_one_model_show_the_same_and_end_cleanly(browser: Any, tmp_path: Path) -> None:
    w, _, y = small()
    link = Link(y)
    page = browser.new_page(viewport={"width": 1000, "height": 1600})
    page.set_default_timeout(10000)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    file = tmp_path / "notebook.html"
    script = bundle({}, "notebook").replace("</", "<\\/")
    file.write_text(f"<!doctype html><meta charset=utf-8><body>{NOTEBOOK.format(script=script)}", encoding="utf-8")
    page.goto(file.as_uri())
    page.evaluate("(fields) => open_views(fields)", fields(link))
    first, second = Joined(page), Joined(page)
    first.frame, second.frame = page.frame_locator("#first iframe"), page.frame_locator("#second iframe")
    for view in (first, second):
        view.ready()
    first.type(0, "0.75")
    second.until(lambda: second.value("w") == "0.75")
    leaves = page.evaluate("model.get('_leaves')")
    link.hear_leaves(leaves)
    assert w.data == 0.75 and page.evaluate("model.saved") >= 1
    link.show()
    told = fields(link)
    page.evaluate("(f) => { model.set('_numbers', numbers(f._numbers)); model.set('_leaves', f._leaves); }", told)
    second.type(1, "3")
    first.until(lambda: first.value("x") == "3")
    assert page.evaluate("model.get('_leaves').changed") == [[1, 3]] and first.value("w") == "0.75"
    # Another page comes, and both show it.
    link.show(w * 7.0)
    page.evaluate(
        "(f) => { Object.assign(model.fields, f, { _numbers: numbers(f._numbers) }); model.tell('_page'); }",
        fields(link),
    )
    for view in (first, second):
        view.until(partial(shows, view, "@1", "5.25"))
    page.evaluate("ends.forEach((end) => end())")
    assert page.evaluate("Object.values(model.listeners).flat().length") == 0
    assert trouble == []
    page.close()
