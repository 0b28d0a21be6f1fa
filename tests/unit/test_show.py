"""Figures hold what they should: the data drawn is checked, not the pixels."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_utils import show
from course_utils.figures.style import use_style
from course_utils.files import standin
from course_utils.train import History

pytestmark = pytest.mark.usefixtures("real_data")


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


@pytest.mark.parametrize("names", [("a", "b"), ("",)])
@pytest.mark.parametrize("lines", [{"training": "--", "validation": "-"}, {"training": "--"}])
def test_the_legend_of_the_curves_stands_outside(names, lines):
    history = History([2.0, 1.0], [0.3, 0.5], *([[1.5, 0.5], [0.4, 0.75]] if "validation" in lines else []))
    with plt.rc_context():
        use_style()
        figure = show.curves(dict.fromkeys(names, history))
        figure.draw_without_rendering()
    [legend] = figure.legends
    shown = {line.get_label(): (line.get_color(), line.get_linestyle()) for line in legend.get_lines()}
    named = {name: (show.COLORS[i], "-") for i, name in enumerate(names) if name}
    assert shown == named | {text: ("black", line) for text, line in lines.items()}
    assert [text.get_text() for text in legend.texts] == list(shown)
    assert all(axis.get_tightbbox().x1 < legend.get_window_extent().x0 for axis in figure.axes)
    assert not any(axis.get_legend() for axis in figure.axes)


def test_confusion_counts_rows_as_the_truth():
    targets, predictions = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([0, 1, 1, 0, 0])
    figure = show.confusion(targets, predictions, ["a", "b", "c"])
    texts = [int(t.get_text()) for t in figure.axes[0].texts]
    assert texts == [1, 1, 1, 2, 0], "a mistake that never happens is an empty cell"
    assert figure.get_suptitle() == "40.0% right; most frequent mistake: c as a (2 times)"


def test_the_standin_is_named_in_every_title(monkeypatch):
    monkeypatch.setattr(standin, "used", {"mnist"})
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
