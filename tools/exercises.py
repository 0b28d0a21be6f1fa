"""The exercise notebooks, made out of the solution notebooks.

In notebooks/solutions/*.ipynb, the code between the lines `### BEGIN SOLUTION` and `### END SOLUTION` is replaced by
`...` below a comment, "your code here"; cells tagged `solution` are left out, and outputs are cleared. If a line
`### HANDED OUT` stands between them, the comments below it are what students get instead: broken code to mend. The
section "## Exercises" of each lesson gets the list of its exercises, from the headings of the solutions.
"""

import re

import nbformat

from course_utils import ROOT
from tools.sections import with_section
from tools.texts import Texts

BLOCK = re.compile(r"^([ \t]*)### BEGIN SOLUTION[^\n]*\n(.*?)^[ \t]*### END SOLUTION[^\n]*$", re.M | re.S)
HANDED_OUT = re.compile(r"^[ \t]*### HANDED OUT[^\n]*\n", re.M)
TITLE = " · Solutions"


def gap(block: re.Match) -> str:
    """What stands in an exercise in the place of a solution: a gap, or the broken code that is handed out."""
    _, *broken = HANDED_OUT.split(block[2])
    if not broken:
        return f"{block[1]}# your code here\n{block[1]}..."
    return re.sub(r"^([ \t]*)# ?", r"\1", broken[0].rstrip("\n"), flags=re.M)


def exercise(solution: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The exercise notebook of a solution notebook."""
    nb = nbformat.from_dict(solution)
    nb.cells = [cell for cell in nb.cells if "solution" not in cell.metadata.get("tags", [])]
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.source = re.sub(r"[ \t]+$", "", BLOCK.sub(gap, cell.source), flags=re.M)  # of empty lines handed out
            cell.outputs, cell.execution_count = [], None
            cell.metadata.pop("tags", None)  # nothing is compared in an exercise
            if "SOLUTION" in cell.source or "### HANDED OUT" in cell.source:
                raise SystemExit(f"a solution marker without its pair in:\n{cell.source}")
        else:
            cell.source = cell.source.replace(TITLE, " · Exercises").replace("/solutions/", "/exercises/")
    return nb


def listed(solution: nbformat.NotebookNode, name: str) -> str:
    """The text of a lesson's section "Exercises": a table of what its solutions hold."""
    rows = []
    for cell in solution.cells:
        found = re.match(r"## (\d\d\.\d+) (.+?)(?: \(section.*)?$", cell.source, re.M)
        if cell.cell_type == "markdown" and found:
            where = re.search(r"\((section .+?) of the lesson, about (\d+) minutes", cell.source)
            if not where:
                raise SystemExit(f"{name}, {found[1]}: no '(section S of the lesson, about M minutes)'")
            rows.append(f"| `{found[1]}` | {found[2]} | {where[1]} | `{where[2]}` |")
    return (
        f"**[Open the exercises of this lesson](exercises/{name})**. A checker answers each of them at once. "
        f"[The solutions](solutions/{name}) run, too; try first.\n\n"
        "| | task | practises | minutes |\n|---|---|---|---|\n" + "\n".join(rows)
    )


def write(texts: Texts) -> None:
    """All exercise notebooks, and the list of exercises in each lesson that has some."""
    folder = ROOT / "notebooks"
    solutions = sorted((folder / "solutions").glob("*.ipynb"))
    for path in solutions:
        solution = texts.notebook(path)
        texts.set_notebook(folder / "exercises" / path.name, exercise(solution))
        lesson = folder / path.name
        section = listed(solution, path.name)
        texts.set_notebook(
            lesson, with_section(texts.notebook(lesson), "Exercises", section, f"exercises-{path.stem[:2]}")
        )
    for surplus in {path.name for path in (folder / "exercises").glob("*.ipynb")} - {path.name for path in solutions}:
        texts[folder / "exercises" / surplus] = None
