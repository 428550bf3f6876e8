"""Functions that programs compiled for JAX import because ``jax.numpy`` lacks them, named as in `autograd.arrays`.

Besides those programs only `compiler.jax` imports this module. `require` cannot raise while JAX traces a program,
because there are no numbers yet: it notes a `Check`, whose arrays are returned with the results, and the caller of the
program enforces it then. In the same way `tell` notes a `Report`.
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

__all__ = ["Check", "Report", "erf", "erfc", "ndtr", "collect_calls", "products_of_others", "require", "tell"]


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


class Report:
    """The arguments of a call of `tell`: the number of a function, and the arrays for it."""

    def __init__(self, values: tuple[Any, ...], which: int) -> None:
        self.values, self.which = values, which


jax.tree_util.register_dataclass(Report, ["values"], ["which"])

_collector = threading.local()


@contextlib.contextmanager
def collect_calls() -> Iterator[list[Check | Report]]:
    """Collects the calls of `require`, which do not raise inside, and of `tell`.

    Examples
    --------
    >>> with collect_calls() as checks:
    ...     require(jnp.array([True, False]), "x must be at most 1, not {}", jnp.array([1.0, 2.0]))
    >>> checks[0].enforce()
    Traceback (most recent call last):
    ValueError: x must be at most 1, not 2 (in example 1, counted from 0)
    """
    outer = getattr(_collector, "calls", None)
    calls: list[Check | Report] = []
    _collector.calls = calls
    try:
        yield calls
    finally:
        _collector.calls = outer


def require(condition: Any, message: str, *values: Any, axis: int | None = -1) -> None:
    """`autograd.require` of arrays: noted inside `collect_calls`; elsewhere enforced at once, so none may be traced."""
    check = Check(jnp.asarray(condition, bool), tuple(map(jnp.asarray, values)), message, axis)
    calls = getattr(_collector, "calls", None)
    if calls is None:
        check.enforce()
    else:
        calls.append(check)


def tell(which: int, *values: Any) -> None:
    """`autograd.tell` of arrays: inside `collect_calls` the call is noted; elsewhere nothing happens."""
    calls = getattr(_collector, "calls", None)
    if calls is not None:
        calls.append(Report(tuple(map(jnp.asarray, values)), which))
