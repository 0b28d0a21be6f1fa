"""Drawn stand-ins for the three data sets, for those who have neither the files nor a network.

Files, counts, shapes and label balance are the real ones, so what a lesson says about sizes stays true. The pictures
are digits from fonts and silhouettes from polygons, warped at random. A model can learn them, a CNN better than a
linear one, but no result on them says anything about the real data. `data` decides when they are used, and where they
lie.
"""
from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.idx import write_idx

TITLE = "drawn stand-in, version 1"  # raise the version when the drawing changes: what is stored is then drawn again
MARKER = "STAND-IN.txt"
FOLDERS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": "cifar-10-batches-py"}  # torchvision's
COUNTS = {  # images of each class for training and test
    "mnist": ([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
              [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
    "fashion_mnist": ([6000] * 10, [1000] * 10),
    "cifar10": ([5000] * 10, [1000] * 10),
}
FACES = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Bold",
         "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralItalic", "STIXGeneralBol", "cmss10", "cmtt10")

# Shapes, in percent of the picture's side: "layer points"; layer 1 lies on layer 0. Two points are the box of an
# ellipse, more are a polygon. With m, x counts from the middle, and the points are one half of a symmetrical polygon.
GARMENTS = {
    "T-shirt/top": "m0 8,16 18,12 42,28 35,42 25,35 26,88 0,88 0,20",
    "Trouser": "m0 0,8 18,8 23,92 7,92 2,36 0,34",
    "Pullover": "m0 8,14 18,12 33,22 43,82 33,85 25,45 26,88 0,88 0,18",
    "Dress": "m0 5,8 14,8 12,36 30,92 0,92 0,20",
    "Coat": "m0 8,10 20,10 33,22 42,80 32,83 27,45 30,94 0,94 0,14; m1 0,12 2,12 2,94 0,94",
    "Sandal": "0 5,72 60,74 95,56 97,66 62,84 5,82; 0 30,74 48,44 54,46 38,76; 0 55,74 88,40 93,44 66,76; "
              "0 20,72 30,58 84,52 88,58 34,65",
    "Shirt": "m0 6,12 18,11 36,24 44,60 35,63 25,40 26,90 0,90 0,16; m1 0,34 12,10 5,10 0,18",
    "Sneaker": "0 4,62 8,46 36,50 52,36 66,38 76,52 95,60 97,74 4,76; 1 4,70 97,68 97,76 4,76",
    "Bag": "m0 36,42 41,86 0,86 0,42; m0 22,44 18,16 0,14 0,20 13,22 16,44; m1 0,56 38,56 38,60 0,60",
    "Ankle boot": "0 22,10 56,12 58,48 92,64 96,86 18,86; 1 18,80 96,80 96,88 18,88",
}
OBJECTS = {
    "airplane": "0 8,44 92,56; 1 42,50 62,50 40,84 28,84; 1 44,47 60,47 44,22 36,22; 0 8,50 8,28 18,30 26,48",
    "automobile": "0 6,50 24,48 36,30 66,30 78,48 94,52 94,70 6,70; 1 32,48 40,35 63,35 72,48; 1 16,60 36,80; "
                  "1 66,60 86,80",
    "bird": "0 28,40 74,68; 0 62,24 86,46; 1 84,32 97,38 84,40; 0 32,50 4,66 12,74 38,62; 1 40,44 62,46 40,60; "
            "1 50,66 53,66 53,88 50,88",
    "cat": "0 24,30 76,84; 0 24,52 26,12 46,34; 0 76,52 74,12 54,34; 1 36,46 46,56; 1 54,46 64,56; "
           "1 45,64 55,64 50,70",
    "deer": "0 22,42 70,64; 0 62,50 72,22 82,24 74,56; 0 68,16 92,32; 0 26,58 32,58 30,94 25,94; "
            "0 60,58 66,58 65,94 60,94; 1 72,20 60,2 64,2 76,18; 1 78,18 86,0 90,2 82,20",
    "dog": "0 18,46 70,72; 0 58,26 84,54; 0 78,38 96,52; 1 56,26 66,28 62,56 54,50; "
           "0 22,62 32,62 32,92 22,92; 0 56,62 66,62 66,92 56,92; 0 20,54 4,34 9,32 26,48; 1 72,34 77,40",
    "frog": "0 18,42 82,82; 0 26,28 46,52; 0 54,28 74,52; 1 31,33 41,44; 1 59,33 69,44; 0 4,64 34,90; "
            "0 66,64 96,90; 1 34,64 66,64 50,70",
    "horse": "0 18,38 74,66; 0 58,52 72,14 86,14 78,58; 0 70,10 97,28; 0 22,56 31,56 30,96 23,96; "
             "0 60,56 69,56 69,96 61,96; 1 70,12 58,48 64,50 76,14; 1 22,46 6,72 12,74 28,54",
    "ship": "0 4,58 96,58 84,82 16,82; 1 30,40 70,40 70,58 30,58; 1 44,16 54,16 54,40 44,40",
    "truck": "0 4,24 62,24 62,70 4,70; 1 64,36 82,36 94,52 94,70 64,70; 1 14,62 32,82; 1 70,62 88,82",
}
TONES = {  # sky, ground and body of each object, as red green blue
    "airplane": "7af adf ccd", "automobile": "bbc 777 b33", "bird": "9cb 8a6 864", "cat": "b98 976 a75",
    "deer": "7a6 583 963", "dog": "cba a86 c96", "frog": "685 462 7a3", "horse": "8bd 7a4 742",
    "ship": "9bd 36a 999", "truck": "bcd 887 c72",
}


def ready(name: str, folder: Path) -> bool:
    """True if folder holds the whole stand-in of this version, every file as it was drawn."""
    top = folder / FOLDERS[name]
    try:
        version, *lines = (top / MARKER).read_text(encoding="utf-8").splitlines()
        md5s = dict(line.split("  ")[::-1] for line in lines)
        return version == TITLE and bool(md5s) and all(_md5(top / path) == md5 for path, md5 in md5s.items())
    except (OSError, ValueError):
        return False


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def draw(name: str, folder: Path) -> None:
    """Draw a stand-in below folder, in torchvision's layout. It gets its name when it is whole. Raises OSError."""
    top, part = folder / FOLDERS[name], folder / f"{FOLDERS[name]}.part"
    print(f"Drawing the stand-in for {FOLDERS[name]} in {folder} (some seconds, once).", flush=True)
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        paths = (_write_cifar if name == "cifar10" else _write_idx)(name, part)
        lines = [TITLE, *(f"{_md5(part / path)}  {path}" for path in paths)]
        (part / MARKER).write_text("\n".join(lines), encoding="utf-8")
        shutil.rmtree(top, ignore_errors=True)
        os.replace(part, top)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_idx(name: str, folder: Path) -> list[str]:
    (folder / "raw").mkdir()
    paths = []
    for split, (images, labels) in zip(("train", "t10k"), pictures(name), strict=True):
        paths += [f"raw/{split}-images-idx3-ubyte", f"raw/{split}-labels-idx1-ubyte"]
        write_idx(folder / paths[-2], images[:, 0])
        write_idx(folder / paths[-1], labels)
    return paths


def _write_cifar(name: str, folder: Path) -> list[str]:
    (images, labels), (test_images, test_labels) = pictures(name)
    batches = [*zip(np.split(images, 5), np.split(labels, 5), strict=True), (test_images, test_labels)]
    contents = {}
    for i, (images, labels) in enumerate(batches):
        contents[f"data_batch_{i + 1}" if i < 5 else "test_batch"] = {
            "batch_label": f"drawn batch {i + 1} of 6", "labels": labels.tolist(),
            "data": images.reshape(len(images), -1), "filenames": [f"drawn_{i}_{j}.png" for j in range(len(images))]}
    contents["batches.meta"] = {"num_cases_per_batch": len(test_labels), "label_names": list(OBJECTS), "num_vis": 3072}
    for path, content in contents.items():
        (folder / path).write_bytes(pickle.dumps(content, protocol=4))
    return list(contents)


def pictures(name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """(images (N, C, H, W) uint8, labels (N,) uint8) for training and for test."""
    random = torch.Generator().manual_seed(2024)
    if name == "mnist":
        templates, paint = _digits(), _paint_digits
    elif name == "fashion_mnist":
        templates, paint = _polygons(GARMENTS), _paint_garments
    else:
        templates, paint = _polygons(OBJECTS), _paint_objects
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the pieces are small: two threads would mostly wait for each other
    try:
        result = []
        for counts in COUNTS[name]:
            labels = torch.repeat_interleave(torch.arange(10), torch.tensor(counts))
            labels = labels[torch.randperm(len(labels), generator=random)]
            pieces = (paint(templates, piece, random).clamp(0, 1) * 255 for piece in labels.split(250))
            images = torch.cat([piece.round().byte() for piece in pieces])
            result.append((images.numpy(), labels.byte().numpy()))
        return result
    finally:
        torch.set_num_threads(threads)


# ---- templates: (10 classes, variants, layers, 64, 64), 0..1 ----


def _digits() -> torch.Tensor:
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont
    rows = []
    for digit in "0123456789":
        for face in FACES:
            font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{face}.ttf", 120)
            left, top, right, bottom = font.getbbox(digit)
            glyph = Image.new("L", (right - left, bottom - top))
            ImageDraw.Draw(glyph).text((-left, -top), digit, fill=255, font=font)
            glyph = glyph.resize((max(14, glyph.width * 46 // glyph.height), 46), Image.Resampling.BOX)
            picture = Image.new("L", (64, 64))
            picture.paste(glyph, ((64 - glyph.width) // 2, 9))
            rows.append(np.asarray(picture))
    return torch.from_numpy(np.stack(rows)).view(10, len(FACES), 1, 64, 64) / 255


def _polygons(shapes: dict[str, str], variants: int = 20) -> torch.Tensor:
    from PIL import Image, ImageDraw
    random = np.random.default_rng(2024)
    rows = []
    for shape in shapes.values():
        for _ in range(variants):
            layers = [Image.new("L", (256, 256)) for _ in range(2)]
            for part in shape.split(";"):
                kind, *points = part.split()
                xy = np.array([point.split(",") for point in points], dtype=float)
                xy += random.normal(0, 1.5, xy.shape) * (xy[:, :1] != 0)  # points on the middle line stay there
                if "m" in kind:
                    xy = np.concatenate([xy, xy[::-1] * [-1, 1]]) + [50, 0]
                pen = ImageDraw.Draw(layers["1" in kind])
                if len(xy) == 2:
                    pen.ellipse([tuple(corner) for corner in np.sort(xy * 2.56, axis=0)], fill=255)
                else:
                    pen.polygon([tuple(corner) for corner in xy * 2.56], fill=255)
            rows.append([np.asarray(layer.reduce(4)) for layer in layers])
    return torch.from_numpy(np.array(rows)).view(10, variants, 2, 64, 64) / 255


# ---- painting: templates and labels (B,) -> images (B, C, H, W), about 0..1 ----


def _waves(random: torch.Generator, n: int, channels: int, knots: int, size: int) -> torch.Tensor:
    """Smooth random surfaces (n, channels, size, size): a random height at knots x knots points, smooth in between."""
    bumps = torch.eye(knots * knots).view(-1, 1, knots, knots)
    bumps = F.interpolate(bumps, size=(size, size), mode="bicubic", align_corners=True).flatten(1)
    return (torch.randn(n * channels, knots * knots, generator=random) @ bumps).view(n, channels, size, size)


def _warp(templates: torch.Tensor, labels: torch.Tensor, random: torch.Generator, size: int, turn: float, zoom: float,
          shift: float, bend: float, flip: bool = False) -> torch.Tensor:
    """Of each label's template one variant, turned, slanted, zoomed, shifted, bent: (B, layers, size, size)."""
    n = len(labels)

    def either_way(*shape: int) -> torch.Tensor:
        return torch.rand(n, *shape, generator=random) * 2 - 1

    variant = torch.randint(templates.shape[1], (n,), generator=random)
    angle, slant, scale = turn * either_way(), turn * either_way(), 1 + zoom * either_way(2)
    if flip:
        scale[:, 0] *= either_way().sign()
    rows = torch.stack([angle.cos(), angle.sin() + slant], 1), torch.stack([-angle.sin(), angle.cos()], 1)
    theta = torch.cat([torch.stack(rows, 1) * scale[:, None], shift * either_way(2, 1)], 2)
    grid = F.affine_grid(theta, [n, 1, size, size], align_corners=False)
    grid += bend * _waves(random, n, 2, 4, size).permute(0, 2, 3, 1)
    return F.grid_sample(templates[labels, variant], grid, align_corners=False)


def _paint_digits(templates: torch.Tensor, labels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    ink = _warp(templates, labels, random, 28, turn=0.4, zoom=0.2, shift=0.12, bend=0.07)
    return ink * (0.7 + 0.3 * torch.rand(len(labels), 1, 1, 1, generator=random))


def _paint_garments(templates: torch.Tensor, labels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    n = len(labels)
    body, detail = _warp(templates, labels, random, 28, turn=0.18, zoom=0.25, shift=0.15, bend=0.06).split(1, 1)
    shade, detail_shade = (0.2 + 0.7 * torch.rand(2, n, 1, 1, 1, generator=random)).unbind()
    cloth = shade.lerp(detail_shade, detail) + 0.1 * _waves(random, n, 1, 9, 28)
    return cloth * torch.maximum(body, detail)


def _paint_objects(templates: torch.Tensor, labels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    n = len(labels)
    body, detail = _warp(templates, labels, random, 32, turn=0.2, zoom=0.3, shift=0.3, bend=0.05, flip=True).split(1, 1)
    tones = torch.tensor([[[int(digit, 16) / 15 for digit in tone] for tone in row.split()] for row in TONES.values()])
    tones = 0.25 + 0.5 * tones[labels]
    tones += 0.2 * torch.randn(n, 3, 1, generator=random) + 0.1 * torch.randn(n, 3, 3, generator=random)
    sky, ground, body_tone = tones[..., None, None].unbind(1)
    height = torch.linspace(-0.3, 1.3, 32).clamp(0, 1).view(1, 1, 32, 1)
    picture = sky.lerp(ground, height) + 0.1 * _waves(random, n, 1, 8, 32)
    picture = picture.lerp(body_tone, body).lerp(torch.rand(n, 3, 1, 1, generator=random), detail)
    return picture + 0.03 * torch.randn(n, 1, 32, 32, generator=random)
