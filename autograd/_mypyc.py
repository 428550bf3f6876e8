"""Between the two engines: mypyc's decorator for when nobody compiles, docstrings for when somebody did."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr as mypyc_attr
else:

    def mypyc_attr(**options):
        """Leave the class as it is.

        >>> @mypyc_attr(acyclic=True)
        ... class Plain:
        ...     pass
        >>> Plain.__name__
        'Plain'
        """
        return lambda kind: kind


class SourceDocstring:
    """A class's docstring, read from the source beside the binary when somebody asks: mypyc keeps none.

    >>> class Plain:
    ...     __doc__ = SourceDocstring()
    >>> Plain.__doc__ is None  # for it stands in no file
    True
    """

    def __get__(self, instance: object, owner: type) -> str | None:
        import ast
        import os
        import sys

        module = sys.modules.get(owner.__module__)
        folder, name = os.path.dirname(getattr(module, "__file__", None) or ""), owner.__module__.rpartition(".")[2]
        try:
            with open(os.path.join(folder, f"{name}.py"), encoding="utf-8") as file:
                body = ast.parse(file.read()).body
        except OSError:
            return None
        for statement in body:
            if isinstance(statement, ast.ClassDef) and statement.name == owner.__name__:
                return ast.get_docstring(statement)
        return None
