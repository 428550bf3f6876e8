"""Buffers: numbers that a module keeps and saves, but does not train."""

from __future__ import annotations

import copy
import json
import math
import pickle
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value


def number(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


class Mean(nn.Module):
    """x minus the running mean of all inputs, times a learnt factor."""

    def __init__(self) -> None:
        self.register_buffer("mean", [0.0, 0.0])
        self.factor = Value(2.0)
        self.register_buffer("count", 0)
        self.register_buffer("scratch", 7.0, persistent=False)
        self.register_buffer("nothing", None)
        self.inner = nn.Linear(2, 1, init="zeros")

    mean: list[float]
    count: int

    def forward(self, x: Any) -> Any:
        self.count += 1
        self.mean = [m + (number(v) - m) / self.count for m, v in zip(self.mean, x)]
        return [self.factor * (v - m) for v, m in zip(x, self.mean)]


def test_buffers_are_state_and_no_parameters() -> None:
    model = Mean()
    assert len(model.parameters()) == 4
    assert model.state_dict() == {
        "factor": 2.0,
        "mean": [0.0, 0.0],
        "count": 0,
        "inner.weight": [[0.0, 0.0]],
        "inner.bias": [0.0],
    }
    assert list(model.state_dict()) == ["factor", "mean", "count", "inner.weight", "inner.bias"]
    assert dict(model.named_buffers()) == {"mean": [0.0, 0.0], "count": 0, "scratch": 7.0}
    assert list(model.buffers()) == [[0.0, 0.0], 0, 7.0]
    assert list(dict(nn.Sequential(nn.Tanh(), model).named_buffers()).values()) == list(model.buffers())


def test_a_call_replaces_their_numbers() -> None:
    """The mean of (1, 2) and (3, 6) is (2, 4)."""
    model = Mean()
    for called in (model, nn.Sequential(model)):
        called([1.0, 2.0])
    made = model([Value(4.0), Value(9.0)])
    assert model.mean == [2.0, pytest.approx(13 / 3)] and model.count == 3 and type(model.count) is int
    assert [y.data for y in made] == [2.0 * (4.0 - 2.0), pytest.approx(2.0 * (9.0 - 13 / 3))]
    assert len(model.parameters()) == 4 and "mean" in model.state_dict()


def test_pytorch_saves_the_same_names_in_the_same_order() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Theirs(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.tensor([0.0, 0.5], dtype=torch.float64))
            self.factor = torch.nn.Parameter(torch.tensor(3.0, dtype=torch.float64))
            self.register_buffer("count", torch.tensor(5))
            self.register_buffer("scratch", torch.tensor(7.0), persistent=False)
            self.register_buffer("nothing", None)
            self.inner = torch.nn.Linear(2, 1).double()

    theirs, ours = Theirs(), Mean()
    assert list(theirs.state_dict()) == list(ours.state_dict())
    assert ours.load_state_dict(theirs.state_dict()) == ([], [])
    assert ours.state_dict() == {key: x.tolist() for key, x in theirs.state_dict().items()}
    assert type(ours.count) is int
    ours.factor.data, ours.mean, ours.count = 0.1, [0.25, 4.0], 6
    theirs.load_state_dict({key: torch.tensor(x) for key, x in ours.state_dict().items()})
    assert theirs.mean.tolist() == [0.25, 4.0] and theirs.count.item() == 6


@pytest.mark.parametrize(
    ("given", "held"),
    [
        (1, 1),
        (0.5, 0.5),
        (True, True),
        (Fraction(1, 4), 0.25),
        ((1, [2.0, (False,)]), [1, [2.0, [False]]]),
        ([], []),
        (-math.inf, -math.inf),
        (None, None),
    ],
)
def test_what_can_be_in_one(given: Any, held: Any) -> None:
    module: Any = nn.Module()
    module.register_buffer("b", given)
    assert module.b == held and type(module.b) is type(held)
    module.b = 3.0
    module.b = given
    assert module.b == held and (given is None) == ("b" not in module.state_dict())


def test_numbers_of_numpy() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    module: Any = nn.Module()
    module.register_buffer("b", np.array([[1, 2]]))
    assert module.b == [[1, 2]] and type(module.b[0][1]) is int
    module.b = [np.float32(0.5), np.array(True), np.array(2)]
    assert module.b == [0.5, True, 2] and list(map(type, module.b)) == [float, bool, int]
    module.load_state_dict({"b": np.array([0.25, 0.0, 4.0])})
    assert module.b == [0.25, False, 4]


def test_its_lists_are_its_own() -> None:
    mine = [[1.0], [2.0]]
    module: Any = nn.Module()
    module.register_buffer("b", mine)
    state = module.state_dict()
    mine[0][0] = state["b"][1][0] = 9.0
    assert module.b == [[1.0], [2.0]]
    module.b[0][0] = 5.0
    assert module.state_dict() == {"b": [[5.0], [2.0]]}


WRONG: dict[str, tuple[Any, str]] = {
    "leaf": (Value(1.0), r"Mean\.mean is a buffer, and a leaf \(data 1\) cannot be in it, .*give it the"),
    "result": (Value(1.0, "w") * 2, r"Mean\.mean is a buffer, and a result of mul \(data 2\) cannot be in it"),
    "leaf in a list": ([0.0, Value(1.0, "w")], r"Mean\.mean is a buffer, and 'w' \(data 1\) cannot be in it"),
    "text": ("1", r"Mean\.mean is a buffer, which holds a number, lists of numbers, or None, not '1'"),
    "module": (nn.Tanh(), r"Mean\.mean is a buffer, which holds a number, .* not Tanh\(\)"),
    "dict": ({"a": 1.0}, r"Mean\.mean is a buffer, which holds a number, .* not \{'a': 1.0\}"),
    "None in a list": ([None], r"Mean\.mean is a buffer, which holds a number, .* not None"),
    "too large": (10**400 * Fraction(1, 3), r"Mean\.mean is a buffer, which holds a number"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_anything_else_is_refused_and_nothing_changes(wrong: str) -> None:
    value, sentence = WRONG[wrong]
    model = Mean()
    model.mean = [3.0, 4.0]
    ways: list[Callable[[], object]] = [
        lambda: setattr(model, "mean", value),
        lambda: model.register_buffer("mean", value, persistent=False),
    ]
    for way in ways:
        with pytest.raises(TypeError, match=f"^{sentence}"):
            way()
        assert model.mean == [3.0, 4.0] and "mean" in model.state_dict()
    model.mean[0] = value  # writing into the list is not noticed, but saving refuses the entry
    with pytest.raises(TypeError, match=f"^{sentence}"):
        model.state_dict()


@pytest.mark.parametrize(
    ("arguments", "kind", "sentence"),
    [
        ((1, 0.0), TypeError, "the name of a buffer must be a str, not 1"),
        (("", 0.0), ValueError, "the name of a buffer must have no dot and not be empty, unlike ''"),
        (("a.b", 0.0), ValueError, "the name of a buffer must have no dot and not be empty, unlike 'a.b'"),
        (("factor", 0.0), ValueError, "Mean has an attribute 'factor' already; choose another name for a buffer"),
        (("forward", 0.0), ValueError, "Mean has an attribute 'forward' already; choose another name for a buffer"),
        (("b", 0.0, 1), TypeError, "persistent must be True or False, not 1"),
    ],
)
def test_registrations_that_are_refused(arguments: Any, kind: type[Exception], sentence: str) -> None:
    model = Mean()
    before = dict(vars(model))
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$"):
        model.register_buffer(*arguments)
    assert vars(model) == before


def test_registered_anew_and_deleted() -> None:
    model: Any = Mean()
    model.register_buffer("mean", 1.0, persistent=False)
    model.register_buffer("_hidden", 2.0)
    assert "mean" not in model.state_dict() and model.state_dict()["_hidden"] == 2.0
    del model.mean
    assert "mean" not in dict(model.named_buffers())
    model.mean = Value(5.0)
    assert "mean" in dict(model.named_parameters())
    with pytest.raises(AttributeError):
        del model.mean_of_nothing


DAMAGES: dict[str, tuple[dict[str, Any], str]] = {
    "too short": ({"mean": [1.0]}, "mean must be a list of 2, not a list of 1"),
    "no list": ({"mean": 1.0}, "mean must be a list of 2, not 1.0"),
    "too deep": ({"mean": [1.0, [2.0]]}, "mean[1] must be a finite number, not a list of 1"),
    "nan": ({"mean": [1.0, math.nan]}, "mean[1] must be a finite number, not nan"),
    "inf": ({"mean": [1.0, math.inf]}, "mean[1] must be a finite number, not inf"),
    "bool": ({"mean": [1.0, True]}, "mean[1] must be a finite number, not True"),
    "text": ({"mean": [1.0, "2"]}, "mean[1] must be a finite number, not '2'"),
    "a half": ({"count": 1.5}, "count must be a whole number, not 1.5"),
    "half an inf": ({"count": math.inf}, "count must be a whole number, not inf"),
    "bool for a count": ({"count": True}, "count must be a whole number, not True"),
    "a Value": ({"count": Value(1.0)}, "count must be a whole number, not Value(data=1.0, grad=0.0)"),
    "None": ({"count": None}, "count must be a whole number, not None"),
    "for None": ({"nothing": 1.0}, "nothing is not expected"),
    "not persistent": ({"scratch": 1.0}, "scratch is not expected"),
    "a parameter": ({"factor": "2"}, "factor must be a finite number, not '2'"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_state_is_loaded_as_a_whole_or_not_at_all(damage: str) -> None:
    changes, sentence = DAMAGES[damage]
    model = Mean()
    before = model.state_dict()
    state = {**before, "factor": 5.0, "mean": [7.0, 8.0], "count": 9, "inner.bias": [1.0], **changes}
    with pytest.raises(ValueError, match=f"^the state does not fit this Mean: {re.escape(sentence)}$"):
        model.load_state_dict(state)
    assert model.state_dict() == before


def test_a_missing_buffer() -> None:
    model = Mean()
    state = model.state_dict()
    del state["count"]
    with pytest.raises(ValueError, match=r"count is missing$"):
        model.load_state_dict(state)
    assert model.load_state_dict(state, strict=False) == (["count"], [])


def test_kinds_stay_when_numbers_are_loaded() -> None:
    module: Any = nn.Module()
    module.register_buffer("mixed", [1, 0.5, True, -math.inf])
    module.load_state_dict({"mixed": (2.0, 3, 0, -math.inf)})
    assert module.mixed == [2, 3.0, False, -math.inf]
    assert list(map(type, module.mixed)) == [int, float, bool, float]


def test_files(tmp_path: Path) -> None:
    model, twin = Mean(), Mean()
    model([0.1, 0.2])
    model.save(tmp_path / "m")
    assert json.loads((tmp_path / "m").read_text())["parameters"]["count"] == 1
    twin.load(tmp_path / "m")
    assert twin.state_dict() == model.state_dict() and type(twin.count) is int
    model.mean = [1.0, math.nan]
    with pytest.raises(ValueError, match=r"^mean is nan, but a file holds finite numbers only; nothing was saved$"):
        model.save(tmp_path / "n")
    assert not (tmp_path / "n").exists()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_have_buffers_of_their_own(duplicate: Callable[[Mean], Any]) -> None:
    model = Mean()
    model([1.0, 2.0])
    twin = duplicate(model)
    assert twin.state_dict() == model.state_dict()
    twin([3.0, 4.0])
    twin.register_buffer("more", 1.0)
    assert (model.count, twin.count) == (1, 2) and model.mean == [1.0, 2.0] and "more" not in model.state_dict()
    with pytest.raises(TypeError, match="is a buffer"):
        twin.mean = Value(1.0)


def test_a_compiled_program_uses_the_numbers_of_evaluation() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")

    class Centred(Mean):
        def forward(self, x: Any) -> Any:
            return [self.factor * (v - m) for v, m in zip(x, self.mean)]

    model = Centred()
    model.mean = [1.0, 5.0]
    program = autograd.compile(model, model, like=([0.0, 0.0],))
    assert program.outputs([[4.0, 4.0]]).tolist() == [[6.0, -2.0]]


def test_values_that_are_recorded_do_not_become_buffers() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")

    class Keeping(Mean):
        def forward(self, x: Any) -> Any:
            self.mean = [0.9 * m + 0.1 * v for m, v in zip(self.mean, x)]
            return self.mean

    model = Keeping()
    with pytest.raises(
        autograd.CompileError,
        match=r": Keeping\.mean is a buffer, and cannot hold a number that is only known when a compiled program "
        r"runs, because",
    ):
        autograd.compile(model, model, like=([0.0, 0.0],))
    assert model.mean == [0.0, 0.0]
