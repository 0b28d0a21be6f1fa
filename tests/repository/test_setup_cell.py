"""A lesson finds the course from wherever it lies: the setup cell is run alone, in folders of every kind."""

import os
import subprocess
import sys

import pytest

from course_utils import ROOT, __version__
from course_utils import course as course_module
from tools import address, setup_cells
from tools.texts import Texts

CELL = setup_cells.cell("05")
STUB = 'def setup(**options):\n    print("found", __file__)\n'


def run(folder, cell=CELL, **environment):
    """(exit status, what is printed) of the setup cell in a new process, where nothing is installed."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", cell],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    return done.returncode, done.stdout


def stub(folder):
    (folder / "course_utils").mkdir(parents=True)
    (folder / "course_utils" / "course.py").write_text(STUB, encoding="utf-8")
    return folder


@pytest.mark.parametrize("folder", [".", "notebooks", "notebooks/exercises", "docs/site"])
def test_from_any_folder_of_the_course(folder):
    assert not CELL.count("\n\n\n") and len([line for line in CELL.splitlines() if line]) <= 8
    search, names = CELL.partition("sys.path.insert")[0], {}
    exec(search.replace("pathlib.Path.cwd()", f"pathlib.Path({str(ROOT / folder)!r})"), names)
    assert names["places"] == [ROOT]


@pytest.mark.parametrize("name", ["plain", "내 강의 1"])
def test_in_a_folder_with_any_name(tmp_path, name):
    root = stub(tmp_path / name)
    (root / "notebooks" / "solutions").mkdir(parents=True)
    for folder in (root, root / "notebooks", root / "notebooks" / "solutions"):
        status, printed = run(folder)
        assert status == 0 and printed.startswith("found ") and name in printed, printed


def test_an_installed_course_is_found_from_anywhere(tmp_path):
    """As `progress` runs a notebook, and as a hub has it: pip install -e."""
    root, alone = stub(tmp_path / "installed"), tmp_path / "alone"
    alone.mkdir()
    status, printed = run(alone, f"import sys\nsys.path.append({str(root)!r})\n{CELL}", PATH="")
    assert status == 0 and printed.startswith("found ") and "installed" in printed, printed
    nearer = stub(tmp_path / "a lesson's own")
    status, printed = run(nearer, f"import sys\nsys.path.append({str(root)!r})\n{CELL}", PATH="")
    assert status == 0 and "a lesson's own" in printed, "the course round a lesson goes first"


def test_alone_it_fetches_the_course_once(tmp_path):
    github, alone = tmp_path / "github", tmp_path / "빈 폴더"
    copy = stub(github / address.repository().split("/")[1])
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for arguments in (["init", "-q"], ["add", "--all"], ["commit", "-q", "-m", "the course"]):
        subprocess.run([*git, *arguments], cwd=copy, check=True)
    alone.mkdir()
    elsewhere = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{github.as_uri()}/.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{address.repository().split('/')[0]}/",
    }
    status, printed = run(alone, **elsewhere)
    assert status == 0 and os.path.join("빈 폴더", "cnn-course", "course_utils") in printed, printed
    assert run(alone, GIT_CONFIG_COUNT="0", PATH="")[0] == 0, "the second time it is there"
    assert [path.name for path in alone.iterdir()] == ["cnn-course"]


def test_without_course_and_git_it_says_what_to_do(tmp_path):
    status, printed = run(tmp_path, PATH="")
    assert status == 1
    assert f"The course is not here, and git cannot fetch it. Get it: github.com/{address.repository()}" in printed
    assert "Traceback" not in printed


def test_another_version_is_said(capsys):
    course_module.setup("05", version=__version__)
    assert "version" not in capsys.readouterr().out
    course_module.setup("05", version="0.0.1")
    expected = f"This lesson is of version 0.0.1, course_utils is of {__version__}: get both from one place.\n"
    assert capsys.readouterr().out.startswith(expected)


def test_every_notebook_has_it():
    texts = Texts()
    setup_cells.write(texts)
    assert texts.changed() == [], "run: make generate"
