"""What tells a student right from wrong: errors that are meant to happen.

`expect_error` is for lessons that break something on purpose. It is stricter than a try/except: when the error does
*not* happen, or another one does, the cell fails, so a lesson cannot promise an error that a newer PyTorch no longer
raises.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import indent


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
