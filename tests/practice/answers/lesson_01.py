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


def magnitude_cv2(image):
    return np.hypot(cv2.filter2D(image, cv2.CV_32F, SOBEL_X), cv2.filter2D(image, cv2.CV_32F, SOBEL_X.T))


def magnitude_torch(image):
    return (slide_torch(image, SOBEL_X) ** 2 + slide_torch(image, SOBEL_X.T) ** 2).sqrt()


def magnitude_of_the_post(image):
    gx, gy = (cv2.filter2D(image, -1, kernel).astype(float) for kernel in (SOBEL_X, SOBEL_X.T))
    return np.hypot(gx, gy)


def cut(image):
    return [cv2.filter2D(image, -1, kernel) for kernel in (SOBEL_X, SOBEL_X.T)]


def learn_directly(pictures, targets):
    pixels = F.unfold(torch.tensor(pictures)[:, None], 3).permute(0, 2, 1).reshape(-1, 9).numpy()
    return np.linalg.lstsq(pixels, targets.reshape(-1), rcond=None)[0].reshape(3, 3)


def learn_by_descent(pictures, targets, steps=400):
    layer = torch.nn.Conv2d(1, 1, 3, bias=False)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    x, y = torch.tensor(pictures)[:, None], torch.tensor(targets)[:, None]
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(layer(x), y).backward()
        optimizer.step()
    return layer.weight[0, 0]


def learn_without_a_channel(pictures, targets):
    """What descent finds when the shapes (20, 1, 14, 14) and (20, 14, 14) meet in the loss."""
    return learn_directly(pictures, np.broadcast_to(targets.mean(0), targets.shape))


LAPLACE = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
RIGHT = {
    "1": [slide_loop, slide_torch, lambda image, kernel: cv2.filter2D(
        image, cv2.CV_64F, kernel, borderType=cv2.BORDER_CONSTANT)],
    "2": [magnitude_cv2, magnitude_torch],
    "3": [learn_directly, learn_by_descent],
    "4": [LAPLACE, [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], torch.tensor(LAPLACE).double() / 7,
          np.pad([[24.0]], 2, constant_values=-1)],
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
        (slide_pad_1, "called with the shapes (9, 7), (5, 5)"),
        (slide_loop(np.ones((5, 5)), np.ones((3, 3))), "without brackets"),
        (lambda image: image, "your code stops with TypeError"),
    ],
    "2": [
        (magnitude_of_the_post, "OpenCV keeps uint8"),
        (lambda image: np.hypot(*cut(image)), "OpenCV keeps uint8"),
        (lambda image: np.sqrt(cut(image)[0] ** 2 + cut(image)[1] ** 2), "squares in uint8"),
        (lambda image: cut(image)[0] + cut(image)[1], "a sum in uint8"),
        (lambda image: magnitude_cv2(image).clip(0, 255), "a magnitude cut off at 255"),
        (lambda image: magnitude_cv2(image).clip(0, 255).astype(np.uint8), "made uint8"),
        (lambda image: abs(cv2.filter2D(image, cv2.CV_32F, SOBEL_X)) * 2**0.5, "the second kernel is SOBEL_X.T"),
        (lambda image: magnitude_cv2(image) ** 2, "the root is missing"),
        (lambda image: cv2.filter2D(image, cv2.CV_32F, SOBEL_X + SOBEL_X.T), "the sum of the two gradients"),
        (lambda image: abs(cv2.filter2D(image, cv2.CV_32F, SOBEL_X)), "the gradient in x alone"),
        (lambda image: magnitude_cv2(image)[1:-1, 1:-1], "a result without padding"),
        (lambda image: np.zeros(image.shape), "values differ"),
    ],
    "3": [
        (lambda pictures, targets: learn_directly(pictures, targets)[::-1, ::-1], "flipped kernel"),
        (lambda pictures, targets: learn_directly(pictures, targets).T, "transposed kernel"),
        (lambda pictures, targets: learn_directly(pictures, targets).reshape(9), "has the shape (9,)"),
        (lambda pictures, targets: learn_by_descent(pictures, targets, steps=5), "values differ"),
        (lambda pictures, targets: learn_directly(pictures, targets) + 0.1, "train for more steps"),
        (learn_without_a_channel, "targets without a channel axis"),
        (lambda pictures, targets: np.zeros((3, 3)), "not learned yet"),
        (lambda pictures, targets: SOBEL_X, "values differ"),
    ],
    "4": [
        (np.ones((3, 3)) / 9, "add up to 0"),
        (SOBEL_X, "(+0 rows, -1 columns)"),
        (-LAPLACE, "beside the dot"),
        (np.zeros((3, 3)), "not all be 0"),
        (np.array([[-1, 1], [-1, 1]]), "odd side"),
        ([[0, 0, 0], [-1, 1, 0], [0, 0, 0]], "finds edges as well"),
        ("laplace", "expected numbers"),
    ],
}
