"""Users' code around nodes: comparisons, copies and look-ups mean what they mean for floats.

A function is written once and called with floats and with Values; its derivative is that of the branch taken, by hand
or by dual numbers. Where Values cannot behave as floats, an error says so.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import operator
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import (
    CompileError,
    Graph,
    Value,
    grad,
    jacfwd,
    jacobian,
    jvp,
    log,
    sigmoid,
    sin,
    value_and_grad,
    vjp,
    where,
)

SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

few = st.sampled_from([-2.0, -0.0, 0.0, 0.5, 1.0, 3.0, math.inf, -math.inf, math.nan])
"""Few numbers, so that two drawn ones are often equal."""

# --- with a number on the other side ------------------------------------------------------------------------------

OTHERS: list[Any] = [
    *(0, 1, -2, True, False, 2**53, 2**53 + 1, -(2**53) - 1, 10**400, -(10**400)),
    *(0.5, -0.0, math.inf, -math.inf, math.nan, 0.1, Fraction(1, 2), Fraction(1, 10), Fraction(10**400)),
]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("other", OTHERS, ids=lambda x: f"{x!r:.20}")
@pytest.mark.parametrize("x", [0.0, 0.1, 0.5, 1.0, -2.0, 2.0**53, math.inf, math.nan])
def test_a_value_compares_with_a_number_as_its_data_do(sign: str, other: Any, x: float) -> None:
    compare = SIGNS[sign]
    assert compare(Value(x), other) is compare(x, other)
    assert compare(other, Value(x)) is compare(other, x)
    assert compare(Value(x) * 1.0, other) is compare(x, other)


@pytest.mark.parametrize("sign", SIGNS)
def test_a_value_compares_with_numpys_numbers_as_its_data_do(sign: str) -> None:
    np = pytest.importorskip("numpy")
    compare = SIGNS[sign]
    for other in (np.float64(0.1), np.float32(0.1), np.int64(2), np.array(0.5), np.bool_(True), np.float64(math.nan)):
        for x in (0.1, 0.5, 1.0, 2.0):
            assert bool(compare(Value(x), other)) is bool(compare(x, other)), (x, other)
            assert bool(compare(other, Value(x))) is bool(compare(other, x)), (other, x)


@pytest.mark.parametrize("other", [None, "1.0", (1.0,), [1.0], object(), complex(1.0, 0.0), Decimal("1.0"), b"1"])
def test_equality_with_anything_is_that_of_a_float(other: Any) -> None:
    assert (Value(1.0) == other) is (other == 1.0)
    assert (Value(1.0) != other) is (other != 1.0)
    assert (other == Value(1.0)) is (other == 1.0)


def test_numpys_choices_on_a_value_are_the_engines() -> None:
    """A tie splits the gradient in half, nan stays nan, and arrays may be the other operand."""
    np = pytest.importorskip("numpy")
    x = Value(2.0)
    assert np.maximum(x, 2.0).partials == np.minimum(2.0, x).partials == (0.5, 0.5)
    assert np.maximum(np.array([1.0, 2.0, 3.0]), x)[1].partials == (0.5, 0.5)
    for made, op in ((np.clip(x, 0.0, 1.0), "clip"), (np.array([5.0]).clip(x, 3.0)[0], "clip")):
        assert made.op.name == op
    assert math.isnan(np.maximum(Value(math.nan), 1.0).data) and math.isnan(np.minimum(1.0, Value(math.nan)).data)
    assert grad(lambda x: np.maximum(x, 0.0) + np.clip(x, -1.0, 1.0))(0.5) == 2.0
    assert grad(lambda a: np.float32(2) * np.maximum(a[0], a[1]))(np.array([1.0, 3.0])).tolist() == [0.0, 2.0]
    with pytest.raises(TypeError, match=r"use math\.floor\(v\.data\)"):
        np.floor(x)
    with pytest.raises(TypeError, match="cannot write into ndarray"):
        x.clip(0, 1, out=np.array([0.0]))


def test_arrays_of_values_compare_number_by_number() -> None:
    np = pytest.importorskip("numpy")
    a = np.array([Value(0.5), Value(1.0)])
    assert (a == 0.5).tolist() == (a == 0.5).tolist() == [True, False]
    assert (a != np.array([0.5, 0.5])).tolist() == [False, True]
    assert np.where(a == 0.5, 1, 2).tolist() == [1, 2]
    assert (Value(0.5) == np.array([0.5, 1.0])).tolist() == [True, False]
    assert np.count_nonzero(a == 1) == 1


def test_lists_and_matching_go_by_it() -> None:
    label: Any = Value(2)
    assert [1.0 if label == k else 0.0 for k in range(4)] == [0.0, 0.0, 1.0, 0.0]
    assert label in [1, 2] and label not in (0, 1) and [0, 1, 2].index(label) == 2
    assert [0, label, 2.0].count(2) == 2
    assert where(label == 2, 5.0, 6.0) == 5.0


# --- functions of comparisons and branches ------------------------------------------------------------------------

# Expressions of x[0], x[1] and numbers; conditions of them; and choices between two expressions by a condition.
_numbers = st.sampled_from(["0", "1.0", "0.5", "-2.0", "3", "True"])
_inputs = st.sampled_from(["x[0]", "x[1]"])
_sums = st.builds("({} {} {})".format, _inputs, st.sampled_from("+-*"), _inputs | _numbers)
_operands = _inputs | _sums
_conditions = (
    st.builds("{} {} {}".format, _operands, st.sampled_from(list(SIGNS)), _operands | _numbers)
    | st.builds("{} {} {}".format, _numbers, st.sampled_from(list(SIGNS)), _operands)
    | st.builds("{} {} ({}, {})".format, _operands, st.sampled_from(["in", "not in"]), _operands | _numbers, _numbers)
)
_programs = st.recursive(
    _operands | _numbers,
    lambda inner: (
        st.builds("({} if {} else {})".format, inner, _conditions, inner)
        | st.builds("({} if {} and not {} else {})".format, inner, _conditions, _conditions, inner)
        | st.builds("({} {} {})".format, inner, st.sampled_from("+*"), inner)
        | st.builds("{}({}, {})".format, st.sampled_from(["max", "min"]), inner, inner)
    ),
    max_leaves=6,
)
_data = st.sampled_from([-2.0, 0.0, 0.5, 1.0, 3.0])


@functools.total_ordering
class Dual:
    """A number and its derivative, after Clifford: (a + a'e) with e*e = 0. It compares as its number does."""

    def __init__(self, number: float, slope: float = 0.0) -> None:
        self.number, self.slope = number, slope

    def __eq__(self, other: object) -> bool:
        return self.number == _dual(other).number

    def __lt__(self, other: object) -> bool:
        return self.number < _dual(other).number

    def __add__(self, other: object) -> Dual:
        b = _dual(other)
        return Dual(self.number + b.number, self.slope + b.slope)

    def __sub__(self, other: object) -> Dual:
        b = _dual(other)
        return Dual(self.number - b.number, self.slope - b.slope)

    def __mul__(self, other: object) -> Dual:
        b = _dual(other)
        return Dual(self.number * b.number, self.slope * b.number + self.number * b.slope)

    __radd__, __rmul__ = __add__, __mul__
    __hash__ = None  # type: ignore[assignment]


def _dual(x: Any) -> Dual:
    return x if isinstance(x, Dual) else Dual(float(x))


@given(_programs, _data, _data)
@example("(x[0] if x[0] == x[1] else x[1])", 1.0, 1.0)
@example("(x[0] if x[0] != x[0] else x[1])", 1.0, 1.0)
@example("(x[0] if (x[0] * 1.0) in (x[1], 0) else 3)", 0.5, 0.5)
def test_functions_of_branches_give_on_values_what_they_give_on_floats(program: str, a: float, b: float) -> None:
    """In every function that differentiates; the expected derivative, of the branch taken, is by dual numbers."""
    f = eval(f"lambda x: {program}")
    expected = float(f([a, b]))
    slopes = [_dual(f([Dual(a, 1.0), Dual(b)])).slope, _dual(f([Dual(a), Dual(b, 1.0)])).slope]
    assert value_and_grad(f)([a, b]) == (expected, slopes)
    assert jvp(f, ([a, b],), ([1.0, -1.0],)) == (expected, pytest.approx(slopes[0] - slopes[1]))
    value, back = vjp(f, [a, b])
    assert (value, back(1.0)) == (expected, (slopes,))
    assert jacobian(f)([a, b]) == jacfwd(f)([a, b]) == slopes
    assert grad(lambda y: value_and_grad(f)([y, b])[0])(a) == slopes[0]  # one transform inside another


def test_the_limit_of_a_quotient_is_a_branch() -> None:
    """sin(x)/x at 0 is 1, with slope 0."""

    def sinc(x: Any) -> Any:
        return 1.0 if x == 0 else sin(x) / x

    assert value_and_grad(sinc)(0.0) == (1.0, 0.0)
    assert grad(sinc)(0.5) == pytest.approx(math.cos(0.5) / 0.5 - math.sin(0.5) / 0.25, rel=1e-14)
    assert grad(lambda x: x * x if x != 0 else 7.0 * x)(0.0) == 7.0


# --- two Values in a function that is being differentiated --------------------------------------------------------

w = Value(3.0, "w")


@pytest.mark.parametrize("name", ["grad", "jvp", "vjp", "jacobian", "jacfwd", "elementwise_grad", "hvp", "gradcheck"])
def test_wherever_a_function_is_differentiated_values_compare_as_numbers(name: str) -> None:
    """f is 5x where x, y and w are equal: every comparison says so."""
    seen = []

    def f(x: Any, y: Any) -> Any:
        seen.append([x == y, x * 1.0 == y, x == w, w == x, (x != y) is False, x in [w], [y].count(x) == 1, x == 3])
        return 5.0 * x + 0.0 * y

    calls: dict[str, Callable[[], Any]] = {
        "grad": lambda: grad(f)(3.0, 3.0),
        "jvp": lambda: jvp(f, (3.0, 3.0), (1.0, 0.0)),
        "vjp": lambda: vjp(f, 3.0, 3.0)[1](1.0),
        "hvp": lambda: autograd.hvp(f, (3.0, 3.0), (1.0, 0.0)),
        "gradcheck": lambda: autograd.gradcheck(f, (3.0, 3.0)),
    }
    for also in ("jacobian", "jacfwd", "elementwise_grad"):
        calls[also] = lambda also=also: getattr(autograd, also)(f)(3.0, 3.0)  # type: ignore[misc]
    calls[name]()
    assert seen[0] == [True] * 8


def test_what_does_not_depend_on_the_arguments_is_asked_about() -> None:
    """Comparing two parameters is refused if identity and numbers disagree, and answered if they agree."""
    p, q, r = Value(0.0, "p"), Value(0.0, "q"), Value(1.0, "r")
    assert grad(lambda x: x * 2 if p == p and p != r and p in [p, q] else x)(1.0) == 2.0
    with pytest.raises(
        TypeError,
        match=r"'p' \(data 0\) and 'q' \(data 0\) are different Values with equal "
        r"numbers",
    ):
        grad(lambda x: x if p == q else 2 * x)(1.0)
    assert p != q  # outside


def test_outside_and_in_other_threads_equality_stays_identity() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def f(x: Any) -> Any:
        inside.set()
        go_on.wait(10.0)
        return x * x

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(grad(f), 3.0)
        inside.wait(10.0)
        a, b = Value(1.0), Value(1.0)
        assert a != b and a * 1.0 != b and len({a, b}) == 2 and copy.deepcopy(a * b) != a
        go_on.set()
        assert running.result() == 6.0


def test_threads_that_a_function_starts_see_numbers_too() -> None:
    """x x + x y if x equals y, compared in another thread: the derivatives are 2x + y and x."""

    def f(v: Any) -> Any:
        with ThreadPoolExecutor(2) as pool:
            same = list(pool.map(lambda k: v[0] * k == v[1] * k, [1.0, 2.0]))
        return v[0] * v[0] + v[0] * v[1] if all(same) else v[1]

    assert grad(f)([2.0, 2.0]) == [6.0, 2.0]
    with pytest.raises(TypeError, match="would lose its gradient"), ThreadPoolExecutor(1) as pool:
        grad(lambda x: pool.submit(lambda: pickle.loads(pickle.dumps(x))).result())(2.0)


LOOKUPS: dict[str, Callable[[Any], Any]] = {
    "in a set": lambda x: x if x in {3.0} else 2 * x,
    "in a frozenset": lambda x: x if x * 1.0 in frozenset([3.0, 4.0]) else 2 * x,
    "in a dict": lambda x: x if x in {3.0: 1} else 2 * x,
    "as a key": lambda x: {3.0: x}[x],
    "by get": lambda x: {3.0: x}.get(x, 2 * x),
    "in a tuple as key": lambda x: {(3.0, 1): x}.get((x, 1), 2 * x),
    "as a key of a memo": lambda x: functools.lru_cache(lambda y: y * y)(x),
    "in a set of its own": lambda x: x * len({x, x * 1.0}),
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_look_ups_by_hash_are_refused(name: str) -> None:
    with pytest.raises(TypeError, match=r"data 3\) stands for a number here.*as the key"):
        grad(LOOKUPS[name])(3.0)
    with pytest.raises(
        CompileError, match=rf"{__file__}:\d+: .*'?x'? .*sum of autograd\.where|{__file__}:\d+: 'a result'"
    ):
        autograd.compile(lambda x: w * LOOKUPS[name](x))([3.0])


def test_keys_of_ones_own_are_still_keys() -> None:
    """Parameters, which do not depend on the arguments, can be keys; any Value can be looked up by id or data."""
    rates, seen = {w: 2.0}, set()

    def f(x: Any) -> Any:
        seen.add(id(x))
        return rates[w] * x * {3.0: 5.0}[x.data]

    assert grad(f)(3.0) == 10.0
    assert {Value(1.0): 1} and w in {w}


# --- copies -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Pair:
    first: Any
    second: Any


class Weight(Value):
    pass


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy of a result": lambda x: copy.deepcopy(x * 1.0),
    "copy of a result": lambda x: copy.copy(x * 1.0),
    "of a list": lambda x: copy.deepcopy([1.0, [x]])[1][0],  # type: ignore[index]
    "of a dict": lambda x: copy.deepcopy({"x": x})["x"],
    "twice": lambda x: copy.deepcopy(copy.deepcopy(x)),
    "of two references": lambda x: operator.sub(*copy.deepcopy([x * 2.0, x])),
    "astuple": lambda x: dataclasses.astuple(Pair(x, 1.0))[0],
    "asdict": lambda x: dataclasses.asdict(Pair([x], 1.0))["first"][0],
    "replace": lambda x: copy.deepcopy(dataclasses.replace(Pair(1.0, 2.0), first=x)).first,
    "of an attribute": lambda x: copy.deepcopy(Pair(x, x)).second,
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_keeps_its_gradient(name: str) -> None:
    """d/dx of x times a copy of x is 2x, also in a nested derivative."""

    def f(x: Any) -> Any:
        return x * COPIES[name](x)

    assert grad(f)(3.0) == 6.0
    assert jvp(f, (3.0,), (1.0,)) == (9.0, 6.0)
    assert grad(grad(f))(3.0) == 2.0
    assert grad(lambda y: grad(lambda x: x * COPIES[name](y))(2.0))(3.0) == 1.0
    assert grad(lambda x: COPIES[name](x))(3.0) == 1.0


def test_a_copy_of_arrays_keeps_its_gradient() -> None:
    np = pytest.importorskip("numpy")
    for way in (copy.deepcopy, copy.copy, np.copy, lambda a: a.copy(), lambda a: copy.deepcopy([a])[0]):
        gradient = grad(lambda x, way=way: (x * way(x)).sum())(np.array([3.0, -1.0]))
        assert gradient.tolist() == [6.0, -2.0]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_lose_the_gradient_is_refused(protocol: int) -> None:
    for wrap in (lambda x: x, lambda x: [x], lambda x: x * w, lambda x: Pair(1.0, x)):
        with pytest.raises(TypeError, match="pickle would lose its gradient; pickle its data"):
            grad(lambda x, wrap=wrap: pickle.loads(pickle.dumps(wrap(x), protocol)))(3.0)
    assert grad(lambda x: x * pickle.loads(pickle.dumps(w * 2.0, protocol)))(3.0) == 6.0


def test_other_nodes_are_copied_in_a_function_as_outside() -> None:
    """A node that does not depend on the arguments is a constant: its copy is a graph of its own."""
    y = w * w

    def f(x: Any) -> Any:
        twin = copy.deepcopy(y)
        assert Graph(twin).leaves[0] is not w
        other = copy.copy(w)
        other.data = 10.0
        return x * twin + other

    assert grad(f)(2.0) == 9.0
    assert w.data == 3.0


def test_a_copy_has_what_the_original_has() -> None:
    def f(x: Any) -> Any:
        x.label, x.note = "mine", [1]
        twin = copy.copy(x)
        assert (twin.label, twin.note, twin is x) == ("mine", [1], False)
        return twin

    assert grad(f)(2.0) == 1.0


# --- the same while a program is recorded -------------------------------------------------------------------------


def test_comparisons_with_labels_compile() -> None:
    """-log(sigmoid(w x)) for y = 1, else -log(1 - sigmoid(w x)): the mean of two examples by hand."""
    v = Value(0.3, "v")

    def loss(x: Any, y: Any) -> Any:
        p = sigmoid(v * x)
        return where(y == 1, -log(p), 0.0) + where(y != 1, -log(1.0 - p), 0.0)

    value, gradient = autograd.compile(loss)([1.0, 2.0], [1, 0])
    sigmoids = [1.0 / (1.0 + math.exp(-0.3 * x)) for x in (1.0, 2.0)]
    assert value == pytest.approx(-(math.log(sigmoids[0]) + math.log(1.0 - sigmoids[1])) / 2, rel=1e-14)
    assert gradient.tolist() == pytest.approx([((sigmoids[0] - 1.0) * 1.0 + sigmoids[1] * 2.0) / 2], rel=1e-14)


REFUSED: dict[str, Callable[[Any, Any], Any]] = {
    "if": lambda x, y: w * x if y == 1 else w,
    "if not": lambda x, y: w * x if y != 1 else w,
    "a list": lambda x, y: sum(w * x if y == k else w for k in range(3)),
    "in": lambda x, y: w * x if y in (0, 1) else w,
    "index": lambda x, y: w * x * [0, 1].index(y),
    "of two": lambda x, y: w * x if x == y else w,
    "of parameters": lambda x, y: w * x if w == 3 else w,
    "any": lambda x, y: w * x if any(y == k for k in range(2)) else w,
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_comparison_that_decides_is_refused_with_its_line(name: str) -> None:
    line = REFUSED[name].__code__.co_firstlineno
    with pytest.raises(CompileError, match=rf"^{__file__}:{line}: .*decides here"):
        autograd.compile(REFUSED[name])([1.0, 2.0], [1, 0])


def test_a_copy_of_an_input_compiles_and_one_of_a_parameter_does_not() -> None:
    v = Value(0.5, "v")
    for way in (
        copy.copy,
        copy.deepcopy,
        lambda x: copy.deepcopy([x])[0],
        lambda x: dataclasses.astuple(Pair(x, 1))[0],
    ):
        value, gradient = autograd.compile(lambda x, way=way: v * x * way(x))([1.0, 3.0])
        assert (value, gradient.tolist()) == (0.5 * 5.0, [5.0])
        with pytest.raises(CompileError, match=r"'v' .* is copied or pickled while the function is recorded"):
            autograd.compile(lambda x, way=way: v * x * way(v))([1.0, 3.0])
    with pytest.raises(CompileError, match=r"a result of mul .* is copied or pickled"):
        autograd.compile(lambda x: copy.deepcopy(v * x))([1.0])


def test_a_run_that_was_interrupted_leaves_nothing_behind() -> None:
    def f(x: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grad(f)(1.0)
    a, b = Value(1.0), Value(1.0)
    assert a != b and {a: 1}[a] == 1
    assert autograd.modes.runs == [] or not autograd.modes.runs_here()
