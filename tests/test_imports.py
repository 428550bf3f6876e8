"""Which module imports which: importing costs next to nothing, and no module imports one of a higher floor."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd
import autograd.view

ROOT = Path(autograd.__file__).resolve().parent.parent
PACKAGES = ("autograd", "nn", "demos", "tests")
HEAVY = {
    "numpy", "graphviz", "pygraphviz", "rich", "matplotlib", "sklearn", "scipy", "torch", "typing", "typing_extensions",
    "dataclasses", "inspect", "json", "re", "ast", "tempfile", "random", "pickle", "fractions", "decimal", "unittest",
    "logging", "asyncio", "subprocess",
}  # fmt: skip

FLOORS = {
    # A module imports from lower floors, and from its own package if the whole package is on one floor.
    "autograd.ieee": 0,
    "autograd.files": 0,
    "autograd.errors": 0,
    "autograd.formats": 0,
    "autograd._cython": 0,
    "autograd.origins": 1,
    "autograd._namesake": 0,
    "autograd.modes": 1,
    "autograd.ops": 1,
    "autograd.symbols": 2,
    "autograd.arrays": 2,
    "autograd.arrays_jax": 3,
    "autograd.value": 2,
    "autograd.vectors": 3,
    "autograd.cells": 3,
    "autograd.checkpoints": 3,
    "autograd.graph": 3,
    "autograd.functional": 4,
    "autograd.expression": 4,
    "autograd.checks": 5,
    "autograd.outside": 4,
    "autograd.compiler": 5,
    "autograd.view": 5,
    "autograd": 6,
    "nn": 7,
    "autograd.__main__": 8,
    "demos": 9,
    "tests": 10,
}
COMPILER = {
    # Within the compiler every module has a floor, also for imports of types: none knows modules that use its results.
    "fixed": 0,
    "dialects": 0,
    "names": 0,
    "scalars": 0,
    "inputs": 0,
    "views": 0,
    "blocks": 0,
    "fold": 1,
    "share": 1,
    "live": 1,
    "levels": 1,
    "record": 1,
    "parameters": 1,
    "sums": 2,
    "split": 2,
    "arrays": 2,
    "check": 3,
    "group": 3,
    "place": 3,
    "name": 3,
    "lower": 3,
    "reverse": 4,
    "roll": 4,
    "module": 3,
    "products": 3,
    "text": 4,
    "assemble": 5,
    "floats": 6,
    "pipeline": 7,
    "explain": 8,
    "run": 9,
    "jax": 10,
    "array_api": 10,
    "__init__": 11,
}
OUTSIDE = {
    # The other libraries that a module may import. In autograd and nn these imports are inside functions, except in
    # modules for arrays or drawings, which are themselves imported only when they are needed.
    "autograd.arrays": {"numpy"},
    "autograd.arrays_jax": {"numpy", "jax"},
    "autograd.compiler.array_api": {"numpy", "array_api_compat"},
    "autograd.compiler.jax": {"numpy", "jax"},
    "autograd.functional": {"numpy"},
    "autograd.compiler": {"numpy"},
    "autograd.view.digraph": {"graphviz"},
    "autograd.view.live": {"anywidget", "traitlets"},
    "autograd.view": {"graphviz", "pygraphviz", "numpy"},
    "autograd": set(),
    "nn.optim.lbfgs": {"scipy"},
    "nn": set(),
    "nn.checkpoints": {"numpy"},
    "nn.data": {"numpy"},
    "nn.progress": {"rich"},
    "nn.training": {"numpy"},
    "demos": {"numpy", "matplotlib", "sklearn", "scipy"},
    "demos.classroom": {"IPython", "matplotlib", "cycler", "rich", "pylatexenc", "unicodeit"},
    "demos.classroom.exercises": {"numpy"},
    "demos.programs": {"numpy", "rich", "sklearn"},
}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}


def ancestor(module: str, table: dict[str, int] | dict[str, set[str]]) -> str:
    """The module, or the nearest package around it, that is in the table."""
    while module not in table:
        assert "." in module, f"{module} has no place in the table; give it one"
        module = module.rpartition(".")[0]
    return module


def floor(module: str) -> str:
    known = ancestor(module, FLOORS)
    # autograd/__init__.py has a floor of its own, which must not be the default for modules missing in the table.
    assert known == module or known != "autograd", f"{module} has no floor yet; give it one in this file"
    return known


def imports(
    tree: ast.AST, module: str, is_package: bool, inside: bool = False, types: bool = False
) -> Iterator[tuple[str, str, bool]]:
    """(module, name, inside a function) of every import; those under ``if TYPE_CHECKING`` only if `types`."""
    for node in ast.iter_child_nodes(tree):
        checked = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        if isinstance(node, ast.If) and checked and not types:
            for other in node.orelse:
                yield from imports(other, module, is_package, inside)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, "", inside
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            keep = len(parts) - node.level + is_package if node.level else 0
            base = ".".join([*parts[:keep], *([node.module] if node.module else [])])
            for alias in node.names:
                # "from . import ops" imports the module ops, not a name of the package
                if f"{base}.{alias.name}" in MODULES:
                    yield f"{base}.{alias.name}", "", inside
                else:
                    yield base, alias.name, inside
        else:
            within = inside or isinstance(node, (ast.FunctionDef, ast.Lambda))
            yield from imports(node, module, is_package, within, types)


def imports_of(module: str, types: bool = False) -> list[tuple[str, str, bool]]:
    path = MODULES[module]
    return list(imports(ast.parse(path.read_text(encoding="utf-8")), module, path.stem == "__init__", types=types))


# --- old names --------------------------------------------------------------------------------------------------------


def test_older_names_stand_for_the_new_ones() -> None:
    assert autograd.native == autograd.engine in ("native", "interpreted")
    assert autograd.view.forward is autograd.view.trace
    assert autograd.Graph.check_point is autograd.Graph.require_one_point


# --- what an import costs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_importing_loads_nothing_heavy(package: str) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); before = set(sys.modules); import {package}; "
        "after = {name: getattr(sys.modules[name], '__file__', None) for name in set(sys.modules) - before}; "
        "import json; print(json.dumps(after))"
    )
    # -S and -I: without site packages, whose start-up files may load anything
    output = subprocess.run([sys.executable, "-S", "-I", "-c", program], capture_output=True, text=True, check=True)
    loaded = json.loads(output.stdout)
    assert f"{package}" in loaded
    ours = [name for name in loaded if name.partition(".")[0] in ("autograd", "nn")]
    assert sorted(set(loaded) & HEAVY) == []
    others = [name for name in loaded if name not in ours and name.partition(".")[0] not in sys.stdlib_module_names]
    assert [name for name in others if loaded[name]] == []  # Cython makes two modules without files
    # The modules for arrays, symbols, pictures and programs are imported only when they are needed.
    late = ("autograd.arrays", "autograd.symbols", "autograd.expression", "autograd.view", "autograd.compiler")
    assert [name for name in ours if name.startswith(late)] == []


# --- floors -------------------------------------------------------------------------------------------------------


def test_relative_imports_are_understood() -> None:
    """The test of the test, on what the engine is known to import."""
    assert ("autograd.ieee", "", False) in imports_of("autograd.ops")
    assert ("autograd.arrays", "", True) in imports_of("autograd.ops")
    assert ("autograd.ops", "Op", False) in imports_of("autograd.value")
    assert ("autograd.value", "Value", False) in imports_of("autograd")
    assert ("typing", "Any", False) not in imports_of("autograd.value")
    assert ("typing", "Any", False) in imports_of("autograd.value", types=True)
    assert ("autograd.compiler.parameters", "Layout", False) in imports_of("autograd.compiler.arrays", types=True)


@pytest.mark.parametrize("module", MODULES)
def test_no_import_points_up(module: str) -> None:
    own = floor(module)
    upward = []
    for imported, name, inside in imports_of(module):
        if imported.partition(".")[0] not in PACKAGES or inside:
            continue
        other = floor(imported)
        if FLOORS[other] >= FLOORS[own] and other != own:
            upward.append(f"{imported} {name}")
    assert upward == []


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("autograd.compiler")])
def test_no_import_points_up_within_the_compiler(module: str) -> None:
    """Not even inside of functions, or for types, so there are no cycles of any kind."""

    def known(name: str) -> str:
        own = name.removeprefix("autograd.compiler").removeprefix(".") or "__init__"
        assert own in COMPILER, f"{name} has no floor within the compiler; give it one in this file"
        return own

    own = known(module)
    within = [name for name, _, _ in imports_of(module, types=True) if name.startswith("autograd.compiler")]
    assert [name for name in within if COMPILER[known(name)] >= COMPILER[own]] == []


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith("tests")])
def test_other_libraries_stay_where_they_belong(module: str) -> None:
    known = ancestor(module, OUTSIDE)
    outside = {
        (imported.partition(".")[0], inside)
        for imported, _, inside in imports_of(module)
        if imported.partition(".")[0] not in (*PACKAGES, *sys.stdlib_module_names)
    }
    assert {name for name, _ in outside} <= OUTSIDE[known]
    if known in ("autograd", "autograd.functional", "autograd.view") or known.partition(".")[0] == "nn":
        assert {name for name, inside in outside if not inside} == set()


@pytest.mark.parametrize("module", [name for name in MODULES if name.partition(".")[0] == "nn"])
def test_nn_stands_on_public_names_of_autograd(module: str) -> None:
    public = {*autograd.__all__, "abs", "compile", "pow", "sum"}
    used = {
        name or imported for imported, name, _ in imports_of(module) if imported.partition(".")[0] == "autograd"
    } - {"autograd"}
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    used |= {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "autograd"
    }
    modules = {imported for imported, name, _ in imports_of(module) if imported.startswith("autograd.")}
    assert used - public == set()
    assert modules == set()


def test_nothing_reaches_outside_of_the_repository() -> None:
    for module, path in MODULES.items():
        for imported, _, _ in imports_of(module):
            assert imported.partition(".")[0] != "shared"
        if not module.startswith("tests"):
            assert "../shared" not in path.read_text(encoding="utf-8")
