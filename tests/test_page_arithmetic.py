"""The page's arithmetic against the engine's: every operation, in a browser, at ordinary points and at every edge."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterator

import pytest

import autograd
from autograd import ops
from autograd.ops import BUILTIN, OPS, Op
from autograd.symbols import JavaScript
from autograd.view.explore import PAGE, bundle
from autograd.view.operations import javascript

from .accuracy import TRUTHS
from .browser import chromium
from .test_symbols import EXPRESSIONS

EDGES = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 1e-8, -1e-8, 1e-300, 5e-324, 1e300, -1e300, 38.0, -38.5, -40.0,
    20.0, -20.0, 710.0, -746.0, math.inf, -math.inf, math.nan,
]  # fmt: skip
ULPS = 12
"""The accepted error: JavaScript's functions, and those of the page, may differ from C's in their last digits."""


def points(op: Op) -> tuple[int, list[list[float]]]:
    """The number of operands, and points: edges in all combinations if there are not too many, and random ones."""
    arity = op.arity or (5 if op is ops.dot else 3)
    rng = random.Random(op.name)
    if arity <= 2:
        chosen = [list(point) for point in itertools.product(EDGES, repeat=arity)]
    else:
        some = [0.0, -0.0, 1.0, -1.0, 2.0, math.inf, -math.inf, math.nan]
        chosen = [[rng.choice(some) for _ in range(arity)] for _ in range(300)]
    chosen += [[x] * arity for x in EDGES]
    chosen += [[rng.uniform(-3.0, 3.0) for _ in range(arity)] for _ in range(100)]
    chosen += [[rng.uniform(-1.0, 1.0) for _ in range(arity)] for _ in range(100)]
    chosen += [[rng.uniform(-50.0, 50.0) for _ in range(arity)] for _ in range(50)]
    return arity, chosen


def near(ours: float, theirs: float, size: float) -> bool:
    """Whether two numbers agree up to their last digits, or up to those of the terms whose sums they are."""
    if math.isnan(theirs) or math.isinf(theirs) or theirs == 0.0:
        same_sign = math.copysign(1.0, ours) == math.copysign(1.0, theirs)
        return (math.isnan(ours) and math.isnan(theirs)) or (ours == theirs and (theirs != 0.0 or same_sign))
    return abs(ours - theirs) <= ULPS * math.ulp(max(abs(theirs), size))


def plain(x: float) -> float | str:
    return x if math.isfinite(x) and (x or math.copysign(1.0, x) > 0) else str(x)


@pytest.fixture(scope="module")
def computed() -> Iterator[dict[str, list[list[float]]]]:
    """For each operation and point the value and the partials, as the page's script computes them."""
    asked = {f"{op.name}/{points(op)[0]}": points(op)[1] for op in map(OPS.__getitem__, sorted(BUILTIN))}
    source = javascript([(OPS[key.partition("/")[0]], int(key.partition("/")[2])) for key in asked])
    main = 'import { operations } from "./operations.js";\nwindow.operations = operations;\n'
    with chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(content=bundle({"operations": source, "main": main}))
        answers = page.evaluate(
            """(asked) => {
                const read = (x) => Number(typeof x === "string" ? x.replace("inf", "Infinity") : x);
                const write = (x) => (Object.is(x, -0) ? "-0.0" : Number.isFinite(x) ? x : String(x));
                return Object.fromEntries(Object.entries(asked).map(([key, points]) => [key, points.map((point) => {
                    const x = point.map(read);
                    const out = operations[key].forward(x);
                    return [out, ...operations[key].partials(x, out)].map(write);
                })]));
            }""",
            {key: [[plain(x) for x in point] for point in chosen] for key, chosen in asked.items()},
        )
    yield {
        key: [[float(str(x).replace("Infinity", "inf")) for x in row] for row in rows] for key, rows in answers.items()
    }


@pytest.mark.parametrize("name", sorted(name for name in BUILTIN if OPS[name].elementary))
def test_the_page_has_every_elementary_function(name: str) -> None:
    table = (PAGE / "elementary.js").read_text(encoding="utf-8").partition("export const elementary = {")[2]
    assert re.search(rf"^  {name}\b", table, re.MULTILINE), (
        f"the row of {name!r} calls it elementary: give `elementary` in autograd/view/page/elementary.js a function of "
        "that name, Math's if it has one"
    )


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_every_operation_computes_in_the_browser_what_the_engine_computes(
    name: str, computed: dict[str, list[list[float]]]
) -> None:
    op = OPS[name]
    arity, chosen = points(op)
    wrong = []
    for point, theirs in zip(chosen, computed[f"{name}/{arity}"], strict=True):
        out = op.value(*point)
        ours = [out, *op.slopes(*point, out)]
        assert len(ours) == len(theirs)
        for k, (a, b) in enumerate(zip(ours, theirs)):
            if not near(b, a, TRUTHS[name].slope_error_scale):
                wrong.append((point, "value" if k == 0 else f"partial {k - 1}", a, b))
    assert wrong == []


def test_printed_expressions_compute_in_the_browser_what_python_computes() -> None:
    """Every expression of this table has another value if its parentheses are misplaced."""
    point = {"a": 2.0, "b": 3.0, "c": 5.0}
    scope = {name: getattr(autograd, name) for name in (*autograd.__all__, "abs", "pow", "sum")}
    helpers = javascript([(ops.sum, 3), (ops.logsumexp, 2)])
    texts = [JavaScript().text(expression) for expression in EXPRESSIONS.values()]
    main = (
        'import { elementary } from "./elementary.js";\nimport { operations } from "./operations.js";\n'
        "const f = { ...elementary };\n"
        'for (const key of ["sum/3", "logsumexp/2"]) f[key] = (...x) => operations[key].forward(x);\n'
        f"const [a, b, c] = [2, 3, 5];\nwindow.results = [{', '.join(texts)}];\n"
    )
    with chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(content=bundle({"operations": helpers, "main": main}))
        results = page.evaluate("results")
    expected = [eval(str(expression), {**scope, **point}) for expression in EXPRESSIONS.values()]
    assert results == pytest.approx(expected, rel=1e-15)
