"""The program's side of a live page: what it sends to the page, and what it does with messages from the page.

These tests need no browser and no notebook; ``test_page_notebooks`` tests both sides together.
"""

from __future__ import annotations

import asyncio
import math
import re
import struct
import sys
import threading
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

import nn
from autograd import Graph, Value, op
from autograd.value import Constant
from autograd.view import widget
from autograd.view.widget import PAUSE, Link, Still, Throttle

from .test_explore import Parts
from .test_text import Lesson
from .test_text import lesson as lesson


def floats(packed: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(packed) // 8}d", packed))


def says(link: Link, *changed: Any, basis: int | None = None) -> None:
    """Send a message as the page does when leaves are changed in it."""
    link.hear_leaves({"basis": link.basis if basis is None else basis, "changed": list(changed)})


def position(link: Link, node: Value) -> int:
    return link.graph.position(node)


# --- from the page to the program -------------------------------------------------------------------------------------


def test_a_leaf_changed_in_the_page_is_changed_in_the_program_and_undone_there_too() -> None:
    w, x = Value(0.5, "w"), Value(2.0, "x")
    y = (w * x).tanh()
    link = Link(y)
    says(link, [position(link, w), 0.75])
    assert (w.data, x.data, y.data) == (0.75, 2.0, math.tanh(1.0))
    says(link, [position(link, w), 0.75], [position(link, x), 3.0])
    assert (w.data, x.data) == (0.75, 3.0)
    says(link, [position(link, x), 3.0])
    assert (w.data, x.data) == (0.5, 3.0)
    says(link)
    assert (w.data, x.data) == (0.5, 2.0)
    y.backward()
    assert w.grad == pytest.approx(2.0 / math.cosh(1.0) ** 2, rel=1e-14)  # the graph still belongs to its own point


def test_only_what_the_page_changed_is_written() -> None:
    w, x = Value(0.5, "w"), Value(2.0, "x")
    link = Link(w * x)
    w.data = 5.0  # by the program, which has not told the page
    says(link, [1, 3.0])
    says(link)
    assert (w.data, x.data) == (5.0, 2.0)


@pytest.mark.parametrize(
    "said, number",
    [(3, 3.0), (1e-320, 1e-320), ("inf", math.inf), ("-inf", -math.inf), ("nan", math.nan), ("-0", -0.0)],
)
def test_every_number_comes_through(said: object, number: float) -> None:
    w = Value(0.0, "w")
    link = Link(w * 2)
    says(link, [0, said])
    assert repr(w.data) == repr(number)
    link.show()
    assert repr(floats(link.numbers()["data"])[0]) == repr(number)


@pytest.mark.parametrize(
    "changed, sentence",
    [
        ("no list", "the page's leaves must be a list of pairs, not 'no list'"),
        ([[0, 1.0], [0]], "must be pairs of a position and a number, not [0]"),
        ([[0, 1.0], "01"], "must be pairs of a position and a number, not '01'"),
        ([[0, 1.0], [4, 1.0]], "the page refers to node 4, but the graph has 4 nodes"),
        ([[0, 1.0], [-1, 1.0]], "the page refers to node -1, but"),
        ([[0, 1.0], [True, 1.0]], "the page refers to node True, but"),
        ([[0, 1.0], ["1", 1.0]], "the page refers to node '1', but"),
        ([[0, 1.0], [2, 1.0]], "the page cannot set 'm' (data 1), because it is not a leaf"),
        ([[0, 1.0], [1, "1.0"]], "the page sets a leaf to '1.0', which is not a number"),
        ([[0, 1.0], [1, None]], "sets a leaf to None, which is not a number"),
        ([[0, 1.0], [1, True]], "sets a leaf to True, which is not a number"),
        ([[0, 1.0], [1, [1.0]]], "sets a leaf to [1.0], which is not a number"),
        ([[0, 1.0], [1, 10**400]], "beyond ±1.8e308, the range of a float"),
    ],
)
def test_bad_leaves_are_refused_in_a_sentence_and_nothing_is_written(changed: object, sentence: str) -> None:
    w, x = Value(0.5, "w"), Value(2.0, "x")
    m = w * x
    m.label = "m"
    link = Link(m.tanh())
    with pytest.raises((ValueError, OverflowError), match=re.escape(sentence)):
        link.hear_leaves({"basis": 1, "changed": changed})
    assert (w.data, x.data, link.changed) == (0.5, 2.0, {})


@pytest.mark.parametrize("message", [None, 3, [], {}, {"basis": 1}, {"changed": []}, {"basis": "1", "changed": []}])
def test_what_is_no_message_is_refused(message: object) -> None:
    link = Link(Value(0.5, "w") * 2)
    with pytest.raises(ValueError, match="this is not a page's message with 'basis' and 'changed'"):
        link.hear_leaves(message)
    with pytest.raises(ValueError, match="this is not a page's message with 'basis' and 'node'"):
        link.hear_selected(message)


def test_what_was_said_of_an_older_point_comes_too_late() -> None:
    w = Value(0.5, "w")
    link = Link(w * 2)
    w.data = 0.6
    link.show()
    says(link, [0, 9.0], basis=1)
    assert w.data == 0.6
    says(link, [0, 9.0], basis=2)
    assert w.data == 9.0


def test_constants_keep_their_places_and_can_be_changed_like_other_leaves() -> None:
    w = Value(0.5, "w")
    y = 2 * w + 3
    link = Link(y)
    (two, three) = [node for node in link.graph if isinstance(node, Constant)]
    says(link, [position(link, three), 4.0])
    link.show()
    assert floats(link.numbers()["data"])[-1] == 5.0
    assert link.hear_selected({"basis": 2, "node": position(link, two)}) is two
    assert link.numbers()["names"] == [[position(link, three), "4"]]  # an unlabelled number is named by its text


def test_the_selection_is_a_node_of_the_graph_that_is_shown() -> None:
    w = Value(0.5, "w")
    first, second = (w * 2).tanh(), (w * 2).tanh()
    link = Link(first)
    last = len(link.graph) - 1
    assert link.hear_selected({"basis": 1, "node": last}) is first
    assert link.hear_selected({"basis": 1, "node": None}) is None
    link.show(second)
    assert link.hear_selected({"basis": 1, "node": last}) is second  # a graph of the same shape keeps the page
    link.show(w * 3)
    assert link.hear_selected({"basis": 1, "node": last}) is None
    with pytest.raises(ValueError, match="the page refers to node 7, but the graph has 3 nodes"):
        link.hear_selected({"basis": 3, "node": 7})


# --- from the program to the page -------------------------------------------------------------------------------------


def test_the_point_has_the_numbers_that_the_page_is_made_with() -> None:
    loss = nn.mse([nn.MLP(2, [3, 1], seed=1)([0.1 * i, 1.0]) for i in range(3)], [1.0, 0.0, 1.0])
    link = Link(loss)
    nodes = Parts(link.page).data["graph"]["nodes"]
    told = link.numbers()
    assert floats(told["data"]) == [node["data"] for node in nodes]
    assert floats(told["partials"]) == [slope for node in nodes for slope in node.get("partials", [])]
    assert (told["basis"], told["names"], told["since"]) == (1, [], [])


def test_another_point_of_one_shape_is_numbers_only_and_another_shape_another_page() -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)

    def loss(inputs: list[float]) -> Value:
        result: Value = (model(inputs) - 1.0) ** 2
        return result

    link = Link(loss([1.0, -2.0]), parameters=model.parameters())
    page, before = link.page, link.numbers()
    for parameter in model.parameters():
        parameter.data += 0.25
    second = loss([3.0, -2.0])
    link.show(second)
    told = link.numbers()
    assert link.page == page and told["basis"] == 2 and len(told["data"]) == len(before["data"])
    assert floats(told["data"])[-1] == second.data
    changed = [node for node in link.graph if node.op is None and node.data == 3.0]
    assert [name for _, name in told["names"]] == ["3"] * len(changed) and changed
    link.show(loss([3.0, -2.0]) * 2.0)
    assert link.page != page and link.numbers()["names"] == [] and link.basis == 3


@pytest.mark.parametrize("what", ["label", "exponent", "order", "role", "scope"])
def test_what_makes_another_shape(what: str) -> None:
    def build(other: bool) -> tuple[Value, list[Value]]:
        w, x = Value(2.0, "v" if other and what == "label" else "w"), Value(3.0, "x")
        product = x * w if other and what == "order" else w * x
        y = product ** (4 if other and what == "exponent" else 3)
        if other and what == "scope":
            module = nn.Linear(1, 1, seed=1)
            return module([y])[0], [w]
        return y, [w]

    first, parameters = build(False)
    link = Link(first, parameters=parameters)
    page = link.page
    again, others = build(what == "role")
    link._parameters = others if what != "role" else []
    link.show(again)
    assert (link.page == page) is (what != "role")
    link._parameters = None
    page = link.page
    link.show(build(True)[0])
    assert link.page != page


def test_without_a_graph_the_present_one_is_computed_where_its_leaves_are(lesson: Lesson) -> None:
    link = Link(lesson.loss)
    lesson.train(3)
    link.show()
    told = link.numbers()
    data = floats(told["data"])
    fresh = lesson.compute()
    again = Graph(fresh)
    assert data == again.data and told["since"] == []
    assert floats(told["partials"]) == [slope for node in again for slope in node.partials]


def test_a_rule_that_the_page_cannot_read_is_computed_by_the_program() -> None:
    opaque = op("opaque_in_a_widget", lambda a: math.floor(a) * 1.0, lambda a, out: (0.5,))
    w = Value(2.5, "w")
    link = Link(opaque(w) * 3)
    w.data = 4.5
    link.show()
    assert floats(link.numbers()["data"])[-1] == 12.0


def test_a_graph_is_shown_at_its_own_point_with_what_leaves_are_now(lesson: Lesson) -> None:
    before = Graph(lesson.loss)
    link = Link(lesson.loss)
    lesson.train(2)
    link.show(lesson.loss)
    told = link.numbers()
    assert floats(told["data"]) == before.data
    assert told["since"] == [[i, node.data] for i, node in enumerate(before) if node.data != before.data[i]] != []


def test_a_point_begins_anew() -> None:
    w = Value(0.5, "w")
    link = Link(w * 2)
    says(link, [0, 0.75])
    link.show()
    assert link.changed == {}
    says(link, [0, 1.0])
    says(link)
    assert w.data == 0.75


def test_what_cannot_be_shown_is_said_as_explore_says_it() -> None:
    w = Value(0.5, "w")
    half = w * 2
    link = Link(half + w)
    w.data = 0.75
    with pytest.raises(RuntimeError, match=r"a leaf was set after .* the graph belongs to no single point"):
        link.show(half + w)
    assert link.basis == 1 and link.numbers()["basis"] == 1
    with pytest.raises(ValueError, match="at least 8 items, not 1"):
        Link(w * 2, room=1)
    with pytest.raises(TypeError, match="starts from a Value, not float"):
        Link(2.0)  # type: ignore[arg-type]


# --- not too often ----------------------------------------------------------------------------------------------------


class Time:
    """A clock that moves only on request, with the callbacks that are scheduled."""

    def __init__(self) -> None:
        self.now = 100.0
        self.planned: list[tuple[float, Callable[[], None]]] = []

    def later(self, seconds: float, f: Callable[[], None]) -> None:
        self.planned.append((self.now + seconds, f))

    def go(self, seconds: float) -> None:
        self.now += seconds
        due = [f for at, f in self.planned if at <= self.now]
        self.planned = [plan for plan in self.planned if plan[0] > self.now]
        for f in due:
            f()


def test_at_most_so_often_and_the_last_state_always_arrives() -> None:
    time, seen = Time(), []
    state = [0]
    throttle = Throttle(lambda: seen.append((state[0], time.now)), time.later, lambda: time.now)
    for _ in range(1000):  # a loop of ten seconds, in which nothing else can run
        time.now += 0.01
        state[0] += 1
        throttle()
    assert 150 <= len(seen) <= 200
    assert all(later - earlier >= PAUSE - 1e-9 for (_, earlier), (_, later) in pairwise(seen))
    assert len(time.planned) == 1
    time.go(PAUSE)
    assert seen[-1][0] == 1000 and time.planned == []
    known = len(seen)
    time.go(1.0)
    assert len(seen) == known  # no call has been made since
    throttle()
    assert len(seen) == known + 1


def test_what_was_put_off_is_done_once() -> None:
    time, seen = Time(), []
    throttle = Throttle(lambda: seen.append(time.now), time.later, lambda: time.now)
    throttle()
    throttle()
    time.now += 2 * PAUSE
    throttle()  # a call comes before the loop is free
    time.go(0.0)
    assert len(seen) == 2
    throttle()
    assert len(seen) == 2
    time.go(PAUSE)
    assert len(seen) == 3


def test_where_nothing_can_be_put_off_everything_is_done_at_once() -> None:
    seen = []
    throttle = Throttle(lambda: seen.append(1), None, lambda: 0.0)
    throttle()
    throttle()
    assert len(seen) == 2

    def ended(seconds: float, f: Callable[[], None]) -> None:
        raise RuntimeError("Event loop is closed")

    throttle = Throttle(lambda: seen.append(1), ended, lambda: 0.0)
    throttle()
    throttle()
    assert len(seen) == 4


def test_an_action_that_fails_says_so_and_does_not_come_back() -> None:
    time = Time()

    def fail() -> None:
        raise ValueError("no")

    throttle = Throttle(fail, time.later, lambda: time.now)
    with pytest.raises(ValueError, match="no"):
        throttle()
    time.go(1.0)
    assert time.planned == []


# --- the widget -------------------------------------------------------------------------------------------------------


def live(v: Value, **options: Any) -> Any:
    pytest.importorskip("anywidget", reason="anywidget is not installed")
    return widget(v, **options)


def test_the_widget_s_fields_are_the_messages() -> None:
    w = Value(0.5, "w")
    y = (w * 2).tanh()
    shown = live(y)
    link = Link(y)
    assert shown._numbers == link.numbers() and shown._page == link.page
    assert shown._leaves == {"basis": 1, "changed": []} and shown.selected is None
    seen: list[Any] = []
    shown.observe(lambda change: seen.append(change["new"]), "selected")
    shown.set_state({"_selected": {"basis": 1, "node": 0}})
    shown.set_state({"_leaves": {"basis": 1, "changed": [[0, 0.75]]}})
    assert shown.selected is w and seen == [w] and w.data == 0.75
    shown.update()
    assert shown._numbers["basis"] == 2 and floats(shown._numbers["data"])[-1] == math.tanh(1.5)
    assert shown._leaves == {"basis": 2, "changed": []} and w.data == 0.75 and shown.selected is w
    shown.update(w * 3)
    assert shown._page != link.page and shown.selected is None and shown._title == "@1"
    with pytest.raises(ValueError, match="not a leaf"):
        shown.set_state({"_leaves": {"basis": 3, "changed": [[2, 0.0]]}})
    with pytest.raises(TypeError, match=r"the page shows the graph of a Value, not of float: 0\.25"):
        shown.update(0.25)


def test_only_the_program_sets_what_it_says() -> None:
    shown = live(Value(0.5, "w") * 2)
    traitlets = pytest.importorskip("traitlets")
    with pytest.raises(traitlets.TraitError, match="read-only"):
        shown.selected = Value(1.0)


def test_a_trained_loop_is_followed_to_its_end_by_the_event_loop() -> None:
    model = nn.MLP(1, [2, 1], activation="tanh", seed=1)
    optimiser = nn.SGD(model.parameters(), lr=1e-4)

    async def cell() -> tuple[Any, int, Value]:
        shown = live((model([1.0]) - 1.0) ** 2)
        for _ in range(200):
            loss = (model([1.0]) - 1.0) ** 2
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            shown.update(loss)
        inside = shown._numbers["basis"]
        while floats(shown._numbers["data"])[-1] != loss.data:  # the event loop sends it once the cell has ended
            await asyncio.sleep(0.01)
        return shown, inside, loss

    shown, inside, loss = asyncio.run(cell())
    assert inside < 200
    assert dict(shown._numbers["since"]) == {
        i: node.data for i, node in enumerate(Graph(loss)) if node in set(model.parameters())
    }
    shown.update()  # the event loop has ended
    shown.update()
    assert shown._numbers["since"] == []


def test_a_thread_can_train_while_the_page_is_looked_at() -> None:
    w = Value(1.0, "w")

    async def cell() -> None:
        shown = live(w * w)

        def train() -> None:
            for _ in range(50):
                w.data = w.data * 0.9
                shown.update()

        thread = threading.Thread(target=train)
        thread.start()
        while thread.is_alive() or floats(shown._numbers["data"])[0] != w.data:
            await asyncio.sleep(0.01)
        thread.join()

    asyncio.run(cell())


def test_without_anywidget_there_is_the_still_page_and_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "autograd.view.live", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("webbrowser.open", lambda address: None)
    with pytest.warns(UserWarning, match=r"anywidget is not installed, .* pip install 'glassgrad\[notebook\]'"):
        page: Any = widget(Value(0.5, "w") * 2)
    assert isinstance(page, Still) and "<iframe" in page._repr_html_()
    with pytest.raises(AttributeError, match="there is no 'update' here: anywidget is not installed"):
        page.update()
    with pytest.raises(AttributeError, match="'Still' object has no attribute 'nothing'"):
        getattr(page, "nothing")  # noqa: B009
    assert not hasattr(page, "_repr_mimebundle_")


def test_another_module_that_is_missing_is_not_taken_for_anywidget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "autograd.view.live", None)
    with warnings.catch_warnings(), pytest.raises(ModuleNotFoundError, match=r"autograd\.view\.live"):
        warnings.simplefilter("error")
        widget(Value(0.5, "w") * 2)
