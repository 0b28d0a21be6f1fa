"""Answers to the exercises of lesson 09."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader


def batches_loop(n, batch_size, drop_last):
    count = 0
    while n >= batch_size:
        n, count = n - batch_size, count + 1
    return count + (n > 0 and not drop_last)


def field_forwards(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field, step = field + (kernel - 1) * step, step * stride
    return field


def field_backwards(layers):
    side = 1
    for kernel, stride in reversed(layers):
        side = (side - 1) * stride + kernel
    return float(side)


def field_by_gradient(layers, side=200):
    """The way of section 1: which numbers of the input get a gradient?"""
    x = torch.rand(1, 1, side, dtype=torch.double, requires_grad=True)
    y = x
    for kernel, stride in layers:
        y = F.conv1d(y, torch.ones(1, 1, kernel, dtype=torch.double), stride=stride)
    y[0, 0, y.shape[2] // 2].backward()
    return (x.grad != 0).sum()


def field_early_stride(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        field += (kernel - 1) * step
    return field


def field_grown(layers):
    side = 1
    for kernel, stride in layers:
        side = side * stride + kernel - 1
    return side


def xavier(bound):
    """xavier_uniform out of its bound as a function of shape, fan-in and fan-out."""

    def xavier_uniform(shape):
        places = math.prod(shape[2:])
        return torch.empty(shape).uniform_(-1, 1) * bound(shape, shape[1] * places, shape[0] * places)

    return xavier_uniform


def xavier_numpy(size):
    weight = np.empty(size)
    a = np.sqrt(6 / (weight[0].size + weight[:, 0].size))
    return np.random.uniform(-a, a, size)


def xavier_same_numbers(shape):
    weight = torch.empty(shape)
    return nn.init.xavier_uniform_(weight, generator=torch.Generator().manual_seed(1))


def adam_torch(gradient_of, weight, steps, lr):
    weight = weight.clone().requires_grad_()
    optimizer, path = torch.optim.Adam([weight], lr=lr), []
    for _ in range(steps):
        weight.grad = gradient_of(weight.detach())
        optimizer.step()
        path.append(weight.detach().clone())
    return torch.stack(path)


def adam_loop(gradient_of, weight, steps, lr, corrected=True, inside=False, betas=(0.9, 0.999), sign=-1, first=1):
    weight = weight.clone().numpy()
    m = v = 0.0
    path = []
    for t in range(first, steps + first):
        g = gradient_of(weight).numpy()
        m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g * g
        a, b = (m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)) if corrected else (m, v)
        weight = weight + sign * lr * a / (np.sqrt(b + 1e-8) if inside else np.sqrt(b) + 1e-8)
        path.append(weight)
    return path


def adam_float32(gradient_of, weight, steps, lr):
    return adam_torch(gradient_of, weight.float(), steps, lr)


def adam_in_place(gradient_of, weight, steps, lr):
    path = adam_torch(gradient_of, weight, steps, lr)
    weight.copy_(path[-1])
    return path


def adam_one_tensor(gradient_of, weight, steps, lr):
    return adam_torch(gradient_of, weight, steps, lr)[-1:].expand(steps, -1)


def adam_with(**settings):
    return lambda *arguments: adam_loop(*arguments, **settings)


def adam_anew(gradient_of, weight, steps, lr):
    """m and v as zeros inside the loop: each step divides by the correction of step t."""
    path = []
    for t in range(1, steps + 1):
        g = gradient_of(weight)
        m, v = 0.1 * g, 0.001 * g**2
        weight = weight - lr * m / (1 - 0.9**t) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        path.append(weight)
    return torch.stack(path)


def sgd(gradient_of, weight, steps, lr):
    path = []
    for _ in range(steps):
        weight = weight - lr * gradient_of(weight)
        path.append(weight)
    return path


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.conv3 = nn.Conv2d(16, 16, 3, padding=1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(F.relu(self.conv3(x)).mean(dim=(2, 3)))


def small_flat():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, stride=2), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.2),
        nn.Linear(6 * 36, 20), nn.ReLU(), nn.Linear(20, 10))  # fmt: skip


class Unused(Small):
    def __init__(self):
        super().__init__()
        self.forgotten = nn.Linear(4, 4)


class Hidden(nn.Module):
    """Its layers are in a plain list, where PyTorch does not find them."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Conv2d(1, 8, 3), nn.Linear(8, 10)]

    def forward(self, x):
        return self.layers[1](F.relu(self.layers[0](x)).mean(dim=(2, 3)))


class AcrossTheBatch(Small):
    def forward(self, x):
        logits = super().forward(x)
        return logits - logits.mean(dim=0)


RIGHT = {
    "1": [batches_loop, lambda n, batch_size, drop_last: (n if drop_last else n + batch_size - 1) // batch_size,
          lambda n, batch_size, drop_last: len(DataLoader(range(n), batch_size, drop_last=drop_last)),
          lambda n, b, drop: np.floor(n / b) if drop else np.ceil(n / b)],
    "2": [field_forwards, field_backwards, field_by_gradient],
    "3": [xavier(lambda shape, i, o: math.sqrt(6 / (i + o))), xavier_numpy,
          lambda shape: nn.init.xavier_uniform_(torch.empty(shape, dtype=torch.double))],
    "4": [adam_torch, adam_loop, adam_float32],
    "5": [Small, small_flat, Small()],
}  # fmt: skip
WRONG = {
    "1": [
        (lambda n, b, drop: n // b, "although drop_last is False"),
        (lambda n, b, drop: -(-n // b), "although drop_last is True"),
        (lambda n, b, drop: n // b + (not drop), "n divides evenly here"),
        (lambda n, b, drop: n // b if not drop else -(-n // b), "although drop_last is"),
        (lambda n, b, drop: n / b, "expected a whole number"),
        (lambda n, b, drop: n % b, "the number of pictures left out"),
        (lambda n, b, drop: 0, "expected 600"),
    ],
    "2": [
        (lambda layers: 1 + sum(k - 1 for k, _ in layers), "forgotten strides"),
        (lambda layers: sum(k for k, _ in layers), "neighbouring windows overlap"),
        (lambda layers: math.prod(k for k, _ in layers), "the product of the kernels"),
        (field_early_stride, "acts too early"),
        (lambda layers: 1 + sum((k - 1) * s for k, s in layers), "the strides of all layers before it multiply"),
        (lambda layers: field_forwards(layers[::-1]), "the wrong order"),
        (lambda layers: field_forwards(layers[:-1]), "expected 5"),
        (lambda layers: field_forwards(layers) ** 2, "this looks like the area"),
        (field_grown, "the field itself times each stride"),
        (lambda layers: 0, "expected 5"),
    ],
    "3": [
        (lambda shape: nn.init.xavier_normal_(torch.empty(shape)), "normal random numbers"),
        (xavier(lambda shape, i, o: math.sqrt(6 / i)), "sqrt(6 / fan-in)"),
        (xavier(lambda shape, i, o: math.sqrt(6 / o)), "sqrt(6 / fan-out)"),
        (xavier(lambda shape, i, o: math.sqrt(3 / (i + o))), "sqrt(3) instead of sqrt(6)"),
        (xavier(lambda shape, i, o: math.sqrt(2 / (i + o))), "which is the spread"),
        (xavier(lambda shape, i, o: math.sqrt(1 / i)), "PyTorch's own choice"),
        (xavier(lambda shape, i, o: math.sqrt(6 / sum(shape[:2]))), "fans without the window"),
        (xavier(lambda shape, i, o: math.sqrt(6 / (i + shape[0]))), "a fan-out without the window"),
        (xavier(lambda shape, i, o: 6 / (i + o)), "a forgotten root"),
        (lambda shape: torch.rand(shape) * math.sqrt(6 / sum(shape)), "as many below 0 as above"),
        (xavier_same_numbers, "two calls give the same weights"),
        (lambda shape: torch.zeros(shape), "expected as many below 0"),
        (lambda shape: nn.init.xavier_uniform_(torch.empty(shape[::-1])), "expected (60, 240)"),
    ],
    "4": [
        (adam_with(corrected=False), "no bias correction"),
        (adam_with(inside=True), "eps inside the root"),
        (adam_with(betas=(0.999, 0.9)), "beta1 and beta2 exchanged"),
        (adam_with(sign=1), "a step uphill"),
        (adam_with(first=2), "begins with 2"),
        (lambda *arguments: adam_torch(*arguments) * math.nan, "t counts from 1"),
        (adam_anew, "before the loop"),
        (lambda g, w, *more: torch.cat([w[None], adam_torch(g, w, *more)]), "the start in the first row"),
        (sgd, "SGD"),
        (adam_one_tensor, "put a copy"),
        (lambda *arguments: adam_torch(*arguments)[-1], "the last weight alone"),
        (lambda g, w, steps, lr: torch.cat([w[None], adam_torch(g, w, steps - 1, lr)]), "the weights before each step"),
        (adam_in_place, "changed its argument"),
        (lambda g, w, steps, lr: torch.zeros(steps, len(w)), "values differ"),
        (lambda g, w, steps, lr: adam_torch(g, w, steps, 0.001), "values differ"),
    ],
    "5": [
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), "7,850 parameters"),
        (lambda: nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(21632, 10)), "in 3.weight"),
        (lambda: nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(196, 10)), "your network is linear"),
        (Unused, "forgotten.weight gets no gradient"),
        (AcrossTheBatch, "depend on the other pictures"),
        (lambda: nn.Sequential(Small(), nn.Softmax(dim=1)), "leave the softmax out"),
        (lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten()), "expected (3, 10)"),
        (lambda: nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(1, 10), nn.Tanh()), "the loss is"),
        (lambda: nn.Sequential(Small(), nn.Linear(10, 10), nn.ReLU(), nn.LogSigmoid()), "the loss is"),
        (lambda: nn.Sequential(Small(), nn.ReLU()), "leave out the ReLU behind the last layer"),
        (Hidden, "into a plain list"),
        (lambda: 5_000, "expected an nn.Module"),
    ],
}  # fmt: skip
