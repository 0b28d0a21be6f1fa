"""The operators make the changes that they name, and no checker takes a mutant for right without a known reason."""

import ast

import numpy as np
import pytest
import torch

from course_utils.practice.exercises import lesson_01
from course_utils.practice.judge import judge
from tests.practice import mutants
from tests.practice.mutant_behaviours import Log, behaviours
from tests.practice.mutant_operators import places, poison, replacements
from tests.practice.mutants import Mutant, Result, all_keys, build, exercises, known, mutants_of, outcome, report, run

pytestmark = pytest.mark.usefixtures("one_thread")


def changes(source: str) -> dict[str, list[str]]:
    """What the operators make of a function, by operator: the changed line."""
    found = {}
    for place in places(ast.parse(source).body[0]):
        for operator, new in replacements(place.node):
            before, after = place.texts(new)
            if before != after:
                found.setdefault(operator, []).append(after)
    return found


@pytest.mark.parametrize(
    "line, operator, expected",
    [
        ("y = 3", "constant", ["y = 4", "y = 2", "y = 0"]),
        ("y = 0.5", "constant", ["y = 1.0", "y = 0.6"]),
        ("y = True", "constant", ["y = False"]),
        ("y = a + b", "sign", ["y = a - b"]),
        ("y = a / b", "sign", ["y = a * b", "y = a // b"]),
        ("y = a < b", "sign", ["y = a <= b"]),
        ("y = a and b", "sign", ["y = a or b"]),
        ("y -= a", "sign", ["y += a"]),
        ("y = -a", "negation", ["y = a"]),
        ("return a", "negation", ["return -a"]),
        ("return a, b", "negation", None),
        ("if a: b()", "negation", ["if not a:"]),
        ("y = a", "deletion", ["pass"]),
        ("a()", "deletion", ["pass"]),
        ("'a text'", "deletion", None),
        ("f(a, b)", "arguments", ["f(b, a)"]),
        ("max(a, b)", "arguments", None),
        ("f(a, axis=b)", "arguments", ["f(a)"]),
        ("zip(a, strict=True)", "arguments", None),
        ("y = a[b]", "index", ["y = a[b - 1]"]),
        ("y = a[b:c]", "index", ["y = a[:c]", "y = a[b:]"]),
        ("y = a[b, :c]", "index", ["y = a[b - 1, :c]", "y = a[b, :]"]),
        ("return a, b", "pair", ["return (b, a)"]),
        ("range(a, b)", "steps", ["range(a, b + 1)", "range(a, b - 1)"]),
        ("y = a.argmax(b)", "word", ["y = a.argmin(b)"]),
        ("y = sum(a)", "word", None),
        ("y = min(a)", "word", ["y = max(a)"]),
        ("y = a.clone()", "method", ["y = a"]),
    ],
)
def test_each_operator_makes_the_change_that_it_names(line, operator, expected):
    assert changes(f"def f():\n    {line}").get(operator) == expected


def test_a_place_is_put_back():
    tree = ast.parse("def f(a: int = 1):\n    return a[0] + 1").body[0]
    before = ast.unparse(tree)
    for place in places(tree):
        for _, new in [*replacements(place.node), ("poison", poison(place.node))]:
            with place.holding(new):
                assert place.node is new
    assert ast.unparse(tree) == before


# ---- behaviours ----


def behave(answer, name: str, *calls: tuple) -> tuple[list, Log]:
    """What an answer gives for these calls when it behaves so."""
    log = Log()
    wrong = dict(behaviours(answer))[name](answer, log)
    return [wrong(*arguments) for arguments in calls], log


@pytest.mark.parametrize(
    "name, expected, applied",
    [
        ("argument 1 is always that of the first call", [11, 21, 31], 2),
        ("argument 1 is always that of the second call", [11, 22, 32], 1),
        ("argument 2 is always that of the first call", [11, 12, 13], 2),
        ("computed once", [11, 11, 11], 2),
        ("computed once for arguments of one shape", [11, 11, 11], 2),
        ("twice as large", [22, 44, 66], 3),
        ("the first number wrong", [12, 23, 34], 3),
        ("1 % off", [11, 22, 33], 0),
        ("one more dimension", [[11], [22], [33]], 3),
        ("transposed", [11, 22, 33], 0),
    ],
)
def test_each_behaviour_does_what_its_name_says(name, expected, applied):
    found, log = behave(lambda a, b: a + b, name, (1, 10), (2, 20), (3, 30))
    assert found == expected and log.applied == applied


def test_arguments_are_changed_after_use():
    for value in (np.ones((2, 2)), torch.ones(2), torch.tensor(True), [1, 2], [[1.0]], (np.zeros(1),)):
        before = repr(value)
        (result,), log = behave(lambda a: a, "argument 1 is changed after use", (value,))
        assert repr(value) != before and log.applied == 1
        assert isinstance(value, tuple) or repr(result) == before, "the result is right"


def test_results_of_each_kind_are_changed():
    for value in (np.eye(3) + 1, torch.rand(2, 2), [1.5, 2.5], (torch.ones(2), 0.5), {"a": 1.0}):
        for name in ("twice as large", "1 % off"):
            (result,), log = behave(lambda v=value: v, name, ())
            assert log.applied == 1 and repr(result) != repr(value) and type(result) is type(value)
    (result,), _ = behave(lambda: [[1, 2], [3, 4]], "the last number wrong", ())
    assert result == [[1, 2], [3, 5]]
    (result,), _ = behave(lambda: torch.tensor([[1, 2], [3, 4]]), "transposed", ())
    assert result.tolist() == [[1, 3], [2, 4]]


def test_classes_share_an_object_or_a_state_or_lose_the_gradient():
    class Net(torch.nn.Module):
        def __init__(self, n=2):
            super().__init__()
            self.n, self.layer = n, torch.nn.Linear(2, n)

        def forward(self, x):
            return self.layer(x)

    wrong = {name: wrap(Net, Log()) for name, wrap in behaviours(Net)}
    one = wrong["one object for all"]
    assert one() is one() and one.__name__ == "Net"
    first, second = (wrong["one state for all"](n) for n in (2, 3))
    assert first.n == second.n == 3 and first is not second
    assert not wrong["the gradient is cut"]()(torch.ones(1, 2)).requires_grad
    wrong["the input is changed after use"]()(x := torch.ones(1, 2))
    assert x.tolist() == [[2, 2]]
    frozen = wrong["constructor: argument 1 is always that of the first call"]
    assert [frozen(2).n, frozen(3).n] == [2, 2]


# ---- from an exercise to a report ----

ANSWERS = """
RIGHT = {"9": [double, lambda x: helper(x)]}
FACTOR, UNUSED = 2, 3
def double(x, extra=0):
    return x * FACTOR if extra == 0 else 7
def helper(x):
    return x + x
"""


@pytest.fixture
def exercise(monkeypatch):
    """The exercise 01.9, with a checker that asks twice."""
    monkeypatch.setattr(mutants, "tree_of", lambda number: ast.parse(ANSWERS))
    mutants.right_of.cache_clear()

    def checker(answer):
        assert [answer(3), answer(5)] == [6, 10]

    monkeypatch.setitem(lesson_01.CHECKERS, "9", checker)
    yield "01.9"
    mutants.right_of.cache_clear()


def test_mutants_have_stable_keys_and_outcomes(exercise):
    keys = [mutant.key for mutant in mutants_of(exercise)]
    assert keys == [mutant.key for mutant in mutants_of(exercise)] and len(set(keys)) == len(keys)
    assert "01.9 helper, sign: return x + x -> return x - x" in keys
    outcomes = {mutant.key.removeprefix("01.9 "): outcome(mutant) for mutant in mutants_of(exercise)}
    assert outcomes["helper, sign: return x + x -> return x - x"] == "refused"
    assert outcomes["(FACTOR, UNUSED), constant: FACTOR, UNUSED = (2, 3) -> FACTOR, UNUSED = (3, 3)"] == "refused"
    line = "return x * FACTOR if extra == 0 else 7"
    assert outcomes[f"double, constant: {line} -> return x * FACTOR if extra == 0 else 8"] == "unused"
    assert outcomes["double, computed once"] == "refused"
    assert outcomes["double, argument 2 is always that of the first call"] == "without effect"


def test_a_weak_checker_is_found(exercise, monkeypatch):
    monkeypatch.setitem(lesson_01.CHECKERS, "9", lambda answer: answer(3))
    every = {exercise: [mutant.key for mutant in mutants_of(exercise)]}
    results = run(exercise, every[exercise])
    text, good = report(results, every, equal={})
    assert not good and "survives: 01.9 helper, sign: return x + x -> return x - x" in text
    text, good = report(results, every, equal={key: "" for key in every[exercise]} | {"01.9 gone": "", "02.1 x": ""})
    assert good and "\nsurvives" not in f"\n{text}" and "no longer exists: 01.9 gone" in text and "02.1 x" not in text


def test_a_mutant_that_loops_is_stopped(exercise, monkeypatch):
    monkeypatch.setattr(mutants, "SECONDS", {False: 1})

    def loops(x):
        while True:
            pass

    assert outcome(Mutant(exercise, "", lambda log: loops)) == "too long"


def test_a_sample_spreads_over_the_exercises():
    every = {"01.1": list("abc"), "01.2": list("de"), "05.5": list("fghijklmn"), "07.3": list("opqrstuvw")}
    assert mutants.sample(every, 6, 1) == mutants.sample(every, 6, 1)
    drawn = mutants.sample(every, 6, 1)
    assert [len(drawn.get(name, ())) for name in ("01.1", "01.2")] == [2, 2]
    assert sum(len(keys) for keys in mutants.few(every, ["05.5"], 0).values()) == 3 + 2 + 9 + mutants.FEW


@pytest.mark.slow
def test_every_right_answer_is_right_when_it_is_built_alone():
    for name in exercises():
        for element in mutants.right_of(name[:2])[name] if name not in mutants.SLOW else ():
            assert judge(name, build(mutants.program(name[:2], element))).startswith("correct"), name


@pytest.mark.slow  # about a minute of one core
def test_no_mutant_of_a_sample_survives():
    every = all_keys()
    drawn = mutants.sample(every, 600, seed=0)
    results: list[Result] = [result for name, keys in drawn.items() for result in run(name, keys)]
    text, good = report(results, every, known())
    assert good, text
