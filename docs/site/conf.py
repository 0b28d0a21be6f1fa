"""Sphinx reads the pages that tools/make_site.py lays out, and turns them into the site. No cell is executed."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import course_utils  # noqa: E402
from tools import address  # noqa: E402

project = html_title = "Convolutional networks"
copyright = "the authors of the course; text and figures CC BY 4.0, code MIT"
version = release = course_utils.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
nb_execution_mode = "off"  # the stored outputs are shown
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "attrs_inline"]
myst_heading_anchors = 6  # links such as page.md#a-heading lead somewhere, as on GitHub
suppress_warnings = ["myst.header"]  # an exercise may begin at a lower level
default_role = "literal"  # `name` in a docstring is code
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
toc_object_entries = False
mathjax_path = "tex-svg.js"  # make_site.py puts it beside the other files: no page asks another server

templates_path = []
html_theme = "sphinx_book_theme"
html_static_path = ["static", "../../build/site/static"]
html_css_files = ["site.css"]
html_js_files = [("host.js", {"type": "module"})]  # the controls
html_favicon = "static/favicon.svg"
html_copy_source = False
html_show_sourcelink = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {
    "repository_url": address.url(),
    "repository_branch": address.BRANCH,
    "path_to_docs": "",
    "use_repository_button": True,
    "use_download_button": False,
    "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    "navbar_persistent": [],  # one search box
    "show_toc_level": 2,
    "home_page_in_toc": False,
    "back_to_top_button": False,  # it lay over the controls on a phone
}


def show_code(app, what, name, obj, options, lines: list[str]) -> None:
    """An indented block after an empty line of a docstring is code, not a quotation."""
    for i in range(len(lines) - 1, 1, -1):
        before = next((line for line in reversed(lines[:i]) if line), "")
        if lines[i].startswith("    ") and not lines[i - 1] and not before.startswith(" "):
            lines[i:i] = ["::", ""]


def setup(app) -> None:
    app.connect("autodoc-process-docstring", show_code, priority=400)  # before napoleon reads Args and Raises
