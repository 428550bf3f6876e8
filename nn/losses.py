"""Loss functions: how far predictions are from targets, as one number to minimise.

Predictions and targets are Values or numbers, or lists of them, of one shape. Losses of classes take logits and the
numbers of classes; the innermost lists have a logit for each class. ``reduction`` says what is returned for several
losses: their ``"mean"``, their ``"sum"``, or, with ``"none"``, all of them. Values and gradients are PyTorch's, except
where PyTorch's lose digits.

The functions with PyTorch's names, `mse_loss` and so on, take PyTorch's arguments in PyTorch's order, and are part of
`functional`. The short names, `mse` and so on, compute the same and take the reduction as their third argument. The
arguments ``size_average`` and ``reduce``, which PyTorch no longer uses, keep their places and must be None. The same
losses as modules are in `criteria`.
"""

from __future__ import annotations

import math

from autograd import (
    Value,
    abs,
    clip,
    concrete,
    dot,
    equal,
    exp,
    log,
    log1p,
    logsumexp,
    maximum,
    minimum,
    neg,
    op,
    relu,
    require,
    softplus,
    sqrt,
    square,
    sum,
    where,
)

from .batches import depth, each, is_list
from .cases import added, any_of, both, either, is_class, picked
from .distances import distance, floored
from .logits import differences, largest, log_softmax
from .reductions import (
    by_class,
    checked,
    flattened,
    mean_by,
    number_in,
    of_vectors,
    pairwise,
    reduced,
    shown,
    spread,
    together,
    weighted_pairs,
    zipped,
)
from .settings import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Loss = Callable[..., Any]

__all__ = [
    "bce",
    "bce_with_logits",
    "cross_entropy",
    "half_mse",
    "hinge",
    "huber",
    "l1",
    "l1_penalty",
    "l2",
    "l2_penalty",
    "mae",
    "mse",
    "multi_margin",
    "nll",
]

# --- of numbers -----------------------------------------------------------------------------------------------


def _squared(p: Any, t: Any) -> Any:
    return square(p - t)


def _absolute(p: Any, t: Any) -> Any:
    return abs(p - t)


def mse(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """Squared error, (p - t)**2.

    Parameters
    ----------
    predictions, targets : Values or numbers, or (nested) lists of them, of one shape
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If the shapes differ, if there is nothing in them, or if the reduction is not known.
    TypeError
        If the reduction is not a str.

    Examples
    --------
    >>> mse([1.0, 4.0], [1.0, 2.0])
    2.0
    """
    return pairwise("mse", _squared, predictions, targets, reduction)


def mse_loss(
    input: Any,
    target: Any,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """Squared error, (p - t)**2, as `mse`, with PyTorch's arguments.

    Parameters
    ----------
    input, target : Values or numbers, or (nested) lists of them, of one shape
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}
        With weights the mean is the weighted one, the sum of w (p - t)**2 by the sum of w.
    weight : numbers, optional
        A factor for each loss: of the shape of `input`, or of that of its inner lists, for each of which it counts.

    Raises
    ------
    ValueError
        If the shapes differ, if there is nothing in them, or if a setting is out of range.
    TypeError
        If a setting is of another kind.

    Examples
    --------
    >>> mse_loss([1.0, 4.0], [1.0, 2.0])
    2.0
    >>> mse_loss([1.0, 4.0], [1.0, 2.0], weight=[1.0, 3.0])
    3.0
    """
    checked("mse_loss", size_average=size_average, reduce=reduce, reduction=reduction, weight=weight)
    return weighted_pairs("mse_loss", _squared, input, target, weight, reduction, weighted_mean=True)


def half_mse(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """Half the squared error, (p - t)**2 / 2, whose derivative is p - t; otherwise as `mse`.

    Parameters
    ----------
    predictions, targets : Values or numbers, or (nested) lists of them, of one shape
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> half_mse([1.0, 4.0], [1.0, 2.0])
    1.0
    """
    return pairwise("half_mse", lambda p, t: square(p - t) / 2.0, predictions, targets, reduction)


def mae(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """Absolute error, abs(p - t), with derivative 0 where they are equal; otherwise as `mse`.

    Parameters
    ----------
    predictions, targets : Values or numbers, or (nested) lists of them, of one shape
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> mae([1.0, 4.0], [1.0, 2.0])
    1.0
    """
    return pairwise("mae", _absolute, predictions, targets, reduction)


def l1_loss(
    input: Any,
    target: Any,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """Absolute error, abs(p - t), as `mae`, with PyTorch's arguments; otherwise as `mse_loss`.

    Parameters
    ----------
    input, target : Values or numbers, or (nested) lists of them, of one shape
    size_average, reduce, reduction, weight
        As for `mse_loss`.

    Examples
    --------
    >>> l1_loss([1.0, 4.0], [1.0, 2.0])
    1.0
    """
    checked("l1_loss", size_average=size_average, reduce=reduce, reduction=reduction, weight=weight)
    return weighted_pairs("l1_loss", _absolute, input, target, weight, reduction, weighted_mean=True)


# One operation: in a chain of others the derivative of the parabola, d, would be multiplied by 0 where the line is
# taken, which is nan for an infinite distance.
_huber = op(
    "huber",
    lambda d, delta: where(abs(d) <= delta, square(d) / 2.0, delta * (abs(d) - delta / 2.0)),
    lambda d, delta, out: (clip(d, -delta, delta), where(abs(d) <= delta, 0.0, abs(d) - delta)),
    arity=2,
    doc="The Huber loss of a distance and of the largest slope; see `nn.huber`.",
)


def huber(predictions: Any, targets: Any, delta: Any = 1.0, reduction: str = "mean") -> Any:
    """d**2 / 2 for d = p - t between -delta and delta, else delta (abs(d) - delta/2) (Huber 1964).

    The derivative is d, held between -delta and delta.

    Parameters
    ----------
    predictions, targets : Values or numbers, or (nested) lists of them, of one shape
    delta : float or Value
        Where the parabola turns into lines; positive. With infinity it is `half_mse`.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        As for `mse`, also if delta is not positive.
    TypeError
        As for `mse`, also if delta is not a number.

    Examples
    --------
    >>> huber([0.5, 3.0], [0.0, 0.0], reduction="none")
    [0.125, 2.5]
    """
    checked("huber", delta=delta)
    return pairwise("huber", lambda p, t: _huber(p - t, delta), predictions, targets, reduction)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: Any = 1.0, weight: Any = None) -> Any:
    """The loss of `huber`, with PyTorch's arguments: here the third is the reduction.

    Parameters
    ----------
    input, target : Values or numbers, or (nested) lists of them, of one shape
    reduction : {"mean", "sum", "none"}
        The mean is the plain one, with weights too: the sum of the weighted losses by their number.
    delta : float or Value
        As for `huber`.
    weight : numbers, optional
        As for `mse_loss`.

    Raises
    ------
    ValueError, TypeError
        As for `huber`.

    Examples
    --------
    >>> huber_loss([0.5, 3.0], [0.0, 0.0], "sum")
    2.625
    """
    checked("huber_loss", reduction=reduction, delta=delta, weight=weight)
    return weighted_pairs("huber_loss", lambda p, t: _huber(p - t, delta), input, target, weight, reduction)


def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Any:
    """d**2 / (2 beta) for d = p - t between -beta and beta, else abs(d) - beta/2 (Girshick 2015): `huber` by its delta.

    Parameters
    ----------
    input, target : Values or numbers, or (nested) lists of them, of one shape
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}
    beta : float
        Where the parabola turns into lines; not negative. With 0 it is `l1_loss`.

    Raises
    ------
    ValueError, TypeError
        As for `mse_loss`, also if beta is negative, or not a number.

    Examples
    --------
    >>> smooth_l1_loss([0.5, 3.0], [0.0, 0.0], reduction="none", beta=2.0)
    [0.0625, 2.0]
    """
    checked("smooth_l1_loss", size_average=size_average, reduce=reduce, reduction=reduction, beta=beta)

    def rule(p: Any, t: Any) -> Any:
        return abs(p - t) if beta == 0.0 else _huber(p - t, float(beta)) / float(beta)

    return pairwise("smooth_l1_loss", rule, input, target, reduction)


def hinge(scores: Any, labels: Any, reduction: str = "mean") -> Any:
    """max(0, 1 - label * score), for labels -1 and 1 (Cortes and Vapnik 1995); otherwise as `mse`.

    Parameters
    ----------
    scores, labels : Values or numbers, or (nested) lists of them, of one shape
        A label is -1 or 1.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        As for `mse`, also if a label is neither -1 nor 1.

    Examples
    --------
    >>> hinge([0.5, -3.0], [1, -1], reduction="none")
    [0.5, 0.0]
    """

    def rule(score: Any, label: Any) -> Any:
        _require_label("hinge", label)
        return relu(1.0 - label * score)

    return pairwise("hinge", rule, scores, labels, reduction)


def soft_margin_loss(
    input: Any, target: Any, size_average: None = None, reduce: None = None, reduction: str = "mean"
) -> Any:
    """log(1 + e**(-y x)) for labels y of -1 and 1: a `hinge` without a kink; otherwise as `mse_loss`.

    It is computed as softplus(-y x), which does not overflow.

    Parameters
    ----------
    input, target : Values or numbers, or (nested) lists of them, of one shape
        A target is -1 or 1.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        As for `mse_loss`, also if a label is neither -1 nor 1.

    Examples
    --------
    >>> soft_margin_loss([-1000.0], [1])
    1000.0
    """
    checked("soft_margin_loss", size_average=size_average, reduce=reduce, reduction=reduction)

    def rule(x: Any, y: Any) -> Any:
        _require_label("soft_margin_loss", y)
        return softplus(-(y * x))

    return pairwise("soft_margin_loss", rule, input, target, reduction)


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0.0,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
) -> Any:
    """max(0, margin - y (x1 - x2)): for y = 1 the first should be the larger, for y = -1 the second.

    At the kink, where both sides are 0, the slope is that of the line, as in PyTorch.

    Parameters
    ----------
    input1, input2, target : Values or numbers, or (nested) lists of them, of one shape
    margin : float
        By how much.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError, TypeError
        As for `mse_loss`, also if a label is neither -1 nor 1.

    Examples
    --------
    >>> margin_ranking_loss([3.0, 1.0], [1.0, 2.0], [1, 1], reduction="none")
    [0.0, 1.0]
    """
    user = "margin_ranking_loss"
    checked(user, margin=margin, size_average=size_average, reduce=reduce, reduction=reduction)

    def rule(x1: Any, x2: Any, y: Any) -> Any:
        _require_label(user, y)
        return _above_zero(margin - y * (x1 - x2))

    losses = together(user, rule, ("first inputs", "second inputs", "labels"), input1, input2, target)
    return reduced(user, losses, reduction)


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
) -> Any:
    """x for the label 1, max(0, margin - x) for the label -1: for distances x, which should be small or large.

    At the kink the slope is that of the line, as in PyTorch. Otherwise as `mse_loss`.

    Parameters
    ----------
    input, target : Values or numbers, or (nested) lists of them, of one shape
        A target is -1 or 1.
    margin : float
        How large a distance should be for the label -1.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        As for `mse_loss`, also if a label is neither -1 nor 1.

    Examples
    --------
    >>> hinge_embedding_loss([0.25, 0.25], [1, -1], reduction="none")
    [0.25, 0.75]
    """
    checked("hinge_embedding_loss", margin=margin, size_average=size_average, reduce=reduce, reduction=reduction)

    def rule(x: Any, y: Any) -> Any:
        _require_label("hinge_embedding_loss", y)
        return either(y > 0.0, x, _above_zero(margin - x))

    return pairwise("hinge_embedding_loss", rule, input, target, reduction)


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: None = None,
    eps: float = 1e-8,
    reduce: None = None,
    reduction: str = "mean",
) -> Any:
    """Negative logarithm of the Poisson likelihood of a count t: e**x - t x for the logarithm x of its mean.

    Parameters
    ----------
    input, target : Values or numbers, or (nested) lists of them, of one shape
    log_input : bool
        If False x is the mean itself: x - t log(x + eps).
    full : bool
        Whether to add Stirling's formula for log(t!), t log(t) - t + log(2 pi t) / 2, where t is above 1.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    eps : float
        Keeps the logarithm finite.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError, TypeError
        As for `mse_loss`.

    Examples
    --------
    >>> poisson_nll_loss([0.0], [3.0])
    1.0
    """
    user = "poisson_nll_loss"
    checked(
        user, log_input=log_input, full=full, size_average=size_average, eps=eps, reduce=reduce, reduction=reduction
    )

    def rule(x: Any, t: Any) -> Any:
        loss = exp(x) - t * x if log_input else x - t * log(x + eps)
        if full:
            large = either(t > 1.0, t, 1.0)  # unused logarithms are taken at 1, where their slopes are finite
            loss = loss + either(t > 1.0, large * log(large) - large + 0.5 * log(2.0 * math.pi * large), 0.0)
        return loss

    return pairwise(user, rule, input, target, reduction)


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """Negative logarithm of the normal likelihood: (log(var) + (t - x)**2 / var) / 2 for mean x and variance var.

    Parameters
    ----------
    input, target : Values or numbers, or (nested) lists of them, of one shape
    var : Values or numbers
        Variances, not negative: one for each input, one for each of the innermost lists, or one for all.
    full : bool
        Whether to add log(2 pi) / 2.
    eps : float
        A smaller variance counts as this, but its slope stays, as in PyTorch.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        As for `mse_loss`, also if a variance is negative, or if their shape does not fit.
    TypeError
        As for `mse_loss`.

    Examples
    --------
    >>> gaussian_nll_loss([1.0, 3.0], [1.0, 1.0], [1.0, 1.0])
    1.0
    """
    user = "gaussian_nll_loss"
    checked(user, full=full, eps=eps, reduction=reduction)

    def rule(x: Any, t: Any, v: Any) -> Any:
        require((v >= 0.0) | (v != v), f"{user}: a variance must not be negative, but it is {{}}", v)
        v = floored(v, eps)
        # The constant stands inside the logarithm: a compiled program would add a separate constant once, not for each
        # example.
        return 0.5 * (log(2.0 * math.pi * v if full else v) + square(x - t) / v)

    if is_list(var) and depth(var) == depth(input) - 1:
        var = each(lambda v: [v], var)
    losses = together(
        user, rule, ("predictions", "targets", "variances"), input, target, spread(user, "var", var, input)
    )
    return reduced(user, losses, reduction)


# --- of probabilities -----------------------------------------------------------------------------------------

# As in PyTorch, a logarithm is never below -100, so that one wrong prediction with probability 1 does not make the mean
# infinite, and the slope's denominator is never below 1e-12. One operation, because no chain of others has that slope.
_bce = op(
    "bce",
    lambda p, t: t * minimum(-log(p), 100.0) + (1.0 - t) * minimum(-log1p(-p), 100.0),
    lambda p, t, out: (
        (p - t) / maximum(p * (1.0 - p), 1e-12),
        minimum(-log(p), 100.0) - minimum(-log1p(-p), 100.0),
    ),
    symbol="BCE",
    arity=2,
    doc="Binary cross entropy of a probability and a target; see `nn.bce`.",
)


def bce(probabilities: Any, targets: Any, reduction: str = "mean") -> Any:
    """Binary cross entropy of probabilities, -(t log(p) + (1 - t) log(1 - p)); otherwise as `mse`.

    A logarithm counts as no less than -100, and p (1 - p) in the derivative (p - t) / (p (1 - p)) as no less than
    1e-12, as in PyTorch. `bce_with_logits` needs neither.

    Parameters
    ----------
    probabilities, targets : Values or numbers, or (nested) lists of them, of one shape
        Both from 0 to 1.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        As for `mse`, also if a probability is below 0 or above 1.

    Examples
    --------
    >>> bce(0.0, 1)
    100.0
    """
    return pairwise("bce", _entropy("bce", "bce_with_logits"), probabilities, targets, reduction)


def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
) -> Any:
    """Binary cross entropy of probabilities, as `bce`, with PyTorch's arguments.

    Parameters
    ----------
    input, target : Values or numbers, or (nested) lists of them, of one shape
    weight : numbers, optional
        A factor for each loss: of the shape of `input`, or of that of its inner lists, for each of which it counts.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}
        The mean is the plain one, with weights too: the sum of the weighted losses by their number.

    Raises
    ------
    ValueError
        As for `mse_loss`, also if a probability is below 0 or above 1.
    TypeError
        As for `mse_loss`.

    Examples
    --------
    >>> binary_cross_entropy([0.0, 0.0], [1, 0], weight=[0.5, 2.0], reduction="none")
    [50.0, 0.0]
    """
    user = "binary_cross_entropy"
    checked(user, weight=weight, size_average=size_average, reduce=reduce, reduction=reduction)
    rule = _entropy(user, "binary_cross_entropy_with_logits")
    return weighted_pairs(user, rule, input, target, weight, reduction)


def _entropy(user: str, other: str) -> Loss:
    def rule(p: Any, t: Any) -> Any:
        inside = ((p >= 0.0) & (p <= 1.0)) | (p != p)  # nan stays nan
        require(inside, f"{user}: probabilities must be between 0 and 1, not {{}}; {other} takes any", p)
        return _bce(p, _checked_binary_target(user, t))

    return rule


def bce_with_logits(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """Binary cross entropy of sigmoid(z), t softplus(-z) + (1 - t) softplus(z); otherwise as `mse`.

    Its derivative is sigmoid(z) - t. Terms whose coefficient is the number 0 are left out: so, where t is 0 or 1,
    the derivative has all its digits, even when sigmoid(z) is next to t.

    Parameters
    ----------
    logits, targets : Values or numbers, or (nested) lists of them, of one shape
        Any number for a logit; a target from 0 to 1.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError, TypeError
        As for `mse`, also if a target that is a number is below 0 or above 1.

    Examples
    --------
    >>> z = Value(40.0)
    >>> bce_with_logits(z, 1).backward()
    >>> z.grad
    -4.248354255291589e-18
    """
    return pairwise("bce_with_logits", _of_logits("bce_with_logits"), logits, targets, reduction)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """Binary cross entropy of sigmoid(z), as `bce_with_logits`, with PyTorch's arguments.

    Parameters
    ----------
    pos_weight : numbers, optional
        A factor for the term of the positive class, w t softplus(-z) + (1 - t) softplus(z): of the shape of `input`,
        or of that of its inner lists, such as one for each output. With the ratio of negative to positive examples
        both count the same.
    input, target, weight, size_average, reduce, reduction
        As for `binary_cross_entropy`.

    Raises
    ------
    ValueError, TypeError
        As for `mse_loss`.

    Examples
    --------
    >>> binary_cross_entropy_with_logits([0.0], [1], pos_weight=[3.0]) == 3.0 * log(2.0)
    True
    """
    user = "binary_cross_entropy_with_logits"
    checked(user, weight=weight, size_average=size_average, reduce=reduce, reduction=reduction, pos_weight=pos_weight)
    if pos_weight is None:
        return weighted_pairs(user, _of_logits(user), input, target, weight, reduction)
    pos_weight = spread(user, "pos_weight", pos_weight, input)
    return weighted_pairs(user, _of_logits(user), input, target, weight, reduction, more=[pos_weight])


def _of_logits(user: str) -> Loss:
    def rule(z: Any, t: Any, positive: Any = None) -> Any:
        t = _checked_binary_target(user, t)
        return _weighted(softplus, [(t if positive is None else positive * t, -z), (1.0 - t, z)])

    return rule


def _checked_binary_target(user: str, t: Any) -> Any:
    """Return a target of two classes, checked if it is a number: with -1 or 2 the loss would have no lower bound."""
    if not isinstance(t, Value) and (t < 0.0 or t > 1.0):
        raise ValueError(f"{user}: a target is 0 or 1, or a probability between them, not {t!r:.60}")
    return t


# t log(t) is 0 at 0. One operation, because a chain of others would compute 0 times infinity there.
_xlogx = op(
    "xlogx",
    lambda t: where(equal(t, 0.0), 0.0, t * log(t)),
    lambda t, out: (log(t) + 1.0,),
    doc="t log(t), the information in a probability; 0 at 0.",
    spoken="{0} times the logarithm of {0}",
)


def kl_div(
    input: Any,
    target: Any,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """The divergence of Kullback and Leibler (1951) as a sum of terms t (log(t) - x), for logarithms x of predictions.

    A target of 0 has the term 0.

    Parameters
    ----------
    input : Values or numbers, or (nested) lists of them
        Logarithms of probabilities, such as `log_softmax` gives.
    target : the same
        Probabilities, of the same shape.
    reduction : {"batchmean", "mean", "sum", "none"}
        The divergence as it is defined is the sum of the terms: ``"sum"`` for one distribution, ``"batchmean"`` for a
        list of them, the sum by the length of the outermost list. ``"mean"`` divides by the number of all terms.
    log_target : bool
        Whether the targets are logarithms, too: e**t (t - x).

    Raises
    ------
    ValueError
        As for `mse_loss`, also if a target is negative.
    TypeError
        As for `mse_loss`.

    Examples
    --------
    >>> kl_div([log(0.5), log(0.5)], [1.0, 0.0], reduction="sum") == log(2.0)
    True
    """
    checked("kl_div", size_average=size_average, reduce=reduce, reduction=reduction, log_target=log_target)

    def rule(x: Any, t: Any) -> Any:
        if log_target:
            return exp(t) * (t - x)
        require((t >= 0.0) | (t != t), "kl_div: a target is a probability and must not be negative, but it is {}", t)
        if isinstance(t, Value):
            return _xlogx(t) - t * x
        return t * (log(t) - x) if t else added([], [x])

    if reduction != "batchmean":
        return pairwise("kl_div", rule, input, target, reduction)
    total = pairwise("kl_div", rule, input, target, "sum")
    return total / len(input) if is_list(input) else total


# --- of classes -----------------------------------------------------------------------------------------------


def cross_entropy(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """-log(softmax(logits)[t]) for class t; for probabilities t_i of all classes, -sum_i t_i log(softmax(logits)[i]).

    Its derivative with respect to z_i is softmax(z)_i - t_i. Neither it nor the loss loses digits, however certain the
    prediction is, and however far below the others the logit of class t; in a compiled program 1e-16 or so at the most.
    `functional.cross_entropy` has PyTorch's arguments: weights of classes, a class to ignore, smoothed labels.

    Parameters
    ----------
    logits : list of Values or numbers, or a list of such lists
        A number for every class; for several examples a list for each.
    targets : int or list of numbers, or a list of these
        The class, counted from 0, or a probability for every class; for several examples one for each.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If there are no logits, if a class is out of range or not a whole number, if numbers of examples or of
        probabilities do not match, or if the reduction is not known.
    TypeError
        If the reduction is not a str; of weights, which are PyTorch's third argument, the message says so.

    Examples
    --------
    >>> cross_entropy([40.0, 0.0], 0)
    4.248354255291589e-18
    >>> cross_entropy([[0.0, 0.0], [0.0, 0.0]], [0, [0.5, 0.5]]) == log(2.0)
    True
    """
    _check_short("cross_entropy", reduction, "functional.cross_entropy")
    return _cross_entropy("cross_entropy", logits, targets, None, None, reduction, 0.0)


def cross_entropy_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: None = None,
    ignore_index: int = -100,
    reduce: None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """The loss of `cross_entropy`, with PyTorch's arguments; in `functional` it is called `cross_entropy`.

    Parameters
    ----------
    input : list of Values or numbers, or (nested) list of such lists
        Logits, a number for every class. The classes are the innermost lists; in PyTorch they are dimension 1.
    target : int or list of numbers, or a (nested) list of these
        The class, counted from 0, or a probability for every class.
    weight : list of numbers, optional
        A factor for every class, by which the terms of the loss are multiplied.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    ignore_index : int
        A target that does not count: its loss is 0.
    reduction : {"mean", "sum", "none"}
        The mean is the weighted one: the sum of the losses by the sum of the weights of the target classes, those that
        are ignored left out. For probabilities it is the plain one.
    label_smoothing : float
        From 0 to 1. Probabilities become (1 - s) t_i + s/n, for n classes (Szegedy et al. 2016).

    Raises
    ------
    ValueError
        As for `cross_entropy`, also if a setting is out of range, or if there is no mean, because all targets are
        ignored or have the weight 0; PyTorch's is nan then.
    TypeError
        If a setting is of another kind.

    Notes
    -----
    A program that `autograd.compile` makes of one example's loss averages over the examples by itself, and gives each
    of them the same weight; the mean of one example is its loss, whatever its weight, and there is none if it is
    ignored. For the weighted mean compile the loss of the whole batch, with ``batch=False``.

    Examples
    --------
    >>> logits = [[0.0, 0.0], [0.0, 0.0]]
    >>> cross_entropy_loss(logits, [0, 1], weight=[1.0, 3.0], reduction="none") == [log(2.0), 3.0 * log(2.0)]
    True
    >>> cross_entropy_loss(logits, [0, -100]) == log(2.0)
    True
    """
    checked(
        "cross_entropy_loss",
        called="cross_entropy",
        size_average=size_average,
        ignore_index=ignore_index,
        reduce=reduce,
        reduction=reduction,
        label_smoothing=label_smoothing,
        weight=weight,
    )
    return _cross_entropy("cross_entropy", input, target, weight, ignore_index, reduction, float(label_smoothing))


def _cross_entropy(
    user: str, logits: Any, targets: Any, weight: Any, ignored: int | None, reduction: str, smoothing: float
) -> Any:
    ignored, weights, shares = _class_to_ignore(targets, reduction, ignored), _class_weights(user, weight), []

    def rule(z: Any, t: Any) -> Any:
        n = len(z)
        factors = [1.0] * n if weights is None else _of_length(user, weights, n)
        if is_list(t):
            if len(t) != n:
                raise ValueError(f"{user}: {n} logits, but {len(t)} probabilities")
            if ignored is not None and ignored >= 0:
                raise ValueError(f"{user}: ignore_index is a class, {ignored}, but the targets are probabilities")
            if smoothing:
                t = [(1.0 - smoothing) * x + smoothing / n for x in t]
            shares.append(1.0)
            return _weighted(neg, zip(t if weights is None else [w * x for w, x in zip(factors, t)], log_softmax(z)))
        own = is_class(user, t, n, ignored)
        share = _share_of(own, weights, factors, ignored, t)
        shares.append(share)
        if concrete(t) and True not in own:
            return added([], z)
        loss = _of_class(z, t, own)
        if weights is not None:
            loss = share * loss
        if smoothing:
            every = _weighted(neg, zip(factors, log_softmax(z)))
            loss = (1.0 - smoothing) * loss + smoothing / n * every
        return _unless_ignored(t, ignored, loss)

    return _mean_by_shares(user, by_class(user, rule, logits, targets), shares, reduction)


def _of_class(z: Sequence[Any], t: Any, own: list[Any]) -> Any:
    """-log(softmax(z)[t]), in forms in which nothing cancels; `own` says of each class whether it is t.

    If z_t is the largest logit, the t-th term of the sum is e**0, a constant, and the loss is log(1 + the other terms).
    If not, the largest logit is subtracted as a plain number: the result does not depend on it, so it needs no
    derivative.

    A compiled program does not know which logit is the largest. It uses the textbook's formula, with the derivative
    softmax(z) - 1 at class t. That derivative has an error of about 1e-16, which is large relative to it only if the
    prediction is nearly certain.
    """
    if not (concrete(t) and all(map(concrete, z))):
        return logsumexp(z) - picked(own, z)
    t, k = own.index(True), largest(z)
    if not z[k] > z[t]:
        return logsumexp(differences(z, t))
    lowered = [x - number_in(z[k]) for x in z]
    return logsumexp(lowered) - lowered[t]


def nll(log_probabilities: Any, targets: Any, reduction: str = "mean") -> Any:
    """Negative logarithm of the likelihood, -log_probabilities[t] for class t; otherwise as `cross_entropy`.

    Parameters
    ----------
    log_probabilities : list of Values or numbers, or a list of such lists
        A logarithm for every class; for several examples a list for each.
    targets : int, or a list of them
        The class, counted from 0.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> nll([-0.5, -2.0], 1)
    2.0
    """
    _check_short("nll", reduction, "nll_loss")
    return _nll("nll", log_probabilities, targets, None, None, reduction)


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: None = None,
    ignore_index: int = -100,
    reduce: None = None,
    reduction: str = "mean",
) -> Any:
    """Negative logarithm of the likelihood, -weight[t] input[t] for class t, with PyTorch's arguments.

    Parameters
    ----------
    input : list of Values or numbers, or (nested) list of such lists
        Logarithms of probabilities, such as `log_softmax` gives.
    target, weight, size_average, ignore_index, reduce, reduction
        As for `functional.cross_entropy`; a target is a class.

    Raises
    ------
    ValueError, TypeError
        As for `functional.cross_entropy`.

    Examples
    --------
    >>> nll_loss([[-0.5, -2.0], [-1.0, -1.0]], [1, 0], weight=[3.0, 1.0])
    1.25
    """
    checked(
        "nll_loss",
        size_average=size_average,
        ignore_index=ignore_index,
        reduce=reduce,
        reduction=reduction,
        weight=weight,
    )
    return _nll("nll_loss", input, target, weight, ignore_index, reduction)


def _nll(user: str, rows: Any, targets: Any, weight: Any, ignored: int | None, reduction: str) -> Any:
    ignored, weights, shares = _class_to_ignore(targets, reduction, ignored), _class_weights(user, weight), []

    def rule(z: Any, t: Any) -> Any:
        own, n = is_class(user, t, len(z), ignored), len(z)
        share = _share_of(own, weights, [1.0] * n if weights is None else _of_length(user, weights, n), ignored, t)
        shares.append(share)
        if concrete(t) and True not in own:
            return added([], z)
        loss = -picked(own, z)
        return _unless_ignored(t, ignored, loss if weights is None else share * loss)

    return _mean_by_shares(user, by_class(user, rule, rows, targets), shares, reduction)


def multi_margin(scores: Any, targets: Any, reduction: str = "mean") -> Any:
    """1/n times the sum of max(0, 1 - s_t + s_i) over the n - 1 classes i other than t; otherwise as `cross_entropy`.

    Parameters
    ----------
    scores : list of Values or numbers, or a list of such lists
        A number for every class; for several examples a list for each.
    targets : int, or a list of them
        The class, counted from 0.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> multi_margin([2.0, 3.0], 0)
    1.0
    """
    _check_short("multi_margin", reduction, "multi_margin_loss")
    return _multi_margin("multi_margin", scores, targets, 1, 1.0, None, reduction)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
) -> Any:
    """1/n times the sum of weight[t] max(0, margin - s_t + s_i)**p over the n - 1 classes i other than t.

    Parameters
    ----------
    input : list of Values or numbers, or (nested) list of such lists
        Scores, a number for every class.
    target : int, or (nested) list of them
        The class, counted from 0.
    p : {1, 2}
    margin : float
        By how much the score of the class should be above the others.
    weight : list of numbers, optional
        A factor for every class.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}
        The mean is the plain one, with weights too.

    Raises
    ------
    ValueError, TypeError
        As for `functional.cross_entropy`.

    Examples
    --------
    >>> multi_margin_loss([2.0, 3.0], 0, p=2)
    2.0
    """
    user = "multi_margin_loss"
    checked(
        user,
        p=p,
        margin=margin,
        weight=weight,
        size_average=size_average,
        reduce=reduce,
        reduction=reduction,
    )
    return _multi_margin(user, input, target, p, margin, weight, reduction)


def _multi_margin(user: str, scores: Any, targets: Any, p: int, margin: float, weight: Any, reduction: str) -> Any:
    weights = _class_weights(user, weight)

    def rule(s: Any, t: Any) -> Any:
        own = is_class(user, t, len(s))
        right = picked(own, s)
        margins = [either(c, 0.0, relu(margin - (right - x))) for c, x in zip(own, s) if c is not True]
        total = added([square(x) for x in margins] if p == 2 else margins, s) / len(s)
        return total if weights is None else picked(own, _of_length(user, weights, len(s))) * total

    return reduced(user, by_class(user, rule, scores, targets), reduction)


def multilabel_margin_loss(
    input: Any, target: Any, size_average: None = None, reduce: None = None, reduction: str = "mean"
) -> Any:
    """1/n times the sum of max(0, 1 - s_j + s_i) over all classes j in the target and all classes i that are not.

    Parameters
    ----------
    input : list of n Values or numbers, or (nested) list of such lists
        Scores, a number for every class.
    target : list of n ints, or (nested) list of such lists
        The classes, counted from 0, up to the first -1; what comes after it counts nothing.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        As for `mse_loss`, also if a class is out of range or not a whole number.
    TypeError
        As for `mse_loss`.

    Examples
    --------
    >>> multilabel_margin_loss([1.0, 0.5, 2.0, 0.0], [2, 0, -1, 1])
    0.125
    """
    user = "multilabel_margin_loss"
    checked(user, size_average=size_average, reduce=reduce, reduction=reduction)

    def rule(s: Any, classes: Any) -> Any:
        n = len(s)
        if not is_list(classes) or len(classes) != n:
            raise ValueError(f"{user}: for {n} scores there must be {n} classes, padded with -1, not {classes!r:.60}")
        rows: list[list[Any]] = []  # for each class in the target, whether it is class 0, class 1, ...
        going: Any = True
        for t in classes:
            own = is_class(user, t, n, ignored=-1)
            going = both(going, True in own if concrete(t) else t != -1.0)
            if going is False:
                break
            rows.append([both(going, c) for c in own])
        members = [any_of(column) for column in zip(*rows)] or [False] * n
        terms = []
        for own in rows:
            right, counts = picked(own, s), any_of(own)
            terms += [
                either(counts, either(member, 0.0, relu(1.0 - (right - x))), 0.0)
                for member, x in zip(members, s)
                if member is not True
            ]
        return added(terms, s) / n

    return reduced(user, by_class(user, rule, input, target), reduction)


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
) -> Any:
    """The mean of `binary_cross_entropy_with_logits` over the classes: each may be in the target or not.

    Parameters
    ----------
    input : list of Values or numbers, or (nested) list of such lists
        A logit for every class.
    target : the same
        For every class 1 if it is in, and 0 if not, or the probability that it is.
    weight : list of numbers, optional
        A factor for the term of every class.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}
        The mean is the plain one, with weights too.

    Raises
    ------
    ValueError, TypeError
        As for `mse_loss`.

    Examples
    --------
    >>> multilabel_soft_margin_loss([0.0, 0.0], [1, 0]) == log(2.0)
    True
    """
    user = "multilabel_soft_margin_loss"
    checked(user, weight=weight, size_average=size_average, reduce=reduce, reduction=reduction)
    weights = _class_weights(user, weight)

    rule_of_one = _of_logits(user)

    def rule(z: Any, t: Any) -> Any:
        if not is_list(t):
            raise ValueError(f"{user}: {shown(z)} cannot be compared with {shown(t)}")
        terms = [rule_of_one(x, y) for x, y in zipped(user, z, t)]
        if weights is not None:
            terms = [w * term for w, term in zip(_of_length(user, weights, len(z)), terms)]
        return added(terms, z) / len(z)

    return reduced(user, by_class(user, rule, input, target), reduction)


# --- of vectors -----------------------------------------------------------------------------------------------


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0.0,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
) -> Any:
    """1 - cos for the label 1, max(0, cos - margin) for -1, where cos is the cosine of the angle of two vectors.

    The cosine is x1 . x2 / sqrt((x1 . x1 + 1e-12) (x2 . x2 + 1e-12)). At the kink the slope is that of the line. So it
    is in PyTorch.

    Parameters
    ----------
    input1, input2 : lists of Values or numbers, or (nested) lists of such lists, of one shape
    target : 1 or -1, or a (nested) list with a label for each pair of vectors
    margin : float
        The cosine that vectors with the label -1 may have; from -1 to 1 to be of use.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError, TypeError
        As for `mse_loss`, also if a label is neither -1 nor 1.

    Examples
    --------
    >>> cosine_embedding_loss([[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]], [1, -1], reduction="none")
    [1.0, 0.0]
    """
    user = "cosine_embedding_loss"
    checked(user, margin=margin, size_average=size_average, reduce=reduce, reduction=reduction)

    def rule(x1: Any, x2: Any, y: Any) -> Any:
        _require_label(user, y)
        cosine = dot(x1, x2) / (sqrt(dot(x1, x1) + 1e-12) * sqrt(dot(x2, x2) + 1e-12))
        return either(y > 0.0, 1.0 - cosine, _above_zero(cosine - margin))

    return reduced(user, of_vectors(user, rule, [input1, input2], [target]), reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
) -> Any:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), with `pairwise_distance` for d (Balntas et al. 2016).

    At the kink the slope is that of the line, as in PyTorch.

    Parameters
    ----------
    anchor, positive, negative : lists of Values or numbers, or (nested) lists of such lists, of one shape
    margin : float
        By how much the negative should be farther away than the positive; above 0.
    p, eps : float
        As for `pairwise_distance`.
    swap : bool
        Whether the distance of positive and negative takes the place of d(anchor, negative) where it is smaller.
    size_average, reduce : None
        What ``reduction`` was in PyTorch before there was one.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError, TypeError
        As for `mse_loss`.

    Examples
    --------
    >>> triplet_margin_loss([0.0], [1.0], [1.5], eps=0.0)
    0.5
    """
    user = "triplet_margin_loss"
    checked(
        user,
        margin=margin,
        p=p,
        eps=eps,
        swap=swap,
        size_average=size_average,
        reduce=reduce,
        reduction=reduction,
    )

    def rule(a: Any, good: Any, bad: Any) -> Any:
        near, far = distance(a, good, p, eps), distance(a, bad, p, eps)
        if swap:
            far = minimum(far, distance(good, bad, p, eps))
        return _above_zero(near - far + margin)

    return reduced(user, of_vectors(user, rule, [anchor, positive, negative], []), reduction)


# --- of parameters --------------------------------------------------------------------------------------------


def l1_penalty(parameters: Any, *targets: Any) -> Any:
    """Sum of the absolute values of the (nested) list of parameters: a penalty that makes many of them 0.

    It is not a loss: `l1_loss`, also called `mae`, compares predictions with targets. `nn.l1` is another name of this.

    Parameters
    ----------
    parameters : Value, or (nested) list of them
        For instance ``model.parameters()``.
    *targets
        None are taken: if you give some, you mean the loss of a similar name.

    Raises
    ------
    ValueError
        If there are no parameters.
    TypeError
        If there are targets.

    Examples
    --------
    >>> l1_penalty([3.0, -4.0])
    7.0
    """
    _check_penalty("l1_penalty", "l1_loss", parameters, targets)
    return sum([abs(p) for p in flattened("l1_penalty", parameters)])


def l2_penalty(parameters: Any, *targets: Any) -> Any:
    """Sum of the squares of the (nested) list of parameters: a penalty that keeps them small.

    Added to a loss with a factor alpha it does in SGD what ``weight_decay=2*alpha`` does. It is not a loss: `mse_loss`,
    also called `mse`, compares predictions with targets. `nn.l2` is another name of this.

    Parameters
    ----------
    parameters : Value, or (nested) list of them
        For instance ``model.parameters()``.
    *targets
        None are taken: if you give some, you mean the loss of a similar name.

    Raises
    ------
    ValueError, TypeError
        As for `l1_penalty`.

    Examples
    --------
    >>> l2_penalty([3.0, -4.0])
    25.0
    """
    _check_penalty("l2_penalty", "mse_loss", parameters, targets)
    flat = flattened("l2_penalty", parameters)
    return dot(flat, flat)


l1, l2 = l1_penalty, l2_penalty


def _check_penalty(name: str, loss: str, parameters: Any, targets: tuple[Any, ...]) -> None:
    if callable(getattr(parameters, "parameters", None)):
        raise TypeError(f"{name} takes a list of parameters, not {type(parameters).__name__}; write model.parameters()")
    if targets:
        raise TypeError(
            f"{name}, also called {name[:2]}, is a penalty on parameters, its only argument; "
            f"the loss of predictions and targets is {loss}"
        )


# --- what the losses share --------------------------------------------------------------------------------------


def _weighted(function: Callable[[Any], Any], pairs: Iterable[tuple[Any, Any]]) -> Any:
    """The sum of weight * function(x); if a weight is the number 0, its function is not computed."""
    pairs, terms = list(pairs), []
    for weight, x in pairs:
        if isinstance(weight, Value) or weight not in (0.0, 1.0):
            terms.append(weight * function(x))
        elif weight:
            terms.append(function(x))
    return added(terms, [x for _, x in pairs])


def _above_zero(x: Any) -> Any:
    """max(x, 0) with the slope 1 at 0, as PyTorch's losses have it that clamp; the slope of `relu` there is 0."""
    return clip(x, 0.0, math.inf)


def _require_label(user: str, label: Any) -> None:
    require((label == 1.0) | (label == -1.0), f"{user}: labels must be -1 or 1, not {{}}", label)


def _check_short(name: str, reduction: object, other: str) -> None:
    """Check the third argument of a short name, which is the reduction; in PyTorch it is another setting."""
    if not isinstance(reduction, str):
        raise TypeError(
            f"{name}: reduction must be 'mean', 'sum' or 'none', not {reduction!r:.60}; "
            f"{other} takes its arguments in PyTorch's order"
        )
    checked(name, reduction=reduction)


# --- what losses of classes share -----------------------------------------------------------------------------


def _class_weights(user: str, weight: Any) -> list[float] | None:
    """The weights of the classes as floats; None if there are none."""
    return None if weight is None else [number(f"{user}: weight", w) for w in weight]


def _of_length(user: str, weights: list[float], n: int) -> list[float]:
    if len(weights) != n:
        raise ValueError(f"{user}: weight must have a number for each of {n} classes, not {len(weights)}")
    return weights


def _class_to_ignore(targets: Any, reduction: str, ignored: int | None) -> int | None:
    """The class to ignore; None if no target needs to be compared with it.

    The mean over a single target is an error if that target is ignored. If the target is known only when a program
    runs, and the number to ignore is no class, the check that the target is a class refuses it already.
    """
    if ignored is not None and ignored < 0 and reduction == "mean" and not is_list(targets) and not concrete(targets):
        return None
    return ignored


def _share_of(own: Sequence[Any], weights: object, factors: list[float], ignored: int | None, t: Any) -> Any:
    """How much a target counts in the mean: the weight of its class, and 0 if it is ignored."""
    if weights is None and not concrete(t):
        return 1.0 if ignored is None else where(t == float(ignored), 0.0, 1.0)
    return picked(own, factors)


def _mean_by_shares(user: str, losses: Any, shares: list[Any], reduction: str) -> Any:
    return mean_by(user, flattened(user, losses), shares) if reduction == "mean" else reduced(user, losses, reduction)


def _unless_ignored(t: Any, ignored: int | None, loss: Any) -> Any:
    return loss if ignored is None or concrete(t) else where(t == float(ignored), 0.0, loss)
