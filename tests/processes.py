"""Runs Python in a process of its own, for tests of how a process ends: they check its exit status, too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import autograd

PACKAGES = Path(autograd.__file__).parents[1]  # the new process imports the same engine as this one
ROOT = Path(__file__).parents[1]
TIMEOUT = 120  # seconds, after which a process counts as one that never ends


def run(script: str, **environment: str) -> str:
    """What `script` prints; it must end by itself, in time, with status 0, and print nothing to stderr."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=PACKAGES,  # the first folder that the process imports from
            env={**os.environ, "PYTHONPATH": str(PACKAGES), "PYTHONFAULTHANDLER": "1", **environment},
            capture_output=True,
            text=True,
            errors="replace",  # a process with damaged memory may print bytes that are no text
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
        raise AssertionError(f"no end after {TIMEOUT} s; the last words: {said[-200:]!r}") from None
    last = done.stdout.strip().rpartition("\n")[2]
    status = signal.Signals(-done.returncode).name if done.returncode < 0 else str(done.returncode)
    assert status == "0", f"ended with {status}; the last line: {last!r}\n{done.stderr[-2000:]}"
    assert done.stderr == "", f"the last line: {last!r}, and on stderr:\n{done.stderr[-2000:]}"
    return done.stdout.strip()


def call(function: Callable[..., None], *arguments: str, **environment: str) -> str:
    """What a function of a test module prints in a process of its own; unbuffered, so that a crash loses no line.

    The debug allocator overwrites freed memory, so that no read of it goes unnoticed.
    """
    name = function.__name__
    script = (
        f"import sys, autograd; sys.path.insert(0, {str(ROOT)!r}); "
        f"from {function.__module__} import {name}; {name}(*{arguments!r})"
    )
    allocator = os.environ.get("PYTHONMALLOC", "debug")
    return run(script, **{"PYTHONUNBUFFERED": "1", "PYTHONMALLOC": allocator, **environment})
