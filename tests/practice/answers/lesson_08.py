"""Answers to the exercises of lesson 08."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def statistics_loop(images):
    means, stds = [], []
    for channel in images.numpy().transpose(1, 0, 2, 3):
        pixels = channel / 255
        means.append(pixels.mean())
        stds.append(pixels.std())
    return means, stds


def statistics_torch(images):
    x = images.float().div(255).transpose(0, 1).flatten(1)
    return x.mean(dim=1), x.std(dim=1)


def of(mean, std):
    """channel_statistics out of two functions of the pixels in 0..1."""
    return lambda images: (mean(images / 255), std(images / 255))


def mean_of(x):
    return x.mean((0, 2, 3))


def std_of(x):
    return x.std((0, 2, 3))


def shift_pad(images, dx, dy):
    return F.pad(images, (dx, -dx, dy, -dy))


def shift_loop(images, dx, dy):
    result = torch.zeros_like(images)
    height, width = images.shape[-2:]
    for row in range(height):
        for column in range(width):
            if 0 <= row - dy < height and 0 <= column - dx < width:
                result[..., row, column] = images[..., row - dy, column - dx]
    return result


def shift_roll_and_clear(images, dx, dy):
    height, width = images.shape[-2:]
    result = images.roll((dy, dx), (2, 3))
    rows, columns = torch.arange(height) - dy, torch.arange(width) - dx
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    return result * inside


def shift_in_place(images, dx, dy):
    images.copy_(shift_pad(images, dx, dy))
    return images


def dropout_loop(x, p, training):
    rows = [[v if not training else 0.0 if torch.rand(()) < p else v / (1 - p) for v in row] for row in x.tolist()]
    return torch.tensor(rows, dtype=torch.float64)


def dropout_mask(values, probability, train_mode):
    if not train_mode:
        return values
    return torch.where(torch.rand(values.shape) < probability, 0.0, values / (1 - probability))


def dropout_numpy(x, p, training):
    return x.numpy() * np.random.binomial(1, 1 - p, x.shape) / (1 - p) if training else x.numpy()


def dropping(make):
    """A dropout whose training part is make(x, p)."""
    return lambda x, p, training: make(x, p) if training else x


def dropout_in_place(x, p, training):
    if training:
        x[torch.rand_like(x) < p] = 0
        x /= 1 - p
    return x


class Steady(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 5)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).mean(dim=(2, 3)))


def steady_maximum():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5), nn.MaxPool2d(3, stride=1),
        nn.Conv2d(8, 12, 3), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(12, 10))  # fmt: skip


def pooled(*layers, channels=8):
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


def two_windows(first, second):
    """Two convolutions with ReLU, then the mean of each map."""
    return lambda: pooled(nn.Conv2d(1, 8, first), nn.ReLU(), nn.Conv2d(8, 8, second), nn.ReLU())


class NoisyInEvaluation(Steady):
    def forward(self, x):
        return super().forward(F.dropout(x, 0.5))


class Constant(Steady):
    def forward(self, x):
        return super().forward(0 * x)


RIGHT = {
    "1": [statistics_loop, statistics_torch, lambda images: [f(images.double() / 255) for f in (mean_of, std_of)]],
    "2": [shift_pad, shift_loop, shift_roll_and_clear],
    "3": [dropout_loop, dropout_mask, dropout_numpy, F.dropout],
    "4": [
        Steady,
        Steady().double().float(),
        two_windows(5, 5),
        steady_maximum,
        lambda: pooled(nn.Conv2d(1, 8, 7, padding=3), nn.Tanh()),
    ],
}
WRONG = {
    "1": [
        (lambda images: statistics_torch(255.0 * images), "divide by 255"),
        (lambda images: (images.float().mean((0, 2, 3)), images.float().std((0, 2, 3))), "divide by 255"),
        (of(lambda x: x.mean(), lambda x: x.std()), "the mean has the shape (), expected (1,)"),
        (of(lambda x: x.mean().expand(x.shape[1]), std_of), "one mean over all channels"),
        (of(mean_of, lambda x: x.std((2, 3)).mean(0)), "the mean of each picture's std"),
        (of(mean_of, lambda x: x.var((0, 2, 3))), "the root is missing"),
        (of(std_of, mean_of), "the standard deviation: the mean comes first"),
        (lambda images: statistics_torch(255 * (images // 255)), "use / instead of //"),
        (of(lambda x: x.mean((2, 3)), std_of), "expected (1,)"),
        (lambda images: (images / 255).mean((0, 2, 3)), "expected a pair"),
    ],
    "2": [
        (lambda images, dx, dy: images.roll((dy, dx), (2, 3)), "as torch.roll does"),
        (lambda images, dx, dy: shift_pad(images, -dx, -dy), "a move to the other side"),
        (lambda images, dx, dy: shift_pad(images, dy, dx), "dx and dy exchanged"),
        (lambda images, dx, dy: shift_pad(images, dx, -dy), "the wrong direction of dy"),
        (lambda images, dx, dy: images[:, :, max(dy, 0) :, max(dx, 0) :], "has the shape (2, 1, 4, 5)"),
        (lambda images, dx, dy: shift_pad(images, dx, dy).float(), "expected a tensor of torch.uint8"),
        (shift_in_place, "changed its argument"),
        (lambda images, dx, dy: images, "no move at all"),
        (lambda images, dx, dy: images[:, :, :0] + images, "dx=0, dy=0)"),
        (lambda images, dx, dy: F.pad(images, (dx, 0, dy, 0)), "has the shape (2, 1, 6, 9)"),
    ],
    "3": [
        (dropping(lambda x, p: x * (torch.rand_like(x) >= p)), "they are not scaled"),
        (dropping(lambda x, p: x * (torch.rand_like(x) >= p) / p), "this is 1 / p"),
        (dropping(lambda x, p: x * (torch.rand_like(x) >= p) * (1 - p)), "this is 1 - p"),
        (dropping(lambda x, p: x * (torch.rand_like(x) < p) / (1 - p)), "the probability to DROP"),
        (dropping(lambda x, p: x * (torch.rand(1) >= p) / (1 - p)), "not one for all"),
        (dropping(lambda x, p: x * (torch.rand(x.shape[1]) >= p) / (1 - p)), "every row has"),
        (dropping(lambda x, p: x * (torch.randn_like(x) >= p) / (1 - p)), "torch.randn is not"),
        (lambda x, p, training: x * (torch.rand_like(x) >= p) if training else x * (1 - p), "scale in training"),
        (dropping(lambda x, p: x * (torch.randperm(x.shape[1]) >= p * x.shape[1]) / (1 - p)), "every row has"),
        (dropping(lambda x, p: x * (torch.randperm(len(x)) >= p * len(x))[:, None] / (1 - p)), "every column has"),
        (lambda x, p, training: F.dropout(x, p, True), "in evaluation (training=False), numbers are set to 0"),
        (lambda x, p, training: x, "nothing is dropped"),
        (lambda x, p, training: x if training else F.dropout(x, p, True), "in evaluation"),
        (dropout_in_place, "changed its argument"),
        (dropping(lambda x, p: x * (1 - p)), "of the numbers are zero"),
        (dropping(lambda x, p: x * (torch.rand_like(x) >= p) / torch.rand_like(x)), "one factor for all"),
        (dropping(lambda x, p: x * (torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) >= p) / (1 - p)),
         "two calls have their zeros"),
    ],
    "4": [
        (lambda: nn.Sequential(nn.Conv2d(1, 4, 5), nn.ReLU(), nn.Flatten(), nn.Linear(2304, 10)), "fixed places"),
        (lambda: pooled(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2)), "a move by 2 changes nothing"),
        (lambda: pooled(nn.Conv2d(1, 8, 5, stride=2), nn.ReLU()), "a move by 2 changes nothing"),
        (lambda: pooled(nn.MaxPool2d(2), nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2)), "a move by 4 changes"),
        (two_windows(5, 7), "smaller moves change nothing, so the windows reach the border"),
        (two_windows(7, 9), "or windows that reach the border"),
        (lambda: pooled(nn.Conv2d(1, 8, 5)), "only brightness counts"),
        (lambda: pooled(nn.Conv2d(1, 8, 1), nn.ReLU()), "only brightness counts"),
        (Constant, "all pictures give the same logits"),
        (NoisyInEvaluation, "two different answers"),
        (lambda: nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU()), "expected (3, 10)"),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), "fixed places"),
        (lambda: "a network", "expected an nn.Module"),
    ],
}  # fmt: skip
