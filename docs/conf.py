"""How Sphinx builds these pages: ``nox -s docs``."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

from command_reference import MARKER, command_reference

project = "CommitCollect"
author = "CommitCollect contributors"
copyright = author  # noqa: A001 - Sphinx's name
version = release = version_of("commitcollect")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {version}"
html_static_path: list[str] = []

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# Pages link to files of the repository beside them, which are no pages.
suppress_warnings = ["myst.xref_missing"]
# Shell lines with an ellipsis for what differs are no valid Python.
highlight_language = "text"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True


def with_commands(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Put the commands where a page has their marker."""
    if MARKER in source[0]:
        source[0] = source[0].replace(MARKER, command_reference())


def setup(app: Sphinx) -> None:
    """Have Sphinx fill in the commands."""
    app.connect("source-read", with_commands)
