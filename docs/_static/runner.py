"""What runs the cells of a page in the reader's browser, one after the other, in one module.

It runs in Pyodide, called by ``worker.js``, and anywhere else as well. Whatever a cell prints or shows is told at once:
text, HTML, and errors. Tracebacks are cut to the reader's own cells, which are called ``cell 1``, ``cell 2``, ...
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
"""Is called with what it is, ``"text"``, ``"html"`` or ``"error"``, and the text."""

LIMIT = 100_000
"""Letters that a cell may print; more would hold up the page."""

PAUSE = 0.05
"""Seconds: what is printed faster is told together."""


class Printed(io.TextIOBase):
    """Standard output and standard error of a cell."""

    def __init__(self, tell: Tell) -> None:
        self.say = tell
        self.waiting: list[str] = []
        self.told = time.monotonic()
        self.left = LIMIT

    def writable(self) -> bool:
        """As files say it."""
        return True

    def write(self, text: str) -> int:
        """Keep it until it is time to tell."""
        if self.left > 0:
            self.waiting.append(text[: self.left])
            self.left -= len(text)
            if self.left <= 0:
                self.waiting.append("\n[The output is cut here: there is too much of it.]\n")
        if time.monotonic() - self.told > PAUSE:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Tell what has been printed."""
        text = "".join(self.waiting)
        self.waiting.clear()
        if text:
            self.say("text", text)
        self.told = time.monotonic()


class Page:
    """The cells of a page as one program, which is called ``__main__``."""

    def __init__(self) -> None:
        self.module = ModuleType("__main__")
        self.cells: set[str] = set()  # how the files of their code are called

    def run(self, number: int, source: str, tell: Tell) -> tuple[str, str]:
        """Run a cell.

        Returns
        -------
        outcome : str
            ``"done"``, ``"error"``, or ``"missing"`` if a module was not found.
        what : str
            The name of that module.
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
            tell("error", told(error, self.cells))
            if isinstance(error, ModuleNotFoundError) and error.name:
                return "missing", error.name.partition(".")[0]
            return "error", ""
        finally:
            printed.flush()
            lesson.medium = medium
            sys.modules["__main__"] = main
        return "done", ""

    def _value(self, source: str, name: str) -> object:
        """What the last expression of a cell is; None if it ends otherwise."""
        tree = ast.parse(source, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), self.module.__dict__)
        if not isinstance(last, ast.Expr):
            return None
        return eval(compile(ast.Expression(last.value), name, "eval"), self.module.__dict__)


def _display(value: Any, show: Callable[[str, str], None]) -> None:
    """Show a value in the richest of the ways in which notebooks would."""
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


def told(error: BaseException, cells: set[str]) -> str:
    """A traceback, without what is not the reader's: frames of libraries and of this file.

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
