"""The code in the documentation is run: doctests, the examples of every operation, and the Python in Markdown files.

Where an example in Markdown prints, and a comment states what, the comment is compared with the output.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import doctest
import importlib
import inspect
import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd.ops import BUILTIN, OPS

ROOT = Path(__file__).resolve().parent.parent  # where the documents are
SOURCES = Path(autograd.__file__).resolve().parent.parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SCOPE = {name: getattr(autograd, name) for name in (*autograd.__all__, "abs", "compile", "pow", "sum")}

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("autograd", "nn", "demos")
    for path in (ROOT / package).rglob("*.py")
    if path.stem != "__main__"
)
MARKDOWN = [
    path
    for path in (
        *(ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))),
        *sorted((ROOT / "docs").glob("[!_.]*/*.md")),  # a page of a folder of the site
    )
    if path.exists()
]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def load(name: str) -> Any:
    """A module; skips the test if a library that it needs is missing, but not if one of ours is."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in ("autograd", "nn", "demos"):
            raise
        return pytest.skip(f"{name} needs {error.name}")


@pytest.fixture(autouse=True)
def no_operation_stays() -> Iterator[None]:
    """Remove the operations that examples define, which would stay for the whole process."""
    before = dict(OPS)
    yield
    OPS.clear()
    OPS.update(before)


# --- docstrings ---------------------------------------------------------------------------------------------------


def run(tests: list[doctest.DocTest]) -> int:
    """Run doctests; the report of a failure is the assertion's message. Returns the number of examples."""
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in tests:
        runner.run(test, out=report.write)
    assert runner.failures == 0, report.getvalue()
    return runner.tries


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name: str) -> None:
    run(doctest.DocTestFinder().find(load(name)))


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_every_operation_has_an_example_that_runs(name: str) -> None:
    text = OPS[name].__doc__ or ""
    example = doctest.DocTestParser().get_doctest(text, dict(SCOPE), name, None, 0)
    assert run([example]) > 0
    assert f"{name}(" in text


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_every_public_name_is_there_and_documented(package: str) -> None:
    module = load(package)
    names = module.__all__
    assert len(set(names)) == len(names)
    assert [name for name in names if not hasattr(module, name)] == []
    objects = {name: getattr(module, name) for name in names}
    # `__doc__` of a constant is its type's; its own docstring is the string below it in the source.
    documented = {
        name for name, x in objects.items() if x.__doc__ and (isinstance(x, type) or x.__doc__ != type(x).__doc__)
    }
    assert sorted(set(names) - documented - documented_constants(package)) == []


def documented_constants(package: str) -> set[str]:
    """Names whose docstring is not in the object but in the source, such as constants with a string right below."""
    found = set()
    for path in (SOURCES / package).rglob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for statement, below in itertools.pairwise(body):
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                targets = (
                    statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
                )
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def test_methods_have_docstrings_and_signatures() -> None:
    """In both engines; in the native one, Cython has to keep them."""
    for name, method in vars(autograd.Value).items():
        if not name.startswith("_") and (
            callable(method) or isinstance(method, property) or hasattr(method, "__get__")
        ):
            assert method.__doc__, name
            if callable(method):
                assert next(iter(inspect.signature(method).parameters)) == "self", name
    assert str(inspect.signature(autograd.Value.clip)).startswith("(self, low: 'object' = -inf, high: 'object' = inf")
    assert str(inspect.signature(autograd.Value.backward)).startswith("(self, grad: 'object' = 1.0)")


def test_star_import_leaves_python_s_own_functions_alone() -> None:
    assert not {"abs", "compile", "pow", "sum"} & set(autograd.__all__)
    assert all(getattr(autograd, name) is not getattr(builtins, name) for name in ("abs", "compile", "pow", "sum"))


# --- Markdown -----------------------------------------------------------------------------------------------------


def stated(lines: list[str], statement: ast.stmt) -> tuple[str, bool]:
    """What the comments say that a statement prints, and whether a remark may follow it.

    Such a comment is on the line of a print, if it begins like a number, a list or a constant; or it is the lines of
    comment right below a print, or below a statement that contains prints, such as ``try``.
    """
    end = statement.end_lineno or statement.lineno
    if _prints(statement):
        beside = lines[end - 1][statement.end_col_offset or 0 :].strip()
        if re.match(r"# +([-\d\[({'\"]|True\b|False\b|None\b|inf\b|nan\b)", beside):
            return beside[1:].strip(), True
    elif not any(_prints(inner) for inner in ast.walk(statement)):
        return "", False
    below = []
    for line in lines[end:]:
        if not line.startswith("#"):
            break
        below.append(line[2:])
    return "\n".join(below), False


def _prints(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "print"
    )


def run_block(block: str, namespace: dict[str, Any], name: str) -> int:
    """Run a block statement by statement; returns how many comments were compared with what was printed."""
    compared = 0
    for statement in ast.parse(block).body:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(ast.Module([statement], []), name, "exec"), namespace)
        expected, remark = stated(block.splitlines(), statement)
        if expected:
            compared += 1
            given = printed.getvalue()
            if remark:
                same = re.match(re.escape(given.strip()) + r"([:,;\s]|$)", expected) is not None
            else:
                same = doctest.OutputChecker().check_output(expected + "\n", given, FLAGS)
            assert same, f"{name}: the comment says\n{expected}\nbut what is printed is\n{given}"
    return compared


@pytest.mark.skipif(not MARKDOWN, reason="there is no README.md yet")
@pytest.mark.parametrize("path", MARKDOWN, ids=named)
def test_python_in_markdown_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    compared = 0
    for block in re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        if ">>>" in block:
            run([doctest.DocTestParser().get_doctest(block, namespace, path.name, None, 0)])
            continue
        try:
            compared += run_block(block, namespace, path.name)
        except ModuleNotFoundError as error:
            if error.name in ("autograd", "nn", "demos"):
                raise
            pytest.skip(f"{path.name} needs {error.name}")
    if path.name == "README.md":
        assert compared > 0


def test_what_a_block_states_is_compared() -> None:
    """The test of the test: a wrong comment is noticed, and a remark is not mistaken for output."""
    assert run_block("x = 2\nprint(x + 1)  # 3: a remark\nprint(x)  # a remark\n", {}, "good") == 1
    assert run_block("print('a\\nb\\nc')\n# a\n# ...\n# c\n", {}, "lines") == 1
    assert run_block("try:\n    1 / 0\nexcept ZeroDivisionError:\n    print('no')\n# no\n", {}, "within") == 1
    assert run_block("print(True)  # True: so it is\nx = 1\n# a remark\n", {}, "constant") == 1
    for wrong in ("print(1 + 1)  # 3\n", "print(12)  # 1\n", "print('a')\n# b\n", "if 1:\n    print(1)\n# 2\n"):
        with pytest.raises(AssertionError, match="but what is printed is"):
            run_block(wrong, {}, "bad")


def test_links_in_markdown_lead_somewhere() -> None:
    missing = [
        f"{named(path)}: {target}"
        for path in MARKDOWN
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert missing == []
