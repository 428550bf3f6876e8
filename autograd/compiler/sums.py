"""Pass: chains of additions, and sums of products, become totals, however they were written.

``dot(ws, xs, b)``, ``sum(w * x for ...) + b`` with Python's ``sum``, and ``autograd.sum`` of products all become the
same row, ``x1*y1 + ... + xk*yk + z1 + ... + zm``, without the 0 that Python's ``sum`` starts from. A sum or product
that is used elsewhere as well keeps a row of its own.
"""

from __future__ import annotations

from .. import ops
from .fold import total
from .scalars import Scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ops import Op

_SUMS = frozenset({ops.add, ops.sum, ops.dot})


def sums(table: Scalars) -> Scalars:
    """The table with its sums as totals.

    Examples
    --------
    >>> from .scalars import INPUT, PARAMETER
    >>> table = Scalars()
    >>> w, x, b = table.add(PARAMETER, data=0), table.add(INPUT, data=0), table.add(PARAMETER, data=1)
    >>> table.outputs = [table.add(ops.add, (b, table.add(ops.mul, (w, x))))]
    >>> print(sums(table))
    0 parameter 0
    1 input 0
    2 parameter 1
    3 mul(0, 1)
    4 total(0, 1, 2) 1  <- output
    """
    absorbed = _absorbed(table)
    made = Scalars()
    new_rows: list[int] = []
    for i, (head, operands, data, place) in enumerate(table.rows()):
        if head not in _SUMS:
            new_rows.append(made.add(head, tuple([new_rows[k] for k in operands]), data, place))
        elif absorbed[i]:
            new_rows.append(-1)  # only used in a total, which takes in its terms
        else:
            left, right, plain = _terms(table, i, absorbed)
            pairs = [(new_rows[a], new_rows[b]) for a, b in zip(left, right)]
            new_rows.append(total(made, pairs, [new_rows[k] for k in plain], place))
    return table.transfer_outputs(made, new_rows)


def _absorbed(table: Scalars) -> list[bool]:
    """For each row, whether it is a sum or product that is used only once, as a term of a sum."""
    uses = table.uses()
    absorbed = [False] * len(table)
    for head, operands in zip(table.heads, table.operands):
        for k in _addends(head, operands):
            absorbed[k] = uses[k] == 1 and (table.heads[k] in _SUMS or table.heads[k] is ops.mul)
    return absorbed


def _addends(head: Op, operands: tuple[int, ...]) -> tuple[int, ...]:
    """The operands that a sum adds as they are: all of them, or of a dot the odd one at the end."""
    if head is ops.dot:
        return operands[len(operands) - 1 :] if len(operands) % 2 else ()
    return operands if head in _SUMS else ()


def _terms(table: Scalars, root: int, absorbed: list[bool]) -> tuple[list[int], list[int], list[int]]:
    """The factors of all products in the total that ends in `root`, and its other terms, in their order."""
    left: list[int] = []
    right: list[int] = []
    plain: list[int] = []
    stack = [root]
    while stack:
        i = stack.pop()
        head, operands = table.heads[i], table.operands[i]
        if i != root and not absorbed[i]:
            plain.append(i)
        elif head is ops.mul:
            left.append(operands[0])
            right.append(operands[1])
        else:
            stack.extend(reversed(_addends(head, operands)))
            if head is ops.dot:
                n = len(operands) // 2
                left.extend(operands[:n])
                right.extend(operands[n : 2 * n])
    return left, right, plain
