"""Pass: what was computed twice is computed once. Rows of equal head, operands and data become one.

The order of the terms of a total, and of operands that can be exchanged, does not matter: ``a + b*c`` and ``c*b + a``
become one row, with its operands in the order of the first of them.
"""

from __future__ import annotations

from .. import ops
from .scalars import TOTAL, Scalars

_UNORDERED = frozenset({ops.mul, ops.prod, ops.logsumexp})


def share(table: Scalars) -> Scalars:
    """The table without repetitions.

    Examples
    --------
    >>> from autograd import ops
    >>> from .scalars import INPUT
    >>> table = Scalars()
    >>> x = table.add(INPUT, data=0)
    >>> table.outputs = [table.add(ops.mul, (table.add(ops.sin, (x,)), table.add(ops.sin, (x,))))]
    >>> print(share(table))
    0 input 0
    1 sin(0)
    2 mul(1, 1)  <- output
    """
    made = Scalars()
    new_rows: list[int] = []
    known: dict[tuple[object, ...], int] = {}
    for head, old, data, place in table.rows():
        operands = tuple([new_rows[i] for i in old])
        same = _in_order(operands, data) if head is TOTAL else operands
        if head in _UNORDERED:
            same = tuple(sorted(operands))
        key = (head, same, repr(data))  # unlike ==, repr distinguishes 0.0 from -0.0, but no nan from another
        found = known.get(key)
        if found is None:
            found = known[key] = made.add(head, operands, data, place)
        new_rows.append(found)
    return table.transfer_outputs(made, new_rows)


def _in_order(operands: tuple[int, ...], pairs: int) -> tuple[int, ...]:
    """The operands of a total in a fixed order: factors sorted within products, then products, and terms."""
    products = sorted([(a, b) if a <= b else (b, a) for a, b in zip(operands[:pairs], operands[pairs : 2 * pairs])])
    return (*[a for a, _ in products], *[b for _, b in products], *sorted(operands[2 * pairs :]))
