"""Real numbers as floats: what counts as one, and arithmetic on them that never raises.

Python's ``math`` raises where IEEE 754 defines a result: ``math.exp(1000)``, ``math.log(0)`` and ``1.0 / 0.0``
are errors instead of inf, -inf and inf. A training run must not die in the middle of a sum, so the functions
here return what IEEE 754 defines. They are the float reading of the elementary operations in ``ops``, where the
derivatives are.
"""

from __future__ import annotations

import math
import numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

inf = math.inf
nan = math.nan


def to_float(x: object, user: str = "Value") -> float:
    """`x` as a float, if it is a real number.

    Real numbers are int, float, bool, ``fractions.Fraction``, NumPy scalars and 0-d NumPy arrays.

    Parameters
    ----------
    x : object
        The would-be number.
    user : str
        The name of the caller, for the message.

    Raises
    ------
    TypeError
        If `x` is anything else: a str, None, a complex number, a list, ...
    OverflowError
        If `x` is an int or Fraction too large for a float.

    Examples
    --------
    >>> to_float(True)
    1.0
    """
    if isinstance(x, float):
        return float(x)  # makes a plain float of np.float64 and other subclasses
    if isinstance(x, numbers.Real) and not (hasattr(x, "dtype") and x.dtype.kind not in "fiub"):
        try:
            return float(x)
        except OverflowError:
            raise OverflowError(
                f"{user} cannot hold {type(x).__name__} numbers beyond ±1.8e308, the range of a float; "
                "scale the number first"
            ) from None
    if type(x).__module__ == "numpy" and getattr(x, "ndim", None) == 0 and x.dtype.kind in "fiub":  # type: ignore[attr-defined]
        return float(x.item())  # type: ignore[attr-defined]
    shown = repr(x)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    raise TypeError(f"{user} takes real numbers, not {type(x).__name__}: {shown}{advice(x)}")


def advice(x: object) -> str:
    """What to write instead of something that stands in the place of a number, to end a message; "" if it is unclear.

    Parameters
    ----------
    x : object

    Examples
    --------
    >>> advice("3"), advice([1.0])
    ('; float() reads a number from a text', '; give it the numbers one by one')
    >>> advice(1j)
    ''
    """
    if x is None:
        return "; a function without a return gives None"
    if isinstance(x, str):
        return "; float() reads a number from a text"
    if isinstance(x, (list, tuple)):
        return "; give it the numbers one by one"
    if hasattr(x, "tolist"):  # an array, or a tensor of PyTorch's
        return "; its .tolist() has plain numbers"
    return "; the number of a Value is its .data" if hasattr(x, "data") and hasattr(x, "grad") else ""


# --- the four operations, pow and division with remainder -----------------------------------------------------


def divide(x: float, y: float) -> float:
    """x / y, with IEEE 754's x/0: a signed infinity, or nan for 0/0."""
    try:
        return x / y
    except ZeroDivisionError:
        if x == 0.0 or x != x:
            return nan
        return math.copysign(inf, x) * math.copysign(1.0, y)


def power(x: float, y: float) -> float:
    """x**y as C's pow: nan for a negative base with a fractional exponent, infinities at poles and overflow."""
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):
        if math.isinf(y):
            return inf
        if x < 0.0 and y != math.floor(y):
            return nan
        # What is left is a pole (0 to a negative power) or an overflow; an odd exponent keeps the base's sign.
        return math.copysign(inf, x) if math.fmod(y, 2.0) in (1.0, -1.0) else inf


def floor_divide(x: float, y: float) -> float:
    """x // y, rounded towards minus infinity; x // 0 as x / 0."""
    try:
        return x // y
    except ZeroDivisionError:
        return divide(x, y)


def remainder(x: float, y: float) -> float:
    """x % y as in Python, with the sign of y; nan for x % 0."""
    try:
        return x % y
    except ZeroDivisionError:
        return nan


def fmod(x: float, y: float) -> float:
    """The remainder of x / y as in C's fmod, with the sign of x; nan for y = 0 and for infinite x."""
    try:
        return math.fmod(x, y)
    except ValueError:
        return nan


# --- elementary functions ------------------------------------------------------------------------------------


def _completed(function: Callable[[float], float], overflow: float = nan) -> Callable[[float], float]:
    """`function`, but returning `overflow` where it overflows, and nan outside its domain."""

    def complete(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return nan
        except OverflowError:
            return overflow

    return complete


exp = _completed(math.exp, inf)
expm1 = _completed(math.expm1, inf)
cosh = _completed(math.cosh, inf)
sqrt = _completed(math.sqrt)
sin = _completed(math.sin)
cos = _completed(math.cos)
tan = _completed(math.tan)
asin = _completed(math.asin)
acos = _completed(math.acos)
acosh = _completed(math.acosh)


def sinh(x: float) -> float:
    """Hyperbolic sine; overflows to an infinity of x's sign."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(inf, x)


def _logarithm(function: Callable[[float], float], pole: float) -> Callable[[float], float]:
    """`function`, a logarithm, with -inf at its `pole` and nan below it."""

    def logarithm(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return -inf if x == pole else nan

    return logarithm


log = _logarithm(math.log, 0.0)
log2 = _logarithm(math.log2, 0.0)
log10 = _logarithm(math.log10, 0.0)
log1p = _logarithm(math.log1p, -1.0)


def exp2(x: float) -> float:
    """2**x; Python has it from 3.11 on."""
    return power(2.0, x)


def atanh(x: float) -> float:
    """Inverse hyperbolic tangent; infinite at its poles 1 and -1, nan beyond."""
    try:
        return math.atanh(x)
    except ValueError:
        return math.copysign(inf, x) if math.fabs(x) == 1.0 else nan


def maximum(x: float, y: float) -> float:
    """The larger of x and y; nan if either is nan."""
    return x if x > y or x != x else y


def minimum(x: float, y: float) -> float:
    """The smaller of x and y; nan if either is nan."""
    return x if x < y or x != x else y


def where(condition: float, x: float, y: float) -> float:
    """x where the condition holds (is not zero), else y."""
    return x if condition else y


_SQRT_HALF = math.sqrt(0.5)
_SQRT_HALF_REST = -4.833646656726457e-17  # sqrt(1/2) - _SQRT_HALF, to 16 digits
_SPLIT = 134217729.0  # 2**27 + 1: Veltkamp's constant, which splits a double's 53 bits in halves


def _split(x: float) -> tuple[float, float]:
    t = _SPLIT * x
    high = t - (t - x)
    return high, x - high


_SQRT_HALF_HIGH, _SQRT_HALF_LOW = _split(_SQRT_HALF)


def cbrt(x: float) -> float:
    """Cube root, to 1 ulp (Python has one from 3.11 on, which is C's; glibc's may be 4 ulp off).

    One step of Halley's method, r + r (x - r**3) / (x + 2 r**3), from an r of half as many digits, whose square is
    exact.
    """
    if x == 0.0 or x - x != 0.0:  # zero, infinite or nan
        return x
    root, _ = _split(math.copysign(math.pow(math.fabs(x), 1.0 / 3.0), x))
    quotient = x / (root * root)
    return root + root * ((quotient - root) / (quotient + (root + root)))


def ndtr(x: float) -> float:
    """Standard normal distribution function, erfc(-x/sqrt(2)) / 2, accurate to the last digits in the lower tail.

    There erfc magnifies the rounding error of its argument z by 2 z**2, to 450 ulp at x = -30. So the rounding error
    of z is computed (Dekker's product, 1971), and the result is corrected by means of erfc's derivative.
    """
    z = -x * _SQRT_HALF
    tail = math.erfc(z)
    if 1.0 < z < 40.0:
        high, low = _split(-x)
        product_error = (
            (high * _SQRT_HALF_HIGH - z) + high * _SQRT_HALF_LOW + low * _SQRT_HALF_HIGH
        ) + low * _SQRT_HALF_LOW
        tail -= (product_error - x * _SQRT_HALF_REST) * math.exp(-z * z) * 1.1283791670955126
    return 0.5 * tail


# --- plain operators without exceptions ----------------------------------------------------------------------


class Real(float):
    """A float whose ``/``, ``//``, ``%`` and ``**`` follow IEEE 754, and whose results are Reals again.

    A rule is written with plain operators, and these four can raise on floats. The rule is read with floats first,
    which is faster; only if that raises is it read a second time with Reals.

    Examples
    --------
    >>> 1 / Real(0.0)
    inf
    """

    __slots__ = ()

    def __add__(self, other: float) -> Real:
        return Real(float(self) + float(other))

    def __sub__(self, other: float) -> Real:
        return Real(float(self) - float(other))

    def __rsub__(self, other: float) -> Real:
        return Real(float(other) - float(self))

    def __mul__(self, other: float) -> Real:
        return Real(float(self) * float(other))

    def __truediv__(self, other: float) -> Real:
        return Real(divide(float(self), float(other)))

    def __rtruediv__(self, other: float) -> Real:
        return Real(divide(float(other), float(self)))

    def __floordiv__(self, other: float) -> Real:
        return Real(floor_divide(float(self), float(other)))

    def __rfloordiv__(self, other: float) -> Real:
        return Real(floor_divide(float(other), float(self)))

    def __mod__(self, other: float) -> Real:
        return Real(remainder(float(self), float(other)))

    def __rmod__(self, other: float) -> Real:
        return Real(remainder(float(other), float(self)))

    def __pow__(self, other: float) -> Real:  # type: ignore[override]
        return Real(power(float(self), float(other)))

    def __rpow__(self, other: float) -> Real:  # type: ignore[override]
        return Real(power(float(other), float(self)))

    def __neg__(self) -> Real:
        return Real(-float(self))

    def __abs__(self) -> Real:
        return Real(abs(float(self)))

    __radd__ = __add__
    __rmul__ = __mul__

    @staticmethod
    def __apply_op__(op: Any, operands: tuple[float, ...]) -> Real:
        """How an operation reads Reals; see ``ops.Op.__call__``."""
        if op.elementary:
            return Real(op.forward(*map(float, operands)))
        return Real(op.forward(*map(Real, operands)))
