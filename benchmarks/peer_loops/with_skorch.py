"""skorch: a network of PyTorch as an estimator of scikit-learn, which gets arrays. No validation, nothing printed."""

from functools import partial

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback

from benchmarks.peer_loops.in_torch import LOSS, count, make_model
from benchmarks.peer_loops.work import MOMENTUM, Clock, Work


class Tell(Callback):
    def __init__(self, clock: Clock):
        self.clock = clock

    def on_train_begin(self, net: NeuralNetClassifier, **_) -> None:
        self.clock.weights(count(net.module_))

    def on_epoch_end(self, net: NeuralNetClassifier, **_) -> None:
        self.clock.epoch_ends(net.history[-1, "train_loss"])


def train(work: Work, clock: Clock) -> None:
    sgd = work.network.optimizer == "sgd"
    net = NeuralNetClassifier(
        partial(make_model, work),
        criterion=LOSS,
        optimizer=torch.optim.SGD if sgd else torch.optim.Adam,
        lr=work.network.lr,
        batch_size=work.network.batch_size,
        max_epochs=work.epochs,
        iterator_train__shuffle=True,
        train_split=None,
        callbacks=[("tell", Tell(clock))],
        device=work.device,
        verbose=0,
        **({"optimizer__momentum": MOMENTUM} if sgd else {}),
    )
    net.fit(work.images, work.labels)
