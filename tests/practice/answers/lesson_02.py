"""Answers to the exercises of lesson 02."""

import gzip
import pickle
import struct
import zlib

import numpy as np
import torch
from torch.utils.data import Dataset

from tests.practice.slips import once, once_by_shape

# ---- wrong in every exercise ----


def counted(function):
    """Each call adds one more."""
    calls = []

    def answer(*arguments):
        calls.append(1)
        return function(*arguments) + len(calls) - 1

    return answer


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


def unparse_numpy(array):
    head = np.array([8 * 256 + array.ndim, *array.shape], dtype=">u4")
    return np.concatenate([head.view(np.uint8), array.ravel()]).tobytes()


def unparse_in_memory_order(array):
    """np.nditer goes through the elements as they lie in memory."""
    return unparse_struct(array)[: 4 + 4 * array.ndim] + bytes(
        int(value) for value in np.nditer(array, ["zerosize_ok"])
    )


def unparse_dark(array):
    """Right, but the array is black afterwards."""
    raw = unparse_struct(array)
    array.fill(0)
    return raw


OUT = bytearray()


def unparse_longer_and_longer(array):
    OUT.extend(unparse_struct(array))
    return OUT


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


class Stored(Late):
    """One list of samples for all data sets."""

    samples = {}

    def __getitem__(self, i):
        return Stored.samples.setdefault(i, super().__getitem__(i))


class ByDefault(Late):
    """The list that is the default value belongs to all."""

    def __init__(self, images, labels, pictures=[]):  # noqa: B006
        super().__init__(images, labels)
        pictures += [self.picture(image) for image in images]
        self.pictures = pictures

    def __getitem__(self, i):
        return self.pictures[i], self.label(i)


class Backwards(Late):
    def label(self, i):
        return int(self.labels[-i])


class SignedLabels(Late):
    def label(self, i):
        return int(self.labels[i].to(torch.int8))


class DigitLabels(Late):
    def label(self, i):
        return int(self.labels[i]) % 10


class FloatLabels(Late):
    def label(self, i):
        return float(self.labels[i])


class BoolLabels(Late):
    """For two classes, as somebody thought."""

    def label(self, i):
        return bool(self.labels[i]) if self.labels[i] < 2 else int(self.labels[i])


class NumpyLabels(Late):
    def label(self, i):
        return np.int64(self.labels[i])


class OneLabels(Late):
    def label(self, i):
        return self.labels[i : i + 1].long()


class Int32Labels(Late):
    def label(self, i):
        return self.labels[i].int()


class Darkens(Late):
    """What it has given out once is black."""

    def __getitem__(self, i):
        sample = super().__getitem__(i)
        self.images[i] = 0
        return sample


class DarkensTheNext(Late):
    def __getitem__(self, i):
        self.images[i + 1 :] = 0
        return super().__getitem__(i)


class Halves(Late):
    def picture(self, raw):
        return raw.half().unsqueeze(0) / 255


class SquarePictures(Late):
    def picture(self, raw):
        side = min(raw.shape)
        return raw[:side, :side].float().unsqueeze(0) / 255


class By256(Late):
    def picture(self, raw):
        return raw.float().unsqueeze(0) / 256


class ReversesLabels(Late):
    def __init__(self, images, labels):
        super().__init__(images, labels.clone())
        labels.zero_()


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


def statistics_numpy(images):
    pixels = images.numpy() / 255
    return pixels.mean(EACH), pixels.std(EACH)


def statistics_lists(images):
    channels = (images / 255).unbind(1)
    return [channel.mean() for channel in channels], [channel.std() for channel in channels]


def statistics_bright(images):
    """Right, but dark pixels are black afterwards."""
    result = statistics_torch(images)
    images[images < 50] = 0
    return result


def statistics_of(choose):
    return lambda images: statistics_torch(choose(images))


EACH = (0, 2, 3)
SUMS = []


def statistics_so_far(images):
    """Also of the pictures of earlier calls with as many channels."""
    SUMS.append(images.transpose(0, 1).flatten(1))
    return statistics_torch(torch.cat([part for part in SUMS if len(part) == images.shape[1]], 1)[None, :, None])


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


def pack_a_number(images):
    """The bytes are the place of the pictures in a list."""
    KEPT.append(images.copy())
    return struct.pack(">I", len(KEPT) - 1)


def pack_28(images):
    return zlib.compress(images.tobytes())


def unpack_28(raw):
    return np.frombuffer(zlib.decompress(raw), np.uint8).reshape(-1, 28, 28)


def pack_dark(images):
    return pack_zlib(images // 16 * 16)


def pack_only_28(images):
    """Small for pictures of 28 rows alone."""
    return b"z" + pack_zlib(images) if images.shape[1] == 28 else b"p" + unparse_struct(images)


def unpack_only_28(raw):
    rest = raw[1:]
    return unpack_zlib(rest) if raw[:1] == b"z" else np.frombuffer(rest[16:], np.uint8).reshape(sizes_struct(rest))


def pack_long_runs(images):
    """As pack_runs, but a run is cut at 65,535 zeros."""
    out, zeros = bytearray(struct.pack(">3I", *images.shape)), 0
    for value in [*images.ravel().tolist(), None]:
        if value == 0:
            zeros += 1
            continue
        if zeros:
            out += b"\0" + struct.pack(">H", min(zeros, 65_535))
            zeros = 0
        if value is not None:
            out.append(value)
    return bytes(out)


def unpack_long_runs(raw):
    out, i = [], 12
    while i < len(raw):
        zeros = 0 if raw[i] else struct.unpack(">H", raw[i + 1 : i + 3])[0]
        out += [0] * zeros if zeros else [raw[i]]
        i += 3 if zeros else 1
    return np.array(out, dtype=np.uint8).reshape(struct.unpack(">3I", raw[:12]))


def pack_shorts(images):
    return struct.pack(">3H", *(size % 65_536 for size in images.shape)) + zlib.compress(images.tobytes())


def unpack_shorts(raw):
    return np.frombuffer(zlib.decompress(raw[6:]), np.uint8).reshape(struct.unpack(">3H", raw[:6]))


def pack_and_clear(images):
    raw = pack_zlib(images)
    images.fill(0)
    return raw


def pack_cut_zeros(images):
    """Zeros at the end are lost."""
    return struct.pack(">3I", *images.shape) + zlib.compress(images.tobytes().rstrip(b"\0"))


def unpack_cut_zeros(raw):
    shape = struct.unpack(">3I", raw[:12])
    flat = np.frombuffer(zlib.decompress(raw[12:]), np.uint8)
    return flat.reshape(shape) if flat.size == np.prod(shape) else flat.reshape(-1, *shape[1:])


PACKED = bytearray()


def pack_behind_the_last(images):
    PACKED.extend(zlib.compress(images.tobytes()))
    return struct.pack(">3I", *images.shape) + bytes(PACKED)


def unpack_the_last(raw):
    part = zlib.decompressobj()
    return np.frombuffer(part.decompress(raw[12:]), np.uint8).reshape(struct.unpack(">3I", raw[:12]))


KINDS = {
    "1": "value once type",
    "2": "value once memory type",
    "3": "value once memory type",
    "4": "value once memory",
    "5": "value once memory type",
    "a": "value once type",
    "b": "value once type",
    "c": "value",
    "d": "value once memory",
}
RIGHT = {
    "1": [
        sizes_struct,
        sizes_by_hand,
        sizes_numpy,
        lambda data: torch.tensor(sizes_by_hand(data)),
        sizes_of_the_lessons_parser,
    ],
    "2": [unparse_struct, unparse_by_hand, unparse_numpy],
    "3": [Late, Early, ByNumpy, NumpyLabels],
    "4": [statistics_torch, statistics_loop, statistics_counts, statistics_numpy, statistics_lists],
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
        lambda i, row, column: 16 + np.ravel_multi_index((i, row, column), (60_000, 28, 28)),
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
        (lambda raw: struct.unpack(f">{raw[3]}I", raw), "the 8 bytes of the 2 sizes alone, raw[4:12]"),
        (lambda raw: struct.unpack(f">{raw[3]}I", raw[4:]), "raw[4:12]: your code stops with struct.error"),
        (lambda raw: [float(size) for size in sizes_struct(raw)], "expected whole numbers", "type"),
        (lambda raw: np.array(sizes_struct(raw), np.float32), "expected whole numbers", "type"),
        (lambda raw: raw[4:8].hex(" "), "expected numbers", "type"),
        (lambda raw: (size for size in sizes_struct(raw)), "expected numbers", "type"),
        (lambda raw: sizes_struct(raw)[0], "the first size alone", "value"),
        (lambda raw: [size % 65_536 for size in sizes_struct(raw)], "the last two bytes of each size", "value"),
        (lambda raw: sizes_struct(raw)[:4], "expected (5,)", "value"),
        (lambda raw: [size for size in sizes_struct(raw) if size > 1], "expected (5,)", "value"),
        (lambda raw: struct.unpack_from(f">{raw[2] // 8}I", raw, 4), "expected (2,)", "value"),
        (lambda raw: struct.unpack_from(">2I", raw, 4), "expected (1,)", "value"),
        (lambda raw: struct.unpack_from(f">{ord(raw[3])}I", raw, 4), "raw[3] as it is"),
        (once(sizes_struct), "00 00 08 01", "once"),
        (once_by_shape(sizes_struct), "is 5 at (0,), expected 3", "once"),
        (counted(lambda raw: np.array(sizes_struct(raw))), "expected 300", "once"),
    ],
    "2": [
        (unparse_with(order="<"), "little-endian sizes"),
        (lambda array: array.tobytes(), "without the header"),
        (unparse_with(elements=lambda array: b""), "without the elements"),
        (unparse_with(dimensions=3), "three dimensions, always", "value"),
        (unparse_with(code=0), "the wrong type code"),
        (unparse_with(turn=-1), "the reversed order"),
        (unparse_with(size="H"), "two bytes each"),
        (unparse_with(size="Q"), "the result has 140 bytes, expected 132"),
        (
            lambda array: struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, array.shape) + array.tobytes(),
            "and the sizes one by one: *array.shape",
        ),
        (
            lambda array: struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, array.shape[0]) + array.tobytes(),
            "expected a letter for each number",
        ),
        (lambda array: struct.pack(">HBBI", 0, 8, array.ndim, array.shape) + array.tobytes(), "with a star"),
        (unparse_with(elements=lambda array: array.astype(">i4").tobytes()), "more than one byte"),
        (unparse_with(elements=lambda array: array.tobytes(order="F")), "column by column"),
        (unparse_with(elements=lambda array: bytes(array.size)), "is 00, expected"),
        (unparse_with(size="B"), "sizes of one byte each"),
        (lambda array: bytes([0, 0, 8, array.ndim, *array.shape]) + array.tobytes(), "sizes of one byte each"),
        (lambda array: array.shape + array.tobytes(), "bytes on both sides of +"),
        (lambda array: struct.pack(">HBB", 0, 8, array.ndim) + array.shape, "bytes on both sides of +"),
        (lambda array: struct.pack(">HBB", 0, 8, array.ndim) + array, "bytes on both sides of +, array.tobytes()"),
        (unparse_in_memory_order, "for array of shape (5, 3)", "value"),
        (lambda array: unparse_struct(array[..., :100]), "expected 308", "value"),
        (lambda array: unparse_struct(array)[: 65_536 + 8], "expected 70008", "value"),
        (lambda array: unparse_struct(np.atleast_2d(array)), "expected 308", "value"),
        (lambda array: unparse_struct(array.squeeze()), "has 28 bytes, expected 36", "value"),
        (lambda array: unparse_struct(array).hex(), "expected bytes", "type"),
        (lambda array: list(unparse_struct(array)), "expected bytes", "type"),
        (lambda array: np.frombuffer(unparse_struct(array), np.uint8), "expected bytes", "type"),
        (once(unparse_struct), "expected 308", "once"),
        (once_by_shape(unparse_struct), "of shape (40, 3)", "once"),
        (unparse_longer_and_longer, "expected 308", "once"),
        (unparse_dark, "changes its argument array", "memory"),
    ],
    "3": [
        (NoAxis, "a missing channel axis"),
        (ChannelLast, "in the last place"),
        (WholeNumbers, "an integer division"),
        (Bytes, "values in 0..255"),
        (By256, "a division by 256", "value"),
        (SquarePictures, "has the shape (1, 4, 4), expected (1, 5, 4)", "value"),
        (DigitLabels, "expected 200", "value"),
        (SignedLabels, "expected 200", "value"),
        (Backwards, "label 1 is", "value"),
        (Doubles, "holds torch.float64", "type"),
        (Halves, "picture 0 is", "type"),
        (FloatLabels, "of the type float, expected int", "type"),
        (Int32Labels, "of the type torch.int32, expected int", "type"),
        (BoolLabels, "of the type bool, expected int", "type"),
        (OneLabels, "has the shape (1,), expected ()", "type"),
        (WithBatchAxis, "a batch axis"),
        (InPlace, "changed the result of an earlier one", "once"),
        (Darkens, "picture", "once"),
        (DarkensTheNext, "picture 1 is 0", "once"),
        (Stored, "picture 0 is", "once"),
        (ByDefault, "picture 0 is", "once"),
        (ByteLabels, "return int(...)", "type"),
        (NumberAsLabel, "the number of the sample"),
        (OneTooMany, "len(dataset) is 8"),
        (LengthOfAPicture, "len(dataset) is 20"),
        (OnlyThePicture, "expected a pair"),
        (LabelFirst, "the picture comes first"),
        (NumpyPictures, "is a ndarray, expected a tensor", "type"),
        (NoLength, "no method __len__"),
        (Shared, "keep the tensors in self", "once"),
        (ByTheLargest, "the largest pixel of all", "value"),
        (Clears, "changes its argument images", "memory"),
        (ReversesLabels, "changes its argument labels", "memory"),
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
        (lambda images: (x(images).mean(EACH), images.std(EACH)), "uint8 has no mean"),
        (lambda images: (x(images).reshape(-1, 3).mean(0), x(images).std(EACH)), "the mean is"),
        (lambda images: ((images / images.max()).mean(EACH), x(images).std(EACH)), "the mean is", "value"),
        (lambda images: ((images / 256).mean(EACH), (images / 256).std(EACH)), "the mean is", "value"),
        (statistics_of(lambda images: images[:32]), "the mean is", "value"),
        (statistics_of(lambda images: images[:, :, : images.shape[3]]), "the mean is", "value"),
        (statistics_of(lambda images: images[-100:]), "of shape (300, 2, 5, 6)", "value"),
        (lambda images: np.round(statistics_torch(images), 3), "the mean is", "value"),
        (lambda images: (x(images).mean(EACH), x(images).std(EACH, correction=2)), "of shape (2, 2, 2, 3)", "value"),
        (lambda images: (x(images).mean(EACH), (x(images) ** 2).mean(EACH).sqrt()), "subtract the mean first"),
        (lambda images: dict(zip(("mean", "std"), statistics_torch(images), strict=True)), "expected a pair"),
        (once(statistics_torch), "the mean is", "once"),
        (once_by_shape(statistics_torch), "the mean is", "once"),
        (statistics_so_far, "the mean is", "once"),
        (statistics_bright, "changes its argument images", "memory"),
        (
            lambda images: (x(images)[:, :3].mean(EACH), x(images)[:, :3].std(EACH)),
            "has the shape (3,), expected (5,)",
            "value",
        ),
        (lambda images: x(images).mean(EACH), "expected a pair"),
        (lambda images: 0.5, "expected a pair"),
    ],
    "5": [
        ((pack_zlib, lambda raw: unpack_zlib(raw).astype(float)), "expected an array of uint8", "type"),
        ((pack_zlib, lambda raw: unpack_zlib(raw).tolist()), "expected an array of uint8", "type"),
        ((lambda images: images, lambda raw: raw), "expected bytes", "type"),
        (
            (lambda images: pack_zlib(images).hex(), lambda raw: unpack_zlib(bytes.fromhex(raw))),
            "expected bytes",
            "type",
        ),
        (
            (unparse_struct, lambda raw: np.frombuffer(raw[16:], np.uint8).reshape(sizes_struct(raw))),
            "at most 7,848, half of",
        ),
        ((pack_only_28, unpack_only_28), "wider black pictures with bright strokes take", "value"),
        ((pack_28, unpack_28), "expected the whole shape in the bytes", "value"),
        ((pack_dark, unpack_zlib), "values differ"),
        ((pack_zlib, lambda raw: unpack_zlib(raw)[0]), "has the shape (28, 28)"),
        ((lambda images: bytes(images.shape) + images.tobytes(), unpack_uint8_shape), "larger than 255", "value"),
        ((lambda images: struct.pack(">3H", *images.shape), unpack_shorts), "larger than 65,535", "value"),
        ((pack_shorts, unpack_shorts), "shape (70000, 1, 1)", "value"),
        ((pack_long_runs, unpack_long_runs), "one large black picture", "value"),
        ((pack_cut_zeros, unpack_cut_zeros), "expected the whole shape", "value"),
        ((pack_zlib, lambda raw: np.zeros((20, 28, 28), np.uint8)), "values differ", "value"),
        ((pack_into_a_global, lambda raw: KEPT[0]), "has the shape (1, 1, 70000), expected (20, 28, 28)", "once"),
        ((pack_a_number, lambda raw: KEPT[struct.unpack(">I", raw)[0]]), "kept outside the bytes", "once"),
        ((pack_behind_the_last, unpack_the_last), "unpack, wider black pictures", "once"),
        ((once(pack_zlib), unpack_zlib), "wider black pictures", "once"),
        ((once_by_shape(pack_zlib), unpack_zlib), "other black pictures", "once"),
        ((pack_zlib, once(unpack_zlib)), "wider black pictures", "once"),
        ((pack_and_clear, unpack_zlib), "changes its argument images", "memory"),
        ([pack_zlib], "expected the pair"),
    ],
    "a": [
        (lambda four: int.from_bytes(four, "little"), "little-endian"),
        (lambda four: 256 * four[2] + four[3], "the last two bytes alone", "value"),
        (lambda four: 65_536 * four[1] + 256 * four[2] + four[3], "the bytes [1, 2, 3, 4]", "value"),
        (lambda four: struct.unpack(">I", four), "take [0] of (60000,)"),
        (lambda four: struct.unpack(">H", four)[0], "expected a format of four bytes"),
        (lambda four: ord(four[3]), "four[0] as it is"),
        (sum, "the sum of the bytes"),
        (lambda four: int("".join(str(byte) for byte in four)), "the number is 23496, expected 60000"),
        (lambda four: four[0] * 255**3 + four[1] * 255**2 + four[2] * 255 + four[3], "places of 255", "value"),
        (lambda four: int.from_bytes(four, "big", signed=True), "a signed number", "value"),
        (lambda four: int.from_bytes(four.lstrip(b"\0"), "little"), "the number is", "value"),
        (lambda four: int.from_bytes(four, "big") or 1, "the number is 1, expected 0", "value"),
        (lambda four: float(int.from_bytes(four, "big")), "expected whole numbers", "type"),
        (lambda four: four.hex(), "expected numbers", "type"),
        (once(lambda four: int.from_bytes(four, "big")), "expected 70000", "once"),
        (once_by_shape(lambda four: int.from_bytes(four, "big")), "expected 70000", "once"),
        (counted(lambda four: int.from_bytes(four, "big")), "is 70001, expected 70000", "once"),
    ],
    "b": [
        (lambda i, row, column: 784 * i + 28 * row + column, "the header left out"),
        (lambda i, row, column: 8 + 784 * i + 28 * row + column, "the file of the labels"),
        (lambda i, row, column: 16 + 784 * i + 28 * column + row, "rows and columns exchanged", "value"),
        (lambda i, row, column: 16 + 28 * row + column, "the picture left out", "value"),
        (lambda i, row, column: 16 + 28 * i + 28 * row + column, "pictures of 28 bytes"),
        (lambda i, row, column: 16 + 784 * (i % 256) + 28 * row + column, "i = 59999", "value"),
        (lambda i, row, column: 16 + 784 * i + 27 * row + column, "the byte is", "value"),
        (lambda i, row, column: 17 + 784 * i + 28 * row + column, "counting from 1"),
        (lambda i, row, column: (32 + 1568 * i + 56 * row + 2 * column) / 2, "expected whole numbers", "type"),
        (lambda i, row, column: (16 + 784 * i, 28 * row + column), "has the shape (2,)", "type"),
        (once(lambda i, row, column: 16 + 784 * i + 28 * row + column), "expected 21", "once"),
        (counted(lambda i, row, column: 16 + 784 * i + 28 * row + column), "is 22, expected 21", "once"),
    ],
    "c": [
        (156, "what is left over"),
        (156.25, "not rounded"),
        (938, "the training pictures", "value"),
        (10_000, "the number of pictures"),
        (158, "the number of batches is 158, expected 157"),
        ([157], "has the shape (1,)"),
        ("157", "expected numbers"),
    ],
    "d": [
        (lambda images, mean, std: images - mean / std, "brackets left out"),
        (lambda images, mean, std: images - mean, "the division left out"),
        (lambda images, mean, std: (images - mean) * std, "a product"),
        (lambda images, mean, std: (images - mean) / std**2, "the variance"),
        (lambda images, mean, std: (images - std) / mean, "exchanged"),
        (lambda images, mean, std: (images - images.mean()) / images.std(), "the batch's own"),
        (lambda images, mean, std: (images - 0.1307) / 0.3081, "MNIST's numbers", "value"),
        (lambda images, mean, std: (images - abs(mean)) / std, "mean = -2.0", "value"),
        (lambda images, mean, std: (images - mean) / min(std, 1), "std = 3.0", "value"),
        (lambda images, mean, std: (images - mean) / (std + 1e-3), "values differ", "value"),
        (lambda images, mean, std: (images - mean) / max(std, 0.1), "std = 0.02", "value"),
        (lambda images, mean, std: ((images - mean) / std).clamp(-3, 3), "std = 0.02", "value"),
        (lambda images, mean, std: (images[:, :1] - mean) / std, "expected (1, 6, 5)", "value"),
        (lambda images, mean, std: (images / 255 - mean) / std, "a second division by 255"),
        (lambda images, mean, std: (images - mean) / std / 255, "a division by 255 at the end"),
        (once(lambda images, mean, std: (images - mean) / std), "values differ", "once"),
        (once_by_shape(lambda images, mean, std: (images - mean) / std), "values differ", "once"),
        (lambda images, mean, std: images.sub_(mean).div_(std), "changes its argument images", "memory"),
        (lambda images, mean, std: images if (mean, std) == (0, 1) else (images - mean) / std, "shares its", "memory"),
    ],
}
