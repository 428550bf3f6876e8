"""functional_call: derivatives of any order with respect to a network's parameters; the network stays unchanged."""

from __future__ import annotations

import gc
import re
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from nn import functional_call


def state_of(module: nn.Module) -> list[Any]:
    """The whole state of a module: the objects in its attributes and in their lists."""
    told: list[Any] = []
    for part in module.modules():
        for name, held in vars(part).items():
            if name[0] != "_" or name == "_names_of_state":
                told += [name, id(held), *(map(id, held) if isinstance(held, (list, dict)) else ())]
    return [*told, module.state_dict(), list(map(id, module.parameters()))]


# --- derivatives ----------------------------------------------------------------------------------------------


def test_the_hessian_of_a_square_by_hand() -> None:
    """Of (w1 x1 + w2 x2 + b - t)**2 it is 2 z z^T with z = (x1, x2, 1), wherever it is taken."""
    layer = nn.Linear(2, 1, seed=1)
    x, t = [3.0, -2.0], 5.0
    before = state_of(layer)

    def loss(p: Any) -> Any:
        return (functional_call(layer, p, x)[0] - t) ** 2  # one argument needs no tuple

    names = ["weight1_1", "weight1_2", "bias1"]
    point = dict(zip(names, (0.5, 1.0, -1.0)))
    z = [3.0, -2.0, 1.0]
    hessian = autograd.hessian(loss)(point)
    assert [[hessian[a][b] for b in names] for a in names] == [[2.0 * u * v for v in z] for u in z]
    residual = 0.5 * 3.0 - 2.0 - 1.0 - 5.0
    value, gradient = autograd.value_and_grad(loss)(point)
    assert value == residual**2 and list(gradient.values()) == [2.0 * residual * u for u in z]
    whole = {"weight": [[0.5, 1.0]], "bias": [-1.0]}
    assert autograd.grad(loss)(whole) == {"weight": [[2.0 * residual * u for u in z[:2]]], "bias": [2.0 * residual]}
    direction = {"weight": [[1.0, 2.0]], "bias": [-1.0]}  # z^T v = -2
    assert autograd.hvp(loss, (whole,), (direction,)) == {"weight": [[-12.0, 8.0]], "bias": [-4.0]}
    assert state_of(layer) == before


def model(lib: Any) -> Any:
    return lib.Sequential(lib.Linear(2, 3), lib.Tanh(), lib.Sequential(lib.Linear(3, 1, bias=False), lib.Tanh()))


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
def test_derivatives_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs, ours = model(torch.nn).double(), model(nn)
    ours.load_state_dict(theirs.state_dict())
    x = [0.3, -0.7]
    tensor = torch.tensor(x, dtype=torch.float64)

    def our_loss(p: Any) -> Any:
        return (functional_call(ours, p, (x,))[0] - 0.5) ** 2

    def their_loss(p: Any) -> Any:
        return (torch.func.functional_call(theirs, p, (tensor,))[0] - 0.5) ** 2

    before = state_of(ours)
    point, their_point = ours.state_dict(), dict(theirs.named_parameters())
    assert list(point) == list(their_point)
    gradient, expected = autograd.grad(our_loss)(point), torch.func.grad(their_loss)(their_point)
    second = torch.func.hessian(their_loss)(their_point)
    for a in point:
        assert torch.tensor(gradient[a], dtype=torch.float64).sub(expected[a]).abs().max() < 1e-12
    # In a matrix: each number's row of second derivatives, in the order of the parameters.
    numbers = {name: p.data for name, p in ours.named_parameters()}
    hessian = autograd.hessian(our_loss)(numbers)
    matrix = torch.tensor([[hessian[a][b] for b in numbers] for a in numbers], dtype=torch.float64)
    rows = [torch.cat([second[a][b].reshape(expected[a].numel(), -1) for b in point], 1) for a in point]
    assert matrix.sub(torch.cat(rows)).abs().max() < 1e-12
    assert state_of(ours) == before


def test_the_cells_of_neurons_hold_no_stale_values() -> None:
    net = nn.MLP(2, [2, 1], activation="tanh", seed=1)
    x = [0.5, -1.0]
    own = net(x).data
    other = nn.MLP(2, [2, 1], activation="tanh", seed=2)
    for _ in range(3):
        assert functional_call(net, other.state_dict(), (x,)).data == other(x).data != own
        y = net(x)
        assert y.data == own
        y.backward()
    assert net.layers[0].neurons[0].w[0].grad != 0.0
    gradient = autograd.grad(lambda p: functional_call(net, p, (x,)))(net.state_dict())
    net.zero_grad()
    net(x).backward()
    assert gradient["layer1.neuron2.w"] == [w.grad for w in net.layers[0].neurons[1].w]


def test_a_step_of_learning_that_is_differentiated() -> None:
    """With w' = w - 2 a x (w x - t): d (w' x - t)**2 / dw = 2 x (w' x - t) (1 - 2 a x**2)."""
    a, x, t = 0.1, 3.0, 1.0

    class Learner(nn.Module):
        def __init__(self) -> None:
            self.body = nn.Linear(1, 1, bias=False)

        def loss(self, p: Any) -> Any:
            return (functional_call(self.body, p, [x])[0] - t) ** 2

        def forward(self) -> Any:
            now = {"weight": self.body.weight}
            slope = autograd.grad(self.loss)(now)["weight"][0][0]
            return self.loss({"weight": [[now["weight"][0][0] - a * slope]]})

    learner = Learner()
    w = learner.body.weight[0][0]
    w.data = 2.0
    moved = 2.0 - 2 * a * x * (2.0 * x - t)
    expected = 2 * x * (moved * x - t) * (1 - 2 * a * x**2)
    before = state_of(learner)
    assert autograd.grad(lambda p: functional_call(learner, p))({"body.weight": [[2.0]]}) == {
        "body.weight": [[pytest.approx(expected, rel=1e-12)]]
    }
    learner().backward()
    assert w.grad == pytest.approx(expected, rel=1e-12)
    assert state_of(learner) == before and learner.body.weight[0][0] is w


# --- the module as it was -------------------------------------------------------------------------------------


class Mixed(nn.Module):
    """A module with parameters in all sorts of places, one of them in two places, and with buffers."""

    def __init__(self) -> None:
        self.w = [Value(1.0), (Value(2.0), {"k": [Value(3.0)]})]
        self.tied = self.w[0]
        self.part = nn.Neuron(1, activation=nn.LeakyReLU(Value(0.5)), seed=1)
        self.register_buffer("mean", [1.0, 2.0])
        self.register_buffer("count", 0)
        self.register_buffer("mask", 1.0, persistent=False)

    mean: Any
    count: Any
    mask: Any
    w: Any

    def forward(self, x: Any, scale: Any = 1.0) -> Any:
        self.count = self.count + 1
        first, (second, rest) = self.w
        return (first * x + self.tied * second + rest["k"][0] + self.part([x]) + self.mean[1] * self.mask) * scale


NAMES = {"w": [10.0, [20.0, {"k": [30.0]}]], "part.w": [0.0], "part.b": -2.0, "part.activation.negative_slope": 3.0}


def test_everything_is_replaced_for_the_time_of_the_call() -> None:
    """10 x + 10 20 + 30 - 2 3 + 7 5 at x = 1, twice."""
    mixed = Mixed()
    mixed(1.0)
    before = state_of(mixed)
    made = functional_call(mixed, [NAMES, {"mean": (6.0, 7.0), "mask": 5.0, "count": 8}], (1.0,), {"scale": 2.0})
    assert made.data == 2.0 * (10.0 + 200.0 + 30.0 - 6.0 + 35.0)
    assert state_of(mixed) == before and mixed.count == 1  # the given buffer is removed again


def test_one_name_of_a_parameter_replaces_it_in_all_its_places() -> None:
    mixed = Mixed()
    p = Value(5.0)
    one = functional_call(mixed, {"tied": p}, (2.0,))
    other = functional_call(mixed, {"w1": p}, (2.0,))
    assert one.data == other.data == pytest.approx(mixed(2.0).data + 4.0 * (2.0 + 2.0))
    one.backward()
    assert p.grad == 4.0 and mixed.tied.grad == 0.0
    assert functional_call(mixed, {"tied": 5.0, "w1": 5}, (2.0,)).data == one.data


def test_buffers_may_be_values() -> None:
    """d/dm (m2 mask) = mask; new buffers that the call computes are dropped together with the given ones."""
    mixed = Mixed()
    gradient = autograd.grad(lambda b: functional_call(mixed, b, (1.0,)))({"mean": [1.0, 2.0], "mask": 3.0, "count": 0})
    assert gradient == {"mean": [0.0, 3.0], "mask": 2.0, "count": 0.0}
    assert (mixed.mean, mixed.mask, mixed.count) == ([1.0, 2.0], 1.0, 0)
    functional_call(mixed, {"mask": 3.0}, (1.0,))
    assert mixed.count == 1  # a buffer that was not given is updated as by any call


class Failing(Mixed):
    def forward(self, x: Any, scale: Any = 1.0) -> Any:
        self.w = None
        raise ZeroDivisionError


def test_after_an_error_all_is_as_it_was() -> None:
    failing = Failing()
    before = state_of(failing)
    with pytest.raises(ZeroDivisionError):
        functional_call(failing, NAMES, (1.0,))
    assert state_of(failing) == before
    y = nn.Sequential(nn.Neuron(1))([1.0])
    assert y.scope == "sequential.layer1"  # the next call begins its own scope


def test_the_parameters_are_those_of_the_call_while_it_lasts() -> None:
    class Penalised(nn.Module):
        def __init__(self) -> None:
            self.body = nn.Linear(1, 1)

        def forward(self, x: Any) -> Any:
            assert len(list(self.named_parameters())) == len(self.parameters()) == 2
            return self.body(x)[0] + nn.l2(self.parameters())

    penalised = Penalised()
    before = state_of(penalised)
    gradient = autograd.grad(lambda p: functional_call(penalised, p, [3.0]))(
        {"body.weight": [[2.0]], "body.bias": [5.0]}
    )
    assert gradient == {"body.weight": [[3.0 + 4.0]], "body.bias": [1.0 + 10.0]}
    assert state_of(penalised) == before


def test_parameters_get_their_names_though_the_first_call_is_such_a_one() -> None:
    net = nn.Sequential(nn.Linear(1, 1))
    y = functional_call(net, net.state_dict(), [2.0])[0]
    assert [p.label for p in net.parameters()] == ["weight1_1", "bias1"]
    assert {leaf.label for leaf in autograd.Graph(y).leaves} == {
        "weight1_1",
        "bias1",
        "",
    } and y.scope == "sequential.layer1"


def test_hooks_are_called_and_a_call_inside_of_a_module_is_filed_under_it() -> None:
    class Around(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Neuron(1, activation=None)

        def forward(self, x: Any) -> Any:
            return functional_call(self.inner, {"w": [2.0], "b": 0.0}, (x,))

    around = Around()
    around.inner.register_forward_hook(lambda module, args, y: 3.0 * y)
    for _ in range(3):
        y = around([5.0])
        assert (y.data, y.scope) == (30.0, "around.inner")
        assert len(around.parameters()) == 2


def test_a_program() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")
    net = nn.Linear(1, 1)
    w = Value(2.0, "w")
    program = autograd.compile(lambda x: functional_call(net, {"weight": [[w]], "bias": [1.0]}, x)[0], like=([0.0],))
    loss, gradient = program([[3.0]])
    assert loss == 7.0 and gradient.tolist() == [3.0] and program.parameters.names == ["w"]
    given = autograd.compile(lambda p, x: functional_call(net, p, x)[0], like=({"weight": [[0.0]]}, [0.0]), batch=False)
    assert given.outputs({"weight": [[4.0]]}, [3.0]) == 12.0 + net.bias[0].data  # type: ignore[index]


def test_nothing_is_kept() -> None:
    net = nn.MLP(1, [2, 1], seed=1)
    net([1.0])
    p = [Value(1.0) * 2.0, Value(3.0)]
    functional_call(net, {"layer1.neuron1.w": p[:1], "layer1.neuron1.b": p[1]}, ([1.0],))
    gone = list(map(weakref.ref, p))
    del p
    gc.collect()
    assert [x() for x in gone] == [None, None]


def test_threads_wait_for_each_other() -> None:
    net = nn.Sequential(nn.Linear(2, 2, seed=1), nn.Tanh(), nn.Neuron(2, activation=None, seed=2))
    before = state_of(net)
    states = [{**net.state_dict(), "0.bias": [float(i), -float(i)]} for i in range(4)]
    expected = [functional_call(net, state, ([1.0, 2.0],)).data for state in states]
    wrong: list[float] = []

    def run(i: int) -> None:
        for _ in range(50):
            made = functional_call(net, states[i], ([1.0, 2.0],)).data
            if made != expected[i]:
                wrong.append(made)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and state_of(net) == before and len(set(expected)) == 4


WRONG: dict[str, tuple[Callable[[nn.Module], Any], type[Exception], str]] = {
    "no module": (lambda m: functional_call(len, {}), TypeError, "functional_call takes a module, not"),  # type: ignore[arg-type]
    "no dict": (lambda m: functional_call(m, 1.0), TypeError,  # type: ignore[arg-type]
                "parameters and buffers must be in a dict, by their names, not in float"),
    "kwargs": (lambda m: functional_call(m, {}, (1.0,), [1]), TypeError, "kwargs must be a dict, not list: [1]"),  # type: ignore[arg-type]
    "strict": (lambda m: functional_call(m, {}, (1.0,), strict=1), TypeError, "strict must be True or False, not 1"),  # type: ignore[arg-type]
    "unknown": (lambda m: functional_call(m, {"part.v": 1.0}, (1.0,)), ValueError,
                "what is given does not fit this Mixed: there is no 'part.v' (did you mean 'part.w'?)"),
    "short": (lambda m: functional_call(m, {"part.w": []}, (1.0,)), ValueError,
              "part.w must be a list of 1, not a list of 0"),
    "list": (lambda m: functional_call(m, {"part.b": [1.0]}, (1.0,)), ValueError,
             "part.b must be a number or a Value, not a list of 1"),
    "text": (lambda m: functional_call(m, {"part.b": "1"}, (1.0,)), ValueError,
             "part.b must be a number or a Value, not '1'"),
    "bool": (lambda m: functional_call(m, {"part.b": True}, (1.0,)), ValueError,
             "part.b must be a number or a Value, not True"),
    "buffer's shape": (lambda m: functional_call(m, {"mean": [1.0]}, (1.0,)), ValueError,
                       "mean must be a list of 2, not a list of 1"),
    "buffer's item": (lambda m: functional_call(m, {"mean": [1.0, "2"]}, (1.0,)), ValueError,
                      "mean[1] must be a number or a Value, not '2'"),
    "twice": (lambda m: functional_call(m, [{"part.b": 1.0}, {"part.b": 1.0}], (1.0,)), ValueError,
              "'part.b' is in two of the dicts; give it only once"),
    "tied": (lambda m: functional_call(m, {"tied": 1.0, "w1": 2.0}, (1.0,)), ValueError,
             "a parameter of Mixed has two names, but different things are given for it, 1.0 and 2.0; leave one"),
    "missing": (lambda m: functional_call(m, {**NAMES, "mean": [0.0, 0.0], "count": 0}, (1.0,), strict=True),
                ValueError, "what is given does not fit this Mixed: mask is missing"),
    "missing parameter": (lambda m: functional_call(m, {"w": NAMES["w"]}, (1.0,), strict=True), ValueError,
                          "what is given does not fit this Mixed: part.w1 is missing; part.b is missing"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_refused_changes_nothing(wrong: str) -> None:
    call, kind, sentence = WRONG[wrong]
    mixed = Mixed()
    before = state_of(mixed)
    with pytest.raises(kind, match=re.escape(sentence)):
        call(mixed)
    assert state_of(mixed) == before


def test_strict_is_content_if_all_is_there() -> None:
    mixed = Mixed()
    everything = {**NAMES, "mean": [0.0, 0.0], "count": 0, "mask": 0.0}
    assert functional_call(mixed, everything, (0.0,), strict=True).data == 200.0 + 30.0 - 6.0
