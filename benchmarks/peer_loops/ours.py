"""The course's `loader` and `fit`, as its lessons call them."""

import torch

from benchmarks.peer_loops.in_torch import LOSS, count, make_model, make_optimizer
from benchmarks.peer_loops.work import Clock, Work
from course_utils.data import ImageDataset, loader
from course_utils.device import keep_freed_memory
from course_utils.train import Callback, Training, fit


class Tell(Callback):
    def __init__(self, clock: Clock):
        self.clock = clock

    def on_epoch_end(self, training: Training) -> None:
        self.clock.epoch_ends(training.history.train_loss[-1])


def train(work: Work, clock: Clock) -> None:
    keep_freed_memory()  # `setup` does so in every lesson
    images = ImageDataset(torch.from_numpy(work.pixels), torch.from_numpy(work.labels)).to(work.device)
    model = make_model(work).to(memory_format=torch.channels_last)
    clock.weights(count(model))
    fit(
        model,
        loader(images, work.network.batch_size, shuffle=True),
        epochs=work.epochs,
        optimizer=make_optimizer(work.network, model.parameters()),
        loss_fn=LOSS(),
        callbacks=[Tell(clock)],
        verbose=False,
    )
