"""Layers of random programs whose steps repeat: recurrences of all kinds, stacks of equal layers, iterations.

A step is the same at every time, or almost: the first one starts from constants, even steps have other weights than odd
ones, early steps differ from late ones, the position is added. Sequences are read forward and backward, once or twice,
or a map is iterated without a sequence.
"""

from __future__ import annotations

from tests.fuzz_drawing import Program, Variable, layer

# --- recurrences of vectors -----------------------------------------------------------------------------------


def start(p: Program, width: int, depends: bool) -> str:
    """The initial state: numbers, parameters, or a variable, which may depend on the example if the states do."""
    fits = [x.name for x in p.variables if x.shape == (width,) and (depends or not x.depends)]
    numbers = [f"[0.0] * {width}", f"[0] * {width}", f"[1.0] + [0.0] * {width - 1}"]
    return p.rng.choice(
        [*numbers, p.parameter(width), f"[tanh(a) for a in {p.rng.choice(fits)}]" if fits else numbers[0]]
    )


def scanned(p: Program, x: Variable, width: int, backward: bool = False) -> Variable:
    """The states of a recurrence over a sequence of vectors."""
    rng = p.rng
    w, u = p.parameter(width, x.shape[1]), p.parameter(width, width)
    fed, kept = p.weighted(f"{w}[c]", "a", None), p.weighted(f"{u}[c]", "s", None)
    if rng.random() < 0.25:
        kept = p.weighted(f"({u} if i % 2 else {p.parameter(width, width)})[c]", "s", None)
    bias = rng.choice(["", f" + {p.parameter(width)}[c]", " + 0.1 * i", f" + {p.parameter(x.shape[0], width)}[i][c]"])
    state = f"{fed} + {kept}{bias}"
    step = rng.choice(
        ["tanh({})"] * 4
        + ["sigmoid({})", "relu({})", "0.5 * s[c] + 0.5 * tanh({})", "s[c] + tanh({}) / 2", "own_swish({})",
           "(tanh if i < 2 else sin)({})", "(tanh({}) if i else s[c] + a[0])"]
    ).format(state)  # fmt: skip
    if step.startswith("relu"):
        step = f"minimum({step}, 1.0)"
    order, back = (f"{x.name}[::-1]", "\nHERE = HERE[::-1]") if backward else (x.name, "")
    begin, each = start(p, width, x.depends), f"[{step} for c in range({width})]"
    return states(p, begin, order, each, (x.shape[0], width), x.depends, back)


def states(
    p: Program, begin: str, over: str, step: str, shape: tuple[int, ...], depends: bool, back: str = ""
) -> Variable:
    """All states s of a recurrence; its step may use the input a and the time i."""
    return p.add(
        f"s, HERE = {begin}, []\nfor i, a in enumerate({over}):\n    s = {step}\n    HERE.append(s){back}",
        shape,
        depends,
    )


def read(p: Program, states: Variable) -> None:
    """What later layers see of all states: the last, some, all, their sum, or their squared lengths."""
    n, width = states.shape
    code, shape = p.rng.choice(
        [(f"{states.name}[-1]", (width,)), (f"{states.name}[::2]", ((n + 1) // 2, width)),
         (f"{states.name}[{n // 2}:]", (n - n // 2, width)), (f"[sum(c) for c in zip(*{states.name})]", (width,)),
         (f"[sum(square(a) for a in s) for s in {states.name}]", (n,)), (states.name, states.shape)]
    )  # fmt: skip
    p.let(code, shape, states.depends)


@layer
@layer
def recurrence(p: Program) -> None:
    """One, two or three recurrent layers, each forward or backward."""
    x, rng = p.sequence(p.rng.choice([4, 6, 10])), p.rng
    for _ in range(rng.choice([1, 1, 2, 3])):
        x = scanned(p, x, rng.choice([1, 2, 3]), backward=rng.random() < 0.3)
    read(p, x)


@layer
def both_ways(p: Program) -> None:
    x, width = p.sequence(5), p.rng.choice([1, 2])
    forth, back = scanned(p, x, width), scanned(p, x, width, backward=True)
    p.let(f"[a + b for a, b in zip({forth.name}, {back.name})]", (x.shape[0], 2 * width), x.depends)


@layer
def lstm(p: Program) -> None:
    x, width = p.sequence(5), p.rng.choice([1, 2, 3])
    w, b = p.parameter(4, width, x.shape[1] + width), p.parameter(4, width)
    gate = p.weighted("row", "a + s", "e")
    made = p.add(
        f"s, m, HERE = {start(p, width, x.depends)}, {start(p, width, x.depends)}, []\nfor a in {x.name}:\n"
        f"    g = [[{gate} for row, e in zip(rows, bias)] for rows, bias in zip({w}, {b})]\n"
        f"    m = [sigmoid(a) * k + sigmoid(b) * tanh(c) for a, b, c, k in zip(g[0], g[1], g[2], m)]\n"
        f"    s = [sigmoid(a) * tanh(k) for a, k in zip(g[3], m)]\n    HERE.append(s)",
        (x.shape[0], width),
        x.depends,
    )
    read(p, made)


@layer
def gru(p: Program) -> None:
    x, width = p.sequence(5), p.rng.choice([1, 2])
    w, u = p.parameter(3, width, x.shape[1]), p.parameter(3, width, width)
    g = [p.weighted(f"{w}[{k}][c]", "a", None) + " + " for k in range(3)]
    made = p.add(
        f"s, HERE = {start(p, width, x.depends)}, []\nfor a in {x.name}:\n"
        f"    z = [sigmoid({g[0]}{p.weighted(f'{u}[0][c]', 's', None)}) for c in range({width})]\n"
        f"    r = [sigmoid({g[1]}{p.weighted(f'{u}[1][c]', 's', None)}) for c in range({width})]\n"
        f"    g = [tanh({g[2]}dot({u}[2][c], [a * b for a, b in zip(r, s)])) for c in range({width})]\n"
        f"    s = [(1 - a) * b + a * c for a, b, c in zip(z, g, s)]\n    HERE.append(s)",
        (x.shape[0], width),
        x.depends,
    )
    read(p, made)


@layer
def looks_back(p: Program) -> None:
    """A state that is made from all states before it: their average, or what attention takes of them."""
    x, rng = p.sequence(5), p.rng
    width = x.shape[1]
    w = p.parameter(width, width)
    average = "[sum(k[c] for k in HERE) / len(HERE) for c in range({})]"
    shares = "[exp(tanh(dot(a, k))) for k in HERE]"
    shares = f"(lambda e: [sum(a / sum(e) * k[c] for a, k in zip(e, HERE)) for c in range({{}})])({shares})"
    seen = rng.choice([average, shares]).format(width)
    p.add(
        f"HERE = [{x.name}[0]]\nfor a in {x.name}[1:]:\n    s = {seen}\n"
        f"    HERE.append([tanh(b + dot(row, s)) for b, row in zip(a, {w})])",
        x.shape,
        x.depends,
    )


# --- recurrences of numbers -----------------------------------------------------------------------------------

SCALAR = [  # a step of the state s with an input a and parameters v and w, at time i
    "tanh({w} * s + {v} * a)", "{w} * s + a", "s + {w} * a", "sigmoid({w}) * s + (1 - sigmoid({w})) * a",
    "maximum(s, a)", "logaddexp(s, a)", "s + (a - s) / (i + 1)", "tanh(s) * {w} + a * {v} + 0.1 * i",
    "s * (1 + 0.1 * a)", "sin(({w} if i % 2 else {v}) * s + a)", "where(a > 0, tanh(s + a), {w} * s)",
    "s - 0.1 * (s - a) * {w}", "own_mix(tanh(s), {w}) / 4 + a", "(s + a) / 2 if i % 2 else s * {v}",
    "sigmoid({w}) ** i * a + s", "minimum(maximum(s + a, -1.0), 1.0)", "s + {w} * a if i < 2 else s + tanh({v} * a)",
]  # fmt: skip


@layer
@layer
def recurrence_of_numbers(p: Program) -> None:
    """A running sum, average or maximum, a recurrent unit, and the like."""
    x, rng = p.sequence(10, 1), p.rng
    step = rng.choice(SCALAR).format(w=p.parameter(), v=p.parameter())
    first = rng.choice(["0.0", "0", "1.0", p.parameter(), f"{x.name}[0]", f"{x.name}[-1]"])
    made = states(p, first, x.name, step, x.shape, x.depends)
    if rng.random() < 0.4:
        p.let(f"{made.name}[-1]", (), x.depends)


@layer
def second_order(p: Program) -> None:
    """A step from the two states before it."""
    x, rng = p.sequence(8, 1), p.rng
    u, v = p.parameter(), p.parameter()
    step = rng.choice(
        [
            "tanh({u} * b + {v} * c + a)",
            "b + 0.5 * (b - c) + 0.1 * a",
            "{u} * sin(b) - {v} * tanh(c) + a",
            "b * tanh(c) + a",
        ]
    ).format(u=u, v=v)
    code = (
        f"b, c, HERE = 0.0, {rng.choice(['1.0', u])}, []\nfor a in {x.name}:\n    b, c = {step}, b\n    HERE.append(b)"
    )
    p.add(code, x.shape, x.depends)


@layer
def second_order_of_vectors(p: Program) -> None:
    """Leapfrog: positions and velocities, under a force that is linear."""
    x, rng = p.pick(1), p.rng
    if x.shape[0] > 4:
        return
    w, count = p.parameter(x.shape[0], x.shape[0]), rng.choice([2, 3, 5])
    force = rng.choice(["-dot(row, a)", "-tanh(dot(row, a))", "sin(dot(a, row)) - 0.1 * b[i]"])
    p.add(
        f"a, b = {x.name}, [0.0] * {x.shape[0]}\nfor _ in range({count}):\n"
        f"    b = [v + 0.1 * ({force}) for i, (v, row) in enumerate(zip(b, {w}))]\n"
        f"    a = [q + 0.1 * v for q, v in zip(a, b)]\nHERE = a",
        x.shape,
        x.depends,
    )


@layer
def decay(p: Program) -> None:
    """Sums over all steps so far, with weights that usually fall with the distance in time."""
    x, rng = p.sequence(6, 1), p.rng
    g = p.parameter()
    weight = rng.choice(
        ["sigmoid({g}) ** (i - j)", "exp(-abs({g}) * (i - j))", "0.5 ** (i - j)", "{g} / (1 + i - j)"]
    ).format(g=g)
    n = x.shape[0]
    p.let(f"[sum({weight} * {x.name}[j] for j in range(i + 1)) for i in range({n})]", (n,), x.depends)


@layer
def forced(p: Program) -> None:
    """Predictions of the next entry from the true one, the last prediction, or each in turn (teacher forcing)."""
    x, rng = p.sequence(6, 1), p.rng
    w, b = p.parameter(), p.parameter()
    turn = rng.choice(["a", "s", "a if i % 2 else s", "a if i < 2 else s", f"{p.parameter()} * a + s / 2"])
    made = states(p, f"{x.name}[0]", x.name, f"tanh({w} * ({turn}) + {b})", x.shape, x.depends)
    if x.shape[0] > 1:
        p.let(f"sum(square(a - b) for a, b in zip({made.name}, {x.name}[1:]))", (), x.depends)


# --- the same again and again, without a sequence -----------------------------------------------------------------


@layer
def iterated(p: Program) -> None:
    """A map of vectors, iterated some times."""
    x, rng = p.pick(1), p.rng
    width = min(x.shape[0], 4)
    w, b, count = p.parameter(width, width), p.parameter(width), rng.choice([2, 3, 5, 8])
    step = rng.choice(["tanh({})", "s[c] + tanh({})", "sin({}) / 2", "0.5 * s[c] + 0.5 * sigmoid({})"])
    step = step.format(p.weighted(f"{w}[c]", "s", rng.choice([None, f"{b}[c]", "0.1 * i", f"{x.name}[c]"])))
    each, begin = f"[{step} for c in range({width})]", f"{x.name}[:{width}]"
    read(p, states(p, begin, f"range({count})", each, (count, width), x.depends))


@layer
def iterated_number(p: Program) -> None:
    """Fixed points, Newton's method, the logistic map."""
    x, rng = p.pick(0), p.rng
    w, count = p.parameter(), rng.choice([2, 4, 7])
    begin, step = rng.choice(
        [("1.0", "0.5 * (HERE + (1.5 + tanh({x})) / HERE)"), ("{x}", "tanh({w} * HERE + 0.1 * i)"),
         ("{x}", "cos(HERE)"), ("sigmoid({x})", "(1 + sigmoid({w})) * HERE * (1 - HERE)"), ("{x}", "{w} * HERE + {x}"),
         ("{x}", "sin(HERE) + HERE / 2"),
         ("0.0", "HERE - 0.2 * (HERE - tanh({x})) * (1 + square({w}))"), ("{x}", "sqrt(1 + square(HERE))")]
    )  # fmt: skip
    begin, step = begin.format(x=x.name, w=w), step.format(x=x.name, w=w)
    p.add(f"HERE = {begin}\nfor i in range({count}):\n    HERE = {step}", (), x.depends)


@layer
def descent(p: Program) -> None:
    """Gradient descent in the program: fits a slope and an offset to a sequence, at a fixed or learned rate."""
    x, y, rng = p.sequence(5, 1), p.sequence(5, 1), p.rng
    n = min(x.shape[0], y.shape[0])
    rate = rng.choice(["0.1", f"sigmoid({p.parameter()}) / 2"])
    code = (
        f"b, c = {rng.choice(['0.0', p.parameter()])}, 0.0\nfor i in range({rng.choice([1, 2, 4])}):\n"
        f"    r = [b * tanh(v) + c - tanh(q) for v, q in zip({x.name}, {y.name})]\n"
        f"    b, c = b - {rate} * sum(a * tanh(v) for a, v in zip(r, {x.name})) / {n}, c - {rate} * sum(r) / {n}\n"
        f"HERE = [b, c]"
    )
    p.add(code, (2,), x.depends or y.depends)


@layer
def stack(p: Program) -> None:
    """A stack of equal layers, with or without shared weights, residual connections and normalisation."""
    x, rng = p.pick(1), p.rng
    width, depth = min(x.shape[0], 4), rng.choice([2, 3, 5])
    shared = rng.random() < 0.4
    w, b = p.parameter(*([width, width] if shared else [depth, width, width])), p.parameter(width)
    at = "" if shared else "[i]"
    z = rng.choice(
        ["s", "(lambda m: [(a - m) / sqrt(sum(square(e - m) for e in s) / len(s) + 1e-5) for a in s])(sum(s) / len(s))"]
    )
    f = rng.choice(["tanh({})", "relu({})", "gelu({})", "{}"]).format(p.weighted("row", "z", rng.choice([None, "e"])))
    kept = rng.choice(["", "k + ", "k + 0.5 * "])
    p.add(
        f"s = {x.name}[:{width}]\nfor i in range({depth}):\n    z = {z}\n"
        f"    s = [{kept}{f} for k, row, e in zip(s, {w}{at}, {b})]\nHERE = s",
        (width,),
        x.depends,
    )


@layer
def stack_over_time(p: Program) -> None:
    """Residual layers on every vector of a sequence; in between, some mix the steps, too."""
    x, rng = p.sequence(5), p.rng
    n, width = x.shape
    depth = rng.choice([2, 3])
    w, v = p.parameter(depth, width, width), p.parameter(n, n)
    turn = rng.choice(
        ["", f"    s = [[sum(u * a[c] for u, a in zip(row, s)) for c in range({width})] for row in {v}]\n"]
    )
    p.add(
        f"s = {x.name}\nfor i in range({depth}):\n{turn}"
        f"    s = [[k + tanh(dot(row, a)) for k, row in zip(a, {w}[i])] for a in s]\nHERE = s",
        x.shape,
        x.depends,
    )


@layer
def early_and_late(p: Program) -> None:
    """The first entries are computed differently from the others."""
    x, rng = p.pick(1), p.rng
    k, w, v = rng.randint(1, x.shape[0]), p.parameter(), p.parameter()
    first, second = p.squash(f"{w} * a"), p.squash(f"({v} + a)")
    p.let(f"[{first} for a in {x.name}[:{k}]] + [{second} for a in {x.name}[{k}:]]", x.shape, x.depends)
