"""The course runs on Windows and macOS: what can be seen without them."""

import ast
import subprocess
from functools import cache

import pytest

from tests.notebooks.rules import ROOT, Book, python
from tests.repository.portable import faults, name_faults

OWN = ("course_utils", "tools", "benchmarks", "tests", "docs/site")
LINUX_ONLY = {"lab_checks.py", "site_checks.py", "colab_checks.py"}  # they need bash and apt-get
FILES = sorted(
    path for folder in OWN for path in (ROOT / folder).rglob("*.py") if path.name not in LINUX_ONLY
) + [ROOT / "conftest.py"]  # fmt: skip
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb"))


@cache
def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-s", "-z"], cwd=ROOT, capture_output=True, encoding="utf-8")
    return [line for line in done.stdout.split("\0") if line]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_module(path):
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = [f"{path.name}:{line}: {why}" for line, why in faults(ast.parse(text)) if "# posix" not in lines[line - 1]]
    assert not found, "\n".join(found) + "\n(a line that only Linux or macOS reaches says: # posix)"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT / "notebooks").as_posix())
def test_notebook(path):
    found = [
        f"{cell.source.splitlines()[line - 1]}: {why}" for cell in Book(path).code for line, why in faults(python(cell))
    ]
    assert not found, "\n".join(found)


def test_file_names():
    names = [line.partition("\t")[2] for line in tracked()]
    assert not (found := list(name_faults(names))), "\n".join(found)


def test_no_symbolic_links():
    assert not [line for line in tracked() if line.startswith("120000")], "Windows makes a text file of a link"


GOOD = (
    "open(path, 'rb')",
    "open(path, encoding='utf-8')",
    "path.open('w', encoding='utf-8')",
    "path.write_bytes(data)",
    "path.read_text('utf-8')",
    "tarfile.open(path)",
    "gzip.open(path)",
    "open(path, **options)",
    "'''/tmp/x is named in a docstring'''",
)
BAD = (
    "open(path)",
    "open(path, 'w')",
    "path.open()",
    "path.open('a')",
    "path.read_text()",
    "path.write_text(text)",
    "os.fork()",
    "mp.set_start_method('fork')",
    "a.symlink_to(b)",
    "import fcntl",
    "from resource import getrusage",
    "folder = '/tmp/data'",
)


@pytest.mark.parametrize("line", GOOD)
def test_accepted(line):
    assert not list(faults(ast.parse(line)))


@pytest.mark.parametrize("line", BAD)
def test_refused(line):
    assert len(list(faults(ast.parse(line)))) == 1


@pytest.mark.parametrize("names", [["a:b.md"], ["aux.py"], ["x/con"], ["a "], ["a?.png"], ["README.md", "readme.md"]])
def test_names_refused(names):
    assert len(list(name_faults(names))) == 1
