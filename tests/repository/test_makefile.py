"""The Makefile: an installation is made once, whole, and the targets call what they should."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from course_utils import ROOT

MAKE = shutil.which("make") if os.name == "posix" else None

# Stands for Python: notes each call, makes a .venv that holds itself, and fails when asked to.
FAKE_PYTHON = """#!/bin/sh
[ "$1" = -c ] && exit 0
echo "$*" >> calls
case "$*" in
  *"venv --clear"*) rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  *requirements.txt*) test ! -e cut-off ;;
esac
"""


pytestmark = pytest.mark.skipif(not MAKE, reason="no make here; the commands without it have their own tests")


def clean_environment() -> dict[str, str]:
    """Without what a make gives to the processes that it starts: `make test ARGS=...` runs these tests, too."""
    ours = {
        "MAKEFLAGS",
        "MFLAGS",
        "MAKELEVEL",
        "MAKEOVERRIDES",
        "MAKEFILES",
        "MAKE_TERMOUT",
        "MAKE_TERMERR",
        "GNUMAKEFLAGS",
    }
    ours |= {"ARGS", "NB", "SPEED", "WRITE", "PYTHON", "RUN", "PIP", "BIN", "NO_PYTHON"}  # the Makefile's own
    return {name: value for name, value in os.environ.items() if name not in ours}


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [MAKE, *arguments, "PYTHON=./fake-python"]
    return subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True)


@pytest.fixture
def make(tmp_path):
    """Runs make in a folder of its own with a fake Python; gives (exit status, what was called)."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    fake = tmp_path / "fake-python"
    fake.write_text(FAKE_PYTHON, encoding="utf-8")
    fake.chmod(0o755)

    def run(*arguments):
        calls = tmp_path / "calls"
        calls.write_text("", encoding="utf-8")
        done = call(tmp_path, *arguments)
        return done.returncode, [line.strip() for line in calls.read_text(encoding="utf-8").splitlines()]

    return run


def test_the_second_call_only_opens_the_lab(make):
    status, calls = make("lab")
    assert status == 0 and calls[0] == "-m venv --clear .venv" and calls[-1] == "-m course_utils lab"
    assert any("-r requirements.txt" in call for call in calls)
    assert make("lab") == (0, ["-m course_utils lab"])


def test_a_cut_off_installation_is_made_again(make, tmp_path):
    (tmp_path / "cut-off").touch()
    status, calls = make("lab")
    assert status != 0 and not any("course_utils" in call for call in calls)
    (tmp_path / "cut-off").unlink()
    status, calls = make("lab")
    assert status == 0 and calls[0] == "-m venv --clear .venv"


def test_new_requirements_are_installed_on_top(make, tmp_path):
    make("lab")
    os.utime(tmp_path / "requirements.txt", (time.time() + 5, time.time() + 5))
    status, calls = make("lab")
    assert status == 0 and not any("venv" in call.split() for call in calls)
    assert any("-r requirements.txt" in call for call in calls)


def test_the_other_targets_call_what_they_should(make):
    assert make("test")[1][-1] == "-m pytest -n 2"
    assert make("test", "ARGS=tests -x")[1] == ["-m pytest -n 2 tests -x"]
    assert make("test-slow")[1] == ["-m pytest -n 2 -m slow"]
    assert make("check", "SPEED=smoke")[1] == ["-m course_utils check --speed smoke"]
    measured = make("check", "SPEED=smoke", "WRITE=1")[1]
    assert measured == ["-m course_utils check --speed smoke --write", "-m tools.generate"]
    assert make("data")[1] == ["-m course_utils data"]
    assert make("generate", "ARGS=--check")[1] == ["-m tools.generate --check"]
    assert make("handin", "ARGS=class")[1][-1] == "-m tools.handin class"
    assert make("handin")[1] == ["-m tools.handin"]
    assert make("notebooks", "NB=notebooks/05_x.ipynb")[1] == ["-m tools.run_notebooks notebooks/05_x.ipynb"]


def test_what_another_make_was_told_is_not_heard(make, monkeypatch):
    """As in `make test ARGS=...`, which runs these tests with its own words in the environment."""
    for name, value in {"MAKEFLAGS": " -- ARGS=-x", "MAKELEVEL": "1", "ARGS": "-x", "SPEED": "full"}.items():
        monkeypatch.setenv(name, value)
    make("lab")
    assert make("lab") == (0, ["-m course_utils lab"])
    assert make("check")[1][-1] == "-m course_utils check"


@pytest.mark.parametrize("body", [None, "exit 1"], ids=["no such python", "too old, or without venv"])
def test_without_a_usable_python_it_says_what_to_do(make, tmp_path, body):
    if body:
        (tmp_path / "fake-python").write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    else:
        (tmp_path / "fake-python").unlink()
    done = call(tmp_path, "lab")
    assert done.returncode != 0 and "needs Python 3.10 or newer with its venv module" in done.stderr
    assert not (tmp_path / ".venv").exists()
