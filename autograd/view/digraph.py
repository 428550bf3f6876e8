"""A `graphviz.Digraph` that can be rendered with pygraphviz where there is no ``dot`` program.

This module needs the library graphviz, so `draw_dot` imports it only when it is called.
"""

from __future__ import annotations

import os

import graphviz

from ..files import write_bytes
from . import rendering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Digraph(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no type hints
    """What `draw_dot` returns: a `graphviz.Digraph` whose pictures are made by `rendering.render`.

    Examples
    --------
    >>> graph = Digraph(body=["a -> b"])
    >>> isinstance(graph, graphviz.Digraph), graph.filename
    (True, 'Digraph.gv')
    """

    def pipe(
        self,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """The picture as bytes, or in the given encoding as a str; parameters as for `graphviz.Digraph.pipe`."""
        if neato_no_op is not None:
            raise ValueError(f"neato_no_op={neato_no_op!r} is for graphs that have positions; a drawing has none yet")
        format = ":".join(self._formats(format, renderer, formatter))
        output = rendering.render(self.source, format, engine or self.engine)
        return output if encoding is None else output.decode(encoding)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Write the DOT text and a picture; return the picture's path. Parameters as for `graphviz.Digraph.render`."""
        if directory is not None:
            self.directory = os.fspath(directory)
        if outfile is not None:
            stem, suffix = os.path.splitext(outfile)
            format, filename = format or suffix[1:].lower() or None, filename or f"{stem}.gv"
            target = os.path.join(self.directory, outfile)
        if filename is not None:
            self.filename = os.fspath(filename)
        if outfile is None:
            target = ".".join([self.filepath, *reversed(self._formats(format, renderer, formatter))])
        if raise_if_result_exists and os.path.exists(target):
            raise graphviz.FileExistsError(f"the file {target!r} exists already")
        if not overwrite_source and os.path.abspath(target) == os.path.abspath(self.filepath):
            raise ValueError(f"the picture would replace its own DOT text, {target!r}; give one of them another name")
        picture = self.pipe(format, renderer, formatter, neato_no_op, engine=engine)
        source = self.save()
        write_bytes(target, picture)
        if cleanup:
            os.remove(source)
        if view or quiet_view:
            graphviz.view(target, quiet=quiet_view)
        return target

    def _formats(self, *given: str | None) -> list[str]:
        """Format, renderer and formatter: each as given, or else as set on the graph; left out if it is neither."""
        own = (self.format, self.renderer, self.formatter)
        return [chosen for chosen in (x or y for x, y in zip(given, own)) if chosen]
