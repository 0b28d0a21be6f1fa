"""Answers to the exercises of lesson 06."""

import random
from functools import wraps

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.transforms import v2

from course_utils.data import load, loader
from course_utils.models import LeNet, Mlp
from tests.practice.slips import then

# ---- for several ----


def remembering(function, name=lambda x: tuple(x.shape)):
    """Gives what it gave before for an argument that looks the same."""
    known = {}

    @wraps(function)
    def answer(*arguments):
        if name(arguments[0]) not in known:
            known[name(arguments[0])] = function(*arguments)
        return known[name(arguments[0])]

    return answer


# ---- tasks ----


def inverted_by_loops(pictures):
    result = np.zeros_like(pictures)
    for place in np.ndindex(pictures.shape):
        result[place] = 255 - pictures[place]
    return result


def inverted_by_stretching(pictures):
    """Right where the darkest pixel is 0 and the brightest 255."""
    low, high = int(pictures.min()), int(pictures.max())
    return ((high - pictures.astype(float)) / (high - low) * 255).round().astype(np.uint8)


def centre_in_uint8(picture):
    rows = np.arange(len(picture), dtype=picture.dtype)[:, None]
    columns = np.arange(len(picture[0]), dtype=picture.dtype)
    return (rows * picture).sum() / picture.sum(), (columns * picture).sum() / picture.sum()


def centre_of_28(picture):
    w = picture[:28, :28] / picture.sum()
    return (w.sum(1) @ np.arange(28)[: len(w)], w.sum(0) @ np.arange(28)[: len(w[0])])


def centre_plus_a_bit(picture):
    """A small number keeps the division from 0/0, and is too large for a faint picture."""
    rows, columns = np.indices(picture.shape)
    total = picture.sum() + 1e-3
    return (rows * picture).sum() / total, (columns * picture).sum() / total


CENTRES = [0.0, 0.0, 0.0]


def centre_in_a_global(picture):
    rows, columns = np.indices(picture.shape)
    for i, part in enumerate((rows * picture, columns * picture, picture)):
        CENTRES[i] += part.sum()
    return CENTRES[0] / CENTRES[2], CENTRES[1] / CENTRES[2]


def centre_normalising_in_place(picture):
    result = centre_by_loops(picture)
    picture[picture > 0] = 1
    return result


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


def upright_by_loops(photo, orientation):
    """A quarter turn with the clock, as often as needed; each is made place by place."""
    for _ in range({1: 0, 6: 1, 3: 2, 8: 3}[orientation]):
        height, width = photo.shape[:2]
        turned = np.zeros((width, height, *photo.shape[2:]), photo.dtype)
        for r in range(height):
            for c in range(width):
                turned[c, height - 1 - r] = photo[r, c]
        photo = turned
    return photo


def upright_of_one_photo(photo, orientation, kept=[]):  # noqa: B006
    kept.append(photo)
    return upright_rot90(kept[0], orientation)


LEFT = {1: 0, 3: 2, 6: -1, 8: 1}


def upright_popping(photo, orientation):
    return np.rot90(photo, LEFT.pop(orientation))


def upright_in_place(photo, orientation):
    """Half a turn is written into the photograph itself."""
    if orientation == 3:
        photo[:] = photo[::-1, ::-1].copy()
        return photo
    return upright_rot90(photo, orientation)


def upright_if_wide(photo, orientation):
    """A photograph that is not wide is taken for upright."""
    return upright_rot90(photo, orientation) if photo.shape[1] > photo.shape[0] else photo


def upright_in_colour(photo, orientation):
    return cv2.warpAffine(photo, np.float32([[1, 0, 0], [0, 1, 0]]), photo.shape[1::-1]) if orientation == 1 else (
        np.rot90(photo, {3: 2, 6: 3, 8: 1}[orientation], axes=(-3, -2))
    )  # fmt: skip


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


def deskew_by_whole_pixels(picture):
    slant, middle = slant_of(picture)
    return np.stack([np.roll(row, -round(slant * (r - middle))) for r, row in enumerate(picture)])


def deskew_cubic(picture):
    slant, middle = slant_of(picture)
    matrix = np.float32([[1, -slant, slant * middle], [0, 1, 0]])
    return cv2.warpAffine(picture, matrix, (28, 28), flags=cv2.INTER_CUBIC)


def deskew_cubic_floats(picture):
    """Beyond 0 and 255: no one cuts them off."""
    slant, middle = slant_of(picture)
    matrix = np.float32([[1, -slant, slant * middle], [0, 1, 0]])
    return cv2.warpAffine(picture.astype(np.float32), matrix, (28, 28), flags=cv2.INTER_CUBIC)


def moved_sideways(picture, moves):
    places = np.arange(28)
    rows = [np.interp(places + move, places, row, left=0, right=0) for row, move in zip(picture, moves, strict=True)]
    return np.stack(rows)


def deskew_each_row_to_the_middle(picture):
    """The slant is 0, and the digit is lost: each row's own centre of mass is moved to the middle."""
    w = picture.astype(float)
    places = np.arange(28)
    centre = (w.sum(0) * places).sum() / w.sum()
    own = (w * places).sum(1) / np.maximum(w.sum(1), 1e-9)
    return moved_sideways(w, np.where(w.sum(1) > 0, own - centre, 0))


def deskew_as_a_line(picture):
    """All the ink of a row stands round the middle."""
    w = picture.astype(float)
    centre = (w.sum(0) * np.arange(28)).sum() / w.sum()
    shape = np.exp(-((np.arange(28) - centre) ** 2) / 8)
    return np.clip(w.sum(1)[:, None] * shape / shape.sum(), 0, 255)


def deskew_mirrored(picture):
    w = deskew_with()(picture)
    centre = (w.sum(0) * np.arange(28)).sum() / w.sum()
    return np.stack([np.interp(2 * centre - np.arange(28), np.arange(28), row, left=0, right=0) for row in w])


def deskew_round_the_middle_of_the_picture(picture):
    slant, _ = slant_of(picture)
    return moved_sideways(picture, slant * (np.arange(28) - 13.5))


def deskew_of_the_ink(picture):
    """The slant of the ink, all pixels counted alike."""
    slant, _ = slant_of((picture > 0) * 1.0)
    _, middle = slant_of(picture)
    return moved_sideways(picture, slant * (np.arange(28) - middle))


def deskew_rounded(picture):
    """The slant with one digit after the point."""
    slant, middle = slant_of(picture)
    return moved_sideways(picture, round(slant, 1) * (np.arange(28) - middle))


def deskew_round_a_whole_row(picture):
    slant, middle = slant_of(picture)
    return moved_sideways(picture, slant * (np.arange(28) - int(middle)))


FIRST = []


def deskew_with_the_first_slant(picture):
    FIRST.append(slant_of(picture)[0])
    return moved_sideways(picture, FIRST[0] * (np.arange(28) - slant_of(picture)[1]))


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


def shift_by_rolling(images, most, fill):
    """Each picture rolled by itself; the rows and columns that come back are painted over."""
    result = images.clone()
    for i in range(len(images)):
        down, right = (random.randint(-most, most) for _ in range(2))
        result[i] = images[i].roll((down, right), (1, 2))
        rows, columns = torch.arange(images.shape[2]) - down, torch.arange(images.shape[3]) - right
        result[i, :, (rows < 0) | (rows >= len(rows))] = fill
        result[i, :, :, (columns < 0) | (columns >= len(columns))] = fill
    return result


def shift_in_place(images, most, fill):
    images[:] = shift_by_crops(images, most, fill)
    return images


def shift_unless_0(images, most, fill):
    return shift_by_crops(images, most, fill) if most else images


def shift_squares(images, most, fill):
    """As if the height were also the width."""
    n, _, height, _ = images.shape
    padded = F.pad(images, [most] * 4, value=fill)
    starts = torch.randint(2 * most + 1, (n, 2)).tolist()
    return torch.stack([p[:, t : t + height, s : s + height] for p, (t, s) in zip(padded, starts, strict=True)])


def shift_by_parts_of_pixels(images, most, fill):
    down, right = torch.rand(2, len(images)) * 2 * most - most
    rows, columns = (torch.arange(k).float() for k in images.shape[2:])
    grids = [
        torch.stack(torch.meshgrid(rows - d, columns - r, indexing="ij")[::-1], -1)
        for d, r in zip(down, right, strict=True)
    ]
    size = torch.tensor(images.shape[:1:-1]) - 1
    return F.grid_sample(images - fill, torch.stack(grids) * 2 / size - 1, align_corners=True) + fill


def seeded(n, most):
    torch.manual_seed(3)
    return free(n, most)


KEPT_MOVES = {}


def kept(n, most):
    """The moves of the first call, shuffled."""
    moves = KEPT_MOVES.setdefault((n, most), free(n, most))
    return moves[torch.randperm(n)]


def turned_ring(n, most):
    moves = KEPT_MOVES.setdefault(("ring", n, most), free(n, most))
    return moves.roll(int(torch.randint(n, ())), 0)


def there_and_back(n, most):
    """Every second call takes the moves of the call before back."""
    known = KEPT_MOVES.pop(("back", n, most), None)
    if known is None:
        KEPT_MOVES["back", n, most] = free(n, most)
        return KEPT_MOVES["back", n, most]
    return -known


def dealt(n, most):
    """Each number exactly as often as each other, in both directions."""
    numbers = (torch.arange(n) % (2 * most + 1)) - most
    return torch.stack([numbers[torch.randperm(n)] for _ in range(2)], 1)


def first_half_again(n, most):
    moves = free((n + 1) // 2, most)
    return torch.cat([moves, moves])[:n]


def mirrored_half(n, most):
    moves = free((n + 1) // 2, most)
    return torch.cat([moves, -moves.flip(0)])[-n:]


def normal(n, most):
    return (torch.randn(n, 2) * most / 2).round().clamp(-most, most).long()


def edges_half_as_often(n, most):
    return (torch.rand(n, 2) * 2 * most - most).round().long()


def one_direction(n, most):
    moves = free(n, most)
    moves[torch.arange(n), torch.randint(2, (n,))] = 0
    return moves


def inner_only(n, most):
    return torch.randint(-most + 1, most, (n, 2)) if most > 1 else torch.zeros(n, 2).long()


def first_stays(n, most):
    moves = free(n, most)
    moves[0] = 0
    return moves


def in_order(n, most):
    """Drawn freely, and sorted."""
    return torch.stack([free(n, most)[:, 0].sort().values, free(n, most)[:, 1]], 1)


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


class SoftLeNet(LeNet):
    def forward(self, x):
        return super().forward(x).softmax(1)


class LogSoftLeNet(LeNet):
    def forward(self, x):
        return super().forward(x).log_softmax(1)


class BatchesOnly(LeNet):
    def forward(self, x):
        return super().forward(x).squeeze()


class WithoutEnd(LeNet):
    """Gives what comes before the last layer."""

    def forward(self, x):
        kept, self.fc3 = self.fc3, nn.Identity()
        try:
            return super().forward(x)
        finally:
            self.fc3 = kept


def trained_on_the_files(train_set):
    return trained()(load("mnist").train)


def trained_in_place(train_set):
    """The pictures of train_set itself are moved, once."""
    padded = F.pad(train_set.images, [5] * 4)
    for i in range(0, len(padded), 100):
        top, left = (int(torch.randint(11, ())) for _ in range(2))
        train_set.images[i : i + 100] = padded[i : i + 100, :, top : top + 28, left : left + 28]
    return trained(change=lambda images: images)(train_set)


def trained_with_its_transform(train_set):
    black = train_set[0][0].min().item()
    train_set.transform = lambda images: shift_by_index(images, 5, black)
    return trained(change=train_set.transform)(train_set)


ONE = []


def trained_once(train_set):
    if not ONE:
        ONE.append(trained()(train_set))
    return ONE[0]


SHARED = []


def trained_further(train_set):
    """One network for all calls."""
    if not SHARED:
        SHARED.append(LeNet())
    return trained(make=lambda: SHARED[0])(train_set)


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


def order_by_next(boxes):
    """From each row's first box, go on to the nearest box on the right."""
    left = set(range(len(boxes)))
    height = np.median([b[3] for b in boxes])
    rows = []
    while left:
        i = min(left, key=lambda i: boxes[i][0])
        row = [i]
        left.remove(i)
        while True:
            x, y = boxes[row[-1]][0], boxes[row[-1]][1] + boxes[row[-1]][3] / 2
            near = [j for j in left if boxes[j][0] > x and abs(boxes[j][1] + boxes[j][3] / 2 - y) < 0.7 * height]
            if not near:
                break
            row.append(min(near, key=lambda j: boxes[j][0]))
            left.remove(row[-1])
        rows.append(row)
    rows.sort(key=lambda row: np.mean([boxes[i][1] for i in row]))
    return np.concatenate(rows)


def order_of_equal_rows(boxes):
    """As if all rows had as many boxes as the first."""
    n = len(order_rows(boxes)[0])
    by_y = sorted(range(len(boxes)), key=lambda i: boxes[i][1])
    return [i for k in range(0, len(by_y), n) for i in sorted(by_y[k : k + n], key=lambda i: boxes[i][0])]


def order_rows(boxes):
    rows = [[]]
    for i in order_by_rows(boxes):
        if rows[-1] and boxes[i][0] < boxes[rows[-1][-1]][0]:
            rows.append([])
        rows[-1].append(i)
    return rows


def order_by_first_box(boxes):
    """Rows by the height of their first box: a tilt of more than a digit's height mixes them."""
    rows = []
    for i in sorted(range(len(boxes)), key=lambda i: boxes[i][0]):
        y, height = boxes[i][1], boxes[i][3]
        row = next((row for row in rows if abs(boxes[row[0]][1] - y) < height), None)
        rows.append([i]) if row is None else row.append(i)
    return [i for row in sorted(rows, key=lambda row: boxes[row[0]][1]) for i in row]


def order_by_gaps(boxes):
    """A new row where a gap is in the sorted heights: right as long as no two rows overlap."""
    middles = np.array([y + h / 2 for _, y, _, h in boxes])
    ranked = np.argsort(middles)
    row = np.zeros(len(boxes), int)
    row[ranked[1:]] = np.cumsum(np.diff(middles[ranked]) > 0.5 * np.median([h for *_, h in boxes]))
    return np.lexsort(([x for x, *_ in boxes], row))


def order_by_30_pixels(boxes):
    """Two boxes are in a row if less than 20 pixels lie between their middles."""
    rows = []
    for i in sorted(range(len(boxes)), key=lambda i: boxes[i][0]):
        y = boxes[i][1] + boxes[i][3] / 2
        row = next((r for r in rows if abs(boxes[r[-1]][1] + boxes[r[-1]][3] / 2 - y) < 20), None)
        rows.append([i]) if row is None else row.append(i)
    return [i for row in sorted(rows, key=lambda row: np.mean([boxes[i][1] for i in row])) for i in row]


ROWS = []


def order_with_global_rows(boxes):
    ROWS.extend(order_by_rows(boxes))
    return ROWS[-len(boxes) - 1 :]


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
    "a": [lambda p: 255 - p, lambda p: ~p, cv2.bitwise_not, lambda p: torch.tensor(255 - p), inverted_by_loops],
    "b": [centre_by_loops, centre_by_moments, centre_by_torch],
    "c": [lambda a, b: (a + b) / 2, lambda a, b: b + 0.5 * (a - b), lambda a, b: np.mean([a, b])],
    "1": [upright_rot90, upright_cv2, upright_by_axes, upright_by_loops],
    "2": [deskew_with(), deskew_moments, deskew_by_rows, deskew_by_whole_pixels, deskew_cubic],
    "3": [shift_by_crops, shift_by_index, shift_by_copies, shift_from(free), shift_by_rolling],
    "4": [trained(), trained(most=6, lr=0.02), with_affine],
    "5": [order_by_rows, order_by_tilt, order_as_tensor, order_by_next],
}
KINDS = {
    "a": "value once memory type",
    "b": "value once memory type",
    "c": "value once type",
    "1": "value once memory type",
    "2": "value once memory type",
    "3": "value once memory chance type",
    "4": "value once memory structure type state",
    "5": "value once memory type",
}
FEW = {"4": "each call trains a network"}
WRONG = {
    "a": [
        (lambda p: -p, "in uint8, 0 stays 0"),
        (lambda p: 256 - p.astype(int), "expected"),
        (lambda p: p, "the pictures as they were"),
        (lambda p: p.max() - p, "the greatest pixel minus each pixel", "value"),
        (inverted_by_stretching, "the result is", "value"),
        (lambda p: 255 - p[:1], "has the shape (1, 5, 4), expected (3, 5, 4)", "value"),
        (lambda p: 255 - p.reshape(1, 16, 16), "your code stops with ValueError", "value"),
        (remembering(lambda p: 255 - p), "the result is", "once"),
        (remembering(lambda p: 255 - p, name=lambda p: 0), "has the shape", "once"),
        (inverted_in_place, "changes its argument pictures", "memory"),
        (then(lambda pictures: 255 - pictures, lambda p: p.sort()), "changes its argument pictures", "memory"),
        (lambda p: 255 - p.astype(float), "expected uint8", "type"),
        (lambda p: (255 - p).astype(np.int16), "type is int16, expected uint8", "type"),
        (lambda p: (255 - p).tolist(), "type is list, expected uint8", "type"),
    ],
    "b": [
        (lambda p: centre_by_loops(p)[::-1], "row and column exchanged"),
        (lambda p: tuple(v + 0.5 for v in centre_by_loops(p)), "the middles of the pixels"),
        (lambda p: centre_by_loops(p)[0], "expected two: row, column", "type"),
        (lambda p: [centre_by_loops(p)], "has the shape (1, 2), expected (2,)", "type"),
        (lambda p: str(centre_by_loops(p)), "expected numbers", "type"),
        (lambda p: tuple(map(round, centre_by_loops(p))), "(row, column) is", "type"),
        (lambda p: (p.sum(1) @ np.arange(p.shape[0]), p.sum(0) @ np.arange(p.shape[1])), "division"),
        (centre_of_ink, "all ink pixels counted alike", "value"),
        (centre_of_box, "the middle of the box around the ink", "value"),
        (lambda p: (p.shape[0] / 2 - 0.5, p.shape[1] / 2 - 0.5), "the middle of the picture", "value"),
        (lambda p: np.array(np.unravel_index(p.argmax(), p.shape)), "(row, column) is", "value"),
        (lambda p: centre_by_loops(np.uint8(p)), "your code stops with ZeroDivisionError", "value"),
        (centre_in_uint8, "(row, column) is", "value"),
        (centre_of_28, "(row, column) is", "value"),
        (centre_plus_a_bit, "(row, column) is", "value"),
        (centre_in_a_global, "(row, column) is", "once"),
        (remembering(centre_by_loops), "(row, column) is", "once"),
        (centre_normalising_in_place, "changes its argument picture", "memory"),
        (then(centre_by_loops, lambda picture: picture.fill(0)), "changes its argument picture", "memory"),
    ],
    "c": [
        (lambda a, b: (a - b) / 2, "add the darker value"),
        (lambda a, b: a + b, "divide it by 2"),
        (lambda a, b: a + b / 2, "expected"),
        (lambda a, b: 189, "the number of this lesson's page", "value"),
        (lambda a, b: max(a, b) - 58, "the threshold is", "value"),
        (lambda a, b: b + abs(a - b) / 2, "the threshold is", "value"),
        (lambda a, b: min(max((a + b) / 2, 100), 200), "the threshold is", "value"),
        (remembering(lambda a, b: (a + b) / 2, name=lambda a: 0), "the threshold is", "once"),
        (lambda a, b: (a + b) // 2, "a whole number", "type"),
        (lambda a, b: round((a + b) / 2), "a number that is rounded", "type"),
        (lambda a, b: (a, b), "has the shape (2,), expected ()", "type"),
    ],
    "1": [
        (upright_with({1: 0, 3: 2, 6: 1, 8: -1}), "a turn the other way round"),
        (lambda photo, orientation: photo, "the picture as it was stored"),
        (upright_with({1: 0, 3: 1, 6: -1, 8: 1}), "orientation = 3"),
        (lambda p, o: p.swapaxes(0, 1) if o in (6, 8) else np.rot90(p, 2 if o == 3 else 0), "a mirrored picture"),
        (lambda p, o: p[::-1] if o == 3 else upright_rot90(p, o), "above and below exchanged"),
        (lambda p, o: np.rot90(p, {1: 0, 3: 2, 6: -1, 8: 1}[o], (-2, -1)), "the photograph", "value"),
        (upright_in_colour, "your code stops with ValueError", "value"),
        (upright_if_wide, "the picture as it was stored", "value"),
        (lambda p, o: upright_rot90(p, o)[:, :, :3], "your code stops with IndexError", "value"),
        (lambda p, o: upright_rot90(p, o) if o != 8 else np.rot90(p, -1), "a turn the other way round", "value"),
        (upright_of_one_photo, "has the shape", "once"),
        (remembering(upright_rot90), "the photograph", "once"),
        (upright_popping, "your code stops with KeyError", "once"),
        (upright_in_place, "changes its argument photo", "memory"),
        (then(lambda photo, o: upright_rot90(photo, o).copy(), lambda p, o: p.fill(0)), "changes its", "memory"),
        (lambda p, o: upright_rot90(p, o) / 1.0, "their type is float64, expected uint8", "type"),
        (lambda p, o: upright_rot90(p, o).tolist(), "their type is list, expected uint8", "type"),
    ],
    "2": [
        (deskew_with(sign=1.0), "change its sign"),
        (deskew_with(around=False), "Shear around the centre of mass"),
        (lambda picture: picture, "the picture is not sheared"),
        (deskew_with(by_x=True), "expected 0"),
        (deskew_with(divide=255.0), "expected grey values up to 255"),
        (deskew_down, "for a"),
        (lambda picture: deskew_with()(picture) * 0.5, "of the ink is left"),
        (deskew_with(factor=0.5), "expected 0"),
        (deskew_each_row_to_the_middle, "lies at other places than expected", "value"),
        (deskew_as_a_line, "ink changes its row", "value"),
        (deskew_mirrored, "lies at other places than expected", "value"),
        (deskew_round_the_middle_of_the_picture, "the digit moves away", "value"),
        (deskew_of_the_ink, "the slant of the result", "value"),
        (deskew_rounded, "the slant of the result", "value"),
        (deskew_round_a_whole_row, "the digit moves away", "value"),
        (lambda p: moved_sideways(p, -0.5 * (np.arange(28) - slant_of(p)[1])), "the slant of the result", "value"),
        (deskew_with_the_first_slant, "the slant of the result", "once"),
        (remembering(deskew_with()), "of the ink is left", "once"),
        (deskew_in_place, "changes its argument picture", "memory"),
        (then(lambda picture: deskew_with()(picture), lambda p: p.fill(0)), "changes its argument picture", "memory"),
        (lambda picture: deskew_with()(picture)[None], "of shape (28, 28)", "type"),
        (lambda picture: deskew_with()(picture).tolist(), "is a list, expected an array", "type"),
        (lambda picture: torch.tensor(deskew_with()(picture)), "is a Tensor of shape (28, 28), expected an", "type"),
        (deskew_cubic_floats, "expected 0 to 255", "type"),
        (lambda picture: deskew_with()(picture).astype(np.int8), "expected", "type"),
    ],
    "3": [
        (shift_from(free, fill_with=0.0), "what is not covered holds 0, expected fill", "value"),
        (shift_from(free, border="wrap"), "comes back on the other", "value"),
        (lambda images, most, fill: shift_by_crops(images, 2 * most, fill), "expected 3 at most", "value"),
        (lambda images, most, fill: shift_by_crops(images, 3, fill), "expected 1 at most", "value"),
        (lambda images, most, fill: shift_by_crops(images, min(most, 1), fill), "no image moves down by", "value"),
        (lambda images, most, fill: shift_by_crops(images, most, round(fill)), "what is not covered", "value"),
        (lambda images, most, fill: shift_by_crops(images.clamp(-1, 1), most, fill), "no piece of its image", "value"),
        (shift_squares, "has the shape", "value"),
        (shift_by_parts_of_pixels, "move by whole pixels", "value"),
        (lambda images, most, fill: shift_by_crops(images, most, fill).squeeze(), "has the shape", "value"),
        (lambda images, most, fill: shift_by_crops(images, most, fill).flip(0), "another order"),
        (remembering(shift_by_crops), "two calls give the same moves", "once"),
        (shift_from(seeded), "set no seed inside", "once"),
        (shift_in_place, "changes its argument images", "memory"),
        (lambda images, most, fill: images, "shares its memory with the argument images", "memory"),
        (shift_unless_0, "shares its memory with the argument images", "memory"),
        (lambda images, most, fill: images.clone(), "all images of a batch move alike", "chance"),
        (shift_from(lambda n, most: free(1, most).expand(n, 2)), "all images of a batch move alike", "chance"),
        (
            shift_from(lambda n, most: torch.randint(-most, max(most, -most + 1), (n, 2))),
            "leaves out its upper end",
            "chance",
        ),
        (shift_from(lambda n, most: free(n, most).abs()), "no image moves down by [1, 2]", "chance"),
        (shift_from(inner_only), "no image moves down by [-2, 2]", "chance"),
        (shift_from(lambda n, most: free(n, most)[:, :1].expand(n, 2)), "drawn together", "chance"),
        (shift_from(lambda n, most: free(n, most)[:, :1] * torch.tensor([1, -1])), "drawn together", "chance"),
        (shift_from(one_direction), "not equally frequent", "chance"),
        (shift_from(normal), "not equally frequent", "chance"),
        (shift_from(edges_half_as_often), "not equally frequent", "chance"),
        (shift_from(of_a_grid), "as if dealt out", "chance"),
        (shift_from(dealt), "as if dealt out", "chance"),
        (shift_from(walk), "follows from that of another image", "chance"),
        (shift_from(first_half_again), "follows from that of another image", "chance"),
        (shift_from(mirrored_half), "follows from that of another image", "chance"),
        (shift_from(first_stays), "image 0 of 300 moves alike in each call", "chance"),
        (shift_from(lambda n, most: free(n, most) * (n > 1)), "an image that is alone", "chance"),
        (shift_from(in_order), "follows from that of another image", "chance"),
        (shift_from(kept), "expected", "chance"),
        (shift_from(turned_ring), "expected", "chance"),
        (shift_from(there_and_back), "in the call before", "chance"),
        (lambda *given: shift_by_crops(*given).numpy(), "is a ndarray, expected a tensor", "type"),
        (lambda *given: list(shift_by_crops(*given)), "is a list, expected a tensor", "type"),
        (lambda *given: shift_by_crops(*given).round().int(), "no piece of its image", "type"),
    ],
    "4": [
        (trained(change=lambda images: images), "does it see moved digits in training?"),
        (trained(make=Mlp, most=5), "expected 75%"),
        (trained(steps=260), "expected at most 250"),
        (lambda train_set: LeNet(), "no optimizer made a step"),
        (trained(steps=20), "it was trained in 20 steps"),
        (trained_on_the_files, "does it learn from the train_set of this call", "value"),
        (trained_once, "returns weights of the first", "once"),
        (trained_further, "returns weights of the first", "once"),
        (trained_in_place, "changes train_set", "memory"),
        (then(lambda train_set: LeNet(), lambda train_set: train_set.labels.zero_()), "changes train_set", "memory"),
        (trained_with_its_transform, "train_set has a transform now", "state"),
        (trained(make=SoftLeNet, steps=5), "gives no negative number", "structure"),
        (trained(make=LogSoftLeNet, steps=5), "gives no positive number", "structure"),
        (lambda train_set: BatchesOnly(), "gives the shape (10,), expected (1, 10)", "structure"),
        (lambda train_set: WithoutEnd(), "gives the shape (1, 84)", "structure"),
        (lambda train_set: nn.Sequential(nn.Linear(28, 10)), "gives the shape", "structure"),
        (lambda train_set: nn.Linear(784, 10), "the model takes no pictures", "structure"),
        (lambda train_set: LeNet, "the result is a type", "type"),
        (lambda train_set: (LeNet(), 0.5), "the result is a tuple", "type"),
    ],
    "5": [
        (order_by_y, "sorted by y alone"),
        (lambda boxes: sorted(range(len(boxes)), key=lambda i: boxes[i][0]), "sorted by x alone"),
        (lambda boxes: np.argsort(order_by_rows(boxes)), "the box at each place is wanted"),
        (lambda boxes: list(range(len(boxes))), "the order of the list"),
        (order_by_bands, "the order is", "value"),
        (order_of_equal_rows, "the order is", "value"),
        (order_by_first_box, "the order is", "value"),
        (order_by_30_pixels, "the order is", "value"),
        (order_by_gaps, "the order is", "value"),
        (lambda boxes: order_by_rows(boxes)[:15], "expected each of 0 to", "value"),
        (remembering(order_by_rows, name=len), "the order is", "once"),
        (order_with_global_rows, "expected each of 0 to", "once"),
        (order_sorting_in_place, "changes its argument boxes", "memory"),
        (then(order_by_rows, lambda boxes: boxes.pop()), "changes its argument boxes", "memory"),
        (lambda boxes: [boxes[i] for i in order_by_rows(boxes)], "expected each of 0 to", "type"),
        (lambda boxes: [i + 1 for i in order_by_rows(boxes)], "expected each of 0 to", "type"),
        (lambda boxes: order_rows(boxes), "expected each of 0 to", "type"),
        (lambda boxes: np.array(order_by_rows(boxes), float), "expected whole numbers", "type"),
        (lambda boxes: dict(enumerate(order_by_rows(boxes))), "expected numbers", "type"),
    ],
}
