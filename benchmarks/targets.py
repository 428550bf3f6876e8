"""The bounds that our results must keep, and whether those of a run do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .runner import Results
from .tasks import COMPILED, TASKS


@dataclass(frozen=True)
class Target:
    """A bound on a number that follows from the results.

    Parameters
    ----------
    title : str
        What is bounded.
    bound : float
    at_least : bool
        Whether the bound is a lower one.
    unit : str
    measured : callable
        The number, or None if the run did not measure it.
    """

    title: str
    bound: float
    at_least: bool
    unit: str
    measured: Callable[[Results], float | None]

    def met(self, number: float) -> bool:
        return number >= self.bound if self.at_least else number <= self.bound


def part(results: Results, task: str, rival: str) -> dict[str, Any]:
    """The rival's part of a task's results; empty if the run did not measure it."""
    found: dict[str, Any] = results["tasks"].get(task, {}).get("rivals", {}).get(rival, {})
    return found


def figure(results: Results, task: str, rival: str, key: str) -> float | None:
    """A median of the results; None if the run did not measure it."""
    found: float | None = part(results, task, rival).get("median", {}).get(key)
    return found


def sizes_of(median: dict[str, float]) -> list[int]:
    """The numbers of nodes for which there are medians, ``"<nodes> seconds"``.

    >>> sizes_of({"10090 seconds": 7e-6, "1666 seconds": 8e-6, "seconds": 7e-6})
    [1666, 10090]
    """
    return sorted(int(key.removesuffix(" seconds")) for key in median if key.endswith(" seconds"))


def best(results: Results, task: str, rival: str) -> float | None:
    """A step's time right after a full garbage collection, or later, whichever is less."""
    times = [figure(results, task, rival, key) for key in ("fresh", "seconds")]
    return min((x for x in times if x is not None), default=None)


def per_node(results: Results, nodes: int) -> float | None:
    """Seconds of compiling per node, for a graph of about so many nodes."""
    median: dict[str, float] = part(results, "compiling", "compiled-whole").get("median", {})
    near = [size for size in sizes_of(median) if abs(size - nodes) < 0.1 * nodes]
    return median[f"{near[0]} seconds"] if near else None


def compiling_seconds(results: Results, task: str, rival: str) -> float | None:
    """Seconds of compiling the largest graph of a task."""
    median: dict[str, float] = part(results, task, rival).get("median", {})
    return max((nodes * median[f"{nodes} seconds"] for nodes in sizes_of(median)), default=None)


def quotient(over: float | None, under: float | None) -> float | None:
    return None if over is None or not under else over / under


def scaled(x: float | None, factor: float) -> float | None:
    return None if x is None else x * factor


def _moons_speed(rival: str, reference: str, bound: float) -> Target:
    """The moons step, against the reference at its best."""

    def measured(results: Results) -> float | None:
        return quotient(best(results, "moons", reference), figure(results, "moons", rival, "seconds"))

    return Target(f"moons step, {NAMES[rival]}, against {NAMES[reference]}", bound, True, " times as fast", measured)


def _time_ratio(task: str, rival: str, reference: str, bound: float) -> Target:
    """A rival's time over the reference's, which must not be above `bound`."""

    def measured(results: Results) -> float | None:
        return quotient(figure(results, task, rival, "seconds"), figure(results, task, reference, "seconds"))

    title = f"{_title_in_sentence(task)}, {NAMES[rival]}, against {NAMES[reference]}"
    return Target(title, bound, False, " times its time", measured)


def _time_against_numpy(task: str, rival: str, bound: float) -> Target:
    return _time_ratio(task, rival, "numpy", bound)


def _training_speed(rival: str, bound: float) -> Target:
    """The training step of the GPT, against microgpt's design at its best."""

    def measured(results: Results) -> float | None:
        return quotient(best(results, "training", "microgpt"), figure(results, "training", rival, "seconds"))

    title = f"{_title_in_sentence('training')}, {NAMES[rival]}, against {NAMES['microgpt']}"
    return Target(title, bound, True, " times as fast", measured)


def _lines(task: str, rival: str, bound: float) -> Target:
    """The lines of the step in a compiled program."""
    title = f"{_title_in_sentence(task)}, {NAMES[rival]}, the program's step"
    return Target(title, bound, False, " lines", lambda results: part(results, task, rival).get("lines"))


def _title_in_sentence(task: str) -> str:
    """A task's title in a sentence."""
    title = TASKS[task].title
    return title if title[:2].isupper() else title[0].lower() + title[1:]


def _compiling_time(rival: str) -> Target:
    """The seconds that compiling causal attention takes, at the size of a learner's first transformer."""

    def measured(results: Results) -> float | None:
        return compiling_seconds(results, "compiling-causal", rival)

    return Target(f"compiling causal attention of 32 steps, {NAMES[rival]}", 1.0, False, " s", measured)


def _node_bytes(rival: str, bound: float) -> Target:
    return Target(f"a node, {rival}", bound, False, " bytes", lambda results: figure(results, "memory", rival, "built"))


def _import_time(rival: str) -> Target:
    def measured(results: Results) -> float | None:
        return scaled(figure(results, "imports", rival, "seconds"), 1e3)

    return Target(f"import autograd, {rival}, over the bare interpreter", 8.0, False, " ms", measured)


NAMES = {
    "micrograd": "micrograd",
    "microgpt": "microgpt's design",
    "xad": "XAD",
    "native": "native, own loops",
    "native-nn": "native, nn.MLP",
    "interpreted": "interpreted, own loops",
    "interpreted-nn": "interpreted, nn.MLP",
    "compiled": "compiled",
    "compiled-whole": "compiled whole graph",
    "compiled-jax": "compiled for JAX",
    "casadi": "CasADi",
    "torch": "PyTorch's tensors",
    "jax": "jax.jit by hand",
    "numpy": "NumPy by hand",
}
ATTENTION = [name for name, task in TASKS.items() if task.program == "attention"]
TARGETS = (
    _moons_speed("native", "micrograd", 25.0),
    _moons_speed("native", "xad", 5.0),
    _moons_speed("interpreted", "micrograd", 5.0),
    _moons_speed("native-nn", "micrograd", 120.0),
    _moons_speed("native-nn", "xad", 22.0),
    _moons_speed("interpreted-nn", "micrograd", 25.0),
    _moons_speed("compiled", "micrograd", 5000.0),
    Target(
        "moons step, compiled, against micrograd, the collector included",
        5000.0,
        True,
        " times as fast",
        lambda results: quotient(
            figure(results, "moons", "micrograd", "seconds"), figure(results, "moons", "compiled", "seconds")
        ),
    ),
    _moons_speed("compiled", "casadi", 5.0),
    _moons_speed("compiled", "torch", 3.0),
    _time_against_numpy("moons", "compiled", 1.25),
    _time_against_numpy("digits-128", "compiled", 1.15),
    _time_against_numpy("moons", "compiled-whole", 3.0),
    Target(
        "moons, compiled whole graph, from the data to the first gradient",
        3.0,
        False,
        " s",
        lambda results: part(results, "moons", "compiled-whole").get("first"),
    ),
    Target(
        "compiling, time per node at 10^6 nodes, against that at 10^4",
        2.0,
        False,
        " times",
        lambda results: quotient(per_node(results, 10**6), per_node(results, 10**4)),
    ),
    *(_time_against_numpy(task, "compiled", 1.5) for task in ATTENTION),
    *(_lines(task, "compiled", 89) for task in ATTENTION),
    *(_time_against_numpy(task, "compiled", 1.1) for task in ("rnn-1", "rnn-32")),
    *(_lines(task, "compiled", 29) for task in ("rnn-1", "rnn-32")),
    _time_against_numpy("gpt", "compiled-whole", 2.0),
    _training_speed("interpreted-nn", 5.0),
    _training_speed("native-nn", 10.0),
    _training_speed("compiled", 1000.0),
    Target(
        "micrograd's README expression, compiled whole graph",
        1.5,
        False,
        " µs",
        lambda results: scaled(figure(results, "expression", "compiled-whole", "seconds"), 1e6),
    ),
    _time_ratio("expression", "compiled-whole", "casadi", 7.0),
    *(_time_ratio(task, "compiled-jax", "jax", 1.15) for task in ("digits-128", "digits-784")),
    *map(_compiling_time, COMPILED),
    _node_bytes("native", 104.0),
    _node_bytes("interpreted", 260.0),
    Target(
        "time per node at 10^7 nodes, native, against that at 10^4",
        2.0,
        False,
        " times",
        lambda results: quotient(
            figure(results, "sizes", "native", "10000000 seconds"), figure(results, "sizes", "native", "10000 seconds")
        ),
    ),
    _import_time("native"),
    _import_time("interpreted"),
)
