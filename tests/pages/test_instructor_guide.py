"""docs/INSTRUCTOR.md: the plan adds up and names what there is; what an instructor types works in the lesson."""

import ast
import builtins
import re

import nbformat
import pytest

from tests.notebooks.rules import ROOT, Book, python

GUIDE = (ROOT / "docs" / "INSTRUCTOR.md").read_text(encoding="utf-8")
LESSONS = {path.stem[:2]: Book(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
TAUGHT = [f"{number:02}" for number in range(12)]  # in the sessions
PARTS = ("Aim:", "Type live", "Students get stuck", "Ask:", "Without network or GPU:", "Exit question:")
ROWS = re.findall(r"^\| (.*?) ?\| (\d+) \| (.+?) \|$", GUIDE.partition("## Eight sessions")[2], re.M)


def chapter(lesson: str) -> str:
    return re.search(rf"^## {lesson} · .*?(?=^## |\Z)", GUIDE, re.M | re.S).group()


def exercises(lesson: str) -> dict[str, int]:
    """The exercises of a lesson, with their minutes."""
    text = "\n".join(cell.source for cell in LESSONS[lesson].markdown)
    return {name: int(n) for name, n in re.findall(r"^\| `(\d\d\.\d+)` \|.*\| `(\d+)` \|$", text, re.M)}


def names(trees: list[ast.AST], kind: type) -> set[str]:
    return {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, kind)}


def test_eight_sessions_of_90_minutes():
    sessions = []
    for title, minutes, _ in ROWS:
        if title:
            sessions.append(0)
        sessions[-1] += int(minutes)
    assert sessions == [90] * 8


def test_the_plan_covers_every_lesson_and_names_what_there_is():
    covered = set()
    for _, minutes, what in ROWS:
        if found := re.match(r"(\d\d), sections? (\d)(?: to (\d))?", what):
            lesson, first, last = found.groups()
            headings = {text[0] for level, text in LESSONS[lesson].headings if level == 2}
            assert {first, last or first} <= headings, what
            covered.add(lesson)
        for name in re.findall(r"\d\d\.\d+", what):
            assert exercises(name[:2])[name] <= int(minutes), what
    assert covered == set(TAUGHT)
    for name in re.findall(r"\b\d\d\.\d+\b", re.search(r"The most useful ones are (.*)", GUIDE)[1]):
        assert name in exercises(name[:2])


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_chapter_has_its_parts(lesson):
    text = chapter(lesson)
    places = [text.index(f"**{part}") for part in PARTS]
    assert places == sorted(places)
    assert text.count("<details><summary>Answer</summary>") == 1
    assert f"](../notebooks/{LESSONS[lesson].path.name})" in text


@pytest.mark.parametrize("lesson", LESSONS)
def test_what_is_typed_uses_names_of_the_lesson(lesson):
    [code] = re.findall(r"```python\n(.*?)```", chapter(lesson), re.S)
    typed, cells = [python(nbformat.v4.new_code_cell(code))], [python(cell) for cell in LESSONS[lesson].code]
    assert typed[0].body, "this is not Python"
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for tree in cells
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    defined = {node.name for tree in cells for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    known = names(cells, ast.Store) | defined | imported | names(typed, ast.Store) | set(dir(builtins))
    assert names(typed, ast.Load) <= known
