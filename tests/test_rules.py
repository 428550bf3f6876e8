"""One rule, written once: other code that states a rule must agree with the table, and so must users' operations.

``value.py`` writes the arithmetic operators, `relu` and `dot` out for speed. Here each of them, and each method of
a Value, gives what its row in ``autograd.ops`` gives, to the last bit. ``test_ops`` says that the rows are right.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
import autograd.ops as ops
from autograd import Op, Value, grad
from autograd.ieee import power

inf, nan = math.inf, math.nan

numbers = st.floats()
"""Any float: zeros of both signs, subnormals, infinities and nan too."""


def bits(x: float) -> bytes:
    """The float to the last bit, the sign of zero included; one nan is as good as another."""
    assert type(x) is float
    return b"nan" if x != x else struct.pack("<d", x)


def holds_to_its_row(node: Value, op: Op, operands: Sequence[float]) -> None:
    """Assert that `node` is what the operation's row in the table says."""
    assert node.op == op  # also for an exponent of nan, although nan != nan
    assert [bits(x.data) for x in node.operands] == [bits(x) for x in operands]
    assert bits(node.data) == bits(op.value(*operands))
    assert [*map(bits, node.partials)] == [*map(bits, op.slopes(*operands, node.data))]


def flows_by_its_partials(node: Value) -> None:
    """Assert that backward gives each operand its partial, times the gradient that comes in."""
    expected = [0.0 + partial * -2.0 for partial in node.partials]
    node.backward(-2.0)
    assert [bits(x.grad) for x in node.operands] == [bits(grad) for grad in expected]


# --- operators ----------------------------------------------------------------------------------------------------

BINARY: dict[str, tuple[Callable[[Any, Any], Any], Op]] = {
    "+": (lambda a, b: a + b, ops.add),
    "-": (lambda a, b: a - b, ops.sub),
    "*": (lambda a, b: a * b, ops.mul),
    "/": (lambda a, b: a / b, ops.div),
    "**": (lambda a, b: a**b, ops.pow),
    "//": (lambda a, b: a // b, ops.floor_divide),
    "%": (lambda a, b: a % b, ops.remainder),
}
UNARY: dict[str, tuple[Callable[[Any], Any], Op]] = {
    "neg": (lambda a: -a, ops.neg),
    "abs": (abs, ops.abs),
    **{
        name: (lambda a, name=name: getattr(a, name)(), op)  # type: ignore[misc]
        for op in ops.OPS.values()
        if op.arity == 1 and op.method
        for name in dict.fromkeys((op.name, op.numpy))
    },
}


def test_whatever_the_table_calls_a_method_is_one() -> None:
    for op in ops.OPS.values():
        for name in {op.name, op.numpy} if op.method else ():
            assert callable(getattr(Value, name)), name
            assert f"autograd.{op.name}" in getattr(Value, name).__doc__, name
    functions = {name for name in ops.BUILTIN if not ops.OPS[name].method and name in vars(Value)}
    assert functions == set(), f"Value has methods of these names: say method=True in their rows: {functions}"


@pytest.mark.parametrize("sign", BINARY)
@given(numbers, numbers)
@example(0.0, 0.0)
@example(-0.0, 0.0)
@example(1.0, -0.0)
@example(-1.0, 0.0)
@example(0.0, -1.0)
@example(-2.0, 0.5)
@example(1e300, 1e-300)
@example(inf, inf)
@example(nan, 0.0)
def test_binary_operators(sign: str, a: float, b: float) -> None:
    apply, op = BINARY[sign]
    node = apply(Value(a), Value(b))
    holds_to_its_row(node, op, [a, b])
    flows_by_its_partials(node)
    holds_to_its_row(op(Value(a), Value(b)), op, [a, b])


@pytest.mark.parametrize("sign", BINARY)
@given(numbers, numbers)
@example(0.0, 0.0)
@example(-0.0, -0.0)
@example(-1.0, 0.0)
@example(nan, 0.0)
@example(-2.0, 0.5)
def test_binary_operators_with_a_number(sign: str, a: float, b: float) -> None:
    apply, op = BINARY[sign]
    right, left = apply(Value(a), b), apply(a, Value(b))
    holds_to_its_row(left, op, [a, b])
    if op is not ops.pow:
        holds_to_its_row(right, op, [a, b])
    else:
        holds_to_its_row(right, ops.power(b), [a])  # the exponent is part of the operation
        assert bits(right.data) == bits(op.value(a, b))


EXPONENTS = [-2.5, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 7.0, 1e-5, 1 / 3]


@pytest.mark.parametrize("n", EXPONENTS)
@pytest.mark.parametrize("a", [0.5, 1.0, 3.0, -2.0, 0.0, -0.0, 1e-160, -1e-160, 1e-40, 1e40])
def test_the_derivatives_of_a_power_with_a_number(n: float, a: float) -> None:
    """The k-th is n (n - 1) ... (n - k + 1) a**(n - k); if a factor is 0, it is 0 for every a."""
    assert bits((Value(a) ** n).data) == bits(power(a, n))
    f, factor = lambda x: x**n, 1.0
    for k in range(4):
        f, factor = grad(f), factor * (n - k)
        expected = factor * power(a, n - k - 1.0) if factor else 0.0
        assert f(a) == pytest.approx(expected, rel=1e-13, abs=1e-300, nan_ok=True), k + 1


def test_a_power_with_a_number_is_an_operation_of_its_own() -> None:
    x = Value(-3.0)
    y = x**2
    assert (y.op, y.operands, y.partials) == (ops.power(2.0), (x,), (-6.0,))
    assert [(x**n)._op for n in (2, 0.5, -1, 1e-5, 1 / 3, 1e16 + 2, nan)] == [
        *("**2", "**0.5", "**-1", "**1e-05", "**0.3333333333333333", "**1.0000000000000002e+16", "**nan")
    ]
    for n in (2.0, -0.5, 1 / 3, 1e300, inf, nan):
        assert ops.find(ops.power(n).name) == ops.power(n)
    assert (x ** Value(2.0)).op is ops.pow
    assert autograd.pow(x, 2).op == (x ** Fraction(2)).op == ops.power(2.0)
    with pytest.raises(LookupError, match=r"'\*\*x'"):
        ops.find("**x")


@pytest.mark.parametrize("sign", BINARY)
@pytest.mark.parametrize("number", [3, True, Fraction(1, 3)])
def test_binary_operators_with_other_kinds_of_numbers(sign: str, number: Any) -> None:
    apply, op = BINARY[sign]
    assert bits(apply(Value(0.7), number).data) == bits(op.value(0.7, float(number)))
    holds_to_its_row(apply(number, Value(0.7)), op, [float(number), 0.7])


@pytest.mark.parametrize("sign", BINARY)
def test_binary_operators_with_numpys_numbers(sign: str) -> None:
    numpy = pytest.importorskip("numpy")
    apply, op = BINARY[sign]
    for number in (numpy.float64(1.5), numpy.float32(0.1), numpy.int64(2), numpy.array(2.5)):
        assert bits(apply(Value(0.7), number).data) == bits(op.value(0.7, float(number)))
        holds_to_its_row(apply(number, Value(0.7)), op, [float(number), 0.7])


@pytest.mark.parametrize("name", UNARY)
@given(numbers)
@example(0.0)
@example(-0.0)
@example(inf)
@example(-inf)
@example(nan)
def test_functions_of_one_operand(name: str, a: float) -> None:
    apply, op = UNARY[name]
    node = apply(Value(a))
    holds_to_its_row(node, op, [a])
    flows_by_its_partials(node)


@given(numbers, numbers)
@example(-7.0, 2.0)
@example(7.0, -2.0)
@example(1.0, 0.1)
@example(-1e-20, 1.0)
@example(-1.0, inf)
@example(0.0, -3.0)
def test_division_with_remainder_is_pythons(a: float, b: float) -> None:
    pairs = [divmod(Value(a), Value(b)), divmod(Value(a), b), divmod(a, Value(b))]
    expected = divmod(a, b) if b else (ops.div.value(a, b), nan)
    for quotient, rest in pairs:
        assert (bits(quotient.data), bits(rest.data)) == (*map(bits, expected),)
        assert quotient.partials == (0.0, 0.0)
    for wrong in (lambda: Value(a) % "b", lambda: Value(a) // None, lambda: divmod([], Value(b))):
        with pytest.raises(TypeError, match="real numbers, not"):
            wrong()


def test_a_value_is_a_real_number() -> None:
    """The attributes that NumPy's var, std and vdot use on an array of objects."""
    v = Value(2.0)
    assert v.conjugate() is v
    assert v.real is v
    assert bits(v.imag) == bits(0.0)


@given(numbers, numbers, numbers)
def test_methods_with_parameters(a: float, b: float, c: float) -> None:
    holds_to_its_row(Value(a).hypot(b), ops.hypot, [a, b])
    holds_to_its_row(Value(a).arctan2(b), ops.atan2, [a, b])
    holds_to_its_row(Value(a).logaddexp(b), ops.logaddexp, [a, b])
    holds_to_its_row(Value(a).fmod(Value(b)), ops.fmod, [a, b])
    holds_to_its_row(Value(a).leaky_relu(), ops.leaky_relu, [a, 0.01])
    holds_to_its_row(Value(a).leaky_relu(b), ops.leaky_relu, [a, b])
    holds_to_its_row(Value(a).leaky_relu(Value(b)), ops.leaky_relu, [a, b])
    holds_to_its_row(Value(a).elu(), ops.elu, [a, 1.0])
    holds_to_its_row(Value(a).elu(Value(b)), ops.elu, [a, b])
    holds_to_its_row(Value(a).clip(), ops.clip, [a, -inf, inf])
    holds_to_its_row(Value(a).clip(b), ops.clip, [a, b, inf])
    holds_to_its_row(Value(a).clip(high=c), ops.clip, [a, -inf, c])
    node = Value(a).clip(Value(b), Value(c))
    holds_to_its_row(node, ops.clip, [a, b, c])
    flows_by_its_partials(node)


# --- sums and dot products ----------------------------------------------------------------------------------------

sequences = st.lists(numbers, min_size=1, max_size=6)
pairs = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6)


@given(sequences, st.integers(0, 5))
def test_sum(xs: list[float], place: int) -> None:
    node = autograd.sum(Value(x) for x in xs)
    holds_to_its_row(node, ops.sum, xs)
    flows_by_its_partials(node)
    mixed: list[Any] = list(xs)
    mixed[place % len(xs)] = Value(xs[place % len(xs)])
    holds_to_its_row(autograd.sum(mixed), ops.sum, xs)
    chain = Value(xs[0])
    for x in xs[1:]:
        chain = chain + Value(x)
    assert bits(node.data) == bits(chain.data) == bits(autograd.sum(xs))


@given(pairs, numbers, st.integers(0, 5))
def test_dot(terms: list[tuple[float, float]], bias: float, place: int) -> None:
    ws, xs = [w for w, _ in terms], [x for _, x in terms]
    for more in ([], [bias]):
        left, right, last = [[Value(x) for x in part] for part in (ws, xs, more)]
        node = autograd.dot(left, right, *last)
        holds_to_its_row(node, ops.dot, ws + xs + more)
        assert [*node.operands] == left + right + last
        flows_by_its_partials(node)
        mixed: list[Any] = list(ws)
        mixed[place % len(ws)] = Value(ws[place % len(ws)])
        holds_to_its_row(autograd.dot(mixed, xs, *more), ops.dot, ws + xs + more)
        holds_to_its_row(ops.dot(ws, right, *more), ops.dot, ws + xs + more)
        assert bits(node.data) == bits(autograd.dot(ws, xs, *more))
    spelled_out = Value(bias)
    for w, x in terms:
        spelled_out = spelled_out + Value(w) * Value(x)
    assert bits(node.data) == bits(spelled_out.data)


def test_dot_of_nothing() -> None:
    assert autograd.dot([], []) == 0.0
    assert autograd.dot([], [], 2.0) == 2.0
    holds_to_its_row(autograd.dot([], [], Value(2.0)), ops.dot, [2.0])


@pytest.mark.parametrize("values", [True, False])
def test_dot_of_unequal_lengths(values: bool) -> None:
    ws = [Value(1.0), Value(2.0)] if values else [1.0, 2.0]
    with pytest.raises(ValueError, match=r"dot\(\) takes two sequences of one length, got 2 and 1 operands"):
        autograd.dot(ws, ws[:1])


# --- a user's own operations --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def table_as_it_was() -> Iterator[None]:
    before = dict(ops.OPS)
    yield
    ops.OPS.clear()
    ops.OPS.update(before)


def cube(**options: Any) -> Op:
    return autograd.op("cube", lambda a: a * a * a, lambda a, out: (3 * a * a,), **options)


def test_own_operation_reads_like_the_others() -> None:
    numpy = pytest.importorskip("numpy")
    made = cube(symbol="³", doc="a * a * a", check=[(2.0,), (-1.5,), (0.0,)])
    assert (made.name, made.symbol, made.arity, made.__doc__) == ("cube", "³", 1, "a * a * a")
    assert ops.OPS["cube"] is made
    assert made(2.0) == 8.0
    assert made(2) == 8.0
    node = made(Value(2.0))
    holds_to_its_row(node, made, [2.0])
    assert node.partials == (12.0,)
    assert made(numpy.array([1.0, -2.0])).tolist() == [1.0, -8.0]
    x = Value(2.0)
    (slope,) = made.partials(x, made(x))
    slope.backward()
    assert x.grad == 12.0  # 6 * x


def test_own_operation_of_several_operands() -> None:
    weighted = autograd.op(
        "weighted", lambda w, a, b: w * a + (1 - w) * b, lambda w, a, b, out: (a - b, w, 1 - w), arity=3,
        check=[(0.25, 3.0, -1.0)],
    )  # fmt: skip
    leaves = [Value(0.25), Value(3.0), Value(-1.0)]
    node = weighted(*leaves)
    node.backward()
    assert node.data == 0.0
    assert [leaf.grad for leaf in leaves] == [4.0, 0.25, 0.75]


def test_own_operation_of_any_number_of_operands() -> None:
    largest = autograd.op(
        "spread", lambda *xs: xs[-1] - xs[0], lambda *xs: (-1.0, *[0.0] * (len(xs) - 3), 1.0), arity=None
    )
    a, b, c = Value(1.0), Value(2.0), Value(5.0)
    node = largest(a, b, c)
    node.backward()
    assert (node.data, a.grad, b.grad, c.grad) == (4.0, -1.0, 0.0, 1.0)
    assert largest(1.0, 3.0) == 2.0


def test_own_operation_divides_like_the_others() -> None:
    """IEEE 754's infinities in a user's rules too: nothing raises in the middle of a training run."""
    inverse = autograd.op("inverse", lambda a: 1 / a, lambda a, out: (-out * out,))
    node = inverse(Value(-0.0))
    assert node.data == -inf
    assert node.partials == (-inf,)


def test_wrong_partial_is_found_on_request() -> None:
    rules = (lambda a: a * a * a, lambda a, out: (2 * a,))
    with pytest.raises(
        ValueError,
        match=r"^partial 0 of 'cube' at \(2\.0,\) is 4 by its rule, but 12 ± \S+ by numeric differentiation$",
    ):
        autograd.op("cube", *rules, check=[(0.0,), (2.0,)])
    assert "cube" not in ops.OPS
    assert autograd.op("cube", *rules)(2.0) == 8.0


def test_wrong_partial_of_a_later_operand_is_found() -> None:
    with pytest.raises(ValueError, match=r"^partial 1 of 'area' at \(2\.0, 3\.0\) is 3 by its rule, but 2 ± \S+ by"):
        autograd.op("area", lambda a, b: a * b, lambda a, b, out: (b, b), arity=2, check=[(2.0, 3.0)])


def test_undefined_partial_is_found() -> None:
    with pytest.raises(ValueError, match=r"^partial 0 of 'same' at \(2\.0,\) is nan by its rule, but 1"):
        autograd.op("same", lambda a: a, lambda a, out: (nan,), check=[(2.0,)])


def test_a_failed_redefinition_leaves_the_old_one() -> None:
    made = cube()
    with pytest.raises(ValueError, match="by numeric differentiation"):
        autograd.op("cube", lambda a: a, lambda a, out: (2.0,), check=[(1.0,)])
    assert ops.OPS["cube"] is made


@pytest.mark.parametrize("wrong", [[1.0], 1.0, None, (), (1.0, 2.0), "1"])
def test_partials_of_a_wrong_shape(wrong: Any) -> None:
    made = autograd.op("wrong", lambda a: a, lambda a, out: wrong)
    expected = "the partials of 'wrong' must be a tuple with one number for each of its 1 operands, not "
    with pytest.raises(TypeError) as caught:
        made(Value(2.0))
    assert str(caught.value) == f"{expected}{wrong!r}"
    with pytest.raises(TypeError, match="must be a tuple"):
        autograd.op("wrong", lambda a: a, lambda a, out: wrong, check=[(1.0,)])


@pytest.mark.parametrize("wrong", ["1.0", None, 1j, [1.0]])
def test_partials_that_are_no_numbers(wrong: Any) -> None:
    made = autograd.op("wrong", lambda a: a, lambda a, out: (wrong,))
    with pytest.raises(TypeError, match=rf"partials of 'wrong' .*real numbers.*, not {type(wrong).__name__}: "):
        made(Value(2.0))


@pytest.mark.parametrize("wrong", ["1.0", None, 1j, (1.0,)])
def test_values_that_are_no_numbers(wrong: Any) -> None:
    made = autograd.op("wrong", lambda a: wrong, lambda a, out: (1.0,))
    for operand in (2.0, Value(2.0)):
        with pytest.raises(TypeError) as caught:
            made(operand)
        kind = type(wrong).__name__
        assert str(caught.value) == f"the forward rule of 'wrong' must return a real number, not {kind}: {wrong!r}"


def test_integers_become_floats() -> None:
    made = autograd.op("two", lambda a: 2, lambda a, out: (0,))
    node = made(Value(1.0))
    assert bits(node.data) == bits(2.0)
    assert [*map(bits, node.partials)] == [bits(0.0)]


@pytest.mark.parametrize("name", ["tanh", "add", "dot", "where"])
def test_builtin_names_are_taken(name: str) -> None:
    before = ops.OPS[name]
    with pytest.raises(ValueError) as caught:
        autograd.op(name, lambda a: a, lambda a, out: (1.0,))
    assert str(caught.value) == f"{name!r} is a built-in operation; choose another name"
    assert ops.OPS[name] is before


@pytest.mark.parametrize("name", ["", "my op", "2x", "x-y"])
def test_names_are_identifiers(name: str) -> None:
    with pytest.raises(ValueError) as caught:
        autograd.op(name, lambda a: a, lambda a, out: (1.0,))
    assert str(caught.value) == f"an operation's name must be a Python identifier, not {name!r}"
    assert name not in ops.OPS


def test_own_names_can_be_defined_again() -> None:
    old = cube()
    node = old(Value(2.0))
    new = autograd.op("cube", lambda a: 0.0 * a, lambda a, out: (0.0,))
    assert ops.OPS["cube"] is ops.find("cube") is new
    assert new(2.0) == 0.0
    node.backward()  # what was recorded keeps the rule it was recorded with
    assert node.op is old
    assert node.operands[0].grad == 12.0


@pytest.mark.parametrize("operands", [(), (1.0, 2.0), (1.0, 2.0, 3.0)])
def test_arity(operands: tuple[float, ...]) -> None:
    made = cube()
    for kind in (float, Value):
        if not operands and kind is Value:
            continue
        with pytest.raises(TypeError) as caught:
            made(*map(kind, operands))
        assert str(caught.value) == f"cube() takes 1 operand, got {len(operands)}"


@pytest.mark.parametrize("name", sorted(ops.BUILTIN))
def test_arity_of_the_built_in_ones(name: str) -> None:
    op = ops.OPS[name]
    if op.arity is None:
        return  # tested above, by calls of their own
    for n in {0, op.arity - len(op.defaults) - 1, op.arity + 1}:
        with pytest.raises(TypeError) as caught:
            op(*[Value(0.5)] * n)
        plural = "" if op.arity == 1 else "s"
        assert str(caught.value) == f"{name}() takes {op.arity} operand{plural}, got {n}"


def test_unknown_names_are_not_found() -> None:
    with pytest.raises(LookupError, match=r"there is no operation 'cube' here; if it is your own, define it with auto"):
        ops.find("cube")


@pytest.mark.parametrize("operand", ["1.0", None, 1j])
def test_operands_are_numbers(operand: Any) -> None:
    for op in (cube(), ops.tanh):
        with pytest.raises(TypeError, match=rf"^{op.name} takes real numbers, not {type(operand).__name__}"):
            op(operand)
