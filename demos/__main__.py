"""``python -m demos`` lists the lessons; ``python -m demos NAME [options]`` runs one.

In a clone that runs the clone's own engine, interpreted. ``glassgrad-demos`` runs the installed one.
"""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

SHARED = {"__init__", "__main__", "lesson", "networks"}
COURSE = ("one_weight", "credit", "biases", "delta", "minibatch", "numeric_check", "matrices", "moons", "digits")


def lessons() -> dict[str, str]:
    """The lessons' names, in the order of a course, with the first line of each one's docstring."""
    found = {}
    for path in Path(__file__).parent.glob("*.py"):
        if path.stem not in SHARED:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return {
        name: found[name] for name in sorted(found, key=lambda name: (name not in COURSE, (*COURSE, name).index(name)))
    }


def main(arguments: list[str]) -> int:
    """Run the lesson named first among `arguments`, or list them all."""
    try:
        import nn  # noqa: F401  # which says so if autograd is not ours, whatever state that is in
    except ImportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    known = lessons()
    if not arguments or arguments[0] in ("-h", "--help"):
        print("python -m demos NAME [--help]\n")
        for name, line in known.items():
            print(f"  {name:<14} {line}")
        return 0
    name, *rest = arguments
    if name not in known:
        print(f"there is no demo {name!r}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    try:
        importlib.import_module(f"demos.{name}").main(rest)
    except ModuleNotFoundError as missing:
        if missing.name in (None, "autograd", "nn") or str(missing.name).startswith("demos"):
            raise
        extra = "jax" if missing.name == "jax" else "demos"
        print(f"this demo needs {missing.name}: pip install 'glassgrad[{extra}]'", file=sys.stderr)
        return 1
    return 0


def run() -> int:
    """The command ``glassgrad-demos``: as ``python -m demos``, but of the installed package wherever it is called."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run())
