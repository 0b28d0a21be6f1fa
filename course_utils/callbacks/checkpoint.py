"""Checkpoints: a training that was interrupted goes on from its last whole epoch, to the same bits."""

import os
from dataclasses import asdict
from pathlib import Path

import torch

from course_utils.files.atomic import atomic
from course_utils.train import Callback, History, Training

ADVICE = "Delete the file to start anew, or name another one."


class Checkpoint(Callback):
    """Write a file after each epoch; if it is there at the start, go on from it.

    A training that goes on ends with the same bits as one that was never interrupted, on the same machine. Random
    numbers that do not come from torch are not kept. Whoever looks finds the old file or the new one, never a half one.

    Args:
        path: the file, such as "runs/lenet.pt".

    Raises:
        ValueError: at the start, the file is damaged, or of another model, optimizer or scheduler.
        OSError: after an epoch, the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)

    def on_fit_start(self, training: Training) -> None:
        if not self.path.exists():
            return
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            history = History(**state["history"])
        except Exception as error:
            raise ValueError(f"{self.path} is not a checkpoint of fit, or it is damaged. {ADVICE}") from error
        try:
            training.network.load_state_dict(state["model"])
            training.optimizer.load_state_dict(state["optimizer"])
            if training.scheduler is not None:
                training.scheduler.load_state_dict(state["scheduler"])
        except Exception as error:
            found = f"{self.path} belongs to another model, optimizer or scheduler ({error})"
            raise ValueError(f"{found}. {ADVICE}") from error
        vars(training.history).update(vars(history))
        training.threads = state.get("threads")
        torch.set_rng_state(state["rng"])
        if state["rng_cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["rng_cuda"])
        generator = training.train_loader.generator
        if generator is not None and state["rng_loader"] is not None:
            generator.set_state(state["rng_loader"])
        if not training.silent:
            print(f"resumed from {self.path.name}: {len(history)} of {training.epochs} epochs were done")

    def on_epoch_end(self, training: Training) -> None:
        generator = training.train_loader.generator
        training.threads = training.threads or torch.get_num_threads()
        state = {
            "model": training.network.state_dict(),
            "optimizer": training.optimizer.state_dict(),
            "scheduler": training.scheduler.state_dict() if training.scheduler is not None else None,
            "history": asdict(training.history),
            "threads": training.threads,
            "rng": torch.get_rng_state(),
            "rng_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "rng_loader": generator.get_state() if generator is not None else None,
        }
        try:
            with atomic(self.path) as part:
                torch.save(state, part)
        except (OSError, RuntimeError) as error:
            raise OSError(
                f"the checkpoint {self.path} could not be written ({error}). Free some disk space or choose another "
                "folder; the checkpoint of the epoch before is still whole."
            ) from error
