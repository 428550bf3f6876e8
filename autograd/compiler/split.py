"""Pass: a loss is split into a part that depends on the example and a part that does not.

The loss of a batch is the mean, or the sum, of the first part over the examples, plus the second part once: so a
penalty on the weights does not grow with the batch.
"""

from __future__ import annotations

import math

from .. import ops
from .fold import folded, total
from .scalars import CONSTANT, INPUT, TOTAL, Scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from ..ops import Op
    from ..origins import Place


def split(table: Scalars, batched: bool = True, shared: Collection[int] = ()) -> Scalars:
    """The table with two outputs in place of the first: the example's part of the loss, and the rest; either may be 0.

    The loss is split as far as it is linear: through sums, differences, signs, and factors and divisors that do not
    depend on the example. Without a batch, the rest is the whole loss.

    Parameters
    ----------
    batched : bool
        Whether there is a batch.
    shared : collection of int
        The inputs that are the same for all examples, by their numbers.

    Examples
    --------
    >>> from .scalars import PARAMETER
    >>> table = Scalars()
    >>> x, w = table.add(INPUT, data=0), table.add(PARAMETER, data=0)
    >>> table.outputs = [table.add(TOTAL, (x, w), 0)]
    >>> split(table).outputs, table.outputs
    ([0, 1], [2])
    """
    table = table.copied()
    depends: list[bool] = []
    splittable: list[bool] = []  # whether a row has both terms that depend on the example and terms that do not
    for head, operands, pairs in zip(table.heads, table.operands, table.data):
        depends.append((batched and head is INPUT and pairs not in shared) or any(depends[i] for i in operands))
        own = depends[-1] and any(
            own or not depends[i] for i, own in _terms(head, operands, pairs, depends, splittable)
        )
        splittable.append(own and not _may_give_infinities(table, head, operands))
    root, *others = table.outputs
    needed = [False] * len(table)
    needed[root] = splittable[root]
    for i in range(root, -1, -1):
        if needed[i]:
            for k in table.operands[i]:
                needed[k] = needed[k] or splittable[k]
    halves = _Halves(table, depends)
    for i in range(root + 1):
        if needed[i]:
            halves.add(i)
    table.outputs = [*[i if i is not None else table.add(CONSTANT, (), 0.0) for i in halves.of(root)], *others]
    return table


def _may_give_infinities(table: Scalars, head: Op, operands: tuple[int, ...]) -> bool:
    """Whether a constant operand is infinite or nan, or a divisor 0: parts of a sum could then be inf and -inf."""
    constants = [(i, table.data[k]) for i, k in enumerate(operands) if table.heads[k] is CONSTANT]
    return any(not math.isfinite(x) or (head is ops.div and i == 1 and x == 0.0) for i, x in constants)


def _terms(
    head: Op, operands: tuple[int, ...], pairs: int, depends: list[bool], splittable: list[bool]
) -> list[tuple[int, bool]]:
    """The rows of which a row is a linear combination, each with whether it can be split further."""
    if head is TOTAL:
        products = zip(operands[:pairs], operands[pairs : 2 * pairs])
        terms = [_product(a, b, depends, splittable) for a, b in products]
        return [*terms, *[(i, splittable[i]) for i in operands[2 * pairs :]]]
    if head is ops.sub or head is ops.neg:
        return [(i, splittable[i]) for i in operands]
    if head is ops.mul:
        i, own = _product(operands[0], operands[1], depends, splittable)
        return [(i, own)] if depends[i] else []
    if head is ops.div and not depends[operands[1]]:
        return [(operands[0], splittable[operands[0]])]
    return []


def _product(a: int, b: int, depends: list[bool], splittable: list[bool]) -> tuple[int, bool]:
    """The factor that depends on the example, and whether the product can be split."""
    if depends[a] and depends[b]:
        return a, False
    return (a, splittable[a]) if depends[a] else (b, splittable[b])


class _Halves:
    """The two parts of each row: one that depends on the example, and the rest; None stands for 0."""

    def __init__(self, table: Scalars, depends: list[bool]) -> None:
        self.table, self.depends = table, depends
        self.made: dict[int, tuple[int | None, int | None]] = {}

    def of(self, i: int) -> tuple[int | None, int | None]:
        return self.made.get(i) or ((i, None) if self.depends[i] else (None, i))

    def add(self, i: int) -> None:
        """Split a row; its operands have been split before."""
        table = self.table
        head, operands, pairs, place = table.heads[i], table.operands[i], table.data[i], table.places[i]
        sides: list[int | None] = []
        for side in (0, 1):
            if head is TOTAL:
                products = [
                    pair
                    for a, b in zip(operands[:pairs], operands[pairs : 2 * pairs])
                    if (pair := self._half_product(a, b, side)) is not None
                ]
                plain = [half for k in operands[2 * pairs :] if (half := self.of(k)[side]) is not None]
                sides.append(total(table, products, plain, place) if products or plain else None)
            elif head is ops.mul:
                pair = self._half_product(operands[0], operands[1], side)
                sides.append(None if pair is None else folded(table, ops.mul, pair, None, place))
            else:
                halves: list[int | None] = [self.of(k)[side] for k in operands]
                if head is ops.div:
                    halves[1] = operands[1]
                sides.append(self._applied(head, halves, place))
        self.made[i] = sides[0], sides[1]

    def _half_product(self, a: int, b: int, side: int) -> tuple[int, int] | None:
        if self.depends[a] and self.depends[b]:
            return None if side else (a, b)
        if self.depends[b]:
            a, b = b, a
        half = self.of(a)[side]
        return None if half is None else (half, b)

    def _applied(self, head: Op, operands: list[int | None], place: Place | None) -> int | None:
        first, *others = operands
        if first is not None and None not in operands:
            return folded(self.table, head, tuple(operands), None, place)  # type: ignore[arg-type]
        if head is ops.sub and others[0] is not None:
            return folded(self.table, ops.neg, (others[0],), None, place)
        return first if head is ops.sub else None
