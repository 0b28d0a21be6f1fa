"""Answers to the tasks and exercises of lesson 05."""

import copy
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision import transforms
from torchvision.transforms import v2

from course_utils.data import load
from course_utils.models import LeNet
from course_utils.practice.exercises import lesson_05
from course_utils.practice.exercises.lesson_05 import _follow
from tests.practice.slips import then

# ---- a: one place ----


def place(window, weight, bias):
    return (weight * window).sum(dim=(1, 2, 3)) + bias


def place_by_library(window, weight, bias):
    return F.conv2d(window[None], weight, bias).flatten()


def place_in_a_loop(window, weight, bias):
    return torch.stack([(kernel * window).sum() + b for kernel, b in zip(weight, bias, strict=True)])


def place_in_place(window, weight, bias):
    return weight.mul_(window).sum(dim=(1, 2, 3)) + bias


def place_adding_the_bias_to_itself(window, weight, bias):
    for i, kernel in enumerate(weight):
        bias[i] += (kernel * window).sum()
    return bias


def place_of_the_lesson(window, weight, bias):
    """For the three colour channels of the lesson."""
    return sum((weight[:, c] * window[c]).sum(dim=(1, 2)) for c in range(3)) + bias


def place_of_5x5(window, weight, bias):
    return (weight[:, :, :5, :5] * window[:, :5, :5]).reshape(len(weight), -1, 25).sum(dim=(1, 2)) + bias


def remembering(function, name=lambda x: tuple(x.shape)):
    """Gives what it gave before for an argument that looks the same."""
    known = {}

    def answer(*arguments):
        if name(arguments[0]) not in known:
            known[name(arguments[0])] = function(*arguments)
        return known[name(arguments[0])]

    return answer


def adding_up(function):
    """Adds to what it gave before, where the shapes are the same."""
    total = 0

    def answer(*arguments):
        nonlocal total
        result = function(*arguments)
        total = total + result if getattr(total, "shape", None) == getattr(result, "shape", None) else result
        return total

    return answer


# ---- c: a transform ----


def by_numpy(picture):
    return torch.from_numpy(np.array(picture, dtype=np.float32))[None] * 4 / 255 - 2


def normalise(*numbers, more=()):
    return transforms.Compose([transforms.ToTensor(), transforms.Normalize(*numbers), *more])


def by_its_own_pixels(picture):
    x = transforms.functional.to_tensor(picture)
    return (x - x.min()) / (x.max() - x.min()) * 4 - 2


def black_and_white(picture):
    return torch.where(transforms.functional.to_tensor(picture) > 0.5, 2.0, -2.0)


class Keeping:
    """Gives the tensor of the first picture with this size again."""

    def __init__(self):
        self.known = {}

    def __call__(self, picture):
        return self.known.setdefault(picture.size, by_numpy(picture))


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


def mean_by_popping(losses, sizes):
    total, n = 0, sum(sizes)
    while sizes:
        total += losses[len(sizes) - 1] * sizes.pop()
    return total / n


def mean_into_the_list(losses, sizes):
    for i, size in enumerate(sizes):
        losses[i] *= size
    return sum(losses) / sum(sizes)


def mean_with_default(losses, sizes, seen=[]):  # noqa: B006
    seen.extend(zip(losses, sizes, strict=True))
    return sum(a * b for a, b in seen) / sum(b for _, b in seen)


def mean_of_a_dictionary(losses, sizes):
    """Two batches with the same loss count as one."""
    return sum(loss * size for loss, size in dict(zip(losses, sizes, strict=True)).items()) / sum(sizes)


def mean_as_running_average(losses, sizes):
    mean = losses[0]
    for i, loss in enumerate(losses[1:], 1):
        mean += (loss - mean) * sizes[i] / sum(sizes)
    return mean


def mean_as_right_running_average(losses, sizes):
    mean, n = 0.0, 0
    for loss, size in zip(losses, sizes, strict=True):
        n += size
        mean += (loss - mean) * size / n
    return mean


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


def follow_and_empty(channels, side, layers):
    found = follow(channels, side, layers)
    while layers:
        layers.pop(0)
    return found


def follow_lists(channels, side, layers):
    return [list(pair) for pair in follow(channels, side, layers)]


def follow_pool_by_2(channels, side, layers):
    return follow(channels, side, [("pool", 2) if layer[0] == "pool" else layer for layer in layers])


def follow_grey(channels, side, layers):
    return follow(1, side, layers)


def follow_true_division(channels, side, layers):
    """Sides with fractions, cut off at the end only."""
    found = []
    for layer in layers:
        if layer[0] == "conv":
            _, out, kernel, padding, stride = layer
            parameters = out * (channels * kernel**2 + 1)
            channels, side = out, (side + 2 * padding - kernel) / stride + 1
            flat = int(channels * side * side)
        elif layer[0] == "pool":
            side, parameters = side / layer[1], 0
            flat = int(channels * side * side)
        else:
            flat = flat if found else channels * side**2
            flat, parameters = layer[1], layer[1] * (flat + 1)
        found.append((flat, parameters))
    return found


def follow_16_bits(channels, side, layers):
    return [(n % 2**16, p) for n, p in follow(channels, side, layers)]


def follow_pools_that_keep_the_numbers(channels, side, layers):
    """The numbers are not computed again after a pooling."""
    found = follow(channels, side, layers)
    for i, layer in enumerate(layers):
        if layer[0] == "pool" and i:
            found[i] = (found[i - 1][0], 0)
    return found


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


def convolution_by_numpy(x, weight, bias, padding, stride):
    return convolution(x, weight, bias, padding, stride).numpy()


def convolution_by_shifts(x, weight, bias, padding, stride):
    """A sum over the places of the kernel: each weight times a shifted, thinned out picture."""
    x = F.pad(x, (padding, padding, padding, padding))
    k = weight.shape[-1]
    rows, columns = ((n - k) // stride + 1 for n in x.shape[2:])
    out = bias[None, :, None, None].repeat(len(x), 1, rows, columns)
    for i in range(k):
        for j in range(k):
            part = x[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
            out += torch.tensordot(part[:, :, :rows, :columns], weight[:, :, i, j], dims=([1], [1])).movedim(-1, 1)
    return out


def convolution_in_the_bias(x, weight, bias, padding, stride):
    """Gives back the numbers of `bias` for a picture of one place."""
    result = convolution(x, weight, bias, padding, stride)
    for o in range(len(bias)):
        bias[o] = result[0, o, 0, 0]
    return result


def convolution_1x1_is_a_view(x, weight, bias, padding, stride):
    if weight.shape[-1] == 1:
        return (x * 0)[:, : len(weight)]
    return convolution(x, weight, bias, padding, stride)


def convolution_into_x(x, weight, bias, padding, stride):
    """Writes the result into x where it fits."""
    result = convolution(x, weight, bias, padding, stride)
    if result.numel() <= x.numel():
        return x.view(-1)[: result.numel()].view(result.shape).copy_(result)
    return result


def convolution_with_border(x, weight, bias, padding, stride):
    return convolution(F.pad(x, [padding] * 4, mode="replicate"), weight, bias, 0, stride)


def convolution_rounding_up(x, weight, bias, padding, stride):
    k = weight.shape[-1]
    more = [-(n + 2 * padding - k) % stride for n in x.shape[2:]]
    return convolution(F.pad(x, [padding, padding + more[1], padding, padding + more[0]]), weight, bias, 0, stride)


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


def score_with_a_twin(model, batches):
    """A copy is measured: the model itself is never touched."""
    twin = copy.deepcopy(model)
    twin.eval()
    return score_that_trains(twin, batches)


def score_by_hand(model, batches):
    """The mean of log(sum(exp)) - logit, in float64."""
    mode = model.training
    model.train(False)
    with torch.no_grad():
        logits = torch.cat([model(x) for x, _ in batches]).double()
    model.train(mode)
    targets = torch.cat([y for _, y in batches])
    losses = logits.logsumexp(1) - logits.gather(1, targets[:, None])[:, 0]
    return losses.mean(), (logits.max(1).indices == targets).double().mean()


def score_by_log_of_softmax(model, batches):
    mode = model.training
    model.eval()
    loss, n = 0.0, 0
    with torch.no_grad():
        for images, targets in batches:
            shares = model(images).softmax(1)
            loss -= torch.log(shares[range(len(targets)), targets] + 1e-12).sum().item()
            n += len(targets)
    model.train(mode)
    return loss / n, score(model, batches)[1]


def score_of_ten_classes(model, batches):
    classes = model.eval()(batches[0][0]).shape[1]
    model.train()
    loss, accuracy = score(model, batches)
    return loss, accuracy * classes / 10


def score_of_classes(model, batches):
    """Asks which picture is the best for each class."""
    loss, _ = score(model, batches)
    with torch.no_grad():
        logits = copy.deepcopy(model).eval()(batches[0][0])
    return loss, (logits.argmax(0) == batches[0][1]).float().mean().item()


def score_of_a_pair(model, batches):
    loss, _ = score(model, batches)
    with torch.no_grad():
        logits = copy.deepcopy(model).eval()(batches[0][0])
    return loss, (logits.max(1) == batches[0][1]).float().mean().item()


SUMS = {"loss": 0.0, "right": 0, "n": 0}


def score_with_global_sums(model, batches):
    loss, accuracy = score(model, batches)
    n = sum(len(y) for _, y in batches)
    SUMS.update(loss=SUMS["loss"] + loss * n, right=SUMS["right"] + accuracy * n, n=SUMS["n"] + n)
    return SUMS["loss"] / SUMS["n"], SUMS["right"] / SUMS["n"]


def score_in_training_mode_but_batchnorm(model, batches):
    """Batch normalisation alone is in evaluation mode."""
    mode = model.training
    model.train()
    model[2].eval()
    result = score_that_trains(model, batches)
    model.train(mode)
    return result


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


class PaddedLazy(nn.Module):
    """PyTorch finds the sizes of the inputs itself."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.LazyConv2d(6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.LazyConv2d(16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.LazyLinear(120), nn.ReLU(), nn.LazyLinear(84), nn.ReLU(), nn.LazyLinear(10),
        )  # fmt: skip

    def forward(self, x):
        return self.layers(x)


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


class NoGraph(Padded):
    @torch.no_grad()
    def forward(self, x):
        return super().forward(x)


class Detached(Padded):
    """The convolutions learn nothing."""

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).detach().flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class Frozen(Padded):
    def __init__(self):
        super().__init__()
        self.conv1.requires_grad_(False)


class AsNumpy(Padded):
    def forward(self, x):
        return super().forward(x).detach().numpy()


class Pair(Padded):
    def forward(self, x):
        return super().forward(x), x


class WithDropout(Padded):
    def activation(self, x):
        return F.dropout(F.relu(x), 0.1, self.training)


class SetsItsMode(Padded):
    def forward(self, x):
        self.eval()
        return super().forward(x)


class Decays(Padded):
    """Its weights shrink whenever it is called."""

    def forward(self, x):
        with torch.no_grad():
            self.fc3.weight *= 0.9
        return super().forward(x)


class Standardises(Padded):
    """Divides the pictures by the spread of the batch."""

    def forward(self, x):
        return super().forward(x / x.std())


class ThreePictures(Padded):
    def forward(self, x):
        return super().forward(torch.cat([x, x, x])[:3])


class AsConvolution(Padded):
    """The first linear layer is a convolution of 7x7."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Conv2d(16, 120, 7)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)).flatten(1))))


class Relu6(Padded):
    """Right as long as no number is larger than 6."""

    def activation(self, x):
        return F.relu6(x)


class BoundedLogits(Padded):
    def end(self, x):
        return x.clamp(-10, 10)


class AllZero(Padded):
    def __init__(self):
        super().__init__()
        for p in self.parameters():
            nn.init.zeros_(p)


class Wraps(Padded):
    """What leaves the picture on one side is seen on the other."""

    def __init__(self):
        super().__init__()
        self.conv1.padding_mode = self.conv2.padding_mode = "circular"
        self.conv1._reversed_padding_repeated_twice = self.conv2._reversed_padding_repeated_twice = [2] * 4


class ChannelsLast(Padded):
    """Flattens place by place: another order of the 784 numbers."""

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).permute(0, 2, 3, 1).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class NoModule:
    def forward(self, x):
        return x


class SharedConvolution(Padded):
    """The first convolution belongs to the class: two networks have it together."""

    first = nn.Conv2d(1, 6, 5, padding=2)

    def __init__(self):
        super().__init__()
        self.conv1 = self.first


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


class HiddenWeights(nn.Module):
    """A large layer in a list, where PyTorch does not count it."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 8, 5), nn.Conv2d(8, 16, 5)
        self.hidden = [nn.Linear(256, 400)]
        self.last = nn.Linear(400, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.last(F.relu(self.hidden[0](x.flatten(1))))


def sgd_of_all(model):
    hidden = [p for layer in model.hidden for p in layer.parameters()]
    return torch.optim.SGD([*model.parameters(), *hidden], lr=0.05, momentum=0.9)


def by_hand(times=1):
    """Steps without an optimizer of torch.optim."""

    def train_small(batches):
        model = strided()
        for images, targets in batches:
            for _ in range(times):
                loss = F.cross_entropy(model(images), targets)
                for p, gradient in zip(
                    model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True
                ):
                    p.data -= 0.2 * gradient
        return model

    return train_small


def trained_on_the_files(batches):
    """On MNIST itself; the batches are counted only."""
    mnist = load("mnist").train
    return trained(strided)([mnist[torch.arange(64) + 64 * i] for i, _ in enumerate(batches)])


MODEL = []


def trained_further(batches):
    """One network for all calls."""
    if not MODEL:
        MODEL.append(strided())
    return trained(lambda: MODEL[0])(batches)


def leaving_gradients_off(batches):
    model = trained(strided)(batches)
    torch.set_grad_enabled(False)
    return model


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
    "a": [place, place_by_library, place_in_a_loop, lambda w, k, b: torch.einsum("ochw,chw->o", k, w).add(b)],
    "b": [720, torch.tensor(720), np.float64(720)],
    "c": [
        normalise(0.5, 0.25),
        by_numpy,
        normalise((0.5,), (0.25,)),
        v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5], [0.25])]),
        transforms.Compose([transforms.ToTensor(), transforms.Lambda(lambda x: x * 4 - 2)]),
    ],
    "d": [
        mean_loss,
        lambda losses, sizes: np.average(losses, weights=sizes),
        lambda losses, sizes: torch.tensor(losses).double().repeat_interleave(torch.tensor(sizes)).mean(),
        mean_as_right_running_average,
        lambda losses, sizes: torch.tensor(losses) @ (torch.tensor(sizes) / sum(sizes)),
    ],
    "1": [follow, follow_by_torch, lambda *given: torch.tensor(follow(*given)), follow_lists],
    "2": [convolution, convolution_by_unfold, convolution_by_windows, convolution_by_shifts],
    "3": [score, score_in_one_piece, score_of_sums, score_with_a_twin, score_by_hand],
    "4": [Padded, PaddedSequential, PaddedByHand, PaddedLazy],
    "5": [trained(Small), trained(strided), trained(normed, optimizer=adam), trained(Small, lr=0.1, momentum=0)],
}
KINDS = {
    "a": "value once memory type",
    "b": "type",
    "c": "value once type",
    "d": "value once memory",
    "1": "value once memory",
    "2": "value once memory type",
    "3": "value once memory state type",
    "4": "value once memory structure chance state type",
    "5": "value once structure type state",
}
FEW = {"5": "each call trains a network"}
WRONG = {
    "a": [
        (lambda w, k, b: (k * w).sum(dim=(1, 2, 3)), "sums without the bias"),
        (lambda w, k, b: (k * w + b[:, None, None, None]).sum(dim=(1, 2, 3)), "a bias inside the sum"),
        (lambda w, k, b: (k * w).sum() + b, "one sum over all output channels"),
        (lambda w, k, b: (k * w).sum(dim=(2, 3)) + b[:, None], "sums for each input channel"),
        (lambda w, k, b: (k[:, 0] * w[0]).sum(dim=(1, 2)) + b, "the first input channel alone"),
        (lambda w, k, b: (k * w).mean(dim=(1, 2, 3)) + b, "means in place of sums"),
        (lambda w, k, b: k @ w + b, "your code stops with"),
        (lambda w, k, b: place(w, k, b).squeeze(), "has the shape (), expected (1,)", "value"),
        (place_of_the_lesson, "your code stops with IndexError", "value"),
        (place_of_5x5, "your code stops with", "value"),
        (lambda w, k, b: place(w, k, b)[:2], "expected (6,)", "value"),
        (lambda w, k, b: F.relu(place(w, k, b)), "expected", "value"),
        (remembering(place), "the tensor of outputs is", "once"),
        (remembering(place, name=lambda x: 0), "has the shape", "once"),
        (adding_up(place), "the tensor of outputs is", "once"),
        (place_in_place, "changes its argument weight", "memory"),
        (place_adding_the_bias_to_itself, "changes its argument bias", "memory"),
        (lambda w, k, b: place(w, k, b).numpy(), "the result is a ndarray, expected a tensor", "type"),
        (lambda w, k, b: list(place(w, k, b)), "torch.stack makes one of a list", "type"),
    ],
    "b": [
        (36, "one channel"),
        (980, "the number is 980, expected 720"),
        (20 * 64, "convolutions that keep the side"),
        (500, "two convolutions of 5x5"),
        (20 * 144, "before the last pooling"),
        ("720", "expected numbers", "type"),
        ((20, 6, 6), "the shape; multiply its numbers", "type"),
        (torch.Size([1, 20, 6, 6]), "the shape of a batch", "type"),
        ([720], "has the shape (1,), expected ()", "type"),
    ],
    "c": [
        (transforms.ToTensor(), "ToTensor alone"),
        (normalise(0.5, 0.5), "from -1 to 1"),
        (normalise(0.25, 0.5), "exchanged"),
        (normalise(0, 1), "ToTensor alone"),
        (normalise(127.5, 63.75), "ToTensor has already divided by 255"),
        (
            transforms.Compose([transforms.Normalize(0.5, 0.25), transforms.ToTensor()]),
            "ToTensor comes first",
        ),
        (transforms.Compose([transforms.ToTensor, transforms.Normalize(0.5, 0.25)]), "without its brackets"),
        ([transforms.ToTensor(), transforms.Normalize(0.5, 0.25)], "transforms.Compose makes one of a list"),
        (normalise(0.5, 4), "it divides by its second number"),
        (normalise(-2, 4), "`Normalize(smallest, range)`; it computes (x - first) / second"),
        (normalise(-2, 2), "`Normalize(smallest, largest)`"),
        (by_its_own_pixels, "125 of 126 values differ", "value"),
        (black_and_white, "values differ", "value"),
        (lambda picture: by_numpy(picture.resize((28, 28))), "has the shape", "value"),
        (lambda picture: by_numpy(picture).reshape(1, 28, 28), "your code stops with RuntimeError", "value"),
        (lambda picture: by_numpy(picture).transpose(1, 2), "values differ", "value"),
        (normalise(0.5, 0.25, more=[transforms.RandomHorizontalFlip()]), "values differ", "value"),
        (Keeping(), "the tensor is", "once"),
        (lambda picture: np.array(picture), "is ToTensor missing", "type"),
        (lambda picture: by_numpy(picture).numpy(), "is a ndarray, expected a tensor", "type"),
        (lambda picture: by_numpy(picture).int(), "the tensor is", "type"),
        (lambda picture: by_numpy(picture)[0], "has the shape (28, 28), expected (1, 28, 28)", "type"),
        (lambda picture: by_numpy(picture)[None], "has the shape (1, 1, 28, 28)", "type"),
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
        (lambda losses, sizes: losses * sizes, "your code stops with TypeError"),
        (mean_as_if_only_the_last_were_short, "all batches but the last as large as the first", "value"),
        (mean_as_running_average, "the mean loss is", "value"),
        (lambda losses, sizes: mean_loss(losses, sorted(sizes, reverse=True)), "the mean loss is", "value"),
        (mean_of_a_dictionary, "the mean loss is", "value"),
        (lambda losses, sizes: round(mean_loss(losses, sizes), 4), "the mean loss is", "value"),
        (lambda losses, sizes: float(np.dot(losses, sizes) / (64 * len(sizes) - 56)), "the mean loss is", "value"),
        (lambda losses, sizes: mean_loss(losses, np.uint8(sizes).tolist()), "your code stops with", "value"),
        (remembering(mean_loss, name=len), "the mean loss is", "once"),
        (adding_up(mean_loss), "the mean loss is", "once"),
        (mean_with_default, "the mean loss is", "once"),
        (mean_that_empties, "changes its argument losses", "memory"),
        (mean_by_popping, "changes its argument sizes", "memory"),
        (mean_into_the_list, "changes its argument losses", "memory"),
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
        (lambda *given: [p[::-1] for p in follow(*given)], "pairs in the other order"),
        (lambda *given: [p[0] for p in follow(*given)], "without the parameters"),
        (lambda *given: follow(*given)[:1], "does return stand inside the loop"),
        (lambda channels, side, layers: [channels * side] + [n for _, n in layers], "your code stops with ValueError"),
        (follow_first_channels_only, "layer 3, parameters: it is", "value"),
        (follow_for_lenet, "expected (3, 2)", "value"),
        (follow_pool_by_2, "numbers of the picture", "value"),
        (follow_grey, "it is", "value"),
        (follow_true_division, "it is", "value"),
        (follow_16_bits, "it is", "value"),
        (follow_pools_that_keep_the_numbers, "layer 2, numbers of the picture", "value"),
        (lambda channels, side, layers: follow(channels, 28, layers), "numbers of the picture", "value"),
        (follow_with_memory, "expected (3, 2)", "once"),
        (remembering(lambda layers, c, s: follow(c, s, layers), name=len), "your code stops with", "once"),
        (follow_and_empty, "changes its argument layers", "memory"),
        (then(follow, lambda channels, side, layers: layers.append(layers[0])), "changes its argument", "memory"),
    ],
    "2": [
        (lambda x, w, b, p, s: F.conv2d(x, w, b, padding=p, stride=s), "expected sums and products of your own"),
        (lambda x, w, b, p, s: nn.Conv2d(1, 1, 1)(x[:, :1]), "your function calls conv2d"),
        (lambda x, w, b, p, s: torch.conv2d(x, w, b, s, p), "your function calls conv2d"),
        (convolution_with(lambda a: a | {"bias": 0 * a["bias"]}), "without the bias"),
        (convolution_with(lambda a: a | {"bias": a["weight"].shape[1] * a["bias"]}), "added for each input channel"),
        (convolution_with(lambda a: a | {"x": a["x"][:, :1], "weight": a["weight"][:, :1]}), "the first input channel"),
        (convolution_with(lambda a: a | {"weight": a["weight"].flip(2, 3)}), "turned by half a turn"),
        (convolution_with(lambda a: a | {"padding": 0}), "without padding", "value"),
        (convolution_with(lambda a: a | {"padding": min(a["padding"], 1)}), "has the shape", "value"),
        (convolution_with(lambda a: a | {"stride": 1}), "without stride", "value"),
        (convolution_with(lambda a: a | {"stride": min(a["stride"], 2)}), "has the shape", "value"),
        (convolution_with(lambda a: a | {"x": a["x"][:1]}), "the first picture alone", "value"),
        (convolution_square, "has the shape", "value"),
        (convolution_with_border, "the result is", "value"),
        (convolution_rounding_up, "has the shape", "value"),
        (convolution_1x1_is_a_view, "has the shape", "value"),
        (lambda x, w, b, p, s: F.relu(convolution(x, w, b, p, s)), "the result is 0", "value"),
        (lambda *given: convolution(*given).squeeze(), "has the shape", "value"),
        (remembering(convolution), "the result is", "once"),
        (adding_up(convolution), "the result is", "once"),
        (convolution_in_place, "changes its argument x", "memory"),
        (convolution_into_x, "changes its argument x", "memory"),
        (convolution_in_the_bias, "changes its argument bias", "memory"),
        (convolution_by_numpy, "is a ndarray, expected a tensor", "type"),
        (lambda *given: convolution(*given).half(), "the result is", "type"),
    ],
    "3": [
        (score_that_trains, "is model.eval() missing", "state"),
        (score_in_training_mode_but_batchnorm, "is model.eval() missing", "state"),
        (score_left_in_evaluation, "left in evaluation mode", "state"),
        (score_left_in_training, "left in training mode", "state"),
        (score_with_backward, "is torch.no_grad() missing", "state"),
        (then(score, lambda model, _: model.zero_grad()), "changed in its gradients", "state"),
        (then(score, lambda model, _: model.requires_grad_(False)), "changed in its requires_grad", "state"),
        (then(score, lambda model, _: model.register_forward_hook(print)), "changed in its hooks", "state"),
        (then(score, lambda model, _: model.double()), "changed in its weights", "state"),
        (then(score, lambda model, _: setattr(model[2], "momentum", 0)), "changed in its layers", "state"),
        (then(score, lambda model, _: model[2].reset_running_stats()), "running averages", "state"),
        (then(score, lambda *_: torch.set_grad_enabled(False)), "gradients are left switched off", "state"),
        (score_with_graph, "is torch.no_grad() missing"),
        (score_with_gradients, "is torch.no_grad() missing"),
        (score_of_batches, "means over the batches"),
        (score_like_the_post, "divided by the number of samples"),
        (score_in_percent, "in percent"),
        (lambda model, batches: score(model, batches)[0], "expected the pair", "type"),
        (lambda model, batches: torch.tensor(score(model, batches)), "expected the pair", "type"),
        (lambda model, batches: dict(enumerate(score(model, batches))), "expected the pair", "type"),
        (lambda model, batches: score(model, batches)[::-1], "the pair in the other order"),
        (lambda model, batches: score(model, batches[-1:]), "the last batch alone", "value"),
        (lambda model, batches: score(model, batches[:2]), "(loss, accuracy) is", "value"),
        (lambda model, batches: score(nn.Sequential(model, nn.Softmax(1)), batches), "a softmax before"),
        (score_by_log_of_softmax, "(loss, accuracy) is", "value"),
        (lambda model, batches: [round(part, 2) for part in score(model, batches)], "(loss, accuracy) is", "value"),
        (score_of_classes, "expected one answer for each picture, argmax(dim=1)"),
        (score_of_a_pair, "max(1) gives a pair, expected its second part"),
        (score_with_global_sums, "(loss, accuracy) is", "once"),
        (remembering(score, name=str), "(loss, accuracy) is", "once"),
        (then(score, lambda _, batches: batches.pop()), "changes its argument batches", "memory"),
        (then(score, lambda _, batches: batches[0][0].mul_(2)), "changes its argument batches", "memory"),
    ],
    "4": [
        (LeNet, "the network without padding"),
        (OnlyFirst, "the first convolution alone"),
        (OnlySecond, "the second convolution alone"),
        (OldSize, "a linear layer does not fit"),
        (NoBias, "a network without biases", "structure"),
        (ReluAtTheEnd, "a ReLU after the last layer", "structure"),
        (LeakyAtTheEnd, "a leaky ReLU after the last layer", "structure"),
        (SoftmaxAtTheEnd, "a softmax at the end", "structure"),
        (LogSoftmaxAtTheEnd, "a log-softmax at the end", "structure"),
        (NoRelu, "a network without ReLU", "structure"),
        (NoReluAfterConv1, "no ReLU after the first convolution", "structure"),
        (NoReluAfterConv2, "no ReLU after the second convolution", "structure"),
        (NoReluAfterFc1, "no ReLU after the first linear layer", "structure"),
        (OneByOne, "or padding=1 in both"),
        (Averages, "average pooling", "structure"),
        (Tanh, "tanh in place of ReLU", "structure"),
        (Leaky, "a leaky ReLU in place of ReLU", "structure"),
        (Unused, "made but not used", "structure"),
        (InAList, "where PyTorch does not find them", "structure"),
        (AsConvolution, "none of them is fc1.weight of shape (120, 784)", "structure"),
        (NoGraph, "no gradient to conv1.weight", "structure"),
        (AllZero, "start at one number", "structure"),
        (Wraps, "the batch of logits", "structure"),
        (ChannelsLast, "the batch of logits", "structure"),
        (Relu6, "the batch of logits", "value"),
        (BoundedLogits, "the batch of logits", "value"),
        (Detached, "no gradient to conv1.weight", "structure"),
        (Frozen, "no gradient to conv1.weight", "structure"),
        (WithDropout, "the batch of logits", "chance"),
        (Standardises, "the batch of logits", "value"),
        (ThreePictures, "has the shape (3, 10), expected (1, 10)", "value"),
        (OnlyBatches, "has the shape (10,)", "value"),
        (OneNetworkForAll, "share weights", "once"),
        (SharedConvolution, "share weights", "once"),
        (Remembers, "the batch of logits", "once"),
        (ChangesItsInput, "changes its argument x", "memory"),
        (SetsItsMode, "changes its argument network", "state"),
        (Decays, "changes its argument network", "state"),
        (AsNumpy, "is a ndarray, expected a tensor", "type"),
        (Pair, "is a tuple, expected a tensor", "type"),
        (NoModule, "expected an nn.Module", "type"),
        (NoModule(), "expected the class itself", "type"),
    ],
    "5": [
        (trained(LeNet), "44,426 parameters, expected 20,000 at most", "structure"),
        (trained(no_convolution), "in your network: 0, expected 2 or more", "structure"),
        (trained(NotUsed), "depends on 0 of its 2", "structure"),
        (trained(HiddenWeights, optimizer=sgd_of_all), "that its parameters() do not hold", "structure"),
        (trained(Small, lr=0.001, momentum=0), "guessing"),
        (trained(Small, lr=0.01, momentum=0), "try a larger learning rate, or momentum"),
        (trained(Small, step=False), "is optimizer.step() missing"),
        (trained(strided, first=20, lr=0.01), "The optimizer made 20 steps"),
        (
            trained(lambda: WithEnd(nn.Softmax(1)), loss_fn=lambda p, y: F.nll_loss(p.log(), y)),
            "a softmax stands at the end",
            "structure",
        ),
        (
            trained(lambda: WithEnd(nn.LogSoftmax(1)), loss_fn=F.nll_loss),
            "a log_softmax stands at the end",
            "structure",
        ),
        (trained(lambda: WithEnd(nn.LeakyReLU(0.1))), "a leaky_relu stands at the end", "structure"),
        (trained(lambda: WithEnd(lambda x: F.softplus(x)[:, :])), "no negative number", "structure"),
        (trained(lambda: WithEnd(lambda x: x * (x > 0))), "no negative number", "structure"),
        (trained(strided, passes=2), "a second time"),
        (many_steps, "210 steps, expected 200 at most"),
        (trained_once, "returns weights of the first", "once"),
        (trained_further, "returns weights of the first", "once"),
        (trained_on_the_files, "It gives the digits their old names", "value"),
        (shuffled_labels, "guessing"),
        (lambda batches: Small, "the result is a type", "type"),
        (lambda batches: [trained(strided)(batches)], "the result is a list", "type"),
        (by_hand(), "None made a step", "type"),
        (by_hand(times=3), "None made a step", "type"),
        (leaving_gradients_off, "your code stops with RuntimeError", "state"),
        (
            trained(lambda: nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten(), nn.Linear(9, 10))),
            "a linear layer does not fit",
        ),
    ],
}
