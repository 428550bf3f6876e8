"""Layers of random programs: linear maps, norms, tables, steps of a recurrence, joins, slices and transpositions.

All of their arrays are rectangular; `tests.fuzz_ragged` and `tests.fuzz_time` have layers of other structures.
"""

from __future__ import annotations

from tests.fuzz_drawing import Program, layer

BINARY = [
    "({} + {})", "({} - {})", "{} * {}", "{} / (1.5 + square({}))", "maximum({}, {})", "minimum({}, {})",
    "where({0} > {1}, {0}, 0.5 * {1})", "own_mix({}, {})", "({} + 2 * {})", "({0} * {1} + {0})", "atan2({}, 2 + {}**2)",
    "({} + stop({}))", "own_blend({}, {}, 0.25)", "own_blend({0}, {1}, sigmoid({0}))", "leaky_relu({}, {})",
    "own_first({}, {})", "own_count({}, {})", "({} + 0.5 * {})", "-{} * {}",
]  # fmt: skip
GATHER = [
    "sum({0})", "autograd.sum({0})", "autograd.sum({0}) / len({0})", "prod([tanh(a) for a in {0}])", "logsumexp({0})",
    "dot({0}, {0})", "sum(a * a for a in {0})", "own_energy(*{0})", "{0}[0]", "{0}[-1]", "sum(a - 2.0 for a in {0})",
    "functools.reduce(maximum, {0})", "sum(abs(a) for a in {0})", "sum(a * {1} - 1 for a in {0})", "prod({0}[:2])",
    "dot({0}, {0}[::-1])", "logsumexp([a * 2 for a in {0}] + [0])",
]  # fmt: skip


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
    """Residual connections, products, choices: two variables entry by entry, up to the end of the shorter one."""
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
    """Each entry, row or column is combined with a parameter of its own, or all entries with one."""
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
    """One number is combined with every entry."""
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
    """A reduction of every row."""
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
    """Every column of a sequence is normalised to mean 0 and variance 1, then scaled and shifted."""
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
    code = f"s, HERE = {start}, []\nfor a in {x.name}:\n    s = [{step} for i in range({width})]\n    HERE.append(s)"
    made = p.add(code, (x.shape[0], width), x.depends)
    if rng.random() < 0.6:
        p.let(f"{made.name}[-1]", (width,), x.depends)


@layer
def gated(p: Program) -> None:
    """A gate decides how much of a scalar state is kept; the outputs of all steps."""
    x = p.pick(1)
    w, u, b = p.parameter(), p.parameter(), p.parameter()
    p.add(
        f"s, HERE = 0.0, []\nfor a in {x.name}:\n    g = sigmoid({w} * a + {u} * s + {b})\n"
        f"    s = g * s + (1 - g) * tanh({u} * a)\n    HERE.append(s)",
        x.shape,
        x.depends,
    )


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
def convolution(p: Program) -> None:
    rng = p.rng
    x = p.pick(rng.choice([1, 2]))
    pad, stride, size = rng.choice([0, 1]), rng.choice([1, 2]), rng.choice([1, 2, 3])
    length = x.shape[0] + 2 * pad
    if length < size or size <= pad:  # otherwise every window holds at least one entry
        return
    count = (length - size) // stride + 1
    b = rng.choice(["0", p.parameter()])
    if len(x.shape) == 1:
        padded = p.local(f"[0.0] * {pad} + {x.name} + [0.0] * {pad}", x.depends)
        w = p.parameter(size)
        window = f"{padded}[i * {stride}:i * {stride} + {size}]"
        p.let(f"[{p.squash(p.weighted(w, window, b))} for i in range({count})]", (count,), x.depends)
    else:
        zeros = f"[[0] * {x.shape[1]}] * {pad}"
        padded = p.local(f"{zeros} + {x.name} + {zeros}", x.depends)
        kernels, channels = p.parameter(2, size * x.shape[1]), 2
        window = f"[a for row in {padded}[i * {stride}:i * {stride} + {size}] for a in row]"
        entry = p.squash(p.weighted("kernel", window, b))
        p.let(f"[[{entry} for kernel in {kernels}] for i in range({count})]", (count, channels), x.depends)


@layer
def embedding(p: Program) -> None:
    """A row of a table, picked by a one-hot vector: a constant, or an argument."""
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
    """A sequence of rows of a table, picked by constant indices."""
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
    """An array of three axes, which is reduced along one of them."""
    x, y, rng = p.pick(1), p.pick(1), p.rng
    w = p.parameter(rng.choice([1, 2, 3]))
    if x.shape[0] * y.shape[0] > 12:
        return
    entry = p.squash(rng.choice(["a * b * c", "a * c + b", "maximum(a, b) * c", "(a - c) * sin(b)", "a * b + c"]))
    cube = p.local(f"[[[{entry} for c in {w}] for b in {y.name}] for a in {x.name}]", x.depends or y.depends)
    taken = rng.choice(["sum({})", "logsumexp({})", "prod({})", "autograd.sum({}) / 2", "dot({0}, {0})"])
    extents = {"a": x.shape[0], "b": y.shape[0], "c": p.size(w)}
    axis = rng.choice("abc")
    first, second = [other for other in "abc" if other != axis]
    if rng.random() < 0.3:
        first, second = second, first
    inner = f"{taken.format(f'[{cube}[a][b][c] for {axis} in range({extents[axis]})]')}"
    code = f"[[{inner} for {second} in range({extents[second]})] for {first} in range({extents[first]})]"
    p.let(code, (extents[first], extents[second]), x.depends or y.depends)


@layer
def heads(p: Program) -> None:
    """A sequence multiplied by several matrices side by side; the results are added, or concatenated."""
    x, width = p.pick(2), p.rng.choice([1, 2])
    w = p.parameter(2, width, x.shape[1])
    entry = p.squash(p.weighted("row", "a", None))
    several = p.local(f"[[[{entry} for row in head] for a in {x.name}] for head in {w}]", x.depends)
    if p.rng.random() < 0.5:
        p.let(f"[[a + b for a, b in zip(r, s)] for r, s in zip(*{several})]", (x.shape[0], width), x.depends)
    else:
        p.let(f"[r + s for r, s in zip(*{several})]", (x.shape[0], 2 * width), x.depends)


@layer
def matrix_times(p: Program) -> None:
    """A computed matrix times a computed vector."""
    x, y = p.pick(2), p.pick(1)
    entry = p.squash(p.weighted(f"row[:{y.shape[0]}]", f"{y.name}[:len(row)]", None))
    p.let(f"[{entry} for row in {x.name}]", x.shape[:1], x.depends or y.depends)


@layer
def blocked(p: Program) -> None:
    x = p.pick(1)
    p.let(f"[{p.rng.choice(['stop(a)', 'stop(a) * a', 'a - stop(a)'])} for a in {x.name}]", x.shape, x.depends)


@layer
def tabled(p: Program) -> None:
    """A vector computed from parameters alone."""
    width = p.rng.choice([1, 2, 3])
    w = p.parameter(width)
    p.let(f"[{p.unary('a')} for a in {w}]", (width,), False)
