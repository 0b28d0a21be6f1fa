"""The files of each data set: their names, sizes and checksums, where they come from, and how they are read."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.files.fetch import Archive, File
from course_utils.idx import read_idx


@dataclass(frozen=True)
class Source:
    """A data set's files, in torchvision's layout; how they are read, and how they are had."""

    title: str
    classes: tuple[str, ...]
    files: tuple[File, ...]
    read: Callable[[list[Path]], list[np.ndarray]]  # -> training images, training labels, test images, test labels
    archives: Callable[[Source], list[Archive]]  # a function: to import torchvision, which knows them, takes seconds
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
    return [
        Archive(f"{folder}/raw/{name}", size, md5, tuple(mirror + name for mirror in table.mirrors), (file,))
        for (name, md5), size, file in zip(table.resources, source.archive_sizes, source.files, strict=True)
    ]


class _Unpickler(pickle.Unpickler):
    """Makes arrays and nothing else: a pickle can otherwise run any code."""

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}".replace("_core", "core") in (
            "numpy.core.multiarray._reconstruct",
            "numpy.ndarray",
            "numpy.dtype",
            "_codecs.encode",
        ):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"found {module}.{name} in a CIFAR-10 file, expected NumPy arrays only")


def _read_cifar_files(paths: list[Path]) -> list[np.ndarray]:
    return [*_read_batches(paths[:5]), *_read_batches(paths[5:6])]


def _read_batches(paths: list[Path]) -> list[np.ndarray]:
    """The images and labels of files with equally many images: read one by one, so that few of their 30 MB are held."""
    images, labels = None, []
    for i, path in enumerate(paths):
        with open(path, "rb") as file:
            batch = _Unpickler(file, encoding="latin1").load()
        if images is None:
            images = np.empty((len(paths), *batch["data"].shape), np.uint8)
        images[i] = batch["data"]
        labels += batch["labels"]
    return [images.reshape(-1, 3, 32, 32), np.array(labels)]


def _cifar_archives(source: Source) -> list[Archive]:
    from torchvision.datasets import CIFAR10

    urls = [url for url in (os.environ.get("COURSE_CIFAR10_URL"), CIFAR10.url) if url]
    note = (
        "CIFAR-10's server is slow: 170 MB can take an hour. You may stop: what has arrived is kept. Faster ways:\n"
        "  COURSE_CIFAR10_URL=url   another place that has cifar-10-python.tar.gz (its checksum is checked)\n"
        "  COURSE_OFFLINE=1         no download: drawn pictures at once"
    )
    return [Archive(CIFAR10.filename, source.archive_sizes[0], CIFAR10.tgz_md5, tuple(urls), source.files, note)]


SOURCES = {
    "mnist": Source(
        "MNIST",
        tuple("0123456789"),
        _files(
            "MNIST/raw",
            ("train-images-idx3-ubyte", 47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
            ("train-labels-idx1-ubyte", 60_008, "a25bea736e30d166cdddb491f175f624"),
            ("t10k-images-idx3-ubyte", 7_840_016, "2646ac647ad5339dbf082846283269ea"),
            ("t10k-labels-idx1-ubyte", 10_008, "27ae3e4e09519cfbb04c329615203637"),
        ),
        _read_idx_files,
        _idx_archives,
        (9_912_422, 28_881, 1_648_877, 4_542),
    ),
    "fashion_mnist": Source(
        "Fashion-MNIST",
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        _files(
            "FashionMNIST/raw",
            ("train-images-idx3-ubyte", 47_040_016, "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
            ("train-labels-idx1-ubyte", 60_008, "9018921c3c673c538a1fc5bad174d6f9"),
            ("t10k-images-idx3-ubyte", 7_840_016, "8181f5470baa50b63fa0f6fddb340f0a"),
            ("t10k-labels-idx1-ubyte", 10_008, "15d484375f8d13e6eb1aabb0c3f46965"),
        ),
        _read_idx_files,
        _idx_archives,
        (26_421_880, 29_515, 4_422_102, 5_148),
    ),
    "cifar10": Source(
        "CIFAR-10",
        (
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        _files(
            "cifar-10-batches-py",
            ("data_batch_1", 31_035_704, "c99cafc152244af753f735de768cd75f"),
            ("data_batch_2", 31_035_320, "d4bba439e000b95fd0a9bffe97cbabec"),
            ("data_batch_3", 31_035_999, "54ebc095f3ab1f0389bbae665268c751"),
            ("data_batch_4", 31_035_696, "634d18415352ddfa80567beed471001a"),
            ("data_batch_5", 31_035_623, "482c414d41f54cd18b22e5b47cb7c3cb"),
            ("test_batch", 31_035_526, "40351d587109b95175f43aff81a1287e"),
            ("batches.meta", 158, "5ff9c542aee3614f3951f8cda6e48888"),
        ),
        _read_cifar_files,
        _cifar_archives,
        (170_498_071,),
    ),
}


def source_of(name: str) -> Source:
    """The source of a data set. Raises ValueError for a name that is not known."""
    if name not in SOURCES:
        raise ValueError(f"unknown data set {name!r}; expected one of {', '.join(map(repr, SOURCES))}")
    return SOURCES[name]
