"""What losses share: checks of their settings, the pairing of predictions with targets, and reductions.

The losses themselves are in `losses`; what decides between cases is in `cases`.
"""

from __future__ import annotations

from autograd import Value, advice, positive, require, sum

from .batches import NO_LISTS, Batch, depth, is_list
from .cases import added
from .distances import exponent
from .settings import flag, number, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Loss = Callable[..., Any]

REDUCTIONS = ("mean", "sum", "none")
"""The values of `reduction`, which say what is returned for several losses."""


# --- settings -------------------------------------------------------------------------------------------------


def checked(function: str, *, called: str | None = None, **settings: Any) -> None:
    """Check the settings of a loss by their names.

    Parameters
    ----------
    function : str
        The name of the loss; a few settings are checked differently for some losses.
    called : str, optional
        What it is called in messages, if not the same.

    Raises
    ------
    TypeError
        If one is of the wrong kind; if it is a reduction in the place of another setting, the message says so.
    ValueError
        If one is out of range.

    Examples
    --------
    >>> checked("huber_loss", delta=-1.0)
    Traceback (most recent call last):
    ValueError: huber_loss: delta must be positive, not -1.0
    """
    for name, x in settings.items():
        check = _KINDS.get(f"{function}: {name}") or _KINDS[name]
        try:
            check(f"{called or function}: {name}", x)
        except (TypeError, ValueError) as error:
            if name != "reduction" and isinstance(x, str) and x in (*REDUCTIONS, "batchmean"):
                raise TypeError(f"{error}; a reduction is given by its name, reduction={x!r}") from None
            raise


def _reduction(name: str, x: object, allowed: tuple[str, ...] = REDUCTIONS) -> None:
    if not isinstance(x, str) or x not in allowed:
        *others, last = map(repr, allowed)
        kind = ValueError if isinstance(x, str) else TypeError
        raise kind(f"{name} must be {', '.join(others)} or {last}, not {x!r:.60}")


def _batchmean(name: str, x: object) -> None:
    _reduction(name, x, ("batchmean", *REDUCTIONS))


def _outdated(name: str, x: object) -> None:
    if x is not None:
        raise TypeError(f"{name} is no longer used and must be None, not {x!r:.60}; use reduction instead")


def _positive(name: str, x: object) -> None:
    if isinstance(x, Value):
        require(x > 0.0, f"{name} must be positive, not {{}}", x)
    elif number(name, x, finite=False) <= 0.0:
        raise ValueError(f"{name} must be positive, not {x!r}")


def _not_negative(name: str, x: object) -> None:
    number(name, x, positive=True)


def _share(name: str, x: object) -> None:
    if not 0.0 <= number(name, x) <= 1.0:
        raise ValueError(f"{name} must be from 0 to 1, not {x!r}")


def _one_or_two(name: str, x: object) -> None:
    whole(name, x)
    if x not in (1, 2):
        raise ValueError(f"{name} must be 1 or 2, not {x!r}")


def _factors(name: str, x: object) -> None:
    if x is not None and not is_list(x) and not isinstance(x, Value):
        number(name, x)


def _factors_of_classes(name: str, x: object) -> None:
    if x is not None and not is_list(x):
        raise TypeError(f"{name} must be a list with a number for every class, not {x!r:.60}")


_KINDS: dict[str, Callable[[str, Any], object]] = {
    "reduction": _reduction,
    "kl_div: reduction": _batchmean,
    "size_average": _outdated,
    "reduce": _outdated,
    "weight": _factors,
    "pos_weight": _factors,
    **dict.fromkeys(
        [
            f"{name}: weight"
            for name in ("cross_entropy_loss", "nll_loss", "multi_margin_loss", "multilabel_soft_margin_loss")
        ],
        _factors_of_classes,
    ),
    "ignore_index": whole,
    "label_smoothing": _share,
    "delta": _positive,
    "beta": _not_negative,
    "eps": _not_negative,
    "margin": number,
    "triplet_margin_loss: margin": _positive,
    "p": exponent,
    "multi_margin_loss: p": _one_or_two,
    "swap": flag,
    "full": flag,
    "log_input": flag,
    "log_target": flag,
}
"""The checks of settings, by the setting's name, or by "loss: setting" where a loss gives that name another meaning."""


# --- predictions and targets ----------------------------------------------------------------------------------


_PAIR = ("predictions", "targets")


def pairwise(user: str, rule: Loss, predictions: Any, targets: Any, reduction: str) -> Any:
    """The loss of every pair of a prediction and its target, reduced.

    Examples
    --------
    >>> pairwise("mse", lambda p, t: (p - t) ** 2, [1.0, 4.0], [1.0, 2.0], "sum")
    4.0
    """
    checked(user, reduction=reduction)
    return reduced(user, together(user, rule, _PAIR, predictions, targets), reduction)


def weighted_pairs(
    user: str,
    rule: Loss,
    predictions: Any,
    targets: Any,
    weight: Any,
    reduction: str,
    more: Sequence[Any] = (),
    weighted_mean: bool = False,
) -> Any:
    """As `pairwise`, with a factor for each loss, and with more arguments of the rule, which have the same shape.

    Examples
    --------
    >>> weighted_pairs("mse", lambda p, t: (p - t) ** 2, [1.0, 4.0], [0.0, 2.0], [2.0, 0.5], "sum")
    4.0
    """
    losses = together(user, rule, (*_PAIR, *("factors" for _ in more)), predictions, targets, *more)
    if weight is None:
        return reduced(user, losses, reduction)
    weight = spread(user, "weight", weight, predictions)
    losses = together(user, lambda loss, w: w * loss, _PAIR, losses, weight)
    if reduction == "mean" and weighted_mean:
        return mean_by(user, flattened(user, losses), flattened(user, weight))
    return reduced(user, losses, reduction)


def together(user: str, rule: Loss, names: Sequence[str], *nests: Any) -> Any:
    """Apply a rule to the items at the same place in all of the nested lists; `names` are for messages.

    Raises
    ------
    ValueError
        If they are not of one shape, or if there is nothing in them.

    Examples
    --------
    >>> together("sum", lambda x, y: x + y, ("predictions", "targets"), [[1.0], [2.0]], [[3.0], [4.0]])
    [[4.0], [6.0]]
    """
    first = nests[0]
    for other, name in zip(nests[1:], names[1:]):
        if is_list(first) != is_list(other):
            _refuse_non_numbers(user, (names[0], name), (first, other))
            raise ValueError(
                f"{user}: {shown(first)} cannot be compared with {shown(other)}{_nesting_advice(first, other, name)}"
            )
        if is_list(first) and len(first) != len(other):
            raise ValueError(f"{user}: {len(first)} {names[0]}, but {len(other)} {name}")
    if not is_list(first):
        try:
            return rule(*nests)
        except TypeError:
            _refuse_non_numbers(user, names, nests)
            raise
    if len(first) == 0:
        raise ValueError(f"{user}: there are no {names[0]}")
    return _like(first, [together(user, rule, names, *items) for items in zip(*nests)])


def _refuse_non_numbers(user: str, names: Sequence[str], items: Sequence[Any]) -> None:
    """Raise a TypeError if one of these is neither a number nor a list."""
    for name, x in zip(names, items):
        if not is_list(x):
            try:
                positive(x)
            except TypeError:
                raise TypeError(f"{user}: {name} must be numbers, not {x!r:.60}{advice(x)}") from None


def _nesting_advice(first: Any, other: Any, name: str) -> str:
    """Advice for a message if one of the two is a number and the other a list of one number."""
    if is_list(first) and len(first) == 1 and not is_list(first[0]):
        return f"; put each of the {name} into a list of its own: [[t] for t in {name}]"
    if is_list(other) and len(other) == 1 and not is_list(other[0]):
        return f"; take each of the {name} out of its list: [t[0] for t in {name}]"
    return ""


def by_class(user: str, rule: Loss, rows: Any, targets: Any) -> Any:
    """The loss of a row of numbers and its class, or of every row and its class.

    Raises
    ------
    ValueError
        If there are no numbers, or if there are more or fewer classes than rows.

    Examples
    --------
    >>> by_class("nll", lambda z, t: -z[t], [[-1.0, -2.0], [-3.0, -4.0]], [0, 1])
    [1.0, 4.0]
    """
    if not is_list(rows) or len(rows) == 0:
        raise ValueError(f"{user}: there must be a number for every class, not {shown(rows)}")
    if not is_list(rows[0]):
        if is_list(targets) and len(targets) and is_list(targets[0]):
            raise ValueError(
                f"{user}: numbers, {shown(rows)}, cannot be compared with lists, {shown(targets)}; predictions are the "
                "first argument, and targets the second"
            )
        try:
            return rule(rows, targets)
        except TypeError:
            _refuse_non_numbers(user, ["predictions"] * len(rows), rows)
            raise
    if not is_list(targets):
        raise ValueError(f"{user}: {shown(rows)} cannot be compared with {shown(targets)}")
    return _like(rows, [by_class(user, rule, row, t) for row, t in zipped(user, rows, targets)])


def of_vectors(user: str, rule: Loss, vectors: Sequence[Any], labels: Sequence[Any]) -> Any:
    """The loss of some vectors and labels, or of every such group.

    Raises
    ------
    ValueError
        If the vectors are not of one shape, or if there are more or fewer labels than groups.

    Examples
    --------
    >>> of_vectors("first", lambda x, y, label: label * x[0] * y[0], [[[2.0]], [[3.0]]], [[-1]])
    [-6.0]
    """
    first = vectors[0]
    for x in vectors:
        if not is_list(x) or len(x) == 0:
            raise ValueError(f"{user}: there must be lists of numbers, not {shown(x)}")
        if len(x) != len(first) or is_list(x[0]) != is_list(first[0]):
            raise ValueError(f"{user}: {shown(first)} cannot be compared with {shown(x)}")
    if not is_list(first[0]):
        for label in labels:
            if is_list(label):
                raise ValueError(f"{user}: for two vectors there must be one label, not {shown(label)}")
        return rule(*vectors, *labels)
    for label in labels:
        if not is_list(label) or len(label) != len(first):
            raise ValueError(f"{user}: there must be a label for each of {len(first)} pairs, not {shown(label)}")
    n = len(vectors)
    return _like(first, [of_vectors(user, rule, items[:n], items[n:]) for items in zip(*vectors, *labels)])


def zipped(user: str, predictions: Any, targets: Any) -> Any:
    """The pairs of predictions and targets in two lists.

    Raises
    ------
    ValueError
        If there are not as many of both, or none.

    Examples
    --------
    >>> list(zipped("mse", [1.0, 2.0], [0.0, 1.0]))
    [(1.0, 0.0), (2.0, 1.0)]
    """
    if len(predictions) != len(targets):
        raise ValueError(f"{user}: {len(predictions)} predictions, but {len(targets)} targets")
    if len(predictions) == 0:
        raise ValueError(f"{user}: there are no predictions")
    return zip(predictions, targets)


def _like(x: Any, made: list[Any]) -> list[Any]:
    return Batch(made) if isinstance(x, Batch) else made


def spread(user: str, name: str, factors: Any, like: Any) -> Any:
    """A factor for each number in the nested list `like`.

    The factors are broadcast, as in PyTorch and NumPy: if they have fewer levels of lists, they are used for each of
    the outer lists, and a list of one item is used for all.

    Raises
    ------
    ValueError
        If they cannot be.

    Examples
    --------
    >>> spread("mse", "weight", [0.5, 1.0], [[1.0, 2.0], [3.0, 4.0]]), spread("mse", "weight", 2.0, [1.0, 2.0])
    ([[0.5, 1.0], [0.5, 1.0]], [2.0, 2.0])
    """
    if not is_list(like):
        if is_list(factors):
            raise ValueError(f"{user}: {name} must have the shape of the predictions, or of their inner lists")
        return factors
    if depth(factors) < depth(like):
        return [spread(user, name, factors, row) for row in like]
    if len(factors) == 1:
        factors = [factors[0]] * len(like)
    if len(factors) != len(like):
        raise ValueError(
            f"{user}: {name} must have {len(like)} items here, as many as the predictions, not {len(factors)}"
        )
    return [spread(user, name, x, row) for x, row in zip(factors, like)]


def reduced(user: str, losses: Any, reduction: str) -> Any:
    """Reduce several losses; one loss is returned as it is, whatever the reduction.

    Examples
    --------
    >>> reduced("mse", [[1.0], [3.0]], "mean"), reduced("mse", 3.0, "mean")
    (2.0, 3.0)
    """
    if reduction == "none" or not is_list(losses):
        return losses
    flat = flattened(user, losses)
    return added(flat, flat) if reduction == "sum" or len(flat) == 1 else sum(flat) / len(flat)


def mean_by(user: str, losses: list[Any], weights: list[Any]) -> Any:
    """The sum of the losses, divided by the sum of the weights.

    Raises
    ------
    ValueError
        If that is 0; of a program when it is called.

    Examples
    --------
    >>> mean_by("mse", [1.0, 6.0], [1.0, 2.5])
    2.0
    """
    total = sum(weights)
    if not isinstance(total, Value) and total == len(losses):
        return reduced(user, losses, "mean")
    require(
        total != 0.0,
        f"{user}: there is no mean, because all targets are ignored or have the weight 0; reduction='sum' gives 0",
    )
    return added(losses, losses) / total


def flattened(user: str, xs: Any) -> list[Any]:
    """The numbers in nested lists as one list.

    Raises
    ------
    ValueError
        If there are none.

    Examples
    --------
    >>> flattened("l1", [1.0, [2.0, [3.0]]])
    [1.0, 2.0, 3.0]
    """
    flat = []
    stack = [xs]
    while stack:
        x = stack.pop()
        if is_list(x):
            stack.extend(reversed(x))
        else:
            flat.append(x)
    if not flat:
        raise ValueError(f"{user}: the list is empty")
    return flat


def shown(x: Any) -> str:
    """What messages show of an argument of a loss.

    Examples
    --------
    >>> shown([1.0, 2.0]), shown(Value(1.0))
    ('a list of 2', 'one number, 1.0')
    """
    if is_list(x):
        return f"a list of {len(x)}"
    return f"{x!r:.60}" if x is None or isinstance(x, NO_LISTS) else f"one number, {number_in(x)!r:.60}"


def number_in(x: Any) -> Any:
    """The number of a Value; a number itself.

    Examples
    --------
    >>> number_in(Value(2.0)), number_in(2)
    (2.0, 2)
    """
    return x.data if isinstance(x, Value) else x
