"""What all modules share: parameters and their names, state, scopes in the graph, repr. Files: ``test_nn_files``."""

from __future__ import annotations

import contextlib
import copy
import gc
import pickle
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Graph, Place, Value, enter, no_grad, vectors


class Scale(nn.Module):
    """x times a learnt factor."""

    def __init__(self, factor: float = 2.0) -> None:
        self.factor = Value(factor)

    def forward(self, x: Value) -> Value:
        return self.factor * x


class Holder(nn.Module):
    """A module with the given attributes, which does nothing."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


class Caller(Holder):
    """A module whose forward is the given function of the module and x."""

    def __init__(self, function: Callable[[Any, Any], Any], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._function = function

    def forward(self, x: Any) -> Any:
        return self._function(self, x)


def names(module: nn.Module) -> list[str]:
    return [name for name, _ in module.named_parameters()]


def here() -> Place | None:
    """The current place, in which new nodes are made."""
    place = enter(None)
    enter(place)
    return place


# --- finding parameters ---------------------------------------------------------------------------------------


def test_mlp_has_the_documented_names_in_micrograds_order() -> None:
    assert names(nn.MLP(2, [3, 1])) == [
        *("layer1.neuron1.w1", "layer1.neuron1.w2", "layer1.neuron1.b"),
        *("layer1.neuron2.w1", "layer1.neuron2.w2", "layer1.neuron2.b"),
        *("layer1.neuron3.w1", "layer1.neuron3.w2", "layer1.neuron3.b"),
        *("layer2.neuron1.w1", "layer2.neuron1.w2", "layer2.neuron1.w3", "layer2.neuron1.b"),
    ]


def test_parameters_are_the_values_themselves() -> None:
    model = nn.MLP(2, [3, 1])
    by_hand = [p for layer in model.layers for n in layer.neurons if n.b is not None for p in [*n.w, n.b]]
    assert all(p is q for p, q in zip(model.parameters(), by_hand, strict=True))
    assert all(p is q for p, (_, q) in zip(model.parameters(), model.named_parameters(), strict=True))


def test_parameters_come_in_the_order_of_attributes_and_through_all_containers() -> None:
    a, b, c, d, e = map(Value, range(5))
    module = Holder(
        second=Holder(x=b), first=a, pair=(c, {"k": [d]}), number=3, nothing=None, text="s", layers=[Scale()]
    )
    module.last = e
    found = module.parameters()
    assert found[:4] == [b, a, c, d] and found[-1] is e and len(found) == 6
    assert names(module) == ["second.x", "first", "pair1", "pair2.k1", "layer1.factor", "last"]


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        ("layers", "layer2"),
        ("w", "w2"),
        ("s", "s2"),
        ("bias", "bias2"),
        ("biases", "bias2"),
        ("loss", "loss2"),
        ("axis", "axis2"),
        ("radius", "radius2"),
        ("w1", "w1_2"),
    ],
)
def test_a_list_names_its_items_in_the_singular_with_their_position(attribute: str, name: str) -> None:
    assert names(Holder(**{attribute: [Value(1.0), Value(2.0)]}))[1] == name


def test_nested_lists_keep_their_positions_apart() -> None:
    assert names(nn.Linear(2, 2, bias=False)) == ["weight1_1", "weight1_2", "weight2_1", "weight2_2"]
    many = Holder(w=[[Value(0.0)] * 1 for _ in range(11)], w1=Value(0.0))
    assert len(set(names(many))) == len(many.parameters()) == 12


def test_shared_parameters_and_modules_count_once_under_their_first_name() -> None:
    shared = Value(1.0)
    scale = Scale()
    module = Holder(a=shared, b=[shared, Value(2.0)], c=scale, d=scale)
    assert names(module) == ["a", "b2", "c.factor"]
    assert [name for name, _ in module.named_modules()] == ["", "c"]


def test_what_is_not_a_parameter_is_left_out() -> None:
    x = Value(1.0)
    assert Holder(_hidden=x, result=x * 2, number=1.0).parameters() == []
    assert nn.Module().parameters() == []


def test_modules_that_hold_each_other_are_walked_once() -> None:
    a, b = Scale(), Scale()
    a.other, b.other = b, a
    assert names(a) == ["factor", "other.factor"]


def test_a_deep_chain_of_modules_needs_no_recursion() -> None:
    module: nn.Module = Scale()
    for _ in range(5000):
        module = Holder(inner=module)
    assert len(module.parameters()) == 1


def test_named_modules_and_children() -> None:
    model = nn.MLP(2, [2, 1])
    assert [name for name, _ in model.named_modules()] == [
        *("", "layer1", "layer1.neuron1", "layer1.neuron2", "layer2", "layer2.neuron1")
    ]
    assert model.children() == model.layers
    assert dict(model.named_modules())["layer1.neuron2"] is model.layers[0].neurons[1]


def test_zero_grad_train_and_eval_reach_everything() -> None:
    model = nn.Sequential(nn.Linear(1, 2), nn.Dropout(0.5), nn.Linear(2, 1))
    for p in model.parameters():
        p.grad = 3.0
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 7
    assert model.training and all(m.training for _, m in model.named_modules())
    assert model.eval() is model
    assert not any(m.training for _, m in model.named_modules())
    assert model.train() is model
    assert all(m.training for _, m in model.named_modules())
    assert nn.Dropout().training  # eval of one model leaves the class alone


def test_a_microgradish_module_works_unchanged() -> None:
    class Old(nn.Module):
        def __init__(self) -> None:
            self._w = Value(2.0)

        def __call__(self, x: Any) -> Any:
            return self._w * x

        def parameters(self) -> list[Value]:  # type: ignore[override]
            return [self._w]

    old = Old()
    old(3.0).backward()
    assert old._w.grad == 3.0
    old.zero_grad()
    assert old._w.grad == 0.0


def test_forward_must_be_defined() -> None:
    with pytest.raises(
        NotImplementedError, match=r"^Holder does not define forward\(\); write what a call computes as d"
    ):
        Holder()(1.0)


# --- what calls leave -----------------------------------------------------------------------------------------


def agreed(module: nn.Module) -> list[str]:
    """The names of the parameters; checks that every other way to ask for the parameters gives the same ones."""
    named = dict(module.named_parameters())
    assert list(map(id, module.parameters())) == list(map(id, named.values()))
    numbers: list[float] = []
    stack: list[Any] = [module.state_dict()]
    while stack:
        x = stack.pop()
        if isinstance(x, float):
            numbers.append(x)
        else:
            stack.extend(x.values() if isinstance(x, dict) else x)
    assert sorted(numbers) == sorted(p.data for p in named.values())
    return list(named)


class Keeper(nn.Module):
    """A module with all sorts of attributes, whose forward is the given function."""

    def __init__(self, forward: Callable[[Any, Any], Any]) -> None:
        self._forward = forward
        self.w = [Value(2.0), Value(3.0)]
        self.history: list[Any] = []
        self.cache: dict[str, Any] = {"x": None}
        self.slots: list[Any] = [[None, None], ({},)]
        self.last: Any = None
        self.child: Any = Scale(5.0)

    def forward(self, x: Any) -> Any:
        return self._forward(self, x)


def assign(name: str, value: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, x: setattr(self, name, value(x))


def extend(self: Any, x: Value) -> None:
    self.history += [x]


def fill_the_childs(self: Any, x: Value) -> None:
    self.child.xs = [x]
    self.child.xs.append(x)


def keep_aliases(self: Any, x: Value) -> None:
    self.last, self.first = self.w, self.w[0]


def from_the_child(self: Any, x: Value) -> None:
    """The child's call stores x in its parent, which it holds by an attribute that is not searched for parameters."""
    self.child = Caller(lambda child, x: setattr(child._parent, "last", x), _parent=self)
    self.child(x)


def lose_the_way(self: Any, x: Value) -> None:
    self.last = x
    self.history.append(x)
    raise ZeroDivisionError


def without_recording(self: Any, x: Value) -> None:
    with no_grad():
        self.last = self.w[0] * x  # a leaf, since nothing is recorded
        self.history.append(self.w[0] * x)


def hidden_state(self: Any, x: Value) -> Value:
    if self.last is None:
        self.last = Value(0.0)
    self.last = (self.w[0] * self.last + x).tanh()
    self.history.append(self.last.detach())
    return self.last  # type: ignore[no-any-return]


WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "attribute": assign("last", lambda x: x),
    "new attribute": assign("brand_new", lambda x: x),
    "list": assign("last", lambda x: [x, [x]]),
    "tuple": assign("last", lambda x: (x,)),
    "dict": assign("last", lambda x: {"x": x}),
    "replaced list": assign("history", lambda x: [x]),
    "made in forward": assign("last", lambda x: Value(0.0, "h")),
    "child": lambda self, x: setattr(self.child, "last", x),
    "parent": from_the_child,
    "append": lambda self, x: self.history.append(x),
    "extend": extend,
    "slice": lambda self, x: self.history.__setitem__(slice(0, 0), [x]),
    "into a dict": lambda self, x: self.cache.update(y=x),
    "over a dict's None": lambda self, x: self.cache.update(x=x),
    "over a nested None": lambda self, x: self.slots[0].__setitem__(1, x),
    "into a nested dict": lambda self, x: self.slots[1][0].update(x=x),
    "a number, then x": lambda self, x: self.history.append(x if self.history else 1.0),
    "child's new list": fill_the_childs,
    "exception": lose_the_way,
    "no_grad": without_recording,
    "hidden state": hidden_state,
    "setattr": lambda self, x: setattr(self, "w_" + "x", x),
    "aliases of parameters": keep_aliases,
}


@pytest.mark.parametrize(
    "through", [lambda module: module, nn.Sequential, lambda module: nn.Sequential(lambda x: module(x))]
)
@pytest.mark.parametrize("way", WAYS)
def test_what_a_call_keeps_is_no_parameter(way: str, through: Callable[[nn.Module], nn.Module]) -> None:
    keeper = Keeper(WAYS[way])
    called = through(keeper)
    own = agreed(keeper)
    assert own == ["w1", "w2", "child.factor"]
    x = Value(7.0)
    for _ in range(3):
        try:
            called(x)
        except ZeroDivisionError:
            assert way == "exception"
        assert agreed(keeper)[:2] == own[:2] and len(keeper.parameters()) == (2 if way == "parent" else 3)
        assert (x.scope, x.label) == ("", "")  # an input gets no scope or label, as a parameter would
    for twin in (copy.deepcopy(keeper), copy.copy(keeper)):
        assert agreed(twin) == agreed(keeper)


def keep(self: Any, x: Value) -> Value:
    self.last = x
    self.history.append(x)
    return self.w[0] * x  # type: ignore[no-any-return]


@pytest.mark.parametrize("way", WAYS)
def test_a_class_with_a_call_of_its_own_keeps_as_well(way: str) -> None:
    """As in micrograd, whose classes define ``__call__`` and no forward."""

    class Own(Keeper):
        def __call__(self, x: Any) -> Any:
            """What it does."""
            return self._forward(self, x)

    class Extended(Own):
        calls = 0

        def __call__(self, x: Any) -> Any:
            self.calls += 1
            return super().__call__(x)

    assert Own.__call__.__doc__ == "What it does."
    for kind in (Own, Extended):
        for through in (lambda module: module, nn.Sequential):
            keeper = kind(WAYS[way])
            called = through(keeper)
            for _ in range(2):
                with contextlib.suppress(ZeroDivisionError):
                    called(Value(7.0))
            assert agreed(keeper)[:2] == ["w1", "w2"] and len(keeper.parameters()) == (2 if way == "parent" else 3)
            assert getattr(keeper, "calls", 2) == 2


def slide(self: Any, x: Value) -> None:
    self.window.append(x)
    self.window.pop(0)


AMONG: dict[str, Callable[[Any, Any], Any]] = {
    "append": lambda self, x: self.window.append(x),
    "slide": slide,
    "item": lambda self, x: self.window.__setitem__(0, x),
    "result": lambda self, x: self.window.__setitem__(0, self.window[0] * x),
    "augmented": lambda self, x: exec("self.window += [x]", {"self": self, "x": x}),
    "into a dict": lambda self, x: self.memory.update(h=x),
    "nested": lambda self, x: self.memory["more"].append(x),
    "from outside": lambda self, x: self.child.window.append(x),
}


@pytest.mark.parametrize("way", AMONG)
def test_a_call_that_puts_its_inputs_among_parameters_is_told_so(way: str) -> None:
    """A list of leaves that the model's owner has assigned holds parameters, so a state must not start as one."""

    def model() -> Any:
        made: Any = Caller(AMONG[way], child=Holder(window=[Value(0.0)]))
        made.window = [Value(0.0), Value(0.0)]
        made.memory = {"h": Value(0.0), "more": []}
        return made

    for called in (model(), nn.Sequential(model())):
        with pytest.raises(TypeError) as error:
            called(Value(3.0))
        assert re.match(
            r"^(Caller|Holder)\.(window|memory) holds parameters, but a call has put .* among them; ", str(error.value)
        )


def test_a_call_may_rearrange_parameters_and_make_modules_with_some() -> None:
    def forward(self: Any, x: Any) -> None:
        self.w.reverse()
        if not hasattr(self, "made"):
            self.made = Holder()
            self.made.w = []
            self.made.w.append(Value(1.0))

    model = Keeper(forward)
    for _ in range(3):
        model(1.0)
        assert [p.data for p in model.w] == [3.0, 2.0] or [p.data for p in model.w] == [2.0, 3.0]
        assert agreed(model) == ["w1", "w2", "child.factor", "made.w1"]


def test_neurons_that_keep_something_in_a_layer() -> None:
    class Keeping(nn.Neuron):
        def forward(self, x: Any) -> Any:
            self.last = x[0]
            return super().forward(x)

    layer = nn.Layer(1, 2, activation=Caller(lambda self, z: setattr(self, "z", z) or z))  # type: ignore[func-returns-value]
    keeping = layer.neurons[1] = Keeping(1)
    x = Value(1.0)
    for _ in range(3):
        layer([x])
        assert agreed(layer) == ["neuron1.w1", "neuron1.b", "neuron2.w1", "neuron2.b"]
        assert keeping.last is x


def test_names_with_an_underscore_are_the_users() -> None:
    """Users may take any name with an underscore, such as those that messages advise, without a clash."""
    names = ["_state", "_h", "_watch", "_trained", "_calls", "_making", "_root", "_names", "_parameters", "_cell"]

    def forward(self: Any, x: Value) -> Value:
        for name in names:
            setattr(self, name, getattr(self, name) + x)
        self.history.append(x)
        return self.w * x  # type: ignore[no-any-return]

    model: Any = Caller(forward, w=Value(1.0), history=[], **{name: Value(0.0) for name in names})
    for _ in range(3):
        model(Value(1.0))
    assert agreed(model) == agreed(copy.deepcopy(model)) == ["w"]
    assert [getattr(model, name).data for name in names] == [3.0] * len(names)


def test_a_list_with_modules_and_others_in_it() -> None:
    model: Any = Caller(lambda self, x: self.parts.update(last=x), parts={"net": Scale(), "last": None})
    for _ in range(3):
        model(Value(1.0))
        assert agreed(model) == ["parts.net.factor"]


def test_an_optimiser_leaves_the_data_alone() -> None:
    data = [Value(1.0), Value(2.0)]
    model = Keeper(keep)
    optimiser = nn.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        autograd.sum([model(x) for x in data]).backward()
        assert nn.SGD(model.parameters(), lr=0.1).params == optimiser.params
        optimiser.step()
        model.zero_grad()
    assert [x.data for x in data] == [1.0, 2.0] and model.w[0].data != 2.0
    assert [x.grad for x in data] != [0.0, 0.0]  # zero_grad is for parameters


def test_compiling_a_module_that_keeps_its_inputs() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    model = Keeper(keep)
    program = autograd.compile(model, model, like=(0.0,))
    assert len(program.parameters) == 3
    assert agreed(model) == ["w1", "w2", "child.factor"]


def test_what_the_owner_assigns_is_a_parameter_also_after_calls() -> None:
    model: Any = Keeper(keep)
    model(Value(1.0))
    model(Value(1.0))
    model.extra = Value(4.0)
    model.w.append(Value(5.0))
    model.slots[1][0]["k"] = Value(6.0)  # not a place that a call has written to
    assert agreed(model) == ["w1", "w2", "w3", "slot2_1.k", "child.factor", "extra"]
    model(Value(1.0))
    assert len(agreed(model)) == 6
    model.w[0] = Value(9.0)
    assert model.parameters()[0] is model.w[0]
    kept = model.last
    model.last = kept  # assigning the same object again changes nothing
    assert len(agreed(model)) == 6
    model.mine = kept
    model.history = [Value(7.0)]
    assert agreed(model)[3] == "history1" and model.parameters()[-1] is kept
    model.last = None
    model.last = Value(8.0)
    assert "last" in agreed(model)
    with pytest.raises(TypeError, match=r"^Keeper\.last is a parameter, and a leaf \(data 1\) cannot take its place"):
        model(Value(1.0))


def test_an_empty_list_can_be_filled_between_calls() -> None:
    model: Any = Caller(lambda self, x: x, late=[])
    called = nn.Sequential(model)
    called(1.0)
    model.late.append(Value(1.0))
    called(1.0)
    model.late.append(Value(2.0))
    assert agreed(called) == ["0.late1", "0.late2"]


def test_modules_are_parts_whenever_they_are_assigned() -> None:
    class Called(Keeper):
        def __call__(self, x: Any) -> Any:
            return self._forward(self, x)

    class Lazy(nn.Module):
        def __init__(self, kind: Callable[[Any], Any]) -> None:
            self._kind = kind

        def forward(self, x: Any) -> Any:
            if not hasattr(self, "first"):
                self.first = self._kind(keep)
                self.rest = [nn.Linear(1, 1), {"k": nn.Neuron(1)}]
            self.first(x)
            return self.rest[0]([x])  # type: ignore[operator]

    for kind in (Keeper, Called):
        model = Lazy(kind)
        for _ in range(3):
            model(Value(1.0))
            assert agreed(model) == [
                *("first.w1", "first.w2", "first.child.factor"),
                *("rest1.weight1_1", "rest1.bias1", "rest2.k.w1", "rest2.k.b"),
            ]
        assert len(model.first.history) == 3


def test_a_module_that_calls_its_layers_while_it_is_made() -> None:
    class Sized(nn.Module):
        def __init__(self) -> None:
            self.body = nn.Linear(3, 2)
            self.gains: list[Value] = []
            self.gains += [Value(1.0) for _ in range(len(self.ask([0.0] * 3)))]
            self.bias = Value(0.0)

        def ask(self, x: Any) -> Any:
            return self.body(x)

        def forward(self, x: Any) -> Any:
            return self.body(x)

    class AsksItself(Sized):
        def ask(self, x: Any) -> Any:
            return self(x)

    for kind in (Sized, AsksItself):
        model = nn.Sequential(kind())
        model([1.0] * 3)
        assert agreed(model)[-3:] == ["0.gain1", "0.gain2", "0.bias"]
    inside = Caller(lambda self, x: vars(self).update(made=Sized()))
    inside(1.0)
    assert len(agreed(inside)) == len(agreed(model))


def test_calls_in_other_threads_do_not_concern_the_owner() -> None:
    """A Value that this thread assigns during another thread's call is a parameter; what the call keeps is none."""
    kept, done = threading.Event(), threading.Event()

    def wait(self: Any, x: Any) -> None:
        self.history.append(x)
        kept.set()
        assert done.wait(60)

    model = Keeper(wait)
    thread = threading.Thread(target=model, args=(Value(1.0),))
    thread.start()
    try:
        assert kept.wait(60)
        model.extra = Value(2.0)
        assert agreed(model) == ["w1", "w2", "child.factor", "extra"]
        twin = copy.deepcopy(model.history), copy.deepcopy(nn.Sequential(model.child))
        assert len(twin[0]) == 1
        model.child(Value(3.0))
        nn.Sequential(model.child)(Value(3.0))
    finally:
        done.set()
        thread.join()
    assert agreed(model) == ["w1", "w2", "child.factor", "extra"]


def test_a_copy_made_in_the_midst_of_a_call() -> None:
    def copied(self: Any, x: Value) -> Any:
        keep(self, x)
        assert agreed(self) == ["w1", "w2", "child.factor"]
        return copy.deepcopy(self)

    twin = Keeper(copied)(Value(1.0))
    assert agreed(twin) == ["w1", "w2", "child.factor"] and len(twin.history) == 1


def test_a_pickle_knows_what_is_state() -> None:
    model = nn.Neuron(1, seed=0)
    nn.Sequential(Caller(lambda self, x: setattr(model, "last", x)))(Value(1.0))
    twin = pickle.loads(pickle.dumps(model))
    assert agreed(twin) == agreed(model) == ["w1", "b"] and twin.last.data == 1.0


def test_a_call_leaves_nothing_alive_but_what_the_module_keeps() -> None:
    weakly = []

    def forward(self: Any, x: Any) -> None:
        helper = Keeper(keep)
        weakly.append(weakref.ref(helper))
        helper(x)

    model = Caller(forward)
    for _ in range(3):
        model(Value(1.0))
    assert [helper() for helper in weakly] == [None] * 3
    last = weakref.ref(model)
    del model
    assert last() is None


def test_a_call_that_a_subclass_extends_runs_once() -> None:
    class Counting(nn.Neuron):
        calls = 0

        def __call__(self, *inputs: Any, **options: Any) -> Any:
            self.calls += 1
            return super().__call__(*inputs, **options)

    neuron = Counting(1)
    neuron([1.0])
    assert neuron.calls == 1


def test_the_work_of_a_call_does_not_grow_with_the_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor with what earlier calls have kept. Work is counted in calls of Python functions, one for a searched part."""
    # While any program of this process is ahead of its model, every call checks whether the model is that one.
    monkeypatch.setattr(vectors, "_ahead", set())
    gc.disable()  # finalisers of collected objects would be counted, too

    def functions(model: nn.Module) -> int:
        count = 0

        def look(*event: Any) -> None:
            nonlocal count
            count += event[1] == "call"

        for _ in range(4):  # the first calls search the whole module
            count = 0
            sys.setprofile(look)
            try:
                model(1.0)
            finally:
                sys.setprofile(None)
        return count

    def model(size: int) -> nn.Module:
        kept = Keeper(keep)
        kept.history = [1.0] * size
        kept.w = [Value(1.0) for _ in range(size)]
        kept.others = [Scale() for _ in range(size)]
        return kept

    try:
        assert functions(model(2)) == functions(model(200)) < 40
    finally:
        gc.enable()


# --- results are no parameters --------------------------------------------------------------------------------

PLACES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "result": (
        lambda m: setattr(m, "factor", m.factor - 0.1),
        "Own.factor is a parameter, and a result of sub (data 1.9)",
    ),
    "number": (lambda m: setattr(m, "factor", 0.5), "Own.factor is a parameter, and 0.5"),
    "bool": (lambda m: setattr(m, "factor", True), "Own.factor is a parameter, and True"),
    "text": (lambda m: setattr(m, "factor", "x"), "Own.factor is a parameter, and 'x'"),
    "results": (
        lambda m: setattr(m, "w", [w - 0.1 * w.grad for w in m.w]),
        "Own.w holds parameters, and a result of sub (data 1) ",
    ),
    "mixed": (lambda m: setattr(m, "w", [m.w[0], m.w[1] * 2]), "Own.w holds parameters, and a result of mul (data 4)"),
    "numbers": (lambda m: setattr(m, "w", [1.0, 2.0]), "Own.w holds parameters, and [1.0, 2.0]"),
    "augmented": (lambda m: exec("m.factor -= 0.1", {"m": m}), "Own.factor is a parameter, and a result of sub"),
    "nested": (
        lambda m: setattr(m, "d", {"k": [m.factor * 1]}),
        "Own.d holds parameters, and a result of mul (data 2)",
    ),
    "leaf in a call": (lambda m: Caller(lambda _, x: setattr(m, "factor", x))(Value(3.0)), "Own.factor is a parameter"),
    "list in a call": (lambda m: Caller(lambda _, x: setattr(m, "w", []))(3.0), "Own.w holds parameters, and []"),
}


class Own(Scale):
    """A module with parameters of all kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.w = [Value(1.0), Value(2.0)]
        self.d = {"k": [Value(3.0)]}


@pytest.mark.parametrize("place", PLACES)
def test_nothing_but_a_leaf_or_a_module_takes_a_parameters_place(place: str) -> None:
    change, sentence = PLACES[place]
    model = Own()
    model(1.0)
    before, parts = model.parameters(), dict(vars(model))
    with pytest.raises(TypeError) as error:
        change(model)
    assert str(error.value).startswith(sentence) and "cannot take " in str(error.value)
    assert re.search(
        r"because it would not be trained; .*set (its number, factor|their numbers, p)\.data = ", str(error.value)
    )
    assert list(map(id, model.parameters())) == list(map(id, before))
    assert {name: id(x) for name, x in vars(model).items() if name != "_watch_of_calls"} == {
        name: id(x) for name, x in parts.items() if name != "_watch_of_calls"
    }


def test_pytorch_draws_the_line_at_the_same_place() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs, ours = torch.nn.Module(), Own()
    theirs.factor = torch.nn.Parameter(torch.tensor(2.0))
    for module, result in ((theirs, theirs.factor * 2), (ours, ours.factor * 2)):
        for wrong in (result, 0.5, "x"):
            with pytest.raises(TypeError, match="cannot"):
                module.factor = wrong
        module.factor = None
    assert list(theirs.parameters()) == [] and agreed(ours) == ["w1", "w2", "d.k1"]


def test_what_may_take_a_parameters_place() -> None:
    model: Any = Own()
    model(1.0)
    model.factor = Value(7.0)
    model.w = []
    model.w += [Value(8.0)]
    model.d = {"k": [nn.Neuron(1)]}
    assert agreed(model) == ["factor", "w1", "d.k1.w1", "d.k1.b"]
    with no_grad():
        model.w = [w - 0.5 for w in model.w]  # leaves, since nothing is recorded
    assert model.w[0] in model.parameters() and model.w[0].data == 7.5
    Caller(lambda self, x: setattr(model, "factor", None))(1.0)
    assert "factor" not in agreed(model)


ITEMS: dict[str, Callable[[Any], Any]] = {
    "first": lambda m: m.w.__setitem__(0, m.w[0] * 2),
    "all": lambda m: m.w.__setitem__(slice(None), [w * 2 for w in m.w]),
    "appended": lambda m: m.w.append(m.w[0] * 2),
    "dict": lambda m: m.d.update(k=[m.factor * 2]),
    "nested": lambda m: m.d["k"].__setitem__(0, m.factor * 2),
}


@pytest.mark.parametrize(
    "ask",
    [
        lambda m: m.parameters(),
        lambda m: m.zero_grad(),
        lambda m: list(m.named_parameters()),
        lambda m: m.state_dict(),
        lambda m: m.load_state_dict({}),
        lambda m: nn.Sequential(m).parameters(),
    ],
)
@pytest.mark.parametrize("item", ITEMS)
def test_a_result_among_parameters_is_found_when_they_are_asked_for(item: str, ask: Callable[[Any], Any]) -> None:
    model = Own()
    Caller(lambda self, x: setattr(self, "y", x), kept=model)(1.0)
    model(1.0)
    ITEMS[item](model)
    with pytest.raises(
        TypeError, match=r"^(Own: |Sequential: 0\.)[wd] holds a result of mul .*a result is not trained"
    ):
        ask(model)


def test_results_in_attributes_of_their_own_are_nobodys_affair() -> None:
    model = Own()
    model.outputs = [model.factor * 2]
    model.output = model.factor * 2
    model(1.0)
    assert agreed(model) == ["factor", "w1", "w2", "d.k1"]


def test_a_list_that_holds_itself() -> None:
    loop: list[Any] = [Value(1.0)]
    loop.append([loop, Value(2.0)])
    module = Caller(lambda self, x: x, loop=loop)
    module(1.0)
    assert agreed(module) == ["loop1", "loop2_2"]


# --- state ----------------------------------------------------------------------------------------------------


def test_state_dict_has_an_entry_for_every_attribute_in_its_shape() -> None:
    model = nn.MLP(2, [1], init="zeros")
    assert model.state_dict() == {"layer1.neuron1.w": [0.0, 0.0], "layer1.neuron1.b": 0.0}
    assert nn.Linear(2, 3, init="zeros").state_dict() == {"weight": [[0.0] * 2] * 3, "bias": [0.0] * 3}
    held = Holder(a={"x": Value(1.0), "y": (Value(2.0), 5, None)}, n=[1, 2], m=[Scale(3.0)])
    assert held.state_dict() == {"a": {"x": 1.0, "y": [2.0]}, "m1.factor": 3.0}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=9, max_size=9))
def test_state_round_trip_is_exact_to_the_bit(numbers: list[float]) -> None:
    model, twin = nn.MLP(1, [2, 1], bias=True), nn.MLP(1, [2, 1], bias=True)
    numbers = numbers[: len(model.parameters())]
    for p, number in zip(model.parameters(), numbers):
        p.data = number
    state = model.state_dict()
    twin.load_state_dict(state)
    assert [p.data.hex() for p in twin.parameters()] == [p.data.hex() for p in model.parameters()]
    state["layer1.neuron1.w"][0] = 123.0  # a copy: the model does not notice
    assert model.parameters()[0].data == numbers[0]


GOOD: dict[str, Any] = {"layer1.neuron1.w": [1.0, 2.0], "layer1.neuron1.b": 3.0}


def damaged(**changes: Any) -> dict[str, Any]:
    """GOOD with w and b changed, and other names added; None removes a name."""
    state = dict(GOOD)
    for name, value in changes.items():
        key = f"layer1.neuron1.{name}" if name in ("w", "b") else name
        state[key] = value
        if value is None:
            del state[key]
    return state


DAMAGES = {
    "missing": (damaged(b=None), "layer1.neuron1.b is missing"),
    "unexpected": (damaged(foo=1.0), "foo is not expected"),
    "too short": (damaged(w=[1.0]), "layer1.neuron1.w must be a list of 2, not a list of 1"),
    "too long": (damaged(w=[1.0] * 3), "layer1.neuron1.w must be a list of 2, not a list of 3"),
    "number for list": (damaged(w=1.0), "layer1.neuron1.w must be a list of 2, not a finite number"),
    "list for number": (damaged(b=[1.0]), "layer1.neuron1.b must be a finite number, not a list of 1"),
    "dict for list": (damaged(w={"a": 1.0}), "layer1.neuron1.w must be a list of 2, not a dict of 'a'"),
    "too deep": (damaged(w=[1.0, [2.0]]), r"layer1.neuron1.w[1] must be a finite number, not a list of 1"),
    "text": (damaged(b="3.0"), "layer1.neuron1.b must be a finite number, not '3.0'"),
    "null": ({**GOOD, "layer1.neuron1.b": None}, "layer1.neuron1.b must be a finite number, not None"),
    "bool": (damaged(b=True), "layer1.neuron1.b must be a finite number, not True"),
    "nan": (damaged(w=[1.0, float("nan")]), r"layer1.neuron1.w[1] must be a finite number, not nan"),
    "inf": (damaged(b=float("inf")), "layer1.neuron1.b must be a finite number, not inf"),
    "too large": (damaged(b=10**400), "layer1.neuron1.b must be a finite number, not 1000"),
    "empty": ({}, "layer1.neuron1.w is missing; layer1.neuron1.b is missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(damage: str) -> None:
    state, sentence = DAMAGES[damage]
    model = nn.MLP(2, [1])
    for p in model.parameters():
        p.grad = 7.0
    before = model.state_dict()
    with pytest.raises(ValueError) as error:
        model.load_state_dict(state)
    assert str(error.value).startswith(f"the state does not fit this MLP: {sentence}")
    assert "\n" not in str(error.value)
    assert model.state_dict() == before
    assert {p.grad for p in model.parameters()} == {7.0}


def test_dicts_of_parameters_must_have_the_same_keys() -> None:
    held = Holder(a={"x": Value(1.0), "y": Value(2.0)})
    with pytest.raises(ValueError, match=r"a must be a dict of 'x', 'y', not a dict of 'x', 'z'$"):
        held.load_state_dict({"a": {"x": 3.0, "z": 4.0}})
    held.load_state_dict({"a": {"x": 3.0, "y": 4.0}})
    assert held.state_dict() == {"a": {"x": 3.0, "y": 4.0}}


def test_a_long_list_of_problems_is_cut_short() -> None:
    model = nn.MLP(2, [16, 16, 1])
    with pytest.raises(ValueError, match=r"and 61 more$") as error:
        model.load_state_dict({})  # 33 neurons with w and b each, of which 5 are shown
    assert len(str(error.value)) < 300


def test_a_state_must_be_a_dict() -> None:
    with pytest.raises(TypeError, match=r"^a state is a dict of names and numbers, not list$"):
        nn.Neuron(1).load_state_dict([1.0])  # type: ignore[arg-type]


def test_not_strict_leaves_names_aside_but_still_checks_the_numbers() -> None:
    model = nn.MLP(2, [1])
    bias = model.layers[0].neurons[0].b
    assert model.load_state_dict(damaged(w=None, foo=1.0), strict=False) == (["layer1.neuron1.w"], ["foo"])
    assert bias is not None and bias.data == 3.0
    with pytest.raises(ValueError, match="not nan"):
        model.load_state_dict({"layer1.neuron1.b": float("nan")}, strict=False)


def test_two_attributes_with_one_name_are_not_saved() -> None:
    module = Holder(layers=[Scale()], layer1=Scale())
    with pytest.raises(
        ValueError, match=r"^two attributes of this Holder would both be saved as 'layer1.factor'; rename"
    ):
        module.state_dict()


def test_two_keys_with_one_name_are_not_saved() -> None:
    with pytest.raises(ValueError, match=r"^two keys of a dict would both be saved as '1'; rename"):
        Holder(d={1: Value(1.0), "1": Value(2.0)}).state_dict()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_independent(duplicate: Callable[[nn.MLP], nn.MLP]) -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
    y = model([1.0, 2.0])
    twin = duplicate(model)
    assert twin([1.0, 2.0]).data == y.data
    assert not set(map(id, twin.parameters())) & set(map(id, model.parameters()))
    twin.parameters()[0].data = 100.0
    assert model([1.0, 2.0]).data == y.data != twin([1.0, 2.0]).data


# --- scopes ---------------------------------------------------------------------------------------------------


def test_nodes_are_filed_under_the_neuron_that_made_them() -> None:
    model = nn.MLP(2, [3, 1], activation="tanh")
    y = model([1.0, 2.0])
    graph = Graph(y)
    results = {node.scope: 0 for node in graph if node.op is not None}
    for node in graph:
        if node.op is not None:
            results[node.scope] += 1
    assert results == {  # a dot product each, and a tanh in the first layer
        **{f"mlp.layer1.neuron{i}": 2 for i in (1, 2, 3)},
        "mlp.layer2.neuron1": 1,
    }
    inputs = [leaf for leaf in graph.leaves if not leaf.label]
    assert sorted(leaf.data for leaf in inputs) == [1.0, 2.0]
    assert {leaf.scope for leaf in inputs} == {"mlp"}


def test_parameters_are_filed_and_labelled_unless_the_user_did_it() -> None:
    model = nn.MLP(2, [2, 1])
    mine = model.layers[0].neurons[1].w[0]
    mine.label = "mine"
    model([1.0, 2.0])
    for path, p in model.named_parameters():
        scope, _, name = f"mlp.{path}".rpartition(".")
        assert (p.scope, p.label) == (scope, "mine" if p is mine else name)


def test_linear_files_its_weights_under_itself() -> None:
    model = nn.Sequential(nn.Linear(1, 1), nn.Tanh())
    [y] = model([2.0])
    assert y.scope == "sequential.layer2"
    assert y.operands[0].scope == "sequential.layer1"
    assert [(p.scope, p.label) for p in model.parameters()] == [
        ("sequential.layer1", "weight1_1"),
        ("sequential.layer1", "bias1"),
    ]


def test_a_module_called_by_itself_is_a_root_until_a_larger_one_is_called() -> None:
    model = nn.MLP(1, [1, 1])
    assert model.layers[0]([1.0]).scope == "layer.neuron1"
    assert model([1.0]).scope == "mlp.layer2.neuron1"
    assert model.layers[0]([1.0]).scope == "mlp.layer1.neuron1"
    model.layers[0].neurons[0] = nn.Neuron(1)
    assert model.layers[0]([1.0]).scope == "mlp.layer1.neuron1"


def test_modules_that_turn_up_later_get_their_path() -> None:
    model = nn.MLP(1, [1])
    model([1.0])
    model.layers[0].neurons.append(nn.Neuron(1))
    model.layers.append(nn.Layer(2, 1))
    model([1.0])
    assert [p.scope for p in model.parameters()] == ["mlp.layer1.neuron1"] * 2 + ["mlp.layer1.neuron2"] * 2 + [
        "mlp.layer2.neuron1"
    ] * 3


def test_a_module_that_no_attribute_leads_to_is_filed_under_its_caller() -> None:
    hidden = nn.Layer(1, 1)
    inner = Caller(lambda self, x: hidden(x))
    root = Caller(lambda self, x: self.inner(x), inner=inner)
    assert root([1.0]).scope == "caller.inner.layer.neuron1"
    assert hidden.neurons[0].w[0].scope == "caller.inner.layer.neuron1"


def test_a_module_shared_by_two_roots_is_filed_under_one_that_holds_it() -> None:
    shared = Scale()
    a = Caller(lambda self, x: self.part(x), part=shared)
    b = nn.Sequential(shared)
    assert a(1.0).scope == "caller.part"
    assert b(1.0).scope == "sequential.layer1"
    assert a(1.0).scope in ("caller.part", "sequential.layer1")


def test_the_place_is_restored_after_calls_and_after_exceptions() -> None:
    def fail(self: Any, x: Any) -> Any:
        raise ZeroDivisionError

    mine = Place("mine")
    before = enter(mine)
    try:
        nn.MLP(1, [2, 1])([1.0])
        assert here() is mine
        nn.Layer(1, 2).forward([1.0])  # `forward` without the module's call
        assert here() is mine
        with pytest.raises(ZeroDivisionError):
            nn.Sequential(nn.Layer(1, 1), Caller(fail))([1.0])
        assert here() is mine
        with pytest.raises(ValueError):
            nn.MLP(2, [2, 1])([1.0])
        assert here() is mine
    finally:
        enter(before)
    # The failed call left no scope behind: the next call begins its own.
    assert nn.MLP(1, [1])([1.0]).scope == "mlp.layer1.neuron1"


def test_outside_of_modules_there_is_no_scope() -> None:
    y = nn.Neuron(1)([1.0]) * 2
    assert y.scope == "" and y.operands[0].scope == "neuron"


def test_scopes_do_not_need_recording() -> None:
    with no_grad():
        y = nn.MLP(1, [1])([1.0])
    assert y.operands == () and y.scope == "mlp.layer1.neuron1"


# --- text -----------------------------------------------------------------------------------------------------


def test_repr_is_a_tree_with_numbers_of_parameters() -> None:
    module = Holder(scale=Scale(), net=nn.Sequential(nn.Linear(2, 1, bias=False), nn.ReLU()), text="x")
    assert repr(module) == (
        "Holder(\n"
        "  (scale): Scale()  # 1 parameter\n"
        "  (net): Sequential(\n"
        "    (0): Linear(2, 1, bias=False)  # 2 parameters\n"
        "    (1): ReLU()\n"
        "  )  # 2 parameters\n"
        ")  # 3 parameters"
    )


def test_importing_nn_loads_nothing_heavy() -> None:
    code = "import sys; old = set(sys.modules); import nn; print(*(set(sys.modules) - old))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "nn" in loaded
    heavy = {"numpy", "typing", "dataclasses", "inspect", "json", "random", "tempfile", "pathlib", "autograd.compile"}
    assert not heavy & set(loaded)
