"""Is this network fit to be trained? Six cheap measurements before a long training, as one table.

The ideas are Karpathy's ("A Recipe for Training Neural Networks", 2019): look at the input, at the first loss, at one
batch learned by heart. The model is copied, so nothing of this changes it.
"""

import copy
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from course_utils.network.layers import FunctionCalls

STEPS = 100  # of Adam with its usual learning rate, for one batch by heart
BATCH = 64  # so many samples are enough


class Measurement(NamedTuple):
    """One measurement: what, the value as text, whether it is as it should be, and what it means."""

    what: str
    value: str
    ok: bool
    meaning: str


class Health(list[Measurement]):
    """The measurements in their order; prints as a table."""

    @property
    def ok(self) -> bool:
        return all(measurement.ok for measurement in self)

    def __str__(self) -> str:
        what = max((len(m.what) for m in self), default=0)  # the widths of two columns
        value = max((len(m.value) for m in self), default=0)
        lines = [f"{'ok  ' if m.ok else 'LOOK'}  {m.what:{what}}  {m.value:{value}}  {m.meaning}" for m in self]
        return "\n".join(line.rstrip() for line in lines)

    __repr__ = __str__


def health(model: nn.Module, loader: DataLoader) -> Health:
    """Measure a *new* model on one batch of at most 64 samples, and say what looks wrong.

    Args:
        model: gives logits (N, K) for images (N, C, H, W).
        loader: gives batches (images, targets), targets as class numbers (N,).

    Errors that the model itself raises, such as a wrong shape, are not caught: they are the first thing to mend.
    """
    model = copy.deepcopy(model)
    parameter = next(model.parameters())
    images, targets = (part[:BATCH].to(parameter.device) for part in next(iter(loader)))
    found = Health([_input(images)])
    images = images.to(parameter.dtype)

    model.train()
    alive: list[Tensor] = []  # for each ReLU: which units were above zero for some sample of the batch

    def see(function: Callable, _args: tuple, _kwargs: dict, output: object) -> None:
        if getattr(function, "__name__", "").rstrip("_") == "relu" and isinstance(output, Tensor):
            positive = output.detach() > 0
            # a unit of a linear layer is a column, a unit of a convolution a channel
            alive.append(positive.transpose(0, 1).flatten(1).any(dim=1))

    with FunctionCalls(see):
        logits = model(images)
    classes = logits.shape[1]
    loss = F.cross_entropy(logits, targets)
    loss.backward()
    found.append(_first_loss(loss.item(), classes))
    found.append(_outputs(logits.detach()))
    found.append(_gradients(model))
    found.append(_dead(alive))
    found.append(_by_heart(model, images, targets))
    return found


def _input(images: Tensor) -> Measurement:
    numbers = images.float()
    mean, std = numbers.mean().item(), numbers.std().item()
    ok = images.is_floating_point() and abs(mean) < 3 and 0.02 < std < 5
    meaning = "standardised, or in 0..1" if ok else "divide by 255, then subtract the mean and divide by the std"
    dtype = str(images.dtype).removeprefix("torch.")
    return Measurement("input", f"{dtype}, mean {mean:.2f}, std {std:.2f}", ok, meaning)


def _first_loss(loss: float, classes: int) -> Measurement:
    expected = math.log(classes)
    ok = abs(loss - expected) < 0.35
    meaning = "like guessing, as it should be" if ok else "sure before it has learned: look at input and weights"
    return Measurement("first loss", f"{loss:.3f}, ln({classes}) is {expected:.3f}", ok, meaning)


def _outputs(logits: Tensor) -> Measurement:
    probabilities = torch.allclose(logits.sum(1), torch.ones_like(logits[:, 0]), atol=1e-3) and logits.min() >= 0
    ok = not probabilities and logits.min().item() < 0
    meaning = "logits" if ok else "a softmax stands at the end" if probabilities else "a ReLU stands at the end"
    return Measurement("outputs", f"from {logits.min().item():.2f} to {logits.max().item():.2f}", ok, meaning)


def _gradients(model: nn.Module) -> Measurement:
    norms = {
        name: 0.0 if p.grad is None else p.grad.norm().item() / p.numel() ** 0.5
        for name, p in model.named_parameters()
        if p.requires_grad and p.ndim > 1
    }
    if not norms:
        return Measurement("gradient per weight", "no weights", False, "there is nothing to train")
    least, most = min(norms, key=norms.get), max(norms, key=norms.get)
    finite = all(math.isfinite(norm) for norm in norms.values())
    ok = finite and norms[most] < 1 and norms[least] > 1e-4 * norms[most] > 0
    value = f"{norms[least]:.1e} ({least}) to {norms[most]:.1e} ({most})"
    meaning = "every layer learns" if ok else "a layer learns nothing, or all of it: look at the weights and the ends"
    return Measurement("gradient per weight", value, ok, meaning)


def _dead(alive: list[Tensor]) -> Measurement:
    """The share that is 0 for this batch. Another batch may wake some of them up; most of them at 0 is a bad sign."""
    if not alive:
        return Measurement("dead ReLUs", "no ReLU", True, "")
    share = 1 - torch.cat(alive).float().mean().item()
    ok = share < 0.4
    meaning = (
        "most units answer to some sample" if ok else "units that are 0 for the whole batch get no gradient from it"
    )
    return Measurement("dead ReLUs", f"{share:.0%}", ok, meaning)


def _by_heart(model: nn.Module, images: Tensor, targets: Tensor) -> Measurement:
    """Train on this batch alone: whoever cannot learn 64 pictures by heart will not learn 60,000."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.cross_entropy(model(images), targets).backward()
        optimizer.step()
    with torch.no_grad():
        right = (model(images).argmax(dim=1) == targets).float().mean().item()
    chance = torch.bincount(targets).max().item() / len(targets)
    stuck = right < chance + 0.1
    ok = right > 0.8
    why = "stuck at chance: something breaks the way of the gradient" if stuck else "learns slowly"
    return Measurement(f"one batch, {STEPS} steps", f"{right:.0%} right", ok, "learned" if ok else why)
