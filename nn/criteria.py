"""Losses as modules, under PyTorch's names: a loss whose settings are given once, and which is called like a layer.

Each class stands for a function in `functional`: it takes the settings of that function, in the same order, and is
called with the other arguments, predictions and targets for most. The functions describe the formulas and the errors.
The same holds for the two distances at the end.
"""

from __future__ import annotations

from autograd import Value

from . import losses
from .batches import is_list
from .distances import cosine_similarity, exponent, pairwise_distance
from .module import Module
from .reductions import checked
from .settings import flag, number, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Criterion(Module):
    """A function of predictions and targets, and its settings, which are attributes and may be changed.

    Subclasses set ``function``, and have the settings as arguments of their ``__init__``.

    Raises
    ------
    TypeError, ValueError
        As the function does; for the settings when it is made.
    """

    function: Any = losses.mse_loss

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """The settings."""

    def _set(self, arguments: dict[str, Any]) -> None:
        """Check the settings, which are the arguments of ``__init__``, and keep them."""
        settings = {name: x for name, x in arguments.items() if name != "self"}
        name = type(self).__name__
        inputs = [x for key, x in settings.items() if key not in _FACTORS and (is_list(x) or isinstance(x, Value))]
        if inputs:
            raise TypeError(
                f"{name} takes its settings first, and then, when it is called, predictions and targets: "
                f"{name}()(predictions, targets); among the settings there is {inputs[0]!r:.60}"
            )
        checked(type(self).function.__name__, called=name, **settings)
        for name, x in settings.items():
            # Weights are kept as plain numbers: Values in an attribute would be parameters, and be trained.
            setattr(self, name, _numbers(f"{type(self).__name__}: {name}", x) if name in _FACTORS else x)
        self._settings = tuple(settings)

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs, **{name: getattr(self, name) for name in self._settings})

    def extra_repr(self) -> str:
        shown = {name: getattr(self, name) for name in self._settings}
        return ", ".join(f"{name}={x!r:.60}" for name, x in shown.items() if x is not None)


_FACTORS = ("weight", "pos_weight")


def _numbers(name: str, x: Any) -> Any:
    if x is None:
        return None
    return [_numbers(name, item) for item in x] if is_list(x) else number(name, x)


class MSELoss(Criterion):
    """Squared error, (p - t)**2; see `functional.mse_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.mse_loss`; for the settings when the module is made.

    Examples
    --------
    >>> MSELoss()([1.0, 4.0], [1.0, 2.0])
    2.0
    """

    function = staticmethod(losses.mse_loss)

    def __init__(self, size_average: None = None, reduce: None = None, reduction: str = "mean") -> None:
        self._set(locals())


class L1Loss(Criterion):
    """Absolute error, abs(p - t); see `functional.l1_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.l1_loss`; for the settings when the module is made.

    Examples
    --------
    >>> L1Loss()([1.0, 4.0], [1.0, 2.0])
    1.0
    """

    function = staticmethod(losses.l1_loss)

    def __init__(self, size_average: None = None, reduce: None = None, reduction: str = "mean") -> None:
        self._set(locals())


class SmoothL1Loss(Criterion):
    """d**2 / (2 beta) for a distance d up to beta, else abs(d) - beta/2; see `functional.smooth_l1_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    beta : float
        Where the parabola turns into lines; not negative.

    Raises
    ------
    TypeError, ValueError
        As for `functional.smooth_l1_loss`; for the settings when the module is made.

    Examples
    --------
    >>> SmoothL1Loss()([0.5, 3.0], [0.0, 0.0])
    1.3125
    """

    function = staticmethod(losses.smooth_l1_loss)

    def __init__(
        self, size_average: None = None, reduce: None = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        self._set(locals())


class HuberLoss(Criterion):
    """d**2 / 2 for a distance d up to delta, else delta (abs(d) - delta/2); see `functional.huber_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    delta : float
        Where the parabola turns into lines; above 0.

    Raises
    ------
    TypeError, ValueError
        As for `functional.huber_loss`; for the settings when the module is made.

    Examples
    --------
    >>> HuberLoss(delta=2.0)([3.0, 0.0], [0.0, 0.0])
    2.0
    """

    function = staticmethod(losses.huber_loss)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        self._set(locals())


class BCELoss(Criterion):
    """Binary cross entropy of probabilities, -(t log(p) + (1 - t) log(1 - p)); see `functional.binary_cross_entropy`.

    Parameters
    ----------
    weight : numbers, optional
        A factor for each loss.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.binary_cross_entropy`; for the settings when the module is made.

    Examples
    --------
    >>> BCELoss()([0.0], [1])
    100.0
    """

    function = staticmethod(losses.binary_cross_entropy)

    def __init__(
        self, weight: Any = None, size_average: None = None, reduce: None = None, reduction: str = "mean"
    ) -> None:
        self._set(locals())


class BCEWithLogitsLoss(Criterion):
    """Binary cross entropy of sigmoid(z); see `functional.binary_cross_entropy_with_logits`.

    Parameters
    ----------
    weight : numbers, optional
        A factor for each loss.
    reduction : {"mean", "sum", "none"}
    pos_weight : numbers, optional
        A factor for the term of the positive class.

    Raises
    ------
    TypeError, ValueError
        As for `functional.binary_cross_entropy_with_logits`; for the settings when the module is made.

    Examples
    --------
    >>> BCEWithLogitsLoss(pos_weight=2.0)([-1000.0], [1])
    2000.0
    """

    function = staticmethod(losses.binary_cross_entropy_with_logits)

    def __init__(
        self,
        weight: Any = None,
        size_average: None = None,
        reduce: None = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ) -> None:
        self._set(locals())


class CrossEntropyLoss(Criterion):
    """-log(softmax(logits)[t]) for class t, or for probabilities of all classes; see `functional.cross_entropy`.

    Parameters
    ----------
    weight : list of numbers, optional
        A factor for every class.
    ignore_index : int
        A target that does not count.
    reduction : {"mean", "sum", "none"}
    label_smoothing : float
        From 0 to 1.

    Raises
    ------
    TypeError, ValueError
        As for `functional.cross_entropy`; for the settings when the module is made.

    Examples
    --------
    >>> CrossEntropyLoss()([[1000.0, 0.0], [0.0, 5.0]], [1, -100])
    1000.0
    """

    function = staticmethod(losses.cross_entropy_loss)

    def __init__(
        self,
        weight: Any = None,
        size_average: None = None,
        ignore_index: int = -100,
        reduce: None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        self._set(locals())


class NLLLoss(Criterion):
    """-x[t] for the logarithms x of probabilities and class t; see `functional.nll_loss`.

    Parameters
    ----------
    weight : list of numbers, optional
        A factor for every class.
    ignore_index : int
        A target that does not count.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.nll_loss`; for the settings when the module is made.

    Examples
    --------
    >>> NLLLoss()([[-0.5, -2.0]], [1])
    2.0
    """

    function = staticmethod(losses.nll_loss)

    def __init__(
        self,
        weight: Any = None,
        size_average: None = None,
        ignore_index: int = -100,
        reduce: None = None,
        reduction: str = "mean",
    ) -> None:
        self._set(locals())


class KLDivLoss(Criterion):
    """The divergence of Kullback and Leibler, a sum of t (log(t) - x); see `functional.kl_div`.

    Parameters
    ----------
    reduction : {"batchmean", "mean", "sum", "none"}
        The divergence of a list of distributions is the "batchmean".
    log_target : bool
        Whether the targets are logarithms, too.

    Raises
    ------
    TypeError, ValueError
        As for `functional.kl_div`; for the settings when the module is made.

    Examples
    --------
    >>> KLDivLoss(reduction="batchmean")([[-1.0, -1.0]], [[1.0, 0.0]])
    1.0
    """

    function = staticmethod(losses.kl_div)

    def __init__(
        self, size_average: None = None, reduce: None = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        self._set(locals())


class PoissonNLLLoss(Criterion):
    """Negative logarithm of the Poisson likelihood, e**x - t x; see `functional.poisson_nll_loss`.

    Parameters
    ----------
    log_input : bool
        If False the input is the mean itself, not its logarithm.
    full : bool
        Whether to add Stirling's formula for log(t!).
    eps : float
        Keeps the logarithm finite.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.poisson_nll_loss`; for the settings when the module is made.

    Examples
    --------
    >>> PoissonNLLLoss()([0.0], [3.0])
    1.0
    """

    function = staticmethod(losses.poisson_nll_loss)

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: None = None,
        eps: float = 1e-8,
        reduce: None = None,
        reduction: str = "mean",
    ) -> None:
        self._set(locals())


class GaussianNLLLoss(Criterion):
    """Negative logarithm of the normal likelihood.

    Called with means, targets and variances; see `functional.gaussian_nll_loss`.

    Parameters
    ----------
    full : bool
        Whether to add log(2 pi) / 2.
    eps : float
        A smaller variance counts as this.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.gaussian_nll_loss`; for the settings when the module is made.

    Examples
    --------
    >>> GaussianNLLLoss()([1.0, 3.0], [1.0, 1.0], [1.0, 1.0])
    1.0
    """

    function = staticmethod(losses.gaussian_nll_loss)

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        self._set(locals())


class MarginRankingLoss(Criterion):
    """max(0, margin - y (x1 - x2)).

    Called with both inputs and the labels, 1 or -1; see `functional.margin_ranking_loss`.

    Parameters
    ----------
    margin : float
        By how much the first is to be larger, or smaller.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.margin_ranking_loss`; for the settings when the module is made.

    Examples
    --------
    >>> MarginRankingLoss()([3.0, 1.0], [1.0, 2.0], [1, 1])
    0.5
    """

    function = staticmethod(losses.margin_ranking_loss)

    def __init__(
        self, margin: float = 0.0, size_average: None = None, reduce: None = None, reduction: str = "mean"
    ) -> None:
        self._set(locals())


class HingeEmbeddingLoss(Criterion):
    """x for the label 1, max(0, margin - x) for the label -1; see `functional.hinge_embedding_loss`.

    Parameters
    ----------
    margin : float
        How large a distance is to be for the label -1.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.hinge_embedding_loss`; for the settings when the module is made.

    Examples
    --------
    >>> HingeEmbeddingLoss()([0.25, 0.25], [1, -1])
    0.5
    """

    function = staticmethod(losses.hinge_embedding_loss)

    def __init__(
        self, margin: float = 1.0, size_average: None = None, reduce: None = None, reduction: str = "mean"
    ) -> None:
        self._set(locals())


class SoftMarginLoss(Criterion):
    """log(1 + e**(-y x)) for labels y of 1 or -1; see `functional.soft_margin_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.soft_margin_loss`; for the settings when the module is made.

    Examples
    --------
    >>> SoftMarginLoss()([-1000.0], [1])
    1000.0
    """

    function = staticmethod(losses.soft_margin_loss)

    def __init__(self, size_average: None = None, reduce: None = None, reduction: str = "mean") -> None:
        self._set(locals())


class CosineEmbeddingLoss(Criterion):
    """1 - cos for the label 1, max(0, cos - margin) for -1.

    Called with two vectors, or lists of them, and the labels; see `functional.cosine_embedding_loss`.

    Parameters
    ----------
    margin : float
        The cosine that vectors with the label -1 may have.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.cosine_embedding_loss`; for the settings when the module is made.

    Examples
    --------
    >>> CosineEmbeddingLoss()([[1.0, 0.0]], [[0.0, 1.0]], [1])
    1.0
    """

    function = staticmethod(losses.cosine_embedding_loss)

    def __init__(
        self, margin: float = 0.0, size_average: None = None, reduce: None = None, reduction: str = "mean"
    ) -> None:
        self._set(locals())


class TripletMarginLoss(Criterion):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin).

    Called with three vectors, or lists of them; see `functional.triplet_margin_loss`.

    Parameters
    ----------
    margin : float
        By how much the negative is to be farther away; above 0.
    p, eps : float
        As for `functional.pairwise_distance`.
    swap : bool
        Whether the distance of positive and negative counts where it is smaller.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.triplet_margin_loss`; for the settings when the module is made.

    Examples
    --------
    >>> TripletMarginLoss(eps=0.0)([0.0], [1.0], [1.5])
    0.5
    """

    function = staticmethod(losses.triplet_margin_loss)

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: None = None,
        reduce: None = None,
        reduction: str = "mean",
    ) -> None:
        self._set(locals())


class MultiMarginLoss(Criterion):
    """The sum of max(0, margin - s_t + s_i)**p over the classes i other than t, by the number of classes.

    See `functional.multi_margin_loss`.

    Parameters
    ----------
    p : {1, 2}
    margin : float
        By how much the score of the class is to be above the others.
    weight : list of numbers, optional
        A factor for every class.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.multi_margin_loss`; for the settings when the module is made.

    Examples
    --------
    >>> MultiMarginLoss()([2.0, 3.0], 0)
    1.0
    """

    function = staticmethod(losses.multi_margin_loss)

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Any = None,
        size_average: None = None,
        reduce: None = None,
        reduction: str = "mean",
    ) -> None:
        self._set(locals())


class MultiLabelMarginLoss(Criterion):
    """`MultiMarginLoss` for several classes at once, up to the first -1 in the target.

    See `functional.multilabel_margin_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.multilabel_margin_loss`; for the settings when the module is made.

    Examples
    --------
    >>> MultiLabelMarginLoss()([1.0, 0.5, 2.0, 0.0], [2, 0, -1, 1])
    0.125
    """

    function = staticmethod(losses.multilabel_margin_loss)

    def __init__(self, size_average: None = None, reduce: None = None, reduction: str = "mean") -> None:
        self._set(locals())


class MultiLabelSoftMarginLoss(Criterion):
    """The mean of `BCEWithLogitsLoss` over the classes; see `functional.multilabel_soft_margin_loss`.

    Parameters
    ----------
    weight : list of numbers, optional
        A factor for every class.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    TypeError, ValueError
        As for `functional.multilabel_soft_margin_loss`; for the settings when the module is made.

    Examples
    --------
    >>> MultiLabelSoftMarginLoss()([[-1000.0, 1000.0]], [[1, 1]])
    500.0
    """

    function = staticmethod(losses.multilabel_soft_margin_loss)

    def __init__(
        self, weight: Any = None, size_average: None = None, reduce: None = None, reduction: str = "mean"
    ) -> None:
        self._set(locals())


# --- distances --------------------------------------------------------------------------------------------------


class CosineSimilarity(Module):
    """The cosine of the angle between two vectors, or of each pair; see `functional.cosine_similarity`.

    Parameters
    ----------
    dim : int
        The innermost lists, which are -1.
    eps : float
        A smaller norm counts as this.

    Returns
    -------
    Value or number, or (nested) list of them
        From a call with two vectors one number; of lists of vectors one for each pair.

    Raises
    ------
    TypeError, ValueError
        If a setting is none; in a call as for `functional.cosine_similarity`.

    Examples
    --------
    >>> CosineSimilarity()([3.0, 0.0], [1.0, 0.0])
    1.0
    """

    def __init__(self, dim: int = -1, eps: float = 1e-8) -> None:
        self.dim, self.eps = whole("dim", dim), number("eps", eps, positive=True)

    def forward(self, x1: Any, x2: Any) -> Any:
        return cosine_similarity(x1, x2, self.dim, self.eps)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, eps={self.eps}"


class PairwiseDistance(Module):
    """The p-norm of the difference of two vectors, or of each pair; see `functional.pairwise_distance`.

    Parameters
    ----------
    p : float
        Which norm: above 0, or infinite.
    eps : float
        Added to every difference.
    keepdim : bool
        Whether each distance is in a list of its own.

    Returns
    -------
    Value or number, or (nested) list of them
        From a call with two vectors one number; of lists of vectors one for each pair.

    Raises
    ------
    TypeError, ValueError
        As for `functional.pairwise_distance`.

    Examples
    --------
    >>> PairwiseDistance(eps=0.0)([3.0, 0.0], [0.0, 4.0])
    5.0
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        self.p, self.eps, self.keepdim = exponent("p", p), number("eps", eps), flag("keepdim", keepdim)

    def forward(self, x1: Any, x2: Any) -> Any:
        return pairwise_distance(x1, x2, self.p, self.eps, self.keepdim)

    def extra_repr(self) -> str:
        return f"p={self.p}, eps={self.eps}, keepdim={self.keepdim}"
