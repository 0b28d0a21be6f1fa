"""Train Conv32-64 on MNIST in one process or in many, from the folder of the course:

    python -m course_utils.beyond.train_ddp --batch-size 128
    torchrun --standalone --nproc-per-node=2 -m course_utils.beyond.train_ddp --batch-size 64

Lesson 14 explains it.
"""

import argparse
import os
import signal
from collections.abc import Sequence

import torch
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler

from course_utils.beyond import distributed
from course_utils.beyond.distributed import AllProcesses, SharedCheckpoint
from course_utils.data import load, loader
from course_utils.device import keep_freed_memory
from course_utils.models import Conv32x64
from course_utils.train import fit


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-size", type=int, default=128, help="of each process")
    parser.add_argument("--images", type=int, default=10_000, help="training images")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--checkpoint")
    parser.add_argument("--die-after", type=int, help="kill the last process after so many epochs, to see what happens")
    options = parser.parse_args(argv)
    keep_freed_memory()  # as `setup` does in a lesson: all ways to train are equally fast

    with distributed.process_group() as device:
        train(options, device)


def train(options: argparse.Namespace, device: torch.device) -> None:
    """The part of one process: its share of the pictures, and all steps, together with the others."""
    rank, world_size = distributed.rank(), distributed.world_size()
    mnist = load("mnist")
    images = mnist.train.subset(slice(options.images))
    sampler = DistributedSampler(images, world_size, rank, seed=0)
    train_loader = loader(images, options.batch_size, sampler=sampler)
    share = mnist.validation.subset(slice(rank, None, world_size))  # nothing twice
    validation_loader = loader(share, batch_size=500)

    torch.manual_seed(0)
    model = Conv32x64().to(device)
    if world_size > 1:
        model = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    callbacks = [AllProcesses()] + ([SharedCheckpoint(options.checkpoint)] if options.checkpoint else [])

    def train_until(epochs: int) -> None:
        fit(model, train_loader, validation_loader, epochs=epochs, optimizer=optimizer, callbacks=callbacks)

    if options.die_after:
        train_until(options.die_after)
        if rank == world_size - 1:
            os.kill(os.getpid(), signal.SIGTERM)  # as `kill`, or a system without memory, would do it
    train_until(options.epochs)


if __name__ == "__main__":
    main()
