"""The course: lessons that run in a terminal, as notebooks and on the site.

``python -m demos`` lists them. A lesson is a file ``NN_name.py``; what it
calls is here. `classroom` has how they are shown, run and checked; `programs`
has programs with options of their own, of which lessons tell parts.
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
