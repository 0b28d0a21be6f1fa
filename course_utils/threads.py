"""How many threads PyTorch computes with: all cores of a quiet machine, fewer beside other programs.

The threads of a small network wait for each other some fifty times in a training step. When another program takes one
of the cores, all of them wait for the thread that lost it, and the step takes many times as long as with one thread.
So `fit` tries a step of the training with all threads, with half of them and with one, on a copy of the model, and
takes what is fastest; every few seconds it tries again. `setup` does so with a small network of its own.

COURSE_THREADS, or OMP_NUM_THREADS, sets the number, and then nothing is tried. A training with a checkpoint keeps the
number of its first epoch, because another one rounds in another way.
"""

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

AGAIN = 5.0  # seconds after which another choice may be right
ENOUGH = 0.5  # seconds that a choice may take, or one step with each number if that takes longer

_all = torch.get_num_threads()  # the cores of the machine, as PyTorch counts them
_next = 0.0  # when to choose again


def pinned() -> int | None:
    """What COURSE_THREADS or OMP_NUM_THREADS says, or None.

    Raises: ValueError, COURSE_THREADS is no whole number of at least 1.
    """
    told = os.environ.get("COURSE_THREADS")
    if told and (not told.isdecimal() or int(told) < 1):
        raise ValueError(f"COURSE_THREADS is {told!r}: it is a number of threads, such as 2. Without it, fit chooses.")
    return int(told) if told else (_all if os.environ.get("OMP_NUM_THREADS") else None)


def options(cores: int | None = None) -> list[int]:
    """The numbers to choose from, the greatest first: all cores that this process may use, half of them, one."""
    cores = cores or min(_all, _limit() or _all)
    return sorted({cores, max(1, cores // 2), 1}, reverse=True)


def _limit(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """The cores that a container allows, rounded up; None without a limit. PyTorch does not read it."""
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):  # cgroup 2, cgroup 1
        try:
            quota, period = " ".join((root / name).read_text(encoding="ascii") for name in names).split()
            return max(1, math.ceil(int(quota) / int(period))) if int(quota) > 0 else None
        except (OSError, ValueError):  # "max" is no number
            continue
    return None


def fastest(step: Callable[[], object], numbers: Sequence[int]) -> int:
    """The number of threads with which `step` takes least time; it is called a few times with each, in turn."""
    start, spent = time.perf_counter(), dict.fromkeys(numbers, 0.0)
    for tried in range(9):
        for number in numbers:
            torch.set_num_threads(number)
            begun = time.perf_counter()
            step()
            spent[number] += time.perf_counter() - begun
        best, next_best = sorted(spent.values())[:2]
        if time.perf_counter() - start > ENOUGH or (tried >= 3 and next_best > 1.3 * best):
            break
        if tried == 0:  # the first step also prepares what the others use
            spent = dict.fromkeys(numbers, 0.0)
    return min(spent, key=spent.__getitem__)


def choose() -> str:
    """Set the number of threads for this process; what the status line says about it, such as "2 threads"."""
    number, numbers = pinned(), options()
    if number is None:
        model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5))
        number = _try(model, torch.zeros(128, 1, 28, 28)) or 1
    torch.set_num_threads(number)
    text = f"{number} thread{'s' * (number > 1)}"
    return text if pinned() or number == numbers[0] else f"{number} of {numbers[0]} threads, other programs compute"


def batches(loader: DataLoader, network: nn.Module, number: int | None) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of an epoch. Before one is given, though not before the first, the threads are chosen, if it is time.

    Args:
        loader, network: of the training.
        number: of threads, where it is known already: nothing is chosen then.

    Raises: ValueError, as `pinned`.
    """
    global _next
    if number:
        torch.set_num_threads(number)
    for done, batch in enumerate(loader):
        if done and not number and time.monotonic() > _next and pinned() is None:
            torch.set_num_threads(_try(network, batch[0]) or torch.get_num_threads())
            _next = time.monotonic() + AGAIN
        yield batch


def _try(model: nn.Module, images: Tensor) -> int | None:
    """The fastest number of threads for a step of a copy of this model; None where there is nothing to choose.

    Hooks are not called, and the random numbers go on as if none had been drawn.
    """
    numbers = options()
    parameter = next(model.parameters(), None)
    if len(numbers) == 1 or parameter is None or parameter.device.type != "cpu":
        return None
    with torch.random.fork_rng(devices=[]):
        copy = deepcopy(model).train()
        for module in copy.modules():
            for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks):
                hooks.clear()
        return fastest(lambda: copy(images).sum().backward(), numbers)
