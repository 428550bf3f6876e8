"""Functions of all parameters at once: they clip gradients, and copy parameters into one vector and back.

The names are those of ``torch.nn.utils``. Optimisers are in `optim`.
"""

from __future__ import annotations

import math

from autograd import ParameterVector, Value, clip, mul, set_data, trains

from .settings import flag, number
from .trained import listed, values_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .trained import Params

__all__ = ["clip_grad_norm_", "clip_grad_value_", "get_total_norm", "parameters_to_vector", "vector_to_parameters"]


def get_total_norm(
    parameters: Params | Iterable[float], norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> float:
    """The norm of all gradients, as of one vector; frozen parameters do not count.

    For the norm of order p it is the p-th root of the sum of abs(g)**p, without an overflow on the way. Order infinity
    is the largest of all, order 0 counts those that are not 0.

    Parameters
    ----------
    parameters : iterable of Value, or a program's parameters, or list of float
        Numbers are gradients themselves.
    norm_type : float
    error_if_nonfinite : bool
        Whether a norm that is infinite or nan is an error.

    Returns
    -------
    float
        0 if there are no parameters.

    Raises
    ------
    TypeError, ValueError
        If these are not parameters, or `norm_type` is negative.
    RuntimeError
        If the norm is not finite, and `error_if_nonfinite` is True.

    Examples
    --------
    >>> get_total_norm([3.0, -4.0]), get_total_norm([3.0, -4.0], math.inf), get_total_norm([3.0, -4.0], 1.0)
    (5.0, 4.0, 7.0)
    """
    order = number("norm_type", norm_type, positive=True, finite=False)
    flag("error_if_nonfinite", error_if_nonfinite)
    if isinstance(parameters, ParameterVector) and order == 2.0:
        norm = parameters.norm()
    else:
        norm = _norm(_gradients(parameters), order)
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(
            f"the norm of order {order:g} of the gradients is {norm!r}, so they cannot be scaled; "
            "error_if_nonfinite=False scales them anyway"
        )
    return norm


def _gradients(parameters: Any) -> list[float]:
    """The gradients of the parameters that are not frozen; a list of floats is a list of gradients already."""
    if isinstance(parameters, ParameterVector):
        return [row[0] for row in parameters.rows([parameters.grad])]
    if isinstance(parameters, (list, tuple)) and parameters and all(isinstance(g, float) for g in parameters):
        return list(parameters)
    return [p.grad for p in listed(parameters, "get_total_norm", empty=True) if trains(p)]


def _norm(grads: Sequence[float], order: float) -> float:
    sizes = [abs(g) for g in grads]
    if order == 0.0:
        return float(sum([size != 0.0 for size in sizes]))
    if any(map(math.isnan, sizes)):
        return math.nan
    if order == 2.0:
        return math.hypot(*sizes)
    largest = max(sizes, default=0.0)
    if math.isinf(order) or not 0.0 < largest < math.inf:
        return largest
    return float(largest * math.fsum([(size / largest) ** order for size in sizes]) ** (1.0 / order))


def clip_grad_norm_(
    parameters: Params, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> float:
    """Scale all gradients by one factor so that their norm, as of one vector, is at most `max_norm`.

    The factor is max_norm / (norm + 1e-6), or 1 if that is larger (Pascanu et al. 2013; 1e-6 as in PyTorch). An
    infinite norm makes it 0, and inf * 0 is nan; a norm of nan makes all gradients nan. Frozen parameters do not count,
    and their gradients stay.

    Parameters
    ----------
    parameters : iterable of Value, or a program's parameters
    max_norm, norm_type : float
    error_if_nonfinite : bool
        Whether a norm that is infinite or nan is an error, before anything is changed.

    Returns
    -------
    float
        The norm before, see `get_total_norm`.

    Raises
    ------
    TypeError, ValueError
        If `max_norm` or `norm_type` is not a number, or negative, or nan.
    RuntimeError
        If the norm is not finite, and `error_if_nonfinite` is True.

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
    params = listed(parameters, "clip_grad_norm_", empty=True)
    given = params[0] if params and isinstance(params[0], ParameterVector) else params
    norm = get_total_norm(given, norm_type, error_if_nonfinite)
    factor = min(max_norm / (norm + 1e-6), 1.0)
    for p in params:
        if isinstance(p, ParameterVector) or trains(p):
            p.grad = mul(p.grad, factor)
    return norm


def clip_grad_value_(parameters: Params, clip_value: float) -> None:
    """Hold every gradient between -clip_value and clip_value; nan stays nan, and frozen parameters keep theirs.

    Parameters
    ----------
    parameters : Value, iterable of Value, or a program's parameters
    clip_value : float
        The largest size of a gradient; not negative.

    Raises
    ------
    TypeError, ValueError
        If `clip_value` is not a number, or negative, or nan.

    Examples
    --------
    >>> w = Value(0.0)
    >>> w.grad = -7.0
    >>> clip_grad_value_([w], 2.0)
    >>> w.grad
    -2.0
    """
    limit = number("clip_value", clip_value, positive=True, finite=False)
    for p in listed(parameters, "clip_grad_value_", empty=True):
        if isinstance(p, ParameterVector) or trains(p):
            p.grad = clip(p.grad, -limit, limit)


def parameters_to_vector(parameters: Params) -> list[float]:
    """The numbers of all parameters in one list.

    Parameters
    ----------
    parameters : iterable of Value, or a program's parameters
        Those of a program stand in the order of its Values, so that the list is that of ``model.parameters()`` if the
        program was compiled with the model.

    Raises
    ------
    TypeError, ValueError
        If these are not parameters.

    Examples
    --------
    >>> parameters_to_vector([Value(1.0), Value(2.0)])
    [1.0, 2.0]
    """
    numbers: list[float] = []
    for p in listed(parameters, "parameters_to_vector", empty=True):
        numbers += [row[0] for row in p.rows([p.data])] if isinstance(p, ParameterVector) else [p.data]
    return numbers


def vector_to_parameters(vec: Sequence[float], parameters: Params) -> None:
    """Set the numbers of all parameters to those of a vector: the reverse of `parameters_to_vector`.

    Frozen parameters are set as well, as in PyTorch.

    Parameters
    ----------
    vec : sequence of float
    parameters : iterable of Value, or a program's parameters
        As for `parameters_to_vector`.

    Raises
    ------
    TypeError, ValueError
        If these are not parameters, or the vector does not have a number for each. Nothing has been changed then.

    Examples
    --------
    >>> v, w = Value(1.0), Value(2.0)
    >>> vector_to_parameters([3.0, 4.0], [v, w])
    >>> v.data, w.data
    (3.0, 4.0)
    """
    params = listed(parameters, "vector_to_parameters", empty=True)
    if isinstance(vec, (str, dict, set, Value)) or not hasattr(vec, "__iter__"):
        raise TypeError(f"vector_to_parameters takes a list of numbers, not {type(vec).__name__}: {vec!r:.60}")
    numbers = [number(f"item {i}", x, finite=False) for i, x in enumerate(vec)]
    count = sum([len(values_of(p)) for p in params])
    if len(numbers) != count:
        raise ValueError(f"vector_to_parameters takes a number for each of the {count} parameters, got {len(numbers)}")
    if params and isinstance(params[0], ParameterVector):
        (params[0].data,) = params[0].vectors([[x] for x in numbers])
    else:
        set_data(params, numbers)
