"""The course runs on Windows and macOS: what can be seen without them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache

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


def module_faults(text: str) -> Iterator[str]:
    lines = text.splitlines()
    for line, why in faults(ast.parse(text)):
        if "# posix" not in lines[line - 1]:
            yield f"{line}: {why}"


def test_modules_run_on_every_system():
    found = [
        f"{path.relative_to(ROOT)}:{fault}"
        for path in FILES
        for fault in module_faults(path.read_text(encoding="utf-8"))
    ]
    assert len(FILES) > 100
    assert not found, "\n".join(found) + "\n(a line that only Linux or macOS reaches says: # posix)"


def test_notebooks_run_on_every_system():
    found = [
        f"{path.relative_to(ROOT)}: {cell.source.splitlines()[line - 1]}: {why}"
        for path in NOTEBOOKS
        for cell in Book(path).code
        for line, why in faults(python(cell))
    ]
    assert NOTEBOOKS and not found, "\n".join(found)


def test_file_names_are_allowed_on_every_system():
    names = [line.partition("\t")[2] for line in tracked()]
    assert not (found := list(name_faults(names))), "\n".join(found)


def test_there_are_no_symbolic_links():
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


def test_what_is_accepted():
    assert not [line for line in GOOD if list(faults(ast.parse(line)))]


def test_what_is_refused():
    assert not [line for line in BAD if len(list(faults(ast.parse(line)))) != 1]
    assert list(module_faults("x = 1\nopen(path)\nopen(path)  # posix")) == [
        "2: open in text mode without encoding: Windows would not take UTF-8"
    ]


def test_names_that_are_refused():
    refused = (["a:b.md"], ["aux.py"], ["x/con"], ["a "], ["a?.png"], ["README.md", "readme.md"])
    assert not [names for names in refused if len(list(name_faults(names))) != 1]
