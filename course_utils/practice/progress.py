"""What a student has done in notebooks/exercises, on the screen and in a small file to hand in.

`python -m course_utils progress` calls `report`. The table of a class is in `practice.class_table`.
"""

import hashlib
import json
import re
import unicodedata
from datetime import date
from functools import cache
from pathlib import Path

from course_utils import ROOT, __version__
from course_utils.files.atomic import atomic
from course_utils.practice.replay import Replay, Unreadable, code_of, replay

WORDS = ("correct", "not right yet", "not done yet")
CHECKED = re.compile(r'\b(?:check|expect_correct)\("(\d\d)\.\d')  # an exercise; the tasks of lessons have letters
LONGEST = 60  # letters of a name, 500 of a verdict


@cache
def exercises() -> dict[str, list[str]]:
    """The exercises of each lesson: {"01": ["01.1", ...]}. The small tasks inside the lessons do not count.

    Read off the text of the checkers: to import them all takes longer than to run a notebook.
    """
    found = {}
    for path in sorted(Path(__file__).with_name("exercises").glob("lesson_*.py")):
        checkers = path.read_text(encoding="utf-8").partition("\nCHECKERS = {")[2]
        found[path.stem[-2:]] = [f"{path.stem[-2:]}.{n}" for n in re.findall(r'^    "(\d+)": ', checkers, re.M)]
    return found


def word(verdict: object) -> str:
    """A verdict without its reason: one of WORDS. What is none of them is not done yet."""
    return next((known for known in WORDS if str(verdict).startswith(known)), "not done yet")


def plain(text: object, most: int = LONGEST) -> str:
    """One short line without control characters, for a screen or a table. The text can be a stranger's."""
    text = "".join("?" if unicodedata.category(c)[0] == "C" else c for c in " ".join(str(text)[: 4 * most].split()))
    return text if len(text) <= most else text[: most - 1] + "…"


def lesson_of(cells: list[str]) -> str:
    """The lesson whose exercises these code cells check, such as "03".

    Raises:
        Unreadable: they check none.
    """
    found = CHECKED.search("\n".join(cells))
    if not found or found[1] not in exercises():
        raise Unreadable("no notebook of exercises: it checks none")
    return found[1]


def digest(cells: list[str]) -> str:
    """SHA-256 of the code. Outputs and texts do not count, so two notebooks with the same answers have the same."""
    return hashlib.sha256("\n\n".join(cells).encode("utf-8", "surrogatepass")).hexdigest()


def run(cells: list[str], lesson: str, seconds: float, gigabytes: float) -> Replay:
    """`replay`, with a verdict for each exercise of the lesson: one that was never checked is not done yet."""
    verdicts, trouble = replay(cells, seconds, gigabytes)
    known = {name: plain(verdicts.get(name, "not done yet"), 500) for name in exercises()[lesson]}
    return Replay(known, trouble)


def report(name: str, lessons: list[str], to: Path, seconds: float, gigabytes: float) -> int:
    """Print what is done in notebooks/exercises, lesson by lesson, and write progress-NAME.json into the folder `to`.

    Args:
        name: the student's.
        lessons: such as ["03"]; none means all.
        seconds, gigabytes: the limits of each notebook.

    Returns:
        1 when a notebook could not be read or the file not be written, else 0.
    """
    done = {}
    for path in sorted((ROOT / "notebooks" / "exercises").glob("[0-9]*.ipynb")):
        lesson = path.stem[:2]
        if lesson in (lessons or exercises()):
            done[lesson] = one = examine(path, lesson, seconds, gigabytes)
            _show(path.stem, one, len(exercises()[lesson]))
    correct = sum(map(_correct, done.values()))
    print(f"\n{correct} of {sum(len(exercises()[lesson]) for lesson in done)} exercises are correct")
    file = to / file_name(name)
    content = {"name": plain(name), "date": date.today().isoformat(), "version": __version__, "lessons": done}
    try:
        with atomic(file) as part:
            part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        print(f"{file} cannot be written ({error.strerror}). Name another folder: --to FOLDER")
        return 1
    print(f"To hand in: {file}")
    return 0 if all(one["sha256"] for one in done.values()) else 1


def examine(path: Path, lesson: str, seconds: float, gigabytes: float) -> dict:
    """What the file to hand in says of one notebook: its name, hash ("" if it is none), trouble, verdicts."""
    one = {"notebook": path.name, "sha256": "", "trouble": "", "verdicts": {}}
    try:
        cells = code_of(path)
        lesson_of(cells)
    except Unreadable as error:
        return one | {"trouble": str(error)}
    verdicts, trouble = run(cells, lesson, seconds, gigabytes)
    return one | {"sha256": digest(cells), "trouble": trouble, "verdicts": verdicts}


def _correct(one: dict) -> int:
    return sum(word(verdict) == "correct" for verdict in one["verdicts"].values())


def _show(name: str, one: dict, total: int) -> None:
    print(f"{name:<36} {_correct(one)} of {total}" + (f"   ({one['trouble']})" if one["trouble"] else ""), flush=True)
    for exercise, verdict in one["verdicts"].items():
        print(f"    {exercise:<6} {verdict}", flush=True)


def file_name(name: str) -> str:
    """progress-NAME.json, with letters and digits of every script, and nothing that leads to another folder."""
    letters = re.sub(r"[^\w-]+", "_", plain(name)).strip("_")
    return f"progress-{letters or 'student'}.json"
