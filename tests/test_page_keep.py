"""What a reader copies from the page: Python code with the graph's names, and links, which stay short."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd
from autograd import Graph, Value
from demos.classroom.networks import credit_network

from .browser import chromium
from .test_page import Reader, copied, exact
from .test_page import visit as visit


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def run(code: str) -> tuple[dict[str, Any], Graph]:
    """The variables that the code makes, and the graph of the Value that it differentiates."""
    scope: dict[str, Any] = {}
    exec(compile(code, "graph.py", "exec"), scope)
    last = [line for line in code.splitlines() if line.endswith(".backward()")][-1]
    return scope, Graph(scope[last.removesuffix(".backward()")])


def test_the_code_calls_nodes_as_the_cards_do(visit: Callable[..., Reader]) -> None:
    reader = visit(credit_network().error)
    code = copied(reader)
    scope, rebuilt = run(code)
    for name, node in zip(reader.names, reader.graph):
        if node.label or node.op is not None:
            assert scope[name.replace("@", "_")].data == node.data
    assert "# What the page calls @1 is _1 here, and so on." in code
    assert "_1 = " in code and " / 2.0" in code, "a constant stays a number"
    assert [node.label for node in rebuilt] == [node.label for node in reader.graph]


@pytest.mark.parametrize(
    ("label", "identifier"),
    [
        ("layer 1", "layer_1"),
        ("class", "class_"),
        ("Value", "Value_"),
        ("w[3]", "w_3"),
        ("2nd", "_2nd"),
        ("__builtins__", "_builtins"),
        ("δ", "δ"),
        ("x²", "x2"),
        ("µ", "μ"),
        ("重み", "_"),
        ("_1", "_1"),
        ("a\n b", "a_b"),
        ("L" * 200, "L" * 39),
    ],
)
def test_a_label_becomes_an_identifier_like_it(visit: Callable[..., Reader], label: str, identifier: str) -> None:
    x = Value(0.5, "x")
    node = x.tanh()
    node.label = label
    root = (node * x).exp()
    reader = visit(root)
    code = copied(reader)
    scope, rebuilt = run(code)
    assert f"\n{identifier} = " in code
    assert scope[identifier].label == label
    root.backward()
    assert exact(rebuilt) == exact(reader.graph)


def test_names_that_would_be_the_same_are_told_apart(visit: Callable[..., Reader]) -> None:
    labels = ["a b", "a_b", "a-b", "a.b", "_1", "sum", "autograd"]
    leaves = [Value(float(k), label) for k, label in enumerate(labels)] + [Value(9.0), Value(10.0)]
    root = autograd.sum(leaves) * 2 + leaves[0]
    reader = visit(root)
    code = copied(reader)
    scope, rebuilt = run(code)
    assert 'a_b = Value(1.0, "a_b")' in code
    assert scope["a_b"].label == "a_b", "who has the name already keeps it"
    assert {scope[name].label for name in ("a_b_", "a_b_2", "a_b_3")} == {"a b", "a-b", "a.b"}
    assert scope["_1"].label == "_1" and scope["_2"].op is not None
    assert "# What the page calls @2 is _2 here, and so on." in code
    assert scope["sum"].label == "sum" and scope["autograd_"].label == "autograd"
    assert [scope[name].data for name in ("input", "input_")] == [9.0, 10.0]
    root.backward()
    assert exact(rebuilt) == exact(reader.graph)


# --- links --------------------------------------------------------------------------------------------------------


def wide(count: int) -> Value:
    leaves = [Value(k / 7, f"w{k}") for k in range(count)]
    root: Value = autograd.sum([leaf**2 for leaf in leaves])
    root.label = "L"
    return root


def test_a_link_leaves_out_what_would_make_it_too_long_and_says_so(visit: Callable[..., Reader]) -> None:
    reader = visit(wide(1500), "#tab=change")
    reader.page.click("#descend")
    reader.until("document.getElementById('live').textContent.includes('The address leaves out the 1,499 changed')")
    assert len(reader.fragment) < 2000
    assert "leaves=" not in reader.fragment and "tab=change" in reader.fragment
    reader.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader.page.click("#keep summary")
    reader.page.click("#copy-link")
    reader.until("document.getElementById('offered-how').textContent === 'It is copied.'")
    assert reader.text("#offered-remark") == (
        "The link leaves out the 1,499 changed leaves, which would make it too long; copy as Python keeps them."
    )
    assert reader.text("#offered-how") == "It is copied."
    assert len(str(reader.page.evaluate("navigator.clipboard.readText()"))) < 2200


def test_a_link_holds_the_leaves_where_they_fit(visit: Callable[..., Reader]) -> None:
    reader = visit(wide(12), "#tab=change")
    reader.page.click("#descend")
    assert "leaves=" in copied(reader, "#copy-link")
    assert reader.text("#live") == "Link copied."
    changed = reader.page.evaluate("JSON.stringify([...page.engine.changed])")
    fragment = reader.fragment
    assert len(fragment) < 2000
    again = visit(wide(12), fragment)
    assert json.loads(again.page.evaluate("JSON.stringify([...page.engine.changed])")) == json.loads(changed)


def test_where_the_clipboard_is_out_of_reach_the_dialog_says_what_is_left_out(visit: Callable[..., Reader]) -> None:
    reader = visit(wide(1500), "#tab=change")
    reader.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    reader.page.click("#keep summary")
    reader.page.click("#copy-link")
    reader.page.wait_for_selector("#offered-text", state="visible")  # shown once the clipboard has refused
    assert not reader.page.is_visible("#offered-remark")
    reader.page.click("#offered-close")
    reader.page.click("#descend")
    reader.page.click("#keep summary")
    reader.page.click("#copy-link")
    reader.page.wait_for_selector("#offered-remark", state="visible")
    assert reader.text("#offered-remark").startswith("The link leaves out the 1,499 changed leaves")
