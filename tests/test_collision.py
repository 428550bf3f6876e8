"""HIPS Autograd also installs a package named autograd: where glassgrad's code still runs, an error explains it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd

SOURCES = Path(autograd.__file__).resolve().parent.parent

IMPORTS = ("import nn", "from nn.losses import mse", "from autograd.view import explain", "import autograd.view.text")
COMMANDS = ("autograd x**2 x=3", "demos")
UNINSTALL = "-m pip uninstall -y autograd"


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A folder of glassgrad's packages, as they are installed."""
    folder = tmp_path / "ours"
    for package in ("autograd", "nn", "demos"):
        shutil.copytree(SOURCES / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def install_hips(folder: Path, init: str = "def grad(f): ...\n") -> None:
    """Put stand-ins for HIPS Autograd's files into a folder; without __init__.py if `init` is empty."""
    numpy = folder / "autograd" / "numpy"
    numpy.mkdir(parents=True)
    (numpy / "__init__.py").write_text("")
    (numpy / "numpy_vjps.py").write_text("")
    if init:
        (folder / "autograd" / "__init__.py").write_text(init)


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with the packages in it and without the installed ones."""
    command = [sys.executable, "-S", "-E", "-X", "utf8", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")


def refusal(folder: Path, program: str) -> str:
    """The error of an import, from the end of the traceback."""
    done = python(folder, "-c", program)
    assert done.returncode == 1
    assert "another exception occurred" not in done.stderr
    kind, _, text = done.stderr.splitlines()[-1].partition(": ")
    assert kind == "ImportError"
    return text


def complaint(folder: Path, command: str) -> str:
    """The whole output of a command, which must be one line on standard error."""
    done = python(folder, "-m", *command.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    return done.stderr[len("error: ") : -1]


def everywhere(folder: Path) -> str:
    """The sentence that every import and every command gives."""
    said = {refusal(folder, program) for program in IMPORTS} | {complaint(folder, command) for command in COMMANDS}
    assert len(said) == 1, said
    return said.pop()


# --- nothing is wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [("-c", x) for x in ("import autograd", *IMPORTS)] + [("-m", x) for x in COMMANDS]
)
def test_nothing_is_said_when_all_is_in_order(ours: Path, arguments: tuple[str, str]) -> None:
    option, program = arguments
    done = python(ours, "-W", "error", option, *(program.split() if option == "-m" else [program]))
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_more_is_loaded_when_all_is_in_order(ours: Path) -> None:
    done = python(ours, "-c", "import nn, sys; print({'autograd._namesake', 'runpy'} & {*sys.modules})")
    assert done.stdout == "set()\n"


# --- glassgrad, then HIPS Autograd --------------------------------------------------------------------------------


def test_hips_autograd_has_overwritten_ours(ours: Path) -> None:
    install_hips(ours)
    text = everywhere(ours)
    assert text.startswith("HIPS Autograd, which also installs a package called autograd, has overwritten glassgrad's ")
    assert str(ours / "autograd" / "__init__.py") in text
    assert f"{UNINSTALL} glassgrad`, then install glassgrad again" in text


@pytest.mark.parametrize("fails", ["import numpy_that_is_not_there", "raise AttributeError('np.int')"])
def test_hips_autograd_has_overwritten_ours_and_cannot_be_imported_itself(ours: Path, fails: str) -> None:
    install_hips(ours, fails)
    for text in (refusal(ours, "import nn"), complaint(ours, "demos")):
        assert text.startswith("HIPS Autograd, which also installs a package called autograd, has overwritten ")


def test_hips_autograd_was_uninstalled_and_took_ours_with_it(ours: Path) -> None:
    (ours / "autograd" / "__init__.py").unlink()
    text = everywhere(ours)
    assert text.startswith(f"glassgrad's {ours / 'autograd' / '__init__.py'} is gone, as it is after HIPS Autograd, ")
    assert f"{UNINSTALL} glassgrad`, then install glassgrad again" in text


def test_an_unknown_package_has_overwritten_ours(ours: Path) -> None:
    (ours / "autograd" / "__init__.py").write_text("")
    assert everywhere(ours).startswith("something else has overwritten glassgrad's ")


# --- HIPS Autograd, then glassgrad --------------------------------------------------------------------------------


def test_ours_has_overwritten_hips_autograd(ours: Path) -> None:
    """Our package works, and says what does not."""
    install_hips(ours, "")
    done = python(
        ours, "-c", "pass\nfrom autograd import Value\nimport nn, autograd.view\nprint((Value(2.0) * 3).data)"
    )
    assert (done.returncode, done.stdout, done.stderr.count("Warning: ")) == (0, "6.0\n", 1)
    where = ours / "autograd" / "__init__.py"
    assert done.stderr.startswith(f"<string>:2: UserWarning: glassgrad has overwritten {where} of HIPS Autograd, ")
    assert f"{UNINSTALL} glassgrad`, then install one of them again" in done.stderr


@pytest.mark.parametrize("program", ["import autograd.numpy", "import nn"])
def test_those_who_look_for_hips_autograd_are_told(ours: Path, program: str) -> None:
    install_hips(ours, "")
    assert "UserWarning: glassgrad has overwritten " in python(ours, "-c", program).stderr


# --- elsewhere on the path ----------------------------------------------------------------------------------------


def test_hips_autograd_comes_first(ours: Path, tmp_path: Path) -> None:
    """As with an editable installation of glassgrad; then uninstalling HIPS Autograd is enough."""
    install_hips(tmp_path / "theirs")
    text = refusal(tmp_path / "theirs", f"import sys; sys.path.append({str(ours)!r}); import nn")
    assert text.startswith(f"HIPS Autograd in {tmp_path / 'theirs' / 'autograd'}, ")
    assert f" hides glassgrad's in {ours / 'autograd'}; run `" in text
    assert text.endswith(f"{UNINSTALL}`")


@pytest.mark.parametrize("name", ["autograd.py", "autograd/"])
def test_something_of_that_name_comes_first(ours: Path, tmp_path: Path, name: str) -> None:
    work = tmp_path / "work"
    path = work / name
    path.parent.mkdir()
    if name.endswith("/"):
        path.mkdir()  # a folder without an __init__.py, which hides what is found by other means than a path
        program = "import sys, autograd; sys.path.append({!r}); import nn"
    else:
        path.write_text("import nn\n")
        program = "import sys; sys.path.append({!r}); import nn"
    text = refusal(work, program.format(str(ours)))
    assert text == f"{path} hides glassgrad's package autograd in {ours / 'autograd'}; rename it"


# --- what else may be wrong ---------------------------------------------------------------------------------------


def test_other_errors_are_left_alone(ours: Path) -> None:
    with (ours / "autograd" / "__init__.py").open("a") as file:
        file.write("\nimport something_that_is_missing\n")
    done = python(ours, "-c", "import nn")
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'something_that_is_missing'"
    assert complaint(ours, "demos") == "No module named 'something_that_is_missing'"


def test_a_python_in_a_folder_with_a_space_is_quoted(ours: Path) -> None:
    (ours / "autograd" / "__init__.py").unlink()
    text = refusal(ours, "import sys; sys.executable = '/my python/bin/python'; import nn")
    assert '`"/my python/bin/python" -m pip uninstall -y autograd glassgrad`' in text
