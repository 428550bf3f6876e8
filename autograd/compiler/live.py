"""Pass: rows that no output depends on are removed."""

from __future__ import annotations

from .scalars import Scalars


def live(table: Scalars) -> Scalars:
    """The table without dead rows.

    Examples
    --------
    >>> from autograd import ops
    >>> from .scalars import INPUT
    >>> table = Scalars()
    >>> x = table.add(INPUT, data=0)
    >>> dead, y = table.add(ops.sin, (x,)), table.add(ops.cos, (x,))
    >>> table.outputs = [y]
    >>> print(live(table))
    0 input 0
    1 cos(0)  <- output
    """
    needed = [False] * len(table)
    for i in table.outputs:
        needed[i] = True
    for i in range(len(table) - 1, -1, -1):
        if needed[i]:
            for k in table.operands[i]:
                needed[k] = True
    made = Scalars()
    new_rows = [-1] * len(table)
    for i, (head, operands, data, place) in enumerate(table.rows()):
        if needed[i]:
            new_rows[i] = made.add(head, tuple([new_rows[k] for k in operands]), data, place)
    return table.transfer_outputs(made, new_rows)
