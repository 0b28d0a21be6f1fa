"""Real data that already lies on the disk is found, whatever its name and folder; only its content is believed."""

import gzip
import io
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from course_utils import data
from course_utils.__main__ import main
from course_utils.files import fetch, folders, found, sources, standin
from course_utils.files.fetch import DataError
from tests.unit.test_files_fetch import cifar_files, mnist_files, source_of

IMAGES = "MNIST/raw/train-images-idx3-ubyte"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """COURSE_DATA_DIR, offline; nothing outside tmp_path is read or written."""
    monkeypatch.setattr(folders, "ROOT", tmp_path / "repository")
    monkeypatch.setattr(folders, "CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(standin, "used", set())
    folders._temporary_folder.cache_clear()
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "given"))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    (tmp_path / "given").mkdir()
    return tmp_path / "given"


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """path -> content of a tiny MNIST."""
    files = mnist_files(tmp_path)
    monkeypatch.setitem(sources.SOURCES, "mnist", source_of("mnist", files, [])[0])
    return files


@pytest.fixture
def cifar10(monkeypatch):
    files = cifar_files()
    monkeypatch.setitem(sources.SOURCES, "cifar10", source_of("cifar10", files, [])[0])
    return files


def name_of(path):
    return path.rpartition("/")[2]


def put(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def kaggles(name):
    """train-images.idx3-ubyte: as Kaggle and some posts call the files."""
    return name_of(name).replace("-idx", ".idx")


LAYOUTS = {
    "flat, with a dot": lambda files: {kaggles(name): content for name, content in files.items()},
    "flat": lambda files: {name_of(name): content for name, content in files.items()},
    "gz of another gzip": lambda files: {
        f"{name_of(name)}.gz": gzip.compress(content, 1, mtime=7) for name, content in files.items()
    },
    "a folder of the file's name": lambda files: {
        f"archive/{kaggles(name)}/{kaggles(name)}": content for name, content in files.items()
    },
    "Kaggle's zip": lambda files: {
        "archive (1).zip": zipped({f"{kaggles(name)}/{kaggles(name)}": c for name, c in files.items()})
    },
    "gz in a zip": lambda files: {"x.zip": zipped({f"{name_of(n)}.gz": gzip.compress(c) for n, c in files.items()})},
    "tar": lambda files: {"mnist.tar": tarred(files, "w")},
    "other names": lambda files: {f"{i}.bin": content for i, content in enumerate(files.values())},
    "several, mixed": lambda files: {
        "a/one.zip": zipped(dict(list(files.items())[:2])),
        **{f"b/c/{name_of(name)}": content for name, content in list(files.items())[2:]},
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_mnist_is_found(layout, mnist, here, capsys):
    put(here, LAYOUTS[layout](mnist))
    assert folders.locate("mnist") is None
    sets = data.load("mnist", validation=10)
    assert not sets.standin and sets.source == "real MNIST from COURSE_DATA_DIR"
    assert "MNIST was found on this disk; it is laid out in " in capsys.readouterr().out
    assert folders.locate("mnist") == here and not list(here.rglob("*.part"))
    data.load("mnist", validation=10)
    assert capsys.readouterr().out == "", "the second time, it lies where it belongs"


@pytest.mark.parametrize(
    "layout",
    [
        lambda files: {f"cifar-10-python/{name}": content for name, content in files.items()},
        lambda files: {"cifar-10-python.tar.gz": tarred(files)},
        lambda files: {"cifar-10-python.tar.gz": tarred({f"./{name}": content for name, content in files.items()})},
        lambda files: {"cifar-10-python.zip": zipped(files)},
    ],
    ids=["unpacked by a file manager", "repacked", "repacked from a dot", "zip"],
)
def test_cifar10_is_found(layout, cifar10, here):
    put(here, layout(cifar10))
    assert not data.load("cifar10", validation=0).standin
    assert folders.locate("cifar10") == here


def test_a_class_without_network_gets_the_archive_that_is_there(mnist, here):
    put(here, {f"{name}.gz": gzip.compress(content) for name, content in mnist.items()})
    assert folders.prepare("mnist") == here


def test_what_is_in_a_read_only_folder_is_used(mnist, here, tmp_path, monkeypatch):
    put(here, LAYOUTS["flat"](mnist))
    monkeypatch.setattr(folders, "_writable_folders", lambda: iter([tmp_path / "cache"]))
    (tmp_path / "cache").mkdir()
    assert folders.prepare("mnist") == tmp_path / "cache"
    assert os.path.samefile(tmp_path / "cache" / IMAGES, here / name_of(IMAGES)), "a link: it takes no room"


def test_nothing_can_be_written(mnist, here, monkeypatch):
    put(here, LAYOUTS["flat"](mnist))
    monkeypatch.setattr(folders, "_writable_folders", lambda: iter([]))
    sets = data.load("mnist", validation=10)
    assert not sets.standin and "cnn-course-" in str(sets.folder)


def test_a_disk_without_links_gets_copies(mnist, here, monkeypatch):
    put(here, LAYOUTS["flat"](mnist))

    def refused(*_):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(os, "symlink", refused)
    folders.prepare("mnist")
    assert not os.path.samefile(here / IMAGES, here / name_of(IMAGES))


def test_wrong_content_is_named_and_not_used(mnist, here):
    files = LAYOUTS["flat"](mnist)
    wrong = files[name_of(IMAGES)][:-1] + b"?"
    put(here, files | {name_of(IMAGES): wrong, "t10k-images.idx3-ubyte": b"short"})
    (here / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(DataError) as caught:
        folders.prepare("mnist")
    text = str(caught.value)
    assert f"{here / name_of(IMAGES)} has the md5 {fetch.md5_of(here / name_of(IMAGES))}, expected " in text
    assert f"{here / 't10k-images.idx3-ubyte'} has 5 bytes, expected 15,696, or an archive of it" in text
    assert "labels" not in text.partition("Not found:")[2]
    assert not (here / IMAGES).exists()
    assert data.load("mnist", validation=0).standin


def test_nothing_leaves_the_folder(mnist, here, tmp_path):
    outside = tmp_path / "outside"
    put(outside, LAYOUTS["flat"](mnist))
    try:
        (here / "link").symlink_to(outside)  # posix
        (here / "train-images-idx3-ubyte").symlink_to(outside / "train-images-idx3-ubyte")  # posix
    except OSError:
        pytest.skip("no links on this system")
    with pytest.raises(DataError, match="Not found"):
        put(here, {"something else": b"x"})
        folders.prepare("mnist")


def test_names_of_members_are_no_paths(mnist, here, tmp_path):
    evil = {f"../../{name_of(name)}": content for name, content in mnist.items()}
    put(here, {"evil.tar.gz": tarred(evil), "evil.zip": zipped({"../evil": b"evil"})})
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    folders.prepare("mnist")
    new = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert {path.relative_to(here).as_posix() for path in new} == {*mnist, ".mnist.lock"}


@pytest.mark.parametrize("name", ["bomb.gz", "bomb.zip", "train-images-idx3-ubyte.gz"])
def test_an_archive_that_unpacks_to_more_is_read_no_further(mnist, here, name, monkeypatch):
    bomb = b"0" * 50_000_000
    put(
        here,
        {name: zipped({"train-images-idx3-ubyte.gz": gzip.compress(bomb)}) if "zip" in name else gzip.compress(bomb)},
    )
    read = []
    keep = gzip.GzipFile.read

    def counted(self, size=-1):
        part = keep(self, size)
        read.append(len(part))
        return part

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    with pytest.raises(DataError):
        folders.prepare("mnist")
    assert sum(read) < 5_000_000 and not list(here.rglob("*.part"))


BROKEN = {"gzip": b"\x1f\x8b garbage", "zip": b"PK garbage", "cut off": gzip.compress(b"x" * 10_000)[:50], "empty": b""}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_broken_archives_are_passed_over(mnist, here, content):
    put(here, {"a.gz": content, **LAYOUTS["flat"](mnist)})
    assert folders.prepare("mnist") == here


def test_the_search_is_bounded(mnist, here, monkeypatch):
    put(here, {f"{'deep/' * 6}{name_of(name)}": content for name, content in mnist.items()})
    put(here, {f"many/{i:03}": b"" for i in range(50)})
    assert not [path for path in found.candidates([here]) if "deep/deep/deep/deep/deep" in path.as_posix()]
    monkeypatch.setattr(found, "ENTRIES", 10)
    assert len(list(found.candidates([here]))) <= 10


def test_a_disk_that_gets_full_is_no_broken_archive(mnist, here, monkeypatch):
    put(here, LAYOUTS["Kaggle's zip"](mnist))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(found, "_keep", full)
    with pytest.raises(DataError, match=r"Cannot write to .*No space left"):
        folders.prepare("mnist")


def test_from_a_usb_stick(mnist, here, tmp_path, capsys):
    stick = tmp_path / "stick"
    put(stick, LAYOUTS["Kaggle's zip"](mnist))
    for place in (stick, stick / "archive (1).zip"):
        shutil.rmtree(here)
        assert main(["data", "mnist", "--from", str(place)]) == 0
        assert f"mnist: real and whole in {here}" in capsys.readouterr().out
        shutil.rmtree(here / "MNIST")
        put(here, {})
        here.mkdir(exist_ok=True)
    assert main(["data", "mnist", "--from", str(tmp_path / "nothing")]) == 1
    assert "There is no " in capsys.readouterr().err
    (stick / "archive (1).zip").unlink()
    assert main(["data", "mnist", "--from", str(stick)]) == 1
    error = capsys.readouterr().err
    assert f"Looked in {stick}. Not found:\n  {IMAGES}" in error


def test_copies_from_a_stick_are_no_links(mnist, here, tmp_path):
    put(tmp_path / "stick", LAYOUTS["flat"](mnist))
    folders.take("mnist", Path(tmp_path / "stick"))
    shutil.rmtree(tmp_path / "stick")
    assert folders.prepare("mnist") == here
