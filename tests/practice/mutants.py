"""Wrong answers, made from the right ones, and which of them a checker takes for right.

    python -m tests.practice.mutants                 all lessons; a few mutants of each slow exercise
    python -m tests.practice.mutants 03 05.4         a lesson, an exercise (all mutants of it, also if it is slow)
    python -m tests.practice.mutants --sample 400 --seed 1

A mutant is a right answer of answers/lesson_NN.py with one change: in its text (mutant_operators.py), or in how it
behaves (mutant_behaviours.py). The checker has to refuse it. A mutant that it accepts **survives**: the checker is too
weak, or the mutant is right as well. The latter stand in equal_mutants.json, each with a reason. The exit status is 1
if a mutant survives that does not stand there.

mutmut and cosmic-ray have no part in this: they change files and run a test command for each change, their operators
need another parser (libcst, parso), and half of the slips that matter here are not among them: a statement forgotten,
two arguments exchanged, mean for sum, an index moved by one.
"""

import argparse
import ast
import contextlib
import io
import json
import random
import re
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import torch

from course_utils.practice.judge import judge
from tests.practice.mutant_behaviours import Log, behaviours
from tests.practice.mutant_operators import Place, places, poison, replacements

HERE = Path(__file__).parent
EQUAL = HERE / "equal_mutants.json"
# A right answer to these needs more than a second of training.
SLOW = set("01.3 03.3 03.5 04.5 05.5 06.4 07.3 08.5 09.4 10.2 11.6 12.5 13.5 14.5".split())
FEW = 8  # so many mutants of a slow exercise
SECONDS = {False: 10, True: 150}  # of processor time, by: is it slow? What takes longer loops, and is refused


class TooLong(BaseException):
    """No Exception: neither an answer nor a checker should catch it."""


class Reached(BaseException):
    """The poisoned place of an answer was used."""


class Poison:
    """A value that nobody can use."""

    def __call__(self, *arguments, **named):
        raise Reached

    __bool__ = __eq__ = __hash__ = __lt__ = __gt__ = __le__ = __ge__ = __getattr__ = __iter__ = __call__


@dataclass(frozen=True)
class Mutant:
    """key: the exercise, the answer or the part of it that is changed, the operator, and the line before and after."""

    exercise: str
    key: str
    make: Callable[[Log], object]
    is_used: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Result:
    key: str
    outcome: str  # "refused", "too long", "survives", "unused" (that place never runs), "without effect", "spoiled"


# ---- the answers, as syntax trees ----


@cache
def tree_of(number: str) -> ast.Module:
    return ast.parse((HERE / "answers" / f"lesson_{number}.py").read_text(encoding="utf-8"))


@cache
def right_of(number: str) -> dict[str, list[ast.expr]]:
    """The elements of RIGHT by the name of their exercise, such as 01.1."""
    (right,) = (s for s in tree_of(number).body if isinstance(s, ast.Assign) and names(s.targets[0]) == {"RIGHT"})
    pairs = zip(right.value.keys, right.value.values, strict=True)
    return {f"{number}.{key.value}": values.elts for key, values in pairs}


def names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def makes(statement: ast.stmt) -> set[str]:
    """The names that a statement of a module defines or may change."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    return set().union(*map(names, statement.targets)) if isinstance(statement, ast.Assign) else names(statement)


def program(number: str, element: ast.expr) -> list[ast.stmt]:
    """The statements that one right answer needs, in their order; the last one is `ANSWER = ...`."""
    answer = ast.copy_location(ast.Assign([ast.Name("ANSWER", ast.Store())], element), element)
    imports, rest = [], []
    for statement in tree_of(number).body:
        (imports if isinstance(statement, ast.Import | ast.ImportFrom) else rest).append(statement)
    needed, chosen = names(answer), set()
    while more := {i for i, statement in enumerate(rest) if makes(statement) & needed} - chosen:
        needed |= set().union(*(names(rest[i]) for i in more))
        chosen |= more
    return [*imports, *(rest[i] for i in sorted(chosen)), answer]


def build(statements: list[ast.stmt], place: Place | None = None, new: ast.AST | None = None, log: Log | None = None):
    """The answer that a program makes, with another node at one place of it."""
    with place.holding(new) if place else contextlib.nullcontext():
        module = ast.fix_missing_locations(ast.Module(statements, []))
        code = compile(module, "answer", "exec")
    namespace = {"__name__": __name__, "POISON": Poison()}
    exec(code, namespace)
    return namespace["ANSWER"]


# ---- the mutants of an exercise ----


def label(element: ast.expr, i: int) -> str:
    text = ast.unparse(element)
    return text if len(text) <= 60 and "\n" not in text else f"answer {i + 1}"


def mutants_of(exercise: str) -> list[Mutant]:
    """All mutants of an exercise such as 01.5, always in one order. Each key comes once."""
    found = {}
    for i, element in enumerate(right_of(exercise[:2])[exercise]):
        statements = program(exercise[:2], element)
        for mutant in (*of_text(exercise, i, statements), *of_behaviour(exercise, i, statements)):
            found.setdefault(mutant.key, mutant)
    return list(found.values())


def of_text(exercise: str, i: int, statements: list[ast.stmt]) -> Iterator[Mutant]:
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        part = getattr(statement, "name", "") or ast.unparse(statement.targets[0])
        part = label(statement.value, i) if part == "ANSWER" else part
        for place in places(statement):
            for operator, new in replacements(place.node):
                before, after = place.texts(new)
                if before != after:
                    key = f"{exercise} {part}, {operator}: {before} -> {after}"
                    used = partial(is_used, exercise, statements, place)
                    yield Mutant(exercise, key, partial(build, statements, place, new), used)


def of_behaviour(exercise: str, i: int, statements: list[ast.stmt]) -> Iterator[Mutant]:
    part = label(statements[-1].value, i)
    for name, wrap in behaviours(build(statements)):
        yield Mutant(exercise, f"{exercise} {part}, {name}", lambda log, wrap=wrap: wrap(build(statements), log))


def is_used(exercise: str, statements: list[ast.stmt], place: Place) -> bool:
    """Whether the checker gets to a place of the answer: it is no longer right with poison there."""
    return not accepted(exercise, statements, place, poison(place.node))


# ---- judging ----


@contextlib.contextmanager
def limit(seconds: int) -> Iterator[None]:
    """Raise TooLong after so many seconds of processor time, or 20 times as many of waiting. Not on Windows."""

    def stop(*_):
        raise TooLong

    if not hasattr(signal, "setitimer"):
        yield
        return
    timers = ((signal.SIGPROF, signal.ITIMER_PROF, seconds), (signal.SIGALRM, signal.ITIMER_REAL, 20 * seconds))
    before = [signal.signal(number, stop) for number, _, _ in timers]
    try:
        for _, timer, after in timers:
            signal.setitimer(timer, after)
        yield
    finally:
        for (number, timer, _), handler in zip(timers, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def verdict(exercise: str, make: Callable[[], object]) -> str:
    """What the checker says of an answer. What the answer prints, and the modes that it sets, are undone."""
    try:
        with limit(SECONDS[exercise in SLOW]), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return judge(exercise, make())
    except TooLong:
        return "too long"
    except (Exception, Reached) as error:
        return repr(error)
    finally:
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)


def accepted(exercise: str, statements: list[ast.stmt], *change: Place | ast.AST) -> bool:
    return verdict(exercise, partial(build, statements, *change)).startswith("correct")


def outcome(mutant: Mutant) -> str:
    log = Log()
    found = verdict(mutant.exercise, partial(mutant.make, log=log))
    if not found.startswith("correct"):
        return found if found == "too long" else "refused"
    if log.behaviour and not log.applied:
        return "without effect"
    return "survives" if mutant.is_used() else "unused"


def run(exercise: str, keys: Sequence[str]) -> list[Result]:
    """What becomes of these mutants of an exercise. "spoiled": after all of them, a right answer is refused."""
    torch.set_num_threads(1)
    right = [] if exercise in SLOW else [program(exercise[:2], element) for element in right_of(exercise[:2])[exercise]]
    for statements in right[:1]:
        judge(exercise, build(statements))  # without a limit: it also loads what the checker needs
    chosen = set(keys)
    results = [Result(m.key, outcome(m)) for m in mutants_of(exercise) if m.key in chosen]
    if not all(accepted(exercise, statements) for statements in right):
        results.append(Result(f"{exercise}: a mutant changes what the checker keeps", "spoiled"))
    return results


# ---- which mutants, and what is known about them ----


def exercises(wanted: Sequence[str] = ()) -> list[str]:
    """All exercises, or those of the lessons and exercises that are named."""
    numbers = sorted(path.stem[-2:] for path in (HERE / "answers").glob("lesson_*.py"))
    every = [exercise for number in numbers for exercise in right_of(number)]
    if unknown := [name for name in wanted if not any(name in (e, e[:2]) for e in every)]:
        raise SystemExit(f"no such lesson or exercise: {', '.join(unknown)}. Write 03 or 03.a")
    return [e for e in every if not wanted or e in wanted or e[:2] in wanted]


def all_keys(wanted: Sequence[str] = ()) -> dict[str, list[str]]:
    """The keys of the mutants by exercise; without the exercises that have none, such as a word to choose."""
    return {exercise: keys for exercise in exercises(wanted) if (keys := [m.key for m in mutants_of(exercise)])}


def few(every: dict[str, list[str]], named: Sequence[str], seed: int) -> dict[str, list[str]]:
    """All keys; a few of each slow exercise that is not named."""
    return {
        e: random.Random(f"{seed} {e}").sample(keys, FEW) if e in SLOW and e not in named and len(keys) > FEW else keys
        for e, keys in every.items()
    }


def sample(every: dict[str, list[str]], n: int, seed: int) -> dict[str, list[str]]:
    """n keys, as many of each exercise as can be; the slow exercises together count as one."""
    draw = random.Random(seed)
    stacks = [[(e, key) for key in keys] for e, keys in every.items() if e not in SLOW]
    stacks.append([(e, key) for e, keys in every.items() if e in SLOW for key in keys])
    drawn = []
    for stack in stacks:
        draw.shuffle(stack)
    while len(drawn) < n and any(stacks):
        drawn += [stack.pop() for stack in draw.sample(stacks, len(stacks)) if stack][: n - len(drawn)]
    return {e: keys for e in every if (keys := [key for exercise, key in drawn if exercise == e])}


def known() -> dict[str, str]:
    """The mutants that are right, with the reason."""
    return json.loads(EQUAL.read_text(encoding="utf-8"))


def plain(key: str) -> str:
    """Without brackets and blanks: Python 3.10 writes them in other places."""
    return re.sub(r"[()\s]", "", key)


def report(results: Sequence[Result], every: dict[str, list[str]], equal: dict[str, str]) -> tuple[str, bool]:
    """What is worth reading, and whether no mutant survives that is not known to be right."""
    listed, here = set(map(plain, equal)), {plain(key) for keys in every.values() for key in keys}
    survivors = [r.key for r in results if r.outcome in ("survives", "spoiled") and plain(r.key) not in listed]
    gone = [key for key in equal if key.split()[0] in every and plain(key) not in here]
    dead = [r.key for r in results if r.outcome != "survives" and plain(r.key) in listed]
    lines = [f"survives: {key}" for key in survivors]
    lines += [f"{EQUAL.name} names a mutant that no longer exists: {key}" for key in gone]
    lines += [f"{EQUAL.name} names a mutant that no longer survives: {key}" for key in dead]
    count = Counter(r.outcome for r in results)
    lines.append(f"{len(results)} mutants: " + ", ".join(f"{n} {what}" for what, n in sorted(count.items())))
    return "\n".join(lines), not survivors


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.practice.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="LESSON or EXERCISE", help="such as 03 or 03.a; all without")
    parser.add_argument("--sample", type=int, metavar="N", help="so many mutants, spread over the exercises")
    parser.add_argument("--seed", type=int, default=0, help="which ones are drawn")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    args = parser.parse_args(argv)
    every = all_keys(args.names)
    chosen = sample(every, args.sample, args.seed) if args.sample else few(every, args.names, args.seed)
    results = []
    with ProcessPoolExecutor(args.workers, get_context("spawn")) as pool:
        for part in pool.map(run, chosen, chosen.values()):
            results += part
            print(part[0].key.split()[0], dict(Counter(r.outcome for r in part)), flush=True)
    text, good = report(results, every, known())
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
