"""L-BFGS, which estimates the curvature from the last few gradients: SciPy's method with PyTorch's interface."""

from __future__ import annotations

import math

from autograd import ParameterVector, Value, trains

from ..settings import number
from ..utils import parameters_to_vector, vector_to_parameters
from .checks import choice, whole_at_least
from .optimizer import Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .optimizer import Groups


class LBFGS(Optimizer):
    """Quasi-Newton steps from the last few gradients, each with a line search (Liu and Nocedal 1989).

    A call of `step` is a minimisation of its own, of up to `max_iter` iterations, by SciPy's L-BFGS-B: on one and the
    same loss, that of all examples. What it has learnt of the curvature ends with it, so few calls with many iterations
    are better than the reverse. Every iteration searches along its direction, by the strong Wolfe conditions.

    Parameters
    ----------
    params : iterable of Value, or a program's parameters
        For instance ``model.parameters()``. There is one group.
    lr : float
        There for compatibility with PyTorch; it must be 1: the search finds the size of each step.
    max_iter : int
        How many iterations a step has at most.
    max_eval : int, optional
        How many times it calls the closure at most; a quarter more than iterations if left out.
    tolerance_grad : float
        It ends when no slope is larger.
    tolerance_change : float
        It ends when the loss changes by no larger part of it, or of 1.
    history_size : int
        How many gradients it remembers.
    line_search_fn : {None, "strong_wolfe"}
        There for compatibility with PyTorch; both are the same here.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of range, or there are several groups.
    ModuleNotFoundError
        In `step`, if SciPy is not installed.

    Examples
    --------
    >>> v, w = Value(-1.0), Value(2.0)
    >>> optimizer = LBFGS([v, w], max_iter=100)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1.0 - v) ** 2 + 100.0 * (w - v * v) ** 2
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).data
    104.0
    >>> round(v.data, 4), round(w.data, 4)
    (1.0, 1.0)
    """

    initial = ()

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            max_iter=max_iter,
            max_eval=max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        made = super().checked(settings)
        if made["lr"] != 1.0:
            raise ValueError(f"LBFGS searches along each direction, so lr must be 1, not {settings['lr']!r}")
        for name in ("tolerance_grad", "tolerance_change"):
            made[name] = number(name, settings[name], positive=True)
        for name in ("max_iter", "history_size"):
            made[name] = whole_at_least(name, settings[name], 1)
        if settings["max_eval"] is not None:
            made["max_eval"] = whole_at_least("max_eval", settings["max_eval"], 1)
        if settings["line_search_fn"] is not None:
            made["line_search_fn"] = choice("line_search_fn", settings["line_search_fn"], ("strong_wolfe",))
        return made

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Take the parameters; a second group is refused."""
        if self.param_groups:
            raise ValueError("LBFGS takes one group of parameters, because one curvature belongs to all of them")
        super().add_param_group(param_group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Minimise what the closure computes.

        Parameters
        ----------
        closure : callable
            Sets the gradients to 0, computes the loss and its gradient, and returns the loss. It is called many times,
            at other parameters each time. After an error in it the parameters are as they were.

        Returns
        -------
        object
            What the closure returned at first.
        """
        if closure is None:
            raise TypeError(
                "LBFGS needs a function that computes the loss and its gradient, because it calls it many times"
            )
        try:
            from scipy.optimize import minimize
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "LBFGS needs SciPy, which is not installed: pip install scipy", name="scipy"
            ) from error
        params: Any = [p for p in self.params if isinstance(p, ParameterVector) or trains(p)]
        params = params[0] if params and isinstance(params[0], ParameterVector) else params
        start = parameters_to_vector(params)
        if not start:
            raise ValueError("LBFGS has no parameters to move: all of them are frozen")
        settings, returned = self.settings(), []

        def evaluated(numbers: Any) -> tuple[float, list[float]]:
            vector_to_parameters(numbers.tolist(), params)
            returned.append(self._call_closure(closure))
            if returned[-1] is None:
                raise TypeError("LBFGS needs the loss from the function that computes it, which returned None")
            loss = returned[-1] if isinstance(returned[-1], Value) else Value(returned[-1])
            return loss.data, _gradients(params)

        try:
            found = minimize(
                evaluated,
                start,
                jac=True,
                method="L-BFGS-B",
                options={
                    "maxiter": settings["max_iter"],
                    "maxfun": settings["max_eval"] or max(settings["max_iter"] * 5 // 4, 2),
                    "gtol": settings["tolerance_grad"],
                    "ftol": settings["tolerance_change"],
                    "maxcor": settings["history_size"],
                },
            )
            best = found.x.tolist()
            vector_to_parameters(best if all(map(math.isfinite, best)) else start, params)
        except BaseException:
            vector_to_parameters(start, params)
            raise
        self.steps += 1
        self.counts = [count + 1 for count in self.counts]
        return returned[0]


def _gradients(params: Any) -> list[float]:
    if isinstance(params, ParameterVector):
        return [row[0] for row in params.rows([params.grad])]
    return [p.grad for p in params]
