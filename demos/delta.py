"""Why sigmoid with BCE is a good pair: the gradient at the output collapses to (prediction - target)."""

from __future__ import annotations

import nn
from autograd import Value, sigmoid
from autograd.view import explain
from nn.functional import softmax

from .lesson import heading, no_options, say, show, table
from .networks import named

LOGITS = (-690.0, -40.0, -5.0, 0.0, 1.5, 20.0, 36.7)


def logit_gradient(logit: float, target: float) -> float:
    """The engine's d(BCE)/dz at the logit z."""
    z = Value(logit, "z")
    nn.bce_with_logits(z, target).backward()
    return z.grad


def class_gradients(logits: list[float], target: int) -> list[float]:
    """The engine's d(cross entropy)/dz for each logit."""
    z = [Value(z_i) for z_i in logits]
    nn.cross_entropy(z, target).backward()
    return [z_i.grad for z_i in z]


def biases_of(net: nn.MLP) -> list[list[Value]]:
    """The biases, layer by layer; a neuron's bias is its last parameter."""
    return [[neuron.parameters()[-1] for neuron in layer.neurons] for layer in net.layers]


def hand_deltas(net: nn.MLP, x: list[float], y: float) -> list[list[float]]:
    """The deltas of a ReLU-ReLU-sigmoid network with BCE, layer by layer, from the four equations."""
    weights = [[[w.data for w in neuron.w] for neuron in layer.neurons] for layer in net.layers]
    biases = [[b.data for b in layer] for layer in biases_of(net)]
    activations, pre_activations = [x], []
    for w, b in zip(weights, biases):
        z = [sum(w_jk * a_k for w_jk, a_k in zip(row, activations[-1])) + b_j for row, b_j in zip(w, b)]
        pre_activations.append(z)
        activations.append([max(z_j, 0.0) for z_j in z])
    delta = [sigmoid(pre_activations[-1][0]) - y]  # delta^L = o - y
    deltas = [delta]
    for layer in range(len(weights) - 1, 0, -1):  # delta^l = (W^(l+1))^T delta^(l+1) * f'(z^l)
        delta = [
            sum(weights[layer][j][k] * delta[j] for j in range(len(delta))) * (z_k > 0.0)
            for k, z_k in enumerate(pre_activations[layer - 1])
        ]
        deltas.insert(0, delta)
    return deltas


def engine_deltas(net: nn.MLP, x: list[float], y: float) -> list[list[float]]:
    """The same from the engine: dC/dz is the gradient of a neuron's bias."""
    net.zero_grad()
    nn.bce_with_logits(net(x), y).backward()
    return [[b.grad for b in layer] for layer in biases_of(net)]


def relu_relu_sigmoid() -> nn.MLP:
    """2-4-3-1; its sigmoid is inside the loss, which takes the logit."""
    return nn.MLP(2, [4, 3, 1], activation="relu", seed=3)


def main(arguments: list[str]) -> None:
    """Tell the lesson."""
    no_options(arguments, __doc__)
    heading("The long way: sigmoid, then BCE, by the chain rule")
    z, y = Value(1.5, "z"), 1.0
    o = named(z.sigmoid(), "o")
    loss = named(-o.log(), "C")  # BCE for the target 1
    show(explain(z, of=loss))
    show(f"o - y = {o.data:.10g} - {y:g} = {o.data - y:.10g}")

    heading("The short way, from the logit: exact even where o is 1e-300 or 1 - 1e-16")
    table(
        ["z", "o", "dC/dz for y = 0", "o - 0", "dC/dz for y = 1", "o - 1 = -sigmoid(-z)"],
        [
            (
                f"{logit:g}",
                f"{sigmoid(logit):.6g}",
                f"{logit_gradient(logit, 0.0):.10g}",
                f"{sigmoid(logit):.10g}",
                f"{logit_gradient(logit, 1.0):.10g}",
                f"{-sigmoid(-logit):.10g}",
            )
            for logit in LOGITS
        ],
    )

    heading("Softmax with cross entropy: the same for every class")
    logits, target = [2.0, -1.0, 0.5], 0
    table(
        ["class", "softmax", "target", "difference", "dC/dz"],
        [
            (k, o_k, int(k == target), o_k - (k == target), gradient)
            for k, (o_k, gradient) in enumerate(zip(softmax(logits), class_gradients(logits, target)))
        ],
    )

    heading("A ReLU-ReLU-sigmoid network: every layer against the four equations")
    net, x, y = relu_relu_sigmoid(), [0.5, -1.2], 1.0
    rows = []
    for layer, (ours, hand) in enumerate(zip(engine_deltas(net, x, y), hand_deltas(net, x, y)), 1):
        rows += [(f"delta {layer},{j}", e, h, f"{abs(e - h):.1e}") for j, (e, h) in enumerate(zip(ours, hand), 1)]
    table(["", "engine", "four equations", "difference"], rows)
    say("A delta of 0 belongs to a ReLU that is off: no blame reaches it, nor anything behind it.")
