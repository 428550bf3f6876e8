"""What we hold ourselves to, and whether a run bears it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .runner import Results


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


def figure(results: Results, task: str, rival: str, key: str) -> float | None:
    """A median of the results, if it is there."""
    found: float | None = results["tasks"].get(task, {}).get("rivals", {}).get(rival, {}).get("median", {}).get(key)
    return found


def quotient(over: float | None, under: float | None) -> float | None:
    return None if over is None or not under else over / under


def _faster(rival: str, reference: str, bound: float) -> Target:
    """The moons step, against the reference at its best: right after a full garbage collection, or later."""

    def measured(results: Results) -> float | None:
        times = [figure(results, "moons", reference, key) for key in ("fresh", "seconds")]
        return quotient(
            min((x for x in times if x is not None), default=None), figure(results, "moons", rival, "seconds")
        )

    return Target(f"moons step, {NAMES[rival]}, against {NAMES[reference]}", bound, True, " times as fast", measured)


def _bytes(rival: str, bound: float) -> Target:
    return Target(f"a node, {rival}", bound, False, " bytes", lambda results: figure(results, "memory", rival, "built"))


def _import(rival: str) -> Target:
    def measured(results: Results) -> float | None:
        seconds = figure(results, "imports", rival, "seconds")
        return None if seconds is None else seconds * 1000.0

    return Target(f"import autograd, {rival}, over the bare interpreter", 20.0, False, " ms", measured)


NAMES = {
    "micrograd": "micrograd",
    "xad": "XAD",
    "native": "native, own loops",
    "native-nn": "native, nn.MLP",
    "interpreted": "interpreted, own loops",
    "interpreted-nn": "interpreted, nn.MLP",
}
TARGETS = (
    _faster("native", "micrograd", 25.0),
    _faster("native", "xad", 3.0),
    _faster("interpreted", "micrograd", 5.0),
    _faster("native-nn", "micrograd", 120.0),
    _faster("native-nn", "xad", 12.0),
    _faster("interpreted-nn", "micrograd", 25.0),
    _bytes("native", 128.0),
    _bytes("interpreted", 260.0),
    Target(
        "time per node at 10^7 nodes, native, against that at 10^4",
        2.0,
        False,
        " times",
        lambda results: quotient(
            figure(results, "sizes", "native", "10000000 seconds"), figure(results, "sizes", "native", "10000 seconds")
        ),
    ),
    _import("native"),
    _import("interpreted"),
)
