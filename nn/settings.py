"""Checks of settings: a number in a range, a flag, a size, a name. Anything else is refused in one sentence.

Layers, initialisers and optimisers check their arguments here.
"""

from __future__ import annotations

import math

import autograd
from autograd import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import random
    from collections.abc import Iterable
    from typing import Any


def number(name: str, x: object, *, positive: bool = False, finite: bool = True) -> float:
    """A setting that is a number, as a float.

    Parameters
    ----------
    name : str
        What the setting is called, for the message.
    x : object
        int, float, ``fractions.Fraction``, NumPy scalar or 0-d array.
    positive : bool
        Whether it must not be negative.
    finite : bool
        Whether it must not be infinite. It must never be nan.

    Raises
    ------
    TypeError
        If x is not a number: a str, a bool, a Value, ...
    ValueError
        If it is out of range.

    Examples
    --------
    >>> number("lr", 1)
    1.0
    """
    wanted = "a finite number" if finite else "a number"
    if isinstance(x, Value):
        raise TypeError(f"{name} must be {wanted}, not a Value; give it the .data, {x.data!r}")
    if is_bool(x):
        raise TypeError(f"{name} must be {wanted}, not {x!r}")
    try:
        result = autograd.positive(x)  # the engine decides what counts as a number
    except TypeError:
        raise TypeError(f"{name} must be {wanted}, not {x!r:.60}") from None
    except OverflowError:
        raise ValueError(f"{name} must be in the range of a float, not {x!r:.60}") from None
    if not isinstance(result, float):  # an array, which the engine's operations take as well
        raise TypeError(f"{name} must be {wanted}, not {x!r:.60}")
    if math.isnan(result) or (finite and math.isinf(result)):
        raise ValueError(f"{name} must be {wanted}, not {x!r}")
    if positive and result < 0.0:
        raise ValueError(f"{name} must not be negative, but it is {x!r}")
    return result


def flag(name: str, x: object) -> bool:
    """A setting that is True or False.

    Raises
    ------
    TypeError
        If x is anything else.

    Examples
    --------
    >>> flag("bias", True)
    True
    """
    if not is_bool(x):
        raise TypeError(f"{name} must be True or False, not {x!r:.60}")
    return bool(x)


def size(name: str, x: object) -> int:
    """A setting that counts something, of which there must be one at least.

    Raises
    ------
    ValueError
        If x is not a positive whole number.

    Examples
    --------
    >>> size("nin", 2)
    2
    """
    if is_bool(x) or not hasattr(x, "__index__") or x.__index__() < 1:
        raise ValueError(f"{name} must be a positive whole number, not {x!r:.60}")
    return int(x.__index__())


def whole(name: str, x: object) -> int:
    """A setting that is a whole number, as an int.

    Raises
    ------
    TypeError
        If it is none.

    Examples
    --------
    >>> whole("dim", -1)
    -1
    """
    if is_bool(x) or not hasattr(x, "__index__"):
        raise TypeError(f"{name} must be a whole number, not {x!r:.60}")
    return int(x.__index__())


def is_bool(x: object) -> bool:
    """Whether x is a bool, Python's or NumPy's.

    Examples
    --------
    >>> is_bool(True), is_bool(1)
    (True, False)
    """
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    return isinstance(x, bool) or (kind == "b" and getattr(x, "ndim", None) == 0)


def meant(given: str, known: Iterable[str]) -> str:
    """A question for a message, whether the known name most like the given one was meant; empty if none is near.

    Examples
    --------
    >>> meant("ReLu", ["tanh", "relu"])
    " (did you mean 'relu'?)"
    >>> meant("square", ["tanh", "relu"])
    ''
    """
    from difflib import get_close_matches

    near = get_close_matches(given.lower(), list(known), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def instead_of_class(given: object) -> str:
    """The end of a message that says how to make an object of a class given in its place; empty if it is no class.

    Examples
    --------
    >>> instead_of_class(list), instead_of_class([])
    ('; list is a class, so make one: list(...)', '')
    """
    return f"; {given.__name__} is a class, so make one: {given.__name__}(...)" if isinstance(given, type) else ""


def seeded(seed: Any) -> random.Random:
    """The generator of random numbers that a seed stands for: itself, a new one, or Python's own for None.

    Raises
    ------
    TypeError
        If the seed is not a whole number.

    Examples
    --------
    >>> seeded(1).random() == seeded(1).random()
    True
    """
    import random

    if seed is None:
        return random  # type: ignore[return-value]
    if isinstance(seed, random.Random) or seed is random:
        return seed  # type: ignore[return-value]
    if is_bool(seed) or not hasattr(seed, "__index__"):
        raise TypeError(f"seed must be a whole number or a random.Random, not {seed!r:.60}")
    return random.Random(seed.__index__())
