"""Pass 3, share: what is computed twice from the same operands is computed once (common sub-expressions).

>>> from .. import ops
>>> from .scalars import INPUT
>>> program = Scalars()
>>> x = program.add(INPUT, (0, 0))
>>> program.roots = [program.add(ops.exp, (x,)), program.add(ops.exp, (x,))]
>>> shared = share(program)
>>> len(shared), shared.roots
(2, [1, 1])
"""

from __future__ import annotations

from .scalars import LEAVES, Scalars, moved


def share(program: Scalars) -> Scalars:
    """The program with equal rows merged."""
    made, to = Scalars(), []
    known: dict[object, int] = {}
    for row, head in enumerate(program.heads):
        operands = program.operands[row]
        if head not in LEAVES:
            operands = moved(operands, to)
        key = (head, operands, program.products.get(row, 0))
        if head in LEAVES or key not in known:
            known[key] = made.copy(program, row, operands)
        to.append(known[key])
    made.roots = [to[root] for root in program.roots]
    return made
