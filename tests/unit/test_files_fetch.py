"""Every way in which fetching data can go wrong: a clear message, no half file trusted, and the next call recovers.

A server on 127.0.0.1 misbehaves on purpose; the data sets are tiny. Nothing here touches the outside network.
"""

import contextlib
import dataclasses
import errno
import gzip
import hashlib
import io
import os
import pickle
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from course_utils import ROOT, data
from course_utils.files import fetch, folders, sources, standin
from course_utils.files.fetch import Archive, DataError, File
from course_utils.idx import write_idx

IMAGES = "MNIST/raw/train-images-idx3-ubyte"  # the largest file, so the one that gets cut


# ---- a tiny MNIST and CIFAR-10, and a server that has them ----


def md5(content):
    return hashlib.md5(content).hexdigest()


def mnist_files(folder):
    """path -> content of a tiny MNIST: 40 training images, 20 test images, of noise, which does not compress."""
    random = np.random.default_rng(0)
    files = {}
    for split, n in (("train", 40), ("t10k", 20)):
        for kind, array in (
            ("images-idx3", random.integers(0, 256, (n, 28, 28), dtype=np.uint8)),
            ("labels-idx1", np.arange(n, dtype=np.uint8) % 10),
        ):
            write_idx(folder / "tmp", array)
            files[f"MNIST/raw/{split}-{kind}-ubyte"] = (folder / "tmp").read_bytes()
    (folder / "tmp").unlink()
    return files


def cifar_files():
    random = np.random.default_rng(0)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    batches = {
        name: {"data": random.integers(0, 256, (20, 3072), dtype=np.uint8), "labels": [*range(10)] * 2}
        for name in names
    }
    batches["batches.meta"] = {"label_names": []}
    return {f"cifar-10-batches-py/{name}": pickle.dumps(batch, protocol=2) for name, batch in batches.items()}


def source_of(name, files, urls):
    """The real Source with the tables of tiny files; returns it and path -> content of its archives."""
    entries = tuple(File(path, len(content), md5(content)) for path, content in files.items())
    if name == "cifar10":
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for path, content in [("../evil", b"evil"), *files.items()]:
                member = tarfile.TarInfo(path)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        packed = {"cifar-10-python.tar.gz": (buffer.getvalue(), entries)}
    else:
        packed = {f"{f.path}.gz": (gzip.compress(files[f.path], mtime=0), (f,)) for f in entries}
    archives = [
        Archive(path, len(content), md5(content), tuple(f"{url}/{path}" for url in urls), unpacked, note="NOTE")
        for path, (content, unpacked) in packed.items()
    ]
    source = dataclasses.replace(sources.SOURCES[name], files=entries, archives=lambda _: archives)
    return source, {path: content for path, (content, _) in packed.items()}


class Server(ThreadingHTTPServer):
    """Serves `files`; `faults` maps a part of a path to what goes wrong there. Requests are noted as (path, Range)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.faults, self.requests, self.resumes = {}, {}, [], True
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):  # noqa: N802
        server, path = self.server, self.path.lstrip("/")
        server.requests.append((path, self.headers["Range"]))
        fault = next((fault for part, fault in server.faults.items() if part in path), "")
        content = server.files[path]
        if fault == "503":
            return self.send_error(503)
        if fault == "loop":
            self.send_response(302)
            self.send_header("Location", self.path)
            return self.end_headers()
        if fault == "html":
            content = b"<html>Please log in to the guest network</html>"
        if fault == "wrong bytes":
            content = content[:-1] + bytes([content[-1] ^ 1])
        start = 0
        if self.headers["Range"] and server.resumes:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        if fault == "cut":
            body = body[: max(1, len(body) // 2)]
        if fault == "slow":
            time.sleep(0.3)
        self.wfile.write(body[: len(body) // 2] if fault == "hang" else body)
        if fault == "hang":
            self.wfile.flush()
            time.sleep(60)


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The data folder of this test; nothing outside tmp_path is read or written, and no proxy stands in between."""
    monkeypatch.setattr(folders, "ROOT", tmp_path / "repository")
    monkeypatch.setattr(folders, "CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(standin, "used", set())
    folders._temporary_folder.cache_clear()
    monkeypatch.setattr(fetch, "PAUSE", 0)
    monkeypatch.setattr(fetch, "TIMEOUT", 5)
    for variable in ("COURSE_DATA_DIR", "COURSE_OFFLINE", "COURSE_CIFAR10_URL", "http_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("COURSE_INTERACTIVE", "0")
    monkeypatch.setattr(standin, "COUNTS", dict.fromkeys(standin.COUNTS, ([5] * 10, [2] * 10)))
    return tmp_path / "repository" / "data"


@pytest.fixture
def mnist(server, here, tmp_path, monkeypatch):
    """The tiny MNIST on the server: path -> content of the unpacked files."""
    files = mnist_files(tmp_path)
    source, server.files = source_of("mnist", files, [server.url])
    monkeypatch.setitem(sources.SOURCES, "mnist", source)
    return files


def contents(folder):
    """path -> content of all files below folder, but locks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def only_good(folder, files):
    """Every file that has its final name is right. (*.part may lie about.)"""
    found = {path: content for path, content in contents(folder).items() if path in files}
    return all(content == files[path] for path, content in found.items())


def recovers(folder, files):
    assert folders.prepare("mnist") == folder
    assert files.items() <= contents(folder).items()
    assert not list(folder.rglob("*.part"))
    return True


# ---- no fault ----


def test_download_and_second_call(mnist, server, here, capsys):
    assert folders.locate("mnist") is None
    assert folders.prepare("mnist") == here
    assert f"Downloading MNIST to {here}" in capsys.readouterr().out
    assert [path for path, _ in server.requests] == list(server.files)
    assert contents(here) == mnist | server.files
    sets = data.load("mnist", validation=10)
    assert (len(sets.train), len(sets.validation), len(sets.test)) == (30, 10, 20)
    assert not sets.standin and sets.source == "real MNIST from data/" and not standin.used
    assert len(server.requests) == 4, "good files are not fetched again"
    assert folders.locate("mnist") == here
    assert capsys.readouterr().out == ""


def test_cifar_archive_mirror_and_note(server, here, tmp_path, monkeypatch, capsys):
    files = cifar_files()
    source, server.files = source_of("cifar10", files, [server.url])
    (archive,) = source.archives(source)
    monkeypatch.setitem(sources.SOURCES, "cifar10", source)
    server.faults["cifar"] = "503"
    with pytest.raises(DataError, match="503"):
        folders.prepare("cifar10")
    server.faults.clear()
    assert folders.prepare("cifar10") == here
    assert "NOTE" in capsys.readouterr().out
    assert files.items() <= contents(here).items()
    assert not list(tmp_path.rglob("evil")), "only files of the table are unpacked"
    sets = data.load("cifar10", validation=0)
    assert sets.train.images.shape == (100, 3, 32, 32) and sets.test.images.shape == (20, 3, 32, 32)
    first = pickle.loads(files["cifar-10-batches-py/data_batch_1"])
    assert (sets.train.images[:20].numpy().reshape(20, -1) == first["data"]).all()


def test_cifar_mirror_variable(monkeypatch):
    from torchvision.datasets import CIFAR10

    source = sources.SOURCES["cifar10"]
    monkeypatch.delenv("COURSE_CIFAR10_URL", raising=False)
    assert source.archives(source)[0].urls == (CIFAR10.url,)
    monkeypatch.setenv("COURSE_CIFAR10_URL", "http://127.0.0.1/copy.tar.gz")
    (archive,) = source.archives(source)
    assert archive.urls == ("http://127.0.0.1/copy.tar.gz", CIFAR10.url)
    assert "COURSE_CIFAR10_URL" in archive.note and "COURSE_OFFLINE=1" in archive.note
    assert archive.md5 == CIFAR10.tgz_md5


def test_a_log_gets_a_sign_of_progress_now_and_then(mnist, here, monkeypatch, capsys):
    monkeypatch.setattr(fetch, "LINE_EVERY", 0)
    folders.prepare("mnist")
    signs = [line for line in re.split(r"[\r\n]", capsys.readouterr().err) if "train-images-idx3-ubyte.gz" in line]
    assert "100%" in signs[-1] and "B/s" in signs[-1]


def test_a_short_download_says_nothing_more_in_a_log(mnist, here, capsys):
    folders.prepare("mnist")
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 + len(mnist) and err == "", "the title, and a note for each archive"


@pytest.mark.parametrize("interactive, every", [("1", 0.1), ("0", fetch.LINE_EVERY)])
def test_a_screen_gets_a_bar_that_moves(monkeypatch, interactive, every):
    monkeypatch.setenv("COURSE_INTERACTIVE", interactive)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with fetch._progress("name", 0, 100) as bar:
        assert bar.mininterval == every


# ---- faults on the way ----


def test_cut_connection_is_resumed(mnist, server, here):
    server.faults[IMAGES] = "cut"
    size = len(server.files[f"{IMAGES}.gz"])
    folders.prepare("mnist")
    ranges = [asked for path, asked in server.requests if IMAGES in path]
    assert ranges[:3] == [None, f"bytes={size // 2}-", f"bytes={size // 2 + (size - size // 2) // 2}-"]
    assert recovers(here, mnist)


def test_cut_connection_without_range(mnist, server, here):
    server.faults[IMAGES], server.resumes = "cut", False
    with pytest.raises(DataError, match=r"cut after [\d,]+ of [\d,]+ bytes") as caught:
        folders.prepare("mnist")
    assert server.url in str(caught.value) and "What to do" in str(caught.value)
    assert only_good(here, mnist | server.files) and f"{IMAGES}.gz" not in contents(here)
    server.faults.clear()  # still no Range: the answer to a Range request is 200 and the whole file
    server.requests.clear()
    assert recovers(here, mnist)
    assert server.requests[0][1] is not None, "it was asked to go on"


@pytest.mark.parametrize(
    "fault, message",
    [
        ("503", "503"),
        ("loop", "redirect"),
        ("html", r"found a file of 47 bytes, expected [\d,]+"),
        ("wrong bytes", r"found md5 [0-9a-f]{32}, expected [0-9a-f]{32}"),
    ],
)
def test_bad_answers(mnist, server, here, fault, message):
    server.faults[IMAGES] = fault
    with pytest.raises(DataError, match=message) as caught:
        folders.prepare("mnist")
    text = str(caught.value)
    assert f"{server.url}/{IMAGES}.gz" in text and "What to do" in text
    assert only_good(here, mnist | server.files) and not list(here.rglob("*.part"))
    server.faults.clear()
    assert recovers(here, mnist)


def test_no_network(mnist, server, here, monkeypatch):
    dead = Server()
    dead.server_close()  # its port now refuses connections
    with monkeypatch.context() as patch:
        patch.setitem(sources.SOURCES, "mnist", source_of("mnist", mnist, [dead.url])[0])
        with pytest.raises(DataError, match="refused"):
            folders.prepare("mnist")
    assert recovers(here, mnist)


def test_not_a_url(mnist, here, monkeypatch):
    source, _ = source_of("mnist", mnist, ["my-mirror"])
    monkeypatch.setitem(sources.SOURCES, "mnist", source)
    with pytest.raises(DataError, match="unknown url type"):
        folders.prepare("mnist")


def test_silent_server(mnist, server, here, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT", 0.3)
    server.faults[IMAGES], server.resumes = "hang", False
    with pytest.raises(DataError, match="timed out"):
        folders.prepare("mnist")
    server.faults.clear()
    assert recovers(here, mnist)


def test_next_mirror(mnist, server, here, monkeypatch):
    source, _ = source_of("mnist", mnist, [f"{server.url}/down", server.url])
    monkeypatch.setitem(sources.SOURCES, "mnist", source)
    server.files |= {f"down/{path}": content for path, content in server.files.items()}
    server.faults["down/"] = "503"
    assert recovers(here, mnist)


@pytest.mark.parametrize("left", ["too long", "other bytes", "right half", "whole"])
def test_half_file_from_before(mnist, server, here, left):
    good = server.files[f"{IMAGES}.gz"]
    part = here / f"{IMAGES}.gz.part"
    part.parent.mkdir(parents=True)
    content, expected = {
        "too long": (good + b"more", [None]),
        "other bytes": (b"x" * 100, ["bytes=100-", None]),
        "right half": (good[:5000], ["bytes=5000-"]),
        "whole": (good, []),
    }[left]
    part.write_bytes(content)
    assert recovers(here, mnist)
    assert [asked for path, asked in server.requests if IMAGES in path] == expected


CHILD = """
import pathlib, pickle, sys
from course_utils.files import fetch
folder, archives = pathlib.Path(sys.argv[1]), pickle.loads(pathlib.Path(sys.argv[2]).read_bytes())
print("ready", flush=True)
sys.stdin.readline()
with fetch.lock(folder, "mnist"):
    fetch.download("MNIST", archives, folder)
"""


@pytest.fixture
def start(mnist, here, tmp_path):
    """Start another process that does what `prepare` does (without torch, whose import takes seconds), and stop it."""
    (tmp_path / "archives").write_bytes(pickle.dumps(sources.SOURCES["mnist"].archives(None)))
    here.mkdir(parents=True)
    processes = []

    def start():
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", CHILD, here, tmp_path / "archives"],
                cwd=ROOT,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def go(process):
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


def test_two_processes_at_once(mnist, server, here, start):
    server.faults["MNIST"] = "slow"
    processes = [start(), start()]
    for process in processes:
        go(process)
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sum("Another process is preparing mnist" in output for output in outputs) == 1
    assert len(server.requests) == 4, "each file was fetched once"
    assert mnist.items() <= contents(here).items() and not list(here.rglob("*.part"))


def test_killed_in_the_middle(mnist, server, here, start):
    server.faults[IMAGES] = "hang"
    process = start()
    go(process)
    part, size = here / f"{IMAGES}.gz.part", len(server.files[f"{IMAGES}.gz"])
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size == size // 2) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert part.stat().st_size == size // 2 and f"{IMAGES}.gz" not in contents(here)
    server.faults.clear()
    server.requests.clear()
    assert recovers(here, mnist)
    assert server.requests[0] == (f"{IMAGES}.gz", f"bytes={size // 2}-"), "the lock is free, and the half file is used"


@pytest.mark.parametrize("what", ["real", "stand-in"])
def test_prepare_waits_for_the_lock(mnist, server, here, monkeypatch, what):
    here.mkdir(parents=True)
    if what == "stand-in":
        monkeypatch.setenv("COURSE_OFFLINE", "1")
    thread = threading.Thread(target=data.load, args=("mnist", 0))
    with fetch.lock(here, "mnist"):
        thread.start()
        thread.join(0.3)
        assert thread.is_alive() and not server.requests and not (here / "stand-in").exists()
    thread.join(30)
    assert len(server.requests) == (4 if what == "real" else 0) and (here / "stand-in").exists() == (what == "stand-in")


# ---- faults on the disk ----


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "found md5"),
        (lambda content: content[:-10], "found 31,366 bytes, expected 31,376"),
    ],
)
@pytest.mark.parametrize("archives_kept", [True, False])
def test_damaged_file(mnist, server, here, capsys, damage, message, archives_kept):
    folders.prepare("mnist")
    (here / IMAGES).write_bytes(damage(mnist[IMAGES]))
    if not archives_kept:
        for path in here.rglob("*.gz"):
            path.unlink()
    server.requests.clear()
    capsys.readouterr()
    sets = data.load("mnist", validation=0)
    out = capsys.readouterr().out
    assert f"{IMAGES}: {message}" in out and "cannot be used" in out
    assert not sets.standin and contents(here)[IMAGES] == mnist[IMAGES]
    assert len(server.requests) == (0 if archives_kept else 1), "only what is damaged is fetched"


def test_unpacked_file_is_checked_too(mnist, here, monkeypatch):
    """As when the disk damages a file on its way: the archive is right, what comes out of it is not."""
    written = mnist[IMAGES][:-1] + b"?"
    with monkeypatch.context() as patch:
        patch.setattr(fetch.shutil, "copyfileobj", lambda stream, out: out.write(written))
        with pytest.raises(DataError, match=f"{IMAGES}.gz holds a wrong {IMAGES}: found md5"):
            folders.prepare("mnist")
    assert IMAGES not in contents(here)
    assert recovers(here, mnist)


def test_damaged_course_data_dir_then_good_data(mnist, server, here, tmp_path, monkeypatch, capsys):
    folders.prepare("mnist")
    shutil.copytree(here, tmp_path / "given")
    (tmp_path / "given" / IMAGES).write_bytes(b"short")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "given"))
    assert data.load("mnist", validation=0).source == "real MNIST from data/"
    assert "COURSE_DATA_DIR" in capsys.readouterr().out


def test_download_goes_to_course_data_dir(mnist, here, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "new" / "folder"))
    assert folders.prepare("mnist") == tmp_path / "new" / "folder" == folders.locate("mnist")
    assert data.load("mnist", validation=0).source == "real MNIST from COURSE_DATA_DIR"
    assert not here.exists()


def test_unwritable_course_data_dir(mnist, here, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "file" / "below"))
    assert recovers(here, mnist)


def test_nothing_writable(mnist, server, here, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setattr(folders, "ROOT", tmp_path / "file")
    monkeypatch.setattr(folders, "CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match="None of them can be written. Set COURSE_DATA_DIR"):
        folders.prepare("mnist")
    sets = data.load("mnist", validation=0)
    assert sets.standin and len(sets.train) == 50 and tempfile.gettempdir() in str(sets.folder)
    assert "None of them can be written" in capsys.readouterr().out and server.requests == []


def test_folder_that_cannot_be_made(mnist, here, capsys):
    here.mkdir(parents=True)
    (here / "MNIST").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(DataError, match="Cannot write to .* Set COURSE_DATA_DIR"):
        folders.prepare("mnist")
    assert data.load("mnist", validation=0).standin
    (here / "MNIST").unlink()
    assert recovers(here, mnist)


@contextlib.contextmanager
def unprivileged():
    """Permission bits do not bind root; so be nobody for a while."""
    root = os.geteuid() == 0  # posix
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def read_only(mnist, here, monkeypatch):
    """COURSE_DATA_DIR with the data, not writable; a repository beside it that is. (tmp_path is closed to nobody.)"""
    if sys.platform == "win32":
        pytest.skip("Windows has no permission bits on folders")
    folders.prepare("mnist")
    outer = Path(tempfile.mkdtemp())
    folder = shutil.copytree(here, outer / "given", ignore=shutil.ignore_patterns("*.gz", ".*"))
    (outer / "repository").mkdir()
    for path in outer.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (outer / "repository").chmod(0o777)
    outer.chmod(0o755)
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    monkeypatch.setattr(folders, "ROOT", outer / "repository")
    yield folder
    for path in [outer, *outer.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(outer)


def test_read_only_folder_with_good_data(read_only, server):
    before = sorted(read_only.parent.rglob("*"))
    server.requests.clear()
    with unprivileged():
        with pytest.raises(PermissionError):
            (read_only / "probe").touch()
        sets = data.load("mnist", validation=0)
    assert sets.source == "real MNIST from COURSE_DATA_DIR" and len(sets.train) == 40
    assert sorted(read_only.parent.rglob("*")) == before and server.requests == [], "no lock, no download"


def test_read_only_folder_with_damaged_data(mnist, read_only, capsys):
    (read_only / IMAGES).chmod(0o644)
    (read_only / IMAGES).write_bytes(b"short")
    with unprivileged():
        assert folders.prepare("mnist") == folders.ROOT / "data"
    assert f"{IMAGES}: found 5 bytes" in capsys.readouterr().out
    assert mnist.items() <= contents(folders.ROOT / "data").items()


def test_disk_too_small(mnist, server, here, monkeypatch, capsys):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 1234, 1234))
    with pytest.raises(DataError, match=r"disk is full: MNIST needs [\d,]{6,} bytes in .*1,234 are free") as caught:
        folders.prepare("mnist")
    assert "What to do" in str(caught.value) and server.requests == [] and str(here) in str(caught.value)
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage(10**9, 0, 10**9))
    assert recovers(here, mnist)


@pytest.mark.parametrize("where", [rf"{IMAGES}\.gz\.part", rf"{IMAGES}\.[0-9a-f]+\.part"], ids=["fetched", "unpacked"])
def test_disk_full_while_writing(mnist, server, here, monkeypatch, where):
    def full(path, mode="r", *args, **kwargs):
        file = open(path, mode, *args, **kwargs)
        if "b" in mode and "r" not in mode and re.fullmatch(where, Path(path).relative_to(here).as_posix()):

            def write(chunk):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            full_file = type("FullFile", (), {"write": staticmethod(write), "close": staticmethod(file.close)})
            return contextlib.closing(full_file())
        return file

    monkeypatch.setattr(fetch, "open", full, raising=False)
    with pytest.raises(DataError, match="disk is full"):
        folders.prepare("mnist")
    assert only_good(here, mnist | server.files) and IMAGES not in contents(here)
    left = {path for path in contents(here) if path.endswith(".part")}
    assert left <= {f"{IMAGES}.gz.part"}, "what was half unpacked makes room"
    monkeypatch.setattr(fetch, "open", open, raising=False)
    assert recovers(here, mnist)


@pytest.fixture
def small_disk(here):
    """A real file system of 40 kB: the archives of the tiny MNIST do not fit."""
    here.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", str(here)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted by root on Linux")
    yield here
    subprocess.run(["umount", str(here)], check=True)


@pytest.mark.parametrize("lies", [False, True])
def test_disk_really_full(mnist, small_disk, server, monkeypatch, lies):
    if lies:  # as a disk that others fill meanwhile: room before, none while writing
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage(10**9, 0, 10**9))
    with pytest.raises(DataError, match="disk is full"):
        folders.prepare("mnist")
    assert bool(server.requests) == lies
    assert only_good(small_disk, mnist | server.files) and IMAGES not in contents(small_disk)
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    assert recovers(small_disk, mnist)


# ---- the stand-in as the way out ----


def test_load_falls_back_loudly(mnist, server, here, capsys):
    server.faults["MNIST"] = "503"
    sets = data.load("mnist", validation=10)
    out = capsys.readouterr().out
    assert "503" in out and server.url in out and "What to do" in out and "STAND-IN IN USE" in out
    assert sets.standin and sets.source == "drawn stand-in for MNIST" and standin.used == {"mnist"}
    assert sets.folder == here / "stand-in" / "MNIST" / "raw" and folders.locate("mnist") is None
    data.load("mnist", validation=10)
    assert "STAND-IN IN USE" in capsys.readouterr().out, "said every time"
    server.faults.clear()
    assert not data.load("mnist", validation=10).standin, "the real data comes back by itself"


def test_offline(mnist, server, here, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(DataError, match="COURSE_OFFLINE"):
        folders.prepare("mnist")
    assert data.load("mnist", validation=0).standin
    assert server.requests == []
    monkeypatch.setenv("COURSE_OFFLINE", "0")
    assert not data.load("mnist", validation=0).standin


def test_prepare_only_looks_when_it_is_told_so(mnist, server, here, monkeypatch):
    """Without a request and without a new folder; and whatever COURSE_OFFLINE says, the argument counts."""
    with pytest.raises(DataError, match="Looked in") as caught:
        folders.prepare("mnist", offline=True)
    assert "COURSE_OFFLINE" not in str(caught.value) and str(here) in str(caught.value)
    assert server.requests == [] and not here.exists()
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert folders.is_offline() and folders.prepare("mnist", offline=False) == here
    assert folders.prepare("mnist", offline=True) == here
    (here / IMAGES).write_bytes(mnist[IMAGES][:-1] + b"?")
    (here / f"{IMAGES}.gz").unlink()  # what is there would be unpacked
    server.requests.clear()
    with pytest.raises(DataError, match="Looked in"):
        folders.prepare("mnist", offline=True)
    assert server.requests == []


@pytest.mark.parametrize("value, offline", [("", False), ("0", False), ("1", True), ("yes", True)])
def test_what_counts_as_offline(monkeypatch, value, offline):
    monkeypatch.setenv("COURSE_OFFLINE", value)
    assert folders.is_offline() == offline


def test_no_room_for_the_standin(mnist, here, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")

    def full(name, folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

    monkeypatch.setattr(standin, "draw", full)
    with pytest.raises(DataError, match="cannot be written anywhere(?s:.*)Free 200 MB"):
        data.load("mnist", validation=0)


# ---- pickles ----


class Evil:
    def __reduce__(self):
        return os.system, ("echo evil",)


def test_evil_pickle_is_refused(tmp_path, capfd):
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({"data": Evil()}))
    with pytest.raises(pickle.UnpicklingError, match="system in a CIFAR-10 file, expected NumPy arrays only"):
        sources._read_cifar_files([tmp_path / "data_batch_1"])
    assert "evil" not in capfd.readouterr().out
