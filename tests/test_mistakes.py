"""The mistakes of students: each gets a sentence that says what was wrong, and what to do about it.

The table lists all of them. It leaves out mistakes that are legal Python and might be intended.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import random
import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograd import CompileError, Value
from nn import Module
from nn.optim import TrainingWarning

# Any, because a type checker would refuse much of what students write.
autograd: Any = importlib.import_module("autograd")
nn: Any = importlib.import_module("nn")
value_of: Any = Value


def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def numpy() -> Any:
    return pytest.importorskip("numpy", reason="NumPy is not installed")


def compiled(f: Any, **options: Any) -> Any:
    numpy()  # compiled programs are NumPy's
    return autograd.compile(f, **options)


POINTS = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
NUMBERS, COLUMN, CLASSES = [1.0, 0.0, 1.0], [[1.0], [0.0], [1.0]], [0, 1, 1]


def v() -> Any:
    return Value(2.0, "v")


def mlp() -> Any:
    return nn.MLP(2, [3, 1], seed=1)


def linear() -> Any:
    return nn.Linear(2, 1, seed=1)


def sgd(lr: Any = 0.1, **settings: Any) -> Any:
    return nn.SGD([v()], lr=lr, **settings)


def fit(model: Any = None, loss: Any = None, data: Any = None, **options: Any) -> Any:
    model, loss = linear() if model is None else model, nn.mse if loss is None else loss
    return nn.fit(model, loss, (POINTS, COLUMN) if data is None else data, **{"epochs": 1, "progress": False} | options)


# --- the training loop ----------------------------------------------------------------------------------------


def train(*lines: str, optimizer: Any = None, steps: int = 2) -> Any:
    """Run a training loop whose body is these lines; `optimizer` makes the optimiser from the parameters."""
    model = linear()
    moves = (optimizer or (lambda parameters: nn.SGD(parameters, lr=0.1)))(model.parameters())
    for _ in range(steps):
        loss = nn.mse([model(x) for x in POINTS], COLUMN)
        for line in lines:
            {
                "zero_grad": moves.zero_grad,
                "backward": loss.backward,
                "backward without ()": lambda: loss.backward,  # noqa: B023  # of this very step
                "clip": lambda: nn.clip_grad_norm_(model.parameters(), 0.1),
                "step": moves.step,
            }[line]()
    return model


def loss_without_a_graph() -> None:
    model = linear()
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    with autograd.no_grad():
        loss = nn.mse([model(x) for x in POINTS], COLUMN)
    loss.backward()
    optimizer.step()


def optimizer_of_another_model() -> None:
    optimizer = nn.Adam(mlp().parameters())
    nn.mse([linear()(x) for x in POINTS], COLUMN).backward()
    optimizer.step()


def eager_optimizer_beside_a_program() -> None:
    w = v()
    program = compiled(lambda x, y: (w * x - y) ** 2)
    optimizer = nn.SGD([w], lr=0.1)
    program([1.0], [1.0])
    optimizer.step()


def backward_beside_a_program() -> None:
    w = v()
    program = compiled(lambda x, y: (w * x - y) ** 2, like=(0.0, 0.0))
    optimizer = nn.SGD(program.parameters, lr=0.1)
    ((w - 1.0) ** 2).backward()
    optimizer.step()


def model_after_a_program(use: Callable[[Any], Any], write_back: bool = False) -> Any:
    """Train a program of a model, and then use the model."""
    model = linear()
    program = compiled(lambda x, y: nn.mse(model(x), y), like=(POINTS[0], COLUMN[0]))
    optimizer = nn.SGD(program.parameters, lr=0.1)
    program(POINTS, COLUMN)
    optimizer.step()
    if write_back:
        program.write_back()
    return use(model)


class Line(Module):
    def __init__(self) -> None:
        self.w = Value(2.0)

    def forward(self, x: Any) -> Any:
        return self.w * x

    def cubed(self, x: Any) -> Any:
        return x.data**3

    def move(self, lr: float) -> None:
        self.w = self.w - lr * self.w.grad


def parameter_replaced_by_a_result() -> None:
    line = Line()
    line(3.0).backward()
    line.move(0.1)


def parameter_in_a_list_replaced_by_a_result() -> None:
    model = linear()
    model([1.0, 2.0])[0].backward()
    model.weight[0][0] -= 0.1 * model.weight[0][0].grad
    model.zero_grad()


def data_set_to_a_result() -> None:
    w = v()
    w.data = w - 0.1 * w.grad


def item_set() -> None:
    w = v()
    w[0] = 1.0


def used_up_generator() -> Any:
    parameters = (p for p in mlp().parameters())
    print(sum(1 for _ in parameters), "parameters")
    return nn.SGD(parameters, lr=0.1)


# --- modules of one's own -------------------------------------------------------------------------------------


class WithoutForward(Module):
    def __init__(self) -> None:
        self.layer = linear()


class Misspelt(Module):
    def foward(self, x: Any) -> Any:
        return x


class WithoutReturn(Module):
    def __init__(self) -> None:
        self.layer = linear()

    def forward(self, x: Any) -> Any:
        self.layer(x)


class InASet(Module):
    def __init__(self) -> None:
        self.layers = {linear(), linear()}


class Hidden(Module):
    def __init__(self) -> None:
        self._layer = linear()


class OwnParameters(Module):
    def __init__(self) -> None:
        self.layer = linear()
        self.parameters = self.layer.parameters()  # type: ignore[method-assign]


class OwnTrain(Module):
    def __init__(self) -> None:
        self.train = True  # type: ignore[method-assign, assignment]


class Lazy(Module):
    """A module that makes its layer in the first call."""

    layer: Any = None

    def forward(self, x: Any) -> Any:
        if self.layer is None:
            self.layer = nn.Linear(len(x), 1)
        return self.layer(x)


def load_before_the_first_call() -> None:
    trained = Lazy()
    trained([1.0, 2.0])
    Lazy().load_state_dict(trained.state_dict())


class Table:
    """Like a DataFrame of pandas: iterating over it gives the names of its columns."""

    ndim, shape = 2, (1, 2)

    def __iter__(self) -> Iterator[str]:
        return iter(["height", "weight"])

    def to_numpy(self) -> Any:
        return numpy().array([[1.0, 2.0]])


# --- files ----------------------------------------------------------------------------------------------------


def load(content: bytes | None, model: Any = None) -> None:
    """Load a model from a file with this content; if it is None, from a file that does not exist."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        (model or mlp()).load(path)


def saved(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        model.save(path)
        with open(path, "rb") as file:
            return file.read()


def saved_by_torch() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.pt")
        torch().save(torch().nn.Linear(2, 1).state_dict(), path)
        with open(path, "rb") as file:
            return file.read()


# --- programs -------------------------------------------------------------------------------------------------

W = Value(2.0, "w")


def square_error() -> Any:
    return compiled(lambda x, y: (W * x[0] + x[1] - y) ** 2, like=([0.0, 0.0], 0.0))


def batch_norm() -> Any:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))


CONV = [[1.0, 2.0], [3.0, 4.0]]

# The mistake in words; code that makes it; the type of the exception; and a pattern of its message.
MISTAKES: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    # --- values
    ("a text as a number", lambda: value_of("3"), TypeError, r"not str: '3'; float\(\) reads a number from a text"),
    ("nothing as a number", lambda: value_of(None), TypeError, "; a function without a return gives None"),
    ("a list as a number", lambda: value_of([1, 2]), TypeError, r"not list: \[1, 2\]; give it the numbers one by one"),
    (
        "an array as a number",
        lambda: value_of(numpy().ones(2)),
        TypeError,
        r"not ndarray.*its \.tolist\(\) has plain numbers",
    ),
    (
        "a tensor as a number",
        lambda: value_of(torch().ones(2)),
        TypeError,
        r"not Tensor.*its \.tolist\(\) has plain numbers",
    ),
    ("a Value of a Value", lambda: value_of(v()), TypeError, r"not Value: .*the number of a Value is its \.data"),
    ("a complex number", lambda: value_of(1j), TypeError, "Value takes real numbers, not complex: 1j"),
    ("a label that is no text", lambda: value_of(1.0, label=3), TypeError, "a label must be a str, not int: 3"),
    ("two numbers for one Value", lambda: value_of(1.0, 2.0), TypeError, "a label must be a str, not float: 2.0"),
    ("math.exp", lambda: math.exp(v()), TypeError, r"would drop the gradient.*v\.tanh\(\) or autograd\.tanh\(v\)"),
    ("float", lambda: float(v()), TypeError, r"float\(\) .* would drop the gradient of a Value; use v\.data"),
    ("int", lambda: int(v()), TypeError, r"int\(\) would drop the gradient of a Value; use int\(v\.data\)"),
    ("round", lambda: round(v()), TypeError, r"round\(\) would drop the gradient of a Value; use round\(v\.data\)"),
    ("math.floor", lambda: math.floor(v()), TypeError, r"use math\.floor\(v\.data\) for the number"),
    ("a text added", lambda: v() + "1", TypeError, "takes real numbers, not str: '1'"),
    ("a list multiplied", lambda: v() * [1, 2], TypeError, r"not list: \[1, 2\]; give it the numbers one by one"),
    ("a tensor multiplied", lambda: torch().tensor(2.0) * v(), TypeError, r"not Tensor: tensor\(2\.\); its \.tolist"),
    ("^ for a power", lambda: v() ^ 2, TypeError, r"\^ is not a power in Python.*a power is v \*\* 2"),
    ("compared with a text", lambda: v() < "3", TypeError, "takes real numbers, not str: '3'"),
    ("the largest of a Value and a text", lambda: max([v(), "a"]), TypeError, "takes real numbers, not str: 'a'"),
    ("data of a result", lambda: setattr(v() * 2, "data", 1), AttributeError, "result of mul; set the data of leaves"),
    ("data set to a text", lambda: setattr(v(), "data", "3"), TypeError, "not str: '3'; float"),
    ("data set to a result", data_set_to_a_result, TypeError, r"not Value: .*the number of a Value is its \.data"),
    ("grad set to a text", lambda: setattr(v(), "grad", "3"), TypeError, "grad takes real numbers, not str: '3'"),
    ("an item of a Value", item_set, TypeError, "is one number and has no items; to set the number, write v"),
    ("a function of a list", lambda: autograd.exp([v()]), TypeError, "exp takes real numbers, not list"),
    ("a sum of lists", lambda: autograd.sum([[v()]]), TypeError, "sum takes real numbers, not list"),
    ("vectors of two lengths", lambda: autograd.dot([v()], [v(), v()]), ValueError, "of one length, got 1 and 2"),
    ("backward from a text", lambda: (v() * 2).backward("all"), TypeError, "backward takes real numbers, not str"),
    # --- the training loop
    ("no zero_grad", lambda: train("backward", "step"), TrainingWarning, r"call optimizer\.zero_grad\(\) before each"),
    ("no zero_grad with Adam", lambda: train("backward", "step", optimizer=nn.Adam), TrainingWarning, "zero_grad"),
    (
        "no zero_grad, and clipping",
        lambda: train("backward", "clip", "step"),
        TrainingWarning,
        "call optimizer.zero_grad",
    ),
    ("zero_grad after backward", lambda: train("backward", "zero_grad", "step"), TrainingWarning, "moves nothing"),
    ("no backward", lambda: train("zero_grad", "step"), TrainingWarning, r"was loss\.backward\(\) called before it"),
    ("backward without ()", lambda: train("backward without ()", "step"), TrainingWarning, "with parentheses"),
    (
        "step before backward",
        lambda: train("step", "backward"),
        TrainingWarning,
        "all gradients are 0; was loss.backward",
    ),
    ("a loss from no_grad", loss_without_a_graph, TrainingWarning, "does the loss depend on these parameters"),
    ("the optimiser of another model", optimizer_of_another_model, TrainingWarning, "does the loss depend on these"),
    ("an eager optimiser beside a program", eager_optimizer_beside_a_program, TrainingWarning, "moves nothing"),
    ("backward() beside a program", backward_beside_a_program, TrainingWarning, "moves nothing"),
    (
        "a model beside its program",
        lambda: model_after_a_program(lambda model: model(POINTS)),
        TrainingWarning,
        r"numbers from before training.*call program\.write_back\(\) first",
    ),
    (
        "saving beside a program",
        lambda: model_after_a_program(saved),
        TrainingWarning,
        r"this Linear has the numbers from before training.*call program\.write_back\(\) first",
    ),
    ("parameters not called", lambda: nn.SGD(mlp().parameters), TypeError, r"not method; call it: model\.parameters\("),
    ("a model for its parameters", lambda: nn.SGD(mlp()), TypeError, r"not MLP; write model\.parameters\(\)"),
    ("a program for its parameters", lambda: nn.SGD(square_error()), TypeError, r"write program\.parameters"),
    ("a state for parameters", lambda: nn.SGD(mlp().state_dict()), TypeError, r"not dict; write model\.parameters\(\)"),
    ("pairs for parameters", lambda: nn.SGD(mlp().named_parameters()), TypeError, r"write model\.parameters\(\);"),
    (
        "lists of parameters",
        lambda: nn.SGD([[v()], [v()]]),
        TypeError,
        r"item 0 is list.*join the lists: first \+ second",
    ),
    ("models in a list", lambda: nn.SGD([mlp(), mlp()]), TypeError, r"first\.parameters\(\) \+ second\.parameters\(\)"),
    ("one Value for a list", lambda: nn.SGD(v()), TypeError, "not Value; put it into a list"),
    ("numbers for parameters", lambda: nn.SGD([1.0]), TypeError, r"item 0 is float: 1\.0; a parameter is a Value"),
    ("tensors for parameters", lambda: nn.SGD(torch().nn.Linear(1, 1).parameters()), TypeError, "item 0 is Parameter"),
    ("results for parameters", lambda: nn.SGD([v() * 2]), ValueError, r"a result of mul .*only leaves are parameters"),
    ("no parameters", lambda: nn.SGD([]), ValueError, "got no parameters; was the generator used up"),
    ("a used-up generator", used_up_generator, ValueError, "got no parameters; was the generator used up"),
    (
        "a parameter twice",
        lambda: nn.SGD([W, W]),
        ValueError,
        r"got 'w' \(data 2\) twice \(item 1\); it would be moved",
    ),
    (
        "a result for a parameter",
        parameter_replaced_by_a_result,
        TypeError,
        r"Line\.w is a parameter.*set its number, w",
    ),
    ("a result in a list", parameter_in_a_list_replaced_by_a_result, TypeError, "a result of sub"),
    ("a loss for a closure", lambda: sgd().step(v() * 2), TypeError, "step takes a function that computes the loss"),
    # --- optimisers and schedulers
    ("lr a text", lambda: sgd("0.1"), TypeError, "lr must be a finite number, not '0.1'"),
    ("lr None", lambda: sgd(None), TypeError, "lr must be a finite number, not None"),
    ("lr negative", lambda: sgd(-1), ValueError, "lr must not be negative, but it is -1"),
    ("lr nan", lambda: sgd(math.nan), ValueError, "lr must be a finite number, not nan"),
    ("lr True", lambda: sgd(True), TypeError, "lr must be a finite number, not True"),
    ("lr a Value", lambda: sgd(v()), TypeError, r"lr must be a finite number, not a Value; give it the \.data, 2\.0"),
    ("lr a tensor", lambda: sgd(torch().tensor(0.5)), TypeError, r"lr must be a finite number, not tensor\(0\.5000"),
    ("betas a number", lambda: nn.Adam([v()], betas=0.9), TypeError, r"such as \(0\.9, 0\.999\), not 0\.9"),
    (
        "a beta of 1",
        lambda: nn.Adam([v()], betas=(0.9, 1)),
        ValueError,
        r"two numbers of at least 0 and below 1.* not \(0\.9, 1",
    ),
    (
        "learning_rate",
        lambda: nn.SGD([v()], learning_rate=0.1),
        TypeError,
        "no setting 'learning_rate', only params, lr",
    ),
    ("momentum for Adam", lambda: nn.Adam([v()], momentum=0.9), TypeError, "Adam has no setting 'momentum', only"),
    ("beta1 for betas", lambda: nn.Adam([v()], beta1=0.9), TypeError, r"no setting 'beta1' \(did you mean 'betas'\?\)"),
    ("nesterov alone", lambda: sgd(nesterov=True), ValueError, "nesterov needs momentum"),
    ("momentum a text", lambda: sgd(momentum="0.9"), TypeError, "momentum must be a finite number, not '0.9'"),
    ("weight_decay negative", lambda: sgd(weight_decay=-1), ValueError, "weight_decay must not be negative, but it is"),
    ("a setting of a group misspelt", lambda: sgd().param_groups[0].update(lrr=1), ValueError, "did you mean 'lr'"),
    (
        "a group without params",
        lambda: nn.SGD([{"param": [v()]}]),
        TypeError,
        "a group of parameters is a dict with 'params",
    ),
    ("Adam's state for SGD", lambda: sgd().load_state_dict(nn.Adam([v()]).state_dict()), ValueError, "it is from Adam"),
    (
        "a state of two",
        lambda: sgd().load_state_dict(nn.SGD([v(), v()]).state_dict()),
        ValueError,
        "2 parameters, not 1",
    ),
    (
        "a model's state for SGD",
        lambda: sgd().load_state_dict(mlp().state_dict()),
        ValueError,
        "did not come from an optimiser's",
    ),
    ("a scheduler of a model", lambda: nn.StepLR(mlp(), 10), TypeError, "StepLR takes an optimiser, not MLP"),
    ("a scheduler of a class", lambda: nn.StepLR(nn.SGD, 10), TypeError, "StepLR takes an optimiser, not <class"),
    ("a scheduler of parameters", lambda: nn.StepLR([v()], 10), TypeError, r"StepLR takes an optimiser, not \[Value"),
    ("step_size 0", lambda: nn.StepLR(sgd(), 0), ValueError, "step_size must be a positive whole number, not 0"),
    (
        "OneCycleLR without steps",
        lambda: nn.OneCycleLR(sgd(), 1.0),
        ValueError,
        "needs total_steps, or epochs and steps_per_epoch",
    ),
    ("a factor for lr_lambda", lambda: nn.LambdaLR(sgd(), 0.5), TypeError, "lr_lambda must be a function of the epoch"),
    (
        "an lr_lambda of None",
        lambda: nn.LambdaLR(sgd(), lambda t: None),
        TypeError,
        "what lr_lambda returns must be a finite",
    ),
    ("a mode misspelt", lambda: nn.ReduceLROnPlateau(sgd(), "mni"), ValueError, r"not 'mni' \(did you mean 'min'\?\)"),
    (
        "clipping at -1",
        lambda: nn.clip_grad_norm_([v()], -1),
        ValueError,
        "max_norm must not be negative, but it is -1",
    ),
    ("clipping a model", lambda: nn.clip_grad_norm_(mlp(), 1), TypeError, r"not MLP; write model\.parameters\(\)"),
    (
        "clipping gradients",
        lambda: nn.clip_grad_norm_([v().grad], 1),
        TypeError,
        r"item 0 is float: 0\.0; a parameter is",
    ),
    ("LBFGS without a closure", lambda: nn.LBFGS([v()]).step(), TypeError, "needs a function that computes the loss"),
    # --- layers
    ("too many inputs", lambda: linear()([1.0, 2.0, 3.0]), ValueError, "'linear' takes 2 inputs, got 3"),
    ("no inputs", lambda: linear()([]), ValueError, "'linear' takes 2 inputs, got 0"),
    ("rows of two lengths", lambda: linear()([[1.0, 2.0], [1.0]]), ValueError, "'linear' takes 2 inputs, got 1"),
    (
        "a number among rows",
        lambda: linear()([[1.0, 2.0], 3.0]),
        TypeError,
        "must be alike, but among lists there is 3",
    ),
    ("a tensor as input", lambda: linear()(torch().ones(2)), TypeError, r"input 1 is Tensor: .*; its \.tolist\(\) has"),
    ("texts as input", lambda: linear()(["1", "2"]), TypeError, r"input 1 is str: '1'; float\(\) reads a number"),
    ("a text as input", lambda: linear()("12"), TypeError, "takes a list of numbers, not str: '12'"),
    ("None as input", lambda: linear()(None), TypeError, "got NoneType: None; a function without a return"),
    ("a dict as input", lambda: linear()({"a": 1.0}), TypeError, r"takes a list of numbers, not dict: \{'a': 1\.0\}"),
    ("an activation in capitals", lambda: nn.MLP(2, [1], activation="Relu"), ValueError, "did you mean 'relu'"),
    ("an activation misspelt", lambda: nn.MLP(2, [1], activation="sigmiod"), ValueError, "did you mean 'sigmoid'"),
    (
        "an activation's class",
        lambda: nn.MLP(2, [1], activation=nn.ReLU),
        TypeError,
        r"ReLU is a class; write ReLU\(\)",
    ),
    ("one layer for a list", lambda: nn.MLP(2, 1), TypeError, r"such as \[16, 1\], not 1"),
    ("a class in Sequential", lambda: nn.Sequential(nn.Linear(2, 1), nn.ReLU), TypeError, r"is a class; write ReLU\("),
    (
        "a list for Sequential",
        lambda: nn.Sequential([linear()]),
        TypeError,
        "modules or functions, one by one, not list",
    ),
    (
        "a name in Sequential",
        lambda: nn.Sequential(linear(), "relu"),
        TypeError,
        "modules or functions, one by one, not",
    ),
    (
        "layers that do not fit",
        lambda: nn.Sequential(nn.Linear(2, 3), linear())(POINTS[0]),
        ValueError,
        "2'.*2 inputs, got",
    ),
    ("a ModuleList called", lambda: nn.ModuleList([linear()])(POINTS[0]), NotImplementedError, "or make a Sequential"),
    (
        "a layer's class called",
        lambda: nn.ReLU([1.0]),
        TypeError,
        r"make it first, then call it: ReLU\(\)\(x\); got",
    ),
    ("a size of 2.0", lambda: nn.Linear(2.0, 1), ValueError, "in_features must be a positive whole number, not 2.0"),
    ("a size of 0", lambda: nn.Linear(0, 1), ValueError, "in_features must be a positive whole number, not 0"),
    ("a size below 0", lambda: nn.Linear(2, -1), ValueError, "out_features must be a positive whole number, not -1"),
    (
        "one size of two",
        lambda: nn.Linear(3),
        TypeError,
        "numbers of its inputs and outputs, but out_features is missing",
    ),
    ("an activation for a bias", lambda: nn.Linear(2, 1, "relu"), TypeError, "bias must be True or False, not 'relu'"),
    (
        "heads that do not divide",
        lambda: nn.MultiheadAttention(5, 2),
        ValueError,
        "must be a multiple of num_heads, 2, not",
    ),
    ("an index out of range", lambda: nn.Embedding(3, 2)(3), ValueError, "takes whole numbers from 0 to 2, not 3"),
    ("an index of 1.5", lambda: nn.Embedding(3, 2)(1.5), ValueError, "takes whole numbers from 0 to 2, not 1.5"),
    (
        "a word for an index",
        lambda: nn.Embedding(3, 2)("cat"),
        ValueError,
        "takes whole numbers from 0 to 2, not 'cat'",
    ),
    ("a sequence too narrow", lambda: nn.RNN(3, 2)(CONV), ValueError, "with 3 numbers in each step, but step 1 has 2"),
    ("an image without channels", lambda: nn.Conv2d(1, 1, 2)(CONV), ValueError, "channels of rows.*3 levels.*got 2"),
    ("an image of one channel", lambda: nn.Conv2d(3, 1, 2)([CONV]), ValueError, "takes 3 channels, got 1"),
    (
        "a kernel beyond the image",
        lambda: nn.Conv2d(1, 1, 5)([CONV]),
        ValueError,
        "window of 5 numbers does not fit into",
    ),
    ("padding misspelt", lambda: nn.Conv2d(1, 1, 2, padding="sames"), ValueError, "'same' or 'valid', not 'sames'"),
    (
        "BatchNorm of one",
        lambda: nn.BatchNorm1d(2)([1.0, 2.0]),
        ValueError,
        "takes a batch in training.*got one example",
    ),
    ("a batch of one", lambda: nn.BatchNorm1d(2)([[1.0, 2.0]]), ValueError, "a batch of 1 example is too small"),
    ("per cent for Dropout", lambda: nn.Dropout(50), ValueError, "a probability between 0 and 1, not 50"),
    (
        "no forward",
        lambda: WithoutForward()([1.0]),
        NotImplementedError,
        r"does not define forward\(\).*def forward\(self",
    ),
    ("forward misspelt", lambda: Misspelt()([1.0]), NotImplementedError, r"forward\(\) \(did you mean 'foward'\?\)"),
    (
        "no return, then a loss",
        lambda: nn.mse([WithoutReturn()([1.0, 2.0])], [1.0]),
        TypeError,
        "predictions.*without a return",
    ),
    (
        "no return, then a layer",
        lambda: nn.Sequential(WithoutReturn(), linear())([1.0, 2.0]),
        TypeError,
        "without a return",
    ),
    ("no return, in fit", lambda: fit(WithoutReturn()), TypeError, "mse: predictions must be numbers, not None"),
    ("layers in a set", InASet, TypeError, r"InASet\.layers is a set of modules.*make it a list"),
    (
        "layers under an underscore",
        lambda: nn.SGD(Hidden().parameters()),
        ValueError,
        "do not begin with an underscore",
    ),
    ("parameters overwritten", OwnParameters, TypeError, "parameters is a method of every module.*choose another name"),
    ("train overwritten", OwnTrain, TypeError, "train is a method of every module.*choose another name"),
    ("a text for train", lambda: mlp().train("yes"), TypeError, "mode must be True or False, not 'yes'"),
    (
        "an optimiser before the layers",
        lambda: nn.SGD(Lazy().parameters()),
        ValueError,
        "those that the first call makes",
    ),
    # --- losses
    (
        "words for classes",
        lambda: nn.cross_entropy([[1.0, 2.0]], ["cat"]),
        ValueError,
        "not 'cat'; give each label a number",
    ),
    ("classes from 1 on", lambda: nn.cross_entropy([[1.0, 2.0]], [2]), ValueError, "not 2; classes are counted from 0"),
    ("a class of 1.0", lambda: nn.cross_entropy([[1.0, 2.0]], [1.0]), ValueError, r"not 1\.0; int\(\) makes one of it"),
    (
        "one-hot of another length",
        lambda: nn.cross_entropy([[1.0, 2.0]], [[0, 1, 0]]),
        ValueError,
        "2 logits, but 3 probabilities",
    ),
    (
        "one logit of two classes",
        lambda: nn.cross_entropy([[1.0]], [1]),
        ValueError,
        "a whole number from 0 to 0, not 1",
    ),
    (
        "swapped",
        lambda: nn.cross_entropy([1, 0], [[1.0, 2.0], [2.0, 1.0]]),
        ValueError,
        "predictions are the first argument",
    ),
    ("fewer targets", lambda: nn.mse([1.0, 2.0], [1.0]), ValueError, "mse: 2 predictions, but 1 targets"),
    ("no predictions", lambda: nn.mse([], []), ValueError, "mse: there are no predictions"),
    (
        "numbers for a column",
        lambda: nn.mse([[1.0]], [1.0]),
        ValueError,
        r"list of its own: \[\[t\] for t in targets\]",
    ),
    (
        "a column for numbers",
        lambda: nn.mse([1.0], [[1.0]]),
        ValueError,
        r"out of its list: \[t\[0\] for t in targets\]",
    ),
    ("texts for targets", lambda: nn.mse([1.0], ["1"]), TypeError, r"mse: targets must be numbers, not '1'; float\(\)"),
    (
        "a tensor of targets",
        lambda: nn.mse([v()], torch().ones(1)),
        TypeError,
        r"targets must be numbers.*its \.tolist\(\)",
    ),
    ("logits for probabilities", lambda: nn.bce([2.3], [1]), ValueError, "not 2.3; bce_with_logits takes any"),
    (
        "labels of -1 and 1",
        lambda: nn.bce_with_logits([0.3], [-1]),
        ValueError,
        "0 or 1, or a probability between them",
    ),
    ("labels of 0 and 1", lambda: nn.hinge([0.3], [0]), ValueError, "hinge: labels must be -1 or 1, not 0"),
    ("a reduction misspelt", lambda: nn.mse([1.0], [1.0], "avg"), ValueError, "'mean', 'sum' or 'none', not 'avg'"),
    (
        "a weight too many",
        lambda: nn.CrossEntropyLoss(weight=[1, 2, 3])([[1.0, 2.0]], [1]),
        ValueError,
        "of 2 classes, not 3",
    ),
    ("all targets ignored", lambda: nn.CrossEntropyLoss()([[1.0, 2.0]], [-100]), ValueError, "all targets are ignored"),
    ("a penalty for a loss", lambda: nn.l1([1.0], [1.0]), TypeError, "a penalty on parameters.*targets is l1_loss"),
    (
        "a penalty on a model",
        lambda: nn.l2(mlp()),
        TypeError,
        r"takes a list of parameters, not MLP; write model\.parameters",
    ),
    (
        "a loss's class called",
        lambda: nn.MSELoss([1.0], [2.0]),
        TypeError,
        r"MSELoss\(\)\(predictions, targets\); among",
    ),
    ("delta below 0", lambda: nn.huber([1.0], [1.0], delta=-1), ValueError, "huber: delta must be positive, not -1"),
    (
        "accuracy of one-hot rows",
        lambda: nn.accuracy([[1.0, 2.0]], [[0, 1]]),
        ValueError,
        r"not \[0, 1\]; .*row\.index",
    ),
    # --- saving and loading
    (
        "another architecture",
        lambda: load(saved(mlp()), linear()),
        ValueError,
        "does not fit this Linear: weight is missing",
    ),
    ("another size", lambda: load(saved(mlp()), nn.MLP(2, [4, 1])), ValueError, "must be a list of 4, not a list of 3"),
    (
        "PyTorch's file",
        lambda: load(saved_by_torch(), linear()),
        ValueError,
        r"is read by torch\.load\(\).*load_state_dict",
    ),
    (
        "a damaged file",
        lambda: load(saved(mlp())[:50]),
        ValueError,
        r"is not JSON, or it is damaged: .*; save it again",
    ),
    ("another JSON file", lambda: load(json.dumps({"a": 1}).encode()), ValueError, "is not a file of parameters"),
    ("no file", lambda: load(None), FileNotFoundError, "there is no file '"),
    (
        "no folder",
        lambda: mlp().save("/no/such/folder/model.json"),
        FileNotFoundError,
        "there is no folder '/no/such/folder",
    ),
    (
        "the optimiser's state",
        lambda: mlp().load_state_dict(sgd().state_dict()),
        ValueError,
        "layer1.neuron1.w is missing",
    ),
    ("a path for a state", lambda: mlp().load_state_dict("a.json"), TypeError, r"not str; load\(path\) reads a file"),
    ("a model for a state", lambda: mlp().load_state_dict(mlp()), TypeError, r"not MLP; call state_dict\(\)"),
    (
        "state_dict not called",
        lambda: mlp().load_state_dict(mlp().state_dict),
        TypeError,
        r"not method; call state_dict\(",
    ),
    (
        "loaded before the first call",
        load_before_the_first_call,
        ValueError,
        "call the module once before, if it makes",
    ),
    # --- data and fit
    ("fewer targets than inputs", lambda: fit(data=(POINTS, [1.0])), ValueError, "column 1 has 3 and column 2 has 1"),
    ("inputs alone", lambda: fit(data=POINTS), TypeError, r"data must be a tuple \(inputs, targets\)"),
    ("a dict of data", lambda: fit(data={"X": POINTS}), TypeError, r"must be a tuple \(inputs, targets\).*not dict"),
    ("no examples", lambda: fit(data=([], [])), ValueError, "there are no examples: the columns are empty"),
    ("batch_size 0", lambda: fit(batch_size=0), ValueError, "batch_size must be a positive whole number, not 0"),
    ("batch_size 2.0", lambda: fit(batch_size=2.0), ValueError, "batch_size must be a positive whole number, not 2.0"),
    ("epochs 0", lambda: fit(epochs=0), ValueError, "epochs must be a positive whole number, not 0"),
    ("a model's class", lambda: fit(nn.MLP), TypeError, r"MLP is a class, so make one: MLP\(\.\.\.\)"),
    ("a loss's class", lambda: fit(loss=nn.MSELoss), TypeError, r"MSELoss is a class, so make one: MSELoss\(\.\.\.\)"),
    (
        "a loss's name",
        lambda: fit(loss="msee"),
        TypeError,
        "a function of predictions and targets, such as nn.mse, not 'msee",
    ),
    ("a loss's result", lambda: fit(loss=nn.mse([1.0], [1.0])), TypeError, r"such as nn\.mse, not 0\.0"),
    ("an optimiser's name", lambda: fit(optimizer="adam"), TypeError, "such as nn.Adam, not 'adam'"),
    ("a learning rate for an optimiser", lambda: fit(optimizer=0.1), TypeError, r"such as nn\.Adam, not 0\.1"),
    (
        "a foreign optimiser",
        lambda: fit(optimizer=sgd()),
        ValueError,
        "moves 'v' .*, which is not a parameter of the model",
    ),
    (
        "a finished scheduler",
        lambda: fit(scheduler=nn.StepLR(sgd(), 3)),
        TypeError,
        r"scheduler=lambda optimizer: \.\.\.",
    ),
    (
        "validation without targets",
        lambda: fit(validation=POINTS),
        TypeError,
        r"validation must be a tuple \(inputs, targets",
    ),
    ("a share for validation", lambda: fit(validation=0.2), TypeError, r"validation must be a tuple .*not float: 0\.2"),
    ("metrics without validation", lambda: fit(metrics={"a": nn.accuracy}), ValueError, "give validation="),
    ("a number as callback", lambda: fit(callbacks=[3]), TypeError, "a callback is a function of the Training.*not 3"),
    ("one callback for a list", lambda: fit(callbacks=print), TypeError, "callbacks must be a list of functions"),
    (
        "a callback's class",
        lambda: fit(callbacks=[nn.EarlyStopping]),
        TypeError,
        "EarlyStopping is a class, so make one",
    ),
    ("batch-norm compiled", lambda: compiled(len) and fit(batch_norm(), compiled=True), ValueError, 'compiled="batch"'),
    (
        "a huge learning rate",
        lambda: fit(epochs=99, optimizer=lambda p: nn.SGD(p, lr=1e6)),
        FloatingPointError,
        "too large",
    ),
    ("inputs of nan", lambda: fit(data=([[math.nan, 1.0]], [[1.0]])), FloatingPointError, "the loss is nan in step 1"),
    ("a column for one output", lambda: fit(mlp()), ValueError, r"take each of the targets out of its list: \[t\[0\]"),
    ("numbers for one-number rows", lambda: fit(data=(POINTS, NUMBERS)), ValueError, r"list of its own: \[\[t\] for t"),
    (
        "words as targets",
        lambda: fit(nn.Linear(2, 2), nn.cross_entropy, (POINTS, ["a"] * 3)),
        ValueError,
        "not 'a'; give each",
    ),
    ("a dataset's class", lambda: nn.DataLoader(nn.TensorDataset), TypeError, "TensorDataset is a class, so make one"),
    ("one share of the data", lambda: nn.random_split(POINTS, 0.8), TypeError, r"such as \[0\.8, 0\.2\], not 0\.8"),
    (
        "shares beyond 1",
        lambda: nn.random_split(POINTS, [0.8, 0.3]),
        ValueError,
        "must add up to 1, not 1.1",
    ),
    # --- compile
    ("if on data", lambda: compiled(lambda x: W if x > 0 else x, like=(0.0,)), CompileError, r"use autograd\.where\("),
    (
        "the largest of data",
        lambda: compiled(lambda x: W * max(x), like=([0.0, 1.0],)),
        CompileError,
        "use autograd.where",
    ),
    (
        ".data",
        lambda: compiled(lambda x: W * W.data * x, like=(0.0,)),
        CompileError,
        r"\(\.data\).*compute with the Value itself",
    ),
    ("float() of data", lambda: compiled(lambda x: W * float(x), like=(0.0,)), CompileError, r"by float\(\), int\(\)"),
    (
        "an index",
        lambda: compiled(lambda x: [W, W][x], like=(0,)),
        CompileError,
        "x is used as an index or a count here",
    ),
    (
        "a format",
        lambda: compiled(lambda x: [f"{x:.2f}", W][1], like=(0.0,)),
        CompileError,
        "print it without a format to see",
    ),
    (
        "random numbers",
        lambda: compiled(lambda x: W * x * random.random(), like=(0.0,)),
        CompileError,
        "draw random numbers",
    ),
    (
        "backward() inside",
        lambda: compiled(lambda x: (W * x).backward(), like=(0.0,)),
        CompileError,
        "return what is to be",
    ),
    ("no return", lambda: compiled(lambda x: None, like=(0.0,)), CompileError, "returned None.*must return Values"),
    ("no parameters in it", lambda: compiled(lambda x: x * x, like=(0.0,)), CompileError, "depend on any parameter"),
    (
        "a loss for a function",
        lambda: compiled(v() * 2),
        TypeError,
        r"takes a function, not Value.*write lambda: \.\.\.",
    ),
    (
        "like a number",
        lambda: compiled(lambda x: W * x, like=0.0),
        TypeError,
        r"like is a list of the arguments.*not 0\.0",
    ),
    (
        "like one argument",
        lambda: compiled(linear(), like=[0.0, 0.0]),
        TypeError,
        r"like=\(\[0\.0, 0\.0\],\) for one that is",
    ),
    (
        "an example for a batch",
        lambda: square_error()([1.0, 2.0], [1.0]),
        ValueError,
        r"x has the shape \(2,\), but.*batch",
    ),
    (
        "too wide",
        lambda: square_error()([[1.0, 2.0, 3.0]], [1.0]),
        ValueError,
        r"\(1, 3\), but the program was compiled for",
    ),
    (
        "unequal rows",
        lambda: square_error()([[1.0, 2.0], [1.0]], [1.0, 2.0]),
        TypeError,
        r"x must be an array of real numbers",
    ),
    ("unequal columns", lambda: square_error()([[1.0, 2.0]], [1.0, 2.0]), ValueError, "y has 2 examples, but x has 1"),
    ("targets forgotten", lambda: square_error()([[1.0, 2.0]]), TypeError, "the program takes 2 arguments, got 1"),
    # --- functional transforms
    (
        "grad of a list",
        lambda: autograd.grad(lambda x: [x, x])(1.0),
        TypeError,
        "returned list; use jacobian for several",
    ),
    ("grad of nothing", lambda: autograd.grad(lambda x: None)(1.0), TypeError, "returned NoneType"),
    ("grad at a text", lambda: autograd.grad(lambda x: x)("a"), TypeError, "grad takes real numbers, not str: 'a'"),
    ("grad of a Value", lambda: autograd.grad(v() * 2)(1.0), TypeError, "grad takes a function, not Value"),
    ("grad with math.sin", lambda: autograd.grad(lambda x: math.sin(x))(1.0), TypeError, "would drop the gradient"),
    (
        "grad with .data",
        lambda: autograd.grad(lambda x: x.data**2)(3.0),
        UserWarning,
        r"returned a plain number, 9\.0.*the Values",
    ),
    ("grad of a method with .data", lambda: autograd.grad(Line().cubed)(2.0), UserWarning, "compute with the Values"),
    ("a name misspelt", lambda: nn.functional_call(linear(), {"wieght": []}, []), ValueError, "did you mean 'weight'"),
    ("a state before the model", lambda: nn.functional_call({}, linear(), []), TypeError, "takes a module, not dict"),
]


@pytest.mark.parametrize(("make", "kind", "words"), [pytest.param(*row[1:], id=row[0]) for row in MISTAKES])
def test_a_mistake_gets_a_sentence(make: Callable[[], Any], kind: type[Exception], words: str) -> None:
    if issubclass(kind, Warning):
        with pytest.warns(kind, match=words):
            make()
    else:
        with pytest.raises(kind, match=words):
            make()


def test_the_table_is_long_and_every_title_is_there_once() -> None:
    titles = [row[0] for row in MISTAKES]
    assert len(set(titles)) == len(titles) >= 90


# --- no false alarms --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        ["zero_grad", "backward", "step"],
        ["backward", "step", "zero_grad"],
        ["zero_grad", "backward", "backward", "step"],
        ["zero_grad", "backward", "clip", "step"],
        ["zero_grad", "backward", "step", "step"],
        ["zero_grad", "backward", "backward", "clip", "step"],
    ],
    ids=" ".join,
)
def test_no_warning_where_nothing_is_wrong(lines: list[str]) -> None:
    train(*lines, steps=4)  # warnings are errors here


def test_no_warning_for_a_compiled_program() -> None:
    """A program replaces its gradient, so nothing is left of the previous step."""
    w = v()
    program = compiled(lambda x, y: (w * x - y) ** 2)
    program([1.0], [1.0])
    optimizer = nn.SGD(program.parameters, lr=0.1)
    for _ in range(3):
        (v() * 2).backward()
        program([1.0], [1.0])
        optimizer.step()
    assert program.parameters.data[0] == pytest.approx(1.0 + 0.8**3, rel=1e-15)


@pytest.mark.parametrize("use", [lambda model: model(POINTS), saved])
def test_no_warning_after_write_back(use: Callable[[Any], Any]) -> None:
    model_after_a_program(use, write_back=True)


def test_no_warning_while_a_second_program_is_compiled() -> None:
    """The second program shares the parameters of the first, so the first program's numbers are used."""
    model = linear()
    program = compiled(lambda x, y: nn.mse(model(x), y), like=(POINTS[0], COLUMN[0]))
    program.parameters.data += 1.0
    program.parameters.data = program.parameters.data
    other = compiled(model, parameters=program.parameters, like=(POINTS[0],), gradient=False)
    assert other.outputs(POINTS)[0] == pytest.approx(model.weight[0][1].data + model.bias[0].data + 2.0)


def test_weight_decay_alone_is_a_step() -> None:
    w = v()
    nn.SGD([w], lr=0.5, weight_decay=0.5).step()
    assert w.data == 1.5


@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("kind", ["eager", "compiled"])
def test_a_gradient_of_0_is_one(kind: str, clipped: bool) -> None:
    """The gradient of a dead unit is 0, which does not mean that it is missing, whether it is clipped or not."""
    w = Value(-1.0)
    if kind == "eager":
        optimizer = nn.SGD([w], lr=0.1)
        w.relu().backward()
    else:
        program = compiled(lambda x: (w * x).relu(), like=(1.0,))
        optimizer = nn.SGD(program.parameters, lr=0.1)
        program([1.0])
    if clipped:
        nn.clip_grad_norm_([w] if kind == "eager" else program.parameters, 1.0)
    optimizer.step()
    assert optimizer.steps == 1


def test_frozen_parameters_need_no_gradient() -> None:
    model = linear().requires_grad_(False)
    nn.SGD(model.parameters(), lr=0.1).step()


def test_a_parameter_that_is_the_loss_trains_without_a_warning() -> None:
    w = Value(1.0)
    optimizer = nn.SGD([w], lr=0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            optimizer.zero_grad()
            w.backward()
            optimizer.step()
    assert w.data == 0.25  # the slope is 1 each time


@pytest.mark.parametrize("lines", [["backward", "step"], ["step"]])
def test_an_optimiser_warns_once(lines: list[str]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(*lines, steps=5)
    assert [warning.category for warning in caught] == [TrainingWarning]
    assert caught[0].filename == __file__


def test_adding_up_over_steps_can_be_meant() -> None:
    """f = w**2 from 1 with lr 1/4: the gradients are 2 and 1, so the second step moves by (2 + 1)/4."""
    w = Value(1.0)
    optimizer = nn.SGD([w], lr=0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        for _ in range(2):
            (w * w).backward()
            optimizer.step()
    assert w.data == -0.25


@pytest.mark.parametrize("backward", [True, False])
def test_a_warning_that_is_an_error_leaves_all_as_it_was(backward: bool) -> None:
    w = Value(1.0)
    optimizer = nn.Adam([w], lr=0.25)
    if backward:
        (w * w).backward()
        optimizer.step()
        (w * w).backward()
    before = w.data, w.grad, optimizer.state_dict()
    with pytest.raises(TrainingWarning):
        optimizer.step()
    assert (w.data, w.grad, optimizer.state_dict()) == before


# --- what looks like a mistake, and works ------------------------------------------------------------------------


class InADict(Module):
    """Layers in a plain dict, and no super().__init__()."""

    def __init__(self) -> None:
        self.layers = {"hidden": nn.Linear(2, 4, seed=1), "out": nn.Linear(4, 1, seed=2)}

    def forward(self, x: Any) -> Any:
        return self.layers["out"](nn.Tanh()(self.layers["hidden"](x)))


def test_layers_in_a_dict_are_trained() -> None:
    model = InADict()
    before = [p.data for p in model.parameters()]
    history = fit(model, epochs=50, optimizer=lambda parameters: nn.Adam(parameters, lr=0.05))
    assert len(before) == 2 * 4 + 4 + 4 + 1
    assert all(p.data != x for p, x in zip(model.parameters(), before))
    assert history.loss[-1] < history.loss[0] / 10


def test_after_loading_the_optimiser_moves_what_was_loaded() -> None:
    """Loading sets the numbers of the parameters, which stay the same Values."""
    model, other = linear(), nn.Linear(2, 1, seed=2)
    optimizer = nn.SGD(model.parameters(), lr=0.5)
    model.load_state_dict(other.state_dict())
    loss = nn.mse([model([1.0, 2.0])], [[1.0]])
    loss.backward()
    optimizer.step()
    slope = 2.0 * (other([1.0, 2.0])[0].data - 1.0)
    expected = [p.data - 0.5 * slope * x for p, x in zip(other.parameters(), [1.0, 2.0, 1.0])]
    assert [p.data for p in model.parameters()] == pytest.approx(expected, rel=1e-12)


def test_a_function_that_prints_is_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: Any) -> Any:
        print("x is", x)
        return W * x

    assert compiled(f, like=(0.0,))([3.0])[0] == 6.0
    assert "x is Placeholder('x')" in capsys.readouterr().out


def test_tables_are_arrays() -> None:
    assert [y.data for y in nn.Linear(2, 1, init="zeros")(Table())[0]] == [0.0]


def test_functions_may_take_the_place_of_methods() -> None:
    model = linear()
    model.forward = lambda x: 3.0
    assert model([1.0, 2.0]) == 3.0
