"""A plain word in front of Python's own error."""

import struct

import pytest

from course_utils.practice.advice import advice
from course_utils.practice.judge import NotDone, Wrong


def test_a_known_slip_says_first_what_is_expected():
    with pytest.raises(Wrong, match="^expected floats: your code stops with struct.error: too short$"):
        with advice({"other": "no", "too": "expected floats"}):
            raise struct.error("too\nshort")


@pytest.mark.parametrize("error", [ValueError("other"), Wrong("too short"), NotDone("too short"), KeyboardInterrupt()])
def test_everything_else_goes_on(error):
    with pytest.raises(type(error)) as got, advice({"too": "expected floats"}):
        raise error
    assert got.value is error
