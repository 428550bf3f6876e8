"""Functions that programs compiled for JAX import because ``jax.numpy`` lacks them, named as in `autograd.arrays`.

Besides those programs only `compiler.jax` imports this module. `require` cannot raise while JAX traces a program,
because there are no numbers yet: it notes a `Check`, whose arrays are returned with the results, and the caller of the
program enforces it then. In the same way `tell` notes a `Told`.
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
    """The arguments of a call of `require`, as a pytree: JAX can take it apart into its arrays and rebuild it.

    Attributes
    ----------
    condition : array of bool
    values : tuple of array
        What to show in the message.
    message : str
    axis : int or None
        The axis of the examples.
    """

    def __init__(self, condition: Any, values: tuple[Any, ...], message: str, axis: int | None) -> None:
        self.condition, self.values, self.message, self.axis = condition, values, message, axis

    def enforce(self) -> None:
        """Raise the ValueError that `autograd.arrays.require` raises, if the condition does not hold somewhere."""
        condition, *values = map(np.asarray, (self.condition, *self.values))
        arrays.require(condition, self.message, *values, axis=self.axis)


jax.tree_util.register_dataclass(Check, ["condition", "values"], ["message", "axis"])


class Told:
    """The arguments of a call of `tell`: the number of a function, and the arrays for it."""

    def __init__(self, values: tuple[Any, ...], which: int) -> None:
        self.values, self.which = values, which


jax.tree_util.register_dataclass(Told, ["values"], ["which"])

_noting = threading.local()


@contextlib.contextmanager
def noted() -> Iterator[list[Check | Told]]:
    """Collects the calls of `require`, which do not raise inside, and of `tell`.

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
    """`autograd.require` of arrays: noted inside `noted`; elsewhere enforced at once, so no array may be traced."""
    check = Check(jnp.asarray(condition, bool), tuple(map(jnp.asarray, values)), message, axis)
    noting = getattr(_noting, "noted", None)
    if noting is None:
        check.enforce()
    else:
        noting.append(check)


def tell(which: int, *values: Any) -> None:
    """`autograd.tell` of arrays: inside `noted` the call is noted; elsewhere nothing happens."""
    noting = getattr(_noting, "noted", None)
    if noting is not None:
        noting.append(Told(tuple(map(jnp.asarray, values)), which))
