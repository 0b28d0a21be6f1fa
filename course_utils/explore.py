"""Controls to try an idea with: a kernel that moves, a kernel to edit, the shapes of a layer.

Each function shows a static figure first, for a reader without a running notebook. Below it, in a live notebook, stand
the controls: they have labels, and work with the mouse and with the keyboard. Shapes and counts come from `layers`, all
sums from PyTorch: no formula is written here again.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Patch, Rectangle
from torch import nn

from course_utils import show
from course_utils.interactive import beside, offer, png, png_widget
from course_utils.layers import FieldTable, by, reach, receptive_fields

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


def _grid(axis: Axes) -> None:
    """No ticks, no frame: what is left are the pixels."""
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


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
    offer(show.finish(figure, title), lambda: make_mover(patch, kernel), "move the kernel")


def _draw_place(axes: np.ndarray, patch: np.ndarray, kernel: np.ndarray, result: np.ndarray, place: int, fontsize: int):
    """One place of the kernel, on three axes: the patch with the window, the products, the new pixels so far."""
    k, (r, c) = len(kernel), divmod(place, result.shape[1])
    window = patch[r : r + k, c : c + k]
    done = np.arange(result.size).reshape(result.shape) <= place
    _draw_pixels(axes[0], patch, patch)
    _draw_pixels(axes[1], window, patch)
    _draw_pixels(axes[2], np.ma.masked_where(~done, result), result)
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
    _grid(axis)


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
    figure, axes = plt.subplots(1, len(PRESETS), figsize=(8.6, 2.0))
    for axis, (name, kernel) in zip(axes, PRESETS.items(), strict=True):
        _draw_filtered(axis, picture, np.array(kernel))
        axis.set_title(f"{name}:\n{EFFECTS[name]}", fontsize=9)
    title = "Nine numbers decide what a kernel does (blue: above zero, red: below)"
    offer(show.finish(figure, title), lambda: make_editor(picture), "edit the kernel")


def filtered(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The kernel (3, 3) at every pixel of a picture (H, W), which is mirrored at its border as in OpenCV: (H, W)."""
    return correlate(np.pad(picture, 1, mode="reflect"), kernel)


def _draw_filtered(axis: Axes, picture: np.ndarray, kernel: np.ndarray) -> str:
    """The filtered picture, and one sentence that says how to read its colours."""
    _grid(axis)
    if kernel.sum() > 1e-6:
        axis.imshow(filtered(picture, kernel), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        return f"The weights add up to {kernel.sum():.4g}. Grey: what is below 0 is black, what is above 255 is white."
    limit = 0.4 * 255 * np.abs(kernel).sum() / 2 or 1.0  # of what is possible; few results are larger
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


# ---- the shapes of a layer -----------------------------------------------------------------------------------------

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

    def fault(self) -> str:
        """Why these numbers make no layer, in one sentence; "" when they do."""
        for name, value in self._asdict().items():
            if value < (name != "padding"):
                return f"{name} is {value}: it has to be at least {int(name != 'padding')}."
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
    """Draw which pixels a convolution sees, and tell its shapes and counts; in a live notebook, with fields to change.

    Args:
        side: of the square picture, in pixels, at most 32.
        kernel_size, stride, padding, dilation, in_channels, out_channels: of `nn.Conv2d`.
        pool: the side of the blocks of a max pooling after the convolution; 1 for none.

    Raises:
        ValueError: these numbers make no layer. In the fields, this is a sentence instead.
    """
    setting = Setting(side, kernel_size, stride, padding, dilation, pool, in_channels, out_channels)
    if why := setting.fault():
        raise ValueError(why)
    offer(draw_shapes(setting), lambda: make_shapes(setting), "try other layers")


def draw_shapes(setting: Setting) -> Figure:
    """Left the picture with the pixels that two neighbouring outputs see; right, to the same scale, the outputs."""
    table, seen, p, room = setting.table(), setting.seen(), setting.padding, setting.side + 2 * setting.padding
    inside = np.pad(np.ones((setting.side, setting.side), bool), p)
    unseen = inside & ~seen()
    channels, height, width = table[-1].output_shape
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.7))
    outputs = np.zeros((height, width))
    for axis, codes in ((left, 2 * unseen + ~inside), (right, outputs)):
        axis.pcolormesh(codes, cmap=ListedColormap(["white", "#D9D9D9", show.COLORS[4]]), vmin=0, vmax=2)
        axis.pcolormesh(codes, facecolor="none", edgecolor="0.75", linewidth=0.4)
        axis.set(xlim=(-0.2, room + 0.2), ylim=(room + 0.2, -0.2), aspect="equal")
        _grid(axis)
    for place, color, circle in (((0, 0), show.COLORS[0], False), ((0, 1), show.COLORS[2], True))[:width]:
        for axis, pixels in ((left, np.argwhere(seen(*place))), (right, [place])):
            for y, x in pixels:
                mark = Circle((x + 0.5, y + 0.5), 0.3) if circle else Rectangle((x + 0.08, y + 0.08), 0.84, 0.84)
                mark.set(facecolor=color, edgecolor="white" if circle else "none", linewidth=0.5)
                axis.add_patch(mark)
    left.set_title(f"the picture, {by(setting.side)}" + f", and padding {p}" * bool(p), fontsize=10, loc="left")
    right.set_title(f"the output, {by(width)}, to the same scale", fontsize=10, loc="left")
    keys = [Patch(color=show.COLORS[0], label="first output"), Patch(color=show.COLORS[2], label="its neighbour")]
    keys += [Patch(color="#D9D9D9", label="padding")] * bool(p)
    keys += [Patch(color=show.COLORS[4], label=f"{unseen.sum()} pixels that no output sees")] * bool(unseen.any())
    figure.legend(handles=keys, loc="outside lower center", ncols=4, fontsize=9.5, frameon=False)
    what = ", then ".join(row.kind for row in table)
    title = f"{what}: each output sees {by(table[-1].receptive_field)} pixels\n"
    title += f"{sum(row.parameters for row in table):,} parameters, "
    title += f"{sum(row.multiply_adds for row in table):,} multiply-adds, {channels} channels of {by((height, width))}"
    return show.finish(figure, title)


def make_shapes(setting: Setting):
    """The control alone: a field for each number, the figure, and the table of the layers."""
    import ipywidgets as widgets

    fields = {
        name: widgets.BoundedIntText(
            value=value,
            min=0,
            max=64,
            description=name,
            continuous_update=True,
            layout=widgets.Layout(width="190px"),
            style={"description_width": "100px"},
        )
        for name, value in setting._asdict().items()
    }
    image, says = png_widget(), widgets.HTML(layout=widgets.Layout(overflow="auto"))  # a long line can be scrolled

    def draw(_change=None) -> None:
        chosen = Setting(**{name: field.value for name, field in fields.items()})
        why = chosen.fault()
        image.layout.display = "none" if why else ""
        says.value = f"<b>{why}</b>" if why else f"<pre style='white-space: pre'>{chosen.table()}</pre>"
        if not why:
            image.value = png(draw_shapes(chosen))

    for field in fields.values():
        field.observe(draw, names="value")
    draw()
    return widgets.VBox([beside(widgets.VBox(list(fields.values())), image), says])
