"""The bill of lesson 11: every training runs, is stored and not run again; the table shows what was stored."""

import json

import pytest
import torch

from benchmarks import clinic
from benchmarks.report import RESULTS
from course_utils.data import DataSets, ImageDataset

pytestmark = pytest.mark.usefixtures("one_thread")


def few_digits(standin: bool = False) -> DataSets:
    numbers = torch.Generator().manual_seed(0)
    images = torch.randint(256, (600, 1, 28, 28), dtype=torch.uint8, generator=numbers)
    train, validation = (
        ImageDataset(images[part], torch.arange(600)[part] % 10, (0.5,), (0.25,))
        for part in (slice(500), slice(500, 600))
    )
    return DataSets("mnist", train, validation, validation, tuple("0123456789"), (0.5,), (0.25,), "few", standin, None)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A few random pictures, one seed, one and two epochs, and a result of this test."""
    monkeypatch.setattr(clinic, "load", lambda name: few_digits())
    monkeypatch.setattr(clinic, "RESULT", tmp_path / "clinic.json")
    monkeypatch.setattr(clinic, "EPOCHS", (1, 2))
    monkeypatch.setattr(clinic, "SEEDS", (777,))
    monkeypatch.setattr("sys.argv", ["clinic"])
    return tmp_path / "clinic.json"


@pytest.mark.parametrize("name", clinic.TRAININGS)
def test_every_training_gives_its_readings(name):
    digits, training = few_digits(), clinic.TRAININGS[name]
    found = clinic.train(training, 777, digits, digits.train.subset(slice(100)), (1, 2))
    assert set(found) == set(training.readings)
    assert all(len(values) == 2 and all(0 <= value <= 1 for value in values) for values in found.values())


def test_what_is_stored_is_not_run_again(small, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["clinic", "--only", "healthy", "softmax twice"])
    clinic.main()
    assert capsys.readouterr().out.splitlines() == ["healthy, seed 777", "softmax twice, seed 777"]
    before = small.read_bytes()
    clinic.main()
    assert capsys.readouterr().out == "" and small.read_bytes() == before
    stored = json.loads(before)
    assert stored["epochs"] == [1, 2] and stored["steps_in_an_epoch"] == 2
    assert len(stored["bill"]["13 softmax twice"]["2"]) == 1 and stored["bill"]["17 no eval()"]["2"] == []
    monkeypatch.setattr("sys.argv", ["clinic", "--list"])
    clinic.main()
    assert len(capsys.readouterr().out.splitlines()) == len(clinic.TRAININGS) - 2


def test_the_drawn_standin_is_refused(small, monkeypatch, capsys):
    monkeypatch.setattr(clinic, "load", lambda name: few_digits(standin=True))
    with pytest.raises(SystemExit):
        clinic.main()
    assert "make data" in capsys.readouterr().err and not small.exists()


def test_the_bill_compares_with_the_healthy_training_or_with_the_same_network(small, monkeypatch, capsys):
    runs = {
        "healthy": {"1": {"accuracy": [0.9, 0.95], "wrong divisor": [0.89, 0.94]}, "2": {"accuracy": [0.92, 0.96]}},
        "softmax twice": {
            "1": {"accuracy": [0.8, 0.94]},
            "2": {"accuracy": [0.7, 0.96]},
            "3": {"accuracy": [0.1, 0.1]},
        },
    }
    runs["healthy"]["2"]["wrong divisor"] = [0.91, 0.95]
    for name, fault in clinic.FAULTS.items():
        if fault.training not in runs or fault.reading not in runs[fault.training]["1"]:
            continue
        costs = [clinic.differences(runs, fault, epochs) for epochs in (1, 2)]
        expected = {"13 softmax twice": [[-10, -22], [-1, 0]], "19 wrong divisor": [[-1, -1], [-1, -1]]}
        assert costs == expected.get(name, costs), "a seed without a healthy training is left out"
    small.write_text(json.dumps({"runs": {"healthy": {}, "softmax twice": {}}}), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["clinic", "--table"])
    clinic.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(clinic.FAULTS) and lines[2].endswith("| not yet run | not yet run |")
    assert clinic.told([-10.0, -22.0]) == "-16.00 (-22.00 to -10.00)"


def test_the_lesson_finds_all_its_faults_in_the_stored_bill():
    stored = json.loads((RESULTS / "clinic.json").read_text(encoding="utf-8"))
    assert set(stored["bill"]) == set(clinic.FAULTS) and stored["epochs"] == list(clinic.EPOCHS)
    assert stored["bill"] == json.loads(json.dumps(clinic.bill(stored["runs"])))
    assert all(cost[str(epochs)] for cost in stored["bill"].values() for epochs in clinic.EPOCHS)
