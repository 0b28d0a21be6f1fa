"""Kernels and pixels as numbers; kernels to try: one that moves over a patch, and one to edit.

`show_pixels` and `show_kernels` return a figure. `moving_kernel` and `kernel_editor` show a static figure first; below
it, in a live notebook and on the site, stand the controls: moving_kernel.js and kernel_editor.js. All sums here come
from PyTorch; those of the browser are compared with them in a test.
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
from course_utils.widgets.live import Control, offer, packed

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
    """Show how a kernel moves over a patch; in a live notebook and on the site, step by step.

    Args:
        patch: grey values (H, W), or colours (H, W, 3), with sides of at most 16, so that single pixels can be seen.
        kernel: weights (k, k), for colours (3, k, k): a table for each channel. k is at most 5.

    Raises:
        ValueError: patch or kernel has another shape.
    """
    patch, kernel = np.asarray(patch), np.asarray(kernel)
    if patch.ndim not in (2, 3) or max(patch.shape[:2]) > 16 or patch.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"patch has shape {patch.shape}: expected (H, W), grey values, or (H, W, 3), colours; no side above 16"
        )
    k, wanted = kernel.shape[-1], "(k, k)" if patch.ndim == 2 else "(3, k, k), as the patch has three channels"
    if kernel.shape != (*patch.shape[2:], k, k) or k > min(5, *patch.shape[:2]):
        raise ValueError(
            f"kernel has shape {kernel.shape}: expected {wanted}; k at most 5, and no larger than the patch"
        )
    if patch.ndim == 3:
        figure, title = _colour_frame(patch, kernel), "Move the kernel over three channels"
        about = "A kernel has a table of weights for each channel. At each place all products are added: one new pixel."
    else:
        figure, title = _grey_frames(patch, kernel), "Move the kernel"
        about = "At each place each pixel is multiplied by the weight on it, and all products are added: one new pixel."
    channels = patch.transpose(2, 0, 1) if patch.ndim == 3 else patch[None]
    channels = channels if channels.dtype == np.uint8 else channels.astype(np.float32)
    tables = kernel.reshape(-1, k, k).astype(np.float32)
    offer(figure, Control("moving_kernel", title, about, {"patch": packed(channels), "kernel": packed(tables)}))


def _grey_frames(patch: np.ndarray, kernel: np.ndarray) -> Figure:
    """Four places of a kernel over grey values: the first two, the first of the second row, the last."""
    result = correlate(patch, kernel)
    last, row = result.size - 1, result.shape[1]
    places = sorted({0, min(1, last), min(row, last), last})
    figure, axes = plt.subplots(3, len(places), figsize=(2.3 * len(places), 5.6), squeeze=False)
    for column, place in zip(axes.T, places, strict=True):
        _draw_place(column, patch, kernel, result, place, fontsize=7)
    return show.finish(
        figure, "Multiply each pixel by the weight on it, and add: one new pixel. Then the kernel moves on"
    )


def _colour_frame(patch: np.ndarray, kernel: np.ndarray) -> Figure:
    """One place of a kernel over three channels, in the middle: the patch, three tables of products, the new pixels."""
    k, tables = len(kernel[0]), np.asarray(kernel)
    parts = [correlate(patch[:, :, c], tables[c]) for c in range(3)]
    result = parts[0] + parts[1] + parts[2]
    r, c = (side // 2 for side in result.shape)
    figure, axes = plt.subplots(1, 5, figsize=(12, 3))
    axes[0].imshow(patch.astype(np.uint8) if patch.dtype == np.uint8 else patch / 255)
    axes[0].set_title(f"the patch, row {r}, column {c}", fontsize=10)
    axes[0].add_patch(Rectangle((c - 0.5, r - 0.5), k, k, fill=False, edgecolor="black", linewidth=2.5))
    for axis, channel, name in zip(axes[1:4], range(3), ("red", "green", "blue"), strict=True):
        window = patch[r : r + k, c : c + k, channel]
        shades = np.zeros((k, k, 3), dtype=np.uint8)
        shades[:, :, channel] = window
        axis.imshow(shades)
        for (y, x), pixel in np.ndenumerate(window):
            weight = tables[channel][y, x]
            text = f"{pixel:g}\n· {weight + 0.0:.3g}\n= {pixel * weight + 0.0:.1f}"
            light = (pixel / 255) ** 2.2 * (0.2126, 0.7152, 0.0722)[channel] > 0.179
            axis.text(x, y, text, ha="center", va="center", fontsize=8, color="black" if light else "white")
        axis.set_title(f"{name}: {k * k} products, sum {parts[channel][r, c] + 0.0:.1f}", fontsize=10)
    limit = float(np.abs(result).max()) or 1.0
    axes[4].imshow(result, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    axes[4].add_patch(Rectangle((c - 0.5, r - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=2.5))
    axes[4].set_title("the new pixels: blue +, red -", fontsize=10)
    for axis in axes:
        show.only_pixels(axis)
    total = f"{result[r, c]:.1f}"
    return show.finish(
        figure, f"{3 * k * k} products, all added: {total} is one new pixel, for three channels together"
    )


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


# ---- a kernel to edit ----------------------------------------------------------------------------------------------


def kernel_editor(picture: np.ndarray) -> None:
    """Show what six known kernels do to a picture; in a live notebook and on the site, nine numbers to change.

    Args:
        picture: grey values (H, W), whole numbers from 0 to 255.

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
    state = {
        "picture": packed(picture.astype(np.uint8)),
        "presets": [
            {"name": name, "kernel": np.ravel(kernel).tolist(), "effect": EFFECTS[name]}
            for name, kernel in PRESETS.items()  # a list: a stored notebook sorts the names of a dictionary
        ],
    }
    about = "Nine numbers, and what they make of a picture: the course's, or one of your own."
    offer(show.finish(figure, title), Control("kernel_editor", "Edit the kernel", about, state))


def filtered(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The kernel (3, 3) at every pixel of a picture (H, W), which is mirrored at its border as in OpenCV: (H, W)."""
    return correlate(np.pad(picture, 1, mode="reflect"), kernel)


def _draw_filtered(axis: Axes, picture: np.ndarray, kernel: np.ndarray) -> None:
    """The filtered picture: grey, cut to 0..255, or with the sign where the weights add up to 0 or less."""
    show.only_pixels(axis)
    if kernel.sum() > 1e-6:
        axis.imshow(filtered(picture, kernel), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        return
    most = 255 * np.abs(kernel).sum() / 2  # white under the weights of one sign, black under the others
    limit = 0.4 * most or 1.0  # few results are larger
    axis.imshow(filtered(picture, kernel), cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
