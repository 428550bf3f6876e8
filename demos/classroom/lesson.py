"""What lessons call: `show`, `table`, `predict`, `check`, `arguments`.

The first four present each thing in two forms, plain text and HTML. A terminal prints the text; a notebook, or a page
of the site, displays the HTML. Code that runs lessons elsewhere sets `medium` to receive both.
"""

from __future__ import annotations

import html
import math
import re
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import pictures
from .checking import Wrong, exercise, still_open

WIDTH = 80

medium: Callable[[str, str], None] | None = None
"""Called with text and HTML to display what a lesson shows. If None, the notebook or the terminal displays it."""

options: list[str] = []
"""The command-line options of the lesson that is running; `terminal.run` sets them."""


def present(text: str, rich: str) -> None:
    """Display something: HTML in notebooks, text elsewhere."""
    if medium is not None:
        medium(text, rich)
    elif _in_notebook():
        from IPython.display import display

        display({"text/html": rich, "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]
    else:
        print(text)


def _in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel. IPython in a terminal has no kernel, and shows text."""
    interactive = sys.modules.get("IPython")
    shell = None if interactive is None else interactive.get_ipython()
    return getattr(shell, "kernel", None) is not None


def arguments() -> list[str]:
    """The lesson's options: what follows its name on the command line; in a notebook, none."""
    return options


# --- pictures, pages, tables -----------------------------------------------------------------------------------------


def show(thing: object, caption: str = "") -> None:
    """Show a figure of matplotlib, a drawing or an interactive page, with a sentence that says what is to be seen.

    In a terminal it goes into a file, whose address is printed.

    Parameters
    ----------
    thing : object
        A figure of matplotlib; a `Graph` or a `graphviz.Digraph`, which are drawn; the `Page` that ``explore`` returns;
        or text, which is shown as it is, in columns. Where there is no Graphviz, a `Graph` is shown as that page.
    caption : str
        What the picture says, for those who cannot see it, too.
    """
    if isinstance(thing, str):
        present(textwrap.indent(thing, "    "), f"<pre>{html.escape(thing)}</pre>")
        return
    picture = pictures.picture(thing, caption)
    words = f"<figcaption>{inline(caption)}</figcaption>" if caption else ""
    rich = f'<figure class="{picture.kind}">{picture.html}{words}</figure>'
    if medium is None and not _in_notebook():
        text = f"[{picture.kind}: {_save(picture).as_uri()}]"
        present("\n".join([*textwrap.wrap(plain(caption), WIDTH - 4), text]), rich)
    else:
        present(f"[{picture.kind}] {plain(caption)}", rich)


_folder_and_files: list[Path] = []  # the temporary folder of this run, and then the files in it


def _save(picture: pictures.Picture) -> Path:
    """Write the picture to a file, in one temporary folder for all pictures of this run; returns its path."""
    if not _folder_and_files:
        _folder_and_files.append(Path(tempfile.mkdtemp(prefix="glassgrad-")))
    path = _folder_and_files[0] / f"{len(_folder_and_files)}.{picture.suffix}"
    path.write_text(picture.file, encoding="utf-8")
    _folder_and_files.append(path)
    return path


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], digits: int = 10) -> None:
    """Show rows under their column names.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequences
        Of texts and numbers. Floats are rounded to `digits` significant digits.
    digits : int

    Examples
    --------
    >>> table(["weight", "gradient"], [("w1", -12.0), ("w2", 1 / 3)], digits=4)
        weight  gradient
        ------  --------
        w1      -12
        w2      0.3333
    """
    cells = [[f"{x + 0.0:.{digits}g}" if isinstance(x, float) else str(x) for x in row] for row in rows]
    widths = [max(len(line[i]) for line in [columns, *cells]) for i in range(len(columns))]
    lines = [columns, ["-" * width for width in widths], *cells]
    text = "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' if name else "<td></td>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
    present(
        textwrap.indent(text, "    "),
        f'<table class="numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>',
    )


# --- predictions -----------------------------------------------------------------------------------------------------


def predict(
    question: str,
    answer: object,
    *,
    choices: Sequence[str] = (),
    hints: Mapping[Any, str] | None = None,
    why: str = "",
    within: float = 0.01,
) -> None:
    """Ask the reader for a prediction, and then say what is true.

    In a terminal it waits for an answer, if somebody is there; on a page the answer is folded away until the reader has
    given one, or asks for it.

    Parameters
    ----------
    question : str
        One or two sentences.
    answer : float or str
        What the engine computed; with `choices`, one of them.
    choices : sequence of str
        What there is to choose from. Without them the answer is a number.
    hints : mapping
        For wrong answers that many give: what leads there, in a sentence.
    why : str
        What is said with the answer.
    within : float
        By how much, relative to the answer, a number may be off; below 1e-6 in size it may be off by this itself.
    """
    hints = dict(hints or {})
    if choices:
        if answer not in choices or not hints.keys() <= set(choices):
            raise ValueError(f"the answer {answer!r} and the hints must be among the choices {list(choices)}")
        answer_text = str(answer)
    else:
        number = _number(answer)
        answer_text = f"{number:.6g}"
    text = f"{answer_text}. {why}" if why else f"{answer_text}."
    guess = _Question(question, answer_text, text, list(choices), hints, within)
    if medium is None and not _in_notebook():
        guess.ask()
    else:
        present(f"{plain(question)}\nAnswer: {plain(text)}", guess.html())


class _Question:
    """A question that asks the reader for a prediction."""

    def __init__(
        self, question: str, answer: str, text: str, choices: list[str], hints: dict[Any, str], within: float
    ) -> None:
        self.question, self.answer, self.text = question, answer, text
        self.choices, self.hints, self.within = choices, hints, within

    def is_right(self, guess: str) -> bool:
        """Whether a guess is the answer."""
        if self.choices:
            return guess == self.answer
        return self.is_near(_number(guess), float(self.answer))

    def is_near(self, a: float, b: float) -> bool:
        """Whether two numbers are the same for this question."""
        return abs(a - b) <= self.within * (abs(b) if abs(b) > 1e-6 else 1.0)

    def hint(self, guess: str) -> str:
        """The hint for a wrong guess; empty if there is none."""
        for wrong, words in self.hints.items():
            if guess == wrong if self.choices else self.is_near(_number(guess), float(wrong)):
                return words
        return ""

    def ask(self) -> None:
        """Ask in the terminal; if it is not interactive, print the question and the answer."""
        print(_wrapped("Predict: " + plain(self.question)))
        for number, choice in enumerate(self.choices, 1):
            print(textwrap.fill(plain(choice), WIDTH, initial_indent=f"  {number}. ", subsequent_indent="     "))
        if sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
            guess = self._read_guess()
            if guess and self.is_right(guess):
                print("Right.", end=" ")
            elif guess:
                print(_wrapped(f"Not so. {plain(self.hint(guess))}".rstrip()))
        print(_wrapped("Answer: " + plain(self.text)))

    def _read_guess(self) -> str:
        """Read a guess, again and again until it is a choice or a number; empty if the reader presses Enter alone."""
        while True:
            try:
                line = input("Your prediction (Enter to see the answer): ").strip()
            except EOFError:
                print()
                return ""
            if not line:
                return ""
            if self.choices:
                if line.isdigit() and 1 <= int(line) <= len(self.choices):
                    return self.choices[int(line) - 1]
                if line in self.choices:
                    return line
                print(f"Type a number from 1 to {len(self.choices)}.")
            else:
                try:
                    _number(line)
                except ValueError:
                    print(f"{line!r} is no number. Type one such as -0.5 or 3e-2.")
                else:
                    return line

    def html(self) -> str:
        """A form that checks guesses with inline event handlers, because some notebooks do not run its scripts."""
        buttons = "".join(
            f'<button type="button" data-right="{int(choice == self.answer)}" '
            f'data-hint="{html.escape(self.hint(choice) if choice != self.answer else "")}" onclick="{_ON_CHOICE}">'
            f"{inline(choice)}</button>"
            for choice in self.choices
        )
        if not self.choices:
            size = abs(float(self.answer))
            hints = "".join(
                f'<data value="{float(wrong)!r}">{html.escape(words)}</data>' for wrong, words in self.hints.items()
            )
            buttons = (
                f'<input type="text" inputmode="decimal" aria-label="your prediction" size="10" '
                f'data-answer="{self.answer}" data-within="{self.within * (size if size > 1e-6 else 1.0)!r}" '
                f'data-relative="{self.within!r}"><button type="submit">Predict</button><span hidden>{hints}</span>'
            )
        return (
            f'<form class="predict" onsubmit="{_ON_SUBMIT}"><p><strong>Predict.</strong> {inline(self.question)}</p>'
            f'<div class="choices">{buttons}</div><output aria-live="polite"></output>'
            f"<details><summary>Show the answer</summary><p>{inline(self.text)}</p></details></form>"
        )


# The event handlers: a right guess opens the answer; a wrong one gets its hint, and the reader may try again.
_SHOW_RESULT = (
    "const f=this.closest('form'),o=f.querySelector('output');"
    "o.textContent=right?'Right.':('Not so. '+hint);o.className=right?'right':'wrong';"
    "if(right)f.querySelector('details').open=true;"
)
_ON_CHOICE = "const right=this.dataset.right==='1',hint=this.dataset.hint;" + _SHOW_RESULT
_ON_SUBMIT = (
    "event.preventDefault();const i=this.querySelector('input');if(!i)return;"
    "const x=Number(i.value.trim().replace('\u2212','-').replace(',','.')),a=Number(i.dataset.answer),"
    "r=Number(i.dataset.relative),near=(b,w)=>Math.abs(x-b)&lt;=w;"
    "if(i.value.trim()===''||Number.isNaN(x)){this.querySelector('output').textContent='Type a number.';return;}"
    "const right=near(a,Number(i.dataset.within));"
    "const h=[...this.querySelectorAll('data')].find(d=>"
    "near(Number(d.value),r*Math.max(Math.abs(Number(d.value)),1e-6)));"
    "const hint=h?h.textContent:'';" + _SHOW_RESULT
)


def _number(x: object) -> float:
    """A number given by a reader or a lesson; in text, a typographic minus sign and a decimal comma are understood."""
    number = float(x.replace("\u2212", "-").replace(",", ".") if isinstance(x, str) else x)  # type: ignore[arg-type]
    if math.isnan(number):
        raise ValueError("nan is no answer that anybody could predict")
    return number


# --- exercises -------------------------------------------------------------------------------------------------------


class Verdict:
    """What `check` returns: true if the answer is right. A notebook does not display it as the value of a cell."""

    def __init__(self, right: bool) -> None:
        self.right = right

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return f"Verdict({self.right})"

    def _ipython_display_(self) -> None:
        """Display nothing: `check` has shown the verdict already."""


def check(name: str, answer: object) -> Verdict:
    """Check the answer to an exercise, say what is wrong with it, and whether it is right.

    Parameters
    ----------
    name : str
        ``"lesson.exercise"``, as the exercise says.
    answer : object
        A number, a text or a function, as the exercise asks.

    Returns
    -------
    Verdict
        True if the answer is right. An error in the answer's own code is told as well, and not raised.

    Raises
    ------
    ModuleNotFoundError
        If the exercise needs a library that is not installed.
    """
    test = exercise(name)
    short = name.partition(".")[2]
    kind, words = "right", "Right."
    if still_open(answer):
        kind, words = "open", "Not answered yet."
    else:
        try:
            test(answer)
        except Wrong as wrong:
            kind, words = "wrong", str(wrong)
        except ModuleNotFoundError:
            raise  # a missing library does not make the answer wrong
        except Exception as error:
            kind, words = "wrong", f"Your code raised {type(error).__name__}: {error}"
    _show_verdict(kind, short, words)
    return Verdict(kind == "right")


_SIGNS = {"right": "✓", "wrong": "✗", "open": "…"}


def _show_verdict(kind: str, name: str, words: str) -> None:
    present(
        _wrapped(f"{_SIGNS[kind]} {name}: {words}"),
        f'<p class="verdict {kind}"><span aria-hidden="true">{_SIGNS[kind]}</span> <code>{html.escape(name)}</code>: '
        f"{html.escape(words)}</p>",
    )


# --- text ------------------------------------------------------------------------------------------------------------


def inline(text: str) -> str:
    """Text as HTML, with words between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def plain(text: str) -> str:
    """Text without its backticks."""
    return text.replace("`", "")


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.fill(line, WIDTH) for line in text.splitlines())
