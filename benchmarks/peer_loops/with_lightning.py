"""Lightning: a LightningModule and a Trainer, without logger, checkpoints, progress bar and summary."""

import logging
import warnings

import lightning
from torch import Tensor
from torch.utils.data import DataLoader

from benchmarks.peer_loops.in_torch import LOSS, count, make_model, make_optimizer, ready_tensors
from benchmarks.peer_loops.work import Clock, Work


class Classifier(lightning.LightningModule):
    def __init__(self, work: Work):
        super().__init__()
        self.work, self.model, self.loss_fn = work, make_model(work), LOSS()

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        images, targets = batch
        return self.loss_fn(self.model(images), targets)

    def configure_optimizers(self):
        return make_optimizer(self.work.network, self.parameters())


class Tell(lightning.Callback):
    """Its loss is the mean of the epoch's steps, as elsewhere."""

    def __init__(self, clock: Clock):
        self.clock, self.losses = clock, []

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        self.losses.append(outputs["loss"])

    def on_train_epoch_end(self, trainer, module) -> None:
        loss = sum(self.losses).item() / len(self.losses)
        self.losses.clear()
        self.clock.epoch_ends(loss)


def train(work: Work, clock: Clock) -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    model = Classifier(work)
    clock.weights(count(model))
    trainer = lightning.Trainer(
        max_epochs=work.epochs,
        accelerator="gpu" if work.device == "cuda" else "cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[Tell(clock)],
    )
    trainer.fit(model, DataLoader(ready_tensors(work), work.network.batch_size, shuffle=True))
