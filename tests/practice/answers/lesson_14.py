"""Answers to the exercises of lesson 14."""

import numpy as np
import torch
from torch.utils.data import DistributedSampler

# ---- 1: indices ----


def indices_by_list(n, rank, world_size):
    found = list(range(n))
    while len(found) % world_size:
        found.append(found[len(found) - n])
    return found[rank::world_size]


def indices_by_modulo(n, rank, world_size):
    each = -(-n // world_size)
    return np.arange(rank, each * world_size, world_size) % n


def indices_by_torch(n, rank, world_size):
    return torch.tensor(list(DistributedSampler(range(n), world_size, rank, shuffle=False)))


def padded(n, world_size, pad=None):
    each = -(-n // world_size)
    return [i if i < n else (i - n if pad is None else pad) for i in range(each * world_size)]


# ---- 2: accuracy ----


def accuracy_by_place(hits, n):
    size = len(hits)
    return sum(hits[i % size][i // size] for i in range(n)) / n


def accuracy_by_transpose(hits, n):
    return torch.tensor(hits).T.flatten()[:n].double().mean()


def accuracy_by_numpy(hits, n):
    return np.stack(hits, axis=1).reshape(-1)[:n].mean()


def everything(hits):
    return [hit for part in hits for hit in part]


# ---- 3: gradients ----


def average(models):
    for same in zip(*[model.parameters() for model in models], strict=True):
        mean = torch.stack([p.grad for p in same]).mean(0)
        for p in same:
            p.grad = mean.clone()


def average_in_place(models):
    with torch.no_grad():
        for same in zip(*(list(m.parameters()) for m in models), strict=True):
            total = sum(p.grad for p in same) / len(models)
            for p in same:
                p.grad.copy_(total)


def average_with(mean, last=None):
    def function(models):
        for same in zip(*[model.parameters() for model in models], strict=True):
            result = mean([p.grad.clone() for p in same])
            for p in list(same)[:last]:
                p.grad = result.clone()

    return function


def one_after_the_other(models):
    for same in zip(*[model.parameters() for model in models], strict=True):
        for p in same:
            p.grad = torch.stack([q.grad for q in same]).mean(0)


def divides_its_own(models):
    for model in models:
        for p in model.parameters():
            p.grad /= len(models)


def averages_weights_too(models):
    average(models)
    for p in models[0].parameters():
        p.data += p.grad


# ---- 4: statistics ----


def statistics(shares):
    n = sum(len(share) for share in shares)
    mean = sum(share.sum(0) for share in shares) / n
    return mean, sum(share.square().sum(0) for share in shares) / n - mean**2


def statistics_in_two_rounds(shares):
    n = sum(map(len, shares))
    mean = sum(share.sum(0) for share in shares) / n
    return [mean, sum(((share - mean) ** 2).sum(0) for share in shares) / n]


def statistics_with(mean=None, variance=None):
    def function(shares):
        right = statistics(shares)
        return (mean or (lambda s: right[0]))(shares), (variance or (lambda s: right[1]))(shares)

    return function


def stacked(values):
    return torch.stack(list(values)).mean(0)


RIGHT = {
    "1": [indices_by_list, indices_by_modulo, indices_by_torch],
    "2": [accuracy_by_place, accuracy_by_transpose, accuracy_by_numpy],
    "3": [average, average_in_place],
    "4": [statistics, statistics_in_two_rounds, lambda s: (torch.cat(s).mean(0), torch.cat(s).var(0, unbiased=False))],
    "5": [
        lambda n, p: 2 * (p - 1) * n * 4 // p,
        lambda n, p: sum(4 * n / p for _ in range(2 * p - 2)),
        lambda n, p: torch.tensor(8 * n * (1 - 1 / p)),
    ],
}
WRONG = {
    "1": [
        (lambda n, r, p: list(range(r, n, p)), "without padding"),
        (lambda n, r, p: list(range(r, n // p * p, p)), "rounded down"),
        (lambda n, r, p: padded(n, p)[r * -(-n // p) : (r + 1) * -(-n // p)], "neighbours in one share"),
        (lambda n, r, p: padded(n, p, pad=n - 1)[r::p], "padding with the last index"),
        (lambda n, r, p: padded(n, p)[r + 1 :: p], "counts from 1"),
        (lambda n, r, p: padded(n, p), "the shares of all processes"),
        (lambda n, r, p: [0] * -(-n // p), "values differ"),
    ],
    "2": [
        (lambda hits, n: sum(everything(hits)) / len(everything(hits)), "the padding among them"),
        (lambda hits, n: np.mean([np.mean(part) for part in hits]), "the padding among them"),
        (lambda hits, n: sum(everything(hits)) / n, "counted twice"),
        (lambda hits, n: sum(everything(hits)[:n]) / n, "several processes"),
        (lambda hits, n: np.mean(everything(part[:-1] for part in hits)), "the last place of every process"),
        (lambda hits, n: np.mean(hits[0]), "rank 0 alone"),
        (lambda hits, n: n * accuracy_by_place(hits, n), "divide by n"),
        (lambda hits, n: 100 * accuracy_by_place(hits, n), "a percentage"),
    ],
    "3": [
        (average_with(sum), "the sum of all"),
        (average_with(lambda grads: grads[0]), "one model, copied"),
        (average_with(lambda grads: torch.stack(grads).mean(0), last=1), "the first model alone"),
        (average_with(lambda grads: torch.stack(grads).mean(0) / len(grads)), "twice"),
        (one_after_the_other, "means that contain means"),
        (divides_its_own, "its own gradients, divided"),
        (averages_weights_too, "the vector of weights"),
        (lambda models: [model.zero_grad() for model in models], "without a gradient"),
    ],
    "4": [
        (statistics_with(mean=lambda s: stacked(x.mean(0) for x in s),
                         variance=lambda s: stacked(x.var(0, unbiased=False) for x in s)), "forgets that the means"),
        (statistics_with(mean=lambda s: stacked(x.mean(0) for x in s)), "a short share counts as much"),
        (statistics_with(variance=lambda s: sum(len(x) * x.var(0, unbiased=False) for x in s) / sum(map(len, s))),
         "forgets that the means"),
        (statistics_with(variance=lambda s: torch.cat(s).var(0)), "n - 1"),
        (statistics_with(variance=lambda s: torch.cat(s).square().mean(0)), "subtract the square"),
        (statistics_with(variance=lambda s: torch.cat(s).std(0, unbiased=False)), "standard deviation"),
        (lambda s: torch.cat(s).mean(0), "expected a pair"),
        (statistics_with(mean=lambda s: torch.cat(s).sum(0)), "a sum"),
        (statistics_with(mean=lambda s: torch.cat(s).mean()), "features"),
    ],
    "5": [
        (lambda n, p: 2 * (p - 1) * n / p, "four bytes"),
        (lambda n, p: (p - 1) * n * 4 / p, "the finished sums travel too"),
        (lambda n, p: 2 * n * 4, "p rounds"),
        (lambda n, p: 2 * (p - 1) * n * 4, "a process sends one part"),
        (lambda n, p: n * 4 / p, "one part alone"),
        (lambda n, p: n * 4, "the whole gradient, once"),
        (lambda n, p: 16 * (p - 1) * n / p, "float32 has four"),
        (lambda n, p: 64 * (p - 1) * n / p, "a byte has eight"),
    ],
}  # fmt: skip
