"""The page's introduction: a title, a sentence or two about what the graph computes, and notes on nodes.

The texts that the caller of `explore` gives are checked here, and so is the node at which the page is to open. A title
or a text that is not given is made from the graph: its labels, its roles, and its layers if it is a network.
"""

from __future__ import annotations

from .layers import layers, preceding_uses
from .text import names, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..graph import Graph
    from ..value import Value

NAMED = 4  # at most this many leaves are named one by one
LONGEST = 20  # letters of a name in a sentence, at most


def story(
    graph: Graph,
    roles: Sequence[str],
    title: str | None = None,
    text: str | None = None,
    notes: Mapping[Value, str] | None = None,
) -> dict[str, Any]:
    """The page's ``title``, ``text`` and ``notes``; the notes are by the positions of their nodes.

    Examples
    --------
    >>> from autograd import Graph, Value
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> y = (w * x).tanh()
    >>> y.label = "y"
    >>> told = story(Graph(y), ["parameter", "input", "", ""], notes={y: "squashed"})
    >>> told["title"], told["notes"]
    ('y from w and x', {3: 'squashed'})
    >>> told["text"]
    'y is computed from w and x in 2 operations. The backward pass finds how fast it changes with each of them.'
    """
    found = _network(graph, roles) or _expression(graph)
    return {
        "title": found[0] if title is None else _text(title, "title"),
        "text": found[1] if text is None else _text(text, "text"),
        "notes": _notes(graph, notes),
    }


def _text(given: object, what: str) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{what} must be a str, not {type(given).__name__}: {given!r:.60}")
    if not given.strip():
        raise ValueError(f"{what} is empty; leave it out instead")
    return given.strip().encode("utf-8", "replace").decode()


def _notes(graph: Graph, notes: Mapping[Value, str] | None) -> dict[int, str]:
    from ..value import Value

    if notes is None:
        return {}
    if not hasattr(notes, "items"):
        raise TypeError(f"notes must be a mapping of nodes to texts, not {type(notes).__name__}")
    found = {}
    for node, note in notes.items():
        if not isinstance(node, Value):
            raise TypeError(f"notes are for Values, not for {type(node).__name__}: {node!r:.60}")
        if node not in graph:
            raise ValueError(f"there is a note for {node.describe()}, which is not a node of the graph")
        found[graph.position(node)] = _text(note, f"the note for {node.describe()}")
    return found


STEPS = ("forward", "backward")


def beginning(graph: Graph, selected: Value | None, step: str | None) -> dict[str, Any]:
    """The story's ``start``, the node and the step at which the page opens, if a node is selected.

    Examples
    --------
    >>> from autograd import Graph, Value
    >>> x = Value(2.0, "x")
    >>> beginning(Graph(x * x), x, "backward")
    {'start': {'node': 0, 'step': 'backward'}}
    """
    from ..value import Value

    if step is not None and step not in STEPS:
        raise ValueError(f"step must be 'forward' or 'backward', not {step!r:.60}")
    if selected is None:
        if step is not None:
            raise ValueError(f"step={step!r} needs selected=..., the node whose step it is")
        return {}
    if not isinstance(selected, Value):
        raise TypeError(f"selected must be a Value of the graph, not {type(selected).__name__}: {selected!r:.60}")
    if selected not in graph:
        raise ValueError(f"selected is {selected.describe()}, which is not a node of the graph")
    return {"start": {"node": graph.position(selected), "step": step}}


# --- what a graph computes --------------------------------------------------------------------------------------------


def _network(graph: Graph, roles: Sequence[str]) -> tuple[str, str] | None:
    """Title and text for a graph that is a network; None for other graphs."""
    found = layers(graph, roles)
    if not found:
        return None
    before = preceding_uses(found)
    sizes = [len(found[0].uses[0].inputs)] + [len(layer.uses[0].sums) for layer in found]
    follow = all(before.get((k, 0)) == (k - 1, 0) for k in range(1, len(found)))
    is_neuron = sizes[1:] == [1]
    what = f"a neuron with {_count(sizes[0], 'input')}" if is_neuron else f"a network of {_count(len(found), 'layer')}"
    scopes = {graph.nodes[layer.uses[0].sums[0]].scope.partition(".")[0] for layer in found}
    (scope,) = scopes if len(scopes) == 1 else ("",)
    title = f"{shown(scope)}: {what}" if scope else f"A{what[1:]}"
    sentence = f"It has {_count(roles.count('parameter'), 'parameter')}"
    times = {len(layer.uses) for layer in found}
    if len(times) == 1:
        (uses,) = times
        first, *others = found[0].uses
        is_recurrent = _reach(graph, first.outputs, {z for use in others for z in use.sums})
        sentence += f", and works {'over' if is_recurrent else 'on'} "
        sentence += _count(uses, "step" if is_recurrent else "example", one="one") + " here"
    if follow and not is_neuron:
        sentence = f"Its shape is {' → '.join(f'{size:,}' for size in sizes)}. {sentence}"
    aim = _root(graph)
    if graph.position(graph.root) not in found[-1].uses[-1].outputs:
        sentence += f"; {aim} is computed from its output"
    return title, f"{sentence}. The backward pass finds how fast {aim} changes with each parameter."


def _reach(graph: Graph, sources: Sequence[int], goals: set[int]) -> bool:
    """Whether any of the goals is computed from any of the sources."""
    made = set(sources)
    for position, operands in enumerate(graph.operands):
        if not made.isdisjoint(operands):
            made.add(position)
    return not made.isdisjoint(goals)


def _expression(graph: Graph) -> tuple[str, str]:
    """Title and text of any graph."""
    aim = _root(graph)
    operations = sum(node.op is not None for node in graph)
    if operations == 0:
        text = f"{aim} is a leaf: nothing is computed, and its derivative with respect to itself is 1."
        return f"{aim}, a leaf", text
    leaves = [_name(name) for name, node in zip(names(graph), graph) if node.op is None and node.label]
    count = len(leaves) or sum(node.op is None for node in graph)
    given = f"{', '.join(leaves[:-1])} and {leaves[-1]}" if len(leaves) > 1 else "".join(leaves)
    if not 0 < len(leaves) <= NAMED:
        given = _count(count, "number")
    title = f"{aim} from {given}" if graph.root.label else f"An expression of {given}"
    each = "it" if count == 1 else "each of them"
    return title, (
        f"{aim[0].upper() if not graph.root.label else aim[0]}{aim[1:]} is computed from {given} in "
        f"{_count(operations, 'operation')}. The backward pass finds how fast it changes with {each}."
    )


def _root(graph: Graph) -> str:
    """What is differentiated, as a sentence names it."""
    return _name(names(graph)[-1]) if graph.root.op is None or graph.root.label else "the result"


def _name(name: str) -> str:
    return (name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…").encode("utf-8", "replace").decode()


def _count(count: int, word: str, one: str = "1") -> str:
    return f"{one if count == 1 else f'{count:,}'} {word}{'' if count == 1 else 's'}"
