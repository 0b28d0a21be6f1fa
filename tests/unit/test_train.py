"""fit, evaluate, predict and checkpoints, on a small problem that trains in a blink."""

import math
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils.train import Evaluation, History, evaluate, fit, predict

ROOT = Path(__file__).resolve().parent.parent


def problem(n=200, batch_size=32, seed=0, drop_last=False):
    """Three classes in the plane, a bit apart; a loader with its own generator, and an unshuffled one."""
    g = torch.Generator().manual_seed(seed)
    targets = torch.randint(3, (n,), generator=g)
    centres = torch.tensor([[0.0, 2.0], [2.0, 0.0], [-2.0, -2.0]])
    data = TensorDataset(centres[targets] + torch.randn(n, 2, generator=g), targets)
    own = torch.Generator().manual_seed(1)
    return DataLoader(data, batch_size, shuffle=True, drop_last=drop_last, generator=own), DataLoader(data, 37)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))


def train(model, loaders, epochs=3, lr=0.05, **more):
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0.9)
    return fit(model, *loaders, epochs=epochs, optimizer=optimizer, verbose=False, **more)


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_it_learns_and_records_every_epoch():
    history = train(network(), problem(), epochs=4)
    assert len(history) == 4
    lists = vars(history)
    assert set(lists) == {
        "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds"
    }  # fmt: skip
    assert all(len(values) == 4 for values in lists.values())
    assert history.train_loss[-1] < history.train_loss[0]
    assert history.validation_accuracy[-1] > 0.9
    assert all(s > 0 for s in history.seconds)


def test_the_same_seed_gives_the_same_bits():
    first, second = network(), network()
    torch.manual_seed(5)
    h1 = train(first, problem())
    torch.manual_seed(5)
    h2 = train(second, problem())
    assert same(first, second)
    assert h1.train_loss == h2.train_loss


def test_the_loop_is_the_plain_one():
    """fit gives, bit by bit, what the loop gives that lesson 04 writes out."""
    loaders = problem()
    torch.manual_seed(5)
    ours = network()
    train(ours, loaders, epochs=2)
    loaders = problem()
    torch.manual_seed(5)
    plain = network()
    optimizer = torch.optim.SGD(plain.parameters(), 0.05, momentum=0.9)
    for _ in range(2):
        plain.train()
        for x, y in loaders[0]:
            optimizer.zero_grad()
            F.cross_entropy(plain(x), y).backward()
            optimizer.step()
        plain.eval()
        for _batch in loaders[1]:
            pass
    assert same(ours, plain)


def test_averages_are_over_samples_not_batches():
    """100 samples in batches of 96 and 4, with a model that cannot change: both averages must be those of the whole."""
    loader = DataLoader(problem(n=100)[0].dataset, 96)
    x, y = loader.dataset.tensors
    model = nn.Linear(2, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with torch.no_grad():
        whole = F.cross_entropy(model(x), y).item()
        accuracy = (model(x).argmax(1) == y).double().mean().item()
    history = fit(model, loader, loader, epochs=1, optimizer=optimizer, verbose=False)
    assert history.train_loss[0] == pytest.approx(whole, abs=1e-6)
    assert history.validation_loss[0] == pytest.approx(whole, abs=1e-6)
    assert history.train_accuracy[0] == pytest.approx(accuracy)
    assert history.validation_accuracy[0] == pytest.approx(accuracy)


def test_evaluate_leaves_the_model_as_it_was():
    model, loaders = network(), problem()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.train()
    first = evaluate(model, loaders[1])
    assert model.training
    assert evaluate(model, loaders[1]) == first, "dropout must be off"
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items()), "running statistics must not move"
    model.eval()
    evaluate(model, loaders[1])
    assert not model.training
    assert isinstance(first, Evaluation) and 0 <= first.accuracy <= 1
    assert str(Evaluation(0.5, 0.25)) == "loss 0.5000, accuracy 25.00%"


def test_predict_keeps_the_order():
    model, loaders = network(), problem()
    outputs, targets = predict(model, loaders[1])
    x, y = loaders[1].dataset.tensors
    model.eval()
    with torch.no_grad():
        assert torch.allclose(outputs, model(x), atol=1e-6)
    assert torch.equal(targets, y)
    assert outputs.device.type == "cpu" and not outputs.requires_grad


def test_the_scheduler_steps_once_an_epoch_after_the_optimizer():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = fit(model, *problem(), epochs=3, optimizer=optimizer, scheduler=scheduler, verbose=False)
    assert history.learning_rate == [0.1, 0.05, 0.025]


def test_without_a_validation_loader():
    history = train(network(), problem()[:1], epochs=2)
    assert history.validation_loss == [] and len(history) == 2
    assert "validation" not in history.last()


def test_a_line_per_epoch(capsys):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    fit(model, *problem(), epochs=2, optimizer=optimizer)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch  1: train loss ") and "validation loss" in lines[0]


def test_another_loss():
    def one_hot_mse(outputs, targets):
        return F.mse_loss(outputs.softmax(1), F.one_hot(targets, 3).float())

    history = train(network(), problem(), epochs=5, lr=0.5, loss_fn=one_hot_mse)
    assert history.validation_loss[-1] < history.validation_loss[0] < 0.3


def test_divergence_stops_with_the_place_and_advice():
    with pytest.raises(FloatingPointError, match=r"step \d+ of epoch 1.*learning rate is 1e\+30.*anew"):
        train(network(), problem(), lr=1e30)


def test_the_step_of_the_first_bad_loss_is_named():
    bad = iter([False, False, True] + [False] * 10)

    def loss_fn(outputs, targets):
        return F.cross_entropy(outputs, targets) * (math.nan if next(bad) else 1)

    with pytest.raises(FloatingPointError, match="is nan at step 3 of epoch 1"):
        train(network(), problem(), loss_fn=loss_fn)


def test_a_model_at_chance_is_told_once():
    with pytest.warns(UserWarning, match="most frequent class") as caught:
        train(network(), problem(batch_size=2), lr=0.0, epochs=3)
    assert len(caught) == 1


@pytest.mark.parametrize("batch_size, lr", [(2, 0.05), (32, 0.0)])
def test_no_warning_for_a_model_that_learns_or_after_a_few_steps(batch_size, lr):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(network(), problem(batch_size=batch_size), lr=lr, epochs=2)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"loss_fn": nn.CrossEntropyLoss(reduction="sum")}, "reduction='sum'"),
        ({"train_loader": DataLoader([(torch.zeros(2), 0)], 4, drop_last=True)}, "gives no batch"),
        ({"optimizer": torch.optim.SGD(nn.Linear(2, 2).parameters(), 0.1)}, "no parameter of this model"),
    ],
)
def test_arguments_that_cannot_work(change, message):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    arguments = {"train_loader": problem()[0], "epochs": 1, "optimizer": optimizer, "verbose": False} | change
    with pytest.raises(ValueError, match=message):
        fit(model, **arguments)


def test_evaluate_refuses_an_empty_loader():
    with pytest.raises(ValueError, match="gives no batch"):
        evaluate(network(), DataLoader([(torch.zeros(2), 0)], 4, drop_last=True))


# -- checkpoints -----------------------------------------------------------------------------------------------------


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
                checkpoint=path, verbose=False,
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
        model, *problem(), epochs=6, optimizer=optimizer, scheduler=scheduler, loss_fn=slow_loss, checkpoint=path
    )


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, capsys):
    whole, history = train_six_epochs(tmp_path / "whole.pt")
    path = tmp_path / "killed.pt"
    script = "import sys; sys.path[:0] = sys.argv[1:3]; from test_train import *; train_six_epochs(sys.argv[3], 0.05)"
    arguments = [str(ROOT), str(ROOT / "tests"), str(path)]
    victim = subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE)
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
    first = train(network(), problem(), epochs=2, checkpoint=path)
    model = network(seed=9)
    again = train(model, problem(), epochs=2, checkpoint=path)
    assert again == first
    assert isinstance(again, History)


def test_the_write_is_atomic(tmp_path, monkeypatch):
    """A write that breaks off leaves the checkpoint before it, no half file, and a message."""
    path = tmp_path / "c.pt"
    train(network(), problem(), epochs=1, checkpoint=path)
    before = path.read_bytes()

    def disk_full(state, target):
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", disk_full)
    with pytest.raises(OSError, match="could not be written.*disk space"):
        train(network(), problem(), epochs=2, checkpoint=path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["c.pt"]


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "c.pt"
    train(network(), problem(), epochs=1, checkpoint=path)
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    with pytest.raises(ValueError, match="damaged.*Delete the file"):
        train(network(), problem(), epochs=2, checkpoint=path)


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    path = tmp_path / "c.pt"
    train(network(), problem(), epochs=1, checkpoint=path)
    with pytest.raises(ValueError, match="another model"):
        train(nn.Linear(2, 3), problem(), epochs=2, checkpoint=path)


def test_a_checkpoint_runs_no_code(tmp_path):
    """A pickle that would run a command is refused unread: checkpoints are loaded with weights_only=True."""

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    torch.save(Trap(), tmp_path / "c.pt")
    with pytest.raises(ValueError, match="not a checkpoint"):
        train(network(), problem(), checkpoint=tmp_path / "c.pt")
    assert not (tmp_path / "sprung").exists()


# -- TensorBoard -----------------------------------------------------------------------------------------------------


def test_tensorboard_scalars(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    loaders = problem()
    history = train(network(), loaders, epochs=2, log_dir=tmp_path)
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
        train(network(), loaders, epochs=epochs, log_dir=tmp_path / "log", checkpoint=tmp_path / "c.pt")
    events = EventAccumulator(str(tmp_path / "log"), size_guidance={"scalars": 0})
    events.Reload()
    assert [e.step for e in events.Scalars("step/train_loss")] == list(range(3 * len(loaders[0])))
    assert [e.step for e in events.Scalars("epoch/train_loss")] == [1, 2, 3]


def test_a_scheduler_is_stepped_after_each_epoch_or_each_step():
    loaders = problem()
    for interval, steps in (("epoch", 2), ("step", 2 * len(loaders[0]))):
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), 1.0)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        fit(model, *loaders, epochs=2, optimizer=optimizer, scheduler=scheduler, scheduler_interval=interval,
            verbose=False)  # fmt: skip
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.9**steps)
    with pytest.raises(ValueError, match="'batch': it can be"):
        train(network(), loaders, scheduler_interval="batch")


def test_one_cycle_resumes_in_the_middle(tmp_path):
    def run(epochs, path):
        model, loaders = network(), problem()
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, epochs=4, steps_per_epoch=len(loaders[0]))
        fit(model, *loaders, epochs=epochs, optimizer=optimizer, scheduler=cycle, scheduler_interval="step",
            checkpoint=path, verbose=False)  # fmt: skip
        return model

    run(2, tmp_path / "c.pt")
    assert same(run(4, tmp_path / "c.pt"), run(4, None))


def test_autocast_computes_in_16_bits_and_learns_as_well():
    seen = []
    model = network()
    model[0].register_forward_hook(lambda _module, _inputs, output: seen.append(output.dtype))
    history = train(model, problem(), epochs=4, autocast=torch.bfloat16)
    assert set(seen) == {torch.bfloat16} and model[0].weight.dtype == torch.float32
    assert history.validation_accuracy[-1] > 0.9
    plain, half = predict(model, problem()[1])[0], predict(model, problem()[1], autocast=torch.bfloat16)[0]
    assert half.dtype == torch.float32 and not torch.equal(half, plain)
    assert torch.allclose(half, plain, atol=0.1, rtol=0.05)
