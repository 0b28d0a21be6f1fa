"""The exercises of lesson 02: IDX files, a Dataset, the statistics of pixels."""

import struct

import numpy as np
import torch
from torch.utils.data import DataLoader

from course_utils.practice.judge import Wrong, array, call, same, the_class_itself

SHAPES = ((300,), (40, 3), (5, 4, 3), (2, 3, 4, 5), (1, 300, 2))


def _header(shape: tuple[int, ...], order: str = ">", code: int = 0x08) -> bytes:
    return struct.pack(f"{order}2x2B{len(shape)}I", code, len(shape), *shape)


def _unpack(raw: bytes, order: str, n: int, letter: str = "I", at: int = 4) -> tuple[int, ...]:
    return struct.unpack_from(f"{order}{n}{letter}", raw, at)


def _numbers(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def read_sizes(read) -> None:
    """read(raw) -> the sizes that the header of an IDX file states, as whole numbers."""
    for shape in (*SHAPES, (60_000, 28, 28), (3_000_000_000,)):
        n, raw = len(shape), _header(shape) + bytes(range(200, 240))
        same(
            call(read, raw),
            shape,
            what="the tuple of sizes",
            example=f"a file that starts with {raw[: 4 + 4 * n].hex(' ')}",
            mistakes={
                "little-endian: the byte with the highest place value comes first": _unpack(raw, "<", n),
                "signed integers: a size is never negative, use I instead of i": _unpack(raw, ">", n, "i"),
                "three sizes, always: byte 3 says how many there are": _unpack(raw, ">", 3),
                "as many sizes as byte 2 says, but that is the type code": _unpack(raw, ">", 8),
                "a start at byte 0: the sizes come after the magic number": _unpack(raw, ">", n, at=0),
                "the number of dimensions, which is byte 3": n,
                "the number of elements: the product of all sizes": np.prod(shape),
                "sizes in the reversed order": shape[::-1],
                "sizes of one byte each; they have four": _unpack(raw, ">", n, "B"),
                "sizes of two bytes each; they have four": _unpack(raw, ">", n, "H"),
            },
        )


def _same_bytes(got: object, expected: bytes, mistakes: dict[str, bytes], example: str) -> None:
    """Raise Wrong unless `got` are exactly these bytes."""
    if not isinstance(got, (bytes, bytearray)):
        raise Wrong(f"the result is a {type(got).__name__}, expected bytes")
    if got == expected:
        return
    looks = next((f"; this looks like {name}" for name, wrong in mistakes.items() if got == wrong), "")
    if len(got) != len(expected):
        raise Wrong(f"the result has {len(got)} bytes, expected {len(expected)} (for {example}){looks}")
    at = next(i for i in range(len(got)) if got[i] != expected[i])
    raise Wrong(f"byte {at} is {got[at]:02x}, expected {expected[at]:02x} (for {example}){looks}")


def write_format(unparse) -> None:
    """unparse(array) -> bytes: the IDX file of a uint8 array of any shape."""
    for shape in SHAPES:
        values = _numbers(shape)
        head, elements, n = _header(shape), values.tobytes(), len(shape)
        _same_bytes(
            call(unparse, values.copy()),
            head + elements,
            example=f"a uint8 array of shape {shape}",
            mistakes={
                "little-endian sizes": _header(shape, "<") + elements,
                "the elements without the header": elements,
                "the header without the elements": head,
                "a header without the magic number": head[4:] + elements,
                "three dimensions, always": b"\0\0\x08\x03" + head[4:] + elements,
                "the sizes in the reversed order": _header(shape[::-1]) + elements,
                "sizes of one byte each; they have four": head[:4] + bytes(s % 256 for s in shape) + elements,
                "sizes of two bytes each; they have four": head[:4] + struct.pack(f">{n}H", *shape) + elements,
                "elements of more than one byte": head + values.astype(">i4").tobytes(),
                "the wrong type code: uint8 is 08": b"\0\0\0" + head[3:] + elements,
                "the last two bytes of the magic number exchanged": b"\0\0" + bytes([n, 8]) + head[4:] + elements,
                "the elements column by column": head + values.tobytes(order="F"),
            },
        )


def dataset(cls) -> None:
    """cls(images, labels): a Dataset of (picture, label), picture float32 (1, H, W) in 0..1, label a whole number."""
    images = torch.from_numpy(_numbers((7, 5, 4)))
    images[2, 0] = torch.tensor([0, 51, 102, 255], dtype=torch.uint8)
    labels = torch.tensor([3, 9, 0, 7, 1, 1, 4], dtype=torch.uint8)
    the_class_itself(cls)
    ours = cls(images.clone(), labels.clone())
    n = call(ours.__len__)
    if not isinstance(n, (int, np.integer)) or n != len(images):
        raise Wrong(f"len(dataset) is {n}, expected the number of pictures, {len(images)}")
    for i in (2, 0, 6, 2):
        sample = call(ours.__getitem__, i)
        if not isinstance(sample, (tuple, list)) or len(sample) != 2:
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
                "a picture divided by 255 twice: the division changed the stored pictures": raw[None] / 255 / 255,
                "a transposed picture": raw.T[None] / 255,
            },
        )
        if picture.dtype != torch.float32:
            raise Wrong(f"picture {i} holds {picture.dtype}, expected torch.float32, as a network's weights are")
        same(label, int(labels[i]), what=f"label {i}", mistakes={"the number of the sample, not its label": i})
    batch, batch_labels = next(iter(DataLoader(ours, batch_size=3)))
    if tuple(batch.shape) != (3, 1, 5, 4):
        raise Wrong(f"a batch of 3 pictures has the shape {tuple(batch.shape)}, expected (3, 1, 5, 4)")
    if not isinstance(batch_labels, torch.Tensor) or batch_labels.dtype != torch.int64:
        kind = getattr(batch_labels, "dtype", type(batch_labels).__name__)
        raise Wrong(f"the labels of a batch are {kind}, expected torch.int64: return int(...) of the label")


def channel_statistics(statistics) -> None:
    """statistics(images) -> (mean, std), each (C,), of uint8 (N, C, H, W) in 0..1. Dividing by n or n - 1 is free."""
    level = torch.linspace(20, 200, 40)[:, None, None, None] * torch.tensor([1, 0.5, 0.25])[:, None, None]
    noise = torch.from_numpy(np.random.default_rng(3).integers(0, 50, (40, 3, 24, 20)))
    images = (level + noise).to(torch.uint8)
    result = call(statistics, images.clone())
    if not isinstance(result, (tuple, list, torch.Tensor, np.ndarray)) or len(result) != 2:
        raise Wrong(f"the result is a {type(result).__name__}, expected a pair: (mean, std)")
    x = images.double() / 255
    mean, std = x.mean((0, 2, 3)), x.std((0, 2, 3))
    example = f"uint8 pictures of shape {tuple(images.shape)}"
    same(
        result[0],
        mean,
        what="the mean",
        example=example,
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
        result[1],
        std,
        what="the standard deviation",
        example=example,
        mistakes={
            "the mean of the pictures' own standard deviations: "
            "that leaves out how the pictures differ from each other": x.std((2, 3)).mean(0),
            "the standard deviation of the pictures' means: that leaves out the spread in a picture": x.mean(
                (2, 3)
            ).std(0),
            "the standard deviation of values in 0..255": 255 * std,
            "the variance: the root is missing": std**2,
            "one standard deviation over all channels": x.std(),
            "the root of the mean square: subtract the mean first": (x**2).mean((0, 2, 3)).sqrt(),
        },
    )


def _drawn(n: int, side: int = 28) -> np.ndarray:
    """Black pictures with one bright stroke each, (n, side, side): about four of five pixels are 0."""
    numbers = np.random.default_rng(n)
    images = np.zeros((n, side, side), dtype=np.uint8)
    for image in images:
        column, slant = numbers.integers(8, side - 12), numbers.integers(-1, 2)
        for row in range(3, side - 3):
            start = int(np.clip(column + slant * (row - side // 2) // 2, 0, side - 6))
            image[row, start : start + 6] = numbers.integers(100, 256, 6)
    return images


def own_format(pair) -> None:
    """(pack, unpack): any format that gives back every uint8 (N, H, W), and stores dark pictures in half the bytes."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise Wrong(f"expected the pair (pack, unpack), got a {type(pair).__name__}")
    pack, unpack = pair
    cases = {
        "black pictures with bright strokes": _drawn(20),
        "one such picture": _drawn(1),
        "pictures of random pixels": _numbers((3, 6, 5)),
        "one picture of 2 rows and 300 columns": _numbers((1, 2, 300)),
        "black pictures": np.zeros((4, 10, 9), np.uint8),
        "white pictures": np.full((2, 40, 30), 255, np.uint8),
        "pictures that end with black rows": np.concatenate([_numbers((2, 4, 7)), np.zeros((2, 8, 7), np.uint8)], 1),
    }
    packed = {}
    for name, images in cases.items():
        packed[name] = call(pack, images.copy())
        if not isinstance(packed[name], (bytes, bytearray)):
            raise Wrong(f"pack returns a {type(packed[name]).__name__}, expected bytes")
    for name, images in cases.items():
        example = f"{name}, shape {images.shape}"
        got = call(unpack, packed[name])
        same(array(got, "what unpack returns"), images, what="what unpack returns", example=example, atol=0)
        kind = getattr(got, "dtype", type(got).__name__)
        if kind not in (np.uint8, torch.uint8):
            raise Wrong(f"unpack returns {kind}, expected an array of uint8 (for {example})")
    name, images = next(iter(cases.items()))
    plain = 16 + images.size
    if len(packed[name]) > plain / 2:
        raise Wrong(
            f"{len(images)} {name} take {len(packed[name]):,} bytes, expected half of an IDX file's {plain:,} "
            f"or less: {np.mean(images == 0):.0%} of the pixels are 0"
        )


CHECKERS = {"1": read_sizes, "2": write_format, "3": dataset, "4": channel_statistics, "5": own_format}
