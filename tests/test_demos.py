"""The lessons run and say what the worked examples say; moons and digits learn, save, load and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nn
from demos.__main__ import COURSE, lessons, main


def test_the_list_names_every_lesson_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    listed = capsys.readouterr().out
    assert set(COURSE) <= set(lessons())
    for name, line in lessons().items():
        assert line.endswith(".")
        assert f"  {name:<14} {line}" in listed


def test_an_unknown_lesson_is_refused_with_the_names_of_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    assert "there is no demo 'nothing'; there are: one_weight, credit" in capsys.readouterr().err


# What the curriculum gives as exact results of the formulas.
FIGURES = {
    "one_weight": ["-12", "= 1.7"],
    "credit": ["0.7099776590", "-0.0597183212", "-0.0098238190", "0.5049119095", "0.7147756492"],
    "biases": ["0.2748110832", "0.1384985616", "0.0133679204", "0.7283521371", "0.2580148964"],
    "delta": ["-0.1824255238", "2.171738281e-300"],
    "minibatch": ["largest difference over all epochs"],
    "numeric_check": ["suspect: slipped_sin", "is True"],
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_lesson_tells_the_exact_figures(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    if name == "minibatch":
        pytest.importorskip("numpy")
    assert main([name]) == 0
    told = capsys.readouterr().out.split()
    text = " ".join(told)
    for figure in FIGURES[name]:
        try:
            wanted = float(figure)
        except ValueError:
            assert figure in text
        else:
            numbers = [float(word.strip("(),")) for word in told if _is_number(word.strip("(),"))]
            assert any(abs(number - wanted) <= 6e-11 * max(1.0, abs(wanted)) or number == wanted for number in numbers)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("compiled", [False, True])
def test_moons_are_told_apart(compiled: bool) -> None:
    pytest.importorskip("sklearn")
    import random

    from demos import moons

    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1])
    assert moons.train(model, compiled=compiled) == 1.0
    points, labels = moons.data()
    scores = [model(point) for point in points]  # the compiled program has given the model its parameters back
    assert nn.hinge(scores, labels).data < 0.05


def test_compiled_digits_are_trained_as_by_the_engine() -> None:
    """Two epochs of either, and the parameters are the same to rounding; so are the gradients' norms."""
    pytest.importorskip("sklearn")
    from demos import digits

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
    from demos import matrices

    every = matrices.NETWORKS | matrices.SEQUENCES
    parameters, program = every[name]()
    folder = Path(__file__).resolve().parent.parent / "docs" / "compiled"
    assert program.source == (folder / f"{name}.py").read_text(encoding="utf-8")
    assert sorted(path.stem for path in folder.glob("*.py")) == sorted(every)
    assert name in matrices.SEQUENCES or matrices.difference(parameters, program) < 1e-12


def test_the_program_in_the_text_is_the_one_in_the_file() -> None:
    docs = Path(__file__).resolve().parent.parent / "docs"
    shown = (docs / "compile.md").read_text(encoding="utf-8").partition("```\nX = X.T")[2].partition("```")[0]
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
    from demos import digits

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
