"""The measured minutes, from results/timing.json: `make notebooks TIMES=1` or `make check WRITE=1` measures, `make
generate` writes them.

In README.md the column of minutes in the table of lessons; in docs/INSTRUCTOR.md a table of what a lesson takes in
class; in the card of each lesson the memory that its kernel needs.
"""

import json
import math
import re

from course_utils import ROOT
from tools.texts import Texts

README, GUIDE = ROOT / "README.md", ROOT / "docs" / "INSTRUCTOR.md"
READING = re.compile(r"\| \*\*Time\*\* \| (\d+) minutes")
EXERCISE = re.compile(r"^\| `\d\d\.\d+` \|.*\| `(\d+)` \|$", re.M)


def minutes(seconds: float) -> int:
    return math.ceil(seconds / 60)


def class_table(measured: dict, texts: Texts) -> str:
    """What each lesson takes in class. Reading and exercises are what the lesson itself says."""
    lines = [
        "| lesson | talk and read | run | slowest cell, seconds | memory, MB | exercises |",
        "|---|---|---|---|---|---|",
    ]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if not (times := measured["lessons"].get(path.stem)):
            continue
        cells = texts.notebook(path).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        run, exercises = minutes(times["seconds"]), sum(map(int, EXERCISE.findall(text)))
        talk = int(READING.search(text)[1]) - run
        cells, memory = f"{times['slowest_cell']:.0f}", times.get("megabytes", "")
        lines.append(f"| {path.stem[:2]} | {talk} | {run} | {cells} | {memory} | {exercises or ''} |")
    return "\n".join(lines) + f"\n\n{measured_on(measured)}"


def measured_on(measured: dict) -> str:
    """What the columns of the table mean."""
    line = f"Run: measured on {measured['cores']} CPU cores, {measured['date']}."
    if empty := measured.get("empty_kernel"):
        line += f" Memory: the most that a kernel took; an empty one, with PyTorch, takes {empty} MB of it."
    return line


def with_minutes(readme: str, measured: dict) -> str:
    """README.md, with the minutes of each lesson and the day in it."""
    for lesson, times in measured["lessons"].items():
        row = re.compile(rf"^(\| \[[^]]+\]\(notebooks/{lesson}\.ipynb\) \| [^|]+ \| )\d+( \|)", re.M)
        readme = row.sub(rf"\g<1>{minutes(times['seconds'])}\g<2>", readme)
    day = f"The minutes are what the cells take on {measured['cores']} CPU cores, measured on {measured['date']};"
    return re.sub(r"The minutes are what the cells take on \d+ CPU cores, measured on [-\d]+;", day, readme)


def with_memory(front: str, megabytes: int) -> str:
    """The first cell of a lesson, with a row of the card for the memory, rounded up, after the row of the time."""
    front = re.sub(r"\| \*\*Memory\*\* \|.*\n", "", front)
    row = f"| **Memory** | {math.ceil(megabytes / 100) / 10:.1f} GB |"
    return re.sub(r"(\| \*\*Time\*\* \|.*\n)", rf"\g<1>{row}\n", front)


def write(texts: Texts) -> None:
    """Both tables and the cards, where they differ from what was measured."""
    measured = json.loads((ROOT / "results" / "timing.json").read_text(encoding="utf-8"))["class"]
    texts[README] = with_minutes(texts[README], measured)
    texts.put_between_marks(GUIDE, "minutes", class_table(measured, texts))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if megabytes := measured["lessons"].get(path.stem, {}).get("megabytes"):
            nb = texts.notebook(path)
            nb.cells[0].source = with_memory(nb.cells[0].source, megabytes)
            texts.set_notebook(path, nb)
