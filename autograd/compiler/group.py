"""Pass: like scalars become arrays.

Level by level, rows with the same operation on operands from the same arrays become one array. Positions in the
operands decide how its elements are ordered and shaped: as the operand is, if there is one that each element takes
another entry of; as the grid of two operands, if each entry of one meets each of the other. A total falls apart by the
arrays that its terms come from: a part is a matrix product (see `blocks`), a sum along an axis, or a term as it is.
Whole layers, examples recorded one by one, and time steps are all found in this way, without being looked for.
"""

from __future__ import annotations

import numpy as np

from .. import ops
from .arrays import ALONG, MATMUL, REDUCE, STACK, SUM, Access, Array
from .blocks import Block, blocks
from .levels import levels
from .scalars import CONSTANT, INPUT, PARAMETER, TOTAL, Scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from ..ops import Op
    from ..origins import Place
    from .inputs import Slot

    Index: TypeAlias = NDArray[Any]
    Spot: TypeAlias = tuple[int, int]  # the number of an array, and a position in it

FEW = 2
"""So many terms from one array are added one by one; more are summed along an axis."""


class Grouping:
    """The program of arrays.

    Attributes
    ----------
    arrays : list of Array
        Operands before their users.
    inputs : list of Array
        In the order of the slots.
    parameters, constants : Array
        All of them in one array each; `layout` gives them their final ones.
    outputs : list of Access
        Each output by itself, a single position.
    """

    def __init__(self, table: Scalars, slots: Sequence[Slot], batched: bool, parameters: int) -> None:
        self.table = table
        self.arrays: list[Array] = []
        self.spots: list[Spot] = [(-1, -1)] * len(table)
        self.inputs = [self._leaf(INPUT, slot.shape) for slot in slots]
        for slot, array in zip(slots, self.inputs):
            array.batched, array.name = batched, slot.name
        self.parameters = self._leaf(PARAMETER, (parameters,))
        self.parameters.trained = True
        self.constants = self._leaf(CONSTANT, ())
        numbers: list[float] = []
        ordered = levels(table)
        spots = [(k, i) for k, array in enumerate(self.inputs) for i in range(array.size)]
        for row in ordered[0] if ordered else []:
            head, data = table.heads[row], table.data[row]
            if head is INPUT:
                self.spots[row] = spots[data]
            elif head is PARAMETER:
                self.spots[row] = len(self.inputs), data
            else:
                self.spots[row] = len(self.inputs) + 1, len(numbers)
                numbers.append(data)
        self.constants.data = np.array(numbers)
        self.constants.shape = (len(numbers),)
        for rows in ordered[1:]:
            self._level(rows)
        self.outputs = [self._single(row) for row in table.outputs]

    def _leaf(self, head: Op, shape: tuple[int, ...]) -> Array:
        self.arrays.append(Array(head, shape, []))
        return self.arrays[-1]

    def _single(self, row: int) -> Access:
        number, position = self.spots[row]
        return Access(self.arrays[number], np.array(position))

    # --- a level ----------------------------------------------------------------------------------------------

    def _level(self, rows: list[int]) -> None:
        table, spots = self.table, self.spots
        alike: dict[tuple[Any, ...], list[int]] = {}
        totals = []
        for row in rows:
            head, operands = table.heads[row], table.operands[row]
            if head is TOTAL:
                totals.append(row)
                continue
            if head in ALONG:
                operands = table.operands[row] = tuple(sorted(operands, key=spots.__getitem__))
            key = (head, *[spots[i][0] for i in operands])
            alike.setdefault(key, []).append(row)
        for members in alike.values():
            head, place = table.heads[members[0]], table.places[members[0]]
            spread = [
                [spots[table.operands[row][j]] for row in members] for j in range(len(table.operands[members[0]]))
            ]
            if head in ALONG:
                self._name(members, self._sequence(head, spread, place))
            else:
                self._name(members, self._elementwise(head, spread, place))
        if totals:
            self._totals(totals)

    def _name(self, rows: list[int], spots: Iterable[Spot]) -> None:
        for row, spot in zip(rows, spots):
            self.spots[row] = spot

    def _add(self, array: Array) -> int:
        self.arrays.append(array)
        return len(self.arrays) - 1

    # --- elementwise --------------------------------------------------------------------------------------------

    def _elementwise(self, head: Op, operands: list[list[Spot]], place: Place | None) -> list[Spot]:
        """One array for an operation applied to several operands each; returns where each element stands in it."""
        operands, again = _distinct(operands)
        arrays = [self.arrays[spots[0][0]] for spots in operands]
        positions = [np.array([position for _, position in spots]) for spots in operands]
        order, shape = _arranged(arrays, positions)
        made = Array(
            head,
            shape,
            [Access(array, _compressed(index[order].reshape(shape))) for array, index in zip(arrays, positions)],
            place,
        )
        return self._placed(made, order, again)

    def _placed(self, made: Array, order: Index, again: list[int]) -> list[Spot]:
        number = self._add(made)
        where = np.empty(len(order), dtype=int)
        where[order] = np.arange(len(order))
        positions = where.tolist()
        return [(number, positions[i]) for i in again]

    # --- n-ary ----------------------------------------------------------------------------------------------------

    def _sequence(self, head: Op, operands: list[list[Spot]], place: Place | None) -> list[Spot]:
        """One array for an operation on a sequence; ``operands[k][i]`` is the k-th operand of the i-th member."""
        operands, again = _distinct(operands)
        runs: list[tuple[Array, list[Index]]] = []
        for spots in operands:
            array = self.arrays[spots[0][0]]
            if not runs or runs[-1][0] is not array:
                runs.append((array, []))
            runs[-1][1].append(np.array([position for _, position in spots]))
        parts = [Access(array, np.stack(indices)) for array, indices in runs]
        order = np.arange(len(operands[0]))
        shape: tuple[int, ...] = (len(order),)
        if len(parts) == 1:
            order, shape, parts[0].index = _along(parts[0])
        elif len(order) == 1:
            shape, parts = (), [Access(part.array, part.index[:, 0]) for part in parts]
        if len(parts) > 1:
            joined = Array(STACK, (len(operands), *shape), parts, place)
            self._add(joined)
            parts = [Access(joined, np.arange(joined.size).reshape(joined.shape))]
        return self._placed(Array(head, shape, parts, place), order, again)

    # --- totals ---------------------------------------------------------------------------------------------------

    def _totals(self, rows: list[int]) -> None:
        """Totals: first their parts, each kind of part together, then the parts' sums."""
        table, spots = self.table, self.spots
        parts: dict[tuple[Any, ...], list[tuple[int, list[Any]]]] = {}
        terms: dict[int, list[Spot]] = {}
        for row in rows:
            operands, pairs = table.operands[row], table.data[row]
            products: dict[tuple[int, int], list[tuple[int, int]]] = {}
            for a, b in zip(operands[:pairs], operands[pairs : 2 * pairs]):
                (x, i), (y, k) = self._ranked(spots[a], spots[b])
                products.setdefault((x, y), []).append((i, k))
            singles: dict[int, list[int]] = {}
            for c in operands[2 * pairs :]:
                number, position = spots[c]
                singles.setdefault(number, []).append(position)
            terms[row] = []
            for key, pair in products.items():
                pair.sort()
                parts.setdefault((len(pair), *key), []).append((row, pair))
            for number, positions in singles.items():
                if len(positions) <= FEW:
                    terms[row] += [(number, position) for position in sorted(positions)]
                else:
                    parts.setdefault((len(positions), number), []).append((row, sorted(positions)))
        summed: dict[int, list[Spot]] = {row: [] for row in rows}
        for (length, *numbers), members in parts.items():
            place = table.places[members[0][0]]
            if len(numbers) == 1:
                columns = [[(numbers[0], terms_of[k]) for _, terms_of in members] for k in range(length)]
                placed = self._sequence(REDUCE, columns, place)
            elif length == 1:
                pairs_of = [[(number, pair[0][j]) for _, pair in members] for j, number in enumerate(numbers)]
                placed = self._elementwise(ops.mul, pairs_of, place)
            else:
                (distinct,), again = _distinct([[tuple(pair) for _, pair in members]])
                spots_of = self._products(numbers[0], numbers[1], distinct, place)
                placed = [spots_of[i] for i in again]
            for (row, _), spot in zip(members, placed):
                summed[row].append(spot)
        alike: dict[tuple[int, ...], list[int]] = {}
        for row in rows:
            terms[row] = sorted(summed[row]) + sorted(terms[row], key=self._last)
            if len(terms[row]) == 1:
                spots[row] = terms[row][0]
            else:
                alike.setdefault(tuple([number for number, _ in terms[row]]), []).append(row)
        for several in alike.values():
            spread = [[terms[row][j] for row in several] for j in range(len(terms[several[0]]))]
            self._name(several, self._elementwise(SUM, spread, table.places[several[0]]))

    def _last(self, spot: Spot) -> tuple[bool, Spot]:
        return not self.arrays[spot[0]].batched and not self.arrays[spot[0]].operands, spot

    def _ranked(self, a: Spot, b: Spot) -> tuple[Spot, Spot]:
        """The factors of a product in the order of a matrix product: weights before what they weigh."""
        return (b, a) if self._rank(b[0]) < self._rank(a[0]) else (a, b)

    def _rank(self, number: int) -> int:
        array = self.arrays[number]
        if array.head is PARAMETER:
            return 0
        if array.batched or array.head is CONSTANT:
            return 2 + array.batched
        return 1 if array.trained else 2

    def _products(self, left: int, right: int, pairs: list[Any], place: Place | None) -> list[Spot]:
        """Dot products of vectors from two arrays."""
        found = blocks([tuple([i for i, _ in pair]) for pair in pairs], [tuple([k for _, k in pair]) for pair in pairs])
        both = self.arrays[left].batched and self.arrays[right].batched
        alone = [block for block in found if len(block.members) == 1]
        if len(alone) == 1 and not both:
            alone = []
        spots: list[Spot] = [(-1, -1)] * len(pairs)
        if alone:
            rows, columns = ([getattr(block, side)[0] for block in alone] for side in ("rows", "columns"))
            shape = (len(alone),) if len(alone) > 1 else ()
            a, b = (np.array(side).T.reshape(-1, *shape) for side in (rows, columns))
            number = self._summed_products(left, right, a, b, place)
            for position, block in enumerate(alone):
                spots[block.members[0]] = number, position
        for block in found:
            if block not in alone:
                number = self._block(left, right, block, both, place)
                for position, member in enumerate(block.members):
                    spots[member] = number, position
        return spots

    def _block(self, left: int, right: int, block: Block, both: bool, place: Place | None) -> int:
        rows, columns = np.array(block.rows), np.array(block.columns).T
        if both:
            # There is no matrix product that goes along with the axis of examples.
            return self._summed_products(left, right, rows.T[:, :, None], columns[:, None, :], place)
        scalar = len(block.members) == 1 and not (self.arrays[left].trained and self.arrays[right].batched)
        shape = () if scalar else rows.shape[:1] if columns.shape[1] == 1 else (rows.shape[0], columns.shape[1])
        operands = [Access(self.arrays[left], rows), Access(self.arrays[right], columns)]
        return self._add(Array(MATMUL, shape, operands, place))

    def _summed_products(self, left: int, right: int, a: Index, b: Index, place: Place | None) -> int:
        """The sum over the first axis of an elementwise product."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        product = Array(ops.mul, shape, [Access(self.arrays[left], a), Access(self.arrays[right], b)], place)
        self._add(product)
        every = np.arange(product.size).reshape(shape)
        return self._add(Array(REDUCE, shape[1:], [Access(product, every)], place))


def _distinct(operands: list[list[Any]]) -> tuple[list[list[Any]], list[int]]:
    """The operands of all members that differ from those before them; and for each member, which of these it equals."""
    numbers: dict[tuple[Any, ...], int] = {}
    again = [numbers.setdefault(member, len(numbers)) for member in zip(*operands)]
    if len(numbers) == len(again):
        return operands, again
    return [list(column) for column in zip(*numbers)], again


# --- order and shape ----------------------------------------------------------------------------------------------


def _arranged(arrays: list[Array], positions: list[Index]) -> tuple[Index, tuple[int, ...]]:
    """How the elements of an elementwise operation are ordered and shaped, given their operands."""
    n = len(positions[0])
    own = [j for j, array in enumerate(arrays) if array.head is not CONSTANT]
    if n == 1:
        whole = [arrays[j].shape for j in own if arrays[j].size == 1 and arrays[j].head is not PARAMETER]
        return np.zeros(1, dtype=int), max(whole, key=len, default=())
    found: list[tuple[Any, ...]] = []
    for j in own:
        order = np.argsort(positions[j], kind="stable")
        ordered = positions[j][order]
        if (ordered[1:] != ordered[:-1]).all():
            shape = _subgrid(ordered, arrays[j].shape)
            found.append((len(ordered) == arrays[j].size, len(shape), -j, order, shape))
    if found:
        return max(found, key=lambda x: x[:3])[3:]
    for j in own:
        for k in own:
            if j < k:
                rows, row = np.unique(positions[j], return_inverse=True)
                columns, column = np.unique(positions[k], return_inverse=True)
                flat = row * len(columns) + column
                if len(rows) * len(columns) == n and len(np.unique(flat)) == n:
                    return np.argsort(flat), (len(rows), len(columns))
    return np.arange(n), (n,)


def _subgrid(positions: Index, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of sorted positions in an array of the given shape: all of it, a grid of rows and columns, or flat."""
    if len(positions) == int(np.prod(shape)):
        return shape
    extents = [len(np.unique(axis)) for axis in np.unravel_index(positions, shape)] if shape else []
    size = 1
    for extent in extents:
        size *= extent
    if size != len(positions):
        return (len(positions),)
    return tuple([extent for extent in extents if extent > 1])


def _compressed(index: Index) -> Index:
    """The index with axes along which it does not change cut down to 1."""
    for axis in range(index.ndim):
        first = index.take([0], axis)
        if index.shape[axis] > 1 and (index == first).all():
            index = first
    return index


def _along(part: Access) -> tuple[Index, tuple[int, ...], Index]:
    """Order, shape and index of an operation along the first axis of ``part.index``, of shape (length, members).

    The members are ordered, and within them the operands, so that whole axes of the array are used where they are.
    """
    index = part.index
    index = np.sort(index, axis=0)
    order = np.argsort(index[0], kind="stable")
    index = index[:, order]
    shape: tuple[int, ...] = (index.shape[1],)
    if index.shape[1] == 1:
        shape = ()
    elif len(set(index[0].tolist())) == index.shape[1]:
        shape = _subgrid(index[0], part.array.shape)
    return order, shape, index.reshape(-1, *shape)
