"""Random programs of sequence layers, compiled and compared with the engine.

A program is Python source: statements that each apply one layer to what came before (linear maps, recurrent steps,
attention, convolution, norms, embeddings, operations of one's own, ...), and the terms of a loss. The source is drawn
from a seed (`tests.fuzz_drawing`, and the modules of layers) and can be printed, run and cut down. One in eight is a
small expression of numbers instead (`tests.fuzz_scalars`).

It is compared with eager runs in several ways, the `MODES`: for a batch, for one example, with a whole batch as one
function without arguments, in single precision, on JAX, and a few more.

    python -m tests.fuzz_programs                      # 5,000 programs
    python -m tests.fuzz_programs --seed 17 --count 1  # one of them; if it fails, the shortest part of it that does
    python -m tests.fuzz_programs --seed 17 --print    # its source
    python -m tests.fuzz_programs --jax 1              # all of them on JAX too, and not one in ten
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

import autograd
from autograd import Value, tanh
from tests import fuzz_layers, fuzz_ragged, fuzz_time  # noqa: F401  (programs are drawn from what they define)
from tests.fuzz_drawing import Program, own
from tests.fuzz_scalars import Expression

__all__ = ["Difference", "MODES", "Program", "check", "draw", "failure", "own", "shortened"]


class Precision(NamedTuple):
    """How close the numbers of a program have to be to the engine's.

    Attributes
    ----------
    dtype : str
    tolerance : float
        How far a number may be from the engine's, relative to 1 or to the number if that is larger.
    nudge : float
        How far, relatively, `_sensitivity` moves the leaves: a few units in the last place.
    limit : float
        The tolerance, in the same way, for numbers that rounding alone moves further in the engine itself.
    signed : bool
        Whether zeros of an expression must have the engine's sign. In arrays they need not: BLAS starts sums from 0.0.
    """

    dtype: str
    tolerance: float
    nudge: float
    limit: float
    signed: bool = False


DOUBLE = Precision("float64", 1e-10, 2.0**-50, 1e-6)
SIGNED = DOUBLE._replace(signed=True)
SINGLE = Precision("float32", 1e-4, 2.0**-21, 0.1)


def draw(seed: int, layers: int | None = None) -> Program:
    """The program of a seed."""
    return Expression(seed, layers) if seed % 8 == 7 else Program(seed, layers)


# --- comparing ------------------------------------------------------------------------------------------------


class Difference(AssertionError):
    """A compiled program computes something else than the engine."""


def _numbers(x: Any) -> Iterator[float]:
    """The numbers in a nesting, in order."""
    if isinstance(x, dict):
        for item in x.values():
            yield from _numbers(item)
    elif isinstance(x, (list, tuple, np.ndarray)) and getattr(x, "ndim", True):
        for item in x:
            yield from _numbers(item)
    else:
        yield float(x.data) if isinstance(x, Value) else float(x)


def _values(x: Any) -> Any:
    """The arguments of an eager run: Values instead of numbers."""
    if isinstance(x, dict):
        return {key: _values(item) for key, item in x.items()}
    return [_values(item) for item in x] if isinstance(x, list) else Value(x)


def _stacked(pattern: Any, items: list[Any]) -> Any:
    """One argument of all examples: arrays with an axis of examples in front."""
    if isinstance(pattern, dict):
        return {key: _stacked(item, [x[key] for x in items]) for key, item in pattern.items()}
    if isinstance(pattern, list):
        return [_stacked(part, [x[i] for x in items]) for i, part in enumerate(pattern)]
    return np.array(items)


def _outputs_of_example(made: Any, i: int) -> Any:
    """The outputs of one example, taken from those of a batch."""
    if isinstance(made, dict):
        return {key: _outputs_of_example(item, i) for key, item in made.items()}
    if isinstance(made, (tuple, list)):
        return [_outputs_of_example(item, i) for item in made]
    return made[i]


class Run:
    """A program that runs eagerly, to compare its compiled forms with.

    Attributes
    ----------
    values : list of Value
        All parameters.
    chosen : list of Value or None
        The parameters that are given to `compile`; None if it has to find them.
    data : list of list
        The arguments of each example.
    batch, single : list
        The arguments of a compiled program, for all examples and for the first.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.scope = program.scope()
        self.f, self.several = self.scope["f"], self.scope["several"]
        self.values = program.values(self.scope)
        self.chosen = self.values if program.chosen else None
        self.data = program.data()
        patterns = list(program.inputs.values())
        self.batch = [_stacked(pattern, [row[k] for row in self.data]) for k, pattern in enumerate(patterns)]
        self.single = [
            _stacked(pattern, [x])[0] if isinstance(pattern, tuple) else x for pattern, x in zip(patterns, self.data[0])
        ]
        self._terms: list[list[Value]] = []

    # --- the engine -------------------------------------------------------------------------------------------

    def rows(self) -> list[list[Any]]:
        """The examples, for eager calls."""
        return [_values(row) for row in self.data]

    def terms(self) -> list[list[Value]]:
        """The terms of every example's loss."""
        if not self._terms:
            self._terms = [[autograd.positive(t) for t in self.scope["terms"](*row)] for row in self.rows()]
        return self._terms

    def batch_loss(self) -> Value:
        """The loss of a batch: for each example the terms that depend on it, and the other terms once."""
        flags = [depends for _, depends in self.program.terms]
        each = [autograd.sum([t for t, d in zip(ts, flags) if d]) for ts in self.terms()]
        rest = autograd.sum([t for t, d in zip(self.terms()[0], flags) if not d] + [Value(0.0)])
        total = autograd.sum(each)
        whole: Value = (total / len(each) if self.program.reduction == "mean" else total) + rest
        return whole

    def first_loss(self) -> Value:
        """The loss of the first example."""
        one: Value = autograd.sum(self.terms()[0])
        return one

    def mean_loss(self) -> Value:
        """The average loss."""
        mean: Value = autograd.sum([autograd.sum(ts) for ts in self.terms()]) / len(self.data)
        return mean

    def gradient(self, loss: Callable[[], Value]) -> list[float]:
        root = loss()
        for v in self.values:
            v.grad = 0.0
        root.backward()
        return [v.grad for v in self.values]

    def gradient_where_sloped(self, root: Value) -> list[float]:
        """The gradient without the contributions of operands whose partial derivative is 0.

        Where such a contribution is 0 times infinity, the engine's gradient is nan. A compiled program leaves out
        operands whose partial derivative is 0 everywhere, such as conditions, and has no nan there.
        """
        slopes = {id(root): 1.0}
        for node in reversed(autograd.Graph(root).nodes):
            if id(node) in slopes:
                for operand, partial in zip(node.operands, node.partials):
                    if partial != 0.0:
                        slopes[id(operand)] = slopes.get(id(operand), 0.0) + partial * slopes[id(node)]
        return [slopes.get(id(v), 0.0) for v in self.values]

    # --- and what was compiled --------------------------------------------------------------------------------

    def compiled(self, f: Callable[..., Any], **options: Any) -> Any:
        options = {"parameters": self.chosen, "allow_nan": self.program.exact, **options}
        return autograd.compile(f, **options)

    def compare(
        self, compiled: Any, arguments: list[Any], loss: Callable[[], Value], precision: Precision = DOUBLE
    ) -> None:
        """Compare the loss and the gradient of a compiled program with those of the engine."""
        mine, _ = compiled(*arguments)
        if self.program.chosen and precision.dtype == "float64":
            compiled.write_back()
            got = [v.grad for v in self.values]
        else:
            found = dict(zip(compiled.parameters.values, compiled.parameters.grad[compiled.parameters.where].tolist()))
            got = [found.get(v, 0.0) for v in self.values]
        self.compare_numbers("loss", mine, lambda: loss().data, precision)
        got = [0.0 + slope for slope in got]  # as the engine, which adds to 0.0, so that no gradient is -0.0
        if self.program.exact:
            pairs = zip(self.gradient(loss), self.gradient_where_sloped(loss()))
            got = [a if a != a and self.near(slope, b, precision) else slope for slope, (a, b) in zip(got, pairs)]
        self.compare_numbers("gradient", got, lambda: self.gradient(loss), precision)

    def compare_numbers(
        self, what: str, mine: Any, reference: Callable[[], Any], precision: Precision = DOUBLE
    ) -> None:
        """Compare numbers with those of the engine, which `reference` computes.

        Some programs magnify rounding: the engine's own numbers change when the leaves are moved by a few units in the
        last place. There the compiled program may differ from the engine by a multiple of that change.
        """
        mine, expected = list(_numbers(mine)), list(_numbers(reference()))
        if len(mine) != len(expected):
            raise Difference(f"{what}: {len(mine)} numbers, and the engine has {len(expected)}")
        far = [k for k, (a, b) in enumerate(zip(mine, expected)) if not self.near(a, b, precision)]
        if far:
            moved = self._sensitivity(reference, expected, precision.nudge)
            for k in far:
                a, b = mine[k], expected[k]
                if a == b or not abs(a - b) <= min(100.0 * moved[k], precision.limit * max(1.0, abs(b))):
                    raise Difference(f"{what}: {mine}\nthe engine: {expected}")

    def near(self, a: float, b: float, precision: Precision) -> bool:
        if not (math.isfinite(a) and math.isfinite(b)):
            same = a == b or (a != a and b != b)
            return same if self.program.exact else not (math.isfinite(a) or math.isfinite(b))
        if self.program.exact and precision.signed and a == b == 0.0:
            return math.copysign(1.0, a) == math.copysign(1.0, b)
        return abs(a - b) <= precision.tolerance * max(1.0, abs(b))

    def _sensitivity(self, reference: Callable[[], Any], expected: list[float], nudge: float) -> list[float]:
        """How far the engine's numbers change when its leaves are moved by a few units in the last place."""
        rng = random.Random(self.program.seed)

        def nudged(x: Any) -> Any:
            if isinstance(x, dict):
                return {key: nudged(item) for key, item in x.items()}
            return [nudged(item) for item in x] if isinstance(x, list) else x * (1.0 + rng.choice([nudge, -nudge]))

        data, kept = self.data, [v.data for v in self.values]
        furthest = [0.0] * len(expected)
        for _ in range(4):
            self._terms, self.data = [], nudged(data)
            for v, x in zip(self.values, nudged(kept)):
                v.data = x
            furthest = [max(m, abs(a - b)) for m, a, b in zip(furthest, _numbers(reference()), expected)]
        self._terms, self.data = [], data
        for v, x in zip(self.values, kept):
            v.data = x
        return furthest


# --- the ways to compile --------------------------------------------------------------------------------------

MODES: dict[str, Callable[[Run], None]] = {}
"""The ways to compile a program and compare it with the engine, by name."""


def mode(compare: Callable[[Run], None]) -> Callable[[Run], None]:
    MODES[compare.__name__.replace("_", " ")] = compare
    return compare


@mode
def batch(run: Run) -> None:
    compiled = run.compiled(run.f, reduction=run.program.reduction)
    run.compare(compiled, run.batch, run.batch_loss)
    run.compare_numbers("outputs", compiled.outputs(*run.batch), lambda: [run.f(*row) for row in run.rows()])


@mode
def one_example(run: Run) -> None:
    compiled = run.compiled(run.f, batch=False)
    run.compare(compiled, run.single, run.first_loss, SIGNED)
    run.compare_numbers("outputs", compiled.outputs(*run.single), lambda: run.f(*run.rows()[0]), SIGNED)


@mode
def in_one_piece(run: Run) -> None:
    """All examples as constants in a function without arguments."""
    data, options = run.data, {}
    if run.program.exact:  # as Values, because Python's floats raise errors where IEEE 754 has a result
        data, options = run.rows(), {"parameters": run.values}
    compiled = run.compiled(lambda: autograd.sum([run.f(*row) for row in data]) / len(data), **options)
    run.compare(compiled, [], run.mean_loss, SIGNED)


@mode
def with_parameters_of_another(run: Run) -> None:
    """One program in eight, with parameters in the order that another program has put them in."""
    if run.chosen is None or run.program.seed % 4 != 1:
        return
    values = run.values
    other = run.compiled(lambda: autograd.sum([tanh(v) for v in values[::-2]]) + autograd.dot(values, values))
    compiled = run.compiled(run.f, parameters=other.parameters, reduction=run.program.reduction)
    run.compare(compiled, run.batch, run.batch_loss)


@mode
def several_outputs(run: Run) -> None:
    made = run.compiled(run.several, gradient=False)(*run.batch)
    rows = [_outputs_of_example(made, i) for i in range(len(run.data))]
    run.compare_numbers("outputs", rows, lambda: [run.several(*row) for row in run.rows()])
    alone = run.compiled(run.several, batch=False, gradient=False)(*run.single)
    run.compare_numbers("outputs of one", alone, lambda: run.several(*run.rows()[0]))


@mode
def single_precision(run: Run) -> None:
    """One program in four, in single precision; none with numbers beyond its range."""
    if run.program.seed % 4 == 0 and not run.program.exact:
        compiled = run.compiled(run.f, reduction=run.program.reduction, dtype="float32")
        run.compare(compiled, run.batch, run.batch_loss, SINGLE)


def on_jax(run: Run) -> None:
    """The batch, and one example, compiled for JAX; not with subnormal numbers, which XLA takes for 0 on CPUs."""
    if any(0.0 < abs(x) < sys.float_info.min for x in [*_numbers(run.data), *_numbers(run.values)]):
        return
    compiled = run.compiled(run.f, reduction=run.program.reduction, backend="jax")
    run.compare(compiled, run.batch, run.batch_loss)
    run.compare_numbers("outputs", compiled.outputs(*run.batch), lambda: [run.f(*row) for row in run.rows()])
    run.compare(run.compiled(run.f, batch=False, backend="jax"), run.single, run.first_loss)


def has_jax() -> bool:
    """Whether programs can be compiled for JAX here."""
    return importlib.util.find_spec("jax") is not None


def check(program: Program, modes: Sequence[Callable[[Run], None]] = ()) -> None:
    """Compare the program with the engine, compiled in all modes or in some.

    Raises
    ------
    Difference
    """
    run = Run(program)
    for compare in modes or MODES.values():
        try:
            compare(run)
        except Difference as difference:
            raise Difference(f"{compare.__name__.replace('_', ' ')}, {difference}") from None


def failure(program: Program, modes: Sequence[Callable[[Run], None]] = ()) -> BaseException | None:
    """The error that `check` raises for the program, if it raises one."""
    try:
        check(program, modes)
    except Exception as error:
        return error
    return None


# --- cutting down ---------------------------------------------------------------------------------------------


def _kind(error: BaseException | None) -> tuple[type, str]:
    return type(error), str(error)[:30]


def shortened(program: Program, modes: Sequence[Callable[[Run], None]] = ()) -> Program:
    """The program reduced to a part that still fails in the same way."""
    modes = [m for m in modes or MODES.values() if failure(program, [m])][:1]
    kind = _kind(failure(program, modes))

    def attempt(change: Callable[[Program], Any]) -> bool:
        kept = list(program.statements), list(program.terms), program.returned, program.examples
        change(program)
        if _kind(failure(program, modes)) == kind:
            return True
        program.statements, program.terms, program.returned, program.examples = kept
        return False

    def instead(i: int, code: str) -> Callable[[Program], Any]:
        return lambda p: p.statements.__setitem__(i, code)

    attempt(lambda p: setattr(p, "returned", "0.5"))
    attempt(lambda p: setattr(p, "examples", 1))
    for term in list(program.terms):
        if len(program.terms) > 1:
            attempt(lambda p, term=term: p.terms.remove(term))  # type: ignore[misc]
    for i in reversed(range(len(program.statements))):
        if attempt(instead(i, "")) or i not in program.made:
            continue
        made = program.made[i]
        for other in program.variables[: program.variables.index(made)] if made in program.variables else []:
            if other.shape == made.shape and attempt(instead(i, f"{made.name} = {other.name}")):
                break  # an earlier variable in its place fails as well
    program.statements = [statement for statement in program.statements if statement]
    used = set(re.findall(r"\w+", program.source.split("def f(")[1]))
    program.parameters = {name: shape for name, shape in program.parameters.items() if name in used}
    return program


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare random compiled programs with the engine.")
    parser.add_argument("--seed", type=int, default=0, help="of the first program")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--layers", type=int, help="so many layers instead of one to ten")
    parser.add_argument("--print", action="store_true", help="show the source instead of running it")
    parser.add_argument("--most", type=int, default=5, help="stop after so many failures")
    parser.add_argument("--jax", type=int, default=10, help="one in so many on JAX too, if it is there; 0 for none")
    options = parser.parse_args()
    if options.print:
        for seed in range(options.seed, options.seed + options.count):
            print(draw(seed, options.layers).source)
        return 0
    jax = options.jax if has_jax() else 0
    failures, begin = 0, time.perf_counter()
    for seed in range(options.seed, options.seed + options.count):
        program = draw(seed, options.layers)
        modes = [*MODES.values(), *([on_jax] if jax and seed % jax == 0 else [])]
        error = failure(program, modes)
        if error is not None:
            failures += 1
            program = shortened(program, modes)
            error = failure(program, modes) or error
            source = program.source.split("def terms")[0]
            print(f"--- seed {seed}: {type(error).__name__}: {error}\n{source}", flush=True)
            if failures == options.most:
                break
    count, seconds = seed - options.seed + 1, time.perf_counter() - begin
    where = f"one in {jax} on JAX too" if jax else "none on JAX"
    print(f"{failures} failures in {count} programs from seed {options.seed} to {seed}, {where}, in {seconds:.0f} s")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
