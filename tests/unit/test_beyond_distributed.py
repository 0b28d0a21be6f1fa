"""Training in two processes: the same gradients, metrics of all, checkpoints for any number, and a clear end.

Each start of two processes takes seconds: what can share a start does so, and what rarely breaks is marked as slow.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, DistributedSampler

from course_utils import ROOT
from course_utils.beyond import distributed
from course_utils.beyond.distributed import AllProcesses
from course_utils.data import ImageDataset, loader
from course_utils.train import Callback, evaluate
from tests.unit import distributed_script as script
from tests.unit.small_training import points, train

pytestmark = pytest.mark.usefixtures("one_thread")
SCRIPT = str(Path(script.__file__))
RUN = {"processes": 2, "threads": 1, "timeout": 240}


@pytest.fixture(autouse=True)
def cpu(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")


@pytest.fixture(scope="module")
def together(killed, tmp_path_factory):
    """What both processes found, and what they printed."""
    folder = tmp_path_factory.mktemp("together")
    shutil.copy(killed[0] / "checkpoint.pt", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DEVICE", "cpu")
        done = distributed.run_processes([SCRIPT, "together", str(folder)], **RUN)
    return [torch.load(folder / f"together-{rank}.pt", weights_only=True) for rank in (0, 1)], done.stdout


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The folder of a training whose second process died after one epoch, and how torchrun ended."""
    folder = tmp_path_factory.mktemp("killed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DEVICE", "cpu")
        done = distributed.run_processes([SCRIPT, "killed", str(folder)], check=False, **RUN)
    return folder, done


@pytest.fixture(scope="module")
def alone():
    """The same training, never stopped, in one process."""
    model, history = script.train(script.EPOCHS)
    return model.state_dict(), history


def close(a, b, **tolerance):
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(a[name], b[name], **tolerance)


def gone(pid: int) -> bool:
    """True if this process has ended; nobody has to have asked for its exit status."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def assert_gone(folder: Path, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    for file in folder.glob("*.pid"):
        while not gone(int(file.read_text(encoding="utf-8"))):
            assert time.monotonic() < end, f"{file.stem} still runs"
            time.sleep(0.05)


# ---- one process: nothing changes ----


def test_without_a_group_there_is_one_process():
    with distributed.process_group() as device:
        assert device.type == "cpu"
        assert (distributed.rank(), distributed.world_size()) == (0, 1)
        assert distributed.mean_of_all([1.5, 2.0], weight=7) == [1.5, 2.0]
        distributed.barrier()
        model = script.network(batch_norm=True)
        distributed.same_buffers(model)


def test_a_sampler_is_told_each_epoch():
    """By AllProcesses, from a plain DataLoader and from `loader` over images alike."""
    data = ImageDataset(torch.zeros(20, 1, 1, 2, dtype=torch.uint8), torch.arange(20) % 3)
    for make in (DataLoader, loader):
        sampler = DistributedSampler(data, 2, 0, seed=1)
        seen = []

        class Look(Callback):
            def on_epoch_start(self, training, sampler=sampler, seen=seen):
                seen.append((sampler.epoch, list(sampler)))

        model = nn.Sequential(nn.Flatten(), nn.Linear(2, 3))
        train(model, [make(data, 5, sampler=sampler)], epochs=2, callbacks=[AllProcesses(), Look()])
        assert [epoch for epoch, _ in seen] == [1, 2] and seen[0][1] != seen[1][1]


# ---- two processes ----


def test_every_process_knows_its_number(together):
    assert [(found["rank"], found["size"]) for found in together[0]] == [(0, 2), (1, 2)]


def test_a_mean_over_all_is_weighted(together):
    for found in together[0]:
        assert found["mean"] == [0.75, 10.0]  # (1 * 0 + 3 * 1) / 4


def test_two_processes_give_the_gradients_of_one_with_the_whole_batch(together):
    x, y = (tensor[:64] for tensor in points(script.SAMPLES).tensors)
    expected = script.gradients(script.network(), x, y)
    for found in together[0]:
        torch.testing.assert_close(found["gradients"], expected, atol=1e-6, rtol=0)


def test_with_batch_norm_the_gradients_differ(together):
    x, y = (tensor[:64] for tensor in points(script.SAMPLES).tensors)
    expected = script.gradients(script.network(batch_norm=True), x, y)
    first, second = (found["gradients with BN"] for found in together[0])
    torch.testing.assert_close(first, second, atol=0, rtol=0)
    assert max((a - b).abs().max() for a, b in zip(first, expected, strict=True)) > 1e-3
    assert "GPU" in together[0][0]["SyncBatchNorm"] or "cuda" in together[0][0]["SyncBatchNorm"]


def test_fit_gives_the_training_of_one_process(together, alone):
    first, second = together[0]
    close(first["model"], second["model"], atol=0, rtol=0)
    close(first["model"], alone[0], atol=1e-5, rtol=0)
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        assert first["history"][name] == second["history"][name], name
        assert first["history"][name] == pytest.approx(getattr(alone[1], name), abs=1e-5), name


def test_validation_is_that_of_the_saved_model(together):
    """Running statistics differ between processes; those of rank 0 are saved and measured, on all 37 samples."""
    first, second = together[0]
    model = script.network(batch_norm=True)
    model.load_state_dict(first["model with BN"])
    measured = evaluate(model, DataLoader(points(37), 37)).loss
    assert first["validation with BN"] == second["validation with BN"] == pytest.approx(measured, abs=1e-6)


def test_rank_0_alone_prints(together):
    lines = together[1].splitlines()
    assert [line[:8] for line in lines] == [
        *(f"epoch  {n}" for n in (1, 2, 3, 4)),  # the training
        *("resumed ", "epoch  2", "epoch  3", "epoch  4"),  # of the one that was killed
        *("epoch  1", "epoch  2"),  # with batch norm
        *("epoch  1", "resumed "),  # another file in each process
    ]


def test_mistakes_are_told(together):
    for found in together[0]:
        assert "2 processes, but the model is no DistributedDataParallel" in found["no DDP"]
    assert "process 0 found 1 epochs" in together[0][0]["another file"]
    assert "process 1 found 0 epochs" in together[0][1]["another file"]


# ---- a process dies; the training goes on ----


def test_a_killed_process_ends_the_training_clearly(killed):
    folder, done = killed
    assert done.returncode != 0
    assert "rank      : 1" in done.stderr and "exitcode  : -15" in done.stderr or sys.platform == "win32"
    assert_gone(folder)
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["checkpoint.pt", "killed-0.pid", "killed-1.pid"]
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    assert len(state["history"]["train_loss"]) == 1
    assert not any(name.startswith("module.") for name in state["model"])


def test_it_goes_on_in_one_process(killed, alone, tmp_path, capsys):
    model, history = script.train(script.EPOCHS, shutil.copy(killed[0] / "checkpoint.pt", tmp_path))
    assert "resumed from checkpoint.pt: 1 of 4 epochs" in capsys.readouterr().out
    close(model.state_dict(), alone[0], atol=1e-5, rtol=0)
    assert history.validation_loss == pytest.approx(alone[1].validation_loss, abs=1e-5)


def test_it_goes_on_in_two_processes_to_the_same_bits(together):
    assert "resumed from checkpoint.pt: 1 of 4 epochs" in together[1]
    for found in together[0]:
        close(found["resumed model"], together[0][0]["model"], atol=0, rtol=0)
        assert found["resumed history"]["train_loss"] == together[0][0]["history"]["train_loss"]


# ---- starting and ending ----


@pytest.mark.slow
def test_a_failure_shows_its_message(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemError('told to the reader')", encoding="utf-8")
    with pytest.raises(RuntimeError, match="(?s)broken.py.* failed.*told to the reader"):
        distributed.run_processes([str(broken)], processes=1)


@pytest.mark.slow
def test_who_waits_for_ever_is_ended(tmp_path):
    """Killing whoever called run_processes, as a kernel is killed, ends all processes; so does the time-out."""
    words = [SCRIPT, "hanging", str(tmp_path)]
    call = f"from course_utils.beyond.distributed import run_processes; run_processes({words})"
    caller = subprocess.Popen([sys.executable, "-c", call], cwd=ROOT)
    end = time.monotonic() + 120
    while len(list(tmp_path.glob("*.pid"))) < 2:
        assert time.monotonic() < end and caller.poll() is None
        time.sleep(0.05)
    children = psutil.Process(caller.pid).children(recursive=True)
    assert len(children) >= 3  # torchrun and its two processes
    caller.kill()
    caller.wait()
    assert_gone(tmp_path)
    psutil.wait_procs(children, timeout=60)
    assert all(gone(child.pid) for child in children)


def test_a_timeout_says_what_may_be_wrong(tmp_path):
    with pytest.raises(TimeoutError, match="2 processes did not end within 0.2 s.*all_reduce"):
        distributed.run_processes([SCRIPT, "hanging", str(tmp_path)], timeout=0.2)
    assert_gone(tmp_path)


NO_LIBUV = """
import torch.distributed as dist
class Store(dist.TCPStore):
    def __init__(self, *args, **options):
        if options.get("use_libuv", True):
            raise RuntimeError("use_libuv was requested but PyTorch was built without libuv support")
        super().__init__(*args, **options)
dist.TCPStore = Store
import torch.distributed.rendezvous, torch.distributed.elastic.rendezvous.c10d_rendezvous_backend as backend
torch.distributed.rendezvous.TCPStore = backend.TCPStore = Store
"""


@pytest.mark.slow
@pytest.mark.parametrize("windows", [False, True])
def test_run_processes_works_without_libuv_as_on_windows(windows, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(NO_LIBUV, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(distributed, "WINDOWS", windows)
    meet = tmp_path / "meet.py"
    meet.write_text(
        "from course_utils.beyond.distributed import mean_of_all, process_group\n"
        "with process_group():\n    print(mean_of_all([1.5], 1))",
        encoding="utf-8",
    )
    done = distributed.run_processes([str(meet)], check=False, **RUN)
    if windows:
        assert done.returncode == 0 and done.stdout.count("[1.5]") == 2, done.stderr
    else:
        assert done.returncode and "without libuv" in done.stderr
