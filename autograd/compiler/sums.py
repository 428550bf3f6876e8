"""Pass 5, sums: chains of ``+`` become one sum, and the products in a sum become a sum of products.

So ``dot(ws, xs, b)``, ``b + sum(w*x for ...)`` and the loop ``total += w * x`` all come out as the same row. An
addition or a product that is used elsewhere as well stays a row of its own. Squares count as products.

>>> from .scalars import INPUT, PARAMETER
>>> program = Scalars()
>>> w, x, b = program.add(PARAMETER, (0,)), program.add(INPUT, (0, 0)), program.add(PARAMETER, (1,))
>>> program.roots = [program.add(ops.add, (program.add(ops.mul, (w, x)), b))]
>>> made = find_sums(program)
>>> [(made.heads[row], operands, made.products[row]) for row, operands in made.results()]
[('sum of products', (0, 1, 2), 1)]
"""

from __future__ import annotations

from collections import deque

from .. import ops
from .scalars import LEAVES, SUM, Scalars, moved


def find_sums(program: Scalars) -> Scalars:
    """The program with sums of products in the place of additions."""
    uses = program.uses()
    heads, rows = program.heads, program.operands
    additive = (ops.add, ops.sum)
    # The terms of every addition: those of an addition that only serves this one are taken over.
    terms: dict[int, deque[int]] = {}
    inner: set[int] = set()
    for row, head in enumerate(heads):
        if head not in additive:
            continue
        joined: deque[int] = deque()
        for x in rows[row]:
            if x in terms and uses[x] == 1 and x not in program.labels:
                inner.add(x)
                other = terms.pop(x)
                if len(other) > len(joined):  # the longer one takes up the shorter, so that no chain is quadratic
                    other.extendleft(reversed(joined))
                    joined = other
                else:
                    joined.extend(other)
            else:
                joined.append(x)
        terms[row] = joined

    # The products that only serve a sum.
    absorbed = set()
    for added in terms.values():
        for x in added:
            if heads[x] in (ops.mul, ops.square) and uses[x] == 1 and x not in program.labels:
                absorbed.add(x)

    made = Scalars()
    to: list[int] = []
    for row, head in enumerate(heads):
        operands = rows[row]
        if row in inner or row in absorbed:
            to.append(-1)
        elif row in terms:
            pairs = [(rows[x][0], rows[x][-1]) for x in terms[row] if x in absorbed]
            single = [x for x in terms[row] if x not in absorbed]
            to.append(_sum(made, program, row, [w for w, _ in pairs], [x for _, x in pairs], single, to))
        elif head is ops.dot:
            n = len(operands) // 2
            to.append(
                _sum(made, program, row, list(operands[:n]), list(operands[n : 2 * n]), list(operands[2 * n :]), to)
            )
        else:
            to.append(made.copy(program, row, operands if head in LEAVES else moved(operands, to)))
    made.roots = [to[root] for root in program.roots]
    return made


def _sum(
    made: Scalars, program: Scalars, row: int, ws: list[int], xs: list[int], single: list[int], to: list[int]
) -> int:
    if not ws and len(single) == 1:
        return to[single[0]]
    new = made.add(SUM, moved([*ws, *xs, *single], to), program.scopes[row], len(ws))
    if row in program.labels:
        made.labels[new] = program.labels[row]
    return new
