"""The page as a file: its contents, and that no text in a graph can break out of its place.

``test_page`` tests what the page does in a browser, ``test_page_arithmetic`` what it computes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Graph, Value, dot, ops
from autograd.ops import BUILTIN, OPS
from autograd.symbols import Rule
from autograd.view import explore, placing, rendering
from autograd.view.explore import PAGE, build, bundle
from autograd.view.operations import javascript
from autograd.view.placing import layouts
from autograd.view.rooms import rooms
from demos.classroom.networks import credit_network

from .test_text import Lesson
from .test_text import lesson as lesson

HOSTILE = [
    "</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(2)>", "\"'&amp;", "{{data}}",
    "{{script}}", "שלום עולם", "\u202eright to left", "🦊🎉", "a\x00b\nc", "\ud800", "x" * 10_000, "\\", "",
    "__proto__", "constructor",
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_operation_stays() -> Iterator[None]:
    before = dict(OPS)
    yield
    OPS.clear()
    OPS.update(before)


class Parts(HTMLParser):
    """The tags of a document with their attributes, and the text in its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", {}))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.tags[-1] if self.tags else ("", {})
        key = "data" if attributes.get("type") == "application/json" else tag
        self.texts[key] = self.texts.get(key, "") + data

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.texts["data"])
        return found


def hostile_graph() -> Value:
    leaves = [Value(0.5 + i, label) for i, label in enumerate(HOSTILE)]
    total: Value = autograd.sum([leaf.tanh() for leaf in leaves])
    total.label = HOSTILE[0]
    return total


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


# --- the file -----------------------------------------------------------------------------------------------------


def test_nothing_but_the_page_s_own_script_and_style_may_run() -> None:
    page = Parts(build(Graph(credit_network().error)))
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'{digest(page.texts['script'])}'"
    assert rules["style-src"] == f"'{digest(page.texts['style'])}'"
    assert set(rules) == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}
    assert [attrs for tag, attrs in page.tags if tag == "script"] == [
        {"type": "application/json", "id": "data"}, {"type": "module"}
    ]  # fmt: skip


def test_the_page_asks_for_nothing_and_has_no_handlers_in_its_markup() -> None:
    page = Parts(build(Graph(credit_network().error)))
    for tag, attrs in page.tags:
        assert not {"src", "href", "srcset", "style"} & set(attrs), (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
    for word in (
        "eval(",
        "new Function",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "fetch(",
        "import(",
    ):
        assert word not in page.texts["script"], word
    assert "url(" not in page.texts["style"]
    assert "@import" not in page.texts["style"]


def test_hostile_labels_stay_text() -> None:
    text = build(Graph(hostile_graph()))
    plain, page = Parts(build(Graph(credit_network().error))), Parts(text)
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert text.count("</script>") == 2
    labels = [row.get("label", "") for row in page.data["graph"]["nodes"] if row["op"] is None]
    assert labels == HOSTILE
    text.encode("utf-8")


def test_the_data_are_the_graph_s_json() -> None:
    error = credit_network().error
    error.backward()
    assert Parts(build(Graph(error))).data["graph"] == json.loads(Graph(error).to_json())


def test_the_file_is_written_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")
    page = explore(credit_network().error, target, open=False)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (page.path, page.html) == (str(target), target.read_text(encoding="utf-8"))
    assert repr(page) == f"<page of E in {target}>"


def test_without_a_path_it_is_opened_and_with_one_only_if_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    x = Value(2.0, "x") * 3
    page = explore(x)
    assert opened == [Path(page.path).resolve().as_uri()]
    explore(x, open=False)
    explore(x, tmp_path / "a.html")
    assert len(opened) == 1
    explore(x, tmp_path / "a.html", open=True)
    assert len(opened) == 2


def test_inside_a_browser_no_other_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda address: pytest.fail("a window opens"))
    monkeypatch.setattr("sys.platform", "emscripten")
    explore(Value(1.0, "x").exp())


def test_in_a_notebook_the_cell_shows_it_and_no_window_opens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Shell:
        kernel = object()

    class IPython:
        @staticmethod
        def get_ipython() -> Shell:
            return Shell()

    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setitem(sys.modules, "IPython", IPython)
    page = explore(Value(2.0, "x") * 3)
    assert opened == []
    (frame,) = [attrs for tag, attrs in Parts(page._repr_html_()).tags if tag == "iframe"]
    assert frame["sandbox"] == "allow-scripts allow-downloads"
    assert frame["srcdoc"] == page.html


def test_what_cannot_be_explored_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(2.0, "x")
    with pytest.raises(TypeError, match="starts from a Value, not float"):
        explore(2.0, open=False)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        explore(x * 2, tmp_path / "nowhere" / "a.html")
    with pytest.raises(ValueError, match=r"parameters must be leaves, but .* is the result of mul"):
        explore(x * 2, tmp_path / "a.html", parameters=[x * 2])
    with pytest.raises(TypeError, match="inputs must be Values, not float"):
        explore(x * 2, tmp_path / "a.html", inputs=[1.0])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="at least 8 items, not 1"):
        explore(x * 2, tmp_path / "a.html", room=1)
    monkeypatch.setattr(sys.modules["autograd.view.explore"], "LIMIT", 2)
    with pytest.raises(ValueError, match="the graph has 3 nodes, and a page holds at most 2; explore a part of it"):
        explore(x * 2, tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []


def test_title_text_and_notes_are_in_the_page_and_name_it(tmp_path: Path) -> None:
    w, x = Value(0.5, "w"), Value(2.0, "x")
    u = w * x
    y = u.tanh()
    page = explore(
        y, tmp_path / "a.html", title=" A neuron ", text="It squashes.", notes={u: "A product.", w: "Learnt."}
    )
    told = Parts(page.html).data["story"]
    assert told == {"title": "A neuron", "text": "It squashes.", "notes": {"0": "Learnt.", "2": "A product."}}
    assert repr(page).startswith("<page of A neuron in ")
    assert "<title>A neuron · glassgrad</title>" in page.html and 'title="A neuron"' in page._repr_html_()


def test_what_is_no_title_or_note_is_said_in_a_sentence(tmp_path: Path) -> None:
    x = Value(2.0, "x")
    y, other = x * 3, Value(1.0, "elsewhere")
    refused: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"title": 3}, TypeError, "title must be a str, not int: 3"),
        ({"text": ["a"]}, TypeError, "text must be a str, not list"),
        ({"text": "  "}, ValueError, "text is empty; leave it out instead"),
        ({"selected": 0}, TypeError, "selected must be a Value of the graph, not int: 0"),
        ({"selected": other}, ValueError, "selected is .*elsewhere.*, which is not a node of the graph"),
        ({"step": "forward"}, ValueError, "step='forward' needs selected=..., the node whose step it is"),
        ({"selected": x, "step": "back"}, ValueError, "step must be 'forward' or 'backward', not 'back'"),
        ({"notes": ["a"]}, TypeError, "notes must be a mapping of nodes to texts, not list"),
        ({"notes": {"x": "a"}}, TypeError, "notes are for Values, not for str: 'x'"),
        ({"notes": {x: 3}}, TypeError, "the note for .*x.* must be a str, not int"),
        ({"notes": {x: ""}}, ValueError, "the note for .*x.* is empty"),
        ({"notes": {other: "a"}}, ValueError, "there is a note for .*elsewhere.*, which is not a node of the graph"),
    ]
    for options, error, message in refused:
        with pytest.raises(error, match=message) as caught:
            explore(y, tmp_path / "a.html", **options)
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def introduction(v: Value) -> tuple[str, str]:
    """The title and the introduction that a page makes from a graph."""
    story = Parts(build(Graph(v))).data["story"]
    return story["title"], story["text"]


def test_without_a_title_the_graph_is_introduced_by_its_structure() -> None:
    network = nn.MLP(2, [4, 4, 1], seed=0)
    assert introduction(network([1.0, 2.0])) == (
        "mlp: a network of 3 layers",
        "Its shape is 2 → 4 → 4 → 1. It has 37 parameters, and works on one example here. "
        "The backward pass finds how fast the result changes with each parameter.",
    )
    losses = [(network([1.0, 0.1 * k]) - 1) ** 2 for k in range(20)]
    total = losses[0]
    for loss in losses[1:]:
        total = total + loss
    total.label = "L"
    assert "works on 20 examples here; L is computed from its output." in introduction(total)[1]
    assert introduction(nn.Neuron(3, seed=0)([1.0, 2.0, 3.0]))[0] == "neuron: a neuron with 3 inputs"
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c = a * b + a
    title, text = introduction(c)
    assert title == "An expression of a and b"
    assert text.startswith("The result is computed from a and b in 2 operations.")
    c.label = "c"
    assert introduction(c)[0] == "c from a and b"
    leaf = "a is a leaf: nothing is computed, and its derivative with respect to itself is 1."
    assert introduction(a) == ("a, a leaf", leaf)
    many = Value(0.0, "p0")
    for k in range(1, 9):
        many = many + Value(1.0, f"p{k}")
    assert introduction(many)[0] == "An expression of 9 numbers"


def test_steps_of_a_recurrence_are_no_examples() -> None:
    w, u = Value(0.5, "w"), Value(-0.25, "u")
    h = Value(0.0)
    for x in (1.0, 2.0, 3.0):
        h = dot([w, u], [Value(x), h]).tanh()
    assert "works over 3 steps here" in introduction(h)[1]


@pytest.mark.parametrize("label", ["y" * 500, "\ud800", "a\nb", "<b>", "\u202e"])
def test_introductions_survive_any_label(label: str) -> None:
    a = Value(2.0, label)
    b = a.tanh()
    b.label = label
    title, text = introduction(b)
    assert (title + text).encode()
    assert len(title) < 80 and len(text) < 400 and "\n" not in title + text


@pytest.mark.parametrize("steps", [1, 25])
def test_after_training_the_page_of_the_old_loss_is_the_same_but_for_marks(lesson: Lesson, steps: int) -> None:
    graph = Graph(lesson.loss)
    before = Parts(build(graph))
    assert before.data["since"] == {}
    lesson.train(steps)
    after = Parts(build(Graph(lesson.loss)))
    now = {str(i): node.data for i, node in enumerate(graph) if node.data != graph.data[i]}
    assert len(now) > 0 and after.data["since"] == now
    assert after.data | {"since": {}} == before.data
    assert after.texts | {"data": ""} == before.texts | {"data": ""}


def test_numbers_that_json_has_not_are_marked_too() -> None:
    x, y, z = Value(1.0), Value(2.0), Value(3.0)
    total = x + y + z
    x.data, y.data, z.data = math.inf, math.nan, -math.inf
    assert Parts(build(Graph(total))).data["since"] == {"0": "inf", "1": "nan", "3": "-inf"}


def test_a_graph_of_two_points_is_refused_in_a_sentence(tmp_path: Path) -> None:
    w = Value(2.0, "w")
    h = w * 3
    w.data = 5.0
    with pytest.raises(RuntimeError, match="belongs to no single point; compute all of it again"):
        explore(h * w, tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []


# --- roles --------------------------------------------------------------------------------------------------------


def roles(v: Value, **options: Any) -> dict[str, str]:
    data = Parts(build(Graph(v), **options)).data
    return {name: role for name, role in zip(data["names"], data["roles"]) if role}


def test_the_inputs_and_the_target_of_a_plain_graph_do_not_move() -> None:
    found = roles(credit_network().error)
    assert {name for name, role in found.items() if role == "parameter"} == {"w11", "w12", "w21", "w22", "v1", "v2"}
    assert {name for name, role in found.items() if role == "input"} == {"x1", "x2", "y"}
    assert found["2"] == "constant"


def test_the_parameters_of_a_network_are_what_its_modules_own() -> None:
    model = nn.MLP(2, [2, 1], seed=0)
    x = [Value(1.0, "a"), Value(2.0, "b")]
    found = roles(nn.half_mse([model(x)], [1.0]))
    moving = {name for name, role in found.items() if role == "parameter"}
    assert moving == {name for name, _ in model.named_parameters()}
    assert found["a"] == found["b"] == "input"


def test_parameters_and_inputs_can_be_named() -> None:
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "x")
    total = a * b + c
    assert roles(total) == {"a": "parameter", "b": "parameter", "x": "input"}
    assert roles(total, parameters=[c]) == {"a": "input", "b": "input", "x": "parameter"}
    assert roles(total, inputs=[a]) == {"a": "input", "b": "parameter", "x": "parameter"}
    assert roles(total, parameters=[Value(1.0), a])["a"] == "parameter"  # a network's parameter that is not used here


# --- rooms --------------------------------------------------------------------------------------------------------


def chain(length: int) -> Value:
    x = Value(0.1, "x")
    for _ in range(length):
        x = x.sin()
    return x


def moons_like(examples: int) -> Value:
    model = nn.MLP(2, [16, 16, 1], seed=0)
    scores = [model([0.1 * i, 0.2]) for i in range(examples)]
    loss: Value = nn.hinge(scores, [1] * examples) + 1e-4 * autograd.sum([p * p for p in model.parameters()])
    return loss


def tangle(nodes: int) -> Value:
    import random

    rng = random.Random(0)
    values = [Value(rng.random(), f"a{i}") for i in range(30)]
    while len(values) < nodes:
        a, b = rng.choice(values[-60:]), rng.choice(values[-60:])
        values.append(rng.choice([a * b, a + b, a.tanh()]))
    total: Value = autograd.sum(values[-60:])
    return total


def nested() -> Value:
    """Modules with nothing but a module inside, and names that clash with those of other rooms."""
    before = autograd.enter(None)
    total = Value(1.0, "x")
    for scope in ("a.b.c.d", "a.b.c.e.f", "a.b.c.e.f.g", "other", "·3", "a.b/leaf", ""):
        autograd.enter(autograd.Place(scope) if scope else None)
        total = (total * Value(2.0, "w")).tanh() + 1
    autograd.enter(before)
    return total


GRAPHS = {
    "nested": nested,
    "leaf": lambda: Value(1.0, "x"),
    "worked example": lambda: credit_network().error,
    "one neuron": lambda: nn.MLP(2, [1], seed=0)([1.0, 2.0]),
    "one moon": lambda: moons_like(1),
    "ten moons": lambda: moons_like(10),
    "digits": lambda: nn.cross_entropy([nn.MLP(64, [32, 10], seed=0)([0.5] * 64)], [3]),
    "chain": lambda: chain(3000),
    "tangle": lambda: tangle(2000),
    "hostile": hostile_graph,
}


def test_one_call_of_graphviz_lays_out_all_rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(source: str, format: str) -> bytes:
        calls.append(source)
        return rendering.render(source, format)

    monkeypatch.setattr(placing, "render", counted)
    layouts(rooms(Graph(moons_like(1)), 60))
    assert len(calls) == 1


def test_a_room_too_large_for_graphviz_leaves_the_others_their_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    large, small = rooms(Graph(chain(40)), 1000)[0], rooms(Graph(chain(3)), 1000)[0]
    limit = placing._Shape(small).cost
    assert placing._Shape(large).cost > limit
    monkeypatch.setattr(placing, "LAID_OUT", limit)
    for found, expected in (([large, small], [-1, 0]), ([small, large], [0, -1])):
        _, wide, _, trouble = layouts(found)
        assert (wide, trouble) == (expected, "")


def test_without_graphviz_the_page_says_so_and_lays_out_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(source: str, format: str) -> bytes:
        raise rendering.GraphvizMissing("there is none: install one")

    monkeypatch.setattr(placing, "render", missing)
    data = Parts(build(Graph(credit_network().error))).data
    assert data["layouts"] == []
    assert {room["layout"] for room in data["rooms"]} == {-1}
    assert "there is none: install one" in data["notes"][0]


def test_a_long_chain_is_exported_without_recursion() -> None:
    data = Parts(build(Graph(chain(20_000)))).data
    assert len(data["graph"]["nodes"]) == 20_001
    assert len(data["layouts"]) < 20, "pieces of a chain look alike"


# --- rules --------------------------------------------------------------------------------------------------------


def test_an_operation_of_one_s_own_comes_with_what_it_calls() -> None:
    autograd.op(
        "softclip",
        forward=lambda a: a * autograd.sigmoid(a) + autograd.sum([a, autograd.tanh(a)]),
        partials=lambda a, out: (autograd.sigmoid(a) * (1 + a * autograd.sigmoid(-a)) + 1 + autograd.sech(a) ** 2,),
        check=[(0.5,)],
    )
    source = javascript([(OPS["softclip"], 1)])
    assert '"softclip/1": { forward:' in source
    assert re.findall(r'^f\["(.+?)"\]', source, re.MULTILINE) == ["sigmoid", "sum/2", "sech"]


@pytest.mark.parametrize("how", ["math", "if", "calls one with math"])
def test_an_operation_that_symbols_cannot_read_is_shown_but_not_computed(how: str) -> None:
    by_math = autograd.op("by_math", math.sin, lambda a, out: (math.cos(a),))
    own = {
        "math": by_math,
        "if": autograd.op("by_if", lambda a: a if a > 0 else 0 * a, lambda a, out: (1.0 if a > 0 else 0.0,)),
        "calls one with math": autograd.op(
            "caller", lambda a: by_math(a) + a, lambda a, out: (1.0 + by_math(a + 1.57),)
        ),
    }[how]
    data = Parts(build(Graph(own(Value(0.5, "x"))))).data
    assert f'"{own.name}/1": null,' in javascript([(own, 1)])
    assert data["operations"][f"{own.name}/1"]["readable"] is False
    assert f"The rule of {own.name} cannot be read with symbols" in data["notes"][0]


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_the_rule_of_every_operation_is_mathml(name: str) -> None:
    from xml.etree import ElementTree

    op = OPS[name]
    operands = [Value(0.5, f"a{k}") for k in range(op.arity or 4)]
    node = op(*operands) if op.arity is not None else op(operands[:2], operands[2:]) if op is ops.dot else op(operands)
    (described,) = Parts(build(Graph(node))).data["operations"].values()
    rule = described["rule"]
    for text in [rule["forward"], *rule["partials"], *rule["operands"]]:
        ElementTree.fromstring(f"<math>{text}</math>")
    if op.arity is not None:
        assert len(rule["partials"]) == op.arity
        assert len(Rule(op).partials) == op.arity


# --- the bundle ---------------------------------------------------------------------------------------------------


def test_the_modules_keep_to_the_form_that_the_bundle_understands() -> None:
    names = {path.stem for path in PAGE.glob("*.js")}
    text = bundle({"operations": "export const operations = {};\n"})
    assert not re.search(r"^\s*(import|export)\b", text, re.MULTILINE)
    made = re.findall(r"^const (\w+)_js = \(\(\) => \{$", text, re.MULTILINE)
    assert sorted(made) == sorted([*(names & set(made)), "operations"])
    # Only the operations import `elementary`, and only a notebook runs `notebook`; the page uses all other modules.
    assert names - set(made) == {"elementary", "notebook"}
    for path in PAGE.glob("*.js"):
        source = path.read_text(encoding="utf-8")
        assert source.startswith("// "), f"{path.name} says what lives there"
        for line in source.splitlines():
            if line.startswith(("import", "export")):
                assert re.match(
                    r'import \{ [\w, ]+ \} from "\./\w+\.js";$|export (async function|function|class|const) \w', line
                )


def test_modules_that_import_each_other_are_refused() -> None:
    import graphlib

    with pytest.raises(graphlib.CycleError):
        bundle({"a": 'import { b } from "./b.js";\n', "b": 'import { a } from "./a.js";\n'}, start="a")


def test_the_title_is_escaped() -> None:
    x = Value(1.0, "<b>&" + "y" * 100)
    page = build(Graph(x))
    assert f"<title>{html.escape('<b>&' + 'y' * 35)}… · glassgrad</title>" in page


# --- colours ------------------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def themes() -> list[dict[str, str]]:
    style = (PAGE / "base.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root[^{]*\{([^}]*)\}", style)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})\b", block)) for block in blocks]


def test_letters_stand_out_from_their_ground_in_both_themes() -> None:
    light, dark, by_system = themes()
    assert dark == by_system
    for theme in (light, dark):
        grounds = [(name, "ink") for name in ("ground", "card", "sunk", "soft")]
        grounds += [(f"{hue}{level}", "ink") for hue in "pns" for level in range(1, 5)]
        grounds += [(f"{hue}5", "on-deep") for hue in "pns"]
        grounds += [(name, letters) for name in ("ground", "card") for letters in ("muted", "accent", "p-ink", "n-ink")]
        grounds += [("accent", "on-accent"), ("alarm", "on-deep"), ("alarm-soft", "alarm"), ("n2", "n-ink")]
        low = {pair: round(contrast(theme[pair[0]], theme[pair[1]]), 2) for pair in grounds}
        assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}
