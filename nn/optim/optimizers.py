"""Optimisers that use only the gradient: PyTorch's, with its names, defaults and formulas, and Lion.

One thing differs from PyTorch: a parameter that the loss does not depend on has the gradient 0 here, and None there. So
weight decay and momentum move it here; in PyTorch only after ``zero_grad(set_to_none=False)``.
"""

from __future__ import annotations

from ..settings import flag, number
from . import rules
from .checks import share
from .optimizer import Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .optimizer import Groups


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

    p <- p - lr v, where v is the gradient g, plus weight_decay p if that is set. With momentum it is
    v <- momentum v + (1 - dampening) g, at the first step g; with nesterov g + momentum v is used instead of v
    (Sutskever et al. 2013). Momentum that is set after the first step begins with v = 0; in PyTorch with v = g, another
    number if there is dampening.

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate.
    momentum, dampening, weight_decay : float
    nesterov : bool
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`: if lr, momentum or weight_decay is negative, if a number is not finite, or if nesterov is
        asked for without momentum or with dampening.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = SGD([w], lr=0.25)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    1.5
    """

    rule = staticmethod(rules.sgd)
    initial = (0.0,)
    _new_settings = {"maximize": False}

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        made = super().checked(settings)
        made["momentum"] = momentum = number("momentum", settings["momentum"], positive=True)
        made["dampening"] = dampening = number("dampening", settings["dampening"])
        if flag("nesterov", settings["nesterov"]) and (momentum == 0.0 or dampening != 0.0):
            raise ValueError(
                f"nesterov needs momentum and no dampening, but momentum is {momentum!r} and dampening is {dampening!r}"
            )
        return made


class Adam(Optimizer):
    """Steps of about lr for each parameter, whatever the size of its gradient (Kingma and Ba 2015).

    m <- beta1 m + (1 - beta1) g and s <- beta2 s + (1 - beta2) g**2 are running means of the gradient g and of its
    square; p <- p - lr m' / (sqrt(s') + eps), where m' = m / (1 - beta1**step) and s' = s / (1 - beta2**step). If
    weight_decay is set, g is the gradient plus weight_decay p. With amsgrad the largest s so far is used (Reddi et al.
    2018).

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate.
    betas : (float, float)
    eps, weight_decay : float
    amsgrad : bool
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`: if lr, eps or weight_decay is negative, if a number is not finite, or if a beta is not in
        [0, 1).

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = Adam([w], lr=0.25)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> round(w.data, 6)
    2.75
    """

    rule = staticmethod(rules.adam)
    initial = (0.0, 0.0, 0.0)
    _new_settings = {"amsgrad": False, "maximize": False}
    _old_state_length = 2

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize
        )

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats and betas as a tuple."""
        return {**super().checked(settings), "amsgrad": flag("amsgrad", settings["amsgrad"])}


class AdamW(Adam):
    """Adam whose weights decay by themselves: p <- (1 - lr weight_decay) p before each step of `Adam` on g alone.

    See Loshchilov and Hutter 2019. The default weight_decay is 0.01; the other parameters are Adam's.

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate.
    betas : (float, float)
    eps : float
    weight_decay : float
        What is taken from each weight at every step, times lr.
    amsgrad : bool
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Adam`.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(2.0)
    >>> AdamW([w], lr=0.5, weight_decay=0.5).step()
    >>> w.data
    1.5
    """

    rule = staticmethod(rules.adamw)

    def __init__(
        self,
        params: Groups,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)


class Adamax(Optimizer):
    """Adam with the largest gradient so far in place of the root mean square (Kingma and Ba 2015, section 7.1).

    m <- beta1 m + (1 - beta1) g and u <- max(beta2 u, abs(g) + eps); p <- p - lr / (1 - beta1**step) m / u.

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate.
    betas : (float, float)
    eps, weight_decay : float
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Adam`.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = Adamax([w], lr=0.25)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> round(w.data, 6)
    2.75
    """

    rule = staticmethod(rules.adamax)
    initial = (0.0, 0.0)

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize)


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat 2016).

    With mu_t = beta1 (1 - 0.96**(t momentum_decay) / 2) and P_t = mu_1 ... mu_t, and with m and s' as in `Adam`,
    p <- p - lr ((1 - mu_t) g / (1 - P_t) + mu_(t+1) m / (1 - P_(t+1))) / (sqrt(s') + eps).

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate.
    betas : (float, float)
    eps, weight_decay, momentum_decay : float
    decoupled_weight_decay : bool
        Whether the weights decay by themselves, as in `AdamW`.
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Adam`; if momentum_decay is negative.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = NAdam([w], lr=0.25)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data < 3.0
    True
    """

    rule = staticmethod(rules.nadam)
    initial = (0.0, 0.0, 0.0)

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats and betas as a tuple."""
        made = super().checked(settings)
        made["momentum_decay"] = number("momentum_decay", settings["momentum_decay"], positive=True)
        made["decoupled_weight_decay"] = flag("decoupled_weight_decay", settings["decoupled_weight_decay"])
        return made


class RAdam(Optimizer):
    """Adam that begins with plain momentum, until its mean of squares can be relied on (Liu et al. 2020).

    With r = 2 / (1 - beta2) - 1 and r_t = r - 2 t beta2**t / (1 - beta2**t), and with m' and s as in `Adam`, it is
    p <- p - lr m' as long as r_t <= 5, and then
    p <- p - lr m' sqrt(1 - beta2**t) / (sqrt(s) + eps) sqrt((r_t - 4) (r_t - 2) r / ((r - 4) (r - 2) r_t)).

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate.
    betas : (float, float)
    eps, weight_decay : float
    decoupled_weight_decay : bool
        Whether the weights decay by themselves, as in `AdamW`.
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Adam`.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = RAdam([w], lr=0.25)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> round(w.data, 6)
    1.5
    """

    rule = staticmethod(rules.radam)
    initial = (0.0, 0.0)

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats and betas as a tuple."""
        decoupled = flag("decoupled_weight_decay", settings["decoupled_weight_decay"])
        return {**super().checked(settings), "decoupled_weight_decay": decoupled}


class RMSprop(Optimizer):
    """The gradient, divided by the root of its mean square (Tieleman and Hinton 2012).

    s <- alpha s + (1 - alpha) g**2; p <- p - lr g / (sqrt(s) + eps). With momentum
    v <- momentum v + g / (sqrt(s) + eps) and p <- p - lr v. If centered, the variance takes the place of s: the square
    of the running mean of g is subtracted (Graves 2013). Where rounding would make it negative it is 0; in PyTorch the
    parameter becomes nan there.

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate.
    alpha : float
        From 0 to 1.
    eps, weight_decay, momentum : float
    centered : bool
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`: if a number is negative, or not finite, or if alpha is larger than 1.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = RMSprop([w], lr=0.25, alpha=0.0)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> round(w.data, 6)
    2.75
    """

    rule = staticmethod(rules.rmsprop)
    initial = (0.0, 0.0, 0.0)

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        made = super().checked(settings)
        made["alpha"] = share("alpha", settings["alpha"])
        made["momentum"] = number("momentum", settings["momentum"], positive=True)
        made["centered"] = flag("centered", settings["centered"])
        return made


class Adagrad(Optimizer):
    """The gradient, divided by the root of the sum of all its squares (Duchi et al. 2011).

    s <- s + g**2; p <- p - lr / (1 + (step - 1) lr_decay) g / (sqrt(s) + eps).

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate.
    lr_decay, weight_decay : float
    initial_accumulator_value : float
        What s is before the first step.
    eps : float
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`: if a number is negative, or not finite.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = Adagrad([w], lr=0.25)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> round(w.data, 6)
    2.75
    """

    rule = staticmethod(rules.adagrad)
    initial = (0.0,)

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        made = super().checked(settings)
        for name in ("lr_decay", "initial_accumulator_value"):
            made[name] = number(name, settings[name], positive=True)
        return made


class Adadelta(Optimizer):
    """Steps of the size of the steps so far, without a learning rate that must be found (Zeiler 2012).

    s <- rho s + (1 - rho) g**2; d = sqrt(a + eps) / sqrt(s + eps) g; a <- rho a + (1 - rho) d**2; p <- p - lr d.

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
    rho : float
        From 0 to 1.
    eps, weight_decay : float
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`: if a number is negative, or not finite, or if rho is larger than 1.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = Adadelta([w])
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> 2.99 < w.data < 3.0
    True
    """

    rule = staticmethod(rules.adadelta)
    initial = (0.0, 0.0)

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize)

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, with numbers as floats."""
        return {**super().checked(settings), "rho": share("rho", settings["rho"])}


class Lion(Optimizer):
    """Steps of lr, up or down, by the sign of a mean of the gradients (Chen et al. 2023).

    p <- p - lr (sign(beta1 m + (1 - beta1) g) + weight_decay p); m <- beta2 m + (1 - beta2) g.

    Parameters
    ----------
    params : iterable of Value, or of dict, or a program's parameters
        For instance ``model.parameters()``; see `Optimizer`.
    lr : float
        Learning rate; the paper takes a third to a tenth of what suits `AdamW`, and three to ten times its
        weight_decay.
    betas : (float, float)
    weight_decay : float
    maximize : bool
        Whether to climb.

    Raises
    ------
    TypeError, ValueError
        As for `Adam`.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> optimizer = Lion([w], lr=0.25)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    2.75
    """

    rule = staticmethod(rules.lion)
    initial = (0.0,)

    lr: float

    def __init__(
        self,
        params: Groups,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize)
