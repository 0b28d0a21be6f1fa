"""Where the files of a data set lie: found in one of three folders, whatever they are called there, else downloaded.

COURSE_DATA_DIR=folder     look there first, download to there
COURSE_OFFLINE=1           never use the network
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from course_utils import ROOT
from course_utils.files import standin
from course_utils.files.fetch import DataError, download, faults, lock
from course_utils.files.found import candidates, gather
from course_utils.files.sources import source_of

CACHE = "~/.cache/cnn-course"


def locate(name: str) -> Path | None:
    """The folder where real files of the right sizes lie (quick: no checksums), or None."""
    for folder in data_folders():
        sizes = {folder / file.path: file.size for file in source_of(name).files}
        if all(os.path.isfile(path) and os.path.getsize(path) == size for path, size in sizes.items()):
            return folder
    return None


def is_offline() -> bool:
    """True when COURSE_OFFLINE forbids the network."""
    return os.environ.get("COURSE_OFFLINE", "0") not in ("", "0")


def prepare(name: str, offline: bool | None = None) -> Path:
    """The folder with the real files, all verified by size and md5. Raises DataError when they cannot be had.

    What lies in the data folders under other names, or packed, is laid out first.

    Args:
        name: of the data set.
        offline: True only looks, False also downloads what is missing or wrong; without it, as COURSE_OFFLINE says.
    """
    source = source_of(name)
    for folder, label in data_folders().items():
        found = faults(source.files, folder)
        if not found:
            return folder
        if set(found.values()) != {"missing"}:
            print(
                f"{source.title} in {label} ({folder}) cannot be used:",
                *(f"  {path}: {why}" for path, why in found.items()),
                sep="\n",
                flush=True,
            )
    looked = f"Looked in {', '.join(map(str, data_folders()))}. "
    only_look = offline is True or (offline is None and is_offline())
    if only_look and not any(candidates(data_folders())):
        raise DataError(looked + ("COURSE_OFFLINE is set, so nothing is downloaded." if is_offline() else ""))
    writable = next(_writable_folders(), None)
    folder = writable or _temporary_folder()
    with _writing(folder, name):
        missing = gather(source.files, data_folders(), folder)
        if not missing:
            print(f"{source.title} was found on this disk; it is laid out in {folder}", flush=True)
            return folder
        if only_look:
            forbidden = "COURSE_OFFLINE is set, so nothing is downloaded. " if is_offline() else ""
            raise DataError(looked + forbidden + not_found(missing))
        if writable is None:
            raise DataError(looked + "None of them can be written. Set COURSE_DATA_DIR to a folder that can.")
        download(source.title, source.archives(source), folder)
    return folder


def take(name: str, place: Path) -> Path:
    """Copy a data set's files from a folder or an archive, such as a USB stick, to the first folder that takes them.

    Raises:
        DataError: they are not all there, or cannot be written.
    """
    folder = next(_writable_folders(), None)
    if not place.exists():
        raise DataError(f"There is no {place}.")
    if folder is None:
        raise DataError("No data folder can be written. Set COURSE_DATA_DIR to a folder that can.")
    with _writing(folder, name):
        missing = gather(source_of(name).files, [place], folder, stays=False)
    if missing:
        raise DataError(f"Looked in {place}. {not_found(missing)}")
    return folder


@contextmanager
def _writing(folder: Path, name: str) -> Iterator[None]:
    """One process at a time; an error of the disk becomes a DataError."""
    try:
        with lock(folder, name):
            yield
    except OSError as error:
        raise DataError(f"Cannot write to {folder}: {error}. Set COURSE_DATA_DIR to another folder.") from error


def not_found(missing: dict[str, str]) -> str:
    """What `gather` did not find, a line for each file, with what looks like it."""
    lines = [f"  {path}{f': {alike}' if alike else ''}" for path, alike in missing.items()]
    return "\n".join(["Not found:", *lines])


def data_folders() -> dict[Path, str]:
    """Where data may lie, in the order of the search, each with a name for people."""
    folders = {ROOT / "data": "data/", Path(os.path.expanduser(CACHE)): CACHE}
    if ROOT.name.endswith("-packages"):  # installed instead of cloned: leave site-packages alone
        del folders[ROOT / "data"]
    if given := os.environ.get("COURSE_DATA_DIR"):
        folders = {Path(given).expanduser().resolve(): "COURSE_DATA_DIR"} | folders
    return folders


def _writable_folders() -> Iterator[Path]:
    for folder in data_folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):  # permission bits do not tell on every system; a write does
                pass
        except OSError:
            continue
        yield folder


def prepare_standin(name: str) -> Path:
    """The folder with the drawn files, drawn now if need be, in the first place that takes them. Raises DataError."""
    for folder in data_folders():
        if standin.ready(name, folder / "stand-in"):
            return folder / "stand-in"
    failures = ""
    for folder in _folders_for_drawings():
        try:
            with lock(folder, name):
                if not standin.ready(name, folder / "stand-in"):
                    standin.draw(name, folder / "stand-in")
            return folder / "stand-in"
        except OSError as error:
            failures += f"  {error}\n"
    raise DataError(f"The drawn stand-in cannot be written anywhere:\n{failures}Free 200 MB of disk and try again.")


def _folders_for_drawings() -> Iterator[Path]:
    """The folders that can be written, then a temporary one. Raises OSError when not even that can be made."""
    yield from _writable_folders()
    yield _temporary_folder()


@cache
def _temporary_folder() -> Path:
    """For those who may write nowhere: gone when the process ends."""
    folder = tempfile.mkdtemp(prefix="cnn-course-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
