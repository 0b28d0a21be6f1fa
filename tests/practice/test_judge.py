"""What judge does for every exercise: verdicts, copies of arguments, messages, and a process that is left as it was."""

import contextlib
import os
import random
import re
import struct
import sys
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from course_utils.checks import check
from course_utils.practice import judge as module
from course_utils.practice.exercises import lesson_01
from course_utils.practice.isolation import TimeUp, put_back, time_limit
from course_utils.practice.judge import LONGEST, NotDone, Wrong, advice, call, judge, same


@pytest.fixture
def exercise(monkeypatch):
    """A function: the verdict of exercise 01.1 with this checker, which notes nothing."""

    def verdict(checker, answer) -> str:
        monkeypatch.setitem(lesson_01.CHECKERS, "1", lambda given: checker(given) and None)
        return judge("01.1", answer)

    return verdict


def test_check_prints_one_line_and_never_raises(capsys):
    def broken(*arguments):
        raise RuntimeError("two\nlines")

    for exercise, answer in (("99.1", 1), ("nonsense", 1), ("01.99", 1), ("01.1", broken), ("01.1", object())):
        check(exercise, answer)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all("no such exercise" in line for line in lines[:3])
    assert "your code stops with RuntimeError: two lines" in lines[3]


@pytest.mark.parametrize(
    "got, expected, reason",
    [
        ([1.0, 2.0], [1.0, 2.5], "is 2 at (1,), expected 2.5; 1 of 2 values differ"),
        ([1.0], [1.0, 2.0], "has the shape (1,), expected (2,)"),
        ([float("nan")], [1.0], "holds nan or inf"),
        (["a"], [1.0], "expected numbers"),
        (object(), [1.0], "expected numbers"),
        ([2.0, 1.0], [1.0, 2.0], "this looks like the reversed order"),
        (3, 4, "is 3, expected 4"),
    ],
)
def test_same_says_what_differs(got, expected, reason):
    with pytest.raises(Wrong, match=re.escape(reason)):
        same(got, expected, mistakes={"the reversed order": [2.0, 1.0]})


def test_a_single_number_is_not_counted():
    with pytest.raises(Wrong) as wrong:
        same(3, 4, what="the sum", example="two numbers")
    assert str(wrong.value) == "the sum is 3, expected 4 (for two numbers)"


def test_a_network_that_returns_nothing_is_told_where():
    class Nothing(torch.nn.Module):
        def forward(self, x):
            pass

    for function, name in ((Nothing(), "forward"), (lambda x: None, "your function")):
        with pytest.raises(NotDone, match=f"^{name} returns nothing yet"):
            call(function, 1)


def test_large_whole_numbers_are_written_in_full():
    with pytest.raises(Wrong, match="is 738263040, expected 3000000000$"):
        same(738_263_040, 3_000_000_000)


def test_an_error_names_its_module_and_the_input(exercise):
    def broken(image, n):
        raise struct.error("too short")

    def checker(answer):
        call(answer, np.zeros((9, 7)), 3)

    verdict = exercise(checker, broken)
    assert verdict == "not right yet: your code stops with struct.error: too short (for image of shape (9, 7), n = 3)"
    assert "expected a function, got a ndarray" in exercise(checker, np.zeros(2))
    assert exercise(checker, lambda image, n: None) == "not done yet (your function returns nothing yet)"


def test_same_accepts_every_numeric_type():
    for value in ([1, 2], (1.0, 2.0), np.float64([1, 2]), torch.tensor([1, 2]), torch.tensor([1.0, 2.00001])):
        same(value, [1, 2])
    same(True, 1)
    same(np.array(True), True)


def test_an_error_of_the_checker_is_not_called_the_students(exercise, monkeypatch):
    source = "def checker(answer):\n    torch.nn.functional.cross_entropy(call(answer, 3), torch.tensor([1]))"
    names = {"torch": torch, "call": call}
    exec(compile(source, module.COURSE / "practice" / "some_exercises.py", "exec"), names)
    monkeypatch.setitem(lesson_01.CHECKERS, "1", names["checker"])
    assert "what your answer gives cannot be used, it leads to " in judge("01.1", lambda n: "text")
    assert "your code stops with NameError" in judge("01.1", lambda n: nn.functional.relu(missing))  # noqa: F821
    assert "your code stops with TypeError" in exercise(lambda answer: call(answer, 3, 4), torch.relu)


@pytest.mark.parametrize("argument", [torch.zeros(3), np.zeros(3), [1, 2], {"a": torch.zeros(2)}, (torch.zeros(2), 1)])
def test_a_function_gets_copies_and_may_not_change_them(exercise, argument):
    def changed(x):
        x = x["a"] if isinstance(x, dict) else x[0] if isinstance(x, tuple) else x
        x[0] = 7
        return 1

    seen = []
    assert exercise(lambda f: call(f, argument), lambda x: seen.append(x) or 1) == "correct"
    verdict = exercise(lambda f: call(f, argument), changed)
    assert "your function changes its argument x, expected it as it was before the call (for x" in verdict
    assert exercise(lambda f: call(f, argument, changes=[0]), lambda x: seen.append(x) or 1) == "correct"
    assert seen[0] is not argument and seen[1] is argument


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.eval(),
        lambda model: model.register_forward_hook(print),
        lambda model: model.requires_grad_(False),
        lambda model: model.weight.data.add_(1),
    ],
)
def test_a_model_may_not_be_changed(change):
    model = nn.Linear(2, 2)
    with pytest.raises(Wrong, match="changes its argument net, expected it as it was"):
        call(lambda net: (change(net), 1)[1], model)
    assert call(lambda net: (change(net), 1)[1], nn.Linear(2, 2), changes=[0]) == 1


def test_a_result_that_is_to_be_new_shares_no_memory():
    x = torch.zeros(4)
    for answer in (lambda x: x, lambda x: x[2:], lambda x: [1, x.view(2, 2)], lambda x: x.numpy()):
        assert call(answer, x) is not None
        with pytest.raises(Wrong, match="shares its memory with the argument x"):
            call(answer, x, new=True)
    assert call(lambda x: x.clone(), x, new=True).shape == (4,)


def test_a_later_call_may_not_change_an_earlier_result(exercise):
    buffer = np.zeros(2)

    def one_buffer(x):
        buffer[:] = x
        return buffer

    def checker(function):
        call(function, 1)
        call(function, 2)

    assert exercise(checker, lambda x: np.full(2, x)) == "correct"
    assert "has changed the result of an earlier one, expected a new result" in exercise(checker, one_buffer)


def test_a_leaf_stays_a_leaf_and_the_checkers_own_keeps_no_gradient():
    w = torch.ones(2, requires_grad=True)

    def gradient(w):
        (w**2).sum().backward()
        return w.grad

    assert call(gradient, w).tolist() == [2, 2] and w.grad is None


def test_the_time_is_limited_and_exit_is_no_way_out(exercise, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.2)

    def endless(x):
        while True:
            x += 1

    def stubborn(x):
        for _ in range(3):
            try:
                while True:
                    x += 1
            except Exception:  # noqa: S110
                pass

    for answer in (endless, stubborn):
        text = "your code did not end within 0.2 seconds: look for a loop that never ends (for x = 3)"
        assert exercise(lambda f: call(f, 3), answer) == f"not right yet: {text}"
    assert "your code ends Python" in exercise(lambda f: call(f, 3), lambda x: sys.exit())
    time.sleep(0.3)  # nothing comes later


@pytest.mark.parametrize("seconds", [0.01, 5])
def test_the_time_limit_leaves_nothing_that_hangs_a_debugger(seconds):
    """A mark of an error that never came would make Python 3.11 go round in circles where a line is traced."""
    with contextlib.suppress(TimeUp), time_limit(seconds):
        for _ in range(100_000):
            pass
    script = "def f():\n    return 1\n"
    names: dict = {}
    exec(compile(script, "traced", "exec"), names)
    sys.settrace(lambda *_: None)
    try:
        assert names["f"]() == 1
    finally:
        sys.settrace(None)


def test_whatever_an_answer_does_to_the_process_goes_back(exercise, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_ONE", "1")
    monkeypatch.chdir(tmp_path)
    figure = plt.figure()
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))

    def process() -> list:
        return [
            torch.is_grad_enabled(),
            torch.get_default_dtype(),
            torch.zeros(1).device.type,
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            warnings.filters[:],
            plt.rcParams["lines.linewidth"],
            plt.get_fignums(),
            dict(os.environ),
            os.getcwd(),
            sys.path[:],
            sys.stdout,
            np.geterr(),
            torch.get_rng_state().tolist(),
            random.getstate(),
            np.random.get_state()[1].tolist(),
            [module.training for module in model.modules()],
            [p.grad for p in model.parameters()],
            {name: value.tolist() for name, value in model.state_dict().items()},
        ]

    def spoil(x):
        model.train()
        model(torch.randn(4, 2)).sum().backward()
        model.eval()
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.set_num_threads(torch.get_num_threads() + 1)
        torch.use_deterministic_algorithms(True)
        warnings.simplefilter("error")
        plt.rcParams["lines.linewidth"] = 99
        plt.figure()
        os.environ.update(COURSE_ONE="2", COURSE_TWO="2")
        os.chdir("/")
        sys.path.append("nowhere")
        sys.stdout = None
        np.seterr(all="raise")
        random.seed(1)
        return model

    model.train()
    before = process()
    assert exercise(lambda f: call(f, 3), spoil) == "correct"
    assert process()[:-3] == before[:-3], "the model itself was changed before it was handed over"
    plt.close(figure)


def test_a_model_that_is_handed_in_goes_back(exercise):
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    before = {name: value.tolist() for name, value in model.state_dict().items()}

    def checker(given):
        given(torch.randn(4, 2)).sum().backward()
        given.eval()

    for answer, use in ((model, checker), ([model], lambda given: checker(given[0]))):
        assert exercise(use, answer) == "correct"
    assert exercise(lambda f: checker(call(f, 3)), lambda x: model) == "correct"
    assert model.training and model[1].training and all(p.grad is None for p in model.parameters())
    assert {name: value.tolist() for name, value in model.state_dict().items()} == before


def test_a_layer_without_numbers_yet_is_no_obstacle(exercise):
    assert exercise(lambda f: call(f, 3), lambda x: nn.LazyLinear(x)) == "correct"
    assert exercise(lambda model: [model(torch.zeros(1, 5))], nn.Sequential(nn.LazyLinear(2))) == "correct"


def test_a_message_names_its_input_and_is_short(exercise):
    def wrong(text, *arguments, **options):
        def checker(answer):
            call(answer, *arguments, **options)
            raise Wrong(text)

        return exercise(checker, lambda images, p: 1)

    small, large = torch.tensor([1.0, 2.5]), torch.zeros(3, 1, 5, 5)
    assert wrong("no", small, 0.5) == "not right yet: no (for images = [1, 2.5], p = 0.5)"
    assert wrong("no", large, "a") == "not right yet: no (for images of shape (3, 1, 5, 5), p = 'a')"
    assert wrong("no", large, 1, example="three pictures") == "not right yet: no (for three pictures)"
    assert wrong("no (for this)", large, 1) == "not right yet: no (for this)"
    assert len(wrong("no " * 200, large, list(range(500)))) == len("not right yet: ") + LONGEST


def test_put_back_works_after_an_error():
    with pytest.raises(ZeroDivisionError), put_back():
        torch.set_grad_enabled(False)
        _ = 1 / 0
    assert torch.is_grad_enabled()


def test_a_known_slip_says_first_what_is_expected():
    with pytest.raises(Wrong, match="^expected floats: your code stops with struct.error: too short$"):
        with advice({"other": "no", "too": "expected floats"}):
            raise struct.error("too\nshort")


@pytest.mark.parametrize("error", [ValueError("other"), Wrong("too short"), NotDone("too short"), KeyboardInterrupt()])
def test_everything_else_goes_on(error):
    with pytest.raises(type(error)) as got, advice({"too": "expected floats"}):
        raise error
    assert got.value is error
