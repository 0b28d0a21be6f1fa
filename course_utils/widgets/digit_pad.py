"""A pad to draw a digit on, with a network that answers while you draw.

The pad and the network run in the browser: lenet.js, for live notebooks and for the course's site. A picture of the
answer to a stored digit stands before it, for a reader on GitHub. No pixel comes from MNIST: the stored digits are
strokes, written below as points.

A drawing is a list of strokes, a stroke is a list of points (x, y): x to the right, y down, both from 0 to 1.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_utils import show
from course_utils.data import DataSets, ImageDataset
from course_utils.network.activations import watch
from course_utils.train import predict
from course_utils.widgets.describe import describe
from course_utils.widgets.live import Control, live, offer, offer_with_python

Strokes = Sequence[Sequence[Sequence[float]]]

SIDE = 28  # pixels of an MNIST picture
BOX = 20  # MNIST's digits were scaled to fit into 20x20 pixels
PEN = 1.3  # the radius of the pen, in pixels: as dark on average as MNIST
SMALLEST = 0.1  # a drawing smaller than this part of the pad is not blown up any further: a dot stays a dot
MOST = 60_000  # weights of a network that a stored notebook can hold: 320 kB


def _strokes(text: str) -> Strokes:
    """Strokes from "x,y x,y; x,y x,y", in percent of the pad."""
    return [[[float(n) / 100 for n in point.split(",")] for point in stroke.split()] for stroke in text.split(";")]


DIGITS = tuple(
    _strokes(text)
    for text in (
        "52,14 40,17 31,29 27,46 28,64 35,79 48,86 61,82 70,68 73,50 70,31 62,19 52,14",
        "42,26 56,13 54,40 52,64 50,87",
        "28,30 33,19 46,13 60,16 68,27 66,40 56,54 42,68 28,82 42,81 58,81 75,83",
        "29,20 42,13 58,15 66,25 62,37 52,45 43,47 55,49 67,57 70,70 62,82 47,87 34,84 26,77",
        "35,13 31,30 27,53 42,54 58,53 73,51; 62,18 60,40 58,64 56,88",
        "70,14 52,15 36,16 34,30 32,45 44,41 58,43 68,53 69,68 61,81 47,87 35,85 27,78",
        "63,13 49,25 37,42 31,60 33,76 43,86 56,86 66,77 67,65 58,56 46,57 35,66",
        "25,18 41,17 57,17 73,16 66,32 58,49 51,67 45,87",
        "66,22 55,14 41,16 34,26 39,38 51,47 63,57 69,70 62,83 48,87 35,81 32,69 40,57 53,47 64,36 66,22",
        "67,27 58,16 45,15 35,24 33,37 40,47 53,47 64,39 67,27 66,45 63,66 58,87",
    )
)
"""One drawing for each digit, as plain as a person writes it."""


def moved(strokes: Strokes, size: float, x: float = 0.0, y: float = 0.0) -> Strokes:
    """The drawing `size` times as large, then moved to the right by x and down by y.

    >>> moved([[[0.5, 1.0]]], size=0.5, x=0.25)
    [[[0.5, 0.5]]]
    """
    return [[[size * a + x, size * b + y] for a, b in stroke] for stroke in strokes]


# ---- from strokes to the network's input ---------------------------------------------------------------------------


def rasterize(strokes: Strokes, centred: bool = True) -> np.ndarray:
    """The drawing as a picture like MNIST's: (28, 28) uint8, 0 is paper, 255 is ink.

    Args:
        strokes: the drawing.
        centred: True does what MNIST's makers did: scale the drawing, with its proportions, into a box of 20x20
            pixels, then put its centre of mass into the middle. The pen is as thick for a small drawing as for a large
            one. False leaves size and place as they are on the pad.

    Source: the description of MNIST by LeCun, Cortes and Burges; its digits were pictures, ours are strokes.
    """
    lines = [np.asarray(stroke, dtype=float).reshape(-1, 2) for stroke in strokes if len(stroke)]
    if not lines:
        return np.zeros((SIDE, SIDE), dtype=np.uint8)
    starts = np.concatenate([line[:-1] if len(line) > 1 else line for line in lines])
    ends = np.concatenate([line[1:] if len(line) > 1 else line for line in lines])  # one point: from itself to itself
    if not centred:
        return _paint(starts * SIDE, ends * SIDE)

    low, high = np.minimum(starts, ends).min(axis=0), np.maximum(starts, ends).max(axis=0)
    zoom = (BOX - 2 * PEN) / max(*(high - low), SMALLEST)
    middle = (low + high) / 2
    starts, ends = ((points - middle) * zoom + SIDE / 2 for points in (starts, ends))
    picture = _paint(starts, ends).astype(float)
    places = np.arange(SIDE) + 0.5
    mass = np.array([picture.sum(axis=0) @ places, picture.sum(axis=1) @ places]) / picture.sum()
    room = (SIDE - BOX) / 2  # further, and the box would leave the picture
    shift = np.clip(SIDE / 2 - mass, -room, room)
    return _paint(starts + shift, ends + shift)


def _paint(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Lines from starts to ends, both (S, 2) in pixels, with a round pen and soft edges: (28, 28) uint8."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5  # the middle of each pixel
    pixels = np.stack([x, y], axis=-1)[:, :, None]  # (28, 28, 1, 2)
    along = ends - starts
    length = np.maximum((along**2).sum(axis=1), 1e-12)
    part = (((pixels - starts) * along).sum(axis=-1) / length).clip(0, 1)  # where on its line is the nearest point?
    distance = np.linalg.norm(pixels - starts - part[..., None] * along, axis=-1).min(axis=-1)
    return (255 * (PEN + 0.5 - distance).clip(0, 1)).round().astype(np.uint8)


# ---- what the network says -----------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What a network makes of one drawing."""

    picture: np.ndarray
    """What it sees: (28, 28) uint8."""
    probabilities: list[float]
    """One for each class; empty when nothing is drawn."""
    maps: Tensor
    """The outputs of its first convolution, (channels, H, W); (0, 0, 0) when it has none, or nothing is drawn."""

    @property
    def best(self) -> int | None:
        """The class with the greatest probability; None when nothing is drawn."""
        return int(np.argmax(self.probabilities)) if self.probabilities else None


def classify(model: nn.Module, data: DataSets, strokes: Strokes, centred: bool = True) -> Answer:
    """Ask a network about a drawing, in evaluation mode; the model is left as it was.

    Args:
        model: takes (1, 1, 28, 28), gives logits (1, classes); log-probabilities do, too.
        data: what `load("mnist")` returned; the drawing is scaled as its training images are.
        strokes, centred: see `rasterize`.
    """
    picture = rasterize(strokes, centred)
    if not picture.any():
        return Answer(picture, [], torch.zeros(0, 0, 0))
    drawn = torch.from_numpy(picture)[None, None], torch.zeros(1, dtype=torch.long)  # the label counts for nothing
    batches = [ImageDataset(*drawn, data.train.mean, data.train.std)[torch.tensor([0])]]  # one batch, of one picture
    first = next((layer for layer in model.modules() if isinstance(layer, nn.Conv2d)), None)
    with watch(first) if first else nullcontext([torch.zeros(1, 0, 0, 0)]) as seen:
        logits, _ = predict(model, batches)
    return Answer(picture, logits.softmax(dim=1)[0].tolist(), seen[0][0].float())


def figure(given: Answer, classes: Sequence[str]) -> Figure:
    """The picture that the network sees, its probabilities, and the outputs of its first convolution."""
    channels = len(given.maps)
    columns = 3 if channels <= 6 else 8
    rows = max(-(-channels // columns), 1)
    chart = plt.figure(figsize=(9.5, 2.9))
    left, middle, right = chart.subfigures(1, 3, width_ratios=(1, 1.3, 1.7))
    axis = left.subplots()
    axis.imshow(given.picture, vmin=0, vmax=255)
    axis.axis("off")
    axis.set_title("what the network sees", fontsize=10)
    axis = middle.subplots()
    values = 100 * np.array(given.probabilities or [0.0] * len(classes))
    colors = [show.COLORS[1] if i == given.best else show.COLORS[0] for i in range(len(classes))]
    axis.bar_label(axis.barh(classes, values, color=colors), fmt=" %.0f", fontsize=9)
    axis.invert_yaxis()
    axis.set(xlim=(0, 118), xticks=(0, 50, 100))
    axis.set_title("probability in %", fontsize=10)
    if channels:
        limit = given.maps.abs().max().item() or 1.0
        for i, axis in enumerate(np.ravel(right.subplots(rows, columns))):
            axis.axis("off")
            if i < channels:
                axis.imshow(given.maps[i].numpy(), cmap="RdBu", vmin=-limit, vmax=limit)
        right.suptitle("first layer (blue +, white 0, red -)", fontsize=10)
    if given.best is None:
        return show.finish(chart, "Nothing is drawn")
    surest = ", ".join(f"{classes[i]} ({values[i]:.1f})" for i in (-values).argsort()[:3])
    alt = f"left the drawing as a picture of 28x28 pixels; probability in %: {surest}, the others less"
    alt += f"; right {channels} maps of the first layer" * bool(channels)
    return show.finish(chart, f"The network answers {classes[given.best]}", alt)


# ---- the control ---------------------------------------------------------------------------------------------------


def digit_pad(model: nn.Module, data: DataSets, digit: int = 7, on_page: nn.Module | None = None) -> None:
    """Show a network's answer to a stored digit; below it a pad to draw your own on, and every layer's answer to it.

    The browser computes what you see (lenet.js), from the weights that the model has now: no Python is asked.

    Args:
        model, data: see `classify`.
        digit: which stored digit stands on the pad at first.
        on_page: the network for the course's site, where the model has more than `MOST` weights.

    A model that a browser cannot run (see `describe`) gets its figure, and one line that says why.
    """
    shown = figure(classify(model, data, DIGITS[digit]), data.classes)
    try:
        if live() or weights(model) <= MOST:
            offer(shown, control(model, data, DIGITS[digit]))
        elif on_page is not None:
            why = f"{name_of(model)} has {weights(model):,} weights, too many for a page. Here another network answers."
            offer(shown, control(on_page, data, DIGITS[digit], why))
        else:
            offer_with_python(shown, control(model, data, DIGITS[digit]).widget, "draw a digit", package="anywidget")
    except ValueError as error:
        from IPython.display import display

        display(shown)
        print(f"There is no pad for this network. {error}")


def control(model: nn.Module, data: DataSets, strokes: Strokes = (), note: str = "") -> Control:
    """The pad with a network.

    Args:
        model, data: see `describe`, which says what it raises.
        strokes: the drawing that stands on the pad at first.
        note: what a reader has to know about this network; its name and size are added.
    """
    name = name_of(model)
    state = {
        "classes": list(data.classes),
        "network": describe(model, data),
        "note": f"{note} {name} has {weights(model):,} weights, those of the lesson's training.".strip(),
        "strokes": [[list(point) for point in stroke] for stroke in strokes],
        "centred": True,
    }
    about = f"{name}, trained in the lesson, answers as you draw. You see each layer, and how its numbers are made."
    return Control("lenet", f"Draw a digit for {name}", about, state)


def weights(model: nn.Module) -> int:
    """How many numbers a model has learned."""
    return sum(parameter.numel() for parameter in model.parameters())


def name_of(model: nn.Module) -> str:
    """What a sentence for readers calls a model."""
    return "your network" if type(model) is nn.Sequential else type(model).__name__
