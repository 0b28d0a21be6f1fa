"""Answers to the exercises of lesson 04."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# ---- 1: the number of parameters ----


def count_by_formula(sizes, batch_norm=False):
    linear = sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))
    return linear + (2 * sum(sizes[1:-1]) if batch_norm else 0)


def count_a_network(widths, bn):
    layers = []
    for i in range(len(widths) - 1):
        layers.append(nn.Linear(widths[i], widths[i + 1]))
        if bn and i < len(widths) - 2:
            layers.append(nn.BatchNorm1d(widths[i + 1]))
    return sum(p.numel() for p in nn.Sequential(*layers).parameters())


def weights(sizes):
    return sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


# ---- 2: accuracy ----


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


def by_picture(right, loader):
    return sum(right) / len(loader.dataset)


def in_evaluation_mode_at_last(model, loader):
    model.train()
    for x, _ in loader:
        model(x)
    model.load_state_dict({**model.state_dict(), "1.running_mean": model[1].running_mean * 1.001})
    return 12 / 16


# ---- 3: cross-entropy ----


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


def naive(logits, targets):
    powers = logits.exp()
    return -(powers / powers.sum(1, keepdim=True)).log()[range(len(targets)), targets].mean()


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


def probability(logits, targets):
    return logits.softmax(1)[range(len(targets)), targets].mean()


# ---- 4: batch normalisation of pictures ----


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


def batch_norm_with(dims=(0, 2, 3), unbiased=False, root=lambda var, eps: (var + eps).sqrt(), use=(True, True)):
    def batch_norm(x, weight, bias, eps):
        mean, var = x.mean(dims, keepdim=True), x.var(dims, unbiased=unbiased, keepdim=True)
        x = (x - mean) / root(var, eps)
        x = weight[:, None, None] * x if use[0] else x
        return x + bias[:, None, None] if use[1] else x

    return batch_norm


# ---- 5: a healthy start ----


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


class Sigmoids(Chain):
    activation = nn.Sigmoid


class Linears(Chain):
    activation = nn.Identity

    def start(self, layer):
        nn.init.orthogonal_(layer.weight)


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


class NoSuper(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(784, 10)


RIGHT = {
    "1": [count_by_formula, count_a_network, lambda s, b: torch.tensor(count_by_formula(s, b))],
    "2": [accuracy_by_batch, accuracy_at_once],
    "3": [cross_entropy_by_rows, cross_entropy_vectorised, cross_entropy_numpy],
    "4": [batch_norm_torch, batch_norm_loop, batch_norm_library, batch_norm_columns],
    "5": [WithBatchNorm, WithLayerNorm, WithKaiming, TanhWithXavier, WithShortcuts],
}
WRONG = {
    "1": [
        (lambda sizes, bn: weights(sizes), "each output has a bias too"),
        (lambda sizes, bn: weights(sizes) + len(sizes) - 1, "one bias for each layer"),
        (lambda sizes, bn: weights(sizes) + sum(sizes), "a bias for each input too"),
        (lambda sizes, bn: count_by_formula(sizes), "without batch normalisation"),
        (lambda sizes, bn: count_by_formula(sizes) + bn * sum(sizes[1:-1]), "a weight and a bias"),
        (lambda sizes, bn: count_by_formula(sizes) + 4 * bn * sum(sizes[1:-1]), "a count with the buffers"),
        (lambda sizes, bn: count_by_formula(sizes) + 2 * bn * sum(sizes[1:]), "after the last layer too"),
        (lambda sizes, bn: count_by_formula(sizes, True), "though batch_norm is False"),
        (lambda sizes, bn: 109_386, "expected 7850"),
        (lambda sizes: 0, "your code stops with TypeError"),
        (lambda sizes, bn: [a * b + b for a, b in zip(sizes[:-1], sizes[1:], strict=True)], "has the shape (1,)"),
    ],
    "2": [
        (accuracy_with(lambda right, loader: sum(right) / (len(loader) * loader.batch_size)), "last batch is short"),
        (accuracy_with(lambda right, loader: np.mean([right[0] / 7, right[1] / 7, right[2] / 2])), "the mean of the"),
        (accuracy_with(by_picture, nn.Module.train), "in training mode"),
        (accuracy_with(lambda right, loader: right[2] / 2), "the last batch alone"),
        (accuracy_with(lambda right, loader: right[0] / 7), "the first batch alone"),
        (accuracy_with(lambda right, loader: sum(right)), "not a share"),
        (accuracy_with(lambda right, loader: 100 * by_picture(right, loader)), "in percent"),
        (accuracy_with(lambda right, loader: 1 - by_picture(right, loader)), "wrong answers"),
        (accuracy_with(lambda right, loader: sum(right) / len(loader)), "the number of batches"),
        (in_evaluation_mode_at_last, "changes the running averages"),
        (lambda model, loader: 0.0, "the accuracy is 0, expected 0.75"),
    ],
    "3": [
        (naive, "numbers out of range"),
        (naive_sum, "subtract the largest logit"),
        (hidden_zero, "1e-09 added before the logarithm"),
        (lambda z, y: naive_sum(z.clamp(-50, 50), y), "logits of some thousands"),
        (lambda z, y: F.cross_entropy(z.softmax(1), y), "softmax twice"),
        (lambda z, y: F.cross_entropy(z, y, reduction="sum"), "a sum over the batch"),
        (lambda z, y: F.cross_entropy(z, y, reduction="none"), "one loss for each picture"),
        (lambda z, y: -F.cross_entropy(z, y), "a missing minus sign"),
        (probability, "its logarithm is missing"),
        (lambda z, y: -probability(z, y), "the logarithm is missing"),
        (lambda z, y: F.cross_entropy(z, y) / np.log(2), "to base 2"),
        (lambda z, y: F.cross_entropy(z, y) / 10, "a mean over all classes"),
        (lambda z, y: -z.log_softmax(0)[range(6), y].mean(), "dim=0"),
        (lambda z, y: z.logsumexp(1).mean() - z.max(), "expected"),
        (lambda z, y: F.nll_loss(z, y), "without softmax"),
        (shifted(subtract_right=False), "in the sum alone"),
        (shifted(subtract_sum=False), "from the right logit alone"),
        (shifted(largest=lambda z: z.max()), "which is 0: subtract the largest logit of each row"),
    ],
    "4": [
        (batch_norm_with(unbiased=True), "the unbiased variance"),
        (batch_norm_with(root=lambda var, eps: var.sqrt()), "a root without eps"),
        (batch_norm_with(root=lambda var, eps: (var + 1e-5).sqrt()), "an eps of your own"),
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
        (lambda x, weight, bias, eps: weight * x + bias, "your code stops with RuntimeError"),
        (lambda x, weight, bias, eps: batch_norm_torch(x, weight, bias, eps)[0], "has the shape (3, 2, 5)"),
    ],
    "5": [
        (Chain, "below 0.05"),
        (Sigmoids, "below 0.05"),
        (Linears, "your network is linear"),
        (Shallow, "has 2 Linear layers, expected 9"),
        (Wide, "256 outputs, expected 64"),
        (Loud, "the loss at the start is"),
        (Times1000, "the loss at the start is"),
        (Probabilities, "these are probabilities"),
        (ElevenOutputs, "gives (64, 11)"),
        (Unused, "gets no gradient"),
        (InAList, "does not look into a Python list"),
        (NoSuper, "your code stops with AttributeError"),
        (WithBatchNorm(), "expected the class itself"),
    ],
}
