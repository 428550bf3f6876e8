"""The update rules: how a parameter moves, given its gradient.

Each rule is a pure function, ``(parameter, gradient, *state) -> (parameter, *state)``, of operators and functions that
take floats and arrays alike. So the same code moves one float, or the vector of all parameters of a compiled program.
`step` counts from 1. All numbers of a state are 0 before the first step. `optimizer` keeps the state; the modules of
the optimisers check the settings.
"""

from __future__ import annotations

import math

from autograd import abs as absolute
from autograd import maximum, minimum, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "sgd",
    "adam",
    "adamw",
    "adamax",
    "nadam",
    "radam",
    "rmsprop",
    "adagrad",
    "adadelta",
    "lion",
    "sophia",
    "sgd_schedule_free",
    "adamw_schedule_free",
    "sign",
]


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
    maximize: bool = False,
) -> tuple[Any, Any]:
    """One step of stochastic gradient descent (Sutskever et al. 2013, in PyTorch's form).

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    velocity : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, momentum, dampening, weight_decay, nesterov, maximize
        The settings of `nn.SGD`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> sgd(1.0, 2.0, 0.0, step=1, lr=0.25, momentum=0, dampening=0, weight_decay=0, nesterov=False)
    (0.5, 0.0)
    """
    grad = slope(p, grad, weight_decay, maximize)
    if momentum:
        velocity = grad if step == 1 else momentum * velocity + (1.0 - dampening) * grad
        grad = grad + momentum * velocity if nesterov else velocity
    return p - lr * grad, velocity


def adam(
    p: Any,
    grad: Any,
    mean: Any,
    square: Any,
    largest: Any,
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    amsgrad: bool = False,
    maximize: bool = False,
) -> tuple[Any, Any, Any, Any]:
    """One step of Adam (Kingma and Ba 2015, algorithm 1), or of AMSGrad (Reddi et al. 2018).

    `mean` and `square` are running means of the gradient and of its square. They start at 0, so after few steps
    they are too small by 1 - beta**step, which is divided out. `largest` is the largest `square` so far, which only
    AMSGrad keeps.

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    mean, square, largest : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, betas, eps, weight_decay, amsgrad, maximize
        The settings of `nn.Adam`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> adam(1.0, 2.0, 0.0, 0.0, 0.0, step=1, lr=0.25, betas=(0.5, 0.75), eps=0.0, weight_decay=0)
    (0.75, 1.0, 1.0, 0.0)
    """
    grad = slope(p, grad, weight_decay, maximize)
    beta1, beta2 = betas
    mean, square = means(grad, mean, square, betas)
    if amsgrad:
        largest = maximum(largest, square)
    size = root(largest if amsgrad else square) / root(1.0 - beta2**step) + eps
    return p - lr / (1.0 - beta1**step) * mean / size, mean, square, largest


def adamw(
    p: Any, grad: Any, mean: Any, square: Any, largest: Any, *, lr: float, weight_decay: float, **settings: Any
) -> tuple[Any, Any, Any, Any]:
    """One step of AdamW: the weights decay by themselves, not by way of the gradient (Loshchilov and Hutter 2019).

    Parameters
    ----------
    p, grad, mean, square, largest, lr, **settings
        As for `adam`.
    weight_decay : float
        What is taken from the weight at each step, times lr.

    Returns
    -------
    tuple
        As `adam`.

    Examples
    --------
    >>> adamw(1.0, 2.0, 0.0, 0.0, 0.0, step=1, lr=0.25, betas=(0.5, 0.75), eps=0.0, weight_decay=1.0)
    (0.5, 1.0, 1.0, 0.0)
    """
    return adam(p * (1.0 - lr * weight_decay), grad, mean, square, largest, lr=lr, weight_decay=0.0, **settings)


def adamax(
    p: Any,
    grad: Any,
    mean: Any,
    norm: Any,
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of Adamax: Adam with the largest size of the gradient so far, which fades (Kingma and Ba 2015, 7.1).

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    mean, norm : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, betas, eps, weight_decay, maximize
        The settings of `nn.Adamax`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> adamax(1.0, 2.0, 0.0, 0.0, step=1, lr=0.25, betas=(0.5, 0.5), eps=0.0, weight_decay=0, maximize=False)
    (0.75, 1.0, 2.0)
    """
    grad = slope(p, grad, weight_decay, maximize)
    beta1, beta2 = betas
    mean = beta1 * mean + (1.0 - beta1) * grad
    norm = maximum(beta2 * norm, absolute(grad) + eps)
    return p - lr / (1.0 - beta1**step) * mean / norm, mean, norm


def nadam(
    p: Any,
    grad: Any,
    mean: Any,
    square: Any,
    product: Any,
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    momentum_decay: float,
    decoupled_weight_decay: bool,
    maximize: bool,
) -> tuple[Any, Any, Any, Any]:
    """One step of NAdam: Adam with Nesterov's look ahead (Dozat 2016, algorithm 2).

    The momentum grows from step to step; `product` is the product of all momenta so far, which corrects the bias.

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    mean, square, product : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, betas, eps, weight_decay, momentum_decay, decoupled_weight_decay, maximize
        The settings of `nn.NAdam`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> nadam(1.0, 2.0, 0.0, 0.0, 0.0, step=1, lr=0.25, betas=(0.0, 0.75), eps=0.0, weight_decay=0,
    ...     momentum_decay=0.0, decoupled_weight_decay=False, maximize=False)
    (0.75, 2.0, 1.0, 0.0)
    """
    if decoupled_weight_decay:
        p = p * (1.0 - lr * weight_decay)
    grad = slope(p, grad, 0.0 if decoupled_weight_decay else weight_decay, maximize)
    beta1, beta2 = betas
    momentum = beta1 * (1.0 - 0.5 * 0.96 ** (step * momentum_decay))
    following = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * momentum_decay))
    product = momentum if step == 1 else product * momentum
    mean, square = means(grad, mean, square, betas)
    size = root(square / (1.0 - beta2**step)) + eps
    p = p - lr * (1.0 - momentum) / (1.0 - product) * grad / size
    return p - lr * following / (1.0 - product * following) * mean / size, mean, square, product


def radam(
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
    decoupled_weight_decay: bool,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of RAdam: Adam that waits until the mean of squares can be relied on (Liu et al. 2020, algorithm 2).

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    mean, square : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, betas, eps, weight_decay, decoupled_weight_decay, maximize
        The settings of `nn.RAdam`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> radam(1.0, 2.0, 0.0, 0.0, step=1, lr=0.25, betas=(0.5, 0.75), eps=0.0, weight_decay=0,
    ...     decoupled_weight_decay=False, maximize=False)
    (0.5, 1.0, 1.0)
    """
    if decoupled_weight_decay:
        p = p * (1.0 - lr * weight_decay)
    grad = slope(p, grad, 0.0 if decoupled_weight_decay else weight_decay, maximize)
    beta1, beta2 = betas
    mean, square = means(grad, mean, square, betas)
    longest = 2.0 / (1.0 - beta2) - 1.0
    length = longest - 2.0 * step * beta2**step / (1.0 - beta2**step)
    move = lr / (1.0 - beta1**step) * mean
    if length > 5.0:
        ratio = (length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length)
        move = move * root(1.0 - beta2**step) * root(ratio) / (root(square) + eps)
    return p - move, mean, square


def rmsprop(
    p: Any,
    grad: Any,
    square: Any,
    mean: Any,
    velocity: Any,
    *,
    step: int,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
    maximize: bool,
) -> tuple[Any, Any, Any, Any]:
    """One step of RMSprop (Tieleman and Hinton 2012), or of its centred version (Graves 2013).

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    square, mean, velocity : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, alpha, eps, weight_decay, momentum, centered, maximize
        The settings of `nn.RMSprop`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> rmsprop(1.0, 2.0, 0.0, 0.0, 0.0, step=1, lr=0.25, alpha=0.75, eps=0.0, weight_decay=0, momentum=0,
    ...     centered=False, maximize=False)
    (0.5, 1.0, 0.0, 0.0)
    """
    grad = slope(p, grad, weight_decay, maximize)
    square = alpha * square + (1.0 - alpha) * grad * grad
    variance = square
    if centered:
        mean = alpha * mean + (1.0 - alpha) * grad
        variance = maximum(square - mean * mean, 0.0)  # the difference may be rounded to less than 0
    move = grad / (root(variance) + eps)
    if momentum:
        velocity = move = momentum * velocity + move
    return p - lr * move, square, mean, velocity


def adagrad(
    p: Any,
    grad: Any,
    total: Any,
    *,
    step: int,
    lr: float,
    lr_decay: float,
    weight_decay: float,
    initial_accumulator_value: float,
    eps: float,
    maximize: bool,
) -> tuple[Any, Any]:
    """One step of Adagrad (Duchi et al. 2011).

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    total : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, lr_decay, weight_decay, initial_accumulator_value, eps, maximize
        The settings of `nn.Adagrad`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> adagrad(1.0, 2.0, 0.0, step=1, lr=0.25, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=0.0,
    ...     maximize=False)
    (0.75, 4.0)
    """
    grad = slope(p, grad, weight_decay, maximize)
    total = (initial_accumulator_value if step == 1 else total) + grad * grad
    return p - lr / (1.0 + (step - 1) * lr_decay) * grad / (root(total) + eps), total


def adadelta(
    p: Any,
    grad: Any,
    square: Any,
    moves: Any,
    *,
    step: int,
    lr: float,
    rho: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of Adadelta (Zeiler 2012); `moves` is the running mean of the squared moves.

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    square, moves : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, rho, eps, weight_decay, maximize
        The settings of `nn.Adadelta`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> adadelta(1.0, 2.0, 0.0, 4.0, step=1, lr=0.25, rho=0.75, eps=0.0, weight_decay=0.0, maximize=False)
    (0.0, 1.0, 7.0)
    """
    grad = slope(p, grad, weight_decay, maximize)
    square = rho * square + (1.0 - rho) * grad * grad
    move = root(moves + eps) / root(square + eps) * grad
    return p - lr * move, square, rho * moves + (1.0 - rho) * move * move


def lion(
    p: Any,
    grad: Any,
    mean: Any,
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, Any]:
    """One step of Lion (Chen et al. 2023, algorithm 2): the sign of a mean that leans to the new gradient.

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    mean : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, betas, weight_decay, maximize
        The settings of `nn.Lion`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> lion(1.0, -2.0, 0.0, step=1, lr=0.25, betas=(0.5, 0.75), weight_decay=0.0, maximize=False)
    (1.25, -0.5)
    """
    grad = slope(p, grad, 0.0, maximize)
    beta1, beta2 = betas
    move = sign(beta1 * mean + (1.0 - beta1) * grad) + weight_decay * p
    return p - lr * move, beta2 * mean + (1.0 - beta2) * grad


def sophia(
    p: Any,
    grad: Any,
    mean: Any,
    curvature: Any,
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    gamma: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of Sophia (Liu et al. 2023, algorithm 3); `curvature` is the running mean of the Hessian's diagonal.

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    mean, curvature : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, betas, gamma, eps, weight_decay, maximize
        The settings of `nn.Sophia`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> sophia(1.0, 2.0, 0.0, 4.0, step=1, lr=0.5, betas=(0.5, 0.5), gamma=0.5, eps=0.0, weight_decay=0.0,
    ...     maximize=False)
    (0.75, 1.0, 4.0)
    """
    grad = slope(p, grad, 0.0, maximize)
    mean = betas[0] * mean + (1.0 - betas[0]) * grad
    ratio = mean / maximum(gamma * curvature, eps)
    return p * (1.0 - lr * weight_decay) - lr * minimum(maximum(ratio, -1.0), 1.0), mean, curvature


def sgd_schedule_free(
    p: Any,
    grad: Any,
    x: Any,
    z: Any,
    total: Any,
    *,
    step: int,
    lr: float,
    momentum: float,
    weight_decay: float,
    warmup_steps: int,
    maximize: bool,
) -> tuple[Any, Any, Any, Any]:
    """One step of schedule-free SGD (Defazio et al. 2024, equations 3 to 5), where p is y, the point of the gradient.

    `total` is the sum of the squared learning rates, by which x weighs the points z.

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    x, z, total : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, momentum, weight_decay, warmup_steps, maximize
        The settings of `nn.SGDScheduleFree`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> sgd_schedule_free(1.0, 2.0, 0.0, 0.0, 0.0, step=1, lr=0.25, momentum=0.5, weight_decay=0.0, warmup_steps=0,
    ...     maximize=False)
    (0.5, 0.5, 0.5, 0.0625)
    """
    grad = slope(p, grad, weight_decay, maximize)
    lr = lr * warmed(step, warmup_steps)
    return averaged(p, lr * grad, x, z, total, step, lr, momentum)


def adamw_schedule_free(
    p: Any,
    grad: Any,
    x: Any,
    z: Any,
    total: Any,
    square: Any,
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    warmup_steps: int,
    maximize: bool,
) -> tuple[Any, Any, Any, Any, Any]:
    """One step of schedule-free AdamW (Defazio et al. 2024, algorithm 1), where p is y, the point of the gradient.

    Parameters
    ----------
    p, grad : float or array
        The parameter and its gradient.
    x, z, total, square : float or array
        What the rule keeps from step to step.
    step : int
        The number of the step, from 1.
    lr, betas, eps, weight_decay, warmup_steps, maximize
        The settings of `nn.AdamWScheduleFree`.

    Returns
    -------
    tuple
        The new parameter, and what is kept.

    Examples
    --------
    >>> adamw_schedule_free(1.0, 2.0, 0.0, 0.0, 0.0, 0.0, step=1, lr=0.25, betas=(0.5, 0.75), eps=0.0, weight_decay=0.0,
    ...     warmup_steps=0, maximize=False)
    (0.75, 0.75, 0.75, 0.015625, 1.0)
    """
    grad = slope(p, grad, 0.0, maximize)
    beta1, beta2 = betas
    square = beta2 * square + (1.0 - beta2) * grad * grad
    lr = lr * warmed(step, warmup_steps) * root(1.0 - beta2**step)
    move = lr * grad / (root(square) + eps) + lr * weight_decay * p
    return (*averaged(p, move, x, z, total, step, lr, beta1), square)


# --- what they share ------------------------------------------------------------------------------------------


def slope(p: Any, grad: Any, weight_decay: float, maximize: bool) -> Any:
    """The gradient that a rule descends: negated to maximise, and with the term of weight decay.

    >>> slope(2.0, 1.0, 0.5, maximize=False), slope(2.0, 1.0, 0.5, maximize=True)
    (2.0, 0.0)
    """
    if maximize:
        grad = -grad
    return grad + weight_decay * p if weight_decay else grad


def means(grad: Any, mean: Any, square: Any, betas: tuple[float, float]) -> tuple[Any, Any]:
    """Adam's running means of the gradient and of its square.

    >>> means(2.0, 0.0, 0.0, (0.5, 0.75))
    (1.0, 1.0)
    """
    beta1, beta2 = betas
    return beta1 * mean + (1.0 - beta1) * grad, beta2 * square + (1.0 - beta2) * grad * grad


def root(x: Any) -> Any:
    """x**0.5, computed as a square root for floats and arrays alike: Python's power may differ in the last bit.

    >>> root(4.0)
    2.0
    """
    return math.sqrt(x) if x.__class__ is float and x >= 0.0 else x**0.5


def sign(x: Any) -> Any:
    """1, -1 or 0 by the sign of x; nan stays nan.

    Parameters
    ----------
    x : float, Value or array

    Examples
    --------
    >>> sign(-3.0), sign(0.0), sign(2.5)
    (-1.0, 0.0, 1.0)
    """
    return where(x > 0.0, 1.0, where(x < 0.0, -1.0, x))


def warmed(step: int, warmup_steps: int) -> float:
    """The fraction of the learning rate that is used at a step of a linear warm-up.

    >>> warmed(1, 4), warmed(5, 4), warmed(1, 0)
    (0.25, 1.0, 1.0)
    """
    return min(1.0, step / warmup_steps) if warmup_steps else 1.0


def averaged(p: Any, move: Any, x: Any, z: Any, total: Any, step: int, lr: float, beta: float) -> tuple[Any, ...]:
    """The points y, x and z after z has moved, and the sum of the weights (Defazio et al. 2024).

    >>> averaged(1.0, 0.5, 1.0, 1.0, 1.0, 2, 1.0, 0.5)
    (0.625, 0.75, 0.5, 2.0)
    """
    if step == 1:  # all three are the same point
        x = z = p
    z = z - move
    total = total + lr * lr
    share = lr * lr / total if lr else 0.0
    x = (1.0 - share) * x + share * z
    return between(x, z, beta), x, z, total


def between(x: Any, z: Any, beta: float) -> Any:
    """Where schedule-free optimisers take the gradient: y = (1 - beta) z + beta x.

    >>> between(1.0, 2.0, 0.75)
    1.25
    """
    return (1.0 - beta) * z + beta * x
