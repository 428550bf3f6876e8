"""Pass: dot products that share their vectors become matrix products.

Every dot product has a left and a right vector. Where each of some left vectors meets each of some right ones, as the
weights of a layer's neurons all meet the layer's inputs, the products are the entries of one matrix product: the left
vectors are the rows of its first factor, the right ones the columns of its second.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Vector: TypeAlias = tuple[int, ...]


class Block:
    """Rows and columns that all meet.

    Attributes
    ----------
    rows, columns : list of tuple of int
        The vectors.
    members : list of int
        Which dot product is which entry, row by row.
    """

    def __init__(self, rows: list[Vector], columns: list[Vector], members: list[int]) -> None:
        self.rows, self.columns, self.members = rows, columns, members


def blocks(left: Sequence[Vector], right: Sequence[Vector]) -> list[Block]:
    """The dot products of ``left[i]`` and ``right[i]``, sorted into blocks; no pair may occur twice.

    Examples
    --------
    >>> found = blocks([(0, 1), (2, 3), (0, 1), (2, 3)], [(4, 5), (4, 5), (6, 7), (6, 7)])
    >>> [(block.rows, block.columns, block.members) for block in found]
    [([(0, 1), (2, 3)], [(4, 5), (6, 7)], [0, 2, 1, 3])]
    """
    numbers: dict[Vector, int] = {}
    partners: dict[Vector, dict[int, int]] = {}  # for each right vector: number of the left one -> dot product
    for i, (a, b) in enumerate(zip(left, right)):
        partners.setdefault(b, {})[numbers.setdefault(a, len(numbers))] = i
    vectors = list(numbers)
    alike: dict[tuple[int, ...], list[Vector]] = {}
    for b, met in partners.items():
        alike.setdefault(tuple(sorted(met)), []).append(b)
    return [
        Block([vectors[a] for a in rows], columns, [partners[b][a] for a in rows for b in columns])
        for rows, columns in alike.items()
    ]
