"""Optimisers: paths compared with hand-derived formulas and with PyTorch; refusals, state, and clipping."""

from __future__ import annotations

import copy
import inspect
import json
import math
import pickle
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, where
from nn.settings import number

from .parity.optimizers import double_precision

inf, nan = math.inf, math.nan


def run(optimizer: nn.Optimizer, gradient: Callable[[float], float], steps: int) -> list[float]:
    """The first parameter after each step."""
    [w, *_] = optimizer.params
    path = []
    for _ in range(steps):
        w.grad = gradient(w.data)
        optimizer.step()
        path.append(w.data)
    return path


# --- by hand ----------------------------------------------------------------------------------------------------


def test_gradient_descent_on_a_parabola() -> None:
    # f = a w**2 / 2 has the gradient a w, so w after t steps is (1 - lr a)**t w0
    path = run(nn.SGD([Value(3.0)], lr=0.1), lambda w: 2.0 * w, 20)
    assert path == pytest.approx([3.0 * 0.8**t for t in range(1, 21)], rel=1e-14)


def test_weight_decay_is_a_gradient_of_its_own() -> None:
    path = run(nn.SGD([Value(3.0)], lr=0.1, weight_decay=0.5), lambda w: 0.0, 20)
    assert path == pytest.approx([3.0 * 0.95**t for t in range(1, 21)], rel=1e-14)


@pytest.mark.parametrize(("momentum", "dampening"), [(0.9, 0.0), (0.5, 0.25)])
def test_momentum_under_a_constant_force(momentum: float, dampening: float) -> None:
    # v1 = g, v = m v + (1 - d) g: so v_t = m**(t-1) g + (1 - d) g (1 - m**(t-1)) / (1 - m)
    g, lr, m, d = 2.0, 0.1, momentum, dampening
    velocities = [m ** (t - 1) * g + (1 - d) * g * (1 - m ** (t - 1)) / (1 - m) for t in range(1, 21)]
    path = run(nn.SGD([Value(1.0)], lr, m, dampening=d), lambda w: g, 20)
    assert path == pytest.approx([1.0 - lr * sum(velocities[:t]) for t in range(1, 21)], rel=1e-13)


def test_nesterov_looks_ahead() -> None:
    # Sutskever's form keeps u, with u' = m u - lr f'(u + theta), at theta' = theta + u'; PyTorch's parameter is the
    # point at which the gradient is taken, theta + m u. Their paths are the same.
    lr, m, theta, u, expected = 0.1, 0.8, 3.0, 0.0, []
    for _ in range(20):
        u = m * u - lr * 2.0 * (theta + m * u)
        theta += u
        expected.append(theta + m * u)
    path = run(nn.SGD([Value(3.0)], lr, m, nesterov=True), lambda w: 2.0 * w, 20)
    assert path == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("g", [5.0, -1e-3, 1e100])
def test_adam_under_a_constant_force_moves_by_its_learning_rate(g: float) -> None:
    # Both means of a constant are that constant, once the bias is divided out: every step is lr g / (|g| + eps)
    path = run(nn.Adam([Value(1.0)], lr=0.01), lambda w: g, 20)
    assert path == pytest.approx([1.0 - 0.01 * t * g / (abs(g) + 1e-8) for t in range(1, 21)], rel=1e-12)


def test_adamw_decays_the_weight_and_not_the_gradient() -> None:
    w, expected = 3.0, []
    for _ in range(20):
        w = w * (1 - 0.01 * 0.5) - 0.01 * 2.0 / (2.0 + 1e-8)
        expected.append(w)
    assert run(nn.AdamW([Value(3.0)], lr=0.01, weight_decay=0.5), lambda w: 2.0, 20) == pytest.approx(
        expected, rel=1e-13
    )


def test_adam_with_weight_decay_adds_it_to_the_gradient() -> None:
    with_decay = run(nn.Adam([Value(3.0)], lr=0.1, weight_decay=0.5), lambda w: math.sin(w), 20)
    by_hand = run(nn.Adam([Value(3.0)], lr=0.1), lambda w: math.sin(w) + 0.5 * w, 20)
    assert with_decay == by_hand


def test_settings_can_be_changed_between_steps() -> None:
    w = Value(1.0)
    optimizer = nn.SGD([w], lr=0.5)
    w.grad = 1.0
    optimizer.step()
    optimizer.lr = 0.25
    optimizer.step()
    assert w.data == 1.0 - 0.5 - 0.25
    assert optimizer.steps == 2
    assert repr(optimizer) == (
        "SGD(1 parameters, lr=0.25, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False)"
    )


def test_zero_grad() -> None:
    w = Value(1.0)
    w.grad = 5.0
    nn.SGD([w]).zero_grad()
    assert w.grad == 0.0


# --- by PyTorch -------------------------------------------------------------------------------------------------

SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.1}),
    "momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.05}),
    "nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    "Adam": ("Adam", {"lr": 0.1}),
    "Adam, settings": ("Adam", {"lr": 0.1, "betas": (0.5, 0.7), "eps": 0.1, "weight_decay": 0.2}),
    "AdamW": ("AdamW", {"lr": 0.1}),
    "AdamW, settings": ("AdamW", {"lr": 0.1, "betas": (0.0, 0.9), "eps": 1e-3, "weight_decay": 0.3}),
    "amsgrad": ("Adam", {"lr": 0.1, "betas": (0.5, 0.7), "amsgrad": True}),
    "Adamax": ("Adamax", {"lr": 0.1, "betas": (0.5, 0.7), "weight_decay": 0.2}),
    "NAdam": ("NAdam", {"lr": 0.1, "betas": (0.5, 0.7), "momentum_decay": 0.1, "weight_decay": 0.2}),
    "RAdam": ("RAdam", {"lr": 0.1, "betas": (0.5, 0.7), "weight_decay": 0.2, "decoupled_weight_decay": True}),
    "RMSprop": ("RMSprop", {"lr": 0.1, "alpha": 0.8, "momentum": 0.5, "centered": True, "weight_decay": 0.2}),
    "Adagrad": ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.5, "weight_decay": 0.2}),
    "Adadelta": ("Adadelta", {"lr": 0.5, "rho": 0.7, "weight_decay": 0.2}),
}
PYTORCHS = ["SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta"]
every_setting = pytest.mark.parametrize("case", SETTINGS)


@pytest.fixture
def double() -> Iterator[None]:
    """PyTorch in double precision throughout: NAdam keeps the product of its momenta in the default precision."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    with double_precision():
        yield


@pytest.mark.usefixtures("double")
@every_setting
def test_twenty_steps_are_pytorchs(case: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    name, options = SETTINGS[case]
    generator = random.Random(3)
    start = [generator.uniform(-2, 2) for _ in range(5)]
    ours = [Value(x) for x in start]
    theirs = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer, reference = getattr(nn, name)(ours, **options), getattr(torch.optim, name)([theirs], **options)
    for step in range(20):
        grads = [generator.gauss(0, 3) for _ in start]
        theirs.grad = torch.tensor(grads, dtype=torch.float64)
        for p, g in zip(ours, grads):
            p.grad = g
        if step == 10:  # the learning rate changes during training
            optimizer.lr = reference.param_groups[0]["lr"] = 0.03
        optimizer.step()
        reference.step()
        assert [p.data for p in ours] == pytest.approx(theirs.tolist(), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", [*PYTORCHS, "LBFGS"])
def test_arguments_and_defaults_are_pytorchs(name: str) -> None:
    """All but the options that choose PyTorch's implementation, such as `foreach`."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs = getattr(torch.optim, name)([torch.zeros(1, requires_grad=True)]).defaults
    ours = getattr(nn, name)([Value(0.0)]).settings()
    ours.pop("max_eval", None)  # LBFGS: None here; PyTorch has replaced it by 5/4 of max_iter already
    assert ours == {key: theirs[key] for key in ours}
    signatures = [inspect.signature(getattr(home, name)).parameters.values() for home in (nn, torch.optim)]
    here, there = ([p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD] for found in signatures)
    assert here == [name for name in there if name not in ("foreach", "capturable", "differentiable", "maximize")]
    assert {p.name for p in signatures[1]} - {p.name for p in signatures[0]} <= {
        "foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay",
    }  # fmt: skip


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("gradient", [nan, inf, -inf, 0.0, 1e200])
@pytest.mark.parametrize("name", PYTORCHS)
def test_odd_gradients_do_what_they_do_in_pytorch(name: str, gradient: float) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    options: dict[str, Any] = {"lr": 0.1} if name == "SGD" else {"lr": 0.1, "eps": 0.0}
    p, q = Value(1.0), Value(1.0)
    theirs = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer, reference = getattr(nn, name)([p, q], **options), getattr(torch.optim, name)([theirs], **options)
    # RAdam's mean is inf after a step; PyTorch computes the next one as inf + 0.1 (inf - inf), which is nan.
    for _ in range(1 if name == "RAdam" and math.isinf(gradient) else 2):
        p.grad, q.grad = gradient, 1.0
        theirs.grad = torch.tensor([gradient, 1.0], dtype=torch.float64)
        optimizer.step()
        reference.step()
        assert [p.data, q.data] == pytest.approx(theirs.tolist(), rel=1e-13, nan_ok=True)


@every_setting
def test_rules_move_arrays_as_they_move_floats(case: str) -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    name, options = SETTINGS[case]
    generator = random.Random(4)
    ps = [Value(generator.uniform(-2, 2)) for _ in range(5)]
    optimizer = getattr(nn, name)(ps, **options)
    array = np.array([p.data for p in ps])
    state = [np.full(5, x) for x in optimizer.initial]
    for step in range(1, 6):
        grads = [generator.gauss(0, 3) for _ in ps]
        for p, g in zip(ps, grads):
            p.grad = g
        optimizer.step()
        array, *state = optimizer.rule(array, np.array(grads), *state, step=step, **optimizer.settings())
        assert array.tolist() == pytest.approx([p.data for p in ps], rel=1e-14)
    state = [np.broadcast_to(s, 5) for s in state]  # NAdam's product is the same for all
    assert [list(s) for s in zip(*state)] == [pytest.approx(s, rel=1e-14) for s in optimizer.state]


# --- state ------------------------------------------------------------------------------------------------------


@every_setting
def test_going_on_from_a_state_is_going_on(case: str) -> None:
    name, options = SETTINGS[case]

    def slope(w: float) -> float:
        return math.cos(3 * w) + w

    whole = run(getattr(nn, name)([Value(2.0)], **options), slope, 10)
    first = getattr(nn, name)([Value(2.0)], **options)
    run(first, slope, 4)
    text = json.dumps(first.state_dict())
    second = getattr(nn, name)([Value(whole[3])])  # with default settings: the state brings those of the first
    second.load_state_dict(json.loads(text))
    assert run(second, slope, 6) == whole[4:]
    assert second.settings() == first.settings()


def adam_state(**changes: Any) -> dict[str, Any]:
    state = nn.Adam([Value(1.0), Value(2.0)]).state_dict()
    state.update(changes)
    return {key: x for key, x in state.items() if x is not None}


STATES: dict[str, tuple[Any, str]] = {
    "another kind": (nn.SGD([Value(1.0)]).state_dict(), "it is from SGD"),
    "fewer": (adam_state(state=[[0.0, 0.0]]), "it is for 1 parameters, not 2"),
    "shorter": (adam_state(state=[[0.0, 0.0], [0.0]]), "parameter 1 has 1 numbers, not 3"),
    "nan": (adam_state(state=[[0.0, 0.0], [nan, 0.0]]), "the numbers of parameter 1 are not finite: (nan, 0.0)"),
    "text": (adam_state(state=[[0.0, "a"], [0.0, 0.0]]), "Value takes real numbers"),
    "no steps": (adam_state(steps=None), "'steps' is missing"),
    "negative steps": (adam_state(steps=-1), "-1 is not a number of steps"),
    "settings": (
        adam_state(settings={"lr": 1.0}),
        "its settings are lr, not lr, betas, eps, weight_decay, amsgrad, maximize",
    ),
    "bad setting": (
        adam_state(settings={"lr": -1.0, "betas": [0.1, 0.2], "eps": 0.0, "weight_decay": 0.0}),
        "lr must not be negative, but it is -1.0",
    ),
    "a list": ([], "list indices must be integers or slices, not str"),
}


@pytest.mark.parametrize("case", STATES)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(case: str) -> None:
    state, sentence = STATES[case]
    w = [Value(1.0), Value(2.0)]
    optimizer = nn.Adam(w, lr=0.125)
    w[0].grad = 1.0
    optimizer.step()
    before = json.dumps(optimizer.state_dict())
    with pytest.raises(ValueError) as error:
        optimizer.load_state_dict(state)
    assert str(error.value).startswith(f"this state does not fit Adam: {sentence}")
    assert json.dumps(optimizer.state_dict()) == before


def test_a_step_that_fails_moves_nothing() -> None:
    def rule(p: float, grad: float, *state: float, **settings: Any) -> tuple[float, ...]:
        if p == 2.0:
            raise RuntimeError("stuck")
        return (p - 1.0, *state)

    w = [Value(1.0), Value(2.0)]
    optimizer = nn.Adam(w)
    optimizer.rule = rule  # type: ignore[misc, assignment]
    with pytest.raises(RuntimeError, match=r"^stuck$"):
        optimizer.step()
    assert [p.data for p in w] == [1.0, 2.0]
    assert optimizer.steps == 0 and optimizer.state == [(0.0, 0.0, 0.0)] * 2


# --- conditions -------------------------------------------------------------------------------------------------

w0 = Value(1.0, "w0")


class Named(nn.Module):
    """A module with one parameter."""

    def __init__(self) -> None:
        self.w = Value(1.0)


ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "lr": (lambda: nn.SGD([w0], lr=-0.1), ValueError, "lr must not be negative, but it is -0.1"),
    "nan lr": (lambda: nn.SGD([w0], lr=nan), ValueError, "lr must be a finite number, not nan"),
    "momentum": (lambda: nn.SGD([w0], momentum=-1), ValueError, "momentum must not be negative, but it is -1"),
    "decay": (lambda: nn.SGD([w0], weight_decay=-1), ValueError, "weight_decay must not be negative, but it is -1"),
    "nesterov": (
        lambda: nn.SGD([w0], nesterov=True),
        ValueError,
        "nesterov needs momentum and no dampening, but momentum is 0.0 and dampening is 0.0",
    ),
    "nesterov, dampening": (
        lambda: nn.SGD([w0], momentum=0.9, nesterov=True, dampening=0.5),
        ValueError,
        "nesterov needs momentum and no dampening, but momentum is 0.9 and dampening is 0.5",
    ),
    "Adam lr": (lambda: nn.Adam([w0], lr=-1), ValueError, "lr must not be negative, but it is -1"),
    "eps": (lambda: nn.Adam([w0], eps=-1), ValueError, "eps must not be negative, but it is -1"),
    "Adam decay": (
        lambda: nn.AdamW([w0], weight_decay=-1),
        ValueError,
        "weight_decay must not be negative, but it is -1",
    ),
    "beta": (
        lambda: nn.Adam([w0], betas=(0.9, 1.0)),
        ValueError,
        "betas must be two numbers of at least 0 and below 1, such as (0.9, 0.999), not (0.9, 1.0)",
    ),
    "betas": (
        lambda: nn.Adam([w0], betas=(0.9,)),  # type: ignore[arg-type]
        ValueError,
        "betas must be two numbers of at least 0 and below 1, such as (0.9, 0.999), not (0.9,)",
    ),
    "none": (
        lambda: nn.Adam([]),
        ValueError,
        "Adam got no parameters; was the generator used up, or the model empty? Layers are found in attributes "
        "whose names do not begin with an underscore, also in lists and dicts; those that the first call makes, "
        "after that call",
    ),
    "a model": (
        lambda: nn.SGD(nn.MLP(1, [1])),  # type: ignore[arg-type]
        TypeError,
        "SGD takes a list of Values, not MLP; write model.parameters()",
    ),
    "a Value": (
        lambda: nn.SGD(w0),
        TypeError,
        "SGD takes a list of Values, not Value; put it into a list",
    ),
    "a set": (
        lambda: nn.SGD({w0}),
        TypeError,
        "SGD takes a list of Values, not set; a set has no order, so make it a list",
    ),
    "numbers": (
        lambda: nn.SGD([w0, 1.0]),  # type: ignore[arg-type]
        TypeError,
        "SGD takes a list of Values, but item 1 is float: 1.0; a parameter is a Value, which nn.Parameter(number) "
        "makes",
    ),
    "a result": (
        lambda: nn.SGD([w0 * 2]),
        ValueError,
        "SGD cannot move a result of mul (data 2) (item 0): only leaves are parameters",
    ),
    "twice": (
        lambda: nn.SGD([w0, w0]),
        ValueError,
        "SGD got 'w0' (data 1) twice (item 1); it would be moved twice in a step",
    ),
    "used up": (
        lambda: [nn.SGD(given) for given in [iter([w0])] * 2],
        ValueError,
        "SGD got no parameters; was the generator used up, or the model empty? Layers are found in attributes "
        "whose names do not begin with an underscore, also in lists and dicts; those that the first call makes, "
        "after that call",
    ),
    "a dict": (
        lambda: nn.SGD({"w": w0}),  # type: ignore[arg-type]
        TypeError,
        "SGD takes a list of Values, not dict; write list(d.values())",
    ),
    "a state": (
        lambda: nn.SGD(nn.Neuron(1).state_dict()),  # type: ignore[arg-type]
        TypeError,
        "SGD takes a list of Values, not dict; write model.parameters()",
    ),
    "a method": (
        lambda: nn.SGD(nn.Neuron(1).parameters),  # type: ignore[arg-type]
        TypeError,
        "SGD takes a list of Values, not method; call it: model.parameters()",
    ),
    "groups of numbers": (
        lambda: nn.SGD([{"params": [1]}]),
        TypeError,
        "SGD takes a list of Values, but item 0 is int: 1; a parameter is a Value, which nn.Parameter(number) makes",
    ),
    "a group among Values": (
        lambda: nn.SGD([w0, {"params": [w0]}]),  # type: ignore[arg-type]
        TypeError,
        "SGD takes a list of Values, but item 1 is dict: {'params': [Value(data=1.0, grad=0.0, label='w0')]}; only "
        "an optimiser takes groups of parameters, and then all items must be groups",
    ),
    "named": (
        lambda: nn.SGD(Named().named_parameters()),  # type: ignore[arg-type]
        TypeError,
        "SGD takes a list of Values, but item 0 is tuple: ('w', Value(data=1.0, grad=0.0)); write "
        "model.parameters(); named_parameters() gives pairs",
    ),
    "clip value": (lambda: nn.clip_grad_value_([w0], -1), ValueError, "clip_value must not be negative, but it is -1"),
    "clip norm": (lambda: nn.clip_grad_norm_([w0], nan), ValueError, "max_norm must be a number, not nan"),
    "clip a model": (
        lambda: nn.clip_grad_norm_(nn.Neuron(1), 1.0),  # type: ignore[arg-type]
        TypeError,
        "clip_grad_norm_ takes a list of Values, not Neuron; write model.parameters()",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = ERRORS[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence


FINITE = [
    ("0.1", TypeError, "must be a finite number, not '0.1'"),
    (None, TypeError, "must be a finite number, not None"),
    (True, TypeError, "must be a finite number, not True"),
    ([0.1], TypeError, "must be a finite number, not [0.1]"),
    (1j, TypeError, "must be a finite number, not 1j"),
    (Value(0.5), TypeError, "must be a finite number, not a Value; give it the .data, 0.5"),
    (nan, ValueError, "must be a finite number, not nan"),
    (inf, ValueError, "must be a finite number, not inf"),
    (10**400, ValueError, "must be in the range of a float, not 1000"),
]
NEGATIVE = (-5, ValueError, "must not be negative, but it is -5")
FLAGS = [(x, TypeError, f"must be True or False, not {x!r}") for x in (1, "yes", None)]
BETAS = [
    (x, kind, f"must be two numbers of at least 0 and below 1, such as (0.9, 0.999), not {x!r}")
    for kind, x in [
        *[(ValueError, x) for x in ((0.9,), (0.9, 1.0), (-0.1, 0.9), (nan, 0.9), (0.9, 0.9, 0.9), {0.1, 0.2})],
        *[(TypeError, x) for x in (0.9, None, "ab", ("a", 0.9), (True, 0.9))],
    ]
]
BAD_SETTINGS = [
    *[("SGD", name, bad) for name in ("lr", "momentum", "weight_decay") for bad in [*FINITE, NEGATIVE]],
    *[("SGD", "dampening", bad) for bad in FINITE],
    *[("SGD", "nesterov", bad) for bad in FLAGS],
    *[
        (kind, name, bad)
        for kind in ("Adam", "AdamW")
        for name in ("lr", "eps", "weight_decay")
        for bad in [*FINITE, NEGATIVE]
    ],
    *[("Adam", "betas", bad) for bad in BETAS],
    *[
        (kind, name, bad)
        for kind, name in (
            ("Adamax", "eps"),
            ("NAdam", "momentum_decay"),
            ("RAdam", "weight_decay"),
            ("RMSprop", "momentum"),
            ("Adagrad", "lr_decay"),
            ("Adagrad", "initial_accumulator_value"),
            ("Adadelta", "eps"),
            ("Lion", "weight_decay"),
            ("SGDScheduleFree", "weight_decay"),
        )
        for bad in [*FINITE, NEGATIVE]
    ],
    *[
        (kind, name, bad)
        for kind, name in (("RMSprop", "alpha"), ("Adadelta", "rho"), ("SGDScheduleFree", "momentum"))
        for bad in [*FINITE, NEGATIVE, (1.5, ValueError, "must be at most 1, not 1.5")]
    ],
    *[
        (kind, name, bad)
        for kind, name in (
            ("SGD", "maximize"),
            ("Adam", "amsgrad"),
            ("NAdam", "decoupled_weight_decay"),
            ("RAdam", "decoupled_weight_decay"),
            ("RMSprop", "centered"),
        )
        for bad in FLAGS
    ],
    ("AdamWScheduleFree", "warmup_steps", (-1, ValueError, "must be at least 0, not -1")),
    ("AdamWScheduleFree", "warmup_steps", (0.5, TypeError, "must be a whole number, not 0.5")),
]


@pytest.mark.parametrize(("name", "setting", "bad"), BAD_SETTINGS)
def test_a_bad_setting_is_refused_whenever_it_comes(
    name: str, setting: str, bad: tuple[Any, type[Exception], str]
) -> None:
    value, kind, sentence = bad
    sentence = f"{setting} {sentence}"
    with pytest.raises(kind) as error:
        getattr(nn, name)([Value(1.0)], **{setting: value})
    assert str(error.value).startswith(sentence)
    optimizer = getattr(nn, name)([Value(1.0)], lr=0.25)
    before = optimizer.state_dict()
    with pytest.raises(kind) as error:
        setattr(optimizer, setting, value)
    assert str(error.value).startswith(sentence)
    with pytest.raises(ValueError) as error:
        optimizer.load_state_dict({**before, "settings": {**before["settings"], setting: value}})
    assert str(error.value).startswith(f"this state does not fit {name}: {sentence}")
    assert optimizer.state_dict() == before


@pytest.mark.parametrize("lr", [1, 0, Fraction(1, 2), "float32", "array", "int64"])
def test_numbers_of_all_kinds_become_floats(lr: Any) -> None:
    if isinstance(lr, str):
        np = pytest.importorskip("numpy", reason="NumPy is not installed")
        lr = getattr(np, lr)(3)
    for optimizer in (nn.Adam([Value(1.0)], lr), nn.SGD([Value(1.0)], momentum=lr)):
        optimizer.lr = lr
        assert {type(x) for x in (optimizer.settings()["lr"], optimizer.state_dict()["settings"]["lr"])} == {float}
        assert optimizer.lr == float(lr)
        json.dumps(optimizer.state_dict())


def test_settings_that_depend_on_each_other_are_checked_together() -> None:
    optimizer = nn.SGD([Value(1.0)], momentum=0.9)
    optimizer.nesterov = True
    with pytest.raises(ValueError, match="nesterov needs momentum"):
        optimizer.momentum = 0
    with pytest.raises(ValueError, match="nesterov needs momentum"):
        optimizer.dampening = 0.5
    assert optimizer.settings() == nn.SGD([Value(1.0)], momentum=0.9, nesterov=True).settings()


def cautious(p: Any, grad: Any, mean: Any, *, step: int, lr: float, fading: float) -> tuple[Any, Any]:
    """Momentum that moves only if its sign is the gradient's (after Liang et al. 2024), half as far in step 1."""
    mean = fading * mean + (1.0 - fading) * grad
    move = where(mean * grad > 0.0, mean, 0.0)
    return p - (0.5 * lr if step == 1 else lr) * move, mean


class Cautious(nn.Optimizer):
    """A user's optimiser, written as the docstring of `Optimizer` says."""

    rule = staticmethod(cautious)
    initial = (0.0,)

    def __init__(self, params: Any, lr: float = 0.1, fading: float = 0.5) -> None:
        super().__init__(params, lr=lr, fading=fading)

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> dict[str, Any]:
        return {**super().checked(settings), "fading": number("fading", settings["fading"])}


def test_an_optimiser_of_ones_own() -> None:
    w = Value(1.0)
    optimizer: Any = Cautious([w], lr=0.5, fading=0.75)
    x, m = 1.0, 0.0
    for step, grad in enumerate((2.0, -1.0, -3.0, 4.0)):
        w.grad = grad
        optimizer.step()
        m = 0.75 * m + 0.25 * grad
        if m * grad > 0.0:
            x -= (0.5 if step else 0.25) * m
        assert w.data == x
    optimizer.fading = 1
    assert optimizer.state_dict()["settings"] == {"lr": 0.5, "fading": 1.0}
    with pytest.raises(TypeError, match="fading must be a finite number"):
        optimizer.param_groups[0]["fading"] = "a"
    with pytest.raises(ValueError, match="lr must not be negative"):
        Cautious([w], lr=-1.0)


def test_an_optimiser_of_ones_own_moves_the_vector_of_a_program() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    w = [Value(1.0), Value(-2.0)]
    program = autograd.compile(lambda x: (autograd.dot(w, x) - 1.0) ** 2, w, like=([0.0, 0.0],))
    eager, compiled = Cautious(w), Cautious(program.parameters)
    for x in ([1.0, 2.0], [-1.0, 0.5], [2.0, 0.25]):
        _, gradient = program([x])
        for p, grad in zip(w, gradient.tolist()):
            p.grad = grad
        eager.step()
        compiled.step()
        assert program.parameters.data.tolist() == [p.data for p in w]
    assert compiled.state_dict() == eager.state_dict()


def test_momentum_may_be_above_1_as_in_pytorch() -> None:
    assert run(nn.SGD([Value(0.0)], 1.0, 2.0), lambda w: 1.0, 3) == [-1.0, -4.0, -11.0]  # v = 1, 3, 7


# --- a parameter without a part in the loss -----------------------------------------------------------------------


@pytest.mark.parametrize("case", ["momentum", "dampening", "AdamW", "Adam, settings", "SGD", "Adam"])
def test_a_parameter_that_took_no_part_moves_as_in_pytorch_where_its_gradient_is_0(case: str) -> None:
    """PyTorch's gradient is None there unless zero_grad keeps zeros; such a parameter does not move in PyTorch."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    name, options = SETTINGS[case]
    paths: dict[Any, list[float]] = {}
    for set_to_none in (True, False):
        p, q = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (2.0, 3.0))
        reference = getattr(torch.optim, name)([p, q], **options)
        for step in range(6):
            reference.zero_grad(set_to_none=set_to_none)
            (p * p + (q * q if step < 3 else 0.0)).backward()
            reference.step()
            paths.setdefault(set_to_none, []).append(q.item())
    v, w = Value(2.0), Value(3.0)
    optimizer = getattr(nn, name)([v, w], **options)
    path = []
    for step in range(6):
        optimizer.zero_grad()
        (v * v + (w * w if step < 3 else 0.0)).backward()
        optimizer.step()
        path.append(w.data)
    assert path == pytest.approx(paths[False], rel=1e-13)
    assert paths[True][2:] == [paths[True][2]] * 4  # with None, PyTorch's parameter stays
    assert (path == pytest.approx(paths[True], rel=1e-13)) == (case == "SGD")


@pytest.mark.parametrize("dampening", [0.0, 0.25])
def test_momentum_that_is_set_late_begins_at_rest(dampening: float) -> None:
    """As in PyTorch, except that dampening reduces the first velocity, too: v = (1 - d) g instead of g."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    w, v = Value(1.0), torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    optimizer: Any = nn.SGD([w], lr=1.0, dampening=dampening)
    reference = torch.optim.SGD([v], lr=1.0, dampening=dampening)
    moves = []
    for step in range(3):
        optimizer.momentum = reference.param_groups[0]["momentum"] = 0.5 if step else 0.0
        before = w.data, v.item()
        w.grad, v.grad = 1.0, torch.tensor(1.0, dtype=torch.float64)
        optimizer.step()
        reference.step()
        moves.append((w.data - before[0], v.item() - before[1]))
    rest = 1.0 - dampening
    assert moves == [(-1.0, -1.0), (-rest, -1.0), (-0.5 * rest - rest, -0.5 - rest)]


# --- steps that fail, and what nobody else holds ------------------------------------------------------------------


def too_few(optimizer: Any) -> None:
    optimizer.params.pop(0)


def too_many(optimizer: Any) -> None:
    optimizer.params.append(Value(1.0))


def a_result(optimizer: Any) -> None:
    optimizer.params[1] = optimizer.params[1] * 2


def raising(optimizer: Any) -> None:
    optimizer.rule = lambda p, *rest, **settings: [p - 1.0, 0.0] if p > 1.0 else 1 / None  # type: ignore[operator]


def without_state(optimizer: Any) -> None:
    optimizer.rule = lambda p, *rest, **settings: (p - 1.0,)


def with_text(optimizer: Any) -> None:
    optimizer.rule = lambda p, *rest, **settings: (p - 1.0 if p > 1.0 else "x", *rest[1:])


def with_nothing(optimizer: Any) -> None:
    optimizer.rule = lambda p, *rest, **settings: None


@pytest.mark.parametrize("spoil", [too_few, too_many, a_result, raising, without_state, with_text, with_nothing])
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_step_that_fails_leaves_all_as_it_was(name: str, spoil: Callable[[Any], None]) -> None:
    ws = [Value(4.0), Value(1.0), Value(3.0)]
    optimizer = getattr(nn, name)(ws, lr=0.5, **({"momentum": 0.5} if name == "SGD" else {}))
    for w in ws:
        w.grad = 0.25
    optimizer.step()
    before = [(w.data, w.grad) for w in ws], optimizer.state, optimizer.steps
    spoil(optimizer)
    with pytest.raises((TypeError, ValueError, AttributeError)):
        optimizer.step()
    assert ([(w.data, w.grad) for w in ws], optimizer.state, optimizer.steps) == before


def test_states_are_copies() -> None:
    w = Value(1.0)
    optimizer = nn.Adam([w])
    w.grad = 2.0
    optimizer.step()
    state = optimizer.state_dict()
    before = json.dumps(state)
    loaded = json.loads(before)
    optimizer.load_state_dict(loaded)
    for changed in (state, loaded):
        changed["state"][0][0] = 99.0
        changed["settings"]["betas"][0] = 0.0
        changed["settings"]["lr"] = 99.0
    assert json.dumps(optimizer.state_dict()) == before


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))])
@pytest.mark.parametrize("name", [*PYTORCHS, "Lion", "SGDScheduleFree", "AdamWScheduleFree"])
def test_a_model_and_its_optimiser_are_copied_in_one_go(name: str, duplicate: Callable[[Any], Any]) -> None:
    model = nn.MLP(2, [2, 1], activation="tanh", seed=0)
    optimizer = getattr(nn, name)(model.parameters(), lr=0.1)

    def train(model: Any, optimizer: Any) -> list[float]:
        for _ in range(3):
            optimizer.zero_grad()
            ((model([1.0, -2.0]) - 1.0) ** 2).backward()
            optimizer.step()
        return [p.data for p in model.parameters()]

    train(model, optimizer)
    twin, its = duplicate((model, optimizer))
    assert all(p is q for p, q in zip(its.params, twin.parameters(), strict=True))
    before = [p.data for p in model.parameters()]
    moved = train(twin, its)
    assert [p.data for p in model.parameters()] == before != moved
    assert train(model, optimizer) == moved
    its.lr = 0.5
    assert optimizer.lr == 0.1
    with pytest.raises(ValueError, match="lr must not be negative"):
        its.lr = -1.0


# --- clipping ---------------------------------------------------------------------------------------------------


def with_grads(grads: list[float]) -> list[Value]:
    params = [Value(0.0) for _ in grads]
    for p, g in zip(params, grads):
        p.grad = g
    return params


GRADS = [[3.0, 4.0], [0.3, -0.4], [0.0, 0.0], [inf, 3.0], [-inf, nan], [nan, 1.0], [1e-200, 1e200], [5.0]]


@pytest.mark.parametrize("grads", GRADS)
@pytest.mark.parametrize("limit", [0.0, 1.0, 4.0, inf])
def test_clipping_is_pytorchs(grads: list[float], limit: float) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for name in ("clip_grad_value_", "clip_grad_norm_"):
        if name == "clip_grad_norm_" and 1e200 in grads:
            continue  # PyTorch's norm overflows; ours is in the next test
        params = with_grads(grads)
        theirs = torch.nn.Parameter(torch.zeros(len(grads), dtype=torch.float64))
        theirs.grad = torch.tensor(grads, dtype=torch.float64)
        norm = getattr(nn, name)(params, limit)
        expected = getattr(torch.nn.utils, name)([theirs], limit)
        assert [p.grad for p in params] == pytest.approx(theirs.grad.tolist(), rel=1e-14, nan_ok=True)
        if expected is not None:
            assert norm == pytest.approx(expected.item(), rel=1e-14, nan_ok=True)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e300, 1e300), max_size=6), st.floats(0.0, 1e300))
def test_clipping_by_norm_by_its_formula(grads: list[float], limit: float) -> None:
    params = with_grads(grads)
    norm = nn.clip_grad_norm_(params, limit)
    largest = max(map(abs, grads), default=0.0)
    scaled = math.sqrt(math.fsum((g / largest) ** 2 for g in grads)) if largest else 0.0
    assert norm == pytest.approx(largest * scaled, rel=1e-12)
    factor = min(1.0, limit / (norm + 1e-6))
    assert [p.grad for p in params] == pytest.approx([g * factor for g in grads], rel=1e-12, abs=1e-300)
    if norm <= limit * (1 - 1e-9) - 1e-6:
        assert [p.grad for p in params] == grads  # unchanged, to the bit


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(allow_nan=False), max_size=6), st.floats(0.0, allow_nan=False))
def test_clipping_by_value_by_its_formula(grads: list[float], limit: float) -> None:
    params = with_grads(grads)
    nn.clip_grad_value_(iter(params), limit)
    assert [p.grad for p in params] == [sorted((-limit, g, limit))[1] for g in grads]
