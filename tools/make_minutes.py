"""Write the measured minutes where readers see them, from results/timing.json.

    make check WRITE=1             # measures, and then calls this
    python tools/make_minutes.py   # writes again what was measured

In README.md the column of minutes in the table of lessons; in each lesson the line "Time" of its card; in
results/README.md a table of all lessons and speeds; in docs/INSTRUCTOR.md a table of what a lesson takes in class.
"""

import math
import re
import sys
from pathlib import Path

import nbformat
from sections import rewrite

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the checkout that this script belongs to

from benchmarks.report import README, RESULTS, put_table, read_json  # noqa: E402

LESSONS = sorted((README.parent / "notebooks").glob("*.ipynb"))
GUIDE = README.parent / "docs" / "INSTRUCTOR.md"
CARD = re.compile(r"the cells compute for (?:about|less than) \S+ minutes? on \S+ CPU cores")
READING = re.compile(r"\| \*\*Time\*\* \| (\d+) minutes")
EXERCISE = re.compile(r"^\| `\d\d\.\d+` \|.*\| `(\d+)` \|$", re.M)


def minutes(seconds: float) -> int:
    return math.ceil(seconds / 60)


def card(measured: dict, lesson: str) -> str:
    """How long the cells of a lesson compute, in its card."""
    n = minutes(measured["lessons"][lesson]["seconds"])
    return f"the cells compute for about {n} minute{'s' * (n > 1)} on {measured['cores']} CPU cores"


def table(timing: dict) -> str:
    """All lessons and their solutions at each speed that was measured: minutes, and the seconds of the slowest cell."""
    speeds = [speed for speed in ("smoke", "class", "full") if speed in timing]
    names = sorted({name for speed in speeds for name in timing[speed]["lessons"]})
    lines = [
        "| | " + " | ".join(f"{speed}, minutes | slowest cell, seconds" for speed in speeds) + " |",
        "|---|" + "---|---|" * len(speeds),
    ]
    for name in names:
        cells = []
        for speed in speeds:
            times = timing[speed]["lessons"].get(name)
            cells += [f"{times['seconds'] / 60:.1f}", f"{times['slowest_cell']:.0f}"] if times else ["", ""]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    together = [sum(times["seconds"] for times in timing[speed]["lessons"].values()) / 60 for speed in speeds]
    lines.append("| together | " + " | ".join(f"{total:.1f} | " for total in together) + " |")
    where = [f"{speed}: {timing[speed]['cores']} cores ({timing[speed]['machine']}), {timing[speed]['date']}"
             for speed in speeds]  # fmt: skip
    return "\n".join(lines) + f"\n\nMeasured by `make check WRITE=1`; {'; '.join(where)}."


def class_table(measured: dict) -> str:
    """What each lesson takes in class. Reading and exercises are what the lesson itself says."""
    lines = ["| lesson | talk and read | run | slowest cell, seconds | exercises |", "|---|---|---|---|---|"]
    for path in LESSONS:
        if not (times := measured["lessons"].get(path.stem)):
            continue
        cells = nbformat.read(path, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        run, exercises = minutes(times["seconds"]), sum(map(int, EXERCISE.findall(text)))
        talk = int(READING.search(text)[1]) - run
        lines.append(f"| {path.stem[:2]} | {talk} | {run} | {times['slowest_cell']:.0f} | {exercises or ''} |")
    return "\n".join(lines) + f"\n\nRun: measured on {measured['cores']} CPU cores, {measured['date']}."


def with_minutes(readme: str, measured: dict) -> str:
    """README.md, with the minutes of each lesson and the day in it."""
    for lesson, times in measured["lessons"].items():
        row = re.compile(rf"^(\| \[[^]]+\]\(notebooks/{lesson}\.ipynb\) \| [^|]+ \| )\d+( \|)", re.M)
        readme = row.sub(rf"\g<1>{minutes(times['seconds'])}\g<2>", readme)
    day = f"The minutes are what the cells take on {measured['cores']} CPU cores, measured by `make check` on "
    return re.sub(r"The minutes are what the cells take on \d+ CPU cores, measured by `make check`(?: on [-\d]+)?",
                  f"{day}{measured['date']}", readme)  # fmt: skip


def main() -> None:
    timing = read_json(RESULTS / "timing.json")
    measured = timing["class"]

    def with_card(path: Path, nb: nbformat.NotebookNode) -> nbformat.NotebookNode:
        if path.stem in measured["lessons"]:
            nb.cells[0].source = CARD.sub(card(measured, path.stem), nb.cells[0].source)
        return nb

    changed = rewrite(LESSONS, with_card, check=False)
    README.write_text(with_minutes(README.read_text(encoding="utf-8"), measured), encoding="utf-8", newline="\n")
    put_table("timing", table(timing), RESULTS / "README.md")
    put_table("minutes", class_table(measured), GUIDE)
    print("written: README.md, results/README.md, docs/INSTRUCTOR.md,", ", ".join(changed) or "no lesson")


if __name__ == "__main__":
    main()
