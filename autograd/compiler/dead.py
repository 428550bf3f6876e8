"""Pass 4, dead code: rows that no root is made from are dropped; parameters and inputs stay.

>>> from .. import ops
>>> from .scalars import INPUT
>>> program = Scalars()
>>> x = program.add(INPUT, (0, 0))
>>> dead, alive = program.add(ops.exp, (x,)), program.add(ops.tanh, (x,))
>>> program.roots = [alive]
>>> drop_dead(program).counts()
{'input': 1, 'tanh': 1}
"""

from __future__ import annotations

from .scalars import INPUT, LEAVES, PARAMETER, Scalars, moved


def drop_dead(program: Scalars) -> Scalars:
    """The program without rows that are not needed."""
    needed = [False] * len(program)
    for root in program.roots:
        needed[root] = True
    for row in range(len(program) - 1, -1, -1):
        if needed[row] and program.heads[row] not in LEAVES:
            for x in program.operands[row]:
                needed[x] = True
    made = Scalars()
    to: list[int] = []
    for row, head in enumerate(program.heads):
        if head is INPUT or head is PARAMETER or needed[row]:
            operands = program.operands[row]
            to.append(made.copy(program, row, operands if head in LEAVES else moved(operands, to)))
        else:
            to.append(-1)
    made.roots = [to[root] for root in program.roots]
    return made
