"""Functions whose graph is not kept: `backward` runs them again, which saves memory at the cost of time.

`checkpoint` runs a function and drops the nodes that it made. What remains is a `Part` for each result, whose operands
are the Values from outside that the function used, be they its arguments or not; and behind the parts one `Joint`,
with the function itself. `backward` reaches the joint when it knows the gradients of the parts. Then the function is
run a second time, and the gradients flow back through the graph that it makes now.

How graphs are walked is in `value`; how nodes made inside a function are told from others, in `origins`.
"""

from __future__ import annotations

import sys
from copy import copy
from operator import is_

from .modes import current_watch, enable_grad, in_force, precision, recording, rounding, runs
from .ops import CHECKPOINT, Op
from .origins import Origin, begin_section, current_origin, overwritten_since, sit
from .value import ATTEMPTS, Value, flow_back, interior, make_parts, run_again, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

    from .origins import Place


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool = False,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Call a function, and keep no graph of it: `backward` calls it again when it needs the graph.

    A network of n steps needs memory for n steps. Cut into about sqrt(n) segments, each of them checkpointed, it needs
    memory for the results of the segments and for the nodes of one of them, which grows as the square root of n; each
    step is computed twice (Chen et al. 2016, "Training deep nets with sublinear memory cost"). Names and rules are
    those of ``torch.utils.checkpoint.checkpoint`` with ``use_reentrant=False``.

    Parameters
    ----------
    function : callable
        Returns a Value, or several in lists, tuples and dicts, with anything else among them. It may use Values that
        are not arguments, such as the parameters of a module. All get their gradients.
    *args, **kwargs
        What it is called with, both times.
    use_reentrant : bool
        Must be False: PyTorch's older variant, which gives gradients to the arguments alone, is not implemented.
    preserve_rng_state : bool
        Whether the second call is given the random numbers of the first one, those of Python's module ``random``.

    Returns
    -------
    object
        What the function returns. Values that it made are replaced by others with the same data, whose operands are
        all Values made before that the function used.

    Raises
    ------
    TypeError
        If `function` cannot be called, or a flag is neither True nor False.
    ValueError
        If `use_reentrant` is True.
    RuntimeError
        From ``backward()``, before any gradient is changed: if the second call computes something else. It must give
        the same results, bit for bit, from the same Values.

    Notes
    -----
    The gradients are exact, and so is their order of addition within the function. A sum of gradients can differ in the
    last bit from that of the program without `checkpoint` where a Value is used inside the function and outside:
    all that the function adds is added in one go, but a backward pass that sees all nodes may visit others in between.

    The second call happens at the point of the first one: if leaves were set since, they are set back while it lasts;
    a thread that reads them meanwhile sees that. What the function does besides computing it does twice, such as
    counting its calls; and a leaf that it makes itself gets no gradient. It must not wait for other threads, which may
    be waiting for this `backward`.

    Where all nodes are needed, they are kept, and the function is just called: while a program is recorded
    (`autograd.compile`), in functions that are being differentiated (`grad`, `hessian`, ...), and if the function sets
    a leaf. Inside `no_grad` there are none anyway.

    A function that holds its own result, in a list that it knows perhaps, is freed by Python's garbage collector. If it
    holds what was computed from the result, it keeps itself for good, as an operation with a cache does; see `op`.

    Examples
    --------
    >>> w = Value(0.5)
    >>> def step(h):
    ...     for _ in range(100):
    ...         h = (w * h).tanh() + 1
    ...     return h
    >>> h = Value(1.0)
    >>> for _ in range(100):
    ...     h = checkpoint(step, h)
    >>> h.op.name, len(h.operands)
    ('checkpoint', 2)
    >>> h.backward()
    >>> round(w.grad, 9)
    1.207150135
    """
    if not callable(function):
        raise TypeError(
            f"checkpoint takes a function and its arguments, not {type(function).__name__}: {function!r:.60}"
        )
    for name, flag in (("use_reentrant", use_reentrant), ("preserve_rng_state", preserve_rng_state)):
        if not isinstance(flag, bool):
            raise TypeError(f"{name} must be True or False, not {flag!r:.60}")
    if use_reentrant:
        raise ValueError(
            "use_reentrant must be False: the variant that gives gradients to the arguments alone is not implemented"
        )
    watch = current_watch()
    if not recording() or in_force(runs) or (watch is not None and watch.needs_all_nodes):
        return function(*args, **kwargs)
    return _Record(function, args, kwargs, preserve_rng_state).call_first_time()


def checkpoint_sequential(
    functions: Iterable[Callable[[Any], Any]],
    segments: int,
    input: Any,
    use_reentrant: bool = False,
    *,
    preserve_rng_state: bool = True,
) -> Any:
    """Call functions one after the other, each with the result of the one before, in checkpointed segments.

    The last segment is not checkpointed, because `backward` begins there. It is PyTorch's
    ``torch.utils.checkpoint.checkpoint_sequential``.

    Parameters
    ----------
    functions : iterable of callables
        For instance the layers of a ``nn.Sequential``.
    segments : int
        How many segments; the last one takes what is left over.
    input : object
        What the first function is called with.
    use_reentrant, preserve_rng_state
        As in `checkpoint`.

    Raises
    ------
    ValueError
        If there are not between 1 and ``len(functions)`` segments.

    Examples
    --------
    >>> x = Value(0.5)
    >>> y = checkpoint_sequential([Value.sin, Value.exp, Value.tanh], 2, x)
    >>> y.backward()
    >>> y.data == x.sin().exp().tanh().data
    True
    """
    steps = list(functions)
    if not hasattr(segments, "__index__") or not 1 <= segments <= len(steps):
        raise ValueError(
            f"segments must be a whole number between 1 and the number of functions, {len(steps)}, not {segments!r:.60}"
        )
    length = len(steps) // segments
    for start in range(0, length * (segments - 1), length):
        segment = _Chain(steps[start : start + length])
        input = checkpoint(segment, input, use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state)
    return _Chain(steps[length * (segments - 1) :])(input)


class _Chain:
    """Functions called one after the other."""

    def __init__(self, steps: list[Callable[[Any], Any]]) -> None:
        self.steps = steps

    def __call__(self, x: Any) -> Any:
        for step in self.steps:
            x = step(x)
        return x


class _Record:
    """A checkpointed function: what it was called with, where and when, and what it returned and used."""

    op: Op = CHECKPOINT

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], preserve_rng_state: bool
    ) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.place: Place | None = sit().place
        self.rounding = rounding()
        self.preserve = preserve_rng_state
        self.random: Any = None  # the state of Python's random numbers before the first call, if it used any
        self.origin: Origin = current_origin()  # of the first call
        self.outer_results: tuple[Value, ...] = ()  # the results from outside that the function used
        self.rows: list[tuple[Value, ...]] = []  # and the leaves, in rows as `interior` finds them
        self.part_positions: list[int] = []  # for each part, its position among the `_items` returned by the first call
        self.data: list[float] = []  # of the parts
        self.known_slopes: dict[int, tuple[float, ...]] = {}  # of parts, by number, as far as they were asked for
        self.sweep = 0  # the mark of the sweep that `received` belongs to
        self.received: list[tuple[int, float]] = []  # numbers of parts, and their gradients

    # --- the first call -------------------------------------------------------------------------------------------

    def call_first_time(self) -> Any:
        """Call the function, and return what it returns, with parts in place of the results that it made."""
        since = begin_section()
        self.origin = current_origin()
        generator = sys.modules.get("random") if self.preserve else None
        before = None if generator is None else generator.getstate()
        returned = self.function(*self.args, **self.kwargs)
        if generator is not None and generator.getstate() != before:
            self.random = before
        if current_origin().epoch is not self.origin.epoch:
            return returned  # the function set a leaf, so its nodes have no single point to go back to: keep them
        made = _new_results(_items(returned), since)
        if not made:
            return returned
        outs = list(made.values())
        self.part_positions, self.data = list(made), [out._data for out in outs]
        _, self.outer_results, self.rows = interior(outs, since)
        if not self.outer_results and not any(self.rows):
            return returned
        parts = dict(zip(map(id, outs), make_parts(outs, self.outer_results, self)))
        return _map_items(returned, lambda item: parts.get(id(item), item))

    def operands(self) -> tuple[Value, ...]:
        """The Values outside the function that it used, each once."""
        return tuple({id(x): x for row in (self.outer_results, *self.rows) for x in row}.values())

    # --- further calls --------------------------------------------------------------------------------------------

    def receive(self, number: int, grad: float, mark: int) -> None:
        """Take the gradient of the part of this number, in the sweep that `mark` stands for."""
        if self.sweep != mark:
            self.sweep, self.received = mark, []
        self.received.append((number, grad))

    def flow_back(self, mark: int, leaves: list[tuple[Value, float]]) -> None:
        """Propagate the gradients of the parts to the operands, through a graph that only lives during this call."""
        received, self.received = self.received, []

        def flow(outs: list[Value], order: list[Value], since: int) -> None:
            # In the order of a walk without checkpoints, which would not have seen results that nothing used.
            numbers = [number for number, _ in reversed(received)]
            if numbers != list(range(len(outs))):
                order = interior([outs[number] for number in numbers], since)[0]
            for number, grad in received:
                outs[number]._grad = grad
            flow_back(order, mark, leaves)

        self._run_again(flow)

    def slopes(self, number: int) -> tuple[float, ...]:
        """d(part)/d(operand) for each operand; the ``grad`` of nodes is neither used nor changed."""

        def differentiate(outs: list[Value], order: list[Value], since: int) -> None:
            gradients = {id(outs[number]): 1.0}
            for node in reversed(order):
                gradient = gradients.get(id(node))
                if gradient is not None:
                    for x, slope in zip(node.operands, node.partials):
                        gradients[id(x)] = gradients.get(id(x), 0.0) + slope * gradient
            self.known_slopes[number] = tuple([gradients.get(id(x), 0.0) for x in self.operands()])

        if number not in self.known_slopes:
            self._run_again(differentiate)
        return self.known_slopes[number]

    def _run_again(self, use: Callable[[list[Value], list[Value], int], None]) -> None:
        """Run the function again at the point of the first call, and call `use` with its graph at the same point."""
        run_again(lambda: self._run_at_first_point(use))

    def _run_at_first_point(self, use: Callable[[list[Value], list[Value], int], None]) -> None:
        overwritten = overwritten_since(self.origin.epoch)
        leaves = self.operands() if overwritten else ()
        set_since = [x for x in leaves if repr(overwritten.get(id(x), x._data)) != repr(x._data)]
        if not set_since:
            self._run_and_check(use)
            return
        now = [x._data for x in set_since]
        try:
            write(set_since, [overwritten[id(x)] for x in set_since])
            self._run_and_check(use)
        finally:
            stopped: list[BaseException] = []
            while len(stopped) < ATTEMPTS:
                try:
                    write(set_since, now)
                    break
                except BaseException as error:  # the leaves must get their data back: try again
                    stopped.append(error)
            if stopped:
                raise stopped.pop()

    def _run_and_check(self, use: Callable[[list[Value], list[Value], int], None]) -> None:
        """Call the function with the place and random numbers of the first call, check its graph, and call `use`."""
        since, seat = begin_section(), sit()
        place, epoch = seat.place, current_origin().epoch
        generator = None if self.random is None else sys.modules["random"]
        state = None if generator is None else generator.getstate()
        try:
            seat.place = self.place
            if generator is not None:
                generator.setstate(self.random)
            returned = self._call_in_first_modes()
        finally:
            seat.place = place
            if generator is not None:
                generator.setstate(state)
        if current_origin().epoch is not epoch:
            self._refuse("it sets a leaf, which it did not do the first time")
        use(*self._checked_graph(returned, since), since)

    def _call_in_first_modes(self) -> Any:
        """What the function returns in the modes of the first call. Opening blocks takes time: only if needed."""
        if not recording():
            with enable_grad():
                return self._call_in_first_modes()
        if rounding() is not self.rounding:
            with self.rounding or precision("float64"):
                return self._call_in_first_modes()
        return self.function(*self.args, **self.kwargs)

    def _checked_graph(self, returned: Any, since: int) -> tuple[list[Value], list[Value]]:
        """The results of another call and all nodes behind them, once they are found to be those of the first call."""
        made = _new_results(_items(returned), since)
        if list(made) != self.part_positions:
            self._refuse(
                f"it returned {len(self.part_positions)} results of its own, and now {len(made)}, or in other places"
            )
        outs = list(made.values())
        for number, (out, data) in enumerate(zip(outs, self.data)):
            if repr(out._data) != repr(data):
                self._refuse(f"its result {number} was {data!r}, and is {out._data!r} now")
        order, outer_results, rows = interior(outs, since)
        if not _same([outer_results, *rows], [self.outer_results, *self.rows]):
            first, now = [{id(x): x for row in found for x in row} for found in (self.rows, rows)]
            first.update({id(x): x for x in self.outer_results})
            now.update({id(x): x for x in outer_results})
            for x in [first[key] for key in first.keys() - now.keys()]:
                self._refuse(f"it used {x.describe()} only the first time")
            for x in [now[key] for key in now.keys() - first.keys()]:
                self._refuse(f"it uses {x.describe()} only this time")
        return outs, order

    def _refuse(self, why: str) -> NoReturn:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        raise RuntimeError(
            f"the checkpointed function {name} computes something different when it runs again for the gradient: "
            f"{why}. It must do the same both times; random numbers repeat only if they come from Python's module "
            "random"
        )


def _same(some: list[tuple[Value, ...]], others: list[tuple[Value, ...]]) -> bool:
    """Whether two lists of rows hold the very same Values, in the same order."""
    pairs = list(zip(some, others))
    return len(some) == len(others) and all(a is b or (len(a) == len(b) and all(map(is_, a, b))) for a, b in pairs)


# --- what functions return ------------------------------------------------------------------------------------------


def _new_results(items: list[Any], since: int) -> dict[int, Value]:
    """Those items that are results made since the section `since` began, each once, by position."""
    made: dict[int, Value] = {}
    seen: set[int] = set()
    for position, item in enumerate(items):
        if isinstance(item, Value) and id(item) not in seen:
            origin = item._place
            if item.op is not None and isinstance(origin, Origin) and origin.section >= since:
                made[position] = item
                seen.add(id(item))
    return made


def _items(x: Any) -> list[Any]:
    """The items in a nesting of lists, tuples, dicts and arrays of objects, in order."""
    found: list[Any] = []

    def find(item: Any) -> Any:
        found.append(item)
        return item

    _map_items(x, find)
    return found


def _map_items(x: Any, change: Callable[[Any], Any]) -> Any:
    """A copy of the nesting with `change` applied to each item; of containers, only tuples may change their class."""
    twin: Any
    if isinstance(x, list):
        twin = copy(x)
        twin[:] = [_map_items(item, change) for item in x]
        return twin
    if isinstance(x, dict):
        twin = copy(x)
        twin.update([(key, _map_items(item, change)) for key, item in x.items()])
        return twin
    if isinstance(x, tuple):
        items = [_map_items(item, change) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    if getattr(x, "ndim", 0) > 0 and getattr(x.dtype, "kind", "") == "O":
        twin = copy(x)
        for position in range(x.size):
            twin.flat[position] = _map_items(x.flat[position], change)
        return twin
    return change(x)
