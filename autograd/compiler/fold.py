"""Pass: what depends on constants alone is computed now, and what changes nothing goes.

Only steps that hold for every number, nan and infinities included, are taken: 0 * x stays, for x may be infinite.
"""

from __future__ import annotations

from .. import ops
from .scalars import CONSTANT, Scalars


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
    names: list[int] = []
    heads, data = made.heads, made.data
    for head, old, number, place in table.rows():
        operands = tuple([names[i] for i in old])
        if not operands:
            names.append(made.add(head, (), number, place))
        elif all(heads[i] is CONSTANT for i in operands):
            names.append(made.add(CONSTANT, (), float(head.value(*[data[i] for i in operands])), place))
        elif head is ops.positive:
            names.append(operands[0])
        elif head is ops.where and heads[operands[0]] is CONSTANT:
            names.append(operands[1 if data[operands[0]] else 2])
        else:
            names.append(made.add(head, operands, number, place))
    return table.renamed(made, names)
