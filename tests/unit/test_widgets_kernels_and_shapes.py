"""The controls: a static figure headless; live, each change of a field changes picture and text. No browser is used."""

import io

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from course_utils import explore, interactive
from course_utils.explore import PRESETS, Setting, filtered, kernel_editor, moving_kernel, shape_explorer

widgets = pytest.importorskip("ipywidgets")

PATCH = np.arange(140, 236, dtype=np.uint8).reshape(8, 12)
GAUSS = np.array(PRESETS["Gaussian"])
PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)


@pytest.fixture
def shown(monkeypatch):
    things = []
    monkeypatch.setattr("IPython.display.display", things.append)
    return things


@pytest.mark.parametrize(
    "show_it, invitation",
    [
        (lambda: moving_kernel(PATCH, GAUSS), "move the kernel"),
        (lambda: kernel_editor(PICTURE), "edit the kernel"),
        (lambda: shape_explorer(9), "try other layers"),
    ],
)
def test_headless_one_figure_and_one_line_live_a_control_below(show_it, invitation, shown, capsys, monkeypatch):
    show_it()
    assert [type(thing).__name__ for thing in shown] == ["Figure"] and not plt.get_fignums()
    assert capsys.readouterr().out == f"In a live notebook you can {invitation} here.\n"
    shown.clear()
    monkeypatch.setattr(interactive, "live", lambda: True)
    show_it()
    assert len(shown) == 2 and isinstance(shown[1], widgets.Box) and not capsys.readouterr().out
    assert not plt.get_fignums()


def labelled(control) -> dict:
    """What a reader can change, by its label; no field may be without one."""
    found, todo = {}, [control]
    while todo:
        child = todo.pop()
        todo += getattr(child, "children", ())
        if not isinstance(child, (widgets.Box, widgets.Image, widgets.HTML)):
            assert child.description and child.description not in found
            found[child.description] = child
    return found


def part(control, kind):
    """The one picture or text of a control."""
    todo, found = [control], []
    while todo:
        child = todo.pop()
        todo += getattr(child, "children", ())
        found += [child] if type(child) is kind else []
    assert len(found) == 1
    return found[0]


def png(control) -> np.ndarray:
    return plt.imread(io.BytesIO(part(control, widgets.Image).value))


# ---- the moving kernel ----


def test_the_frames_show_window_products_and_sum(shown):
    moving_kernel(PATCH, GAUSS)
    axes = shown[0].axes
    assert [axis.get_title() for axis in axes[:4]] == [f"place {n} of 60" for n in (1, 2, 11, 60)]
    assert axes[0].patches[0].get_xy() == (-0.5, -0.5) and axes[3].patches[0].get_xy() == (8.5, 4.5)
    sums = [float(axis.get_title().rpartition(" ")[2]) for axis in axes[4:8]]
    assert sums == [PATCH[y + 1, x + 1] for y, x in ((0, 0), (0, 1), (1, 0), (5, 9))], "a blurred slope stays a slope"
    products = [float(text.get_text().rpartition("= ")[2]) for text in axes[4].texts]
    assert sum(products) == pytest.approx(sums[0], abs=0.5) and products[4] == pytest.approx(PATCH[1, 1] / 4, abs=0.06)
    filled = [(~np.ma.getmaskarray(axis.images[0].get_array())).sum() for axis in axes[8:]]
    assert filled == [1, 2, 11, 60]


def test_the_slider_goes_through_all_places():
    control = explore.make_mover(PATCH, np.array(PRESETS["Sobel x"]))
    slider, says = labelled(control)["place"], part(control, widgets.HTML)
    assert (slider.min, slider.value, slider.max) == (1, 1, 60) and says.value.startswith("row 0, column 0")
    before = png(control)
    slider.value = 12
    assert says.value == "row 1, column 1: the sum of the products is 8.0" and not np.array_equal(before, png(control))


def test_a_patch_as_small_as_the_kernel(shown):
    moving_kernel(PATCH[:3, :3], GAUSS)
    assert len(shown[0].axes) == 3


@pytest.mark.parametrize(
    "patch, kernel", [(PICTURE, GAUSS), (PATCH[None], GAUSS), (PATCH, GAUSS[:2]), (PATCH[:2], GAUSS)]
)
def test_what_cannot_be_moved_is_refused(patch, kernel):
    with pytest.raises(ValueError, match="expected"):
        moving_kernel(patch, kernel)


# ---- the kernel editor ----


@pytest.mark.parametrize("name", PRESETS)
def test_filtered_equals_opencv(name):
    kernel = np.array(PRESETS[name], dtype=float)
    assert np.allclose(filtered(PICTURE, kernel), cv2.filter2D(PICTURE, cv2.CV_64F, kernel))


def test_the_static_figure_shows_each_preset(shown):
    kernel_editor(PICTURE)
    images = [axis.images[0] for axis in shown[0].axes]
    assert [axis.get_title().partition(":")[0] for axis in shown[0].axes] == list(PRESETS)
    assert np.array_equal(images[0].get_array(), PICTURE), "identity"
    assert [image.get_cmap().name for image in images] == ["gray", "gray", "RdBu", "RdBu", "gray", "gray"]


def test_fields_buttons_and_slider_of_the_editor():
    control = explore.make_editor(PICTURE)
    by_label, says = labelled(control), part(control, widgets.HTML)
    fields = [by_label[f"{r},{c}"] for r in range(3) for c in range(3)]

    def kernel():
        return [field.value for field in fields]

    assert kernel() == np.ravel(PRESETS["Sobel x"]).tolist() and "add up to 0" in says.value
    pictures = [png(control)]
    for name in PRESETS:
        by_label[name].click()
        assert kernel() == pytest.approx(np.ravel(PRESETS[name]).tolist(), abs=1e-3), name
        pictures.append(png(control))
    by_label["identity"].click()
    fields[4].value = 0.5  # half as bright
    assert "add up to 0.5" in says.value
    pictures.append(png(control))
    by_label["Sobel, angle"].value = 90
    assert kernel() == np.ravel(PRESETS["Sobel y"]).tolist()
    by_label["Sobel, angle"].value = 45
    assert kernel() == [-1.41, -1.41, 0, -1.41, 0, 1.41, 0, 1.41, 1.41]
    pictures.append(png(control))
    different = {picture.tobytes() for picture in pictures}
    assert len(different) == len(pictures) - 1, "only Sobel x was there twice"


def test_a_preset_is_drawn_once_not_nine_times(monkeypatch):
    control, drawn = explore.make_editor(PICTURE), []
    monkeypatch.setattr(explore, "png", lambda figure: drawn.append(figure) or b"")
    labelled(control)["emboss"].click()
    assert len(drawn) == 1


def test_kernels_that_are_nothing_or_negative():
    control = explore.make_editor(PICTURE)
    by_label, says = labelled(control), part(control, widgets.HTML)
    by_label["identity"].click()
    by_label["1,1"].value = 0
    assert says.value.startswith("The weights add up to 0.")
    by_label["1,1"].value = -1
    assert says.value.startswith("The weights add up to -1.") and "red is below" in says.value


def test_the_editor_wants_grey():
    with pytest.raises(ValueError, match=r"shape \(4, 4, 3\).*expected \(H, W\)"):
        kernel_editor(np.zeros((4, 4, 3)))


# ---- the shape explorer ----

SETTINGS = [
    Setting(28, 3, 2, 0, 1, 1, 1, 6),
    Setting(28, 5, 1, 2, 1, 2, 1, 6),
    Setting(14, 3, 2, 2, 2, 2, 3, 4),
    Setting(9, 1, 4, 0, 1, 1, 2, 2),
    Setting(5, 5, 1, 0, 1, 1, 1, 1),
]


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
        "conv 3x3, stride 2: each output sees 3x3 pixels\n60 parameters, 9,126 multiply-adds, 6 channels of 13x13"
    )
    left, right = shown[0].axes
    assert len(left.patches) == 9 + 9 and len(right.patches) == 2
    keys = [text.get_text() for text in shown[0].legends[0].get_texts()]
    assert keys == ["first output", "its neighbour", "55 pixels that no output sees"], "the last row and column"


def test_an_output_of_one_number_has_no_neighbour(shown):
    shape_explorer(5, kernel_size=5)
    assert [len(axis.patches) for axis in shown[0].axes] == [25, 1]


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
    control = explore.make_shapes(Setting(28, 3, 1, 0, 1, 1, 1, 6))
    by_label, says, image = labelled(control), part(control, widgets.HTML), part(control, widgets.Image)
    before = says.value
    if "padding" not in change:  # its field stops at 0
        for name, value in change.items():
            by_label[name].value = value
        assert message in says.value and image.layout.display == "none"
        for name in change:
            by_label[name].value = {"side": 28, "kernel_size": 3}.get(name, 1)
        assert says.value == before and image.layout.display != "none"


def test_a_field_changes_figure_and_table():
    control = explore.make_shapes(Setting(28, 3, 1, 0, 1, 1, 1, 6))
    by_label, says, before = labelled(control), part(control, widgets.HTML), png(control)
    by_label["kernel_size"].value = 5
    assert "conv 5x5" in says.value and "6x24x24" in says.value and not np.array_equal(before, png(control))
    by_label["pool"].value = 2
    assert "max pool 2x2" in says.value and "6x12x12" in says.value
