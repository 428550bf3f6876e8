"""Differentiating functions: `grad`, `jacobian`, `hessian`, `jvp`, `vjp` and the like.

Each takes a function of numbers and returns a function of numbers, or takes the point and the direction as well;
the names and conventions are those of JAX and HIPS Autograd. An argument is a number or any nesting of lists,
tuples, dicts and NumPy arrays of numbers, and its gradient has the same shape. The function is run once on fresh
Values, and this module walks the recorded graph, without touching the ``grad`` of any Value.

If the arguments are Values instead of numbers, the derivatives are Values too, made by the same rules of ``ops`` and
ready to be differentiated again; ``grad(grad(f))`` needs nothing else.
"""

from __future__ import annotations

import warnings

from . import ops
from .ieee import to_float
from .modes import Run, concrete, current_watch, enable_grad, precision, recording, rounding, runs_here, unwatched
from .value import Value, walk
from .value import rebuild as node_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TypeAlias

    Number: TypeAlias = Value | float


# --- nested arguments -----------------------------------------------------------------------------------------


def _is_array(x: object) -> bool:
    return x.__class__ is not float and getattr(x, "ndim", 0) > 0


def _bare(x: Any) -> Any:
    """x, taken out of the 0-d array of objects in which NumPy, for instance `np.where`, returns a single Value."""
    return x.item() if getattr(x, "ndim", None) == 0 and getattr(getattr(x, "dtype", None), "kind", "") == "O" else x


def mapped(x: Any, change: Callable[[Any], Any]) -> Any:
    """The nesting x of lists, tuples and dicts, with `change` made to everything in it but None.

    Examples
    --------
    >>> mapped([1, (2, {"a": 3}), None], lambda item: 10 * item)
    [10, (20, {'a': 30}), None]
    """
    if x is None:
        return None
    if isinstance(x, dict):
        return {key: mapped(item, change) for key, item in x.items()}
    if isinstance(x, list):
        return [mapped(item, change) for item in x]
    if isinstance(x, tuple):
        items = [mapped(item, change) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    return change(x)


def leaves(x: Any) -> list[Any]:
    """The numbers in a nesting of lists, tuples, dicts and arrays, in order. None is not a number, and is left out.

    Examples
    --------
    >>> leaves([1, (2, {"a": 3}), None])
    [1, 2, 3]
    """
    found: list[Any] = []
    mapped(x, lambda item: found.extend(item.ravel().tolist() if _is_array(item) else [_bare(item)]))
    return found


def leaves_like(x: Any, like: Any) -> list[Any]:
    """The numbers in `x`, which must be nested as `like` is. Their order is that of `like`, also within dicts.

    Raises
    ------
    ValueError
        If they are not nested alike.

    Examples
    --------
    >>> leaves_like({"b": 2, "a": 1}, like={"a": 0.0, "b": 0.0})
    [1, 2]
    """
    if like is None:
        if x is None:
            return []
    elif isinstance(like, dict):
        if isinstance(x, dict) and x.keys() == like.keys():
            return [number for key in like for number in leaves_like(x[key], like[key])]
    elif _is_array(like):
        if getattr(x, "shape", None) == like.shape:
            return leaves(x)
    elif isinstance(like, (list, tuple)):
        if isinstance(x, (list, tuple)) and len(x) == len(like):
            return [number for item, model in zip(x, like) for number in leaves_like(item, model)]
    elif not isinstance(x, (list, tuple, dict)) and not _is_array(x) and x is not None:
        return [x]
    raise ValueError(
        f"{x!r:.60} does not have the shape of {like!r:.60}; there must be one tangent, or cotangent, for each number"
    )


def rebuild(x: Any, numbers: Iterator[Any]) -> Any:
    """The nesting `x` with its numbers replaced by `numbers`, in order.

    Examples
    --------
    >>> rebuild([1, (2, 3)], iter("abc"))
    ['a', ('b', 'c')]
    """

    def change(item: Any) -> Any:
        return _array([next(numbers) for _ in range(item.size)], item.shape) if _is_array(item) else next(numbers)

    return mapped(x, change)


def _array(items: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of `shape` from its items, numbers or Values."""
    import numpy as np

    if all(isinstance(item, float) for item in items):
        return np.array(items, dtype=float).reshape(shape)
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(shape)


# --- running the function ---------------------------------------------------------------------------------------


class _Trace:
    """One run of `f` on fresh Values in place of the numbers in the arguments at `argnums`.

    A Value among the arguments belongs to an outer graph. It is replaced by a new node of which it is the only operand:
    so if `f` uses the Value itself too, from a closure perhaps, that does not count as using its argument, and yet the
    outer graph can differentiate the result. `nested` says whether it may: the arguments are Values, or `f` uses an
    input of an enclosing function that is being differentiated. If not, derivatives are plain numbers; but while a
    program is recorded, whose numbers are `unknown`, they are detached Values.
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
            raise TypeError(f"{name} takes a function, not {type(f).__name__}: {f!r:.60}")
        self.name, self.function_name = name, str(getattr(f, "__name__", type(f).__name__))
        self.single = not hasattr(argnums, "__iter__")
        self.argnums = list(argnums) if hasattr(argnums, "__iter__") else [argnums]
        for n in self.argnums:
            if not hasattr(n, "__index__") or not -len(args) <= n < len(args):
                raise TypeError(f"{name} cannot differentiate argument {n!r} of a call with {len(args)} arguments")
        self.argnums = [n % len(args) for n in self.argnums]
        self.arguments = {n: args[n] for n in self.argnums}
        points = [x if isinstance(x, Value) else to_float(x, name) for x in leaves(self.arguments)]
        self.nested = any(isinstance(x, Value) for x in points)
        self.inputs = [ops.positive(x) if isinstance(x, Value) else Value(x) for x in points]
        replaced = list(args)
        for n, argument in rebuild(self.arguments, iter(self.inputs)).items():
            replaced[n] = argument
        outer_inputs = [x for run in runs_here() for x in run.inputs]
        self.run = Run(self.inputs)
        with self.run:
            if recording():
                self.out = f(*replaced, **kwargs)
            else:
                # Inside `no_grad` the inputs above are leaves, so no outer graph can differentiate the result.
                self.nested, outer_inputs = False, []
                with enable_grad():
                    self.out = f(*replaced, **kwargs)
        self.unknown = not all(map(concrete, leaves(self.out)))
        if outer_inputs and not self.nested:
            outer = set(map(id, outer_inputs))
            outs = [out for out in leaves(self.out) if isinstance(out, Value)]
            self.nested = any(id(out) in outer for out in outs) or any(
                id(x) in outer for node in _nodes(outs) for x in node.operands
            )

    def shaped(self, derivatives: Sequence[Number]) -> Any:
        """Derivatives with respect to the inputs in the shape of the argument, or tuple of arguments."""
        return self._of_arguments(rebuild(self.arguments, iter(derivatives)))

    def _of_arguments(self, shaped: dict[int, Any]) -> Any:
        return shaped[self.argnums[0]] if self.single else tuple([shaped[n] for n in self.argnums])

    def split_aux(self, has_aux: bool) -> Any:
        """With `has_aux`, leave only f's result in `out`, and return the rest, each Value as `number` gives it."""
        if not has_aux:
            return None
        if not isinstance(self.out, tuple) or len(self.out) != 2:
            raise TypeError(
                f"with has_aux=True {self.function_name} must return a pair, its result and anything else, not "
                f"{type(self.out).__name__}: {self.out!r:.60}"
            )
        self.out, aux = self.out

        def change(item: Any) -> Any:
            if isinstance(item, Value):
                return self.number(item)
            if _is_array(item) and item.dtype == object:
                return rebuild(item, iter([self.number(x) if isinstance(x, Value) else x for x in leaves(item)]))
            return item

        return mapped(aux, change)

    def one_number(self) -> Number:
        """What `f` returned, which must be one number.

        Raises
        ------
        TypeError
            If it is anything else.
        """
        out = _bare(self.out)
        if isinstance(out, Value):
            return out
        try:
            number = to_float(out)
        except TypeError:
            raise TypeError(
                f"{self.name} needs a function that returns one number, but {self.function_name} returned "
                f"{type(out).__name__}; use jacobian for several outputs"
            ) from None
        if self.run.read:
            warnings.warn(
                f"{self.function_name} returned a plain number, {number!r}, whose derivative is 0, and it read the "
                f".data of a Value; for {self.name} it has to compute with the Values themselves",
                stacklevel=4,
            )
        return number

    def numbers(self) -> list[Number]:
        """All numbers that `f` returned."""
        return [_checked(out, self.name) for out in leaves(self.out)]

    def blocks(self, rows: Sequence[Sequence[Number]]) -> Any:
        """The matrix of derivatives, which has a row for each number in f's output, in the nesting of that output.

        Each number or array of the output is replaced by the nesting of the argument; in that, each number or array is
        replaced by a number or array whose axes are those of the output, then those of the argument.
        """
        remaining = iter(rows)

        def block(out: Any) -> Any:
            own = [next(remaining) for _ in range(out.size if _is_array(out) else 1)]
            columns = iter(list(zip(*own)) if own else [()] * len(self.inputs))

            def entry(x: Any) -> Any:
                picked = [next(columns) for _ in range(x.size if _is_array(x) else 1)]
                if not _is_array(out) and not _is_array(x):
                    return picked[0][0]
                shape = (out.shape if _is_array(out) else ()) + (x.shape if _is_array(x) else ())
                return _array([column[k] for k in range(len(own)) for column in picked], shape)

            return self._of_arguments(mapped(self.arguments, entry))

        return mapped(self.out, block)

    def number(self, x: Any) -> Number:
        """A result as the caller gets it: a float, or a Value if it is `nested` or its number `unknown`."""
        if self.nested:
            return x if isinstance(x, Value) else Value(x)
        if isinstance(x, Value):
            return x.detach() if self.unknown else x._data
        return to_float(x)

    def local_partials(self, node: Value) -> Sequence[Number]:
        """The local partials of a node: those that were computed with it, or Values if they may be differentiated."""
        if node.op is None or not (self.nested or self.unknown):
            return node.partials
        operands = node.operands
        if current_watch() is None and rounding() is None:
            slopes: Sequence[Number] = node.op.partials(*operands, node)
        else:
            with unwatched(), precision("float64"):  # unused partials may be nan; partials are not rounded
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

    def active_nodes(self, outs: Sequence[Any]) -> list[Value]:
        """The nodes that depend on an input and that `outs` depend on, operands first."""
        reached = set(map(id, self.inputs))
        order = []
        for node in _nodes(outs):
            if id(node) not in reached and not reached.isdisjoint(map(id, node.operands)):
                reached.add(id(node))
                order.append(node)
        return order

    def gradient(self, outs: Sequence[Number], seeds: Sequence[Number] = (1.0,)) -> list[Number]:
        """The derivatives of the sum of seeds times `outs` with respect to each input, by reverse accumulation."""
        plus, times = _arithmetic()
        adjoints: dict[int, Number] = {}
        for out, seed in zip(outs, seeds):
            adjoints[id(out)] = plus(adjoints[id(out)], seed) if id(out) in adjoints else seed
        order = self.active_nodes(outs)
        active_ids = {*map(id, self.inputs), *map(id, order)}
        watch = current_watch()
        for node in reversed(order):
            adjoint = adjoints.pop(id(node), 0.0)
            for x, slope in zip(node.operands, self.local_partials(node)):
                key = id(x)
                if key in active_ids:
                    if watch is not None:
                        watch.flowed(node, x, *map(float_of, (adjoints.get(key, 0.0), slope, adjoint)))
                    flow = times(slope, adjoint)
                    adjoints[key] = plus(adjoints[key], flow) if key in adjoints else flow
        return [self.number(adjoints.get(id(x), 0.0)) for x in self.inputs]

    def tangents(self, outs: Sequence[Number], directions: Sequence[Number]) -> list[Number]:
        """The derivatives of `outs` along `directions`, one number for each input, by forward accumulation."""
        plus, times = _arithmetic()
        tangents: dict[int, Number] = dict(zip(map(id, self.inputs), directions))
        watch = current_watch()
        for node in self.active_nodes(outs):
            moved: Number | None = None
            for x, slope in zip(node.operands, self.local_partials(node)):
                if id(x) in tangents:
                    if watch is not None:
                        watch.flowed(node, x, 0.0, float_of(slope), float_of(tangents[id(x)]))
                    flow = times(slope, tangents[id(x)])
                    moved = flow if moved is None else plus(moved, flow)
            tangents[id(node)] = 0.0 if moved is None else moved
        return [self.number(tangents.get(id(out), 0.0)) for out in outs]


def _nodes(outs: Sequence[Any]) -> list[Value]:
    """All results behind some outputs, operands first. `walk` takes one root, so a temporary sum joins the outputs."""
    results = tuple([out for out in outs if isinstance(out, Value) and out.op is not None])
    return walk(node_of(ops.sum, 0.0, results, (1.0,) * len(results)))[:-1] if results else []


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


def _plus(a: Number, b: Number) -> Number:
    return a + b


def _arithmetic() -> tuple[Callable[[Number, Number], Number], Callable[[Number, Number], Number]]:
    """The functions that add and multiply derivatives. In a `precision` block they round; Values do so themselves."""
    form = rounding()
    if form is None:
        return _plus, _times

    def in_format(x: Number) -> Number:
        return x if isinstance(x, Value) else form.round(x)

    return lambda a, b: in_format(a + b), lambda slope, flow: in_format(slope * flow)


def _checked(x: Any, name: str) -> Number:
    return x if isinstance(x, Value) else to_float(x, name)


# --- what users call ------------------------------------------------------------------------------------------


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False, argnum: Any = None
) -> Callable[..., tuple[Any, Any]]:
    """A function that returns both f's value and its gradient.

    Parameters
    ----------
    f : callable
        A function of numbers that returns one number.
    argnums : int or sequence of int
        Which positional argument, or arguments, to differentiate with respect to.
    has_aux : bool
        Whether f returns a pair: the number, and something else that is passed on.
    argnum : int or sequence of int, optional
        HIPS Autograd's name for `argnums`.

    Returns
    -------
    callable
        With f's arguments; returns ``(value, gradient)``, or ``((value, aux), gradient)``. The gradient has the shape
        of the argument, or is a tuple of such if `argnums` is a sequence; None in an argument stays None.
        ``scipy.optimize.minimize(value_and_grad(f), x0, jac=True)`` takes it as it is.

    Raises
    ------
    TypeError
        When called: if an argument holds anything but numbers, if f returns anything but one number, if there
        is not an argument `argnums`.

    Examples
    --------
    >>> value_and_grad(lambda x: x[0] * x[1])([3.0, 4.0])
    (12.0, [4.0, 3.0])
    """
    argnums = argnums if argnum is None else argnum

    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        trace = _Trace(f, argnums, args, kwargs, "grad")
        aux = trace.split_aux(has_aux)
        out = trace.one_number()
        value = trace.number(out)
        return (value, aux) if has_aux else value, trace.shaped(trace.gradient([out]))

    return value_and_gradient


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False, argnum: Any = None
) -> Callable[..., Any]:
    """The gradient of f as a function; it can be differentiated again, to any order.

    Parameters
    ----------
    f : callable
        A function of numbers that returns one number.
    argnums : int or sequence of int
        Which positional argument, or arguments, to differentiate with respect to.
    has_aux : bool
        Whether f returns a pair: the number, and something else that is passed on.
    argnum : int or sequence of int, optional
        HIPS Autograd's name for `argnums`.

    Returns
    -------
    callable
        With f's arguments; returns the gradient in the shape of the argument, or with `has_aux` ``(gradient, aux)``.

    Raises
    ------
    TypeError
        As for `value_and_grad`, when called.

    Examples
    --------
    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    both = value_and_grad(f, argnums, has_aux=has_aux, argnum=argnum)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, derivatives = both(*args, **kwargs)
        return (derivatives, value[1]) if has_aux else derivatives

    return gradient


def elementwise_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, argnum: Any = None
) -> Callable[..., Any]:
    """The derivative of a function that maps each number of an array by itself, at each of them.

    It is the gradient of the sum of all that f returns, as in HIPS Autograd; if f does mix its numbers, it is still the
    gradient of that sum.

    Parameters
    ----------
    f : callable
        A function of numbers that returns numbers, in any nesting.
    argnums : int or sequence of int
        Which positional argument, or arguments, to differentiate with respect to.
    argnum : int or sequence of int, optional
        HIPS Autograd's name for `argnums`.

    Returns
    -------
    callable
        With f's arguments; returns derivatives in the shape of the argument.

    Examples
    --------
    >>> import numpy as np
    >>> elementwise_grad(lambda x: x**3)(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    argnums = argnums if argnum is None else argnum

    def slopes(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, argnums, args, kwargs, "elementwise_grad")
        outs = trace.numbers()
        return trace.shaped(trace.gradient(outs, [1.0] * len(outs)))

    return slopes


def jacobian(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False, argnum: Any = None
) -> Callable[..., Any]:
    """The derivative of every output of f with respect to every number of an argument, by reverse accumulation.

    Parameters
    ----------
    f : callable
        A function of numbers that returns numbers, in any nesting.
    argnums : int or sequence of int
        Which positional argument, or arguments, to differentiate with respect to.
    has_aux : bool
        Whether f returns a pair: the numbers, and something else that is passed on.
    argnum : int or sequence of int, optional
        HIPS Autograd's name for `argnums`.

    Returns
    -------
    callable
        Its result has the shape of f's output, with the shape of the argument in place of each number or array: for
        lists a list of rows, for arrays an array of shape ``output.shape + argument.shape``. So it is in JAX. With
        `has_aux` it returns ``(jacobian, aux)``.

    Raises
    ------
    TypeError
        As for `value_and_grad`, when called.

    Examples
    --------
    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """
    return _jacobian(f, argnums if argnum is None else argnum, has_aux, "jacobian", _by_rows)


def jacfwd(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False, argnum: Any = None
) -> Callable[..., Any]:
    """`jacobian` by forward accumulation: faster where f returns many numbers and takes few.

    Parameters
    ----------
    f, argnums, has_aux, argnum
        As for `jacobian`.

    Returns
    -------
    callable
        As for `jacobian`.

    Examples
    --------
    >>> jacfwd(lambda x: [x, x * x, x**3])(2.0)
    [1.0, 4.0, 12.0]
    """
    return _jacobian(f, argnums if argnum is None else argnum, has_aux, "jacfwd", _by_columns)


jacrev = jacobian


def _jacobian(
    f: Callable[..., Any],
    argnums: int | Sequence[int],
    has_aux: bool,
    name: str,
    rows: Callable[[_Trace], Sequence[Sequence[Number]]],
) -> Callable[..., Any]:
    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, argnums, args, kwargs, name)
        aux = trace.split_aux(has_aux)
        made = trace.blocks(rows(trace))
        return (made, aux) if has_aux else made

    return jacobian_of_f


def _by_rows(trace: _Trace) -> list[list[Number]]:
    return [trace.gradient([out]) for out in trace.numbers()]


def _by_columns(trace: _Trace) -> list[tuple[Number, ...]]:
    outs, n = trace.numbers(), len(trace.inputs)
    columns = [trace.tangents(outs, [float(i == k) for i in range(n)]) for k in range(n)]
    return list(zip(*columns)) if columns else [()] * len(outs)


def hessian(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False, argnum: Any = None
) -> Callable[..., Any]:
    """The second derivatives of f: the Jacobian of its gradient.

    Parameters
    ----------
    f : callable
        A function of numbers that returns one number.
    argnums, has_aux, argnum
        As for `grad`.

    Returns
    -------
    callable
        With f's arguments; returns a row of second derivatives for each number of the argument, in its shape.

    Raises
    ------
    TypeError
        As for `value_and_grad`, when called.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    argnums = argnums if argnum is None else argnum
    return jacobian(grad(f, argnums, has_aux=has_aux), argnums, has_aux=has_aux)


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], *, has_aux: bool = False) -> Any:
    """f at a point, and its derivative along a direction (Jacobian times vector).

    Parameters
    ----------
    f : callable
        A function of numbers that returns numbers, in any nesting.
    primals : tuple or list
        The arguments of f.
    tangents : tuple or list
        The direction: for each argument the same nesting of numbers.
    has_aux : bool
        Whether f returns a pair: the numbers, and something else that is passed on.

    Returns
    -------
    tuple
        ``(f(*primals), derivative)``, both in the shape of f's output; with `has_aux` followed by aux.

    Raises
    ------
    TypeError, ValueError
        If primals and tangents do not have the same shape, or hold anything but numbers.

    Examples
    --------
    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
    (12.0, 4.0)
    """
    for given in (primals, tangents):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                "jvp takes the arguments of f as a tuple, and the direction as another one, as in "
                f"jvp(f, (2.0,), (1.0,)); {given!r:.60} is {type(given).__name__}"
            )
    directions = [_checked(x, "jvp") for x in leaves_like(tuple(tangents), like=tuple(primals))]
    trace = _Trace(f, range(len(primals)), tuple(primals), {}, "jvp")
    trace.nested = trace.nested or any(isinstance(x, Value) for x in directions)
    aux = trace.split_aux(has_aux)
    outs = trace.numbers()
    value = rebuild(trace.out, iter([trace.number(out) for out in outs]))
    tangent = rebuild(trace.out, iter(trace.tangents(outs, directions)))
    return (value, tangent, aux) if has_aux else (value, tangent)


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """f at a point, and the function that takes a vector back through it (vector times Jacobian).

    Parameters
    ----------
    f : callable
        A function of numbers that returns numbers, in any nesting.
    *primals
        Its arguments.
    has_aux : bool
        Whether f returns a pair: the numbers, and something else that is passed on.

    Returns
    -------
    tuple
        ``(f(*primals), back)``; with `has_aux` followed by aux. ``back(cotangents)`` takes numbers in the shape of f's
        output and returns, for each argument, the derivative of their product with it, in a tuple.

    Raises
    ------
    TypeError, ValueError
        If the arguments hold anything but numbers; from ``back``, if the cotangents do not have the shape of f's
        output.

    Examples
    --------
    >>> value, back = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, back([1.0, 0.0]), back([0.0, 2.0])
    ([12.0, 7.0], (4.0, 3.0), (2.0, 2.0))
    """
    trace = _Trace(f, range(len(primals)), primals, {}, "vjp")
    aux = trace.split_aux(has_aux)
    outs, nested = trace.numbers(), trace.nested

    def back(cotangents: Any) -> Any:
        seeds = [_checked(x, "vjp") for x in leaves_like(cotangents, like=trace.out)]
        trace.nested = nested or any(isinstance(x, Value) for x in seeds)
        return trace.shaped(trace.gradient(outs, seeds))

    value = rebuild(trace.out, iter([trace.number(out) for out in outs]))
    return (value, back, aux) if has_aux else (value, back)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of f's first argument times a vector, without forming the Hessian.

    Parameters
    ----------
    f : callable
        A function of numbers that returns one number.
    primals : tuple or list
        The arguments of f.
    tangents : tuple or list
        The vector: for each argument the same nesting of numbers.

    Returns
    -------
    object
        The product, in the shape of the first argument.

    Raises
    ------
    TypeError, ValueError
        As for `jvp`.

    Examples
    --------
    >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 4.0],), ([1.0, 0.0],))
    [8.0, 6.0]
    """
    return jvp(grad(f), primals, tangents)[1]
