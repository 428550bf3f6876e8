"""The NumPy reading of the operations: how they apply to arrays, elementwise and with broadcasting.

Operations whose rules are made of operators and other operations work on arrays as they are. The elementary ones are
NumPy's functions; this module has substitutes for the few that NumPy lacks. Because it needs NumPy, it is imported only
when the first array turns up.
"""

from __future__ import annotations

import contextlib
import threading

import numpy as np

from .errors import sentence
from .ops import BUILTIN, OPS, Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


SUBSTITUTES = {
    name: np.vectorize(OPS[name].forward, otypes=[float])
    for name in BUILTIN
    if OPS[name].elementary and not hasattr(np, OPS[name].numpy)
}
"""Functions of arrays for the elementary operations that NumPy lacks, by name."""

globals().update(SUBSTITUTES)  # compiled programs import them from this module


def function(op: Op) -> Callable[..., Any]:
    """The function that computes `op` on arrays.

    Examples
    --------
    >>> from autograd import ops
    >>> function(ops.tanh)(np.zeros(2))
    array([0., 0.])
    """
    if not op.elementary:
        return op.forward
    return SUBSTITUTES.get(op.name) or getattr(np, op.numpy)


def apply(op: Op, operands: tuple[Any, ...]) -> Any:
    """Apply `op` to operands of which one at least is an array.

    IEEE 754 results come without warnings, as in the other readings. In an array of objects, such as Values,
    the operation is applied to each object.

    Examples
    --------
    >>> from autograd import ops
    >>> apply(ops.log, (np.array([0.0, 1.0]),))
    array([-inf,   0.])
    """
    arrays = [np.asarray(x) for x in operands]
    if any(array.dtype == object for array in arrays):
        each = Op.__call__  # not `_Nary`'s or `_Dot`'s, which take sequences
        return np.frompyfunc(lambda *xs: each(op, *xs), len(operands), 1)(*arrays)
    if any(array.dtype.kind not in "fiub" for array in arrays):
        raise TypeError(f"{op.name}() takes arrays of real numbers, not of {[str(a.dtype) for a in arrays]}")
    arrays = [array if array.dtype.kind in "fb" else array.astype(float) for array in arrays]
    with np.errstate(all="ignore"):
        if op.name in BUILTIN:
            return function(op)(*arrays)
        made = np.asarray(op.forward(*[array.view(_IntegerComparisons) for array in arrays]), float)
        return np.array(np.broadcast_to(made, np.broadcast_shapes(*[array.shape for array in arrays])))


class _IntegerComparisons(np.ndarray):
    """An array whose comparisons give the integers 1 and 0: True + True is 2 for Python's bools, True for NumPy's."""

    def __lt__(self, other: Any) -> Any:
        return super().__lt__(other).astype(int)

    def __le__(self, other: Any) -> Any:
        return super().__le__(other).astype(int)

    def __gt__(self, other: Any) -> Any:
        return super().__gt__(other).astype(int)

    def __ge__(self, other: Any) -> Any:
        return super().__ge__(other).astype(int)

    def __eq__(self, other: object) -> Any:
        return super().__eq__(other).astype(int)

    def __ne__(self, other: object) -> Any:
        return super().__ne__(other).astype(int)

    __hash__ = None


_OPERATIONS = {OPS[name].numpy: OPS[name] for name in BUILTIN}
_CHOICES = frozenset({"maximum", "minimum", "clip", "logaddexp"})
_MIRRORED = {
    np.less: "__gt__",
    np.less_equal: "__ge__",
    np.greater: "__lt__",
    np.greater_equal: "__le__",
    np.equal: "__eq__",
    np.not_equal: "__ne__",
}


def apply_ufunc(ufunc: Any, method: str, operands: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of one of NumPy's functions (ufuncs) of operands of which at least one is a Value.

    If no operand is an array, it is that of the engine's operation of the same name. If one is, NumPy computes it by
    the methods and operators of each object. The functions in `_CHOICES` are the engine's with arrays, too: NumPy would
    compare the objects and return one of them, and cannot compute `logaddexp` of objects.

    Examples
    --------
    >>> from autograd import Value
    >>> np.maximum(Value(2.0), 2.0).partials, np.float32(0.5) < Value(0.75)
    ((0.5, 0.5), True)
    """
    if method == "__call__" and not options:
        numbers = not any(getattr(x, "ndim", 0) for x in operands)
        if ufunc.__name__ in (_OPERATIONS if numbers else _CHOICES):
            return _OPERATIONS[ufunc.__name__](*operands)
        if ufunc in _MIRRORED and numbers:
            a, b = (x.item() if getattr(x, "dtype", None) == np.dtype(object) else x for x in operands)
            if hasattr(b, "__apply_op__"):  # a is the NumPy number whose comparison called this
                return getattr(b, _MIRRORED[ufunc])(a)
    plain = [np.asarray(x, dtype=object) if hasattr(x, "__apply_op__") else x for x in operands]
    return getattr(ufunc, method)(*plain, **options)


def products_of_others(a: Any, axis: int, np: Any = np) -> Any:
    """For each entry along an axis the product of all others, without division: the partials of `ops.prod`.

    `np` is the module that the array comes from: NumPy, or one with the same functions.

    Examples
    --------
    >>> products_of_others(np.array([2.0, 0.0, 4.0]), 0)
    array([0., 8., 0.])
    """
    a = np.moveaxis(a, axis, 0)
    one = np.ones_like(a[:1])
    before = np.concatenate([one, np.cumprod(a[:-1], axis=0)])
    after = np.concatenate([one, np.cumprod(a[:0:-1], axis=0)])[::-1]
    return np.moveaxis(before * after, 0, axis)


_collector = threading.local()


@contextlib.contextmanager
def collect_calls() -> Iterator[list[tuple[int, tuple[Any, ...]]]]:
    """Collects the calls of `tell` that programs of this thread make inside: a function's number, and arrays for it.

    Examples
    --------
    >>> with collect_calls() as calls:
    ...     tell(0, np.array([1.0, 2.0]))
    >>> calls
    [(0, (array([1., 2.]),))]
    """
    outer = getattr(_collector, "calls", None)
    calls: list[tuple[int, tuple[Any, ...]]] = []
    _collector.calls = calls
    try:
        yield calls
    finally:
        _collector.calls = outer


def tell(which: int, *values: Any) -> None:
    """`autograd.tell` of arrays: inside `collect_calls` the call is noted; elsewhere nothing happens."""
    calls = getattr(_collector, "calls", None)
    if calls is not None:
        calls.append((which, values))


def require(condition: Any, message: str, *values: Any, axis: int | None = -1) -> None:
    """`autograd.require` of arrays.

    Parameters
    ----------
    axis : {-1, 0, None}
        The axis of the examples: the last, the first, or none.

    Raises
    ------
    ValueError
        If the condition does not hold somewhere; it shows the values there, and which example it is.

    Examples
    --------
    >>> y = np.array([1.0, 2.0])
    >>> require(y <= 1.0, "labels must be at most 1, not {}", y)
    Traceback (most recent call last):
    ValueError: labels must be at most 1, not 2 (in example 1, counted from 0)
    """
    if condition.all() if isinstance(condition, np.ndarray) else condition:
        return
    holds, *shown = np.broadcast_arrays(np.asarray(condition, bool), *values)
    if axis == 0:
        holds, *shown = (np.moveaxis(x, 0, -1) for x in (holds, *shown))
    last_first = holds.T  # examples come first, so that argwhere finds the first that fails
    place = tuple(np.argwhere(~last_first)[0].tolist())[::-1]
    where = f" (in example {place[-1]}, counted from 0)" if axis is not None else ""
    raise ValueError(sentence(message, [float(x[place]) for x in shown]) + where)
