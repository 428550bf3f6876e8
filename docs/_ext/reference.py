"""The reference: pages list names, and this extension writes a table of summaries and an entry for each of them.

A page of ``docs/reference`` is Markdown. Its blocks ``{reference}`` hold names, one a line, such as ``autograd.grad``,
or ``rest of nn.ACTIVATIONS``: those entries of a table of the packages that no page lists by name, so that a new row of
the table needs no new line in a page. The block ``{summary}`` becomes the table of all names of its page. Entries are
made by autodoc and numpydoc from the docstrings. This extension adds what these two cannot find: the signature and the
formulas of an operation, which is an object and not a function, and the text below a constant.

In all pages a name in ``code`` becomes a link to its entry, if there is one, and a term in *emphasis* one to the
glossary.

Sphinx is imported only while a site is built, so that the tests can read the pages where it is not installed.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from autograd import Op
from autograd.symbols import latex

MODULES = (
    *("autograd", "autograd.view", "autograd.expression", "autograd.symbols"),
    *("autograd.compiler", "autograd.compiler.explain", "autograd.compiler.check"),
    *("autograd.compiler.jax", "autograd.compiler.array_api"),
    *("nn", "nn.functional", "nn.init", "nn.losses", "nn.monitor", "nn.parameters", "nn.utils", "nn.checkpoints"),
    *("nn.optim", "nn.optim.lr_scheduler", "nn.optim.rules"),
)
"""The modules that users import from; a name is public if it is in ``__all__`` of one of them."""

BLOCK = re.compile(
    r"^(?P<heading>## [^\n]+\n\n)?```\{(?P<kind>reference|summary)\}\n(?P<names>.*?)^```$", re.DOTALL | re.MULTILINE
)
"""A block, and the heading right above it, which is dropped together with a block that has no names."""
REST = "rest of "


# --- which names there are ----------------------------------------------------------------------------------------


def find(path: str) -> Any:
    """The object that a dotted name stands for: a public one, or else any attribute of a module."""
    if path in public():
        return public()[path]
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def exported(module: ModuleType) -> list[str]:
    """The public names of a module: ``__all__``, and our names left out of it because they would hide a built-in."""
    hidden = [name for name in vars(module) if hasattr(builtins, name) and not name.startswith("_")]
    return [*module.__all__, *[name for name in hidden if name not in module.__all__ and _is_ours(module, name)]]


def _is_ours(module: ModuleType, name: str) -> bool:
    return str(getattr(getattr(module, name), "__module__", "")).partition(".")[0] == module.__name__.partition(".")[0]


def importable() -> dict[str, ModuleType]:
    """The modules that users import from, without those that need a library which is not installed."""
    found = {}
    for path in sorted(MODULES, key=lambda path: path.count(".")):
        try:
            found[path] = importlib.import_module(path)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] in ("autograd", "nn"):
                raise
    return found


@cache
def public() -> dict[str, Any]:
    """All public objects by path; what several modules export under the same name is listed by the shortest path."""
    found: dict[str, Any] = {}
    known: set[tuple[str, int]] = set()
    for path, module in importable().items():
        for name in exported(module):
            x = getattr(module, name)
            if (name, id(x)) not in known:
                known.add((name, id(x)))
                found[f"{path}.{name}"] = x
    return found


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """The kinds and the lines of a page's blocks."""
    for block in BLOCK.finditer(text):
        yield block["kind"], lines_of(block["names"])


def lines_of(content: str) -> list[str]:
    """The lines of a block that are not blank."""
    return [line.strip() for line in content.splitlines() if line.strip()]


def pages(folder: Path) -> dict[str, list[str]]:
    """For each page of a folder the names that it lists, including those that its lines ``rest of`` stand for."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    named = explicit(texts.values())
    return {
        page: [name for kind, lines in blocks(text) if kind == "reference" for name in names(lines, named)]
        for page, text in texts.items()
    }


def explicit(texts: Iterable[str]) -> set[str]:
    """The names that pages list one by one."""
    lines = {line for text in texts for kind, content in blocks(text) if kind == "reference" for line in content}
    return {line for line in lines if not line.startswith(REST)}


def names(lines: list[str], named: set[str]) -> list[str]:
    """The names that lines of a block stand for; `named` are those that any page lists one by one."""
    return [name for line in lines for name in (unlisted(line, named) if line.startswith(REST) else [line])]


def unlisted(line: str, named: set[str]) -> list[str]:
    """The public names of the entries of a table that no page lists one by one."""
    table = find(line.removeprefix(REST))
    entries = set(map(id, table.values()))
    return sorted(path for path, x in public().items() if id(x) in entries and path not in named)


# --- what an entry says -------------------------------------------------------------------------------------------


def docstring(path: str) -> str:
    """The docstring of a name; for a constant, the string below its assignment in the source."""
    x = find(path)
    if inspect.ismodule(x) or callable(x):
        return inspect.getdoc(x) or ""
    return constants(path.partition(".")[0]).get(path.rpartition(".")[2], "")


@cache
def constants(package: str) -> dict[str, str]:
    """The strings below assignments at module level, in all modules of a package, by the names assigned to."""
    found: dict[str, str] = {}
    (folder,) = importlib.import_module(package).__path__
    for path in sorted(Path(folder).rglob("*.py")):
        for statement, below in itertools.pairwise(ast.parse(path.read_text(encoding="utf-8")).body):
            if (
                isinstance(statement, (ast.Assign, ast.AnnAssign))
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                    if isinstance(target, ast.Name):
                        found.setdefault(target.id, inspect.cleandoc(below.value.value))
    return found


def alias_of(path: str) -> str | None:
    """If this is a second name of an object, the path under the object's own ``__name__``; otherwise None."""
    x = find(path)
    own = getattr(x, "__name__", None)
    others = [other for other, y in public().items() if y is x and other != path]
    return next((other for other in others if other.rpartition(".")[2] == own), None) if own else None


def signature(op: Op) -> str:
    """An operation's signature: the operands as its rule names them, or the parameters of its own ``__call__``."""
    if type(op).__call__ is not Op.__call__:
        parameters = [*inspect.signature(type(op).__call__).parameters.values()][1:]
        return str(inspect.Signature([p.replace(annotation=p.empty) for p in parameters]))
    names = [*inspect.signature(op.partials).parameters][:-1]
    shown = [*names[: len(names) - len(op.defaults)]]
    shown += [f"{name}={default:g}" for name, default in zip(names[len(shown) :], op.defaults)]
    return f"({', '.join(shown)}, /)"


def formulas(op: Op) -> list[str]:
    """The formula of an operation and those of its partial derivatives, each as a displayed formula."""
    return [line for formula in latex(op) for line in (".. math::", "", f"   {formula}", "")]


def entry(path: str) -> list[str]:
    """The lines of reStructuredText that make the entry of a name."""
    if missing(path):
        return [f".. py:class:: {path}", "", f"   {summary(path)}", ""]
    x, other = find(path), alias_of(path)
    if inspect.ismodule(x):
        first = docstring(path).partition("\n\n")[0].splitlines()
        return [f".. py:module:: {path}", "", f"**{path}**", "", *first, ""]
    if other is not None:
        kind = "class" if isinstance(x, type) else "function"
        return [f".. py:{kind}:: {path}", "", f"   Another name of `{other}`.", ""]
    if isinstance(x, type):
        return [f".. autoclass:: {path}", "   :members:", ""]
    if isinstance(x, Op):
        return [f".. autofunction:: {path}{signature(x)}", ""]
    if callable(x):
        return [f".. autofunction:: {path}", ""]
    return [f".. py:data:: {path}", "", *textwrap.indent(docstring(path), "   ").splitlines(), ""]


def missing(path: str) -> bool:
    """Whether the module of a name needs a library that is not installed."""
    module = path.rpartition(".")[0]
    return module in MODULES and module not in importable()


def summary(path: str) -> str:
    """The first paragraph of a name's docstring, on one line."""
    if missing(path):
        return "The library that this needs was not installed where these pages were made."
    other = alias_of(path)
    if other:
        return f"Another name of :py:obj:`{other}`."
    first = docstring(path).partition("\n\n")[0].replace("\n", " ")

    def refer(match: re.Match[str]) -> str:
        target_path = resolved_path(match[1], path.rpartition(".")[0])
        return f":py:obj:`{match[1]} <{target_path}>`" if target_path else f"``{match[1]}``"

    return re.sub(r"(?<!`)`([^`]+)`(?!`)", refer, first)


def resolved_path(name: str, module: str) -> str | None:
    """The public path of a name in a module's docstring, which may lack the package or name another module.

    The name is looked up in the module and in the packages around it; if it contains a dot, in all other modules, too.
    """
    parts = module.split(".")
    scopes = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    scopes += ["nn.functional"] * (parts[0] == "nn") + list(MODULES) * ("." in name)
    for *parents, last in [f"{path}.{name}".split(".") for path in scopes] + [name.split(".")]:
        x = getattr(importable().get(".".join(parents)), last, None)
        for path, other in public().items():
            if other is x and path.rpartition(".")[2] == last:
                return path
    return None


def table(paths: list[str]) -> list[str]:
    """Names with their summaries, as a table in reStructuredText."""
    lines = [".. list-table::", "   :widths: 30 70", "   :class: summary", ""]
    for path in paths:
        lines += [f"   * - :py:obj:`~{path}`", f"     - {summary(path)}"]
    return [*lines, ""]


def filled_in(text: str, named: set[str]) -> str:
    """The Markdown of a page with its blocks replaced by tables and entries."""
    groups: list[tuple[str, list[str]]] = []  # for each {reference} block the heading above it, and its names
    for block in BLOCK.finditer(text):
        if block["kind"] == "reference":
            headings = re.findall(r"^## (.+)$", text[: block.start("names")], re.MULTILINE)
            groups.append((headings[-1] if headings else "", names(lines_of(block["names"]), named)))
    entries = iter(groups)
    filled = [(heading, paths) for heading, paths in groups if paths]

    def write(block: re.Match[str]) -> str:
        if block["kind"] == "reference":
            _, paths = next(entries)
            if not paths:
                return ""
            lines = [line for path in paths for line in entry(path)]
        else:
            lines = []
            for heading, paths in filled:
                lines += [*([f".. rubric:: {heading}", ""] if heading else []), *table(paths)]
        return "\n".join([f"{block['heading'] or ''}```{{eval-rst}}", *lines, "```"])

    return BLOCK.sub(write, text)


# --- Sphinx -------------------------------------------------------------------------------------------------------


def setup(app: Any) -> dict[str, bool]:
    for extension in ("sphinx.ext.autodoc", "numpydoc"):
        app.setup_extension(extension)
    app.connect("config-inited", configure)
    app.connect("source-read", read)
    app.connect("autodoc-process-docstring", complete, priority=400)  # before numpydoc
    app.connect("missing-reference", refer)
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def configure(app: Any, config: Any) -> None:
    """Set what the entries rely on: names in backquotes are references; types stand in the text, not in signatures."""
    config.default_role = "py:obj"
    config.autodoc_typehints = "none"
    config.autodoc_member_order = "bysource"
    config.numpydoc_show_class_members = False


def read(app: Any, document: str, source: list[str]) -> None:
    """Write out the blocks of a page of the reference."""
    folder = Path(app.srcdir) / "reference"
    if document.startswith("reference/"):
        source[0] = filled_in(source[0], explicit(path.read_text(encoding="utf-8") for path in folder.glob("*.md")))


def complete(app: Any, kind: str, name: str, x: Any, options: Any, lines: list[str]) -> None:
    """Insert the formulas, and the heading "Examples", into docstrings of operations and of layers that apply one."""
    op = getattr(x, "function", x)
    if not isinstance(op, Op):
        return
    paragraph = lines.index("") if "" in lines else len(lines)
    lines[paragraph:paragraph] = ["", *formulas(op)]
    first = next((i for i, line in enumerate(lines) if line.startswith(">>>")), None)
    if first is not None and "Examples" not in lines:
        lines[first:first] = ["Examples", "--------"]


def refer(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Resolve a reference to a name whose entry has another path: a shorter one, or one in another module."""
    from sphinx.util.nodes import make_refnode

    path = (
        resolved_path(node["reftarget"], node.get("py:module") or "autograd") if node.get("refdomain") == "py" else None
    )
    entry = env.domains["py"].objects.get(path)
    return entry and make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, path)


def link(app: Any, tree: Any, document: str) -> None:
    """Turn names in ``code`` and glossary terms in *emphasis* into links, except in entries, titles and links."""
    from docutils import nodes
    from sphinx import addnodes

    def refer_to(node: Any, address: str) -> None:
        reference = nodes.reference("", "", internal=True, refuri=address)
        node.replace_self(reference)
        reference += node

    terms = {name.lower(): place for (kind, name), place in app.env.domains["std"].objects.items() if kind == "term"}
    for emphasis in list(tree.findall(nodes.emphasis)):
        page, anchor = terms.get(emphasis.astext().lower(), (document, ""))
        if page != document and not inside(emphasis, (nodes.reference, addnodes.desc, nodes.title)):
            refer_to(emphasis, f"{app.builder.get_relative_uri(document, page)}#{anchor}")
    objects = app.env.domains["py"].objects
    for literal in list(tree.findall(nodes.literal)):
        path = target(literal.astext(), objects)
        if path is None or inside(literal, (nodes.reference, addnodes.desc, nodes.title)):
            continue
        uri = app.builder.get_relative_uri(document, objects[path].docname)
        refer_to(literal, f"{uri}#{objects[path].node_id}")


def inside(node: Any, kinds: tuple[type, ...]) -> bool:
    """Whether a node, or one of its ancestors, is of these kinds."""
    while node is not None and not isinstance(node, kinds):
        node = node.parent
    return node is not None


def target(code: str, objects: Mapping[str, Any]) -> str | None:
    """The entry that a piece of code refers to by a name or a call; the name may lack a package's prefix."""
    name = re.match(r"[A-Za-z_][\w.]*(?=\(|$)", code)
    if name is None:
        return None
    paths = [f"{package}{name[0]}" for package in ("", "autograd.", "autograd.view.", "nn.")]
    return next((path for path in paths if path in objects), None)
