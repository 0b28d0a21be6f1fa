"""One training in one process or in several, on this machine: what do more processes bring? What lesson 14 shows small.

    python -m benchmarks.scaling             # measure, print
    python -m benchmarks.scaling --write     # ... and store it: results/scaling.json and results/scaling.png

The training of `course_utils.beyond.train_ddp`: Conv32-64 on MNIST, 128 images in each step of all processes together.
The seconds are those of an epoch, with its validation, after the first; all arrangements are taken in turn, several
rounds.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

import torch
from matplotlib import pyplot as plt

from benchmarks.report import RESULTS, machine, write_json
from course_utils import show
from course_utils.beyond.distributed import run_processes
from course_utils.figures.style import use_style

RESULT, PICTURE = RESULTS / "scaling.json", RESULTS / "scaling.png"
BATCH, IMAGES, EPOCHS, ROUNDS = 128, 20_000, 3, 3


def arrangements(cores: int) -> list[tuple[int, int]]:
    """(processes, threads of each): alone with one thread; threads, processes and both on all cores; twice too many."""
    both = [(processes, cores // processes) for processes in (2, 4) if cores % processes == 0 and processes < cores]
    return sorted({(1, 1), (1, cores), *both, (cores, 1), (cores, 2)})


def label(processes: int, threads: int) -> str:
    counts = [f"{processes} process{'es' * (processes > 1)}", f"{threads} thread{'s' * (threads > 1)}"]
    return ", ".join(counts) + " each" * (processes > 1)


def epoch_seconds(processes: int, threads: int) -> list[float]:
    """Of one training; the first epoch, in which memory is fetched, is left out."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "checkpoint.pt"
        options = {"batch-size": BATCH // processes, "images": IMAGES, "epochs": EPOCHS, "checkpoint": checkpoint}
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        run_processes(["-m", "course_utils.beyond.train_ddp", *words], processes, threads, timeout=1800)
        return torch.load(checkpoint, weights_only=True)["history"]["seconds"][1:]


def measure() -> dict:
    pairs = arrangements(os.cpu_count())
    found = {label(*pair): [] for pair in pairs}
    for _ in range(ROUNDS):
        for pair in pairs:
            found[label(*pair)] += [round(seconds, 3) for seconds in epoch_seconds(*pair)]
    return machine() | {"images": IMAGES, "batch": BATCH, "epoch_seconds": found}


def medians(result: dict) -> dict[str, float]:
    return {name: statistics.median(times) for name, times in result["epoch_seconds"].items()}


def draw(result: dict) -> None:
    use_style()
    seconds = medians(result)
    figure, axis = plt.subplots(figsize=(7.5, 3))
    axis.bar_label(axis.barh(list(seconds), list(seconds.values())), fmt="%.1f s", padding=3)
    limit = seconds[label(1, 1)] / result["cores"]
    axis.axvline(limit, color="gray", linestyle="--", label=f"the first bar, divided by {result['cores']}")
    axis.set(xlabel="seconds for an epoch, with its validation (median)", xlim=(0, 1.2 * max(seconds.values())))
    axis.invert_yaxis()
    axis.legend(fontsize=9)
    title = f"{result['cores']} cores stay {result['cores']} cores, however processes and threads share them"
    show.finish(figure, title).savefig(PICTURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="store the result and draw it")
    args = parser.parse_args()
    os.environ["COURSE_DEVICE"] = "cpu"
    result = measure()
    for name, seconds in medians(result).items():
        print(f"{name:30} {seconds:6.2f} s")
    if args.write:
        write_json(RESULT, result)
        draw(result)


if __name__ == "__main__":
    main()
