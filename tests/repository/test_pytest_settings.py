"""The test run itself: no lesson is left out in silence, and what differs between versions is not compared."""

import re
import shutil
import subprocess
import sys

import pytest

from course_utils import ROOT
from tests.repository.small_notebooks import notebook


@pytest.mark.slow  # a test run in the test run
def test_a_lesson_without_cells_fails_the_run(tmp_path):
    of_tests = (
        "__init__.py notebooks/__init__.py notebooks/proofs/__init__.py notebooks/proofs_plugin.py notebooks/tasks.py"
    )
    parts = [f"tests/{name}" for name in (*of_tests.split(), "notebooks/nbval_sanitize.cfg")]
    for part in ("conftest.py", "pyproject.toml", "course_utils/__init__.py", *parts):  # which says where ROOT is
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, tmp_path / part)
    (tmp_path / "tests" / "test_one.py").write_text("def test_one(): pass\n", encoding="utf-8")
    notebook(tmp_path / "notebooks" / "exercises" / "01_gaps.ipynb", "raise SystemError")  # never run
    notebook(tmp_path / "notebooks" / "solutions" / "01_gaps.ipynb", "raise SystemError")  # only by its name
    notebook(tmp_path / "notebooks" / "01_empty.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert "nbval found no cell to run" in done.stdout and "1 failed, 1 passed" in done.stdout, (
        done.stdout + done.stderr
    )
    assert done.returncode == 1


def test_messages_of_expected_errors_and_the_words_of_figures_are_not_compared():
    from nbval.plugin import get_sanitize_patterns

    message, figure = get_sanitize_patterns(
        (ROOT / "tests" / "notebooks" / "nbval_sanitize.cfg").read_text(encoding="utf-8")
    )
    outputs = [
        "RuntimeError, as expected:\n| mat1\n(2,)\n",
        "RuntimeError, as expected:\n| addmm: mat1\n| and mat2\n(2,)\n",
    ]
    assert {re.sub(*message, text) for text in outputs} == {"RuntimeError, as expected:\n(message)(2,)\n"}
    figures = ["<Figure size 900x300 with 2 Axes>", "Figure: Loss. From 2.3 to 0.1;\naccuracy 98 %"]
    assert {re.sub(*figure, text) for text in figures} == {"(figure)"}
    assert re.sub(*figure, "a line\nFigure: of speech") == "a line\nFigure: of speech"
