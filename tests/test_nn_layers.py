"""Layers held to their formulas, written out here with floats, to PyTorch and to micrograd."""

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
every_activation = pytest.mark.parametrize("name", FORMULAS)


def test_every_activation_is_held_to_a_formula() -> None:
    assert set(FORMULAS) == set(nn.ACTIVATIONS)


def numbers(values: Any) -> Any:
    return [numbers(x) for x in values] if isinstance(values, (list, tuple)) else values.data


# --- neuron, layer, MLP -----------------------------------------------------------------------------------------


@every_activation
def test_mlp_equals_the_four_equations(name: str) -> None:
    f, slope = FORMULAS[name]
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
            function = torch.nn.functional
            a = (getattr(torch, name, None) or getattr(function, name))(a)
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
    assert isinstance(nn.MLP(1, [2])(0.5), list)  # one number is one input
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
    "nin": (lambda: nn.Neuron(0), ValueError, "nin must be a positive whole number, not 0"),
    "float nin": (lambda: nn.MLP(2.0, [1]), ValueError, "nin must be a positive whole number, not 2.0"),  # type: ignore[arg-type]
    "nout": (lambda: nn.MLP(2, [-3, 1]), ValueError, "nout must be a positive whole number, not -3"),
    "Linear nout": (lambda: nn.Linear(2, 0), ValueError, "nout must be a positive whole number, not 0"),
    "nouts": (
        lambda: nn.MLP(2, []),
        ValueError,
        "nouts must have a number of neurons for at least one layer, and it is empty",
    ),
    "activation": (
        lambda: nn.MLP(2, [1, 1], activation="rely"),
        ValueError,
        "there is no activation 'rely'; choose one of relu, leaky_relu, elu, selu, sigmoid, tanh, softplus, silu, "
        "gelu, or give a function",
    ),
    "odd activation": (
        lambda: nn.Neuron(2, activation=3),  # type: ignore[arg-type]
        TypeError,
        "activation must be a name or a function of a Value, not 3",
    ),
    "Sequential": (
        lambda: nn.Sequential([nn.ReLU()]),  # type: ignore[arg-type]
        TypeError,
        "Sequential takes modules or functions, one by one, not list",
    ),
    "Dropout": (lambda: nn.Dropout(1.5), ValueError, "Dropout takes a probability between 0 and 1, not 1.5"),
    "Dropout nan": (lambda: nn.Dropout(math.nan), ValueError, "Dropout takes a probability between 0 and 1, not nan"),
    "softmax": (lambda: nn.softmax([]), ValueError, "softmax takes at least one number, got none"),
    "log_softmax": (lambda: nn.LogSoftmax()([]), ValueError, "log_softmax takes at least one number, got none"),
}


@pytest.mark.parametrize("case", BAD_CALLS)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = BAD_CALLS[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence


@pytest.mark.parametrize(("x", "shown"), [("a", "str: 'a'"), (None, "NoneType: None"), ([[1.0]], r"list: \[1\.0\]")])
def test_what_is_no_number_is_refused_by_name(x: Any, shown: str) -> None:
    with pytest.raises(TypeError, match=rf"^Value takes real numbers.*, not {shown}$"):
        nn.Layer(1, 3)(x)


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
    f, slope = FORMULAS[name]
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
