"""Monitoring: sizes of gradients and updates computed by hand, dead rectifiers, and the history of a training."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from nn import monitor

inf, nan = math.inf, math.nan


def two_layers() -> nn.Sequential:
    """Weights 1, 2, 3, 4 and biases 0, 0; then weights -1, 1 and bias 2."""
    model = nn.Sequential(nn.Linear(2, 2, seed=0), nn.ReLU(), nn.Linear(2, 1, seed=0))
    first, _, second = model.children()
    for layer, numbers in ((first, [1.0, 2.0, 3.0, 4.0, 0.0, 0.0]), (second, [-1.0, 1.0, 2.0])):
        nn.vector_to_parameters(numbers, layer.parameters())
    return model


def with_gradients(model: nn.Module) -> nn.Module:
    for p, grad in zip(model.parameters(), (3.0, -4.0, 0.0, 0.0, 0.0, 12.0, -1.0, 2.0, 2.0)):
        p.grad = grad
    return model


# --- gradients ----------------------------------------------------------------------------------------------------


def test_sizes_of_the_gradients_of_each_layer() -> None:
    norms = monitor.gradient_norms(with_gradients(two_layers()))
    assert norms == {
        "0": {"mean": pytest.approx(19 / 6, rel=1e-15), "max": 12.0, "norm": 13.0},
        "2": {"mean": pytest.approx(5 / 3, rel=1e-15), "max": 2.0, "norm": 3.0},
    }


def test_parts_may_be_smaller_or_what_has_parameters_itself() -> None:
    model = nn.MLP(1, [2, 1], seed=0)
    for i, p in enumerate(model.parameters()):
        p.grad = float(i)
    assert list(monitor.gradient_norms(model)) == ["layer1", "layer2"]
    by_neuron = monitor.gradient_norms(model, depth=2)
    assert {name: sizes["max"] for name, sizes in by_neuron.items()} == {
        "layer1.neuron1": 1.0,
        "layer1.neuron2": 3.0,
        "layer2.neuron1": 6.0,
    }
    assert monitor.gradient_norms(model, depth=None) == by_neuron
    assert len(monitor.gradient_norms(model, depth=9)) == 7
    assert list(monitor.gradient_norms(model.layers[0].neurons[0], depth=None)) == ["w1", "b"]


@pytest.mark.parametrize(
    ("grad", "sizes"),
    [(inf, (inf, inf, inf)), (-inf, (inf, inf, inf)), (nan, (nan, nan, nan)), (1e308, (1e308 / 3, 1e308, 1e308))],
)
def test_gradients_at_the_edges(grad: float, sizes: tuple[float, float, float]) -> None:
    model = nn.Sequential(nn.Linear(2, 1, seed=0))
    model.parameters()[1].grad = grad
    found = monitor.gradient_norms(model)["0"]
    assert tuple(found.values()) == pytest.approx(sizes, rel=1e-15, nan_ok=True)


def test_what_is_frozen_does_not_count() -> None:
    model = with_gradients(two_layers())
    model.children()[0].requires_grad_(False)
    assert list(monitor.gradient_norms(model)) == ["2"]
    model.requires_grad_(False)
    with pytest.raises(ValueError, match="this Sequential has no parameters that are trained, so there is nothing"):
        monitor.gradient_norms(model)


def test_a_program_has_parts_by_its_names() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    model = two_layers()
    program = autograd.compile(lambda x: model(x)[0], model, like=([0.0, 0.0],))
    with_gradients(model)
    program.read_in()
    found = monitor.gradient_norms(program.parameters)
    assert {name: sizes["norm"] for name, sizes in found.items()} == {
        "W1": 5.0,
        "W3": math.sqrt(5),
        "b1": 12.0,
        "b3": 2.0,
    }
    some = program.parameters.only("b1", "W3")
    assert {name: sizes["norm"] for name, sizes in monitor.gradient_norms(some).items()} == {
        "W3": math.sqrt(5),
        "b1": 12.0,
    }
    before = monitor.snapshot(program.parameters)
    assert before == {"W1": [1.0, 2.0, 3.0, 4.0], "W3": [-1.0, 1.0], "b1": [0.0, 0.0], "b3": [2.0]}
    program.parameters["b3"] = 1.0
    assert monitor.update_ratios(program.parameters, before) == {"W1": 0.0, "W3": 0.0, "b1": 0.0, "b3": 0.5}


# --- updates ------------------------------------------------------------------------------------------------------


def test_how_far_a_step_went() -> None:
    model = with_gradients(two_layers())
    before = monitor.snapshot(model)
    nn.SGD(model.parameters(), lr=0.5).step()
    assert monitor.update_ratios(model, before) == {
        "0": pytest.approx(0.5 * 13 / math.sqrt(30), rel=1e-15),
        "2": pytest.approx(0.5 * 3 / math.sqrt(6), rel=1e-15),
    }
    assert monitor.update_ratios(model, monitor.snapshot(model)) == {"0": 0.0, "2": 0.0}


def test_a_part_that_was_0() -> None:
    neuron: Any = nn.Neuron(1, init="zeros")
    before = monitor.snapshot(neuron)
    neuron.b.data = 1.0
    assert monitor.update_ratios(neuron, before) == {"w1": 0.0, "b": inf}


# --- dead units ---------------------------------------------------------------------------------------------------


def test_dead_rectifiers() -> None:
    model = two_layers()
    nn.vector_to_parameters([1.0, 0.0, -1.0, 0.0, 0.0, -1.0], model.children()[0].parameters())  # x and -x - 1
    for inputs, dead in (
        ([[1.0, 0.0], [2.0, 0.0]], [False, True]),
        ([[-0.5, 0.0], [0.0, 9.0]], [True, True]),
        ([[-2.0, 0.0], [-0.5, 0.0]], [True, False]),
        ([[-2.0, 0.0], [1.0, 0.0]], [False, False]),
    ):
        with autograd.no_grad():
            assert monitor.dead_units(model, inputs) == {"sequential.layer2": dead}


def test_neurons_are_units_by_their_scopes() -> None:
    model: Any = nn.MLP(1, [2, 1], activation="relu", init="zeros")
    model.layers[0].neurons[0].b.data = 1.0
    assert monitor.dead_units(model, [[0.5], [3.0]]) == {"mlp.layer1.neuron1": [False], "mlp.layer1.neuron2": [True]}
    assert monitor.dead_units(model, [[0.5]], function=autograd.tanh) == {}


def test_other_operations_and_results_in_dicts() -> None:
    w = Value(0.0)
    found = monitor.dead_units(
        lambda x: {"a": [autograd.tanh(w * x)], "b": (autograd.tanh(w + x), 3)}, [1.0], autograd.tanh
    )
    assert sorted(found[""]) == [False, True]


# --- the history --------------------------------------------------------------------------------------------------


def test_the_history_of_a_training_by_hand() -> None:
    """(w - 1)**2 with lr 1/4: w - 1 halves in each step."""

    class Point(nn.Module):
        def __init__(self) -> None:
            self.w = Value(3.0)

        def forward(self) -> Any:
            return (self.w - 1.0) ** 2

    model = Point()
    optimizer, history = nn.SGD(model.parameters(), lr=0.25), monitor.GradientHistory(model)
    for step in range(3):
        optimizer.zero_grad()
        loss = model()
        loss.backward()
        optimizer.step()
        history(loss if step else loss.data)
    assert history.losses == [4.0, 1.0, 0.25]
    assert history.norms == history.means == history.maxima == {"w": [4.0, 2.0, 1.0]}
    assert history.ratios == {"w": [1 / 3, 0.5 / 2, 0.25 / 1.5]}
    assert len(history) == 3 and repr(history) == "GradientHistory(3 steps of w)"
    assert json.loads(json.dumps(history.norms)) == history.norms
    history()
    assert len(history) == 4 and len(history.losses) == 3


def test_a_program_has_the_same_history() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    model = two_layers()
    program = autograd.compile(lambda x: (model(x)[0] - 1.0) ** 2, model, like=([0.0, 0.0],))
    optimizer, history = nn.Adam(program.parameters, lr=0.1), monitor.GradientHistory(program.parameters)
    twin = two_layers()
    other, expected = nn.Adam(twin.parameters(), lr=0.1), monitor.GradientHistory(twin, depth=None)
    for x in ([1.0, 2.0], [-1.0, 0.5], [0.25, -2.0]):
        loss, _ = program([x])
        optimizer.step()
        history(loss)
        other.zero_grad()
        error = (twin(x)[0] - 1.0) ** 2
        error.backward()
        other.step()
        expected(error)
    assert history.losses == pytest.approx(expected.losses, rel=1e-12)
    for layer in ("1", "3"):  # a program numbers layers from 1, as scopes do
        both = [math.hypot(*pair) for pair in zip(history.norms["W" + layer], history.norms["b" + layer])]
        assert both == pytest.approx(expected.norms[str(int(layer) - 1)], rel=1e-12)


# --- what is refused ----------------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a list": (
        lambda: monitor.gradient_norms([Value(1.0)]),  # type: ignore[arg-type]
        TypeError,
        "a module or a program's parameters can be watched, not list",
    ),
    "a program": (
        lambda: monitor.gradient_norms(autograd.compile(lambda x: Value(1.0) * x)),  # type: ignore[arg-type]
        RuntimeError,
        "nothing is compiled yet",
    ),
    "depth": (
        lambda: monitor.gradient_norms(two_layers(), depth=0),
        ValueError,
        "depth must be a positive whole number, not 0",
    ),
    "a snapshot": (
        lambda: monitor.update_ratios(two_layers(), {"layer1": [1.0]}),
        ValueError,
        "the snapshot has the parts layer1, but these are 0, 2",
    ),
    "no model": (
        lambda: monitor.dead_units(3, [[1.0]]),  # type: ignore[arg-type]
        TypeError,
        "dead_units takes a model that can be called with an example, not 3",
    ),
    "no examples": (
        lambda: monitor.dead_units(two_layers(), []),
        ValueError,
        "dead_units needs at least one example, got none",
    ),
    "no Values": (
        lambda: monitor.dead_units(lambda x: 1.0, [[1.0]]),
        TypeError,
        "dead_units needs a model that returns Values, not 1.0",
    ),
    "a loss": (
        lambda: monitor.GradientHistory(two_layers())("a"),
        TypeError,
        "loss must be a number, not 'a'",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = ERRORS[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value).startswith(sentence)


def test_a_model_that_computes_something_else_is_refused() -> None:
    def model(x: float) -> Any:
        return autograd.sum([autograd.relu(Value(x) * k) for k in range(int(x))])

    with pytest.raises(ValueError) as error:
        monitor.dead_units(model, [2.0, 2.0, 3.0])
    assert str(error.value) == "the model has other units for example 2 than for those before; call eval()?"
