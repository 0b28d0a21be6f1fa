"""Classifiers of points in the plane: which class each of them gives to every place. (Lesson 03)"""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import show
from course_utils.network import embedding

MARKERS = embedding.MARKERS[: len(show.COLORS)]


def boundaries(
    models: Mapping[str, Callable[[Tensor], Tensor]], points: Tensor, labels: Tensor, title: str | None = None
) -> Figure:
    """One panel for each model: its answer everywhere as a pale colour, and the points on top.

    Args:
        models: by name, what gives scores (M, K) for points (M, 2). Without models: the points alone.
        points, labels: (N, 2), and class numbers (N,) below 8.
        title: the figure's title.
    """
    points, labels = points.detach().cpu(), labels.cpu()
    side = 1.15 * points.abs().max().item()
    line = torch.linspace(-side, side, 200)
    grid = torch.cartesian_prod(line, line)  # (200 * 200, 2)
    panels = list(models.items()) or [("", None)]
    said = [_where(points[labels == k], k) for k in labels.unique().tolist()]
    figure, axes = plt.subplots(1, len(panels), figsize=(3.2 * len(panels), 3.5), squeeze=False)
    for axis, (name, model) in zip(axes[0], panels, strict=True):
        if model is not None:
            with torch.no_grad():
                answers = model(grid).argmax(dim=1).view(200, 200).T.numpy()
                right = (model(points).argmax(dim=1) == labels).double().mean()
            said.append(f"{name}: {right:.0%} of the points on the side of their class")
            colors = ListedColormap(show.COLORS)
            axis.pcolormesh(
                line.numpy(), line.numpy(), answers, cmap=colors, vmin=0, vmax=len(show.COLORS) - 1, alpha=0.25
            )
        for k in labels.unique().tolist():
            x, y = points[labels == k].T.numpy()
            axis.scatter(x, y, s=10, color=show.COLORS[k], marker=MARKERS[k], label=f"class {k}")
        show.only_pixels(axis)
        axis.set(aspect="equal", title=name)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=8, fontsize=10)
    return show.finish(figure, title, alt="; ".join(said))


def _where(points: Tensor, k: int) -> str:
    """How many points a class has and how far from the middle they lie, in words."""
    far = points.norm(dim=1)
    return f"{len(points)} points of class {k}, {far.min():.1f} to {far.max():.1f} from the middle"
