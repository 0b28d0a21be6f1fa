"""The comparison with the published recipe: its file is changed for the CPU, run as it stands, and timed."""

import pytest
import torch

from benchmarks import airbench
from course_utils.data import DataSets, ImageDataset

PUBLISHED = """
import sys
import torch
with open(sys.argv[0]) as f:
    code = f.read()

class CifarNet(torch.nn.Linear):
    def __init__(self):
        super().__init__(2, 2)
        self.half()

@torch.compile
def orthogonal(G):
    X = G.bfloat16()
    X /= 2
    return X

def main(run, model):
    data = torch.load("cifar10/train.pt", map_location=torch.device("cuda"))
    assert data["images"].shape == (20, 32, 32, 3) and data["images"].dtype == torch.uint8
    before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    before.record()
    gradient = torch.ones(2, 2)
    assert orthogonal(gradient).dtype == model.weight.dtype == torch.float32 and gradient.sum() == 4
    after.record()
    torch.cuda.synchronize()
    assert 0 <= before.elapsed_time(after) < 60_000
    for time_seconds in (8.0, 16.0, 99.0):
        print_training_details(locals(), is_final_entry=False)
"""


@pytest.fixture
def small(monkeypatch, tmp_path):
    numbers = torch.Generator().manual_seed(0)
    split = ImageDataset(torch.randint(256, (64, 3, 32, 32), dtype=torch.uint8, generator=numbers), torch.arange(64))
    sets = DataSets("cifar10", split, None, split, tuple("0123456789"), None, None, "few", False, tmp_path)
    monkeypatch.setattr(airbench, "load", lambda name, validation: sets)
    monkeypatch.setattr(airbench, "IMAGES", 20)
    monkeypatch.setattr(airbench, "BATCH", 10)
    path = tmp_path / "airbench94_muon.py"
    path.write_text(PUBLISHED, encoding="utf-8")
    return path


def test_the_published_training_is_timed_without_its_measuring(small):
    assert airbench.theirs(airbench.published(small)) == 16.0 / 16


def test_another_version_of_the_file_is_refused(small):
    small.write_text(PUBLISHED.replace("@torch.compile\n", ""), encoding="utf-8")
    with pytest.raises(ValueError, match="does not hold '@torch.compile.*another version"):
        airbench.published(small)


def test_both_are_measured_in_turn_and_have_a_table(small, monkeypatch, capsys):
    monkeypatch.setattr(airbench, "ours", lambda: 2.0)
    result = airbench.measure(small)
    assert result["seconds_of_a_step"] == {"published": [1.0, 1.0], "ours": [2.0, 2.0]}
    assert capsys.readouterr().out.split()[::5] == ["published", "ours"] * airbench.ROUNDS
    assert "| published | 8 | 200 | 1.00 | 200 |\n| ours | 9 | 225 | 2.00 | 450 |" in airbench.table(result)
    assert airbench.table({}) == "Not yet run."
