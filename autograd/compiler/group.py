"""Pass: scalars of one kind become arrays.

Level by level, rows with the same operation on operands from the same arrays become one array. Where the operands stand
in their arrays decides the order and shape of the new one: like an operand of which each element takes a different
entry, if there is one; or a grid, if each entry of one operand is combined with each entry of another. A total is
divided by the arrays that its terms come from: a part is a sum of products (see `blocks`), a sum along an axis, or a
single term. Layers, examples recorded one by one, and time steps are all found in this way, without being looked for.
"""

from __future__ import annotations

import math
from itertools import chain, combinations, groupby, islice
from operator import itemgetter

import numpy as np

from .. import ops
from ..errors import CompileError
from .arrays import PICK, REDUCE, SUM, TELL, Array, ArrayProgram, Builder, in_order
from .blocks import FULL, HOLE, MANY, Block, blocks, extended
from .levels import levels
from .scalars import ALONG, CONSTANT, INPUT, PARAMETER, TOTAL, Scalars
from .views import view

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

MOST_SINGLE_TERMS = 2
"""Up to this many terms from one array are added one by one; more are summed along an axis."""


def group(
    table: Scalars,
    slots: Sequence[Slot],
    batched: bool,
    parameters: int,
    checks: Sequence[tuple[str, int]],
    make: Builder,
    tell_counts: Sequence[int] = (),
) -> ArrayProgram:
    """The program of arrays that computes what the table's outputs are.

    Parameters
    ----------
    slots : sequence of Slot
        The inputs'.
    batched : bool
        Whether inputs have an axis of examples.
    parameters : int
        How many there are. Here they are one array of head PARAMETER; `place` divides them into named arrays.
    checks : sequence of tuple
        Of each check the message, and how many outputs belong to it.
    make : Builder
    tell_counts : sequence of int
        Of each call of `tell`, how many outputs belong to it; they are the last ones.
    """
    grouping = _Grouping(table, slots, batched, parameters, make)
    grouping.note_rows()
    rows = iter(table.outputs)
    checked = sum([count for _, count in checks])
    returned = [grouping.single(row) for row in islice(rows, len(table.outputs) - checked - sum(tell_counts))]
    asides = _checks(make, checks, [grouping.single(row) for row in islice(rows, checked)])
    asides += [make.tell(grouping.several(list(islice(rows, count))), i) for i, count in enumerate(tell_counts)]
    if any(isinstance(x, Array) and x.batched for aside in asides if aside.head is TELL for x in aside.operands):
        raise CompileError(
            "the function hands out numbers that depend on the example (see autograd.tell), but a program for a batch "
            "has many examples at once; compile the whole batch: compile(f, batch=False)"
        )
    return ArrayProgram(make, grouping.inputs, returned, asides)


class _Grouping:
    """Makes the arrays, and notes of each row its spot: in which array its number stands, and at which position."""

    def __init__(self, table: Scalars, slots: Sequence[Slot], batched: bool, parameters: int, make: Builder) -> None:
        self.table, self.make = table, make
        self.arrays: list[Array] = []
        self.masks: dict[int, Index] = {}  # of an array with holes: True at entries that are rows
        self.fillers: dict[int, float] = {}  # the number in all holes of an array, if it is known
        self.spot_overrides: dict[tuple[int, int], Spot] = {}  # (row, which operand) -> spot to use instead
        self.sums_of_one: dict[Spot, Spot] = {}  # spot of a number -> spot of the sum of it alone
        self.spots: list[Spot] = [(-1, -1)] * len(table)
        self.inputs = [make.leaf(INPUT, i, slot.shape, batched and slot.each) for i, slot in enumerate(slots)]
        for slot, array in zip(slots, self.inputs):
            array.name = slot.name
        ordered = levels(table)
        spots = [(k, i) for k, array in enumerate(self.inputs) for i in range(array.size)]
        numbers: list[float] = []
        for row in ordered[0] if ordered else []:
            head, data = table.heads[row], table.data[row]
            if head is INPUT:
                self.spots[row] = spots[data]
            elif head is PARAMETER:
                self.spots[row] = len(self.inputs), data
            else:
                self.spots[row] = len(self.inputs) + 1, len(numbers)
                numbers.append(data)
        constants = make.leaf(CONSTANT, np.array(numbers, float), (len(numbers),))
        self.arrays = [*self.inputs, make.leaf(PARAMETER, None, (parameters,)), constants]
        waiting: list[int] = []
        for rows in ordered[1:]:
            waiting = self._level(sorted([*waiting, *rows]))
        while waiting:
            waiting = self._level(waiting)

    def note_rows(self) -> None:
        """Note in every array which rows its entries are."""
        spots = np.fromiter(chain.from_iterable(self.spots), int, 2 * len(self.spots)).reshape(-1, 2)
        order = np.argsort(spots[:, 0], kind="stable")
        numbers, starts = np.unique(spots[order, 0], return_index=True)
        for number, rows in zip(numbers.tolist(), np.split(order, starts[1:])):
            array = self.arrays[number]
            found = np.full(array.size, -1)
            found[spots[rows, 1]] = rows
            array.rows = found.reshape(array.shape)

    def single(self, row: int) -> Any:
        """The entry of an array that is the number of a row."""
        number, position = self.spots[row]
        return self.make.pick(self.arrays[number], np.array(position))

    def several(self, rows: Sequence[int]) -> list[Any]:
        """The numbers of rows, in order; those that follow each other in one array are one pick."""
        made: list[Any] = []
        for number, spots in groupby([self.spots[row] for row in rows], itemgetter(0)):
            positions = [position for _, position in spots]
            made.append(
                self.make.pick(self.arrays[number], np.array(positions if len(positions) > 1 else positions[0]))
            )
        return made

    # --- a level ----------------------------------------------------------------------------------------------

    def _level(self, rows: list[int]) -> list[int]:
        """Make arrays of the rows; returns rows that must wait until other rows are in arrays."""
        table, spots = self.table, self.spots
        alike: dict[tuple[Any, ...], list[int]] = {}
        sequences: dict[tuple[Any, ...], list[int]] = {}
        totals, waiting = [], []
        for row in rows:
            head, operands = table.heads[row], table.operands[row]
            numbers = [spots[i][0] for i in operands]
            if -1 in numbers:
                waiting.append(row)
            elif head is TOTAL:
                totals.append(row)
            elif head in ALONG:
                sequences.setdefault((head, *sorted(set(numbers))), []).append(row)
            else:
                alike.setdefault((head, *numbers), []).append(row)
        totals = sorted(totals + self._short_sums(alike, totals))
        sums_of_one = set(self.sums_of_one)
        if totals and self.masks:
            self._totals(totals)
            totals = []
        new = self.sums_of_one.keys() - sums_of_one
        for key in [key for key, members in alike.items() if all(self._uses(row, new) for row in members)]:
            waiting += alike.pop(key)  # until `_join_sums_of_one` can join them to operations on longer sums
        self._join_sums_of_one(alike)
        for members in alike.values():
            head, place = table.heads[members[0]], table.places[members[0]]
            spread = [[self._operand_spot(row, j) for row in members] for j in range(len(table.operands[members[0]]))]
            self._set_spots(members, self._elementwise(head, spread, place))
        for (head, *_), members in sequences.items():
            sorted_spots = [sorted([spots[i] for i in table.operands[row]]) for row in members]
            self._set_spots(members, self._sequences(head, sorted_spots, table.places[members[0]]))
        if totals:
            self._totals(totals)
        return waiting

    def _uses(self, row: int, among: Iterable[Spot]) -> bool:
        return any(self.spots[i] in among for i in self.table.operands[row])

    def _short_sums(self, alike: dict[tuple[Any, ...], list[int]], totals: list[int]) -> list[int]:
        """Take out of `alike`, and return, products that belong to ragged sums of products, as sums of one product."""
        lengths: dict[tuple[int, int], list[int]] = {}
        for row in totals:
            operands, pairs = self.table.operands[row], self.table.data[row]
            mine: dict[tuple[int, int], int] = {}
            for a, b in zip(operands[:pairs], operands[pairs : 2 * pairs]):
                (x, _), (y, _) = self._ranked(self.spots[a], self.spots[b])
                mine[x, y] = mine.get((x, y), 0) + 1
            for key, count in mine.items():
                lengths.setdefault(key, []).append(count)
        found: list[int] = []
        for kind in [kind for kind in alike if kind[0] is ops.mul]:
            _, a, b = kind
            (x, _), (y, _) = self._ranked((a, 0), (b, 0))
            if _ragged([1] * len(alike[kind]) + lengths.get((x, y), [])):
                found += alike.pop(kind)
        return found

    def _join_sums_of_one(self, alike: dict[tuple[Any, ...], list[int]]) -> None:
        """Join operations on numbers that are also sums of one term to the same operations on longer sums."""
        if not self.sums_of_one:
            return
        for key in sorted(alike, key=lambda key: len(alike[key])):
            members = alike[key]
            for j, number in enumerate(key[1:]):
                spots = [self.spots[self.table.operands[row][j]] for row in members]
                if not all(spot in self.sums_of_one for spot in spots):
                    continue
                others = {self.sums_of_one[spot][0] for spot in spots}
                if len(others) != 1:
                    continue
                (other,) = others
                wanted = (*key[: j + 1], other, *key[j + 2 :])
                if wanted in alike and wanted != key and number != other:
                    for row in members:
                        self.spot_overrides[row, j] = self.sums_of_one[self.spots[self.table.operands[row][j]]]
                    alike[wanted] = sorted([*alike[wanted], *members])
                    del alike[key]
                    break

    def _operand_spot(self, row: int, j: int) -> Spot:
        """Where an operand of a row stands."""
        return self.spot_overrides.get((row, j)) or self.spots[self.table.operands[row][j]]

    def _set_spots(self, rows: Sequence[int], spots: Iterable[Spot]) -> None:
        for row, spot in zip(rows, spots):
            self.spots[row] = spot

    def _add(self, array: Any, place: Place | None) -> int:
        if not isinstance(array, Array):
            array = self.make.leaf(CONSTANT, np.array(array), ())
        array.place = array.place or place
        self.arrays.append(array)
        return len(self.arrays) - 1

    # --- elementwise --------------------------------------------------------------------------------------------

    def _elementwise(self, head: Op, operands: list[list[Spot]], place: Place | None) -> list[Spot]:
        """One array for an operation on many elements; `operands` has a list for each operand. Returns the spots."""
        operands, inverse = _distinct(operands)
        numbers = [spots[0][0] for spots in operands]
        positions = [np.array([position for _, position in spots]) for spots in operands]
        cells, shape = self._arranged(numbers, positions)
        if len(shape) == 1 and (cells >= 0).all():
            shape = _in_two([index[cells] for index in positions]) or shape
            cells = cells.reshape(shape)
        holes = cells < 0
        picked = [self._picked(number, self._spread(index, cells, number)) for number, index in zip(numbers, positions)]
        code = self._applied(head, picked)
        batched = any(self.arrays[number].batched for number in numbers)
        if not isinstance(code, Array) or code.shape != shape or code.batched != batched:  # a rule ignored an operand
            code = self.make.expand(code, shape, batched)
        made = self._add(code, place)
        if holes.any():
            self._note_holes(made, holes, head, numbers, positions, cells)
        else:
            self.arrays[made].note_holes(None)
        where = np.empty(len(positions[0]), dtype=int)
        flat = cells.ravel()
        where[flat[flat >= 0]] = np.flatnonzero(flat >= 0)
        places = where.tolist()
        return [(made, places[i]) for i in inverse]

    def _applied(self, head: Op, operands: list[Any]) -> Any:
        if head is SUM:
            return self.make.elementwise(SUM, list(map(self.make.number, operands)))
        return self.make.apply(head, operands)

    def _picked(self, number: int, index: Index) -> Any:
        """Entries of an array; an axis along which the index does not change has extent 1."""
        return self.make.pick(self.arrays[number], _compressed(index))

    def _arranged(self, numbers: list[int], positions: list[Index]) -> tuple[Index, tuple[int, ...]]:
        """The cells of an elementwise operation, in each the number of an element or HOLE; and their shape."""
        n = len(positions[0])
        arrays = [self.arrays[number] for number in numbers]
        own = [j for j, array in enumerate(arrays) if array.head is not CONSTANT]
        if n == 1:
            whole = [arrays[j].shape for j in own if arrays[j].size == 1 and arrays[j].head is not PARAMETER]
            shape = max(whole, key=len, default=())
            return np.zeros(shape, dtype=int), shape
        found: list[tuple[Any, ...]] = []
        for j in own:
            order = np.argsort(positions[j], kind="stable")
            ordered = positions[j][order]
            if (ordered[1:] != ordered[:-1]).all():
                cells, shape = self._subgrid(ordered, arrays[j].shape)
                real = cells >= 0
                cells[real] = order[cells[real]]
                entire = n == arrays[j].size or (numbers[j] in self.masks and n == self.masks[numbers[j]].sum())
                found.append((entire, len(shape), -j, cells, shape))
        if found:
            return max(found, key=lambda x: x[:3])[3:]
        for j in own:
            for k in own:
                if j < k:
                    rows, row = np.unique(positions[j], return_inverse=True)
                    columns, column = np.unique(positions[k], return_inverse=True)
                    flat = row * len(columns) + column
                    full = len(rows) * len(columns)
                    enough = n == full or (n >= FULL * full and n >= MANY and min(len(rows), len(columns)) > 1)
                    if enough and len(np.unique(flat)) == n:
                        cells = np.full(full, HOLE)
                        cells[flat] = np.arange(n)
                        return cells.reshape(len(rows), len(columns)), (len(rows), len(columns))
        return np.arange(n), (n,)

    def _subgrid(self, positions: Index, shape: tuple[int, ...]) -> tuple[Index, tuple[int, ...]]:
        """The cells for sorted positions in an array of this shape: all of it, a grid of rows and columns, or flat."""
        n = len(positions)
        if n == math.prod(shape):
            return np.arange(n).reshape(shape), shape
        axes = [np.unique(axis) for axis in np.unravel_index(positions, shape)] if shape else []
        extents = tuple([len(axis) for axis in axes if len(axis) > 1])
        full = math.prod(extents)
        if full != n and not (len(extents) > 1 and n >= FULL * full and n >= MANY):
            return np.arange(n), (n,)
        box = np.zeros((), dtype=int)
        for axis, extent in zip(axes, shape):
            box = box[..., None] * extent + axis
        flat = box.ravel()
        at = np.minimum(np.searchsorted(positions, flat), n - 1)
        return np.where(positions[at] == flat, at, HOLE).reshape(extents), extents

    def _spread(self, index: Index, cells: Index, number: int) -> Index:
        """The positions for all cells, given those of the elements; holes get positions that make the pick simple."""
        if (cells >= 0).all():
            return index[cells]
        return completed(index[np.maximum(cells, 0)], cells >= 0, self.arrays[number].shape)

    # --- holes ------------------------------------------------------------------------------------------------------

    def _note_holes(
        self, made: int, holes: Index, head: Op, numbers: list[int], positions: list[Index], cells: Index
    ) -> None:
        """Note the holes of an array, and the number that stands in them if it is known."""
        self.masks[made] = ~holes
        fillers = []
        for number, index in zip(numbers, positions):
            spots = self._spread(index, cells, number)[holes]
            known = number in self.fillers and not self.masks[number].ravel()[spots].any()
            fillers.append(self.fillers[number] if known else None)
        filler = filled_with(head, fillers)
        self.arrays[made].note_holes(holes if filler is None else None)
        if filler is not None:
            self.fillers[made] = filler

    def _with_filled_holes(self, number: int, index: Index, holes: Index, neutral: float) -> Any:
        """Entries of an array, with the neutral number in the holes."""
        array = self.arrays[number]
        mask = self.masks.get(number)
        if mask is not None and self.fillers.get(number) == neutral and not mask.ravel()[index[holes]].any():
            return self._picked(number, index)
        x = self.make.number(self._picked(number, index))
        if not isinstance(x, Array):
            return self.make.constant(np.where(holes, neutral, x))
        made: Any = self.make.elementwise(ops.where, (self.make.constant(~holes), x, neutral))
        if mask is not None and index.shape == array.shape and in_order(index, array.size) and (mask == ~holes).all():
            # No row needs the numbers in the holes, so the array with neutral ones replaces this one.
            self.arrays[number], self.fillers[number] = made, neutral
        return made

    # --- n-ary ----------------------------------------------------------------------------------------------------

    def _sequences(self, head: Op, members: list[list[Spot]], place: Place | None) -> list[Spot]:
        """An operation on sequences of spots; those of one length, or ragged ones from one array, become one array."""
        alike: dict[tuple[int, ...], list[int]] = {}
        if _ragged([len(spots) for spots in members]) and len({spot[0] for spots in members for spot in spots}) == 1:
            alone = self._alone(members) if head is REDUCE else []
            made = self._sequence(head, [*members, *[[spot] for spot in alone]], place)
            self.sums_of_one.update(zip(alone, made[len(members) :]))
            return made[: len(members)]
        for i, spots in enumerate(members):
            alike.setdefault(tuple([number for number, _ in spots]), []).append(i)
        made = [(-1, -1)] * len(members)
        for several in alike.values():
            for i, spot in zip(several, self._sequence(head, [members[i] for i in several], place)):
                made[i] = spot
        return made

    def _alone(self, members: list[list[Spot]]) -> list[Spot]:
        """Numbers that are alone on their line of an array with holes, if `members` are all the longer lines."""
        number = members[0][0][0]
        mask, shape = self.masks.get(number), self.arrays[number].shape
        if mask is None:
            return []
        for axis in range(len(shape)):
            rest = np.moveaxis(np.arange(mask.size).reshape(shape), axis, -1).reshape(-1, shape[axis])
            real = np.moveaxis(mask, axis, -1).reshape(-1, shape[axis])
            lines = {tuple(line[there].tolist()) for line, there in zip(rest, real) if there.sum() > 1}
            if lines == {tuple([position for _, position in spots]) for spots in members}:
                return [(number, int(line[there][0])) for line, there in zip(rest, real) if there.sum() == 1]
        return []

    def _sequence(self, head: Op, members: list[list[Spot]], place: Place | None) -> list[Spot]:
        """One array for an operation on sequences."""
        distinct: dict[tuple[Spot, ...], int] = {}
        inverse = [distinct.setdefault(tuple(spots), len(distinct)) for spots in members]
        sequences = list(distinct)
        numbers = [number for number, _ in max(sequences, key=len)]
        if len(set(numbers)) == 1:
            lines = [[position for _, position in spots] for spots in sequences]
            order, index, holes = aligned_lines(lines, self.arrays[numbers[0]].shape)
            axis = min(
                range(index.ndim),
                key=lambda axis: view(self.arrays[numbers[0]].shape, np.moveaxis(index, 0, axis)).cost,
            )
            index, holes = np.moveaxis(index, 0, axis), np.moveaxis(holes, 0, axis)
            if holes.any():
                whole = self._with_filled_holes(numbers[0], index, holes, _NEUTRAL[head])
            else:
                whole = self._picked_array(numbers[0], index)
            code = self._along(head, whole, axis)
        else:
            order = np.arange(len(sequences))
            parts: list[Any] = []
            start = 0
            batched = any(self.arrays[number].batched for number in numbers)
            while start < len(numbers):
                stop = start
                while stop < len(numbers) and numbers[stop] == numbers[start]:
                    stop += 1
                index = np.array([[spots[k][1] for spots in sequences] for k in range(start, stop)])
                index = index[:, 0] if len(sequences) == 1 else index
                parts.append(self.make.expand(self._picked_array(numbers[start], index), index.shape, batched))
                start = stop
            code = self._along(head, self.make.join(parts, 0), 0)
        made = self._add(code, place)
        where = np.empty(len(order), dtype=int)
        where[order] = np.arange(len(order))
        places = where.tolist()
        return [(made, places[i]) for i in inverse]

    def _picked_array(self, number: int, index: Index) -> Array:
        """Entries of an array, as an `Array` even if all are the same number."""
        array = self.arrays[number]
        if array.head is CONSTANT:
            return self.make.leaf(CONSTANT, array.data.ravel()[index], index.shape)
        made = self.make.number(self.make.pick(array, index))
        assert isinstance(made, Array)
        return made

    def _along(self, head: Op, x: Array, axis: int) -> Any:
        if head is REDUCE:
            if x.head is PICK and x.data.ndim == 1 and in_order(x.data, x.operands[0].size):
                (x,) = x.operands
                return self.make.node(REDUCE, (x,), (tuple(range(len(x.shape))), False), (), x.batched)
            return self.make.node(REDUCE, (x,), ((axis,), False), (*x.shape[:axis], *x.shape[axis + 1 :]), x.batched)
        return self.make.along(head, x, axis)

    # --- totals ---------------------------------------------------------------------------------------------------

    def _totals(self, rows: list[int]) -> None:
        """Make arrays of totals: first of their parts, those of one kind together, then of the sums of the parts."""
        table, spots = self.table, self.spots
        products: dict[tuple[int, int], list[tuple[int, list[tuple[int, int]]]]] = {}
        singles: dict[int, list[tuple[int, list[int]]]] = {}
        for row in rows:
            operands, pairs = table.operands[row], table.data[row] if table.heads[row] is TOTAL else 1
            mine: dict[tuple[int, int], list[tuple[int, int]]] = {}
            for a, b in zip(operands[:pairs], operands[pairs : 2 * pairs]):
                (x, i), (y, k) = self._ranked(spots[a], spots[b])
                mine.setdefault((x, y), []).append((i, k))
            for key, own in mine.items():
                products.setdefault(key, []).append((row, sorted(own)))
            plain: dict[int, list[int]] = {}
            for c in operands[2 * pairs :]:
                number, position = spots[c]
                plain.setdefault(number, []).append(position)
            for number, positions in plain.items():
                singles.setdefault(number, []).append((row, sorted(positions)))
        summed: dict[int, list[Spot]] = {row: [] for row in rows}
        terms_of: dict[int, list[Spot]] = {row: [] for row in rows}
        for (x, y), parts in products.items():
            for members in self._by_length(x, y, parts):
                place = table.places[members[0][0]]
                for (row, _), spot in zip(members, self._products(x, y, [own for _, own in members], place)):
                    summed[row].append(spot)
        for number, several in singles.items():
            ragged = _ragged([len(positions) for _, positions in several])
            long = [part for part in several if ragged or len(part[1]) > MOST_SINGLE_TERMS]
            for row, positions in several:
                if not ragged and len(positions) <= MOST_SINGLE_TERMS:
                    terms_of[row] += [(number, position) for position in positions]
            if long:
                sequences = [[(number, position) for position in positions] for _, positions in long]
                placed = self._sequences(REDUCE, sequences, table.places[long[0][0]])
                for (row, _), spot in zip(long, placed):
                    summed[row].append(spot)
        alike: dict[tuple[int, ...], list[int]] = {}
        terms: dict[int, list[Spot]] = {}
        for row in rows:
            terms[row] = sorted(summed[row]) + sorted(terms_of[row], key=self._term_key)
            if len(terms[row]) == 1:
                spots[row] = terms[row][0]
            else:
                alike.setdefault(tuple([number for number, _ in terms[row]]), []).append(row)
        for same in alike.values():
            spread = [[terms[row][j] for row in same] for j in range(len(terms[same[0]]))]
            self._set_spots(same, self._elementwise(SUM, spread, table.places[same[0]]))

    def _term_key(self, spot: Spot) -> tuple[bool, Spot]:
        return not self.arrays[spot[0]].batched and not self.arrays[spot[0]].operands, spot

    def _ranked(self, a: Spot, b: Spot) -> tuple[Spot, Spot]:
        """The factors of a product in the order of a matrix product: weights before the numbers that they multiply."""
        return (b, a) if self._rank(b[0]) < self._rank(a[0]) else (a, b)

    def _rank(self, number: int) -> int:
        array = self.arrays[number]
        if array.head is PARAMETER:
            return 0
        if array.batched or array.head is CONSTANT:
            return 2 + array.batched
        return 1 if array.depends else 2

    def _by_length(self, x: int, y: int, parts: list[Any]) -> Iterable[list[Any]]:
        """Sums of products of two arrays, in groups of one length; ragged ones are made equally long before."""
        if _ragged([len(terms) for _, terms in parts]):
            pairs = [terms for _, terms in parts]
            sides = (0, 1) if self.arrays[x].head is PARAMETER else (1, 0)
            full = extended(pairs, sides[0]) or extended(pairs, sides[1])
            if full is not None:
                parts = [(row, terms) for (row, _), terms in zip(parts, full)]
        alike: dict[int, list[Any]] = {}
        for part in parts:
            alike.setdefault(len(part[1]), []).append(part)
        return alike.values()

    def _products(self, x: int, y: int, pairs: list[list[tuple[int, int]]], place: Place | None) -> list[Spot]:
        """Arrays of sums that have equally many products, of entries of two arrays; returns the spots of the sums."""
        if len(pairs[0]) == 1 and not any(HOLE in pair[0] for pair in pairs):
            both = [[(number, pair[0][j]) for pair in pairs] for j, number in enumerate((x, y))]
            return self._elementwise(ops.mul, both, place)
        (distinct,), inverse = _distinct([[tuple(terms) for terms in pairs]])
        found = blocks(
            [tuple([i for i, _ in terms]) for terms in distinct], [tuple([k for _, k in terms]) for terms in distinct]
        )
        alike: dict[tuple[int, ...], list[Block]] = {}
        for block in found:
            extents = len(block.rows), len(block.columns)
            stacks = (
                extents == (1, 1)
                or not self._is_parameter(x, y)
                or sum((len(other.rows), len(other.columns)) == extents for other in found) > MANY
            )
            alike.setdefault(extents if stacks else (*extents, len(alike)), []).append(block)
        spots: list[Spot] = [(-1, -1)] * len(distinct)
        for several in alike.values():
            number = self._contracted(x, y, several, place)
            members = [member for block in several for member in block.members]
            for position, member in enumerate(members):
                if member != HOLE:
                    spots[member] = number, position
            if HOLE in members:
                holes = np.array(members).reshape(self.arrays[number].shape) < 0
                self.masks[number] = ~holes
        return [spots[i] for i in inverse]

    def _is_parameter(self, *numbers: int) -> bool:
        return any(self.arrays[number].head is PARAMETER for number in numbers)

    def _contracted(self, x: int, y: int, several: list[Block], place: Place | None) -> int:
        """One array for blocks of one shape: a stack of matrix products."""
        rows = np.array([block.rows for block in several])  # axes: stack, row, summed
        columns = np.array([block.columns for block in several]).swapaxes(1, 2)  # axes: stack, summed, column
        left, right, out = "bij", "bjk", "bik"
        weighs = self.arrays[x].head is PARAMETER and self.arrays[y].batched
        gone = "b" * (len(several) == 1) + "k" * (columns.shape[2] == 1)
        if rows.shape[1] == 1 and (len(several) > 1 or not (weighs or columns.shape[2] > 1)):
            gone += "i"
        for letter in gone:
            if letter in left:
                rows = rows.take(0, left.index(letter))
            if letter in right:
                columns = columns.take(0, right.index(letter))
            left, right, out = (text.replace(letter, "") for text in (left, right, out))
        code = self.make.contract(self._factor(x, rows), self._factor(y, columns), (left, right, out))
        return self._add(code, place)

    def _factor(self, number: int, index: Index) -> Array:
        holes = index < 0
        if holes.any():
            made = self._with_filled_holes(number, completed(index, ~holes, self.arrays[number].shape), holes, 0.0)
            return self.make.expand(made, index.shape, self.arrays[number].batched)  # type: ignore[return-value]
        return self._picked_array(number, index)


_NEUTRAL = {REDUCE: 0.0, ops.prod: 1.0, ops.logsumexp: -math.inf}


def filled_with(head: Op, fillers: list[float | None]) -> float | None:
    """The result of an operation on the numbers in holes, if it is the same for all finite numbers in place of None."""
    if all(filler is not None for filler in fillers):
        return float(head.value(*fillers)) if head is not SUM else None  # type: ignore[arg-type]  # all are numbers
    known = [filler for filler in fillers if filler is not None]
    if head is ops.mul and known == [0.0]:
        return 0.0
    if head is ops.div and fillers[0] == 0.0:
        return 0.0
    if head in (SUM, ops.add) and known and set(known) == {-math.inf}:
        return -math.inf
    if head is ops.sub and fillers[0] == -math.inf and fillers[1] is None:
        return -math.inf
    return None


def _ragged(lengths: list[int]) -> bool:
    """Whether sequences of these lengths are worth filling up with holes to one length."""
    return len(set(lengths)) >= MANY and sum(lengths) >= FULL * max(lengths) * len(lengths)


def _distinct(operands: list[list[Any]]) -> tuple[list[list[Any]], list[int]]:
    """The operands without members that repeat earlier ones; and for each member its index among those left."""
    numbers: dict[tuple[Any, ...], int] = {}
    inverse = [numbers.setdefault(member, len(numbers)) for member in zip(*operands)]
    if len(numbers) == len(inverse):
        return operands, inverse
    return [list(column) for column in zip(*numbers)], inverse


# --- order and shape ----------------------------------------------------------------------------------------------


def completed(index: Index, real: Index, shape: tuple[int, ...]) -> Index:
    """Positions in an array of the given shape; those that are not real are chosen so that the pick is simple.

    Each coordinate in the array is completed by itself: as a function of few axes of the index, if the real positions
    allow it; or as a linear function of the axes; or else by that of the first real position.
    """
    coordinates = np.unravel_index(np.where(real, index, index[real].flat[0]), shape) if shape else ()
    made = np.zeros(index.shape, dtype=int)
    for extent, coordinate in zip(shape, coordinates):
        made = made * extent + _completed(coordinate, real, extent)
    return made


def _completed(coordinate: Index, real: Index, extent: int) -> Index:
    axes = range(real.ndim)
    for count in range(real.ndim):
        for kept in combinations(axes, count):
            others = tuple([axis for axis in axes if axis not in kept])
            low = np.where(real, coordinate, extent).min(axis=others, keepdims=True)
            high = np.where(real, coordinate, -1).max(axis=others, keepdims=True)
            if ((low == high) | (high < 0)).all() and (high >= 0).all():
                return np.broadcast_to(low, real.shape)
    grids = np.stack([np.ones(real.shape), *np.indices(real.shape)], axis=-1)
    solution = np.linalg.lstsq(grids[real], coordinate[real], rcond=None)[0]
    linear = np.rint(grids @ solution).astype(int)
    return np.clip(linear, 0, extent - 1) if (linear == coordinate)[real].all() else coordinate


def _in_two(indices: list[Index]) -> tuple[int, ...] | None:
    """A shape of two axes for a row of elements, if an operand repeats along one of them: a, a, b, b or a, b, a, b."""
    n = len(indices[0])
    for index in indices:
        changes = np.flatnonzero(index[1:] != index[:-1])
        if not len(changes):
            continue
        inner = int(changes[0]) + 1
        if inner > 1 and n % inner == 0 and (index.reshape(-1, inner) == index[::inner, None]).all():
            return n // inner, inner
        repeats = np.flatnonzero(index[1:] == index[0])
        period = int(repeats[0]) + 1 if len(repeats) else n
        if 1 < period < n and n % period == 0 and (index.reshape(-1, period) == index[:period]).all():
            return n // period, period
    return None


def _compressed(index: Index) -> Index:
    """The index, cut to extent 1 along axes along which it does not change."""
    for axis in range(index.ndim):
        first = index.take([0], axis)
        if index.shape[axis] > 1 and (index == first).all():
            index = first
    return index


def aligned_lines(lines: list[list[int]], shape: tuple[int, ...]) -> tuple[Index, Index, Index]:
    """Sequences of positions in an array as one index, a column for each.

    Returns
    -------
    order : array of int
        The number of the sequence in each column.
    index : array of int
        Of shape (length, *members): a grid of members, and positions in their places along an axis of the array, where
        possible. Then the length may be more than that of the longest sequence.
    holes : array of bool
        Where a sequence has no position.
    """
    longest = max(map(len, lines))
    if all(len(line) == longest for line in lines):
        index = np.sort(np.array(lines).T, axis=0)
        order = np.argsort(index[0], kind="stable")
        index = index[:, order]
        members: tuple[int, ...] = (index.shape[1],)
        if index.shape[1] == 1:
            members = ()
        elif len(set(index[0].tolist())) == index.shape[1]:
            members = _grid(index[0], shape)
        index = index.reshape(-1, *members)
        return order, index, np.zeros(index.shape, dtype=bool)
    found = _on_one_axis(lines, shape)
    if found is None:  # aligned at their first positions
        order = np.array(sorted(range(len(lines)), key=lambda i: lines[i]))
        holes = np.array([[k >= len(lines[i]) for i in order] for k in range(longest)])
        index = np.array([[lines[i][min(k, len(lines[i]) - 1)] for i in order] for k in range(longest)])
        return order, index, holes
    return found


def _on_one_axis(lines: list[list[int]], shape: tuple[int, ...]) -> tuple[Index, Index, Index] | None:
    """As `aligned_lines`, with each position at its place on one axis of the array; None if there is no such axis."""
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    for extent, stride in zip(shape, strides):
        offsets = [[position // stride % extent for position in line] for line in lines]
        bases = [{p - k * stride for p, k in zip(line, mine)} for line, mine in zip(lines, offsets)]
        if any(len(base) > 1 for base in bases) or any(len(set(mine)) < len(mine) for mine in offsets):
            continue
        low = min(min(mine) for mine in offsets)
        high = max(max(mine) for mine in offsets) + 1
        if sum(map(len, lines)) < FULL * (high - low) * len(lines):
            continue
        starts = [min(base) for base in bases]
        order = np.array(sorted(range(len(lines)), key=lambda i: (starts[i], lines[i])))
        along = np.arange(low, high)
        index = along[:, None] * stride + np.array([starts[i] for i in order])[None, :]
        holes = np.ones(index.shape, dtype=bool)
        for column, i in enumerate(order):
            holes[np.array(offsets[i]) - low, column] = False
        members: tuple[int, ...] = (len(lines),)
        if len(set(starts)) == len(lines):
            members = _grid(np.array([starts[i] for i in order]), shape)
        return order, index.reshape(-1, *members), holes.reshape(-1, *members)
    return None


def _grid(positions: Index, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape for sorted positions in an array of this shape: all of it, a grid of rows and columns, or flat."""
    if len(positions) == math.prod(shape):
        return shape
    extents = [len(np.unique(axis)) for axis in np.unravel_index(positions, shape)] if shape else []
    if math.prod(extents) != len(positions):
        return (len(positions),)
    return tuple([extent for extent in extents if extent > 1])


def _checks(make: Builder, checks: Sequence[tuple[str, int]], outputs: list[Any]) -> list[Array]:
    """The REQUIRE nodes: one for all checks with the same message on entries of the same arrays."""
    remaining = iter(outputs)
    alike: dict[tuple[Any, ...], list[list[Any]]] = {}
    for message, count in checks:
        mine = [next(remaining) for _ in range(count)]
        if not isinstance(mine[0], Array) and mine[0]:
            continue
        alike.setdefault((message, *map(_source, mine)), []).append(mine)
    made = []
    for (message, *sources), members in alike.items():
        if len(members) > 1:
            members = sorted(members, key=lambda member: _position(member[0]))
        columns = list(zip(*members))
        shapes = {x.shape for x in sources if isinstance(x, Array)}
        shape: tuple[int, ...] = (len(members),) if len(members) > 1 else ()
        if len(shapes) == 1 and math.prod(*shapes) == len(members):
            whole = [
                [_position(x) for x in column] == list(range(len(members)))
                for column, source in zip(columns, sources)
                if isinstance(source, Array)
            ]
            shape = shapes.pop() if all(whole) else shape
        operands = [
            make.pick(source, np.array([_position(x) for x in column]).reshape(shape))
            if isinstance(source, Array)
            else make.constant(np.array(column).reshape(shape))
            for source, column in zip(sources, columns)
        ]
        made.append(make.require(operands, message))
    return made


def _source(x: Any) -> Any:
    """The array that a single number is an entry of; None for a constant."""
    if not isinstance(x, Array):
        return None
    return x.operands[0] if x.head is PICK else x


def _position(x: Any) -> int:
    return int(x.data) if isinstance(x, Array) and x.head is PICK else 0
