"""The shape explorer agrees with real layers; each change of a field changes picture and table. No browser is used."""

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from course_utils.widgets import live
from course_utils.widgets.shapes import Setting, make_shapes, shape_explorer
from tests.unit.controls import labelled, only, picture

pytestmark = pytest.mark.usefixtures("real_data")
SETTINGS = [
    Setting(28, 3, 2, 0, 1, 1, 1, 6),
    Setting(28, 5, 1, 2, 1, 2, 1, 6),
    Setting(14, 3, 2, 2, 2, 2, 3, 4),
    Setting(9, 1, 4, 0, 1, 1, 2, 2),
    Setting(5, 5, 1, 0, 1, 1, 1, 1),
]


def test_headless_one_figure_and_one_line_live_a_control_below(shown, capsys, monkeypatch):
    shape_explorer(9)
    assert [type(thing).__name__ for thing in shown] == ["Figure"] and not plt.get_fignums()
    assert capsys.readouterr().out == "In a live notebook you can try other layers here.\n"
    shown.clear()
    monkeypatch.setattr(live, "live", lambda: True)
    shape_explorer(9)
    assert len(shown) == 2 and isinstance(shown[1], widgets.Box) and not capsys.readouterr().out
    assert not plt.get_fignums()


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_table_is_that_of_real_layers(setting):
    convolution = nn.Conv2d(setting.in_channels, setting.out_channels, *setting[1:5])
    pool = nn.MaxPool2d(setting.pool)
    outputs = pool(convolution(torch.zeros(1, setting.in_channels, setting.side, setting.side)))
    table = setting.table()
    assert table[-1].output_shape == outputs.shape[1:]
    assert sum(row.parameters for row in table) == sum(p.numel() for p in convolution.parameters())
    assert len(table) == 1 + (setting.pool > 1)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_marked_pixels_are_those_that_change_the_output(setting):
    side, p = setting.side, setting.padding
    weight = torch.rand(1, 1, setting.kernel_size, setting.kernel_size) + 1
    pixels = torch.eye(side * side).reshape(side * side, 1, side, side)  # one picture for each pixel
    padded = torch.nn.functional.pad(pixels, (p,) * 4)
    outputs = torch.nn.functional.conv2d(padded, weight, stride=setting.stride, dilation=setting.dilation)
    outputs = torch.nn.functional.max_pool2d(outputs, setting.pool)[:, 0]
    inside = np.s_[p : p + side, p : p + side]
    seen = setting.seen()
    assert np.array_equal(seen(0, 0)[inside].ravel(), (outputs[:, 0, 0] > 0).numpy())
    assert np.array_equal(seen()[inside].ravel(), (outputs.flatten(1) > 0).any(dim=1).numpy())
    span = np.argwhere(seen(0, 0)).max() + 1
    assert min(span, side) == setting.table()[-1].receptive_field[0]


def test_the_figure_says_what_it_shows(shown):
    shape_explorer(28, kernel_size=3, stride=2)
    assert shown[0].get_suptitle() == (
        "The neighbour's window lies 2 pixels further: 13 places in a row of 28\n"
        "conv 3x3, stride 2: 60 parameters, 9,126 multiply-adds, 6 channels of 13x13"
    )
    left, right = shown[0].axes
    assert len(left.patches) == 9 + 9 and len(right.patches) == 2
    keys = [text.get_text() for text in shown[0].legends[0].get_texts()]
    assert keys == ["first output", "its neighbour", "55 pixels that no output sees"], "the last row and column"


def test_an_output_of_one_number_has_no_neighbour(shown):
    shape_explorer(5, kernel_size=5)
    assert [len(axis.patches) for axis in shown[0].axes] == [25, 1]
    assert shown[0].get_suptitle().startswith("The window has no neighbour: one place in a row of 5\n")


def test_the_title_tells_the_step_with_padding_and_pooling(shown):
    shape_explorer(28, kernel_size=5)
    assert (
        shown[0].get_suptitle().startswith("The neighbour's window lies one pixel further: 24 places in a row of 28\n")
    )
    shape_explorer(28, kernel_size=5, padding=2, pool=2)
    first = "The neighbour's window lies 2 pixels further: 14 places in a row of 32, with padding\n"
    assert shown[1].get_suptitle().startswith(first + "conv 5x5, padding 2, then max pool 2x2: ")


def test_no_random_number_is_used_up(shown):
    torch.manual_seed(0)
    shape_explorer(9)
    after = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(3))


FAULTS = [
    ({"kernel_size": 30}, "The window is 30 pixels wide, the picture with its padding only 28"),
    ({"dilation": 14}, "The window is 29 pixels wide"),
    ({"stride": 0}, "stride is 0: it has to be at least 1."),
    ({"padding": -1}, "padding is -1: it has to be at least 0."),
    ({"side": 33}, "too large to draw"),
    ({"kernel_size": 26, "pool": 4}, "The convolution leaves 3x3 numbers, too few for pooling 4x4."),
]


@pytest.mark.parametrize("change, message", FAULTS)
def test_what_makes_no_layer_is_a_sentence_and_no_figure(change, message, shown):
    with pytest.raises(ValueError, match=message):
        shape_explorer(**change)
    control = make_shapes(Setting(28, 3, 1, 0, 1, 1, 1, 6))
    by_label, says, image = labelled(control), only(control, widgets.HTML), only(control, widgets.Image)
    before = says.value
    if "padding" not in change:  # its field stops at 0
        for name, value in change.items():
            by_label[name].value = value
        assert message in says.value and image.layout.display == "none"
        for name in change:
            by_label[name].value = {"side": 28, "kernel_size": 3}.get(name, 1)
        assert says.value == before and image.layout.display != "none"


def test_a_field_changes_figure_and_table():
    control = make_shapes(Setting(28, 3, 1, 0, 1, 1, 1, 6))
    by_label, says, before = labelled(control), only(control, widgets.HTML), picture(control)
    by_label["kernel_size"].value = 5
    assert "conv 5x5" in says.value and "6x24x24" in says.value and not np.array_equal(before, picture(control))
    by_label["pool"].value = 2
    assert "max pool 2x2" in says.value and "6x12x12" in says.value
