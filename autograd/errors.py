"""The error that `compile` raises, and the messages of checks that fail.

They are in a module of their own, so that ``except autograd.CompileError`` does not load the compiler.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class CompileError(ValueError):
    """A function that cannot be compiled; the text says what stands in the way, and where.

    Examples
    --------
    >>> issubclass(CompileError, ValueError)
    True
    """


def sentence(message: str, values: Iterable[object]) -> str:
    """A message with values for its ``{}``: numbers, whole ones without a point, or other objects, cut short.

    Examples
    --------
    >>> sentence("labels must be -1 or 1, not {}", [0.0]), sentence("{} > {}", [1.5, 10**3])
    ('labels must be -1 or 1, not 0', '1.5 > 1000')
    """
    shown: list[object] = []
    for x in values:
        if isinstance(x, float) and x.is_integer() and abs(x) < 1e16:
            x = int(x)
        shown.append(x if isinstance(x, (int, float)) else f"{x!r:.60}")
    return message.format(*shown) if shown else message
