"""python -m course_utils: its words, the data it fetches, the lab it opens."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_utils import ROOT
from course_utils.__main__ import main
from course_utils.files import folders
from course_utils.files.fetch import DataError


@pytest.mark.parametrize("command", [[], ["lab"], ["data"], ["doctor"], ["check"], ["progress"]])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as done:
        main([*command, "--help"])
    assert done.value.code == 0 and "usage: python -m course_utils" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["dance"],
        ["doctor", "--fast"],
        ["data", "imagenet"],
        ["check", "--speed", "slow"],
        ["progress", "--lesson", "15"],
        ["progress", "--lesson", "three"],
    ],
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
            raise DataError("the network is gone")
        return tmp_path

    monkeypatch.setattr(folders, "prepare", prepare)
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


@pytest.mark.slow
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
