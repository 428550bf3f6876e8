"""``python -m benchmarks``: run, print, write."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path

from .engines import ROOT
from .rivals import RIVALS
from .tasks import DEFAULT, GROUPS, TASKS


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="glassgrad and its peers side by side, in one run: medians and ratios.",
        epilog=f"Tasks: {', '.join(TASKS)}; {', '.join(GROUPS)}: all in which what we compile takes part. "
        f"Rivals: {', '.join(RIVALS)}.",
    )
    names = [*TASKS, *GROUPS]
    parser.add_argument("--tasks", nargs="+", choices=names, default=DEFAULT, metavar="TASK", help="all but threads")
    parser.add_argument("--rivals", nargs="+", choices=RIVALS, default=list(RIVALS), metavar="RIVAL", help="all")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each rival (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small and short, to see that everything works")
    parser.add_argument("--native", metavar="FOLDER", help="a native build; else GLASSGRAD_NATIVE, or what is found")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file")
    parser.add_argument("--read", type=Path, metavar="FILE", help="do not run, but show the results in a file")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its plot")
    options = parser.parse_args(words)
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {options.rounds}")
    options.tasks = list(dict.fromkeys(task for name in options.tasks for task in GROUPS.get(name, [name])))
    return options


def main(words: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    options = arguments(words)
    try:
        from rich.console import Console

        from . import report, runner

        if options.read:
            results = json.loads(options.read.read_text(encoding="utf-8"))
        else:
            progress = Console(stderr=True)
            results = runner.run(
                options.tasks,
                options.rivals,
                options.rounds,
                options.quick,
                options.native,
                shlex.join(["python", "-m", "benchmarks", *words]),
                lambda text: progress.print(text, style="dim", highlight=False),
            )
        if options.json:
            report.write_json(results, options.json)
        screen = Console()
        report.show(results, screen if screen.is_terminal else Console(width=130))
        if options.write:
            for path in report.write(results, ROOT / "docs"):
                print(f"{path.relative_to(ROOT)} written")
    except ModuleNotFoundError as missing:
        if str(missing.name).partition(".")[0] in ("autograd", "nn", "benchmarks"):
            raise
        print(f"the benchmarks need {missing.name}: pip install -e '.[bench]'", file=sys.stderr)
        return 1
    except runner.RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
