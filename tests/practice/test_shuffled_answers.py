"""No answer leaves anything behind that changes the verdict on another: many in one process, in any order, twice."""

import os
import random

import numpy as np
import pytest
import torch

from course_utils.practice.judge import judge
from tests.practice.mutants import SLOW
from tests.practice.test_exercises import RIGHT, WRONG, answers

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
DRAWN = int(os.environ.get("COURSE_ANSWERS", 300))  # so many of those that do not train; a large number: all


def process() -> list:
    """What later answers depend on."""
    return [
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.get_rng_state().tolist(),
        random.getstate(),
        np.random.get_state()[1].tolist(),
        dict(os.environ),
        os.getcwd(),
    ]


def test_the_verdicts_are_the_same_in_any_order():
    every = [(n, e, "RIGHT", i) for n, e, i in RIGHT] + [(n, e, "WRONG", i) for n, e, i in WRONG]
    quick = [one for one in every if f"{one[0]}.{one[1]}" not in SLOW]
    shuffle = random.Random(0)
    drawn = shuffle.sample(quick, min(DRAWN, len(quick)))
    before, verdicts = process(), []
    for _ in range(2):
        shuffle.shuffle(drawn)
        verdicts.append({one: verdict_of(*one) for one in drawn})
    for found in verdicts:
        for (n, e, kind, i), text in found.items():
            expected = "correct" if kind == "RIGHT" else "not right yet: "
            assert text.startswith(expected), f"{kind} {i} of {n}.{e}: {text}"
    assert process() == before


def verdict_of(number: str, exercise: str, kind: str, i: int) -> str:
    """Some wrong answers keep something from call to call, on purpose: they are refused for another reason then."""
    given = getattr(answers(number), kind)[exercise][i]
    return judge(f"{number}.{exercise}", given if kind == "RIGHT" else given[0])
