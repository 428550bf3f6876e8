"""Arguments: which nesting of arrays a compiled function takes, and whether a call's arguments match it.

A `Slot` stands for one array. A list of numbers, or of equally long lists of numbers, is one array; dicts, and lists
whose items differ in shape, are kept as they are, with arrays in them. In a batch every array has one more axis, the
first. An `Asked` stands for numbers that are not arguments: a function gives them at every call.
"""

from __future__ import annotations

import inspect
import math

import numpy as np

from ..errors import CompileError
from ..formats import FORMATS
from ..modes import current_watch
from ..outside import numbers_from
from ..value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, NoReturn

    from numpy.typing import NDArray


class Placeholder(Value):
    """Stands for a number of the arguments while a function is recorded.

    Its own number is nan: operations accept it, and it shows wherever code keeps it by mistake. Code that needs the
    number to branch, to count or to format a text is refused.
    """

    def _refuse(self, why: str) -> NoReturn:
        watch = current_watch()
        if watch is not None:
            watch.refuse(self, f"{self.label} {why}")
        raise TypeError(f"{self.label} {why}")

    def __index__(self) -> NoReturn:
        self._refuse(
            "is used as an index or a count here, but a compiled program can neither pick an entry of a list by it nor "
            "repeat something that often; take all entries and keep one: autograd.sum([autograd.where(autograd.equal("
            f"{self.label}, k), entry, 0.0) for k, entry in enumerate(table)])"
        )

    def __mul__(self, other: Any) -> Any:
        return self.__index__() if isinstance(other, (list, tuple, str)) else super().__mul__(other)

    def __rmul__(self, other: Any) -> Any:
        return self.__index__() if isinstance(other, (list, tuple, str)) else super().__rmul__(other)

    def _number(self) -> NoReturn:
        self._refuse(
            "is turned into a number here, by float(), int(), round() or a function of math, but it has none until the "
            "compiled program runs; keep it as it is, and use the functions of autograd"
        )

    __float__ = __int__ = __complex__ = __floor__ = __ceil__ = __trunc__ = _number

    def __round__(self, ndigits: object = None) -> NoReturn:
        self._number()

    def __bool__(self) -> NoReturn:
        self._refuse(
            "decides here what happens next, but a compiled program would always take the same branch; use "
            f"autograd.where({self.label}, a, b), which gives a where it is not 0"
        )

    def __format__(self, spec: str) -> str:
        if spec:
            self._refuse(
                f"is written with the format {spec!r} here, but it has no number until the compiled program runs; "
                "format what the program returns, or print it without a format to see what it stands for"
            )
        return repr(self)

    def __repr__(self) -> str:
        return f"Placeholder({self.label!r})"


class Slot:
    """The place of one array among the arguments.

    Parameters
    ----------
    name : str
        Its name in the program's text and in messages.
    shape : tuple of int
        The shape of the array for one example.
    each : bool
        Whether, in a program for a batch, each example has an array of its own.
    """

    def __init__(self, name: str, shape: tuple[int, ...], each: bool = True) -> None:
        self.name, self.shape, self.each = name, shape, each

    def placeholders(self) -> list[Placeholder]:
        """A new placeholder for each number of the array."""
        size = 1
        for extent in self.shape:
            size *= extent
        return [Placeholder(math.nan, f"{self.name}{i}" if self.shape else self.name) for i in range(size)]

    def nested(self, values: Iterator[Any]) -> Any:
        """Values in nested lists of the slot's shape, or a single one."""
        return _nested(self.shape, values)


class Asked(Slot):
    """The place of numbers that are in no argument: a function gives them at every call (see `autograd.ask`).

    Parameters
    ----------
    function : callable
        Takes a number n, and gives n numbers.
    """

    def __init__(self, name: str, count: int, each: bool, function: Callable[[int], Sequence[float]]) -> None:
        super().__init__(name, (count,) if count > 1 else (), each)
        self.count, self.function = count, function

    def array(self, examples: int | None, dtype: Any) -> NDArray[Any]:
        """The numbers for a call; `examples` is the number of examples, None if the call has no batch."""
        before = (examples,) if examples is not None and self.each else ()
        numbers = numbers_from(self.function, self.count * math.prod(before))
        return np.array(numbers, dtype).reshape((*before, *self.shape))


def _nested(shape: tuple[int, ...], values: Iterator[Any]) -> Any:
    return [_nested(shape[1:], values) for _ in range(shape[0])] if shape else next(values)


class Inputs:
    """The arguments of a function.

    Parameters
    ----------
    f : callable
        The function, for the names of its arguments.
    arguments : sequence
        Arguments of the nesting and shapes that those of calls must have.
    batched : bool
        Whether the arrays in them have an axis of examples in front.
    dtype : numpy.dtype
        What the program computes with.

    Attributes
    ----------
    slots : list of Slot
    array_types : tuple of type
        The types that are arrays already, without conversion.
    most : float
        How many examples a batch can have: limited only in float16, which cannot count further.
    """

    array_types: tuple[type, ...] = (np.ndarray,)

    def __init__(self, f: Callable[..., Any], arguments: Sequence[Any], batched: bool, dtype: Any) -> None:
        self.batched, self.dtype = batched, dtype
        self.most = FORMATS["float16"].largest if dtype == np.float16 else float("inf")
        self.slots: list[Slot] = []
        names = argument_names(f, len(arguments))
        self.pattern = [self._pattern(name, x) for name, x in zip(names, arguments)]
        flat = all(isinstance(pattern, Slot) for pattern in self.pattern)
        self._shapes = [slot.shape for slot in self.slots] if flat else None

    def _pattern(self, name: str, x: Any) -> Any:
        if isinstance(x, dict):
            return {key: self._pattern(f"{name}_{key}", item) for key, item in x.items()}
        array = self._read(x, name)
        if array is None:
            return [self._pattern(f"{name}{i}", item) for i, item in enumerate(x, 1)]
        if self.batched and array.ndim == 0:
            raise CompileError(
                f"{name} is one number, {x!r:.60}, where an array with one entry for each example belongs; "
                "use batch=False if the arguments are not a batch"
            )
        self.slots.append(Slot(name, array.shape[1:] if self.batched else array.shape))
        return self.slots[-1]

    def set_batched(self, batched: bool) -> Inputs:
        """Set whether the arrays of calls have an axis of examples in front; returns the object itself."""
        self.batched = batched
        return self

    def filled(self, contents: Sequence[Any]) -> list[Any]:
        """The arguments, with these contents in the slots."""
        given = dict(zip(map(id, self.slots), contents))

        def fill(pattern: Any) -> Any:
            if isinstance(pattern, Slot):
                return given[id(pattern)]
            if isinstance(pattern, dict):
                return {key: fill(item) for key, item in pattern.items()}
            return [fill(item) for item in pattern]

        return [fill(pattern) for pattern in self.pattern]

    def arrays(self, arguments: Sequence[Any]) -> Sequence[NDArray[Any]]:
        """The arrays of a call, in the order of the slots.

        Raises
        ------
        TypeError, ValueError
            If they are not of the shapes and kinds that the program was compiled for, if they hold no example, or
            different numbers of examples.
        """
        shapes = self._shapes
        if shapes is not None and len(arguments) == len(shapes):
            # The fast path of nearly all calls: the arrays are right, and at most their dtype has to be converted.
            arrays = []
            for x, shape in zip(arguments, shapes):
                if type(x) not in self.array_types or x.shape[self.batched :] != shape or x.dtype.kind not in "fiub":
                    break
                if self.batched and (len(x) != len(arguments[0]) or len(x) == 0 or len(x) > self.most):
                    break
                arrays.append(x if x.dtype is self.dtype else self._converted(x))
            else:
                return arrays
        if len(arguments) != len(self.pattern):
            raise TypeError(f"the program takes {len(self.pattern)} arguments, got {len(arguments)}")
        found: list[NDArray[Any]] = []
        for pattern, x in zip(self.pattern, arguments):
            if isinstance(pattern, Slot):
                found.append(self._checked(pattern, x))
            else:
                self._collect(pattern, x, found)
        if self.batched and found:
            n = len(found[0])
            for slot, array in zip(self.slots, found):
                if len(array) != n:
                    raise ValueError(
                        f"{slot.name} has {len(array)} examples, but {self.slots[0].name} has {n}; "
                        "every array must have one entry for each example"
                    )
            if n == 0:
                raise ValueError("the batch is empty: there must be at least one example")
            if n > self.most:
                raise ValueError(
                    f"the batch has {n} examples, more than {self.dtype.name} can count, whose largest number is "
                    f"{self.most:g}; divide the batch, or compile with another dtype"
                )
        return found

    def numbers(self, arguments: Sequence[Any]) -> Sequence[Any]:
        """The arguments of a call as floats and nested lists of floats. Errors are those of `arrays`."""
        shapes = self._shapes
        if shapes is not None and len(arguments) == len(shapes) and not any(shapes):
            for x in arguments:
                if type(x) is not float:
                    break
            else:
                return arguments
        return [x.tolist() for x in self.arrays(arguments)]

    def _collect(self, pattern: Any, x: Any, found: list[NDArray[Any]]) -> None:
        if isinstance(pattern, Slot):
            found.append(self._checked(pattern, x))
        elif isinstance(pattern, dict):
            if not isinstance(x, dict) or x.keys() != pattern.keys():
                raise TypeError(f"the program takes a dict of {', '.join(map(repr, pattern))} here, not {x!r:.60}")
            for key, item in pattern.items():
                self._collect(item, x[key], found)
        else:
            if not isinstance(x, (list, tuple)) or len(x) != len(pattern):
                raise TypeError(f"the program takes a list of {len(pattern)} arrays here, not {x!r:.60}")
            for part, item in zip(pattern, x):
                self._collect(part, item, found)

    def _checked(self, slot: Slot, x: Any) -> Any:
        array = self._read(x, slot.name)
        if array is None or array.dtype.kind not in "fiub":
            given = f"of {array.dtype}" if array is not None else f"{x!r:.60}"
            raise TypeError(f"{slot.name} must be an array of real numbers, not {given}")
        if array.shape[self.batched :] != slot.shape or array.ndim < len(slot.shape) + self.batched:
            extents = ", ".join([*["batch"] * self.batched, *map(str, slot.shape)])
            wanted = f"({extents}{',' * (len(slot.shape) + self.batched == 1)})"
            raise ValueError(f"{slot.name} has the shape {array.shape}, but the program was compiled for {wanted}")
        return self._converted(array)

    def _converted(self, array: Any) -> Any:
        """An array of real numbers in the dtype that the program computes with."""
        return array.astype(self.dtype)

    def _read(self, x: Any, name: str) -> Any:
        """x as one array, or None if it holds several."""
        return _array(x, name)

    def refuse_nan(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Raise a ValueError that says where, if there is a nan in the arrays."""
        for slot, array in zip(self.slots, arrays):
            if np.isnan(array).any():
                where = tuple(map(int, np.argwhere(np.isnan(array))[0]))
                raise ValueError(
                    f"{slot.name} has a nan at {where}, which spreads into the result; leave such examples out, or "
                    "compile with allow_nan=True"
                )


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """What f calls its positional arguments; x1, x2, ... where it has no names for them.

    Examples
    --------
    >>> argument_names(lambda image, *rest: 0, 3)
    ['image', 'rest1', 'rest2']
    """
    names: list[str] = []
    try:
        # A module takes what its forward() takes.
        parameters = list(inspect.signature(getattr(f, "forward", f)).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}{i}" for i in range(1, count - len(names) + 1)]
        elif parameter.kind is not parameter.VAR_KEYWORD and parameter.kind is not parameter.KEYWORD_ONLY:
            names.append(parameter.name)
    names += [f"x{i}" for i in range(len(names) + 1, count + 1)]
    return names[:count]


def _array(x: Any, name: str) -> NDArray[Any] | None:
    """x as one array, or None if it holds several."""
    if isinstance(x, Value):
        raise TypeError(f"{name} is a Value, but a compiled program takes numbers; give it the .data")
    if isinstance(x, (list, tuple)) and any(_has_array(item) for item in x):
        return None
    try:
        array = np.asarray(x)
    except ValueError:  # rows of different lengths
        return None
    if array.dtype.kind not in "fiub":
        if isinstance(x, (list, tuple)) and len(x) > 0 and array.dtype == object:
            return None
        raise TypeError(f"{name} must be an array of real numbers, not {x!r:.60}")
    return array


def _has_array(x: Any) -> bool:
    """Whether x is an array or holds one, so that a list of such items is a list of arrays, not one array."""
    if isinstance(x, dict) or hasattr(x, "ndim"):
        return getattr(x, "ndim", 1) > 0
    return isinstance(x, (list, tuple)) and any(_has_array(item) for item in x)
