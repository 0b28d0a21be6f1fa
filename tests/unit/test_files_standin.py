"""The drawn stand-ins: the same files, counts and shapes as the real sets, learnable, and never half drawn."""

import pickle
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision import datasets

from course_utils import ROOT
from course_utils.files import standin
from course_utils.files.sources import SOURCES
from course_utils.idx import read_idx

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(standin, "COUNTS", dict.fromkeys(standin.COUNTS, ([10] * 10, [2] * 10)))


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", standin.COUNTS)
def test_counts_are_the_real_ones(name):
    train, test = standin.COUNTS[name]
    assert (sum(train), sum(test)) == ((50000, 10000) if name == "cifar10" else (60000, 10000))


@pytest.mark.slow
def test_mnist_files_have_the_real_sizes(tmp_path):
    """All 70,000 digits, as a class without a network gets them."""
    began = time.perf_counter()
    standin.draw("mnist", tmp_path)
    assert time.perf_counter() - began < 60  # 5 s on two idle cores; the limit is for a busy machine
    for file in SOURCES["mnist"].files:
        assert (tmp_path / file.path).stat().st_size == file.size
    labels = read_idx(tmp_path / "MNIST/raw/train-labels-idx1-ubyte")
    assert np.bincount(labels).tolist() == standin.COUNTS["mnist"][0]
    assert len(np.unique(labels[:100])) == 10, "shuffled"


def test_digits_and_letters_are_white_on_black_in_the_middle(small):
    (digits, labels), _ = standin.pictures("mnist")
    (letters, _), _ = standin.pictures("fashion_mnist")
    assert digits.shape == letters.shape == (100, 1, 28, 28) and digits.dtype == labels.dtype == np.uint8
    assert digits[:, :, 0].mean() < 5 and digits[:, :, 14].mean() > 30
    assert 0.1 < digits.mean() / 255 < 0.16, "the real ones: 0.13"
    assert 2 < letters.mean() / digits.mean() < 3, "clothes fill more of a picture, as the real ones do"
    assert len(np.unique(labels[:50])) > 5, "shuffled"


@pytest.mark.parametrize("name", standin.COUNTS)
def test_the_same_every_time_in_torchvisions_layout(small, tmp_path, name):
    standin.draw(name, tmp_path / "a")
    torch.manual_seed(1)
    standin.draw(name, tmp_path / "b")
    drawn = files(tmp_path / "a")
    assert drawn == files(tmp_path / "b")
    marker = f"{standin.FOLDERS[name]}/{standin.MARKER}"
    assert set(drawn) == {file.path for file in SOURCES[name].files} | {marker}
    ours = SOURCES[name].read([tmp_path / "a" / file.path for file in SOURCES[name].files])
    if name == "cifar10":
        for filename in ("data_batch_1", "test_batch"):  # torchvision checks the md5 here, so look for ourselves
            batch = pickle.loads(drawn[f"cifar-10-batches-py/{filename}"])
            assert set(batch) == {"batch_label", "labels", "data", "filenames"} and batch["data"].shape == (20, 3072)
            assert len(batch["labels"]) == len(batch["filenames"]) == 20
        meta = pickle.loads(drawn["cifar-10-batches-py/batches.meta"])
        assert tuple(meta["label_names"]) == SOURCES[name].classes
    else:
        dataset = {"mnist": datasets.MNIST, "fashion_mnist": datasets.FashionMNIST}[name]
        theirs = dataset(tmp_path / "a", train=True, download=False)
        assert np.array_equal(ours[0][:, 0], theirs.data.numpy()) and np.array_equal(ours[1], theirs.targets.numpy())
    assert [np.bincount(ours[i]).tolist() for i in (1, 3)] == [[10] * 10, [2] * 10]
    assert len({image.tobytes() for image in ours[0]}) == 100, "no picture twice"


@pytest.mark.parametrize("name", standin.COUNTS)
def test_a_glyph_for_each_class_is_in_its_name(name):
    glyphs = standin.GLYPHS[name]
    assert len(set(glyphs)) == 10
    assert all(glyph in title.upper() for glyph, title in zip(glyphs, SOURCES[name].classes, strict=True))


def accuracy(model, train, test, epochs):
    model(train[0][:1])  # the lazy layers see their sizes
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(train[1])).split(64):
            optimizer.zero_grad()
            F.cross_entropy(model(train[0][rows]), train[1][rows]).backward()
            optimizer.step()
    with torch.no_grad():
        return (model(test[0]).argmax(1) == test[1]).float().mean().item()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, linear_range, cnn_above",
    [("mnist", (0.5, 0.85), 0.88), ("fashion_mnist", (0.5, 0.88), 0.88), ("cifar10", (0.3, 0.5), 0.55)],
)
def test_learnable_but_not_trivial(monkeypatch, name, linear_range, cnn_above):
    """2,000 images are enough to see it: a linear model learns something, a small CNN clearly more, but not all."""
    monkeypatch.setattr(standin, "COUNTS", {name: ([200] * 10, [50] * 10)})
    train, test = (
        ((torch.from_numpy(images) / 255 - 0.3) / 0.3, torch.from_numpy(labels).long())
        for images, labels in standin.pictures(name)
    )
    torch.manual_seed(0)
    linear = accuracy(nn.Sequential(nn.Flatten(), nn.LazyLinear(10)), train, test, epochs=3)
    layers = [nn.LazyConv2d(16, 5, stride=2), nn.ReLU(), nn.LazyConv2d(32, 3), nn.ReLU(), nn.MaxPool2d(2)]
    cnn = accuracy(nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(10)), train, test, epochs=6)
    print(name, linear, cnn)
    assert linear_range[0] < linear < linear_range[1]
    assert max(cnn_above, linear + 0.05) < cnn < 0.99


# ---- faults ----


def test_ready_and_damage(small, tmp_path):
    assert not standin.ready("mnist", tmp_path)
    standin.draw("mnist", tmp_path)
    assert standin.ready("mnist", tmp_path) and not standin.ready("fashion_mnist", tmp_path)
    path = tmp_path / "MNIST/raw/train-images-idx3-ubyte"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert not standin.ready("mnist", tmp_path)
    standin.draw("mnist", tmp_path)
    assert standin.ready("mnist", tmp_path) and path.read_bytes() == content
    path.unlink()
    assert not standin.ready("mnist", tmp_path)


def test_another_version_is_drawn_again(small, tmp_path, monkeypatch):
    standin.draw("mnist", tmp_path)
    monkeypatch.setattr(standin, "TITLE", "drawn stand-in, version 99")
    assert not standin.ready("mnist", tmp_path)


@pytest.mark.parametrize("text", ["", standin.TITLE, f"{standin.TITLE}\nnonsense", "\x00"])
def test_broken_marker(small, tmp_path, text):
    standin.draw("mnist", tmp_path)
    (tmp_path / "MNIST" / standin.MARKER).write_text(text, encoding="utf-8")
    assert not standin.ready("mnist", tmp_path)


def test_a_drawing_that_fails_leaves_nothing(small, tmp_path, monkeypatch):
    standin.draw("cifar10", tmp_path)
    before = files(tmp_path)

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(standin, "md5_of", full)
    with pytest.raises(OSError):
        standin.draw("cifar10", tmp_path)
    assert files(tmp_path) == before, "neither a half one, nor the old one lost"


def test_killed_while_drawing(small, tmp_path):
    code = (
        "import sys, time, numpy; from pathlib import Path; from unittest.mock import MagicMock\n"
        "sys.modules |= dict.fromkeys(('torch', 'torch.nn', 'torch.nn.functional'), MagicMock())  # it is slow\n"
        "from course_utils.files import standin\n"
        "standin.pictures = lambda name: [(numpy.zeros((5, 1, 28, 28), 'uint8'), numpy.zeros(5, 'uint8'))] * 2\n"
        "standin.md5_of = lambda path: print('now') or time.sleep(60)\n"
        "standin.draw('mnist', Path(sys.argv[1]))"
    )
    process = subprocess.Popen([sys.executable, "-uc", code, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    while (line := process.stdout.readline()) != "now\n":
        assert line, "the child ended early"
    process.kill()
    process.communicate()
    assert files(tmp_path) and not standin.ready("mnist", tmp_path) and not (tmp_path / "MNIST").exists()
    standin.draw("mnist", tmp_path)
    assert standin.ready("mnist", tmp_path) and [path.name for path in tmp_path.iterdir()] == ["MNIST"]
