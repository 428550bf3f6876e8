"""Pass: the positions of the parameters in one vector.

Parameters form an array of the shape in which the program uses them: a matrix if they are a factor of a matrix product,
or a vector if they are added in a sum. Their labels and the modules' scopes give the name. Matrices come first in the
vector.
"""

from __future__ import annotations

import re

import numpy as np

from .arrays import CONTRACT, PART, PICK, REDUCE, SUM, Array, ArrayProgram, Builder, rebuilt
from .names import Names
from .parameters import Layout, Part
from .scalars import CONSTANT, PARAMETER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from ..value import Value
    from .parameters import Parameters

_LETTERS = {"w": "W", "weight": "W", "b": "b", "bias": "b"}


class _Placing:
    """Makes a layout: decides which parameters form an array, and the order of these arrays in the vector."""

    def __init__(self, program: ArrayProgram, values: Sequence[Value]) -> None:
        self.values = values
        self._found: list[tuple[str, tuple[int, ...], NDArray[Any]]] = []
        self._place(program)

    def layout(self) -> Layout:
        names, parts = Names(), list[Part]()
        positions = np.full(len(self.values), -1)
        words = [self._word_and_layer(role, shape, numbers) for role, shape, numbers in self._found]
        for (word, layer), (_, shape, numbers) in zip(words, self._found):
            start = parts[-1].stop if parts else 0
            several = words.count((word, "")) > 1 and not layer
            name = names.counted(word) if several else names.new(word, layer)
            part = Part(name, shape, numbers, start, layer)
            positions[numbers] = np.arange(start, part.stop)
            parts.append(part)
        return Layout(self.values, parts, positions, names)

    # --- placing ----------------------------------------------------------------------------------------------

    def _place(self, program: ArrayProgram) -> None:
        taken = np.zeros(len(self.values), dtype=bool)

        def claim(role: str, index: NDArray[Any]) -> None:
            numbers = index.ravel()
            if not taken[numbers].any() and len(np.unique(numbers)) == len(numbers):
                taken[numbers] = True
                self._found.append((role, index.shape, numbers))

        uses = [
            (array, x)
            for array in program.arrays()
            for x in array.operands
            if _is_parameters(x) and not (array.head is CONTRACT and _is_parameters(array.operands[1]))
        ]
        for array, x in uses:
            if array.head is CONTRACT and x is array.operands[0]:
                claim("w", _numbers(x))
        for many in (True, False):
            for array, x in uses:
                if (x.size > 1) == many and array.head not in (CONTRACT, PICK):
                    shape = [extent for extent in x.shape if extent > 1]
                    claim("b" if array.head is SUM else "p", _numbers(x).reshape(shape))
        rest: dict[tuple[str, str], list[int]] = {}
        for number in np.flatnonzero(~taken).tolist():
            parameter = self.values[number]
            rest.setdefault((parameter.scope, _stem(parameter)), []).append(number)
        for numbers in rest.values():
            claim("p", np.array(numbers) if len(numbers) > 1 else np.array(numbers[0]))

    # --- naming -----------------------------------------------------------------------------------------------

    def _word_and_layer(self, role: str, shape: tuple[int, ...], numbers: NDArray[Any]) -> tuple[str, str]:
        """The name of these parameters without a number, and the number of their layer; empty if there is none."""
        values = [self.values[i] for i in numbers]
        stems = {_stem(value) for value in values}
        stem = stems.pop() if len(stems) == 1 else ""
        word = _LETTERS.get(stem, stem) or role
        if len(shape) > 1 and len(word) == 1:
            word = word.upper()
        if not shape and len(values) == 1 and values[0].label and not values[0].scope:
            return values[0].label, ""
        return word, _layer([value.scope for value in values])


def _shared(parameters: Parameters) -> Layout:
    """The layout of another program's parameters."""
    names = Names()
    names.taken.update(name for part in parameters.parts for name in (part.name, "d" + part.name))
    return Layout(parameters.values, parameters.parts, parameters.where, names)


def place(program: ArrayProgram, values: Sequence[Value], shared: Parameters | None = None) -> ArrayProgram:
    """The program with parts of the vector in place of single parameters, and with a layout of these parts.

    Arrays that are computed elementwise from parameters alone take on the parameters' new order.

    Parameters
    ----------
    values : sequence of Value
        The parameters, in the order in which the recording counts them.
    shared : Parameters, optional
        The parameters of another program, if this one is to use them: the layout is then theirs.
    """
    layout = _Placing(program, values).layout() if shared is None else _shared(shared)
    positions = layout.where
    order: dict[int, Any] = {}  # for reordered arrays, by number: the index that restores the old order

    def change(make: Builder, x: Array, operands: Sequence[Any]) -> Any:
        def picked(index: NDArray[Any]) -> Any:
            index = positions[index]
            part = layout.part_of(index)
            return make.pick(leaf(make, layout, part), index - (part.start if part is not None else 0))

        if x.head is PARAMETER:
            return picked(np.arange(len(positions)))
        if x.head is PICK and x.operands[0].head is PARAMETER:
            return picked(x.data)
        if x.head is PICK and x.operands[0].number in order:
            return make.pick(operands[0], order[x.operands[0].number].ravel()[x.data])
        if (
            x.head is CONTRACT
            and x.data[0][0] == x.data[0][1]
            and len(x.data[0][0]) == 1
            and all(map(_is_parameters, x.operands))
        ):
            ranks = np.argsort(positions[_numbers(x.operands[0])])
            return make.contract(*[picked(_numbers(y)[ranks]) for y in x.operands], *x.data)
        if _takes_parameter_order(x):
            own = next(y for y in x.operands if _is_parameters(y) and y.shape == x.shape)
            ranks = np.argsort(positions[_numbers(own)])
            order[x.number] = np.argsort(ranks)
            made = make.like(x, [_reordered(make, y, x, ranks, picked) for y in x.operands])
            if isinstance(made, Array) and x.rows is not None:
                made.rows = x.rows[ranks]
            return made
        if any(isinstance(y, Array) and y.number in order for y in x.operands) and x.head is not REDUCE:
            operands = [
                make.pick(made, order[y.number]) if isinstance(y, Array) and y.number in order else made
                for y, made in zip(x.operands, operands)
            ]
        return make.like(x, operands)

    return rebuilt(program, change, layout)


def leaf(make: Builder, layout: Layout, part: Part | None) -> Array:
    """The leaf for a part of the parameters; for the whole vector, if `part` is None."""
    made = make.leaf(PART, part, (len(layout.where),) if part is None else part.shape)
    made.name = layout.vector if part is None else part.name
    return made


def _takes_parameter_order(x: Array) -> bool:
    """Whether a vector is computed elementwise from a vector of parameters, other parameters and constants."""
    return (
        x.elementwise
        and not x.batched
        and len(x.shape) == 1
        and any(_is_parameters(y) and y.shape == x.shape for y in x.operands)
        and all(not isinstance(y, Array) or _is_parameters(y) or y.head is CONSTANT for y in x.operands)
    )


def _reordered(make: Builder, y: Any, x: Array, ranks: NDArray[Any], picked: Any) -> Any:
    if not isinstance(y, Array):
        return y
    if _is_parameters(y):
        return picked(_numbers(y)[ranks] if y.shape == x.shape else _numbers(y))
    return make.pick(y, ranks) if y.shape == x.shape else y


def _is_parameters(x: Any) -> bool:
    return isinstance(x, Array) and (x.head is PARAMETER or (x.head is PICK and x.operands[0].head is PARAMETER))


def _numbers(x: Array) -> NDArray[Any]:
    """The numbers of the parameters in an array."""
    return x.data if x.head is PICK else np.arange(x.size)


def _stem(value: Value) -> str:
    """A label without the digits at its end."""
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
