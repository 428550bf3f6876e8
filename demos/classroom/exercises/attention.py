"""The exercises of the lesson on convolution and attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import nn
from autograd import Value, dot

from ..checking import Wrong, call, close, expect, number


def terms_of_a_weight(answer: object) -> None:
    """The answer is (8 - 3 + 1)² = 36, the number of places at which the filter can stand."""
    n = number(answer)
    if n == 36:
        return
    if n == 64:
        raise Wrong("The filter does not go over the borders, so it does not stand at every pixel. Where can it begin?")
    if n == 9:
        raise Wrong("9 is how many weights there are. At how many places is each of them used?")
    if n == 6:
        raise Wrong("6 is right for one dimension. There are 6 rows of places, with 6 places each.")
    if n == 25:
        raise Wrong("In a row of 8 a filter of 3 can begin at 1, 2, ..., 6. That is 8 - 3 + 1 places, not 8 - 3.")
    if n == 324:
        raise Wrong("324 products are computed in all, 9 at each place. One weight takes part in how many of them?")
    raise Wrong(f"{n:g} is not it. At how many places can the filter stand? The weight is used once at each.")


def attend(answer: object) -> None:
    """The answer is a function: the sum of the values, weighted by the softmax of the scaled scores."""
    query, keys, values = [1.0, 2.0], [[1.0, 0.0], [0.5, 1.0], [-1.0, 0.3]], [[1.0, 0.0], [0.0, 3.0], [5.0, -2.0]]
    what = "attend([1, 2], [[1, 0], [0.5, 1], [-1, 0.3]], [[1, 0], [0, 3], [5, -2]])"
    got = call(answer, what, query, keys, values)
    if not isinstance(got, (list, tuple)):
        raise Wrong("The output is a list, as long as a value is; here of 2 numbers.")
    if len(got) == 3:
        raise Wrong("That is a number for each key. The output has as many numbers as a value: sum over the keys.")
    if len(got) != 2:
        raise Wrong(f"The output is as long as a value is; here it should have 2 numbers, and has {len(got)}.")
    wanted = _attend(query, keys, values)
    for other, words in (
        (_attend(query, keys, values, scale=1.0), "The scores are not divided by the root of d, the length of a key."),
        (_attend(query, keys, values, scale=0.5), "The scores are divided by d. Divide by its root, math.sqrt(d)."),
        (_attend(query, keys, values, share=False), "The scores are not made to shares: softmax is missing."),
        (_attend(query, keys, keys), "That is a mean of the keys. The output is made of the values."),
        (_attend(query, values, values), "The scores are computed with the values. They are query · key."),
        ([sum(v[k] for v in values) / 3 for k in (0, 1)], "All values have the same share. It depends on the query."),
    ):
        if all(close(x, y) for x, y in zip(got, other)):
            raise Wrong(words)
    for k in (0, 1):
        expect(got[k], wanted[k], f"number {k + 1} of {what}")
    large = call(answer, "attend([1000], [[1], [2]], [[3], [4]])", [1000.0], [[1.0], [2.0]], [[3.0], [4.0]])
    if math.isnan(number(large[0])):
        raise Wrong(
            "With scores of 1000 and 2000 the output is nan. Subtract the largest score first, or use nn.softmax."
        )
    expect(large[0], 4.0, "attend([1000], [[1], [2]], [[3], [4]])")
    longer = [1.0, -1.0, 0.5, 2.0]
    of_four = [[0.1, 0.2, 0.3, 0.4], [1.0, 0.0, -1.0, 0.5]]
    (one,) = call(
        answer, "attend of a query of four numbers, two keys, and values of one number", longer, of_four, [[1.0], [2.0]]
    )
    (right,) = _attend(longer, of_four, [[1.0], [2.0]])
    expect(one, right, "The output for a query of four numbers (is d the length of the key?)")
    q = [Value(1.0), Value(2.0)]
    with_values = call(answer, "attend with a query of Values", q, keys, values)
    if not isinstance(with_values[0], Value):
        raise Wrong(
            "Of a query of Values the output should be Values, so that it has gradients. Is there a float(...)?"
        )
    with_values[0].backward()
    p = [Value(1.0), Value(2.0)]
    _attend(p, keys, values)[0].backward()
    expect(q[0].grad, p[0].grad, "The gradient of the first output by the first number of the query")


def _attend(query: Sequence[Any], keys: Any, values: Any, scale: float | None = None, share: bool = True) -> list[Any]:
    factor = len(query) ** -0.5 if scale is None else scale
    scores = [dot(query, key) * factor for key in keys]
    shares = nn.softmax(scores) if share else scores
    return [dot(shares, column) for column in zip(*values)]


ANSWERS = {"terms_of_a_weight": 36, "attend": _attend}
