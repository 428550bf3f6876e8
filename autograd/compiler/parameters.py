"""The parameters of a program: where each of them stands in one vector, and the numbers in it.

A `Part` is a named array of parameters, such as W1; a `Layout` tells the place of every parameter; `Parameters` are the
numbers that a program is called with. Which parameters make up an array, and what it is called, `place` decides.
"""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np

from ..value import Value
from .names import VECTOR, Names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    Numbers = NDArray[Any]


class Part:
    """A named array of parameters, in the vector from `start` on.

    Attributes
    ----------
    name : str
    shape : tuple of int
    numbers : array of int
        Which parameter is at each place, flat.
    start, stop : int
    layer : str
        The number of its layer, if its name in the modules has one.
    """

    def __init__(self, name: str, shape: tuple[int, ...], numbers: NDArray[Any], start: int, layer: str) -> None:
        self.name, self.shape, self.numbers, self.start, self.layer = name, shape, numbers, start, layer
        self.stop = start + len(numbers)

    def __str__(self) -> str:
        return f"from {self.start} to {self.stop}"


class Layout:
    """Where every parameter stands.

    Attributes
    ----------
    values : list of Value
        The parameters, in the order in which the recording counts them.
    parts : list of Part
        In the order of the vector.
    where : array of int
        The place of each parameter in the vector.
    names : Names
        Those that are taken, and those still to be had.
    vector : str
        The name of the vector.
    """

    def __init__(self, values: Sequence[Value], parts: Sequence[Part], where: NDArray[Any], names: Names) -> None:
        self.values, self.parts, self.where, self.names = list(values), list(parts), where, names
        self.vector = VECTOR
        self._starts = [part.start for part in self.parts]

    def part_of(self, places: NDArray[Any]) -> Part | None:
        """The part that all these places of the vector belong to, if they belong to one."""
        part = self.parts[bisect_right(self._starts, int(places.min())) - 1]
        return part if places.max() < part.stop else None


class Parameters:
    """A program's parameters: one vector of numbers and one of gradients, with a view of each named part.

    An optimiser of ``nn`` takes it in place of ``model.parameters()``: its rule then moves the whole vector at once.

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

    @property
    def grad(self) -> Numbers:
        return self._grad

    @grad.setter
    def grad(self, numbers: Any) -> None:
        self._grad = np.empty_like(self._data)
        self._grad[...] = numbers

    @property
    def names(self) -> list[str]:
        """What the parts are called."""
        return [part.name for part in self.parts]

    def __getitem__(self, name: str) -> Numbers:
        return self.view(self._data, name)

    def __setitem__(self, name: str, numbers: Any) -> None:
        self.view(self._data, name)[...] = numbers

    def view(self, vector: Numbers, name: str) -> Numbers:
        """The part of a vector such as `data` or `grad` that has this name."""
        for part in self.parts:
            if part.name == name:
                return vector[part.start : part.stop].reshape(part.shape)
        raise KeyError(f"there is no parameter {name!r} here, only {', '.join(self.names)}")

    def __len__(self) -> int:
        return len(self._data)

    # --- and the Values ---------------------------------------------------------------------------------------

    def read_in(self) -> None:
        """Take numbers and gradients from the Values."""
        self._data[self.where] = [value.data for value in self.values]
        grad = np.empty_like(self._data)
        grad[self.where] = [value.grad for value in self.values]
        self._grad = grad

    def write_back(self) -> None:
        """Put numbers and gradients into the Values."""
        for value, data, grad in zip(self.values, self._data[self.where].tolist(), self._grad[self.where].tolist()):
            value.data, value.grad = data, grad

    # --- for optimisers ---------------------------------------------------------------------------------------

    def moved(self, rule: Callable[..., Any], state: Sequence[Any], settings: Mapping[str, Any]) -> tuple[Any, ...]:
        """What an update rule makes of the vector and of its state; IEEE 754 results come without warnings."""
        with np.errstate(all="ignore"):
            made: tuple[Any, ...] = rule(self._data, self._grad, *state, **settings)
        return made

    def norm(self) -> float:
        """The gradient's Euclidean norm, which does not overflow before its entries do."""
        largest = float(np.abs(self._grad).max())
        if not 0.0 < largest < math.inf:
            return largest
        scaled = self._grad / largest
        return largest * math.sqrt(float(scaled.dot(scaled)))

    def rows(self, vectors: Sequence[Any]) -> list[list[float]]:
        """Vectors such as an optimiser's state as a list of numbers for each value."""
        table = np.array([np.broadcast_to(vector, len(self)) for vector in vectors])
        return table[:, self.where].T.tolist()  # type: ignore[no-any-return]

    def vectors(self, rows: Sequence[Sequence[float]]) -> tuple[Numbers, ...]:
        """The reverse of `rows`."""
        table = np.empty((len(rows[0]), len(self)), self._data.dtype)
        table[:, self.where] = np.transpose(rows)
        return tuple(table)

    def __repr__(self) -> str:
        parts = ", ".join(f"{part.name} {part.shape}" for part in self.parts)
        return f"Parameters({len(self)} numbers: {parts})"
