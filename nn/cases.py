"""Functions defined by cases: the case is chosen now, or, in a compiled program, when the program runs.

While a function is recorded for a program, the numbers are not known (`autograd.concrete`). So a condition is either a
bool, which chooses at once, or a Value that stands for one, which becomes the condition of a `where`.
"""

from __future__ import annotations

from autograd import Value, concrete, require, sum, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def either(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y; if the condition is known, x or y itself.

    Examples
    --------
    >>> either(True, 1.0, 2.0)
    1.0
    """
    if isinstance(condition, bool):
        return x if condition else y
    return where(condition, x, y)


def both(a: Any, b: Any) -> Any:
    """Whether two conditions hold.

    Examples
    --------
    >>> both(True, False)
    False
    """
    if isinstance(a, bool):
        return b if a else False
    if isinstance(b, bool):
        return a if b else False
    return a & b


def any_of(conditions: Sequence[Any]) -> Any:
    """Whether at least one of the conditions holds.

    Examples
    --------
    >>> any_of([False, True])
    True
    """
    open_ones = [c for c in conditions if not isinstance(c, bool)]
    if True in [c for c in conditions if isinstance(c, bool)] or not open_ones:
        return any(c is True for c in conditions)
    found = open_ones[0]
    for c in open_ones[1:]:
        found = found | c
    return found


def class_number(user: str, t: Any, n: int) -> int:
    """A known class as an int.

    Raises
    ------
    ValueError
        If it is not a whole number from 0 to n - 1.

    Examples
    --------
    >>> class_number("nll", 1, 3)
    1
    """
    if not hasattr(t, "__index__") or not 0 <= t < n:
        hint = ""
        if isinstance(t, str):
            hint = "; give each label a number, from 0 on"
        elif t == n:
            hint = "; classes are counted from 0"
        elif isinstance(t, float) and t.is_integer():
            hint = "; int() makes one of it"
        raise ValueError(f"{user}: a class must be a whole number from 0 to {n - 1}, not {t!r:.60}{hint}")
    return int(t)


def is_class(user: str, t: Any, n: int, ignored: int | None = None) -> list[Any]:
    """For each of n classes, whether it is class t; conditions if t is known only when a program runs.

    A t that is `ignored` is none of them.

    Raises
    ------
    ValueError
        If t is neither a whole number from 0 to n - 1 nor the one that is ignored; by a program, when it is called.

    Examples
    --------
    >>> is_class("nll", 1, 3), is_class("nll", -100, 3, ignored=-100)
    ([False, True, False], [False, False, False])
    """
    if concrete(t):
        if ignored is not None and hasattr(t, "__index__") and t.__index__() == ignored:
            return [False] * n
        t = class_number(user, t, n)
        return [i == t for i in range(n)]
    own = [t == float(i) if i != ignored else False for i in range(n)]
    allowed = sum([c for c in own if c is not False]) == 1.0
    if ignored is not None:
        allowed = allowed | (t == float(ignored))
    require(allowed, f"{user}: a class must be a whole number from 0 to {n - 1}, not {{}}", t)
    return own


def picked(own: Sequence[Any], xs: Sequence[Any]) -> Any:
    """The x whose condition holds; if none does, 0.

    Examples
    --------
    >>> picked([False, True], [3.0, 4.0]), picked([False, False], [3.0, 4.0])
    (4.0, 0.0)
    """
    known = [x for c, x in zip(own, xs) if c is True]
    return known[0] if known else added([where(c, x, 0.0) for c, x in zip(own, xs) if c is not False], xs)


def added(terms: list[Any], like: Sequence[Any]) -> Any:
    """The sum of the terms; without any it is a constant that can still be differentiated if `like` has Values.

    Examples
    --------
    >>> added([], [1.0]), added([], [Value(1.0)])
    (0.0, Value(data=0.0, grad=0.0))
    """
    if not terms and any(isinstance(x, Value) for x in like):
        return Value(0.0)
    return terms[0] if len(terms) == 1 else sum(terms)
