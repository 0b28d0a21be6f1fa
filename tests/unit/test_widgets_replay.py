"""A training is recorded as it was, without a change to it; its figure and its control say the same numbers."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils.train import Callback, fit, predict
from course_utils.widgets import live
from course_utils.widgets.replay import Moment, Recording, draw_replay, replay, state
from tests.unit.node import in_node

pytestmark = pytest.mark.usefixtures("real_data", "one_thread")
CLASSES = ("cat", "dog", "owl")


def network() -> nn.Module:
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(), nn.Linear(64, 3)
    return nn.Sequential(*layers)


def train(*callbacks: Callback, shuffled: bool = False, epochs: int = 2):
    """Three classes, of noise: 60 pictures of 6x6 in steps of 8, so 8 steps an epoch; then one more random number."""
    torch.manual_seed(0)
    model = network()
    data = TensorDataset(torch.randn(60, 1, 6, 6), torch.arange(60) % 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loaders = DataLoader(data, 8, shuffle=True), DataLoader(data, 25, shuffle=shuffled)
    history = fit(model, *loaders, epochs=epochs, optimizer=optimizer, callbacks=callbacks, verbose=False)
    return model, history, torch.rand(1), data


class Witness(Callback):
    """What PyTorch itself gives after an epoch."""

    def __init__(self):
        self.found = []

    def on_epoch_end(self, training):
        with torch.random.fork_rng():
            outputs, targets = predict(training.network, training.validation_loader)
        kernels = training.network[0].weight[:, 0].detach().clone().numpy()
        self.found.append((F.cross_entropy(outputs, targets).item(), outputs.argmax(dim=1), targets, kernels))


@pytest.fixture
def recorded():
    recording, witness = Recording(within=(1, 5, 100)), Witness()
    model, history, _, data = train(recording, witness)
    return recording, witness, history, data


def test_the_moments_are_those_of_the_training(recorded):
    recording, witness, history, _ = recorded
    assert [(moment.steps, moment.epochs) for moment in recording.moments] == [
        (0, None),
        (1, None),
        (5, None),
        (8, 1),
        (16, 2),
    ], "100 steps are more than an epoch has"
    assert [moment.name for moment in recording.moments] == ["start", "step 1", "step 5", "epoch 1", "epoch 2"]
    for epoch, (moment, found) in enumerate(zip(recording.moments[3:], witness.found, strict=True)):
        loss, answers, targets, kernels = found
        assert moment.loss == history.validation_loss[epoch] and abs(moment.loss - loss) < 1e-6
        assert moment.accuracy == history.validation_accuracy[epoch]
        assert moment.training == (history.train_loss[epoch], history.train_accuracy[epoch])
        assert np.array_equal(moment.kernels, kernels)
        for truth, answer in np.ndindex(3, 3):
            assert moment.confusion[truth, answer] == ((targets == truth) & (answers == answer)).sum()


def test_a_moment_within_the_first_epoch_is_a_look_at_these_weights(recorded):
    recording, _, _, data = recorded
    torch.manual_seed(0)
    start = network()
    outputs, targets = predict(start, DataLoader(data, 60))
    first, after_one = recording.moments[:2]
    assert abs(first.loss - F.cross_entropy(outputs, targets).item()) < 1e-6 and first.training is None
    assert first.accuracy == (outputs.argmax(dim=1) == targets).double().mean().item()
    assert np.array_equal(first.kernels, start[0].weight[:, 0].detach().numpy())
    assert 0 < np.abs(after_one.kernels - first.kernels).max() < 0.1


@pytest.mark.parametrize("shuffled", [False, True])
def test_watching_changes_no_bit_of_the_training(shuffled):
    plain, history, after, _ = train(shuffled=shuffled)
    recording = Recording(within=(1, 5))
    watched, watched_history, watched_after, _ = train(recording, shuffled=shuffled)
    pairs = zip(plain.state_dict().values(), watched.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs) and torch.equal(after, watched_after)
    history.seconds = watched_history.seconds
    assert history == watched_history
    assert [moment.accuracy for moment in recording.moments[3:]] == history.validation_accuracy, "also if it shuffles"
    assert not watched._forward_hooks and not watched._forward_pre_hooks


def test_a_training_that_stops_leaves_no_hook():
    class Stop(Callback):
        def on_validation_start(self, training):
            self.model = training.network
            raise KeyboardInterrupt

    stop = Stop()
    with pytest.raises(KeyboardInterrupt):
        train(Recording(), stop)
    assert not stop.model._forward_hooks and not stop.model._forward_pre_hooks


def test_a_second_training_starts_anew():
    recording = Recording(within=())
    train(recording)
    train(recording, epochs=1)
    assert [moment.name for moment in recording.moments] == ["start", "epoch 1"]


def test_what_cannot_be_recorded_is_refused():
    data = [(torch.zeros(4, 2), torch.tensor([0, 1, 2, 0]))]
    model = nn.Linear(2, 3)
    options = {"epochs": 1, "optimizer": torch.optim.SGD(model.parameters(), 0.1), "callbacks": [Recording()]}
    with pytest.raises(ValueError, match="give fit a validation_loader"):
        fit(model, data, **options)
    with pytest.raises(ValueError, match="one input channel, found none"):
        fit(model, data, data, **options)
    with pytest.raises(ValueError, match="nothing is recorded yet"):
        replay(Recording(), CLASSES)


# ---- what is shown ---------------------------------------------------------------------------------------------------


def test_a_figure_stands_before_the_control(recorded, shown):
    moments = recorded[0].moments
    replay(recorded[0], CLASSES)
    figure, bundle = shown
    assert not plt.get_fignums()
    titles = [axis.get_title() for axis in figure.axes[:5]]
    assert titles == [f"{moment.name}\n{moment.accuracy:.1%} right" for moment in moments]
    assert f"{moments[0].accuracy:.1%} right at the start, {moments[-1].accuracy:.1%} at the end" in (
        figure.get_suptitle()
    )
    row, column, times = moments[-1].mistake
    assert figure.get_label().endswith(f"{CLASSES[row]} as {CLASSES[column]} {times} times")
    stored = bundle[live.MIME]
    assert (stored["control"], stored["title"]) == ("replay", "Replay the training")
    assert json.loads(json.dumps(stored)) == stored


def test_a_long_training_stays_small():
    """21 epochs of LeNet, with the looks into the first one: the figure has five moments, the state is small."""
    g = np.random.default_rng(0)
    moments = [
        Moment(430 * i, i, g.random((6, 5, 5), np.float32), g.integers(0, 500, (10, 10)), 1 / 3, (1 / 3, 1 / 3))
        for i in range(28)
    ]
    figure = draw_replay(moments, tuple("0123456789"))
    assert len(figure.axes) == 10 and len(figure.get_suptitle() + figure.get_label()) < 400
    assert len(json.dumps(state(moments, tuple("0123456789")))) < 60_000


def test_the_control_reads_the_same_numbers(recorded):
    moments = recorded[0].moments
    stored = json.loads(json.dumps(state(moments, CLASSES)))
    script = """(() => { const all = momentsOf(a[0]); return all.map((one, m) => ({
      ...one, kernels: one.kernels.map((k) => [...k]), confusion: [...one.confusion],
      ...weightsAt(all, m), words: wordsOf(all, m, a[0].classes) })); })()"""
    for moment, one in zip(moments, in_node("replay", script, stored), strict=True):
        assert (one["steps"], one["epochs"], one["loss"]) == (moment.steps, moment.epochs, moment.loss)
        assert one["training"] == (moment.training and list(moment.training))
        assert np.array_equal(np.array(one["kernels"], np.float32), moment.kernels.reshape(4, 9))
        assert np.array_equal(np.array(one["confusion"]).reshape(3, 3), moment.confusion)
        assert one["right"] / one["samples"] == moment.accuracy
        assert (one["truth"], one["answer"], one["times"]) == moment.mistake
        assert one["largest"] == np.abs(moment.kernels).max()
        assert abs(one["change"] - np.abs(moment.kernels - moments[0].kernels).mean()) < 1e-6
        assert f"validation loss {moment.loss:.4f}, {moment.accuracy:.2%}".replace("%", " %") in one["words"]
    assert one["words"].startswith("After epoch 2 (16 steps): ")


def test_the_control_says_no_mistake():
    perfect = [Moment(0, None, np.zeros((1, 2, 2), np.float32), np.eye(3, dtype=int), 0.0, None)]
    (words,) = in_node("replay", "[wordsOf(momentsOf(a[0]), 0, a[0].classes)]", state(perfect, CLASSES))
    assert words == (
        "At the start: validation loss 0.0000, 100.00 % of 3 pictures right. No mistake. "
        "Kernels: the largest weight is 0.000."
    )
