"""Answers to the exercises of lesson 06."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torchvision.transforms import v2

from course_utils.data import loader
from course_utils.models import LeNet, Mlp

# ---- tasks ----


def centre_by_loops(picture):
    total = row = column = 0.0
    for r in range(len(picture)):
        for c in range(len(picture[0])):
            total += float(picture[r][c])
            row += r * float(picture[r][c])
            column += c * float(picture[r][c])
    return row / total, column / total


def centre_by_moments(picture):
    m = cv2.moments(picture.astype(np.float32))
    return m["m01"] / m["m00"], m["m10"] / m["m00"]


def centre_by_torch(picture):
    x = torch.tensor(picture).double()
    return (
        torch.stack([x.sum(1) @ torch.arange(x.shape[0]).double(), x.sum(0) @ torch.arange(x.shape[1]).double()])
        / x.sum()
    )


def centre_of_ink(picture):
    rows, columns = np.nonzero(picture)
    return rows.mean(), columns.mean()


def centre_of_box(picture):
    rows, columns = np.nonzero(picture)
    return (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2


def inverted_in_place(pictures):
    pictures[:] = 255 - pictures
    return pictures


# ---- 06.1 ----


def upright_rot90(photo, orientation):
    return np.rot90(photo, {1: 0, 3: 2, 6: 3, 8: 1}[orientation])


def upright_cv2(photo, orientation):
    turns = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
    return cv2.rotate(photo, turns[orientation]) if orientation in turns else photo.copy()


def upright_by_axes(photo, orientation):
    if orientation == 3:
        return photo[::-1, ::-1]
    if orientation == 6:
        return photo.swapaxes(0, 1)[:, ::-1]
    if orientation == 8:
        return photo.swapaxes(0, 1)[::-1]
    return photo


def upright_with(turns):
    return lambda photo, orientation: np.rot90(photo, turns[orientation])


# ---- 06.2 ----


def slant_of(picture, by_x=False):
    w = picture.astype(np.float64)
    rows, columns = np.indices(w.shape)
    middle = (rows * w).sum() / w.sum()
    y, x = rows - middle, columns - (columns * w).sum() / w.sum()
    return (w * x * y).sum() / (w * (x * x if by_x else y * y)).sum(), middle


def deskew_with(sign=-1.0, around=True, by_x=False, divide=1.0, factor=1.0):
    def deskew(picture):
        slant, middle = slant_of(picture, by_x)
        slant *= factor
        matrix = np.float32([[1, sign * slant, -sign * slant * middle if around else 0], [0, 1, 0]])
        return cv2.warpAffine(picture.astype(np.float32), matrix, (28, 28)) / divide

    return deskew


def deskew_moments(picture):
    m = cv2.moments(picture.astype(np.float32))
    slant, middle = m["mu11"] / m["mu02"], m["m01"] / m["m00"]
    matrix = np.float32([[1, slant, -slant * middle], [0, 1, 0]])
    return cv2.warpAffine(picture, matrix, (28, 28), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def deskew_by_rows(picture):
    slant, middle = slant_of(picture)
    places = np.arange(28)
    rows = [np.interp(places + slant * (r - middle), places, row, left=0, right=0) for r, row in enumerate(picture)]
    return np.stack(rows)


def deskew_down(picture):
    slant, _ = slant_of(picture)
    w = picture.astype(np.float32)
    middle = (np.arange(28) * w.sum(0)).sum() / w.sum()
    return cv2.warpAffine(w, np.float32([[1, 0, 0], [-slant, 1, slant * middle]]), (28, 28))


def deskew_in_place(picture):
    picture[:] = np.rint(deskew_with()(picture)).clip(0, 255)
    return picture


# ---- 06.3 ----


def shift_by_crops(images, most, fill):
    n, _, height, width = images.shape
    padded = F.pad(images, [most] * 4, value=fill)
    starts = torch.randint(2 * most + 1, (n, 2)).tolist()
    return torch.stack([p[:, t : t + height, s : s + width] for p, (t, s) in zip(padded, starts, strict=True)])


def shift_by_index(images, most, fill):
    n, _, height, width = images.shape
    padded = F.pad(images, [most] * 4, value=fill)[:, 0]
    top, left = torch.randint(2 * most + 1, (2, n, 1, 1))
    rows, columns = top + torch.arange(height)[:, None], left + torch.arange(width)
    return padded[torch.arange(n)[:, None, None], rows, columns][:, None]


def shift_by_copies(images, most, fill):
    n, _, height, width = images.shape
    result = torch.full_like(images, fill)
    for i in range(n):
        dy, dx = np.random.randint(-most, most + 1, 2)
        top, left = max(dy, 0), max(dx, 0)
        h, w = height - abs(dy), width - abs(dx)
        result[i, :, top : top + h, left : left + w] = images[i, :, max(-dy, 0) :, max(-dx, 0) :][:, :h, :w]
    return result


def shift_from(draw, fill_with=None, border=None):
    """A shift whose moves, (N, 2) from -most to most, come from draw(n, most)."""

    def shift(images, most, fill):
        n, _, height, width = images.shape
        if border:
            return torch.stack(
                [
                    torch.roll(image, tuple(move), (1, 2))
                    for image, move in zip(images, draw(n, most).tolist(), strict=True)
                ]
            )
        padded = F.pad(images, [most] * 4, value=fill if fill_with is None else fill_with)
        starts = (draw(n, most) + most).tolist()
        return torch.stack([p[:, t : t + height, s : s + width] for p, (t, s) in zip(padded, starts, strict=True)])

    return shift


def free(n, most):
    return torch.randint(-most, most + 1, (n, 2))


def of_a_grid(n, most):
    every = torch.cartesian_prod(torch.arange(-most, most + 1), torch.arange(-most, most + 1))
    return every[(torch.arange(n) + int(torch.randint(99, ()))) % len(every)]


def walk(n, most):
    first = torch.randint(-most, most + 1, (n, 2))
    first[1::2] = first[0::2][: len(first[1::2])]
    return first


# ---- 06.4 ----


def trained(make=LeNet, most=5, steps=250, lr=0.03, batch_size=128, optimizer=None, change=None):
    def train(train_set):
        black = train_set[0][0].min().item()
        moved = train_set.with_transform(change or (lambda images: shift_by_index(images, most, black)))
        torch.manual_seed(1)
        model = make()
        adjust = optimizer(model) if optimizer else torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        for step, (images, targets) in enumerate(loader(moved, batch_size, shuffle=True)):
            if step == steps:
                break
            adjust.zero_grad()
            F.cross_entropy(model(images), targets).backward()
            adjust.step()
        return model

    return train


def with_affine(train_set):
    black = train_set[0][0].min().item()
    move = v2.RandomAffine(degrees=0, translate=(5 / 28, 5 / 28), fill=black)
    return trained(change=lambda images: torch.cat([move(part) for part in images.chunk(32)]))(train_set)


# ---- 06.5 ----


def order_by_rows(boxes):
    middles = [y + h / 2 for _, y, _, h in boxes]
    near = 0.7 * np.median([h for *_, h in boxes])
    rows = []
    for i in sorted(range(len(boxes)), key=lambda i: boxes[i][0]):
        row = min(rows, key=lambda row: abs(middles[row[-1]] - middles[i]), default=None)
        if row and abs(middles[row[-1]] - middles[i]) < near:
            row.append(i)
        else:
            rows.append([i])
    rows.sort(key=lambda row: np.mean([middles[i] for i in row]))
    return [i for row in rows for i in row]


def order_by_tilt(boxes):
    """Try tilts; the one whose rows are the sharpest wins."""
    x = np.array([b[0] + b[2] / 2 for b in boxes], float)
    y = np.array([b[1] + b[3] / 2 for b in boxes], float)
    height = np.median([b[3] for b in boxes])
    best = None
    for tilt in np.linspace(-0.2, 0.2, 81):
        level = np.sort(y - tilt * x)
        gaps = np.diff(level)
        inside = gaps[gaps < 0.6 * height].sum() + 1e-3 * abs(tilt)
        rows = (gaps >= 0.6 * height).sum()
        if best is None or inside + 0.5 * height * rows < best[0]:
            best = inside + 0.5 * height * rows, tilt
    level = y - best[1] * x
    ranked = np.argsort(level)
    row_of = np.zeros(len(boxes), int)
    row_of[ranked[1:]] = np.cumsum(np.diff(level[ranked]) >= 0.6 * height)
    return np.lexsort((x, row_of)).tolist()


def order_as_tensor(boxes):
    return torch.tensor(order_by_rows(boxes))


def order_by_y(boxes):
    return sorted(range(len(boxes)), key=lambda i: boxes[i][1])


def order_by_bands(boxes):
    """Rows by rounding y: right as long as nothing is tilted."""
    return sorted(range(len(boxes)), key=lambda i: (round(boxes[i][1] / 60), boxes[i][0]))


def order_sorting_in_place(boxes):
    order = order_by_rows(boxes)
    boxes.sort()
    return order


RIGHT = {
    "a": [lambda p: 255 - p, lambda p: ~p, lambda p: cv2.bitwise_not(p), lambda p: torch.tensor(255 - p)],
    "b": [centre_by_loops, centre_by_moments, centre_by_torch],
    "c": [lambda a, b: (a + b) / 2, lambda a, b: b + 0.5 * (a - b), lambda a, b: np.mean([a, b])],
    "1": [upright_rot90, upright_cv2, upright_by_axes],
    "2": [deskew_with(), deskew_moments, deskew_by_rows],
    "3": [shift_by_crops, shift_by_index, shift_by_copies, shift_from(free)],
    "4": [trained(), trained(most=6, lr=0.02), with_affine],
    "5": [order_by_rows, order_by_tilt, order_as_tensor],
}
WRONG = {
    "a": [
        (lambda p: -p, "in uint8, 0 stays 0"),
        (lambda p: 256 - p.astype(int), "expected"),
        (lambda p: p.max() - p, "expected"),
        (lambda p: 255 - p.astype(float), "expected uint8"),
        (lambda p: p, "the pictures as they were"),
        (inverted_in_place, "changes its argument"),
    ],
    "b": [
        (lambda p: centre_by_loops(p)[::-1], "row and column exchanged"),
        (centre_of_ink, "expected"),
        (centre_of_box, "expected"),
        (lambda p: (p.shape[0] / 2 - 0.5, p.shape[1] / 2 - 0.5), "the middle of the picture"),
        (lambda p: tuple(v + 0.5 for v in centre_by_loops(p)), "the middles of the pixels"),
        (lambda p: centre_by_loops(p)[0], "expected two numbers"),
        (lambda p: (p.sum(1) @ np.arange(p.shape[0]), p.sum(0) @ np.arange(p.shape[1])), "division"),
    ],
    "c": [
        (lambda a, b: (a - b) / 2, "add the darker value"),
        (lambda a, b: a + b, "divide it by 2"),
        (lambda a, b: 189, "the number of this lesson's page"),
        (lambda a, b: a + b / 2, "expected"),
    ],
    "1": [
        (upright_with({1: 0, 3: 2, 6: 1, 8: -1}), "a turn the other way round"),
        (lambda photo, orientation: photo, "the picture as it was stored"),
        (upright_with({1: 0, 3: 1, 6: -1, 8: 1}), "for orientation 3"),
        (lambda p, o: p.swapaxes(0, 1) if o in (6, 8) else np.rot90(p, 2 if o == 3 else 0), "a mirrored picture"),
        (lambda p, o: p[::-1] if o == 3 else upright_rot90(p, o), "above and below exchanged"),
        (lambda p, o: np.rot90(p, {1: 0, 3: 2, 6: -1, 8: 1}[o], (-2, -1)), "the photograph"),
    ],
    "2": [
        (deskew_with(sign=1.0), "change its sign"),
        (deskew_with(around=False), "Shear around the centre of mass"),
        (lambda picture: picture, "the picture is not sheared"),
        (deskew_with(by_x=True), "expected 0"),
        (deskew_with(divide=255.0), "expected grey values up to 255"),
        (deskew_down, "for a"),
        (deskew_in_place, "changes its argument"),
        (lambda picture: deskew_with()(picture)[None], "expected (28, 28)"),
        (lambda picture: deskew_with()(picture) * 0.5, "of the ink is left"),
        (deskew_with(factor=0.5), "expected 0"),
    ],
    "3": [
        (shift_from(lambda n, most: free(1, most).expand(n, 2)), "all images of a batch move alike"),
        (shift_from(lambda n, most: torch.randint(-most, max(most, -most + 1), (n, 2))), "leaves out its upper end"),
        (shift_from(free, fill_with=0.0), "expected fill"),
        (shift_from(free, border="wrap"), "must not come back on the other"),
        (shift_from(lambda n, most: free(n, most)[:, :1].expand(n, 2)), "expected"),
        (shift_from(of_a_grid), "follows from that of the image before it"),
        (shift_from(walk), "expected"),
        (lambda images, most, fill: images, "no image moves down"),
        (lambda images, most, fill: shift_by_crops(images, 2 * most, fill), "expected"),
        (lambda images, most, fill: shift_by_crops(images, most, fill).flip(0), "another order"),
    ],
    "4": [
        (trained(change=lambda images: images), "Does it see moved digits in training?"),
        (trained(make=Mlp, most=5), "expected 75%"),
        (trained(steps=260), "expected at most 250"),
        (lambda train_set: LeNet(), "no optimizer made a step"),
        (trained(steps=20), "it was trained in 20 steps"),
    ],
    "5": [
        (order_by_y, "sorted by y alone"),
        (lambda boxes: sorted(range(len(boxes)), key=lambda i: boxes[i][0]), "sorted by x alone"),
        (order_by_bands, "the order is"),
        (lambda boxes: np.argsort(order_by_rows(boxes)), "the box at each place is wanted"),
        (order_sorting_in_place, "changes the list boxes"),
        (lambda boxes: [boxes[i] for i in order_by_rows(boxes)], "expected each of 0 to"),
        (lambda boxes: list(range(len(boxes))), "the order of the list"),
    ],
}
