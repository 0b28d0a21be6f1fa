"""A photographed page of digits: found with OpenCV, made like MNIST's pictures, read by a network. Lesson 06.

The steps, each a function: `open_photo`, `even_light`, `find_ink`, `find_pieces`, `like_mnist`; `find_digits` takes
them one after the other, `read_page` asks a network. What is no page of digits gets a `PhotoError`, which says what was
found and what to do.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import imageio.v3 as imageio
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from course_utils import ROOT, show
from course_utils.data import DataSets, ImageDataset
from course_utils.train import predict

PAGES = ROOT / "images" / "pages"
LONGEST = 1600  # pixels of the longer side: a photograph of a telephone has more than this work needs
SIDE, BOX = 28, 20  # MNIST: digits of 20x20 pixels in pictures of 28x28
LEAST_CONTRAST = 40  # grey values between paper and ink; a pencil has 90 or more
THICKEST = 0.55  # a stroke, as a part of the longer side of its digit; a fat marker on small digits has 0.5
LEAST_STROKES = 0.75  # of the ink
DARKEST_PAPER = 70  # grey value; a page at dusk has 100
SMALLEST, LARGEST = 0.4, 2.5  # of the typical height: a digit of one hand is never so small or large
MOST_INK = 0.25  # of all pixels; a page full of thick digits has 0.1

Box = tuple[int, int, int, int]
"""x and y of the upper left corner, width, height, in pixels."""


class PhotoError(ValueError):
    """This file is no photograph of digits on paper, or cannot be read. The text says what to do."""


class Digit(NamedTuple):
    """One digit on a page, and what a network says about it."""

    box: Box
    picture: np.ndarray
    """(28, 28) uint8, like MNIST's: 0 is paper, 255 is ink."""
    answer: int | None = None
    probability: float = float("nan")


# ---- from a file to a picture --------------------------------------------------------------------------------------


def open_photo(path: str | Path) -> np.ndarray:
    """A photograph as (H, W, 3) uint8, RGB, upright, its longer side at most 1,600 pixels.

    A camera held upright stores the picture on its side and a note how to turn it (EXIF); the note is followed. What
    is transparent becomes white.

    Raises:
        PhotoError: if there is no such file, or it is no picture that can be read.
    """
    path = Path(path)
    if not path.is_file():
        folder = path.resolve().parent.name
        raise PhotoError(f"There is no file {path.name} in the folder {folder}. Is its name written as it is there?")
    with path.open("rb") as file:
        begin = file.read(12)[4:]
    if begin[:4] == b"ftyp" and begin[4:] in (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1"):
        raise PhotoError(
            f"{path.name} is a HEIC file, which an iPhone makes. Export it as JPEG, "
            "or set Settings > Camera > Formats to Most Compatible and take it again."
        )
    try:
        photo = np.asarray(imageio.imread(path, plugin="pillow", index=0, mode="RGBA", rotate=True))
    except Exception as error:
        raise PhotoError(f"{path.name} cannot be read as a picture ({error}). JPEG and PNG work.") from error
    alpha = photo[..., 3:].astype(float) / 255
    photo = np.rint(photo[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    scale = LONGEST / max(photo.shape[:2])
    return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else photo


def practice_page(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A page that was drawn for the course: the photograph, and (40, 3) of x, y and digit, row by row.

    Args:
        name: "practice_1" to "practice_8", "exam_1" to "exam_8".
    """
    labels = json.loads((PAGES / "labels.json").read_text(encoding="utf-8"))
    if name not in labels:
        raise ValueError(f"found the page {name!r}, expected one of {', '.join(labels)}")
    return open_photo(PAGES / f"{name}.jpg"), np.array(labels[name])


# ---- from a picture to digits --------------------------------------------------------------------------------------


def even_light(grey: np.ndarray) -> np.ndarray:
    """The page as if the light were the same everywhere: (H, W) uint8, paper near 255.

    The paper under the ink is estimated by a morphological closing (the largest value around each pixel, then the
    least one around): it takes away all that is dark and thinner than a twelfth of the page. Then each pixel is divided
    by it.
    """
    size = max(3, max(grey.shape) // 12)
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    paper = cv2.morphologyEx(cv2.medianBlur(grey, 5), cv2.MORPH_CLOSE, around)
    paper = cv2.GaussianBlur(paper, (0, 0), size / 8)
    return np.rint(255 * grey.astype(np.float32) / np.maximum(paper, 1)).clip(0, 255).astype(np.uint8)


def find_ink(flat: np.ndarray) -> np.ndarray:
    """Where the ink is: (H, W) bool, what is darker than half way from the paper to the typical ink.

    Typical ink is the median of what lies below half way to the darkest 0.01 % of the page (a single small digit has
    more ink than this). Otsu's threshold would be a choice, too; but on squared paper with a thin pen it takes the
    printed lines for ink: there are more of them.

    Raises:
        PhotoError: if paper and ink cannot be told apart, or too much would be ink.
    """
    paper, darkest = np.median(flat), np.percentile(flat, 0.01)
    if paper - darkest < LEAST_CONTRAST:
        raise PhotoError(
            f"No ink was found: the darkest part is only {paper - darkest:.0f} grey values darker than the paper, "
            f"expected {LEAST_CONTRAST} or more. Is the page empty? Are the digits very small? Is the pen too pale?"
        )
    typical = np.median(flat[flat < (paper + darkest) / 2])
    ink = flat < (paper + typical) / 2
    if ink.mean() > MOST_INK:
        raise PhotoError(
            f"{ink.mean():.1%} of the picture is dark, expected at most {MOST_INK:.0%}: this does not look like a pen "
            "on bright paper. Photograph a page from above, with nothing else in the picture."
        )
    return ink


def find_pieces(ink: np.ndarray, gap: float = 0.08) -> tuple[np.ndarray, list[tuple[int, Box]]]:
    """Pieces of ink that belong together: a picture of their numbers (H, W), and the number and box of each digit.

    Pieces that are nearer than `gap` of a digit's height are one, such as a 5 and its upper stroke. What is far
    smaller than the other pieces, much larger, or cut off by the border of the picture, is left out.
    """
    height = _typical_height(ink)
    joined = cv2.dilate(ink.astype(np.uint8), np.ones((max(1, round(gap * height)),) * 2, np.uint8))
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(joined)
    numbers = np.where(ink, numbers, 0)
    pieces = []
    for number in np.flatnonzero(_inside(stats, ink.shape)).tolist():  # never 0, the paper: its box touches the border
        x, y, w, h, _ = stats[number].tolist()
        if SMALLEST * height < h < LARGEST * height and w < LARGEST * height:
            pieces.append((number, (x, y, w, h)))
    return numbers, pieces


def _typical_height(ink: np.ndarray) -> float:
    """The median height of the pieces, each weighted by its height, so that dust does not count."""
    stats = cv2.connectedComponentsWithStats(ink.astype(np.uint8))[2][1:]
    heights = np.sort(stats[_inside(stats, ink.shape), cv2.CC_STAT_HEIGHT])
    if not len(heights):
        return float(len(ink))
    half = np.searchsorted(np.cumsum(heights), heights.sum() / 2)  # where half of all the heights is reached
    return float(heights[half])


def _inside(stats: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Which boxes of OpenCV's table (n, 5) of pieces do not touch the border of the picture: (n,) bool."""
    x, y, w, h = stats[:, :4].T
    return (x > 0) & (y > 0) & (x + w < shape[1]) & (y + h < shape[0])


def check_one_pen(ink: np.ndarray, numbers: np.ndarray, pieces: Sequence[tuple[int, Box]]) -> None:
    """Raise PhotoError unless most of the ink is in strokes, and these are about as thick everywhere on the page.

    The thickness of a piece is twice its greatest distance to the paper. Dark parts that touch the border, such as the
    desk beside the page, do not count.
    """
    _, connected = cv2.connectedComponents(ink.astype(np.uint8))
    border = np.unique(np.concatenate([connected[0], connected[-1], connected[:, 0], connected[:, -1]]))
    inner = ink & ~np.isin(connected, border)
    distance = cv2.distanceTransform(ink.astype(np.uint8), cv2.DIST_L2, 3)
    thickness, in_strokes = [], 0
    for number, (x, y, w, h) in pieces:
        own = numbers[y : y + h, x : x + w] == number
        thick = 2 * float(distance[y : y + h, x : x + w][own].max())
        if thick < THICKEST * max(w, h):
            thickness.append(thick)
            in_strokes += own.sum()
    share = in_strokes / max(inner.sum(), 1)
    thin, bold = np.percentile(thickness, [10, 90]) if thickness else (1, 1)
    if share < LEAST_STROKES or bold > 2.5 * thin:
        raise PhotoError(
            f"Dark spots were found, but they do not look like digits of one pen: {share:.0%} of the ink is in "
            f"strokes, from {thin:.0f} to {bold:.0f} pixels thick. Photograph a page from above, with nothing else in "
            "the picture, and leave a margin around the digits."
        )


def like_mnist(ink: np.ndarray) -> np.ndarray:
    """A digit as MNIST's makers made theirs: (28, 28) uint8, in a box of 20x20, its centre of mass in the middle.

    Args:
        ink: (h, w), 0 is paper and the largest value is ink; without margins.

    Source: the description of MNIST by LeCun, Cortes and Burges.
    """
    scale = BOX / max(ink.shape)
    size = [max(1, round(side * scale)) for side in ink.shape[::-1]]  # OpenCV wants the width first
    small = cv2.resize(ink.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small = (small / max(np.percentile(small[small > 0.1 * small.max()], 90), 1e-6)).clip(0, 1)  # strokes reach 255
    (h, w), at = small.shape, np.arange(BOX)
    row, column = (small.sum(axis=1) @ at[:h]) / small.sum(), (small.sum(axis=0) @ at[:w]) / small.sum()
    top = int(np.clip(round(SIDE / 2 - row), 0, SIDE - h))  # MNIST's centres of mass are at row and column 14
    left = int(np.clip(round(SIDE / 2 - column), 0, SIDE - w))
    picture = np.zeros((SIDE, SIDE), np.float32)
    picture[top : top + h, left : left + w] = small
    return np.rint(255 * picture).astype(np.uint8)


def find_digits(photo: np.ndarray) -> list[Digit]:
    """All digits of a photograph (H, W, 3) or (H, W), row by row, without answers.

    Raises:
        PhotoError: if there is none, or if it does not look like a page of digits.
    """
    if photo.dtype != np.uint8 or photo.ndim not in (2, 3):
        raise PhotoError(
            f"found {photo.dtype} of shape {photo.shape}, expected uint8 of shape (H, W, 3): open_photo gives it"
        )
    grey = photo if photo.ndim == 2 else cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    if np.median(grey) < DARKEST_PAPER:
        raise PhotoError(
            f"The background is dark: its grey value is {np.median(grey):.0f}, expected paper of {DARKEST_PAPER} or "
            "more. Take the photograph with more light. For chalk on a board, hand in 255 - photo."
        )
    flat = even_light(grey)
    ink = find_ink(flat)
    numbers, pieces = find_pieces(ink)
    check_one_pen(ink, numbers, pieces)
    digits = []
    for number, (x, y, w, h) in pieces:
        own = numbers[y : y + h, x : x + w] == number
        top, bottom = np.flatnonzero(own.any(axis=1))[[0, -1]].tolist()
        left, right = np.flatnonzero(own.any(axis=0))[[0, -1]].tolist()
        soft = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8))  # the pale rim of a stroke belongs to it
        darkness = (255 - flat[y : y + h, x : x + w]) * soft
        box = (x + left, y + top, right - left + 1, bottom - top + 1)
        digits.append(Digit(box, like_mnist(darkness[top : bottom + 1, left : right + 1])))
    return in_reading_order(digits)


def in_reading_order(digits: Sequence[Digit]) -> list[Digit]:
    """Row by row, each from left to right. A digit belongs to the row whose last one is nearest in height."""
    if not digits:
        return []
    reach = 0.7 * float(np.median([digit.box[3] for digit in digits]))
    rows: list[list[Digit]] = []
    for digit in sorted(digits, key=lambda d: d.box[0]):
        away = [abs(_middle(digit) - _middle(row[-1])) for row in rows]
        if away and min(away) < reach:
            rows[int(np.argmin(away))].append(digit)
        else:
            rows.append([digit])
    rows.sort(key=lambda row: np.mean([_middle(digit) for digit in row]))
    return [digit for row in rows for digit in row]


def _middle(digit: Digit) -> float:
    return digit.box[1] + digit.box[3] / 2


# ---- what a network says -------------------------------------------------------------------------------------------


def read_page(model: nn.Module, data: DataSets, photo: np.ndarray) -> list[Digit]:
    """All digits of a photograph, row by row, with the network's answers.

    Args:
        model: takes (N, 1, 28, 28), gives logits (N, 10).
        data: what `load("mnist")` returned: the pictures are scaled as its training images are.
        photo: (H, W, 3) uint8, see `open_photo`.

    Raises:
        PhotoError: if no digit is found.
    """
    digits = find_digits(photo)
    images = torch.tensor(np.stack([digit.picture for digit in digits]))[:, None]
    dataset = ImageDataset(images, torch.zeros(len(images), dtype=torch.long), data.mean, data.std)  # no labels yet
    logits, _ = predict(model, [dataset[torch.arange(len(images))]])  # one batch
    probabilities, answers = logits.softmax(dim=1).max(dim=1)
    return [
        digit._replace(answer=int(a), probability=float(p))
        for digit, a, p in zip(digits, answers, probabilities, strict=True)
    ]


def true_digits(digits: Sequence[Digit], truth: np.ndarray, reach: int = 12) -> list[int | None]:
    """For each digit that was found, the true one whose middle (x, y) lies in its box, or up to `reach` pixels beside.

    None where there is none, or more than one: then two digits were taken for one.
    """
    found = []
    for x, y, w, h in (digit.box for digit in digits):
        inside = (abs(truth[:, 0] - x - w / 2) < w / 2 + reach) & (abs(truth[:, 1] - y - h / 2) < h / 2 + reach)
        found.append(int(truth[inside, 2][0]) if inside.sum() == 1 else None)
    return found


def accuracy(digits: Sequence[Digit], truth: np.ndarray) -> float:
    """The share of all digits of a page that were found and read rightly, 0 to 1."""
    right = sum(d.answer == t for d, t in zip(digits, true_digits(digits, truth), strict=True) if t is not None)
    return right / len(truth)


def draw(photo: np.ndarray, digits: Sequence[Digit], truth: np.ndarray | None = None, title: str = "") -> Figure:
    """The photograph with a box and the answer at each digit; with the truth, wrong ones are orange and show it."""
    figure, axis = plt.subplots(figsize=(7.5, 7.5 * photo.shape[0] / photo.shape[1] + 0.4))
    axis.imshow(photo, cmap="gray")
    known = true_digits(digits, truth) if truth is not None else [d.answer for d in digits]
    for digit, true in zip(digits, known, strict=True):
        x, y, w, h = digit.box
        right = digit.answer == true
        color = show.COLORS[0] if right else show.COLORS[1]
        axis.add_patch(Rectangle((x - 3, y - 3), w + 6, h + 6, fill=False, color=color, linewidth=1.5 if right else 3))
        text = f"{digit.answer}" if right else f"{digit.answer}, is {true}"
        axis.text(x - 3, y - 6, text, color="white", backgroundcolor=color, fontsize=9, va="bottom")
    show.only_pixels(axis)
    return show.finish(figure, title or None, alt=_in_words(digits, known, truth is not None))


def _in_words(digits: Sequence[Digit], known: Sequence[int | None], judged: bool) -> str | None:
    """What `draw` shows: how many digits, and how they are read; None for a photograph alone."""
    if not digits:
        return None
    if not judged:
        answers = " ".join(f"{digit.answer}" for digit in digits).strip()
        return f"{len(digits)} digits have a box" + f"; row by row the answers are {answers}" * bool(answers)
    wrong = [f"{digit.answer} is {true}" for digit, true in zip(digits, known, strict=True) if digit.answer != true]
    said = f"{len(digits) - len(wrong)} of {len(digits)} digits are read rightly"
    return f"{said}; answer and truth of the others: {', '.join(wrong)}" if wrong else said
