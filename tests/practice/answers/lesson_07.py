"""Answers to the exercises of lesson 07."""

import math
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def log_softmax_rows(z):
    z = z - z.max(dim=1, keepdim=True).values
    return z - z.exp().sum(dim=1, keepdim=True).log()


def log_softmax_loop(logits):
    rows = []
    for row in logits.tolist():
        top = max(row)
        rows.append([v - top - math.log(sum(math.exp(w - top) for w in row)) for v in row])
    return rows


def log_softmax_batch_maximum(logits):
    z = logits - logits.max()
    return z - z.exp().sum(dim=1, keepdim=True).log()


def nll_loop(log_p, targets):
    return -sum(log_p[i, t].item() for i, t in enumerate(targets.tolist())) / len(targets)


def nll_gather(log_p, targets):
    return -log_p.gather(1, targets[:, None]).double().mean()


def log_softmax_of_shifted(normalise):
    """log-softmax by the maximum of each row, but with a wrong sum: normalise(shifted)."""

    def log_softmax(logits):
        shifted = logits - logits.amax(1, keepdim=True)
        return shifted - normalise(shifted)

    return log_softmax


def linear_by_copy(conv):
    linear = nn.Linear(conv.weight[0].numel(), conv.out_channels, bias=conv.bias is not None)
    with torch.no_grad():
        linear.weight.copy_(conv.weight.flatten(1))
        if conv.bias is not None:
            linear.bias.copy_(conv.bias)
    return linear


def linear_by_state(conv):
    weight = conv.weight.detach().numpy().reshape(conv.out_channels, -1)
    bias = np.zeros(conv.out_channels, dtype=np.float32) if conv.bias is None else conv.bias.detach().numpy()
    linear = nn.Linear(weight.shape[1], weight.shape[0])
    linear.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
    return linear


def changed(change):
    """linear_by_copy, then another change of its layer."""

    def as_linear(conv):
        linear = linear_by_copy(conv)
        with torch.no_grad():
            change(linear, conv)
        return linear

    return as_linear


def linear_with_a_random_bias(conv):
    linear = nn.Linear(conv.weight[0].numel(), conv.out_channels)
    with torch.no_grad():
        linear.weight.copy_(conv.weight.flatten(1))
        if conv.bias is not None:
            linear.bias.copy_(conv.bias)
    return linear


def k_fold_tensors(n, k, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    parts = order.tensor_split(k)
    return [(torch.cat(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]


def k_fold_strided(n, k, seed):
    order = list(range(n))
    random.Random(seed).shuffle(order)
    for i in range(k):
        exam = order[i::k]
        yield [j for j in order if j not in exam], exam


def k_fold_numpy(n, k, seed):
    parts = np.array_split(np.random.default_rng(seed).permutation(n), k)
    return np.array([(np.setdiff1d(np.arange(n), part), part) for part in parts], dtype=object).tolist()


def k_fold_global_seed(n, k, seed):
    torch.manual_seed(seed)
    fold = torch.arange(n)[torch.randperm(n)] % k
    return [(torch.where(fold != i)[0].tolist(), torch.where(fold == i)[0].tolist()) for i in range(k)]


def cut(parts):
    """A k_fold out of a function that gives the validation parts."""

    def k_fold(n, k, seed):
        return [(sorted(set(range(n)) - set(part.tolist())), part.tolist()) for part in parts(n, k, seed)]

    return k_fold


def order(n, seed):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


RIGHT = {
    "1": [nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Conv2d(3, 8, kernel_size=2, stride=2, bias=False),
          nn.Conv2d(3, 8, 17), nn.Conv2d(3, 8, 5, 2, 2, padding_mode="reflect"), nn.Conv2d(3, 8, 1, stride=2)],
    "2": [log_softmax_rows, log_softmax_loop, lambda z: z - z.logsumexp(1, keepdim=True),
          lambda z: F.log_softmax(z.double(), dim=1).numpy()],
    "3": [nll_loop, nll_gather, F.nll_loss, lambda p, t: np.float64(-(p * F.one_hot(t, p.shape[1])).sum(1).mean())],
    "4": [linear_by_copy, linear_by_state],
    "5": [k_fold_tensors, k_fold_strided, k_fold_numpy, k_fold_global_seed],
}  # fmt: skip
WRONG = {
    "1": [
        (nn.Conv2d(3, 8, 3, stride=2), "(1, 8, 15, 15)"),
        (nn.Conv2d(3, 8, 3, padding=1), "(1, 8, 32, 32)"),
        (nn.Conv2d(3, 8, 2, stride=2, padding=1), "(1, 8, 17, 17)"),
        (nn.Conv2d(8, 3, 2, stride=2), "does not fit"),
        (nn.Conv2d(3, 16, 2, stride=2), "out_channels"),
        (nn.MaxPool2d(2), "is a MaxPool2d, expected an nn.Conv2d"),
        (nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2)), "is a Sequential"),
        (nn.Conv2d, "the class Conv2d"),
    ],
    "2": [
        (lambda z: z - z.exp().sum(1, keepdim=True).log(), "subtract the largest logit"),
        (lambda z: z.softmax(1).log(), "subtract the largest logit"),
        (lambda z: z.softmax(1), "the logarithm is missing"),
        (lambda z: z.log_softmax(0), "over the pictures instead of the classes"),
        (lambda z: z - z.logsumexp((0, 1)), "one sum over the whole batch"),
        (lambda z: z - (z - z.amax(1, keepdim=True)).exp().sum(1, keepdim=True).log(), "from one term only"),
        (log_softmax_batch_maximum, "not that of the batch"),
        (lambda z: z - z.logsumexp(1), "your code stops with RuntimeError"),
        (torch.zeros_like, "values differ"),
        (log_softmax_of_shifted(lambda z: z.logsumexp((0, 1))), "one sum over the whole batch: sum(dim=1"),
        (log_softmax_of_shifted(lambda z: z.logsumexp(0, keepdim=True)), "a sum over the pictures"),
        (lambda z: (z.softmax(1) + 1e-12).log(), "a small number added inside the logarithm"),
        (lambda z: z.log_softmax(1)[0], "has the shape (3,), expected (4, 3)"),
    ],
    "3": [
        (lambda p, t: F.nll_loss(p, t, reduction="sum"), "not the mean"),
        (lambda p, t: -F.nll_loss(p, t), "the wrong sign"),
        (lambda p, t: -p[:, t].mean(), "all pairs of a picture and a target"),
        (lambda p, t: F.nll_loss(p, t, reduction="none"), "each picture's loss"),
        (lambda p, t: -p.mean(), "the mean of all entries"),
        (lambda p, t: -p.max(1).values.mean(), "the most probable class"),
        (lambda p, t: -(p * F.one_hot(t, p.shape[1])).mean(), "divided by the number of entries"),
        (lambda p, t: 0.0, "expected"),
        (lambda p, t: F.nll_loss(p.log(), t), "a second logarithm"),
    ],
    "4": [
        (lambda conv: nn.Linear(conv.weight[0].numel(), conv.out_channels), "copy the weights of the convolution"),
        (linear_with_a_random_bias, "has no bias, but your linear layer adds one"),
        (lambda conv: conv.weight.view(120, 400), "(called with Conv2d(3, 4"),
        (changed(lambda linear, conv: linear.weight.neg_()), "not in conv.weight"),
        (changed(lambda linear, conv: linear.bias.zero_()), "the bias is missing"),
        (changed(lambda new, conv: new.weight.copy_(conv.weight.permute(0, 2, 3, 1).flatten(1))), "channels last"),
        (changed(lambda linear, conv: linear.weight.copy_(conv.weight.flip(2, 3).flatten(1))), "the flipped kernel"),
        (changed(lambda linear, conv: linear.weight.copy_(conv.weight.mT.flatten(1))), "column by column"),
        (lambda conv: conv, "expected an nn.Linear"),
        (lambda conv: nn.Linear(conv.out_channels, conv.weight[0].numel()), "expected 12 to 4"),
        (lambda conv: nn.Linear(400, 120), "expected 12 to 4"),
    ],
    "5": [
        (cut(lambda n, k, seed: order(n, seed).chunk(k)), "differ by at most 1"),
        (cut(lambda n, k, seed: order(n, seed)[: n // k * k].reshape(k, -1)), "is in 0 validation parts"),
        (cut(lambda n, k, seed: [order(n, seed + i)[: n // k] for i in range(k)]), "validation parts, expected 1"),
        (cut(lambda n, k, seed: torch.arange(n).tensor_split(k)), "neighbours in the file"),
        (cut(lambda n, k, seed: [torch.arange(n)[i::k] for i in range(k)]), "the seeds 0 and 1 give the same parts"),
        (cut(lambda n, k, seed: torch.randperm(n).tensor_split(k)), "two different splits"),
        (lambda n, k, seed: [(list(range(n)), part) for _, part in k_fold_tensors(n, k, seed)], "the mock exam leaks"),
        (lambda n, k, seed: [pair[::-1] for pair in k_fold_tensors(n, k, seed)], "train and validation exchanged?"),
        (lambda n, k, seed: [rest for rest, _ in k_fold_tensors(n, k, seed)], "expected a pair"),
        (lambda n, k, seed: [(a + 1, b + 1) for a, b in k_fold_tensors(n, k, seed)], "the index 12"),
        (lambda n, k, seed: n // k, "expected a list of pairs"),
    ],
}  # fmt: skip
