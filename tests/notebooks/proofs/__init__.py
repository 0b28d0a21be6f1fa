"""Proofs of what the lessons say: NN_topic.py runs after the last cell of notebooks/NN_topic.ipynb, in its kernel.

A proof file is cut into pieces by lines such as `# %% what is proved (cell [12])`. Each piece is one test, with that
name, see proofs_plugin.py. All names of the lesson are there. After them comes a piece for each task of the lesson: the
folded *One way* has to be accepted by its checker, see tasks.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat

from course_utils import ROOT
from tests.notebooks.tasks import tasks

CUT = re.compile(r"^# %%(.*)$", re.M)


class Piece(NamedTuple):
    """One proof: its name, its code, and where it stands."""

    name: str
    source: str
    place: str


def proof_file(notebook: Path, root: Path = ROOT) -> Path:
    """Where the proofs of a notebook are, or would be."""
    return (root / "tests/notebooks/proofs" / notebook.relative_to(root / "notebooks")).with_suffix(".py")


def proofs_of(notebook: Path, root: Path = ROOT) -> Iterator[Piece]:
    """All that runs after the last cell of a notebook: the pieces of its proof file, then its tasks."""
    if (file := proof_file(notebook, root)).exists():
        yield from pieces(file, root)
    for task in tasks(nbformat.read(notebook, as_version=4)):
        yield Piece(f"the task {task.name}, one way", task.proof, notebook.relative_to(root).as_posix())


def pieces(file: Path, root: Path = ROOT) -> Iterator[Piece]:
    """The proofs of a file. Raises ValueError where a piece cannot be told from the others, or is empty."""
    text = file.read_text(encoding="utf-8")
    cuts = list(CUT.finditer(text))
    names = [cut.group(1).strip() for cut in cuts]
    if not cuts or has_code(text[: cuts[0].start()]):
        raise ValueError(f"{file.name}: a proof begins with a line such as '# %% what is proved (cell [12])'")
    for cut, end, name in zip(cuts, [*(cut.start() for cut in cuts[1:]), len(text)], names, strict=True):
        source = text[cut.end() : end].strip("\n")
        line = text.count("\n", 0, cut.start()) + 1
        if not name or "::" in name or names.count(name) > 1 or not has_code(source):
            raise ValueError(f"{file.name}, line {line}: {name!r} needs a name of its own, without '::', and code")
        yield Piece(name, source, f"{file.relative_to(root).as_posix()}, line {line}")


def has_code(text: str) -> bool:
    return any(line.strip() and not line.startswith("#") for line in text.splitlines())


def without_lesson(root: Path = ROOT) -> list[str]:
    """Proof files whose notebook is gone or has another name: nothing would ever run them."""
    folder = root / "tests/notebooks/proofs"
    files = [file.relative_to(folder) for file in sorted(folder.rglob("*.py")) if file.name != "__init__.py"]
    return [str(file) for file in files if not (root / "notebooks" / file.with_suffix(".ipynb")).exists()]
