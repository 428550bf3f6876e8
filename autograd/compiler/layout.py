"""Pass: the parameters' places in one vector.

A matrix of parameters is what some matrix product multiplies by, a vector of them what some sum adds: the use decides
the shape, and the modules' scopes the name. Matrices come first in the vector.
"""

from __future__ import annotations

import re
from bisect import bisect_right

import numpy as np

from .arrays import MATMUL, REDUCE, SUM, Array
from .lines import VECTOR
from .naming import Names
from .scalars import CONSTANT, PARAMETER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from ..value import Value
    from .group import Grouping
    from .run import Parameters

_LETTERS = {"w": "W", "weight": "W", "b": "b", "bias": "b"}


class Part:
    """A named array of parameters, in the vector from `start` on.

    Attributes
    ----------
    name : str
    shape : tuple of int
    numbers : array of int
        Which parameter is at each place, flat.
    start, stop : int
    column : bool
        Whether the program has it as a matrix of one column, which goes along with the columns for the examples.
    layer : str
        The number of its layer, if its name in the modules has one.
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], numbers: NDArray[Any], start: int, column: bool, layer: str
    ) -> None:
        self.name, self.shape, self.numbers, self.start, self.column = name, shape, numbers, start, column
        self.stop, self.layer = start + len(numbers), layer

    @property
    def text(self) -> str:
        """How the array is written that has the part's shape."""
        return f"{self.name}[:, 0]" if self.column else self.name


class Layout:
    """Where every parameter stands: in the vector of another program, if its parameters are shared.

    Attributes
    ----------
    parts : list of Part
    where : array of int
        The place of each parameter in the vector.
    names : Names
        Those that are taken.
    """

    def __init__(self, grouping: Grouping, parameters: Sequence[Value], shared: Parameters | None = None) -> None:
        self.parameters, self.vector = parameters, VECTOR
        self.parts: list[Part] = []
        self.where = np.full(len(parameters), -1)
        self.names = Names()
        self._found: list[tuple[str, tuple[int, ...], NDArray[Any], bool]] = []
        if shared is not None:
            self.parts, self.where = shared.parts, shared.where
            self.names.taken.update(name for part in self.parts for name in (part.name, "d" + part.name))
        else:
            self._place(grouping)
        called = [self._called(role, shape, numbers) for role, shape, numbers, _ in self._found]
        for (word, layer), (_, shape, numbers, column) in zip(called, self._found):
            start = self.parts[-1].stop if self.parts else 0
            several = called.count((word, "")) > 1 and not layer
            name = self.names.counted(word) if several else self.names.new(word, layer)
            part = Part(name, shape, numbers, start, column, layer)
            self.where[numbers] = np.arange(start, part.stop)
            self.parts.append(part)
        self._starts = [part.start for part in self.parts]
        _settle(grouping, self.where)

    def part_of(self, places: NDArray[Any]) -> Part | None:
        """The part that all these places of the vector belong to, if they belong to one."""
        first = bisect_right(self._starts, int(places.min())) - 1
        part = self.parts[first]
        return part if places.max() < part.stop else None

    # --- placing ----------------------------------------------------------------------------------------------

    def _place(self, grouping: Grouping) -> None:
        taken = np.zeros(len(self.parameters), dtype=bool)

        def claim(role: str, index: NDArray[Any], column: bool = False) -> None:
            numbers = index.ravel()
            if not taken[numbers].any() and len(np.unique(numbers)) == len(numbers):
                taken[numbers] = True
                self._found.append((role, index.shape, numbers, column))

        uses = [
            (array, x)
            for array in grouping.arrays
            for x in array.operands
            if x.array.head is PARAMETER and not (array.head is MATMUL and array.operands[1].array.head is PARAMETER)
        ]
        for array, x in uses:
            if array.head is MATMUL and x is array.operands[0]:
                claim("w", x.index)
        for many in (True, False):
            for array, x in uses:
                kept = [axis for axis, extent in enumerate(x.index.shape) if extent > 1]
                if (x.index.size > 1) == many and array.head is not MATMUL:
                    column = len(kept) == 1 and len(array.shape) + array.batched - kept[0] == 2
                    shape = [x.index.shape[axis] for axis in kept]
                    claim("b" if array.head is SUM else "p", x.index.reshape(shape), column)
        rest: dict[tuple[str, str], list[int]] = {}
        for number in np.flatnonzero(~taken).tolist():
            parameter = self.parameters[number]
            rest.setdefault((parameter.scope, _stem(parameter)), []).append(number)
        for numbers in rest.values():
            claim("p", np.array(numbers) if len(numbers) > 1 else np.array(numbers[0]))

    # --- naming -----------------------------------------------------------------------------------------------

    def _called(self, role: str, shape: tuple[int, ...], numbers: NDArray[Any]) -> tuple[str, str]:
        """A word for these parameters, and the number of the layer that they belong to, if there is one."""
        values = [self.parameters[i] for i in numbers]
        stems = {_stem(value) for value in values}
        stem = stems.pop() if len(stems) == 1 else ""
        word = _LETTERS.get(stem, stem) or role
        if len(shape) > 1 and len(word) == 1:
            word = word.upper()
        if not shape and len(values) == 1 and values[0].label and not values[0].scope:
            return values[0].label, ""
        return word, _layer([value.scope for value in values])


def _settle(grouping: Grouping, where: NDArray[Any]) -> None:
    """Put what is computed from parameters alone, number by number, into the order that these now have."""
    ranks: dict[Array, NDArray[Any]] = {}
    for array in grouping.arrays:
        for x in array.operands:
            if x.array in ranks:
                x.index = ranks[x.array][x.index]
        heads = [x.array.head for x in array.operands]
        own = [x for x in array.operands if x.array.head is PARAMETER]
        if array.head is MATMUL and heads == [PARAMETER, PARAMETER]:
            order = np.argsort(where[array.operands[0].index[0]])
            x, y = array.operands
            x.index, y.index = x.index[:, order], y.index[order]
        elif array.head is REDUCE:
            x = array.operands[0]
            x.index = np.take_along_axis(x.index, np.argsort(where[x.index] if own else x.index, axis=0), axis=0)
        elif len(array.shape) == 1 and own and own[0].index.shape == array.shape and _elementwise_on_parameters(array):
            order = np.argsort(where[own[0].index])
            for x in array.operands:
                if x.index.shape == array.shape:
                    x.index = x.index[order]
            ranks[array] = np.argsort(order)
    for x in grouping.outputs:
        if x.array in ranks:
            x.index = ranks[x.array][x.index]


def _elementwise_on_parameters(array: Array) -> bool:
    return not array.batched and all(x.array.head in (PARAMETER, CONSTANT) for x in array.operands)


def _stem(value: Value) -> str:
    """A label without its numbers."""
    return value.label.rstrip("0123456789_")


def _layer(scopes: Sequence[str]) -> str:
    """The last number in the path that all scopes have in common, such as the 2 of "mlp.layer2"."""
    paths = [scope.split(".") for scope in dict.fromkeys(scopes)]
    number = ""
    for words in zip(*paths):
        if len(set(words)) > 1:
            break
        found = re.search(r"\d+$", words[0])
        if found and not words[0].startswith("neuron"):
            number = found.group()
    return number
