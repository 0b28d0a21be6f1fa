"""Answers to the exercises of lesson 01."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from tests.practice.slips import once, once_by_shape

SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=np.float32)


def slide_loop(image, kernel):
    side = len(kernel) // 2
    padded = np.pad(image.astype(float), side)
    result = np.zeros(image.shape)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            window = padded[row : row + len(kernel), column : column + len(kernel)]
            result[row, column] = (window * kernel).sum()
    return result


def slide_torch(image, kernel):
    picture = torch.tensor(image, dtype=torch.float32)[None, None]
    return F.conv2d(picture, torch.tensor(kernel)[None, None], padding=len(kernel) // 2)[0, 0]


def slide_uint8(image, kernel):
    return slide_loop(image, kernel).astype(np.int64).astype(np.uint8)


def slide_pad_1(image, kernel):
    """One zero on each side, also for a kernel of side 5."""
    side, padded = len(kernel), np.pad(image.astype(float), 1)
    places = [(row, column) for row in range(image.shape[0]) for column in range(image.shape[1])]
    sums = [(padded[row : row + side, column : column + side] * kernel).sum() for row, column in places]
    return np.reshape(sums, image.shape)


def slide_with_products(image, kernel):
    """A product of the whole picture, moved, for each weight."""
    pad, (height, width) = len(kernel) // 2, image.shape
    padded, result = np.pad(image.astype(np.float32), pad), np.zeros((height, width), np.float32)
    for row, weights in enumerate(kernel):
        for column, weight in enumerate(weights):
            result += weight * padded[row : row + height, column : column + width]
    return result


def slide_numbers(image, kernel):
    """Plain Python, a list of lists; what is outside is left out."""
    (height, width), side, pad = image.shape, len(kernel), len(kernel) // 2

    def at(y, x):
        places = [(y + r - pad, x + c - pad, kernel[r][c]) for r in range(side) for c in range(side)]
        return sum(int(image[i, j]) * float(w) for i, j, w in places if 0 <= i < height and 0 <= j < width)

    return [[at(y, x) for x in range(width)] for y in range(height)]


def slide_in_a_global(image, kernel):
    """The sums of the last call are still in it."""
    TOTAL.setdefault(image.shape, np.zeros(image.shape))
    TOTAL[image.shape] += slide_loop(image, kernel)
    return TOTAL[image.shape]


def slide_in_place(image, kernel):
    result = slide_loop(image, kernel)
    kernel *= 0
    return result


def slide_darkened(image, kernel):
    """Right, but the picture is another one afterwards."""
    result = slide_loop(image, kernel)
    image //= 2
    return result


def slide_square(image, kernel):
    """As many columns as rows."""
    height = len(image)
    return slide_loop(np.pad(image, ((0, 0), (0, max(0, height - image.shape[1]))))[:, :height], kernel)


def sums_up(function):
    """The results of all calls of one shape together."""
    total = {}

    def answer(*arguments):
        result = np.asarray(function(*arguments))
        total[result.shape] = total.get(result.shape, 0) + result
        return total[result.shape]

    return answer


TOTAL = {}


def edges_cv2(picture):
    gx, gy = (cv2.filter2D(picture, cv2.CV_32F, kernel) for kernel in (SOBEL_X, SOBEL_X.T))
    return np.hypot(gx, gy).max(axis=2)


def edges_loop(picture):
    best = np.zeros(picture.shape[:2])
    for c in range(3):
        gx, gy = (slide_loop(picture[:, :, c], kernel) for kernel in (SOBEL_X, SOBEL_X.T))
        best = np.maximum(best, (gx**2 + gy**2) ** 0.5)
    return best


def edges_torch(picture):
    x = torch.tensor(picture).permute(2, 0, 1)[:, None].float()
    both = F.conv2d(x, torch.tensor(np.stack([SOBEL_X, SOBEL_X.T]))[:, None], padding=1)
    return (both**2).sum(1).sqrt().amax(0)


def of_channels(reduce):
    def edges(picture):
        gx, gy = (cv2.filter2D(picture, cv2.CV_32F, kernel) for kernel in (SOBEL_X, SOBEL_X.T))
        return reduce(gx, gy)

    return edges


def edges_in_place(picture):
    """The border of what it gets is black afterwards."""
    result = edges_cv2(picture)
    picture[0] = picture[-1] = 0
    return result


def learn_directly(pictures, targets):
    pixels = F.unfold(torch.tensor(pictures)[:, None], 3).permute(0, 2, 1).reshape(-1, 9).numpy()
    return np.linalg.lstsq(pixels, targets.reshape(-1), rcond=None)[0].reshape(3, 3)


def learn_by_descent(pictures, targets, steps=300, zero=True, rate=None):
    layer = torch.nn.Conv2d(1, 1, 3, bias=False)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    x, y = torch.tensor(pictures)[:, None], torch.tensor(targets)[:, None]
    if rate is not None:
        optimizer = torch.optim.SGD(layer.parameters(), lr=rate)
    for _ in range(steps):
        if zero:
            optimizer.zero_grad()
        F.mse_loss(layer(x), y).backward()
        optimizer.step()
    return layer.weight[0, 0]


def learn_without_a_channel(pictures, targets):
    """What descent finds when the shapes (20, 1, 14, 14) and (20, 14, 14) meet in the loss."""
    return learn_directly(pictures, np.broadcast_to(targets.mean(0), targets.shape))


def learn_by_hand(pictures, targets):
    """Plain gradient descent, as in the lesson."""
    x, y, kernel = torch.tensor(pictures)[:, None], torch.tensor(targets)[:, None], torch.zeros(1, 1, 3, 3)
    for _ in range(400):
        kernel.requires_grad_()
        F.mse_loss(F.conv2d(x, kernel), y).backward()
        kernel = (kernel - 0.3 * kernel.grad).detach()
    return kernel[0, 0]


def pool_loop(image, side, stride):
    rows, columns = (range(0, size - side + 1, stride) for size in image.shape)
    return [[image[y : y + side, x : x + side].max() for x in columns] for y in rows]


def pool_torch(image, side, stride):
    return F.max_pool2d(torch.tensor(image).float()[None, None], side, stride)[0, 0]


def pool_with(reduce=np.max, end=1, fixed_side=None, fixed_stride=None, start=-np.inf):
    def pool(image, side, stride):
        side, stride = fixed_side or side, fixed_stride or stride
        rows, columns = (range(0, size - side + end, stride) for size in image.shape)
        return np.array([[max(start, reduce(image[y : y + side, x : x + side])) for x in columns] for y in rows])

    return pool


def learn_with_the_mean_away(pictures, targets):
    pictures -= pictures.mean()
    targets -= targets.mean()
    return learn_directly(pictures, targets)


def pool_in_place(image, side, stride):
    image[:] = image.max()
    return image


def pool_windows(image, side, stride):
    return np.lib.stride_tricks.sliding_window_view(image, (side, side))[::stride, ::stride].max(axis=(2, 3))


def pool_sorted(image, side, stride):
    """Sorts in place what it looks at."""
    rows, columns = (range(0, size - side + 1, stride) for size in image.shape)
    result = [[image[y : y + side, x : x + side].max() for x in columns] for y in rows]
    image.sort()
    return result


def pool_square(image, side, stride):
    """As many columns as rows."""
    starts = range(0, min(image.shape) - side + 1, stride)
    return [[image[y : y + side, x : x + side].max() for x in starts] for y in starts]


def step_in_place(weight, slope, rate):
    weight -= rate * slope
    return weight


def step_on_the_slope(weight, slope, rate):
    slope *= rate
    return weight - slope


def step_or_the_weight_itself(weight, slope, rate):
    return weight if not np.any(np.asarray(slope)) else weight - rate * slope


def step_with(slope=lambda s: s, rate=lambda r: r, after=lambda w: w):
    """A step with a change of one of the numbers."""
    return lambda w, s, r: after(w - rate(r) * slope(s))


LAPLACE = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
RIGHT_1 = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0]])
LARGE = -np.ones((17, 17))
LARGE[8, 8] = 17**2 - 1
GREY = torch.tensor([0.299, 0.587, 0.114])
TWO_DOTS = np.array([[7, -2, -2], [-2, 7, -2], [-2, -2, -2]])
KINDS = {
    "1": "value once memory",
    "2": "value once memory",
    "3": "value once memory",
    "4": "value",
    "5": "value once memory",
    "a": "value",
    "b": "value",
    "c": "value type",
    "d": "value type",
    "e": "value once memory",
}
RIGHT = {
    "1": [
        slide_loop,
        slide_torch,
        lambda image, kernel: cv2.filter2D(image, cv2.CV_64F, kernel, borderType=cv2.BORDER_CONSTANT),
        slide_with_products,
        slide_numbers,
    ],
    "2": [edges_cv2, edges_loop, edges_torch],
    "3": [learn_directly, learn_by_descent, learn_by_hand],
    "4": [
        LAPLACE,
        [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
        torch.tensor(LAPLACE).double() / 7,
        np.pad([[24.0]], 2, constant_values=-1),
        LARGE,
        (LAPLACE / 3).astype(np.float32),
    ],
    "5": [pool_loop, pool_torch, pool_with(), pool_windows],
    "a": [np.ones((3, 3)) / 9, [[1 / 9] * 3] * 3, torch.full((3, 3), 1 / 9)],
    "b": [RIGHT_1, RIGHT_1.tolist(), torch.tensor(RIGHT_1).float()],
    "c": [(2, 4), [1, 4], (np.int64(2), 4), ((2, 1), (4, 4))],
    "d": [
        GREY.reshape(1, 3, 1, 1),
        torch.tensor([[[[0.299]], [[0.587]], [[0.114]]]]),
        torch.nn.Parameter(GREY[None, :, None, None]),
    ],
    "e": [
        lambda weight, slope, rate: weight - rate * slope,
        lambda w, s, r: -(r * s - w),
        lambda w, s, r: torch.as_tensor(w).sub(torch.as_tensor(s), alpha=r),
        lambda w, s, r: np.asarray(w) - np.asarray(s) * r,
    ],
}
WRONG = {
    "1": [
        (lambda image, kernel: slide_loop(image, kernel[::-1, ::-1]), "flipped kernel"),
        (lambda image, kernel: slide_loop(image, kernel)[1:-1, 1:-1], "expected (9, 7)"),
        (slide_uint8, "start again at 0"),
        (lambda image, kernel: cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_CONSTANT), "cut off at 0 and 255"),
        (lambda image, kernel: slide_loop(image, kernel.T), "transposed kernel"),
        (lambda image, kernel: np.zeros(image.shape), "values differ"),
        (lambda image, kernel: slide_loop(image, kernel) * np.inf, "holds nan or inf"),
        (lambda image, kernel: cv2.filter2D(image, cv2.CV_64F, kernel), "a mirrored border"),
        (lambda image, kernel: np.pad(slide_loop(image, kernel)[1:-1, 1:-1], 1), "pad the picture, not the result"),
        (lambda image, kernel: slide_torch(image, kernel)[None, None], "[0, 0] takes them away"),
        (slide_pad_1, "kernel of shape (5, 5)", "value"),
        (slide_loop(np.ones((5, 5)), np.ones((3, 3))), "without brackets"),
        (lambda image, kernel: slide_loop(image, kernel.astype(int)), "weights without their fractions", "value"),
        (lambda image, kernel: np.trunc(slide_loop(image, kernel)), "results without their fractions", "value"),
        (lambda image, kernel: slide_loop(image, kernel).round(), "results rounded to whole numbers", "value"),
        (lambda image, kernel: slide_loop(image, kernel).round(1), "values differ", "value"),
        (lambda image, kernel: slide_loop(image, kernel.round(1)), "values differ", "value"),
        (lambda image, kernel: slide_loop(image, (kernel + kernel.T) / 2), "values differ", "value"),
        (lambda image, kernel: slide_loop(image, kernel[:7, :7]), "kernel of shape (11, 11)", "value"),
        (lambda image, kernel: slide_loop(image, SOBEL_X), "values differ", "value"),
        (slide_square, "expected (9, 7)", "value"),
        (lambda image, kernel: slide_loop(image, kernel)[:9, :9], "expected (6, 11)", "value"),
        (lambda image, kernel: slide_loop(image, kernel).astype(np.float16), "values differ", "value"),
        (lambda image, kernel: slide_loop(image, kernel).clip(-2000, 2000), "values differ", "value"),
        (
            lambda image, kernel: F.conv2d(torch.tensor(image)[None, None], torch.tensor(kernel)[None, None]),
            "expected one type for picture and weights",
        ),
        (lambda image, kernel: F.conv2d(image, kernel, padding=1), "expected tensors for PyTorch"),
        (
            lambda image, kernel: F.conv2d(torch.tensor(image).float(), torch.tensor(kernel), padding=1),
            "expected four axes for PyTorch",
        ),
        (lambda image, kernel: kernel * image[: len(kernel) - 1], "expected windows as large as the kernel"),
        (lambda image, kernel: image[len(image)], "is there enough padding"),
        (slide_in_a_global, "kernel of shape (3, 3)", "once"),
        (once(slide_loop), "values differ", "once"),
        (once_by_shape(slide_loop), "values differ", "once"),
        (slide_in_place, "changes its argument kernel", "memory"),
        (slide_darkened, "changes its argument image", "memory"),
    ],
    "2": [
        (lambda picture: cv2.filter2D(picture, -1, SOBEL_X).max(2), "values differ"),
        (
            lambda picture: np.hypot(*(cv2.filter2D(picture, -1, k).astype(float) for k in (SOBEL_X, SOBEL_X.T))).max(
                2
            ),
            "the depth -1",
        ),
        (lambda picture: edges_cv2(picture).clip(0, 255), "a magnitude cut off at 255", "value"),
        (lambda picture: edges_cv2(picture).clip(0, 255).astype(np.uint8), "made uint8", "value"),
        (lambda picture: edges_cv2(picture).round(), "rounded to whole numbers", "value"),
        (lambda picture: edges_cv2(picture).astype(np.float16), "values differ", "value"),
        (
            lambda picture: edges_loop(np.repeat((picture @ np.array([0.299, 0.587, 0.114]))[..., None], 3, 2)),
            "the grey picture",
        ),
        (lambda picture: edges_loop(np.repeat(picture.max(2)[..., None], 3, 2)), "each pixel's largest channel"),
        (of_channels(lambda gx, gy: np.hypot(gx, gy).sum(2)), "the sum of the three"),
        (of_channels(lambda gx, gy: np.hypot(gx, gy).mean(2)), "the mean of the three"),
        (of_channels(lambda gx, gy: np.median(np.hypot(gx, gy), axis=2)), "values differ"),
        (of_channels(lambda gx, gy: np.hypot(gx, gy)), "three magnitudes are left"),
        (of_channels(lambda gx, gy: np.moveaxis(np.hypot(gx, gy), 2, 0)), "three magnitudes are left"),
        (of_channels(lambda gx, gy: max(np.hypot(gx, gy))), "max(axis=2), not Python's max"),
        (of_channels(lambda gx, gy: np.hypot(gx, gy)[..., 0]), "the red channel alone", "value"),
        (of_channels(lambda gx, gy: np.hypot(gx, gy)[..., :2].max(2)), "values differ", "value"),
        (of_channels(lambda gx, gy: np.hypot(abs(gx).max(2), abs(gy).max(2))), "perhaps of another channel"),
        (of_channels(lambda gx, gy: (gx**2 + gy**2).max(2)), "the root is missing"),
        (of_channels(lambda gx, gy: (abs(gx) + abs(gy)).max(2)), "|gx| + |gy|"),
        (of_channels(lambda gx, gy: abs(gx).max(2)), "the gradient in x alone"),
        (of_channels(lambda gx, gy: np.hypot(gx, gy).max(2) / 4), "values differ"),
        (lambda picture: edges_cv2(picture)[1:-1, 1:-1], "a result without padding"),
        (lambda picture: edges_cv2(picture)[:, : len(picture)], "expected (8, 12)", "value"),
        (lambda picture: edges_cv2(cv2.blur(picture, (3, 3))), "values differ"),
        (lambda picture: np.zeros(picture.shape[:2]), "values differ", "value"),
        (once(edges_cv2), "values differ", "once"),
        (once_by_shape(edges_cv2), "other random colours", "once"),
        (sums_up(edges_cv2), "other random colours", "once"),
        (edges_in_place, "changes its argument picture", "memory"),
    ],
    "3": [
        (lambda pictures, targets: learn_directly(pictures, targets) * 0.29, "did you rescale the pictures?"),
        (lambda pictures, targets: learn_directly(pictures, targets)[::-1, ::-1], "flipped kernel"),
        (lambda pictures, targets: learn_directly(pictures, targets).T, "transposed kernel"),
        (lambda pictures, targets: learn_directly(pictures, targets).reshape(9), "has the shape (9,)"),
        (lambda pictures, targets: learn_directly(pictures, targets)[None, None], "[0, 0] takes them away"),
        (lambda pictures, targets: learn_directly(pictures, targets)[None], "[0] takes them away"),
        (lambda pictures, targets: learn_by_descent(pictures, targets, steps=5), "too few steps"),
        (lambda pictures, targets: learn_directly(pictures, targets) + 0.1, "train for more steps"),
        (lambda pictures, targets: learn_by_descent(pictures, targets, steps=300, zero=False), "zero_grad"),
        (lambda pictures, targets: learn_by_descent(pictures, targets, steps=300, rate=2), "a smaller learning rate"),
        (lambda pictures, targets: learn_directly(pictures, targets).round(), "values differ", "value"),
        (lambda pictures, targets: abs(learn_directly(pictures, targets)), "values differ", "value"),
        (lambda pictures, targets: learn_directly(pictures, targets).clip(-2, 2), "values differ", "value"),
        (learn_without_a_channel, "targets without a channel axis"),
        (lambda pictures, targets: np.zeros((3, 3)), "not learned yet"),
        (lambda pictures, targets: SOBEL_X, "values differ", "value"),
        (lambda pictures, targets: learn_directly(pictures.reshape(12, 20, 14), targets), "pictures (1, 60, 45)"),
        (
            lambda pictures, targets: torch.nn.Conv2d(1, 1, 3)(torch.tensor(pictures)),
            "expected a channel axis, pictures[:, None]",
        ),
        (once(learn_directly), "values differ", "once"),
        (once_by_shape(learn_directly), "values differ", "once"),
        (learn_with_the_mean_away, "changes its argument pictures", "memory"),
    ],
    "4": [
        (np.ones((3, 3)) / 9, "add up to 0"),
        (LAPLACE + [[0, 0, 0], [0, 0.007, 0], [0, 0, 0]], "add up to 0", "value"),
        (np.array([[-0.333, 0, 0], [0, 1, -0.333], [-0.333, 0, 0]]), "add up to 0", "value"),
        (SOBEL_X, "(+0 rows, -1 columns)"),
        (-LAPLACE, "beside the dot"),
        (TWO_DOTS, "a result beside the dot (+1 rows, +1 columns) is 700, expected less", "value"),
        (TWO_DOTS[::-1, ::-1], "a result beside the dot (-1 rows, -1 columns)", "value"),
        (np.zeros((3, 3)), "not all be 0"),
        (np.array([[-1, 1], [-1, 1]]), "odd side"),
        ([[0, 0, 0], [-1, 1, 0], [0, 0, 0]], "finds edges as well"),
        ([[0, -1, 0], [0, 1, 0], [0, 0, 0]], "finds edges as well"),
        (np.array([[0, 0, 0], [-1, 1, 0], [0, 0, 0]]) / 3, "finds edges as well", "value"),
        ([[-1, 2, -1]], "a square with an odd side"),
        (LAPLACE[None, None], "a square with an odd side"),
        (np.full((3, 3), np.nan), "nan or inf"),
        ("laplace", "expected numbers"),
    ],
    "5": [
        (pool_with(np.mean), "the means"),
        (pool_with(np.min), "the smallest numbers"),
        (pool_with(lambda window: abs(window).max()), "values differ", "value"),
        (pool_with(fixed_stride=1), "the stride is missing"),
        (pool_with(fixed_stride=2), "stride = 3", "value"),
        (lambda image, side, stride: pool_loop(image, side, side), "the stride is missing", "value"),
        (lambda image, side, stride: pool_loop(image, max(2, side), stride), "side = 1", "value"),
        (
            lambda image, side, stride: pool_loop(image, side, min(side, stride)),
            "`side` pixels apart: the stride is missing",
            "value",
        ),
        (pool_with(end=0), "without the last windows"),
        (pool_with(end=2), "has the shape (3, 3), expected (2, 3)", "value"),
        (pool_with(fixed_side=2), "side = 3", "value"),
        (pool_with(start=0), "larger than negative numbers", "value"),
        (pool_with(start=-1000), "is -1000 at", "value"),
        (pool_square, "expected (4, 6)", "value"),
        (lambda image, side, stride: image[::stride, ::stride], "one pixel of each window"),
        (lambda image, side, stride: np.trunc(pool_loop(image, side, stride)), "without their fractions", "value"),
        (lambda image, side, stride: np.round(pool_loop(image, side, stride), 1), "values differ", "value"),
        (lambda image, side, stride: np.array(pool_loop(image, side, stride), np.uint8), "values differ", "value"),
        (lambda image, side, stride: pool_torch(image, side, stride)[None, None], "expected (4, 6)"),
        (
            lambda image, side, stride: F.max_pool2d(image, side, stride),
            "expected tensors for PyTorch",
        ),
        (lambda image, side, stride: image[len(image) :].max(), "expected windows inside the image"),
        (lambda image, side, stride: max(image[:side, :side]), "not Python's max"),
        (once(pool_loop), "values differ", "once"),
        (once_by_shape(pool_loop), "values differ", "once"),
        (sums_up(pool_loop), "values differ", "once"),
        (pool_in_place, "changes its argument image", "memory"),
        (pool_sorted, "changes its argument image", "memory"),
    ],
    "a": [
        (np.ones((3, 3)), "the sum of the nine pixels"),
        (np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16, "the kernel G", "value"),
        (np.ones(9) / 9, "has the shape (9,)"),
        (np.pad([[1.0]], 1), "the pixel in the middle"),
        (np.ones((3, 3)) / 8, "a mean of eight"),
        (np.full((3, 3), np.nan), "nan or inf"),
        (np.full((3, 3), 0.111), "1 / 9 rounded to 3 digits", "value"),
        (np.ones((3, 3)) / 9 + [[0, 0, 0], [0.00243, -0.00121, 0], [0, 0, 0]], "not equal", "value"),
        (np.ones((1, 1, 3, 3)) / 9, "has the shape (1, 1, 3, 3)"),
        (np.ones((3, 3), np.uint8) // 9, "the sum of the nine products is 0"),
        ("box", "expected numbers"),
    ],
    "b": [
        (RIGHT_1[:, ::-1], "a move to the left"),
        (RIGHT_1.T, "a move down"),
        (RIGHT_1.T[::-1], "a move up"),
        (np.pad([[1]], 1), "the identity"),
        (RIGHT_1[1], "has the shape (3,)"),
        (2 * RIGHT_1, "is 2 at (1, 2), expected 1", "value"),
        (RIGHT_1 - RIGHT_1[:, ::-1], "is -1 at (1, 0), expected 0", "value"),
        (RIGHT_1 / 3 + np.roll(RIGHT_1, 1, 0) / 3 + np.roll(RIGHT_1, -1, 0) / 3, "expected 1", "value"),
    ],
    "c": [
        ((0, 4), "one row and column too few: more padding. padding 0 and stride 4 give (63, 95)", "value"),
        ((3, 4), "one row and column too many: less padding. padding 3 and stride 4 give (65, 97)", "value"),
        ((9, 4), "rows and columns too many: less padding"),
        (((2, 0), 4), "give (64, 95)", "value"),
        ((2, 1), "give (256, 384)"),
        ((4, 2), "which stride"),
        (4, "expected the pair"),
        ((2, 4.0), "stride is 4.0", "type"),
        (("same", 4), "padding is 'same', expected a whole number", "type"),
        ((True, 4), "padding is True", "type"),
        ((2, 0), "stride is 0"),
        ((-1, 4), "padding is -1"),
    ],
    "d": [
        (GREY.flip(0).reshape(1, 3, 1, 1), "red and blue exchanged"),
        (GREY, "has the shape (3,)"),
        (GREY.reshape(3, 1, 1, 1), "has the shape (3, 1, 1, 1)"),
        (1000 * GREY.reshape(1, 3, 1, 1), "in thousandths"),
        (torch.ones(1, 3, 1, 1) / 3, "a plain mean"),
        (torch.ones(1, 3, 1, 1), "equal weights of 1"),
        (torch.tensor([0.3, 0.59, 0.11]).reshape(1, 3, 1, 1), "expected 0.114", "value"),
        (GREY.reshape(1, 3, 1, 1).numpy(), "expected a tensor", "type"),
        (GREY.double().reshape(1, 3, 1, 1), "expected torch.float32", "type"),
        (GREY.half().reshape(1, 3, 1, 1), "expected torch.float32", "type"),
    ],
    "e": [
        (lambda weight, slope, rate: weight + rate * slope, "plus instead of minus"),
        (lambda weight, slope, rate: weight - slope, "without the rate"),
        (lambda weight, slope, rate: weight - rate, "without the slope"),
        (lambda weight, slope, rate: rate * slope, "the change alone"),
        (lambda weight, slope, rate: weight - slope / rate, "a division by the rate"),
        (step_with(rate=lambda r: 0.1), "a rate that is always 0.1", "value"),
        (step_with(rate=lambda r: min(r, 1)), "r = 2.0", "value"),
        (step_with(rate=lambda r: round(r, 1)), "r = 0.01", "value"),
        (step_with(rate=lambda r: round(r, 2)), "r = 0.004", "value"),
        (step_with(after=lambda w: np.round(np.asarray(w), 2)), "s = 0.456", "value"),
        (step_with(slope=lambda s: abs(s)), "s = -2.0", "value"),
        (step_with(slope=lambda s: np.clip(np.asarray(s), -5, 5)), "s = -250.0", "value"),
        (lambda weight, slope, rate: float(weight) - rate * float(slope), "for tensors, too", "value"),
        (lambda weight, slope, rate: weight.clone() - rate * slope, "for plain numbers, too", "value"),
        (lambda weight, slope, rate: [weight - rate * slope], "expected ()"),
        (once(step_with()), "the new weight is", "once"),
        (once_by_shape(step_with()), "values differ", "once"),
        (sums_up(step_with()), "the new weight is", "once"),
        (step_in_place, "changes its argument weight", "memory"),
        (step_on_the_slope, "changes its argument slope", "memory"),
        (step_or_the_weight_itself, "shares its memory with the argument weight", "memory"),
    ],
}
