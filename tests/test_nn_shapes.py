"""Flattening, padding and repeating, residual blocks, embeddings and dropout of channels."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from autograd.functional import leaves

from .beside_torch import numbers, values
from .parity.training import random_numbers

# --- arranging ----------------------------------------------------------------------------------------------------


def test_what_is_flattened_is_an_example_unless_it_says_that_it_is_a_batch() -> None:
    x = random_numbers((2, 3, 2), seed=0)
    assert nn.Flatten()(x) == leaves(x)
    assert nn.Flatten()(nn.Batch(x)) == [leaves(example) for example in x]
    assert nn.Unflatten(1, (2, 3, 2))(leaves(x)) == nn.Unflatten(-1, (2, -1, 2))(leaves(x)) == x
    assert nn.Unflatten(1, (3, 2))(nn.Flatten()(nn.Batch(x))) == x
    images = nn.Conv2d(1, 1, 2, seed=0)([[[[1.0, 2.0], [3.0, 4.0]]]] * 3)
    assert [len(row) for row in nn.Flatten()(images)] == [1, 1, 1]  # a convolution returns a Batch


@pytest.mark.parametrize(("start", "end", "shape"), [
    (1, -1, (24,)), (1, 1, (2, 3, 4)), (2, 3, (2, 12)), (-2, -1, (2, 12)), (1, 2, (6, 4)), (3, 3, (2, 3, 4)),
])  # fmt: skip
def test_levels_are_counted_as_in_pytorch(start: int, end: int, shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = random_numbers((2, 3, 4), seed=0)
    expected = torch.nn.Flatten(start, end)(torch.tensor([x], dtype=torch.float64))[0]
    assert tuple(expected.shape) == shape
    assert nn.Flatten(start, end)(x) == expected.tolist()


def test_a_residual_block_adds_its_input() -> None:
    block = nn.Residual(lambda x: [3.0 * v for v in x])
    x = values([1.0, -2.0])
    y = block(x)
    autograd.sum(y).backward()
    assert numbers(y) == [4.0, -8.0] and [v.grad for v in x] == [4.0, 4.0]
    deep = nn.Residual(nn.Conv1d(2, 2, 3, padding="same", seed=0))
    batch = random_numbers((3, 2, 4), seed=1)
    assert isinstance(deep(batch), nn.Batch) and isinstance(nn.Residual(nn.Tanh())(nn.Batch(batch)), nn.Batch)
    assert numbers(deep(batch)[0]) == numbers(deep(batch[0]))
    assert nn.Residual(nn.Identity())(2.0) == 4.0


# --- embeddings ---------------------------------------------------------------------------------------------------


def test_an_embedding_gives_rows_of_its_table() -> None:
    table = nn.Embedding(4, 3, padding_idx=1, seed=0)
    assert table(2) == table(2.0) == table(Value(2.0)) == table.weight[2]
    assert table([[0], [3]]) == [[table.weight[0]], [table.weight[3]]]
    assert isinstance(table(nn.Batch([0, 1])), nn.Batch)
    autograd.sum(leaves(table([1, 2, 2]))).backward()
    assert [[w.grad for w in row] for row in table.weight] == [[0.0] * 3, [0.0] * 3, [2.0] * 3, [0.0] * 3]
    assert numbers(table.weight[1]) == [0.0] * 3
    assert nn.Embedding(4, 3, padding_idx=-1).padding_idx == 3
    drawn = numbers(nn.Embedding(100, 10, seed=1).weight)
    assert abs(math.fsum(drawn) / 1000) < 0.1 and abs(math.fsum(x * x for x in drawn) / 1000 - 1) < 0.2


def test_a_program_multiplies_the_table_and_checks_its_arguments() -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    table = nn.Embedding(5, 2, padding_idx=0, seed=0)
    program = autograd.compile(lambda i: autograd.dot([1.0, 2.0], table(i)), table)
    loss, _ = program([3, 1, 3, 0])
    rows = [numbers(row) for row in table.weight]
    assert loss == pytest.approx(sum(rows[i][0] + 2.0 * rows[i][1] for i in (3, 1, 3)) / 4, rel=1e-14)
    program.write_back()
    slopes = [[w.grad for w in row] for row in table.weight]
    assert leaves(slopes) == pytest.approx([0.0, 0.0, 0.25, 0.5, 0.0, 0.0, 0.5, 1.0, 0.0, 0.0], rel=1e-14)
    for wrong in (5, -1, 0.5):
        with pytest.raises(
            ValueError, match=r"^Embedding 'embedding' takes whole numbers from 0 to 4, not .* example 1"
        ):
            program([0, wrong])


# --- dropout ------------------------------------------------------------------------------------------------------


def test_channels_are_dropped_as_a_whole() -> None:
    for layer, example in ((nn.Dropout1d(0.3, seed=1), (1000, 3)), (nn.Dropout2d(0.3, seed=1), (1000, 2, 2))):
        made = layer(random_numbers(example, seed=0))
        dropped = [all(y == 0.0 for y in leaves(channel)) for channel in made]
        assert all(any(leaves(channel)) != gone for channel, gone in zip(made, dropped))
        assert abs(sum(dropped) - 300) < 5 * math.sqrt(1000 * 0.3 * 0.7)  # binomial: five standard deviations
        batch = layer([made, made])
        assert isinstance(batch, nn.Batch) and batch[0] != batch[1]


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    n, p = 40_000, 0.4
    generator = random.Random(0)
    made = nn.AlphaDropout(p, seed=1)([generator.gauss(0.0, 1.0) for _ in range(n)])
    mean = math.fsum(made) / n
    assert abs(mean) < 0.025 and abs(math.fsum((y - mean) ** 2 for y in made) / n - 1.0) < 0.05
    # The formula of the paper: a (x d + alpha' (1 - d)) + b.
    bottom = nn.SELU()(-1e3)
    a = (1 / ((1 - p) * (1 + p * bottom**2))) ** 0.5
    b = -a * p * bottom
    assert set(nn.AlphaDropout(p, seed=1)([1.0] * 50)) == {a * 1.0 + b, a * 0.0 + (a * bottom + b)}
    x = values([1.0] * 50)
    autograd.sum(nn.AlphaDropout(p, seed=1)(x)).backward()
    assert {v.grad for v in x} == {0.0, a}
    assert nn.AlphaDropout(1.0)([3.0]) == [0.0]


RANDOM: dict[str, tuple[Callable[[], Any], Any]] = {
    "Dropout": (lambda: nn.Dropout(0.5, seed=1), [1.0, 2.0]),
    "Dropout1d": (lambda: nn.Dropout1d(0.5, seed=1), [[1.0], [2.0]]),
    "Dropout2d": (lambda: nn.Dropout2d(0.5, seed=1), [[[1.0]], [[2.0]]]),
    "AlphaDropout": (lambda: nn.AlphaDropout(0.5, seed=1), [1.0, 2.0]),
}


@pytest.mark.parametrize("name", RANDOM)
def test_a_program_draws_the_numbers_that_the_layer_would(name: str) -> None:
    """Random numbers are drawn anew at every call, for each example of a batch in turn."""
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    make, x = RANDOM[name]
    layer, twin, w = make(), make(), Value(2.0)
    program = autograd.compile(lambda x: [y * w for y in leaves(layer(x))], gradient=False)
    found: set[tuple[float, ...]] = set()
    for _ in range(5):
        made = program([x, x, x]).tolist()
        assert made == [[y * 2.0 for y in leaves(twin(x))] for _ in range(3)]
        found.update(map(tuple, made))
    assert len(found) > 2
    assert autograd.compile(lambda: leaves(layer(x))[0] * w, gradient=False)() == leaves(twin(x))[0] * 2.0
    layer.eval()
    assert autograd.compile(lambda x: autograd.sum(leaves(layer(x))) * w)([x])[0] == 6.0
    layer.train().p = 0.0
    assert layer(x) is x


# --- bad input ----------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "level 0": (lambda: nn.Flatten(0), ValueError,
                "start_dim must be a whole number other than 0, which is the batch and stays as it is, not 0"),
    "no such level": (lambda: nn.Flatten(1, 3)([[1.0]]), ValueError,
                      "Flatten 'flatten' takes lists with a level 3, got the shape (1, 1)"),
    "backward": (lambda: nn.Flatten(2, 1)([[1.0]]), ValueError,
                 "Flatten 'flatten' takes lists with start_dim=2 before end_dim=1, got 2 levels: [[1.0]]"),
    "ragged": (lambda: nn.Flatten()([[1.0], [1.0, 2.0]]), ValueError,
               "Flatten 'flatten' takes lists that are alike, but of 2 of them the first holds 1 numbers, and "
               "number 2 holds 2 numbers"),
    "size": (lambda: nn.Unflatten(1, 4), ValueError,  # type: ignore[arg-type]
             "unflattened_size must be a tuple of whole numbers, not 4"),
    "two unknown": (lambda: nn.Unflatten(1, (-1, -1)), ValueError,
                    "unflattened_size may hold -1 once, not (-1, -1)"),
    "not as many": (lambda: nn.Unflatten(1, (2, 2))([1.0] * 5), ValueError,
                    "Unflatten 'unflatten' makes (2, 2) of a list, which 5 items do not fill"),
    "a plain batch": (lambda: nn.Unflatten(1, (2, 2))([[1.0] * 4]), ValueError,
                      "Unflatten 'unflatten' makes (2, 2) of a list, which 1 items do not fill; if they are a batch, "
                      "make it an nn.Batch"),
    "padding": (lambda: nn.ZeroPad2d((1, 2)), ValueError,
                "padding must be a whole number of at least 0, or 4 of them, not (1, 2)"),
    "no image": (lambda: nn.ZeroPad2d(1)([1.0]), ValueError,
                 "ZeroPad2d 'zeropad2d' takes a list of channels of rows of numbers, which is 3 levels of lists, "
                 "got 1: [1.0]"),
    "two sizes": (lambda: nn.Upsample(2, 2), ValueError,
                  "give one of size and scale_factor, not size=2, scale_factor=2"),
    "mode": (lambda: nn.Upsample(2, mode="bilinear"), ValueError,
             "mode must be 'nearest', the only mode so far, not 'bilinear'"),
    "residual of a class": (lambda: nn.Residual(nn.Tanh), TypeError,
                            f"Residual takes a module, or a function, not {nn.Tanh!r}"),
    "residual of another shape": (lambda: nn.Residual(nn.Linear(2, 3))([1.0, 2.0]), ValueError,
                                  "Residual 'residual' adds its module's output to its input, but the output has "
                                  "the shape (3,), the input (2,); give both the same shape, or project the input"),
    "index": (lambda: nn.Embedding(3, 1)(3), ValueError,
              "Embedding 'embedding' takes whole numbers from 0 to 2, not 3"),
    "negative index": (lambda: nn.Embedding(3, 1)([-1]), ValueError,
                       "Embedding 'embedding' takes whole numbers from 0 to 2, not -1"),
    "half an index": (lambda: nn.Embedding(3, 1)(0.5), ValueError,
                      "Embedding 'embedding' takes whole numbers from 0 to 2, not 0.5"),
    "nan": (lambda: nn.Embedding(3, 1)(math.nan), ValueError,
            "Embedding 'embedding' takes whole numbers from 0 to 2, not nan"),
    "a letter": (lambda: nn.Embedding(3, 1)("a"), ValueError,
                 "Embedding 'embedding' takes whole numbers from 0 to 2, not 'a'"),
    "padding index": (lambda: nn.Embedding(3, 1, 3), ValueError,
                      "padding_idx must be a whole number from -3 to 2, not 3"),
    "probability": (lambda: nn.Dropout1d(2.0), ValueError,
                    "Dropout1d takes a probability between 0 and 1, not 2.0"),
    "dropout of a text": (lambda: nn.Dropout2d(0.5)([[["a"]]]), TypeError, "Dropout2d takes numbers, not str: 'a'"),
    "channels of numbers": (lambda: nn.Dropout1d(0.5)([1.0, 2.0]), ValueError,
                            "Dropout1d 'dropout1d' takes a list of channels of numbers, which is 2 levels of "
                            "lists, got 1: [1.0, 2.0]"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = BAD[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence


def test_what_is_shown() -> None:
    assert repr(nn.Flatten()) == "Flatten()" and repr(nn.Flatten(2)) == "Flatten(start_dim=2, end_dim=-1)"
    assert repr(nn.Unflatten(1, (2, 2))) == "Unflatten(dim=1, unflattened_size=(2, 2))"
    assert repr(nn.Embedding(3, 2, 0)) == "Embedding(3, 2, padding_idx=0)  # 6 parameters"
    assert repr(nn.Upsample(scale_factor=2)) == "Upsample(scale_factor=(2, 2), mode='nearest')"
