"""Draw photographs of handwritten digits on paper, for lesson 06, so that the course owns them.

    python -m tools.draw_pages          # writes images/pages/*.jpg and labels.json

Nobody wrote these digits: each is a list of strokes, as people make them, bent at random. A page has one writer, who
chooses forms (a 7 with or without a bar), slant, size and pen for all of it. Then it becomes a photograph: paper,
perhaps with lines, light that falls off to one side, a shadow, a camera that is held askew, blur and sensor noise.
The stored files are the ones that count: another version of OpenCV may draw single pixels differently.
"""

import json
from typing import NamedTuple

import cv2
import imageio.v3 as imageio
import numpy as np

from course_utils import ROOT

FOLDER = ROOT / "images" / "pages"
WIDTH, HEIGHT = 960, 720  # of a photograph, in pixels
ROWS, COLUMNS = 5, 8
MARGIN = 160  # of the sheet around what the camera sees
FINE = 2  # everything is drawn this many times larger, then averaged down: that makes the edges soft

# Each form is written with the pen down, lifted (;) and at sharp corners (/). Points are percent of a box, y down.
FORMS = {
    0: (
        "55,13 38,17 27,33 25,52 31,74 47,87 63,80 73,62 72,40 64,21 50,12 44,15",
        "60,16 44,14 31,27 27,50 33,76 49,88 65,79 74,55 70,28 57,14",
        "58,20 40,13 28,30 26,56 36,82 54,88 70,72 74,44 66,20 46,12 38,18",
        "50,12 34,22 28,48 34,78 50,88 66,78 72,50 66,22 50,12",
    ),
    1: (
        "52,12 51,50 50,88",
        "36,32 54,13 / 54,13 53,50 52,88",
        "58,12 52,50 46,88",
        "38,26 53,13 / 53,13 52,86 ; 33,87 52,87 71,86",
    ),
    2: (
        "28,30 35,17 50,12 65,20 67,35 56,54 40,72 26,86 / 26,86 50,85 76,86",
        "27,31 36,16 53,12 68,22 66,40 50,60 33,78 27,86 35,78 46,82 58,88 75,83",
        "30,26 44,13 62,17 66,33 54,55 28,86 / 28,86 74,87",
        "25,22 45,12 64,24 58,48 42,70 30,84 24,76 34,70 48,82 62,87 78,80",
    ),
    3: (
        "28,20 42,12 60,15 66,28 58,42 44,48 / 44,48 62,51 71,65 63,81 46,88 27,81",
        "28,15 68,14 / 68,14 46,42 / 46,42 64,50 70,67 60,82 42,88 27,80",
        "30,22 46,12 63,19 62,35 45,46 / 45,46 66,54 69,73 52,88 29,80",
    ),
    4: (
        "36,12 31,33 26,55 / 26,55 50,56 75,54 ; 62,20 60,55 59,88",
        "60,12 42,36 25,60 / 25,60 50,61 77,60 ; 62,12 61,50 60,88",
        "34,14 28,54 / 28,54 72,52 ; 66,14 62,50 58,88",
        "30,20 30,42 40,54 60,52 68,40 / 68,18 66,50 62,88",
    ),
    5: (
        "70,14 37,15 / 37,15 33,45 / 33,45 50,40 66,50 69,68 58,84 40,88 26,80",
        "38,16 34,46 / 34,46 52,40 68,52 68,72 54,87 36,86 27,78 ; 38,15 56,15 72,13",
        "36,18 33,43 / 33,43 55,42 67,58 62,78 45,88 28,82 ; 41,17 70,15",
        "72,16 48,14 38,24 40,38 56,48 64,62 58,80 40,88 26,82",
    ),
    6: (
        "63,13 46,26 34,46 29,66 36,83 51,88 66,79 67,62 55,52 40,57 31,70",
        "58,12 41,30 31,54 32,76 45,88 62,83 69,68 60,55 45,55 33,68",
        "66,16 50,18 36,36 29,60 34,82 52,88 68,76 64,58 47,55 32,68",
        "52,12 38,34 32,58 34,80 46,88 58,80 60,68 52,60 40,64 33,74",
    ),
    7: (
        "26,18 50,16 74,15 / 74,15 62,40 52,64 46,88",
        "26,18 72,15 / 72,15 58,48 47,88 ; 38,52 70,49",
        "27,26 28,16 / 28,16 74,16 / 74,16 56,50 44,88",
        "24,24 30,16 50,18 72,15 / 72,15 60,42 52,88 ; 40,50 68,46",
    ),
    8: (
        "66,22 54,12 39,17 36,31 47,44 62,55 69,71 59,86 42,87 31,74 37,58 52,46 64,34 66,22",
        "52,47 37,36 37,20 51,12 65,20 64,36 52,47 / 52,47 35,60 34,78 51,88 68,78 67,60 52,47",
        "68,18 50,12 36,22 42,38 60,56 66,74 52,88 36,80 36,64 52,48 66,34 70,24",
    ),
    9: (
        "67,28 57,15 42,14 31,27 35,42 50,48 63,40 67,28 / 67,28 64,58 59,88",
        "68,26 54,13 36,18 32,36 46,47 62,40 68,26 / 68,26 68,55 58,80 40,88 29,82",
        "66,20 48,13 33,25 38,44 56,44 67,24 / 67,24 62,55 54,88",
        "62,18 46,16 36,30 44,42 58,36 64,20 66,44 64,72 50,88 34,80",
    ),
}


class Page(NamedTuple):
    """How a page looks. Lengths are in pixels of the photograph."""

    seed: int
    pen: float  # thickness
    ink: tuple[int, int, int]  # red, green, blue
    paper: tuple[int, int, int] = (238, 236, 230)
    lines: str = ""  # "ruled", "squared" or none
    size: float = 62  # height of a digit
    light: float = 0.25  # how much darker the dark side is
    shadow: float = 0.0  # how much darker the shadow of a hand is
    tilt: float = 0.0  # degrees
    desk: bool = False  # a strip of the desk is in the photograph


BLACK, BLUE, PENCIL = (38, 38, 44), (38, 58, 142), (92, 92, 96)
PAGES = {
    # for the lesson, and for every choice that is made in it
    "practice_1": Page(1, 5.0, BLACK, light=0.35, shadow=0.35, tilt=3),
    "practice_2": Page(2, 2.0, BLUE, lines="squared", light=0.2, tilt=-6, size=56),
    "practice_3": Page(3, 8.5, BLACK, lines="squared", light=0.3, shadow=0.3, size=70),
    "practice_4": Page(4, 3.2, PENCIL, light=0.4, tilt=5, size=60, desk=True),
    "practice_5": Page(5, 13.0, BLUE, light=0.3, tilt=4, size=58),
    "practice_6": Page(6, 2.0, BLACK, paper=(232, 222, 196), light=0.45, shadow=0.3, tilt=-12, size=62),
    "practice_7": Page(7, 6.0, BLUE, lines="ruled", light=0.3, tilt=13, size=60),
    "practice_8": Page(8, 12.0, PENCIL, lines="squared", light=0.2, shadow=0.35, tilt=-11, size=64),
    # for the end: no choice was made on these
    "exam_1": Page(201, 4.0, BLUE, lines="squared", light=0.35, shadow=0.3, tilt=-5),
    "exam_2": Page(202, 2.4, BLACK, light=0.25, tilt=8, size=56),
    "exam_3": Page(203, 9.0, BLUE, lines="ruled", light=0.3, shadow=0.4, tilt=-8, size=70),
    "exam_4": Page(204, 5.5, PENCIL, lines="ruled", light=0.15, tilt=2, size=64),
    "exam_5": Page(205, 3.4, BLACK, paper=(232, 222, 196), light=0.45, shadow=0.35, tilt=6, desk=True),
    "exam_6": Page(206, 12.5, BLACK, light=0.3, tilt=-3, size=60),
    "exam_7": Page(207, 2.0, BLUE, lines="squared", light=0.3, tilt=12, size=62),
    "exam_8": Page(208, 7.0, BLACK, light=0.4, shadow=0.3, tilt=-12, size=60),
}


def curve(points: np.ndarray, steps: int = 12) -> np.ndarray:
    """A smooth line through the points (Catmull-Rom), (n, 2)."""
    p = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.concatenate([*parts, points[-1:]])


class Writer:
    """One hand: its forms, slant and proportions, and how much they vary from digit to digit."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.forms = {digit: rng.integers(len(forms)) for digit, forms in FORMS.items()}
        self.slant = rng.uniform(-0.15, 0.45)
        self.wide = rng.uniform(0.65, 1.3)
        self.unsteady = rng.uniform(1.8, 3.6)  # percent of the box

    def strokes(self, digit: int, height: float) -> list[np.ndarray]:
        """The digit as curves, in pixels around its middle (0, 0)."""
        rng = self.rng
        form = self.forms[digit] if rng.random() < 0.8 else rng.integers(len(FORMS[digit]))
        slant = self.slant + rng.normal(0, 0.08)
        angle = np.radians(rng.normal(0, 5))
        height *= rng.normal(1, 0.1)
        wide = self.wide * rng.normal(1, 0.06)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        curves = []
        for stroke in FORMS[digit][form].split(";"):
            lift = rng.normal(0, 1.6 * self.unsteady, 2)  # a second stroke does not meet the first one exactly
            last = None
            for part in stroke.split("/"):
                points = np.array([[float(n) for n in point.split(",")] for point in part.split()])
                points += rng.normal(0, self.unsteady, points.shape) + lift
                if last is not None:
                    points[0] = last
                last = points[-1].copy()
                points = (points - 50) / 76 * height
                points[:, 0] = wide * points[:, 0] - slant * points[:, 1]
                curves.append(curve(points @ turn))
        return curves


def draw(page: Page) -> tuple[np.ndarray, list[list[int]]]:
    """The photograph (H, W, 3) uint8, and [x, y, digit] for each of its digits, in the order of reading."""
    rng = np.random.default_rng(page.seed)
    writer = Writer(rng)
    width, height = WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN  # of the sheet
    shape = (height * FINE, width * FINE)
    ink = np.zeros(shape, np.float32)
    digits = np.tile(np.arange(10), ROWS * COLUMNS // 10)
    rng.shuffle(digits)
    truth = []
    spread = 0.86 - 0.01 * abs(page.tilt)  # a tilted page needs wider margins
    for place, digit in enumerate(digits.tolist()):
        row, column = divmod(place, COLUMNS)
        middle = np.array([(column + 0.5) * WIDTH / COLUMNS, (row + 0.5) * HEIGHT / ROWS])
        middle = (middle - (WIDTH / 2, HEIGHT / 2)) * spread + (width / 2, height / 2)
        middle += rng.uniform(-7, 7, 2)
        pen = max(1, page.pen * rng.normal(1, 0.08) * FINE)
        for line in writer.strokes(digit, page.size):
            points = np.rint((line + middle) * FINE * 16).astype(np.int32)  # the last four bits are fractions
            for a, b in zip(points, points[1:], strict=False):
                pressure = max(1, round(pen * rng.uniform(0.9, 1.1)))
                cv2.line(ink, tuple(a.tolist()), tuple(b.tolist()), 1.0, pressure, cv2.LINE_AA, 4)
        truth.append([*middle, digit])
    grain = cv2.GaussianBlur(rng.normal(0, 1, shape).astype(np.float32), (0, 0), 1.5)
    ink = cv2.GaussianBlur(ink, (0, 0), 0.8 * FINE / 2) * (0.92 + 0.5 * grain).clip(0.6, 1)

    paper = np.ones((*shape, 3), np.float32) * np.float32(page.paper)
    paper += 2.5 * cv2.GaussianBlur(rng.normal(0, 1, shape).astype(np.float32), (0, 0), 3)[..., None] * 6
    if page.lines:
        step = round(34 * FINE)
        for y in range(step // 2, shape[0], step):
            cv2.line(paper, (0, y), (shape[1], y), (150, 176, 214), FINE, cv2.LINE_AA)
        if page.lines == "squared":
            for x in range(step // 2, shape[1], step):
                cv2.line(paper, (x, 0), (x, shape[0]), (150, 176, 214), FINE, cv2.LINE_AA)
    sheet = paper + ink[..., None] * (np.float32(page.ink) - paper)

    move = cv2.getRotationMatrix2D((shape[1] / 2, shape[0] / 2), page.tilt, 1.0)
    view = np.vstack([move, [0, 0, 1]])
    view[2, :2] = rng.uniform(-1, 1, 2) * 2e-5 / FINE  # the camera is not straight above the page
    sheet = cv2.warpPerspective(sheet, view, shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    seen = slice(MARGIN * FINE, -MARGIN * FINE)
    sheet = sheet[seen, seen]
    shape = sheet.shape[:2]
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) / (shape[0], shape[1])[0]
    if page.desk:
        edge = 0.045 * HEIGHT * FINE + 6 * FINE * (x + 0.2 * np.sin(9 * x))
        wood = np.float32((104, 74, 52)) * (1 + 0.1 * np.sin(60 * y + 3 * np.sin(4 * x)))[..., None]
        sheet = np.where((y * shape[0] < edge)[..., None], wood, sheet)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * (x - 0.67) + np.sin(angle) * (y - 0.5)
    light = 1 - page.light * ((along + 0.8) / 1.6).clip(0, 1)
    if page.shadow:
        ax, ay = rng.uniform(0.2, 1.1), rng.uniform(0.5, 1.0)
        wide, high = rng.uniform(0.25, 0.45), rng.uniform(0.35, 0.6)
        far = ((x - ax) / wide) ** 2 + ((y - ay) / high) ** 2
        light *= 1 - page.shadow / (1 + np.exp((9 * (far - 1)).clip(-40, 40)))
    photo = cv2.resize(sheet * light[..., None], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    photo = cv2.GaussianBlur(photo, (0, 0), 0.7) + rng.normal(0, 2.0, photo.shape)

    places = np.array([[px * FINE, py * FINE, 1] for px, py, _ in truth]) @ view.T
    places = places[:, :2] / places[:, 2:] / FINE - MARGIN
    truth = [[*np.rint(place).astype(int).tolist(), digit] for place, (*_, digit) in zip(places, truth, strict=True)]
    return np.rint(photo).clip(0, 255).astype(np.uint8), truth


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    labels = {}
    for name, page in PAGES.items():
        photo, labels[name] = draw(page)
        imageio.imwrite(FOLDER / f"{name}.jpg", photo, quality=82)
    rows = [f'  "{name}": {json.dumps(truth)}' for name, truth in labels.items()]
    (FOLDER / "labels.json").write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
