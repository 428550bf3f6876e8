"""The flat scalar program that the passes read and write: one row for each scalar, operands before consumers.

A row has a head and operands. The head is an `Op`; or the sign of a relation, which makes a truth value (``"<"``,
``"&"``, ...); or one of the names below, for rows that no operation made and for sums of products. What the passes
do is in their own modules.
"""

from __future__ import annotations

from ..ops import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    Head: TypeAlias = Op | str

NUMBER = "number"
"""A constant; its one operand is the float."""

INPUT = "input"
"""An element of an input; the operands are the input's number and the element's position in it."""

PARAMETER = "parameter"
"""A parameter; its one operand is its number."""

SUM = "sum of products"
"""w0*x0 + w1*x1 + ... + s0 + ...; the operands are all w, then all x, as many as `Scalars.products` says, then all s."""

LEAVES = frozenset((NUMBER, INPUT, PARAMETER))
TRUTHS = frozenset(("<", "<=", ">", ">=", "==", "&", "|"))
"""The heads of rows that are true or false."""


class Scalars:
    """A scalar program.

    Attributes
    ----------
    heads : list of Op and str
    operands : list of tuple
        For each row the rows that it is computed from; for a leaf what the leaf is.
    products : dict of int
        For each sum of products how many products there are.
    scopes : list of str
        For each row the module at work when it was recorded.
    labels : dict of str
        The rows that have a name.
    roots : list of int
        The rows that are wanted.

    Examples
    --------
    >>> program = Scalars()
    >>> x = program.add(INPUT, (0, 0))
    >>> program.roots = [program.add("<", (x, program.number(1.0)))]
    >>> len(program), program.counts()
    (3, {'input': 1, 'number': 1, '<': 1})
    """

    def __init__(self) -> None:
        self.heads: list[Head] = []
        self.operands: list[tuple[int, ...]] = []
        self.products: dict[int, int] = {}
        self.scopes: list[str] = []
        self.labels: dict[int, str] = {}
        self.roots: list[int] = []
        self._numbers: dict[tuple[float, str], int] = {}

    def __len__(self) -> int:
        return len(self.heads)

    def add(self, head: Head, operands: tuple[int, ...], scope: str = "", products: int = 0) -> int:
        """Append a row; returns its position."""
        self.heads.append(head)
        self.operands.append(operands)
        self.scopes.append(scope)
        if products:
            self.products[len(self.heads) - 1] = products
        return len(self.heads) - 1

    def number(self, x: float) -> int:
        """The row of a constant; the same for the same number."""
        key = (x, repr(x))  # 0.0 == -0.0, and nan is not even itself
        row = self._numbers.get(key)
        if row is None:
            row = self._numbers[key] = self.add(NUMBER, (x,))  # type: ignore[arg-type]
        return row

    def copy(self, other: Scalars, row: int, operands: tuple[int, ...]) -> int:
        """Append a row of another program, on other operands."""
        head = other.heads[row]
        if head is NUMBER:
            return self.number(other.operands[row][0])
        made = self.add(head, operands, other.scopes[row], other.products.get(row, 0))
        if row in other.labels:
            self.labels[made] = other.labels[row]
        return made

    def is_number(self, row: int) -> bool:
        """Whether the row is a constant."""
        return self.heads[row] is NUMBER

    def uses(self) -> list[int]:
        """For each row how often it is an operand or a root."""
        uses = [0] * len(self)
        for row, operands in self.results():
            del row
            for x in operands:
                uses[x] += 1
        for root in self.roots:
            uses[root] += 1
        return uses

    def results(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The rows that are computed, with their operands."""
        for row, head in enumerate(self.heads):
            if head not in LEAVES:
                yield row, self.operands[row]

    def counts(self) -> dict[str, int]:
        """How many rows there are of each kind, in the order of their first appearance."""
        counts: dict[str, int] = {}
        for head in self.heads:
            name = head if isinstance(head, str) else head.name
            counts[name] = counts.get(name, 0) + 1
        return counts


def moved(operands: Sequence[int], to: Sequence[int]) -> tuple[int, ...]:
    """Operands by their new positions.

    >>> moved((0, 2), [5, 6, 7])
    (5, 7)
    """
    return tuple([to[x] for x in operands])
