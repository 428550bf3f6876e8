"""Compares one forward and backward pass of a layer with PyTorch's: of one example, of a batch, and compiled."""

from __future__ import annotations

from typing import Any

import pytest

import autograd
import nn
from autograd import Value, square, sum
from autograd.functional import leaves

from .parity.training import Shape, random_numbers


def values(x: Any) -> Any:
    """Nested lists of numbers as nested lists of Values."""
    return [values(item) for item in x] if isinstance(x, list) else Value(x)


def numbers(x: Any) -> list[float]:
    """The numbers of nested lists of Values or numbers, in order."""
    return [item.data if isinstance(item, Value) else item for item in leaves(x)]


def same_pass(ours: nn.Module, theirs: Any, example: Shape, batch: int = 3, alone: bool = True) -> None:
    """Check that results and gradients of a random batch are PyTorch's.

    Parameters
    ----------
    alone : bool
        Whether the result of an example depends on that example alone. If so, each example by itself is compared as
        well, and the batch with a program that was recorded with one example.
    """
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    theirs = theirs.double()
    theirs.load_state_dict({name: torch.tensor(x, dtype=torch.float64) for name, x in ours.state_dict().items()})
    plain = random_numbers((batch, *example), seed=5)
    tensor = torch.tensor(plain, dtype=torch.float64, requires_grad=True)
    expected = theirs(tensor)
    expected.square().sum().backward()
    slopes = tensor.grad.flatten().tolist()

    x = values(plain)
    made = ours(nn.Batch(x))
    assert isinstance(made, nn.Batch)
    assert numbers(made) == pytest.approx(expected.flatten().tolist(), rel=1e-12, abs=1e-13)
    ours.zero_grad()
    sum([square(y) for y in leaves(made)]).backward()
    assert [p.grad for p in leaves(x)] == pytest.approx(slopes, rel=1e-11, abs=1e-12)
    gradient = [number for p in theirs.parameters() for number in p.grad.flatten().tolist()]
    assert [p.grad for p in ours.parameters()] == pytest.approx(gradient, rel=1e-11, abs=1e-12)
    if not alone:
        return
    for one, result in zip(x, expected.tolist()):
        assert numbers(ours(one)) == pytest.approx(leaves(result), rel=1e-12, abs=1e-13)
    if gradient:
        program = autograd.compile(lambda x: sum([square(y) for y in leaves(ours(x))]), ours)
        loss, _ = program(plain)  # the mean over examples; a term that depends on none counts once for each
        assert batch * loss == pytest.approx(expected.square().sum().item(), rel=1e-12)
        program.write_back()
        assert [batch * p.grad for p in ours.parameters()] == pytest.approx(gradient, rel=1e-11, abs=1e-12)
