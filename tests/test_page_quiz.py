"""The quiz of the page: its questions and their order, what it reveals, and how it keeps the score."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd
from autograd import Graph, Value
from demos.classroom.networks import credit_network

from .browser import chromium
from .test_explore import moons_like
from .test_page import Reader, diamond
from .test_page import visit as visit


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def begin(visit: Callable[..., Reader], v: Value, address: str = "") -> Reader:
    reader = visit(v, f"#tab=quiz{address}")
    reader.page.click("#quiz-start")
    return reader


def order(reader: Reader) -> list[str]:
    return [reader.names[i] for i in reader.page.evaluate("page.quiz.order")]


def answer(reader: Reader, text: str) -> None:
    reader.page.fill("#quiz-answer", text)
    reader.press("Enter")


def label(**nodes: Value) -> None:
    for name, node in nodes.items():
        node.label = name


def sums() -> Value:
    """L = (s - d)², s a sum of three and d a product: the terms of s have the same gradient, s and d have not."""
    a, b, c, e = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c"), Value(0.5, "e")
    s = autograd.sum([a, b, c])
    d = e * 2.5
    root = (s - d) ** 2
    label(s=s, d=d, L=root)
    return root  # type: ignore[no-any-return]


def test_a_running_player_stops_when_the_quiz_begins(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error, "#tab=quiz")
    reader.page.select_option("#pace", "faster")
    reader.page.click("#play")
    reader.until("page.state.get('time') > 2")
    reader.page.click("#quiz-start")
    assert reader.page.get_attribute("#play", "aria-pressed") == "false"
    assert reader.page.evaluate("page.player.playing") == 0
    assert reader.page.evaluate("page.state.get('time')") is None
    assert reader.text("#phase") == "Quiz"


def test_questions_go_from_the_loss_back_and_from_easy_to_hard(visit: Callable[..., Reader]) -> None:
    reader = begin(visit, credit_network().error)
    asked = order(reader)
    assert asked[0] == "@2", "the last result before the loss"
    assert asked.index("o") < asked.index("zo") < asked.index("h1") < asked.index("z1") < asked.index("w11")
    # w11 and x1 are equally far from the loss, but w11 is easier: it has one consumer, x1 two.
    assert asked.index("w11") < asked.index("x1")


@pytest.mark.parametrize(
    ("make", "room"),
    [
        (lambda: credit_network().error, ""),
        (diamond, ""),
        (sums, ""),
        (lambda: moons_like(1), "&room=mlp.layer1.neuron2"),
    ],
    ids=["worked example", "diamond", "sums", "neuron"],
)
def test_nothing_given_is_the_answer_to_a_later_question(
    visit: Callable[..., Reader], make: Callable[[], Value], room: str
) -> None:
    reader = begin(visit, make(), room)
    page = reader.page
    gradients = reader.graph.gradients()
    pending = page.evaluate("page.quiz.questions.map(({ nodes }) => nodes)")
    while pending:
        [i, *_] = pending[0]
        assert page.evaluate("page.model.selectedNode") == i
        # The consumers of what is asked for are given; they must have been asked for before.
        given = page.evaluate("(i) => page.model.timeline.usesThatMatter(i).map((e) => page.engine.consumers[e])", i)
        assert not set(given) & {k for nodes in pending for k in nodes}
        for k in (k for nodes in pending for k in nodes):
            card = page.evaluate("(k) => page.reading.item(page.view.items[page.view.places.get(`${k}`)]).gradient", k)
            assert card == "?"
        flows = page.evaluate(
            """(nodes) => page.view.edges.filter((edge) => edge.members.some((e) =>
                 nodes.includes(page.engine.operands[e]))).map((edge) => page.reading.edge(edge).flow)""",
            [k for nodes in pending for k in nodes],
        )
        assert set(flows) <= {"", "value", "values"}  # an edge between rooms shows a count
        page.click("#quiz-show")
        shown = page.evaluate("[...page.model.answered]")
        later = {k for nodes in pending[1:] for k in nodes}
        assert not set(shown) & later
        assert page.evaluate("(i) => page.engine.grad[i]", i) == pytest.approx(gradients[i], rel=1e-12)
        assert "Here is how." in reader.text(".verdict")
        pending.pop(0)
        page.click("#quiz-next")
    assert reader.text("#panel-quiz h2").startswith("0 of")


def test_the_terms_of_a_sum_are_one_question(visit: Callable[..., Reader]) -> None:
    reader = begin(visit, sums())
    asked = order(reader)
    assert len({"a", "b", "c"} & set(asked)) == 1
    assert {"s", "d"} <= set(asked), "the slopes of a difference are 1 and -1"
    while reader.names[reader.page.evaluate("page.model.selectedNode")] not in ("a", "b", "c"):
        reader.page.click("#quiz-show")
        reader.page.click("#quiz-next")
    assert [reader.shown(name, "gradient") for name in "abc"] == ["?"] * 3
    reader.page.click("#quiz-show")
    others = {"a", "b", "c"} - set(asked)
    assert all(name in reader.text(".verdict p") for name in others)
    assert "?" not in {reader.shown(name, "gradient") for name in "abc"}


def test_same_values_are_no_reason_to_ask_once(visit: Callable[..., Reader]) -> None:
    a, b = Value(2.0, "a"), Value(2.0, "b")
    root = a * b
    root.label = "L"
    assert sorted(order(begin(visit, root))) == ["a", "b"]


def test_a_second_try_has_a_hint_that_names_the_consumer(visit: Callable[..., Reader]) -> None:
    reader = begin(visit, diamond())
    gradients = dict(zip(reader.names, reader.graph.gradients()))
    name = order(reader)[0]
    answer(reader, "1000")
    hint = reader.text("#quiz-hint")
    assert hint == f"Look at L: its gradient is 1. Multiply that by the slope of L in {name}."
    assert reader.page.evaluate("document.activeElement.id") == "quiz-answer"
    assert f"{gradients[name]:g}" not in hint
    answer(reader, str(gradients[name]))
    assert "Right." in reader.text(".verdict")
    assert reader.text("#quiz-score") == "1 right"
    reader.page.click("#quiz-next")
    assert reader.page.locator("#quiz-hint").count() == 0
    while reader.names[reader.page.evaluate("page.model.selectedNode")] != "a":
        reader.page.click("#quiz-show")
        reader.page.click("#quiz-next")
    answer(reader, "1000")
    assert re.fullmatch(
        r"Look at (u|p|q), (u|p|q), (u|p|q): take for each its gradient times its slope in a, and add up\.",
        reader.text("#quiz-hint"),
    )
    answer(reader, str(gradients["a"]))
    reader.page.click("#quiz-next")
    assert reader.text("#panel-quiz h2") == "2 of 4 right, 2 of them at the second try"


def test_the_quiz_can_be_left_and_gone_on_with(visit: Callable[..., Reader]) -> None:
    reader = begin(visit, diamond())
    gradients = dict(zip(reader.names, reader.graph.gradients()))
    first, second, *_ = order(reader)
    answer(reader, str(gradients[first]))
    reader.page.click("#quiz-next")
    answer(reader, "1000")
    reader.page.click("text=Leave the quiz")
    assert reader.shown("a", "gradient") == "162"
    assert reader.text("#panel-quiz h2") == "You left the quiz"
    reader.tab("table")
    reader.tab("quiz")
    reader.page.click("#quiz-on")
    assert [reader.shown(name, "gradient") for name in (second, "a")] == ["?", "?"]
    assert reader.shown(first, "gradient") == f"{gradients[first]:.4g}"
    assert "Question 2 of 4" in reader.text(".score")
    assert reader.page.is_visible("#quiz-hint"), "the first try is used up"
    # Another tab, the player, and differentiating another node leave the quiz, too.
    reader.tab("why")
    assert reader.shown("a", "gradient") == "162"
    reader.tab("quiz")
    reader.page.click("#quiz-on")
    reader.page.click("#forward")
    assert reader.text("#panel-quiz h2") == "You left the quiz"
    reader.page.evaluate("page.differentiate(page.model.names.indexOf('p'))")
    reader.tab("quiz")
    assert reader.page.locator("#quiz-on").count() == 0


def test_what_is_typed_stays_while_numbers_change(visit: Callable[..., Reader]) -> None:
    reader = begin(visit, diamond())
    reader.page.fill("#quiz-answer", "0.2")
    before = reader.text("#panel-quiz .given")
    reader.page.evaluate("page.setLeaf(0, 5)")
    assert reader.text("#panel-quiz .given") != before, "what is given are the present numbers"
    assert reader.page.input_value("#quiz-answer") == "0.2"
    answer(reader, "what")
    assert reader.page.get_attribute("#quiz-answer", "aria-invalid") == "true"
    assert reader.page.locator(".verdict").count() == 0, "that was no try"


def test_a_graph_without_questions_says_so(visit: Callable[..., Reader]) -> None:
    x = Value(1.0, "x")
    assert len(Graph(x)) == 1
    reader = begin(visit, x)
    assert "nothing to ask about" in reader.text("#live")
