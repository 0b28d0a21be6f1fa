"""read_idx and write_idx: right on every type and shape, equal to torchvision, strict on everything malformed."""

import gzip
import io
import os
import random
import re
import struct
import sys
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from course_utils import idx
from course_utils.idx import CODES, TYPES, IdxError, read_idx, write_idx

MUTANTS = 24_000  # in memory; one in SHARE goes through a real file as well
SHARE = 6


def idx_bytes(code: int, shape: tuple, data: bytes) -> bytes:
    """An IDX file written by the book, without write_idx."""
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + data


def arrays(**kwargs):
    return st.sampled_from(list(TYPES.values())).flatmap(
        lambda dtype: nps.arrays(dtype, nps.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4), **kwargs)
    )


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()  # bytes: NaN equals NaN


def put(tmp_path, content: bytes, name="file"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@settings(max_examples=400, deadline=None)
@given(array=arrays(), packed=st.booleans(), big_endian=st.booleans())
def test_round_trip(tmp_path_factory, array, packed, big_endian):
    path = tmp_path_factory.getbasetemp() / "round"
    write_idx(path, array.astype(array.dtype.newbyteorder(">")) if big_endian else array)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes(), 1))
    back = read_idx(path)
    assert same(back, array)
    assert back.dtype.isnative and back.flags.writeable and back.flags.owndata and back.flags.c_contiguous


@pytest.mark.parametrize(
    "code, dtype", [(0x08, ">u1"), (0x09, ">i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")]
)
@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 2), (2, 3, 4), (2, 1, 3, 1, 2), (1,) * 20])
def test_reads_what_the_format_says(tmp_path, code, dtype, shape):
    expected = (np.arange(np.prod(shape, dtype=int)) * 37 % 101).astype(dtype).reshape(shape)
    content = idx_bytes(code, shape, expected.tobytes())
    for name, raw in [("plain", content), ("packed", gzip.compress(content)), ("misnamed.gz", content)]:
        found = read_idx(put(tmp_path, raw, name))
        assert found.shape == shape and found.dtype == expected.dtype.newbyteorder("=") == TYPES[code]
        assert np.array_equal(found, expected)
    write_idx(tmp_path / "written", expected)
    assert (tmp_path / "written").read_bytes() == content


@pytest.mark.parametrize("dtype", list(CODES), ids=str)
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4)])
def test_equal_to_torchvision(tmp_path, dtype, shape):
    mnist = pytest.importorskip("torchvision.datasets.mnist")
    array = np.random.default_rng(0).integers(0, 256, (*shape, dtype.itemsize), dtype=np.uint8).view(dtype)[..., 0]
    write_idx(tmp_path / "file", array)
    theirs = mnist.read_sn3_pascalvincent_tensor(str(tmp_path / "file")).numpy()
    assert same(read_idx(tmp_path / "file"), theirs)


def test_slices_and_orders_are_written_in_index_order(tmp_path):
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    for view in [array.T, array[:, ::-1, ::2], np.asfortranarray(array)]:
        write_idx(tmp_path / "file", view)
        assert np.array_equal(read_idx(tmp_path / "file"), view)


VALID = idx_bytes(0x0B, (2, 3), bytes(range(12)))  # 24 bytes
MALFORMED = {
    "empty": (b"", "found 0 bytes, expected at least the 4 bytes .* byte 0"),
    "three bytes": (VALID[:3], "found 3 bytes, expected at least the 4 bytes"),
    "web page": (b"<!DOCTYPE html>", r"found b'<!' at byte 0, expected two zero bytes.*error page"),
    "little-endian magic": (VALID[3::-1] + VALID[4:], "at byte 0, expected two zero bytes"),
    "type 0x00": (b"\0\0\0\x02" + VALID[4:], "found the element type 0x00 at byte 2, expected one of 0x08"),
    "type 0x0A": (b"\0\0\x0a\x02" + VALID[4:], "found the element type 0x0A at byte 2"),
    "type 0x0F": (b"\0\0\x0f\x02" + VALID[4:], "found the element type 0x0F at byte 2"),
    "no sizes": (VALID[:4], "found 0 bytes from byte 4 on, expected 8 .* 2 dimensions"),
    "half a size": (VALID[:10], "found 6 bytes from byte 4 on, expected 8"),
    "no data": (VALID[:12], r"int16 of shape \(2, 3\).*end at byte 24; found its end at byte 12, 12 bytes early"),
    "one byte short": (VALID[:-1], "expected to end at byte 24; found its end at byte 23, 1 bytes early"),
    "one byte long": (VALID + b"\0", "expected to end at byte 24; found 25 bytes.*Something was added"),
    "size too large": (idx_bytes(0x0B, (2, 4), bytes(12)), "end at byte 28; found its end at byte 24"),
    "huge sizes": (idx_bytes(0x08, (2**32 - 1,) * 255, b"data"), "found its end at byte 1028"),
    "200 dimensions": (idx_bytes(0x08, (1,) * 200, b"x"), "found 200 dimensions at byte 3.*NumPy can hold"),
    "empty, but too wide": (idx_bytes(0x08, (0, *[2**32 - 1] * 5), b""), "found 6 dimensions.*NumPy can hold"),
}


@pytest.mark.parametrize("content, message", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_malformed(tmp_path, content, message, packed):
    path = put(tmp_path, gzip.compress(content) if packed else content)
    with pytest.raises(IdxError, match=re.compile(message, re.S)) as caught:
        read_idx(path)
    assert str(path) in str(caught.value), "the message names the file"
    assert re.search(r"[.] [A-Z][^.]*[.]$", str(caught.value)), "the message ends with what to do"


def test_not_a_file(tmp_path):
    with pytest.raises(IdxError, match="expected a file, found a folder"):
        read_idx(tmp_path)
    with pytest.raises(IdxError, match="there is no such file") as caught:
        read_idx(tmp_path / "missing")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    with pytest.raises(IdxError, match="cannot be read|no such file") as caught:
        read_idx(put(tmp_path, VALID) / "below a file")
    assert isinstance(caught.value.__cause__, OSError)
    if os.path.exists(os.devnull) and sys.platform != "win32":
        with pytest.raises(IdxError, match="found a folder or a device"):
            read_idx(os.devnull)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user without all rights")  # posix
def test_no_rights(tmp_path):
    path = put(tmp_path, VALID)
    path.chmod(0)
    with pytest.raises(IdxError, match="cannot be read") as caught:
        read_idx(path)
    assert isinstance(caught.value.__cause__, PermissionError)


def test_damaged_gzip(tmp_path):
    packed = gzip.compress(VALID)
    wrong_sum = packed[:-8] + bytes(b ^ 255 for b in packed[-8:-4]) + packed[-4:]
    cut = [packed[:2], packed[:9], packed[:-1], packed[:-8]]
    for content in [*cut, packed + b"tail", wrong_sum, b"\x1f\x8b" + b"\xff" * 50]:
        with pytest.raises(IdxError, match="gzip data is damaged") as caught:
            read_idx(put(tmp_path, content))
        assert caught.value.__cause__ is not None


def test_a_file_that_shrinks_while_it_is_read():
    class Shrinking(io.BytesIO):
        def seek(self, position, whence=0):
            end = super().seek(position, whence)
            if whence == os.SEEK_END:
                self.truncate(20)
            return end

    with pytest.raises(IdxError, match="end of the data at byte 20, expected it at byte 24"):
        idx._read(Shrinking(VALID), "file")


def peak_of(action):
    """Peak of the memory that Python and NumPy take during action(), in bytes."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_a_header_that_claims_too_much_takes_no_memory(tmp_path, packed):
    content = idx_bytes(0x0E, (2**32 - 1, 2**16), bytes(100))
    path = put(tmp_path, gzip.compress(content) if packed else content)

    def read():
        with pytest.raises(IdxError, match="early"):
            read_idx(path)

    assert peak_of(read) < 4 * idx.CHUNK


def test_a_small_gzip_of_many_bytes_takes_no_memory(tmp_path):
    path = put(tmp_path, gzip.compress(idx_bytes(0x08, (10,), bytes(100_000_000)), 1))

    def read():
        with pytest.raises(IdxError, match="end at byte 18; found .* bytes or more, unpacked"):
            read_idx(path)

    assert path.stat().st_size < 1_000_000 and peak_of(read) < 4 * idx.CHUNK


@pytest.fixture(scope="module")
def mnist_sized(tmp_path_factory):
    plain = tmp_path_factory.mktemp("idx") / "images"
    write_idx(plain, np.zeros((60_000, 28, 28), np.uint8))
    assert plain.stat().st_size == 47_040_016
    packed = plain.with_suffix(".gz")
    packed.write_bytes(gzip.compress(plain.read_bytes(), 1))
    return plain, packed


def test_one_copy(mnist_sized):
    for path in mnist_sized:
        assert 47_040_000 <= peak_of(lambda path=path: read_idx(path)) < 1.1 * 47_040_016
    doubles = mnist_sized[0].with_name("doubles")
    write_idx(doubles, np.ones(3_000_000))
    assert peak_of(lambda: read_idx(doubles)) < 1.1 * doubles.stat().st_size  # the bytes are swapped in place


def test_fast(mnist_sized):
    def seconds():
        start = time.perf_counter()
        read_idx(mnist_sized[0])
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.25  # some 15 ms; the bound is for slow, busy machines


def test_write_refuses_what_idx_cannot_hold(tmp_path):
    for array in [np.zeros(3, np.int64), np.zeros(3, bool), np.zeros(3, np.uint16), np.zeros(3, complex), [["a"]]]:
        with pytest.raises(IdxError, match=r"IDX cannot store .*astype\(np.int32\)"):
            write_idx(tmp_path / "file", array)
    wide = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (2**32,), (0,))
    with pytest.raises(IdxError, match="each size in 4 bytes"):
        write_idx(tmp_path / "file", wide)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    """The error of the system passes through, and whatever lies there now is not taken for a whole file."""

    class Full(io.FileIO):
        def write(self, content):
            if self.tell():
                raise OSError(28, "No space left on device")
            return super().write(content)

    monkeypatch.setattr(idx, "open", Full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        write_idx(tmp_path / "file", np.arange(5, dtype=np.uint8))
    monkeypatch.undo()
    with pytest.raises(IdxError, match="cut off"):
        read_idx(tmp_path / "file")


def test_write_is_reproducible(tmp_path):
    array = np.arange(1000, dtype=np.int32)
    write_idx(tmp_path / "a", array)
    write_idx(str(tmp_path / "b"), array)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


# Mutated files: whatever is done to a file, read_idx gives an array that is exactly what its bytes say, or IdxError.


def seeds(rng):
    """Small valid files of every type, with 0 to 5 dimensions."""
    for code, dtype in TYPES.items():
        for ndim in range(6):
            shape = tuple(rng.randrange(0, 4) for _ in range(ndim))
            yield idx_bytes(code, shape, rng.randbytes(int(np.prod(shape, dtype=int)) * dtype.itemsize))


def mutate(rng, content: bytes) -> bytes:
    """One to three random changes: flips, cuts, insertions, repeats, edits of the header."""
    content = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(content) + 1)
        kind = rng.randrange(8)
        if kind == 0 and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del content[at:]
        elif kind == 2:
            content[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif kind == 3:
            del content[at : at + rng.randrange(1, 9)]
        elif kind == 4:
            content += content[at:] or b"\0"
        elif kind == 5 and len(content) > 3:
            content[rng.randrange(4)] = rng.choice([0, 1, 2, 3, 8, 9, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 64, 255])
        elif len(content) >= 8:
            at = 4 + 4 * rng.randrange(max(1, min(5, len(content) // 4 - 1)))
            content[at : at + 4] = struct.pack(">I", rng.choice([0, 1, 2, 3, 2**16, 2**31 - 1, 2**31, 2**32 - 1]))
    return bytes(content)


def outcome(read, content: bytes):
    """The array or None for IdxError; any other exception fails the test. The array is checked against the bytes."""
    try:
        array = read()
    except IdxError:
        return None
    shape = struct.unpack(f">{content[3]}I", content[4 : 4 + 4 * content[3]])
    assert content[:2] == b"\0\0" and array.shape == shape and array.dtype == TYPES[content[2]]
    assert array.astype(array.dtype.newbyteorder(">")).tobytes() == content[4 + 4 * content[3] :]
    return array


def test_mutants_in_memory():
    rng, good = random.Random(1), 0
    files = list(seeds(rng))
    for _ in range(MUTANTS):
        content = mutate(rng, rng.choice(files))
        good += outcome(lambda content=content: idx._read(io.BytesIO(content), "mutant"), content) is not None
    assert MUTANTS * 0.05 < good < MUTANTS * 0.95, "the mutants should reach both ends"


def test_mutants_as_files(tmp_path):
    rng, path = random.Random(2), tmp_path / "mutant"
    files = list(seeds(rng))
    for _ in range(MUTANTS // SHARE):
        content = mutate(rng, rng.choice(files))
        path.write_bytes(content)
        if content[:2] == b"\x1f\x8b":
            continue
        outcome(lambda: read_idx(path), content)


def test_mutants_inside_gzip_and_mutants_of_gzip(tmp_path):
    rng, path, good = random.Random(3), tmp_path / "mutant.gz", 0
    files = list(seeds(rng))
    for i in range(MUTANTS // SHARE):
        inside = rng.choice(files)
        if i % 2:
            inside = mutate(rng, inside)
            raw = gzip.compress(inside, 1)
        else:
            raw = mutate(rng, gzip.compress(inside, 1))
        path.write_bytes(raw)
        if i % 2 or raw[:2] == b"\x1f\x8b":  # a changed gzip file gives the same array, or none: its check sum holds
            try:
                inside = inside if i % 2 else gzip.decompress(raw)
            except Exception:
                inside = None
            good += outcome(lambda: read_idx(path), inside) is not None
    assert good > 100
