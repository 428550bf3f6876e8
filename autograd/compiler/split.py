"""Pass: a loss falls apart into what depends on the example and what does not.

The loss of a batch is the mean, or the sum, of the first part over the examples, plus the second part once: a penalty
on the weights does not grow with the batch.
"""

from __future__ import annotations

from .. import ops
from .scalars import CONSTANT, INPUT, TOTAL, Scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..value import Place


def split(table: Scalars) -> Scalars:
    """The table with two outputs instead of one: the example's part of the loss, and the rest (0 if there is none).

    Examples
    --------
    >>> from .scalars import PARAMETER
    >>> table = Scalars()
    >>> x, w = table.add(INPUT, data=0), table.add(PARAMETER, data=0)
    >>> table.outputs = [table.add(TOTAL, (x, w), 0)]
    >>> split(table).outputs
    [0, 1]
    """
    depends: list[bool] = []
    for head, operands in zip(table.heads, table.operands):
        depends.append(head is INPUT or any(depends[i] for i in operands))
    (root,) = table.outputs
    rest: int | None = None
    head, operands, place = table.heads[root], table.operands[root], table.places[root]
    if not depends[root]:
        root, rest = table.add(CONSTANT, (), 0.0), root
    elif head is TOTAL:
        pairs = table.data[root]
        products = list(zip(operands[:pairs], operands[pairs : 2 * pairs]))
        plain = operands[2 * pairs :]
        own = [pair for pair in products if depends[pair[0]] or depends[pair[1]]]
        others = [pair for pair in products if not (depends[pair[0]] or depends[pair[1]])]
        root = _total(table, own, [i for i in plain if depends[i]], place)
        rest = _total(table, others, [i for i in plain if not depends[i]], place)
    elif head is ops.sub and not depends[operands[1]]:
        root, rest = operands[0], table.add(ops.neg, (operands[1],), None, place)
    elif head is ops.sub and not depends[operands[0]]:
        root, rest = table.add(ops.neg, (operands[1],), None, place), operands[0]
    table.outputs = [root, table.add(CONSTANT, (), 0.0) if rest is None else rest]
    return table


def _total(table: Scalars, pairs: list[tuple[int, int]], plain: list[int], place: Place | None) -> int:
    if not pairs and not plain:
        return table.add(CONSTANT, (), 0.0)
    if len(pairs) + len(plain) == 1:
        return plain[0] if plain else table.add(ops.mul, pairs[0], None, place)
    operands = (*[a for a, _ in pairs], *[b for _, b in pairs], *plain)
    return table.add(TOTAL, operands, len(pairs), place)
