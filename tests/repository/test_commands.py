"""The commands, the tools and the test run itself: what they do, above all when something is wrong."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

import course_utils.data
from course_utils import ROOT, doctor
from course_utils.__main__ import main
from tools import run_notebooks

MAKE = shutil.which("make") if os.name == "posix" else None


def notebook(path: Path, *sources: str, **first_cell) -> Path:
    """Store a notebook with these code cells; keywords go to the first one."""
    cells = [new_code_cell(source) for source in sources]
    for key, value in first_cell.items():
        cells[0][key] = value
    meta = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata=meta), path)
    return path


def test_ruff_finds_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format=concise", "."], cwd=ROOT, capture_output=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


# ---- the command line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [[], ["lab"], ["data"], ["doctor"], ["check"]])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as done:
        main([*command, "--help"])
    assert done.value.code == 0 and "usage: python -m course_utils" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command", [[], ["dance"], ["doctor", "--fast"], ["data", "imagenet"], ["check", "--speed", "slow"]]
)
def test_unknown_words_are_refused(command):
    with pytest.raises(SystemExit) as done:
        main(command)
    assert done.value.code == 2


def test_help_imports_nothing_heavy():
    code = "import course_utils.__main__, sys; sys.exit(bool({'torch', 'numpy', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_data_fails_when_one_is_missing(monkeypatch, tmp_path, capsys):
    def prepare(name):
        if name == "cifar10":
            raise course_utils.data.DataError("the network is gone")
        return tmp_path

    monkeypatch.setattr(course_utils.data, "prepare", prepare)
    assert main(["data", "mnist", "fashion_mnist"]) == 0
    assert main(["data"]) == 1
    out, err = capsys.readouterr()
    assert f"mnist: real and whole in {tmp_path}" in out and "cifar10: NOT here. the network is gone" in err


@pytest.mark.parametrize("screen", [True, False])
def test_lab_opens_the_first_lesson(screen, monkeypatch):
    seen = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", seen.extend)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":0" if screen else "")
    assert main(["lab", "--port=9000"]) == 0
    assert f"--ServerApp.root_dir={ROOT}" in seen and seen[-1] == "--port=9000"
    assert ("--no-browser" in seen) != screen
    settings = next(Path(option.split("=", 1)[1]) for option in seen if "app_settings_dir" in option)
    notification = json.loads((settings / "overrides.json").read_text(encoding="utf-8")).popitem()[1]
    assert notification == {"fetchNews": "false", "checkForUpdates": False}, "JupyterLab would ask about news"


def test_lab_takes_another_port_when_its_own_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment = os.environ | {"JUPYTER_RUNTIME_DIR": str(tmp_path), "JUPYTERLAB_SETTINGS_DIR": str(tmp_path)}
        command = [sys.executable, "-m", "course_utils", "lab", "--no-browser", f"--port={port}"]
        log = tmp_path / "log"
        with open(log, "w", encoding="utf-8") as file:
            server = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=file, stderr=file, stdin=subprocess.DEVNULL
            )
        try:
            address, end = None, time.monotonic() + 60
            while not address and time.monotonic() < end and server.poll() is None:
                time.sleep(0.2)
                text = log.read_text(encoding="utf-8", errors="replace")
                address = re.search(
                    r"http://127\.0\.0\.1:(\d+)(/lab/tree/notebooks/00_start_here\.ipynb)\?token=", text
                )
            assert address, log.read_text(encoding="utf-8", errors="replace")
            assert int(address.group(1)) != port
        finally:
            server.terminate()
            server.wait(30)


# ---- doctor --------------------------------------------------------------------------------------------------------


@pytest.fixture
def healthy(monkeypatch, tmp_path):
    """A machine without faults, as far as these tests look."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setattr(doctor, "MODULES", ("json",))
    monkeypatch.setattr(doctor, "_answers", lambda port: False)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9e9, 0, 9e9))
    monkeypatch.setattr(course_utils.data, "locate", lambda name: tmp_path)
    monkeypatch.setattr(course_utils.data, "prepare", lambda name: tmp_path)
    return monkeypatch


def damaged(name):
    assert os.environ["COURSE_OFFLINE"] == "1", "the doctor must not download"
    raise course_utils.data.DataError("found md5 1, expected 2")


def read_only(**_):
    raise PermissionError(13, "Permission denied")


FAULTS = {
    "old version": (doctor, "version", lambda name: "0.1", "torch 0.1 (>="),
    "broken import": (doctor, "MODULES", ("no_such_module",), "import no_such_module fails"),
    "port taken": (doctor, "_answers", lambda port: port == 6006, "port 6006 is taken"),
    "disk full": (doctor.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9e9, 9e9, 1e6), "0.0 GB free"),
    "read-only": (doctor.tempfile, "TemporaryFile", read_only, "cannot be written: Permission denied"),
    "no data": (course_utils.data, "locate", lambda name: None, "MNIST is missing"),
    "damaged data": (course_utils.data, "prepare", damaged, "MNIST is damaged. found md5 1"),
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


CHECKED = {
    "metadata": {"tags": ["nbval-check-output"]},
    "outputs": [new_output("stream", text="3\n")],
    "execution_count": 1,
}


def test_check_finds_failing_lessons(healthy, tmp_path, capsys):
    notebook(tmp_path / "notebooks" / "01_error.ipynb", "x = 1", "raise ValueError('broken')")
    notebook(tmp_path / "notebooks" / "02_other.ipynb", "print(4)", **CHECKED)
    notebook(tmp_path / "notebooks" / "03_empty.ipynb")
    assert main(["check", "--speed", "smoke", "--write"]) == 1
    out = capsys.readouterr().out
    assert "3 faults, NOT ready for class" in out
    assert re.search(r"FAULT  01_error: cell \[2\] fails: .*broken", out)
    assert re.search(r"FAULT  02_other: cell \[1\] fails: ", out)
    assert "FAULT  03_empty: it has no cell to run" in out
    assert not (tmp_path / "results").exists(), "times of a run with faults are not stored"


def test_check_times_the_lessons(healthy, tmp_path, capsys):
    speed = "import os, time\nassert os.environ['COURSE_SPEED'] == 'smoke' and os.environ['COURSE_INTERACTIVE'] == '0'"
    notebook(tmp_path / "notebooks" / "04_good.ipynb", speed, "time.sleep(0.5)", "print(3)")
    notebook(tmp_path / "notebooks" / "solutions" / "04_good.ipynb", "print(3)", **CHECKED)
    timing_file = tmp_path / "results" / "timing.json"
    timing_file.parent.mkdir()
    before = {"full": {"lessons": {}}, "smoke": {"lessons": {"01_other": {"seconds": 1.0, "slowest_cell": 0.5}}}}
    timing_file.write_text(json.dumps(before), encoding="utf-8")
    assert main(["check", "--speed", "smoke", "--write"]) == 0
    assert re.search(r"ok     04_good +0\.\d  \[2\] 0\.", capsys.readouterr().out)
    timing = json.loads(timing_file.read_text(encoding="utf-8"))
    assert set(timing) == {"full", "smoke"}
    assert set(timing["smoke"]) == {"machine", "cores", "date", "lessons"}
    assert list(timing["smoke"]["lessons"]) == ["01_other", "04_good", "solutions/04_good"]
    times = timing["smoke"]["lessons"]["04_good"]
    assert 0.5 <= times["slowest_cell"] <= times["seconds"]


def test_check_needs_lessons_and_nbval(healthy, capsys):
    assert main(["check", "--speed", "smoke"]) == 1
    assert "there is no notebook" in capsys.readouterr().out
    healthy.setattr(doctor, "find_spec", lambda name: None)
    assert main(["check"]) == 1
    assert "nbval is not installed" in capsys.readouterr().out


# ---- the test run --------------------------------------------------------------------------------------------------


def test_a_lesson_without_cells_fails_the_run(tmp_path):
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "nbval_sanitize.cfg", tmp_path / "tests")
    (tmp_path / "tests" / "test_one.py").write_text("def test_one(): pass\n", encoding="utf-8")
    notebook(tmp_path / "notebooks" / "exercises" / "01_gaps.ipynb", "raise SystemError")  # never run
    notebook(tmp_path / "notebooks" / "01_empty.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert "nbval found no cell to run" in done.stdout and "1 failed, 1 passed" in done.stdout, (
        done.stdout + done.stderr
    )
    assert done.returncode == 1


def test_messages_of_expected_errors_are_not_compared():
    from nbval.plugin import get_sanitize_patterns

    [(regex, replacement)] = get_sanitize_patterns((ROOT / "tests" / "nbval_sanitize.cfg").read_text(encoding="utf-8"))
    outputs = [
        "RuntimeError, as expected:\n| mat1\n(2,)\n",
        "RuntimeError, as expected:\n| addmm: mat1\n| and mat2\n(2,)\n",
    ]
    assert {re.sub(regex, replacement, text) for text in outputs} == {"RuntimeError, as expected:\n(message)(2,)\n"}


# ---- tools/run_notebooks.py ----------------------------------------------------------------------------------------


def run_tool(monkeypatch, *arguments, **more) -> int:
    monkeypatch.setattr(sys, "argv", ["run_notebooks.py", *map(str, arguments)])
    environ = {name: value for name, value in os.environ.items() if name != "COURSE_SPEED"} | more
    monkeypatch.setattr(run_notebooks.os, "environ", environ)
    return run_notebooks.main()


def test_notebooks_are_stored_in_one_form(monkeypatch, tmp_path):
    path = notebook(
        tmp_path / "04_x.ipynb", "import os\nprint(os.environ['COURSE_SPEED'])", "print(1, flush=True)\nprint(2)"
    )
    assert run_tool(monkeypatch, path) == 0
    first = path.read_bytes()
    nb = nbformat.reads(first.decode(), as_version=4)
    assert [cell.id for cell in nb.cells] == ["04-x-000", "04-x-001"]
    assert [cell.execution_count for cell in nb.cells] == [1, 2]
    assert [cell.outputs[0].text for cell in nb.cells] == ["class\n", "1\n2\n"]
    assert b"\r" not in first and first.endswith(b"}\n")
    assert run_tool(monkeypatch, path) == 0 and path.read_bytes() == first
    assert run_tool(monkeypatch, "--format-only", tmp_path / "*.ipynb") == 0 and path.read_bytes() == first


def test_notebooks_are_stored_at_class_speed_only(monkeypatch, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run_tool(monkeypatch, tmp_path / "04_x.ipynb", COURSE_SPEED="smoke")
    assert "unset COURSE_SPEED" in capsys.readouterr().err


@pytest.mark.parametrize(
    "source, why",
    [("raise ValueError('broken')", "broken"), ("print('drawn stand-in for MNIST')", "make data")],
)
def test_notebooks_with_faults_are_not_stored(source, why, monkeypatch, tmp_path, capsys):
    bad = notebook(tmp_path / "04_bad.ipynb", source)
    before = bad.read_bytes()
    assert run_tool(monkeypatch, bad) == 1
    assert bad.read_bytes() == before
    err = capsys.readouterr().err
    assert "NOT written" in err and why in err


# ---- Makefile ------------------------------------------------------------------------------------------------------

# Stands for Python: notes each call, makes a .venv that holds itself, and fails when asked to.
FAKE_PYTHON = """#!/bin/sh
[ "$1" = -c ] && exit 0
echo "$*" >> calls
case "$*" in
  *"venv --clear"*) rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  *requirements.txt*) test ! -e cut-off ;;
esac
"""


@pytest.mark.skipif(not MAKE, reason="no make here; the commands without it are tested above")
class TestMake:
    @pytest.fixture
    def make(self, tmp_path):
        """Runs make in a folder of its own with a fake Python; gives (exit status, what was called)."""
        for name in ("Makefile", "requirements.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, tmp_path)
        fake = tmp_path / "fake-python"
        fake.write_text(FAKE_PYTHON, encoding="utf-8")
        fake.chmod(0o755)

        def run(*arguments):
            calls = tmp_path / "calls"
            calls.write_text("", encoding="utf-8")
            done = subprocess.run(
                [MAKE, *arguments, "PYTHON=./fake-python"], cwd=tmp_path, capture_output=True, text=True
            )
            return done.returncode, [line.strip() for line in calls.read_text(encoding="utf-8").splitlines()]

        return run

    def test_second_call_only_opens_the_lab(self, make):
        status, calls = make("lab")
        assert status == 0 and calls[0] == "-m venv --clear .venv" and calls[-1] == "-m course_utils lab"
        assert any("-r requirements.txt" in call for call in calls)
        assert make("lab") == (0, ["-m course_utils lab"])

    def test_a_cut_off_installation_is_made_again(self, make, tmp_path):
        (tmp_path / "cut-off").touch()
        status, calls = make("lab")
        assert status != 0 and not any("course_utils" in call for call in calls)
        (tmp_path / "cut-off").unlink()
        status, calls = make("lab")
        assert status == 0 and calls[0] == "-m venv --clear .venv"

    def test_new_requirements_are_installed_on_top(self, make, tmp_path):
        make("lab")
        os.utime(tmp_path / "requirements.txt", (time.time() + 5, time.time() + 5))
        status, calls = make("lab")
        assert status == 0 and not any("venv" in call.split() for call in calls)
        assert any("-r requirements.txt" in call for call in calls)

    def test_the_other_targets(self, make):
        assert make("test")[1][-1] == "-m pytest -n 2"
        assert make("check", "SPEED=smoke")[1] == ["-m course_utils check --speed smoke"]
        measured = make("check", "SPEED=smoke", "WRITE=1")[1]
        assert measured == ["-m course_utils check --speed smoke --write", "tools/make_minutes.py"]
        assert make("data")[1] == ["-m course_utils data"]
        assert make("notebooks", "NB=notebooks/04_x.ipynb")[1] == ["tools/run_notebooks.py notebooks/04_x.ipynb"]

    @pytest.mark.parametrize("body", [None, "exit 1"], ids=["no such python", "too old, or without venv"])
    def test_no_usable_python(self, make, tmp_path, body):
        if body:
            (tmp_path / "fake-python").write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        else:
            (tmp_path / "fake-python").unlink()
        done = subprocess.run([MAKE, "lab", "PYTHON=./fake-python"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode != 0 and "needs Python 3.10 or newer with its venv module" in done.stderr
        assert not (tmp_path / ".venv").exists()
