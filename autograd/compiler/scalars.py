"""The recorded program as a flat table of scalars, on which the first passes work.

A row is one number: a leaf, or an operation on earlier rows. The passes `fold`, `sums`, `split`, `share` and `live` are
functions from such a table to a new one. Arrays appear only with `group`.
"""

from __future__ import annotations

import operator

from .. import ops
from ..ops import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TypeAlias

    from ..origins import Place

    Row: TypeAlias = tuple[Op, tuple[int, ...], Any, Place | None]

# Heads of rows that no operation of the user's made; they are of class Op only to have a name, as all heads do.
INPUT = Op("input", lambda: None, lambda out: (), arity=0, doc="A placeholder; the row's data is its number.")
PARAMETER = Op("parameter", lambda: None, lambda out: (), arity=0, doc="A parameter; the row's data is its number.")
CONSTANT = Op("constant", lambda: None, lambda out: (), arity=0, doc="A number, which is the row's data.")
TOTAL = Op(
    "total",
    lambda: None,
    lambda out: (),
    arity=None,
    doc="x1*y1 + ... + xk*yk + z1 + ... + zm over the operands x, y, z; the row's data is k.",
)
DETACH = Op("detach", lambda a: a, lambda a, out: (0.0,), doc="The operand, with a slope of 0.")

ALONG = frozenset({ops.prod, ops.logsumexp})
"""Operations on a sequence of numbers; on arrays they work along an axis."""


def _relation(sign: str, holds: Callable[[float, float], Any]) -> Op:
    return Op(sign, lambda a, b: float(holds(a, b)), lambda a, b, out: (0.0, 0.0), arity=2, elementary=True)


RELATIONS = {
    "<": _relation("<", operator.lt),
    "<=": _relation("<=", operator.le),
    ">": _relation(">", operator.gt),
    ">=": _relation(">=", operator.ge),
    "==": _relation("==", operator.eq),
    "!=": _relation("!=", operator.ne),
    "&": _relation("&", lambda a, b: a and b),
    "|": _relation("|", lambda a, b: a or b),
    "~": Op("~", lambda a: float(not a), lambda a, out: (0.0,), elementary=True),
}
"""Comparisons and ``&``, ``|``, ``~`` as operations: 1.0 where they hold, else 0.0. Their slope is 0."""


class Scalars:
    """A program of scalars.

    Attributes
    ----------
    heads : list of Op
        How each row is computed: an operation, or one of INPUT, PARAMETER, CONSTANT, TOTAL and DETACH.
    operands : list of tuple of int
        The rows that each operation is applied to, all of them earlier.
    data : list
        For a constant its number, for an input or parameter which it is, for a total how many products it has.
    places : list of Place or None
        The node's label and module, for names.
    outputs : list of int
        The rows whose numbers the program returns, checks or tells.

    Examples
    --------
    >>> from autograd import ops
    >>> table = Scalars()
    >>> two, x = table.add(CONSTANT, data=2.0), table.add(INPUT, data=0)
    >>> table.outputs = [table.add(ops.mul, (two, x))]
    >>> print(table)
    0 constant 2.0
    1 input 0
    2 mul(0, 1)  <- output
    """

    def __init__(self) -> None:
        self.heads: list[Op] = []
        self.operands: list[tuple[int, ...]] = []
        self.data: list[Any] = []
        self.places: list[Place | None] = []
        self.outputs: list[int] = []

    def add(self, head: Op, operands: tuple[int, ...] = (), data: Any = None, place: Place | None = None) -> int:
        """Append a row; returns its number."""
        self.heads.append(head)
        self.operands.append(operands)
        self.data.append(data)
        self.places.append(place)
        return len(self.heads) - 1

    def copied(self) -> Scalars:
        """The same rows, in a table that can be added to."""
        made = Scalars()
        made.heads, made.operands, made.data = self.heads[:], self.operands[:], self.data[:]
        made.places, made.outputs = self.places[:], self.outputs[:]
        return made

    def __len__(self) -> int:
        return len(self.heads)

    def rows(self) -> Iterator[Row]:
        """Head, operands, data and place of every row."""
        return zip(self.heads, self.operands, self.data, self.places)

    def uses(self) -> list[int]:
        """How often each row is an operand or an output."""
        uses = [0] * len(self)
        for operands in self.operands:
            for i in operands:
                uses[i] += 1
        for i in self.outputs:
            uses[i] += 1
        return uses

    def transfer_outputs(self, made: Scalars, new_rows: Sequence[int]) -> Scalars:
        """`made`, with the outputs of this table; ``new_rows[i]`` is the number that row i has in `made`."""
        made.outputs = [new_rows[i] for i in self.outputs]
        return made

    def __str__(self) -> str:
        lines = []
        for i, (head, operands, data, _) in enumerate(self.rows()):
            text = f"{head.name}({', '.join(map(str, operands))})" if operands else head.name
            lines.append(f"{i} {text}{'' if data is None else f' {data}'}{'  <- output' * (i in self.outputs)}")
        return "\n".join(lines)
