"""A plain word in front of Python's own error, where a common slip leads to one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from course_utils.practice.judge import NotDone, Wrong, _error_name, _one_line


@contextmanager
def advice(slips: Mapping[str, str]) -> Iterator[None]:
    """Raise Wrong for an error of the block that holds one of the words in `slips`.

    Args:
        slips: by words of an error's text: what is expected, such as "expected floats, image.astype(float)".
    """
    try:
        yield
    except (NotDone, Wrong):
        raise
    except Exception as error:
        text = f"{_error_name(error)}: {_one_line(error)}"
        for words, expected in slips.items():
            if words in text:
                raise Wrong(f"{expected}: your code stops with {text[:110]}") from error
        raise
