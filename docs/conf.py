"""Sphinx: Furo and MyST; ``nox -s docs`` treats every warning as an error."""

from __future__ import annotations

project = "hotswap"
author = "The hotswap founders"
copyright = "2026, the hotswap founders"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "hotswap"
html_static_path = ["_static"]
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
nitpick_ignore_regex = [("py:.*", r".*")]
suppress_warnings = ["myst.xref_missing"]
