"""Pass: short rules are written out in place of their operations, and so is log-sum-exp.

log(sum(exp(x))) becomes ``top + log(total)``, where `total` is the sum of ``powers = exp(x - top)`` and `top` is the
largest x; exp(x - logsumexp(x)) becomes ``powers / total``. In a difference of a log-sum-exp and something else, `top`
is subtracted first, because both may be large and cancel.
"""

from __future__ import annotations

from .. import ops
from ..ops import Op
from ..symbols import Symbol, postorder
from .arrays import CONDITIONS, LARGEST, NUMBER, PICK, SUM, Array, ArrayProgram, Builder, in_order, read, rebuilt
from .scalars import DETACH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


INLINE = 4
"""The most operations of a rule that is written out; a longer one becomes a function."""


def lower(program: ArrayProgram) -> ArrayProgram:
    """The program without log-sum-exp, and with short rules in place of their operations."""
    parts: dict[int, tuple[Any, Any, Any]] = {}  # for each log-sum-exp: top, powers, total

    def change(make: Builder, x: Array, operands: list[Any]) -> Any:
        if x.head is ops.logsumexp:
            parts[x.number] = top, powers, total = _parts(make, operands[0], x.data)
            return make.elementwise(SUM, (top, ops.log(total)))
        if x.head is ops.exp and (whole := _logsumexp_of_softmax(x)) is not None:
            top, powers, total = parts[whole.number]
            made = make.elementwise(ops.div, (powers, make.reshape(total, _with_axis(whole))))
            assert isinstance(made, Array)
            made.word = "P"
            return made
        if x.head is ops.sub and any(_logsumexp(y) is not None for y in x.operands):
            return _difference(make, x, operands, parts)
        if x.elementwise and x.head not in WRITTEN_DIRECTLY and _is_short(x.head):
            return make.number(read(x.head, x.head.forward, operands))
        return make.like(x, operands)

    return rebuilt(program, change)


WRITTEN_DIRECTLY = frozenset(
    {*CONDITIONS, DETACH, NUMBER, SUM, ops.add, ops.sub, ops.mul, ops.div, ops.neg, ops.pow, ops.where, ops.relu}
    | {ops.square}
)
"""Heads that are written as an operator or one of NumPy's functions, and need no rule."""


def _is_short(head: Op) -> bool:
    """Whether an operation is written out as its rule, and does not become a function."""
    if head.elementary or isinstance(head, ops.Power):
        return False
    if head.arity is None:
        return True
    rule = read(head, head.forward, [Symbol(f"x{i}") for i in range(head.arity)])
    return sum(not isinstance(x, Symbol) for x in postorder([rule])) <= INLINE


def _parts(make: Builder, x: Array, axis: int) -> tuple[Any, Any, Any]:
    top = make.along(LARGEST, x, axis)
    powers: Any = ops.exp(x - make.reshape(top, (*x.shape[:axis], 1, *x.shape[axis + 1 :])))
    total: Any = make.reduce(powers, (axis,))
    top.word, powers.word, total.word = "top", "powers", "total"
    return top, powers, total


def _logsumexp(x: Any) -> tuple[Array, Callable[[Any], Any]] | None:
    """The log-sum-exp that x is, or picks from, and a function that picks the same entries of another array."""
    if not isinstance(x, Array):
        return None
    if x.head is ops.logsumexp:
        return x, lambda y: y
    source = x.operands[0] if x.head is PICK else None
    if isinstance(source, Array) and source.head is ops.logsumexp:
        return source, lambda y: y.builder.pick(y, x.data)
    return None


def _logsumexp_of_softmax(x: Array) -> Array | None:
    """The log-sum-exp in x, if x, an exp, is exp(y - logsumexp(y)); or else None."""
    difference = x.operands[0]
    if not isinstance(difference, Array) or difference.head is not ops.sub:
        return None
    y, found = difference.operands[0], _logsumexp(difference.operands[1])
    if found is None or found[0].operands[0] is not y:
        return None
    whole, subtracted = found[0], difference.operands[1]
    assert isinstance(subtracted, Array)
    once = subtracted.shape == _with_axis(whole) or (not whole.shape and not subtracted.shape)
    return whole if once and (subtracted is whole or in_order(subtracted.data, whole.size)) else None


def _with_axis(whole: Array) -> tuple[int, ...]:
    """The shape of a log-sum-exp with the axis that it sums over kept, of extent 1."""
    shape, axis = whole.operands[0].shape, whole.data
    return (*shape[:axis], 1, *shape[axis + 1 :])


def _difference(make: Builder, x: Array, operands: Sequence[Any], parts: dict[int, tuple[Any, Any, Any]]) -> Any:
    left, right = map(_logsumexp, x.operands)
    if right is not None:
        top, _, total = parts[right[0].number]
        return operands[0] - right[1](top) - ops.log(right[1](total))
    assert left is not None
    top, _, total = parts[left[0].number]
    return make.elementwise(SUM, (left[1](top) - operands[1], ops.log(left[1](total))))
