"""`Parameter`, a leaf that is marked as a parameter, and freezing: whether a leaf is trained.

Any leaf Value in an attribute of a module is a parameter; `module` finds them. A `Parameter` is a leaf with a class of
its own, so that it can be told from other leaves. `trains` says of any leaf whether it is to be trained or frozen.
"""

from __future__ import annotations

from autograd import Value, trains

from .batches import is_list
from .settings import flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Parameter", "freeze", "trains"]


class Parameter(Value):
    """A leaf that is marked as a parameter.

    Parameters
    ----------
    data : number
        Where it starts. A matrix of parameters is a list of lists of them.
    label : str
        Its name for drawings and messages.
    requires_grad : bool
        Whether it is trained. One that is not stays among a module's parameters and in its state, but optimisers leave
        it as it is, and in what `autograd.compile` makes it is a constant.

    Raises
    ------
    TypeError
        If ``requires_grad`` is not a flag, also when it is set later; if the data are not a number.

    Examples
    --------
    >>> w = Parameter(2.0, "w")
    >>> w.requires_grad, trains(w)
    (True, True)
    >>> (3 * w).backward()
    >>> w.grad
    3.0
    """

    _trains = True

    def __init__(self, data: object, label: str = "", requires_grad: bool = True) -> None:
        if is_list(data):
            raise TypeError(
                f"a Parameter is one number, not {data!r:.60}; make a list with a Parameter for each number"
            )
        super().__init__(data, label)
        self.requires_grad = requires_grad

    @property
    def requires_grad(self) -> bool:
        """Whether it is trained."""
        return self._trains

    @requires_grad.setter
    def requires_grad(self, requires_grad: object) -> None:
        self._trains = flag("requires_grad", requires_grad)

    def __repr__(self) -> str:
        return "Parameter" + super().__repr__().removeprefix("Value")


def freeze(parameters: Iterable[Value], requires_grad: bool = False) -> None:
    """Mark parameters as frozen, or as trained again.

    Parameters
    ----------
    parameters : iterable of Value
    requires_grad : bool
        Whether they are to be trained.

    Examples
    --------
    >>> w = Value(1.0)
    >>> freeze([w])
    >>> trains(w)
    False
    """
    requires_grad = flag("requires_grad", requires_grad)
    for parameter in parameters:
        if trains(parameter) != requires_grad:
            parameter.requires_grad = requires_grad
