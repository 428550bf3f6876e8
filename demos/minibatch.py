"""A mini-batch: the engine's gradients, summed example by example, against the four vectorised equations."""

from __future__ import annotations

import numpy as np

import nn
from autograd import Value
from autograd import sum as sum_of

from .lesson import heading, no_options, say, show, table

X = np.array([[0.05, 0.10], [0.10, 0.20], [0.15, 0.30]])
Y = np.array([0.01, 0.02, 0.03])
RATE, EPOCHS = 0.5, 1001


def initial() -> tuple[np.ndarray, np.ndarray]:
    """Weights of the two layers, N(0, 1) * 0.1 from NumPy's seed 42; the biases start at zero."""
    random = np.random.RandomState(42)
    return random.randn(3, 2) * 0.1, random.randn(1, 3) * 0.1


def equations(epochs: int = EPOCHS) -> list[float]:
    """The loss 1/(2m) sum (a - y)**2 at every epoch, from the four equations with matrices."""
    w1, w2 = initial()
    b1, b2 = np.zeros((3, 1)), np.zeros((1, 1))
    m, losses = len(X), []
    for _ in range(epochs):
        a1 = 1 / (1 + np.exp(-(w1 @ X.T + b1)))
        a2 = 1 / (1 + np.exp(-(w2 @ a1 + b2)))
        losses.append(float(np.sum((a2 - Y) ** 2) / (2 * m)))
        delta2 = (a2 - Y) / m * a2 * (1 - a2)
        delta1 = w2.T @ delta2 * a1 * (1 - a1)
        w2, b2 = w2 - RATE * delta2 @ a1.T, b2 - RATE * delta2.sum(axis=1, keepdims=True)
        w1, b1 = w1 - RATE * delta1 @ X, b1 - RATE * delta1.sum(axis=1, keepdims=True)
    return losses


def network() -> nn.MLP:
    """The same network, of Values."""
    net = nn.MLP(2, [3, 1], activation="sigmoid", output_activation="sigmoid", init="zeros")
    for layer, weights in zip(net.layers, initial()):
        for neuron, row in zip(layer.neurons, weights):
            for w, number in zip(neuron.w, row):
                w.data = number
    return net


def batch_loss(net: nn.MLP) -> Value:
    """1/(2m) sum (a - y)**2."""
    return sum_of([(net(x) - y) ** 2 for x, y in zip(X, Y)]) / (2 * len(X))  # type: ignore[no-any-return]


def engine(epochs: int = EPOCHS) -> list[float]:
    """The loss at every epoch, from the engine."""
    net = network()
    optimiser = nn.SGD(net.parameters(), lr=RATE)
    losses = []
    for _ in range(epochs):
        loss = batch_loss(net)
        losses.append(loss.data)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return losses


def main(arguments: list[str]) -> None:
    """Tell the lesson."""
    no_options(arguments, __doc__)
    heading("Three examples, a 2-3-1 sigmoid network, 1001 epochs")
    ours, theirs = engine(), equations()
    table(
        ["epoch", "engine", "four equations"],
        [(epoch, ours[epoch], theirs[epoch]) for epoch in range(0, EPOCHS, 100)],
    )
    worst = max(abs(a - b) for a, b in zip(ours, theirs))
    show(f"largest difference over all epochs: {worst:.1e}")
    say(
        "The matrices hold the same sums: each entry of delta @ a.T adds up, over the examples, what the chain rule "
        "sends to one weight."
    )
