"""The course: lessons that run in a terminal, as notebooks and on the site.

``python -m demos`` lists them. A lesson is a file ``NN_name.py``; it imports
its functions from here. `classroom` shows, runs and checks them; `programs`
has longer programs with options of their own, parts of which lessons show.
"""

from .classroom.lesson import arguments, check, predict, show, table
from .classroom.pictures import COLOURS, axes

__all__ = [
    "COLOURS",
    "arguments",
    "axes",
    "check",
    "predict",
    "show",
    "table",
]
