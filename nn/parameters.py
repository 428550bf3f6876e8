"""What a parameter is asked besides its number and its gradient."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd import Value


def trains(p: Value) -> bool:
    """Whether a parameter is trained: unless its attribute ``requires_grad`` says that it is frozen.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(1.0)
    >>> trains(w)
    True
    >>> w.requires_grad = False
    >>> trains(w)
    False
    """
    return bool(getattr(p, "requires_grad", True))
