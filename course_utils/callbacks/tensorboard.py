"""Logs of a training for TensorBoard."""

import os
from dataclasses import asdict

from course_utils.train import Callback, Training


class TensorBoard(Callback):
    """Write loss, accuracy, learning rate and seconds as TensorBoard scalars, per step and per epoch.

    Of several processes only the one that is not silent writes (see `beyond.distributed`).

    Args:
        log_dir: the folder, such as "runs/lenet"; `%tensorboard --logdir runs` shows all below it.
    """

    def __init__(self, log_dir: str | os.PathLike):
        self.log_dir, self.writer = str(log_dir), None

    def on_fit_start(self, training: Training) -> None:
        from torch.utils.tensorboard import SummaryWriter  # a slow import, paid only by those who log

        steps = len(training.history) * len(training.train_loader)
        self.writer = None if training.silent else SummaryWriter(self.log_dir, purge_step=steps or None)

    def on_epoch_end(self, training: Training) -> None:
        if self.writer is None:
            return
        epoch, steps = len(training.history), len(training.step_losses)
        for step, loss in enumerate(training.step_losses, start=(epoch - 1) * steps):
            self.writer.add_scalar("step/train_loss", loss, step)
        for name, values in asdict(training.history).items():
            if values:
                self.writer.add_scalar(f"epoch/{name}", values[-1], epoch)
        self.writer.flush()

    def on_stop(self, training: Training) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None
