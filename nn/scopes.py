"""Scopes for parts of a module that are not modules themselves, such as a time step, a head or a channel.

The interactive page draws each scope as a room. Scopes called step1, step2, ... stand in a row there.
"""

from __future__ import annotations

from autograd import Place, current_place, sit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def inside(part: str, function: Callable[..., Any], *inputs: Any) -> Any:
    """``function(*inputs)``, with its nodes filed under a part of the present scope, such as ``rnn.step3``.

    Examples
    --------
    >>> from autograd import Value
    >>> inside("step3", lambda x: x * x, Value(2.0)).scope
    'step3'
    """
    here = current_place()
    above = "" if here is None or not here.scope else here.scope + "."
    seat = sit()
    before = seat.place
    try:
        seat.place = Place(above + part)
        return function(*inputs)
    finally:
        sit().place = before
