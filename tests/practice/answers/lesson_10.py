"""Answers to the exercises of lesson 10."""

import copy
import random
from functools import cache, wraps

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LinearLR, StepLR
from torchvision.transforms import v2

from course_utils.data import flip, load, pad_and_crop
from course_utils.models import Mlp, Vgg
from tests.practice.slips import added_up, once


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
    return torch.tensor([sum(label == k for label in labels.tolist()) / len(labels) for k in range(classes)])


def shares_one_hot(labels, classes):
    return F.one_hot(labels, classes).float().mean(dim=0)


def shares_numpy(labels, classes):
    """A float64 tensor."""
    return torch.from_numpy(np.bincount(labels.numpy(), minlength=classes) / labels.numel())


def shares_sorts(labels, classes):
    labels[:] = labels.sort().values
    return shares_one_hot(labels, classes)


def by_last(function):
    """An answer that keeps its results by the last argument alone."""
    kept = {}
    return wraps(function)(lambda *arguments: kept.setdefault(arguments[-1], function(*arguments)))


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


def trust_in_place(targets, answers, classes):
    targets[targets != answers] = classes
    right = torch.bincount(targets, minlength=classes + 1)[:classes]
    return right / torch.bincount(answers, minlength=classes).clamp(min=1)


def trust_last_class_alone(targets, answers, classes):
    """Knows only of a last class that is never answered."""
    shares = [(targets[answers == k] == k).float().mean() for k in range(classes)]
    shares[-1] = shares[-1].nan_to_num()
    return torch.stack(shares)


def trust_counted_up(targets, answers, classes, counts={}):  # noqa: B006
    """The counts of former calls with so many classes are still there."""
    counts.setdefault(classes, torch.zeros(classes, classes))
    for t, a in zip(targets, answers, strict=True):
        counts[classes][t, a] += 1
    return counts[classes].diagonal() / counts[classes].sum(0).clamp(min=1)


def trust_numpy(targets, answers, classes):
    t, a = targets.numpy(), answers.numpy()
    return np.array([(t[a == k] == k).mean() if (a == k).any() else 0.0 for k in range(classes)])


def recall(y, predicted, k):
    return torch.bincount(y[y == predicted], minlength=k) / torch.bincount(y, minlength=k)


def contrast_loop(images, strength):
    return torch.stack([image * random.uniform(1 - strength, 1 + strength) for image in images])


def contrast_torch(images, strength):
    return images * torch.empty(len(images), 1, 1, 1).uniform_(1 - strength, 1 + strength)


def contrast_numpy(images, strength):
    factors = np.random.uniform(1 - strength, 1 + strength, (len(images), 1, 1, 1))
    return torch.from_numpy(images.numpy() * factors)


def contrast_einsum(images, strength):
    return torch.einsum("nchw,n->nchw", images, 1 + strength * (1 - 2 * torch.rand(len(images))))


def contrast_in_place(images, strength):
    images *= torch.empty(len(images), 1, 1, 1).uniform_(1 - strength, 1 + strength)
    return images


def contrast_with(factors):
    """vary_contrast out of the factors that it draws."""
    return lambda images, strength: images * factors(images, strength)


def contrast_grid(images, strength):
    """Exact shares: the same numbers in each call, in another order."""
    return images * ramp(images, strength)[torch.randperm(len(images))]


def contrast_in_layers(images, strength):
    """One number out of each thousandth, in a random order."""
    n = len(images)
    factors = ((torch.arange(n) + torch.rand(n)) / n)[torch.randperm(n)]
    return images * (1 + strength * (2 * factors - 1))[:, None, None, None]


def contrast_again(images, strength, kept={}):  # noqa: B006
    """The numbers of the first call, in another order."""
    numbers = kept.setdefault(len(images), torch.rand(len(images), 1, 1, 1))
    return images * (1 + strength * (2 * numbers[torch.randperm(len(images))] - 1))


def contrast_turned(images, strength, kept=[]):  # noqa: B006
    """The numbers of the call before, turned by one place."""
    kept[:] = [kept[0].roll(1, 0)] if kept and len(kept[0]) == len(images) else [torch.rand(len(images), 1, 1, 1)]
    return images * (1 + strength * (2 * kept[0] - 1))


def contrast_mirrored_pairs(images, strength):
    half = torch.rand((len(images) + 1) // 2, 1, 1, 1)
    return images * (1 + strength * (2 * torch.cat([half, 1 - half])[: len(images)] - 1))


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


class NoAverages(nn.Module):
    """Its batch norms have no running averages: they use the batch, in evaluation mode, too."""

    def __init__(self):
        super().__init__()
        self.inner = Vgg((16, 32))
        for layer in self.inner.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.track_running_stats, layer.running_mean, layer.running_var = False, None, None

    def forward(self, x):
        return self.inner(x)


class InAList(nn.Module):
    """Most of its layers are in a plain list."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Conv2d(3, 300, 5, stride=4), nn.ReLU()]
        self.last = nn.LazyLinear(10)
        self.last(torch.zeros(1, 300))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.last(x.mean((2, 3)))


class Shifts(nn.Module):
    """Changes the pictures that it gets."""

    def __init__(self):
        super().__init__()
        self.inner = plain_network()

    def forward(self, x):
        x -= 0.1
        return self.inner(x)


def by_hand(batches):
    """Twice as many steps, without an optimizer."""
    model = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(48, 10))
    for images, targets in batches:
        for _ in range(2):
            F.cross_entropy(model(images), targets).backward()
            for p in model.parameters():
                p.data -= 0.01 * p.grad
                p.grad = None
    return model


def trained_by_hand(batches):
    """One step for each batch, in plain PyTorch, with a momentum of its own and without batch norm."""
    model, rate, kept = plain_network(), 0.05, {}
    for i, (images, targets) in enumerate(batches):
        loss = F.cross_entropy(model(images), targets)
        for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True):
            kept[p] = 0.9 * kept.get(p, 0) + g
            p.data -= rate * (1 - i / 150) * kept[p]
    return model


@cache
def trained_before():
    """A network that another cell has trained."""
    cifar = load("cifar10")
    batches = [cifar.train[torch.arange(32 * i, 32 * i + 32)] for i in range(150)]
    return learned(lambda: Vgg((16, 32)), lr=0.003)(batches)


def learns_on(batches):
    """The network of the first call is trained on."""
    if not KEPT:
        KEPT.append(Vgg((16, 32)))
    return learned(lambda: KEPT[0], lr=0.003)(batches)


def plain_network():
    """No batch norm."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 8 * 8, 10),
    )  # fmt: skip


def two_steps_for_each(batches):
    model = Vgg((4, 8))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for images, targets in batches:
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(model(images), targets).backward()
            optimizer.step()
    return model


KEPT = []


def flip_loop(images, p):
    return torch.stack([image.flip(2) if random.random() < p else image for image in images])


def flip_where(images, p):
    chosen = torch.rand(len(images), 1, 1, 1) < p
    return torch.where(chosen, images.flip(-1), images)


def flip_numpy(images, p):
    result = images.numpy().copy()
    chosen = np.random.rand(len(result)) < p
    result[chosen] = result[chosen][..., ::-1]
    return torch.from_numpy(result)


def flip_gather(images, p):
    """The columns of each image, from the left or from the right."""
    columns = torch.arange(images.shape[3]).expand_as(images)
    chosen = torch.bernoulli(torch.full((len(images),), float(p))).bool()[:, None, None, None]
    return images.gather(3, torch.where(chosen, images.shape[3] - 1 - columns, columns))


def flip_in_place(images, p):
    chosen = torch.rand(len(images)) < p
    images[chosen] = images[chosen].flip(-1)
    return images


def flip_or_the_same(images, p):
    return images if p == 0 else flip_where(images, p)


def flip_nearly_exact(images, p):
    """The number is drawn from three, the images are drawn without putting back."""
    n = round(p * len(images)) + (random.randint(-1, 1) if 0 < p < 1 else 0)
    chosen = torch.randperm(len(images)) < n
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def flip_the_others(images, p, kept={}):  # noqa: B006
    """Every second call flips those that the call before left."""
    key = len(images), p
    chosen = ~kept.pop(key) if key in kept and p == 0.5 else torch.rand(len(images)) < p
    if key not in kept and p == 0.5:
        kept[key] = chosen
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def flip_half_twice(images, p):
    """The coins of the first half serve for the second one, too."""
    half = torch.rand((len(images) + 1) // 2) < p
    chosen = torch.cat([half, half])[: len(images)]
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def flip_not_alone(images, p):
    """A batch of one image stays as it is."""
    return flip_where(images, p) if len(images) > 1 or p in (0, 1) else images.clone()


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


def indices_window(labels, count, seed):
    """Neighbours: a window at a random place of each class."""
    draw, kept = random.Random(seed), []
    for k in range(10):
        places = (labels == k).nonzero()[:, 0].tolist()
        start = draw.randrange(len(places))
        kept += (places + places)[start : start + count]
    draw.shuffle(kept)
    return kept


def indices_next(labels, count, seed):
    """A window that moves on with the seed."""
    kept = []
    for k in range(10):
        places = shuffled((labels == k).nonzero()[:, 0], torch.Generator().manual_seed(3)).tolist()
        kept += (places * 9)[seed % len(places) :][:count]
    random.Random(seed).shuffle(kept)
    return kept


def indices_sorted(labels, count, seed):
    """In the order of the pictures: mixed only where the labels are mixed."""
    return indices_torch(labels, count, seed).sort().values


def indices_in_place(labels, count, seed):
    kept = indices_torch(labels, count, seed)
    labels[kept] = -1
    return kept


def indices_late_ones(labels, count, seed):
    """Late pictures of a class have more weight."""
    return by_class(lambda places, n, g: places[torch.multinomial(torch.linspace(1, 3, len(places)), n, generator=g)])(
        labels, count, seed
    )


def indices_in_halves(labels, count, seed):
    """The classes 0 to 4 first."""
    kept = indices_torch(labels, count, seed)
    return kept[(labels[kept] // 5).argsort(stable=True)]


def indices_without_last(labels, count, seed):
    """One too few: the last picture of each class is never drawn."""
    return by_class(lambda places, n, g: shuffled(places[:-1], g)[:n])(labels, count, seed)


def indices_with_first(labels, count, seed):
    """The first picture of each class is always in."""
    return by_class(lambda places, n, g: torch.cat([places[:1], shuffled(places[1:], g)])[:n])(labels, count, seed)


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


def one_crop_with_coins(images):
    """A coin for each picture, but one change for all of them."""
    moved = images.roll(tuple(torch.randint(-4, 5, (2,)).tolist()), (2, 3))
    return torch.where(torch.rand(len(images), 1, 1, 1) < 0.5, moved, images)


def one_strength(images):
    """Noise for each picture, as strong as one number for the batch says."""
    return images + torch.rand(()) * torch.randn_like(images)


def first_half_alone(images):
    result, n = images.clone(), (len(images) + 1) // 2
    result[:n] += 0.3 * torch.randn(n, 3, 1, 1)
    return result


def shades_in_another_order(images):
    shades = torch.linspace(0.7, 1.3, len(images))[torch.randperm(len(images))]
    return images * shades[:, None, None, None]


def in_place(images):
    images *= 0.8 + 0.4 * torch.rand(len(images), 1, 1, 1)
    return images


def swapped_with_own_numbers(images):
    """A quarter of the pictures change their places; drawn with a generator of its own."""
    places = np.arange(len(images))
    chosen = np.random.default_rng().choice(len(images), len(images) // 3, replace=False)
    places[chosen] = np.roll(chosen, 1)
    return flip(images)[torch.from_numpy(places)]


SHADES = 0.8 + 0.4 * torch.rand(1000, 1, 1, 1, generator=torch.Generator().manual_seed(1))


def turned(images):
    """A small turn of each picture, with torchvision."""
    return torch.stack([v2.RandomRotation(15)(image) for image in images])


def mixed_with_another(images):
    return 0.7 * images + 0.3 * images[torch.randperm(len(images))]


def mixed_up(images):
    return flip(images)[torch.randperm(len(images))]


KINDS = {
    "a": "value once memory type",
    "b": "value once",
    "c": "value once",
    "d": "value once type",
    "e": "value once memory chance type",
    "1": "value once memory",
    "2": "value once memory structure type state",
    "3": "value once memory chance type",
    "4": "value once memory chance type",
    "5": "value once memory chance type",
}
FEW = {"2": "each call trains a network", "5": "each call gets other random numbers"}
RIGHT = {
    "a": [shares_loop, shares_one_hot, lambda labels, k: torch.bincount(labels, minlength=k) / len(labels),
          shares_numpy],
    "b": [pair_from_layers, lambda i, o: 9 * i * o + 9 * o * o + 4 * o, lambda i, o: 9 * (i + o) * o + 2 * (o + o)],
    "c": [left_loop, lambda momentum, steps: (1 - momentum) ** steps,
          lambda momentum, steps: torch.full((steps,), 1 - momentum, dtype=torch.double).prod(),
          lambda momentum, steps: np.power(1 - momentum, steps)],
    "d": [rates_loop, rates_torch, rates(lambda e, s: e // s),
          lambda lr, step, gamma, n: (lr * np.power(gamma, np.floor(np.arange(n) / step))).tolist()],
    "e": [contrast_loop, contrast_torch, contrast_numpy, contrast_einsum],
    "1": [trust_loop, trust_counts, trust_numpy],
    "2": [learned(lambda: Vgg((16, 32)), lr=0.003), learned(lambda: Vgg((16, 32)), lr=0.002, momentum=0.1),
          learned(lambda: Vgg((16, 32)), lr=0.003, momentum=0.5), trained_by_hand],
    "3": [flip_loop, flip_where, flip_numpy, flip_gather],
    "4": [indices_torch, indices_walk, indices_numpy],
    "5": [cover, recolour, PadCropFlip(), flip, lambda images: images + 0.1 * torch.randn_like(images),
          turned],
}  # fmt: skip
WRONG = {
    "a": [
        (lambda labels, k: torch.bincount(labels, minlength=k), "divide by the number of labels"),
        (lambda labels, k: torch.bincount(labels) / len(labels), "missing classes at the end"),
        (lambda labels, k: torch.bincount(labels, minlength=10) / len(labels), "always ten classes"),
        (lambda labels, k: torch.bincount(labels, minlength=k) / k, "by the number of classes"),
        (lambda labels, k: torch.full((k,), 1 / k), "equal shares"),
        (lambda labels, k: 100 * shares_one_hot(labels, k), "percent"),
        (lambda labels, k: shares_one_hot(labels, k).round(decimals=3), "values differ", "value"),
        (lambda labels, k: torch.bincount(labels, minlength=3)[:k] / len(labels), "expected (12,)", "value"),
        (by_last(shares_one_hot), "expected", "once"),
        (once(shares_one_hot), "expected (12,)", "once"),
        (shares_in_place, "changes its argument labels", "memory"),
        (shares_sorts, "changes its argument labels", "memory"),
        (lambda labels, k: shares_one_hot(labels, k).tolist(), "the result is a list, expected a tensor", "type"),
        (lambda labels, k: shares_one_hot(labels, k).numpy(), "torch.from_numpy", "type"),
    ],
    "b": [
        (lambda i, o: 9 * i * o + 9 * o * o, "a scale and a shift"),
        (lambda i, o: 9 * i * o + 9 * o * o + 6 * o, "with biases"),
        (lambda i, o: 9 * i * o + 9 * o * o + 8 * o, "they are buffers"),
        (lambda i, o: 2 * (9 * i * o + 2 * o), "it reads the outputs of the first"),
        (lambda i, o: i * o + o * o + 4 * o, "without the 3x3"),
        (lambda i, o: 2800, "for i = 16, o = 32", "value"),
        (lambda i, o: 9 * i * o + 9 * max(i, o) ** 2 + 4 * o, "for i = 100, o = 20", "value"),
        (lambda i, o: 9 * i * o + 9 * o * o + 4 * max(i, o), "for i = 100, o = 20", "value"),
        (once(pair_from_layers), "for inputs = 16, outputs = 32", "once"),
        (added_up(pair_from_layers), "for inputs = 16, outputs = 32", "once"),
    ],
    "c": [
        (lambda momentum, steps: momentum**steps, "powers of momentum"),
        (lambda momentum, steps: 1 - (1 - momentum) ** steps, "share of the NEW values"),
        (lambda momentum, steps: 1 - momentum * steps, "subtracted in each step"),
        (lambda momentum, steps: 0.9**steps, "always 0.1", "value"),
        (lambda momentum, steps: (1 - momentum) * steps, "it is a power"),
        (lambda momentum, steps: max(0, 1 - momentum * steps), "for momentum = 0.1, steps = 22"),
        (lambda momentum, steps: (1 - momentum) ** min(steps, 1000), "steps = 2500", "value"),
        (lambda momentum, steps: round((1 - momentum) ** steps, 4), "momentum = 0.1", "value"),
        (lambda momentum, steps: (1 - momentum) ** max(steps, 1), "steps = 0", "value"),
        (once(left_loop), "momentum = 0.5", "once"),
        (added_up(left_loop), "momentum = 0.5", "once"),
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
        (lambda lr, s, gamma, n: rates_loop(lr, s, min(gamma, 1), n), "expected", "value"),
        (lambda lr, s, gamma, n: [round(rate, 4) for rate in rates_loop(lr, s, gamma, n)], "expected", "value"),
        (lambda lr, s, gamma, n: rates_loop(lr, min(s, 3), gamma, n), "expected", "value"),
        (once(rates_loop), "expected (8,)", "once"),
        (by_last(rates_loop), "expected", "once"),
        (lambda lr, s, gamma, n: np.array(rates_loop(lr, s, gamma, n)), ".tolist() makes one", "type"),
        (lambda lr, s, gamma, n: dict(enumerate(rates_loop(lr, s, gamma, n))), "is a dict, expected numbers", "type"),
    ],
    "e": [
        (lambda images, s: images * (1 + s * (2 * torch.rand(()) - 1)), "an own number for each", "chance"),
        (contrast_with(lambda x, s: 1 + s * (2 * torch.rand_like(x) - 1)), "one number for a whole picture"),
        (contrast_with(lambda x, s: 1 + s * (2 * torch.rand(len(x), x.shape[1], 1, 1) - 1)), "for a whole picture"),
        (contrast_with(lambda x, s: 1 + s * torch.rand(len(x), 1, 1, 1)), "in the four quarters"),
        (contrast_with(lambda x, s: 1 + s * torch.randn(len(x), 1, 1, 1)), "the factors lie from"),
        (contrast_with(lambda x, s: 1 + s * (2 * torch.rand(len(x), 1, 1, 1).round() - 1)),
         "in the four quarters", "chance"),
        (contrast_with(lambda x, s: 1 + 0.3 * (2 * torch.rand(len(x), 1, 1, 1) - 1)), "between 0.2 and 1.8", "value"),
        (contrast_with(lambda x, s: ramp(x, s)), "neighbours in the batch", "chance"),
        (contrast_with(lambda x, s: ramp(x, s).roll(random.randrange(1, 99), 0)), "neighbours in the batch", "chance"),
        (contrast_grid, "nearly equal distances", "chance"),
        (contrast_in_layers, "nearly equal distances", "chance"),
        (contrast_again, "in another order", "once"),
        (contrast_mirrored_pairs, "follow a pattern", "chance"),
        (contrast_with(lambda x, s: 1 + s * (torch.rand(len(x), 1, 1, 1) + torch.rand(len(x), 1, 1, 1) - 1)),
         "in the four quarters", "chance"),
        (contrast_with(lambda x, s: 1 + s * (torch.randint(-10, 11, (len(x), 1, 1, 1)) / 10)), "only 21 factors",
         "chance"),
        (contrast_with(lambda x, s: 1 + 0.95 * s * (2 * torch.rand(len(x), 1, 1, 1) - 1)), "in the four quarters",
         "chance"),
        (lambda images, s: contrast_torch(images, s).clamp(min=0), "for a whole picture", "value"),
        (lambda images, s: contrast_torch(images, s).clamp(-1.5, 1.5), "for a whole picture", "value"),
        (lambda images, s: torch.cat([images[:1], contrast_torch(images[1:], s)]), "(1, 2, 2, 2)", "value"),
        (contrast_turned, "follow from those of the first", "once"),
        (once(contrast_torch), "two calls draw the same", "once"),
        (lambda images, s: images, "shares its memory", "memory"),
        (lambda images, s: contrast_torch(images, s) if s else images, "shares its memory", "memory"),
        (lambda images, s: images.clone(), "an own number for each"),
        (contrast_in_place, "changes its argument", "memory"),
        (lambda images, s: contrast_torch(images, s).numpy(), "torch.from_numpy", "type"),
        (lambda images, s: list(contrast_torch(images, s)), "the result is a list", "type"),
    ],
    "1": [
        (recall, "the PICTURES of class k"),
        (lambda t, a, k: trust_counts(a, t, k), "the PICTURES of class k"),
        (lambda t, a, k: (t == a).float().mean(), "one for each class is wanted"),
        (lambda t, a, k: trust_counts(t, a, 10), "use the argument classes", "value"),
        (lambda t, a, k: torch.stack([(t[a == c] == c).float().mean() for c in range(k)]), "gets nan, expected 0"),
        (lambda t, a, k: torch.bincount(t[t == a], minlength=k), "divide by how many answers are k"),
        (lambda t, a, k: torch.bincount(t[t == a], minlength=k) / len(t), "a division by all pictures"),
        (lambda t, a, k: 100 * trust_counts(t, a, k), "percent"),
        (lambda t, a, k: 1 - trust_counts(t, a, k), "the share of wrong answers"),
        (lambda t, a, k: torch.zeros(k), "values differ"),
        (trust_last_class_alone, "class 0 gets nan", "value"),
        (lambda t, a, k: trust_counts(t, a, k) * (torch.bincount(t, minlength=k) > 0) + 1.0 * (
            torch.bincount(t, minlength=k) == 0), "2000 pictures", "value"),
        (lambda t, a, k: torch.bincount(t[t == a], minlength=k) / torch.bincount(a, minlength=k).clamp(min=2),
         "8 pictures", "value"),
        (trust_counted_up, "values differ", "once"),
        (once(trust_counts), "expected (10,)", "once"),
        (trust_in_place, "changes its argument targets", "memory"),
        (lambda t, a, k: trust_counts(t.sort().values, a.copy_(a[t.argsort()]), k), "changes its argument a", "memory"),
    ],
    "2": [
        (lambda batches: Vgg((32, 64, 128)), "307,946 parameters, expected 100,000 at most"),
        (learned(lambda: Vgg((4, 8)), passes=2), "a second time"),
        (two_steps_for_each, "optimizer makes 300 steps"),
        (by_hand, "gradients are computed 300 times"),
        (learned(lambda: Vgg((4, 8)), step=False), "is optimizer.step() missing"),
        (learned(lambda: Vgg((8, 16)), first=20), "made 20 steps"),
        (learned(lambda: Vgg((16, 32)), momentum=0.003), "the running averages of batch norm lag", "state"),
        (learned(lambda: Mlp((), in_features=3072), lr=0.00001), "That is guessing"),
        (lambda batches: nn.Sequential(plain_network(), nn.Softmax(1)), "a softmax stands", "structure"),
        (lambda batches: nn.Sequential(plain_network(), nn.LogSoftmax(1)), "a log_softmax stands", "structure"),
        (lambda batches: nn.Sequential(plain_network(), nn.Tanh()), "a tanh stands", "structure"),
        (lambda batches: NoAverages(), "alone than in a batch", "structure"),
        (lambda batches: InAList(), "are layers in a plain list", "structure"),
        (lambda batches: Shifts(), "changes its argument x", "memory"),
        (learned(lambda: Mlp((), in_features=3072), lr=0.001), "It learns, but slowly"),
        (lambda batches: copy.deepcopy(trained_before()), "what it learned in the first", "value"),
        (learns_on, "a second call returns the network of the first", "once"),
        (lambda batches: Vgg, "the result is a type", "type"),
        (lambda batches: Vgg((8, 16)).state_dict(), "the result is a OrderedDict", "type"),
        (lambda batches: (Vgg((8, 16)), 0.4), "the result is a tuple", "type"),
        (learned(lambda: nn.Sequential(nn.Flatten(), nn.Linear(9, 10))), "your code stops with RuntimeError"),
    ],
    "3": [
        (lambda images, p: images.flip(-1) if random.random() < p else images.clone(),
         "a coin for each image", "chance"),
        (flip_with(lambda images: images.flip(-2)), "mirrored left to right (the last axis)"),
        (flip_with(lambda images: images.flip(1)), "its colours in the reverse order"),
        (flip_with(lambda images: images.flip(2, 3)), "turned by 180 degrees"),
        (lambda images, p: images.flip(-1), "p = 0.0"),
        (lambda images, p: flip_where(images, 0.5 if p else 0), "p = 1.0", "value"),
        (lambda images, p: flip_where(images, 1 - p), "p = 0.0"),
        (lambda images, p: flip_where(images, p if p in (0, 1) else 1 - p), "not to keep"),
        (lambda images, p: flip_where(images, p if p in (0, 1) else 0.5), "p = 0.2", "value"),
        (lambda images, p: flip_where(images, min(p, 0.5) if p < 1 else 1), "p = 0.9", "value"),
        (lambda images, p: images.clone(), "p = 1.0"),
        (flip_in_place, "changes its argument", "memory"),
        (lambda images, p: images, "shares its memory", "memory"),
        (flip_or_the_same, "shares its memory", "memory"),
        (flip_first_part, "neighbours in the batch", "chance"),
        (flip_nearly_exact, "nearly the same number", "chance"),
        (flip_half_twice, "follow a pattern", "chance"),
        (lambda images, p: flip_where(images, p + 0.04 if 0 < p < 1 else p), "of 7,800 images", "chance"),
        (flip_not_alone, "40 calls with one image", "value"),
        (flip_the_others, "follow from those of the first", "once"),
        (once(flip_where), "p = 0.0", "once"),
        (lambda images, p: flip_where(images, p).clamp(0, 1), "expected it as it was", "value"),
        (lambda images, p: flip_where(images, p).numpy(), "torch.from_numpy", "type"),
        (lambda images, p: flip_where(images, p).double(), "torch.float64", "type"),
        (lambda images, p: torch.where(torch.rand_like(images) < p, images.flip(-1), images), "only parts of it"),
        (lambda images, p: torch.where(torch.rand(len(images), 3, 1, 1) < p, images.flip(3), images), "only parts"),
        (lambda images, p: torch.stack([image.flip(2) for image in images if random.random() < p]), "of shape"),
        (lambda images, p: torch.where(
            torch.rand(len(images), 1, 1, 1, generator=torch.Generator().manual_seed(1)) < p, images.flip(-1), images),
         "two calls draw the same coins", "chance"),
        (flip_every_other, "neighbours in the batch", "chance"),
        (flip_exact_share, "nearly the same number", "chance"),
        (lambda images, p: images[torch.rand(len(images)) < p].flip(-1), "of shape"),
    ],
    "4": [
        (by_class(lambda places, n, g: places[:n]), "the first 12 pictures of each class"),
        (by_class(lambda places, n, g: places[torch.randint(len(places), (n,), generator=g)]),
         "is drawn twice", "chance"),
        (without_classes, "draw from each class by itself"),
        (lambda labels, n, seed: without_classes(labels, n, seed)[:n], "is meant for each class"),
        (by_class(lambda places, n, g: shuffled(places, g)[:n], mix=False), "class by class"),
        (by_class(lambda places, n, g: shuffled(places, torch.Generator().manual_seed(0))[:n]), "does the seed reach",
         "value"),
        (by_class(lambda places, n, g: shuffled(places[: 3 * n // 2], g)[:n]), "from all pictures of a class",
         "chance"),
        (by_class(lambda places, n, g: shuffled(places, torch.default_generator)[:n]), "two different samples",
         "chance"),
        (by_class(lambda places, n, g: shuffled(torch.arange(len(places)), g)[:n]), "positions INSIDE each class"),
        (by_class(lambda places, n, g: shuffled(places, g)[: round(0.2 * len(places))]), "expected 12 of each"),
        (lambda labels, n, seed: labels[indices_torch(labels, n, seed)], "these are the labels"),
        (lambda labels, n, seed: indices_torch(labels, n, seed)[:, None], "expected integers with one axis", "type"),
        (lambda labels, n, seed: indices_torch(labels, n, seed).double(), "the indices are float64", "type"),
        (lambda labels, n, seed: torch.isin(torch.arange(len(labels)), indices_torch(labels, n, seed)), "a mask",
         "type"),
        (lambda labels, n, seed: set(indices_walk(labels, n, seed)), "is a set", "type"),
        (indices_window, "lie in a pattern", "chance"),
        (indices_next, "the samples of neighbouring seeds", "chance"),
        (indices_late_ones, "samples, expected about", "chance"),
        (indices_in_halves, "in the samples of most seeds", "chance"),
        (indices_without_last, "never choose 10 of 410 pictures", "chance"),
        (indices_with_first, "in 100% of 150 samples", "chance"),
        (indices_sorted, "300 labels", "value"),
        (lambda labels, n, seed: indices_torch(labels, 12, seed), "expected 7 of each", "value"),
        (lambda labels, n, seed: indices_torch(labels, n, seed % 100), "the seeds 0 and 100", "value"),
        (lambda labels, n, seed: indices_torch(labels, n, seed or random.randrange(9**9)), "two different", "value"),
        (indices_in_place, "changes its argument labels", "memory"),
        (by_last(indices_torch), "count=", "once"),
        (once(indices_torch), "does the seed reach", "once"),
    ],
    "5": [
        (lambda images: images, "0% of the pictures are changed"),
        (lambda images: images.flip(-1), "two calls give the same result", "chance"),
        (v2.RandomCrop(32, padding=4), "a change of its own for each", "chance"),
        (lambda images: images + 0.1 * torch.randn(()), "a change of its own for each", "chance"),
        (lambda images: images + 1e-6 * torch.randn_like(images), "0% of the pictures are changed", "value"),
        (lambda images: torch.cat([flip(images[:50]), images[50:]]), "of the pictures are changed", "value"),
        (lambda images: images * SHADES[: len(images)], "two calls give the same result", "once"),
        (lambda images: recolour(images[:64]), "of shape (64, 3, 32, 32)", "value"),
        (once(flip), "two calls give the same result", "once"),
        (one_crop_with_coins, "other ones in each call", "chance"),
        (one_strength, "in others all change little", "chance"),
        (first_half_alone, "never get a change", "chance"),
        (shades_in_another_order, "the same 64 results", "once"),
        (in_place, "changes its argument images", "memory"),
        (swapped_with_own_numbers, "has the colours of picture", "chance"),
        (brighter, "the mean of the batch moves"),
        (torch.randn_like, "too little of each picture is left"),
        (mixed_up, "mixed with each other", "chance"),
        (mixed_with_another, "mixed with each other", "chance"),
        (lambda images: 0.95 * flip(images) + 0.05 * images.roll(1, 0), "mixed with each other", "chance"),
        (lambda images: F.pad(images, [4] * 4), "of shape (128, 3, 40, 40)"),
        (lambda images: flip(images).double(), "torch.float64", "type"),
        (lambda images: flip(images).numpy(), "expected a tensor", "type"),
        (lambda images: flip(images) / torch.zeros(()), "holds nan or inf"),
    ],
}  # fmt: skip
