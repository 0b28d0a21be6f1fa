"""The setup cell of every notebook: it finds the course round it or installed, else fetches it, and starts.

The text stands here alone, and `make generate` writes it: with the address of the repository, and the version to which
a lesson belongs, so that `setup` can tell a lesson from another version of the course.
"""

import re

from course_utils import ROOT, __version__
from tools.address import repository
from tools.texts import Texts

CELL = """\
import importlib.util, os, pathlib, sys

here, installed = pathlib.Path.cwd(), importlib.util.find_spec("course_utils")
places = [p for p in (here, *here.parents, here / "cnn-course") if (p / "course_utils" / "course.py").exists()]
if not (places or installed) and os.system("git clone -q --depth 1 https://github.com/{repository} cnn-course"):
    raise SystemExit("The course is not here, and git cannot fetch it. Get it: github.com/{repository}")
sys.path.insert(0, str(places[0] if places else here / "cnn-course"))
from course_utils.course import setup

course = setup(lesson="{lesson}", seed={seed}, version="{version}")"""
CALL = re.compile(r"^course = setup\(.*?(?:seed=(\d+))?[^\n]*\)$", re.M)


def cell(lesson: str, seed: str = "777") -> str:
    return CELL.format(repository=repository(), lesson=lesson, seed=seed, version=__version__)


def write(texts: Texts) -> None:
    """The setup cell of each lesson and solution; exercises are made from solutions."""
    folder = ROOT / "notebooks"
    for path in sorted([*folder.glob("*.ipynb"), *(folder / "solutions").glob("*.ipynb")]):
        nb = texts.notebook(path)
        for one in nb.cells:
            if one.cell_type == "code" and (call := CALL.search(one.source)):
                one.source = cell(path.stem[:2], call[1] or "777") + one.source[call.end() :]
                break
        texts.set_notebook(path, nb)
