"""Losses compared with their formulas (by hand, and with mpmath where digits could get lost) and with PyTorch."""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import autograd
import nn
from autograd import Graph, Value
from autograd.functional import leaves

from .loss_problems import MORE, PROBLEMS, TIES, Problem

inf, nan = math.inf, math.nan


def losses_and_slopes(loss: Callable[..., Any], xs: Sequence[float], targets: Any, **options: Any) -> list[float]:
    """The loss of a list of predictions, then its derivative with respect to each."""
    values = [Value(x) for x in xs]
    y = loss(values, targets, **options)
    y.backward()
    return [y.data, *(x.grad for x in values)]


# --- of numbers: formula, derivative ----------------------------------------------------------------------------

Pair = Callable[[float, float], float]
PAIRWISE: dict[str, tuple[Pair, Pair, Any, Any]] = {
    # the loss of one pair, its derivative, and strategies for predictions and for targets
    "mse": (lambda p, t: (p - t) ** 2, lambda p, t: 2 * (p - t), st.floats(-9, 9), st.floats(-9, 9)),
    "half_mse": (lambda p, t: (p - t) ** 2 / 2, lambda p, t: p - t, st.floats(-9, 9), st.floats(-9, 9)),
    "mae": (lambda p, t: abs(p - t), lambda p, t: float((p > t) - (p < t)), st.integers(-9, 9), st.integers(-9, 9)),
    "huber": (
        lambda p, t: (p - t) ** 2 / 2 if abs(p - t) <= 1 else abs(p - t) - 0.5,
        lambda p, t: max(-1.0, min(1.0, p - t)),
        st.floats(-9, 9),
        st.floats(-9, 9),
    ),
    "hinge": (
        lambda p, t: max(0.0, 1 - t * p),
        lambda p, t: -t if t * p < 1 else 0.0,
        st.floats(-9, 9),
        st.sampled_from([-1, 1]),
    ),
    "bce": (
        lambda p, t: -(t * math.log(p) + (1 - t) * math.log(1 - p)),
        lambda p, t: (p - t) / (p * (1 - p)),
        st.floats(0.01, 0.99),
        st.floats(0, 1),
    ),
    "bce_with_logits": (
        lambda z, t: math.log(1 + math.exp(z)) - t * z,
        lambda z, t: 1 / (1 + math.exp(-z)) - t,
        st.floats(-9, 9),
        st.floats(0, 1),
    ),
}
every_pairwise = pytest.mark.parametrize("name", PAIRWISE)


@every_pairwise
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_value_and_gradient_by_hand(name: str, data: st.DataObject) -> None:
    value, slope, predictions, targets = PAIRWISE[name]
    pairs = data.draw(st.lists(st.tuples(predictions, targets), min_size=1, max_size=4))
    ps, ts = [p for p, _ in pairs], [t for _, t in pairs]
    n, loss = len(pairs), getattr(nn, name)
    values, slopes = [value(p, t) for p, t in pairs], [slope(p, t) for p, t in pairs]
    assert losses_and_slopes(loss, ps, ts, reduction="sum") == pytest.approx([sum(values), *slopes], rel=1e-9, abs=1e-9)
    mean = [sum(values) / n, *(s / n for s in slopes)]
    assert losses_and_slopes(loss, ps, ts) == pytest.approx(mean, rel=1e-9, abs=1e-9)
    xs = [Value(p) for p in ps]
    each = loss(xs, ts, reduction="none")
    assert [y.data for y in each] == pytest.approx(values, rel=1e-9, abs=1e-9)
    assert loss(ps, ts, reduction="none") == [y.data for y in each]  # numbers alone give plain numbers
    assert loss(xs[0], ts[0]).data == loss(ps[0], ts[0]) == each[0].data  # one pair needs no list
    nested = loss([[x] for x in xs], [[t] for t in ts], reduction="none")
    assert [y.data for [y] in nested] == [y.data for y in each]
    assert loss([[x] for x in xs], [[t] for t in ts]).data == pytest.approx(mean[0], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", [name for name in PAIRWISE if name != "hinge"])  # labels are -1 or 1
def test_gradients_with_respect_to_targets(name: str) -> None:
    p, t = Value(0.3), Value(0.8)
    getattr(nn, name)(p, t).backward()
    value = PAIRWISE[name][0]
    assert t.grad == pytest.approx((value(0.3, 0.8 + 1e-6) - value(0.3, 0.8 - 1e-6)) / 2e-6, rel=1e-6)


TORCH_NAMES = {
    "mse": "mse_loss",
    "mae": "l1_loss",
    "huber": "huber_loss",
    "bce": "binary_cross_entropy",
    "bce_with_logits": "binary_cross_entropy_with_logits",
}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", TORCH_NAMES)
def test_pytorch_agrees(name: str, reduction: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ps, ts = [0.0, 0.25, 1.0, 0.75, 0.5, 1.0, 0.0], [0.5, 0.0, 1.0, 1.0, 0.5, 0.0, 0.0]
    x = torch.tensor(ps, dtype=torch.float64, requires_grad=True)
    y = getattr(torch.nn.functional, TORCH_NAMES[name])(x, torch.tensor(ts, dtype=torch.float64), reduction=reduction)
    y.backward()
    # In the slope of bce, PyTorch rounds 1e-12 to float32: 1e-12 (1 - 4e-9)
    expected = [y.item(), *x.grad.tolist()]
    assert losses_and_slopes(getattr(nn, name), ps, ts, reduction=reduction) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("p", [0.0, 1.0, 1e-300, 1e-44, 3e-44, 1e-13, 1 - 1e-13, 1 - 2**-53])
@pytest.mark.parametrize("t", [0.0, 1.0, 0.25])
def test_bce_next_to_certainty_is_pytorchs(p: float, t: float) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = torch.tensor([p], dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.binary_cross_entropy(x, torch.tensor([t], dtype=torch.float64))
    y.backward()
    assert losses_and_slopes(nn.bce, [p], [t]) == pytest.approx([y.item(), x.grad.item()], rel=1e-8)


def test_bce_is_finite_at_certainty() -> None:
    # the convention: a logarithm is at least -100, and p (1 - p) at least 1e-12
    assert losses_and_slopes(nn.bce, [0.0], [1]) == [100.0, -1 / 1e-12]
    assert losses_and_slopes(nn.bce, [1.0], [0]) == [100.0, 1 / 1e-12]
    assert losses_and_slopes(nn.bce, [0.0], [0]) == losses_and_slopes(nn.bce, [1.0], [1]) == [0.0, 0.0]
    t = Value(1.0)
    nn.bce(0.0, t).backward()
    assert t.grad == 100.0  # bce(0, t) is 100 t


@pytest.mark.parametrize("order", [1, 2])
def test_bce_is_an_operation_like_the_others(order: int) -> None:
    def by_hand(p: float) -> float:
        t = 0.25
        return (p - t) / (p * (1 - p)) if order == 1 else t / p**2 + (1 - t) / (1 - p) ** 2

    derivative: Any = lambda p: nn.bce(p, 0.25)  # noqa: E731
    for _ in range(order):
        derivative = autograd.grad(derivative)
    for p in (0.1, 0.5, 0.7):
        assert derivative(p) == pytest.approx(by_hand(p), rel=1e-12)


def test_bce_reads_arrays() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    from autograd.ops import find

    p, t = np.array([0.0, 0.3, 1.0]), np.array([1.0, 0.5, 1.0])
    values = find("bce")(p, t)
    assert values.tolist() == [nn.bce(float(a), float(b)) for a, b in zip(p, t)]


# --- logits: every digit ----------------------------------------------------------------------------------------

ZS = [-745.0, -700.0, -300.0, -40.0, -36.8, -1.0, -1e-9, 0.0, 1e-300, 0.5, 2.0, 36.8, 37.5, 40.0, 300.0, 690.0, 745.0]


@pytest.mark.parametrize("z", ZS)
@pytest.mark.parametrize("t", [0, 1])
def test_bce_with_logits_keeps_its_digits(z: float, t: int) -> None:
    with mp.workdps(400):
        s = mpf(z) if t == 0 else -mpf(z)  # by symmetry the loss is log(1 + e**s)
        loss, slope = mp.log1p(mp.exp(s)), (1 - 2 * t) / (1 + mp.exp(-s))
        expected = [float(loss), float(slope)]
    # rel: 745 / 2 ulp, the rounding of e**s for the largest s; abs: below 1e-307 floats have fewer digits
    assert losses_and_slopes(nn.bce_with_logits, [z], [t]) == pytest.approx(expected, rel=2e-15, abs=1e-320)


def test_bce_with_logits_of_a_certain_target_is_one_term() -> None:
    z = Value(0.5)
    assert Graph(nn.bce_with_logits(z, 0)).counts == {"softplus": 1}
    assert Graph(nn.bce_with_logits(z, 1.0)).counts == {"neg": 1, "softplus": 1}
    assert Graph(nn.bce_with_logits(z, True)).counts == {"neg": 1, "softplus": 1}


@pytest.mark.parametrize("z", ZS)
def test_bce_with_logits_slope_is_output_minus_target(z: float) -> None:
    for t in (0.25, 0.5, 0.9):
        value = Value(z)
        target = Value(t)
        nn.bce_with_logits(value, target).backward()
        o = 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))
        assert value.grad == pytest.approx(o - t, rel=1e-14)
        assert target.grad == pytest.approx(-z, rel=1e-14)


CLASSES = [
    [0.3, -1.2, 2.0],
    [40.0, 0.0],
    [0.0, 0.0],
    [0.0, -690.0, 36.0],
    [1e6, 1e6 - 1, -1e6],
    [7.0],
    [-3.0, 100.0, 99.0, 100.0],
]


def softmax_in_full(logits: Sequence[float]) -> list[mpf]:
    powers = [mp.exp(mpf(z)) for z in logits]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("logits", CLASSES)
def test_cross_entropy_and_its_gradient_keep_their_digits(logits: list[float]) -> None:
    for t in range(len(logits)):
        with mp.workdps(1000):
            p = softmax_in_full(logits)
            rest = sum(q for i, q in enumerate(p) if i != t)
            loss = -mp.log(p[t]) if p[t] < 0.5 else -mp.log1p(-rest)
            expected = [float(x) for x in (loss, *(q if i != t else -rest for i, q in enumerate(p)))]
        one_hot = [float(i == t) for i in range(len(logits))]
        for target in (t, one_hot):
            result = losses_and_slopes(nn.cross_entropy, logits, target)
            assert result == pytest.approx(expected, rel=1e-13, abs=1e-300)
            # a result may be zero only where the exact number is
            assert all((a == 0.0) == (b == 0.0) for a, b in zip(result, expected))
        assert nn.nll(nn.log_softmax(logits), t) == pytest.approx(expected[0], rel=1e-13, abs=1e-300)


def test_cross_entropy_of_a_nearly_certain_prediction() -> None:
    assert nn.cross_entropy([40.0, 0.0], 0) == pytest.approx(math.exp(-40), rel=1e-15)
    assert losses_and_slopes(nn.cross_entropy, [40.0, 0.0], 0)[1:] == pytest.approx([-math.exp(-40), math.exp(-40)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(0, 1)), min_size=1, max_size=5))
def test_cross_entropy_of_probabilities_by_hand(pairs: list[tuple[float, float]]) -> None:
    zs, ts = [z for z, _ in pairs], [t for _, t in pairs]
    total = math.fsum(math.exp(z) for z in zs)
    value = math.fsum(t * (math.log(total) - z) for z, t in pairs)
    slopes = [math.exp(z) / total * math.fsum(ts) - t for z, t in pairs]
    assert losses_and_slopes(nn.cross_entropy, zs, ts) == pytest.approx([value, *slopes], rel=1e-9, abs=1e-9)
    as_values = [Value(t) for t in ts]
    nn.cross_entropy(zs, as_values).backward()
    assert [t.grad for t in as_values] == pytest.approx([math.log(total) - z for z in zs], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("name", "theirs", "targets"),
    [
        ("cross_entropy", "cross_entropy", [2, 0]),
        ("cross_entropy", "cross_entropy", [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]),
        ("nll", "nll_loss", [2, 0]),
        ("multi_margin", "multi_margin_loss", [2, 0]),
    ],
)
def test_batches_of_classes_are_pytorchs(name: str, theirs: str, targets: list[Any], reduction: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rows = [[0.3, -1.2, 2.0], [1.0, 1.5, -0.5]]
    x = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
    t = torch.tensor(targets, dtype=torch.float64 if isinstance(targets[0], list) else torch.int64)
    y = getattr(torch.nn.functional, theirs)(x, t, reduction=reduction)
    y.sum().backward()
    values = [[Value(z) for z in row] for row in rows]
    ours = getattr(nn, name)(values, targets, reduction=reduction)
    single = ours if reduction != "none" else autograd.sum(ours)
    single.backward()
    assert single.data == pytest.approx(y.sum().item(), rel=1e-14)
    if reduction == "none":
        assert [z.data for z in ours] == pytest.approx(y.tolist(), rel=1e-14)
    assert [[v.grad for v in row] for row in values] == [pytest.approx(g, rel=1e-13) for g in x.grad.tolist()]


@pytest.mark.parametrize(
    "logits", [[1.0, 2.0, -inf], [nan, 0.0, 1.0], [1.0, inf, 0.0], [inf, 1.0, 0.0], [-inf, 0.0, 1.0]]
)
def test_cross_entropy_of_what_is_not_finite_is_pytorchs(logits: list[float]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = torch.tensor([logits], dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.cross_entropy(x, torch.tensor([0]))
    ours = losses_and_slopes(nn.cross_entropy, logits, 0)
    y.backward()
    assert ours == pytest.approx([y.item(), *x.grad[0].tolist()], rel=1e-13, nan_ok=True)


def test_multi_margin_by_hand() -> None:
    # scores 1, 2, 0.5 and class 0: margins 1 - 1 + 2 = 2 and 1 - 1 + 0.5 = 0.5, divided by 3 classes
    assert losses_and_slopes(nn.multi_margin, [1.0, 2.0, 0.5], 0) == pytest.approx([2.5 / 3, -2 / 3, 1 / 3, 1 / 3])
    assert nn.multi_margin([5.0, 1.0], 0) == 0.0


@pytest.mark.parametrize("name", ["cross_entropy", "multi_margin"])
def test_one_class_is_no_question(name: str) -> None:
    assert losses_and_slopes(getattr(nn, name), [2.0], 0) == [0.0, 0.0]
    assert getattr(nn, name)([2.0], 0) == 0.0


def test_targets_may_be_numpys() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    values = [Value(0.5), Value(2.0)]
    assert nn.hinge(values, np.array([1, -1])).data == (0.5 + 3.0) / 2
    assert nn.mse(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]])) == 2.5
    assert nn.bce_with_logits(values, np.array([True, False])).data == nn.bce_with_logits(values, [1, 0]).data
    rows = np.array([[0.0, 1.0], [2.0, 0.0]])
    assert nn.cross_entropy(rows, np.array([1, 0])) == nn.cross_entropy(rows.tolist(), [1, 0])
    assert nn.cross_entropy(rows, np.array([[0, 1], [1, 0]])) == nn.cross_entropy(rows.tolist(), [1, 0])


# --- infinities, nan, and numbers far apart: eagerly and compiled ---------------------------------------------------

Run = Callable[[Callable[..., Any], Sequence[float], Any], list[float]]


def compiled(loss: Callable[..., Any], xs: Sequence[float], targets: Any) -> list[float]:
    """As `losses_and_slopes`, from a program whose arguments are the targets."""
    values = [Value(x) for x in xs]
    program = autograd.compile(lambda t: loss(values, t), values, batch=False, allow_nan=True)
    value, _ = program(targets)
    program.write_back()
    return [value, *(x.grad for x in values)]


def compiled_whole(loss: Callable[..., Any], xs: Sequence[float], targets: Any) -> list[float]:
    """The same from a program with the targets as constants."""
    values = [Value(x) for x in xs]
    program = autograd.compile(lambda: loss(values, targets), values)
    value, _ = program()
    program.write_back()
    return [value, *(x.grad for x in values)]


every_way = pytest.mark.parametrize("run", [losses_and_slopes, compiled, compiled_whole])
SPECIAL = [inf, -inf, nan, 0.0, -0.0, 1.0, -1.0, 0.5, 1e308, -1e308, 1e16, 5e-324, 40.0, -750.0]


def agree(mine: Sequence[float], theirs: Sequence[float], rel: float = 1e-12) -> None:
    assert list(mine) == pytest.approx(list(theirs), rel=rel, abs=1e-320, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "options"),
    [("mse", {}), ("mae", {}), ("huber", {}), ("huber", {"delta": 1e-320}), ("huber", {"delta": 1e300})],
)
def test_distances_of_special_numbers_are_pytorchs(name: str, options: dict[str, float]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    p = Value(0.0)
    program = autograd.compile(lambda t: getattr(nn, name)(p, t, **options), [p], allow_nan=True, like=(0.0,))
    for x in SPECIAL:
        for t in SPECIAL:
            theirs = torch.tensor(x, dtype=torch.float64, requires_grad=True)
            target = torch.tensor(t, dtype=torch.float64)
            y = getattr(torch.nn.functional, TORCH_NAMES[name])(theirs, target, **options)
            y.backward()
            expected = [y.item(), theirs.grad.item()]
            agree(losses_and_slopes(lambda ps, t: getattr(nn, name)(ps[0], t, **options), [x], t), expected)
            program.parameters.data = x
            loss, gradient = program([t])
            agree([loss, float(gradient[0])], expected)


@every_way
def test_huber_without_lines_is_the_parabola(run: Run) -> None:
    """PyTorch's is nan at infinity, because it computes inf (inf - inf/2)."""
    for x in SPECIAL:
        distance = x - 0.5
        agree(run(lambda ps, t: nn.huber(ps[0], t, delta=inf), [x], 0.5), [distance * distance / 2, distance])


@every_way
@pytest.mark.parametrize("label", [1.0, -1.0])
def test_hinge_of_special_numbers_by_hand(run: Run, label: float) -> None:
    for x in SPECIAL:
        margin = 1.0 - label * x
        expected = [nan, -label] if x != x else [max(0.0, margin), -label if margin > 0.0 else 0.0]
        agree(run(lambda ps, t: nn.hinge(ps[0], t), [x], label), expected)


@every_way
@pytest.mark.parametrize("t", [0.0, 1.0, 0.25])
def test_bce_with_logits_of_special_numbers(run: Run, t: float) -> None:
    """PyTorch's is nan at some infinities, where it multiplies them by 0; ours is the limit, which is not nan."""
    for z in SPECIAL:
        if math.isfinite(z):
            with mp.workdps(1000):
                power = mp.exp(-min(abs(mpf(z)), 5000))
                small, large = mp.log1p(power), mp.log1p(power) + abs(mpf(z))  # softplus(-|z|), softplus(|z|)
                right = t if z > 0.0 else 1 - t  # the target's probability of the class that z favours
                sigmoid = (1 if z > 0.0 else power) / (1 + power)
                expected = [float(right * small + (1 - right) * large), float(sigmoid - t)]
        elif z != z:
            expected = [nan, nan]
        else:
            expected = [0.0 if t == float(z > 0.0) else inf, float(z > 0.0) - t]
        if run is not compiled or math.isfinite(z):  # a target that is an argument meets inf, as in PyTorch
            agree(run(lambda zs, t: nn.bce_with_logits(zs[0], t), [z], t), expected)


FAR: list[list[float]] = [
    *CLASSES,
    [0.0, 1.0, 2.0, -1e16],
    [0.0, 1.0, 2.0, 1e16],
    [1e16, 1e16, 0.0],
    [1e6, 1e6 - 1, 1e6 - 2],
    [1e308, -1e308],
    [-1e308, -1e308],
    [-700.0, -1.0, 0.0],
]


def class_loss_in_full(logits: Sequence[float], t: int) -> list[float]:
    with mp.workdps(1000):
        top = max(logits)
        powers = [mp.exp(max(mpf(z) - mpf(top), mpf(-5000))) for z in logits]
        others = sum(power for i, power in enumerate(powers) if i != t)
        p = [power / sum(powers) for power in powers]
        rest = others / sum(powers)
        distance = mpf(logits[t]) - mpf(top)
        loss = mp.log1p(others) if distance == 0 else mp.log(sum(powers)) - distance
        return [float(x) for x in (loss, *(q if i != t else -rest for i, q in enumerate(p)))]


@every_way
@pytest.mark.parametrize("logits", FAR)
def test_class_losses_keep_their_digits(run: Run, logits: list[float]) -> None:
    for t in range(len(logits)):
        expected = class_loss_in_full(logits, t)
        # The textbook's program rounds p_t - 1 to 1e-16.
        tolerance = 0.0 if run is losses_and_slopes else 1e-15
        for loss in (nn.cross_entropy, lambda z, t: nn.nll(nn.log_softmax(z), t)):
            assert run(loss, logits, t) == pytest.approx(expected, rel=1e-13, abs=tolerance)


@every_way
@pytest.mark.parametrize(
    "logits",
    [[0.0, -inf], [-inf, 0.0, 1.0], [0.0, -inf, -inf], [-inf, -inf], [-inf], [inf], [inf, 0.0], [nan, 0.0], [inf, inf]],
)
def test_class_losses_of_what_is_not_finite_are_pytorchs(run: Run, logits: list[float]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for t in range(len(logits)):
        x = torch.tensor([logits], dtype=torch.float64, requires_grad=True)
        y = torch.nn.functional.cross_entropy(x, torch.tensor([t]))
        y.backward()
        expected = [y.item(), *x.grad[0].tolist()]
        for loss in (nn.cross_entropy, lambda z, t: nn.nll(nn.log_softmax(z), t)):
            found = run(loss, logits, t)
            if run is not losses_and_slopes and math.isnan(expected[0]):
                # A program may give inf where the engine's inf - inf is nan, but never a finite loss.
                assert not math.isfinite(found[0]) and any(map(math.isnan, found[1:]))
            else:
                agree(found, expected)


@pytest.mark.parametrize("run", [losses_and_slopes, compiled_whole])
def test_probabilities_of_0_leave_impossible_classes_out(run: Run) -> None:
    """If the probabilities are constants; if they are arguments of a program, it is nan, 0 times inf, as PyTorch's."""
    half = [math.log(2.0), 0.0, 0.0, 0.0]
    agree(run(nn.cross_entropy, [0.0, 0.0, -inf], [0.5, 0.5, 0.0]), half)
    agree(run(nn.cross_entropy, [0.0, 0.0, -inf], [0.0, 1.0, 0.0]), [math.log(2.0), 0.5, -0.5, 0.0])
    agree(run(nn.cross_entropy, [0.0, -inf], [0.5, 0.5]), [inf, 0.5, -0.5])


@every_way
def test_softmax_of_large_numbers(run: Run) -> None:
    agree(run(lambda z, t: nn.softmax(z)[0] * t, [1e16, 1e16, 0.0], 1.0), [0.5, 0.25, -0.25, 0.0])
    agree(run(lambda z, t: nn.log_softmax(z)[0] * t, [1e16, 1e16, 0.0], 1.0), [-math.log(2.0), 0.5, -0.5, 0.0])
    agree(run(nn.multi_margin, [1e16, 1e16], 1), [0.5, 0.5, -0.5])  # PyTorch computes 1 - 1e16 first


@pytest.mark.parametrize(
    "logits", [[40.0, 0.0], [40.0, 0.0, -1.0], [0.3, -1.2, 2.0], [5.0, 5.0, 1.0], [0.0, 1.0, -1e16]]
)
def test_second_derivatives_of_class_losses_keep_their_digits(logits: list[float]) -> None:
    """They are p_i (1 - p_i) and -p_i p_j, whatever the target class."""
    n = len(logits)
    with mp.workdps(200):
        p = softmax_in_full(logits)
        rest = [sum(q for j, q in enumerate(p) if j != i) for i in range(n)]
        expected = [[float(p[i] * rest[i] if i == j else -p[i] * p[j]) for j in range(n)] for i in range(n)]
    for t in range(n):
        for loss in (nn.cross_entropy, lambda z, t: nn.nll(nn.log_softmax(z), t)):
            hessian = autograd.hessian(lambda z, t=t, loss=loss: loss(z, t))(logits)
            for row, right in zip(hessian, expected):
                assert row == pytest.approx(right, rel=1e-13, abs=1e-300)
    for row, right in zip(autograd.hessian(autograd.logsumexp)(logits), expected):
        assert row == pytest.approx(right, rel=1e-13, abs=1e-300)


def test_single_precision_has_its_digits_far_from_0() -> None:
    np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    z = [Value(4096.0), Value(4095.0), Value(4094.5)]
    single = autograd.compile(lambda x, t: nn.cross_entropy([p * x for p in z], t), z, dtype="float32", like=(1.0, 0))
    for t in range(3):
        loss, gradient = single([1.0], [t])
        expected = class_loss_in_full([x.data for x in z], t)
        single.write_back()
        assert [loss, *(x.grad for x in z)] == pytest.approx(expected, rel=1e-6)
        assert gradient.dtype == np.float32


# --- all losses with their options, beside PyTorch's ------------------------------------------------------------

every_problem = pytest.mark.parametrize("problem", [*PROBLEMS, *MORE], ids=str)
N = 4  # examples


def outputs_of(problem: Problem, ties: bool) -> list[list[float]]:
    """Outputs of a network for some examples: random, or with ties, so that differences and margins are often 0."""
    rng = random.Random(str(problem))
    return [[rng.choice(TIES) if ties else rng.gauss(0.0, 2.0) for _ in range(problem.outputs)] for _ in range(N)]


def pytorchs_losses_and_slopes(problem: Problem, rows: Any, target: Any, **more: Any) -> list[float]:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
    y = problem.pytorchs(torch, x, target, **more)
    y.sum().backward()
    return [*y.flatten().tolist(), *x.grad.flatten().tolist()]


@every_problem
@pytest.mark.parametrize("ties", [False, True], ids=["random", "ties"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.filterwarnings("ignore:reduction:UserWarning")  # PyTorch warns of kl_div's mean
def test_values_and_gradients_are_pytorchs(problem: Problem, ties: bool, reduction: str) -> None:
    rows, target = outputs_of(problem, ties), problem.targets(N, ties=ties)
    values = [[Value(x) for x in row] for row in rows]
    made = leaves(problem.ours(values, target, reduction=reduction))
    autograd.sum(made).backward()
    found = [*(y.data for y in made), *(x.grad for row in values for x in row)]
    expected = pytorchs_losses_and_slopes(problem, rows, target, reduction=reduction)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-13)
    plain = leaves(problem.ours(rows, target, reduction=reduction))  # numbers alone give plain numbers
    assert all(isinstance(y, float) for y in plain)
    assert plain == pytest.approx([y.data for y in made], rel=1e-15, abs=1e-300)


@every_problem
@pytest.mark.parametrize(("ties", "reduction"), [(False, "sum"), (True, "mean")], ids=["random", "ties"])
@pytest.mark.filterwarnings("ignore:reduction:UserWarning")
def test_a_program_for_a_whole_batch_gives_the_same(problem: Problem, ties: bool, reduction: str) -> None:
    """Targets are its arguments: classes, labels and ignored examples are known only when it runs."""
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    rows, target = outputs_of(problem, ties), problem.targets(N, ties=ties)
    values = [[Value(x) for x in row] for row in rows]
    given = [] if target is None else [target]
    parameters = [x for row in values for x in row]

    def loss_of(*t: Any) -> Any:
        return problem.ours(values, *(t or [None]), reduction=reduction)

    program = autograd.compile(loss_of, parameters, batch=False)
    loss, _ = program(*given)
    program.write_back()
    found = [loss, *(x.grad for row in values for x in row)]
    expected = pytorchs_losses_and_slopes(problem, rows, target, reduction=reduction)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_a_program_for_each_example_gives_the_same(problem: Problem) -> None:
    """The same outputs with several targets: PyTorch's loss of as many equal examples."""
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    row, target = outputs_of(problem, ties=False)[0], problem.targets(N)
    values = [Value(x) for x in row]
    ones, given = [1.0] * N, [] if target is None else [target]

    def loss_of(one: Any, *t: Any) -> Any:
        return problem.ours([v * one for v in values], *(t or [None]), reduction="sum")

    program = autograd.compile(loss_of, values, reduction="sum")
    loss, _ = program(ones, *given)
    program.write_back()
    expected = pytorchs_losses_and_slopes(problem, [row] * N, target, reduction="sum")
    slopes = [sum(expected[1 + i :: len(row)]) for i in range(len(row))]
    assert [loss, *(x.grad for x in values)] == pytest.approx([expected[0], *slopes], rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_one_example_needs_no_list(problem: Problem) -> None:
    rows, target = outputs_of(problem, ties=False), problem.targets(N)
    for k in range(N):
        t = None if target is None else target[k]
        if t in (-100, problem.options.get("ignore_index")) and problem.target.startswith("classes"):
            continue  # an ignored example has no mean
        values = [Value(x) for x in rows[k]]
        y = problem.ours(values, t)
        y.backward()
        expected = pytorchs_losses_and_slopes(problem, rows[k], t)
        assert [y.data, *(x.grad for x in values)] == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_modules_are_called_and_set_as_pytorchs(problem: Problem) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    module, function = problem.our_module(), getattr(nn.functional, problem.function)
    rows, target = outputs_of(problem, ties=False), problem.targets(N)
    assert module(*problem.arguments(rows, target)) == problem.ours(rows, target)
    for ours, theirs in [
        (type(module), getattr(torch.nn, problem.module)),
        (function, getattr(torch.nn.functional, problem.function)),
    ]:
        left, right = (inspect.signature(x).parameters.values() for x in (ours, theirs))
        assert [(p.name, p.default, p.kind) for p in left] == [(p.name, p.default, p.kind) for p in right]
    assert module.parameters() == []
    for name, x in problem.options.items():
        assert f"{name}={x!r}"[:60] in repr(module)


@pytest.mark.parametrize("x", [-1000.0, -40.0, -1.0, 1e-9, 0.5, 40.0, 700.0])
def test_soft_margin_keeps_its_digits(x: float) -> None:
    with mp.workdps(400):
        expected = [float(mp.log1p(mp.exp(-mpf(x)))), float(-1 / (1 + mp.exp(mpf(x))))]
    found = losses_and_slopes(nn.functional.soft_margin_loss, [x], [1])
    assert found == pytest.approx(expected, rel=2e-15 * max(1.0, abs(x)), abs=0.0)


def test_a_variance_below_eps_counts_as_eps_and_has_a_slope_all_the_same() -> None:
    mean, variance = Value(1.0), Value(0.0)
    nn.functional.gaussian_nll_loss(mean, 0.0, variance, eps=0.5).backward()
    # by hand, at v = 1/2: (log(v) + 1/v) / 2 has the slopes 1/v by the mean and (1/v - 1/v**2) / 2 by v
    assert (mean.grad, variance.grad) == (2.0, -1.0)


@pytest.mark.parametrize("var", [0.5, [0.5, 2.0], [[0.5], [2.0]], [[0.5, 0.5], [2.0, 2.0]]])
def test_variances_may_be_fewer_than_inputs(var: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x, t = [[1.0, 2.0], [0.5, -1.0]], [[0.0, 1.0], [2.0, 0.0]]
    tensors = [torch.tensor(z, dtype=torch.float64) for z in (x, t)]
    v = var if isinstance(var, float) else torch.tensor(var, dtype=torch.float64)
    expected = torch.nn.functional.gaussian_nll_loss(*tensors, v).item()
    assert nn.functional.gaussian_nll_loss(x, t, var) == pytest.approx(expected, rel=1e-14)


def test_an_impossible_class_with_a_target_of_0_costs_nothing() -> None:
    assert nn.functional.kl_div([0.0, -inf], [1.0, 0.0], reduction="sum") == 0.0  # PyTorch's is nan, 0 times infinity
    x = Value(-1.0)
    nn.functional.kl_div(x, 0.0).backward()
    assert x.grad == 0.0


def test_classes_are_the_innermost_lists_whatever_is_around_them() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rows = [[[0.3, -1.2, 2.0], [1.0, 1.5, -0.5]], [[0.0, 0.0, 1.0], [2.0, -2.0, 0.0]]]
    classes = [[2, 0], [-100, 1]]
    x = torch.tensor(rows, dtype=torch.float64).movedim(-1, 1)  # in PyTorch classes are dimension 1
    for reduction in ("mean", "sum", "none"):
        expected = torch.nn.functional.cross_entropy(x, torch.tensor(classes), reduction=reduction)
        made = nn.functional.cross_entropy(rows, classes, reduction=reduction)
        assert leaves(made) == pytest.approx(expected.flatten().tolist(), rel=1e-14)


def test_losses_of_a_batch_are_a_batch() -> None:
    made = nn.functional.mse_loss(nn.Batch([1.0, 2.0]), [0.0, 0.0], reduction="none")
    assert isinstance(made, nn.Batch) and made == [1.0, 4.0]
    made = nn.functional.cross_entropy(nn.Batch([[0.0, 0.0]]), [1], reduction="none")
    assert isinstance(made, nn.Batch)


def test_weights_of_a_module_are_numbers_and_are_not_trained() -> None:
    module = nn.BCEWithLogitsLoss(pos_weight=[1, 2])
    assert module.pos_weight == [1.0, 2.0] and module.parameters() == []
    with pytest.raises(
        TypeError, match=r"^BCELoss: weight must be a finite number, not a Value; give it the .data, 2.0"
    ):
        nn.BCELoss(weight=[Value(2.0)])
    module.reduction = "sum"
    assert module([[0.0, 0.0]], [[1, 1]]) == pytest.approx(3 * math.log(2.0))
    module.reduction = "avg"
    with pytest.raises(ValueError, match=r"^binary_cross_entropy_with_logits: reduction must be 'mean', 'sum' or"):
        module([[0.0, 0.0]], [[1, 1]])


def test_a_program_checks_classes_and_that_there_is_a_mean() -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    z = [[Value(0.5), Value(1.0)], [Value(0.0), Value(-1.0)]]
    parameters = [x for row in z for x in row]
    program = autograd.compile(lambda t: nn.functional.cross_entropy(z, t), parameters, batch=False)
    assert program([0, -100])[0] == pytest.approx(math.log(1 + math.exp(0.5)), rel=1e-14)
    program.write_back()
    assert [x.grad for x in z[1]] == [0.0, 0.0]
    before = program.parameters.grad.copy()
    for t, sentence in [
        ([0, 2], "cross_entropy: a class must be a whole number from 0 to 1, not 2"),
        ([0, 0.5], "cross_entropy: a class must be a whole number from 0 to 1, not 0.5"),
        ([-100, -100], "cross_entropy: there is no mean, because all targets are ignored or have the weight 0"),
    ]:
        with pytest.raises(ValueError, match=f"^{sentence}"):
            program(t)
    assert (program.parameters.grad == before).all()
    each = autograd.compile(lambda t: nn.functional.cross_entropy(z[0], t), z[0], like=(0,))
    assert "-100" not in each.source  # an ignored example alone has no mean, so it counts as a wrong class
    with pytest.raises(
        ValueError, match=r"^cross_entropy: a class must be a whole number from 0 to 1, not -100 \(in ex"
    ):
        each([0, -100])


# --- penalties --------------------------------------------------------------------------------------------------


def test_penalties_by_hand() -> None:
    nested: Any = [Value(3.0), [Value(-4.0), (Value(0.0),)]]
    flat = [nested[0], nested[1][0], nested[1][1][0]]
    for penalty, value, slopes in ((nn.l1, 7.0, [1.0, -1.0, 0.0]), (nn.l2, 25.0, [6.0, -8.0, 0.0])):
        for p in flat:
            p.grad = 0.0
        y = penalty(nested)
        y.backward()
        assert y.data == value and [p.grad for p in flat] == slopes
    assert Graph(nn.l2(flat)).counts == {"dot": 1}


def test_l2_is_half_the_weight_decay_of_sgd() -> None:
    a, b = Value(1.5), Value(1.5)
    (0.05 * nn.l2([a])).backward()
    nn.SGD([a], lr=0.1).step()
    nn.SGD([b], lr=0.1, weight_decay=0.1).step()
    assert a.data == pytest.approx(b.data, rel=1e-15)


# --- errors -----------------------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[Callable[[], Any], str]] = {
    "empty": (lambda: nn.mse([], []), "mse: there are no predictions"),
    "empty inside": (lambda: nn.mse([[], []], [[], []]), "mse: there are no predictions"),
    "length": (lambda: nn.huber([1.0, 2.0], [1.0]), "huber: 2 predictions, but 1 targets"),
    "length inside": (lambda: nn.mae([[1.0]], [[1.0, 2.0]]), "mae: 1 predictions, but 2 targets"),
    "shape": (
        lambda: nn.mse([[1.0], [2.0]], [1.0, 2.0]),
        "mse: a list of 1 cannot be compared with one number, 1.0; put each of the targets into a list of its own: "
        "[[t] for t in targets]",
    ),
    "target list": (
        lambda: nn.bce(Value(0.5), [1]),
        "bce: one number, 0.5 cannot be compared with a list of 1; take each of the targets out of its list: "
        "[t[0] for t in targets]",
    ),
    "reduction": (
        lambda: nn.mse([1.0], [1.0], reduction="avg"),
        "mse: reduction must be 'mean', 'sum' or 'none', not 'avg'",
    ),
    "class reduction": (
        lambda: nn.nll([1.0], 0, reduction="avg"),
        "nll: reduction must be 'mean', 'sum' or 'none', not 'avg'",
    ),
    "delta": (lambda: nn.huber([1.0], [2.0], delta=0), "huber: delta must be positive, not 0"),
    "label": (lambda: nn.hinge([1.0], [0]), "hinge: labels must be -1 or 1, not 0"),
    "Value label": (lambda: nn.hinge([1.0], [Value(0.5)]), "hinge: labels must be -1 or 1, not 0.5"),
    "probability": (
        lambda: nn.bce([Value(1.5)], [1]),
        "bce: probabilities must be between 0 and 1, not 1.5; bce_with_logits takes any",
    ),
    "negative probability": (
        lambda: nn.bce(-0.25, 1),
        "bce: probabilities must be between 0 and 1, not -0.25; bce_with_logits takes any",
    ),
    "no logits": (
        lambda: nn.cross_entropy([], 0),
        "cross_entropy: there must be a number for every class, not a list of 0",
    ),
    "one logit": (
        lambda: nn.cross_entropy(Value(1.0), 0),
        "cross_entropy: there must be a number for every class, not one number, 1.0",
    ),
    "one row short": (
        lambda: nn.cross_entropy([[1.0], 2.0], [0, 0]),
        "cross_entropy: there must be a number for every class, not one number, 2.0",
    ),
    "class too large": (
        lambda: nn.cross_entropy([1.0, 2.0], 2),
        "cross_entropy: a class must be a whole number from 0 to 1, not 2; classes are counted from 0",
    ),
    "negative class": (lambda: nn.nll([1.0, 2.0], -1), "nll: a class must be a whole number from 0 to 1, not -1"),
    "float class": (
        lambda: nn.multi_margin([1.0, 2.0], 1.0),
        "multi_margin: a class must be a whole number from 0 to 1, not 1.0; int() makes one of it",
    ),
    "probabilities": (
        lambda: nn.cross_entropy([1.0, 2.0], [1.0]),
        "cross_entropy: 2 logits, but 1 probabilities",
    ),
    "no targets": (
        lambda: nn.cross_entropy([[1.0, 2.0]], 0),
        "cross_entropy: a list of 1 cannot be compared with one number, 0",
    ),
    "too few targets": (
        lambda: nn.cross_entropy([[1.0, 2.0], [1.0, 2.0]], [0]),
        "cross_entropy: 2 predictions, but 1 targets",
    ),
    "l1": (lambda: nn.l1([]), "l1_penalty: the list is empty"),
    "l2": (lambda: nn.l2([[], []]), "l2_penalty: the list is empty"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, sentence = ERRORS[case]
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == sentence


def test_what_is_no_number_is_the_engines_affair() -> None:
    with pytest.raises(TypeError, match=r"must be numbers, not 'a'"):
        nn.mse([Value(1.0)], ["a"])


F = nn.functional
SETTINGS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "third of huber": (
        lambda: nn.huber([1.0], [2.0], "mean"),
        TypeError,
        "huber: delta must be a number, not 'mean'; a reduction is given by its name, reduction='mean'",
    ),
    "third of huber_loss": (
        lambda: F.huber_loss([1.0], [2.0], 0.5),  # type: ignore[arg-type]
        TypeError,
        "huber_loss: reduction must be 'mean', 'sum' or 'none', not 0.5",
    ),
    "first of MSELoss": (
        lambda: nn.MSELoss("sum"),  # type: ignore[arg-type]
        TypeError,
        "MSELoss: size_average is no longer used and must be None, not 'sum'; use reduction instead; a reduction "
        "is given by its name, reduction='sum'",
    ),
    "reduce": (
        lambda: nn.L1Loss(reduce=False),  # type: ignore[arg-type]
        TypeError,
        "L1Loss: reduce is no longer used and must be None, not False; use reduction instead",
    ),
    "weights third": (
        lambda: nn.cross_entropy([1.0, 2.0], 0, [1.0, 2.0]),  # type: ignore[arg-type]
        TypeError,
        "cross_entropy: reduction must be 'mean', 'sum' or 'none', not [1.0, 2.0]; "
        "functional.cross_entropy takes its arguments in PyTorch's order",
    ),
    "reduction third": (
        lambda: F.cross_entropy([1.0, 2.0], 0, "sum"),
        TypeError,
        "cross_entropy: weight must be a list with a number for every class, not 'sum'; "
        "a reduction is given by its name, reduction='sum'",
    ),
    "batchmean": (
        lambda: nn.L1Loss(reduction="batchmean"),
        ValueError,
        "L1Loss: reduction must be 'mean', 'sum' or 'none', not 'batchmean'",
    ),
    "mean of a batch": (
        lambda: nn.KLDivLoss(reduction="avg"),
        ValueError,
        "KLDivLoss: reduction must be 'batchmean', 'mean', 'sum' or 'none', not 'avg'",
    ),
    "penalty with targets": (
        lambda: nn.l1([1.0], [2.0]),
        TypeError,
        "l1_penalty, also called l1, is a penalty on parameters, its only argument; "
        "the loss of predictions and targets is l1_loss",
    ),
    "squares with targets": (
        lambda: nn.l2([1.0], [2.0]),
        TypeError,
        "l2_penalty, also called l2, is a penalty on parameters, its only argument; "
        "the loss of predictions and targets is mse_loss",
    ),
    "number of weights": (
        lambda: F.cross_entropy([1.0, 2.0], 0, [1.0, 2.0, 3.0]),
        ValueError,
        "cross_entropy: weight must have a number for each of 2 classes, not 3",
    ),
    "a Value as weight": (
        lambda: F.nll_loss([1.0], 0, [Value(2.0)]),
        TypeError,
        "nll_loss: weight must be a finite number, not a Value; give it the .data, 2.0",
    ),
    "shape of weights": (
        lambda: F.mse_loss([[1.0, 2.0]], [[1.0, 2.0]], weight=[1.0, 2.0, 3.0]),
        ValueError,
        "mse_loss: weight must have 2 items here, as many as the predictions, not 3",
    ),
    "levels of weights": (
        lambda: F.binary_cross_entropy([0.5], [1], weight=[[1.0]]),
        ValueError,
        "binary_cross_entropy: weight must have the shape of the predictions, or of their inner lists",
    ),
    "all ignored": (
        lambda: F.cross_entropy([[1.0, 2.0], [0.0, 0.0]], [-100, -100]),
        ValueError,
        "cross_entropy: there is no mean, because all targets are ignored or have the weight 0; reduction='sum' "
        "gives 0",
    ),
    "weights of 0": (
        lambda: F.nll_loss([-1.0, -2.0], 1, weight=[1.0, 0.0]),
        ValueError,
        "nll_loss: there is no mean, because all targets are ignored or have the weight 0; reduction='sum' gives 0",
    ),
    "ignored probabilities": (
        lambda: F.cross_entropy([1.0, 2.0], [0.5, 0.5], ignore_index=1),
        ValueError,
        "cross_entropy: ignore_index is a class, 1, but the targets are probabilities",
    ),
    "smoothing": (
        lambda: nn.CrossEntropyLoss(label_smoothing=1.5),
        ValueError,
        "CrossEntropyLoss: label_smoothing must be from 0 to 1, not 1.5",
    ),
    "margin of triplets": (
        lambda: nn.TripletMarginLoss(margin=0.0),
        ValueError,
        "TripletMarginLoss: margin must be positive, not 0.0",
    ),
    "power of a margin": (lambda: nn.MultiMarginLoss(p=3), ValueError, "MultiMarginLoss: p must be 1 or 2, not 3"),
    "beta": (
        lambda: F.smooth_l1_loss(1.0, 1.0, beta=-1.0),
        ValueError,
        "smooth_l1_loss: beta must not be negative, but it is -1.0",
    ),
    "variance": (
        lambda: F.gaussian_nll_loss([1.0], [1.0], [-0.5]),
        ValueError,
        "gaussian_nll_loss: a variance must not be negative, but it is -0.5",
    ),
    "negative probability": (
        lambda: F.kl_div([-1.0], [-0.5]),
        ValueError,
        "kl_div: a target is a probability and must not be negative, but it is -0.5",
    ),
    "label": (
        lambda: F.margin_ranking_loss(1.0, 2.0, 0),
        ValueError,
        "margin_ranking_loss: labels must be -1 or 1, not 0",
    ),
    "label of an embedding": (
        lambda: F.cosine_embedding_loss([1.0], [2.0], 0),
        ValueError,
        "cosine_embedding_loss: labels must be -1 or 1, not 0",
    ),
    "labels of embeddings": (
        lambda: F.cosine_embedding_loss([[1.0]], [[2.0]], 1),
        ValueError,
        "cosine_embedding_loss: there must be a label for each of 1 pairs, not one number, 1",
    ),
    "vectors": (
        lambda: F.triplet_margin_loss([1.0], [2.0], [1.0, 2.0]),
        ValueError,
        "triplet_margin_loss: a list of 1 cannot be compared with a list of 2",
    ),
    "no vectors": (
        lambda: F.triplet_margin_loss(1.0, 2.0, 3.0),
        ValueError,
        "triplet_margin_loss: there must be lists of numbers, not one number, 1.0",
    ),
    "set of classes": (
        lambda: F.multilabel_margin_loss([1.0, 2.0], [0]),
        ValueError,
        "multilabel_margin_loss: for 2 scores there must be 2 classes, padded with -1, not [0]",
    ),
    "class of a set": (
        lambda: F.multilabel_margin_loss([1.0, 2.0], [2, -1]),
        ValueError,
        "multilabel_margin_loss: a class must be a whole number from 0 to 1, not 2; classes are counted from 0",
    ),
    "numbers of inputs": (
        lambda: F.margin_ranking_loss([1.0, 2.0], [1.0], [1, 1]),
        ValueError,
        "margin_ranking_loss: 2 first inputs, but 1 second inputs",
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_a_setting_that_is_none_gets_one_sentence(case: str) -> None:
    call, kind, sentence = SETTINGS[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence


@pytest.mark.parametrize("wrong", ["mean", "text", b"1", {1: 2}, complex(1.0), nan])
@pytest.mark.parametrize("problem", {problem.function: problem for problem in PROBLEMS}.values(), ids=str)
def test_every_setting_of_the_wrong_kind_is_named(problem: Problem, wrong: Any) -> None:
    rows, target = outputs_of(problem, ties=False), problem.targets(N)
    module = getattr(nn, problem.module)
    for name in inspect.signature(module).parameters:
        if not (name == "reduction" and wrong == "mean"):
            with pytest.raises((TypeError, ValueError), match=f"^{problem.function}: {name} "):
                problem.ours(rows, target, **{name: wrong})
            with pytest.raises((TypeError, ValueError), match=f"^{problem.module}: {name} "):
                module(**{name: wrong})
