"""Broken trainings without a name, for lesson 11: what is seen of each are its curves and what `health` measures.

Each has one fault, and everything else is right. Read the rest of this file after you have named it.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.optim import SGD

from course_utils import show
from course_utils.course import Course
from course_utils.data import DataSets, ImageDataset, loader
from course_utils.models import LeNet
from course_utils.network.health import Health, health
from course_utils.train import History, fit

SUSPECTS = (
    "rate too high",
    "rate too low",
    "training labels apart",
    "validation labels apart",
    "softmax twice",
    "ReLU on the logits",
    "optimizer of another model",
    "no zero_grad",
    "pixels from 0 to 255",
    "augmented validation",
    "validation leak",
    "overfitting",
)


def as_they_are(data: ImageDataset) -> ImageDataset:
    return data


def other_labels(data: ImageDataset) -> ImageDataset:
    """The same labels in an order of their own."""
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    return ImageDataset(data.images, data.labels[order], data.mean, data.std)


def softmax_twice(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.softmax(dim=1), targets)


@dataclass(frozen=True)
class Patient:
    """One training of LeNet. `fault` is one of SUSPECTS."""

    fault: str
    epochs: int = 8
    pictures: int = 4000
    rate: float = 0.02
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
    train: Callable[[ImageDataset], ImageDataset] = as_they_are
    validation: Callable[[ImageDataset], ImageDataset] = as_they_are
    leak: bool = False  # validation pictures are training pictures


PATIENTS = {
    "A": Patient("softmax twice", loss_fn=softmax_twice, epochs=12),
    "B": Patient("rate too high", rate=0.5),
    "C": Patient("validation labels apart", validation=other_labels),
    "D": Patient("training labels apart", train=other_labels),
    "E": Patient("rate too low", rate=1e-5),
    "F": Patient("validation leak", pictures=1000, leak=True, epochs=30),
}


@dataclass
class Chart:
    """What is known of a patient. Prints as text; `draw` shows the curves."""

    name: str
    pictures: tuple[int, int]
    before: Health
    after: Health
    moved: float
    history: History

    def __str__(self) -> str:
        return "\n".join(
            (
                f"Patient {self.name}: {self.pictures[0]:,} training pictures, {self.pictures[1]:,} for validation",
                "",
                "The new network:",
                str(self.before),
                "",
                "After the training:",
                f"      change of the weights  {self.moved:.2%} of their size",
                str(Health(self.after[4:])),  # dead ReLUs, and one batch by heart
                f"      {self.history.last()}",
            )
        )

    __repr__ = __str__

    def draw(self) -> Figure:
        return show.curves(self.history, title=f"Patient {self.name}")


def examine(name: str, mnist: DataSets, course: Course) -> Chart:
    """Train a patient on some of the digits, and write down what can be seen of it.

    Args:
        name: "A" to "F".
        mnist: what `load("mnist")` gives.
        course: what `setup` gives: at smoke speed there is one epoch.
    """
    patient = PATIENTS[name]
    pictures = mnist.train.subset(slice(patient.pictures))
    beside = pictures if patient.leak else mnist.validation.subset(slice(1000))
    train, valid = patient.train(pictures).to(course.device), patient.validation(beside).to(course.device)
    torch.manual_seed(777)
    model = LeNet().to(course.device)
    start = copy.deepcopy(model)
    history = fit(
        model,
        loader(train, batch_size=64, shuffle=True),
        loader(valid, batch_size=500),
        epochs=course.epochs(smoke=1, classroom=patient.epochs, full=patient.epochs),
        optimizer=SGD(model.parameters(), lr=patient.rate, momentum=0.9),
        loss_fn=patient.loss_fn,
        verbose=False,
    )
    moved = ((weights(model) - weights(start)).norm() / weights(start).norm()).item()
    before, after = (health(network, loader(train, batch_size=64)) for network in (start, model))
    return Chart(name, (len(train), len(valid)), before, after, moved, history)


def weights(model: nn.Module) -> Tensor:
    """All weights and biases in one row."""
    return torch.cat([p.detach().flatten() for p in model.parameters()])
