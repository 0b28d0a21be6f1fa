"""Read and write IDX files, the format in which MNIST and Fashion-MNIST are published.

An IDX file is a short header and then the numbers themselves, nothing else:

    byte 0, 1      always 0
    byte 2         the type of one element, see TYPES
    byte 3         the number of dimensions
    then           the size of each dimension, 4 bytes each, an unsigned big-endian integer
    then           the elements, big-endian, the last dimension runs fastest

This module is about one file on the disk. Where the files come from, and how they become a `Dataset`, is in `data`.

Source of the format: http://yann.lecun.com/exdb/mnist/, "The IDX file format", at the end of the page.
"""

import gzip
import math
import os
import stat
import struct
import sys
import zlib
from typing import BinaryIO

import numpy as np

TYPES = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(np.int16),
    0x0C: np.dtype(np.int32),
    0x0D: np.dtype(np.float32),
    0x0E: np.dtype(np.float64),
}
CODES = {dtype: code for code, dtype in TYPES.items()}
CHUNK = 1 << 20  # bytes read at a time: large enough to be fast, small enough not to count
AGAIN = "Delete the file and fetch it again."


class IdxError(ValueError):
    """Not a readable IDX file. The message says what was found, what was expected at which byte, and what to do."""


def read_idx(path: str | os.PathLike) -> np.ndarray:
    """Return the array that an IDX file holds, after checking every byte of its header against its length.

    The file may be plain or compressed with gzip; its first bytes decide, not its name.  The array has the shape that
    the header states, native byte order and its own, writable memory.  The data is read straight into that memory, and
    no memory is taken before the file has proved to be as long as its header says.

    Raises:
        IdxError: for everything else. Where the operating system or gzip gave the reason, it is the `__cause__`.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise IdxError(f"{path}: expected a file, found a folder or a device. Give the path of one IDX file.")
        with open(path, "rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not is_gzip:
                return _read(file, path)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _read(unpacked, path)
    except FileNotFoundError as error:
        raise IdxError(f"{path}: there is no such file. Check the name and the folder, or fetch the data.") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise IdxError(f"{path}: the gzip data is damaged ({error}). {AGAIN}") from error
    except OSError as error:
        raise IdxError(f"{path}: cannot be read ({error}). Check your rights to it, and the disk.") from error


def write_idx(path: str | os.PathLike, array: np.ndarray) -> None:
    """Write an array as an IDX file. The same array always gives the same bytes.

    Raises:
        IdxError: IDX has no code for the type of the elements, or no room for the size of a dimension.
        OSError: the file cannot be written.
    """
    array = np.asarray(array)
    dtype = array.dtype.newbyteorder("=")
    if dtype not in CODES:
        known = ", ".join(map(str, CODES))
        raise IdxError(f"IDX cannot store {array.dtype}, only {known}. Convert first: array.astype(np.int32).")
    if max(array.shape, default=0) >= 2**32:
        raise IdxError(f"IDX keeps each size in 4 bytes, below {2**32}; found the shape {array.shape}. Split it.")
    with open(path, "wb") as file:
        file.write(struct.pack(f">2x2B{array.ndim}I", CODES[dtype], array.ndim, *array.shape))
        file.write(np.asarray(array, dtype.newbyteorder(">"), order="C").reshape(-1).view(np.uint8))


def _read(stream: BinaryIO, name: str | os.PathLike) -> np.ndarray:
    """The array in an open, uncompressed stream that stands at its first byte; `name` is for messages."""
    head = stream.read(4)
    if len(head) < 4:
        raise IdxError(
            f"{name}: found {len(head)} bytes, expected at least the 4 bytes of the magic number at byte 0. "
            f"The file is empty or cut off. {AGAIN}"
        )
    zeros, code, ndim = head[:2], head[2], head[3]
    if zeros != b"\0\0":
        raise IdxError(
            f"{name}: found {zeros!r} at byte 0, expected two zero bytes. "
            f"This is not an IDX file (perhaps an error page saved under its name). {AGAIN}"
        )
    if code not in TYPES:
        known = ", ".join(f"0x{c:02X} ({t})" for c, t in TYPES.items())
        raise IdxError(
            f"{name}: found the element type 0x{code:02X} at byte 2, expected one of {known}. "
            f"The file is damaged or not an IDX file. {AGAIN}"
        )
    dtype = TYPES[code]

    sizes = stream.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise IdxError(
            f"{name}: found {len(sizes)} bytes from byte 4 on, expected {4 * ndim} with the sizes of the "
            f"{ndim} dimensions that byte 3 states. The file is cut off. {AGAIN}"
        )
    shape = struct.unpack(f">{ndim}I", sizes)

    start = 4 + 4 * ndim
    end = start + math.prod(shape) * dtype.itemsize  # Python integers: they do not overflow
    _check_length(stream, start, end, f"{name}: the header states {dtype} of shape {shape}")

    try:
        array = np.empty(shape, dtype)
    except ValueError as error:  # more dimensions than NumPy has, or 0 x (too large)
        raise IdxError(
            f"{name}: found {ndim} dimensions at byte 3, with the sizes {shape}, expected a shape that "
            f"NumPy can hold ({error}). Check the program that wrote the file."
        ) from error
    _fill(stream, start, array.reshape(-1).view(np.uint8), name)
    if sys.byteorder == "little":
        array.byteswap(inplace=True)
    return array


def _check_length(stream: BinaryIO, start: int, end: int, stated: str) -> None:
    """Raise IdxError unless the stream, which stands at byte `start`, ends at byte `end`."""
    if isinstance(stream, gzip.GzipFile):  # its length is known only after unpacking: count, keep nothing
        length = start
        while length <= end and (chunk := stream.read(CHUNK)):
            length += len(chunk)
        more = "bytes or more, unpacked"
    else:
        length, more = stream.seek(0, os.SEEK_END), "bytes"
    if length < end:
        raise IdxError(
            f"{stated}, so the data was expected to end at byte {end}; found its end at byte {length}, "
            f"{end - length} bytes early. The file is cut off or its header is damaged. {AGAIN}"
        )
    if length > end:
        raise IdxError(
            f"{stated}, so the data was expected to end at byte {end}; found {length} {more}. "
            f"Something was added or the header is damaged. {AGAIN}"
        )


def _fill(stream: BinaryIO, start: int, target: np.ndarray, name: str | os.PathLike) -> None:
    """Read into all of `target` (uint8) from byte `start` on, without a second copy of the data."""
    stream.seek(start)
    filled = 0
    while filled < len(target):
        count = stream.readinto(target[filled : filled + CHUNK])
        if not count:
            raise IdxError(
                f"{name}: found the end of the data at byte {start + filled}, expected it at byte "
                f"{start + len(target)}. The file changed while it was read: try again."
            )
        filled += count
