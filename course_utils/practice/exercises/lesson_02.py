"""The exercises of lesson 02: IDX files, a Dataset, the statistics of pixels."""

import struct

import numpy as np
import torch
from torch.utils.data import DataLoader

from course_utils.practice.judge import Wrong, advice, array, call, same, the_class_itself

SHAPES = ((40, 3), (300,), (5, 4, 3), (3, 5, 4), (2, 3, 4, 5), (1, 2, 1, 3, 2), (1, 300, 2), (70_000,), (1, 70_000, 1))
CODES = {0x08: np.uint8, 0x0C: ">i4", 0x0D: ">f4"}


def _header(shape: tuple[int, ...], order: str = ">", code: int = 0x08) -> bytes:
    return struct.pack(f"{order}2x2B{len(shape)}I", code, len(shape), *shape)


def _unpack(raw: bytes, order: str, n: int, letter: str = "I", at: int = 4) -> tuple[int, ...]:
    return struct.unpack_from(f"{order}{n}{letter}", raw, at)


def _numbers(shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def _whole(value: object, what: str) -> None:
    """Raise Wrong for 3.0: sizes, places and counts are whole numbers."""
    if np.issubdtype(array(value, what).dtype, np.floating):
        raise Wrong(f"{what} holds floats such as 3.0, expected whole numbers such as 3: // in place of /")


# ---- the small tasks inside the lesson ----


def big_endian(number) -> None:
    """number(four): the whole number of four bytes, the highest place value first."""
    fours = ([0, 0, 234, 96], [0, 1, 17, 112], [1, 2, 3, 4], [0, 0, 0, 7], [0, 0, 0, 0], [255, 254, 253, 252])
    slips = {
        "ord()": "expected four[0] as it is, a number already",
        "unpack requires": "expected a format of four bytes, the letter I",
    }
    for four in [*fours, fours[0]]:
        a, b, c, d = four
        with advice(slips):
            got = call(number, bytes(four), example=f"the bytes {four}")
        if isinstance(got, tuple | list) and len(got) == 1:
            raise Wrong(f"a {type(got).__name__} holds the number, expected the number itself: take [0] of {got!r}")
        same(
            got,
            int.from_bytes(bytes(four), "big"),
            what="the number",
            atol=0.5,
            mistakes={
                "little-endian: the first byte has the highest place value": int.from_bytes(bytes(four), "little"),
                "the last two bytes alone": 256 * c + d,
                "the sum of the bytes: each place is worth 256 times the next": a + b + c + d,
                "places of 255: a byte has 256 values, from 0 to 255": a * 255**3 + b * 255**2 + c * 255 + d,
                "places of 10": a * 1000 + b * 100 + c * 10 + d,
                "a signed number: a size is never negative": int.from_bytes(bytes(four), "big", signed=True),
            },
        )
        _whole(got, "the number")


def place_of_a_pixel(place) -> None:
    """place(i, row, column): the byte of the picture file at which this pixel stands."""
    pixels = ((0, 0, 0), (0, 0, 5), (0, 3, 0), (2, 0, 0), (1, 27, 26), (31, 14, 9), (59_999, 27, 27))
    for i, row, column in [*pixels, pixels[0]]:
        got = call(place, i, row, column)
        inside = 28 * row + column
        same(
            got,
            16 + 784 * i + inside,
            what="the byte",
            atol=0.5,
            mistakes={
                "the header left out: it has 16 bytes": 784 * i + inside,
                "a header of 8 bytes: that is the file of the labels": 8 + 784 * i + inside,
                "rows and columns exchanged: the file goes row by row": 16 + 784 * i + 28 * column + row,
                "the picture left out: each has 28 * 28 bytes": 16 + inside,
                "rows of one byte: each has 28": 16 + 784 * i + row + column,
                "counting from 1: the first byte is byte 0": 17 + 784 * i + inside,
                "pictures of 28 bytes: each has 28 * 28": 16 + 28 * i + inside,
            },
        )
        _whole(got, "the byte")


def number_of_batches(batches) -> None:
    """How many batches of 64 there are in 10,000 samples."""
    same(
        batches,
        157,
        what="the number of batches",
        atol=1e-6,
        example="10,000 pictures, 64 in a batch",
        mistakes={
            "the full batches alone: what is left over is a batch, too": 156,
            "10,000 / 64, not rounded": 10_000 / 64,
            "the batches of the training pictures": 938,
            "the number of pictures": 10_000,
            "the batch size": 64,
        },
    )


def standardising(standardise) -> None:
    """standardise(images, mean, std): minus the mean, divided by the standard deviation, in new pictures."""
    images = torch.from_numpy(_numbers((2, 1, 3, 4))).float() / 255
    colour, one = (torch.from_numpy(_numbers(shape)).float() / 255 for shape in ((2, 3, 5, 4), (1, 6, 5)))
    cases = [
        (images, 0.1307, 0.3081),
        (1 - images, 0.1307, 0.3081),
        (images[:1, :, :2], -2.0, 3.0),
        (one, 0.9, 0.02),
        (colour, 0.0, 1.0),
    ]
    for x, mean, std in [*cases, cases[0]]:
        same(
            call(standardise, x, mean, std, new=True),
            (x - mean) / std,
            mistakes={
                "brackets left out: x - mean / std divides the mean alone": x - mean / std,
                "the mean added: subtract it": (x + mean) / std,
                "the division left out": x - mean,
                "a product with the standard deviation: divide by it": (x - mean) * std,
                "a division by the variance": (x - mean) / std**2,
                "mean and standard deviation exchanged": (x - std) / mean if mean else x,
                "the batch's own mean and standard deviation: those of the training pictures are handed in": (
                    (x - x.mean()) / x.std()
                ),
                "MNIST's numbers, whatever is handed in": (x - 0.1307) / 0.3081,
                "a second division by 255: the pictures lie in 0..1 already": (x / 255 - mean) / std,
                "a division by 255 at the end: the pictures lie in 0..1 already": (x - mean) / std / 255,
            },
        )


# ---- the exercises ----


def read_sizes(read) -> None:
    """read(raw) -> the sizes that the header of an IDX file states, as whole numbers."""
    files = [(shape, 0x08) for shape in (*SHAPES, (3_000_000_000, 0))]
    files += [((6, 5), 0x0D), ((3, 2, 2), 0x0C)]
    for shape, code in [*files, files[0]]:
        n, element = len(shape), np.dtype(CODES[code])
        raw = _header(shape, code=code) + np.arange(np.prod(shape)).astype(element).tobytes()
        slips = {
            "unpack requires": f"expected the {4 * n} bytes of the {n} sizes alone, raw[4:{4 + 4 * n}]",
            "ord()": "expected raw[3] as it is, a number already",
        }
        with advice(slips):
            got = call(read, raw, example=f"a file of {len(raw):,} bytes that starts with {raw[: 4 + 4 * n].hex(' ')}")
        longer = raw + bytes(64)
        same(
            got,
            shape,
            what="the tuple of sizes",
            mistakes={
                "little-endian: the byte with the highest place value comes first": _unpack(raw, "<", n),
                "signed integers: a size is never negative, use I instead of i": _unpack(raw, ">", n, "i"),
                "three sizes, always: byte 3 says how many there are": _unpack(longer, ">", 3),
                "as many sizes as byte 2 says, but that is the type code": _unpack(longer, ">", raw[2]),
                "a start at byte 0: the sizes come after the magic number": _unpack(raw, ">", n, at=0),
                "the first size alone": shape[0],
                "the number of dimensions, which is byte 3": n,
                "the number of elements: the product of all sizes": np.prod(shape),
                "sizes in the reversed order": shape[::-1],
                "sizes of one byte each; they have four": _unpack(raw, ">", n, "B"),
                "sizes of two bytes each; they have four": _unpack(raw, ">", n, "H"),
                "the last two bytes of each size alone": tuple(size % 65_536 for size in shape),
            },
        )
        _whole(got, "the tuple of sizes")


def _same_bytes(got: object, expected: bytes, mistakes: dict[str, bytes]) -> None:
    """Raise Wrong unless `got` are exactly these bytes."""
    if not isinstance(got, bytes | bytearray):
        raise Wrong(f"the result is a {type(got).__name__}, expected bytes")
    if got == expected:
        return
    looks = next((f"this looks like {name}: " for name, wrong in mistakes.items() if got == wrong), "")
    if len(got) != len(expected):
        raise Wrong(f"{looks}the result has {len(got)} bytes, expected {len(expected)}")
    at = next(i for i in range(len(got)) if got[i] != expected[i])
    raise Wrong(f"{looks}byte {at} is {got[at]:02x}, expected {expected[at]:02x}")


def write_format(unparse) -> None:
    """unparse(array) -> bytes: the IDX file of a uint8 array of any shape."""
    slips = {
        "required argument is not an integer": "expected the sizes one by one, with a star: *array.shape",
        "pack expected": "expected a letter for each number, and the sizes one by one: *array.shape",
        "format requires": "expected four bytes for each size: the letter I",
        "argument out of range": "expected four bytes for each size: the letter I",
        "bytes must be in range": "expected four bytes for each size, bytes() gives it one",
        "can't concat": "expected bytes on both sides of +",
        "can only concatenate": "expected bytes on both sides of +",
        "ufunc 'add'": "expected bytes on both sides of +, array.tobytes()",
    }
    every = [*map(_numbers, SHAPES), _numbers(SHAPES[0], seed=2), _numbers((2, 0, 3)), _numbers((3, 5)).T]
    for values in [*every, every[0]]:
        shape = values.shape
        head, elements, n = _header(shape), values.tobytes(), len(shape)
        with advice(slips):  # a turned array is handed over itself: its copy would not be turned in memory
            got = call(unparse, values, changes=() if values.flags.c_contiguous else [0])
        _same_bytes(
            got,
            head + elements,
            mistakes={
                "little-endian sizes": _header(shape, "<") + elements,
                "the elements without the header": elements,
                "the header without the elements": head,
                "a header without the magic number": head[4:] + elements,
                "three dimensions, always": b"\0\0\x08\x03" + head[4:] + elements,
                "the sizes in the reversed order": _header(shape[::-1]) + elements,
                "sizes of one byte each; they have four": head[:4] + bytes(s % 256 for s in shape) + elements,
                "sizes of two bytes each; they have four": head[:4]
                + struct.pack(f">{n}H", *(size % 65_536 for size in shape))
                + elements,
                "elements of more than one byte": head + values.astype(">i4").tobytes(),
                "the wrong type code: uint8 is 08": b"\0\0\0" + head[3:] + elements,
                "elements cut off or padded": head + elements[:300],
                "the last two bytes of the magic number exchanged": b"\0\0" + bytes([n, 8]) + head[4:] + elements,
                "the elements column by column": head + values.tobytes(order="F"),
            },
        )


def dataset(cls) -> None:
    """cls(images, labels): a Dataset of (picture, label), picture float32 (1, H, W) in 0..1, label a whole number."""
    the_class_itself(cls)
    images = torch.from_numpy(_numbers((7, 5, 4)))
    images[2, 0] = torch.tensor([0, 51, 102, 255], dtype=torch.uint8)
    labels = torch.tensor([3, 9, 0, 7, 1, 1, 4], dtype=torch.uint8)
    several = [
        (images, labels),
        (torch.from_numpy(_numbers((7, 5, 4), seed=2)), labels.flip(0)),
        (torch.from_numpy(_numbers((3, 2, 6)) // 3), torch.tensor([200, 0, 12], dtype=torch.uint8)),
        (torch.from_numpy(_numbers((1, 3, 3))), torch.tensor([8], dtype=torch.uint8)),
    ]
    examples = [f"images {tuple(images.shape)}, labels {labels.tolist()}" for images, labels in several]
    made = [call(cls, *given, example=example) for given, example in zip(several, examples, strict=True)]
    for ours, given, example in [*zip(made, several, examples, strict=True), (made[0], several[0], examples[0])]:
        _samples(ours, *given, example)  # all are alive at the same time
    batch, _ = next(iter(DataLoader(made[0], batch_size=3)))
    if tuple(batch.shape) != (3, 1, 5, 4):
        raise Wrong(f"a batch of 3 pictures has the shape {tuple(batch.shape)}, expected (3, 1, 5, 4)")


def _samples(ours: object, images: torch.Tensor, labels: torch.Tensor, example: str) -> None:
    """Raise Wrong unless a data set has this length and these samples."""
    for method in ("__len__", "__getitem__"):
        if not hasattr(ours, method):
            raise Wrong(f"your class has no method {method}, expected __init__, __len__ and __getitem__")
    n = call(ours.__len__, example=example)
    if not isinstance(n, int | np.integer) or n != len(images):
        looks = "another data set of the class exists, keep the tensors in self: " if n in (1, 3, 7) else ""
        raise Wrong(f"{looks}len(dataset) is {n}, expected the number of pictures, {len(images)}")
    for i in [*range(n), *range(n)[::-1]]:
        sample = call(ours.__getitem__, i, example=f"{example}, sample {i}")
        if not isinstance(sample, tuple | list) or len(sample) != 2:
            raise Wrong(f"sample {i} is a {type(sample).__name__}, expected a pair: (picture, label)")
        picture, label = sample
        if not isinstance(picture, torch.Tensor):
            order = ": the picture comes first, then the label" if isinstance(label, torch.Tensor) else ""
            raise Wrong(f"picture {i} is a {type(picture).__name__}, expected a tensor{order}")
        raw = images[i].float()
        same(
            picture,
            raw[None] / 255,
            what=f"picture {i}",
            mistakes={
                "a missing channel axis: (1, H, W) is expected": raw / 255,
                "a missing channel axis, and values in 0..255": raw,
                "the channel axis in the last place: PyTorch wants it in the first": raw[..., None] / 255,
                "a picture with a batch axis: the DataLoader adds it": raw[None, None] / 255,
                "values in 0..255: divide by 255": raw[None],
                "an integer division: nearly every pixel becomes 0": (images[i] // 255)[None],
                "a division by 256": raw[None] / 256,
                "a division by the largest pixel of all: divide by 255": raw[None] / images.max(),
                "a division by the picture's largest pixel: divide by 255": raw[None] / images[i].max(),
                "a picture divided by 255 twice: the division changed the stored pictures": raw[None] / 255 / 255,
                "a transposed picture": raw.T[None] / 255,
            },
        )
        if picture.dtype != torch.float32:
            raise Wrong(f"picture {i} holds {picture.dtype}, expected torch.float32, as a network's weights are")
        same(label, int(labels[i]), what=f"label {i}", mistakes={"the number of the sample, not its label": i})
        kind = str(getattr(label, "dtype", type(label).__name__))
        if kind not in ("int", "int64", "torch.int64"):
            raise Wrong(f"label {i} is of the type {kind}, expected int: return int(...) of the label")


def channel_statistics(statistics) -> None:
    """statistics(images) -> (mean, std), each (C,), of uint8 (N, C, H, W) in 0..1. Dividing by n or n - 1 is free."""
    cases = [
        (40, 24, 20, (1, 0.5, 0.25)),
        (40, 24, 20, (0.3, 0.9, 0.6)),
        (60, 9, 14, (0.4,)),
        (30, 16, 16, (0.1, 0.4, 0.2, 0.9, 0.6)),
        (1, 60, 80, (0.3, 1)),
        (300, 5, 6, (0.7, 0.2)),
        (2, 2, 3, (0.5, 0.8)),
    ]
    for count, height, width, share in [*cases, cases[0]]:
        level = torch.linspace(20, 200, count)[:, None, None, None] * torch.tensor(share)[:, None, None]
        noise = torch.from_numpy(np.random.default_rng(3).integers(0, 50, (count, len(share), height, width)))
        _statistics(statistics, (level + noise).to(torch.uint8))


def _statistics(statistics, images: torch.Tensor) -> None:
    no_mean = "expected a division by 255 first: uint8 has no mean"
    with advice({"could not infer output dtype": no_mean, "only support floating point": no_mean}):
        result = call(statistics, images)
    if not isinstance(result, tuple | list | torch.Tensor | np.ndarray) or len(result) != 2:
        raise Wrong(f"the result is a {type(result).__name__}, expected a pair: (mean, std)")
    for what, values in zip(("the mean", "the standard deviation"), result, strict=True):
        shape = tuple(getattr(values, "shape", ()))
        if shape == (1, images.shape[1], 1, 1):
            raise Wrong(
                f"axes of length 1 are left, [0, :, 0, 0] takes them away: {what} has the shape {shape}, "
                f"expected {shape[1:2]}"
            )
    x = images.double() / 255
    mean, std, by_n = x.mean((0, 2, 3)), x.std((0, 2, 3)), x.std((0, 2, 3), correction=0)
    got = array(result[1], "the standard deviation")
    means_std = x.mean((2, 3)).std(0) if len(x) > 1 else 0 * std  # of one picture there is none
    same(
        result[0],
        mean,
        what="the mean",
        mistakes={
            "the mean of values in 0..255": 255 * mean,
            "one mean over all channels": x.mean(),
            "one mean for each picture": x.mean((1, 2, 3)),
            "one mean for each picture and channel": x.mean((2, 3)),
            "one mean for each place, over the pictures only": x.mean(0),
            "the standard deviation: the mean comes first": std,
        },
    )
    same(
        got,
        by_n if got.shape == by_n.shape and np.allclose(got, by_n, atol=1e-4) else std,
        what="the standard deviation",
        mistakes={
            "the mean of the pictures' own standard deviations: "
            "that leaves out how the pictures differ from each other": x.std((2, 3)).mean(0),
            "the standard deviation of the pictures' means: that leaves out the spread in a picture": means_std,
            "the standard deviation of values in 0..255": 255 * std,
            "the variance: the root is missing": std**2,
            "the mean of each column's or row's own standard deviation": x.std(2).mean((0, 2)),
            "one standard deviation over all channels": x.std(),
            "the root of the mean square: subtract the mean first": (x**2).mean((0, 2, 3)).sqrt(),
        },
    )


def _drawn(n: int, rows: int = 28, columns: int = 28) -> np.ndarray:
    """Black pictures with one bright stroke each: about four of five pixels are 0."""
    numbers = np.random.default_rng(n)
    images = np.zeros((n, rows, columns), dtype=np.uint8)
    for image in images:
        column, slant = numbers.integers(8, columns - 12), numbers.integers(-1, 2)
        for row in range(3, rows - 3):
            start = int(np.clip(column + slant * (row - rows // 2) // 2, 0, columns - 6))
            image[row, start : start + 6] = numbers.integers(100, 256, 6)
    return images


def own_format(pair) -> None:
    """(pack, unpack): any format that gives back every uint8 (N, H, W), and stores dark pictures in half the bytes."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise Wrong(f"expected the pair (pack, unpack), got a {type(pair).__name__}")
    pack, unpack = pair
    dark = {
        "black pictures with bright strokes": _drawn(20),
        "wider black pictures with bright strokes": _drawn(60, 20, 35),
    }
    random = {
        "70,000 pictures of one random pixel": _numbers((70_000, 1, 1)),
        "one picture of 70,000 random columns": _numbers((1, 1, 70_000)),
    }
    cases = {
        **dark,
        "other black pictures with bright strokes": _drawn(20)[::-1],
        "one such picture": _drawn(1),
        "pictures of random pixels": _numbers((3, 6, 5)),
        "one picture of 2 rows and 300 columns": _numbers((1, 2, 300)),
        "black pictures": np.zeros((4, 10, 9), np.uint8),
        "one large black picture": np.zeros((1, 300, 260), np.uint8),
        "white pictures": np.full((2, 40, 30), 255, np.uint8),
        "one picture of one pixel": np.full((1, 1, 1), 7, np.uint8),
        "pictures that end with black rows": np.concatenate([_numbers((2, 4, 7)), np.zeros((2, 8, 7), np.uint8)], 1),
        **random,
    }
    slips = {
        "cannot reshape": "expected the whole shape in the bytes, whatever it is",
        "bytes must be in range": "expected four bytes for a size, it may be larger than 255",
        "format requires": "expected four bytes for a size, it may be larger than 65,535",
    }
    packed = {}
    for name, images in cases.items():
        with advice(slips):
            packed[name] = call(pack, images, example=f"pack, {name}, shape {images.shape}")
        if not isinstance(packed[name], bytes | bytearray):
            raise Wrong(f"pack returns a {type(packed[name]).__name__}, expected bytes")
    for name in [*cases, *dark]:  # all are packed before, and the first ones come again
        with advice(slips):
            got = call(unpack, packed[name], example=f"unpack, {name}, shape {cases[name].shape}")
        same(array(got, "what unpack returns"), cases[name], what="what unpack returns", atol=0)
        kind = getattr(got, "dtype", type(got).__name__)
        if kind not in (np.uint8, torch.uint8):
            raise Wrong(f"unpack returns {kind}, expected an array of uint8")
    for name, images in random.items():
        if len(packed[name]) < 0.98 * images.size:
            raise Wrong(
                f"{name} take {len(packed[name]):,} bytes, expected {images.size:,} or more, as chance has no "
                "shorter form: is something kept outside the bytes?"
            )
    for name, images in dark.items():
        size, plain = len(packed[name]), 16 + images.size
        if size > plain / 2:
            raise Wrong(
                f"{len(images)} {name} take {size:,} bytes, expected at most {plain // 2:,}, half of an IDX file's "
                f"{plain:,}: {np.mean(images == 0):.0%} of the pixels are 0"
            )


CHECKERS = {
    "1": read_sizes,
    "2": write_format,
    "3": dataset,
    "4": channel_statistics,
    "5": own_format,
    "a": big_endian,
    "b": place_of_a_pixel,
    "c": number_of_batches,
    "d": standardising,
}
