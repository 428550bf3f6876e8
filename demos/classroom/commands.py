"""The command line: ``python -m demos`` shows the course; ``python -m demos LESSON`` runs a lesson.

In a clone, ``python -m demos`` runs the clone's own engine, interpreted. ``glassgrad-demos`` runs the installed one.
"""

from __future__ import annotations

import importlib
import sys

from .course import FOLDER, Lesson, lessons

PROGRAMS = ("digits", "moons", "matrices", "xor_counts")
"""The modules of `programs` that the command line runs by name."""

MISSING = "{name} is missing: pip install 'glassgrad[{extra}]'"


def main(arguments: list[str]) -> int:
    """Run what `arguments` name, or show the course."""
    try:
        import nn  # noqa: F401  # raises an ImportError that explains it where another package named autograd is found
    except ImportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    try:
        return _main(arguments)
    except ModuleNotFoundError as missing:
        if missing.name in (None, "autograd", "nn") or str(missing.name).startswith("demos"):
            raise
        extra = "jax" if missing.name == "jax" else "demos"
        print(
            f"error: {MISSING.format(name=missing.name, extra=extra)}",
            file=sys.stderr,
        )
        return 1


def _main(arguments: list[str]) -> int:
    known = lessons()
    if not arguments or arguments[0] in ("-h", "--help"):
        _course(known)
        return 0
    if arguments[0] == "--measure":
        from . import measuring

        measuring.write(known, arguments[1:])
        return 0
    name, *rest = arguments
    if name in PROGRAMS:
        importlib.import_module(f"demos.programs.{name}").main(rest)
        return 0
    found = [lesson for lesson in known if name in (lesson.name, str(lesson.number), lesson.path.stem)]
    if not found:
        names = ", ".join([*(lesson.name for lesson in known), *PROGRAMS])
        print(
            f"there is no lesson {name!r}; there are: {names}",
            file=sys.stderr,
        )
        return 2
    from .terminal import run

    run(found[0], rest)
    return 0


def _course(known: list[Lesson]) -> None:
    """Print the course as a table, with the time that each lesson takes."""
    print("python -m demos LESSON   runs a lesson, by its number or its name\n")
    names = max(len(lesson.name) for lesson in known)
    titles = max(len(lesson.title) for lesson in known)
    for lesson in known:
        took = "" if lesson.seconds is None else f"{lesson.seconds:.0f} s" if lesson.seconds >= 1 else "< 1 s"
        print(f"{lesson.number:>2}  {lesson.name:<{names}}  {lesson.title:<{titles}}  {took:>5}".rstrip())
    print(
        f"\nEach is a notebook, too: open {FOLDER.name}/NN_name.py in Jupyter or VS Code.\n"
        f"Programs with options: {', '.join(PROGRAMS)}\n"
        f"(python -m demos {PROGRAMS[0]} --help)."
    )


def run() -> int:
    """The entry point of ``python -m demos`` and of ``glassgrad-demos``."""
    try:
        import nn  # noqa: F401
    except ImportError:  # as in `main`, which explains it
        return main(sys.argv[1:])
    from autograd.__main__ import as_process

    return as_process(lambda: main(sys.argv[1:]))
