"""Where glassgrad's own rivals find their code: a native build of this source, or a copy of the source without a build.

Both are folders that come first in a worker's PYTHONPATH. The native build is the one asked for, or the installed one,
or one that is made here, once for each state of the source.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("autograd", "nn")
SOURCES = ("*.py", "*.pxd")
NATIVE = ("origins", "value", "cells")  # the modules that are compiled
CACHE_SECONDS = 7 * 24 * 3600.0  # seconds for which folders of other states of the source are kept
BUILD = ("setup.py", "pyproject.toml", "README.md", "LICENSE")


class Missing(Exception):
    """A rival cannot take part; the message says why."""


def interpreted() -> Path:
    """A folder with the source of the packages, without binaries."""
    return _cached("interpreted", _copy)


def native(requested: str | None = None) -> tuple[Path, str]:
    """A folder with a native build, and a sentence on where it comes from.

    Parameters
    ----------
    requested : str, optional
        The folder to use; otherwise the environment's GLASSGRAD_NATIVE, what is installed, or a build.

    Raises
    ------
    Missing
        If the folder that is asked for holds no native build, or if none can be made.
    """
    requested = requested or os.environ.get("GLASSGRAD_NATIVE")
    if requested:
        folder = Path(requested).resolve()
        if not is_native(folder):
            raise Missing(f"there is no native build of autograd in {folder}")
        return folder, "the folder asked for" + ("" if same_source(folder) else "; its source differs from this one")
    for installed in _installed():
        if is_native(installed) and same_source(installed):
            return installed, "the installed build"
    return _cached("native", _build), "built by pip from this source"


def is_native(folder: Path) -> bool:
    """Whether the engine's modules are there as binaries for this interpreter."""
    return all(any((folder / "autograd" / f"{name}{end}").exists() for end in EXTENSION_SUFFIXES) for name in NATIVE)


def same_source(folder: Path) -> bool:
    """Whether the packages in the folder are this source, file by file."""
    return all(
        (twin := folder / path.relative_to(ROOT)).is_file() and twin.read_bytes() == path.read_bytes()
        for path in _sources()
    )


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        for pattern in SOURCES:
            yield from sorted((ROOT / package).rglob(pattern))


def _installed() -> list[Path]:
    return [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]


def _cached(name: str, make: Callable[[Path], None]) -> Path:
    """The folder for this state of the source and this Python; it is made if it does not exist."""
    state = hashlib.sha256(f"{sys.implementation.cache_tag} {platform.platform()}".encode())
    for path in [*_sources(), *(ROOT / file for file in BUILD)]:
        if path.exists():
            state.update(f"\n{path.relative_to(ROOT)} {path.stat().st_size}\n".encode() + path.read_bytes())
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glassgrad-benchmarks"
    folder = home / state.hexdigest()[:16] / name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        for old in home.iterdir():
            if old.stat().st_mtime < time.time() - CACHE_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = Path(scratch) / name
            made.mkdir()
            make(made)
            try:
                os.replace(made, folder)
            except OSError:
                if not folder.is_dir():  # else another run has made it meanwhile
                    raise
    return folder


def _copy(folder: Path) -> None:
    for path in _sources():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    compileall.compile_dir(folder, quiet=1)  # as pip does when it installs


def _build(folder: Path) -> None:
    """Install the packages into a folder by pip, from a copy of the source, which keeps build files out of this one."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "source"
        ignored = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__", ".*", "build", "dist", "*.egg-info", "tests")
        shutil.copytree(ROOT, source, ignore=ignored)
        command = [sys.executable, "-m", "pip", "install", "-v", "--no-deps", "--target", str(folder), str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
    output = (done.stdout + done.stderr).splitlines()
    if done.returncode:
        last = next((line for line in reversed(output) if line.strip()), "and said nothing")
        raise Missing(f"pip install failed: {last}")
    if not is_native(folder):
        reasons = [line.strip() for sign in (": error:", "no native build") for line in output if sign in line]
        why = reasons[0] if reasons else "it does not say why"
        raise Missing(f"pip install gave no native build: {why}")
