"""Three calls that tell right from wrong: `expect_error` for errors that are meant to happen, `check` for exercises,
`expect_correct` for exercises that are marked.

`expect_error` is stricter than a try/except: when the error does *not* happen, or another one does, the cell fails, so
a lesson cannot promise an error that a newer PyTorch no longer raises. `check` answers an exercise with one line and
never raises, so that *Run All* goes on; how it judges is in `practice.judge`. `expect_correct` judges in the same way,
and raises: nbgrader gives the points of a cell that ends without an error.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from textwrap import indent

from course_utils.practice.judge import judge


@contextmanager
def expect_error(error: type[BaseException], match: str = "") -> Iterator[None]:
    """Run a block that must fail with `error`, and print the message for the reader, each of its lines after a bar.

    Args:
        error: the exception type that must be raised (a subclass counts).
        match: a regular expression that must be found in the message.

    Raises:
        AssertionError: if nothing is raised, or something else. (A keyboard interrupt passes through.)

    >>> with expect_error(ZeroDivisionError, match="division"):
    ...     1 / 0
    ZeroDivisionError, as expected:
    | division by zero
    """
    try:
        yield
    except Exception as raised:
        message = str(raised)
        if not isinstance(raised, error):
            found = f"{type(raised).__name__}: {message}"
            raise AssertionError(f"expected {error.__name__}, but got {found}") from raised
        if not re.search(match, message):
            raise AssertionError(f"expected a message that contains {match!r}, but it reads: {message}") from raised
        print(f"{type(raised).__name__}, as expected:")
        print(indent(message.strip(), "| ", lambda line: True))
    else:
        raise AssertionError(f"expected {error.__name__}, but the block ran without an error")


def check(exercise: str, answer: object) -> None:
    """Print one line: correct, not done yet, or what is wrong with an exercise's answer. Never raises.

    Args:
        exercise: lesson and number, such as "01.2".
        answer: what the exercise asks for: a function, a class, an array, a number, a model.
    """
    print(f"{exercise}: {judge(exercise, answer)}")


def expect_correct(exercise: str, answer: object) -> None:
    """Print the line of `check` when an answer is correct, and raise it when it is not: the test of a hand-in.

    Warnings and progress bars of the answer go to stdout, because nbgrader gives no points to a cell that writes to
    stderr.

    Args:
        exercise, answer: as for `check`.

    Raises:
        AssertionError: the answer is not done yet, or not right yet; the text is the line of `check`.

    >>> expect_correct("03.2", ...)
    Traceback (most recent call last):
    AssertionError: 03.2: not done yet
    """
    with redirect_stderr(sys.stdout):
        verdict = judge(exercise, answer)
    if verdict.partition(" (")[0] != "correct":
        raise AssertionError(f"{exercise}: {verdict}")
    print(f"{exercise}: {verdict}")
