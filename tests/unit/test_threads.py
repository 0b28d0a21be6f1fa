"""A training gets the threads that fit the machine as it is, and nothing else of it changes."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest
import torch
from torch import nn

from course_utils import threads
from course_utils.callbacks.checkpoint import Checkpoint
from course_utils.data import ImageDataset, loader
from course_utils.train import fit


@pytest.fixture
def two_cores(monkeypatch):
    """A machine with two cores on which nobody has set a number."""
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("COURSE_THREADS", raising=False)
    monkeypatch.setattr(threads, "_all", 2)
    monkeypatch.setattr(threads, "_next", 0.0)
    yield monkeypatch
    torch.set_num_threads(before)


def tried(monkeypatch, *answers: int) -> list[int]:
    """What is chosen from now on, instead of measuring; each choice that is made is put into the list."""
    made = []

    def fastest(step: Callable[[], object], numbers: list[int]) -> int:
        step()
        made.append(answers[min(len(made), len(answers) - 1)])
        return made[-1]

    monkeypatch.setattr(threads, "fastest", fastest)
    return made


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(), nn.Linear(144, 2))


def batches(n: int = 6):
    images = torch.randint(0, 256, (4 * n, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return loader(ImageDataset(images, torch.arange(4 * n) % 2), 4, shuffle=True, seed=0)


def trained(**arguments) -> tuple[nn.Module, torch.Tensor]:
    """A trained network, and torch's next random number."""
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    fit(model, batches(), epochs=2, optimizer=optimizer, verbose=False, **arguments)
    return model, torch.rand(1)


@pytest.mark.parametrize("fast", [1, 2, 4])
def test_the_fastest_number_is_taken(two_cores, fast):
    def step() -> None:
        time.sleep(0.001 if torch.get_num_threads() == fast else 0.003)

    assert threads.fastest(step, [4, 2, 1]) == fast


def test_a_slow_first_step_and_a_long_step_decide_nothing_wrong(two_cores):
    first = iter([0.2])

    def step() -> None:
        time.sleep(next(first, 0) + (0.001 if torch.get_num_threads() == 2 else 0.003))

    assert threads.fastest(step, [2, 1]) == 2
    two_cores.setattr(threads, "ENOUGH", 0)
    calls = []
    threads.fastest(lambda: calls.append(torch.get_num_threads()), [2, 1])
    assert calls == [2, 1], "one step with each, when that takes as long as a choice may"


@pytest.mark.parametrize(
    "cores, expected", [(1, [1]), (2, [2, 1]), (3, [3, 1]), (4, [4, 2, 1]), (8, [8, 4, 1]), (64, [64, 32, 1])]
)
def test_what_there_is_to_choose_from(cores, expected):
    assert threads.options(cores) == expected


@pytest.mark.parametrize(
    "files, limit",
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "250000 100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_cores_that_a_container_allows(tmp_path, files, limit):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="ascii")
    assert threads._limit(tmp_path) == limit


def test_a_number_that_is_set_is_kept(two_cores):
    made = tried(two_cores, 1)
    two_cores.setenv("COURSE_THREADS", "3")
    assert threads.choose() == "3 threads" and torch.get_num_threads() == 3
    trained()
    assert torch.get_num_threads() == 3 and not made
    two_cores.setenv("COURSE_THREADS", "two")
    with pytest.raises(ValueError, match="COURSE_THREADS is 'two'"):
        threads.choose()


def test_the_status_line_says_why_it_is_not_all(two_cores):
    tried(two_cores, 1, 2)
    assert threads.choose() == "1 of 2 threads, other programs compute" and torch.get_num_threads() == 1
    assert threads.choose() == "2 threads" and torch.get_num_threads() == 2


def test_a_training_chooses_after_its_first_step_and_again_when_it_is_time(two_cores):
    made = tried(two_cores, 1, 2)
    trained()
    assert made == [1] and torch.get_num_threads() == 1, "two epochs within the time are one choice"
    two_cores.setattr(threads, "AGAIN", -1.0)
    two_cores.setattr(threads, "_next", 0.0)
    trained()
    assert made == [1] + 10 * [2], "before every batch but the first of an epoch"


def test_the_trial_leaves_no_trace(two_cores):
    """Weights, running averages, gradients, random numbers: all bits as without it; hooks hear nothing of it."""
    made, heard = tried(two_cores, 1), []
    torch.set_num_threads(1)  # as is chosen
    two_cores.setenv("COURSE_THREADS", "1")
    model, following = trained()
    two_cores.delenv("COURSE_THREADS")
    two_cores.setattr(threads, "AGAIN", -1.0)
    with_trials, after = trained()
    assert len(made) == 10 and torch.equal(following, after)
    for name, value in model.state_dict().items():
        assert torch.equal(value, with_trials.state_dict()[name]), name
    model[0].register_forward_hook(lambda *_: heard.append(1))
    model[0].register_full_backward_hook(lambda *_: heard.append(1))
    assert threads._try(model, torch.zeros(2, 1, 8, 8)) == 1 and not heard


def test_a_training_with_a_checkpoint_keeps_its_number(two_cores, tmp_path):
    made = tried(two_cores, 1, 2)
    two_cores.setattr(threads, "AGAIN", -1.0)
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    keep = Checkpoint(tmp_path / "a.pt")
    fit(model, batches(2), epochs=2, optimizer=optimizer, callbacks=[keep], verbose=False)
    assert made == [1] and torch.get_num_threads() == 1
    torch.set_num_threads(2)
    fit(model, batches(2), epochs=3, optimizer=optimizer, callbacks=[keep], verbose=False)
    assert made == [1] and torch.get_num_threads() == 1, "the number of the checkpoint"


def test_a_model_that_does_not_fit_its_batches_fails_in_the_training_itself(two_cores):
    tried(two_cores, 1)
    model = nn.Sequential(nn.Flatten(), nn.Linear(9, 2))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as error:
        fit(model, batches(), epochs=1, optimizer=torch.optim.SGD(model.parameters()), verbose=False)
    assert not any("threads" in str(entry.path) and entry.name == "_try" for entry in error.traceback)


def test_nothing_is_tried_where_there_is_no_choice(two_cores):
    made = tried(two_cores, 1)
    two_cores.setattr(threads, "_all", 1)
    trained()
    assert not made and threads.choose() == "1 thread"
    two_cores.setattr(threads, "_all", 2)
    assert len(list(threads.batches(batches(), nn.Flatten(), None))) == 6 and not made, "a model without parameters"


@pytest.mark.slow
def test_beside_a_busy_core_a_small_network_gets_one_thread(two_cores):
    """No time is tested here, only that the choice follows it: half of the cores are kept busy."""
    if (torch.get_num_threads(), threads._limit()) == (1, None):
        pytest.skip("this machine has one core")
    spin = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        time.sleep(1)
        chosen = [threads._try(network(), torch.zeros(64, 1, 8, 8)) for _ in range(9)]
    finally:
        for process in spin:
            process.kill()
    assert set(chosen) <= {1, 2} and 1 in chosen
