"""Blocks that change how nodes are made in the thread that opens them: `no_grad`, `enable_grad`, and watches.

The engine asks for the modes that they set only while some block is open somewhere; see `value._inspected`.
"""

from __future__ import annotations

import sys

from .value import Value, count_blocks, current_watch, modes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    from .value import Result


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


# --- looking on ---------------------------------------------------------------------------------------------------


class Watch(Block):
    """Looks at what happens to Values in this thread; subclasses say at what. Here it is as if nobody looked.

    Attributes
    ----------
    derivatives : bool
        Whether nodes of which the derivatives of other nodes are made are looked at, too.
    """

    mode = "watch"
    derivatives = False

    def setting(self) -> object:
        return self

    def made(self, node: Result) -> None:
        """A new node."""

    def before_sweep(self, order: list[Result], seed: float) -> None:
        """A backward pass that is about to begin."""

    def flowed(self, node: Result, x: Value, before: float, slope: float, gradient: float) -> None:
        """What flows back from a node to its operand x, whose gradient was `before` so far."""

    def read(self, x: Value) -> None:
        """A node whose number is asked for."""

    def wrote(self, x: Value) -> None:
        """A leaf whose number is about to be set."""

    def compared(self, sign: str, a: Value, other: object) -> Any:
        """The answer to ``a < other`` and the like."""
        x, y = a._data, Value(other)._data if not isinstance(other, Value) else other._data
        return {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[sign]

    def detached(self, x: Value) -> Value:
        """The answer to ``x.detach()``."""
        return Value(x._data)

    def concrete(self, x: object) -> bool:
        """The answer to ``concrete(x)``."""
        return True


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
        watch = current_watch()
        return watch if watch is not None and watch.derivatives else None


def concrete(x: object) -> bool:
    """Whether the number in x may decide what the program does next.

    It may not while a program is recorded that is to run on other numbers (see `autograd.compile`): then code that
    checks its arguments leaves the check out, and code that takes short cuts takes none.

    Examples
    --------
    >>> concrete(Value(2.0))
    True
    """
    watch = current_watch()
    return watch is None or watch.concrete(x)


def line_outside() -> str:
    """The innermost source line at work that belongs to neither the engine nor nn, as ``"file.py:12"``."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("autograd", "nn"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
