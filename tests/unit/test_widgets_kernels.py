"""The kernels: static figures, and the controls' numbers, which Node.js computes and PyTorch has to confirm."""

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course_utils.widgets import live
from course_utils.widgets.kernels import PRESETS, filtered, kernel_editor, moving_kernel, show_kernels, show_pixels
from tests.unit.node import in_node

pytestmark = pytest.mark.usefixtures("real_data")
PATCH = np.arange(140, 236, dtype=np.uint8).reshape(8, 12)
GAUSS = np.array(PRESETS["Gaussian"])
PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
COLOURS = np.random.default_rng(1).integers(0, 256, (9, 7, 3), dtype=np.uint8)
TABLES = np.random.default_rng(2).normal(size=(3, 3, 3))


@pytest.mark.parametrize(
    "show_it, name, title",
    [
        (lambda: moving_kernel(PATCH, GAUSS), "moving_kernel", "Move the kernel"),
        (lambda: moving_kernel(COLOURS, TABLES), "moving_kernel", "Move the kernel over three channels"),
        (lambda: kernel_editor(PICTURE), "kernel_editor", "Edit the kernel"),
    ],
)
def test_a_figure_stands_before_the_control(show_it, name, title, shown, monkeypatch):
    show_it()
    figure, bundle = shown
    assert type(figure).__name__ == "Figure" and not plt.get_fignums()
    assert (bundle[live.MIME]["control"], bundle[live.MIME]["title"]) == (name, title)


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


@pytest.mark.parametrize("patch, kernel", [(PATCH, GAUSS), (PICTURE[:16, :16], TABLES[0]), (COLOURS, TABLES)])
def test_the_moving_kernel_adds_as_pytorch_does(patch, kernel, shown):
    moving_kernel(patch, kernel)
    state = shown[1][live.MIME]["state"]
    given = "unpacked(a[0].patch), unpacked(a[0].kernel)"
    result, products = in_node("moving_kernel", f"[correlate({given}), productsAt({given}, 1, 2)]", state)
    channels = torch.tensor(patch.reshape(*patch.shape[:2], -1)).permute(2, 0, 1).double()
    expected = F.conv2d(channels[None], torch.tensor(kernel.reshape(1, -1, *kernel.shape[-2:])).double())[0, 0]
    assert result["shape"] == list(expected.shape)
    numbers = np.array(list(result["data"].values())).reshape(expected.shape)
    assert np.abs(numbers - expected.numpy()).max() < 1e-4
    assert [one["pixel"] for one in products] == channels[:, 1:4, 2:5].flatten().tolist()
    assert sum(one["product"] for one in products) == pytest.approx(expected[1, 2].item(), abs=1e-4)


def test_three_channels_stand_side_by_side(shown):
    moving_kernel(COLOURS, TABLES)
    patch, *tables, new = shown[0].axes
    assert [axis.get_title().partition(":")[0] for axis in tables] == ["red", "green", "blue"]
    sums = [float(axis.get_title().rpartition(" ")[2]) for axis in tables]
    result = new.images[0].get_array()
    assert result.shape == (7, 5) and sum(sums) == pytest.approx(result[3, 2], abs=0.16)
    assert patch.patches[0].get_xy() == (1.5, 2.5) and f"{result[3, 2]:.1f} is one new pixel" in shown[0].get_suptitle()


def test_a_patch_as_small_as_the_kernel(shown):
    moving_kernel(PATCH[:3, :3], GAUSS)
    assert len(shown[0].axes) == 3


@pytest.mark.parametrize(
    "patch, kernel",
    [
        (PICTURE, GAUSS),
        (PATCH[None], GAUSS),
        (PATCH, GAUSS[:2]),
        (PATCH, GAUSS[0]),
        (PATCH[:2], GAUSS),
        (COLOURS, GAUSS),
        (PATCH, TABLES),
    ],
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


def test_the_editor_computes_what_pytorch_does(shown):
    kernel_editor(PICTURE)
    state = shown[1][live.MIME]["state"]
    kernels = [
        *(preset["kernel"] for preset in state["presets"]),
        *np.random.default_rng(3).normal(size=(4, 9)).tolist(),
    ]
    expression = (
        "a[1].map((kernel) => Array.from(filtered(unpacked(a[0].picture), kernel)))"
        ".concat([windowAt(unpacked(a[0].picture), 0, 29)])"
    )
    *results, window = in_node("kernel_editor", expression, state, kernels)
    for kernel, result in zip(kernels, results, strict=True):
        expected = filtered(PICTURE, np.array(kernel).reshape(3, 3))
        assert np.abs(np.array(result).reshape(expected.shape) - expected).max() < 1e-4
    assert window == np.pad(PICTURE, 1, mode="reflect")[0:3, 29:32].ravel().tolist(), "a corner is mirrored"
    line = {"data": [7, 8, 9], "shape": [1, 3]}
    assert in_node("kernel_editor", "windowAt(a[0], 0, 0)", line) == [8, 7, 8] * 3


def test_colours_follow_the_sum_of_the_weights_and_sobel_turns():
    kernels = [np.ravel(kernel).tolist() for kernel in PRESETS.values()]
    readings = in_node("kernel_editor", "a[0].map((kernel) => reading(kernel, 'auto'))", kernels)
    assert [found["withSign"] for found in readings] == [False, False, True, True, False, False], "as in the figure"
    assert [found["total"] for found in readings] == [1, 1, 0, 0, 1, 1] and readings[2]["limit"] == 0.4 * 255 * 8 / 2
    always = in_node("kernel_editor", "['sign', 'grey'].map((how) => reading(a[0], how).withSign)", kernels[0])
    assert always == [True, False]
    x, y = (np.ravel(PRESETS[name]).tolist() for name in ("Sobel x", "Sobel y"))
    turns = in_node("kernel_editor", "[0, 45, 90].map((angle) => turned(a[0], a[1], angle))", x, y)
    assert turns == [x, [-1.41, -1.41, 0, -1.41, 0, 1.41, 0, 1.41, 1.41], y]


def test_the_editor_wants_grey():
    with pytest.raises(ValueError, match=r"shape \(4, 4, 3\).*expected \(H, W\)"):
        kernel_editor(np.zeros((4, 4, 3)))
