"""The data sets of the course: `load` gives train, validation and test, `loader` gives the batches.

`load` looks for the real files, downloads what is missing, and draws pictures if nothing works, so that a class can
always go on (`files/`). `pad_and_crop` and `flip` change a batch at random, for data augmentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, Sampler

from course_utils.device import give_back_freed_memory
from course_utils.files import standin
from course_utils.files.fetch import DataError
from course_utils.files.folders import data_folders, prepare, prepare_standin
from course_utils.files.sources import source_of

SPLIT_SEED = 0  # everybody gets the same validation images


# ---- Images as a Dataset ----


class Batch(NamedTuple):
    """What a loader gives: images (B, C, H, W) float32, labels (B,) int64."""

    images: torch.Tensor
    labels: torch.Tensor


class ImageDataset(Dataset):
    """All images of a split in one tensor: images (N, C, H, W) uint8, labels (N,) int64.

    A sample is (image, label), float32 (C, H, W) and int64 (). Its values are x / 255, in 0..1; with mean and std (one
    per channel) they are (x / 255 - mean) / std, bit by bit as torchvision's ToTensor and Normalize compute it.
    Several indices at once, dataset[tensor or list or slice], give a `Batch`: the tensor is indexed once, not once per
    image. A transform changes a batch of floats (B, C, H, W), each time that it is asked for; see `with_transform`.
    """

    def __init__(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        transform: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        if images.dtype != torch.uint8 or images.ndim != 4 or labels.shape != images.shape[:1]:
            found = f"{tuple(images.shape)} {images.dtype} and {tuple(labels.shape)}"
            raise ValueError(f"expected images (N, C, H, W) uint8 and labels (N,); found {found}")
        given = [values for values in (mean, std) if values is not None]
        if len(given) == 1 or any(len(values) != images.shape[1] for values in given):
            raise ValueError(f"expected mean and std with {images.shape[1]} value(s) each; found {mean} and {std}")
        self.images, self.labels, self.mean, self.std, self.transform = images, labels, mean, std, transform
        if mean is not None:
            shaped = [torch.tensor(values, dtype=torch.float32, device=images.device) for values in given]
            self._mean, self._std = (values.view(-1, 1, 1) for values in shaped)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int | torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if isinstance(i, torch.Tensor) and i.ndim == 1:  # the indices of a batch
            # index_select gives the same rows as images[i], and is ten times faster
            return Batch(self._scaled(self.images.index_select(0, i)), self.labels.index_select(0, i))
        return self._scaled(self.images[i][None])[0], self.labels[i]

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """The samples of a batch, for a plain DataLoader, which asks for them all at once and stacks them."""
        images, labels = self[torch.tensor(indices, device=self.images.device)]
        return list(zip(images, labels, strict=True))

    def _scaled(self, images: torch.Tensor) -> torch.Tensor:
        images = images.float().div_(255)
        if self.mean is not None:
            images.sub_(self._mean).div_(self._std)
        return images if self.transform is None else self.transform(images)

    def subset(self, rows: torch.Tensor | slice) -> ImageDataset:
        """Some of the images: those that indices, a mask (N,) bool or a slice choose."""
        return ImageDataset(self.images[rows], self.labels[rows], self.mean, self.std, self.transform)

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
    """The indices of each batch of a pass, as one tensor (B,) on the data set's device: a DataLoader's sampler.

    `DataLoader(..., shuffle=True)` makes a list of Python ints for every batch, which costs more than to fetch the
    images. The first pass has the same order here, and without a generator so has every pass. A sampler of single
    indices, such as a DistributedSampler, can give the order instead.
    """

    def __init__(
        self,
        dataset: ImageDataset,
        batch_size: int,
        shuffle: bool = False,
        drop_last: bool = False,
        generator: torch.Generator | None = None,
        sampler: Sampler[int] | None = None,
    ) -> None:
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size is {batch_size!r}: it must be a whole number of at least 1")
        if shuffle and sampler is not None:
            raise ValueError("shuffle and sampler exclude each other: the sampler gives the order")
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle
        self.drop_last, self.generator, self.sampler = drop_last, generator, sampler

    def __iter__(self) -> Iterator[torch.Tensor]:
        order = self._order().to(self.dataset.images.device)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield order[start : start + self.batch_size]

    def _order(self) -> torch.Tensor:
        n, generator = len(self.dataset), self.generator
        if self.sampler is not None:
            return torch.tensor(list(self.sampler))
        if not self.shuffle:
            return torch.arange(n)
        if generator is None:  # as RandomSampler does it: torch's own random numbers give the seed
            generator = torch.Generator().manual_seed(int(torch.empty((), dtype=torch.int64).random_().item()))
        return torch.randperm(n, generator=generator)

    def __len__(self) -> int:
        full, rest = divmod(len(self.dataset if self.sampler is None else self.sampler), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def set_epoch(self, epoch: int) -> None:
        """Tell the sampler the epoch, if it wants to know: a DistributedSampler then shuffles anew."""
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)


def loader(
    dataset: Dataset,
    batch_size: int,
    shuffle: bool = False,
    drop_last: bool = False,
    seed: int | None = None,
    sampler: Sampler[int] | None = None,
) -> DataLoader:
    """A plain DataLoader. With a seed, it shuffles in the same order in every run; a sampler gives another order.

    Over an ImageDataset each batch is indexed at once: to the DataLoader a batch is one item (`batch_size=None`).
    """
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    if isinstance(dataset, ImageDataset):
        batches = BatchIndices(dataset, batch_size, shuffle, drop_last, generator, sampler)
        return DataLoader(dataset, sampler=batches, batch_size=None, generator=generator)
    return DataLoader(dataset, batch_size, shuffle, sampler, drop_last=drop_last, generator=generator)


def balanced_sample(dataset: ImageDataset, rate: float, seed: int = 0) -> ImageDataset:
    """A share of the images, 0 < rate <= 1, drawn at random: of each class the same share.

    With CIFAR-10's 50,000 training images, 0.5 keeps 25,000: 2,500 of each class.
    Raises ValueError for a rate outside that range, or one that keeps no image.
    """
    n = round(rate * len(dataset))
    if not 0 < rate <= 1 or n == 0:
        raise ValueError(f"rate is {rate!r}: it is the share to keep, above 0 and at most 1, of {len(dataset)} images")
    return dataset.subset(_stratified(dataset.labels, n, seed))


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


def load(
    name: str, validation: int = 5000, normalize: bool | tuple[Sequence[float], Sequence[float]] = True
) -> DataSets:
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
    source = source_of(name)
    try:
        folder, drawn = prepare(name), False
        origin = f"real {source.title} from {data_folders().get(folder, folder)}"
    except DataError as error:
        print(f"{'=' * 100}\nThe real {source.title} cannot be had. {error}", flush=True)
        folder, drawn = prepare_standin(name), True
        origin = f"drawn stand-in for {source.title}"
        print(
            f"STAND-IN IN USE: drawn pictures, not {source.title}. Files, counts and shapes are the same, but the\n"
            f"pictures are easier: accuracies will not be those of the lesson.\n{'=' * 100}",
            flush=True,
        )
        standin.used.add(name)
    arrays = source.read([folder / file.path for file in source.files])
    images, labels, test_images, test_labels = map(torch.from_numpy, arrays)
    labels, test_labels = labels.long(), test_labels.long()
    held_out = _held_out(labels, validation)
    held = images[held_out], labels[held_out]
    if validation:
        kept = (~held_out).nonzero()[:, 0]
        images, labels = images.index_select(0, kept), labels[kept]  # faster than by the mask
    mean, std = mean_and_std(images)
    scale = ((mean, std) if normalize else (None, None)) if isinstance(normalize, bool) else normalize
    give_back_freed_memory()
    return DataSets(
        name,
        train=ImageDataset(images, labels, *scale),
        validation=ImageDataset(*held, *scale) if validation else None,
        test=ImageDataset(test_images, test_labels, *scale),
        classes=source.classes,
        mean=mean,
        std=std,
        source=origin,
        standin=drawn,
        folder=(folder / source.files[0].path).parent,
    )


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
    quotas[order[: size - int(quotas.sum())]] += 1
    shuffled = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    chosen = torch.zeros(n, dtype=torch.bool)
    for label, quota in enumerate(quotas.tolist()):
        chosen[shuffled[labels[shuffled] == label][:quota]] = True
    return chosen


def mean_and_std(images: torch.Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
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
