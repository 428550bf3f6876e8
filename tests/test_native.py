"""Freeing of graphs, whose depth the native engine counts itself, and properties that only this engine has."""

from __future__ import annotations

import contextlib
import gc
import random
import subprocess
import sys
import weakref
from typing import Any

import pytest

import autograd
from autograd import Value, dot, value_and_grad
from autograd.value import Constant, Dot, Wide

ENDLESS = """
import sys
from autograd import Value, dot, prod
sys.setrecursionlimit(150)
x = y = Value(1.0)
for i in range(300_000):
    y = (y * x, dot([y, x], [x, x], y), prod([y, x, x]), y.tanh() + y, dot([x], [x], y))[i % 5] * 0.5
kept = y.operands[0]
del y                      # nearly all goes on living
assert kept.operands
kept.backward()
del kept                   # and now a graph of 10^6 nodes ends
y = x
for i in range(300_000):
    y = y * x
try:
    raise ValueError(y)    # the last reference is not always a variable
except ValueError:
    del y
print("ended")
"""


SECOND = """
import sys
text = '''
import sys
sys.path[:0] = %r
import autograd
x = autograd.Value(3.0)
(x * x).backward()
print(autograd.engine, x.grad, flush=True)
''' % [entry for entry in sys.path if entry]
import autograd
if sys.version_info >= (3, 13):
    import _interpreters
    _interpreters.exec(_interpreters.create(), text)
else:
    import _xxsubinterpreters as interpreters
    interpreters.run_string(interpreters.create(), text)
exec(text)
"""


def test_a_deep_graph_of_all_kinds_of_nodes_ends_without_recursion() -> None:
    run = subprocess.run([sys.executable, "-c", ENDLESS], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "ended", run.stderr[-500:]


@pytest.mark.parametrize("seed", range(30))
def test_what_somebody_holds_outlives_the_rest(seed: int) -> None:
    """Random graphs lose random roots; every node still held has its operands, its data and its gradient."""
    dice = random.Random(seed)
    leaves = [Value(float(i + 1)) for i in range(3)]
    nodes: list[Value] = list(leaves)
    expected: dict[Value, float] = {x: x.data for x in leaves}
    for _ in range(60):
        a, b, c = (dice.choice(nodes) for _ in range(3))
        kind = dice.randrange(4)
        node = (a + b, a * 0.5, dot([a, b], [c, 0.25]), autograd.sum([a, b, c]))[kind]
        value = (
            expected[a] + expected[b],
            expected[a] * 0.5,
            expected[a] * expected[c] + expected[b] * 0.25,
            expected[a] + expected[b] + expected[c],
        )[kind]
        if abs(value) < 1e9:
            nodes.append(node)
            expected[node] = value
    del node, a, b, c
    dice.shuffle(nodes)
    while nodes:
        lost = nodes.pop()
        expected.pop(lost)
        del lost
        for x in nodes:
            assert x.data == expected[x]
            if x.op is not None:
                assert len(x.operands) == len(x.partials) >= 1
    gc.collect()


@pytest.mark.parametrize("kind", [Value, Constant, Wide, Dot])
@pytest.mark.parametrize("arguments", [(), ("x",), (None, None), ([], [], 3, 4, 5, 6), (1.0, autograd.tanh, 3)])
def test_a_node_that_cannot_be_made_is_no_harm(kind: Any, arguments: tuple[Any, ...]) -> None:
    """Nodes whose construction fails are freed like others, although their fields may be missing."""
    with contextlib.suppress(TypeError, AttributeError):
        kind(*arguments)


def test_an_operation_with_a_weak_cache_of_its_results_is_freed() -> None:
    def make() -> tuple[weakref.ref[Any], float]:
        cache: weakref.WeakValueDictionary[float, Value] = weakref.WeakValueDictionary()
        kept = autograd.op("kept", lambda a: 2.0 * a, lambda a, out: (2.0,))
        kept.cache = cache  # type: ignore[attr-defined]
        y = cache[3.0] = kept(Value(3.0))
        return weakref.ref(kept), y.data

    gone, number = make()
    del autograd.ops.OPS["kept"]
    gc.collect()
    assert (gone(), number) == (None, 6.0)


if autograd.engine == "native":  # defined only here, so that no test of the other engine is skipped

    def test_the_garbage_collector_does_not_know_nodes() -> None:
        x = Value(2.0)
        assert not any(map(gc.is_tracked, (x, x * x, dot([x], [x]), autograd.sum([x, x, x]))))

    def test_a_second_interpreter_works_with_the_source() -> None:
        """The native engine's C variables can serve only one interpreter of a process."""
        run = subprocess.run([sys.executable, "-c", SECOND], capture_output=True, text=True, check=False)
        assert run.stdout.split() == ["interpreted", "6.0", "native", "6.0"], run.stderr[-500:]

    def test_a_node_takes_at_most_96_bytes() -> None:
        x = Value(2.0)
        assert sys.getsizeof(x) <= 96
        assert sys.getsizeof(x * x) <= 96

    def test_differentiating_leaves_nothing_behind() -> None:
        x = Value(2.0)
        before = sys.getrefcount(x)
        for _ in range(100):
            (x * x + x.tanh() * dot([x, x], [x, 1.0])).backward()
            value_and_grad(lambda y: y * x)(3.0)
        assert sys.getrefcount(x) == before
