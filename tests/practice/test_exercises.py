"""Every checker accepts what is right and refuses what is wrong; solutions run, and exercises are cut from them.

answers/lesson_NN.py holds, for each exercise, right answers that differ in kind, and wrong ones with a text that the
verdict has to contain, and a table of the kinds of wrong answers that the exercise can meet: see kinds.py.
"""

import ast
import importlib
import inspect
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest
import torch

from course_utils.files import standin
from course_utils.practice.isolation import put_back
from course_utils.practice.judge import LONGEST, judge
from tests.notebooks.proofs import Piece, proofs_of
from tests.notebooks.rules import ROOT, Book
from tests.notebooks.tasks import tasks
from tests.practice import kinds
from tests.practice.mutants import SLOW
from tools import exercises
from tools.texts import Texts

pytestmark = pytest.mark.usefixtures("one_thread")
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
NUMBERS = sorted(path.stem[-2:] for path in (ROOT / "course_utils" / "practice" / "exercises").glob("lesson_*.py"))


def checkers(number: str) -> dict:
    return importlib.import_module(f"course_utils.practice.exercises.lesson_{number}").CHECKERS


def answers(number: str):
    return importlib.import_module(f"tests.practice.answers.lesson_{number}")


RIGHT = [(n, e, i) for n in NUMBERS for e, given in answers(n).RIGHT.items() for i in range(len(given))]
WRONG = [(n, e, i) for n in NUMBERS for e, given in answers(n).WRONG.items() for i in range(len(given))]


def some_of(every: list[tuple[str, str, int]], number: str, few: int) -> list:
    """(exercise, i) of a lesson. Of exercises that train, those after the first few are `long`: half an hour in all."""
    return [
        pytest.param(e, i, marks=pytest.mark.long if f"{n}.{e}" in SLOW and i >= few else ())
        for n, e, i in every
        if n == number
    ]


def right_answers_are_accepted(number, exercise, i):
    verdict = judge(f"{number}.{exercise}", answers(number).RIGHT[exercise][i])
    assert verdict.partition(" (")[0] == "correct" and "\n" not in verdict, verdict


def wrong_answers_are_refused_with_a_reason(number, exercise, i):
    answer, reason, *_ = answers(number).WRONG[exercise][i]
    verdict = judge(f"{number}.{exercise}", answer)
    assert verdict.startswith("not right yet: ") and "\n" not in verdict, verdict
    assert reason in verdict, verdict
    assert faults_of_message(verdict.removeprefix("not right yet: "), callable(answer)) == [], verdict


def arguments_take_three_values_and_the_first_call_comes_again(number, exercise):
    """Or the answers say in FEW why not, such as {"5": "each call trains a network"}."""
    right = answers(number).RIGHT[exercise][0]
    if not inspect.isroutine(right) or exercise in getattr(answers(number), "FEW", {}):
        return
    calls: list[list[object]] = []

    def recorded(*arguments):
        calls.append([kinds.key(argument) for argument in arguments])
        return right(*arguments)

    recorded.__signature__ = inspect.signature(right)
    assert judge(f"{number}.{exercise}", recorded).startswith("correct")
    values = [len(set(column)) for column in zip(*calls, strict=True)]
    assert min(values) >= 3, f"values of each parameter: {values} in {len(calls)} calls"
    assert calls[0] in calls[1:], "the first call does not come again"


def of_lesson(number: str) -> type:
    """A class of tests for each lesson, so that the workers share them."""

    class TestLesson:
        @pytest.mark.parametrize("exercise, i", some_of(RIGHT, number, few=1))
        def test_right_answers_are_accepted(self, exercise, i):
            right_answers_are_accepted(number, exercise, i)

        @pytest.mark.parametrize("exercise, i", some_of(WRONG, number, few=2))
        def test_wrong_answers_are_refused_with_a_reason(self, exercise, i):
            wrong_answers_are_refused_with_a_reason(number, exercise, i)

        @pytest.mark.parametrize("exercise", list(checkers(number)))
        def test_arguments_take_three_values_and_the_first_call_comes_again(self, exercise):
            arguments_take_three_values_and_the_first_call_comes_again(number, exercise)

    TestLesson.__qualname__ = TestLesson.__name__ = f"TestLesson{number}"
    return TestLesson


globals().update({f"TestLesson{number}": of_lesson(number) for number in NUMBERS})


def faults_of_message(text: str, called: bool) -> list[str]:
    """A message has the likely mistake first, where it is known, what was expected, what came, and its input."""
    found = []
    if len(text) > LONGEST:
        found.append(f"{len(text)} letters, expected {LONGEST} at most")
    if called and not re.search(r"\(for .+\)", text):
        found.append("it does not name the input")
    if not text.startswith("your code ") and "expected" not in text:
        found.append("it does not say what was expected")
    if "looks like" in text and not text.startswith("this looks like"):
        found.append("the likely mistake does not come first")
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_the_answers_hold_every_kind_that_their_table_lists(number):
    given = answers(number)
    known = set(checkers(number))
    assert len(known) >= 3 and set(given.RIGHT) == set(given.WRONG) == set(given.KINDS) == known
    faults = [kinds.faults(name, given.RIGHT[name], given.WRONG[name], given.KINDS[name]) for name in given.KINDS]
    assert sum(faults, []) == []
    few = [name for name, wrong in given.WRONG.items() if len(wrong) < (5 if name.isdigit() else 3)]
    assert not few, "more plausible wrong answers"


@pytest.mark.parametrize("number", NUMBERS)
def test_stubs_are_not_done_yet(number):
    for exercise in checkers(number):
        for stub in (None, ...):
            assert judge(f"{number}.{exercise}", stub) == "not done yet"


def test_exercises_are_cut_from_the_solutions():
    texts = Texts()
    exercises.write(texts)
    assert texts.changed() == [], "run: make generate"


def calls(path: Path) -> list[str]:
    """The exercises that a notebook checks, such as 01.1."""
    code = "\n".join(cell.source for cell in Book(path).code)
    return re.findall(r'^check\("(\d\d\.\d+)"', code, re.M)


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_solutions_are_complete(path):
    number = path.stem[:2]
    assert calls(path) == [f"{number}.{exercise}" for exercise in checkers(number) if exercise.isdigit()]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_tasks_of_a_lesson_and_their_checkers_belong_together(number):
    (lesson,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    found = [task.name for task in tasks(nbformat.read(lesson, as_version=4))]
    assert found == [f"{number}.{exercise}" for exercise in checkers(number) if exercise.isalpha()]


@pytest.fixture
def run_all(monkeypatch, capsys):
    """A function: run the code cells of a notebook in its folder, then its proofs; what each of the cells prints."""

    def run(nb: nbformat.NotebookNode, folder: Path, proofs: Sequence[Piece] = ()) -> list[str]:
        printed, namespace = [], {"__name__": "__main__"}
        monkeypatch.chdir(folder)
        monkeypatch.setattr(standin, "used", set(standin.used))
        with put_back():
            for i, cell in enumerate(code_of(nb)):
                exec(compile(ast.parse(cell.source), f"code cell {i}", "exec"), namespace)
                plt.close("all")
                printed.append(capsys.readouterr().out)
            for proof in proofs:
                exec(compile(ast.parse(proof.source), proof.name, "exec"), namespace)
        return printed

    return run


def code_of(nb: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def verdicts(printed: list[str]) -> list[str]:
    """Each line of `check`, without the figures that it measured."""
    return [line.partition(" (")[0] for line in re.findall(r"^\d\d\.\d+: .*", "".join(printed), re.M)]


def without_messages(text: str) -> str:
    """As nbval compares: what nbval_sanitize.cfg names is left out."""
    rules = (ROOT / "tests" / "notebooks" / "nbval_sanitize.cfg").read_text(encoding="utf-8")
    for pattern, other in re.findall(r"^regex: (.*)\nreplace: (.*)$", rules, re.M):
        text = re.sub(pattern, other, text)
    return text


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_solutions_run_and_print_what_is_stored(path, run_all):
    """All in this process: a kernel for each would take longer than all that they compute."""
    nb = nbformat.read(path, as_version=4)
    printed = run_all(nb, path.parent, list(proofs_of(path)))
    assert verdicts(printed) == [f"{name}: correct" for name in calls(path)]
    for cell, text in zip(code_of(nb), printed, strict=True):
        if "nbval-check-output" in cell.metadata.get("tags", []):
            assert all(out.get("name") == "stdout" for out in cell.outputs), "only printed text is compared here"
            stored = "".join(out.text for out in cell.outputs)
            assert without_messages(text) == without_messages(stored), cell.source


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_exercises_as_they_are_handed_out_never_stop(path, run_all):
    """Run All: every check says "not done yet", and no cell raises."""
    printed = run_all(exercises.exercise(nbformat.read(path, as_version=4)), path.parent)
    assert verdicts(printed) == [f"{name}: not done yet" for name in calls(path)]


def test_a_notebook_leaves_this_process_as_it_was(run_all, tmp_path):
    cells = [
        "import sys, random, torch, matplotlib.pyplot as plt",
        "torch.manual_seed(0); random.seed(0); torch.set_default_dtype(torch.float64); torch.set_num_threads(2)",
        "plt.figure(); plt.rcParams['lines.linewidth'] = 9; sys.path.append('somewhere'); print('done')",
    ]
    torch.manual_seed(1)
    random.seed(1)
    expected = torch.rand(2), random.random()
    torch.manual_seed(1)
    random.seed(1)
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    assert run_all(nb, tmp_path, [Piece("the names of the cells are there", "assert plt.rcParams", 1)]) == [
        "",
        "",
        "done\n",
    ]
    with pytest.raises(AssertionError):
        run_all(nb, tmp_path, [Piece("a proof can fail", "assert not sys.path", 1)])
    after = torch.rand(2), random.random()
    assert torch.equal(after[0], expected[0]) and after[1] == expected[1] and after[0].dtype == torch.float32
    assert torch.get_num_threads() == 1 and not plt.get_fignums() and plt.rcParams["lines.linewidth"] != 9
    assert "somewhere" not in sys.path


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_each_exercise_names_section_and_minutes_and_has_one_hint(path):
    texts = [cell.source for cell in Book(path).markdown if re.match(r"## \d\d\.\d+ ", cell.source)]
    assert len(texts) == len([name for name in checkers(path.stem[:2]) if name.isdigit()])
    for text in texts:
        assert re.search(r"section \d", text) and re.search(r"\d+ minutes", text), text[:80]
        assert text.count("<summary>Hint</summary>") == 1, text[:80]
    lesson = (ROOT / "notebooks" / path.name).read_text(encoding="utf-8")
    assert f"(exercises/{path.name})" in lesson and f"(solutions/{path.name})" in lesson
