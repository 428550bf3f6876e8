"""Training a compiled program with the optimisers of nn, and switching between it and the engine at any step."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value

np = pytest.importorskip("numpy")

OPTIMISERS: dict[str, Callable[[Any], nn.Optimizer]] = {
    "sgd": lambda params: nn.SGD(params, lr=0.1),
    "momentum": lambda params: nn.SGD(params, lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.01),
    "nesterov": lambda params: nn.SGD(params, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda params: nn.Adam(params, lr=0.02, weight_decay=0.01),
    "adamw": lambda params: nn.AdamW(params, lr=0.02),
}
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(12, 3)), RANDOM.normal(size=(12, 2))


def network() -> nn.MLP:
    return nn.MLP(3, [4, 2], activation="tanh", seed=1)


def loss_of(model: nn.MLP) -> Callable[[Any, Any], Any]:
    return lambda x, y: nn.mse(model(x), y) + 0.001 * nn.l2(model.parameters())


class Eager:
    """A network trained by the engine."""

    def __init__(self, make: Callable[[Any], nn.Optimizer]) -> None:
        self.model = network()
        self.optimiser = make(self.model.parameters())

    def step(self) -> float:
        losses = [nn.mse(self.model(x), y) for x, y in zip(X.tolist(), Y.tolist())]
        loss = autograd.sum(losses) / len(losses) + 0.001 * nn.l2(self.model.parameters())
        self.optimiser.zero_grad()
        loss.backward()
        nn.clip_grad_norm_(self.model.parameters(), 0.5)
        self.optimiser.step()
        return float(loss.data)


def numbers(model: nn.MLP) -> list[float]:
    return [p.data for p in model.parameters()]


@pytest.mark.parametrize("name", OPTIMISERS)
def test_training_moves_between_the_engine_and_the_program(name: str) -> None:
    """Ten steps by the engine, ten by the program, and so on: the same as all by the engine, to 1e-12."""
    always = Eager(OPTIMISERS[name])
    moving = Eager(OPTIMISERS[name])
    program = autograd.compile(loss_of(moving.model), moving.model, like=([0.0] * 3, [0.0] * 2))
    compiled = OPTIMISERS[name](program.parameters)
    for leg in range(4):
        if leg % 2 == 0:
            program.read_in()
            compiled.load_state_dict(moving.optimiser.state_dict())
        for _ in range(10):
            expected = always.step()
            if leg % 2 == 0:
                loss, _ = program(X, Y)
                nn.clip_grad_norm_(program.parameters, 0.5)
                compiled.step()
            else:
                loss = moving.step()
            assert math.isclose(loss, expected, rel_tol=1e-12)
        if leg % 2 == 0:
            program.write_back()
            moving.optimiser.load_state_dict(compiled.state_dict())
        assert max(abs(a - b) for a, b in zip(numbers(moving.model), numbers(always.model))) < 1e-12


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_step_is_the_same_bit_for_bit(name: str) -> None:
    """From equal gradients: the same code of a rule updates a float and a vector."""
    model = network()
    program = autograd.compile(loss_of(model), model, like=([0.0] * 3, [0.0] * 2))
    eager, compiled = OPTIMISERS[name](model.parameters()), OPTIMISERS[name](program.parameters)
    for _ in range(5):
        program(X, Y)
        for value, grad in zip(program.parameters.values, program.parameters.grad[program.parameters.where]):
            value.grad = float(grad)
        eager.step()
        compiled.step()
        assert [p.data for p in program.parameters.values] == program.parameters.data[program.parameters.where].tolist()
    assert eager.state_dict() == compiled.state_dict()


def test_write_back_and_read_in_are_each_others_reverse() -> None:
    model = network()
    program = autograd.compile(loss_of(model), model, like=([0.0] * 3, [0.0] * 2))
    program(X, Y)
    program.parameters.data *= 1.5
    data, grad = program.parameters.data.copy(), program.parameters.grad.copy()
    program.write_back()
    program.parameters.data, program.parameters.grad = 0.0, 0.0
    program.read_in()
    assert (program.parameters.data == data).all()
    assert (program.parameters.grad == grad).all()
    first = model.layers[0].neurons[1].w[2]
    assert program.parameters["W1"][1, 2] == first.data
    assert program.parameters.view(program.parameters.grad, "W1")[1, 2] == first.grad


def test_views_are_views() -> None:
    w = [Value(1.0), Value(2.0)]
    program = autograd.compile(lambda x: autograd.dot(w, x), like=([0.0, 0.0],))
    (name,) = program.parameters.names
    program.parameters[name][0, 0] = 5.0
    assert sorted(program.parameters.data.tolist()) == [2.0, 5.0]
    assert program([[1.0, 0.0]])[0] == 5.0
    program.parameters[name] = 3.0
    assert program([[1.0, 1.0]])[0] == 6.0
    with pytest.raises(KeyError, match="there is no parameter 'nothing' here, only"):
        program.parameters["nothing"]


def test_clipping() -> None:
    w = [Value(3.0), Value(-4.0)]
    program = autograd.compile(lambda: 0.5 * autograd.dot(w, w))
    program()
    assert nn.clip_grad_norm_(program.parameters, 1.0) == 5.0
    assert math.isclose(float(np.linalg.norm(program.parameters.grad)), 1.0, rel_tol=1e-6)
    program()
    nn.clip_grad_value_(program.parameters, 3.5)
    assert sorted(program.parameters.grad.tolist()) == [-3.5, 3.0]
    program.parameters.grad = 1e200
    assert math.isclose(nn.clip_grad_norm_(program.parameters, 1.0), 1e200 * math.sqrt(2.0), rel_tol=1e-15)


@pytest.mark.parametrize("grad", [math.inf, math.nan, 0.0])
def test_clipping_at_the_edges_is_that_of_values(grad: float) -> None:
    w = [Value(1.0), Value(2.0)]
    program = autograd.compile(lambda: autograd.dot(w, w))
    for p in w:
        p.grad = grad
    program.read_in()
    norms = nn.clip_grad_norm_(w, 1.0), nn.clip_grad_norm_(program.parameters, 1.0)
    assert repr(norms[0]) == repr(norms[1])
    assert repr([p.grad for p in w]) == repr(program.parameters.grad.tolist())


def test_an_optimiser_zeroes_the_vector_and_counts_its_entries() -> None:
    model = network()
    program = autograd.compile(loss_of(model), model, like=([0.0] * 3, [0.0] * 2))
    optimiser = nn.Adam(program.parameters)
    program(X, Y)
    optimiser.zero_grad()
    assert program.parameters.grad.tolist() == [0.0] * 26
    assert "26 parameters" in repr(optimiser)
    other = nn.Adam([Value(0.0)])
    with pytest.raises(ValueError, match="it is for 1 parameters, not 26"):
        optimiser.load_state_dict(other.state_dict())


def test_a_step_that_overflows_gives_no_warning() -> None:
    w = Value(1e300)
    program = autograd.compile(lambda: w * w)
    optimiser = nn.SGD(program.parameters, lr=1e300)
    program()
    optimiser.step()
    assert program.parameters.data.tolist() == [-math.inf]


def test_two_programs_share_their_parameters() -> None:
    model = network()
    program = autograd.compile(loss_of(model), model, like=([0.0] * 3, [0.0] * 2))
    outputs = autograd.compile(model, program.parameters, gradient=False, like=([0.0] * 3,))
    assert outputs.parameters is program.parameters
    optimiser = nn.SGD(program.parameters, lr=0.5)
    before = outputs(X)
    program(X, Y)
    optimiser.step()
    after = outputs(X)
    assert np.abs(after - before).max() > 1e-3
    program.write_back()
    for x, row in zip(X.tolist(), after.tolist()):
        assert [z.data for z in model(x)] == pytest.approx(row, rel=1e-12)


def test_single_precision() -> None:
    model = network()
    program = autograd.compile(loss_of(model), model, dtype="float32")
    loss, gradient = program(X, Y)
    exact, precise = autograd.compile(loss_of(model), model)(X, Y)
    assert gradient.dtype == program.parameters.data.dtype == np.float32
    assert math.isclose(loss, exact, rel_tol=1e-5)
    assert np.abs(gradient - precise).max() < 1e-5
    optimiser = nn.Adam(program.parameters)
    optimiser.step()
    assert program.parameters.data.dtype == np.float32


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_optimiser_holds_no_array_that_others_hold(name: str) -> None:
    model = network()
    program = autograd.compile(loss_of(model), model, like=([0.0] * 3, [0.0] * 2))
    optimiser, untouched = (OPTIMISERS[name](program.parameters) for _ in range(2))
    for _ in range(3):
        _, gradient = program(X, Y)
        optimiser.step()
        arrays = [x for x in optimiser.state[0] if isinstance(x, np.ndarray)]
        assert not any(np.shares_memory(x, y) for x in arrays for y in (gradient, program.parameters.data))
        before = optimiser.state_dict()
        gradient[:] = 0.0  # in place
        program.parameters.data[:] += 1.0
        assert optimiser.state_dict() == before
        untouched.load_state_dict(before)
        before["state"][0] = None
        assert untouched.state_dict() == optimiser.state_dict()
    if name != "sgd":
        assert any(any(row) for row in optimiser.state_dict()["state"])


@pytest.mark.parametrize("kept", ["data", "grad", "part"])
def test_what_a_rule_keeps_is_copied(kept: str) -> None:
    """The state is copied whatever the rule returns, even the parameters themselves."""

    def rule(p: Any, grad: Any, old: Any, **settings: Any) -> tuple[Any, Any]:
        return p - grad, {"data": p, "grad": grad, "part": grad[::-1]}[kept]

    w = [Value(1.0), Value(2.0)]
    program = autograd.compile(lambda: autograd.dot(w, w))
    optimiser = nn.SGD(program.parameters)
    optimiser.rule = rule  # type: ignore[misc, assignment]
    _, gradient = program()
    expected = {"data": program.parameters.data, "grad": gradient, "part": gradient[::-1]}[kept].tolist()
    optimiser.step()
    gradient[:] = 7.0
    assert np.asarray(optimiser.state[0][0]).tolist() == expected


def test_a_step_that_fails_moves_no_vector() -> None:
    w = [Value(1.0), Value(2.0)]
    program = autograd.compile(lambda: autograd.dot(w, w))
    optimiser = nn.SGD(program.parameters, lr=0.1, momentum=0.9)
    program()
    optimiser.step()
    data, state = program.parameters.data.tolist(), optimiser.state_dict()
    for rule in (
        lambda p, *rest, **settings: None,
        lambda p, *rest, **settings: (p,),
        lambda p, *rest, **settings: (np.zeros(3), *rest),
        lambda p, *rest, **settings: ("x", rest[0]),
    ):
        optimiser.rule = rule  # type: ignore[misc, assignment]
        with pytest.raises((TypeError, ValueError)):
            optimiser.step()
        assert program.parameters.data.tolist() == data and optimiser.state_dict() == state


def test_a_program_and_its_optimiser_are_copied_in_one_go() -> None:
    w = [Value(1.0), Value(2.0)]
    program = autograd.compile(lambda: autograd.dot(w, w))
    optimiser = nn.Adam(program.parameters, lr=0.1)
    program()
    optimiser.step()
    twin, its = copy.deepcopy((program, optimiser))
    assert its.params[0] is twin.parameters
    for each, its_own in ((program, optimiser), (twin, its)):
        each()
        its_own.step()
    assert program.parameters.data.tolist() == twin.parameters.data.tolist()
    assert program.parameters.data is not twin.parameters.data
