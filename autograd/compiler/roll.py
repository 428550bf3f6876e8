"""Pass: what is repeated step by step becomes a loop.

An unrolled recurrence is a `Repetition`: consecutive runs of arrays with the same operations, one run for each step,
each using results of the run before. Arrays that do not depend on the step before are computed for all steps at once,
before the loop; so are, after the loop, arrays that no later step needs (a matrix product per step becomes a single
one). The rest is the body of the loop. The steps of the backward pass are found in the same way.
"""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np

from .. import ops
from .arrays import (
    ACCUMULATE,
    ASIDES,
    CARRY,
    CONTRACT,
    EXPAND,
    ITEM,
    JOIN,
    LARGEST,
    LOOP,
    OTHERS,
    OUTER,
    OUTPUT,
    PICK,
    REDUCE,
    SUM,
    Array,
    ArrayProgram,
    Builder,
    Loop,
    Role,
    index_key,
)
from .name import word_of
from .scalars import CONSTANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from .arrays import Code, Index

    Relation: TypeAlias = "Numbers | Constants | Outer | Own | Before"

FEWEST = 4
"""The fewest steps that are worth a loop."""

LONGEST = 256
"""The most arrays that a step may have; longer steps are not looked for."""

MOST_CANDIDATES = 16
"""The most candidates that are examined before the search for a repetition ends."""


def roll(program: ArrayProgram) -> ArrayProgram:
    """The program with its repetitions as loops."""
    while (found := _find_repetition(program)) is not None:
        made = _Rolling(program, found).program
        if _length(made) >= _length(program):
            break
        program = made
    return program


def _length(program: ArrayProgram) -> int:
    """How many arrays have to be computed, including those in the bodies of loops."""
    bodies = [x.data for x in program.arrays() if x.head is LOOP]
    return sum(_computes(x) for x in program.arrays()) + sum(_computes(x) for b in bodies for x in b.program().arrays())


def _computes(x: Array) -> bool:
    return bool(x.operands) and x.head not in (PICK, LOOP, OUTPUT)


class Numbers(NamedTuple):
    """An operand that is a number in every step: the number for each step."""

    values: list[float]


class Constants(NamedTuple):
    """An operand that is a constant array in every step: the array for each step."""

    arrays: list[Array]


class Outer(NamedTuple):
    """An operand that consists of entries of an array outside the steps: the index for each step."""

    source: Array
    indices: Index


class Own(NamedTuple):
    """An operand that consists of entries of the j-th array of the same step."""

    j: int
    entries: Index


class Before(NamedTuple):
    """An operand that consists of entries of the j-th array of the step before; in the first step it is `first`."""

    j: int
    entries: Index
    first: Code


class Repetition:
    """Consecutive runs of arrays with the same operations: the steps of a recurrence.

    Attributes
    ----------
    steps : list of list of Array
        The arrays of each step.
    relations : list of list
        For each array of a step, and each of its operands, where the operand comes from: `Numbers`, `Constants`,
        `Outer`, `Own` or `Before`.
    is_sequential : list of bool
        For each array of a step, whether it is carried or depends on the step before.
    core : list of int
        The positions in a step of the sequential arrays that the next step depends on: the body of the loop.
    carried : list of int
        The positions in a step of the arrays that are operands in the next step.
    """

    def __init__(self, steps: list[list[Array]], relations: list[list[Relation]]) -> None:
        self.steps, self.relations = steps, relations
        every = range(len(relations))
        self.carried = sorted({r.j for mine in relations for r in mine if isinstance(r, Before)})
        self.is_sequential = [j in self.carried for j in every]
        for j, mine in enumerate(relations):
            if any(isinstance(r, Before) or (isinstance(r, Own) and self.is_sequential[r.j]) for r in mine):
                self.is_sequential[j] = True
        feeds = [j in self.carried for j in every]
        for j in reversed(every):
            if feeds[j]:
                for r in relations[j]:
                    if isinstance(r, Own):
                        feeds[r.j] = True
        self.core = [j for j in every if self.is_sequential[j] and feeds[j]]


# --- finding ----------------------------------------------------------------------------------------------------------


def _find_repetition(program: ArrayProgram) -> Repetition | None:
    """The longest repetition that can be a loop."""
    arrays = [x for x in program.arrays() if x.operands and x.head not in (PICK, LOOP, OUTPUT) and x.head not in ASIDES]
    if len(arrays) < 2 * FEWEST:
        return None
    kinds: dict[Any, int] = {}
    ids = np.array([kinds.setdefault(_kind(x), len(kinds)) for x in arrays])
    runs: list[tuple[int, int, int]] = []
    for period in range(1, min(len(arrays) // FEWEST, LONGEST) + 1):
        equal = np.concatenate([[False], ids[period:] == ids[:-period], [False]])
        edges = np.flatnonzero(equal[1:] != equal[:-1])
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist()):
            if stop - start >= (FEWEST - 1) * period:
                runs.append((-(stop - start + period), period, start))
    places = {x.number: i for i, x in enumerate(arrays)}
    after = _users(program)
    tried: list[tuple[int, int, int]] = []
    for size, period, start in sorted(runs):
        stop = start - size
        if any(period % other == 0 and begin <= start + other and stop <= end + other for other, begin, end in tried):
            continue  # the same repetition, with several steps taken as one
        if len(tried) == MOST_CANDIDATES:
            break
        tried.append((period, start, stop))
        best = None
        for phase in range(min(period, 48)):
            steps = (-size - phase) // period
            if steps < FEWEST:
                break
            made = _related(arrays, places, start + phase, period, steps)
            if (
                made is not None
                and _is_apart(made, after)
                and (best is None or _rank(made, after) > _rank(best, after))
            ):
                best = made
        if best is not None:
            return best
    return None


def _rank(found: Repetition, users: dict[int, list[Array]]) -> tuple[int, int]:
    """The key that ranks repetitions: the more steps the better, and then the fewer arrays that the loop must keep."""
    inside = {step[j].number for step in found.steps for j in found.core}
    kept = {j for j in found.core if any(u.number not in inside for u in users.get(found.steps[1][j].number, []))}
    return len(found.steps), -len(kept.union(found.carried))


def _kind(x: Array) -> Any:
    """What an array has in common with the arrays at its position in the other steps."""
    operands = len(x.operands) if x.elementwise else tuple([_operand_kind(y) for y in x.operands])
    return x.head, index_key(x.data), x.shape, operands


def _operand_kind(y: Code) -> Any:
    if not isinstance(y, Array):
        return "number"
    if y.head is PICK:
        flat = y.data.ravel()
        return y.shape, index_key(y.data - (flat[0] if flat.size else 0))
    return y.shape, None


def _source(y: Array) -> tuple[Array, Index]:
    """The array whose entries y consists of, and the positions of these entries."""
    if y.head is PICK:
        return y.operands[0], y.data
    return y, np.arange(y.size).reshape(y.shape)


def _related(arrays: list[Array], places: dict[int, int], start: int, period: int, count: int) -> Repetition | None:
    """The repetition whose steps are these runs, or those around the middle one with operands from like places."""
    steps = [arrays[start + k * period : start + (k + 1) * period] for k in range(count)]

    def place(x: Array) -> tuple[int, int] | None:
        i = places.get(x.number)
        if i is None or not start <= i < start + count * period:
            return None
        return (i - start) // period, (i - start) % period

    def describe(k: int) -> list[list[OperandSource]]:
        made = []
        for x in steps[k]:
            mine: list[OperandSource] = []
            for y in x.operands:
                if not isinstance(y, Array) or y.head is CONSTANT:
                    mine.append(OperandSource(y))
                    continue
                source, index = _source(y)
                where = place(source)
                if where is None:
                    mine.append(OperandSource(y, source, index))
                else:
                    mine.append(OperandSource(y, None, index, k - where[0], where[1]))
            made.append(mine)
        return made

    every = [describe(k) for k in range(count)]
    middle = count // 2
    first = last = middle
    while last + 1 < count and _follows(every[last], every[last + 1]):
        last += 1
    while first > 0 and _follows(every[first - 1], every[first]):
        first -= 1
    first_step = _as_first_step(steps[first - 1], every[first - 1], steps[first], every[first]) if first > 0 else None
    if first_step is not None:
        first -= 1
        every[first] = first_step
    if last - first + 1 < FEWEST:
        return None
    model = every[min(first + 1, last)]
    relations: list[list[Relation]] = []
    for j, mine in enumerate(model):
        row: list[Relation] = []
        for m, relation in enumerate(mine):
            kinds = [every[k][j][m] for k in range(first, last + 1)]
            if relation.j is not None:
                if relation.back not in (0, 1):
                    return None
                row.append(
                    Before(relation.j, relation.entries, kinds[0].operand)
                    if relation.back
                    else Own(relation.j, relation.entries)
                )
            elif relation.source is not None:
                row.append(Outer(relation.source, np.stack([kind.entries for kind in kinds])))
            elif isinstance(relation.operand, Array):
                row.append(Constants([kind.operand for kind in kinds]))
            else:
                row.append(Numbers([kind.operand for kind in kinds]))
        relations.append(row)
    made = Repetition(steps[first : last + 1], relations)
    return made if _has_initial_values(made, relations) else None


class OperandSource(NamedTuple):
    """Where an operand of one step comes from.

    Attributes
    ----------
    operand : Array or float
    source : Array or None
        The array outside the steps whose entries the operand consists of.
    entries : array of int
        The positions of these entries in the source, or in the j-th array of a step.
    back, j : int and int or None
        The operand consists of entries of the j-th array of the step `back` steps earlier; j is None if it does not.
    """

    operand: Any
    source: Array | None = None
    entries: Any = None
    back: int = 0
    j: int | None = None

    def agrees(self, other: OperandSource) -> bool:
        """Whether two operands come from the same place; numbers, constants and entries of the source may differ."""
        return (
            (self.source is other.source and isinstance(self.operand, Array) == isinstance(other.operand, Array))
            and (self.back, self.j) == (other.back, other.j)
            and (self.j is None or np.array_equal(self.entries, other.entries))
        )


def _follows(one: list[list[OperandSource]], next_one: list[list[OperandSource]]) -> bool:
    """Whether the operands of a step come from the same places as those of the step before."""
    return all(a.agrees(b) for mine, theirs in zip(one, next_one) for a, b in zip(mine, theirs))


def _as_first_step(
    steps: list[Array], one: list[list[OperandSource]], next_steps: list[Array], next_one: list[list[OperandSource]]
) -> list[list[OperandSource]] | None:
    """Where the operands of a step come from, if it can be the first one: in the order of the next step's operands.

    A first step is like the next one, except that it uses initial values where the next one uses the step before.
    """
    made = []
    for x, y, mine, theirs in zip(steps, next_steps, one, next_one):
        if x.batched and not y.batched:
            return None
        exchangeable = x.head in (ops.mul, SUM) and len(mine) <= 4
        orders = permutations(mine) if exchangeable else [mine]
        fitting = next((order for order in orders if all(map(_fits, order, theirs))), None)
        if fitting is None:
            return None
        made.append(list(fitting))
    return made


def _fits(a: OperandSource, b: OperandSource) -> bool:
    """Whether operand a of the first step can correspond to operand b of the next."""
    return (b.j is not None and b.back == 1 and a.j is None) or a.agrees(b)


def _has_initial_values(found: Repetition, relations: list[list[Relation]]) -> bool:
    """Whether each carried array is used as a whole, and has a single initial value in the first step."""
    initial_values: dict[int, Any] = {}
    for mine in relations:
        for relation in mine:
            if isinstance(relation, Before):
                j, index, first = relation
                shape = found.steps[0][j].shape
                if index.shape != shape or not np.array_equal(index, np.arange(index.size).reshape(shape)):
                    return False
                known = initial_values.setdefault(j, first)
                if known is not first and (isinstance(first, Array) or repr(known) != repr(first)):
                    return False
    return True


def _users(program: ArrayProgram) -> dict[int, list[Array]]:
    users: dict[int, list[Array]] = {}
    for x in program.arrays():
        for y in x.operands:
            if isinstance(y, Array):
                users.setdefault(y.number, []).append(x)
    return users


def _is_apart(found: Repetition, users: dict[int, list[Array]]) -> bool:
    """Whether steps depend on each other directly only, and the first can be given the later ones' axis of examples.

    An array of the first step may lack that axis, if only arrays of the steps use it.
    """
    own = {x.number for step in found.steps for x in step}
    depends: set[int] = set()
    stack = [x for step in found.steps for x in step]
    while stack:
        for user in users.get(stack.pop().number, []):
            if user.number not in own and user.number not in depends:
                depends.add(user.number)
                stack.append(user)
    picks = {
        x.number: x.operands[0].number
        for step in found.steps
        for z in step
        for x in z.operands
        if isinstance(x, Array) and x.head is PICK and x.operands[0].number in own
    }
    for step in found.steps:
        for x in step:
            for y in x.operands:
                if isinstance(y, Array) and y.number in depends and y.number not in picks:
                    return False
    for x, y in zip(found.steps[0], found.steps[1]):
        if x.batched != y.batched and any(user.number not in own and user.head is not PICK for user in users[x.number]):
            return False
    return True


# --- rolling ----------------------------------------------------------------------------------------------------------


class _Rolling:
    """Builds the program with the repetition in three parts: arrays before the loop, the loop, and arrays after it."""

    def __init__(self, program: ArrayProgram, found: Repetition) -> None:
        self.old, self.found = program, found
        self.make = Builder(program.builder.largest)
        self.made: dict[int, Code] = {}
        self.count = len(found.steps)
        self.core, self.carried = found.core, found.carried
        self.stacks: dict[int, Code] = {}  # by position in a step: the array of all steps, along a new first axis
        self.invariant: set[int] = set()  # positions of arrays that are the same in all steps
        self.last_only: dict[int, Array] = {}  # by position: the array of the last step, if no other step's is needed
        self.carried_stacks: dict[int, Array] = {}  # of carried arrays: the stack, with the initial value in front
        self.initial_values = {r.j: r.first for mine in found.relations for r in mine if isinstance(r, Before)}
        self.users = _users(program)
        self._by_content: dict[Any, Array] | None = None  # the arrays of the program, by operation and operands
        own = {x.number for step in found.steps for x in step}
        self.before_first = self._beyond(own, -1)  # by position: an array like a step before the first one
        self.after_last = self._beyond(own, self.count)  # and like a step after the last one
        needed = self._needed(own, range(len(found.relations)))
        for beyond in (self.before_first, self.after_last):  # those made after the loop cannot be operands of the steps
            for j in [
                j
                for j, x in beyond.items()
                if x.number in needed and (found.is_sequential[j] or beyond is self.after_last)
            ]:
                del beyond[j]
        done: set[int] = set()
        arrays = program.arrays([*program.inputs, *program.outputs])

        def copy_arrays(numbers: set[int]) -> None:
            for x in arrays:
                if x.number in numbers and x.number not in done and x.number not in own:
                    if x.head is PICK and x.operands[0].number in own - self.made.keys():
                        continue  # entries of an array of the steps that is not made yet, or only used inside the loop
                    done.add(x.number)
                    if x.number not in self.made:
                        self._copy(x)

        early = [j for j in range(len(found.relations)) if not found.is_sequential[j] and j not in self.core]
        copy_arrays(self._needed(own, early))
        for j in early:
            self._stack(j, found.steps[1][j])
            if j in self.before_first and j not in self.invariant:
                self.made[self.before_first[j].number] = self._slice(j, -1)
        behind = {x.number for j, x in self.before_first.items() if found.is_sequential[j]} | {
            x.number for x in self.after_last.values()
        }
        copy_arrays((needed | self._before(arrays, own, behind)) - behind)
        if self.core:
            self._loop(self.core, self.carried, found.steps[1])
        for j, x in enumerate(found.steps[1]):
            if j not in self.stacks:
                self._stack(j, x)
        for j in range(len(found.relations)):
            self._set_replacements(j)
        copy_arrays({x.number for x in arrays})
        inputs, outputs, asides = (
            [self._replacement(x) for x in xs] for xs in (program.inputs, program.outputs, program.asides)
        )
        self.program = ArrayProgram(self.make, inputs, outputs, asides, program.placed)  # type: ignore[arg-type]

    def _beyond(self, own: set[int], k: int) -> dict[int, Array]:
        """By position in a step: the array elsewhere that would be there in step k, -1 or the number of steps.

        Only for arrays that are not in the body of the loop.
        """
        found_there: dict[int, Array] = {}
        before = self.initial_values if k < 0 else {}
        last = {j: self.found.steps[-1][j] for j in self.carried} if k > 0 else {}
        for j, mine in enumerate(self.found.relations):
            if j in self.core:
                continue
            expected: list[Any] = []
            for r in mine:
                if isinstance(r, Outer):
                    index = r.indices[0] + k * (r.indices[1] - r.indices[0])  # if the entries advance evenly
                    if index.size and (index.min() < 0 or index.max() >= r.source.size):
                        break
                    if k > 0 and not np.array_equal(index, 2 * r.indices[-1] - r.indices[-2]):
                        break
                    expected.append((r.source.number, index_key(index)))
                elif isinstance(r, (Own, Before)):
                    known = last if isinstance(r, Before) else before | found_there
                    there = known.get(r.j)
                    if not isinstance(there, Array):
                        break
                    source, index = _source(there)
                    expected.append((source.number, index_key(index.ravel()[r.entries])))
                elif isinstance(r, Numbers) and all(repr(x) == repr(r.values[0]) for x in r.values):
                    expected.append(repr(r.values[0]))
                else:
                    break
            else:
                x = self.found.steps[0][j]
                found = self._like(x, expected)
                if found is not None and found.number not in own:
                    found_there[j] = found
        return found_there

    def _like(self, x: Array, expected: list[Any]) -> Array | None:
        """The array of the program that is computed like x, but from the expected operands."""

        def operand_key(y: Code) -> Any:
            if not isinstance(y, Array):
                return repr(y)
            source, index = _source(y)
            return source.number, index_key(index)

        if self._by_content is None:
            aside = {PICK, LOOP, OUTPUT} | ASIDES
            computed = [y for y in self.old.arrays() if y.operands and y.head not in aside]
            self._by_content = {
                (y.head, index_key(y.data), y.shape, y.batched, tuple(map(operand_key, y.operands))): y
                for y in computed
            }
        return self._by_content.get((x.head, index_key(x.data), x.shape, x.batched, tuple(expected)))

    def _replacement(self, x: Code) -> Code:
        return self.made[x.number] if isinstance(x, Array) else x

    def _needed(self, own: set[int], which: Iterable[int]) -> set[int]:
        """The arrays outside the steps on which the arrays `which` of the steps depend, and the inputs; by number."""
        stack = [y for step in self.found.steps for j in which for y in step[j].operands if isinstance(y, Array)]
        stack += self.old.inputs
        needed: set[int] = set()
        while stack:
            x = stack.pop()
            if x.number in own or x.number in needed:
                continue
            if x.head is PICK and x.operands[0].number in own:
                continue
            needed.add(x.number)
            stack += [y for y in x.operands if isinstance(y, Array)]
        return needed

    def _before(self, arrays: Sequence[Array], own: set[int], behind: set[int]) -> set[int]:
        """The arrays that precede the steps, and depend neither on these nor on the arrays `behind`; by number."""
        found: set[int] = set()
        depends = own | behind
        for x in arrays:
            if x.number in depends:
                continue
            if any(y.number in depends for y in x.operands if isinstance(y, Array)):
                depends.add(x.number)
            elif x.number < min(own):
                found.add(x.number)
        return found

    def _copy(self, x: Array) -> None:
        operands = list(map(self._replacement, x.operands))
        if not x.elementwise:
            operands = [self.make.full(y, old) for y, old in zip(operands, x.operands)]
        new: Code = self._summed(operands) if x.head is SUM and len(operands) >= FEWEST else self.make.like(x, operands)
        new = (
            new
            if isinstance(new, Array) and new.shape == x.shape and new.batched == x.batched
            else self.make.expand(new, x.shape, x.batched)
        )
        self.made[x.number] = new
        if isinstance(new, Array):
            new.merge_notes(x)
            if x.gradient_of is not None:
                of = self.made.get(x.gradient_of.number)
                new.gradient_of = of if isinstance(of, Array) else None

    def _summed(self, operands: Sequence[Code]) -> Code:
        """The sum of operands; those that are slices of one array are summed along its first axis."""
        slices: dict[int, tuple[Array, list[int]]] = {}
        rest: list[Code] = []
        for y in operands:
            source = y.operands[0] if isinstance(y, Array) and y.head is PICK else None
            if (
                isinstance(y, Array)
                and isinstance(source, Array)
                and source.shape[1:] == y.shape
                and y.shape != source.shape
            ):
                start = int(y.data.flat[0]) if y.data.size else 0
                if start % y.size == 0 and np.array_equal(y.data.ravel(), np.arange(start, start + y.size)):
                    slices.setdefault(source.number, (source, []))[1].append(start // y.size)
                    continue
            rest.append(y)
        sums: list[Code] = []
        for source, places in slices.values():
            index = np.arange(source.size).reshape(source.shape)
            if len(places) < FEWEST or len(set(places)) < len(places):
                rest += [self.make.pick(source, index[k]) for k in places]
                continue
            part = self.make.pick(source, index[sorted(places)])
            sums.append(self.make.reduce(part, (0,)))
        return self.make.elementwise(SUM, [*sums, *rest]) if len(sums) + len(rest) > 1 else (sums or rest)[0]

    # --- the steps ----------------------------------------------------------------------------------------------------

    def _set_replacements(self, j: int) -> None:
        """Note what takes the place of the j-th array of each step."""
        stack = self.stacks[j]
        if j in self.before_first and j not in self.invariant:
            self.made[self.before_first[j].number] = self._slice(j, -1)
        if j in self.after_last and j not in self.invariant:
            self.made[self.after_last[j].number] = self._slice(j, self.count)
        for k, step in enumerate(self.found.steps):
            x = step[j]
            if j in self.last_only:
                if k == self.count - 1:
                    self.made[x.number] = self.last_only[j]
            elif j in self.invariant:
                self.made[x.number] = stack
            else:
                self.made[x.number] = self._slice(j, k) if isinstance(stack, Array) else stack

    def _slice(self, j: int, k: int) -> Code:
        stack = self.carried_stacks.get(j, self.stacks[j])
        assert isinstance(stack, Array)
        size = stack.size // stack.shape[0]
        k += self._offset(j)
        return self.make.pick(stack, np.arange(k * size, (k + 1) * size).reshape(stack.shape[1:]))

    def _offset(self, j: int) -> int:
        """The position of the first step's entry in the stack: 1 if an entry for the step before it is in front."""
        return int(j in self.carried_stacks or j in self.before_first)

    def _operand(self, relation: Relation, with_before: bool = False, with_after: bool = False) -> tuple[Code, bool]:
        """An operand for all steps at once; and whether it has an axis of steps, or is the same in all of them.

        Parameters
        ----------
        with_before, with_after : bool
            Whether to include an entry for a step before the first one, and for one after the last.
        """
        make, count = self.make, self.count + with_before + with_after
        if isinstance(relation, Numbers):
            numbers = relation.values
            if all(repr(number) == repr(numbers[0]) for number in numbers):
                return numbers[0], False
            return make.leaf(CONSTANT, np.array(numbers), (count,)), True
        if isinstance(relation, Constants):
            arrays = relation.arrays
            if all(x is arrays[0] for x in arrays):
                return self._replacement(arrays[0]), False
            return make.leaf(CONSTANT, np.stack([x.data for x in arrays]), (count, *arrays[0].shape)), True
        if isinstance(relation, Outer):
            indices, source = relation.indices, self._replacement(relation.source)
            if with_before:
                indices = np.concatenate([[2 * indices[0] - indices[1]], indices])
            if with_after:
                indices = np.concatenate([indices, [2 * indices[-1] - indices[-2]]])
            if (indices == indices[0]).all():
                return make.pick(source, indices[0]), False
            return make.pick(source, indices), True
        j, index = relation.j, relation.entries
        if j in self.invariant:
            return make.pick(self.stacks[j], index), False
        size = self.found.steps[1][j].size
        steps = (size * np.arange(count)).reshape(count, *[1] * index.ndim)
        if isinstance(relation, Before):
            return make.pick(self.carried_stacks[j], index[None] + steps), True
        stack = self.carried_stacks.get(j, self.stacks[j])
        return make.pick(stack, index[None] + steps + size * (self._offset(j) - with_before)), True

    def _stack(self, j: int, x: Array) -> None:
        """Make one array of the j-th arrays of all steps; x is that of one step."""
        pairs = [self._operand(r, j in self.before_first, j in self.after_last) for r in self.found.relations[j]]
        if not any(stacked for _, stacked in pairs):
            self.invariant.add(j)
            self.stacks[j] = self.make.like(x, [y for y, _ in pairs])
            return
        count = self.count + (j in self.before_first) + (j in self.after_last)
        made = stacked(self.make, x, pairs, count)
        made = self.make.expand(made, (count, *x.shape), x.batched)
        if isinstance(made, Array):
            made.kept = x.kept
            self._name_after(made, x, "s")
            made.rows = self._rows(j) if len(made.shape) > len(x.shape) else made.rows
        self.stacks[j] = made

    def _loop(self, core: list[int], carried: list[int], model: list[Array]) -> None:
        make, found = self.make, self.found
        inner = Builder(make.largest)
        operands: list[Array] = []
        slots: dict[Any, Array] = {}
        bodies: dict[int, Code] = {}
        carries = {j: inner.leaf(CARRY, i, model[j].shape, model[j].batched) for i, j in enumerate(carried)}

        def leaf(code: Code, is_stacked: bool) -> Code:
            code = make.number(code)  # a condition as 1.0 or 0.0: the operands of a loop are arrays of numbers
            if not isinstance(code, Array):
                return code
            key = code.number, is_stacked
            if key not in slots:
                shape = code.shape[1:] if is_stacked else code.shape
                slots[key] = inner.leaf(ITEM if is_stacked else OUTER, len(operands), shape, code.batched)
                operands.append(code)
            return slots[key]

        def operand(relation: Relation) -> Code:
            if isinstance(relation, Before):
                return inner.pick(carries[relation.j], relation.entries)
            if isinstance(relation, Own) and relation.j in bodies:
                return inner.pick(bodies[relation.j], relation.entries)
            if isinstance(relation, Own) and relation.j not in self.invariant:
                stack = self.stacks[relation.j]
                assert isinstance(stack, Array)
                start = relation.j in self.before_first
                if stack.shape[0] != self.count:
                    stack = make.pick(stack, np.arange(stack.size).reshape(stack.shape)[start : start + self.count])
                return inner.pick(leaf(stack, True), relation.entries)
            if isinstance(relation, Outer) and (relation.indices == relation.indices[0]).all():
                return inner.pick(leaf(self._replacement(relation.source), False), relation.indices[0])
            return leaf(*self._operand(relation))

        for j in core:
            x = model[j]
            made = inner.like(x, self._summed_before(x, leaf, found.relations[j], operand))
            if not isinstance(made, Array) or made.shape != x.shape or made.batched != x.batched:
                made = inner.expand(made, x.shape, x.batched)
            if isinstance(made, Array):
                made.merge_notes(x)
                made.rows = self._rows(j) if x.gradient_of is None else None
                made.kept = False
            bodies[j] = made
        users = self.users
        inside = {step[j].number for step in found.steps for j in core}
        uses = {j: self._uses(j, users, inside) for j in core}
        outside = [mine for j, mine in enumerate(found.relations) if j not in core]
        reads_before = {r.j for mine in outside for r in mine if isinstance(r, Before)}
        in_front = {r.j for j in self.before_first for r in found.relations[j] if isinstance(r, Own)}
        stacked_outputs = [j for j in core if uses[j] - {self.count - 1} or j in reads_before or j in in_front]
        last_outputs = [j for j in core if j not in stacked_outputs and uses[j]]
        initial_values = [
            make.expand(self._replacement(self.initial_values[j]), model[j].shape, model[j].batched) for j in carried
        ]
        loop = Loop(
            self.count,
            len(operands),
            carried=[bodies[j] for j in carried],  # type: ignore[misc]
            kept=[bodies[j] for j in stacked_outputs],  # type: ignore[misc]
            carried_as=[carried.index(j) if j in carried else None for j in stacked_outputs],
            last=[bodies[j] for j in last_outputs],  # type: ignore[misc]
            builder=inner,
        )
        node = make.node(
            LOOP, (*operands, *[make.full(x, model[j]) for x, j in zip(initial_values, carried)]), loop, (), False
        )
        for i, j in enumerate(stacked_outputs):
            extent = self.count + (j in carried)
            out = make.node(OUTPUT, (node,), i, (extent, *model[j].shape), model[j].batched)
            self._name_after(out, model[j], "s")
            out.rows = self._rows(j, j in carried)
            self.stacks[j] = out
            if j in carried:
                self.carried_stacks[j] = out
        for i, j in enumerate(last_outputs, len(stacked_outputs)):
            self.last_only[j] = make.node(OUTPUT, (node,), i, model[j].shape, model[j].batched)
            self._name_after(self.last_only[j], model[j], "")
        for j in core:
            self.stacks.setdefault(j, 0.0)

    def _summed_before(
        self,
        x: Array,
        leaf: Callable[[Code, bool], Code],
        relations: list[Relation],
        operand: Callable[[Relation], Code],
    ) -> list[Code]:
        """The operands of an array of the body; terms of a sum that need no other step are added up before the loop."""

        def is_ready(r: Relation) -> bool:
            return not isinstance(r, Before) and not (
                isinstance(r, Own) and (r.j not in self.stacks or r.j in self.carried_stacks)
            )

        ready = list(filter(is_ready, relations))
        if x.head is not SUM or len(ready) < 2:
            return list(map(operand, relations))
        terms = list(map(self._operand, ready))
        if any(is_stacked for _, is_stacked in terms):
            before, shape = stacked(self.make, x, terms, self.count), (self.count, *x.shape)
        else:
            before, shape = self.make.like(x, [y for y, _ in terms]), x.shape
        before = self.make.expand(before, shape, any(isinstance(y, Array) and y.batched for y, _ in terms))
        return [leaf(before, len(shape) > len(x.shape)), *[operand(r) for r in relations if not is_ready(r)]]

    def _rows(self, j: int, begins: bool = False) -> Index | None:
        """The scalars that the j-th array's entries are, by step; -1 for an initial value in front, if `begins`."""
        rows = [step[j].rows for step in self.found.steps]
        if any(mine is None for mine in rows):
            return None
        return np.stack([*[np.full_like(rows[0], -1)] * begins, *rows])  # type: ignore[list-item]

    def _name_after(self, made: Array, x: Array, plural: str) -> None:
        """Name an array of all steps after x, the array of one step."""
        made.word = word_of(x) + plural
        if x.gradient_of is not None:
            of = self.made.get(x.gradient_of.number)
            of = of.operands[0] if isinstance(of, Array) and of.head is PICK else of
            made.word = "d" + word_of(x.gradient_of) + plural if not isinstance(of, Array) else ""
            made.gradient_of = of if isinstance(of, Array) else None
        if x.role is not None:
            made.role = Role(x.role.word + plural, x.role.layer, x.role.follows)

    def _uses(self, j: int, users: dict[int, list[Array]], inside: set[int]) -> set[int]:
        """The steps of which the j-th array, part of the loop's body, is needed outside the loop."""
        outputs = {x.number for x in self.old.outputs if isinstance(x, Array)}
        found = set()
        for k, step in enumerate(self.found.steps):
            x = step[j]
            around = users.get(x.number, [])
            picks = [user for user in around if user.head is PICK]
            behind = [z for user in picks for z in users.get(user.number, [])]
            if (
                x.number in outputs
                or any(user.number in outputs for user in picks)
                or any(user.number not in inside for user in [*behind, *[u for u in around if u.head is not PICK]])
            ):
                found.add(k)
        return found


def stacked(make: Builder, x: Array, operands: Sequence[tuple[Code, bool]], count: int) -> Code:
    """The operation of x for several steps at once, on operands that may have an axis of steps in front."""
    shape = (count, *x.shape)

    def lifted(y: Code, is_stacked: bool, rank: int) -> Code:
        """An operand with an axis of steps, and with as many other axes as its neighbours; a single number as it is."""
        if not isinstance(y, Array) or (not is_stacked and not y.shape):
            return y
        own = y.shape if is_stacked else (1, *y.shape)
        return (
            make.reshape(y, (own[0], *[1] * (rank - len(own) + 1), *own[1:]))
            if len(own) <= rank
            else make.reshape(y, own)
        )

    def whole(y: Code, is_stacked: bool, own: tuple[int, ...], batched: bool) -> Array:
        made = make.expand(lifted(y, is_stacked, len(own)), (count, *own), batched)
        assert isinstance(made, Array)
        return made

    if x.elementwise:
        return make.like(x, [lifted(y, is_stacked, len(x.shape)) for y, is_stacked in operands])
    (first, is_stacked), *_ = operands
    assert isinstance(first, Array)
    if x.head is CONTRACT:
        (left, right, out), over_examples = x.data
        letter = next(i for i in "tuvwxyz" if i not in left + right + out)
        (a, a_stacked), (b, b_stacked) = operands
        spec = (letter * a_stacked + left, letter * b_stacked + right, letter + out)
        return make.contract(a, b, spec, over_examples)  # type: ignore[arg-type]
    if x.head is REDUCE:
        axes, over_examples = x.data
        return make.node(REDUCE, (first,), (tuple([axis + 1 for axis in axes]), over_examples), shape, x.batched)
    if x.head in (LARGEST, OTHERS, ops.prod, ops.logsumexp):
        return make.along(x.head, first, x.data + 1)
    if x.head is EXPAND:
        return whole(first, is_stacked, x.shape, x.batched)
    if x.head is JOIN and x.data is not None:
        parts = [whole(y, s, old.shape, old.batched) for (y, s), old in zip(operands, x.operands)]
        return make.join(parts, x.data + 1)
    if x.head is ACCUMULATE:
        steps = x.size * np.arange(count)
        data = [None if i is None else i[None] + steps.reshape(count, *[1] * i.ndim) for i in x.data]
        made_parts = []
        for (y, s), index in zip(operands, x.data):
            own = x.shape if index is None else index.shape
            made_parts.append(lifted(y, s, len(own)))
        return make.node(ACCUMULATE, tuple(made_parts), tuple(data), shape, x.batched)
    raise NotImplementedError(f"{x} for several steps")
