"""Formulas as MathML, which browsers draw themselves: no script, no font, and no request that leaves the site.

docutils converts LaTeX to MathML. A formula that it cannot read gives a warning with its location, so that a build
with ``-W`` fails.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import ordinary, tex2mathml
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

_log = logging.getLogger(__name__)
ordinary.setdefault("dots", ordinary["ldots"])  # docutils does not know \dots


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(_converted(node, block=False))
    raise nodes.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(f'<div class="math" role="group" aria-label="formula">{_converted(node, True)}</div>')
    raise nodes.SkipNode


def _converted(node: nodes.Element, block: bool) -> str:
    try:
        return str(tex2mathml(node.astext(), as_block=block))
    except MathError as error:
        _log.warning("this formula cannot be made MathML: %s", error, location=node, type="mathml")
        return f"<code>{html.escape(node.astext())}</code>"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
