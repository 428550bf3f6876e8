"""Hooks: when they are called, and with which arguments, compared with PyTorch; modules without hooks pay nothing."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value

REGISTRATIONS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "look before": lambda m, log: m.register_forward_pre_hook(lambda module, args: log.append((module is m, args))),
    "look after": lambda m, log: m.register_forward_hook(lambda module, args, y: log.append((module is m, args, y))),
    "other argument": lambda m, log: m.register_forward_pre_hook(lambda module, args: 10.0),
    "other arguments": lambda m, log: m.register_forward_pre_hook(lambda module, args: (args[0] + 1.0, 7.0)),
    "other output": lambda m, log: m.register_forward_hook(lambda module, args, y: y + args[0]),
    "kwargs before": lambda m, log: m.register_forward_pre_hook(
        lambda module, args, kwargs: (args, {"c": kwargs.get("c", 0.0) + 5.0}), with_kwargs=True
    ),
    "kwargs after": lambda m, log: m.register_forward_hook(
        lambda module, args, kwargs, y: log.append((args, kwargs, y)), with_kwargs=True
    ),
    "first": lambda m, log: m.register_forward_hook(lambda module, args, y: 2.0 * y, prepend=True),
    "first before": lambda m, log: m.register_forward_pre_hook(lambda module, args: (-args[0],), prepend=True),
}


@pytest.mark.parametrize("names", [
    ["look before"], ["look after"], ["other argument"], ["other arguments"], ["other output"], ["kwargs before"],
    ["kwargs after"], ["other output", "first", "look after"], ["look before", "other arguments", "look before"],
    ["other arguments", "first before"], ["kwargs before", "kwargs after"], [*REGISTRATIONS],
])  # fmt: skip
def test_hooks_do_what_pytorchs_do(names: list[str]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def told(lib: Any) -> Any:
        class Sum(lib.Module):  # type: ignore[misc]
            def forward(self, a: Any, b: Any = 100.0, *, c: Any = 0.0) -> Any:
                return a + b + c

        module = Sum()
        log: list[Any] = []
        outer = lib.Sequential(module)
        handles = [REGISTRATIONS[name](module, log) for name in names]
        made = [module(1.0), module(1.0, 2.0), module(1.0, c=3.0), outer(4.0), module.forward(1.0)]
        for handle in handles:
            made.append(module(1.0))
            handle.remove()
            handle.remove()
        return made, log, module(1.0)

    assert told(nn) == told(torch.nn)


def test_a_handle_is_a_with_block() -> None:
    layer = nn.Tanh()
    with pytest.raises(ZeroDivisionError), layer.register_forward_hook(lambda *args: 1.0):
        assert layer(0.0) == 1.0
        raise ZeroDivisionError
    assert layer(0.0) == 0.0


def test_hooks_of_neurons_and_layers_are_called() -> None:
    """Although a layer computes the forward passes of its neurons in one call."""
    model = nn.MLP(1, [2, 1], activation=None, init=nn.init.constant(1.0))
    log: list[Any] = []
    model([3.0])
    neuron = model.layers[0].neurons[1]
    handle = neuron.register_forward_hook(lambda module, args, y: log.append(y.data))
    model.layers[0].register_forward_hook(lambda module, args, y: log.append([x.data for x in y]))
    activation = nn.Sequential(nn.Identity())
    model.layers[1].neurons[0].activation = activation
    activation.register_forward_hook(lambda module, args, y: 2.0 * y)
    assert model([3.0]).data == 12.0 and log == [3.0, [3.0, 3.0]]
    handle.remove()
    assert model([3.0]).data == 12.0 and log == [3.0, [3.0, 3.0], [3.0, 3.0]]


def test_nodes_that_hooks_make_are_filed_under_the_module_and_have_gradients() -> None:
    model = nn.Sequential(nn.Neuron(1, activation=None, init="zeros"))
    model[0].register_forward_hook(lambda module, args, y: y * 3.0)
    y = model([2.0])
    y.backward()
    assert y.scope == "sequential.layer1" and [p.grad for p in model.parameters()] == [6.0, 3.0]


class Own(nn.Module):
    """A class with a call of its own, as micrograd's have."""

    def __call__(self, x: Any) -> Any:
        return x + 1.0


class Extended(Own):
    def __call__(self, x: Any) -> Any:
        return super().__call__(x) * 2.0


class Counting(nn.Tanh):
    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return super().__call__(*inputs, **options)


@pytest.mark.parametrize(("kind", "expected"), [(Own, 1.0), (Extended, 2.0), (Counting, 0.0)])
@pytest.mark.parametrize("through", [lambda module: module, nn.Sequential])
def test_a_call_of_ones_own_has_its_hooks_once(kind: type[nn.Module], expected: float, through: Any) -> None:
    module = kind()
    log: list[Any] = []
    module.register_forward_hook(lambda module, args, y: log.append((args, y)))
    module.register_forward_pre_hook(lambda module, args: log.append(args))
    for _ in range(2):
        assert through(module)(0.0) == expected
    assert log == [(0.0,), ((0.0,), expected)] * 2


def test_what_a_hook_keeps_is_no_parameter() -> None:
    model = nn.Sequential(nn.Linear(1, 1))
    model[0].register_forward_hook(lambda module, args, y: setattr(module, "last", y))
    x = [Value(1.0)]
    for _ in range(3):
        model(x)
        assert len(model.parameters()) == 2 and list(model.state_dict()) == ["0.weight", "0.bias"]


def test_an_error_in_a_hook_is_the_calls() -> None:
    model = nn.Sequential(nn.Tanh())
    handle = model[0].register_forward_hook(lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model(1.0)
    handle.remove()
    assert model([0.0]) == [0.0] and (Value(1.0) * 2).scope == ""


def test_copies_have_the_hooks_of_then() -> None:
    layer = nn.Tanh()
    handle = layer.register_forward_hook(lambda *args: 5.0)
    twins = copy.copy(layer), copy.deepcopy(layer)
    handle.remove()
    assert [layer(0.0), *[twin(0.0) for twin in twins]] == [0.0, 5.0, 5.0]


def test_a_program_does_what_the_hooks_did() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    layer = nn.Linear(1, 1, init=nn.init.constant(2.0))
    handle = layer.register_forward_hook(lambda module, args, y: [2.0 * v for v in y])
    program = autograd.compile(layer, layer, like=([0.0],))
    handle.remove()
    assert program.outputs([[3.0]]).tolist() == [[12.0]]


def test_a_handle_keeps_no_module_alive() -> None:
    layer = nn.Tanh()
    handle = layer.register_forward_hook(lambda *args: None)
    gone = weakref.ref(layer)
    del layer
    gc.collect()
    assert gone() is None
    handle.remove()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda m: m.register_forward_hook(1.0), "a hook must be a function, not 1.0"),
        (lambda m: m.register_forward_hook(len, prepend=1), "prepend must be True or False, not 1"),
        (lambda m: m.register_forward_pre_hook(len, with_kwargs=1), "with_kwargs must be True or False, not 1"),
        (lambda m: m.register_forward_pre_hook(lambda *a: 1.0, with_kwargs=True) and m(1.0),
         "a hook before a call with with_kwargs=True must return None, or a tuple of arguments and a dict, not 1.0"),
    ],
)  # fmt: skip
def test_what_is_refused(call: Callable[[Any], Any], sentence: str) -> None:
    with pytest.raises(TypeError, match=f"^{sentence}$"):
        call(nn.Tanh())
