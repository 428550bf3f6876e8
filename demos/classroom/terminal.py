"""Runs a lesson in a terminal: shows its text, its code, and what the code prints, cell by cell, 80 columns wide."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterator
from types import ModuleType

from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from rich.console import Console, Group
from rich.markdown import Heading, Markdown
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text
from unicodeit import replace

from . import lesson as lessons_module
from .course import Cell, Lesson


def run(lesson: Lesson, arguments: list[str], console: Console | None = None, code: bool = True) -> ModuleType:
    """Run a lesson, and show it; returns the module that its code has run in.

    Parameters
    ----------
    lesson : Lesson
    arguments : list of str
        The lesson's own options.
    console : rich.console.Console, optional
        Where it is shown; the terminal if not given.
    code : bool
        Whether the code is shown, too.
    """
    console = console or Console(width=min(lessons_module.WIDTH, Console().width), highlight=False)
    module = ModuleType("__main__")
    module.__file__ = str(lesson.path)
    before, lessons_module.options[:] = lessons_module.options[:], arguments
    # Make the module ``__main__``: pickle, dataclasses and multiprocessing look up definitions by their module's name.
    main, sys.modules["__main__"] = sys.modules["__main__"], module
    linecache.checkcache(str(lesson.path))
    try:
        for cell in lesson.cells:
            if cell.kind == "markdown":
                console.print(_markdown(cell.text))
            else:
                if code:
                    console.print(Padding(Syntax(cell.text, "python", theme="ansi_dark", word_wrap=True), (0, 0, 1, 2)))
                _execute(cell, lesson, module)
                console.print()
    finally:
        sys.modules["__main__"] = main
        lessons_module.options[:] = before
    return module


def _execute(cell: Cell, lesson: Lesson, module: ModuleType) -> None:
    # Empty lines before the code make tracebacks and drawings of graphs name the lines of the file.
    source = "\n" * (cell.line - 1) + cell.text
    exec(compile(source, str(lesson.path), "exec"), module.__dict__)
    sys.stdout.flush()


# --- text ------------------------------------------------------------------------------------------------------------


class _LeftHeading(Heading):
    """A heading as a line of its own, underlined by its rank, not centred in a box."""

    def __rich_console__(self, console: Console, options: object) -> Iterator[Text]:
        self.text.justify = "left"
        line = {"h1": "=", "h2": "-"}.get(self.tag)
        yield Text("")
        yield self.text
        if line:
            yield Text(line * min(self.text.cell_len, console.width))


class _LessonMarkdown(Markdown):
    elements = {**Markdown.elements, "heading_open": _LeftHeading}


def _markdown(text: str) -> Group:
    """A cell's text, with its formulas in Unicode; displayed formulas keep their line breaks."""
    parts: list[object] = []
    for place, part in enumerate(re.split(r"^\$\$(.+?)\$\$$", text, flags=re.DOTALL | re.MULTILINE)):
        if place % 2:
            lines = [line.strip() for line in formula(part).splitlines() if line.strip()]
            parts += [Text(""), *[Text("    " + line) for line in lines], Text("")]
        elif part.strip():
            parts.append(
                _LessonMarkdown(re.sub(r"\$([^$\n]+)\$", lambda found: formula(found[1]), part), hyperlinks=False)
            )
    return Group(*parts)  # type: ignore[arg-type]


def formula(latex: str) -> str:
    r"""A formula in LaTeX as a line of Unicode.

    Examples
    --------
    >>> formula(r"\frac{\partial L}{\partial w} = 2(wx - y)\,x")
    '∂L/∂w = 2(wx − y) x'
    >>> formula(r"\delta^{l} = \frac{a + b}{2}")
    'δˡ = (a + b)/2'
    >>> formula("f'' + f'''")
    'f″ + f‴'
    """
    # The converter keeps braces, so that a subscript missing in Unicode stays apart from the letters after it.
    text = _CONVERTER.latex_to_text(latex).replace("\u201d", "″").replace("″'", "‴")  # f'' is no quotation
    text = re.sub(r"\s*([=←→≈≠≤≥<>·⊙×∝])\s*", r" \1 ", str(replace(text)))
    return text.replace("\u2009", " ").replace("  ", " ").strip()


def _fraction(node: object, l2tobj: LatexNodes2Text) -> str:
    above, below = (l2tobj.nodelist_to_text([x]) for x in node.nodeargd.argnlist)  # type: ignore[attr-defined]
    return "/".join(_grouped(x.strip().removeprefix("{").removesuffix("}")) for x in (above, below))


def _grouped(text: str) -> str:
    """The text, in parentheses if it is more than one factor."""
    return f"({text})" if re.search(r"[-+−±=/]|\s", text) else text


def _converter() -> LatexNodes2Text:
    known = get_default_latex_context_db()
    macros = [MacroTextSpec("frac", _fraction), MacroTextSpec("top", "T")]  # Unicode has a superscript T, not ⊤
    known.add_context_category("lessons", prepend=True, macros=macros)
    return LatexNodes2Text(math_mode="text", keep_braced_groups=True, keep_braced_groups_minlen=2, latex_context=known)


_CONVERTER = _converter()
