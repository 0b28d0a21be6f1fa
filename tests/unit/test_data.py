"""What `load`, `ImageDataset` and `loader` give when nothing goes wrong. (test_files_fetch.py is about the rest.)"""

import ast
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, DistributedSampler, Subset, random_split
from torchvision import datasets, transforms

from course_utils import ROOT, data
from course_utils.data import Batch, ImageDataset, load, loader
from course_utils.files import folders, standin
from course_utils.files.sources import SOURCES
from course_utils.idx import read_idx

COUNTS = [30, 50, 40, 41, 39, 37, 43, 40, 40, 40]  # 400 training images, unequal classes


pytestmark = pytest.mark.usefixtures("one_thread")


def real(name):
    """Skip unless the real files are at hand, where this test run would look for them."""
    return pytest.mark.skipif(
        folders.locate(name) is None, reason=f"no real {name}; set COURSE_DATA_DIR to where it is"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder where small stand-ins are drawn."""
    return tmp_path_factory.mktemp("drawn")


@pytest.fixture
def drawn(folder, monkeypatch):
    """load() gives small stand-ins: 400 training and 30 test images."""
    monkeypatch.setattr(folders, "ROOT", folder)
    monkeypatch.setattr(folders, "CACHE", str(folder / "cache"))
    monkeypatch.setattr(standin, "used", set())
    monkeypatch.setattr(standin, "COUNTS", dict.fromkeys(standin.COUNTS, (COUNTS, [3] * 10)))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)


def small(n=10, mean=None, std=None):
    images = torch.arange(n * 12, dtype=torch.uint8).view(n, 3, 2, 2)
    return ImageDataset(images, torch.arange(n), mean, std)


# ---- load ----


@pytest.mark.parametrize("name", SOURCES)
def test_load(drawn, name):
    shape = (3, 32, 32) if name == "cifar10" else (1, 28, 28)
    sets = load(name, validation=100)
    assert (sets.name, len(sets.train), len(sets.validation), len(sets.test)) == (name, 300, 100, 30)
    for split in (sets.train, sets.validation, sets.test):
        assert split.images.dtype == torch.uint8 and split.images.shape[1:] == shape
        assert split.labels.dtype == torch.int64 and split.labels.shape == (len(split),)
        image, label = split[0]
        assert image.dtype == torch.float32 and image.shape == shape and label.dtype == torch.int64 and label.ndim == 0
    assert len(sets.classes) == 10 and len(sets.mean) == len(sets.std) == shape[0]
    assert sets.standin and standin.used == {name}
    with pytest.raises(AttributeError):
        sets.name = "frozen"


def test_split(drawn):
    whole, sets = load("mnist", validation=0), load("mnist", validation=100)
    assert whole.validation is None and len(whole.train) == 400
    counts = torch.bincount(sets.validation.labels).tolist()
    assert all(abs(part - whole / 4) < 1 for part, whole in zip(counts, COUNTS, strict=True)), "a quarter of each"
    rows = {image.numpy().tobytes() for image in whole.train.images}
    train, held = ({image.numpy().tobytes() for image in split.images} for split in (sets.train, sets.validation))
    assert len(rows) == 400 and train | held == rows and not train & held
    torch.manual_seed(5)  # the split has its own seed
    assert torch.equal(load("mnist", validation=100).validation.images, sets.validation.images)


def test_split_is_the_same_everywhere():
    """torch.randperm gives the same numbers on all machines; these images must never change."""
    labels = torch.arange(60000) % 10
    held_out = data._held_out(labels, 5000)
    assert torch.bincount(labels[held_out]).tolist() == [500] * 10
    assert held_out.nonzero()[:8, 0].tolist() == [1, 3, 47, 49, 80, 83, 109, 111]


def test_mean_and_std_are_of_the_training_split(drawn):
    sets = load("cifar10", validation=100)
    pixels = sets.train.images.numpy().astype(np.float64) / 255
    np.testing.assert_allclose(sets.mean, pixels.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(sets.std, pixels.std((0, 2, 3)), rtol=1e-12)
    assert sets.mean != load("cifar10", validation=0).mean


def test_normalize(drawn):
    standardised, plain = load("mnist", 100), load("mnist", 100, normalize=False)
    images = next(iter(loader(standardised.train, 300)))[0]
    assert abs(images.mean()) < 1e-5 and abs(images.std() - 1) < 1e-4
    images = next(iter(loader(plain.train, 300)))[0]
    assert images.min() == 0 and 0.9 < images.max() <= 1
    assert plain.train.mean is None and plain.mean == standardised.mean
    own = load("mnist", 100, normalize=((0.5,), (0.25,)))
    assert torch.equal(own.test[0][0], (plain.test[0][0] - 0.5) / 0.25)
    assert own.mean == standardised.mean


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("mnits",), "'mnits'; expected one of 'mnist', 'fashion_mnist', 'cifar10'"),
        (("mnist", -1), "0 to 399 here; found -1"),
        (("mnist", 400), "0 to 399 here; found 400"),
        (("mnist", 0.1), "found 0.1"),
        (("mnist", 0, ((0.1, 0.2, 0.3), (1, 1, 1))), "1 value"),
    ],
)
def test_wrong_arguments(drawn, arguments, message):
    with pytest.raises(ValueError, match=message):
        load(*arguments)


def test_unknown_names():
    for function in (folders.locate, folders.prepare):
        with pytest.raises(ValueError, match="expected one of 'mnist'"):
            function("imagenet")


def test_tables_are_torchvisions():
    for name, dataset in (("mnist", datasets.MNIST), ("fashion_mnist", datasets.FashionMNIST)):
        source = SOURCES[name]
        for archive, (filename, md5) in zip(source.archives(source), dataset.resources, strict=True):
            assert archive.path == f"{dataset.__name__}/raw/{filename}" and archive.md5 == md5
            assert archive.urls == tuple(mirror + filename for mirror in dataset.mirrors)
            assert [file.path for file in archive.files] == [archive.path.removesuffix(".gz")]
    assert SOURCES["fashion_mnist"].classes == tuple(datasets.FashionMNIST.classes)
    cifar, table = SOURCES["cifar10"], datasets.CIFAR10
    listed = [*table.train_list, *table.test_list, [table.meta["filename"], table.meta["md5"]]]
    assert [[Path(file.path).name, file.md5] for file in cifar.files] == listed
    assert cifar.archives(cifar)[0].path == table.filename and cifar.archives(cifar)[0].files == cifar.files


def test_importing_data_does_not_import_torchvision():
    """That import takes as long as torch's own; only a download needs it, so it stands inside functions."""
    package = ROOT / "course_utils"
    for path in (package / "idx.py", package / "data.py", *(package / "files").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "torchvision" not in ast.unparse(node), path.name


# ---- ImageDataset and its batches ----


def test_equal_to_totensor_and_normalize_bit_by_bit(drawn):
    sets = load("fashion_mnist", validation=0)
    images = read_idx(sets.folder / "train-images-idx3-ubyte")
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(sets.mean, sets.std)])
    expected = torch.stack([transform(Image.fromarray(image)) for image in images])
    assert torch.equal(next(iter(loader(sets.train, 400)))[0], expected)
    assert all(torch.equal(sets.train[i][0], expected[i]) for i in range(50))
    cifar = load("cifar10", validation=0)
    picture = Image.fromarray(cifar.test.images[0].permute(1, 2, 0).numpy())
    expected = transforms.Compose([transforms.ToTensor(), transforms.Normalize(cifar.mean, cifar.std)])(picture)
    assert torch.equal(cifar.test[0][0], expected)


SCALED = {"mean": (0.1, 0.2, 0.3), "std": (1, 2, 3)}


def test_several_indices_give_a_batch():
    """A tensor of indices gives what the single samples give, in its order, and each as often as it is named."""
    dataset = small(**SCALED)
    batch = dataset[torch.tensor([7, 2, 2])]
    assert isinstance(batch, Batch) and batch.images.dtype == torch.float32 and batch.labels.dtype == torch.int64
    assert batch.labels.tolist() == [7, 2, 2]
    assert torch.equal(batch.images, torch.stack([dataset[i][0] for i in (7, 2, 2)]))
    none = dataset[torch.tensor([], dtype=torch.int64)]
    assert none.images.shape == (0, 3, 2, 2) and none.labels.shape == (0,)


def test_a_plain_dataloader_gives_the_batches_of_loader():
    ours, plain = (list(make(small(**SCALED), batch_size=4)) for make in (loader, DataLoader))
    assert [labels.tolist() for _, labels in ours] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    for (a, x), (b, y) in zip(ours, plain, strict=True):
        assert a.dtype == torch.float32 and x.dtype == torch.int64
        assert torch.equal(a, b) and torch.equal(x, y)
    images, labels = ours[0]
    assert ours[0].images is images and ours[0].labels is labels
    assert torch.equal(images, torch.stack([small(**SCALED)[i][0] for i in range(4)]))


def test_a_batch_comes_from_one_indexing(monkeypatch):
    """From `loader`, a plain DataLoader, and one over a Subset: never one image at a time."""
    asked, get = [], ImageDataset.__getitem__
    monkeypatch.setattr(ImageDataset, "__getitem__", lambda self, i: asked.append(i) or get(self, i))
    for make, dataset in ((loader, small()), (DataLoader, small()), (DataLoader, Subset(small(), range(10)))):
        assert sum(len(labels) for _, labels in make(dataset, batch_size=4)) == 10
        assert [len(indices) for indices in asked] == [4, 4, 2]
        asked.clear()


def test_subset_keeps_some_images_and_all_else():
    dataset = small(**SCALED).with_transform(torch.neg)
    mask = dataset.labels % 2 == 1
    for rows, expected in (
        (torch.tensor([7, 2]), [7, 2]),
        (slice(3), [0, 1, 2]),
        (slice(1, None, 4), [1, 5, 9]),
        (mask, [1, 3, 5, 7, 9]),
    ):
        part = dataset.subset(rows)
        assert part.labels.tolist() == expected
        assert all(torch.equal(part[i][0], dataset[n][0]) for i, n in enumerate(expected))
        assert (part.mean, part.std, part.transform) == (dataset.mean, dataset.std, dataset.transform)


def test_torchs_subset_and_random_split():
    dataset = small(**SCALED)
    images, labels = next(iter(DataLoader(Subset(dataset, [7, 2, 2]), batch_size=3)))
    assert labels.tolist() == [7, 2, 2] and torch.equal(images[0], dataset[7][0])
    image, label = Subset(dataset, [7, 2])[1]
    assert label == 2 and image.shape == (3, 2, 2)
    parts = random_split(dataset, [6, 4], generator=torch.Generator().manual_seed(0))
    assert sorted(int(y) for part in parts for _, labels in loader(part, 4) for y in labels) == list(range(10))


def test_getitems_gives_single_samples():
    samples = small().__getitems__([1, 2, 5])
    assert type(samples) is list and [int(label) for _, label in samples] == [1, 2, 5]
    assert all(torch.equal(image, small()[int(label)][0]) for image, label in samples)


def test_single_samples():
    dataset = small()
    assert torch.equal(dataset[-1][0], dataset[9][0])
    assert dataset[torch.tensor(3)][1] == 3 and dataset[np.int64(3)][1] == 3
    assert len([label for _, label in dataset]) == 10, "iteration ends"
    with pytest.raises(IndexError):
        dataset[10]
    before = dataset.images.clone()
    dataset[0][0].fill_(5)
    next(iter(loader(dataset, 4)))[0].fill_(5)
    assert torch.equal(dataset.images, before), "a sample is a copy"


def test_workers_and_batch_size_none():
    labels = torch.cat([labels for _, labels in DataLoader(small(), batch_size=4, num_workers=1)])
    assert labels.tolist() == list(range(10))
    assert [int(label) for _, label in DataLoader(small(), batch_size=None)] == list(range(10))


@pytest.mark.parametrize(
    "device", ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]
)
def test_to_device(device):
    dataset = small(mean=(0.1, 0.2, 0.3), std=(1, 2, 3))
    moved = dataset.to(device)
    assert moved is not dataset and moved.images.device.type == device
    (a, x), (b, y) = next(iter(loader(moved, 10))), next(iter(loader(dataset, 10)))
    assert a.device.type == x.device.type == device
    torch.testing.assert_close(a.cpu(), b)
    assert torch.equal(x.cpu(), y)


def test_a_transform_sees_whole_batches_and_single_images():
    dataset = small().with_transform(lambda images: images.flip(-1))
    assert torch.equal(dataset[3][0], small()[3][0].flip(-1))
    batch = next(iter(loader(dataset, 4)))
    assert torch.equal(batch.images, torch.stack([small()[i][0] for i in range(4)]).flip(-1))
    assert dataset.to("cpu").transform is dataset.transform and small().transform is None


def test_pad_and_crop_moves_each_image_by_its_own_way():
    """A picture whose pixels are their own coordinates tells how far it was moved."""
    rows, columns = torch.meshgrid(torch.arange(1.0, 9), torch.arange(1.0, 7), indexing="ij")
    images = torch.stack([rows, columns]).expand(400, 2, 8, 6)
    moved = data.pad_and_crop(images, padding=2)
    assert moved.shape == images.shape
    seen = set()
    for image in moved:
        top, left = int(image[0, 4, 3] - images[0, 0, 4, 3]), int(image[1, 4, 3] - images[0, 1, 4, 3])
        expected = F.pad(images[0], [2] * 4)[:, 2 + top : 10 + top, 2 + left : 8 + left]
        assert torch.equal(image, expected)
        seen.add((top, left))
    assert seen == {(y, x) for y in range(-2, 3) for x in range(-2, 3)}, "all 25 ways, and no other"


def test_pad_and_crop_with_no_padding_changes_nothing():
    images = torch.rand(3, 3, 8, 8)
    assert torch.equal(data.pad_and_crop(images, padding=0), images)


def test_flip_mirrors_about_half_of_the_images():
    images = torch.rand(1000, 3, 4, 4)
    flipped = data.flip(images)
    mirrored = (flipped == images.flip(-1)).all((1, 2, 3))
    assert (mirrored ^ (flipped == images).all((1, 2, 3))).all() and 400 < mirrored.sum() < 600


@pytest.mark.parametrize("rate, count", [(0.5, 50), (0.1, 10), (1, 100), (0.015, 1.5)])
def test_balanced_sample_keeps_the_same_share_of_each_class(rate, count):
    labels = torch.arange(1000) % 10
    images = torch.randint(256, (1000, 1, 2, 2), dtype=torch.uint8)
    dataset = ImageDataset(images, labels, (0.5,), (0.5,))
    sample = data.balanced_sample(dataset, rate, seed=3)
    counts = torch.bincount(sample.labels)
    assert len(sample) == round(rate * 1000) and all(abs(n - count) <= 0.5 for n in counts.tolist())
    assert (sample.mean, sample.std) == (dataset.mean, dataset.std)
    assert torch.equal(sample.images, data.balanced_sample(dataset, rate, seed=3).images)
    if rate < 1:
        assert not torch.equal(sample.images, data.balanced_sample(dataset, rate, seed=4).images)


@pytest.mark.parametrize("rate", [0, -0.5, 1.5, 2, 1e-9])
def test_balanced_sample_refuses_other_rates(rate):
    with pytest.raises(ValueError, match="share to keep"):
        data.balanced_sample(small(), rate)


def test_loader_order():
    def order(**arguments):
        return [int(y) for _, labels in loader(small(), 4, **arguments) for y in labels]

    assert order() == list(range(10))
    assert order(shuffle=True, seed=1) == order(shuffle=True, seed=1) != order(shuffle=True, seed=2)
    assert sorted(order(shuffle=True, seed=1)) == list(range(10))
    state = torch.random.get_rng_state()
    shuffled = loader(small(), 4, shuffle=True, seed=1)
    first, second = ([int(y) for _, labels in shuffled for y in labels] for _ in range(2))
    assert first != second, "another order in the next epoch"
    assert torch.equal(torch.random.get_rng_state(), state), "the seed of the lesson is not touched"
    assert [len(labels) for _, labels in loader(small(), 4, drop_last=True)] == [4, 4]
    assert type(loader(small(), 4)) is DataLoader and loader(small(), 4).num_workers == 0


def shares(epoch, processes=2, n=10, **arguments):
    """The labels of each batch of each process, with torch's DistributedSampler."""
    found = []
    for rank in range(processes):
        sampler = DistributedSampler(small(n), processes, rank, **arguments)
        batches = loader(small(n), 2, sampler=sampler)
        batches.sampler.set_epoch(epoch)
        found.append([labels.tolist() for _, labels in batches])
        assert len(batches) == len(found[-1])
        assert sum(found[-1], []) == list(sampler), "the sampler's order"
    return found


def test_a_sampler_gives_each_process_its_share():
    assert shares(0, shuffle=False) == [[[0, 2], [4, 6], [8]], [[1, 3], [5, 7], [9]]]
    first, second = ([sum(part, []) for part in shares(epoch, seed=1)] for epoch in (0, 1))
    assert sorted(first[0] + first[1]) == sorted(second[0] + second[1]) == list(range(10)), "nothing twice"
    assert first != second, "set_epoch reaches the sampler"
    assert first == [sum(part, []) for part in shares(0, seed=1)]


def test_a_sampler_and_a_whole_last_batch():
    sampler = DistributedSampler(small(), 2, 0, shuffle=False)
    batches = loader(small(), 2, sampler=sampler, drop_last=True)
    assert len(batches) == 2 and [labels.tolist() for _, labels in batches] == [[0, 2], [4, 6]]


def test_set_epoch_does_nothing_without_a_sampler():
    batches = loader(small(), 4)
    batches.sampler.set_epoch(3)
    assert sum((labels.tolist() for _, labels in batches), []) == list(range(10))


def test_shuffle_and_a_sampler_exclude_each_other():
    for dataset in (small(), [(torch.zeros(2), 0)] * 4):
        with pytest.raises(ValueError, match="exclu"):
            loader(dataset, 2, shuffle=True, sampler=DistributedSampler(dataset, 2, 0))


def test_a_sampler_over_other_data_sets():
    pairs = [(torch.full((2,), i), i) for i in range(6)]
    batches = loader(pairs, 2, sampler=DistributedSampler(pairs, 2, 1, shuffle=False))
    assert [labels.tolist() for _, labels in batches] == [[1, 3], [5]]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("batch_size", [4, 5, 11])
def test_loader_gives_what_a_plain_dataloader_gives(batch_size, shuffle, drop_last):
    """The same batches, and the same use of torch's random numbers, over several passes."""
    given = []
    for make in (loader, DataLoader):
        torch.manual_seed(3)
        batches = make(small(), batch_size=batch_size, shuffle=shuffle, drop_last=drop_last)
        passes = [labels.tolist() for _ in range(3) for _images, labels in batches]
        given.append((len(batches), passes, torch.rand(1).item()))
    assert given[0] == given[1]


def test_loader_of_other_data_sets():
    pairs = [(torch.full((2,), i), i) for i in range(5)]
    assert [labels.tolist() for _, labels in loader(pairs, 2)] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, None])
def test_loader_refuses_a_batch_size_that_is_none(batch_size):
    with pytest.raises(ValueError, match="at least 1"):
        loader(small(), batch_size)


@pytest.mark.parametrize(
    "images, labels, scale",
    [
        (torch.zeros(2, 1, 3, 3), torch.zeros(2), {}),
        (torch.zeros(2, 3, 3, dtype=torch.uint8), torch.zeros(2), {}),
        (torch.zeros(2, 1, 3, 3, dtype=torch.uint8), torch.zeros(3), {}),
        (torch.zeros(2, 1, 3, 3, dtype=torch.uint8), torch.zeros(2), {"mean": (0.5,)}),
        (torch.zeros(2, 3, 3, 3, dtype=torch.uint8), torch.zeros(2), {"mean": (0.5,), "std": (0.5,)}),
    ],
)
def test_wrong_tensors(images, labels, scale):
    with pytest.raises(ValueError, match="expected.*found"):
        ImageDataset(images, labels, **scale)


def test_repr():
    assert repr(small()) == "ImageDataset(10 images of (3, 2, 2), 0..1, on cpu)"


# ---- the real data, where it is ----


@real("mnist")
def test_real_mnist_is_torchvisions(monkeypatch):
    sets = load("mnist", validation=0)
    assert not sets.standin and [round(sets.mean[0], 4), round(sets.std[0], 4)] == [0.1307, 0.3081]
    assert torch.bincount(sets.train.labels).tolist() == standin.COUNTS["mnist"][0]
    assert torch.bincount(sets.test.labels).tolist() == standin.COUNTS["mnist"][1]
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(sets.mean, sets.std)])
    for split, train in ((sets.train, True), (sets.test, False)):
        theirs = datasets.MNIST(sets.folder.parents[1], train=train, transform=transform, download=False)
        images, labels = next(iter(loader(split, 300)))
        assert all(torch.equal(images[i], theirs[i][0]) and labels[i] == theirs[i][1] for i in range(300))


@real("fashion_mnist")
def test_real_fashion_mnist():
    sets = load("fashion_mnist", validation=0)
    assert [round(sets.mean[0], 4), round(sets.std[0], 4)] == [0.2860, 0.3530]
    theirs = datasets.FashionMNIST(sets.folder.parents[1], train=False, transform=transforms.ToTensor(), download=False)
    images, labels = next(iter(loader(load("fashion_mnist", normalize=False).test, 200)))
    assert all(torch.equal(images[i], theirs[i][0]) and labels[i] == theirs[i][1] for i in range(200))


@real("cifar10")
def test_real_cifar10_is_torchvisions():
    sets = load("cifar10", validation=0, normalize=False)
    np.testing.assert_allclose(sets.mean, (0.4914, 0.4822, 0.4465), atol=5e-5)
    theirs = datasets.CIFAR10(sets.folder.parent, train=True, transform=transforms.ToTensor(), download=False)
    assert tuple(theirs.classes) == sets.classes
    for i in (0, 1, 9999, 10000, 49999):
        assert torch.equal(sets.train[i][0], theirs[i][0]) and sets.train[i][1] == theirs[i][1]


@real("mnist")
def test_validation_of_real_mnist():
    sets = load("mnist")
    assert (len(sets.train), len(sets.validation), len(sets.test)) == (55000, 5000, 10000)
    expected = torch.tensor(standin.COUNTS["mnist"][0]) / 12
    assert (torch.bincount(sets.validation.labels) - expected).abs().max() < 1
