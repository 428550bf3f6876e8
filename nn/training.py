"""Training: the loop over epochs and batches, with validation, callbacks, checkpoints and a progress display.

`fit` trains scalar by scalar or with compiled programs, stops at a loss that is not finite, keeps a `History`, calls
each `Callback`, and writes checkpoints from which it resumes exactly where it was. The two ways of computing a step are
`_Eager` and `_Compiled`; everything else is written once, in `Training`. Data and their order are in `data`, files in
`checkpoints`, the display in `progress`.
"""

from __future__ import annotations

import math
from contextlib import contextmanager, nullcontext

from autograd import Value, no_grad

from .batches import Batch, each, is_list
from .checkpoints import Checkpoint, random_states, set_random_states
from .data import DataLoader, as_dataset, collate, columns
from .module import Module, is_module_class
from .optim import Adam, Optimizer
from .progress import Silent, reporter
from .settings import flag, instead_of_class, number, size
from .utils import clip_grad_norm_, clip_grad_value_

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    import random
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Protocol, TypeAlias

    from autograd.compiler import Program

    from .data import Dataset

    class Scheduler(Protocol):
        """PyTorch's interface; `step` takes the loss if the scheduler depends on it, else nothing."""

        def state_dict(self) -> dict[str, Any]: ...
        def load_state_dict(self, state: dict[str, Any], /) -> Any: ...

    Loss: TypeAlias = Callable[[Any, Any], Any]
    Metric: TypeAlias = Callable[[Any, Any], float]
    Data: TypeAlias = Any


# --- history, callbacks, metrics --------------------------------------------------------------------------------------


class History:
    """What was measured in each epoch, in plain lists.

    Attributes
    ----------
    loss : list of float
        The mean over the epoch's examples, each at the parameters of its step.
    validation_loss : list of float
        After the epoch; empty without validation.
    lr : list of float
        The learning rate of the epoch's last step.
    gradient_norm : list of float
        The mean over the epoch's steps, before any clipping.
    metrics : dict of lists of float
        By their names, on the validation data.
    layer_norms : dict of lists of float
        The norm of each layer's gradient, likewise, if it was asked for.

    Examples
    --------
    >>> history = History()
    >>> history.loss += [1.0, 0.5]
    >>> history
    History(2 epochs: loss 1 -> 0.5)
    >>> history.as_dict()["loss"]
    [1.0, 0.5]
    """

    def __init__(self) -> None:
        self.loss: list[float] = []
        self.validation_loss: list[float] = []
        self.lr: list[float | None] = []
        self.gradient_norm: list[float] = []
        self.metrics: dict[str, list[float]] = {}
        self.layer_norms: dict[str, list[float]] = {}

    def as_dict(self) -> dict[str, Any]:
        """A copy of the lists by their names, as JSON and tables of pandas take them."""
        return {
            name: {key: list(x) for key, x in held.items()} if isinstance(held, dict) else list(held)
            for name, held in vars(self).items()
        }

    def __len__(self) -> int:
        return len(self.loss)

    def __repr__(self) -> str:
        if not self.loss:
            return "History(0 epochs)"
        rows = {"loss": self.loss, "validation loss": self.validation_loss, **self.metrics}
        told = [f"{name} {row[0]:.4g} -> {row[-1]:.4g}" for name, row in rows.items() if row]
        return f"History({len(self)} epoch{'s' * (len(self) != 1)}: {', '.join(told)})"


class Callback:
    """What `fit` calls while it trains; subclasses define the methods they need.

    A plain function ``f(training)`` does the same as an object with ``on_epoch_end`` alone. Each method gets the
    `Training`. Its model has the parameters of the moment, also if training is compiled, and may be changed.

    Examples
    --------
    >>> import nn
    >>> class Enough(Callback):
    ...     def on_epoch_end(self, training):
    ...         if training.history.loss[-1] < 0.1:
    ...             training.stop("the loss is below 0.1")
    >>> model, data = nn.MLP(1, [1], seed=1), ([[0.0], [1.0]], [1.0, -1.0])
    >>> history = nn.fit(
    ...     model, nn.mse, data, epochs=500, optimizer=lambda p: nn.SGD(p, lr=0.3), callbacks=[Enough()], progress=False
    ... )
    >>> len(history) < 50 and history.loss[-1] < 0.1
    True
    """

    def on_step_end(self, training: Training) -> None:
        """After each step of the optimiser."""

    def on_epoch_end(self, training: Training) -> None:
        """After each epoch, when its numbers are in the history."""

    def on_end(self, training: Training) -> None:
        """When training is over: all epochs are done, or it was stopped."""

    def state_dict(self) -> dict[str, Any]:
        """What the callback needs to go on after a break, as JSON can hold it."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""


class EarlyStopping(Callback):
    """Stop when the validation loss, or without validation the loss, has not fallen for some epochs.

    Parameters
    ----------
    patience : int
        How many epochs to wait for a new best one.
    min_delta : float
        How much lower a loss must be to count as a new best one.
    restore_best : bool
        Whether the model gets the parameters of the best epoch in the end, however training ends.

    Raises
    ------
    TypeError, ValueError
        If a setting is of another kind, or out of range.

    Examples
    --------
    >>> import nn
    >>> data = ([[0.0], [1.0]], [1.0, 0.0])
    >>> stopping = EarlyStopping(patience=2)
    >>> history = nn.fit(
    ...     nn.MLP(1, [1], seed=1), nn.mse, data, epochs=100, validation=([[0.0], [1.0]], [0.0, 1.0]),
    ...     optimizer=lambda p: nn.SGD(p, lr=0.2), early_stopping=stopping, progress=False,
    ... )
    >>> len(history) - history.validation_loss.index(min(history.validation_loss)) - 1
    2
    """

    def __init__(self, patience: int = 5, min_delta: float = 0.0, restore_best: bool = True) -> None:
        self.patience = size("patience", patience)
        self.min_delta = number("min_delta", min_delta, positive=True)
        self.restore_best = flag("restore_best", restore_best)
        self.best: float | None = None
        self.waited = 0
        self._parameters: dict[str, Any] | None = None

    def on_epoch_end(self, training: Training) -> None:
        """Compare the epoch with the best one."""
        loss = training.watched()
        if self.best is None or loss < self.best - self.min_delta:
            self.best, self.waited = loss, 0
            if self.restore_best:
                self._parameters = training.model.state_dict()
            return
        self.waited += 1
        if self.waited >= self.patience:
            training.stop(f"no loss below {self.best:.6g} for {self.waited} epoch{'s' * (self.waited > 1)}")

    def on_end(self, training: Training) -> None:
        """Give the model the best epoch's parameters."""
        if self._parameters is not None:
            training.model.load_state_dict(self._parameters)

    def state_dict(self) -> dict[str, Any]:
        """The best loss, how long ago it was, and its parameters."""
        return {"best": self.best, "waited": self.waited, "parameters": self._parameters}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.best, self.waited, self._parameters = state["best"], state["waited"], state["parameters"]


def accuracy(predictions: Any, targets: Any) -> float:
    """The share of examples whose largest number is that of their class.

    Parameters
    ----------
    predictions : list of lists of numbers, or of numbers
        A number for each class; if there is one number alone it is a logit, whose class is 1 if it is positive.
    targets : list of int

    Raises
    ------
    ValueError
        If there are no predictions, or not as many as targets, or if a target is a list or a text.

    Examples
    --------
    >>> accuracy([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 0, 0]) == 2 / 3, accuracy([-2.0, 3.0], [0, 1])
    (True, 1.0)
    """
    if len(predictions) != len(targets) or len(predictions) == 0:
        raise ValueError(f"accuracy: {len(predictions)} predictions, but {len(targets)} targets")
    right = 0
    for row, target in zip(predictions, targets):
        if is_list(target) or isinstance(target, str):
            raise ValueError(
                f"accuracy: a target is the number of a class, not {target!r:.60}; of a row with a 1 for the class it "
                "is row.index(1)"
            )
        numbers = [_number(x) for x in row] if is_list(row) else [_number(row)]
        chosen = int(numbers[0] > 0.0) if len(numbers) == 1 else max(range(len(numbers)), key=numbers.__getitem__)
        right += chosen == target
    return right / len(predictions)


# --- training -----------------------------------------------------------------------------------------------------


def fit(
    model: Module,
    loss: Loss,
    data: Data,
    *,
    epochs: int,
    optimizer: Callable[..., Optimizer] | Optimizer = Adam,
    batch_size: int | None = None,
    shuffle: bool = True,
    validation: Data = None,
    metrics: Mapping[str, Metric] | None = None,
    scheduler: Callable[..., Any] | Any = None,
    scheduler_interval: str = "epoch",
    clip_norm: float | None = None,
    clip_value: float | None = None,
    compiled: bool | str = False,
    dtype: str = "float64",
    early_stopping: EarlyStopping | int | None = None,
    callbacks: Sequence[Callback | Callable[[Training], Any]] = (),
    checkpoint: Checkpoint | str | os.PathLike[str] | None = None,
    resume: bool = True,
    layer_norms: bool = False,
    progress: bool | str = True,
    seed: int | random.Random | None = None,
) -> History:
    """Train a model: for each batch ``loss(model(inputs), targets)``, its gradient, and a step of the optimiser.

    Parameters
    ----------
    model : Module
        It is called with a `Batch` of inputs. While it is trained it is in training mode, for validation in evaluation
        mode; in the end each module is in the mode that it had.
    loss : callable
        ``loss(predictions, targets)``, as the losses of ``nn`` are; it returns one number.
    data : (inputs, targets), dataset, DataLoader, or iterable of pairs
        See `nn.data.as_dataset`. A `DataLoader` brings its own batches and order.
    epochs : int
        How many passes through the data there are in all, those before a break included.
    optimizer : callable or Optimizer
        What makes the optimiser of the parameters: a class, such as ``nn.Adam``, or
        ``lambda parameters: nn.SGD(parameters, lr=0.1)``. Or an existing optimiser, with one group of parameters if
        training is compiled; in the end it has the state of the last step.
    batch_size : int, optional
        1 is stochastic gradient descent, more is mini-batch; None takes all examples in each step, which is full-batch.
    shuffle : bool
        Whether each epoch has its own order. If one batch holds all examples, they keep theirs.
    validation : as data, optional
        After each epoch the loss is computed on it, as on one batch.
    metrics : dict of functions, optional
        ``metric(predictions, targets)`` on the validation data, by names: ``{"accuracy": nn.accuracy}``.
    scheduler : callable or scheduler, optional
        What makes the scheduler of the optimiser: ``lambda optimizer: StepLR(optimizer, 10)``. Or an existing
        scheduler, if the optimiser exists as well, and training is not compiled. If its ``step`` takes a number, it
        gets the validation loss, or without validation the loss.
    scheduler_interval : {"epoch", "step"}
        When the scheduler makes a step.
    clip_norm, clip_value : float, optional
        For `clip_grad_norm_` and `clip_grad_value_`, in this order, before each step.
    compiled : bool or "batch"
        False: the engine records each batch's graph and walks back through it. True: the loss of one example is
        compiled to a program for any batch (see `autograd.compile`); it must be that the loss of a batch is the mean of
        its examples' losses, which is checked on some of them. "batch": the loss of a whole batch is compiled, for
        models that join examples, and losses with weights. It takes longer to compile, once for each size of batch.
    dtype : {"float64", "float32"}
        What a compiled program computes with.
    early_stopping : EarlyStopping or int, optional
        A number is its patience.
    callbacks : sequence of Callback or callable
    checkpoint : Checkpoint or path-like, optional
        Where checkpoints are written: at the end of each epoch, and every so many steps, see `Checkpoint`.
    resume : bool
        Whether to go on from the last checkpoint, if there is one. The parameters are then, bit for bit, those of a
        training without a break: with the optimiser's state, the scheduler, the order of the data, and the random
        numbers all as they were. If False all checkpoints in the folder are removed, and training starts from the
        beginning.
    layer_norms : bool
        Whether the history has the gradient's norm for each part of the model.
    progress : bool, "rich" or "lines"
        "rich" shows a bar, for which rich must be installed, and "lines" a line for some of the epochs. True shows a
        bar if rich is installed and the output is a terminal, else lines. False shows nothing.
    seed : int or random.Random, optional
        For the order of the data; if not given, it comes from Python's ``random`` module.

    Returns
    -------
    History

    Raises
    ------
    FloatingPointError
        If a loss or a gradient is not finite: before the step, so that the parameters are the last ones that gave
        finite numbers. (PyTorch goes on.)
    CompileError
        If the loss cannot be compiled.
    ValueError
        If a setting is out of range, if the loss of a batch is not the mean of its examples' losses where compiled is
        True, or if the last checkpoint is of another model, optimiser or run. Parameters are unchanged then.
    TypeError
        If something is of the wrong kind.
    ModuleNotFoundError
        If progress is "rich", and rich is not installed.
    KeyboardInterrupt
        After Ctrl-C: when the step is done and a checkpoint is written. Another Ctrl-C does not wait.

    Notes
    -----
    Whatever ends the training, the model has the parameters of the last step. A process that is killed loses what was
    done since the last checkpoint, and the next one does it again.

    Examples
    --------
    >>> import nn
    >>> model = nn.MLP(2, [8, 1], activation="tanh", seed=1)
    >>> points, targets = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> history = nn.fit(
    ...     model, nn.bce_with_logits, (points, targets), epochs=200,
    ...     optimizer=lambda parameters: nn.Adam(parameters, lr=0.05), progress=False,
    ... )
    >>> history.loss[-1] < 0.05, nn.accuracy(model(points), targets)
    (True, 1.0)
    """
    training = Training(
        model,
        loss,
        _loader(data, batch_size, shuffle, seed),
        optimizer,
        epochs=size("epochs", epochs),
        validation=_validation(validation, metrics),
        metrics=_metrics(metrics),
        scheduler=scheduler,
        scheduler_interval=_one_of("scheduler_interval", scheduler_interval, ("epoch", "step")),
        clip_norm=None if clip_norm is None else number("clip_norm", clip_norm, positive=True),
        clip_value=None if clip_value is None else number("clip_value", clip_value, positive=True),
        compiled=_one_of("compiled", compiled, (True, False, "batch")),
        dtype=dtype,
        callbacks=_callbacks(early_stopping, callbacks),
        checkpoint=Checkpoint(checkpoint)
        if checkpoint is not None and not isinstance(checkpoint, Checkpoint)
        else checkpoint,
        layer_norms=flag("layer_norms", layer_norms),
        progress=_one_of("progress", progress, (True, False, "rich", "lines")),
        seed=seed,
    )
    training.run(flag("resume", resume))
    return training.history


class Training:
    """A running training, as callbacks see it; `fit` makes it.

    Attributes
    ----------
    model : Module
    optimizer : Optimizer
    scheduler : scheduler, or None
    history : History
    epoch : int
        How many epochs are complete.
    epochs : int
        How many there will be.
    step : int
        How many steps were made, in all epochs.
    loss : float
        The loss of the last step.
    stopped : str
        Why training was stopped before its end; empty if it was not.
    steps_in_epoch : int

    Examples
    --------
    >>> import nn
    >>> def report(training):
    ...     print(training.epoch, training.step, training.optimizer.lr, len(training.history))
    >>> data = ([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> line = nn.Neuron(1, nonlin=False)
    >>> _ = nn.fit(line, nn.mse, data, epochs=2, batch_size=2, callbacks=[report], progress=False)
    1 2 0.001 1
    2 4 0.001 2
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        loader: DataLoader,
        optimizer: Any,
        *,
        epochs: int,
        validation: tuple[Any, Any] | None,
        metrics: Mapping[str, Metric],
        scheduler: Any,
        scheduler_interval: str,
        clip_norm: float | None,
        clip_value: float | None,
        compiled: bool | str,
        dtype: str,
        callbacks: list[Callback],
        checkpoint: Checkpoint | None,
        layer_norms: bool,
        progress: bool | str,
        seed: Any,
    ) -> None:
        if not isinstance(model, Module):
            raise TypeError(f"fit trains a Module, not {type(model).__name__}: {model!r:.60}{instead_of_class(model)}")
        if not callable(loss) or is_module_class(loss):
            raise TypeError(
                f"loss must be a function of predictions and targets, such as nn.mse, not {loss!r:.60}"
                + instead_of_class(loss)
            )
        if dtype != "float64" and not compiled:
            raise ValueError(f"dtype={dtype!r} is for compiled programs; the engine's Values are float64")
        self.model: Any = model  # not Module: callbacks use attributes of the model's own class
        self.epochs = epochs
        self.history = History()
        self.epoch = self.step = 0
        self.loss = math.nan
        self.stopped, self._final = "", True
        self._loader, self._validation, self._metrics = loader, validation, metrics
        self._clip_norm, self._clip_value = math.inf if clip_norm is None else clip_norm, clip_value
        self._by_step, self._layer_norms = scheduler_interval == "step", layer_norms
        self._callbacks, self._checkpoint, self._progress = callbacks, checkpoint, progress
        self._step_callbacks = [x for x in callbacks if type(x).on_step_end is not Callback.on_step_end]
        self.steps_in_epoch = len(loader)
        self._sums = _Sums()
        self._report, self._pressed = Silent(), list[bool]()
        self._backend: _Eager | _Compiled
        self._callers_optimizer: Optimizer | None = optimizer if isinstance(optimizer, Optimizer) else None
        self._settings: dict[str, Any] = {
            "examples": len(loader.dataset),
            "batch_size": loader.batch_size,
            "shuffle": loader.shuffle,
            "drop_last": loader.drop_last,
            "seed": seed if isinstance(seed, int) else None,
            "clip_norm": clip_norm,
            "clip_value": clip_value,
            "scheduler_interval": scheduler_interval,
        }
        if checkpoint is not None:
            self._settings["checksum of the first, the middle and the last example"] = _checksum(loader.dataset)
        if scheduler is not None and not callable(scheduler) and (self._callers_optimizer is None or compiled):
            raise TypeError(
                "a scheduler moves one optimiser, but this training makes its own; give a function that makes the "
                "scheduler from it: scheduler=lambda optimizer: ..."
            )
        self._modes = [(module, module.training) for _, module in model.named_modules()]
        model.train()
        try:
            self._backend = _Compiled(self, loss, compiled, dtype) if compiled else _Eager(self, loss)
            self.optimizer = self._optimizer(optimizer)
            self.scheduler = scheduler if scheduler is None or not callable(scheduler) else scheduler(self.optimizer)
        except BaseException:
            self._restore_modes()
            raise
        for name in ("step", "state_dict", "load_state_dict"):
            if scheduler is not None and not hasattr(self.scheduler, name):
                self._restore_modes()
                raise TypeError(f"a scheduler has a method {name}, but {self.scheduler!r:.60} does not")
        self._takes_number = scheduler is not None and any(_arguments(self.scheduler.step))
        self._takes_closure = len(_arguments(self.optimizer.step)) > 0

    def _optimizer(self, optimizer: Any) -> Optimizer:
        """The optimiser that is used, for the model's Values or for the vector of the compiled program."""
        parameters = self._backend.parameters
        if self._callers_optimizer is None:
            if not callable(optimizer):
                raise TypeError(
                    "optimizer must be an Optimizer, or a function that makes one from parameters, such as nn.Adam, "
                    f"not {optimizer!r:.60}"
                )
            made = optimizer(parameters)
            if not isinstance(made, Optimizer):
                raise TypeError(f"optimizer(parameters) must give an Optimizer, not {made!r:.60}")
            state = {key: x for key, x in made.state_dict().items() if key not in ("state", "steps")}
            self._settings["optimizer"] = state
            return self._checked(made)
        if isinstance(self._backend, _Eager):
            return self._checked(self._callers_optimizer)
        kind = type(self._callers_optimizer)
        try:
            made = kind(parameters)  # one of the same class, for the vector of the program's parameters
        except TypeError as error:
            raise TypeError(
                f"{kind.__name__} cannot be made for a program's parameters ({error}); give a function that makes it, "
                "optimizer=lambda parameters: ..."
            ) from None
        made.load_state_dict(self._callers_optimizer.state_dict())
        return made

    def _checked(self, optimizer: Optimizer) -> Optimizer:
        """Return the optimiser; raise a ValueError if its parameters are not those that get the gradients."""
        moved = [p for p in optimizer.params if isinstance(p, Value)]
        if isinstance(self._backend, _Compiled):
            if moved:
                raise ValueError(
                    "this optimiser moves Values, but compiled training moves the vector of the program; give a "
                    "function that makes it from the program's parameters: optimizer=lambda parameters: "
                    "nn.Adam(parameters)"
                )
            return optimizer
        own = set(map(id, self._backend.parameters))
        for p in moved:
            if id(p) not in own:
                raise ValueError(f"the optimiser moves {p.describe()}, which is not a parameter of the model")
        return optimizer

    # --- for callbacks --------------------------------------------------------------------------------------------

    def stop(self, why: str = "a callback stopped it", final: bool = True) -> None:
        """End the training after this step, or after this epoch if it is at its end.

        Parameters
        ----------
        why : str
            What is shown, and kept in the checkpoint.
        final : bool
            Whether training is over: then `fit`, when it finds the checkpoint, does not go on. False is for a break,
            because time is up, say.
        """
        self.stopped, self._final = why or "a callback stopped it", flag("final", final)

    def watched(self) -> float:
        """The last epoch's validation loss, or without validation its loss."""
        return (self.history.validation_loss or self.history.loss)[-1]

    # --- the loop ---------------------------------------------------------------------------------------------------

    def run(self, resume: bool) -> None:
        """Train to the end; see `fit`."""
        try:
            if self._checkpoint is not None:
                self._begin(self._checkpoint, resume)
            with reporter(self._progress, self) as report, _ctrl_c() as pressed:
                self._report, self._pressed = report, pressed
                self._switch("train")
                try:
                    while self.epoch < self.epochs and not self.stopped:
                        self._run_epoch()
                finally:
                    self._hand_over()
                for callback in self._callbacks:
                    callback.on_end(self)
                if self.stopped:
                    report.say(f"stopped after epoch {self.epoch}: {self.stopped}")
                if pressed:
                    raise KeyboardInterrupt("training was complete when it was interrupted")
        finally:
            self._restore_modes()

    def _run_epoch(self) -> None:
        for positions in self._loader.positions():
            self._run_step(positions)
            if self.stopped:
                self._save()
                return
        self._end_epoch()

    def _run_step(self, positions: list[int]) -> None:
        computed = self._backend.loss(positions)
        loss: float = _number(computed)
        norms = self._backend.norms() if self._layer_norms else {}
        norm = self._clip_or_raise(loss)
        lr = _lr(self.optimizer)
        self._step_optimizer(positions, computed)
        if self.scheduler is not None and self._by_step:
            self._step_scheduler(loss)
        self.step += 1
        self.loss = loss
        self._sums.add(len(positions), loss, norm, lr, norms)
        if self._step_callbacks:
            with self._backend.parameters_in_model():
                for callback in self._step_callbacks:
                    callback.on_step_end(self)
        if self._pressed:
            self._interrupt()
        checkpoint = self._checkpoint
        if checkpoint is not None and checkpoint.every is not None and self.step % checkpoint.every == 0:
            self._save()
        self._report.step(self)

    def _clip_or_raise(self, loss: float) -> float:
        """Clip the gradient; return its norm before. Raise an error if the norm or the loss is not finite."""
        norm = math.nan
        if math.isfinite(loss):
            norm = self._clip()
        if not math.isfinite(norm):
            what = f"the norm of the gradient is {norm}" if math.isfinite(loss) else f"the loss is {loss}"
            raise FloatingPointError(
                f"{what} in step {self.step + 1} (epoch {self.epoch + 1}), so this step is not made; the parameters "
                "are those from before. Look for a learning rate that is too large, or for inputs out of the loss's "
                "range; autograd.detect_anomaly() names the operation"
            )
        return norm

    def _clip(self) -> float:
        """Clip the gradient; return its norm before."""
        parameters, clipped = self._backend.parameters, self._clip_norm < math.inf
        norm = clip_grad_norm_(parameters, self._clip_norm) if clipped else self._backend.norm()
        if self._clip_value is not None:
            clip_grad_value_(parameters, self._clip_value)
        return norm

    def _step_optimizer(self, positions: list[int], computed: Value | float) -> None:
        """Make a step of the optimiser. If it takes a closure, as L-BFGS does, the first call gives the known loss."""
        if not self._takes_closure:
            self.optimizer.step()
            return
        known = [computed]

        def closure() -> Value | float:
            if known:
                return known.pop()
            loss = self._backend.loss(positions)
            self._clip()
            return loss

        step: Callable[..., Any] = self.optimizer.step
        step(closure)

    def _end_epoch(self) -> None:
        history, sums = self.history, self._sums
        history.loss.append(sums.loss / sums.examples)
        history.lr.append(sums.lr)
        history.gradient_norm.append(sums.norm / sums.steps)
        for name, x in sums.norms.items():
            history.layer_norms.setdefault(name, []).append(x / sums.steps)
        self._sums = _Sums()
        with self._averaged_parameters():
            if self._validation is not None:
                self._validate(*self._validation)
            self.epoch += 1
            if self._callbacks:
                with self._backend.parameters_in_model():
                    for callback in self._callbacks:
                        callback.on_epoch_end(self)
        if self.scheduler is not None and not self._by_step:
            self._step_scheduler(self.watched())
        if self._checkpoint is not None:
            self._save()
        self._report.epoch(self)
        if self._pressed and self.epoch < self.epochs:
            self._interrupt()

    def _validate(self, inputs: Any, targets: Any) -> None:
        loss, predictions = self._backend.evaluate(inputs, targets, bool(self._metrics))
        if not math.isfinite(loss):
            raise FloatingPointError(f"the validation loss is {loss} after epoch {self.epoch + 1}")
        measured = {
            name: number(f"the metric {name!r}", _number(metric(predictions, targets)))
            for name, metric in self._metrics.items()
        }
        self.history.validation_loss.append(loss)
        for name, x in measured.items():
            self.history.metrics.setdefault(name, []).append(x)

    def _step_scheduler(self, metric: float) -> None:
        if self._takes_number:
            self.scheduler.step(metric)
        else:
            self.scheduler.step()

    @contextmanager
    def _averaged_parameters(self) -> Iterator[None]:
        """A block in which a schedule-free optimiser shows the averaged parameters, which are its result."""
        self._switch("eval")
        yield
        self._switch("train")

    def _switch(self, mode: str) -> None:
        switch = getattr(self.optimizer, mode, None)
        if switch is not None:
            switch()

    def _hand_over(self) -> None:
        """Give the model the parameters of the last step, and the caller's own optimiser its state."""
        self._switch("eval")
        self._backend.write_back()
        if self._callers_optimizer is not None and self._callers_optimizer is not self.optimizer:
            self._callers_optimizer.load_state_dict(self.optimizer.state_dict())

    def _restore_modes(self) -> None:
        for module, mode in self._modes:
            module.training = mode

    def _interrupt(self) -> None:
        """Save a checkpoint, if there is a folder for it, and raise the KeyboardInterrupt that was held back."""
        done = f"training was interrupted after step {self.step}, {self.epoch} of {self.epochs} epochs being complete"
        if self._checkpoint is None:
            raise KeyboardInterrupt(f"{done}; the model has the parameters of that step, and there is no checkpoint")
        self._save()
        raise KeyboardInterrupt(
            f"{done}, and a checkpoint is in {self._checkpoint.folder!r}; call fit again as before to go on"
        )

    # --- checkpoints ------------------------------------------------------------------------------------------------

    def _save(self) -> None:
        if self._checkpoint is None:
            return
        self._backend.write_back()
        content = {
            "about": self._settings,
            "epoch": self.epoch,
            "step": self.step,
            "loss": self.loss,
            "stopped": self.stopped if self._final else "",
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "loader": self._loader.state_dict(),
            "random": random_states(self.model, self.optimizer, *self._callbacks),
            "history": self.history.as_dict(),
            "sums": vars(self._sums),
            "callbacks": [callback.state_dict() for callback in self._callbacks],
        }
        try:
            self._checkpoint.save(self.step, content)
        except ValueError as error:
            for name, parameter in self.model.named_parameters():
                if not math.isfinite(parameter.data):
                    raise FloatingPointError(
                        f"{name} is {parameter.data} after step {self.step}, but a checkpoint holds finite numbers "
                        "only, so the one before it stays; look for a learning rate that is too large"
                    ) from None
            raise error from None

    def _begin(self, checkpoint: Checkpoint, resume: bool) -> None:
        """Go on from the last checkpoint, if there is one."""
        import json

        if not resume:
            checkpoint.clear()
            return
        content = checkpoint.load()
        if content is None:
            return
        where = f"cannot go on from the checkpoint in {checkpoint.folder!r}"
        # With other settings the checkpoint would load without an error, but training would go on differently.
        now, then = json.loads(json.dumps(self._settings)), content["about"]
        other = [
            f"{key} was {then.get(key)!r:.80}, and is {now.get(key)!r:.80} now"
            for key in now
            if then.get(key) != now[key]
        ]
        if other:
            raise ValueError(f"{where}: {'; '.join(other)}; give the same arguments, resume=False or another folder")
        before: list[tuple[Any, dict[str, Any]]] = []
        try:
            if (content["scheduler"] is None) != (self.scheduler is None):
                raise ValueError(f"it comes from a training with{'out' * (self.scheduler is not None)} a scheduler")
            states, callbacks = content["callbacks"], self._callbacks
            if len(states) != len(callbacks):
                raise ValueError(f"it has the state of {len(states)} callbacks, but there are {len(callbacks)}")
            parts: list[tuple[Any, Any]] = [(self.optimizer, content["optimizer"]), (self.model, content["model"])]
            parts += [(self._loader, content["loader"]), *zip(callbacks, states)]
            parts += [] if self.scheduler is None else [(self.scheduler, content["scheduler"])]
            for part, state in parts:
                before.append((part, part.state_dict()))
                part.load_state_dict(state)
            set_random_states(content["random"], self.model, self.optimizer, *callbacks)
        except (ValueError, TypeError, KeyError) as error:
            for part, state in reversed(before):
                part.load_state_dict(state)
            raise ValueError(f"{where}: {error}; give resume=False to start again, or another folder") from None
        self._backend.read_in()
        self.epoch, self.step, self.loss = content["epoch"], content["step"], content["loss"]
        self.stopped = content["stopped"]
        vars(self.history).update(content["history"])
        vars(self._sums).update(content["sums"])


class _Sums:
    """Sums over the steps of an epoch; the learning rate is the last one."""

    def __init__(self) -> None:
        self.examples = self.steps = 0
        self.loss = self.norm = 0.0
        self.lr: float | None = None
        self.norms: dict[str, float] = {}

    def add(self, examples: int, loss: float, norm: float, lr: float | None, norms: dict[str, float]) -> None:
        self.examples, self.steps = self.examples + examples, self.steps + 1
        self.loss += examples * loss
        self.norm += norm
        self.lr = lr
        for name, x in norms.items():
            self.norms[name] = self.norms.get(name, 0.0) + x


# --- the two ways of computing a step ---------------------------------------------------------------------------------


class _Eager:
    """Computes scalar by scalar: the engine records every batch's graph and walks back through it."""

    def __init__(self, training: Training, function: Loss) -> None:
        self.model, self.function, self.loader = training.model, function, training._loader
        self.parameters: Any = training.model.parameters()
        self._layers = _layers(training.model)
        self._parameters_counted = False

    def loss(self, positions: list[int]) -> Value:
        """Compute the loss of a batch, and its gradient, which is left in the parameters."""
        inputs, targets = _pair(self.loader, positions)
        loss = _one_number(self.function(self.model(inputs), targets))
        if not self._parameters_counted:
            if len(self.model.parameters()) != len(self.parameters):
                raise ValueError(
                    "the first call of the model has made parameters, which the optimiser does not know; call "
                    "the model once before fit"
                )
            self._parameters_counted = True
        self.model.zero_grad()
        loss.backward()
        return loss

    def norm(self) -> float:
        return clip_grad_norm_(self.parameters, math.inf)  # clips nothing; returns the norm without frozen parameters

    def norms(self) -> dict[str, float]:
        return {name: clip_grad_norm_(ps, math.inf) for name, ps in self._layers.items()}

    def evaluate(self, inputs: Any, targets: Any, want_predictions: bool) -> tuple[float, Any]:
        """The loss in evaluation mode, and the predictions as numbers, if they are wanted."""
        return _evaluate(self.model, self.function, inputs, targets, want_predictions)

    @contextmanager
    def parameters_in_model(self) -> Iterator[None]:
        """A block in which the model has the current parameters, and callbacks may change them."""
        yield

    def write_back(self) -> None: ...

    def read_in(self) -> None: ...


class _Compiled:
    """Computes with programs that the loss is compiled to: the loss of one example, or of a whole batch."""

    def __init__(self, training: Training, function: Loss, how: bool | str, dtype: str) -> None:
        self.model, self.function, self.loader, self.dtype = training.model, function, training._loader, dtype
        self._whole = how == "batch"
        self._programs: dict[int, Program] = {}  # for whole batches, by their sizes
        self._validation_program: Program | None = None
        self._validation_data: list[Any] = []  # the validation inputs and targets, as arrays if possible
        count = min(self.loader.batch_size, len(self.loader.dataset))
        inputs, targets = _pair(self.loader, list(range(count if self._whole else min(count, _EXAMPLES_CHECKED))))
        known = columns(self.loader.dataset) if self.loader.collate_fn is collate else None
        if self._whole:
            program = self._compiled(inputs, targets, None)
        else:
            import autograd

            program = autograd.compile(
                lambda x, y: _one_number(function(self.model(x), y)),
                self.model,
                like=(inputs[0], targets[0]),
                dtype=dtype,
            )
            checked_targets = _distinct(targets if known is None else known[-1])
            _check_mean(self.model, function, inputs, checked_targets, self.loader.batch_size)
            if training._validation is not None:
                checked_targets = _distinct(training._validation[1])
                _check_mean(self.model, function, inputs, checked_targets, len(checked_targets))
        arrays = [_array(column, dtype) for column in known or [None]]
        self._columns = None if any(x is None for x in arrays) else arrays
        self.parameters: Any = program.parameters
        self._program = program
        places = {id(value): place for value, place in zip(self.parameters.values, self.parameters.where.tolist())}
        self._layers = {
            name: [places[id(p)] for p in ps if id(p) in places] for name, ps in _layers(self.model).items()
        }

    def _compiled(self, inputs: Any, targets: Any, parameters: Any) -> Any:
        """Compile the program for whole batches of this size."""
        import autograd

        made = autograd.compile(
            lambda x, y: _one_number(self.function(self.model(Batch(x)), y)),
            self.model if parameters is None else parameters,
            like=(inputs, targets),
            batch=False,
            dtype=self.dtype,
        )
        self._programs[len(inputs)] = made
        return made

    def loss(self, positions: list[int]) -> float:
        """Compute the loss of a batch, and its gradient, which is left in the vector of parameters."""
        if self._columns is None:
            inputs, targets = _pair(self.loader, positions)
        else:
            inputs, targets = (column[positions] for column in self._columns)
        program = self._program
        if self._whole:
            program = self._programs.get(len(inputs)) or self._compiled(inputs, targets, self.parameters)
        loss, _ = program(inputs, targets)
        return float(loss)

    def norm(self) -> float:
        return float(self.parameters.norm())

    def norms(self) -> dict[str, float]:
        grad = self.parameters.grad
        return {name: math.hypot(*grad[places].tolist()) for name, places in self._layers.items()}

    def evaluate(self, inputs: Any, targets: Any, want_predictions: bool) -> tuple[float, Any]:
        """The loss in evaluation mode, and the predictions as numbers, if they are wanted."""
        if self._whole:  # the loss may not be a mean over examples, so no program of one example computes it
            self.write_back()
            return _evaluate(self.model, self.function, inputs, targets, want_predictions)
        program = self._validation_program
        if program is None:
            import autograd

            def example(x: Any, y: Any) -> Any:
                prediction = self.model(x)
                return prediction, _one_number(self.function(prediction, y))

            with _evaluation_mode(self.model):
                program = self._validation_program = autograd.compile(
                    example, self.parameters, like=(inputs[0], targets[0]), gradient=False, dtype=self.dtype
                )
            arrays = [_array(x, self.dtype) for x in (inputs, targets)]
            self._validation_data = [y if x is None else x for x, y in zip(arrays, (inputs, targets))]
        predictions, losses = program.outputs(*self._validation_data)
        if want_predictions and not hasattr(predictions, "tolist"):  # several arrays, but metrics take one list
            self.write_back()
            return _evaluate(self.model, self.function, inputs, targets, want_predictions)
        return math.fsum(losses.tolist()) / len(targets), predictions.tolist() if want_predictions else None

    @contextmanager
    def parameters_in_model(self) -> Iterator[None]:
        """A block in which the model has the current parameters, and callbacks may change them."""
        self.write_back()
        yield
        self.read_in()

    def write_back(self) -> None:
        self.parameters.write_back()

    def read_in(self) -> None:
        self.parameters.read_in()


def _array(numbers: Any, dtype: str) -> Any:
    """Numbers as an array, so that a program need not convert lists at each call; None if they do not form one."""
    import numpy as np

    try:
        array = np.asarray(numbers)
    except ValueError:  # lists of different lengths
        return None
    return array.astype(dtype, copy=False) if array.dtype.kind in "fiub" else None


_EXAMPLES_CHECKED = 8  # the number of examples for which `_check_mean` calls the model
_TARGETS_CHECKED = 256  # the largest number of different targets for which `_check_mean` calls the loss


def _check_mean(model: Module, function: Loss, inputs: Any, targets: list[Any], batch_size: int) -> None:
    """Raise a ValueError if the loss of a batch is not the mean of the losses of its examples.

    The model is called with a few examples only. The loss is called with many different targets, because it may treat
    some differently, such as those of an ignored class. A model that draws random numbers is checked in evaluation
    mode. Afterwards the states of the random generators and the buffers are as before.
    """
    how = 'compiled="batch" compiles the loss of a whole batch'
    states = random_states(model)
    kept = [(module, dict(module.named_buffers(recurse=False))) for module in model.modules()]
    try:
        with no_grad():
            random = _flat(model(inputs)) != _flat(model(inputs))
            with _evaluation_mode(model) if random else nullcontext():
                apart = Batch([model(x) for x in inputs])
                together = _flat(model(inputs))
    finally:
        set_random_states(states, model)
        for module, buffers in kept:
            for name, numbers in buffers.items():
                setattr(module, name, numbers)
    if _differ(together, _flat(apart)):
        raise ValueError(
            "this model gives a batch other results than its examples one by one, but compiled=True "
            f"compiles what it does with one; {how}"
        )
    predictions = [apart[i % len(apart)] for i in range(len(targets))]
    with no_grad():
        for start in range(0, len(targets), batch_size):
            ps, ts = Batch(predictions[start : start + batch_size]), targets[start : start + batch_size]
            whole = _one_number(function(ps, ts)).data
            mean = math.fsum(_one_number(function(p, t)).data for p, t in zip(ps, ts)) / len(ps)
            if _differ([whole], [mean]):
                raise ValueError(
                    f"this loss of a batch can be {whole:.6g} where the mean of its examples' losses is {mean:.6g}, "
                    f"but compiled=True takes the mean; {how}"
                )


def _differ(xs: list[float], ys: list[float]) -> bool:
    if len(xs) != len(ys):
        return True
    largest = max(map(abs, [*xs, *ys, 1.0]))
    return any(not abs(x - y) <= 1e-9 * largest for x, y in zip(xs, ys) if x != y and not (x != x and y != y))


def _flat(x: Any) -> list[float]:
    """The numbers in lists and dicts."""
    if isinstance(x, dict):
        x = list(x.values())
    return [number for item in x for number in _flat(item)] if is_list(x) else [_number(x)]


def _distinct(targets: Any) -> list[Any]:
    """The first targets that differ from each other, at most `_TARGETS_CHECKED`."""
    found: dict[str, Any] = {}
    for target in targets.tolist() if hasattr(targets, "tolist") else targets:
        found.setdefault(repr(target), target)
        if len(found) == _TARGETS_CHECKED:
            break
    return list(found.values())


# --- what they share --------------------------------------------------------------------------------------------------


def _pair(loader: DataLoader, positions: list[int]) -> tuple[Any, Any]:
    """A batch's inputs and targets."""
    batch = loader.collate_fn([loader.dataset[i] for i in positions])
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise TypeError(f"a batch must be a pair of inputs and targets, not {batch!r:.60}")
    return batch[0], batch[1]


def _evaluate(model: Module, function: Loss, inputs: Any, targets: Any, want_predictions: bool) -> tuple[float, Any]:
    """The loss of a batch in evaluation mode, and the predictions as numbers, if they are wanted."""
    with no_grad(), _evaluation_mode(model):
        predictions = model(inputs)
        loss = _one_number(function(predictions, targets)).data
    return loss, each(_number, predictions) if want_predictions else None


def _one_number(loss: Any) -> Value:
    if isinstance(loss, Value):
        return loss
    if is_list(loss):
        raise TypeError(f"loss must return one number, but it returned a list of {len(loss)}; use reduction='mean'")
    raise TypeError(f"loss must return a Value that depends on the predictions, but it returned {loss!r:.60}")


def _number(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


@contextmanager
def _evaluation_mode(model: Module) -> Iterator[None]:
    """A block in which the model is in evaluation mode."""
    modes = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _layers(model: Module) -> dict[str, list[Value]]:
    """The parameters by the part of the model that they are in; the model's own under its class's name."""
    layers: dict[str, list[Value]] = {}
    for name, parameter in model.named_parameters():
        part, dot, _ = name.partition(".")
        layers.setdefault(part if dot else type(model).__name__.lower(), []).append(parameter)
    return layers


def _checksum(dataset: Dataset) -> int | None:
    """The checksum of three examples, which detects other data at little cost; None if examples are made on demand."""
    import zlib

    if columns(dataset) is None:
        return None
    count = len(dataset)
    return zlib.crc32(repr([collate([dataset[i]]) for i in (0, count // 2, count - 1)]).encode())


def _lr(optimizer: Any) -> float | None:
    """The learning rate, of the first group where there are several; None if there is none."""
    groups = getattr(optimizer, "param_groups", None)
    return groups[0].get("lr") if groups else getattr(optimizer, "lr", None)


def _arguments(function: Callable[..., Any]) -> list[bool]:
    """For each argument that a function names, not counting *args and **kwargs: whether it must be given."""
    import inspect

    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.default is p.empty for p in inspect.signature(function).parameters.values() if p.kind in named]


@contextmanager
def _ctrl_c() -> Iterator[list[bool]]:
    """A block in which the first Ctrl-C only fills the list, so that the step is completed; the second one interrupts.

    Outside the main thread, or if the program has a SIGINT handler of its own, Ctrl-C does what it did before.
    """
    import signal
    import threading

    pressed: list[bool] = []
    own = threading.current_thread() is threading.main_thread()
    if not own or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield pressed
        return

    def note(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pressed.append(True)

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# --- arguments --------------------------------------------------------------------------------------------------------


def _loader(data: Data, batch_size: int | None, shuffle: bool, seed: Any) -> DataLoader:
    if isinstance(data, DataLoader):
        if batch_size is not None or seed is not None:
            raise ValueError("a DataLoader has its own batch_size and seed; give them to it, not to fit")
        return data
    dataset = as_dataset(data)
    whole = batch_size is None or size("batch_size", batch_size) >= len(dataset)
    return DataLoader(dataset, batch_size, flag("shuffle", shuffle) and not whole, seed=seed)


def _validation(data: Data, metrics: Any) -> tuple[Any, Any] | None:
    if data is None:
        if metrics:
            raise ValueError("metrics are computed on the validation data, but there are none; give validation=")
        return None
    loader = data if isinstance(data, DataLoader) else DataLoader(as_dataset(data, "validation"))
    return _pair(loader, list(range(len(loader.dataset))))


def _metrics(metrics: Any) -> Mapping[str, Metric]:
    if metrics is None:
        return {}
    if not isinstance(metrics, dict) or not all(isinstance(name, str) and callable(f) for name, f in metrics.items()):
        raise TypeError(
            f"metrics must be a dict of names and functions, such as {{'accuracy': nn.accuracy}}, not {metrics!r:.60}"
        )
    return metrics


class _Function(Callback):
    """A plain function as a callback."""

    def __init__(self, function: Callable[[Training], Any]) -> None:
        self.function = function

    def on_epoch_end(self, training: Training) -> None:
        self.function(training)


def _callbacks(early_stopping: Any, callbacks: Any) -> list[Callback]:
    made: list[Callback] = []
    if early_stopping is not None:
        made.append(
            early_stopping
            if isinstance(early_stopping, EarlyStopping)
            else EarlyStopping(size("early_stopping", early_stopping))
        )
    if isinstance(callbacks, Callback) or not hasattr(callbacks, "__iter__"):
        raise TypeError(f"callbacks must be a list of functions or Callbacks, not {callbacks!r:.60}")
    for callback in callbacks:
        if isinstance(callback, type) or not (isinstance(callback, Callback) or callable(callback)):
            raise TypeError(
                f"a callback is a function of the Training, or a Callback, not {callback!r:.60}"
                + instead_of_class(callback)
            )
        made.append(callback if isinstance(callback, Callback) else _Function(callback))
    return made


def _one_of(name: str, given: Any, allowed: tuple[Any, ...]) -> Any:
    for x in allowed:
        if type(x) is type(given) and x == given:
            return x
    raise ValueError(f"{name} must be {', '.join(map(repr, allowed[:-1]))} or {allowed[-1]!r}, not {given!r:.60}")
