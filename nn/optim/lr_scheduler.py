"""Schedulers: how the learning rates of an optimiser change from epoch to epoch. PyTorch's names and formulas.

A scheduler is made for an optimiser, and ``scheduler.step()`` is called after each epoch, or after each batch if the
scheduler counts batches. It computes all new rates before it sets any, so an error leaves every group unchanged. Most
schedulers multiply the present rate by a factor. So changes that other code makes to the rate are kept, and two
schedulers can work on one optimiser. How parameters move is in `rules`.

`exponential_decay`, `step_decay` and `linear_warmup` are functions of the epoch for `LambdaLR`.
"""

from __future__ import annotations

import math
from bisect import bisect_right

from autograd import Value

from ..settings import flag, number, size
from .checks import choice, share, whole_at_least
from .optimizer import Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, ClassVar, TypeAlias

    Law: TypeAlias = Callable[[int], float]

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "exponential_decay",
    "linear_warmup",
    "step_decay",
]


class LRScheduler:
    """What all schedulers share; subclasses define `get_lr`.

    Parameters
    ----------
    optimizer : Optimizer
    last_epoch : int
        How many epochs are over; -1 at the beginning. Otherwise the groups of the optimiser must have their
        ``"initial_lr"``, which comes with the `state_dict` of an optimiser.
    **settings
        What else a subclass needs; they become attributes, and are checked before.

    Attributes
    ----------
    base_lrs : list of float
        Where the learning rates of the groups began.
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        If it is not an optimiser, or if a setting is not acceptable.

    Examples
    --------
    A scheduler of your own:

    >>> import nn
    >>> class Halving(LRScheduler):
    ...     def get_lr(self):
    ...         return [lr * 0.5**self.last_epoch for lr in self.base_lrs]
    >>> optimizer = nn.SGD([Value(1.0)], lr=0.8)
    >>> scheduler = Halving(optimizer)
    >>> scheduler.step()
    >>> scheduler.get_last_lr(), optimizer.lr
    ([0.4], 0.4)
    """

    _saved_attributes: ClassVar[tuple[str, ...]] = ()  # other attributes that change from step to step, and are saved
    _momentum = False  # whether the scheduler sets momenta, too

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1, **settings: Any) -> None:
        name = type(self).__name__
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{name} takes an optimiser, not {optimizer!r:.60}")
        groups = optimizer.param_groups
        vars(self).update(self.checked(settings, len(groups)))
        self._names = tuple(settings)
        self.optimizer = optimizer
        self.last_epoch = whole_at_least("last_epoch", last_epoch, -1)
        for group in groups:
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ValueError(
                    f"{name} cannot go on at epoch {last_epoch}: a group of the optimiser has no 'initial_lr'; load "
                    "the optimiser's state first, or leave last_epoch at -1"
                )
        self.base_lrs = [group["initial_lr"] for group in groups]
        self._begin()

    def _begin(self) -> None:
        """Make the first step: to epoch 0, or, if training is resumed, to the epoch after `last_epoch`."""
        self._beginning = True
        try:
            self.step()
        finally:
            self._beginning = False

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings as the scheduler keeps them; a TypeError or ValueError if one is not acceptable.

        Here it looks at gamma; subclasses look at the others.
        """
        return {**settings, **{name: number(name, x, positive=True) for name, x in settings.items() if name == "gamma"}}

    def get_lr(self) -> list[float]:
        """The learning rates of the groups at `last_epoch`, from what they are at present; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_lr()")

    def _closed_form(self) -> list[float]:
        """The learning rates at `last_epoch`, from the initial ones if there is such a formula, else `get_lr`."""
        return self.get_lr()

    def _momenta(self) -> list[float]:
        """The momenta of the groups at `last_epoch`, for schedulers that set them."""
        raise NotImplementedError

    def get_last_lr(self) -> list[float]:
        """The learning rates of the groups after the last step."""
        return list(self._last_lr)

    def step(self) -> None:
        """Go to the next epoch.

        Raises
        ------
        ValueError
            If the optimiser has got another number of groups since the scheduler was made.
        """
        self._move_to(self.last_epoch + 1, self.get_lr)

    def _move_to(self, epoch: int, rates: Callable[[], list[float]]) -> None:
        before = self.last_epoch
        if len(self.optimizer.param_groups) != len(self.base_lrs):
            raise ValueError(
                f"the optimiser has {len(self.optimizer.param_groups)} groups, but {type(self).__name__} was made for "
                f"{len(self.base_lrs)}; make the scheduler when all groups have been added"
            )
        try:
            self.last_epoch = epoch
            changes: list[dict[str, Any]] = [{"lr": lr} for lr in rates()]
            if self._momentum:
                for change, group, momentum in zip(changes, self.optimizer.param_groups, self._momenta()):
                    change.update(_with_momentum(group, momentum))
            self._set_all(changes)
        except BaseException:
            self.last_epoch = before
            raise

    def _set_all(self, changes: list[dict[str, Any]]) -> None:
        """Set settings of all groups: all of them, or, after an error, none."""
        groups = self.optimizer.param_groups
        accepted = [group.accepted(change) for group, change in zip(groups, changes, strict=True)]
        for group, change in zip(groups, accepted):
            group.set(change)
        self._last_lr = [group["lr"] for group in groups]

    def _current_lrs(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def _scaled_lrs(self, factor: float) -> list[float]:
        return [lr * factor for lr in self._current_lrs()]

    # --- state ------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser and functions, in lists and numbers, as JSON can hold them.

        The present learning rates are the optimiser's: save its `state_dict`, too.
        """
        return {
            "scheduler": type(self).__name__,
            "last_epoch": self.last_epoch,
            "base_lrs": list(self.base_lrs),
            "last_lr": list(self._last_lr),
            "settings": {name: _copied(getattr(self, name)) for name in self._names if _can_be_saved(self, name)},
            **{name: getattr(self, name) for name in self._saved_attributes},
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where another scheduler of the same kind was at its `state_dict`; its settings come with it.

        Raises
        ------
        ValueError
            If `state_dict` is something else. Nothing has been changed then.
        """
        name = type(self).__name__
        try:
            made = self._loaded(state_dict)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            text = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"this state does not fit {name}: {text}") from None
        self._restore(made)

    def _loaded(self, given: dict[str, Any]) -> dict[str, Any]:
        """The attributes to set to go on from a state; raises an error if the state does not fit."""
        kind, epoch, bases, rates, settings = (
            given[key] for key in ("scheduler", "last_epoch", "base_lrs", "last_lr", "settings")
        )
        if kind != type(self).__name__:
            raise ValueError(f"it is from {kind}")
        own = {name: getattr(self, name) for name in self._names}
        saved = [name for name in self._names if _can_be_saved(self, name)]
        if not isinstance(settings, dict) or settings.keys() != set(saved):
            raise ValueError(f"its settings are {', '.join(settings)}, not {', '.join(saved)}")
        groups = len(self.base_lrs)
        return {
            **self.checked({**own, **settings}, groups),
            "last_epoch": whole_at_least("last_epoch", epoch, -1),
            "base_lrs": _each("base_lrs", list(bases), groups),
            "_last_lr": _each("last_lr", list(rates), groups),
            **{name: self._check_saved_value(name, given[name]) for name in self._saved_attributes},
        }

    def _restore(self, made: dict[str, Any]) -> None:
        """Set the attributes that `_loaded` has returned."""
        vars(self).update(made)

    def _check_saved_value(self, name: str, x: Any) -> Any:
        """Check the value of one of `_saved_attributes` that comes from a saved state."""
        return whole_at_least(name, x)

    def __repr__(self) -> str:
        settings = "".join(f", {name}={getattr(self, name)!r}" for name in self._names)
        return f"{type(self).__name__}({type(self.optimizer).__name__}{settings}, last_epoch={self.last_epoch})"


def _copied(x: Any) -> Any:
    return list(x) if isinstance(x, list) else x


def _can_be_saved(scheduler: LRScheduler, name: str) -> bool:
    """Whether a setting can be written as JSON: a function cannot."""
    x = getattr(scheduler, name)
    return not any(map(callable, x if isinstance(x, list) else [x])) and name != "scale_fn"


def _each(name: str, x: Any, groups: int) -> list[float]:
    """A number for each group, from one number for all of them or from a list."""
    if not isinstance(x, (list, tuple)):
        return [number(name, x, positive=True)] * groups
    if len(x) != groups:
        raise ValueError(f"{name} must be a number, or one for each of the {groups} groups, not {x!r:.60}")
    return [number(name, item, positive=True) for item in x]


def _with_momentum(group: dict[str, Any], momentum: float) -> dict[str, Any]:
    """The setting that gives a group this momentum; for Adam and similar rules the momentum is the first beta."""
    return {"betas": (momentum, *group["betas"][1:])} if "betas" in group else {"momentum": momentum}


# --- by functions ---------------------------------------------------------------------------------------------


class LambdaLR(LRScheduler):
    """lr = initial lr times a function of the epoch.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable, or list of callable
        ``lr_lambda(epoch)`` is the factor, with epochs from 0 on; a list has one for each group. They are not saved.
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if these are not functions, or not as many as there are groups.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = LambdaLR(optimizer, lambda epoch: 1.0 / (1 + epoch))
    >>> scheduler.step()
    >>> optimizer.lr
    0.5
    """

    lr_lambdas: list[Law]

    def __init__(self, optimizer: Optimizer, lr_lambda: Law | list[Law], last_epoch: int = -1) -> None:
        super().__init__(optimizer, last_epoch, lr_lambdas=lr_lambda)

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The functions, in a list with one for each group."""
        given = settings["lr_lambdas"]
        laws = list(given) if isinstance(given, (list, tuple)) else [given] * groups
        for law in laws:
            if not callable(law):
                raise TypeError(f"lr_lambda must be a function of the epoch, not {law!r:.60}")
        if len(laws) != groups:
            raise ValueError(f"lr_lambda must be a function for each of the {groups} groups, not {len(laws)}")
        return {"lr_lambdas": laws}

    def get_lr(self) -> list[float]:
        return [lr * factor for factor, lr in zip(self._factors(), self.base_lrs)]

    def _factors(self) -> list[float]:
        return [number("what lr_lambda returns", law(self.last_epoch)) for law in self.lr_lambdas]


class MultiplicativeLR(LambdaLR):
    """lr <- lr times a function of the epoch, from epoch 1 on.

    Parameters and errors are those of `LambdaLR`.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable, or list of callable
        ``lr_lambda(epoch)`` is the factor by which the rate changes in that epoch.
    last_epoch : int

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> scheduler.step()
    >>> scheduler.step()
    >>> optimizer.lr
    0.25
    """

    def get_lr(self) -> list[float]:
        if self._beginning:
            return self._current_lrs()
        return [lr * factor for factor, lr in zip(self._factors(), self._current_lrs())]


def exponential_decay(rate: float, steps: float = 1.0) -> Law:
    """The law lr = initial lr * rate**(epoch / steps), for `LambdaLR`: a factor of `rate` in every `steps` epochs.

    Parameters
    ----------
    rate : float
        The factor by which the learning rate falls in `steps` epochs.
    steps : float

    Raises
    ------
    TypeError, ValueError
        If these are not numbers, if `rate` is negative, or if `steps` is not positive.

    Examples
    --------
    >>> law = exponential_decay(0.25, steps=2)
    >>> law(0), law(1), law(2)
    (1.0, 0.5, 0.25)
    """
    rate, steps = number("rate", rate, positive=True), number("steps", steps, positive=True)
    if not steps:
        raise ValueError("steps must be more than 0")
    return lambda epoch: rate ** (epoch / steps)


def step_decay(size_of_step: int, rate: float = 0.5) -> Law:
    """The law lr = initial lr * rate**(epoch // size_of_step), for `LambdaLR`: times `rate` every so often.

    Parameters
    ----------
    size_of_step : int
        After how many epochs the rate falls.
    rate : float
        The factor by which it falls.

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a number, or negative, or if `size_of_step` is not a positive whole number.

    Examples
    --------
    >>> law = step_decay(10)
    >>> law(9), law(10), law(20)
    (1.0, 0.5, 0.25)
    """
    epochs, rate = size("size_of_step", size_of_step), number("rate", rate, positive=True)
    return lambda epoch: rate ** (epoch // epochs)


def linear_warmup(steps: int, then: Law | None = None) -> Law:
    """A law for `LambdaLR` that rises to 1 in `steps` steps, and continues with another law, from its epoch 0.

    Its first factor is 1 / steps, because a rate of 0 would lose a step. For another scheduler instead of a law put
    `LinearLR` and that into a `SequentialLR`.

    Parameters
    ----------
    steps : int
        How many epochs it rises.
    then : callable, optional
        The law after that, of the epochs since then; if not given, the rate stays.

    Raises
    ------
    TypeError, ValueError
        If `steps` is not a positive whole number, or `then` is not a function.

    Examples
    --------
    >>> law = linear_warmup(4, exponential_decay(0.5))
    >>> [law(epoch) for epoch in range(6)]
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]
    """
    count = size("steps", steps)
    if then is not None and not callable(then):
        raise TypeError(f"then must be a function of the epoch, not {then!r:.60}")

    def law(epoch: int) -> float:
        if epoch < count:
            return (epoch + 1) / count
        return 1.0 if then is None else then(epoch - count + 1)

    return law


# --- by factors -----------------------------------------------------------------------------------------------


class StepLR(LRScheduler):
    """lr <- gamma lr after every `step_size` epochs.

    Parameters
    ----------
    optimizer : Optimizer
    step_size : int
    gamma : float
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if step_size is not a positive whole number, or gamma is negative.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     scheduler.step()
    >>> optimizer.lr
    0.25
    """

    step_size: int
    gamma: float

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        super().__init__(optimizer, last_epoch, step_size=step_size, gamma=gamma)

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        return {**super().checked(settings, groups), "step_size": size("step_size", settings["step_size"])}

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0 or self.last_epoch % self.step_size:
            return self._current_lrs()
        return self._scaled_lrs(self.gamma)

    def _closed_form(self) -> list[float]:
        return [lr * self.gamma ** (self.last_epoch // self.step_size) for lr in self.base_lrs]


class MultiStepLR(LRScheduler):
    """lr <- gamma lr at each of the milestones; a milestone given twice counts twice.

    Parameters
    ----------
    optimizer : Optimizer
    milestones : iterable of int
        Epochs.
    gamma : float
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if a milestone is not a whole number, or gamma is negative.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = MultiStepLR(optimizer, [1, 3], gamma=0.5)
    >>> for _ in range(3):
    ...     scheduler.step()
    >>> optimizer.lr
    0.25
    """

    milestones: list[int]
    gamma: float

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, last_epoch, milestones=milestones, gamma=gamma)

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats and the milestones in order."""
        return {**super().checked(settings, groups), "milestones": sorted(_milestones(settings["milestones"]))}

    def get_lr(self) -> list[float]:
        times = self.milestones.count(self.last_epoch)
        return self._scaled_lrs(self.gamma**times) if times else self._current_lrs()

    def _closed_form(self) -> list[float]:
        return [lr * self.gamma ** bisect_right(self.milestones, self.last_epoch) for lr in self.base_lrs]


def _milestones(given: Any) -> list[int]:
    if isinstance(given, (str, dict)) or not hasattr(given, "__iter__"):
        raise TypeError(f"milestones must be a list of epochs, not {given!r:.60}")
    return [whole_at_least("a milestone", item) for item in given]


class ConstantLR(LRScheduler):
    """lr = factor times initial lr, until `total_iters` epochs are over.

    Parameters
    ----------
    optimizer : Optimizer
    factor : float
        From 0 to 1.
    total_iters, last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if factor is not between 0 and 1, or total_iters is not a whole number.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = ConstantLR(optimizer, factor=0.5, total_iters=1)
    >>> before = optimizer.lr
    >>> scheduler.step()
    >>> before, optimizer.lr
    (0.5, 1.0)
    """

    factor: float
    total_iters: int

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3.0, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, last_epoch, factor=factor, total_iters=total_iters)

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        return {
            "factor": share("factor", settings["factor"]),
            "total_iters": whole_at_least("total_iters", settings["total_iters"]),
        }

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self._scaled_lrs(self.factor)
        if self.last_epoch != self.total_iters:
            return self._current_lrs()
        return self._scaled_lrs(1.0 / self.factor) if self.factor else list(self.base_lrs)

    def _closed_form(self) -> list[float]:
        return [lr * (self.factor if self.last_epoch < self.total_iters else 1.0) for lr in self.base_lrs]


class LinearLR(LRScheduler):
    """lr goes from start_factor to end_factor times the initial lr, in `total_iters` equal steps: a warm-up.

    Parameters
    ----------
    optimizer : Optimizer
    start_factor, end_factor : float
        From 0 to 1; the first one is not 0.
    total_iters, last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if a factor is not between 0 and 1, or total_iters is not a positive whole number.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> scheduler.step()
    >>> optimizer.lr
    0.75
    """

    start_factor: float
    end_factor: float
    total_iters: int

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3.0,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        super().__init__(
            optimizer, last_epoch, start_factor=start_factor, end_factor=end_factor, total_iters=total_iters
        )

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        start = share("start_factor", settings["start_factor"])
        if not start:
            raise ValueError("start_factor must be more than 0, because the other factors are multiples of it")
        return {
            "start_factor": start,
            "end_factor": share("end_factor", settings["end_factor"]),
            "total_iters": size("total_iters", settings["total_iters"]),
        }

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self._scaled_lrs(self.start_factor)
        if self._beginning or self.last_epoch > self.total_iters:
            return self._current_lrs()
        rise = self.end_factor - self.start_factor
        return self._scaled_lrs(1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))

    def _closed_form(self) -> list[float]:
        passed = min(self.total_iters, self.last_epoch) / self.total_iters
        factor = self.start_factor + (self.end_factor - self.start_factor) * passed
        return [lr * factor for lr in self.base_lrs]


class ExponentialLR(LRScheduler):
    """lr <- gamma lr after every epoch.

    Parameters
    ----------
    optimizer : Optimizer
    gamma : float
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if gamma is negative.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = ExponentialLR(optimizer, gamma=0.5)
    >>> for _ in range(3):
    ...     scheduler.step()
    >>> optimizer.lr
    0.125
    """

    gamma: float

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        super().__init__(optimizer, last_epoch, gamma=gamma)

    def get_lr(self) -> list[float]:
        return self._current_lrs() if self._beginning else self._scaled_lrs(self.gamma)

    def _closed_form(self) -> list[float]:
        return [lr * self.gamma**self.last_epoch for lr in self.base_lrs]


class PolynomialLR(LRScheduler):
    """lr = initial lr times (1 - epoch / total_iters)**power, and 0 after that.

    Parameters
    ----------
    optimizer : Optimizer
    total_iters : int
    power : float
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if total_iters is not a positive whole number, or power is negative.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = PolynomialLR(optimizer, total_iters=4)
    >>> scheduler.step()
    >>> optimizer.lr
    0.75
    """

    total_iters: int
    power: float

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        super().__init__(optimizer, last_epoch, total_iters=total_iters, power=power)

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        return {
            "total_iters": size("total_iters", settings["total_iters"]),
            "power": number("power", settings["power"], positive=True),
        }

    def get_lr(self) -> list[float]:
        if self._beginning or self.last_epoch > self.total_iters:
            return self._current_lrs()
        left, before = (1.0 - epoch / self.total_iters for epoch in (self.last_epoch, self.last_epoch - 1))
        return self._scaled_lrs((left / before) ** self.power)

    def _closed_form(self) -> list[float]:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [lr * left**self.power for lr in self.base_lrs]


# --- along a cosine -------------------------------------------------------------------------------------------


def _cosine(high: float, low: float, passed: float) -> float:
    """A point on half a cosine from `high` to `low`; `passed`, from 0 to 1, says where.

    >>> _cosine(3.0, 1.0, 0.0), round(_cosine(3.0, 1.0, 0.5), 12), _cosine(3.0, 1.0, 1.0)
    (3.0, 2.0, 1.0)
    """
    return low + (high - low) * (1.0 + math.cos(math.pi * passed)) / 2.0


class CosineAnnealingLR(LRScheduler):
    """lr falls from its initial value to `eta_min` along half a cosine, in T_max epochs, and rises again as slowly.

    lr = eta_min + (initial lr - eta_min) (1 + cos(pi epoch / T_max)) / 2 (Loshchilov and Hutter 2017, without
    restarts).

    Parameters
    ----------
    optimizer : Optimizer
    T_max : int
    eta_min : float
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if T_max is not a positive whole number, or eta_min is negative.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = CosineAnnealingLR(optimizer, T_max=2)
    >>> scheduler.step()
    >>> round(optimizer.lr, 12)
    0.5
    """

    T_max: int
    eta_min: float

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        super().__init__(optimizer, last_epoch, T_max=T_max, eta_min=eta_min)

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        return {
            "T_max": size("T_max", settings["T_max"]),
            "eta_min": number("eta_min", settings["eta_min"], positive=True),
        }

    def get_lr(self) -> list[float]:
        if self._beginning:
            return self._current_lrs()
        low, length, epoch = self.eta_min, self.T_max, self.last_epoch
        if (epoch - 1 - length) % (2 * length) == 0:  # lr - low was 0, which no factor makes larger
            rise = (1.0 - math.cos(math.pi / length)) / 2.0
            return [lr + (base - low) * rise for base, lr in zip(self.base_lrs, self._current_lrs())]
        now, before = (1.0 + math.cos(math.pi * x / length) for x in (epoch, epoch - 1))
        return [low + (lr - low) * now / before for lr in self._current_lrs()]

    def _closed_form(self) -> list[float]:
        return [_cosine(lr, self.eta_min, self.last_epoch / self.T_max) for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """lr falls along half a cosine, and starts again after T_0 epochs, then after T_mult times as many, and so on.

    lr = eta_min + (initial lr - eta_min) (1 + cos(pi T_cur / T_i)) / 2, T_cur epochs after the last restart, with T_i
    between two of them (Loshchilov and Hutter 2017).

    Parameters
    ----------
    optimizer : Optimizer
    T_0, T_mult : int
    eta_min : float
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if T_0 or T_mult is not a positive whole number, or eta_min is negative.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     scheduler.step()
    ...     rates.append(round(optimizer.lr, 12))
    >>> rates
    [0.5, 1.0, 0.5, 1.0]
    """

    _saved_attributes = ("T_cur", "T_i")

    T_0: int
    T_mult: int
    eta_min: float

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_cur: float = last_epoch
        self.T_i = T_0
        super().__init__(optimizer, last_epoch, T_0=T_0, T_mult=T_mult, eta_min=eta_min)

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        return {
            "T_0": size("T_0", settings["T_0"]),
            "T_mult": size("T_mult", settings["T_mult"]),
            "eta_min": number("eta_min", settings["eta_min"], positive=True),
        }

    def get_lr(self) -> list[float]:
        return [_cosine(lr, self.eta_min, self.T_cur / self.T_i) for lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to any time, such as ``epoch + batch / batches``.

        Raises
        ------
        TypeError, ValueError
            If `epoch` is not a number, or negative; if the optimiser has got another number of groups.
        """
        before = self.T_cur, self.T_i
        try:
            if epoch is not None or self.last_epoch < 0:
                time = 0.0 if epoch is None else number("epoch", epoch, positive=True)
                self.T_cur, self.T_i = self._since_restart(time)
                self._move_to(math.floor(time), self.get_lr)
            else:
                self.T_cur += 1
                if self.T_cur >= self.T_i:
                    self.T_cur %= self.T_i
                    self.T_i *= self.T_mult
                self._move_to(self.last_epoch + 1, self.get_lr)
        except BaseException:
            self.T_cur, self.T_i = before
            raise

    def _since_restart(self, time: float) -> tuple[float, int]:
        """The time since the last restart, and the time between that restart and the next one."""
        start, length = 0, self.T_0
        if self.T_mult == 1:
            return time % length, length
        while time - start >= length:
            start, length = start + length, length * self.T_mult
        return time - start, length

    def _check_saved_value(self, name: str, x: Any) -> Any:
        return number(name, x) if name == "T_cur" and isinstance(x, float) else whole_at_least(name, x, -1)


# --- up and down ----------------------------------------------------------------------------------------------


class _Cycling(LRScheduler):
    """A scheduler that moves the learning rate up and down, and the momentum down and up."""

    cycle_momentum: bool
    base_momentums: list[float]
    max_momentums: list[float]

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats, and those that groups have of their own in lists."""
        made = super().checked(settings, groups)
        made["cycle_momentum"] = flag("cycle_momentum", settings["cycle_momentum"])
        for name in ("max_lrs", "base_momentums", "max_momentums"):
            made[name] = _each(name[:-1], settings[name], groups)
        return made

    def _prepare(self, optimizer: Any, settings: dict[str, Any], last_epoch: Any, begin: dict[str, Any]) -> None:
        """Check all arguments before anything is changed, and then give the groups their initial settings."""
        name = type(self).__name__
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{name} takes an optimiser, not {optimizer!r:.60}")
        made = self.checked(settings, len(optimizer.param_groups))
        self._momentum = made["cycle_momentum"]
        if self._momentum and not {"momentum", "betas"} & optimizer.defaults.keys():
            raise ValueError(
                f"{name} moves the momentum, too, but {type(optimizer).__name__} has none; write cycle_momentum=False"
            )
        if whole_at_least("last_epoch", last_epoch, -1) == -1:
            rates = _each("base_lr", begin["base_lr"], len(optimizer.param_groups)) if "base_lr" in begin else None
            for i, group in enumerate(optimizer.param_groups):
                change = {"lr": rates[i]} if rates else {"initial_lr": made["max_lrs"][i] / begin["div_factor"]}
                if self._momentum:
                    change.update(_with_momentum(group, made["max_momentums"][i]))
                group.update(change)


class CyclicLR(_Cycling):
    """lr goes up and down between two bounds, over and over (Smith 2017).

    Parameters
    ----------
    optimizer : Optimizer
    base_lr, max_lr : float, or list of float
        The bounds, for all groups or for each.
    step_size_up : int
        How many steps it is up.
    step_size_down : int, optional
        How many it is down; as many as up if left out.
    mode : {"triangular", "triangular2", "exp_range"}
        Whether the upper bound stays, comes half as close in every cycle, or by gamma**step.
    gamma : float
    scale_fn : callable, optional
        Another factor for the height, in place of the mode's: of the number of the cycle, from 1, or of the step. It is
        not saved.
    scale_mode : {"cycle", "iterations"}
        Which of the two `scale_fn` gets.
    cycle_momentum : bool
        Whether the momentum, or the first beta, goes down when lr goes up.
    base_momentum, max_momentum : float, or list of float
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if a number is out of range, or if the optimiser has no momentum to move.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], momentum=0.9)
    >>> scheduler = CyclicLR(optimizer, base_lr=1.0, max_lr=2.0, step_size_up=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     scheduler.step()
    ...     rates.append((optimizer.lr, round(optimizer.momentum, 12)))
    >>> rates
    [(1.5, 0.85), (2.0, 0.8), (1.5, 0.85), (1.0, 0.9)]
    """

    max_lrs: list[float]
    step_size_up: float
    step_size_down: float
    mode: str
    gamma: float
    scale_fn: Callable[[float], float] | None
    scale_mode: str

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        settings = {
            "max_lrs": max_lr,
            "step_size_up": step_size_up,
            "step_size_down": step_size_up if step_size_down is None else step_size_down,
            "mode": mode,
            "gamma": gamma,
            "scale_fn": scale_fn,
            "scale_mode": scale_mode,
            "cycle_momentum": cycle_momentum,
            "base_momentums": base_momentum,
            "max_momentums": max_momentum,
        }
        self._prepare(optimizer, settings, last_epoch, {"base_lr": base_lr})
        super().__init__(optimizer, last_epoch, **settings)
        self.base_lrs = _each("base_lr", base_lr, len(optimizer.param_groups))

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats, and those that groups have of their own in lists."""
        made = super().checked(settings, groups)
        made["mode"] = choice("mode", settings["mode"], ("triangular", "triangular2", "exp_range"))
        made["scale_mode"] = choice("scale_mode", settings["scale_mode"], ("cycle", "iterations"))
        for name in ("step_size_up", "step_size_down"):
            made[name] = number(name, settings[name], positive=True)
            if not made[name]:
                raise ValueError(f"{name} must be more than 0")
        if settings["scale_fn"] is not None and not callable(settings["scale_fn"]):
            raise TypeError(f"scale_fn must be a function, not {settings['scale_fn']!r:.60}")
        return made

    def _height(self) -> float:
        """How far the rate is above its lower bound: from 0 to 1, times the factor of `scale_fn` or of the mode."""
        total = self.step_size_up + self.step_size_down
        ratio = self.step_size_up / total
        cycle = math.floor(1.0 + self.last_epoch / total)
        passed = 1.0 + self.last_epoch / total - cycle
        height = passed / ratio if passed <= ratio else (passed - 1.0) / (ratio - 1.0)
        if self.scale_fn is not None:
            return height * self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.mode == "exp_range":
            return height * float(self.gamma**self.last_epoch)
        return height if self.mode == "triangular" else height / 2.0 ** (cycle - 1)

    def get_lr(self) -> list[float]:
        height = self._height()
        return [base + (high - base) * height for base, high in zip(self.base_lrs, self.max_lrs)]

    def _momenta(self) -> list[float]:
        height = self._height()
        return [high - (high - base) * height for base, high in zip(self.base_momentums, self.max_momentums)]


class OneCycleLR(_Cycling):
    """One cycle for all of training: lr rises to its largest value, and falls to almost nothing (Smith and Topin 2019).

    It begins with max_lr / div_factor and ends with that divided by final_div_factor. `step` is called after each
    batch.

    Parameters
    ----------
    optimizer : Optimizer
    max_lr : float, or list of float
    total_steps : int, optional
        How many steps the cycle has; otherwise it is epochs * steps_per_epoch.
    epochs, steps_per_epoch : int, optional
    pct_start : float
        Which part of the cycle, from 0 to 1, lr rises.
    anneal_strategy : {"cos", "linear"}
    cycle_momentum : bool
        Whether the momentum, or the first beta, falls when lr rises.
    base_momentum, max_momentum : float, or list of float
    div_factor, final_div_factor : float
    three_phase : bool
        Whether lr falls to its first value in as many steps as it rises, and from there in the rest.
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if a number is out of range, or the number of steps is not given, or given twice; if the
        optimiser has no momentum to move; in `step` if the cycle is over.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], momentum=0.9)
    >>> scheduler = OneCycleLR(optimizer, max_lr=1.0, total_steps=5, pct_start=0.6, anneal_strategy="linear")
    >>> rates = [optimizer.lr]
    >>> for _ in range(4):
    ...     scheduler.step()
    ...     rates.append(round(optimizer.lr, 6))
    >>> rates
    [0.04, 0.52, 1.0, 0.500002, 4e-06]
    """

    max_lrs: list[float]
    total_steps: int
    pct_start: float
    anneal_strategy: str
    final_div_factor: float
    three_phase: bool

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR needs total_steps, or epochs and steps_per_epoch, to know its length")
            total_steps = size("epochs", epochs) * size("steps_per_epoch", steps_per_epoch)
        settings = {
            "max_lrs": max_lr,
            "total_steps": total_steps,
            "pct_start": pct_start,
            "anneal_strategy": anneal_strategy,
            "cycle_momentum": cycle_momentum,
            "base_momentums": base_momentum,
            "max_momentums": max_momentum,
            "final_div_factor": final_div_factor,
            "three_phase": three_phase,
        }
        self._prepare(optimizer, settings, last_epoch, {"div_factor": _positive("div_factor", div_factor)})
        super().__init__(optimizer, last_epoch, **settings)

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats, and those that groups have of their own in lists."""
        made = super().checked(settings, groups)
        made["total_steps"] = size("total_steps", settings["total_steps"])
        made["pct_start"] = share("pct_start", settings["pct_start"])
        made["anneal_strategy"] = choice("anneal_strategy", settings["anneal_strategy"], ("cos", "linear"))
        made["final_div_factor"] = _positive("final_div_factor", settings["final_div_factor"])
        made["three_phase"] = flag("three_phase", settings["three_phase"])
        return made

    def step(self) -> None:
        """Go to the next batch.

        Raises
        ------
        ValueError
            If the cycle is over, or if the optimiser has got another number of groups.
        """
        if self.last_epoch >= self.total_steps:
            raise ValueError(f"the cycle of {self.total_steps} steps is over; make another scheduler to go on training")
        super().step()

    def _phase(self) -> tuple[int, int, float]:
        """The levels between which the rate moves at present, and the fraction of that phase that has passed.

        The levels are 0 for the rate at the beginning, 1 for the largest, and 2 for the last.
        """
        top, last = self.pct_start * self.total_steps - 1.0, self.total_steps - 1.0
        phases = [(0, 1, top), (1, 2, last)]
        if self.three_phase:
            phases = [(0, 1, top), (1, 0, 2.0 * self.pct_start * self.total_steps - 2.0), (0, 2, last)]
        start = 0.0
        for position, (level, to, end) in enumerate(phases):
            if self.last_epoch <= end or position == len(phases) - 1:
                return level, to, (self.last_epoch - start) / (end - start) if end != start else 1.0
            start = end
        raise AssertionError("the last phase is open")

    def _between(self, start: float, end: float, passed: float) -> float:
        return _cosine(start, end, passed) if self.anneal_strategy == "cos" else start + (end - start) * passed

    def get_lr(self) -> list[float]:
        level, to, passed = self._phase()
        rates = []
        for base, high in zip(self.base_lrs, self.max_lrs):
            levels = base, high, base / self.final_div_factor
            rates.append(self._between(levels[level], levels[to], passed))
        return rates

    def _momenta(self) -> list[float]:
        level, to, passed = self._phase()
        momenta = []
        for low, high in zip(self.base_momentums, self.max_momentums):
            levels = high, low, high
            momenta.append(self._between(levels[level], levels[to], passed))
        return momenta


def _positive(name: str, x: Any) -> float:
    made = number(name, x, positive=True)
    if not made:
        raise ValueError(f"{name} must be more than 0")
    return made


# --- by results -----------------------------------------------------------------------------------------------


class ReduceLROnPlateau(LRScheduler):
    """lr <- factor lr when a number, such as the loss on other data, has stopped getting better.

    Parameters
    ----------
    optimizer : Optimizer
    mode : {"min", "max"}
        Which is better, less or more.
    factor : float
        Less than 1.
    patience : int
        How many epochs it may be no better.
    threshold : float
        By how much it must be better to count.
    threshold_mode : {"rel", "abs"}
        Whether that is a part of the best one so far.
    cooldown : int
        For how many epochs nothing counts after lr has been reduced.
    min_lr : float, or list of float
    eps : float
        A change that is not larger is not made.

    Raises
    ------
    TypeError, ValueError
        As for `LRScheduler`; if a number is out of range.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     scheduler.step(loss)
    >>> optimizer.lr
    0.5
    """

    _saved_attributes = ("best", "num_bad_epochs", "cooldown_counter")

    mode: str
    factor: float
    patience: int
    threshold: float
    threshold_mode: str
    cooldown: int
    min_lrs: list[float]
    eps: float

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        self.best: float | None = None
        self.num_bad_epochs = self.cooldown_counter = 0
        super().__init__(
            optimizer,
            mode=mode,
            factor=factor,
            patience=patience,
            threshold=threshold,
            threshold_mode=threshold_mode,
            cooldown=cooldown,
            min_lrs=min_lr,
            eps=eps,
        )

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The settings, with numbers as floats, and min_lr in a list."""
        factor = share("factor", settings["factor"])
        if factor == 1.0:
            raise ValueError("factor must be less than 1, because it reduces lr")
        return {
            "mode": choice("mode", settings["mode"], ("min", "max")),
            "factor": factor,
            "patience": whole_at_least("patience", settings["patience"]),
            "threshold": number("threshold", settings["threshold"], positive=True),
            "threshold_mode": choice("threshold_mode", settings["threshold_mode"], ("rel", "abs")),
            "cooldown": whole_at_least("cooldown", settings["cooldown"]),
            "min_lrs": _each("min_lr", settings["min_lrs"], groups),
            "eps": number("eps", settings["eps"], positive=True),
        }

    def _begin(self) -> None:
        """Begin without a step: there is no result to compare yet."""
        self.last_epoch, self._last_lr = 0, self._current_lrs()

    def step(self, metrics: object) -> None:  # type: ignore[override]
        """Take the number that an epoch ended with.

        Parameters
        ----------
        metrics : number or Value
            It may be infinite or nan, which is no better than anything.

        Raises
        ------
        TypeError
            If it is not a number.
        """
        result = metrics.data if isinstance(metrics, Value) else Value(metrics).data
        best, bad, cooldown = self.best, self.num_bad_epochs, self.cooldown_counter
        if self._is_better(result):
            best, bad = result, 0
        else:
            bad += 1
        if cooldown > 0:
            cooldown, bad = cooldown - 1, 0
        rates = self._current_lrs()
        if bad > self.patience:
            lower = [max(lr * self.factor, least) for lr, least in zip(rates, self.min_lrs)]
            rates = [new if old - new > self.eps else old for old, new in zip(rates, lower)]
            cooldown, bad = self.cooldown, 0
        self._move_to(self.last_epoch + 1, lambda: rates)
        self.best, self.num_bad_epochs, self.cooldown_counter = best, bad, cooldown

    def _is_better(self, result: float) -> bool:
        sign = 1.0 if self.mode == "min" else -1.0
        best = sign * math.inf if self.best is None else self.best
        margin = sign * self.threshold
        if self.threshold_mode == "rel":
            return sign * result < sign * (best * (1.0 - margin))
        return sign * result < sign * (best - margin)

    def _check_saved_value(self, name: str, x: Any) -> Any:
        if name == "best":
            return None if x is None else number(name, x, finite=False)
        return whole_at_least(name, x)


# --- several --------------------------------------------------------------------------------------------------


class _Several(LRScheduler):
    """A scheduler that consists of other schedulers."""

    _schedulers: list[LRScheduler]

    def _adopt(self, schedulers: Any, optimizer: Any, refused: tuple[type[LRScheduler], ...]) -> None:
        name = type(self).__name__
        if not isinstance(schedulers, (list, tuple)) or not schedulers:
            raise TypeError(f"{name} takes a list of schedulers, not {schedulers!r:.60}")
        for i, scheduler in enumerate(schedulers):
            if not isinstance(scheduler, LRScheduler) or isinstance(scheduler, refused):
                raise TypeError(f"{name} cannot take {type(scheduler).__name__} (item {i}); {self._takes}")
        optimizer = schedulers[0].optimizer if optimizer is None else optimizer
        if any(scheduler.optimizer is not optimizer for scheduler in schedulers):
            raise ValueError(f"{name} takes schedulers of one optimiser, but these are of several")
        self._schedulers, self.optimizer = list(schedulers), optimizer
        self.base_lrs = list(schedulers[0].base_lrs)
        self._names: tuple[str, ...] = ()

    _takes: ClassVar[str]

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def _loaded(self, given: dict[str, Any]) -> dict[str, Any]:
        made, parts = super()._loaded(given), given["schedulers"]
        if not isinstance(parts, list) or len(parts) != len(self._schedulers):
            raise ValueError(f"it belongs to other schedulers than these {len(self._schedulers)}")
        return {**made, "_parts": [own._loaded(part) for own, part in zip(self._schedulers, parts)]}

    def _restore(self, made: dict[str, Any]) -> None:
        for own, part in zip(self._schedulers, made.pop("_parts")):
            own._restore(part)
        super()._restore(made)


class SequentialLR(_Several):
    """One scheduler after the other: such as a warm-up by `LinearLR`, and then another one.

    Each begins at its epoch 0 when its milestone comes.

    Parameters
    ----------
    optimizer : Optimizer
    schedulers : list of LRScheduler
        All made for this optimiser.
    milestones : list of int
        At which epochs the second begins, the third, and so on.
    last_epoch : int

    Raises
    ------
    TypeError, ValueError
        If these are not schedulers of this optimiser, or such as consist of others or need a result at each step; if
        there is no milestone between any two of them.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> parts = [LinearLR(optimizer, start_factor=0.5, total_iters=2), ExponentialLR(optimizer, gamma=0.5)]
    >>> scheduler = SequentialLR(optimizer, parts, milestones=[2])
    >>> rates = [optimizer.lr]
    >>> for _ in range(4):
    ...     scheduler.step()
    ...     rates.append(optimizer.lr)
    >>> rates
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    _takes = "it takes schedulers that need no metric at a step and do not consist of others"

    milestones: list[int]

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        self._adopt(schedulers, optimizer, (ReduceLROnPlateau, _Several))
        self.milestones, self._names = _milestones(milestones), ("milestones",)
        if len(self.milestones) != len(schedulers) - 1 or sorted(self.milestones) != self.milestones:
            raise ValueError(
                f"for {len(schedulers)} schedulers SequentialLR takes {len(schedulers) - 1} milestones that rise, "
                f"not {self.milestones!r:.60}"
            )
        self.last_epoch = whole_at_least("last_epoch", last_epoch, -1) + 1
        # Each scheduler made its first step when it was constructed. Undo these steps, then let only the first begin.
        self._set_all([{"lr": group["initial_lr"]} for group in optimizer.param_groups])
        for scheduler in schedulers:
            scheduler.last_epoch -= 1
        first = self._schedulers[bisect_right(self.milestones, 0)]
        first._begin()
        self._last_lr = first.get_last_lr()

    @classmethod
    def checked(cls, settings: dict[str, Any], groups: int) -> dict[str, Any]:
        """The milestones."""
        return {"milestones": _milestones(settings["milestones"])}

    def step(self) -> None:
        """Go to the next epoch."""
        epoch = self.last_epoch + 1
        position = bisect_right(self.milestones, epoch)
        scheduler = self._schedulers[position]
        if position and self.milestones[position - 1] == epoch:
            scheduler._move_to(0, scheduler._closed_form)
        else:
            scheduler.step()
        self.last_epoch, self._last_lr = epoch, scheduler.get_last_lr()


class ChainedScheduler(_Several):
    """Several schedulers at once, one after the other at each step: their factors are multiplied.

    Parameters
    ----------
    schedulers : list of LRScheduler
    optimizer : Optimizer, optional
        Whose they are.

    Raises
    ------
    TypeError, ValueError
        If these are not schedulers of one optimiser, or such as need a result at each step.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=1.0)
    >>> scheduler = ChainedScheduler([ConstantLR(optimizer, 0.5, 2), ExponentialLR(optimizer, 0.5)])
    >>> scheduler.step()
    >>> optimizer.lr
    0.25
    """

    _takes = "it takes schedulers that need no metric at a step"

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._adopt(schedulers, optimizer, (ReduceLROnPlateau,))
        self.last_epoch, self._last_lr = 0, self._current_lrs()

    def step(self) -> None:
        """Go to the next epoch, with all of them, or, after an error, with none."""
        before = [scheduler.state_dict() for scheduler in self._schedulers]
        settings = [group.settings() for group in self.optimizer.param_groups]
        try:
            for scheduler in self._schedulers:
                scheduler.step()
        except BaseException:
            for scheduler, part in zip(self._schedulers, before):
                scheduler.load_state_dict(part)
            for group, own in zip(self.optimizer.param_groups, settings):
                group.set(own)
            raise
        self.last_epoch, self._last_lr = self.last_epoch + 1, self._current_lrs()
