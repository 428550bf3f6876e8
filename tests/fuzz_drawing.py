"""Draws random programs: the class that builds their source, and some operations as users define them.

A `Program` is Python source under construction: parameters, arguments, statements, and the terms of a loss. Each layer,
a function that `layer` registers, adds statements that make new variables from those already there. The layers are in
`tests.fuzz_layers`, `tests.fuzz_ragged` and `tests.fuzz_time`; `tests.fuzz_programs` compares programs with the engine.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable
from typing import Any, TypeVar

import autograd
from autograd import Value, exp, log1p, square, tanh
from autograd.functional import leaves
from autograd.ops import OPS, Op

Made = TypeVar("Made", bound=Callable[..., Any])


def own(name: str, forward: Callable[..., Any], partials: Callable[..., Any], arity: int | None = 1) -> Op:
    """An operation as a user defines it; removed from `OPS`, because other tests go through all operations there."""
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
"""Operations as a user defines them; one on a sequence is called with the items as separate arguments."""

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
SQUASH = ["tanh({})", "sigmoid({})", "sin({})", "relu({}) / 3", "{} / 2", "tanh({}) + 0.1 * {}"]
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


class Variable:
    """A variable of a program: its name, its shape, and whether it depends on the example.

    The shape of a ragged variable is its number of rows and then, as a tuple, the lengths of the rows.
    """

    def __init__(self, name: str, shape: tuple[Any, ...], depends: bool) -> None:
        self.name, self.shape, self.depends = name, shape, depends


class Program:
    """A program drawn from a seed.

    Attributes
    ----------
    long : bool
        Whether it is one of the few programs with long sequences, which have fewer layers.
    parameters : dict of str to tuple of int
        The shapes of the parameters: single Values, lists, or nested lists.
    inputs : dict of str to pattern
        The pattern of each argument: a shape, or a dict or list of patterns.
    statements : list of str
    variables, ragged : list of Variable
        The variables that layers can use: numbers, vectors and matrices, and lists of rows of different length.
    made : dict of int to Variable
        The variable that a statement makes, by the statement's index.
    terms : list of (str, bool)
        The terms of the loss, each with whether it depends on the example.
    returned : str
        An expression with several outputs, for the function ``several``.
    """

    exact = False
    """Whether infinities, nan and the signs of zeros have to agree with the engine's, too."""

    def __init__(self, seed: int, layers: int | None = None) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        self.parameters: dict[str, tuple[int, ...]] = {}
        self.inputs: dict[str, Any] = {}
        self.statements: list[str] = []
        self.variables: list[Variable] = []
        self.ragged: list[Variable] = []
        self.made: dict[int, Variable] = {}
        self.terms: list[tuple[str, bool]] = []
        self.examples = rng.choice([1, 2, 3])
        self.reduction = rng.choice(["mean", "sum"])
        self.chosen = rng.random() < 0.5
        self.long = rng.random() < 0.05
        self._arguments()
        most = [1, 2, 3, 4] if self.long else [1, 2, 3, 4, 5, 6, 8, 10]
        for _ in range(rng.choice(most) if layers is None else layers):
            self._layer()
        self._loss()

    def _layer(self) -> None:
        self.rng.choice(LAYERS)(self)

    # --- what layers are made with ----------------------------------------------------------------------------

    def _arguments(self) -> None:
        rng = self.rng
        width, steps = rng.choice([1, 2, 3, 4]), rng.choice([12, 16] if self.long else [1, 2, 3, 5, 5, 10])
        kinds: list[tuple[str, Any, list[tuple[str, tuple[int, ...]]]]] = [
            ("x", (width,), [("x", (width,))]),
            ("xs", (steps,), [("xs", (steps,))]),
            ("seq", (steps, width), [("seq", (steps, width))]),
            ("d", {"a": (width,), "b": ()}, [('d["a"]', (width,)), ('d["b"]', ())]),
            ("pair", [(steps, 2), ()], [("pair[0]", (steps, 2)), ("pair[1]", ())]),
            ("t", (), [("t", ())]),
            ("hot", (3,), [("hot", (3,))]),
            ("cube", (2, steps, 2), [("cube[0]", (steps, 2)), ("cube[1]", (steps, 2))]),
            ("many", [(1, 2), (3, 2), (2, 2)], [(f"many[{i}]", (n, 2)) for i, n in enumerate([1, 3, 2])]),
            ("groups", [(3,), (1,), (2,)], [("groups[0]", (3,)), ("groups[2]", (2,))]),
        ]
        for name, pattern, variables in rng.sample(kinds, rng.randint(1, 3)):
            self.inputs[name] = pattern
            self.variables += [Variable(text, shape, True) for text, shape in variables]
            if name == "groups":
                self.ragged.append(Variable(name, (3, (3, 1, 2)), True))

    def parameter(self, *shape: int) -> str:
        """A parameter of this shape: a new one, one that is in use already, or a part of one."""
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
        """The length of a vector that `parameter` has returned."""
        return len(eval(parameter, {name: filled(shape, float) for name, shape in self.parameters.items()}))

    def pick(self, ndim: int) -> Variable:
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

    def let(self, code: str, shape: tuple[Any, ...], depends: bool) -> Variable:
        """Add a statement that makes a variable."""
        return self.add(f"HERE = {code}", shape, depends)

    def add(self, code: str, shape: tuple[Any, ...], depends: bool) -> Variable:
        """Add statements that make a variable, which is called HERE in `code`."""
        made = Variable(f"h{len(self.statements)}", shape, depends)
        self.statements.append(code.replace("HERE", made.name))
        self.made[len(self.statements) - 1] = made
        (self.ragged if len(shape) == 2 and isinstance(shape[1], tuple) else self.variables).append(made)
        return made

    def local(self, code: str, depends: bool) -> str:
        """Add a statement that makes a variable for this layer alone; returns the variable's name."""
        name = f"h{len(self.statements)}"
        self.statements.append(f"{name} = {code}")
        return name

    def sequence(self, most: int, ndim: int = 2) -> Variable:
        """A sequence of vectors, or of numbers, of at most this length, or twice this length in long programs."""
        x, most = self.pick(ndim), most * (1 + self.long)
        return x if x.shape[0] <= most else self.let(f"{x.name}[:{most}]", (most, *x.shape[1:]), x.depends)

    def unary(self, operand: str) -> str:
        return self.rng.choice(UNARY).format(operand)

    def squash(self, code: str) -> str:
        """Code for a scalar, sometimes within a function that keeps it small."""
        return self.rng.choice(SQUASH).format(code, code) if self.rng.random() < 0.6 else code

    def weighted(self, weights: str, xs: str, bias: str | None) -> str:
        """Code for a dot product, in one of the ways to write it."""
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
        words = [set(re.findall(r"\w+", statement)) for statement in self.statements]
        unused = [x for i, x in self.made.items() if not any(x.name in word for word in words[i + 1 :])]
        last = [self.variables[-1], *[rng.choice(unused or self.variables) for _ in range(rng.randint(0, 3))]]
        sources = last if any(x.depends for x in last) else [*last, self.variables[0]]
        for x in sources:
            other = rng.choice([y for y in self.variables if not y.shape] or [Variable("0.5", (), False)])
            form = rng.choice(TERMS)
            depends = x.depends or ("{1}" in form and other.depends)
            if len(x.shape) == 2:
                text = f"sum({form.format('a', other.name)} for row in {x.name} for a in row)"
            elif len(x.shape) == 1:
                text = f"sum({form.format('a', other.name)} for a in {x.name})"
            else:
                text = form.format(x.name, other.name)
            # A sum over the examples counts a term that does not depend on them once, also where it is only a part of
            # this expression. A nonlinear function around the expression prevents such parts.
            whole = self.reduction == "sum" or rng.random() < 0.2
            self.terms.append((rng.choice(WHOLE).format(f"({text})") if whole else text, depends))
        # At least one term must depend on a parameter.
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
        scope: dict[str, Any] = {"autograd": autograd, "functools": functools, **OWN}
        scope |= {name: op for name, op in OPS.items() if name.isidentifier() and name not in ("sum",)}
        scope |= {"abs": autograd.abs, "stop": lambda a: a.detach() if isinstance(a, Value) else a}
        for name, shape in self.parameters.items():  # each has a seed of its own, so that `shortened` can remove others
            rng = random.Random(f"{self.seed} {name}")
            label = rng.choice(LABELS)
            numbers = iter(range(1000))
            scope[name] = filled(shape, lambda rng=rng, label=label, numbers=numbers: Value(  # type: ignore[misc]
                self.number(rng), label and f"{label}{next(numbers)}"))  # fmt: skip
        exec(self.source, scope)
        return scope

    def values(self, scope: dict[str, Any]) -> list[Value]:
        return [p for name in self.parameters for p in leaves(scope[name])]

    def number(self, rng: random.Random) -> float:
        """The number of a parameter."""
        return round(rng.uniform(-1.0, 1.0), 3)

    def given(self, rng: random.Random) -> float:
        """A number of an example."""
        return rng.choice([0.0, 1.0, -1.0, 2.0]) if rng.random() < 0.15 else rng.uniform(-1.0, 1.0)

    def data(self) -> list[list[Any]]:
        """The arguments of each example."""
        rng = random.Random(f"{self.seed} data")

        return [
            [filled(pattern, lambda: self.given(rng)) for pattern in self.inputs.values()] for _ in range(self.examples)
        ]


def filled(pattern: Any, number: Callable[[], Any]) -> Any:
    """Numbers nested as a pattern says."""
    if isinstance(pattern, dict):
        return {key: filled(item, number) for key, item in pattern.items()}
    if isinstance(pattern, list):
        return [filled(item, number) for item in pattern]
    return [filled(pattern[1:], number) for _ in range(pattern[0])] if pattern else number()


# --- layers -------------------------------------------------------------------------------------------------------

LAYERS: list[Callable[[Program], Any]] = []
"""The layers that programs are drawn from; a layer registered twice is drawn twice as often."""


def layer(make: Made) -> Made:
    LAYERS.append(make)
    return make
