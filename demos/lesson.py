"""How the lessons talk: headings, paragraphs, indented figures and tables, in plain text."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 100


def heading(text: str) -> None:
    """Begin a part of the lesson."""
    print(f"\n{text}\n{'-' * len(text)}")


def say(text: str) -> None:
    """Print a paragraph, wrapped."""
    print(textwrap.fill(" ".join(text.split()), WIDTH))


def show(text: str) -> None:
    """Print a figure as it is, indented."""
    print(textwrap.indent(text, "    "))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their column names; floats with ten significant digits."""
    cells = [[f"{x:.10g}" if isinstance(x, float) else str(x) for x in row] for row in rows]
    widths = [max(len(line[i]) for line in [columns, *cells]) for i in range(len(columns))]
    for line in [columns, ["-" * width for width in widths], *cells]:
        print("    " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def no_options(arguments: list[str], doc: str | None) -> None:
    """Refuse options, for lessons that have none."""
    argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args(arguments)
