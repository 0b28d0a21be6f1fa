"""fit, evaluate and predict, on a small problem that trains in a blink; what a callback sees."""

import math
import re
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from course_utils.train import Callback, Evaluation, evaluate, fit, predict
from tests.unit.small_training import network, problem, same, train

pytestmark = pytest.mark.usefixtures("one_thread")


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
    """fit gives, bit by bit, what the loop gives that lesson 03 writes out."""
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
    assert isinstance(first, Evaluation) and 0 <= first.accuracy <= 1 and first.samples == 200
    assert str(Evaluation(0.5, 0.25, 8)) == "loss 0.5000, accuracy 25.00%"


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
    assert not re.search(r"\d s", lines[0]), "seconds differ in each run"


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


# ---- callbacks ----


class Witness(Callback):
    """Notes each call: its own name, the method, epochs done, epochs measured, whether the model trains."""

    def __init__(self, name, notes):
        self.name, self.notes = name, notes

    def note(self, method, training):
        history = training.history
        done = len(history), len(history.validation_loss), len(history.seconds)
        self.notes.append((self.name, method, done, training.samples, len(training.step_losses)))


for method in (name for name in vars(Callback) if name.startswith("on_")):
    setattr(Witness, method, lambda self, training, method=method: self.note(method, training))


def test_callbacks_are_called_in_order_with_what_was_done_so_far():
    notes = []
    train(network(), problem(), epochs=2, callbacks=[Witness("a", notes), Witness("b", notes)])
    assert [name for name, *_ in notes] == ["a", "b"] * (len(notes) // 2), "in their order, at each call"
    assert [note[1:] for note in notes[::2]] == [
        ("on_fit_start", (0, 0, 0), (0, 0), 0),
        ("on_epoch_start", (0, 0, 0), (0, 0), 0),
        ("on_validation_start", (1, 0, 0), (200, 0), 7),
        ("on_epoch_end", (1, 1, 1), (200, 200), 7),
        ("on_epoch_start", (1, 1, 1), (200, 200), 7),
        ("on_validation_start", (2, 1, 1), (200, 0), 7),
        ("on_epoch_end", (2, 2, 2), (200, 200), 7),
        ("on_fit_end", (2, 2, 2), (200, 200), 7),
        ("on_stop", (2, 2, 2), (200, 200), 7),
    ]


def test_without_validation_a_callback_is_not_called_for_it():
    notes = []
    train(network(), problem()[:1], epochs=1, callbacks=[Witness("a", notes)])
    assert [method for _, method, *_ in notes] == [
        "on_fit_start",
        "on_epoch_start",
        "on_epoch_end",
        "on_fit_end",
        "on_stop",
    ]
    assert notes[-2][2:] == ((1, 0, 1), (200, 0), 7)


def test_a_training_goes_on_from_the_epochs_that_a_callback_puts_into_its_history():
    class Resume(Callback):
        def on_fit_start(self, training):
            vars(training.history).update(vars(done))

    notes, done = [], train(network(), problem(), epochs=2)
    found = train(network(), problem(), epochs=3, callbacks=[Resume(), Witness("a", notes)])
    assert len(found) == 3
    assert [(method, epochs[0]) for _, method, epochs, *_ in notes] == [
        ("on_fit_start", 2),
        ("on_epoch_start", 2),
        ("on_validation_start", 3),
        ("on_epoch_end", 3),
        ("on_fit_end", 3),
        ("on_stop", 3),
    ]


def test_a_callback_sees_the_objects_of_the_training():
    model, loaders, seen = network(), problem(), []

    class Look(Callback):
        def on_epoch_end(self, training):
            seen.append(training)

    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    history = fit(
        model, *loaders, epochs=1, optimizer=optimizer, scheduler=scheduler, callbacks=[Look()], verbose=False
    )
    (training,) = seen
    assert training.model is training.network is model and training.history is history and training.epochs == 1
    assert (training.train_loader, training.validation_loader) == loaders
    assert training.optimizer is optimizer and training.scheduler is scheduler
    assert sum(training.step_losses) / 7 == pytest.approx(history.train_loss[0], abs=0.05)


def test_after_an_error_the_end_is_not_called():
    notes = []
    with pytest.raises(FloatingPointError):
        train(network(), problem(), lr=1e30, callbacks=[Witness("a", notes)])
    assert [method for _, method, *_ in notes] == ["on_fit_start", "on_epoch_start", "on_stop"]


class Silence(Callback):
    """What `AllProcesses` does in all processes but one."""

    def on_fit_start(self, training):
        training.silent = True


def test_a_silent_training_says_nothing(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(network(), problem(batch_size=2), lr=0.0, epochs=1, verbose=True, callbacks=[Silence()])
    assert capsys.readouterr().out == ""


class Wrapped(nn.Module):
    """A model that happens to call a layer `module`, as DistributedDataParallel calls what it holds."""

    def __init__(self):
        super().__init__()
        self.module, self.head = nn.Linear(2, 16), nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.module(x).relu())


def test_a_model_with_a_layer_called_module_is_measured_whole():
    torch.manual_seed(0)
    model, loaders = Wrapped(), problem()
    history = train(model, loaders, epochs=2)
    assert history.validation_loss[-1] == evaluate(model, loaders[1]).loss < history.validation_loss[0]
