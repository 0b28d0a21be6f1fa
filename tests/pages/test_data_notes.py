"""docs/DATA.md says what course_utils.data checks, and what the files hold."""

import re

import pytest
import torch

from course_utils.data import load
from course_utils.files.folders import locate
from course_utils.files.sources import SOURCES
from tests.notebooks.rules import ROOT

NOTES = (ROOT / "docs" / "DATA.md").read_text(encoding="utf-8")
COLUMNS = {"mnist": 1, "fashion_mnist": 2, "cifar10": 3}


def stated(name: str, row: str) -> str:
    """The cell of the first table in a row, given by its first words."""
    line = next(line for line in NOTES.splitlines() if line.startswith(f"| {row}"))
    return line.strip("| ").split(" | ")[COLUMNS[name]]


@pytest.mark.parametrize("name", SOURCES)
def test_files_sizes_and_checksums(name):
    source = SOURCES[name]
    section = re.search(rf"^## {source.title}\n.*?(?=^## |\Z)", NOTES, re.M | re.S).group()
    listed = re.findall(r"^\| `(.+?)` \| ([\d,]+) \| `(\w{32})` \|$", section, re.M)
    files = [*source.archives(source), *source.files]
    assert listed == [(file.path, f"{file.size:,}", file.md5) for file in files]


@pytest.mark.parametrize("name", SOURCES)
def test_sizes_of_the_whole(name):
    download, unpacked = sum(SOURCES[name].archive_sizes), sum(file.size for file in SOURCES[name].files)
    assert stated(name, "download") == f"{download / 1e6:.0f} MB"
    assert stated(name, "on the disk") == f"{(download + unpacked) / 1e6:.0f} MB"


@pytest.mark.parametrize("name", SOURCES)
def test_what_the_pictures_are(name):
    if locate(name) is None:
        pytest.skip(f"no real {name}; set COURSE_DATA_DIR to where it is")
    data = load(name, validation=0)
    _, channels, height, width = data.train.images.shape
    assert stated(name, "pictures to train") == f"{len(data.train):,} and {len(data.test):,}"
    assert stated(name, "size of a picture") == f"{width}x{height}, {'grey' if channels == 1 else 'colour'}"
    counts = torch.bincount(data.train.labels)
    least, most = f"{counts.min():,}", f"{counts.max():,}"
    assert stated(name, "pictures of each class") == (least if least == most else f"{least} to {most}")
    pictures = [picture.tobytes() for split in (data.train, data.test) for picture in split.images.numpy()]
    assert len(set(pictures)) == len(pictures), "two pictures are equal"


def lessons(text: str) -> list[str]:
    """The lessons of "00, 02 to 05, 07"."""
    ends = [part.split(" to ") for part in text.split(", ")]
    return [f"{number:02}" for first, *last in ends for number in range(int(first), int((last or [first])[0]) + 1)]


def test_where_each_data_set_is_used():
    used = {name: [] for name in SOURCES}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for name in set(re.findall(r'load\(\\"(\w+)\\"', path.read_text(encoding="utf-8"))):
            used[name].append(path.stem[:2])
    assert {name: lessons(stated(name, "lessons")) for name in SOURCES} == used
