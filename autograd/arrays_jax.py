"""What compiled programs take from us where ``jax.numpy`` lacks it: the namesakes of those in `autograd.arrays`.

Imported by the text of a program that is compiled for JAX, and by nothing else. `require` cannot raise while JAX traces
the program, because there are no numbers yet: it notes a `Check`, whose arrays come out with the results, and whoever
runs the program looks at them then. So does `tell`.
"""

from __future__ import annotations

import contextlib
import threading

import jax
import numpy as np
from jax import numpy as jnp
from jax.scipy.special import erf, erfc
from jax.scipy.stats.norm import cdf as ndtr

from . import arrays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["Check", "Told", "erf", "erfc", "ndtr", "noted", "products_of_others", "require", "tell"]


def products_of_others(a: Any, axis: int) -> Any:
    """For each entry along an axis the product of all others.

    Examples
    --------
    >>> products_of_others(jnp.array([2.0, 0.0, 4.0]), 0).tolist()
    [0.0, 8.0, 0.0]
    """
    return arrays.products_of_others(a, axis, jnp)


class Check:
    """What `require` was called with; JAX takes it apart into its arrays and puts it together again.

    Attributes
    ----------
    condition : array of bool
    values : tuple of array
        What to show in the message.
    message : str
    axis : int or None
        Which axis is that of examples.
    """

    def __init__(self, condition: Any, values: tuple[Any, ...], message: str, axis: int | None) -> None:
        self.condition, self.values, self.message, self.axis = condition, values, message, axis

    def enforce(self) -> None:
        """Raise the ValueError that `autograd.arrays.require` raises, if the condition does not hold somewhere."""
        condition, *values = map(np.asarray, (self.condition, *self.values))
        arrays.require(condition, self.message, *values, axis=self.axis)


jax.tree_util.register_dataclass(Check, ["condition", "values"], ["message", "axis"])


class Told:
    """What `tell` was called with: the number of a function, and the arrays for it."""

    def __init__(self, values: tuple[Any, ...], which: int) -> None:
        self.values, self.which = values, which


jax.tree_util.register_dataclass(Told, ["values"], ["which"])

_noting = threading.local()


@contextlib.contextmanager
def noted() -> Iterator[list[Check | Told]]:
    """The checks that are made inside, which do not raise there, and what is told.

    Examples
    --------
    >>> with noted() as checks:
    ...     require(jnp.array([True, False]), "x must be at most 1, not {}", jnp.array([1.0, 2.0]))
    >>> checks[0].enforce()
    Traceback (most recent call last):
    ValueError: x must be at most 1, not 2 (in example 1, counted from 0)
    """
    outer = getattr(_noting, "noted", None)
    noting: list[Check | Told] = []
    _noting.noted = noting
    try:
        yield noting
    finally:
        _noting.noted = outer


def require(condition: Any, message: str, *values: Any, axis: int | None = -1) -> None:
    """`autograd.require` of arrays: noted inside `noted`, and elsewhere enforced at once, which needs numbers."""
    check = Check(jnp.asarray(condition, bool), tuple(map(jnp.asarray, values)), message, axis)
    noting = getattr(_noting, "noted", None)
    if noting is None:
        check.enforce()
    else:
        noting.append(check)


def tell(which: int, *values: Any) -> None:
    """`autograd.tell` of arrays: noted inside `noted`; elsewhere there is nobody to be told."""
    noting = getattr(_noting, "noted", None)
    if noting is not None:
        noting.append(Told(tuple(map(jnp.asarray, values)), which))
