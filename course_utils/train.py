"""The training loop of the course: fit, evaluate, predict.

`fit` is the loop that lesson 03 writes out by hand, with a clock, a progress bar and a record of what each epoch gave.
Model, loaders, optimizer, loss and scheduler are plain PyTorch objects that the caller makes. What else a long training
needs hangs on it as a `Callback`: checkpoints and logs are in `callbacks/`, several processes in `beyond/`. Losses and
accuracies are averages over *samples*, not over batches, so a short last batch does not count more than it should.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from course_utils import threads
from course_utils.device import give_back_freed_memory

Loss = Callable[[Tensor, Tensor], Tensor]


class Evaluation(NamedTuple):
    """Mean loss per sample, accuracy as a fraction from 0 to 1, and over how many samples they are means."""

    loss: float
    accuracy: float
    samples: int

    def __str__(self) -> str:
        return f"loss {self.loss:.4f}, accuracy {self.accuracy:.2%}"


@dataclass
class History:
    """What each epoch of a training gave: one number per epoch in each list.

    `train_loss` and `train_accuracy` are taken while the weights still change, batch by batch; `validation_loss` and
    `validation_accuracy` are taken after the epoch, with the model in evaluation mode. Accuracies are fractions from
    0 to 1, `seconds` covers the whole epoch with its validation.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.train_loss)

    def last(self) -> str:
        """The last epoch as one line of text. No seconds: the progress bar shows them, and they differ in each run."""
        line = f"epoch {len(self):2}: train loss {self.train_loss[-1]:.4f}, accuracy {self.train_accuracy[-1]:6.2%}"
        if self.validation_loss:
            line += f" | validation loss {self.validation_loss[-1]:.4f}, accuracy {self.validation_accuracy[-1]:6.2%}"
        return line


@dataclass
class Training:
    """A training that runs, as callbacks see it."""

    model: nn.Module
    train_loader: DataLoader
    validation_loader: DataLoader | None
    epochs: int
    optimizer: Optimizer
    scheduler: LRScheduler | None
    history: History = field(default_factory=History)
    step_losses: list[float] = field(default_factory=list)  # of the last epoch
    samples: tuple[int, int] = (0, 0)  # of the last epoch: in training, in validation
    silent: bool = False  # prints nothing: another process speaks
    threads: int | None = None  # a checkpoint's; without it course_utils/threads.py chooses

    @property
    def network(self) -> nn.Module:
        """The model itself, without the DistributedDataParallel around it."""
        return self.model.module if isinstance(self.model, nn.parallel.DistributedDataParallel) else self.model


class Callback:
    """What hangs on a training. `fit` calls each of these methods; a subclass writes those that it needs."""

    def on_fit_start(self, training: Training) -> None:
        """Before the first epoch. A training goes on from here with the epochs that its history holds."""

    def on_epoch_start(self, training: Training) -> None:
        """Before the first step of an epoch."""

    def on_validation_start(self, training: Training) -> None:
        """After the last step of an epoch."""

    def on_epoch_end(self, training: Training) -> None:
        """After an epoch is measured, and before its line is printed."""

    def on_fit_end(self, training: Training) -> None:
        """After the last epoch; not after an error."""

    def on_stop(self, training: Training) -> None:
        """When fit ends, also by an error or *Interrupt Kernel*: what was opened is closed here."""


def fit(
    model: nn.Module,
    train_loader: DataLoader,
    validation_loader: DataLoader | None = None,
    *,
    epochs: int,
    optimizer: Optimizer,
    loss_fn: Loss = F.cross_entropy,
    scheduler: LRScheduler | None = None,
    scheduler_interval: str = "epoch",
    device: torch.device | str | None = None,
    autocast: torch.dtype | None = None,
    callbacks: Sequence[Callback] = (),
    verbose: bool = True,
) -> History:
    """Train `model`, which gives outputs (N, classes) for images; measure it after each epoch on the validation set.

    Args:
        train_loader, validation_loader: give batches (images, targets), targets as class numbers (N,).
        epochs: passes over the training set in all; a callback may have done some of them before.
        optimizer, loss_fn: made from this model's parameters; the *mean* loss of a batch, from outputs and targets.
        scheduler: stepped after each epoch, or after each step with scheduler_interval="step" (as OneCycleLR wants it).
        device: where to train; the model is moved there. Without it: where the model is.
        autocast: torch.bfloat16 computes what it can in 16 bits, faster on some machines; weights and loss in float32.
        callbacks, verbose: such as `Checkpoint(path)`, called in their order; whether to print a line per epoch.

    Raises: FloatingPointError, the loss is no longer a finite number; ValueError, an argument that cannot work.
    """
    device = _device(model, device)
    training = Training(model.to(device), train_loader, validation_loader, epochs, optimizer, scheduler)
    history = training.history
    _check_arguments(training, loss_fn, scheduler_interval)
    with _started(callbacks, training) as bar:
        while len(history) < epochs:
            _call(callbacks, "on_epoch_start", training)
            meter = _Meter(optimizer, bar, epoch=len(history) + 1, epochs=epochs)
            model.train()
            for images, targets in threads.batches(train_loader, training.network, training.threads):
                images, targets = images.to(device), targets.to(device)
                optimizer.zero_grad()
                outputs = _forward(model, images, autocast)
                loss = loss_fn(outputs, targets)
                loss.backward()
                optimizer.step()
                if scheduler is not None and scheduler_interval == "step":
                    scheduler.step()
                meter.update(loss.detach(), outputs.detach(), targets)
            meter.record(training)
            if validation_loader is not None:
                _call(callbacks, "on_validation_start", training)
                _record_validation(training, evaluate(training.network, validation_loader, loss_fn, device, autocast))
            if scheduler is not None and scheduler_interval == "epoch":
                scheduler.step()
            history.seconds.append(time.perf_counter() - meter.start)
            _call(callbacks, "on_epoch_end", training)
            if verbose and not training.silent:
                tqdm.write(history.last())
        _call(callbacks, "on_fit_end", training)
    return history


def evaluate(
    model: nn.Module,
    loader: DataLoader,
    loss_fn: Loss = F.cross_entropy,
    device: torch.device | str | None = None,
    autocast: torch.dtype | None = None,
) -> Evaluation:
    """Mean loss per sample and accuracy over a loader, in evaluation mode and without gradients."""
    outputs, targets = _outputs(model, loader, device, autocast)
    correct = outputs.argmax(dim=1) == targets
    return Evaluation(loss_fn(outputs, targets).item(), correct.sum().item() / len(correct), len(correct))


def predict(
    model: nn.Module,
    loader: DataLoader,
    device: torch.device | str | None = None,
    autocast: torch.dtype | None = None,
) -> tuple[Tensor, Tensor]:
    """The model's outputs (N, classes) and the targets (N,) over a loader, on the CPU, in the loader's order."""
    outputs, targets = _outputs(model, loader, device, autocast)
    return outputs.cpu(), targets.cpu()


def _outputs(
    model: nn.Module, loader: DataLoader, device: torch.device | str | None, autocast: torch.dtype | None
) -> tuple[Tensor, Tensor]:
    device = _device(model, device)
    model.to(device)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            batches = [(_forward(model, images.to(device), autocast), targets.to(device)) for images, targets in loader]
    finally:
        model.train(was_training)
    if not batches:
        raise ValueError("the loader gives no batch: its data set is empty, or smaller than a batch with drop_last")
    outputs, targets = zip(*batches, strict=True)
    return torch.cat(outputs), torch.cat(targets)


def _forward(model: nn.Module, images: Tensor, autocast: torch.dtype | None) -> Tensor:
    """The model's outputs in float32, computed with autocast if asked for."""
    if autocast is None:
        return model(images)
    with torch.autocast(images.device.type, dtype=autocast):
        return model(images).float()


def _device(model: nn.Module, device: torch.device | str | None) -> torch.device:
    of_model = (parameter.device for parameter in model.parameters())
    return torch.device(device) if device is not None else next(of_model, torch.device("cpu"))


# ---- what fit measures and says ----


class _Meter:
    """The steps of an epoch. Numbers stay on the device: to ask for one (`.item()`) makes a GPU wait; once a second."""

    def __init__(self, optimizer: Optimizer, bar: tqdm, epoch: int, epochs: int):
        self.optimizer, self.bar, self.epoch = optimizer, bar, epoch
        self.losses, self.hits, self.targets = [], [], []
        self.start = self.looked = time.perf_counter()
        bar.set_description(f"epoch {epoch}/{epochs}")

    def update(self, loss: Tensor, outputs: Tensor, targets: Tensor) -> None:
        self.losses.append(loss)
        self.hits.append(outputs.argmax(dim=1) == targets)
        self.targets.append(targets)
        self.bar.update()
        if time.perf_counter() - self.looked > 1:
            self.looked = time.perf_counter()
            self.check_finite(torch.stack(self.losses))
            self.bar.set_postfix(loss=f"{loss.item():.4f}")

    def record(self, training: Training) -> None:
        """Put the epoch into the history: its mean loss and accuracy over samples, and its learning rate."""
        losses, history = torch.stack(self.losses), training.history
        self.check_finite(losses)
        sizes = torch.tensor([len(targets) for targets in self.targets], dtype=torch.double)
        samples = sizes.sum().item()
        history.train_loss.append(((losses.cpu().double() * sizes).sum() / sizes.sum()).item())
        history.train_accuracy.append(torch.cat(self.hits).sum().item() / samples)
        history.learning_rate.append(self.optimizer.param_groups[0]["lr"])
        training.step_losses, training.samples = losses.tolist(), (int(samples), 0)
        if len(history) == 1 and len(losses) >= 100 and not training.silent:
            self.warn_at_chance(history.train_accuracy[0], torch.cat(self.targets).bincount().max().item() / samples)

    def check_finite(self, losses: Tensor) -> None:
        bad = (~torch.isfinite(losses)).nonzero()
        if len(bad):
            step = bad[0].item()
            raise FloatingPointError(
                f"the loss is {losses[step].item()} at step {step + 1} of epoch {self.epoch}: the training has "
                f"diverged. The learning rate is {self.optimizer.param_groups[0]['lr']:g}; try a tenth of it. "
                "Make the model and the optimizer anew before you train again: their numbers are spoilt."
            )

    def warn_at_chance(self, accuracy: float, chance: float) -> None:
        """After a first epoch that is long enough: no better than the most frequent class means nothing learned."""
        if accuracy < chance + 0.02:
            warnings.warn(
                f"after an epoch the training accuracy is {accuracy:.1%}; always naming the most frequent class gives "
                f"{chance:.1%}. Look at the learning rate, at softmax or ReLU on the logits, and whether images and "
                "labels still belong together.",
                stacklevel=4,
            )


def _record_validation(training: Training, measured: Evaluation) -> None:
    training.history.validation_loss.append(measured.loss)
    training.history.validation_accuracy.append(measured.accuracy)
    training.samples = training.samples[0], measured.samples


def _call(callbacks: Sequence[Callback], method: str, training: Training) -> None:
    for callback in callbacks:
        getattr(callback, method)(training)


@contextmanager
def _started(callbacks: Sequence[Callback], training: Training) -> Iterator[tqdm]:
    """Callbacks that have started, and a progress bar: both are closed in the end, whatever ends the training."""
    give_back_freed_memory()
    try:
        _call(callbacks, "on_fit_start", training)
        with _progress_bar(training) as bar:
            yield bar
    finally:
        _call(callbacks, "on_stop", training)
        give_back_freed_memory()


def _progress_bar(training: Training) -> tqdm:
    """`disable=None`: tqdm shows no bar when the output is not a terminal or a notebook."""
    hidden = True if os.environ.get("COURSE_INTERACTIVE") == "0" or training.silent else None
    steps = (training.epochs - len(training.history)) * len(training.train_loader)
    return tqdm(total=max(steps, 0), leave=False, disable=hidden, unit="batch")


def _check_arguments(training: Training, loss_fn: Loss, scheduler_interval: str) -> None:
    if not isinstance(training.epochs, int) or training.epochs < 1:
        raise ValueError(f"epochs is {training.epochs!r}: it must be a whole number of at least 1")
    if len(training.train_loader) == 0:
        raise ValueError("train_loader gives no batch: its data set is empty, or smaller than a batch with drop_last")
    if getattr(loss_fn, "reduction", "mean") != "mean":
        raise ValueError(f"loss_fn has reduction={loss_fn.reduction!r}: fit needs the mean loss of a batch")
    if scheduler_interval not in ("epoch", "step"):
        raise ValueError(f'scheduler_interval is {scheduler_interval!r}: it can be "epoch" or "step"')
    own = {id(p) for p in training.model.parameters()}
    held = {id(p) for group in training.optimizer.param_groups for p in group["params"]}
    if not own & held:
        raise ValueError("the optimizer holds no parameter of this model: make it anew from model.parameters()")
