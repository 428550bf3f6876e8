"""Blocks that change how nodes are made in the thread that opens them: `no_grad`, `enable_grad`, `precision`, watches.

The engine asks for their settings only while `blocks` is not empty: while a thread is in a block, or has just left one.
A `Run` is a block as well, the run of a function that is being differentiated; it does not change how nodes are made,
but inside it Values stand for numbers. Nodes themselves are defined in `value`.
"""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock, get_ident

from .formats import format_named
from .ieee import to_float

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from .value import Value


blocks: list[_Entry] = []
"""Entries of the blocks that threads are in, the innermost last; some blocks may have ended meanwhile."""


class _Entry:
    """A block that a thread has entered; it is in force while its lock is held."""

    __slots__ = ("thread", "mode", "setting", "lock")

    def __init__(self, mode: str, setting: object) -> None:
        self.thread, self.mode, self.setting = get_ident(), mode, setting
        self.lock = allocate_lock()
        self.lock.acquire()


def innermost_setting(mode: str, default: Any) -> Any:
    """The setting of a mode in the innermost of this thread's blocks of that mode, or `default`."""
    thread, found = get_ident(), default
    for entry in in_force(blocks):
        if entry.thread == thread and entry.mode == mode:
            found = entry.setting
    return found


def in_force(entries: list[_Entry]) -> list[_Entry]:
    """The entries whose blocks have not ended; the others are removed from the list."""
    found = entries[:]
    for entry in found:
        if not entry.lock.locked():
            break
    else:
        return found
    for entry in found:
        if not entry.lock.locked():
            try:
                entries.remove(entry)
            except ValueError:
                continue  # another thread has removed it already
    return [entry for entry in found if entry.lock.locked()]


def recording() -> bool:
    """Whether operations are recorded in this thread: False inside `no_grad`."""
    return not blocks or bool(innermost_setting("recording", True))


_NO_BLOCK = object()  # no setting, as opposed to the None of `unwatched`


def current_watch() -> Any:
    """The `Watch` that observes the Values of this thread, or None.

    A thread in no block that sets a watch has the latest ``Watch.for_other_threads`` of another thread, if there is
    one.
    """
    return _watch(innermost_setting("watch", _NO_BLOCK)) if blocks else None


def _watch(own: Any) -> Any:
    if own is not _NO_BLOCK:
        return own
    shared = [entry.setting.for_other_threads for entry in list(blocks) if isinstance(entry.setting, Watch)]
    return next((watch for watch in reversed(shared) if watch is not None), None)


def current_modes() -> tuple[Any, bool, precision | None]:
    """What `current_watch`, `recording` and `rounding` return, in one pass: every new node needs all three."""
    thread, own, recorded, form = get_ident(), _NO_BLOCK, True, None
    for entry in in_force(blocks):
        if entry.thread == thread:
            if entry.mode == "watch":
                own = entry.setting
            elif entry.mode == "recording":
                recorded = bool(entry.setting)
            else:
                form = entry.setting
    return _watch(own), recorded, form  # type: ignore[return-value]


def rounding() -> precision | None:
    """The `precision` block that rounds this thread's numbers; None if nothing does."""
    for entry in blocks[:]:  # most blocks have other modes; this is faster than `innermost_setting`
        if entry.mode == "precision":
            return innermost_setting("precision", None)  # type: ignore[no-any-return]
    return None


class _BlockMethod:
    """The descriptor behind ``__enter__`` or ``__exit__`` of a block: it returns a C function that opens or closes it.

    An interrupt, such as Ctrl-C, can come between any two steps of Python code. If these methods were written in
    Python, one could come when the mode is set but the block not yet entered, or when the block is left but the mode
    still set, and the mode would stay set. Here appending to a list sets the mode, and releasing a lock ends it.

    ``with`` looks up both methods before it calls one: up to Python 3.13 ``__enter__`` first, from 3.14 ``__exit__``.
    """

    def __init__(self, make: Callable[[Block, _PendingEntries], Any]) -> None:
        self.make = make

    def __get__(self, block: Block | None, owner: type | None = None) -> Any:
        return self if block is None else self.make(block, block._pending("block"))

    def __call__(self, block: Block, *error: object) -> None:  # called on the class, as `contextlib.ExitStack` does
        self.make(block, block._pending("class"))(*error)


class _PendingEntries:
    """One thread's entries of a block of which only one of ``__enter__`` and ``__exit__`` has been looked up so far."""

    __slots__ = ("awaiting_exit", "awaiting_enter")

    def __init__(self) -> None:
        self.awaiting_exit: list[_Entry] = []  # ``__enter__`` was looked up, the innermost last
        self.awaiting_enter: _Entry | None = None  # ``__exit__`` was looked up, and ``__enter__`` will be next


def _opener(block: Block, pending: _PendingEntries) -> Callable[[], None]:
    from functools import partial

    entry, pending.awaiting_enter = pending.awaiting_enter, None
    if entry is None:
        entry = _Entry(block.mode, block.setting())
        pending.awaiting_exit.append(entry)
    return partial(block.entries.append, entry)


def _closer(block: Block, pending: _PendingEntries) -> Callable[..., None]:
    if pending.awaiting_exit:
        entry = pending.awaiting_exit.pop()
    else:
        entry = pending.awaiting_enter = _Entry(block.mode, block.setting())
    return entry.lock.__exit__


class Block:
    """A with-block, or decorator, that sets one of this thread's modes."""

    mode = ""
    entries = blocks
    _pending_by_thread: dict[tuple[int, str], _PendingEntries]

    def setting(self) -> object:
        raise NotImplementedError

    def _pending(self, kind: str) -> _PendingEntries:
        """The pending entries of this thread: one object for methods looked up on the block, one for its class's."""
        known: dict[tuple[int, str], _PendingEntries] = self.__dict__.setdefault("_pending_by_thread", {})
        return known.setdefault((get_ident(), kind), _PendingEntries())

    __enter__ = _BlockMethod(_opener)
    __exit__ = _BlockMethod(_closer)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        import functools

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inside


class no_grad(Block):
    """Record nothing: results are leaves. A with-block or a decorator; it holds for the current thread.

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


class precision(Block):
    """Compute as a machine that keeps every number in fewer bits: a simulation, to see what that does.

    A with-block or a decorator; it holds for the current thread. Inside, these are rounded to the nearest number that
    the format has (see `rounded`): the result of every operation, the data of leaves that are made or set, and the
    gradients: each product of a slope and a gradient, and each sum of them. Leaves from outside keep the digits that
    they have.

    An operation is computed with all digits and rounded once, as a machine does inside one function; its slopes are
    those at the rounded result, and are not rounded themselves. The sums inside `dot` and `sum` are computed in the
    same way, unless `accumulate` names another format: then each of their products and sums is rounded to that, in
    order.

    Parameters
    ----------
    dtype : {"float16", "bfloat16", "float32", "float64"}
        The format. "float64", Python's own, ends the effect of a block around.
    accumulate : {"float64", "float32", "bfloat16", "float16"}
        What the sums inside a `dot` or `sum` are kept in. "float32" is what the matrix units of GPUs do; the format
        itself is what a plain loop does.

    Raises
    ------
    TypeError, ValueError
        If a name is not one of these.

    Notes
    -----
    A block affects what is computed while it is open: to have the gradients in the format, too, call ``backward()``
    inside it. `grad` and its like round as well, and so do derivatives of derivatives, whose slopes are computed with
    all digits. Programs of `autograd.compile` have a dtype of their own, and cannot be recorded inside.

    Examples
    --------
    >>> from autograd import Value, sum
    >>> with precision("bfloat16"):
    ...     print((Value(256.0) + 1).data, Value(0.1).data)
    256.0 0.10009765625
    >>> ones = [Value(1.0)] * 1000
    >>> for kept in ("float64", "bfloat16"):
    ...     with precision("bfloat16", accumulate=kept):
    ...         print(sum(ones).data)
    1000.0
    256.0
    """

    mode = "precision"

    def __init__(self, dtype: str, *, accumulate: str = "float64") -> None:
        self.format = format_named(dtype)
        self.accumulate = format_named(accumulate, "accumulate")

    def setting(self) -> object:
        return self if self.format is not None else None

    def __repr__(self) -> str:
        return f"precision({self.name!r})"

    @property
    def name(self) -> str:
        """The format's name."""
        return "float64" if self.format is None else self.format.name

    def round(self, x: float) -> float:
        """A number as the format holds it."""
        return x if self.format is None else self.format(x)

    def summed(self, terms: list[tuple[float, float]], start: float | None) -> float:
        """start + a0 * b0 + a1 * b1 + ..., as it is accumulated; without a start it begins with the first product."""
        keep = self.accumulate
        total = start
        for a, b in terms:
            product = a * b if keep is None else keep(a * b)
            total = product if total is None else total + product if keep is None else keep(total + product)
        return 0.0 if total is None else total


def rounded(x: float, dtype: str) -> float:
    """The nearest number that a format can hold.

    Parameters
    ----------
    x : float
    dtype : {"float16", "bfloat16", "float32", "float64"}
        IEEE 754's formats of 16, 32 and 64 bits; bfloat16 has the range of float32 and 8 bits of its significand.

    Raises
    ------
    TypeError
        If x is not a number, or `dtype` is not a str.
    ValueError
        If there is no such format.

    Examples
    --------
    >>> rounded(0.1, "bfloat16"), rounded(1e-8, "float16"), rounded(1e39, "float32")
    (0.10009765625, 0.0, inf)
    """
    form, number = format_named(dtype, "dtype"), to_float(x, "rounded")
    return number if form is None else form(number)


# --- functions that are being differentiated ------------------------------------------------------------------------


runs: list[_Entry] = []
"""Entries of the `Run` blocks that threads are in, the innermost last; some blocks may have ended meanwhile."""


class Run(Block):
    """A run of a function that is being differentiated, on Values in place of its numbers.

    What is computed from them stands for a number, too: ``==`` compares it by its data, and no copy loses its
    gradient.

    Parameters
    ----------
    inputs : list of Value
        What the function is given.

    Attributes
    ----------
    read : bool
        Whether the ``data`` of a Value was read during the run.
    """

    entries = runs

    def __init__(self, inputs: list[Value]) -> None:
        self.inputs = inputs
        self.read = False
        self._known: dict[int, tuple[Value, bool]] = {id(x): (x, True) for x in inputs}

    def setting(self) -> object:
        return self

    def reaches(self, x: Value) -> bool:
        """Whether x is an input, or computed from one. Each node is examined once, however often this is called."""
        known, stack = self._known, [x]
        while stack:
            node = stack[-1]
            waiting = [] if id(node) in known else [y for y in node.operands if id(y) not in known]
            if not waiting:
                stack.pop()
                known.setdefault(id(node), (node, any(known[id(y)][1] for y in node.operands)))
            stack += waiting
        return known[id(x)][1]


def runs_here() -> list[Run]:
    """The runs that this thread is in, the innermost last."""
    thread = get_ident()
    return [entry.setting for entry in in_force(runs) if entry.thread == thread]  # type: ignore[misc]


def note_reading() -> None:
    """Note that the ``data`` of a Value is read, in the runs that this thread is in."""
    for run in runs_here():
        run.read = True


def stands_for_a_number(x: Value) -> bool:
    """Whether x is an input of a function that is being differentiated just now, in any thread, or computed from one.

    Examples
    --------
    >>> from autograd import Value, grad
    >>> w, found = Value(2.0), []
    >>> grad(lambda x: found.append([stands_for_a_number(v) for v in (x, w * x, w)]) or x)(3.0)
    1.0
    >>> found
    [[True, True, False]]
    """
    return any(entry.setting.reaches(x) for entry in in_force(runs))  # type: ignore[attr-defined]


# --- watches ------------------------------------------------------------------------------------------------------


class Watch(Block):
    """Observes what happens to Values in this thread. Subclasses override the methods; here they change nothing.

    Attributes
    ----------
    derivatives : bool
        Whether the watch also observes the nodes from which `functional` makes derivatives of other nodes.
    stays_current : bool
        Whether this watch stays the current one when others are opened inside it.
    for_other_threads : Watch or None
        The watch of threads that have none of their own.
    needs_all_nodes : bool
        Whether the watch needs every node that is made; then `checkpoint` just calls its function.
    """

    mode = "watch"
    derivatives = False
    stays_current = False
    for_other_threads: Watch | None = None
    needs_all_nodes = False

    def setting(self) -> object:
        outer = current_watch()
        return outer if outer is not None and outer.stays_current else self

    def made(self, node: Value) -> None:
        """Called with each new node."""

    def before_sweep(self, order: list[Value], seed: float) -> None:
        """Called when a backward pass is about to begin, with its nodes, and the gradient of the last one."""

    def flowed(self, node: Value, x: Value, before: float, slope: float, gradient: float) -> None:
        """Called when ``slope * gradient`` is added to `before`, on the way from a node to its operand x, or back."""

    def read(self, x: Value) -> None:
        """Called when the ``data`` of a node is read."""

    def before_write(self, x: Value) -> None:
        """Called when the ``data`` of a leaf is about to be set."""

    def compared(self, sign: str, a: Value, other: object) -> Any:
        """The answer to ``a < other``, ``a == other`` and the like; None if it is the usual one."""
        return None

    def detached(self, x: Value) -> Value | None:
        """The answer to ``x.detach()``; None if it is the usual one."""
        return None

    def hashed(self, x: Value) -> None:
        """Called when a node is hashed, as for a set or dict."""

    def copied(self, x: Value, pickled: bool) -> Value | None:
        """The copy of a node that is about to be copied or pickled; None if it is the usual one."""
        return None

    def refuse(self, x: Value, why: str) -> None:
        """Called when something is done that x does not allow; if this does not raise, a TypeError says why."""

    def concrete(self, x: object) -> bool:
        """The answer to ``concrete(x)``."""
        return True

    def required(self, condition: object, message: str, values: tuple[object, ...]) -> bool:
        """Whether the watch itself will check the condition of ``require(condition, ...)``."""
        return False

    def asked(self, function: Callable[[int], Any], count: int, each: bool) -> list[Any] | None:
        """The answer to ``ask(function, count)``; None if it is the usual one."""
        return None

    def told(self, function: Callable[[list[float]], object], values: Any) -> bool:
        """Whether the watch itself will call the function of ``tell(function, values)``."""
        return False


class unwatched(Block):
    """Hide the nodes made inside from all watches but those with `derivatives`.

    It is for nodes that compute derivatives: `Watch.flowed` reports the derivatives that are really used.

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
    takes short cuts takes none. Code that checks its arguments calls `require`.

    Parameters
    ----------
    x : object
        A Value, a number, or anything else.

    Examples
    --------
    >>> from autograd import Value
    >>> concrete(Value(2.0))
    True
    """
    watch = current_watch()
    return watch is None or watch.concrete(x)


def line_outside() -> str:
    """The innermost line of the user's code on the call stack, as ``"file.py:12"``.

    All code is the user's that belongs neither to the engine, nor to nn, NumPy or Python's standard library.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_library(frame):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def line_raised(error: BaseException) -> str:
    """The innermost line of the user's code that an error passed through; empty if it passed through none."""
    line, traceback = "", error.__traceback__
    while traceback is not None:
        if not _is_library(traceback.tb_frame):
            line = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return line


_LIBRARIES = frozenset({"autograd", "nn", "numpy"}) | sys.stdlib_module_names


def _is_library(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").partition(".")[0] in _LIBRARIES


def _forked() -> None:
    """In the child of a fork the other threads are gone, and their blocks with them."""
    for entries in (blocks, runs):
        entries[:] = [entry for entry in entries if entry.thread == get_ident()]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
