"""Draw images/course_overview.png: the whole course in one figure, a small picture for each lesson.

tools/draw_images.py calls it. No picture of a data set is in it: the digit is a letter of a font, the shoe a polygon.
What is said of networks (sides, channels, names) comes from the models themselves.
"""

import io
from collections.abc import Callable

import cv2
import imageio.v3 as imageio
import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image, ImageDraw, ImageFont

from course_utils import ROOT
from course_utils.beyond.airbench import orthogonalize, whitening_kernels
from course_utils.models import LeNet, LeNet5, Mlp, Vgg
from course_utils.network.diagrams import boxes_of, draw_boxes
from course_utils.photos.page import find_digits, practice_page
from course_utils.show import COLORS

IMAGES = ROOT / "images"
BOOT = ("22,10 56,12 58,48 92,64 96,86 18,86", "18,80 96,80 96,88 18,88")  # corners, in percent: the boot, its sole
WIDE, HIGH = 2.75, 1.35  # of the drawing in a panel, in inches
BLUE, RED, GREEN, PINK, ORANGE, SKY = COLORS[:6]


def picture(axis: Axes, pixels: np.ndarray, left: float, bottom: float, height: float) -> None:
    """Show pixels at a place of the panel."""
    right = left + height * pixels.shape[1] / pixels.shape[0]
    axis.imshow(pixels, cmap="gray", extent=(left, right, bottom, bottom + height), interpolation="nearest")


def arrow(axis: Axes, start: float, end: float, y: float) -> None:
    axis.annotate("", (end, y), (start, y), arrowprops={"arrowstyle": "-|>", "color": "0.35", "linewidth": 1.2})


def small(axis: Axes, x: float, y: float, text: str, **options) -> None:
    axis.text(x, y, text, **{"ha": "center", "va": "top", "fontsize": 8.5, "color": "0.25", **options})


def filters(axis: Axes) -> None:
    """The street of lesson 01: the left half as it is, the right half as Sobel sees it."""
    street = imageio.imread(IMAGES / "street.png")
    grey = cv2.cvtColor(street, cv2.COLOR_RGB2GRAY)
    edges = np.hypot(*(cv2.Sobel(grey, cv2.CV_32F, *axes) for axes in ((1, 0), (0, 1))))
    both, half = street.copy(), street.shape[1] // 2
    both[:, half:] = (255 * (edges / np.quantile(edges, 0.97)).clip(0, 1))[:, half:, None]
    width = HIGH * street.shape[1] / street.shape[0]
    picture(axis, both, (WIDE - width) / 2, 0, HIGH)


def digit() -> np.ndarray:
    """A 5 as 28x28 grey pixels."""
    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans-Oblique.ttf", 26)
    page = Image.new("L", (28, 28))
    ImageDraw.Draw(page).text((14, 14), "5", fill=255, font=font, anchor="mm")
    return np.asarray(page)


def bytes_of_a_file(axis: Axes) -> None:
    """The first sixteen bytes of MNIST's training pictures, and what they say."""
    header = [(0x0803, "magic number"), (60_000, "60,000 pictures"), (28, "28 rows"), (28, "28 columns")]
    for i, ((number, words), color) in enumerate(zip(header, (PINK, ORANGE, SKY, GREEN), strict=True)):
        y = HIGH - 0.17 - 0.34 * i
        axis.add_patch(Rectangle((0, y - 0.12), 0.86, 0.25, color=color, alpha=0.3, linewidth=0))
        code = number.to_bytes(4, "big").hex(" ")
        small(axis, 0.43, y, code, va="center", family="monospace", color="black")
        small(axis, 0.92, y, words, ha="left", va="center")
    picture(axis, digit(), 1.88, 0.24, 0.87)


def mlp(axis: Axes) -> None:
    """Some numbers of each list, each joined with all of the next list."""
    widths = [box.shape[0] for box in boxes_of(Mlp((128, 64)), (1, 1, 28, 28)) if len(box.shape) == 1]
    columns = []
    for i, (width, dots) in enumerate(zip(widths, (11, 9, 7, 5), strict=True)):
        x = 0.25 + i * (WIDE - 0.5) / 3
        columns.append([(x, 0.76 + 0.11 * (k - (dots - 1) / 2)) for k in range(dots)])
        small(axis, x, 0.13, str(width))
    lines = [(a, b) for left, right in zip(columns, columns[1:], strict=False) for a in left for b in right]
    axis.add_collection(LineCollection(lines, colors="0.75", linewidths=0.4, zorder=1))
    for column, color in zip(columns, ("0.5", ORANGE, ORANGE, ORANGE), strict=True):
        axis.scatter(*zip(*column, strict=True), s=22, color=color, zorder=2)


def network(model, shape: tuple[int, ...], label: Callable, scale: float = 0.62) -> Callable[[Axes], None]:
    """Its boxes, with a word below each."""

    def draw(axis: Axes) -> None:
        boxes = boxes_of(model, shape)
        middles = draw_boxes(axis, boxes, WIDE, largest=shape[-1], scale=scale)
        for x, box in zip(middles, boxes, strict=True):
            small(axis, x, -0.52, label(box), fontsize=8)
        axis.set_ylim(-0.76, HIGH - 0.76)

    return draw


def shoe(moved: int) -> np.ndarray:
    """An ankle boot as 28x28 pixels, moved to the right."""
    page = Image.new("L", (280, 280))
    for part, grey in zip(BOOT, (200, 110), strict=True):
        corners = [tuple(2.3 * float(n) for n in point.split(",")) for point in part.split()]
        ImageDraw.Draw(page).polygon([(x - 20 + 10 * moved, y + 10) for x, y in corners], fill=grey)
    return np.asarray(page.resize((28, 28), Image.Resampling.BOX))


def fashion(axis: Axes) -> None:
    side = 1.1
    picture(axis, shoe(0), 0.05, 0.12, side)
    picture(axis, shoe(5), WIDE - 0.05 - side, 0.12, side)
    arrow(axis, side + 0.1, WIDE - side - 0.1, 0.12 + side / 2)


def windows(axis: Axes) -> None:
    """Two 3x3 windows, one after the other: from 5x5 pixels to 3x3 numbers to one."""
    cell, middle = 0.21, 0.74
    for left, n, marked in ((0.05, 5, 3), (1.34, 3, 3), (2.45, 1, 1)):
        bottom = middle - cell * n / 2
        for row in range(n):
            for column in range(n):
                inside = row >= n - marked and column < marked  # the window at the upper left
                color = BLUE if n == 1 else SKY if inside and n == 5 else ORANGE if n == 3 else "0.9"
                corner = (left + cell * column, bottom + cell * row)
                axis.add_patch(Rectangle(corner, cell, cell, facecolor=color, edgecolor="white", linewidth=1.5))
        small(axis, left + cell * n / 2, 0.16, f"{n}x{n}")
    axis.add_patch(Rectangle((1.34, middle + cell / 2), cell, cell, facecolor=SKY, edgecolor="white", linewidth=1.5))
    arrow(axis, 1.12, 1.32, middle)
    arrow(axis, 1.99, 2.43, middle)


def clinic(axis: Axes) -> None:
    """A training step with its mended line."""
    lines = [
        "for x, y in batches:",
        "+   optimizer.zero_grad()",
        "    loss = F.cross_entropy(",
        "        model(x), y)",
        "    loss.backward()",
        "    optimizer.step()",
    ]
    for i, line in enumerate(lines):
        y = HIGH - 0.12 - 0.21 * i
        if line.startswith("+"):
            axis.add_patch(Rectangle((0.12, y - 0.105), 2.5, 0.21, color=GREEN, alpha=0.25, linewidth=0))
            small(axis, 0.2, y, "+", va="center", family="monospace", weight="bold", color="black")
        text = line.lstrip("+ ")
        indent = len(line) - len(text)
        small(axis, 0.4 + 0.075 * indent, y, text, ha="left", va="center", family="monospace", color="black")


def whitening(axis: Axes) -> None:
    """The kernels of lesson 12, from the patches of the street: what its patches of 2x2 pixels are made of."""
    street = torch.from_numpy(imageio.imread(IMAGES / "street.png")).permute(2, 0, 1)[None] / 255
    kernels = whitening_kernels(street - street.mean(dim=(2, 3), keepdim=True))
    for i, kernel in enumerate(kernels):
        kernel = kernel / kernel.flatten()[kernel.abs().argmax()]  # -1 to 1, the same sign on every machine
        pixels = (255 * (kernel + 1) / 2).permute(1, 2, 0).byte().numpy()
        picture(axis, pixels, 0.1 + 0.44 * (i % 6), 0.78 - 0.56 * (i // 6), 0.38)


def even_steps(axis: Axes) -> None:
    """What a matrix makes of a circle: a flat ellipse; after one and two Newton-Schulz steps, a rounder one."""
    matrix = torch.tensor([[0.8, 0.45], [0.45, 0.4]])
    turn = torch.linspace(0, 2 * torch.pi, 80)
    circle = torch.stack([turn.cos(), turn.sin()])
    for i, (steps, color) in enumerate(((0, ORANGE), (1, GREEN), (2, BLUE))):
        shape = orthogonalize(matrix, steps) @ circle
        center = 0.46 + 0.92 * i
        axis.plot(center + 0.36 * shape[0], 0.72 + 0.36 * shape[1], color=color, linewidth=2)
        small(axis, center, 0.08, f"{steps} steps" if steps != 1 else "1 step")


def processes(axis: Axes) -> None:
    """Two processes, each with half of a batch; all-reduce adds up their gradients."""
    for i, color in enumerate((BLUE, ORANGE)):
        left = 0.1 + 1.65 * i
        axis.add_patch(Rectangle((left, 0.3), 0.9, 0.85, facecolor=color, alpha=0.25, linewidth=0))
        for k in range(6):
            corner = (left + 0.12 + 0.24 * (k % 3), 0.72 - 0.24 * (k // 3))
            axis.add_patch(Rectangle(corner, 0.18, 0.18, facecolor=color, linewidth=0))
        small(axis, left + 0.45, 1.1, f"rank {i}", color="black")
        small(axis, left + 0.45, 0.22, "half of a batch")
    arrow(axis, 1.05, 1.7, 0.86)
    arrow(axis, 1.7, 1.05, 0.6)
    small(axis, WIDE / 2, 0.98, "gradients", va="bottom")


def side_of(box) -> str:
    return str(box.shape[-1])


def name_of(box) -> str:
    return box.name.upper()


def rings(axis: Axes) -> None:
    """Two rings of points: a line cannot divide them, a curve can."""
    rng = np.random.default_rng(3)
    for left, bent in ((0.1, False), (1.5, True)):
        angle, inner = rng.uniform(0, 2 * np.pi, 44), np.arange(44) % 2
        radius = 0.26 + 0.26 * inner + rng.normal(0, 0.03, 44)
        x, y = left + 0.6 + radius * np.cos(angle), 0.64 + radius * np.sin(angle)
        for ring, color, marker in ((0, BLUE, "o"), (1, RED, "x")):
            axis.plot(x[inner == ring], y[inner == ring], marker, color=color, markersize=3.2, markeredgewidth=1)
        turn = np.linspace(0, 2 * np.pi, 60)
        line = (0.4 * np.cos(turn), 0.4 * np.sin(turn)) if bent else (np.array([-0.6, 0.6]), np.array([0.3, -0.25]))
        axis.plot(left + 0.6 + line[0], 0.64 + line[1], color="0.2", linewidth=1.4)


def own_digits(axis: Axes) -> None:
    """A piece of a photographed page with boxes; at the right, a digit of it as MNIST's makers would have made it."""
    photo, _ = practice_page("practice_1")
    found = find_digits(photo)
    left, top, width, height = 95, 85, 330, 250
    picture(axis, photo[top : top + height, left : left + width], 0, 0, HIGH)
    scale = HIGH / height
    inside = [
        d for d in found if left < d.box[0] < left + width - d.box[2] and top < d.box[1] < top + height - d.box[3]
    ]
    for x, y, w, h in (digit.box for digit in inside):
        corner = ((x - left) * scale, HIGH - (y + h - top) * scale)
        axis.add_patch(Rectangle(corner, w * scale, h * scale, fill=False, color=ORANGE, linewidth=1.2))
    arrow(axis, width * scale + 0.04, width * scale + 0.24, 0.7)
    picture(axis, inside[0].picture, width * scale + 0.28, 0.4, 0.62)


def channels_of(box) -> str:
    """Of the input and of the poolings: there is no room for all."""
    return str(box.shape[0]) if box.words[0] in ("input", "max pool", "linear") else ""


PANELS = [
    ("01  Image filters", "blur and edges, by hand, then OpenCV", filters),
    ("02  The bytes of an image file", "a reader for the raw files of MNIST", bytes_of_a_file),
    ("03  The first network", "a hidden layer bends the line", rings),
    ("04  MLP and batch normalisation", "a network without windows", mlp),
    ("05  LeNet", "a convolutional network, layer by layer", network(LeNet(), (1, 1, 28, 28), side_of)),
    ("06  Your own digits", "how must a picture be made?", own_digits),
    ("07  LeNet-5", "named layers; log-softmax", network(LeNet5(), (1, 1, 28, 28), name_of)),
    ("08  Fashion-MNIST and dropout", "what if the shoe moves?", fashion),
    ("09  Conv32-64 and Adam", "two 3x3 windows see 5x5 pixels", windows),
    (
        "10  CIFAR-10 and a VGG network",
        "the sides shrink, the channels grow",
        network(Vgg(), (1, 3, 32, 32), channels_of, 0.5),
    ),
    ("11  The debug clinic", "find a fault by its symptom, mend it", clinic),
    ("12  A faster network", "first weights that need no training", whitening),
    ("13  To 94 % on CIFAR-10", "Muon: steps with even directions", even_steps),
    ("14  Several processes", "one training, shared", processes),
]


HEIGHT = 2.05 * -(-len(PANELS) // 3) + 0.05


def overview() -> Figure:
    figure = Figure(figsize=(8.8, HEIGHT))
    for i, (title, words, draw) in enumerate(PANELS):
        column, row = i % 3, i // 3
        left, bottom = 0.1 + column * (WIDE + 0.18), HEIGHT - 2.05 * (row + 1) + 0.05
        axis = figure.add_axes((left / 8.8, bottom / HEIGHT, WIDE / 8.8, HIGH / HEIGHT))
        axis.set(xlim=(0, WIDE), ylim=(0, HIGH))
        draw(axis)
        axis.set_xlim(0, WIDE)
        axis.set_aspect("auto")
        axis.axis("off")
        figure.text(left / 8.8, (bottom + HIGH + 0.45) / HEIGHT, title, fontsize=10.5, weight="bold", va="center")
        figure.text(left / 8.8, (bottom + HIGH + 0.22) / HEIGHT, words, fontsize=9, color="0.3", va="center")
    return figure


def png(figure: Figure) -> bytes:
    """The same bytes every time: nothing about the program or the day, and 128 colours, which keeps the file small."""
    page = io.BytesIO()
    with matplotlib.rc_context({"font.family": "DejaVu Sans"}):
        figure.savefig(page, dpi=160, metadata={"Software": None})
    colors = Image.open(page).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    out = io.BytesIO()
    colors.save(out, "PNG", optimize=True)
    return out.getvalue()
