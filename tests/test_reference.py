"""The reference: every public name is on one of its pages, and its docstring has what a reader needs.

The tests check the structure of docstrings: a summary; each parameter of the signature; ``Raises`` if the code has a
``raise`` of its own; an example, which `test_docs` runs. None of this needs Sphinx.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Op
from autograd.ops import OPS
from nn.criteria import Criterion

DOCS = Path(__file__).parents[1] / "docs"


def extension() -> Any:
    """The site's extension that reads the pages, as a module."""
    spec = importlib.util.spec_from_file_location("reference", DOCS / "_ext" / "reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = extension()
PUBLIC: dict[str, Any] = reference.public()
PAGES: dict[str, list[str]] = reference.pages(DOCS / "reference")
MADE = {
    "autograd.compiler.Program": "autograd.compile",
    "autograd.compiler.Parameters": "program.parameters",
    "autograd.compiler.explain.Explanation": "program.explain",
    "autograd.compiler.explain.Stage": "program.stages",
    "autograd.compiler.explain.Stages": "program.stages",
    "autograd.compiler.jax.JaxProgram": "autograd.compile",
    "autograd.view.Page": "explore",
    "nn.Training": "fit",
}
"""Classes that users do not call themselves, and what returns their objects; docstrings name this, not parameters."""

ELSEWHERE = {"autograd.view.widget": "its example is a notebook's"}


def written(x: object) -> bool:
    """Whether x has a docstring of its own, not that of the operation in whose row of the table it is defined."""
    return callable(x) and not isinstance(x, Op) and x.__doc__ not in {op.__doc__ for op in OPS.values()}


CALLABLE = [path for path, x in PUBLIC.items() if written(x)]


# --- the pages ----------------------------------------------------------------------------------------------------


def test_every_public_name_stands_on_one_page() -> None:
    listed = [name for names in PAGES.values() for name in names]
    assert sorted(set(PUBLIC) - set(listed)) == []
    assert sorted({name for name in listed if listed.count(name) > 1}) == []


def test_every_name_on_a_page_is_public() -> None:
    listed = {name for names in PAGES.values() for name in names}
    modules = {path for path in reference.MODULES if path not in reference.importable()}
    assert sorted(name for name in listed - set(PUBLIC) if name.rpartition(".")[0] not in modules) == []


def test_public_modules_say_what_they_export() -> None:
    for path, module in reference.importable().items():
        assert sorted(name for name in module.__all__ if not hasattr(module, name)) == [], path
    # Modules that a public module exports are public themselves.
    assert (
        sorted(x.__name__ for x in PUBLIC.values() if inspect.ismodule(x) and x.__name__ not in reference.MODULES) == []
    )


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_says_first_what_it_is_about(page: str) -> None:
    text = (DOCS / "reference" / f"{page}.md").read_text(encoding="utf-8")
    title, introduction = text.split("\n\n")[:2]
    assert re.fullmatch(r"# .+", title)
    assert len(introduction.split()) >= 20, "begin with what the topic is, and which to use when"
    kinds = [kind for kind, _ in reference.blocks(text)]
    assert not kinds or (kinds[0] == "summary" and kinds.count("summary") == 1), "the summary comes before the entries"
    texts = [path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md")]
    written = reference.filled_in(text, reference.explicit(texts))
    assert all(f"{name}" in written for name in PAGES[page])
    assert "{reference}" not in written and "{summary}" not in written


def test_the_signature_of_an_operation_is_how_it_is_called() -> None:
    assert reference.signature(OPS["tanh"]) == "(a, /)"
    assert reference.signature(OPS["clip"]) == "(a, low=-inf, high=inf, /)"
    assert reference.signature(OPS["sum"]) == "(xs)"
    for op in OPS.values():
        expected = [ast.parse(f"def f{reference.signature(op)}: ...").body[0]]
        assert isinstance(expected[0], ast.FunctionDef)


# --- guides, glossary and the house -------------------------------------------------------------------------------


def code(text: str) -> set[str]:
    """The names in the code of a Markdown page, in its blocks and within lines."""
    pieces = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    pieces += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return {name for piece in pieces for name in re.findall(r"[A-Za-z_]\w*", piece)}


GUIDES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((DOCS / "guides").glob("*.md"))}


@pytest.mark.parametrize("package", ["autograd", "autograd.view", "nn"])
def test_every_name_of_a_package_is_in_a_guide(package: str) -> None:
    """Except operations and activations of a table: a new row of a table needs no new line in a guide."""
    told = set().union(*map(code, GUIDES.values()))
    rows = {*map(id, OPS.values()), *map(id, nn.ACTIVATIONS.values())}
    module = reference.importable()[package]
    assert sorted(name for name in module.__all__ if name not in told and id(getattr(module, name)) not in rows) == []


def test_every_page_of_the_reference_is_linked_from_a_guide() -> None:
    linked = {page for text in GUIDES.values() for page in re.findall(r"\.\./reference/([\w-]+)\.md", text)}
    assert sorted(set(PAGES) - linked) == []


def test_the_glossary_is_in_order_and_leads_on() -> None:
    (content,) = re.findall(r"^```\{glossary\}\n(?::[^\n]*\n)*\n?(.*?)^```", GLOSSARY, re.DOTALL | re.MULTILINE)
    entries = content.strip("\n").split("\n\n")
    terms = [[line for line in entry.splitlines() if not line.startswith(" ")] for entry in entries]
    first = [of_entry[0].lower() for of_entry in terms]
    assert first == sorted(first)
    assert len({term.lower() for of_entry in terms for term in of_entry}) == sum(map(len, terms))
    sentences = [len(re.findall(r"[.)]\s", f"{entry}\n")) for entry in entries]
    assert [entry for entry, n in zip(entries, sentences) if "](" not in entry or not 2 <= n <= 5] == []


GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")


def test_the_house_lists_every_module_of_the_engine() -> None:
    text = (DOCS / "inside" / "house.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^      ([\w*./]+)", text, re.MULTILINE))
    folder = Path(autograd.__file__).parent
    there = {path.name if path.is_file() else f"{path.name}/" for path in folder.iterdir()}
    there = {"*.pxd" if name.endswith(".pxd") else name for name in there if not name.endswith((".so", ".pyd", ".c"))}
    assert there - {"__init__.py", "__pycache__/", "py.typed"} == listed


# --- the docstrings -----------------------------------------------------------------------------------------------

SECTION = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}$", re.MULTILINE)


def sections(text: str) -> dict[str, str]:
    """The sections of a docstring by their titles; what stands before the first is called ""."""
    parts = SECTION.split(text)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2]))}


def described(text: str) -> set[str]:
    """The names of the parameters that a section describes."""
    found = set()
    for line in text.splitlines():
        if line and not line.startswith(" "):
            found |= {name.strip().lstrip("*") for name in line.partition(" : ")[0].split(",")}
    return found


def accepted(x: Any) -> list[str]:
    """The parameters of a function or class.

    Left out are parameters that exist only to be refused: those that accept only None, and those that a class inherits
    from `nn.Elementwise`, which takes any argument to say that it has no settings.
    """
    if isinstance(x, type) and x is not nn.Elementwise:
        made_by = next(kind for kind in x.__mro__ if "__init__" in vars(kind) or kind is object)
        if made_by is nn.Elementwise:
            return []
    try:
        parameters = inspect.signature(x).parameters.values()
    except ValueError:  # a class whose constructor is that of its base in C
        return []
    refused = ("None", None)
    return [p.name for p in parameters if not p.name.startswith("_") and p.annotation not in refused]


def raises(x: Any) -> bool:
    """Whether the code of a function, or of a class's constructor, has a ``raise`` with a new error."""
    if isinstance(x, type):
        made = [vars(x)[name] for name in ("__init__", "__new__") if name in vars(x)]
        return any(raises(getattr(f, "__func__", f)) for f in made)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(x)))
    except (OSError, TypeError):
        return False

    def search(node: ast.AST) -> bool:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Raise) and child.exc is not None:
                return True
            if not isinstance(child, (ast.FunctionDef, ast.Lambda, ast.ClassDef)) and search(child):
                return True
        return False

    return any(search(statement) for statement in tree.body)


@pytest.mark.parametrize("path", CALLABLE)
def test_a_docstring_says_what_a_reader_needs(path: str) -> None:
    x, missing = PUBLIC[path], []
    found = sections(inspect.getdoc(x) or "")
    if not re.match(r".+\.(\n|$)", found[""].partition("\n\n")[0].replace("\n", " ")):
        missing.append("a summary, a sentence")
    told = described(found.get("Parameters", "") + found.get("Other Parameters", ""))
    if path in MADE:
        missing += [] if MADE[path] in found[""] else [f"what makes it, {MADE[path]}"]
    else:
        missing += [f"the parameter {name}" for name in accepted(x) if name not in told]
    if raises(x) and "Raises" not in found and path not in MADE:
        missing.append("Raises")
    if ">>> " not in found.get("Examples", "") and not (path in ELSEWHERE and "Examples" in found):
        missing.append("Examples")
    assert missing == [], f"the docstring of {path} lacks {', '.join(missing)}"


@pytest.mark.parametrize("path", [path for path in CALLABLE if isinstance(PUBLIC[path], type)])
def test_public_methods_are_documented(path: str) -> None:
    kind = PUBLIC[path]
    own = {
        name: x
        for name, x in vars(kind).items()
        if not name.startswith("_") and (inspect.isroutine(x) or isinstance(x, (property, classmethod, staticmethod)))
    }
    elsewhere = {name for base in kind.__mro__[1:] for name in vars(base)}
    elsewhere |= described(sections(inspect.getdoc(kind) or "").get("Attributes", ""))
    assert sorted(name for name, x in own.items() if not inspect.getdoc(x) and name not in elsewhere) == []


LAYERS = [
    path
    for path in CALLABLE
    if isinstance(PUBLIC[path], type)
    and issubclass(PUBLIC[path], nn.Module)
    and not issubclass(PUBLIC[path], (nn.Elementwise, Criterion))
    and PUBLIC[path].__module__ not in ("nn.module", "nn.containers")
]
"""Modules whose call has shapes of its own: neither elementwise functions, nor losses, nor containers."""


@pytest.mark.parametrize("path", LAYERS)
def test_a_layer_says_what_a_call_returns(path: str) -> None:
    found = sections(inspect.getdoc(PUBLIC[path]) or "")
    assert "Returns" in found, "say under Returns what shape a call takes, and what shape comes out"


# --- the test of the test -----------------------------------------------------------------------------------------


def test_what_is_missing_is_noticed() -> None:
    def documented(a: int, *others: int) -> None:
        """A summary.

        Parameters
        ----------
        a, *others : int

        Raises
        ------
        ValueError
        """
        if a:
            raise ValueError

    def harmless() -> None:
        def inner() -> None:
            raise ValueError

        try:
            inner()
        except ValueError:
            raise

    found = sections(inspect.getdoc(documented) or "")
    assert list(found) == ["", "Parameters", "Raises"]
    assert accepted(documented) == ["a", "others"]
    assert described(found["Parameters"]) == {"a", "others"}
    assert raises(documented)
    assert not raises(harmless)
