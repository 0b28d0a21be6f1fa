"""The shapes of a layer: which pixels an output sees; as a control, of several layers one after the other.

Shapes and counts come from `network.layers`. The control, shape_explorer.js, counts in the browser; a test compares
both.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Rectangle
from torch import nn

from course_utils import show
from course_utils.network.layers import FieldTable, by, reach, receptive_fields
from course_utils.widgets.live import Control, offer

LARGEST = 32  # side of the picture: more pixels would be too small to see


class Setting(NamedTuple):
    """A square picture, a convolution, and a max pooling after it (1 for none)."""

    side: int
    kernel_size: int
    stride: int
    padding: int
    dilation: int
    pool: int
    in_channels: int
    out_channels: int

    def layers(self) -> nn.Sequential:
        """The layers, without numbers in their weights: shapes need none, and no random number is used up."""
        window = {name: getattr(self, name) for name in ("kernel_size", "stride", "padding", "dilation")}
        layers = [("conv", nn.Conv2d(self.in_channels, self.out_channels, **window, device="meta"))]
        if self.pool > 1:
            layers.append(("pool", nn.MaxPool2d(self.pool)))
        return nn.Sequential(OrderedDict(layers))

    def table(self) -> FieldTable:
        return receptive_fields(self.layers(), (1, self.in_channels, self.side, self.side))

    def state(self) -> dict[str, object]:
        """The same for shape_explorer.js."""
        names = {"kernel": self.kernel_size, "stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        layers = [{"kind": "conv", "channels": self.out_channels, **names}]
        if self.pool > 1:
            layers.append({"kind": "pool", "kernel": self.pool, "stride": self.pool, "padding": 0})
        return {"side": self.side, "channels": self.in_channels, "layers": layers}

    def fault(self) -> str:
        """Why these numbers make no layer, in one sentence; "" when they do."""
        for name, value in self._asdict().items():
            least = 0 if name == "padding" else 1
            if value < least:
                return f"{name} is {value}: it has to be at least {least}."
        if self.side > LARGEST:
            return f"side is {self.side}: a picture with more than {LARGEST} pixels a side is too large to draw."
        span, room = reach(self.layers()[0])[0] + 1, self.side + 2 * self.padding
        if span > room:
            return (
                f"The window is {span} pixels wide, the picture with its padding only {room}: "
                "take a smaller kernel, less dilation, or more padding."
            )
        before = self._replace(pool=1).table()[0].output_shape[-1]
        if self.pool > before:
            return f"The convolution leaves {by(before)} numbers, too few for pooling {by(self.pool)}."
        return ""

    def seen(self) -> Callable[..., np.ndarray]:
        """A function: which pixels of the padded picture does an output see? All outputs together, without a place.

        A pixel is seen when the output changes with it, so when its gradient is not 0. All weights are 1 for this, and
        the pooling takes the mean, in which every number counts.
        """
        room = self.side + 2 * self.padding
        x = torch.zeros(1, 1, room, room, requires_grad=True)
        weight = torch.ones(1, 1, self.kernel_size, self.kernel_size)
        y = F.avg_pool2d(F.conv2d(x, weight, stride=self.stride, dilation=self.dilation), self.pool)[0, 0]

        def pixels(*place: int) -> np.ndarray:
            return (torch.autograd.grad(y[place].sum(), x, retain_graph=True)[0][0, 0] > 0).numpy()

        return pixels


def shape_explorer(
    side: int = 28,
    kernel_size: int = 3,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    pool: int = 1,
    in_channels: int = 1,
    out_channels: int = 6,
) -> None:
    """Draw which pixels a convolution sees, and tell its shapes and counts.

    In a live notebook and on the site, the numbers can be changed and further layers added.

    Args:
        side: of the square picture, in pixels, at most 32.
        kernel_size, stride, padding, dilation, in_channels, out_channels: of `nn.Conv2d`.
        pool: the side of the blocks of a max pooling after the convolution; 1 for none.

    Raises:
        ValueError: these numbers make no layer. In the control, this is a sentence instead.
    """
    setting = Setting(side, kernel_size, stride, padding, dilation, pool, in_channels, out_channels)
    if why := setting.fault():
        raise ValueError(why)
    about = "Layers, one after the other: their sizes, what an output sees, parameters and multiply-adds."
    offer(draw_shapes(setting), Control("shape_explorer", "Try other layers", about, setting.state()))


def draw_shapes(setting: Setting) -> Figure:
    """Left the picture with the pixels that two neighbouring outputs see; right, to the same scale, the outputs."""
    table, seen, padding = setting.table(), setting.seen(), setting.padding
    room = setting.side + 2 * padding
    picture = np.pad(np.ones((setting.side, setting.side), bool), padding)  # False: padding
    unseen = picture & ~seen()
    pixels = np.select([unseen, ~picture], [2, 1], default=0)  # the numbers of their colours below
    channels, height, width = table[-1].output_shape
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.7))
    for axis, codes in ((left, pixels), (right, np.zeros((height, width)))):
        axis.pcolormesh(codes, cmap=ListedColormap(["white", "#D9D9D9", show.COLORS[4]]), vmin=0, vmax=2)
        axis.pcolormesh(codes, facecolor="none", edgecolor="0.75", linewidth=0.4)
        axis.set(xlim=(-0.2, room + 0.2), ylim=(room + 0.2, -0.2), aspect="equal")
        show.only_pixels(axis)
    for axis, squares in ((left, np.argwhere(seen(0, 0))), (right, [(0, 0)])):
        for y, x in squares:
            axis.add_patch(Rectangle((x + 0.08, y + 0.08), 0.84, 0.84, facecolor=show.COLORS[0]))
    if width > 1:
        for axis, circles in ((left, np.argwhere(seen(0, 1))), (right, [(0, 1)])):
            for y, x in circles:
                style = {"facecolor": show.COLORS[2], "edgecolor": "white", "linewidth": 0.5}
                axis.add_patch(Circle((x + 0.5, y + 0.5), 0.3, **style))
    around = f", and padding {padding}" if padding else ""
    left.set_title(f"the picture, {by(setting.side)}{around}", fontsize=10, loc="left")
    right.set_title(f"the output, {by(width)}, to the same scale", fontsize=10, loc="left")
    dot = {"color": show.COLORS[2], "marker": "o", "linestyle": "", "markersize": 8}
    keys = [Patch(color=show.COLORS[0], label="first output"), Line2D([], [], label="its neighbour", **dot)]
    if padding:
        keys.append(Patch(color="#D9D9D9", label="padding"))
    if unseen.any():
        keys.append(Patch(color=show.COLORS[4], label=f"{unseen.sum()} pixels that no output sees"))
    figure.legend(handles=keys, loc="outside lower center", ncols=4, fontsize=9.5, frameon=False)
    what = ", then ".join(row.kind for row in table)
    step = setting.stride * setting.pool  # between two windows
    further = "one pixel" if step == 1 else f"{step} pixels"
    places = f"{width} places" if width > 1 else "one place"
    title = f"The neighbour's window lies {further} further: " if width > 1 else "The window has no neighbour: "
    title += f"{places} in a row of {room}{', with padding' * bool(padding)};\n"
    title += f"{what}: {sum(row.parameters for row in table):,} parameters, "
    title += f"{sum(row.multiply_adds for row in table):,} multiply-adds, {channels} channels of {by((height, width))}"
    alt = f"left the picture, {by(setting.side)}{around}: the first output sees {len(np.argwhere(seen(0, 0)))} pixels"
    alt += f", {unseen.sum()} pixels are seen by no output" * bool(unseen.any()) + f"; right the output, {by(width)}"
    return show.finish(figure, title, alt)
