"""What users' programs do with a Value: subclass it, set attributes, copy it, and use it like micrograd's."""

from __future__ import annotations

import copy
import functools
import gc
import itertools
import operator
import os
import pickle
import subprocess
import sys
import weakref
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Graph, Value, dot
from autograd.value import Constant


def by_pickle(protocol: int, x: Any) -> Any:
    return pickle.loads(pickle.dumps(x, protocol))


COPIES: dict[str, Callable[[Any], Any]] = {"copy": copy.copy, "deepcopy": copy.deepcopy}
for number in range(pickle.HIGHEST_PROTOCOL + 1):
    COPIES[f"pickle {number}"] = functools.partial(by_pickle, number)
NODES: dict[str, Callable[[Value], Value]] = {
    "leaf": lambda x: x,
    "constant": lambda x: (x * 2.0).operands[1],
    "product": lambda x: x * x,
    "function": lambda x: x.tanh(),
    "dot": lambda x: dot([x], [x], x),
    "sum": lambda x: autograd.sum([x, x, x]),
}
every_node = pytest.mark.parametrize("make", NODES.values(), ids=NODES)
DEEP = {name: copied for name, copied in COPIES.items() if copied is not copy.copy}
every_copy = pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)


class Weight(Value):
    """A parameter with another name for its number, and an attribute of its own."""

    def __init__(self, number: float, *, decays: bool) -> None:
        super().__init__(number)
        self.decays = decays

    @property
    def size(self) -> float:
        return abs(self.data)


class Slotted(Value):
    __slots__ = ("note",)

    note: str


# --- subclasses ---------------------------------------------------------------------------------------------------


def test_a_subclass_works_as_a_value() -> None:
    w, x = Weight(-3.0, decays=True), Value(2.0)
    y = (w * x + w).tanh() + dot([w], [x], w)
    y.backward()
    # d/dw (tanh(3 w) + 3 w) = 3 (1 - tanh(3 w)**2) + 3
    assert w.grad == pytest.approx(3 * (1 - np.tanh(-9.0) ** 2) + 3, rel=1e-12)
    assert (w.size, w.decays, type(w * 2.0).__mro__[-2]) == (3.0, True, Value)
    w.data = w.data + 1.0
    assert w.size == 2.0
    neuron = nn.Neuron(1)
    neuron.w = [w]
    assert neuron.parameters()[0] is w


SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
}  # fmt: skip


@pytest.mark.parametrize("sign", SIGNS)
def test_operators_between_a_value_and_a_subclass(sign: str) -> None:
    for a, b in ((Value(3.0), Weight(2.0, decays=True)), (Weight(3.0, decays=True), Value(2.0))):
        y = SIGNS[sign](a, b)
        assert (y.data, y.operands[0] is a, y.operands[1] is b) == (SIGNS[sign](3.0, 2.0), True, True)
        assert SIGNS[sign](3.0, b).data == SIGNS[sign](a, 2.0).data == y.data
        assert ((a < b), (a <= b), (a > b), (a >= b)) == (False, False, True, True)


@every_copy
def test_a_copied_subclass_keeps_its_class_and_what_it_knows(copied: Callable[[Any], Any]) -> None:
    w = Weight(2.5, decays=False)
    w.grad, w.label = 7.0, "w"
    w.history = [1.0, 2.0]
    twin = copied(w)
    assert type(twin) is Weight
    assert twin is not w
    assert (twin.data, twin.grad, twin.label, twin.decays, twin.history) == (2.5, 7.0, "w", False, [1.0, 2.0])
    assert (twin.history is w.history) == (copied is copy.copy)
    (twin * 2.0).backward()
    assert (twin.grad, w.grad) == (9.0, 7.0)


@every_copy
def test_a_copied_subclass_keeps_its_slots(copied: Callable[[Any], Any]) -> None:
    node = Slotted(1.0)
    node.note = "kept"
    assert copied(node).note == "kept"


def test_a_subclass_is_collected_with_its_cycles() -> None:
    w = Weight(1.0, decays=True)
    w.itself = w
    gone = weakref.ref(w)
    del w
    gc.collect()
    assert gone() is None


def test_a_leaf_whose_init_was_never_called_is_a_leaf() -> None:
    """The native engine has all fields; in the interpreted one, Python's AttributeError names the missing one."""

    class Careless(Value):
        def __init__(self, number: float) -> None:
            self.data = number

    try:
        w = Careless(3.0)
    except AttributeError as error:
        assert autograd.engine == "interpreted", error
    else:
        y = w * w
        y.backward()
        y.backward()
        assert (w.grad, len(autograd.Graph(y))) == (12.0, 2)


def test_results_are_values_and_the_class_can_be_given_methods() -> None:
    """In a process of its own, because changes of the class would affect other tests."""
    program = """
from autograd import Value, dot
from autograd.value import Constant, Dot
class Wider(Value):
    pass
x, w = Value(2.0), Wider(2.0)
assert type(x * w) is type(x.tanh()) is type(w**2) is Value
for node, kind in ((x, Wider), (w, Value), (x, Dot), (dot([x], [w]), Value), (x, Constant), (x, float)):
    try:
        node.__class__ = kind  # where the memory is not the same, Python refuses
        node.__class__ = Value
    except TypeError:
        pass
    (node * 1.0).backward()
def cube(self):
    return self**3
Value.cube = cube
Value.relu = lambda self: "patched"
assert (x * 1.0).cube().data == w.cube().data == dot([x], [1.0]).cube().data == 8.0
assert (x * 1.0).relu() == "patched"
add = Value.__add__
Value.__add__ = lambda a, b: add(a, b) if isinstance(b, Value) else "added"
assert x + 1.0 == "added"
x.grad = 0.0
y = x + x * 3.0
y.backward()
assert x.grad == 4.0
del Value.cube
assert not hasattr(x, "cube")
name = Value.__name__
Value.__name__ = Value.__qualname__ = "Renamed"
assert "Renamed" in repr(Value)
Value.__name__ = Value.__qualname__ = name
"""
    home = os.path.dirname(os.path.dirname(os.path.abspath(autograd.__file__)))
    done = subprocess.run([sys.executable, "-c", program], cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# --- attributes of one's own, and weak references -------------------------------------------------------------------


@every_node
def test_a_node_takes_attributes(make: Callable[[Value], Value]) -> None:
    node: Any = make(Value(2.0))
    assert not hasattr(node, "m")
    with pytest.raises(AttributeError, match="has no attribute 'm'"):
        _ = node.m
    node.m = 0.0
    node.m += 0.5
    setattr(node, "_vis_color", "red")  # noqa: B010  (as it is written in published programs)
    node.label = "named"
    assert (node.m, node._vis_color, vars(node)) == (0.5, "red", {"m": 0.5, "_vis_color": "red"})
    del node.m
    assert not hasattr(node, "m")
    with pytest.raises(AttributeError):
        del node.m
    node.backward()


@every_node
@every_copy
def test_attributes_are_copied(copied: Callable[[Any], Any], make: Callable[[Value], Value]) -> None:
    node: Any = make(Value(2.0))
    node.moments = [0.1, 0.2]
    twin = copied(node)
    assert twin.moments == [0.1, 0.2]
    twin.other = 1
    assert not hasattr(node, "other")


@pytest.mark.parametrize("copied", DEEP.values(), ids=DEEP)
def test_attributes_inside_of_a_graph_are_copied(copied: Callable[[Any], Any]) -> None:
    """Also attributes that refer back to the graph, or from one node to a later one."""
    x: Any = Value(2.0)
    h: Any = x.tanh()
    y: Any = h * x
    x.last, h.itself, h.last, y.color = y, h, y, "red"
    twin = copied(y)
    new_h, new_x = twin.operands
    assert (twin.color, new_h.itself, new_h.last, new_x.last) == ("red", new_h, twin, twin)
    assert twin is not y


def test_attributes_belong_to_one_node() -> None:
    before = autograd.enter(autograd.Place("layer"))
    a: Any = Value(1.0) * 2.0
    b: Any = Value(1.0) * 2.0
    leaf: Any = Value(1.0)
    a.m = leaf.m = 1
    c: Any = Value(1.0) * 2.0
    autograd.enter(before)
    b.place = a.place
    autograd.enter(a.place)
    d: Any = Value(1.0) * 2.0
    autograd.enter(before)
    assert not any(hasattr(x, "m") for x in (b, c, d))
    assert a.scope == leaf.scope == c.scope == "layer"


def test_an_attribute_of_the_class_is_not_taken() -> None:
    x: Any = Value(2.0)
    y: Any = x * 3.0
    for name in ("op", "operands", "partials", "scope", "_prev", "_op"):
        with pytest.raises(AttributeError):
            setattr(y, name, "text")
    with pytest.raises(AttributeError, match=r"_backward cannot be set.*autograd\.op"):
        y._backward = lambda: None
    for name in ("data", "grad", "label", "place"):
        with pytest.raises(AttributeError, match=f"the {name} of a Value can be set, but not deleted"):
            delattr(x, name)
    with pytest.raises(TypeError, match=r"a place must be an autograd\.Place or None, not str: 'encoder'"):
        y.place = "encoder"
    assert repr(y) == "Value(data=6.0, grad=0.0, op='mul')"


@every_node
def test_weak_references(make: Callable[[Value], Value]) -> None:
    x = Value(2.0)
    node = make(x)
    ended: list[Any] = []
    link = weakref.ref(node, ended.append)
    assert link() is node
    del node, x
    assert link() is None
    assert ended == [link]


# --- the gradient ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", [3, True, Fraction(1, 4), np.float32(0.1), np.float64(0.1), np.int64(3), np.array(2.5)]
)
def test_a_gradient_becomes_a_float(number: Any) -> None:
    x: Any = Value(1.0)
    x.grad = number
    assert type(x.grad) is float
    assert x.grad == float(number)


def test_the_gradient_none_is_zero() -> None:
    x: Any = Value(1.0)
    x.grad = 2.0
    x.grad = None
    assert x.grad == 0.0
    (x * 3.0).backward()
    assert x.grad == 3.0


@pytest.mark.parametrize("wrong", [1j, Value(1.0), "1", [1.0], object(), np.ones(2)], ids=lambda x: type(x).__name__)
def test_a_gradient_that_is_no_number_is_refused(wrong: Any) -> None:
    x: Any = Value(1.0)
    x.grad = 2.0
    with pytest.raises(TypeError, match=f"grad takes real numbers, not {type(wrong).__name__}"):
        x.grad = wrong
    assert x.grad == 2.0


# --- as on micrograd ------------------------------------------------------------------------------------------------


def test_backward_by_hand_node_by_node() -> None:
    """The neuron of micrograd's lecture: x1 w1 + x2 w2 + b, and its tanh, whose output is sqrt(1/2)."""
    x1, x2, w1, w2, b = Value(2.0), Value(0.0), Value(-3.0), Value(1.0), Value(6.8813735870195432)
    x1w1, x2w2 = x1 * w1, x2 * w2
    both = x1w1 + x2w2
    n = both + b
    o = n.tanh()
    o.grad = 1.0
    for node in (o, n, b, both, x1w1, x2w2, x1):
        node._backward()
    assert [round(x.grad, 6) for x in (x1, w1, x2, w2)] == [-1.5, 1.0, 0.5, 0.0]


def test_backward_by_hand_in_topological_order_is_backward() -> None:
    x, y = Value(0.5), Value(-2.0)
    root = (x * y + x.exp()).relu() * y - dot([x, y], [y, x], x) / autograd.sum([x, x, y])
    root.backward()
    expected = [node.grad for node in Graph(root)]
    for node in Graph(root):
        node.grad = 0.0
    root.grad = 1.0
    for node in reversed(Graph(root).nodes):
        node._backward()
    assert [node.grad for node in Graph(root)] == pytest.approx(expected, rel=1e-14)


def test_the_constructor_takes_empty_operands_in_micrograds_order() -> None:
    class Parameter(Value):
        def __init__(self, data: float, _children: Any = (), _op: str = "") -> None:
            super().__init__(data, _children, _op)

    assert Parameter(2.0).data == 2.0
    made: Any = Value
    assert made(1.0, _children=(), _op="").data == 1.0
    assert made(1.0, (), "", "a").label == made(1.0, "a").label == made(1.0, label="a").label == "a"


@pytest.mark.parametrize(
    "arguments", [((1,), "tanh"), ((), "tanh"), ({Value(1.0)},), ([Value(1.0)], "+", "c"), ("a", "b")]
)
def test_a_node_by_hand_is_told_of_op(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r"autograd\.op\(name, forward, partials\)"):
        Value(2.0, *arguments)


def test_a_known_function_by_hand_is_told_of_it() -> None:
    made: Any = Value
    with pytest.raises(TypeError, match=r"Values have tanh\(\) already"):
        made(0.5, (Value(1.0),), "tanh")


def test_item_is_the_number() -> None:
    assert Value(2.5).item() == 2.5
    assert type((Value(2.5) * 2.0).item()) is float


# --- copies of several results -------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", DEEP.values(), ids=DEEP)
def test_shared_results_stay_shared(copied: Callable[[Any], Any]) -> None:
    x = Value(2.0)
    h = x.tanh()
    y = h * h + x
    for several in ((h, y), (y, h), (y, h, y), [h, {"y": y}]):
        twins = copied(several)
        h2, y2 = (
            (twins[0], twins[1]["y"]) if isinstance(several, list) else sorted(twins[:2], key=lambda n: len(Graph(n)))
        )
        assert h2 in Graph(y2)
        y2.backward()
        assert h2.grad == 2 * h2.data
        assert Graph(y2).gradients() == Graph(y).gradients()


def test_a_list_of_chained_results_is_pickled_in_proportion() -> None:
    def size(n: int) -> int:
        chain = [Value(1.0)]
        for _ in range(n):
            chain.append(chain[-1] * 1.5)
        text = pickle.dumps(chain)
        twins = pickle.loads(text)
        assert all(b.operands[0] is a for a, b in itertools.pairwise(twins))
        return len(text)

    small, large = size(200), size(800)
    assert large < 5 * small
    assert large < 400_000


def test_several_pickles_of_one_graph_are_each_complete() -> None:
    """One pickler that is used twice, and another beside it: neither confuses its nodes with the other's."""
    import io

    x = Value(3.0)
    h = x * x
    y = h + x
    first = io.BytesIO()
    pickler = pickle.Pickler(first)
    pickler.dump(h)
    second = pickle.loads(pickle.dumps(y))
    pickler.dump(y)
    first.seek(0)
    unpickler = pickle.Unpickler(first)
    again, root = unpickler.load(), unpickler.load()
    assert [Graph(node).data for node in (second, root)] == [Graph(y).data] * 2
    assert again in Graph(root)


def test_a_result_of_a_constant_is_still_one_of_a_constant() -> None:
    y = pickle.loads(pickle.dumps(Value(3.0) * 2))
    assert type(y.operands[1]) is Constant
