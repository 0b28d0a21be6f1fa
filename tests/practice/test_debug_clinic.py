"""Lesson 11: every broken version that is handed out fails its check, and every mended version passes it."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from course_utils.practice.exercises.lesson_11 import CHECKERS
from course_utils.practice.judge import judge
from tests.notebooks.proofs import proof_file
from tests.notebooks.rules import ROOT
from tests.practice.answers.lesson_11 import STILL
from tools import exercises

pytestmark = pytest.mark.usefixtures("one_thread")
SOLUTION = nbformat.read(ROOT / "notebooks" / "solutions" / "11_debug_clinic.ipynb", as_version=4)
EXERCISE = exercises.exercise(nbformat.read(ROOT / "notebooks" / "solutions" / "11_debug_clinic.ipynb", as_version=4))


def verdict(nb: nbformat.NotebookNode, number: str) -> str:
    """What `check` says of a notebook's answer to one exercise, run alone with the imports."""
    code = [cell.source for cell in nb.cells if cell.cell_type == "code"]
    i = next(i for i, source in enumerate(code) if source.startswith(f'check("11.{number}"'))
    namespace = {"__name__": "__main__"}
    for source in (code[1], code[i - 1]):
        exec(compile(ast.parse(source), "11", "exec"), namespace)
    answer = re.fullmatch(r'check\("[\d.]+", (\w+)\)', code[i])[1]
    return judge(f"11.{number}", namespace[answer])


@pytest.mark.parametrize("number", CHECKERS)
def test_the_broken_version_fails_and_the_mended_one_passes(number):
    broken, mended = verdict(EXERCISE, number), verdict(SOLUTION, number)
    assert re.fullmatch(r"not done yet \(.*still.*\)", broken), broken
    assert re.fullmatch(r"correct \(.*mended.*\)", mended), mended


@pytest.mark.parametrize("number", CHECKERS)
def test_a_repair_that_leaves_the_symptom_is_not_done(number):
    for answer in STILL[number]:
        found = judge(f"11.{number}", answer)
        assert found.startswith("not done yet (") and "\n" not in found, found


def test_lesson_and_exercises_name_the_same_faults():
    """Fault N of the lesson is exercise 11.N, and every fault has its number in the bill or stops with an error."""
    assert len(CHECKERS) == 18 == len(STILL)
    path = ROOT / "notebooks" / "11_debug_clinic.ipynb"
    lesson = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "code")
    assert {int(n) for n in re.findall(r"\*\*Fault (\d+)", text)} == set(range(1, 19))
    assert {int(n) for n in re.findall(r"# fault (\d+)", code)} == {1, 2, 3, 4, 5}
    proofs = proof_file(path).read_text(encoding="utf-8")  # what each fault of the bill costs
    assert {int(n) for n in re.findall(r'^    \("(\d+)b?", ', proofs, re.M)} == {3, *range(6, 19)}


def test_a_cell_hands_out_its_comments():
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(
        "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### HANDED OUT\n    # if x:\n    #     return x\n"
        "    ### END SOLUTION\n")])  # fmt: skip
    assert exercises.exercise(nb).cells[0].source == "def f(x):\n    if x:\n        return x\n"


def test_exercise_notebook_is_there():
    assert Path(ROOT / "notebooks" / "exercises" / "11_debug_clinic.ipynb").exists()
