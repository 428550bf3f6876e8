"""Schedulers: formulas, resuming from a state, groups, and refusals. ``tests.parity`` compares them with PyTorch."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Value
from nn.optim import lr_scheduler


def sgd(lr: float = 0.1, groups: int = 1, **options: Any) -> Any:
    return nn.SGD([{"params": [Value(1.0)], "lr": lr * (i + 1)} for i in range(groups)], momentum=0.5, **options)


def half(epoch: int) -> float:
    return 0.5 / (1 + epoch)


def nearly(epoch: int) -> float:
    return 1.0 - 0.1 / (1 + epoch)


def in_a_row(optimizer: Any) -> Any:
    parts = [nn.LinearLR(optimizer, 0.1, total_iters=4), nn.CosineAnnealingWarmRestarts(optimizer, 3, 2)]
    return nn.SequentialLR(optimizer, parts, [5])


SCHEDULERS: dict[str, Callable[[Any], Any]] = {
    "LambdaLR": lambda o: nn.LambdaLR(o, half),
    "MultiplicativeLR": lambda o: nn.MultiplicativeLR(o, [half, nearly]),
    "StepLR": lambda o: nn.StepLR(o, 3, 0.5),
    "MultiStepLR": lambda o: nn.MultiStepLR(o, [4, 2, 4]),
    "ConstantLR": lambda o: nn.ConstantLR(o, 0.25, 4),
    "LinearLR": lambda o: nn.LinearLR(o, 0.1, 0.9, 7),
    "ExponentialLR": lambda o: nn.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: nn.PolynomialLR(o, 8, 1.5),
    "CosineAnnealingLR": lambda o: nn.CosineAnnealingLR(o, 5, 0.01),
    "CosineAnnealingWarmRestarts": lambda o: nn.CosineAnnealingWarmRestarts(o, 2, 2, 0.01),
    "CyclicLR": lambda o: nn.CyclicLR(o, [0.01, 0.02], 0.3, 4, 2, "triangular2"),
    "OneCycleLR": lambda o: nn.OneCycleLR(o, [0.3, 0.4], 20),
    "ReduceLROnPlateau": lambda o: nn.ReduceLROnPlateau(o, patience=1, factor=0.5, cooldown=1),
    "SequentialLR": in_a_row,
    "ChainedScheduler": lambda o: nn.ChainedScheduler([nn.ExponentialLR(o, 0.9), nn.ConstantLR(o, 0.5, 3)]),
}
every_scheduler = pytest.mark.parametrize("name", SCHEDULERS)


def step(scheduler: Any) -> None:
    if isinstance(scheduler, nn.ReduceLROnPlateau):
        scheduler.step(2.0 if scheduler.last_epoch < 2 else 3.0)
    else:
        scheduler.step()


def rates(optimizer: Any) -> list[tuple[float, float]]:
    return [(group["lr"], group["momentum"]) for group in optimizer.param_groups]


def path(scheduler: Any, steps: int) -> list[Any]:
    found = []
    for _ in range(steps):
        step(scheduler)
        assert scheduler.get_last_lr() == [lr for lr, _ in rates(scheduler.optimizer)]
        found.append(rates(scheduler.optimizer))
    return found


def test_all_schedulers_are_here() -> None:
    classes = {
        name for name, x in vars(lr_scheduler).items() if isinstance(x, type) and x.__module__.endswith("lr_scheduler")
    }
    assert {name for name in classes if name[0] != "_"} - {"LRScheduler"} == set(SCHEDULERS)


# --- by hand ------------------------------------------------------------------------------------------------------

LAWS: dict[str, tuple[Callable[[Any], Any], Callable[[int], float]]] = {
    "exponential decay": (lambda o: nn.LambdaLR(o, nn.exponential_decay(0.9, steps=10)), lambda t: 0.9 ** (t / 10)),
    "step decay": (lambda o: nn.LambdaLR(o, nn.step_decay(7)), lambda t: 0.5 ** (t // 7)),
    "step decay, rate": (lambda o: nn.LambdaLR(o, nn.step_decay(7, 0.1)), lambda t: 0.1 ** (t // 7)),
    "warm-up": (lambda o: nn.LambdaLR(o, nn.linear_warmup(5)), lambda t: min(1.0, (t + 1) / 5)),
    "warm-up, then": (
        lambda o: nn.LambdaLR(o, nn.linear_warmup(5, nn.exponential_decay(0.5))),
        lambda t: (t + 1) / 5 if t < 5 else 0.5 ** (t - 4),
    ),
    "StepLR": (lambda o: nn.StepLR(o, 7, 0.5), lambda t: 0.5 ** (t // 7)),
    "MultiStepLR": (lambda o: nn.MultiStepLR(o, (9, 4, 4), 0.5), lambda t: 0.5 ** (2 * (t >= 4) + (t >= 9))),
    "ConstantLR": (lambda o: nn.ConstantLR(o, 0.25, 6), lambda t: 0.25 if t < 6 else 1.0),
    "ConstantLR, 0": (lambda o: nn.ConstantLR(o, 0.0, 6), lambda t: float(t >= 6)),
    "LinearLR": (lambda o: nn.LinearLR(o, 0.25, 0.75, 8), lambda t: 0.25 + 0.5 * min(t, 8) / 8),
    "ExponentialLR": (lambda o: nn.ExponentialLR(o, 0.9), lambda t: 0.9**t),
    "PolynomialLR": (lambda o: nn.PolynomialLR(o, 20, 2), lambda t: max(0.0, 1 - t / 20) ** 2),
    "CosineAnnealingLR": (lambda o: nn.CosineAnnealingLR(o, 6), lambda t: (1 + math.cos(math.pi * t / 6)) / 2),
    "CosineAnnealingWarmRestarts": (
        lambda o: nn.CosineAnnealingWarmRestarts(o, 6),
        lambda t: (1 + math.cos(math.pi * (t % 6) / 6)) / 2,
    ),
    "ChainedScheduler": (
        lambda o: nn.ChainedScheduler([nn.ExponentialLR(o, 0.9), nn.StepLR(o, 5, 0.5)]),
        lambda t: 0.9**t * 0.5 ** (t // 5),
    ),
    "SequentialLR": (
        lambda o: nn.SequentialLR(o, [nn.LinearLR(o, 0.5, total_iters=4), nn.StepLR(o, 3, 0.5)], [6]),
        lambda t: 0.5 + 0.5 * min(t, 4) / 4 if t < 6 else 0.5 ** ((t - 6) // 3),
    ),
}


@pytest.mark.parametrize("law", LAWS)
def test_learning_rates_by_their_formulas(law: str) -> None:
    make, formula = LAWS[law]
    optimizer = sgd(0.2, groups=2)
    scheduler = make(optimizer)
    for t in range(30):
        expected = [0.2 * formula(t), 0.4 * formula(t)]
        assert [lr for lr, _ in rates(optimizer)] == pytest.approx(expected, rel=1e-12, abs=1e-15)
        assert scheduler.last_epoch == t
        scheduler.step()


def test_warm_restarts_at_any_time() -> None:
    """Periods of 4, 8 and 16: at the time 6.5 the second period has lasted for 2.5."""
    optimizer = sgd(1.0)
    scheduler: Any = nn.CosineAnnealingWarmRestarts(optimizer, 4, 2)
    for time, since, length in ((1.25, 1.25, 4), (4, 0, 8), (6.5, 2.5, 8), (12, 0, 16), (2, 2, 4), (100, 40, 64)):
        scheduler.step(time)
        assert optimizer.lr == pytest.approx((1 + math.cos(math.pi * since / length)) / 2, rel=1e-12)
        assert scheduler.last_epoch == int(time)
        saved = json.loads(json.dumps(scheduler.state_dict()))
        other: Any = nn.CosineAnnealingWarmRestarts(sgd(1.0), 7)
        other.load_state_dict(saved)
        assert other.state_dict() == saved
    scheduler.step()
    assert optimizer.lr == pytest.approx((1 + math.cos(math.pi * 41 / 64)) / 2, rel=1e-12)


def test_a_plateau_by_hand() -> None:
    optimizer = sgd(1.0)
    scheduler = nn.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, threshold=0.1, cooldown=1, min_lr=0.2)
    found = []
    #      best  best 0.95: none, bad; cooldown; bad, bad; ... nan is no better; 0.25 would be below 0.2 at last
    for loss in (2.0, 1.0, 0.95, 0.99, 0.95, 1.0, math.nan, Value(1.0), 1.0, 1.0, 1.0, 0.5):
        scheduler.step(loss)
        found.append(optimizer.lr)
    assert found == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2]
    assert scheduler.best == 0.5


# --- going on -----------------------------------------------------------------------------------------------------


@every_scheduler
def test_a_resumed_scheduler_goes_on_identically(name: str) -> None:
    optimizer = sgd(groups=2)
    scheduler = SCHEDULERS[name](optimizer)
    path(scheduler, 6)
    texts = [json.dumps(x.state_dict(), allow_nan=False) for x in (optimizer, scheduler)]
    whole = path(scheduler, 12)

    other = sgd(0.7, groups=2)
    resumed = SCHEDULERS[name](other)
    for x, text in zip((other, resumed), texts):
        x.load_state_dict(json.loads(text))
    assert [json.dumps(x.state_dict()) for x in (other, resumed)] == texts
    assert path(resumed, 12) == whole


@every_scheduler
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_scheduler_is_copied_with_its_optimiser(name: str, duplicate: Callable[[Any], Any]) -> None:
    scheduler = SCHEDULERS[name](sgd(groups=2))
    path(scheduler, 3)
    twin = duplicate(scheduler)
    before = rates(scheduler.optimizer)
    moved = path(twin, 5)
    assert rates(scheduler.optimizer) == before
    assert path(scheduler, 5) == moved


@pytest.mark.parametrize(
    "name", ["StepLR", "CosineAnnealingLR", "LinearLR", "ExponentialLR", "LambdaLR", "PolynomialLR"]
)
def test_a_scheduler_that_begins_late_goes_on_as_pytorchs(name: str) -> None:
    """With last_epoch, after the optimiser's state was loaded."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    text = {"StepLR": "3, 0.5", "CosineAnnealingLR": "20", "ExponentialLR": "0.9", "LambdaLR": "half"}.get(name, "")
    v = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    ours, theirs = sgd(), torch.optim.SGD([v], lr=0.1, momentum=0.5)
    for optimizer in (ours, theirs):
        optimizer.param_groups[0]["initial_lr"] = 0.4
    scheduler = eval(f"nn.{name}(ours, {text}{', ' * bool(text)}last_epoch=4)")
    v.grad = torch.zeros(1, dtype=torch.float64)
    reference = eval(f"torch.optim.lr_scheduler.{name}(theirs, {text}{', ' * bool(text)}last_epoch=4)")
    theirs.step()
    for _ in range(20):
        assert ours.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-12, abs=1e-15)
        scheduler.step()
        reference.step()


def test_what_others_do_to_the_rate_stays() -> None:
    optimizer = sgd(1.0)
    scheduler = nn.StepLR(optimizer, 2, 0.5)
    scheduler.step()
    optimizer.lr *= 0.1
    scheduler.step()
    assert optimizer.lr == pytest.approx(0.05, rel=1e-15)
    assert optimizer.state_dict()["settings"]["initial_lr"] == 1.0


def test_the_first_beta_is_adams_momentum() -> None:
    optimizer = nn.AdamW([Value(1.0)], betas=(0.9, 0.99))
    scheduler = nn.CyclicLR(optimizer, 0.1, 0.2, 2, base_momentum=0.6, max_momentum=0.8)
    scheduler.step()
    assert optimizer.param_groups[0]["betas"] == (pytest.approx(0.7, rel=1e-15), 0.99)


# --- what is refused ----------------------------------------------------------------------------------------------


def chain_of_a_plateau(o: Any) -> Any:
    return nn.ChainedScheduler([nn.ReduceLROnPlateau(o)])


def sequence(milestones: Any) -> Callable[[Any], Any]:
    return lambda o: nn.SequentialLR(o, [nn.ExponentialLR(o, 0.5) for _ in range(3)], milestones)


ERRORS: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "no optimiser": (lambda o: nn.StepLR(3, 1), TypeError, "StepLR takes an optimiser, not 3"),  # type: ignore[arg-type]
    "no optimiser, cycles": (
        lambda o: nn.CyclicLR(3, 0.1, 0.2),  # type: ignore[arg-type]
        TypeError,
        "CyclicLR takes an optimiser, not 3",
    ),
    "step_size": (lambda o: nn.StepLR(o, 0), ValueError, "step_size must be a positive whole number, not 0"),
    "gamma": (lambda o: nn.StepLR(o, 1, -1), ValueError, "gamma must not be negative, but it is -1"),
    "gamma, a text": (lambda o: nn.ExponentialLR(o, "a"), TypeError, "gamma must be a finite number, not 'a'"),  # type: ignore[arg-type]
    "last_epoch": (
        lambda o: nn.StepLR(o, 1, last_epoch=-2),
        ValueError,
        "last_epoch must be at least -1, not -2",
    ),
    "a late start": (
        lambda o: nn.StepLR(o, 1, last_epoch=3),
        ValueError,
        "StepLR cannot go on at epoch 3: a group of the optimiser has no 'initial_lr'; load the optimiser's state "
        "first, or leave last_epoch at -1",
    ),
    "milestones": (lambda o: nn.MultiStepLR(o, 3), TypeError, "milestones must be a list of epochs, not 3"),  # type: ignore[arg-type]
    "a milestone": (lambda o: nn.MultiStepLR(o, [0.5]), TypeError, "a milestone must be a whole number, not 0.5"),  # type: ignore[list-item]
    "lr_lambda": (lambda o: nn.LambdaLR(o, 0.5), TypeError, "lr_lambda must be a function of the epoch, not 0.5"),  # type: ignore[arg-type]
    "lr_lambdas": (
        lambda o: nn.LambdaLR(o, [half, half, half]),
        ValueError,
        "lr_lambda must be a function for each of the 2 groups, not 3",
    ),
    "factor": (lambda o: nn.ConstantLR(o, 1.5), ValueError, "factor must be at most 1, not 1.5"),
    "start_factor": (
        lambda o: nn.LinearLR(o, 0.0),
        ValueError,
        "start_factor must be more than 0, because the other factors are multiples of it",
    ),
    "total_iters": (lambda o: nn.ConstantLR(o, 0.5, -1), ValueError, "total_iters must be at least 0, not -1"),
    "a law": (lambda o: nn.LambdaLR(o, lambda epoch: -1.0), ValueError, "lr must not be negative, but it is -0.1"),
    "rate": (lambda o: nn.exponential_decay(0.5, 0), ValueError, "steps must be more than 0"),
    "then": (
        lambda o: nn.linear_warmup(3, 0.5),  # type: ignore[arg-type]
        TypeError,
        "then must be a function of the epoch, not 0.5",
    ),
    "mode": (
        lambda o: nn.CyclicLR(o, 0.1, 0.2, mode="triangle"),
        ValueError,
        "mode must be 'triangular' or 'triangular2' or 'exp_range', not 'triangle' (did you mean 'triangular'?)",
    ),
    "scale_fn": (lambda o: nn.CyclicLR(o, 0.1, 0.2, scale_fn=2), TypeError, "scale_fn must be a function, not 2"),  # type: ignore[arg-type]
    "step_size_up": (lambda o: nn.CyclicLR(o, 0.1, 0.2, 0), ValueError, "step_size_up must be more than 0"),
    "base_lr": (
        lambda o: nn.CyclicLR(o, [0.1, 0.1, 0.1], 0.2),
        ValueError,
        "base_lr must be a number, or one for each of the 2 groups, not [0.1, 0.1, 0.1]",
    ),
    "no length": (
        lambda o: nn.OneCycleLR(o, 0.1, epochs=3),
        ValueError,
        "OneCycleLR needs total_steps, or epochs and steps_per_epoch, to know its length",
    ),
    "pct_start": (
        lambda o: nn.OneCycleLR(o, 0.1, 9, pct_start=2),
        ValueError,
        "pct_start must be at most 1, not 2",
    ),
    "anneal_strategy": (
        lambda o: nn.OneCycleLR(o, 0.1, 9, anneal_strategy="sin"),
        ValueError,
        "anneal_strategy must be 'cos' or 'linear', not 'sin'",
    ),
    "div_factor": (lambda o: nn.OneCycleLR(o, 0.1, 9, div_factor=0), ValueError, "div_factor must be more than 0"),
    "plateau": (
        lambda o: nn.ReduceLROnPlateau(o, factor=1),
        ValueError,
        "factor must be less than 1, because it reduces lr",
    ),
    "min_lr": (
        lambda o: nn.ReduceLROnPlateau(o, min_lr=[0.1]),
        ValueError,
        "min_lr must be a number, or one for each of the 2 groups, not [0.1]",
    ),
    "no result": (lambda o: nn.ReduceLROnPlateau(o).step(None), TypeError, "Value takes real numbers, not NoneType"),
    "T_0": (
        lambda o: nn.CosineAnnealingWarmRestarts(o, 0),
        ValueError,
        "T_0 must be a positive whole number, not 0",
    ),
    "an epoch": (
        lambda o: nn.CosineAnnealingWarmRestarts(o, 3).step(-1),
        ValueError,
        "epoch must not be negative, but it is -1",
    ),
    "no schedulers": (
        lambda o: nn.ChainedScheduler([]),
        TypeError,
        "ChainedScheduler takes a list of schedulers, not []",
    ),
    "a plateau in a chain": (
        chain_of_a_plateau,
        TypeError,
        "ChainedScheduler cannot take ReduceLROnPlateau (item 0); it takes schedulers that need no metric at a step",
    ),
    "a chain in a row": (
        lambda o: nn.SequentialLR(o, [nn.ChainedScheduler([nn.StepLR(o, 1)])], []),
        TypeError,
        "SequentialLR cannot take ChainedScheduler (item 0); it takes schedulers that need no metric at a step and "
        "do not consist of others",
    ),
    "two optimisers": (
        lambda o: nn.ChainedScheduler([nn.StepLR(o, 1), nn.StepLR(sgd(), 1)]),
        ValueError,
        "ChainedScheduler takes schedulers of one optimiser, but these are of several",
    ),
    "too few milestones": (
        sequence([3]),
        ValueError,
        "for 3 schedulers SequentialLR takes 2 milestones that rise, not [3]",
    ),
    "milestones that fall": (
        sequence([3, 1]),
        ValueError,
        "for 3 schedulers SequentialLR takes 2 milestones that rise, not [3, 1]",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = ERRORS[case]
    optimizer = sgd(groups=2)
    with pytest.raises(kind) as error:
        call(optimizer)
    assert str(error.value).startswith(sentence)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.2]


@pytest.mark.parametrize("name", ["CyclicLR", "OneCycleLR"])
def test_an_optimiser_without_momentum_has_none_to_cycle(name: str) -> None:
    optimizer = nn.Adagrad([Value(1.0)])
    with pytest.raises(ValueError) as error:
        getattr(nn, name)(optimizer, 0.1, 10)
    assert str(error.value) == (f"{name} moves the momentum, too, but Adagrad has none; write cycle_momentum=False")
    assert optimizer.lr == 0.01


def test_a_cycle_that_is_over_is_over() -> None:
    scheduler = nn.OneCycleLR(sgd(), 0.1, 3)
    path(scheduler, 3)
    with pytest.raises(ValueError, match="the cycle of 3 steps is over; make another scheduler to go on training"):
        scheduler.step()
    assert scheduler.last_epoch == 3


def test_a_cycle_may_begin_at_the_top() -> None:
    scheduler = nn.OneCycleLR(sgd(), 1.0, 10, pct_start=0.1)  # the way up has the length 0
    assert scheduler.get_last_lr() == [1.0]


@every_scheduler
def test_a_group_that_comes_later_is_refused(name: str) -> None:
    scheduler = SCHEDULERS[name](sgd(groups=2))
    scheduler.optimizer.add_param_group({"params": [Value(1.0)]})
    with pytest.raises(
        ValueError, match=r"the optimiser has 3 groups, but \w+ was made for 2; make the scheduler when"
    ):
        step(scheduler)


def test_a_step_that_fails_changes_nothing() -> None:
    def law(epoch: int) -> float:
        return 1.0 if epoch < 2 else math.nan

    for make in (
        lambda o: nn.LambdaLR(o, [half, law]),
        lambda o: nn.ChainedScheduler([nn.ExponentialLR(o, 0.5), nn.LambdaLR(o, [half, law])]),
    ):
        scheduler: Any = make(sgd(groups=2))
        scheduler.step()
        before = rates(scheduler.optimizer), scheduler.state_dict()
        with pytest.raises(ValueError, match="what lr_lambda returns must be a finite number, not nan"):
            scheduler.step()
        assert (rates(scheduler.optimizer), scheduler.state_dict()) == before


@every_scheduler
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(name: str) -> None:
    scheduler = SCHEDULERS[name](sgd(groups=2))
    path(scheduler, 2)
    state = scheduler.state_dict()
    spoilt: list[tuple[Any, str]] = [
        ([], "list indices must be integers or slices, not str"),
        ({key: x for key, x in state.items() if key != "last_lr"}, "'last_lr' is missing"),
        ({**state, "scheduler": "Other"}, "it is from Other"),
        ({**state, "last_epoch": 1.5}, "last_epoch must be a whole number, not 1.5"),
        ({**state, "base_lrs": [0.1]}, "base_lrs must be a number, or one for each of the 2 groups"),
        ({**state, "settings": {**state["settings"], "else": 1}}, "its settings are "),
    ]
    if "gamma" in state["settings"]:
        spoilt.append(({**state, "settings": {**state["settings"], "gamma": "x"}}, "gamma must be a finite number"))
    if "schedulers" in state:
        spoilt.append(({**state, "schedulers": state["schedulers"][:1]}, "it belongs to other schedulers than these 2"))
        wrong = [*state["schedulers"][:1], {**state["schedulers"][1], "last_epoch": None}]
        spoilt.append(({**state, "last_epoch": 9, "schedulers": wrong}, "last_epoch must be a whole number, not None"))
    for given, sentence in spoilt:
        with pytest.raises(ValueError) as error:
            scheduler.load_state_dict(given)
        assert str(error.value).startswith(f"this state does not fit {name}: {sentence}"), given
        assert scheduler.state_dict() == state
