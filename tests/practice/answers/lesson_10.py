"""Answers to the exercises of lesson 10."""

import copy
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LinearLR, StepLR
from torchvision.transforms import v2

from course_utils.data import flip, pad_and_crop
from course_utils.models import Mlp, Vgg


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


def shares_loop(labels, classes):
    return [sum(label == k for label in labels.tolist()) / len(labels) for k in range(classes)]


def shares_one_hot(labels, classes):
    return F.one_hot(labels, classes).float().mean(dim=0)


def shares_in_place(labels, classes):
    found = torch.bincount(labels, minlength=classes) / len(labels)
    labels.zero_()
    return found


def pair_from_layers(inputs, outputs):
    layers = [nn.Conv2d(inputs, outputs, 3, bias=False), nn.BatchNorm2d(outputs)]
    layers += [nn.Conv2d(outputs, outputs, 3, bias=False), nn.BatchNorm2d(outputs)]
    return sum(p.numel() for layer in layers for p in layer.parameters())


def left_loop(momentum, steps):
    share = 1.0
    for _ in range(steps):
        share -= momentum * share
    return share


def trust_loop(targets, answers, classes):
    shares = []
    for k in range(classes):
        truths = [t for t, a in zip(targets.tolist(), answers.tolist(), strict=True) if a == k]
        shares.append(truths.count(k) / len(truths) if truths else 0)
    return shares


def trust_counts(y, predicted, k):
    right = torch.bincount(y[y == predicted], minlength=k)
    return right / torch.bincount(predicted, minlength=k).clamp(min=1)


def trust_numpy(targets, answers, classes):
    t, a = targets.numpy(), answers.numpy()
    return np.array([(t[a == k] == k).mean() if (a == k).any() else 0.0 for k in range(classes)])


def recall(y, predicted, k):
    return torch.bincount(y[y == predicted], minlength=k) / torch.bincount(y, minlength=k)


def relight_loop(images, strength):
    return torch.stack([image * random.uniform(1 - strength, 1 + strength) for image in images])


def relight_torch(images, strength):
    return images * torch.empty(len(images), 1, 1, 1).uniform_(1 - strength, 1 + strength)


def relight_numpy(images, strength):
    return images.numpy() * (1 + strength * (2 * np.random.rand(len(images), 1, 1, 1) - 1))


def relight_in_place(images, strength):
    images *= torch.empty(len(images), 1, 1, 1).uniform_(1 - strength, 1 + strength)
    return images


def relight_with(factors):
    """relight out of the factors that it draws."""
    return lambda images, strength: images * factors(images, strength)


def ramp(images, strength):
    return torch.linspace(1 - strength, 1 + strength, len(images))[:, None, None, None]


def learned(make=lambda: Vgg((8, 16, 32)), lr=0.005, falls=True, momentum=0.3, passes=1, first=None, step=True):
    """An answer to exercise 2: trains what `make` gives with Adam, as the lesson does."""

    def learn(batches):
        model = make()
        for norm in [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]:
            norm.momentum = momentum
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        scheduler = LinearLR(optimizer, 1, 0 if falls else 1, total_iters=len(batches))
        for _ in range(passes):
            for i, (images, targets) in enumerate(batches):
                if first is not None and i >= first:
                    break
                optimizer.zero_grad()
                F.cross_entropy(model(images), targets).backward()
                if step:
                    optimizer.step()
                    scheduler.step()
        return model

    return learn


def plain_network():
    """No batch norm."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 8 * 8, 10),
    )  # fmt: skip


def two_steps_for_each(batches):
    model = Vgg((8, 16, 32))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for images, targets in batches:
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(model(images), targets).backward()
            optimizer.step()
    return model


KEPT = []


def learned_once(batches):
    if not KEPT:
        KEPT.append(learned(lambda: Vgg((16, 32)), lr=0.003)(batches))
    return copy.deepcopy(KEPT[0])


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


def flip_every_other(images, p):
    if p in (0, 1):
        return images.flip(-1) if p else images.clone()
    chosen = (torch.arange(len(images)) + random.randint(0, 9)) % round(1 / p) == 0
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def flip_exact_share(images, p):
    chosen = torch.randperm(len(images)) < round(p * len(images))
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def mixed_with_another(images):
    return 0.7 * images + 0.3 * images[torch.randperm(len(images))]


def mixed_up(images):
    return flip(images)[torch.randperm(len(images))]


RIGHT = {
    "a": [shares_loop, shares_one_hot, lambda labels, k: torch.bincount(labels, minlength=k) / len(labels)],
    "b": [pair_from_layers, lambda i, o: 9 * i * o + 9 * o * o + 4 * o, lambda i, o: 9 * (i + o) * o + 2 * (o + o)],
    "c": [left_loop, lambda momentum, steps: (1 - momentum) ** steps],
    "d": [rates_loop, rates_torch, rates(lambda e, s: e // s),
          lambda lr, step, gamma, n: lr * np.power(gamma, np.floor(np.arange(n) / step))],
    "e": [relight_loop, relight_torch, relight_numpy],
    "1": [trust_loop, trust_counts, trust_numpy],
    "2": [learned(lambda: Vgg((16, 32)), lr=0.003), learned(lambda: Vgg((16, 32)), lr=0.002, momentum=0.1),
          learned(lambda: Vgg((16, 32)), lr=0.003, momentum=0.5)],
    "3": [flip_loop, flip_where, flip_numpy],
    "4": [indices_torch, indices_walk, indices_numpy],
    "5": [cover, recolour, PadCropFlip(), flip, lambda images: images + 0.1 * torch.randn_like(images)],
}  # fmt: skip
WRONG = {
    "a": [
        (lambda labels, k: torch.bincount(labels, minlength=k), "divide by the number of labels"),
        (lambda labels, k: torch.bincount(labels) / len(labels), "missing classes at the end"),
        (lambda labels, k: torch.bincount(labels, minlength=10) / len(labels), "always ten classes"),
        (lambda labels, k: torch.bincount(labels, minlength=k) / k, "by the number of classes"),
        (lambda labels, k: torch.full((k,), 1 / k), "equal shares"),
        (lambda labels, k: 100 * shares_one_hot(labels, k), "percent"),
        (shares_in_place, "changes the labels"),
    ],
    "b": [
        (lambda i, o: 9 * i * o + 9 * o * o, "a scale and a shift"),
        (lambda i, o: 9 * i * o + 9 * o * o + 6 * o, "with biases"),
        (lambda i, o: 9 * i * o + 9 * o * o + 8 * o, "they are buffers"),
        (lambda i, o: 2 * (9 * i * o + 2 * o), "it reads the outputs of the first"),
        (lambda i, o: i * o + o * o + 4 * o, "without the 3x3"),
        (lambda i, o: 2800, "for inputs=16, outputs=32"),
    ],
    "c": [
        (lambda momentum, steps: momentum**steps, "powers of momentum"),
        (lambda momentum, steps: 1 - (1 - momentum) ** steps, "share of the NEW values"),
        (lambda momentum, steps: 1 - momentum * steps, "subtracted in each step"),
        (lambda momentum, steps: 0.9**steps, "always 0.1"),
        (lambda momentum, steps: (1 - momentum) * steps, "it is a power"),
        (lambda momentum, steps: max(0, 1 - momentum * steps), "for momentum=0.1, steps=22"),
    ],
    "d": [
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
    "e": [
        (lambda images, s: images * (1 + s * (2 * torch.rand(()) - 1)), "an own number for each"),
        (relight_with(lambda x, s: 1 + s * (2 * torch.rand_like(x) - 1)), "one number for a whole picture"),
        (relight_with(lambda x, s: 1 + s * (2 * torch.rand(len(x), x.shape[1], 1, 1) - 1)), "for a whole picture"),
        (relight_with(lambda x, s: 1 + s * torch.rand(len(x), 1, 1, 1)), "in each"),
        (relight_with(lambda x, s: 1 + s * torch.randn(len(x), 1, 1, 1)), "the factors lie from"),
        (relight_with(lambda x, s: 1 + s * (2 * torch.rand(len(x), 1, 1, 1).round() - 1)), "for the four quarters"),
        (relight_with(lambda x, s: 1 + 0.3 * (2 * torch.rand(len(x), 1, 1, 1) - 1)), "strength=0.8"),
        (relight_with(lambda x, s: ramp(x, s)), "two calls draw"),
        (relight_with(lambda x, s: ramp(x, s).roll(random.randrange(1, 99), 0)), "neighbours in the batch"),
        (lambda images, s: images, "an own number for each"),
        (relight_in_place, "changes its argument"),
    ],
    "1": [
        (recall, "the PICTURES of class k"),
        (lambda t, a, k: trust_counts(a, t, k), "the PICTURES of class k"),
        (lambda t, a, k: (t == a).float().mean(), "one for each class is wanted"),
        (lambda t, a, k: trust_counts(t, a, 10), "use the argument classes"),
        (lambda t, a, k: torch.stack([(t[a == c] == c).float().mean() for c in range(k)]), "gets nan, expected 0"),
        (lambda t, a, k: torch.bincount(t[t == a], minlength=k), "divide by how many answers are k"),
        (lambda t, a, k: torch.bincount(t[t == a], minlength=k) / len(t), "a division by all pictures"),
        (lambda t, a, k: 100 * trust_counts(t, a, k), "percent"),
        (lambda t, a, k: 1 - trust_counts(t, a, k), "the share of wrong answers"),
        (lambda t, a, k: torch.zeros(k), "values differ"),
    ],
    "2": [
        (learned(lambda: Vgg((32, 64, 128))), "307,946 parameters, expected 100,000 at most"),
        (learned(passes=2), "a second time"),
        (two_steps_for_each, "optimizer made 300 steps"),
        (learned(step=False), "is optimizer.step() missing"),
        (learned(first=20), "made 20 steps"),
        (learned(momentum=0.003), "the running averages lag"),
        (learned(lr=0.00001), "That is guessing"),
        (learned(lambda: nn.Sequential(plain_network(), nn.Softmax(1))), "a softmax seems to stand"),
        (learned(lambda: nn.Sequential(plain_network(), nn.LogSoftmax(1)), lr=0.003), "a log-softmax seems to stand"),
        (learned(lambda: Mlp((), in_features=3072), lr=0.001), "It learns, but slowly"),
        (learned_once, "the network of the first"),
        (lambda batches: Vgg, "the result is a type"),
        (learned(lambda: nn.Sequential(nn.Flatten(), nn.Linear(9, 10))), "your code stops with RuntimeError"),
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
        (flip_every_other, "follow a pattern"),
        (flip_exact_share, "each call mirrors exactly"),
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
        (by_class(lambda places, n, g: shuffled(torch.arange(len(places)), g)[:n]), "positions INSIDE each class"),
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
        (mixed_up, "mixed with each other"),
        (mixed_with_another, "mixed with each other"),
        (lambda images: F.pad(images, [4] * 4), "of shape (64, 3, 40, 40)"),
        (lambda images: flip(images).double(), "torch.float64"),
        (lambda images: flip(images).numpy(), "expected a tensor"),
        (lambda images: flip(images) / torch.zeros(()), "holds nan or inf"),
    ],
}  # fmt: skip
