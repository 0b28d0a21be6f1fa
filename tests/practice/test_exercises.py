"""Every checker accepts what is right and refuses what is wrong; solutions run, and exercises are cut from them.

answers/lesson_NN.py holds, for each exercise, right answers that differ in kind, and wrong ones with a text that the
verdict has to contain.
"""

import ast
import importlib
import random
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch

from course_utils.checks import check
from course_utils.files import standin
from course_utils.practice.judge import NotDone, Wrong, call, judge, same
from tests.notebooks.proofs import Piece, proofs_of
from tests.notebooks.rules import ROOT, Book
from tests.notebooks.tasks import tasks
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


@pytest.mark.parametrize("number, exercise, i", RIGHT)
def test_right_answers_are_accepted(number, exercise, i):
    verdict = judge(f"{number}.{exercise}", answers(number).RIGHT[exercise][i])
    assert verdict.partition(" (")[0] == "correct" and "\n" not in verdict, verdict


@pytest.mark.parametrize("number, exercise, i", WRONG)
def test_wrong_answers_are_refused_with_a_reason(number, exercise, i):
    answer, reason = answers(number).WRONG[exercise][i]
    verdict = judge(f"{number}.{exercise}", answer)
    assert verdict.startswith("not right yet: ") and "\n" not in verdict, verdict
    assert reason in verdict, verdict


@pytest.mark.parametrize("number", NUMBERS)
def test_every_exercise_has_enough_answers(number):
    known = set(checkers(number))
    assert len(known) >= 3 and set(answers(number).RIGHT) == set(answers(number).WRONG) == known
    assert all(len(given) >= 2 for given in answers(number).RIGHT.values()), "two right answers that differ in kind"
    for exercise, given in answers(number).WRONG.items():
        assert len(given) >= (5 if exercise.isdigit() else 3), f"{number}.{exercise}: more plausible wrong ones"


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


@contextmanager
def left_as_it_was(monkeypatch) -> Iterator[None]:
    """What a notebook changes in its process: seeds, threads, settings of PyTorch and Matplotlib, paths, warnings."""
    seeds = torch.get_rng_state(), np.random.get_state(), random.getstate()
    dtype, threads, gradients = torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()
    deterministic = torch.are_deterministic_algorithms_enabled()
    with monkeypatch.context() as patch, plt.rc_context(), warnings.catch_warnings(), np.printoptions():
        patch.setattr(sys, "path", list(sys.path))
        patch.setattr(standin, "used", set(standin.used))
        try:
            yield
        finally:
            plt.close("all")
            torch.set_rng_state(seeds[0])
            np.random.set_state(seeds[1])
            random.setstate(seeds[2])
            torch.set_default_dtype(dtype)
            torch.set_num_threads(threads)
            torch.set_grad_enabled(gradients)
            torch.use_deterministic_algorithms(deterministic)
            torch.set_printoptions(profile="default")


@pytest.fixture
def run_all(monkeypatch, capsys):
    """A function: run the code cells of a notebook in its folder, then its proofs; what each of the cells prints."""

    def run(nb: nbformat.NotebookNode, folder: Path, proofs: Sequence[Piece] = ()) -> list[str]:
        printed, namespace = [], {"__name__": "__main__"}
        monkeypatch.chdir(folder)
        with left_as_it_was(monkeypatch):
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


# ---- the parts that checkers are made of ----


def test_check_prints_one_line_and_never_raises(capsys):
    def broken(*arguments):
        raise RuntimeError("two\nlines")

    for exercise, answer in (("99.1", 1), ("nonsense", 1), ("01.99", 1), ("01.1", broken), ("01.1", object())):
        check(exercise, answer)
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
    with pytest.raises(Wrong, match=re.escape(reason)):
        same(got, expected, mistakes={"the reversed order": [2.0, 1.0]})


def test_a_single_number_is_not_counted():
    with pytest.raises(Wrong) as wrong:
        same(3, 4, what="the sum", example="two numbers")
    assert str(wrong.value) == "the sum is 3, expected 4 (for two numbers)"


def test_a_network_that_returns_nothing_is_told_where():
    class Nothing(torch.nn.Module):
        def forward(self, x):
            pass

    for function, name in ((Nothing(), "forward"), (lambda x: None, "your function")):
        with pytest.raises(NotDone, match=f"^{name} returns nothing yet"):
            call(function, 1)


def test_large_whole_numbers_are_written_in_full():
    with pytest.raises(Wrong, match="is 738263040, expected 3000000000$"):
        same(738_263_040, 3_000_000_000)


def test_an_error_names_its_module_and_the_shapes_of_the_call(monkeypatch):
    import struct

    def broken(image, n):
        raise struct.error("too short")

    monkeypatch.setitem(checkers("01"), "1", lambda answer: call(answer, np.zeros((9, 7)), 3))
    verdict = judge("01.1", broken)
    assert verdict == "not right yet: your code stops with struct.error: too short (called with the shapes (9, 7))"
    assert "expected a function, got a ndarray" in judge("01.1", np.zeros(2))
    assert judge("01.1", lambda image, n: None) == "not done yet (your function returns nothing yet)"


def test_same_accepts_every_numeric_type():
    for value in ([1, 2], (1.0, 2.0), np.float64([1, 2]), torch.tensor([1, 2]), torch.tensor([1.0, 2.00001])):
        same(value, [1, 2])
    same(True, 1)
    same(np.array(True), True)
