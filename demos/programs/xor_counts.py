"""XOR from many starts: for each of several recipes, how many networks learn it, and where the others end.

A recipe is a network, a loss, a way to draw the first weights, and a way to train. Each is tried from 100 seeds.
``--write`` keeps what came out in ``classroom/xor_counts.json``, which the lesson on XOR reads.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import autograd
import nn
from autograd import Value, no_grad, write_text
from autograd import sum as sum_of

from ..classroom.lesson import table

FILE = Path(__file__).parent.parent / "classroom" / "xor_counts.json"
SEEDS = range(100)
PATTERNS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
TARGETS = [0.0, 1.0, 1.0, 0.0]


# --- recipes ---------------------------------------------------------------------------------------------------------

_SGD = partial(nn.SGD, lr=0.5)
_ADAM = partial(nn.Adam, lr=0.05)


@dataclass(frozen=True)
class Recipe:
    """How a network 2-n-1 is made and trained.

    `loss_factor` multiplies the loss, and so the gradient: textbooks train with half the squared error, that is with
    0.5. With 1.0 the steps are twice as long.
    """

    name: str
    words: str
    network: Callable[[int], nn.MLP]
    loss: Callable[[Any, Any], Any]
    epochs: int
    optimiser: Callable[[Any], nn.Optimizer] = _SGD
    loss_factor: float = 1.0


def normal(seed: int, units: int, activation: str, scale: float) -> nn.MLP:
    """A network with weights N(0, 1) times `scale`, drawn by NumPy as in textbooks, a matrix inputs x units a layer."""
    import numpy as np

    random = np.random.RandomState(seed)
    net = nn.MLP(2, [units, 1], activation=activation, output_activation="sigmoid", init="zeros")
    for layer, nin in zip(net.layers, (2, units)):
        weights = random.randn(nin, len(layer.neurons)) * scale
        for j, neuron in enumerate(layer.neurons):
            for i, w in enumerate(neuron.w):
                w.data = float(weights[i, j])
    return net


def drawn(seed: int, units: int, activation: str, init: str) -> nn.MLP:
    """A network with weights drawn by one of the initialisers of `nn.init`."""
    return nn.MLP(2, [units, 1], activation=activation, output_activation="sigmoid", init=init, seed=seed)


_relu = partial(normal, units=4, activation="relu", scale=0.5)
_small = partial(normal, units=4, activation="sigmoid", scale=0.01)
_ordinary = partial(normal, units=4, activation="sigmoid", scale=1.0)
_he = partial(drawn, units=8, activation="relu", init="kaiming_uniform")
_xavier = partial(drawn, activation="tanh", init="xavier_uniform")

RECIPES = [
    Recipe("relu", "4 ReLUs, N(0,1)·0.5, BCE", _relu, nn.bce, 10_000),
    Recipe("relu_long", "4 ReLUs, N(0,1)·0.5, BCE", _relu, nn.bce, 100_000),
    Recipe("relu_he", "8 ReLUs, He, BCE", _he, nn.bce, 10_000),
    Recipe("small", "4 sigmoids, N(0,1)·0.01, MSE", _small, nn.mse, 5_000, loss_factor=0.5),
    Recipe("small_full", "4 sigmoids, N(0,1)·0.01, MSE, twice the rate", _small, nn.mse, 5_000),
    Recipe("small_long", "4 sigmoids, N(0,1)·0.01, MSE", _small, nn.mse, 100_000, loss_factor=0.5),
    Recipe("ordinary", "4 sigmoids, N(0,1), MSE", _ordinary, nn.mse, 5_000, loss_factor=0.5),
    Recipe("tanh_4", "4 tanh, Xavier, BCE, Adam", partial(_xavier, units=4), nn.bce, 1_000, _ADAM),
    Recipe("tanh_8", "8 tanh, Xavier, BCE, Adam", partial(_xavier, units=8), nn.bce, 1_000, _ADAM),
]


# --- what comes out --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """Where one network ended.

    Its outputs for the four patterns and its loss; and for ReLUs, for each hidden unit, the patterns for which it is
    on, in the order of `PATTERNS`: "0100" is on for (0, 1) alone.
    """

    seed: int
    outputs: list[float]
    loss: float
    on: list[str] | None = None

    @property
    def solved(self) -> bool:
        """Whether all four outputs are on the right side of 0.5."""
        return all((output > 0.5) == (target > 0.5) for output, target in zip(self.outputs, TARGETS))

    @property
    def dead(self) -> int:
        """How many hidden ReLUs are off for every pattern."""
        return sum("1" not in unit for unit in self.on or ())

    @property
    def unseen(self) -> list[int]:
        """The numbers of the patterns for which every hidden ReLU is off."""
        return [k for k in range(len(PATTERNS)) if self.on is not None and all(unit[k] == "0" for unit in self.on)]


def train(recipe: Recipe, seeds: Iterable[int] = SEEDS, epochs: int | None = None) -> list[Outcome]:
    """Train a network from each seed, and return where each ended.

    All networks are compiled into one program for the sum of their losses: no network's loss depends on another's
    parameters, so each gets its own gradient. A step takes hardly longer than that of one network.
    """
    seeds = list(seeds)
    nets = [recipe.network(seed) for seed in seeds]

    def losses(x: Any, y: Any) -> Any:
        return recipe.loss_factor * sum_of([recipe.loss(net(x), y) for net in nets])

    parameters = [p for net in nets for p in net.parameters()]
    program = autograd.compile(losses, parameters, like=(PATTERNS[0], TARGETS[0]))
    optimiser = recipe.optimiser(program.parameters)
    for _ in range(recipe.epochs if epochs is None else epochs):
        program(PATTERNS, TARGETS)
        optimiser.step()
    program.write_back()
    return [outcome(recipe, net, seed) for net, seed in zip(nets, seeds)]


def outcome(recipe: Recipe, net: nn.MLP, seed: int) -> Outcome:
    """The outputs, the loss and the active units of a network as it is now."""
    with no_grad():
        outputs = [_number(net(x)) for x in PATTERNS]
        hidden = [net.layers[0](x) for x in PATTERNS]
    on = None
    if net.layers[0].neurons[0].activation == "relu":
        on = ["".join("01"[_number(a) > 0] for a in unit) for unit in zip(*hidden)]
    return Outcome(seed, outputs, _number(recipe.loss(outputs, TARGETS)), on)


def _number(x: Value | float) -> float:
    return x.data if isinstance(x, Value) else float(x)


# --- the file --------------------------------------------------------------------------------------------------------


def stored() -> dict[str, list[Outcome]]:
    """Read the file: the results that were measured last, by the names of the recipes."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: [Outcome(**outcome) for outcome in runs] for name, runs in document["ended"].items()}


def write(measured: dict[str, list[Outcome]], seconds: float) -> None:
    """Write the results to the file, with six significant digits, one network a line."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    parts = []
    for name, runs in measured.items():
        lines = []
        for run in runs:
            fields = {key: value for key, value in asdict(run).items() if value is not None}
            fields["outputs"] = [_six_digits(output) for output in run.outputs]
            fields["loss"] = _six_digits(run.loss)
            lines.append("   " + json.dumps(fields))
        parts.append(f'  "{name}": [\n' + ",\n".join(lines) + "\n  ]")
    head = {"command": "python -m demos xor_counts --write", "machine": machine, "seconds": round(seconds)}
    text = json.dumps(head)[1:-1] + ',\n "ended": {\n' + ",\n".join(parts) + "\n }"
    write_text(FILE, "{" + text + "}\n")


def _six_digits(x: float) -> float:
    return float(f"{x:.6g}")


# --- the command -----------------------------------------------------------------------------------------------------


def where_stuck(runs: list[Outcome]) -> str:
    """The losses of the networks that failed, to three decimals, each with how many ended there."""
    counts = Counter(f"{run.loss:.3f}" for run in runs if not run.solved)
    return ", ".join(f"{loss} ({count})" for loss, count in sorted(counts.items()))


def main(arguments: list[str]) -> None:
    """Try every recipe, and print how many learnt XOR."""
    parser = argparse.ArgumentParser(prog="python -m demos xor_counts", description=__doc__)
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="how many starts (default %(default)s)")
    parser.add_argument("--write", action="store_true", help=f"keep the results in {FILE.name}; of all starts only")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error("--seeds must be at least 1")
    if options.write and options.seeds != len(SEEDS):
        parser.error(f"--write keeps the results of {len(SEEDS)} starts; leave --seeds out")

    began = time.perf_counter()
    measured = {}
    for recipe in RECIPES:
        print(f"{recipe.words}, {recipe.epochs:,} epochs ...", file=sys.stderr, flush=True)
        measured[recipe.name] = train(recipe, range(options.seeds))
    seconds = time.perf_counter() - began
    table(
        ["recipe", "epochs", "solved", "losses of the others"],
        [
            (recipe.words, f"{recipe.epochs:,}", sum(run.solved for run in runs), where_stuck(runs) or "-")
            for recipe, runs in ((recipe, measured[recipe.name]) for recipe in RECIPES)
        ],
    )
    print(f"{options.seeds} starts each, {seconds:.0f} s")
    if options.write:
        write(measured, seconds)
