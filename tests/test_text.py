"""The graph in words: the numbers of both forms, names, hostile labels, and LaTeX that is well-formed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Graph, Value, dot, where
from autograd.view import explain, forward
from autograd.view.text import names, shown
from demos.networks import biases_network, credit_network


def numbers_of(line: str) -> list[float]:
    return [float(x) for x in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]\d+)?(?![\w.])", line)]


def test_every_step_multiplies_and_adds_up() -> None:
    """The numbers of each paragraph, taken by themselves, are a sum of products that gives the gradient."""
    network = biases_network()
    network.error.backward()
    for parameter in network.parameters:
        text = explain(parameter, of=network.error)
        paragraphs = re.findall(r"^d(\S+)/d(\S+) = .*\n +(= .*?)   .*\n +(= .*)$", text, re.MULTILINE)
        assert paragraphs[-1][1] == parameter.label
        for _, _, products, total in paragraphs:
            terms = [numbers_of(term) for term in products.split(" + ")]
            assert sum(x * y for x, y in terms) == pytest.approx(numbers_of(total)[0], rel=1e-8)
        assert numbers_of(paragraphs[-1][3])[0] == pytest.approx(parameter.grad, rel=1e-9)


def test_a_diamond_has_a_term_for_each_way() -> None:
    x = Value(3.0, "x")
    left, right = x * 2, x * x
    left.label, right.label = "l", "r"
    y = left * right
    y.label = "y"
    assert explain(x, of=y).splitlines()[-3:] == [
        "dy/dx = dy/dl · ∂l/∂x + dy/dr · ∂r/∂x",
        "      = 9 · 2 + 6 · 6          ∂l/∂x = 2,  ∂r/∂x = x + x",
        "      = 54",
    ]
    latex = explain(x, of=y, form="latex").splitlines()
    assert latex[0] == r"\begin{aligned}" and latex[-1] == r"\end{aligned}"
    assert latex[-4:-1] == [
        r"\frac{\mathrm{d} y}{\mathrm{d} x} &= \frac{\mathrm{d} y}{\mathrm{d} l} \cdot \frac{\partial l}{\partial x}"
        r" + \frac{\mathrm{d} y}{\mathrm{d} r} \cdot \frac{\partial r}{\partial x} \\",
        r"&= 9 \cdot 2 + 6 \cdot 6 && \frac{\partial l}{\partial x} = 2,\quad \frac{\partial r}{\partial x} = x + x \\",
        "&= 54",
    ]


def test_both_forms_tell_the_same_story() -> None:
    network = credit_network()
    for node in (network.w[0][0], network.v[1], network.x[0], network.error):
        text = explain(node, of=network.error, digits=6)
        latex = explain(node, of=network.error, digits=6, form="latex")
        assert len(text.splitlines()) == len(latex.splitlines()) - 2
        totals = [line.rsplit("= ", 1)[1] for line in text.splitlines()[3::3]]
        assert [line.removesuffix(r" \\").removeprefix("&= ") for line in latex.splitlines()[4::3]] == totals


def test_numbers_in_latex() -> None:
    x = Value(-2e-7, "x")
    y = x * x * 1e300 * 1e300
    latex = explain(x, of=y, digits=3, form="latex")
    assert r"{-4 \cdot 10^{-7}}" in latex and r"\infty" in latex and "e-07" not in latex
    assert r"\left({-2 \cdot 10^{-7}}\right)" in explain(x, of=x * Value(-2e-7), digits=3, form="latex")
    assert r"\mathrm{nan}" in explain(x, of=(x * float("inf") - float("inf") * x) * x, form="latex")


def test_choices_and_names_in_latex() -> None:
    first, second = Value(1.0, "my_first"), Value(2.0, "b2")
    latex = explain(first, of=autograd.maximum(first, second), form="latex")
    assert r"\mathrm{my\_first}" in latex and "b_{2}" in latex
    assert r"\begin{cases}" in latex and latex.count(r"\begin") == latex.count(r"\end")
    assert r"\mathrm{out}" not in latex
    assert "-2.5" in explain(first, of=where(first, first, Value(-2.5)) * -2.5, form="latex")


def test_an_operation_that_cannot_be_read_is_named() -> None:
    import math

    before = dict(autograd.ops.OPS)
    try:
        op = autograd.op("by_math", math.sin, lambda a, out: (math.cos(a),))
        x = Value(0.0, "x")
        assert "the partial of by_math" in explain(x, of=op(x))
        assert r"\text{the partial of by\_math}" in explain(x, of=op(x), form="latex")
        assert forward(op(x)) == "v1 = by_math(x)  = 0"
    finally:
        autograd.ops.OPS.clear()
        autograd.ops.OPS.update(before)


def test_wrong_requests() -> None:
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match="form must be 'text' or 'latex', not 'html'"):
        explain(x, of=x, form="html")
    with pytest.raises(LookupError, match="not part of the graph of 'x'"):
        explain(Value(2.0), of=x)
    assert explain(x, of=x) == "dx/dx = 1"


def test_long_ways_are_told_without_recursion() -> None:
    x = y = Value(1.0, "x")
    for _ in range(5_000):
        y = -y
    assert len(explain(x, of=y).splitlines()) == 15_001


def test_only_what_lies_on_the_way_is_told() -> None:
    weights = [Value(1.0, f"w{i}") for i in range(3)]
    y = dot(weights, [2.0, 3.0, 4.0]) + Value(1.0, "other").exp()
    told = explain(weights[1], of=y)
    assert "dw1" in told and "other" not in told and "dw2" not in told


# --- names --------------------------------------------------------------------------------------------------------


def test_repeated_labels_get_their_scope() -> None:
    called = names(Graph(nn.MLP(1, [1, 1], seed=1)([2.0])))
    assert {"layer1.neuron1.w1", "layer2.neuron1.w1", "layer1.neuron1.b"} <= set(called)


def test_made_up_names_keep_clear_of_labels() -> None:
    assert names(Graph(Value(1.0, "v1") + Value(2.0) + Value(3.0, "v3"))) == ["v1", "2", "v2", "v3", "v4"]


@given(st.text())
def test_names_and_text_never_have_characters_that_steer_a_terminal(label: str) -> None:
    x = Value(2.0, label)
    y = x * x
    for text in (*names(Graph(y)), shown(label).replace("\n", ""), *explain(x, of=y).splitlines()):
        assert text.isprintable() or not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        assert len(text) < 400
    assert all(names(Graph(y)))


def balanced(text: str) -> bool:
    """Braces that are signs, not escaped, in pairs."""
    depth = 0
    for sign in re.findall(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return False
    return depth == 0


@given(st.one_of(st.text(min_size=1), st.text(alphabet="\\{}_^%#&$~ a1\n", min_size=1)))
def test_any_label_gives_latex_that_is_well_formed(label: str) -> None:
    x = Value(2.0, label)
    body = explain(x, of=x * x, form="latex")
    assert balanced(body)
    rows = body.splitlines()[1:-1]
    assert len(rows) == 4 and all(row.endswith(r" \\") for row in rows[:-1])
    signs = re.findall(r"\\.|[%#$~^]|&+", "".join(rows))
    assert [sign for sign in signs if sign in "%#$~^"] == []  # what TeX would take for a command is escaped
    assert sum(sign in ("&", "&&") for sign in signs) == 5
