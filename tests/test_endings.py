"""Nodes are freed, and programs end, whatever holds the nodes: no crash, nothing on stderr, no other object harmed."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Op, Value, dot, op, prod, tanh, where

from .processes import call, run

# --- the end of a program -------------------------------------------------------------------------------------------

BEGINNING = """
import sys
from autograd import Value, checkpoint, dot, op, ops, prod, sum, where
from autograd.value import rebuild

def graph():
    x = y = Value(1.0, "x")
    for _ in range({length}):
        y = {step}
    return y

class Holder:
    def __init__(self, root):
        self.root = root
    def __call__(self, *arguments):
        return arguments[0] if arguments else None
"""

FREED = "dot([y, x], [x, 3.0], x / y) + sum([y, x, 1.0]) * prod([y, x, x]) - where(x, y, -y).tanh() ** 2"
ALL_KINDS = f"{FREED} + checkpoint(lambda a: a * x + 1.0, y)"

# If a program defines an operation, autograd holds the program's globals, and both are freed much later.
OPERATION = "double = op('double', lambda a: 2 * a, lambda a, out: (2.0,))"

HOLDERS = {
    "a global": "kept = graph()",
    "a global that is cleared first": "_kept = graph()",
    "globals, node by node": """
kept = [graph()]
while kept[-1].operands:
    kept.append(kept[-1].operands[0])
for number, node in enumerate(kept):
    globals()[f"kept{number}"] = node
""",
    "another module": """
import types
elsewhere = sys.modules["elsewhere"] = types.ModuleType("elsewhere")
elsewhere.kept = graph()
""",
    "sys.modules itself": "sys.modules['elsewhere'] = graph()",
    "a module that is never cleared": "import builtins; builtins.kept = graph()",
    "sys": "sys.kept = graph()",
    "sys.excepthook": "sys.excepthook = Holder(graph())",
    "sys.unraisablehook": "sys.unraisablehook = Holder(graph())",
    "sys.path_hooks": "sys.path_hooks.append(Holder(graph()))",
    "an audit hook": "sys.addaudithook(Holder(graph()))",
    "the garbage collector's callbacks": "import gc; gc.callbacks.append(Holder(graph()))",
    "a handler of encoding errors": "import codecs; codecs.register_error('kept', Holder(graph()))",
    "copyreg's dispatch table": "import copyreg; copyreg.pickle(Holder, Holder(graph()))",
    "a callback at exit": "import atexit; atexit.register(Holder(graph()))",
    "a class": "class Kept: root = graph()",
    "a class's method": """
class Kept:
    def method(self, root=graph()):
        return root
""",
    "a thread-local": "import threading; local = threading.local(); local.kept = graph()",
    "a context variable": "import contextvars; variable = contextvars.ContextVar('v'); variable.set(graph())",
    "an operation of the user's": """
root = graph()
held = op("held", lambda a, root=root: a + root.data, lambda a, out, root=root: (1.0,))
y = held(Value(1.0)) * 2
del root
""",
    "the last exception": """
def fail():
    root = graph()
    raise ValueError(root)
try:
    fail()
except ValueError as error:
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
""",
    "a suspended generator": """
def suspended():
    root = graph()
    yield root.data
    yield root
generator = suspended()
next(generator)
""",
    "a suspended coroutine": """
import types
@types.coroutine
def pause():
    yield
async def suspended():
    root = graph()
    await pause()
    return root
coroutine = suspended()
coroutine.send(None)
""",
    "a reference cycle": "cycle = [graph()]; cycle.append(cycle); del cycle",
    "a cycle of objects": "one, other = Holder(graph()), Holder(graph()); one.other, other.other = other, one",
    "a daemon thread asleep": """
import threading
def sleep(root):
    threading.Event().wait()
threading.Thread(target=sleep, args=[graph()], daemon=True).start()
""",
    "a cache": """
from functools import lru_cache
@lru_cache
def cached(key):
    return graph()
cached(cached(0))
""",
    "a finaliser": "import weakref; holder = Holder(graph()); weakref.finalize(holder, Holder(graph()))",
    "a finaliser of what lives on": "import weakref; weakref.finalize(sys, Holder(graph()))",
    "a weak key": "import weakref; key = Holder(graph()); weak = weakref.WeakKeyDictionary({key: graph()})",
    "sets and dicts": "root = graph(); kept = {root: {root}}",
    "what outlives its module": """
root = graph()
for name in [name for name in sys.modules if name.partition(".")[0] == "autograd"]:
    del sys.modules[name]
del Value, checkpoint, rebuild, dot, op, ops, prod, sum, where, name
import gc
gc.collect()
(root * 2).backward()
del root
gc.collect()
""",
}

# More holders, which need the nodes' free attributes and weak references.
HOLDERS_BY_ATTRIBUTE = {
    "an attribute of a leaf": "x = Value(1.0); x.kept = graph()",
    "an attribute of a result": "y = Value(1.0) * 2; y.kept = graph()",
    "a cycle through a leaf": "x = Value(1.0); x.kept = [x * 2]; del x",
    "a cycle through a result": "root = graph(); root.kept = root; del root",
    "a node's finaliser": "import weakref; root = graph(); weakref.finalize(root, Holder(graph()))",
    "a weak reference": "import weakref; root = graph(); weak = weakref.ref(root, Holder(graph()))",
    "a weak set": "import weakref; root = graph(); weak = weakref.WeakSet([root])",
}

# Holders that use the graph after the program has ended, and then print "used" as the last line.
USERS = {
    "a callback at exit": """
import atexit
@atexit.register
def use(root=graph()):
    (root + graph()).backward()
    print(repr(root) and "used")
""",
    "a finaliser": """
import weakref
def use(root):
    (root + graph()).backward()
    print(repr(root) and "used")
holder = Holder(0)
weakref.finalize(holder, use, graph())
""",
    "a thread": """
import threading
def use(root):
    threading.main_thread().join()
    (root + graph()).backward()
    print(repr(root) and "used")
threading.Thread(target=use, args=[graph()]).start()
""",
    "a suspended generator": """
def suspended(root):
    try:
        yield
    finally:
        root.backward()
        print(repr(root) and "used")
generator = suspended(graph())
next(generator)
""",
    "a __del__": """
class Last(Holder):
    def __del__(self):
        self.root.backward()
        print(repr(self.root) and "used")
last = Last(graph())
""",
    "a __del__ in a cycle": """
class Last(Holder):
    def __del__(self):
        self.root.backward()
        print(repr(self.root) and "used")
last = Last(graph())
last.itself = last
del last
""",
    "sys.exit": """
def main(root):
    print("used")
    sys.exit()
main(graph())
""",
}

# Freed so late that modules may be gone already: using the graph may raise an error, but not crash. (Without a handler
# of encoding errors: it is freed after Python's printing of floats, which then crashes in 3.13, also without autograd.)
LATE_USERS = {
    "builtins": "import builtins; builtins.last = Last(graph())",
    "a class": "class Kept: last = Last(graph())",
    "sys": "sys.last = Last(graph())",
    "an operation": "ops.tanh.last = Last(graph())",
    "autograd's own module": "ops.last = Last(graph())",
    "copyreg's dispatch table": "import copyreg; copyreg.pickle(Last, Last(graph()).__call__)",
}

LAST = """
class Last(Holder):
    def __del__(self, suppress=__import__("contextlib").suppress, repr=repr, Exception=Exception):
        with suppress(Exception):
            repr(self.root)
        with suppress(Exception):
            (self.root * self.root).backward()
"""


def ended(length: int, step: str, *program: str) -> str:
    """The last line of a program that has graphs of `length` steps, and ends."""
    script = "\n".join([BEGINNING.format(length=length, step=step), *program])
    return run(script, PYTHONMALLOC="debug" if length < 1000 else "default").rpartition("\n")[2]


@pytest.mark.parametrize("own", ["", OPERATION], ids=["", "own operation"])
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_program_ends_while_this_holds_a_graph(holder: str, own: str) -> None:
    step = f"double({ALL_KINDS})" if own else ALL_KINDS
    assert ended(3, step, own, HOLDERS[holder], "print('ended')") == "ended"


@pytest.mark.parametrize("holder", HOLDERS_BY_ATTRIBUTE)
def test_a_program_ends_while_nodes_hold_graphs(holder: str) -> None:
    assert ended(3, ALL_KINDS, HOLDERS_BY_ATTRIBUTE[holder], "print('ended')") == "ended"


@pytest.mark.parametrize("user", USERS)
def test_a_graph_is_of_use_when_the_program_has_ended(user: str) -> None:
    # Without a checkpoint: its function holds the program's globals, so a global graph would be in a cycle.
    assert ended(3, FREED, USERS[user]) == "used"


@pytest.mark.parametrize("own", ["", OPERATION], ids=["", "own operation"])
@pytest.mark.parametrize("user", LATE_USERS)
def test_a_graph_is_no_harm_when_everything_ends(user: str, own: str) -> None:
    step = f"double({ALL_KINDS})" if own else ALL_KINDS
    assert ended(3, step, own, LAST, LATE_USERS[user], "print('ended')") == "ended"


@pytest.mark.parametrize(
    ("step", "holder"),
    [
        ("y * x", "a global"),
        ("y * x", "a module that is never cleared"),
        ("y * x", "sys.excepthook"),
        ("y * x", "the last exception"),
        ("y * x", "a suspended generator"),
        ("y * x", "a reference cycle"),
        ("y * x", "a daemon thread asleep"),
        ("dot([y], [x])", "a global"),
        ("rebuild(ops.sum, 1.0, (y, x, x), (1.0, 1.0, 1.0))", "an operation of the user's"),
        ("rebuild(ops.prod, 1.0, (x, x, y), (1.0, 1.0, 1.0))", "another module"),
    ],
)
def test_a_program_ends_while_this_holds_a_graph_a_million_deep(step: str, holder: str) -> None:
    assert ended(10**6, step, HOLDERS[holder], "print('ended')") == "ended"


def test_a_graph_a_million_deep_is_of_use_when_the_program_has_ended() -> None:
    assert ended(10**6, "y * x", USERS["a __del__"]) == "used"


def test_a_program_ends_while_a_daemon_thread_makes_and_drops_graphs() -> None:
    busy = """
import threading
begun = threading.Event()
def work():
    while True:
        graph()
        begun.set()
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
"""
    assert ended(100, ALL_KINDS, busy, "print('ended')") == "ended"


def test_the_shortest_program_with_an_operation_of_its_own_ends() -> None:
    run(
        "from autograd import Value, op; double = op('double', lambda a: 2*a, lambda a, out: (2.0,)); "
        "y = Value(1.0)*2 + 1"
    )


# --- the end of a node inside other things --------------------------------------------------------------------------


def thrice(x: Any) -> Any:
    """A user's operation, defined only when it is used, because defining one changes how the process ends."""
    return op("thrice", lambda a: 3.0 * a, lambda a, out: (3.0,))(x)


KINDS: dict[str, Callable[[Value], Value]] = {
    "leaf": lambda x: Value(5.0),
    "constant": lambda x: (x * 5).operands[1],
    "with a constant": lambda x: x * 5,
    "two operands": lambda x: x * x,
    "unary": lambda x: -x,
    "function": lambda x: tanh(x),
    "power": lambda x: x**3,
    "dot": lambda x: dot([x, x], [x, 5.0], x),
    "sum": lambda x: autograd.sum([x, x, 5.0]),
    "prod": lambda x: prod([x, 5.0, x]),
    "where": lambda x: where(x, x, 5.0),
    "user's": lambda x: thrice(x),
    "tree": lambda x: dot([x * 5, x.relu()], [x + 1, 2.0], -x) * autograd.sum([x - 1, thrice(x), x / 3]),
}


class Holder:
    def __init__(self, held: object) -> None:
        self.held = held


def closure(held: object) -> Callable[[], object]:
    return lambda: held


WRAPS: dict[str, list[Callable[[object], object]]] = {
    "lists": [lambda held: [held]],
    "tuples": [lambda held: (held,)],
    "dicts": [lambda held: {"held": held}],
    "attributes": [Holder],
    "closures": [closure],
    "mixed": [lambda held: [held], Holder, lambda held: (held, 1), closure, lambda held: {1: held, 2: held}],
}

# Python counts the depth while it frees nested containers, and puts off those deeper than 50 or 200.
DEPTHS = [1, 2, 5, 10, 25, 39, 40, 41, 49, 50, 51, 60, 99, 100, 101, 150, 199, 200, 201, 500, 1000, 10_000, 20_000]


def contents(node: Value) -> tuple[Any, ...]:
    operands = [(x.data, x.grad, type(x).__name__) for x in node.operands]
    return repr(node), node.data, node.grad, node.label, operands, node.partials


def wrapped(held: Any, wraps: list[Callable[[object], object]], depth: int) -> object:
    for level in range(depth):
        held = wraps[level % len(wraps)](held)
    return held


def let_die(kind: str) -> None:
    """Free every other one of a row of nodes, inside of containers; the nodes between must keep their contents."""
    make, x = KINDS[kind], Value(3.0)
    references = sys.getrefcount(x)
    for name, wraps in WRAPS.items():
        for depth in DEPTHS:
            print(kind, "in", depth, name)
            nodes: list[Any] = [make(x) for _ in range(200 if depth < 1000 else 6)]
            expected = contents(nodes[-1])
            for i in range(0, len(nodes), 2):
                held, nodes[i] = nodes[i], None
                held = wrapped(held, wraps, depth)
                del held
            for node in nodes[1::2]:
                assert contents(node) == expected, (contents(node), expected)
            del nodes, node
            assert sys.getrefcount(x) == references


@pytest.mark.parametrize("kind", KINDS)
def test_a_node_that_dies_inside_of_containers_harms_no_neighbour(kind: str) -> None:
    call(let_die, kind)


def test_fifty_lists_around_a_product() -> None:
    script = """
from autograd import Value
x = Value(3.0); nodes = [x * 5 for _ in range(200)]
for i in range(0, 200, 2):
    v, nodes[i] = nodes[i], None
    for _ in range(50): v = [v]
    del v
print({n.partials for n in nodes if n is not None})
"""
    assert run(script) == "{(5.0, 3.0)}"


# --- graphs and containers in turn ----------------------------------------------------------------------------------


class Name(str):
    """A subclass of str, which may have attributes and can be a label."""


def by_rule(y: Value) -> Value:
    rule = Op("rule", lambda a: a, lambda a, out: (1.0,))
    rule.kept = [y]  # type: ignore[attr-defined]
    made: Value = rule(Value(1.0))
    return made


def by_closure(y: Value) -> Value:
    made: Value = Op("rule", lambda a: a + 0.0 * len([y]), lambda a, out: (1.0,))(Value(1.0))
    return made


def by_label(y: Value) -> Value:
    name = Name("x")
    name.kept = Holder([y])  # type: ignore[attr-defined]
    made = Value(1.0) * 2.0
    with contextlib.suppress(TypeError):
        made.label = name
    return made


def by_leaf(y: Value) -> Value:
    leaf: Any = Value(1.0)
    leaf.kept = [y]
    return leaf * 2  # type: ignore[no-any-return]


def by_result(y: Value) -> Value:
    node: Any = Value(1.0) * 2.0
    node.kept = {"y": y}
    return node  # type: ignore[no-any-return]


def by_dot(y: Value) -> Value:
    leaf: Any = Value(1.0)
    leaf.kept = Holder((y,))
    return dot([1.0, leaf], [leaf, 3.0], leaf)  # type: ignore[no-any-return]


def by_sum(y: Value) -> Value:
    leaf: Any = Value(1.0)
    leaf.kept = closure([y])
    return autograd.sum([leaf, 1.0, leaf])  # type: ignore[no-any-return]


LINKS = {f.__name__: f for f in (by_rule, by_closure, by_label, by_leaf, by_result, by_dot, by_sum)}


def chain(link: Callable[[Value], Value], length: int) -> Value:
    y = Value(1.0)
    for _ in range(length):
        y = link(y) + 1
    return y


def alternate(name: str) -> None:
    for length in (1, 10, 49, 50, 51, 100, 200, 1000, 50_000):
        print(name, length)
        y = chain(LINKS[name], length)
        y.backward()
        del y
    print("ended")


@pytest.mark.parametrize("link", LINKS)
def test_graphs_that_hold_containers_that_hold_graphs_die(link: str) -> None:
    assert call(alternate, link).endswith("ended")


def alternate_through_subclasses() -> None:
    class Leaf(Value):
        kept: Any = None

    def by_subclass(y: Value) -> Value:
        leaf = Leaf(1.0)
        leaf.kept = [y]
        return leaf * 2.0

    for length in (1, 50, 1000, 50_000):
        chain(by_subclass, length).backward()
    print("ended")


def test_graphs_over_leaves_of_subclasses_die() -> None:
    assert call(alternate_through_subclasses).endswith("ended")


# --- what happens while a graph dies --------------------------------------------------------------------------------


def let_die_in_haste() -> None:
    """An exception that is being raised while a graph is freed is not lost."""
    for kind, make in KINDS.items():
        print(kind)
        x = Value(3.0)
        references = sys.getrefcount(x)
        for depth in (0, 1, 50, 1000):
            with pytest.raises(ZeroDivisionError):
                [wrapped(make(x), WRAPS["mixed"], depth), 1 / 0]
            with pytest.raises(ValueError, match="a word"):
                int("a word", base=len([wrapped(make(x), WRAPS["lists"], depth)]) + 9)
        gc.collect()
        assert sys.getrefcount(x) == references


def test_exceptions_survive_the_end_of_graphs() -> None:
    call(let_die_in_haste)


class Restless:
    """When it is freed it makes and drops graphs, and stores the node that it held elsewhere, to keep it alive."""

    saved: list[Value] = []

    def __init__(self, held: Value) -> None:
        self.held = held

    def __del__(self) -> None:
        (chain(lambda y: y * 2.0, 200) * self.held).backward(0.0)
        gc.collect(0)
        self.saved.append(self.held)


def let_die_disturbed() -> None:
    for kind, make in KINDS.items():
        for depth in (1, 49, 50, 51, 200):
            print(kind, depth)
            y = make(Value(3.0))
            expected = contents(y)
            rule = Op("rule", lambda a: a, lambda a, out: (1.0,))
            rule.kept = Restless(y)  # type: ignore[attr-defined]
            y = rule(y)
            for _ in range(depth):
                y = by_rule(y) * 2.0
            held = wrapped(y, WRAPS["mixed"], depth)
            del y, rule
            assert not Restless.saved
            del held
            saved = Restless.saved.pop()
            assert contents(saved) == expected
            saved.backward()
    print("ended")


def test_what_dies_in_the_middle_may_use_graphs_and_live_again() -> None:
    assert call(let_die_disturbed).endswith("ended")


def let_die_in_threads() -> None:
    sys.setswitchinterval(1e-5)
    gc.set_threshold(10)
    x, failed = Value(3.0), []
    shared = [make(x) for make in KINDS.values()]
    expected = [contents(node) for node in shared]

    def work() -> None:
        try:
            for depth in range(150):
                for make in KINDS.values():
                    node = wrapped(autograd.sum([make(x), *shared]), WRAPS["mixed"], depth)
                    del node
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed
    assert [contents(node) for node in shared] == expected
    print("ended")


def test_graphs_over_shared_nodes_die_in_threads() -> None:
    assert call(let_die_in_threads).endswith("ended")
