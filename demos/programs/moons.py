"""Two moons: an MLP of scalars learns to tell two crescents apart, and draws the border that it found."""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.table import Table
from sklearn.datasets import make_moons

import autograd
import nn
from autograd import Value, engine, no_grad
from autograd import sum as sum_of

EXAMPLES, STEPS, PENALTY = 100, 100, 1e-4
COLUMNS, ROWS = 72, 28


def data() -> tuple[list[list[float]], list[int]]:
    """Points in the plane and their labels, -1 or 1."""
    points, labels = make_moons(n_samples=EXAMPLES, noise=0.1, random_state=1337)
    return points.tolist(), [2 * int(label) - 1 for label in labels]


def penalty(model: nn.MLP) -> Value:
    """The sum of the squares of all parameters, times a small number."""
    return PENALTY * sum_of([p * p for p in model.parameters()])  # type: ignore[no-any-return]


def eager_step(model: nn.MLP) -> Callable[[float], tuple[float, float, float]]:
    """A function that does one step of gradient descent on all points, scalar by scalar.

    It takes the learning rate. It returns the loss, the share of points on the right side, and the mean absolute value
    of the partial derivatives.
    """
    points, labels = data()
    optimiser = nn.SGD(model.parameters(), lr=1.0)

    def step(lr: float) -> tuple[float, float, float]:
        scores = [model(point) for point in points]
        loss = nn.hinge(scores, labels) + penalty(model)
        optimiser.zero_grad()
        loss.backward()
        optimiser.lr = lr
        optimiser.step()
        right = sum((score.data > 0) == (label > 0) for score, label in zip(scores, labels))
        return loss.data, right / len(labels), float(np.mean([abs(p.grad) for p in model.parameters()]))

    return step


def compiled_step(model: nn.MLP) -> Callable[[float], tuple[float, float, float]]:
    """The same step, with the program compiled from the loss of one point; it writes the parameters to the model."""
    points, labels = map(np.array, data())
    program = autograd.compile(lambda x, y: nn.hinge(model(x), y) + penalty(model), like=([0.0, 0.0], 0.0))
    score = autograd.compile(model, program.parameters, gradient=False, like=([0.0, 0.0],))
    optimiser = nn.SGD(program.parameters, lr=1.0)

    def step(lr: float) -> tuple[float, float, float]:
        right = float(np.mean((score(points) > 0) == (labels > 0)))
        loss, gradient = program(points, labels)
        optimiser.lr = lr
        optimiser.step()
        program.write_back()
        return loss, right, float(np.abs(gradient).mean())

    return step


def train(model: nn.MLP, steps: int = STEPS, console: Console | None = None, compiled: bool = False) -> float:
    """Gradient descent on all points at once, with a falling learning rate; returns the last accuracy."""
    step = compiled_step(model) if compiled else eager_step(model)
    accuracy = 0.0
    table = Table("step", "loss", "accuracy", "mean |gradient|", box=None)
    with Live(table, console=console or Console(quiet=True), refresh_per_second=4):
        for i in range(steps):
            loss, accuracy, size = step(1.0 - 0.9 * i / steps)
            if i % 10 == 0 or i == steps - 1:
                table.add_row(str(i), f"{loss:.6f}", f"{accuracy:.0%}", f"{size:.2e}")
    return accuracy


def picture(model: nn.MLP) -> str:
    """The plane in characters: shaded where the model's score is positive, with the points."""
    points, labels = data()
    xs = np.linspace(-1.6, 2.6, COLUMNS)
    ys = np.linspace(1.5, -1.0, ROWS)
    with no_grad():
        rows = [["░" if model([x, y]).data > 0 else " " for x in xs] for y in ys]
    for (x, y), label in zip(points, labels):
        rows[int(np.abs(ys - y).argmin())][int(np.abs(xs - x).argmin())] = "●" if label > 0 else "○"
    return "\n".join("".join(row) for row in rows)


def main(arguments: list[str]) -> None:
    """Train, and print the border between the classes."""
    parser = argparse.ArgumentParser(prog="python -m demos moons", description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of gradient descent (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1337, help="of the initial weights (default %(default)s)")
    parser.add_argument("--compiled", action="store_true", help="train the NumPy program that the scalars compile to")
    options = parser.parse_args(arguments)

    random.seed(options.seed)
    model = nn.MLP(2, [16, 16, 1])
    console = Console()
    console.print(model)
    began = time.perf_counter()
    accuracy = train(model, options.steps, console, options.compiled)
    computed_by = "compiled program" if options.compiled else f"{engine} engine"
    console.print(
        f"\ntraining accuracy after {options.steps} steps of the {computed_by}: {accuracy:.0%}, "
        f"{time.perf_counter() - began:.1f} s\n"
    )
    console.print(picture(model), markup=False, highlight=False)
