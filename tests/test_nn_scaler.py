"""The gradient scaler: its rule, compared with PyTorch's step by step, and its effect on a training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, precision

inf, nan = float("inf"), float("nan")

SEQUENCES: dict[str, list[float]] = {
    "all fine": [1.0, 2.0, -0.5, 3.0, 1.0, 1.0, 1.0],
    "overflow at the beginning": [inf, inf, 1.0, 1.0, 1.0, 1.0],
    "overflow in between": [1.0, inf, 1.0, 1.0, nan, 1.0, 1.0, -inf, 2.0, 1.0, 1.0],
    "never fine": [nan, inf, -inf, nan],
}


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("explicitly", [False, True])
@pytest.mark.parametrize("enabled", [True, False])
def test_pytorch_does_the_same_step_by_step(sequence: str, explicitly: bool, enabled: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    settings: dict[str, Any] = {"init_scale": 8.0, "growth_factor": 4.0, "backoff_factor": 0.25, "growth_interval": 2}
    theirs, ours = torch.amp.GradScaler("cpu", **settings, enabled=enabled), nn.GradScaler(**settings, enabled=enabled)
    p, w = torch.nn.Parameter(torch.tensor(1.0, dtype=torch.float64)), Value(1.0)
    their_steps, our_steps = torch.optim.SGD([p], lr=0.125), nn.SGD([w], lr=0.125)
    assert ours.state_dict() == theirs.state_dict()
    for slope in SEQUENCES[sequence]:
        if not enabled and abs(slope) == inf:
            continue  # both make the step, and all is nan from there
        p.grad, w.grad = None, 0.0
        theirs.scale(p * slope).backward()
        ours.scale(w * slope).backward()
        if explicitly:
            theirs.unscale_(their_steps)
            ours.unscale_(our_steps)
            assert repr(w.grad) == repr(p.grad.item())
        theirs.step(their_steps)
        ours.step(our_steps)
        theirs.update()
        ours.update()
        assert (repr(w.data), ours.get_scale()) == (repr(p.item()), theirs.get_scale())
        assert ours.state_dict() == theirs.state_dict()
    assert ours.is_enabled() == theirs.is_enabled() == enabled


def test_several_optimisers_share_a_scale() -> None:
    """The optimiser with finite gradients makes its step; the scale becomes smaller for both."""
    a, b = Value(1.0), Value(1.0)
    first, second, scaler = nn.SGD([a], lr=1.0), nn.SGD([b], lr=1.0), nn.GradScaler(4.0)
    scaler.scale([a * 0.5, (b * inf,)])[0].backward()
    b.grad = inf
    scaler.step(first)
    scaler.step(second)
    scaler.update()
    assert (a.data, b.data, scaler.get_scale()) == (0.5, 1.0, 2.0)


def train(scaler: Any) -> float:
    """Least squares for w x = y with very small x and y, in float16; the weight should become 1."""
    w = Value(0.0, "w")
    optimizer = nn.SGD([w], lr=2.0**24)
    for _ in range(60):
        with precision("float16"):
            x = y = 2.0**-13
            loss = nn.mse([w * x], [y])
            scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
    return w.data


def test_without_it_small_gradients_are_lost() -> None:
    """The slope, -2**-25 (1 - w), is below the smallest float16, 2**-24; scaled it is not."""
    assert train(nn.GradScaler(enabled=False)) == 0.0
    assert train(nn.GradScaler()) == pytest.approx(1.0, abs=1e-3)


def test_a_scale_that_is_too_large_is_found_out() -> None:
    """At 2**40 the scaled loss is infinite in float16: steps are skipped until the scale is small enough."""
    scaler = nn.GradScaler(2.0**40)
    assert train(scaler) == pytest.approx(1.0, abs=1e-3)
    assert scaler.get_scale() < 2.0**20


def test_the_parameters_of_a_compiled_program() -> None:
    np = pytest.importorskip("numpy")
    w = Value(2.0)
    program = autograd.compile(lambda x: w * x * 8.0, like=(0.0,))
    optimizer, scaler = nn.SGD(program.parameters, lr=0.5), nn.GradScaler(8.0)
    scaler.scale(Value(1.0))
    program([1.0])  # the factor 8 is in the function
    scaler.step(optimizer)
    scaler.update()
    assert program.parameters.data.tolist() == [1.5]
    program.parameters.grad = np.array([nan])
    scaler.step(optimizer)
    scaler.update()
    assert (program.parameters.data.tolist(), scaler.get_scale()) == ([1.5], 4.0)


W = Value(1.0)
WRONG: dict[str, tuple[Callable[[nn.GradScaler, nn.Optimizer], Any], str]] = {
    "step before scale": (lambda scaler, optimizer: scaler.step(optimizer), r"step\(\) was called before scale\(\)"),
    "unscale_ before scale": (lambda scaler, optimizer: scaler.unscale_(optimizer), r"unscale_\(\) was called before"),
    "update alone": (lambda scaler, optimizer: scaler.update(), r"without a step\(\) or unscale_\(\) since"),
    "unscale_ twice": (
        lambda scaler, optimizer: [scaler.scale(W), *map(scaler.unscale_, [optimizer] * 2)],
        "already been called for this optimiser",
    ),
    "unscale_ after step": (
        lambda scaler, optimizer: [scaler.scale(W), scaler.step(optimizer), *map(scaler.unscale_, [optimizer])],
        r"after step\(\)",
    ),
    "step twice": (
        lambda scaler, optimizer: (scaler.scale(W), scaler.step(optimizer), scaler.step(optimizer)),
        r"step\(\) has already been called",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_calls_out_of_order_are_refused(name: str) -> None:
    call, why = WRONG[name]
    W.grad = 1.0  # a step without any gradient would warn
    with pytest.raises(RuntimeError, match=why):
        call(nn.GradScaler(), nn.SGD([W], lr=0.0))


@pytest.mark.parametrize(
    ("settings", "error", "why"),
    [
        ({"init_scale": 0.0}, ValueError, "init_scale must be above 0, not 0.0"),
        ({"init_scale": inf}, ValueError, "init_scale must be a finite number"),
        ({"growth_factor": 1.0}, ValueError, "growth_factor must be above 1, not 1.0"),
        ({"backoff_factor": 1.0}, ValueError, "backoff_factor must be between 0 and 1, not 1.0"),
        ({"growth_interval": 0}, ValueError, "growth_interval must be a positive whole number, not 0"),
        ({"enabled": 1}, TypeError, "enabled must be True or False, not 1"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        nn.GradScaler(**settings)
    with pytest.raises(TypeError, match="scale takes a Value, or several in a list, not float"):
        nn.GradScaler().scale(1.0)


def test_state_and_settings() -> None:
    scaler = nn.GradScaler()
    assert repr(scaler) == "GradScaler(scale=65536.0)"
    scaler.set_growth_factor(3.0)
    scaler.set_backoff_factor(0.25)
    scaler.set_growth_interval(7)
    scaler.update(100)
    state = {**scaler.state_dict(), "_growth_tracker": 5}
    other = nn.GradScaler()
    other.load_state_dict(state)
    assert other.state_dict() == state
    assert (other.get_growth_factor(), other.get_backoff_factor(), other.get_growth_interval()) == (3.0, 0.25, 7)
    for wrong in ({}, {**state, "scale": -1.0}, {**state, "_growth_tracker": 1.5}, None):
        with pytest.raises(ValueError, match="this state does not fit GradScaler"):
            other.load_state_dict(wrong)  # type: ignore[arg-type]
    assert other.state_dict() == state
    disabled = nn.GradScaler(enabled=False)
    disabled.load_state_dict(state)
    disabled.update()
    assert (disabled.state_dict(), disabled.get_scale(), disabled.scale(W)) == ({}, 1.0, W)
    with pytest.raises(ValueError, match="new_scale must be above 0"):
        scaler.update(0.0)
