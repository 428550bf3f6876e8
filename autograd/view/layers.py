"""The layers of a network, found by structure: dot products that share their inputs, and their activations.

A layer is a matrix of weights with all its uses: one for a single example, several for a batch or in an unrolled
recurrent network. Names and scopes play no part. From the layers found here the page makes its formulas for layers and
its title for a network.
"""

from __future__ import annotations

from typing import NamedTuple

from .. import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..graph import Graph
    from ..ops import Op

    Place = tuple[int, int]


class Use(NamedTuple):
    """One application of a layer, given by positions of nodes in the graph.

    Attributes
    ----------
    inputs : tuple of int
    sums : tuple of int
        The dot products, z, one for each unit.
    outputs : tuple of int
        The activations, a; the sums themselves where there are none.
    """

    inputs: tuple[int, ...]
    sums: tuple[int, ...]
    outputs: tuple[int, ...]


class Layer(NamedTuple):
    """A matrix of weights, with a bias or without, and where it is used.

    Attributes
    ----------
    first : bool
        Whether the weights come first in each dot product, and the inputs second.
    bias : bool
    uses : list of Use
    """

    first: bool
    bias: bool
    uses: list[Use]


def layers(graph: Graph, roles: Sequence[str]) -> list[Layer]:
    """The layers of a graph, each before those that it feeds.

    Parameters
    ----------
    graph : Graph
    roles : sequence of str
        For each node "parameter", "input", "constant" or an empty text: weights are parameters.

    Examples
    --------
    >>> from autograd import Graph, Value, dot
    >>> x, w, v = Value(1.0, "x"), [Value(0.5, "w1"), Value(0.25, "w2")], [Value(2.0, "v1"), Value(3.0, "v2")]
    >>> graph = Graph(dot(v, [dot([w_i], [x]).tanh() for w_i in w]))
    >>> roles = ["parameter" if node.label[:1] in ("w", "v") else "" for node in graph]
    >>> for layer in layers(graph, roles):
    ...     print(layer.uses)
    [Use(inputs=(1,), sums=(2, 5), outputs=(3, 6))]
    [Use(inputs=(3, 6), sums=(9,), outputs=(9,))]
    """
    # Units with the same inputs and the same activation belong together.
    together: dict[tuple[tuple[int, ...], bool, bool, Op | None], list[int]] = {}
    weights: dict[int, tuple[int, ...]] = {}
    applied: dict[int, int] = {}
    for position, node in enumerate(graph):
        if node.op is not ops.dot:
            continue
        operands = tuple(graph.operands[position])
        half = len(operands) // 2
        factors = operands[:half], operands[half : 2 * half]
        first = all(roles[k] == "parameter" for k in factors[0])
        if not first and not all(roles[k] == "parameter" for k in factors[1]):
            continue
        weights[position] = factors[0 if first else 1]
        applied[position] = _activation(graph, position)
        inputs = factors[1 if first else 0]
        kind = graph.nodes[applied[position]].op
        together.setdefault((inputs, first, len(operands) % 2 == 1, kind), []).append(position)

    found: dict[tuple[tuple[int, ...], ...], Layer] = {}
    for (inputs, first, bias, _), sums in together.items():
        layer = found.setdefault(tuple(weights[z] for z in sums), Layer(first, bias, []))
        layer.uses.append(Use(inputs, tuple(sums), tuple(applied[z] for z in sums)))
    return sorted(found.values(), key=lambda layer: layer.uses[0].sums[0])


def _activation(graph: Graph, position: int) -> int:
    """The activation that is the only consumer of a dot product; the dot product itself if there is none."""
    consumers = graph.consumers[position]
    if len(consumers) != 1:
        return position
    op, (z, *others) = graph.nodes[consumers[0]].op, graph.operands[consumers[0]]
    numbers = all(graph.nodes[k].op is None for k in others)  # such as the slope of a leaky ReLU
    return consumers[0] if op is not None and op.activation and z == position and numbers else position


def preceding_uses(found: Sequence[Layer]) -> dict[Place, Place]:
    """For uses of layers whose inputs are exactly the outputs of another use: that other use.

    Both are given by their places: of the layer in `found`, and of the use in the layer.

    Examples
    --------
    >>> one, two = Use((0,), (1, 2), (3, 4)), Use((3, 4), (5,), (5,))
    >>> preceding_uses([Layer(True, False, [one]), Layer(True, False, [two])])
    {(1, 0): (0, 0)}
    """
    makers = {use.outputs: (k, n) for k, layer in enumerate(found) for n, use in enumerate(layer.uses)}
    return {
        (k, n): makers[use.inputs]
        for k, layer in enumerate(found)
        for n, use in enumerate(layer.uses)
        if use.inputs in makers
    }


def described(graph: Graph, found: Sequence[Layer]) -> list[dict[str, object]]:
    """The layers in the form in which the page gets them.

    Returns
    -------
    list of dict
        ``first`` and ``bias`` as in `Layer`; ``uses``, each with lists ``sums`` and ``outputs``, and with the places of
        the use ``before``, whose outputs are its inputs, and of the use ``after``, whose dot products are the only
        consumers of its outputs. These places are as in `preceding_uses`, or None.
    """
    before = preceding_uses(found)
    after = {}
    for (k, n), (j, m) in before.items():
        takers = {consumer for a in found[j].uses[m].outputs for consumer in graph.consumers[a]}
        if takers == set(found[k].uses[n].sums):
            after[j, m] = (k, n)
    return [
        {
            "first": layer.first,
            "bias": layer.bias,
            "uses": [
                {
                    "sums": list(use.sums),
                    "outputs": list(use.outputs),
                    "before": before.get((k, n)),
                    "after": after.get((k, n)),
                }
                for n, use in enumerate(layer.uses)
            ],
        }
        for k, layer in enumerate(found)
    ]
