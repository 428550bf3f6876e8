"""Two moons: an MLP of scalars learns to tell two crescents apart, and draws the border that it found."""

from __future__ import annotations

import argparse
import random

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.table import Table
from sklearn.datasets import make_moons

import nn
from autograd import Value, native, no_grad
from autograd import sum as sum_of

EXAMPLES, STEPS, PENALTY = 100, 100, 1e-4
COLUMNS, ROWS = 72, 28


def data() -> tuple[list[list[float]], list[int]]:
    """Points in the plane and their labels, -1 or 1."""
    points, labels = make_moons(n_samples=EXAMPLES, noise=0.1, random_state=1337)
    return points.tolist(), [2 * int(label) - 1 for label in labels]


def loss_of(model: nn.MLP, points: list[list[float]], labels: list[int]) -> tuple[Value, float]:
    """Hinge loss with L2 penalty, and the share of points on the right side."""
    scores = [model(point) for point in points]
    penalty = PENALTY * sum_of([p * p for p in model.parameters()])
    right = sum((score.data > 0) == (label > 0) for score, label in zip(scores, labels))
    return nn.hinge(scores, labels) + penalty, right / len(labels)


def train(model: nn.MLP, steps: int = STEPS, console: Console | None = None) -> float:
    """Gradient descent on all points at once, with a falling learning rate; returns the last accuracy."""
    points, labels = data()
    optimiser = nn.SGD(model.parameters(), lr=1.0)
    accuracy = 0.0
    table = Table("step", "loss", "accuracy", "mean |gradient|", box=None)
    with Live(table, console=console or Console(quiet=True), refresh_per_second=4):
        for step in range(steps):
            loss, accuracy = loss_of(model, points, labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.lr = 1.0 - 0.9 * step / steps
            optimiser.step()
            if step % 10 == 0 or step == steps - 1:
                size = float(np.mean([abs(p.grad) for p in model.parameters()]))
                table.add_row(str(step), f"{loss.data:.6f}", f"{accuracy:.0%}", f"{size:.2e}")
    return accuracy


def picture(model: nn.MLP) -> str:
    """The plane in characters: the side that the model takes, and the points."""
    points, labels = data()
    xs = np.linspace(-1.6, 2.6, COLUMNS)
    ys = np.linspace(1.5, -1.0, ROWS)
    with no_grad():
        rows = [["░" if model([x, y]).data > 0 else " " for x in xs] for y in ys]
    for (x, y), label in zip(points, labels):
        rows[int(np.abs(ys - y).argmin())][int(np.abs(xs - x).argmin())] = "●" if label > 0 else "○"
    return "\n".join("".join(row) for row in rows)


def main(arguments: list[str]) -> None:
    """Train, and show the border."""
    parser = argparse.ArgumentParser(prog="python -m demos moons", description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of gradient descent (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1337, help="of the initial weights (default %(default)s)")
    options = parser.parse_args(arguments)

    random.seed(options.seed)
    model = nn.MLP(2, [16, 16, 1])
    console = Console()
    console.print(model)
    accuracy = train(model, options.steps, console)
    console.print(f"\ntraining accuracy after {options.steps} steps of the {native} engine: {accuracy:.0%}\n")
    console.print(picture(model), markup=False, highlight=False)
