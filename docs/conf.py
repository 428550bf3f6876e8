"""How Sphinx builds the site from this folder. ``python -m docs`` is the command; see CONTRIBUTING.md."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import tomllib
from sphinx.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "site"

# Document and execute this repository's source, not an installed package: the native engine lacks some docstrings.
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)

import autograd  # noqa: E402

if autograd.engine != "interpreted" or Path(autograd.__file__).parent != ROOT / "autograd":
    raise ConfigError(f"the site is built from the source in {ROOT}, not from {autograd.__file__}")

project = "glassgrad"
author = "the authors of glassgrad"
copyright = author
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx_copybutton",
    "docs._ext.compiled",
    "docs._ext.lessons",
    "docs._ext.mathml",
    "docs._ext.reference",
    "docs._ext.runnable",
    "docs._ext.tables",
    "sphinx.ext.autodoc",
    "sphinx.ext.githubpages",
]
exclude_patterns = ["_*", "compiled"]
nitpicky = False

# --- text and notebooks -----------------------------------------------------------------------------------------------

source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
html_math_renderer = "mathml"


def _digest() -> str:
    """A hash of the packages' source; cached outputs of cells are used only as long as it is the same."""
    files = sorted(path for package in ("autograd", "nn", "demos") for path in (ROOT / package).rglob("*.*"))
    state = hashlib.sha256()
    for path in files:
        if path.suffix in (".py", ".js", ".css", ".html"):
            state.update(path.read_bytes())
    return state.hexdigest()[:16]


nb_execution_mode = "cache"  # the site is published from a build with "force"
nb_execution_cache_path = str(BUILD / "cache" / _digest())
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"

numpydoc_show_class_members = False
autodoc_typehints = "none"

# --- pages ------------------------------------------------------------------------------------------------------------

templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "glassgrad"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css", "lessons.css"]
html_js_files: list[Any] = [("site.js", {"type": "module"})]
html_context = {"default_mode": "auto"}
WITHOUT_SIDEBAR = ("index", "gallery/index", "glossary", "changelog", "contributing")  # without subpages
html_sidebars: dict[str, list[str]] = {**{page: [] for page in WITHOUT_SIDEBAR}, "**": ["sidebar-nav-bs"]}
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options: dict[str, Any] = {
    "article_header_end": ["lesson"],
    "footer_end": [],
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "navigation_depth": 2,
    "search_bar_text": "Search",
}
