"""What all optimisers share: parameters in groups, settings that are checked, the state of a rule, and steps.

An `Optimizer` applies an update rule to all parameters; how a rule moves them is in `rules`, and what the settings of
each rule may be, in the modules of the optimisers. A step computes everything first and then writes it, so that all
parameters move, or none.
"""

from __future__ import annotations

import math
import warnings

from autograd import (
    ParameterVector,
    Value,
    enable_grad,
    gradient_events,
    no_grad,
    reached,
    set_data,
    trains,
    zero_grads,
    zeroed,
)

from ..settings import flag, meant, number
from ..trained import TrainingWarning, listed, values_of
from .checks import pair_of_betas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, ClassVar, NoReturn, TypeAlias

    from typing_extensions import Self

    from ..trained import Params

    Groups: TypeAlias = Params | Iterable[dict[str, Any]]


_TAKES_ANY_NAME = 8  # inspect.CO_VARKEYWORDS, the flag of functions with a ** argument

_NOT_ZEROED = (
    "the gradients of the last step are still in those of this one: they were not set to 0, and backward() adds "
    "to what is there; call optimizer.zero_grad() before each loss.backward(). If they should add up over several "
    'steps, say so: warnings.simplefilter("ignore", nn.optim.TrainingWarning)'
)
_NO_GRADIENT = (
    "this step moves nothing, because all gradients are 0; was loss.backward() called before it, with parentheses, and "
    "after zero_grad(), and does the loss depend on these parameters?"
)


class ParamGroup(dict):  # type: ignore[type-arg]
    """Parameters with settings of their own: a dict, whose settings are checked when they are set.

    ``group["params"]`` is the list of parameters, and the other items are the settings. A scheduler notes under
    ``"initial_lr"`` where it began.

    Parameters
    ----------
    kind : class
        The optimiser's, which knows what settings there are.
    params : list of Value
    settings : dict

    Raises
    ------
    TypeError, ValueError
        If a setting is not acceptable, or if there is none of that name; if one is to be taken out, or the parameters
        are to be replaced.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.SGD([Value(1.0)], lr=0.5)
    >>> group = optimizer.param_groups[0]
    >>> group["lr"] = 1
    >>> group["lr"], optimizer.lr
    (1.0, 1.0)
    >>> group["lr"] = -1
    Traceback (most recent call last):
    ValueError: lr must not be negative, but it is -1
    """

    def __init__(self, kind: type[Optimizer], params: list[Any], settings: dict[str, Any]) -> None:
        super().__init__(params=params, **settings)
        self._kind = kind
        self._names = tuple(settings)

    def settings(self) -> dict[str, Any]:
        """The settings that the rule takes."""
        return {name: self[name] for name in self._names}

    def saved(self) -> dict[str, Any]:
        """All settings, without the parameters, in lists and numbers, as JSON can hold them."""
        return {name: list(x) if isinstance(x, tuple) else x for name, x in self.items() if name != "params"}

    def loaded(self, settings: Any, known: dict[str, Any]) -> dict[str, Any]:
        """Check settings that `saved` returned; `known` has the defaults of those that an older file may lack."""
        if not isinstance(settings, dict):
            raise ValueError("its settings must be a dict")
        own = {name: x for name, x in settings.items() if name != "initial_lr"}
        own = {**{name: x for name, x in known.items() if name in self._names}, **own}
        if own.keys() != set(self._names):
            raise ValueError(f"its settings are {', '.join(settings)}, not {', '.join(self._names)}")
        made = {name: tuple(x) if isinstance(x, list) else x for name, x in self._kind.checked(own).items()}
        if "initial_lr" in settings:
            made["initial_lr"] = number("initial_lr", settings["initial_lr"], positive=True)
        return made

    def set(self, settings: dict[str, Any]) -> None:
        """Take settings that have been checked."""
        super().update(settings)

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def update(self, *given: Any, **more: Any) -> None:
        """Set several settings at once: all of them, or, after an error, none."""
        self.set(self.accepted(dict(*given, **more)))

    def accepted(self, new: dict[str, Any]) -> dict[str, Any]:
        """Settings as the rule takes them; a TypeError or ValueError if one is not acceptable beside the others."""
        for name in new:
            if name == "params":
                raise TypeError(
                    "the parameters of a group cannot be replaced, because its state belongs to them; make another "
                    "group"
                )
            if name not in self._names and name != "initial_lr":
                raise ValueError(
                    f"{self._kind.__name__} has no setting {name!r:.60}{meant(str(name), self._names)}, only "
                    f"{', '.join(self._names)}"
                )
        own = {name: x for name, x in new.items() if name in self._names}
        checked = self._kind.checked({**self.settings(), **own})
        made = {name: checked[name] for name in own}
        if "initial_lr" in new:
            made["initial_lr"] = number("initial_lr", new["initial_lr"], positive=True)
        return made

    def setdefault(self, name: str, value: Any = None) -> Any:
        """Return a setting; if there is none, set it first."""
        if name not in self:
            self[name] = value
        return self[name]

    def __ior__(self, other: Any) -> ParamGroup:  # type: ignore[misc]
        self.update(other)
        return self

    def _refuse_removal(self, *given: object, **more: object) -> NoReturn:
        raise TypeError(
            f"a group of {self._kind.__name__} needs all its settings; set another number instead of removing one"
        )

    __delitem__ = pop = popitem = clear = _refuse_removal

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._kind, self._names, dict(self))

    def __repr__(self) -> str:
        settings = "".join(f", {name}={x!r}" for name, x in self.items() if name != "params")
        return f"ParamGroup({counted(self['params'])} parameters{settings})"


def _restored(kind: type[Optimizer], names: tuple[str, ...], items: dict[str, Any]) -> ParamGroup:
    """A group from a copy or a pickle."""
    group = ParamGroup(kind, items["params"], {name: items[name] for name in names})
    group.set(items)
    return group


def counted(params: list[Any]) -> int:
    """How many numbers there are in a list of Values, or of one vector.

    >>> counted([Value(1.0), Value(2.0)])
    2
    """
    return sum([len(values_of(p)) for p in params])


class Optimizer:
    """Parameters, the settings of an update rule, and the rule's state; subclasses name the rule.

    The parameters are Values, or the ``parameters`` of a program that `autograd.compile` made: then a step moves them
    all at once. The `state_dict` of the one can be loaded by the other. Or they are groups, dicts with ``"params"`` and
    with settings of their own: ``SGD([{"params": w, "lr": 0.1}, {"params": b}], lr=0.01)``. For a group of a compiled
    program's parameters ``program.parameters.only("W1", "b1")`` takes some of them, by the names of its parts or by the
    Values.

    Every step moves all parameters but those that are frozen, whose attribute ``requires_grad`` is False. (A program
    has no frozen parameters: it is compiled after freezing.) One that took no part in the loss has the gradient 0, and
    weight decay and momentum move it, as in PyTorch after ``zero_grad(set_to_none=False)``; leave it out of ``params``
    if it should stay.

    The settings can be changed between steps: ``optimizer.lr *= 0.5`` sets that of all groups, and
    ``optimizer.param_groups[0]["lr"] = 0.1`` that of one. They are checked as when the optimiser is made; numbers
    become floats.

    An optimiser of your own is a subclass with a rule, a function of the parameter, its gradient and the numbers that
    it keeps. It returns what they become. If it is written with operators, and with the functions of ``autograd``, it
    moves the vector of a compiled program, too.

    Parameters
    ----------
    *given
        What the subclass takes without a name, the parameters first.
    **settings
        Its settings by their names, such as ``lr``.

    Attributes
    ----------
    param_groups : list of ParamGroup
    params : list of Value or ParameterVector
        The parameters of all groups.
    defaults : dict
        The settings of a group that says nothing about them.
    steps : int
        How many steps were made.
    state : list of tuple
        For each parameter, or vector, what the rule keeps from step to step.
    counts : list of int, or of vectors
        For each parameter, or vector, how many steps have moved it: fewer than `steps` if it was frozen, or added
        later.
    rule : callable
        ``rule(p, grad, *state, step=step, **settings)``, which returns the new p and state; step is 1 at first.
    initial : tuple of float
        The state before the first step.

    Raises
    ------
    TypeError
        If the parameters are not Values, or a setting is of another kind; also when it is set or loaded.
    ValueError
        If there are no parameters, or one is there twice, or a setting is out of range.

    Examples
    --------
    Rprop, which looks at the signs of the gradient alone, as an optimiser of your own:

    >>> import nn
    >>> from autograd import where
    >>> def rprop(p, grad, before, size, *, step, lr):
    ...     size = lr if step == 1 else size * where(grad * before > 0.0, 1.2, 0.5)
    ...     return p - size * nn.optim.rules.sign(grad), grad, size
    >>> class Rprop(nn.Optimizer):
    ...     rule = staticmethod(rprop)
    ...     initial = (0.0, 0.0)
    ...
    ...     def __init__(self, params, lr=0.01):
    ...         super().__init__(params, lr=lr)
    >>> w = Value(1.0)
    >>> optimizer = Rprop([w], lr=0.25)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (w * w).backward()
    ...     optimizer.step()
    >>> w.data
    0.45
    """

    rule: ClassVar[Callable[..., tuple[Any, ...]]]
    initial: ClassVar[tuple[float, ...]]
    param_groups: list[ParamGroup]
    defaults: dict[str, Any]
    steps: int
    state: list[tuple[Any, ...]]
    counts: list[Any]
    _events: tuple[int, int, int] | None = None  # `gradient_events()` after the last step; None before any gradient
    _warned: frozenset[str] = frozenset()  # the messages that have been shown, each only once
    _new_settings: ClassVar[dict[str, Any]] = {}  # settings, with their defaults, that states of version 0.1.0 lack
    _old_state_length: ClassVar[int | None] = None  # of a parameter in version 0.1.0, if it was shorter

    def __new__(cls, *given: Any, **settings: Any) -> Self:
        code = cls.__init__.__code__
        if not code.co_flags & _TAKES_ANY_NAME:
            known = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
            for name in settings:
                if name not in known:
                    raise TypeError(
                        f"{cls.__name__} has no setting {name!r}{meant(name, known)}, only {', '.join(known)}"
                    )
        return super().__new__(cls)

    def __init__(self, params: Groups, **settings: Any) -> None:
        checked = self.checked(settings)
        vars(self).update(param_groups=[], defaults=checked, steps=0, state=[], counts=[])
        for group in _groups(params, type(self).__name__):
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Train more parameters, with settings of their own.

        Parameters
        ----------
        param_group : dict
            ``"params"``, and the settings that are to differ from `defaults`.

        Raises
        ------
        TypeError, ValueError
            As for the constructor; if a parameter is in another group already.

        Examples
        --------
        >>> import nn
        >>> optimizer = nn.SGD([Value(1.0)], lr=0.5)
        >>> optimizer.add_param_group({"params": [Value(2.0)], "lr": 0.25})
        >>> [group["lr"] for group in optimizer.param_groups]
        [0.5, 0.25]
        """
        name = type(self).__name__
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(f"a group is a dict with 'params', not {param_group!r:.60}")
        params = param_group["params"]
        params = listed([params] if isinstance(params, Value) else params, name)
        known = {id(value) for p in self.params for value in values_of(p)}
        for p in params:
            for value in values_of(p):
                if id(value) in known:
                    raise ValueError(f"{value.describe()} is in another group of this {name} already")
                if isinstance(p, ParameterVector) and not trains(value):
                    raise ValueError(
                        f"{value.describe()} is frozen, but the program was compiled before that and still trains it; "
                        "compile it again"
                    )
        group = ParamGroup(type(self), params, self.defaults)
        group.update({key: x for key, x in param_group.items() if key != "params"})
        self.param_groups.append(group)
        self.state += [self.initial] * len(params)
        self.counts += [0] * len(params)

    # --- settings ---------------------------------------------------------------------------------------------

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings as the rule takes them; a TypeError or ValueError if one is not acceptable.

        Here it looks at those that most rules have; subclasses look at the others.
        """
        common = [name for name in ("lr", "eps", "weight_decay") if name in settings]
        made: dict[str, Any] = {**settings, **{name: number(name, settings[name], positive=True) for name in common}}
        if "betas" in settings:
            made["betas"] = pair_of_betas(settings["betas"])
        if "maximize" in settings:
            made["maximize"] = flag("maximize", settings["maximize"])
        return made

    def settings(self, group: int = 0) -> dict[str, Any]:
        """What the rule takes besides parameter, gradient and state, at present, for one of the groups."""
        chosen: ParamGroup = self.param_groups[group]
        return chosen.settings()

    @property
    def params(self) -> list[Any]:
        if len(self.param_groups) == 1:
            params: list[Any] = self.param_groups[0]["params"]
            return params
        return [p for group in self.param_groups for p in group["params"]]

    def __getattr__(self, name: str) -> Any:
        if name not in vars(self).get("defaults", ()):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        found = [group[name] for group in self.param_groups]
        if any(x != found[0] for x in found):
            raise AttributeError(
                f"the groups of this {type(self).__name__} have different {name}: {', '.join(map(repr, found))}; look "
                f"at param_groups[0][{name!r}]"
            )
        return found[0]

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in vars(self).get("defaults", ()):
            super().__setattr__(name, value)
            return
        made = [self.checked({**settings, name: value})[name] for settings in self._all_settings()]
        for group, x in zip([*self.param_groups], made[1:]):
            group.set({name: x})
        self.defaults[name] = made[0]

    def _all_settings(self) -> list[dict[str, Any]]:
        """The defaults, and the settings of each group."""
        return [self.defaults, *[group.settings() for group in self.param_groups]]

    # --- steps ------------------------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter by its gradient; all of them, or, after an error, none.

        Parameters
        ----------
        closure : callable, optional
            Is called first, to compute the loss and the gradients.

        Returns
        -------
        object
            What the closure returned.

        Warns
        -----
        TrainingWarning
            Once, if the gradients of the last step are in these, because nobody has set them to 0; and once if there
            are no gradients at all, and nothing moves.
        """
        loss = self._call_closure(closure)
        made, counts = self._compute_step()
        known = self._events is not None or self._has_gradients(made)
        if self._events is not None:
            self._warn_of_old_gradients(self._events)
        self._write([numbers[0] for numbers in made])
        vars(self).update(
            state=[tuple(state) for _, *state in made],
            counts=counts,
            steps=self.steps + 1,
            _events=gradient_events() if known else None,
        )
        return loss

    def _has_gradients(self, made: list[tuple[Any, ...]]) -> bool:
        """Whether the parameters have gradients, or the step moves one without a gradient; warn if neither is so.

        A gradient of 0 counts if `backward` has reached the parameter and zero_grad() was not called after that.
        """
        values = []
        for p, (x, *_) in zip(self.params, made):
            if isinstance(p, ParameterVector):
                if p.computed or bool((x != p.data).any()):
                    return True
            elif trains(p):
                if p.grad != 0.0 or x != p.data:
                    return True
                values.append(p)
        if any(map(reached, values)) and not zeroed():
            return True
        if values or any(isinstance(p, ParameterVector) for p in self.params):
            self._warn(_NO_GRADIENT)
        return False

    def _warn_of_old_gradients(self, then: tuple[int, int, int]) -> None:
        """Warn if `backward` added gradients to those of the last step.

        It did if it has run since, and no gradient was set between the step and that run. Clipping does not count,
        because it sets gradients after the run. A compiled program replaces its gradient rather than add to it.
        """
        _, sweeps, before = gradient_events()
        added = sweeps > then[1] and before == then[0]
        if added and not all(isinstance(p, ParameterVector) for p in self.params):
            self._warn(_NOT_ZEROED)

    def _warn(self, message: str) -> None:
        if message not in self._warned:
            self._warned |= {message}
            warnings.warn(message, TrainingWarning, stacklevel=4)

    def _call_closure(self, closure: Callable[[], Any] | None) -> Any:
        if closure is None:
            return None
        if not callable(closure):
            raise TypeError(f"step takes a function that computes the loss and its gradient, not {closure!r:.60}")
        with enable_grad():
            return closure()

    def _compute_step(self) -> tuple[list[tuple[Any, ...]], list[Any]]:
        """For each parameter or vector, its number and state after this step, and how many steps it has then made."""
        if len(self.params) != len(self.state):
            raise ValueError(
                f"{type(self).__name__} has {len(self.params)} parameters, but the state of {len(self.state)}: "
                "after params was changed they no longer match; make a new optimiser"
            )
        made: list[tuple[Any, ...]] = []
        counts: list[Any] = []
        rule, rest = self.rule, iter(zip(self.state, self.counts))
        for group in self.param_groups:
            own = group.settings()
            settings = {"step": 0, **own}
            for p in group["params"]:
                state, steps = next(rest)
                if isinstance(p, ParameterVector):
                    moved, steps = p.moved(self._apply_rule, state, own, steps)
                elif trains(p):
                    settings["step"] = steps = steps + 1
                    try:
                        moved = tuple(rule(p.data, p.grad, *state, **settings))
                    except ArithmeticError:  # 0/0 if eps is 0, or an overflow: Values follow IEEE 754, floats raise
                        with no_grad():
                            numbers = rule(*map(Value, (p.data, p.grad, *state)), **settings)
                            moved = tuple([x.data if isinstance(x, Value) else x for x in numbers])
                else:
                    moved = (p.data, *state)
                made.append(moved)
                counts.append(steps)
        self._check_lengths(made)
        return made, counts

    def _apply_rule(self, *numbers: Any, **settings: Any) -> tuple[Any, ...]:
        """Apply the rule to vectors."""
        made = tuple(self.rule(*numbers, **settings))
        self._check_lengths([made])
        return made

    def _check_lengths(self, made: list[tuple[Any, ...]]) -> None:
        """Raise a ValueError if the rule has not returned as many numbers as it should."""
        for count in set(map(len, made)) - {1 + len(self.initial)}:
            raise ValueError(
                f"the rule of {type(self).__name__} must return the parameter and {len(self.initial)} numbers of "
                f"state, but it returned {count} numbers in all"
            )

    def _write(self, numbers: list[Any]) -> None:
        """Set the data of all parameters; `numbers` has the present number of a frozen one."""
        pairs = list(zip(self.params, numbers))
        alone = [(p, x) for p, x in pairs if not isinstance(p, ParameterVector)]
        vectors = [(p, x) for p, x in pairs if isinstance(p, ParameterVector)]
        for p, x in vectors:
            if getattr(x, "shape", None) != p.data.shape:
                raise ValueError(f"the rule of {type(self).__name__} made {x!r:.60} of a vector of {len(p)} numbers")
        if alone:
            set_data([p for p, _ in alone], [x for _, x in alone])
        for p, x in vectors:
            p.data = x

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients of all parameters to 0.

        Parameters
        ----------
        set_to_none : bool
            There for compatibility with PyTorch. A gradient is a number here, never None, so it makes no difference.
        """
        flag("set_to_none", set_to_none)
        zero_grads(self.params)

    # --- state ------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything but the parameters, in lists and numbers, as JSON can hold them.

        Returns
        -------
        dict
            ``"optimizer"``, the name of the class; ``"steps"``; ``"settings"``, a dict, or, of several groups, a list
            of dicts; ``"state"``, a list of numbers for each parameter. Of several groups there are their ``"sizes"``,
            and if some parameters have made fewer steps ``"counts"``, one for each.
        """
        rows: list[list[float]] = []
        counts: list[int] = []
        for p, state, steps in zip(self.params, self.state, self.counts):
            if isinstance(p, ParameterVector):
                rows += p.rows(state) if state else [[] for _ in p.values]
                counts += [int(count) for (count,) in p.rows([steps])]
            else:
                rows.append(list(state))
                counts.append(steps)
        settings = [group.saved() for group in self.param_groups]
        made = {
            "optimizer": type(self).__name__,
            "steps": self.steps,
            "settings": settings[0] if len(settings) == 1 else settings,
            "state": rows,
        }
        if len(settings) > 1:
            made["sizes"] = [counted(group["params"]) for group in self.param_groups]
        if any(count != self.steps for count in counts):
            made["counts"] = counts
        return made

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where another optimiser of the same kind, for as many parameters, was at its `state_dict`.

        Raises
        ------
        ValueError
            If `state_dict` is something else. Nothing has been changed then.
        """
        name = type(self).__name__
        try:
            made = self._loaded(state_dict)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            text = str(error)
            if isinstance(error, KeyError):
                text = f"{error} is missing, so it did not come from an optimiser's state_dict()"
            raise ValueError(f"this state does not fit {name}: {text}") from None
        for group, settings in zip(self.param_groups, made.pop("settings")):
            group.set(settings)
        vars(self).update(made)

    def _loaded(self, given: dict[str, Any]) -> dict[str, Any]:
        """The attributes to set to go on from a state; raises an error if the state does not fit."""
        kind, steps, settings, rows = (given[key] for key in ("optimizer", "steps", "settings", "state"))
        if kind != type(self).__name__:
            raise ValueError(f"it is from {kind}")
        sizes = [counted(group["params"]) for group in self.param_groups]
        several = settings if isinstance(settings, list) else [settings]
        if not isinstance(rows, (list, tuple)):
            raise ValueError("its settings must be a dict, and its state a list")
        if len(rows) != sum(sizes):
            raise ValueError(f"it is for {len(rows)} parameters, not {sum(sizes)}")
        if len(several) != len(sizes) or given.get("sizes", sizes) != sizes:
            raise ValueError(f"it is for groups of {given.get('sizes', [len(rows)])} parameters, not {sizes}")
        counts = given.get("counts", [steps] * len(rows))
        if not isinstance(counts, list) or len(counts) != len(rows):
            raise ValueError(f"it has the steps of {counts!r:.60}, but {len(rows)} parameters")
        for count in (steps, *counts):
            if type(count) is not int or count < 0:
                raise ValueError(f"{count!r:.60} is not a number of steps")
        loaded = [group.loaded(x, self._new_settings) for group, x in zip(self.param_groups, several)]
        numbers = [self._row(i, row) for i, row in enumerate(rows)]
        state: list[Any] = []
        made: list[Any] = []
        for p in self.params:
            own, numbers = numbers[: len(values_of(p))], numbers[len(values_of(p)) :]
            steps_of, counts = counts[: len(own)], counts[len(own) :]
            if isinstance(p, ParameterVector):
                state.append(p.vectors(own) if self.initial else ())
                same = all(count == steps_of[0] for count in steps_of)
                made.append(steps_of[0] if same else p.vectors([[count] for count in steps_of])[0])
            else:
                state.append(own[0])
                made.append(steps_of[0])
        return {"settings": loaded, "steps": steps, "state": state, "counts": made}

    def _row(self, i: int, row: Any) -> tuple[float, ...]:
        """The state of parameter i, checked; a shorter one of version 0.1.0 is completed."""
        if not isinstance(row, (list, tuple)):
            raise ValueError(f"the state of parameter {i} is {row!r:.60}, not a list of numbers")
        made = tuple([Value(x).data for x in row])
        if len(made) not in (len(self.initial), self._old_state_length):
            raise ValueError(f"parameter {i} has {len(made)} numbers, not {len(self.initial)}")
        if not all(map(math.isfinite, made)):
            raise ValueError(f"the numbers of parameter {i} are not finite: {made}")
        return made + self.initial[len(made) :]

    def __repr__(self) -> str:
        if len(self.param_groups) > 1:
            return f"{type(self).__name__}({', '.join(map(repr, self.param_groups))})"
        settings = "".join(f", {name}={value!r}" for name, value in self.settings().items())
        return f"{type(self).__name__}({counted(self.params)} parameters{settings})"


def _groups(params: Any, user: str) -> list[dict[str, Any]]:
    """The groups that an optimiser was given: a list of dicts, or else all parameters as one group."""
    if isinstance(params, (list, tuple)) and params and all(isinstance(x, dict) and "params" in x for x in params):
        return list(params)
    return [{"params": params if isinstance(params, ParameterVector) else listed(params, user)}]
