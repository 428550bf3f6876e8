"""Loss functions: how far predictions are from targets, as one number to minimise.

Predictions and targets are Values or numbers, or lists of them, of one shape. `cross_entropy` and its relatives
take lists of logits and classes. ``reduction`` says what becomes of several losses: their ``"mean"``, their
``"sum"``, or, with ``"none"``, nothing: they are returned as they are. Values and gradients are PyTorch's, except
where PyTorch's lose digits.
"""

from __future__ import annotations

from autograd import (
    Value,
    abs,
    clip,
    concrete,
    dot,
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
    square,
    sum,
    where,
)

from .batches import is_list
from .functional import differences, largest, log_softmax

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Loss = Callable[[Any, Any], Any]


# --- of numbers -----------------------------------------------------------------------------------------------


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

    Examples
    --------
    >>> mse([1.0, 4.0], [1.0, 2.0])
    2.0
    """
    return _pairwise("mse", lambda p, t: square(p - t), predictions, targets, reduction)


def half_mse(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """Half the squared error, (p - t)**2 / 2, whose derivative is p - t; otherwise as `mse`.

    Examples
    --------
    >>> half_mse([1.0, 4.0], [1.0, 2.0])
    1.0
    """
    return _pairwise("half_mse", lambda p, t: square(p - t) / 2.0, predictions, targets, reduction)


def mae(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """Absolute error, abs(p - t), with derivative 0 where they are equal; otherwise as `mse`.

    Examples
    --------
    >>> mae([1.0, 4.0], [1.0, 2.0])
    1.0
    """
    return _pairwise("mae", lambda p, t: abs(p - t), predictions, targets, reduction)


# One operation, for the derivative of a parabola that is not taken, d, would make nan of an infinite distance.
_huber = op(
    "huber",
    lambda d, delta: where(abs(d) <= delta, square(d) / 2.0, delta * (abs(d) - delta / 2.0)),
    lambda d, delta, out: (clip(d, -delta, delta), where(abs(d) <= delta, 0.0, abs(d) - delta)),
    arity=2,
    doc="The Huber loss of a distance and of the largest slope; see `nn.huber`.",
)


def huber(predictions: Any, targets: Any, delta: float = 1.0, reduction: str = "mean") -> Any:
    """d**2 / 2 for d = p - t between -delta and delta, else delta (abs(d) - delta/2) (Huber 1964).

    The derivative is d, held between -delta and delta.

    Parameters
    ----------
    delta : float
        Where the parabola turns into lines; positive. With infinity it is `half_mse`.

    Raises
    ------
    ValueError
        As for `mse`, also if delta is not positive.

    Examples
    --------
    >>> huber([0.5, 3.0], [0.0, 0.0], reduction="none")
    [0.125, 2.5]
    """
    if not delta > 0.0:
        raise ValueError(f"huber: delta must be positive, not {delta!r}")

    return _pairwise("huber", lambda p, t: _huber(p - t, delta), predictions, targets, reduction)


def hinge(scores: Any, labels: Any, reduction: str = "mean") -> Any:
    """max(0, 1 - label * score), for labels -1 and 1 (Cortes and Vapnik 1995); otherwise as `mse`.

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
        require((label == 1.0) | (label == -1.0), "hinge: labels must be -1 or 1, not {}", label)
        return relu(1.0 - label * score)

    return _pairwise("hinge", rule, scores, labels, reduction)


# --- of probabilities -----------------------------------------------------------------------------------------

# As in PyTorch, a logarithm is never below -100, so that one wrong certainty does not make the mean infinite, and the
# slope's denominator never below 1e-12. Given as one operation because no chain of smaller ones has that slope.
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
    1e-12: so it is in PyTorch, too. `bce_with_logits` needs neither.

    Raises
    ------
    ValueError
        As for `mse`, also if a probability is below 0 or above 1.

    Examples
    --------
    >>> bce(0.0, 1)
    100.0
    """

    def rule(p: Any, t: Any) -> Any:
        inside = ((p >= 0.0) & (p <= 1.0)) | (p != p)  # nan stays nan
        require(inside, "bce: probabilities must be between 0 and 1, not {}; bce_with_logits takes any", p)
        return _bce(p, t)

    return _pairwise("bce", rule, probabilities, targets, reduction)


def bce_with_logits(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """Binary cross entropy of sigmoid(z), t softplus(-z) + (1 - t) softplus(z); otherwise as `mse`.

    Its derivative is sigmoid(z) - t. Terms whose coefficient is the number 0 are left out: so, where t is 0 or 1,
    the derivative has all its digits, even when sigmoid(z) is next to t.

    Examples
    --------
    >>> z = Value(40.0)
    >>> bce_with_logits(z, 1).backward()
    >>> z.grad
    -4.248354255291589e-18
    """

    def rule(z: Any, t: Any) -> Any:
        return _weighted(softplus, [(t, -z), (1.0 - t, z)])

    return _pairwise("bce_with_logits", rule, logits, targets, reduction)


# --- of classes -----------------------------------------------------------------------------------------------


def cross_entropy(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """-log(softmax(logits)[t]) for class t; for probabilities t_i of all classes, -sum_i t_i log(softmax(logits)[i]).

    Its derivative with respect to z_i is softmax(z)_i - t_i. Neither it nor the loss loses digits, however certain the
    prediction is, and however far below the others the logit of class t; in a compiled program 1e-16 or so at the most.

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
        If there are no logits, if a class is out of range or no whole number, if numbers of examples or of
        probabilities do not match, or if the reduction is not known.

    Examples
    --------
    >>> cross_entropy([40.0, 0.0], 0)
    4.248354255291589e-18
    >>> cross_entropy([[0.0, 0.0], [0.0, 0.0]], [0, [0.5, 0.5]]) == log(2.0)
    True
    """

    def rule(z: Any, t: Any) -> Any:
        if not is_list(t):
            return _of_class(z, t)
        if len(t) != len(z):
            raise ValueError(f"cross_entropy: {len(z)} logits, but {len(t)} probabilities")
        return _weighted(neg, zip(t, log_softmax(z)))

    return _by_class("cross_entropy", rule, logits, targets, reduction)


def _of_class(z: Sequence[Any], t: Any) -> Any:
    """-log(softmax(z)[t]), in forms in which nothing cancels.

    Where z_t is the largest, the t-th power in the sum is e**0, a constant: log(1 + the others). Where it is not, the
    logits are lowered by the largest as a number: it needs no derivative, for the result does not depend on it.

    A compiled program does not know which is the largest. It is the textbook's, with the derivative softmax(z) - 1 at
    class t: exact to 1e-16 or so of 1, which is all of it but when the prediction is nearly certain.
    """
    if not (concrete(t) and all(map(concrete, z))):
        return logsumexp(z) - _picked(_is_class("cross_entropy", t, len(z)), z)
    t, k = _class("cross_entropy", t, len(z)), largest(z)
    if not z[k] > z[t]:
        return logsumexp(differences(z, t))
    lowered = [x - _data(z[k]) for x in z]
    return logsumexp(lowered) - lowered[t]


def nll(log_probabilities: Any, targets: Any, reduction: str = "mean") -> Any:
    """Negative logarithm of the likelihood, -log_probabilities[t] for class t; otherwise as `cross_entropy`.

    Examples
    --------
    >>> nll([-0.5, -2.0], 1)
    2.0
    """

    def rule(z: Any, t: Any) -> Any:
        return -_picked(_is_class("nll", t, len(z)), z)

    return _by_class("nll", rule, log_probabilities, targets, reduction)


def multi_margin(scores: Any, targets: Any, reduction: str = "mean") -> Any:
    """1/n times the sum of max(0, 1 - s_t + s_i) over the n - 1 classes i other than t; otherwise as `cross_entropy`.

    Examples
    --------
    >>> multi_margin([2.0, 3.0], 0)
    1.0
    """

    def rule(s: Any, t: Any) -> Any:
        own = _is_class("multi_margin", t, len(s))
        right = _picked(own, s)
        margins = [_either(c, 0.0, relu(1.0 - (right - x))) for c, x in zip(own, s) if c is not True]
        return _sum(margins, s) / len(s)

    return _by_class("multi_margin", rule, scores, targets, reduction)


# --- of parameters --------------------------------------------------------------------------------------------


def l1(parameters: Any) -> Any:
    """Sum of the absolute values of the (nested) list of parameters: a penalty that makes many of them 0.

    Examples
    --------
    >>> l1([3.0, -4.0])
    7.0
    """
    return sum([abs(p) for p in _flat("l1", parameters)])


def l2(parameters: Any) -> Any:
    """Sum of the squares of the (nested) list of parameters: a penalty that keeps them small.

    Added to a loss with a factor alpha it does in SGD what ``weight_decay=2*alpha`` does.

    Examples
    --------
    >>> l2([3.0, -4.0])
    25.0
    """
    flat = _flat("l2", parameters)
    return dot(flat, flat)


# --- what the losses share --------------------------------------------------------------------------------------


def _pairwise(name: str, rule: Loss, predictions: Any, targets: Any, reduction: str) -> Any:
    """The loss of every pair of a prediction and its target, reduced."""
    return _reduced(name, _pairs(name, rule, predictions, targets), reduction)


def _pairs(name: str, rule: Loss, prediction: Any, target: Any) -> Any:
    if is_list(prediction) != is_list(target):
        raise ValueError(f"{name}: {_shape(prediction)} cannot be compared with {_shape(target)}")
    if not is_list(prediction):
        return rule(prediction, target)
    return [_pairs(name, rule, p, t) for p, t in _zipped(name, prediction, target)]


def _by_class(name: str, rule: Loss, rows: Any, targets: Any, reduction: str) -> Any:
    """The loss of a row of numbers and its class, or of every row and its class, reduced."""
    if not is_list(rows) or len(rows) == 0:
        raise ValueError(f"{name}: there must be a number for every class, not {_shape(rows)}")
    if not is_list(rows[0]):
        return _reduced(name, rule(rows, targets), reduction)
    if not is_list(targets):
        raise ValueError(f"{name}: {_shape(rows)} cannot be compared with {_shape(targets)}")
    return _reduced(name, [_by_class(name, rule, row, t, "none") for row, t in _zipped(name, rows, targets)], reduction)


def _zipped(name: str, predictions: Any, targets: Any) -> Any:
    if len(predictions) != len(targets):
        raise ValueError(f"{name}: {len(predictions)} predictions, but {len(targets)} targets")
    if len(predictions) == 0:
        raise ValueError(f"{name}: there are no predictions")
    return zip(predictions, targets)


def _reduced(name: str, losses: Any, reduction: str) -> Any:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction must be 'mean', 'sum' or 'none', not {reduction!r:.60}")
    if reduction == "none" or not is_list(losses):
        return losses
    flat = _flat(name, losses)
    if len(flat) == 1:
        return flat[0]
    return sum(flat) if reduction == "sum" else sum(flat) / len(flat)


def _flat(name: str, xs: Any) -> list[Any]:
    flat = []
    stack = [xs]
    while stack:
        x = stack.pop()
        if is_list(x):
            stack.extend(reversed(x))
        else:
            flat.append(x)
    if not flat:
        raise ValueError(f"{name}: the list is empty")
    return flat


def _weighted(function: Callable[[Any], Any], pairs: Iterable[tuple[Any, Any]]) -> Any:
    """The sum of weight * function(x); where the weight is the number 0 the function is not even computed."""
    pairs, terms = list(pairs), []
    for weight, x in pairs:
        if isinstance(weight, Value) or weight not in (0.0, 1.0):
            terms.append(weight * function(x))
        elif weight:
            terms.append(function(x))
    return terms[0] if len(terms) == 1 else _sum(terms, [x for _, x in pairs])


def _sum(terms: list[Any], like: Sequence[Any]) -> Any:
    """The sum of the terms; without any it is a constant that can still be differentiated if `like` has Values."""
    if not terms and any(isinstance(x, Value) for x in like):
        return Value(0.0)
    return sum(terms)


def _class(name: str, t: Any, n: int) -> int:
    if not hasattr(t, "__index__") or not 0 <= t < n:
        raise ValueError(f"{name}: a class must be a whole number from 0 to {n - 1}, not {t!r:.60}")
    return int(t)


def _is_class(name: str, t: Any, n: int) -> list[Any]:
    """Of each of n classes, whether it is class t; conditions if t is not known before the program runs."""
    if concrete(t):
        t = _class(name, t, n)
        return [i == t for i in range(n)]
    own = [t == float(i) for i in range(n)]
    require(sum(own) == 1.0, f"{name}: a class must be a whole number from 0 to {n - 1}, not {{}}", t)
    return own


def _picked(own: Sequence[Any], xs: Sequence[Any]) -> Any:
    """The x whose condition holds."""
    known = [x for c, x in zip(own, xs) if c is True]
    return known[0] if known else sum([where(c, x, 0.0) for c, x in zip(own, xs)])


def _either(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y; the one of them itself if the condition is known."""
    if isinstance(condition, bool):
        return x if condition else y
    return where(condition, x, y)


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def _shape(x: Any) -> str:
    return f"a list of {len(x)}" if is_list(x) else f"one number, {_data(x)!r:.60}"
