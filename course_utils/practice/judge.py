"""How an answer is judged, and what checkers are written with: `Wrong`, `call`, `array`, `same`.

What each exercise asks for is in `practice.exercises`, one function for each.
"""

import importlib
import random
from collections.abc import Callable, Mapping

import numpy as np
import torch


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
        checkers = importlib.import_module(f"course_utils.practice.exercises.lesson_{lesson}").CHECKERS
        checker = checkers[number]
    except (ImportError, KeyError):
        return "there is no such exercise; look at its number again"
    if is_stub(answer):
        return "not done yet"
    seed = torch.get_rng_state(), np.random.get_state(), random.getstate()
    random.seed(777)  # whatever an answer draws with, it gets the same verdict each time
    np.random.seed(777)
    torch.manual_seed(777)
    try:
        note = checker(answer)
    except NotDone as todo:
        return f"not done yet{f' ({todo})' if str(todo) else ''}"
    except Wrong as wrong:
        return f"not right yet: {_one_line(wrong)}"
    except Exception as error:
        shapes = getattr(error, "called_with", "")
        return f"not right yet: your code stops with {_error_name(error)}: {_one_line(error)}{shapes}"
    finally:
        torch.set_rng_state(seed[0])
        np.random.set_state(seed[1])
        random.setstate(seed[2])
    return f"correct ({note})" if note else "correct"


def is_stub(answer: object) -> bool:
    """True for what an exercise holds before anybody worked on it: `...` or None."""
    return answer is ... or answer is None


def call(function: Callable, *arguments: object) -> object:
    """What a student's function returns. `...` and None mean that it is still the stub.

    An error passes through; it then carries the shapes of the arguments, which `judge` names.
    """
    if not callable(function):
        raise Wrong(f"expected a function, got a {type(function).__name__}: write its name alone, without brackets")
    try:
        result = function(*arguments)
    except Exception as error:
        shapes = [str(tuple(value.shape)) for value in arguments if hasattr(value, "shape")]
        if shapes:
            error.called_with = f" (called with the shapes {', '.join(shapes)})"
        raise
    if is_stub(result):
        name = "forward" if isinstance(function, torch.nn.Module) else getattr(function, "__name__", "<lambda>")
        name = "your function" if name == "<lambda>" else name
        raise NotDone(f"{name} returns nothing yet" if result is None else "")
    return result


def call_on_copies(function: Callable, *arguments: object, changed: str, example: str = "") -> object:
    """As `call`, with copies of arrays and tensors, so that the checker's own stay as they are.

    Args:
        changed: the text of the Wrong that is raised if the function changes one of the copies.
        example: names the input where the function stops with an error; without it, the shapes do.
    """
    copies = [a.copy() if isinstance(a, np.ndarray) else a.clone() if torch.is_tensor(a) else a for a in arguments]
    try:
        result = call(function, *copies)
    except (Wrong, NotDone):
        raise
    except Exception as error:
        if example:
            error.called_with = f" (for {example})"
        raise
    for copy, argument in zip(copies, arguments, strict=True):
        if copy is not argument and not np.array_equal(array(copy), array(argument)):
            raise Wrong(changed)
    return result


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
        if wrong.shape == got.shape and np.allclose(got, wrong, atol=atol, equal_nan=True):
            looks = f"this looks like {name}: "
            break
    if got.shape != expected.shape:
        raise Wrong(f"{looks}{what} has the shape {got.shape}, expected {expected.shape}{seen}")
    if not np.isfinite(got.astype(float)).all() and np.isfinite(expected.astype(float)).all():
        raise Wrong(f"{looks}{what} holds nan or inf{seen}")
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
    return " ".join(str(error).split())[:400]
