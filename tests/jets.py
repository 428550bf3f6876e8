"""Derivatives of formulas, to any order and any number of digits: truncated Taylor series over mpmath's numbers.

A `Jet` is a function near a point: the coefficients of its Taylor series there, up to an order. A formula that is
applied to the jets of its operands gives the jet of its result; apart from mpmath's rounding the result is exact. Sums
and products are those of polynomials. A function of one operand needs its own Taylor coefficients: for `exp`, `sin`,
`cos` and `power` they are known; those of other functions follow from the derivative, by `integral`. Nothing here uses
the engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import add
from typing import Any

from mpmath import mp, mpf

Index = tuple[int, ...]
"""How often to differentiate with respect to each variable."""
Number = Any
"""A Jet or an mpf: functions here take either."""


class Kink(ArithmeticError):
    """A formula chooses between branches at the very point where they meet, so it has no derivative there."""


class Jet:
    """A polynomial in the variables' distances from a point.

    Attributes
    ----------
    terms : dict
        Its coefficients, by the exponents; those that are 0 may be missing.
    order : int
        The largest sum of exponents.

    Examples
    --------
    >>> x, y = variables([mpf(2), mpf(3)], 2)
    >>> {exponents: int(c) for exponents, c in (x * x * y).terms.items()}
    {(0, 0): 12, (0, 1): 4, (1, 0): 12, (1, 1): 4, (2, 0): 3}
    """

    __slots__ = ("order", "terms")

    def __init__(self, terms: dict[Index, mpf], order: int) -> None:
        self.terms = terms
        self.order = order

    @property
    def value(self) -> mpf:
        """The polynomial at the point itself."""
        return self.terms.get(self._constant, mpf(0))

    @property
    def _constant(self) -> Index:
        return (0,) * len(next(iter(self.terms)))

    def derivative(self, index: Index) -> mpf:
        """The derivative at the point; `index` says how often to differentiate with respect to each variable."""
        return self.terms.get(index, mpf(0)) * math.prod(map(math.factorial, index))

    def _plus(self, other: Any, sign: int) -> Jet:
        added = other.terms if isinstance(other, Jet) else {self._constant: other}
        terms = dict(self.terms)
        for index, c in added.items():
            terms[index] = terms.get(index, 0) + sign * c
        return Jet(terms, self.order)

    def __add__(self, other: Any) -> Jet:
        return self._plus(other, 1)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Jet:
        return self._plus(other, -1)

    def __rsub__(self, other: Any) -> Jet:
        return (-self)._plus(other, 1)

    def __neg__(self) -> Jet:
        return Jet({index: -c for index, c in self.terms.items()}, self.order)

    def __abs__(self) -> Jet:
        return -self if self < 0 else self

    def __mul__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            return Jet({index: c * other for index, c in self.terms.items()}, self.order)
        product: dict[Index, mpf] = {}
        right = sorted((sum(index), index, c) for index, c in other.terms.items() if c)
        for i, a in self.terms.items():
            room = self.order - sum(i)
            for degree, j, b in right if a else ():
                if degree > room:
                    break
                k = tuple(map(add, i, j))
                product[k] = product[k] + a * b if k in product else a * b
        return Jet(product or {self._constant: mpf(0)}, self.order)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Jet:
        quotient: Jet = self * (mpf(1) / other)
        return quotient

    def __rtruediv__(self, other: Any) -> Jet:
        quotient: Jet = self.of(_powers(self.value, -1, self.order)) * other
        return quotient

    def _from(self, other: Any) -> mpf:
        distance = self.value - value(other)
        if distance == 0:
            raise Kink
        return distance

    def __lt__(self, other: Any) -> bool:
        return bool(self._from(other) < 0)

    def __gt__(self, other: Any) -> bool:
        return bool(self._from(other) > 0)

    def __bool__(self) -> bool:
        return bool(self.value)

    def of(self, coefficients: Sequence[mpf]) -> Jet:
        """A function of this jet, from the function's own Taylor coefficients at its value."""
        step = self - self.value
        made = Jet({self._constant: coefficients[-1]}, self.order)
        for c in reversed(coefficients[:-1]):
            made = made * step + c
        return made


def variables(point: Sequence[mpf], order: int) -> list[Jet]:
    """The variables themselves, as jets at a point."""
    axes = [tuple(int(i == k) for i in range(len(point))) for k in range(len(point))]
    return [Jet({(0,) * len(point): x, axis: mpf(1)}, order) for x, axis in zip(point, axes)]


def value(x: Number) -> mpf:
    """The number that a jet has at its point."""
    return x.value if isinstance(x, Jet) else x


# --- functions ----------------------------------------------------------------------------------------------------


def function(
    apply: Callable[[mpf], mpf], coefficients: Callable[[mpf, int], Sequence[mpf]]
) -> Callable[[Number], Number]:
    """A function of one operand: `apply` computes it, and `coefficients` its Taylor coefficients up to an order."""
    return lambda x: x.of(coefficients(x.value, x.order)) if isinstance(x, Jet) else apply(x)


def integral(apply: Callable[[mpf], mpf], slope: Callable[[Number], Number]) -> Callable[[Number], Number]:
    """A function of one operand from its derivative, which is a formula; `apply` computes the function itself.

    Examples
    --------
    >>> logarithm = integral(mp.log, lambda t: 1 / t)
    >>> (x,) = variables([mpf(2)], 3)
    >>> logarithm(x).derivative((3,))  # 2/x**3
    mpf('0.25')
    """

    def coefficients(x: mpf, order: int) -> list[mpf]:
        if order == 0:
            return [apply(x)]
        (t,) = variables([x], order - 1)
        rate = slope(t)
        return [apply(x), *(rate.terms.get((k,), mpf(0)) / (k + 1) for k in range(order))]

    return function(apply, coefficients)


def power(x: Number, exponent: mpf | int) -> Number:
    """x to the power of a constant."""
    return x.of(_powers(x.value, exponent, x.order)) if isinstance(x, Jet) else x**exponent


def _powers(x: mpf, exponent: mpf | int, order: int) -> list[mpf]:
    """Taylor coefficients of a power: the binomial series."""
    coefficients, binomial = [], mpf(1)
    for k in range(order + 1):
        coefficients.append(binomial * x ** (exponent - k) if binomial else mpf(0))
        binomial = binomial * (exponent - k) / (k + 1)
    return coefficients


def _cycle(order: int, *derivatives: mpf) -> list[mpf]:
    """Taylor coefficients of a function whose derivatives repeat in a cycle, such as those of sin."""
    return [derivatives[k % len(derivatives)] / math.factorial(k) for k in range(order + 1)]


def _exp(x: mpf) -> mpf:
    return mp.exp(max(x, mpf(-100_000)))  # e**-100000 is 10**-43430; mpmath is slow for far smaller numbers


exp = function(_exp, lambda x, order: _cycle(order, _exp(x)))
log = integral(mp.log, lambda t: 1 / t)
sin = function(mp.sin, lambda x, order: _cycle(order, mp.sin(x), mp.cos(x), -mp.sin(x), -mp.cos(x)))
cos = function(mp.cos, lambda x, order: _cycle(order, mp.cos(x), -mp.sin(x), -mp.cos(x), mp.sin(x)))


def sqrt(x: Number) -> Number:
    """The square root."""
    return power(x, mpf(0.5))


def floor(x: Number) -> Number:
    """The largest whole number up to x; a kink at whole numbers."""
    whole = mp.floor(value(x))
    if not isinstance(x, Jet):
        return whole
    if whole == x.value:
        raise Kink
    return 0 * x + whole
