"""How the exercises of the lessons are checked.

For each lesson ``NN_name.py`` with exercises there is a module ``exercises/name.py``, with a function for each of them.
It takes an answer, and raises `Wrong` with a sentence that helps if the answer is not right. The module's ``ANSWERS``
has a right answer to each. This module has what those functions share.
"""

from __future__ import annotations

import importlib
import math
import textwrap
from collections.abc import Callable
from typing import Any


class Wrong(Exception):
    """An answer is not right; its text says what is wrong, and what to look at."""


def exercise(name: str) -> Callable[[object], None]:
    """The function that checks the answer to the exercise ``"lesson.exercise"``.

    Raises
    ------
    LookupError
        If there is no such exercise.
    """
    lesson, _, key = name.partition(".")
    try:
        module = importlib.import_module(f"demos.classroom.exercises.{lesson}")
        if key in module.ANSWERS:
            return getattr(module, key)  # type: ignore[no-any-return]
    except ModuleNotFoundError as missing:
        if missing.name != f"demos.classroom.exercises.{lesson}":
            raise
    raise LookupError(f"there is no exercise {name!r}; a name is lesson.exercise, such as one_weight.rate")


def still_open(answer: object) -> bool:
    """Whether nothing has been answered yet: None or ``...``, or a function that does nothing."""
    if answer is None or answer is ...:
        return True
    code = getattr(answer, "__code__", None)
    return code is not None and _does_nothing(code)


def _does_nothing(code: Any) -> bool:
    """Whether a function's code is that of an empty body, with or without a docstring."""

    def stub(*args: Any, **kwargs: Any) -> None: ...

    return bool(code.co_code == stub.__code__.co_code)


def number(answer: object) -> float:
    """The answer, if it is a number; of a Value, its data."""
    answer = getattr(answer, "data", answer)
    if isinstance(answer, bool) or not hasattr(answer, "__float__"):
        raise Wrong(f"The answer is a number, not {type(answer).__name__}: {answer!r:.60}.")
    return float(answer)


def function(answer: object) -> Callable[..., Any]:
    """The answer, if it can be called."""
    if not callable(answer):
        raise Wrong(f"The answer is a function, not {type(answer).__name__}: {answer!r:.60}. Name it, without ().")
    return answer


def call(answer: object, what: str, *args: Any, **kwargs: Any) -> Any:
    """What the reader's function returns; `what` is how the call is written in messages, such as ``slope(f, 2)``."""
    try:
        returned = function(answer)(*args, **kwargs)
    except Wrong:
        raise
    except Exception as error:
        raise Wrong(f"{what} raised {type(error).__name__}: {textwrap.shorten(str(error), 200)}") from error
    if returned is None or returned is ...:
        raise Wrong(f"{what} returned nothing. Is there a return?")
    return returned


def close(got: object, wanted: float, rel: float = 1e-9, abs: float = 1e-12) -> bool:
    """Whether a number is the wanted one, up to rounding."""
    return math.isclose(number(got), wanted, rel_tol=rel, abs_tol=abs)


def expect(got: object, wanted: float, what: str, rel: float = 1e-9, abs: float = 1e-12) -> None:
    """Refuse a number that is not the wanted one; the message shows both."""
    if not close(got, wanted, rel, abs):
        raise Wrong(f"{what} should be {wanted:.6g}, and is {number(got):.6g}.")


def letter(answer: object, among: str) -> str:
    """The answer, if it is one of these letters."""
    chosen = answer.strip().lower() if isinstance(answer, str) else ""
    if len(chosen) != 1 or chosen not in among:
        raise Wrong(f"Answer with one of the letters {', '.join(among)}, between quotation marks.")
    return chosen


def matrix(got: object, what: str, rows: int, columns: int) -> list[list[float]]:
    """What the reader's function returned, if it is a list of rows of numbers, of this shape."""
    try:
        found = [[number(x) for x in row] for row in got]  # type: ignore[attr-defined]
    except TypeError:
        raise Wrong(f"{what} should be a list of rows, each a list of numbers, and is {got!r:.60}.") from None
    lengths = sorted({len(row) for row in found})
    if len(found) != rows or lengths != [columns]:
        shape = f"{len(found)} rows of {' or '.join(map(str, lengths))} numbers" if found else "no rows"
        raise Wrong(f"{what} should have {rows} rows of {columns} numbers, and has {shape}.")
    return found
