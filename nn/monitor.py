"""Watching a network while it learns: sizes of gradients, sizes of updates, and units that no longer learn.

The functions take a module and report by the names of its parts, or the parameters of a compiled program and report by
their names. They only read. Clipping is in `utils`, optimisers are in `optim`.
"""

from __future__ import annotations

import math

from autograd import Graph, ParameterVector, Value, enable_grad, relu, trains
from autograd import sum as total

from .batches import is_list
from .module import Module
from .settings import number, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    Watched: TypeAlias = Module | ParameterVector

__all__ = ["GradientHistory", "dead_units", "gradient_norms", "snapshot", "update_ratios"]


def gradient_norms(watched: Watched, depth: int | None = 1) -> dict[str, dict[str, float]]:
    """How large the gradients of each part are.

    Gradients that shrink from layer to layer, the first being the smallest, vanish; where they grow they explode, and
    `clip_grad_norm_` helps.

    Parameters
    ----------
    watched : Module, or a program's parameters
        Frozen parameters do not count.
    depth : int, optional
        How deep in a module the parts are: 1 for those right below it, 2 for those below these; None for the modules
        that have parameters themselves. A program has parts of its own.

    Returns
    -------
    dict of dict
        For the name of each part the ``"mean"`` and the ``"max"`` of the sizes, and their Euclidean ``"norm"``; nan if
        one of them is.

    Raises
    ------
    TypeError
        If it is neither a module nor the parameters of a program.
    ValueError
        If depth is not a positive whole number, or there is nothing to watch.

    Examples
    --------
    >>> import nn
    >>> model = nn.Sequential(nn.Linear(2, 1, seed=0))
    >>> for p, grad in zip(model.parameters(), (3.0, -4.0, 0.0)):
    ...     p.grad = grad
    >>> gradient_norms(model)
    {'0': {'mean': 2.3333333333333335, 'max': 4.0, 'norm': 5.0}}
    """
    return {name: _gradient_statistics(grads) for name, (_, grads) in _numbers_by_part(watched, depth).items()}


def _gradient_statistics(grads: list[float]) -> dict[str, float]:
    sizes = [abs(grad) for grad in grads]
    if any(map(math.isnan, sizes)):
        return dict.fromkeys(("mean", "max", "norm"), math.nan)
    largest = max(sizes)
    mean = largest
    if 0.0 < largest < math.inf:  # scaled by the largest, because the plain sum could overflow
        mean = math.fsum([x / largest for x in sizes]) / len(sizes) * largest
    return {"mean": mean, "max": largest, "norm": math.hypot(*sizes)}


def snapshot(watched: Watched, depth: int | None = 1) -> dict[str, list[float]]:
    """The numbers of the parameters of each part, to be compared with later ones; see `update_ratios`.

    Parameters and errors are those of `gradient_norms`.

    Parameters
    ----------
    watched : Module, or a program's parameters
    depth : int, optional
        As for `gradient_norms`.

    Examples
    --------
    >>> import nn
    >>> snapshot(nn.Neuron(2, init="zeros"))
    {'w1': [0.0], 'w2': [0.0], 'b': [0.0]}
    """
    return {name: numbers for name, (numbers, _) in _numbers_by_part(watched, depth).items()}


def update_ratios(watched: Watched, before: dict[str, list[float]], depth: int | None = 1) -> dict[str, float]:
    """How far each part has moved, relative to its size: the norm of the change, divided by the norm before.

    About 0.001 in a step is usual; much more is restless, much less is slow.

    Parameters
    ----------
    watched : Module, or a program's parameters
    before : dict
        What `snapshot` gave before the step.
    depth : int, optional
        As in `gradient_norms`, and as in the snapshot.

    Returns
    -------
    dict of float
        It is infinite for a part that was 0, and has moved, and 0 if nothing has moved.

    Raises
    ------
    TypeError, ValueError
        As for `gradient_norms`; if the snapshot is of something else.

    Examples
    --------
    >>> import nn
    >>> neuron = nn.Neuron(1, init="zeros")
    >>> neuron.w[0].data = 2.0
    >>> before = snapshot(neuron)
    >>> neuron.w[0].data = 2.5
    >>> update_ratios(neuron, before)
    {'w1': 0.25, 'b': 0.0}
    """
    now = snapshot(watched, depth)
    if {name: len(numbers) for name, numbers in now.items()} != {name: len(x) for name, x in before.items()}:
        raise ValueError(f"the snapshot has the parts {', '.join(before)}, but these are {', '.join(now)}")
    return {name: _ratio(before[name], numbers) for name, numbers in now.items()}


def _ratio(before: list[float], now: list[float]) -> float:
    moved, norm = math.hypot(*[y - x for x, y in zip(before, now)]), math.hypot(*before)
    if norm == 0.0:
        return math.inf if moved else 0.0
    return moved / norm


def dead_units(
    model: Callable[[Any], Any], inputs: Iterable[Any], function: Callable[[Any], Any] = relu
) -> dict[str, list[bool]]:
    """Which rectifiers give 0 for all examples, so that no gradient flows through them and they no longer learn.

    The model is called with one example after the other, and its graph is looked at. It must compute the same for
    each; a network with `Dropout` does in evaluation mode.

    Parameters
    ----------
    model : Module or callable
        It takes one example.
    inputs : iterable
        The examples.
    function : operation
        Which operation to look at.

    Returns
    -------
    dict of list of bool
        For each module in which there are such operations, by its scope, whether each of them is dead, in the order in
        which they are computed.

    Raises
    ------
    TypeError
        If the model is not a function, or does not return Values.
    ValueError
        If there are no examples, or the model computes something else for one of them.

    Examples
    --------
    >>> import nn
    >>> model = nn.Sequential(nn.Linear(1, 2, seed=0), nn.ReLU(), nn.Linear(2, 1, seed=0))
    >>> model.load_state_dict({**model.state_dict(), "0.weight": [[1.0], [-1.0]], "0.bias": [0.0, -3.0]})
    ([], [])
    >>> dead_units(model, [[1.0], [2.0], [-2.5]])
    {'sequential.layer2': [False, True]}
    """
    if not callable(model):
        raise TypeError(f"dead_units takes a model that can be called with an example, not {model!r:.60}")
    dead: dict[str, list[bool]] | None = None
    for i, example in enumerate(inputs):
        with enable_grad():
            found = _units(model(example), function)
        zero = {scope: [data == 0.0 for data in units] for scope, units in found.items()}
        if dead is None:
            dead = zero
        elif {scope: len(x) for scope, x in dead.items()} != {scope: len(x) for scope, x in zero.items()}:
            raise ValueError(f"the model has other units for example {i} than for those before; call eval()?")
        else:
            dead = {scope: [a and b for a, b in zip(units, zero[scope])] for scope, units in dead.items()}
    if dead is None:
        raise ValueError("dead_units needs at least one example, got none")
    return dead


def _units(made: Any, function: Any) -> dict[str, list[float]]:
    """The numbers that the operations of one kind gave, by scope, in the graph of what a model returned."""
    results = [x for x in _flat(made) if isinstance(x, Value)]
    if not results:
        raise TypeError(f"dead_units needs a model that returns Values, not {made!r:.60}")
    units: dict[str, list[float]] = {}
    for node in Graph(total(results)):
        if node.op is function:
            units.setdefault(node.scope, []).append(node.data)
    return units


def _flat(x: Any) -> list[Any]:
    if isinstance(x, dict):
        return [item for part in x.values() for item in _flat(part)]
    return [item for part in x for item in _flat(part)] if is_list(x) else [x]


class GradientHistory:
    """The sizes of gradients, and how far the steps went, from step to step, in plain lists.

    It is called once a step, after the optimiser has moved the parameters and before the gradients are set to 0.

    Parameters
    ----------
    watched : Module, or a program's parameters
    depth : int, optional
        As in `gradient_norms`.

    Attributes
    ----------
    means, maxima, norms, ratios : dict of list of float
        For the name of each part what `gradient_norms` and `update_ratios` gave after each step.
    losses : list of float
        What it was called with, if anything.

    Raises
    ------
    TypeError, ValueError
        As for `gradient_norms`; in a call, if the loss is not a number.

    Examples
    --------
    >>> import nn
    >>> model = nn.Neuron(1, activation=None, init="zeros")
    >>> optimizer, history = nn.SGD(model.parameters(), lr=0.125), GradientHistory(model)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     loss = (model([1.0]) - 1.0) ** 2
    ...     loss.backward()
    ...     optimizer.step()
    ...     history(loss)
    >>> history.losses, history.norms["w1"], history.ratios["w1"]
    ([1.0, 0.25, 0.0625], [2.0, 1.0, 0.5], [inf, 0.5, 0.16666666666666666])
    """

    def __init__(self, watched: Watched, depth: int | None = 1) -> None:
        self._watched, self._depth = watched, depth
        self._before = snapshot(watched, depth)
        self.means: dict[str, list[float]] = {name: [] for name in self._before}
        self.maxima: dict[str, list[float]] = {name: [] for name in self._before}
        self.norms: dict[str, list[float]] = {name: [] for name in self._before}
        self.ratios: dict[str, list[float]] = {name: [] for name in self._before}
        self.losses: list[float] = []

    def __call__(self, loss: object = None) -> None:
        """Append the numbers of a step that has just been made.

        Parameters
        ----------
        loss : number or Value, optional
        """
        if loss is not None:
            loss = loss.data if isinstance(loss, Value) else number("loss", loss, finite=False)
        sizes = gradient_norms(self._watched, self._depth)
        ratios = update_ratios(self._watched, self._before, self._depth)
        for name, of_part in sizes.items():
            self.means[name].append(of_part["mean"])
            self.maxima[name].append(of_part["max"])
            self.norms[name].append(of_part["norm"])
            self.ratios[name].append(ratios[name])
        if isinstance(loss, float):
            self.losses.append(loss)
        self._before = snapshot(self._watched, self._depth)

    def __len__(self) -> int:
        return len(next(iter(self.norms.values())))

    def __repr__(self) -> str:
        return f"GradientHistory({len(self)} steps of {', '.join(self.norms)})"


def _numbers_by_part(watched: Any, depth: int | None) -> dict[str, tuple[list[float], list[float]]]:
    """The numbers and the gradients of each part's parameters, by the part's name."""
    if depth is not None:
        size("depth", depth)
    if isinstance(watched, ParameterVector):
        rows = watched.rows([watched.data, watched.grad])
        return {
            name: ([rows[i][0] for i in places], [rows[i][1] for i in places])
            for name, places in watched.named().items()
        }
    if not isinstance(watched, Module):
        hint = "write program.parameters" if isinstance(getattr(watched, "parameters", None), ParameterVector) else ""
        raise TypeError(
            f"a module or a program's parameters can be watched, not {type(watched).__name__}{hint and '; ' + hint}"
        )
    parts: dict[str, list[Value]] = {}
    for path, p in watched.named_parameters():
        if trains(p):
            names = path.split(".")
            name = ".".join(names[:depth] if depth is not None else names[:-1] or names)
            parts.setdefault(name, []).append(p)
    if not parts:
        raise ValueError(
            f"this {type(watched).__name__} has no parameters that are trained, so there is nothing to see"
        )
    return {name: ([p.data for p in own], [p.grad for p in own]) for name, own in parts.items()}
