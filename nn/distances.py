"""Distances and angles between lists of numbers: norms, `pairwise_distance`, `cosine_similarity`, `normalize`.

They are part of `functional`, where people find them. Losses made of them are in `losses`.
"""

from __future__ import annotations

import math

import autograd
from autograd import clip, div, dot, maximum, op, sqrt, sum, where

from .batches import is_list
from .cases import either
from .logits import by_row, innermost
from .settings import flag, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

# PyTorch raises a variance or a norm to eps without recording that in its graph, so the slope stays 1. No chain of
# other operations has this slope.
floored = op(
    "floored",
    lambda a, low: maximum(a, low),
    lambda a, low, out: (1.0, 0.0),
    arity=2,
    doc="a, but at least `low`, with slope 1 everywhere.\n\n>>> floored(0.0, 0.5)\n0.5",
    spoken="{}, or {} if that is more",
)


def norm(xs: Sequence[Any], p: float = 2.0) -> Any:
    """(sum_i abs(x_i)**p)**(1/p): the length of a vector; with p = 1 the sum, with p = inf the largest of abs(x_i).

    Where it is 0 all slopes are 0, and with p < 1 so is the slope of an x that is 0; the largest ones share the slope
    of p = inf evenly. So it is in PyTorch.

    Parameters
    ----------
    xs : list of Values or numbers
    p : float
        Above 0, or infinite.

    Examples
    --------
    >>> norm([3.0, -4.0]), norm([3.0, -4.0], 1.0), norm([3.0, -4.0], math.inf)
    (5.0, 7.0, 4.0)
    """
    if p == 2.0:
        return _root(dot(xs, xs), sqrt)
    sizes = [autograd.abs(x) for x in xs]
    if p == 1.0:
        return sum(sizes)
    if p == math.inf:
        top = sizes[0]
        for x in sizes[1:]:
            top = maximum(top, x)
        shares = [either((x >= top) | (x != x), x, 0.0) for x in sizes]
        return sum(shares) / sum([either((x >= top) | (x != x), 1.0, 0.0) for x in sizes])
    powers = [x**p if p >= 1.0 else _low_power(x, p) for x in sizes]
    return _root(sum(powers), lambda total: total ** (1.0 / p))


def _low_power(x: Any, p: float) -> Any:
    """x**p for p below 1, with the slope 0 at 0, where it would be infinite."""
    return either(x != 0.0, either(x != 0.0, x, 1.0) ** p, x)


def _root(total: Any, root: Callable[[Any], Any]) -> Any:
    """The root of the total; where that is 0, the total itself, whose slopes are 0 while the root's are infinite."""
    above = total > 0.0
    if isinstance(above, bool):
        return root(total) if above else total
    return where(above, root(where(above, total, 1.0)), total)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """The p-norm of x1 - x2 + eps, for two vectors, or for each pair of the innermost lists.

    Parameters
    ----------
    x1, x2 : lists of Values or numbers, or nested lists, of one shape
    p : float
        Which norm: above 0, or infinite; see `norm`.
    eps : float
        Added to every difference, as in PyTorch: so the slopes are not all 0 where the two are equal.
    keepdim : bool
        Whether each distance is in a list of its own.

    Raises
    ------
    ValueError
        If the shapes differ, if there is nothing in them, or if a setting is out of range.
    TypeError
        If one is not a list, or a setting of another kind.

    Examples
    --------
    >>> pairwise_distance([3.0, 0.0], [0.0, 4.0], eps=0.0)
    5.0
    >>> pairwise_distance([[3.0, 0.0]], [[0.0, 4.0]], eps=0.0, keepdim=True)
    [[5.0]]
    """
    p, eps = exponent("pairwise_distance: p", p), number("pairwise_distance: eps", eps)
    keepdim = flag("pairwise_distance: keepdim", keepdim)

    def rule(a: Any, b: Any) -> Any:
        made = distance(a, b, p, eps)
        return [made] if keepdim else made

    return by_pair("pairwise_distance", rule, x1, x2)


def distance(a: Sequence[Any], b: Sequence[Any], p: float, eps: float) -> Any:
    """`pairwise_distance` of two vectors, whose settings were checked.

    Examples
    --------
    >>> distance([3.0, 0.0], [0.0, 4.0], 1.0, 0.0)
    7.0
    """
    return norm([x - y + eps if eps else x - y for x, y in zip(a, b)], p)


def cosine_similarity(x1: Any, x2: Any, dim: int = -1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between two vectors: x1 . x2 / (norm(x1) norm(x2)), each norm being at least eps.

    Parameters
    ----------
    x1, x2 : lists of Values or numbers, or nested lists, of one shape
    dim : int
        The innermost lists, which are -1. PyTorch's default is 1, which is the same for a list of vectors.
    eps : float
        Where a norm is smaller it counts as eps, but its slope stays, as in PyTorch.

    Raises
    ------
    ValueError, TypeError
        As for `pairwise_distance`.

    Examples
    --------
    >>> round(cosine_similarity([3.0, 0.0], [3.0, 4.0]), 12)
    0.6
    """
    eps = number("cosine_similarity: eps", eps, positive=True)
    if is_list(x1):
        innermost("cosine_similarity", dim, x1)

    def rule(a: Any, b: Any) -> Any:
        m, n = floored(norm(a), eps), floored(norm(b), eps)
        return dot([div(x, m) for x in a], [div(x, n) for x in b])

    return by_pair("cosine_similarity", rule, x1, x2)


def normalize(input: Any, p: float = 2.0, dim: int = -1, eps: float = 1e-12) -> Any:
    """x / max(norm(x), eps) for a vector x, or for each of the innermost lists: vectors of length 1.

    Parameters
    ----------
    input : list of Values or numbers, or nested lists
    p : float
        Which norm: above 0, or infinite; see `norm`.
    dim : int
        The innermost lists, which are -1. PyTorch's default is 1, which is the same for a list of vectors.
    eps : float
        The smallest number to divide by.

    Raises
    ------
    ValueError, TypeError
        As for `pairwise_distance`.

    Examples
    --------
    >>> normalize([3.0, -4.0]), normalize([0.0, 0.0])
    ([0.6, -0.8], [0.0, 0.0])
    """
    p, eps = exponent("normalize: p", p), number("normalize: eps", eps, positive=True)

    def rule(xs: Any) -> Any:
        if len(xs) == 0:
            raise ValueError("normalize takes at least one number, got none")
        length = clip(norm(xs, p), eps, math.inf)
        return [div(x, length) for x in xs]

    return by_row("normalize", rule, input, dim)


def exponent(name: str, p: object) -> float:
    """A setting that says which norm: a number above 0, or infinity.

    Raises
    ------
    TypeError, ValueError
        If it is none.

    Examples
    --------
    >>> exponent("p", 2)
    2.0
    """
    found = number(name, p, finite=False)
    if found <= 0.0:
        raise ValueError(f"{name} must be above 0, or infinite, not {p!r}")
    return found


def by_pair(user: str, rule: Callable[[Any, Any], Any], x1: Any, x2: Any) -> Any:
    """The rule of two vectors, or of each pair of the innermost lists.

    Raises
    ------
    TypeError
        If one of them is not a list.
    ValueError
        If they are not of one shape, or empty.

    Examples
    --------
    >>> by_pair("dot", dot, [[1.0, 2.0]], [[3.0, 4.0]])
    [11.0]
    """
    for x in (x1, x2):
        if not is_list(x):
            raise TypeError(f"{user} takes lists of numbers, or nested lists, not {type(x).__name__}: {x!r:.60}")
    if len(x1) != len(x2):
        raise ValueError(f"{user} takes two lists of one shape, but one has {len(x1)} items, the other {len(x2)}")
    if len(x1) == 0:
        raise ValueError(f"{user} takes at least one number, got none")
    if not is_list(x1[0]) and not is_list(x2[0]):
        return rule(x1, x2)
    return [by_pair(user, rule, a, b) for a, b in zip(x1, x2)]
