"""What the lessons compute on: a GPU only after it has computed a small convolution as the CPU does; and memory."""

import ctypes
import os
from collections.abc import Callable

import torch
import torch.nn.functional as F


def find_device() -> torch.device:
    """COURSE_DEVICE, else a GPU that computes right, else the CPU.

    Raises:
        ValueError: COURSE_DEVICE names a device that does not work here.
    """
    asked = os.environ.get("COURSE_DEVICE")
    name = asked or ("cuda" if torch.cuda.is_available() else "cpu")
    if fault := fault_of(name):
        if asked:
            raise ValueError(f"COURSE_DEVICE is {name!r}, which does not work here ({fault}). Try cpu.")
        print(f"The GPU of this machine cannot be used with this PyTorch ({fault}). The course runs on the CPU.")
        name = "cpu"
    return torch.zeros(1, device=name).device


def fault_of(device: str) -> str:
    """What goes wrong when a device computes a small convolution, forward and backward, beside the CPU; "" if nothing.

    A GPU that is too old for the installed PyTorch is "available" and makes tensors, but it has no kernel for a layer.
    """
    numbers = torch.Generator().manual_seed(0)
    images, kernels = (torch.randn(shape, generator=numbers) for shape in ((2, 3, 8, 8), (4, 3, 3, 3)))
    gradients = []
    try:
        for where in ("cpu", device):
            weight = kernels.clone().to(where).requires_grad_()
            F.conv2d(images.to(where), weight).square().sum().backward()
            gradients.append(weight.grad.cpu())
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        return str(error).strip().partition("\n")[0][:150]
    wrong = (gradients[1] - gradients[0]).abs().max() / gradients[0].abs().max()
    return "" if wrong < 0.01 else f"a convolution gives numbers that are wrong by {wrong:.0%}"


def keep_freed_memory() -> None:
    """Keep the memory that a training step frees for the next step. On Linux with glibc; elsewhere it does nothing.

    Without this, glibc gives large blocks back to the system after every step and asks for them again, and the system
    fills each page with zeros: up to a third of the time of a small network. The most memory in use stays the same,
    but less of it returns to the system before the process ends. `setup()` calls it. Source: `man mallopt`.
    """
    mallopt = _of_glibc("mallopt")
    arena_max, trim_threshold, mmap_threshold = -8, -1, -3
    mallopt(arena_max, 1)  # the thread of `backward` uses the same memory
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(mmap_threshold, 2**25)  # the most that glibc takes: larger blocks still go back


def give_back_freed_memory() -> None:
    """Give the freed memory back to the system, after something that took much and ended: `load` and `fit` call it.

    Else a training gets new memory wherever its larger blocks do not fit between what is still in use.
    On Linux with glibc; elsewhere it does nothing. Source: `man malloc_trim`.
    """
    _of_glibc("malloc_trim")(0)


def _of_glibc(name: str) -> Callable[..., object]:
    """A function of the C library; where it is not there, one that does nothing."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # macOS, Windows, another C library
        return lambda *_: None
