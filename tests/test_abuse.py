"""Misuse of nodes: whatever is done to a node is refused or works, but never crashes the process or breaks the node.

Each kind of misuse runs in a process of its own, which prints what it is about to do: the last line names a crash.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import itertools
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from fractions import Fraction
from pickle import PicklingError
from typing import Any

import pytest

import autograd
from autograd import Graph, Op, Place, Value, detect_anomaly, dot, enter, op, ops, prod, sqrt, value, where
from autograd.value import Constant, Dot, Wide

from .processes import call


def thrice(x: Any) -> Any:
    """A user's operation, defined only when it is used, because defining one changes how the process ends."""
    return op("thrice", lambda a: 3.0 * a, lambda a, out: (3.0,))(x)


class Liar(tuple[Any, ...]):
    """A tuple that reports a wrong length; code that takes it for a tuple must not trust it."""

    def __len__(self) -> int:
        return 1000

    def __iter__(self) -> Iterator[Any]:
        return iter([1.0, "text", None])

    def __getitem__(self, index: Any) -> Any:
        return None


class Spiteful:
    """An object that raises an error at every operation."""

    def _refuse(self, *arguments: object) -> Any:
        raise ValueError("spite")

    __float__ = __index__ = __bool__ = __len__ = __iter__ = __getitem__ = __eq__ = __lt__ = __add__ = __radd__ = _refuse
    __repr__ = __str__ = __hash__ = __call__ = __format__ = __getattr__ = _refuse


def loop() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


JUNK: dict[str, Callable[[], Any]] = {
    "text": lambda: "text",
    "no text": lambda: "",
    "a surrogate": lambda: "\ud800",
    "None": lambda: None,
    "True": lambda: True,
    "-1": lambda: -1,
    "10**400": lambda: 10**400,
    "-(2**63)": lambda: -(2**63),
    "1.5": lambda: 1.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "1j": lambda: 1j,
    "a fraction": lambda: Fraction(1, 3),
    "bytes": lambda: b"bytes",
    "()": lambda: (),
    "(1, 2)": lambda: (1, 2),
    "[]": list,
    "a list in itself": loop,
    "{}": dict,
    "a set": lambda: {1.0},
    "an object": object,
    "a Value": lambda: Value(7.0),
    "Values": lambda: (Value(7.0), Value(8.0)),
    "a list of Values": lambda: [Value(7.0) * 2, Value(8.0)],
    "a result": lambda: Value(7.0) * 2,
    "an operation": lambda: ops.dot,
    "a Place": lambda: Place("scope", "label"),
    "an empty Place": lambda: Place.__new__(Place),
    "an empty Value": lambda: Value.__new__(Value),
    "an empty result": lambda: Wide.__new__(Wide),
    "an empty dot": lambda: Dot.__new__(Dot),
    "a type": lambda: int,
    "a function": lambda: lambda *arguments: arguments,
    "a generator": lambda: (x for x in (1.0, None)),
    "NotImplemented": lambda: NotImplemented,
    "a liar": lambda: Liar((1.0,)),
    "spite": Spiteful,
}


def a_dot() -> Value:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    return dot([a, b * 2], [b, 5.0], a)  # type: ignore[no-any-return]


NODES: dict[str, Callable[[], Value]] = {
    "leaf": lambda: Value(2.0),
    "constant": lambda: (Value(2.0) * 3.0).operands[1],
    "product": lambda: Value(2.0) * (Value(3.0) + 1.0),
    "tanh": lambda: (Value(2.0) * 0.5).tanh(),
    "sum": lambda: autograd.sum([Value(2.0), Value(3.0) * 2.0, 4.0]),
    "user's": lambda: thrice(Value(2.0)),
    "dot": a_dot,
    "part": lambda: autograd.checkpoint(lambda x: x * 2.0 + 1.0, Value(2.0)),
}

# The errors of a refusal. A ValueError may come from the junk, from a format, or from arguments that do not match.
REFUSALS = (TypeError, AttributeError, ValueError, OverflowError)

# Nodes without __init__ are strange operands: which rule notices them first, and by which error, does not matter.
SOMEHOW = (*REFUSALS, LookupError, RuntimeError, AssertionError)


def made(kind: str) -> Value:
    node = NODES[kind]()
    node.backward()
    node.label = "kept"
    return node


def contents(node: Value) -> tuple[Any, ...]:
    operands = [(x.data, x.grad, x.label) for x in node.operands]
    place = None if node.place is None else (node.place.scope, node.place.label, node.place.site)
    name = None if node.op is None else node.op.name
    return node.data, node.grad, node.label, node.scope, place, name, operands, node.partials


USES: dict[str, Callable[[Any], object]] = {
    "repr": repr,
    "format": lambda node: f"{node} {node:.3f}",
    "describe": lambda node: node.describe(),
    "data": lambda node: node.data + 0.0,
    "grad": lambda node: node.grad + 0.0,
    "label": lambda node: node.label + "",
    "scope": lambda node: node.scope + "",
    "place": lambda node: (node.place, node._prev, node._op),
    "contents": contents,
    "copy": lambda node: repr(copy.copy(node)),
    "deepcopy": lambda node: repr(copy.deepcopy(node)),
    "pickle": lambda node: repr(pickle.loads(pickle.dumps(node))),
    "set": lambda node: {node: hash(node)},
    "compare": lambda node: (node < 1.0, node >= node, bool(node)),
    "sum": lambda node: (1 + node * node / 2 - node).relu().backward(),
    "power": lambda node: (2**node + node**2).tanh().backward(),
    "dot": lambda node: dot([node, 1.0], [node, node], node).backward(),
    "prod": lambda node: prod([node, node, 2.0]).backward(2.0),
    "graph": lambda node: Graph(node * 2).gradients(),
    "detach": lambda node: node.detach().backward(),
    "backward": lambda node: node.backward(),
}


def use(node: Any, refusals: tuple[type[BaseException], ...]) -> None:
    """Use a node in every way; only now may an error show what was done to it before."""
    for work in USES.values():
        with contextlib.suppress(*refusals):
            work(node)


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in ("_prev", "_op")


def abuse_attributes(kind: str) -> None:
    """Set each attribute to each piece of junk, and delete each. Private attributes may raise any exception."""
    for name in [*dir(made(kind)), "unknown"]:
        for junk in [*JUNK, "deleted", *([] if private(name) else ["itself"])]:  # an operand of itself has no end
            noticed = (Exception,) if private(name) else SOMEHOW if "empty" in junk else (*REFUSALS, PicklingError)
            print(f"{kind}.{name} = {junk}")
            node = made(kind)
            before = contents(node)
            try:
                if junk == "deleted":
                    delattr(node, name)
                else:
                    setattr(node, name, node if junk == "itself" else JUNK[junk]())
            except REFUSALS:
                assert contents(node) == before
            use(node, noticed)
            del node
    print("lived")


@pytest.mark.parametrize("kind", NODES)
def test_attributes_set_to_junk(kind: str) -> None:
    assert call(abuse_attributes, kind).endswith("lived")


def abuse_methods(kind: str) -> None:
    """Call each method with up to three pieces of junk."""
    for name in dir(made(kind)):
        if not callable(getattr(made(kind), name, None)):
            continue
        refusals = (Exception,) if private(name) else (*REFUSALS, LookupError)
        for junk, count in [("nothing", 0), *itertools.product(JUNK, (1, 2, 3))]:
            print(f"{kind}.{name}({', '.join([junk] * count)})")
            node: Any = made(kind)
            with contextlib.suppress(*refusals):
                repr(getattr(node, name)(*[JUNK[junk]() for _ in range(count)]))
            for work in ("repr", "contents", "sum", "backward"):
                with contextlib.suppress(*refusals):
                    USES[work](node)
            del node
    print("lived")


@pytest.mark.parametrize("kind", NODES)
def test_methods_called_with_junk(kind: str) -> None:
    assert call(abuse_methods, kind).endswith("lived")


def refuse_deletion() -> None:
    for kind in NODES:
        for name in ("data", "grad", "label", "place"):
            print(f"del {kind}.{name}")
            node = made(kind)
            before = contents(node)
            with pytest.raises((TypeError, AttributeError)):
                delattr(node, name)
            assert contents(node) == before
            node.backward()
        print(f"{kind}.place = 'encoder'")
        node = made(kind)
        before, place = contents(node), node.place
        with pytest.raises((TypeError, AttributeError)):
            node.place = "encoder"
            print(node)
        node.place = place
        assert contents(node) == before
    print("lived")


def test_what_a_node_consists_of_cannot_be_deleted() -> None:
    assert call(refuse_deletion).endswith("lived")


# --- making nodes by hand ---------------------------------------------------------------------------------------------


def makings() -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Everything that makes nodes, with valid arguments."""
    a, b = Value(2.0), Value(3.0) * 1.0
    return {
        "Value": (Value, (1.0, "label")),
        "Constant": (Constant, (1.0, "label")),
        "a result": (Value, (6.0, ops.mul, a, 3.0, b, 2.0)),
        "Wide": (Wide, (9.0, ops.sum, (a, b, a), (1.0, 1.0, 1.0))),
        "Dot": (Dot, ((a, b), (b, a), a)),
        "Place": (Place, ("scope", "label", "site")),
        "rebuild a product": (value.rebuild, (ops.mul, 6.0, (a, b), (3.0, 2.0))),
        "rebuild a function": (value.rebuild, (ops.tanh, 6.0, (a,), (3.0,))),
        "rebuild a sum": (value.rebuild, (ops.sum, 7.0, (a, b, a), (1.0, 1.0, 1.0))),
        "rebuild a dot": (value.rebuild, (ops.dot, 8.0, (a, b, a), ())),
        "record": (value.record, (ops.mul, [a, b])),
        "record a power": (value.record, (ops.pow, [a, b])),
        "record a dot": (value.record, (ops.dot, [a, b, a])),
        "walk": (value.walk, (a * b,)),
        "dot": (dot, ([a, b], [b, a], a)),
        "sum": (autograd.sum, ([a, b, a],)),
        "where": (where, (a, b, a)),
        "apply": (Value.__apply_op__, (ops.mul, (a, b))),
    }


# Arguments that are valid one by one, but not together.
MISFITS: list[tuple[Any, tuple[Any, ...]]] = [
    (Wide, (1.0, ops.sum, (1, 2), (1.0, 1.0))),
    (Wide, (1.0, ops.sum, (Value(1.0), Value(2.0) * 2, Value(3.0)), ())),
    (Wide, (1.0, ops.sum, (Value(1.0), Value(2.0) * 2, Value(3.0)), (1.0, 1.0))),
    (Wide, (1.0, ops.sum, (), (1.0, 1.0))),
    (Wide, (1.0, ops.sum, (Value(1.0),), ("text",))),
    (Wide, (1.0, ops.dot, (Value(1.0), Value(2.0) * 2, Value(3.0)), (1.0, 1.0, 1.0))),
    (Value, (1.0, ops.mul, None, 1.0, Value(1.0) * 2, 1.0)),
    (Value, (1.0, ops.dot, Value(1.0), 1.0, None, 1.0)),
    (Value, (1.0, ops.pow, Value(1.0), 1.0, None, 1.0)),
    (Dot, ((Value(1.0), Value(2.0) * 2), (Value(3.0),), None)),
    (Dot, ((Value(1.0),), (Value(3.0), Value(2.0) * 2), None)),
    (Dot, ((), (Value(3.0),), None)),
    (Dot, ((), (), None)),
    (Dot, ((Value(1.0), None), (Value(1.0), 2), None)),
    (Dot, ([Value(1.0)], [Value(2.0) * 2], None)),
    (Dot, (Liar((Value(1.0),)), Liar((Value(2.0),)), None)),
    (Dot, (Value(1.0), Value(1.0), Value(1.0))),
    (value.rebuild, (ops.mul, 1.0, (Value(1.0), Value(2.0)), (1.0,))),
    (value.rebuild, (ops.tanh, 1.0, (Value(1.0),), ())),
    (value.rebuild, (ops.sum, 1.0, (), ())),
    (value.rebuild, (ops.dot, 1.0, (), ())),
    (value.record, (ops.tanh, [])),
    (value.record, (ops.pow, [Value(1.0)])),
    (value.record, (ops.pow, [])),
]


def attempt(make: Any, arguments: tuple[Any, ...]) -> None:
    with contextlib.suppress(*SOMEHOW):
        made = make(*arguments)
        if isinstance(made, Value):
            use(made, SOMEHOW)


def make_badly(kind: str) -> None:
    """Too few arguments, too many, one wrong argument, and all of them wrong."""
    for name, (make, right) in makings().items():
        if isinstance(make, type) != (kind == "class"):
            continue
        for count in range(len(right) + 2):
            print(name, "with", count, "arguments")
            attempt(make, (*right, None)[:count])
        for junk, position in itertools.product(JUNK, range(-1, len(right))):
            print(name, "with", junk, "at", position)
            make, right = makings()[name]
            attempt(make, tuple([JUNK[junk]() if position in (i, -1) else x for i, x in enumerate(right)]))
    print("lived")


@pytest.mark.parametrize("kind", ["class", "function"])
def test_nodes_made_of_junk(kind: str) -> None:
    assert call(make_badly, kind).endswith("lived")


def make_misfits() -> None:
    for number, (make, arguments) in enumerate(MISFITS):
        print(number, make.__name__)
        attempt(make, arguments)
    MISFITS.clear()
    print("lived")


def test_nodes_made_of_what_does_not_fit_together() -> None:
    assert call(make_misfits).endswith("lived")


def leave_unmade() -> None:
    """Nodes whose __init__ was never called, made in every way that avoids the call."""

    class Half(Value):
        def __init__(self) -> None:
            pass

    class Failed(Value):
        def __init__(self) -> None:
            super().__init__(1.0)
            self.kept = self
            super().__init__("no number")

    ways: list[Callable[[Any], Any]] = [
        lambda kind: kind.__new__(kind),
        lambda kind: kind.__new__(kind, 1.0, 2.0),
        lambda kind: kind.__new__(Half),
        lambda kind: kind.__new__(int),
        object.__new__,
        lambda kind: copy.copy(kind.__new__(kind)),
        lambda kind: pickle.loads(pickle.dumps(kind.__new__(kind))),
        lambda kind: kind.__new__(kind).__reduce_ex__(4),
        lambda kind: Half(),
        lambda kind: Failed(),
    ]
    kind: Any
    for kind in (Value, Constant, Wide, Dot, Place):
        for number, way in enumerate(ways):
            print(kind.__name__, number)
            attempt(way, (kind,))
            gc.collect()
        for name in dir(kind):
            print(f"empty {kind.__name__}.{name}")
            with contextlib.suppress(*SOMEHOW):
                repr(getattr(kind.__new__(kind), name))
        print("a place from", kind.__name__)
        node = Value(1.0)
        with contextlib.suppress(*REFUSALS):
            node.place = kind.__new__(kind)
        use(node, SOMEHOW)
    print("lived")


def test_nodes_without_init() -> None:
    assert call(leave_unmade).endswith("lived")


def make_again() -> None:
    """Call __init__ again, with arguments that are valid for this kind of node or another, and with invalid ones."""
    attempts = [right for _, right in makings().values()]
    attempts += [(), ("text",), (None,) * 3, ((), (), None), (1.0, ops.sum, (), ()), (1.0, 5), (object(),) * 6]
    for kind, (number, arguments) in itertools.product(NODES, enumerate(attempts)):
        print(kind, number)
        node: Any = made(kind)
        for _ in range(2):
            with contextlib.suppress(*SOMEHOW):
                node.__init__(*arguments)
        use(node, SOMEHOW)
    for kind in NODES:
        print(kind, "over itself")
        node = made(kind)
        for arguments in (
            (6.0, ops.mul, node, 3.0, node, 2.0),
            (6.0, ops.sum, (node, node), (1.0, 1.0)),
            ((node,), (node,), node),
        ):
            with contextlib.suppress(*SOMEHOW):
                node.__init__(*arguments)
            use(node, SOMEHOW)
        del node
        gc.collect()
    print("lived")


def test_nodes_made_twice() -> None:
    assert call(make_again).endswith("lived")


def believe_liars() -> None:
    """Operations whose rules return junk: an `Op` is not checked before the engine reads it."""
    for name, arity in itertools.product(JUNK, (1, 2, 3)):
        print(name, "for", arity)
        junk = JUNK[name]
        for out, slopes in (
            (junk(), (1.0,) * arity),
            (1.0, junk()),
            (1.0, (junk(),) * arity),
            (1.0, (1.0,) * (arity - 1)),
            (1.0, (1.0,) * (arity + 1)),
            (1.0, [1.0] * arity),
        ):
            rule = Op("rule", lambda *a, out=out: out, lambda *a, slopes=slopes: slopes, arity=arity)
            attempt(rule, (Value(1.0), Value(2.0) * 2, 3.0)[:arity])
    print("lived")


def test_operations_that_lie() -> None:
    assert call(believe_liars).endswith("lived")


def enter_junk() -> None:
    """Make nodes while the place is junk, and in places that become junk afterwards."""
    for junk in JUNK:
        print("enter", junk)
        try:
            enter(JUNK[junk]())
        except REFUSALS:
            continue
        for kind in NODES:
            attempt(NODES[kind], ())
        enter(None)
    for kind, junk, name in itertools.product(("leaf", "product", "dot"), [*JUNK, "deleted"], dir(Place())):
        print(f"{kind}.place.{name} = {junk}")
        node = made(kind)
        with contextlib.suppress(*SOMEHOW):
            if junk == "deleted":
                delattr(node.place, name)
            else:
                setattr(node.place, name, JUNK[junk]())
        use(node, SOMEHOW)
    print("lived")


# --- memory -----------------------------------------------------------------------------------------------------------

W, X = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]


def differentiate() -> None:
    y = dot(W, X, 1.0) * autograd.sum([*W, 3]) - prod([*X, 2]).tanh() ** 2 + thrice(where(W[0], X[0], 1.0)) / W[1]
    y.backward()
    y.label = "y"
    Graph(copy.deepcopy(y)).gradients()


def go_deep() -> None:
    """Graphs too deep to be freed by recursion: nodes whose freeing is put off must not stay."""
    y: Any
    y = W[0]
    for _ in range(60):
        y = y * X[0]
    del y
    y = W[1]
    for _ in range(60):
        y = dot([y], [X[1]], W[0])
    del y
    y = [W[1]]
    for _ in range(60):
        y = [prod([*y, X[0], 1.0])]


def fail_backward() -> None:
    y = dot(W, X) * W[0] + 1
    X[0].data = X[0].data
    with contextlib.suppress(RuntimeError):
        y.backward()
    with pytest.raises(TypeError):
        y.backward("text")
    with pytest.raises(autograd.AnomalyError), detect_anomaly():
        sqrt(W[0] * 0.0).backward()


def fail_to_make() -> None:
    make: Any
    for make, arguments in (
        (Value, ("text",)),
        (Value, (1.0, 5)),
        (Constant, (1j,)),
        (Value, (1.0, ops.mul, W[0], 1.0, W[1])),
        (Value, ("text", ops.mul, W[0] * 2, "text", W[1] * 2, 1.0)),
        (Wide, (1.0, ops.sum, (1, 2), "text")),
        (Wide, (1.0, ops.sum, (W[0] * 2, W[1] * 2))),
        (Dot, ((W[0] * 2,), (None,), W[1] * 2)),
        (Dot, ((W[0] * 2, 1.0), (W[0], 2.0), W[1] * 2)),
        (dot, ([W[0] * 2, 1.0], [X[1] * 2], 3)),
        (dot, ([W[0] * 2, "text"], [X[1] * 2, W[0] * 2], 3)),
        (prod, ([W[0] * 2, "text", None],)),
        (lambda a: a + "text", (W[0] * 2,)),
        (lambda a: a.backward("text"), (W[0] * 2,)),
        (lambda a: setattr(a, "data", 1.0), (W[0] * 2,)),
        (lambda a: setattr(a, "label", 1.0), (W[0] * 2,)),
        (lambda a: setattr(a, "grad", 1j), (W[0] * 2,)),
        (op("liar", lambda a: a, lambda a, out: None), (W[0] * 2,)),
    ):
        with contextlib.suppress(*REFUSALS, LookupError):
            make(*arguments)


def make_twice() -> None:
    a, b = W[0] * 2, W[1] * 2
    node: Any
    for node in (Value(1.0), a * b, dot([a, b], [b, a], a), prod([a, b, a])):
        for arguments in (
            (1.0, "label"),
            ("text",),
            (1.0, ops.mul, a, 1.0, b, 1.0),
            (1.0, ops.sum, (a, b), (1.0, 1.0)),
            ((a, b), (b, a), a),
        ):
            with contextlib.suppress(*SOMEHOW):
                node.__init__(*arguments)


def leave_empty() -> None:
    for kind in (Value, Constant, Wide, Dot):
        kind.__new__(kind)


def abandon() -> None:
    """A generator and an exception that are dropped while they hold graphs."""
    next(x for y in [W[0] * 2] for x in (y * 2, None))
    with pytest.raises(ZeroDivisionError):
        [W[0] * 2 + 1, 1 / 0]


def hold_in_attributes() -> None:
    """Attributes of nodes die with them."""
    node: Any = W[0] * 2
    node.kept = [W[1] * 2]
    leaf: Any = Value(1.0)
    leaf.kept = {"node": node * 2, "weak": weakref.ref(node)}
    leaf.kept = prod([leaf.kept["node"], node, 1.0])
    del node.kept


def store_everywhere() -> None:
    """Every setter drops what was there before."""
    node = W[0] * 2
    for number in range(5):
        node.label = f"label {number}"
        node.grad = number / 3
        node.place = Place(f"scope {number}", f"label {number}")
        W[1].data = W[1].data


def blocks_and_bytes() -> tuple[int, int]:
    gc.collect()
    with open("/proc/self/statm") as file:
        return sys.getallocatedblocks(), int(file.read().split()[1]) * 4096


def repeat(name: str) -> None:
    """Python's count of memory blocks finds any object that is not freed; the system's count finds other memory."""
    work = globals()[name]
    for _ in range(50):
        work()
    blocks, size = blocks_and_bytes()
    references = [sys.getrefcount(x) for x in (*W, *X, ops.mul, ops.sum, ops.dot)]
    for _ in range(200):
        for _ in range(10):
            work()
    more_blocks, more_size = blocks_and_bytes()
    assert [sys.getrefcount(x) for x in (*W, *X, ops.mul, ops.sum, ops.dot)] == references
    print(more_blocks - blocks, more_size - size)
    assert more_blocks - blocks < 200
    assert more_size - size < 2_000_000


TASKS = [
    differentiate,
    go_deep,
    fail_backward,
    fail_to_make,
    make_twice,
    leave_empty,
    abandon,
    store_everywhere,
    hold_in_attributes,
]

if sys.platform == "linux":  # other systems have no such count; defined only here, so that no test is skipped

    @pytest.mark.parametrize("task", [task.__name__ for task in TASKS])
    def test_memory_does_not_grow(task: str) -> None:
        call(repeat, task, PYTHONMALLOC="default")
