"""The command line: see the gradients of an expression, or of a graph that a program has exported.

``python -m autograd "tanh(w*x + b)" w=0.5 x=2 b=1`` prints every node with its value and gradient;
``python -m autograd view graph.json`` opens a graph that `Graph.save` wrote. Installed, the command is ``glassgrad``.
`view` makes what is shown; `expression` defines what an expression may be.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections import deque
from collections.abc import Callable, Sequence

from . import _namesake
from .expression import ExpressionError, Formula
from .files import is_file, shown, write_bytes, write_text
from .graph import Graph
from .value import Constant, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

EXPRESSION_EXAMPLES = """\
examples:
  {prog} "tanh(w*x + b)" w=0.5 x=2 b=1                  every node, its value and its gradient
  {prog} "(y - w*x)**2 / 2" w=0.5 x=2 y=4 --explain w   the chain rule for one of them
  {prog} "dot([v, w], [x, y], b)" v=1 w=-1e3 x=2 y=3 b=inf
  {prog} "sigmoid(w*x)" w=1 x=2 --draw graph.svg        a picture (.svg, .png, .pdf, ...; .dot is the text of it)
  {prog} "sigmoid(w*x)" w=1 x=2 --explore page.html     a page to step through
  {prog} "sigmoid(w*x)" w=1 x=2 --json > graph.json     for other programs, and for
  {prog} view graph.json                                which opens such a graph in a browser

operations are called by their names in autograd (tanh, exp, maximum, ...); sum, prod, logsumexp and dot take lists
"""
VIEW_EXAMPLES = """\
examples:
  {prog} view graph.json                         a page in the browser
  {prog} view graph.json --explore page.html     the page as a file
  {prog} view graph.json --explain layer1.neuron1.w1
  {prog} view graph.json --table
"""


def main(arguments: Sequence[str], prog: str = "python -m autograd") -> int:
    """Do what the command line asks for; returns the exit code."""
    try:
        _namesake.check()
        if arguments and arguments[0] == "view":
            options = _view_parser(prog).read(arguments[1:])
            graph = _loaded(options.graph)
        else:
            options = _expression_parser(prog).read(arguments)
            graph = _computed(options.expression, options.assignments)
        _show(graph, options)
    except ImportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (ValueError, LookupError, OSError, OverflowError, RuntimeError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


# --- what is asked for --------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """A parser that takes for options only those that it knows: ``--x`` is minus minus x. Its errors are short."""

    def __init__(self, prog: str, about: str, examples: str) -> None:
        self.options: dict[str, argparse.Action] = {}
        super().__init__(
            prog=prog,
            description=about,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def add_argument(self, *names: Any, **about: Any) -> argparse.Action:
        action = super().add_argument(*names, **about)
        self.options.update(dict.fromkeys(action.option_strings, action))
        return action

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse the arguments. argparse gets the options first, each with its value, and the rest after ``--``."""
        words, options, rest = deque(arguments), list[str](), list[str]()
        while words:
            word = words.popleft()
            if word == "--":
                rest += words
                break
            action = self.options.get(word.partition("=")[0])
            if action is None:
                rest.append(word)
            elif action.nargs == 0 or "=" in word or not words or words[0] in self.options:
                options.append(word)
            else:
                options.append(f"{word}={words.popleft()}")
        return self.parse_args([*options, "--", *rest])

    def error(self, message: str) -> NoReturn:
        super().error(message if len(message) <= 300 else f"{message[:300]}…")


def _expression_parser(prog: str) -> _Parser:
    parser = _Parser(prog, "Compute an expression and all its gradients.", EXPRESSION_EXAMPLES.format(prog=prog))
    parser.add_argument("expression", metavar="EXPRESSION", help="such as 'tanh(w*x + b)'")
    about = "what a name in it stands for: a number, or an expression of numbers such as 1/3"
    parser.add_argument("assignments", metavar="NAME=NUMBER", nargs="*", default=[], help=about)
    _add_options(parser)
    return parser


def _view_parser(prog: str) -> _Parser:
    about = "Show a graph that Graph.save() or --json wrote: in a browser, unless an option asks for something else."
    parser = _Parser(f"{prog} view", about, VIEW_EXAMPLES.format(prog=prog))
    parser.add_argument("graph", metavar="GRAPH.json", help="the file")
    _add_options(parser)
    return parser


def _add_options(parser: _Parser) -> None:
    parser.add_argument("--table", action="store_true", help="print every node, its value and its gradient")
    parser.add_argument("--explain", metavar="NAME", help="print the chain rule for the gradient of a node")
    parser.add_argument("--latex", action="store_true", help="with --explain: as LaTeX")
    parser.add_argument("--draw", metavar="FILE", help="write a picture; the ending of the name is the format")
    parser.add_argument("--explore", metavar="FILE.html", help="write an interactive page")
    parser.add_argument("--json", action="store_true", help="print the graph as JSON (docs/reference/graph-json.md)")
    parser.add_argument("--of", metavar="NAME", help="the node that is differentiated; the last one if not given")
    parser.add_argument("--digits", metavar="N", type=_digits, default=10, help="significant digits, 10 if not given")
    parser.add_argument("--limit", metavar="N", type=_limit, help="the largest number of nodes to draw")


def _digits(text: str) -> int:
    number = _whole(text)
    if not 1 <= number <= 17:
        raise argparse.ArgumentTypeError(f"must be a number from 1 to 17, not {text!r:.40}")
    return number


def _limit(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r:.40}")
    return number


def _whole(text: str) -> int:
    return int(text[:18]) if text.isdecimal() else 0  # all larger numbers have the same effect


def _computed(text: str, assignments: Sequence[str]) -> Graph:
    formula = Formula(text)
    values: dict[str, Value] = {}
    for assignment in assignments:
        name, equals, number = (part.strip() for part in assignment.partition("="))
        if not equals or not (name in formula.variables or name.isidentifier()):
            mistyped = [word for word in (assignment, text) if word.startswith("-")]
            note = f"; {mistyped[0]!r:.60} is not an option" if mistyped else ""
            raise ValueError(f"write a value as NAME=NUMBER, such as w=0.5, not {assignment!r:.60}{note}")
        if name in values:
            raise ValueError(f"{name!r:.60} has two values, {values[name].data!r} and {number!r:.60}; give it one")
        if name not in formula.variables:
            known = ", ".join(formula.variables) or "none"
            raise ValueError(f"there is no {name!r:.60} in the expression; the names in it: {known:.200}")
        values[name] = Value(_number(number, name), name)
    missing = [name for name in formula.variables if name not in values]
    if missing:
        message = (
            f"no value for {', '.join(missing):.200}; give values after the expression, as in {missing[0]:.40}=0.5"
        )
        raise ExpressionError(message, text, formula.variables[missing[0]])
    result = formula(values)
    return Graph(result if isinstance(result, Value) else Constant(result))


def _number(text: str, name: str) -> float:
    """A number as Python reads it, or an expression of numbers."""
    try:
        return float(text)
    except ValueError:
        wrong = f"the value of {name!r:.60} must be a number, not {text!r:.60}"
    if not text:
        raise ValueError(wrong)
    try:
        formula = Formula(text)
        names = {"inf": math.inf, "nan": math.nan}
        for other, column in formula.variables.items():
            if other not in names:
                message = "it can be computed from numbers, as in 1/3 or sqrt(2), but not from other names"
                raise ExpressionError(message, text, column)
        return float(formula(names))
    except ExpressionError as error:
        raise ValueError(f"{wrong}: {error}") from None


def _loaded(path: str) -> Graph:
    try:
        return Graph.load(path)
    except OSError as error:
        raise OSError(f"cannot read {shown(path)}: {error.strerror or error}") from None


# --- what is shown ------------------------------------------------------------------------------------------------


def _show(graph: Graph, options: argparse.Namespace) -> None:
    from .view import explain, explore
    from .view.text import Subgraph

    if options.latex and options.explain is None:
        raise ValueError("--latex is a form of --explain NAME")
    if options.draw is not None:
        _format(options.draw)
    if options.explore is not None:
        _check_page(options.explore)
    if options.of is not None:
        graph = Subgraph(_found(options.of, graph), graph)
    explained = None if options.explain is None else _found(options.explain, graph)
    for node, gradient in zip(graph, graph.gradients()):
        node.grad = gradient
    if options.draw is not None:
        _draw(graph, options.draw, options.limit)
    if options.explore is not None:
        explore(graph, options.explore)
        _wrote(options.explore)

    if options.json:
        print(graph.to_json())
    if explained is not None:
        print(explain(explained, of=graph, digits=options.digits, form="latex" if options.latex else "text"))
    nothing_else = not options.json and explained is None and options.draw is None and options.explore is None
    if options.table or (nothing_else and "expression" in options):
        print(_table(graph, options.digits))
    elif nothing_else:
        print(f"opened {explore(graph).path}", file=sys.stderr)


def _found(name: str, graph: Graph) -> Value:
    """The node with this name in the table, or with this label."""
    from .view.text import names

    called = names(graph)
    found = [node for node, x in zip(graph, called) if x == name]
    found = found or [node for node in graph if node.label and node.label == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise LookupError(f"{len(found)} nodes are called {name!r:.60}; give them different labels")
    some = ", ".join(called[-1:-13:-1]) + (", ..." if len(called) > 12 else "")
    raise LookupError(f"there is no node called {name!r:.60}; the nodes are: {some}")


def _draw(graph: Graph, path: str, limit: int | None) -> None:
    from .view import draw_dot
    from .view.dot import LIMIT

    format = _format(path)
    picture = draw_dot(graph, limit=LIMIT if limit is None else limit)
    if format in ("dot", "gv"):
        write_text(path, picture.source)
    else:
        write_bytes(path, picture.pipe(format))
    _wrote(path)


def _format(path: str) -> str:
    from .view.rendering import FORMAT

    format = os.path.splitext(path)[1][1:].lower()
    if not FORMAT.fullmatch(format):
        raise ValueError(
            f"the name of a picture must end in its format, such as graph.svg, not {shown(path)}; the formats are svg, "
            "png, pdf, jpg, gif, eps and ps, and dot, which is Graphviz's text"
        )
    return format


def _check_page(path: str) -> None:
    if not path.lower().endswith((".html", ".htm")) and is_file(path):  # a pipe or a device cannot be renamed
        raise ValueError(f"the name of a page must end in .html, such as page.html, not {shown(path)}")


def _wrote(path: str) -> None:
    print(f"wrote {path}", file=sys.stderr)  # not to standard output, which may be JSON


def _table(graph: Graph, digits: int) -> str:
    from .view.text import formula, names, shown

    called = names(graph)
    rows = [("node", "formula", "value", "gradient")]
    for node, name, operands, data in zip(graph, called, graph.operands, graph.data):
        rule = "" if node.op is None else shown(formula(node, [called[k] for k in operands]), 60)
        rows.append((name, rule, f"{data:.{digits}g}", f"{node.grad:.{digits}g}"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    rows.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def run() -> int:
    """The command ``glassgrad``."""
    return as_process(lambda: main(sys.argv[1:], "glassgrad"))


def as_process(command: Callable[[], int]) -> int:
    """Run a command as a process: no traceback if the terminal lacks a character, or a pipe its reader."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # the terminal's encoding may have no ∂
    try:
        code = command()
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # as of a pipe into `head`; the flush at exit then goes to devnull
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(as_process(lambda: main(sys.argv[1:], "python -m autograd")))
