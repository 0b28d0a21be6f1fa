"""Pictures of networks, drawn from what their layers do: `architecture` is the one to call. And `ring`, of processes.

A box is the output of a layer. It is to scale: its height and its depth are the sides of the picture, its thickness
tells the channels. A flat bar is a list of numbers. Channels and lists are on a log scale: 128 numbers would need 128
times the ink of one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from torch import nn

from course_utils import show
from course_utils.figures.words import LIMIT
from course_utils.network.layers import WINDOWS, by, describe, layers_of

# In inches: the height of the largest side, of a row of boxes, of a line of text; the width of a row, of its margin.
HEIGHT, BOX, LINE, WIDTH, MARGIN = 1.15, 1.65, 0.16, 9.6, 0.8
SLANT = 0.28  # how far a box goes back, to the right and upwards, as a share of its side
FONT = 8.5
COLORS = {"conv": "#0072B2", "pool": "#009E73", "list": "#E69F00", "other": "#BBBBBB"}  # as in show.COLORS


@dataclass
class Box:
    """One step of a network, as it is drawn."""

    name: str  # of the layer, in models with long names without its first part; "" for the input and for functions
    words: list[str]  # what the step is: ["conv", "5x5", "ReLU"]
    shape: tuple[int, ...]  # of one picture, without the batch axis
    parameters: int
    color: str = COLORS["other"]
    notes: list[str] = field(default_factory=list)  # what follows and keeps the shape: ReLU, batch norm, dropout

    @property
    def above(self) -> list[str]:
        return self.words + self.notes

    @property
    def below(self) -> list[str]:
        return [self.name, by(self.shape), f"{self.parameters:,}" if self.parameters else ""]

    @property
    def thickness(self) -> float:
        return 0.1 if len(self.shape) == 1 else 0.045 * (1 + math.log2(self.shape[0]))

    def side(self, largest: int) -> tuple[float, float]:
        """Height and depth in inches."""
        if len(self.shape) == 1:
            return 0.1 * math.log2(1 + self.shape[0]), 0.0
        return tuple(max(HEIGHT * side / largest, 0.03) for side in self.shape[1:])


def boxes_of(model: nn.Module, input_shape: Sequence[int]) -> list[Box]:
    """The input, then a box for each layer that changes the shape or has a window; others are notes of the last box.

    Where the shape changes between two layers and no known function did it, a box says so and invents no layer.
    """
    boxes = [Box("", ["input"], tuple(input_shape[1:]), 0)]
    for layer in layers_of(model, input_shape):
        module, before = layer.module, layer.input_shape[1:]
        if before != boxes[-1].shape:
            boxes.append(Box("", ["in forward"], before, 0))
        if isinstance(module, (nn.Linear, *WINDOWS)) or layer.output_shape != layer.input_shape:
            kind = {nn.Conv2d: "conv", nn.MaxPool2d: "pool", nn.AvgPool2d: "pool"}.get(type(module), "other")
            color = COLORS["list" if len(layer.output_shape) == 2 else kind]
            boxes.append(Box(layer.name, describe(module), layer.output_shape[1:], layer.parameters, color))
        else:
            boxes[-1].notes += describe(module)
            boxes[-1].parameters += layer.parameters
    if max(len(box.name) for box in boxes) > 9:
        for box in boxes:
            box.name = box.name.partition(".")[2] or box.name
    return boxes


def summary(name: str, boxes: Sequence[Box], short: bool = False) -> str:
    """The same in one line of text, for readers who cannot see the picture; `short` leaves out how each step is set."""
    whats = [box.words[:1] if short else [*box.words, *(f"+ {note}" for note in box.notes)] for box in boxes]
    steps = [f"{' '.join(what)} to {by(box.shape)}" for what, box in zip(whats, boxes, strict=True)]
    steps[0] = f"{by(boxes[0].shape)}"
    return f"{name}: {', '.join(steps)}; {sum(box.parameters for box in boxes):,} parameters"


def shade(color: str, light: float) -> tuple[float, ...]:
    """Mixed with white (light > 0) or with black."""
    goal = 1.0 if light > 0 else 0.0
    return tuple(c + abs(light) * (goal - c) for c in to_rgb(color))


def draw_box(axis: Axes, box: Box, middle: float, largest: int, scale: float = 1) -> tuple[float, float]:
    """Draw one box around the x position `middle`, on the line y = 0. Gives its left and its right edge."""
    height, depth = (scale * side for side in box.side(largest))
    wide, slant = scale * box.thickness, SLANT * depth
    left, low = middle - (wide + slant) / 2, -(height + slant) / 2
    right, top = left + wide, low + height
    faces = [
        ([(left, low), (right, low), (right, top), (left, top)], 0.0),
        ([(left, top), (right, top), (right + slant, top + slant), (left + slant, top + slant)], 0.45),
        ([(right, low), (right + slant, low + slant), (right + slant, top + slant), (right, top)], -0.3),
    ]
    for corners, light in faces if slant else faces[:1]:  # a bar has a front only
        face = Polygon(corners, facecolor=shade(box.color, light), edgecolor="white", linewidth=0.6, joinstyle="round")
        axis.add_patch(face)
    return left, right + slant


def draw_boxes(axis: Axes, boxes: Sequence[Box], width: float, largest: int, scale: float = 1) -> list[float]:
    """Draw boxes in a row `width` inches wide, with arrows where there is room. Gives the x position of each."""
    slot = width / len(boxes)
    middles = [slot * (i + 0.5) for i in range(len(boxes))]
    edges = [draw_box(axis, box, x, largest, scale) for box, x in zip(boxes, middles, strict=True)]
    style = {"arrowstyle": "-|>", "color": "0.35", "linewidth": 0.9, "shrinkA": 1, "shrinkB": 1, "mutation_scale": 7}
    for (_, right), (left, _) in zip(edges, edges[1:], strict=False):
        if left - right > 0.05:  # room for an arrow
            axis.annotate("", (left, 0), (right, 0), arrowprops=style)
    axis.axis("off")
    return middles


def draw_row(axis: Axes, boxes: Sequence[Box], largest: int, lines: int) -> None:
    """One row of a figure, `row_size(lines)` inches large: above each box what it is, below it name, shape, parameters.

    lines: how many lines of text stand above the boxes.
    """
    width, height = row_size(lines)
    middles = draw_boxes(axis, boxes, width - MARGIN, largest)
    top, bottom = BOX / 2 + LINE * lines, -BOX / 2
    for x, box in zip(middles, boxes, strict=True):
        for i, text in enumerate(box.above):
            weight = "normal" if i else "bold"
            axis.text(x, top - LINE * i, text, ha="center", va="top", fontsize=FONT, weight=weight)
        for i, text in enumerate(box.below):
            axis.text(x, bottom - LINE * i, text, ha="center", va="top", fontsize=FONT)
    for i, text in enumerate(("layer", "shape", "parameters")):
        axis.text(-MARGIN, bottom - LINE * i, text, va="top", fontsize=FONT, color="0.35")
    axis.set(xlim=(-MARGIN, width - MARGIN), ylim=(top - height, top), aspect="equal")


def row_size(lines: int) -> tuple[float, float]:
    """Width and height of a row in inches, with `lines` lines of text above the boxes."""
    return WIDTH, BOX + (lines + 3) * LINE


def rows_of(boxes: Sequence[Box]) -> list[Sequence[Box]]:
    """Cut into rows of about the same length, so that texts do not touch each other."""
    widest = max(10.5, *(len(text) for box in boxes for text in box.above + box.below))  # 10 letters and a gap
    longest = int((WIDTH - MARGIN) / (0.073 * widest))  # a letter is about 0.073 inches wide
    per_row = math.ceil(len(boxes) / math.ceil(len(boxes) / longest))
    return [boxes[first : first + per_row] for first in range(0, len(boxes), per_row)]


def architecture(model: nn.Module, input_shape: Sequence[int], title: str | None = None) -> Figure:
    """The network as a row of boxes, one for the output of each step, drawn from what happens in the model.

    Height and depth of a box are the sides of the picture, to scale; its thickness tells the channels, and the height
    of a bar how many numbers a list holds, both on a log scale. ReLU and others that keep the shape stand above the
    box before them. Functions such as `F.max_pool2d` are seen, too; they have no name of a layer below.

    Args:
        model: layers that run one after the other.
        input_shape: with the batch axis, such as (1, 1, 28, 28).
        title: without one, the title tells the layer with most parameters.

    The figure's label (`figure.get_label()`) says the same in one line of text.

    Raises:
        RuntimeError: the model does not take this shape.
    """
    boxes, name = boxes_of(model, input_shape), type(model).__name__
    total, most = sum(box.parameters for box in boxes), max(boxes, key=lambda box: box.parameters)
    if title is None:
        title = f"{name}: {total:,} parameters"
        title += f", {most.parameters / total:.0%} of them in {most.words[0]} {most.name}" if total else ""
    largest = max(side for box in boxes for side in box.shape[1:] or (1,))
    lines = max(len(box.above) for box in boxes)
    rows, (width, height) = rows_of(boxes), row_size(lines)
    figure, axes = plt.subplots(len(rows), 1, figsize=(width, round(height * len(rows) + 0.6, 1)), squeeze=False)
    for axis, row in zip(axes[:, 0], rows, strict=True):
        draw_row(axis, row, largest, lines)
    scales = "height and depth: sides of the picture; thickness: channels, bars: lists of numbers (both not to scale)"
    figure.supxlabel(scales, fontsize=8.5, color="0.35")
    alt = summary(name, boxes)
    return show.finish(figure, title, alt if len(title + alt) < LIMIT - 5 else summary(name, boxes, short=True))


def ring(states: Sequence[Sequence[Sequence[int]]], title: str | None = None) -> Figure:
    """What each process of a ring all-reduce holds at the start and after each round: a small table for each state.

    A cell that has changed is what its process received from the one above it, as the arrow says (the first process
    receives from the last one); it has a thick border. A cell is green when it holds the sum of all processes.

    Args:
        states: whole numbers, *(states, processes, parts)*; states[0] is the start.
        title: what to see.

    The figure's label (`figure.get_label()`) says the same in one line of text.
    """
    tables = [[[int(number) for number in row] for row in state] for state in states]
    processes, parts = len(tables[0]), len(tables[0][0])
    sums = [sum(column) for column in zip(*tables[0], strict=True)]
    digits = max(len(str(total)) for total in sums)
    columns = min(4, len(tables))
    rows = math.ceil(len(tables) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(9.6, rows * (0.42 * processes + 0.75) + 0.4), squeeze=False)
    for i, axis in enumerate(axes.flat):
        axis.axis("off")
        if i >= len(tables):
            continue
        axis.set(xlim=(-1.35, parts + 0.05), ylim=(processes + 0.6, -0.6), aspect="auto")
        axis.set_title(f"after round {i}" if i else "at the start", fontsize=10)
        for rank, row in enumerate(tables[i]):
            axis.text(-0.15, rank + 0.5, f"rank {rank}", ha="right", va="center", fontsize=FONT)
            for k, number in enumerate(row):
                new = i > 0 and number != tables[i - 1][rank][k]
                light = shade(COLORS["pool"], 0.45) if number == sums[k] else shade(COLORS["list"], 0.6) if new else "w"
                box = Rectangle((k, rank), 1, 1, facecolor=light, edgecolor="0.6", linewidth=0.8)
                axis.add_patch(box)
                axis.text(k + 0.5, rank + 0.5, f"{number:0{digits}d}", ha="center", va="center", fontsize=8)
                if new:
                    box.set(edgecolor="black", linewidth=1.8, zorder=3)
                    style = {"arrowstyle": "-|>", "color": "black", "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
                    axis.annotate("", (k + 0.5, rank + 0.2), (k + 0.5, rank - 0.26), arrowprops=style, zorder=4)
                    if rank == 0:  # it comes from the last process
                        axis.plot([k + 0.5] * 2, [processes - 0.25, processes + 0.4], color="black", linewidth=1.4)
    finished = [sum(number == total for row in t for number, total in zip(row, sums, strict=True)) for t in tables]
    figure.set_label(
        f"{processes} processes, {parts} parts; finished sums at the start and after each round: {finished}"
    )
    return show.finish(figure, title)
