"""Layers of nn on the page, in a browser: an LSTM, attention and a convolution, opened down to their scalars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Graph, Value
from autograd.view.explore import bundle

from .test_page import Reader, clean
from .test_page import browser as browser
from .test_page import visit as visit
from .test_rooms_of_layers import inputs, loss

BEYOND = """[...document.querySelectorAll("#drawing .item")].flatMap((card) => {
  const body = card.querySelector(".body").getBoundingClientRect();
  return [...card.querySelectorAll("text")]
    .filter((text) => text.textContent && text.getClientRects().length)
    .filter((text) => text.getBoundingClientRect().right > body.right + 1)
    .map((text) => text.textContent);
})"""
"""A script that finds the texts that reach beyond their cards."""


def titles(reader: Reader) -> list[str]:
    """The titles of the visible cards, line by line from the top, each from left to right."""
    shown = [card for card in reader.page.locator("#drawing .item").all() if card.is_visible()]
    boxes = [(card.locator(".body").bounding_box(), clean(card.locator(".title").text_content())) for card in shown]
    return [title for box, title in sorted(boxes, key=lambda both: (round(both[0]["y"]), both[0]["x"]))]


def enter(reader: Reader, *rooms: str) -> None:
    """Open one room after another."""
    for room in rooms:
        reader.click(room)
        reader.look()
        reader.press("Enter")
        reader.until("document.querySelectorAll('.leaving, .unfolding').length === 0")
        assert reader.crumbs[-1] == room
        assert reader.page.evaluate(BEYOND) == []


def lstm() -> tuple[Value, Any]:
    layer = nn.LSTM(2, 2, seed=1)
    return loss(layer(inputs(3, 2))[0][-1]), layer


def attention() -> tuple[Value, Any]:
    layer = nn.MultiheadAttention(4, 2, seed=1)
    x = inputs(3, 4)
    output, weights = layer(x, x, x, is_causal=True, average_attn_weights=False)
    return loss(output), weights


def convolution() -> tuple[Value, Any]:
    layer = nn.Conv2d(1, 2, 2, seed=1)
    return loss(nn.Sequential(layer, nn.ReLU())(inputs(1, 3, 3))), layer


def test_an_lstm_opens_as_its_steps_and_a_step_as_its_gates(visit: Callable[..., Reader]) -> None:
    reader = visit(lstm()[0])
    assert [title for title in titles(reader) if title.startswith("step")] == ["step 1", "step 2", "step 3"]
    enter(reader, "step 2")
    assert {"input_gate", "forget_gate", "cell_gate", "output_gate", "step 1", "step 3"} <= {*titles(reader)}
    enter(reader, "forget_gate")
    units = [card for card in reader.page.locator("#drawing .item:not(.elsewhere)").all() if card.is_visible()]
    assert sorted(clean(card.locator(".symbol").text_content()) for card in units) == ["w·x", "w·x", "σ", "σ"]
    reader.press("Backspace")
    reader.click("forget_gate")
    assert "σ" in reader.text("#panel-why") and "Used 3 times" in reader.text("#panel-why")


def test_the_weights_of_a_gate_can_be_told_apart(visit: Callable[..., Reader]) -> None:
    reader = visit(lstm()[0])
    enter(reader, "48 parameters")
    shown = [title for title in titles(reader) if not title.startswith("@")]
    assert len([title for title in shown if "_ih_l0" in title or "_hh_l0" in title]) == 48
    assert len({*shown}) == len(shown)


def test_the_weights_of_attention_are_seen_at_each_position(visit: Callable[..., Reader]) -> None:
    root, weights = attention()
    graph = Graph(root)
    reader = visit(root)
    enter(reader, "head1")
    assert {"queries", "keys", "values", "step 1", "step 2", "step 3"} <= {*titles(reader)}
    enter(reader, "step 3")
    cards = reader.page.locator("#drawing .item").filter(has=reader.page.get_by_text("softmax"))
    shown = sorted(float(clean(text)) for text in cards.locator(".value").all_text_contents())
    assert shown == pytest.approx(sorted(w.data for w in weights[0][2]), abs=1e-5)
    assert sum(graph.data[graph.position(w)] for w in weights[0][2]) == pytest.approx(1.0)


def test_a_convolution_opens_as_its_channels_with_their_kernels(visit: Callable[..., Reader]) -> None:
    root, layer = convolution()
    reader = visit(root)
    enter(reader, "layer1", "channel2")
    kernel = sorted(title[-6:] for title in titles(reader) if title.startswith("w"))
    assert kernel == ["_1_1_1", "_1_1_2", "_1_2_1", "_1_2_2"]
    assert float(reader.shown("bias2", "value")) == pytest.approx(layer.bias[1].data, abs=1e-5)


@pytest.mark.parametrize("made", [lstm, attention, convolution])
def test_the_passes_can_be_stepped_through(made: Callable[[], tuple[Value, Any]], visit: Callable[..., Reader]) -> None:
    root, _ = made()
    root.backward()
    reader = visit(root, "#time=0")
    stops = reader.page.evaluate("page.model.stops.length")
    for _ in range(stops):
        reader.press(".")
    assert reader.text("#phase") == "Complete"
    assert reader.engine("grad") == pytest.approx([node.grad for node in Graph(root)], rel=1e-12, abs=1e-300)


def test_a_checkpointed_function_is_shown_with_its_gradients_and_says_what_is_missing(
    visit: Callable[..., Reader],
) -> None:
    hidden, out = nn.Linear(2, 3, seed=1), nn.Linear(3, 1, seed=2)
    root = loss(out(autograd.checkpoint(lambda x: [z.tanh() for z in hidden(x)], inputs(2))))
    root.backward()
    graph = Graph(root)
    reader = visit(root)
    shown = {i: grad for i, grad in enumerate(reader.engine("grad")) if graph.nodes[i].op is None}
    assert shown == pytest.approx({i: graph.nodes[i].grad for i in shown}, rel=1e-12)
    assert "The graph inside a checkpointed function is not kept." in reader.text("#panel-why")
    assert "read with symbols" not in reader.text("#panel-why")


# A label (or a number and its digits), how many characters fit on the card, and the text there.
LABELS = [
    ("weight", 12, "weight"),
    ("weight_hh_l0_3_1", 12, "w…_hh_l0_3_1"),
    ("in_proj_bias10", 12, "i…roj_bias10"),
    ("a_very_long_label", 12, "a_very_long…"),
    ("x" * 10_000 + "1", 6, "x…xxx1"),
    ("𝛼" * 20 + "7", 5, "𝛼…𝛼𝛼7"),
]
NUMBERS = [
    (0.5, 4, 10, "0.5"),
    (-0.00002654, 4, 10, "-2.654e-5"),
    (-0.0001735, 4, 9, "-1.735e-4"),
    (-0.0001736, 4, 8, "-1.74e-4"),
    (123456.0, 5, 10, "123456"),
    (1e300, 4, 10, "1e300"),
]


def test_names_and_numbers_are_made_to_fit(browser: Any) -> None:
    main = 'import { fitted, named } from "./numbers.js";\nObject.assign(window, { fitted, named });\n'
    page = browser.new_page()
    page.add_script_tag(content=bundle({"main": main}))
    names = page.evaluate("(cases) => cases.map(([label, length]) => named(label, length))", LABELS)
    numbers = page.evaluate(
        "(cases) => cases.map(([x, digits, length]) => fitted(Number(x), digits, length))",
        [(str(x), digits, length) for x, digits, length, _ in NUMBERS],
    )
    page.close()
    assert names == [shown for _, _, shown in LABELS]
    assert [clean(text) for text in numbers] == [shown for _, _, _, shown in NUMBERS]
