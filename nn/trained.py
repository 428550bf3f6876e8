"""What is trained: a list of Values, or the vector of a compiled program's parameters, which moves as a whole.

Optimisers and clipping check here what they are given. `TrainingWarning` is the warning of optimisers and modules where
a training loop most likely has a mistake.
"""

from __future__ import annotations

from autograd import ParameterVector, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    Params: TypeAlias = Iterable[Value] | ParameterVector


class TrainingWarning(UserWarning):
    """A step that is possible, but most likely a mistake in the loop: by old gradients, or by none.

    An optimiser warns of each mistake once. If you mean it so, filter the warning: ``warnings.simplefilter("ignore",
    nn.optim.TrainingWarning)``.

    Examples
    --------
    >>> import nn, warnings
    >>> w = Value(1.0)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     nn.SGD([w], lr=0.1).step()
    >>> [warning.category.__name__ for warning in caught]
    ['TrainingWarning']
    """


def listed(params: Any, user: str, empty: bool = False) -> list[Any]:
    """The parameters as a list; the vector of a compiled program becomes a list of one item.

    Parameters
    ----------
    params : iterable of Value, or ParameterVector
    user : str
        The name of the caller, for the message.
    empty : bool
        Whether there may be none.

    Raises
    ------
    TypeError
        If they are something else.
    ValueError
        If there are none, or one is a result, or is there twice.

    Examples
    --------
    >>> listed(iter([Value(1.0)]), "SGD")
    [Value(data=1.0, grad=0.0)]
    >>> listed(Value(1.0), "SGD")
    Traceback (most recent call last):
    TypeError: SGD takes a list of Values, not Value; put it into a list
    """
    if isinstance(params, ParameterVector):
        return [params]
    if isinstance(params, (Value, set, frozenset, dict, str)) or not hasattr(params, "__iter__"):
        raise TypeError(f"{user} takes a list of Values, not {type(params).__name__}; {_hint(params)}")
    given = list(params)
    if not given and not empty:
        raise ValueError(
            f"{user} got no parameters; was the generator used up, or the model empty? Layers are found in attributes "
            "whose names do not begin with an underscore, also in lists and dicts; those that the first call makes, "
            "after that call"
        )
    seen: set[int] = set()
    for i, p in enumerate(given):
        if not isinstance(p, Value):
            hint = ""
            if isinstance(p, dict) and "params" in p:
                hint = "; only an optimiser takes groups of parameters, and then all items must be groups"
            elif isinstance(p, tuple) and len(p) == 2 and isinstance(p[1], Value):
                hint = "; write model.parameters(); named_parameters() gives pairs"
            elif isinstance(p, dict):
                hint = "; a group of parameters is a dict with 'params'"
            elif isinstance(p, ParameterVector):
                hint = "; give one program's parameters themselves, not in a list"
            elif isinstance(p, (list, tuple)):
                hint = "; join the lists: first + second"
            elif hasattr(p, "parameters"):
                hint = "; join the lists of their parameters: first.parameters() + second.parameters()"
            else:
                hint = "; a parameter is a Value, which nn.Parameter(number) makes"
            raise TypeError(f"{user} takes a list of Values, but item {i} is {type(p).__name__}: {p!r:.60}{hint}")
        if p.op is not None:
            raise ValueError(f"{user} cannot move {p.describe()} (item {i}): only leaves are parameters")
        if id(p) in seen:
            raise ValueError(f"{user} got {p.describe()} twice (item {i}); it would be moved twice in a step")
        seen.add(id(p))
    return given


def _hint(params: Any) -> str:
    """What to write instead of something that is not a list of Values."""
    if hasattr(params, "parameters"):
        return "write model.parameters()" if callable(params.parameters) else "write program.parameters"
    if isinstance(params, dict) and any(isinstance(x, Value) for x in params.values()):
        return "write list(d.values())"
    if isinstance(params, (set, frozenset)):
        return "a set has no order, so make it a list"
    if callable(params):
        return "call it: model.parameters()"
    return "put it into a list" if isinstance(params, Value) else "write model.parameters()"


def values_of(p: Value | ParameterVector) -> list[Value]:
    """The Values that are moved with p: itself, or those that a vector stands for.

    Examples
    --------
    >>> w = Value(1.0)
    >>> values_of(w) == [w]
    True
    """
    return p.values if isinstance(p, ParameterVector) else [p]
