"""Numbers that a function gets from outside, and reports to the outside, while it computes: `ask` and `tell`.

A layer may need new random numbers at every call, or keep statistics of its inputs. But a compiled program is recorded
once, and would repeat the numbers of the recording. Calls of `ask` and `tell` become part of the program, which repeats
them at every call (see `autograd.compile`). So do calls of `require`, which is in `checks`.
"""

from __future__ import annotations

from .modes import current_watch
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def ask(function: Callable[[int], Sequence[float]], count: int, *, each: bool = True) -> list[Any]:
    """Get ``count`` numbers from ``function(count)``; a compiled program asks for new ones at every call.

    Parameters
    ----------
    function : callable
        Takes a number n, and gives n numbers.
    count : int
        How many numbers.
    each : bool
        Whether, in a program for a batch, each example has numbers of its own: then n is `count` for each of them,
        those of the first example first. If False all examples have the same.

    Returns
    -------
    list of float
        While a program is recorded, a list of Values whose numbers are not known yet.

    Raises
    ------
    ValueError
        If the function gives more or fewer numbers.

    Examples
    --------
    >>> from itertools import count
    >>> counter = count()
    >>> ask(lambda n: [float(next(counter)) for _ in range(n)], 3)
    [0.0, 1.0, 2.0]
    """
    watch = current_watch()
    placeholders: list[Any] | None = None if watch is None else watch.asked(function, count, each)
    return list(numbers_from(function, count)) if placeholders is None else placeholders


def numbers_from(function: Callable[[int], Sequence[float]], count: int) -> Sequence[float]:
    """The numbers that ``function(count)`` returns, if there are `count` of them.

    Examples
    --------
    >>> numbers_from(lambda n: [0.0], 2)
    Traceback (most recent call last):
    ValueError: the function was asked for 2 numbers, and gave 1
    """
    numbers = function(count)
    if len(numbers) != count:
        raise ValueError(f"the function was asked for {count} numbers, and gave {len(numbers)}")
    return numbers


def tell(function: Callable[[list[float]], object], values: Sequence[Any]) -> None:
    """Call ``function(numbers)`` with the numbers of Values; in a compiled program after every call that succeeds.

    What the function returns is ignored. No derivative flows through it.

    Parameters
    ----------
    function : callable
        Takes a list of floats.
    values : sequence of Values or numbers
        In a program for a batch they must not depend on the example.

    Examples
    --------
    >>> tell(print, [Value(2.0) * 3, 1])
    [6.0, 1.0]
    """
    watch = current_watch()
    if watch is None or not watch.told(function, values):
        function([x.data if isinstance(x, Value) else float(x) for x in values])
