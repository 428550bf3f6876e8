"""A rival's process: ``python -m benchmarks.worker``.

It reads an order, a line of JSON, from its standard input and answers with a line on its standard output: what is
reported once about the rival, or under ``"missing"`` why it cannot take part, or under ``"failed"`` what went wrong.
After that it answers every further line with a sample, until its input ends.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from typing import Any

from .engines import PACKAGES
from .measure import begin
from .rivals import RIVALS, Rival


def identity(rival: Rival) -> dict[str, Any]:
    """Which version of the rival is running; of ourselves, which engine, and from where."""
    if rival.engine:
        import autograd

        return {"engine": autograd.engine, "file": autograd.__file__}
    return {"version": importlib.metadata.version(rival.distribution)} if rival.distribution else {}


def main() -> None:
    # Standard output is kept for the answers; what the rivals print there goes to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(report: dict[str, Any]) -> None:
        print(json.dumps(report), file=answers, flush=True)

    order = json.loads(sys.stdin.readline())
    rival = RIVALS[order["rival"]]
    try:
        report, sample = begin(rival, order["measure"], order["task"], order["problem"], order["budget"])
        answer({**identity(rival), **report})
        for _ in sys.stdin:
            answer(sample())
    except ImportError as error:
        if str(error.name).partition(".")[0] in (*PACKAGES, "benchmarks"):
            answer({"failed": str(error)})
        elif isinstance(error, ModuleNotFoundError):
            answer({"missing": f"{error.name} is not installed; pip install -e '.[bench]'"})
        else:
            answer({"missing": str(error)})
    except Exception as error:
        answer({"failed": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
