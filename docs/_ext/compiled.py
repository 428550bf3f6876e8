"""Links to files of the repository lead to the page of the site that shows them, where there is one.

A document can link to ``demos/02_one_weight.py``, to a program in ``docs/compiled`` or to that folder, as it does in
the repository; on the site the link leads to the lesson's page, to the program's, or to the list of programs. The pages
of the programs are written before Sphinx reads any page, into a folder that git ignores. Other files are downloads.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx import addnodes

from demos.classroom.course import lessons

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata

FOLDER = "programs"

_INDEX = """# Programs that the compiler wrote

Each is the NumPy program that `autograd.compile` makes of the scalar graph of one example, forward and backward, letter
by letter. `python -m demos matrices` writes them.

```{{toctree}}
:maxdepth: 1

{names}
```
"""

_PAGE = """# {name}

```{{literalinclude}} ../compiled/{name}.py
:language: python
```
"""


def write(app: Sphinx, config: Config) -> None:
    """Write a page for each program in ``compiled``, and their list."""
    programs = sorted(Path(app.srcdir, "compiled").glob("*.py"))
    pages = {path.stem: _PAGE.format(name=path.stem) for path in programs}
    pages["index"] = _INDEX.format(names="\n".join(path.stem for path in programs))
    folder = Path(app.srcdir, FOLDER)
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.md"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def page_of(path: Path, source: Path) -> str | None:
    """The page that shows a file or folder of the repository."""
    if path == source / "compiled":
        return f"{FOLDER}/index"
    if path.parent == source / "compiled":
        return f"{FOLDER}/{path.stem}"
    return next((f"course/{lesson.name}" for lesson in lessons() if lesson.path == path), None)


def _relink(app: Sphinx, doctree: nodes.document) -> None:
    """Replace links to files and folders that a page shows by links to that page, before Sphinx collects downloads."""
    links = [*doctree.findall(addnodes.download_reference)]
    links += [link for link in doctree.findall(addnodes.pending_xref) if link["reftype"] == "myst"]
    for link in links:
        _, found = app.env.relfn2path(link["reftarget"], app.env.docname)
        page = page_of(Path(os.path.normpath(found)), Path(app.srcdir))
        if page is not None:
            shown = addnodes.pending_xref("", *link.children, refdomain="std", reftype="doc", refexplicit=True)
            shown.update_all_atts({"reftarget": f"/{page}", "refdoc": app.env.docname, "refwarn": True})
            link.replace_self(shown)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.connect("config-inited", write)
    app.connect("doctree-read", _relink, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
