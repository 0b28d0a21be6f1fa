"""A frame round an answer: it may not run for ever, and what it changes in this process goes back."""

import ctypes
import os
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy


class TimeUp(BaseException):
    """The time is over. No `except Exception` of an answer catches it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeUp in this thread, on every system, when the block runs longer than `seconds`.

    It is raised between two lines of Python: a loop is stopped, one long call into C (such as `time.sleep`) when it
    returns. An answer that catches everything and goes on gets it again, once a second.
    """
    raise_in_thread, me = ctypes.pythonapi.PyThreadState_SetAsyncExc, ctypes.c_ulong(threading.get_ident())
    over = threading.Event()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            raise_in_thread(me, ctypes.py_object(TimeUp))
            wait = 1

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        while True:
            try:
                over.set()
                watcher.join()
                for _ in range(100):  # an error that was raised too late arrives here. (To take it back, with NULL,
                    pass  # would leave a mark in Python 3.11 that hangs a debugger.)
                break
            except TimeUp:
                pass


@contextmanager
def put_back() -> Iterator[None]:
    """What the block changes in this process goes back to what it was.

    Random states, PyTorch's gradient mode, default type and device, threads and deterministic mode, NumPy's settings,
    warnings filters, Matplotlib's settings and open figures, environment variables, folder, import path, and where
    print writes.
    """
    setters = [partial(set_, get()) for get, set_ in SETTINGS]
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(np.errstate())
        stack.enter_context(np.printoptions())
        if "matplotlib.pyplot" in sys.modules:
            stack.enter_context(_pictures_put_back())
        try:
            yield
        finally:
            for set_one in setters:
                set_one()


def _random_states() -> tuple:
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return torch.get_rng_state(), gpus, np.random.get_state(), random.getstate()


def _set_random_states(states: tuple) -> None:
    torch.set_rng_state(states[0])
    if states[1]:
        torch.cuda.set_rng_state_all(states[1])
    np.random.set_state(states[2])
    random.setstate(states[3])


def _deterministic() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return None


def _set_environment(wanted: dict[str, str]) -> None:
    if dict(os.environ) != wanted:
        os.environ.clear()
        os.environ.update(wanted)


def _set_print(streams: tuple) -> None:
    sys.stdout, sys.stderr = streams


SETTINGS: list[tuple[Callable, Callable]] = [  # (how a setting is read, how it is set)
    (torch.get_default_device, lambda device: torch.set_default_device(None if device.type == "cpu" else device)),
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (_deterministic, lambda both: torch.use_deterministic_algorithms(both[0], warn_only=both[1])),
    (_random_states, _set_random_states),
    (lambda: dict(os.environ), _set_environment),
    (_folder, lambda folder: folder and os.chdir(folder)),
    (sys.path.copy, lambda path: sys.path.__setitem__(slice(None), path)),
    (lambda: (sys.stdout, sys.stderr), _set_print),
]


@contextmanager
def _pictures_put_back() -> Iterator[None]:
    import matplotlib.pyplot as plt

    figures = set(plt.get_fignums())
    with plt.rc_context():
        try:
            yield
        finally:
            for number in set(plt.get_fignums()) - figures:
                plt.close(number)


def remember(model: nn.Module) -> Callable[[], None]:
    """Remember a model's modes, gradients and numbers; what is returned puts them back."""
    modes = [(module, module.training) for module in model.modules()]
    stored = [tensor for tensor in model.state_dict(keep_vars=True).values() if torch.is_tensor(tensor)]
    tensors = [(tensor, tensor.detach().clone()) for tensor in stored if not is_lazy(tensor)]
    made = [p for p in model.parameters() if not is_lazy(p)]
    gradients = [(p, p.requires_grad, None if p.grad is None else p.grad.clone()) for p in made]
    return partial(_put_model_back, modes, tensors, gradients)


def _put_model_back(modes: list, tensors: list, gradients: list) -> None:
    for module, training in modes:
        module.training = training
    with torch.no_grad():
        for tensor, before in tensors:
            if tensor.shape == before.shape:
                tensor.copy_(before)
    for parameter, needed, gradient in gradients:
        parameter.requires_grad_(needed)
        parameter.grad = gradient
