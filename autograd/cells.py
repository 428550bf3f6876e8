"""Layers of neurons: their forward pass in one call, which is the hot loop of every network.

The nodes are the same that calling the neurons one by one makes. What a neuron is, and which inputs it takes, is
defined in ``nn``. Where the engine is built natively this module is compiled with it.
"""

from __future__ import annotations

from ._cython import cython
from .modes import blocks
from .origins import Place, arrive, sit
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    import cython  # type: ignore[no-redef]  # for Cython; at run time it is the one imported above

if not cython.compiled:  # natively these are C functions, see cells.pxd and value.pxd
    from ._cython import same
    from .value import _apply_blocks, _dot, _relu

_RELU: Final = Value.relu


@cython.final
@cython.cclass
class Cell:
    """A neuron as `neurons` takes it: its weights, bias and activation, and the place of its nodes.

    Parameters
    ----------
    w : list of Value
    b : Value, optional
    function : callable, optional
        The activation, a function of a Value.
    place : Place

    Examples
    --------
    >>> from autograd import Place, Value
    >>> cell = Cell([Value(0.5), Value(-0.5)], Value(1.0), Value.tanh, Place("layer.neuron1"))
    >>> cell.place.scope
    'layer.neuron1'
    """

    __slots__ = ("w", "ws", "b", "function", "place")

    def __init__(self, w: list[Any], b: Value | None, function: Any, place: Place) -> None:
        self.w: list[Any] = w
        self.ws: tuple[Value, ...] = ()  # what `w` held at the last call, as the tuple that the nodes share
        self.b: Value | None = b
        self.function: Any = function
        self.place: Place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return _no_cell, ()  # the copy is None, so that a copied neuron makes a cell of its own parts


def _no_cell() -> None:
    return None


def neurons(layer: list[Any], x: Any) -> list[Any]:
    """The outputs of a layer's neurons for the same inputs: the layer's forward pass in one call.

    It makes the very nodes that calling the neurons makes, but they share their tuples of weights and of inputs.

    Parameters
    ----------
    layer : list of nn.Module
        The neurons. Each is computed from its ``_cell``, or, if that is None, from what ``_new_cell()`` returns; if
        that is None as well, the neuron is called.
    x : sequence of Values or numbers, or one of them
        The inputs.

    Examples
    --------
    >>> import nn
    >>> layer = [nn.Neuron(2, init="zeros"), nn.Neuron(2, init="zeros")]
    >>> [y.data for y in neurons(layer, [1.0, 2.0])]
    [0.0, 0.0]
    """
    made: list[Any] = []
    inputs = values(x)
    seat = sit()
    before = seat.place
    try:
        for neuron in layer:
            cell: Cell | None = neuron._cell
            if cell is None:
                seat.place = before
                cell = neuron._new_cell()
                if cell is None:
                    made.append(neuron(inputs))
                    seat = sit()
                    continue
            ws = _shared(cell)
            if len(ws) != len(inputs):
                neuron(inputs)  # which raises an error that says so
            node: Value = _dot(ws, inputs, cell.b, arrive(seat, cell.place))
            if blocks:
                node = _apply_blocks(node)
            function = cell.function
            if function is not None:
                node = _relu(node) if function is _RELU else function(node)
            made.append(node)
    finally:
        seat.place = before
    return made


def values(x: Any) -> tuple[Value, ...]:
    """Inputs as a tuple of Values, which nodes can share; a number by itself is one input.

    Parameters
    ----------
    x : sequence of Values or numbers, or one of them

    Examples
    --------
    >>> values([1, 2.5])
    (Value(data=1.0, grad=0.0), Value(data=2.5, grad=0.0))
    """
    if isinstance(x, Value) or not hasattr(x, "__iter__"):
        x = (x,)
    return tuple([item if isinstance(item, Value) else Value(item) for item in x])


def identical(items: list[Any], before: tuple[Any, ...]) -> bool:
    """Whether a list holds the very objects of a tuple, in the same order.

    Parameters
    ----------
    items : list
    before : tuple

    Examples
    --------
    >>> w = Value(1.0)
    >>> identical([w, w], (w, w)), identical([w], (Value(1.0),)), identical([w], ())
    (True, False, False)
    """
    return same(items, before)


def _shared(cell: Cell) -> tuple[Value, ...]:
    """The weights of a neuron as a tuple: the one that its nodes share, if the list still holds the same Values."""
    if not same(cell.w, cell.ws):
        cell.ws = tuple(cell.w)
    return cell.ws
