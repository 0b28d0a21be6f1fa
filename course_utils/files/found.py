"""Real files that lie on the disk under other names, in other folders or packed: known by their size and md5 alone.

They come from an earlier course, a USB stick or a file manager: flat, with another ending, in a folder of their own,
in a .gz that another program made, in a .zip or a tar archive. What fits is laid out as torchvision wants it. Nothing
is believed but the content: names of members are not used as paths, links out of the folder are not followed, and of a
packed file no more is read than the file that is looked for has.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import secrets
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from course_utils.files.atomic import atomic
from course_utils.files.fetch import DISK_FULL, File, faults, md5_of

DEPTH = 4  # folders below the one that is searched
ENTRIES = 20_000  # files of a folder, members of an archive
LARGEST = 2**30  # bytes of an archive that is looked into
BROKEN = (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
Wanted = dict[tuple[int, str], File]  # by size and md5


def gather(files: Sequence[File], places: Iterable[Path], folder: Path, stays: bool = True) -> dict[str, str]:
    """Lay out below `folder` those of the files that are found in `places`, by link or as a copy.

    Args:
        places: folders, or single files; those that do not exist are passed over.
        stays: False for a USB stick, whose files are copied.

    Returns:
        The files that were not found: path -> what looks like it and is not, or "".

    Raises:
        OSError: the folder cannot be written.
    """
    wrong = faults(files, folder)
    wanted: Wanted = {(file.size, file.md5): file for file in files if file.path in wrong}
    alike = dict.fromkeys(wrong, "")
    for path in candidates(places):
        if not wanted:
            break
        key = _key(path, wanted)
        if key in wanted:
            _lay_out(path, folder / wanted.pop(key).path, stays)
        elif _is_packed(path):
            _unpack(path, wanted, folder)
        for file in wanted.values():
            if _plain(Path(file.path)) in _plain(path) and path != folder / file.path:
                alike[file.path] = f"{path} has {_size(path):,} bytes, expected {file.size:,}, or an archive of it"
                if key:
                    alike[file.path] = f"{path} has the md5 {key[1]}, expected {file.md5}"
    return {file.path: alike[file.path] for file in wanted.values()}


def candidates(places: Iterable[Path]) -> Iterator[Path]:
    """The files in places, a bounded number; a link counts if it stays inside."""
    for place in places:
        if os.path.isfile(place):
            yield place
            continue
        root, left = Path(os.path.realpath(place)), ENTRIES
        for folder, inner, names in os.walk(root):
            depth = len(Path(folder).relative_to(root).parts)
            inner[:] = sorted(n for n in inner if depth < DEPTH and n != "stand-in" and not n.startswith("."))
            for name in sorted(names)[:left]:
                path = Path(folder, name)
                inside = Path(os.path.realpath(path)).is_relative_to(root)
                if inside and os.path.isfile(path) and path.suffix not in (".lock", ".part"):
                    yield path
            left -= len(names)
            if left <= 0:
                break


def _plain(path: Path) -> str:
    """A name without its ending, as different programs write it: train-images.idx3-ubyte is train-images-idx3-ubyte."""
    return path.name.lower().replace(".", "-").replace("_", "-")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _key(path: Path, wanted: Wanted) -> tuple[int, str] | None:
    """Size and md5, if a file of this size is wanted."""
    size = _size(path)
    try:
        return (size, md5_of(path)) if size in {size for size, _ in wanted} else None
    except OSError:  # not ours to read
        return None


def _lay_out(source: Path, target: Path, stays: bool) -> None:
    """A hard link, else a link, else a copy, under the name that is wanted."""
    with atomic(target) as part:
        for way in (os.link, os.symlink) if stays else ():
            try:
                return way(source, part)
            except OSError:  # another disk; a system without links
                pass
        shutil.copyfile(source, part)


def _is_packed(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            start = file.read(265)
    except OSError:
        return False
    return (start[:2] in (b"\x1f\x8b", b"PK") or start[257:262] == b"ustar") and _size(path) <= LARGEST


def _unpack(path: Path, wanted: Wanted, folder: Path) -> None:
    """Take what is wanted out of an archive. One that is cut, encrypted or none at all gives what it can."""
    try:
        for stream in _members(path, wanted):
            _keep(stream, wanted, folder)
            if not wanted:
                return
    except BROKEN as error:
        if getattr(error, "errno", None) in DISK_FULL:
            raise


def _members(path: Path, wanted: Wanted) -> Iterator[IO[bytes]]:
    """A stream for each file in an archive that may be wanted: its size fits, or it is a .gz, where reading tells."""
    sizes = {size for size, _ in wanted}
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist()[:ENTRIES]:
                packed = member.filename.endswith(".gz")
                if packed or member.file_size in sizes:
                    with archive.open(member) as stream:
                        yield gzip.open(stream) if packed else stream
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for _, member in zip(range(ENTRIES), archive, strict=False):
                packed = member.name.endswith(".gz")
                if member.isfile() and (packed or member.size in sizes):
                    stream = archive.extractfile(member)
                    yield gzip.open(stream) if packed else stream
    else:
        with gzip.open(path) as stream:
            yield stream


def _keep(stream: IO[bytes], wanted: Wanted, folder: Path) -> None:
    """Write a stream under the name of the file that it is; no more of it is read than the largest of them has."""
    limit = max(size for size, _ in wanted)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"found.{secrets.token_hex(4)}.part"
    digest, size = hashlib.md5(usedforsecurity=False), 0
    try:
        with open(part, "wb") as out:
            while chunk := stream.read(1 << 20):
                size += len(chunk)
                if size > limit:
                    return
                digest.update(chunk)
                out.write(chunk)
        if file := wanted.pop((size, digest.hexdigest()), None):
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(part, folder / file.path)
    finally:
        part.unlink(missing_ok=True)
