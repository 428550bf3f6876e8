"""Random programs of sequence layers, compiled and compared with the engine.

A program is Python source: statements that each apply one layer to what came before (linear maps, recurrent steps,
attention, convolution, norms, embeddings, operations of one's own, ...), and the terms of a loss. The source is drawn
from a seed and can be printed, run and cut down. It is compared with eager runs in three ways: for a batch, for one
example, and with a whole batch as one function without arguments.

    python -m tests.fuzz_programs                      # 5,000 programs
    python -m tests.fuzz_programs --seed 17 --count 1  # one of them; if it fails, the shortest part of it that does
    python -m tests.fuzz_programs --seed 17 --print    # its source
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import autograd
from autograd import Value, exp, log1p, square, tanh
from autograd.functional import leaves
from autograd.ops import OPS, Op

TOLERANCE = 1e-10
"""How far a number may be from the engine's, relative to 1 or to the number if that is larger."""


def own(name: str, forward: Callable[..., Any], partials: Callable[..., Any], arity: int | None = 1) -> Op:
    """An operation as a user defines it; it is in no table, for other tests go through all operations there."""
    made = autograd.op(name, forward, partials, arity=arity)
    del OPS[name]
    return made


OWN: dict[str, Any] = {
    "own_swish": own("own_swish", lambda a: a / (1 + exp(-a)), lambda a, out: (
        (1 + exp(-a) + a * exp(-a)) / (1 + exp(-a)) ** 2,)),
    "own_mix": own("own_mix", lambda a, b: 2 * a * b - b + 1, lambda a, b, out: (2 * b, 2 * a - 1), arity=2),
    "own_blend": own("own_blend", lambda a, b, c: a * c + b * (1 - c), lambda a, b, c, out: (
        c, 1 - c, a - b), arity=3),
    "own_step": own("own_step", lambda a: autograd.where(a > 0, 1.0, a), lambda a, out: (
        autograd.where(a > 0, 0.0, 1.0),)),
    "own_shift": own("own_shift", lambda a: a - 1.5, lambda a, out: (1.0,)),
    "own_energy": own(
        "own_energy", lambda *xs: log1p(sum(square(x) for x in xs)),
        lambda *xs: tuple([2 * x / exp(xs[-1]) for x in xs[:-1]]), arity=None),
    "own_first": own("own_first", lambda a, b: a * 1, lambda a, b, out: (1.0, 0.0), arity=2),
    "own_count": own("own_count", lambda a, b: ((a > 0) * 1 + (b > 0) * 1) * a, lambda a, b, out: (
        (a > 0) * 1 + (b > 0) * 1, 0.0), arity=2),
    "own_long": own(
        "own_long", lambda a: sum(tanh(a + 0.1 * i) for i in range(20)) / 20,
        lambda a, out: (sum(square(autograd.sech(a + 0.1 * i)) for i in range(20)) / 20,)),
}  # fmt: skip
"""Operations as a user defines them; those on a sequence are called with its items."""

UNARY = [
    "tanh({})", "sigmoid({})", "relu({})", "softplus({})", "gelu({})", "silu({})", "sin({})", "abs({})", "atan({})",
    "square(tanh({}))", "tanh({})**2", "tanh({})**3", "(1 + square({}))**0.5", "(1.5 + tanh({}))**-1",
    "exp(-square({}))", "log1p(square({}))", "clip({}, -0.5, 0.5)",
    "clip({}, -1, 1)", "maximum({}, 0.1)", "maximum(0, {})",
    "minimum({}, 1)", "where({0} > 0.2, {0}, -0.5 * {0})", "where({0} < 0, 0.0, {0})", "where({} > 0, 1, 2)",
    "-{}", "({} - 2)", "(2 - {})", "(1 - {})", "3 * {}", "{} / 4", "(0 + {})", "0 * {}", "1 * {}", "{} * -1",
    "own_swish({})", "own_step({})", "own_shift({})", "own_long({})", "elu({})", "leaky_relu({}, 0.1)",
    "2 ** tanh({})", "stop({0}) * {0}", "({0} + {0})", "{0} * {0}", "1 / (1 + {0} * {0})", "({0} > 0) * {0}",
    "leaky_relu(2.0, {})", "own_first(3, {})", "own_mix(2, {})", "0.0 + own_first(1, {})",
]  # fmt: skip
BINARY = [
    "({} + {})", "({} - {})", "{} * {}", "{} / (1.5 + square({}))", "maximum({}, {})", "minimum({}, {})",
    "where({0} > {1}, {0}, 0.5 * {1})", "own_mix({}, {})", "({} + 2 * {})", "({0} * {1} + {0})", "atan2({}, 2 + {}**2)",
    "({} + stop({}))", "own_blend({}, {}, 0.25)", "own_blend({0}, {1}, sigmoid({0}))", "leaky_relu({}, {})",
    "own_first({}, {})", "own_count({}, {})", "({} + 0.5 * {})", "-{} * {}",
]  # fmt: skip
SQUASH = ["tanh({})", "sigmoid({})", "sin({})", "relu({}) / 3", "{} / 2", "tanh({}) + 0.1 * {}"]
GATHER = [
    "sum({0})", "autograd.sum({0})", "autograd.sum({0}) / len({0})", "prod([tanh(a) for a in {0}])", "logsumexp({0})",
    "dot({0}, {0})", "sum(a * a for a in {0})", "own_energy(*{0})", "{0}[0]", "{0}[-1]", "sum(a - 2.0 for a in {0})",
    "functools.reduce(maximum, {0})", "sum(abs(a) for a in {0})", "sum(a * {1} - 1 for a in {0})", "prod({0}[:2])",
    "dot({0}, {0}[::-1])", "logsumexp([a * 2 for a in {0}] + [0])",
]  # fmt: skip
TERMS = [  # of a loss
    "square({0} - {1})", "log1p(square({0}))", "tanh({0}) * tanh({1}) * {0}", "softplus({0}) - {1} * tanh({0})",
    "square({0}) * {1} * {1}", "(sigmoid({0}) - 1) ** 2", "square(tanh({0} * {1} + {0}))", "exp(-square({0} - {1}))",
    "{1} * square({0})", "maximum(square({0}), 0.01)", "{0}", "{1} * {0}", "2 * {0}", "({0} - {1}) / 3", "-{0}",
    "{0} * {1} + {0}", "{1} * ({0} + 1)",
]  # fmt: skip
WHOLE = ["log1p(square({}))", "sin({})", "square(tanh({} / 4))", "softplus({})"]
PENALTIES = [
    "0.1 * sum(square(a) for a in {})", "0.01 * sum(abs(a) for a in {})", "0.1 * {}[0] ** 2", "abs({}[-1])",
    "0.5 * autograd.sum([a * a for a in {}[:2]])", "dot({0}, {0})", "sum(a - 1 for a in {})", "logsumexp({})",
    "0.1 * (sum(a ** 2 for a in {}) - 1)", "prod({})",
]  # fmt: skip
LABELS = ["", "w", "W", "b", "weight", "n", "theta", "dW", "x", "h1", "sum", "loss", "Z1"]


class Term:
    """A variable of a program: its name, its shape, and whether it depends on the example."""

    def __init__(self, name: str, shape: tuple[int, ...], depends: bool) -> None:
        self.name, self.shape, self.depends = name, shape, depends


class Program:
    """A program drawn from a seed.

    Attributes
    ----------
    parameters : dict of str to tuple of int
        The shapes of those that are lists, nested lists, or single ones.
    inputs : dict of str to pattern
        What each argument is: a shape, or a dict or list of patterns.
    statements : list of str
    terms : list of (str, bool)
        Of the loss, each with whether it depends on the example.
    returned : str
        An expression with several outputs.
    """

    def __init__(self, seed: int, layers: int | None = None) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        self.parameters: dict[str, tuple[int, ...]] = {}
        self.inputs: dict[str, Any] = {}
        self.statements: list[str] = []
        self.variables: list[Term] = []
        self.terms: list[tuple[str, bool]] = []
        self.examples = rng.choice([1, 2, 3, 5])
        self.reduction = rng.choice(["mean", "sum"])
        self.chosen = rng.random() < 0.5
        self._arguments()
        for _ in range(rng.choice([1, 2, 3, 4, 5, 6, 8, 10]) if layers is None else layers):
            rng.choice(LAYERS)(self)
        self._loss()

    # --- what layers are made with ----------------------------------------------------------------------------

    def _arguments(self) -> None:
        rng = self.rng
        width, steps = rng.choice([1, 2, 3, 4]), rng.choice([1, 2, 3, 5, 5, 10])
        kinds: list[tuple[str, Any, list[tuple[str, tuple[int, ...]]]]] = [
            ("x", (width,), [("x", (width,))]),
            ("xs", (steps,), [("xs", (steps,))]),
            ("seq", (steps, width), [("seq", (steps, width))]),
            ("d", {"a": (width,), "b": ()}, [('d["a"]', (width,)), ('d["b"]', ())]),
            ("pair", [(steps, 2), ()], [("pair[0]", (steps, 2)), ("pair[1]", ())]),
            ("t", (), [("t", ())]),
            ("hot", (3,), [("hot", (3,))]),
            ("cube", (2, steps, 2), [("cube[0]", (steps, 2)), ("cube[1]", (steps, 2))]),
        ]
        for name, pattern, variables in rng.sample(kinds, rng.randint(1, 3)):
            self.inputs[name] = pattern
            self.variables += [Term(text, shape, True) for text, shape in variables]

    def parameter(self, *shape: int) -> str:
        """A parameter of this shape: a new one, or one that is in use already."""
        rng = self.rng
        fits = [name for name, own in self.parameters.items() if own == shape]
        if fits and rng.random() < 0.35:
            return rng.choice(fits)
        if len(shape) == 1 and rng.random() < 0.25:  # a row, a column or the beginning of a larger one
            for name, own in self.parameters.items():
                if own[1:] == shape:
                    return f"{name}[{rng.randrange(own[0])}]"
                if len(own) == 1 and own > shape:
                    return f"{name}[:{shape[0]}]"
                if len(own) == 2 and own[:1] == shape:
                    return f"[row[{rng.randrange(own[1])}] for row in {name}]"
        if not shape and rng.random() < 0.4:
            for name, own in self.parameters.items():
                if len(own) == 1:
                    return f"{name}[{rng.randrange(own[0])}]"
                if len(own) == 2:
                    return f"{name}[{rng.randrange(own[0])}][{rng.randrange(own[1])}]"
        name = f"p{len(self.parameters)}"
        self.parameters[name] = shape
        return name

    def size(self, parameter: str) -> int:
        """How long a vector of parameters is that `parameter` gave."""
        return len(eval(parameter, {name: filled(shape, float) for name, shape in self.parameters.items()}))

    def pick(self, ndim: int) -> Term:
        """A variable with this number of axes, made from others if there is none."""
        rng = self.rng
        found = [x for x in self.variables if len(x.shape) == ndim]
        if found and rng.random() < 0.95:
            return rng.choice(found[-3:] if rng.random() < 0.6 else found)
        if ndim == 0:
            vector = self.pick(1)
            return self.let(f"{vector.name}[{rng.randrange(vector.shape[0])}]", (), vector.depends)
        if ndim == 1:
            if any(len(x.shape) == 2 for x in self.variables) and rng.random() < 0.7:
                x = self.pick(2)
                return self.let(f"{x.name}[{rng.choice([0, -1])}]", x.shape[1:], x.depends)
            if any(not x.shape for x in self.variables):
                several = [self.pick(0) for _ in range(rng.randint(1, 3))]
                text = ", ".join([x.name for x in several])
                return self.let(f"[{text}]", (len(several),), any(x.depends for x in several))
            x = self.pick(2)
            return self.let(f"[a for row in {x.name} for a in row]", (x.shape[0] * x.shape[1],), x.depends)
        x = self.pick(1)
        width = rng.choice([1, 2, 3])
        if rng.random() < 0.5:
            w = self.parameter(width)
            return self.let(f"[[a * w for w in {w}] for a in {x.name}]", (x.shape[0], width), x.depends)
        return self.let(f"[[a] for a in {x.name}]", (x.shape[0], 1), x.depends)

    def let(self, code: str, shape: tuple[int, ...], depends: bool) -> Term:
        """A statement that makes a variable."""
        made = Term(f"h{len(self.statements)}", shape, depends)
        self.statements.append(f"{made.name} = {code}")
        self.variables.append(made)
        return made

    def unary(self, operand: str) -> str:
        return self.rng.choice(UNARY).format(operand)

    def squash(self, code: str) -> str:
        """Code for a scalar, kept small."""
        return self.rng.choice(SQUASH).format(code, code) if self.rng.random() < 0.6 else code

    def weighted(self, weights: str, xs: str, bias: str | None) -> str:
        """A dot product, in one of the ways to write it."""
        plus = f" + {bias}" if bias else ""
        return self.rng.choice(
            [
                f"dot({weights}, {xs}{', ' + bias if bias else ''})",
                f"dot({xs}, {weights}){plus}",
                f"sum(w * a for w, a in zip({weights}, {xs})){plus}",
                f"autograd.sum([w * a for w, a in zip({weights}, {xs})]){plus}",
            ]
        )

    def _loss(self) -> None:
        rng = self.rng
        last = [self.variables[-1], *[rng.choice(self.variables) for _ in range(rng.randint(0, 2))]]
        sources = last if any(x.depends for x in last) else [*last, self.variables[0]]
        for x in sources:
            other = rng.choice([y for y in self.variables if not y.shape] or [Term("0.5", (), False)])
            form = rng.choice(TERMS)
            depends = x.depends or ("{1}" in form and other.depends)
            if len(x.shape) == 2:
                text = f"sum({form.format('a', other.name)} for row in {x.name} for a in row)"
            elif len(x.shape) == 1:
                text = f"sum({form.format('a', other.name)} for a in {x.name})"
            else:
                text = form.format(x.name, other.name)
            # In a sum over the examples what does not depend on them is counted once. So that no part of this is such
            # a part, it is not linear then.
            whole = self.reduction == "sum" or rng.random() < 0.2
            self.terms.append((rng.choice(WHOLE).format(f"({text})") if whole else text, depends))
        # There must be something to differentiate.
        w = self.parameter()
        x = next(x for x in self.variables if x.depends)
        first = x.name + "[0]" * len(x.shape)
        self.terms.append((f"0.1 * square({w} * {first} + 1)", True))
        for _ in range(rng.choice([0, 0, 1, 2])):
            name, shape = rng.choice(list(self.parameters.items()))
            flat = [
                f"[{name}]",
                name,
                f"[a for row in {name} for a in row]",
                f"[a for m in {name} for row in m for a in row]",
            ]
            self.terms.append((rng.choice(PENALTIES).format(flat[len(shape)]), False))
        if rng.random() < 0.2:
            self.terms.append((rng.choice(["2.0", "-1", "0", "0.5 * 3"]), False))
        if rng.random() < 0.3:
            self.parameters["unused"] = (2,)
        rng.shuffle(self.terms)
        several = [rng.choice(self.variables).name for _ in range(rng.randint(1, 3))]
        self.returned = rng.choice(
            ["[{0}, [{1}]]", "({0}, {{'b': [{1}], 'c': 1.5}})", "{{'a': {0}, 2: ({1},)}}", "{0}"]
        )
        self.returned = self.returned.format(several[0], ", ".join([*several[1:], "0.5"]))

    # --- running ----------------------------------------------------------------------------------------------

    @property
    def source(self) -> str:
        body = "".join([f"    {line}\n" for statement in self.statements for line in statement.splitlines()])
        terms = " + ".join([text for text, _ in self.terms])
        head = [f"# {name} = parameters of shape {shape}\n" for name, shape in self.parameters.items()]
        arguments = ", ".join(self.inputs)
        return (
            f"{''.join(head)}# arguments: {self.inputs}, {self.examples} examples, reduction={self.reduction!r}\n"
            f"def f({arguments}):\n{body}    return {terms}\n\n\n"
            f"def terms({arguments}):\n{body}    return [{', '.join([text for text, _ in self.terms])}]\n\n\n"
            f"def several({arguments}):\n{body}    return {self.returned}\n"
        )

    def scope(self) -> dict[str, Any]:
        """The functions of the source, and its parameters."""
        rng = random.Random(f"{self.seed} parameters")
        scope: dict[str, Any] = {"autograd": autograd, "functools": __import__("functools"), **OWN}
        scope |= {name: op for name, op in OPS.items() if name.isidentifier() and name not in ("sum",)}
        scope |= {"abs": autograd.abs, "stop": lambda a: a.detach() if isinstance(a, Value) else a}
        for name, shape in self.parameters.items():
            label = rng.choice(LABELS)
            numbers = iter(range(1000))
            scope[name] = filled(shape, lambda label=label, numbers=numbers: Value(  # type: ignore[misc]
                round(rng.uniform(-1.0, 1.0), 3), label and f"{label}{next(numbers)}"))  # fmt: skip
        exec(self.source, scope)
        return scope

    def values(self, scope: dict[str, Any]) -> list[Value]:
        return [p for name in self.parameters for p in leaves(scope[name])]

    def data(self) -> list[list[Any]]:
        """The arguments of each example."""
        rng = random.Random(f"{self.seed} data")

        def number() -> float:
            return rng.choice([0.0, 1.0, -1.0, 2.0]) if rng.random() < 0.15 else rng.uniform(-1.0, 1.0)

        return [[filled(pattern, number) for pattern in self.inputs.values()] for _ in range(self.examples)]


def filled(pattern: Any, number: Callable[[], Any]) -> Any:
    """Numbers in the nesting that a pattern tells."""
    if isinstance(pattern, dict):
        return {key: filled(item, number) for key, item in pattern.items()}
    if isinstance(pattern, list):
        return [filled(item, number) for item in pattern]
    return [filled(pattern[1:], number) for _ in range(pattern[0])] if pattern else number()


# --- layers ---------------------------------------------------------------------------------------------------

LAYERS: list[Callable[[Program], Any]] = []


def layer(make: Callable[[Program], Any]) -> Callable[[Program], Any]:
    LAYERS.append(make)
    return make


@layer
@layer
def linear(p: Program) -> None:
    x, width = p.pick(1), p.rng.choice([1, 1, 2, 3, 4])
    weights = p.parameter(width, x.shape[0])
    if p.rng.random() < 0.6:
        row = p.squash(p.weighted("row", x.name, "b"))
        p.let(f"[{row} for row, b in zip({weights}, {p.parameter(width)})]", (width,), x.depends)
    else:
        bias = p.rng.choice([None, "1", "-2.0", p.parameter()])
        p.let(f"[{p.squash(p.weighted('row', x.name, bias))} for row in {weights}]", (width,), x.depends)


@layer
def neuron(p: Program) -> None:
    x = p.pick(1)
    count = p.rng.randint(1, x.shape[0])
    bias = p.rng.choice([None, "0.5", p.parameter(), f"{x.name}[-1]"])
    code = p.weighted(f"{p.parameter(x.shape[0])}[:{count}]", f"{x.name}[:{count}]", bias)
    p.let(p.squash(code), (), x.depends)


@layer
@layer
def elementwise(p: Program) -> None:
    ndim = p.rng.choice([0, 1, 1, 2])
    x = p.pick(ndim)
    code = {
        0: p.unary(x.name),
        1: f"[{p.unary('a')} for a in {x.name}]",
        2: f"[[{p.unary('a')} for a in row] for row in {x.name}]",
    }
    p.let(code[ndim], x.shape, x.depends)


@layer
@layer
def join(p: Program) -> None:
    """Residual connections, products, choices: two of the same kind, as far as the shorter one goes."""
    ndim = p.rng.choice([0, 1, 1, 2])
    x, y = p.pick(ndim), p.pick(ndim)
    both = p.squash(p.rng.choice(BINARY).format("a", "b"))
    shape = tuple(map(min, x.shape, y.shape))
    code = {
        0: f"(lambda a, b: {both})({x.name}, {y.name})",
        1: f"[{both} for a, b in zip({x.name}, {y.name})]",
        2: f"[[{both} for a, b in zip(r, s)] for r, s in zip({x.name}, {y.name})]",
    }
    p.let(code[ndim], shape, x.depends or y.depends)


@layer
def scale(p: Program) -> None:
    """Each entry with a parameter of its own, or all with one."""
    x = p.pick(p.rng.choice([1, 1, 2]))
    both = p.squash(p.rng.choice(BINARY).format(*p.rng.sample(["a", "b"], 2)))
    if len(x.shape) == 1:
        if p.rng.random() < 0.5:
            p.let(f"[{both} for a, b in zip({x.name}, {p.parameter(*x.shape)})]", x.shape, x.depends)
        else:
            p.let(f"[{both} for a in {x.name} for b in [{p.parameter()}]]", x.shape, x.depends)
    elif p.rng.random() < 0.5:
        pairs = f"zip(row, {p.parameter(x.shape[1])})"
        p.let(f"[[{both} for a, b in {pairs}] for row in {x.name}]", x.shape, x.depends)
    else:
        pairs = f"zip({x.name}, {p.parameter(x.shape[0])})"
        p.let(f"[[{both} for a in row] for row, b in {pairs}]", x.shape, x.depends)


@layer
def spread(p: Program) -> None:
    """One number meets every entry."""
    x, s = p.pick(p.rng.choice([1, 2])), p.pick(0)
    both = p.squash(p.rng.choice(BINARY).format(*p.rng.sample(["a", s.name], 2)))
    inner = f"[{both} for a in row]"
    code = f"[{both} for a in {x.name}]" if len(x.shape) == 1 else f"[{inner} for row in {x.name}]"
    p.let(code, x.shape, x.depends or s.depends)


@layer
@layer
def gather(p: Program) -> None:
    x, s = p.pick(1), p.pick(0)
    form = p.rng.choice(GATHER)
    p.let(form.format(x.name, s.name), (), x.depends or ("{1}" in form and s.depends))


@layer
def rows(p: Program) -> None:
    """Something of every row."""
    x, s = p.pick(2), p.pick(0)
    form = p.rng.choice(GATHER)
    code = f"[{form.format('row', s.name)} for row in {x.name}]"
    p.let(code, x.shape[:1], x.depends or ("{1}" in form and s.depends))


@layer
def part(p: Program) -> None:
    x, rng = p.pick(p.rng.choice([1, 2])), p.rng
    n = x.shape[0]
    k = rng.randint(1, n)
    code, count = rng.choice(
        [
            (f"{x.name}[:{k}]", k),
            (f"{x.name}[{n - k}:]", k),
            (f"{x.name}[::-1]", n),
            (f"{x.name}[::2]", (n + 1) // 2),
            (f"{x.name} + {x.name}[:{k}]", n + k),
            (f"[{x.name}[{n - k}]] * {k}", k),
            (f"{x.name}[1:] + {x.name}[:1]", n),
        ]
    )
    if count <= 8:
        p.let(code, (count, *x.shape[1:]), x.depends)


@layer
def turned(p: Program) -> None:
    x = p.pick(2)
    if p.rng.random() < 0.5:
        p.let(f"[list(column) for column in zip(*{x.name})]", x.shape[::-1], x.depends)
    elif x.shape[0] * x.shape[1] <= 12:
        p.let(f"[a for row in {x.name} for a in row]", (x.shape[0] * x.shape[1],), x.depends)


@layer
def concatenated(p: Program) -> None:
    x, y = p.pick(1), p.pick(1)
    extra = p.rng.choice(["", " + [1]", " + [0.0, -2]"])
    count = x.shape[0] + y.shape[0] + [0, 1, 2][["", " + [1]", " + [0.0, -2]"].index(extra)]
    if count <= 9:
        p.let(f"{x.name} + {y.name}{extra}", (count,), x.depends or y.depends)


@layer
def softmax(p: Program) -> None:
    x = p.pick(1)
    code = p.rng.choice(
        [
            "(lambda z: [exp(a - z) for a in {0}])(logsumexp({0}))",
            "(lambda es: [e / sum(es) for e in es])([exp(tanh(a)) for a in {0}])",
            "(lambda es, s: [e / s for e in es])(*(lambda es: (es, autograd.sum(es)))([exp(a / 2) for a in {0}]))",
        ]
    )
    p.let(code.format(f"[tanh(a) for a in {x.name}]"), x.shape, x.depends)


@layer
def layer_norm(p: Program) -> None:
    x = p.pick(1)
    m = p.let(f"sum({x.name}) / {x.shape[0]}", (), x.depends)
    c = p.let(f"[a - {m.name} for a in {x.name}]", x.shape, x.depends)
    s = p.let(f"(sum(a * a for a in {c.name}) / {x.shape[0]} + 0.1) ** 0.5", (), x.depends)
    if p.rng.random() < 0.5:
        gains, shifts = p.parameter(*x.shape), p.parameter(*x.shape)
        p.let(f"[g * a / {s.name} + b for a, g, b in zip({c.name}, {gains}, {shifts})]", x.shape, x.depends)
    else:
        p.let(f"[a / {s.name} for a in {c.name}]", x.shape, x.depends)


@layer
def feature_norm(p: Program) -> None:
    """Every column of a sequence to mean 0 and variance 1."""
    x = p.pick(2)
    steps = x.shape[0]
    m = p.let(f"[autograd.sum(list(column)) / {steps} for column in zip(*{x.name})]", x.shape[1:], x.depends)
    v = p.let(
        f"[sum(square(a - m) for a in column) / {steps} for column, m in zip(zip(*{x.name}), {m.name})]",
        x.shape[1:],
        x.depends,
    )
    g, b = p.parameter(x.shape[1]), p.parameter(x.shape[1])
    p.let(
        f"[[g * (a - m) / sqrt(v + 0.1) + b for a, m, v, g, b in zip(row, {m.name}, {v.name}, {g}, {b})] "
        f"for row in {x.name}]",
        x.shape,
        x.depends,
    )


@layer
@layer
def recurrent(p: Program) -> None:
    """A state that goes through shared weights at every step, from numbers or from vectors."""
    rng, width = p.rng, p.rng.choice([1, 2, 3])
    x = p.pick(p.rng.choice([1, 2]))
    inner = p.parameter(width, width)
    start = rng.choice([f"[0.0] * {width}", f"[1] + [0] * {width - 1}", p.parameter(width)])
    if len(x.shape) == 1:
        fed = f"{p.parameter(width)}[i] * a"
    else:
        fed = p.weighted(f"{p.parameter(width, x.shape[1])}[i]", "a", None)
    bias = rng.choice(["", f" + {p.parameter(width)}[i]", f" + {p.parameter()}"])
    state = f"{fed} + {p.weighted(f'{inner}[i]', 's', None)}{bias}"
    step = rng.choice(["tanh({})", "sigmoid({})", "0.5 * s[i] + 0.5 * tanh({})", "s[i] + tanh({})"]).format(state)
    name = f"h{len(p.statements)}"
    p.statements.append(
        f"s, {name} = {start}, []\nfor a in {x.name}:\n    s = [{step} for i in range({width})]\n    {name}.append(s)"
    )
    p.variables.append(Term(name, (x.shape[0], width), x.depends))
    if rng.random() < 0.6:
        p.let(f"{name}[-1]", (width,), x.depends)


@layer
def gated(p: Program) -> None:
    """A gate decides how much of a scalar state is kept; the outputs of all steps."""
    x = p.pick(1)
    w, u, b = p.parameter(), p.parameter(), p.parameter()
    name = f"h{len(p.statements)}"
    p.statements.append(
        f"s, {name} = 0.0, []\nfor a in {x.name}:\n    g = sigmoid({w} * a + {u} * s + {b})\n"
        f"    s = g * s + (1 - g) * tanh({u} * a)\n    {name}.append(s)"
    )
    p.variables.append(Term(name, x.shape, x.depends))


@layer
def over_time(p: Program) -> None:
    """One linear layer at every step."""
    x, width = p.pick(2), p.rng.choice([1, 2, 3])
    w, b = p.parameter(width, x.shape[1]), p.parameter(width)
    biased = p.rng.random() < 0.7
    entry = p.squash(p.weighted("row", "a", "b" if biased else None))
    pairs = f"row, b in zip({w}, {b})" if biased else f"row in {w}"
    p.let(f"[[{entry} for {pairs}] for a in {x.name}]", (x.shape[0], width), x.depends)


@layer
def attention(p: Program) -> None:
    x, rng = p.pick(2), p.rng
    steps, width = x.shape
    size = rng.choice([1, 2])
    made = []
    for _ in range(3):
        w = p.parameter(size, width)
        made.append(
            p.let(f"[[{p.weighted('row', 'a', None)} for row in {w}] for a in {x.name}]", (steps, size), x.depends)
        )
    q, k, v = [x.name for x in made]
    seen = rng.choice([k, f"{k}[:t + 1]"])
    scores = p.let(f"[[dot(q, k) / {size**0.5} for k in {seen}] for t, q in enumerate({q})]", (steps, 1), x.depends)
    p.variables.pop()  # it is ragged
    if rng.random() < 0.5:
        shares = f"[[exp(s - logsumexp(row)) for s in row] for row in {scores.name}]"
    else:
        shares = f"[[exp(s) / sum(exp(r) for r in row) for s in row] for row in {scores.name}]"
    weights = p.let(shares, (steps, 1), x.depends)
    p.variables.pop()
    p.let(
        f"[[sum(a * v[j] for a, v in zip(row, {v})) for j in range({size})] for row in {weights.name}]",
        (steps, size),
        x.depends,
    )


@layer
def convolution(p: Program) -> None:
    rng = p.rng
    x = p.pick(rng.choice([1, 2]))
    pad, stride, size = rng.choice([0, 1]), rng.choice([1, 2]), rng.choice([1, 2, 3])
    length = x.shape[0] + 2 * pad
    if length < size or size <= pad:  # every window holds more than padding
        return
    count = (length - size) // stride + 1
    b = rng.choice(["0", p.parameter()])
    if len(x.shape) == 1:
        padded = p.let(f"[0.0] * {pad} + {x.name} + [0.0] * {pad}", (length,), x.depends)
        p.variables.pop()  # not all of it depends on the example
        w = p.parameter(size)
        window = f"{padded.name}[i * {stride}:i * {stride} + {size}]"
        p.let(f"[{p.squash(p.weighted(w, window, b))} for i in range({count})]", (count,), x.depends)
    else:
        zeros = f"[[0] * {x.shape[1]}] * {pad}"
        padded = p.let(f"{zeros} + {x.name} + {zeros}", (length, x.shape[1]), x.depends)
        p.variables.pop()
        kernels, channels = p.parameter(2, size * x.shape[1]), 2
        window = f"[a for row in {padded.name}[i * {stride}:i * {stride} + {size}] for a in row]"
        entry = p.squash(p.weighted("kernel", window, b))
        p.let(f"[[{entry} for kernel in {kernels}] for i in range({count})]", (count, channels), x.depends)


@layer
def embedding(p: Program) -> None:
    """Rows of a table, picked by one-hot vectors: constant ones or given ones."""
    rng = p.rng
    width = rng.choice([1, 2])
    hot = p.rng.choice(["[1.0, 0.0, 0.0]", "[0, 0, 1]", "hot"])
    given = hot == "hot"
    if given and "hot" not in p.inputs:
        hot, given = "[0, 1, 0]", False
    table = p.parameter(3, width)
    p.let(f"[dot([row[j] for row in {table}], {hot}) for j in range({width})]", (width,), given)


@layer
def looked_up(p: Program) -> None:
    """Rows of a table by constant numbers, as a sequence."""
    width = p.rng.choice([1, 2])
    table = p.parameter(3, width)
    picked = [p.rng.randrange(3) for _ in range(p.rng.randint(1, 4))]
    p.let(f"[{table}[i] for i in {picked}]", (len(picked), width), False)


@layer
def positions(p: Program) -> None:
    x = p.pick(2)
    table = p.parameter(*x.shape)
    p.let(f"[[a + b for a, b in zip(r, s)] for r, s in zip({x.name}, {table})]", x.shape, x.depends)


@layer
def running(p: Program) -> None:
    """Sums of everything up to each step."""
    x = p.pick(1)
    p.let(f"[tanh(sum({x.name}[:i + 1])) for i in range({x.shape[0]})]", x.shape, x.depends)


@layer
def all_pairs(p: Program) -> None:
    x, y = p.pick(1), p.pick(1)
    both = p.squash(p.rng.choice(BINARY).format("a", "b"))
    p.let(f"[[{both} for b in {y.name}] for a in {x.name}]", (x.shape[0], y.shape[0]), x.depends or y.depends)


@layer
def all_triples(p: Program) -> None:
    """An array of three axes, which something takes together along one of them."""
    x, y, rng = p.pick(1), p.pick(1), p.rng
    w = p.parameter(rng.choice([1, 2, 3]))
    if x.shape[0] * y.shape[0] > 12:
        return
    entry = p.squash(rng.choice(["a * b * c", "a * c + b", "maximum(a, b) * c", "(a - c) * sin(b)", "a * b + c"]))
    cube = p.let(f"[[[{entry} for c in {w}] for b in {y.name}] for a in {x.name}]", (), x.depends or y.depends)
    p.variables.pop()
    taken = rng.choice(["sum({})", "logsumexp({})", "prod({})", "autograd.sum({}) / 2", "dot({0}, {0})"])
    extents = {"a": x.shape[0], "b": y.shape[0], "c": p.size(w)}
    axis = rng.choice("abc")
    first, second = [other for other in "abc" if other != axis]
    if rng.random() < 0.3:
        first, second = second, first
    inner = f"{taken.format(f'[{cube.name}[a][b][c] for {axis} in range({extents[axis]})]')}"
    code = f"[[{inner} for {second} in range({extents[second]})] for {first} in range({extents[first]})]"
    p.let(code, (extents[first], extents[second]), x.depends or y.depends)


@layer
def heads(p: Program) -> None:
    """A sequence through several matrices side by side, and their sum or one after the other."""
    x, width = p.pick(2), p.rng.choice([1, 2])
    w = p.parameter(2, width, x.shape[1])
    entry = p.squash(p.weighted("row", "a", None))
    several = p.let(f"[[[{entry} for row in head] for a in {x.name}] for head in {w}]", (), x.depends)
    p.variables.pop()
    if p.rng.random() < 0.5:
        p.let(f"[[a + b for a, b in zip(r, s)] for r, s in zip(*{several.name})]", (x.shape[0], width), x.depends)
    else:
        p.let(f"[r + s for r, s in zip(*{several.name})]", (x.shape[0], 2 * width), x.depends)


@layer
def matrix_times(p: Program) -> None:
    """A matrix that is computed, times a vector that is."""
    x, y = p.pick(2), p.pick(1)
    entry = p.squash(p.weighted(f"row[:{y.shape[0]}]", f"{y.name}[:len(row)]", None))
    p.let(f"[{entry} for row in {x.name}]", x.shape[:1], x.depends or y.depends)


@layer
def blocked(p: Program) -> None:
    x = p.pick(1)
    p.let(f"[{p.rng.choice(['stop(a)', 'stop(a) * a', 'a - stop(a)'])} for a in {x.name}]", x.shape, x.depends)


@layer
def tabled(p: Program) -> None:
    """What is computed from parameters alone."""
    width = p.rng.choice([1, 2, 3])
    w = p.parameter(width)
    p.let(f"[{p.unary('a')} for a in {w}]", (width,), False)


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


def _close(what: str, mine: Any, expected: Any) -> None:
    mine, expected = list(_numbers(mine)), list(_numbers(expected))
    if len(mine) != len(expected):
        raise Difference(f"{what}: {len(mine)} numbers, and the engine has {len(expected)}")
    for a, b in zip(mine, expected):
        if not abs(a - b) <= TOLERANCE * max(1.0, abs(b)):
            raise Difference(f"{what}: {mine}\nthe engine: {expected}")


def _values(x: Any) -> Any:
    """Arguments of an eager run: with Values for numbers."""
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


def _taken(made: Any, i: int) -> Any:
    """What outputs of a batch are for one example."""
    if isinstance(made, dict):
        return {key: _taken(item, i) for key, item in made.items()}
    if isinstance(made, (tuple, list)):
        return [_taken(item, i) for item in made]
    return made[i]


def check(program: Program) -> None:
    """Compare the program, compiled in three ways, with the engine.

    Raises
    ------
    Difference
    """
    scope = program.scope()
    values, f, data = program.values(scope), scope["f"], program.data()
    rows = [_values(row) for row in data]
    each = [[autograd.positive(t) for t in scope["terms"](*row)] for row in rows]
    flags = [depends for _, depends in program.terms]

    def gradient(loss: Value) -> list[float]:
        for v in values:
            v.grad = 0.0
        loss.backward()
        return [v.grad for v in values]

    def compare(what: str, compiled: Any, arguments: list[Any], loss: Value) -> None:
        mine, _ = compiled(*arguments)
        compiled.write_back() if program.chosen else None
        got = [v.grad for v in values] if program.chosen else None
        if got is None:
            found = dict(zip(compiled.parameters.values, compiled.parameters.grad[compiled.parameters.where].tolist()))
            got = [found.get(v, 0.0) for v in values]
        _close(f"{what}, loss", mine, loss.data)
        _close(f"{what}, gradient", got, gradient(loss))

    def lost(i: int | None = None) -> Value:
        """The loss of a batch: the terms of its examples, and once those that depend on none."""
        own = [autograd.sum([t for t, d in zip(ts, flags) if d]) for ts in each]
        rest = autograd.sum([t for t, d in zip(each[0], flags) if not d] + [Value(0.0)])
        total = autograd.sum(own)
        whole: Value = (total / len(own) if program.reduction == "mean" else total) + rest
        return whole

    chosen = values if program.chosen else None
    options: dict[str, Any] = {"parameters": chosen, "reduction": program.reduction}
    batch = [_stacked(pattern, [row[k] for row in data]) for k, pattern in enumerate(program.inputs.values())]
    compiled = autograd.compile(f, **options)
    compare("batch", compiled, batch, lost())
    _close("batch, outputs", compiled.outputs(*batch), [f(*row) for row in rows])
    single = [
        _stacked(pattern, [x])[0] if isinstance(pattern, tuple) else x
        for pattern, x in zip(program.inputs.values(), data[0])
    ]
    compiled = autograd.compile(f, batch=False, **options)
    compare("one example", compiled, single, autograd.sum(each[0]))
    _close("one example, outputs", compiled.outputs(*single), f(*rows[0]))
    whole = autograd.compile(lambda: sum(f(*row) for row in data) / len(data), parameters=chosen)
    compare("in one piece", whole, [], autograd.sum([f(*row) for row in rows]) / len(rows))
    if program.chosen:  # with the parameters in the places that another program gave them
        other = autograd.compile(lambda: autograd.sum([tanh(v) for v in values[::-2]]) + autograd.dot(values, values))
        options["parameters"] = other.parameters
        compare("with another's parameters", autograd.compile(f, **options), batch, lost())
    several = scope["several"]
    made = autograd.compile(several, chosen, gradient=False)(*batch)
    for i, row in enumerate(rows):
        _close("several outputs", _taken(made, i), several(*row))
    _close("several outputs of one", autograd.compile(several, batch=False, gradient=False)(*single), several(*rows[0]))


def failure(program: Program) -> BaseException | None:
    """What goes wrong with the program, if anything does."""
    try:
        check(program)
    except Exception as error:
        return error
    return None


def _kind(error: BaseException | None) -> tuple[type, str]:
    return type(error), str(error)[:30]


def shortened(program: Program) -> Program:
    """The program without whatever it fails without just as well."""

    kind = _kind(failure(program))

    def attempt(change: Callable[[Program], Any]) -> bool:
        kept = list(program.statements), list(program.terms), program.returned, program.examples
        change(program)
        if _kind(failure(program)) == kind:
            return True
        program.statements, program.terms, program.returned, program.examples = kept
        return False

    attempt(lambda p: setattr(p, "returned", "0.5"))
    attempt(lambda p: setattr(p, "examples", 1))
    for term in list(program.terms):
        if len(program.terms) > 1:
            attempt(lambda p, term=term: p.terms.remove(term))  # type: ignore[misc]
    for statement in reversed(program.statements):
        attempt(lambda p, statement=statement: p.statements.remove(statement))  # type: ignore[misc]
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
    options = parser.parse_args()
    failures = 0
    for seed in range(options.seed, options.seed + options.count):
        program = Program(seed, options.layers)
        if options.print:
            print(program.source)
            continue
        error = failure(program)
        if error is not None:
            failures += 1
            program = shortened(program)
            error = failure(program) or error
            print(
                f"--- seed {seed}: {type(error).__name__}: {error}\n{program.source.split('def terms')[0]}", flush=True
            )
            if failures == options.most:
                break
    print(f"{failures} failures in the programs from seed {options.seed} to {seed}")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
