"""Handwritten digits: an MLP of scalars learns to read 1,797 real 8x8 images, and shows what it misreads."""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
import time
from pathlib import Path

import numpy as np
from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sklearn.datasets import load_digits

import autograd
import nn
from autograd import Value, engine, no_grad, write_text
from nn.functional import softmax

Image = list[float]

SHADES = " ░▒▓█"
MODEL = Path("digits-model.json")


def data(seed: int = 0) -> tuple[list[tuple[Image, int]], list[tuple[Image, int]]]:
    """The images, 64 brightnesses in [0, 1], with their digits: a training set, and a fifth held out."""
    bunch = load_digits()
    examples = [
        ([pixel / 16 for pixel in image], int(digit)) for image, digit in zip(bunch.data.tolist(), bunch.target)
    ]
    random.Random(seed).shuffle(examples)
    held_out = len(examples) // 5
    return examples[held_out:], examples[:held_out]


def network(hidden: int, seed: int) -> nn.MLP:
    """64 pixels, a hidden layer of ReLUs, 10 logits."""
    return nn.MLP(64, [hidden, 10], activation="relu", init="kaiming_uniform", seed=seed)


def predictions(model: nn.MLP, examples: list[tuple[Image, int]]) -> list[int]:
    """The digit that the model reads in each image."""
    with no_grad():
        return [argmax([logit.data for logit in model(image)]) for image, _ in examples]


def argmax(xs: list[float]) -> int:
    """The position of the largest number."""
    return max(range(len(xs)), key=xs.__getitem__)


class Eager:
    """Training scalar by scalar: the engine records every batch's graph and walks back through it."""

    name = f"the {engine} engine"

    def __init__(self, model: nn.MLP) -> None:
        self.model = model
        self.optimiser = nn.Adam(model.parameters())
        self.layers = [layer.parameters() for layer in model.layers]

    def step(self, part: list[tuple[Image, int]]) -> tuple[float, float]:
        """One step on a batch; returns its loss, and the share of images read correctly, both before the step."""
        logits = [self.model(image) for image, _ in part]
        targets = [digit for _, digit in part]
        loss = nn.cross_entropy(logits, targets)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        right = sum(argmax([z.data for z in zs]) == digit for zs, digit in zip(logits, targets))
        return loss.data, right / len(part)

    def norms(self) -> list[float]:
        """The norm of each layer's gradient in the latest step."""
        return [math.hypot(*[p.grad for p in ps]) for ps in self.layers]

    def finish(self) -> None:
        """Nothing to do: the steps have trained the model itself."""


class Compiled:
    """The same training, with the program compiled from the loss of one image."""

    def __init__(self, model: nn.MLP, backend: str = "numpy") -> None:
        image, digit = [0.0] * len(model.layers[0].neurons[0].w), 0
        self.name = f"the compiled program ({backend})"
        self.program = autograd.compile(
            lambda x, t: nn.cross_entropy(model(x), t), model, like=(image, digit), backend=backend
        )
        self.logits = autograd.compile(model, self.program.parameters, gradient=False, like=(image,), backend=backend)
        self.optimiser = nn.Adam(self.program.parameters)
        self.layers = [str(i) for i in range(1, len(model.layers) + 1)]

    def step(self, part: list[tuple[Image, int]]) -> tuple[float, float]:
        """One step on a batch; returns its loss, and the share of images read correctly, both before the step."""
        images, digits = (np.array(column, dtype=float) for column in zip(*part))
        right = float(np.mean(self.logits(images).argmax(axis=1) == digits))
        loss, _ = self.program(images, digits)
        self.optimiser.step()
        return loss, right

    def norms(self) -> list[float]:
        """The norm of each layer's gradient in the latest step."""
        parameters = self.program.parameters
        parts = [[parameters.view(parameters.grad, letter + layer) for letter in "Wb"] for layer in self.layers]
        return [math.hypot(*[float(np.linalg.norm(part)) for part in layer]) for layer in parts]

    def finish(self) -> None:
        """Write the trained parameters back to the model."""
        self.program.write_back()


def train(
    trainer: Eager | Compiled,
    examples: list[tuple[Image, int]],
    epochs: int,
    seed: int = 0,
    console: Console | None = None,
) -> list[list[float]]:
    """Adam on mini-batches of 32; returns for each epoch the norm of each layer's gradient, averaged over steps."""
    batch = 32
    order = random.Random(seed)
    norms: list[list[float]] = []
    steps = math.ceil(len(examples) / batch)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("loss {task.fields[loss]:.4f}  last batch {task.fields[right]:.0%} right"),
    )
    with Progress(*columns, console=console or Console(quiet=True)) as progress:
        task = progress.add_task("training", total=epochs * steps, loss=float("nan"), right=0.0)
        for epoch in range(epochs):
            trainer.optimiser.lr = 0.004 * (1 - epoch / epochs) ** 0.5
            shuffled = order.sample(examples, len(examples))
            norms.append([0.0] * len(trainer.layers))
            for start in range(0, len(shuffled), batch):
                loss, right = trainer.step(shuffled[start : start + batch])
                norms[-1] = [total + norm / steps for total, norm in zip(norms[-1], trainer.norms())]
                progress.update(task, advance=1, loss=loss, right=right)
    trainer.finish()
    return norms


def drawing(image: Image) -> str:
    """An image in eight lines of text."""
    cells = [SHADES[min(int(pixel * len(SHADES)), len(SHADES) - 1)] * 2 for pixel in image]
    return "\n".join("".join(cells[row : row + 8]) for row in range(0, 64, 8))


def report(model: nn.MLP, examples: list[tuple[Image, int]], console: Console) -> float:
    """Print the accuracy, the confusion matrix and some misread digits; returns the accuracy."""
    read = predictions(model, examples)
    counts = [[0] * 10 for _ in range(10)]
    for (_, digit), guess in zip(examples, read):
        counts[digit][guess] += 1
    accuracy = sum(counts[d][d] for d in range(10)) / len(examples)

    table = Table("is \\ read as", *map(str, range(10)), title="confusion, held-out images")
    for digit, row in enumerate(counts):
        table.add_row(str(digit), *(str(n) if n else "·" for n in row))
    console.print(table)

    misread = [(image, digit, guess) for (image, digit), guess in zip(examples, read) if digit != guess]
    panels = [Panel.fit(drawing(image), title=f"{digit} read as {guess}") for image, digit, guess in misread[:12]]
    console.print(f"\n{len(misread)} of {len(examples)} misread" + (", the first 12:" if len(misread) > 12 else ":"))
    console.print(Columns(panels))
    console.print(f"test accuracy: [bold]{accuracy:.2%}[/bold] on {len(examples)} held-out images")
    return accuracy


def show_norms(norms: list[list[float]], console: Console) -> None:
    """Print the gradient norm of each layer in some of the epochs."""
    table = Table("epoch", *(f"layer {i}" for i, _ in enumerate(norms[0], 1)), title="mean gradient norm")
    for epoch in sorted({0, *range(4, len(norms), 5), len(norms) - 1}):
        table.add_row(str(epoch + 1), *(f"{norm:.4f}" for norm in norms[epoch]))
    console.print(table)


def classify(path: Path, indices: list[int], console: Console) -> None:
    """Load a model and read single held-out images with it."""
    _, metadata = nn.load_file(path)
    hidden = metadata.get("hidden")
    if not isinstance(hidden, int) or not 0 < hidden <= 4096:
        raise ValueError(f"{path} was not saved by this demo: its metadata name no hidden layer ({hidden!r})")
    model = network(hidden, seed=0)
    model.load(path)
    _, held_out = data()
    for index in indices:
        if not 0 <= index < len(held_out):
            raise ValueError(f"there is no held-out image {index}; they are numbered 0 to {len(held_out) - 1}")
        image, digit = held_out[index]
        with no_grad():
            logits: list[Value] = model(image)
        shares = [share.data if isinstance(share, Value) else share for share in softmax(logits)]
        guess = argmax(shares)
        bars = [f"{d} {'█' * round(30 * share)} {share:.1%}" for d, share in enumerate(shares) if share > 0.001]
        picture = Panel.fit(drawing(image), title=f"image {index}, a {digit}")
        console.print(Columns([picture, Panel.fit("\n".join(bars))]))
        console.print(f"read as {guess}\n")


def main(arguments: list[str]) -> None:
    """Train, report and save; or load and classify."""
    parser = argparse.ArgumentParser(prog="python -m demos digits", description=__doc__)
    parser.add_argument("--epochs", type=int, default=20, help="passes over the training set (default %(default)s)")
    parser.add_argument("--hidden", type=int, default=32, help="neurons in the hidden layer (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and shuffling (default %(default)s)")
    parser.add_argument("--save", type=Path, default=MODEL, help="where the model goes (default %(default)s)")
    parser.add_argument("--classify", type=int, nargs="+", metavar="IMAGE", help="load the model, read these images")
    parser.add_argument("--compiled", action="store_true", help="train the program that the scalars compile to")
    parser.add_argument("--backend", choices=("numpy", "jax"), help="what runs it (with --compiled; default numpy)")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="keep the report as a picture, too")
    options = parser.parse_args(arguments)
    if options.epochs < 1 or options.hidden < 1:
        parser.error("--epochs and --hidden must be at least 1")
    if options.backend and not options.compiled:
        parser.error("--backend is for the program of --compiled")

    console = Console()
    if options.classify:
        try:
            classify(options.save, options.classify, console)
        except (ValueError, OSError) as error:
            sys.exit(f"error: {error}")
        return

    training, held_out = data()
    model = network(options.hidden, options.seed)
    console.print(
        f"64-{options.hidden}-10 network of {len(model.parameters()):,} scalar parameters; {len(training)} images to "
        f"learn from, {len(held_out)} held out"
    )
    start = time.perf_counter()
    trainer = Compiled(model, options.backend or "numpy") if options.compiled else Eager(model)
    norms = train(trainer, training, options.epochs, options.seed, console)
    console.print(f"trained in {time.perf_counter() - start:.1f} s by {trainer.name}\n")
    show_norms(norms, console)
    console.record = options.svg is not None
    report(model, held_out, console)
    if options.svg:
        svg = console.export_svg(title="python -m demos digits")
        write_text(options.svg, re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))  # no fonts from the network
    model.save(options.save, metadata={"hidden": options.hidden})
    console.print(f"model saved: {options.save}; read single images with --classify 0 1 2")
