"""The exercises of the lesson on several examples at once."""

from __future__ import annotations

from typing import Any

from ..checking import Wrong, call, close, number


def rate(answer: object) -> None:
    """The answer is 0.5 / 3: the gradient is 3 times as large, so the rate is a third."""
    got = number(answer)
    if close(got, 0.5 / 3, rel=1e-2):
        return
    if close(got, 1.5):
        raise Wrong("The gradient is 3 times as large without 1/m. So that a step stays the same, the rate is smaller.")
    if close(got, 0.5):
        raise Wrong("With 0.5 the steps would be 3 times as large, for the gradient is a sum of three now, not a mean.")
    if close(got, 0.25) or close(got, 1.0) or close(got, 0.5 / 6, rel=1e-2):
        raise Wrong("The half in front is still there. Only the division by m = 3 is gone.")
    raise Wrong(f"With {got:.4g} a step is {got:.4g} · 3 times the mean gradient. It should be 0.5 times.")


def gradients(answer: object) -> None:
    """The answer is a function: dW = D A^T, and db, the sum of D's columns."""
    import numpy as np

    D = np.array([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]])
    A = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 0.0], [2.0, 0.0, 1.0], [1.0, 1.0, -1.0]])
    what = "gradients(D, A), with D 2 x 3 and A 4 x 3"
    dW, db = _pair(answer, what, D, A)
    right_W, right_b = D @ A.T, D.sum(axis=1, keepdims=True)
    if dW.shape == (4, 2):
        raise Wrong("dW is transposed: it should have the shape of W, 2 x 4. It is D times A transposed.")
    if dW.shape != (2, 4):
        raise Wrong(f"dW should be 2 x 4, as W is, and has the shape {dW.shape}. It is the matrix product D @ A.T.")
    if np.allclose(dW, right_W / 3):
        raise Wrong("dW is a third of what it should be: 1/m is in the deltas already.")
    if not np.allclose(dW, right_W):
        raise Wrong(f"dW[0, 0] should be the sum over the examples of D[0, i] · A[0, i], {right_W[0, 0]:g}.")
    if db.shape == (2,):
        raise Wrong("db should be a column, 2 x 1, as the bias is. Use keepdims=True in the sum.")
    if db.shape == (1, 3) or db.shape == (3,):
        raise Wrong("db was added up over the units. Add over the examples, the columns: axis=1.")
    if db.shape != (2, 1):
        raise Wrong(f"db should be a column, 2 x 1, and has the shape {db.shape}. It is the sum of D's columns.")
    if np.allclose(db, right_b / 3):
        raise Wrong("db is a third of what it should be: 1/m is in the deltas already. Take the sum, not the mean.")
    if not np.allclose(db, right_b):
        raise Wrong(f"db[0] should be the sum of D's first row, {right_b[0, 0]:g}.")
    if not (np.array_equal(D[0], [0.1, -0.2, 0.3]) and np.array_equal(A[1], [0.5, -1.0, 0.0])):
        raise Wrong("gradients changed the arrays that it was given.")
    one = _pair(answer, "gradients of a single example", D[:, :1], A[:, :1])
    if not (np.allclose(one[0], D[:, :1] @ A[:, :1].T) and np.allclose(one[1], D[:, :1])):
        raise Wrong("With a single example dW is the outer product of delta and signal, and db is delta.")


def _pair(answer: object, what: str, D: Any, A: Any) -> tuple[Any, Any]:
    """What the reader's function returns, if it is a pair of arrays."""
    import numpy as np

    got = call(answer, what, D, A)
    if not (isinstance(got, (tuple, list)) and len(got) == 2):
        raise Wrong(f"{what} should return a pair: (dW, db).")
    try:
        dW, db = (np.array(part, dtype=float) for part in got)
    except (TypeError, ValueError):
        raise Wrong(f"{what} should return two arrays of numbers: (dW, db).") from None
    return dW, db


def _gradients(D: Any, A: Any) -> tuple[Any, Any]:
    return D @ A.T, D.sum(axis=1, keepdims=True)


ANSWERS = {"rate": 0.5 / 3, "gradients": _gradients}
