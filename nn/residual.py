"""A connection past a module: what it is given is added to what it makes."""

from __future__ import annotations

from .batches import Batch, called, is_list
from .grids import shape_of
from .module import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Residual(Module):
    """x + module(x): a layer that starts from its input and learns the difference (He et al. 2016).

    The gradient also flows past the module, undiminished, to what comes before it.

    Parameters
    ----------
    module : Module or callable
        Its output has the shape of its input.

    Returns
    -------
    Value, or (nested) list of Value
        From a call: of the shape of what it is given.

    Raises
    ------
    TypeError
        If module cannot be called.
    ValueError
        In a call, if the shapes differ.

    Examples
    --------
    >>> import nn
    >>> block = Residual(nn.Sequential(nn.Linear(2, 2, init="zeros"), nn.ReLU()))
    >>> [y.data for y in block([1.0, -2.0])]
    [1.0, -2.0]
    """

    def __init__(self, module: Any) -> None:
        if not callable(module) or isinstance(module, type):
            raise TypeError(f"Residual takes a module, or a function, not {module!r:.60}")
        self.module = module

    def forward(self, x: Any) -> Any:
        made = self.module(x)
        before, after = shape_of(self, x), shape_of(self, made)
        if before != after:
            raise ValueError(
                f"{called(self)} adds its module's output to its input, but the output has the shape {after}, the "
                f"input {before}; give both the same shape, or project the input"
            )
        return _added(x, made)


def _added(x: Any, y: Any) -> Any:
    if not is_list(x):
        return x + y
    made = [_added(a, b) for a, b in zip(x, y)]
    return Batch(made) if isinstance(x, Batch) or isinstance(y, Batch) else made
