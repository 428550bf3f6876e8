"""PyTorch's functions of numbers and lists: activations, softmax and its relatives, distances, losses.

All take Values and numbers, by themselves or in nested lists, and PyTorch's arguments by PyTorch's names. Nothing is
changed in place, so there is no ``inplace``. The dimension ``dim`` of PyTorch's functions is always that of the
innermost lists. The functions of one number are written here; losses are in `losses`, distances in `distances`, softmax
in `logits`. Most are modules as well: in `activations` and `criteria`.
"""

from __future__ import annotations

import math
from functools import partial

import autograd
from autograd import Value, clip, concrete, dot, expm1, minimum, op, square, where

from .batches import Batch, depth, each, flat, is_list, over
from .cases import either, is_class
from .distances import cosine_similarity, normalize, pairwise_distance
from .logits import by_row, log_softmax, softmax, softmin
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
    triplet_margin_loss,
)
from .losses import cross_entropy_loss as cross_entropy
from .settings import flag, number, seeded, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    import random
    from typing import Any

    Seed = int | random.Random | None

__all__ = [
    "relu",
    "relu6",
    "leaky_relu",
    "prelu",
    "rrelu",
    "elu",
    "selu",
    "celu",
    "sigmoid",
    "logsigmoid",
    "hardsigmoid",
    "tanh",
    "tanhshrink",
    "hardtanh",
    "softplus",
    "softsign",
    "silu",
    "mish",
    "hardswish",
    "gelu",
    "glu",
    "softshrink",
    "hardshrink",
    "threshold",
    "softmax",
    "log_softmax",
    "softmin",
    "normalize",
    "cosine_similarity",
    "pairwise_distance",
    "one_hot",
    "dropout",
    "linear",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "nll_loss",
    "kl_div",
    "margin_ranking_loss",
    "hinge_embedding_loss",
    "cosine_embedding_loss",
    "triplet_margin_loss",
    "poisson_nll_loss",
    "gaussian_nll_loss",
    "soft_margin_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
]


# --- rectifiers -----------------------------------------------------------------------------------------------


def relu(input: Any) -> Any:
    """max(x, 0); the slope at 0 is 0.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> relu([-1.0, 2.0])
    [0.0, 2.0]
    """
    return each(autograd.relu, input)


def relu6(input: Any) -> Any:
    """min(max(x, 0), 6) (Krizhevsky 2010); the slope at 0 and at 6 is 0. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> relu6([-1.0, 2.0, 8.0])
    [0.0, 2.0, 6.0]
    """
    return hardtanh(input, 0.0, 6.0)


def leaky_relu(input: Any, negative_slope: Any = 0.01) -> Any:
    """x above 0, else negative_slope * x (Maas et al. 2013); the slope at 0 is negative_slope. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    negative_slope : float or Value

    Raises
    ------
    TypeError, ValueError
        If negative_slope is not a finite number.

    Examples
    --------
    >>> leaky_relu([-1.0, 2.0], 0.5)
    [-0.5, 2.0]
    """
    negative_slope = coefficient("negative_slope", negative_slope)
    return each(lambda x: autograd.leaky_relu(x, negative_slope), input)


def prelu(input: Any, weight: Any) -> Any:
    """x above 0, else w * x, with a slope w that is learnt (He et al. 2015).

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    weight : Value or number, or list of them
        One slope for all, or one for each channel. An example has its channels in the outermost lists, a batch in the
        second ones. A list of lists is a batch if the lengths say so; where both would fit it must be said:
        ``nn.Batch(x)`` for a batch, ``nn.Batch([x])`` for one example.

    Raises
    ------
    ValueError
        If the number of channels is not the number of slopes, or if it is not clear which lists are the channels.

    Examples
    --------
    >>> prelu([-1.0, 2.0], 0.5), prelu([-1.0, -1.0], [0.5, 0.25])
    ([-0.5, 2.0], [-0.5, -0.25])
    """
    weights = list(weight) if is_list(weight) else [weight]
    if len(weights) == 1:
        return each(lambda x: autograd.leaky_relu(x, weights[0]), input)

    def of_example(channels: Any) -> Any:
        if not is_list(channels) or len(channels) != len(weights):
            found = len(channels) if is_list(channels) else "no"
            raise ValueError(f"prelu: there are {len(weights)} slopes, one for each channel, but {found} channels")
        return [prelu(channel, w) for w, channel in zip(weights, channels)]

    if isinstance(input, Batch):
        return over(of_example, input, depth(input) - 1)
    if depth(input) < 2 or len(input[0]) != len(weights):
        return of_example(input)
    if len(input) == len(weights):
        raise ValueError(
            f"prelu: the outer and the inner lists have {len(weights)} items each, as many as there are slopes; write "
            "nn.Batch(x) if x is a batch of examples, and nn.Batch([x]) if it is one example"
        )
    return [of_example(example) for example in input]


def rrelu(
    input: Any, lower: float = 1.0 / 8.0, upper: float = 1.0 / 3.0, training: bool = False, *, seed: Seed = None
) -> Any:
    """x above 0, else r * x (Xu et al. 2015): in training r is drawn from lower to upper for each x, else their mean.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    lower, upper : float
    training : bool
    seed : int or random.Random, optional
        Where the random numbers come from; if not given, from Python's ``random`` module.

    Raises
    ------
    ValueError
        If lower is above upper.
    TypeError
        If a setting is of another kind.

    Examples
    --------
    >>> rrelu([-1.0, 2.0], 0.25, 0.75)
    [-0.5, 2.0]
    """
    lower, upper = number("lower", lower), number("upper", upper)
    if lower > upper:
        raise ValueError(f"rrelu: lower must not be above upper, but they are {lower!r} and {upper!r}")
    if not flag("training", training):
        return leaky_relu(input, (lower + upper) / 2.0)
    slopes = iter(autograd.ask(partial(_uniform, seed, lower, upper), len(flat(input))))
    return each(lambda x: autograd.leaky_relu(x, next(slopes)), input)


def _uniform(seed: Seed, low: float, high: float, count: int) -> list[float]:
    generator = seeded(seed)
    return [generator.uniform(low, high) for _ in range(count)]


def elu(input: Any, alpha: Any = 1.0) -> Any:
    """x above 0, else alpha * (e**x - 1) (Clevert et al. 2015). Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    alpha : float or Value

    Raises
    ------
    TypeError, ValueError
        If alpha is not a finite number.

    Examples
    --------
    >>> elu([0.0, 2.0])
    [0.0, 2.0]
    """
    alpha = coefficient("alpha", alpha)
    return each(lambda x: autograd.elu(x, alpha), input)


def selu(input: Any) -> Any:
    """Scaled `elu`, which keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> selu(0.0)
    0.0
    """
    return each(autograd.selu, input)


def celu(input: Any, alpha: float = 1.0) -> Any:
    """x above 0, else alpha * (e**(x/alpha) - 1) (Barron 2017): the slope at 0 is 1. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    alpha : float
        Not 0.

    Raises
    ------
    ValueError
        If alpha is 0 or not finite.
    TypeError
        If alpha is not a number.

    Examples
    --------
    >>> celu([0.0, 2.0], 0.5)
    [0.0, 2.0]
    """
    alpha = number("alpha", alpha)
    if alpha == 0.0:
        raise ValueError(f"celu: alpha must not be 0, but it is {alpha!r}")
    # The minimum keeps the exponential small in a program, which computes both cases.
    return each(lambda x: either(x >= 0.0, x, alpha * expm1(minimum(x, 0.0) / alpha)), input)


# --- saturating functions -------------------------------------------------------------------------------------


def sigmoid(input: Any) -> Any:
    """1 / (1 + e**-x). Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> sigmoid(0.0)
    0.5
    """
    return each(autograd.sigmoid, input)


def logsigmoid(input: Any) -> Any:
    """log(sigmoid(x)), computed as -softplus(-x), which does not overflow. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> logsigmoid([-1000.0, 40.0])
    [-1000.0, -4.248354255291589e-18]
    """
    return each(lambda x: -autograd.softplus(-x), input)


def hardsigmoid(input: Any) -> Any:
    """(x + 3) / 6, held between 0 and 1 (Courbariaux et al. 2015); the slope at -3 and 3 is 0. Otherwise as `relu`.

    The slope between them is 1/6; PyTorch's is 1/6 in single precision, 0.16666667, for doubles too.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> hardsigmoid([-4.0, 0.0, 4.0])
    [0.0, 0.5, 1.0]
    """
    return each(lambda x: _clamped(x, -3.0, 3.0, 0.0, 1.0, (x + 3.0) / 6.0), input)


def tanh(input: Any) -> Any:
    """Hyperbolic tangent. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> tanh(0.0)
    0.0
    """
    return each(autograd.tanh, input)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x, held between min_val and max_val; the slope at both is 0. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    min_val, max_val : float

    Raises
    ------
    ValueError
        If min_val is not below max_val.
    TypeError
        If one is not a number.

    Examples
    --------
    >>> hardtanh([-2.0, 0.5, 2.0])
    [-1.0, 0.5, 1.0]
    """
    low, high = number("min_val", min_val, finite=False), number("max_val", max_val, finite=False)
    if not low < high:
        raise ValueError(f"hardtanh: min_val must be below max_val, but they are {min_val!r} and {max_val!r}")
    return each(lambda x: _clamped(x, low, high, low, high, x), input)


def _clamped(x: Any, low: float, high: float, bottom: float, top: float, between: Any) -> Any:
    """`between` for x between low and high, else a constant; `clip` has the slope 1 at the ends, PyTorch's have 0."""
    return where(x <= low, bottom, where(x >= high, top, between))


# One operation, because its slope 1 / (1 + |a|)**2 needs no subtraction; by the quotient rule it would be a difference
# of nearly equal terms far from 0.
_soft_sign = op(
    "soft_sign",
    lambda a: a / (1.0 + autograd.abs(a)),
    lambda a, out: (square(1.0 / (1.0 + autograd.abs(a))),),
    symbol="softsign",
    spoken="the softsign of {}",
    textbook=(None, lambda a, out: (1.0 / (1.0 + autograd.abs(a)) ** 2.0,)),
    doc="a / (1 + abs(a)), between -1 and 1; see `nn.functional.softsign`.",
)


def softsign(input: Any) -> Any:
    """x / (1 + abs(x)) (Turian et al. 2009); the slope has all its digits, also far from 0. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> softsign([-1.0, 3.0])
    [-0.5, 0.75]
    """
    return each(_soft_sign, input)


def _tanh_shrunk(a: Any) -> Any:
    # x - tanh(x) = (x cosh(x) - sinh(x)) / cosh(x). Near 0 both differences have nearly equal terms, so there the
    # numerator is computed by its series, the sum of 2k / (2k + 1)! x**(2k + 1), whose terms are all of one sign.
    x = minimum(autograd.maximum(a, -1.0), 1.0)
    x2 = square(x)
    terms = [2.0 * k / math.factorial(2 * k + 1) for k in range(10, 0, -1)]
    series: Any = terms[0]
    for term in terms[1:]:
        series = series * x2 + term
    return where(autograd.abs(a) < 1.0, x * x2 * series / autograd.cosh(x), a - autograd.tanh(a))


_tanhshrink = op(
    "tanhshrink",
    _tanh_shrunk,
    lambda a, out: (square(autograd.tanh(a)),),
    spoken="{0} minus its hyperbolic tangent",
    textbook=(lambda a: a - autograd.tanh(a), lambda a, out: (autograd.tanh(a) ** 2.0,)),
    doc="a - tanh(a), exact near 0; see `nn.functional.tanhshrink`.",
)


def tanhshrink(input: Any) -> Any:
    """x - tanh(x), exact also near 0, where it is x**3 / 3. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> tanhshrink([0.0, 1000.0])
    [0.0, 999.0]
    """
    return each(_tanhshrink, input)


# --- smooth rectifiers ----------------------------------------------------------------------------------------


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + e**(beta x)) / beta (Dugas et al. 2001), and x itself where beta x is above the threshold.

    The threshold is PyTorch's, and costs 2e-9 there. With ``threshold=math.inf`` it is the formula everywhere, which
    does not overflow either; so is `autograd.softplus`. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    beta : float
        Above 0.
    threshold : float

    Raises
    ------
    ValueError
        If beta is not positive.
    TypeError
        If a setting is not a number.

    Examples
    --------
    >>> softplus([0.0, 1000.0]) == [math.log(2.0), 1000.0]
    True
    """
    beta, threshold = number("beta", beta), number("threshold", threshold, finite=False)
    if beta <= 0.0:
        raise ValueError(f"softplus: beta must be positive, not {beta!r}")
    if beta == 1.0:
        return each(lambda x: either(x > threshold, x, autograd.softplus(x)), input)
    return each(lambda x: either(beta * x > threshold, x, autograd.softplus(beta * x) / beta), input)


def silu(input: Any) -> Any:
    """x * sigmoid(x), also called swish (Elfwing et al. 2017). Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> silu(0.0)
    0.0
    """
    return each(autograd.silu, input)


def mish(input: Any) -> Any:
    """x * tanh(softplus(x)) (Misra 2019). Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> mish([0.0, 1000.0])
    [0.0, 1000.0]
    """
    return each(lambda x: x * autograd.tanh(autograd.softplus(x)), input)


def hardswish(input: Any) -> Any:
    """x * hardsigmoid(x) (Howard et al. 2019); the slope at -3 is 0, at 3 it is 1. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them

    Examples
    --------
    >>> hardswish([-4.0, 0.0, 4.0])
    [0.0, 0.0, 4.0]
    """
    return each(lambda x: where(x <= -3.0, 0.0, either(x >= 3.0, x, x * (x + 3.0) / 6.0)), input)


def gelu(input: Any, approximate: str = "none") -> Any:
    """x * ndtr(x), with the normal distribution function (Hendrycks and Gimpel 2016). Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    approximate : {"none", "tanh"}
        With "tanh" it is x (1 + tanh(sqrt(2/pi) (x + 0.044715 x**3))) / 2, the approximation that GPT-2 uses; it is
        computed with the sigmoid of twice that argument, in which nothing cancels.

    Raises
    ------
    ValueError
        If there is no such approximation.

    Examples
    --------
    >>> gelu(0.0), round(gelu(1.0), 4), round(gelu(1.0, "tanh"), 4)
    (0.0, 0.8413, 0.8412)
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r:.60}")
    return each(autograd.gelu if approximate == "none" else _gelu_by_tanh, input)


def _gelu_by_tanh(x: Any) -> Any:
    root = math.sqrt(8.0 / math.pi)
    return x * autograd.sigmoid(x * (root + 0.044715 * root * square(x)))


def glu(input: Any, dim: int = -1) -> Any:
    """a * sigmoid(b) for the two halves a and b of a list (Dauphin et al. 2017).

    Parameters
    ----------
    input : list of Values or numbers, or nested lists
        Of an even length. Of nested lists each of the innermost ones is a list of its own.
    dim : int
        The innermost lists, which are -1.

    Raises
    ------
    ValueError
        If the length is odd, or if dim is another one.
    TypeError
        If `input` is not a list.

    Examples
    --------
    >>> glu([3.0, 4.0, 0.0, 1000.0])
    [1.5, 4.0]
    """

    def rule(xs: Any) -> Any:
        half, rest = divmod(len(xs), 2)
        if rest or not half:
            raise ValueError(f"glu halves a list, whose length must be even, not {len(xs)}")
        return [a * autograd.sigmoid(b) for a, b in zip(xs[:half], xs[half:])]

    return by_row("glu", rule, input, dim)


# --- thresholds -----------------------------------------------------------------------------------------------


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """x, moved towards 0 by lambd, and 0 between -lambd and lambd; the slope at both is 0. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    lambd : float
        Not negative.

    Raises
    ------
    ValueError
        If lambd is negative.
    TypeError
        If lambd is not a number.

    Examples
    --------
    >>> softshrink([-2.0, 0.25, 2.0])
    [-1.5, 0.0, 1.5]
    """
    lambd = number("lambd", lambd, positive=True)
    return each(lambda x: x - clip(x, -lambd, lambd), input)


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """x, but 0 between -lambd and lambd; the slope at both is 0. Otherwise as `softshrink`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    lambd : float
        Not negative.

    Raises
    ------
    ValueError
        If lambd is negative.
    TypeError
        If lambd is not a number.

    Examples
    --------
    >>> hardshrink([-2.0, 0.25, 2.0])
    [-2.0, 0.0, 2.0]
    """
    lambd = number("lambd", lambd, positive=True)
    return each(lambda x: where((x >= -lambd) & (x <= lambd), 0.0, x), input)


def threshold(input: Any, threshold: float, value: float) -> Any:
    """x above the threshold, else the value; the slope at the threshold is 0. Otherwise as `relu`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    threshold, value : float

    Raises
    ------
    ValueError, TypeError
        If one is not a finite number.

    Examples
    --------
    >>> threshold([0.5, 2.0], 1.0, -1.0)
    [-1.0, 2.0]
    """
    limit, value = number("threshold", threshold), number("value", value)
    return each(lambda x: where(x <= limit, value, x), input)


# --- of lists -------------------------------------------------------------------------------------------------


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """For a class a list with 1 at its place and 0 elsewhere.

    Parameters
    ----------
    tensor : int, or (nested) list of them
        Classes, counted from 0; it is called so in PyTorch.
    num_classes : int
        How many there are; if it is -1, one more than the largest.

    Returns
    -------
    list of float, or nested lists
        In a compiled program, for a class that is not known yet, they are Values.

    Raises
    ------
    ValueError
        If a class is not a whole number, or out of range.
    TypeError
        If num_classes is not a whole number, or if it is -1 in a compiled program, which cannot look for the largest.

    Examples
    --------
    >>> one_hot([0, 2])
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    n = whole("one_hot: num_classes", num_classes)
    if n == -1:
        classes: list[Any] = []
        each(classes.append, tensor)
        if not all(map(concrete, classes)):
            raise TypeError("one_hot: a compiled program does not know the largest class; give num_classes")
        if not classes:
            raise ValueError("one_hot: there are no classes")
        n = 1 + max(t.__index__() if hasattr(t, "__index__") else 0 for t in classes)
    elif n < 1:
        raise ValueError(f"one_hot: num_classes must be positive, or -1, not {num_classes!r}")
    return each(lambda t: [either(c, 1.0, 0.0) for c in is_class("one_hot", t, n)], tensor)


def dropout(input: Any, p: float = 0.5, training: bool = True, *, seed: Seed = None) -> Any:
    """Each number is set to 0 with probability p, and the others are divided by 1 - p; as the module `Dropout`.

    Parameters
    ----------
    input : Value or number, or (nested) list of them
    p : float
        Probability, from 0 to 1.
    training : bool
        If False nothing is changed.
    seed : int or random.Random, optional
        Where the random numbers come from; if not given, from Python's ``random`` module.

    Raises
    ------
    ValueError, TypeError
        As for `Dropout`.

    Examples
    --------
    >>> sorted(set(dropout([1.0] * 100, seed=0)))
    [0.0, 2.0]
    """
    from . import Dropout  # only now, because the modules import this file

    return Dropout(p, seed=seed).train(flag("training", training)).forward(input)


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """W x + b for a vector x, or for each of the innermost lists.

    Parameters
    ----------
    input : list of Values or numbers, or nested lists
    weight : list of lists of Values or numbers
        A list for each output.
    bias : list of Values or numbers, optional

    Raises
    ------
    ValueError
        If the lengths do not match.

    Examples
    --------
    >>> linear([1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]], [0.5, 1.0])
    [11.5, 18.0]
    """
    if bias is not None and len(bias) != len(weight):
        raise ValueError(f"linear: weight has {len(weight)} rows, one for each output, but bias has {len(bias)} items")

    def rule(x: Any) -> Any:
        for row in weight:
            if len(row) != len(x):
                raise ValueError(f"linear: a row of weight has {len(row)} items, but the input has {len(x)}")
        biases = [None] * len(weight) if bias is None else bias
        return [dot(row, x, b) for row, b in zip(weight, biases)]

    return by_row("linear", rule, input)


def coefficient(name: str, x: Any) -> Any:
    """A factor: a number, or a Value, which is learnt.

    Raises
    ------
    TypeError, ValueError
        If it is none.

    Examples
    --------
    >>> coefficient("alpha", 1)
    1.0
    """
    return x if isinstance(x, Value) else number(name, x)
