"""`Parameter`, which marks a Value as one, and frozen parameters."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, trains
from nn import Parameter

DUPLICATES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]


def test_a_parameter_is_a_value() -> None:
    """d(tanh(w x)) / dw = x / cosh(w x)**2, here at w = 0."""
    w = Parameter(0.0, "w")
    y = (w * 3.0).tanh()
    y.backward()
    assert (w.data, w.grad, w.label, w.requires_grad) == (0.0, 3.0, "w", True)
    assert isinstance(w, Value) and type(w * 2) is Value
    assert repr(w) == "Parameter(data=0.0, grad=3.0, label='w')"
    layer = nn.Linear(2, 1, init="zeros")
    layer.weight = [[Parameter(1.0), Parameter(2.0)]]
    assert layer([10.0, 100.0])[0].data == 210.0 and len(layer.parameters()) == 3
    neuron = nn.Neuron(2, activation=None)
    neuron.w = [Parameter(1.0), Parameter(2.0)]
    assert nn.Sequential(neuron)([10.0, 100.0]).data == 210.0


@pytest.mark.parametrize("duplicate", DUPLICATES)
def test_copies_stay_parameters_and_frozen(duplicate: Callable[[Any], Any]) -> None:
    twin = duplicate(Parameter(2.0, "w", requires_grad=False))
    assert (type(twin), twin.data, twin.label, twin.requires_grad) == (Parameter, 2.0, "w", False)
    plain = Value(1.0)
    plain.requires_grad = False
    assert not trains(duplicate(plain))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Parameter([1.0, 2.0]), r"^a Parameter is one number, not \[1.0, 2.0\]; make a list with a Parameter"),
        (lambda: Parameter("1"), "str"),
        (lambda: Parameter(1.0, requires_grad=1), r"^requires_grad must be True or False, not 1$"),  # type: ignore[arg-type]
        (lambda: setattr(Parameter(1.0), "requires_grad", None), r"^requires_grad must be True or False, not None$"),
        (lambda: nn.Linear(1, 1).requires_grad_("no"), r"^requires_grad must be True or False, not 'no'$"),  # type: ignore[arg-type]
    ],
)
def test_what_is_refused(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        make()


def test_freezing_a_module_and_thawing_a_part() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    first, last = model.children()
    before = model.state_dict()
    assert model.requires_grad_(False) is model
    assert not any(map(trains, model.parameters())) and len(model.parameters()) == 13
    assert last.requires_grad_() is last
    assert list(map(trains, model.parameters())) == [False] * 9 + [True] * 4
    assert model.state_dict() == before == copy.deepcopy(model).state_dict()
    assert list(map(trains, copy.deepcopy(model).parameters())) == [False] * 9 + [True] * 4
    first.load_state_dict(nn.Linear(2, 3, init="zeros").state_dict())
    assert {p.data for p in first.parameters()} == {0.0}


def test_pytorch_counts_the_same_ones() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs, ours = torch.nn.Linear(2, 3), nn.Linear(2, 3)
    for module in (theirs, ours):
        assert module.requires_grad_(False) is module
    theirs.bias.requires_grad = True
    for p in ours.bias or ():
        p.requires_grad = True
    assert sum(map(trains, ours.parameters())) == sum(p.numel() for p in theirs.parameters() if p.requires_grad) == 3


def test_a_compiled_program_does_not_train_them() -> None:
    """Of (v (w x + b) + c)**2 at w = v = 2, b = c = 0, x = 3 the derivative by v is 2 * 12 * 6, that by c is 2 * 12."""
    pytest.importorskip("numpy", reason="NumPy is not installed")
    model = nn.Sequential(nn.Linear(1, 1, init=nn.init.constant(2.0)), nn.Linear(1, 1, init=nn.init.constant(2.0)))
    first = model.children()[0].requires_grad_(False)
    program = autograd.compile(lambda x: model(x)[0] ** 2, model, like=([0.0],))
    loss, gradient = program([[3.0]])
    assert loss == 144.0 and gradient.tolist() == [144.0, 24.0]
    nn.SGD(program.parameters, lr=0.5).step()
    program.write_back()
    assert [p.data for p in model.parameters()] == [2.0, 0.0, -70.0, -12.0]
    program([[3.0]])
    first.parameters()[0].data = 1.0
    with pytest.raises(RuntimeError, match=r"^'weight1_1' \(data 1\) was 2 when <lambda> was compiled"):
        program([[3.0]])
