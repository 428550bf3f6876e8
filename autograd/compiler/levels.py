"""Every row's level: the number of operations on the longest path to it. Rows of one level never need each other."""

from __future__ import annotations

from .scalars import Scalars


def levels(table: Scalars) -> list[list[int]]:
    """The rows of each level, leaves first.

    Examples
    --------
    >>> from autograd import ops
    >>> from .scalars import INPUT
    >>> table = Scalars()
    >>> x = table.add(INPUT, data=0)
    >>> y = table.add(ops.sin, (x,))
    >>> z = table.add(ops.mul, (x, y))
    >>> levels(table)
    [[0], [1], [2]]
    """
    depth: list[int] = []
    found: list[list[int]] = []
    for i, operands in enumerate(table.operands):
        level = 1 + max([depth[k] for k in operands]) if operands else 0
        depth.append(level)
        if level == len(found):
            found.append([])
        found[level].append(i)
    return found
