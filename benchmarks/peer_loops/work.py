"""What all loops share: which training, on which pictures, and the clock."""

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Network:
    """A network of course_utils.models, and how it is trained here: the same for all libraries, in float32."""

    title: str
    model: str  # its name in course_utils.models
    weights: int  # that are trained
    data: str
    images: int  # of an epoch here
    batch_size: int
    optimizer: str  # "sgd", with momentum 0.9, or "adam", with the defaults of PyTorch
    lr: float

    @property
    def of_all(self) -> int:
        """The images of a whole epoch."""
        return {"mnist": 60_000, "cifar10": 50_000}[self.data]


NETWORKS = {
    "LeNet": Network("LeNet, batch 128", "LeNet", 44_426, "mnist", 20_000, 128, "sgd", 0.02),
    "Conv32-64": Network("Conv32-64, batch 100", "Conv32x64", 50_186, "mnist", 2_500, 100, "adam", 0.001),
    "CifarNet": Network("CifarNet, batch 128", "CifarNet", 1_971_640, "cifar10", 256, 128, "sgd", 0.02),
}
MOMENTUM = 0.9
EPSILON = 1e-8  # of Adam


@dataclass(frozen=True)
class Work:
    """A training that a loop is asked for: all pictures in one array, uint8 (N, C, H, W), and their classes (N,)."""

    network: Network
    pixels: np.ndarray
    labels: np.ndarray
    epochs: int
    device: str = "cpu"

    @cached_property
    def images(self) -> np.ndarray:
        """float32 (N, C, H, W), in 0..1."""
        return self.pixels.astype(np.float32) / np.float32(255)

    @cached_property
    def images_channels_last(self) -> np.ndarray:
        """float32 (N, H, W, C), in 0..1, as Keras and Flax have them."""
        return np.ascontiguousarray(self.pixels.transpose(0, 2, 3, 1)).astype(np.float32) / np.float32(255)


class Clock:
    """Measures each epoch from the end of the one before it, and stops between them until it is this process's turn.

    So whatever a library does between two epochs is counted, and while one library computes all others wait.
    """

    def __init__(self, wait: Callable[[], object] = lambda: None):
        self.wait = wait  # until a GPU has done what it was asked for
        self.start = time.perf_counter()

    def weights(self, count: int) -> None:
        self.tell(weights=int(count))

    def epoch_ends(self, loss: float) -> None:
        """To be called after each epoch, with its mean loss."""
        self.wait()
        seconds = time.perf_counter() - self.start
        self.tell(seconds=round(seconds, 4), loss=round(float(loss), 5), megabytes=peak_megabytes())
        if not sys.stdin.readline():
            raise SystemExit("benchmarks.peers has ended")
        self.start = time.perf_counter()

    def tell(self, **what: float) -> None:
        print(json.dumps(what), file=sys.__stdout__, flush=True)


def peak_megabytes() -> int:
    """The most main memory that this process has had in use."""
    status = Path("/proc/self/status")  # posix
    if status.exists():  # Linux; its ru_maxrss would count the process that started this one
        return round(int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))[1]) * 1024 / 1e6)
    try:
        import resource  # posix: not on Windows
    except ImportError:
        return 0
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))
