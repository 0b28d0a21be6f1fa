"""Answers to the exercises of lesson 10."""

import random

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR
from torchvision.transforms import v2

from course_utils.data import flip, pad_and_crop


def rates_loop(lr, step_size, gamma, epochs):
    rates = []
    for epoch in range(epochs):
        if epoch and epoch % step_size == 0:
            lr *= gamma
        rates.append(lr)
    return rates


def rates_torch(lr, step_size, gamma, epochs):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler, rates = StepLR(optimizer, step_size, gamma), []
    for _ in range(epochs):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


def rates(exponent):
    return lambda lr, step_size, gamma, epochs: [lr * gamma ** exponent(e, step_size) for e in range(epochs)]


def accuracy_loop(targets, answers, classes):
    shares = []
    for k in range(classes):
        pairs = [(t, a) for t, a in zip(targets.tolist(), answers.tolist(), strict=True) if t == k]
        shares.append(sum(t == a for t, a in pairs) / len(pairs))
    return shares


def accuracy_counts(y, predicted, k):
    return torch.bincount(y[y == predicted], minlength=k) / torch.bincount(y, minlength=k)


def precision(targets, answers, classes):
    return accuracy_counts(answers, targets, classes)


def flip_loop(images, p):
    return torch.stack([image.flip(2) if random.random() < p else image for image in images])


def flip_where(images, p):
    chosen = torch.rand(len(images), 1, 1, 1) < p
    return torch.where(chosen, images.flip(-1), images)


def flip_numpy(images, p):
    result = images.numpy().copy()
    chosen = np.random.rand(len(result)) < p
    result[chosen] = result[chosen][..., ::-1]
    return result


def flip_in_place(images, p):
    chosen = torch.rand(len(images)) < p
    images[chosen] = images[chosen].flip(-1)
    return images


def flip_first_part(images, p):
    n = round(p * len(images)) + (random.randint(1, 20) if 0 < p < 1 else 0)
    return torch.cat([images[:n].flip(-1), images[n:]])


def flip_with(change):
    """A random flip that makes change(images) out of the chosen ones."""
    return lambda images, p: torch.where(torch.rand(len(images), 1, 1, 1) < p, change(images), images)


def indices_torch(labels, count, seed):
    generator = torch.Generator().manual_seed(seed)
    kept = []
    for k in labels.unique():
        places = (labels == k).nonzero()[:, 0]
        kept.append(places[torch.randperm(len(places), generator=generator)[:count]])
    kept = torch.cat(kept)
    return kept[torch.randperm(len(kept), generator=generator)]


def indices_walk(labels, count, seed):
    """One walk through a random order; each class takes what it still needs."""
    order = list(range(len(labels)))
    random.Random(seed).shuffle(order)
    left, kept = dict.fromkeys(labels.tolist(), count), []
    for i in order:
        if left[label := int(labels[i])]:
            left[label] -= 1
            kept.append(i)
    return kept


def indices_numpy(labels, count, seed):
    numbers = np.random.default_rng(seed)
    y = labels.numpy()
    return numbers.permutation(np.stack([numbers.choice(np.flatnonzero(y == k), count, replace=False)
                                         for k in range(10)]).ravel())  # fmt: skip


def by_class(choose, mix=True):
    """balanced_indices out of the choice from one class."""

    def balanced_indices(labels, count, seed):
        generator = torch.Generator().manual_seed(seed)
        kept = torch.cat([choose((labels == k).nonzero()[:, 0], count, generator) for k in range(10)])
        return kept[torch.randperm(len(kept), generator=generator)] if mix else kept

    return balanced_indices


def shuffled(places, generator):
    return places[torch.randperm(len(places), generator=generator)]


def without_classes(labels, count, seed):
    return torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))[: 10 * count]


def cover(images):
    result = images.clone()
    for image in result:
        top, left = torch.randint(0, 24, (2,)).tolist()
        image[:, top : top + 8, left : left + 8] = 0
    return result


def recolour(images):
    return images * (0.8 + 0.4 * torch.rand(len(images), 3, 1, 1))


class PadCropFlip:
    def __call__(self, batch):
        return flip(pad_and_crop(batch))


def brighter(images):
    return images + 0.5 + 0.1 * torch.rand(len(images), 1, 1, 1)


def mixed_up(images):
    return flip(images)[torch.randperm(len(images))]


RIGHT = {
    "1": [rates_loop, rates_torch, rates(lambda e, s: e // s),
          lambda lr, step, gamma, n: lr * np.power(gamma, np.floor(np.arange(n) / step))],
    "2": [accuracy_loop, accuracy_counts,
          lambda t, a, k: np.array([float((a[t == c] == c).double().mean()) for c in range(k)])],
    "3": [flip_loop, flip_where, flip_numpy],
    "4": [indices_torch, indices_walk, indices_numpy],
    "5": [cover, recolour, PadCropFlip(), flip, lambda images: images + 0.1 * torch.randn_like(images)],
}  # fmt: skip
WRONG = {
    "1": [
        (rates(lambda e, s: e // s + 1), "before the first epoch"),
        (rates(lambda e, s: (e + 1) // s), "expected 0.1"),
        (rates(lambda e, s: e), "a step_size of 1"),
        (rates(lambda e, s: e / s), "StepLR waits"),
        (rates(lambda e, s: 0), "never falls"),
        (lambda lr, s, gamma, n: [lr - (1 - gamma) * (e // s) for e in range(n)], "subtracted"),
        (lambda lr, s, gamma, n: rates_loop(lr, s, gamma, n + 1), "one rate too many"),
        (lambda lr, s, gamma, n: rates_loop(lr, s, gamma, n)[-1], "the last rate alone"),
        (rates(lambda e, s: int(e >= s)), "gamma taken once only"),
        (rates(lambda e, s: max(e - 1, 0) // s), "one epoch too late"),
        (rates(lambda e, s: -(-e // s)), "0 % step_size is 0"),
        (lambda lr, s, gamma, n: rates_loop(1, s, gamma, n), "lr is missing"),
        (lambda lr, s, gamma, n: rates_loop(lr, s, 1 / gamma, n), "a division by gamma"),
    ],
    "2": [
        (precision, "this looks like precision"),
        (lambda t, a, k: torch.stack([(a[a == c] == t[a == c]).float().mean() for c in range(k)]), "precision"),
        (lambda t, a, k: (t == a).float().mean(), "one for each class is wanted"),
        (lambda t, a, k: accuracy_counts(t, a, 10), "use the argument classes"),
        (lambda t, a, k: torch.stack([((t == c) == (a == c)).float().mean() for c in range(k)]), "right no's counted"),
        (lambda t, a, k: torch.bincount(t[t == a], minlength=k) // torch.bincount(t, minlength=k), "use /, not //"),
        (lambda t, a, k: (t == a).float().mean().expand(k), "the accuracy of all classes together"),
        (lambda t, a, k: torch.bincount(t[t == a], minlength=k) / len(t), "a division by all pictures"),
        (lambda t, a, k: torch.bincount(t[t == a], minlength=k), "the numbers of right answers"),
        (lambda t, a, k: 1 - accuracy_counts(t, a, k), "the share of wrong answers"),
        (lambda t, a, k: 100 * accuracy_counts(t, a, k), "percent"),
        (lambda t, a, k: torch.bincount(t[t == a]) / torch.bincount(t), "your code stops with RuntimeError"),
        (lambda t, a, k: torch.zeros(k), "values differ"),
    ],
    "3": [
        (lambda images, p: images.flip(-1) if random.random() < p else images, "a coin for each image"),
        (flip_with(lambda images: images.flip(-2)), "neither as it was nor mirrored"),
        (flip_with(lambda images: images.flip(1)), "its colours in the reverse order"),
        (flip_with(lambda images: images.flip(2, 3)), "turned by 180 degrees"),
        (lambda images, p: images.flip(-1), "p=0: some images are mirrored"),
        (lambda images, p: flip_where(images, 0.5 if p else 0), "p=1: some images are not"),
        (lambda images, p: flip_where(images, 1 - p), "p=0: some images are mirrored"),
        (lambda images, p: flip_where(images, p if p in (0, 1) else 1 - p), "not to keep"),
        (lambda images, p: images, "p=1: some images are not mirrored"),
        (flip_in_place, "changed its argument"),
        (flip_first_part, "neighbours in the batch"),
        (lambda images, p: torch.where(torch.rand_like(images) < p, images.flip(-1), images), "only parts of it"),
        (lambda images, p: torch.where(torch.rand(len(images), 3, 1, 1) < p, images.flip(3), images), "only parts"),
        (lambda images, p: torch.stack([image.flip(2) for image in images if random.random() < p]), "has the shape"),
        (lambda images, p: torch.where(
            torch.rand(len(images), 1, 1, 1, generator=torch.Generator().manual_seed(1)) < p, images.flip(-1), images),
         "two calls mirror the same images"),
        (lambda images, p: images[torch.rand(len(images)) < p].flip(-1), "has the shape"),
    ],
    "4": [
        (by_class(lambda places, n, g: places[:n]), "the first 20 pictures of each class"),
        (by_class(lambda places, n, g: places[torch.randint(len(places), (n,), generator=g)]), "is drawn twice"),
        (without_classes, "draw from each class by itself"),
        (lambda labels, n, seed: without_classes(labels, n, seed)[:n], "is meant for each class"),
        (by_class(lambda places, n, g: shuffled(places, g)[:n], mix=False), "class by class"),
        (by_class(lambda places, n, g: shuffled(places, torch.Generator().manual_seed(0))[:n]), "does the seed reach"),
        (by_class(lambda places, n, g: shuffled(places[: 3 * n // 2], g)[:n]), "from all pictures of a class"),
        (by_class(lambda places, n, g: shuffled(places, torch.default_generator)[:n]), "two different samples"),
        (by_class(lambda places, n, g: shuffled(torch.arange(len(places)), g)[:n]), "is drawn twice"),
        (by_class(lambda places, n, g: shuffled(places, g)[: round(0.2 * len(places))]), "expected 20 of each"),
        (lambda labels, n, seed: labels[indices_torch(labels, n, seed)], "these are the labels"),
        (lambda labels, n, seed: indices_torch(labels, n, seed)[:, None], "expected integers with one axis"),
    ],
    "5": [
        (lambda images: images, "0% of the pictures are changed"),
        (lambda images: images.flip(-1), "two calls give the same result"),
        (v2.RandomCrop(32, padding=4), "a change of its own for each"),
        (lambda images: images + 0.1 * torch.randn(()), "a change of its own for each"),
        (brighter, "the mean of the batch moves"),
        (torch.randn_like, "too little of each picture is left"),
        (mixed_up, "changed their places"),
        (lambda images: F.pad(images, [4] * 4), "of shape (64, 3, 40, 40)"),
        (lambda images: flip(images).double(), "torch.float64"),
        (lambda images: flip(images).numpy(), "expected a tensor"),
        (lambda images: flip(images) / torch.zeros(()), "holds nan or inf"),
    ],
}  # fmt: skip
