"""Our recipe for 94 % on CIFAR-10 beside the published one: the seconds of the same work, in one process, in turn.

    git clone https://github.com/KellerJordan/cifar10-airbench
    python -m benchmarks.airbench cifar10-airbench/airbench94_muon.py           # 15 minutes on 2 cores
    python -m benchmarks.airbench cifar10-airbench/airbench94_muon.py --write   # stored: results/airbench.json

The published file is for one GPU in 16 bits. Here its own text trains on the CPU in 32 bits, as ours does: `CHANGES`
says what is replaced in it. Both train on a few images for all their epochs, so that a step of 2,000 images can be
compared.
"""

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import torch

from benchmarks import cifar10
from benchmarks.report import RESULTS, machine, write_json
from course_utils.data import load
from course_utils.device import keep_freed_memory

RESULT = RESULTS / "airbench.json"
IMAGES, BATCH, ROUNDS = 4000, 2000, 2
EPOCHS = {"published": 8, "ours": cifar10.FINAL_EPOCHS}

CHANGES = {
    "@torch.compile\n": "",
    ".half()": ".float()",
    "G.bfloat16()": "G.clone()",
    'torch.device("cuda")': '"cpu"',
    "open(sys.argv[0])": "open(__file__)",
}


class Clock:
    """In place of torch.cuda.Event, whose times are in milliseconds."""

    def __init__(self, enable_timing: bool = True):
        self.time = 0.0

    def record(self) -> None:
        self.time = time.perf_counter()

    def elapsed_time(self, end: "Clock") -> float:
        return 1000 * (end.time - self.time)


def published(path: Path) -> dict:
    """The names of the published file, with `CHANGES`.

    Raises:
        ValueError: it is another version: a text that has to be changed is not in it.
    """
    text = path.read_text(encoding="utf-8")
    for old, new in CHANGES.items():
        if old not in text:
            raise ValueError(f"{path} does not hold {old!r}: it is another version of airbench94_muon.py. See CHANGES.")
        text = text.replace(old, new)
    names = {"__name__": "airbench94_muon", "__file__": str(path)}
    exec(compile(text, str(path), "exec"), names)
    return names


def theirs(names: dict) -> float:
    """Seconds of a step of the published training, its pictures and its first weights included."""
    clock, here = [], os.getcwd()
    names["print_training_details"] = lambda variables, is_final_entry: clock.append(variables["time_seconds"])
    model = names["CifarNet"]().to(memory_format=torch.channels_last)
    with tempfile.TemporaryDirectory() as folder, mock.patch.multiple(torch.cuda, Event=Clock, synchronize=int):
        few_images(Path(folder))
        os.chdir(folder)  # it reads its data from there
        try:
            names["main"](0, model)
        finally:
            os.chdir(here)
    return clock[-2] / (EPOCHS["published"] * IMAGES // BATCH)  # the last entry is with the measuring


def few_images(folder: Path) -> None:
    """CIFAR-10 as the published file keeps it, as many images as are wanted here."""
    sets = load("cifar10", validation=0)
    (folder / "cifar10").mkdir()
    for name, split, count in (("train", sets.train, IMAGES), ("test", sets.test, BATCH)):
        images = split.images[:count].permute(0, 2, 3, 1).contiguous()
        stored = {"images": images, "labels": split.labels[:count], "classes": sets.classes}
        torch.save(stored, folder / "cifar10" / f"{name}.pt")


def ours() -> float:
    """The same of `benchmarks.cifar10`. Measuring is left out: it is the same six views."""
    recipe = replace(cifar10.FINAL, share=(IMAGES + 50) / 45_000, views=False)
    return cifar10.run(recipe, seed=777)["seconds"] / (recipe.epochs * IMAGES // BATCH)


def measure(path: Path) -> dict:
    names, steps = published(path), {name: [] for name in EPOCHS}
    for _ in range(ROUNDS):
        for name, found in (("published", theirs(names)), ("ours", ours())):
            steps[name].append(round(found, 3))
            print(f"{name:9} {found:.2f} s a step", flush=True)
    return machine() | {"images": IMAGES, "batch": BATCH, "precision": "float32", "seconds_of_a_step": steps}


def table(result: dict) -> str:
    """The two recipes, for results/README.md."""
    if not result:
        return "Not yet run."
    lines = [
        f"{result['machine']}, {result['threads']} threads, {result['precision']}.",
        "",
        "| | epochs | steps of 2,000 images | seconds of a step | of a whole training |",
        "|---|---|---|---|---|",
    ]
    for name, epochs in EPOCHS.items():
        steps = epochs * 50_000 // 2000  # of a whole training
        seconds = statistics.median(result["seconds_of_a_step"][name])
        lines.append(f"| {name} | {epochs} | {steps} | {seconds:.2f} | {seconds * steps:.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="airbench94_muon.py")
    parser.add_argument("--write", action="store_true", help="store in results/airbench.json")
    args = parser.parse_args()
    keep_freed_memory()
    result = measure(args.file.resolve())
    print(table(result))
    if args.write:
        write_json(RESULT, result)


if __name__ == "__main__":
    main()
