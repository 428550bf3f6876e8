"""Hooks: functions of the user's, called before or after a module, which look at its inputs and outputs or change them.

A module keeps its own hooks (`Module.register_forward_hook`). This file calls them, and has the handle that removes
one.
"""

from __future__ import annotations

from weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .module import Module


class Hook:
    """One hook of a module.

    Attributes
    ----------
    function : callable
    before : bool
        Whether it is called before the module is.
    with_kwargs : bool
        Whether it gets the keyword arguments of the call as well.
    """

    __slots__ = ("before", "function", "with_kwargs")

    def __init__(self, function: Callable[..., Any], before: bool, with_kwargs: bool) -> None:
        if not callable(function):
            raise TypeError(f"a hook must be a function, not {function!r:.60}")
        self.function, self.before, self.with_kwargs = function, before, with_kwargs


class RemovableHandle:
    """What a registration returns: ``remove()`` takes the hook away, and so does the end of a ``with`` block.

    Examples
    --------
    >>> import nn
    >>> layer = nn.Tanh()
    >>> with layer.register_forward_hook(lambda module, args, output: print(args, output)):
    ...     y = layer(0.0)
    (0.0,) 0.0
    >>> y = layer(0.0)
    """

    def __init__(self, module: Module, hook: Hook) -> None:
        self._module, self._hook = ref(module), hook

    def remove(self) -> None:
        """Take the hook away; if it is gone, nothing happens."""
        module = self._module()
        if module is not None:
            module._hooks_of_calls = tuple([hook for hook in module._hooks_of_calls if hook is not self._hook])

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def around(module: Module, run: Callable[..., Any], inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Call `run`: the hooks before a call may change the inputs, the hooks after it the output, which is returned."""
    hooks = module._hooks_of_calls
    for hook in hooks:
        if hook.before:
            made = hook.function(module, inputs, options) if hook.with_kwargs else hook.function(module, inputs)
            if made is None:
                continue
            if not hook.with_kwargs:
                inputs = made if isinstance(made, tuple) else (made,)
                continue
            if not isinstance(made, tuple) or list(map(type, made)) != [tuple, dict]:
                raise TypeError(
                    "a hook before a call with with_kwargs=True must return None, or a tuple of arguments and a dict, "
                    f"not {made!r:.60}"
                )
            inputs, options = made
    output = run(*inputs, **options)
    for hook in hooks:
        if not hook.before:
            arguments = (inputs, options) if hook.with_kwargs else (inputs,)
            made = hook.function(module, *arguments, output)
            if made is not None:
                output = made
    return output
