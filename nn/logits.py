"""Functions of a whole list of logits: softmax and its relatives, which layers and losses are made of.

They are part of `functional`, where people find them. Functions of one number are there; losses are in `losses`.
"""

from __future__ import annotations

from math import inf

from autograd import Value, concrete, exp, logsumexp, sum

from .batches import Batch, depth, is_list
from .settings import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def softmax(input: Any, dim: int = -1) -> Any:
    """e**x_i / sum_j e**x_j for every i: positive numbers that add up to 1.

    Every x is first lowered by the largest, so nothing overflows, and no derivative is a difference of nearly
    equal numbers: p_i (1 - p_i) keeps its digits where p_i is nearly 1.

    Parameters
    ----------
    input : list of Values or numbers, or nested lists
        Logits. Of nested lists each of the innermost ones is a row of its own.
    dim : int
        The innermost lists, which are -1; see `innermost`.

    Raises
    ------
    ValueError
        If a row is empty, or if dim is another one.
    TypeError
        If `input` is not a list, or dim is not a whole number.

    Examples
    --------
    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    return by_row("softmax", _softmax, input, dim)


def log_softmax(input: Any, dim: int = -1) -> Any:
    """log(softmax(input)), exact where a probability is nearly 0 or nearly 1; otherwise as `softmax`.

    Parameters
    ----------
    input, dim
        As for `softmax`.

    Examples
    --------
    >>> log_softmax([40.0, 0.0])
    [-4.248354255291589e-18, -40.0]
    """
    return by_row("log_softmax", _log_softmax, input, dim)


def softmin(input: Any, dim: int = -1) -> Any:
    """softmax of -x: the smallest x gets the largest share; otherwise as `softmax`.

    Parameters
    ----------
    input, dim
        As for `softmax`.

    Examples
    --------
    >>> softmin([0.0, 1000.0])
    [1.0, 0.0]
    """
    return by_row("softmin", lambda row: _softmax([-x for x in row]), input, dim)


def by_row(user: str, function: Callable[[Any], Any], x: Any, dim: int = -1) -> Any:
    """`function` of a list of numbers, or of each of the innermost lists in it.

    Raises
    ------
    TypeError
        If x is not a list.
    ValueError
        If dim names other lists than the innermost ones; see `innermost`.

    Examples
    --------
    >>> by_row("softmax", max, [[1.0, 2.0], [4.0, 3.0]])
    [2.0, 4.0]
    """
    if not is_list(x):
        raise TypeError(f"{user} takes a list of numbers, or nested lists, not {type(x).__name__}: {x!r:.60}")
    innermost(user, dim, x)
    return _by_row(function, x)


def _by_row(function: Callable[[Any], Any], x: Any) -> Any:
    if len(x) == 0 or not is_list(x[0]):
        return function(x)
    made = [_by_row(function, row) for row in x]
    return Batch(made) if isinstance(x, Batch) else made


def innermost(user: str, dim: object, x: Any) -> None:
    """Check that dim, PyTorch's name for an axis, means the innermost lists of x: -1, or their level, counted from 0.

    Raises
    ------
    TypeError
        If dim is not a whole number.
    ValueError
        If it means another level.

    Examples
    --------
    >>> innermost("softmax", 1, [[0.5, 1.0]])
    >>> innermost("softmax", 0, [[0.5, 1.0]])
    Traceback (most recent call last):
    ValueError: softmax goes along the innermost lists: dim must be -1 or, here, 1, not 0
    """
    if whole(f"{user}: dim", dim) not in (-1, depth(x) - 1):
        raise ValueError(
            f"{user} goes along the innermost lists: dim must be -1 or, here, {depth(x) - 1}, not {dim!r:.60}"
        )


def _softmax(xs: Sequence[Any]) -> list[Any]:
    if not all(map(concrete, xs)):
        return [exp(x) for x in _log_softmax(xs)]
    powers = [exp(x) for x in _minus_largest(xs, "softmax")]
    total = sum(powers)
    return [power / total for power in powers]


def _log_softmax(xs: Sequence[Any]) -> list[Any]:
    lowered = _minus_largest(xs, "log_softmax")
    total = logsumexp(lowered)
    return [x - total for x in lowered]


def _minus_largest(xs: Sequence[Any], user: str) -> Sequence[Any]:
    """The logits minus the largest; while a program is recorded, when the largest is not known, the logits."""
    if len(xs) == 0:
        raise ValueError(f"{user} takes at least one number, got none")
    return differences(xs, largest(xs)) if all(map(concrete, xs)) else xs


def largest(xs: Sequence[Any]) -> int:
    """The index of the largest number; of several equal ones, the first.

    Examples
    --------
    >>> largest([1.0, 3.0, 3.0])
    1
    """
    top = 0
    for i in range(1, len(xs)):
        if xs[i] > xs[top]:
            top = i
    return top


def differences(xs: Sequence[Any], k: int) -> list[Any]:
    """x_i - x_k for every i.

    The k-th is a constant zero: then x_k's gradient is made of the other terms alone, and nothing cancels in it.
    But it is nan if x_k is infinite or nan: a network that overflowed must not look certain.

    Examples
    --------
    >>> differences([1.0, 3.0], 1)
    [-2.0, 0.0]
    """
    pivot = xs[k]
    lowered = [x - pivot for x in xs]
    if -inf < pivot < inf:
        lowered[k] = Value(0.0) if isinstance(pivot, Value) else 0.0
    return lowered
