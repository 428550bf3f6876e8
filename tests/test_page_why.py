"""The panel that answers "why", in a browser: the textbook's formulas, the whole path from the loss, the story."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, ops
from autograd.view.explore import bundle
from demos.classroom.networks import two_two_one

from .accuracy import call
from .test_page import Reader, clean
from .test_page import browser as browser
from .test_page import visit as visit


def lines(reader: Reader, selector: str = "#panel-why .formula") -> list[str]:
    """The formulas of the panel without spaces, each a line; a fraction reads "above below"."""
    return [re.sub(r"\s", "", clean(text)) for text in reader.page.locator(selector).all_text_contents()]


def headings(reader: Reader) -> list[str]:
    return [clean(text) for text in reader.page.locator("#panel-why h3, #panel-why h4").all_inner_texts()]


def squared_loss() -> Value:
    """(sigmoid(w x + b) - 0.3)**2, each step with a name."""
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(1.0, "b")
    p = w * x
    z = p + b
    s = z.sigmoid()
    d = s - 0.3
    loss = d**2
    for node, label in ((p, "p"), (z, "z"), (s, "s"), (d, "d"), (loss, "L")):
        node.label = label
    return loss


def test_rules_are_the_textbook_s(visit: Callable[..., Reader]) -> None:
    reader = visit(squared_loss())
    reader.click("s")
    assert lines(reader, ".rule .formula") == ["s=11+e−z".replace("−", "-"), "∂s∂z=s·(1-s)"]
    reader.click("L")
    assert lines(reader, ".rule .formula") == ["L=d2", "∂L∂d=2·d"]


def test_a_switch_shows_the_rule_as_it_is_computed(visit: Callable[..., Reader]) -> None:
    reader = visit(squared_loss())
    reader.click("s")
    switch = reader.page.locator("#panel-why .switch")
    assert switch.get_attribute("aria-pressed") == "false"
    switch.click()
    assert reader.page.locator("#panel-why .switch").get_attribute("aria-pressed") == "true"
    assert lines(reader, ".rule > .formula")[-1] == "∂s∂z=sech(z2)24"
    reader.click("z")  # a sum has only one form
    assert reader.page.locator("#panel-why .switch").count() == 0
    reader.click("s")
    reader.page.locator("#panel-why .switch").click()
    assert lines(reader, ".rule > .formula")[-1] == "∂s∂z=s·(1-s)"


def test_a_number_is_no_variable(visit: Callable[..., Reader]) -> None:
    x = Value(3.0, "x")
    y = (x / 16.0 + 2.0).clip(-1.0, 1.0)
    y.label = "y"
    reader = visit(y * 5.0)
    for name in reader.names:
        if name.startswith("@") or name == "y":
            reader.page.evaluate(f"page.goTo(page.model.names.indexOf({name!r}))")
            partials = [line for line in lines(reader, ".rule .formula") if line.startswith("∂")]
            assert len(partials) == 1, (name, partials)
    reader.page.evaluate("page.goTo(page.model.names.indexOf('@1'))")
    assert lines(reader, ".rule .formula") == ["@1=x16", "∂@1∂x=116"]


def test_the_whole_way_is_a_product(visit: Callable[..., Reader]) -> None:
    loss = squared_loss()
    reader = visit(loss)
    reader.click("w")
    s = 1 / (1 + math.exp(-2.0))
    assert headings(reader) == ["Chain rule", "The whole path"]
    symbols, numbers, total = lines(reader)[-3:]
    assert symbols == "dLdw=∂L∂d·∂d∂s·∂s∂z·∂z∂p·∂p∂w"
    factors = [float(text) for text in re.split("[=·]", numbers) if text]
    assert factors == pytest.approx([2 * (s - 0.3), 1.0, s * (1 - s), 1.0, 2.0], rel=1e-4)
    assert float(total.removeprefix("=")) == pytest.approx(2 * (s - 0.3) * s * (1 - s) * 2.0, rel=1e-9)


def test_a_factor_leads_to_its_result(visit: Callable[..., Reader]) -> None:
    reader = visit(squared_loss())
    reader.click("w")
    reader.page.locator("#panel-why button.piece").nth(2).click()  # ∂s/∂z
    assert reader.text("#panel-why h2") == "s"
    reader.page.keyboard.press("Escape")
    reader.click("w")
    factor = reader.page.locator("#panel-why button.piece").first
    assert factor.get_attribute("title") == "go to L"
    factor.focus()
    reader.press("Enter")
    assert reader.text("#panel-why h2") == "L"


def test_several_ways_are_added_up(visit: Callable[..., Reader]) -> None:
    """In the 2-2-1 network two paths lead from the error to an input: one through each hidden neuron."""
    network = two_two_one(x=[1.0, -1.5], y=1.0, w=[[0.1, 0.2], [0.3, 0.4]], v=[0.5, -0.6])
    reader = visit(network.error)
    reader.click("x1")
    assert headings(reader)[-1] == "All paths"
    symbols, numbers, total = lines(reader)[-3:]
    assert symbols.count("+") == 1
    products = [math.prod(map(float, re.findall(r"-?[\d.]+(?:e-?\d+)?", way))) for way in numbers[1:].split("+")]
    gradient = dict(zip(reader.names, reader.graph.gradients()))["x1"]
    assert sum(products) == pytest.approx(gradient, rel=1e-3)
    assert float(total[1:]) == pytest.approx(gradient, rel=1e-9)


def test_too_many_ways_are_not_written_out(visit: Callable[..., Reader]) -> None:
    x = Value(0.1, "x")
    y = x
    for _ in range(40):  # 2**40 paths
        y = y + y * 0.5
    reader = visit(y)
    reader.page.evaluate("page.goTo(page.model.names.indexOf('x'))")
    assert headings(reader)[-1] == "All paths"
    assert "too many to write out" in reader.text("#panel-why")
    assert float(reader.fact("/dx")) == pytest.approx(1.5**40, rel=1e-9)


def test_a_long_way_is_folded_in_its_middle(visit: Callable[..., Reader]) -> None:
    x = Value(1.0, "x")
    y = x
    for _ in range(300):
        y = y * 1.01
    reader = visit(y)
    reader.page.evaluate("page.goTo(page.model.names.indexOf('x'))")
    symbols, numbers, total = lines(reader)[-3:]
    assert symbols.count("∂") == 2 * 8 and "(292factors)" in symbols
    factors = [float(text) for text in re.split("[=·]", numbers) if text]
    assert factors == pytest.approx([1.01] * 4 + [1.01**292] + [1.01] * 4, rel=1e-4)
    assert float(total[1:]) == pytest.approx(1.01**300, rel=1e-9)


def test_many_consumers_are_folded_up(visit: Callable[..., Reader]) -> None:
    x = Value(2.0, "x")
    total = ops.sum([x * Value(float(k), f"w{k}") for k in range(300)])
    reader = visit(total)
    reader.page.evaluate("page.goTo(page.model.names.indexOf('x'))")
    assert reader.text("#panel-why details summary") == "A sum over 300 consumers"
    assert reader.page.locator("#panel-why details tr:visible").count() == 0
    reader.page.click("#panel-why details summary")
    assert reader.page.locator("#panel-why details tr:visible").count() == 201
    assert "and 100 more" in reader.text("#panel-why details")
    assert lines(reader, ".chain > .formula")[0].endswith("+…")


def test_stepping_forward_nothing_is_said_of_the_backward_pass(visit: Callable[..., Reader]) -> None:
    reader = visit(squared_loss())
    stops = reader.page.evaluate("page.model.stops.map((stop) => stop.phase)")
    reader.press("Home")
    for phase in stops[1:]:
        reader.press(".")
        seen = reader.text("#panel-why")
        assert ("Chain rule" in seen) == (phase in ("seed", "backward")), phase
        assert ("∂" in seen) == (phase in ("seed", "backward")), phase
        assert ("dL/d" in seen) == (phase in ("seed", "backward")), phase


def test_the_panel_follows_the_last_thing_done(visit: Callable[..., Reader]) -> None:
    reader = visit(squared_loss())
    reader.press("Home", ".")
    assert reader.text("#panel-why h2") == "p"
    reader.click("b")
    assert reader.text("#panel-why h2") == "b"
    reader.look()
    reader.press(".")
    assert reader.text("#panel-why h2") == "z"
    reader.press("End")
    assert reader.text("#panel-why h2") == "b"


def test_a_step_of_the_backward_pass_says_what_is_handed_on(visit: Callable[..., Reader]) -> None:
    reader = visit(squared_loss())
    reader.press("Home")
    while reader.text("#panel-why h2") != "s" or "Hands on" not in reader.text("#panel-why"):
        reader.press(".")
    s = 1 / (1 + math.exp(-2.0))
    assert headings(reader)[0] == "Hands on"
    handed = lines(reader)[0]
    assert handed.startswith("dLdz←dLds·∂s∂z=")
    numbers = [float(text) for text in re.split("[=·]", handed.partition("=")[2])]
    assert numbers == pytest.approx([2 * (s - 0.3), s * (1 - s), 2 * (s - 0.3) * s * (1 - s)], rel=1e-4)


NUMBERS = [
    (999.6, 3, "1000"), (1234.5, 3, "1235"), (-0.0, 5, "0"), (99.96, 3, "100"), (123456.7, 5, "123457"),
    (1234567.0, 5, "1.2346e6"), (1e-7, 3, "1e-7"), (0.99996, 4, "1"), (-0.25, 5, "-0.25"), (1e300, 4, "1e300"),
    (99999.6, 5, "100000"), (0.000123456, 3, "0.000123"), (1e6, 5, "1e6"), (-1000.0, 3, "-1000"),
]  # fmt: skip


def test_numbers_as_people_write_them(browser: Any) -> None:
    main = 'import { show } from "./numbers.js";\nwindow.show = show;\n'
    page = browser.new_page()
    page.add_script_tag(content=bundle({"main": main}))
    shown = page.evaluate(
        "(cases) => cases.map(([x, digits]) => show(Number(x), digits))", [(str(x), n) for x, n, _ in NUMBERS]
    )
    page.close()
    assert [clean(text) for text in shown] == [text for _, _, text in NUMBERS]


WIDE = 1.0
"""How many pixels a formula may be wider than its line, because browsers round."""


def test_no_formula_of_any_operation_leaves_the_panel(visit: Callable[..., Reader]) -> None:
    """At the panel's narrowest, with every operation's rule and its local derivatives."""
    for name in sorted(ops.BUILTIN):
        op = ops.OPS[name]
        count = op.arity or (5 if op is ops.dot else 3)
        leaves = [Value(0.3 + 0.11 * k, f"in{k + 1}") for k in range(count)]
        out = call(op, leaves)
        out.label = "out"
        loss = out * Value(2.0, "weight")
        loss.label = "loss"
        reader = visit(loss)
        for selected in ("in1", "out"):
            reader.page.evaluate(f"page.goTo(page.model.names.indexOf({selected!r}))")
            assert reader.page.evaluate("document.querySelector('#panel-why').clientWidth - 36") <= 336
            too_wide = reader.page.evaluate(
                "[...document.querySelectorAll('#panel-why .piece')]"
                f".filter((e) => e.scrollWidth > e.clientWidth + {WIDE}).map((e) => e.textContent)"
            )
            assert too_wide == [], (name, selected)
