"""Containers, and the tree of modules: names compared with PyTorch's, indices, and look-ups by path."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value


def twins(build: Callable[[Any], Any]) -> tuple[Any, Any]:
    """What `build` makes with ``torch.nn`` and with ``nn``."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    return build(torch.nn), build(nn)


def same_names(theirs: Any, ours: Any) -> None:
    assert list(ours.state_dict()) == list(theirs.state_dict())
    modules = [name for name, _ in theirs.named_modules()]
    assert [name for name, _ in ours.named_modules()] == modules
    assert [name for name, _ in ours.named_children()] == [name for name, _ in theirs.named_children()]
    for name in modules:
        assert type(ours.get_submodule(name)).__name__ == type(theirs.get_submodule(name)).__name__


def tree(lib: Any) -> Any:
    class Net(lib.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.body = lib.Sequential(lib.Linear(2, 3), lib.Tanh(), lib.Sequential(lib.Linear(3, 3, bias=False)))
            self.blocks = lib.ModuleList([lib.Linear(3, 3), lib.Sequential()])
            self.heads = lib.ModuleDict({"left": lib.Linear(3, 1), "right": lib.ModuleList([lib.Linear(3, 2)])})
            self.named = lib.Sequential(OrderedDict([("one", lib.Linear(1, 1)), ("two", lib.ReLU())]))
            self.again = self.body[1]
            self.add_module("last", lib.Linear(1, 2))
            self.register_parameter("nothing", None)

    return Net()


def test_names_and_states_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs, ours = twins(tree)
    same_names(theirs, ours)
    assert [type(m).__name__ for m in ours.modules()] == [type(m).__name__ for m in theirs.modules()]
    assert ours.load_state_dict(theirs.state_dict()) == ([], [])
    assert ours.state_dict() == {key: x.tolist() for key, x in theirs.state_dict().items()}
    theirs.load_state_dict({key: torch.tensor(x) for key, x in tree(nn).state_dict().items()})
    order: tuple[list[str], list[str]] = [], []
    for net, names in zip((theirs, ours), order):
        del net.again  # PyTorch would apply the function to it twice
        assert net.apply(lambda module, names=names: names.append(type(module).__name__)) is net
    assert order[0] == order[1]
    assert ours.get_parameter("heads.right.0.weight")[1][2] is ours.heads["right"][0].weight[1][2]
    assert len(ours.parameters(recurse=False)) == len(list(theirs.parameters(recurse=False))) == 0


LISTS: dict[str, Callable[[Any, Any], Any]] = {
    "first": lambda lib, m: [m[0]],
    "last": lambda lib, m: [m[-1]],
    "slice": lambda lib, m: m[1:],
    "step": lambda lib, m: m[::2],
    "none": lambda lib, m: m[5:],
    "append": lambda lib, m: m.append(lib.Tanh()),
    "extend": lambda lib, m: m.extend([lib.Tanh(), lib.Linear(1, 1)]),
    "insert": lambda lib, m: m.insert(1, lib.Linear(9, 9)) or m,
    "item": lambda lib, m: m.__setitem__(-2, lib.Linear(1, 1)) or m,
    "del": lambda lib, m: m.__delitem__(0) or m,
    "del slice": lambda lib, m: m.__delitem__(slice(0, 2)) or m,
    "pop": lambda lib, m: [m.pop(0), *m],
    "add": lambda lib, m: m + type(m)(*([[lib.ReLU()]] if isinstance(m, lib.ModuleList) else [lib.ReLU()])),
    "iadd": lambda lib, m: m.__iadd__(type(m)(*([[lib.ReLU()]] if isinstance(m, lib.ModuleList) else [lib.ReLU()]))),
    "iter": lambda lib, m: list(m),
    "in": lambda lib, m: [m[1] in m],
    "len": lambda lib, m: [len(m), bool(m)],
}


# Changes that move parts: PyTorch numbers all parts again; here named parts keep their names.
MOVED = ("insert", "del", "del slice", "pop", "add")
CASES = [(kind, way) for kind in ("Sequential", "ModuleList") for way in LISTS]
CASES += [("named", way) for way in LISTS if way not in MOVED]


@pytest.mark.parametrize("kind, way", CASES)
def test_lists_of_modules_do_what_pytorchs_do(kind: str, way: str) -> None:
    def build(lib: Any) -> Any:
        parts = [lib.Linear(1, 2), lib.Linear(2, 3), lib.Tanh(), lib.Linear(3, 4)]
        if kind == "named":
            return lib.Sequential(OrderedDict(zip("abcd", parts)))
        return lib.Sequential(*parts) if kind == "Sequential" else lib.ModuleList(parts)

    def told(lib: Any, x: Any) -> Any:
        if isinstance(x, lib.Module) and not isinstance(x, (lib.Sequential, lib.ModuleList)):
            return type(x).__name__, [getattr(x, name, None) for name in ("in_features", "out_features")]
        if isinstance(x, list):
            return [told(lib, item) for item in x]
        if isinstance(x, lib.Module):
            return [
                type(x).__name__,
                [(name, told(lib, item)) for name, item in x.named_children()],
                list(x.state_dict()),
            ]
        return x

    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs, ours = twins(build)
    assert told(nn, LISTS[way](nn, ours)) == told(torch.nn, LISTS[way](torch.nn, theirs))
    assert told(nn, ours) == told(torch.nn, theirs)


def test_dicts_of_modules() -> None:
    def edit(lib: Any) -> Any:
        heads = lib.ModuleDict({"a": lib.Linear(1, 1)})
        heads["b"] = lib.Tanh()
        heads.update({"c": lib.Linear(2, 1), "a": lib.Linear(3, 1)})
        heads.update([("d", lib.Linear(1, 1))])
        del heads["b"]
        assert "a" in heads and "b" not in heads and len(heads) == 3
        assert list(heads) == list(heads.keys()) == ["a", "c", "d"]
        assert [x for _, x in heads.items()] == list(heads.values())
        popped = heads.pop("c")
        return lib.ModuleList([popped, heads])

    theirs, ours = twins(edit)
    same_names(theirs, ours)
    ours[1].clear()
    assert len(ours[1]) == 0 and list(ours.state_dict()) == ["0.weight", "0.bias"]


def test_lists_and_dicts_of_parameters() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def build(lib: Any, one: Any, vector: Any) -> Any:
        net = lib.Module()
        net.list = lib.ParameterList([one(), vector()])
        net.list.append(one())
        net.dict = lib.ParameterDict({"scale": one()})
        net.dict["shift"] = vector()
        return net

    ours = build(nn, lambda: Value(1.0), lambda: [2.0, 3.0])
    theirs = build(torch.nn, lambda: torch.tensor(1.0), lambda: torch.tensor([2.0, 3.0]))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in ours.named_parameters()][:3] == ["list.0", "list.1_1", "list.1_2"]
    assert ours.load_state_dict({key: 2 * x for key, x in theirs.state_dict().items()}) == ([], [])
    assert ours.state_dict() == {"list.0": 2.0, "list.1": [4.0, 6.0], "list.2": 2.0, "dict.scale": 2.0,
                                 "dict.shift": [4.0, 6.0]}  # fmt: skip
    assert isinstance(ours.list[1][0], nn.Parameter) and len(ours.parameters()) == 7
    ours.list.pop()
    ours.dict.clear()
    assert len(ours.parameters()) == 3


def test_names_in_the_graph_count_from_1_as_in_all_lists() -> None:
    model = nn.Sequential(nn.Linear(1, 1), nn.ModuleList([nn.Linear(1, 1)]), nn.ModuleDict({"a": nn.Linear(1, 1)}))
    model.layers[1].forward = lambda x: model[1][0](x)
    model.layers[2].forward = lambda x: model[2]["a"](x)
    [y] = model([1.0])
    scopes = [f"sequential.{path}" for path in ("layer1", "layer2.layer1", "layer3.a")]
    assert [p.scope for p in model.parameters()] == [scope for scope in scopes for _ in range(2)]
    assert y.scope == scopes[-1]


def test_a_program_of_a_list_of_modules() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")

    class Net(nn.Module):
        def __init__(self) -> None:
            self.blocks = nn.ModuleList([nn.Linear(2, 2, init=nn.init.constant(c)) for c in (1.0, 2.0)])

        def forward(self, x: Any) -> Any:
            for block in self.blocks:
                x = block(x)
            return x

    program = autograd.compile(Net(), like=([0.0, 0.0],))
    assert program.outputs([[1.0, 2.0]]).tolist() == [[12.0, 12.0]]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies(duplicate: Callable[[Any], Any]) -> None:
    model: Any = nn.Sequential({"body": nn.Sequential(nn.Tanh()), "heads": nn.ModuleDict({"a": nn.Linear(1, 1)})})
    model.weights = nn.ParameterList([1.0])
    twin = duplicate(model)
    assert twin.state_dict() == model.state_dict()
    twin[0].append(nn.Linear(1, 1))
    twin.weights.append(3.0)
    assert len(twin.parameters()) == len(model.parameters()) + 3


def test_what_version_0_1_0_saved_can_be_loaded(tmp_path: Path) -> None:
    """That version named the parts of every Sequential layer1, layer2, ..."""
    old = {
        "net.layer1.weight": [[1.0, 2.0]],
        "net.layer1.bias": [3.0],
        "net.layer2.layer1.w": [4.0],
        "net.layer2.layer1.b": 5.0,
        "layer1.weight": [[6.0]],
    }
    model: Any = nn.Module()
    model.net = nn.Sequential(nn.Linear(2, 1), nn.Sequential(nn.Neuron(1)))
    model.layers = [nn.Linear(1, 1, bias=False)]
    assert model.load_state_dict(old) == ([], [])
    assert list(model.state_dict()) == ["net.0.weight", "net.0.bias", "net.1.0.w", "net.1.0.b", "layer1.weight"]
    assert [p.data for p in model.parameters()] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    file = {"format": "glassgrad-parameters", "version": 1, "metadata": {"epochs": 3}, "parameters": old}
    (tmp_path / "old.json").write_text(json.dumps(file))
    twin = copy.deepcopy(model)
    assert twin.load(tmp_path / "old.json") == {"epochs": 3} and twin.state_dict() == model.state_dict()
    with pytest.raises(ValueError, match=r"^the state does not fit this Module: layer9.weight is not expected$"):
        model.load_state_dict({**old, "layer9.weight": [[1.0]]})
    both = {**old, "net.0.bias": [9.0]}
    with pytest.raises(ValueError, match=r"^the state does not fit this Module: net.layer1.bias is not expected$"):
        model.load_state_dict(both)
    del old["net.layer1.bias"]
    assert model.load_state_dict(old, strict=False) == (["net.0.bias"], [])


WRONG: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "function": (lambda: nn.ModuleList([len]), TypeError, "ModuleList takes modules, not builtin_function_or_method"),  # type: ignore[list-item]
    "class": (lambda: nn.ModuleDict({"a": nn.Tanh}), TypeError,
              "ModuleDict takes modules, but Tanh is a class; write Tanh(...)"),
    "appended": (lambda: nn.Sequential().append(1.0), TypeError,
                 "Sequential takes modules or functions, one by one, not float"),
    "index": (lambda: nn.Sequential(nn.Tanh())[1], IndexError, "Sequential has 1 items, but none at 1"),
    "index -2": (lambda: nn.ModuleList([nn.Tanh()])[-2], IndexError, "ModuleList has 1 items, but none at -2"),
    "text index": (lambda: nn.Sequential(nn.Tanh())["0"], TypeError,
                   "an index of Sequential must be a whole number or a slice, not '0'"),
    "bool": (lambda: nn.ModuleList([nn.Tanh()])[False], TypeError,
             "an index of ModuleList must be a whole number or a slice, not False"),
    "key": (lambda: nn.ModuleDict({"a": nn.Tanh()})["b"], KeyError, "ModuleDict has no 'b', only a"),
    "dot": (lambda: nn.Sequential({"a.b": nn.Tanh()}), ValueError,
            "a name in Sequential must be a str without a dot, not 'a.b'"),
    "number": (lambda: nn.ModuleDict({1: nn.Tanh()}), ValueError,  # type: ignore[arg-type]
               "a name in ModuleDict must be a str without a dot, not 1"),
    "insert": (lambda: nn.Sequential({"a": nn.Tanh()}).insert(0, nn.Tanh()), TypeError,
               "the items of this Sequential have names, so none can be inserted; append it"),
    "taken": (lambda: nn.Sequential({"1": nn.Tanh()}).append(nn.Tanh()), ValueError,
              "Sequential has an item '1' already, and it is not the last one"),
    "result": (lambda: nn.ParameterList([Value(1.0) * 2]), TypeError,
               "ParameterList takes parameters, but a result of mul (data 2) would not be trained"),
    "text": (lambda: nn.ParameterDict({"a": [1.0, "2"]}), TypeError,
             "ParameterDict takes parameters, alone or in lists, not str: '2'"),
    "add_module": (lambda: nn.Sequential().add_module("body", nn.Tanh()), ValueError,
                   "the items of this Sequential are numbered, and the next one is 0, not 'body'"),
    "no module": (lambda: nn.Module().add_module("a", 1.0), TypeError, "'a' must be a module, not 1.0"),  # type: ignore[arg-type]
    "hidden": (lambda: nn.Module().add_module("_a", nn.Tanh()), ValueError,
               "a module cannot be called '_a', because names that begin with an underscore are not searched"),
    "method": (lambda: nn.Module().add_module("forward", nn.Tanh()), ValueError,
               "Module has an attribute 'forward' already; choose another name for a module"),
    "no leaf": (lambda: nn.Module().register_parameter("a", [Value(1.0) * 2]), TypeError,
                "a parameter is a leaf Value, not a result of mul (data 2)"),
    "no Value": (lambda: nn.Module().register_parameter("a", 1.0), TypeError, "a parameter is a leaf Value, not 1.0"),
    "submodule": (lambda: nn.MLP(1, [1]).get_submodule("layer2"), AttributeError,
                  "MLP has no module 'layer2' (did you mean 'layer1'?)"),
    "parameter": (lambda: nn.MLP(1, [1]).get_parameter("layer1"), AttributeError, "MLP has no parameter 'layer1'"),
    "buffer": (lambda: nn.Tanh().get_buffer("mean"), AttributeError, "Tanh has no buffer 'mean'"),
    "no text": (lambda: nn.Tanh().get_submodule(0), TypeError, "a name must be a str, not 0"),  # type: ignore[arg-type]
    "recurse": (lambda: nn.Tanh().parameters(recurse=1), TypeError, "recurse must be True or False, not 1"),  # type: ignore[arg-type]
    "zero_grad": (lambda: nn.Tanh().zero_grad("no"), TypeError, "set_to_none must be True or False, not 'no'"),  # type: ignore[arg-type]
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_refused(wrong: str) -> None:
    make, kind, sentence = WRONG[wrong]
    with pytest.raises(kind, match=re.escape(sentence)):
        make()


def test_extending_is_all_or_nothing() -> None:
    blocks = nn.ModuleList([nn.Tanh()])
    with pytest.raises(TypeError):
        blocks.extend([nn.Tanh(), len])
    heads = nn.ModuleDict()
    with pytest.raises(TypeError):
        heads.update({"a": nn.Tanh(), "b": 1})
    assert len(blocks) == 1 and len(heads) == 0


def test_registering() -> None:
    model: Any = nn.Module()
    model.register_parameter("w", [[Value(1.0)], [Value(2.0)]])
    model.register_parameter("w", [Value(3.0)])
    model.register_module("part", nn.Tanh())
    model.add_module("part", nn.Linear(1, 1))
    model.add_module("none", None)
    numbered = nn.Sequential(nn.Tanh())
    numbered.add_module("1", nn.Linear(1, 1))
    numbered.add_module("0", nn.Linear(2, 1))
    named = nn.Sequential({"a": nn.Tanh()})
    named.add_module("b", nn.Linear(1, 1))
    model.lists = nn.ModuleList([numbered, named])
    assert list(model.state_dict()) == [
        *("w", "part.weight", "part.bias", "lists.0.0.weight", "lists.0.0.bias"),
        *("lists.0.1.weight", "lists.0.1.bias", "lists.1.b.weight", "lists.1.b.bias"),
    ]


def test_paths_lead_to_shared_modules_by_every_name() -> None:
    model: Any = nn.Module()
    model.a = model.b = nn.Sequential(nn.Linear(1, 1))
    model.parts = {"net": nn.Linear(1, 2)}
    model.a[0].register_buffer("mean", 1.5)
    assert model.get_submodule("") is model
    assert model.get_submodule("a.0") is model.get_submodule("b.0") is model.a[0]
    assert model.get_submodule("parts.net") is model.parts["net"]
    assert model.get_parameter("b.0.bias")[0] is model.get_parameter("b.0.bias1") is model.a[0].bias[0]
    assert model.get_buffer("b.0.mean") == 1.5
    assert [name for name, _ in model.named_children()] == ["a", "parts.net"]


def test_a_module_in_two_places_is_loaded_from_pytorchs_state() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def build(lib: Any) -> Any:
        net = lib.Module()
        net.a = lib.Linear(2, 1)
        net.b = lib.Sequential(net.a)
        return net

    theirs, ours = build(torch.nn), build(nn)
    state = theirs.state_dict()
    assert list(state) == ["a.weight", "a.bias", "b.0.weight", "b.0.bias"]
    assert ours.load_state_dict(state) == ([], [])
    assert ours.state_dict() == {key: state[key].tolist() for key in ("a.weight", "a.bias")}
    assert ours.load_state_dict({"b.0.weight": [[1.0, 2.0]], "a.bias": [3.0]}) == ([], [])
    assert [p.data for p in ours.parameters()] == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match=r"^the state does not fit this Module: b.0.bias is not expected$"):
        ours.load_state_dict({**state, "b.0.bias": [state["a.bias"].item() + 1.0]})


def test_prefixes_and_what_is_the_modules_own() -> None:
    model: Any = nn.Sequential(nn.Linear(1, 1))
    model.scale = Value(1.0)
    model.register_buffer("mean", 0.0)
    model[0].register_buffer("mean", 1.0)
    assert [name for name, _ in model.named_parameters("net")] == ["net.0.weight1_1", "net.0.bias1", "net.scale"]
    assert dict(model.named_parameters(recurse=False)) == {"scale": model.scale}
    assert model.parameters(recurse=False) == [model.scale]
    assert dict(model.named_buffers("net")) == {"net.mean": 0.0, "net.0.mean": 1.0}
    assert list(model.buffers(recurse=False)) == [0.0]
    assert [name for name, _ in model.named_modules("net")] == ["net", "net.0"]
    for value in (True, False):
        model.scale.grad = 1.0
        model.zero_grad(set_to_none=value)
        assert model.scale.grad == 0.0


def test_an_empty_container_may_be_the_root_of_a_call() -> None:
    assert nn.Sequential()(1.0) == 1.0
    assert nn.Sequential(nn.Sequential())([Value(2.0)])[0].data == 2.0
