"""Figures hold what they should: the data drawn is checked, not the pixels."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils import show
from course_utils.models import LeNet, Mlp
from course_utils.train import History, fit


@pytest.fixture(autouse=True)
def real_data(monkeypatch):
    monkeypatch.setattr(show, "standin_in_use", lambda: False)


def drawn(figure):
    return [image.get_array() for axis in figure.axes for image in axis.images]


def test_images_grey_colour_and_titles():
    grey = torch.arange(5 * 4, dtype=torch.uint8).reshape(5, 2, 2)
    figure = show.images(grey, titles=list("abcde"), columns=3, title="five")
    assert [axis.get_title() for axis in figure.axes] == ["a", "b", "c", "d", "e", ""]
    assert figure.get_suptitle() == "five"
    assert all(np.array_equal(a, g) for a, g in zip(drawn(figure), grey.numpy(), strict=True))
    assert drawn(show.images(torch.zeros(2, 1, 6, 7)))[0].shape == (6, 7)
    assert drawn(show.images(torch.zeros(2, 3, 6, 7)))[0].shape == (6, 7, 3)


def test_images_are_not_stretched_unless_they_must():
    limits = [im.get_clim() for im in show.images(torch.full((1, 4, 4), 7, dtype=torch.uint8)).axes[0].images]
    assert limits == [(0, 255)]
    assert show.images(torch.full((1, 4, 4), 0.5)).axes[0].images[0].get_clim() == (0, 1)
    assert show.images(torch.tensor([[[-2.0, 3.0]]])).axes[0].images[0].get_clim() == (-2, 3)


@pytest.mark.parametrize("shape", [(4, 4), (2, 2, 4, 4), (1, 1, 1, 1, 1)])
def test_images_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="expected"):
        show.images(torch.zeros(shape))


def test_images_wants_a_title_for_each():
    with pytest.raises(ValueError, match="2 titles for 3 pictures"):
        show.images(torch.zeros(3, 4, 4), titles=["a", "b"])


def test_curves_draw_the_history():
    history = History([2.0, 1.0], [0.3, 0.5], [1.5, 0.5], [0.4, 0.75], [0.1, 0.1], [1.0, 1.0])
    figure = show.curves({"net": history}, title="it learns")
    loss, accuracy = figure.axes
    assert [list(line.get_ydata()) for line in loss.lines] == [[2.0, 1.0], [1.5, 0.5]]
    assert [list(line.get_ydata()) for line in accuracy.lines] == [[30, 50], [40, 75]]
    assert [line.get_label() for line in loss.lines] == ["net train", "net validation"]
    assert {axis.get_xlabel() for axis in figure.axes} == {"epoch"}


def test_confusion_counts_rows_as_the_truth():
    targets, predictions = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([0, 1, 1, 0, 0])
    figure = show.confusion(targets, predictions, ["a", "b", "c"])
    texts = [int(t.get_text()) for t in figure.axes[0].texts]
    assert texts == [1, 1, 0, 0, 1, 0, 2, 0, 0]
    assert figure.get_suptitle() == "40.0% right; most frequent mistake: c as a (2 times)"


def test_the_standin_is_named_in_every_title(monkeypatch):
    monkeypatch.setattr(show, "standin_in_use", lambda: True)
    for figure in (
        show.images(torch.zeros(1, 4, 4), title="digits"),
        show.images(torch.zeros(1, 4, 4)),
        show.curves(History([1.0], [0.5])),
        show.confusion(torch.tensor([0]), torch.tensor([0]), ["a", "b"]),
    ):
        assert "stand-in data" in figure.get_suptitle()


def test_no_figure_stays_open():
    before = plt.get_fignums()
    show.images(torch.zeros(1, 4, 4))
    assert plt.get_fignums() == before


def test_shape_table_of_lenet():
    model = LeNet()
    table = show.shape_table(model, (1, 1, 28, 28))
    assert [row.layer for row in table] == ["conv1", "conv2", "fc1", "fc2", "fc3"]
    assert table[0].output_shape == (1, 6, 24, 24)
    assert sum(row.parameters for row in table) == 44_426
    assert str(table).splitlines()[-1].split() == ["total", "44,426"]
    assert model.training and not any(m._forward_hooks for m in model.modules()), "the model is left as it was"


def test_shape_table_counts_shared_parameters_once():
    layer = nn.Linear(4, 4)
    table = show.shape_table(nn.Sequential(layer, nn.ReLU(), layer), (1, 4))
    assert [row.parameters for row in table] == [20, 0, 0]


def test_shape_table_takes_hooks_off_after_an_error():
    model = Mlp()
    with pytest.raises(RuntimeError):
        show.shape_table(model, (1, 3))
    assert not any(m._forward_hooks for m in model.modules())


# ---- curves that grow ----


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
    monkeypatch.setattr(show, "live", lambda: True)
    return places


def train(watch=None):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    data = TensorDataset(torch.randn(60, 2), torch.arange(60) % 3)
    generator = torch.Generator().manual_seed(1)
    batches = DataLoader(data, 16, shuffle=True, generator=generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = fit(model, batches, batches, epochs=3, optimizer=optimizer, on_epoch=watch, verbose=False)
    return model, history, torch.rand(1), np.random.random()


def test_curves_grow_with_each_epoch_and_go_away(displays):
    done = History([2.0], [0.3])
    with show.LiveCurves("new", beside={"old": done}) as watch:
        _, history, *_ = train(watch)
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
    with pytest.raises(KeyboardInterrupt), show.LiveCurves() as watch:
        watch(History([1.0], [0.5]))
        raise KeyboardInterrupt
    assert len(displays[0]) == 1


def test_without_a_live_notebook_nothing_is_drawn(monkeypatch, capsys):
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: pytest.fail("nothing to show"))
    monkeypatch.setattr(show, "curves", lambda *_: pytest.fail("nothing to draw"))
    with show.LiveCurves() as watch:
        train(watch)
    assert capsys.readouterr().out == ""


def test_watching_changes_no_bit_of_the_training(displays):
    np.random.seed(0)
    plain, history, *after = train()
    np.random.seed(0)
    with show.LiveCurves() as watch:
        watched, watched_history, *watched_after = train(watch)
    pairs = zip(plain.state_dict().values(), watched.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs) and after == watched_after
    history.seconds = watched_history.seconds
    assert history == watched_history and len(displays) == 1
