"""Compiled programs on the arrays of other libraries, through the array API that they share.

A program's text is written for NumPy: it calls methods where the array API has functions, leaves axes out of indices,
and computes with conditions as with 1 and 0. An `Array` here wraps another library's array and behaves as NumPy's does,
so that the same text runs on PyTorch's tensors, or on the arrays of ``array_api_strict``. Nothing is compiled again;
Python calls the library's operations one by one. For JAX there is a text of its own, see `jax`.
"""

from __future__ import annotations

import builtins
import math
import operator
import types

import numpy as np

from .. import arrays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .run import Program

__all__ = ["Transferred"]


class Transferred:
    """A compiled program on the arrays of another library.

    A call is not checked as it is on NumPy: only what the function itself requires is checked, and nan is not looked
    for. PyTorch's tensors need the package ``array-api-compat``.

    Parameters
    ----------
    program : Program
        Of NumPy's backend, and with a source already.
    like : array
        One of the library's arrays, of the dtype and on the device to compute with.

    Raises
    ------
    ValueError
        If the program asks for numbers at every call, or tells some; see `autograd.ask`.
    NotImplementedError
        If the library has no function of a name that the program needs.

    Examples
    --------
    >>> import autograd
    >>> w = autograd.Value(2.0, "w")
    >>> program = autograd.compile(lambda x: (w * x) ** 2, like=(0.0,))
    >>> theta = np.array([2.0])  # or torch.tensor([2.0]), or an array of another library
    >>> loss, gradient = Transferred(program, theta).step(theta, np.array([1.0, 2.0]))
    >>> float(loss), gradient
    (10.0, array([10.]))
    """

    def __init__(self, program: Program, like: Any) -> None:
        self._library = library = Library(like)
        self._names = [slot.name for slot in program._built().slots]
        if program._asked or program._told:
            raise ValueError(
                "the program asks for numbers at every call, such as random ones, or hands some out (see autograd.ask "
                "and autograd.tell), which works with NumPy's arrays only"
            )

        def importing(module: str, scope: Any, local: Any, names: Any, level: int) -> Any:
            return types.SimpleNamespace(**{name: library.function(name) for name in names})

        scope: dict[str, Any] = {"__builtins__": {**vars(builtins), "__import__": importing}}
        for name, values in program._constants.items():
            scope[name] = Array(library.inner(values), library)
        exec(compile(program.source, "<compiled, on other arrays>", "exec"), scope)
        self._cut, self._step, self._outputs = scope["parameters"], scope.get("step"), scope["outputs"]

    def step(self, theta: Any, *batch: Any) -> Any:
        """The loss and its gradient, for a vector of parameters and the arrays of a batch."""
        if self._step is None:
            raise RuntimeError("the program was compiled without a gradient; it has outputs only")
        return self._call(self._step, theta, batch)

    def outputs(self, theta: Any, *batch: Any) -> Any:
        """What the function returns, for every example."""
        return self._call(self._outputs, theta, batch)

    def _call(self, function: Callable[..., Any], theta: Any, batch: Any) -> Any:
        if len(batch) != len(self._names):
            wanted = ", ".join(["the vector of parameters", *self._names])
            raise TypeError(f"the program takes {wanted}; {len(batch) + 1} arrays were given")
        api, dtype = self._library.api, self._library.dtype
        vector, *arrays = [Array(api.astype(x, dtype), self._library) for x in (theta, *batch)]
        return _inner(function(*arrays, vector, *self._cut(vector)))


def _inner(made: Any) -> Any:
    """What the program returns, with the library's own arrays in place of each `Array`."""
    if isinstance(made, dict):
        return {key: _inner(item) for key, item in made.items()}
    if isinstance(made, (tuple, list)):
        return type(made)(map(_inner, made))
    return made.inner if isinstance(made, Array) else made


_ARRAY_API_NAMES = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "power": "pow",
}
"""The array API's names for functions that NumPy's text calls by older names."""

_DEFINED_HERE = frozenset(
    {
        "add",
        "array",
        "broadcast_arrays",
        "concatenate",
        "empty",
        "inf",
        "nan",
        "products_of_others",
        "require",
        "tri",
        "zeros",
    }
)
"""Names that the text imports and `Library` defines itself."""


def _arithmetic(sign: Callable[[Any, Any], Any], reflected: bool = False) -> Callable[[Any, Any], Array]:
    """The method for a binary operator; a condition counts as 1 or 0, as in NumPy."""

    def made(self: Array, other: Any) -> Array:
        a, b = self.library.numbers(self), other
        if isinstance(other, (Array, np.ndarray)):
            b = self.library.numbers(other)
        return Array(sign(b, a) if reflected else sign(a, b), self.library)

    return made


def _connective(sign: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Array]:
    return lambda self, other: Array(sign(self.inner, self.library.inner(other)), self.library)


class Array:
    """An array of another library, with the methods, operators and indices of NumPy's.

    Parameters
    ----------
    inner : array
        The library's own.
    library : Library
    whole : Array, optional
        The array that this one was reshaped from: what is written here is written there, too.

    Attributes
    ----------
    inner : array
        The library's own.
    library : Library
    whole : Array or None
        The array that this one was reshaped from: what is written here is written there, too.

    Examples
    --------
    >>> x = Array(np.array([[1.0, 2.0]]), Library(np.array([1.0])))
    >>> float((x.T @ x).sum().inner)
    9.0
    """

    def __init__(self, inner: Any, library: Library, whole: Array | None = None) -> None:
        self.inner, self.library, self.whole = inner, library, whole

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.inner.shape)

    def __len__(self) -> int:
        return self.shape[0]

    # --- its axes ---------------------------------------------------------------------------------------------

    def reshape(self, *shape: Any) -> Array:
        shape = shape[0] if shape and isinstance(shape[0], tuple) else shape
        return Array(self.library.api.reshape(self.inner, shape), self.library, self)

    def transpose(self, *axes: int) -> Array:
        return Array(self.library.api.permute_dims(self.inner, axes), self.library)

    @property
    def T(self) -> Array:
        return self.transpose(*reversed(range(len(self.shape))))

    def swapaxes(self, a: int, b: int) -> Array:
        axes = list(range(len(self.shape)))
        axes[a], axes[b] = axes[b], axes[a]
        return self.transpose(*axes)

    def sum(self, axis: Any = None) -> Array:
        return Array(self.library.api.sum(self.inner, axis=axis), self.library)

    def prod(self, axis: Any = None) -> Array:
        return Array(self.library.api.prod(self.inner, axis=axis), self.library)

    def max(self, axis: Any = None) -> Array:
        return Array(self.library.api.max(self.inner, axis=axis), self.library)

    # --- its parts --------------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Array:
        made = self.inner
        items, backward = _steps(index, made.shape)
        gathered = [axis for axis, item in enumerate(items) if isinstance(item, Array)]
        if gathered:  # one item is an array of positions; all others are ``:``
            (axis,) = gathered
            positions = items[axis].inner
            flat = self.library.api.reshape(positions, (-1,))
            made = self.library.api.take(made, flat, axis=axis)
            shape = (*self.shape[:axis], *positions.shape, *self.shape[axis + 1 :])
            return Array(self.library.api.reshape(made, shape), self.library)
        made = made[(*items, ...)]
        return Array(self.library.api.flip(made, axis=backward) if backward else made, self.library)

    def __setitem__(self, index: Any, value: Any) -> None:
        """Write into the array, entry by entry where the index is an array of positions."""
        items, backward = _steps(index, self.inner.shape)
        gathered = [axis for axis, item in enumerate(items) if isinstance(item, Array)]
        value = self.library.inner(value)
        if gathered:
            (axis,) = gathered
            before = (slice(None),) * axis
            value = value * 1.0  # a copy, because the value may be a view of the array that is written to
            for place, position in _entries(items[axis]):
                one = value[(*before, *place, ...)] if value.ndim else value
                self.inner[(*before, position, ...)] = one
        else:
            if backward:
                target = self.inner[(*items, ...)]
                value = self.library.api.flip(self.library.api.broadcast_to(value, target.shape), axis=backward)
            self.inner[(*items, ...)] = value
        self._write_to_whole()

    def add_at(self, index: Any, value: Any) -> None:
        """Add to entries, as ``np.add.at`` does: a position that occurs twice is added to twice."""
        items = index if isinstance(index, tuple) else (index,)
        axis = len(items) - 1
        before = (slice(None),) * axis
        value = self.library.api.broadcast_to(
            self.library.inner(value) * 1.0, (*self.shape[:axis], *items[axis].shape, *self.shape[axis + 1 :])
        )
        for place, position in _entries(items[axis]):
            self.inner[(*before, position, ...)] += value[(*before, *place, ...)]
        self._write_to_whole()

    def _write_to_whole(self) -> None:
        if self.whole is not None:
            self.whole.inner[...] = self.library.api.reshape(self.inner, self.whole.shape)
            self.whole._write_to_whole()

    # --- operators --------------------------------------------------------------------------------------------

    __add__, __radd__ = _arithmetic(operator.add), _arithmetic(operator.add, True)
    __sub__, __rsub__ = _arithmetic(operator.sub), _arithmetic(operator.sub, True)
    __mul__, __rmul__ = _arithmetic(operator.mul), _arithmetic(operator.mul, True)
    __truediv__, __rtruediv__ = _arithmetic(operator.truediv), _arithmetic(operator.truediv, True)
    __pow__, __rpow__ = _arithmetic(operator.pow), _arithmetic(operator.pow, True)
    __matmul__, __rmatmul__ = _arithmetic(operator.matmul), _arithmetic(operator.matmul, True)
    __lt__, __le__ = _arithmetic(operator.lt), _arithmetic(operator.le)
    __gt__, __ge__ = _arithmetic(operator.gt), _arithmetic(operator.ge)
    __eq__, __ne__ = _arithmetic(operator.eq), _arithmetic(operator.ne)  # type: ignore[assignment]
    __and__, __or__ = _connective(operator.and_), _connective(operator.or_)
    __hash__ = None  # type: ignore[assignment]

    def __neg__(self) -> Array:
        return Array(-self.inner, self.library)

    def __abs__(self) -> Array:
        return Array(abs(self.inner), self.library)

    def __invert__(self) -> Array:
        return Array(~self.inner, self.library)


def _steps(index: Any, shape: tuple[int, ...]) -> tuple[list[Any], tuple[int, ...]]:
    """The index with steps forward only, because PyTorch takes no others; and the axes of the result to flip then."""
    items: list[Any] = []
    turned: list[int] = []
    axis = made = 0
    for item in index if isinstance(index, tuple) else (index,):
        if isinstance(item, slice) and (item.step or 1) < 0:
            places = range(shape[axis])[item]
            turned.append(made)
            item = slice(places[-1], places[0] + 1, -item.step) if places else slice(0, 0)
        items.append(item)
        axis += item is not None
        made += not isinstance(item, int)
    return items, tuple(turned)


def _entries(positions: Array) -> list[tuple[tuple[int, ...], int]]:
    """Each entry of an array of positions: its own index, and the position."""
    return [(place, int(positions.inner[place])) for place in np.ndindex(*positions.shape)]


class Library:
    """NumPy's functions, for the arrays of another library.

    Parameters
    ----------
    like : array
        One of its arrays, of the dtype and on the device to compute with.

    Examples
    --------
    >>> library = Library(np.array([1.0], dtype="float32"))
    >>> library.dtype
    dtype('float32')
    """

    inf, nan = math.inf, math.nan

    def __init__(self, like: Any) -> None:
        if hasattr(like, "__array_namespace__"):
            self.api = like.__array_namespace__()
        else:
            from array_api_compat import array_namespace

            self.api = array_namespace(like)
        self.dtype, self.device = like.dtype, like.device
        self.add = _Adding()

    def inner(self, x: Any) -> Any:
        """The library's own array, from an `Array`, one of NumPy's arrays, a list or a number."""
        if isinstance(x, Array):
            return x.inner
        x = np.asarray(x) if isinstance(x, (np.ndarray, list)) else x
        kind = x.dtype.kind if isinstance(x, np.ndarray) else "f"
        dtype = {"b": self.api.bool, "i": self.api.int64}.get(kind, self.dtype)
        return self.api.asarray(x.tolist() if isinstance(x, np.ndarray) else x, dtype=dtype, device=self.device)

    def numbers(self, x: Any) -> Any:
        """As `inner`, with 1 and 0 for conditions."""
        made = self.inner(x)
        return self.api.astype(made, self.dtype) if made.dtype == self.api.bool else made

    def function(self, name: str) -> Any:
        """The function, or number, for a name that the text imports.

        Raises
        ------
        NotImplementedError
            If neither the library nor this module has it.
        """
        if name in _DEFINED_HERE:
            return getattr(self, name)
        homes = self.api, getattr(self.api, "special", None)
        words = name, _ARRAY_API_NAMES.get(name, name)
        called = next((f for home in homes for word in words if (f := getattr(home, word, None))), None)
        if called is None:
            raise NotImplementedError(f"the program needs {name}, which {self.api.__name__} does not have")
        if name == "where":
            return lambda c, a, b: Array(called(self.inner(c), self.numbers(a), self.numbers(b)), self)
        if name in ("broadcast_to", "moveaxis"):
            return lambda x, *rest: Array(called(self.inner(x), *rest), self)
        return lambda *xs: Array(called(*map(self.numbers, xs)), self)

    # --- what the array API has in another form, or not at all ------------------------------------------------

    def array(self, numbers: Any) -> Array:
        if any(isinstance(x, Array) for x in numbers):
            return Array(self.api.stack(list(map(self.inner, numbers))), self)
        return Array(self.inner(numbers), self)

    def zeros(self, shape: tuple[int, ...]) -> Array:
        return Array(self.api.zeros(shape, dtype=self.dtype, device=self.device), self)

    empty = zeros  # the text writes every entry before it reads one

    def tri(self, rows: int, columns: int) -> Array:
        ones = self.api.ones((rows, columns), dtype=self.dtype, device=self.device)
        return Array(self.api.tril(ones), self)

    def concatenate(self, parts: Any, axis: int | None = 0) -> Array:
        return Array(self.api.concat(list(map(self.inner, parts)), axis=axis), self)

    def broadcast_arrays(self, *xs: Any) -> list[Array]:
        return [Array(x, self) for x in self.api.broadcast_arrays(*map(self.inner, xs))]

    def products_of_others(self, x: Array, axis: int) -> Array:
        """As in `autograd.arrays`, entry by entry: older versions of the array API have no cumulative product."""
        parts = [x[(*[slice(None)] * axis, slice(i, i + 1))] for i in range(x.shape[axis])]
        one = Array(self.api.ones_like(parts[0].inner), self)
        before, after = [one], [one]
        for part, other in zip(parts[:-1], parts[:0:-1]):
            before.append(before[-1] * part)
            after.append(after[-1] * other)
        return self.concatenate([a * b for a, b in zip(before, reversed(after))], axis=axis)

    def require(self, condition: Array, message: str, *values: Any, axis: int | None = -1) -> None:
        if not bool(self.api.all(condition.inner)):
            shown = [np.asarray(_nested(self.inner(x))) for x in (condition, *values)]
            arrays.require(shown[0].astype(bool), message, *shown[1:], axis=axis)


def _nested(x: Any) -> Any:
    return [_nested(x[i, ...]) for i in range(x.shape[0])] if x.ndim else float(x)


class _Adding:
    """Stands for NumPy's ``add``, of which the text uses only ``add.at``."""

    @staticmethod
    def at(x: Array, index: Any, value: Any) -> None:
        x.add_at(index, value)
