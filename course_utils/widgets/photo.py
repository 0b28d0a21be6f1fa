"""A page of digits, read step by step: a figure, and below it a control for a photograph of one's own (photo.js).

The browser takes the steps of `course_utils.photos.page`, with the numbers that OpenCV gives, and asks the network
itself: no Python is asked, and the photograph stays where it is.
"""

import base64
from typing import NamedTuple

import cv2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from course_utils import show
from course_utils.data import DataSets
from course_utils.photos.page import PAGES, Digit, even_light, find_ink, find_pieces, practice_page, read_page
from course_utils.widgets.describe import describe
from course_utils.widgets.digit_pad import MOST, name_of, weights
from course_utils.widgets.live import Control, live, offer, offer_with_python


class Page(NamedTuple):
    """A page of the course that the control offers."""

    file: str
    name: str
    """On its button."""


EXAMPLES = (Page("practice_1", "A page with a shadow"), Page("practice_4", "A page on a desk"))
NARROW = {"left": 0.01, "right": 0.99, "bottom": 0.03, "wspace": 0.06}  # between the pictures of a figure
PART = np.s_[40:340, 250:650]  # of a page: large enough to see single strokes in a figure


def read_photo(model: nn.Module, data: DataSets, name: str = "practice_1") -> None:
    """Show how a page becomes pictures like MNIST's, and a network's answers; below it, do it with your own photograph.

    Args:
        model: takes (N, 1, 28, 28), gives logits (N, 10); the control has the weights that it has now.
        data: what `load("mnist")` returned: the pictures are scaled as its training images are.
        name: the page of the figure, see `practice_page`.

    A model that a browser cannot run (see `describe`) gets its figure, and one line that says why.
    """
    from IPython.display import display

    photo, _ = practice_page(name)
    shown = figure(photo, read_page(model, data, photo))
    if not live() and weights(model) > MOST:
        offer_with_python(shown, lambda: control(model, data).widget(), "photograph your own digits", "anywidget")
        return
    try:
        offered = control(model, data)
    except ValueError as error:
        display(shown)
        print(f"There is no control for this network. {error}")
        return
    offer(shown, offered)


def control(model: nn.Module, data: DataSets) -> Control:
    """The control with a network.

    Args:
        model, data: see `describe`, which says what it raises.
    """
    name = name_of(model)
    jpegs = ((page, (PAGES / f"{page.file}.jpg").read_bytes()) for page in EXAMPLES)
    state = {
        "classes": list(data.classes),
        "network": describe(model, data),
        "note": f"The answers are those of {name} with {weights(model):,} weights, from the lesson's training.",
        "pages": [{"name": page.name, "jpeg": base64.b64encode(jpeg).decode()} for page, jpeg in jpegs],
    }
    about = f"Each step from a photograph to the answers of {name}. The photograph stays on your device."
    return Control("photo", "Photograph your own digits", about, state)


def figure(photo: np.ndarray, digits: list[Digit]) -> Figure:
    """The steps on one part of a page, and the first eight digits with their answers.

    Args:
        photo: (H, W, 3) uint8, see `open_photo`.
        digits: what `read_page` found on it.
    """
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    flat = even_light(grey)
    ink = find_ink(flat)
    numbers, pieces = find_pieces(ink)
    order = {number: 1 + i % 6 for i, (number, _) in enumerate(pieces)}
    colors = np.array([[255, 255, 255], *(_rgb(color) for color in show.COLORS[:6]), [160, 160, 160]], np.uint8)
    index = np.zeros(numbers.max() + 1, int)
    index[1:] = [order.get(number, 7) for number in range(1, len(index))]  # 7: what is no digit

    chart = plt.figure(figsize=(9.5, 4))
    upper, lower = chart.subfigures(2, 1, height_ratios=(1.9, 1))
    steps = ("1 grey", grey), ("2 even light", flat), ("3 ink", ~ink), ("4 pieces", colors[index[numbers]])
    axes = upper.subplots(1, len(steps), gridspec_kw=NARROW)
    for axis, (title, picture) in zip(axes, steps, strict=True):
        axis.imshow(picture[PART], cmap="gray", vmin=0, vmax=1 if picture.dtype == bool else 255)
        axis.set_title(title, fontsize=10)
        show.only_pixels(axis)
    rows, columns = PART
    for x, y, w, h in (digit.box for digit in digits):
        corner = x - columns.start - 3, y - rows.start - 3
        axes[-1].add_patch(Rectangle(corner, w + 6, h + 6, fill=False, color=show.COLORS[1], linewidth=1))
    first = digits[:8]
    for axis, digit in zip(lower.subplots(1, 8, gridspec_kw=NARROW), first, strict=False):
        axis.imshow(digit.picture, cmap="gray", vmin=0, vmax=255)
        axis.set_title(f"{digit.answer} ({digit.probability:.0%})", fontsize=10)
        axis.axis("off")
    answers = " ".join(f"{digit.answer}" for digit in first)
    words = (
        f"above a part of the page in grey, with even light, its ink ({ink.mean():.1%} of the page), and the pieces, "
        f"{len(digits)} of them digits; below the first {len(first)} digits, each 28x28, with the answers {answers}"
    )
    return show.finish(
        chart, f"From a page to {len(digits)} pictures like MNIST's, and what the network answers", words
    )


def _rgb(color: str) -> list[int]:
    """The numbers of "#0072B2"."""
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]
