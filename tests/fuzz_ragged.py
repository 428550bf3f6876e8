"""Layers of random programs whose rows are of different length: attention, windows, triangles, groups, padding.

A causal step sees the steps before it, each pair is taken once, a filter skips positions outside, sequences have
different lengths. A compiled program may fill such rows up to a rectangle, but the filled places must not change its
numbers: beyond the diagonal of a triangle there may be the logarithm of a negative number, and on it a division by 0.
Masks, and products of all pairs, are here too: people write them instead of rows of different length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.fuzz_drawing import Program, Variable, layer
from tests.fuzz_layers import BINARY, GATHER

# --- attention ------------------------------------------------------------------------------------------------

SEEN = [  # the steps j that step i sees, of n
    "range({n})", "range(i + 1)", "range(i + 1)", "range(max(0, i - 1), i + 1)", "range(max(0, i - 2), i + 1)",
    "range(i, {n})", "range(max(0, i - 1), min({n}, i + 2))", "[j for j in range({n}) if j != i or i == 0]",
    "range(i % 2, {n}, 2)", "range({n} - i % 2)",
]  # fmt: skip
MASKS = [  # of a score {s}, which stays unchanged where j <= i, or where an entry of y is positive
    "{s} + (0.0 if j <= i else -1e30)", "{s} + (0.0 if j <= i else float('-inf'))", "({s} if j <= i else -1e30)",
    "({s} if j <= i else float('-inf'))", "where(j <= i, {s}, -1e30)", "where(j > i, float('-inf'), {s})",
    "{s} * (1.0 if j <= i else 0.0) + (0.0 if j <= i else -1e30)", "{s} - 1e30 * (j > i)",
    "({s} if j == i else where({y}[j][0] > 0, {s}, -1e30))", "{s} - 1e30 * ({y}[j][0] <= 0) * (j != i)",
]  # fmt: skip
SHARES = [  # the softmax of a row of scores
    "[exp(a - logsumexp({0})) for a in {0}]", "(lambda z: [exp(a - z) for a in {0}])(logsumexp({0}))",
    "[exp(b) for b in (lambda z: [a - z for a in {0}])(logsumexp({0}))]",
    "(lambda top: (lambda es: [e / sum(es) for e in es])([exp(a - top) for a in {0}]))(functools.reduce(maximum, {0}))",
]  # fmt: skip
SMALL_SHARES = [  # the same, but exp overflows if scores are large
    "(lambda es: [e / sum(es) for e in es])([exp(a) for a in {0}])", "[exp(a) / sum(exp(b) for b in {0}) for a in {0}]",
    "(lambda es, z: [e / z for e in es])(*(lambda es: (es, autograd.sum(es)))([exp(a) for a in {0}]))",
]  # fmt: skip


@layer
@layer
def attention(p: Program) -> None:
    """One to four heads, over the sequence itself or another; every step sees some of the steps, or has a mask."""
    rng = p.rng
    x = p.sequence(rng.choice([3, 5, 6]))
    y = p.sequence(6) if rng.random() < 0.3 else x
    n, count, size, depends = x.shape[0], rng.choice([1, 1, 2, 3, 4]), rng.choice([1, 2]), x.depends or y.depends

    def projected(z: Variable) -> str:
        if rng.random() < 0.5:
            w = p.parameter(count, size, z.shape[1])
            entry = p.weighted("row", "a", None)
            return p.local(f"[[[{entry} for row in head] for a in {z.name}] for head in {w}]", z.depends)
        w = p.parameter(count * size, z.shape[1])
        entry = p.weighted(f"{w}[k * {size} + c]", "a", None)
        code = f"[[[{entry} for c in range({size})] for a in {z.name}] for k in range({count})]"
        return p.local(code, z.depends)

    qs, ks, vs = projected(x), projected(y), projected(y)
    score = rng.choice(
        [f"dot(q[i], k[j]) / {size**0.5}", "dot(k[j], q[i]) * 0.5", "sum(a * b for a, b in zip(q[i], k[j]))"]
    )
    shares = SHARES + SMALL_SHARES
    if rng.random() < 0.15:
        score, shares = f"1e3 * tanh({score})", SHARES
    seen = rng.choice(SEEN).format(n=n) if x is y else f"range({y.shape[0]})"
    if x is y and rng.random() < 0.35:
        seen, score = f"range({n})", rng.choice(MASKS).format(s=score, y=y.name)
    scores = p.local(f"[[[{score} for j in {seen}] for i in range({n})] for q, k in zip({qs}, {ks})]", depends)
    form = rng.choice(shares)
    if x is y and seen == f"range({n})" and rng.random() < 0.2:
        shown = "[exp(tanh(a)) * (1.0 if j <= i else 0.0) for j, a in enumerate({0})]"
        form = f"(lambda es: [e / sum(es) for e in es])({shown})"
    weights = p.local(f"[[{form.format('row')} for i, row in enumerate(head)] for head in {scores}]", depends)
    mixed = p.local(
        f"[[[sum(a * v[j][c] for a, j in zip(row, {seen})) for c in range({size})] for i, row in enumerate(head)] "
        f"for head, v in zip({weights}, {vs})]",
        depends,
    )
    p.let(f"[[a for head in {mixed} for a in head[i]] for i in range({n})]", (n, count * size), depends)


@layer
def pairs_of_vectors(p: Program) -> None:
    """Gram matrices, outer products and bilinear forms of two sequences."""
    rng = p.rng
    x, y = p.sequence(5), p.sequence(5)
    width = min(x.shape[1], y.shape[1])
    w = p.parameter(width, width)
    n, m, depends = x.shape[0], y.shape[0], x.depends or y.depends
    entry, shape = rng.choice(
        [
            (f"[[dot(a[:{width}], b[:{width}]) / {width} for b in {y.name}] for a in {x.name}]", (n, m)),
            (f"[[sum(a * b for a, b in zip(r, s)) for s in {y.name}] for r in {x.name}]", (n, m)),
            (f"[[dot(a[:{width}], [dot(row, b[:{width}]) for row in {w}]) for b in {y.name}] "
             f"for a in {x.name}]", (n, m)),
            (f"[[sum(a * {w}[i][j] * b for i, a in enumerate(r[:{width}]) for j, b in enumerate(s[:{width}])) "
             f"for s in {y.name}] for r in {x.name}]", (n, m)),
            (f"[[sum(r[i] * s[j] for r, s in zip({x.name}, {y.name})) / {n} for j in range({y.shape[1]})] "
             f"for i in range({x.shape[1]})]", (x.shape[1], y.shape[1])),
            (f"[[sum(a * b for a in r for b in s) / {width} for s in {y.name}] for r in {x.name}]", (n, m)),
        ]
    )  # fmt: skip
    p.let(f"[[{p.squash('a')} for a in row] for row in {entry}]", shape, depends)


@layer
def classes(p: Program) -> None:
    """The cross entropy, and the probabilities, of the same logits at every position."""
    rng, x = p.rng, p.sequence(6)
    count = rng.choice([2, 3])
    w = p.parameter(count, x.shape[1])
    scale = "" if rng.random() < 0.8 else "1e3 * "
    logits = p.local(f"[[{scale}{p.weighted('row', 'a', None)} for row in {w}] for a in {x.name}]", x.depends)
    labels = [rng.randrange(count) for _ in range(x.shape[0])]
    counted = rng.choice(["", " if y > 0"])
    loss = rng.choice(["logsumexp(row) - row[y]", "-(row[y] - logsumexp(row))", "logsumexp([a - row[y] for a in row])"])
    p.let(f"sum({loss} for row, y in zip({logits}, {labels}){counted})", (), x.depends and (not counted or any(labels)))
    form = rng.choice([*SHARES, "[a - logsumexp({0}) for a in {0}]"])
    p.let(f"[{form.format('row')} for row in {logits}]", (x.shape[0], count), x.depends)


@layer
def shares_twice(p: Program) -> None:
    """Two softmaxes of the same vector, or a softmax of a softmax."""
    x, rng = p.pick(1), p.rng
    first, second = rng.choice(SHARES), rng.choice(SHARES + SMALL_SHARES)
    z = p.local(f"[tanh(a) for a in {x.name}]", x.depends)
    s = p.let(first.format(z), x.shape, x.depends)
    p.let(second.format(rng.choice([z, s.name])), x.shape, x.depends)


# --- rows of different length -----------------------------------------------------------------------------------

CUTS: dict[str, Callable[[int], Iterable[int]]] = {  # code for rows of a sequence of n: the rows' lengths
    "[{x}[:i + 1] for i in range({n})]": lambda n: range(1, n + 1),
    "[{x}[i:] for i in range({n})]": lambda n: range(n, 0, -1),
    "[{x}[max(0, i - 1):i + 1] for i in range({n})]": lambda n: [min(i + 1, 2) for i in range(n)],
    "[{x}[max(0, i - 1):i + 2] for i in range({n})]": lambda n: [min(i + 2, n) - max(0, i - 1) for i in range(n)],
    "[{x}[:1], {x}, {x}[::2]]": lambda n: [1, n, (n + 1) // 2],
    "[{x}[i::2] for i in range(min(2, {n}))]": lambda n: [(n + 1) // 2, n // 2][: min(2, n)],
    "[{x}[i:i + 3] for i in range(0, {n}, 3)]": lambda n: [min(3, n - i) for i in range(0, n, 3)],
    "[{x}[:i + 1] + {x}[i + 2:] + [1.0] for i in range({n})]": lambda n: [n] * (n - 1) + [n + 1],
    "[[a - b for b in {x}[:i + 1]] for i, a in enumerate({x})]": lambda n: range(1, n + 1),
}
PAIRS: dict[str, Callable[[int, int], int]] = {
    "j < i": lambda i, n: i,
    "j <= i": lambda i, n: i + 1,
    "j > i": lambda i, n: n - i - 1,
    "j != i": lambda i, n: n - 1,
}
TAKEN = [
    "sum({0})", "autograd.sum({0})", "sum({0}) / max(1, len({0}))", "prod([sin(a) for a in {0}])",
    "sum(a * a for a in {0})", "prod([1 + 0.1 * a for a in {0}])", "sum(exp(tanh(a)) for a in {0})", "dot({0}, {0})",
    "sum(tanh(a - 1) for a in {0})",
]  # fmt: skip
TAKEN_OF_SOME = [
    "logsumexp({0})", "functools.reduce(maximum, {0})", "functools.reduce(minimum, {0})", "own_energy(*{0})",
    "logsumexp([2 * a for a in {0}]) / 2", "functools.reduce(lambda a, b: tanh(a + b), {0})",
    "dot({0}, [exp(tanh(a) - logsumexp([tanh(b) for b in {0}])) for a in {0}])",
    "(sum(a * a for a in {0}) / len({0}) + 0.1) ** 0.5",
    "functools.reduce(lambda a, b: a * b + 0.5, {0})", "logsumexp({0}) - {0}[0]", "sum({0}) / len({0}) * {0}[-1]",
]  # fmt: skip


def ragged(p: Program) -> Variable:
    """A ragged variable: an existing one, or a new one."""
    if p.ragged and p.rng.random() < 0.6:
        return p.rng.choice(p.ragged)
    return cut(p)


@layer
def cut(p: Program) -> Variable:
    """Prefixes, suffixes, windows or groups of a sequence, as rows."""
    x = p.sequence(6, 1)
    code, lengths = p.rng.choice(list(CUTS.items()))
    rows = tuple(lengths(x.shape[0]))
    return p.let(code.format(x=x.name, n=x.shape[0]), (len(rows), rows), x.depends)


@layer
def triangle(p: Program) -> None:
    """A function of all pairs (i, j) of a kind, such as j < i, with a row for each i."""
    x, y = p.sequence(6, 1), p.sequence(6, 1)
    n = min(x.shape[0], y.shape[0])
    test, count = p.rng.choice(list(PAIRS.items()))
    lengths = tuple([count(i, n) for i in range(n)])
    if not any(lengths):
        return
    both = p.squash(p.rng.choice(BINARY).format("a", "b"))
    rows = f"[b for j, b in enumerate({y.name}[:{n}]) if {test}]"
    code = f"[[{both} for b in {rows}] for i, a in enumerate({x.name}[:{n}])]"
    p.let(code, (n, lengths), x.depends or y.depends)


@layer
def each_of_ragged(p: Program) -> None:
    """Every entry, alone or with another operand: a number of its row or column, one for all, or another variable."""
    x, rng = ragged(p), p.rng
    rows, lengths = x.shape
    both, kind = p.squash(rng.choice(BINARY).format("a", "b")), rng.randrange(6)
    depends = x.depends
    if kind == 0:
        code = f"[[{p.unary('a')} for a in row] for row in {x.name}]"
    elif kind == 1:
        code = f"[[{both} for a in row] for row, b in zip({x.name}, {p.parameter(rows)})]"
    elif kind == 2 and max(lengths):
        code = f"[[{both} for a, b in zip(row, {p.parameter(max(lengths))})] for row in {x.name}]"
    elif kind == 3:
        s = p.pick(0)
        code, depends = f"[[{both} for a in row for b in [{s.name}]] for row in {x.name}]", depends or s.depends
    elif kind == 4 and min(lengths):
        code = f"[{rng.choice(SHARES).format('[tanh(a) for a in row]')} for row in {x.name}]"
    else:
        other = next((y for y in p.ragged[::-1] if y.shape == x.shape and y is not x), x)
        code = f"[[{both} for a, b in zip(r, s)] for r, s in zip({x.name}, {other.name})]"
        depends = depends or other.depends
    p.let(code, x.shape, depends)


@layer
@layer
def each_row_of_ragged(p: Program) -> None:
    """A reduction of every row."""
    x = ragged(p)
    if min(x.shape[1]):
        p.let(f"[{p.rng.choice(TAKEN + TAKEN_OF_SOME).format('row')} for row in {x.name}]", (x.shape[0],), x.depends)
    else:  # empty rows do not depend on the example, so the rows are added up
        row, w = p.rng.choice(TAKEN).format("row"), p.parameter(x.shape[0])
        p.let(f"sum(w * {row} for row, w in zip({x.name}, {w}))", (), x.depends)


@layer
def filled_up(p: Program) -> None:
    """Rows of different length that the user has padded to one length, with a neutral number or with zeros."""
    x, rng = p.sequence(5, 1), p.rng
    form, filler = rng.choice(
        [(form, "0.0") for form in TAKEN]
        + [("logsumexp({0})", "float('-inf')"), ("logsumexp({0})", "-1e30"), ("prod({0})", "1.0"), ("sum({0})", "0"),
           ("functools.reduce(maximum, {0})", "float('-inf')"), ("functools.reduce(minimum, {0})", "1e30")]
    )  # fmt: skip
    n, left = x.shape[0], rng.random() < 0.5
    row = f"[{filler}] * i + {x.name}[i:]" if left else f"{x.name}[:i + 1] + [{filler}] * ({n} - i - 1)"
    rows = p.local(f"[{row} for i in range({n})]", x.depends)
    p.let(f"[{form.format('row')} for row in {rows}]", (n,), x.depends)


@layer
def all_of_ragged(p: Program) -> None:
    x = ragged(p)
    if any(x.shape[1]):
        form = p.rng.choice(TAKEN + TAKEN_OF_SOME + GATHER[:2])
        p.let(form.format(p.local(f"[a for row in {x.name} for a in row]", x.depends)), (), x.depends)


@layer
def mixed_by_ragged(p: Program) -> None:
    """Rows of different length, multiplied by the beginning of a vector or of a matrix."""
    x, rng = ragged(p), p.rng
    y = p.sequence(6, rng.choice([1, 2]))
    if not min(x.shape[1]):
        return
    if len(y.shape) == 1:
        entry, shape = p.weighted(f"row[:{y.shape[0]}]", f"{y.name}[:len(row)]", None), (x.shape[0],)
        p.let(f"[{p.squash(entry)} for row in {x.name}]", shape, x.depends or y.depends)
    else:
        code = f"[[sum(a * b[c] for a, b in zip(row, {y.name})) for c in range({y.shape[1]})] for row in {x.name}]"
        p.let(code, (x.shape[0], y.shape[1]), x.depends or y.depends)


@layer
def loop_over_pairs(p: Program) -> None:
    """Two loops, the inner one over a part of the outer one's range, which accumulate one number."""
    rng, x = p.rng, p.sequence(6, 1)
    n = x.shape[0]
    if n < 2:
        return
    inner = rng.choice(["range(i)", "range(i + 1)", f"range(i + 1, {n})", f"[j for j in range({n}) if j != i]"])
    both = rng.choice(BINARY).format(f"{x.name}[i]", f"{x.name}[j]")
    start, step = rng.choice(
        [
            ("0.0", "HERE + {}"), ("0", "HERE + tanh({})"), ("0.5", "HERE + square({}) / (1 + i)"),
            ("1.0", "HERE * sin({})"), ("1", "HERE * (1 + 0.1 * tanh({}))"), ("-1e30", "maximum(HERE, {})"),
            ("float('inf')", "minimum(HERE, {})"), ("0.0", "HERE + {} * (-1) ** (i + j)"),
            ("float('-inf')", "logaddexp(HERE, tanh({}))"), ("0.0", "tanh(HERE + {})"),
        ]
    )  # fmt: skip
    at_most = 4 if step.startswith("tanh") else n
    code = (
        f"HERE = {start}\nfor i in range({min(n, at_most)}):\n    for j in {inner}:\n        HERE = {step.format(both)}"
    )
    p.add(code, (), x.depends)


@layer
def only_between_pairs(p: Program) -> None:
    """Terms that are finite only for i < j, or for i != j: quotients, roots and logarithms of differences."""
    x, rng = p.sequence(5, 1), p.rng
    n = x.shape[0]
    if n < 2:
        return
    z = p.local(f"[tanh(a) + 3 * i for i, a in enumerate({x.name})]", x.depends)
    term = rng.choice(
        ["1 / (a - b)", "sqrt(b - a)", "log(b - a)", "log(b - a) / (b - a)", "(b - a) ** -0.5", "acosh(b - a)",
         "exp(-1 / (b - a))", "square(1 / (b - a)) - 1 / (b - a)", "(b - a) ** 1.5", "log(b - a) ** 2"]
    )  # fmt: skip
    later, others = f"in {z}[i + 1:]", f"in {z}[:i] + {z}[i + 1:]"
    kind = rng.randrange(3)
    if kind == 0:
        rows = f"[[{term} for b {later}] for i, a in enumerate({z})]"
        p.let(rows, (n, tuple(range(n - 1, -1, -1))), x.depends)
    elif kind == 1:
        p.let(f"sum({term} for i, a in enumerate({z}) for b {later})", (), x.depends)
    else:
        term = term.replace("b - a", "abs(b - a)")
        p.let(f"[sum({term} for b {others}) for i, a in enumerate({z})]", (n,), x.depends)


@layer
def hidden_by_a_mask(p: Program) -> None:
    """Logarithms, roots and quotients of masked entries; they are finite only where the mask is 1."""
    x, rng = p.sequence(6, 1), p.rng
    mask = [1, *[rng.choice([0, 1]) for _ in range(x.shape[0] - 1)]]
    rng.shuffle(mask)
    z = p.local(f"[(1.5 + tanh({p.parameter()} * a)) * m for a, m in zip({x.name}, {mask})]", x.depends)
    term = rng.choice(["log(a)", "sqrt(a)", "1 / a", "a ** -0.5", "a * log(a)", "log(a) / a"])
    form = rng.choice(["[{0} if m else 0.0 for a, m in {pairs}]", "[{0} * m if m else m * 1.0 for a, m in {pairs}]",
                       "[{0} for a, m in {pairs} if m]"])  # fmt: skip
    p.let(f"sum({form.format(term, pairs=f'zip({z}, {mask})')})", (), x.depends)


# --- filters --------------------------------------------------------------------------------------------------


@layer
def padded_convolution(p: Program) -> None:
    """A filter that skips positions outside the sequence, with stride and dilation, over numbers or over vectors."""
    rng = p.rng
    x = p.sequence(8, rng.choice([1, 1, 2]))
    n, size, stride, dilation = x.shape[0], rng.choice([2, 3]), rng.choice([1, 1, 2]), rng.choice([1, 1, 2])
    pad = rng.choice([1, dilation * (size - 1) // 2, dilation * (size - 1)])  # the last one is causal
    places = range(0, n, stride)
    inside = f"for k in range({size}) if 0 <= i + k * {dilation} - {pad} < {n}"
    entry = f"{x.name}[i + k * {dilation} - {pad}]"
    if any(not any(0 <= i + k * dilation - pad < n for k in range(size)) for i in places):
        return
    if len(x.shape) == 1:
        w = p.parameter(size)
        taken = rng.choice(["sum({w}[k] * {e} {i})", "autograd.sum([{e} * {w}[k] {i}])", "dot([{w}[k] {i}], [{e} {i}])",
                            "functools.reduce(maximum, [{e} + {w}[k] {i}])", "functools.reduce(maximum, [{e} {i}])",
                            "sum({e} {i}) / len([k {i}])"])  # fmt: skip
        code = p.squash(taken.format(w=w, e=entry, i=inside))
        p.let(f"[{code} for i in range(0, {n}, {stride})]", (len(places),), x.depends)
        return
    count = rng.choice([1, 2, 3])
    w, b = p.parameter(count, size, x.shape[1]), rng.choice(["", f" + {p.parameter(count)}[c]"])
    code = p.squash(f"(sum(dot({w}[c][k], {entry}) {inside}){b})")
    p.let(f"[[{code} for c in range({count})] for i in range(0, {n}, {stride})]", (len(places), count), x.depends)


@layer
def padded_convolution_of_an_image(p: Program) -> None:
    """A filter on a matrix that skips positions outside."""
    x, rng = p.sequence(5), p.rng
    n, m, size = x.shape[0], min(x.shape[1], 4), rng.choice([2, 3])
    stride, pad = rng.choice([1, 1, 2]), rng.choice([1, size - 1])
    w = p.parameter(size, size)
    at = [f"{name} * {stride} + {step} - {pad}" for name, step in (("i", "k"), ("j", "c"))]
    shape = tuple([(extent + 2 * pad - size) // stride + 1 for extent in (n, m)])
    if min(shape) < 1 or shape[0] * shape[1] > 30:
        return
    inside = f"for k in range({size}) for c in range({size}) if 0 <= {at[0]} < {n} and 0 <= {at[1]} < {m}"
    taken = rng.choice(["sum({w}[k][c] * {e} {i})", "autograd.sum([{e} * {w}[k][c] {i}] + [0.0])",
                        "sum(square({e}) {i})", "logsumexp([{e} + {w}[k][c] {i}] + [0.0])"])  # fmt: skip
    code = p.squash(taken.format(w=w, e=f"{x.name}[{at[0]}][{at[1]}]", i=inside))
    p.let(f"[[{code} for j in range({shape[1]})] for i in range({shape[0]})]", shape, x.depends)


@layer
def several_sequences(p: Program) -> None:
    """One computation for each of several sequences of different lengths: an average, attention, or a recurrence."""
    rng = p.rng
    x = p.sequence(6)
    n, width = x.shape
    whole = [y for y in p.variables if len(y.shape) == 2 and y.shape[1] == width and y.depends == x.depends]
    parts = [x, *rng.sample(whole, min(2, len(whole)))] if rng.random() < 0.5 else [x]
    names = [y.name for y in parts] + (
        [f"{x.name}[:{k}]" for k in {1, (n + 1) // 2, n - 1} if k] if len(parts) == 1 else []
    )
    depends = x.depends
    several = p.local(f"[{', '.join(names)}]", depends)
    size = rng.choice([1, 2])
    w, u = p.parameter(size, width), p.parameter(size, size)
    kind = rng.randrange(3)
    if kind == 0:
        code = f"[[sum(dot(row, a) for a in part) / len(part) for row in {w}] for part in {several}]"
        p.let(code, (len(names), size), depends)
    elif kind == 1:
        form = rng.choice(SHARES).format("[tanh(dot(a, part[-1])) for a in part]")
        code = f"[[sum(s * a[c] for s, a in zip({form}, part)) for c in range({width})] for part in {several}]"
        p.let(code, (len(names), width), depends)
    else:
        step = f"tanh(dot({w}[c], a) + dot({u}[c], s))"
        p.add(
            f"HERE = []\nfor part in {several}:\n    s = [0.0] * {size}\n    for a in part:\n"
            f"        s = [{step} for c in range({size})]\n    HERE.append(s)",
            (len(names), size),
            depends,
        )


# --- numbers at the edge ------------------------------------------------------------------------------------------


@layer
def edges(p: Program) -> None:
    """Large logits, variances of zero, and code that users write against overflow."""
    x, rng = p.sequence(5, 1), p.rng
    n = x.shape[0]
    form = rng.choice(
        [
            "[exp(1e3 * tanh(a) - logsumexp([1e3 * tanh(b) for b in {0}])) for a in {0}]",
            "[sigmoid(1e3 * tanh(a)) for a in {0}]", "[softplus(1e3 * tanh(a)) / 1e3 for a in {0}]",
            "[exp(tanh(a) - logsumexp([tanh(b) for b in {0}] + [float('-inf')])) for a in {0}]",
            "[exp(tanh(a) + (float('-inf') if i else 0.0)) for i, a in enumerate({0})]",
            "(lambda m: [(a - m) / (sum(square(b - m) for b in [m] * 3) / 3 + 1e-5) ** 0.5 for a in {0}])({0}[0])",
            "[(a - {0}[0]) / sqrt(square(a - {0}[0]) + 1e-6) for a in {0}]",
            "(lambda z: [a / (sqrt(sum(square(b) for b in z)) + 1e3) for a in z])([1 + tanh(a) / 2 for a in {0}])",
            "[log(minimum(maximum(sigmoid(a), 1e-12), 1.0)) for a in {0}]", "[log(sigmoid(a) + 1e-12) for a in {0}]",
            "[maximum(a, -1e30) + minimum(a, float('inf')) for a in {0}]", "[1e-30 * a * 1e30 for a in {0}]",
            "[where(a > 1e30, 0.0, a) + where(a < float('-inf'), a, 1.0) for a in {0}]",
        ]
    )  # fmt: skip
    p.let(form.format(x.name), (n,), x.depends)
