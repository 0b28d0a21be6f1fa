"""What it costs to read MNIST and to pass over it in batches: the course's way beside the posts' ways.

    python -m benchmarks.data_path             # measure, print the table
    python -m benchmarks.data_path --write     # ... and store it: results/data_path.json

Reading: the post "MCL" turns the whole file into a Python list of ints. A pass: its `Dataset` makes a tensor from a
slice of that list for each sample; the other posts use torchvision, which makes a PIL picture and a tensor for each
sample. All passes use batches of 100 and the same `DataLoader` without workers; the posts' ways pass over 6,000 images,
and their seconds are scaled to 60,000. Each figure is the median of several rounds, taken in turn.
"""

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import transforms
from torchvision.datasets import MNIST

from benchmarks.report import RESULTS, machine, write_json
from course_utils.data import load, loader
from course_utils.files.folders import prepare
from course_utils.idx import read_idx

RESULT = RESULTS / "data_path.json"
ROUNDS = 5
FEW = 6_000  # images of a pass in the posts' ways: all 60,000 would take minutes


def list_of_ints(path: Path) -> list[int]:
    """The post's way to read: every byte becomes an entry of a list; the 16 bytes of the header are skipped unread."""
    return list(path.read_bytes()[16:])


class ListDataset(Dataset):
    """The post's data set: a tensor from a slice of the list, for each sample."""

    def __init__(self, pixels: list[int], labels: list[int]):
        self.pixels, self.labels = pixels, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        image = torch.tensor(self.pixels[i * 784 : (i + 1) * 784], dtype=torch.float32).reshape(1, 28, 28) / 255
        return image, self.labels[i]


def lists_of_mnist(root: Path) -> ListDataset:
    """The training images in `root`, read and fed in the post's way; the 8 bytes of the labels' header are skipped."""
    images, labels = (root / "MNIST" / "raw" / f"train-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1"))
    return ListDataset(list_of_ints(images), list(labels.read_bytes()[8:]))


def passes(batches: DataLoader) -> int:
    """Go over all batches; returns the number of images seen."""
    return sum(len(labels) for _images, labels in batches)


def seconds_of(ways: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Run all ways in turn, ROUNDS times: a slow moment of the machine then hits all of them."""
    times = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    return times


def peak_megabytes(way: Callable[[], object]) -> float:
    """The most memory that Python and NumPy hold at once while `way` runs."""
    tracemalloc.start()
    way()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def measure() -> dict:
    root = prepare("mnist")
    images = root / "MNIST" / "raw" / "train-images-idx3-ubyte"
    reading = {
        "read_idx": lambda: read_idx(images),
        "list of ints (MCL)": lambda: list_of_ints(images),
        "load: files, checksums, split, statistics": lambda: load("mnist"),
    }
    data = load("mnist", validation=0)
    to_tensor = transforms.Compose([transforms.ToTensor(), transforms.Normalize(data.mean, data.std)])
    per_sample = MNIST(root, train=True, transform=to_tensor)
    shuffled = loader(data.train, 100, shuffle=True)
    by_torchvision = DataLoader(Subset(per_sample, range(FEW)), 100, shuffle=True)
    by_list = DataLoader(Subset(lists_of_mnist(root), range(FEW)), 100, shuffle=True)
    assert (passes(shuffled), passes(by_torchvision), passes(by_list)) == (60_000, FEW, FEW)
    passing = {
        "loader": lambda: passes(shuffled),
        "torchvision, per sample (other posts)": lambda: passes(by_torchvision),
        "list of ints, per sample (MCL)": lambda: passes(by_list),
    }
    scale = {name: 1 if name == "loader" else 60_000 / FEW for name in passing}
    seconds = {"reading": seconds_of(reading), "a pass over 60,000 images": seconds_of(passing)}
    result = {
        **machine(),
        "rounds": ROUNDS,
        "seconds": {
            part: {
                name: {
                    "median": round(statistics.median(times) * scale.get(name, 1), 3),
                    "least": round(min(times) * scale.get(name, 1), 3),
                    "most": round(max(times) * scale.get(name, 1), 3),
                }
                for name, times in ways.items()
            }
            for part, ways in seconds.items()
        },
        "peak_megabytes": {name: round(peak_megabytes(reading[name]), 1) for name in list(reading)[:2]},
    }
    return result


def table(result: dict) -> str:
    """The result as the Markdown that README.md shows."""
    lines = ["| | median seconds | least to most | peak memory |", "|---|---|---|---|"]
    for part, ways in result["seconds"].items():
        for name, s in ways.items():
            memory = result["peak_megabytes"].get(name)
            megabytes = f"{memory:.0f} MB" if memory else ""
            lines.append(f"| {part}: {name} | {s['median']:.2f} | {s['least']:.2f} to {s['most']:.2f} | {megabytes} |")
    lines.append("")
    lines.append(
        f"Measured on {result['cores']} CPU cores, {result['date']}, torch {result['torch']}, {result['rounds']} rounds"
        " (`python -m benchmarks.data_path --write`)."
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="store the result; then make generate")
    args = parser.parse_args()
    result = measure()
    print(table(result))
    if args.write:
        write_json(RESULT, result)


if __name__ == "__main__":
    main()
