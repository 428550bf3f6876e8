"""The lesson on XOR: W5 of the curriculum, its counts from a hundred starts, and wrong answers to its exercises."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from demos.classroom.commands import main
from demos.programs import xor_counts
from demos.programs.xor_counts import RECIPES, SEEDS, Outcome, stored, train

from .running import ran, transcript

try:  # without NumPy the tests are skipped, see below
    import numpy as np
except ModuleNotFoundError:
    np: Any = None  # type: ignore[no-redef]

Matrix = Sequence[Sequence[float]]
X: Any = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
Y: Any = [[0.0], [1.0], [1.0], [0.0]]
if np is not None:
    X, Y = np.array(X), np.array(Y)
PLATEAUS = {"0.347": math.log(2) / 2, "0.477": 3 / 4 * math.log(3) - math.log(2) / 2, "0.693": math.log(2)}


# --- wrong answers ---------------------------------------------------------------------------------------------------


def sums(w: Matrix, b: Sequence[float], x: Sequence[float]) -> list[float]:
    return [sum(w_i * x_i for w_i, x_i in zip(unit, x)) + bias for unit, bias in zip(w, b)]


def dead_units(w: Matrix, b: Sequence[float], patterns: Matrix) -> list[int]:
    return [j for j in range(len(w)) if all(sums(w, b, x)[j] <= 0 for x in patterns)]


def seen(w: Matrix, b: Sequence[float], patterns: Matrix) -> list[int]:
    return [k for k, x in enumerate(patterns) if max(sums(w, b, x)) > 0]


def some_unit_is_off(w: Matrix, b: Sequence[float], patterns: Matrix) -> list[int]:
    return [k for k, x in enumerate(patterns) if min(sums(w, b, x)) <= 0]


def without_bias(w: Matrix, b: Sequence[float], patterns: Matrix) -> list[int]:
    return [k for k, x in enumerate(patterns) if max(sums(w, [0] * len(b), x)) <= 0]


def below_zero(w: Matrix, b: Sequence[float], patterns: Matrix) -> list[int]:
    return [k for k, x in enumerate(patterns) if max(sums(w, b, x)) < 0]


def the_patterns(w: Matrix, b: Sequence[float], patterns: Matrix) -> list[Sequence[float]]:
    return [x for x in patterns if max(sums(w, b, x)) <= 0]


def how_many(w: Matrix, b: Sequence[float], patterns: Matrix) -> int:
    return len(the_patterns(w, b, patterns))


ENTROPY = math.log(4) - 3 / 4 * math.log(3)
WRONG = {
    "loss_of_and": [
        (math.log(2), "output is 0.5"),
        (0.25, "best output"),
        (4 * ENTROPY, "sum over the four"),
        (ENTROPY / math.log(2), "base 2"),
        (math.log(4), "one kind"),
        (0.1, "cannot get"),
        (3.0, "too much"),
    ],
    "unseen": [
        (dead_units, "unit that is dead"),
        (seen, "some unit sees"),
        (some_unit_is_off, "all units must be off"),
        (without_bias, "bias"),
        (below_zero, "above 0"),
        (the_patterns, "not the patterns themselves"),
        (how_many, "a list"),
    ],
}


# --- the recipes, by formulas written by hand, for many networks at once ---------------------------------------------


@pytest.fixture(autouse=True)
def _numpy() -> None:
    pytest.importorskip("numpy", reason="NumPy is not installed")


def sigma(z: Any) -> Any:
    return np.exp(-np.logaddexp(0, -z))


def texts(seeds: Iterable[int], scale: float, relu: bool, epochs: int, factor: float = 1.0) -> tuple[Any, Any, Any]:
    """Train the textbooks' networks by the four equations; returns outputs, hidden sums and losses, for each seed."""
    draws = [np.random.RandomState(seed) for seed in seeds]
    w1 = np.array([random.randn(2, 4) * scale for random in draws])
    w2 = np.array([random.randn(4, 1) * scale for random in draws])
    b1, b2 = np.zeros((len(draws), 1, 4)), np.zeros((len(draws), 1, 1))
    for epoch in range(epochs + 1):
        z1 = X @ w1 + b1
        a1 = np.maximum(z1, 0) if relu else sigma(z1)
        o = sigma(a1 @ w2 + b2)
        if epoch == epochs:
            break
        delta2 = (o - Y) / 4 if relu else factor * (o - Y) / 4 * o * (1 - o)
        delta1 = delta2 @ w2.transpose(0, 2, 1) * ((z1 > 0) if relu else a1 * (1 - a1))
        w2 = w2 - 0.5 * a1.transpose(0, 2, 1) @ delta2
        b2 = b2 - 0.5 * delta2.sum(axis=1, keepdims=True)
        w1 = w1 - 0.5 * X.T @ delta1
        b1 = b1 - 0.5 * delta1.sum(axis=1, keepdims=True)
    loss = -(Y * np.log(o) + (1 - Y) * np.log(1 - o)) if relu else (o - Y) ** 2
    return o[:, :, 0], z1, loss.mean(axis=(1, 2))


def agree(runs: Sequence[Outcome], outputs: Any, losses: Any) -> None:
    """Check that the stored runs of the engine agree with the formulas, to the digits that the file keeps."""
    assert [run.outputs for run in runs] == [pytest.approx(o.tolist(), rel=1e-4, abs=1e-7) for o in outputs]
    assert [run.loss for run in runs] == pytest.approx(losses.tolist(), rel=1e-4, abs=1e-7)
    assert [run.solved for run in runs] == [bool(((o > 0.5) == (Y[:, 0] > 0.5)).all()) for o in outputs]


def test_the_first_text_from_a_hundred_starts() -> None:
    """61 of 100; the others end at losses of 0.347 (19), 0.477 (16) and 0.693 (4)."""
    outputs, z1, losses = texts(SEEDS, 0.5, relu=True, epochs=10_000)
    runs = stored()["relu"]
    agree(runs, outputs, losses)
    failed = [run for run in runs if not run.solved]
    assert len(runs) - len(failed) == 61
    assert Counter(f"{run.loss:.3f}" for run in failed) == {"0.347": 19, "0.477": 16, "0.693": 4}
    for run in failed:
        assert min(abs(run.loss - plateau) for plateau in PLATEAUS.values()) < 5e-4
    assert max(run.loss for run in runs if run.solved) < 1e-3

    on = (z1 > 0).transpose(0, 2, 1)
    assert [run.on for run in runs] == [["".join("01"[int(k)] for k in unit) for unit in net] for net in on]
    dead = (~on.any(axis=2)).sum(axis=1).tolist()
    assert [run.dead for run in runs] == dead
    assert [sum(run.dead == k for run in failed) for k in range(5)] == [2, 8, 15, 12, 2]
    assert sum(run.dead > 0 for run in runs if run.solved) == 46


def test_what_the_failures_have_in_common() -> None:
    """Two patterns with different targets, for which all hidden units are off; or one unit that is always on."""
    for name in ("relu", "relu_long", "relu_he"):
        for run in stored()[name]:
            assert run.on is not None
            unseen = [k for k in range(4) if all(unit[k] == "0" for unit in run.on)]
            assert run.unseen == unseen
            blind = len({float(Y[k, 0]) for k in unseen}) == 2
            linear = set(run.on) == {"0000", "1111"}
            assert run.solved == (not blind and not linear), (name, run.seed)


def test_the_second_text_never_solves_it() -> None:
    """0 of 100, also with the whole gradient."""
    runs = stored()
    for name, factor in (("small", 1.0), ("small_full", 2.0)):
        outputs, _, losses = texts(SEEDS, 0.01, relu=False, epochs=5_000, factor=factor)
        agree(runs[name], outputs, losses)
        assert not any(run.solved for run in runs[name])
    assert not any(run.solved for run in runs["small_long"])
    outputs, _, losses = texts([0], 0.01, relu=False, epochs=100_000)
    agree(runs["small_long"][:1], outputs, losses)


def test_weights_of_ordinary_size_always_do() -> None:
    outputs, _, losses = texts(SEEDS, 1.0, relu=False, epochs=5_000)
    agree(stored()["ordinary"], outputs, losses)
    assert all(run.solved for run in stored()["ordinary"])


def test_ten_times_as_long_changes_nothing() -> None:
    runs = stored()
    assert [run.solved for run in runs["relu_long"]] == [run.solved for run in runs["relu"]]


def test_recipes_of_initialisers_by_hand() -> None:
    """tanh and Adam, ReLU and SGD, from the weights that `nn.init` draws; four seeds each, one of them a failure."""
    for recipe in RECIPES:
        if recipe.name not in ("tanh_4", "tanh_8", "relu_he"):
            continue
        runs = stored()[recipe.name]
        failures = [run.seed for run in runs if not run.solved]
        for seed in [0, 1, 2, *failures[:1]]:
            hidden, (output,) = (layer.neurons for layer in recipe.network(seed).layers)
            p = [
                np.array([[w.data for w in unit.w] for unit in hidden]).T,
                np.zeros(len(hidden)),
                np.array([[w.data for w in output.w]]).T,
                np.zeros(1),
            ]
            mean, square = [0 * q for q in p], [0 * q for q in p]
            for epoch in range(1, recipe.epochs + 1):
                z1 = X @ p[0] + p[1]
                a1 = np.tanh(z1) if recipe.name != "relu_he" else np.maximum(z1, 0)
                delta2 = (sigma(a1 @ p[2] + p[3]) - Y) / 4
                delta1 = delta2 @ p[2].T * (1 - a1**2 if recipe.name != "relu_he" else z1 > 0)
                gradient = [X.T @ delta1, delta1.sum(axis=0), a1.T @ delta2, delta2.sum(axis=0)]
                if recipe.name == "relu_he":
                    p = [q - 0.5 * g for q, g in zip(p, gradient)]
                    continue
                mean = [0.9 * m + 0.1 * g for m, g in zip(mean, gradient)]
                square = [0.999 * s + 0.001 * g**2 for s, g in zip(square, gradient)]
                p = [
                    q - 0.05 * (m / (1 - 0.9**epoch)) / (np.sqrt(s / (1 - 0.999**epoch)) + 1e-8)
                    for q, m, s in zip(p, mean, square)
                ]
            a1 = np.tanh(X @ p[0] + p[1]) if recipe.name != "relu_he" else np.maximum(X @ p[0] + p[1], 0)
            o = sigma(a1 @ p[2] + p[3])
            loss = -(Y * np.log(o) + (1 - Y) * np.log(1 - o)).mean()
            agree([runs[seed]], [o[:, 0]], np.array([loss]))


def test_counts_of_all_recipes() -> None:
    solved = {name: sum(run.solved for run in runs) for name, runs in stored().items()}
    assert solved == {
        "relu": 61,
        "relu_long": 61,
        "relu_he": 96,
        "small": 0,
        "small_full": 0,
        "small_long": 0,
        "ordinary": 100,
        "tanh_4": 96,
        "tanh_8": 100,
    }
    assert list(solved) == [recipe.name for recipe in RECIPES]
    assert all([run.seed for run in runs] == list(SEEDS) for runs in stored().values())


# --- the program -----------------------------------------------------------------------------------------------------


def test_the_program_measures_what_is_stored() -> None:
    """Networks in one program do not affect each other: together or alone, a seed ends where the file says."""
    recipe = RECIPES[0]
    together, alone = train(recipe, [1, 13, 9]), train(recipe, [13])
    for run in (*together, *alone):
        kept = stored()["relu"][run.seed]
        assert run.outputs == pytest.approx(kept.outputs, rel=1e-5)
        assert run.loss == pytest.approx(kept.loss, rel=1e-5)
        assert run.on == kept.on
    assert together[1].outputs == pytest.approx(alone[0].outputs, rel=1e-9)


def test_the_command_prints_and_keeps(
    tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xor_counts, "RECIPES", [RECIPES[7]])
    monkeypatch.setattr(xor_counts, "SEEDS", range(2))
    monkeypatch.setattr(xor_counts, "FILE", tmp_path / "counts.json")
    assert main(["xor_counts", "--write", "--seeds", "2"]) == 0
    out = capsys.readouterr().out
    assert "4 tanh, Xavier, BCE, Adam" in out and "2 starts each" in out
    assert json.loads((tmp_path / "counts.json").read_text())["command"] == "python -m demos xor_counts --write"
    for run, kept in zip(train(RECIPES[7], range(2)), stored()["tanh_4"]):
        assert kept.outputs == pytest.approx(run.outputs, rel=1e-5)
    for refused in (["--seeds", "0"], ["--seeds", "1", "--write"]):
        with pytest.raises(SystemExit):
            main(["xor_counts", *refused])


# --- the lesson ------------------------------------------------------------------------------------------------------


def test_the_texts_programs_beside_the_engine() -> None:
    """Losses of 50 epochs differ by less than 1e-15; and the classes are the formulas above."""
    lesson = ran("xor")
    assert lesson.worst_relu < 1e-15 and lesson.worst_sigmoid < 1e-15
    for theirs, scale, relu in (
        (lesson.NeuralNetworkFromScratch(3), 0.5, True),
        (lesson.SimpleNeuralNetwork(3), 0.01, False),
    ):
        for _ in range(40):
            theirs.forward()
            theirs.step()
        loss = theirs.forward()
        outputs, _, losses = texts([3], scale, relu, epochs=40)
        assert theirs.a2[:, 0].tolist() == pytest.approx(outputs[0].tolist(), rel=1e-13)
        assert loss == pytest.approx(losses[0], rel=1e-13)


def test_the_runs_of_the_lesson() -> None:
    lesson = ran("xor")
    for seed, ends in lesson.losses.items():
        kept = stored()["relu"][seed]
        assert [lesson.nets[seed](x).data for x in lesson.X] == pytest.approx(kept.outputs, rel=1e-5)
        assert ends[-1] == pytest.approx(kept.loss, rel=1e-3)
    for n, q, plateau in ((2, 1 / 2, "0.347"), (3, 1 / 3, "0.477"), (3, 2 / 3, "0.477"), (4, 1 / 2, "0.693")):
        assert lesson.plateau(n, q) == pytest.approx(PLATEAUS[plateau], rel=1e-14)


def test_what_the_lesson_says() -> None:
    text = transcript("xor")
    assert "Answer: 61." in text and "after 100,000 epochs: the same failures" in text
    assert "blind: 0 of 61 that solved it," in text and "37 of 39 that failed" in text
    assert "AttributeError: 'NoneType' object has no attribute 'astype'" in text
