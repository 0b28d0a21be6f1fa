"""Answers to the tasks and exercises of lesson 09."""

import copy
import math
from functools import cache, wraps

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from course_utils.data import load
from tests.practice.slips import added_up, once

# ---- inside the lesson ----


def windows_counted(n, channels):
    layers = [nn.Conv2d(channels, channels, 3, bias=False) for _ in range(n)]
    side = 1
    for _ in layers:
        side += 2
    return [side, sum(p.numel() for p in nn.Sequential(*layers).parameters())]


def he_bound_of_a_layer(shape):
    weight = torch.empty(shape)
    return nn.init.calculate_gain("relu") * math.sqrt(3 / weight[0].numel())


def corrected_loop(numbers, beta):
    m = 0
    for x in numbers:
        m = beta * m + (1 - beta) * x
    return m / (1 - beta ** len(numbers))


def corrected_weights(numbers, beta):
    """As a weighted mean: its weights add up to 1."""
    weights = torch.tensor([beta ** (len(numbers) - 1 - i) for i in range(len(numbers))], dtype=torch.double)
    return (weights * torch.tensor(numbers, dtype=torch.double)).sum() / weights.sum()


def corrected_step_by_step(numbers, beta):
    return [corrected_loop(numbers[: i + 1], beta) for i in range(len(numbers))][-1]


def corrected_numpy(numbers, beta):
    n = len(numbers)
    return np.dot(numbers, beta ** np.arange(n - 1, -1, -1)) * (1 - beta) / (1 - beta**n)


def corrected_goes_on(numbers, beta, kept=[0, 0]):  # noqa: B006
    """The average and the count of the last call are still there."""
    for x in numbers:
        kept[0], kept[1] = beta * kept[0] + (1 - beta) * x, kept[1] + 1
    return kept[0] / (1 - beta ** kept[1])


def corrected_changes_its_list(numbers, beta):
    result = corrected_loop(numbers, beta)
    numbers.clear()
    return result


def products_of_pytorch(in_channels, out_channels, kernel, side):
    layer = nn.Conv2d(in_channels, out_channels, kernel, bias=False)
    return layer.weight.numel() * torch.zeros(side, side).numel()


def strides_of_pytorch(shape):
    return torch.empty(shape).to(memory_format=torch.channels_last).stride()


def strides_usual(shape):
    return torch.empty(shape).stride()


def batches_loop(n, batch_size, drop_last):
    count = 0
    while n >= batch_size:
        n, count = n - batch_size, count + 1
    return count + (n > 0 and not drop_last)


def by_first(function):
    """An answer that keeps its results by the first argument alone."""
    kept = {}
    return wraps(function)(lambda first, *others: kept.setdefault(first, function(first, *others)))


def by_size(function):
    """An answer that keeps its results by the number of numbers and the second argument."""
    kept = {}
    return wraps(function)(lambda numbers, beta: kept.setdefault((len(numbers), beta), function(numbers, beta)))


# ---- 1: what an output sees ----


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


def field_with_numpy(layers):
    kernels, strides = np.reshape(layers, (-1, 2)).T
    return 1 + int(((kernels - 1) * np.cumprod([1, *strides])[:-1]).sum())


def field_that_sorts(layers):
    layers.sort(key=lambda layer: 0)
    layers.append((1, 1))
    return field_forwards(layers)


def field_that_empties_its_list(layers):
    side = 1
    while layers:
        kernel, stride = layers.pop()
        side = (side - 1) * stride + kernel
    return side


def field_global(layers, kept=[1, 1]):  # noqa: B006
    """The sums go on from call to call."""
    for kernel, stride in layers:
        kept[0] += (kernel - 1) * kept[1]
        kept[1] *= stride
    return kept[0]


# ---- 2: first weights from the data ----


@torch.no_grad()
def scaled(model, x, bias=True, anew=True, power=1, after=False, report=None):
    """The right answer, or one with a slip."""
    found = []
    layers = list(model)
    for i, layer in enumerate(layers):
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            if bias and layer.bias is not None:
                layer.bias.zero_()
            y = layer(x)
            measured = layers[i + 1](y) if after and i + 1 < len(layers) else y
            found.append(measured.std().item() if report is None else report)
            layer.weight /= measured.std() ** power
            x = layer(x) if anew else y
        else:
            x = layer(x)
    return found


def scaled_by_data(model, x):
    """With .data, NumPy numbers, and the output divided in place of a second pass."""
    found = []
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            if layer.bias is not None:
                layer.bias.data.fill_(0)
            y = layer(x).detach()
            found.append(float(np.std(y.numpy(), ddof=1)))
            layer.weight.data = layer.weight.data / found[-1]
            x = y / found[-1]
        else:
            x = layer(x).detach()
    return found


def scaled_from_the_start(model, x):
    """Each layer is measured by a pass through the whole network up to it."""
    found = []
    with torch.no_grad():
        for i, layer in enumerate(model):
            if type(layer) in (nn.Conv2d, nn.Linear):
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
                found.append(model[: i + 1](x).std())
                layer.weight.div_(found[-1])
    return found


def scaled_new_parameters(model, x):
    result = scaled(model, x)
    for layer in model:
        if hasattr(layer, "weight"):
            layer.weight = nn.Parameter(layer.weight.detach().clone())
    return result


def scaled_frozen(model, x):
    result = scaled(model, x)
    model.requires_grad_(False)
    return result


def scaled_numpy(model, x):
    """NumPy's std, which divides by n and not by n - 1, and in-place changes of the same memory."""
    found = []
    for layer in model:
        y = layer(x).detach()
        if isinstance(layer, nn.Linear | nn.Conv2d):
            weight = layer.weight.detach().numpy()
            if layer.bias is not None:
                layer.bias.detach().numpy()[:] = 0
            found.append(layer(x).detach().numpy().std())
            weight /= found[-1]
            y = layer(x).detach()
        x = y
    return found


@torch.no_grad()
def scaled_all_with_weights(model, x):
    found = []
    for layer in model:
        if hasattr(layer, "weight"):
            if getattr(layer, "bias", None) is not None:
                layer.bias.zero_()
            found.append(layer(x).std())
            layer.weight /= found[-1]
        x = layer(x)
    return found


def scaled_linear_only(model, x):
    return scaled(nn.Sequential(*(layer if isinstance(layer, nn.Linear) else Passed(layer) for layer in model)), x)


class Passed(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)


def scaled_upside_down(model, x):
    """The right spreads, with the other sign."""
    result = scaled(model, x)
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear | nn.Conv2d):
                layer.weight.neg_()
    return result


def scaled_in_evaluation(model, x):
    return scaled(model.eval(), x)


def scaled_with_hooks(model, x):
    """The hooks stay."""
    for layer in model:
        layer.register_forward_hook(lambda *_: None)
    return scaled(model, x)


def scaled_with_gradients(model, x):
    model(x).sum().backward()
    return scaled(model, x)


def scaled_and_more(model, x):
    """Other layers are changed, too."""
    result = scaled(model, x)
    for layer in model:
        if isinstance(layer, nn.PReLU | nn.GroupNorm):
            layer.weight.data *= 2
    return result


def scaled_without_bias(model, x):
    for layer in model:
        if getattr(layer, "bias", None) is not None:
            layer.bias = None
    return scaled(model, x)


def scaled_by_kept_numbers(model, x, kept={}):  # noqa: B006
    """The numbers of the first call with so many layers."""
    found = scaled(model, x)
    return kept.setdefault(len(model), found)


def scaled_only_told(model, x):
    """The model stays as it was: the work is done on a copy."""
    return scaled(copy.deepcopy(model), x)


def scaled_he(model, x):
    """The list is right, the weights are new ones by He's rule."""
    result = scaled_only_told(model, x)
    for layer in model:
        if hasattr(layer, "weight"):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return result


def scaled_changes_x(model, x):
    result = scaled(model, x)
    x.mul_(0)
    return result


# ---- 3: Adam as an optimizer ----


class OwnAdam:
    """The right answer; the class attributes are slips that the classes below turn on."""

    b1, b2, first, sign = 0.9, 0.999, 1, -1
    corrected, inside, shared_count, clears = True, False, True, True

    def __init__(self, params, lr):
        self.params, self.lr, self.t = list(params), lr, self.first - 1
        self.m = [torch.zeros_like(p) for p in self.params]
        self.v = [torch.zeros_like(p) for p in self.params]

    def zero_grad(self):
        if self.clears:
            for p in self.params:
                p.grad = None

    @torch.no_grad()
    def step(self):
        self.t += 1
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            if not self.shared_count and i:
                self.t += 1
            self.m[i] = self.b1 * self.m[i] + (1 - self.b1) * p.grad
            self.v[i] = self.b2 * self.v[i] + (1 - self.b2) * p.grad**2
            p += self.sign * self.lr * self.change(self.m[i], self.v[i], p.grad)

    def change(self, m, v, gradient):
        if self.corrected:
            m, v = m / (1 - self.b1**self.t), v / (1 - self.b2**self.t)
        return m / ((v + 1e-8).sqrt() if self.inside else v.sqrt() + 1e-8)


class AdamByDict:
    """Another right one: a dictionary by parameter, in-place averages, .data, gradients set to zeros."""

    def __init__(self, params, lr):
        self.state = {p: [torch.zeros_like(p.data), torch.zeros_like(p.data), 0] for p in params}
        self.lr = lr

    def zero_grad(self):
        for p in self.state:
            if p.grad is not None:
                p.grad.zero_()

    def step(self):
        for p, state in self.state.items():
            if p.grad is not None:
                m, v, t = state
                state[2] = t = t + 1
                m.mul_(0.9).add_(p.grad, alpha=0.1)
                v.mul_(0.999).addcmul_(p.grad, p.grad, value=0.001)
                p.data.addcdiv_(m / (1 - 0.9**t), (v / (1 - 0.999**t)).sqrt() + 1e-8, value=-self.lr)


class AdamOneRow(OwnAdam):
    """With NumPy for the state."""

    def __init__(self, params, lr):
        super().__init__(params, lr)
        self.m = [np.zeros(p.shape) for p in self.params]
        self.v = [np.zeros(p.shape) for p in self.params]

    def step(self):
        self.t += 1
        for i, p in enumerate(self.params):
            if p.grad is not None:
                g = p.grad.numpy()
                self.m[i] = 0.9 * self.m[i] + 0.1 * g
                self.v[i] = 0.999 * self.v[i] + 0.001 * g * g
                p.data -= self.lr * self.change(torch.tensor(self.m[i]), torch.tensor(self.v[i]), g)


def slip(**settings):
    return type("OwnAdam", (OwnAdam,), settings)


class AdamAnew(OwnAdam):
    def step(self):
        self.m = [torch.zeros_like(p) for p in self.params]
        self.v = [torch.zeros_like(p) for p in self.params]
        super().step()


class AdamSharedState(OwnAdam):
    """m and v belong to the class: two optimizers mix them."""

    m, v = [torch.zeros(9).double()] * 9, [torch.zeros(9).double()] * 9

    def __init__(self, params, lr):
        self.params, self.lr, self.t = list(params), lr, 0
        for i, p in enumerate(self.params):
            AdamSharedState.m[i] = torch.zeros_like(p)
            AdamSharedState.v[i] = torch.zeros_like(p)


class AdamGenerator(OwnAdam):
    """Keeps the iterator itself, which is empty after its first use."""

    def __init__(self, params, lr):
        self.params, self.lr, self.t, self.m, self.v = params, lr, 0, {}, {}

    def step(self):
        return None

    def zero_grad(self):
        for p in self.params:
            p.grad = None


class AdamNewTensors(OwnAdam):
    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                p = p - self.lr * p.grad.sign()  # noqa: PLW2901


class AdamNoNone(OwnAdam):
    @torch.no_grad()
    def step(self):
        self.t += 1
        for i, p in enumerate(self.params):
            self.m[i] = 0.9 * self.m[i] + 0.1 * p.grad


class AdamWithGradients(OwnAdam):
    def step(self):
        with torch.enable_grad():
            for p in self.params:
                p -= 0.1


class AdamOfTorch:
    def __init__(self, params, lr):
        self.inner = torch.optim.Adam(params, lr=lr)

    def step(self):
        self.inner.step()

    def zero_grad(self):
        self.inner.zero_grad()


class AdamSgd(OwnAdam):
    def change(self, m, v, gradient):
        return gradient


class AdamRate(OwnAdam):
    """lr written out."""

    def __init__(self, params, lr):
        super().__init__(params, 0.1)


class AdamSlots:
    """One row for all numbers, no dictionary of its own."""

    __slots__ = ("lr", "m", "params", "t", "v")

    def __init__(self, params, lr):
        self.params = [p for p in params if p.requires_grad]
        self.lr, self.t, self.m, self.v = lr, 0, 0, 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        used = [p for p in self.params if p.grad is not None]
        g = torch.cat([p.grad.flatten() for p in used])
        self.t += 1
        self.m, self.v = 0.9 * self.m + 0.1 * g, 0.999 * self.v + 0.001 * g**2
        change = self.lr * self.m / (1 - 0.9**self.t) / ((self.v / (1 - 0.999**self.t)).sqrt() + 1e-8)
        with torch.no_grad():
            for p, part in zip(used, change.split([p.numel() for p in used]), strict=True):
                p.sub_(part.view_as(p))


class AdamFamily(torch.optim.Adam):
    def __init__(self, params, lr):
        super().__init__(params, lr=lr)


class AdamMadeInStep(OwnAdam):
    """A new optimizer of PyTorch's for each step, which it does not keep."""

    def step(self):
        torch.optim.Adam(self.params, lr=self.lr).step()


class AdamInAList(OwnAdam):
    def __init__(self, params, lr):
        super().__init__(params, lr)
        self.inner = [torch.optim.Adam([p], lr=lr) for p in self.params]

    def step(self):
        for optimizer in self.inner:
            optimizer.step()


class AdamSharedCount(OwnAdam):
    """One count for all optimizers."""

    count = 0

    def step(self):
        AdamSharedCount.count += 1
        self.t = AdamSharedCount.count - 1
        super().step()


class AdamDefaults(OwnAdam):
    """m and v as default arguments."""

    def __init__(self, params, lr, m={}, v={}):  # noqa: B006
        super().__init__(params, lr)
        self.m, self.v = m, v
        for i, p in enumerate(self.params):
            m.setdefault(i, torch.zeros_like(p))
            v.setdefault(i, torch.zeros_like(p))
            if m[i].shape != p.shape:
                m[i], v[i] = torch.zeros_like(p), torch.zeros_like(p)


class AdamScalesGradients(OwnAdam):
    """Changes the gradients themselves."""

    def change(self, m, v, gradient):
        gradient.mul_(0.5)
        return super().change(m, v, gradient)


class AdamClearsInStep(OwnAdam):
    """zero_grad() does nothing: step() clears."""

    clears = False

    def step(self):
        super().step()
        for p in self.params:
            p.grad = None


class AdamReturns(OwnAdam):
    def step(self):
        super().step()
        return self.params


class AdamClearsTheFirst(OwnAdam):
    def zero_grad(self):
        self.params[0].grad = None


class AdamForgetsAfterTen(OwnAdam):
    """Right for ten steps."""

    def step(self):
        super().step()
        self.t = min(self.t, 9)


class AdamWithDecay(OwnAdam):
    """Weights that fall, as AdamW makes them."""

    def step(self):
        for p in self.params:
            if p.grad is not None:
                p.data *= 1 - 0.01 * self.lr
        super().step()


class AdamLargeEps(OwnAdam):
    def change(self, m, v, gradient):
        return m / (1 - 0.9**self.t) / ((v / (1 - 0.999**self.t)).sqrt() + 1e-7)


class AdamNoEps(OwnAdam):
    def change(self, m, v, gradient):
        return m / (1 - 0.9**self.t) / (v / (1 - 0.999**self.t)).sqrt()


class AdamFreezes(OwnAdam):
    def step(self):
        super().step()
        for p in self.params:
            p.requires_grad_(False)


class AdamMovesAll(OwnAdam):
    def step(self):
        super().step()
        for p in self.params:
            if p.grad is None:
                p.data -= 0.1


# ---- 4: a small budget ----


def small(c=(8, 16, 16)):
    return nn.Sequential(
        nn.Conv2d(1, c[0], 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(c[0], c[1], 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(c[1], c[2], 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(2),
        nn.Flatten(), nn.Linear(4 * c[2], 10),
    )  # fmt: skip


def trained(model, batches, optimizer=None, step=True, passes=1):
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(passes):
        for x, y in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            if step:
                optimizer.step()
    return model


class Strided(nn.Module):
    """A stride in place of the first pooling, layers in a ModuleList, SGD with momentum."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(1, 12, 5, stride=2, padding=2), nn.Conv2d(12, 20, 3, padding=1)])
        self.fc = nn.Linear(180, 10)

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.fc(F.max_pool2d(x, 4).flatten(1))


def train_strided(batches):
    model = Strided()
    return trained(model, batches, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9))


class Few(nn.Module):
    """Mean pooling first, so that all layers are cheap; weights as parameters, layers as functions."""

    def __init__(self):
        super().__init__()
        self.first = nn.Parameter(nn.init.kaiming_uniform_(torch.empty(12, 1, 3, 3), nonlinearity="relu"))
        self.second = nn.Parameter(nn.init.kaiming_uniform_(torch.empty(20, 12, 3, 3), nonlinearity="relu"))
        self.fc = nn.Linear(180, 10)

    def forward(self, x):
        x = F.relu(F.conv2d(F.avg_pool2d(x, 2), self.first, padding=1))
        x = F.relu(F.conv2d(F.max_pool2d(x, 2), self.second, padding=1))
        return self.fc(F.max_pool2d(x, 2).flatten(1))


class Hidden(nn.Module):
    """Its layers are in a plain list, where PyTorch does not find them."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Conv2d(1, 8, 3), nn.Linear(8, 10)]

    def forward(self, x):
        return self.layers[1](F.relu(self.layers[0](x)).mean(dim=(2, 3)))


class OneInAList(nn.Module):
    """One layer is in a plain list, where an optimizer can still be told of it."""

    def __init__(self):
        super().__init__()
        self.hidden = [nn.Conv2d(1, 8, 3, padding=1)]
        self.rest = nn.Sequential(nn.MaxPool2d(4), nn.Flatten(), nn.Linear(8 * 49, 10))

    def forward(self, x):
        return self.rest(F.relu(self.hidden[0](x)))


class ByMatrices(nn.Module):
    """Its products are in `@`, where no layer is."""

    def __init__(self):
        super().__init__()
        self.rows = nn.Parameter(torch.randn(28, 28) / 5)
        self.deep = nn.ParameterList([torch.randn(28, 28) / 5 for _ in range(3)])
        self.last = nn.Linear(49, 10)

    def forward(self, x):
        for _ in range(6):
            for weight in [self.rows, *self.deep]:
                x = F.leaky_relu(x @ weight)
        return self.last(F.max_pool2d(x, 4).flatten(1))


class OfTheBatch(nn.Module):
    """Uses the batch's own statistics, in evaluation mode, too."""

    def __init__(self):
        super().__init__()
        self.inner = small()

    def forward(self, x):
        y = self.inner(x)
        return y - y.mean(dim=0)


class SpoilsItsInput(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = small()

    def forward(self, x):
        return self.inner(x.mul_(0.9))


class DropsAlways(nn.Module):
    """F.dropout without `training`."""

    def __init__(self):
        super().__init__()
        self.inner = small()

    def forward(self, x):
        return self.inner(F.dropout(x, 0.05))


@cache
def trained_before():
    """A network that another cell has trained."""
    mnist = load("mnist")
    batches = [mnist.train[torch.arange(100 * i, 100 * i + 100)] for i in range(200)]
    return trained(Few(), batches)


KEPT = []


def train_on(batches):
    """The network of the first call is trained on."""
    if not KEPT:
        KEPT.append(Few())
    return trained(KEPT[0], batches)


def train_by_hand(batches):
    """Two steps for each batch, without an optimizer."""
    model = Few()
    for x, y in batches:
        for _ in range(2):
            F.cross_entropy(model(x), y).backward()
            for p in model.parameters():
                p.data -= 0.05 * p.grad
                p.grad = None
    return model


def train_with_own_adam(batches):
    """The optimizer of 09.3, mixed precision of types, batch norm that follows quickly."""
    model = nn.Sequential(
        nn.Conv2d(1, 12, 5, stride=2), nn.BatchNorm2d(12, momentum=0.2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 16, 3), nn.ReLU(), nn.Dropout(0.1), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip
    return trained(model, batches, OwnAdam(model.parameters(), lr=0.01))


KINDS = {
    "a": "value once",
    "b": "value once",
    "c": "value once memory",
    "d": "value once",
    "e": "value once",
    "f": "value once",
    "1": "value once memory",
    "2": "value once memory type state",
    "3": "value once memory type state",
    "4": "value once memory structure type state",
}
FEW = {"f": "drop_last has two values", "4": "each call trains a network"}
RIGHT = {
    "a": [lambda n, channels: (2 * n + 1, n * 9 * channels**2), windows_counted,
          lambda n, c: torch.tensor([1 + 2 * n, 9 * n * c * c]), lambda n, c: np.array([2 * n + 1, n * (3 * c) ** 2])],
    "b": [lambda shape: math.sqrt(6 / math.prod(shape[1:])), he_bound_of_a_layer,
          lambda shape: np.sqrt(2 / np.prod(shape[1:])) * np.sqrt(3),
          lambda shape: torch.tensor(6 / torch.empty(shape)[0].numel()).sqrt()],
    "c": [corrected_loop, corrected_weights, corrected_step_by_step, corrected_numpy],
    "d": [lambda i, o, k, side: i * o * k**2 * side**2, products_of_pytorch,
          lambda *sizes: float(sizes[0] * sizes[1] * (sizes[2] * sizes[3]) ** 2),
          lambda i, o, k, side: np.prod([i, o, k, k, side, side])],
    "e": [lambda shape: (shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]), strides_of_pytorch,
          lambda shape: [math.prod(shape[1:]), 1, shape[1] * shape[3], shape[1]],
          lambda s: torch.empty(s[0], s[2], s[3], s[1]).permute(0, 3, 1, 2).stride(),
          lambda s: np.array(np.empty((s[0], s[2], s[3], s[1]), np.int8).transpose(0, 3, 1, 2).strides)],
    "f": [batches_loop, lambda n, batch_size, drop_last: (n if drop_last else n + batch_size - 1) // batch_size,
          lambda n, batch_size, drop_last: len(DataLoader(range(n), batch_size, drop_last=drop_last)),
          lambda n, b, drop: np.floor(n / b) if drop else np.ceil(n / b),
          lambda n, b, drop: torch.tensor(len([p for p in torch.arange(n).split(b) if len(p) == b or not drop]))],
    "1": [field_forwards, field_backwards, field_by_gradient, field_with_numpy],
    "2": [scaled, scaled_by_data, scaled_from_the_start, scaled_numpy],
    "3": [OwnAdam, AdamByDict, AdamOneRow, AdamSlots],
    "4": [lambda batches: trained(small(), batches), train_strided, lambda batches: trained(Few(), batches),
          train_with_own_adam],
}  # fmt: skip
WRONG = {
    "a": [
        (lambda n, c: (3 * n, n * 9 * c**2), "the sum of the kernels"),
        (lambda n, c: (n + 2, n * 9 * c**2), "one pixel more for each convolution"),
        (lambda n, c: (2 * n, n * 9 * c**2), "expected 5"),
        (lambda n, c: (2 * n + 1, 9 * c**2), "there are n"),
        (lambda n, c: (2 * n + 1, n * 9 * c), "one input channel"),
        (lambda n, c: (2 * n + 1, n * (9 * c**2 + c)), "these convolutions have none"),
        (lambda n, c: (2 * n + 1, (2 * n + 1) ** 2 * c**2), "a window as large as the field"),
        (lambda n, c: (2 * n + 1, n * 9 * 64**2), "expected 9", "value"),
        (lambda n, c: (5 if n == 2 else 7, n * 9 * c**2), "expected 3 (for n = 1", "value"),
        (by_first(lambda n, c: (2 * n + 1, n * 9 * c**2)), "expected 2592", "once"),
        (once(lambda n, c: (2 * n + 1, n * 9 * c**2)), "expected 7", "once"),
        (lambda n, c: (n * 9 * c**2, 2 * n + 1), "the side comes first"),
        (lambda n, c: 2 * n + 1, "the result is a int, expected two numbers"),
        (lambda n, c: (2 * n + 1, n * 9, c**2), "the result is a list of 3"),
    ],
    "b": [
        (lambda shape: math.sqrt(2 / math.prod(shape[1:])), "the standard deviation"),
        (lambda shape: math.sqrt(1 / math.prod(shape[1:])), "PyTorch's default"),
        (lambda shape: math.sqrt(3 / math.prod(shape[1:])), "without the factor 2"),
        (lambda shape: 6 / math.prod(shape[1:]), "a forgotten root"),
        (lambda shape: math.sqrt(6 / shape[1]), "without the window"),
        (lambda shape: math.sqrt(6 / shape[0]), "fan-out in place of fan-in"),
        (lambda shape: math.sqrt(6 / (shape[1] * shape[2] ** 2 if len(shape) == 4 else shape[1])), "(3, 7, 1, 4)"),
        (lambda shape: math.sqrt(6 / (shape[1] * shape[2] * shape[3])), "IndexError"),
        (lambda shape: math.sqrt(6 / 288), "expected 0.0437"),
        (lambda shape: math.sqrt(6 / shape[1] / (9 if len(shape) > 2 else 1)), "for shape = (8, 1, 5, 5)", "value"),
        (lambda shape: round(math.sqrt(6 / math.prod(shape[1:])), 4), "expected 0.0437", "value"),
        (once(lambda shape: math.sqrt(6 / math.prod(shape[1:]))), "expected 0.144", "once"),
        (added_up(lambda shape: math.sqrt(6 / math.prod(shape[1:]))), "expected 0.144", "once"),
        (lambda shape: -math.sqrt(6 / math.prod(shape[1:])), "expected 0.0437"),
    ],
    "c": [
        (lambda numbers, beta: corrected_loop(numbers, beta) * (1 - beta ** len(numbers)), "no bias correction"),
        (lambda numbers, beta: corrected_loop(numbers, beta) * (1 - beta ** len(numbers)) ** 2, "divides"),
        (lambda numbers, beta: corrected_loop(numbers, 1 - beta), "exchanged"),
        (lambda numbers, beta: sum(numbers) / len(numbers), "the mean of the numbers"),
        (lambda numbers, beta: numbers[-1], "the last number alone"),
        (lambda numbers, beta: corrected_loop(numbers, 0.9), "expected", "value"),
        (lambda numbers, beta: corrected_loop(numbers[-5:], beta), "a list of 40", "value"),
        (lambda numbers, beta: corrected_loop(numbers, max(beta, 0.5)), "beta = 0.125", "value"),
        (lambda numbers, beta: abs(corrected_loop(numbers, beta)), "expected -", "value"),
        (lambda numbers, beta: [corrected_loop(numbers, beta)] * len(numbers), "has the shape (2,)"),
        (corrected_goes_on, "expected 1.84211", "once"),
        (by_size(corrected_loop), "expected 1.84211", "once"),
        (once(corrected_loop), "expected 1.84211", "once"),
        (corrected_changes_its_list, "changes its argument numbers", "memory"),
        (lambda numbers, beta: corrected_loop([numbers.pop(0) for _ in numbers[:]], beta), "changes its", "memory"),
    ],
    "d": [
        (lambda i, o, k, side: i * o * k**2, "each is used at every place"),
        (lambda i, o, k, side: o * k**2 * side**2, "expected"),
        (lambda i, o, k, side: i * o * k**2 * (side - k + 1) ** 2, "padding keeps the side"),
        (lambda i, o, k, side: (i * k**2 + 1) * o * side**2, "adding a bias"),
        (lambda i, o, k, side: i * o * k**2 * side, "the places of one row"),
        (lambda i, o, k, side: i * o * 9 * side**2, "k = 7", "value"),
        (lambda i, o, k, side: i * o * k**2 * 28**2, "side = 14", "value"),
        (lambda i, o, k, side: i * o * k * 3 * side**2, "k = 7", "value"),
        (lambda i, o, k, side: i * o * k**2 * (side - 1 + k % 2) ** 2, "k = 4", "value"),
        (lambda i, o, k, side: 2 * i * o * k**2 * side**2, "counted apart"),
        (once(lambda i, o, k, side: i * o * k**2 * side**2), "expected", "once"),
        (added_up(lambda i, o, k, side: i * o * k**2 * side**2), "i = 32", "once"),
    ],
    "e": [
        (strides_usual, "the usual order"),
        (lambda s: (s[1] * s[2] * s[3], s[3] * s[1], s[1], 1), "the order N, H, W, C"),
        (lambda s: (s[1] * s[2] * s[3], 1, s[1], s[3] * s[1]), "one row for the other axis"),
        (lambda s: (s[1] * s[2] * s[3], 1, s[2] * s[1], s[1]), "H in place of W"),
        (lambda s: (s[1] * s[2] * s[3], 1, s[3], 1), "a row without its channels"),
        (lambda s: s, "the shape itself"),
        (lambda s: (6272, 1, 448, 32), "(2, 3, 5, 7)", "value"),
        (lambda s: (s[1] * s[2] ** 2, 1, s[3] * s[1], s[1]), "(2, 3, 5, 7)", "value"),
        (lambda s: (math.prod(s[1:]) % 2**15, 1, s[3] * s[1], s[1]), "(3, 4, 300, 400)", "value"),
        (once(strides_of_pytorch), "(2, 3, 5, 7)", "once"),
        (added_up(lambda s: np.array(strides_of_pytorch(s))), "(2, 3, 5, 7)", "once"),
        (lambda s: [4 * n for n in strides_of_pytorch(s)], "expected"),
    ],
    "f": [
        (lambda n, b, drop: n // b, "although drop_last is False"),
        (lambda n, b, drop: -(-n // b), "although drop_last is True"),
        (lambda n, b, drop: n // b + (not drop), "n divides evenly here"),
        (lambda n, b, drop: n // b if not drop else -(-n // b), "although drop_last is"),
        (lambda n, b, drop: n / b, "expected a whole number"),
        (lambda n, b, drop: n // b if drop else round(n / b), "n = 60000, b = 256, drop = False", "value"),
        (lambda n, b, drop: max(1, n // b) if drop else -(-n // b), "n = 5, b = 8, drop = True", "value"),
        (lambda n, b, drop: n % b, "the number of pictures left out"),
        (lambda n, b, drop: 0, "expected 600"),
        (lambda n, b, drop: float("nan"), "expected"),
        (by_first(lambda n, b, drop: n // b if drop else -(-n // b)), "expected 430", "once"),
        (once(batches_loop), "n = 55000", "once"),
    ],
    "1": [
        (lambda layers: 1 + sum(k - 1 for k, _ in layers), "forgotten strides"),
        (lambda layers: sum(k for k, _ in layers), "neighbouring windows overlap"),
        (lambda layers: math.prod(k for k, _ in layers), "the product of the kernels"),
        (field_early_stride, "acts too early"),
        (lambda layers: 1 + sum((k - 1) * s for k, s in layers), "the strides of all layers before it multiply"),
        (lambda layers: field_forwards(layers[::-1]), "the wrong order"),
        (lambda layers: field_forwards(layers[:-1]), "expected 5"),
        (lambda layers: field_forwards(layers) ** 2, "this looks like the area"),
        (field_grown, "the field itself times each stride"),
        (lambda layers: field_forwards([(k, min(s, 2)) for k, s in layers]), "(7, 3)", "value"),
        (lambda layers: field_forwards(layers[:4]), "(2, 2), (3, 1), (2, 2), (3, 1)", "value"),
        (lambda layers: field_forwards(layers) if layers else 0, "layers = []", "value"),
        (lambda layers: field_forwards([(k, s) for k, s in layers if k < 7]), "(7, 3)", "value"),
        (field_that_empties_its_list, "changes its argument layers", "memory"),
        (field_that_sorts, "changes its argument layers", "memory"),
        (field_global, "the receptive field is", "once"),
        (once(field_forwards), "expected 10", "once"),
        (lambda layers: 0, "expected 5"),
    ],
    "2": [
        (lambda model, x: scaled(model, x, bias=False), "biases that are not set to 0"),
        (lambda model, x: scaled(model, x, anew=False), "the outputs from before the division"),
        (lambda model, x: scaled(model, x, power=2), "a division by the variance"),
        (lambda model, x: scaled(model, x, after=True), "measure the layer itself"),
        (lambda model, x: scaled(model, x, report=1.0), "those before the division"),
        (lambda model, x: [layer(x).std().item() for layer in model], "your code stops with"),
        (scaled_only_told, "still has biases"),
        (scaled_he, "afterwards, expected 1"),
        (scaled_upside_down, "divided by a positive number"),
        (scaled_linear_only, "expected (3,)", "value"),
        (scaled_all_with_weights, "Linear and Conv2d only", "value"),
        (scaled_by_kept_numbers, "expected", "once"),
        (once(scaled), "expected", "once"),
        (scaled_changes_x, "changes its argument x", "memory"),
        (scaled_new_parameters, "new parameters", "memory"),
        (scaled_without_bias, "new parameters", "memory"),
        (lambda model, x: scaled(model.double(), x.double()), "the model has new", "type"),
        (scaled_frozen, "frozen ones", "state"),
        (scaled_in_evaluation, "other modes", "state"),
        (scaled_with_hooks, "hooks", "state"),
        (scaled_with_gradients, "gradients", "state"),
        (scaled_and_more, "a PReLU, is changed", "state"),
        (lambda model, x: torch.tensor(scaled(model, x)), "expected the list", "type"),
        (lambda model, x: dict(enumerate(scaled(model, x))), "expected the list", "type"),
        (lambda model, x: [torch.full((3,), s) for s in scaled(model, x)], "tensors with axes", "type"),
    ],
    "3": [
        (slip(corrected=False), "no bias correction"),
        (slip(inside=True), "eps inside the root"),
        (slip(b1=0.999, b2=0.9), "beta1 and beta2 exchanged"),
        (slip(b2=0.99), "expected", "value"),
        (slip(sign=1), "a step uphill"),
        (slip(first=2), "begins with 2"),
        (slip(shared_count=False), "grows with each parameter"),
        (slip(clears=False), "after zero_grad() there are still gradients", "state"),
        (AdamAnew, "make the zeros in __init__"),
        (AdamSharedState, "two optimizers live side by side", "once"),
        (AdamSharedCount, "lr=0.003, step 1", "once"),
        (AdamDefaults, "expected", "once"),
        (AdamGenerator, "is the list of parameters used up"),
        (AdamNewTensors, "is p a new tensor"),
        (AdamNoNone, "whose grad is None left out"),
        (AdamWithGradients, "inside torch.no_grad()"),
        (AdamOfTorch, "an optimizer of torch.optim", "type"),
        (AdamFamily, "an optimizer of torch.optim", "type"),
        (AdamMadeInStep, "an optimizer of torch.optim", "type"),
        (AdamInAList, "an optimizer of torch.optim", "type"),
        (AdamReturns, "step() returns a list, expected nothing", "type"),
        (AdamSgd, "SGD"),
        (AdamRate, "lr=0.003", "value"),
        (AdamForgetsAfterTen, "step 11", "value"),
        (AdamWithDecay, "expected", "value"),
        (AdamLargeEps, "expected", "value"),
        (AdamNoEps, "a missing eps", "value"),
        (AdamScalesGradients, "step() changes the gradients", "memory"),
        (AdamClearsInStep, "step() changes the gradients", "memory"),
        (AdamClearsTheFirst, "after zero_grad() there are still gradients", "state"),
        (AdamFreezes, "step() freezes the parameters", "state"),
        (AdamMovesAll, "has changed, expected that it stays"),
        (OwnAdam([], 0.1), "without brackets"),
        (type("OwnAdam", (), {"__init__": lambda self, _, lr: setattr(self, "lr", lr)}), "has no method zero_grad()"),
    ],
    "4": [
        (lambda batches: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), "7,850 parameters"),
        (lambda batches: small((16, 16, 12)), "products for a picture"),
        (lambda batches: ByMatrices(), "products for a picture", "structure"),
        (lambda batches: trained(Few(), batches, step=False), "optimizer.step() missing"),
        (lambda batches: trained(small(), batches, passes=2), "a second time"),
        (train_by_hand, "gradients are computed 400 times"),
        (lambda batches: nn.Sequential(small(), nn.LogSoftmax(dim=1)), "a log_softmax stands", "structure"),
        (lambda batches: nn.Sequential(small(), nn.ReLU()), "a relu stands", "structure"),
        (lambda batches: nn.Sequential(small(), nn.Tanh()), "a tanh stands", "structure"),
        (lambda batches: Hidden(), "in a plain list", "structure"),
        (lambda batches: OneInAList(), "in a plain list", "structure"),
        (lambda batches: OfTheBatch(), "alone than in a batch", "structure"),
        (lambda batches: DropsAlways(), "alone than in a batch", "state"),
        (lambda batches: SpoilsItsInput(), "changes its argument x", "memory"),
        (lambda batches: copy.deepcopy(trained_before()), "in a second call", "value"),
        (once(lambda batches: trained(Few(), batches)), "a second call returns", "once"),
        (train_on, "a second call returns", "once"),
        (lambda batches: trained(m := Few(), batches, torch.optim.SGD(m.parameters(), lr=1e-4)), "expected 91%"),
        (lambda batches: 5_000, "expected the trained network"),
        (lambda batches: small, "the result is a function", "type"),
        (lambda batches: (small(), 0.5), "the result is a tuple", "type"),
        (lambda batches: nn.Conv2d(1, 10, 3), "expected logits of shape (64, 10)"),
    ],
}  # fmt: skip
