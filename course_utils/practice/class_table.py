"""The table of a class: who has done which exercise. `python -m course_utils progress FOLDER` calls `report`.

FOLDER holds what was handed in: a folder for each student with exercise notebooks, which are run again here, or files
that `progress` wrote (progress-NAME.json), which are believed. Nothing in FOLDER is changed.
"""

import csv
import json
import os
import sys
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.files.atomic import atomic
from course_utils.practice.progress import WORDS, digest, exercises, lesson_of, plain, run, word
from course_utils.practice.replay import Unreadable, code_of

MOST_BYTES = 1_000_000  # of a progress file
MOST_NOTEBOOKS = 100  # of one student


@dataclass
class Row:
    """One student: where the verdicts come from ("run here", "reported"), the word for each exercise, remarks."""

    student: str
    origin: str
    words: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def correct(self, names: list[str]) -> int:
        return sum(self.words.get(name) == "correct" for name in names)


def report(folder: Path, lessons: list[str], to: Path, seconds: float, gigabytes: float) -> int:
    """Print the table of the class, and write it, exercise by exercise, to progress.csv in the folder `to`.

    Args:
        folder: what was handed in.
        lessons: such as ["03"]; none means all that somebody handed in.
        seconds, gigabytes: the limits of each notebook.

    Returns:
        1 when the folder cannot be read, nobody has handed in, or the file cannot be written, else 0.
    """
    try:
        rows = class_rows(folder, lessons, seconds, gigabytes)
    except OSError as error:
        print(f"{folder} cannot be read: {error.strerror}")
        return 1
    if not rows:
        print(f"In {folder} there is neither a student's folder with notebooks nor a progress-NAME.json")
        return 1
    shown = [lesson for lesson in exercises() if any(set(row.words) & set(exercises()[lesson]) for row in rows)]
    print(text(rows, shown))
    try:
        write_csv(to / "progress.csv", rows, shown)
    except OSError as error:
        print(f"{to / 'progress.csv'} cannot be written ({error.strerror}). Name another folder: --to FOLDER")
        return 1
    print(f"\nExercise by exercise: {to / 'progress.csv'}")
    return 0


def class_rows(folder: Path, lessons: list[str], seconds: float, gigabytes: float) -> list[Row]:
    """One row for each student's folder and each .json file in `folder`; links and hidden names are left out.

    Raises:
        OSError: `folder` cannot be read.
    """
    rows = []
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name.startswith("."):
            continue
        if path.is_dir():
            rows.append(_run_here(path, lessons, seconds, gigabytes))
        elif path.suffix == ".json" and path.is_file():
            rows.append(_reported(path, lessons))
    _same_code(rows)
    return rows


def _run_here(folder: Path, lessons: list[str], seconds: float, gigabytes: float) -> Row:
    """Run the exercise notebooks below a student's folder, one for each lesson."""
    row = Row(folder.name, "run here")
    paths = _notebooks(folder)
    if not paths:
        row.notes.append("no notebook")
    if len(paths) > MOST_NOTEBOOKS:
        row.notes.append(f"{len(paths)} notebooks; only {MOST_NOTEBOOKS} were looked at")
    for path in paths[:MOST_NOTEBOOKS]:
        try:
            cells = code_of(path)
            lesson = lesson_of(cells)
        except Unreadable as error:
            row.notes.append(f"{path.name}: {error}")
            continue
        if lessons and lesson not in lessons:
            continue
        if lesson in row.digests:
            row.notes.append(f"{path.name}: a second notebook of lesson {lesson}, not run")
            continue
        print(f"{plain(folder.name)}: lesson {lesson}", file=sys.stderr, flush=True)
        verdicts, trouble = run(cells, lesson, seconds, gigabytes)
        row.digests[lesson] = digest(cells)
        row.words |= {name: word(verdict) for name, verdict in verdicts.items()}
        row.notes += [f"{lesson}: {trouble}"] if trouble else []
    return row


def _notebooks(folder: Path) -> list[Path]:
    """All notebooks below a folder, the nearest first. Links are not followed, hidden folders left out."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place) / name for name in sorted(files) if name.endswith(".ipynb") and name[0] != "."]
    return sorted(found, key=lambda path: (len(path.parts), path))


def _reported(path: Path, lessons: list[str]) -> Row:
    """The row of a file that `progress` wrote. Only words that the course knows are taken from it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError
        content = json.loads(path.read_bytes())
        row = Row(str(content["name"]), "reported", notes=["reported, not run here"])
        for lesson, names in exercises().items():
            if lesson in content["lessons"] and (not lessons or lesson in lessons):
                one = content["lessons"][lesson]
                row.words |= {name: word(one["verdicts"].get(name)) for name in names}
                row.digests[lesson] = str(one["sha256"])
                row.notes += [f"{lesson}: {one['trouble']}"] if one["trouble"] else []
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Row(path.stem, "reported", notes=["no file of progress"])
    return row


def _same_code(rows: list[Row]) -> None:
    """Note who handed in the same code for a lesson, where anything in it is correct."""
    for lesson, names in exercises().items():
        same: dict[str, list[Row]] = {}
        for row in rows:
            if lesson in row.digests and row.correct(names):
                same.setdefault(row.digests[lesson], []).append(row)
        for group in same.values():
            for row in group if len(group) > 1 else ():
                others = ", ".join(plain(other.student, 20) for other in group if other is not row)
                row.notes.append(f"{lesson}: the same code as {plain(others)}")


def text(rows: list[Row], lessons: list[str]) -> str:
    """The table for a screen: the number of correct exercises in each lesson, "." where nothing was handed in."""
    head = ["student", *lessons, "correct", "note"]
    lines = [head]
    for row in rows:
        counts = [str(row.correct(exercises()[n])) if set(row.words) & set(exercises()[n]) else "." for n in lessons]
        total = row.correct([name for n in lessons for name in exercises()[n]])
        lines.append([plain(row.student, 30), *counts, str(total), plain("; ".join(row.notes), 120)])
    lines.insert(1, ["of", *(str(len(exercises()[n])) for n in lessons), "", ""])
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(_padded, line, widths)).rstrip() for line in lines)


def _width(words: str) -> int:
    """Columns on a screen: a Korean letter takes two, an accent that is added to a letter none."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in words)


def _padded(words: str, width: int) -> str:
    return words + " " * (width - _width(words))


def write_csv(file: Path, rows: list[Row], lessons: list[str]) -> None:
    """One column for each exercise; UTF-8 with the mark that Excel needs.

    Raises:
        OSError: the file cannot be written.
    """
    names = [name for lesson in lessons for name in exercises()[lesson]]
    with atomic(file) as part, open(part, "w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["student", "verdicts", *names, "correct", "note"])
        for row in rows:
            words = [row.words.get(name, "") for name in names]
            assert set(words) <= {"", *WORDS}
            note = _cell("; ".join(row.notes))
            writer.writerow([_cell(row.student), row.origin, *words, row.correct(names), note])


def _cell(words: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    words = plain(words, 500)
    return f"'{words}" if words[:1] in ("=", "+", "-", "@") else words
