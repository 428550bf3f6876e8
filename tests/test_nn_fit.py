"""Training by `fit`: that it is the loop one writes by hand, eager and compiled, and resumes where it stopped."""

from __future__ import annotations

import copy
import json
import math
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, no_grad

POINTS = [[math.sin(3.0 * i), math.cos(7.0 * i)] for i in range(11)]
LABELS = [int(x * y > 0.0) for x, y in POINTS]
VALIDATION = ([[math.cos(5.0 * i), math.sin(2.0 * i)] for i in range(6)], [0, 1, 1, 0, 1, 0])
WAYS = [False, pytest.param(True, id="compiled"), "batch"]


@pytest.fixture(autouse=True)
def _numpy(request: pytest.FixtureRequest) -> None:
    if "compiled" in request.fixturenames:
        pytest.importorskip("numpy", reason="compiled programs are NumPy's")


def network(seed: int = 3) -> nn.MLP:
    return nn.MLP(2, [4, 2], activation="tanh", seed=seed)


def adam(parameters: Any) -> nn.Adam:
    return nn.Adam(parameters, lr=0.05)


def fit(model: nn.Module, **options: Any) -> nn.History:
    """`nn.fit` with settings that most of the tests do not care about."""
    settings = {"epochs": 3, "optimizer": adam, "batch_size": 4, "seed": 7, "progress": False, **options}
    loss, data = settings.pop("loss", nn.cross_entropy), settings.pop("data", (POINTS, LABELS))
    return nn.fit(model, loss, data, **settings)


class Halving:
    """A scheduler in PyTorch's manner, which halves the learning rate."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer, self.last = optimizer, 0

    def step(self, epoch: int | None = None) -> None:
        self.last += 1
        self.optimizer.lr *= 0.5

    def state_dict(self) -> dict[str, Any]:
        return {"last": self.last}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.last = state["last"]


class Watching(Halving):
    """A scheduler whose step needs a number, as that of ReduceLROnPlateau."""

    def __init__(self, optimizer: Any) -> None:
        super().__init__(optimizer)
        self.told: list[float] = []

    def step(self, metrics: float, epoch: int | None = None) -> None:  # type: ignore[override]
        self.told.append(metrics)
        self.optimizer.lr *= 1.0 - 0.1 * metrics

    def state_dict(self) -> dict[str, Any]:
        return {"told": self.told}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.told = state["told"]


class Broken(Exception):
    pass


class Break(nn.Callback):
    """Breaks off a training after a step, by an exception."""

    def __init__(self, step: int | None) -> None:
        self.step = step

    def on_step_end(self, training: nn.Training) -> None:
        if training.step == self.step:
            raise Broken


# --- the loop -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [None, 11, 1, 4], ids=["full", "all", "stochastic", "mini"])
@pytest.mark.parametrize("compiled", WAYS)
@pytest.mark.parametrize("optimizer", [adam, lambda p: nn.SGD(p, lr=0.1, momentum=0.9, nesterov=True)])
def test_it_is_the_loop_that_one_writes_by_hand(batch_size: int | None, compiled: bool | str, optimizer: Any) -> None:
    model, twin = network(), network()
    history = fit(model, batch_size=batch_size, compiled=compiled, optimizer=optimizer, shuffle=False)
    size, losses = batch_size or len(POINTS), []

    def whole(x: Any, y: Any) -> Any:
        return nn.cross_entropy(twin(nn.Batch(x)), y)

    programs: dict[int, Any] = {}
    if compiled is True:
        one = autograd.compile(lambda x, y: nn.cross_entropy(twin(x), y), twin, like=(POINTS[0], 0))
        programs = dict.fromkeys(range(1, 12), one)
    elif compiled:
        first = autograd.compile(whole, twin, like=(POINTS[:size], LABELS[:size]), batch=False)
        rest = len(POINTS) % size
        programs = {size: first}
        if rest:
            like = (POINTS[:rest], LABELS[:rest])
            programs[rest] = autograd.compile(whole, first.parameters, like=like, batch=False)
    moved = optimizer(programs[size].parameters if programs else twin.parameters())
    for _ in range(3):
        total = 0.0
        for start in range(0, len(POINTS), size):
            x, y = POINTS[start : start + size], LABELS[start : start + size]
            if programs:
                loss = programs[len(x)](x, y)[0]
            else:
                error = whole(x, y)
                twin.zero_grad()
                error.backward()
                loss = error.data
            moved.step()
            total += len(x) * loss
        losses.append(total / len(POINTS))
    if programs:
        programs[size].write_back()
    assert model.state_dict() == twin.state_dict()
    assert history.loss == losses


@pytest.mark.parametrize("batch_size", [None, 1, 4])
@pytest.mark.parametrize("compiled", WAYS[1:])
def test_eager_and_compiled_agree(batch_size: int | None, compiled: bool | str) -> None:
    options = {"validation": VALIDATION, "metrics": {"accuracy": nn.accuracy}, "clip_norm": 0.3, "layer_norms": True}
    made = []
    for way in (False, compiled):
        model = network()
        history = fit(model, batch_size=batch_size, compiled=way, epochs=5, scheduler=Halving, **options)
        made.append((model, history.as_dict()))
    (one, eager), (two, by_program) = made
    assert eager.keys() == by_program.keys()
    for key in ("loss", "validation_loss", "lr", "gradient_norm"):
        assert by_program[key] == pytest.approx(eager[key], rel=1e-12, abs=1e-12), key
    assert by_program["metrics"] == eager["metrics"]
    for name, row in eager["layer_norms"].items():
        assert by_program["layer_norms"][name] == pytest.approx(row, rel=1e-12, abs=1e-12)
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        assert q.data == pytest.approx(p.data, rel=1e-12, abs=1e-12)


def test_what_is_clipped_and_measured() -> None:
    """One weight, w x against t: the gradient of (w x - t)**2 is 2 x (w x - t)."""

    def run(**options: Any) -> tuple[float, nn.History]:
        model = nn.Linear(1, 1, bias=False)
        model.weight[0][0].data = 3.0
        history = fit(
            model,
            loss=nn.mse,
            data=([[2.0]], [[1.0]]),
            epochs=1,
            optimizer=lambda p: nn.SGD(p, lr=0.125),
            batch_size=None,
            **options,
        )
        return model.weight[0][0].data, history

    number, history = run(layer_norms=True, validation=([[1.0], [3.0]], [[0.0], [0.0]]))
    assert number == 3.0 - 0.125 * 20.0
    assert history.as_dict() == {
        "loss": [25.0],
        "validation_loss": [(0.5**2 + 1.5**2) / 2],
        "lr": [0.125],
        "gradient_norm": [20.0],
        "metrics": {},
        "layer_norms": {"linear": [20.0]},
    }
    assert run(clip_value=4.0)[0] == 3.0 - 0.125 * 4.0
    number, history = run(clip_norm=4.0, layer_norms=True)
    assert number == pytest.approx(3.0 - 0.125 * 4.0, rel=1e-6)
    assert history.gradient_norm == history.layer_norms["linear"] == [20.0]
    assert run(clip_norm=4.0, clip_value=1.0)[0] == 3.0 - 0.125


def test_the_data_may_be_arrays_pairs_or_a_loader() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    pairs = list(zip(POINTS, LABELS))
    ways: list[tuple[Callable[[], Any], dict[str, Any]]] = [
        (lambda: (POINTS, LABELS), {}),
        (lambda: (np.array(POINTS), np.array(LABELS)), {}),
        (lambda: pairs, {}),
        (lambda: iter(pairs), {}),
        (lambda: nn.TensorDataset(POINTS, LABELS), {}),
        (lambda: nn.Subset(pairs, range(11)), {}),
        (lambda: nn.DataLoader((POINTS, LABELS), 4, shuffle=True, seed=7), {"batch_size": None, "seed": None}),
    ]
    made = []
    for data, options in ways:
        for compiled in (False, True):
            model = network()
            fit(model, data=data(), compiled=compiled, **options)
            made.append((compiled, model.state_dict()))
    for way in (False, True):
        assert len({json.dumps(state) for compiled, state in made if compiled is way}) == 1


def test_arrays_of_float32_are_trained_with_as_they_are() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    data = (np.array(POINTS, np.float32), np.array(LABELS, np.int8))
    lists = (data[0].tolist(), LABELS)
    one, two = network(), network()
    fit(one, data=data, compiled=True)
    fit(two, data=lists, compiled=True)
    assert one.state_dict() == two.state_dict()
    three, four = network(), network()
    exact = fit(three, data=data, compiled=True).loss
    assert fit(four, data=data, compiled=True, dtype="float32").loss == pytest.approx(exact, rel=1e-5)
    assert four.state_dict() != three.state_dict()
    assert all(p.data == float(np.float32(p.data)) for p in four.parameters())


def test_lists_of_different_lengths_can_be_trained_with() -> None:
    class Mean(nn.Module):
        def __init__(self) -> None:
            self.w = Value(0.5)

        def forward(self, x: Any) -> Any:
            return [self.w * (sum(row) / len(row)) for row in x]

    data = ([[1.0, 2.0], [3.0], [4.0, 5.0, 6.0]], [3.0, 6.0, 10.0])
    model = Mean()
    history = fit(model, loss=nn.mse, data=data, batch_size=None, epochs=60, optimizer=lambda p: nn.SGD(p, lr=0.05))
    assert model.w.data == pytest.approx(2.0, abs=1e-6) and history.loss[-1] < 1e-10


# --- modes, validation, metrics -----------------------------------------------------------------------------------


def test_training_is_in_training_mode_and_validation_is_not() -> None:
    seen: list[tuple[bool, int]] = []

    class Spy(nn.Module):
        def __init__(self) -> None:
            self.line, self.still = nn.Linear(2, 2, seed=1), nn.Linear(2, 2, seed=2)

        def forward(self, x: Any) -> Any:
            seen.append((self.training, len(x)))
            return self.line(x)

    model = Spy()
    model.still.eval()
    fit(model, epochs=1, validation=VALIDATION)
    assert seen == [(True, 4), (True, 4), (True, 3), (False, 6)]
    assert model.training and not model.still.training
    with pytest.raises(Broken):
        fit(model.eval(), callbacks=[Break(1)])
    assert not model.training and not model.line.training


@pytest.mark.parametrize("compiled", WAYS)
def test_validation_is_the_loss_of_what_the_model_is_after_the_epoch(compiled: bool | str) -> None:
    model, found = network(), []

    def measure(training: nn.Training) -> None:
        with no_grad():
            found.append(nn.cross_entropy(training.model(VALIDATION[0]), VALIDATION[1]).data)

    history = fit(
        model,
        validation=VALIDATION,
        compiled=compiled,
        callbacks=[measure],
        metrics={"accuracy": nn.accuracy, "first": lambda predictions, targets: predictions[0][1] + targets[0]},
    )
    assert history.validation_loss == pytest.approx(found, rel=1e-12)
    assert history.metrics["first"][-1] == pytest.approx(model(VALIDATION[0][0])[1].data, rel=1e-12)
    right = [int(zs[1].data > zs[0].data) == y for zs, y in zip(model(VALIDATION[0]), VALIDATION[1])]
    assert history.metrics["accuracy"][-1] == sum(right) / 6


def test_a_metric_is_a_finite_number() -> None:
    for made, kind in [("x", TypeError), (math.nan, ValueError)]:
        with pytest.raises(kind, match=r"^the metric 'a' must be a finite number, not"):
            fit(network(), metrics={"a": lambda p, t, made=made: made}, validation=VALIDATION)


def test_accuracy() -> None:
    assert nn.accuracy([[1.0, 2.0, 0.0], [Value(3.0), Value(1.0), Value(1.0)]], [1, 2]) == 0.5
    assert nn.accuracy([-0.1, 0.0, 0.1], [0, 0, 1]) == nn.accuracy([[-0.1], [0.0], [0.1]], [0, 0, 1]) == 1.0
    with pytest.raises(ValueError, match=r"^accuracy: 1 predictions, but 2 targets$"):
        nn.accuracy([1.0], [1, 0])


# --- schedulers ---------------------------------------------------------------------------------------------------


def test_a_scheduler_steps_after_epochs_or_steps() -> None:
    assert fit(network(), scheduler=Halving).lr == [0.05, 0.025, 0.0125]
    assert fit(network(), scheduler=Halving, scheduler_interval="step").lr == [0.05 / 4, 0.05 / 32, 0.05 / 256]


@pytest.mark.parametrize("validation", [None, VALIDATION])
def test_a_scheduler_that_watches_is_told_the_validation_loss_or_the_loss(validation: Any) -> None:
    made: list[Watching] = []

    def scheduler(optimizer: Any) -> Watching:
        made.append(Watching(optimizer))
        return made[0]

    history = fit(network(), scheduler=scheduler, validation=validation)
    assert made[0].told == (history.loss if validation is None else history.validation_loss)


def test_an_optimiser_and_a_scheduler_that_are_there_already() -> None:
    model, twin = network(), network()
    optimizer = adam(model.parameters())
    scheduler = Halving(optimizer)
    fit(model, optimizer=optimizer, scheduler=scheduler)
    fit(twin, scheduler=Halving)
    assert model.state_dict() == twin.state_dict()
    assert (optimizer.steps, optimizer.lr, scheduler.last) == (9, 0.05 / 8, 3)
    with pytest.raises(TypeError, match=r"^a scheduler moves one optimiser, but this training makes its own; give a"):
        fit(model, scheduler=scheduler)


@pytest.mark.parametrize("compiled", WAYS)
def test_an_optimiser_goes_on_in_a_second_training(compiled: bool | str) -> None:
    model, twin = network(), network()
    optimizer = nn.Adam(model.parameters(), lr=0.02)
    for _ in range(2):
        fit(model, optimizer=optimizer, compiled=compiled, shuffle=False, epochs=2)
    fit(twin, optimizer=nn.Adam(twin.parameters(), lr=0.02), compiled=compiled, shuffle=False, epochs=4)
    assert model.state_dict() == twin.state_dict() and optimizer.steps == 12


class Searching(nn.SGD):
    """Gradient descent with a line search: the step is halved until the loss falls, so the closure is called often."""

    asked: int

    def step(self, closure: Callable[[], Any]) -> None:  # type: ignore[override]
        first, self.asked = float(getattr(closed := closure(), "data", closed)), 1
        vector = not isinstance(self.params[0], Value)
        before = [p.data.copy() if vector else p.data for p in self.params]
        slopes = [p.grad for p in self.params]
        factor = 16.0
        while self.asked < 30:
            for p, number, slope in zip(self.params, before, slopes):
                p.data = number - factor * slope
            made = closure()
            self.asked += 1
            if float(getattr(made, "data", made)) < first:
                return
            factor /= 2.0


@pytest.mark.parametrize("compiled", WAYS)
def test_an_optimiser_may_compute_the_loss_again(compiled: bool | str) -> None:
    made: list[Searching] = []

    def searching(parameters: Any) -> Searching:
        made.append(Searching(parameters))
        return made[0]

    model = network()
    history = fit(model, optimizer=searching, compiled=compiled, batch_size=None, epochs=10)
    assert all(later < earlier for earlier, later in zip(history.loss, history.loss[1:]))
    assert made[0].asked > 1
    twin = network()
    error = nn.cross_entropy(twin(nn.Batch(POINTS)), LABELS)
    assert history.loss[0] == pytest.approx(error.data, rel=1e-12)


class Averaging(nn.SGD):
    """Like a schedule-free optimiser: in evaluation mode the parameters differ, here a tenth of those in training."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, lr)
        self.training = True

    def train(self) -> None:
        self._scale(10.0, True)

    def eval(self) -> None:
        self._scale(0.1, False)

    def _scale(self, factor: float, training: bool) -> None:
        if training != self.training:
            for p in self.params:
                p.data = p.data * factor
        self.training = training


@pytest.mark.parametrize("compiled", WAYS)
def test_validation_and_the_end_are_at_the_mean_of_an_averaging_optimiser(compiled: bool | str) -> None:
    model, twin, seen = network(), network(), []

    def measure(training: nn.Training) -> None:
        seen.append(nn.cross_entropy(training.model(VALIDATION[0]), VALIDATION[1]).data)

    history = fit(
        model,
        optimizer=Averaging,
        batch_size=None,
        epochs=1,
        compiled=compiled,
        callbacks=[measure],
        validation=VALIDATION,
    )
    fit(twin, optimizer=lambda p: nn.SGD(p, lr=0.1), batch_size=None, epochs=1, compiled=compiled)
    for p in twin.parameters():
        p.data = p.data * 0.1 * 10.0 * 0.1
    assert model.state_dict() == twin.state_dict()
    assert history.validation_loss == pytest.approx(seen, rel=1e-12)
    assert seen[0] == pytest.approx(nn.cross_entropy(model(VALIDATION[0]), VALIDATION[1]).data, rel=1e-12)


# --- callbacks, early stopping ------------------------------------------------------------------------------------


@pytest.mark.parametrize("compiled", WAYS)
def test_callbacks_see_the_parameters_and_may_change_them(compiled: bool | str) -> None:
    told: list[Any] = []

    class Zero(nn.Callback):
        def on_step_end(self, training: nn.Training) -> None:
            told.append((training.step, training.epoch, training.model.layers[1].neurons[0].b.data != 0.0))
            training.model.layers[1].neurons[0].b.data = 0.0

        def on_epoch_end(self, training: nn.Training) -> None:
            told.append(training.history.loss[-1])

        def on_end(self, training: nn.Training) -> None:
            told.append("end")

    model: Any = network()
    history = fit(model, compiled=compiled, epochs=2, callbacks=[Zero()], optimizer=lambda p: nn.SGD(p, lr=0.1))
    steps = [(1 + i, i // 3, True) for i in range(6)]
    assert told == [*steps[:3], history.loss[0], *steps[3:], history.loss[1], "end"]
    assert model.layers[1].neurons[0].b.data == 0.0


@pytest.mark.parametrize("compiled", WAYS)
def test_early_stopping_restores_the_best_parameters(compiled: bool | str) -> None:
    states: list[Any] = []
    model = network()
    history = fit(
        model,
        epochs=200,
        optimizer=lambda p: nn.SGD(p, lr=0.5),
        compiled=compiled,
        validation=VALIDATION,
        early_stopping=3,
        callbacks=[lambda training: states.append(training.model.state_dict())],
    )
    best = min(range(len(history)), key=history.validation_loss.__getitem__)
    assert len(history) == best + 4 < 200
    assert model.state_dict() == states[best] != states[-1]


def test_early_stopping_counts_what_is_lower_by_min_delta() -> None:
    history = fit(network(), epochs=50, early_stopping=nn.EarlyStopping(2, min_delta=10.0, restore_best=False))
    assert len(history) == 3


def test_a_callback_stops_after_the_step(tmp_path: Path) -> None:
    class Stop(nn.Callback):
        def on_step_end(self, training: nn.Training) -> None:
            if training.step == 5:
                training.stop()

    model = network()
    history = fit(model, callbacks=[Stop()], checkpoint=tmp_path)
    assert len(history) == 1 and nn.Checkpoint(tmp_path).steps() == [3, 5]
    again = network(8)
    assert fit(again, callbacks=[Stop()], checkpoint=tmp_path).as_dict() == history.as_dict()
    assert again.state_dict() == model.state_dict()


def test_a_break_is_gone_on_after(tmp_path: Path) -> None:
    class Tired(nn.Callback):
        def on_step_end(self, training: nn.Training) -> None:
            if training.step in (2, 3, 7):
                training.stop("time is up", final=False)

    whole, model = network(), network()
    fit(whole)
    lengths = []
    for _ in range(4):
        model = network()
        lengths.append(len(fit(model, checkpoint=tmp_path, callbacks=[Tired()])))
    assert lengths == [0, 0, 2, 3]  # step 3 is the last one of an epoch, which is not closed yet
    assert model.state_dict() == whole.state_dict()


@pytest.mark.parametrize("compiled", WAYS)
def test_an_error_leaves_the_parameters_of_the_last_step(compiled: bool | str) -> None:
    states: list[Any] = []

    class Note(nn.Callback):
        def on_step_end(self, training: nn.Training) -> None:
            states.append(training.model.state_dict())

    model = network()
    with pytest.raises(Broken):
        fit(model, compiled=compiled, callbacks=[Note(), Break(5)])
    assert len(states) == 5 and model.state_dict() == states[-1] != states[-2]


# --- numbers that are not finite ----------------------------------------------------------------------------------


def flat_root(predictions: Any, targets: Any) -> Any:
    """A finite loss with a gradient of infinity times 0."""
    first = predictions[0][0] if isinstance(predictions[0], list) else predictions[0]
    return nn.cross_entropy(predictions, targets) + autograd.sqrt(autograd.relu(-(first * first)))


@pytest.mark.parametrize("compiled", WAYS)
@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (lambda p, t: nn.cross_entropy(p, t) + 1e200 * 1e200, "the loss is inf in step 1"),
        (flat_root, r"^the norm of the gradient is nan in step 1 \(epoch 1\), so this step is not made"),
    ],
)
def test_a_loss_or_gradient_that_is_not_finite_ends_the_training(
    compiled: bool | str, loss: Any, sentence: str
) -> None:
    model = network()
    before = model.state_dict()
    with pytest.raises(FloatingPointError, match=sentence):
        fit(model, loss=loss, compiled=compiled)
    assert model.state_dict() == before


class Fall(nn.Module):
    """A weight that falls by the learning rate in each step of Adam, and makes a loss that stays finite."""

    def __init__(self) -> None:
        self.w = Value(0.0)

    def forward(self, x: Any) -> Any:
        return [self.w * 1e-10 for _ in x]


def test_parameters_that_are_not_finite_do_not_get_into_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(
        FloatingPointError, match=r"^w is -inf after step 3, but a checkpoint holds finite numbers only"
    ):
        fit(
            Fall(),
            loss=lambda predictions, targets: autograd.sum(predictions),
            checkpoint=nn.Checkpoint(tmp_path, 1),
            optimizer=lambda p: nn.Adam(p, lr=8e307, betas=(0.0, 0.0), eps=0.0),
        )
    assert nn.Checkpoint(tmp_path).steps() == [1, 2]


# --- checkpoints --------------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": lambda p: nn.SGD(p, lr=0.1, momentum=0.9),
    "adam": adam,
    "adamw": lambda p: nn.AdamW(p, lr=0.05),
}
SCHEDULERS: dict[str, Any] = {
    "none": {},
    "epoch": {"scheduler": Halving},
    "step": {"scheduler": Halving, "scheduler_interval": "step"},
    "watching": {"scheduler": Watching, "validation": VALIDATION, "early_stopping": 2},
}


def dropping(dropout: bool) -> nn.Module:
    layers: list[Any] = [nn.Linear(2, 4, seed=1), nn.Tanh(), nn.Linear(4, 2, seed=2)]
    if dropout:
        layers[1:1] = [nn.Dropout(0.3, seed=5)]
        layers[3:3] = [nn.Dropout(0.2)]  # drawn from Python's global generator
    return nn.Sequential(*layers)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    ("compiled", "dropout"),
    [(False, False), (False, True), (True, False), (True, True), ("batch", False), ("batch", True)],
)
def test_a_training_with_breaks_is_one_without(
    compiled: bool | str, dropout: bool, shuffle: bool, optimizer: str, scheduler: str, tmp_path: Path
) -> None:
    """Bit for bit: parameters and history, with breaks in the middle of an epoch and at the end of one."""

    def run(model: nn.Module, checkpoint: Any = None, stop: int | None = None) -> nn.History:
        return fit(
            model,
            compiled=compiled,
            shuffle=shuffle,
            optimizer=OPTIMIZERS[optimizer],
            checkpoint=checkpoint,
            callbacks=[Break(stop)],
            epochs=4,
            layer_norms=True,
            seed=None if dropout else 7,
            **SCHEDULERS[scheduler],
        )

    random.seed(31)
    whole = dropping(dropout)
    history = run(whole).as_dict()
    random.seed(31)
    for stop in (1, 5, 6, 9, None):
        model = dropping(dropout)
        if stop is None:
            assert run(model, nn.Checkpoint(tmp_path, 2)).as_dict() == history
        else:
            with pytest.raises(Broken):
                run(model, nn.Checkpoint(tmp_path, 2), stop)
        if stop == 1:
            random.seed(31)  # there is no checkpoint yet: training begins anew, as with the first seed
        else:
            random.seed(stop)
    assert model.state_dict() == whole.state_dict()


def test_a_training_may_go_on_in_another_way_and_for_longer(tmp_path: Path) -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    model, twin = network(), network()
    fit(model, checkpoint=tmp_path, compiled=True)
    history = fit(model, checkpoint=tmp_path, epochs=6)
    expected = fit(twin, epochs=6)
    assert history.loss == pytest.approx(expected.loss, rel=1e-12)


def test_generators_of_optimisers_and_callbacks_go_on(tmp_path: Path) -> None:
    class Noisy(nn.SGD):
        def __init__(self, params: Any) -> None:
            super().__init__(params, 0.1)
            self._random = random.Random(3)

        def step(self, closure: Any = None) -> Any:
            super().step(closure)
            self.params[0].data += self._random.gauss(0.0, 0.1)

    class Shaking(nn.Callback):
        def __init__(self) -> None:
            self.generator = random.Random(4)

        def on_step_end(self, training: nn.Training) -> None:
            training.model.parameters()[1].data += self.generator.gauss(0.0, 0.1)

    whole, model = network(), network()
    fit(whole, optimizer=Noisy, callbacks=[Shaking(), Break(None)])
    with pytest.raises(Broken):
        fit(network(), optimizer=Noisy, callbacks=[Shaking(), Break(6)], checkpoint=nn.Checkpoint(tmp_path, 1))
    fit(model, optimizer=Noisy, callbacks=[Shaking(), Break(None)], checkpoint=tmp_path)
    assert model.state_dict() == whole.state_dict()


def test_numpys_random_numbers_go_on(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    drawn: list[float] = []

    def draw(training: nn.Training) -> None:
        drawn.append(float(np.random.rand()))

    kept = np.random.get_state(legacy=False)
    try:
        np.random.seed(3)
        fit(network(), callbacks=[draw], epochs=4)
        expected, drawn[:] = list(drawn), []
        np.random.seed(3)
        fit(network(), callbacks=[draw], epochs=2, checkpoint=tmp_path)
        np.random.seed(4)
        fit(network(), callbacks=[draw], epochs=4, checkpoint=tmp_path)
        assert drawn[0] == expected[0] and drawn[1:] == expected[1:]
    finally:
        np.random.set_state(kept)


def test_a_checkpoint_that_was_cut_anywhere_is_refused_and_the_one_before_it_is_loaded(tmp_path: Path) -> None:
    checkpoint = nn.Checkpoint(tmp_path)
    checkpoint.save(1, {"weights": [0.5]})
    path = Path(checkpoint.save(2, {"weights": [0.1, -0.0, 5e-324, 1e300], "text": "ü"}))
    content = path.read_bytes()
    assert checkpoint.load() == {"weights": [0.1, -0.0, 5e-324, 1e300], "text": "ü"}
    sentence = (
        r"^'.*checkpoint-000000000002.json' is (not JSON, or it is damaged|damaged: its checksum).*; training goes"
    )
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.warns(RuntimeWarning, match=sentence) as told:
            assert checkpoint.load() == {"weights": [0.5]}
        assert len(told) == 1 and "\n" not in str(told[0].message)


def test_a_bit_that_has_turned_over_anywhere_is_noticed(tmp_path: Path) -> None:
    checkpoint = nn.Checkpoint(tmp_path)
    path = Path(checkpoint.save(1, {"weights": [0.1]}))
    content = path.read_bytes()
    for position in range(len(content)):
        for bit in range(8):
            path.write_bytes(content[:position] + bytes([content[position] ^ 1 << bit]) + content[position + 1 :])
            with pytest.raises(ValueError, match=r"^no checkpoint in .* can be loaded: "):
                checkpoint.load()


def test_training_goes_on_from_the_one_before_a_damaged_one(tmp_path: Path) -> None:
    whole, model = network(), network()
    fit(whole)
    with pytest.raises(Broken):
        fit(network(), checkpoint=nn.Checkpoint(tmp_path, 1), callbacks=[Break(6)])
    last = Path(nn.Checkpoint(tmp_path).path(5))
    last.write_bytes(last.read_bytes()[:-100])
    with pytest.warns(RuntimeWarning, match=r"training goes on from step 4 instead$"):
        fit(model, checkpoint=tmp_path, callbacks=[Break(None)])
    assert model.state_dict() == whole.state_dict()


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    fit(network(), checkpoint=nn.Checkpoint(tmp_path / "deep" / "in", 2))
    assert sorted(os.listdir(tmp_path / "deep" / "in")) == [f"checkpoint-{step:012d}.json" for step in (8, 9)]
    fit(network(), checkpoint=nn.Checkpoint(tmp_path / "more", 2, keep=4))
    assert nn.Checkpoint(tmp_path / "more").steps() == [4, 6, 8, 9]
    assert nn.Checkpoint(tmp_path / "none").steps() == [] and nn.Checkpoint(tmp_path / "none").load() is None


def test_a_write_that_fails_leaves_the_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = nn.Checkpoint(tmp_path)
    checkpoint.save(1, {"a": 1})

    def fail(*paths: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="disk full"):
            checkpoint.save(2, {"a": 2})
    with pytest.raises(ValueError, match=r"^this checkpoint cannot be written as JSON"):
        checkpoint.save(2, {"a": math.nan})
    assert os.listdir(tmp_path) == ["checkpoint-000000000001.json"] and checkpoint.load() == {"a": 1}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(NotADirectoryError, match=r"^a Checkpoint takes a folder, but '.*file' is a file$"):
        fit(network(), checkpoint=tmp_path / "file")


def test_beginning_anew(tmp_path: Path) -> None:
    fit(network(), checkpoint=tmp_path, epochs=5)
    model, twin = network(), network()
    fit(model, checkpoint=tmp_path, resume=False, batch_size=3, epochs=2)
    fit(twin, batch_size=3, epochs=2)
    assert model.state_dict() == twin.state_dict() and nn.Checkpoint(tmp_path).steps() == [4, 8]


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    model, again = network(), network(9)
    options: dict[str, Any] = {"validation": VALIDATION, "early_stopping": 2, "epochs": 60, "checkpoint": tmp_path}
    history = fit(model, optimizer=lambda p: nn.SGD(p, lr=0.5), **options)
    assert len(history) < 60
    assert fit(again, optimizer=lambda p: nn.SGD(p, lr=0.5), **options).as_dict() == history.as_dict()
    assert again.state_dict() == model.state_dict()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"model": nn.MLP(2, [5, 2], seed=1)}, r"this state does not fit Adam: it is for 22 parameters, not 27"),
        (
            {"model": nn.Sequential(nn.MLP(2, [4, 2], seed=1))},
            r"layer1.neuron1.w is (missing|not expected)|layer1.layer1",
        ),
        ({"optimizer": nn.SGD}, r"optimizer was \{'optimizer': 'Adam'"),
        ({"optimizer": nn.Adam}, r"optimizer was .*'lr': 0.05"),
        ({"optimizer": lambda p: nn.AdamW(p, lr=0.05)}, r"optimizer was"),
        ({"batch_size": 5}, r"batch_size was 4, and is 5 now; give the same arguments, resume=False or another"),
        ({"data": (POINTS[:10], LABELS[:10])}, r"examples was 11, and is 10"),
        ({"data": (POINTS, [1 - y for y in LABELS])}, r"checksum of the first, the middle and the last example was"),
        ({"clip_norm": 1.0}, r"clip_norm was None, and is 1.0"),
        ({"seed": 8}, r"seed was 7, and is 8"),
        ({"scheduler": Halving}, "it comes from a training without a scheduler"),
        ({"early_stopping": 3}, "it has the state of 0 callbacks, but there are 1"),
        (
            {"model": nn.Sequential(nn.MLP(2, [4, 2], seed=1), nn.Dropout(0.5, seed=1))},
            "does not fit|random number generators",
        ),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, options: dict[str, Any], sentence: str) -> None:
    fit(network(), checkpoint=tmp_path, epochs=2)
    model = options.pop("model", network(1))
    before, kept = model.state_dict(), os.listdir(tmp_path)
    with pytest.raises(ValueError, match=rf"^cannot go on from the checkpoint in .*(?:{sentence})") as error:
        fit(model, checkpoint=tmp_path, **options)
    assert "\n" not in str(error.value)
    assert model.state_dict() == before and os.listdir(tmp_path) == kept


@pytest.mark.parametrize(
    ("arguments", "kind", "sentence"),
    [
        (("",), TypeError, r"takes the name of a folder, not ''$"),
        ((3,), TypeError, r"takes the name of a folder, not 3$"),
        (("a", 0), ValueError, r"^every must be a positive whole number, not 0$"),
    ],
)
def test_settings_of_a_checkpoint(arguments: Any, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        nn.Checkpoint(*arguments)
    with pytest.raises(ValueError, match=r"^keep must be 2 or more"):
        nn.Checkpoint("a", keep=1)


# --- Ctrl-C -------------------------------------------------------------------------------------------------------


@pytest.fixture
def listening() -> Iterator[None]:
    """Install Python's handler of Ctrl-C, which a process that was started in the background may lack."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class CtrlC(nn.Callback):
    """Sends the signal of Ctrl-C after a step."""

    def __init__(self, step: int, times: int = 1) -> None:
        self.step, self.times = step, times

    def on_step_end(self, training: nn.Training) -> None:
        if training.step == self.step:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("listening")
@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals come to the main thread")
@pytest.mark.parametrize("compiled", WAYS)
def test_ctrl_c_ends_with_a_checkpoint_and_a_sentence(compiled: bool | str, tmp_path: Path) -> None:
    whole, model = network(), network()
    fit(whole, compiled=compiled)
    with pytest.raises(
        KeyboardInterrupt, match=r"after step 4, 1 of 3 epochs being complete, and a checkpoint is in .*; call"
    ):
        fit(model, compiled=compiled, checkpoint=tmp_path, callbacks=[CtrlC(4)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    content = nn.Checkpoint(tmp_path).load()
    assert content is not None and content["step"] == 4 and content["model"] == model.state_dict()
    again = network(9)
    fit(again, compiled=compiled, checkpoint=tmp_path, callbacks=[CtrlC(0)])
    assert again.state_dict() == whole.state_dict()


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("compiled", WAYS)
def test_ctrl_c_without_a_checkpoint_leaves_the_parameters_of_the_step(compiled: bool | str) -> None:
    states: list[Any] = []

    class Note(nn.Callback):
        def on_step_end(self, training: nn.Training) -> None:
            states.append(training.model.state_dict())

    model = network()
    with pytest.raises(KeyboardInterrupt, match=r"after step 4, .*; the model has the parameters of that step"):
        fit(model, compiled=compiled, callbacks=[Note(), CtrlC(4)])
    assert len(states) == 4 and model.state_dict() == states[-1]


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("compiled", WAYS)
def test_a_second_ctrl_c_does_not_wait(compiled: bool | str) -> None:
    model = network()
    with pytest.raises(KeyboardInterrupt) as error:
        fit(model, compiled=compiled, callbacks=[CtrlC(4, times=2)])
    assert str(error.value) == ""
    assert model.state_dict() != network().state_dict()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_thread_trains_as_well() -> None:
    model, twin = network(), network()
    thread = threading.Thread(target=lambda: fit(model))
    thread.start()
    thread.join()
    fit(twin)
    assert model.state_dict() == twin.state_dict()


def test_somebody_elses_handler_stays() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        fit(network(), callbacks=[CtrlC(2)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert came == [signal.SIGINT]


# --- compiling ----------------------------------------------------------------------------------------------------


def weighted(predictions: Any, targets: Any) -> Any:
    """A weighted mean; the weights are the targets plus 1."""
    if not isinstance(targets, list):
        return nn.cross_entropy(predictions, targets)
    weights = [1.0 + t for t in targets]
    losses = nn.cross_entropy(predictions, targets, reduction="none")
    return autograd.sum([w * x for w, x in zip(weights, losses)]) / sum(weights)


def without_class_3(predictions: Any, targets: Any) -> Any:
    """The mean over the examples that are not of class 3; the first examples have none of that class."""
    if not isinstance(targets, list):
        return nn.cross_entropy(predictions, targets)
    kept = [(p, t) for p, t in zip(predictions, targets) if t != 3]
    return nn.cross_entropy([p for p, _ in kept], [t for _, t in kept])


class Centred(nn.Module):
    """Subtracts the mean over the batch."""

    def __init__(self) -> None:
        self.line = nn.Linear(2, 4, seed=1)

    def forward(self, x: Any) -> Any:
        made = self.line(x)
        if not isinstance(x, nn.Batch):
            return made
        means = [autograd.sum(column) / len(x) for column in zip(*made)]
        return nn.Batch([[v - mean for v, mean in zip(row, means)] for row in made])


@pytest.mark.parametrize(
    ("model", "loss", "sentence"),
    [
        (
            nn.Linear(2, 4, seed=1),
            weighted,
            r"^this loss of a batch can be .* compiled=\"batch\" compiles the loss of a",
        ),
        (nn.Linear(2, 4, seed=1), without_class_3, r"^this loss of a batch can be"),
        (
            nn.Linear(2, 4, seed=1),
            lambda p, t: nn.cross_entropy(p, t, reduction="sum"),
            r"^this loss of a batch can be .* takes the mean",
        ),
        (Centred(), nn.cross_entropy, "^this model gives a batch other results than its examples one by one"),
    ],
)
def test_what_is_no_mean_over_examples_is_not_compiled_as_one(model: Any, loss: Any, sentence: str) -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    targets = [*LABELS[:9], 3, 2]
    before = model.state_dict()
    pairs = list(zip(POINTS, targets))
    for data in ((POINTS, targets), pairs, nn.Subset(nn.TensorDataset(POINTS, targets), range(11))):
        with pytest.raises(ValueError, match=sentence):
            fit(model, loss=loss, data=data, compiled=True)
    if loss is without_class_3:
        with pytest.raises(ValueError, match=sentence):
            fit(model, loss=loss, data=pairs[:9], validation=pairs, compiled=True)
    assert model.state_dict() == before
    if loss is not without_class_3:  # which branches on the targets, and so cannot be compiled
        twin = copy.deepcopy(model)
        eager = fit(twin, loss=loss, data=(POINTS, targets))
        assert fit(model, loss=loss, data=(POINTS, targets), compiled="batch").loss == pytest.approx(
            eager.loss, rel=1e-12
        )


@pytest.mark.parametrize("compiled", WAYS[1:])
def test_random_numbers_are_those_of_the_engine(compiled: bool | str) -> None:
    """A program draws its dropout masks in the engine's order: batch by batch, layer by layer, example by example."""
    losses = []
    for way in (False, compiled):
        random.seed(1)
        model = dropping(True)
        losses.append(fit(model, compiled=way, validation=None).loss)
    assert losses[1] == pytest.approx(losses[0], rel=1e-12)


# --- what is shown ------------------------------------------------------------------------------------------------


def test_lines_are_shown_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    history = fit(network(), progress=True, validation=VALIDATION, metrics={"accuracy": nn.accuracy})
    lines = capsys.readouterr().out.splitlines()
    expected = f"epoch 3/3  loss {history.loss[-1]:.4g}  validation loss {history.validation_loss[-1]:.4g}  accuracy"
    assert len(lines) == 3 and lines[-1].startswith(expected) and lines[-1].endswith(" s")
    fit(network(), progress=True, epochs=90, batch_size=None)
    assert len(capsys.readouterr().out.splitlines()) == 19  # 1, 5, 10, ..., 90
    fit(network(), progress="lines", epochs=90, early_stopping=nn.EarlyStopping(1, min_delta=9.0))
    assert capsys.readouterr().out.splitlines()[-1].startswith("stopped after epoch 2: no loss below ")
    fit(network(), progress=False, early_stopping=nn.EarlyStopping(1, min_delta=9.0))
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_shown_by_rich(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich", reason="rich is not installed")
    fit(network(), progress="rich", early_stopping=nn.EarlyStopping(1, min_delta=9.0))
    shown = capsys.readouterr().out
    assert "stopped after epoch 2: no loss below" in shown and "6/9" in shown and "loss" in shown


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich", reason="rich is not installed")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    fit(network(), progress=True)
    shown = capsys.readouterr().out
    assert "9/9" in shown and "epoch 1/3" not in shown


def test_lines_are_shown_where_rich_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    fit(network(), progress=True)
    assert capsys.readouterr().out.startswith("epoch 1/3")


def test_a_bar_that_was_asked_for_needs_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    model = network()
    before = model.state_dict()
    with pytest.raises(ModuleNotFoundError, match="progress='rich' needs rich, which is not installed: pip install"):
        fit(model, progress="rich")
    assert model.state_dict() == before


def test_a_history_says_what_it_holds() -> None:
    history = nn.History()
    assert repr(history) == "History(0 epochs)"
    history.loss.append(0.5)
    history.metrics["accuracy"] = [1.0]
    assert repr(history) == "History(1 epoch: loss 0.5 -> 0.5, accuracy 1 -> 1)"
    held = history.as_dict()
    held["metrics"]["accuracy"].append(0.0)
    assert history.metrics["accuracy"] == [1.0]


# --- arguments ----------------------------------------------------------------------------------------------------


class Late(nn.Module):
    """Makes its second layer in the first call."""

    def __init__(self) -> None:
        self.first = nn.Linear(2, 2, seed=1)
        self.second: nn.Linear | None = None

    def forward(self, x: Any) -> Any:
        self.second = self.second or nn.Linear(2, 2, seed=2)
        return self.second(self.first(x))


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"epochs": 0}, ValueError, r"^epochs must be a positive whole number, not 0$"),
        ({"batch_size": 1.5}, ValueError, r"^batch_size must be a positive whole number, not 1.5$"),
        (
            {"loss": "mse"},
            TypeError,
            r"^loss must be a function of predictions and targets, such as nn.mse, not 'mse'$",
        ),
        ({"loss": lambda p, t: 0.5}, TypeError, "^loss must return a Value .*, but it returned 0.5$"),
        (
            {"loss": lambda p, t: nn.cross_entropy(p, t, reduction="none")},
            TypeError,
            r"it returned a list of 4; use reduction='mean'$",
        ),
        ({"optimizer": "adam"}, TypeError, r"^optimizer must be an Optimizer, or a function .* not 'adam'$"),
        ({"optimizer": lambda p: 3}, TypeError, r"^optimizer\(parameters\) must give an Optimizer, not 3$"),
        ({"scheduler": lambda o: 3}, TypeError, r"^a scheduler has a method step, but 3 does not$"),
        ({"scheduler_interval": "batch"}, ValueError, r"^scheduler_interval must be 'epoch' or 'step', not 'batch'$"),
        ({"compiled": "yes"}, ValueError, r"^compiled must be True, False or 'batch', not 'yes'$"),
        ({"compiled": 1}, ValueError, r"^compiled must be True, False or 'batch', not 1$"),
        ({"dtype": "float32"}, ValueError, r"^dtype='float32' is for compiled programs"),
        ({"dtype": "int", "compiled": True}, ValueError, r"^dtype must be .*float32.*, not 'int'$"),
        (
            {"loss": lambda p, t: p, "compiled": True},
            TypeError,
            "^loss must return one number, but it returned a list",
        ),
        ({"metrics": {"a": nn.accuracy}}, ValueError, r"^metrics are computed on the validation data"),
        ({"metrics": [nn.accuracy], "validation": VALIDATION}, TypeError, r"^metrics must be a dict of names and"),
        ({"clip_norm": -1.0}, ValueError, r"^clip_norm must not be negative"),
        ({"clip_value": "1"}, TypeError, r"^clip_value must be a finite number, not '1'$"),
        ({"callbacks": print}, TypeError, r"^callbacks must be a list of functions or Callbacks"),
        ({"callbacks": [nn.EarlyStopping]}, TypeError, r"^a callback is a function of the Training, or a Callback"),
        ({"early_stopping": 0}, ValueError, r"^early_stopping must be a positive whole number, not 0$"),
        ({"progress": "bar"}, ValueError, r"^progress must be True, False, 'rich' or 'lines', not 'bar'$"),
        ({"resume": "auto"}, TypeError, r"^resume must be True or False, not 'auto'$"),
        ({"seed": "a"}, TypeError, r"^seed must be a whole number or a random.Random, not 'a'$"),
        ({"data": nn.DataLoader((POINTS, LABELS))}, ValueError, r"^a DataLoader has its own batch_size and seed"),
        ({"data": "abc"}, TypeError, r"^data must be a tuple \(inputs, targets\), a dataset, a DataLoader, or a list"),
        ({"validation": 3}, TypeError, r"^validation must be a tuple"),
        (
            {"data": nn.DataLoader(POINTS), "batch_size": None, "seed": None},
            TypeError,
            r"^a batch must be a pair of inputs and targets",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_refused(options: dict[str, Any], kind: type[Exception], sentence: str) -> None:
    if options.get("compiled") is True:
        pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    model = network()
    before = model.state_dict()
    with pytest.raises(kind, match=sentence):
        fit(model, **options)
    assert model.state_dict() == before and model.training


def test_what_is_no_module_and_what_makes_its_parameters_late_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^fit trains a Module, not function: <function"):
        fit(accuracy_of_nothing)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^the first call of the model has made parameters, .* once before fit$"):
        fit(Late())


def test_an_optimiser_of_other_parameters_is_refused() -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    model, other = network(), network()
    with pytest.raises(ValueError, match=r"^the optimiser moves .*, which is not a parameter of the model$"):
        fit(model, optimizer=lambda parameters: nn.Adam(other.parameters()))
    with pytest.raises(
        ValueError, match=r"^this optimiser moves Values, but compiled training moves the vector of the"
    ):
        fit(model, optimizer=lambda parameters: nn.Adam(model.parameters()), compiled=True)

    class Particular(nn.SGD):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, lr)

    fit(model, optimizer=Particular(model.parameters(), 0.1))
    with pytest.raises(
        TypeError, match=r"^Particular cannot be made for a program's parameters \(.*\); give a function"
    ):
        fit(model, optimizer=Particular(model.parameters(), 0.1), compiled=True)


def accuracy_of_nothing() -> None: ...
