"""Functions of lists of Values that layers and losses are made of: softmax and its relatives."""

from __future__ import annotations

from math import inf

from autograd import Value, concrete, exp, logsumexp, sum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def softmax(xs: Sequence[Any]) -> list[Any]:
    """e**x_i / sum_j e**x_j for every i: positive numbers that add up to 1.

    Every x is first lowered by the largest, so nothing overflows, and no derivative is a difference of nearly
    equal numbers: p_i (1 - p_i) keeps its digits where p_i is nearly 1.

    Parameters
    ----------
    xs : sequence of Values or numbers
        Logits; not empty.

    Raises
    ------
    ValueError
        If `xs` is empty.

    Examples
    --------
    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    if not all(map(concrete, xs)):
        return [exp(x) for x in log_softmax(xs)]
    powers = [exp(x) for x in _below_the_top(xs, "softmax")]
    total = sum(powers)
    return [power / total for power in powers]


def log_softmax(xs: Sequence[Any]) -> list[Any]:
    """log(softmax(xs)), exact where a probability is nearly 0 or nearly 1.

    Parameters
    ----------
    xs : sequence of Values or numbers
        Logits; not empty.

    Raises
    ------
    ValueError
        If `xs` is empty.

    Examples
    --------
    >>> log_softmax([40.0, 0.0])
    [-4.248354255291589e-18, -40.0]
    """
    lowered = _below_the_top(xs, "log_softmax")
    total = logsumexp(lowered)
    return [x - total for x in lowered]


def _below_the_top(xs: Sequence[Any], user: str) -> Sequence[Any]:
    """The logits, lowered by the largest; while a program is recorded, which does not know it, as they are."""
    if len(xs) == 0:
        raise ValueError(f"{user} takes at least one number, got none")
    return differences(xs, largest(xs)) if all(map(concrete, xs)) else xs


def largest(xs: Sequence[Any]) -> int:
    """Where the largest is; of several, the first.

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
