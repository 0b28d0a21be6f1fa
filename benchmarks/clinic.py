"""What the faults of lesson 11 cost after 3 and after 10 epochs: LeNet, a fifth of MNIST, three seeds.

    python -m benchmarks.clinic                    # train what is missing, one fault and seed at a time, and store it
    python -m benchmarks.clinic --list             # show what is missing, run nothing
    python -m benchmarks.clinic --only healthy     # some of the trainings
    python -m benchmarks.clinic --table            # the bill, after 3 and after 10 epochs

Results: results/clinic.json holds, under "runs", the accuracy on 5,000 validation images after 3 and after 10 epochs,
as it is read with the fault and, where one network is read twice, without it; under "bill", what each fault costs, in
points, one number for each seed. Real data only; what is stored already is not run again.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import mean
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import ConcatDataset, Dataset

from benchmarks.report import RESULTS, machine, read_json, write_json
from course_utils.data import DataSets, ImageDataset, balanced_sample, load, loader, pad_and_crop
from course_utils.device import keep_freed_memory
from course_utils.models import LeNet
from course_utils.train import evaluate, predict

RESULT = RESULTS / "clinic.json"
SEEDS = (777, 1, 2)
EPOCHS = 3, 10  # the training is read after so many
BATCH_SIZE, RATE = 64, 0.01
FASHION = 0.2860, 0.3530  # mean and standard deviation of Fashion-MNIST
TRUE = "accuracy"
Pictures = Callable[[DataSets, ImageDataset], Dataset]
Reading = Callable[[nn.Module, DataSets, ImageDataset], float]


class ReluOnLogits(LeNet):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(super().forward(x))


class LeNetWithDropout(LeNet):
    """LeNet that deletes half of the hidden numbers before its last layer."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # (N, 1, 28, 28) -> (N, 6, 12, 12)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # (N, 6, 12, 12) -> (N, 16, 4, 4)
        x = F.relu(self.fc2(F.relu(self.fc1(torch.flatten(x, 1)))))  # (N, 16, 4, 4) -> (N, 84)
        return self.fc3(F.dropout(x, 0.5, self.training))  # (N, 84) -> (N, 10)


def softmax_twice(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.softmax(dim=1), targets)


# ---- pictures ----


def scaled(split: ImageDataset, mean: float, std: float) -> ImageDataset:
    """The same pictures, standardised with other numbers."""
    return ImageDataset(split.images, split.labels, (mean,), (std,))


def with_numbers(mean: float, std: float) -> Pictures:
    return lambda mnist, sample: scaled(sample, mean, std)


def labels_apart(mnist: DataSets, sample: ImageDataset) -> Dataset:
    order = torch.randperm(len(sample), generator=torch.Generator().manual_seed(0))
    return ImageDataset(sample.images, sample.labels[order], sample.mean, sample.std)


def few(sample: ImageDataset) -> ImageDataset:
    return sample.subset(slice(1000))


def few_often(mnist: DataSets, sample: ImageDataset) -> Dataset:
    """1,000 pictures; one epoch sees each of them 12 times."""
    return ConcatDataset([few(sample)] * 12)


# ---- readings: the accuracy that is read, from 0 to 1 ----


def read(model: nn.Module, pictures: Dataset) -> float:
    return evaluate(model, loader(pictures, batch_size=500)).accuracy


def as_it_is(model: nn.Module, mnist: DataSets, sample: ImageDataset) -> float:
    return read(model, mnist.validation)


def read_with(mean: float, std: float) -> Reading:
    return lambda model, mnist, sample: read(model, scaled(mnist.validation, mean, std))


def right_answers(model: nn.Module, mnist: DataSets) -> Tensor:
    logits, targets = predict(model, loader(mnist.validation, batch_size=500))
    return (logits.argmax(dim=1) == targets).double()


def mean_of_means(model: nn.Module, mnist: DataSets, sample: ImageDataset) -> float:
    return mean(part.mean().item() for part in right_answers(model, mnist).split(BATCH_SIZE))


def wrong_divisor(model: nn.Module, mnist: DataSets, sample: ImageDataset) -> float:
    right = right_answers(model, mnist)
    return right.sum().item() / (len(right.split(BATCH_SIZE)) * BATCH_SIZE)


def in_training_mode(model: nn.Module, mnist: DataSets, sample: ImageDataset) -> float:
    model.train()
    with torch.no_grad():
        right = [model(x).argmax(dim=1) == y for x, y in loader(mnist.validation, batch_size=500)]
    return torch.cat(right).double().mean().item()


def augmented(model: nn.Module, mnist: DataSets, sample: ImageDataset) -> float:
    return read(model, mnist.validation.with_transform(pad_and_crop))


def on_training_pictures(model: nn.Module, mnist: DataSets, sample: ImageDataset) -> float:
    return read(model, few(sample))


# ---- trainings, and the bill ----


@dataclass(frozen=True)
class Training:
    """One training, with everything right but what is given; `readings` by their name."""

    make: Callable[[], nn.Module] = LeNet
    pictures: Pictures = lambda mnist, sample: sample
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
    rate: float = RATE
    zero_grad: bool = True
    own_optimizer: bool = True  # False: the optimizer holds the weights of another model
    readings: dict[str, Reading] = field(default_factory=lambda: {TRUE: as_it_is})


TRAININGS = {
    "healthy": Training(
        readings={
            TRUE: as_it_is,
            "other numbers": read_with(*FASHION),
            "mean of batch means": mean_of_means,
            "wrong divisor": wrong_divisor,
        }
    ),
    "optimizer of another model": Training(own_optimizer=False),
    "learning rate 0.5": Training(rate=0.5),
    "labels apart": Training(pictures=labels_apart),
    "no zero_grad": Training(zero_grad=False),
    "softmax twice": Training(loss_fn=softmax_twice),
    "ReLU on the logits": Training(make=ReluOnLogits),
    "pixels from 0 to 255": Training(pictures=with_numbers(0.0, 1 / 255), readings={TRUE: read_with(0.0, 1 / 255)}),
    "Normalize(0, 1)": Training(pictures=with_numbers(0.0, 1.0), readings={TRUE: read_with(0.0, 1.0)}),
    "other mean and std": Training(pictures=with_numbers(*FASHION), readings={TRUE: read_with(*FASHION)}),
    "with dropout": Training(make=LeNetWithDropout, readings={TRUE: as_it_is, "training mode": in_training_mode}),
    "augmented": Training(
        pictures=lambda mnist, sample: sample.with_transform(pad_and_crop),
        readings={TRUE: as_it_is, "augmented test": augmented},
    ),
    "1,000 pictures, often": Training(
        pictures=few_often, readings={TRUE: as_it_is, "validation leak": on_training_pictures}
    ),
}


class Fault(NamedTuple):
    """A line of the bill: what is read with the fault. It is compared with the healthy training, if `reading` is
    the true one, else with the true reading of the same network."""

    symptom: str
    training: str
    reading: str = TRUE

    @property
    def two_trainings(self) -> bool:
        return self.reading == TRUE


FAULTS = {
    "9 optimizer of another model": Fault("chance", "optimizer of another model"),
    "10 learning rate 0.5": Fault("chance", "learning rate 0.5"),
    "11 labels apart": Fault("chance", "labels apart"),
    "12 no zero_grad": Fault("chance", "no zero_grad"),
    "13 softmax twice": Fault("worse", "softmax twice"),
    "14 ReLU on the logits": Fault("worse", "ReLU on the logits"),
    "3b pixels from 0 to 255": Fault("worse", "pixels from 0 to 255"),
    "15 Normalize(0, 1)": Fault("worse", "Normalize(0, 1)"),
    "16 other mean and std": Fault("worse", "other mean and std"),
    "16b ... in validation only": Fault("worse", "healthy", "other numbers"),
    "17 no eval()": Fault("number", "with dropout", "training mode"),
    "18 mean of batch means": Fault("number", "healthy", "mean of batch means"),
    "19 wrong divisor": Fault("number", "healthy", "wrong divisor"),
    "20 augmented test": Fault("number", "augmented", "augmented test"),
    "21 validation leak": Fault("too good", "1,000 pictures, often", "validation leak"),
}
"""The lesson's faults that give a number, under the names that they have there."""


def train(
    training: Training, seed: int, mnist: DataSets, sample: ImageDataset, epochs: tuple[int, ...] = EPOCHS
) -> dict[str, list[float]]:
    """Each reading, after each of these numbers of epochs."""
    torch.manual_seed(seed)
    model = training.make()
    owner = model if training.own_optimizer else training.make()
    optimizer = torch.optim.SGD(owner.parameters(), lr=training.rate, momentum=0.9, fused=True)
    batches = loader(training.pictures(mnist, sample), batch_size=BATCH_SIZE, shuffle=True)
    found: dict[str, list[float]] = {name: [] for name in training.readings}
    for epoch in range(1, max(epochs) + 1):
        model.train()
        for images, targets in batches:
            if training.zero_grad:
                optimizer.zero_grad()
            training.loss_fn(model(images), targets).backward()
            optimizer.step()
        for name, reading in training.readings.items() if epoch in epochs else ():
            found[name].append(round(reading(model, mnist, sample), 5))
    return found


def missing(only: list[str] | None = None) -> Iterator[tuple[str, int]]:
    """(training, seed) that is not stored yet."""
    stored = read_json(RESULT).get("runs", {})
    for seed in SEEDS:
        for name in TRAININGS:
            if (not only or name in only) and str(seed) not in stored.get(name, {}):
                yield name, seed


def store(name: str, seed: int, found: dict[str, list[float]], steps: int) -> None:
    runs = read_json(RESULT).get("runs", {})
    runs.setdefault(name, {})[str(seed)] = found
    about = machine() | {"epochs": EPOCHS, "steps_in_an_epoch": steps}
    write_json(RESULT, about | {"bill": bill(runs), "runs": runs})


def bill(runs: dict) -> dict[str, dict]:
    """What each fault costs, or by how much it falsifies the number: its symptom, and points by epoch and seed."""
    return {
        name: {"symptom": fault.symptom, "two trainings": fault.two_trainings}
        | {str(epochs): differences(runs, fault, epochs) for epochs in EPOCHS}
        for name, fault in FAULTS.items()
    }


def differences(runs: dict, fault: Fault, epochs: int) -> list[float]:
    """What is read with the fault, less what is read without it, in points, for each seed that has run."""
    when, with_fault = EPOCHS.index(epochs), runs.get(fault.training, {})
    beside = runs.get("healthy", {}) if fault.two_trainings else with_fault
    seeds = [seed for seed in with_fault if seed in beside]
    return [round(100 * (with_fault[s][fault.reading][when] - beside[s][TRUE][when]), 2) for s in seeds]


def table(costs: dict[str, dict]) -> str:
    """The bill: mean over the seeds, least to most, in points."""
    lines = ["| fault | symptom | after 3 epochs | after 10 epochs |", "|---|---|---|---|"]
    for name, cost in costs.items():
        cells = [told(cost[str(epochs)]) for epochs in EPOCHS]
        lines.append(f"| {name} | {cost['symptom']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def told(points: list[float]) -> str:
    return f"{mean(points):+.2f} ({min(points):+.2f} to {max(points):+.2f})" if points else "not yet run"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=TRAININGS, help=f"of: {', '.join(TRAININGS)}")
    parser.add_argument("--list", action="store_true", help="show what is missing, run nothing")
    parser.add_argument("--table", action="store_true", help="print the bill from what is stored, run nothing")
    args = parser.parse_args()
    if args.table:
        print(table(bill(read_json(RESULT).get("runs", {}))))
        return
    keep_freed_memory()
    mnist = None
    for name, seed in missing(args.only):
        print(f"{name}, seed {seed}", flush=True)
        if not args.list:
            mnist = mnist or load("mnist")
            if mnist.standin:
                parser.error("these pictures are the drawn stand-in; get the real ones: make data")
            sample = balanced_sample(mnist.train, rate=0.2)
            found = train(TRAININGS[name], seed, mnist, sample)
            store(name, seed, found, steps=-(-len(sample) // BATCH_SIZE))


if __name__ == "__main__":
    main()
