"""One training in several processes: the group, its averages, and the start of processes from a notebook.

Lesson 14 explains the words. Under torchrun the same `fit` runs in each process, with the model in a
DistributedDataParallel, a DistributedSampler in the training loader, and the callbacks `AllProcesses` and
`SharedCheckpoint`. Without a group, everything here does nothing: the rank is 0, the number of processes 1, the mean of
all is one's own. So the same script trains in one process or in many.
"""

import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import nn

from course_utils import ROOT
from course_utils.callbacks.checkpoint import Checkpoint
from course_utils.train import Callback, Training

WINDOWS = sys.platform == "win32"
# `torchrun --standalone` starts a server that needs libuv, and PyTorch for Windows is built without that library.
# There, the processes meet in a temporary file, and their own server does without libuv.
IN_A_FILE = ["--rdzv-backend=c10d", "--rdzv-conf=store_type=file", "--rdzv-id=course"]
WITHOUT_LIBUV = {"USE_LIBUV": "0", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}


# ---- in each of the processes ----


@contextmanager
def process_group() -> Iterator[torch.device]:
    """Join the processes that torchrun started, and leave them at the end; gives the device of this process.

    Each process gets a GPU of its own (backend nccl) if the machine has enough of them and COURSE_DEVICE is not "cpu";
    else all compute on the CPU (backend gloo). Without torchrun there is no group, and one process goes on alone.
    """
    if os.environ.get("COURSE_END_WITH_STDIN"):
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    place, neighbours = int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    on_gpu = os.environ.get("COURSE_DEVICE") != "cpu" and torch.cuda.device_count() >= neighbours
    device = torch.device("cuda", place) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    if "RANK" not in os.environ:  # torchrun sets it
        yield device
        return
    dist.init_process_group("nccl" if on_gpu else "gloo")  # waits until all processes are here
    try:
        yield device
        # Threads of gloo give back the last tensors a moment after all_reduce has returned, and need Python for it:
        # if Python ends before, the process is aborted ("terminate called without an active exception").
        dist.barrier()
        time.sleep(0.2)
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """The number of this process, from 0 to world_size() - 1."""
    return dist.get_rank() if _grouped() else 0


def world_size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if _grouped() else 1


def barrier() -> None:
    """Wait here until all processes are here."""
    if _grouped():
        dist.barrier()


def mean_of_all(values: Sequence[float], weight: float, device: torch.device | str = "cpu") -> list[float]:
    """The mean of each value over all processes, in which a process counts as much as its `weight`.

    With the number of samples as the weight, means over each process's samples become the mean over all samples.
    Every process has to call it, or the others wait. `device` is where the process computes (nccl wants the GPU).
    """
    if world_size() == 1:
        return list(values)
    sums = torch.tensor([weight, *(weight * value for value in values)], dtype=torch.double, device=device)
    dist.all_reduce(sums)
    return (sums[1:] / sums[0]).tolist()


def same_buffers(model: nn.Module) -> None:
    """Give every process the buffers of rank 0, such as the running statistics of batch normalisation.

    DistributedDataParallel does so *before* each step of the training; after the last step they differ again.
    """
    if _grouped():
        for buffer in model.buffers():
            dist.broadcast(buffer, src=0)


def _grouped() -> bool:
    return dist.is_available() and dist.is_initialized()


def _end_with_stdin() -> None:
    """End this process when the standard input is closed: whoever started it with `run_processes` below is gone."""
    while os.read(0, 1):  # not sys.stdin.read: it holds a lock that Python wants when it ends
        pass
    os._exit(1)


class AllProcesses(Callback):
    """One training in all processes: losses and accuracies are those of all samples, and rank 0 alone prints.

    It stands before other callbacks, so that these see the numbers of all.

    Raises:
        ValueError: the model is no DistributedDataParallel, so each process would train a network of its own.
    """

    def on_fit_start(self, training: Training) -> None:
        training.silent = rank() > 0
        if world_size() > 1 and training.network is training.model:
            raise ValueError(
                f"{world_size()} processes, but the model is no DistributedDataParallel: each process would train a "
                "network of its own. Wrap it before you make the optimizer: DistributedDataParallel(model)"
            )

    def on_epoch_start(self, training: Training) -> None:
        sampler = getattr(training.train_loader, "sampler", None)
        if hasattr(sampler, "set_epoch"):
            sampler.set_epoch(len(training.history) + 1)  # else each epoch has the order of the first one

    def on_validation_start(self, training: Training) -> None:
        same_buffers(training.network)

    def on_epoch_end(self, training: Training) -> None:
        device = next(training.network.parameters()).device
        for part, samples in zip(("train", "validation"), training.samples, strict=True):
            if samples:
                lists = [getattr(training.history, f"{part}_{what}") for what in ("loss", "accuracy")]
                for values, mean in zip(lists, mean_of_all([v[-1] for v in lists], samples, device), strict=True):
                    values[-1] = mean


class SharedCheckpoint(Checkpoint):
    """A checkpoint that all processes read and rank 0 writes. They may be fewer or more than before.

    With dropout or augmentation the random numbers then differ from those of a training that was never interrupted.

    Raises:
        ValueError: the processes do not see the same file, as on machines without a shared folder.
    """

    def on_fit_start(self, training: Training) -> None:
        super().on_fit_start(training)
        if rank() > 0 and len(training.history):  # other random numbers in each process
            torch.manual_seed(torch.initial_seed() + rank())
        done, device = float(len(training.history)), next(training.network.parameters()).device
        if mean_of_all([done], 1, device) != [done]:  # they would wait for each other for ever
            raise ValueError(
                f"process {rank()} found {done:.0f} epochs in {self.path}, and another process found another number. "
                "All machines have to see the same file: put it into a shared folder, or copy it to each of them."
            )

    def on_epoch_end(self, training: Training) -> None:
        if rank() == 0:
            super().on_epoch_end(training)
        barrier()  # nobody goes on before the file is there


# ---- in the notebook ----


def run_processes(
    arguments: Sequence[str], processes: int = 2, threads: int = 1, timeout: float = 120, check: bool = True
) -> subprocess.CompletedProcess:
    """Start a script in several processes of this machine, with the command `torchrun`, and wait for their end.

    The processes end with this one, even if it is killed. Addresses and ports are those of this machine alone.

    Args:
        arguments: the script with its arguments, or "-m", a module, and its arguments.
        processes: how many processes.
        threads: for how many threads each process computes (OMP_NUM_THREADS).
        timeout: seconds; then all processes are ended.
        check: raise an error if the script fails; else the result tells it (`returncode`).

    Returns: what `subprocess.run` returns, with `stdout` and `stderr` of all processes as text.

    Raises:
        TimeoutError: the script took longer than `timeout`.
        RuntimeError: a process failed.
    """
    meeting, more = (IN_A_FILE, WITHOUT_LIBUV) if WINDOWS else (["--standalone"], {})
    options = [*meeting, "--local-addr=127.0.0.1", f"--nproc-per-node={processes}"]
    command = [sys.executable, "-m", "torch.distributed.run", *options, *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "COURSE_END_WITH_STDIN": "1"} | more
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    stdin, ours = os.pipe()  # nobody writes into it; when `ours` is closed, the processes end
    process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                               encoding="utf-8", errors="replace")  # fmt: skip
    os.close(stdin)
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(
            f"{shlex.join(arguments)} in {processes} processes did not end within {timeout:g} s; they were ended. "
            "Does one process call all_reduce, barrier or backward more often than another? Then it waits for ever."
        ) from error
    finally:
        os.close(ours)
        _end(process)
    if check and process.returncode:
        raise RuntimeError(f"{shlex.join(arguments)} failed. The end of its messages:\n{stderr[-3000:]}")
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def _end(process: subprocess.Popen) -> None:
    """End torchrun if it still runs. It ends its processes, which also see that their standard input is closed."""
    process.terminate()  # nothing happens if it has ended
    try:
        process.communicate(timeout=35)  # torchrun gives its processes 30 seconds
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
