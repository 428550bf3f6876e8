"""What the code cells need to run in the reader's browser: our packages as a zip, Pyodide, and the editor.

Pyodide and the editor are fetched once, by npm, into the folder that the setting ``runnable_assets`` names. They are
copied into the site, whose pages load nothing from elsewhere. Without that folder the site is still built, but its
cells cannot be run.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata

ROOT = Path(__file__).parents[2]
PACKAGES = ("autograd", "nn", "demos")
LEFT_OUT = {".c", ".pyc", ".pyd", ".pxd", ".so"}
MESSAGES = ROOT / "autograd" / "view" / "page" / "messages.js"
"""The messages between an interactive page and the page that embeds it; both load this module."""


def _prepare(app: Sphinx, config: Config) -> None:
    assets = Path(config.runnable_assets)
    config.html_static_path.append(str(MESSAGES))
    if not (assets / "editor.js").exists():
        return
    pack(assets / "packages.zip")
    config.html_static_path.append(str(assets))
    fetched = [*(assets / "pyodide").glob("*.*m*"), assets / "packages.zip", assets / "pyodide" / "python_stdlib.zip"]
    size = sum(path.stat().st_size for path in fetched)
    config.html_js_files.append(("cells.js", {"type": "module", "data-python-bytes": str(size)}))


def pack(path: Path) -> None:
    """Write the source of our packages into a zip; the same source gives the same file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in PACKAGES:
            for file in sorted((ROOT / package).rglob("*")):
                if file.is_file() and file.suffix not in LEFT_OUT:
                    entry = zipfile.ZipInfo(file.relative_to(ROOT).as_posix())
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, file.read_bytes())


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_config_value("runnable_assets", "", "html", types=(str,))
    app.connect("config-inited", _prepare)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
