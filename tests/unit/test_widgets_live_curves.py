"""Curves grow while a network trains, in a live notebook only, and the training does not notice."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils import show
from course_utils.train import Callback, History, fit
from course_utils.widgets import live_curves
from course_utils.widgets.live_curves import LiveCurves

pytestmark = pytest.mark.usefixtures("real_data")


@pytest.fixture
def displays(monkeypatch):
    """What a live notebook shows: a list for each place, with all that stood there."""
    places = []

    class Handle:
        def __init__(self, thing):
            self.stood = [thing]
            places.append(self.stood)

        def update(self, thing):
            self.stood.append(thing)

    monkeypatch.setattr("IPython.display.display", lambda thing, display_id: Handle(thing))
    monkeypatch.setattr(live_curves, "live", lambda: True)
    return places


def train(*callbacks):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    data = TensorDataset(torch.randn(60, 2), torch.arange(60) % 3)
    generator = torch.Generator().manual_seed(1)
    batches = DataLoader(data, 16, shuffle=True, generator=generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = fit(model, batches, batches, epochs=3, optimizer=optimizer, callbacks=callbacks, verbose=False)
    return model, history, torch.rand(1), np.random.random()


def test_curves_grow_with_each_epoch_and_go_away(displays):
    done = History([2.0], [0.3])
    _, history, *_ = train(LiveCurves("new", beside={"old": done}))
    (stood,) = displays
    assert len(stood) == 4 and stood[-1].data == "", "three figures in one place, then nothing"
    for epoch, figure in enumerate(stood[:3], start=1):
        lines = {line.get_label(): list(line.get_ydata()) for line in figure.axes[0].lines}
        assert lines == {
            "old train": [2.0],
            "new train": history.train_loss[:epoch],
            "new validation": history.validation_loss[:epoch],
        }
    assert figure.get_suptitle() == "Training: 3 epochs so far" and not plt.get_fignums()


def test_after_an_error_the_curves_stay(displays):
    class StopAfterTwo(Callback):
        def on_epoch_end(self, training):
            if len(training.history) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(LiveCurves(), StopAfterTwo())
    (stood,) = displays
    assert [figure.get_suptitle()[:18] for figure in stood] == ["Training: 1 epochs", "Training: 2 epochs"]


def test_without_a_live_notebook_nothing_is_drawn(monkeypatch, capsys):
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: pytest.fail("nothing to show"))
    monkeypatch.setattr(show, "curves", lambda *_: pytest.fail("nothing to draw"))
    train(LiveCurves())
    assert capsys.readouterr().out == ""


def test_watching_changes_no_bit_of_the_training(displays):
    np.random.seed(0)
    plain, history, *after = train()
    np.random.seed(0)
    watched, watched_history, *watched_after = train(LiveCurves())
    pairs = zip(plain.state_dict().values(), watched.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs) and after == watched_after
    history.seconds = watched_history.seconds
    assert history == watched_history and len(displays) == 1
