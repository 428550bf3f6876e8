"""Pass: what depends on constants alone is computed now, and operations that change nothing are removed.

The pass simplifies only where this holds for every number, nan and infinities included: 0 * x stays, because x may be
infinite. The passes `sums` and `split` make new rows with `folded` and `total`, so that after them, too, no operation
depends on constants alone.
"""

from __future__ import annotations

from .. import ops
from .scalars import CONSTANT, TOTAL, Scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..ops import Op
    from ..origins import Place


def fold(table: Scalars) -> Scalars:
    """The table with constants folded.

    Examples
    --------
    >>> table = Scalars()
    >>> two, three = table.add(CONSTANT, data=2.0), table.add(CONSTANT, data=3.0)
    >>> table.outputs = [table.add(ops.mul, (two, three))]
    >>> made = fold(table)
    >>> made.data[made.outputs[0]]
    6.0
    """
    made = Scalars()
    new_rows: list[int] = []
    for head, operands, data, place in table.rows():
        new_rows.append(folded(made, head, tuple([new_rows[i] for i in operands]), data, place))
    return table.transfer_outputs(made, new_rows)


def folded(table: Scalars, head: Op, operands: tuple[int, ...], data: Any = None, place: Place | None = None) -> int:
    """The row for an operation on rows of the table: an operand or a constant if it comes to that, or a new row."""
    heads, numbers = table.heads, table.data
    if operands and all(heads[i] is CONSTANT for i in operands):
        return table.add(CONSTANT, (), float(head.value(*[numbers[i] for i in operands])), place)
    if head is ops.positive:
        return operands[0]
    if head is ops.where and heads[operands[0]] is CONSTANT:
        return operands[1 if numbers[operands[0]] else 2]
    return table.add(head, operands, data, place)


def total(table: Scalars, pairs: Iterable[tuple[int, int]], terms: Iterable[int], place: Place | None = None) -> int:
    """The row for a sum of products and of terms, with its constants added up.

    Adding 0 is left out: it would only turn -0.0 into 0.0.

    Examples
    --------
    >>> from .scalars import INPUT
    >>> table = Scalars()
    >>> x, two, three = table.add(INPUT, data=0), table.add(CONSTANT, data=2.0), table.add(CONSTANT, data=3.0)
    >>> made = total(table, [(two, three)], [x, two])
    >>> print(table)
    0 input 0
    1 constant 2.0
    2 constant 3.0
    3 constant 8.0
    4 total(0, 3) 0
    """
    heads, numbers = table.heads, table.data
    products: list[tuple[int, int]] = []
    constants: list[float] = []
    others: list[int] = []
    for a, b in pairs:
        if heads[a] is CONSTANT and heads[b] is CONSTANT:
            constants.append(numbers[a] * numbers[b])
        else:
            products.append((a, b))
    for i in terms:
        if heads[i] is CONSTANT:
            constants.append(numbers[i])
        else:
            others.append(i)
    constant = ops.sum.forward(*constants)
    if constant != 0.0 or not (products or others):
        others.append(table.add(CONSTANT, (), constant, place))
    if not products and len(others) == 1:
        return others[0]
    if len(products) == 1 and not others:
        return table.add(ops.mul, products[0], None, place)
    operands = (*[a for a, _ in products], *[b for _, b in products], *others)
    return table.add(TOTAL, operands, len(products), place)
