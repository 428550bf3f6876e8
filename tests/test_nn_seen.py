"""The parameters that a module remembers are those that a new search finds, whatever was changed in between."""

from __future__ import annotations

import contextlib
import copy
import gc
import pickle
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nn
from autograd import Value
from nn.module import _record_walk, _refuse_results


class Part(nn.Module):
    """A module that holds what it is given, and keeps its inputs."""

    def __init__(self, **attributes: Any) -> None:
        for name, x in attributes.items():
            setattr(self, name, x)

    def forward(self, x: Any) -> Any:
        self.kept = x
        self.trace = [*getattr(self, "trace", []), x]
        self._hidden = x
        return x


class Listed(list):  # type: ignore[type-arg]
    """A user's subclass of list."""


def anew(module: nn.Module) -> list[int] | str:
    """The result of a search that uses no memory: the ids of the parameters, or the error."""
    seen, results = _record_walk(module)
    try:
        if results:
            _refuse_results(module)
    except TypeError as error:
        return str(error)
    assert seen.found == [p for _, p in module._walk() if isinstance(p, Value)]
    return list(map(id, seen.found))


def asked(module: nn.Module) -> list[int] | str:
    try:
        return list(map(id, module.parameters()))
    except TypeError as error:
        return str(error)


NAMES = ["a", "b", "c", "_d"]
Action = Callable[[Any, "World"], None]


class World:
    """Modules, containers and Values that refer to each other at random, for random actions on them."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.modules: list[Any] = [Part(a=[Value(1.0)], b=Part(a=Value(2.0))), Part()]
        self.modules.append(self.modules[0].b)
        self.containers: list[Any] = [self.modules[0].a, [], {}, Listed(), ([], {})]
        self.values = [Value(float(i)) for i in range(3)]

    def any_of(self, xs: list[Any]) -> Any:
        return self.data.draw(st.sampled_from(xs))

    def thing(self) -> Any:
        kind = self.data.draw(st.sampled_from(["value", "module", "container", "plain", "new", "result", "nest"]))
        if kind == "new":
            made: Any = self.any_of([list, dict, Listed, Part, lambda: Value(0.0)])()
            where = self.modules if isinstance(made, Part) else self.containers
            (self.values if isinstance(made, Value) else where).append(made)
            return made
        if kind == "nest":
            return (self.any_of(self.values), [self.any_of(self.values), {"k": self.any_of(self.modules)}])
        if kind == "result":
            return self.any_of(self.values) * 2.0 if self.data.draw(st.integers(0, 4)) == 0 else None
        found = {
            "value": self.values,
            "module": self.modules,
            "container": self.containers,
            "plain": [1, 1.0, "s", None],
        }
        return self.any_of(found[kind])


def assign(module: Any, world: World) -> None:
    setattr(module, world.any_of(NAMES), world.thing())


def assign_unseen(module: Any, world: World) -> None:
    vars(module)[world.any_of(NAMES)] = world.thing()


def delete(module: Any, world: World) -> None:
    vars(module).pop(world.any_of(NAMES), None)


def rename(module: Any, world: World) -> None:
    old, new = world.any_of(NAMES), world.any_of(NAMES)
    if old in vars(module):
        vars(module)[new] = vars(module).pop(old)


def move(module: Any, world: World) -> None:
    """Move the last attribute of one module to the beginning of another."""
    other = world.any_of(world.modules)
    mine = {name: vars(module)[name] for name in NAMES if name in vars(module)}
    if mine and other is not module:
        name, x = mine.popitem()
        del vars(module)[name]
        rest = dict(vars(other))
        vars(other).clear()
        vars(other).update({name: x, **rest})


def replace_all(module: Any, world: World) -> None:
    module.__dict__ = dict(vars(module))


def register(module: Any, world: World) -> None:
    name = world.any_of(NAMES)
    if name not in vars(module):
        module.register_buffer(name, [1.0])


def call(module: Any, world: World) -> None:
    module(world.any_of([*world.values, world.values[0] * 2.0, 1.0]))


def fill(module: Any, world: World) -> None:
    container, x = world.any_of(world.containers), world.thing()
    if isinstance(container, dict):
        container[world.any_of(NAMES)] = x
    elif isinstance(container, list):
        container.insert(world.any_of([0, len(container)]), x)


def shift(module: Any, world: World) -> None:
    """Move the first item of one list to the end of another: if the lists are adjacent, the order stays the same."""
    lists = [x for x in world.containers if isinstance(x, list)]
    one, other = world.any_of(lists), world.any_of(lists)
    if one and one is not other:
        other.append(one.pop(0))


def empty(module: Any, world: World) -> None:
    container = world.any_of(world.containers)
    if isinstance(container, dict):
        container.pop(world.any_of(NAMES), None)
    elif isinstance(container, list) and container:
        container.pop(world.any_of([0, -1]))


def swap(module: Any, world: World) -> None:
    lists = [x for x in world.containers if isinstance(x, list) and x]
    if lists:
        world.any_of(lists)[0] = world.thing()


def turn(module: Any, world: World) -> None:
    lists = [x for x in world.containers if isinstance(x, list)]
    world.any_of(lists).reverse()


def set_number(module: Any, world: World) -> None:
    world.any_of(world.values).data = 7.0


ACTIONS: list[Action] = [
    assign, assign_unseen, delete, rename, move, replace_all, register, call,
    fill, shift, empty, swap, turn, set_number,
]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_what_is_remembered_is_what_a_new_walk_finds(data: st.DataObject) -> None:
    world = World(data)
    for _ in range(data.draw(st.integers(1, 12))):
        module = world.any_of(world.modules)
        with contextlib.suppress(TypeError, ValueError):  # the module may refuse the action
            data.draw(st.sampled_from(ACTIONS))(module, world)
        for one in world.modules:
            assert asked(one) == anew(one)
            assert asked(one) == anew(one)  # this time from memory


def remembers(module: nn.Module) -> bool:
    """Whether the next search will be skipped."""
    seen = vars(module).get("_seen_by_walk")
    return seen is not None and bool(seen.same(module))


EDITS: dict[str, Callable[[Any], Any]] = {
    "append": lambda m: m.a.append(Value(5.0)),
    "nested append": lambda m: m.b["k"][0].append(Value(5.0)),
    "in a tuple's list": lambda m: m.c[0].append(Value(5.0)),
    "pop": lambda m: m.a.pop(),
    "item": lambda m: m.a.__setitem__(0, Value(5.0)),
    "key": lambda m: m.b.update(new=Value(5.0)),
    "order": lambda m: m.a.reverse(),
    "attribute of a part": lambda m: setattr(m.part, "a", Value(5.0)),
    "number to Value": lambda m: setattr(m, "number", Value(5.0)),
    "hidden": lambda m: vars(m).update(_a=vars(m).pop("a")),
    "del": lambda m: delattr(m, "a"),
    "between lists": lambda m: m.a.append(m.e.pop(0)),
    "new __dict__": lambda m: setattr(m.part, "__dict__", {"a": Value(5.0)}),
    "own list": lambda m: m.own.append(Value(5.0)),
}
QUIET: dict[str, Callable[[Any], Any]] = {
    "numbers": lambda m: [p.__setattr__("data", 3.0) for p in m.parameters()],
    "hidden state": lambda m: setattr(m, "_hidden", [Value(5.0)]),
    "count": lambda m: setattr(m, "number", m.number + 1),
    "mode": lambda m: m.eval(),
    "buffer": lambda m: setattr(m, "mean", [m.mean[0] + 1.0]),
    "buffer's item": lambda m: m.mean.append(2.0),
    "call": lambda m: m(Value(2.0)),
    "call of a part": lambda m: m.part(Value(2.0)),
}


def whole() -> Any:
    made: Any = Part(
        a=[Value(1.0), Value(2.0)], e=[Value(3.0)], b={"k": [[]]}, c=([],), part=Part(a=Value(4.0)), number=1,
        own=Listed(),
    )  # fmt: skip
    made.register_buffer("mean", [0.0])
    for _ in range(3):
        made(Value(1.0))
        made.part(Value(1.0))
    made.eval()
    made.parameters()
    assert remembers(made)
    return made


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_noticed(edit: str) -> None:
    model = whole()
    before = asked(model)
    EDITS[edit](model)
    assert not remembers(model)
    assert asked(model) == anew(model) and remembers(model)
    assert (asked(model) == before) == (edit == "between lists")  # adjacent ones, so the order stays the same


@pytest.mark.parametrize("edit", [edit for edit in QUIET if edit not in ("call", "call of a part")])
def test_what_is_of_no_concern_costs_no_walk(edit: str) -> None:
    model = whole()
    QUIET[edit](model)
    assert remembers(model) and asked(model) == anew(model)


@pytest.mark.parametrize("call", ["call", "call of a part"])
def test_a_state_that_is_a_value_costs_no_walk(call: str) -> None:
    model = whole()
    for part in (model, model.part):
        del part.trace
        type(part).forward, forward = lambda self, x: setattr(self, "kept", x), type(part).forward
        try:
            model.parameters()
            QUIET[call](model)
        finally:
            type(part).forward = forward
    assert remembers(model) and asked(model) == anew(model)


def test_a_state_that_becomes_a_module_is_noticed() -> None:
    class Late(nn.Module):
        def forward(self, x: Any) -> Any:
            self.kept = nn.Linear(1, 1) if x > 1 else Value(x)
            return x

    model = Late()
    model(0.0)
    assert model.parameters() == [] and remembers(model)
    model(2.0)
    assert len(model.parameters()) == 2


def test_the_list_that_is_returned_is_the_callers() -> None:
    model = nn.Linear(2, 2)
    model.parameters().clear()
    assert len(model.parameters()) == 6


def test_the_work_does_not_grow_with_the_parameters() -> None:
    """Counted in calls of Python functions."""

    def functions(size: int) -> int:
        model = nn.MLP(2, [size, size, 1], seed=1)
        model.parameters()
        count = 0

        def look(*event: Any) -> None:
            nonlocal count
            count += event[1] == "call"

        gc.disable()  # finalisers of collected objects would be counted, too
        sys.setprofile(look)
        try:
            model.parameters()
        finally:
            sys.setprofile(None)
            gc.enable()
        return count

    assert functions(2) == functions(20) < 20


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_remembers_nothing_of_the_first(duplicate: Callable[[Any], Any]) -> None:
    model = nn.Sequential(nn.Linear(1, 1))
    model.parameters()
    twin = duplicate(model)
    assert asked(twin) == anew(twin)
    twin.extra = Value(1.0)
    assert len(twin.parameters()) == 3 and len(model.parameters()) == 2
    again = copy.copy(twin)
    del twin
    again.more = Value(2.0)
    assert len(again.parameters()) == 4


def test_it_keeps_nothing_alive() -> None:
    """The memory keeps nothing alive: not the model, by a cycle, nor a result that it holds, nor an earlier state."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        model: Any = Part(a=nn.Linear(1, 1))
        model(Value(1.0) * 2.0)
        del model.trace
        model.parameters()
        state = weakref.ref(model.kept)
        model.kept = model._hidden = None
        assert state() is None
        model.output = Value(1.0) * 2.0
        model.parameters()
        output = weakref.ref(model.output)
        model.output = None
        assert output() is None
        model.parameters()
        gone = [weakref.ref(model), weakref.ref(model.a), weakref.ref(model.a.weight[0][0])]
        del model
        assert [x() for x in gone] == [None] * 3
    finally:
        if collecting:
            gc.enable()


def test_several_threads_ask_while_one_edits() -> None:
    model: Any = nn.Sequential(*[nn.Linear(2, 2) for _ in range(20)])
    stop, errors = threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            found = model.parameters()
            if len({*map(id, found)}) != len(found) or not 120 <= len(found) <= 220:
                errors.append(len(found))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(100):
        model.extra = [*getattr(model, "extra", []), Value(1.0)]
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == [] and len(model.parameters()) == 220
