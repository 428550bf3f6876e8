"""Hessian diagonals, Sophia and L-BFGS, compared with hand calculation, the engine's whole Hessian, and PyTorch."""

from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Graph, Value


def network() -> tuple[list[Value], Callable[[Any], Any]]:
    model = nn.MLP(2, [2, 1], activation="tanh", seed=3)
    return model.parameters(), lambda x: (model(x) - 0.5) ** 2


def whole_hessian(x: list[float]) -> list[list[float]]:
    """The Hessian of the same network, written as a function of its parameters."""
    params, _ = network()

    def loss(p: Any) -> Any:
        hidden = [autograd.tanh(p[3 * i] * x[0] + p[3 * i + 1] * x[1] + p[3 * i + 2]) for i in range(2)]
        return (p[6] * hidden[0] + p[7] * hidden[1] + p[8] - 0.5) ** 2

    made: list[list[float]] = autograd.hessian(loss)([p.data for p in params])
    return made


# --- the diagonal -------------------------------------------------------------------------------------------------


def test_the_exact_diagonal_and_the_estimate_are_those_of_the_hessian() -> None:
    params, loss_of = network()
    x = [0.5, -1.0]
    hessian = whole_hessian(x)
    loss = loss_of(x)
    loss.backward()
    before = [p.grad for p in params]
    assert nn.hessian_diagonal(loss, params) == pytest.approx([hessian[i][i] for i in range(9)], rel=1e-11)
    signs = [1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0]
    expected = [signs[i] * sum([hessian[i][j] * signs[j] for j in range(9)]) for i in range(9)]
    assert nn.hutchinson(loss, params, signs) == pytest.approx(expected, rel=1e-11)
    assert [p.grad for p in params] == before


def test_the_mean_of_all_estimates_is_the_diagonal() -> None:
    u, v, w = (Value(x) for x in (0.3, -0.5, 2.0))
    loss = (u * v + autograd.sin(w) * u) ** 2 + autograd.exp(v * w)
    all_signs = list(itertools.product((1.0, -1.0), repeat=3))
    estimates = [nn.hutchinson(loss, [u, v, w], signs) for signs in all_signs]
    means = [sum(column) / len(all_signs) for column in zip(*estimates)]
    assert means == pytest.approx(nn.hessian_diagonal(loss, [u, v, w]), rel=1e-13)


def test_a_parameter_without_a_part_in_the_loss_has_no_curvature() -> None:
    v, w = Value(2.0), Value(3.0)
    assert nn.hessian_diagonal(v**3, [v, w]) == [12.0, 0.0]


def test_what_is_compiled_gives_the_same() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    params, loss_of = network()
    exact = autograd.compile(lambda x: nn.hessian_diagonal(loss_of(x), params), params, gradient=False)
    estimate = autograd.compile(lambda x, u: nn.hutchinson(loss_of(x), params, u), params, gradient=False)
    signs = [1.0, -1.0] * 4 + [1.0]
    for x in ([0.5, -1.0], [2.0, 0.25]):
        loss = loss_of(x)
        assert exact([x])[0].tolist() == pytest.approx(nn.hessian_diagonal(loss, params), rel=1e-11)
        assert estimate([x], [signs])[0].tolist() == pytest.approx(nn.hutchinson(loss, params, signs), rel=1e-11)


def test_a_graph_over_other_leaves() -> None:
    v, w = Value(2.0), Value(3.0)
    root = autograd.dot([v, w], [w, 1.0]) * v
    graph = Graph(root)
    other = Value(2.0)
    made = graph.over([v], [other])
    made.backward()
    assert (made.data, other.grad, v.grad, w.grad) == (18.0, 15.0, 0.0, 6.0)
    assert graph.over([], []) is root and graph.over([Value(1.0)], [other]) is root
    v.data = 5.0  # the graph keeps its earlier number
    assert graph.over([v], [other]).data == 18.0
    for leaves, others, sentence in (
        ([v], [], "over() takes another Value for each of the 1 leaves, got 0"),
        ([w], [other], "a leaf (data 3) was 3.0 in this graph, and cannot be 2.0"),
    ):
        with pytest.raises(ValueError) as error:
            graph.over(leaves, others)
        assert str(error.value) == sentence


# --- Sophia -------------------------------------------------------------------------------------------------------


def closure_of(optimizer: Any, w: list[Value]) -> Callable[[], Value]:
    def closure() -> Value:
        optimizer.zero_grad()
        loss: Value = (w[0] - 1.0) ** 4 + (w[0] * w[1]) ** 2 + autograd.exp(w[1])
        loss.backward()
        return loss

    return closure


@pytest.mark.parametrize("maximize", [False, True])
def test_sophia_by_hand(maximize: bool) -> None:
    """Liu et al. 2023, algorithm 3, with second derivatives by hand; `Sophia` beside PyTorch: see ``tests.parity``."""
    w = [Value(3.0), Value(-0.5)]
    options: dict[str, Any] = {"lr": 0.02, "betas": (0.9, 0.8), "gamma": 0.5, "eps": 1e-6, "weight_decay": 0.1}
    optimizer = nn.Sophia(w, **options, period=4, estimator="exact", maximize=maximize)
    turn = -1.0 if maximize else 1.0
    x, m, h = [3.0, -0.5], [0.0, 0.0], [0.0, 0.0]
    for t in range(30):
        optimizer.step(closure_of(optimizer, w))
        grads = [4 * (x[0] - 1) ** 3 + 2 * x[0] * x[1] ** 2, 2 * x[0] ** 2 * x[1] + math.exp(x[1])]
        curvatures = [12 * (x[0] - 1) ** 2 + 2 * x[1] ** 2, 2 * x[0] ** 2 + math.exp(x[1])]
        for i in range(2):
            m[i] = 0.9 * m[i] + 0.1 * turn * grads[i]
            if t % 4 == 0:
                h[i] = 0.8 * h[i] + 0.2 * turn * curvatures[i]
            x[i] -= 0.02 * 0.1 * x[i]
            x[i] -= 0.02 * max(-1.0, min(1.0, m[i] / max(0.5 * h[i], 1e-6)))
        assert [p.data for p in w] == pytest.approx(x, rel=1e-11)
    assert optimizer.hessian_updates == 8


def test_sophia_leaves_what_is_frozen() -> None:
    w = [Value(3.0), Value(-0.5)]
    w[1].requires_grad = False
    optimizer = nn.Sophia(w, lr=0.1, seed=0)
    optimizer.step(closure_of(optimizer, w))
    assert w[0].data != 3.0 and w[1].data == -0.5
    assert optimizer.state[1] == (0.0, 0.0)


def test_signs_come_from_the_seed() -> None:
    found = []
    for seed in (1, 1, 2, 3, 4):
        w = [Value(3.0), Value(-0.5)]
        optimizer = nn.Sophia(w, seed=seed)
        optimizer.step(closure_of(optimizer, w))
        found.append([state[1] for state in optimizer.state])
    assert found[0] == found[1]
    assert any(other != found[0] for other in found)


def test_a_resumed_sophia_goes_on_identically() -> None:
    w = [Value(3.0), Value(-0.5)]
    optimizer = nn.Sophia(w, lr=0.1, period=3, estimator="exact")
    for _ in range(5):
        optimizer.step(closure_of(optimizer, w))
    state = json.loads(json.dumps(optimizer.state_dict()))
    others = [Value(p.data) for p in w]
    resumed = nn.Sophia(others, period=3, estimator="exact")
    resumed.load_state_dict(state)
    for _ in range(5):
        optimizer.step(closure_of(optimizer, w))
        resumed.step(closure_of(resumed, others))
    assert [p.data for p in others] == [p.data for p in w]
    assert resumed.state_dict() == optimizer.state_dict()
    with pytest.raises(ValueError, match="this state does not fit Sophia: 'hessian_updates' is missing"):
        resumed.load_state_dict({key: x for key, x in state.items() if key != "hessian_updates"})


def program_of(values: list[Value]) -> Any:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    return autograd.compile(lambda x: autograd.dot(values, values) * x, like=[0.0])


w0 = Value(1.0)
ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no estimate": (
        lambda: nn.Sophia([w0]).step(),
        RuntimeError,
        "Sophia has no estimate of the Hessian yet; give step() a function that returns the loss as a Value, or call "
        "update_hessian() with the diagonal before",
    ),
    "a program": (
        lambda: nn.Sophia(program_of([Value(1.0)]).parameters).step(lambda: w0 * w0),
        TypeError,
        "Sophia cannot differentiate a Value by a program's parameters; compile hutchinson(), and give what the "
        "program returns to update_hessian()",
    ),
    "period": (lambda: nn.Sophia([w0], period=0), ValueError, "period must be at least 1, not 0"),
    "estimator": (
        lambda: nn.Sophia([w0], estimator="exakt"),
        ValueError,
        "estimator must be 'hutchinson' or 'exact', not 'exakt' (did you mean 'exact'?)",
    ),
    "gamma": (lambda: nn.Sophia([w0], gamma=-1), ValueError, "gamma must not be negative, but it is -1"),
    "too many": (
        lambda: nn.Sophia([w0]).update_hessian([1.0, 2.0]),
        ValueError,
        "update_hessian takes a number for each of the 1 parameters, got 2",
    ),
    "nan": (
        lambda: nn.Sophia([w0]).update_hessian([math.nan]),
        ValueError,
        "item 0 of the diagonal must be a finite number, not nan",
    ),
    "a number": (
        lambda: nn.hessian_diagonal(1.0, [w0]),  # type: ignore[arg-type]
        TypeError,
        "hessian_diagonal takes the loss as a Value, with the graph behind it, not 1.0",
    ),
    "a vector": (
        lambda: nn.hessian_diagonal(w0, program_of([w0]).parameters),
        TypeError,
        "hessian_diagonal takes the Values that the loss was computed from, not a program's vector",
    ),
    "signs": (
        lambda: nn.hutchinson(w0, [w0], [1.0, 1.0]),
        ValueError,
        "hutchinson takes a sign for each of the 1 parameters, got 2",
    ),
    "lr": (
        lambda: nn.LBFGS([w0], lr=0.5),
        ValueError,
        "LBFGS searches along each direction, so lr must be 1, not 0.5",
    ),
    "max_iter": (lambda: nn.LBFGS([w0], max_iter=0), ValueError, "max_iter must be at least 1, not 0"),
    "line_search_fn": (
        lambda: nn.LBFGS([w0], line_search_fn="weak"),
        ValueError,
        "line_search_fn must be 'strong_wolfe', not 'weak'",
    ),
    "groups": (
        lambda: nn.LBFGS([{"params": [w0]}, {"params": [Value(2.0)]}]),
        ValueError,
        "LBFGS takes one group of parameters, because one curvature belongs to all of them",
    ),
    "no closure": (
        lambda: nn.LBFGS([w0]).step(),
        TypeError,
        "LBFGS needs a function that computes the loss and its gradient, because it calls it many times",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = ERRORS[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence


# --- L-BFGS -------------------------------------------------------------------------------------------------------

POINTS = [(0.5, 1.0, 2.0), (-1.0, 0.5, 0.25), (2.0, -1.0, 1.0), (0.25, 0.75, -1.0)]


def squares(v: Any, w: Any) -> Any:
    return autograd.sum([(v * x + w * y - t) ** 2 for x, y, t in POINTS])


def solved() -> tuple[float, float]:
    """The normal equations, by Cramer's rule."""
    a, b, c = (sum([p[i] * p[j] for p in POINTS]) for i, j in ((0, 0), (0, 1), (1, 1)))
    d, e = sum([x * t for x, _, t in POINTS]), sum([y * t for _, y, t in POINTS])
    return (d * c - b * e) / (a * c - b * b), (a * e - b * d) / (a * c - b * b)


def test_lbfgs_finds_the_least_squares() -> None:
    pytest.importorskip("scipy", reason="SciPy is not installed")
    v, w = Value(3.0), Value(-2.0)
    optimizer = nn.LBFGS([v, w], max_iter=100, tolerance_grad=1e-12, tolerance_change=0.0)

    def closure() -> Value:
        optimizer.zero_grad()
        loss: Value = squares(v, w)
        loss.backward()
        return loss

    first = squares(v, w).data
    assert optimizer.step(closure).data == first
    assert (v.data, w.data) == pytest.approx(solved(), rel=1e-7)
    assert optimizer.steps == 1
    other = nn.LBFGS([Value(0.0), Value(0.0)], max_iter=3)
    other.load_state_dict(json.loads(json.dumps(optimizer.state_dict())))
    assert other.state_dict() == optimizer.state_dict()


def test_lbfgs_moves_the_vector_of_a_program() -> None:
    pytest.importorskip("scipy", reason="SciPy is not installed")
    pytest.importorskip("numpy", reason="NumPy is not installed")
    v, w = Value(3.0), Value(-2.0)
    program = autograd.compile(lambda: squares(v, w))
    optimizer = nn.LBFGS(program.parameters, max_iter=100, tolerance_grad=1e-12, tolerance_change=0.0)
    loss = optimizer.step(lambda: program()[0])
    assert loss == squares(v, w).data
    program.write_back()
    assert (v.data, w.data) == pytest.approx(solved(), rel=1e-7)


def test_lbfgs_ends_after_max_iter_and_leaves_what_is_frozen() -> None:
    pytest.importorskip("scipy", reason="SciPy is not installed")
    v, w = Value(-1.0), Value(2.0)
    w.requires_grad = False
    calls = []

    def closure() -> float:
        calls.append((v.data, w.data))
        loss = (1.0 - v) ** 2 + 100.0 * (w - v * v) ** 2
        v.grad = w.grad = 0.0
        loss.backward()
        return loss.data

    optimizer = nn.LBFGS([v, w], max_iter=2, max_eval=50)
    before = closure()
    optimizer.step(closure)
    assert w.data == 2.0 and closure() < before
    assert 2 <= len(calls) < 15
    v.requires_grad = False
    with pytest.raises(ValueError, match="LBFGS has no parameters to move: all of them are frozen"):
        optimizer.step(closure)


def test_an_error_in_the_closure_moves_nothing() -> None:
    pytest.importorskip("scipy", reason="SciPy is not installed")
    w = Value(3.0)

    def closure() -> Value:
        loss = w * w
        w.grad = 0.0
        loss.backward()
        if w.data != 3.0:
            raise RuntimeError("stuck")
        return loss

    optimizer = nn.LBFGS([w])
    with pytest.raises(RuntimeError, match=r"^stuck$"):
        optimizer.step(closure)
    assert w.data == 3.0 and optimizer.steps == 0


def test_without_scipy_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ModuleNotFoundError, match="LBFGS needs SciPy, which is not installed: pip install scipy"):
        nn.LBFGS([Value(1.0)]).step(lambda: Value(1.0))
