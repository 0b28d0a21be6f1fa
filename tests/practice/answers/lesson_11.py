"""Answers to the tasks and exercises of lesson 11. STILL holds repairs that leave a first symptom: "not done yet"."""

import copy
import math
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam

# ---- tasks ----


def share(dead):
    return lambda sums: dead(sums).double().mean()


def by_unit(sums):
    return (sums <= 0).transpose(0, 1).flatten(1)


def dead_loop(sums):
    units = [sums[:, i] for i in range(sums.shape[1])]
    return sum(bool((unit <= 0).all()) for unit in units) / len(units)


def dead_relu(sums):
    alive = F.relu(sums).flatten(2).amax(dim=2) if sums.ndim > 2 else F.relu(sums)
    return (alive.amax(dim=0) == 0).float().mean().item()


def places(bad):
    return lambda batch: [i for i, picture in enumerate(batch) if bad(picture)]


def floor_by_torch(classes):
    z = torch.zeros(1, classes, dtype=torch.float64)
    z[0, 0] = 1
    return F.cross_entropy(z, torch.tensor([0]))


def known(pictures):
    return {picture.numpy().tobytes() for picture in pictures}


def equal_pairs(training, validation):
    return (training[:, None] == validation[None]).flatten(2).all(2)


# ---- from files to scores ----


def scores_of(to_input, finish=lambda x: torch.flatten(x, 1), pool=lambda x: F.max_pool2d(x, 2), activation=F.relu):
    return lambda pictures, conv, fc: fc(finish(pool(activation(conv(to_input(pictures))))))


def front(p):
    return torch.from_numpy(p).permute(0, 3, 1, 2)


def floats(p):
    return front(p).float() / 255


def reshaped(p):
    return torch.from_numpy(p).reshape(len(p), p.shape[3], *p.shape[1:3]).float() / 255


def scores_loop(pictures, conv, fc):
    out = []
    for picture in pictures:
        x = torch.tensor(np.moveaxis(picture, -1, 0).astype(np.float32) / 255)
        out.append(fc(F.max_pool2d(conv(x[None]).clamp(min=0), (2, 2), stride=2).reshape(-1)))
    return torch.stack(out)


def in_place(pictures, conv, fc):
    result = scores_of(floats)(pictures, conv, fc)
    pictures[:] = 0
    return result


# ---- one epoch ----


def epoch_of(order="zbs", move="first", images_to=True, targets_to=True, make_optimizer=SGD, rate=None, passes=1):
    """The order of z(ero_grad), b(ackward), s(tep) in each batch; move: "first", or "last" for the broken order."""

    def train_epoch(make, device, batches, lr):
        model = make()
        if move == "first":
            model = model.to(device)
        optimizer = make_optimizer(model.parameters(), lr=rate or lr)
        if move == "last":
            model = model.to(device)
        for images, targets in [pair for _ in range(passes) for pair in batches]:
            for what in order:
                if what == "z":
                    optimizer.zero_grad()
                elif what == "b":
                    x = images.to(device) if images_to else images
                    F.cross_entropy(model(x), targets.to(device) if targets_to else targets).backward()
                else:
                    optimizer.step()
        return model

    return train_epoch


def epoch_by_hand(make, device, batches, lr):
    """Neither optimizer nor zero_grad: the gradients are asked for."""
    model = make().to(device)
    parameters = list(model.parameters())
    for images, targets in batches:
        gradients = torch.autograd.grad(F.cross_entropy(model(images.to(device)), targets.to(device)), parameters)
        with torch.no_grad():
            for p, g in zip(parameters, gradients, strict=True):
                p -= lr * g
    return model


def epoch_repaired(make, device, batches, lr):
    """The optimizer gets the new tensors after the move; the model forgets its gradients."""
    model = make()
    optimizer = SGD(model.parameters(), lr=lr)
    model.to(device)
    optimizer.param_groups[0]["params"] = list(model.parameters())
    for images, targets in batches:
        model.zero_grad(set_to_none=True)
        nn.CrossEntropyLoss()(model(images.to(device)), targets.to(device)).backward()
        optimizer.step()
    return model


def epoch_on_cpu(make, device, batches, lr):
    return epoch_of()(make, "cpu", batches, lr)


# ---- a loss ----


def loss_by_hand(z, y):
    return (z.logsumexp(dim=1) - z[torch.arange(len(y)), y]).mean()


def loss_shifted(z, y):
    """The largest logit becomes 0, then everything is written out."""
    z = z - z.max(dim=1, keepdim=True).values
    return (z.exp().sum(dim=1).log() - z.gather(1, y[:, None])[:, 0]).mean()


def of_probability(change):
    return lambda z, y: -change(z.softmax(dim=1)[torch.arange(len(y)), y]).log().mean()


# ---- a step ----


def step_with(look=("images", "loss", "gradient"), zero=True, after=False, words=None, test=torch.isfinite):
    """A step that looks at these things; after: it looks at the gradient when the weights have changed."""

    def step(model, images, targets, optimizer):
        words_ = words or {}
        if "images" in look and not test(images).all():
            return words_.get("images", "images")
        if zero:
            optimizer.zero_grad()
        loss = F.cross_entropy(model(images), targets)
        if "loss" in look and not test(loss):
            return words_.get("loss", "loss")
        loss.backward()
        if after:
            optimizer.step()
        if "gradient" in look and not all(test(p.grad).all() for p in model.parameters()):
            return words_.get("gradient", "gradient")
        if not after:
            optimizer.step()
        return words_.get("ok", "ok")

    return step


def step_that_clears_late(model, images, targets, optimizer):
    """Sets the gradients to zero after a good step only."""
    found = step_with(zero=False)(model, images, targets, optimizer)
    if found == "ok":
        optimizer.zero_grad()
    return found


def step_and_back(model, images, targets, optimizer):
    """Steps first, and takes it back."""
    kept = copy.deepcopy(model.state_dict())
    found = step_with(after=True)(model, images, targets, optimizer)
    if found != "ok":
        model.load_state_dict(kept)
    return found


def step_sums(model, images, targets, optimizer):
    """One test for each thing: a sum is finite if its parts are (and are not too large)."""
    if not math.isfinite(images.abs().sum().item()):
        return "images"
    loss = nn.CrossEntropyLoss()(model(images), targets)
    if not math.isfinite(loss.item()):
        return "loss"
    model.zero_grad()
    loss.backward()
    if not math.isfinite(sum(p.grad.abs().sum().item() for p in model.parameters())):
        return "gradient"
    optimizer.step()
    return "ok"


# ---- a measurement ----


def measured(finish, mode=lambda model: model.eval(), back=True, each=lambda model: None):
    """measure out of finish(batch means of the loss, right answers, sizes, loader)."""

    def measure(model, batches):
        was = model.training
        mode(model)
        means, right, sizes = [], [], []
        with torch.no_grad():
            for x, y in batches:
                z = model(x)
                each(model)
                means.append(F.cross_entropy(z, y).item())
                right.append((z.argmax(1) == y).sum().item())
                sizes.append(len(y))
        if back:
            model.train(was)
        return finish(*map(np.array, (means, right, sizes)), batches)

    return measure


def by_picture(means, right, sizes, _):
    return (means * sizes).sum() / sizes.sum(), right.sum() / sizes.sum()


def of_means(means, right, sizes, _):
    return means.mean(), right.sum() / sizes.sum()


def measure_at_once(model, batches):
    was = model.training
    model.train(False)
    with torch.inference_mode():
        pairs = [(model(x), y) for x, y in batches]
    model.train(was)
    logits, y = map(torch.cat, zip(*pairs, strict=True))
    return [F.cross_entropy(logits, y), (logits.argmax(1) == y).double().mean()]


def dropout_only(model):
    model.dropout.eval()


def norm_only(model):
    model.norm.eval()


# ---- two sets ----


def order_of(n, seed):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def sets_of(split, numbers=lambda train, valid: ((train.mean(), train.std()),) * 2):
    """two_sets out of split(n, k, seed) -> two lists of places, and numbers(training, validation) for both."""

    def two_sets(images, labels, k, seed):
        training, validation = split(len(images), k, seed)
        parts = images[training].float(), images[validation].float()
        scaled = [(part - m) / s for part, (m, s) in zip(parts, numbers(*parts), strict=True)]
        return scaled[0], labels[training], scaled[1], labels[validation]

    return two_sets


def honest(n, k, seed):
    order = order_of(n, seed)
    return order[k:], order[:k]


def split_sets(n, k, seed):
    chosen = set(random.Random(seed).sample(range(n), k))
    return [i for i in range(n) if i not in chosen], sorted(chosen)


def sets_numpy(images, labels, k, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    x, y = images.numpy() / 255, labels.numpy()
    mean, std = x[order[k:]].mean(), x[order[k:]].std(ddof=1)
    x = (x - mean) / std
    return x[order[k:]], y[order[k:]], x[order[:k]], y[order[:k]]


def own_numbers(train, valid):
    return (train.mean(), train.std()), (valid.mean(), valid.std())


def all_numbers(train, valid):
    both = torch.cat([train, valid])
    return ((both.mean(), both.std()),) * 2


RIGHT = {
    "a": [share(lambda s: by_unit(s).all(1)), dead_loop, dead_relu],
    "b": [lambda b: (~torch.isfinite(b).flatten(1).all(1)).nonzero().flatten().tolist(),
          places(lambda p: not math.isfinite(p.abs().sum())),
          lambda b: np.where(~np.isfinite(b.numpy()).all((1, 2, 3)))[0]],
    "c": [lambda k: math.log(math.e + k - 1) - 1, floor_by_torch, lambda k: -math.log(math.e / (math.e + k - 1))],
    "d": [lambda t, v: sum(p.numpy().tobytes() in known(t) for p in v), lambda t, v: equal_pairs(t, v).any(0).sum(),
          lambda t, v: len([p for p in v.tolist() if p in t.tolist()])],
    "1": ["training labels apart", "  Training  labels APART"],
    "2": ["rate too low", "RATE TOO LOW "],
    "3": ["validation leak", "Validation leak"],
    "4": [scores_of(floats), scores_loop, scores_of(floats, nn.Flatten(), nn.MaxPool2d(2), nn.ReLU())],
    "5": [epoch_of(), epoch_by_hand, epoch_repaired, epoch_of("bsz")],
    "6": [0.01, 0.02, 0.05],
    "7": [loss_by_hand, F.cross_entropy, loss_shifted, lambda z, y: F.nll_loss(z.log_softmax(1), y)],
    "8": [step_with(), step_and_back, step_sums],
    "9": [measured(by_picture), measure_at_once],
    "10": [sets_of(honest), sets_of(split_sets), sets_numpy],
}  # fmt: skip

STILL = {
    "4": [scores_of(torch.from_numpy, pool=F.max_pool2d), scores_of(front)],
    "5": [epoch_of("bs", "last", False, False), epoch_of("zbs", "last"), epoch_of("bs"),
          epoch_of("zbs", "first", False), epoch_of("zbs", "first", True, False)],
    "6": [0.5],
    "7": [of_probability(lambda p: p), lambda z, y: F.nll_loss(z.softmax(1).log(), y)],
    "8": [step_with(()), step_with(("images",)), step_with(("images", "loss"))],
    "9": [measured(of_means, mode=lambda model: None), measured(of_means, mode=lambda model: model.train()),
          measured(of_means),
          measured(lambda m, r, s, b: (by_picture(m, r, s, b)[0], r.sum() / (len(b) * b.batch_size)))],
    "10": [sets_of(lambda n, k, seed: (order_of(n, seed), order_of(n, seed)[:k]), own_numbers),
           sets_of(lambda n, k, seed: (order_of(n, seed), order_of(n, seed)[:k])), sets_of(honest, own_numbers)],
}  # fmt: skip

WRONG = {
    "a": [
        (share(lambda s: s <= 0), "the share of all numbers"),
        (share(lambda s: by_unit(s).any(1)), "for some picture"),
        (share(lambda s: (s <= 0).all(0)), "the unit is the channel"),
        (share(lambda s: (s < 0).transpose(0, 1).flatten(1).all(1)), "a sum of 0 is 0 after ReLU"),
        (lambda s: by_unit(s).all(1).sum(), "the number of dead units"),
        (share(lambda s: ~by_unit(s).all(1)), "that are alive"),
        (share(lambda s: (s <= 0).flatten(1).all(1)), "share of pictures"),
        (lambda s: by_unit(s).all(1), "expected one number"),
        (lambda s: dead_loop(s.clamp_(min=0)), "changed its argument"),
    ],
    "b": [
        (places(lambda p: p.isnan().any()), "only pictures with nan"),
        (places(lambda p: p.isinf().any()), "only pictures with inf"),
        (places(lambda p: torch.isfinite(p).all()), "that are finite"),
        (places(lambda p: not torch.isfinite(p[0]).all()), "expected [0]"),
        (lambda b: (~torch.isfinite(b)).nonzero()[:, 0].tolist()[:1], "you find only pictures with nan"),
        (places(lambda p: (p > 1000).any()), "expected"),
    ],
    "c": [
        (math.log, "a blind guess"),
        (lambda k: 1.4612, "the floor of 10 classes"),
        (lambda k: math.log(math.e + k) - 1, "counted among the others"),
        (lambda k: 0.0, "without the softmax"),
        (lambda k: math.log(math.e + k - 1), "the logarithm of the sum alone"),
        (lambda k: 1 - math.log(math.e + k - 1), "its sign"),
        (lambda k: math.e / (math.e + k - 1), "without its logarithm"),
    ],
    "d": [
        (lambda t, v: equal_pairs(t, v).sum(), "pairs"),
        (lambda t, v: equal_pairs(t, v).any(1).sum(), "training pictures"),
        (lambda t, v: len(known(t) & known(v)), "different pictures"),
        (lambda t, v: equal_pairs(t, v).any(0).float().mean(), "a share"),
        (lambda t, v: (~equal_pairs(t, v).any(0)).sum(), "not in both"),
        (lambda t, v: (t[:, None] == v[None]).flatten(2).any(2).any(0).sum(), "one equal pixel"),
        (lambda t, v: equal_pairs(t.zero_(), v).any(0).sum(), "changed its arguments"),
    ],
    "1": [
        ("rate too high", "most units would be dead"),
        ("rate too low", "hardly change"),
        ("validation labels apart", "the training loss would fall"),
        ("optimizer of another model", "not change at all"),
        ("softmax twice", "1.461"),
        ("overfitting", "the training loss would fall"),
        ("labels", "is none of SUSPECTS"),
        (3, "is a int"),
    ],
    "2": [
        ("training labels apart", "by some percent"),
        ("optimizer of another model", "not change at all"),
        ("rate too high", "most units would be dead"),
        ("pixels from 0 to 255", "would say LOOK"),
        ("no zero_grad", "far above its start"),
        ("validation leak", "nothing is learned"),
    ],
    "3": [
        ("overfitting", "the validation loss would rise"),
        ("validation labels apart", "at chance"),
        ("augmented validation", "lower than training"),
        ("training labels apart", "could not be guessed"),
        ("softmax twice", "1.461"),
        ("ReLU on the logits", "`outputs` says ok"),
    ],
    "4": [
        (scores_of(lambda p: front(p).float()), "pixels from 0 to 255"),
        (scores_of(lambda p: front(p) / 256), "a division by 256"),
        (scores_of(lambda p: (front(p) // 255).float()), "rounds down"),
        (scores_of(reshaped), "the colours are mixed"),
        (scores_of(lambda p: floats(p).flip(1)), "red and blue"),
        (scores_of(floats, activation=lambda x: x), "no ReLU"),
        (scores_of(floats, pool=lambda x: F.avg_pool2d(x, 2)), "average pooling"),
        (scores_of(floats, lambda x: x.transpose(0, 1).reshape(len(x), -1)), "several pictures"),
        (scores_of(floats, lambda x: x.flatten(1).mean(0, keepdim=True).expand(len(x), -1)), "the mean of the"),
        (scores_of(floats, torch.flatten), "your code stops with"),
        (in_place, "changed the pictures"),
    ],
    "5": [
        (epoch_of("bzs"), "zero_grad stands between backward and step"),
        (epoch_of("szb"), "the gradient of the batch before"),
        (epoch_of("zbss"), "two steps in each batch"),
        (epoch_of(passes=2), "two passes"),
        (epoch_of(rate=0.01), "another rate"),
        (epoch_of(make_optimizer=Adam), "the weights differ"),
        (lambda make, device, batches, lr: epoch_of()(make, device, batches[:1], lr), "the weights differ"),
        (epoch_on_cpu, "the model is on cpu"),
        (lambda make, device, batches, lr: 0.3, "expected the trained model"),
    ],
    "6": [
        (1.0, "too high"),
        (0.3, "too high"),
        (1e-5, "too low"),
        (0.0001, "too low"),
        (0, "takes no step downhill"),
        (-0.01, "takes no step downhill"),
        (float("nan"), "takes no step downhill"),
        (1e6, "far too high"),
        ("0.01", "expected a number"),
        (True, "expected a number"),
    ],
    "7": [
        (of_probability(lambda p: p + 1e-12), "it hides large losses"),
        (of_probability(lambda p: p.clamp(min=1e-7)), "cut off"),
        (lambda z, y: torch.nan_to_num(of_probability(lambda p: p)(z, y), posinf=0.0), "not finite"),
        (lambda z, y: F.cross_entropy(z.softmax(1), y), "a softmax too many"),
        (F.nll_loss, "nll_loss of logits"),
        (lambda z, y: F.nll_loss(z.softmax(1), y), "it wants their logarithms"),
        (lambda z, y: F.nll_loss(z.log_softmax(0), y), "over the pictures"),
        (lambda z, y: F.cross_entropy(z, y, reduction="sum"), "the sum over the pictures"),
        (lambda z, y: F.cross_entropy(z, y, reduction="none"), "one loss for each picture"),
        (lambda z, y: -F.cross_entropy(z, y), "its sign is wrong"),
        (lambda z, y: F.cross_entropy(z, y).detach(), "the loss has no gradient"),
        (lambda z, y: F.cross_entropy(z, y).item(), "expected a tensor"),
    ],
    "8": [
        (step_with(("loss", "gradient")), "says 'loss', expected 'images'"),
        (step_with(("loss", "gradient"), words=dict.fromkeys(("loss", "gradient"), "ok")), "expected 'images'"),
        (step_with(zero=False), "is zero_grad first"),
        (step_that_clears_late, "is its nan still in .grad"),
        (step_with(after=True), "but it changes the weights"),
        (step_with(test=lambda x: ~torch.isnan(x)), "expected"),
        (step_with(words={"ok": True}), "expected 'ok', 'images', 'loss' or 'gradient'"),
        (step_with(words={"gradient": "loss"}), "says 'loss', expected 'gradient'"),
        (lambda model, images, targets, optimizer: "ok", "changes no weight"),
    ],
    "9": [
        (measured(by_picture, mode=dropout_only), "batch norm is in training mode"),
        (measured(by_picture, mode=norm_only), "dropout is in training mode"),
        (measured(by_picture, back=False), "put it back"),
        (measured(by_picture, each=lambda model: model.train()), "is in training mode in"),
        (measured(lambda *a: by_picture(*a)[::-1]), "loss, then accuracy"),
        (measured(lambda *a: by_picture(*a)[0]), "expected 2 values"),
        (measured(lambda m, r, s, b: (by_picture(m, r, s, b)[0], 100 * r.sum() / s.sum())), "percent"),
        (measured(lambda m, r, s, b: ((m * s).sum(), r.sum() / s.sum())), "the sum over all pictures"),
        (measured(lambda m, r, s, b: (by_picture(m, r, s, b)[0], r.sum() / len(b.dataset))), "len(dataset)"),
        (lambda model, batches: (0.5, 0.7), "was never used"),
    ],
    "10": [
        (sets_of(honest, all_numbers), "both sets together"),
        (sets_of(lambda n, k, seed: (order_of(n, seed)[k - 2:], order_of(n, seed)[:k])), "2 of 20"),
        (sets_of(lambda n, k, seed: (torch.arange(k, n), torch.arange(k))), "neighbours in the file"),
        (sets_of(lambda n, k, seed: honest(n, k, seed)[::-1]), "20 and 40 pictures"),
        (sets_of(lambda n, k, seed: honest(n, k, 0)), "give the same split"),
        (sets_of(lambda n, k, seed: honest(n, k, int(torch.randint(10**6, ())))), "two different splits"),
        (sets_of(honest, lambda t, v: ((0.0, 255.0),) * 2), "not standardised"),
        (sets_of(honest, lambda t, v: ((t.mean(), t.var()),) * 2), "the variance"),
        (sets_of(honest, lambda t, v: ((0.1307 * 255, 0.3081 * 255),) * 2), "MNIST's numbers"),
        (lambda images, labels, k, seed: honest(len(images), k, seed), "expected 4 values"),
    ],
}  # fmt: skip
