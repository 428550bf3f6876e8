"""What a buffer of a module holds: plain numbers, in lists, that are saved with the parameters but not trained.

Running means and counts of steps are buffers. A `Module` knows which of its attributes are buffers; this file checks
what may be in one, and what may be loaded into one.
"""

from __future__ import annotations

import math

from autograd import Value, concrete

from .batches import is_list
from .settings import is_bool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    # The numbers of one buffer.
    Numbers: TypeAlias = "float | list[Numbers]"


def checked(name: str, x: Any) -> Numbers | None:
    """A copy, in new lists, of the numbers that a buffer is to hold; whole numbers and flags stay what they are.

    Parameters
    ----------
    name : str
        What the buffer is called, for the message.
    x : object
        A number, or numbers in lists, tuples or arrays; None for a buffer without numbers.

    Raises
    ------
    TypeError
        If there is anything else in it, a Value above all.

    Examples
    --------
    >>> checked("mean", ([0, 0.5], (True,)))
    [[0, 0.5], [True]]
    """
    if x is None:
        return None
    return _copied(name, x)


def _copied(name: str, x: Any) -> Numbers:
    if is_list(x):
        return [_copied(name, item) for item in x]
    if isinstance(x, Value):
        if not concrete(x):
            raise TypeError(
                f"{name} is a buffer, and cannot hold a number that is only known when a compiled program runs, "
                "because a program does not change buffers; compile the module in evaluation mode, after eval()"
            )
        raise TypeError(
            f"{name} is a buffer, and {x.describe()} cannot be in it, because buffers hold numbers that are not "
            "differentiated; give it the .data"
        )
    number = _number(x)
    if number is None:
        raise TypeError(f"{name} is a buffer, which holds a number, lists of numbers, or None, not {x!r:.60}")
    return number


def _number(x: Any) -> float | None:
    """A number of any type as a bool, an int or a float; None if x is not a number."""
    if is_bool(x):
        return bool(x)
    if hasattr(x, "__index__"):
        return int(x.__index__())
    try:
        return Value(x).data  # the engine decides what counts as a number
    except (TypeError, OverflowError):
        return None


def match(name: str, held: Numbers, given: Any, problems: list[str]) -> Numbers:
    """What a buffer is to hold after `given` is loaded: numbers of the same kind and shape; or note the problem.

    As in PyTorch, the kind stays: a count that was written as 5.0 is 5 again.

    Examples
    --------
    >>> problems = []
    >>> match("steps", 3, 5.0, problems), match("mean", [0.0, 1.0], [1, 2], problems), problems
    (5, [1.0, 2.0], [])
    >>> match("mean", [0.0, 1.0], [1.0], problems), problems
    ([0.0, 1.0], ['mean must be a list of 2, not a list of 1'])
    """
    if isinstance(held, list):
        if isinstance(given, (list, tuple)) and len(given) == len(held):
            return [match(f"{name}[{i}]", x, y, problems) for i, (x, y) in enumerate(zip(held, given))]
        problems.append(f"{name} must be a list of {len(held)}, not {_described(given)}")
        return held
    number = None if isinstance(given, (list, tuple)) else _number(given)
    wanted = "a finite number"
    if isinstance(held, bool):
        wanted = "True or False"
        if number in (0, 1):
            return bool(number)
    elif isinstance(held, int):
        wanted = "a whole number"
        if number is not None and not is_bool(given) and math.isfinite(number) and int(number) == number:
            return int(number)
    elif number is not None and not is_bool(given) and (math.isfinite(number) or number == held):
        return float(number)  # an infinity may replace the same infinity, which a mask may hold by design
    problems.append(f"{name} must be {wanted}, not {_described(given)}")
    return held


def _described(given: Any) -> str:
    return f"a list of {len(given)}" if isinstance(given, (list, tuple)) else f"{given!r:.60}"


def infinite(x: Numbers) -> float | None:
    """A number in a buffer that is nan or infinite, if there is one.

    Examples
    --------
    >>> infinite([1.0, [2.0, float("inf")]]), infinite(3)
    (inf, None)
    """
    if isinstance(x, list):
        return next((found for item in x if (found := infinite(item)) is not None), None)
    return None if math.isfinite(x) else x
