"""Sums of products as entries of matrix products.

Every sum of products has a left and a right vector. Where each of some left vectors is paired with each of some right
ones, as the weights of every neuron in a layer with the layer's inputs, the sums are the entries of one matrix product:
the left vectors are the rows of its first factor, the right ones the columns of its second. Where nearly all pairs
occur, as in attention each position with those before it, the product has holes: entries that are none of the sums.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Vector: TypeAlias = tuple[int, ...]

HOLE = -1
FULL = 0.4
"""At least this part of a rectangle must be filled; with more holes it costs more than it saves."""

MANY = 3
"""From this number of pieces on, a rectangle with holes is worth it; fewer pieces stay separate."""


class Block:
    """Rows and columns whose products are wanted: one matrix product.

    Attributes
    ----------
    rows, columns : list of tuple of int
        The vectors.
    members : list of int
        For each entry of the product, row by row, the number of the sum; HOLE where there is none.
    """

    def __init__(self, rows: list[Vector], columns: list[Vector], members: list[int]) -> None:
        self.rows, self.columns, self.members = rows, columns, members


def blocks(left: Sequence[Vector], right: Sequence[Vector]) -> list[Block]:
    """The sums of products of ``left[i]`` and ``right[i]``, sorted into blocks; no pair may occur twice.

    Examples
    --------
    >>> found = blocks([(0, 1), (2, 3), (0, 1), (2, 3)], [(4, 5), (4, 5), (6, 7), (6, 7)])
    >>> [(block.rows, block.columns, block.members) for block in found]
    [([(0, 1), (2, 3)], [(4, 5), (6, 7)], [0, 2, 1, 3])]
    >>> first = [(t,) for t in range(4) for s in range(t + 1)]
    >>> second = [(s,) for t in range(4) for s in range(t + 1)]
    >>> [block.members for block in blocks(first, second)]
    [[0, -1, -1, -1, 1, 2, -1, -1, 3, 4, 5, -1, 6, 7, 8, 9]]
    """
    numbers: dict[Vector, int] = {}
    partners: dict[Vector, dict[int, int]] = {}  # for each right vector: number of the left one -> sum
    for i, (a, b) in enumerate(zip(left, right)):
        partners.setdefault(b, {})[numbers.setdefault(a, len(numbers))] = i
    vectors = list(numbers)
    alike: dict[tuple[int, ...], list[Vector]] = {}
    for b, met in partners.items():
        alike.setdefault(tuple(sorted(met)), []).append(b)
    made: list[Block] = []
    for kinds in _connected(list(alike), len(vectors)):
        rows = sorted({a for kind in kinds for a in kind})
        several = {b for kind in kinds for b in alike[kind]}
        asked = sum([len(kind) * len(alike[kind]) for kind in kinds])
        if len(kinds) >= MANY and asked >= FULL * len(rows) * len(several):
            columns = [b for b in partners if b in several]
            made.append(_block(vectors, rows, columns, partners))
        else:
            made += [_block(vectors, kind, alike[kind], partners) for kind in kinds]
    return made


def _block(
    vectors: list[Vector], rows: Sequence[int], columns: list[Vector], partners: dict[Vector, dict[int, int]]
) -> Block:
    members = [partners[b].get(a, HOLE) for a in rows for b in columns]
    return Block([vectors[a] for a in rows], columns, members)


def _connected(sets: list[tuple[int, ...]], count: int) -> list[list[tuple[int, ...]]]:
    """The sets of numbers below `count`, in groups that share numbers, directly or through other sets of the group."""
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for numbers in sets:
        for i in numbers[1:]:
            parent[root(i)] = root(numbers[0])
    made: dict[int, list[tuple[int, ...]]] = {}
    for numbers in sets:
        made.setdefault(root(numbers[0]), []).append(numbers)
    return list(made.values())


def extended(pairs: Sequence[Sequence[tuple[int, int]]], side: int) -> list[list[tuple[int, int]]] | None:
    """Sums of products of several lengths, made equally long by holes among the factors of one side.

    Parameters
    ----------
    pairs : sequence of sequence of (int, int)
        The factors of each sum.
    side : {0, 1}
        Which factors get no holes. Vectors of that side that have a factor in common become the same longer vector.

    Returns
    -------
    list or None
        The pairs; None if too many of them would have holes, or a factor of that side occurs twice in a sum.

    Examples
    --------
    >>> extended([[(0, 5)], [(1, 5), (2, 6)]], 1)
    [[(0, 5), (-1, 6)], [(1, 5), (2, 6)]]
    """
    number_of: dict[int, int] = {}
    sets = [tuple([number_of.setdefault(pair[side], len(number_of)) for pair in terms]) for terms in pairs]
    if any(len(set(numbers)) < len(numbers) for numbers in sets):
        return None
    full: dict[int, list[int]] = {}
    positions = list(number_of)
    for family in _connected(sets, len(number_of)):
        whole = sorted({positions[i] for numbers in family for i in numbers})
        full.update(dict.fromkeys(whole, whole))
    made = []
    for terms in pairs:
        other = {pair[side]: pair[1 - side] for pair in terms}
        whole = full[terms[0][side]]
        if side:
            made.append([(other.get(i, HOLE), i) for i in whole])
        else:
            made.append([(i, other.get(i, HOLE)) for i in whole])
    return made if sum(map(len, pairs)) >= FULL * sum(map(len, made)) else None
