"""What modules share: parameters and their names, state, scopes in the graph, text. Files are in ``test_nn_files``."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Graph, Place, Value, enter, no_grad


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
    """The place of nodes made now."""
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
    module.last = e  # type: ignore[attr-defined]
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
    a.other, b.other = b, a  # type: ignore[attr-defined]
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

        def parameters(self) -> list[Value]:
            return [self._w]

    old = Old()
    old(3.0).backward()
    assert old._w.grad == 3.0
    old.zero_grad()
    assert old._w.grad == 0.0


def test_forward_must_be_defined() -> None:
    with pytest.raises(NotImplementedError, match=r"^Holder does not define forward\(\)$"):
        Holder()(1.0)


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
    """GOOD with w and b changed, and other names added; None removes."""
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
        nn.Layer(1, 2).forward([1.0])  # not by way of a call
        assert here() is mine
        with pytest.raises(ZeroDivisionError):
            nn.Sequential(nn.Layer(1, 1), Caller(fail))([1.0])
        assert here() is mine
        with pytest.raises(ValueError):
            nn.MLP(2, [2, 1])([1.0])
        assert here() is mine
    finally:
        enter(before)
    # The failed call left no root behind: the next one is its own.
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
        "    (layer1): Linear(2, 1, bias=False)  # 2 parameters\n"
        "    (layer2): ReLU()\n"
        "  )  # 2 parameters\n"
        ")  # 3 parameters"
    )


def test_importing_nn_loads_nothing_heavy() -> None:
    code = "import sys; old = set(sys.modules); import nn; print(*(set(sys.modules) - old))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "nn" in loaded
    heavy = {"numpy", "typing", "dataclasses", "inspect", "json", "random", "tempfile", "pathlib", "autograd.compile"}
    assert not heavy & set(loaded)
