"""expect_error and check: an error that is promised must happen, and an exercise's verdict is one line."""

import random
import sys

import numpy as np
import pytest
import torch

from course_utils.checks import check, expect_correct, expect_error
from course_utils.practice.judge import judge

# ---- expect_error ----


def test_the_expected_error_is_printed(capsys):
    with expect_error(ValueError, match=r"too \w+"):
        raise ValueError("too large\n\n  by 2")
    assert capsys.readouterr().out == "ValueError, as expected:\n| too large\n| \n|   by 2\n"


def test_a_subclass_counts():
    with expect_error(LookupError):
        raise KeyError("x")


def test_no_error_fails():
    with pytest.raises(AssertionError, match="expected ValueError, but the block ran without an error"):
        with expect_error(ValueError):
            pass


def test_another_error_fails():
    with pytest.raises(AssertionError, match="expected ValueError, but got TypeError: oops"):
        with expect_error(ValueError):
            raise TypeError("oops")


def test_another_message_fails():
    with pytest.raises(AssertionError, match="'shape'.*reads: something else"):
        with expect_error(ValueError, match="shape"):
            raise ValueError("something else")


def test_a_stop_by_the_user_passes_through():
    with pytest.raises(KeyboardInterrupt):
        with expect_error(Exception, match=""):
            raise KeyboardInterrupt


# ---- check ----


@pytest.mark.parametrize(
    "exercise, answer, start",
    [
        ("01.1", ..., "not done yet"),
        ("01.1", lambda *_: 1 / 0, "not right yet: your code stops with ZeroDivisionError"),
        ("99.1", 1, "there is no such exercise"),
    ],
)
def test_check_prints_one_line_and_raises_nothing(exercise, answer, start, capsys):
    check(exercise, answer)
    out = capsys.readouterr().out
    assert out.startswith(f"{exercise}: {start}") and out.count("\n") == 1


def test_the_same_answer_gets_the_same_verdict_and_random_numbers_go_on_as_before():
    """Whichever library an answer draws with: the state of all three is as it was."""

    def drawn() -> list[float]:
        return [torch.rand(1).item(), np.random.rand(), random.random()]

    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    expected = drawn()
    torch.set_rng_state(states[0]), np.random.set_state(states[1]), random.setstate(states[2])
    seen = []
    for _ in range(2):
        verdict = judge("10.3", lambda images, p: seen.append(random.random()) or images)
        assert verdict.startswith("not right yet")
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]
    assert drawn() == expected


# ---- expect_correct ----


def test_a_right_answer_passes_and_writes_nothing_to_stderr(capsys):
    def slide(image, kernel):
        print("50 %", file=sys.stderr)
        k = len(kernel)
        padded = np.pad(image.astype(float), k // 2)
        rows, columns = image.shape
        return np.array([[(padded[y : y + k, x : x + k] * kernel).sum() for x in range(columns)] for y in range(rows)])

    expect_correct("01.1", slide)
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("01.1: correct") and "50 %" in out and err == ""


@pytest.mark.parametrize(
    "exercise, answer, line",
    [
        ("01.1", ..., "01.1: not done yet"),
        ("01.4", np.ones((3, 3)), "01.4: not right yet: "),
        ("99.1", 1, "99.1: there is no such exercise"),
    ],
)
def test_any_other_answer_raises_the_line_of_check(exercise, answer, line):
    with pytest.raises(AssertionError) as error:
        expect_correct(exercise, answer)
    assert str(error.value).startswith(line)
