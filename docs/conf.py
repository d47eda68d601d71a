"""Configuration of the site; how it is built stands in docs/README.md."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))
sys.path.insert(0, str(HERE.parent))

import generate  # noqa: E402

import spikelearn  # noqa: E402

project = "spikelearn"
author = "The spikelearn developers"
copyright = author
version = release = spikelearn.__version__

# Pages made of what the repository holds already: reference, ledger, errata, list of systems, gallery, notebooks.
generate.everything(
    HERE.parent,
    HERE / "generated",
    runs=Path(os.environ["SPIKELEARN_RUNS"]) if os.environ.get("SPIKELEARN_RUNS") else None,
)

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "mathml",
    "author_year",
    "run_pictures",
    "absolute_values",
]
root_doc = "index"
exclude_patterns = ["README.md", "_build", "_ext", "_templates", "**.ipynb_checkpoints"]
templates_path = ["_templates"]
autosummary_generate = True
autosummary_filename_map = generate.colliding_names(HERE.parent)
autosummary_context = {"pages_of": generate.pages_of(HERE.parent)}
autodoc_typehints = "none"
numpydoc_show_class_members = False
myst_enable_extensions = ["colon_fence", "dollarmath", "amsmath", "deflist", "attrs_inline"]
myst_dmath_double_inline = True
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True

html_theme = "pydata_sphinx_theme"
html_title = "spikelearn"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
