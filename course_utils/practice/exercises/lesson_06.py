"""The exercises of lesson 06: upright photographs, slant, moved digits, the order of reading, and its small tasks."""

import math
from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_utils.data import ImageDataset, load
from course_utils.practice.judge import Wrong, array, call, same
from course_utils.train import predict
from course_utils.widgets.digit_pad import DIGITS, rasterize

SECONDS = {"4": 240}  # it trains two networks


def _numbers(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _is_uint8(value: object) -> None:
    kind = getattr(value, "dtype", None)
    if kind not in (np.uint8, torch.uint8):
        raise Wrong(f"the numbers are right, but their type is {kind or type(value).__name__}, expected uint8")


# ---- the small tasks inside the lesson ------------------------------------------------------------------------------


def invert_pictures(invert) -> None:
    """invert(pictures) -> 255 - pictures, uint8."""
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    some = _numbers(1).integers(90, 160, (3, 5, 4), dtype=np.uint8)
    other = _numbers(5).integers(0, 256, (1, 16, 16), dtype=np.uint8)
    for pictures, example in (
        (every, "all 256 grey values"),
        (some, "grey values 90 to 159"),
        (other, "random grey values"),
        (every, "all 256 grey values, once more"),
    ):
        got = call(invert, pictures, example=example)
        whole = pictures.astype(int)
        same(
            got,
            255 - whole,
            what="the result",
            mistakes={
                "a minus sign alone, or 256 instead of 255: in uint8, 0 stays 0": -whole % 256,
                "numbers below 0: the pixels of uint8 are 0 to 255": -whole,
                "the greatest pixel minus each pixel; the white of uint8 is 255": whole.max() - whole,
                "the pictures as they were": whole,
            },
        )
        _is_uint8(got)


def centre_of_mass(centre) -> None:
    """centre(picture) -> (row, column), the mean places, weighted by the brightness."""
    point = np.zeros((9, 12), np.uint8)
    point[3, 5] = 7
    three = np.zeros((28, 28), np.uint8)
    three[4, 10], three[6, 10], three[20, 10] = 255, 85, 85
    bright = _numbers(2).integers(0, 256, (28, 28), dtype=np.uint8)
    wide = _numbers(3).random((6, 17))
    faint = _numbers(4).random((28, 28)) / 2000  # all the brightness together is less than 1
    large = _numbers(5).integers(0, 60_000, (40, 9))
    for picture, example in (
        (point, "one pixel at row 3, column 5 of (9, 12)"),
        (three, "a pixel of 255 at row 4, and two of 85 at rows 6 and 20, all in column 10"),
        (bright, "a uint8 picture of random pixels, (28, 28)"),
        (wide, "floats in 0..1, (6, 17)"),
        (faint, "floats below 0.0005, (28, 28)"),
        (large, "whole numbers up to 60,000, (40, 9)"),
        (point, "one pixel at row 3, column 5 of (9, 12), once more"),
    ):
        got = call(centre, picture, example=example)
        weights = picture.astype(float)
        rows, columns = np.indices(weights.shape)
        ink = weights > 0
        right = np.array([(rows * weights).sum(), (columns * weights).sum()]) / weights.sum()
        box = [np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0)]
        if np.size(array(got)) != 2:
            raise Wrong(f"the result holds {np.size(array(got))} numbers, expected two: row, column")
        same(
            got,
            right,
            what="(row, column)",
            atol=1e-3,
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
    for paper, typical in (
        (247.0, 131.0),
        (200.0, 50.0),
        (255.0, 0.0),
        (90.0, 89.0),
        (181.5, 66.25),
        (20.0, 235.0),  # chalk on a board
        (247.0, 131.0),
    ):
        same(
            call(halfway, paper, typical),
            (paper + typical) / 2,
            what="the threshold",
            mistakes={
                "half of the distance: add the darker value": (paper - typical) / 2,
                "the sum; divide it by 2": paper + typical,
                "the product, or its root": (paper * typical) ** 0.5,
                "half of the paper's value, without the ink's": paper / 2,
                "a whole number; half way may lie between two": (paper + typical) // 2,
                "a number that is rounded; half way may lie between two": round((paper + typical) / 2),
                "the number of this lesson's page": 189,
            },
        )


# ---- the exercises -------------------------------------------------------------------------------------------------

TURNS = {1: 0, 6: -1, 3: 2, 8: 1}  # quarter turns against the clock that put the picture upright


def upright_photo(upright) -> None:
    """upright(photo, orientation) -> the photograph as it was seen; orientation is 1, 3, 6 or 8."""
    shapes = ((4, 6, 3), (5, 3), (6, 6, 3), (1, 7), (4, 6, 3))
    photos = [_numbers(seed).integers(0, 256, shape, dtype=np.uint8) for seed, shape in enumerate(shapes)]
    for photo in (*photos, photos[0]):
        for orientation, turns in TURNS.items():
            got = call(upright, photo, orientation)
            same(
                got,
                np.rot90(photo, turns),
                what="the photograph",
                mistakes={
                    "a turn the other way round": np.rot90(photo, -turns),
                    "the picture as it was stored": photo,
                    "half a turn": np.rot90(photo, 2),
                    "a mirrored picture: transposing exchanges left and right too": photo.swapaxes(0, 1),
                    "a mirrored picture, left and right exchanged": photo[:, ::-1],
                    "a mirrored picture, above and below exchanged": photo[::-1],
                    "a quarter turn too many": np.rot90(photo, turns + 1),
                },
            )
            _is_uint8(got)


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


def _slanted(digit: int, slant: float, place: tuple[float, float] = (0, 0)) -> np.ndarray:
    """A drawn digit, (28, 28) uint8, with this slant, moved by rows and columns."""
    picture = rasterize(DIGITS[digit]).astype(np.float32)
    row, column = _middle(picture)
    more = slant - _slant(picture)
    matrix = np.float32([[0.8, more * 0.8, column * 0.2 - more * 0.8 * row + place[1]], [0, 0.8, row * 0.2 + place[0]]])
    return np.rint(cv2.warpAffine(picture, matrix, (28, 28))).clip(0, 255).astype(np.uint8)


def _sheared(picture: np.ndarray) -> np.ndarray:
    """The picture, its rows moved sideways so far that the slant is 0."""
    slant, middle, places = _slant(picture), _middle(picture)[0], np.arange(28)
    rows = [np.interp(places + slant * (r - middle), places, row, left=0, right=0) for r, row in enumerate(picture)]
    return np.stack(rows)


def _blurred(picture: np.ndarray) -> np.ndarray:
    """A mean of neighbours in each row: where rows move by whole pixels only, it differs little."""
    wide = np.pad(picture.astype(float), ((0, 0), (1, 1)))
    return (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / 4


def deskewed(deskew) -> None:
    """deskew(picture) -> (28, 28): rows moved sideways until the slant is 0; the centre of mass stays."""
    cases = (
        (4, -0.5, (0, 0)),
        (5, 0.35, (2, -2)),
        (1, -0.2, (-2, 3)),
        (3, 0.0, (0, 0)),
        (7, -0.6, (0.3, 0)),
        (2, 0.5, (1, 0)),
        (0, 0.1, (0, 0)),
        (4, -0.5, (0, 0)),
    )
    for digit, slant, place in cases:
        picture = _slanted(digit, slant, place)
        if digit == 0:
            picture[:14, 14:] //= 4  # a faint quarter: the brightness counts, not the ink alone
        got = call(deskew, picture, example=f"a {digit} with a slant of {_slant(picture):+.2f}")
        if not isinstance(got, np.ndarray) or got.shape != (28, 28):
            shape = f" of shape {tuple(got.shape)}" if hasattr(got, "shape") else ""
            raise Wrong(f"the result is a {type(got).__name__}{shape}, expected an array of shape (28, 28)")
        got = array(got).astype(float)
        if not np.isfinite(got).all() or got.max() < 2:
            raise Wrong(f"the greatest number of the result is {got.max():.3g}, expected grey values up to 255")
        if got.min() < -0.5 or got.max() > 255.5:
            raise Wrong(
                f"the result holds numbers from {got.min():.4g} to {got.max():.4g}, expected 0 to 255: np.clip cuts "
                "off what an interpolation adds"
            )
        share = got.sum() / picture.sum()
        if abs(share - 1) > 0.08:
            raise Wrong(f"{share:.0%} of the ink is left, expected about 100%")
        moved = np.abs(_middle(got) - _middle(picture)).max()
        if moved > 0.35:
            raise Wrong(
                f"the digit moves away: its centre of mass is {moved:.2f} pixels from where it was, expected at most "
                "0.35. Shear around the centre of mass, not around row 0"
            )
        left = _slant(got)
        if abs(left) > 0.03:
            twice = abs(left - 2 * _slant(picture)) < 0.15 and abs(slant) > 0.1
            same_as_before = abs(left - _slant(picture)) < 0.02
            looks = "the shear goes the wrong way: change its sign; " if twice else ""
            looks = "the picture is not sheared; " if same_as_before else looks
            raise Wrong(f"{looks}the slant of the result is {left:+.2f}, expected 0")
        rows = np.abs(got.sum(axis=1) - picture.sum(axis=1)).max() / picture.sum(axis=1).max()
        if rows > 0.12:
            raise Wrong(f"ink changes its row: one has {rows:.0%} more or less, expected rows that move sideways only")
        other = np.abs(_blurred(got) - _blurred(_sheared(picture))).sum() / picture.sum()
        if other > 0.22:
            raise Wrong(
                f"the slant is 0, but {other / 2:.0%} of the ink lies at other places than expected: a row moves as a "
                "whole, by -s times its distance from the centre of mass"
            )


def random_shifts(shift) -> None:
    """shift(images, most, fill) -> the images, each moved by its own whole numbers, -most to most, both ways."""
    for n, height, width, most, fill in (
        (100, 12, 16, 3, -0.4),
        (1, 9, 9, 1, 0.0),
        (60, 20, 14, 5, 2.5),
        (5, 7, 8, 0, 300.0),
        (30, 28, 28, 2, 1),
        (100, 12, 16, 3, -0.4),
    ):
        _moves(shift, torch.randn(n, 1, height, width, generator=torch.Generator().manual_seed(n)), most, fill)
    images, most = torch.rand(300, 1, 6, 7, generator=torch.Generator().manual_seed(7)), 2
    _are_drawn_freely(torch.stack([_moves(shift, images, most, -3.0) for _ in range(10)]), most)
    alone = torch.stack([_moves(shift, images[:1], most, -3.0) for _ in range(12)])
    if (alone == alone[0]).all():
        raise Wrong("an image that is alone moves alike in each of 12 calls, expected new numbers in each call")


def _moves(shift: Callable, images: Tensor, most: int, fill: float) -> Tensor:
    """How far down and to the right each image moves, (N, 2). Each has to be a piece of its image in a margin."""
    got = call(shift, images, most, fill, new=True)
    if not isinstance(got, Tensor):
        raise Wrong(f"the result is a {type(got).__name__}, expected a tensor")
    if got.shape != images.shape:
        raise Wrong(f"the result has the shape {tuple(got.shape)}, expected {tuple(images.shape)}")
    fits = _fits(got, images, most, fill).flatten(1)
    if not fits.any(1).all():
        i = int(fits.any(1).long().argmin())
        raise Wrong(_why_no_piece(got[i : i + 1], images, i, most, fill))
    place = fits.long().argmax(1)
    return most - torch.stack([place // (2 * most + 1), place % (2 * most + 1)], dim=1)


def _fits(results: Tensor, images: Tensor, margin: int, fill: float) -> Tensor:
    """Which of the (2 margin + 1)^2 pieces of each image in its margin is the result; nan as fill is any number."""
    height, width = images.shape[2:]
    larger = F.pad(images[:, 0], [margin] * 4, value=fill)
    pieces = larger.unfold(1, height, 1).unfold(2, width, 1)  # (N, 2 margin + 1, 2 margin + 1, H, W)
    differ = (pieces - results[:, :, None].float()).abs() > 1e-4
    return ~(differ | results.isnan()[:, :, None]).flatten(3).any(3)


def _why_no_piece(result: Tensor, images: Tensor, i: int, most: int, fill: float) -> str:
    """What is wrong with result number i, (1, 1, H, W)."""
    image, (height, width) = images[i : i + 1], result.shape[2:]
    margin = min(most + 3, height - 1, width - 1)
    found = (margin - _fits(result, image, margin, math.nan)[0].nonzero()).tolist()
    if not found:
        if _fits(result.expand_as(images), images, most, fill).any():
            return "the images come back in another order, expected result i to be image i"
        return "a result is no piece of its image in a margin of fill, expected that: move by whole pixels"
    down, right = min(found, key=lambda move: abs(move[0]) + abs(move[1]))
    if max(abs(down), abs(right)) > most:
        return f"an image moves {max(abs(down), abs(right))} pixels, expected {most} at most"
    if torch.allclose(result, image.roll((down, right), (2, 3))):
        return f"what leaves on one side comes back on the other, expected fill = {fill:g} there"
    uncovered = torch.ones_like(image).bool()
    uncovered[..., max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = False
    other = result[uncovered & ((result - fill).abs() > 1e-4)][0].item()
    return f"what is not covered holds {other:.4g}, expected fill = {fill:g}"


def _are_drawn_freely(moves: Tensor, most: int) -> None:
    """Raise Wrong unless moves, (calls, N, 2), look like independent numbers from -most to most."""
    room = 2 * most + 1
    if (moves == moves[:, :1]).all():
        raise Wrong("all images of a batch move alike, expected a move of its own for each: draw N numbers")
    if torch.equal(moves[0], moves[1]):
        raise Wrong("two calls give the same moves, expected new ones in each call: set no seed inside")
    if fixed := (moves == moves[0]).all(2).all(0).nonzero().flatten().tolist():
        raise Wrong(
            f"image {fixed[0]} of {moves.shape[1]} moves alike in each call, expected new numbers for each image"
        )
    for name, values in zip(("down", "right"), moves.unbind(2), strict=True):
        if missing := sorted(set(range(-most, most + 1)) - set(values.flatten().tolist())):
            kept = "; torch.randint leaves out its upper end" if missing in ([most], [-most]) else ""
            raise Wrong(f"no image moves {name} by {missing}, expected all from -{most} to {most}{kept}")
        if _surprise(values.reshape(1, -1) + most, room) > 5:
            shares = [(values == m).float().mean() for m in range(-most, most + 1)]
            raise Wrong(
                f"the moves {name} are not equally frequent: {min(shares):.0%} to {max(shares):.0%}, "
                f"expected {1 / room:.0%} each"
            )
        if _surprise(values + most, room) < -5:
            raise Wrong(f"the moves {name} of each call are as if dealt out, expected each drawn anew")
    both = (moves[..., 0] + most) * room + moves[..., 1] + most
    if _surprise(both.reshape(1, -1), room**2) > 5:
        raise Wrong("down and right are drawn together, expected two independent numbers for each image")
    half = both.shape[1] // 2
    for one, other in (
        (both[:, :-1], both[:, 1:]),
        (both[:, :half], both[:, half:]),
        (both[:, :half], both.flip(1)[:, :half]),
    ):
        if _surprise((one * room**2 + other).reshape(1, -1), room**4) > 5:
            raise Wrong("an image's move follows from that of another image, expected independent moves")
    if abs(_surprise(both, room**2)) > 5:
        raise Wrong("the moves of one call are no independent draws, expected one of its own for each image")
    if _surprise((both[:-1] * room**2 + both[1:]).reshape(1, -1), room**4) > 5:
        raise Wrong("an image's move follows from its move in the call before, expected independent moves")


def _surprise(drawn: Tensor, room: int) -> float:
    """How far the counts of each row of numbers below `room` lie from equal chances, in standard deviations.

    Below 0: they are more even than by chance. It is the sum of chi-squares, in Wilson and Hilferty's form.
    """
    counts = torch.stack([torch.bincount(row, minlength=room) for row in drawn]).double()
    mean = drawn.shape[1] / room
    free = len(drawn) * (room - 1)
    ratio = ((counts - mean) ** 2 / mean).sum().item() / free
    return (ratio ** (1 / 3) - 1 + 2 / (9 * free)) / (2 / (9 * free)) ** 0.5


def reading_order(order) -> None:
    """order(boxes) -> the places of the boxes in the list, row by row, each row from left to right."""
    for rows, tilt, size, seed in (
        ((range(5),) * 3, 0.0, 30, 1),
        ((range(6),) * 4, 0.12, 24, 2),
        ((range(8), range(8)), -0.1, 40, 3),
        ((range(4),), 0.05, 30, 4),
        ((range(1, 6), range(2), range(7), range(1)), -0.08, 130, 5),
        ((range(3), range(7), range(4)), 0.1, 9, 6),
        ((range(12),) * 3, -0.12, 30, 7),  # a row climbs higher than the next one begins
        ((range(5),) * 3, 0.0, 30, 1),
    ):
        rng = _numbers(seed)
        boxes = []
        for r, columns in enumerate(rows):
            for c in columns:
                h = rng.integers(int(0.7 * size), size + 1)
                w = rng.integers(size // 5, size + 1)  # a 1 is narrow
                x, y = rng.integers(0, size // 6 + 1, 2)
                x, y = x + 2 * size * c, y + 2.4 * size * r + tilt * 2 * size * c + 8 * size
                boxes.append((r, c, (int(x), int(y), int(w), int(h))))
        mixed = rng.permutation(len(boxes))
        places = [boxes[i][:2] for i in mixed]  # (row, column) of each given box
        given = [boxes[i][2] for i in mixed]
        level = f"tilted by {abs(np.degrees(np.arctan(tilt))):.0f} degrees" if tilt else "level"
        example = f"rows of {', '.join(str(len(columns)) for columns in rows)} boxes, {level}"
        got = array(call(order, given, example=example), "the order")
        if sorted(got.ravel().tolist()) != list(range(len(boxes))) or got.ndim != 1:
            raise Wrong(f"the result is {got.tolist()!r:.60}, expected each of 0 to {len(boxes) - 1} once")
        same(got, np.argsort(mixed), what="the order", mistakes=_other_orders(given, places, mixed))
        if got.dtype.kind not in "iu":
            raise Wrong("the order holds floats, expected whole numbers: they are places in a list")


def _other_orders(boxes: list[tuple], places: list[tuple[int, int]], mixed: np.ndarray) -> dict[str, object]:
    """Known slips. `places` are the row and the column of each box."""

    def by(key: Callable[[int], object]) -> list[int]:
        return sorted(range(len(boxes)), key=key)

    return {
        "boxes sorted by y alone: in a tilted row, y grows or falls": by(lambda i: boxes[i][1]),
        "boxes sorted by x alone": by(lambda i: boxes[i][0]),
        "column by column": by(lambda i: places[i][::-1]),
        "each row from right to left": by(lambda i: (places[i][0], -places[i][1])),
        "the rows from below": by(lambda i: (-places[i][0], places[i][1])),
        "the order of the list": range(len(boxes)),
        "the place of each box in the reading; the box at each place is wanted": mixed,
    }


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


def _count_steps(train: Callable, dataset: ImageDataset, example: str) -> tuple[object, int]:
    """What a training returns, and how many steps its optimizers made."""
    steps = 0

    def count(*_) -> None:
        nonlocal steps
        steps += 1
        if steps > STEPS:
            raise Wrong(f"your training makes more than {STEPS} steps of the optimizer, expected at most {STEPS}")

    hook = register_optimizer_step_post_hook(count)
    try:
        model = call(train, dataset, example=example)
    finally:
        hook.remove()
    return model, steps


def robust_training(train) -> str:
    """train(train_set) -> a model that reads moved digits, after at most 250 steps.

    Called a second time with digits that have other names: what it returns has to be a new network.
    """
    mnist, digits = load("mnist").train, _moved_digits()
    models, found = [], []
    for renamed in (0, 3):
        labels = (mnist.labels + renamed) % 10
        dataset = ImageDataset(mnist.images.clone(), labels.clone(), mnist.mean, mnist.std)
        example = "the training pictures of MNIST" + ", the digits with other names" * bool(renamed)
        model, steps = _count_steps(train, dataset, example)
        if not torch.equal(dataset.images, mnist.images) or not torch.equal(dataset.labels, labels):
            raise Wrong("your function changes train_set, expected it as it was: use train_set.with_transform")
        if dataset.transform is not None:
            raise Wrong("train_set has a transform now, expected it as it was: train_set.with_transform gives another")
        if not isinstance(model, nn.Module):
            raise Wrong(f"the result is a {type(model).__name__}, expected the trained model: does train return it?")
        models.append(model)
        if renamed and any(p is q for p in models[0].parameters() for q in model.parameters()):
            raise Wrong("the second call returns weights of the first, expected a new model: make it in the function")
        logits = _logits(model, digits)
        right = [(logits.argmax(1) == (digits.labels + n) % 10).double().mean().item() for n in (0, renamed)]
        if steps == 0:
            raise Wrong(f"no optimizer made a step, expected {STEPS} at most, and {right[-1]:.1%} are read: train it")
        if right[-1] < GOAL:
            hint = "does it learn from the train_set of this call?" if right[0] > right[-1] else ""
            raise Wrong(
                f"the model reads {right[-1]:.1%} of the digits that are moved by up to {FAR} pixels, expected "
                f"{GOAL:.0%} or more; it was trained in {steps} steps: "
                f"{hint or 'does it see moved digits in training?'}"
            )
        found.append(steps)
    return f"more than {GOAL:.0%} of the moved digits, after {found[0]} steps"


def _logits(model: nn.Module, digits: ImageDataset) -> Tensor:
    """What a model gives for 1,000 pictures; it also has to take a single one."""
    for n in (1, len(digits)):
        try:
            logits, _ = predict(model, [digits[torch.arange(n)]])
        except Exception as error:
            text = f"it stops with {type(error).__name__}: {error}"
            raise Wrong(f"the model takes no pictures ({n}, 1, 28, 28), expected logits ({n}, 10); {text}") from error
        if logits.shape != (n, 10):
            raise Wrong(f"the model gives the shape {tuple(logits.shape)}, expected ({n}, 10)")
    if not logits.min() < 0 < logits.max():
        sign = "negative" if logits.min() >= 0 else "positive"
        raise Wrong(f"the model gives no {sign} number, expected logits: is it a softmax or ReLU at the end?")
    return logits


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
