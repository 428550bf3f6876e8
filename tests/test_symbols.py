"""Rules as text: the printed Python computes exactly what the engine computes, and the LaTeX says the same.

How the rules are applied to Values is in ``test_rules``, whether they are right in ``test_ops``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import autograd.ops as ops
from autograd import Value
from autograd.ieee import Real
from autograd.ops import BUILTIN, OPS, Op
from autograd.symbols import Expression, JavaScript, Latex, MathML, Python, Rule, Symbol, latex, python

every_operation = pytest.mark.parametrize("name", sorted(BUILTIN))

SCOPE = {name: getattr(autograd, name) for name in (*autograd.__all__, "abs", "pow", "sum")}
"""What the printed source may use: autograd's public names."""


def printed(op: Op) -> tuple[Callable[..., Any], int]:
    """The function that the printed source defines, and the number of its operands."""
    namespace: dict[str, Any] = {}
    exec(python(op), {**SCOPE, "__builtins__": {"float": float}}, namespace)
    return namespace[f"{op.name}_rule"], len(Rule(op).operands)


def table(op: Op, point: Sequence[float]) -> list[float]:
    """The value and the partials as the engine computes them."""
    out = op.value(*point)
    return [out, *op.slopes(*point, out)]


def exact(numbers: Sequence[Any]) -> list[str]:
    return [float(x).hex() for x in numbers]


# --- Python -------------------------------------------------------------------------------------------------------


@every_operation
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_printed_python_computes_what_the_engine_computes(name: str, data: st.DataObject) -> None:
    """For any floats, bit for bit. Division by 0 raises in the printed code; the engine's rules compute with Reals."""
    op = OPS[name]
    function, count = printed(op)
    number = st.floats() | st.sampled_from([0.0, 1.0, -1.0])  # the latter for ties and zeros
    point = data.draw(st.lists(number, min_size=count, max_size=count))
    try:
        value, partials = function(*point)
    except ZeroDivisionError:
        value, partials = function(*map(Real, point))
    assert exact([value, *partials]) == exact(table(op, point))


@every_operation
def test_printed_python_runs_on_arrays(name: str) -> None:
    np = pytest.importorskip("numpy")
    op = OPS[name]
    function, count = printed(op)
    grid = [-2.5, -1.0, -0.3, 0.3, 0.5, 0.5, 1.0, 4.0]
    points = [[grid[(i * (2 * k + 1) + k) % len(grid)] for k in range(count)] for i in range(len(grid))]
    points += [[x] * count for x in grid]
    with np.errstate(all="ignore"):
        value, partials = function(*np.array(points).T)
    columns = [np.broadcast_to(column, len(points)) for column in (value, *partials)]
    for i, point in enumerate(points):
        expected = table(op, point)
        assert [column[i] for column in columns] == pytest.approx(expected, rel=1e-13, abs=1e-15, nan_ok=True), point


@every_operation
@pytest.mark.parametrize("kind", ["different", "equal", "zero", "negative"])
def test_printed_python_runs_on_values(name: str, kind: str) -> None:
    op = OPS[name]
    function, count = printed(op)
    point = {
        "different": [0.5, 0.25, 0.75, 0.125, 2.0],
        "equal": [0.5] * 5,
        "zero": [0.0] * 5,
        "negative": [-0.5, -0.5, -0.25, -0.5, -2.0],
    }[kind][:count]
    value, partials = function(*map(Value, point))
    assert exact([getattr(x, "data", x) for x in (value, *partials)]) == exact(table(op, point))


def test_printed_partials_of_values_can_be_differentiated() -> None:
    """d2/da2 a^3 = 6 a, through the printed rule of pow."""
    function, _ = printed(ops.pow)
    a = Value(2.0)
    function(a, Value(3.0))[1][0].backward()
    assert a.grad == pytest.approx(12.0, rel=1e-15)


a, b, c = map(Symbol, "abc")

EXPRESSIONS: dict[str, Any] = {
    # Each expression, for a = 2, b = 3, c = 5, has another value if its parentheses are misplaced.
    "a + b * c": a + b * c,
    "(a + b) * c": (a + b) * c,
    "a - (b - c)": a - (b - c),
    "a - b - c": a - b - c,
    "a / (b / c)": a / (b / c),
    "a / b / c": a / b / c,
    "a / (b * c)": a / (b * c),
    "a * (b / c)": a * (b / c),
    "a - (b + c)": a - (b + c),
    "-(a + b)": -(a + b),
    "-a + b": -a + b,
    "a - -b": a - -b,
    "a * -b": a * -b,
    "-a * b": -a * b,
    "-(a * b)": -(a * b),
    "pow(a, b)": a**b,
    "pow(-a, b)": (-a) ** b,
    "-pow(a, b)": -(a**b),
    "pow(pow(a, b), c)": (a**b) ** c,
    "pow(a, pow(b, 0.5))": a ** (b**0.5),
    "pow(2.0, a)": 2.0**a,
    "1.0 - a": 1.0 - a,
    "a * -2.0": a * -2.0,
    "a - -2.0": a - -2.0,
    "-2.0 / a": -2.0 / a,
    "abs(a - b)": abs(a - b),
    "sum([a, b, c])": ops.sum([a, b, c]),
    "logsumexp([a, b])": ops.logsumexp([a, b]),
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_are_printed_with_just_the_parentheses_they_need(text: str) -> None:
    assert str(EXPRESSIONS[text]) == text


@pytest.mark.parametrize(
    "x", [1 / 3, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan], ids=lambda x: repr(x)
)
def test_printed_numbers_are_read_back_exactly(x: float) -> None:
    for expression, expected in ((Symbol("a") * x, 2.0 * x), (x - Symbol("a"), x - 2.0)):
        assert eval(str(expression), {"a": 2.0}).hex() == expected.hex()


def test_a_symbol_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match=r"the symbol a < b has no truth value; write conditions .* autograd\.where"):
        bool(a < b)


# --- LaTeX --------------------------------------------------------------------------------------------------------


def balanced(text: str) -> bool:
    """Whether braces, environments and \\left ... \\right close each other in order."""
    opened: list[str] = []
    closing = {"}": "{", "\\right": "\\left", "\\end{cases}": "\\begin{cases}"}
    for token in re.findall(r"\\begin\{cases\}|\\end\{cases\}|\\left(?![a-z])|\\right(?![a-z])|[{}]", text):
        if token in closing:
            if not opened or opened.pop() != closing[token]:
                return False
        else:
            opened.append(token)
    return not opened


def test_balanced_can_tell() -> None:
    assert balanced(r"\frac{a}{\left(b\right)} \begin{cases} \left(x\right) \end{cases}")
    for wrong in (r"\frac{a}{b", r"a}{", r"\left(a}", r"\left(\begin{cases}\right)\end{cases}", r"\right)\left("):
        assert not balanced(wrong)


@every_operation
def test_latex_is_well_formed_and_complete(name: str) -> None:
    rule, formulas = Rule(OPS[name]), latex(OPS[name])
    assert len(formulas) == 1 + len(rule.operands)
    assert all(map(balanced, formulas))
    forward, *partials = formulas
    for operand, partial in zip(rule.operands, partials):
        shown = re.escape(Latex().text(operand))
        assert re.search(rf"(?<![a-zA-Z\\]){shown}(?![a-zA-Z])", forward.split(" = ", 1)[1])
        assert re.match(rf"\\frac{{\\partial \\mathrm{{out}}}}{{\\partial {shown}}} = .", partial)


BY_HAND: dict[str, tuple[str, ...]] = {
    "add": ("a + b", "1", "1"),
    "sub": ("a - b", "1", "-1"),
    "mul": (r"a \, b", "b", "a"),
    "div": (r"\frac{a}{b}", r"\frac{1}{b}", r"-\frac{\mathrm{out}}{b}"),
    "exp": ("e^{a}", r"\mathrm{out}"),
    "log": (r"\log\left(a\right)", r"\frac{1}{a}"),
    "log2": (r"\log_2\left(a\right)", r"\frac{1}{a \, \log 2}"),
    "sqrt": (r"\sqrt{a}", r"\frac{1}{2 \, \mathrm{out}}"),
    "sin": (r"\sin\left(a\right)", r"\cos\left(a\right)"),
    "cos": (r"\cos\left(a\right)", r"-\sin\left(a\right)"),
    "relu": (
        r"\begin{cases} 0 & \text{if } a \le 0 \\ a & \text{otherwise} \end{cases}",
        r"\begin{cases} 0 & \text{if } a \le 0 \\ 1 & \text{otherwise} \end{cases}",
    ),
    "sigmoid": (
        r"\frac{\begin{cases} 1 & \text{if } a \ge 0 \\ e^{-\left|a\right|} & \text{otherwise} \end{cases}}"
        r"{1 + e^{-\left|a\right|}}",
        r"\frac{\operatorname{sech}\left(\frac{a}{2}\right)^{2}}{4}",
    ),
    "erf": (
        r"\operatorname{erf}\left(a\right)",
        r"\begin{cases} 0 & \text{if } \left|a\right| = \infty \\"
        r" \frac{2}{\sqrt{\pi}} \, e^{-a \, a} & \text{otherwise} \end{cases}",
    ),
    "cbrt": (
        r"\sqrt[3]{a}",
        r"\begin{cases} 0 & \text{if } \left|a\right| = \infty \\ \frac{1}{3 \, \mathrm{out}^2} & \text{otherwise}"
        r" \end{cases}",
    ),
    "exp2": (r"2^{a}", r"\mathrm{out} \, \log 2"),
    "remainder": (r"a \bmod b", "1", r"-\left\lfloor \frac{a}{b} \right\rfloor"),
    "atanh": (r"\operatorname{artanh}\left(a\right)", r"\frac{1}{1 - a^2}"),
    "dot": (r"b + w_{1} \, x_{1} + w_{2} \, x_{2}", "x_{1}", "x_{2}", "w_{1}", "w_{2}", "1"),
}


TEXTBOOK: dict[str, tuple[str, ...]] = {
    "sub": ("a - b", "1", "-1"),
    "div": (r"\frac{a}{b}", r"\frac{1}{b}", r"-\frac{a}{b^{2}}"),
    "pow": ("a^{b}", r"b \, a^{b - 1}", r"\mathrm{out} \, \log\left(a\right)"),
    "square": (r"a \, a", r"2 \, a"),
    "exp": ("e^{a}", "e^{a}"),
    "log1p": (r"\log\left(1 + a\right)", r"\frac{1}{1 + a}"),
    "relu": (
        r"\max\left(0, a\right)",
        r"\begin{cases} 1 & \text{if } a > 0 \\ 0 & \text{otherwise} \end{cases}",
    ),
    "sigmoid": (r"\frac{1}{1 + e^{-a}}", r"\mathrm{out} \, \left(1 - \mathrm{out}\right)"),
    "tanh": (r"\tanh\left(a\right)", r"1 - \mathrm{out}^{2}"),
    "gelu": (r"a \, \Phi\left(a\right)", r"\Phi\left(a\right) + a \, \varphi\left(a\right)"),
    "erf": (r"\operatorname{erf}\left(a\right)", r"\frac{2}{\sqrt{\pi}} \, e^{-a^{2}}"),
    "logsumexp": (
        r"\log\left(e^{x_{1}} + e^{x_{2}} + e^{x_{3}}\right)",
        *(rf"\frac{{e^{{x_{{{k}}}}}}}{{e^{{x_{{1}}}} + e^{{x_{{2}}}} + e^{{x_{{3}}}}}}" for k in (1, 2, 3)),
    ),
    "prod": (r"x_{1} \, x_{2} \, x_{3}", r"x_{2} \, x_{3}", r"x_{1} \, x_{3}", r"x_{1} \, x_{2}"),
}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_textbook_s_formulas_as_written_by_hand(name: str) -> None:
    assert tuple(formula.split(" = ", 1)[1] for formula in latex(OPS[name])) == TEXTBOOK[name]


@pytest.mark.parametrize("name", BY_HAND)
def test_latex_as_written_by_hand(name: str) -> None:
    assert tuple(formula.split(" = ", 1)[1] for formula in latex(OPS[name], computed=True)) == BY_HAND[name]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ((a + b) * c, r"\left(a + b\right) \, c"),
        (a - (b - c), r"a - \left(b - c\right)"),
        ((a + b) / (b - c), r"\frac{a + b}{b - c}"),
        (a ** (b + c), "a^{b + c}"),
        ((a + b) ** 2.0, r"\left(a + b\right)^{2}"),
        ((a**b) ** c, r"\left(a^{b}\right)^{c}"),
        (ops.exp(a) ** b, r"\left(e^{a}\right)^{b}"),
        (ops.square(a / b), r"\left(\frac{a}{b}\right)^2"),
        (ops.reciprocal(a) ** b, r"\left(\frac{1}{a}\right)^{b}"),
        (a * -b, r"a \, \left(-b\right)"),
        (a * -2.0, r"a \, \left(-2\right)"),
        (-(a + b), r"-\left(a + b\right)"),
        (a / 3.0, r"\frac{a}{3}"),
    ],
    ids=str,
)
def test_latex_has_the_parentheses_that_a_reader_needs(expression: Expression, text: str) -> None:
    """A minus sign after a factor would read as a subtraction; an exponent beside a fraction would be ambiguous."""
    assert Latex().text(expression) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("x", "x"), ("x12", "x_{12}"), ("out", r"\mathrm{out}"), ("my_w3", r"\mathrm{my\_w}_{3}")],
)
def test_latex_names(name: str, text: str) -> None:
    assert Latex().text(Symbol(name)) == text


# --- JavaScript and MathML ----------------------------------------------------------------------------------------
#
# What the printed JavaScript computes is compared in a browser, in ``test_page_arithmetic``.


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (-(-a), "-(-a)"),  # noqa: B002
        (a - -b, "a - -b"),
        (-(a * -2.0), "-(a * -2.0)"),
        (a**b, "f.pow(a, b)"),
        (a * math.inf, "a * Infinity"),
        (a - math.nan, "a - NaN"),
        (ops.where(ops.equal(a, b) & (a > 0.0), a, -math.inf), "f.where((a === b) && (a > 0.0), a, -Infinity)"),
        (ops.sum([a, b, c]), 'f["sum/3"](a, b, c)'),
    ],
    ids=str,
)
def test_javascript(expression: Expression, text: str) -> None:
    assert JavaScript().text(expression) == text


def test_javascript_computes_once_what_is_used_twice() -> None:
    square = (a + b) * (a + b)
    shared = a + b
    assert JavaScript().function([a, b], [square], "return {};") == "(a, b) => { return (a + b) * (a + b); }"
    assert JavaScript().function([a, b], [shared * shared], "return {};") == (
        "(a, b) => { const $0 = a + b; return $0 * $0; }"
    )
    assert JavaScript().function([a, b], [shared, shared], "return [{}];") == (
        "(a, b) => { const $0 = a + b; return [$0, $0]; }"
    )


def test_javascript_grows_with_the_number_of_operations_only() -> None:
    """The stable softmax of n numbers names its largest n times, and that one is nested n deep."""
    lengths = []
    for n in (100, 200):
        rule = Rule(ops.logsumexp, [f"x[{k}]" for k in range(n)])
        lengths.append(len(JavaScript().function([Symbol("x"), rule.out], rule.partials, "return [{}];")))
    assert lengths[1] < 2.2 * lengths[0]
    rule = Rule(ops.sum, [f"x[{k}]" for k in range(20_000)])
    assert JavaScript().function([Symbol("x")], [rule.forward], "return {};").count("x[") == 20_000


MATHML = {
    "exp": ("<msup><mi>e</mi><mrow><mi>a</mi></mrow></msup>", "<mi>out</mi>"),
    "mul": ("<mi>a</mi><mo>·</mo><mi>b</mi>", "<mi>b</mi>", "<mi>a</mi>"),
    "sqrt": (
        "<msqrt><mrow><mi>a</mi></mrow></msqrt>",
        "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn><mo>·</mo><mi>out</mi></mrow></mfrac>",
    ),
    "relu": (
        '<mrow class="cases"><mo>{</mo><mtable columnalign="left left">'
        "<mtr><mtd><mn>0</mn></mtd><mtd><mtext>if\u00a0</mtext><mi>a</mi><mo>≤</mo><mn>0</mn></mtd></mtr>"
        "<mtr><mtd><mi>a</mi></mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable></mrow>",
        '<mrow class="cases"><mo>{</mo><mtable columnalign="left left">'
        "<mtr><mtd><mn>0</mn></mtd><mtd><mtext>if\u00a0</mtext><mi>a</mi><mo>≤</mo><mn>0</mn></mtd></mtr>"
        "<mtr><mtd><mn>1</mn></mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable></mrow>",
    ),
}


@pytest.mark.parametrize("name", MATHML)
def test_mathml_as_written_by_hand(name: str) -> None:
    rule = Rule(OPS[name])
    assert tuple(map(MathML().text, (rule.forward, *rule.partials))) == MATHML[name]


def test_mathml_names() -> None:
    assert MathML().text(Symbol("x12")) == "<msub><mi>x</mi><mn>12</mn></msub>"
    assert MathML({"a": "first"}).text(a) == '<mrow class="first"><mi>a</mi></mrow>'
    assert MathML().text(Symbol("<b>&1")) == "<msub><mi>&lt;b&gt;&amp;</mi><mn>1</mn></msub>"
    assert MathML().text(Symbol("12")) == "<mi>12</mi>"


# --- a user's own operations --------------------------------------------------------------------------------------


def test_a_user_s_rule_is_printed_like_any_other() -> None:
    autograd.op(
        "bump",
        lambda u, width: autograd.exp(-(u * u) / width),
        lambda u, width, out: (-2.0 * u / width * out, u * u / (width * width) * out),
        arity=2,
        check=[(0.5, 2.0)],
    )
    assert python(OPS["bump"]) == (
        "def bump_rule(u, width):\n"
        "    out = exp(-(u * u) / width)\n"
        "    return out, (-2.0 * u / width * out, u * u / (width * width) * out)"
    )
    function, _ = printed(OPS["bump"])
    assert exact([function(0.5, 2.0)[0], *function(0.5, 2.0)[1]]) == exact(table(OPS["bump"], (0.5, 2.0)))


@pytest.mark.parametrize("part", ["forward", "partials"])
def test_a_rule_written_with_math_is_refused_in_a_sentence(part: str) -> None:
    sin, cos = (math.sin, autograd.cos) if part == "forward" else (autograd.sin, math.cos)
    op = autograd.op("by_math", sin, lambda a, out: (cos(a),), check=[(0.5,)])
    message = "the rule of 'by_math' cannot be read with symbols .*; write it with operators and autograd's functions"
    for reading in (python, latex, Rule):
        with pytest.raises(TypeError, match=message):
            reading(op)


def test_a_rule_that_branches_with_if_is_refused_in_a_sentence() -> None:
    op = autograd.op("by_if", lambda a: a if a > 0.0 else 0.0, lambda a, out: (1.0 if a > 0.0 else 0.0,))
    with pytest.raises(TypeError, match=r"the rule of 'by_if' cannot be read with symbols .*autograd\.where"):
        python(op)


def test_numbers_in_rules_may_be_ints() -> None:
    op = autograd.op("by_ints", lambda a: 3 * a * a - 1, lambda a, out: (6 * a,), check=[(0.5,)])
    assert python(op) == "def by_ints_rule(a):\n    out = 3.0 * a * a - 1.0\n    return out, (6.0 * a,)"
    assert latex(op) == (
        r"\mathrm{out} = 3 \, a \, a - 1",
        r"\frac{\partial \mathrm{out}}{\partial a} = 6 \, a",
    )
    assert Python().text(Symbol("a") + 1) == "a + 1.0"
