"""The stored notebooks and the README follow the rules of rules.py (running them is nbval's part)."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from tests.notebooks.rules import ROOT, Book, alt_faults, index_faults, link_faults, rules_for, word_faults

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OTHERS = [*sorted(ROOT.glob("notebooks/exercises/*.ipynb")), *sorted(ROOT.glob("notebooks/solutions/*.ipynb"))]
DOCUMENTS = [path for folder in ("", "docs", "images", "results") for path in sorted((ROOT / folder).glob("*.md"))]
book = cache(Book)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", LESSONS + OTHERS, ids=name)
def test_notebook(path):
    faults = [f"{rule.__name__}: {fault}" for rule in rules_for(book(path)) for fault in rule(book(path))]
    assert not faults, f"{name(path)}:\n- " + "\n- ".join(faults)


def test_there_are_lessons():
    assert LESSONS, "no notebook was found: is notebooks/ there?"


def test_lessons_are_numbered_once():
    numbers = [path.stem[:2] for path in LESSONS]
    assert len(set(numbers)) == len(numbers), f"two lessons have one number: {numbers}"


def test_readme_lists_the_lessons():
    timing_file = ROOT / "results" / "timing.json"
    timing = json.loads(timing_file.read_text(encoding="utf-8")) if timing_file.exists() else {}
    lessons = timing.get("class", {}).get("lessons", {})
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    faults = list(index_faults(readme, [path.stem for path in LESSONS], lessons))
    assert not faults, "README.md:\n- " + "\n- ".join(faults)


def test_lesson_00_lists_the_other_lessons():
    text = "\n".join(cell.source for cell in book(LESSONS[0]).markdown)
    table = re.findall(r"^\| \[.+?\]\((.+?)\.ipynb\)", text, re.M)
    assert table == [path.stem for path in LESSONS[1:]], "the table of lessons in lesson 00"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_document(path: Path):
    text = path.read_text(encoding="utf-8")
    faults = [*link_faults(text, path), *alt_faults(text), *word_faults(text)]
    assert not faults, f"{name(path)}:\n- " + "\n- ".join(faults)
