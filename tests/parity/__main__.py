"""``python -m tests.parity``: the table of differences; with ``--write`` as ``docs/parity.md``."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograd import write_text

from . import STEPS, TABLES, TARGET, WAYS, Case, cases

TITLES = {
    "layers": "Layers",
    "sequences": "Sequences",
    "activations": "Activations",
    "losses": "Losses",
    "optimizers": "Optimisers",
    "schedulers": "Schedulers",
}


def document() -> str:
    """What was measured, as Markdown."""
    import torch

    parts = [
        "# glassgrad beside PyTorch",
        f"Each line is trained for {STEPS} steps on a random problem, here and in PyTorch {torch.__version__}, in "
        "float64 and from the same numbers. The table shows the largest difference in all that came of it, losses, "
        "parameters and state, relative where a number is larger than 1. "
        f"Tests hold every line to {TARGET:g}. Where PyTorch has nothing of the kind, the paper's rule was written out "
        "instead.",
        "This page is written by\n\n```sh\npython -m tests.parity --write\n```",
    ]
    for table in TABLES:
        rows = [f"| {TITLES[table].lower()} | {' | '.join(WAYS)} |", "|---|--:|--:|"]
        rows += [f"| `{case}` | {' | '.join(_measured(case, way) for way in WAYS)} |" for case in cases(table)]
        parts += [f"## {TITLES[table]}", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def _measured(case: Case, way: str) -> str:
    return f"{case.run(way):.1g}" if way in case.ways else case.why_not


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/parity.md instead of printing it")
    options = parser.parse_args()
    text = document()
    if options.write:
        write_text(Path(__file__).resolve().parents[2] / "docs" / "parity.md", text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
