"""The data sets of the course: `load` gives train, validation and test, `loader` gives the batches.

Real files are looked for in COURSE_DATA_DIR, in the repository's data/ and in the user's cache, and then downloaded. If
nothing works, pictures are drawn (`standin`), so that a class can always go on. Every file is checked at every load, by
size and md5. `pad_and_crop` and `flip` change a batch at random, for lesson 08's augmentation.

    COURSE_DATA_DIR=folder     look there first, download to there
    COURSE_OFFLINE=1           never use the network
    COURSE_CIFAR10_URL=url     another place that has cifar-10-python.tar.gz, byte for byte
"""
from __future__ import annotations

import atexit
import io
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, Sampler
from torch.utils.data._utils.collate import default_collate_fn_map

from course_utils import standin
from course_utils.fetch import Archive, DataError, File, download, faults, lock
from course_utils.idx import read_idx

__all__ = ["Batch", "DataError", "DataSets", "ImageDataset", "balanced_sample", "flip", "load", "loader", "locate",
           "offline", "pad_and_crop", "prepare", "standin_in_use"]

ROOT = Path(__file__).resolve().parent.parent
CACHE = "~/.cache/cnn-course"
SPLIT_SEED = 0  # everybody gets the same validation images
_standin_in_use = False


# ---- Images as a Dataset ----


class Batch(NamedTuple):
    """What a DataLoader over an ImageDataset gives: images (B, C, H, W) float32, labels (B,) int64."""
    images: torch.Tensor
    labels: torch.Tensor


def _collate(batches: list[Batch], *, collate_fn_map: Any = None) -> Batch:
    return batches[0] if len(batches) == 1 else Batch(*map(torch.cat, zip(*batches, strict=True)))


default_collate_fn_map[Batch] = _collate  # so that a plain DataLoader takes a batch as it is


class ImageDataset(Dataset):
    """All images of a split in one tensor: images (N, C, H, W) uint8, labels (N,) int64.

    A sample is (image, label), float32 (C, H, W) and int64 (). Its values are x / 255, in 0..1; with mean and std (one
    per channel) they are (x / 255 - mean) / std, bit by bit as torchvision's ToTensor and Normalize compute it.
    A DataLoader asks `__getitems__` for the whole batch, and so indexes the tensor once instead of once per image.
    A transform changes a batch of floats (B, C, H, W), each time that it is asked for; see `with_transform`.
    """

    def __init__(self, images: torch.Tensor, labels: torch.Tensor,
                 mean: Sequence[float] | None = None, std: Sequence[float] | None = None,
                 transform: Callable[[torch.Tensor], torch.Tensor] | None = None) -> None:
        if images.dtype != torch.uint8 or images.ndim != 4 or labels.shape != images.shape[:1]:
            raise ValueError("expected images (N, C, H, W) uint8 and labels (N,); "
                             f"found {tuple(images.shape)} {images.dtype} and {tuple(labels.shape)}")
        given = [values for values in (mean, std) if values is not None]
        if len(given) == 1 or any(len(values) != images.shape[1] for values in given):
            raise ValueError(f"expected mean and std with {images.shape[1]} value(s) each; found {mean} and {std}")
        self.images, self.labels, self.mean, self.std, self.transform = images, labels, mean, std, transform
        if mean is not None:
            self._mean, self._std = (torch.tensor(values, dtype=torch.float32, device=images.device).view(-1, 1, 1)
                                     for values in given)

    def _scaled(self, images: torch.Tensor) -> torch.Tensor:
        images = images.float().div_(255)
        if self.mean is not None:
            images.sub_(self._mean).div_(self._std)
        return images if self.transform is None else self.transform(images)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self._scaled(self.images[i][None])[0], self.labels[i]

    def __getitems__(self, indices: Sequence[int] | torch.Tensor) -> list[Batch]:
        rows = torch.as_tensor(indices, device=self.images.device)
        # index_select gives the same rows as images[rows], and is ten times faster
        return [Batch(self._scaled(self.images.index_select(0, rows)), self.labels.index_select(0, rows))]

    def to(self, device: torch.device | str) -> ImageDataset:
        """The same data set, wholly on device: its batches are made there."""
        return ImageDataset(self.images.to(device), self.labels.to(device), self.mean, self.std, self.transform)

    def with_transform(self, transform: Callable[[torch.Tensor], torch.Tensor] | None) -> ImageDataset:
        """The same images, changed by `transform`: it gets and gives a batch of floats (B, C, H, W)."""
        return ImageDataset(self.images, self.labels, self.mean, self.std, transform)

    def __repr__(self) -> str:
        scale = "0..1" if self.mean is None else "standardised"
        return f"ImageDataset({len(self):,} images of {tuple(self.images.shape[1:])}, {scale}, on {self.images.device})"


class BatchIndices(Sampler[torch.Tensor]):
    """The indices of each batch of a pass, as one tensor (B,) on the data set's device: a DataLoader's batch_sampler.

    `DataLoader(..., shuffle=True)` makes a list of Python ints for every batch, which costs more than to fetch the
    images. The first pass has the same order here, and without a generator so has every pass.
    """

    def __init__(self, dataset: ImageDataset, batch_size: int, shuffle: bool, drop_last: bool,
                 generator: torch.Generator | None) -> None:
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size is {batch_size!r}: it must be a whole number of at least 1")
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle
        self.drop_last, self.generator = drop_last, generator

    def __iter__(self) -> Iterator[torch.Tensor]:
        n, generator = len(self.dataset), self.generator
        if generator is None and self.shuffle:  # as RandomSampler does it: torch's own random numbers give the seed
            generator = torch.Generator().manual_seed(int(torch.empty((), dtype=torch.int64).random_().item()))
        order = torch.randperm(n, generator=generator) if self.shuffle else torch.arange(n)
        order = order.to(self.dataset.images.device)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield order[start:start + self.batch_size]

    def __len__(self) -> int:
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)


def loader(dataset: Dataset, batch_size: int, shuffle: bool = False, drop_last: bool = False,
           seed: int | None = None) -> DataLoader:
    """A plain DataLoader. With a seed, it shuffles in the same order in every run."""
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    if not isinstance(dataset, ImageDataset):
        return DataLoader(dataset, batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, generator=generator)
    batches = BatchIndices(dataset, batch_size, shuffle, drop_last, generator)
    return DataLoader(dataset, batch_sampler=batches, generator=generator)


def balanced_sample(dataset: ImageDataset, rate: float, seed: int = 0) -> ImageDataset:
    """A share of the images, 0 < rate <= 1, drawn at random: of each class the same share.

    With CIFAR-10's 50,000 training images, 0.5 keeps 25,000: 2,500 of each class.
    Raises ValueError for a rate outside that range, or one that keeps no image.
    """
    n = round(rate * len(dataset))
    if not 0 < rate <= 1 or n == 0:
        raise ValueError(f"rate is {rate!r}: it is the share to keep, above 0 and at most 1, of {len(dataset)} images")
    kept = _stratified(dataset.labels, n, seed)
    return ImageDataset(dataset.images[kept], dataset.labels[kept], dataset.mean, dataset.std, dataset.transform)


def pad_and_crop(images: torch.Tensor, padding: int = 4, border: str = "constant") -> torch.Tensor:
    """Move each image of a batch (B, C, H, W) at random by up to `padding` pixels.

    At the border zeros come in ("constant"), or the mirror picture ("reflect"), or whatever else `F.pad` has as a mode.
    """
    n, _, height, width = images.shape
    padded = F.pad(images, [padding] * 4, mode=border).permute(0, 2, 3, 1)  # (B, H + 2p, W + 2p, C)
    top, left = torch.randint(2 * padding + 1, (2, n, 1, 1), device=images.device)
    rows = top + torch.arange(height, device=images.device).view(1, -1, 1)
    columns = left + torch.arange(width, device=images.device)
    image = torch.arange(n, device=images.device).view(-1, 1, 1)
    return padded[image, rows, columns].permute(0, 3, 1, 2)


def flip(images: torch.Tensor) -> torch.Tensor:
    """Mirror half of the images of a batch (B, C, H, W), drawn at random, left to right."""
    chosen = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
    return torch.where(chosen, images.flip(-1), images)


# ---- The three data sets ----


@dataclass(frozen=True)
class Source:
    """A data set's files, in torchvision's layout; how they are read, and how they are had."""
    title: str
    classes: tuple[str, ...]
    files: tuple[File, ...]
    read: Callable[[list[Path]], list[np.ndarray]]  # -> training images, training labels, test images, test labels
    archives: Callable[[Source], list[Archive]]     # a function: to import torchvision, which knows them, takes seconds
    archive_sizes: tuple[int, ...]


def _files(folder: str, *rows: tuple[str, int, str]) -> tuple[File, ...]:
    return tuple(File(f"{folder}/{name}", size, md5) for name, size, md5 in rows)


def _read_idx_files(paths: list[Path]) -> list[np.ndarray]:
    # (N, H, W) -> (N, 1, H, W)
    return [array[:, None] if array.ndim == 3 else array for array in map(read_idx, paths)]


def _idx_archives(source: Source) -> list[Archive]:
    from torchvision import datasets
    folder = source.files[0].path.split("/")[0]
    table = getattr(datasets, folder)
    return [Archive(f"{folder}/raw/{name}", size, md5, tuple(mirror + name for mirror in table.mirrors), (file,))
            for (name, md5), size, file in zip(table.resources, source.archive_sizes, source.files, strict=True)]


class _Unpickler(pickle.Unpickler):
    """Makes arrays and nothing else: a pickle can otherwise run any code."""

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}".replace("_core", "core") in (
                "numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype", "_codecs.encode"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"found {module}.{name} in a CIFAR-10 file, expected NumPy arrays only")


def _read_cifar_files(paths: list[Path]) -> list[np.ndarray]:
    batches = [_Unpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load() for path in paths[:6]]
    images = [batch["data"].reshape(-1, 3, 32, 32) for batch in batches]
    labels = [np.array(batch["labels"]) for batch in batches]
    return [np.concatenate(images[:5]), np.concatenate(labels[:5]), images[5], labels[5]]


def _cifar_archives(source: Source) -> list[Archive]:
    from torchvision.datasets import CIFAR10
    urls = [url for url in (os.environ.get("COURSE_CIFAR10_URL"), CIFAR10.url) if url]
    note = ("CIFAR-10's server is slow: 170 MB can take an hour. You may stop: what has arrived is kept. Faster ways:\n"
            "  COURSE_CIFAR10_URL=url   another place that has cifar-10-python.tar.gz (its checksum is checked)\n"
            "  COURSE_OFFLINE=1         no download: drawn pictures at once")
    return [Archive(CIFAR10.filename, source.archive_sizes[0], CIFAR10.tgz_md5, tuple(urls), source.files, note)]


SOURCES = {
    "mnist": Source("MNIST", tuple("0123456789"), _files(
        "MNIST/raw",
        ("train-images-idx3-ubyte", 47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
        ("train-labels-idx1-ubyte", 60_008, "a25bea736e30d166cdddb491f175f624"),
        ("t10k-images-idx3-ubyte", 7_840_016, "2646ac647ad5339dbf082846283269ea"),
        ("t10k-labels-idx1-ubyte", 10_008, "27ae3e4e09519cfbb04c329615203637"),
    ), _read_idx_files, _idx_archives, (9_912_422, 28_881, 1_648_877, 4_542)),
    "fashion_mnist": Source("Fashion-MNIST", (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ), _files(
        "FashionMNIST/raw",
        ("train-images-idx3-ubyte", 47_040_016, "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
        ("train-labels-idx1-ubyte", 60_008, "9018921c3c673c538a1fc5bad174d6f9"),
        ("t10k-images-idx3-ubyte", 7_840_016, "8181f5470baa50b63fa0f6fddb340f0a"),
        ("t10k-labels-idx1-ubyte", 10_008, "15d484375f8d13e6eb1aabb0c3f46965"),
    ), _read_idx_files, _idx_archives, (26_421_880, 29_515, 4_422_102, 5_148)),
    "cifar10": Source("CIFAR-10", (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ), _files(
        "cifar-10-batches-py",
        ("data_batch_1", 31_035_704, "c99cafc152244af753f735de768cd75f"),
        ("data_batch_2", 31_035_320, "d4bba439e000b95fd0a9bffe97cbabec"),
        ("data_batch_3", 31_035_999, "54ebc095f3ab1f0389bbae665268c751"),
        ("data_batch_4", 31_035_696, "634d18415352ddfa80567beed471001a"),
        ("data_batch_5", 31_035_623, "482c414d41f54cd18b22e5b47cb7c3cb"),
        ("test_batch", 31_035_526, "40351d587109b95175f43aff81a1287e"),
        ("batches.meta", 158, "5ff9c542aee3614f3951f8cda6e48888"),
    ), _read_cifar_files, _cifar_archives, (170_498_071,)),
}


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise ValueError(f"unknown data set {name!r}; expected one of {', '.join(map(repr, SOURCES))}")
    return SOURCES[name]


# ---- Where the files are ----


def locate(name: str) -> Path | None:
    """The folder where real files of the right sizes lie (quick: no checksums), or None."""
    for folder in _folders():
        sizes = {folder / file.path: file.size for file in _source(name).files}
        if all(os.path.isfile(path) and os.path.getsize(path) == size for path, size in sizes.items()):
            return folder
    return None


def prepare(name: str) -> Path:
    """The folder with the real files, all verified; what is missing or wrong is downloaded. Raises DataError."""
    source = _source(name)
    for folder, label in _folders().items():
        found = faults(source.files, folder)
        if not found:
            return folder
        if set(found.values()) != {"missing"}:
            print(f"{source.title} in {label} ({folder}) cannot be used:",
                  *(f"  {path}: {why}" for path, why in found.items()), sep="\n", flush=True)
    looked = f"Looked in {', '.join(map(str, _folders()))}. "
    if offline():
        raise DataError(looked + "COURSE_OFFLINE is set, so nothing is downloaded.")
    folder = next(_writable_folders(), None)
    if folder is None:
        raise DataError(looked + "None of them can be written. Set COURSE_DATA_DIR to a folder that can.")
    try:
        with lock(folder, name):
            download(source.title, source.archives(source), folder)
    except OSError as error:
        raise DataError(f"Cannot write to {folder}: {error}. Set COURSE_DATA_DIR to another folder.") from error
    return folder


def _folders() -> dict[Path, str]:
    """Where data may lie, in the order of the search, each with a name for people."""
    folders = {ROOT / "data": "data/", Path(os.path.expanduser(CACHE)): CACHE}
    if ROOT.name.endswith("-packages"):  # installed instead of cloned: leave site-packages alone
        del folders[ROOT / "data"]
    if given := os.environ.get("COURSE_DATA_DIR"):
        folders = {Path(given).expanduser().resolve(): "COURSE_DATA_DIR"} | folders
    return folders


def _writable_folders() -> Iterator[Path]:
    for folder in _folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):  # permission bits do not tell on every system; a write does
                pass
        except OSError:
            continue
        yield folder


def _prepare_standin(name: str) -> Path:
    """The folder with the drawn files, drawn now if need be, in the first place that takes them. Raises DataError."""
    for folder in _folders():
        if standin.ready(name, folder / "stand-in"):
            return folder / "stand-in"
    failures = ""
    for make in [*(lambda f=f: f for f in _writable_folders()), _temporary_folder]:
        try:
            folder = make()
            with lock(folder, name):
                if not standin.ready(name, folder / "stand-in"):
                    standin.draw(name, folder / "stand-in")
            return folder / "stand-in"
        except OSError as error:
            failures += f"  {error}\n"
    raise DataError(f"The drawn stand-in cannot be written anywhere:\n{failures}Free 200 MB of disk and try again.")


@cache
def _temporary_folder() -> Path:
    """For those who may write nowhere: gone when the process ends."""
    folder = tempfile.mkdtemp(prefix="cnn-course-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


# ---- Loading ----


@dataclass(frozen=True)
class DataSets:
    """What `load` gives.

    mean and std are the training split's, per channel, of pixels in 0..1. source says for people where the files came
    from. folder holds the raw files; torchvision's `root` is its parents[1] for the IDX sets, its parent for CIFAR-10.
    """
    name: str
    train: ImageDataset
    validation: ImageDataset | None
    test: ImageDataset
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str
    standin: bool
    folder: Path


def load(name: str, validation: int = 5000,
         normalize: bool | tuple[Sequence[float], Sequence[float]] = True) -> DataSets:
    """Load "mnist", "fashion_mnist" or "cifar10"; if the real files cannot be had, a drawn stand-in, and say so.

    Args:
        name: the data set.
        validation: so many images are split off the training set, the same share of each class, the same for everybody.
            0 keeps the training set whole, as the posts do; `validation` is then None.
        normalize: True standardises by mean and std of the training split, False leaves 0..1; or a pair (mean, std).

    Raises:
        ValueError: an argument is wrong.
        DataError: there is no room even for the stand-in.
    """
    global _standin_in_use
    source = _source(name)
    try:
        folder, drawn = prepare(name), False
        origin = f"real {source.title} from {_folders()[folder]}"
    except DataError as error:
        print(f"{'=' * 100}\nThe real {source.title} cannot be had. {error}", flush=True)
        folder, drawn = _prepare_standin(name), True
        origin = f"drawn stand-in for {source.title}"
        print(f"STAND-IN IN USE: drawn pictures, not {source.title}. Files, counts and shapes are the same, but the\n"
              f"pictures are easier: accuracies will not be those of the lesson.\n{'=' * 100}", flush=True)
        _standin_in_use = True
    arrays = source.read([folder / file.path for file in source.files])
    images, labels, test_images, test_labels = map(torch.from_numpy, arrays)
    labels, test_labels = labels.long(), test_labels.long()
    held_out = _held_out(labels, validation)
    held_images, held_labels = images[held_out], labels[held_out]
    if validation:
        kept = (~held_out).nonzero()[:, 0]
        images, labels = images.index_select(0, kept), labels[kept]  # faster than by the mask
    mean, std = _mean_std(images)
    scale = ((mean, std) if normalize else (None, None)) if isinstance(normalize, bool) else normalize
    return DataSets(name, ImageDataset(images, labels, *scale),
                    ImageDataset(held_images, held_labels, *scale) if validation else None,
                    ImageDataset(test_images, test_labels, *scale), source.classes, mean, std, origin, drawn,
                    (folder / source.files[0].path).parent)


def offline() -> bool:
    """True when COURSE_OFFLINE forbids the network."""
    return os.environ.get("COURSE_OFFLINE", "0") not in ("", "0")


def standin_in_use() -> bool:
    """True once `load` gave a stand-in in this process. Figures then say so in their titles."""
    return _standin_in_use


def _held_out(labels: torch.Tensor, validation: int) -> torch.Tensor:
    """Which training images go to validation, as (N,) bool."""
    if not isinstance(validation, int) or not 0 <= validation < len(labels):
        raise ValueError(f"validation is a number of images, 0 to {len(labels) - 1:,} here; found {validation!r}")
    return _stratified(labels, validation, SPLIT_SEED)


def _stratified(labels: torch.Tensor, size: int, seed: int) -> torch.Tensor:
    """Choose `size` of N at random, as (N,) bool: of each class its share, largest remainders rounded up."""
    n = len(labels)
    shares = torch.bincount(labels) * size
    quotas = shares // n
    order = (shares % n).argsort(descending=True, stable=True)
    quotas[order[:size - int(quotas.sum())]] += 1
    shuffled = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    chosen = torch.zeros(n, dtype=torch.bool)
    for label, quota in enumerate(quotas.tolist()):
        chosen[shuffled[labels[shuffled] == label][:quota]] = True
    return chosen


def _mean_std(images: torch.Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel, of pixels in 0..1. The sums are exact: whole numbers below 2**53, which float64 holds."""
    total = squares = torch.zeros(images.shape[1], dtype=torch.float64)
    for part in images.split(500):  # so few stay in the processor's cache
        pixels = part.double().transpose(0, 1).flatten(1)  # (B, C, H, W) -> (C, B * H * W)
        total = total + pixels.sum(1)
        squares = squares + torch.stack([channel.dot(channel) for channel in pixels])
    n = images.numel() // images.shape[1]
    mean = total / n
    std = (squares / n - mean.square()).sqrt()
    return tuple((mean / 255).tolist()), tuple((std / 255).tolist())
