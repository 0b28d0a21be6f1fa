"""The shape explorer agrees with real layers: its figure, and its control, whose numbers Node.js computes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from course_utils.network.layers import receptive_fields
from course_utils.widgets import live
from course_utils.widgets.shapes import Setting, shape_explorer
from tests.unit.node import in_node

pytestmark = pytest.mark.usefixtures("real_data")
SETTINGS = [
    Setting(28, 3, 2, 0, 1, 1, 1, 6),
    Setting(28, 5, 1, 2, 1, 2, 1, 6),
    Setting(14, 3, 2, 2, 2, 2, 3, 4),
    Setting(9, 1, 4, 0, 1, 1, 2, 2),
    Setting(5, 5, 1, 0, 1, 1, 1, 1),
]


def test_a_figure_stands_before_the_control(shown):
    shape_explorer(9, pool=2)
    figure, bundle = shown
    assert type(figure).__name__ == "Figure" and not plt.get_fignums()
    stored = bundle[live.MIME]
    assert (stored["control"], stored["title"]) == ("shape_explorer", "Try other layers")
    assert stored["state"]["side"] == 9 and [layer["kind"] for layer in stored["state"]["layers"]] == ["conv", "pool"]


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
        "The neighbour's window lies 2 pixels further: 13 places in a row of 28;\n"
        "conv 3x3, stride 2: 60 parameters, 9,126 multiply-adds, 6 channels of 13x13"
    )
    left, right = shown[0].axes
    assert len(left.patches) == 9 + 9 and len(right.patches) == 2
    assert "the first output sees 9 pixels, 55 pixels are seen by no output; right the" in shown[0].get_label()
    keys = [text.get_text() for text in shown[0].legends[0].get_texts()]
    assert keys == ["first output", "its neighbour", "55 pixels that no output sees"], "the last row and column"


def test_an_output_of_one_number_has_no_neighbour(shown):
    shape_explorer(5, kernel_size=5)
    assert [len(axis.patches) for axis in shown[0].axes] == [25, 1]
    assert shown[0].get_suptitle().startswith("The window has no neighbour: one place in a row of 5;\n")


def test_the_title_tells_the_step_with_padding_and_pooling(shown):
    shape_explorer(28, kernel_size=5)
    assert (
        shown[0].get_suptitle().startswith("The neighbour's window lies one pixel further: 24 places in a row of 28;\n")
    )
    shape_explorer(28, kernel_size=5, padding=2, pool=2)
    first = "The neighbour's window lies 2 pixels further: 14 places in a row of 32, with padding;\n"
    assert shown[2].get_suptitle().startswith(first + "conv 5x5, padding 2, then max pool 2x2: ")


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
def test_what_makes_no_layer_is_refused(change, message, shown):
    with pytest.raises(ValueError, match=message):
        shape_explorer(**change)
    assert not shown


# ---- the control -----------------------------------------------------------------------------------------------------

CONV, POOL = "conv", "pool"


def layer(kind: str, channels: int = 0, kernel: int = 0, stride: int = 1, padding: int = 0, dilation: int = 1) -> dict:
    """As the control has it."""
    window = {"kernel": kernel, "stride": stride, "padding": padding}
    more = {"conv": {"channels": channels, **window, "dilation": dilation}, "pool": window}
    return {"kind": kind, **more.get(kind, {"channels": channels})}


STACKS = [  # side, channels, layers
    *[(setting.side, setting.in_channels, setting.state()["layers"]) for setting in SETTINGS],
    (28, 1, [layer(CONV, 6, 5), layer(POOL, 0, 2, 2), layer(CONV, 16, 5), layer(POOL, 0, 2, 2), layer("linear", 120)]),
    (28, 1, [layer(CONV, 6, 5, 1, 2), layer(POOL, 0, 3, 1, 1), layer(CONV, 8, 3, 2, 1, 2), layer(POOL, 0, 2, 2, 1)]),
    (32, 3, [layer(CONV, 4, 3, 3, 1), layer(CONV, 5, 3, 2, 2), layer("linear", 7), layer("linear", 3)]),
    (17, 2, [layer(CONV, 3, 2, 2, 0, 3), layer(POOL, 0, 2, 1), layer(CONV, 2, 1, 2)]),
]


def network(channels: int, layers: list[dict], side: int) -> nn.Sequential:
    """The same layers of PyTorch."""
    made = []
    for one in layers:
        x = nn.Sequential(*made)(torch.zeros(1, channels, side, side))
        if one["kind"] == "linear":
            made += [nn.Flatten()] * (x.ndim == 4) + [nn.Linear(x[0].numel(), one["channels"])]
        elif one["kind"] == "conv":
            window = (one["kernel"], one["stride"], one["padding"], one["dilation"])
            made.append(nn.Conv2d(x.shape[1], one["channels"], *window))
        else:
            made.append(nn.MaxPool2d(one["kernel"], one["stride"], one["padding"]))
    return nn.Sequential(*made)


def test_the_control_counts_as_pytorch_does():
    found = in_node("shape_explorer", "a[0].map(([side, channels, layers]) => tableOf(side, channels, layers))", STACKS)
    for (side, channels, layers), table in zip(STACKS, found, strict=True):
        rows = [
            row
            for row in receptive_fields(network(channels, layers, side), (1, channels, side, side))
            if row.kind != "flatten"
        ]
        assert table["fault"] == "" and len(table["rows"]) == len(rows) == len(layers)
        for one, row in zip(table["rows"], rows, strict=True):
            assert one["kind"] == row.kind and tuple(one["shape"]) == row.output_shape
            assert (one["field"], one["parameters"], one["products"]) == (row.receptive_field[0], *row[4:6])
            assert (one["first"], one["size"]) == (row.window.first[0], row.window.size[0])


def test_the_control_marks_the_pixels_that_change_an_output():
    asked = [(side, layers, i) for side, _, layers in STACKS for i in (0, 1, None)]
    found = in_node("shape_explorer", "a[0].map(([side, layers, i]) => seenBy(side, layers, i))", asked)
    for (side, layers, i), seen in zip(asked, found, strict=True):
        x = torch.zeros(1, 1, side, side, requires_grad=True)
        y = x
        for one in layers:  # all weights are 1; the pooling adds
            if one["kind"] == "linear":
                y = y.sum().reshape(1, 1, 1, 1)
                continue
            weight = torch.ones(1, 1, one["kernel"], one["kernel"])
            window = {name: one[name] for name in ("stride", "padding", "dilation") if name in one}
            y = torch.nn.functional.conv2d(y, weight, **window)
        if i is not None and i >= y.shape[-1]:
            continue
        (y.sum() if i is None else y[0, 0, i, i]).backward()
        rows = torch.nonzero(x.grad[0, 0].sum(dim=1)).flatten().tolist()
        assert seen == rows, (side, layers, i)


CANNOT = [  # layers, the number of rows before the fault, the sentence
    ([layer(CONV, 6, 30)], 0, "The window is 30 wide, what comes only 28"),
    ([layer(CONV, 6, 3, 1, 1, 15)], 0, "The window is 31 wide, what comes, with its padding, only 30"),
    ([layer(CONV, 6, 5), layer(POOL, 0, 25, 25)], 1, "The window is 25 wide, what comes only 24"),
    ([layer(CONV, 6, 5, 0)], 0, "stride is 0: it has to be from 1 to 64."),
    ([layer(POOL, 0, 2, 2, 2)], 0, "at most half of the kernel"),
    ([layer("linear", 10), layer(CONV, 6, 1)], 1, "After a linear layer there are no rows and columns"),
    ([layer(CONV, 6, 5), {**layer(CONV, 6, 5), "kernel": None}], 1, "kernel: a whole number is missing."),
    ([{**layer(CONV, 6, 5), "padding": 0.5}], 0, "padding: a whole number is missing."),
]


def test_what_makes_no_layer_is_a_sentence():
    found = in_node("shape_explorer", "a[0].map((layers) => tableOf(28, 1, layers))", [layers for layers, *_ in CANNOT])
    for (_, rows, message), table in zip(CANNOT, found, strict=True):
        assert len(table["rows"]) == rows and message in table["fault"]
    sides = in_node("shape_explorer", "[0, 2.5, 225, null].map((side) => tableOf(side, 1, []).fault)")
    assert all("The side of the picture: a whole number from 1 to 224" in fault for fault in sides)
