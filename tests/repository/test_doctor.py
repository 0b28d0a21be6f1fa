"""The instructor's pre-flight: every fault of a machine or a lesson is found, and says what to do."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys

import pytest
from nbformat.v4 import new_output

from course_utils import ROOT, doctor
from course_utils.__main__ import main
from course_utils.files import folders
from course_utils.files.fetch import DataError
from tests.repository.small_notebooks import notebook


@pytest.fixture
def healthy(monkeypatch, tmp_path):
    """A machine without faults, as far as these tests look."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setattr(doctor, "MODULES", ("json",))
    monkeypatch.setattr(doctor, "BUSY", 99)  # other tests run beside this one
    monkeypatch.setattr(doctor, "_answers", lambda port: False)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9e9, 0, 9e9))
    monkeypatch.setattr(folders, "locate", lambda name: tmp_path)
    monkeypatch.setattr(folders, "prepare", missing)
    return monkeypatch


def damaged(name, offline):
    assert offline, "the doctor must not download"
    raise DataError("found md5 1, expected 2")


def missing(name, offline):
    if folders.locate(name) is None:
        raise DataError("Looked in data/.")
    return folders.locate(name)


def read_only(**_):
    raise PermissionError(13, "Permission denied")


FAULTS = {
    "old version": (doctor, "version", lambda name: "0.1", "torch 0.1 (>="),
    "broken import": (doctor, "MODULES", ("no_such_module",), "import no_such_module fails"),
    "port taken": (doctor, "_answers", lambda port: port == 6006, "port 6006 is taken"),
    "disk full": (doctor.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9e9, 9e9, 1e6), "0.0 GB free"),
    "read-only": (doctor.tempfile, "TemporaryFile", read_only, "cannot be written: Permission denied"),
    "no data": (folders, "locate", lambda name: None, "MNIST is missing"),
    "damaged data": (folders, "prepare", damaged, "MNIST is damaged. found md5 1"),
}


def test_a_healthy_machine(healthy, capsys):
    assert main(["doctor"]) == 0
    assert "FAULT" not in capsys.readouterr().out
    healthy.setattr(doctor, "_answers", lambda port: port == 8888)
    assert main(["doctor"]) == 0, "JupyterLab takes another port by itself"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault, healthy, capsys):
    *target, message = FAULTS[fault]
    healthy.setattr(*target)
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    lines = out.splitlines()
    marked = [i for i, line in enumerate(lines) if line.startswith("  FAULT")]
    assert message in out and marked
    assert all(lines[i + 1].strip().startswith("-> ") for i in marked), "every fault says what to do"


def test_a_missing_package_is_found(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# nothing\nno-such-package>=1.0   # because\n\npytest>=1\n", encoding="utf-8")
    found = list(doctor.packages(requirements))
    assert [bool(finding.todo) for finding in found] == [False, True, False]
    assert "no-such-package is not installed, >=1.0 is needed" in found[1].what


def test_a_taken_port_is_seen():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert doctor._answers(port)
    assert not doctor._answers(port)


@pytest.mark.parametrize(
    "file, content, megabytes",
    [
        ("memory.max", "2000000000\n", 2000),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "1000000000", 1000),
        ("memory/memory.limit_in_bytes", "9223372036854771712", None),
        ("nothing", "1", None),
    ],
)
def test_the_limit_of_a_container(tmp_path, file, content, megabytes):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(content, encoding="ascii")
    assert doctor._memory_limit(tmp_path) == megabytes


def test_a_limit_below_what_a_lesson_needs_is_a_fault(tmp_path, monkeypatch):
    runs = {"01_small": {"megabytes": 500}, "08_large": {"megabytes": 1200}, "solutions/02": {"megabytes": 9000}}
    timing = tmp_path / "timing.json"
    timing.write_text(json.dumps({"class": {"lessons": runs}}), encoding="utf-8")
    for limit, fault in ((None, None), (2000, False), (1000, True)):
        monkeypatch.setattr(doctor, "_memory_limit", lambda limit=limit: limit)
        found = list(doctor.memory(timing))
        assert [bool(finding.todo) for finding in found] == ([] if fault is None else [fault])
    assert "1,000 MB of memory may be used; these lessons need more: 08 (1,200 MB)" in found[0].what


CHECKED = {
    "metadata": {"tags": ["nbval-check-output"]},
    "outputs": [new_output("stream", text="3\n")],
    "execution_count": 1,
}


@pytest.mark.slow  # five kernels
def test_check_finds_failing_lessons(healthy, tmp_path, capsys):
    notebook(tmp_path / "notebooks" / "01_error.ipynb", "x = 1", "raise ValueError('broken')")
    notebook(tmp_path / "notebooks" / "02_other.ipynb", "print(4)", **CHECKED)
    notebook(tmp_path / "notebooks" / "04_empty.ipynb")
    assert main(["check", "--speed", "smoke", "--write"]) == 1
    out = capsys.readouterr().out
    assert "3 faults, NOT ready for class" in out
    assert re.search(r"FAULT  01_error: cell \[2\] fails: .*broken", out)
    assert re.search(r"FAULT  02_other: cell \[1\] fails: ", out)
    assert "FAULT  04_empty: it has no cell to run" in out
    assert not (tmp_path / "results").exists(), "times of a run with faults are not stored"


@pytest.mark.slow  # kernels
def test_check_times_the_lessons(healthy, tmp_path, capsys):
    speed = "import os, time\nassert os.environ['COURSE_SPEED'] == 'smoke' and os.environ['COURSE_INTERACTIVE'] == '0'"
    notebook(tmp_path / "notebooks" / "05_good.ipynb", speed, "time.sleep(0.5)", "print(3)")
    notebook(tmp_path / "notebooks" / "solutions" / "05_good.ipynb", "print(3)", **CHECKED)
    timing_file = tmp_path / "results" / "timing.json"
    timing_file.parent.mkdir()
    healthy.setattr(doctor, "empty_kernel", lambda: 640)
    before = {"full": {"lessons": {}}, "smoke": {"lessons": {"01_other": {"seconds": 1.0, "slowest_cell": 0.5}}}}
    timing_file.write_text(json.dumps(before), encoding="utf-8")
    assert main(["check", "--speed", "smoke", "--write"]) == 0
    assert re.search(r"ok     05_good +0\.\d +\d+ MB  \[2\] 0\.", capsys.readouterr().out)
    timing = json.loads(timing_file.read_text(encoding="utf-8"))
    assert set(timing) == {"full", "smoke"}
    assert set(timing["smoke"]) == {"machine", "cores", "date", "empty_kernel", "lessons"}
    assert list(timing["smoke"]["lessons"]) == ["01_other", "05_good", "solutions/05_good"]
    times = timing["smoke"]["lessons"]["05_good"]
    assert 0.5 <= times["slowest_cell"] <= times["seconds"]
    assert 20 < times["megabytes"] < 500, "a kernel without torch"
    assert timing["smoke"]["empty_kernel"] == 640
    assert 0 <= times["other_programs"] < os.cpu_count()


def test_times_of_a_busy_machine_are_not_stored(healthy, tmp_path, capsys):
    notebook(tmp_path / "notebooks" / "05_good.ipynb", "print(3)")
    healthy.setattr(doctor, "_busy", lambda: "firefox (98 % of a core)")
    assert main(["check", "--speed", "smoke", "--write"]) == 1
    assert "FAULT  the machine is busy with firefox (98 % of a core)" in capsys.readouterr().out
    healthy.setattr(doctor, "_busy", lambda: "")
    healthy.setattr(doctor, "BUSY", 0.3)
    run = doctor.Rehearsal("05_good", 1.0, 1, 1.0, 100, 1.2, "")
    healthy.setattr(doctor, "run_notebook", lambda *_: run)
    assert main(["check", "--speed", "smoke", "--write"]) == 1
    assert "05_good: other programs took 1.2 cores meanwhile" in capsys.readouterr().out
    assert not (tmp_path / "results").exists()


def test_what_keeps_a_machine_busy_has_a_name(monkeypatch):
    monkeypatch.setattr(doctor, "BUSY", 0.3)
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as program:
        try:
            assert re.search(r"python.* \(\d+ % of a core\)", doctor._busy())
        finally:
            program.kill()
    monkeypatch.setattr(doctor, "BUSY", 99)
    assert doctor._busy() == ""


def test_check_needs_lessons_and_nbval(healthy, capsys):
    assert main(["check", "--speed", "smoke"]) == 1
    assert "there is no notebook" in capsys.readouterr().out
    healthy.setattr(doctor, "find_spec", lambda name: None)
    assert main(["check"]) == 1
    assert "no lesson can be run: nbval, psutil" in capsys.readouterr().out


@pytest.mark.slow  # a kernel with torch
def test_an_empty_kernel_is_measured():
    assert 150 < doctor.empty_kernel() < 2000


ABOVE = {"02", "07", "08", "09", "10", "12", "13", "14"}  # these do not keep the limit yet; none may join them


def test_a_lesson_needs_at_most_500_megabytes_more_than_an_empty_kernel():
    """Binder ends a kernel at 2 GB, many hubs at 1 to 1.5."""
    timing = json.loads((ROOT / "results" / "timing.json").read_text(encoding="utf-8"))["class"]
    needs = {name[:2]: run["megabytes"] for name, run in timing["lessons"].items() if "/" not in name}
    assert len(needs) == len(list((ROOT / "notebooks").glob("[0-9]*.ipynb")))
    assert {number for number, most in needs.items() if most > timing["empty_kernel"] + 500} == ABOVE
