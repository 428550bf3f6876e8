"""Pass: what is repeated step by step becomes a loop.

The steps of a recurrence come as stretches of like arrays, one after the other, each stretch using what the one before
has made: a `Repetition`. What does not depend on the step before is computed for all steps at once before the loop,
what no later step needs after it, in one product where it is one; the rest is the body. The way back is found in the
same way.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from .. import ops
from .arrays import (
    ACCUMULATE,
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
    REQUIRE,
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
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias

    from .arrays import Code, Index

    Relation: TypeAlias = tuple[Any, ...]

FEWEST = 4
"""So many steps are worth a loop."""

LONGEST = 256
"""A step of more arrays is not looked for."""

MOST = 16
"""So many repetitions are looked at before it is given up."""


def roll(program: ArrayProgram) -> ArrayProgram:
    """The program with its repetitions as loops."""
    while (found := _found(program)) is not None:
        made = _Rolling(program, found).program
        if _length(made) >= _length(program):
            break
        program = made
    return program


def _length(program: ArrayProgram) -> int:
    """How much there is to compute, counted in arrays."""
    bodies = [x.data for x in program.arrays() if x.head is LOOP]
    return sum(_computes(x) for x in program.arrays()) + sum(_computes(x) for b in bodies for x in b.program().arrays())


def _computes(x: Array) -> bool:
    return bool(x.operands) and x.head not in (PICK, LOOP, OUTPUT)


class Repetition:
    """Like stretches of arrays, one after the other.

    Attributes
    ----------
    steps : list of list of Array
        The stretches.
    relations : list of list of tuple
        For each array of a step, and each operand of it, where that comes from:
        ``("number", numbers)`` and ``("constant", arrays)``, one for each step;
        ``("outer", array, indices)``, entries of an array from elsewhere, an index for each step;
        ``("own", j, index)`` and ``("before", j, index, first)``, entries of the j-th array of the same step, or of the
        one before, and in place of that in the first step something else.
    """

    def __init__(self, steps: list[list[Array]], relations: list[list[Relation]]) -> None:
        self.steps, self.relations = steps, relations

    def core(self) -> tuple[list[int], list[int]]:
        """Which arrays of a step depend on the step before and are needed by the next one; and which that one uses."""
        relations = self.relations
        carried = sorted({r[1] for mine in relations for r in mine if r[0] == "before"})
        waits = [False] * len(relations)
        for j, mine in enumerate(relations):
            waits[j] = j in carried or any(r[0] == "before" or (r[0] == "own" and waits[r[1]]) for r in mine)
        feeds = [j in carried for j in range(len(relations))]
        for j in range(len(relations) - 1, -1, -1):
            if feeds[j]:
                for r in relations[j]:
                    if r[0] == "own":
                        feeds[r[1]] = True
        self.waits = waits
        return [j for j in range(len(relations)) if (waits[j] and feeds[j]) or j in carried], carried


# --- finding ----------------------------------------------------------------------------------------------------------


def _found(program: ArrayProgram) -> Repetition | None:
    """The longest repetition that can be a loop."""
    arrays = [x for x in program.arrays() if x.operands and x.head not in (PICK, REQUIRE, LOOP, OUTPUT)]
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
            continue  # the same with several steps for one
        if len(tried) == MOST:
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
                and (best is None or _worth(made, after) > _worth(best, after))
            ):
                best = made
        if best is not None:
            return best
    return None


def _worth(found: Repetition, users: dict[int, list[Array]]) -> tuple[int, int]:
    """More steps are better, and of those with fewer of them fewer arrays of the loop that are kept."""
    core, carried = found.core()
    inside = {step[j].number for step in found.steps for j in core}
    kept = {j for j in core if any(user.number not in inside for user in users.get(found.steps[1][j].number, []))}
    return len(found.steps), -len(kept.union(carried))


def _kind(x: Array) -> Any:
    """What two arrays must have in common to be the same in two steps."""
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
    """What an array is entries of, and of which."""
    if y.head is PICK:
        return y.operands[0], y.data
    return y, np.arange(y.size).reshape(y.shape)


def _related(arrays: list[Array], places: dict[int, int], start: int, period: int, count: int) -> Repetition | None:
    """The repetition of these stretches, or of as many of them as are related in the same way."""
    steps = [arrays[start + k * period : start + (k + 1) * period] for k in range(count)]

    def place(x: Array) -> tuple[int, int] | None:
        i = places.get(x.number)
        if i is None or not start <= i < start + count * period:
            return None
        return (i - start) // period, (i - start) % period

    def described(k: int) -> list[list[Relation]]:
        made = []
        for x in steps[k]:
            mine: list[Relation] = []
            for y in x.operands:
                if not isinstance(y, Array):
                    mine.append(("number", y))
                    continue
                source, index = _source(y)
                where = place(source)
                if y.head is CONSTANT:
                    mine.append(("constant", y))
                elif where is not None:
                    mine.append(("inner", k - where[0], where[1], index, y))
                else:
                    mine.append(("outer", source, index, y))
            made.append(mine)
        return made

    every = [described(k) for k in range(count)]
    middle = count // 2
    first = last = middle
    while last + 1 < count and _follows(every[last], every[last + 1]):
        last += 1
    while first > 0 and _follows(every[first - 1], every[first]):
        first -= 1
    begun = _begins(steps[first - 1], every[first - 1], steps[first], every[first]) if first > 0 else None
    if begun is not None:
        first -= 1
        every[first] = begun
    if last - first + 1 < FEWEST:
        return None
    model = every[min(first + 1, last)]
    relations: list[list[Relation]] = []
    for j, mine in enumerate(model):
        row: list[Relation] = []
        for m, relation in enumerate(mine):
            kinds = [every[k][j][m] for k in range(first, last + 1)]
            if relation[0] in ("number", "constant"):
                row.append((relation[0], [kind[1] for kind in kinds]))
            elif relation[0] == "outer":
                row.append(("outer", relation[1], np.stack([kind[2] for kind in kinds])))
            elif relation[1] == 0:
                row.append(("own", relation[2], relation[3]))
            elif relation[1] == 1:
                row.append(("before", relation[2], relation[3], kinds[0][-1]))
            else:
                return None
        relations.append(row)
    made = Repetition(steps[first : last + 1], relations)
    return made if _has_firsts(made, relations) else None


def _follows(one: list[list[Relation]], next_one: list[list[Relation]]) -> bool:
    """Whether a step is related to its surroundings as the one before is."""
    for mine, theirs in zip(one, next_one):
        for a, b in zip(mine, theirs):
            if a[0] != b[0]:
                return False
            if a[0] == "inner" and (a[1:3] != b[1:3] or not np.array_equal(a[3], b[3])):
                return False
            if a[0] == "outer" and a[1] is not b[1]:
                return False
    return True


def _begins(
    steps: list[Array], one: list[list[Relation]], next_steps: list[Array], next_one: list[list[Relation]]
) -> list[list[Relation]] | None:
    """How a step is related to its surroundings, if it is the first one, with its operands in the order of the next.

    It is like the next, but that something else stands where that has the step before.
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


def _fits(a: Relation, b: Relation) -> bool:
    """Whether an operand of the first step can be what it is in the next."""
    if b[0] == "inner" and b[1] == 1 and a[0] in ("outer", "constant", "number"):
        return True
    if a[0] != b[0] or (a[0] == "inner" and (a[1:3] != b[1:3] or not np.array_equal(a[3], b[3]))):
        return False
    return a[0] != "outer" or a[1] is b[1]


def _has_firsts(found: Repetition, relations: list[list[Relation]]) -> bool:
    """Whether one array, and all of it, stands for each that the step before the first one would have made."""
    firsts: dict[int, Any] = {}
    for mine in relations:
        for relation in mine:
            if relation[0] == "before":
                _, j, index, first = relation
                shape = found.steps[0][j].shape
                if index.shape != shape or not np.array_equal(index, np.arange(index.size).reshape(shape)):
                    return False
                known = firsts.setdefault(j, first)
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
    """Whether nothing from elsewhere that the steps need depends on them, and only they see how the first differs."""
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
    """Makes the program anew, with the repetition as what is before the loop, the loop, and what is after it."""

    def __init__(self, program: ArrayProgram, found: Repetition) -> None:
        self.old, self.found = program, found
        self.make = Builder(program.builder.largest)
        self.made: dict[int, Code] = {}
        self.count = len(found.steps)
        self.core, self.carried = found.core()
        self.stacks: dict[int, Code] = {}  # of arrays of a step, those of all steps along a new first axis
        self.equal: set[int] = set()  # those that are the same in all steps
        self.lasts: dict[int, Array] = {}  # of arrays of the loop, that of the last step
        self.trails: dict[int, Array] = {}  # of carried arrays, with what stands before the first step in front
        self.firsts = {r[1]: r[3] for mine in found.relations for r in mine if r[0] == "before"}
        self.users = _users(program)
        own = {x.number for step in found.steps for x in step}
        self.fronts = self._beyond(own, -1)  # of other arrays, what is like them before the first step
        self.backs = self._beyond(own, self.count)  # and what is after the last
        needed = self._needed(own, range(len(found.relations)))
        for beyond in (self.fronts, self.backs):  # what the steps need cannot wait for what they make
            for j in [j for j, x in beyond.items() if x.number in needed and (found.waits[j] or beyond is self.backs)]:
                del beyond[j]
        done: set[int] = set()
        arrays = program.arrays([*program.inputs, *program.outputs])

        def again(numbers: set[int]) -> None:
            for x in arrays:
                if x.number in numbers and x.number not in done and x.number not in own:
                    if x.head is PICK and x.operands[0].number in own - self.made.keys():
                        continue  # of a step's array that only the loop needs
                    done.add(x.number)
                    if x.number not in self.made:
                        self._again(x)

        early = [j for j in range(len(found.relations)) if not found.waits[j] and j not in self.core]
        again(self._needed(own, early))
        for j in early:
            self._stack(j, found.steps[1][j])
            if j in self.fronts and j not in self.equal:
                self.made[self.fronts[j].number] = self._slice(j, -1)
        behind = {x.number for j, x in self.fronts.items() if found.waits[j]} | {x.number for x in self.backs.values()}
        again((needed | self._before(arrays, own, behind)) - behind)
        if self.core:
            self._loop(self.core, self.carried, found.steps[1])
        for j, x in enumerate(found.steps[1]):
            if j not in self.stacks:
                self._stack(j, x)
        for j in range(len(found.relations)):
            self._hand_out(j)
        again({x.number for x in arrays})
        inputs, outputs, checks = (
            [self._now(x) for x in xs] for xs in (program.inputs, program.outputs, program.checks)
        )
        self.program = ArrayProgram(self.make, inputs, outputs, checks, program.placed)  # type: ignore[arg-type]

    def _beyond(self, own: set[int], k: int) -> dict[int, Array]:
        """For arrays that are not of the loop, the one that is the same a step before the first, or after the last."""
        found_there: dict[int, Array] = {}
        before = self.firsts if k < 0 else {}
        last = {j: self.found.steps[-1][j] for j in self.carried} if k > 0 else {}
        for j, mine in enumerate(self.found.relations):
            if j in self.core:
                continue
            expected: list[Any] = []
            for r, y in zip(mine, self.found.steps[0][j].operands):
                if r[0] == "outer" and isinstance(y, Array):
                    index = r[2][0] + k * (r[2][1] - r[2][0])  # if it goes on as it begins
                    if index.size and (index.min() < 0 or index.max() >= r[1].size):
                        break
                    if k > 0 and not np.array_equal(index, 2 * r[2][-1] - r[2][-2]):
                        break
                    expected.append((r[1].number, index_key(index)))
                elif r[0] == "own" and (r[1] in found_there or r[1] in before):
                    there = found_there[r[1]] if r[1] in found_there else before[r[1]]
                    if not isinstance(there, Array):
                        break
                    source, index = _source(there)
                    expected.append((source.number, index_key(index.ravel()[r[2]])))
                elif r[0] == "before" and r[1] in last:
                    source, index = _source(last[r[1]])
                    expected.append((source.number, index_key(index.ravel()[r[2]])))
                elif r[0] == "number" and all(repr(x) == repr(r[1][0]) for x in r[1]):
                    expected.append(repr(r[1][0]))
                else:
                    break
            else:
                x = self.found.steps[0][j]
                found = self._like(x, expected)
                if found is not None and found.number not in own:
                    found_there[j] = found
        return found_there

    def _like(self, x: Array, expected: list[Any]) -> Array | None:
        """The array of the program that is x on other operands."""

        def seen(y: Code) -> Any:
            if not isinstance(y, Array):
                return repr(y)
            source, index = _source(y)
            return source.number, index_key(index)

        if not hasattr(self, "_places"):
            self._places: dict[Any, Array] = {}
            for y in self.old.arrays():
                if y.operands and y.head not in (PICK, LOOP, OUTPUT, REQUIRE):
                    key = y.head, index_key(y.data), y.shape, y.batched, tuple(map(seen, y.operands))
                    self._places[key] = y
        return self._places.get((x.head, index_key(x.data), x.shape, x.batched, tuple(expected)))

    def _now(self, x: Code) -> Code:
        return self.made[x.number] if isinstance(x, Array) else x

    def _needed(self, own: set[int], which: Iterable[int]) -> set[int]:
        """What some arrays of the steps need from elsewhere."""
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
        """What comes before the steps, and does not depend on them, nor on what is made after them."""
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

    def _again(self, x: Array) -> None:
        operands = list(map(self._now, x.operands))
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
            new.takes_after(x)
            if x.of is not None:
                of = self.made.get(x.of.number)
                new.of = of if isinstance(of, Array) else None

    def _summed(self, operands: Sequence[Code]) -> Code:
        """A sum, with what are the slices of one array summed along its axis."""
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
            size = source.size // source.shape[0]
            index = np.arange(source.size).reshape(source.shape)
            if len(places) < FEWEST or len(set(places)) < len(places):
                rest += [self.make.pick(source, index[k]) for k in places]
                continue
            part = self.make.pick(source, index[sorted(places)])
            assert size
            sums.append(self.make.reduce(part, (0,)))
        return self.make.elementwise(SUM, [*sums, *rest]) if len(sums) + len(rest) > 1 else (sums or rest)[0]

    # --- the steps ----------------------------------------------------------------------------------------------------

    def _hand_out(self, j: int) -> None:
        """What stood for each step's array."""
        stack = self.stacks[j]
        if j in self.fronts and j not in self.equal:
            self.made[self.fronts[j].number] = self._slice(j, -1)
        if j in self.backs and j not in self.equal:
            self.made[self.backs[j].number] = self._slice(j, self.count)
        for k, step in enumerate(self.found.steps):
            x = step[j]
            if j in self.lasts:
                if k == self.count - 1:
                    self.made[x.number] = self.lasts[j]
            elif j in self.equal:
                self.made[x.number] = stack
            else:
                self.made[x.number] = self._slice(j, k) if isinstance(stack, Array) else stack

    def _slice(self, j: int, k: int) -> Code:
        stack = self.trails.get(j, self.stacks[j])
        assert isinstance(stack, Array)
        size = stack.size // stack.shape[0]
        k += self._offset(j)
        return self.make.pick(stack, np.arange(k * size, (k + 1) * size).reshape(stack.shape[1:]))

    def _offset(self, j: int) -> int:
        """Where the first step's entry is in the stack."""
        return int(j in self.trails or j in self.fronts)

    def _operand(self, relation: Relation, front: bool = False, back: bool = False) -> tuple[Code, bool]:
        """An operand for all steps at once; and whether it has an axis for them, or is the same in all.

        Parameters
        ----------
        front, back : bool
            Whether with what is before the first step, and after the last.
        """
        make, count = self.make, self.count + front + back
        if relation[0] == "number":
            numbers = relation[1]
            if all(repr(number) == repr(numbers[0]) for number in numbers):
                return numbers[0], False
            return make.leaf(CONSTANT, np.array(numbers), (count,)), True
        if relation[0] == "constant":
            values = [x.data for x in relation[1]]
            if all(x is relation[1][0] for x in relation[1]):
                return self._now(relation[1][0]), False
            return make.leaf(CONSTANT, np.stack(values), (count, *values[0].shape)), True
        if relation[0] == "outer":
            _, source, indices = relation
            if front:
                indices = np.concatenate([[2 * indices[0] - indices[1]], indices])
            if back:
                indices = np.concatenate([indices, [2 * indices[-1] - indices[-2]]])
            if (indices == indices[0]).all():
                return make.pick(self._now(source), indices[0]), False
            return make.pick(self._now(source), indices), True
        if relation[0] == "own":
            _, j, index = relation
            if j in self.equal:
                return make.pick(self.stacks[j], index), False
            size = self.found.steps[1][j].size
            steps = (size * np.arange(count)).reshape(count, *[1] * index.ndim)
            stack = self.trails.get(j, self.stacks[j])
            return make.pick(stack, index[None] + steps + size * (self._offset(j) - front)), True
        _, j, index, _ = relation
        size = self.found.steps[1][j].size
        steps = (size * np.arange(count)).reshape(count, *[1] * index.ndim)
        return make.pick(self.trails[j], index[None] + steps), True

    def _stack(self, j: int, x: Array) -> None:
        """The array of all steps at once."""
        pairs = [self._operand(r, j in self.fronts, j in self.backs) for r in self.found.relations[j]]
        if not any(stacked for _, stacked in pairs):
            self.equal.add(j)
            self.stacks[j] = self.make.like(x, [y for y, _ in pairs])
            return
        count = self.count + (j in self.fronts) + (j in self.backs)
        made = stacked(self.make, x, pairs, count)
        made = self.make.expand(made, (count, *x.shape), x.batched)
        if isinstance(made, Array):
            made.kept = x.kept
            self._christen(made, x, "s")
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
            code = make.number(code)  # in a loop's arrays there are numbers only
            if not isinstance(code, Array):
                return code
            key = code.number, is_stacked
            if key not in slots:
                shape = code.shape[1:] if is_stacked else code.shape
                slots[key] = inner.leaf(ITEM if is_stacked else OUTER, len(operands), shape, code.batched)
                operands.append(code)
            return slots[key]

        def operand(relation: Relation, y: Code) -> Code:
            if relation[0] == "before":
                return inner.pick(carries[relation[1]], relation[2])
            if relation[0] == "own" and relation[1] in bodies:
                return inner.pick(bodies[relation[1]], relation[2])
            if relation[0] == "own" and relation[1] not in self.equal:
                stack = self.stacks[relation[1]]
                assert isinstance(stack, Array)
                start = relation[1] in self.fronts
                if stack.shape[0] != self.count:
                    stack = make.pick(stack, np.arange(stack.size).reshape(stack.shape)[start : start + self.count])
                return inner.pick(leaf(stack, True), relation[2])
            if relation[0] == "outer" and (relation[2] == relation[2][0]).all():
                return inner.pick(leaf(self._now(relation[1]), False), relation[2][0])
            return leaf(*self._operand(relation))

        for j in core:
            x = model[j]
            made = inner.like(x, self._summed_before(x, j, leaf, [*zip(found.relations[j], x.operands)], operand))
            if not isinstance(made, Array) or made.shape != x.shape or made.batched != x.batched:
                made = inner.expand(made, x.shape, x.batched)
            if isinstance(made, Array):
                made.takes_after(x)
                made.rows = self._rows(j) if x.of is None else None
                made.kept = False
            bodies[j] = made
        users = self.users
        inside = {step[j].number for step in found.steps for j in core}
        uses = {j: self._uses(j, users, inside) for j in core}
        reads_before = {
            r[1] for j, mine in enumerate(found.relations) if j not in core for r in mine if r[0] == "before"
        }
        in_front = {r[1] for j in self.fronts for r in found.relations[j] if r[0] == "own"}
        stacked_outputs = [j for j in core if uses[j] - {self.count - 1} or j in reads_before or j in in_front]
        last_outputs = [j for j in core if j not in stacked_outputs and uses[j]]
        firsts = [make.expand(self._now(self.firsts[j]), model[j].shape, model[j].batched) for j in carried]
        loop = Loop(
            self.count,
            len(operands),
            carried=[bodies[j] for j in carried],  # type: ignore[misc]
            kept=[bodies[j] for j in stacked_outputs],  # type: ignore[misc]
            trail=[carried.index(j) if j in carried else None for j in stacked_outputs],
            last=[bodies[j] for j in last_outputs],  # type: ignore[misc]
            builder=inner,
        )
        node = make.node(LOOP, (*operands, *[make.full(x, model[j]) for x, j in zip(firsts, carried)]), loop, (), False)
        for i, j in enumerate(stacked_outputs):
            extent = self.count + (j in carried)
            out = make.node(OUTPUT, (node,), i, (extent, *model[j].shape), model[j].batched)
            self._christen(out, model[j], "s")
            out.rows = self._rows(j, j in carried)
            self.stacks[j] = out
            if j in carried:
                self.trails[j] = out
        for i, j in enumerate(last_outputs, len(stacked_outputs)):
            self.lasts[j] = make.node(OUTPUT, (node,), i, model[j].shape, model[j].batched)
            self._christen(self.lasts[j], model[j], "")
        for j in core:
            self.stacks.setdefault(j, 0.0)

    def _summed_before(self, x: Array, j: int, leaf: Any, pairs: list[Any], operand: Any) -> list[Code]:
        """The operands of an array of the loop; in a sum, those that need no step before are added up beforehand."""
        ready = [
            r[0] != "before" and not (r[0] == "own" and (r[1] not in self.stacks or r[1] in self.trails))
            for r, _ in pairs
        ]
        if x.head is not SUM or sum(ready) < 2:
            return [operand(r, y) for r, y in pairs]
        terms = [self._operand(r) for (r, y), done in zip(pairs, ready) if done]
        before = (
            stacked(self.make, x, terms, self.count)
            if any(s for _, s in terms)
            else self.make.like(x, [y for y, _ in terms])
        )
        shape = (self.count, *x.shape) if any(s for _, s in terms) else x.shape
        batched = any(isinstance(y, Array) and y.batched for y, _ in terms)
        before = self.make.expand(before, shape, batched)
        first = leaf(before, any(s for _, s in terms))
        return [first, *[operand(r, y) for (r, y), done in zip(pairs, ready) if not done]]

    def _rows(self, j: int, begins: bool = False) -> Index | None:
        """Which scalars an array's entries are in all the steps; and before the first one, if it begins there."""
        rows = [step[j].rows for step in self.found.steps]
        if any(mine is None for mine in rows):
            return None
        return np.stack([*[np.full_like(rows[0], -1)] * begins, *rows])  # type: ignore[list-item]

    def _christen(self, made: Array, x: Array, plural: str) -> None:
        """Call an array that has all steps after that of one."""
        made.word = word_of(x) + plural
        if x.of is not None:
            of = self.made.get(x.of.number)
            of = of.operands[0] if isinstance(of, Array) and of.head is PICK else of
            made.word = "d" + word_of(x.of) + plural if not isinstance(of, Array) else ""
            made.of = of if isinstance(of, Array) else None
        if x.role is not None:
            made.role = Role(x.role.word + plural, x.role.layer, x.role.follows)

    def _uses(self, j: int, users: dict[int, list[Array]], inside: set[int]) -> set[int]:
        """In which steps an array of the loop is needed outside of it."""
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
    """What x is for several steps at once: the same on operands that may have an axis for the steps in front."""
    shape = (count, *x.shape)

    def lifted(y: Code, is_stacked: bool, rank: int) -> Code:
        """An operand with as many axes as the others, if it has any."""
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
