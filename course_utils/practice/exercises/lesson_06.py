"""The exercises of lesson 06: upright photographs, slant, moved digits, the order of reading, and its small tasks."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_utils.data import ImageDataset, load
from course_utils.practice.judge import Wrong, array, call, same
from course_utils.train import predict
from course_utils.widgets.digit_pad import DIGITS, rasterize


def _numbers(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _unchanged(given: np.ndarray | Tensor, before: np.ndarray | Tensor, what: str) -> None:
    if not np.array_equal(np.asarray(given), np.asarray(before)):
        raise Wrong(f"your function changes its argument {what}; make a new array or tensor, and leave {what} as it is")


# ---- the small tasks inside the lesson ------------------------------------------------------------------------------


def invert_pictures(invert) -> None:
    """invert(pictures) -> 255 - pictures, uint8."""
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    some = _numbers(1).integers(90, 160, (3, 5, 4), dtype=np.uint8)
    for pictures, example in ((every, "all 256 grey values"), (some, "grey values 90 to 159"), (every, "them again")):
        before = pictures.copy()
        got = call(invert, pictures)
        _unchanged(pictures, before, "pictures")
        whole = before.astype(int)
        same(
            got,
            255 - whole,
            what="the result",
            example=example,
            mistakes={
                "a minus sign alone, or 256 instead of 255: in uint8, 0 stays 0": -whole % 256,
                "numbers below 0: the pixels of uint8 are 0 to 255": -whole,
                "the greatest pixel minus each pixel; the white of uint8 is 255": whole.max() - whole,
                "the pictures as they were": whole,
            },
        )
        kind = getattr(got, "dtype", None)
        if kind not in (np.uint8, torch.uint8):
            raise Wrong(f"the numbers are right, but their type is {kind or type(got).__name__}, expected uint8")


def centre_of_mass(centre) -> None:
    """centre(picture) -> (row, column), the mean places, weighted by the brightness."""
    point = np.zeros((9, 12), np.uint8)
    point[3, 5] = 7
    two = np.zeros((28, 28), np.uint8)
    two[4, 10], two[20, 10] = 255, 85
    bright = _numbers(2).integers(0, 256, (28, 28), dtype=np.uint8)
    wide = _numbers(3).random((6, 17))
    for picture, example in (
        (point, "one pixel at row 3, column 5 of (9, 12)"),
        (two, "a pixel of 255 at row 4 and one of 85 at row 20, both in column 10"),
        (bright, "a uint8 picture of random pixels, (28, 28)"),
        (wide, "floats in 0..1, (6, 17)"),
        (point, "one pixel at row 3, column 5 of (9, 12), once more"),
    ):
        before = picture.copy()
        got = call(centre, picture)
        _unchanged(picture, before, "picture")
        if not isinstance(got, (tuple, list, np.ndarray, Tensor)) or len(got) != 2:
            raise Wrong(f"the result is {got!r}, expected two numbers: row, column (for {example})")
        weights = before.astype(float)
        rows, columns = np.indices(weights.shape)
        ink = weights > 0
        right = np.array([(rows * weights).sum(), (columns * weights).sum()]) / weights.sum()
        box = [np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0)]
        same(
            [float(value) for value in got],
            right,
            what="(row, column)",
            atol=1e-3,
            example=example,
            mistakes={
                "row and column exchanged": right[::-1],
                "places counted from 1; Python counts from 0": right + 1,
                "the middles of the pixels: here pixel 0 is at 0, not at 0.5": right + 0.5,
                "the middle of the picture": np.array(weights.shape) / 2 - 0.5,
                "the middle of the box around the ink": np.array([(side[0] + side[-1]) / 2 for side in box]),
                "all ink pixels counted alike: weight them with their brightness": np.array(
                    [rows[ink].mean(), columns[ink].mean()]
                ),
                "sums without the division by all the brightness": right * weights.sum(),
            },
        )


def halfway_threshold(halfway) -> None:
    """halfway(paper, typical) -> their mean."""
    for paper, typical in ((247.0, 131.0), (200.0, 50.0), (255.0, 0.0), (90.0, 89.0), (247.0, 131.0)):
        same(
            call(halfway, paper, typical),
            (paper + typical) / 2,
            what="the threshold",
            example=f"paper {paper:g}, typical {typical:g}",
            mistakes={
                "half of the distance: add the darker value": (paper - typical) / 2,
                "the sum; divide it by 2": paper + typical,
                "the product, or its root": (paper * typical) ** 0.5,
                "half of the paper's value, without the ink's": paper / 2,
                "the number of this lesson's page": 189,
            },
        )


# ---- the exercises -------------------------------------------------------------------------------------------------

TURNS = {1: 0, 6: -1, 3: 2, 8: 1}  # quarter turns against the clock that put the picture upright


def upright_photo(upright) -> None:
    """upright(photo, orientation) -> the photograph as it was seen; orientation is 1, 3, 6 or 8."""
    photos = [_numbers(4).integers(0, 256, shape, dtype=np.uint8) for shape in ((4, 6, 3), (5, 3), (2, 7, 4))]
    for photo in (*photos, photos[0]):
        for orientation, turns in TURNS.items():
            before = photo.copy()
            got = call(upright, photo, orientation)
            _unchanged(photo, before, "photo")
            mistakes = {
                "a turn the other way round": np.rot90(before, -turns),
                "the picture as it was stored": before,
                "half a turn": np.rot90(before, 2),
                "a mirrored picture: transposing exchanges left and right too": before.swapaxes(0, 1),
                "a mirrored picture, left and right exchanged": before[:, ::-1],
                "a mirrored picture, above and below exchanged": before[::-1],
                "a quarter turn too many": np.rot90(before, turns + 1),
            }
            same(
                got,
                np.rot90(before, turns),
                what="the photograph",
                example=f"orientation {orientation}, shape {before.shape}",
                mistakes={name: value for name, value in mistakes.items()},
            )


def _slant(picture: np.ndarray) -> float:
    """How far the ink goes to the right for each row further down; 0 for an upright digit."""
    weights = picture.astype(float)
    rows, columns = np.indices(weights.shape)
    y = rows - (rows * weights).sum() / weights.sum()
    x = columns - (columns * weights).sum() / weights.sum()
    return float((weights * x * y).sum() / (weights * y * y).sum())


def _middle(picture: np.ndarray) -> np.ndarray:
    weights = picture.astype(float)
    rows, columns = np.indices(weights.shape)
    return np.array([(rows * weights).sum(), (columns * weights).sum()]) / weights.sum()


def _slanted(digit: int, slant: float, place: tuple[int, int] = (0, 0)) -> np.ndarray:
    """A drawn digit, (28, 28) uint8, with this slant, moved by rows and columns."""
    picture = rasterize(DIGITS[digit]).astype(np.float32)
    row, column = _middle(picture)
    more = slant - _slant(picture)
    matrix = np.float32([[0.8, more * 0.8, column * 0.2 - more * 0.8 * row + place[1]], [0, 0.8, row * 0.2 + place[0]]])
    return np.rint(cv2.warpAffine(picture, matrix, (28, 28))).clip(0, 255).astype(np.uint8)


def deskewed(deskew) -> None:
    """deskew(picture) -> (28, 28): rows moved sideways until the slant is 0; the centre of mass stays."""
    cases = [(4, -0.5, (0, 0)), (5, 0.35, (2, -2)), (1, -0.2, (-2, 3)), (3, 0.0, (0, 0)), (4, -0.5, (0, 0))]
    for digit, slant, place in cases:
        picture = _slanted(digit, slant, place)
        before = picture.copy()
        example = f"a {digit} with a slant of {_slant(before):+.2f}"
        got = array(call(deskew, picture)).astype(float)
        _unchanged(picture, before, "picture")
        if got.shape != (28, 28):
            raise Wrong(f"the result has the shape {got.shape}, expected (28, 28) (for {example})")
        if not np.isfinite(got).all() or got.max() < 2:
            raise Wrong(
                f"the greatest number of the result is {got.max():.3g}, expected grey values up to 255 (for {example})"
            )
        moved = np.abs(_middle(got) - _middle(before)).max()
        if moved > 0.7:
            raise Wrong(
                f"the digit moves away: its centre of mass is {moved:.1f} pixels from where it was, expected at most "
                f"0.7. Shear around the centre of mass, not around row 0 (for {example})"
            )
        share = got.sum() / before.sum()
        if abs(share - 1) > 0.08:
            raise Wrong(f"{share:.0%} of the ink is left, expected about 100% (for {example})")
        left = _slant(got)
        if abs(left) > 0.05:
            twice = abs(left - 2 * _slant(before)) < 0.15 and abs(slant) > 0.1
            same_as_before = abs(left - _slant(before)) < 0.02
            looks = "the shear goes the wrong way: change its sign; " if twice else ""
            looks = "the picture is not sheared; " if same_as_before else looks
            raise Wrong(f"{looks}the slant of the result is {left:+.2f}, expected 0 (for {example})")
        rows = np.abs(got.sum(axis=1) - before.sum(axis=1)).max() / before.sum(axis=1).max()
        if rows > 0.12:
            raise Wrong(
                f"ink changes its row: a row has {rows:.0%} more or less of it. Move rows sideways only (for {example})"
            )


def random_shifts(shift) -> None:
    """shift(images, most, fill) -> the images, each moved by its own whole numbers, -most to most, both ways."""
    for height, width, most, fill in ((12, 16, 3, -0.4), (9, 9, 1, 0.0), (20, 14, 5, 2.5), (12, 16, 0, -0.4)):
        room = 2 * most + 1
        images = torch.full((600, 1, height, width), fill)
        row, column = height // 2, width // 2
        images[:, 0, row, column] = 10 + torch.arange(600) / 600  # one point in each, another for each
        before = images.clone()
        example = f"600 images of {height}x{width}, most={most}, fill={fill}"
        torch.manual_seed(777)
        got = call(shift, images, most, fill)
        _unchanged(images, before, "images")
        got = torch.as_tensor(array(got)).float()
        if got.shape != images.shape:
            raise Wrong(f"the result has the shape {tuple(got.shape)}, expected {tuple(images.shape)} (for {example})")
        points = (got > 5).flatten(1)
        if (points.sum(1) != 1).any():
            raise Wrong(
                "a bright point in the middle of an image is lost or doubled, expected one: move by whole pixels, "
                f"at most {most} (for {example})"
            )
        if not torch.allclose(got.flatten(1)[points], before[:, 0, row, column]):
            raise Wrong(f"the images come back in another order, or their values change (for {example})")
        others = got.flatten(1)[~points]
        if not torch.allclose(others, torch.full_like(others, fill)):
            other = others[(others - fill).abs() > 1e-4][0].item()
            raise Wrong(f"what is not covered holds {other:.4g}, expected fill = {fill:g} (for {example})")
        place = points.float().argmax(1)
        down, right = place // width - row, place % width - column
        if (down[0] or right[0]) and (down == down[0]).all() and (right == right[0]).all():
            raise Wrong(
                f"all images of a batch move alike, expected a move of its own for each: draw N numbers (for {example})"
            )
        for name, moves in (("down", down), ("right", right)):
            if moves.abs().max() > most:
                raise Wrong(f"an image moves {moves.abs().max()} pixels, expected {most} at most (for {example})")
            missing = sorted(set(range(-most, most + 1)) - set(moves.tolist()))
            if missing:
                kept = "; torch.randint leaves out its upper end" if missing in ([most], [-most]) else ""
                raise Wrong(f"no image moves {name} by {missing}, expected all from -{most} to {most}{kept}")
            shares = torch.stack([(moves == m).float().mean() for m in range(-most, most + 1)])
            if most and (shares - 1 / room).abs().max() > 5 * (1 / room / 600) ** 0.5:
                raise Wrong(
                    f"the moves {name} are not equally frequent: {shares.min():.0%} to {shares.max():.0%}, "
                    f"expected {1 / room:.0%} each"
                )
        if most:
            same_as_next = ((down[1:] == down[:-1]) & (right[1:] == right[:-1])).float().mean()
            if same_as_next > 0.9:
                raise Wrong("all images of the batch move alike, expected a move of its own for each")
            if abs(torch.corrcoef(torch.stack([down, right]).float())[0, 1]) > 0.25:
                raise Wrong("down and right are drawn together, expected two numbers for each image")
            pairs = torch.stack([down[:-1], down[1:]]).float()
            if abs(torch.corrcoef(pairs)[0, 1]) > 0.25 or same_as_next > 3 / room:
                raise Wrong("an image's move follows from that of the image before it, expected independent moves")
            again = torch.as_tensor(array(call(shift, images, most, fill))).float()
            if torch.equal(again, got):
                raise Wrong("two calls give the same moves, expected new ones in each call: set no seed inside")
    _filled_from_outside(shift)


def _filled_from_outside(shift: Callable) -> None:
    """Raise Wrong unless each result is the image in a margin of fill, cut out somewhere."""
    images, most, fill = torch.rand(12, 1, 7, 10, generator=torch.Generator().manual_seed(7)), 2, -3.0
    got = torch.as_tensor(array(call(shift, images.clone(), most, fill))).float()
    margin = torch.nn.functional.pad(images, [most] * 4, value=fill)
    places = [(top, left) for top in range(2 * most + 1) for left in range(2 * most + 1)]
    for result, larger in zip(got, margin, strict=True):
        cuts = torch.stack([larger[:, top : top + 7, left : left + 10] for top, left in places])
        if (cuts - result).abs().amax((1, 2, 3)).min() > 1e-4:
            raise Wrong(
                "a result is no piece of its image in a margin of fill, expected that: what leaves on one side must "
                "not come back on the other, and uncovered places hold fill (for random images of 7x10, most=2)"
            )


def reading_order(order) -> None:
    """order(boxes) -> the places of the boxes in the list, row by row, each row from left to right."""
    for rows, columns, tilt, size, seed in (
        (3, 5, 0.0, 30, 1),
        (4, 6, 0.12, 24, 2),
        (2, 8, -0.1, 40, 3),
        (1, 4, 0.05, 30, 4),
    ):
        rng = _numbers(seed)
        boxes = []
        for r in range(rows):
            for c in range(columns):
                h, w = rng.integers(int(0.7 * size), size + 1, 2)
                x, y = 2 * size * c + rng.integers(0, 5), 2.4 * size * r + tilt * 2 * size * c + rng.integers(0, 5)
                boxes.append((int(x), int(y) + 200, int(w), int(h)))
        mixed = rng.permutation(len(boxes))
        given = [boxes[i] for i in mixed]
        before = list(given)
        got = call(order, given)
        if given != before:
            raise Wrong("your function changes the list boxes; sort a copy (sorted), and leave boxes as it is")
        example = f"{rows} rows of {columns} boxes, " + (
            f"tilted by {abs(np.degrees(np.arctan(tilt))):.0f} degrees" if tilt else "level"
        )
        expected = np.argsort(mixed)
        got = array(got, "the order")
        if got.shape != expected.shape or sorted(got.tolist()) != list(range(len(boxes))):
            raise Wrong(
                f"the result is {got.tolist()!r:.60}, expected each of 0 to {len(boxes) - 1} once (for {example})"
            )
        mistakes = {
            "boxes sorted by y alone: in a tilted row, y grows or falls": sorted(
                range(len(given)), key=lambda i: given[i][1]
            ),
            "boxes sorted by x alone": sorted(range(len(given)), key=lambda i: given[i][0]),
            "column by column": sorted(range(len(given)), key=lambda i: divmod(int(mixed[i]), columns)[::-1]),
            "each row from right to left": sorted(range(len(given)), key=lambda i: (mixed[i] // columns, -mixed[i])),
            "the rows from below": sorted(range(len(given)), key=lambda i: (-(mixed[i] // columns), mixed[i])),
            "the order of the list": list(range(len(given))),
            "the place of each box in the reading; the box at each place is wanted": mixed,
        }
        same(got, expected, what="the order", example=example, mistakes=mistakes)


STEPS, GOAL, FAR = 250, 0.75, 5


@cache
def _moved_digits() -> ImageDataset:
    """1,000 validation pictures of MNIST, each moved by up to FAR pixels, always the same."""
    mnist = load("mnist")
    images, labels = mnist.validation.images[:1000], mnist.validation.labels[:1000]
    moves = _numbers(6).integers(-FAR, FAR + 1, (1000, 2))
    padded = torch.nn.functional.pad(images, [FAR] * 4)
    moved = [p[:, FAR + d : FAR + d + 28, FAR + r : FAR + r + 28] for p, (d, r) in zip(padded, moves, strict=True)]
    return ImageDataset(torch.stack(moved), labels, mnist.train.mean, mnist.train.std)


def _count_steps(train: Callable, dataset: ImageDataset) -> tuple[object, int]:
    """What a training returns, and how many steps its optimizers made."""
    steps = 0

    def count(*_) -> None:
        nonlocal steps
        steps += 1
        if steps > STEPS:
            raise Wrong(f"your training makes more than {STEPS} steps of the optimizer, expected at most {STEPS}")

    hook = register_optimizer_step_post_hook(count)
    try:
        model = call(train, dataset)
    finally:
        hook.remove()
    return model, steps


def robust_training(train) -> str:
    """train(train_set) -> a model that reads moved digits, after at most 250 steps."""
    dataset = load("mnist").train
    torch.manual_seed(777)
    before = dataset.images[:100].clone()
    model, steps = _count_steps(train, dataset)
    if not torch.equal(dataset.images[:100], before):
        raise Wrong("your function changes the pictures of train_set; use train_set.with_transform, or move a batch")
    if not isinstance(model, torch.nn.Module):
        raise Wrong(f"the result is a {type(model).__name__}, expected the trained model: does train end with return?")
    digits = _moved_digits()
    try:
        logits, targets = predict(model, [digits[torch.arange(1000)]])
    except Exception as error:
        raise Wrong(
            f"the model stops with {type(error).__name__} for pictures of shape (1000, 1, 28, 28): {error}"
        ) from error
    if logits.shape != (1000, 10):
        raise Wrong(f"the model gives the shape {tuple(logits.shape)}, expected (1000, 10)")
    accuracy = (logits.argmax(1) == targets).double().mean().item()
    if steps == 0:
        raise Wrong(f"no optimizer made a step, and the model reads {accuracy:.1%} of the moved digits: train it")
    if accuracy < GOAL:
        raise Wrong(
            f"the model reads {accuracy:.1%} of the digits that are moved by up to {FAR} pixels, expected {GOAL:.0%} "
            f"or more; it was trained in {steps} steps. Does it see moved digits in training?"
        )
    return f"more than {GOAL:.0%} of the moved digits, after {steps} steps"


CHECKERS = {
    "a": invert_pictures,
    "b": centre_of_mass,
    "c": halfway_threshold,
    "1": upright_photo,
    "2": deskewed,
    "3": random_shifts,
    "4": robust_training,
    "5": reading_order,
}
