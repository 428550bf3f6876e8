"""`nn.functional` compared with formulas in mpmath and with PyTorch: activations, distances, functions of lists."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest
from mpmath import mp, mpf

import autograd
import nn
from autograd import CompileError, Graph, Value
from nn import functional

inf, nan = math.inf, math.nan

# --- functions of one number --------------------------------------------------------------------------------------

Formula = Callable[[mpf], mpf]

# The function, its options, its formula and the formula's derivative in mpmath's numbers.
SMOOTH: dict[str, tuple[str, dict[str, Any], Formula, Formula]] = {
    "logsigmoid": ("logsigmoid", {}, lambda x: -mp.log1p(mp.exp(-x)), lambda x: 1 / (1 + mp.exp(x))),
    "softsign": ("softsign", {}, lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "tanhshrink": ("tanhshrink", {}, lambda x: x - mp.tanh(x), lambda x: mp.tanh(x) ** 2),
    "mish": (
        "mish",
        {},
        lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
        lambda x: mp.tanh(mp.log1p(mp.exp(x))) + x * mp.sech(mp.log1p(mp.exp(x))) ** 2 / (1 + mp.exp(-x)),
    ),
    "celu": (
        "celu",
        {"alpha": 0.5},
        lambda x: x if x >= 0 else mp.expm1(2 * x) / 2,
        lambda x: mpf(1) if x >= 0 else mp.exp(2 * x),
    ),
    "softplus": (
        "softplus",
        {"beta": 2.0, "threshold": inf},
        lambda x: mp.log1p(mp.exp(2 * x)) / 2,
        lambda x: 1 / (1 + mp.exp(-2 * x)),
    ),
    "gelu by tanh": (
        "gelu",
        {"approximate": "tanh"},
        lambda x: x / (1 + mp.exp(-2 * mp.sqrt(2 / mp.pi) * (x + mpf(0.044715) * x**3))),
        lambda x: _gelu_slope(x),
    ),
    "hardsigmoid": (
        "hardsigmoid",
        {},
        lambda x: min(max(x + 3, mpf(0)), mpf(6)) / 6,
        lambda x: mpf(1) / 6 if abs(x) < 3 else mpf(0),
    ),
}


def _gelu_slope(x: mpf) -> mpf:
    u = 2 * mp.sqrt(2 / mp.pi) * (x + mpf(0.044715) * x**3)
    share, slope = 1 / (1 + mp.exp(-u)), 2 * mp.sqrt(2 / mp.pi) * (1 + 3 * mpf(0.044715) * x**2)
    return share + x * share / (1 + mp.exp(u)) * slope


POINTS = [
    s * x for x in (1e-300, 1e-9, 1e-4, 0.03, 0.3, 0.999, 1.0, 1.7, 2.9, 5.0, 9.0, 20.0, 37.0) for s in (1.0, -1.0)
]


def value_and_slope(function: Callable[..., Any], x: float, **options: Any) -> tuple[float, float]:
    v = Value(x)
    y = function(v, **options)
    y.backward()
    return y.data, v.grad


@pytest.mark.parametrize("name", SMOOTH)
def test_values_and_slopes_have_their_digits(name: str) -> None:
    """Near a root of the slope, as mish has one, errors are relative to 1, the size of the terms that cancel there."""
    function, options, formula, derivative = SMOOTH[name]
    for x in [0.0, *POINTS]:
        with mp.workdps(400):
            expected = float(formula(mpf(x))), float(derivative(mpf(x)))
        found = value_and_slope(getattr(functional, function), x, **options)
        assert found[0] == pytest.approx(expected[0], rel=3e-15 * max(1.0, abs(x)), abs=0.0), x
        assert found[1] == pytest.approx(
            expected[1], rel=3e-15 * max(1.0, abs(x)), abs=1e-16 if 0.5 < -x < 3 else 0.0
        ), x


def test_softsign_far_from_0() -> None:
    assert value_and_slope(functional.softsign, 1e8) == pytest.approx((1 - 1e-8, 1e-16), rel=1e-7)
    assert value_and_slope(functional.softsign, -1e100) == pytest.approx((-1.0, 1e-200), rel=1e-14, abs=0.0)


def test_tanhshrink_near_0_is_a_third_of_the_cube() -> None:
    assert value_and_slope(functional.tanhshrink, 1e-5) == pytest.approx((1e-15 / 3, 1e-10), rel=1e-9)
    third = autograd.grad(autograd.grad(autograd.grad(functional.tanhshrink)))
    assert third(1e-9) == pytest.approx(2.0, rel=1e-12)  # of x**3 / 3


def test_rules_agree_with_numeric_derivatives() -> None:
    from autograd.ops import check_partials, find

    for name in ("soft_sign", "tanhshrink"):
        for x in (-30.0, -1.2, -0.7, 0.3, 0.99, 2.0):
            check_partials(find(name), (x,))


EDGES = [-inf, -20.1, -6.0, -3.0, -1.0, -0.5, -0.25, -0.0, 0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 20.0, 20.5, inf, nan]
PIECES: dict[str, list[dict[str, Any]]] = {
    "relu": [{}],
    "relu6": [{}],
    "leaky_relu": [{}, {"negative_slope": 0.5}, {"negative_slope": -0.5}],
    "elu": [{}, {"alpha": 0.5}],
    "selu": [{}],
    "celu": [{}, {"alpha": 0.5}, {"alpha": -2.0}],
    "sigmoid": [{}],
    "logsigmoid": [{}],
    "hardsigmoid": [{}],
    "tanh": [{}],
    "hardtanh": [{}, {"min_val": -0.5, "max_val": 2.0}],
    "tanhshrink": [{}],
    "softplus": [{}, {"beta": 2.0}, {"beta": 0.5, "threshold": 1.0}],
    "softsign": [{}],
    "silu": [{}],
    "mish": [{}],
    "hardswish": [{}],
    "gelu": [{}, {"approximate": "tanh"}],
    "softshrink": [{}, {"lambd": 0.25}, {"lambd": 0.0}],
    "hardshrink": [{}, {"lambd": 0.25}, {"lambd": 0.0}],
    "threshold": [{"threshold": 0.5, "value": -1.0}],
    "rrelu": [{}, {"lower": 0.25, "upper": 0.75}],
}
CASES = [(name, options) for name, several in PIECES.items() for options in several]

# Where we differ from PyTorch: it has nan in place of a limit, or the slope at nan is another one.
ON_PURPOSE: dict[str, Callable[[float], bool]] = {
    "hardsigmoid": math.isnan,
    "hardswish": lambda x: x == -inf or x != x,
    "logsigmoid": math.isnan,
    "softplus": math.isnan,
    "tanhshrink": math.isinf,
    "softsign": math.isinf,
    "celu": math.isnan,
    "gelu": math.isinf,
    "silu": math.isinf,
    "mish": math.isinf,
    "selu": math.isnan,
    "elu": math.isnan,
    "relu": math.isnan,
    "leaky_relu": math.isnan,
    "rrelu": math.isnan,
}


@pytest.mark.parametrize(("name", "options"), CASES)
def test_values_and_slopes_are_pytorchs_also_at_the_kinks(name: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    ours, theirs = getattr(functional, name), getattr(torch.nn.functional, name)
    p = Value(0.5)
    program = autograd.compile(lambda: ours(p, **options), [p])
    points = [x for x in EDGES if name not in ON_PURPOSE or not ON_PURPOSE[name](x)]
    for x in points:
        t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        y = theirs(t, **options)
        y.backward()
        # PyTorch's slope of hardsigmoid is a single-precision number.
        expected = [pytest.approx(z, rel=1e-7 if name == "hardsigmoid" else 2e-14, abs=1e-15, nan_ok=True)
                    for z in (y.item(), t.grad.item())]  # fmt: skip
        assert list(value_and_slope(ours, x, **options)) == expected, x
        if math.isfinite(x):
            program.parameters.data = x
            value, gradient = program()
            assert [value, float(gradient[0])] == expected, x
        plain = ours(x, **options)
        assert isinstance(plain, float) and plain == expected[0]


@pytest.mark.parametrize("name", PIECES)
def test_lists_keep_their_shape(name: str) -> None:
    function, options = getattr(functional, name), PIECES[name][-1]
    xs = [Value(-1.5), Value(0.25)]
    [[a], b] = function([[xs[0]], xs[1]], **options)
    assert (a.data, b.data) == (function(-1.5, **options), function(0.25, **options))
    assert isinstance(function(nn.Batch([1.0]), **options), nn.Batch)


MODULES: dict[str, list[dict[str, Any]]] = {
    "ReLU6": [{}],
    "CELU": [{"alpha": 0.5}],
    "Mish": [{}],
    "Softsign": [{}],
    "Hardtanh": [{}, {"min_val": -0.5, "max_val": 2.0}],
    "Hardsigmoid": [{}],
    "Hardswish": [{}],
    "LogSigmoid": [{}],
    "Tanhshrink": [{}],
    "Softshrink": [{"lambd": 0.25}],
    "Hardshrink": [{"lambd": 0.25}],
    "Threshold": [{"threshold": 0.5, "value": -1.0}],
    "PReLU": [{}, {"num_parameters": 3, "init": 0.5}],
    "GLU": [{}],
    "Softmin": [{}],
    "Softmax": [{}],
    "LogSoftmax": [{}],
    "RReLU": [{"lower": 0.25, "upper": 0.5}],
    "GELU": [{}, {"approximate": "tanh"}],
    "Softplus": [{}, {"beta": 2.0, "threshold": 1.0}],
    "LeakyReLU": [{"negative_slope": 0.5}],
    "ELU": [{"alpha": 0.5}],
}
LEFT_OUT = {"inplace", "device", "dtype", "min_value", "max_value", "seed"}


@pytest.mark.parametrize("name", MODULES)
def test_settings_are_called_and_ordered_as_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if name in ("Mish", "Softsign", "LogSigmoid", "Tanhshrink", "Hardsigmoid", "Hardswish", "ReLU6"):
        assert getattr(nn, name)().extra_repr() == ""
        return

    def settings(kind: type) -> dict[str, Any]:
        found = inspect.signature(kind).parameters
        return {key: None if key == "dim" else p.default for key, p in found.items() if key not in LEFT_OUT}

    ours, theirs = settings(getattr(nn, name)), settings(getattr(torch.nn, name))
    assert list(ours.items()) == list(theirs.items())  # PyTorch's dim is None or -1, ours always -1


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name, several in MODULES.items() for options in several]
)
def test_modules_are_pytorchs(name: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    dim = {"dim": -1} if name in ("Softmin", "Softmax", "LogSoftmax") else {}
    ours, theirs = getattr(nn, name)(**options).eval(), getattr(torch.nn, name)(**options, **dim).double().eval()
    rows = [[0.3, -1.2, 2.0], [-1.0, 1.5, -0.5]] if name != "GLU" else [[0.3, -1.2, 2.0, 0.0]]
    t = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
    expected = theirs(t)
    expected.sum().backward()
    values = [[Value(x) for x in row] for row in rows]
    made = ours(values)
    autograd.sum([y for row in made for y in row]).backward()
    assert [[y.data for y in row] for row in made] == [pytest.approx(row, rel=1e-14) for row in expected.tolist()]
    slopes = [[x.grad for x in row] for row in values]
    assert slopes == [
        pytest.approx(row, rel=1e-7 if name == "Hardsigmoid" else 1e-13, abs=1e-15) for row in t.grad.tolist()
    ]
    assert [p.grad for p in ours.parameters()] == [z for p in theirs.parameters() for z in p.grad.tolist()]
    for key, x in ours.state_dict().items():
        assert x == theirs.state_dict()[key].tolist()


# --- slopes that are learnt or drawn --------------------------------------------------------------------------------


def test_prelu_has_a_slope_for_each_channel() -> None:
    weights = [Value(0.5), Value(0.25)]
    example = [[-1.0, -2.0, -3.0], [-1.0, -1.0, 4.0]]  # two channels
    expected = [[-0.5, -1.0, -1.5], [-0.25, -0.25, 4.0]]
    made = functional.prelu(nn.Batch([example]), weights)
    assert isinstance(made, nn.Batch) and numbers(made[0]) == numbers(functional.prelu(example, weights)) == expected
    batch = [[-1.0, -1.0], [-2.0, 2.0], [0.0, -4.0]]  # three examples of two channels
    assert numbers(functional.prelu(batch, weights)) == [[-0.5, -0.25], [-1.0, 2.0], [0.0, -1.0]]
    autograd.sum(functional.prelu([-2.0, -3.0], weights)).backward()
    assert [w.grad for w in weights] == [-2.0, -3.0]
    assert functional.prelu([[-1.0], [-2.0]], [0.5]) == [[-0.5], [-1.0]]
    with pytest.raises(
        ValueError, match=r"^prelu: the outer and the inner lists have 2 items each, .* nn.Batch\(x\) if"
    ):
        functional.prelu([[1.0, 2.0], [3.0, 4.0]], weights)
    with pytest.raises(ValueError, match=r"^prelu: there are 2 slopes, one for each channel, but 3 channels$"):
        functional.prelu([1.0, 2.0, 3.0], weights)


def test_rrelu_in_training_draws_slopes() -> None:
    module = nn.RReLU(0.25, 0.5, seed=1)
    made = module([-1.0] * 1000 + [2.0])
    assert made[-1] == 2.0 and all(0.25 <= -y <= 0.5 for y in made[:-1])
    assert sum(made[:-1]) / 1000 == pytest.approx(-0.375, abs=0.01)
    assert nn.RReLU(0.25, 0.5, seed=1)([-1.0] * 3) == nn.RReLU(0.25, 0.5, seed=1)([-1.0] * 3)
    assert module.eval()([-1.0]) == [-0.375]


def test_random_slopes_are_drawn_at_every_call_of_a_program() -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    module, twin, w = nn.RReLU(seed=1), nn.RReLU(seed=1), Value(-1.0)
    program = autograd.compile(lambda x: module(w * x), [w], like=(1.0,))
    losses = [program([1.0])[0] for _ in range(5)]
    assert losses == [twin(-1.0) for _ in range(5)] and len(set(losses)) == 5
    program = autograd.compile(lambda x: module.eval()(w * x), [w], like=(1.0,))
    assert program([1.0])[0] == pytest.approx(-(1 / 8 + 1 / 3) / 2, rel=1e-15)


def test_dropout_is_the_modules() -> None:
    assert functional.dropout([1.0] * 50, 0.25, seed=3) == nn.Dropout(0.25, seed=3)([1.0] * 50)
    assert functional.dropout([1.0, 2.0], 0.5, False) == [1.0, 2.0]


# --- of lists ---------------------------------------------------------------------------------------------------


def test_dim_is_the_innermost_lists() -> None:
    rows = [[0.0, 0.0], [1.0, 1.0]]
    for function in (functional.softmax, functional.softmin):
        assert function(rows, dim=-1) == function(rows, dim=1) == [[0.5, 0.5], [0.5, 0.5]]
        assert function([0.0, 0.0], dim=0) == [0.5, 0.5]
        with pytest.raises(ValueError, match=r"goes along the innermost lists: dim must be -1 or, here, 1, not 0$"):
            function(rows, dim=0)
    with pytest.raises(TypeError, match=r"^softmax: dim must be a whole number, not None$"):
        functional.softmax(rows, dim=None)  # type: ignore[arg-type]
    assert nn.Softmax(dim=1)(rows) == nn.Softmax(-1)(rows)


@pytest.mark.parametrize("p", [0.5, 1.0, 1.5, 2.0, 3.0, inf])
@pytest.mark.parametrize("eps", [0.0, 1e-6])
def test_distances_are_pytorchs(p: float, eps: float) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    for row, other in [
        ([1.0, 2.0, 0.0, -1.0], [0.0, 1.0, 0.0, 0.0]),
        ([0.3, -1.2], [2.0, 0.5]),
        ([1.0, 1.0], [1.0, 1.0]),
    ]:
        t = torch.tensor([row], dtype=torch.float64, requires_grad=True)
        y = torch.nn.functional.pairwise_distance(t, torch.tensor([other], dtype=torch.float64), p=p, eps=eps)
        y.sum().backward()
        for made in (eager, compiled):
            values, slopes = made(lambda x, o=other: functional.pairwise_distance(x, o, p, eps), row)
            assert values == pytest.approx(y.tolist(), rel=1e-13)
            # abs: for equal numbers, and in PyTorch for powers below 1 of 1e-6, slopes are differences of large terms
            assert slopes == pytest.approx(t.grad[0].tolist(), rel=1e-12, abs=1e-13)
    assert functional.pairwise_distance([[1.0]], [[3.0]], 2.0, 0.0, keepdim=True) == [[2.0]]


@pytest.mark.parametrize("p", [0.5, 1.0, 1.5, 2.0, 3.0, inf])
@pytest.mark.parametrize("row", [[3.0, -4.0], [0.0, 0.0], [1e-13, 0.0], [1.0, -1.0, 1.0], [0.0, 2.0]])
def test_normalize_is_pytorchs(p: float, row: list[float]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    t = torch.tensor(row, dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.normalize(t, p=p, dim=-1)
    (y * torch.arange(1.0, len(row) + 1, dtype=torch.float64)).sum().backward()
    for made in (eager, compiled):
        values, slopes = made(
            lambda x: functional.normalize(x, p), row, weights=[float(i + 1) for i in range(len(row))]
        )
        assert values == pytest.approx(y.tolist(), rel=1e-13)
        assert slopes == pytest.approx(t.grad.tolist(), rel=1e-12, abs=1e-13)


@pytest.mark.parametrize(
    ("a", "b"),
    [([1.0, 2.0], [-3.0, 1.0]), ([0.0, 0.0], [3.0, 1.0]), ([1e-9, 0.0], [3.0, 1.0]), ([1.0, 1.0], [1.0, 1.0])],
)
def test_cosines_are_pytorchs(a: list[float], b: list[float]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    t = torch.tensor(a, dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.cosine_similarity(t, torch.tensor(b, dtype=torch.float64), dim=0)
    y.backward()
    for made in (eager, compiled):
        values, slopes = made(lambda x: functional.cosine_similarity(x, b), a)
        assert values == pytest.approx([y.item()], rel=1e-13)
        assert slopes == pytest.approx(t.grad.tolist(), rel=1e-12, abs=1e-15)


def test_distances_as_modules() -> None:
    a, b = [[1.0, 2.0], [0.0, 1.0]], [[-3.0, 1.0], [2.0, 2.0]]
    assert nn.PairwiseDistance(1.0, keepdim=True)(a, b) == functional.pairwise_distance(a, b, 1.0, keepdim=True)
    assert nn.CosineSimilarity(dim=1)(a, b) == functional.cosine_similarity(a, b)
    assert repr(nn.PairwiseDistance()) == "PairwiseDistance(p=2.0, eps=1e-06, keepdim=False)"
    with pytest.raises(
        ValueError, match=r"^cosine_similarity goes along the innermost lists: dim must be -1 or, here, 1"
    ):
        nn.CosineSimilarity(dim=0)(a, b)


def test_large_vectors_have_norms() -> None:
    assert functional.normalize([3e150, 4e150]) == pytest.approx([0.6, 0.8])


def test_one_hot_is_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for classes in (2, [0, 2, 1], [[0, 1], [1, 1]]):
        for n in (-1, 3, 5):
            expected = torch.nn.functional.one_hot(torch.tensor(classes), n).tolist()
            assert functional.one_hot(classes, n) == expected


def test_one_hot_of_a_class_that_a_program_is_given() -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    w = [Value(2.0), Value(3.0), Value(5.0)]
    program = autograd.compile(lambda t: autograd.dot(w, functional.one_hot(t, 3)), w)
    assert program([0, 2])[0] == 3.5
    with pytest.raises(ValueError, match=r"^one_hot: a class must be a whole number from 0 to 2, not 3 \(in example 1"):
        program([0, 3])
    with pytest.raises(
        CompileError, match="one_hot: a compiled program does not know the largest class; give num_classes"
    ):
        autograd.compile(lambda t: functional.one_hot(t), w)([0])


def test_linear_is_a_dot_product_for_each_output() -> None:
    layer = nn.Linear(3, 2, seed=1)
    x = [[0.5, -1.0, 2.0], [1.0, 1.0, 0.0]]
    made = functional.linear(x, layer.weight, layer.bias)
    assert [[y.data for y in row] for row in made] == [[y.data for y in row] for row in layer(x)]
    assert Graph(autograd.sum(functional.linear(x[0], layer.weight))).counts == {"dot": 2, "sum": 1}


def numbers(values: Any) -> Any:
    return [numbers(x) for x in values] if isinstance(values, list) else values.data


def eager(
    f: Callable[..., Any], row: list[float], weights: list[float] | None = None
) -> tuple[list[float], list[float]]:
    """The results of f for the numbers, and the slopes of their sum, or weighted sum."""
    xs = [Value(x) for x in row]
    made = f(xs)
    ys = made if isinstance(made, list) else [made]
    autograd.dot(weights or [1.0] * len(ys), ys).backward()
    return [y.data for y in ys], [x.grad for x in xs]


def compiled(
    f: Callable[..., Any], row: list[float], weights: list[float] | None = None
) -> tuple[list[float], list[float]]:
    """The same slopes from a program that was recorded at another point."""
    values, _ = eager(f, row, weights)
    xs = [Value(0.5 + 0.25 * i) for i in range(len(row))]

    def total() -> Any:
        made = f(xs)
        ys = made if isinstance(made, list) else [made]
        return autograd.dot(weights or [1.0] * len(ys), ys)

    program = autograd.compile(total, xs)
    for x, number in zip(program.parameters.values, row):
        x.data = number
    program.read_in()
    loss, _ = program()
    program.write_back()
    assert loss == pytest.approx(sum(w * y for w, y in zip(weights or [1.0] * len(values), values)), rel=1e-13)
    return values, [x.grad for x in xs]


# --- errors -----------------------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "celu": (lambda: functional.celu(1.0, 0.0), ValueError, "celu: alpha must not be 0, but it is 0.0"),
    "celu of text": (lambda: nn.CELU("1"), TypeError, "alpha must be a finite number, not '1'"),  # type: ignore[arg-type]
    "beta": (lambda: nn.Softplus(beta=0.0), ValueError, "softplus: beta must be positive, not 0.0"),
    "bounds": (
        lambda: nn.Hardtanh(1.0, -1.0),
        ValueError,
        "hardtanh: min_val must be below max_val, but they are 1.0 and -1.0",
    ),
    "random bounds": (
        lambda: nn.RReLU(0.5, 0.25),
        ValueError,
        "rrelu: lower must not be above upper, but they are 0.5 and 0.25",
    ),
    "lambd": (lambda: nn.Softshrink(-1.0), ValueError, "lambd must not be negative, but it is -1.0"),
    "approximation": (
        lambda: nn.GELU("sigmoid"),
        ValueError,
        "gelu: approximate must be 'none' or 'tanh', not 'sigmoid'",
    ),
    "threshold": (lambda: nn.Threshold(None, 1.0), TypeError, "threshold must be a finite number, not None"),  # type: ignore[arg-type]
    "odd": (
        lambda: functional.glu([1.0, 2.0, 3.0]),
        ValueError,
        "glu halves a list, whose length must be even, not 3",
    ),
    "no list": (
        lambda: functional.glu(1.0),
        TypeError,
        "glu takes a list of numbers, or nested lists, not float: 1.0",
    ),
    "slopes": (lambda: nn.PReLU(0), ValueError, "num_parameters must be a positive whole number, not 0"),
    "norm": (
        lambda: functional.normalize([1.0], 0.0),
        ValueError,
        "normalize: p must be above 0, or infinite, not 0.0",
    ),
    "empty": (lambda: functional.normalize([]), ValueError, "normalize takes at least one number, got none"),
    "lengths": (
        lambda: functional.pairwise_distance([1.0], [1.0, 2.0]),
        ValueError,
        "pairwise_distance takes two lists of one shape, but one has 1 items, the other 2",
    ),
    "a number": (
        lambda: functional.cosine_similarity(1.0, 1.0),
        TypeError,
        "cosine_similarity takes lists of numbers, or nested lists, not float: 1.0",
    ),
    "classes": (
        lambda: functional.one_hot([0], 0),
        ValueError,
        "one_hot: num_classes must be positive, or -1, not 0",
    ),
    "class": (
        lambda: functional.one_hot([0.5]),
        ValueError,
        "one_hot: a class must be a whole number from 0 to 0, not 0.5",
    ),
    "row": (
        lambda: functional.linear([1.0, 2.0], [[1.0]]),
        ValueError,
        "linear: a row of weight has 1 items, but the input has 2",
    ),
    "bias": (
        lambda: functional.linear([1.0], [[1.0]], [1.0, 2.0]),
        ValueError,
        "linear: weight has 1 rows, one for each output, but bias has 2 items",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = ERRORS[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence
