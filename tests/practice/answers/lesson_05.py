"""Answers to the exercises of lesson 05."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models import LeNet

# ---- 1: sides ----


def sides_by_formula(n, layers):
    result = []
    for kernel, padding, stride in layers:
        n = (n + 2 * padding - kernel) // stride + 1
        result.append(n)
    return result


def sides_by_torch(n, layers):
    x, found = torch.zeros(1, 1, n, n), []
    for k, p, s in layers:
        x = nn.Conv2d(1, 1, k, padding=p, stride=s)(x)
        found.append(x.shape[-1])
    return np.array(found)


def sides_with(one, chain=True):
    def sides(n, layers):
        result = []
        for kernel, padding, stride in layers:
            result.append(one(result[-1] if result and chain else n, kernel, padding, stride))
        return result

    return sides


def side(n, k, p, s):
    return (n + 2 * p - k) // s + 1


# ---- 3: a step ----


def step(model, optimizer, images, targets):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), targets)
    loss.backward()
    optimizer.step()
    return loss.item()


def step_that_cleans_up(net, opt, x, y):
    net.train()
    loss = nn.CrossEntropyLoss()(net(x), y)
    loss.backward()
    opt.step()
    net.zero_grad()
    return loss.detach()


def step_by_hand(model, optimizer, images, targets):
    log_p = model(images).log_softmax(1)
    loss = -log_p[range(len(targets)), targets].mean()
    for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True):
        p.grad = g
    optimizer.step()
    return float(loss.detach())


def step_with(loss_fn=F.cross_entropy, forget=False, backward=True, update=True, result=torch.Tensor.item):
    def train_step(model, optimizer, images, targets):
        if not forget:
            optimizer.zero_grad()
        loss = loss_fn(model(images), targets)
        if backward:
            loss.backward()
        if update:
            optimizer.step()
        return result(loss)

    return train_step


def cleans_too_early(model, optimizer, images, targets):
    loss = F.cross_entropy(model(images), targets)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def own_optimizer(model, optimizer, images, targets):
    return step(model, torch.optim.SGD(model.parameters(), lr=0.1), images, targets)


def loss_after(model, optimizer, images, targets):
    step(model, optimizer, images, targets)
    return F.cross_entropy(model(images), targets).item()


def uphill(model, optimizer, images, targets):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), targets)
    (-loss).backward()
    optimizer.step()
    return loss.item()


# ---- 4: LeNet with padding ----


class Padded(nn.Module):
    side, padding, bias = 7, (2, 2), True

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5, padding=self.padding[0], bias=self.bias)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5, padding=self.padding[1], bias=self.bias)
        self.fc1 = nn.Linear(16 * self.side**2, 120, bias=self.bias)
        self.fc2 = nn.Linear(120, 84, bias=self.bias)
        self.fc3 = nn.Linear(84, 10, bias=self.bias)

    def forward(self, x):
        x = self.pool(self.activation(self.conv1(x)), 2)  # (N, 1, 28, 28) -> (N, 6, 14, 14)
        x = self.pool(self.activation(self.conv2(x)), 2)  # (N, 6, 14, 14) -> (N, 16, 7, 7)
        x = torch.flatten(x, 1)
        x = self.activation(self.fc1(x))
        x = self.activation(self.fc2(x))
        return self.end(self.fc3(x))

    def activation(self, x):
        return F.relu(x)

    def pool(self, x, n):
        return F.max_pool2d(x, n)

    def end(self, x):
        return x


class PaddedSequential(nn.Sequential):
    """The same layers, pooled before the ReLU, registered in another way."""

    def __init__(self):
        block = [nn.Conv2d(1, 6, 5, padding="same"), nn.MaxPool2d(2), nn.ReLU()]
        block += [nn.Conv2d(6, 16, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()]
        super().__init__(
            *block, nn.Linear(784, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)
        )  # fmt: skip


class PaddedByHand(Padded):
    padding = (0, 0)

    def __init__(self):
        super().__init__()
        self.last, self.fc3 = self.fc3, nn.Identity()

    def forward(self, x):
        two = (2, 2, 2, 2)
        x = F.relu(self.conv1(F.pad(x, two))).reshape(-1, 6, 14, 2, 14, 2).amax((3, 5))
        x = F.relu(self.conv2(F.pad(x, two))).reshape(-1, 16, 7, 2, 7, 2).amax((3, 5))
        return self.last(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class OnlyFirst(Padded):
    side, padding = 5, (2, 0)


class OnlySecond(Padded):
    side, padding = 6, (0, 2)


class OldSize(Padded):
    side = 4


class NoBias(Padded):
    bias = False


class ReluAtTheEnd(Padded):
    def end(self, x):
        return F.relu(x)


class SoftmaxAtTheEnd(Padded):
    def end(self, x):
        return F.softmax(x, dim=1)


class LogSoftmaxAtTheEnd(Padded):
    def end(self, x):
        return F.log_softmax(x, dim=1)


class NoRelu(Padded):
    def activation(self, x):
        return x


class NoReluAfter(Padded):
    """One activation after another, without that of one place."""

    place = 0

    def forward(self, x):
        self.passed = 0
        return super().forward(x)

    def activation(self, x):
        self.passed += 1
        return x if self.passed == self.place else F.relu(x)


class NoReluAfterConv2(NoReluAfter):
    place = 2


class NoReluAfterFc1(NoReluAfter):
    place = 3


class OneByOne(Padded):
    side, padding = 5, (1, 1)


class Averages(Padded):
    def pool(self, x, n):
        return F.avg_pool2d(x, n)


class Tanh(Padded):
    def activation(self, x):
        return torch.tanh(x)


# ---- 5: a small network ----


def layers(*parts):
    """A class whose objects are these layers in a row; `parts` makes them anew each time."""

    class Network(nn.Sequential):
        def __init__(self):
            super().__init__(*parts[0]())

    return Network


class SmallLeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 12, 5)
        self.fc1, self.fc2 = nn.Linear(12 * 4 * 4, 60), nn.Linear(60, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))


class Loud(SmallLeNet):
    def forward(self, x):
        return 100 * super().forward(x)


class Softmaxed(SmallLeNet):
    def forward(self, x):
        return super().forward(x).softmax(1)


class Relued(SmallLeNet):
    def forward(self, x):
        return F.relu(super().forward(x))


class Constant(SmallLeNet):
    def forward(self, x):
        return super().forward(0 * x)


class OneRow(SmallLeNet):
    def forward(self, x):
        return super().forward(x)[0]


def strided():
    return [
        nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(32, 32, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(32, 10, 1), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    ]  # fmt: skip


def normed():
    return [
        nn.Conv2d(1, 8, 5, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.BatchNorm2d(16),
        nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(16 * 5 * 5, 10),
    ]  # fmt: skip


def no_convolution():
    return [nn.Flatten(), nn.Linear(784, 10)]


def nine_digits():
    return [nn.Conv2d(1, 4, 5), nn.Conv2d(4, 4, 5), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(100, 9)]


def wrong_side():
    return [nn.Conv2d(1, 4, 5), nn.ReLU(), nn.Conv2d(4, 4, 5), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(144, 10)]


RIGHT = {
    "1": [sides_by_formula, sides_by_torch, lambda n, layers: torch.tensor(sides_by_formula(n, layers))],
    "2": [
        lambda losses, sizes: sum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes),
        lambda losses, sizes: np.average(losses, weights=sizes),
        lambda losses, sizes: torch.tensor(losses).repeat_interleave(torch.tensor(sizes)).mean(),
    ],
    "3": [step, step_that_cleans_up, step_by_hand],
    "4": [Padded, PaddedSequential, PaddedByHand],
    "5": [SmallLeNet, layers(strided), layers(normed)],
}
WRONG = {
    "1": [
        (sides_with(lambda n, k, p, s: (n + p - k) // s + 1), "padding on one side alone"),
        (sides_with(lambda n, k, p, s: (n - k) // s + 1), "without padding"),
        (sides_with(lambda n, k, p, s: (n + 2 * p - k) // s), "without the + 1"),
        (sides_with(lambda n, k, p, s: n + 2 * p - k + 1), "without stride"),
        (sides_with(lambda n, k, p, s: -(-(n + 2 * p - k) // s) + 1), "rounding up"),
        (sides_with(lambda n, k, p, s: (n + 2 * p - k) / s + 1), "round down with //"),
        (sides_with(side, chain=False), "every layer on the first picture"),
        (lambda n, layers: [n, *sides_by_formula(n, layers)], "the first side too"),
        (lambda n, layers: sides_by_formula(n, layers)[-1], "the last side alone"),
        (lambda n, layers: sides_by_formula(n, layers)[:1], "does return stand inside the loop"),
        (lambda n, layers: [0] * len(layers), "values differ"),
    ],
    "2": [
        (lambda losses, sizes: sum(losses) / len(losses), "the mean of the batches"),
        (lambda losses, sizes: sum(losses) / sum(sizes), "the post's way"),
        (lambda losses, sizes: float(np.dot(losses, sizes)), "a sum over all samples"),
        (lambda losses, sizes: sum(losses), "a sum over the batches"),
        (lambda losses, sizes: float(np.dot(losses, sizes)) / len(losses), "the number of batches"),
        (lambda losses, sizes: float(np.dot(losses, sizes)) / (len(sizes) * sizes[0]), "last batch is short"),
        (lambda losses, sizes: losses[-1], "the last batch"),
        (lambda losses, sizes: np.multiply(losses, sizes), "has the shape (3,)"),
    ],
    "3": [
        (step_with(forget=True), "zero_grad() is missing"),
        (step_with(backward=False), "backward() is missing"),
        (step_with(update=False), "the optimizer makes no step"),
        (step_with(result=lambda loss: loss), "still holds its graph"),
        (step_with(result=lambda loss: None), "returns None"),
        (step_with(loss_fn=lambda z, y: F.cross_entropy(z.softmax(1), y)), "softmax before F.cross_entropy"),
        (step_with(loss_fn=lambda z, y: F.cross_entropy(z, y, reduction="sum")), "a sum over the batch"),
        (step_with(result=lambda loss: 0.0), "the loss of step 1 is 0"),
        (cleans_too_early, "stands between it and the step"),
        (own_optimizer, "an optimizer of your own"),
        (loss_after, "the loss after the step"),
        (uphill, "a step uphill"),
        (step_with(loss_fn=lambda z, y: F.mse_loss(z.softmax(1), F.one_hot(y, 10).float())), "the loss of step 1 is"),
    ],
    "4": [
        (LeNet, "the network without padding"),
        (OnlyFirst, "the first convolution alone"),
        (OnlySecond, "the second convolution alone"),
        (OldSize, "your code stops with RuntimeError"),
        (NoBias, "a network without biases"),
        (ReluAtTheEnd, "a ReLU after the last layer"),
        (SoftmaxAtTheEnd, "a softmax at the end"),
        (LogSoftmaxAtTheEnd, "a log-softmax at the end"),
        (NoRelu, "a network without ReLU"),
        (NoReluAfterConv2, "no ReLU after the second convolution"),
        (NoReluAfterFc1, "no ReLU after the first linear layer"),
        (OneByOne, "or padding=1 in both"),
        (Averages, "average pooling"),
        (Tanh, "tanh in place of ReLU"),
        (Padded(), "expected the class itself"),
    ],
    "5": [
        (LeNet, "44,426 parameters, expected 20,000 at most"),
        (Loud, "expected near ln 10"),
        (Softmaxed, "these are probabilities"),
        (Relued, "there is a ReLU"),
        (Constant, "does not learn"),
        (OneRow, "gives (10,), expected (64, 10)"),
        (layers(no_convolution), "in your network: 0, expected 2 or more"),
        (layers(nine_digits), "gives (64, 9)"),
        (layers(wrong_side), "your code stops with RuntimeError"),
        (SmallLeNet(), "expected the class itself"),
    ],
}
