"""Leaves that a program does not train are its constants; after they have changed, it refuses to run."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value

BACKENDS = ["numpy", "jax"]


def made(backend: str = "numpy", **options: Any) -> tuple[Value, Value, Any]:
    """w, b, and the program of (w x + b)**2, which trains w alone."""
    if backend == "jax":
        pytest.importorskip("jax", reason="JAX is not installed")
    w, b = Value(2.0, "w"), Value(1.0, "b")
    return w, b, autograd.compile(lambda x: (w * x + b) ** 2, [w], like=(0.0,), backend=backend, **options)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("batch", [True, False])
def test_a_constant_that_has_changed_is_refused(backend: str, batch: bool) -> None:
    w, b, program = made(backend, batch=batch)
    x = [3.0] if batch else 3.0
    assert program(x)[0] == 49.0 and program(x)[1].tolist() == [42.0]
    w.data = 5.0  # a parameter's number is the program's own
    assert program(x)[0] == 49.0
    b.data = 4.0
    for call in (program, program.outputs):
        with pytest.raises(
            RuntimeError, match=r"^'b' \(data 4\) was 1 when <lambda> was compiled, and is a constant of the program; "
        ):
            call(x)
    b.data = 1.0
    assert program(x)[0] == 49.0 and program.outputs(x) == 49.0


def test_the_numbers_are_compared_only_when_a_leaf_was_set() -> None:
    w, _, program = made()
    program([1.0])
    looked = program._fixed.writes
    program([1.0])
    assert program._fixed.writes == looked
    w.data = 2.0
    program([1.0])
    assert program._fixed.writes > looked


def test_a_nan_stays_the_same() -> None:
    b = Value(math.nan, "b")
    w = Value(1.0)
    program = autograd.compile(lambda x: w * x + b.detach() * 0.0 + b, [w], like=(0.0,), allow_nan=True)
    program([1.0])
    program([1.0])
    b.data = 1.0
    with pytest.raises(RuntimeError, match=r"was nan when"):
        program([1.0])


@pytest.mark.parametrize("named", [True, False])
def test_a_frozen_leaf_is_a_constant_whether_parameters_are_named_or_not(named: bool) -> None:
    """Of (w x + b)**2 at x = 3 the derivative by w is 2 * 7 * 3."""
    w, b = Value(2.0, "w"), Value(1.0, "b")
    b.requires_grad = False
    program = autograd.compile(lambda x: (w * x + b) ** 2, [w, b] if named else None)
    loss, gradient = program([3.0])
    assert (loss, gradient.tolist(), program.parameters.names) == (49.0, [42.0], ["w"])
    b.data = 0.0
    with pytest.raises(RuntimeError, match=r"^'b' \(data 0\) was 1 when"):
        program([3.0])


def test_what_counts_is_whether_it_trains_when_the_function_is_recorded() -> None:
    w, b = Value(2.0, "w"), Value(1.0, "b")
    program = autograd.compile(lambda x: (w * x + b) ** 2)
    b.requires_grad = False
    assert program([3.0])[1].tolist() == [42.0]
    b.requires_grad = True
    assert program([3.0])[1].tolist() == [42.0]
    again = autograd.compile(lambda x: (w * x + b) ** 2)
    assert again([3.0])[1].tolist() == [42.0, 14.0]


def test_parameters_of_another_program_stay_what_they_are() -> None:
    w, b = Value(2.0, "w"), Value(1.0, "b")
    first = autograd.compile(lambda x: (w * x + b) ** 2, [w, b], like=(0.0,))
    b.requires_grad = False
    second = autograd.compile(lambda x: w * x + b, first.parameters)
    first.parameters.data = [3.0, 4.0]
    assert second.outputs([1.0]).tolist() == [7.0]


def test_copies_look_at_their_own_leaves() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    model = nn.Linear(1, 1, init=nn.init.constant(2.0)).requires_grad_(False)
    assert model.bias is not None
    model.weight[0][0].requires_grad = True
    program = autograd.compile(model, model, like=([0.0],))
    ours, theirs = copy.deepcopy((model, program))
    assert ours.bias is not None
    model.bias[0].data = 9.0
    assert theirs.outputs([[1.0]]).tolist() == [[2.0]]
    ours.bias[0].data = 3.0
    for one in (program, theirs):
        with pytest.raises(RuntimeError, match="when Linear was compiled"):
            one.outputs([[1.0]])


KEPT: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda program: pickle.loads(pickle.dumps(program)),
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", KEPT)
def test_a_program_that_is_copied_alone_keeps_its_numbers(way: str) -> None:
    _, b, program = made()
    twin = KEPT[way](program)
    b.data = 4.0
    assert twin([3.0])[0] == 49.0
