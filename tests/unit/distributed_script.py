"""What test_beyond_distributed.py starts in several processes: this file, TASK, FOLDER. Each writes a result there.

`train` runs in the test's own process, too: the same code, alone.
"""

import os
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, Subset

from course_utils.beyond import distributed
from course_utils.beyond.distributed import AllProcesses, SharedCheckpoint
from course_utils.train import fit
from tests.unit.small_training import points

BATCH, EPOCHS, SAMPLES = 32, 4, 202


def network(batch_norm: bool = False, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16) if batch_norm else nn.Identity(), nn.ReLU(),
                         nn.Linear(16, 3))  # fmt: skip


def train(epochs: int, checkpoint: Path | None = None, batch_norm: bool = False):
    """A training on batches of 32 samples in all, however many processes share them."""
    rank, size = distributed.rank(), distributed.world_size()
    sampler = DistributedSampler(points(SAMPLES), size, rank, seed=1)
    train_loader = DataLoader(points(SAMPLES), BATCH // size, sampler=sampler)
    validation_loader = DataLoader(Subset(points(37), range(rank, 37, size)), 8)
    model = network(batch_norm)
    model = DistributedDataParallel(model) if size > 1 else model
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    callbacks = [AllProcesses()] + ([SharedCheckpoint(checkpoint)] if checkpoint else [])
    history = fit(model, train_loader, validation_loader, epochs=epochs, optimizer=optimizer, callbacks=callbacks)
    return model.module if size > 1 else model, history


def gradients(model: nn.Module, images, targets) -> list:
    F.cross_entropy(model(images), targets).backward()
    return [p.grad for p in model.parameters()]


def error_of(call, *arguments, **keywords) -> str:
    """The message of the ValueError that this raises."""
    try:
        call(*arguments, **keywords)
    except ValueError as error:
        return str(error)
    return ""


def task_together(folder: Path) -> dict:
    """Everything that needs two processes and no failure, in one start. The folder holds the checkpoint of `killed`."""
    rank, size = distributed.rank(), distributed.world_size()
    x, y = (tensor[:64] for tensor in points(SAMPLES).tensors)
    found = {"rank": rank, "size": size, "mean": distributed.mean_of_all([rank, 10.0], weight=1 + 2 * rank)}
    for batch_norm in (False, True):  # rank 1 starts with other weights: DDP copies those of rank 0
        model = DistributedDataParallel(network(batch_norm, seed=rank))
        found["gradients with BN" if batch_norm else "gradients"] = gradients(model, x[rank::size], y[rank::size])
    model, history = train(EPOCHS)
    found |= {"model": model.state_dict(), "history": vars(history)}
    model, history = train(EPOCHS, folder / "checkpoint.pt")
    found |= {"resumed model": model.state_dict(), "resumed history": vars(history)}
    model, history = train(2, batch_norm=True)
    found |= {"model with BN": model.state_dict(), "validation with BN": history.validation_loss[-1]}
    model = network()
    found["no DDP"] = error_of(fit, model, DataLoader(points(SAMPLES), 16), epochs=1, callbacks=[AllProcesses()],
                               optimizer=torch.optim.SGD(model.parameters(), 0.1))  # fmt: skip
    train(1, folder / "file-0.pt")
    found["another file"] = error_of(train, 2, folder / f"file-{rank}.pt")
    found["SyncBatchNorm"] = error_of(nn.SyncBatchNorm(2), torch.randn(4, 2))
    return found


def task_killed(folder: Path) -> None:
    """Rank 1 dies after an epoch; rank 0 goes on and waits for it."""
    train(1, folder / "checkpoint.pt")
    if distributed.rank() == 1:
        os.kill(os.getpid(), 15)
    train(EPOCHS, folder / "checkpoint.pt")


def task_hanging(folder: Path) -> None:
    """Rank 1 waits for a barrier that rank 0 does not reach."""
    if distributed.rank() == 0:
        time.sleep(600)
    distributed.barrier()


if __name__ == "__main__":
    task, folder = sys.argv[1], Path(sys.argv[2])
    with distributed.process_group():
        (folder / f"{task}-{distributed.rank()}.pid").write_text(str(os.getpid()), encoding="utf-8")
        result = globals()[f"task_{task}"](folder)
        torch.save(result, folder / f"{task}-{distributed.rank()}.pt")
