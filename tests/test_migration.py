"""The tables for users of other libraries: our names in them exist, and so do the names of the other library."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

START = Path(__file__).resolve().parent.parent / "docs" / "start"
OURS = {"micrograd.md": 2, "pytorch.md": 1, "jax.md": 2}


def rows(name: str) -> list[list[str]]:
    """The cells of a document's tables."""
    lines = (START / name).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def names(cell: str, package: str) -> set[str]:
    """The dotted names of a package in a cell's code."""
    return {name for code in re.findall(r"`([^`]+)`", cell) for name in re.findall(rf"\b{package}(?:\.\w+)+", code)}


def found(name: str) -> Any:
    """The object that a dotted name stands for; modules on the path are imported."""
    first, *rest = name.split(".")
    thing: Any = importlib.import_module(first)
    path = first
    for part in rest:
        path += "." + part
        if not hasattr(thing, part):
            importlib.import_module(path)
        thing = getattr(thing, part)
    return thing


@pytest.mark.parametrize("document", OURS)
def test_our_names_are_there(document: str) -> None:
    cells = [row[OURS[document]] for row in rows(document) if len(row) > OURS[document]]
    ours = {name for cell in cells for package in ("autograd", "nn") for name in names(cell, package)}
    for name in ours:
        found(name)
    assert ours


@pytest.mark.parametrize("document, package", [("pytorch.md", "torch"), ("jax.md", "jax")])
def test_their_names_are_there(document: str, package: str) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed")
    theirs = {name for row in rows(document) for name in names(row[0], package)}
    for name in theirs:
        found(name)
    assert len(theirs) > 10
