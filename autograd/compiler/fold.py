"""Pass 2, fold: what is made of numbers alone is computed now, and a sum need not start from 0.

>>> from .. import ops
>>> from .scalars import INPUT
>>> program = Scalars()
>>> x = program.add(INPUT, (0, 0))
>>> start = program.add(ops.add, (program.number(0.0), x))
>>> program.roots = [program.add(ops.mul, (start, program.add(ops.exp, (program.number(0.0),))))]
>>> folded = fold(program)
>>> [(folded.heads[row], operands) for row, operands in folded.results()]
[(<operation mul>, (0, 2))]
"""

from __future__ import annotations

from .. import ops
from ..ops import Op
from .scalars import LEAVES, NUMBER, TRUTHS, Scalars, moved


def fold(program: Scalars) -> Scalars:
    """The program without what can be computed beforehand."""
    made, to = Scalars(), []
    for row, head in enumerate(program.heads):
        if head in LEAVES:
            to.append(made.copy(program, row, program.operands[row]))
            continue
        operands = moved(program.operands[row], to)
        if head is ops.positive:
            to.append(operands[0])
        elif head is ops.add and made.is_number(operands[0]) and made.operands[operands[0]][0] == 0.0:
            to.append(operands[1])  # the builtin sum() starts from 0
        elif head is ops.pow and made.is_number(operands[1]) and made.operands[operands[1]][0] in (1.0, 2.0):
            square = made.operands[operands[1]][0] == 2.0
            to.append(made.add(ops.square, operands[:1], program.scopes[row]) if square else operands[0])
        elif operands and all(made.heads[x] is NUMBER for x in operands):
            point = [made.operands[x][0] for x in operands]
            to.append(made.number(float(_relation(head, *point) if head in TRUTHS else _value(head, point))))
        elif isinstance(head, Op) and not operands:
            to.append(made.number(head.value()))
        else:
            to.append(made.copy(program, row, operands))
    made.roots = [to[root] for root in program.roots]
    return made


def _value(head: Op | str, point: list[float]) -> float:
    assert isinstance(head, Op)
    return head.value(*point)


def _relation(head: Op | str, a: float, b: float) -> bool:
    relations = {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b}
    relations |= {"&": bool(a) and bool(b), "|": bool(a) or bool(b)}
    return relations[str(head)]
