"""The proofs of the lessons: each has its lesson, runs in its kernel after the last cell, and can fail the run."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.notebooks.proofs import pieces, proof_file, without_lesson
from tests.notebooks.rules import ROOT
from tests.notebooks.tasks import tasks

CONFTEST = 'pytest_plugins = ["tests.notebooks.proofs_plugin"]\n'
PYTEST = "-m pytest -v -p no:cacheprovider --nbval-lax --nbval-current-env --color=no".split()


def test_every_proof_has_its_lesson():
    lost = without_lesson()
    assert not lost, f"tests/notebooks/proofs holds {lost}, but notebooks/ holds no such lesson: rename or remove"


def course(folder, **proofs):
    """A course of small lessons, each with a proof file."""
    (folder / "notebooks").mkdir()
    (folder / "tests/notebooks/proofs").mkdir(parents=True)
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    for name, text in proofs.items():
        cells = [new_code_cell("x = 6"), new_code_cell("x += 1")]
        nbformat.write(new_notebook(cells=cells), folder / f"notebooks/{name}.ipynb")
        (folder / f"tests/notebooks/proofs/{name}.py").write_text(text, encoding="utf-8")


def run(folder, *options):
    done = subprocess.run(
        [sys.executable, *PYTEST, f"--rootdir={folder}", *options, "notebooks"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
    )
    return done.returncode, done.stdout


@pytest.mark.slow  # a test run in the test run
def test_a_wrong_proof_fails_the_run_and_is_named(tmp_path):
    wrong = "# %% x is seven (cell [2])\nassert x == 7\ny = 8\n\n# %% y is nine\nassert y == 9, 'y is not nine'\n"
    course(tmp_path, a_lesson=wrong, another=wrong.replace("y == 9", "y == 8"), third="# %% no name\nz\n")
    (tmp_path / "notebooks/solutions").mkdir()
    shutil.copy(tmp_path / "notebooks/a_lesson.ipynb", tmp_path / "notebooks/solutions")
    status, report = run(tmp_path, "-n", "2", "--dist", "loadscope")
    assert status == 1 and "2 failed, 11 passed" in report, report
    assert "FAILED notebooks/a_lesson.ipynb::y is nine" in report
    assert "PASSED notebooks/another.ipynb::x is seven (cell [2])" in report
    assert (
        "tests/notebooks/proofs/a_lesson.py, line 5: y is nine" in report and "AssertionError: y is not nine" in report
    )
    assert "NameError: name 'z' is not defined" in report


def test_a_file_without_proofs_is_an_error(tmp_path):
    course(tmp_path, a_lesson="assert 1 == 1\n")
    status, report = run(tmp_path)
    assert status == 2 and "a proof begins with a line such as '# %% " in report, report


def test_a_proof_without_its_lesson_is_an_error(tmp_path):
    course(tmp_path, a_lesson="", another="")
    assert without_lesson(tmp_path) == []
    (tmp_path / "notebooks/another.ipynb").rename(tmp_path / "notebooks/other.ipynb")
    assert without_lesson(tmp_path) == ["another.py"]


def test_pieces(tmp_path):
    file = tmp_path / "proofs.py"
    file.write_text("# of lesson 01\n# %% one (cell [1])\n\nx = 1\n\n\nassert x\n# %% two\ny\n", encoding="utf-8")
    places = ("proofs.py, line 2", "proofs.py, line 8")
    assert list(pieces(file, tmp_path)) == [
        ("one (cell [1])", "x = 1\n\n\nassert x", places[0]),
        ("two", "y", places[1]),
    ]


@pytest.mark.parametrize(
    "text", ["", "x\n# %% a\ny", "# %%\nx", "# %% a\n# only words\n# %% b\ny", "# %% a\nx\n# %% a\ny", "# %% a::b\nx"]
)
def test_pieces_that_cannot_be_told_apart_are_refused(text, tmp_path):
    file = tmp_path / "proofs.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="proofs.py"):
        list(pieces(file, tmp_path))


def test_where_the_proofs_of_a_notebook_are(tmp_path):
    folder = tmp_path / "tests/notebooks/proofs"
    assert proof_file(tmp_path / "notebooks/04_a.ipynb", tmp_path) == folder / "04_a.py"
    assert proof_file(tmp_path / "notebooks/solutions/04_a.ipynb", tmp_path) == folder / "solutions/04_a.py"


def lesson_with_a_task(way="six = x", below=True):
    text = f"<details><summary>One way</summary>\n\n```python\n{way}\n```\n\n</details>"
    cells = [new_markdown_cell("**Your turn 98.a.** Six."), new_code_cell('six = ...\ncheck("98.a", six)')]
    return new_notebook(cells=cells + [new_markdown_cell(text)] * below)


def test_a_task_has_three_cells_and_its_way_is_judged():
    (task,) = tasks(lesson_with_a_task())
    assert (task.name, task.answer, task.way) == ("98.a", "six", "six = x")
    with pytest.raises(AssertionError, match="there is no such exercise"):
        exec(tasks_of("six = ...").proof)
    with pytest.raises(ValueError, match="One way"):
        list(tasks(lesson_with_a_task(below=False)))


def tasks_of(way):
    (task,) = tasks(lesson_with_a_task(way))
    return task
