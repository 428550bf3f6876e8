"""The command line of the course, and its programs: moons and digits learn, save, load and refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nn
from demos.classroom.commands import main
from demos.classroom.course import lessons
from tests.processes import PACKAGES


def test_the_course_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    for lesson in lessons():
        assert [line for line in lines if line.split()[:2] == [str(lesson.number), lesson.name]], lesson
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("name", ["one_weight", "2", "02_one_weight"])
def test_a_lesson_runs_by_its_number_and_its_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name]) == 0
    assert "2. One weight learns" in capsys.readouterr().out


def test_an_unknown_lesson_is_refused_with_the_names_of_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    assert "there is no lesson 'nothing'; there are: nudging, one_weight" in capsys.readouterr().err


def test_a_pipe_may_end_early() -> None:
    """As with ``python -m demos | head -1``: no traceback."""
    command = subprocess.Popen(
        [sys.executable, "-m", "demos"],
        env={**os.environ, "PYTHONPATH": str(PACKAGES)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout is not None
    command.stdout.close()
    _, error = command.communicate(timeout=120)
    assert error == b""


@pytest.mark.parametrize("compiled", [False, True])
def test_moons_are_told_apart(compiled: bool) -> None:
    pytest.importorskip("sklearn")
    import random

    from demos.programs import moons

    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1])
    assert moons.train(model, compiled=compiled) == 1.0
    points, labels = moons.data()
    scores = [model(point) for point in points]  # training has written the parameters back to the model
    assert nn.hinge(scores, labels).data < 0.05


def test_compiled_digits_are_trained_as_by_the_engine() -> None:
    """After two epochs of either, the parameters and the gradients' norms are the same up to rounding."""
    pytest.importorskip("sklearn")
    from demos.programs import digits

    training, _ = digits.data()
    part = training[:100]
    models = [digits.network(8, seed=0), digits.network(8, seed=0)]
    norms = [digits.train(digits.Eager(models[0]), part, 2), digits.train(digits.Compiled(models[1]), part, 2)]
    assert norms[0] == [pytest.approx(row, rel=1e-9) for row in norms[1]]
    numbers = [[p.data for p in model.parameters()] for model in models]
    assert max(abs(a - b) for a, b in zip(*numbers)) < 1e-11


@pytest.mark.parametrize(
    "name", ["credit", "xor", "xor_sigmoid", "three_layers", "causal_attention", "lstm", "residual"]
)
def test_compiled_networks_in_the_documents_are_those_that_are_compiled(name: str) -> None:
    pytest.importorskip("numpy")
    from demos.programs import matrices

    every = matrices.NETWORKS | matrices.SEQUENCES
    parameters, program = every[name]()
    folder = Path(__file__).resolve().parent.parent / "docs" / "compiled"
    assert program.source == (folder / f"{name}.py").read_text(encoding="utf-8")
    assert sorted(path.stem for path in folder.glob("*.py")) == sorted(every)
    assert name in matrices.SEQUENCES or matrices.difference(parameters, program) < 1e-12


def test_the_program_in_the_text_is_the_one_in_the_file() -> None:
    docs = Path(__file__).resolve().parent.parent / "docs"
    text = (docs / "guides" / "compile.md").read_text(encoding="utf-8")
    shown = text.partition("```\nX = X.T")[2].partition("```")[0]
    assert "dZ1" in shown
    assert "    X = X.T" + shown.rstrip().replace("\n", "\n    ") in (docs / "compiled" / "three_layers.py").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("compiled", [[], ["--compiled"], ["--compiled", "--backend", "jax"]], ids=" ".join)
def test_digits_are_learnt_saved_and_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], compiled: list[str]
) -> None:
    pytest.importorskip("sklearn")
    if "jax" in compiled:
        pytest.importorskip("jax", reason="JAX runs the program")
    from demos.programs import digits

    path = tmp_path / "model.json"
    digits.main(["--epochs", "3", "--hidden", "16", "--save", str(path), *compiled])
    out = capsys.readouterr().out
    assert float(out.partition("test accuracy: ")[2].partition("%")[0]) > 85
    digits.main(["--save", str(path), "--classify", "0", "1"])
    assert capsys.readouterr().out.count("read as") == 2

    with pytest.raises(SystemExit, match="no held-out image 4000"):
        digits.main(["--save", str(path), "--classify", "4000"])
    document = json.loads(path.read_text())
    document["metadata"] = {}
    path.write_text(json.dumps(document))
    with pytest.raises(SystemExit, match="was not saved by this demo"):
        digits.main(["--save", str(path), "--classify", "0"])
    with pytest.raises(SystemExit, match="there is no file"):
        digits.main(["--save", str(tmp_path / "none.json"), "--classify", "0"])
