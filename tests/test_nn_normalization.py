"""Normalisation compared with the formulas of the papers, written out here with floats, and with PyTorch."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from autograd.functional import leaves

from .beside_torch import numbers, same_pass, values
from .parity.normalization import SETTINGS
from .parity.spatial import Setting
from .parity.training import random_numbers

EPS = 1e-5


# --- formulas -----------------------------------------------------------------------------------------------------


def test_the_gradients_of_batch_normalisation_are_those_of_the_paper() -> None:
    """Ioffe and Szegedy 2015, section 3, with the derivatives in their order."""
    norm = nn.BatchNorm1d(1)
    gamma, beta = norm.weight[0], norm.bias[0]
    gamma.data, beta.data = 1.3, -0.4
    numbers_in, dout = [0.5, -1.2, 2.0, 0.3, -0.7], [1.0, -2.0, 0.5, 0.25, 3.0]
    x = values([[number] for number in numbers_in])
    y = norm(x)
    autograd.dot(dout, leaves(y)).backward()

    m = len(numbers_in)
    mean = sum(numbers_in) / m
    centred = [number - mean for number in numbers_in]
    var = sum(c * c for c in centred) / m
    root = math.sqrt(var + EPS)
    assert numbers(y) == pytest.approx([1.3 * c / root - 0.4 for c in centred], rel=1e-14)
    dxhat = [d * 1.3 for d in dout]
    dvar = sum(d * c for d, c in zip(dxhat, centred)) * -0.5 * (var + EPS) ** -1.5
    dmean = -sum(dxhat) / root + dvar * sum(-2.0 * c for c in centred) / m
    dx = [d / root + dvar * 2.0 * c / m + dmean / m for d, c in zip(dxhat, centred)]
    assert [p.grad for p in leaves(x)] == pytest.approx(dx, rel=1e-12)
    assert gamma.grad == pytest.approx(sum(d * c / root for d, c in zip(dout, centred)), rel=1e-13)
    assert beta.grad == pytest.approx(sum(dout), rel=1e-15)


@pytest.mark.parametrize("momentum", [0.1, 0.5, None])
def test_running_statistics_are_moved_by_each_batch(momentum: float | None) -> None:
    norm = nn.BatchNorm1d(2, momentum=momentum)
    mean, var = [0.0, 0.0], [1.0, 1.0]
    for t in range(1, 4):
        batch = random_numbers((5, 2), seed=t)
        norm(batch)
        share = 1 / t if momentum is None else momentum
        for c in range(2):
            xs = [example[c] for example in batch]
            middle = sum(xs) / 5
            mean[c] = (1 - share) * mean[c] + share * middle
            var[c] = (1 - share) * var[c] + share * sum((x - middle) ** 2 for x in xs) / 4  # unbiased: m - 1
        assert norm.running_mean == pytest.approx(mean, rel=1e-13)
        assert norm.running_var == pytest.approx(var, rel=1e-13)
        assert norm.num_batches_tracked == t
    before = copy.deepcopy(norm.state_dict())
    x = random_numbers((2,), seed=9)
    made = norm.eval()(x)
    assert numbers(made) == pytest.approx([(a - m) / math.sqrt(v + EPS) for a, m, v in zip(x, mean, var)], rel=1e-13)
    assert norm.state_dict() == before


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: f"{s.name}({s})")
def test_examples_batches_and_programs_are_pytorchs(setting: Setting) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    ours = setting.ours()
    last: Any = ours.second  # type: ignore[attr-defined]
    tracked = getattr(last, "track_running_stats", False)
    alone = not last.training or not (tracked or isinstance(last, (nn.BatchNorm1d, nn.BatchNorm2d)))
    same_pass(ours, setting.theirs(), setting.example, alone=alone)
    made = [(name, x) for name, x in ours.named_buffers() if "running" in name]
    assert bool(made) == tracked


def test_what_a_program_makes_of_batch_normalisation_is_its_backward_pass_on_a_slide() -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    model = nn.Sequential(nn.Linear(3, 4, seed=1), nn.BatchNorm1d(4, track_running_stats=False))
    like = (random_numbers((6, 3), seed=1),)
    program = autograd.compile(lambda x: autograd.sum([y.tanh() for y in leaves(model(x))]), like=like, batch=False)
    assert len(program.source.splitlines()) < 50


# --- buffers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("norm", "batch"), [
    (lambda: nn.BatchNorm1d(2), [[1.0, 2.0]]),
    (lambda: nn.BatchNorm1d(2), [1.0, 2.0]),
    (lambda: nn.BatchNorm1d(2), [[1.0, 2.0], [1.0]]),
    (lambda: nn.BatchNorm1d(2), [[1.0, 2.0], [1.0, "a"]]),
    (lambda: nn.BatchNorm2d(1), [[[[1.0, 2.0]]], [[[1.0]]]]),
    (lambda: nn.InstanceNorm1d(1, track_running_stats=True), [[[1.0, 2.0]], [[1.0]]]),
])  # fmt: skip
def test_a_call_that_fails_moves_nothing(norm: Callable[[], nn.Module], batch: Any) -> None:
    module = norm()
    with pytest.raises((TypeError, ValueError)):
        module(batch)
    assert module.state_dict() == norm().state_dict()


@pytest.mark.parametrize("norm", [
    lambda: nn.BatchNorm1d(2), lambda: nn.InstanceNorm1d(2, track_running_stats=True),
])  # fmt: skip
def test_a_program_moves_running_statistics_at_every_call_and_asks_for_them(norm: Callable[[], Any]) -> None:
    np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    twin, module, data = norm(), norm(), random_numbers((3, 2, 4), seed=0)
    program = autograd.compile(lambda x: autograd.sum(leaves(module(x))), batch=False, gradient=False, like=(data,))
    assert module.state_dict() == twin.state_dict(), "recording moves nothing"
    for scale in (1.0, -2.0):
        batch = (np.array(data) * scale).tolist()
        program(batch)
        twin(batch)
        for key, x in module.state_dict().items():
            assert leaves(x) == pytest.approx(leaves(twin.state_dict()[key]), rel=1e-14)
    module.eval()
    evaluated = autograd.compile(lambda x: leaves(module(x))[0], batch=False, gradient=False, like=(data,))
    for mean in (0.5, -3.0):
        module.running_mean = [mean, mean]
        assert evaluated(data) == pytest.approx(leaves(module(data))[0].data, rel=1e-14)


def test_statistics_are_moved_by_a_function_that_is_differentiated() -> None:
    norm = nn.BatchNorm1d(1)
    slope = autograd.grad(lambda x: norm([[x], [2.0]])[0][0])(1.0)
    assert norm.running_mean == pytest.approx([0.15], rel=1e-15) and norm.num_batches_tracked == 1
    step = 1e-5
    rise = norm([[1.0 + step], [2.0]])[0][0].data - norm([[1.0 - step], [2.0]])[0][0].data
    assert slope == pytest.approx(rise / (2 * step), rel=1e-5)


def test_a_program_of_one_example_is_told_what_a_batch_needs() -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    norm = nn.BatchNorm1d(2, track_running_stats=False)
    with pytest.raises(ValueError, match=r"takes a batch in training.* with batch=False; nn.fit does so with"):
        autograd.compile(lambda x: norm(x)[0], like=([1.0, 2.0],))


def test_without_running_statistics_the_batchs_are_used_in_evaluation_too() -> None:
    norm = nn.BatchNorm1d(1, track_running_stats=False)
    batch = [[1.0], [3.0]]
    assert list(norm.state_dict()) == ["weight", "bias"]
    assert numbers(norm(batch)) == numbers(norm.eval()(batch))
    with pytest.raises(ValueError, match=r"^BatchNorm1d 'batchnorm1d' takes a batch, because it normalises"):
        norm([1.0])


# --- what is a batch ----------------------------------------------------------------------------------------------


def test_in_evaluation_one_example_may_have_any_shape() -> None:
    norm = nn.BatchNorm1d(3).eval()
    one, many = random_numbers((3,), seed=1), random_numbers((5, 3), seed=2)
    signal, signals = random_numbers((3, 5), seed=3), random_numbers((2, 3, 5), seed=4)
    for x in (one, many, signal, signals, nn.Batch(many), nn.Batch([signal])):
        assert numbers(norm(x)) == pytest.approx([y / math.sqrt(1 + EPS) for y in leaves(x)], rel=1e-14)
        assert isinstance(norm(x), nn.Batch) == (isinstance(x, nn.Batch) or x is signals)


def test_what_could_be_a_batch_or_an_example_is_refused() -> None:
    doubtful = random_numbers((3, 3), seed=1)
    for norm in (nn.BatchNorm1d(3).eval(), nn.GroupNorm(3, 3)):
        with pytest.raises(ValueError, match=r"takes 3 channels, but 3 lists of 3 may be a batch or one example"):
            norm(doubtful)
        assert len(norm(nn.Batch(doubtful))) == len(norm(nn.Batch([doubtful]))[0]) == 3
    assert len(nn.BatchNorm1d(3)(doubtful)) == 3  # in training the input is taken for a batch
    assert len(nn.GroupNorm(1, 3)(random_numbers((3, 3, 3), seed=1))) == 3  # one image


def test_nodes_lie_in_the_scope_of_their_channel_or_group() -> None:
    x = random_numbers((3, 4, 2), seed=1)
    assert {y.scope for y in leaves(nn.BatchNorm1d(4)(x)[1][2])} == {"batchnorm1d.channel3"}
    assert {y.scope for y in leaves(nn.GroupNorm(2, 4)(nn.Batch(x))[1][2])} == {"groupnorm.group2"}
    assert {y.scope for y in leaves(nn.InstanceNorm1d(4)(x)[1][2])} == {"instancenorm1d.channel3"}


# --- accuracy -----------------------------------------------------------------------------------------------------


def test_a_large_mean_costs_no_more_digits_than_it_must() -> None:
    """The variance is the mean of squared differences, not a difference of squares."""
    xs = [1e8 + offset for offset in (0.0, 1.0, 2.0, 3.0)]
    expected = [(offset - 1.5) / math.sqrt(1.25 + EPS) for offset in (0.0, 1.0, 2.0, 3.0)]
    assert numbers(nn.LayerNorm(4)(xs)) == pytest.approx(expected, rel=1e-14)
    assert numbers(nn.BatchNorm1d(1)([[x] for x in xs])) == pytest.approx(expected, rel=1e-14)


def test_equal_numbers_become_the_bias() -> None:
    xs = values([2.0, 2.0, 2.0])
    made = nn.LayerNorm(3)(xs)
    autograd.dot([1.0, 2.0, 3.0], made).backward()
    assert numbers(made) == [0.0, 0.0, 0.0]
    assert [x.grad for x in xs] == pytest.approx([-1 / math.sqrt(EPS), 0.0, 1 / math.sqrt(EPS)], rel=1e-12, abs=1e-9)


# --- bad input ----------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "features": (lambda: nn.BatchNorm1d(0), ValueError, "num_features must be a positive whole number, not 0"),
    "eps": (lambda: nn.LayerNorm(2, eps=-1.0), ValueError, "eps must not be negative, but it is -1.0"),
    "no eps": (lambda: nn.LayerNorm(2, eps=None), TypeError,  # type: ignore[arg-type]
               "eps must be a finite number, not None"),
    "momentum": (lambda: nn.BatchNorm2d(1, momentum="x"), TypeError,  # type: ignore[arg-type]
                 "momentum must be a finite number, not 'x'"),
    "affine": (lambda: nn.GroupNorm(1, 2, affine=1), TypeError,  # type: ignore[arg-type]
               "affine must be True or False, not 1"),
    "groups": (lambda: nn.GroupNorm(2, 3), ValueError,
               "num_channels must be a multiple of num_groups, 2, not 3"),
    "shape": (lambda: nn.LayerNorm(()), ValueError, "normalized_shape must have at least one number, but it is empty"),
    "shape of nothing": (lambda: nn.RMSNorm((2, 0)), ValueError,
                         "normalized_shape must be a positive whole number, not 0"),
    "one example": (lambda: nn.BatchNorm1d(2)([1.0, 2.0]), ValueError,
                    "BatchNorm1d 'batchnorm1d' takes a batch in training, because it normalises by the mean of a "
                    "batch; got one example: [1.0, 2.0]"),
    "one image": (lambda: nn.BatchNorm2d(1)([[[1.0]]]), ValueError,
                  "BatchNorm2d 'batchnorm2d' takes a batch in training, because it normalises by the mean of a "
                  "batch; got one example: [[[1.0]]]"),
    "a batch of one": (lambda: nn.BatchNorm1d(2)([[1.0, 2.0]]), ValueError,
                       "BatchNorm1d 'batchnorm1d' normalises by the variance of a channel and takes more than 1 number "
                       "of it in training, so that a batch of 1 example is too small"),
    "a batch of none": (lambda: nn.BatchNorm1d(2)(nn.Batch()), ValueError,
                        "BatchNorm1d 'batchnorm1d' takes a batch of at least one example, got none"),
    "one number": (lambda: nn.InstanceNorm1d(1)([[1.0]]), ValueError,
                   "InstanceNorm1d 'instancenorm1d' normalises by the variance of a channel of one example and "
                   "takes more than 1 number of it, got [[1.0]]"),
    "channels": (lambda: nn.BatchNorm1d(2)([[1.0, 2.0], [1.0, 2.0, 3.0]]), ValueError,
                 "BatchNorm1d 'batchnorm1d' takes 2 channels, got 3"),
    "shapes": (lambda: nn.BatchNorm1d(1)([[[1.0, 2.0]], [[1.0]]]), ValueError,
               "BatchNorm1d 'batchnorm1d' takes examples of one shape, but the channels of the first have (2,), "
               "those of number 2 (1,)"),
    "text": (lambda: nn.LayerNorm(2)("ab"), TypeError, "LayerNorm 'layernorm' takes a list of numbers, not str: 'ab'"),
    "too many": (lambda: nn.LayerNorm(2)([1.0, 2.0, 3.0]), ValueError,
                 "LayerNorm 'layernorm' takes 2 numbers, got 3: [1.0, 2.0, 3.0]"),
    "other levels": (lambda: nn.RMSNorm((2, 1))([1.0, 2.0]), ValueError,
                     "RMSNorm 'rmsnorm' takes 2 x 1 numbers, got 2: [1.0, 2.0]"),
    "None": (lambda: nn.LayerNorm(2)([1.0, None]), TypeError,
             "LayerNorm 'layernorm' takes numbers, but input 2 is NoneType: None; a function without a return "
             "gives None"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = BAD[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence


def test_what_is_shown() -> None:
    assert repr(nn.BatchNorm1d(2)) == (
        "BatchNorm1d(2, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)  # 4 parameters"
    )
    assert repr(nn.GroupNorm(1, 2, affine=False)) == "GroupNorm(1, 2, eps=1e-05, affine=False)"


def test_copies_have_statistics_of_their_own() -> None:
    norm = nn.BatchNorm1d(1)
    twin = copy.deepcopy(norm)
    twin([[1.0], [3.0]])
    assert norm.running_mean == [0.0] and twin.running_mean == [0.2]
    assert isinstance(norm.weight[0], Value) and norm.weight[0] is not twin.weight[0]
