"""The drawing of random programs, and the comparison that tells wrong programs from those that round differently.

Each layer is drawn and compared by itself here. Programs of several layers are in `tests.test_compiler_programs`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

import autograd  # noqa: E402
from autograd import Value, exp2, where  # noqa: E402
from tests import fuzz_drawing  # noqa: E402
from tests.fuzz_programs import (  # noqa: E402
    MODES,
    SIGNED,
    Difference,
    Program,
    Run,
    check,
    draw,
    failure,
    has_jax,
    on_jax,
    shortened,
)
from tests.fuzz_scalars import Expression  # noqa: E402

LAYERS = list(dict.fromkeys(fuzz_drawing.LAYERS))


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)
def test_every_layer_agrees_with_the_engine(layer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_drawing, "LAYERS", [layer])
    program = next(program for program in [Program(seed, layers=2) for seed in range(9)] if program.statements)
    check(program)


@pytest.mark.parametrize("seed", range(10, 34))
def test_expressions_of_numbers(seed: int) -> None:
    check(Expression(seed))


@pytest.mark.skipif(not has_jax(), reason="JAX runs these")
@pytest.mark.parametrize("seed", range(0, 50, 10))
def test_random_programs_on_jax(seed: int) -> None:
    check(draw(seed), [on_jax])


def test_one_program_in_eight_is_an_expression() -> None:
    assert [seed for seed in range(16) if isinstance(draw(seed), Expression)] == [7, 15]


def test_arguments_and_parameters_of_an_expression_are_at_the_edge_now_and_then() -> None:
    numbers = [x for seed in range(100) for row in Expression(seed).data() for x in row]
    assert any(map(math.isinf, numbers)) and any(map(math.isnan, numbers)) and math.copysign(1.0, min(numbers)) < 0.0


# --- what is near enough ------------------------------------------------------------------------------------------


def test_a_wrong_number_is_a_difference_and_rounding_is_none() -> None:
    run = Run(Program(3))
    run.compare_numbers("it", [1.0 + 1e-12, 1e5], lambda: [1.0, 1e5 + 1e-6])
    with pytest.raises(Difference, match=r"it: \[1\.0, 3\.0\]"):
        run.compare_numbers("it", [1.0, 3.0], lambda: [1.0, 3.0 + 1e-7])
    with pytest.raises(Difference, match="1 numbers, and the engine has 2"):
        run.compare_numbers("it", [1.0], lambda: [1.0, 1.0])
    with pytest.raises(Difference):
        run.compare_numbers("it", [math.nan], lambda: [1.0])


def test_a_number_that_magnifies_rounding_may_differ_as_much_as_that_does() -> None:
    """sin(1e7 * p) has 7 digits fewer than p; a number that jumps at a kink gets no extra tolerance."""
    run = Run(Program(3))
    p = run.values[0]
    steep = math.sin(1e7 * p.data)
    run.compare_numbers("steep", [steep + 1e-9], lambda: [math.sin(1e7 * p.data)])
    with pytest.raises(Difference):
        run.compare_numbers("steep", [steep + 1e-4], lambda: [math.sin(1e7 * p.data)])
    at = p.data
    with pytest.raises(Difference):
        run.compare_numbers("kink", [0.5], lambda: [float(p.data > at)])
    assert p.data == at and run.data == Run(Program(3)).data


def test_an_expression_must_have_the_engines_infinities_and_signs_of_zeros() -> None:
    run = Run(Expression(7))
    run.compare_numbers(
        "it", [0.0, -0.0, math.inf, math.nan, 1.0], lambda: [0.0, -0.0, math.inf, math.nan, 1.0 + 1e-13], SIGNED
    )
    run.compare_numbers("it", [0.0], lambda: [-0.0])
    for pair in [(0.0, -0.0), (math.inf, -math.inf), (math.inf, math.nan), (math.nan, 0.0), (1e300, math.inf)]:
        with pytest.raises(Difference):
            run.compare_numbers("it", pair[:1], functools.partial(tuple, pair[1:]), SIGNED)


# --- cutting down -------------------------------------------------------------------------------------------------


def test_what_is_cut_down_keeps_the_statement_that_fails() -> None:
    program = next(program for program in map(draw, range(100)) if len(program.statements) > 6)
    guilty = program.statements[2].split(" =")[0]
    program.statements.insert(3, f"assert {guilty} is None, 'no such thing'")
    assert isinstance(failure(program), AssertionError)
    short = shortened(program)
    assert "no such thing" in str(failure(short)) and len(short.statements) <= 4
    assert len(short.terms) == 1 and short.returned == "0.5"


def test_the_difference_says_how_it_was_compiled() -> None:
    assert {"batch", "one example", "in one piece", "several outputs", "single precision"} <= set(MODES)
    run = Run(program := Program(3))
    wrong = run.f
    run.f = lambda *row: wrong(*row) + 1.0
    with pytest.raises(Difference, match="loss"):
        MODES["batch"](run)
    check(program, [MODES["batch"]])


# --- what was once wrong ----------------------------------------------------------------------------------------

ONCE_WRONG: dict[str, Callable[[Any, Any], Any]] = {
    "a condition that is known, and one that is not": lambda w, x: where((w < 1.0) & (x < 1.0), x, 0.0),
    "either of these": lambda w, x: where((w > 1.0) | (x < 1.0), x, 0.0),
    "a quotient by the number 0": lambda w, x: x / 0.0,
    "a factor of a sum with an infinite term": lambda w, x: (x * -math.inf + exp2(w)) * -math.inf,
}


@pytest.mark.parametrize("name", ONCE_WRONG)
def test_what_was_once_wrong(name: str) -> None:
    w, v = Value(0.5), Value(2.0)
    loss = ONCE_WRONG[name](w, v * 1.5)
    loss.backward()
    program = autograd.compile(lambda x: ONCE_WRONG[name](w, v * x), [v], allow_nan=True)
    mine, gradient = program([1.5])
    assert (mine, gradient[-1]) == (loss.data, v.grad)


@pytest.mark.parametrize("seed", [2195, 10387, 12261, 12957, 131, 80684])
def test_programs_that_were_once_wrong(seed: int) -> None:
    """By seed: steps that pick entries at random; steps that need each other; arrays for two steps; a repeated sum;
    a compilation that did not end; and a number for the next step that does not depend on earlier steps."""
    check(draw(seed))
