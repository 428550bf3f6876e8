"""Convolutions and pools compared with their definitions, written out here in loops, and with PyTorch."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from autograd.functional import leaves

from .beside_torch import numbers, same_pass, values
from .parity.spatial import SETTINGS, Setting
from .parity.training import random_numbers

# --- definitions --------------------------------------------------------------------------------------------------


def convolved(x: Any, weight: Any, bias: Any, stride: int, padding: int, dilation: int, groups: int) -> Any:
    """The definition of a convolution of an image, number by number."""
    height, width, k, m = len(x[0]), len(x[0][0]), len(weight[0][0]), len(weight[0][0][0])
    taken, given = len(x) // groups, len(weight) // groups
    rows = range((height + 2 * padding - dilation * (k - 1) - 1) // stride + 1)
    columns = range((width + 2 * padding - dilation * (m - 1) - 1) // stride + 1)

    def at(c: int, i: int, j: int) -> float:
        return float(x[c][i][j]) if 0 <= i < height and 0 <= j < width else 0.0

    def product_at(o: int, i: int, j: int) -> float:
        total = float(bias[o])
        for c, p, q in product(range(taken), range(k), range(m)):
            place = i * stride - padding + p * dilation, j * stride - padding + q * dilation
            total += weight[o][c][p][q] * at(o // given * taken + c, *place)
        return total

    return [[[product_at(o, i, j) for j in columns] for i in rows] for o in range(len(weight))]


@pytest.mark.parametrize(("stride", "padding", "dilation", "groups"), [
    (1, 0, 1, 1), (1, 1, 1, 1), (2, 1, 1, 1), (1, 2, 2, 1), (3, 0, 1, 2), (2, 3, 1, 4),
])  # fmt: skip
def test_a_convolution_is_what_its_definition_says(stride: int, padding: int, dilation: int, groups: int) -> None:
    layer = nn.Conv2d(4, 4, (3, 2), stride, padding, dilation, groups, seed=0)
    x = random_numbers((4, 6, 5), seed=1)
    state = layer.state_dict()
    expected = convolved(x, state["weight"], state["bias"], stride, padding, dilation, groups)
    made = layer(x)
    assert [[len(row) for row in channel] for channel in made] == [[len(row) for row in c] for c in expected]
    assert numbers(made) == pytest.approx(leaves(expected), rel=1e-13, abs=1e-14)


def test_a_transposed_convolution_spreads_what_a_convolution_gathers() -> None:
    """<y, conv(x)> = <transposed(y), x> for all x and y, because the two are transposed matrices of each other."""
    options: dict[str, Any] = {"stride": 2, "padding": 1, "bias": False}
    direct = nn.Conv2d(2, 3, 3, **options, seed=0)
    back = nn.ConvTranspose2d(3, 2, 3, **options, output_padding=1, seed=0)
    back.load_state_dict(direct.state_dict())
    x, y = random_numbers((2, 6, 6), seed=1), random_numbers((3, 3, 3), seed=2)
    forth = math.fsum(a * b for a, b in zip(numbers(direct(x)), leaves(y)))
    assert math.fsum(a * b for a, b in zip(numbers(back(y)), leaves(x))) == pytest.approx(forth, rel=1e-12)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: f"{s.name}({s})")
def test_examples_batches_and_programs_are_pytorchs(setting: Setting) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    same_pass(setting.ours(), setting.theirs(), setting.example)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_the_odd_zero_of_the_same_padding_is_at_the_end() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    same_pass(nn.Conv1d(2, 3, 2, padding="same", seed=1), torch.nn.Conv1d(2, 3, 2, padding="same"), (2, 5))


# --- nodes --------------------------------------------------------------------------------------------------------


def test_each_number_of_the_output_is_one_node_in_the_scope_of_its_channel() -> None:
    layer = nn.Conv2d(1, 3, 3, padding=1, seed=0)
    x = values(random_numbers((1, 4, 4), seed=1))
    made = layer(x)
    nodes = [node for node in autograd.Graph(autograd.sum(leaves(made))).nodes if str(node.op) == "<operation dot>"]
    assert len(nodes) == 3 * 4 * 4
    assert {y.scope for y in leaves(made[1])} == {"conv2d.channel2"}
    assert {y.scope for y in leaves(nn.AvgPool2d(2)(x))} == {"avgpool2d.channel1"}
    inner, corner = made[0][1][1], made[0][0][0]
    assert len(inner.operands) == 9 + 9 + 1 and len(corner.operands) == 4 + 4 + 1  # without the zeros of the padding


def test_a_padded_convolution_is_one_matrix_product_in_a_program() -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    layer = nn.Conv2d(2, 8, 3, padding=1, seed=0)
    like = (random_numbers((2, 8, 8), seed=1),)
    source = autograd.compile(lambda x: autograd.sum([y.tanh() for y in leaves(layer(x))]), layer, like=like).source
    step = source[source.index("def step") : source.index("def outputs")]
    assert step.count(" @ ") == 2  # forward, and the weights' gradient
    assert len(source.splitlines()) < 45


def test_a_window_in_the_padding_sees_nothing() -> None:
    with_bias, without = nn.Conv1d(1, 1, 1, padding=1, seed=0), nn.Conv1d(1, 1, 1, padding=1, bias=False, seed=0)
    assert with_bias.bias is not None
    assert with_bias([[2.0]])[0][0].data == with_bias.bias[0].data
    assert numbers(without([[2.0]])[0])[::2] == [0.0, 0.0]
    assert numbers(nn.MaxPool1d(2, padding=1, dilation=2)([[5.0]])) == [-math.inf]  # as in PyTorch


# --- pools --------------------------------------------------------------------------------------------------------


def test_the_gradient_of_a_tie_goes_to_the_first() -> None:
    xs = values([[1.0, 3.0, 3.0, 2.0, 3.0]])
    nn.MaxPool1d(5)(xs)[0][0].backward()
    assert [x.grad for x in xs[0]] == [0.0, 1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("xs", [[math.nan, 1.0], [1.0, math.nan], [math.inf, 1.0], [-math.inf, -math.inf]])
def test_the_largest_of_what_is_not_finite(xs: list[float]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    expected = torch.nn.MaxPool1d(2)(torch.tensor([xs])).item()
    assert nn.MaxPool1d(2)([xs])[0][0].data == pytest.approx(expected, nan_ok=True)


# --- how weights start --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("layer", "bound"), [
    (lambda: nn.Conv1d(4, 40, 4, seed=0), 1 / 4.0),
    (lambda: nn.Conv2d(8, 16, (2, 4), groups=2, seed=0), 1 / math.sqrt(32)),
    (lambda: nn.ConvTranspose1d(40, 4, 4, seed=0), 1 / 4.0),
    (lambda: nn.ConvTranspose2d(16, 8, 4, groups=2, seed=0), 1 / 8.0),
])  # fmt: skip
def test_convolutions_start_as_in_pytorch(layer: Callable[[], Any], bound: float) -> None:
    weights = numbers(layer().weight)
    assert 0.95 * bound < max(map(abs, weights)) <= bound
    assert abs(sum(weights)) < 5 * bound * math.sqrt(len(weights) / 3)
    assert max(map(abs, numbers(layer().bias))) <= bound
    assert numbers(layer().weight) == weights
    assert set(numbers(nn.Conv1d(1, 1, 2, init="zeros").bias)) == {0.0}


# --- bad input ----------------------------------------------------------------------------------------------------

IMAGE = [[[1.0, 2.0], [3.0, 4.0]]]
BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "kernel": (lambda: nn.Conv2d(1, 1, 0), ValueError,
               "kernel_size must be a positive whole number, or 2 of them, not 0"),
    "kernels": (lambda: nn.Conv1d(1, 1, (2, 2)), ValueError, "kernel_size must be a positive whole number, not (2, 2)"),
    "stride": (lambda: nn.MaxPool2d(2, 1.5), ValueError,  # type: ignore[arg-type]
               "stride must be a positive whole number, or 2 of them, not 1.5"),
    "padding": (lambda: nn.Conv1d(1, 1, 1, padding=-1), ValueError, "padding must be a whole number of at least 0, "
                                                                    "not -1"),
    "padding in words": (lambda: nn.Conv1d(1, 1, 1, padding="full"), ValueError,
                         "padding must be a whole number of at least 0, 'same' or 'valid', not 'full'"),
    "same with stride": (lambda: nn.Conv1d(1, 1, 3, 2, "same"), ValueError,
                         "padding='same' is for stride 1, not (2,)"),
    "padding mode": (lambda: nn.Conv1d(1, 1, 1, padding_mode="circular"), ValueError,
                     "padding_mode must be 'zeros', the only mode so far, not 'circular'; pad the input yourself, "
                     "with padding=0 here"),
    "groups": (lambda: nn.Conv2d(4, 6, 1, groups=4), ValueError,
               "out_channels must be a multiple of groups, 4, not 6"),
    "bias": (lambda: nn.Conv1d(1, 1, 1, bias=None), TypeError,  # type: ignore[arg-type]
             "bias must be True or False, not None"),
    "output padding": (lambda: nn.ConvTranspose1d(1, 1, 2, output_padding=1), ValueError,
                       "output_padding must be less than the stride or the dilation, not (1,)"),
    "padding of a pool": (lambda: nn.AvgPool1d(3, padding=2), ValueError,
                          "padding must be at most half the window, [3], not 2"),
    "indices": (lambda: nn.MaxPool1d(2, return_indices=True), ValueError,
                "return_indices must be False: the positions of the largest numbers are not returned here"),
    "output size": (lambda: nn.AdaptiveAvgPool2d((0, None)), ValueError,
                    "output_size must be a positive whole number, or 2 of them, not (0, 1)"),
    "levels": (lambda: nn.Conv2d(1, 1, 1)([1.0]), ValueError,
               "Conv2d 'conv2d' takes a list of channels of rows of numbers, which is 3 levels of lists, got 1: "
               "[1.0]"),
    "text": (lambda: nn.MaxPool1d(1)("ab"), TypeError, "MaxPool1d 'maxpool1d' takes a list of numbers, not str: 'ab'"),
    "text inside": (lambda: nn.Conv1d(1, 1, 1)([[1.0, "a"]]), TypeError,
                    "Conv1d 'conv1d' takes numbers, but input 2 is str: 'a'; float() reads a number from a text"),
    "channels": (lambda: nn.Conv2d(3, 1, 1)(IMAGE), ValueError, "Conv2d 'conv2d' takes 3 channels, got 1"),
    "rows": (lambda: nn.Conv2d(1, 1, 1)([[[1.0, 2.0], [3.0]]]), ValueError,
             "Conv2d 'conv2d' takes lists that are alike, but of 2 of them the first holds 2 numbers, and number 2 "
             "holds 1 numbers"),
    "nothing": (lambda: nn.MaxPool1d(1)([[], []]), ValueError,
                "MaxPool1d 'maxpool1d' takes numbers, but there are none in [[], []]"),
    "too small": (lambda: nn.Conv2d(1, 1, 3, padding=(1, 0))(IMAGE), ValueError,
                  "Conv2d 'conv2d': a window of 3 numbers does not fit into 2"),
    "nothing left": (lambda: nn.ConvTranspose1d(1, 1, 1, padding=1)([[1.0, 2.0]]), ValueError,
                     "ConvTranspose1d 'convtranspose1d': nothing is left of 2 numbers with padding 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = BAD[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence


def test_nothing_is_drawn_for_a_layer_that_is_not_made() -> None:
    state = random.getstate()
    for options in ({"groups": 3}, {"padding": "x"}, {"bias": 1}, {"init": "x"}, {"padding_mode": "x"}, {"seed": "x"}):
        with pytest.raises((TypeError, ValueError)):
            nn.Conv1d(2, 2, 3, **options)
    assert random.getstate() == state


def test_what_is_shown() -> None:
    assert repr(nn.Conv2d(1, 2, 3, padding="same", groups=1, bias=False)) == (
        "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding='same', bias=False)  # 18 parameters"
    )
    assert repr(nn.AvgPool1d(2, ceil_mode=True)) == "AvgPool1d(kernel_size=(2,), stride=(2,), ceil_mode=True)"
    assert repr(nn.AdaptiveAvgPool2d((None, 2))) == "AdaptiveAvgPool2d(output_size=(None, 2))"


def test_arrays_and_batches_in_batches() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    layer = nn.Conv1d(2, 1, 2, seed=0)
    x = random_numbers((2, 3, 2, 4), seed=1)
    expected = [numbers(layer(example)) for batch in x for example in batch]
    for given in (x, np.array(x), nn.Batch(map(nn.Batch, x)), [np.array(batch) for batch in x]):
        made = layer(given)
        assert numbers(made) == [number for row in expected for number in row]
        assert isinstance(made, nn.Batch) and isinstance(made[0], nn.Batch)
    assert isinstance(layer(np.array(x[0][0]))[0][0], Value)
