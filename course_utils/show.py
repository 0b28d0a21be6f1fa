"""Pictures and tables, in one look: colours that colour-blind readers can tell apart, titles that say what to see.

Each function returns its figure (or a table), which the notebook shows when the call is the last line of a cell; in a
script, `figure.savefig("name.png")` writes it. Figures that were made while stand-in data is in use say so.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from course_utils.figures import alt_text
from course_utils.files import standin
from course_utils.train import History

# Okabe and Ito, "Color Universal Design", 2008: distinct for every common kind of colour blindness.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")


def finish(figure: Figure, title: str | None = None, alt: str | None = None) -> Figure:
    """The last step of a figure of your own: its title, and what it shows in words, or `alt`; shown once, not twice."""
    if standin.used:
        title = f"{title}\n(drawn stand-in data, not the real pictures)" if title else "Drawn stand-in data"
    if title:
        figure.suptitle(title, fontsize=12)
    alt_text.attach(figure, alt)
    plt.close(figure)  # the notebook shows what the cell returns; an open figure would be shown a second time
    return figure


def only_pixels(axis: Axes) -> None:
    """No ticks, no frame: what is left are the pixels."""
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def images(
    pictures: Tensor | np.ndarray,
    titles: Sequence[str] | None = None,
    columns: int = 8,
    title: str | None = None,
    size: float = 1.15,
    cmap: str | Colormap | None = None,
) -> Figure:
    """A grid of pictures.

    Args:
        pictures: (N, H, W), or (N, C, H, W) with one or three channels; uint8 in 0..255 or floats in 0..1. Grey floats
            outside 0..1 (standardised images, kernels, feature maps) are stretched from their own least to their
            greatest value.
        titles: N short texts, one above each picture.
        columns, title: pictures in a row; the figure's title.
        size: the width and height of one picture, in inches.
        cmap: a colour map of matplotlib for grey pictures, such as "RdBu" for kernels; its middle then stands for 0.
    """
    pictures = np.asarray(torch.as_tensor(pictures).detach().cpu())
    if pictures.ndim == 4 and pictures.shape[1] in (1, 3):
        pictures = pictures.transpose(0, 2, 3, 1)
        pictures = pictures[..., 0] if pictures.shape[-1] == 1 else pictures
    elif pictures.ndim != 3:
        raise ValueError(f"pictures have shape {pictures.shape}: expected (N, H, W), (N, 1, H, W) or (N, 3, H, W)")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"{len(titles)} titles for {len(pictures)} pictures: give one for each")
    columns = min(columns, max(len(pictures), 1))
    rows = -(-len(pictures) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(size * columns, (size + 0.3 * bool(titles)) * rows + 0.4))
    for axis in np.ravel(axes):
        axis.axis("off")
    stretch = {"vmin": 0, "vmax": 255} if pictures.dtype == np.uint8 else {"vmin": 0, "vmax": 1}
    if pictures.dtype != np.uint8 and (pictures.min() < 0 or pictures.max() > 1):
        stretch = {"vmin": pictures.min(), "vmax": pictures.max()}
    if cmap is not None:
        limit = np.abs(pictures).max()
        stretch = {"vmin": -limit, "vmax": limit, "cmap": cmap}
    for i, (axis, picture) in enumerate(zip(np.ravel(axes), pictures, strict=False)):
        axis.imshow(picture, interpolation="nearest", **stretch)
        if titles is not None:
            axis.set_title(titles[i], fontsize=10)
    return finish(figure, title)


def curves(histories: History | Mapping[str, History], title: str | None = None) -> Figure:
    """Loss and accuracy over the epochs: training dashed, validation solid, one colour for each training.

    Args:
        histories: what `fit` returned, or several of them by name.
    """
    if isinstance(histories, History):
        histories = {"": histories}
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.4))
    colors = dict(zip(histories, COLORS * len(histories), strict=False))
    parts = {"train": ("training", "--"), "validation": ("validation", "-")}
    for what, axis in zip(("loss", "accuracy"), axes, strict=True):
        for name, history in histories.items():
            epochs = range(1, len(history) + 1)
            marker = "o" if len(history) <= 20 else ""  # more would hide the dashes
            for part, (_, line) in parts.items():
                values = getattr(history, f"{part}_{what}")
                if values:
                    scale = 100 if what == "accuracy" else 1
                    style = {"color": colors[name], "markersize": 3, "label": f"{name} {part}".strip()}
                    axis.plot(epochs, np.multiply(values, scale), marker + line, **style)
        axis.set_xlabel("epoch")
        axis.set_ylabel("accuracy in %" if what == "accuracy" else "loss per sample")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
    names = [Line2D([], [], color=color, label=name) for name, color in colors.items() if name]
    drawn = [style for part, style in parts.items() if any(getattr(h, f"{part}_loss") for h in histories.values())]
    lines = [Line2D([], [], color="black", linewidth=1.5, linestyle=line, label=text) for text, line in drawn]
    figure.legend(handles=names + lines, loc="outside right center", fontsize=9, handlelength=3.5)  # hides no curve
    return finish(figure, title)


def confusion(targets: Tensor, predictions: Tensor, classes: Sequence[str], title: str | None = None) -> Figure:
    """How often each class (row) was taken for each class (column). The colour shows mistakes only; 0 is empty.

    Args:
        targets, predictions: class numbers (N,).
        classes: the names of the K classes.
        title: without one, the title tells the share that is right and the most frequent mistake.
    """
    k = len(classes)
    counts = torch.bincount(targets.cpu() * k + predictions.cpu(), minlength=k * k).reshape(k, k).numpy()
    mistakes = counts.copy()
    np.fill_diagonal(mistakes, 0)
    if title is None:
        row, column = np.unravel_index(mistakes.argmax(), mistakes.shape)
        title = (
            f"{np.trace(counts) / counts.sum():.1%} right; most frequent mistake: "
            f"{classes[row]} as {classes[column]} ({mistakes[row, column]} times)"
        )
    figure, axis = plt.subplots(figsize=(0.55 * k + 1.5, 0.5 * k + 1.2))
    axis.imshow(np.ma.masked_where(np.eye(k, dtype=bool), mistakes), cmap="Oranges", vmin=0)
    for row in range(k):
        for column in range(k):
            if row != column and not counts[row, column]:
                continue  # zeros would hide the mistakes
            color = "white" if mistakes[row, column] > 0.6 * max(mistakes.max(), 1) else "black"
            axis.text(column, row, counts[row, column], ha="center", va="center", fontsize=9, color=color)
    long_names = max(map(len, classes)) > 3
    axis.set_xticks(range(k), classes, rotation=45 if long_names else 0, ha="right" if long_names else "center")
    axis.set_yticks(range(k), classes)
    axis.set_xlabel("predicted class")
    axis.set_ylabel("true class")
    return finish(figure, title)
