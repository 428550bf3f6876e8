"""Checks of settings that only optimisers and schedulers need; the common ones are in ``nn.settings``."""

from __future__ import annotations

from ..settings import meant, number, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def share(name: str, x: object) -> float:
    """A setting that is a number from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If it is not a number, or out of range.

    Examples
    --------
    >>> share("alpha", 1)
    1.0
    """
    made = number(name, x, positive=True)
    if made > 1.0:
        raise ValueError(f"{name} must be at most 1, not {x!r:.60}")
    return made


def whole_at_least(name: str, x: object, least: int = 0) -> int:
    """A setting that is a whole number, and not less than `least`.

    Raises
    ------
    TypeError, ValueError
        If it is anything else.

    Examples
    --------
    >>> whole_at_least("patience", 3)
    3
    """
    made = whole(name, x)
    if made < least:
        raise ValueError(f"{name} must be at least {least}, not {x!r:.60}")
    return made


def choice(name: str, x: object, known: Iterable[str]) -> str:
    """A setting that is one of some words.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> choice("mode", "min", ("min", "max"))
    'min'
    """
    words = list(known)
    if not isinstance(x, str) or x not in words:
        guess = meant(x, words) if isinstance(x, str) else ""
        raise ValueError(f"{name} must be {' or '.join(map(repr, words))}, not {x!r:.60}{guess}")
    return x


def pair_of_betas(betas: Any) -> tuple[float, ...]:
    """Two numbers, at least 0 and below 1: the decay rates of two running means.

    Raises
    ------
    TypeError, ValueError
        If they are anything else.

    Examples
    --------
    >>> pair_of_betas([0, 0.5])
    (0.0, 0.5)
    """
    wanted = f"betas must be two numbers of at least 0 and below 1, such as (0.9, 0.999), not {betas!r:.60}"
    try:
        pair = tuple([number("beta", beta) for beta in betas])
    except (TypeError, ValueError) as error:
        raise type(error)(wanted) from None
    if len(pair) != 2 or isinstance(betas, (set, frozenset, dict)) or not all(0.0 <= beta < 1.0 for beta in pair):
        raise ValueError(wanted)
    return pair
