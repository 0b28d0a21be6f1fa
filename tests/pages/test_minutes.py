"""What the lessons take, as it was measured: within the limits of a class, and the same in every place that says so."""

import nbformat
import pytest

from benchmarks.report import README, RESULTS, marked, read_json
from tools import make_minutes

TIMING = read_json(RESULTS / "timing.json")
MEASURED = TIMING["class"]
LESSONS = {name: times for name, times in MEASURED["lessons"].items() if "/" not in name}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_fits_a_class(lesson):
    assert LESSONS[lesson]["slowest_cell"] < 60 and LESSONS[lesson]["seconds"] < 300


def test_the_course_fits_half_an_hour():
    assert sum(times["seconds"] for times in LESSONS.values()) < 1800


@pytest.mark.parametrize("path", make_minutes.LESSONS, ids=lambda path: path.stem)
def test_the_card_says_the_measured_minutes(path):
    if path.stem not in LESSONS:
        pytest.skip("not measured yet: make check WRITE=1")
    first = nbformat.read(path, as_version=4).cells[0].source
    assert make_minutes.card(MEASURED, path.stem) in first, "run: python tools/make_minutes.py"


def test_the_tables_show_what_was_measured():
    readme = README.read_text(encoding="utf-8")
    assert make_minutes.with_minutes(readme, MEASURED) == readme, "run: python tools/make_minutes.py"
    assert marked("timing", make_minutes.table(TIMING)) in (RESULTS / "README.md").read_text(encoding="utf-8")
    guide = make_minutes.GUIDE.read_text(encoding="utf-8")
    assert marked("minutes", make_minutes.class_table(MEASURED)) in guide, "run: python tools/make_minutes.py"
