"""Initialisers: the exact distribution that each asks for, and the weights that it draws."""

from __future__ import annotations

import math
import random
import statistics
from typing import Any

import pytest

import nn
from nn import init


class Witness(random.Random):
    """A generator that returns the name and arguments of the distribution instead of a number."""

    def uniform(self, a: float, b: float) -> Any:
        return ("uniform", a, b)

    def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> Any:
        return ("normal", mu, sigma)


NIN, NOUT = 6, 10
GAIN = 5 / 3  # of tanh

ASKED: dict[str, tuple[Any, tuple[str, float, float]]] = {
    "uniform": (init.uniform(-0.5, 2.0), ("uniform", -0.5, 2.0)),
    "micrograd's": (init.uniform(), ("uniform", -1.0, 1.0)),
    "normal": (init.normal(3.0, 0.1), ("normal", 3.0, 0.1)),
    "xavier_uniform": (init.xavier_uniform(2.0), ("uniform", -2 * math.sqrt(6 / 16), 2 * math.sqrt(6 / 16))),
    "xavier_normal": (init.xavier_normal(2.0), ("normal", 0.0, 2 * math.sqrt(2 / 16))),
    "kaiming_uniform": (init.kaiming_uniform(), ("uniform", -math.sqrt(6 / 6), math.sqrt(6 / 6))),
    "kaiming_uniform, tanh": (
        init.kaiming_uniform("tanh", mode="fan_out"),
        ("uniform", -GAIN * math.sqrt(3 / 10), GAIN * math.sqrt(3 / 10)),
    ),
    "kaiming_normal": (init.kaiming_normal(), ("normal", 0.0, math.sqrt(2 / 6))),
    "kaiming_normal, fan_out": (init.kaiming_normal("linear", mode="fan_out"), ("normal", 0.0, math.sqrt(1 / 10))),
    "kaiming_normal, leaky": (
        init.kaiming_normal("leaky_relu", param=0.2),
        ("normal", 0.0, math.sqrt(2 / (1 + 0.04) / 6)),
    ),
}


@pytest.mark.parametrize("case", ASKED)
def test_the_distribution_is_that_of_the_paper(case: str) -> None:
    initialiser, (kind, *expected) = ASKED[case]
    drawn, *asked = initialiser(Witness(), NIN, NOUT)
    assert drawn == kind
    assert asked == pytest.approx(expected, rel=1e-14)


def test_constants() -> None:
    generator = random.Random(0)
    assert init.constant(0.25)(generator, NIN, NOUT) == 0.25
    assert init.zeros()(generator, NIN, NOUT) == 0.0


@pytest.mark.parametrize("name", ["xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"])
def test_layers_take_the_names_and_the_weights_have_that_variance(name: str) -> None:
    nin, nout = 50, 150
    variance = 2 / (nin + nout) if name.startswith("xavier") else 2 / nin
    for layer in (nn.Layer(nin, nout, init=name, seed=2), nn.Linear(nin, nout, init=name, seed=2)):
        weights = [p.data for p in layer.parameters() if p.data != 0.0]  # biases start at 0
        assert len(weights) == nin * nout
        # The variance of n draws has a relative standard deviation of at most sqrt(2/n) = 1.6 %.
        assert statistics.pvariance(weights) == pytest.approx(variance, rel=5 * math.sqrt(2 / len(weights)))
        assert abs(statistics.fmean(weights)) < 5 * math.sqrt(variance / len(weights))


def test_an_init_is_a_name_a_function_of_the_module_or_an_initialiser() -> None:
    states = [
        nn.Layer(3, 2, init=given, seed=0).state_dict()
        for given in ("kaiming_normal", init.kaiming_normal, init.kaiming_normal())
    ]
    assert states[0] == states[1] == states[2]
    custom = nn.Layer(3, 2, init=lambda generator, nin, nout: 100.0 * nin + nout)
    assert custom.state_dict()["neuron2.w"] == [302.0] * 3
    assert nn.Neuron(1, init="zeros").w[0].data == 0.0


def test_gains_are_pytorchs() -> None:
    calculate_gain = pytest.importorskip("torch.nn.init", reason="PyTorch is not installed").calculate_gain
    for name in ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        assert init.calculate_gain(name) == pytest.approx(calculate_gain(name), rel=1e-15)
    assert init.calculate_gain("leaky_relu", 0.3) == pytest.approx(calculate_gain("leaky_relu", 0.3), rel=1e-15)


def test_relus_gain_makes_up_for_the_half_that_it_cuts_off() -> None:
    # E[relu(x)**2] = 1/2 for x ~ N(0, 1), by symmetry
    assert init.calculate_gain("relu") ** 2 * 0.5 == pytest.approx(1.0, rel=1e-15)
    assert init.calculate_gain("leaky_relu", 0.3) ** 2 * (1 + 0.09) / 2 == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: nn.Neuron(2, init="xavier"),
            ValueError,
            "there is no initialisation 'xavier'; choose one of uniform, normal, zeros, xavier_uniform, xavier_normal, "
            "kaiming_uniform, kaiming_normal, or give a function (random, nin, nout) -> float",
        ),
        (
            lambda: nn.Neuron(2, init=0.5),  # type: ignore[arg-type]
            TypeError,
            "init must be a name or a function (random, nin, nout) -> float, not 0.5",
        ),
        (lambda: init.kaiming_normal(mode="fan"), ValueError, "mode must be 'fan_in' or 'fan_out', not 'fan'"),
        (
            lambda: init.calculate_gain("gelu"),
            ValueError,
            "no gain is known for 'gelu', only for linear, identity, sigmoid, tanh, relu, leaky_relu, selu; give an "
            "init of your own",
        ),
    ],
)
def test_errors(call: Any, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence
