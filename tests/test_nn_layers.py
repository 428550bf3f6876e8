"""Layers compared with their formulas, written out here with floats, with PyTorch and with micrograd."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from mpmath import mp, mpf

import autograd
import nn
from autograd import Graph, Value

from .accuracy import TRUTHS, pytorchs, slopes, twin

# Textbook formulas and their derivatives, for ordinary arguments.
FORMULAS: dict[str, tuple[Callable[[float], Any], Callable[[float], Any]]] = {
    "relu": (lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "leaky_relu": (lambda x: x if x > 0 else 0.01 * x, lambda x: 1.0 if x > 0 else 0.01),
    "elu": (lambda x: x if x > 0 else math.exp(x) - 1, lambda x: 1.0 if x > 0 else math.exp(x)),
    "selu": (
        lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1)),
        lambda x: 1.0507009873554805 * (1.0 if x > 0 else 1.6732632423543772 * math.exp(x)),
    ),
    "sigmoid": (lambda x: 1 / (1 + math.exp(-x)), lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2),
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "softplus": (lambda x: math.log(1 + math.exp(x)), lambda x: 1 / (1 + math.exp(-x))),
    "silu": (
        lambda x: x / (1 + math.exp(-x)),
        lambda x: 1 / (1 + math.exp(-x)) + x * math.exp(-x) / (1 + math.exp(-x)) ** 2,
    ),
    "gelu": (
        lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
        lambda x: (1 + math.erf(x / math.sqrt(2))) / 2 + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    ),
}
every_activation = pytest.mark.parametrize("name", nn.ACTIVATIONS)


def formulas(name: str) -> tuple[Callable[[float], Any], Callable[[float], Any]]:
    """An activation and its slope: as written above, or from `TRUTHS` of ``tests.accuracy``."""
    rest = autograd.ops.OPS[name].defaults
    return FORMULAS.get(name) or (
        lambda x: float(TRUTHS[name].formula(*map(mpf, (x, *rest)))),
        lambda x: slopes(name, (x, *rest))[0],
    )


def test_what_is_written_above_and_the_truths_agree() -> None:
    assert FORMULAS.keys() <= nn.ACTIVATIONS.keys()
    for name, (f, slope) in FORMULAS.items():
        rest = autograd.ops.OPS[name].defaults
        for x in (-2.5, -0.3, 0.4, 1.7):
            assert f(x) == pytest.approx(float(TRUTHS[name].formula(*map(mpf, (x, *rest)))), rel=1e-13), name
            assert slope(x) == pytest.approx(slopes(name, (x, *rest))[0], rel=1e-13), name


def numbers(values: Any) -> Any:
    return [numbers(x) for x in values] if isinstance(values, (list, tuple)) else values.data


# --- neuron, layer, MLP -----------------------------------------------------------------------------------------


@every_activation
def test_mlp_equals_the_four_equations(name: str) -> None:
    f, slope = formulas(name)
    model = nn.MLP(2, [3, 2], activation=name, output_activation=name, seed=11)
    x = [Value(0.7), Value(-1.3)]
    outputs = model(x)
    loss = outputs[0] * outputs[0] + 3 * outputs[1]
    loss.backward()

    weights = [[numbers(n.w) for n in layer.neurons] for layer in model.layers]
    activations, zs = [[0.7, -1.3]], []
    for matrix in weights:
        zs.append([sum(w * a for w, a in zip(row, activations[-1])) for row in matrix])
        activations.append([f(z) for z in zs[-1]])
    assert numbers(outputs) == pytest.approx(activations[2], rel=1e-13)

    delta = [2 * activations[2][0] * slope(zs[1][0]), 3 * slope(zs[1][1])]
    for number in (1, 0):
        neurons = model.layers[number].neurons
        assert [n.b.grad for n in neurons if n.b is not None] == pytest.approx(delta, rel=1e-12)
        for neuron, d in zip(neurons, delta):
            assert [w.grad for w in neuron.w] == pytest.approx([d * a for a in activations[number]], rel=1e-12)
        back = [sum(row[j] * d for row, d in zip(weights[number], delta)) for j in range(len(weights[number][0]))]
        delta = [b * slope(z) for b, z in zip(back, zs[0])] if number else back
    assert [v.grad for v in x] == pytest.approx(delta, rel=1e-12)


@every_activation
def test_mlp_equals_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    model = nn.MLP(3, [4, 4, 2], activation=name, seed=1)
    x = [0.5, -1.0, 2.0]
    outputs = model(x)
    autograd.sum(outputs).backward()
    a = torch.tensor(x, dtype=torch.float64)
    tensors = []
    for i, layer in enumerate(model.layers):
        w, b = ([numbers(n.w) for n in layer.neurons], [n.b.data for n in layer.neurons])  # type: ignore[union-attr]
        tensors += [torch.tensor(t, dtype=torch.float64, requires_grad=True) for t in (w, b)]
        a = tensors[-2] @ a + tensors[-1]
        if i < 2:
            function, rest = pytorchs(torch, name), autograd.ops.OPS[name].defaults
            constants = torch.tensor(rest, dtype=torch.float64)
            a = function(a) if function else torch.stack([twin(torch, name)(z, *constants) for z in a])
    a.sum().backward()
    assert numbers(outputs) == pytest.approx(a.tolist(), rel=1e-13)
    for i, layer in enumerate(model.layers):
        for neuron, row, b in zip(layer.neurons, tensors[2 * i].grad.tolist(), tensors[2 * i + 1].grad.tolist()):
            assert [p.grad for p in neuron.parameters()] == pytest.approx([*row, b], rel=1e-12, abs=1e-15)


def test_mlp_equals_micrograd_for_the_same_seed() -> None:
    micrograd = pytest.importorskip("micrograd.nn", reason="micrograd is not installed")
    random.seed(1337)
    theirs = micrograd.MLP(2, [16, 16, 1])
    random.seed(1337)
    ours = nn.MLP(2, [16, 16, 1])
    assert [p.data for p in ours.parameters()] == [p.data for p in theirs.parameters()]
    assert repr(ours) == repr(theirs)
    x = [0.3, -0.8]
    y, expected = ours(x), theirs(x)
    assert y.data == expected.data  # to the bit: the sums are added up in the same order
    y.backward()
    expected.backward()
    assert [p.grad for p in ours.parameters()] == pytest.approx([p.grad for p in theirs.parameters()], rel=1e-12)


def test_weights_are_drawn_in_micrograds_order() -> None:
    random.seed(3)
    expected = [[random.uniform(-1, 1) for _ in range(nin)] for nin, nout in ((2, 3), (3, 1)) for _ in range(nout)]
    random.seed(3)
    neurons = [n for layer in nn.MLP(2, [3, 1]).layers for n in layer.neurons]
    assert [numbers(n.w) for n in neurons] == expected
    assert [n.b.data for n in neurons if n.b is not None] == [0.0] * 4


def test_a_seed_is_repeatable_and_leaves_the_global_generator_alone() -> None:
    random.seed(0)
    state = random.getstate()
    a, b, c = nn.MLP(2, [3, 1], seed=7), nn.MLP(2, [3, 1], seed=random.Random(7)), nn.MLP(2, [3, 1], seed=8)
    assert random.getstate() == state
    assert a.state_dict() == b.state_dict() != c.state_dict()
    weights = [w for name, w in a.state_dict().items() if name.startswith("layer1") and name.endswith("w")]
    assert len({tuple(w) for w in weights}) == 3  # the neurons share one generator


def test_repr_in_micrograds_form() -> None:
    assert repr(nn.MLP(2, [2, 1])) == "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    assert repr(nn.MLP(1, [1], output_activation="sigmoid")) == "MLP of [Layer of [SigmoidNeuron(1)]]"
    assert repr(nn.Neuron(1, activation=autograd.gelu)) == "GELUNeuron(1)"
    assert repr(nn.Neuron(1, activation=nn.Tanh())) == "TanhNeuron(1)"
    assert repr(nn.Neuron(1, activation=None)) == repr(nn.Neuron(1, nonlin=False)) == "LinearNeuron(1)"


def test_one_neuron_returns_a_value_and_several_a_list() -> None:
    assert isinstance(nn.Layer(2, 1)([1.0, 2.0]), Value)
    assert isinstance(nn.Layer(2, 2)([1.0, 2.0]), list)
    assert isinstance(nn.MLP(2, [1, 3, 1])([1.0, 2.0]), Value)  # a layer of one neuron in the middle
    assert isinstance(nn.MLP(1, [2])(0.5), list)  # a bare number counts as one input
    assert isinstance(nn.MLP(1, [2])(Value(0.5)), list)


def test_a_neuron_is_one_dot_product_and_numbers_become_values_once() -> None:
    counts = Graph(autograd.sum(nn.MLP(2, [4, 3], activation="tanh", bias=False)([1.0, 2.0])))
    assert counts.counts == {"dot": 7, "tanh": 4, "sum": 1}
    assert len(counts.leaves) == 2 + 4 * 2 + 3 * 4


def test_nonlin_can_be_switched_off_as_in_micrograd() -> None:
    neuron = nn.Neuron(1, init=nn.init.constant(-1.0))
    assert neuron([2.0]).data == 0.0
    neuron.nonlin = False
    assert neuron([2.0]).data == -2.0


def test_an_activation_may_be_a_function_or_a_module_with_parameters() -> None:
    square = nn.Neuron(1, activation=lambda v: v * v, init=nn.init.constant(3.0))
    assert square([2.0]).data == 36.0
    slope = Value(0.25)
    layer = nn.Layer(1, 2, activation=nn.LeakyReLU(slope), init=nn.init.constant(-2.0))
    assert numbers(layer([2.0])) == [-1.0, -1.0]
    assert [name for name, p in layer.named_parameters() if p is slope] == ["neuron1.activation.negative_slope"]
    autograd.sum(layer([2.0])).backward()
    assert slope.grad == -8.0  # d(slope * -4)/d(slope), for each of two neurons


def test_without_bias() -> None:
    model = nn.MLP(2, [2, 1], bias=False, init=nn.init.constant(1.0))
    assert len(model.parameters()) == 6
    assert model([1.0, 2.0]).data == 6.0


CHOICES = f"choose one of {', '.join(nn.ACTIVATIONS)}, or give a function"
BAD_CALLS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "MLP, too many": (
        lambda: nn.MLP(2, [3, 1])([1, 2, 3]),
        ValueError,
        "Neuron 'mlp.layer1.neuron1' takes 2 inputs, got 3",
    ),
    "MLP, none": (lambda: nn.MLP(2, [3, 1])([]), ValueError, "Neuron 'mlp.layer1.neuron1' takes 2 inputs, got 0"),
    "Neuron": (lambda: nn.Neuron(2)([1.0]), ValueError, "Neuron 'neuron' takes 2 inputs, got 1"),
    "forward": (lambda: nn.Neuron(2).forward([1.0]), ValueError, "Neuron takes 2 inputs, got 1"),
    "Linear": (lambda: nn.Linear(2, 3)([1.0]), ValueError, "Linear 'linear' takes 2 inputs, got 1"),
    # sizes
    "nin": (lambda: nn.Neuron(0), ValueError, "nin must be a positive whole number, not 0"),
    "float nin": (lambda: nn.MLP(2.0, [1]), ValueError, "nin must be a positive whole number, not 2.0"),  # type: ignore[arg-type]
    "text nin": (lambda: nn.Linear("2", 3), ValueError, "in_features must be a positive whole number, not '2'"),  # type: ignore[arg-type]
    "bool nin": (lambda: nn.Linear(True, 3), ValueError, "in_features must be a positive whole number, not True"),
    "nout": (lambda: nn.MLP(2, [-3, 1]), ValueError, "nout must be a positive whole number, not -3"),
    "Linear nout": (lambda: nn.Linear(2, 0), ValueError, "out_features must be a positive whole number, not 0"),
    "Neuron nout": (lambda: nn.Neuron(2, nout=0), ValueError, "nout must be a positive whole number, not 0"),
    "nested nouts": (lambda: nn.MLP(2, [[3], 1]), ValueError, "nout must be a positive whole number, not [3]"),  # type: ignore[list-item]
    "nouts": (
        lambda: nn.MLP(2, []),
        ValueError,
        "nouts must have a number of neurons for at least one layer, but it is empty",
    ),
    **{
        f"nouts: {given!r}": (
            lambda given=given: nn.MLP(2, given),  # type: ignore[misc]
            TypeError,
            f"nouts must be a list with the number of neurons of each layer, such as [16, 1], not {given!r}",
        )
        for given in (1, "16", {16, 1}, {16: 1}, None, Value(3.0))
    },
    # activations and other functions
    "activation": (
        lambda: nn.MLP(2, [1, 1], activation="rely"),
        ValueError,
        f"there is no activation 'rely' (did you mean 'relu'?); {CHOICES}",
    ),
    "activation of no layer": (
        lambda: nn.MLP(2, [1], activation="LeakyReLU"),
        ValueError,
        f"there is no activation 'LeakyReLU' (did you mean 'leaky_relu'?); {CHOICES}",
    ),
    "unlike any": (
        lambda: nn.Layer(2, 1, activation="square"),
        ValueError,
        f"there is no activation 'square'; {CHOICES}",
    ),
    "odd activation": (
        lambda: nn.Neuron(2, activation=3),  # type: ignore[arg-type]
        TypeError,
        "activation must be a name or a function of a Value, not 3",
    ),
    "activation's class": (
        lambda: nn.MLP(2, [1], activation=nn.ReLU),
        TypeError,
        "activation must be a name or a function of a Value, but ReLU is a class; write ReLU()",
    ),
    "activation set later": (
        lambda: setattr(nn.Neuron(2), "activation", nn.Tanh),
        TypeError,
        "activation must be a name or a function of a Value, but Tanh is a class; write Tanh()",
    ),
    "positional activation": (
        lambda: nn.Neuron(2, "tanh"),  # type: ignore[arg-type]
        TypeError,
        "nonlin must be True or False, not 'tanh'",
    ),
    "positional, Linear": (lambda: nn.Linear(2, 3, "tanh"), TypeError, "bias must be True or False, not 'tanh'"),  # type: ignore[arg-type]
    "slope": (lambda: nn.LeakyReLU("0.1"), TypeError, "negative_slope must be a finite number, not '0.1'"),
    "alpha": (lambda: nn.ELU(math.nan), ValueError, "alpha must be a finite number, not nan"),
    "Sequential": (
        lambda: nn.Sequential([nn.ReLU()]),  # type: ignore[arg-type]
        TypeError,
        "Sequential takes modules or functions, one by one, not list",
    ),
    "Sequential of classes": (
        lambda: nn.Sequential(nn.Linear(2, 2), nn.ReLU),
        TypeError,
        "Sequential takes modules, but ReLU is a class; write ReLU(...)",
    ),
    # how weights start
    "init": (
        lambda: nn.Linear(2, 3, init=lambda random, nin, nout: None),  # type: ignore[arg-type]
        TypeError,
        "init must give a number for each weight, not None",
    ),
    "init, text": (
        lambda: nn.MLP(2, [3], init=lambda random, nin, nout: "1"),
        TypeError,
        "init must give a number for each weight, not '1'",
    ),
    "init of other arguments": (
        lambda: nn.Neuron(2, init=nn.init.constant),  # type: ignore[arg-type]
        TypeError,
        "init must be a function (random, nin, nout) -> float, but constant takes other arguments",
    ),
    "gain": (lambda: nn.init.xavier_normal("relu"), TypeError, "gain must be a finite number, not 'relu'"),  # type: ignore[arg-type]
    "std": (lambda: nn.init.normal(std=-1.0), ValueError, "std must not be negative, but it is -1.0"),
    "bound": (lambda: nn.init.uniform(0.0, math.inf), ValueError, "high must be a finite number, not inf"),
    "constant": (lambda: nn.init.constant(None), TypeError, "value must be a finite number, not None"),  # type: ignore[arg-type]
    "slope of a gain": (
        lambda: nn.init.kaiming_normal("leaky_relu", param="x"),  # type: ignore[arg-type]
        TypeError,
        "param must be a finite number, not 'x'",
    ),
    **{
        f"seed: {seed!r}": (
            lambda seed=seed, make=make: make(seed),  # type: ignore[misc]
            TypeError,
            f"seed must be a whole number or a random.Random, not {seed!r}",
        )
        for make, seed in (
            (lambda seed: nn.Linear(2, 3, seed=seed), "x"),
            (lambda seed: nn.MLP(2, [1], seed=seed), 1.5),
            (lambda seed: nn.Layer(2, 1, seed=seed), True),
            (lambda seed: nn.Dropout(seed=seed), [1]),
        )
    },
    # Dropout and softmax
    **{
        f"Dropout: {p!r}": (
            lambda p=p: nn.Dropout(p),  # type: ignore[misc]
            kind,
            f"Dropout takes a probability between 0 and 1, not {p!r}",
        )
        for p, kind in [
            (1.5, ValueError),
            (-0.1, ValueError),
            (math.nan, ValueError),
            ("0.5", TypeError),
            (True, TypeError),
        ]
    },
    "Dropout set later": (
        lambda: setattr(nn.Dropout(0.5), "p", 2),
        ValueError,
        "Dropout takes a probability between 0 and 1, not 2",
    ),
    "Dropout of text": (lambda: nn.Dropout(0.5)([1.0, "a"]), TypeError, "Dropout takes numbers, not str: 'a'"),
    "softmax": (lambda: nn.softmax([]), ValueError, "softmax takes at least one number, got none"),
    "log_softmax": (lambda: nn.LogSoftmax()([]), ValueError, "log_softmax takes at least one number, got none"),
    "Softmax": (
        lambda: nn.Softmax()(1.0),
        TypeError,
        "Softmax takes a list of numbers, or nested lists, not float: 1.0",
    ),
    "LogSoftmax": (
        lambda: nn.LogSoftmax()({0: 1.0}),
        TypeError,
        "LogSoftmax takes a list of numbers, or nested lists, not dict: {0: 1.0}",
    ),
}


@pytest.mark.parametrize("case", BAD_CALLS)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = BAD_CALLS[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    "options",
    [
        {"nin": 0},
        {"nouts": [3, 0]},
        {"activation": "x"},
        {"output_activation": nn.ReLU},
        {"bias": "x"},
        {"init": "x"},
        {"seed": "x"},
        {"color": "red"},
    ],
)
def test_nothing_is_drawn_for_a_network_that_is_not_made(options: dict[str, Any]) -> None:
    state = random.getstate()
    with pytest.raises((TypeError, ValueError)):
        nn.MLP(**{"nin": 2, "nouts": [3, 1], **options})
    assert random.getstate() == state


LAYERS: dict[str, Callable[[], nn.Module]] = {
    "Neuron": lambda: nn.Neuron(2),
    "Layer": lambda: nn.Layer(2, 3),
    "MLP": lambda: nn.MLP(2, [3, 1]),
    "Linear": lambda: nn.Linear(2, 3),
    "Sequential": lambda: nn.Sequential(nn.Linear(2, 1)),
}
every_layer = pytest.mark.parametrize("layer", LAYERS)
BAD_INPUTS: dict[str, tuple[Callable[[], Any], str]] = {
    "text": (lambda: "ab", "takes a list of numbers, not str: 'ab'"),
    "bytes": (lambda: b"ab", "takes a list of numbers, not bytes: b'ab'"),
    "dict": (lambda: {0: 1.0, 1: 2.0}, "takes a list of numbers, not dict: {0: 1.0, 1: 2.0}"),
    "set": (lambda: {1.0, 2.0}, "takes a list of numbers, not set: {1.0, 2.0}"),
    "None": (lambda: None, "takes numbers, but got NoneType: None; a function without a return gives None"),
    "complex": (lambda: 1j, "takes numbers, but got complex: 1j"),
    "a text": (lambda: [1.0, "a"], "takes numbers, but input 2 is str: 'a'; float() reads a number from a text"),
    "a None": (
        lambda: (None, 1.0),
        "takes numbers, but input 1 is NoneType: None; a function without a return gives None",
    ),
    "a row": (lambda: [1.0, [2.0]], "takes numbers, but input 2 is list: [2.0]; give it the numbers one by one"),
}


def array(x: Any) -> Any:
    return pytest.importorskip("numpy", reason="NumPy is not installed").array(x)


@every_layer
@pytest.mark.parametrize("case", BAD_INPUTS)
def test_what_is_not_one_example_is_refused_in_one_sentence(case: str, layer: str) -> None:
    x, sentence = BAD_INPUTS[case]
    with pytest.raises(TypeError) as error:
        LAYERS[layer]()(x())
    called, _, rest = str(error.value).partition("' ")
    assert called in ("Neuron 'neuron", "Layer 'layer", "MLP 'mlp", "Linear 'linear", "Linear 'sequential.layer1")
    assert rest == sentence


BATCHES: dict[str, Callable[[], Any]] = {
    "lists": lambda: [[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]],
    "as many rows as inputs": lambda: [[1.0, 2.0], [0.5, -1.0]],
    "tuples": lambda: ((1.0, 2.0),),
    "Values": lambda: [[Value(1.0), Value(2.0)]],
    "array": lambda: array([[1.0, 2.0], [3.0, 4.0]]),
    "list of arrays": lambda: [array([1.0, 2.0]), array([0.5, -1.0])],
    "generator of rows": lambda: ([float(i), 2.0] for i in range(4)),
    "Batch": lambda: nn.Batch([[1.0, 2.0], [0.5, -1.0]]),
    "batches in a batch": lambda: [[[1.0, 2.0]], [[0.5, -1.0], [1.0, 1.0]]],
}


@every_layer
@pytest.mark.parametrize("case", BATCHES)
def test_of_a_batch_comes_what_comes_of_each_example(case: str, layer: str) -> None:
    model = LAYERS[layer]()

    def one_by_one(x: Any, levels: int) -> Any:
        return [one_by_one(row, levels - 1) for row in x] if levels else model(list(x))

    made = model(BATCHES[case]())
    assert numbers(made) == numbers(one_by_one(BATCHES[case](), 2 if case == "batches in a batch" else 1))
    assert isinstance(made, nn.Batch) == (case == "Batch")


def test_a_batch_that_says_so_may_hold_single_numbers() -> None:
    model = nn.Linear(1, 1)
    assert numbers(model(nn.Batch([1.0, 2.0]))) == [numbers(model(1.0)), numbers(model(2.0))]
    with pytest.raises(TypeError, match=r"must be alike, but among lists there is 2\.0$"):
        model([[1.0], 2.0])


@every_layer
@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        (list, 0),
        (lambda: [1.0], 1),
        (lambda: (1, 2, 3), 3),
        (lambda: (x for x in [1.0]), 1),
        (lambda: range(3), 3),
        (lambda: array([1.0, 2.0, 3.0]), 3),
        (lambda: array(1.0), 1),
        (lambda: array([1.0])[0], 1),
        (lambda: 0.5, 1),
        (lambda: Value(0.5), 1),
    ],
)
def test_a_wrong_number_of_inputs_is_told_with_both_numbers(layer: str, inputs: Callable[[], Any], count: int) -> None:
    with pytest.raises(ValueError, match=rf"^(Neuron|Linear) '.*' takes 2 inputs, got {count}$"):
        LAYERS[layer]()(inputs())


@every_layer
@pytest.mark.parametrize(
    "inputs",
    [
        lambda: [0.5, -2.0],
        lambda: (Value(0.5), -2),
        lambda: (x for x in [0.5, -2.0]),
        lambda: array([0.5, -2.0]),
        lambda: array([Value(0.5), Value(-2.0)]),
        lambda: {0.5: "a", -2.0: "b"}.keys(),
    ],
)
def test_one_example_may_come_in_any_order_keeping_form(layer: str, inputs: Callable[[], Any]) -> None:
    module = LAYERS[layer]()
    assert look(module(inputs())) == look(module([Value(0.5), Value(-2.0)]))


def look(outputs: Any) -> Any:
    return numbers(outputs if isinstance(outputs, list) else [outputs])


def test_one_number_is_one_input_of_every_layer() -> None:
    for make in (nn.Neuron, lambda nin: nn.Layer(nin, 2), lambda nin: nn.MLP(nin, [2]), lambda nin: nn.Linear(nin, 2)):
        layer = make(1)
        for x in (0.5, Value(0.5), array(0.5), array([0.5])[0]):
            assert look(layer(x)) == look(layer([0.5]))


def test_an_activation_that_is_assigned_is_applied() -> None:
    for start in ("relu", None):
        neuron = nn.Neuron(1, activation=start, init=nn.init.constant(-1.0))
        layer = nn.Layer(1, 1)
        layer.neurons = [neuron]
        layer([2.0])
        neuron.activation = "tanh"
        assert layer([2.0]).data == neuron([2.0]).data == math.tanh(-2.0) and repr(neuron) == "TanhNeuron(1)"
        neuron.activation = None
        assert layer([2.0]).data == neuron([2.0]).data == -2.0


# --- PyTorch's layers -------------------------------------------------------------------------------------------


def test_linear_is_a_matrix_product() -> None:
    layer = nn.Linear(2, 3)
    weight, bias = numbers(layer.weight), numbers(layer.bias)
    y = layer([0.5, -2.0])
    assert numbers(y) == [b + 0.5 * w1 + -2.0 * w2 for (w1, w2), b in zip(weight, bias)]
    assert isinstance(nn.Linear(2, 1)([1.0, 2.0]), list)
    assert nn.Linear(2, 3, bias=False).bias is None


def test_linear_starts_as_in_pytorch() -> None:
    layer = nn.Linear(25, 40, seed=0)
    assert layer.bias is not None
    for drawn in ([w for row in layer.weight for w in row], layer.bias):
        largest = max(abs(p.data) for p in drawn)  # PyTorch: uniform in ±1/sqrt(nin) = ±0.2
        assert 0.19 < largest <= 0.2
    constant = nn.Linear(2, 2, init=nn.init.constant(0.5))
    assert constant.state_dict() == {"weight": [[0.5, 0.5], [0.5, 0.5]], "bias": [0.0, 0.0]}


def test_linear_equals_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, theirs = nn.Linear(3, 2, seed=0), torch.nn.Linear(3, 2, dtype=torch.float64)
    theirs.load_state_dict({name: torch.tensor(x, dtype=torch.float64) for name, x in ours.state_dict().items()})
    y = ours([1.0, -2.0, 0.5])
    expected = theirs(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    assert numbers(y) == pytest.approx(expected.tolist(), rel=1e-14)
    autograd.sum(y).backward()
    expected.sum().backward()
    assert [p.grad for row in ours.weight for p in row] == theirs.weight.grad.flatten().tolist()


def test_sequential_chains_modules_and_functions() -> None:
    model = nn.Sequential(nn.Linear(1, 2, init=nn.init.constant(-3.0)), nn.ReLU(), lambda x: [v + 1 for v in x])
    assert numbers(model([1.0])) == [1.0, 1.0]
    assert nn.Sequential()(5.0) == 5.0


@every_activation
def test_activation_modules_work_on_values_and_nested_lists(name: str) -> None:
    f, slope = formulas(name)
    module = nn.ACTIVATIONS[name]()
    xs = [Value(-1.5), Value(0.5)]
    single, [[a], b] = module(xs[0]), module([[xs[0]], xs[1]])
    assert single.data == a.data == pytest.approx(f(-1.5), rel=1e-14)
    assert b.data == pytest.approx(f(0.5), rel=1e-14)
    assert module(0.5) == b.data
    (single + a + b).backward()
    assert [x.grad for x in xs] == pytest.approx([2 * slope(-1.5), slope(0.5)], rel=1e-12)


def test_parametrised_activations() -> None:
    assert nn.LeakyReLU(0.5)(-3.0) == -1.5
    assert nn.ELU(2.0)(-1.0) == pytest.approx(2 * (math.exp(-1) - 1), rel=1e-15)
    assert repr(nn.LeakyReLU()) == "LeakyReLU(0.01)"
    assert repr(nn.ELU(2.0)) == "ELU(2.0)"
    x = Value(1.0)
    assert nn.Identity()([[x]])[0][0] is x


# --- softmax ----------------------------------------------------------------------------------------------------

LOGITS = [
    [0.3, -1.2, 2.0],
    [40.0, 0.0],
    [0.0, 40.0, 39.0],
    [1e6, 1e6 - 1, -1e6],
    [-800.0, 0.0, 30.0],
    [5.0],
    [2.0, 2.0, 2.0],
]


@pytest.mark.parametrize("logits", LOGITS)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_and_all_its_derivatives_have_their_digits(logits: list[float], name: str) -> None:
    with mp.workdps(1000):
        powers = [mp.exp(mpf(z)) for z in logits]
        p = [power / sum(powers) for power in powers]
        # 1 - p_i without cancellation
        rest = [sum(q for j, q in enumerate(p) if j != i) for i in range(len(p))]
        if name == "softmax":
            values = p
            slopes = [[p[i] * (rest[i] if i == j else -p[j]) for j in range(len(p))] for i in range(len(p))]
        else:
            values = [mp.log(q) if q < 0.5 else mp.log1p(-r) for q, r in zip(p, rest)]
            slopes = [[rest[i] if i == j else -p[j] for j in range(len(p))] for i in range(len(p))]
    for i in range(len(logits)):
        xs = [Value(z) for z in logits]
        y = getattr(nn, name)(xs)[i]
        y.backward()
        assert y.data == pytest.approx(float(values[i]), rel=1e-14, abs=1e-300)
        assert [x.grad for x in xs] == pytest.approx([float(s) for s in slopes[i]], rel=1e-13, abs=1e-300)
        assert getattr(nn, name)(logits)[i] == y.data


def test_softmax_of_what_is_not_finite() -> None:
    assert nn.softmax([0.0, -math.inf, 0.0]) == [0.5, 0.0, 0.5]
    for bad in ([math.inf, 0.0], [math.nan, 0.0], [0.0, math.nan], [-math.inf, -math.inf]):
        assert all(map(math.isnan, nn.softmax(bad) + nn.log_softmax(bad)))


def test_softmax_modules_work_on_the_innermost_lists() -> None:
    rows = [[0.3, -1.2, 2.0], [5.0, 5.0, 5.0]]
    assert nn.Softmax()(rows) == [nn.softmax(row) for row in rows]
    assert nn.LogSoftmax()(rows[0]) == nn.log_softmax(rows[0])
    assert nn.Softmax()(rows)[1] == [1 / 3] * 3


# --- dropout ----------------------------------------------------------------------------------------------------


def test_dropout_drops_with_its_probability_and_keeps_the_mean() -> None:
    p, n = 0.3, 10_000
    xs = [Value(2.0) for _ in range(n)]
    ys = nn.Dropout(p, seed=4)(xs)
    autograd.sum(ys).backward()
    kept = [x for x, y in zip(xs, ys) if y.data != 0.0]
    assert {y.data for y in ys} == {0.0, 2.0 * (1 / (1 - p))}
    assert {x.grad for x in kept} == {1 / (1 - p)} and {x.grad for x in xs} == {0.0, 1 / (1 - p)}
    # Binomial: five standard deviations around the mean.
    assert abs(len(kept) - n * (1 - p)) < 5 * math.sqrt(n * p * (1 - p))


def test_dropout_outside_of_training_and_at_the_ends() -> None:
    xs = [Value(2.0), Value(-3.0)]
    assert nn.Dropout(0.5).eval()(xs) is xs
    assert nn.Dropout(0.0)(xs) is xs
    assert [abs(y.data) for y in nn.Dropout(1.0)(xs)] == [0.0, 0.0]
    assert repr(nn.Dropout(0.25)) == "Dropout(0.25)"


def test_dropout_is_repeatable_by_its_seed_or_by_random_seed() -> None:
    ones = [1.0] * 50
    assert nn.Dropout(0.5, seed=1)(ones) == nn.Dropout(0.5, seed=1)(ones) != nn.Dropout(0.5, seed=2)(ones)
    layer = nn.Dropout(0.5)
    random.seed(1)
    first = layer(ones)
    assert layer(ones) != first
    random.seed(1)
    assert layer(ones) == first
    random.seed(1)
    assert copy.deepcopy(layer)(ones) == first
