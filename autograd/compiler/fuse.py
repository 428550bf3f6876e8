"""Pass: lines that only one other line needs are merged into it, as one would write them by hand.

``product1 = W1 @ X`` and ``Z1 = product1 + b1[:, None]`` become one line. What layers compute keeps its own line, and
no line grows longer than `WIDEST`.
"""

from __future__ import annotations

from collections import Counter

from .. import ops
from ..symbols import Expression, Symbol
from .lines import Line, names_in, nodes, replaced, times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

WIDEST = 96


def fuse(lines: Iterable[Line], outputs: Iterable[str] = ()) -> list[Line]:
    """The lines, with temporary ones merged into the only line that uses them.

    Parameters
    ----------
    lines : iterable of Line
    outputs : iterable of str
        Texts outside of the lines that use them, too.

    Examples
    --------
    >>> a, x = Symbol("a"), Symbol("x")
    >>> merged = fuse([Line("a", x * x, temporary=True), Line("b", a + 1.0)], ["b"])
    >>> [line.text() for line in merged]
    ['b = x * x + 1.0']
    """
    kept: list[Line] = []
    waiting: dict[str, Line] = {}
    texts = [(line, line.text()) for line in lines]
    uses = Counter(name for _, text in texts for name in names_in(text))
    uses.update(name for text in outputs for name in names_in(text))
    for line, text in texts:
        mine = {x.name for x in nodes(line.value) if isinstance(x, Symbol)} & waiting.keys()
        for name in [name for name in names_in(text) if name in waiting]:
            if name in mine:
                line.value, before = _with(line.value, name, waiting[name].value), line.value
                if len(line.text()) <= WIDEST:
                    waiting.pop(name)
                    continue
                line.value = before
            kept.append(waiting.pop(name))
        if line.temporary and not line.adds and uses[line.target] == 1:
            uses.subtract(names_in(text))  # nobody needs it
        elif line.temporary and not line.adds and uses[line.target] == 2:  # here, and once more
            waiting[line.target] = line
        else:
            kept.append(line)
    return [*kept, *waiting.values()]


def _with(value: Any, name: str, inner: Any) -> Any:
    def change(x: Expression) -> Any:
        if isinstance(x, Symbol):
            return inner if x.name == name else x
        return times(*x.operands) if x.head is ops.mul else x

    return replaced(value, change)
