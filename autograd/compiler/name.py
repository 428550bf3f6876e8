"""Pass: arrays get names, or roles from which `text` makes their names.

Inputs have the names of the function's arguments. A layer's weighted sums are called Z and its activations A, with the
layer's number, or with a running number if no module gives one; arrays that the user labelled are called by the label.
Any other array is named after its operation if it gets a line. `text` turns roles into names, so that running numbers
follow the order of the lines.
"""

from __future__ import annotations

import re

from .. import ops
from .arrays import CONTRACT, EXPAND, JOIN, PART, PICK, REDUCE, SUM, Array, ArrayProgram, Role, rebuilt
from .scalars import CONSTANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ARITHMETIC = frozenset(
    {ops.add, ops.sub, ops.mul, ops.div, ops.neg, ops.pow, ops.where, ops.logsumexp, ops.prod, SUM, REDUCE, CONTRACT}
    | {PICK, EXPAND, JOIN}
)


def name(program: ArrayProgram) -> ArrayProgram:
    """The program with names for its inputs, and roles for the results of layers and for what the user labelled."""
    program = rebuilt(program)
    names = program.layout.names
    for array in program.inputs:
        word = array.name
        if len(word) == 1 and array.shape:
            word = word.upper()
        array.name = names.new(word)
    arrays = program.arrays()
    summed = {y.number for x in arrays if x.head is SUM for y in x.operands if isinstance(y, Array)}
    for x in arrays:
        if not x.operands or x.name:
            continue
        if (_is_weighted(x) and x.number not in summed) or (x.head is SUM and any(map(_is_weighted, x.operands))):
            x.role = Role("Z", _layer_of(x))
            x.kept = x.weighted = True
        elif (whole := _activated(x)) is not None:
            x.role, x.kept = Role("A", whole.layer, whole), True
        elif x.place is not None and x.place.label and x.head is not PICK:
            label = x.place.label
            x.word = label.rstrip("0123456789_") or label
            x.role = Role(x.word if x.size > 1 else label)
        elif x.number in summed and x.head is CONTRACT:
            x.word = "product"
    return program


def word_of(x: Array) -> str:
    """The word for an array's name if it has no role: its own, or one for its head."""
    words = {CONTRACT: "product", REDUCE: "sum", SUM: "sum", JOIN: "joined"}
    return x.word or words.get(x.head) or re.sub(r"\W", "", x.head.__name__) or "condition"


def _is_weighted(x: Any) -> bool:
    """Whether x is the product of a layer's weights and something that is not a parameter."""
    return (
        isinstance(x, Array)
        and x.head is CONTRACT
        and _of_parameters(x.operands[0])
        and not _of_parameters(x.operands[1])
    )


def _of_parameters(x: Any) -> bool:
    return isinstance(x, Array) and (x.head is PART or (x.head is PICK and x.operands[0].head is PART))


def _layer_of(x: Array) -> str:
    """The number of the layer whose weights are a factor of x, or of one of its terms; empty if it has none."""
    for product in [x, *x.operands]:
        if isinstance(product, Array) and _is_weighted(product):
            weights = product.operands[0]
            assert isinstance(weights, Array)
            part = weights.data if weights.head is PART else weights.operands[0].data
            return part.layer if part is not None else ""
    return ""


def _activated(x: Array) -> Role | None:
    """The role of a layer's weighted sum, if x is its activation: a function of it alone, or also of parameters."""
    first, *others = x.operands
    if isinstance(first, Array) and first.head is PICK:
        first = first.operands[0]
    if not isinstance(first, Array) or not first.weighted or x.head in _ARITHMETIC:
        return None
    own = all(not isinstance(y, Array) or _of_parameters(y) or y.head is CONSTANT for y in others)
    return first.role if own else None
