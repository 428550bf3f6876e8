"""How long each lesson runs: ``python -m demos --measure [LESSON ...]`` runs lessons, and writes ``times.json``.

The times are for the course's table: the processor time of one run of a lesson in a process of its own, imports
included, on the machine named in the file. On an idle machine the elapsed time is about the same.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

from autograd import engine, write_text

from .course import TIMES, Lesson


def write(known: list[Lesson], names: list[str]) -> None:
    """Measure the lessons named, or all; keep the times measured before for the others."""
    measured = json.loads(TIMES.read_text(encoding="utf-8"))["seconds"] if TIMES.exists() else {}
    measured = {lesson.path.stem: measured[lesson.path.stem] for lesson in known if lesson.path.stem in measured}
    for lesson in known:
        if not names or lesson.name in names or str(lesson.number) in names:
            measured[lesson.path.stem] = round(seconds(lesson), 1)
            print(f"{lesson.number:>2} {lesson.name:<24} {measured[lesson.path.stem]:.1f} s", flush=True)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {engine} engine"
    document = {"machine": machine, "seconds": dict(sorted(measured.items()))}
    write_text(TIMES, json.dumps(document, indent=1) + "\n")


def seconds(lesson: Lesson) -> float:
    """The processor time of one run."""
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "demos", lesson.name], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system
