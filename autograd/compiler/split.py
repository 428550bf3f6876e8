"""Pass 6, split: a loss is parted into what depends on the example and what does not, such as an L2 penalty.

The second part counts once, however many examples there are. It is found among the terms of the loss, also where
the loss as a whole is negated, or multiplied or divided by a number.

>>> from .scalars import INPUT, PARAMETER
>>> program = Scalars()
>>> x, p, q = program.add(INPUT, (0, 0)), program.add(PARAMETER, (0,)), program.add(PARAMETER, (1,))
>>> program.roots = [program.add(SUM, (x, p, q))]
>>> made = split(program)
>>> [made.operands[root] for root in made.roots]
[(1, 2), (0,)]
"""

from __future__ import annotations

from .. import ops
from .scalars import INPUT, LEAVES, SUM, Scalars


def dependent(program: Scalars) -> list[bool]:
    """For each row whether it depends on an input."""
    depends: list[bool] = []
    for row, head in enumerate(program.heads):
        depends.append(head is INPUT if head in LEAVES else any([depends[x] for x in program.operands[row]]))
    return depends


def split(program: Scalars) -> Scalars:
    """The program, of one root, with two: what does not depend on the example, and what does; or with the one it has."""
    depends = dependent(program)
    (root,) = program.roots
    factors = []  # what is done to the sum, from the outermost
    row = root
    while depends[row]:
        head, operands = program.heads[row], program.operands[row]
        if head is ops.neg:
            factors.append((ops.neg, -1, row))
            row = operands[0]
        elif head in (ops.mul, ops.div) and program.is_number(operands[1]):
            factors.append((head, operands[1], row))
            row = operands[0]
        elif head is ops.mul and program.is_number(operands[0]):
            factors.append((head, operands[0], row))
            row = operands[1]
        else:
            break
    if program.heads[row] is not SUM or not depends[row]:
        return program
    n, operands = program.products.get(row, 0), program.operands[row]
    parts: list[int] = []
    for wanted in (False, True):
        pairs = [
            (w, x) for w, x in zip(operands[:n], operands[n : 2 * n]) if (depends[w] or depends[x]) is wanted
        ]
        single = [x for x in operands[2 * n :] if depends[x] is wanted]
        if not pairs and not single:
            return program
        part = program.add(
            SUM, (*[w for w, _ in pairs], *[x for _, x in pairs], *single), program.scopes[row], len(pairs)
        )
        if len(single) == 1 and not pairs:
            part = single[0]
        for op, number, of in reversed(factors):
            part = program.add(op, (part,) if op is ops.neg else (part, number), program.scopes[of])
        parts.append(part)
    program.roots = parts
    return program
