"""Optimisers: how parameters move, given their gradients.

Each update rule is one pure function, ``(parameter, gradient, *state) -> (parameter, *state)``, written with plain
operators. So the same text moves one float, or the vector of all parameters of a compiled program at once. An
`Optimizer` only keeps the parameters, the settings and the state. Formulas, defaults and conditions are PyTorch's,
with one exception: a parameter that took no part in the loss has the gradient 0 here and None there. So weight decay
and momentum move it here; in PyTorch they do after ``zero_grad(set_to_none=False)``. Clipping of gradients is here,
too.
"""

from __future__ import annotations

import math

from autograd import Value, clip, mul, no_grad, set_data

from .settings import flag, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, ClassVar, TypeAlias

    from autograd.compiler import Parameters

    Params: TypeAlias = Iterable[Value] | Parameters


# --- the update rules -----------------------------------------------------------------------------------------


def sgd(
    p: Any,
    grad: Any,
    velocity: Any,
    *,
    step: int,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
) -> tuple[Any, Any]:
    """One step of stochastic gradient descent, number `step` from 1 (Sutskever et al. 2013, in PyTorch's form).

    >>> sgd(1.0, 2.0, 0.0, step=1, lr=0.25, momentum=0, dampening=0, weight_decay=0, nesterov=False)
    (0.5, 0.0)
    """
    if weight_decay:
        grad = grad + weight_decay * p
    if momentum:
        velocity = grad if step == 1 else momentum * velocity + (1.0 - dampening) * grad
        grad = grad + momentum * velocity if nesterov else velocity
    return p - lr * grad, velocity


def adam(
    p: Any,
    grad: Any,
    mean: Any,
    square: Any,
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> tuple[Any, Any, Any]:
    """One step of Adam, number `step` from 1 (Kingma and Ba 2015, algorithm 1).

    `mean` and `square` are running means of the gradient and of its square. They start at 0, so after few steps
    they are too small by 1 - beta**step, which is divided out.

    >>> adam(1.0, 2.0, 0.0, 0.0, step=1, lr=0.25, betas=(0.5, 0.75), eps=0.0, weight_decay=0)
    (0.75, 1.0, 1.0)
    """
    if weight_decay:
        grad = grad + weight_decay * p
    beta1, beta2 = betas
    mean = beta1 * mean + (1.0 - beta1) * grad
    square = beta2 * square + (1.0 - beta2) * grad * grad
    size = _root(square) / _root(1.0 - beta2**step) + eps
    return p - lr / (1.0 - beta1**step) * mean / size, mean, square


def adamw(
    p: Any, grad: Any, mean: Any, square: Any, *, lr: float, weight_decay: float, **settings: Any
) -> tuple[Any, Any, Any]:
    """One step of AdamW: the weights decay by themselves, not by way of the gradient (Loshchilov and Hutter 2019).

    >>> adamw(1.0, 2.0, 0.0, 0.0, step=1, lr=0.25, betas=(0.5, 0.75), eps=0.0, weight_decay=1.0)
    (0.5, 1.0, 1.0)
    """
    return adam(p * (1.0 - lr * weight_decay), grad, mean, square, lr=lr, weight_decay=0.0, **settings)


def _root(x: Any) -> Any:
    """x**0.5, of which Python and NumPy disagree on the last bit, unless both take the square root."""
    return math.sqrt(x) if x.__class__ is float and x >= 0.0 else x**0.5


# --- the optimisers -------------------------------------------------------------------------------------------


class Optimizer:
    """Parameters, the settings of an update rule, and the rule's state; subclasses name the rule.

    The parameters are Values, or the ``parameters`` of a program that `autograd.compile` made: then a step moves them
    all at once. The `state_dict` of the one can be loaded by the other.

    Every step moves all parameters. One that took no part in the loss has the gradient 0, and weight decay and momentum
    move it, as in PyTorch after ``zero_grad(set_to_none=False)``; leave it out of ``params`` if it is to stay.

    The settings are attributes and can be changed between steps: ``optimizer.lr *= 0.5``. They are checked as when the
    optimiser is made; numbers become floats.

    Attributes
    ----------
    params : list of Value, or of one vector of parameters
    lr : float
    steps : int
        How many steps were made.
    state : list of tuple
        For each parameter, or the vector, what the rule keeps from step to step.
    rule : callable
        ``rule(p, grad, *state, step=steps, **settings)``, which returns the new p and state.
    initial : tuple of float
        The state before the first step.

    Raises
    ------
    TypeError
        If the parameters are no Values, or a setting is of another kind; also when it is set or loaded.
    ValueError
        If there are no parameters, or one is there twice, or a setting is out of range.
    """

    rule: ClassVar[Callable[..., tuple[Any, ...]]]
    initial: ClassVar[tuple[float, ...]]

    def __init__(self, params: Params, **settings: Any) -> None:
        settings = self.checked(settings)
        self.params = _checked(params, type(self).__name__)
        self._vector = not isinstance(self.params[0], Value)
        self.steps = 0
        self.state = [self.initial] * len(self.params)
        vars(self).update(settings)
        self._names = tuple(settings)

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings as the rule takes them; a TypeError or ValueError if one is not acceptable.

        Here it looks at lr; subclasses look at the others.
        """
        return _not_negative(settings, *[name for name in settings if name == "lr"])

    def settings(self) -> dict[str, Any]:
        """What the rule takes besides parameter, gradient and state, at present."""
        return {name: getattr(self, name) for name in self._names}

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self).get("_names", ()):
            value = self.checked({**self.settings(), name: value})[name]
        super().__setattr__(name, value)

    def step(self) -> None:
        """Move every parameter by its gradient; all of them, or, after an error, none."""
        if len(self.params) != len(self.state):
            raise ValueError(
                f"{type(self).__name__} has {len(self.params)} parameters, and the state of {len(self.state)}: "
                "which belong together is lost when params is changed; make a new optimiser"
            )
        settings = {"step": self.steps + 1, **self.settings()}
        made: list[tuple[Any, ...]] = []
        for p, state in zip(self.params, self.state):
            if not isinstance(p, Value):
                made.append(_owned(p, p.moved(self.rule, state, settings)))
                continue
            try:
                made.append(tuple(self.rule(p.data, p.grad, *state, **settings)))
            except ArithmeticError:  # 0/0 where eps is 0, or an overflow: Values do as IEEE 754 says
                with no_grad():
                    numbers = self.rule(*map(Value, (p.data, p.grad, *state)), **settings)
                    made.append(tuple([x.data for x in numbers]))
        for count in set(map(len, made)) - {1 + len(self.initial)}:
            raise ValueError(
                f"the rule of {type(self).__name__} must return the parameter and {len(self.initial)} numbers of "
                f"state, and it returned {count} numbers in all"
            )
        if self._vector:
            self.params[0].data = made[0][0]
        else:
            set_data(self.params, [data for data, *_ in made])
        vars(self).update(state=[tuple(state) for _, *state in made], steps=self.steps + 1)

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0."""
        for p in self.params:
            p.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Everything but the parameters, in lists and numbers, as JSON can hold them."""
        settings = {name: list(x) if isinstance(x, tuple) else x for name, x in self.settings().items()}
        return {
            "optimizer": type(self).__name__,
            "steps": self.steps,
            "settings": settings,
            "state": self.params[0].rows(self.state[0]) if self._vector else [list(numbers) for numbers in self.state],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another optimiser of the same kind, for as many parameters, was at its `state_dict`.

        Raises
        ------
        ValueError
            If `state` is something else. Nothing has been changed then.
        """
        name = type(self).__name__
        try:
            kind, steps, settings, rows = (state[key] for key in ("optimizer", "steps", "settings", "state"))
            if kind != name:
                raise ValueError(f"it is from {kind}")
            count = len(self.params[0]) if self._vector else len(self.params)
            if not isinstance(settings, dict) or not isinstance(rows, (list, tuple)):
                raise ValueError("its settings must be a dict, and its state a list")
            if len(rows) != count:
                raise ValueError(f"it is for {len(rows)} parameters, not {count}")
            if type(steps) is not int or steps < 0:
                raise ValueError(f"{steps!r:.60} is no number of steps")
            if settings.keys() != set(self._names):
                raise ValueError(f"its settings are {', '.join(settings)}, not {', '.join(self._names)}")
            settings = {key: tuple(x) if isinstance(x, list) else x for key, x in self.checked(settings).items()}
            for i, row in enumerate(rows):
                if not isinstance(row, (list, tuple)):
                    raise ValueError(f"the state of parameter {i} is {row!r:.60}, no list of numbers")
            made = [tuple([Value(x).data for x in row]) for row in rows]
            for i, row in enumerate(made):
                if len(row) != len(self.initial):
                    raise ValueError(f"parameter {i} has {len(row)} numbers, not {len(self.initial)}")
                if not all(map(math.isfinite, row)):
                    raise ValueError(f"the numbers of parameter {i} are not finite: {row}")
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            text = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"this state does not fit {name}: {text}") from None
        self.steps, self.state = steps, [self.params[0].vectors(made)] if self._vector else made
        vars(self).update(settings)

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self.settings().items())
        count = len(self.params[0]) if self._vector else len(self.params)
        return f"{type(self).__name__}({count} parameters{settings})"


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

    p <- p - lr v, where v is the gradient g, plus weight_decay p if that is set. With momentum it is
    v <- momentum v + (1 - dampening) g, at the first step g; with nesterov g + momentum v is used instead of v.
    Momentum that is set after the first step begins with v = 0; in PyTorch with v = g, another number if there is
    dampening.

    Parameters
    ----------
    params : iterable of Value
        For instance ``model.parameters()``.
    lr : float
        Learning rate.
    momentum, weight_decay, dampening : float
    nesterov : bool

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`: if lr, momentum or weight_decay is negative, if a number is not finite, or if nesterov is
        asked for without momentum or with dampening.

    Examples
    --------
    >>> w = Value(3.0)
    >>> optimizer = SGD([w], lr=0.25)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    1.5
    """

    rule = staticmethod(sgd)
    initial = (0.0,)

    lr: float

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        *,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        dampening: float = 0.0,
    ) -> None:
        super().__init__(
            params, lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay, dampening=dampening
        )

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        checked = _not_negative(super().checked(settings), "momentum", "weight_decay")
        checked["dampening"] = number("dampening", settings["dampening"])
        momentum, dampening = checked["momentum"], checked["dampening"]
        if flag("nesterov", settings["nesterov"]) and (momentum == 0.0 or dampening != 0.0):
            raise ValueError(
                f"nesterov needs momentum and no dampening, but momentum is {momentum!r} and dampening is {dampening!r}"
            )
        return checked


class Adam(Optimizer):
    """Steps of about lr for each parameter, whatever the size of its gradient (Kingma and Ba 2015).

    m <- beta1 m + (1 - beta1) g and s <- beta2 s + (1 - beta2) g**2 are running means of the gradient g and of its
    square; p <- p - lr m' / (sqrt(s') + eps), where m' = m / (1 - beta1**step) and s' = s / (1 - beta2**step). If
    weight_decay is set, g is the gradient plus weight_decay p.

    Parameters
    ----------
    params : iterable of Value
        For instance ``model.parameters()``.
    lr : float
        Learning rate.
    betas : (float, float)
    eps, weight_decay : float

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`: if lr, eps or weight_decay is negative, if a number is not finite, or if a beta is not in
        [0, 1).

    Examples
    --------
    >>> w = Value(3.0)
    >>> optimizer = Adam([w], lr=0.25)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> round(w.data, 6)
    2.75
    """

    rule = staticmethod(adam)
    initial = (0.0, 0.0)

    lr: float

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats and betas as a tuple."""
        checked = _not_negative(super().checked(settings), "eps", "weight_decay")
        return {**checked, "betas": _betas(settings["betas"])}


class AdamW(Adam):
    """Adam whose weights decay by themselves: p <- (1 - lr weight_decay) p before each step of `Adam` on g alone.

    See Loshchilov and Hutter 2019. The default weight_decay is 0.01.

    Examples
    --------
    >>> w = Value(2.0)
    >>> AdamW([w], lr=0.5, weight_decay=0.5).step()
    >>> w.data
    1.5
    """

    rule = staticmethod(adamw)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)


# --- clipping -------------------------------------------------------------------------------------------------


def clip_grad_value_(params: Params, value: float) -> None:
    """Hold every parameter's gradient between -value and value; nan stays nan.

    Raises
    ------
    TypeError, ValueError
        If `value` is no number, or negative, or nan.

    Examples
    --------
    >>> w = Value(0.0)
    >>> w.grad = -7.0
    >>> clip_grad_value_([w], 2.0)
    >>> w.grad
    -2.0
    """
    value = number("value", value, positive=True, finite=False)
    for p in _checked(params, "clip_grad_value_", empty=True):
        p.grad = clip(p.grad, -value, value)


def clip_grad_norm_(params: Params, max_norm: float) -> float:
    """Scale all gradients by one factor so that their norm, as of one vector, is at most `max_norm`.

    The factor is max_norm / (norm + 1e-6), or 1 if that is larger (Pascanu et al. 2013; 1e-6 as in PyTorch). An
    infinite norm makes it 0, and inf * 0 is nan; a norm of nan makes all gradients nan.

    Returns
    -------
    float
        The norm before.

    Raises
    ------
    TypeError, ValueError
        If `max_norm` is no number, or negative, or nan.

    Examples
    --------
    >>> a, b = Value(0.0), Value(0.0)
    >>> a.grad, b.grad = 30.0, 40.0
    >>> clip_grad_norm_([a, b], 1.0)
    50.0
    >>> round(a.grad, 6), round(b.grad, 6)
    (0.6, 0.8)
    """
    max_norm = number("max_norm", max_norm, positive=True, finite=False)
    params = _checked(params, "clip_grad_norm_", empty=True)
    grads = [p.grad if isinstance(p, Value) else p.norm() for p in params]
    norm = math.nan if any(map(math.isnan, grads)) else math.hypot(*grads)
    factor = min(max_norm / (norm + 1e-6), 1.0)
    for p in params:
        p.grad = mul(p.grad, factor)
    return norm


# --- what they share ------------------------------------------------------------------------------------------


def _checked(params: Any, user: str, empty: bool = False) -> list[Any]:
    """The parameters as a list, in which the vector of a compiled program is the only one."""
    if hasattr(params, "moved"):  # the parameters of a compiled program
        return [params]
    if isinstance(params, (Value, set, frozenset, dict, str)) or not hasattr(params, "__iter__"):
        hint = "put it into a list"
        if hasattr(params, "parameters"):
            hint = "write model.parameters()" if callable(params.parameters) else "write program.parameters"
        elif isinstance(params, dict) and any(isinstance(x, Value) for x in params.values()):
            hint = "write list(d.values())"
        elif isinstance(params, (set, frozenset)):
            hint = "a set has no order, so make it a list"
        elif callable(params):
            hint = "call it: model.parameters()"
        elif not isinstance(params, Value):
            hint = "write model.parameters()"
        raise TypeError(f"{user} takes a list of Values, not {type(params).__name__}; {hint}")
    listed = list(params)
    if not listed and not empty:
        raise ValueError(f"{user} got no parameters; was the generator used up, or the model empty?")
    seen: set[int] = set()
    for i, p in enumerate(listed):
        if not isinstance(p, Value):
            hint = ""
            if isinstance(p, dict) and "params" in p:
                hint = "; there are no groups of parameters: make an optimiser for each group"
            elif isinstance(p, tuple) and len(p) == 2 and isinstance(p[1], Value):
                hint = "; write model.parameters(), for named_parameters() gives pairs"
            elif hasattr(p, "moved"):
                hint = "; give it one program's parameters, not in a list"
            raise TypeError(f"{user} takes a list of Values, but item {i} is {type(p).__name__}: {p!r:.60}{hint}")
        if p.op is not None:
            raise ValueError(f"{user} cannot move {p.describe()} (item {i}): only leaves are parameters")
        if id(p) in seen:
            raise ValueError(f"{user} got {p.describe()} twice (item {i}); it would be moved twice in a step")
        seen.add(id(p))
    return listed


def _not_negative(settings: dict[str, Any], *names: str) -> dict[str, Any]:
    """The settings, with these of them as floats."""
    return {**settings, **{name: number(name, settings[name], positive=True) for name in names}}


def _betas(betas: Any) -> tuple[float, ...]:
    wanted = f"betas must be two numbers from 0 up to, but not, 1, not {betas!r:.60}"
    try:
        pair = tuple([number("beta", beta) for beta in betas])
    except (TypeError, ValueError) as error:
        raise type(error)(wanted) from None
    if len(pair) != 2 or isinstance(betas, (set, frozenset, dict)) or not all(0.0 <= beta < 1.0 for beta in pair):
        raise ValueError(wanted)
    return pair


def _owned(p: Parameters, made: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a rule made of a vector of parameters, as arrays that nobody else holds."""
    data, grad = p.data, p.grad
    return tuple([x.copy() if x is data or x is grad or getattr(x, "base", None) is not None else x for x in made])
