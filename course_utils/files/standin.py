"""Drawn stand-ins for the three data sets, for those who have neither the files nor a network.

Files, counts, shapes and label balance are the real ones, so what a lesson says about sizes stays true. The pictures
are glyphs of fonts, warped at random: digits for MNIST, and for each class of the other two sets a letter of its name.
A model can learn them, a CNN better than a linear one, but no result on them says anything about the real data.
"""

import math
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.files.fetch import md5_of
from course_utils.files.sources import SOURCES
from course_utils.idx import write_idx

TITLE = "drawn stand-in, version 2"  # raise the version when the drawing changes: what is stored is then drawn again
MARKER = "STAND-IN.txt"
FOLDERS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": "cifar-10-batches-py"}  # torchvision's
MNIST = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
COUNTS = {  # images of each class for training and test
    "mnist": (MNIST, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
    "fashion_mnist": ([6000] * 10, [1000] * 10),
    "cifar10": ([5000] * 10, [1000] * 10),
}
FACES = ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic"]
GLYPHS = {"mnist": "0123456789", "fashion_mnist": "TRPDCSHNBA", "cifar10": "AUBCDGFHST"}  # one for each class
STROKES = {"mnist": 0, "fashion_mnist": 3, "cifar10": 1}  # by which a glyph is made bolder, in 1/64 of the side
used: set[str] = set()  # the data sets that `load` gave as drawings in this process; figures then say so


def ready(name: str, folder: Path) -> bool:
    """True if folder holds the whole stand-in of this version, every file as it was drawn."""
    top = folder / FOLDERS[name]
    try:
        version, *lines = (top / MARKER).read_text(encoding="utf-8").splitlines()
        md5s = dict(line.split("  ")[::-1] for line in lines)
        return version == TITLE and bool(md5s) and all(md5_of(top / path) == md5 for path, md5 in md5s.items())
    except (OSError, ValueError):
        return False


def draw(name: str, folder: Path) -> None:
    """Draw a stand-in below folder, in torchvision's layout. It gets its name when it is whole. Raises OSError."""
    top, part = folder / FOLDERS[name], folder / f"{FOLDERS[name]}.part"
    print(f"Drawing the stand-in for {FOLDERS[name]} in {folder} (some seconds, once).", flush=True)
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        _write(name, part)
        paths = sorted(path for path in part.rglob("*") if path.is_file())
        lines = [TITLE, *(f"{md5_of(path)}  {path.relative_to(part).as_posix()}" for path in paths)]
        (part / MARKER).write_text("\n".join(lines), encoding="utf-8")
        shutil.rmtree(top, ignore_errors=True)
        os.replace(part, top)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(name: str, folder: Path) -> None:
    train, test = pictures(name)
    if name != "cifar10":
        (folder / "raw").mkdir()
        for split, (images, labels) in {"train": train, "t10k": test}.items():
            write_idx(folder / f"raw/{split}-images-idx3-ubyte", images[:, 0])
            write_idx(folder / f"raw/{split}-labels-idx1-ubyte", labels)
        return
    meta = {"num_cases_per_batch": len(test[1]), "label_names": list(SOURCES[name].classes)}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol=4))
    batches = [*zip(*(np.split(array, 5) for array in train), strict=True), test]
    for i, (images, labels) in enumerate(batches, start=1):
        batch = {"batch_label": f"batch {i} of 6", "labels": labels.tolist(), "data": images.reshape(len(images), -1)}
        batch["filenames"] = [f"drawn_{i}_{j}.png" for j in range(len(images))]
        (folder / (f"data_batch_{i}" if i < 6 else "test_batch")).write_bytes(pickle.dumps(batch, protocol=4))


def pictures(name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """(images (N, C, H, W) uint8, labels (N,) uint8) for training and for test, the same at every call."""
    templates, random = _templates(name), torch.Generator().manual_seed(2024)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the pieces are small: two threads would mostly wait for each other
    try:
        splits = []
        for counts in COUNTS[name]:
            labels = torch.arange(10).repeat_interleave(torch.tensor(counts))
            labels = labels[torch.randperm(len(labels), generator=random)]
            pieces = [_paint(name, templates, piece, random).clamp(0, 1).mul(255).byte() for piece in labels.split(250)]
            splits.append((torch.cat(pieces).numpy(), labels.byte().numpy()))
        return splits
    finally:
        torch.set_num_threads(threads)


def _templates(name: str) -> torch.Tensor:
    """Each glyph in each face, white on black: (10 classes, faces, 64, 64), 0..1."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    pages = []
    for glyph in GLYPHS[name]:
        for face in FACES:
            font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{face}.ttf", 60)
            left, top, right, bottom = font.getbbox(glyph)
            corner = (32 - (left + right) / 2, 32 - (top + bottom) / 2)
            pages.append(Image.new("L", (64, 64)))
            ImageDraw.Draw(pages[-1]).text(corner, glyph, fill=255, font=font, stroke_width=STROKES[name])
    return torch.from_numpy(np.stack(pages)).view(10, len(FACES), 64, 64) / 255


def _paint(name: str, templates: torch.Tensor, labels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """A picture for each label: (B,) -> (B, C, H, W), about 0..1. Grey on black, or a colour on a coloured ground."""
    n, side = len(labels), 32 if name == "cifar10" else 28
    ink = _warp(templates, labels, random, side)
    if name != "cifar10":
        return ink * (0.7 + 0.3 * torch.rand(n, 1, 1, 1, generator=random) + 0.1 * _waves(random, n, 1, 7, side))
    ink = torch.where(torch.rand(n, 1, 1, 1, generator=random) < 0.5, ink, ink.flip(3))  # half of them mirrored
    # the class leans to a colour, chance moves it further: no colour belongs to one class
    lean = 0.12 * torch.cos(2 * math.pi * (labels.view(n, 1, 1, 1) / 10 + torch.arange(3).view(3, 1, 1) / 3))
    glyph = 0.5 - lean + 0.2 * torch.randn(n, 3, 1, 1, generator=random)
    ground = 0.5 + lean + 0.2 * torch.randn(n, 3, 1, 1, generator=random) + 0.15 * _waves(random, n, 3, 4, side)
    return ground.lerp(glyph, ink) + 0.04 * torch.randn(n, 3, side, side, generator=random)


def _warp(templates: torch.Tensor, labels: torch.Tensor, random: torch.Generator, side: int) -> torch.Tensor:
    """Of each label's glyph one face, turned, slanted, zoomed, shifted and bent: (B,) -> (B, 1, side, side)."""
    n = len(labels)
    change = torch.tensor([[0.25, 0.4, 0.15], [0.4, 0.2, 0.12]]) * (2 * torch.rand(n, 2, 3, generator=random) - 1)
    theta = torch.eye(2, 3) + change  # its first two columns turn, slant and zoom, the last one shifts
    grid = F.affine_grid(theta, [n, 1, side, side], align_corners=False)
    grid += 0.07 * _waves(random, n, 2, 4, side).permute(0, 2, 3, 1)
    face = torch.randint(len(FACES), (n,), generator=random)
    return F.grid_sample(templates[labels, face][:, None], grid, align_corners=False)


def _waves(random: torch.Generator, n: int, channels: int, knots: int, side: int) -> torch.Tensor:
    """Smooth random surfaces (n, channels, side, side): a random height at knots x knots points, smooth in between."""
    heights = torch.randn(n, channels, knots, knots, generator=random)
    return F.interpolate(heights, size=(side, side), mode="bicubic", align_corners=True)
