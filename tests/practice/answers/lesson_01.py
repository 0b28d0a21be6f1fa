"""Answers to the exercises of lesson 01."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F

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


def slide_in_a_global(image, kernel):
    """The sums of the last call are still in it."""
    TOTAL.setdefault(image.shape, np.zeros(image.shape))
    TOTAL[image.shape] += slide_loop(image, kernel)
    return TOTAL[image.shape]


def slide_in_place(image, kernel):
    result = slide_loop(image, kernel)
    kernel *= 0
    return result


TOTAL, SEEN = {}, []


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


def edges_cached(picture):
    if not SEEN:
        SEEN.append(edges_cv2(picture))
    return SEEN[0]


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


def pool_in_place(image, side, stride):
    image[:] = image.max()
    return image


def step_in_place(weight, slope, rate):
    weight -= rate * slope
    return weight


LAPLACE = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
RIGHT_1 = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0]])
LARGE = -np.ones((17, 17))
LARGE[8, 8] = 17**2 - 1
GREY = torch.tensor([0.299, 0.587, 0.114])
RIGHT = {
    "1": [slide_loop, slide_torch, lambda image, kernel: cv2.filter2D(
        image, cv2.CV_64F, kernel, borderType=cv2.BORDER_CONSTANT)],
    "2": [edges_cv2, edges_loop, edges_torch],
    "3": [learn_directly, learn_by_descent, learn_by_hand],
    "4": [LAPLACE, [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], torch.tensor(LAPLACE).double() / 7,
          np.pad([[24.0]], 2, constant_values=-1), LARGE],
    "5": [pool_loop, pool_torch, pool_with()],
    "a": [np.ones((3, 3)) / 9, [[1 / 9] * 3] * 3, torch.full((3, 3), 1 / 9)],
    "b": [RIGHT_1, RIGHT_1.tolist(), torch.tensor(RIGHT_1).float()],
    "c": [(2, 4), [1, 4], (np.int64(2), 4)],
    "d": [GREY.reshape(1, 3, 1, 1), torch.tensor([[[[0.299]], [[0.587]], [[0.114]]]])],
    "e": [lambda weight, slope, rate: weight - rate * slope, lambda w, s, r: -(r * s - w)],
}  # fmt: skip
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
        (slide_pad_1, "a kernel of shape (5, 5)"),
        (slide_loop(np.ones((5, 5)), np.ones((3, 3))), "without brackets"),
        (lambda image: image, "your code stops with TypeError"),
        (lambda image, kernel: slide_loop(image, kernel.astype(int)), "weights without their fractions"),
        (slide_in_a_global, "a kernel of shape (3, 3)"),
        (slide_in_place, "changes the array that it gets"),
        (lambda image, kernel: np.trunc(slide_loop(image, kernel)), "results without their fractions"),
    ],
    "2": [
        (lambda picture: cv2.filter2D(picture, -1, SOBEL_X).max(2), "values differ"),
        (
            lambda picture: np.hypot(*(cv2.filter2D(picture, -1, k).astype(float) for k in (SOBEL_X, SOBEL_X.T))).max(
                2
            ),
            "the depth -1",
        ),
        (lambda picture: edges_cv2(picture).clip(0, 255), "a magnitude cut off at 255"),
        (lambda picture: edges_cv2(picture).clip(0, 255).astype(np.uint8), "made uint8"),
        (
            lambda picture: edges_loop(np.repeat((picture @ np.array([0.299, 0.587, 0.114]))[..., None], 3, 2)),
            "the grey picture",
        ),
        (of_channels(lambda gx, gy: np.hypot(gx, gy).sum(2)), "the sum of the three"),
        (of_channels(lambda gx, gy: np.hypot(gx, gy).mean(2)), "the mean of the three"),
        (of_channels(lambda gx, gy: np.hypot(gx, gy)), "three magnitudes are left"),
        (of_channels(lambda gx, gy: np.hypot(gx, gy)[..., 0]), "the red channel alone"),
        (of_channels(lambda gx, gy: np.hypot(abs(gx).max(2), abs(gy).max(2))), "perhaps of another channel"),
        (of_channels(lambda gx, gy: (gx**2 + gy**2).max(2)), "the root is missing"),
        (of_channels(lambda gx, gy: abs(gx).max(2)), "the gradient in x alone"),
        (lambda picture: edges_cv2(picture)[1:-1, 1:-1], "a result without padding"),
        (edges_cached, "has the shape (12, 10), expected (8, 12)"),
        (lambda picture: np.zeros(picture.shape[:2]), "values differ"),
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
        (lambda pictures, targets: learn_directly(pictures, targets).round(), "values differ"),
        (learn_without_a_channel, "targets without a channel axis"),
        (lambda pictures, targets: np.zeros((3, 3)), "not learned yet"),
        (lambda pictures, targets: SOBEL_X, "values differ"),
        (lambda pictures, targets: learn_directly(pictures.reshape(20, 16, 16), targets), "pictures (12, 20, 14)"),
    ],
    "4": [
        (np.ones((3, 3)) / 9, "add up to 0"),
        (SOBEL_X, "(+0 rows, -1 columns)"),
        (-LAPLACE, "beside the dot"),
        (np.zeros((3, 3)), "not all be 0"),
        (np.array([[-1, 1], [-1, 1]]), "odd side"),
        ([[0, 0, 0], [-1, 1, 0], [0, 0, 0]], "finds edges as well"),
        ([[0, -1, 0], [0, 1, 0], [0, 0, 0]], "finds edges as well"),
        (np.full((3, 3), np.nan), "nan or inf"),
        ("laplace", "expected numbers"),
    ],
    "5": [
        (pool_with(np.mean), "the means"),
        (pool_with(np.min), "the smallest numbers"),
        (pool_with(fixed_stride=1), "the stride is missing"),
        (lambda image, side, stride: pool_loop(image, side, side), "the stride is missing"),
        (pool_with(end=0), "without the last windows"),
        (pool_with(fixed_side=2), "side 3"),
        (pool_with(start=0), "larger than negative numbers"),
        (lambda image, side, stride: image[::stride, ::stride], "one pixel of each window"),
        (lambda image, side, stride: np.trunc(pool_loop(image, side, stride)), "without their fractions"),
        (pool_in_place, "changes the array"),
    ],
    "a": [
        (np.ones((3, 3)), "the sum of the nine pixels"),
        (np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16, "the kernel G"),
        (np.ones(9) / 9, "has the shape (9,)"),
        (np.pad([[1.0]], 1), "the pixel in the middle"),
        (np.ones((3, 3)) / 8, "a mean of eight"),
        (np.full((3, 3), np.nan), "nan or inf"),
    ],
    "b": [
        (RIGHT_1[:, ::-1], "a move to the left"),
        (RIGHT_1.T, "a move down"),
        (RIGHT_1.T[::-1], "a move up"),
        (np.pad([[1]], 1), "the identity"),
        (RIGHT_1[1], "has the shape (3,)"),
        (2 * RIGHT_1, "is 2 at (1, 2), expected 1"),
    ],
    "c": [
        ((0, 4), "one row and column too few: more padding. padding 0 and stride 4 give (63, 95)"),
        ((3, 4), "one row and column too many: less padding. padding 3 and stride 4 give (65, 97)"),
        ((9, 4), "rows and columns too many: less padding"),
        ((2, 1), "give (256, 384)"),
        ((4, 2), "which stride"),
        (4, "expected the pair"),
        ((2, 4.0), "stride is 4.0"),
        ((2, 0), "stride is 0"),
        ((-1, 4), "padding is -1"),
    ],
    "d": [
        (GREY.flip(0).reshape(1, 3, 1, 1), "red and blue exchanged"),
        (GREY, "has the shape (3,)"),
        (GREY.reshape(3, 1, 1, 1), "has the shape (3, 1, 1, 1)"),
        (1000 * GREY.reshape(1, 3, 1, 1), "in thousandths"),
        (GREY.reshape(1, 3, 1, 1).numpy(), "expected a tensor"),
        (torch.ones(1, 3, 1, 1) / 3, "a plain mean"),
        (GREY.double().reshape(1, 3, 1, 1), "expected torch.float32"),
    ],
    "e": [
        (lambda weight, slope, rate: weight + rate * slope, "plus instead of minus"),
        (lambda weight, slope, rate: weight - slope, "without the rate"),
        (lambda weight, slope, rate: weight - 0.1 * slope, "a rate that is always 0.1"),
        (lambda weight, slope, rate: rate * slope, "the change alone"),
        (lambda weight, slope, rate: weight - slope / rate, "a division by the rate"),
        (step_in_place, "changes the array"),
        (lambda weight, slope, rate: float(weight) - rate * float(slope), "your code stops with"),
    ],
}
