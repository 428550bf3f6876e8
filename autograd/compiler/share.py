"""Pass: what was computed twice is computed once. Rows of equal head, operands and data become one."""

from __future__ import annotations

from .scalars import Scalars


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
    names: list[int] = []
    known: dict[tuple[object, ...], int] = {}
    for head, old, data, place in table.rows():
        operands = tuple([names[i] for i in old])
        key = (head, operands, repr(data))  # repr tells 0.0 from -0.0, and a nan from no other nan
        found = known.get(key)
        if found is None:
            found = known[key] = made.add(head, operands, data, place)
        names.append(found)
    return table.renamed(made, names)
