"""Removes empty heads of tables: Markdown requires a head, but screen readers announce its empty cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def _remove_empty_heads(app: Sphinx, doctree: nodes.document) -> None:
    for head in list(doctree.findall(nodes.thead)):
        if not head.astext().strip():
            head.parent.remove(head)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.connect("doctree-read", _remove_empty_heads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
