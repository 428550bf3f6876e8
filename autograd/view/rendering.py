"""Running Graphviz on DOT text: the ``dot`` program on PATH, or else the Graphviz inside pygraphviz.

Either runs in a process of its own, so that Python survives a crash of Graphviz.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALL = "pip install 'glassgrad[view]' installs it, or install your system's graphviz so that `dot` is on PATH"

FORMAT = re.compile(r"[a-z][a-z0-9_.:-]*")
_ENGINE = re.compile(r"[a-z][a-z0-9]*")
# Strings, comments and arrows, in which brackets do not count, and the brackets that do.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/|//[^\n]*|^#[^\n]*|->|[{}<>]', re.DOTALL | re.MULTILINE)


class GraphvizMissing(RuntimeError):
    """There is no Graphviz: neither a ``dot`` program nor pygraphviz. The message says what to install."""


def render(source: str, format: str, engine: str = "dot") -> bytes:
    """Graphviz's output for DOT text.

    Parameters
    ----------
    source : str
        One graph in the DOT language, or several; their outputs follow one another.
    format : str
        A format of Graphviz: ``"svg"``, ``"png"``, ``"pdf"``, ``"json"``, ``"plain"``, ...
    engine : str
        A layout engine of Graphviz: ``"dot"``, ``"neato"``, ...

    Raises
    ------
    GraphvizMissing
        If there is no Graphviz on this machine.
    ValueError
        If Graphviz does not understand the text, the format or the engine.

    Examples
    --------
    >>> render("digraph { a -> b }", "svg")[:5]
    b'<?xml'
    """
    if not FORMAT.fullmatch(format) or not _ENGINE.fullmatch(engine):
        raise ValueError(
            f"Graphviz's formats and engines are written in lower case, not {format!r:.40}, {engine!r:.40}"
        )
    run = subprocess.run(
        _command(format, engine),
        input=source.encode("utf-8", "replace"),
        capture_output=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    if run.returncode or not run.stdout:
        raise ValueError(f"Graphviz cannot draw this as {format:.40}: {_complaint(run):.800}")
    return run.stdout


def _command(format: str, engine: str) -> list[str]:
    """The command that reads DOT text and writes `format`."""
    dot = shutil.which("dot")
    if dot is not None:
        return [dot, f"-K{engine}", f"-T{format}"]
    from importlib.util import find_spec

    if find_spec("pygraphviz") is None:
        raise GraphvizMissing(f"a drawing needs Graphviz, which was not found: {INSTALL}")
    # The new process gets this one's `sys.path`, so that it finds the same modules, and none in the current folder.
    program = (
        "import sys; sys.path[:] = sys.argv[3:]; from autograd.view.rendering import bundled; bundled(*sys.argv[1:3])"
    )
    return [sys.executable, "-c", program, format, engine, *sys.path]


def _complaint(run: subprocess.CompletedProcess[bytes]) -> str:
    """The line of Graphviz's messages that says what was wrong."""
    if run.returncode < 0:
        return f"it crashed (signal {-run.returncode})"
    lines = run.stderr.decode("utf-8", "replace").strip().splitlines()
    errors = [line for line in lines if "rror" in line] or lines
    if errors:
        return errors[-1 if errors[0].startswith("Traceback") else 0]
    return f"it ended with code {run.returncode} and no output"


def bundled(format: str, engine: str) -> None:
    """Do what ``dot`` does, with pygraphviz: read graphs from standard input, write `format` to standard output."""
    import pygraphviz

    for source in split(sys.stdin.buffer.read().decode("utf-8")):
        graph = pygraphviz.AGraph()
        try:
            graph.from_string(source)
            output = graph.draw(format=format, prog=engine)
        except (ValueError, TypeError, pygraphviz.DotError) as error:
            sys.exit(f"Error: {error}")  # comes after Graphviz's own messages
        sys.stdout.buffer.write(output)


def split(source: str) -> Iterator[str]:
    """The graphs of a DOT text one by one; pygraphviz reads only the first of several.

    Examples
    --------
    >>> list(split('digraph a { x [label="}"] } digraph b { y }'))
    ['digraph a { x [label="}"] }', ' digraph b { y }']
    """
    start = braces = angles = 0
    for token in _TOKEN.finditer(source):
        sign = token.group()
        if sign in ("<", ">"):  # they enclose an HTML label, which may contain tags and braces
            angles += 1 if sign == "<" else -1
        elif sign in ("{", "}") and not angles:
            braces += 1 if sign == "{" else -1
            if not braces:
                yield source[start : token.end()]
                start = token.end()
    if not start or source[start:].strip():
        yield source[start:]
