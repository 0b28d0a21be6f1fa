"""Train Conv32-64 on MNIST in one process or in many, from the folder of the course:

    python -m course_utils.train_ddp --batch-size 128
    torchrun --standalone --nproc-per-node=2 -m course_utils.train_ddp --batch-size 64

Lesson 11 explains it.
"""

import argparse
import os
import signal
from collections.abc import Sequence

import torch
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, Subset

from course_utils import parallel
from course_utils.data import load
from course_utils.models import Conv32x64
from course_utils.train import fit, keep_freed_memory


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-size", type=int, default=128, help="of each process")
    parser.add_argument("--images", type=int, default=10_000, help="training images")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--checkpoint")
    parser.add_argument("--die-after", type=int, help="kill the last process after so many epochs, to see what happens")
    options = parser.parse_args(argv)
    keep_freed_memory()  # as `setup` does in a lesson: all ways to train are equally fast

    with parallel.process_group() as device:
        train(options, device)


def train(options: argparse.Namespace, device: torch.device) -> None:
    """The part of one process: its share of the pictures, and all steps, together with the others."""
    rank, world_size = parallel.rank(), parallel.world_size()
    mnist = load("mnist")
    images = Subset(mnist.train, range(options.images))
    sampler = DistributedSampler(images, world_size, rank, seed=0)
    train_loader = DataLoader(images, options.batch_size, sampler=sampler)
    share = Subset(mnist.validation, range(rank, len(mnist.validation), world_size))  # nothing twice
    validation_loader = DataLoader(share, batch_size=500)

    torch.manual_seed(0)
    model = Conv32x64().to(device)
    if world_size > 1:
        model = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    def train_until(epochs: int) -> None:
        fit(model, train_loader, validation_loader, epochs=epochs, optimizer=optimizer,
            checkpoint=options.checkpoint)  # fmt: skip

    if options.die_after:
        train_until(options.die_after)
        if rank == world_size - 1:
            os.kill(os.getpid(), signal.SIGTERM)  # as `kill`, or a system without memory, would do it
    train_until(options.epochs)


if __name__ == "__main__":
    main()
