"""Groups of parameters: own settings, frozen and late-added parameters, with Values and with a compiled program."""

from __future__ import annotations

import copy
import json
import pickle
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd
import nn
from autograd import Value

from .parity.optimizers import double_precision

OPTIMISERS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    "Adam": ("Adam", {"lr": 0.1, "amsgrad": True}),
    "AdamW": ("AdamW", {"lr": 0.1, "maximize": True}),
    "Adamax": ("Adamax", {"lr": 0.1}),
    "NAdam": ("NAdam", {"lr": 0.1}),
    "RAdam": ("RAdam", {"lr": 0.1, "betas": (0.8, 0.9)}),
    "RMSprop": ("RMSprop", {"lr": 0.1, "centered": True, "momentum": 0.5}),
    "Adagrad": ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5, "lr_decay": 0.1}),
    "Adadelta": ("Adadelta", {"lr": 0.5}),
    "Lion": ("Lion", {"lr": 0.1, "weight_decay": 0.1}),
    "SGDScheduleFree": ("SGDScheduleFree", {"lr": 0.1, "warmup_steps": 3}),
    "AdamWScheduleFree": ("AdamWScheduleFree", {"lr": 0.1, "weight_decay": 0.1}),
}
PYTORCHS = [name for name in OPTIMISERS if name not in ("Lion", "SGDScheduleFree", "AdamWScheduleFree")]
every_optimiser = pytest.mark.parametrize("name", OPTIMISERS)


def made(name: str, params: Any, **more: Any) -> Any:
    kind, options = OPTIMISERS[name]
    return getattr(nn, kind)(params, **{**options, **more})


def give_gradients(values: list[Value], generator: random.Random) -> list[float]:
    grads = [generator.gauss(0.0, 2.0) for _ in values]
    for p, g in zip(values, grads):
        p.grad = g
    return grads


def numbers(values: list[Value]) -> list[float]:
    return [p.data for p in values]


# --- beside PyTorch -----------------------------------------------------------------------------------------------


@pytest.fixture
def double() -> Iterator[None]:
    """PyTorch in double precision throughout: NAdam keeps the product of its momenta in the default precision."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    with double_precision():
        yield


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", PYTORCHS)
def test_groups_that_are_frozen_added_and_changed_do_what_pytorchs_do(name: str) -> None:
    """Two groups; the second is frozen for some steps, a third one comes late, and settings change on the way."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    generator = random.Random(2)
    ours = [[Value(generator.uniform(-2, 2)) for _ in range(3)] for _ in range(3)]
    theirs = [torch.tensor(numbers(group), dtype=torch.float64, requires_grad=True) for group in ours]
    kind, options = OPTIMISERS[name]
    optimizer = made(name, [{"params": ours[0]}, {"params": ours[1], "lr": 0.03, "weight_decay": 0.2}])
    reference = getattr(torch.optim, kind)(
        [{"params": [theirs[0]]}, {"params": [theirs[1]], "lr": 0.03, "weight_decay": 0.2}], **options
    )
    for step in range(50):
        if step == 10:
            optimizer.add_param_group({"params": ours[2], "lr": 0.02})
            reference.add_param_group({"params": [theirs[2]], "lr": 0.02})
        if step == 20:
            optimizer.param_groups[1]["lr"] = reference.param_groups[1]["lr"] = 0.3
        frozen = 5 <= step < 15
        for p in ours[1]:
            p.requires_grad = not frozen
        for group, tensor in zip(ours, theirs):
            tensor.grad = torch.tensor(give_gradients(group, generator), dtype=torch.float64)
        if frozen:
            theirs[1].grad = None
        optimizer.step()
        reference.step()
        for group, tensor in zip(ours, theirs):
            assert numbers(group) == pytest.approx(tensor.tolist(), rel=1e-10, abs=1e-12)


# --- with a compiled program --------------------------------------------------------------------------------------


def network() -> tuple[nn.MLP, Any]:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    model = nn.MLP(3, [4, 2], activation="tanh", seed=1)
    x, y = np.random.default_rng(0).normal(size=(6, 3)), np.ones((6, 2))
    program = autograd.compile(lambda x, y: nn.mse(model(x), y), model, like=([0.0] * 3, [0.0] * 2))
    return model, lambda: (program, program(x, y))[0]


@every_optimiser
def test_groups_of_a_program_move_as_those_of_its_values_bit_for_bit(name: str) -> None:
    model, run = network()
    program = run()
    first, second = (layer.parameters() for layer in model.layers)
    eager = made(name, [{"params": first}, {"params": second, "lr": 0.03}])
    vector = program.parameters
    compiled = made(name, [{"params": vector.only(first)}, {"params": vector.only(second), "lr": 0.03}])
    for step in range(12):
        run()
        for value, (grad,) in zip(vector.values, vector.rows([vector.grad])):
            value.grad = grad
        for p in [second[0], *first[2:4]]:  # at first only some of a group are frozen, for the engine alone
            p.requires_grad = step >= 3
        eager.step()
        if step < 3:
            vector.read_in()
            compiled.load_state_dict(json.loads(json.dumps(eager.state_dict())))
        else:
            compiled.step()
        assert nn.utils.parameters_to_vector(vector) == numbers(vector.values)
        assert eager.state_dict() == compiled.state_dict()
        if step == 7:  # exchange the states of both
            text = json.dumps(compiled.state_dict())
            for optimizer, other in ((eager, compiled), (compiled, eager)):
                optimizer.load_state_dict(json.loads(text))
                assert optimizer.state_dict() == json.loads(text) == other.state_dict()
    assert "counts" in compiled.state_dict()


def test_a_program_that_was_compiled_before_freezing_is_refused() -> None:
    model, run = network()
    vector = run().parameters
    frozen = model.layers[0].parameters()[1]
    frozen.requires_grad = False
    with pytest.raises(ValueError) as error:
        nn.SGD(vector)
    assert str(error.value) == (
        f"{frozen.describe()} is frozen, but the program was compiled before that and still trains it; compile it again"
    )
    nn.SGD(vector.only("b1", "W2", "b2"))


def test_parts_of_a_vector_by_their_names() -> None:
    _, run = network()
    program = run()
    vector = program.parameters
    optimizer = nn.SGD([{"params": vector.only("W1", "b1"), "lr": 0.0}, {"params": vector.only("W2")}], lr=1.0)
    before = {name: vector[name].copy() for name in vector.names}
    gradient = vector.view(vector.grad, "W2").copy()
    optimizer.step()
    assert (vector["W1"] == before["W1"]).all() and (vector["b1"] == before["b1"]).all()
    assert (vector["b2"] == before["b2"]).all()  # which is in no group
    assert (vector["W2"] == before["W2"] - gradient).all()
    optimizer.zero_grad()
    assert not vector.view(vector.grad, "W2").any() and vector.view(vector.grad, "b2").any()


def test_a_selection_reads_and_writes_the_whole() -> None:
    v, w, b = (Value(x, name) for x, name in ((1.0, "v"), (2.0, "w"), (3.0, "b")))
    program = autograd.compile(lambda x: v * w * x + b, [v, w, b], like=[0.0])
    program([2.0])
    held = program.parameters.grad
    some = program.parameters.only(b, [v])
    assert (some.values, some.data.tolist(), some.grad.tolist(), len(some)) == ([b, v], [3.0, 1.0], [1.0, 4.0], 2)
    some.data = [5.0, 6.0]
    some.grad = 0.0
    assert program.parameters["b"] == 5.0 and program.parameters["v"] == 6.0
    assert sorted(program.parameters.grad.tolist()) == [0.0, 0.0, 2.0]
    assert sorted(held.tolist()) == [1.0, 2.0, 4.0]  # the array that the caller still holds is unchanged
    with pytest.raises(ValueError, match="read-only"):
        some.data[0] = 1.0
    assert some.only("w").values == [w]


# --- settings -----------------------------------------------------------------------------------------------------


def two_groups() -> Any:
    groups: list[dict[str, Any]] = [{"params": [Value(1.0)]}, {"params": [Value(2.0)], "lr": 0.5}]
    return nn.Adam(groups, lr=0.25)


def test_settings_of_all_groups_and_of_one() -> None:
    optimizer = two_groups()
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.5]
    assert optimizer.eps == 1e-8
    with pytest.raises(AttributeError, match=r"the groups of this Adam have different lr: 0\.25, 0\.5"):
        _ = optimizer.lr
    optimizer.lr = 1
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 1.0] and optimizer.lr == 1.0
    optimizer.param_groups[0].update(lr=0.5, betas=[0.5, 0.75])
    optimizer.param_groups[1] |= {"eps": 1}
    assert optimizer.settings() == {**optimizer.defaults, "lr": 0.5, "betas": (0.5, 0.75)}
    assert optimizer.param_groups[1]["eps"] == 1.0
    assert optimizer.param_groups[1].setdefault("initial_lr", 3) == 3.0
    assert optimizer.param_groups[1].setdefault("initial_lr", 4) == 3.0
    with pytest.raises(AttributeError, match="'Adam' object has no attribute 'momentum'"):
        _ = optimizer.momentum


def test_settings_that_depend_on_each_other_are_set_together() -> None:
    group = nn.SGD([Value(1.0)]).param_groups[0]
    with pytest.raises(ValueError, match="nesterov needs momentum"):
        group["nesterov"] = True
    group.update(nesterov=True, momentum=0.5)
    assert group["nesterov"] and group["momentum"] == 0.5


BAD: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "a setting": (lambda o: o.param_groups[1].update(lr=-1), ValueError, "lr must not be negative, but it is -1"),
    "a name": (
        lambda o: o.param_groups[1].update({"eps": 0.5, "beta": 1}),
        ValueError,
        "Adam has no setting 'beta' (did you mean 'betas'?), only lr, betas, eps, weight_decay, amsgrad, maximize",
    ),
    "parameters": (
        lambda o: o.param_groups[0].update(params=[]),
        TypeError,
        "the parameters of a group cannot be replaced, because its state belongs to them; make another group",
    ),
    "taken out": (
        lambda o: o.param_groups[0].pop("lr"),
        TypeError,
        "a group of Adam needs all its settings; set another number instead of removing one",
    ),
    "deleted": (
        lambda o: o.param_groups[0].__delitem__("lr"),
        TypeError,
        "a group of Adam needs all its settings; set another number instead of removing one",
    ),
    "initial_lr": (
        lambda o: o.param_groups[0].update(initial_lr="a"),
        TypeError,
        "initial_lr must be a finite number, not 'a'",
    ),
    "no group": (lambda o: o.add_param_group([1.0]), TypeError, "a group is a dict with 'params', not [1.0]"),
    "an empty group": (
        lambda o: o.add_param_group({"params": []}),
        ValueError,
        "Adam got no parameters; was the generator used up, or the model empty? Layers are found in attributes "
        "whose names do not begin with an underscore, also in lists and dicts; those that the first call makes, "
        "after that call",
    ),
    "in two groups": (
        lambda o: o.add_param_group({"params": o.param_groups[1]["params"]}),
        ValueError,
        "a leaf (data 2) is in another group of this Adam already",
    ),
    "a bad group": (
        lambda o: o.add_param_group({"params": Value(1.0), "lr": None}),
        TypeError,
        "lr must be a finite number, not None",
    ),
    "a closure": (
        lambda o: o.step(3),
        TypeError,
        "step takes a function that computes the loss and its gradient, not 3",
    ),
    "zero_grad": (lambda o: o.zero_grad(1), TypeError, "set_to_none must be True or False, not 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_a_group_does_not_take_is_refused_and_nothing_changes(case: str) -> None:
    call, kind, sentence = BAD[case]
    optimizer = two_groups()
    before = optimizer.state_dict()
    with pytest.raises(kind) as error:
        call(optimizer)
    assert str(error.value) == sentence
    assert optimizer.state_dict() == before and len(optimizer.params) == 2


def test_a_vector_twice_is_refused() -> None:
    _, run = network()
    vector = run().parameters
    with pytest.raises(ValueError, match="is in another group of this SGD already"):
        nn.SGD([{"params": vector}, {"params": vector.only("W1")}])
    for which, sentence in (
        (
            ("W1", vector.values[0]),
            "only() takes names of parts, or Values, each parameter once, but one is given twice",
        ),
        ((), "only() takes names of parts, or Values, each parameter once, but none is given"),
        ((Value(1.0),), "Value(data=1.0, grad=0.0) is not a parameter of this program"),
    ):
        with pytest.raises(ValueError) as error:
            vector.only(*which)
        assert str(error.value) == sentence
    with pytest.raises(KeyError, match="there is no parameter 'W3' here, only W1, W2, b1, b2"):
        vector.only("W3")


def test_a_step_that_fails_in_one_group_moves_none() -> None:
    _, run = network()
    vector = run().parameters
    w = Value(1.0)
    optimizer = nn.SGD([{"params": vector.only("W1")}, {"params": [w]}, {"params": vector.only("W2")}], lr=0.5)
    before = vector.data.copy()
    good = optimizer.rule
    for bad in ("x", None):
        optimizer.rule = (  # type: ignore[misc]
            lambda p, *rest, bad=bad, **settings: (bad, rest[1]) if isinstance(p, float) else good(p, *rest, **settings)
        )
        with pytest.raises(TypeError):
            optimizer.step()
        assert (vector.data == before).all() and w.data == 1.0 and optimizer.steps == 0


# --- closures, copies, and the state ------------------------------------------------------------------------------


def test_a_step_calls_the_closure_and_returns_its_loss() -> None:
    w = Value(3.0)
    optimizer = nn.SGD([w], lr=0.25)

    def closure() -> Value:
        optimizer.zero_grad()
        loss = w * w
        loss.backward()
        return loss

    with autograd.no_grad():  # as in PyTorch, what the closure computes is recorded all the same
        assert optimizer.step(closure).data == 9.0
    assert w.data == 1.5
    assert optimizer.step() is None
    optimizer.zero_grad(set_to_none=False)
    assert w.grad == 0.0


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))])
@every_optimiser
def test_groups_are_copied_with_their_parameters(name: str, duplicate: Callable[[Any], Any]) -> None:
    values = [Value(1.0), Value(2.0)]
    optimizer = made(name, [{"params": [values[0]]}, {"params": [values[1]], "lr": 0.5}])
    give_gradients(values, random.Random(0))
    optimizer.step()
    twins, its = duplicate((values, optimizer))
    assert [p for group in its.param_groups for p in group["params"]] == twins
    assert its.state_dict() == optimizer.state_dict()
    for each in (optimizer, its):
        each.step()
    assert numbers(twins) == numbers(values)
    its.param_groups[0]["lr"] = 0.75
    assert optimizer.param_groups[0]["lr"] == OPTIMISERS[name][1]["lr"]
    with pytest.raises(ValueError, match="lr must not be negative"):
        its.param_groups[0]["lr"] = -1


@every_optimiser
def test_a_resumed_optimiser_goes_on_identically(name: str) -> None:
    def run(steps: int, generator: random.Random, values: list[Value], optimizer: Any) -> None:
        for _ in range(steps):
            give_gradients(values, generator)
            optimizer.step()

    def begin(start: list[float]) -> tuple[list[Value], Any]:
        values = list(map(Value, start))
        return values, made(name, [{"params": values[:1]}, {"params": values[1:], "lr": 0.5}])

    generator = random.Random(1)
    values, whole = begin([1.0, -2.0, 0.5])
    run(7, generator, values, whole)
    text = json.dumps(whole.state_dict())
    others, resumed = begin(numbers(values))
    resumed.param_groups[1]["lr"] = 0.75  # replaced by that of the state
    resumed.load_state_dict(json.loads(text))
    assert json.dumps(resumed.state_dict()) == text
    ahead = copy.deepcopy(generator)
    run(7, generator, values, whole)
    run(7, ahead, others, resumed)
    assert numbers(others) == numbers(values)


def test_states_of_groups_that_do_not_fit_are_refused() -> None:
    optimizer = two_groups()
    state = optimizer.state_dict()
    other = nn.Adam([Value(1.0), Value(2.0)])
    for loading, given, sentence in (
        (other, state, "it is for groups of [1, 1] parameters, not [2]"),
        (optimizer, other.state_dict(), "it is for groups of [2] parameters, not [1, 1]"),
        (optimizer, {**state, "sizes": [2, 0]}, "it is for groups of [2, 0] parameters, not [1, 1]"),
        (optimizer, {**state, "counts": [1]}, "it has the steps of [1], but 2 parameters"),
        (optimizer, {**state, "counts": [1, -1]}, "-1 is not a number of steps"),
        (optimizer, {**state, "settings": [state["settings"][0], 3]}, "its settings must be a dict"),
    ):
        before = loading.state_dict()
        with pytest.raises(ValueError) as error:
            loading.load_state_dict(given)
        assert str(error.value) == f"this state does not fit Adam: {sentence}"
        assert loading.state_dict() == before


OLD = {  # as version 0.1.0 wrote them
    "SGD": {
        "optimizer": "SGD",
        "steps": 2,
        "settings": {"lr": 0.5, "momentum": 0.5, "nesterov": False, "weight_decay": 0.0, "dampening": 0.0},
        "state": [[3.0], [-1.5]],
    },
    "AdamW": {
        "optimizer": "AdamW",
        "steps": 2,
        "settings": {"lr": 0.5, "betas": [0.5, 0.75], "eps": 1e-8, "weight_decay": 0.25},
        "state": [[1.0, 2.0], [-0.5, 0.25]],
    },
}


@pytest.mark.parametrize("name", OLD)
def test_states_that_0_1_0_wrote_still_load(name: str) -> None:
    values = [Value(1.0), Value(2.0)]
    optimizer: Any = getattr(nn, name)(values)
    optimizer.load_state_dict(json.loads(json.dumps(OLD[name])))
    assert optimizer.lr == 0.5 and optimizer.maximize is False
    for p in values:
        p.grad = 1.0
    optimizer.step()
    if name == "SGD":  # v = 0.5 v + 1
        assert numbers(values) == [1.0 - 0.5 * 2.5, 2.0 - 0.5 * 0.25]
        return
    expected = []
    for w, (m, s) in zip((1.0, 2.0), ((1.0, 2.0), (-0.5, 0.25))):
        m, s = 0.5 * m + 0.5, 0.75 * s + 0.25
        expected.append(w * (1 - 0.125) - 0.5 * (m / (1 - 0.5**3)) / ((s / (1 - 0.75**3)) ** 0.5 + 1e-8))
    assert numbers(values) == pytest.approx(expected, rel=1e-14)
