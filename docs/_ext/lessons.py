"""The course: each lesson ``demos/NN_name.py`` becomes a page ``course/name``, and a directive lists the lessons.

Before Sphinx reads any page, each lesson is written as a notebook beside ``course/index.md``, where git ignores it;
myst-nb executes the notebook. The page offers the notebook and the lesson's file for download. In the notebook each
question is a cell of its own, whose code is folded away because it contains the answer. The directive ``{lessons}``
makes the table of the course from the lessons themselves.
"""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import nbformat.v4
from sphinx.util.docutils import SphinxDirective

from demos.classroom.course import Cell, Lesson, lessons

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata

FOLDER = "course"

v4: Any = nbformat.v4  # nbformat has no type hints


def write(app: Sphinx, config: Config) -> None:
    """Write the notebooks that have changed, and remove those of lessons that are gone."""
    folder = Path(app.srcdir, FOLDER)
    known = {folder / f"{lesson.name}.ipynb": lesson for lesson in lessons()}
    for path in folder.glob("*.ipynb"):
        if path not in known:
            path.unlink()
    for path, lesson in known.items():
        text = v4.writes(notebook(lesson)) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def notebook(lesson: Lesson) -> Any:
    """A lesson as a notebook, not executed."""
    cells = [part for cell in lesson.cells for part in _parts(cell)]
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def _parts(cell: Cell) -> list[Any]:
    """The notebook cells made from a lesson's cell: one, or for code with questions or exercises, one for each part."""
    if cell.kind == "markdown":
        return [v4.new_markdown_cell(cell.text)]
    parts = []
    for text, tags in split(cell.text):
        metadata: dict[str, Any] = {"tags": tags} if tags else {}
        if "hide-input" in tags:
            metadata["jupyter"] = {"source_hidden": True}
        parts.append(v4.new_code_cell(text, metadata=metadata))
    return parts


def split(source: str) -> list[tuple[str, list[str]]]:
    """The code of a cell in parts, each with its tags: a question is a part of its own, whose code is folded away.

    Examples
    --------
    >>> split("y = 2\n\npredict('y?', y)\nprint(y)")
    [('y = 2', []), ("predict('y?', y)", ['hide-input', 'question']), ('print(y)', [])]
    >>> split("rate = None\ncheck('one_weight.rate', rate)")
    [("rate = None\ncheck('one_weight.rate', rate)", ['exercise'])]
    """
    lines = source.splitlines()
    parts: list[tuple[list[str], list[str]]] = []
    end = 0
    for statement in ast.parse(source).body:
        if _calls(statement) == "predict":
            parts.append((lines[end : statement.lineno - 1], []))
            end = statement.end_lineno or statement.lineno
            parts.append((lines[statement.lineno - 1 : end], ["hide-input", "question"]))
        elif _calls(statement) == "check":
            parts.append((lines[end : statement.end_lineno], ["exercise"]))
            end = statement.end_lineno or statement.lineno
    parts.append((lines[end:], []))
    texts = [("\n".join(part).strip("\n"), tags) for part, tags in parts]
    return [(text, tags) for text, tags in texts if text.strip()]


def _calls(statement: ast.stmt) -> str:
    """The name of the function, if the statement is a call of a plain name and nothing else; empty otherwise."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""


class Table(SphinxDirective):
    """The lessons in their order: number, title, the one idea, and how long the lesson runs."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """The table, and a hidden table of contents, which puts the lessons into the site's navigation."""
        rows = "\n".join(map(_row, lessons()))
        table = f"| No. | Lesson | One idea | Runs |\n|--:|---|---|--:|\n{rows}"
        names = "\n".join(lesson.name for lesson in lessons())
        contents = f"```{{toctree}}\n:hidden:\n\n{names}\n```"
        return self.parse_text_to_nodes(f"```{{rst-class}} lessons\n```\n\n{table}\n\n{contents}\n")


def _row(lesson: Lesson) -> str:
    idea = lesson.idea[:1].upper() + lesson.idea[1:]
    took = "" if lesson.seconds is None else f"{lesson.seconds:.0f} s" if lesson.seconds >= 1 else "< 1 s"
    return f"| {lesson.number} | [{lesson.title}]({lesson.name}.ipynb) | {idea} | {took} |"


def _tell_page(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Pass the lesson to the template ``lesson.html``; drop the list of headings, so that pictures have its room."""
    folder, _, name = page.rpartition("/")
    context["lesson"] = next((x for x in lessons() if folder == FOLDER and x.name == name), None)
    if folder == FOLDER:
        context["meta"] = (context.get("meta") or {}) | {"html_theme.sidebar_secondary.remove": "true"}


def _copy(app: Sphinx, error: Exception | None) -> None:
    """Copy each lesson's file and notebook beside its page, for download."""
    if error is None and app.builder.format == "html":
        for lesson in lessons():
            for path in (lesson.path, Path(app.srcdir, FOLDER, f"{lesson.name}.ipynb")):
                shutil.copyfile(path, Path(app.outdir, FOLDER, path.name))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_directive("lessons", Table)
    app.connect("config-inited", write)
    app.connect("html-page-context", _tell_page)
    app.connect("build-finished", _copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
