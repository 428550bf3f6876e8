"""Formats of floats: how a number is rounded to fewer bits than Python's floats have.

This module rounds single numbers; `modes.precision` uses it to round the numbers of nodes.
"""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Format:
    """A binary format of IEEE 754's kind; called with a float it rounds to the nearest number that the format has.

    Of two that are equally near it takes the one whose last bit is 0. Numbers below the normal ones lose digits, down
    to 0; numbers beyond the largest one become infinite.

    Parameters
    ----------
    name : str
    digits : int
        The bits of a normal number's significand, the leading 1 included.
    smallest : int
        The exponent of the smallest number above 0, a power of 2.
    largest : float
        The largest finite number.

    Examples
    --------
    >>> FORMATS["float16"](0.1), FORMATS["float16"](70000.0), FORMATS["bfloat16"](257.0)
    (0.0999755859375, inf, 256.0)
    """

    def __init__(self, name: str, digits: int, smallest: int, largest: float) -> None:
        self.name, self.digits, self.smallest, self.largest = name, digits, smallest, largest
        self._overflow = largest + math.ldexp(1.0, math.frexp(largest)[1] - digits - 1)  # from here on rounded to inf

    def __repr__(self) -> str:
        return f"<format {self.name}>"

    def __call__(self, x: float) -> float:
        if not -self._overflow < x < self._overflow:
            return x if x != x else math.copysign(math.inf, x)
        step = max(math.frexp(x)[1] - self.digits, self.smallest)  # the distance between neighbours is 2**step
        return math.copysign(math.ldexp(round(math.ldexp(x, -step)), step), x)


FORMATS = {
    "float16": Format("float16", 11, -24, 65504.0),
    "bfloat16": Format("bfloat16", 8, -133, 3.3895313892515355e38),
    "float32": Format("float32", 24, -149, 3.4028234663852886e38),
}
"""The formats that are narrower than Python's, by name."""


def format_named(name: Any, what: str = "a precision") -> Format | None:
    """The format of that name; None for ``"float64"``, the format of Python's floats, which needs no rounding.

    Raises
    ------
    TypeError
        If `name` is not a str.
    ValueError
        If there is no such format.

    Examples
    --------
    >>> format_named("bfloat16"), format_named("float64")
    (<format bfloat16>, None)
    """
    known = [*FORMATS, "float64"]
    if not isinstance(name, str):
        raise TypeError(f"{what} must be one of {', '.join(known)}, as a str, not {type(name).__name__}: {name!r:.60}")
    if name not in known:
        raise ValueError(f"{what} must be one of {', '.join(known)}, not {name!r:.60}")
    return FORMATS.get(name)
