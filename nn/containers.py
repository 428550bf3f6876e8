"""Modules that hold modules: `Sequential` calls them one after the other."""

from __future__ import annotations

from .module import Module, is_module_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Sequential(Module):
    """Modules, or other functions, each called on what the one before returned.

    Raises
    ------
    TypeError
        If one of them cannot be called, or is a class of modules instead of a module.

    Examples
    --------
    >>> import nn
    >>> model = Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    >>> len(model([1.0, 2.0]))
    1
    >>> model
    Sequential(
      (layer1): Linear(2, 3)  # 9 parameters
      (layer2): Tanh()
      (layer3): Linear(3, 1)  # 4 parameters
    )  # 13 parameters
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        for layer in layers:
            if is_module_class(layer):
                raise TypeError(
                    f"Sequential takes modules, and {layer.__name__} is a class; write {layer.__name__}(...)"
                )
            if not callable(layer):
                raise TypeError(f"Sequential takes modules or functions, one by one, not {type(layer).__name__}")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x
