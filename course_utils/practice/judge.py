"""How an answer is judged, and what checkers are written with: `Wrong`, `call`, `array`, `same`.

What each exercise asks for is in `practice.exercises`, one function for each. What holds for all of them is here: a
function gets copies of what it is called with, may not change them, and every message names the input that shows the
mistake; whatever an answer does to the process is put back, and its time is limited.
"""

import importlib
import inspect
import random
import sysconfig
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_utils.practice.isolation import TimeUp, put_back, remember, time_limit

SECONDS = 60  # for a whole check; a module of exercises that train has its own SECONDS
LONGEST = 300  # letters of a message
LIBRARIES = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
COURSE = Path(__file__).resolve().parents[1]


class Wrong(Exception):
    """An answer is not right; the text says what was expected and what was got."""


class NotDone(Exception):
    """The exercise still holds its stub."""


def judge(exercise: str, answer: object) -> str:
    """The verdict on an answer: "correct", "not done yet", or "not right yet: ..." with the reason.

    What a checker returns, such as the figures that it measured, stands in brackets after "correct".
    """
    lesson, _, number = exercise.partition(".")
    try:
        module = importlib.import_module(f"course_utils.practice.exercises.lesson_{lesson}")
        checker = module.CHECKERS[number]
    except (ImportError, KeyError):
        return "there is no such exercise; look at its number again"
    if is_stub(answer):
        return "not done yet"
    seconds = getattr(module, "SECONDS", {}).get(number, SECONDS)
    _told.clear()
    with put_back(), _models_put_back(answer):
        random.seed(777)  # whatever an answer draws with, it gets the same verdict each time
        np.random.seed(777)
        torch.manual_seed(777)
        try:
            with time_limit(seconds):
                note = checker(answer)
        except NotDone as todo:
            return f"not done yet{f' ({todo})' if str(todo) else ''}"
        except Wrong as wrong:
            return f"not right yet: {_with_input(_one_line(wrong))}"
        except TimeUp:
            text = f"your code did not end within {seconds} seconds: look for a loop that never ends"
            return f"not right yet: {_with_input(text)}"
        except (Exception, SystemExit) as error:
            return f"not right yet: {_with_input(_stopped(error))}"
    return f"correct ({note})" if note else "correct"


def is_stub(answer: object) -> bool:
    """True for what an exercise holds before anybody worked on it: `...` or None."""
    return answer is ... or answer is None


def call(
    function: Callable,
    *arguments: object,
    example: str = "",
    changes: Sequence[int] = (),
    new: bool = False,
    returns: bool = True,
) -> object:
    """What a student's function returns. `...` and None mean that it is still the stub.

    Tensors and arrays, also those in lists, tuples and dictionaries, are handed over as copies, so that the checker's
    own stay as they are; a model is handed over itself.

    Args:
        example: names the input in every message from here on; without it, the names and values of the arguments do.
        changes: places of the arguments that the function may change, from 0. They are handed over themselves.
        new: the result may not share memory with an argument.
        returns: False for a function that changes what it gets and returns nothing.

    Raises:
        Wrong: it is no function; it has changed an argument; its result shares memory though it should be new.
        NotDone: it returns nothing.
    """
    if not callable(function):
        raise Wrong(f"expected a function, got a {type(function).__name__}: write its name alone, without brackets")
    names = _names(function, len(arguments))
    given = [value if place in changes else _copy(value) for place, value in enumerate(arguments)]
    states = {place: _state(value) for place, value in enumerate(arguments) if place not in changes}
    _told.append(example or ", ".join(map(_told_of, names, arguments)))
    result = function(*given)
    if any(not _equal(earlier, as_it_was) for earlier, as_it_was in _results):
        raise Wrong("this call has changed the result of an earlier one, expected a new result in each call")
    for place, before in states.items():
        if not _equal(_state(given[place]), before):
            raise Wrong(f"your function changes its argument {names[place]}, expected it as it was before the call")
    if is_stub(result) and returns:
        name = "forward" if isinstance(function, nn.Module) else getattr(function, "__name__", "<lambda>")
        name = "your function" if name == "<lambda>" else name
        raise NotDone(f"{name} returns nothing yet" if result is None else "")
    for name, argument in zip(names, given, strict=True):
        if new and _share_memory(result, argument):
            raise Wrong(
                f"the result shares its memory with the argument {name}: what changes one changes the other; expected "
                "a new tensor, made with clone() for instance"
            )
    _models.extend((model, remember(model)) for model in _models_in(result))
    arrays = [part for part in _parts(result) if isinstance(part, torch.Tensor | np.ndarray)]
    _results[:] = [] if changes else [(part, _copy(part)) for part in arrays]  # of the last call: all would take long
    return result


# ---- what belongs to the check that runs: the inputs it has told of, the results and models it has got ----

_told: list[str] = []
_results: list[tuple[object, object]] = []
_models: list[tuple[nn.Module, Callable[[], None]]] = []


@contextmanager
def _models_put_back(answer: object) -> Iterator[None]:
    """Modes, gradients and numbers of the models in an answer, and of those that `call` gets from it, go back."""
    _models[:] = [(model, remember(model)) for model in _models_in(answer)]
    try:
        yield
    finally:
        for _, put_model_back in reversed(_models):
            put_model_back()
        _models.clear()
        _results.clear()


def _models_in(value: object) -> Iterator[nn.Module]:
    return (part for part in _parts(value) if isinstance(part, nn.Module))


def _parts(value: object) -> Iterator[object]:
    """The value itself, or what lists, tuples and dictionaries hold."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_parts, value))
    else:
        yield value


def _copy(value: object) -> object:
    if isinstance(value, nn.Parameter):
        return nn.Parameter(value.detach().clone(), value.requires_grad)
    if isinstance(value, torch.Tensor):  # a leaf stays a leaf: who asks for its gradient finds it
        return value.detach().clone().requires_grad_(value.requires_grad) if value.is_leaf else value.clone()
    if isinstance(value, np.ndarray):
        return value.copy(order="K")  # a turned picture stays turned in memory
    if isinstance(value, bytearray | set):
        return value.copy()
    if type(value) in (dict, OrderedDict):
        return type(value)((key, _copy(part)) for key, part in value.items())
    if type(value) in (list, tuple):
        return type(value)(map(_copy, value))
    return value


def _state(value: object) -> object:
    """What may not change while a function runs, in a form that `_equal` compares."""
    if isinstance(value, nn.Module):
        hooks = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in value.modules()]
        modes = [module.training for module in value.modules()]
        return [modes, hooks, [p.requires_grad for p in value.parameters()], _copy(dict(value.state_dict()))]
    return _copy(value)


def _equal(now: object, before: object) -> bool:
    if isinstance(before, torch.Tensor | np.ndarray):
        if type(now) is not type(before):
            return False
        now, before = array(now), array(before)
        return now.dtype == before.dtype and np.array_equal(now, before, equal_nan=now.dtype.kind in "fc")
    if isinstance(before, dict):
        return list(now) == list(before) and all(_equal(now[key], before[key]) for key in before)
    if isinstance(before, list | tuple):
        return len(now) == len(before) and all(map(_equal, now, before))
    return now is before or bool(now == before)


def _share_memory(result: object, argument: object) -> bool:
    one, other = (
        [array(part) for part in _parts(value) if isinstance(part, torch.Tensor | np.ndarray)]
        for value in (result, argument)
    )
    return any(np.may_share_memory(a, b) for a in one for b in other)


# ---- what a message says of its input ----


def _names(function: Callable, n: int) -> list[str]:
    """The names of a function's first n parameters, as its author calls them."""
    try:
        parameters = inspect.signature(function.forward if isinstance(function, nn.Module) else function).parameters
        plain = [name for name, p in parameters.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        plain = []
    return plain[:n] + [f"argument {place + 1}" for place in range(len(plain), n)]


def _told_of(name: str, value: object) -> str:
    """An argument in a few words: its value where it is short, else its shape, length or type."""
    if isinstance(value, torch.Tensor | np.ndarray):
        small = value.ndim and 0 < np.prod(value.shape) <= 6
        return f"{name} = {_plain_list(value)}" if small else f"{name} of shape {tuple(value.shape)}"
    text = repr(value)
    if isinstance(value, int | float | str | bytes | bool | list | tuple | dict) and len(text) <= 60:
        return f"{name} = {text}"
    if isinstance(value, list | tuple | dict | bytes):
        return f"{name}, a {type(value).__name__} of {len(value)}"
    return f"{name}, a {type(value).__name__}"


def _plain_list(value: torch.Tensor | np.ndarray) -> str:
    return str(np.round(array(value).astype(float), 3).tolist()).replace(".0,", ",").replace(".0]", "]")


def _with_input(text: str) -> str:
    """A message with the input of the last call, in at most LONGEST letters."""
    if _told and "(for " not in text:
        told = _told[-1] if len(_told[-1]) <= 130 else f"{_told[-1][:129]}…"
        text = f"{text[: LONGEST - len(told) - 7]} (for {told})"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _stopped(error: BaseException) -> str:
    """Who stopped, with what: the student's own code, or the checker on what it got."""
    text = f"{_error_name(error)}: {_one_line(error)[:130]}".rstrip(": ")
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SystemExit):
        return "your code ends Python with sys.exit() or exit(), expected a function that returns"
    if frames[-1].name == "call" or any(_is_students(frame.filename) for frame in frames):
        return f"your code stops with {text}"
    return f"what your answer gives cannot be used, it leads to {text}"


def _is_students(file: str) -> bool:
    """A notebook's cell or a file of the student's: not the course, no library, nothing that Python makes up."""
    parents = set(Path(file).resolve().parents)
    return not file.startswith(("<__", "<frozen")) and COURSE not in parents and not parents & LIBRARIES


@contextmanager
def advice(slips: Mapping[str, str]) -> Iterator[None]:
    """Put a plain word in front of Python's own error, where a common slip leads to one: raise Wrong for it.

    Args:
        slips: by words of the error's text, with | between them: what is expected, such as "expected argmax(dim=1)".
    """
    try:
        yield
    except (NotDone, Wrong):
        raise
    except Exception as error:
        text = f"{_error_name(error)}: {_one_line(error)}"
        for words, expected in slips.items():
            if any(part in text for part in words.split("|")):
                raise Wrong(f"{expected}: your code stops with {text[:100]}") from error
        raise


def array(value: object, what: str = "the result") -> np.ndarray:
    """A tensor, array, list or number as a NumPy array, with a plain message if it is none of these."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().float() if value.dtype == torch.bfloat16 else value.detach().cpu()
    try:
        result = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise Wrong(f"{what} is a {type(value).__name__}, and no array can be made of it") from error
    if not np.issubdtype(result.dtype, np.number) and result.dtype != bool:
        raise Wrong(f"{what} is a {type(value).__name__}, expected numbers")
    return result


def same(
    got: object,
    expected: object,
    what: str = "the result",
    *,
    mistakes: Mapping[str, object] | None = None,
    atol: float = 1e-4,
    example: str = "",
) -> None:
    """Raise Wrong unless two arrays have one shape and the same values, up to `atol`.

    Args:
        got, expected: tensors, arrays or numbers. Every float and integer type is accepted.
        what: how the message calls the value.
        mistakes: known wrong answers by name; the first one that fits is named in the message.
        example: the input that shows the difference.
    """
    got, expected = array(got, what), array(expected)
    seen = f" (for {example})" if example else ""
    looks = ""
    for name, wrong in (mistakes or {}).items():
        wrong = array(wrong)
        if wrong.shape == got.shape and np.allclose(got, wrong, rtol=0, atol=atol, equal_nan=True):
            looks = f"this looks like {name}: "
            break
    if got.shape != expected.shape:
        raise Wrong(f"{looks}{what} has the shape {got.shape}, expected {expected.shape}{seen}")
    if not np.isfinite(got.astype(float)).all() and np.isfinite(expected.astype(float)).all():
        raise Wrong(f"{looks}{what} holds nan or inf, expected numbers{seen}")
    difference = np.abs(got.astype(float) - expected.astype(float))
    if difference.size and not difference.max() <= atol:
        place = tuple(int(i) for i in np.unravel_index(difference.argmax(), difference.shape))
        where = f" at {place}" if place else ""
        counted = f"; {np.count_nonzero(difference > atol)} of {difference.size} values differ" if place else ""
        raise Wrong(f"{looks}{what} is {_plain(got[place])}{where}, expected {_plain(expected[place])}{counted}{seen}")


def the_class_itself(answer: object) -> None:
    """Raise Wrong unless the answer is a class; an object made from it is a usual slip."""
    if not isinstance(answer, type):
        raise Wrong(f"expected the class itself, got a {type(answer).__name__}: write its name without brackets")


def _plain(value: np.generic) -> str:
    """Six digits; a whole number in full: 3000000000, not 3e+09."""
    number = value.item()
    whole = isinstance(number, int) or (isinstance(number, float) and number.is_integer() and abs(number) < 1e15)
    return str(int(number)) if whole else f"{number:.6g}"


def _error_name(error: BaseException) -> str:
    """The name of an error, with its module if Python does not have it built in: ValueError, but struct.error."""
    kind = type(error)
    return kind.__name__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__name__}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
