"""How samples are taken; this runs in a rival's process.

`begin` gets a library ready for a task. It returns what is reported once, and a function that takes one sample, a dict
of numbers. The garbage collector is on, as it is for users, and its time is part of every time; a sample also says how
much it was.
"""

from __future__ import annotations

import ast
import gc
import importlib
import math
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import repeat
from time import perf_counter
from typing import Any, TypeAlias

from .problems import Problem
from .rivals import Rival
from .scalars import CHAIN_FACTOR, PROGRAMS, Engine, Library, Program, chain_of

Sample: TypeAlias = dict[str, float]
Setup: TypeAlias = tuple[dict[str, Any], Callable[[], Sample]]


class CollectionTimer:
    """Counts the seconds that garbage collection takes."""

    def __init__(self) -> None:
        self.seconds = self.began = 0.0
        gc.callbacks.append(self)

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self.began = perf_counter()
        else:
            self.seconds += perf_counter() - self.began


# --- whether all compute the same ---------------------------------------------------------------------------------


def program_to_check(measure: str, task: str, problem: Problem) -> tuple[str, Problem] | None:
    """The program, and its problem, whose loss and gradients must be right before samples are taken; None if none."""
    if measure == "imports":
        return None
    if measure == "compiling":
        return problem["program"], problem["parts"][-1]
    return (task, problem) if measure in ("steps", "chain") else ("chain", {"nodes": 1000})


def checksums(loss: float, gradients: list[float]) -> list[float]:
    """What rivals must agree on: the loss, and the gradients' number, sum, sum of sizes, and sum with signs mixed."""
    return [
        loss,
        float(len(gradients)),
        math.fsum(gradients),
        math.fsum(map(abs, gradients)),
        math.fsum(g * math.cos(i) for i, g in enumerate(gradients)),
    ]


def disagreement(sums: list[float], reference: list[float]) -> float:
    """The largest difference between two `checksums`, relative to the loss or to the gradients' sizes."""
    scales = [max(abs(reference[0]), 1.0), 1.0, *[max(reference[3], 1e-300)] * 3]
    differences = [abs(a - b) / scale for a, b, scale in zip(sums, reference, scales)]
    return math.inf if any(map(math.isnan, differences)) else max(differences)


# --- samples ------------------------------------------------------------------------------------------------------


def steps(program: Program, budget: float) -> Callable[[], Sample]:
    """Seconds of a step right after a full garbage collection, and the mean of as many more as fit into the budget."""
    step, timer = program.step, CollectionTimer()

    def several(times: int) -> float:
        began = perf_counter()
        for _ in repeat(None, times):
            step()
        return (perf_counter() - began) / times

    times = 1
    while (seconds := several(times) * times) < budget / 10.0:
        times *= 10
    times = max(1, round(times * budget / seconds))

    def sample() -> Sample:
        gc.collect()
        fresh = several(1)
        timer.seconds = 0.0
        return {"fresh": fresh, "seconds": several(times), "gc": timer.seconds / times}

    return sample


def lines_of(source: str, function: str) -> int:
    """How many lines the body of a function has in a source, its docstring and empty lines left out.

    >>> lines_of("def f(x):\\n    'Twice.'\\n    y = 2 * x\\n\\n    return y", "f")
    2
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = source.splitlines()[body[0].lineno - 1 : node.end_lineno]
            return sum(bool(line.strip()) for line in lines)
    raise ValueError(f"there is no function {function} in the source")


def chain(engine: Engine, problem: Problem, budget: float) -> Callable[[], Sample]:
    """Seconds to build, differentiate and free a chain."""
    return chains(engine, problem["nodes"], budget)


def chains(engine: Engine, nodes: int, budget: float) -> Callable[[], Sample]:
    """Seconds to build, differentiate and free a chain, as the mean of as many as fit into `budget` seconds."""
    timer = CollectionTimer()

    def sample() -> Sample:
        times, build, backward, free, timer.seconds = 0, 0.0, 0.0, 0.0, 0.0
        while times == 0 or build + backward + free < budget:
            times += 1
            start = perf_counter()
            leaves = engine.leaves([CHAIN_FACTOR])
            root = chain_of(leaves[0], nodes)
            built = perf_counter()
            engine.backward(root)
            swept = perf_counter()
            del root, leaves
            freed = perf_counter()
            build, backward, free = build + built - start, backward + swept - built, free + freed - swept
        sample = {"build": build, "backward": backward, "free": free, "gc": timer.seconds}
        return {"seconds": (build + backward + free) / times, **{name: x / times for name, x in sample.items()}}

    return sample


def sizes(engine: Engine, problem: Problem, budget: float) -> Callable[[], Sample]:
    """Seconds per node for chains of several lengths, as ``"<nodes> build"`` and so on."""
    samplers = {nodes: chains(engine, nodes, budget) for nodes in problem["sizes"]}

    def sample() -> Sample:
        whole: Sample = {}
        for nodes, sampler in samplers.items():
            whole.update({f"{nodes} {name}": seconds / nodes for name, seconds in sampler().items()})
        return whole

    return sample


def compiling(engine: Engine, problem: Problem, budget: float) -> Callable[[], Sample]:
    """Seconds per node to record and compile a program for each of the problem's parts, as ``"<nodes> seconds"``.

    The largest counts as ``"seconds"``.
    """
    program = problem["program"]
    parts_by_nodes = {engine.nodes(PROGRAMS[program](engine, part)()[0]): part for part in problem["parts"]}

    def sample() -> Sample:
        whole: Sample = {}
        for nodes, part in parts_by_nodes.items():
            times, seconds = 0, 0.0
            while times == 0 or seconds < budget:
                times += 1
                began = perf_counter()
                engine.program(program, part)
                seconds += perf_counter() - began
            whole[f"{nodes} seconds"] = whole["seconds"] = seconds / times / nodes
        return whole

    return sample


def memory(engine: Engine, problem: Problem, budget: float) -> Callable[[], Sample]:
    """Bytes per node of a chain; only the first sample of a process is valid, since later ones reuse its memory."""
    nodes = problem["nodes"]
    objects = engine.object_bytes(chain_of(engine.leaves([CHAIN_FACTOR])[0], 1000))

    def sample() -> Sample:
        gc.collect()
        before = resident()
        leaves = engine.leaves([CHAIN_FACTOR])
        root = chain_of(leaves[0], nodes)
        built = resident()
        engine.backward(root)
        swept = resident()
        sample = {"built": (built - before) / nodes, "swept": (swept - before) / nodes}
        return sample if objects is None else {**sample, "objects": objects}

    return sample


def resident() -> int:
    """Bytes of memory that this process holds now; where the system does not say, the most it ever held."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def imports(rival: Rival, problem: Problem) -> Setup:
    """Seconds that the import adds to the run time of a bare interpreter, and the modules that it loads."""
    statement = f"import {rival.package}"

    def seconds(program: str) -> float:
        began = perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
        return perf_counter() - began

    def sample() -> Sample:
        pairs = [(seconds("pass"), seconds(statement)) for _ in range(problem["starts"])]
        bare, loaded = (statistics.median(times) for times in zip(*pairs))
        return {"seconds": loaded - bare, "bare": bare}

    program = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    if found.returncode:
        last = found.stderr.strip().rpartition("\n")[2]
        raise ImportError(last or f"{statement} ends the process with code {found.returncode}")
    return {"modules": found.stdout.split()}, sample


def threads(engine: Engine, problem: Problem, budget: float) -> Callable[[], Sample]:
    """Graphs per second of all threads together; raises if any gradient is wrong.

    All numbers are integers, so that sums are exact in whatever order the threads add. A graph is (w . x)^2, with
    slopes 2 (w . x) x_i and 2 (w . x) w_i; the w are shared, each x belongs to one graph.
    """
    shared = [1.0, -2.0, 3.0]

    def sample() -> Sample:
        ws = engine.leaves(shared)
        totals = [[0.0] * len(shared) for _ in range(problem["threads"])]
        graphs, errors = [0] * problem["threads"], []
        deadline = perf_counter() + problem["seconds"]

        def work(own: int) -> None:
            try:
                while perf_counter() < deadline:
                    numbers = [float((graphs[own] + own + i) % 7) for i in range(len(shared))]
                    xs = engine.leaves(numbers)
                    product = engine.dot(ws, xs)
                    engine.backward(product * product)
                    exact = 2.0 * sum(w * x for w, x in zip(shared, numbers))
                    found = [engine.grad(x) for x in xs]
                    if found != [exact * w for w in shared]:
                        raise ArithmeticError(f"a wrong gradient, {found} at {numbers}")
                    totals[own] = [total + exact * x for total, x in zip(totals[own], numbers)]
                    graphs[own] += 1
            except Exception as error:
                errors.append(error)

        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-4)  # fifty times as often as usual, to provoke races
        began = perf_counter()
        workers = [threading.Thread(target=work, args=(own,)) for own in range(problem["threads"])]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seconds = perf_counter() - began
        sys.setswitchinterval(before)
        if errors:
            raise errors[0]
        expected = [sum(column) for column in zip(*totals)]
        found = [engine.grad(w) for w in ws]
        if found != expected:
            raise ArithmeticError(f"the shared leaves have the gradients {found}, and should have {expected}")
        return {"rate": sum(graphs) / seconds, "graphs": float(sum(graphs)), "seconds": seconds}

    return sample


GRAPHS: dict[str, Callable[[Engine, Problem, float], Callable[[], Sample]]] = {
    "chain": chain,
    "sizes": sizes,
    "compiling": compiling,
    "memory": memory,
    "threads": threads,
}


def begin(rival: Rival, measure: str, task: str, problem: Problem, budget: float) -> Setup:
    """Get everything ready and take the first step; returns its time and checksums, and what takes samples."""
    if measure == "imports":
        return imports(rival, problem)
    library: Library = importlib.import_module(f"benchmarks.rivals.{rival.module}").Library()
    began = perf_counter()
    program = library.program(*(program_to_check(measure, task, problem) or ()))
    made = program.step()
    first = perf_counter() - began
    sums = checksums(*program.read(made))
    del made
    report: dict[str, Any] = {"sums": sums, "first": first}
    if program.source:
        report["lines"] = lines_of(program.source, "step")
    if measure == "steps":
        return report, steps(program, budget)
    if not isinstance(library, Engine):
        raise TypeError(f"{rival.title} builds no graph of scalars")
    return report, GRAPHS[measure](library, problem, budget)
