"""The last hidden layer on paper: its features in two directions, one point for each sample."""

from collections.abc import Sequence

import matplotlib.patheffects as effects
import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import show

MARKERS = "o^sDvP<X>p"
# 1 and 4 are often neighbours: one is orange, so the other is not.
TEN_COLORS = (*show.COLORS[:4], "#999999", *show.COLORS[5:], show.COLORS[4], "#8C510A")


def pca(features: Tensor, k: int = 2) -> tuple[Tensor, Tensor]:
    """Principal component analysis: the k directions in which the features (N, D) spread most.

    Returns:
        the coordinates (N, k) of each sample, and the share (k,) of the whole variance that each direction holds. The
        sign of a direction is free; here its largest entry is positive.
    """
    centred = features - features.mean(dim=0)
    _, sizes, directions = torch.linalg.svd(centred, full_matrices=False)  # directions (min(N, D), D), largest first
    largest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))
    return centred @ (directions * largest.sign())[:k].T, (sizes.square() / sizes.square().sum())[:k]


def embedding(
    points: Tensor, targets: Tensor, predictions: Tensor, classes: Sequence[str], title: str | None = None
) -> Figure:
    """Samples as points, such as those of `pca`: colour and marker say the true class, a black cross a wrong answer.

    Where each class has a name of one character, such as a digit, this character is the marker.

    Args:
        points: (N, 2).
        targets, predictions: class numbers (N,).
        classes: at most ten names; each stands in the middle of its points.
        title: without one, the title tells how many answers are wrong.

    Raises:
        ValueError: there are more than ten classes.
    """
    if len(classes) > len(MARKERS):
        raise ValueError(f"{len(classes)} classes: there are markers for {len(MARKERS)}")
    figure, axis = plt.subplots(figsize=(7.5, 6))
    wrong = targets != predictions
    signs = all(len(name) == 1 and name.isalnum() for name in classes)
    style = {"s": 26, "linewidths": 0} if signs else {"s": 16, "linewidths": 0.2, "edgecolors": "0.3"}
    for k, color in enumerate(TEN_COLORS):
        marker = f"${classes[k]}$" if signs and k < len(classes) else MARKERS[k]
        axis.scatter(*points[targets == k].T.numpy(), marker=marker, color=color, alpha=0.7, **style)
    axis.scatter(*points[wrong].T.numpy(), s=30, marker="x", color="black", linewidths=1.2, label="wrong answer")
    edge = [effects.withStroke(linewidth=4, foreground="white")]
    said = []
    for k in targets.unique():
        x, y = points[targets == k].median(dim=0).values.tolist()
        said.append(f"{classes[k]} ({x:.2g}, {y:.2g})")
        axis.text(x, y, classes[k], fontsize=15, weight="bold", ha="center", va="center", path_effects=edge)
    axis.set(xlabel="first direction", ylabel="second direction", xticks=[], yticks=[])
    axis.legend(loc="best", fontsize=9)
    counts = f"{len(points):,} samples, {wrong.sum():,} of them (x) with a wrong answer"
    alt = f"{counts}; the middle of each class in first and second direction: {', '.join(said)}"
    return show.finish(figure, title or counts, alt if title else alt.partition("; ")[2])
