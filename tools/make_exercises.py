"""Make the exercise notebooks out of the solution notebooks.

    python tools/make_exercises.py            # write notebooks/exercises/
    python tools/make_exercises.py --check    # exit status 1 if notebooks/exercises/ is not what would be written

In notebooks/solutions/*.ipynb, the code between the lines `### BEGIN SOLUTION` and `### END SOLUTION` is replaced by
`...  # your code here`, cells tagged `solution` are left out, and outputs are cleared. If a line `### HANDED OUT`
stands between them, the comments below it are what students get instead: broken code to mend. The section
"## Exercises" of each lesson gets the list of its exercises, from the headings of the solutions.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat
from sections import rewrite, with_section

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^([ \t]*)### BEGIN SOLUTION[^\n]*\n(.*?)^[ \t]*### END SOLUTION[^\n]*$", re.M | re.S)
HANDED_OUT = re.compile(r"^[ \t]*### HANDED OUT[^\n]*\n", re.M)
TITLE = " · Solutions"


def gap(block: re.Match) -> str:
    """What stands in an exercise in the place of a solution: a gap, or the broken code that is handed out."""
    _, *broken = HANDED_OUT.split(block[2])
    if not broken:
        return f"{block[1]}...  # your code here"
    return re.sub(r"^([ \t]*)# ?", r"\1", broken[0].rstrip("\n"), flags=re.M)


def exercise(solution: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The exercise notebook of a solution notebook."""
    nb = nbformat.from_dict(solution)
    nb.cells = [cell for cell in nb.cells if "solution" not in cell.metadata.get("tags", [])]
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.source = BLOCK.sub(gap, cell.source)
            cell.outputs, cell.execution_count = [], None
            cell.metadata.pop("tags", None)  # nothing is compared in an exercise
            if "SOLUTION" in cell.source or "### HANDED OUT" in cell.source:
                raise SystemExit(f"a solution marker without its pair in:\n{cell.source}")
        else:
            cell.source = cell.source.replace(TITLE, " · Exercises").replace("/solutions/", "/exercises/")
    return nb


def written(folder: Path) -> dict[str, str]:
    """The text of each exercise notebook, by file name."""
    texts = {}
    for path in sorted((folder / "solutions").glob("*.ipynb")):
        texts[path.name] = nbformat.writes(exercise(nbformat.read(path, as_version=4))) + "\n"
    return texts


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


def main(argv: list[str] | None = None, folder: Path = ROOT / "notebooks") -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(argv).check
    target = folder / "exercises"
    texts = written(folder)
    there = {path.name: path for path in target.glob("*.ipynb")}
    stale = [name for name, text in texts.items() if name not in there or there[name].read_text("utf-8") != text]
    surplus = sorted(set(there) - set(texts))

    def with_list(path: Path, nb: nbformat.NotebookNode) -> nbformat.NotebookNode:
        solution = nbformat.read(folder / "solutions" / path.name, as_version=4)
        return with_section(nb, "Exercises", listed(solution, path.name), f"exercises-{path.stem[:2]}")

    lessons = rewrite([folder / name for name in texts], with_list, check)
    if not check:
        target.mkdir(exist_ok=True)
        for name in stale:
            (target / name).write_text(texts[name], encoding="utf-8", newline="\n")
        for name in surplus:
            there[name].unlink()
    changed = [f"exercises/{name}" for name in stale + surplus] + lessons
    print("not up to date:" if check else "written:", ", ".join(changed) or "none")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
