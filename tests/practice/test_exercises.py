"""Every checker accepts what is right and refuses what is wrong; exercises are cut from solutions, and never stop.

answers/lesson_NN.py holds, for each exercise, right answers that differ in kind, and wrong ones with a text that the
verdict has to contain.
"""

import ast
import importlib
import re
from pathlib import Path

import make_exercises
import nbformat
import pytest
from lints import ROOT, Book

from course_utils import checks

pytestmark = pytest.mark.usefixtures("one_thread")
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
NUMBERS = sorted(path.stem[-2:] for path in (ROOT / "course_utils" / "exercises").glob("lesson_*.py"))


def checkers(number: str) -> dict:
    return importlib.import_module(f"course_utils.exercises.lesson_{number}").CHECKERS


def answers(number: str):
    return importlib.import_module(f"answers.lesson_{number}")


RIGHT = [(n, e, i) for n in NUMBERS for e, given in answers(n).RIGHT.items() for i in range(len(given))]
WRONG = [(n, e, i) for n in NUMBERS for e, given in answers(n).WRONG.items() for i in range(len(given))]


@pytest.mark.parametrize("number, exercise, i", RIGHT)
def test_right_answers_are_accepted(number, exercise, i):
    verdict = checks.judge(f"{number}.{exercise}", answers(number).RIGHT[exercise][i])
    assert verdict.partition(" (")[0] == "correct" and "\n" not in verdict, verdict


@pytest.mark.parametrize("number, exercise, i", WRONG)
def test_wrong_answers_are_refused_with_a_reason(number, exercise, i):
    answer, reason = answers(number).WRONG[exercise][i]
    verdict = checks.judge(f"{number}.{exercise}", answer)
    assert verdict.startswith("not right yet: ") and "\n" not in verdict, verdict
    assert reason in verdict, verdict


@pytest.mark.parametrize("number", NUMBERS)
def test_every_exercise_has_enough_answers(number):
    known = set(checkers(number))
    assert len(known) >= 3 and set(answers(number).RIGHT) == set(answers(number).WRONG) == known
    assert all(len(given) >= 2 for given in answers(number).RIGHT.values()), "two right answers that differ in kind"
    assert all(len(given) >= 5 for given in answers(number).WRONG.values()), "five plausible wrong ones"


@pytest.mark.parametrize("number", NUMBERS)
def test_stubs_are_not_done_yet(number):
    for exercise in checkers(number):
        for stub in (None, ...):
            assert checks.judge(f"{number}.{exercise}", stub) == "not done yet"


def test_exercises_are_cut_from_the_solutions(capsys):
    assert make_exercises.main(["--check"]) == 0, capsys.readouterr().out + "run: python tools/make_exercises.py"


def calls(path: Path) -> list[str]:
    """The exercises that a notebook checks, such as 01.1."""
    code = "\n".join(cell.source for cell in Book(path).code)
    return re.findall(r'^check\("(\d\d\.\d+)"', code, re.M)


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_solutions_are_correct_and_complete(path):
    number = path.stem[:2]
    assert calls(path) == [f"{number}.{exercise}" for exercise in checkers(number)]
    shown = "".join("".join(out.get("text", "")) for cell in Book(path).code for out in cell.outputs)
    for exercise in checkers(number):
        assert f"{number}.{exercise}: correct" in shown


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_exercises_as_they_are_handed_out_never_stop(path, monkeypatch, capsys):
    """Run All: every check says "not done yet", and no cell raises."""
    exercise = path.parent.parent / "exercises" / path.name
    nb = make_exercises.exercise(nbformat.read(path, as_version=4))
    monkeypatch.chdir(path.parent)
    namespace = {"__name__": "__main__"}
    for cell in nb.cells:
        if cell.cell_type == "code":
            exec(compile(ast.parse(cell.source), exercise.name, "exec"), namespace)
    verdicts = re.findall(r"^\d\d\.\d+: .*", capsys.readouterr().out, re.M)
    expected = [f"{name}: not done yet" for name in calls(path)]
    assert [verdict.partition(" (")[0] for verdict in verdicts] == expected


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_each_exercise_names_section_and_minutes_and_has_one_hint(path):
    texts = [cell.source for cell in Book(path).markdown if re.match(r"## \d\d\.\d+ ", cell.source)]
    assert len(texts) == len(checkers(path.stem[:2]))
    for text in texts:
        assert re.search(r"section \d", text) and re.search(r"\d+ minutes", text), text[:80]
        assert text.count("<summary>Hint</summary>") == 1, text[:80]
    lesson = (ROOT / "notebooks" / path.name).read_text(encoding="utf-8")
    assert f"(exercises/{path.name})" in lesson and f"(solutions/{path.name})" in lesson


# ---- the parts that checkers are made of ----


def test_check_prints_one_line_and_never_raises(capsys):
    def broken(*arguments):
        raise RuntimeError("two\nlines")

    for exercise, answer in (("99.1", 1), ("nonsense", 1), ("01.99", 1), ("01.1", broken), ("01.1", object())):
        checks.check(exercise, answer)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all("no such exercise" in line for line in lines[:3])
    assert "your code stops with RuntimeError: two lines" in lines[3]


@pytest.mark.parametrize(
    "got, expected, reason",
    [
        ([1.0, 2.0], [1.0, 2.5], "is 2 at (1,), expected 2.5; 1 of 2 values differ"),
        ([1.0], [1.0, 2.0], "has the shape (1,), expected (2,)"),
        ([float("nan")], [1.0], "holds nan or inf"),
        (["a"], [1.0], "expected numbers"),
        (object(), [1.0], "expected numbers"),
        ([2.0, 1.0], [1.0, 2.0], "this looks like the reversed order"),
        (3, 4, "is 3, expected 4"),
    ],
)
def test_same_says_what_differs(got, expected, reason):
    with pytest.raises(checks.Wrong, match=re.escape(reason)):
        checks.same(got, expected, mistakes={"the reversed order": [2.0, 1.0]})


def test_a_single_number_is_not_counted():
    with pytest.raises(checks.Wrong) as wrong:
        checks.same(3, 4, what="the sum", example="two numbers")
    assert str(wrong.value) == "the sum is 3, expected 4 (for two numbers)"


def test_a_network_that_returns_nothing_is_told_where():
    import torch

    class Nothing(torch.nn.Module):
        def forward(self, x):
            pass

    for function, name in ((Nothing(), "forward"), (lambda x: None, "your function")):
        with pytest.raises(checks.NotDone, match=f"^{name} returns nothing yet"):
            checks.call(function, 1)


def test_large_whole_numbers_are_written_in_full():
    with pytest.raises(checks.Wrong, match="is 738263040, expected 3000000000$"):
        checks.same(738_263_040, 3_000_000_000)


def test_an_error_names_its_module_and_the_shapes_of_the_call(monkeypatch):
    import struct

    import numpy as np

    def broken(image, n):
        raise struct.error("too short")

    exercises = importlib.import_module("course_utils.exercises.lesson_01")
    monkeypatch.setitem(exercises.CHECKERS, "1", lambda answer: checks.call(answer, np.zeros((9, 7)), 3))
    verdict = checks.judge("01.1", broken)
    assert verdict == "not right yet: your code stops with struct.error: too short (called with the shapes (9, 7))"
    assert "expected a function, got a ndarray" in checks.judge("01.1", np.zeros(2))
    assert checks.judge("01.1", lambda image, n: None) == "not done yet (your function returns nothing yet)"


def test_same_accepts_every_numeric_type():
    import numpy as np
    import torch

    for value in ([1, 2], (1.0, 2.0), np.float64([1, 2]), torch.tensor([1, 2]), torch.tensor([1.0, 2.00001])):
        checks.same(value, [1, 2])
    checks.same(True, 1)
    checks.same(np.array(True), True)
