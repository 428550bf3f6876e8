"""The lesson on a GPT: its forward pass written out in NumPy, its training and sampling, and its rival's model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("numpy", reason="the lesson compiles its network to NumPy")

import numpy as np

import nn
from demos.classroom.terminal import run

from .running import lesson as lesson_called
from .running import ran, transcript


def without_temperature(logits: Sequence[float], T: float) -> list[float]:
    powers = [math.exp(z) for z in logits]
    return [p / sum(powers) for p in powers]


def multiplied(logits: Sequence[float], T: float) -> list[float]:
    return without_temperature([z * T for z in logits], 1.0)


def powers(logits: Sequence[float], T: float) -> list[float]:
    return [math.exp(z / T) for z in logits]


def divided_late(logits: Sequence[float], T: float) -> list[float]:
    return [p / T for p in without_temperature(logits, 1.0)]


def overflowing(logits: Sequence[float], T: float) -> list[float]:
    return without_temperature([z / T for z in logits], 1.0)


def only_the_largest(logits: Sequence[float], T: float) -> float:
    return max(logits)


WRONG = {
    "choices": [
        (2**2.3, "bits"),
        (2.3, "is the loss"),
        (math.log(2.3), "wrong way round"),
        (math.exp(-2.3), "question is n"),
        (33, "the loss is ln(33)"),
        (-1, "positive"),
    ],
    "cool": [
        (without_temperature, "changes nothing"),
        (multiplied, "Divide"),
        (powers, "by their sum"),
        (divided_late, "before the exp"),
        (overflowing, "Subtract the largest"),
        (only_the_largest, "a list"),
    ],
}


@pytest.fixture
def gpt() -> ModuleType:
    return ran("gpt")


def logits(model: Any, tokens: Sequence[int]) -> Any:
    """The forward pass, line by line."""
    matrices = [np.array(numbers) for numbers in model.state_dict().values()]
    letters, places, projections, out, up, down, head = matrices
    query, key, value = np.split(projections, 3)
    heads, size = 4, len(out) // 4

    def norm(x: Any) -> Any:
        return x / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-5)

    x = letters[list(tokens)] + places[: len(tokens)]
    q, k, v = (norm(x) @ matrix.T for matrix in (query, key, value))
    mixed = np.zeros_like(x)
    for h in range(heads):
        own = slice(h * size, (h + 1) * size)
        for i in range(len(x)):
            scores = np.exp(k[: i + 1, own] @ q[i, own] / math.sqrt(size))
            mixed[i, own] = scores / scores.sum() @ v[: i + 1, own]
    x = x + mixed @ out.T
    x = x + np.maximum(norm(x) @ up.T, 0.0) @ down.T
    return norm(x) @ head.T


def loss_by_hand(gpt: ModuleType, name: str) -> float:
    tokens = gpt.tokens_of(name)
    z = logits(gpt.model, tokens[:-1])
    of_each = np.log(np.exp(z).sum(axis=1)) - z[range(len(z)), tokens[1:]]
    return float(of_each.mean())


def test_the_forward_pass_is_that_of_the_formulas(gpt: ModuleType) -> None:
    for name in (*gpt.held_out[:3], gpt.training[0]):
        tokens = gpt.tokens_of(name)
        found = [[z.data for z in row] for row in gpt.model(tokens[:-1])]
        np.testing.assert_allclose(found, logits(gpt.model, tokens[:-1]), rtol=1e-11, atol=1e-12)


def test_the_program_is_the_mean_over_characters(gpt: ModuleType) -> None:
    names = gpt.held_out[:5]
    gpt.program.read_in()  # the kept parameters
    sizes = [len(name) + 1 for name in names]
    mean = sum(loss_by_hand(gpt, name) * size for name, size in zip(names, sizes)) / sum(sizes)
    assert gpt.program(*gpt.batch(names))[0] == pytest.approx(mean, rel=1e-12)
    assert gpt.best == pytest.approx(gpt.program(*gpt.hold)[0], rel=1e-12)


def test_gradients(gpt: ModuleType) -> None:
    """The gradients of scalars and program are the same, and agree with central differences of the formulas."""
    assert gpt.apart < 1e-13
    name, h = gpt.held_out[1], 1e-5
    tokens = gpt.tokens_of(name)
    parameters = gpt.model.parameters()
    gpt.model.zero_grad()
    nn.cross_entropy(gpt.model(tokens[:-1]), tokens[1:]).backward()
    for p in parameters[:: len(parameters) // 40]:
        at = p.data
        p.data = at + h
        above = loss_by_hand(gpt, name)
        p.data = at - h
        below = loss_by_hand(gpt, name)
        p.data = at
        assert p.grad == pytest.approx((above - below) / (2 * h), rel=1e-5, abs=1e-9)


@pytest.mark.usefixtures("same_limits")
def test_the_model_is_the_one_that_benchmarks_measure(gpt: ModuleType) -> None:
    """With the same numbers the lesson's network has the loss and the gradients of microgpt's design."""
    pytest.importorskip("benchmarks", reason="an installed wheel has no benchmarks")
    from benchmarks import problems
    from benchmarks.rivals import microgpt

    problem = problems.gpt(False)
    program = microgpt.Library().program("gpt", problem)
    loss, gradients = program.read(program.step())
    model = gpt.GPT(kinds=27, length=16, width=16, heads=4, seed=0)
    for p, x in zip(model.parameters(), problems.flat(problem["parameters"])):
        p.data = x
    (tokens,) = problem["words"]
    own = nn.cross_entropy(model(tokens[:-1]), tokens[1:])
    own.backward()
    assert own.data == pytest.approx(loss, rel=1e-12)
    assert [p.grad for p in model.parameters()] == pytest.approx(gradients, rel=1e-9, abs=1e-12)


def test_nothing_looks_ahead(gpt: ModuleType) -> None:
    before, after = ([[z.data for z in row] for row in gpt.model(tokens)] for tokens in ([0, 5, 6, 7], [0, 5, 1, 2]))
    assert before[:2] == after[:2]
    assert before[2] != after[2]
    for head in gpt.heads:
        assert all([w.data for w in row[i + 1 :]] == [0.0] * (len(row) - i - 1) for i, row in enumerate(head))
        assert [sum(w.data for w in row) for row in head] == pytest.approx([1.0] * len(head))


def test_it_starts_from_nothing_and_learns(gpt: ModuleType) -> None:
    knowing_nothing = math.log(gpt.kinds)
    assert gpt.loss.data == pytest.approx(knowing_nothing, abs=0.06)
    assert gpt.curve[-1][1] < 2.3  # nats per character, on the training names
    assert gpt.best < gpt.counted < knowing_nothing
    assert gpt.best == min(held for _, _, held in gpt.curve)
    assert gpt.curve[-1][2] > gpt.best + 0.02
    assert "Answer: falls, then rises." in transcript("gpt")


def test_counted_pairs(gpt: ModuleType) -> None:
    """With a fifth added to each, a pair seen n times after N of its first has (n + 0.2) / (N + 0.2 kinds)."""
    texts = ["." + name + "." for name in gpt.training]
    kinds, total, count = gpt.kinds, 0.0, 0
    for name in gpt.held_out:
        text = "." + name + "."
        for a, b in pairwise(text):
            n = sum(x == a and y == b for t in texts for x, y in pairwise(t))
            N = sum(x == a for t in texts for x in t[:-1])
            total -= math.log((n + 0.2) / (N + 0.2 * kinds))
            count += 1
    assert gpt.counted == pytest.approx(total / count, rel=1e-12)


def test_invented_names(gpt: ModuleType) -> None:
    gpt.program.parameters.data[:] = gpt.kept
    made = gpt.invent(50, 0.8, seed=4)
    assert made == gpt.invent(50, 0.8, seed=4) != gpt.invent(50, 0.8, seed=5)
    assert set("".join(made)) <= set(gpt.letters)
    assert max(map(len, made)) <= gpt.length
    assert sum(name in gpt.training for name in made) < 25
    gpt.program.write_back()
    tokens = [gpt.END]  # at temperatures near 0 the likeliest character is drawn; the same by hand
    while len(tokens) <= gpt.length:
        tokens.append(int(logits(gpt.model, tokens)[-1].argmax()))
        if tokens[-1] == gpt.END:
            break
    assert gpt.coldest[0] == "".join(gpt.letters[t - 1] for t in tokens if t != gpt.END)


def test_a_file_of_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [a + b for a in "abcdefgh" for b in "ijklmnop"]
    file = tmp_path / "names"
    file.write_text("\n".join([*names, "", names[0], "x" * 30]), encoding="utf-8")
    module = run(lesson_called("gpt"), ["--data", str(file)], code=False)
    assert (module.kinds, module.length) == (17, 3)
    assert sorted(module.training + module.held_out) == names
    assert module.curve[-1][1] == pytest.approx(2 * math.log(8) / 3, abs=0.15)  # each letter is one of 8
    assert "64 names, 1 too long and left out" in capsys.readouterr().out


@pytest.mark.parametrize("options", [["--data"], ["names"], ["--data", "a", "b"]])
def test_other_options_are_refused(options: list[str]) -> None:
    with pytest.raises(SystemExit, match="usage"):
        run(lesson_called("gpt"), options, code=False)


def test_too_few_names_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "names"
    file.write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="at least 50"):
        run(lesson_called("gpt"), ["--data", str(file)], code=False)
