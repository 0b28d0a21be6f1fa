"""Answers to the tasks and exercises of lesson 11. STILL holds repairs that leave a first symptom: "not done yet"."""

import copy
import math
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam

from tests.practice.slips import added_up, once_by_shape

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


def by_hash(training, validation):
    return sum(hash(p.numpy().tobytes()) in {hash(q.numpy().tobytes()) for q in training} for p in validation)


class Remembering:
    """Right the first time, then the first result again."""

    def __init__(self, function):
        self.function = function

    def __call__(self, *arguments):
        self.first = getattr(self, "first", None) or [self.function(*arguments)]
        return self.first[0]


def first_result(function):
    return Remembering(function).__call__


def collecting(function):
    """A list that stays from call to call."""
    kept = []

    def collected(*arguments):
        kept.extend(function(*arguments))
        return kept

    return collected


def finite_in_place(batch):
    found = [i for i, picture in enumerate(batch) if not torch.isfinite(picture).all()]
    torch.nan_to_num_(batch)
    return found


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


def scores_by_numbers(pictures, conv, fc):
    """The numbers of the convolution alone: its padding is forgotten."""
    return fc(F.max_pool2d(F.relu(F.conv2d(floats(pictures), conv.weight, conv.bias)), 2).flatten(1))


def scores_frozen(pictures, conv, fc):
    conv.requires_grad_(False)
    return scores_of(floats)(pictures, conv, fc)


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


def epoch_scaled(make, device, batches, lr):
    """Divides the pictures by 2 where they are."""
    for images, _ in batches:
        images.mul_(0.5)
    return epoch_of()(make, device, batches, lr)


def epoch_with_one_model():
    kept = []

    def train_epoch(make, device, batches, lr):
        kept.append(make()) if not kept else None
        return epoch_of()(lambda: kept[0], device, batches, lr)

    return train_epoch


def epoch_of_one_make():
    """Keeps the first way to make a model."""
    kept = []

    def train_epoch(make, device, batches, lr):
        kept.append(make)
        return epoch_of()(kept[0], device, batches, lr)

    return train_epoch


def epoch_with_hooks(make, device, batches, lr):
    model = epoch_of()(make, device, batches, lr)
    model.register_forward_hook(lambda layer, inputs, output: output.detach())
    return model


def epoch_clipped(make, device, batches, lr):
    model = make().to(device)
    optimizer = SGD(model.parameters(), lr=lr)
    for images, targets in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(images.to(device)), targets.to(device)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        optimizer.step()
    return model


def with_momentum(parameters, lr):
    return SGD(parameters, lr=lr, momentum=0.9)


def decaying(parameters, lr):
    return SGD(parameters, lr=lr, weight_decay=1e-2)


def epoch_on_cpu(make, device, batches, lr):
    return epoch_of()(make, "cpu", batches, lr)


# ---- a loss ----


def loss_by_hand(z, y):
    return (z.logsumexp(dim=1) - z[torch.arange(len(y)), y]).mean()


def loss_shifted(z, y):
    """The largest logit becomes 0, then everything is written out."""
    z = z - z.max(dim=1, keepdim=True).values
    return (z.exp().sum(dim=1).log() - z.gather(1, y[:, None])[:, 0]).mean()


def loss_shifted_together(z, y):
    """The largest logit of the whole batch becomes 0: rows far below it are lost."""
    z = z - z.max()
    return (z.exp().sum(dim=1).log() - z.gather(1, y[:, None])[:, 0]).mean()


def loss_in_place(z, y):
    z -= z.max(dim=1, keepdim=True).values
    return loss_by_hand(z, y)


def loss_in_double(z, y):
    return of_probability(lambda p: p)(z.double(), y)


def loss_cut(z, y):
    return loss_by_hand(z.clamp(-500, 500), y)


def loss_without_right(z, y):
    """The logit of the right class gets no gradient."""
    return (z.logsumexp(dim=1) - z.detach()[torch.arange(len(y)), y]).mean()


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


def step_and_back(model, images, targets, optimizer, both=True):
    """Steps first, and takes it back; without `both`, what the optimizer remembers stays nan."""
    kept = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())
    found = step_with(after=True)(model, images, targets, optimizer)
    if found != "ok":
        model.load_state_dict(kept[0])
        if both:
            optimizer.load_state_dict(kept[1])
    return found


def half_a_step_back(model, images, targets, optimizer):
    return step_and_back(model, images, targets, optimizer, both=False)


def step_of_zeros(model, images, targets, optimizer):
    """Steps after a bad batch, too, with gradients of 0: the optimizer may move by itself."""
    found = step_with()(model, images, targets, optimizer)
    if found != "ok":
        for p in model.parameters():
            p.grad = torch.zeros_like(p)
        optimizer.step()
    return found


def step_that_looks_at(places, enough=all):
    """Looks at the gradients of some parameters alone, or for one finite number in each."""

    def step(model, images, targets, optimizer):
        if not torch.isfinite(images).all():
            return "images"
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), targets)
        if not torch.isfinite(loss):
            return "loss"
        loss.backward()
        if not all(enough(torch.isfinite(p.grad).flatten()) for p in list(model.parameters())[places]):
            return "gradient"
        optimizer.step()
        return "ok"

    return step


def step_too_strict(model, images, targets, optimizer):
    """A large loss counts as infinite."""
    with torch.no_grad():
        if torch.isfinite(images).all() and F.cross_entropy(model(images), targets) > 20:
            return "loss"
    return step_with()(model, images, targets, optimizer)


def step_of_its_own(model, images, targets, optimizer):
    return step_with()(model, images, targets, SGD(model.parameters(), lr=0.1))


def step_mended(model, images, targets, optimizer):
    """Bad pixels become 0 where they are."""
    found = step_with()(model, images, targets, optimizer)
    images.nan_to_num_(0, 0, 0)
    return found


def step_in_evaluation(model, images, targets, optimizer):
    model.eval()
    return step_with()(model, images, targets, optimizer)


def step_until_bad():
    """After the first bad batch it refuses all others."""
    seen = []

    def step(model, images, targets, optimizer):
        if "images" not in seen:
            seen.append(step_with()(model, images, targets, optimizer))
        return seen[-1]

    return step


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


def measure_with(right_of, times=1):
    """Right answers of a batch out of right_of(logits, targets), in percent or not."""

    def measure(model, batches):
        was = model.training
        model.eval()
        loss = right = n = 0
        for x, y in batches:
            z = model(x)
            loss += F.cross_entropy(z, y, reduction="sum")
            right += right_of(z, y)
            n += len(y)
        model.train(was)
        return loss / n, times * right / n

    return measure


def measure_kept():
    """The sums go on in the next call."""
    sums = [0.0, 0.0, 0]

    def measure(model, batches):
        was = model.training
        model.eval()
        for x, y in batches:
            z = model(x)
            for i, value in enumerate((F.cross_entropy(z, y).item() * len(y), (z.argmax(1) == y).sum().item(), len(y))):
                sums[i] += value
        model.train(was)
        return sums[0] / sums[2], sums[1] / sums[2]

    return measure


def measure_and_train(model, batches):
    result = measured(by_picture)(model, batches)
    with torch.no_grad():
        model.fc.bias.add_(0.1)
    return result


def measure_and_freeze(model, batches):
    return measured(by_picture)(model.requires_grad_(False), batches)


def measure_top_two(model, batches):
    """Right when the class is one of the two with the largest logits."""
    loss, _ = measured(by_picture)(model, batches)
    return loss, measure_with(lambda z, y: (z.topk(2).indices == y[:, None]).sum())(model, batches)[1]


def measure_with_hooks(model, batches):
    outputs, was = [], model.training
    model.fc.register_forward_hook(lambda layer, inputs, output: outputs.append(output))
    model.eval()
    y = torch.cat([y for x, y in batches if model(x) is not None])
    model.train(was)
    z = torch.cat(outputs)
    return F.cross_entropy(z, y), (z.argmax(1) == y).double().mean()


def always_back_to_training(model, batches):
    result = measured(by_picture)(model, batches)
    model.train()
    return result


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


def by_channel(train, valid):
    return ((train.mean((0, 2, 3), keepdim=True), train.std((0, 2, 3), keepdim=True)),) * 2


def ring(n, k, seed):
    """Neighbours from a random place on."""
    order = torch.arange(n).roll(int(torch.randint(n, (), generator=torch.Generator().manual_seed(seed))))
    return order[k:], order[:k]


def grid(n, k, seed):
    start = int(torch.randint(n, (), generator=torch.Generator().manual_seed(seed)))
    chosen = [(start + i * (n // k)) % n for i in range(k)]
    return [i for i in range(n) if i not in chosen], chosen


def sliding(n, k, seed):
    """One order; each seed moves it on by one."""
    order = order_of(n, 0).roll(seed)
    return order[k:], order[:k]


def one_moves(n, k, seed):
    """Each seed shares all pictures but one with another."""
    order = order_of(n, seed // 2)
    order = torch.cat([order[: k - 1], order[k - 1 :].roll(seed % 2)])
    return order[k:], order[:k]


def from_the_first_half(n, k, seed):
    order = order_of(n - n // 4, seed)
    return [*order[k:].tolist(), *range(n - n // 4, n)], order[:k]


def few_seeds(n, k, seed):
    return honest(n, k, seed % 2)


def first_order():
    """The order of the first call, for pictures of this number, goes on."""
    orders = {}

    def split(n, k, seed):
        order = orders.setdefault(n, order_of(n, seed))
        return order[k:], order[:k]

    return split


def later_orders():
    """The generator of the first call goes on."""
    generators = {}

    def split(n, k, seed):
        order = torch.randperm(n, generator=generators.setdefault(seed, torch.Generator().manual_seed(seed)))
        return order[k:], order[:k]

    return split


def scaled_in_place(images, labels, k, seed):
    labels -= labels.min()
    return sets_of(honest)(images, labels, k, seed)


def places_for_labels(images, labels, k, seed):
    order = order_of(len(images), seed)
    train, _, valid, _ = sets_of(honest)(images, labels, k, seed)
    return train, order[k:] + 100, valid, order[:k] + 100


def float_labels(images, labels, k, seed):
    return sets_of(honest)(images, labels.float(), k, seed)


def unmoved_labels(images, labels, k, seed):
    """The pictures get another order, their labels do not."""
    train, _, valid, _ = sets_of(honest)(images, labels, k, seed)
    return train, labels[k:], valid, labels[:k]


def own_numbers(train, valid):
    return (train.mean(), train.std()), (valid.mean(), valid.std())


def all_numbers(train, valid):
    both = torch.cat([train, valid])
    return ((both.mean(), both.std()),) * 2


RIGHT = {
    "a": [share(lambda s: by_unit(s).all(1)), dead_loop, dead_relu,
          lambda s: np.mean(s.numpy().max(axis=(0, *range(2, s.ndim))) <= 0)],
    "b": [lambda b: (~torch.isfinite(b).flatten(1).all(1)).nonzero().flatten().tolist(),
          places(lambda p: not math.isfinite(p.abs().sum())),
          lambda b: np.where(~np.isfinite(b.numpy()).all((1, 2, 3)))[0],
          lambda b: list({int(i) for i in (b - b).isnan().nonzero()[:, 0]})],
    "c": [lambda k: math.log(math.e + k - 1) - 1, floor_by_torch, lambda k: -math.log(math.e / (math.e + k - 1))],
    "d": [lambda t, v: sum(p.numpy().tobytes() in known(t) for p in v), lambda t, v: equal_pairs(t, v).any(0).sum(),
          lambda t, v: len([p for p in v.tolist() if p in t.tolist()]), by_hash],
    "1": ["training labels apart", "  Training  labels APART", np.str_("training labels apart")],
    "2": ["rate too low", "RATE TOO LOW ", "rate\ntoo low"],
    "3": ["validation leak", "Validation leak", "VALIDATION LEAK\n"],
    "4": [scores_of(floats), scores_loop, scores_of(floats, nn.Flatten(), nn.MaxPool2d(2), nn.ReLU())],
    "5": [epoch_of(), epoch_by_hand, epoch_repaired, epoch_of("bsz")],
    "6": [0.01, np.float32(0.02), torch.tensor(0.05)],
    "7": [loss_by_hand, F.cross_entropy, loss_shifted, lambda z, y: F.nll_loss(z.log_softmax(1), y)],
    "8": [step_with(), step_and_back, step_sums],
    "9": [measured(by_picture), measure_at_once, lambda m, b: np.array(measured(by_picture)(m, b)),
          measure_with(lambda z, y: (z.max(1).indices == y).sum())],
    "10": [sets_of(honest), sets_of(split_sets), sets_numpy],
}  # fmt: skip

STILL = {
    "4": [scores_of(torch.from_numpy, pool=F.max_pool2d), scores_of(front)],
    "5": [epoch_of("bs", "last", False, False), epoch_of("zbs", "last"), epoch_of("bs"),
          epoch_of("zbs", "first", False), epoch_of("zbs", "first", True, False)],
    "6": [0.5],
    "7": [of_probability(lambda p: p), lambda z, y: F.nll_loss(z.softmax(1).log(), y), loss_in_double],
    "8": [step_with(()), step_with(("images",)), step_with(("images", "loss")), step_that_looks_at(slice(1)),
          step_that_looks_at(slice(-2, None)), step_that_looks_at(slice(None), any)],
    "9": [measured(of_means, mode=lambda model: None), measured(of_means, mode=lambda model: model.train()),
          measured(of_means),
          measured(lambda m, r, s, b: (by_picture(m, r, s, b)[0], r.sum() / (len(b) * b.batch_size)))],
    "10": [sets_of(lambda n, k, seed: (order_of(n, seed), order_of(n, seed)[:k]), own_numbers),
           sets_of(lambda n, k, seed: (order_of(n, seed), order_of(n, seed)[:k])), sets_of(honest, own_numbers)],
}  # fmt: skip

FEW = {
    "5": "a device is cpu or meta",
    "8": "each call gets weights and an optimizer that earlier calls have changed",
}
KINDS = {
    "a": "value once memory",
    "b": "value once memory",
    "c": "value once",
    "d": "value once memory",
    "1": "type",
    "2": "type",
    "3": "type",
    "4": "value once memory type",
    "5": "value once memory type state",
    "6": "type",
    "7": "value once memory type",
    "8": "value once memory type state",
    "9": "value once type state",
    "10": "value once memory type chance",
}
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
        (lambda s: dead_loop(s.clamp_(min=0)), "changes its argument", "memory"),
        (lambda s: 100 * dead_loop(s), "the share in percent"),
        (share(lambda s: (s < 1e-3).transpose(0, 1).flatten(1).all(1)), "of shape (200, 40)"),
        (lambda s: by_unit(s).all(1).sum() / 4, "of shape (3, 5, 2, 4)", "value"),
        (lambda s: by_unit(s[:3]).all(1).double().mean(), "of shape (200, 40)", "value"),
        (first_result(share(lambda s: by_unit(s).all(1))), "expected 0.25", "once"),
        (added_up(dead_loop), "expected 0.25", "once"),
        (once_by_shape(dead_loop), "expected 0.25", "once"),
    ],
    "b": [
        (places(lambda p: p.isnan().any()), "the pictures with nan alone"),
        (places(lambda p: p.isinf().any()), "the pictures with inf alone"),
        (places(lambda p: torch.isfinite(p).all()), "that are finite"),
        (places(lambda p: not torch.isfinite(p[0]).all()), "of shape (3, 3, 2, 2)", "value"),
        (lambda b: (~torch.isfinite(b)).nonzero()[:, 0].tolist()[:1], "the pictures with nan alone"),
        (places(lambda p: (p > 1000).any()), "expected"),
        (lambda b: (~torch.isfinite(b)).nonzero()[:, 0].tolist(), "once for each bad number"),
        (places(lambda p: not p.abs().max() < 1e6), "large numbers, too"),
        (places(lambda p: not math.isfinite((p**2).sum())), "large numbers, too"),
        (places(lambda p: not torch.isfinite(p[:, -1]).all()), "of shape (6, 1, 4, 5)", "value"),
        (lambda b: (~torch.isfinite(b)).flatten(1).any(1), "True and False"),
        (lambda b: (~torch.isfinite(b)).flatten(1).any(1).nonzero().tolist(), "flatten() what nonzero() gives"),
        (lambda b: np.where(~np.isfinite(b.numpy()).all((1, 2, 3))), "take [0] of what np.where gives"),
        (lambda b: len(places(lambda p: not torch.isfinite(p).all())(b)), "expected one list of places"),
        (collecting(places(lambda p: not torch.isfinite(p).all())), "expected [5]", "once"),
        (once_by_shape(places(lambda p: not torch.isfinite(p).all())), "expected [5]", "once"),
        (finite_in_place, "changes its argument batch", "memory"),
    ],
    "c": [
        (math.log, "a blind guess"),
        (lambda k: 1.4612, "the floor of 10 classes", "value"),
        (lambda k: math.log(math.e + k) - 1, "counted among the others"),
        (lambda k: 0.0, "without the softmax"),
        (lambda k: math.log(math.e + k - 1), "the logarithm of the sum alone"),
        (lambda k: 1 - math.log(math.e + k - 1), "its sign"),
        (lambda k: math.e / (math.e + k - 1), "without its logarithm"),
        (lambda k: {2: 0.31326, 10: 1.46115, 100: 3.62221}.get(k, 0.0), "k = 3", "value"),
        (lambda k: 1.4612 * math.log(k) / math.log(10), "expected"),
        (first_result(floor_by_torch), "expected 1.46115", "once"),
    ],
    "d": [
        (lambda t, v: equal_pairs(t, v).sum(), "pairs"),
        (lambda t, v: equal_pairs(t, v).any(1).sum(), "training pictures"),
        (lambda t, v: len(known(t) & known(v)), "different pictures"),
        (lambda t, v: equal_pairs(t, v).any(0).float().mean(), "a share"),
        (lambda t, v: (~equal_pairs(t, v).any(0)).sum(), "not in both"),
        (lambda t, v: (t[:, None] == v[None]).flatten(2).any(2).any(0).sum(), "one equal pixel"),
        (lambda t, v: equal_pairs(t.zero_(), v).any(0).sum(), "changes its argument t", "memory"),
        (lambda t, v: torch.isin(v.flatten(1).sum(1), t.flatten(1).sum(1)).sum(), "the same sum"),
        (lambda t, v: equal_pairs(t[:, :1], v[:, :1]).any(0).sum(), "(9, 3, 28, 28)", "value"),
        (lambda t, v: equal_pairs(t[..., :-1], v[..., :-1]).any(0).sum(), "(9, 3, 28, 28)", "value"),
        (lambda t, v: sum(any((p / 255 - q / 255).abs().mean() < 1e-3 for q in t) for p in v), "(9, 3,", "value"),
        (lambda t, v: sum(sorted(p.flatten().tolist()) in [sorted(q.flatten().tolist()) for q in t] for p in v),
         "the same sum"),
        (lambda t, v: (t[: len(v)] == v[: len(t)]).flatten(1).all(1).sum(), "expected 3"),
        (lambda t, v: sum(p in t for p in v), "expected 3"),
        (added_up(by_hash), "expected 1", "once"),
        (once_by_shape(by_hash), "expected 1", "once"),
    ],
    "1": [
        ("rate too high", "most units would be dead"),
        ("rate too low", "hardly change"),
        ("validation labels apart", "far below ln(10) = 2.303; here it stays near it"),
        ("optimizer of another model", "not change at all"),
        ("softmax twice", "1.461"),
        ("overfitting", "far below ln(10) = 2.303; here it stays near it"),
        ("labels", "is none of SUSPECTS"),
        (3, "is a int", "type"),
    ],
    "2": [
        ("training labels apart", "by some percent"),
        ("optimizer of another model", "not change at all"),
        ("rate too high", "most units would be dead"),
        ("pixels from 0 to 255", "would say LOOK"),
        ("no zero_grad", "far above its start"),
        ("validation leak", "nothing is learned"),
        ("augmented validation", "far below ln(10) = 2.303"),
        ("rate to low", "is none of SUSPECTS"),
        (1e-5, "expected the text", "type"),
    ],
    "3": [
        ("overfitting", "the validation loss would rise"),
        ("validation labels apart", "at chance"),
        ("augmented validation", "lower than training"),
        ("training labels apart", "could not be guessed"),
        ("softmax twice", "1.461"),
        ("ReLU on the logits", "`outputs` says ok"),
        ("no zero_grad", "far above its start"),
        (["validation leak"], "expected the text", "type"),
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
        (in_place, "changes its argument pictures", "memory"),
        (scores_of(lambda p: front(p) / p.max()), "by the brightest pixel", "value"),
        (scores_by_numbers, "mat1 and mat2 shapes", "value"),
        (scores_frozen, "changes its argument conv", "memory"),
        (lambda p, conv, fc: scores_of(floats)(p, conv, fc).detach().numpy(), "expected a tensor", "type"),
        (lambda p, conv, fc: scores_of(floats)(p[:5], conv, fc), "(16, 9, 8, 2)", "value"),
        (first_result(scores_of(floats)), "50 of 50 values differ", "once"),
        (scores_of(floats, activation=F.gelu), "values differ"),
    ],
    "5": [
        (epoch_of("bzs"), "is zero_grad between backward and step"),
        (epoch_of("szb"), "the gradient of the batch before"),
        (epoch_of("zbss"), "two steps in each batch"),
        (epoch_of(passes=2), "two passes"),
        (epoch_of(rate=0.01), "another rate", "value"),
        (epoch_of(make_optimizer=Adam), "the weights differ", "type"),
        (lambda make, device, batches, lr: epoch_of()(make, device, batches[:1], lr), "the first batch alone"),
        (epoch_on_cpu, "the model is on cpu", "value"),
        (lambda make, device, batches, lr: 0.3, "expected the trained model", "type"),
        (epoch_of(make_optimizer=with_momentum), "the weights differ", "type"),
        (epoch_of(make_optimizer=decaying), "the weights differ", "type"),
        (epoch_scaled, "changes its argument batches", "memory"),
        (epoch_with_one_model(), "call make() anew", "once"),
        (epoch_clipped, "the weights differ", "value"),
        (epoch_of_one_make(), "the weights have the shape", "once"),
        (epoch_with_hooks, "remove()", "state"),
        (lambda make, device, batches, lr: epoch_of()(make, device, batches[:-1], lr), "or no last batch"),
        (lambda make, device, batches, lr: epoch_of()(make, device, batches[::-1], lr), "in another order"),
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
        ("0.01", "expected numbers", "type"),
        (True, "expected a number", "type"),
        ([0.01, 0.02], "expected a number", "type"),
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
        (lambda z, y: F.cross_entropy(z, y).detach(), "the loss has no gradient", "type"),
        (lambda z, y: F.cross_entropy(z, y).detach().requires_grad_(), "the loss has no gradient", "type"),
        (lambda z, y: F.cross_entropy(z, y).item(), "expected a tensor", "type"),
        (loss_shifted_together, "its own largest logit", "value"),
        (loss_cut, "[1000.0, -1000.0, 0.0]", "value"),
        (loss_in_place, "changes its argument z", "memory"),
        (loss_without_right, "the gradient of the logits", "value"),
        (lambda z, y: F.cross_entropy(z, y, label_smoothing=0.01), "the loss is"),
        (first_result(F.cross_entropy), "expected", "once"),
    ],
    "8": [
        (step_with(("loss", "gradient")), "says 'loss', expected 'images'"),
        (step_with(("loss", "gradient"), words=dict.fromkeys(("loss", "gradient"), "ok")), "expected 'images'"),
        (step_with(zero=False), "is zero_grad first"),
        (step_that_clears_late, "is it still in .grad", "once"),
        (step_with(after=True), "but it changes the weights"),
        (step_with(test=lambda x: ~torch.isnan(x)), "a batch with one -inf", "value"),
        (step_with(words={"ok": True}), "expected 'ok', 'images', 'loss' or 'gradient'", "type"),
        (step_with(words={"gradient": "loss"}), "says 'loss', expected 'gradient'"),
        (lambda model, images, targets, optimizer: "ok", "changes no weight"),
        (step_too_strict, "says 'loss', expected 'ok'", "value"),
        (step_of_its_own, "the weights are not those", "value"),
        (step_of_zeros, "but it changes the weights", "state"),
        (half_a_step_back, "has the optimizer seen a bad batch", "state"),
        (step_in_evaluation, "in evaluation mode", "state"),
        (step_mended, "changes its argument images", "memory"),
        (step_until_bad(), "expected 'loss'", "once"),
    ],
    "9": [
        (measured(by_picture, mode=dropout_only), "batch norm is in training mode"),
        (measured(by_picture, mode=norm_only), "dropout is in training mode"),
        (measured(by_picture, back=False), "put it back", "state"),
        (measured(by_picture, each=lambda model: model.train()), "is in training mode in"),
        (measured(lambda *a: by_picture(*a)[::-1]), "loss, then accuracy"),
        (measured(lambda *a: by_picture(*a)[0]), "expected 2 values", "type"),
        (measured(lambda m, r, s, b: (by_picture(m, r, s, b)[0], 100 * r.sum() / s.sum())), "percent"),
        (measured(lambda m, r, s, b: ((m * s).sum(), r.sum() / s.sum())), "the sum over all pictures"),
        (measured(lambda m, r, s, b: (by_picture(m, r, s, b)[0], r.sum() / len(b.dataset))), "len(dataset)"),
        (lambda model, batches: (0.5, 0.7), "was never used"),
        (measure_with(lambda z, y: (z.argmax(0) == y).sum()), "argmax over the pictures"),
        (measure_with(lambda z, y: (z.max(1) == y).sum()), "it gives a pair"),
        (measure_with(lambda z, y: (z.argmax(1) == y).sum(), times=100), "percent"),
        (measured(lambda m, r, s, b: ((m * s).sum() / 105, r.sum() / 105)), "len(dataset)", "value"),
        (always_back_to_training, "expected evaluation mode", "state"),
        (measure_and_train, "the model's numbers", "state"),
        (measure_with_hooks, "remove()", "state"),
        (measure_and_freeze, "requires_grad as before", "state"),
        (measure_top_two, "the accuracy is"),
        (measure_kept(), "expected", "once"),
    ],
    "10": [
        (sets_of(honest, all_numbers), "both sets together"),
        (sets_of(lambda n, k, seed: (order_of(n, seed)[k - 2:], order_of(n, seed)[:k])), "2 of 20"),
        (sets_of(lambda n, k, seed: (torch.arange(k, n), torch.arange(k))), "give the same split", "chance"),
        (sets_of(lambda n, k, seed: honest(n, k, seed)[::-1]), "20 and 40 pictures"),
        (sets_of(lambda n, k, seed: honest(n, k, 0)), "give the same split", "chance"),
        (sets_of(lambda n, k, seed: honest(n, k, int(torch.randint(10**6, ())))), "two different splits", "chance"),
        (sets_of(honest, lambda t, v: ((0.0, 255.0),) * 2), "not standardised"),
        (sets_of(honest, lambda t, v: ((t.mean(), t.var()),) * 2), "the variance"),
        (sets_of(honest, lambda t, v: ((0.1307 * 255, 0.3081 * 255),) * 2), "MNIST's numbers"),
        (lambda images, labels, k, seed: honest(len(images), k, seed), "expected 4 values", "type"),
        (sets_of(ring), "chosen together too often", "chance"),
        (sets_of(grid), "chosen together too often", "chance"),
        (sets_of(sliding), "expected a random choice", "chance"),
        (sets_of(one_moves), "neighbouring seeds", "chance"),
        (sets_of(lambda n, k, seed: honest(n, k, seed // 2)), "neighbouring seeds", "chance"),
        (sets_of(from_the_first_half), "expected about 25", "chance"),
        (sets_of(few_seeds), "expected", "chance"),
        (sets_of(lambda n, k, seed: honest(n, k, seed % 50)), "the seeds 0 and 50 give", "chance"),
        (sets_of(first_order()), "give the same split", "once"),
        (sets_of(later_orders()), "two different splits", "once"),
        (sets_of(honest, by_channel), "each channel by its own numbers", "value"),
        (sets_of(lambda n, k, seed: honest(n, 20, seed)), "expected 20 and 5", "value"),
        (places_for_labels, "values differ", "value"),
        (unmoved_labels, "values differ"),
        (float_labels, "as they are", "type"),
        (scaled_in_place, "changes its argument labels", "memory"),
    ],
}  # fmt: skip
