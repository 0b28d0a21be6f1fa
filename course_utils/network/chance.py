"""A control for what was measured on a trained network: how often does chance give as much?"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from course_utils import show


def against_chance(
    by_chance: Tensor, measured: Mapping[str, tuple[float, float]], xlabel: str, title: str | None = None
) -> Figure:
    """A histogram of what chance gives, and over it what was measured: dotted before the training, solid after it.

    Args:
        by_chance: (N,) values of N random draws.
        measured: by name, such as that of a seed, the value before and the value after; at most eight.
        xlabel: what the values are.
        title: without one, the title tells which share of the draws reaches each value after the training.
    """
    figure, axis = plt.subplots(figsize=(7.5, 3))
    axis.hist(by_chance.numpy(), bins=30, color="0.8")
    handles = [plt.Rectangle((0, 0), 1, 1, color="0.8", label=f"{len(by_chance):,} random draws")]
    reached, said = [], []
    for (name, (before, after)), color in zip(measured.items(), show.COLORS, strict=False):
        axis.axvline(before, color=color, linestyle=":")
        axis.axvline(after, color=color)
        handles.append(Line2D([], [], color=color, label=name))
        said.append(f"{name} {before:.2f} before the training, {after:.2f} after it")
        reached.append(f"{(by_chance >= after).double().mean():.1%}")
    axis.set(xlabel=xlabel, ylabel="number of draws")
    handles.append(Line2D([], [], color="black", linestyle=":", linewidth=1.5, label="before the training"))
    figure.legend(handles=handles, loc="outside right center", fontsize=9)
    low, least, most, high = by_chance.double().quantile(torch.tensor([0, 0.25, 0.75, 1], dtype=torch.double)).tolist()
    alt = f"{xlabel} of {len(by_chance):,} random draws {low:.2f} to {high:.2f}, the middle half {least:.2f} to "
    alt += f"{most:.2f}; {'; '.join(said)}"
    title = title or f"Chance reaches the solid lines in {', '.join(reached)} of the draws"
    return show.finish(figure, title, alt)
