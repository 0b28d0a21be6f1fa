"""The kernels: a static figure headless; live, each change of a field changes picture and text. No browser is used."""

import cv2
import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.widgets import kernels, live
from course_utils.widgets.kernels import (
    PRESETS,
    filtered,
    kernel_editor,
    make_editor,
    make_mover,
    moving_kernel,
    show_kernels,
    show_pixels,
)
from tests.unit.controls import labelled, only, picture

pytestmark = pytest.mark.usefixtures("real_data")
PATCH = np.arange(140, 236, dtype=np.uint8).reshape(8, 12)
GAUSS = np.array(PRESETS["Gaussian"])
PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)


@pytest.mark.parametrize(
    "show_it, invitation",
    [
        (lambda: moving_kernel(PATCH, GAUSS), "move the kernel"),
        (lambda: kernel_editor(PICTURE), "edit the kernel"),
    ],
)
def test_headless_one_figure_and_one_line_live_a_control_below(show_it, invitation, shown, capsys, monkeypatch):
    show_it()
    assert [type(thing).__name__ for thing in shown] == ["Figure"] and not plt.get_fignums()
    assert capsys.readouterr().out == f"In a live notebook you can {invitation} here.\n"
    shown.clear()
    monkeypatch.setattr(live, "live", lambda: True)
    show_it()
    assert len(shown) == 2 and isinstance(shown[1], widgets.Box) and not capsys.readouterr().out
    assert not plt.get_fignums()


# ---- numbers in squares ----


def test_pixels_and_moving_kernel_have_the_same_greys(shown):
    figure = show_pixels(PATCH, "a patch")
    axis = figure.axes[0]
    assert [int(text.get_text()) for text in axis.texts] == PATCH.ravel().tolist()
    assert figure.get_suptitle() == "a patch" and not plt.get_fignums()
    moving_kernel(PATCH, GAUSS)
    moved = shown[0].axes
    limits = {ax.images[0].get_clim() for ax in (axis, moved[0], moved[4], moved[8])}
    assert len(limits) == 1, "the new pixels lie within the old ones, so they have the same greys"


def test_kernels_show_their_weights():
    figure = show_kernels([PRESETS["Sobel x"], np.full((3, 3), -0.04), GAUSS], ["x", "small", "G"], "three")
    texts = [[text.get_text() for text in axis.texts] for axis in figure.axes]
    assert texts[0] == "-1 0 1 -2 0 2 -1 0 1".split()
    assert texts[1] == ["0.0"] * 9 and texts[2][4] == "1/4"
    assert {axis.images[0].get_clim() for axis in figure.axes} == {(-2.0, 2.0)}
    assert [axis.get_title() for axis in figure.axes] == ["x", "small", "G"] and not plt.get_fignums()
    assert show_kernels([GAUSS], ["G"], limit=3).axes[0].images[0].get_clim() == (-3, 3)


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
    control = make_mover(PATCH, np.array(PRESETS["Sobel x"]))
    slider, says = labelled(control)["place"], only(control, widgets.HTML)
    assert (slider.min, slider.value, slider.max) == (1, 1, 60) and says.value.startswith("row 0, column 0")
    before = picture(control)
    slider.value = 12
    assert says.value == "row 1, column 1: the sum of the products is 8.0" and not np.array_equal(
        before, picture(control)
    )


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
    weights, filters = shown[0].axes[: len(PRESETS)], shown[0].axes[len(PRESETS) :]
    images = [axis.images[0] for axis in filters]
    assert [axis.get_title().partition(":")[0] for axis in weights] == list(PRESETS)
    assert [text.get_text() for text in weights[1].texts] == "1/16 1/8 1/16 1/8 1/4 1/8 1/16 1/8 1/16".split()
    assert [text.get_text() for text in weights[2].texts] == "-1 0 1 -2 0 2 -1 0 1".split()
    assert np.array_equal(images[0].get_array(), PICTURE), "identity"
    assert [image.get_cmap().name for image in images] == ["gray", "gray", "RdBu", "RdBu", "gray", "gray"]


def test_fields_buttons_and_slider_of_the_editor():
    control = make_editor(PICTURE)
    by_label, says = labelled(control), only(control, widgets.HTML)
    fields = [by_label[f"{r},{c}"] for r in range(3) for c in range(3)]

    def kernel():
        return [field.value for field in fields]

    assert kernel() == np.ravel(PRESETS["Sobel x"]).tolist() and "add up to 0" in says.value
    pictures = [picture(control)]
    for name in PRESETS:
        by_label[name].click()
        assert kernel() == pytest.approx(np.ravel(PRESETS[name]).tolist(), abs=1e-3), name
        pictures.append(picture(control))
    by_label["identity"].click()
    fields[4].value = 0.5  # half as bright
    assert "add up to 0.5" in says.value
    pictures.append(picture(control))
    by_label["Sobel, angle"].value = 90
    assert kernel() == np.ravel(PRESETS["Sobel y"]).tolist()
    by_label["Sobel, angle"].value = 45
    assert kernel() == [-1.41, -1.41, 0, -1.41, 0, 1.41, 0, 1.41, 1.41]
    pictures.append(picture(control))
    different = {picture.tobytes() for picture in pictures}
    assert len(different) == len(pictures) - 1, "only Sobel x was there twice"


def test_a_preset_is_drawn_once_not_nine_times(monkeypatch):
    control, drawn = make_editor(PICTURE), []
    monkeypatch.setattr(kernels, "png", lambda figure: drawn.append(figure) or b"")
    labelled(control)["emboss"].click()
    assert len(drawn) == 1


def test_kernels_that_are_nothing_or_negative():
    control = make_editor(PICTURE)
    by_label, says = labelled(control), only(control, widgets.HTML)
    by_label["identity"].click()
    by_label["1,1"].value = 0
    assert says.value.startswith("The weights add up to 0.")
    by_label["1,1"].value = -1
    assert says.value.startswith("The weights add up to -1.") and "red is below" in says.value


def test_the_editor_wants_grey():
    with pytest.raises(ValueError, match=r"shape \(4, 4, 3\).*expected \(H, W\)"):
        kernel_editor(np.zeros((4, 4, 3)))
