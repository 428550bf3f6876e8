"""NumPy and Values together, in both directions: scalars, arrays of Values, and the engine's functions on arrays.

``test_ops`` checks that the operations give the same numbers for arrays as for floats.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value

np = pytest.importorskip("numpy")

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
every_operator = pytest.mark.parametrize("sign", OPERATORS)

SCALARS: dict[str, Any] = {
    "float64": np.float64(3.0),
    "float32": np.float32(3.0),
    "float16": np.float16(3.0),
    "longdouble": np.longdouble(3.0),
    "int64": np.int64(3),
    "uint8": np.uint8(3),
    "bool_": np.bool_(True),
    "0-d float array": np.array(3.0),
    "0-d int array": np.array(3),
    "0-d bool array": np.array(True),
}
every_scalar = pytest.mark.parametrize("kind", SCALARS)


def values(*numbers: float) -> Any:
    """An array of Values."""
    return np.array([Value(x) for x in numbers], dtype=object)


def data(array: Any) -> list[float]:
    return [x.data for x in np.ravel(array)]


def gradients(array: Any) -> list[float]:
    return [x.grad for x in np.ravel(array)]


# --- scalars ------------------------------------------------------------------------------------------------------


@every_operator
@every_scalar
def test_every_numpy_scalar_is_an_operand_on_both_sides(sign: str, kind: str) -> None:
    function, scalar = OPERATORS[sign], SCALARS[kind]
    number = float(scalar)
    v = Value(2.5)
    for result, expected in (
        (function(v, scalar), function(2.5, number)),
        (function(scalar, v), function(number, 2.5)),
    ):
        assert isinstance(result, Value)
        assert result.data == expected
        assert type(result.data) is float
        assert v in result.operands
        result.backward()
    assert type(v.grad) is float


@pytest.mark.parametrize("sign", COMPARISONS)
@every_scalar
def test_numpy_scalars_compare_with_values(sign: str, kind: str) -> None:
    compare, scalar = COMPARISONS[sign], SCALARS[kind]
    for x in (0.5, float(scalar), 7.0):
        assert compare(Value(x), scalar) == compare(x, float(scalar))
        assert compare(scalar, Value(x)) == compare(float(scalar), x)


@every_scalar
def test_numpy_scalars_make_leaves_and_go_into_functions(kind: str) -> None:
    scalar = SCALARS[kind]
    number = float(scalar)
    leaf = Value(scalar)
    assert (leaf.data, type(leaf.data)) == (number, float)
    assert autograd.dot([Value(2.0)], [scalar], scalar).data == 3.0 * number
    assert autograd.sum([Value(2.0), scalar]).data == 2.0 + number
    assert autograd.maximum(scalar, Value(0.5)).data == number
    assert type(autograd.square(scalar)) is float
    leaf.data = scalar + scalar
    assert leaf.data == float(scalar + scalar)


@every_operator
@pytest.mark.parametrize(
    "wrong", [np.complex128(1j), np.str_("a"), np.array(1j), np.datetime64("2020")], ids=lambda x: type(x).__name__
)
def test_numpy_scalars_that_are_no_real_numbers_are_refused(sign: str, wrong: Any) -> None:
    for operands in ((Value(2.0), wrong), (wrong, Value(2.0))):
        with pytest.raises(TypeError):
            OPERATORS[sign](*operands)
    with pytest.raises(TypeError, match=type(wrong).__name__):
        Value(2.0) + wrong


# --- arrays -------------------------------------------------------------------------------------------------------


@every_operator
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
def test_an_array_of_numbers_and_a_value(sign: str, dtype: str) -> None:
    """The operator is applied to each entry, with the array on either side, and gives an array of Values."""
    function, array = OPERATORS[sign], np.array([[1, 2], [3, 4]]).astype(dtype)
    numbers = array.astype(float)
    for result, expected in (
        (function(Value(2.5), array), function(2.5, numbers)),
        (function(array, Value(2.5)), function(numbers, 2.5)),
    ):
        assert result.shape == (2, 2)
        assert all(isinstance(x, Value) for x in result.ravel())
        assert data(result) == pytest.approx(list(expected.ravel()), rel=1e-15)


def test_rules_of_ones_own_read_arrays_as_they_read_numbers() -> None:
    """Conditions count as 1 and 0, although NumPy's True + True is True; a rule may give one number for all entries."""
    rules: list[tuple[Any, int]] = [
        (lambda a, b: ((a > 0) * 1 + (b > 0) + (a == b) + (a != b) * 2) * a, 2),
        (lambda a, b: autograd.where((a >= 0) & (b <= 2), autograd.exp(a), autograd.maximum(a, b)), 2),
        (lambda a: 3.0, 1),
    ]
    columns = np.array([1.0, -2.0, 3.0]), np.array([1.0, 2.0, -3.0])
    for forward, arity in rules:
        op = autograd.op("read_as_numbers", forward, lambda *xs: (0.0,) * (len(xs) - 1), arity=arity)
        made = op(*columns[:arity])
        assert type(made) is np.ndarray
        assert made.tolist() == [op(*row) for row in zip(*[column.tolist() for column in columns[:arity]])]


def test_gradients_through_an_array_of_numbers() -> None:
    v, array = Value(2.5), np.array([1.0, 2.0, 3.0])
    (v * array).sum().backward()
    assert v.grad == 6.0
    (array / v).sum().backward()
    assert v.grad == pytest.approx(6.0 - 6.0 / 2.5**2, rel=1e-15)


@every_operator
def test_an_array_of_values_with_arrays_values_and_numbers(sign: str) -> None:
    function, numbers = OPERATORS[sign], np.array([1.5, 2.0, 0.5])
    array = values(*numbers)
    for other, plain in (
        (numbers, numbers),
        (values(*numbers), numbers),
        (Value(2.0), 2.0),
        (2, 2.0),
        (np.float32(2), 2.0),
    ):
        assert data(function(array, other)) == pytest.approx(list(function(numbers, plain)), rel=1e-15)
        assert data(function(other, array)) == pytest.approx(list(function(plain, numbers)), rel=1e-15)


@pytest.mark.parametrize("sign", COMPARISONS)
def test_comparisons_go_through_arrays(sign: str) -> None:
    compare, numbers = COMPARISONS[sign], np.array([1.0, 2.0, 3.0])
    array = values(*numbers)
    assert list(compare(numbers, Value(2.0))) == list(compare(numbers, 2.0))
    assert list(compare(Value(2.0), numbers)) == list(compare(2.0, numbers))
    assert list(compare(array, 2.0)) == list(compare(numbers, 2.0))
    assert list(compare(array, numbers[::-1])) == list(compare(numbers, numbers[::-1]))


def test_matrix_product_of_values() -> None:
    """y = W x:  d(sum y)/dW[i][j] = x[j],  d(sum y)/dx[j] = sum over i of W[i][j]."""
    weights = values(1.0, 2.0, 3.0, 4.0, 5.0, 6.0).reshape(2, 3)
    x = values(7.0, 8.0, 9.0)
    y = weights @ x
    assert data(y) == [7.0 + 16.0 + 27.0, 28.0 + 40.0 + 54.0]
    y.sum().backward()
    assert gradients(weights) == [7.0, 8.0, 9.0] * 2
    assert gradients(x) == [5.0, 7.0, 9.0]
    assert data(weights @ np.array([1.0, 0.0, -1.0])) == [-2.0, -2.0]
    assert data(np.array([[1.0, 1.0]]) @ weights) == [5.0, 7.0, 9.0]
    assert np.dot(x, x).data == 49.0 + 64.0 + 81.0


def test_reductions_of_values() -> None:
    array = values(1.0, 2.0, 3.0, 4.0).reshape(2, 2)
    assert isinstance(array.sum(), Value)
    assert (array.sum().data, array.mean().data, array.prod().data) == (10.0, 2.5, 24.0)
    assert data(array.sum(axis=0)) == [4.0, 6.0]
    assert (array.max().data, array.min().data) == (4.0, 1.0)


UFUNCS = [
    "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "square", "reciprocal", "negative", "positive", "absolute",
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
]  # fmt: skip


@pytest.mark.parametrize("name", UFUNCS)
def test_numpy_functions_on_arrays_of_values(name: str) -> None:
    function, numbers = getattr(np, name), np.array([0.25, 0.5])
    array = values(*numbers)
    result = function(array)
    assert data(result) == pytest.approx(list(function(numbers)), rel=1e-15)
    result.sum().backward()
    h = 1e-6
    numeric = (function(numbers + h) - function(numbers - h)) / (2 * h)
    assert gradients(array) == pytest.approx(list(numeric), rel=1e-8)


@pytest.mark.parametrize("name", ["exp", "arctan", "square", "positive"])
def test_numpy_functions_on_a_single_value(name: str) -> None:
    v = Value(0.5)
    result = getattr(np, name)(v)
    assert isinstance(result, Value)
    assert result.data == pytest.approx(getattr(np, name)(0.5), rel=1e-15)


@pytest.mark.parametrize("name", ["exp", "relu", "sigmoid", "abs", "erf", "square"])
def test_the_engine_s_functions_on_arrays_of_values(name: str) -> None:
    function = getattr(autograd, name)
    array = values(-1.0, 0.5, 2.0).reshape(3, 1)
    result = function(array)
    assert result.shape == (3, 1)
    assert data(result) == [function(x) for x in (-1.0, 0.5, 2.0)]


def test_functions_of_more_operands_broadcast_over_mixed_arrays() -> None:
    column, row = values(1.0, 3.0).reshape(2, 1), np.array([2.0, 3.0])
    result = autograd.maximum(column, row)
    assert data(result) == [2.0, 3.0, 3.0, 3.0]
    result.sum().backward()  # below, below; above, and a tie, which gives half
    assert gradients(column) == [0.0, 1.5]
    chosen = autograd.where(np.array([True, False]), values(1.0, 2.0), np.array([5.0, 6.0]))
    assert data(chosen) == [1.0, 6.0]


def test_functions_of_an_array_and_a_single_value() -> None:
    """As with operators, the function is applied to each entry, whichever operand the array is."""
    numbers, v = np.array([1.0, 3.0]), Value(2.0)
    for result in (autograd.maximum(numbers, v), autograd.maximum(v, numbers), autograd.clip(numbers, v, 9.0)):
        assert data(result) == [2.0, 3.0]
    assert data(autograd.mul(numbers, v)) == data(numbers * v) == [2.0, 6.0]


def test_sequences_of_arrays_add_elementwise() -> None:
    assert list(autograd.sum([np.array([1.0, 2.0]), np.array([3.0, 4.0])])) == [4.0, 6.0]
    assert data(autograd.sum([values(1.0, 2.0), np.array([3.0, 4.0])])) == [4.0, 6.0]
    assert autograd.sum(values(1.0, 2.0)).data == 3.0
    assert autograd.dot(values(1.0, 2.0), np.array([3.0, 4.0])).data == 11.0


@given(st.lists(st.floats(), min_size=1, max_size=5), st.sampled_from(sorted(autograd.ops.BUILTIN)))
@settings(deadline=None)
def test_no_warning_escapes_on_arrays(numbers: list[float], name: str) -> None:
    """0/0, log(-1) and overflow give nan and inf without a warning, as for floats and Values."""
    op = autograd.ops.OPS[name]
    array = np.array(numbers)
    count = op.arity or 3
    operands = ([array] * count,) if op.arity is None else (array,) * count
    if name == "dot":
        operands = ([array], [array], array)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.shape(op(*operands)) == array.shape


def test_lists_are_not_arrays() -> None:
    with pytest.raises(TypeError, match=r"list: \[1\.0, 2\.0\]"):
        Value(1.0) * [1.0, 2.0]
    with pytest.raises(TypeError, match=r"exp takes real numbers.* not list"):
        autograd.exp([1.0, 2.0])


@pytest.mark.parametrize("array", [np.array([1j]), np.array(["a"]), np.array(["2020"], dtype="datetime64")])
def test_arrays_of_anything_but_numbers_are_refused(array: Any) -> None:
    with pytest.raises(TypeError, match=r"exp\(\) takes arrays of real numbers, not of"):
        autograd.exp(array)


def test_making_a_number_array_of_values_is_refused() -> None:
    with pytest.raises(TypeError, match=r"v\.data"):
        np.array([Value(1.0)], dtype=float)


def test_pickling_an_array_of_values() -> None:
    import pickle

    array = values(1.0, 2.0)
    array[0].label = "first"
    twin = pickle.loads(pickle.dumps(array))
    assert (data(twin), twin[0].label) == ([1.0, 2.0], "first")
