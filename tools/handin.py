"""Lay out the exercises as a course for nbgrader, which releases, collects and marks them: `make handin`.

    python -m tools.handin                # into build/handin
    python -m tools.handin FOLDER         # a folder that stays: nbgrader keeps hand-ins and marks beside the exercises

In FOLDER, source/NN_name/NN_name.ipynb is written anew, and nbgrader_config.py if it is not there. Nothing else is
touched. A notebook in source/ has the official answers: nbgrader cuts them out when it releases it. Each exercise is a
cell for the answer and a cell that tests it with the exercise's checker, for one point. Cells that are no answer are
locked: nbgrader puts them back as they were before it marks.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils import ROOT
from tools.exercises import BLOCK, exercise

CONFIG = "nbgrader_config.py"
CHECK = re.compile(r'^check\("(\d\d)\.(\d+)", (.+)\)$')
BADGE = re.compile(r"^\[!\[Open in Colab\].*\n+", re.M)
LINK = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")  # to a lesson, which lies elsewhere
FIRST = "from course_utils.course import setup"  # above it, the cell only looks for the course
POINTS = 1


def assignment(solution: NotebookNode) -> NotebookNode:
    """The instructor's notebook for nbgrader, out of a solution notebook."""
    nb = exercise(solution)
    whole = [cell for cell in solution.cells if "solution" not in cell.metadata.get("tags", [])]
    answer = None
    for i, (cell, original) in enumerate(zip(nb.cells, whole, strict=True)):
        if cell.cell_type != "code":
            cell.source = LINK.sub(r"\1", BADGE.sub("", cell.source)).replace("`check`", "`expect_correct`")
        elif BLOCK.search(original.source):
            answer = cell
            answer.metadata["handed_out"] = answer.source
            answer.source = original.source
        elif test := CHECK.match(cell.source):
            lesson, number, expression = test.groups()
            mark(answer, f"answer-{lesson}-{number}", solution=True)
            cell.source = f"from course_utils.checks import expect_correct\n\nexpect_correct({cell.source[6:]}"
            cell.metadata["tags"] = ["raises-exception"]  # Run All goes on
            mark(cell, f"test-{lesson}-{number}", grade=True, locked=True, points=POINTS)
        else:
            cell.source = cell.source[max(cell.source.find(FIRST), 0) :]
            mark(cell, f"given-{i:02}", locked=True)
    return nb


def mark(cell: NotebookNode, name: str, **kind: bool | int) -> None:
    """Say to nbgrader what a cell is: an answer (solution), a test (grade, locked, points), or given (locked)."""
    cell.metadata["nbgrader"] = {
        "grade": False,
        "solution": False,
        "locked": False,
        "task": False,
        **kind,
        "grade_id": name,
        "schema_version": 3,
    }


def write(folder: Path) -> list[str]:
    """Write the course into `folder`; the names of its assignments."""
    paths = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
    for path in paths:
        target = folder / "source" / path.stem / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        nb = assignment(nbformat.read(path, as_version=4))
        target.write_text(nbformat.writes(nb) + "\n", encoding="utf-8", newline="\n")
    if not (folder / CONFIG).exists():
        shutil.copyfile(ROOT / "tools" / CONFIG, folder / CONFIG)
    return [path.stem for path in paths]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "handin", help="default: build/handin")
    folder = parser.parse_args(argv).folder
    names = write(folder)
    print(f"{len(names)} assignments in {folder}, from {names[0]} to {names[-1]}.")
    print(f"Go on there:  cd {folder}  and  nbgrader generate_assignment {names[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
