"""One run: a process for every rival, samples in turn, medians.

The dict that `run` returns is written as JSON; the page in docs lists its keys.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

from . import engines
from .engines import ROOT, Missing
from .measure import Sample, checksums, disagreement, program_to_check
from .problems import Problem
from .rivals import RIVALS, Rival
from .tasks import LARGEST, TASKS, Task

Results: TypeAlias = dict[str, Any]

TOLERANCE = 1e-6  # for the differences of losses and gradients, see `measure.disagreement`
BUDGET = 0.2  # seconds that a sample takes, if a single step does not take longer


class RunError(Exception):
    """The run cannot go on: a rival computes something else, or one of our own engines failed."""


class Worker:
    """The process of one rival; `folder` has the engine, if the rival is glassgrad itself."""

    def __init__(self, rival: Rival, folder: Path | None) -> None:
        self.rival, self.folder = rival, folder
        inherited = os.environ.get("PYTHONPATH")
        path = [str(entry) for entry in (folder, ROOT, inherited) if entry]
        # In matrix products as small as these, several threads would only wait for each other.
        one = {**{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}, "NPROC": "1"}  # XLA's name
        # The working folder comes before PYTHONPATH in `sys.path`, so it holds no packages, only the worker's stderr.
        self.scratch = tempfile.TemporaryDirectory()
        self.stderr_file = Path(self.scratch.name, "stderr")
        with open(self.stderr_file, "w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                cwd=self.scratch.name,
                env={**os.environ, **one, "PYTHONPATH": os.pathsep.join(path)},
            )

    def close(self) -> None:
        """End the process; a second call does no harm."""
        self.process.kill()
        with contextlib.suppress(BrokenPipeError, ValueError):
            self.process.communicate()
        self.scratch.cleanup()

    def ask(self, question: str = "") -> dict[str, Any]:
        """Send a line and wait for the answer.

        Raises
        ------
        Missing
            If the rival is not installed, or fails.
        RunError
            If the rival is one of our own, and fails.
        """
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        reply: dict[str, Any] = json.loads(answer) if answer else {"failed": self.failure_message()}
        if "failed" in reply and self.rival.engine:
            raise RunError(f"{self.rival.title} failed: {reply['failed']}")
        if reason := reply.get("failed") or reply.get("missing"):
            raise Missing(reason)
        return reply

    def failure_message(self) -> str:
        code = self.process.wait()
        lines = self.stderr_file.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"its process ended with code {code}" + (f" after {last!r}" if last else "")

    def begin(self, order: dict[str, Any], reference: list[float] | None) -> dict[str, Any]:
        """Get the rival ready; check its engine, and its loss and gradients against the reference."""
        reply = self.ask(json.dumps(order))
        if self.folder and (reply["engine"] != self.rival.engine or self.folder not in Path(reply["file"]).parents):
            raise RunError(
                f"{self.rival.title} should run {self.rival.engine} from {self.folder}, but it runs {reply['engine']} "
                f"from {reply['file']}"
            )
        if reference and not disagreement(reply["sums"], reference) < TOLERANCE:
            raise RunError(
                f"{self.rival.title} computes something else in {order['task']!r}: its loss and the checksums of its "
                f"gradients are {reply['sums']}, and derived by hand {reference}"
            )
        return reply


class Run:
    """What the tasks of one run share."""

    def __init__(self, rivals: Iterable[str], rounds: int, quick: bool, tell: Callable[[str], None]) -> None:
        self.rivals, self.rounds, self.quick, self.tell = set(rivals), rounds, quick, tell
        self.folders: dict[str, Path] = {}  # of our own engines, by name
        self.absent: dict[str, str] = {}  # why there is no such folder
        self.native = ""  # where the native build comes from
        self.versions = {"python": platform.python_version()}

    def find_engines(self, native_folder: str | None) -> None:
        """Find the folders of our own engines, as far as they are needed."""
        needed = {RIVALS[rival].engine for rival in self.rivals}
        if "interpreted" in needed:
            self.folders["interpreted"] = engines.interpreted()
        if "native" in needed:
            self.tell("looking for a native build of glassgrad")
            try:
                self.folders["native"], self.native = engines.native(native_folder)
            except Missing as reason:
                self.absent["native"] = str(reason)

    def worker(self, name: str) -> Worker:
        rival = RIVALS[name]
        if rival.engine in self.absent:
            raise Missing(self.absent[rival.engine])
        return Worker(rival, self.folders[rival.engine] if rival.engine else None)

    def measure(self, name: str) -> dict[str, Any]:
        """The results of one task, for which all rivals are measured in turn."""
        task = TASKS[name]
        problem = task.problem(self.quick)
        reference = reference_checksums(task, task.program or name, problem)
        replies: dict[str, dict[str, Any]] = {}
        samples: dict[str, list[Sample]] = {rival: [] for rival in task.rivals if rival in self.rivals}
        missing = {rival: reason for rival, reason in task.left_out.items() if rival in self.rivals}
        workers: dict[str, Worker] = {}
        with ExitStack() as stack:
            rounds = min(self.rounds, task.rounds)
            for i in range(rounds):
                for rival in [rival for rival in samples if rival not in missing]:
                    self.tell(f"{name}: round {i + 1} of {rounds}, {RIVALS[rival].title}")
                    try:
                        if i == 0 or task.fresh:
                            worker = workers[rival] = self.worker(rival)
                            stack.callback(worker.close)
                            replies[rival] = worker.begin(self.order(rival, task, name, problem), reference)
                        samples[rival].append(workers[rival].ask())
                        if task.fresh:
                            workers[rival].close()
                    except Missing as reason:
                        missing[rival] = str(reason)
        measured = {rival: its_samples for rival, its_samples in samples.items() if rival not in missing}
        self.versions.update(
            {RIVALS[rival].distribution: replies[rival]["version"] for rival in measured if "version" in replies[rival]}
        )
        return {
            "title": task.title,
            "what": task.what,
            "figure": task.figure,
            "rivals": {
                rival: {
                    "median": {key: statistics.median(sample[key] for sample in its_samples) for key in its_samples[0]},
                    "samples": its_samples,
                    **{key: replies[rival][key] for key in ("first", "lines", "modules") if key in replies[rival]},
                }
                for rival, its_samples in measured.items()
            },
            "missing": missing,
        }

    def order(self, rival: str, task: Task, name: str, problem: Problem) -> dict[str, Any]:
        """The first line that the rival's process is given, see `worker`."""
        if task.measure == "sizes":
            problem = {"sizes": [nodes for nodes in problem["sizes"] if nodes <= LARGEST.get(rival, nodes)]}
        budget = BUDGET / 10.0 if self.quick else BUDGET
        return {
            "rival": rival,
            "measure": task.measure,
            "task": task.program or name,
            "problem": problem,
            "budget": budget,
        }


def reference_checksums(task: Task, name: str, problem: Problem) -> list[float] | None:
    """The reference: checksums of the loss and gradients derived by hand."""
    from .rivals.by_hand import Library

    program = program_to_check(task.measure, name, problem)
    if program is None:
        return None
    made = Library().program(*program)
    return checksums(*made.read(made.step()))


def machine() -> dict[str, Any]:
    """What the run runs on."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), model)
    return {
        "platform": platform.platform(),
        "processor": model,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def run(
    tasks: Iterable[str],
    rivals: Iterable[str],
    rounds: int = 5,
    quick: bool = False,
    native: str | None = None,
    command: str = "",
    tell: Callable[[str], None] = lambda text: None,
) -> Results:
    """Measure rivals in tasks, and return the results.

    Parameters
    ----------
    tasks, rivals : names
        Of `TASKS` and of `RIVALS`.
    rounds : int
        Samples of each rival.
    quick : bool
        Small problems and short samples, to see that everything works.
    native : str, optional
        The folder of the native build, see `engines.native`.
    command : str
        The command that repeats the run, to be noted with the results.
    tell : callable
        Called with a line on what is being measured.

    Raises
    ------
    RunError
        If a rival's loss or gradients are not those derived by hand, or if one of our own engines fails.
    """
    this = Run(rivals, rounds, quick, tell)
    before = machine()
    this.find_engines(native)
    measured = {name: this.measure(name) for name in tasks}
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": command,
        "rounds": rounds,
        "quick": quick,
        "machine": before,
        "versions": this.versions,
        "native": this.native or this.absent.get("native", ""),
        "tasks": measured,
    }
