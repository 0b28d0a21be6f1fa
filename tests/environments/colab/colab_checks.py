"""Each lesson as Colab opens it: make test-colab.

The name keeps pytest from collecting this file by itself: it needs the environment of `run`, which stands beside it. A
lesson lies alone in an empty folder, google.colab is imported before its first cell, and the setup cell has to bring
the rest. GitHub is a repository on this disk, which holds the files as they are here, committed or not.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import nbformat
import pytest

from course_utils import ROOT
from tools import address

OWNER, NAME = address.repository().split("/")
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NBVAL = (
    f"-q -p no:cacheprovider --nbval-lax --nbval-current-env --nbval-cell-timeout=300 "
    f"--nbval-sanitize-with={ROOT / 'tests' / 'notebooks' / 'nbval_sanitize.cfg'}"
)


def run(*command: str, **options) -> str:
    """Run a command and return what it prints; its output is the message when it fails."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", **options
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def colab(tmp_path_factory) -> dict[str, str]:
    """The environment variables of a process in Colab, where the course's address leads to a copy on this disk."""
    github, ipython = tmp_path_factory.mktemp("github"), tmp_path_factory.mktemp("ipython")
    copy = github / NAME
    files = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", cwd=ROOT)
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org")
    run("git", "init", "-q", f"--initial-branch={address.BRANCH}", cwd=copy)
    run("git", "add", "--all", cwd=copy)
    run(*git, "commit", "-q", "-m", "the course", cwd=copy)

    startup = ipython / "profile_default" / "startup" / "colab.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("import google.colab.output\n", encoding="utf-8")
    return os.environ | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{github.as_uri()}/.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{OWNER}/",
        "IPYTHONDIR": str(ipython),
        "PYTHONPATH": str(Path(__file__).parent),  # google.colab, and nothing of the course
        "COURSE_DATA_DIR": os.environ.get("COURSE_DATA_DIR") or str(ROOT / "data"),
    }


def test_the_versions_are_colabs():
    from packaging.requirements import Requirement

    assert sys.version_info[:2] == (3, 13)
    installed = {found.metadata["Name"].lower(): found.version for found in distributions()}
    for line in (Path(__file__).parent / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if line := line.partition("#")[0].strip():
            wanted = Requirement(line)
            assert installed[wanted.name] in wanted.specifier, f"{wanted} is wanted, {installed[wanted.name]} is here"


def test_requirements_replace_nothing():
    """What requirements.txt would still add is JupyterLab, which Colab does not need."""
    plan = run(sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--python", sys.executable,
               "-r", str(ROOT / "requirements.txt"))  # fmt: skip
    assert "Would" in plan, plan
    assert not re.findall(r"(?m)^ [-~] .*", plan), f"requirements.txt would replace what Colab has:\n{plan}"


def test_the_setup_cell_works_twice_and_prints_its_line(colab, tmp_path):
    cells = nbformat.read(LESSONS[1], as_version=4).cells
    setup = next(cell.source for cell in cells if cell.cell_type == "code")
    printed = run(sys.executable, "-c", f"import google.colab\n{setup}\n{setup}", env=colab, cwd=tmp_path)
    first, second = printed.splitlines()
    assert first == second and first.startswith("Lesson 01 | ")
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_lesson(lesson, colab, tmp_path):
    shutil.copy(lesson, tmp_path)
    run(sys.executable, "-m", "pytest", *NBVAL.split(), f"--rootdir={tmp_path}", lesson.name, env=colab, cwd=tmp_path)
    assert (tmp_path / NAME / ".git").is_dir(), "the setup cell has cloned the course"
