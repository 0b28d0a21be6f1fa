"""One training in a process of its own, for benchmarks/peers.py:

python -m benchmarks.peer_loops MODULE FUNCTION NETWORK ARRAYS EPOCHS CORES DEVICE
"""

import importlib
import os
import sys


def main(module: str, function: str, network: str, arrays: str, epochs: str, cores: str, device: str) -> None:
    if hasattr(os, "sched_setaffinity"):  # Linux; before any library counts its cores
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])  # posix: Linux, see above
    import numpy as np

    from benchmarks.peer_loops.work import NETWORKS, Clock, Work

    with np.load(arrays) as stored:
        work = Work(NETWORKS[network], stored["images"], stored["labels"], int(epochs), device)
    loop = importlib.import_module(f"benchmarks.peer_loops.{module}")
    clock = Clock()
    if device == "cuda":
        import torch

        clock.wait = torch.cuda.synchronize
    getattr(loop, function)(work, clock)


if __name__ == "__main__":
    main(*sys.argv[1:])
