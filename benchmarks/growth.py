"""What an image costs as the data grows, and as the batch grows: a cost that grows faster than the work would show.

    python -m benchmarks.growth             # measure, print
    python -m benchmarks.growth --write     # ... and store it: results/growth.json and results/growth.png

Microseconds per image of three things: to load (read the file, split, mean and standard deviation), one pass of
`loader`, and one epoch of `fit` with the MLP v1 with BN; for 1,000 to 60,000 images of MNIST in batches of 100, and for
batches of 4 to 1,024 of 10,000 images. Each figure is the median of several rounds.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from matplotlib import pyplot as plt

from benchmarks.report import RESULTS, machine, write_json
from course_utils import show
from course_utils.data import ImageDataset, balanced_sample, load, loader, mean_and_std
from course_utils.device import keep_freed_memory
from course_utils.figures.style import use_style
from course_utils.idx import read_idx, write_idx
from course_utils.models import Mlp
from course_utils.train import fit

RESULT = RESULTS / "growth.json"
PICTURE = RESULTS / "growth.png"
IMAGES = (1_000, 2_000, 5_000, 10_000, 20_000, 60_000)
BATCHES = (4, 16, 64, 256, 1_024)
ROUNDS = 5
PASS, EPOCH, LOAD = "a pass of loader", "an epoch of fit", "load"
STYLES = {
    name: {"color": color, "marker": marker}
    for name, color, marker in zip((LOAD, PASS, EPOCH), show.COLORS, "osD", strict=False)
}


def one_load(path: Path, labels: torch.Tensor) -> None:
    """What `load` does with a file: read it, hold images of each class back, measure mean and standard deviation."""
    images = torch.from_numpy(read_idx(path))[:, None]
    train = balanced_sample(ImageDataset(images, labels), 0.9)
    mean_and_std(train.images)


def one_pass(dataset: ImageDataset, batch_size: int) -> None:
    for _images, _labels in loader(dataset, batch_size, shuffle=True):
        pass


def one_epoch(model: Mlp, dataset: ImageDataset, batch_size: int) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, fused=True)
    fit(model, loader(dataset, batch_size, shuffle=True), epochs=1, optimizer=optimizer, verbose=False)


def microseconds(work: Callable[[], None], n: int) -> list[float]:
    """Per image, in each round; small amounts are repeated until they can be timed."""
    work()
    times = []
    for _ in range(ROUNDS):
        start, count = time.perf_counter(), 0
        while count == 0 or time.perf_counter() - start < 0.2:
            work()
            count += 1
        times.append(round(1e6 * (time.perf_counter() - start) / count / n, 4))
    return times


def measure() -> dict:
    mnist = load("mnist", validation=0)
    model = Mlp((128, 64), batch_norm=True)
    by_images: dict[str, dict[int, list[float]]] = {LOAD: {}, PASS: {}, EPOCH: {}}
    with tempfile.TemporaryDirectory() as folder:
        for n in IMAGES:
            few = ImageDataset(mnist.train.images[:n], mnist.train.labels[:n], mnist.mean, mnist.std)
            path = Path(folder) / str(n)
            write_idx(path, few.images[:, 0].numpy())
            by_images[LOAD][n] = microseconds(lambda path=path, few=few: one_load(path, few.labels), n)
            by_images[PASS][n] = microseconds(lambda few=few: one_pass(few, 100), n)
            by_images[EPOCH][n] = microseconds(lambda few=few: one_epoch(model, few, 100), n)
    some = ImageDataset(mnist.train.images[:10_000], mnist.train.labels[:10_000], mnist.mean, mnist.std)
    by_batch: dict[str, dict[int, list[float]]] = {PASS: {}, EPOCH: {}}
    for b in BATCHES:
        by_batch[PASS][b] = microseconds(lambda b=b: one_pass(some, b), len(some))
        by_batch[EPOCH][b] = microseconds(lambda b=b: one_epoch(model, some, b), len(some))
    return machine() | {"images": by_images, "batch": by_batch}


def medians(costs: dict) -> dict[int, float]:
    return {int(n): statistics.median(times) for n, times in costs.items()}


def draw(result: dict) -> None:
    use_style()
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    for ax, part, label in zip(axes, ("images", "batch"), ("images in the data set", "images in a batch"), strict=True):
        for name, costs in result[part].items():
            points = medians(costs)
            ax.plot(list(points), list(points.values()), label=name, **STYLES[name])
        ax.set(xlabel=label, xscale="log", yscale="log")
        ax.legend()
    axes[0].set_ylabel("microseconds per image")
    show.finish(figure, "An image costs no more in a larger data set, and less in a larger batch").savefig(PICTURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="store the result and draw it")
    args = parser.parse_args()
    keep_freed_memory()
    result = measure()
    for part in ("images", "batch"):
        for name, costs in result[part].items():
            print(part, name, {n: round(value, 2) for n, value in medians(costs).items()})
    if args.write:
        write_json(RESULT, result)
        draw(result)


if __name__ == "__main__":
    main()
