"""The course: finds the lessons, and reads a lesson's file.

A lesson is a file ``NN_name.py`` in the folder above, in the percent format that Jupyter, VS Code and the site read: a
line ``# %%`` begins a cell of code, ``# %% [markdown]`` one of text. The number is its place in the course. `terminal`
runs a lesson in a terminal; `lesson` has the functions that lessons call.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).parent.parent
TIMES = Path(__file__).parent / "times.json"
MARK = "# %%"


@dataclass(frozen=True)
class Cell:
    """A cell of a lesson: Markdown, or code; and the line of the file at which its text begins, counted from 1."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Lesson:
    """A lesson's file."""

    path: Path

    @property
    def number(self) -> int:
        """Its place in the course."""
        return int(self.path.stem.partition("_")[0])

    @property
    def name(self) -> str:
        """What it is called on the command line: the file's name without its number."""
        return self.path.stem.partition("_")[2]

    @cached_property
    def cells(self) -> list[Cell]:
        """Its cells in order.

        Examples
        --------
        >>> first = lessons()[0]
        >>> first.number, first.cells[0].kind
        (1, 'markdown')
        """
        return cells(self.path.read_text(encoding="utf-8"))

    @property
    def title(self) -> str:
        """Its first heading, without the number."""
        heading = next(line for line in self.cells[0].text.splitlines() if line.startswith("# "))
        return re.sub(r"^# \d+\. ", "", heading).replace("`", "")

    @property
    def idea(self) -> str:
        """What it is about, in one sentence, as Markdown.

        Examples
        --------
        >>> lessons()[1].idea
        'move against the slope, and the error falls.'
        """
        paragraphs = self.cells[0].text.split("\n\n")
        idea = next(text for text in paragraphs if text.startswith("*One idea: "))
        return " ".join(idea.removeprefix("*One idea: ").removesuffix("*").split())

    @property
    def seconds(self) -> float | None:
        """The processor time of one run when ``python -m demos --measure`` measured it last; None if it never did."""
        measured = json.loads(TIMES.read_text(encoding="utf-8")) if TIMES.exists() else {}
        return measured.get("seconds", {}).get(self.path.stem)  # type: ignore[no-any-return]


def lessons() -> list[Lesson]:
    """All lessons, in the order of the course."""
    return sorted(map(Lesson, FOLDER.glob("[0-9][0-9]_*.py")), key=lambda lesson: lesson.number)


def cells(text: str) -> list[Cell]:
    """The cells of a file in the percent format.

    Examples
    --------
    >>> cells('''# %% [markdown]
    ... # # One weight
    ... # It learns.
    ...
    ... # %%
    ... w = 0.5
    ... ''')
    [Cell(kind='markdown', text='# One weight\\nIt learns.', line=2), Cell(kind='code', text='w = 0.5', line=6)]
    """
    found: list[Cell] = []
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(MARK)]
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        kind = "markdown" if "[markdown]" in lines[start] else "code"
        body = lines[start + 1 : end]
        if kind == "markdown":
            body = [line.removeprefix("#").removeprefix(" ") for line in body if line.startswith("#")]
        found.append(Cell(kind, "\n".join(body).rstrip(), start + 2))
    return found
