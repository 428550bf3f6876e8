"""Optimisers that average instead of lowering the learning rate: schedule-free SGD and AdamW.

They keep two points: z, which moves by the gradient, and x, the mean of where z has been. The gradient is taken between
the two, at y. In training the parameters are y; for everything else they must be x. `train` and `eval` switch.
"""

from __future__ import annotations

from autograd import ParameterVector, trains, where

from . import rules
from .checks import share, whole_at_least
from .optimizer import Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .optimizer import Groups


class _ScheduleFree(Optimizer):
    """A schedule-free optimiser; the first two numbers of a parameter's state are x and z.

    Attributes
    ----------
    training : bool
        True if the parameters are y, where the next gradient is taken; False if they are x.
    """

    lr: float

    def __init__(self, params: Groups, **settings: Any) -> None:
        self.training = True
        super().__init__(params, **settings)

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        return {**super().checked(settings), "warmup_steps": whole_at_least("warmup_steps", settings["warmup_steps"])}

    def train(self, mode: bool = True) -> None:
        """Make the parameters y, where the gradient is taken, or, if the mode is False, x.

        Nothing happens if they are so already.
        """
        if mode == self.training:
            return
        numbers = []
        rest = iter(zip(self.state, self.counts))
        for group in self.param_groups:
            for p in group["params"]:
                state, counts = next(rest)
                numbers.append(self._value_of(p, state, counts, group, mode))
        self._write(numbers)
        self.training = mode

    def eval(self) -> None:
        """Make the parameters x, the mean, which is what has been learnt; the same as ``train(False)``."""
        self.train(False)

    def _value_of(self, p: Any, state: tuple[Any, ...], counts: Any, group: dict[str, Any], training: bool) -> Any:
        """What a parameter or vector is to be: y in training, else x; before its first step, what it is."""
        if not isinstance(p, ParameterVector) and not (counts and trains(p)):
            return p.data
        if isinstance(counts, int) and not counts:
            return p.data
        x, z = state[:2]
        made = rules.between(x, z, self._beta(group)) if training else x
        return made if isinstance(counts, int) else where(counts > 0, made, p.data)

    def _beta(self, group: dict[str, Any]) -> float:
        raise NotImplementedError

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter by its gradient; all of them, or, after an error, none.

        Raises
        ------
        RuntimeError
            If the parameters are x, where no gradient is taken.
        """
        if not self.training:
            raise RuntimeError(
                f"the parameters of this {type(self).__name__} are the mean now, and no gradient is taken there; call "
                "optimizer.train() before training goes on"
            )
        return super().step(closure)

    def state_dict(self) -> dict[str, Any]:
        """The state of any optimiser, and ``"training"``: whether the parameters are y at that time, or x."""
        return {**super().state_dict(), "training": self.training}

    def _loaded(self, given: dict[str, Any]) -> dict[str, Any]:
        training = given["training"]
        if not isinstance(training, bool):
            raise ValueError(f"training must be True or False, not {training!r:.60}")
        return {**super()._loaded(given), "training": training}


class SGDScheduleFree(_ScheduleFree):
    """Stochastic gradient descent that needs no schedule (Defazio et al. 2024).

    z <- z - lr g, where g is the gradient at y, plus weight_decay y; x <- (1 - c) x + c z, where c is lr**2 divided by
    the sum of those of all steps; y = (1 - momentum) z + momentum x. While one trains the parameters are y. Before they
    are used or saved `eval` makes them x, and `train` makes them y again. Save the optimiser's state with the
    parameters: it knows which point they are.

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate; larger ones than for `SGD` are good.
    momentum : float
        From 0 to 1.
    weight_decay : float
    warmup_steps : int
        In how many steps the learning rate rises from 0 to lr.
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`: if a number is out of range.
    RuntimeError
        If a step is made while the parameters are x.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = SGDScheduleFree([w], lr=0.25)
    >>> for _ in range(50):
    ...     optimizer.zero_grad()
    ...     (w * w).backward()
    ...     optimizer.step()
    >>> optimizer.eval()
    >>> abs(w.data) < 0.2
    True
    >>> optimizer.train()
    """

    rule = staticmethod(rules.sgd_schedule_free)
    initial = (0.0, 0.0, 0.0)

    def __init__(
        self,
        params: Groups,
        lr: float = 1.0,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, momentum=momentum, weight_decay=weight_decay, warmup_steps=warmup_steps, maximize=maximize
        )

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        return {**super().checked(settings), "momentum": share("momentum", settings["momentum"])}

    def _beta(self, group: dict[str, Any]) -> float:
        return float(group["momentum"])


class AdamWScheduleFree(_ScheduleFree):
    """AdamW that needs no schedule (Defazio et al. 2024, algorithm 1).

    s <- beta2 s + (1 - beta2) g**2; z <- z - r g / (sqrt(s) + eps) - r weight_decay y, where r is
    lr sqrt(1 - beta2**step), and rises in the first steps if there are warmup_steps; x <- (1 - c) x + c z, where c is
    r**2 divided by the sum of those of all steps; y = (1 - beta1) z + beta1 x. While one trains the parameters are y.
    Before they are used or saved `eval` makes them x, and `train` makes them y again.

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate.
    betas : (float, float)
    eps, weight_decay : float
    warmup_steps : int
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As for `SGDScheduleFree`.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = AdamWScheduleFree([w], lr=0.25)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> optimizer.eval()
    >>> round(w.data, 6)
    2.75
    """

    rule = staticmethod(rules.adamw_schedule_free)
    initial = (0.0, 0.0, 0.0, 0.0)

    def __init__(
        self,
        params: Groups,
        lr: float = 2.5e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            warmup_steps=warmup_steps,
            maximize=maximize,
        )

    def _beta(self, group: dict[str, Any]) -> float:
        return float(group["betas"][0])
