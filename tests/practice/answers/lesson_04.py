"""Answers to the exercises and the small tasks of lesson 04."""

from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.practice.slips import first_value, once, once_by_shape

# ---- the small tasks ----


def error_by_loop(p, digit):
    return sum((p[k] - float(k == digit)) ** 2 for k in range(len(p))) / len(p)


def error_by_one_hot(p, digit):
    return (p - F.one_hot(torch.tensor(digit), len(p))).square().mean()


def error_by_dot_product(p, digit):
    """The squares of p, and what the right class has less or more."""
    return (p @ p - 2 * p[digit] + 1) / p.numel()


def error_of_the_library(p, digit):
    return F.mse_loss(p, F.one_hot(torch.tensor(digit), len(p)).float())


def error_of_a_layer(p, digit):
    return nn.MSELoss()(p, torch.eye(len(p))[digit])


TARGET = torch.zeros(12)


def error_in_a_global(p, digit):
    """One target for all calls: the ones of earlier calls stay."""
    TARGET[digit] = 1
    return ((p - TARGET[: len(p)]) ** 2).mean()


def error_in_numpy(p, digit):
    return ((p.numpy() - np.eye(len(p))[digit]) ** 2).mean()


def error_in_place(p, digit):
    p[digit] -= 1
    return (p**2).mean()


def error_with(last):
    def error(p, digit):
        target = torch.zeros(len(p))
        target[digit] = 1
        return last(p - target)

    return error


def standardise_torch(x):
    return (x - x.mean(dim=0)) / x.std(dim=0, unbiased=False)


def standardise_numpy(x):
    x = x.numpy().astype(np.float64)
    return (x - x.mean(axis=0)) / x.std(axis=0)


def standardise_library(x):
    return nn.BatchNorm1d(x.shape[1], affine=False)(x)


STATISTICS = {}


def standardise_by_the_first(x):
    """As with a training set: the mean and the deviation of the first table with so many columns."""
    mean, std = STATISTICS.setdefault(x.shape[1], (x.mean(0), x.std(0, unbiased=False)))
    return (x - mean) / std


def standardise_view(x):
    x.sub_(x.mean(0)).div_(x.std(0, unbiased=False))
    return x


def standardise_in_place(x):
    x -= x.mean(dim=0)
    return x / x.std(dim=0, unbiased=False)


def running_by_steps(means):
    running = 0.0
    for mean in means:
        running = 0.9 * running + 0.1 * mean
    return running


def running_in_one_sum(means):
    return sum(0.1 * 0.9**i * mean for i, mean in enumerate(reversed(means)))


def running_by_the_library(means):
    layer = nn.BatchNorm1d(1)
    for mean in means:
        layer(torch.full((2, 1), mean))
    return layer.running_mean[0]


def running_by_popping(means):
    """The list is empty afterwards."""
    running = 0.0
    while means:
        running += 0.1 * (means.pop(0) - running)
    return running


def running_list(means):
    """The running mean after each batch; the last one is asked for."""
    return [running_by_steps(means[: i + 1]) for i in range(len(means))]


KEPT = [0.0]


def running_in_a_global(means):
    for mean in means:
        KEPT[0] += 0.1 * (mean - KEPT[0])
    return KEPT[0]


def running_with(share=0.1, start=0.0):
    def running_mean(means):
        running = start
        for mean in means:
            running += share * (mean - running)
        return running

    return running_mean


# ---- 1: accuracy ----


def accuracy_by_batch(model, loader):
    model.eval()
    right = n = 0
    with torch.no_grad():
        for images, targets in loader:
            right += (model(images).argmax(dim=1) == targets).sum().item()
            n += len(targets)
    return right / n


@torch.no_grad()
def accuracy_at_once(network, batches):
    network.train(False)
    pairs = [(network(x).softmax(1), y) for x, y in batches]
    network.train()
    answers, truth = torch.cat([p for p, _ in pairs]), torch.cat([y for _, y in pairs])
    return (answers.numpy().argmax(1) == truth.numpy()).mean()


def accuracy_with(divide, ready=nn.Module.eval):
    """An accuracy with another mode or another last line."""

    @torch.no_grad()
    def accuracy(model, loader):
        ready(model)
        right = [(model(x).argmax(1) == y).sum().item() for x, y in loader]
        return divide(right, loader)

    return accuracy


COUNTED = [0, 0]


def accuracy_in_a_global(model, loader):
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            COUNTED[0] += (model(x).argmax(1) == y).sum().item()
            COUNTED[1] += len(y)
    return COUNTED[0] / COUNTED[1]


def accuracy_of_equal_batches(model, loader):
    """All batches but the last are taken to be as large as the first."""
    model.eval()
    with torch.no_grad():
        sizes = [(len(y), (model(x).argmax(1) == y).sum().item()) for x, y in loader]
    return sum(right for _, right in sizes) / (sizes[0][0] * (len(sizes) - 1) + sizes[-1][0])


def accuracy_with_counter(model, loader):
    """Without no_grad: it costs memory, and is right."""
    model.eval()
    seen = Counter()
    for x, y in loader:
        seen.update(bool(row.max(0)[1] == t) for row, t in zip(model(x), y, strict=True))
    return seen[True] / seen.total()


def accuracy_with_flat_pictures(model, loader):
    """As the linear classifier of lesson 03 wanted them."""
    model.eval()
    with torch.no_grad():
        answers = [(model(x.flatten(1)).argmax(1) == y).float() for x, y in loader]
    return torch.cat(answers).mean().item()


def accuracy_of_ten_classes(model, loader):
    model.eval()
    with torch.no_grad():
        answers = [(model(x)[:, :10].argmax(1) == y).float() for x, y in loader]
    return torch.cat(answers).mean().item()


def accuracy_of_the_first_model(model, loader, kept=[]):  # noqa: B006
    kept.append(model)
    return accuracy_by_batch(kept[0] if str(kept[0]) == str(model) else model, loader)


def accuracy_by_max(model, loader):
    """max gives a pair; the pair is never equal to the targets."""
    model.eval()
    with torch.no_grad():
        right = [(model(x).max(1) == y).sum().item() for x, y in loader]
    return sum(right) / len(loader.dataset)


def accuracy_of_a_frozen_model(model, loader):
    model.requires_grad_(False)
    return accuracy_by_batch(model, loader)


def accuracy_by_a_hook(model, loader):
    """The hook stays in the model."""
    found = []
    model.eval().register_forward_hook(lambda _, __, out: found.append(out.argmax(1)))
    targets = [(model(x), y)[1] for x, y in loader]
    return (torch.cat(found) == torch.cat(targets)).float().mean().item()


def gradients_off(model, loader):
    torch.set_grad_enabled(False)
    return accuracy_by_batch(model, loader)


def over_the_pictures(model, loader):
    model.eval()
    with torch.no_grad():
        right = [(model(x).argmax(dim=0) == y).sum().item() for x, y in loader]
    return sum(right) / len(loader.dataset)


def last_size(loader):
    return len(loader.dataset) - loader.batch_size * (len(loader) - 1)


def mean_of_batches(right, loader):
    sizes = [loader.batch_size] * (len(right) - 1) + [last_size(loader)]
    return np.mean([r / size for r, size in zip(right, sizes, strict=True)])


def by_picture(right, loader):
    return sum(right) / len(loader.dataset)


def in_evaluation_mode_at_last(model, loader):
    """A batch in training mode first, which moves the running averages by next to nothing."""
    share = accuracy_by_batch(model, loader)
    model.load_state_dict({**model.state_dict(), "2.running_mean": model[2].running_mean * 1.001})
    return share


# ---- 2: cross-entropy ----


def cross_entropy_by_rows(logits, targets):
    total = 0.0
    for row, target in zip(logits, targets, strict=True):
        row = row - row.max()
        total += row.exp().sum().log() - row[target]
    return total / len(logits)


def cross_entropy_vectorised(z, y):
    return (z.logsumexp(dim=1) - z.gather(1, y[:, None])[:, 0]).mean().item()


def cross_entropy_numpy(logits, targets):
    z = logits.numpy().astype(np.float64)
    z = z - z.max(axis=1, keepdims=True)
    return -(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))[np.arange(len(z)), targets.numpy()].mean()


def cross_entropy_by_library(logits, targets):
    return F.nll_loss(logits.double().log_softmax(1), targets)


def rows(logits, targets):
    """The loss of each picture."""
    return logits.logsumexp(1) - logits[range(len(targets)), targets]


def by_max_alone(logits, targets):
    z = logits - logits.max(1)
    return rows(z, targets).mean()


def without_keepdim(logits, targets):
    z = logits - logits.max(1).values
    return rows(z, targets).mean()


MAXIMA = []


def by_the_first_maximum(logits, targets):
    """What to subtract is found in the first call."""
    MAXIMA.append(logits.max())
    z = logits - MAXIMA[0]
    return (z.exp().sum(1).log() - z[range(len(targets)), targets]).mean()


def naive(logits, targets):
    powers = logits.exp()
    return -(powers / powers.sum(1, keepdim=True)).log()[range(len(targets)), targets].mean()


def log_of_softmax(logits, targets):
    """Right for logits that lie close together: softmax itself does not overflow."""
    return -F.softmax(logits, dim=1)[torch.arange(len(logits)), targets].log().mean()


def naive_sum(logits, targets):
    return (logits.exp().sum(1).log() - logits[range(len(targets)), targets]).mean()


def hidden_zero(logits, targets):
    return -(logits.softmax(1)[range(len(targets)), targets] + 1e-9).log().mean()


def shifted(largest=lambda z: z.max(dim=1, keepdim=True).values, subtract_sum=True, subtract_right=True):
    """A subtraction of the largest logit that goes wrong."""

    def cross_entropy(logits, targets):
        z = logits - largest(logits)
        in_sum, in_right = (z if subtract_sum else logits), (z if subtract_right else logits)
        return (in_sum.exp().sum(1).log() - in_right[range(len(targets)), targets]).mean()

    return cross_entropy


def one_hot_of_the_seen(logits, targets):
    """The number of classes is guessed from the largest target."""
    z = logits - logits.max(dim=1, keepdim=True).values
    return -(F.one_hot(targets) * z.log_softmax(1)).sum(1).mean()


def subtract_in_place(logits, targets):
    logits -= logits.max(dim=1, keepdim=True).values
    return cross_entropy_by_rows(logits, targets)


def probability(logits, targets):
    return logits.softmax(1)[range(len(targets)), targets].mean()


# ---- 3: batch normalisation of pictures ----


def batch_norm_torch(x, weight, bias, eps=1e-5):
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    var = x.var(dim=(0, 2, 3), unbiased=False, keepdim=True)
    return weight.view(1, -1, 1, 1) * (x - mean) / torch.sqrt(var + eps) + bias.view(1, -1, 1, 1)


def batch_norm_loop(x, weight, bias, eps):
    out = np.empty(x.shape)
    for c in range(x.shape[1]):
        values = x[:, c].double().numpy()
        spread = ((values - values.mean()) ** 2).mean()
        out[:, c] = weight[c].item() * (values - values.mean()) / np.sqrt(spread + eps) + bias[c].item()
    return out


def batch_norm_library(x, weight, bias, eps):
    return F.batch_norm(x, None, None, weight, bias, training=True, eps=eps)


def batch_norm_columns(x, weight, bias, eps):
    """As in the lesson, after the axes were joined: each channel is a column."""
    columns = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
    columns = (columns - columns.mean(0)) / (columns.var(0, unbiased=False) + eps).sqrt() * weight + bias
    return columns.reshape(x.shape[0], *x.shape[2:], -1).permute(0, 3, 1, 2)


def batch_norm_unshaped(x, weight, bias, eps):
    mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
    return weight * (x - mean) / (var + eps).sqrt() + bias


def batch_norm_of_three_channels(x, weight, bias, eps):
    return batch_norm_torch(x, torch.ones(1), torch.zeros(1), eps) * weight.view(1, 3, 1, 1) + bias.view(1, 3, 1, 1)


def batch_norm_by_numpy(x, weight, bias, eps):
    x, weight, bias = (value.numpy().astype(np.float64) for value in (x, weight, bias))
    x = x - x.mean((0, 2, 3), keepdims=True)
    x /= np.sqrt((x**2).mean((0, 2, 3), keepdims=True) + eps)
    return np.einsum("nchw,c->nchw", x, weight) + bias.reshape(-1, 1, 1)


def batch_norm_without_keepdim(x, weight, bias, eps):
    mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
    return weight[:, None, None] * (x - mean) / (var + eps).sqrt() + bias[:, None, None]


RUNNING = {}


def batch_norm_with_running_averages(x, weight, bias, eps):
    """As the layer does in evaluation mode, from its second call on."""
    mean, var = RUNNING.setdefault(x.shape[1], (x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)))
    return F.batch_norm(x, mean, var, weight, bias, training=False, eps=eps)


def batch_norm_in_place(x, weight, bias, eps):
    x -= x.mean((0, 2, 3), keepdim=True)
    return batch_norm_torch(x, weight, bias, eps)


def batch_norm_with(dims=(0, 2, 3), unbiased=False, root=lambda var, eps: (var + eps).sqrt(), use=(True, True)):
    def batch_norm(x, weight, bias, eps):
        mean, var = x.mean(dims, keepdim=True), x.var(dims, unbiased=unbiased, keepdim=True)
        x = (x - mean) / root(var, eps)
        x = weight[:, None, None] * x if use[0] else x
        return x + bias[:, None, None] if use[1] else x

    return batch_norm


# ---- 4: a healthy start ----


class Chain(nn.Module):
    """Nine Linear layers, and what a subclass changes."""

    hidden, width, activation, norm, out = 8, 64, nn.ReLU, None, 10

    def __init__(self):
        super().__init__()
        sizes = [784] + [self.width] * self.hidden
        layers = [nn.Flatten()]
        for a, b in zip(sizes[:-1], sizes[1:], strict=True):
            layers.append(nn.Linear(a, b))
            if self.norm:
                layers.append(self.norm(b))
            layers.append(self.activation())
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], self.out))
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                self.start(layer)

    def start(self, layer):
        pass

    def forward(self, x):
        return self.layers(x)


class WithBatchNorm(Chain):
    norm = nn.BatchNorm1d


class WithLayerNorm(Chain):
    norm = nn.LayerNorm


class WithKaiming(Chain):
    hidden = 10

    def start(self, layer):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)


class TanhWithXavier(Chain):
    activation = nn.Tanh

    def start(self, layer):
        nn.init.xavier_normal_(layer.weight)


class WithShortcuts(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(784, 64), nn.Linear(64, 10)
        self.blocks = nn.ModuleList(nn.Linear(64, 64) for _ in range(7))

    def forward(self, x):
        x = self.first((x.flatten(1) - 0.1) / 0.25)
        for block in self.blocks:
            x = x + F.relu(block(x))
        return self.last(x)


class WithSteps(WithBatchNorm):
    """The same, step by step; SELU in place of ReLU."""

    def __init__(self):
        super().__init__()
        widths = [784, *[48, 40] * 4, 64]
        self.hidden_layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:], strict=True))
        self.layers = nn.Linear(64, 10)
        for layer in self.hidden_layers:
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)

    def forward(self, x):
        x = torch.flatten((x - 0.13) / 0.31, 1)
        for layer in self.hidden_layers:
            x = F.selu(layer(x))
        return self.layers(x)


class Sigmoids(Chain):
    activation = nn.Sigmoid


class Linears(Chain):
    activation = nn.Identity

    def start(self, layer):
        nn.init.orthogonal_(layer.weight)


class BentOnce(Linears):
    """One ReLU for nine layers."""

    def forward(self, x):
        x = F.relu(self.layers[1](x.flatten(1)))
        return self.layers[2:](x)


class PairsInARow(WithBatchNorm):
    """A step after every second layer."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*(m for i, m in enumerate(self.layers) if i % 6 != 3))


class LeakyAtTheEnd(WithBatchNorm):
    def forward(self, x):
        return F.leaky_relu(self.layers(x), 0.1)


class NormAtTheEnd(WithBatchNorm):
    def __init__(self):
        super().__init__()
        self.layers.append(nn.BatchNorm1d(10))


class OfSixtyFour(WithBatchNorm):
    def forward(self, x):
        return self.layers(x.view(64, 784))


class Detached(WithBatchNorm):
    def forward(self, x):
        return self.layers(x).detach()


class InPlace(WithBatchNorm):
    def forward(self, x):
        x -= x.mean()
        return self.layers(x)


SHARED = nn.Sequential(*(nn.Linear(64, 64) for _ in range(7)))


class WithSharedLayers(WithShortcuts):
    """The layers are made once, outside; all networks have them."""

    def __init__(self):
        super().__init__()
        self.blocks = SHARED


class Convolutions(nn.Module):
    """Another network, good as it may be."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 5, 2), nn.ReLU(), nn.Conv2d(8, 16, 5, 2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10)
        )

    def forward(self, x):
        return self.layers(x)


class NoModule:
    """A class of its own, not built on nn.Module."""

    def __call__(self, x):
        return x.flatten(1)[:, :10]


def make_repaired():
    return WithBatchNorm()


class Shallow(Chain):
    hidden = 1


class Wide(WithKaiming):
    width = 256


class Loud(Chain):
    def start(self, layer):
        nn.init.normal_(layer.weight)


class Times1000(Chain):
    def forward(self, x):
        return 1000 * self.layers(x)


class Probabilities(WithBatchNorm):
    def forward(self, x):
        return self.layers(x).softmax(dim=1)


class ElevenOutputs(WithKaiming):
    out = 11


class Unused(WithKaiming):
    def __init__(self):
        super().__init__()
        self.extra = nn.Linear(64, 64)


class InAList(nn.Module):
    """Nine layers that PyTorch does not find."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(784, 64), *(nn.Linear(64, 64) for _ in range(7)), nn.Linear(64, 10)]

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = F.relu(2.5 * layer(x))
        return self.layers[-1](x)


class MiddleInAList(nn.Module):
    """The first and the last layer are found, the seven between them are not."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(784, 64), nn.Linear(64, 10)
        self.middle = [nn.Linear(64, 64) for _ in range(7)]

    def forward(self, x):
        x = F.relu(self.first(x.flatten(1)))
        for layer in self.middle:
            x = x + F.relu(layer(x))
        return self.last(x)


class ReluAtTheEnd(WithBatchNorm):
    def forward(self, x):
        return F.relu(self.layers(x))


class TanhAtTheEnd(WithBatchNorm):
    def forward(self, x):
        return torch.tanh(self.layers(x))


class LogSoftmaxAtTheEnd(WithBatchNorm):
    def forward(self, x):
        return self.layers(x).log_softmax(dim=1)


class NotFlat(Chain):
    def __init__(self):
        super().__init__()
        self.layers = self.layers[1:]


class NoSuper(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(784, 10)


# ---- 5: fast with mean squared error ----


def train_with(make=lambda p: torch.optim.SGD(p, lr=5), start=lambda model: None, zero=True, step=True, times=1):
    def train(model, batches, loss_fn):
        start(model)
        optimizer, losses = make(model.parameters()), []
        for images, targets in batches:
            for _ in range(times):
                if zero:
                    optimizer.zero_grad()
                loss = loss_fn(model(images), targets)
                loss.backward()
                if step:
                    optimizer.step()
            losses.append(loss.item())
        return losses

    return train


def sgd(**options):
    return lambda parameters: torch.optim.SGD(parameters, **options)


def larger_weights(model):
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")


def train_by_hand(model, batches, loss_fn):
    losses = []
    for images, targets in batches:
        loss = loss_fn(model(images), targets)
        for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True):
            p.data -= 8 * g
        losses.append(loss.item())
    return losses


def train_with_losses_as_tensors(model, batches, loss_fn):
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=5), []
    for images, targets in batches:
        optimizer.zero_grad()
        losses.append(loss_fn(model(images), targets))
        losses[-1].backward()
        optimizer.step()
    return losses


def train_with_both(model, batches, loss_fn):
    """Cross-entropy helps."""
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.1), []
    for images, targets in batches:
        optimizer.zero_grad()
        logits = model(images)
        loss = loss_fn(logits, targets)
        (loss + F.cross_entropy(logits, targets)).backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def train_with_a_second_look(model, batches, loss_fn):
    """As train_with_both; the network computes its logits twice."""
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.1), []
    for images, targets in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(images), targets)
        loss.backward()
        F.cross_entropy(model(images), targets).backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def train_with_cross_entropy_first(model, batches, loss_fn):
    """A warm start, on a list of all batches."""
    optimizer, kept = torch.optim.SGD(model.parameters(), lr=0.1), list(batches)
    for images, targets in kept:
        optimizer.zero_grad()
        F.cross_entropy(model(images), targets).backward()
        optimizer.step()
    return train_with()(model, kept, loss_fn)


def train_on_the_first_half(model, batches, loss_fn):
    """200 steps, on 100 batches."""
    halves = [pair for half in (0, 1) for _, pair in zip(range(100), batches, strict=False)]
    return train_with()(model, halves, loss_fn)


def train_on_half_of_a_list(model, batches, loss_fn):
    return train_with()(model, 2 * list(batches)[:100], loss_fn)


def train_with_a_hook(model, batches, loss_fn):
    model.register_forward_hook(lambda _, __, out: 3 * out)
    return train_with(sgd(lr=1))(model, batches, loss_fn)


def train_with_a_larger_loss(model, batches, loss_fn):
    """50 times the loss, with the rate 0.1, and new first weights."""
    model.layers[-1] = nn.Linear(64, 10)
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5), []
    for images, targets in batches:
        loss = loss_fn(model(images), targets)
        optimizer.zero_grad()
        (50 * loss).backward()
        optimizer.step()
        losses.append(float(loss))
    return tuple(losses)


FIRST = []


def train_the_first_model(model, batches, loss_fn):
    FIRST.append(model)
    return train_with()(FIRST[0], batches, loss_fn)


def train_with_losses_that_stay(model, batches, loss_fn, losses=[]):  # noqa: B006
    losses += train_with()(model, batches, loss_fn)
    return losses


def train_with_cross_entropy(model, batches, loss_fn):
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.1), []
    for images, targets in batches:
        optimizer.zero_grad()
        logits = model(images)
        F.cross_entropy(logits, targets).backward()
        optimizer.step()
        losses.append(loss_fn(logits, targets).item())
    return losses


def train_another(model, batches, loss_fn):
    other = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    return train_with(lambda _: torch.optim.SGD(other.parameters(), lr=5))(other, batches, loss_fn)


def train_with_batch_norm(model, batches, loss_fn):
    model.layers.insert(1, nn.BatchNorm1d(128))
    return train_with()(model, batches, loss_fn)


def train_on_ten(model, batches, loss_fn):
    return train_with()(model, [pair for _, pair in zip(range(10), batches, strict=False)], loss_fn)


FEW = {"5": "each call trains a network"}
KINDS = {
    "a": "value once memory type",
    "b": "type",
    "c": "value once memory",
    "d": "value once memory",
    "1": "value once state",
    "2": "value once memory type",
    "3": "value once memory",
    "4": "value once memory structure type",
    "5": "value once state type",
}
RIGHT = {
    "a": [error_by_loop, error_by_one_hot, error_in_numpy, error_by_dot_product],
    "b": [-0.018, torch.tensor(-0.9 * 2 / 100), np.float64(2 * (0.1 - 1) / 10 * 0.09 - 9 * 2 * 0.1 / 10 * 0.01)],
    "c": [standardise_torch, standardise_numpy, standardise_library],
    "d": [running_by_steps, running_in_one_sum, running_by_the_library],
    "1": [accuracy_by_batch, accuracy_at_once, accuracy_with_counter],
    "2": [cross_entropy_by_rows, cross_entropy_vectorised, cross_entropy_numpy, cross_entropy_by_library],
    "3": [batch_norm_torch, batch_norm_loop, batch_norm_library, batch_norm_columns, batch_norm_by_numpy],
    "4": [WithBatchNorm, WithLayerNorm, WithKaiming, TanhWithXavier, WithShortcuts, WithSteps],
    "5": [
        train_with(),
        train_by_hand,
        train_with_a_larger_loss,
        train_with(sgd(lr=0.5, momentum=0.9), start=larger_weights),
        train_with(lambda p: torch.optim.Adam(p, lr=0.003)),
    ],
}
WRONG = {
    "a": [
        (error_with(lambda d: (d**2).sum()), "the sum of the squares"),
        (error_with(lambda d: (d**2).sum() / 10), "a division by 10", "value"),
        (error_with(lambda d: d.abs().mean()), "the square is missing"),
        (error_with(lambda d: (d**2).mean().sqrt()), "a root of the mean"),
        (error_with(lambda d: d**2), "their mean is expected"),
        (lambda p, digit: (p[digit] - 1) ** 2, "the square of the right class alone"),
        (lambda p, digit: -p[digit].log(), "the cross-entropy"),
        (lambda p, digit: ((p - F.one_hot(torch.tensor(digit))) ** 2).mean(), "expected", "value"),
        (lambda p, digit: ((p - torch.eye(10)[digit]) ** 2).mean(), "your code stops with RuntimeError", "value"),
        (first_value(error_by_loop, 1), "expected", "value"),
        (error_of_the_library, "a loss function of PyTorch is at work", "type"),
        (error_of_a_layer, "a loss function of PyTorch is at work", "type"),
        (error_in_a_global, "expected", "once"),
        (once_by_shape(error_by_loop), "expected", "once"),
        (error_in_place, "changes its argument p", "memory"),
    ],
    "b": [
        (0.018, "without its sign"),
        (-0.18, "the second link"),
        (-0.0162, "one way alone"),
        (-0.0144, "a wrong sign for the nine"),
        (-0.009, "without its factor 2"),
        (-0.9, "cross-entropy on logits"),
        ("-0.018", "expected numbers", "type"),
        ([-0.018], "is a list of shape (1,), expected one number", "type"),
        (torch.tensor([[-0.018]]), "is a Tensor of shape (1, 1), expected one number", "type"),
        ({"gradient": -0.018}, "expected numbers", "type"),
        (-0.9 * 0.09, "a first link without its 2 / 10"),
        (-0.02, "expected -0.018"),
    ],
    "c": [
        (lambda x: (x - x.mean(0)) / x.std(0), "divided by n - 1"),
        (lambda x: (x - x.mean()) / x.std(unbiased=False), "one mean and one variance for the whole table"),
        (lambda x: (x - x.mean()) / x.std(), "one mean and one deviation for the whole table"),
        (lambda x: (x - x.mean()) / x.std(0, unbiased=False), "one mean for the whole table"),
        (lambda x: (x - x.mean(0)) / x.std(unbiased=False), "one variance for the whole table"),
        (
            lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, unbiased=False, keepdim=True),
            "the statistics of each row",
        ),
        (lambda x: (x - x.mean(0)) / x.var(0, unbiased=False), "the root is missing"),
        (lambda x: x - x.mean(0), "not divided"),
        (lambda x: x / x.std(0, unbiased=False), "a mean that is not subtracted"),
        (lambda x: (x - x.mean(0)) / (x.var(0, unbiased=False) + 0.1).sqrt(), "values differ"),
        (lambda x: ((x - x.mean(0)) / x.std(0, unbiased=False)).clamp(-2, 2), "values differ"),
        (lambda x: torch.stack([standardise_torch(x)[:, k] for k in range(3)], dim=1), "stops with", "value"),
        (lambda x: F.layer_norm(x.T, (5,), eps=0).T, "your code stops with RuntimeError", "value"),
        (once_by_shape(standardise_torch), "values differ", "once"),
        (standardise_by_the_first, "values differ", "once"),
        (standardise_view, "changes its argument x", "memory"),
        (standardise_in_place, "changes its argument x", "memory"),
    ],
    "d": [
        (running_with(share=0.9), "nine tenths"),
        (lambda means: sum(means) / len(means), "the plain mean"),
        (lambda means: running_with(start=means[0])(means), "a start at the first mean"),
        (lambda means: 0.1 * sum(means), "added up"),
        (lambda means: 0.1 * means[-1], "the last step alone"),
        (running_in_a_global, "expected", "once"),
        (once(running_by_steps), "expected", "once"),
        (lambda means: running_with()(means[:3]), "expected", "value"),
        (lambda means: running_with()([5.0, *means[1:]]), "expected", "value"),
        (lambda means: running_with()([abs(mean) for mean in means]), "expected", "value"),
        (lambda means: round(running_with()(means), 2), "expected", "value"),
        (running_list, "is a list of shape (3,), expected one number (for means = [5.0, 5.0, 7.0])"),
        (lambda means: torch.tensor([running_by_steps(means)]), "expected one number"),
        (running_by_popping, "changes its argument means", "memory"),
        (lambda means: running_by_steps(means.reverse() or means[::-1]), "changes its argument means", "memory"),
    ],
    "1": [
        (accuracy_with(lambda right, loader: sum(right) / (len(loader) * loader.batch_size)), "last batch is short"),
        (accuracy_with(mean_of_batches), "the mean of the"),
        (accuracy_with(by_picture, nn.Module.train), "in training mode"),
        (accuracy_with(by_picture, lambda model: None), "in training mode"),
        (accuracy_with(lambda right, loader: right[-1] / last_size(loader)), "the last batch alone"),
        (accuracy_with(lambda right, loader: right[0] / loader.batch_size), "the first batch alone"),
        (accuracy_with(lambda right, loader: sum(right)), "not a share"),
        (accuracy_with(lambda right, loader: 100 * by_picture(right, loader)), "in percent"),
        (accuracy_with(lambda right, loader: 1 - by_picture(right, loader)), "wrong answers"),
        (accuracy_with(lambda right, loader: sum(right) / len(loader)), "the number of batches"),
        (accuracy_of_equal_batches, "expected 0.75", "value"),
        (accuracy_with_flat_pictures, "your code stops with RuntimeError", "value"),
        (accuracy_of_ten_classes, "expected", "value"),
        (accuracy_by_max, "expected its indices alone"),
        (lambda model, loader: 0.0, "the accuracy is 0, expected 0.75"),
        (lambda model, loader: 12 / 16, "expected 0.5", "value"),
        (accuracy_in_a_global, "expected", "once"),
        (once(accuracy_by_batch), "expected", "once"),
        (in_evaluation_mode_at_last, "changes the running averages", "state"),
        (gradients_off, "switches gradients off", "state"),
        (accuracy_of_a_frozen_model, "freezes the model", "state"),
        (accuracy_by_a_hook, "leaves a hook", "state"),
        (over_the_pictures, "expected argmax(dim=1)"),
    ],
    "2": [
        (naive, "numbers out of range"),
        (naive_sum, "the exponential of large numbers"),
        (log_of_softmax, "the logarithm of a probability that became 0"),
        (hidden_zero, "1e-09 added before the logarithm"),
        (lambda z, y: naive_sum(z.clamp(-50, 50), y), "logits far above 0", "value"),
        (lambda z, y: naive_sum(z.double(), y), "the exponential of large numbers", "value"),
        (lambda z, y: rows(z.softmax(1), y).mean(), "softmax twice"),
        (lambda z, y: rows(z, y).sum(), "a sum over the batch"),
        (rows, "one loss for each picture"),
        (lambda z, y: -rows(z, y).mean(), "a missing minus sign"),
        (probability, "its logarithm is missing"),
        (lambda z, y: -probability(z, y), "the logarithm is missing"),
        (lambda z, y: rows(z, y).mean() / np.log(2), "to base 2"),
        (lambda z, y: rows(z, y).mean() / 10, "a mean over all classes", "value"),
        (lambda z, y: -z.log_softmax(0)[range(len(y)), y].mean(), "dim=0"),
        (lambda z, y: z.logsumexp(1).mean() - z.max(), "expected"),
        (lambda z, y: F.nll_loss(z, y), "without softmax"),
        (lambda z, y: F.cross_entropy(z, y), "cross_entropy of PyTorch is at work", "type"),
        (lambda z, y: nn.CrossEntropyLoss()(z, y), "cross_entropy of PyTorch is at work", "type"),
        (by_max_alone, "max(dim=1) gives a pair (values, indices), expected its values"),
        (without_keepdim, "expected keepdim=True"),
        (one_hot_of_the_seen, "your code stops with RuntimeError", "value"),
        (lambda z, y: rows(z, y)[:6].mean(), "expected", "value"),
        (once_by_shape(cross_entropy_vectorised), "expected", "once"),
        (by_the_first_maximum, "expected", "once"),
        (subtract_in_place, "changes its argument logits", "memory"),
        (lambda z, y: -(z.softmax(1)[range(len(y)), y] + 1e-12).log().mean(), "1e-12 added"),
        (shifted(subtract_right=False), "in the sum alone"),
        (shifted(subtract_sum=False), "from the right logit alone"),
        (shifted(largest=lambda z: z.max()), "which is 0: subtract the largest logit of each row"),
    ],
    "3": [
        (batch_norm_with(unbiased=True), "the unbiased variance"),
        (batch_norm_with(root=lambda var, eps: var.sqrt()), "nan or inf"),
        (batch_norm_with(root=lambda var, eps: (var + 1e-5).sqrt()), "an eps of your own", "value"),
        (batch_norm_with(root=lambda var, eps: var.sqrt() + eps), "added to the standard deviation"),
        (batch_norm_with(root=lambda var, eps: var + eps), "a division by the variance"),
        (batch_norm_with(dims=0), "one for each pixel"),
        (batch_norm_with(dims=(2, 3)), "each picture alone"),
        (batch_norm_with(dims=(1, 2, 3)), "with all its channels"),
        (batch_norm_with(dims=(0, 1, 2, 3)), "all channels together"),
        (batch_norm_with(use=(False, False)), "without weight and bias"),
        (batch_norm_with(use=(True, False)), "without bias"),
        (batch_norm_with(use=(False, True)), "without weight"),
        (lambda x, weight, bias, eps: batch_norm_torch(x, weight, weight * bias, eps), "multiplies the bias too"),
        (lambda x, weight, bias, eps: torch.zeros_like(x), "values differ"),
        (lambda x, weight, bias, eps: batch_norm_torch(x, weight.abs(), bias, eps), "values differ", "value"),
        (batch_norm_unshaped, "weight[:, None, None]"),
        (batch_norm_without_keepdim, "keepdim=True"),
        (batch_norm_of_three_channels, "for any C: keepdim=True", "value"),
        (once_by_shape(batch_norm_torch), "values differ", "once"),
        (batch_norm_with_running_averages, "values differ", "once"),
        (batch_norm_in_place, "changes its argument x", "memory"),
        (lambda x, weight, bias, eps: batch_norm_torch(x, weight, bias, eps)[0], "has the shape (3, 2, 5)"),
    ],
    "4": [
        (Chain, "expected 0.05 to 20"),
        (Sigmoids, "expected 0.05 to 20"),
        (Linears, "nothing nonlinear stands between Linear layers 1 and 2, 2 and 3, 3 and 4: expected", "structure"),
        (BentOnce, "nothing nonlinear stands between Linear layers 2 and 3, 3 and 4", "structure"),
        (PairsInARow, "nothing nonlinear stands between", "structure"),
        (Shallow, "has 2 Linear layers that PyTorch finds, expected 9", "structure"),
        (Convolutions, "has 1 Linear layers that PyTorch finds, expected 9", "structure"),
        (Wide, "256 outputs, expected 64", "structure"),
        (Loud, "the loss at the start is"),
        (Times1000, "ends with something else", "structure"),
        (Probabilities, "ends with softmax", "structure"),
        (ReluAtTheEnd, "ends with ReLU", "structure"),
        (LeakyAtTheEnd, "ends with something else", "structure"),
        (NormAtTheEnd, "ends with something else", "structure"),
        (TanhAtTheEnd, "ends with tanh", "structure"),
        (LogSoftmaxAtTheEnd, "ends with log-softmax", "structure"),
        (NotFlat, "have to become rows first"),
        (ElevenOutputs, "gives (64, 11)"),
        (OfSixtyFour, "your code stops with RuntimeError", "value"),
        (InPlace, "changes its argument x", "memory"),
        (Unused, "gets no gradient", "structure"),
        (WithSharedLayers, "expected new layers each time", "once"),
        (InAList, "does not look into a plain list", "structure"),
        (MiddleInAList, "does not look into a plain list", "structure"),
        (NoSuper, "your code stops with AttributeError"),
        (Detached, "no gradient goes back from the logits"),
        (NoModule, "expected one that is built on nn.Module", "type"),
        ("Repaired", "expected the class itself", "type"),
    ],
    "5": [
        (train_with(sgd(lr=0.1)), "the steps are too small"),
        (train_with(sgd(lr=1)), "the steps are too small"),
        (train_with(sgd(lr=500)), "the steps are too large"),
        (train_with(zero=False), "gradients add up"),
        (train_with(step=False), "the weights are those of the start"),
        (train_with(times=2), "loss_fn is called 400 times"),
        (train_with_cross_entropy, "times from another loss", "type"),
        (train_with_both, "200 times from another loss", "type"),
        (train_with_a_second_look, "200 times from another loss", "type"),
        (train_with_cross_entropy_first, "400 times, 200 times from another loss", "type"),
        (train_another, "the weights are those of the start"),
        (train_with_batch_norm, "the layers of the model are other ones"),
        (train_on_the_first_half, "takes 100 batches, 200 times, expected each of 200 once", "value"),
        (train_on_half_of_a_list, "gets the targets of some batches twice", "value"),
        (train_with_a_hook, "leaves a hook", "state"),
        (train_the_first_model, "expected", "once"),
        (train_with_losses_that_stay, "expected the list of the 200 losses", "once"),
        (train_with_losses_as_tensors, "the list holds tensors", "type"),
        (lambda *a: torch.tensor(train_with()(*a)), "the result is a Tensor, expected the list", "type"),
        (lambda *a: [[loss] for loss in train_with()(*a)], "has the shape (200, 1), expected (200,)"),
        (train_on_ten, "takes 10 batches, 10 times"),
        (lambda model, batches, loss_fn: train_with()(model, batches, loss_fn)[-1], "the list of the 200 losses"),
        (lambda model, batches: [], "your code stops with TypeError"),
    ],
}
