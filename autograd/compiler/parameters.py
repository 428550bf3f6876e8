"""The parameters of a program: the position of each of them in one vector, and the numbers in it.

A `Part` is a named array of parameters, such as W1; a `Layout` has the position of every parameter; `Parameters` holds
the numbers and gradients that a program works with, and a `Selection` is some of them. The pass `place` decides which
parameters make up an array, and what it is called.
"""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np

from ..value import Value
from ..vectors import ParameterVector, mark_ahead
from .names import VECTOR, Names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    Numbers = NDArray[Any]


class Part:
    """A named array of parameters: the entries of the vector from `start` up to, but without, `stop`.

    Attributes
    ----------
    name : str
    shape : tuple of int
    numbers : array of int
        The parameter at each position of the flattened array, as `Layout.values` counts them.
    start, stop : int
    layer : str
        The number of its layer, from the scope of its module; empty if there is none.
    """

    def __init__(self, name: str, shape: tuple[int, ...], numbers: NDArray[Any], start: int, layer: str) -> None:
        self.name, self.shape, self.numbers, self.start, self.layer = name, shape, numbers, start, layer
        self.stop = start + len(numbers)

    def __str__(self) -> str:
        return f"from {self.start} to {self.stop}"


class Layout:
    """The position of every parameter in the vector.

    Attributes
    ----------
    values : list of Value
        The parameters, in the order in which the recording counts them.
    parts : list of Part
        In the order of the vector.
    where : array of int
        The position of each parameter in the vector.
    names : Names
        The names that are taken; hands out new ones.
    vector : str
        The name of the vector.
    """

    def __init__(self, values: Sequence[Value], parts: Sequence[Part], where: NDArray[Any], names: Names) -> None:
        self.values, self.parts, self.where, self.names = list(values), list(parts), where, names
        self.vector = VECTOR
        self._starts = [part.start for part in self.parts]

    def part_of(self, places: NDArray[Any]) -> Part | None:
        """The part to which all these positions of the vector belong; None if they belong to several."""
        part = self.parts[bisect_right(self._starts, int(places.min())) - 1]
        return part if places.max() < part.stop else None


class _Vector(ParameterVector):
    """A vector of parameters with the operations that optimisers use.

    Attributes
    ----------
    where : array of int
        The place of each value in the vectors.
    """

    where: NDArray[Any]

    def moved(
        self,
        rule: Callable[..., Any],
        state: Sequence[Any],
        settings: Mapping[str, Any],
        steps: Any,
    ) -> tuple[tuple[Any, ...], Any]:
        """What an update rule makes of the vector and of its state; IEEE 754 results come without warnings.

        Parameters
        ----------
        rule : callable
            ``rule(data, grad, *state, step=step, **settings)``, where step counts from 1.
        state : sequence
            The optimiser's state, such as averages of gradients: numbers, or vectors.
        settings : dict
        steps : int or vector
            How many steps the parameters have made before; a vector if it is not the same number for all.

        Returns
        -------
        made : tuple
            The new numbers, and the new state in arrays that share no memory with `data` or `grad`.
        steps : int or vector
        """
        data, grad = self.data, self.grad
        with np.errstate(all="ignore"):
            if isinstance(steps, int):
                moved, *kept = rule(data, grad, *state, step=steps + 1, **settings)
                held = [x is data or x is grad or getattr(x, "base", None) is not None for x in kept]
                own = [x.copy() if is_held else x for x, is_held in zip(kept, held)]
                return (moved if np.shape(moved) == data.shape else self._whole(moved), *own), steps + 1
            counts = np.asarray(steps, np.int64)
            wholes = [self._whole(x) for x in (data, *state)]
            for count in np.unique(counts).tolist():
                places = np.flatnonzero(counts == count)
                parts = [x[places] for x in (data, grad, *wholes[1:])]
                for whole, part in zip(wholes, rule(*parts, step=count + 1, **settings)):
                    whole[places] = part
            return tuple(wholes), counts + 1

    def _whole(self, x: Any) -> Numbers:
        """A new vector, of this one's length and dtype, filled with x, which may be a single number."""
        made: Numbers = np.empty_like(self.data)
        made[...] = x
        return made

    def norm(self) -> float:
        """The gradient's Euclidean norm, which does not overflow before its entries do."""
        grad = self.grad
        largest = float(np.abs(grad).max())
        if not 0.0 < largest < math.inf:
            return largest
        scaled = grad / largest
        return largest * math.sqrt(float(scaled.dot(scaled)))

    def rows(self, vectors: Sequence[Any]) -> list[list[float]]:
        """Vectors such as an optimiser's state as a list of numbers for each value."""
        table = np.array([np.broadcast_to(vector, len(self)) for vector in vectors])
        return table[:, self.where].T.tolist()  # type: ignore[no-any-return]

    def vectors(self, rows: Sequence[Sequence[float]]) -> tuple[Numbers, ...]:
        """The reverse of `rows`."""
        table = np.empty((len(rows[0]), len(self)), self.data.dtype)
        table[:, self.where] = np.transpose(rows)
        return tuple(table)


class Parameters(_Vector):
    """A program's parameters: one vector of numbers and one of gradients, with a view of each named part.

    An optimiser of ``nn`` takes it in place of ``model.parameters()``: its rule then moves the whole vector at once. A
    compiled program has it as ``program.parameters``.

    Attributes
    ----------
    data, grad : array
        The vectors; a number that is assigned to them goes into all entries.
    values : list of Value
        The parameters, in the order in which they were given or found.
    where : array of int
        The place of each value in the vectors.

    Examples
    --------
    >>> import autograd
    >>> w, b = Value(2.0, "w"), Value(1.0, "b")
    >>> program = autograd.compile(lambda x: (w * x + b) ** 2)
    >>> loss, gradient = program(np.array([1.0, 2.0]))
    >>> program.parameters.names
    ['w', 'b']
    >>> program.parameters["w"] += 1.0
    >>> program.parameters.data
    array([3., 1.])
    """

    def __init__(self, layout: Layout, dtype: Any) -> None:
        self.parts, self.where = layout.parts, layout.where
        self.values = list(layout.values)
        self._data = np.empty(len(self.values), dtype)
        self._grad = np.zeros_like(self._data)
        self.read_in()

    @property
    def data(self) -> Numbers:
        return self._data

    @data.setter
    def data(self, numbers: Any) -> None:
        self._data[...] = numbers
        mark_ahead(self, True)

    @property
    def grad(self) -> Numbers:
        return self._grad

    @grad.setter
    def grad(self, numbers: Any) -> None:
        self._grad, computed = np.empty_like(self._data), self.computed and np.ndim(numbers) > 0
        self._grad[...] = numbers
        if not computed:
            self._grad_set = self._grad

    @property
    def computed(self) -> bool:  # type: ignore[override]
        """Whether the program computed the gradient, even if it has been scaled or clipped since."""
        return self._grad is not self._grad_set

    @property
    def names(self) -> list[str]:
        """What the parts are called."""
        return [part.name for part in self.parts]

    def named(self) -> dict[str, list[int]]:
        """For each part, by its name, the positions of its parameters in `values`.

        Examples
        --------
        >>> import autograd
        >>> w, b = Value(2.0, "w"), Value(1.0, "b")
        >>> autograd.compile(lambda x: w * x + b, [b, w], like=[0.0]).parameters.named()
        {'w': [1], 'b': [0]}
        """
        return {part.name: part.numbers.tolist() for part in self.parts}

    def __getitem__(self, name: str) -> Numbers:
        return self.view(self._data, name)

    def __setitem__(self, name: str, numbers: Any) -> None:
        self.view(self._data, name)[...] = numbers

    def view(self, vector: Numbers, name: str) -> Numbers:
        """The part of a vector such as `data` or `grad` that has this name."""
        for part in self.parts:
            if part.name == name:
                return vector[part.start : part.stop].reshape(part.shape)
        raise self._no_part(name)

    def _no_part(self, name: str) -> KeyError:
        return KeyError(f"there is no parameter {name!r} here, only {', '.join(self.names)}")

    def __len__(self) -> int:
        return len(self._data)

    def only(self, *which: str | Value | Iterable[Value]) -> Selection:
        """Some of the parameters, for a group of an optimiser's.

        Parameters
        ----------
        *which : str, Value, or iterable of Value
            Names of parts, such as ``"W1"``, and Values that are parameters of this program.

        Raises
        ------
        KeyError
            If there is no part of that name.
        ValueError
            If something is not among the parameters, or is there twice, or if nothing is named.

        Examples
        --------
        >>> import autograd
        >>> w, b = Value(2.0, "w"), Value(1.0, "b")
        >>> program = autograd.compile(lambda x: w * x + b, like=[0.0])
        >>> program.parameters.only("b"), program.parameters.only([b, w]).data.tolist()
        (Selection(1 of 2 numbers), [1.0, 2.0])
        """
        numbers: list[int] = []
        number_of = {id(value): number for number, value in enumerate(self.values)}
        for item in which:
            if isinstance(item, str):
                named = [part.numbers.tolist() for part in self.parts if part.name == item]
                if not named:
                    raise self._no_part(item)
                numbers += sorted(named[0])
                continue
            several: Iterable[Value] = [item] if isinstance(item, Value) else item
            for value in several:
                if id(value) not in number_of:
                    raise ValueError(f"{value!r:.60} is not a parameter of this program")
                numbers.append(number_of[id(value)])
        if not numbers or len(set(numbers)) < len(numbers):
            what = "one is given twice" if numbers else "none is given"
            raise ValueError(f"only() takes names of parts, or Values, each parameter once, but {what}")
        return Selection(self, numbers)

    # --- and the Values ---------------------------------------------------------------------------------------

    def read_in(self) -> None:
        """Take numbers and gradients from the Values."""
        self._data[self.where] = [value.data for value in self.values]
        grad = np.empty_like(self._data)
        grad[self.where] = [value.grad for value in self.values]
        self._grad = self._grad_set = grad
        mark_ahead(self, False)

    def write_back(self) -> None:
        """Put numbers and gradients into the Values."""
        for value, data, grad in zip(self.values, self._data[self.where].tolist(), self._grad[self.where].tolist()):
            value.data, value.grad = data, grad
        mark_ahead(self, False)

    def __repr__(self) -> str:
        parts = ", ".join(f"{part.name} {part.shape}" for part in self.parts)
        return f"Parameters({len(self)} numbers: {parts})"


class Selection(_Vector):
    """Some of a program's parameters, as a vector of their own; what is assigned to it goes into the program's.

    Attributes
    ----------
    data, grad : array
        Copies of the numbers and gradients, in the order of `values`; entries are not to be set one by one.
    values : list of Value
    where : array of int
    """

    def __init__(self, whole: Parameters, numbers: Sequence[int]) -> None:
        self.values = [whole.values[number] for number in numbers]
        self.where = np.arange(len(numbers))
        self._whole_vector, self._places = whole, whole.where[list(numbers)]

    @property
    def data(self) -> Numbers:
        return self._read_only(self._whole_vector.data)

    @data.setter
    def data(self, numbers: Any) -> None:
        self._whole_vector.data[self._places] = numbers
        mark_ahead(self._whole_vector, True)

    @property
    def grad(self) -> Numbers:
        return self._read_only(self._whole_vector.grad)

    @grad.setter
    def grad(self, numbers: Any) -> None:
        whole = self._whole_vector.grad.copy()
        whole[self._places] = numbers
        self._whole_vector.grad = whole

    @property
    def computed(self) -> bool:  # type: ignore[override]
        """Whether the program computed the gradient, even if it has been scaled or clipped since."""
        return self._whole_vector.computed

    def _read_only(self, vector: Numbers) -> Numbers:
        """A read-only copy of these entries: writing to it, as if it were a view, raises an error."""
        made: Numbers = vector[self._places]
        made.flags.writeable = False
        return made

    def __len__(self) -> int:
        return len(self._places)

    def named(self) -> dict[str, list[int]]:
        """As `Parameters.named`, with positions in this `values`, and without parts that have no parameter here."""
        own = {id(value): i for i, value in enumerate(self.values)}
        values = self._whole_vector.values
        parts = {
            name: [own[id(values[number])] for number in numbers if id(values[number]) in own]
            for name, numbers in self._whole_vector.named().items()
        }
        return {name: numbers for name, numbers in parts.items() if numbers}

    def only(self, *which: str | Value | Iterable[Value]) -> Selection:
        """As `Parameters.only`."""
        return self._whole_vector.only(*which)

    def __repr__(self) -> str:
        return f"Selection({len(self)} of {len(self._whole_vector)} numbers)"
