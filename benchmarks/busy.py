"""What a busy machine costs a training, and what the choice of threads saves: alone, beside a program, beside kernels.

    python -m benchmarks.busy             # measure, print (about 20 minutes)
    python -m benchmarks.busy --write     # ... and store it: results/busy.json, results/busy.png

Each network is trained by `fit` for a few seconds, on pictures that are already there, in a process of its own: with
all cores, with one thread, and with the number that the course chooses (course_utils/threads.py); one after the other,
in several rounds. Meanwhile the machine does nothing else; or another program takes one core, as a browser or a call
does; or two or four such trainings run side by side, as on a shared server: then the slowest of them counts.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from torch import nn

from benchmarks.report import RESULTS, machine, write_json
from course_utils import models, show
from course_utils.data import ImageDataset, loader
from course_utils.device import keep_freed_memory
from course_utils.figures.style import use_style
from course_utils.train import Callback, Training, fit

RESULT, PICTURE = RESULTS / "busy.json", RESULTS / "busy.png"
ROUNDS, SECONDS, BATCH = 3, 7.0, 128
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, int, int], int]] = {  # network, pictures, steps an epoch
    "LeNet": (models.LeNet, (1, 28, 28), 50),
    "Conv32-64": (models.Conv32x64, (1, 28, 28), 10),
    "CIFAR-10 network": (models.CifarNet, (3, 32, 32), 2),
}
WAYS = {"all cores": {"COURSE_THREADS": str(os.cpu_count())}, "one thread": {"COURSE_THREADS": "1"}, "chosen": {}}
BESIDE = {  # trainings side by side, cores that another program takes
    "alone": (1, 0),
    "one core busy": (1, 1),
    "two kernels": (2, 0),
    "four kernels": (4, 0),
}
MOST = {"alone": 1.05}  # the chosen number beside the better of the two fixed ones; elsewhere
MOST_BUSY = 1.2


class Clock(Callback):
    """Counts epochs, and ends the training when its time is over."""

    def __init__(self, seconds: float):
        self.start, self.seconds, self.epochs = time.monotonic(), seconds, 0

    def on_epoch_end(self, training: Training) -> None:
        self.epochs += 1
        if time.monotonic() - self.start > self.seconds:
            raise TimeoutError


def train(name: str, seconds: float) -> float:
    """Milliseconds of a step, on average over so many seconds; they begin when a line comes in."""
    keep_freed_memory()
    make, shape, steps = NETWORKS[name]
    images = torch.randint(256, (steps * BATCH, *shape), dtype=torch.uint8)
    batches = loader(ImageDataset(images, torch.arange(len(images)) % 10), BATCH, shuffle=True)
    model = make().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    if threads := os.environ.get("COURSE_THREADS"):
        torch.set_num_threads(int(threads))
    fit(model, batches, epochs=1, optimizer=optimizer, verbose=False)
    print("ready", flush=True)
    sys.stdin.readline()
    clock = Clock(seconds)
    try:
        fit(model, batches, epochs=10**6, optimizer=optimizer, callbacks=[clock], verbose=False)
    except TimeoutError:
        return 1000 * (time.monotonic() - clock.start) / (clock.epochs * steps)


def side_by_side(name: str, way: str, kernels: int, busy: int) -> float:
    """Milliseconds of a step of the slowest of so many trainings, while other programs keep cores busy."""
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"} | WAYS[way]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": environment, "encoding": "utf-8"}
    command = [sys.executable, "-m", "benchmarks.busy", "--train", name]
    others = []
    running = [subprocess.Popen(command, **pipes) for _ in range(kernels)]
    try:
        for process in running:
            process.stdout.readline()
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
        for process in running:
            process.stdin.write("go\n")
            process.stdin.flush()
        return max(float(process.communicate()[0]) for process in running)
    finally:
        for process in (*others, *running):
            process.kill()


def measure() -> dict:
    found = {}
    for _ in range(ROUNDS):
        for name in NETWORKS:
            for beside, (kernels, busy) in BESIDE.items():
                for way in WAYS:
                    ms = side_by_side(name, way, kernels, busy)
                    found.setdefault(name, {}).setdefault(beside, {}).setdefault(way, []).append(round(ms, 2))
                print(name, beside, {way: times[-1] for way, times in found[name][beside].items()}, flush=True)
    return machine() | {"batch": BATCH, "seconds": SECONDS, "ms_of_a_step": found}


def medians(result: dict) -> dict[str, dict[str, dict[str, float]]]:
    """{network: {what is beside it: {way: milliseconds of a step}}}."""
    return {
        name: {beside: {way: statistics.median(ms) for way, ms in ways.items()} for beside, ways in rows.items()}
        for name, rows in result["ms_of_a_step"].items()
    }


def beside_the_best(ways: dict[str, list[float]]) -> float:
    """The chosen number of threads beside the better of the two fixed ones, in each round; the median of the rounds."""
    return statistics.median(
        chosen / min(several, one)
        for chosen, several, one in zip(ways["chosen"], ways["all cores"], ways["one thread"], strict=True)
    )


def table(result: dict) -> str:
    """For docs/JUPYTERHUB.md."""
    if not result:
        return "Not yet run."
    lines = [
        f"| milliseconds of a training step | {' | '.join(WAYS)} | chosen, beside the better of the two |",
        "|---" * (len(WAYS) + 2) + "|",
    ]
    for name, rows in medians(result).items():
        for beside, ways in rows.items():
            times = " | ".join(f"{ways[way]:.1f}" for way in WAYS)
            ratio = beside_the_best(result["ms_of_a_step"][name][beside])
            lines.append(f"| {name}, {beside} | {times} | {ratio:.2f} |")
    how = (
        f"Medians of {ROUNDS} rounds on {result['cores']} CPU cores, {result['date']}, torch {result['torch']}, batches"
    )
    return "\n".join([*lines, "", f"{how} of {result['batch']} (`python -m benchmarks.busy --write`)."])


def draw(result: dict) -> None:
    use_style()
    figure, axes = plt.subplots(1, len(NETWORKS), figsize=(11, 3.6))
    hatches = dict(zip(WAYS, ("", "///", ""), strict=True))
    colors = dict(zip(WAYS, (show.COLORS[1], show.COLORS[0], show.COLORS[2]), strict=True))
    for axis, (name, rows) in zip(axes, medians(result).items(), strict=True):
        for i, way in enumerate(WAYS):
            places = [place + 0.27 * (i - 1) for place in range(len(rows))]
            heights = [ways[way] for ways in rows.values()]
            axis.bar(places, heights, 0.25, color=colors[way], hatch=hatches[way], edgecolor="white", label=way)
        axis.set_xticks(range(len(rows)), [beside.replace(" ", "\n", 1) for beside in rows], fontsize=9)
        axis.set(title=name, ylim=(0, None))
    axes[0].set_ylabel("milliseconds of a step")
    axes[0].legend(fontsize=9)
    title = "Beside other programs, a thread that waits makes all wait: one thread is then faster for a small network"
    show.finish(figure, title).savefig(PICTURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="store the result and draw it")
    parser.add_argument("--train", choices=NETWORKS, help=argparse.SUPPRESS)  # in a process of its own
    args = parser.parse_args()
    if args.train:
        print(train(args.train, SECONDS))
        return
    result = measure()
    print(table(result))
    if args.write:
        write_json(RESULT, result)
        draw(result)


if __name__ == "__main__":
    main()
