"""Runs the code cells of a page in the reader's browser, one after the other, in one module.

``worker.js`` calls it in Pyodide; it works in any other Python as well. Whatever a cell prints or shows is passed on
while the cell runs: text, HTML, and errors. Tracebacks are cut to the reader's own cells, named ``cell 1``, ``cell 2``.
"""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import sys
import time
import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

from demos.classroom import lesson

Tell = Callable[[str, str], object]
"""Receives the output of a cell: its kind, ``"text"``, ``"html"`` or ``"error"``, and the output itself."""

LIMIT = 100_000
"""How many characters a cell may print; more would slow down the page."""

PAUSE = 0.05
"""Seconds: text that is printed in shorter intervals is collected, and passed on together."""


class Printed(io.TextIOBase):
    """Standard output and standard error of a cell: collects the text, and passes it on to `tell`."""

    def __init__(self, tell: Tell) -> None:
        self.emit = tell
        self.waiting: list[str] = []
        self.last_told = time.monotonic()
        self.left = LIMIT

    def writable(self) -> bool:
        """True, as `io.TextIOBase` asks of a stream that can be written to."""
        return True

    def write(self, text: str) -> int:
        """Collect text, up to `LIMIT` characters in all; pass it on if `PAUSE` has passed since the last time."""
        if self.left > 0:
            self.waiting.append(text[: self.left])
            self.left -= len(text)
            if self.left <= 0:
                self.waiting.append("\n[The output is cut here: there is too much of it.]\n")
        if time.monotonic() - self.last_told > PAUSE:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Pass on what has been collected."""
        text = "".join(self.waiting)
        self.waiting.clear()
        if text:
            self.emit("text", text)
        self.last_told = time.monotonic()


class Page:
    """The cells of a page as one program, which is called ``__main__``."""

    def __init__(self) -> None:
        self.module = ModuleType("__main__")
        self.cells: set[str] = set()  # names such as "cell 3", under which their code is compiled

    def run(self, number: int, source: str, tell: Tell) -> tuple[str, str]:
        """Run a cell.

        Returns
        -------
        outcome : str
            ``"done"``, ``"error"``, or ``"missing"`` if a module was not found.
        what : str
            The name of the missing package; empty otherwise.
        """
        printed = Printed(tell)

        def show(text: str, rich: str) -> None:
            printed.flush()
            tell("html", rich)

        name = f"cell {number}"
        self.cells.add(name)
        linecache.cache[name] = (len(source), None, [f"{line}\n" for line in source.splitlines()], name)
        main, sys.modules["__main__"] = sys.modules["__main__"], self.module
        medium, lesson.medium = lesson.medium, show
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                value = self._value(source, name)
                if value is not None:
                    _display(value, show)
        except BaseException as error:
            printed.flush()
            tell("error", formatted_traceback(error, self.cells))
            if isinstance(error, ModuleNotFoundError) and error.name:
                return "missing", error.name.partition(".")[0]
            return "error", ""
        finally:
            printed.flush()
            lesson.medium = medium
            sys.modules["__main__"] = main
        return "done", ""

    def _value(self, source: str, name: str) -> object:
        """Execute a cell; returns the value of its last statement if that is an expression, and None otherwise."""
        tree = ast.parse(source, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), self.module.__dict__)
        if not isinstance(last, ast.Expr):
            return None
        return eval(compile(ast.Expression(last.value), name, "eval"), self.module.__dict__)


def _display(value: Any, show: Callable[[str, str], None]) -> None:
    """Show a value as a notebook would: as HTML or SVG if it has such a form, otherwise as text."""
    if hasattr(value, "_ipython_display_"):
        value._ipython_display_()
        return
    ways = dict(value._repr_mimebundle_()) if hasattr(value, "_repr_mimebundle_") else {}
    if hasattr(value, "_repr_html_"):
        ways["text/html"] = value._repr_html_()
    rich = ways.get("text/html") or ways.get("image/svg+xml")
    if rich:
        show("", rich)
    else:
        print(ways.get("text/plain") or repr(value))


def formatted_traceback(error: BaseException, cells: set[str]) -> str:
    """The traceback of an error with the frames of the reader's cells only, not those of libraries or of this file.

    Examples
    --------
    >>> said = []
    >>> Page().run(3, "x = 1\\nx / 0", lambda kind, text: said.append(text))
    ('error', '')
    >>> print(said[0])
    Traceback (most recent call last):
      File "cell 3", line 2, in <module>
        x / 0
        ~~^~~
    ZeroDivisionError: division by zero
    """
    whole = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = whole
    while part is not None:
        part.stack = traceback.StackSummary.from_list([x for x in part.stack if x.filename in cells])
        part = part.__cause__ or part.__context__
    return "".join(whole.format()).rstrip()
