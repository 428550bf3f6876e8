"""The program of arrays: what grouping makes of the scalars, and what everything after it works on.

An `Array` is a group of like scalars, which one line of NumPy computes; an `Access` is how it uses another one: for
each of its own elements the position of the operand there. Nothing here knows how that is written in NumPy; see
`views`.
"""

from __future__ import annotations

from .. import ops
from ..ops import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from ..origins import Place

SUM = Op("sum_of", lambda *xs: None, lambda *xs: (), arity=None, doc="Elementwise sum of all operands.")
REDUCE = Op("reduce", lambda xs: None, lambda *xs: (), doc="Sum over the first axis of the operand.")
MATMUL = Op("matmul", lambda a, b: None, lambda *xs: (), arity=2, doc="Matrix product of the operands.")
ALONG = frozenset({ops.prod, ops.logsumexp})
"""Operations on a sequence that work along the first axis of their operand."""

STACK = Op("stack", lambda *xs: None, lambda *xs: (), arity=None, doc="The operands, joined along the first axis.")

SEQUENCES = ALONG | {REDUCE, STACK, MATMUL}
"""What is not elementwise."""


class Access:
    """How an array is used.

    Attributes
    ----------
    array : Array
    index : array of int
        Positions in the flattened array, in the shape in which they are needed; an axis of extent 1 is broadcast.
    """

    __slots__ = ("array", "index")

    def __init__(self, array: Array, index: NDArray[Any]) -> None:
        self.array, self.index = array, index


class Array:
    """A group of scalars.

    Attributes
    ----------
    head : Op
        INPUT, PARAMETER, CONSTANT, an operation applied elementwise, an n-ary operation over the first axis of its one
        operand, or one of SUM, REDUCE, MATMUL and STACK.
    shape : tuple of int
        Without the axis of examples.
    batched : bool
        Whether it depends on the example, so that it has an axis of examples, as its last one.
    trained : bool
        Whether it depends on a parameter.
    operands : list of Access
        For an elementwise operation in this array's shape; for others with the axis they work on in front.
    data : object
        A constant's numbers; the names of what log-sum-exp computes on the way: the largest, the powers, their sum.
    place : Place or None
        Where one of the nodes was filed.
    name : str
    """

    def __init__(self, head: Op, shape: tuple[int, ...], operands: list[Access], place: Place | None = None) -> None:
        self.head, self.shape, self.operands, self.place = head, shape, operands, place
        self.batched: bool = any(x.array.batched for x in operands)
        self.trained: bool = any(x.array.trained for x in operands)
        self.data: Any = None
        self.name = ""

    @property
    def text(self) -> str:
        """How the array is written."""
        return self.name

    @property
    def size(self) -> int:
        size = 1
        for extent in self.shape:
            size *= extent
        return size
