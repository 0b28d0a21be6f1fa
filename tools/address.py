"""The course's address on GitHub, and that of its site. It stands in pyproject.toml; badges, setup cells and README
repeat it.

`python -m tools.generate --address owner/name` writes another one everywhere, for a copy of the course.
"""

import re
import subprocess

from course_utils import ROOT
from tools.texts import Texts

BRANCH = "main"  # what Colab opens


def repository() -> str:
    """owner/name."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")  # no tomllib in Python 3.10
    return re.search(r'^Repository = "https://github\.com/([^"]+)"', text, re.M)[1]


def url() -> str:
    return f"https://github.com/{repository()}"


def badge(notebook: str) -> str:
    """The target of the Colab badge of a notebook, given by its path in the repository."""
    return f"https://colab.research.google.com/github/{repository()}/blob/{BRANCH}/{notebook}"


def site(path: str = "") -> str:
    """The address of the site (GitHub Pages), or of one of its pages, such as "notebooks/05_lenet_build_up.html"."""
    owner, name = repository().split("/")
    return f"https://{owner}.github.io/{name}/{path}"


def put(texts: Texts, new: str) -> None:
    """Replace owner/name, and the site's address, in every file that git knows; they stand for nothing else."""
    old_site, owner, name = site(), *new.split("/")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, encoding="utf-8")
    for name in filter(None, names.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in (".ipynb", ".md", ".toml", ".cff") and path.exists():
            text = re.sub(rf"(?<![\w-]){re.escape(repository())}(?![\w-])", new, texts[path])
            texts[path] = text.replace(old_site, f"https://{owner}.github.io/{name}/")
