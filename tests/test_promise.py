"""The README's promise: adding an operation takes one row, and one entry that gives the tests its mathematics.

A copy of the repository gets a softsign, in these two places and in no other. Then the copy's own tests are run for
it, and it is used as a user would. Its generated line in ``docs/accuracy.md``, which a command writes, does not count.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd
import demos
import nn

ROOT = Path(__file__).parents[1]
PACKAGES = [Path(package.__file__).parent for package in (autograd, demos, nn) if package.__file__]
DOCUMENTS = [ROOT / name for name in ("tests", "docs", "README.md", "pyproject.toml")]  # missing in an installed wheel
GENERATED = "docs/accuracy.md"

ROW = """softsign: Op = _row(
    "softsign", lambda a: a / (1.0 + abs(a)), lambda a, out: (square(1.0 / (1.0 + abs(a))),),
    mark="softsgn", spoken="the softsign of {}", method=True, activation="Softsign",
    textbook=(None, lambda a, out: (1.0 / (1.0 + abs(a)) ** 2.0,)),
    doc="a / (1 + |a|), between -1 and 1.\\n\\n>>> softsign(1.0)\\n0.5",
)
"""
TRUTH = """    "softsign": Truth(
        lambda a: a / (1 + abs(a)), line("softsign"),
        accepted={
            "slope": (math.isinf, "PyTorch divides infinities"),
        },
    ),
"""

# Tests that go through the table: those for each operation, and those that compare other tables with it.
TESTS = [
    *("test_ops", "test_textbook", "test_dags", "test_rules", "test_symbols", "test_value", "test_arrays"),
    *("test_expression", "test_explore", "test_docs", "test_compiler_ops", "test_compiler_networks"),
    *("test_nn_layers", "test_imports", "test_page_arithmetic", "test_reference"),
]
ABOUT = [
    *("softsign", "every_truth", "is_said", "sound_alike", "is_accepted", "calls_a_method", "meant_to_be"),
    *("every_public_name", "bad_calls"),
]

USE = """
import math
import autograd, nn
from autograd import Value, gradcheck, grad
from autograd.symbols import latex, python
from autograd.view import explain
from autograd.view.operations import javascript
from tests.test_explore import Graph, Parts, build

x = Value(-3.0, "x")
assert x.softsign().data == autograd.softsign(-3.0) == nn.Softsign()(-3.0) == -0.75
y = autograd.softsign(x)
y.label = "y"
y.backward()
assert x.grad == 1 / 16
assert gradcheck(lambda v: autograd.softsign(v[0]), [0.5])
assert grad(grad(autograd.softsign))(1.0) == -0.25
assert "softsign" in autograd.__all__ and "Softsign" in nn.__all__ and "softsign" in nn.ACTIVATIONS

told = explain(x, of=y)
assert "1 / (1 + abs(x)) ** 2" in told, told
assert latex(autograd.softsign)[1].endswith(
    r"\\frac{1}{\\left(1 + \\left|a\\right|\\right)^{2}}"), latex(autograd.softsign)
assert "def softsign_rule(a):" in python(autograd.softsign)
assert "f.abs(" in javascript([(autograd.softsign, 1)])
data = Parts(build(Graph(y))).data
assert data["operations"]["softsign/1"]["readable"], data["operations"]

model = nn.MLP(2, [3, 1], activation="softsign", seed=1)
assert "SoftsignNeuron(2)" in repr(model)
try:
    import numpy
except ImportError:
    pass
else:
    assert autograd.softsign(numpy.array([1.0, -3.0])).tolist() == [0.5, -0.75]
    program = autograd.compile(lambda a: model(a) ** 2, like=([0.0, 0.0],))
    loss, _ = program([[0.5, 2.0], [1.0, -1.0]])
    eager = [(model(a) ** 2).data for a in ([0.5, 2.0], [1.0, -1.0])]
    assert math.isclose(loss, sum(eager) / 2, rel_tol=1e-12), (loss, eager)
print("used")
"""


def insert(path: Path, before: str, text: str) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1
    path.write_text(source.replace(before, text + before), encoding="utf-8")


def files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two copies of everything, one as it is and one with a softsign."""
    before, after = (tmp_path_factory.mktemp(name) for name in ("before", "after"))
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for source in PACKAGES + DOCUMENTS:
        if source.is_dir():
            shutil.copytree(source, before / source.name, ignore=ignored)
        else:
            shutil.copy(source, before)
    shutil.copytree(before, after, dirs_exist_ok=True)
    insert(after / "autograd" / "ops.py", "\n# Operations on sequences\n", ROW)
    insert(after / "tests" / "accuracy.py", '    "sum": Truth(\n', TRUTH)
    run(after, "-m", "tests.accuracy", "--write", "softsign")
    return before, after


def run(where: Path, *arguments: str) -> str:
    """What Python prints when it is run with the packages of this folder; it must succeed."""
    environment = {**os.environ, "PYTHONPATH": str(where), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=where, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_a_row_and_its_truth_are_all_that_is_written(copies: tuple[Path, Path]) -> None:
    before, after = copies
    assert {*files(before)} == {*files(after)}
    differ = {name for name in files(after) if not filecmp.cmp(before / name, after / name, shallow=False)}
    assert differ - {GENERATED} == {"autograd/ops.py", "tests/accuracy.py"}
    assert "softsign" not in "".join((before / name).read_text(encoding="utf-8") for name in sorted(differ))


def test_the_new_operation_is_everywhere(copies: tuple[Path, Path]) -> None:
    _, after = copies
    assert run(after, "-c", USE) == "used\n"


def test_all_tests_of_operations_hold_for_it(copies: tuple[Path, Path]) -> None:
    _, after = copies
    tests = [f"tests/{name}.py" for name in TESTS]
    said = run(after, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", " or ".join(ABOUT), *tests)
    assert " passed" in said
    assert " failed" not in said
    listed = run(after, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only", "-k", "softsign", *tests)
    assert listed.count("softsign") >= 30, listed


def test_what_is_left_out_is_asked_for(copies: tuple[Path, Path], tmp_path: Path) -> None:
    """A row without its truth: the message says what to add, and where."""
    before, _ = copies
    shutil.copytree(before, tmp_path / "half")
    insert(tmp_path / "half" / "autograd" / "ops.py", "\n# Operations on sequences\n", ROW)
    with pytest.raises(AssertionError, match=r"'softsign', and tests/accuracy\.py has no truth for it: add"):
        run(
            tmp_path / "half",
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/test_ops.py",
            "-k",
            "has_its_truth",
        )
