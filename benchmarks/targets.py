"""What the stored measurements should show: each target beside what was found in results/*.json."""

import operator
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import busy, cifar10, clinic, growth, peers, reproduce, scaling, speed
from benchmarks.report import RESULTS, read_json

SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}
MNIST_MEGABYTES = 47.04  # the file of the training images
WAYS = {"A", "A, 2 workers", "B", "C", "B16"}
LEAST_ACCURACY = {("L-a", "post"): 0.9866, ("L-b", "post"): 0.9913, ("C", "post"): 0.84, ("C", "ours"): 0.91}
WITHIN_A_POINT = {"D-1": 0.9522, "T-40": 0.8965}  # what the posts reported
BETTER = ("D-1", "T-40", "L-a", "L-b", "C", "S")


class Target(NamedTuple):
    """One thing that should hold; `found` says the number, or how to get one."""

    what: str
    found: str
    met: bool

    def __str__(self) -> str:
        return f"{'met   ' if self.met else 'MISSED'}  {self.what}: {self.found}"


def compare(what: str, value: float, sign: str, limit: float, unit: str = "") -> Target:
    return Target(what, f"{value:.4g}{unit}, wanted {sign} {limit:.4g}{unit}", SIGNS[sign](value, limit))


def not_measured(what: str, command: str) -> Target:
    return Target(what, f"not measured yet: python -m benchmarks.{command}", False)


def of_data_path(stored: dict) -> Iterator[Target]:
    reading, passes = stored["seconds"]["reading"], stored["seconds"]["a pass over 60,000 images"]
    yield compare("load MNIST", reading["load: files, checksums, split, statistics"]["median"], "<", 0.3, " s")
    yield compare("a pass of loader", passes["loader"]["median"], "<", 0.5, " s")
    times = reading["list of ints (MCL)"]["median"] / reading["read_idx"]["median"]
    yield compare("read_idx, times as fast as a list of ints", times, ">", 10)
    yield compare("peak memory of read_idx", stored["peak_megabytes"]["read_idx"], "<", 1.2 * MNIST_MEGABYTES, " MB")


def of_speed(stored: dict) -> Iterator[Target]:
    measured = {row: result for row, result in stored["trainings"].items() if set(result["ms"]) == WAYS}
    ratios = {row: speed.ratios(result) for row, result in measured.items()}
    best = {row: max(ratio["A/B"], ratio["A/B16"]) for row, ratio in ratios.items()}
    for row, training in speed.TRAININGS.items():
        if row in measured:
            yield compare(f"{training.title}: ours beside the floor, B/C", ratios[row]["B/C"], "<=", speed.MOST_B_TO_C)
            yield compare(f"{training.title}: the post's way beside ours, A/B", best[row], ">=", training.target)
        else:
            yield not_measured(training.title, f"speed --only {row} --write")
    if measured:
        rounds = min(len(times) for result in measured.values() for times in result["ms"].values())
        yield compare("all trainings: the fewest rounds", rounds, ">=", 5)
        yield compare("all trainings: the greatest B/C", max(ratio["B/C"] for ratio in ratios.values()), "<", 1.25)
        yield compare("all trainings: the least A/B", min(best.values()), ">", 2)


def of_peers(stored: dict) -> Iterator[Target]:
    """Ours is ahead of each peer that could be measured, on each number of cores; most could be."""
    for name, network in peers.NETWORKS.items():
        found = peers.ratios(stored, name)
        if not found:
            yield not_measured(f"{network.title}: ours beside the peers", f"peers --only {name} --write")
        for cores, ratios in found.items():
            where = f"{network.title}, {cores} core{'s' * (cores != '1')}"
            yield compare(f"{where}: peers that were measured", len(ratios), ">=", peers.FEWEST_PEERS)
            if ratios:
                fastest = min(ratios, key=ratios.get)
                what = f"{where}: the fastest peer, {fastest}, beside ours"
                yield compare(what, ratios[fastest], ">=", peers.LEAST_AHEAD[name])


def of_growth(stored: dict) -> Iterator[Target]:
    """No cost grows faster than the work: for an image of the largest data set, and of the largest batch."""
    for part, small, large in (("images", 10_000, 60_000), ("batch", 64, 1_024)):
        for name, costs in stored[part].items():
            cost = growth.medians(costs)
            what = f"{name}, {large:,} beside {small:,} images{' in a batch' * (part == 'batch')}: cost of an image"
            yield compare(what, cost[large] / cost[small], "<", 1.25)


def of_scaling(stored: dict) -> Iterator[Target]:
    """More processes give no more cores: a figure below that says that something was measured wrongly."""
    seconds = scaling.medians(stored)
    limit = seconds[scaling.label(1, 1)] / stored["cores"]
    what = "the fastest arrangement of processes, beside one thread's time divided by the cores"
    yield compare(what, min(seconds.values()) / limit, ">", 0.85)


def of_reproduction(stored: dict) -> Iterator[Target]:
    def last(row: str, name: str) -> float | None:
        """The mean test accuracy at the end, once all seeds have run."""
        values = reproduce.seeds_of(stored, row, name, "test_accuracy")
        return sum(values) / len(values) if len(values) >= len(reproduce.ROWS[row].seeds) else None

    for row, reported in WITHIN_A_POINT.items():
        what = f"{reproduce.ROWS[row].what}: accuracy, away from the post's"
        found = last(row, "post")
        missing = not_measured(what, f"reproduce --only {row}:post")
        yield missing if found is None else compare(what, 100 * abs(found - reported), "<=", 1, " points")
    for (row, name), least in LEAST_ACCURACY.items():
        what = f"{reproduce.ROWS[row].what}: accuracy, {'ours' if name == 'ours' else 'by the post'}"
        found = last(row, name)
        missing = not_measured(what, f"reproduce --only {row}:{name}")
        yield missing if found is None else compare(what, 100 * found, ">=", 100 * least, " %")
    for row in BETTER:
        what = f"{reproduce.ROWS[row].what}: ours, better than the post's way by"
        found = last(row, "ours"), last(row, "post")
        missing = not_measured(what, f"reproduce --only {row}")
        yield missing if None in found else compare(what, 100 * (found[0] - found[1]), ">", 0, " points")
    yield from of_94_percent(stored.get("CAP", {}).get("muon", {}).get("seeds", {}))


def of_94_percent(runs: dict[str, dict]) -> Iterator[Target]:
    """A mean of 94 % on the test set, with no more work than the published recipe of ten epochs."""
    if len(runs) < len(reproduce.SEEDS):
        yield not_measured("CIFAR-10: accuracy of the final recipe", "reproduce --only CAP")
        return
    on_test = {seed: run for seed, run in runs.items() if run["images"] == "test"}
    yield compare("CIFAR-10: runs of the final recipe on the test set", len(on_test), "=", len(runs))
    mean = sum(run["accuracy"] for run in runs.values()) / len(runs)
    yield compare("CIFAR-10: accuracy of the final recipe", 100 * mean, ">=", 94, " %")
    for seed, run in runs.items():
        yield compare(f"CIFAR-10: work of seed {seed}", run["petaflop"], "<=", 0.36, " PFLOP")


def of_ideas(stored: dict, name: str) -> Iterator[Target]:
    """The diary and the ablation of lesson 13 are whole, and measured on validation images alone."""
    budget = cifar10.IN_CLASS
    wanted = set({"diary": cifar10.diary, "ablation": cifar10.ablation}[name](budget))
    rows = stored.get(budget.budget, {})
    on_validation = {idea for idea, runs in rows.items() if all(run["images"] == "validation" for run in runs.values())}
    if missing := wanted - set(rows):
        yield not_measured(f"{name} of lesson 13: {', '.join(sorted(missing))}", f"cifar10 {name}")
    else:
        found = len(wanted & on_validation) if set(rows) == wanted else 0
        yield compare(f"{name} of lesson 13: ideas, on validation images", found, "=", len(wanted))


def of_clinic(stored: dict) -> Iterator[Target]:
    """Every training of the bill has run with all seeds, so that each fault has a spread."""
    whole = [name for name in clinic.TRAININGS if len(stored["runs"].get(name, {})) == len(clinic.SEEDS)]
    if missing := [name for name in clinic.TRAININGS if name not in whole]:
        yield not_measured(f"the bill of lesson 11: {', '.join(missing)}", "clinic")
    else:
        yield compare("the bill of lesson 11: trainings with all seeds", len(whole), "=", len(clinic.TRAININGS))


def of_busy(stored: dict) -> Iterator[Target]:
    """The chosen number of threads is about as fast as the better of the two fixed ones, whatever stands beside it."""
    for name, rows in stored["ms_of_a_step"].items():
        for beside, ways in rows.items():
            limit = busy.MOST.get(beside, busy.MOST_BUSY)
            what = f"{name}, {beside}: the chosen number of threads beside the best one"
            yield compare(what, busy.beside_the_best(ways), "<=", limit)


def of_minutes(stored: dict) -> Iterator[Target]:
    """A lesson fits a class, all lessons fit half an hour, and no cell keeps a class waiting for a minute."""
    lessons = {name: times for name, times in stored["class"]["lessons"].items() if "/" not in name}
    longest = max(lessons, key=lambda name: lessons[name]["seconds"])
    slowest = max(lessons, key=lambda name: lessons[name]["slowest_cell"])
    yield compare(f"the longest lesson, {longest}", lessons[longest]["seconds"], "<", 300, " s")
    yield compare(f"the slowest cell, in {slowest}", lessons[slowest]["slowest_cell"], "<", 60, " s")
    yield compare("all lessons together", sum(times["seconds"] for times in lessons.values()), "<", 1800, " s")


FILES: dict[str, tuple[Callable[[dict], Iterator[Target]], str]] = {
    "data_path": (of_data_path, "python -m benchmarks.data_path --write"),
    "speed": (of_speed, "python -m benchmarks.speed --write"),
    "peers": (of_peers, "python -m benchmarks.peers --write"),
    "growth": (of_growth, "python -m benchmarks.growth --write"),
    "scaling": (of_scaling, "python -m benchmarks.scaling --write"),
    "reproduction": (of_reproduction, "python -m benchmarks.reproduce"),
    "diary": (partial(of_ideas, name="diary"), "python -m benchmarks.cifar10 diary"),
    "ablation": (partial(of_ideas, name="ablation"), "python -m benchmarks.cifar10 ablation"),
    "clinic": (of_clinic, "python -m benchmarks.clinic"),
    "busy": (of_busy, "python -m benchmarks.busy --write"),
    "timing": (of_minutes, "make check WRITE=1"),
}
"""For each file of results/ its targets, and the command that writes it."""


def all_targets(results: Path = RESULTS) -> Iterator[Target]:
    for name, (targets, command) in FILES.items():
        if stored := read_json(results / f"{name}.json"):
            yield from targets(stored)
        else:
            yield Target(f"{name}.json", f"not measured yet: {command}", False)
