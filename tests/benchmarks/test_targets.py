"""python -m benchmarks: the list, and the check of stored results, here made-up ones."""

import json

import pytest

from benchmarks import busy, cifar10, clinic, growth, peers, reproduce, scaling, speed
from benchmarks.__main__ import benchmarks, main
from benchmarks.targets import FILES, WAYS
from course_utils import ROOT

WAYS_OF_BUSY = {"all cores": [30.0, 31.0, 32.0], "one thread": [10.0, 11.0, 12.0], "chosen": [10.1, 11.2, 12.3]}


def good_results() -> dict[str, dict]:
    """Made-up results that meet every target."""
    median = {name: {"median": 0.01} for name in ("read_idx", "load: files, checksums, split, statistics")}
    run = {"test_accuracy": [0.5, 0.999]}
    rows = {name: {"seeds": {str(seed): run for seed in row.seeds}} for name, row in reproduce.ROWS.items()}
    reproduction = {row: {name: entry for name in reproduce.ROWS[row].recipes} for row, entry in rows.items()}
    reproduction |= {
        row: reproduction[row] | {"post": {"seeds": {str(seed): {"test_accuracy": [value]} for seed in seeds}}}
        for row, value, seeds in (
            ("D-1", 0.95, (1, 2, 3)),
            ("T-40", 0.9, (1, 2, 3)),
            ("L-a", 0.99, (1, 2, 3)),
            ("L-b", 0.995, (1, 2, 3)),
            ("C", 0.85, (1,)),
            ("S", 0.98, (1, 2, 3)),
        )
    }
    final = {"accuracy": 0.942, "images": "test", "petaflop": 0.32}
    reproduction["CAP"] = {"muon": {"seeds": {"777": final, "778": final, "779": final}}}
    budget = cifar10.IN_CLASS
    on_validation = {"777": {"images": "validation"}}
    epoch = {name: {"seconds": [1.0 if name == "ours" else 1.5] * 3} for name in peers.PEERS}
    ms = {"A": [100.0] * 5, "A, 2 workers": [90.0] * 5, "B": [4.0] * 5, "C": [3.9] * 5, "B16": [3.0] * 5}
    assert set(ms) == WAYS
    return {
        "data_path": {
            "seconds": {
                "reading": median | {"list of ints (MCL)": {"median": 0.2}},
                "a pass over 60,000 images": {"loader": {"median": 0.04}},
            },
            "peak_megabytes": {"read_idx": 47.0},
        },
        "speed": {"trainings": {row: {"ms": ms, "batch_size": 100} for row in speed.TRAININGS}},
        "peers": {"networks": {name: {"images": 1, "cores": {"1": epoch, "2": epoch}} for name in peers.NETWORKS}},
        "growth": {
            "images": {name: {"10000": [1.0], "60000": [1.1]} for name in (growth.LOAD, growth.PASS, growth.EPOCH)},
            "batch": {name: {"64": [1.0], "1024": [0.5]} for name in (growth.PASS, growth.EPOCH)},
        },
        "scaling": {"cores": 2, "epoch_seconds": {scaling.label(1, 1): [10.0], scaling.label(2, 1): [5.5]}},
        "reproduction": reproduction,
        "diary": {budget.budget: {idea: on_validation for idea in cifar10.diary(budget)}},
        "ablation": {budget.budget: {idea: on_validation for idea in cifar10.ablation(budget)}},
        "clinic": {"runs": {name: {"777": {}, "1": {}, "2": {}} for name in clinic.TRAININGS}},
        "busy": {"ms_of_a_step": {name: {beside: WAYS_OF_BUSY for beside in busy.BESIDE} for name in busy.NETWORKS}},
        "timing": {"class": {"lessons": {"01_a": {"seconds": 250, "slowest_cell": 50},
                                         "solutions/01_a": {"seconds": 900, "slowest_cell": 90}}}},
    }  # fmt: skip


@pytest.fixture
def check(tmp_path, capsys):
    """Stores results, and gives the exit status and the lines of the check."""

    def run(results):
        for name, result in results.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(result), encoding="utf-8")
        status = main(["--check", f"--results={tmp_path}"])
        return status, capsys.readouterr().out.splitlines()

    return run


def test_all_targets_met(check):
    status, lines = check(good_results())
    assert status == 0 and lines[-1] == "no targets missed"
    assert all(line.startswith("met ") for line in lines[:-1])
    assert "met     load MNIST: 0.01 s, wanted < 0.3 s" in lines


FINAL = ("reproduction", "CAP", "muon", "seeds", "777")
BUDGET = cifar10.IN_CLASS.budget
READING = ("data_path", "seconds", "reading")
PEERS = ("peers", "networks", "LeNet", "cores", "1")
MS = ("speed", "trainings", "M", "ms")
WORSE = {str(n): {"test_accuracy": [0.97]} for n in range(3)}
MISSED = {  # what is changed, and a part of the line that tells it
    (*READING, "load: files, checksums, split, statistics", "median", 0.31): "load MNIST: 0.31 s, wanted < 0.3 s",
    ("data_path", "seconds", "a pass over 60,000 images", "loader", "median", 0.6): "loader: 0.6 s, wanted < 0.5 s",
    (*READING, "list of ints (MCL)", "median", 0.05): "as fast as a list of ints: 5, wanted > 10",
    ("data_path", "peak_megabytes", "read_idx", 94): "94 MB, wanted < 56.45 MB",
    ("speed", "trainings", "S", "ms", "C", (3.5,) * 5): "LeNet, batch 128: ours beside the floor, B/C: 1.143",
    (*MS, "A", (30.0,) * 5): "A/B: 10, wanted >= 15",
    (*MS, "only A"): "--only M --write",
    (*MS, "few rounds"): "the fewest rounds: 4, wanted >= 5",
    (*PEERS, "skorch", "seconds", (1.2,) * 3): "1 core: the fastest peer, skorch, beside ours: 1.2, wanted >= 1.3",
    (*PEERS, "few peers"): "LeNet, batch 128, 1 core: peers that were measured: 1, wanted >= 6",
    ("peers", "networks", "CifarNet", "none"): "not measured yet: python -m benchmarks.peers --only CifarNet --write",
    ("growth", "batch", growth.EPOCH, "1024", (1.3,)): "1,024 beside 64 images in a batch: cost of an image: 1.3",
    ("scaling", "epoch_seconds", scaling.label(2, 1), (4.0,)): "0.8, wanted > 0.85",
    ("reproduction", "D-1", "post", "seeds", "1", "test_accuracy", (0.9,)): "away from the post's: 1.887 points",
    ("reproduction", "C", "ours", "seeds", "777", "test_accuracy", (0.9,)): "90 %, wanted >= 91 %",
    ("reproduction", "S", "ours", "seeds", "worse"): "-1 points, wanted > 0 points",
    ("reproduction", "L-a", "post", "seeds", "none"): "not measured yet: python -m benchmarks.reproduce --only L-a",
    (*FINAL, "petaflop", 0.42): "work of seed 777: 0.42 PFLOP, wanted <= 0.36 PFLOP",
    (*FINAL, "accuracy", 0.93): "93.8 %, wanted >= 94 %",
    (*FINAL, "images", "validation"): "on the test set: 2, wanted = 3",
    ("diary", BUDGET, "label smoothing", "777", "images", "test"): "13, wanted = 14",
    ("ablation", BUDGET, "none"): "python -m benchmarks.cifar10 ablation",
    (
        "clinic",
        "runs",
        "softmax twice",
        "none",
    ): "lesson 11: softmax twice: not measured yet: python -m benchmarks.clinic",
    (
        "busy",
        "ms_of_a_step",
        "LeNet",
        "two kernels",
        "chosen",
        (30.0,) * 3,
    ): "LeNet, two kernels: the chosen number",
    ("busy", "ms_of_a_step", "LeNet", "alone", "chosen", (31.0,) * 3): "beside the best one: 2.818, wanted <= 1.05",
    ("timing", "class", "lessons", "01_a", "seconds", 301): "the longest lesson, 01_a: 301 s",
    ("timing", "class", "lessons", "01_a", "slowest_cell", 61): "the slowest cell, in 01_a: 61 s",
}
VALUES = {
    "none": {},
    "worse": WORSE,
    "few peers": {"ours": {"seconds": [1.0]}, "plain": {"seconds": [1.5]}, "flax": {"reason": "no wheel"}},
    "only A": {"A": [1.0]},
    "few rounds": {"A": [90.0] * 4, "A, 2 workers": [90.0] * 4, "B": [4.0] * 4, "C": [3.9] * 4, "B16": [3.0] * 4},
}


def test_a_missed_target_is_told_with_its_number(check):
    for (*keys, last, value), line in MISSED.items():
        results = json.loads(json.dumps(good_results()))
        place = results
        for key in keys:
            place = place[key]
        assert last in place
        place[last] = VALUES.get(value, value)
        status, lines = check(results)
        missed = [text for text in lines if text.startswith("MISSED")]
        assert status == 1 and any(line in text for text in missed) and len(missed) <= 2, (line, missed)
        assert lines[-1] == f"{len(missed)} target{'s' * (len(missed) > 1)} missed"


def test_what_is_not_measured_is_missed(check):
    status, lines = check({})
    assert status == 1 and len(lines) == len(FILES) + 1
    assert all("not measured yet: " in line for line in lines[:-1])


def test_the_stored_results_can_be_checked(capsys):
    """Whether they meet the targets is not asked here: `python -m benchmarks --check` tells it."""
    status = main(["--check"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 40 and status == any(line.startswith("MISSED") for line in lines)


def test_the_list_names_each_benchmark(capsys):
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = dict(benchmarks())
    names = {"airbench", "busy", "cifar10", "classroom", "clinic", "data_path", "growth", "peers", "reproduce"}
    assert names | {"scaling", "speed"} == set(found)
    assert len(lines) == len(found) and all(line.startswith("python -m benchmarks.") for line in lines)
    for name in found:
        text = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
        assert f"python -m benchmarks.{name}" in text, "its docstring shows how it is called"
