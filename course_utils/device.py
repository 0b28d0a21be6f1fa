"""What the lessons compute on: a GPU is used only after it has computed a small convolution as the CPU does."""

import os

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
