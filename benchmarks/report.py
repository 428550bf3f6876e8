"""Results as tables on the screen, as a page of Markdown, and as a plot."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .rivals import RIVALS
from .runner import BUDGET, TOLERANCE, Results
from .targets import TARGETS, quotient, sizes_of
from .tasks import TASKS

if TYPE_CHECKING:
    from rich.console import Console

Row: TypeAlias = dict[str, Any]  # a rival's part of a task's results

PAGE, PLOT = "benchmarks.md", "benchmarks-size.svg"
NOTHING = "—"


# --- numbers in words ---------------------------------------------------------------------------------------------


def digits(x: float) -> str:
    """Three digits, without an exponent.

    >>> [digits(x) for x in (0.012345, 1.5, 123.456, 123456.0)]
    ['0.0123', '1.50', '123', '123,456']
    """
    if x == 0.0:
        return "0"
    size = len(str(int(abs(x)))) if abs(x) >= 1.0 else 0
    if size:
        return f"{x:,.{max(3 - size, 0)}f}"
    return f"{x:#.3g}" if abs(x) >= 1e-4 else f"{x:.1e}"


def duration(seconds: float) -> str:
    """
    >>> [duration(x) for x in (2.5, 0.0635, 6.6e-05, 1.25e-07)]
    ['2.50 s', '63.5 ms', '66.0 µs', '125 ns']
    """
    if seconds == 0.0:
        return "0"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(seconds) >= size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds * 1e9)} ns"


# --- tables -------------------------------------------------------------------------------------------------------


@dataclass
class Table:
    """The content of a table, for the screen and for the page."""

    title: str
    what: str
    headings: list[str]
    rows: list[list[str]]
    notes: list[str]


Cell: TypeAlias = Callable[[Row, dict[str, Row]], str]  # from a rival's row, and the rows of all rivals


def _time(key: str) -> Cell:
    return lambda row, rows: duration(row["median"][key]) if key in row["median"] else NOTHING


def _number(key: str) -> Cell:
    return lambda row, rows: digits(row["median"][key]) if key in row["median"] else NOTHING


def _spread(key: str) -> Cell:
    """How far the samples lie apart, as a share of the median."""

    def cell(row: Row, rows: dict[str, Row]) -> str:
        samples = [sample[key] for sample in row["samples"]]
        return f"{(max(samples) - min(samples)) / row['median'][key]:.0%}" if len(samples) > 1 else NOTHING

    return cell


def _speed_ratio(reference: str) -> Cell:
    def cell(row: Row, rows: dict[str, Row]) -> str:
        ratio = quotient(rows[reference]["median"]["seconds"], row["median"]["seconds"]) if reference in rows else None
        return NOTHING if ratio is None else digits(ratio)

    return cell


def _time_ratio(reference: str) -> Cell:
    def cell(row: Row, rows: dict[str, Row]) -> str:
        ratio = quotient(row["median"]["seconds"], rows[reference]["median"]["seconds"]) if reference in rows else None
        return NOTHING if ratio is None else digits(ratio)

    return cell


def _first(row: Row, rows: dict[str, Row]) -> str:
    return duration(row["first"])


def _lines(row: Row, rows: dict[str, Row]) -> str:
    return f"{row['lines']:,}" if "lines" in row else NOTHING


def _per_node(nodes: int) -> Cell:
    """Nanoseconds per node, as build + backward."""

    def cell(row: Row, rows: dict[str, Row]) -> str:
        parts = [row["median"].get(f"{nodes} {part}") for part in ("build", "backward")]
        return NOTHING if None in parts else " + ".join(digits(part * 1e9) for part in parts if part is not None)

    return cell


def _compiling(nodes: int) -> Cell:
    """Microseconds per node to compile a graph of so many."""

    def cell(row: Row, rows: dict[str, Row]) -> str:
        seconds = row["median"].get(f"{nodes} seconds")
        return NOTHING if seconds is None else digits(seconds * 1e6)

    return cell


RATIOS: list[tuple[str, Cell]] = [
    ("speed, micrograd = 1", _speed_ratio("micrograd")),
    ("speed, microgpt = 1", _speed_ratio("microgpt")),
    ("speed, XAD = 1", _speed_ratio("xad")),
    ("time, NumPy = 1", _time_ratio("numpy")),
]
STEPS: list[tuple[str, Cell]] = [
    ("per step", _time("seconds")),
    ("spread", _spread("seconds")),
    *RATIOS,
    ("of it GC", _time("gc")),
    ("after GC", _time("fresh")),
    ("very first", _first),
    ("lines of step", _lines),
]
COLUMNS: dict[str, list[tuple[str, Cell]]] = {
    "chain": [
        ("in all", _time("seconds")),
        ("spread", _spread("seconds")),
        *RATIOS,
        ("build", _time("build")),
        ("backward", _time("backward")),
        ("free", _time("free")),
        ("of it GC", _time("gc")),
    ],
    "memory": [
        ("built", _number("built")),
        ("after backward", _number("swept")),
        ("sys.getsizeof", _number("objects")),
    ],
    "imports": [
        ("over the bare interpreter", _time("seconds")),
        ("spread", _spread("seconds")),
        ("bare interpreter", _time("bare")),
    ],
    "sizes": [(f"{10**k:,} nodes", _per_node(10**k)) for k in range(3, 8)],
    "threads": [
        ("graphs per second", _number("rate")),
        ("graphs", _number("graphs")),
        ("wrong gradients", lambda row, rows: "0"),  # a wrong one ends the run, without results
    ],
}


def table(name: str, measured: dict[str, Any]) -> Table:
    """A task's results; columns without entries are left out."""
    rows = measured["rivals"]
    slowest_first = sorted(rows, key=lambda rival: rows[rival]["median"][measured["figure"]], reverse=True)
    columns = COLUMNS.get(name, STEPS)
    if TASKS[name].measure == "compiling":  # the numbers of nodes follow from the recorded programs
        sizes = sorted({nodes for row in rows.values() for nodes in sizes_of(row["median"])})
        columns = [(f"{nodes:,} nodes", _compiling(nodes)) for nodes in sizes]
    cells = [[cell(rows[rival], rows) for _, cell in columns] for rival in slowest_first]
    used = [i for i in range(len(columns)) if any(row[i] != NOTHING for row in cells)]
    notes = []
    reasons = dict.fromkeys(measured["missing"].values())
    for reason in reasons:
        absent = [RIVALS[rival].title for rival, why in measured["missing"].items() if why == reason]
        notes.append(f"Not here: {'; '.join(absent)}: {reason}.")
    modules = {rival: rows[rival]["modules"] for rival in rows if RIVALS[rival].engine and "modules" in rows[rival]}
    for rival, names in modules.items():
        notes.append(f"import autograd, {RIVALS[rival].engine}, loads {len(names)} modules: {', '.join(names)}.")
    return Table(
        measured["title"],
        measured["what"],
        ["what", *(columns[i][0] for i in used)],
        [[_row_name(rival, name), *(row[i] for i in used)] for rival, row in zip(slowest_first, cells)],
        notes,
    )


def _row_name(rival: str, task: str) -> str:
    """The name of a row."""
    if task != "imports":
        return RIVALS[rival].title
    package, engine = RIVALS[rival].package, RIVALS[rival].engine
    return f"import {package}" + (f", {engine}" if engine else "")


def targets(results: Results) -> Table:
    """The targets that the run measured, and whether they are met."""
    rows = []
    for target in TARGETS:
        number = target.measured(results)
        if number is not None:
            bound = f"{'at least' if target.at_least else 'at most'} {target.bound:g}{target.unit}"
            rows.append([target.title, bound, digits(number), "yes" if target.met(number) else "NO"])
    what = (
        "The others' times are those at their best, right after a full garbage collection or later, except where the "
        "collector is said to be included, as it is for their users."
    )
    return Table("Targets", what, ["what", "target", "measured", "met"], rows, [])


def tables(results: Results) -> list[Table]:
    """All tables of a run."""
    found = [table(name, measured) for name, measured in results["tasks"].items()]
    bounds = targets(results)
    return [*found, bounds] if bounds.rows else found


def show(results: Results, console: Console) -> None:
    """Print the tables."""
    from rich.markup import escape
    from rich.table import Table as Grid

    for each in tables(results):
        grid = Grid(title=escape(each.title), caption=escape("\n".join(each.notes)) or None, caption_justify="left")
        for i, heading in enumerate(each.headings):
            word = max(map(len, heading.split()))
            grid.add_column(heading, justify="right" if i else "left", no_wrap=i == 0, min_width=word)
        for row in each.rows:
            grid.add_row(*map(escape, row))
        console.print(grid)
    console.print(escape(about(results)))


def about(results: Results) -> str:
    """A paragraph on the run: when, where, with which versions, and how many rounds."""
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    load = "" if machine["load"] is None else f", load {machine['load']:.2f} at the start"
    native = f" Native engine: {results['native']}." if results["native"] else ""
    return (
        f"{results['date']}, {machine['processor']}, {machine['cores']} cores, {machine['platform']}{load}. "
        f"{versions}.{native} Medians of {results['rounds']} rounds, or fewer "
        f"where they take long.{QUICK * results['quick']}"
    )


# --- the page -----------------------------------------------------------------------------------------------------


def markdown(results: Results) -> str:
    """The page for docs."""
    lines = [
        "# glassgrad beside its peers",
        "",
        INTRODUCTION.format(command=results["command"]),
        "",
        about(results),
        "",
        METHOD,
    ]
    for each in tables(results):
        lines += ["", f"## {each.title}", "", each.what, ""]
        lines += ["| " + " | ".join(each.headings) + " |", "|---" + "|--:" * (len(each.headings) - 1) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in each.rows]
        for note in each.notes:
            lines += ["", note]
        if each.title == results["tasks"].get("sizes", {}).get("title"):
            lines += ["", f"![Nanoseconds per node against the number of nodes]({PLOT})"]
    return "\n".join([*lines, "", KEYS, ""])


QUICK = " A quick run, to see that everything works: its numbers say nothing."

INTRODUCTION = """\
The numbers come from

```sh
{command}
```

in a clone, after `pip install -e '.[bench]'`. With `--write` the command writes this page, all of it; `--help` says
what else can be chosen. Absolute times drift by up to a factor of two on a shared machine; ratios in one run hold."""

METHOD = f"""\
How it is measured:

- Every rival has a process of its own. They are asked for one sample a round, in turn; the tables show medians.
  "spread" is the distance between the smallest and the largest sample, as a share of the median.
- A sample is the mean of as many steps as fit into {BUDGET} s, one at least. A step builds the graph, differentiates,
  and frees it, as in a training loop; what is compiled (by `autograd.compile`, JAX and CasADi) and the derivation by
  hand have no graph to build and only evaluate. "very first" is the time from the data to the first gradient, with
  everything that is done once, such as compiling; "lines of step" is the length of the program that we compiled.
- Before that, the loss and checksums of all gradients are compared with those of a backward pass derived by hand in
  NumPy; the run fails if they differ by more than {TOLERANCE}.
- Garbage collection is on, as it is for users. Its time is part of every step, and the column "of it GC" says how
  much; "after GC" is one step after a full collection, with nothing left over from those before. It matters for
  micrograd, whose nodes are cycles and wait for the collector.
- All numbers are float64. OpenMP, BLAS and XLA have one thread, since more only wait for each other in matrices this
  small.
- "own loops" is what a user of micrograd writes, `sum(w * x for ...)`, the same text for every library of scalars. The
  other rows of ours use `nn.MLP`, `nn.cross_entropy`, `autograd.dot` and `autograd.sum`.
- "compiled, one example's loss" is what its name says, given to `autograd.compile` and called with the arrays of all
  examples, or of the only one. "compiled, own loops, whole graph" is the very text that runs on micrograd, with its
  loop over the examples, recorded in one piece by `autograd.compile`. Both are recorded with the interpreted engine;
  what comes out is NumPy, or where it says so, JAX.
- "microgpt's design" is that of the file of that name, written anew: nodes with slots that store their children and a
  slope for each. The GPT is the same for all; microgpt's own norms its input, too, but not what goes to the head.
- PyTorch's tensors, JAX, CasADi and NumPy keep no scalars to look at; they are here to show what looking costs."""

KEYS = """\
## The JSON

`--json FILE` writes the results: `date`, `command`, `rounds`, `quick`, `machine` (`platform`, `processor`, `cores`,
`load`), `versions`, `native` (where the native build comes from) and `tasks`. A task has `title`, `what`, `figure` (the
number that rivals are compared by), `missing` (a reason for each rival that did not take part) and `rivals`; a rival
has `samples`, one for each round, their `median`, and where it applies `first` (seconds from the data to the first
gradient), `lines` (of `step` in a program that we compiled) and `modules` (what the import loads). Times are in
seconds; `gc` is the part of them that garbage collection took, `fresh` a step right after a full collection. Memory is
in bytes per node. `--read FILE` shows such a file again."""


def plot(results: Results) -> str | None:
    """Time per node against size as SVG; None if the run did not measure it."""
    measured = results["tasks"].get("sizes")
    if measured is None:
        return None
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "glassgrad"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.0, 4.5), layout="constrained")
    for rival, row in measured["rivals"].items():
        sizes = sizes_of(row["median"])
        for parts, style in ((("build", "backward"), "-"), (("build",), ":")):
            times = [1e9 * sum(row["median"][f"{nodes} {part}"] for part in parts) for nodes in sizes]
            label = f"{RIVALS[rival].title.partition(',')[0]}, {' + '.join(parts)}"
            color = f"C{list(measured['rivals']).index(rival)}"
            axes.loglog(sizes, times, style, marker="o", markersize=4, color=color, label=label)
    axes.set_xlabel("nodes")
    axes.set_ylabel("nanoseconds per node")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=len(measured["rivals"]), fontsize="small")
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None}, bbox_inches="tight")
    pyplot.close(figure)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def write(results: Results, folder: Path) -> list[Path]:
    """Write the page, and the plot if there is one; returns what was written."""
    from autograd import write_text

    files = {PLOT: plot(results), PAGE: markdown(results)}
    written = {folder / name: text for name, text in files.items() if text is not None}
    for path, text in written.items():
        write_text(path, text)
    return list(written)


def write_json(results: Results, path: Path) -> None:
    """Write the results."""
    from autograd import write_text

    write_text(path, json.dumps(results, indent=1) + "\n")
