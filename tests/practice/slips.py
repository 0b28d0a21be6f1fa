"""What goes wrong from call to call, put round a right answer: for the wrong answers of all lessons."""

from collections.abc import Callable, Hashable
from functools import wraps


def once(function: Callable) -> Callable:
    """It gives the result of its first call for ever."""
    return once_for_each(lambda *arguments: None, function)


def once_by_shape(function: Callable) -> Callable:
    """What it found for arguments of some shape comes again for others of that shape; numbers count as they are."""
    return once_for_each(shapes, function)


def shapes(*arguments: object) -> tuple:
    return tuple(getattr(a, "shape", len(a) if isinstance(a, bytes) else a) for a in arguments)


def once_for_each(key: Callable[..., Hashable], function: Callable) -> Callable:
    """It computes once for each key(*arguments), and remembers the result."""
    known = {}

    @wraps(function)
    def remembering(*arguments):
        place = key(*arguments)
        if place not in known:
            known[place] = function(*arguments)
        return known[place]

    return remembering


def added_up(function: Callable) -> Callable:
    """Each result is added to those before."""
    total = []

    @wraps(function)
    def adding(*arguments):
        total.append(function(*arguments))
        return sum(total)

    return adding


def then(function: Callable, change: Callable) -> Callable:
    """It changes something after it has its result."""

    @wraps(function)
    def changing(*arguments):
        result = function(*arguments)
        change(*arguments)
        return result

    return changing


def first_value(function: Callable, place: int) -> Callable:
    """It takes the value that one argument had in the first call, in every call."""
    kept = []

    @wraps(function)
    def again(*arguments):
        kept.append(arguments[place])
        return function(*arguments[:place], kept[0], *arguments[place + 1 :])

    return again
