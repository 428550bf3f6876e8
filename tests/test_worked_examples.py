"""The worked examples of the curriculum against the formulas of backpropagation, derived by hand here."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import nn
from autograd import Value, gradcheck
from demos.classroom.networks import TwoTwoOne, biases_network, credit_network


def exactly(expected: object) -> object:
    """Equal up to the rounding of a few operations."""
    return pytest.approx(expected, rel=1e-14, abs=1e-16)


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def hand(net: TwoTwoOne) -> dict[str, float]:
    """Forward and backward through 2-2-1 with sigmoids and half the squared error, by the four equations."""
    x = [v.data for v in net.x]
    y = net.y.data
    w = [[v.data for v in row] for row in net.w]
    b = [v.data for v in net.b] if net.b else [0.0, 0.0]
    v = [p.data for p in net.v]
    c = net.c.data if net.c is not None else 0.0
    z = [w[i][0] * x[0] + w[i][1] * x[1] + b[i] for i in (0, 1)]
    h = [sigma(z_i) for z_i in z]
    z_out = v[0] * h[0] + v[1] * h[1] + c
    o = sigma(z_out)
    delta_out = (o - y) * o * (1 - o)
    delta = [v[i] * delta_out * h[i] * (1 - h[i]) for i in (0, 1)]
    return {
        "z1": z[0], "z2": z[1], "h1": h[0], "h2": h[1], "zo": z_out, "o": o, "E": (y - o) ** 2 / 2,
        "delta_out": delta_out, "delta1": delta[0], "delta2": delta[1],
        "v1": delta_out * h[0], "v2": delta_out * h[1], "c": delta_out,
        **{f"w{i + 1}{j + 1}": delta[i] * x[j] for i in (0, 1) for j in (0, 1)},
        "b1": delta[0], "b2": delta[1],
    }  # fmt: skip


@pytest.mark.parametrize("build", [credit_network, biases_network])
def test_two_two_one_follows_the_four_equations(build: Callable[[], TwoTwoOne]) -> None:
    net = build()
    net.error.backward()
    expected = hand(net)
    for node in (*net.z, *net.h, net.z_out, net.o, net.error):
        assert node.data == exactly(expected[node.label]), node.label
    assert net.z_out.grad == exactly(expected["delta_out"])
    assert [z.grad for z in net.z] == exactly([expected["delta1"], expected["delta2"]])
    for parameter in net.parameters:
        assert parameter.grad == exactly(expected[parameter.label]), parameter.label

    rate = 0.5
    after = net.after_step(rate)
    for old, new in zip(net.parameters, after.parameters):
        assert new.data == exactly(old.data - rate * expected[old.label])
    assert after.o.data == exactly(hand(after)["o"])


def test_the_figures_that_texts_print() -> None:
    """To the digits that the textbooks print, where those are right."""
    net = credit_network()
    net.error.backward()
    after = net.after_step(0.5)
    assert [h.data for h in net.h] == pytest.approx([0.6225, 0.5744], abs=6e-5)
    assert net.z_out.data == pytest.approx(0.8953, abs=6e-5)
    assert [v.data for v in after.v] == pytest.approx([0.7186, 0.8171], abs=6e-5)
    assert after.w[0][0].data == pytest.approx(0.5049, abs=6e-5)
    assert after.w[1][0].data == pytest.approx(0.3058, abs=6e-5)
    assert after.o.data == pytest.approx(0.7148, abs=6e-5)

    net = biases_network()
    assert net.o.data == pytest.approx(0.75137, abs=6e-6)
    assert net.error.data == pytest.approx(0.27481, abs=6e-6)


# --- BCE and cross entropy collapse to (prediction - target) -----------------------------------------------------


@pytest.mark.parametrize("logit", [-690.0, -300.5, -40.0, -3.0, -1e-9, 0.0, 0.7, 5.0, 20.0, 36.7])
def test_bce_gradient_is_output_minus_target(logit: float) -> None:
    # o from 1e-300 to 1 - 1e-16; o - 1 is -sigma(-z), which has digits where the subtraction has none left.
    small = math.exp(-abs(logit)) / (1 + math.exp(-abs(logit)))
    large = 1 / (1 + math.exp(-abs(logit)))
    o, one_minus_o = (small, large) if logit < 0 else (large, small)
    for target, expected in ((0, o), (1, -one_minus_o), (0.25, 0.75 * o - 0.25 * one_minus_o)):
        z = Value(logit)
        nn.bce_with_logits(z, target).backward()
        assert z.grad == pytest.approx(expected, rel=2e-15, abs=0), (logit, target)


@pytest.mark.parametrize("logits", [[0.0, 0.0], [2.0, -1.0, 0.5], [700.0, -690.0, 3.0], [40.0, 0.0, -5.0, 40.0]])
def test_cross_entropy_gradient_is_softmax_minus_target(logits: list[float]) -> None:
    top = max(logits)
    total = math.fsum(math.exp(z - top) for z in logits)
    p = [math.exp(z - top) / total for z in logits]
    for target in range(len(logits)):
        zs = [Value(z) for z in logits]
        nn.cross_entropy(zs, target).backward()
        for k, z in enumerate(zs):
            expected = -math.fsum(p[i] for i in range(len(p)) if i != target) if k == target else p[k]
            assert z.grad == pytest.approx(expected, rel=1e-12, abs=1e-320), (k, target)


def test_relu_relu_sigmoid_network_with_bce() -> None:
    """Every layer: deltas, weight and bias gradients, on several points and both targets."""
    net = nn.MLP(2, [4, 3, 1], activation="relu", seed=3)
    live = 0
    for x in ([0.5, -1.2], [1.0, 1.0], [-0.7, 0.3]):
        for y in (0.0, 1.0):
            net.zero_grad()
            nn.bce_with_logits(net(x), y).backward()
            a, zs = [x], []
            for layer in net.layers:
                zs.append(
                    [sum(w.data * a_k for w, a_k in zip(n.w, a[-1])) + n.parameters()[-1].data for n in layer.neurons]
                )
                a.append([max(z, 0.0) for z in zs[-1]])
            delta = [sigma(zs[-1][0]) - y]
            for number in (2, 1, 0):
                neurons = net.layers[number].neurons
                for j, neuron in enumerate(neurons):
                    assert neuron.parameters()[-1].grad == pytest.approx(delta[j], rel=1e-12, abs=1e-15)
                    for k, w in enumerate(neuron.w):
                        assert w.grad == pytest.approx(delta[j] * a[number][k], rel=1e-12, abs=1e-15)
                live += sum(d != 0 for d in delta)
                if number:
                    delta = [
                        sum(neurons[j].w[k].data * delta[j] for j in range(len(delta))) * (z_k > 0)
                        for k, z_k in enumerate(zs[number - 1])
                    ]
    assert live > 12  # otherwise most units are dead, and the comparison says little


# --- training and checking ----------------------------------------------------------------------------------------


def test_gradcheck_on_the_network_in_place() -> None:
    net = biases_network()

    def error() -> Value:
        assert net.b is not None and net.c is not None
        h = [(row[0] * net.x[0] + row[1] * net.x[1] + b).sigmoid() for row, b in zip(net.w, net.b)]
        o = (net.v[0] * h[0] + net.v[1] * h[1] + net.c).sigmoid()
        return (net.y - o) ** 2 / 2

    assert gradcheck(error, net.parameters, rtol=1e-6)
