"""Pass: the parameters' places in one vector, and every array's name.

A matrix of parameters is what some matrix product multiplies by, a vector of them what some sum adds: the use decides
the shape, and the modules' scopes the name. Matrices come first in the vector. What layers compute is called Z and A,
with the layer's number, everything else after its operation.
"""

from __future__ import annotations

import keyword
import re
from bisect import bisect_right

import numpy as np

from .. import arrays as numpy_reading
from .. import ops
from .arrays import MATMUL, REDUCE, STACK, SUM, Array
from .emit import FUNCTIONS, RESERVED
from .scalars import CONSTANT, INPUT, PARAMETER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from ..value import Value
    from .group import Grouping
    from .run import Parameters

VECTOR = "theta"
"""The name of the vector that holds all parameters."""

_LETTERS = {"w": "W", "weight": "W", "b": "b", "bias": "b"}
_WORDS = {MATMUL: "product", REDUCE: "sum", SUM: "sum", STACK: "joined"}


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
    """

    def __init__(self, grouping: Grouping, parameters: Sequence[Value], shared: Parameters | None = None) -> None:
        self.parameters, self.vector = parameters, VECTOR
        self.parts: list[Part] = []
        self.where = np.full(len(parameters), -1)
        self.names = _Names()
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


class _Names:
    """Hands out names, each once."""

    def __init__(self) -> None:
        # Names that the source has for something else; the user's own operations may have been defined lately.
        self.taken = {*RESERVED, *ops.OPS, *FUNCTIONS, *numpy_reading.RENAMED.values()}
        self._counts: dict[str, int] = {}

    def new(self, word: str, number: str = "") -> str:
        """`word` with the number, if it is free, or else the word with the next number that is."""
        word = re.sub(r"\W", "_", word) or "v"
        if word[0].isdigit() or word.startswith("_"):
            word = "v" + word
        name = word + number
        count = 1
        while {name, "d" + name} & self.taken or name in _KEYWORDS:
            count += 1
            name = f"{word}{number}_{count}" if number else f"{word}{count}"
        self.taken.update((name, "d" + name))
        return name

    def counted(self, word: str) -> str:
        """`word` with the first number that is free, from 1."""
        count = self._counts.get(word, 0) + 1
        while f"{word}{count}" in self.taken or f"d{word}{count}" in self.taken:
            count += 1
        self._counts[word] = count
        return self.new(f"{word}{count}")


_KEYWORDS = frozenset(keyword.kwlist)


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


def name(grouping: Grouping, layout: Layout) -> None:
    """Give every array that has no name one."""
    names = layout.names
    for array in grouping.inputs:
        word = array.name
        if len(word) == 1 and array.shape:
            word = word.upper()
        array.name = names.new(word)
    grouping.outputs[0].array if len(grouping.outputs) == 2 else None
    summed = {x.array for array in grouping.arrays if array.head is SUM for x in array.operands}
    for array in grouping.arrays:
        if array.head in (INPUT, PARAMETER, CONSTANT):
            continue
        place = array.place
        if array.head is ops.logsumexp:
            array.data = tuple([names.counted(word) for word in ("top", "powers", "total")])
        if array in summed and array.head is MATMUL:
            array.name = names.counted("product")
        elif _is_weighted(array) or (array.head is SUM and any(_is_weighted(x.array) for x in array.operands)):
            layer = _layer_of(array, layout)
            array.name = names.new("Z", layer) if layer else names.counted("Z")
        elif _activates(array):
            array.name = names.new("A", array.operands[0].array.name[1:])
        elif place is not None and place.label:
            array.name = names.new(_label(place.label) if array.size > 1 else place.label)
        else:
            array.name = names.counted(_WORDS.get(array.head, re.sub(r"\W", "", array.head.name) or "condition"))


def _label(label: str) -> str:
    return label.rstrip("0123456789_") or label


def _is_weighted(array: Array) -> bool:
    """Whether it is a layer's weights times something."""
    heads = [x.array.head for x in array.operands]
    return array.head is MATMUL and heads[0] is PARAMETER and heads[1] is not PARAMETER


def _layer_of(array: Array, layout: Layout) -> str:
    """The number of the layer whose weights the array is made with."""
    for product in [array, *[x.array for x in array.operands]]:
        if _is_weighted(product):
            part = layout.part_of(layout.where[product.operands[0].index])
            return part.layer if part else ""
    return ""


_ARITHMETIC = frozenset({ops.add, ops.sub, ops.mul, ops.div, ops.neg, ops.pow, ops.logsumexp})


def _activates(array: Array) -> bool:
    """Whether it is a function of what a layer computed, alone or with parameters of its own."""
    first, *others = array.operands
    return (
        re.fullmatch(r"Z[\d_]+", first.array.name) is not None
        and array.head not in _ARITHMETIC
        and array.head not in _WORDS
        and all(x.array.head in (PARAMETER, CONSTANT) for x in others)
    )
