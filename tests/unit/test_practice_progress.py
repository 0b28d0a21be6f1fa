"""`python -m course_utils progress`: students' notebooks run with limits, the file to hand in, the table of a class."""

import csv
import json
import os
import sys
import time

import pytest

from course_utils import ROOT
from course_utils.__main__ import main
from course_utils.files.atomic import atomic
from course_utils.practice import class_table, progress
from course_utils.practice import replay as replays
from course_utils.practice.class_table import Row, class_rows, text, write_csv
from course_utils.practice.progress import digest, exercises, file_name, lesson_of, plain, word
from course_utils.practice.replay import Replay, Unreadable, code_of, replay
from tests.repository.small_notebooks import notebook

SETUP = "from course_utils.checks import check"
RIGHT = 'check("01.4", [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])'
TODO = 'check("01.4", ...)'


def test_only_exercises_count():
    assert list(exercises()) == [f"{number:02}" for number in range(1, 15)]
    assert all(names == [f"{n}.{i + 1}" for i in range(len(names))] for n, names in exercises().items())
    assert exercises()["01"] == ["01.1", "01.2", "01.3", "01.4", "01.5"] and len(exercises()["11"]) == 10


# ---- a notebook in a process of its own ----


def test_errors_end_their_cell_only():
    cells = [
        SETUP,
        RIGHT,
        "import sys\nsys.exit()",
        "def f(",
        "bytearray(10**12)",
        "print('x' * 10**7)",
        "%matplotlib inline\ninput()",
        'check("01.1", 7)',
        'from course_utils.checks import expect_correct\nexpect_correct("01.2", 7)',
        'print("01.3: correct")',
        "import os\nopen('../../cells.json', 'w').write(os.getcwd())",
    ]
    verdicts, trouble = replay(cells, seconds=300)
    assert list(verdicts) == ["01.4", "01.1", "01.2"], "what is printed is no verdict"
    assert list(map(word, verdicts.values())) == ["correct", "not right yet", "not right yet"]
    if sys.platform == "linux":  # elsewhere nothing holds a process to its memory
        assert trouble == "needed more than 4 GB of memory"


def test_the_first_cell_of_a_notebook_finds_the_course():
    first = code_of(ROOT / "notebooks" / "exercises" / "01_image_filters.ipynb")[0]
    verdicts, trouble = replay([first, RIGHT], seconds=300)
    assert not trouble and word(verdicts["01.4"]) == "correct"


def test_a_process_that_ends_itself_keeps_its_verdicts_and_leaves_nothing(tmp_path):
    pid = tmp_path / "pid"
    start = f"""import subprocess, sys
p = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
open({str(pid)!r}, "w").write(str(p.pid))"""
    assert replay([SETUP, RIGHT, start, "import os\nos._exit(0)", TODO], seconds=300) == Replay(
        {"01.4": "correct"}, "ended itself before its last cell"
    )
    if os.name == "posix":
        assert gone(int(pid.read_text(encoding="utf-8")))


def gone(pid: int) -> bool:
    """True when the process ends within ten seconds. One that nobody has collected yet counts as ended."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # posix
                if file.read().split()[2] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


def test_a_process_that_does_not_end_is_ended():
    start = time.monotonic()
    assert replay(["while True:\n    pass"], seconds=0.5) == Replay({}, "ran longer than 0.5 s")
    assert time.monotonic() - start < 30


@pytest.mark.parametrize(
    "notes, status, words",
    [
        ([{"end": ""}], 0, ""),
        ([{"error": "cell 2 stops with NameError"}, {"end": ""}], 0, "cell 2 stops with NameError"),
        ([{"error": "a"}, {"error": "b"}, {"end": ""}], 0, "a, and 1 more"),
        ([], -9, "crashed (SIGKILL)"),
        ([], -99, "crashed (signal 99)"),
        ([{"end": ""}], None, "ran longer than 1 s"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="the names of signals")
def test_what_went_wrong(notes, status, words):
    assert replays._trouble(notes, status, 1, 4) == words


def test_notes_of_a_stranger(tmp_path):
    assert replays._notes(tmp_path / "none") == []
    file = tmp_path / "notes"
    file.write_bytes(b'{"a": "b"}\n[1]\n"x"\n{"a": 1}\n\xff\n' + b"[" * 100_000 + b'\n{"end": ""}\n')
    assert replays._notes(file) == [{"a": "b"}, {"end": ""}]


def test_files_that_are_no_notebook(tmp_path, monkeypatch):
    assert code_of(notebook(tmp_path / "good.ipynb", "1", "2")) == ["1", "2"]
    for content in (b"", b"text", b"[]", b'{"cells": [1]}', b'{"cells": 1}', b"\xff\xfe", b"[" * 100_000):
        (tmp_path / "bad.ipynb").write_bytes(content)
        with pytest.raises(Unreadable, match="no notebook"):
            code_of(tmp_path / "bad.ipynb")
    with pytest.raises(Unreadable, match="cannot be read"):
        code_of(tmp_path / "none.ipynb")
    with pytest.raises(Unreadable, match="not a file"):
        code_of(tmp_path)
    monkeypatch.setattr(replays, "MOST_BYTES", 10)
    with pytest.raises(Unreadable, match="larger than 0 MB"):
        code_of(tmp_path / "good.ipynb")


# ---- words ----


def test_words():
    assert word("correct (1.5 s)") == "correct" and word("not right yet: it is\n7") == "not right yet"
    assert word(None) == word("perfect") == word(["correct"]) == "not done yet"
    assert plain("a\x1b[31m\n  b\u202e") == "a?[31m b?" and plain("x" * 100, 5) == "xxxx…"
    assert (
        file_name("../../etc/passwd") == "progress-etc_passwd.json" and file_name("김 민수") == "progress-김_민수.json"
    )
    assert file_name("..") == "progress-student.json" and len(file_name("x" * 999)) < 80
    assert digest(["a", "b"]) != digest(["a", "c"]) and digest(["\ud800"])
    assert lesson_of([SETUP, 'check("03.a", 1)', 'expect_correct("04.2", f)']) == "04"
    for cells in ([], ["x = 1"], ['check("03.a", 1)'], ['check("99.1", 1)']):
        with pytest.raises(Unreadable, match="it checks none"):
            lesson_of(cells)


# ---- a student ----


@pytest.fixture
def fake_replay(monkeypatch):
    """What a notebook says stands in its first cell, as JSON: verdicts and trouble. Nothing is run."""

    def fake(cells, seconds, gigabytes):
        return Replay(*json.loads(cells[0].partition("\n")[0].removeprefix("# ")))

    monkeypatch.setattr(progress, "replay", fake)


def says(path, verdicts: dict[str, str], trouble: str = "", check: str = TODO):
    return notebook(path, f"# {json.dumps([verdicts, trouble])}\n{check}")


def test_a_student_sees_the_verdicts_and_gets_a_file(tmp_path, monkeypatch, capsys, fake_replay):
    monkeypatch.setattr(progress, "ROOT", tmp_path)
    folder = tmp_path / "notebooks" / "exercises"
    good = says(folder / "01_image_filters.ipynb", {"01.1": "correct", "01.2": "not right yet: 7"}, "cell 9 stops")
    before = good.read_bytes()
    assert main(["progress", "--name", "Ann Lee", "--to", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "01_image_filters                     1 of 5   (cell 9 stops)" in out
    assert "    01.2   not right yet: 7" in out and "    01.3   not done yet" in out
    assert "1 of 5 exercises are correct" in out
    content = json.loads((tmp_path / "progress-Ann_Lee.json").read_text(encoding="utf-8"))
    assert set(content) == {"name", "date", "version", "lessons"} and content["name"] == "Ann Lee"
    one = content["lessons"]["01"]
    assert one["sha256"] == digest(code_of(good)) and list(one["verdicts"]) == exercises()["01"]
    assert good.read_bytes() == before and not list(tmp_path.glob("*.part"))

    (folder / "02_idx_files.ipynb").write_text("mine", encoding="utf-8")
    assert main(["progress", "--lesson", "2", "--to", str(tmp_path)]) == 1
    assert "(no notebook)" in capsys.readouterr().out
    assert main(["progress", "--lesson", "1", "--name", "a", "--to", str(good)]) == 1
    assert "Name another folder" in capsys.readouterr().out


# ---- a class ----


@pytest.fixture
def handed_in(tmp_path, fake_replay):
    folder = tmp_path / "in"
    says(folder / "ann" / "01" / "01_image_filters.ipynb", {"01.1": "correct", "01.2": "correct"})
    says(folder / "bob" / "01_image_filters (1).ipynb", {"01.1": "correct", "01.2": "correct"})
    says(folder / "bob" / "more" / "01_image_filters.ipynb", {})
    says(folder / "bob" / ".ipynb_checkpoints" / "x.ipynb", {})
    says(folder / "=cmd()" / "any name.ipynb", {"04.1": "not right yet"}, "ran longer than 600 s", 'check("04.1", 1)')
    (folder / "김민수").mkdir()
    (folder / "dora").mkdir()
    (folder / "dora" / "01.ipynb").write_text("my answer", encoding="utf-8")
    lessons = {"01": {"sha256": "", "trouble": "", "verdicts": {"01.1": "correct", "01.9": "correct", "01.2": "great"}}}
    content = {"name": "eve\x1b[2J", "lessons": lessons}
    (folder / "progress-eve.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "progress-fay.json").write_text("[]", encoding="utf-8")
    (folder / "progress-gus.json").write_bytes(b"[" * 100_000)
    (folder / "notes.txt").write_text("no row", encoding="utf-8")
    return folder


def test_the_rows_of_a_class(handed_in, capsys):
    rows = {row.student: row for row in class_rows(handed_in, [], 600, 4)}
    assert list(rows) == ["=cmd()", "ann", "bob", "dora", "eve\x1b[2J", "progress-fay", "progress-gus", "김민수"]
    assert rows["ann"].words["01.1"] == "correct" and rows["ann"].notes == ["01: the same code as bob"]
    assert rows["bob"].notes == [
        "01_image_filters.ipynb: a second notebook of lesson 01, not run",
        "01: the same code as ann",
    ]
    assert rows["=cmd()"].notes == ["04: ran longer than 600 s"] and rows["=cmd()"].words["04.2"] == "not done yet"
    assert rows["dora"].notes == ["01.ipynb: no notebook"] and rows["김민수"].notes == ["no notebook"]
    eve = rows["eve\x1b[2J"]
    assert eve.origin == "reported" and list(eve.words) == exercises()["01"] and eve.words["01.2"] == "not done yet"
    assert rows["progress-fay"].notes == rows["progress-gus"].notes == ["no file of progress"]
    assert [row.words for row in class_rows(handed_in, ["03"], 600, 4)] == [{}] * 8


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_links_are_not_followed(handed_in, tmp_path):
    secret = says(tmp_path / "secret" / "01.ipynb", {"01.1": "correct"})
    (handed_in / "link").symlink_to(secret.parent)  # posix
    (handed_in / "dora" / "01.ipynb").unlink()
    (handed_in / "dora" / "01.ipynb").symlink_to(secret)  # posix
    (handed_in / "dora" / "all").symlink_to(secret.parent)  # posix
    rows = {row.student: row for row in class_rows(handed_in, [], 600, 4)}
    assert "link" not in rows and rows["dora"].notes == ["01.ipynb: a link, not a file"]


def test_the_table_and_the_file(handed_in, tmp_path, capsys):
    assert main(["progress", str(handed_in), "--to", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0].split() == ["student", "01", "04", "correct", "note"] and lines[1].split() == ["of", "5", "5"]
    assert "\x1b" not in out and any(line.split()[:4] == ["ann", "2", ".", "2"] for line in lines)
    with open(tmp_path / "progress.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows][:2] == ["'=cmd()", "ann"] and rows[4]["student"] == "eve?[2J"
    assert rows[1] | {"verdicts": "run here", "01.1": "correct", "04.1": "", "correct": "2"} == rows[1]


def test_a_folder_without_anything(tmp_path, capsys):
    assert main(["progress", str(tmp_path), "--to", str(tmp_path)]) == 1
    assert main(["progress", str(tmp_path / "none")]) == 1
    out = capsys.readouterr().out
    assert "there is neither" in out and "cannot be read: No such file" in out and not list(tmp_path.iterdir())


def test_the_columns_stand_below_each_other_in_every_script():
    rows = [Row("김민수", "run here", {"01.1": "correct"}), Row("Zoe", "run here", {"01.1": "not done yet"})]
    lines = text(rows, ["01"]).splitlines()
    assert lines[2].index("1") == lines[3].index("0") - 3, "each Korean letter is two columns wide"


def test_two_students_write_at_the_same_time(tmp_path):
    rows = [Row("a", "run here", {"01.1": "correct"})]
    with atomic(tmp_path / "progress.csv") as part:
        part.write_text("other", encoding="utf-8")
        write_csv(tmp_path / "progress.csv", rows, ["01"])
    assert (tmp_path / "progress.csv").read_text(encoding="utf-8") == "other" and len(list(tmp_path.iterdir())) == 1


def test_too_many_notebooks(tmp_path, monkeypatch, fake_replay, capsys):
    monkeypatch.setattr(class_table, "MOST_NOTEBOOKS", 1)
    for name in ("a", "b"):
        says(tmp_path / "ann" / f"{name}.ipynb", {})
    [row] = class_rows(tmp_path, [], 600, 4)
    assert row.notes == ["2 notebooks; only 1 were looked at"]
