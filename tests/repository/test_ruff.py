"""All Python of the repository, that of the notebooks included, is formatted and checked by ruff."""

import subprocess
import sys

import pytest

from course_utils import ROOT


@pytest.mark.parametrize("command", [["check", "--output-format=concise"], ["format", "--check"]], ids=" ".join)
def test_ruff_finds_nothing(command):
    ruff = [sys.executable, "-m", "ruff", *command, "."]
    done = subprocess.run(ruff, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr + "\n(ruff check --fix, and ruff format, mend most of it)"
