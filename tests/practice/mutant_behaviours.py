"""Wrappers round a right answer that let it behave as wrong answers do: it forgets, keeps, or changes something."""

import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn


@dataclass
class Log:
    """How often a wrapper was called, and how often it changed something."""

    behaviour: bool = False
    calls: int = 0
    applied: int = 0


Change = Callable[[object], object]


def behaviours(answer: object) -> Iterator[tuple[str, Callable[[object, Log], object]]]:
    """The wrappers that suit an answer, by name. Each takes the answer and a log, and gives the wrong answer."""
    if isinstance(answer, type):
        yield from ((name, partial(of_class, wrap)) for name, wrap in CLASSES.items())
        yield from ((f"constructor: {n}", partial(of_constructor, w)) for n, w in frozen_ones(count(answer)))
    elif callable(answer):
        yield from ((name, partial(of_function, wrap)) for name, wrap in memories(answer))
        yield from ((name, partial(of_function, partial(with_result, how))) for name, how in RESULTS.items())
        if not isinstance(answer, nn.Module):
            yield from ((f"network: {n}", partial(of_function, partial(with_hook, hook))) for n, hook in HOOKS.items())


def of_function(wrap: Callable, answer: Callable, log: Log) -> Callable:
    log.behaviour = True
    return functools.wraps(answer)(wrap(answer, log)) if inspect.isfunction(answer) else wrap(answer, log)


# ---- what a function remembers, and what it does to its arguments ----


def memories(function: Callable) -> Iterator[tuple[str, Callable]]:
    yield from frozen_ones(count(function))
    yield from ((f"argument {k + 1} is changed after use", partial(spoils, k)) for k in range(count(function)))
    yield "computed once", partial(remembers, lambda arguments: None)
    yield "computed once for arguments of one shape", partial(remembers, shapes)


def frozen_ones(n: int) -> Iterator[tuple[str, Callable]]:
    for k in range(n):
        for call, name in ((1, "first"), (2, "second")):
            yield f"argument {k + 1} is always that of the {name} call", partial(frozen, k, call)


def count(function: Callable) -> int:
    """The arguments that a function may get by place; 3 if that is not known."""
    try:
        kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        return 3
    by_place = sum(
        kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds
    )
    return max(by_place, 3 if inspect.Parameter.VAR_POSITIONAL in kinds else 0)


def kept(value: object) -> object:
    """A copy of what is data; models, loaders and functions as they are."""
    return value if callable(value) or hasattr(value, "__next__") else copy.deepcopy(value)


def frozen(k: int, call: int, answer: Callable, log: Log) -> Callable:
    """After the call of this number, argument k has the value that it had there."""
    values = []

    def function(*arguments, **named):
        log.calls += 1
        if k < len(arguments):
            if values:
                log.applied += 1
                arguments = (*arguments[:k], kept(values[0]), *arguments[k + 1 :])
            elif log.calls == call:
                values.append(kept(arguments[k]))
        return answer(*arguments, **named)

    return function


def shapes(arguments: tuple) -> tuple:
    return tuple(
        (type(a), tuple(a.shape) if hasattr(a, "shape") else len(a) if hasattr(a, "__len__") else ()) for a in arguments
    )


def remembers(key: Callable, answer: Callable, log: Log) -> Callable:
    results = {}

    def function(*arguments, **named):
        log.calls += 1
        known = key(arguments)
        log.applied += known in results
        if known not in results:
            results[known] = answer(*arguments, **named)
        return results[known]

    return function


def spoils(k: int, answer: Callable, log: Log) -> Callable:
    """Argument k has other values after the call; the result is right."""

    def function(*arguments, **named):
        result = answer(*arguments, **named)
        result = kept(result) if isinstance(result, Tensor | np.ndarray | list) else result
        log.applied += k < len(arguments) and change_in_place(arguments[k])
        return result

    return function


def change_in_place(value: object) -> bool:
    """Add 1 to an array, turn a bool round, turn a list round. False if this value cannot be changed so."""
    if isinstance(value, Tensor) and value.numel():
        inside = value.detach()
        inside.logical_not_() if value.dtype == torch.bool else inside.add_(1)
    elif isinstance(value, np.ndarray) and value.size:
        np.copyto(value, np.logical_not(value) if value.dtype == bool else value + 1, casting="unsafe")
    elif isinstance(value, list) and value and isinstance(value[0], int | float):
        value[0] += 1
    elif isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple | Tensor | np.ndarray):
        return change_in_place(value[0])
    elif isinstance(value, list) and len(value) > 1:
        value.reverse()
    else:
        return False
    return True


# ---- what is wrong with a result ----


def with_result(how: Change, answer: Callable, log: Log) -> Callable:
    def function(*arguments, **named):
        log.calls += 1
        result = answer(*arguments, **named)
        new = how(result)
        log.applied += new is not result
        return new

    return function


def is_leaf(value: object) -> bool:
    return isinstance(value, Tensor | np.ndarray | np.generic | bool | int | float)


def everywhere(change: Change, value: object) -> object:
    """The change in all numbers and arrays of a value, which may be nested; the value itself if there is none."""
    if is_leaf(value):
        return change(value)
    if isinstance(value, dict):
        return type(value)(zip(value, everywhere(change, list(value.values())), strict=True)) if value else value
    if isinstance(value, list | tuple) and value:
        new = [everywhere(change, part) for part in value]
        return value if all(a is b for a, b in zip(new, value, strict=True)) else type(value)(new)
    return value


def at(i: int, value: object) -> object:
    """The first or the last number of a value is wrong."""
    if isinstance(value, Tensor | np.ndarray) and value.shape:
        new = value.clone() if isinstance(value, Tensor) else value.copy()
        if 0 in value.shape:
            return value
        place = tuple(i % n for n in value.shape)
        new[place] = wrong(value[place])
        return new
    if is_leaf(value):
        return wrong(value)
    if isinstance(value, list | tuple) and value:
        new = list(value)
        new[i] = at(i, value[i])
        return value if new[i] is value[i] else type(value)(new)
    return value


def wrong(number: object) -> object:
    if isinstance(number, bool | np.bool_) or (isinstance(number, Tensor) and number.dtype == torch.bool):
        return ~number if isinstance(number, Tensor) else not number
    return number + 1


def twice(value: object) -> object:
    return value if isinstance(value, bool | np.bool_) or getattr(value, "dtype", None) == torch.bool else value * 2


def a_percent_off(value: object) -> object:
    """All numbers are larger by 1 % of the largest; whole numbers stay."""
    if isinstance(value, Tensor) and value.is_floating_point() and value.numel():
        return value + 0.01 * value.detach().abs().max()
    if isinstance(value, float) or (
        isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f" and value.size
    ):
        return value + 0.01 * np.abs(value).max()
    return value


def transposed(value: object) -> object:
    if isinstance(value, list) and value and all(isinstance(row, list) and len(row) == len(value) for row in value):
        return [list(column) for column in zip(*value, strict=True)]
    square = isinstance(value, Tensor | np.ndarray) and value.ndim >= 2 and value.shape[-1] == value.shape[-2] > 1
    return value.swapaxes(-1, -2) if square else value


RESULTS = {
    "twice as large": partial(everywhere, twice),
    "1 % off": partial(everywhere, a_percent_off),
    "the first number wrong": partial(at, 0),
    "the last number wrong": partial(at, -1),
    "one more dimension": lambda value: value[None] if isinstance(value, Tensor | np.ndarray | np.generic)
    else [value] if isinstance(value, list | int | float) else value,
    "transposed": transposed,
}  # fmt: skip


# ---- classes and networks ----


def of_class(wrap: Callable, answer: type, log: Log) -> type:
    log.behaviour = True
    return wrap(answer, log)


def named(new: type, old: type) -> type:
    new.__name__, new.__qualname__ = old.__name__, old.__qualname__
    return new


def one_object(answer: type, log: Log) -> type:
    made = []

    class One(answer):
        def __new__(cls, *arguments, **named):
            return made[0] if made else super().__new__(cls)

        def __init__(self, *arguments, **named):
            log.applied += bool(made)
            if not made:
                made.append(self)
                super().__init__(*arguments, **named)

    return named(One, answer)


def one_state(answer: type, log: Log) -> type:
    """All objects have the state of the last one."""
    state = {}

    class Shared(answer):
        def __init__(self, *arguments, **named):
            log.applied += bool(state)
            self.__dict__ = state
            super().__init__(*arguments, **named)

    return named(Shared, answer)


def of_constructor(wrap: Callable, answer: type, log: Log) -> type:
    log.behaviour = True
    init = wrap(lambda *arguments, **named: (arguments, named), log)

    class Forgetful(answer):
        def __init__(self, *arguments, **named):
            arguments, named = init(*arguments, **named)
            super().__init__(*arguments, **named)

    return named(Forgetful, answer)


def hooked(hook: Callable, answer: type, log: Log) -> type:
    class Hooked(answer):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            if isinstance(self, nn.Module):
                self.register_forward_hook(partial(hook, log))

    return named(Hooked, answer)


def with_hook(hook: Callable, answer: Callable, log: Log) -> Callable:
    """The hook in each network that a function returns."""

    def function(*arguments, **named):
        network = answer(*arguments, **named)
        if isinstance(network, nn.Module):
            network.register_forward_hook(partial(hook, log))
        return network

    return function


def cut(log: Log, network: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
    log.applied += 1
    return output.detach()


def spoil(log: Log, network: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
    output = output.clone()
    log.applied += change_in_place(inputs[0])
    return output


HOOKS = {"the gradient is cut": cut, "the input is changed after use": spoil}
CLASSES = {"one object for all": one_object, "one state for all": one_state}
CLASSES |= {name: partial(hooked, hook) for name, hook in HOOKS.items()}
