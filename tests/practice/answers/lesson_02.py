"""Answers to the exercises of lesson 02."""

import gzip
import pickle
import struct
import zlib

import numpy as np
import torch
from torch.utils.data import Dataset

# ---- 1: sizes ----


def sizes_struct(raw):
    return struct.unpack_from(f">{raw[3]}I", raw, 4)


def sizes_by_hand(raw):
    found = []
    for i in range(4, 4 + 4 * raw[3], 4):
        a, b, c, d = raw[i : i + 4]
        found.append(((a * 256 + b) * 256 + c) * 256 + d)
    return found


def sizes_numpy(raw):
    return np.frombuffer(raw, dtype=">u4", count=raw[3], offset=4)


def sizes_of_the_lessons_parser(raw):
    """The lesson's parse on bytes, then the shape of what it returns."""
    types = {0x08: ">u1", 0x0C: ">i4", 0x0D: ">f4"}
    _, code, dimensions = struct.unpack(">HBB", raw[:4])
    sizes = struct.unpack(f">{dimensions}I", raw[4 : 4 + 4 * dimensions])
    elements = np.frombuffer(raw, types[code], offset=4 + 4 * dimensions)
    return elements.reshape(sizes).shape


FIRST = []


def sizes_of_the_first_call(raw):
    FIRST.append(sizes_struct(raw))
    return FIRST[0]


# ---- 2: unparse ----


def unparse_struct(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def unparse_by_hand(array):
    out = bytearray([0, 0, 8, len(array.shape)])
    for size in array.shape:
        out += int(size).to_bytes(4, "big")
    for value in array.flatten():
        out.append(int(value))
    return out


def unparse_with(order=">", code=8, dimensions=None, size="I", elements=np.ndarray.tobytes, turn=1):
    def unparse(array):
        head = struct.pack(">HBB", 0, code, dimensions or array.ndim)
        return head + struct.pack(f"{order}{array.ndim}{size}", *array.shape[::turn]) + elements(array)

    return unparse


# ---- 3: a Dataset ----


class Late(Dataset):
    """Divides when a sample is asked for."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.picture(self.images[i]), self.label(i)

    def picture(self, raw):
        return (raw.float() / 255).unsqueeze(0)

    def label(self, i):
        return int(self.labels[i])


class Early:
    """Divides once for all; a Dataset by its methods alone; labels as 0-dim tensors."""

    def __init__(self, pixels, digits):
        self.x = pixels.to(torch.float32).div(255)[:, None]
        self.y = digits.long()

    def __len__(self):
        return self.y.numel()

    def __getitem__(self, index):
        return self.x[index], self.y[index]


class ByNumpy(Late):
    def picture(self, raw):
        return torch.from_numpy(raw.numpy()[np.newaxis].astype(np.float32) / np.float32(255))


class NoAxis(Late):
    def picture(self, raw):
        return raw.float() / 255


class ChannelLast(Late):
    def picture(self, raw):
        return raw.float().unsqueeze(-1) / 255


class WholeNumbers(Late):
    def picture(self, raw):
        return (raw // 255).float().unsqueeze(0)


class Bytes(Late):
    def picture(self, raw):
        return raw.unsqueeze(0).float()


class Doubles(Late):
    def picture(self, raw):
        return raw.double().unsqueeze(0) / 255


class WithBatchAxis(Late):
    def picture(self, raw):
        return raw.float()[None, None] / 255


class InPlace(Late):
    def __init__(self, images, labels):
        super().__init__(images.float(), labels)

    def picture(self, raw):
        return raw.div_(255).unsqueeze(0)


class ByteLabels(Late):
    def label(self, i):
        return self.labels[i]


class NumberAsLabel(Late):
    def label(self, i):
        return i


class OneTooMany(Late):
    def __len__(self):
        return len(self.images) + 1


class LengthOfAPicture(Late):
    def __len__(self):
        return self.images[0].numel()


class OnlyThePicture(Late):
    def __getitem__(self, i):
        return self.picture(self.images[i])


class LabelFirst(Late):
    def __getitem__(self, i):
        return self.label(i), self.picture(self.images[i])


class NumpyPictures(Late):
    def picture(self, raw):
        return raw.numpy()[None].astype(np.float32) / 255


class Shared(Late):
    """The tensors stand in the class: a second data set replaces those of the first."""

    def __init__(self, images, labels):
        Shared.images, Shared.labels = images, labels


class ByTheLargest(Late):
    def picture(self, raw):
        return (raw.float() / self.images.max()).unsqueeze(0)


class Clears(Late):
    def __init__(self, images, labels):
        super().__init__(images.clone(), labels.clone())
        images.zero_()


class NoLength:
    def __init__(self, images, labels):
        pass


# ---- 4: statistics ----


def statistics_torch(images):
    x = images.float() / 255
    return x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3), unbiased=False)


def statistics_loop(images):
    pixels = images.numpy().astype(float) / 255
    means, stds = [], []
    for channel in range(pixels.shape[1]):
        values = pixels[:, channel].ravel()
        means.append(sum(values) / len(values))
        stds.append((sum((values - means[-1]) ** 2) / (len(values) - 1)) ** 0.5)
    return means, stds


def statistics_counts(images):
    """As in the lesson: how often does each grey value occur?"""
    grey, result = torch.arange(256).double() / 255, []
    for channel in images.transpose(0, 1):
        share = torch.bincount(channel.flatten(), minlength=256) / channel.numel()
        mean = (share * grey).sum()
        result.append((mean, (share * (grey - mean) ** 2).sum().sqrt()))
    return np.array(result).T


def x(images):
    return images.double() / 255


EACH = (0, 2, 3)

# ---- 5: a format of one's own ----


def pack_zlib(images):
    return struct.pack(">3I", *images.shape) + zlib.compress(images.tobytes())


def unpack_zlib(raw):
    return np.frombuffer(zlib.decompress(raw[12:]), np.uint8).reshape(struct.unpack(">3I", raw[:12]))


def pack_mask(images):
    return struct.pack("<3Q", *images.shape) + np.packbits(images > 0).tobytes() + images[images > 0].tobytes()


def unpack_mask(raw):
    shape = struct.unpack("<3Q", raw[:24])
    n = int(np.prod(shape))
    end = 24 + (n + 7) // 8
    images = np.zeros(n, np.uint8)
    mask = np.unpackbits(np.frombuffer(raw, np.uint8)[24:end])[:n] > 0
    images[mask] = np.frombuffer(raw, np.uint8)[end:]
    return torch.from_numpy(images.reshape(shape))


def pack_runs(images):
    """A zero is followed by the number of zeros in this run, 1 to 255."""
    out, zeros = bytearray(struct.pack(">3I", *images.shape)), 0
    for value in [*images.ravel().tolist(), None]:
        if value == 0:
            zeros += 1
            continue
        while zeros:
            out += bytes([0, min(zeros, 255)])
            zeros -= min(zeros, 255)
        if value is not None:
            out.append(value)
    return bytes(out)


def unpack_runs(raw):
    out, i = [], 12
    while i < len(raw):
        if raw[i]:
            out.append(raw[i])
            i += 1
        else:
            out += [0] * raw[i + 1]
            i += 2
    return np.array(out, dtype=np.uint8).reshape(struct.unpack(">3I", raw[:12]))


def unpack_uint8_shape(raw):
    return np.frombuffer(raw[3:], np.uint8).reshape(tuple(raw[:3]))


KEPT = []


def pack_into_a_global(images):
    KEPT[:] = [images]
    return b""


def pack_28(images):
    return zlib.compress(images.tobytes())


def unpack_28(raw):
    return np.frombuffer(zlib.decompress(raw), np.uint8).reshape(-1, 28, 28)


def pack_dark(images):
    return pack_zlib(images // 16 * 16)


RIGHT = {
    "1": [
        sizes_struct,
        sizes_by_hand,
        sizes_numpy,
        lambda data: torch.tensor(sizes_by_hand(data)),
        sizes_of_the_lessons_parser,
    ],
    "2": [unparse_struct, unparse_by_hand],
    "3": [Late, Early, ByNumpy],
    "4": [statistics_torch, statistics_loop, statistics_counts],
    "5": [
        (pack_zlib, unpack_zlib),
        [pack_mask, unpack_mask],
        (pack_runs, unpack_runs),
        (lambda images: gzip.compress(pickle.dumps(images)), lambda raw: pickle.loads(gzip.decompress(raw))),
    ],
    "a": [
        lambda four: ((four[0] * 256 + four[1]) * 256 + four[2]) * 256 + four[3],
        lambda four: int.from_bytes(four, "big"),
        lambda four: struct.unpack(">I", four)[0],
    ],
    "b": [
        lambda i, row, column: 16 + 784 * i + 28 * row + column,
        lambda i, row, column: 16 + (i * 28 + row) * 28 + column,
    ],
    "c": [157, -(-10_000 // 64), torch.tensor(157), np.ceil(10_000 / 64)],
    "d": [
        lambda images, mean, std: (images - mean) / std,
        lambda images, mean, std: images.sub(mean).div(std),
        lambda images, mean, std: (images.numpy() - mean) / std,
    ],
}
WRONG = {
    "1": [
        (lambda raw: struct.unpack_from(f"<{raw[3]}I", raw, 4), "little-endian"),
        (lambda raw: np.frombuffer(raw, np.uint32, count=raw[3], offset=4), "little-endian"),
        (lambda raw: struct.unpack_from(f">{raw[3]}i", raw, 4), "signed integers"),
        (lambda raw: struct.unpack_from(">3I", raw, 4), "three sizes, always"),
        (lambda raw: struct.unpack_from(f">{raw[3]}I", raw), "a start at byte 0"),
        (lambda raw: struct.unpack_from(f">{raw[2]}I", raw, 4), "the type code"),
        (lambda raw: raw[3], "the number of dimensions"),
        (lambda raw: sizes_struct(raw)[::-1], "reversed order"),
        (lambda raw: list(raw[4 : 4 + raw[3]]), "one byte each"),
        (lambda raw: struct.unpack(f">{raw[3]}I", raw), "the 4 bytes of the 1 sizes alone, raw[4:8]"),
        (lambda raw: struct.unpack(f">{raw[3]}I", raw[4:]), "raw[4:8]. Your code stops with struct.error"),
        (lambda raw: [float(size) for size in sizes_struct(raw)], "expected whole numbers"),
        (lambda raw: [size % 65_536 for size in sizes_struct(raw)], "the last two bytes of each size"),
        (sizes_of_the_first_call, "00 00 08 02"),
        (lambda raw: struct.unpack_from(f">{raw[2] // 8}I", raw, 4), "has the shape (1,), expected (2,)"),
        (lambda raw: raw[4:8].hex(" "), "expected numbers"),
    ],
    "2": [
        (unparse_with(order="<"), "little-endian sizes"),
        (lambda array: array.tobytes(), "without the header"),
        (unparse_with(elements=lambda array: b""), "without the elements"),
        (unparse_with(dimensions=3), "three dimensions, always"),
        (unparse_with(code=0), "the wrong type code"),
        (unparse_with(turn=-1), "the reversed order"),
        (unparse_with(size="H"), "two bytes each"),
        (unparse_with(size="Q"), "the result has 312 bytes, expected 308"),
        (
            lambda array: struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, array.shape) + array.tobytes(),
            "with a star: *array.shape",
        ),
        (
            lambda array: struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, array.shape[0]) + array.tobytes(),
            "One letter for each number",
        ),
        (unparse_with(elements=lambda array: array.astype(">i4").tobytes()), "more than one byte"),
        (unparse_with(elements=lambda array: array.tobytes(order="F")), "column by column"),
        (unparse_with(elements=lambda array: bytes(array.size)), "is 00, expected"),
        (lambda array: unparse_struct(array).hex(), "expected bytes"),
        (unparse_with(size="B"), "A size needs four bytes: the letter I."),
    ],
    "3": [
        (NoAxis, "a missing channel axis"),
        (ChannelLast, "in the last place"),
        (WholeNumbers, "an integer division"),
        (Bytes, "values in 0..255"),
        (Doubles, "holds torch.float64"),
        (WithBatchAxis, "a batch axis"),
        (InPlace, "divided by 255 twice"),
        (ByteLabels, "return int(...)"),
        (NumberAsLabel, "the number of the sample"),
        (OneTooMany, "len(dataset) is 8"),
        (LengthOfAPicture, "len(dataset) is 20"),
        (OnlyThePicture, "expected a pair"),
        (LabelFirst, "the picture comes first"),
        (NumpyPictures, "is a ndarray, expected a tensor"),
        (NoLength, "no method __len__"),
        (Shared, "keep the tensors in self"),
        (ByTheLargest, "the largest pixel of all"),
        (Clears, "changes what it gets"),
        (Late(torch.zeros(1, 2, 2), torch.zeros(1)), "expected the class itself"),
    ],
    "4": [
        (lambda images: (x(images).mean(EACH), x(images).std((2, 3)).mean(0)), "the pictures' own standard deviations"),
        (lambda images: (x(images).mean(EACH), x(images).mean((2, 3)).std(0)), "the pictures' means"),
        (lambda images: (images.double().mean(EACH), images.double().std(EACH)), "0..255"),
        (lambda images: (x(images).mean(), x(images).std()), "over all channels"),
        (lambda images: (x(images).mean(0), x(images).std(0)), "one mean for each place"),
        (
            lambda images: (x(images).mean(EACH, keepdim=True), x(images).std(EACH, keepdim=True)),
            "[0, :, 0, 0] takes them away: the mean has the shape (1, 3, 1, 1)",
        ),
        (
            lambda images: (x(images).mean(EACH), x(images).std(EACH, keepdim=True)),
            "the standard deviation has the shape (1, 3, 1, 1)",
        ),
        (lambda images: (x(images).mean((2, 3)), x(images).std((2, 3))), "each picture and channel"),
        (lambda images: (x(images).mean(EACH), x(images).var(EACH)), "the root is missing"),
        (lambda images: (x(images).std(EACH), x(images).mean(EACH)), "the mean comes first"),
        (lambda images: ((images // 255).double().mean(EACH), x(images).std(EACH)), "the mean is 0 at"),
        (lambda images: images.mean(EACH), "uint8 has no mean"),
        (lambda images: (x(images).reshape(-1, 3).mean(0), x(images).std(EACH)), "the mean is"),
        (lambda images: ((images / images.max()).mean(EACH), x(images).std(EACH)), "the mean is"),
        (lambda images: (x(images)[:, :3].mean(EACH), x(images)[:, :3].std(EACH)), "has the shape (3,), expected (5,)"),
        (lambda images: x(images).mean(EACH), "expected a pair"),
        (lambda images: 0.5, "expected a pair"),
    ],
    "5": [
        ((pack_zlib, lambda raw: unpack_zlib(raw).astype(float)), "expected an array of uint8"),
        (
            (unparse_struct, lambda raw: np.frombuffer(raw[16:], np.uint8).reshape(sizes_struct(raw))),
            "at most 7,848, half of",
        ),
        ((pack_28, unpack_28), "have to hold the whole shape"),
        ((pack_dark, unpack_zlib), "values differ"),
        ((pack_zlib, lambda raw: unpack_zlib(raw)[0]), "has the shape (28, 28)"),
        ((lambda images: bytes(images.shape) + images.tobytes(), unpack_uint8_shape), "may be larger than 255"),
        ((pack_into_a_global, lambda raw: KEPT[0]), "has the shape (2, 12, 7)"),
        (
            (
                lambda images: (
                    struct.pack(">3H", *(s % 65_536 for s in images.shape)) + zlib.compress(images.tobytes())
                ),
                lambda raw: np.frombuffer(zlib.decompress(raw[6:]), np.uint8).reshape(struct.unpack(">3H", raw[:6])),
            ),
            "shape (70000, 1, 1)",
        ),
        (
            (
                lambda images: pack_zlib(np.maximum(images, 0, out=images) // 1) + bytes(images.fill(0) or 0),
                unpack_zlib,
            ),
            "changes what it gets",
        ),
        ((lambda images: images, lambda raw: raw), "expected bytes"),
        (pack_zlib, "expected the pair"),
        ((pack_zlib, lambda raw: np.zeros((20, 28, 28), np.uint8)), "values differ"),
    ],
    "a": [
        (lambda four: int.from_bytes(four, "little"), "little-endian"),
        (lambda four: 256 * four[2] + four[3], "the last two bytes alone"),
        (lambda four: struct.unpack(">I", four), "take [0] of it"),
        (sum, "the sum of the bytes"),
        (lambda four: four[0] * 255**3 + four[1] * 255**2 + four[2] * 255 + four[3], "places of 255"),
        (lambda four: int.from_bytes(four, "big", signed=True), "a signed number"),
        (lambda four: float(int.from_bytes(four, "big")), "expected whole numbers"),
    ],
    "b": [
        (lambda i, row, column: 784 * i + 28 * row + column, "the header left out"),
        (lambda i, row, column: 8 + 784 * i + 28 * row + column, "the file of the labels"),
        (lambda i, row, column: 16 + 784 * i + 28 * column + row, "rows and columns exchanged"),
        (lambda i, row, column: 16 + 28 * row + column, "the picture left out"),
        (lambda i, row, column: 17 + 784 * i + 28 * row + column, "counting from 1"),
        (lambda i, row, column: (32 + 1568 * i + 56 * row + 2 * column) / 2, "expected whole numbers"),
    ],
    "c": [
        (156, "what is left over"),
        (156.25, "not rounded"),
        (938, "the training pictures"),
        (10_000, "the number of pictures"),
    ],
    "d": [
        (lambda images, mean, std: images - mean / std, "brackets left out"),
        (lambda images, mean, std: images - mean, "the division left out"),
        (lambda images, mean, std: (images - mean) * std, "a product"),
        (lambda images, mean, std: (images - images.mean()) / images.std(), "the batch's own"),
        (lambda images, mean, std: (images - 0.1307) / 0.3081, "MNIST's numbers"),
        (lambda images, mean, std: (images / 255 - mean) / std, "a second division by 255"),
        (lambda images, mean, std: (images - mean) / std / 255, "a division by 255 at the end"),
        (lambda images, mean, std: images.sub_(mean).div_(std), "changes what it gets"),
    ],
}
