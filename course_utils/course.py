"""The first call of every lesson: `course = setup(lesson="05")`.

It fixes the seeds, finds the device, reads the speed and prints one line that says what this run stands on. It loads no
data and knows no model.

COURSE_SPEED chooses how much is computed: "smoke" (seconds, for tests), "class" (what you get without it: no cell above
a minute on two CPU cores) or "full" (the numbers of epochs that the source posts used). COURSE_DEVICE names another
device than the one found, such as "cpu" or "mps"; COURSE_THREADS a number of threads, else course_utils/threads.py
chooses it.
"""

import os
import platform
import random
from dataclasses import dataclass
from importlib.metadata import version as installed

import numpy as np
import torch
from torch.utils.data import Dataset, Subset

from course_utils import __version__, threads
from course_utils.data import ImageDataset
from course_utils.device import find_device, keep_freed_memory
from course_utils.figures.style import use_style
from course_utils.files import standin
from course_utils.files.folders import is_offline, locate

SPEEDS = ("smoke", "class", "full")
LESSON_DATA = {
    "00": ("mnist",),
    "02": ("mnist",),
    "03": ("mnist",),
    "04": ("mnist",),
    "05": ("mnist",),
    "06": ("mnist",),
    "07": ("mnist",),
    "08": ("fashion_mnist",),
    "09": ("mnist",),
    "10": ("cifar10",),
    "11": ("mnist",),
    "12": ("cifar10",),
    "13": ("cifar10",),
    "14": ("mnist",),
}


@dataclass(frozen=True)
class Course:
    """What a lesson needs to know of this run: device, speed, seed."""

    lesson: str
    seed: int
    speed: str
    device: torch.device

    def epochs(self, smoke: int, classroom: int, full: int) -> int:
        """The number of epochs for the speed of this run."""
        return {"smoke": smoke, "class": classroom, "full": full}[self.speed]

    def sample(self, dataset: Dataset, n: int = 2048) -> Dataset:
        """The data set; at smoke speed only its first `n` samples, so that tests take seconds."""
        if self.speed != "smoke" or len(dataset) <= n:
            return dataset
        return dataset.subset(slice(n)) if isinstance(dataset, ImageDataset) else Subset(dataset, range(n))

    def between(self, value: float, low: float, high: float, what: str = "test accuracy") -> None:
        """Assert that a measured value lies from `low` to `high`, where the range was measured.

        The ranges hold for the real data at class and full speed. Elsewhere this only says that it was not checked.

        Raises:
            AssertionError: the value is outside.
        """
        if self.speed == "smoke":
            print(f"{what} {value:.4g}: not checked at smoke speed")
        elif standin.used:
            print(f"{what} {value:.4g}: not checked on stand-in data")
        elif low <= value <= high:
            print(f"{what} {value:.4g} lies between {low:g} and {high:g}")
        else:
            raise AssertionError(f"{what} is {value:.4g}, but it should lie between {low:g} and {high:g}")


def setup(lesson: str, seed: int = 777, version: str = __version__) -> Course:
    """Fix the seeds, find the device, print one line of status.

    Args:
        lesson: its number, such as "05".
        seed: of Python, NumPy and PyTorch.
        version: of the course to which the lesson belongs; another one than that of course_utils is said.

    Raises:
        ValueError: COURSE_SPEED, COURSE_DEVICE or COURSE_THREADS holds a word that is not known.
    """
    speed = os.environ.get("COURSE_SPEED") or "class"
    if speed not in SPEEDS:
        raise ValueError(f"COURSE_SPEED is {speed!r}: it can be {', '.join(SPEEDS)}. Without it, class is used.")
    if version != __version__:
        print(f"This lesson is of version {version}, course_utils is of {__version__}: get both from one place.")
    keep_freed_memory()
    device = find_device()
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    use_style()
    where = f"cpu, {threads.choose()}" if device.type == "cpu" else str(device)
    if device.type == "cuda":
        where = torch.cuda.get_device_name(device)
    data = [_source(name) for name in LESSON_DATA.get(lesson, ())]
    versions = [f"{name} {installed(name).split('+')[0]}" for name in ("torch", "torchvision")]
    versions = ", ".join([f"Python {platform.python_version()}", *versions])
    print(" | ".join([f"Lesson {lesson}", f"speed: {speed}", f"device: {where}", *data, versions]))
    return Course(lesson, seed, speed, device)


def _source(name: str) -> str:
    if locate(name) is not None:
        return f"data: {name} is here"
    if is_offline():
        return f"data: {name} is NOT here, and COURSE_OFFLINE is set: DRAWN STAND-IN"
    return f"data: {name} is not here yet, it will be looked for on this disk and fetched"
