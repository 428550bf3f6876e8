"""Second derivatives for training: the diagonal of the Hessian, and Sophia, an optimiser that divides by it.

The derivatives are exact up to rounding: the engine differentiates the gradient once more.
"""

from __future__ import annotations

from autograd import Graph, ParameterVector, Value, concrete, hvp, trains

from ..settings import number, seeded
from ..trained import listed, values_of
from . import rules
from .checks import choice, whole_at_least
from .optimizer import Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from .optimizer import Groups


def hutchinson(loss: Value, parameters: Iterable[Value], signs: Sequence[Any]) -> list[Any]:
    """An estimate of the Hessian's diagonal: u * (H u), for a vector u of random signs (Hutchinson 1989).

    Its mean over all u is the diagonal. It costs a few times as much as a gradient, however many parameters there are.
    It can be part of a function that is compiled, which takes the signs as an argument, so that each call has new ones.

    Parameters
    ----------
    loss : Value
        A result of the parameters.
    parameters : iterable of Value
    signs : sequence
        1 or -1 for each parameter.

    Returns
    -------
    list
        A float for each parameter; in a function that is compiled, a Value.

    Raises
    ------
    TypeError, ValueError
        If the loss is not a Value, these are not parameters, or there is no sign for each.

    Examples
    --------
    >>> v, w = Value(3.0), Value(4.0)
    >>> loss = v * v * w  # whose Hessian is [[8, 6], [6, 0]]
    >>> hutchinson(loss, [v, w], [1.0, 1.0]), hutchinson(loss, [v, w], [1.0, -1.0])
    ([14.0, 6.0], [2.0, -6.0])
    """
    params = _parameters(loss, parameters, "hutchinson")
    if len(signs) != len(params):
        raise ValueError(f"hutchinson takes a sign for each of the {len(params)} parameters, got {len(signs)}")
    return [sign * product for sign, product in zip(signs, _product(loss, params, signs))]


def hessian_diagonal(loss: Value, parameters: Iterable[Value]) -> list[Any]:
    """The diagonal of the Hessian, exactly: the second derivative with respect to each parameter.

    It costs a few gradients for each parameter; `hutchinson` estimates it at the cost of a few in all.

    Parameters
    ----------
    loss : Value
        A result of the parameters.
    parameters : iterable of Value

    Returns
    -------
    list
        A float for each parameter; in a function that is compiled, a Value.

    Raises
    ------
    TypeError, ValueError
        If the loss is not a Value, or these are not parameters.

    Examples
    --------
    >>> v, w = Value(3.0), Value(4.0)
    >>> hessian_diagonal(v * v * w, [v, w])
    [8.0, 0.0]
    """
    params = _parameters(loss, parameters, "hessian_diagonal")
    count = range(len(params))
    return [_product(loss, params, [float(i == j) for j in count])[i] for i in count]


def _parameters(loss: object, parameters: Any, user: str) -> list[Value]:
    if not isinstance(loss, Value):
        raise TypeError(f"{user} takes the loss as a Value, with the graph behind it, not {loss!r:.60}")
    if isinstance(parameters, ParameterVector):
        raise TypeError(f"{user} takes the Values that the loss was computed from, not a program's vector")
    return listed(parameters, user)


def _product(loss: Value, params: list[Value], direction: Sequence[Any]) -> list[Any]:
    """The Hessian times a vector."""
    graph = Graph(loss)
    known = concrete(loss)
    point = [graph.data[graph.position(p)] if p in graph and known else p.data if known else p for p in params]
    products: list[Any] = hvp(lambda xs: graph.over(params, xs), (point,), (list(direction),))
    return products


class Sophia(Optimizer):
    """Momentum, divided by the curvature in each direction, and clipped (Liu et al. 2023, algorithm 3).

    m <- beta1 m + (1 - beta1) g; p <- p - lr weight_decay p - lr clip(m / max(gamma h, eps), -1, 1). In every `period`
    steps h <- beta2 h + (1 - beta2) d, where d is an estimate of the Hessian's diagonal.

    The estimate comes from the loss that the closure of `step` returns, which must be a Value. A compiled program gives
    no such Value: compile `hutchinson`, too, and pass its result to `update_hessian` every few steps.

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate.
    betas : (float, float)
    gamma : float
        The smaller it is, the more directions make steps of lr, which is the largest.
    eps, weight_decay : float
    period : int
    estimator : {"hutchinson", "exact"}
        Random signs, or every second derivative by itself, which costs as many times more as there are parameters.
    maximize : bool
        Whether to climb.
    seed : int or random.Random, optional
        For the signs. Its state is not saved: after `load_state_dict` the signs are different ones.

    Raises
    ------
    TypeError, ValueError
        As for `Adam`; if gamma is negative, or the period is not a positive whole number.
    RuntimeError
        If a step is made before there is any estimate.

    Examples
    --------
    >>> w = Value(3.0)
    >>> optimizer = Sophia([w], lr=0.25, gamma=1.0, seed=0)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = w * w
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).data, w.data
    (9.0, 2.75)
    """

    rule = staticmethod(rules.sophia)
    initial = (0.0, 0.0)

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.96, 0.99),
        gamma: float = 0.01,
        eps: float = 1e-12,
        weight_decay: float = 0.0,
        period: int = 10,
        estimator: str = "hutchinson",
        *,
        maximize: bool = False,
        seed: Any = None,
    ) -> None:
        self.period = whole_at_least("period", period, 1)
        self.estimator = choice("estimator", estimator, ("hutchinson", "exact"))
        self.hessian_updates = 0
        self._random = seeded(seed)
        super().__init__(params, lr=lr, betas=betas, gamma=gamma, eps=eps, weight_decay=weight_decay, maximize=maximize)

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats and betas as a tuple."""
        return {**super().checked(settings), "gamma": number("gamma", settings["gamma"], positive=True)}

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter by its gradient; all of them, or, after an error, none.

        Parameters
        ----------
        closure : callable, optional
            Is called first, to compute the loss and the gradients. If an estimate is due, it is made from the loss.

        Returns
        -------
        object
            What the closure returned.

        Raises
        ------
        RuntimeError
            If there is no estimate yet.
        """
        loss = self._call_closure(closure)
        if isinstance(loss, Value) and self.steps % self.period == 0:
            self.update_hessian(self._estimate(loss))
        if not self.hessian_updates:
            raise RuntimeError(
                "Sophia has no estimate of the Hessian yet; give step() a function that returns the loss as a Value, "
                "or call update_hessian() with the diagonal before"
            )
        super().step()
        return loss

    def _estimate(self, loss: Value) -> list[float]:
        """The Hessian's diagonal for all parameters, with 0 for those that are frozen."""
        values = [p for p in self.params if not isinstance(p, ParameterVector) and trains(p)]
        if len(values) < sum([not isinstance(p, Value) or trains(p) for p in self.params]):
            raise TypeError(
                "Sophia cannot differentiate a Value by a program's parameters; compile hutchinson(), and give what "
                "the program returns to update_hessian()"
            )
        if self.estimator == "exact":
            found = hessian_diagonal(loss, values)
        else:
            found = hutchinson(loss, values, [self._random.choice((-1.0, 1.0)) for _ in values])
        rest = iter(found)
        return [next(rest) if trains(p) else 0.0 for p in self.params]

    def update_hessian(self, diagonal: Sequence[float]) -> None:
        """Take an estimate of the Hessian's diagonal into the running mean.

        Parameters
        ----------
        diagonal : sequence of float
            A number for each parameter, in the order of `params`; of a program's in that of its ``values``.

        Raises
        ------
        TypeError, ValueError
            If there is no finite number for each. Nothing has been changed then.
        """
        numbers = [number(f"item {i} of the diagonal", x) for i, x in enumerate(diagonal)]
        count = sum([len(values_of(p)) for p in self.params])
        if len(numbers) != count:
            raise ValueError(f"update_hessian takes a number for each of the {count} parameters, got {len(numbers)}")
        made = []
        rest = iter(self.state)
        for group in self.param_groups:
            beta, turn = group["betas"][1], -1.0 if group["maximize"] else 1.0
            for p in group["params"]:
                (mean, curvature), own = next(rest), numbers[: len(values_of(p))]
                numbers = numbers[len(own) :]
                new = p.vectors([[x] for x in own])[0] if isinstance(p, ParameterVector) else own[0]
                moves = isinstance(p, ParameterVector) or trains(p)
                made.append((mean, beta * curvature + (1.0 - beta) * turn * new if moves else curvature))
        self.state, self.hessian_updates = made, self.hessian_updates + 1

    def state_dict(self) -> dict[str, Any]:
        """The state of any optimiser, and ``"hessian_updates"``: how many estimates it has had."""
        return {**super().state_dict(), "hessian_updates": self.hessian_updates}

    def _loaded(self, given: dict[str, Any]) -> dict[str, Any]:
        updates = whole_at_least("hessian_updates", given["hessian_updates"])
        return {**super()._loaded(given), "hessian_updates": updates}
