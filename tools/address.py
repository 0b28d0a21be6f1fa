"""The course's address on GitHub. It stands in pyproject.toml; badges, setup cells and README repeat it.

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


def put(texts: Texts, new: str) -> None:
    """Replace owner/name in every file that git knows; it stands for nothing else."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, encoding="utf-8")
    for name in filter(None, names.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in (".ipynb", ".md", ".toml", ".cff") and path.exists():
            texts[path] = re.sub(rf"(?<![\w-]){re.escape(repository())}(?![\w-])", new, texts[path])
