"""Kernels and pixels as numbers; kernels to try: one that moves over a patch, and one to edit.

`show_pixels` and `show_kernels` return a figure. `moving_kernel` and `kernel_editor` show a static figure first; below
it, in a live notebook, stand the controls: they have labels, and work with the mouse and with the keyboard. All sums
come from PyTorch: no formula is written here again.
"""

from collections.abc import Sequence
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils import show
from course_utils.widgets.live import beside, offer_with_python, png, png_widget

PRESETS = {
    "identity": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
    "Gaussian": ((1 / 16, 2 / 16, 1 / 16), (2 / 16, 4 / 16, 2 / 16), (1 / 16, 2 / 16, 1 / 16)),
    "Sobel x": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "Sobel y": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
}
EFFECTS = {
    "identity": "nothing changes",
    "Gaussian": "blurred",
    "Sobel x": "right minus left",
    "Sobel y": "below minus above",
    "sharpen": "edges stronger",
    "emboss": "lit from one corner",
}
EMPTY = "#DCEBF5"  # a place that holds no number yet


def correlate(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The kernel slides over the image and stays inside: (H, W) and (k, k) -> (H - k + 1, W - k + 1)."""
    image, kernel = (torch.tensor(np.asarray(a), dtype=torch.float64)[None, None] for a in (image, kernel))
    return F.conv2d(image, kernel)[0, 0].numpy()


# ---- numbers in squares ----------------------------------------------------------------------------------------------


def show_pixels(patch: np.ndarray, title: str | None = None) -> Figure:
    """Grey values (H, W), each written on its pixel, in the greys in which `moving_kernel` draws the same patch."""
    patch = np.asarray(patch)
    figure, axis = plt.subplots(figsize=(0.48 * patch.shape[1], 0.48 * patch.shape[0] + 0.2))
    _draw_pixels(axis, patch, patch)
    middle = (float(patch.min()) + float(patch.max())) / 2  # float: a sum of two uint8 may not fit into uint8
    for (r, c), value in np.ndenumerate(patch):
        axis.text(
            c, r, f"{value:g}", ha="center", va="center", fontsize=9, color="white" if value < middle else "black"
        )
    axis.set(xticks=range(patch.shape[1]), yticks=range(patch.shape[0]), xlabel="column", ylabel="row")
    return show.finish(figure, title)


def show_kernels(
    kernels: Sequence[np.ndarray], titles: Sequence[str], title: str | None = None, limit: float | None = None
) -> Figure:
    """Kernels (k, k) side by side, each weight written on its square: blue above zero, white at zero, red below.

    The darkest colours stand for `limit` and -`limit`, without one for the largest weight: give the same limit to
    figures that are to be compared.
    """
    figure, axes = plt.subplots(1, len(kernels), figsize=(1.75 * len(kernels), 2.4), squeeze=False)
    limit = limit or max(float(np.abs(kernel).max()) for kernel in map(np.asarray, kernels))
    for axis, kernel, name in zip(axes[0], kernels, titles, strict=True):
        _draw_weights(axis, np.asarray(kernel), limit)
        axis.set_title(name, fontsize=10)
    return show.finish(figure, title)


def _draw_weights(axis: Axes, kernel: np.ndarray, limit: float) -> None:
    """The squares of one kernel, and its weights: whole numbers, sixteenths as fractions, or one decimal."""
    axis.imshow(kernel, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    show.only_pixels(axis)
    axis.spines[:].set(visible=True, color="grey")  # white squares need a frame
    for (r, c), weight in np.ndenumerate(kernel):
        exact = float(16 * weight).is_integer()
        text = str(Fraction(float(weight))) if exact else f"{round(float(weight), 1) + 0.0:.1f}"  # + 0.0: no -0
        color = "white" if abs(weight) > 0.6 * limit else "black"
        axis.text(c, r, text, ha="center", va="center", fontsize=9, color=color)


# ---- a kernel that moves -------------------------------------------------------------------------------------------


def moving_kernel(patch: np.ndarray, kernel: np.ndarray) -> None:
    """Show how a kernel moves over a patch, in four frames; in a live notebook, a slider goes through all places.

    Args:
        patch: grey values (H, W), with sides of at most 16, so that single pixels can be seen.
        kernel: weights (k, k), with k of at most 5.

    Raises:
        ValueError: patch or kernel has another shape.
    """
    patch, kernel = np.asarray(patch), np.asarray(kernel)
    if patch.ndim != 2 or max(patch.shape) > 16:
        raise ValueError(f"patch has shape {patch.shape}: expected (H, W), grey values, with sides of at most 16")
    if kernel.ndim != 2 or len(set(kernel.shape)) != 1 or kernel.shape[0] > min(5, *patch.shape):
        raise ValueError(f"kernel has shape {kernel.shape}: expected (k, k), k at most 5 and no side of the patch")
    result = correlate(patch, kernel)
    last, row = result.size - 1, result.shape[1]
    places = sorted({0, min(1, last), min(row, last), last})
    figure, axes = plt.subplots(3, len(places), figsize=(2.3 * len(places), 5.6), squeeze=False)
    for column, place in zip(axes.T, places, strict=True):
        _draw_place(column, patch, kernel, result, place, fontsize=7)
    title = "Multiply each pixel by the weight on it, and add: one new pixel. Then the kernel moves on"
    offer_with_python(show.finish(figure, title), lambda: make_mover(patch, kernel), "move the kernel")


def _draw_place(
    axes: np.ndarray, patch: np.ndarray, kernel: np.ndarray, result: np.ndarray, place: int, fontsize: int
) -> None:
    """One place of the kernel, on three axes: the patch with the window, the products, the new pixels so far."""
    k, (r, c) = len(kernel), divmod(place, result.shape[1])
    window = patch[r : r + k, c : c + k]
    done = np.arange(result.size).reshape(result.shape) <= place
    _draw_pixels(axes[0], patch, patch)
    _draw_pixels(axes[1], window, patch)
    inside = patch.min() <= result.min() and result.max() <= patch.max()  # then the same greys as in the patch
    _draw_pixels(axes[2], np.ma.masked_where(~done, result), patch if inside else result)
    for axis, side in ((axes[0], k), (axes[2], 1)):
        axis.add_patch(Rectangle((c - 0.5, r - 0.5), side, side, fill=False, edgecolor=show.COLORS[1], linewidth=2.5))
    middle = (float(patch.min()) + float(patch.max())) / 2  # float: a sum of two uint8 may not fit into uint8
    for (y, x), pixel in np.ndenumerate(window):
        text = f"{pixel:g}\n· {kernel[y, x]:.3g}\n= {pixel * kernel[y, x]:.1f}"
        color = "white" if pixel < middle else "black"
        axes[1].text(x, y, text, ha="center", va="center", fontsize=fontsize, color=color)
    axes[0].set_title(f"place {place + 1} of {result.size}", fontsize=10)
    axes[1].set_title(f"{k * k} products, sum {result[r, c]:.1f}", fontsize=10)
    axes[2].set_title("the new pixels so far", fontsize=10)


def _draw_pixels(axis: Axes, pixels: np.ndarray, among: np.ndarray) -> None:
    """Pixels as squares, white for the largest of `among` and dark grey for the smallest; masked ones are pale blue."""
    low, high = float(among.min()), float(among.max())
    axis.imshow(pixels, vmin=low - (high - low) / 2, vmax=high, interpolation="nearest")
    axis.set_facecolor(EMPTY)
    show.only_pixels(axis)


def make_mover(patch: np.ndarray, kernel: np.ndarray):
    """The control alone: a slider over all places, and the figure of the one that is chosen."""
    import ipywidgets as widgets

    result = correlate(patch, kernel)
    slider = widgets.IntSlider(
        value=1, min=1, max=result.size, description="place", layout=widgets.Layout(width="500px")
    )
    picture, says = png_widget(), widgets.HTML()

    def draw(_change=None) -> None:
        figure, axes = plt.subplots(1, 3, figsize=(9.5, 3.2))
        _draw_place(axes, patch, kernel, result, slider.value - 1, fontsize=9)
        picture.value = png(show.finish(figure))
        r, c = divmod(slider.value - 1, result.shape[1])
        says.value = f"row {r}, column {c}: the sum of the products is {result[r, c]:.1f}"

    slider.observe(draw, names="value")
    draw()
    return widgets.VBox([slider, says, picture])


# ---- a kernel to edit ----------------------------------------------------------------------------------------------


def kernel_editor(picture: np.ndarray) -> None:
    """Show what six known kernels do to a picture; in a live notebook, nine numbers to change, the picture beside them.

    Args:
        picture: grey values (H, W), from 0 to 255.

    Raises:
        ValueError: the picture has another shape.
    """
    picture = np.asarray(picture)
    if picture.ndim != 2:
        raise ValueError(f"picture has shape {picture.shape}: expected (H, W), one grey value for each pixel")
    figure, axes = plt.subplots(2, len(PRESETS), figsize=(9.6, 3.9))
    for (above, below), (name, kernel) in zip(axes.T, PRESETS.items(), strict=True):
        weights = np.array(kernel)
        _draw_weights(above, weights, 2 * float(np.abs(weights).max()))
        above.set_title(f"{name}:\n{EFFECTS[name]}", fontsize=9)
        _draw_filtered(below, picture, weights)
    title = "Nine numbers decide what a kernel does (blue: above zero, red: below)"
    offer_with_python(show.finish(figure, title), lambda: make_editor(picture), "edit the kernel")


def filtered(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The kernel (3, 3) at every pixel of a picture (H, W), which is mirrored at its border as in OpenCV: (H, W)."""
    return correlate(np.pad(picture, 1, mode="reflect"), kernel)


def _draw_filtered(axis: Axes, picture: np.ndarray, kernel: np.ndarray) -> str:
    """The filtered picture, and one sentence that says how to read its colours."""
    show.only_pixels(axis)
    if kernel.sum() > 1e-6:
        axis.imshow(filtered(picture, kernel), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        return f"The weights add up to {kernel.sum():.4g}. Grey: what is below 0 is black, what is above 255 is white."
    most = 255 * np.abs(kernel).sum() / 2  # white under the weights of one sign, black under the others
    limit = 0.4 * most or 1.0  # few results are larger
    axis.imshow(filtered(picture, kernel), cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    total = 0 if abs(kernel.sum()) < 1e-6 else kernel.sum()
    return f"The weights add up to {total:.4g}. Blue is above zero, white is zero, red is below."


def make_editor(picture: np.ndarray):
    """The control alone: nine numbers, a button for each preset, a slider that turns Sobel's kernel."""
    import ipywidgets as widgets

    thin = widgets.Layout(width="112px")
    fields = [
        widgets.FloatText(
            description=f"{r},{c}", step=0.25, continuous_update=True, layout=thin, style={"description_width": "28px"}
        )
        for r in range(3)
        for c in range(3)
    ]
    buttons = [widgets.Button(description=name, layout=thin) for name in PRESETS]
    angle = widgets.IntSlider(
        min=0, max=180, step=15, description="Sobel, angle", style={"description_width": "initial"}
    )
    image, says = png_widget(), widgets.HTML()

    def draw(_change=None) -> None:
        figure, axis = plt.subplots(figsize=(4.2, 4.2))
        says.value = _draw_filtered(axis, picture, np.array([field.value for field in fields]).reshape(3, 3))
        image.value = png(show.finish(figure))

    def put(kernel: np.ndarray) -> None:
        for field, weight in zip(fields, np.ravel(kernel), strict=True):
            field.unobserve(draw, names="value")  # draw once, not nine times
            field.value = round(float(weight), 4) + 0.0  # + 0.0 makes 0 out of -0
            field.observe(draw, names="value")
        draw()

    def turn(_change=None) -> None:
        a, x, y = np.radians(angle.value), np.array(PRESETS["Sobel x"]), np.array(PRESETS["Sobel y"])
        put((np.cos(a) * x + np.sin(a) * y).round(2))

    for button in buttons:
        button.on_click(lambda pressed: put(PRESETS[pressed.description]))
    angle.observe(turn, names="value")
    turn()
    rows = [widgets.HBox(fields[i : i + 3]) for i in (0, 3, 6)] + [widgets.HBox(buttons[:3]), widgets.HBox(buttons[3:])]
    return beside(widgets.VBox([*rows, angle, says], layout=widgets.Layout(width="360px")), image)
