"""Lesson 11: every broken version that is handed out fails its check, every mended one passes; faults are counted."""

import ast
import re

import nbformat
import pytest

from course_utils.practice.exercises.lesson_11 import AGAINST, CHECKERS
from course_utils.practice.judge import judge
from course_utils.practice.patients import PATIENTS, SUSPECTS
from tests.notebooks.proofs import proof_file
from tests.notebooks.rules import ROOT
from tests.practice.answers.lesson_11 import STILL
from tools import exercises

pytestmark = pytest.mark.usefixtures("one_thread")
LESSON = ROOT / "notebooks" / "11_debug_clinic.ipynb"
SOLUTION = nbformat.read(ROOT / "notebooks" / "solutions" / LESSON.name, as_version=4)
EXERCISE = exercises.exercise(nbformat.read(ROOT / "notebooks" / "solutions" / LESSON.name, as_version=4))
FAULTS = 21


def verdict(nb: nbformat.NotebookNode, number: str) -> str:
    """What `check` says of a notebook's answer to one exercise, run alone with the imports."""
    code = [cell.source for cell in nb.cells if cell.cell_type == "code"]
    i = next(i for i, source in enumerate(code) if source.startswith(f'check("11.{number}"'))
    namespace = {"__name__": "__main__"}
    for source in (code[1], code[i - 1]):
        exec(compile(ast.parse(source), "11", "exec"), namespace)
    answer = re.fullmatch(r'check\("[\d.]+", (\w+)\)', code[i])[1]
    return judge(f"11.{number}", namespace[answer])


@pytest.mark.parametrize("number", STILL)
def test_the_broken_version_fails_and_the_mended_one_passes(number):
    broken, mended = verdict(EXERCISE, number), verdict(SOLUTION, number)
    assert re.fullmatch(r"not done yet \(.*still.*\)", broken), broken
    assert re.fullmatch(r"correct \(.*mended.*\)", mended), mended


@pytest.mark.parametrize("number", STILL)
def test_a_repair_that_leaves_the_symptom_is_not_done(number):
    for answer in STILL[number]:
        found = judge(f"11.{number}", answer)
        assert found.startswith("not done yet (") and "\n" not in found, found


def test_each_exercise_is_a_patient_or_hands_out_broken_code():
    assert {number for number in CHECKERS if number.isdigit()} == {"1", "2", "3", *STILL}
    for number, name in (("1", "D"), ("2", "E"), ("3", "F")):
        for suspect in SUSPECTS:
            found = judge(f"11.{number}", suspect)
            assert found.startswith("correct (" if suspect == PATIENTS[name].fault else f"not right yet: {suspect}: ")
            assert len(found) < 300
    assert set(AGAINST) == set(SUSPECTS) and {patient.fault for patient in PATIENTS.values()} <= set(SUSPECTS)


def test_no_heading_of_an_exercise_names_its_fault():
    """Patients have a letter; a repair is called by its symptom, or by what it makes."""
    headings = re.findall(r"^## (11\.\d+ .*) \(", "\n".join(cell.source for cell in SOLUTION.cells), re.M)
    assert len(headings) == 10
    assert len({patient.fault for patient in PATIENTS.values()}) == len(PATIENTS) == 6
    words = re.compile(r"softmax|relu|label|leak|zero_grad|flatten|kernel|channel|optimizer|eval|divisor|mean", re.I)
    assert not [heading for heading in headings if words.search(heading)]


def test_the_faults_of_the_lesson_are_counted():
    """Each fault has its place in the text; it stops with an error, gives nan, or stands in the bill."""
    lesson = nbformat.read(LESSON, as_version=4)
    text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "code")
    assert {int(n) for n in re.findall(r"\*\*[Ff]ault (\d+)", text)} == {*range(1, FAULTS + 1), 3}
    assert {int(n) for n in re.findall(r"# fault (\d+)", code)} == {1, 2, 3, 4, 5}
    proofs = proof_file(LESSON).read_text(encoding="utf-8")  # what each fault of the bill costs
    assert {int(n) for n in re.findall(r'^    \("(\d+)b?", ', proofs, re.M)} == {3, *range(9, FAULTS + 1)}


def test_a_cell_hands_out_its_comments():
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(
        "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### HANDED OUT\n    # if x:\n    #     return x\n"
        "    ### END SOLUTION\n")])  # fmt: skip
    assert exercises.exercise(nb).cells[0].source == "def f(x):\n    if x:\n        return x\n"
