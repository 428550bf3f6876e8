"""Blocks that change how nodes are made in the thread that opens them: `no_grad`, `enable_grad`, `unwatched`.

The engine asks for the modes that they set only while some block is open somewhere; see `value._inspected`.
"""

from __future__ import annotations

from .value import count_blocks, modes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any


class Block:
    """A with-block, or decorator, that sets one of this thread's modes."""

    mode = ""

    def setting(self) -> object:
        raise NotImplementedError

    def __enter__(self) -> None:
        outer = getattr(modes, "outer", None)
        modes.outer = (outer, self.mode, getattr(modes, self.mode, None))
        setattr(modes, self.mode, self.setting())
        count_blocks(1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        count_blocks(-1)
        modes.outer, mode, before = modes.outer
        if before is None:
            delattr(modes, mode)
        else:
            setattr(modes, mode, before)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        import functools

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inside


class no_grad(Block):
    """Record nothing: results are leaves. A with-block or a decorator; it holds for the present thread.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(2.0)
    >>> with no_grad():
    ...     y = w * 3
    >>> y.operands
    ()
    """

    mode = "recording"

    def setting(self) -> object:
        return False


class unwatched(Block):
    """Let nobody look at the nodes made: those that derivatives are made of are looked at as they are used.

    Examples
    --------
    >>> from autograd import Value, detect_anomaly
    >>> with detect_anomaly(), unwatched():
    ...     Value(0.0).log().data
    -inf
    """

    mode = "watch"

    def setting(self) -> object:
        return None


class enable_grad(Block):
    """Record again, inside a `no_grad` block.

    Examples
    --------
    >>> from autograd import Value
    >>> with no_grad(), enable_grad():
    ...     y = Value(2.0) * 3
    >>> len(y.operands)
    2
    """

    mode = "recording"

    def setting(self) -> object:
        return True
