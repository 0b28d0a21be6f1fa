"""Download files and prove that they are right: `faults` checks a folder, `download` mends it.

A file arrives as NAME.part and gets its name when size and md5 hold, so a half file is never taken for a whole one.
A download that was cut, even by a crash, goes on where it stopped if the server allows it. (torchvision's downloader
does neither.) Which files there are, and where they come from, is up to `data`.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.client
import os
import shutil
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from course_utils.files.atomic import atomic

TIMEOUT = 15  # seconds without a byte before a server counts as silent
PAUSE = 1  # seconds before a cut download is taken up again
LINE_EVERY = 15  # seconds between two signs of progress where no screen is
DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class DataError(RuntimeError):
    """The real data cannot be had. The message says what failed and what to do."""


@dataclass(frozen=True)
class File:
    """A file below the data folder; size in bytes."""

    path: str
    size: int
    md5: str


@dataclass(frozen=True)
class Archive(File):
    """A file to download: from where, what it unpacks to, and what to say before a long wait."""

    urls: tuple[str, ...]
    files: tuple[File, ...]
    note: str = ""


def faults(files: Sequence[File], folder: Path) -> dict[str, str]:
    """The files below folder that are not as they should be: path -> what is wrong, "missing" if there is none."""
    with ThreadPoolExecutor() as pool:  # reading and hashing let other threads run: all files at once
        found = list(pool.map(lambda file: _fault(folder / file.path, file), files))
    return {file.path: fault for file, fault in zip(files, found, strict=True) if fault}


def _fault(path: Path, file: File) -> str:
    try:
        if (size := path.stat().st_size) != file.size:
            return f"found {size:,} bytes, expected {file.size:,}"
        if (md5 := md5_of(path)) != file.md5:
            return f"found md5 {md5}, expected {file.md5}"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError as error:
        return f"cannot be read: {error}"
    return ""


def md5_of(path: Path) -> str:
    """The md5 of a file's bytes, in hexadecimal digits. Raises OSError."""
    digest = hashlib.md5(usedforsecurity=False)
    chunk = memoryview(bytearray(1 << 20))
    with open(path, "rb", buffering=0) as file:
        while size := file.readinto(chunk):
            digest.update(chunk[:size])
    return digest.hexdigest()


@contextmanager
def lock(folder: Path, name: str) -> Iterator[None]:
    """One process at a time writes a data set to a folder. The system frees the lock when a process dies."""
    file_lock = FileLock(folder / f".{name}.lock")
    try:
        file_lock.acquire(timeout=0)
    except Timeout:
        print(f"Another process is preparing {name} in {folder}; waiting for it.", flush=True)
        file_lock.acquire()
    try:
        yield
    finally:
        file_lock.release()


def download(title: str, archives: Sequence[Archive], folder: Path) -> None:
    """Download and unpack what is missing or wrong below folder. Raises DataError; OSError where it cannot write."""
    archives = [archive for archive in archives if faults(archive.files, folder)]
    if not archives:
        return
    room = sum(file.size for archive in archives for file in (archive, *archive.files))
    try:
        if shutil.disk_usage(folder).free < room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        print(f"Downloading {title} to {folder}", flush=True)
        for archive in archives:
            _fetch(archive, folder)
            _unpack(archive, folder)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise DataError(
            f"The disk is full: {title} needs {room:,} bytes in {folder}, "
            f"{shutil.disk_usage(folder).free:,} are free.\n"
            "What to do: free some space, or set COURSE_DATA_DIR to a folder on another disk."
        ) from error


def _fetch(archive: Archive, folder: Path) -> None:
    """Get the archive from the first url that gives it whole."""
    target = folder / archive.path
    if not _fault(target, archive):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    if archive.note:
        print(archive.note, flush=True)
    failures = ""
    for url in archive.urls:
        failure = _fetch_from(url, part, archive)
        if not failure:
            os.replace(part, target)
            return
        failures += f"  {url}\n    {failure}\n"
    raise DataError(
        f"The download of {archive.path} failed:\n{failures}"
        "What to do: check the network and try again (what has arrived is kept), or copy the file by hand\n"
        f"to {target}\nor set COURSE_DATA_DIR to a folder that has the data."
    )


def _fetch_from(url: str, part: Path, archive: Archive) -> str:
    """Add to part what it lacks. Returns "" when it is whole and right, else what went wrong."""
    started_again = False
    while True:
        before = _size(part)
        try:
            _receive(url, part, archive)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if getattr(error, "errno", None) in DISK_FULL:
                raise
            if _size(part) <= before:  # nothing came, so the same again would not help
                return " ".join(str(error).split())
            time.sleep(PAUSE)
            continue
        fault = _fault(part, archive)
        if not fault:
            return ""
        part.unlink()
        if started_again:
            return fault
        started_again = True  # a resumed file may be wrong from its first half on: once more from the start


def _receive(url: str, part: Path, archive: Archive) -> None:
    """One connection. Raises OSError, HTTPException or ValueError (not a url) when the file is not whole after it."""
    have = _size(part)
    if have >= archive.size:
        return
    headers = {"User-Agent": "cnn-course"} | ({"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as response:
        if response.status != 206:  # this server cannot resume: the file comes from its first byte
            have = 0
        length = response.headers["Content-Length"]
        if length and have + int(length) != archive.size:
            raise ConnectionError(f"found a file of {have + int(length):,} bytes, expected {archive.size:,}")
        with open(part, "ab" if have else "wb") as out, _progress(part.stem, have, archive.size) as progress:
            while have < archive.size and (chunk := response.read1(1 << 16)):
                out.write(chunk)
                have += len(chunk)
                progress.update(len(chunk))
    if have != archive.size:
        raise ConnectionError(f"the connection was cut after {have:,} of {archive.size:,} bytes")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _progress(name: str, have: int, size: int) -> tqdm:
    """A bar with speed and time left; in a log, where no screen is, it shows itself now and then only."""
    screen = os.environ.get("COURSE_INTERACTIVE") != "0" and ("ipykernel" in sys.modules or sys.stderr.isatty())
    every = 0.1 if screen else LINE_EVERY
    return tqdm(
        desc=name, initial=have, total=size, unit="B", unit_scale=True, delay=every, mininterval=every, miniters=1
    )


def _unpack(archive: Archive, folder: Path) -> None:
    for file, stream in _members(archive, folder / archive.path):
        with atomic(folder / file.path) as part:
            with open(part, "wb") as out:
                shutil.copyfileobj(stream, out)
            if fault := _fault(part, file):
                raise DataError(f"{archive.path} holds a wrong {file.path}: {fault}.")


def _members(archive: Archive, path: Path) -> Iterator[tuple[File, IO[bytes]]]:
    if not tarfile.is_tarfile(path):
        with gzip.open(path) as stream:
            yield archive.files[0], stream
        return
    wanted = {file.path: file for file in archive.files}
    with tarfile.open(path) as tar:
        for member in tar:
            if member.name in wanted:
                yield wanted[member.name], tar.extractfile(member)
