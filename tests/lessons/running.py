"""Runs lessons for tests: each once in a process, without output."""

from __future__ import annotations

import contextlib
import io
from functools import lru_cache
from types import ModuleType
from typing import Any

import pytest

from demos.classroom.course import Lesson, lessons


def lesson(name: str) -> Lesson:
    """The lesson of this name."""
    return next(lesson for lesson in lessons() if lesson.name == name)


@lru_cache
def _ran(name: str) -> tuple[ModuleType, str]:
    from rich.console import Console

    from demos.classroom.terminal import run

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        module = run(lesson(name), [], Console(file=out, width=80, highlight=False))
    return module, out.getvalue()


def ran(name: str) -> ModuleType:
    """The lesson's module after it has run; skips the test if a library that the lesson imports is missing."""
    try:
        return _ran(name)[0]
    except ModuleNotFoundError as missing:
        if missing.name in (None, "autograd", "nn", "demos"):
            raise
        pytest.skip(f"{name} needs {missing.name}")


def exactly(expected: object) -> Any:
    """Equal up to the rounding of a few operations."""
    return pytest.approx(expected, rel=1e-14, abs=1e-16)


def transcript(name: str) -> str:
    """What the lesson shows in a terminal."""
    ran(name)
    return _ran(name)[1]
