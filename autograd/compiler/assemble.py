"""The whole program as source: its functions, each made of the lines that the passes before wrote.

``outputs`` computes what the function returns for every example, ``step`` the loss and its gradient, ``parameters``
names the parts of the vector. What the function checks the first two check, as soon as they can. They take the inputs
as they come, examples first, and turn them so that an example is a column, as in the textbooks' equations.
"""

from __future__ import annotations

import numpy as np

from ..symbols import Symbol
from .arrays import SEQUENCES, Access, Array
from .emit import Module
from .forward import Writer, forward
from .fuse import fuse
from .lines import Invoke, Line, N, NumPy, Postfix, added, extents, names_in
from .reverse import Reverse
from .scalars import CONSTANT
from .views import transposition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def assemble(
    title: str,
    writer: Writer,
    returned: Any,
    checks: Sequence[tuple[str, int]],
    differentiate: bool,
    reduction: str,
) -> str:
    """The source of the module.

    Parameters
    ----------
    title : str
        What is compiled.
    writer : Writer
    returned : nesting of int
        In the shape of what the function returns, the number of each output.
    checks : sequence of tuple
        Of each check the message, and how many outputs belong to it, the last ones.
    differentiate : bool
        Whether the outputs are the two parts of a loss, see `split`.
    reduction : {"mean", "sum"}
        Of the examples' losses.
    """
    grouping, layout = writer.grouping, writer.layout
    rows = _as_rows(writer)
    batched = any(array.batched for array in grouping.inputs)
    signature = ", ".join([*[array.name for array in grouping.inputs], layout.vector, *[p.name for p in layout.parts]])
    whole = "for a batch, from the scalars of one example" if batched else "with arrays, from its scalars"
    module = Module(f"{_printable(title)} {whole}.", writer.constants)
    module.parameters(layout.parts, layout.vector)
    if differentiate:
        halves = grouping.outputs[:2]
        mean = reduction == "mean" and halves[0].array.batched
        lines = _with_checks(forward(writer), _checks(writer, checks))
        lines.append(Line("loss", _loss(writer, mean)))
        back = Reverse(writer)
        back.run([(x, y) for x, y in zip(halves, (1.0 / N if mean else 1.0, 1.0)) if x.array.trained])
        lines = fuse([*lines, *back.lines], ["loss", "gradient"])
        module.define("step", signature, "The loss and its gradient.", _opened(writer, rows, lines), "loss, gradient")
        text = NumPy().text(_for_each(added([_code(writer, x) for x in halves]), (), batched))
    else:
        text = _returned(writer, returned, batched)
    lines = fuse(_with_checks(forward(writer), _checks(writer, checks)), [text])
    module.define("outputs", signature, "What is returned for each example.", _opened(writer, rows, lines, text), text)
    return module.source()


def _printable(title: str) -> str:
    """A function's name as it can stand in a docstring."""
    return "".join([letter if letter.isprintable() and letter not in '\\"' else "?" for letter in title])[:60]


def _opened(writer: Writer, rows: Sequence[Array], lines: list[Line], returned: str = "") -> list[Line]:
    """The lines of a function's body, with those before them that turn the inputs and count the examples."""
    opening = []
    for array in writer.grouping.inputs:
        if array in rows:
            opening.append(Line(array.name, Postfix(Symbol(array.name), "[None]"), extents((1,), True)))
        elif array.batched and array.shape:
            last = transposition((*range(1, len(array.shape) + 1), 0), False)
            opening.append(Line(array.name, Postfix(Symbol(array.name), last), extents(array.shape, True)))
    used = {name for line in lines for name in names_in(line.text())} | set(names_in(returned))
    if "n" in used:
        first = next(array for array in writer.grouping.inputs if array.batched)
        opening.append(Line("n", Symbol(f"{first.name}.shape[-1]")))
    return [*opening, *lines]


def _as_rows(writer: Writer) -> list[Array]:
    """The inputs with a number for each example that become arrays of one row, as those are that they are used with.

    NumPy is faster with arrays of one shape than with such that it has to broadcast.
    """
    users: dict[Array, list[Array]] = {array: [] for array in writer.grouping.inputs}
    for user in writer.grouping.arrays:
        for x in user.operands:
            users.get(x.array, []).append(user)
    alone = {x.array for x in writer.grouping.outputs}
    rows = []
    for array, with_it in users.items():
        if not array.batched or array.shape or not with_it or array in alone:
            continue
        if all(user.shape == (1,) and user.head not in SEQUENCES for user in with_it):
            array.shape = (1,)
            rows.append(array)
    return rows


def _code(writer: Writer, x: Access) -> Any:
    """One scalar of an array, as code; of all examples, if it is batched."""
    return writer.operand(x, (), x.array.batched).code


def _loss(writer: Writer, mean: bool) -> Any:
    own, rest = writer.grouping.outputs[:2]
    code = _code(writer, own)
    if own.array.batched:
        code = Symbol(own.array.name) if own.array.size == 1 else code
        code = Postfix(code, ".sum()")
        if mean:
            code = code / N
    return added([code, _code(writer, rest)])


# --- checks ---------------------------------------------------------------------------------------------------


def _checks(writer: Writer, checks: Sequence[tuple[str, int]]) -> list[Line]:
    """The lines that check; one for all checks of the same sentence on the same arrays."""
    accesses = iter(writer.grouping.outputs[len(writer.grouping.outputs) - sum([count for _, count in checks]) :])
    alike: dict[tuple[Any, ...], list[list[Access]]] = {}
    for message, count in checks:
        mine = [next(accesses) for _ in range(count)]
        condition = mine[0]
        if condition.array.head is CONSTANT and condition.array.data[condition.index]:
            continue
        alike.setdefault((message, *[x.array for x in mine]), []).append(mine)
    lines = []
    for (message, *arrays), members in alike.items():
        batched = any(array.batched for array in arrays)
        codes = [writer.operand(x, x.index.shape, batched).code for x in _joined(arrays, members)]
        condition, *values = codes
        sentence = Symbol(repr(message))
        lines.append(Line("", Invoke("require", [condition, sentence, *values], "" if batched else "batch=False")))
    return lines


def _joined(arrays: Sequence[Array], members: list[list[Access]]) -> list[Access]:
    """Single positions of arrays as one access to each: to all of them in their shape, if they are used so."""
    members = sorted(members, key=lambda member: int(member[0].index))
    columns = [[int(x.index) for x in column] for column in zip(*members)]
    shapes = {array.shape for array in arrays if array.head is not CONSTANT}
    if len(shapes) == 1 and all(
        array.head is CONSTANT or column == list(range(array.size)) for array, column in zip(arrays, columns)
    ):
        return [Access(array, np.array(column).reshape(*shapes)) for array, column in zip(arrays, columns)]
    return [Access(array, np.array(column if len(column) > 1 else column[0])) for array, column in zip(arrays, columns)]


def _with_checks(lines: list[Line], checks: list[Line]) -> list[Line]:
    """The lines, with each check as soon as all that it looks at is there, but not before the one ahead of it."""
    arrived = {line.written: i for i, line in enumerate(lines, 1)}
    made: dict[int, list[Line]] = {}
    place = 0
    for check in checks:
        place = max([place, *[arrived.get(name, 0) for name in names_in(check.text())]])
        made.setdefault(place, []).append(check)
    placed = made.pop(0, [])
    for i, line in enumerate(lines, 1):
        placed += [line, *made.pop(i, [])]
    return placed


# --- outputs --------------------------------------------------------------------------------------------------


def _for_each(code: Any, shape: tuple[int, ...], batched: bool) -> Any:
    """Code in full, with an entry for each example."""
    if not batched and not shape:
        return code
    return Invoke("broadcast_to", [code], extents(shape, batched))


def _returned(writer: Writer, returned: Any, batched: bool) -> str:
    """The text of what the function returns: lists as arrays, tuples and dicts as they are."""
    if isinstance(returned, dict):
        items = [(key, _returned(writer, item, batched)) for key, item in returned.items()]
        if all(type(key) in (str, int) for key in returned):
            return f"{{{', '.join([f'{key!r}: {text}' for key, text in items])}}}"
        return f"[{', '.join([text for _, text in items])}]"  # `run` knows the keys, which have no text
    if isinstance(returned, tuple):
        inside = ", ".join([_returned(writer, item, batched) for item in returned])
        return f"({inside}{',' * (len(returned) == 1)})"
    numbers = _rectangle(returned)
    if numbers is None:
        return f"[{', '.join([_returned(writer, item, batched) for item in returned])}]"
    chosen = [writer.grouping.outputs[i] for i in numbers.ravel().tolist()]
    array = chosen[0].array if chosen else None
    if array is None:
        text = f"zeros({extents(numbers.shape, batched)})"
    elif all(x.array is array for x in chosen) and array.head is not CONSTANT and array.batched == batched:
        index = np.array([int(x.index) for x in chosen]).reshape(numbers.shape)
        text = writer.located(array, index)[0].text(array.batched)
    else:
        codes = [NumPy().text(_for_each(_code(writer, x), (), batched)) for x in chosen]
        text = codes[0] if not numbers.shape else f"array([{', '.join(codes)}])"
        if numbers.ndim > 1:
            text += f".reshape({', '.join(map(str, numbers.shape))}{', -1' * batched})"
    if batched and numbers.ndim:
        text += transposition((numbers.ndim, *range(numbers.ndim)), False)
    return text


def _rectangle(returned: Any) -> Any:
    """The numbers in a list as an array, if it is one number or equally long lists of them."""
    if isinstance(returned, np.ndarray):
        return returned.astype(int)
    if _holds(returned, (dict, tuple)):
        return None
    try:
        return np.array(returned, dtype=int)
    except ValueError:
        return None


def _holds(x: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(x, kinds) or (isinstance(x, list) and any(_holds(item, kinds) for item in x))
