"""The callbacks of fit: a checkpoint from which a training goes on, and logs for TensorBoard."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from course_utils import ROOT
from course_utils.callbacks.checkpoint import Checkpoint
from course_utils.callbacks.tensorboard import TensorBoard
from course_utils.data import ImageDataset, loader
from course_utils.train import Callback, History, fit
from tests.unit.small_training import network, problem, same, train

pytestmark = pytest.mark.usefixtures("one_thread")

# ---- Checkpoint ----


def adam(model):
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    return optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.9)


@pytest.mark.parametrize("own_generator", [True, False])
def test_a_resumed_training_ends_with_the_same_bits(tmp_path, own_generator):
    def run(stops, path):
        for epochs in stops:  # each stop is a new process, as far as fit can tell: all objects are made anew
            train_loader, validation_loader = problem()
            if not own_generator:
                train_loader = DataLoader(train_loader.dataset, 32, shuffle=True)
            model = network()
            torch.manual_seed(3)
            optimizer, scheduler = adam(model)
            history = fit(
                model, train_loader, validation_loader, epochs=epochs, optimizer=optimizer, scheduler=scheduler,
                callbacks=[Checkpoint(path)], verbose=False,
            )  # fmt: skip
        return model, history

    whole, h1 = run([5], tmp_path / "whole.pt")
    parts, h2 = run([2, 4, 5], tmp_path / "parts.pt")
    assert same(whole, parts)
    assert h1.train_loss == h2.train_loss and h1.validation_loss == h2.validation_loss
    assert h1.learning_rate == h2.learning_rate


def train_six_epochs(path, pause=0.0):
    def slow_loss(outputs, targets):
        time.sleep(pause)
        return F.cross_entropy(outputs, targets)

    model = network()
    torch.manual_seed(3)
    optimizer, scheduler = adam(model)
    return model, fit(
        model,
        *problem(),
        epochs=6,
        optimizer=optimizer,
        scheduler=scheduler,
        loss_fn=slow_loss,
        callbacks=[Checkpoint(path)],
    )


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, capsys):
    whole, history = train_six_epochs(tmp_path / "whole.pt")
    path = tmp_path / "killed.pt"
    script = "import sys; from tests.unit.test_callbacks import train_six_epochs; train_six_epochs(sys.argv[1], 0.05)"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # more threads may round in another way
    command = [sys.executable, "-c", script, str(path)]
    victim = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    end = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < end and victim.poll() is None
        time.sleep(0.02)
    victim.kill()
    assert b"epoch  6" not in victim.communicate()[0], "the training was over before it was killed"
    capsys.readouterr()
    resumed, history_of_both = train_six_epochs(path)
    assert "resumed from killed.pt" in capsys.readouterr().out
    assert same(whole, resumed)
    assert history.train_loss == history_of_both.train_loss


def test_a_finished_training_is_read_back(tmp_path, capsys):
    path = tmp_path / "c.pt"
    first = train(network(), problem(), epochs=2, callbacks=[Checkpoint(path)])
    capsys.readouterr()
    again = train(network(seed=9), problem(), epochs=2, callbacks=[Checkpoint(path)])
    assert again == first and isinstance(again, History)
    assert capsys.readouterr().out == "resumed from c.pt: 2 of 2 epochs were done\n", "said without verbose, too"


def test_a_resumed_training_is_what_later_callbacks_see(tmp_path):
    class Look(Callback):
        def on_fit_start(self, training):
            seen.append(len(training.history))

        on_epoch_start = on_epoch_end = on_fit_end = on_fit_start

    for epochs, expected in ((2, [0, 0, 1, 1, 2, 2]), (3, [2, 2, 3, 3])):
        seen = []
        train(network(), problem(), epochs=epochs, callbacks=[Checkpoint(tmp_path / "c.pt"), Look()])
        assert seen == expected


@pytest.mark.parametrize("seed", [1, None])
def test_batches_of_images_go_on_in_the_same_order(tmp_path, seed):
    """`loader` over an ImageDataset draws its order in another way than a plain DataLoader."""
    images = torch.randint(256, (100, 1, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))

    def run(stops, path):
        for epochs in stops:
            torch.manual_seed(3)
            model = nn.Sequential(nn.Flatten(), nn.Linear(16, 10))
            batches = loader(ImageDataset(images, torch.arange(100) % 10), 16, shuffle=True, seed=seed)
            train(model, [batches], epochs=epochs, callbacks=[Checkpoint(path)])
        return model

    assert same(run([3], tmp_path / "whole.pt"), run([1, 3], tmp_path / "parts.pt"))


def test_the_names_of_a_model_with_a_layer_called_module_are_kept(tmp_path):
    model = nn.Sequential()
    model.add_module("module", nn.Linear(2, 3))
    train(model, problem(), epochs=1, callbacks=[Checkpoint(tmp_path / "c.pt")])
    state = torch.load(tmp_path / "c.pt", weights_only=True)
    assert list(state["model"]) == ["module.weight", "module.bias"]


def test_the_write_is_atomic(tmp_path, monkeypatch):
    """A write that breaks off leaves the checkpoint before it, no half file, and a message."""
    path = tmp_path / "c.pt"
    train(network(), problem(), epochs=1, callbacks=[Checkpoint(path)])
    before = path.read_bytes()

    def disk_full(state, target):
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", disk_full)
    with pytest.raises(OSError, match="could not be written.*disk space"):
        train(network(), problem(), epochs=2, callbacks=[Checkpoint(path)])
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["c.pt"]


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "c.pt"
    train(network(), problem(), epochs=1, callbacks=[Checkpoint(path)])
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    with pytest.raises(ValueError, match="damaged.*Delete the file"):
        train(network(), problem(), epochs=2, callbacks=[Checkpoint(path)])


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    path = tmp_path / "c.pt"
    train(network(), problem(), epochs=1, callbacks=[Checkpoint(path)])
    with pytest.raises(ValueError, match="another model"):
        train(nn.Linear(2, 3), problem(), epochs=2, callbacks=[Checkpoint(path)])


def test_a_checkpoint_runs_no_code(tmp_path):
    """A pickle that would run a command is refused unread: checkpoints are loaded with weights_only=True."""

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    torch.save(Trap(), tmp_path / "c.pt")
    with pytest.raises(ValueError, match="not a checkpoint"):
        train(network(), problem(), callbacks=[Checkpoint(tmp_path / "c.pt")])
    assert not (tmp_path / "sprung").exists()


def test_one_cycle_resumes_in_the_middle(tmp_path):
    def run(epochs, *callbacks):
        model, loaders = network(), problem()
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, epochs=4, steps_per_epoch=len(loaders[0]))
        fit(model, *loaders, epochs=epochs, optimizer=optimizer, scheduler=cycle, scheduler_interval="step",
            callbacks=callbacks, verbose=False)  # fmt: skip
        return model

    run(2, Checkpoint(tmp_path / "c.pt"))
    assert same(run(4, Checkpoint(tmp_path / "c.pt")), run(4))


# ---- TensorBoard ----


def test_tensorboard_scalars(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    loaders = problem()
    history = train(network(), loaders, epochs=2, callbacks=[TensorBoard(tmp_path)])
    events = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0})
    events.Reload()
    assert [e.step for e in events.Scalars("step/train_loss")] == list(range(2 * len(loaders[0])))
    assert [e.step for e in events.Scalars("epoch/validation_accuracy")] == [1, 2]
    logged = [e.value for e in events.Scalars("epoch/train_loss")]
    assert logged == pytest.approx(history.train_loss, rel=1e-6)


def test_tensorboard_after_a_resume_has_each_step_once(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    loaders = problem()
    for epochs in (1, 3):
        train(
            network(), loaders, epochs=epochs, callbacks=[Checkpoint(tmp_path / "c.pt"), TensorBoard(tmp_path / "log")]
        )
    events = EventAccumulator(str(tmp_path / "log"), size_guidance={"scalars": 0})
    events.Reload()
    assert [e.step for e in events.Scalars("step/train_loss")] == list(range(3 * len(loaders[0])))
    assert [e.step for e in events.Scalars("epoch/train_loss")] == [1, 2, 3]


def test_a_silent_process_logs_nothing(tmp_path):
    """In several processes each has its callbacks; one alone writes, else a chart would hold each step twice."""

    class Silence(Callback):
        def on_fit_start(self, training):
            training.silent = True

    train(network(), problem(), epochs=1, callbacks=[Silence(), TensorBoard(tmp_path)])
    assert not list(tmp_path.iterdir())


# ---- Interrupt Kernel ----


class Interrupted:
    """A loader whose pass number `which` is interrupted after three batches."""

    def __init__(self, loader, which):
        self.loader, self.which, self.passes, self.generator = loader, which, 0, loader.generator

    def __len__(self):
        return len(self.loader)

    def __iter__(self):
        self.passes += 1
        for i, batch in enumerate(self.loader):
            if self.passes == self.which and i == 3:
                raise KeyboardInterrupt
            yield batch


def logged(folder):
    """The steps and epochs in TensorBoard's files."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [event.step for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


@pytest.mark.parametrize("which", [1, 2, 3])
def test_an_interrupted_training_leaves_nothing_open_and_runs_again(tmp_path, monkeypatch, which):
    monkeypatch.delenv("COURSE_INTERACTIVE", raising=False)
    whole = network()
    expected = train(whole, problem())

    def interrupted(model, callbacks):
        train_loader, validation_loader = problem()
        with pytest.raises(KeyboardInterrupt):
            train(model, (Interrupted(train_loader, which), validation_loader), callbacks=callbacks)

    model, board = network(), TensorBoard(tmp_path / "logs")
    checkpoint = Checkpoint(tmp_path / "run.pt")
    interrupted(model, [board, checkpoint])
    assert board.writer is None, "its file is closed"
    assert not list(tqdm._instances), "no bar is left"
    assert not list(tmp_path.rglob("*.part"))
    assert checkpoint.path.exists() == (which > 1)

    again = network()  # the cell that made model and optimizer runs once more
    assert train(again, problem()).train_loss == expected.train_loss and same(again, whole)

    going_on = network()
    history = train(going_on, problem(), callbacks=[board, checkpoint])
    assert history.train_loss == expected.train_loss and same(going_on, whole)
    assert logged(tmp_path / "logs")["epoch/train_loss"] == [1, 2, 3], "each epoch once"


def test_a_callback_that_cannot_start_leaves_nothing_open(tmp_path):
    (tmp_path / "run.pt").write_bytes(b"garbage")
    board = TensorBoard(tmp_path / "logs")
    with pytest.raises(ValueError, match="not a checkpoint"):
        train(network(), problem(), callbacks=[board, Checkpoint(tmp_path / "run.pt")])
    assert board.writer is None and not list(tqdm._instances)
