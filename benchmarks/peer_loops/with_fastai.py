"""fastai: DataLoaders and a Learner, with PyTorch's optimizer, without bar, log and validation."""

from functools import partial

import torch
from fastai.callback.core import Callback, CancelValidException
from fastai.callback.progress import ProgressCallback
from fastai.data.core import DataLoaders
from fastai.learner import Learner, Recorder
from fastai.optimizer import OptimWrapper

from benchmarks.peer_loops.in_torch import LOSS, count, make_model, ready_tensors
from benchmarks.peer_loops.work import MOMENTUM, Clock, Work


class Tell(Callback):
    order = Recorder.order + 1

    def __init__(self, clock: Clock):
        self.clock = clock

    def before_epoch(self) -> None:
        self.losses = []

    def after_batch(self) -> None:
        self.losses.append(self.learn.loss.detach())

    def before_validate(self) -> None:
        raise CancelValidException

    def after_epoch(self) -> None:
        self.clock.epoch_ends(sum(self.losses).item() / len(self.losses))


def train(work: Work, clock: Clock) -> None:
    images = ready_tensors(work)
    dls = DataLoaders.from_dsets(images, images, bs=work.network.batch_size, num_workers=0, device=work.device)
    sgd = work.network.optimizer == "sgd"
    optimizer = partial(torch.optim.SGD, momentum=MOMENTUM) if sgd else torch.optim.Adam
    model = make_model(work)
    clock.weights(count(model))
    learn = Learner(
        dls,
        model,
        loss_func=LOSS(),
        opt_func=partial(OptimWrapper, opt=optimizer),
        lr=work.network.lr,
        cbs=[Tell(clock)],
    )
    learn.remove_cb(ProgressCallback)
    with learn.no_logging():
        learn.fit(work.epochs, lr=work.network.lr)
