"""Norms of gradients and clipping beside PyTorch, and parameters as one vector.

The defaults, and what happens at the edges of floats, are in ``test_nn_optim``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from nn import utils

inf, nan = math.inf, math.nan

GRADS = [[3.0, -4.0, 0.0], [0.0, 0.0], [1e-3], [inf, 1.0], [nan, 1.0], [0.1 * i - 2.0 for i in range(40)]]
ORDERS = [2.0, 1, 0.5, 3.0, 0.0, inf]


def with_grads(grads: list[float]) -> list[Value]:
    params = [Value(0.0) for _ in grads]
    for p, g in zip(params, grads):
        p.grad = g
    return params


def program_with(grads: list[float]) -> Any:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    params = with_grads(grads)
    program = autograd.compile(lambda: autograd.dot(params, params), params)
    program.read_in()
    return program.parameters


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("grads", GRADS)
def test_norms_and_clipping_are_pytorchs(grads: list[float], order: float) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs = [torch.nn.Parameter(torch.zeros((), dtype=torch.float64)) for _ in grads]
    for p, g in zip(theirs, grads):
        p.grad = torch.tensor(g, dtype=torch.float64)
    expected = torch.nn.utils.get_total_norm([p.grad for p in theirs], order).item()
    params, vector = with_grads(grads), program_with(grads)
    for watched in (params, vector, grads):
        assert utils.get_total_norm(watched, order) == pytest.approx(expected, rel=1e-13, nan_ok=True)
    norm = torch.nn.utils.clip_grad_norm_(theirs, 1.5, order).item()
    assert utils.clip_grad_norm_(params, 1.5, order) == pytest.approx(norm, rel=1e-13, nan_ok=True)
    assert nn.clip_grad_norm_(vector, 1.5, norm_type=order) == pytest.approx(norm, rel=1e-13, nan_ok=True)
    clipped = pytest.approx([p.grad.item() for p in theirs], rel=1e-13, nan_ok=True)
    assert [p.grad for p in params] == clipped
    assert [row[0] for row in vector.rows([vector.grad])] == clipped


def test_norms_do_not_overflow_on_the_way() -> None:
    assert utils.get_total_norm([1e200, 1e200], 3.0) == pytest.approx(2 ** (1 / 3) * 1e200, rel=1e-14)
    assert utils.get_total_norm([1e-200, 1e-200], 4.0) == pytest.approx(2 ** (1 / 4) * 1e-200, rel=1e-14)
    assert utils.get_total_norm([]) == 0.0


def test_what_is_frozen_is_not_clipped_and_does_not_count() -> None:
    params = with_grads([3.0, 100.0, 4.0])
    params[1].requires_grad = False
    assert utils.clip_grad_norm_(params, 2.5) == 5.0
    assert [p.grad for p in params] == pytest.approx([1.5, 100.0, 2.0], rel=1e-6)
    utils.clip_grad_value_(params, 1.0)
    assert [p.grad for p in params] == [1.0, 100.0, 1.0]


def test_a_norm_that_is_not_finite_may_be_an_error() -> None:
    for grads in ([inf, 1.0], [nan, 1.0]):
        for params in (with_grads(grads), program_with(grads)):
            with pytest.raises(
                RuntimeError, match=r"the norm of order 2 of the gradients is (inf|nan), so they cannot be"
            ):
                utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
            assert repr(utils.get_total_norm(params)) == repr(grads[0])


def test_parameters_as_one_vector_and_back() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    model = nn.MLP(2, [3, 1], seed=0)
    numbers = utils.parameters_to_vector(model.parameters())
    assert numbers == [p.data for p in model.parameters()]
    program = autograd.compile(lambda x: model(x), model, like=([0.0, 0.0],))
    assert utils.parameters_to_vector(program.parameters) == numbers
    changed = [x + 0.5 for x in numbers]
    utils.vector_to_parameters(changed, program.parameters)
    assert [p.data for p in model.parameters()] == numbers
    assert utils.parameters_to_vector(program.parameters) == changed
    utils.vector_to_parameters(iter(changed), model.parameters())  # type: ignore[arg-type]
    assert utils.parameters_to_vector(iter(model.parameters())) == changed
    assert utils.parameters_to_vector([]) == []


w0 = Value(1.0)
ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "norm_type": (
        lambda: utils.get_total_norm([w0], -1.0),
        ValueError,
        "norm_type must not be negative, but it is -1.0",
    ),
    "a model": (
        lambda: utils.get_total_norm(nn.Neuron(1)),  # type: ignore[arg-type]
        TypeError,
        "get_total_norm takes a list of Values, not Neuron; write model.parameters()",
    ),
    "flag": (
        lambda: utils.clip_grad_norm_([w0], 1.0, error_if_nonfinite=1),  # type: ignore[arg-type]
        TypeError,
        "error_if_nonfinite must be True or False, not 1",
    ),
    "too few": (
        lambda: utils.vector_to_parameters([], [w0]),
        ValueError,
        "vector_to_parameters takes a number for each of the 1 parameters, got 0",
    ),
    "no number": (
        lambda: utils.vector_to_parameters(["a"], [w0]),  # type: ignore[list-item]
        TypeError,
        "item 0 must be a number, not 'a'",
    ),
    "no list": (
        lambda: utils.vector_to_parameters(3.0, [w0]),  # type: ignore[arg-type]
        TypeError,
        "vector_to_parameters takes a list of numbers, not float: 3.0",
    ),
    "no parameters": (
        lambda: utils.parameters_to_vector(w0),
        TypeError,
        "parameters_to_vector takes a list of Values, not Value; put it into a list",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = ERRORS[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence
    assert w0.data == 1.0
