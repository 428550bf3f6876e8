"""Pass: every array's name.

Inputs are called as the function calls them. What layers compute is called Z and A, with the layer's number, or a count
of their own where no module says one; what the user labelled by its label; everything else after its operation.
"""

from __future__ import annotations

import keyword
import re

from .. import ops
from .arrays import MATMUL, REDUCE, STACK, SUM, Array
from .emit import FUNCTIONS, RESERVED
from .scalars import CONSTANT, INPUT, PARAMETER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .group import Grouping
    from .layout import Layout

_WORDS = {MATMUL: "product", REDUCE: "sum", SUM: "sum", STACK: "joined"}
_ARITHMETIC = frozenset({ops.add, ops.sub, ops.mul, ops.div, ops.neg, ops.pow, ops.logsumexp})


class Names:
    """Hands out names, each once."""

    def __init__(self) -> None:
        # Names that the source has for something else; the user's own operations may have been defined lately.
        self.taken = {*RESERVED, *ops.OPS, *FUNCTIONS, *[op.numpy for op in ops.OPS.values()]}
        self._counts: dict[str, int] = {}

    def new(self, word: str, number: str = "") -> str:
        """`word` with the number if that is free, or else with the next number that is."""
        word = re.sub(r"\W", "_", word) or "v"
        if word[0].isdigit() or word.startswith("_"):
            word = "v" + word
        name = word + number
        if {name, "d" + name} & self.taken or keyword.iskeyword(name):
            return self.counted(f"{name}_" if number else word)
        self.taken.update((name, "d" + name))
        return name

    def counted(self, word: str) -> str:
        """`word` with the first number that is free, from 1."""
        count = self._counts.get(word, 0) + 1
        while {f"{word}{count}", f"d{word}{count}"} & self.taken:
            count += 1
        self._counts[word] = count
        return self.new(f"{word}{count}")


def name(grouping: Grouping, layout: Layout) -> None:
    """Give every array that has no name one."""
    names = layout.names
    for array in grouping.inputs:
        word = array.name
        if len(word) == 1 and array.shape:
            word = word.upper()
        array.name = names.new(word)
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
            array.name = names.counted(_WORDS.get(array.head, re.sub(r"\W", "", array.head.__name__) or "condition"))


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


def _activates(array: Array) -> bool:
    """Whether it is a function of what a layer computed, alone or with parameters of its own."""
    first, *others = array.operands
    return (
        re.fullmatch(r"Z[\d_]+", first.array.name) is not None
        and array.head not in _ARITHMETIC
        and not isinstance(array.head, ops.Power)
        and array.head not in _WORDS
        and all(x.array.head in (PARAMETER, CONSTANT) for x in others)
    )
