"""Draw the pictures that lessons show, so that the course owns them and nothing has to be downloaded.

    python -m tools.draw_images          # writes images/street.png and images/course_overview.png

street.png is the subject of lesson 01 and behaves like a photograph there: straight edges in several directions, curved
edges, smooth shading, fine texture, strong distinct colours, soft edges of about one pixel, and a little sensor noise.
The stored file is the one that counts: another version of OpenCV may draw single pixels differently.

course_overview.png is the first thing in README.md; draw_overview.py draws it.
"""

import cv2
import imageio.v3 as imageio
import numpy as np

from course_utils import ROOT
from tools import draw_overview

IMAGES = ROOT / "images"
WIDTH, HEIGHT = 384, 256
FINE = 4  # everything is drawn this many times larger, then averaged down: that makes the edges soft

Color = tuple[int, int, int]  # red, green, blue
WHITE, GLASS, FRAME, GROUND = (244, 242, 234), (52, 72, 98), (238, 236, 226), 214


class Canvas:
    """A picture to paint on, in float RGB. Positions are in pixels of the finished picture: x right, y down."""

    def __init__(self, seed: int):
        self.pixels = np.zeros((HEIGHT * FINE, WIDTH * FINE, 3), np.float32)
        self.rng = np.random.default_rng(seed)
        self.y, self.x = np.mgrid[: HEIGHT * FINE, : WIDTH * FINE].astype(np.float32) / FINE

    def polygon(self, points: list[tuple[float, float]], color: Color) -> None:
        cv2.fillPoly(self.pixels, [np.rint(np.multiply(points, FINE)).astype(np.int32)], color)

    def box(self, left: float, top: float, right: float, bottom: float, color: Color) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], color)

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        cv2.circle(self.pixels, (round(x * FINE), round(y * FINE)), round(radius * FINE), color, -1)

    def line(self, start: tuple[float, float], end: tuple[float, float], color: Color, width: float = 1) -> None:
        a, b = (tuple(np.rint(np.multiply(p, FINE)).astype(int).tolist()) for p in (start, end))
        cv2.line(self.pixels, a, b, color, max(1, round(width * FINE)))

    def blend(self, color: Color, share: np.ndarray) -> None:
        """Mix a colour in; share (H, W) says how much of it each point gets, 0 to 1."""
        self.pixels += share[..., None] * (np.float32(color) - self.pixels)

    def vary(self, color: Color, amount: float) -> Color:
        """The colour, a little lighter or darker."""
        return tuple((np.array(color) * self.rng.uniform(1 - amount, 1 + amount)).clip(0, 255).tolist())

    def finished(self, noise: float) -> np.ndarray:
        """The picture (H, W, 3) as uint8, with Gaussian noise of this standard deviation."""
        small = cv2.resize(self.pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        return np.rint(small + self.rng.normal(0, noise, small.shape)).clip(0, 255).astype(np.uint8)


def sky(c: Canvas) -> None:
    c.blend((72, 132, 208), np.ones_like(c.x))
    c.blend((250, 224, 186), (c.y / 190).clip(0, 1) ** 1.3)
    c.blend((255, 236, 170), 0.5 * np.exp(-np.hypot(c.x - 326, c.y - 46) / 24))
    c.disc(326, 46, 19, (255, 222, 60))
    clouds = [(176, 28, 34, 8), (202, 22, 22, 9), (148, 33, 22, 6), (268, 92, 30, 6), (290, 87, 18, 7)]
    for x, y, width, height in clouds:
        c.blend(WHITE, 0.8 * np.exp(-(((c.x - x) / width) ** 2) - ((c.y - y) / height) ** 2))


def hills(c: Canvas) -> None:
    for height, wave, color in [(150, 62, (122, 158, 168)), (172, 41, (104, 150, 92))]:
        c.blend(color, (c.y > height + 9 * np.sin(c.x / wave + height)).astype(np.float32))


def ground(c: Canvas) -> None:
    c.box(0, GROUND - 12, WIDTH, HEIGHT, (112, 160, 62))
    for _ in range(2600):  # blades of grass
        x, y = c.rng.uniform(232, WIDTH), c.rng.uniform(GROUND - 12, GROUND + 6)
        c.line((x, y), (x + c.rng.uniform(-1, 1), y - 3.5), c.vary((96, 150, 50), 0.35), 0.4)
    c.box(0, GROUND + 4, WIDTH, GROUND + 9, (196, 190, 178))  # the kerb
    c.box(0, GROUND + 9, WIDTH, HEIGHT, (92, 90, 96))
    for row, top in enumerate(range(GROUND + 9, HEIGHT, 8)):  # cobbles
        for left in range(-12 + 6 * (row % 2), WIDTH, 12):
            c.box(left + 0.7, top + 0.7, left + 11.3, top + 7.3, c.vary((142, 138, 140), 0.1))


def window(c: Canvas, left: float, top: float, width: float, height: float, arched: bool = False) -> None:
    middle = left + width / 2
    if arched:
        c.disc(middle, top, width / 2 + 2.5, FRAME)
        c.disc(middle, top, width / 2, GLASS)
    c.box(left - 2.5, top - (0 if arched else 2.5), left + width + 2.5, top + height + 2.5, FRAME)
    c.box(left, top, left + width, top + height, GLASS)
    c.polygon([(left, top + height), (left, top + 3), (left + width * 0.8, top + height)], (82, 112, 146))  # reflection
    c.line((middle, top - (width / 2 if arched else 0)), (middle, top + height), FRAME, 1.5)
    c.line((left, top + height / 2), (left + width, top + height / 2), FRAME, 1.5)


def brick_house(c: Canvas) -> None:
    left, middle, right, eaves, top = 22, 72, 122, 112, 44
    mortar = (178, 120, 104)
    c.polygon([(left, GROUND), (left, eaves), (middle, top), (right, eaves), (right, GROUND)], mortar)
    for row, y in enumerate(np.arange(top, GROUND, 5)):
        half = (middle - left) * min(1, (y - top) / (eaves - top))
        for x in np.arange(left - 10 + 5 * (row % 2), right, 10):
            start, end = max(x + 0.6, middle - half), min(x + 9.4, middle + half)
            if end > start:
                c.box(start, y + 0.6, end, y + 4.4, c.vary((186, 62, 46), 0.12))
    for foot in (left - 8, right + 8):  # the edges of the roof
        c.line((foot, eaves + 10), (middle, top - 2), (66, 56, 62), 6)
    c.disc(middle, 92, 15, FRAME)  # the round window
    c.disc(middle, 92, 12, GLASS)
    c.line((middle, 80), (middle, 104), FRAME, 1.5)
    c.line((60, 92), (84, 92), FRAME, 1.5)
    for x in (34, 88):
        window(c, x, 130, 22, 28)
    window(c, 88, 176, 22, 24)
    c.box(34, 172, 60, GROUND, FRAME)
    c.box(36.5, 175, 57.5, GROUND, (34, 120, 84))
    c.disc(54, 196, 1.6, (250, 210, 60))


def tiled_house(c: Canvas) -> None:
    left, right, eaves, top = 132, 236, 118, 64
    c.box(left, eaves, right, GROUND, (242, 220, 150))
    wall = (c.x > left) & (c.x < right) & (c.y > eaves) & (c.y < GROUND)
    c.blend((190, 160, 110), 0.45 * wall * (c.x - left) / (right - left))
    c.box(210, 44, 222, 90, (150, 84, 66))  # chimney
    c.polygon([(left - 8, eaves), (left + 16, top), (right - 16, top), (right + 8, eaves)], (150, 70, 30))
    for row, y in enumerate(np.arange(top, eaves - 2, 6)):
        lean = 24 * (y - top) / (eaves - top)
        for x in np.arange(left + 16 - lean + 4 * (row % 2), right - 23 + lean, 8):
            c.disc(x + 4, y + 2.5, 3.8, c.vary((226, 112, 40), 0.1))
    c.box(left - 8, eaves - 1, right + 8, eaves + 3, WHITE)
    for x in (144, 202):
        window(c, x, 134, 22, 28)
    window(c, 146, 182, 18, 20, arched=True)
    window(c, 204, 182, 18, 20, arched=True)
    c.disc(184, 182, 13, FRAME)
    c.box(171, 182, 197, GROUND, FRAME)
    c.disc(184, 182, 10.5, (28, 84, 176))
    c.box(173.5, 182, 194.5, GROUND, (28, 84, 176))
    c.disc(191, 198, 1.6, (250, 210, 60))


def tree(c: Canvas) -> None:
    c.polygon([(286, GROUND), (290, 150), (298, 150), (303, GROUND)], (104, 70, 44))
    for x, y, radius in [(294, 122, 30), (272, 140, 21), (316, 142, 22), (294, 148, 24)]:
        c.disc(x, y, radius, (40, 104, 46))
    for _ in range(900):  # leaves, lighter towards the sun
        angle, distance = c.rng.uniform(0, 2 * np.pi), 38 * np.sqrt(c.rng.uniform())
        x, y = 294 + 1.05 * distance * np.cos(angle), 132 + 0.95 * distance * np.sin(angle)
        light = 1 + 0.5 * ((x - 294) - (y - 132)) / 60
        c.disc(x, y, c.rng.uniform(0.8, 2.2), c.vary(tuple(np.multiply((52, 128, 50), light)), 0.25))


def fence_and_lamp(c: Canvas) -> None:
    for y in (196, 206):
        c.box(240, y - 1.2, WIDTH, y + 1.2, WHITE)
    for x in np.arange(243, WIDTH, 9):
        c.polygon([(x, GROUND), (x, 191), (x + 2.2, 187), (x + 4.4, 191), (x + 4.4, GROUND)], WHITE)
    c.line((360, GROUND + 4), (360, 112), (40, 42, 54), 3)
    cv2.ellipse(c.pixels, (351 * FINE, 112 * FINE), (9 * FINE, 12 * FINE), 0, 180, 360, (40, 42, 54), 2 * FINE)
    c.polygon([(336, 122), (339, 111), (345, 111), (348, 122)], (40, 42, 54))
    c.disc(342, 122, 4, (255, 240, 170))


def street() -> np.ndarray:
    """Two houses, a tree and a lamp in the evening sun, as (256, 384, 3) uint8 in the order red, green, blue."""
    canvas = Canvas(seed=1)
    for paint in (sky, hills, ground, brick_house, tiled_house, tree, fence_and_lamp):
        paint(canvas)
    canvas.blend((20, 16, 40), 0.22 * (1 - canvas.x / WIDTH) * (canvas.y / HEIGHT))  # light comes from the right
    return canvas.finished(noise=0.6)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    imageio.imwrite(IMAGES / "street.png", street())
    (IMAGES / "course_overview.png").write_bytes(draw_overview.png(draw_overview.overview()))
    for path in sorted(IMAGES.glob("*.png")):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
