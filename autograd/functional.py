"""Differentiating functions: `grad`, `value_and_grad`, `jacobian`, `hessian`, `jvp` and `hvp`.

Each takes a function of numbers and returns a function of numbers, or takes the point and the direction as well;
the names and conventions are those of JAX and HIPS Autograd. An argument is a number or any nesting of lists,
tuples, dicts and NumPy arrays of numbers, and its gradient has the same shape. The function is run once on fresh
Values, and the graph that this records is walked here, without touching the ``grad`` of any Value.

Handed Values instead of numbers, the derivatives are Values too, made by the same rules of ``ops`` and ready to be
differentiated again: that is all there is to ``grad(grad(f))``.
"""

from __future__ import annotations

import threading

from . import ops
from .ieee import to_float
from .modes import concrete, current_watch, enable_grad, recording, unwatched
from .value import Constant, Value, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TypeAlias

    Number: TypeAlias = Value | float


# --- nested arguments -----------------------------------------------------------------------------------------


def _is_array(x: object) -> bool:
    return getattr(x, "ndim", 0) > 0


def leaves(x: Any) -> list[Any]:
    """The numbers in a nesting of lists, tuples, dicts and arrays, in order.

    Examples
    --------
    >>> leaves([1, (2, {"a": 3})])
    [1, 2, 3]
    """
    found: list[Any] = []
    if isinstance(x, dict):
        x = list(x.values())
    elif _is_array(x):
        return list(x.ravel().tolist())
    if not isinstance(x, (list, tuple)):
        return [x]
    for item in x:
        found.extend(leaves(item))
    return found


def leaves_like(x: Any, like: Any) -> list[Any]:
    """The numbers in `x`, which must be nested as `like` is; in the order of `like`, whose dicts may have another.

    Raises
    ------
    ValueError
        If they are not nested alike.

    Examples
    --------
    >>> leaves_like({"b": 2, "a": 1}, like={"a": 0.0, "b": 0.0})
    [1, 2]
    """
    if isinstance(like, dict):
        if isinstance(x, dict) and x.keys() == like.keys():
            return [number for key in like for number in leaves_like(x[key], like[key])]
    elif _is_array(like):
        if getattr(x, "shape", None) == like.shape:
            return leaves(x)
    elif isinstance(like, (list, tuple)):
        if isinstance(x, (list, tuple)) and len(x) == len(like):
            return [number for item, model in zip(x, like) for number in leaves_like(item, model)]
    elif not isinstance(x, (list, tuple, dict)) and not _is_array(x):
        return [x]
    raise ValueError(f"{x!r:.60} does not have the shape of {like!r:.60}; there must be one tangent for each number")


def rebuild(x: Any, numbers: Iterator[Any]) -> Any:
    """The nesting `x` with its numbers replaced by `numbers`, in order.

    Examples
    --------
    >>> rebuild([1, (2, 3)], iter("abc"))
    ['a', ('b', 'c')]
    """
    if isinstance(x, dict):
        return {key: rebuild(item, numbers) for key, item in x.items()}
    if _is_array(x):
        return _array([next(numbers) for _ in range(x.size)], x.shape)
    if isinstance(x, list):
        return [rebuild(item, numbers) for item in x]
    if isinstance(x, tuple):
        items = [rebuild(item, numbers) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    return next(numbers)


def _array(items: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of `shape` from its items, which may be numbers, Values or arrays of one shape."""
    import numpy as np

    if items and all(_is_array(item) for item in items):
        return np.stack(items).reshape(shape + items[0].shape)
    if all(isinstance(item, float) for item in items):
        return np.array(items, dtype=float).reshape(shape)
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(shape)


# --- running the function ---------------------------------------------------------------------------------------


_running = threading.local()  # `inputs`: those of the functions that are being run, from the outermost inwards


class _Trace:
    """One run of `f` on fresh Values in place of the numbers in the arguments at `argnums`.

    A Value among the arguments belongs to a graph outside. It is replaced by a copy that is linked to it, so that
    what `f` reaches by other ways is not mistaken for its argument, and yet the outside can differentiate the
    result. `nested` says that it may want to: the arguments are Values, or `f` uses an input of a function that is
    being differentiated around it. If not, derivatives are plain numbers. But where the numbers are `unknown`, for a
    program is recorded that is to run on others, they are Values that have no derivatives.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        argnums: int | Sequence[int],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: str,
    ) -> None:
        if not callable(f):
            raise TypeError(f"{name} takes a function, not {type(f).__name__}: {f!r}")
        self.single = not hasattr(argnums, "__iter__")
        self.argnums = list(argnums) if hasattr(argnums, "__iter__") else [argnums]
        for n in self.argnums:
            if not hasattr(n, "__index__") or not -len(args) <= n < len(args):
                raise TypeError(f"{name} was to differentiate argument {n!r} of a call with {len(args)} arguments")
        self.argnums = [n % len(args) for n in self.argnums]
        self.arguments = {n: args[n] for n in self.argnums}
        points = [x if isinstance(x, Value) else to_float(x, name) for x in leaves(self.arguments)]
        self.nested = any(isinstance(x, Value) for x in points)
        self.inputs = [ops.positive(x) if isinstance(x, Value) else Value(x) for x in points]
        replaced = list(args)
        for n, argument in rebuild(self.arguments, iter(self.inputs)).items():
            replaced[n] = argument
        around: list[Value] = getattr(_running, "inputs", [])
        _running.inputs = around + self.inputs
        try:
            if recording():
                self.out = f(*replaced, **kwargs)
            else:
                # Outside of this block nothing is recorded: the copies above are leaves, with nothing behind them.
                self.nested = False
                with enable_grad():
                    self.out = f(*replaced, **kwargs)
                around = []
        finally:
            _running.inputs = _running.inputs[: len(_running.inputs) - len(self.inputs)]
        self.unknown = not all(map(concrete, leaves(self.out)))
        if around and not self.nested:
            outer = set(around)
            outs = [out for out in leaves(self.out) if isinstance(out, Value)]
            self.nested = not outer.isdisjoint(outs) or any(
                not outer.isdisjoint(node.operands) for out in outs for node in _nodes(out)
            )

    def shaped(self, derivatives: Sequence[Number]) -> Any:
        """Derivatives with respect to the inputs in the shape of the argument, or tuple of arguments."""
        shaped = rebuild(self.arguments, iter(derivatives))
        return shaped[self.argnums[0]] if self.single else tuple([shaped[n] for n in self.argnums])

    def number(self, x: Any) -> Number:
        """A result as the caller sees it: a float, or a Value if the caller's numbers are Values."""
        if self.nested:
            return x if isinstance(x, Value) else Value(x)
        if isinstance(x, Value):
            return x.detach() if self.unknown else x._data
        return to_float(x)

    def slopes(self, node: Value) -> Sequence[Number]:
        """The local partials of a node: what was computed with it, or Values if they are to be differentiated."""
        if node.op is None or not (self.nested or self.unknown):
            return node.partials
        operands = node.operands
        if node.op is ops.pow and isinstance(operands[1], Constant):
            slopes: tuple[Number, ...] = (ops.power_slope(operands[0], operands[1]._data), 0.0)
        else:
            with unwatched():  # a partial that nobody needs may be nan
                slopes = node.op.partials(*operands, node)
        for slope, computed in zip(slopes, node.partials):
            now = float_of(slope)
            if now != computed and now == now:
                names = ", ".join([x.describe() for x in operands if x.op is None])
                raise RuntimeError(
                    f"one of {names} was set after {node.describe()} was computed from it, so the gradient at the old "
                    "point is lost; set Values before they are used"
                )
        return slopes

    def active(self, out: object) -> list[Value]:
        """The nodes between the inputs and `out`, operands first."""
        reached: set[Value] = set(self.inputs)
        order = []
        for node in _nodes(out):
            if node not in reached and any(x in reached for x in node.operands):
                reached.add(node)
                order.append(node)
        return order

    def gradient(self, out: Any) -> list[Number]:
        """d(out)/d(input) for each input, by reverse accumulation."""
        adjoints: dict[Value, Number] = {out: 1.0} if isinstance(out, Value) else {}
        order = self.active(out)
        active = {*self.inputs, *order}
        watch = current_watch()
        for node in reversed(order):
            adjoint = adjoints.pop(node)
            for x, slope in zip(node.operands, self.slopes(node)):
                if x in active:
                    if watch is not None:
                        watch.flowed(node, x, *map(float_of, (adjoints.get(x, 0.0), slope, adjoint)))
                    flow = _times(slope, adjoint)
                    adjoints[x] = adjoints[x] + flow if x in adjoints else flow
        return [self.number(adjoints.get(x, 0.0)) for x in self.inputs]

    def tangent(self, out: Any, directions: Sequence[Number]) -> Number:
        """The derivative of `out` along `directions`, one number for each input, by forward accumulation."""
        tangents: dict[Value, Number] = dict(zip(self.inputs, directions))
        watch = current_watch()
        for node in self.active(out):
            moved = []
            for x, slope in zip(node.operands, self.slopes(node)):
                if x in tangents:
                    if watch is not None:
                        watch.flowed(node, x, 0.0, float_of(slope), float_of(tangents[x]))
                    moved.append(_times(slope, tangents[x]))
            tangents[node] = ops.sum.forward(*moved)
        return self.number(tangents.get(out, 0.0) if isinstance(out, Value) else 0.0)


def _nodes(out: object) -> list[Value]:
    return walk(out) if isinstance(out, Value) and out.op is not None else []


def float_of(x: Number) -> float:
    """The number itself, of a Value or a float.

    Examples
    --------
    >>> float_of(Value(2.0)), float_of(2.0)
    (2.0, 2.0)
    """
    return x._data if isinstance(x, Value) else x


def _times(slope: Number, flow: Number) -> Number:
    """slope * flow; no node is made for a factor that is the number 1."""
    if slope.__class__ is float and slope == 1.0:
        return flow
    if flow.__class__ is float and flow == 1.0:
        return slope
    return slope * flow


def _scalar(trace: _Trace, f: Callable[..., Any], name: str) -> Any:
    out = trace.out
    if isinstance(out, Value):
        return out
    try:
        return to_float(out)
    except TypeError:
        raise TypeError(
            f"{name} needs a function that returns one number, but {getattr(f, '__name__', f)!s} returned "
            f"{type(out).__name__}; use jacobian for several outputs"
        ) from None


# --- what users call ------------------------------------------------------------------------------------------


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., tuple[Any, Any]]:
    """A function that returns both f's value and its gradient.

    Parameters
    ----------
    f : callable
        A function of numbers that returns one number.
    argnums : int or sequence of int
        Which positional argument, or arguments, to differentiate with respect to.

    Returns
    -------
    callable
        With f's arguments; returns ``(value, gradient)``. The gradient has the shape of the argument, or is a
        tuple of such if `argnums` is a sequence. ``scipy.optimize.minimize(value_and_grad(f), x0, jac=True)``
        takes it as it is.

    Raises
    ------
    TypeError
        When called: if an argument holds anything but numbers, if f returns anything but one number, if there
        is no argument `argnums`.

    Examples
    --------
    >>> value_and_grad(lambda x: x[0] * x[1])([3.0, 4.0])
    (12.0, [4.0, 3.0])
    """

    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        trace = _Trace(f, argnums, args, kwargs, "grad")
        out = _scalar(trace, f, "grad")
        return trace.number(out), trace.shaped(trace.gradient(out))

    return value_and_gradient


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The gradient of f as a function; it can be differentiated again, to any order.

    Parameters and errors are those of `value_and_grad`.

    Examples
    --------
    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    both = value_and_grad(f, argnums)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The derivative of every output of f with respect to every number of an argument.

    Returns
    -------
    callable
        Its result has the shape of f's output, with the shape of the argument in place of each number: for
        lists a list of rows, for arrays one array of shape ``output.shape + argument.shape``.

    Examples
    --------
    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """

    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, argnums, args, kwargs, "jacobian")
        rows = [trace.shaped(trace.gradient(_checked(out, "jacobian"))) for out in leaves(trace.out)]
        return rebuild(trace.out, iter(rows))

    return jacobian_of_f


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The second derivatives of f: the Jacobian of its gradient.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def jvp(f: Callable[..., Any], primals: Iterable[Any], tangents: Iterable[Any]) -> tuple[Any, Any]:
    """f at a point, and its derivative along a direction (Jacobian times vector).

    Parameters
    ----------
    f : callable
        A function of numbers that returns numbers, in any nesting.
    primals : sequence
        The arguments of f.
    tangents : sequence
        The direction: for each argument the same nesting of numbers.

    Returns
    -------
    tuple
        ``(f(*primals), derivative)``, both in the shape of f's output.

    Raises
    ------
    TypeError, ValueError
        If primals and tangents do not have the same shape, or hold anything but numbers.

    Examples
    --------
    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
    (12.0, 4.0)
    """
    primals, tangents = tuple(primals), tuple(tangents)
    directions = [_checked(x, "jvp") for x in leaves_like(tangents, like=primals)]
    trace = _Trace(f, range(len(primals)), primals, {}, "jvp")
    trace.nested = trace.nested or any(isinstance(x, Value) for x in directions)
    outs = [_checked(out, "jvp") for out in leaves(trace.out)]
    return (
        rebuild(trace.out, iter([trace.number(out) for out in outs])),
        rebuild(trace.out, iter([trace.tangent(out, directions) for out in outs])),
    )


def hvp(f: Callable[..., Any], primals: Iterable[Any], tangents: Iterable[Any]) -> Any:
    """The Hessian of f's first argument times a vector, without forming the Hessian.

    Parameters are those of `jvp`; f returns one number.

    Examples
    --------
    >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 4.0],), ([1.0, 0.0],))
    [8.0, 6.0]
    """
    return jvp(grad(f), primals, tangents)[1]


def _checked(x: Any, name: str) -> Number:
    return x if isinstance(x, Value) else to_float(x, name)
