"""The training loop of the course: fit, evaluate, predict, and checkpoints that survive a killed kernel.

Lesson 04 writes this loop out by hand; here it gets what a longer training needs around it. It is no framework: model,
loaders, optimizer, loss and scheduler are plain PyTorch objects that the caller makes. Losses and accuracies are
averages over *samples*, not over batches, so a short last batch does not count more than it should.

Under torchrun (lesson 11) the same `fit` runs in each process, with the model in a DistributedDataParallel and a
DistributedSampler in the training loader. Losses and accuracies are then averages over the samples of all processes,
and the process of rank 0 alone prints, logs and writes checkpoints.
"""

import ctypes
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from course_utils import parallel

Loss = Callable[[Tensor, Tensor], Tensor]


class Evaluation(NamedTuple):
    """Mean loss per sample, and accuracy as a fraction from 0 to 1."""

    loss: float
    accuracy: float

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
        """The last epoch as one line of text."""
        line = f"epoch {len(self):2}: train loss {self.train_loss[-1]:.4f}, accuracy {self.train_accuracy[-1]:6.2%}"
        if self.validation_loss:
            line += f" | validation loss {self.validation_loss[-1]:.4f}, accuracy {self.validation_accuracy[-1]:6.2%}"
        return f"{line} | {self.seconds[-1]:.1f} s"


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
    log_dir: str | os.PathLike | None = None,
    checkpoint: str | os.PathLike | None = None,
    device: torch.device | str | None = None,
    autocast: torch.dtype | None = None,
    on_epoch: Callable[[History], object] | None = None,
    verbose: bool = True,
) -> History:
    """Train `model`, and after each epoch measure it on the validation set.

    Args:
        model: gives outputs (N, classes) for images (N, C, H, W). In several processes: a DistributedDataParallel.
        train_loader, validation_loader: give batches (images, targets), targets as class numbers (N,). In several
            processes: those of this process; a sampler with `set_epoch` is told the epoch, so that it shuffles anew.
        epochs: passes over the training set, in all: a resumed training counts those that were done before.
        optimizer: made from this model's parameters.
        loss_fn: the *mean* loss of a batch, from outputs and targets.
        scheduler: stepped after each epoch, or after each step with scheduler_interval="step" (as OneCycleLR wants it).
        log_dir: writes TensorBoard scalars there, per step and per epoch.
        checkpoint: a file that is written after each epoch. If it is there at the start, training goes on from it, and
            ends with the same bits as a training that was never interrupted (on the same machine; random numbers that
            do not come from torch are not kept). Several processes have to see the same file. They may be fewer or more
            than before; with dropout or augmentation their random numbers then differ.
        device: where to train; the model is moved there. Without it: where the model is.
        autocast: torch.bfloat16 lets the layers that can compute in 16 bits do so (`torch.autocast`): faster where the
            processor supports it. Weights and loss stay in float32.
        on_epoch: called after each epoch with the history so far, such as `show.LiveCurves()`.
        verbose: print a line per epoch. The progress bar goes away by itself where nobody watches.

    Raises:
        FloatingPointError: the loss is no longer a finite number.
        ValueError: an argument that cannot work, such as a checkpoint of another model.
    """
    device = _device(model, device)
    model.to(device)
    _check_arguments(model, train_loader, epochs, optimizer, loss_fn, scheduler_interval)
    network = parallel.unwrap(model)  # what is measured and saved
    speaks = parallel.rank() == 0
    history = History()
    if checkpoint is not None and Path(checkpoint).exists():
        history = _resume(checkpoint, network, optimizer, scheduler, train_loader)
        if verbose and speaks:
            print(f"resumed from {Path(checkpoint).name}: {len(history)} of {epochs} epochs were done")
    _check_agreement(history, checkpoint, device)
    writer = _summary_writer(log_dir if speaks else None, purge_step=len(history) * len(train_loader))
    # `disable=None`: tqdm shows no bar when the output is not a terminal or a notebook
    hidden = True if os.environ.get("COURSE_INTERACTIVE") == "0" or not speaks else None
    todo = (epochs - len(history)) * len(train_loader)
    with tqdm(total=max(todo, 0), leave=False, disable=hidden, unit="batch") as bar:
        while len(history) < epochs:
            start = time.perf_counter()
            epoch = len(history) + 1
            bar.set_description(f"epoch {epoch}/{epochs}")
            if hasattr(getattr(train_loader, "sampler", None), "set_epoch"):
                train_loader.sampler.set_epoch(epoch)
            each_step = scheduler if scheduler_interval == "step" else None
            step_losses, train, chance = _train_epoch(
                model, train_loader, optimizer, loss_fn, each_step, device, autocast, epoch, bar
            )
            history.train_loss.append(train.loss)
            history.train_accuracy.append(train.accuracy)
            history.learning_rate.append(optimizer.param_groups[0]["lr"])
            if validation_loader is not None:
                parallel.same_buffers(network)
                validation, n = _measure(network, validation_loader, loss_fn, device, autocast)
                loss, accuracy = parallel.mean_of_all(validation, n, device)
                history.validation_loss.append(loss)
                history.validation_accuracy.append(accuracy)
            if scheduler is not None and each_step is None:
                scheduler.step()
            history.seconds.append(time.perf_counter() - start)
            if verbose and speaks:
                tqdm.write(history.last())
            if speaks:
                _warn_at_chance(history, chance, steps=len(step_losses))
            if writer is not None:
                _log(writer, history, step_losses)
            if checkpoint is not None:
                if speaks:
                    _save(checkpoint, network, optimizer, scheduler, train_loader, history)
                parallel.barrier()  # nobody goes on before the file is there
            if on_epoch is not None:
                on_epoch(history)
    if writer is not None:
        writer.close()
    return history


def evaluate(
    model: nn.Module,
    loader: DataLoader,
    loss_fn: Loss = F.cross_entropy,
    device: torch.device | str | None = None,
    autocast: torch.dtype | None = None,
) -> Evaluation:
    """Mean loss per sample and accuracy over a loader, in evaluation mode and without gradients."""
    return _measure(model, loader, loss_fn, device, autocast)[0]


def keep_freed_memory() -> None:
    """Keep the memory that a training step frees for the next step. On Linux with glibc; elsewhere it does nothing.

    Without this, glibc gives large blocks back to the system after every step and asks for them again, and the system
    fills each page with zeros: up to a third of the time of a small network. The most memory in use stays the same,
    but less of it returns to the system before the process ends. `setup()` calls it. Source: `man mallopt`.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # macOS, Windows, another C library
        return
    arena_max, trim_threshold, mmap_threshold = -8, -1, -3
    mallopt(arena_max, 1)  # the thread of `backward` uses the same memory
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(mmap_threshold, 2**25)  # the most that glibc takes: larger blocks still go back


def predict(
    model: nn.Module,
    loader: DataLoader,
    device: torch.device | str | None = None,
    autocast: torch.dtype | None = None,
) -> tuple[Tensor, Tensor]:
    """The model's outputs (N, classes) and the targets (N,) over a loader, on the CPU, in the loader's order."""
    outputs, targets = _outputs(model, loader, device, autocast)
    return outputs.cpu(), targets.cpu()


def _forward(model: nn.Module, images: Tensor, autocast: torch.dtype | None) -> Tensor:
    """The model's outputs in float32, computed with autocast if asked for."""
    if autocast is None:
        return model(images)
    with torch.autocast(images.device.type, dtype=autocast):
        return model(images).float()


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


def _measure(
    model: nn.Module, loader: DataLoader, loss_fn: Loss, device: torch.device | str | None, autocast: torch.dtype | None
) -> tuple[Evaluation, int]:
    """What `evaluate` returns, and over how many samples it is the mean."""
    outputs, targets = _outputs(model, loader, device, autocast)
    correct = outputs.argmax(dim=1) == targets
    return Evaluation(loss_fn(outputs, targets).item(), correct.sum().item() / len(correct)), len(correct)


def _train_epoch(
    model: nn.Module,
    loader: DataLoader,
    optimizer: Optimizer,
    loss_fn: Loss,
    scheduler: LRScheduler | None,
    device: torch.device,
    autocast: torch.dtype | None,
    epoch: int,
    bar: tqdm,
) -> tuple[list[float], Evaluation, float]:
    """One pass. Returns the loss of each step, the averages, and what the most frequent class alone scores."""
    model.train()
    losses, hits, labels = [], [], []
    looked = time.perf_counter()
    for images, targets in loader:
        images, targets = images.to(device), targets.to(device)
        optimizer.zero_grad()
        outputs = _forward(model, images, autocast)
        loss = loss_fn(outputs, targets)
        loss.backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        # Numbers stay on the device: asking for one (`.item()`) makes a GPU wait. Once a second is often enough.
        losses.append(loss.detach())
        hits.append(outputs.detach().argmax(dim=1) == targets)
        labels.append(targets)
        bar.update()
        if time.perf_counter() - looked > 1:
            looked = time.perf_counter()
            _check_finite(torch.stack(losses), epoch, optimizer)
            bar.set_postfix(loss=f"{loss.item():.4f}")
    step_losses = torch.stack(losses)
    _check_finite(step_losses, epoch, optimizer)
    sizes = torch.tensor([len(targets) for targets in labels], dtype=torch.double)
    mean_loss = (step_losses.cpu().double() * sizes).sum() / sizes.sum()
    images_seen = sizes.sum().item()
    accuracy = torch.cat(hits).sum().item() / images_seen
    chance = torch.cat(labels).bincount().max().item() / images_seen
    loss, accuracy, chance = parallel.mean_of_all((mean_loss.item(), accuracy, chance), images_seen, device)
    return step_losses.tolist(), Evaluation(loss, accuracy), chance


def _check_finite(step_losses: Tensor, epoch: int, optimizer: Optimizer) -> None:
    bad = (~torch.isfinite(step_losses)).nonzero()
    if len(bad):
        step = bad[0].item()
        raise FloatingPointError(
            f"the loss is {step_losses[step].item()} at step {step + 1} of epoch {epoch}: the training has diverged. "
            f"The learning rate is {optimizer.param_groups[0]['lr']:g}; try a tenth of it. "
            "Make the model and the optimizer anew before you train again: their numbers are spoilt."
        )


def _warn_at_chance(history: History, chance: float, steps: int) -> None:
    """Once, after a first epoch that is long enough: no better than the most frequent class means nothing learned."""
    accuracy = history.train_accuracy[-1]
    if len(history) == 1 and steps >= 100 and accuracy < chance + 0.02:
        warnings.warn(
            f"after an epoch the training accuracy is {accuracy:.1%}; always naming the most frequent class gives "
            f"{chance:.1%}. Look at the learning rate, at softmax or ReLU on the logits, and whether images and "
            "labels still belong together.",
            stacklevel=3,
        )


def _check_arguments(
    model: nn.Module,
    train_loader: DataLoader,
    epochs: int,
    optimizer: Optimizer,
    loss_fn: Loss,
    scheduler_interval: str,
) -> None:
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"epochs is {epochs!r}: it must be a whole number of at least 1")
    if len(train_loader) == 0:
        raise ValueError("train_loader gives no batch: its data set is empty, or smaller than a batch with drop_last")
    if getattr(loss_fn, "reduction", "mean") != "mean":
        raise ValueError(f"loss_fn has reduction={loss_fn.reduction!r}: fit needs the mean loss of a batch")
    if scheduler_interval not in ("epoch", "step"):
        raise ValueError(f'scheduler_interval is {scheduler_interval!r}: it can be "epoch" or "step"')
    own = {id(p) for p in model.parameters()}
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not own & held:
        raise ValueError("the optimizer holds no parameter of this model: make it anew from model.parameters()")
    if parallel.world_size() > 1 and parallel.unwrap(model) is model:
        raise ValueError(
            f"{parallel.world_size()} processes, but the model is no DistributedDataParallel: each process would train "
            "a network of its own. Wrap it before you make the optimizer: DistributedDataParallel(model)"
        )


def _check_agreement(history: History, checkpoint: str | os.PathLike | None, device: torch.device) -> None:
    """All processes have to go on from the same epoch: else they wait for each other for ever."""
    done = float(len(history))
    if parallel.mean_of_all([done], 1, device) != [done]:
        raise ValueError(
            f"process {parallel.rank()} found {len(history)} epochs in {checkpoint}, and another process found another "
            "number. All machines have to see the same file: put it into a shared folder, or copy it to each of them."
        )


def _device(model: nn.Module, device: torch.device | str | None) -> torch.device:
    if device is not None:
        return torch.device(device)
    parameter = next(model.parameters(), None)
    return parameter.device if parameter is not None else torch.device("cpu")


def _summary_writer(log_dir: str | os.PathLike | None, purge_step: int):
    if log_dir is None:
        return None
    from torch.utils.tensorboard import SummaryWriter  # a slow import, paid only by those who log

    return SummaryWriter(str(log_dir), purge_step=purge_step or None)


def _log(writer, history: History, step_losses: list[float]) -> None:
    epoch = len(history)
    first = (epoch - 1) * len(step_losses)
    for step, loss in enumerate(step_losses, start=first):
        writer.add_scalar("step/train_loss", loss, step)
    for name, values in asdict(history).items():
        if values:
            writer.add_scalar(f"epoch/{name}", values[-1], epoch)
    writer.flush()


def _save(
    path: str | os.PathLike,
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler | None,
    train_loader: DataLoader,
    history: History,
) -> None:
    """Write a checkpoint under a temporary name, then rename it: whoever looks finds the old file or the new one."""
    path = Path(path)
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict() if scheduler is not None else None,
        "history": asdict(history),
        "rng": torch.get_rng_state(),
        "rng_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "rng_loader": train_loader.generator.get_state() if train_loader.generator is not None else None,
    }
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, partial)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        raise OSError(
            f"the checkpoint {path} could not be written ({error}). Free some disk space or choose another folder; "
            "the checkpoint of the epoch before is still whole."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _resume(
    path: str | os.PathLike,
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler | None,
    train_loader: DataLoader,
) -> History:
    advice = "Delete the file to start anew, or name another one."
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        history = History(**state["history"])
    except Exception as error:
        raise ValueError(f"{path} is not a checkpoint of fit, or it is damaged. {advice}") from error
    try:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        if scheduler is not None:
            scheduler.load_state_dict(state["scheduler"])
    except Exception as error:
        raise ValueError(f"{path} belongs to another model, optimizer or scheduler ({error}). {advice}") from error
    torch.set_rng_state(state["rng"])
    if parallel.rank() > 0:  # other random numbers in each process
        torch.manual_seed(torch.initial_seed() + parallel.rank())
    if state["rng_cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["rng_cuda"])
    if train_loader.generator is not None and state["rng_loader"] is not None:
        train_loader.generator.set_state(state["rng_loader"])
    return history
