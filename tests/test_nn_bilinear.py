"""Linear's names for its sizes, and Bilinear: by hand, beside PyTorch, on batches, compiled; and refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(3, 2, False, seed=1),
        lambda: nn.Linear(in_features=3, out_features=2, bias=False, seed=1),
        lambda: nn.Linear(nin=3, nout=2, bias=False, seed=1),
        lambda: nn.Linear(3, nout=2, bias=False, seed=1),
    ],
)
def test_linear_takes_its_sizes_under_both_names(make: Callable[[], nn.Linear]) -> None:
    layer = make()
    assert (layer.in_features, layer.out_features, layer.bias) == (3, 2, None)
    assert layer.state_dict() == nn.Linear(3, 2, bias=False, seed=1).state_dict()


def example() -> Any:
    layer = nn.Bilinear(2, 3, 2)
    layer.load_state_dict({
        "weight": [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]]], "bias": [0.5, -1.0],
    })  # fmt: skip
    return layer


def test_bilinear_by_hand() -> None:
    """For x1 = (1, 10) and x2 = (1, 2, 3): (1 + 4 + 9) + 10 (4 + 10 + 18) + 0.5 and 3 - 10 - 1."""
    layer = example()
    x1, x2 = [Value(1.0), Value(10.0)], [Value(1.0), Value(2.0), Value(3.0)]
    one, two = layer(x1, x2)
    assert (one.data, two.data) == (334.5, -8.0)
    one.backward()
    assert [x.grad for x in x1] == [14.0, 32.0] and [x.grad for x in x2] == [41.0, 52.0, 63.0]
    assert [[w.grad for w in row] for row in layer.weight[0]] == [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]
    assert layer.bias[0].grad == 1.0 and repr(layer) == "Bilinear(2, 3, 2)  # 14 parameters"


def test_bilinear_beside_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs, ours = torch.nn.Bilinear(3, 2, 4).double(), nn.Bilinear(3, 2, 4, seed=1)
    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict({key: torch.tensor(x, dtype=torch.float64) for key, x in ours.state_dict().items()})
    a, b = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 2, dtype=torch.float64)
    expected = theirs(a, b)
    made = ours(a.tolist(), b.tolist())
    assert torch.tensor([[y.data for y in ys] for ys in made], dtype=torch.float64).sub(expected).abs().max() < 1e-12
    autograd.sum([y * y for ys in made for y in ys]).backward()
    expected.square().sum().backward()
    for name, p in theirs.named_parameters():
        grads = autograd.functional.mapped(ours.get_parameter(name), lambda w: w.grad)
        assert torch.tensor(grads, dtype=torch.float64).sub(p.grad).abs().max() < 1e-12
    bound = 3**-0.5  # of the initial numbers, as in PyTorch
    numbers = [p.data for p in nn.Bilinear(3, 10, 10, seed=2).parameters()]
    assert 0.9 * bound < max(map(abs, numbers)) <= bound


def test_batches() -> None:
    layer = example()
    x1, x2 = [[1.0, 10.0], [0.0, 1.0]], [[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]
    expected = [[334.5, -8.0], [15.5, -2.0]]
    assert [[y.data for y in ys] for ys in layer(x1, x2)] == expected
    made = layer(nn.Batch([x1]), nn.Batch([x2]))
    assert isinstance(made, nn.Batch) and [[y.data for y in ys] for ys in made[0]] == expected


@pytest.mark.parametrize("batch", [True, False])
def test_compiled(batch: bool) -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    layer = example()
    program = autograd.compile(layer, layer, batch=batch)
    assert program.outputs([[1.0, 10.0]], [[1.0, 2.0, 3.0]]).tolist() == [[334.5, -8.0]]


WRONG: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "both": (lambda: nn.Linear(3, 2, nin=3), TypeError,
             "in_features and nin are two names for one number; give only one of them"),
    "none": (lambda: nn.Linear(3), TypeError, "inputs and outputs, but out_features is missing"),
    "size": (lambda: nn.Linear(0, 2), ValueError, "in_features must be a positive whole number, not 0"),
    "bilinear size": (lambda: nn.Bilinear(1, 2.0, 1), ValueError,  # type: ignore[arg-type]
                      "in2_features must be a positive whole number, not 2.0"),
    "bias": (lambda: nn.Bilinear(1, 2, 1, bias=1), TypeError, "bias must be True or False, not 1"),  # type: ignore[arg-type]
    "first": (lambda: example()([1.0], [1.0, 2.0, 3.0]), ValueError, "takes 2 inputs, got 1"),
    "second": (lambda: example()([1.0, 2.0], [1.0]), ValueError, "takes 3 inputs, got 1"),
    "text": (lambda: example()([1.0, "2"], [1.0, 2.0, 3.0]), TypeError, "takes numbers, but input 2 is str: '2'"),
    "one batch": (lambda: example()([[1.0, 2.0]], [1.0, 2.0, 3.0]), TypeError,
                  "takes two examples or two batches, but one of its inputs is not a batch"),
    "lengths": (lambda: example()([[1.0, 2.0]], []), TypeError, "takes two examples or two batches"),
    "two lengths": (lambda: example()([[1.0, 2.0]], [[1.0, 2.0, 3.0]] * 2), ValueError,
                    "takes batches of one length, not of 1 and 2"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_refused(wrong: str) -> None:
    make, kind, sentence = WRONG[wrong]
    with pytest.raises(kind, match=re.escape(sentence)):
        make()
