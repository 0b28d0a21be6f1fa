"""Answers to the tasks and exercises of lesson 05."""

import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision import transforms

from course_utils.models import LeNet
from course_utils.practice.exercises import lesson_05
from course_utils.practice.exercises.lesson_05 import _follow

# ---- a: one place ----


def place(window, weight, bias):
    return (weight * window).sum(dim=(1, 2, 3)) + bias


def place_by_library(window, weight, bias):
    return F.conv2d(window[None], weight, bias).flatten()


def place_in_a_loop(window, weight, bias):
    return torch.stack([(kernel * window).sum() + b for kernel, b in zip(weight, bias, strict=True)])


def place_in_place(window, weight, bias):
    return weight.mul_(window).sum(dim=(1, 2, 3)) + bias


# ---- c: a transform ----


def by_numpy(picture):
    return torch.from_numpy(np.array(picture, dtype=np.float32))[None] * 4 / 255 - 2


def normalise(*numbers):
    return transforms.Compose([transforms.ToTensor(), transforms.Normalize(*numbers)])


# ---- d: a mean ----


def mean_loss(losses, sizes):
    return sum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes)


def mean_as_if_only_the_last_were_short(losses, sizes):
    n = sizes[0] * (len(sizes) - 1) + sizes[-1]
    return (sizes[0] * sum(losses[:-1]) + losses[-1] * sizes[-1]) / n


def mean_that_empties(losses, sizes):
    answer = mean_loss(losses, sizes)
    losses.clear()
    return answer


# ---- 1: on paper ----


def follow(channels, side, layers):
    found = []
    flat = channels * side**2
    for layer in layers:
        parameters = 0
        if layer[0] == "conv":
            _, out, kernel, padding, stride = layer
            parameters = out * (channels * kernel**2 + 1)
            channels, side = out, (side + 2 * padding - kernel) // stride + 1
            flat = channels * side**2
        elif layer[0] == "pool":
            side //= layer[1]
            flat = channels * side**2
        else:
            parameters = layer[1] * (flat + 1)
            flat = layer[1]
        found.append((flat, parameters))
    return found


def follow_by_torch(channels, side, layers):
    x, found = torch.zeros(1, channels, side, side), []
    for kind, *settings in layers:
        if kind == "conv":
            out, kernel, padding, stride = settings
            layer = nn.Conv2d(x.shape[1], out, kernel, padding=padding, stride=stride)
        elif kind == "pool":
            layer = nn.MaxPool2d(settings[0])
        else:
            x = x.flatten(1)
            layer = nn.Linear(x.shape[1], settings[0])
        x = layer(x)
        found.append((x.numel(), sum(p.numel() for p in layer.parameters())))
    return np.array(found)


def follow_with(**slip):
    return lambda channels, side, layers: _follow(channels, side, layers, **slip)


def follow_first_channels_only(channels, side, layers):
    """Each convolution as if it read the channels of the picture."""
    right = follow(channels, side, layers)
    return [
        (n, layer[1] * (channels * layer[2] ** 2 + 1)) if layer[0] == "conv" else (n, p)
        for (n, p), layer in zip(right, layers, strict=True)
    ]


def follow_for_lenet(channels, side, layers):
    return follow(1, 28, lesson_05.LENET)


REMEMBERED = []


def follow_with_memory(channels, side, layers):
    REMEMBERED.extend(follow(channels, side, layers))
    return REMEMBERED[:]


# ---- 2: a convolution by hand ----


def convolution(x, weight, bias, padding, stride, *, places=None):
    x = F.pad(x, [padding] * 4)
    k = weight.shape[-1]
    rows = (x.shape[2] - k) // stride + 1
    columns = (x.shape[3] - k) // stride + 1
    out = torch.zeros(len(x), len(weight), rows, columns)
    for i in range(rows):
        for j in range(columns):
            window = x[:, None, :, i * stride : i * stride + k, j * stride : j * stride + k]
            out[:, :, i, j] = (window * weight).sum(dim=(2, 3, 4)) + bias
    return out


def convolution_by_unfold(x, weight, bias, padding, stride):
    k = weight.shape[-1]
    columns = F.unfold(x, k, padding=padding, stride=stride)
    rows = (x.shape[2] + 2 * padding - k) // stride + 1
    return (weight.flatten(1) @ columns + bias[:, None]).reshape(len(x), len(weight), rows, -1)


def convolution_by_windows(x, weight, bias, padding, stride):
    k = weight.shape[-1]
    windows = F.pad(x, [padding] * 4).unfold(2, k, stride).unfold(3, k, stride)
    return torch.einsum("nchwij,ocij->nohw", windows, weight) + bias.view(1, -1, 1, 1)


def convolution_with(change):
    def answer(x, weight, bias, padding, stride):
        return convolution(**change(dict(x=x, weight=weight, bias=bias, padding=padding, stride=stride)))

    return answer


def convolution_square(x, weight, bias, padding, stride):
    size = (x.shape[2] + 2 * padding - weight.shape[-1]) // stride + 1
    return convolution(x, weight, bias, padding, stride)[..., :size, :size]


def convolution_in_place(x, weight, bias, padding, stride):
    result = convolution(x, weight, bias, padding, stride)
    x.mul_(0)
    return result


# ---- 3: a fair score ----


def score_that_trains(model, batches):
    loss, right, n = 0.0, 0, 0
    with torch.no_grad():
        for images, targets in batches:
            logits = model(images)
            loss += F.cross_entropy(logits, targets).item() * len(targets)
            right += (logits.argmax(dim=1) == targets).sum().item()
            n += len(targets)
    return loss / n, right / n


def score(model, batches):
    mode = model.training
    model.eval()
    scores = score_that_trains(model, batches)
    model.train(mode)
    return scores


@torch.no_grad()
def score_in_one_piece(model, batches):
    before = model.training
    model.eval()
    images, targets = (torch.cat(parts) for parts in zip(*batches, strict=True))
    logits = model(images)
    model.train(before)
    return [F.cross_entropy(logits, targets), (logits.argmax(1) == targets).float().mean()]


def score_of_sums(model, batches):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    with torch.inference_mode():
        outputs = [(model(x), y) for x, y in batches]
    for part, mode in modes:
        part.training = mode
    n = sum(len(y) for _, y in outputs)
    total = sum(F.cross_entropy(z, y, reduction="sum").item() for z, y in outputs)
    return np.array([total / n, sum(int((z.argmax(1) == y).sum()) for z, y in outputs) / n])[:2].tolist()


def score_left_in_evaluation(model, batches):
    result = score(model, batches)
    model.eval()
    return result


def score_left_in_training(model, batches):
    result = score(model, batches)
    model.train()
    return result


def score_of_batches(model, batches):
    pairs = [score(model, [batch]) for batch in batches]
    return tuple(np.mean(pairs, axis=0))


def score_like_the_post(model, batches):
    losses = [score(model, [batch])[0] for batch in batches]
    return sum(losses) / sum(len(y) for _, y in batches), score(model, batches)[1]


def score_with_backward(model, batches):
    result = score(model, batches)
    F.cross_entropy(model.eval()(batches[0][0]), batches[0][1]).backward()
    return result


def score_with_gradients(model, batches):
    mode = model.training
    model.eval()
    outputs = [(model(x).detach(), y) for x, y in batches]
    model.train(mode)
    logits, targets = (torch.cat(parts) for parts in zip(*outputs, strict=True))
    return F.cross_entropy(logits, targets).item(), (logits.argmax(1) == targets).double().mean().item()


def score_with_graph(model, batches):
    mode = model.training
    model.eval()
    total = sum(F.cross_entropy(model(x), y) * len(y) for x, y in batches)
    model.train(mode)
    return total / sum(len(y) for _, y in batches), score(model, batches)[1]


def score_in_percent(model, batches):
    loss, accuracy = score(model, batches)
    return loss, 100 * accuracy


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


class NoReluAfterConv1(NoReluAfter):
    place = 1


class Unused(Padded):
    """Both convolutions are made; the first is not used: its bias alone comes through."""

    def forward(self, x):
        return super().forward(torch.zeros_like(x))


class OneNetworkForAll(Padded):
    layers = nn.ModuleList()

    def __init__(self):
        super().__init__()
        if not self.layers:
            self.layers.append(Padded())
        shared = self.layers[0]
        self.conv1, self.conv2, self.fc1, self.fc2, self.fc3 = (
            shared.conv1, shared.conv2, shared.fc1, shared.fc2, shared.fc3
        )  # fmt: skip


class InAList(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = [Padded()]

    def forward(self, x):
        return self.hidden[0](x)


class Leaky(Padded):
    def activation(self, x):
        return F.leaky_relu(x, 0.1)


class LeakyAtTheEnd(Padded):
    def end(self, x):
        return F.leaky_relu(x, 0.1)


class Remembers(Padded):
    """Gives its first answer again."""

    def __init__(self):
        super().__init__()
        self.answers = {}

    def forward(self, x):
        if len(x) not in self.answers:
            self.answers[len(x)] = super().forward(x)
        return self.answers[len(x)]


class ChangesItsInput(Padded):
    def forward(self, x):
        result = super().forward(x)
        x.relu_()
        return result


class OnlyBatches(Padded):
    def forward(self, x):
        return super().forward(x).squeeze(0)


# ---- 5: a small network, trained ----


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 8, 5), nn.Conv2d(8, 16, 5)
        self.fc1, self.fc2 = nn.Linear(16 * 4 * 4, 50), nn.Linear(50, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))


def strided():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 28, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(28 * 7 * 7, 10),
    )  # fmt: skip


def normed():
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.BatchNorm2d(16),
        nn.ReLU(), nn.Flatten(), nn.Linear(16 * 5 * 5, 10),
    )  # fmt: skip


def no_convolution():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 24), nn.ReLU(), nn.Linear(24, 10))


class NotUsed(nn.Module):
    """Two convolutions are made, and none is used."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.head = nn.Conv2d(1, 4, 5), nn.Conv2d(4, 4, 5), no_convolution()

    def forward(self, x):
        self.conv2(self.conv1(x))
        return self.head(x)


class WithEnd(Small):
    def __init__(self, end):
        super().__init__()
        self.end = end

    def forward(self, x):
        return self.end(super().forward(x))


def trained(
    make, lr=0.05, momentum=0.9, optimizer=None, step=True, forget=False, passes=1, loss_fn=F.cross_entropy, first=10**6
):
    def train_small(batches):
        model = make()
        opt = optimizer(model) if optimizer else torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
        for _ in range(passes):
            for i, (images, targets) in enumerate(batches):
                if i == first:
                    break
                if not forget:
                    opt.zero_grad()
                loss_fn(model(images), targets).backward()
                if step:
                    opt.step()
        return model

    return train_small


def adam(model):
    return torch.optim.Adam(model.parameters(), lr=0.003)


KEPT = {}


def trained_once(batches):
    if not KEPT:
        KEPT["model"] = trained(strided)(batches)
    return KEPT["model"]


def many_steps(batches):
    model = strided()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    batches = list(batches)
    for images, targets in batches + batches[:10]:
        optimizer.zero_grad()
        F.cross_entropy(model(images), targets).backward()
        optimizer.step()
    return model


def shuffled_labels(batches):
    model = strided()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for images, targets in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(images), targets[random.sample(range(len(targets)), len(targets))]).backward()
        optimizer.step()
    return model


RIGHT = {
    "a": [place, place_by_library, place_in_a_loop],
    "b": [720, torch.tensor(720), np.float64(720)],
    "c": [normalise(0.5, 0.25), by_numpy, normalise((0.5,), (0.25,))],
    "d": [
        mean_loss,
        lambda losses, sizes: np.average(losses, weights=sizes),
        lambda losses, sizes: torch.tensor(losses).repeat_interleave(torch.tensor(sizes)).mean(),
    ],
    "1": [follow, follow_by_torch, lambda *given: torch.tensor(follow(*given))],
    "2": [convolution, convolution_by_unfold, convolution_by_windows],
    "3": [score, score_in_one_piece, score_of_sums],
    "4": [Padded, PaddedSequential, PaddedByHand],
    "5": [trained(Small), trained(strided), trained(normed, optimizer=adam), trained(Small, lr=0.1, momentum=0)],
}
WRONG = {
    "a": [
        (lambda w, k, b: (k * w).sum(dim=(1, 2, 3)), "sums without the bias"),
        (lambda w, k, b: (k * w + b[:, None, None, None]).sum(dim=(1, 2, 3)), "a bias inside the sum"),
        (lambda w, k, b: (k * w).sum() + b, "one sum over all output channels"),
        (lambda w, k, b: (k * w).sum(dim=(2, 3)) + b[:, None], "sums for each input channel"),
        (lambda w, k, b: (k[:, 0] * w[0]).sum(dim=(1, 2)) + b, "the first input channel alone"),
        (lambda w, k, b: (k * w).mean(dim=(1, 2, 3)) + b, "means in place of sums"),
        (lambda w, k, b: k @ w + b, "your code stops with"),
        (place_in_place, "changes one of its arguments"),
    ],
    "b": [
        (36, "one channel"),
        (980, "the number is 980, expected 720"),
        (20 * 64, "convolutions that keep the side"),
        (500, "two convolutions of 5x5"),
        (20 * 144, "before the last pooling"),
        ("720", "expected numbers"),
    ],
    "c": [
        (transforms.ToTensor(), "ToTensor alone"),
        (normalise(0.5, 0.5), "from -1 to 1"),
        (normalise(0.25, 0.5), "exchanged"),
        (normalise(0, 1), "ToTensor alone"),
        (normalise(127.5, 63.75), "ToTensor has already divided by 255"),
        (
            transforms.Compose([transforms.Normalize(0.5, 0.25), transforms.ToTensor()]),
            "Normalize come before ToTensor",
        ),
        (lambda picture: np.array(picture), "is ToTensor missing"),
        (normalise(0.5, 4), "it divides by its second number"),
        (normalise(-2, 4), "`Normalize(smallest, range)`; it computes (x - first) / second"),
        (normalise(-2, 2), "`Normalize(smallest, largest)`"),
    ],
    "d": [
        (lambda losses, sizes: sum(losses) / len(losses), "the mean of the batches"),
        (lambda losses, sizes: sum(losses) / sum(sizes), "the slip of the lesson"),
        (lambda losses, sizes: float(np.dot(losses, sizes)), "a sum over all samples"),
        (lambda losses, sizes: sum(losses), "a sum over the batches"),
        (lambda losses, sizes: float(np.dot(losses, sizes)) / len(losses), "the number of batches"),
        (lambda losses, sizes: float(np.dot(losses, sizes)) / (len(sizes) * max(sizes)), "a batch may be short"),
        (lambda losses, sizes: losses[-1], "the last batch"),
        (lambda losses, sizes: np.multiply(losses, sizes), "has the shape (3,)"),
        (mean_as_if_only_the_last_were_short, "all batches but the last as large as the first"),
        (mean_that_empties, "changes one of its arguments"),
        (lambda losses, sizes: losses * sizes, "your code stops with TypeError"),
    ],
    "1": [
        (follow_with(biases=(0, 0)), "layer 1, parameters: it is 150, expected 156"),
        (follow_with(biases=(0, 0)), "this looks like layers without their biases"),
        (follow_with(biases=(0, 1)), "convolutions without their biases"),
        (follow_with(biases=(1, 0)), "layer 5, parameters: it is 30720, expected 30840"),
        (follow_with(biases=(1, 0)), "linear layers without their biases"),
        (follow_with(inputs=False), "kernels that see one input channel"),
        (follow_with(pads=1), "padding on one side alone"),
        (follow_with(pads=0), "without padding"),
        (follow_with(plus=0), "without the + 1"),
        (follow_with(strides=False), "without stride"),
        (follow_with(up=True), "rounding up"),
        (follow_first_channels_only, "layer 3, parameters: it is"),
        (follow_for_lenet, "expected (3, 2)"),
        (follow_with_memory, "expected (3, 2)"),
        (lambda *given: [p[::-1] for p in follow(*given)], "pairs in the other order"),
        (lambda *given: [p[0] for p in follow(*given)], "without the parameters"),
        (lambda *given: follow(*given)[:1], "does return stand inside the loop"),
        (lambda channels, side, layers: [channels * side] + [n for _, n in layers], "your code stops with ValueError"),
    ],
    "2": [
        (lambda x, w, b, p, s: F.conv2d(x, w, b, padding=p, stride=s), "which is what you are asked to write"),
        (lambda x, w, b, p, s: nn.Conv2d(1, 1, 1)(x[:, :1]), "which is what you are asked to write"),
        (convolution_with(lambda a: a | {"bias": 0 * a["bias"]}), "without the bias"),
        (convolution_with(lambda a: a | {"bias": a["weight"].shape[1] * a["bias"]}), "added for each input channel"),
        (convolution_with(lambda a: a | {"x": a["x"][:, :1], "weight": a["weight"][:, :1]}), "the first input channel"),
        (convolution_with(lambda a: a | {"weight": a["weight"].flip(2, 3)}), "turned by half a turn"),
        (convolution_with(lambda a: a | {"padding": 0}), "without padding"),
        (convolution_with(lambda a: a | {"stride": 1}), "without stride"),
        (convolution_with(lambda a: a | {"x": a["x"][:1]}), "the first picture alone"),
        (convolution_square, "has the shape"),
        (convolution_in_place, "changes one of its arguments"),
    ],
    "3": [
        (score_that_trains, "is model.eval() missing"),
        (score_left_in_evaluation, "left in evaluation mode"),
        (score_left_in_training, "left in training mode"),
        (score_of_batches, "means over the batches"),
        (score_like_the_post, "divided by the number of samples"),
        (score_with_backward, "the weights have gradients"),
        (score_with_graph, "still holds its graph"),
        (score_with_gradients, "is torch.no_grad() missing"),
        (score_in_percent, "in percent"),
        (lambda model, batches: score(model, batches)[0], "expected the pair"),
        (lambda model, batches: score(model, batches)[::-1], "the pair in the other order"),
        (lambda model, batches: score(model, batches[-1:]), "the last batch alone"),
        (lambda model, batches: score(nn.Sequential(model, nn.Softmax(1)), batches), "a softmax before"),
    ],
    "4": [
        (LeNet, "the network without padding"),
        (OnlyFirst, "the first convolution alone"),
        (OnlySecond, "the second convolution alone"),
        (OldSize, "How large is one side after each layer? your code stops with RuntimeError"),
        (NoBias, "a network without biases"),
        (ReluAtTheEnd, "a ReLU after the last layer"),
        (LeakyAtTheEnd, "a leaky ReLU after the last layer"),
        (SoftmaxAtTheEnd, "a softmax at the end"),
        (LogSoftmaxAtTheEnd, "a log-softmax at the end"),
        (NoRelu, "a network without ReLU"),
        (NoReluAfterConv1, "no ReLU after the first convolution"),
        (NoReluAfterConv2, "no ReLU after the second convolution"),
        (NoReluAfterFc1, "no ReLU after the first linear layer"),
        (OneByOne, "or padding=1 in both"),
        (Averages, "average pooling"),
        (Tanh, "tanh in place of ReLU"),
        (Leaky, "a leaky ReLU in place of ReLU"),
        (Unused, "made but not used"),
        (OneNetworkForAll, "share their weights"),
        (InAList, "where PyTorch does not find them"),
        (Remembers, "the batch of logits is"),
        (ChangesItsInput, "changes the pictures"),
        (OnlyBatches, "has the shape (10,)"),
        (Padded(), "expected the class itself"),
    ],
    "5": [
        (trained(LeNet), "44,426 parameters, expected 20,000 at most"),
        (trained(no_convolution), "in your network: 0, expected 2 or more"),
        (trained(NotUsed), "depends on 0 of them"),
        (trained(Small, lr=0.001, momentum=0), "guessing"),
        (trained(Small, lr=0.01, momentum=0), "try a larger learning rate, or momentum"),
        (trained(Small, step=False), "is optimizer.step() missing"),
        (trained(strided, first=20, lr=0.01), "The optimizer made 20 steps"),
        (
            trained(lambda: WithEnd(nn.Softmax(1)), loss_fn=lambda p, y: F.nll_loss(p.log(), y)),
            "a softmax stands at the end",
        ),
        (trained(lambda: WithEnd(nn.LogSoftmax(1)), loss_fn=F.nll_loss), "a log_softmax stands at the end"),
        (trained(lambda: WithEnd(nn.LeakyReLU(0.1))), "a leaky_relu stands at the end"),
        (trained(strided, passes=2), "a second time"),
        (many_steps, "210 steps, expected 200 at most"),
        (trained_once, "it returns the network of the first"),
        (shuffled_labels, "guessing"),
        (lambda batches: Small, "the result is a type"),
        (
            trained(lambda: nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten(), nn.Linear(9, 10))),
            "your code stops with RuntimeError",
        ),
    ],
}
