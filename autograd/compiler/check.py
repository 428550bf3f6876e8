"""What a legal program is, scalars or arrays; a violation is a bug in the compiler, never the user's fault.

Every pass keeps to the same rules, and some promise more: after `sums`, for instance, there are no additions but
totals. The rules are written here independently of the code that makes the programs, so that a mistake in one of the
two shows as a contradiction. The checker is off by default, because it costs about as much as a pass; tests and
`Program.check` switch it on.

    >>> with checking():
    ...     switched_on()
    True
"""

from __future__ import annotations

import math
from contextlib import contextmanager

import numpy as np

from .. import ops
from ..ops import Op
from .arrays import (
    ACCUMULATE,
    ASIDES,
    CARRY,
    CONDITIONS,
    CONTRACT,
    COUNT,
    EXPAND,
    ITEM,
    JOIN,
    LARGEST,
    LEAVES,
    LOOP,
    NUMBER,
    OTHERS,
    OUTER,
    OUTPUT,
    PART,
    PICK,
    REDUCE,
    REQUIRE,
    SUM,
    TELL,
    Array,
    ArrayProgram,
    Loop,
)
from .parameters import Part
from .scalars import ALONG, CONSTANT, DETACH, INPUT, PARAMETER, RELATIONS, TOTAL, Scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from .arrays import Code, Shape

    Typed: TypeAlias = tuple[Shape, bool]  # a shape, and whether there is an axis of examples

__all__ = ["IllegalProgram"]

ORDER = (
    "record",
    *("fold", "sums", "split", "share", "live"),
    *("group", "place", "name", "differentiate", "whole", "lower", "roll"),
)
"""The passes in order: what a pass promises holds after all later passes, too."""

_CONNECTIVES = frozenset({RELATIONS["&"], RELATIONS["|"], RELATIONS["~"]})
_on = False


class IllegalProgram(AssertionError):
    """A pass has made an invalid program: a bug in the compiler.

    Examples
    --------
    >>> issubclass(IllegalProgram, AssertionError)
    True
    """


@contextmanager
def checking() -> Iterator[None]:
    """Check every program after every pass, inside the ``with`` block."""
    global _on
    before, _on = _on, True
    try:
        yield
    finally:
        _on = before


def switched_on() -> bool:
    """Whether programs are checked."""
    return _on


def check(program: Scalars | ArrayProgram, after: str = "record") -> None:
    """Check a program of either level.

    Parameters
    ----------
    after : str
        The pass that made it.

    Raises
    ------
    IllegalProgram
        With a sentence that names the pass and the node.
    """
    if isinstance(program, Scalars):
        check_scalars(program, after)
    else:
        check_arrays(program, after)


# --- scalars ----------------------------------------------------------------------------------------------------------


def check_scalars(table: Scalars, after: str = "record") -> None:
    """Check a table of scalars.

    Raises
    ------
    IllegalProgram

    Examples
    --------
    >>> table = Scalars()
    >>> x = table.add(INPUT, data=0)
    >>> table.outputs = [table.add(ops.sin, (7,))]
    >>> check_scalars(table, "fold")
    Traceback (most recent call last):
    autograd.compiler.check.IllegalProgram: after fold, row 1, sin(7): its operand 7 is not an earlier row
    """
    if not len(table.heads) == len(table.operands) == len(table.data) == len(table.places):
        raise IllegalProgram(f"after {after}, the columns of the table are of different lengths")
    for i, (head, operands, data, _) in enumerate(table.rows()):
        why = _why_illegal(i, head, operands, data)
        if why is None:
            for promised in _so_far(after):
                why = why or PROMISES.get(promised, _no_promise)(table, i)
        if why is not None:
            shown = f"{head.name}({', '.join(map(str, operands))})" if operands else head.name
            raise IllegalProgram(f"after {after}, row {i}, {shown}{'' if data is None else f' {data}'}: {why}")
    for i in table.outputs:
        if not (isinstance(i, int) and 0 <= i < len(table)):
            raise IllegalProgram(f"after {after}, the output {i} is not a row; there are {len(table)}")
    if "share" in _so_far(after):
        _check_shared(table, after)
    if "live" in _so_far(after):
        _check_live(table, after)


def _why_illegal(i: int, head: Op, operands: tuple[int, ...], data: Any) -> str | None:
    for k in operands:
        if not 0 <= k < i:
            return f"its operand {k} is not an earlier row"
    if head in (INPUT, PARAMETER):
        if not (type(data) is int and data >= 0):
            return f"which {head.name} it is must be a number from 0, not {data!r}"
    elif head is CONSTANT:
        if not isinstance(data, float):
            return f"a constant is a float, not {data!r}"
    elif head is TOTAL:
        if not (type(data) is int and 0 <= 2 * data <= len(operands)):
            return f"it cannot have {data} products with {len(operands)} operands"
    elif data is not None:
        return f"an operation has no data, and this one has {data!r}"
    wanted = head.arity if head is not TOTAL else None
    if head is DETACH:
        wanted = 1
    if wanted is not None and len(operands) != wanted:
        return f"it has {len(operands)} operands instead of {wanted}"
    if wanted is None and not operands:
        return "it has no operands"
    return None


def _no_promise(table: Scalars, i: int) -> str | None:
    return None


def _why_not_folded(table: Scalars, i: int) -> str | None:
    operands = table.operands[i]
    if operands and all(table.heads[k] is CONSTANT for k in operands):
        return "it depends on constants alone, and should be one"
    return "it changes nothing, and should have gone" if table.heads[i] is ops.positive else None


def _why_not_summed(table: Scalars, i: int) -> str | None:
    return "sums are totals by now" if table.heads[i] in (ops.add, ops.sum, ops.dot) else None


PROMISES: dict[str, Callable[[Scalars, int], str | None]] = {"fold": _why_not_folded, "sums": _why_not_summed}
"""For each pass that promises something of rows, the function that says why a row breaks the promise, or None."""


def _check_shared(table: Scalars, after: str) -> None:
    seen: dict[Any, int] = {}
    for i, (head, operands, data, _) in enumerate(table.rows()):
        other = seen.setdefault((head, operands, repr(data)), i)
        if other != i:
            raise IllegalProgram(f"after {after}, row {i}, {head.name}: it computes what row {other} does")


def _check_live(table: Scalars, after: str) -> None:
    for i, count in enumerate(table.uses()):
        if not count:
            raise IllegalProgram(f"after {after}, row {i}, {table.heads[i].name}: nobody needs it")


def _so_far(after: str) -> tuple[str, ...]:
    """The passes up to this one, whose promises must hold now."""
    return ORDER[: ORDER.index(after) + 1] if after in ORDER else ()


# --- arrays -----------------------------------------------------------------------------------------------------------


def check_arrays(program: ArrayProgram, after: str = "group") -> None:
    """Check a program of arrays.

    Raises
    ------
    IllegalProgram

    Examples
    --------
    >>> from .arrays import Builder
    >>> make = Builder()
    >>> x = make.leaf(INPUT, 0, (2,), True)
    >>> check_arrays(ArrayProgram(make, [x], [make.node(PICK, (x,), np.array(2), (), True)]))
    Traceback (most recent call last):
    autograd.compiler.check.IllegalProgram: after group, %1 = pick(%0) 2: the position 2 is beyond the 2 entries of %0
    """
    asked = [*program.inputs, *program.outputs]
    names: dict[str, Array] = {}
    for x in program.arrays(asked):
        try:
            _check_node(program, x, after)
            if x.head is LOOP:
                _check_body(x, after)
            if x.name and "name" in _so_far(after):
                other = names.setdefault(x.name, x)
                _must(other is x, f"it is called as {other.head.name} is, too")
        except _Illegal as why:
            raise IllegalProgram(f"after {after}, {x}: {why}") from None
    for i, x in enumerate(program.inputs):
        if x.head is not INPUT or x.data != i:
            raise IllegalProgram(f"after {after}, the input {i} is {x}")
    for x in program.asides:
        if x.head not in ASIDES:
            raise IllegalProgram(f"after {after}, {x}: what is done besides computing must be of head require or tell")
    for code in program.outputs:
        if not isinstance(code, (Array, float)):
            raise IllegalProgram(f"after {after}, an output is {code!r:.60}, neither an array nor a number")
        if isinstance(code, Array) and code.head in ASIDES:
            raise IllegalProgram(f"after {after}, {code}: it is returned, and has no numbers")


class _Illegal(Exception):
    """Why a node is illegal."""


def _must(holds: object, why: str) -> None:
    if not holds:
        raise _Illegal(why)


def _check_node(program: ArrayProgram, x: Array, after: str) -> None:
    arrays = program.builder.arrays
    _must(x.number < len(arrays) and arrays[x.number] is x, "another builder has made it")
    for y in x.operands:
        _must(isinstance(y, (Array, float)), f"its operand {y!r} is neither an array nor a number")
        if isinstance(y, Array):
            _must(y.builder is x.builder and y.number < x.number, f"its operand {y!r} does not come before it")
            _must(y.head not in ASIDES, f"its operand {y!r} has no numbers")
    _must(
        x.gradient_of is None or x.gradient_of.builder is x.builder,
        f"it is the gradient of {x.gradient_of!r}, which is of another program",
    )
    _check_promises(x, after)
    if x.head in LEAVES:
        _must(not x.operands, "a leaf has no operands")
        shape, batched = _LEAVES[x.head](x)
    else:
        _must(x.operands, "it has no operands")
        shape, batched = RULES.get(x.head, _elementwise)(x)
    _must(x.shape == shape, f"from its operands its shape is {shape}")
    _must(x.batched == batched, f"from its operands there {'is an' if batched else 'is no'} axis of examples")
    operands = [y for y in x.operands if isinstance(y, Array)]
    own = x.head in (PARAMETER, PART)
    flows = x.head not in CONDITIONS and x.head not in (DETACH, LARGEST)
    _must(x.depends == (own or any(y.depends for y in operands)), "whether it depends on a parameter is wrong")
    _must(x.trained == (own or (flows and any(y.trained for y in operands))), "whether it is trained is wrong")
    if x.holes is not None:
        _must(x.holes.shape == x.shape and x.holes.dtype == bool, f"its holes are of shape {x.holes.shape}")


def _check_promises(x: Array, after: str) -> None:
    done = _so_far(after)
    if x.head is PARAMETER:
        _must("place" not in done, "parameters have places by now")
    if x.head is PART:
        _must("place" in done, "parameters have no places yet")
    if x.head in (COUNT, OTHERS):
        _must("differentiate" in done, "only the way back has such arrays")
    if x.head in (ops.logsumexp, ops.positive):
        _must(x.head is ops.logsumexp and "lower" not in done, f"there is no {x.head.name} any more")
    if x.head is LARGEST:
        _must("lower" in done, "only lowered programs have such arrays")
    if x.head in (LOOP, OUTPUT, ITEM, OUTER, CARRY):
        _must("roll" in done, "there are no loops yet")
    _must(x.head is not TOTAL, "a total is not an operation on arrays")


def _check_body(x: Array, after: str) -> None:
    """Check the body of a loop: a program whose ITEM, OUTER and CARRY leaves must match the loop's operands."""
    loop: Loop = x.data
    body = loop.program()
    read, initial_values = x.operands[: loop.read_count], x.operands[loop.read_count :]
    for y in body.arrays():
        try:
            _check_node(body, y, after)
            _must(y.head not in (INPUT, PARAMETER, PART, LOOP), "a loop is given what it needs")
            if y.head is CARRY:
                _must(y.data < len(initial_values), f"the loop carries {len(initial_values)} arrays")
                for other in (initial_values[y.data], loop.carried[y.data]):
                    _must_match(y, other, other.shape)
            elif y.head in (ITEM, OUTER):
                _must(y.data < len(read), f"the loop is given {len(read)} arrays")
                other = read[y.data]
                if y.head is ITEM:
                    _must(other.shape[:1] == (loop.count,), f"{other!r} has no entry for each of {loop.count} steps")
                _must_match(y, other, other.shape[1:] if y.head is ITEM else other.shape)
        except _Illegal as why:
            raise _Illegal(f"in its body, {y}: {why}") from None


def _must_match(y: Array, other: Array, shape: Shape) -> None:
    _must(y.shape == shape and y.batched == other.batched, f"it stands for {other!r}, which is of another shape")


# One rule for each head: from operands and data it derives the shape, and whether there is an axis of examples, and
# checks them on the way.


def _input(x: Array) -> Typed:
    _must(type(x.data) is int and x.data >= 0, f"the number of its slot is {x.data!r}")
    return x.shape, x.batched


def _parameter(x: Array) -> Typed:
    _must(len(x.shape) == 1, "parameters are one row before they have places")
    return x.shape, False


def _part(x: Array) -> Typed:
    if x.data is None:
        _must(len(x.shape) == 1, "the vector of all parameters is one row")
        return x.shape, False
    _must(isinstance(x.data, Part), f"its data is {x.data!r}, and no part")
    _must(math.prod(x.data.shape) == x.data.stop - x.data.start, "the part has a shape of another size")
    return x.data.shape, False


def _constant(x: Array) -> Typed:
    _must(isinstance(x.data, np.ndarray), f"its data is {x.data!r}, and no array")
    _must(x.data.dtype in (bool, float), f"its numbers are of {x.data.dtype}")
    return x.data.shape, False


def _count(x: Array) -> Typed:
    return (), False


def _loop_leaf(x: Array) -> Typed:
    _must(type(x.data) is int and x.data >= 0, f"its data is {x.data!r}, and no number")
    return x.shape, x.batched


_LEAVES: dict[Op, Callable[[Array], Typed]] = {
    INPUT: _input,
    PARAMETER: _parameter,
    PART: _part,
    CONSTANT: _constant,
    COUNT: _count,
    **dict.fromkeys((ITEM, OUTER, CARRY), _loop_leaf),
}


def _elementwise(x: Array) -> Typed:
    arrays = [y for y in x.operands if isinstance(y, Array)]
    _must(arrays, "an operation on numbers alone should be computed")
    arity = 1 if x.head is DETACH else x.head.arity if x.head is not SUM else None
    _must(arity is None or len(x.operands) == arity, f"it has {len(x.operands)} operands instead of {arity}")
    for i, y in enumerate(x.operands):
        truth = isinstance(y, Array) and y.truth
        if x.head in _CONNECTIVES:
            _must(truth or not isinstance(y, Array), f"its operand {y!r} is not a condition")
        elif x.head not in CONDITIONS and not (x.head is ops.where and i == 0):
            _must(not truth, f"its operand {y!r} is a condition, which must be made a number")
    rank = max(len(y.shape) for y in arrays)
    return _broadcast(arrays, rank), any(y.batched for y in arrays)


def _broadcast(arrays: Sequence[Array], rank: int) -> Shape:
    """The shape to which arrays broadcast; each must have this rank, or rank 0."""
    shape = [1] * rank
    for y in arrays:
        _must(len(y.shape) in (0, rank), f"its operand {y!r} is of rank {len(y.shape)}, beside others of rank {rank}")
        for axis, extent in enumerate(y.shape):
            _must(1 in (extent, shape[axis]) or extent == shape[axis], f"the extents of axis {axis} do not go together")
            shape[axis] = max(shape[axis], extent) if extent else 0
    return tuple(shape)


def _must_broadcast(y: Code, shape: Shape, batched: bool) -> None:
    """Demand that an operand broadcasts to this shape, and is no condition."""
    if isinstance(y, Array):
        fits = not y.shape or (len(y.shape) == len(shape) and all(a in (1, b) for a, b in zip(y.shape, shape)))
        _must(fits, f"its operand {y!r} of shape {y.shape} does not broadcast to {shape}")
        _must(batched or not y.batched, f"its operand {y!r} has an axis of examples")
        _must(not y.truth, f"its operand {y!r} is a condition")


def _only_operand(x: Array, condition: bool = False) -> Array:
    """The only operand, which must be an array of numbers, or of conditions if `condition`."""
    _must(len(x.operands) == 1, "it must have one operand")
    (y,) = x.operands
    if not isinstance(y, Array):
        raise _Illegal(f"its operand must be an array, not {y!r}")
    _must(y.truth == condition, f"its operand must {'' if condition else 'not '}be a condition")
    return y


def _number(x: Array) -> Typed:
    y = _only_operand(x, condition=True)
    return y.shape, y.batched


def _reduce(x: Array) -> Typed:
    y = _only_operand(x)
    axes, over_examples = x.data
    _must(axes or over_examples, "it sums over nothing")
    _must(list(axes) == sorted(set(axes)) and all(0 <= axis < len(y.shape) for axis in axes), "it has no such axes")
    _must(y.batched or not over_examples, "there are no examples to sum over")
    return tuple([e for axis, e in enumerate(y.shape) if axis not in axes]), y.batched and not over_examples


def _along(x: Array) -> Typed:
    y = _only_operand(x)
    _must(type(x.data) is int and 0 <= x.data < len(y.shape), f"{y!r} has no axis {x.data}")
    return (*y.shape[: x.data], *y.shape[x.data + 1 :]), y.batched


def _others(x: Array) -> Typed:
    _along(x)
    y = _only_operand(x)
    return y.shape, y.batched


def _contract(x: Array) -> Typed:
    _must(len(x.operands) == 2 and all(isinstance(y, Array) for y in x.operands), "it must have two arrays")
    a, b = x.operands
    assert isinstance(a, Array) and isinstance(b, Array)
    (left, right, out), over_examples = x.data
    extents: dict[str, int] = {}
    for y, letters in ((a, left), (b, right)):
        _must(not y.truth, f"its operand {y!r} is a condition")
        _must(len(letters) == len(y.shape), f"{letters!r} are not the {len(y.shape)} axes of {y!r}")
        for letter, extent in zip(letters, y.shape):
            _must(extents.setdefault(letter, extent) == extent, f"the axes {letter!r} are of different extents")
    for letters in (left, right, out):
        _must(len(set(letters)) == len(letters), f"an axis of {letters!r} is there twice")
        _must("n" not in letters, "the letter n is that of the examples")
    _must(set(out) <= {*left, *right}, f"neither operand has all axes of {out!r}")
    alone = {*left, *right} - set(out) - (set(left) & set(right))
    _must(not alone, f"the axis {min(alone, default='')!r} of one operand is lost")
    _must(not over_examples or (a.batched and b.batched), "there are no examples of both to sum over")
    return tuple([extents[letter] for letter in out]), (a.batched or b.batched) and not over_examples


def _pick(x: Array) -> Typed:
    _must(len(x.operands) == 1 and isinstance(x.operands[0], Array), "it must have one array")
    (y,) = x.operands
    assert isinstance(y, Array)
    _check_index(x.data, y.size, repr(y))
    return x.data.shape, y.batched


def _check_index(index: Any, size: int, of: str) -> None:
    whole = isinstance(index, np.ndarray) and index.dtype.kind == "i"
    _must(whole, f"the positions {index!r:.60} are not an array of whole numbers")
    found: NDArray[Any] = index
    if found.size:
        _must(int(found.min()) >= 0, f"the position {found.min()} is negative")
        _must(int(found.max()) < size, f"the position {found.max()} is beyond the {size} entries of {of}")


def _expand(x: Array) -> Typed:
    _must(len(x.operands) == 1, "it must have one operand")
    (y,) = x.operands
    _must_broadcast_or_be_condition(y, x.shape, x.batched)
    same = isinstance(y, Array) and y.shape == x.shape and y.batched == x.batched
    _must(not same, "it repeats nothing")
    return x.shape, x.batched


def _must_broadcast_or_be_condition(y: Code, shape: Shape, batched: bool) -> None:
    """As `_must_broadcast`, but let conditions pass unchecked."""
    if not (isinstance(y, Array) and y.truth):
        _must_broadcast(y, shape, batched)


def _join(x: Array) -> Typed:
    arrays = [y for y in x.operands if isinstance(y, Array)]
    _must(not any(y.truth for y in arrays), "it joins conditions")
    if x.data is None:
        _must(not any(y.batched for y in arrays), "arrays with an axis of examples cannot be joined flat")
        return (sum([y.size if isinstance(y, Array) else 1 for y in x.operands]),), False
    _must(len(arrays) == len(x.operands), "it joins numbers along an axis")
    first, axis = arrays[0], x.data
    _must(type(axis) is int and 0 <= axis < len(first.shape), f"{first!r} has no axis {axis}")
    for y in arrays:
        same = len(y.shape) == len(first.shape) and y.batched == first.batched
        same = same and all(a == b for i, (a, b) in enumerate(zip(y.shape, first.shape)) if i != axis)
        _must(same, f"{y!r} cannot be put beside {first!r} along axis {axis}")
    extent = sum([y.shape[axis] for y in arrays])
    return (*first.shape[:axis], extent, *first.shape[axis + 1 :]), first.batched


def _accumulate(x: Array) -> Typed:
    _must(isinstance(x.data, tuple) and len(x.data) == len(x.operands), "it must have positions for each operand")
    for i, (y, index) in enumerate(zip(x.operands, x.data)):
        if index is None:
            _must(i == 0, f"its operand {y!r} is all of it, and should come first")
            _must_broadcast(y, x.shape, x.batched)
        else:
            _check_index(index, x.size, "its own")
            _must_broadcast(y, index.shape, x.batched)
    return x.shape, x.batched


def _require(x: Array) -> Typed:
    _must(isinstance(x.data, str), f"its message is {x.data!r}")
    arrays = [y for y in x.operands if isinstance(y, Array)]
    condition = x.operands[0]
    _must(isinstance(condition, float) or condition.truth, f"{condition!r} is not a condition")
    _broadcast(arrays, max([len(y.shape) for y in arrays], default=0))
    return (), any(y.batched for y in arrays)


def _loop(x: Array) -> Typed:
    loop = x.data
    _must(isinstance(loop, Loop), f"its data is {loop!r}, and no loop")
    _must(all(isinstance(y, Array) for y in x.operands), "it is given numbers")
    _must(len(x.operands) == loop.read_count + len(loop.carried), "it has not what stands before the first step")
    _must(len(loop.carried_as) == len(loop.kept), "it is not known of all that is kept what stands in front")
    for carried_as, kept in zip(loop.carried_as, loop.kept):
        _must(
            carried_as is None or loop.carried[carried_as] is kept,
            f"what is kept of {kept!r} begins with something else",
        )
    return (), False


def _output(x: Array) -> Typed:
    (y,) = x.operands
    _must(y.head is LOOP, f"its operand {y!r} is not a loop")
    loop: Loop = y.data
    made = [*loop.kept, *loop.last]
    _must(0 <= x.data < len(made), f"the loop has made {len(made)} arrays")
    one = made[x.data]
    if x.data >= len(loop.kept):
        return one.shape, one.batched
    return (loop.count + (loop.carried_as[x.data] is not None), *one.shape), one.batched


def _tell(x: Array) -> Typed:
    _must(type(x.data) is int and x.data >= 0, f"its data is {x.data!r}, and no number")
    _must(not any(isinstance(y, Array) and y.batched for y in x.operands), "what it tells depends on the example")
    return (), False


RULES: dict[Op, Callable[[Array], Typed]] = {
    NUMBER: _number,
    REDUCE: _reduce,
    LARGEST: _along,
    OTHERS: _others,
    CONTRACT: _contract,
    PICK: _pick,
    EXPAND: _expand,
    JOIN: _join,
    ACCUMULATE: _accumulate,
    LOOP: _loop,
    OUTPUT: _output,
    REQUIRE: _require,
    TELL: _tell,
    **dict.fromkeys(ALONG, _along),
}
"""The rules of all heads that are neither leaves nor elementwise."""
